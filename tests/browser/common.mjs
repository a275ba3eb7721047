// common.mjs: a browser without network, mnist-predict beside it, and a tally of what was checked.
import { execFileSync } from 'node:child_process';
import { statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const { chromium: driver } = createRequire(join(process.cwd(), 'package.json'))('playwright-core');
let checks = 0, failures = 0;

export function check(what, holds, found = '')
{
    checks++;
    if (!holds) {
        failures++;
        console.error(`${what}${found === '' ? '' : `: ${JSON.stringify(found)}`}`);
    }
}

// CHROMIUM: its path. open(file, options): opens a page as a reader does, and notes each of its errors and requests.
export async function launch(chromium)
{
    const browser = await driver.launch({ executablePath: chromium, args: ['--no-sandbox', '--disable-gpu'] });
    const open = async (file, options) => {
        const address = pathToFileURL(file).href;
        const context = await browser.newContext({ viewport: { width: 1180, height: 900 }, ...options });
        const page = await context.newPage();
        page.on('console', message => check('the console says', false, message.text()));
        page.on('pageerror', error => check('the script fails', false, error.message));
        page.on('request', request => check('a request to somewhere else',
            request.url() === address || request.url().startsWith('data:'), request.url()));
        await page.goto(address);
        return page;
    };
    return { browser, open };
}

// Probabilities from mnist-predict, of bytes that are put into a file, as ten numbers, to the float's last bit.
export function predicted(predict, model, path, bytes, ...flags)
{
    writeFileSync(path, bytes);
    return JSON.parse(execFileSync(predict, [model, path, '--json', ...flags], { encoding: 'utf8' })).probabilities;
}

export function compare(what, here, there, most = 1e-3)
{
    const off = Math.max(...here.map((p, i) => Math.abs(p - there[i])));
    check(`${what}: probabilities differ from those of mnist-predict`, there.length === 10 && off <= most, [off, most]);
    return off;
}

// The pixels of image `index` of the gallery, as the page has them.
export function galleryPixels(page, index)
{
    return page.locator('.gallery img').nth(index).evaluate(image => {
        const canvas = document.createElement('canvas');
        canvas.width = canvas.height = 28;
        const context = canvas.getContext('2d');
        context.drawImage(image, 0, 0);
        const { data } = context.getImageData(0, 0, 28, 28);
        return Array.from({ length: 784 }, (_, at) => data[4 * at]);
    });
}

// A line on the pad, by mouse; points are in its own pixels.
export async function draw(page, points)
{
    const paper = page.locator('#paper');
    await paper.scrollIntoViewIfNeeded();
    const box = await paper.boundingBox();
    await page.mouse.move(box.x + points[0][0], box.y + points[0][1]);
    await page.mouse.down();
    for (const [x, y] of points.slice(1)) {
        await page.mouse.move(box.x + x, box.y + y, { steps: 5 });
    }
    await page.mouse.up();
}

// Waits until the page has taken in what was drawn, then what it says, from its own pixels.
export async function answer(page)
{
    await page.evaluate(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))));
    return page.evaluate(() => {
        const greys = window.mnist.greys(), pixels = window.mnist.prepare(greys, 280, 280);
        return { greys: Array.from(greys), pixels: pixels && Array.from(pixels),
            chances: pixels && window.mnist.classify(pixels) };
    });
}

// What is on the pad, as a file for mnist-predict --invert yes.
export const pgm = (greys, width, height) =>
    Buffer.concat([Buffer.from(`P5\n${width} ${height}\n255\n`), Buffer.from(greys)]);

const luminance = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const contrast = (a, b) => (Math.max(luminance(a), luminance(b)) + 0.05) / (Math.min(luminance(a), luminance(b)) + 0.05);

// Each text's contrast with its background, for which WCAG 2.1 asks 4.5; and the height of the smallest letters. The page
// has at least `few` texts. Puts a picture into dir, and returns the colour of the page.
export async function checkLooks(page, name, dir, few = 200)
{
    const texts = await page.evaluate(() => {
        const parse = color => color.match(/[\d.]+/g).map(Number);
        const over = (top, below) => {
            const alpha = top.length > 3 ? top[3] : 1;
            return below.map((v, i) => alpha * top[i] + (1 - alpha) * v);
        };
        const beneath = element => element ? over(parse(getComputedStyle(element).backgroundColor), beneath(element.parentElement))
            : [255, 255, 255];
        const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) {
            const element = walker.currentNode.parentElement;
            if (!walker.currentNode.data.trim() || !element.getClientRects().length || element.closest('script, style, .hidden, title, desc')) {
                continue;
            }
            const style = getComputedStyle(element), svg = element.closest('svg');
            const scale = svg ? svg.getBoundingClientRect().width / svg.viewBox.baseVal.width : 1;
            const back = beneath(element);
            found.push([element.textContent.slice(0, 40), over(parse(svg ? style.fill : style.color), back), back,
                parseFloat(style.fontSize) * scale]);
        }
        return found;
    });
    check(`${name}: hardly any text`, texts.length > few, texts.length);
    const faint = texts.filter(([, ink, back]) => contrast(ink, back) < 4.5);
    check(`${name}: texts that are hard to see`, faint.length === 0, faint.slice(0, 3));
    const small = texts.filter(([, , , size]) => size < 11.99);
    check(`${name}: texts below 12 pixels`, small.length === 0, small.slice(0, 3));
    const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    check(`${name}: the page moves sideways`, wide <= room, [wide, room]);
    const picture = join(dir, `${name}.png`);
    await page.screenshot({ path: picture, fullPage: true });
    check(`${name}: the picture is empty`, statSync(picture).size > 50000, statSync(picture).size);
    return page.evaluate(() => getComputedStyle(document.body).backgroundColor);
}

// Prints the tally, and ends the process.
export function finish(name, rest)
{
    console.log(`${name}: ${checks} checks, ${failures} failed; ${rest}`);
    process.exit(failures > 0 ? 1 : 0);
}
