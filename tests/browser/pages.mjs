// pages.mjs CHROMIUM PREDICT DIR COMMITTEE [MODEL PAGE BITS]...: pages of nets that are embedded with fewer bits, or as they
// are (32), and how the page of a committee on many images fits windows of several widths. Prints what is wrong, and
// exits with 1 then.
import { join } from 'node:path';
import { check, compare, draw, finish, galleryPixels, launch, predicted } from './common.mjs';

const [chromium, predict, dir, committee, ...nets] = process.argv.slice(2);
const { browser, open } = await launch(chromium);

// A seven, and an eight that does not close: bytes of ink on white, as the pad has them.
const drawings = [[[70, 60], [200, 62], [195, 80], [120, 230]],
    [[190, 60], [110, 60], [100, 110], [180, 160], [170, 220], [100, 215], [110, 150], [180, 90]]];

async function drawn(page, points)
{
    await page.locator('#clear').click();
    await draw(page, points);
    return page.evaluate(() => Array.from(window.mnist.prepare(window.mnist.greys(), 280, 280)));
}

// The page states its largest change by rounding, over images that include the gallery's, as the test set is small:
// those must keep to it. With 16 bits it, and the change for a drawn digit, are below a thousandth; each bit fewer
// about doubles them.
async function checkRounded(model, file, bits)
{
    const felt = Math.min(1e-3 * 2 ** (16 - bits), 0.05);
    const page = await open(file, { colorScheme: 'light' });
    const [said, tried, other, most] = (await page.locator('#drift').textContent())
        .match(/numbers of (\d+) bits.* On (\d+) test images that classifies (\d+) otherwise.* more than (0\.\d+)\.$/)
        .slice(1).map(Number);
    const [size, embedded] = await page.evaluate(() => [atob(document.getElementById('weights-data').textContent).length,
        JSON.parse(document.getElementById('net').textContent).layers.map(layer => layer[2])]);
    const all = Number((await page.locator('.tiles').textContent()).match(/of ([\d,]+)/)[1].replace(',', ''));
    check(`${bits} bits: the page has ${embedded} and says ${said}`, said === bits &&
        embedded.every((own, i) => own === (i + 1 < embedded.length ? bits : 16)));
    check(`${bits} bits: too many bytes`, size <= 1000000 && 2 * size > 1000000, size);
    check(`${bits} bits: not all images were tried`, tried === all, [tried, all]);
    check(`${bits} bits: the rounding is felt`, other <= tried / 100 && most < felt, [other, most]);
    const count = Math.min(await page.locator('.gallery button').count(), 8);
    check(`${bits} bits: no image to try`, count >= 3, count);
    let worst = 0;
    for (let i = 0; i < count + drawings.length; i++) {
        const isDrawn = i >= count;
        const pixels = isDrawn ? await drawn(page, drawings[i - count]) : await galleryPixels(page, i);
        const here = await page.evaluate(bytes => window.mnist.classify(Uint8Array.from(bytes)), pixels);
        const there = predicted(predict, model, join(dir, `${bits}-${i}.raw`), Buffer.from(pixels));
        // the page rounds up, to six decimals; what is drawn is no test image
        const limit = bits === 16 || isDrawn ? felt : most + 2e-6;
        worst = Math.max(worst, compare(`${bits} bits, ${isDrawn ? 'drawing' : 'error'} ${i}`, here, there, limit));
    }
    return `${bits} bits: ${worst.toExponential(1)} of ${most}`;
}

// A net whose weights are in the page as they are: what is left of a difference is that of double and float.
async function checkExact(model, file)
{
    const page = await open(file, { colorScheme: 'light' });
    const name = await page.evaluate(() => JSON.parse(document.getElementById('net').textContent).activation);
    const count = Math.min(await page.locator('.gallery button').count(), 3);
    let worst = 0;
    for (let i = 0; i < count + drawings.length; i++) {
        const pixels = i < count ? await galleryPixels(page, i) : await drawn(page, drawings[i - count]);
        const here = await page.evaluate(bytes => window.mnist.classify(Uint8Array.from(bytes)), pixels);
        const there = predicted(predict, model, join(dir, `${name}-${i}.raw`), Buffer.from(pixels));
        worst = Math.max(worst, compare(`${name}, image ${i}`, here, there, 1e-5));
    }
    return `${name}: ${worst.toExponential(1)}`;
}

// Only boxes made for it scroll sideways, no tile's text leaves its tile, and in the confusion matrix no number touches
// another.
async function checkFit(width)
{
    const page = await open(committee, { colorScheme: 'light', viewport: { width, height: 844 } });
    await page.evaluate(() => document.querySelectorAll('details').forEach(box => { box.open = true; }));
    const found = await page.evaluate(() => {
        const boxOf = node => {
            const range = document.createRange();
            range.selectNodeContents(node);
            return range.getBoundingClientRect();
        };
        const cells = Array.from(document.querySelectorAll('.matrix td, .matrix th:not(:first-child)'),
            cell => [cell.lastChild.data, boxOf(cell.lastChild)]); // without what only a screen reader hears
        const touching = [];
        cells.forEach(([a, p], i) => cells.slice(i + 1).forEach(([b, q]) => {
            if (p.left < q.right + 3 && q.left < p.right + 3 && p.top < q.bottom && q.top < p.bottom) {
                touching.push([a, b]);
            }
        }));
        return {
            page: [document.documentElement.scrollWidth, innerWidth],
            tiles: Array.from(document.querySelectorAll('.tiles > div')).filter(tile =>
                boxOf(tile).right > tile.getBoundingClientRect().right + 0.5 || tile.scrollWidth > tile.clientWidth)
                .map(tile => tile.textContent),
            texts: document.querySelector('.tiles').textContent,
            longest: Math.max(...cells.map(([text]) => text.length)),
            cells: cells.length, touching,
        };
    });
    await page.screenshot({ path: join(dir, `committee-${width}.png`), fullPage: true });
    check('it is no committee', found.texts.includes('in the first of 2 nets'), found.texts);
    check(`${width} px: the page moves sideways`, found.page[0] <= found.page[1], found.page);
    check(`${width} px: texts leave their tiles`, found.tiles.length === 0, found.tiles);
    check(`${width} px: no matrix of large numbers`, found.cells === 132 && found.longest >= 5, [found.cells, found.longest]);
    check(`${width} px: numbers touch one another`, found.touching.length === 0, found.touching.slice(0, 4));
}

const results = [];
for (let i = 0; i + 2 < nets.length; i += 3) {
    const bits = Number(nets[i + 2]);
    results.push(await (bits === 32 ? checkExact(nets[i], nets[i + 1]) : checkRounded(nets[i], nets[i + 1], bits)));
}
for (const width of [1200, 600, 390, 320]) {
    await checkFit(width);
}
await browser.close();
finish('pages.mjs', results.join('; '));
