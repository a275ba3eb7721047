// report.mjs CHROMIUM PAGE LOG.csv PREDICT MODEL DIR: what a person does with the report of a training, in a
// browser without network. PREDICT is mnist-predict, MODEL the net in the page, DIR a place for files.
// Prints what is wrong, and exits with 1 then.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { answer, check, checkLooks, compare, draw, finish, galleryPixels, launch, pgm, predicted as predictedBy } from './common.mjs';

const [chromium, file, log, predict, model, dir] = process.argv.slice(2);
const { browser, open: openFile } = await launch(chromium);
const open = options => openFile(file, options);
const looks = (page, name) => checkLooks(page, name, dir);
const predicted = (name, bytes, ...flags) => predictedBy(predict, model, join(dir, name), bytes, ...flags);

// --- What a reader sees ---------------------------------------------------------------------------------

const light = await open({ colorScheme: 'light' });
const headings = await light.locator('h2').allTextContents();
['Course of the training', 'Confusion matrix', 'Each digit', 'ROC curves', 'Reliability', 'The most confident errors',
    'Draw a digit', 'First layer', 'Net, data, settings', 'Measured on the machine'].forEach(heading =>
    check(`no section "${heading}"`, headings.includes(heading), headings));

const table = await light.locator('#epochs tbody tr').evaluateAll(rows =>
    rows.map(row => Array.from(row.cells, cell => cell.textContent)));
const logged = readFileSync(log, 'utf8').trim().split('\n').map(line => line.split(','))
    .filter(fields => fields[0] === 'epoch').map(fields => [fields[2], ...fields.slice(4)]);
check('the table of epochs is not what the log holds', JSON.stringify(table) === JSON.stringify(logged), table);

// Every dot of the curves: its text is the log's number, and its height fits that.
async function checkCurve(id, style, column)
{
    const dots = await light.locator(`#${id} g:has(circle.hit.${style})`).evaluateAll(groups => groups.map(group =>
        [group.querySelector('title').textContent, Number(group.querySelector('circle').getAttribute('cy'))]));
    const values = logged.map(fields => fields[column]);
    check(`${id}: dots of ${style}`, dots.length === values.length &&
        dots.every(([text], i) => text.endsWith(`: ${values[i]}`)), dots);
    for (let i = 1; i < dots.length; i++) {
        const rises = Number(values[i]) - Number(values[i - 1]), up = dots[i - 1][1] - dots[i][1];
        check(`${id}: dot ${i} of ${style} goes the wrong way`, Math.abs(up) < 0.02 || rises * up > 0, [rises, up]);
    }
}
await checkCurve('loss-chart', 'a', 2);
await checkCurve('loss-chart', 'b', 4);
await checkCurve('accuracy-chart', 'a', 3);
await checkCurve('accuracy-chart', 'b', 5);
await checkCurve('rate-chart', 'c', 1);

const names = await light.evaluate(() => ({
    pictures: Array.from(document.querySelectorAll('svg[role=img]'),
        svg => svg.getAttribute('aria-label') || svg.getAttribute('aria-labelledby')
            .split(' ').map(id => document.getElementById(id).textContent).join(' ')),
    images: Array.from(document.images, image => [image.alt, image.naturalWidth, image.naturalHeight]),
    regions: Array.from(document.querySelectorAll('.scroll'), box => [box.tabIndex, box.getAttribute('aria-label')]),
    headers: Array.from(document.querySelectorAll('th'), cell => cell.scope),
}));
check('a picture has no name', names.pictures.length >= 5 && names.pictures.every(name => name.length > 10), names.pictures);
check('an image is not 28 x 28, or has no text', names.images.length > 16 &&
    names.images.every(([alt, width, height]) => alt !== '' && width === 28 && height === 28), names.images);
check('a box that scrolls cannot be reached by keyboard', names.regions.every(([index, name]) => index === 0 && name));
check('a heading of a table without scope', names.headers.every(scope => scope === 'row' || scope === 'col'));

// The ROC curves: named by their titles, and as a table.
const roc = await light.evaluate(() => ({
    titles: Array.from(document.querySelectorAll('#roc .panels svg'), svg => {
        const title = svg.querySelector(':scope > title');
        return title && svg.getAttribute('aria-labelledby') === title.id ? title.textContent : '';
    }),
    rows: Array.from(document.querySelectorAll('#roc-table tbody tr'), row => Array.from(row.cells, cell => cell.textContent)),
    isHidden: !document.querySelector('#roc-table').checkVisibility(),
}));
check('the ROC table is not ten rows of five', roc.rows.length === 10 && roc.rows.every(row => row.length === 5), roc.rows);
check('the ROC table is open from the start', roc.isHidden);
roc.rows.forEach(([digit, area, ...found], i) => {
    check(`ROC title ${i}`, roc.titles[i] === `ROC curve of the digit ${digit}, area ${area}`, roc.titles[i]);
    const rates = found.map(parseFloat);
    check(`ROC rates of ${digit}`, rates[0] <= rates[1] && rates[1] <= rates[2] && rates[2] <= 100 && rates[2] > 0, found);
});

// --- Light, dark, telephone ------------------------------------------------------------------------------

const dark = await open({ colorScheme: 'dark' });
const telephone = await open({ colorScheme: 'light', viewport: { width: 390, height: 844 }, hasTouch: true });
const backs = [await looks(light, 'light'), await looks(dark, 'dark')];
check('light and dark are alike', backs[0] !== backs[1], backs);
await looks(telephone, 'telephone');
await telephone.evaluate(() => document.querySelectorAll('details').forEach(box => { box.open = true; }));
await looks(telephone, 'telephone-open');

// --- The pad -------------------------------------------------------------------------------------------

const verdict = page => page.locator('#verdict').textContent();
const chances = page => page.locator('#chances .figure').allTextContents();

let worst = 0;
check('it knows before anything is drawn', await verdict(light) === 'Draw a digit.', await verdict(light));
const strokes = {
    seven: [[[70, 60], [200, 62], [195, 80], [120, 230]]],
    one: [[[140, 40], [138, 240]]],
    zero: [[[140, 50], [90, 90], [80, 150], [110, 220], [160, 225], [200, 150], [185, 80], [140, 50]]],
    four: [[[90, 50], [80, 150], [200, 155]], [[180, 60], [175, 240]]],
    'in a corner': [[[10, 10], [60, 12], [30, 70]]],
    'over the edge': [[[2, 140], [150, 100], [278, 278]]],
    'a dot': [[[100, 100], [101, 100]]],
    'with dust': [[[70, 60], [200, 62], [120, 230]], [[270, 270], [271, 270]]],
    'along the edge': [[[4, 4], [275, 4], [275, 275], [4, 275], [4, 4]]], // whose ink is most of the edge's pixels
};
for (const [name, lines] of Object.entries(strokes)) {
    await light.locator('#clear').click();
    for (const points of lines) {
        await draw(light, points);
    }
    const { greys, pixels, chances: here } = await answer(light);
    check(`${name}: nothing is seen`, pixels !== null && Math.max(...pixels) === 255);
    check(`${name}: no verdict`, /^Looks like a \d: \d+\.\d\u202f%$/.test(await verdict(light)), await verdict(light));
    check(`${name}: no probabilities`, (await chances(light)).every(text => /^\d+\.\d\u202f%$/.test(text)));
    check(`${name}: they do not add up to 1`, Math.abs(here.reduce((a, b) => a + b) - 1) < 1e-9);
    const there = predicted(`${name}.pgm`, pgm(greys, 280, 280), '--invert', 'yes');
    worst = Math.max(worst, compare(name, here, there));
    // mnist-predict takes the page's prepared image as it is: every bit of every probability is the same, so every byte is
    const again = predicted(`${name}.raw`, Buffer.from(pixels));
    check(`${name}: mnist-predict prepares it otherwise`, again.every((p, i) => p === there[i]), [again, there]);
    const guessed = predicted(`${name}.pgm`, pgm(greys, 280, 280));
    check(`${name}: which class is ink is guessed ${name === 'along the edge' ? 'right' : 'wrong'}`,
        guessed.every((p, i) => p === there[i]) === (name !== 'along the edge'));
}
await light.locator('#clear').click();
const blank = await answer(light);
check('clearing leaves ink', blank.pixels === null && await verdict(light) === 'Draw a digit.', await verdict(light));

// Test images, pressed in the gallery, go to the net as they are.
const shown = await light.locator('.gallery button').count();
for (let i = 0; i < Math.min(shown, 6); i++) {
    await light.locator('.gallery button').nth(i).click();
    const pixels = await galleryPixels(light, i);
    const there = predicted(`error-${i}.raw`, Buffer.from(pixels));
    const here = await light.evaluate(bytes => window.mnist.classify(Uint8Array.from(bytes)), pixels);
    worst = Math.max(worst, compare(`error ${i}`, here, there));
    const best = there.indexOf(Math.max(...there));
    check(`error ${i}: the page shows another digit`, (await verdict(light)).startsWith(`Looks like a ${best}:`), await verdict(light));
    const label = await light.locator('.gallery b').nth(i).textContent();
    check(`error ${i}: the gallery names another digit`, label === String(best), [label, best]);
}

// The keyboard: a seven, without a pointer.
await light.locator('#clear').focus();
await light.keyboard.press('Shift+Tab');
check('the pad cannot be reached by keyboard', await light.evaluate(() => document.activeElement.id) === 'paper');
await light.keyboard.press('Escape');
const press = async (key, times) => {
    for (let i = 0; i < times; i++) {
        await light.keyboard.press(key);
    }
};
await press('ArrowLeft', 6);
await press('ArrowUp', 8);
check('moving the pen draws', (await answer(light)).pixels === null);
await press(' ', 1);
await press('ArrowRight', 11);
await press('ArrowDown', 16);
await press(' ', 1);
await press('ArrowLeft', 3);
const typed = await answer(light);
check('the keyboard draws nothing', typed.pixels !== null && (await verdict(light)).startsWith('Looks like a '));
worst = Math.max(worst, compare('keyboard', typed.chances, predicted('keyboard.pgm', pgm(typed.greys, 280, 280), '--invert', 'yes')));
await press('Escape', 1);
check('Escape does not clear', (await answer(light)).pixels === null);

// A finger.
await telephone.locator('#paper').scrollIntoViewIfNeeded();
const touched = await telephone.locator('#paper').boundingBox();
await telephone.touchscreen.tap(touched.x + 140, touched.y + 140);
check('a finger draws nothing', (await answer(telephone)).pixels !== null);

// Its time: a frame has 16 ms, but other work may keep this machine busy.
const [milliseconds] = await light.evaluate(greys => {
    const all = [];
    for (let i = 0; i < 15; i++) {
        const start = performance.now();
        window.mnist.classify(window.mnist.prepare(Uint8Array.from(greys), 280, 280));
        all.push(performance.now() - start);
    }
    return all.sort((a, b) => a - b);
}, typed.greys);

// --- Without JavaScript -----------------------------------------------------------------------------------

const plain = await open({ javaScriptEnabled: false });
check('without JavaScript the pad is shown', !await plain.locator('#pad').isVisible());
check('without JavaScript nothing says so', await plain.getByText('The pad needs JavaScript').isVisible());
check('without JavaScript there are no curves', await plain.locator('#loss-chart svg').isVisible());
check('without JavaScript the table does not open', await plain.locator('#course summary').click().then(() =>
    plain.locator('#epochs').isVisible()));
check('without JavaScript it promises what it cannot', !await plain.getByText('Press one').isVisible());

await browser.close();
finish('report.mjs', `largest difference of a probability ${worst.toExponential(1)}; ` +
    `from drawing to answer ${milliseconds.toFixed(1)} ms`);
