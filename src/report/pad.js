// The pad: pointer or keys to ink, ink to the net, the net's answer to the page.

const PEN_WIDTH = 20;
const PEN_STEP = 10;
const PEN_SMALL_STEP = 2;

function startPad()
{
    const stage = document.getElementById('pad');
    const description = document.getElementById('net');
    if (!stage || !description) {
        return;
    }
    const paper = document.getElementById('paper'), pen = document.getElementById('pen');
    const seen = document.getElementById('seen').getContext('2d');
    const ink = paper.getContext('2d', {willReadFrequently: true});
    const verdict = document.getElementById('verdict');
    const rows = Array.from(document.querySelectorAll('#chances tr'));
    const table = document.getElementById('chances');
    const names = rows.map(row => row.querySelector('th').textContent);
    const invitation = verdict.textContent;
    const at = {x: paper.width / 2, y: paper.height / 2}; // of the keyboard's pen
    let net = null, penDown = false, pointer = null, last = null, waiting = false;

    // Unpacked when it is needed first: a page that is only read does without.
    const theNet = () => {
        net = net || unpackNet(JSON.parse(description.textContent),
                               document.getElementById('weights-data').textContent);
        return net;
    };

    // What is on the paper, as greys: step 0 of include/mnist/image.h.
    const greys = () => {
        const {data} = ink.getImageData(0, 0, paper.width, paper.height);
        const grey = new Uint8Array(paper.width * paper.height);
        for (let i = 0; i < grey.length; i++) {
            grey[i] = (77 * data[4 * i] + 150 * data[4 * i + 1] + 29 * data[4 * i + 2] + 128) >> 8;
        }
        return grey;
    };

    const showSeen = pixels => {
        const image = seen.createImageData(SIDE, SIDE);
        for (let i = 0; i < SIDE * SIDE; i++) {
            image.data.fill(pixels ? pixels[i] : 0, 4 * i, 4 * i + 3);
            image.data[4 * i + 3] = 255;
        }
        seen.putImageData(image, 0, 0);
    };

    const say = text => {
        if (verdict.textContent !== text) { // a screen reader reads each change
            verdict.textContent = text;
        }
    };

    const show = pixels => {
        const chances = pixels ? classify(theNet(), pixels) : null;
        const best = chances ? chances.indexOf(Math.max(...chances)) : -1;
        showSeen(pixels);
        rows.forEach((row, digit) => {
            const chance = chances ? chances[digit] : 0;
            row.classList.toggle('likely', digit === best);
            row.querySelector('.chance').style.transform = `scaleX(${chance})`;
            row.querySelector('.figure').textContent = chances ? `${(100 * chance).toFixed(1)}\u202f%` : '\u2013';
        });
        if (best >= 0) { // of many classes only some are in sight
            table.scrollTop = rows[best].offsetTop - table.offsetTop - table.clientHeight / 2;
        }
        return {chances, best};
    };

    const sayBest = ({chances, best}) => {
        say(best < 0 ? invitation : `Looks like a ${names[best]}: ${(100 * chances[best]).toFixed(1)}\u202f%`);
    };

    // At most once a frame, however fast the pointer is.
    const refresh = () => {
        if (!waiting) {
            waiting = true;
            requestAnimationFrame(() => {
                waiting = false;
                sayBest(show(prepare(greys(), paper.height, paper.width)));
            });
        }
    };

    const clear = () => {
        ink.fillStyle = '#fff';
        ink.fillRect(0, 0, paper.width, paper.height);
        last = null;
        refresh();
    };

    // The first point of a stroke is a disc: a line of no length would be nothing.
    const lineTo = (x, y) => {
        ink.fillStyle = ink.strokeStyle = '#000';
        ink.lineWidth = PEN_WIDTH;
        ink.lineCap = 'round';
        ink.beginPath();
        if (last) {
            ink.moveTo(last.x, last.y);
            ink.lineTo(x, y);
            ink.stroke();
        } else {
            ink.arc(x, y, PEN_WIDTH / 2, 0, 2 * Math.PI);
            ink.fill();
        }
        last = {x, y};
        refresh();
    };

    const placePen = () => {
        pen.style.left = `${at.x}px`;
        pen.style.top = `${at.y}px`;
        pen.classList.toggle('down', penDown);
    };

    const place = event => {
        const box = paper.getBoundingClientRect();
        return [(event.clientX - box.left - 1) * paper.width / (box.width - 2),
                (event.clientY - box.top - 1) * paper.height / (box.height - 2)]; // less the border
    };

    paper.addEventListener('pointerdown', event => {
        if (event.button === 0 && pointer === null) {
            pointer = event.pointerId;
            paper.setPointerCapture(pointer);
            penDown = false;
            pen.hidden = true;
            last = null;
            lineTo(...place(event));
        }
    });
    paper.addEventListener('pointermove', event => {
        if (event.pointerId === pointer) {
            const steps = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
            (steps.length > 0 ? steps : [event]).forEach(step => lineTo(...place(step)));
        }
    });
    ['pointerup', 'pointercancel'].forEach(name => paper.addEventListener(name, event => {
        if (event.pointerId === pointer) {
            pointer = null;
            last = null;
        }
    }));

    const moves = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
    paper.addEventListener('keydown', event => {
        if (event.ctrlKey || event.altKey || event.metaKey) {
            return;
        }
        if (moves[event.key]) {
            const step = event.shiftKey ? PEN_SMALL_STEP : PEN_STEP;
            at.x = Math.min(Math.max(at.x + step * moves[event.key][0], 0), paper.width);
            at.y = Math.min(Math.max(at.y + step * moves[event.key][1], 0), paper.height);
            if (penDown) {
                lineTo(at.x, at.y);
            }
        } else if (event.key === ' ') {
            penDown = !penDown;
            last = null;
            if (penDown) {
                lineTo(at.x, at.y);
            }
        } else if (event.key === 'Escape' || event.key === 'Delete') {
            penDown = false;
            clear();
        } else {
            return;
        }
        event.preventDefault();
        pen.hidden = false;
        placePen();
    });
    paper.addEventListener('focus', () => {
        pen.hidden = !paper.matches(':focus-visible');
        placePen();
    });
    paper.addEventListener('blur', () => {
        pen.hidden = true;
        penDown = false;
    });
    document.getElementById('clear').addEventListener('click', clear);

    // An error of the gallery goes to the net as it is: it has been prepared long ago.
    const pixelsOf = image => {
        const canvas = document.createElement('canvas');
        canvas.width = canvas.height = SIDE;
        const context = canvas.getContext('2d');
        context.drawImage(image, 0, 0);
        const {data} = context.getImageData(0, 0, SIDE, SIDE);
        return Uint8Array.from({length: SIDE * SIDE}, (_, i) => data[4 * i]);
    };
    document.querySelectorAll('.gallery li').forEach(item => {
        const button = document.createElement('button'), image = item.querySelector('img');
        button.type = 'button';
        button.append(...item.childNodes);
        item.append(button);
        button.addEventListener('click', () => {
            const pixels = pixelsOf(image);
            ink.fillStyle = '#fff';
            ink.fillRect(0, 0, paper.width, paper.height);
            const side = paper.width / SIDE;
            pixels.forEach((value, i) => {
                ink.fillStyle = `rgb(${255 - value} ${255 - value} ${255 - value})`;
                ink.fillRect(i % SIDE * side, Math.floor(i / SIDE) * side, side, side);
            });
            sayBest(show(pixels));
            document.getElementById('draw').scrollIntoView();
            paper.focus({preventScroll: true});
        });
    });
    document.querySelectorAll('.scripted, .unscripted').forEach(item => {
        item.hidden = item.classList.contains('unscripted');
    });

    stage.hidden = false;
    clear();

    // For the console.
    window.mnist = {greys, prepare, classify: pixels => classify(theNet(), pixels)};
}

startPad();
