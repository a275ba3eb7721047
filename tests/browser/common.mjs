// common.mjs: a browser without network, mnist-predict beside it, and a tally of what was checked.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
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

// Prints the tally, and ends the process.
export function finish(name, rest)
{
    console.log(`${name}: ${checks} checks, ${failures} failed; ${rest}`);
    process.exit(failures > 0 ? 1 : 0);
}
