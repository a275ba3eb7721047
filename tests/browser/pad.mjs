// pad.mjs CHROMIUM PREDICT DIR [MODEL PAGE BITS]...: pages of mnist-convert, which have the pad alone, in a browser that is
// offline. PREDICT is mnist-predict, MODEL what a page was made from, BITS those of its weights; PAGE.vectors.json are test
// images and the net's own probabilities. Pictures go to DIR. Prints what is wrong, and exits with 1 then.
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { answer, check, checkLooks, compare, draw, finish, launch, pgm, predicted } from './common.mjs';

const [chromium, predict, dir, ...nets] = process.argv.slice(2);
const { browser, open } = await launch(chromium);
const telephone = { viewport: { width: 390, height: 844 }, hasTouch: true };
const looks = { light: { colorScheme: 'light' }, dark: { colorScheme: 'dark' },
    telephone: { colorScheme: 'light', ...telephone }, 'dark-telephone': { colorScheme: 'dark', ...telephone } };
const drawings = { seven: [[70, 60], [200, 62], [195, 80], [120, 230]], one: [[140, 40], [138, 240]],
    zero: [[140, 50], [90, 90], [80, 150], [110, 220], [160, 225], [200, 150], [185, 80], [140, 50]] };
const verdict = page => page.locator('#verdict').textContent();

// What a reader sees before anything is drawn.
async function checkStart(page, model)
{
    const name = basename(model);
    check('another title', await page.title() === `Draw a digit: ${name}`, await page.title());
    check('another heading', await page.locator('h1').textContent() === name);
    check('it knows before anything is drawn', await verdict(page) === 'Draw a digit.', await verdict(page));
    check('sections of a report', (await page.locator('h2').allTextContents()).join() === 'Draw a digit,The net');
    check('the net is not described', /^net784-.*parameters.*normalisation.*native.*[0-9a-f]{64}$/s
        .test((await page.locator('#about dl').textContent()).trim()), await page.locator('#about dl').textContent());
}

// Test images as mnist-convert has measured them. most: of the difference of a probability.
async function checkVectors(page, file, most)
{
    const { vectors } = JSON.parse(readFileSync(`${file}.vectors.json`, 'utf8'));
    let worst = 0, changed = 0;
    const found = await page.evaluate(images => images.map(pixels => window.mnist.classify(Uint8Array.from(pixels))),
        vectors.map(vector => vector.pixels));
    found.forEach((here, i) => {
        const there = vectors[i].probabilities, best = p => p.indexOf(Math.max(...p));
        worst = Math.max(worst, ...here.map((p, c) => Math.abs(p - there[c])));
        changed += best(here) !== best(there);
    });
    check(`${basename(file)}: test images`, vectors.length >= 50 && worst <= most && changed * 50 <= vectors.length,
        [vectors.length, worst, changed]);
    return worst;
}

// A digit by mouse, and what is said of it.
async function checkDrawing(page, name, model, most)
{
    await page.locator('#clear').click();
    await draw(page, drawings[name]);
    const { greys, pixels, chances } = await answer(page);
    check(`${name}: nothing is seen`, pixels !== null && Math.max(...pixels) === 255);
    compare(name, chances, predicted(predict, model, join(dir, `pad-${name}.pgm`), pgm(greys, 280, 280), '--invert', 'yes'), most);
    const best = chances.indexOf(Math.max(...chances));
    check(`${name}: the page says something else`, (await verdict(page)).startsWith(`Looks like a ${best}: `), await verdict(page));
    check(`${name}: another row is marked`, await page.locator('#chances tr.likely th').textContent() === String(best));
}

// The pad by keys alone: it is the first thing that Tab comes to.
async function checkKeys(page)
{
    await page.locator('#clear').click();
    await page.evaluate(() => { document.activeElement.blur(); scrollTo(0, 0); });
    await page.locator('h1').click();
    await page.keyboard.press('Tab');
    check('Tab comes to something else', await page.evaluate(() => document.activeElement.id) === 'paper');
    await page.keyboard.press(' ');
    for (let i = 0; i < 9; i++) {
        await page.keyboard.press('ArrowDown');
    }
    check('keys draw nothing', (await answer(page)).pixels !== null);
    await page.keyboard.press('Escape');
    check('Escape does not clear', (await answer(page)).pixels === null);
}

// inLooks: names of the looks to open it in, light first.
async function checkPage(model, file, bits, inLooks)
{
    const most = bits === 32 ? 1e-5 : Math.min(1e-3 * 2 ** (16 - bits), 0.05), name = `pad-${bits}`;
    const backs = {};
    let worst = 0;
    for (const look of inLooks) {
        const options = looks[look], page = await open(file, { ...options, offline: true });
        if (look === 'light') {
            await checkStart(page, model);
            worst = await checkVectors(page, file, most);
            await checkKeys(page);
            const said = await page.locator('#drift').count() > 0 ? await page.locator('#drift').textContent() : '';
            check(`${name}: what is said of rounding`, bits === 32 ? said === '' : new RegExp(
                `whole numbers of ${bits} bits.* On 1000 synthetic digits that classifies \\d+ otherwise.* more than 0\\.\\d{6}\\.$`)
                .test(said), said);
        }
        for (const digit of Object.keys(drawings)) {
            await checkDrawing(page, digit, model, most);
        }
        if (options.hasTouch) {
            await page.locator('#clear').click();
            await page.locator('#paper').scrollIntoViewIfNeeded();
            const box = await page.locator('#paper').boundingBox();
            await page.touchscreen.tap(box.x + 140, box.y + 140);
            check('a finger draws nothing', (await answer(page)).pixels !== null);
        }
        backs[look] = await checkLooks(page, `${name}-${look}`, dir, 30);
        await page.context().close();
    }
    check('light and dark are alike', backs.light !== backs.dark, backs);
    return `${bits} bits: ${worst.toExponential(1)}`;
}

const results = [];
for (let i = 0; i + 2 < nets.length; i += 3) {
    const bits = Number(nets[i + 2]);
    results.push(await checkPage(nets[i], nets[i + 1], bits, bits === 32 ? Object.keys(looks) : ['light']));
}
const plain = await open(nets[1], { javaScriptEnabled: false });
check('without JavaScript the pad is shown', !await plain.locator('#pad').isVisible());
check('without JavaScript nothing says so', await plain.getByText('The pad needs JavaScript').isVisible());
check('without JavaScript the net is not described', await plain.locator('#about dl').isVisible());
await browser.close();
finish('pad.mjs', `largest difference of a probability, ${results.join('; ')}`);
