// From what is drawn to what the net was trained on: steps 1 to 8 of include/mnist/image.h, where ink is
// dark and the centre is that of mass. Whole numbers but for step 1, so that it gives the bytes that
// mnist-predict --invert yes makes of the same pixels. Which class is ink is known here, and not to be
// guessed from the edge: a large 0 may be drawn along it.

const SIDE = 28;
const FIT = 20;
const DUST = 32;
const LEAST_CONTRAST = 16;
const FAINT = 40;
const FULL = 128;
const LEAST_PEN = 24;

function histogramOf(grey)
{
    const of = new Float64Array(256);
    for (let i = 0; i < grey.length; i++) {
        of[grey[i]]++;
    }
    return of;
}

function upTo(histogram, last)
{
    let sum = 0;
    for (let g = 0; g <= last; g++) {
        sum += histogram[g];
    }
    return sum;
}

// Otsu's threshold: the last grey of the dark class, or -1 where all is of one grey.
function findThreshold(histogram, count)
{
    let total = 0, below = 0, sum = 0, best = -1, threshold = -1;
    for (let g = 0; g < 256; g++) {
        total += g * histogram[g];
    }
    for (let g = 0; g < 255; g++) {
        below += histogram[g];
        sum += g * histogram[g];
        if (below > 0 && below < count) {
            const difference = sum * count - total * below;
            const between = difference * difference / (below * (count - below));
            if (between > best) {
                best = between;
                threshold = g;
            }
        }
    }
    return threshold;
}

// From a grey on upwards, the first by which `parts` times as many pixels as have been met are at least
// count.
function quantile(histogram, first, parts, count)
{
    let grey = first, met = histogram[first];
    while (parts * met < count) {
        grey++;
        met += histogram[grey];
    }
    return grey;
}

// {threshold, value (256)}, or null for what is blank.
function findLevels(grey)
{
    const histogram = histogramOf(grey);
    const threshold = findThreshold(histogram, grey.length);
    if (threshold < 0) {
        return null;
    }
    const darkCount = upTo(histogram, threshold);
    const paper = quantile(histogram, threshold + 1, 2, grey.length - darkCount);
    const ink = quantile(histogram, 0, 4, darkCount);
    const contrast = paper - ink;
    if (contrast < LEAST_CONTRAST) {
        return null;
    }
    const value = new Uint8Array(256);
    for (let g = 0; g < 256; g++) {
        const excess = Math.max(paper - g, 0);
        value[g] = Math.min(Math.floor((255 * excess + Math.floor(contrast / 2)) / contrast), 255);
    }
    return {threshold, value};
}

// Which pixels are ink (1), and of those, which are no dust (2): strokes touch where pixels do, corners
// counted.
function findInk(grey, rows, cols, levels)
{
    const size = rows * cols, kind = new Uint8Array(size), stroke = new Int32Array(size);
    const areas = [0], open = new Int32Array(size);
    for (let at = 0; at < size; at++) {
        kind[at] = grey[at] <= levels.threshold ? 1 : 0;
    }
    for (let start = 0; start < size; start++) {
        if (kind[start] === 0 || stroke[start] !== 0) {
            continue;
        }
        const number = areas.length;
        let area = 0, left = 0;
        stroke[start] = number;
        open[left++] = start;
        while (left > 0) {
            const at = open[--left], x0 = at % cols, y0 = (at - x0) / cols;
            area++;
            for (let y = Math.max(y0 - 1, 0); y <= y0 + 1 && y < rows; y++) {
                for (let x = Math.max(x0 - 1, 0); x <= x0 + 1 && x < cols; x++) {
                    const near = y * cols + x;
                    if (kind[near] !== 0 && stroke[near] === 0) {
                        stroke[near] = number;
                        open[left++] = near;
                    }
                }
            }
        }
        areas.push(area);
    }
    const most = areas.reduce((a, b) => Math.max(a, b));
    for (let at = 0; at < size; at++) {
        if (kind[at] !== 0 && DUST * areas[stroke[at]] >= most) {
            kind[at] = 2;
        }
    }
    return kind;
}

// Does one of the eight neighbours belong to the digit?
function touches(kind, rows, cols, x0, y0)
{
    for (let y = Math.max(y0 - 1, 0); y <= y0 + 1 && y < rows; y++) {
        for (let x = Math.max(x0 - 1, 0); x <= x0 + 1 && x < cols; x++) {
            if (kind[y * cols + x] === 2) {
                return true;
            }
        }
    }
    return false;
}

// {values, faint}: the values of what counts, and of what is neither ink nor counts, from FAINT on; 0 elsewhere.
function findValues(grey, rows, cols, levels)
{
    const kind = findInk(grey, rows, cols, levels), values = new Uint8Array(rows * cols);
    const faint = new Uint8Array(rows * cols);
    for (let y = 0; y < rows; y++) {
        for (let x = 0; x < cols; x++) {
            const at = y * cols + x, value = levels.value[grey[at]];
            if (value > 0 && (kind[at] === 2 || (kind[at] === 0 && touches(kind, rows, cols, x, y)))) {
                values[at] = value;
            } else if (kind[at] === 0 && value >= FAINT) {
                faint[at] = value;
            }
        }
    }
    return {values, faint};
}

// Values with everything faint that hangs together with them.
function takeFaint(values, faint, rows, cols)
{
    const all = values.slice(), open = [];
    for (let at = 0; at < all.length; at++) {
        if (values[at] >= FAINT) {
            open.push(at);
        }
    }
    while (open.length > 0) {
        const from = open.pop(), x0 = from % cols, y0 = (from - x0) / cols;
        for (let y = Math.max(y0 - 1, 0); y <= y0 + 1 && y < rows; y++) {
            for (let x = Math.max(x0 - 1, 0); x <= x0 + 1 && x < cols; x++) {
                const at = y * cols + x;
                if (faint[at] > 0 && all[at] === 0) {
                    all[at] = faint[at];
                    open.push(at);
                }
            }
        }
    }
    return all;
}

// Which pixels (1) are within `far` rows and columns of one of these.
function near(these, rows, cols, far)
{
    const along = new Uint8Array(rows * cols), out = new Uint8Array(rows * cols);
    for (let y = 0; y < rows; y++) {
        for (let x = 0, last = -Infinity, first = -Infinity; x < cols; x++) {
            last = these[y * cols + x] ? x : last;
            first = these[y * cols + cols - 1 - x] ? x : first;
            along[y * cols + x] |= x - last <= far ? 1 : 0;
            along[y * cols + cols - 1 - x] |= x - first <= far ? 1 : 0;
        }
    }
    for (let x = 0; x < cols; x++) {
        for (let y = 0, last = -Infinity, first = -Infinity; y < rows; y++) {
            last = along[y * cols + x] ? y : last;
            first = along[(rows - 1 - y) * cols + x] ? y : first;
            out[y * cols + x] |= y - last <= far ? 1 : 0;
            out[(rows - 1 - y) * cols + x] |= y - first <= far ? 1 : 0;
        }
    }
    return out;
}

// Which pixels (1) lie in a square of `width` pixels of ink that is FULL.
function findBroad(values, rows, cols, width)
{
    const side = new Uint16Array(rows * cols), broad = new Uint8Array(rows * cols);
    for (let y = 0; y < rows; y++) {
        for (let x = 0; x < cols; x++) {
            const at = y * cols + x, inside = x > 0 && y > 0;
            const least = inside ? Math.min(side[at - 1], side[at - cols], side[at - cols - 1]) : 0;
            side[at] = values[at] >= FULL ? Math.min(least + 1, width) : 0;
            for (let up = 0; side[at] === width && up < width; up++) {
                broad.fill(1, at - up * cols - width + 1, at - up * cols + 1);
            }
        }
    }
    return broad;
}

// {values, rows, cols} of the box: of what counts, or in broader strokes where there are hairlines.
function broaden(counted, faint, rows, cols)
{
    const small = cut(counted, cols, findBox(counted, rows, cols)), all = takeFaint(counted, faint, rows, cols);
    const old = cut(all, cols, findBox(all, rows, cols)), longer = Math.max(old.rows, old.cols);
    const width = Math.max(Math.floor((longer + 13) / 26), 2), radius = Math.floor((longer + 14) / 28);
    if (longer < LEAST_PEN || Math.min(old.rows, old.cols) < 2 * radius) {
        return small;
    }
    const broad = findBroad(old.values, old.rows, old.cols, width);
    const by = near(broad, old.rows, old.cols, 2 * width);
    const hairs = old.values.reduce((sum, value, at) => sum + (value >= FAINT && by[at] === 0 ? 1 : 0), 0);
    if (4 * hairs < longer) {
        return small;
    }
    const high = old.rows + 2 * radius, wide = old.cols + 2 * radius;
    const values = new Uint8Array(high * wide), thin = new Uint8Array(high * wide);
    old.values.forEach((value, at) => {
        const x = at % old.cols, to = ((at - x) / old.cols + radius) * wide + radius + x;
        values[to] = value >= FULL ? 255 : value;
        thin[to] = value >= FAINT && broad[at] === 0 ? 1 : 0;
    });
    near(thin, high, wide, radius).forEach((drawn, at) => { values[at] = drawn ? 255 : values[at]; });
    return cut(values, wide, findBox(values, high, wide));
}

function findBox(values, rows, cols)
{
    let left = cols, right = 0, top = rows, bottom = 0;
    for (let y = 0; y < rows; y++) {
        for (let x = 0; x < cols; x++) {
            if (values[y * cols + x] !== 0) {
                left = Math.min(left, x);
                right = Math.max(right, x);
                top = Math.min(top, y);
                bottom = y;
            }
        }
    }
    return {x: left, y: top, width: right - left + 1, height: bottom - top + 1};
}

// {values, rows, cols}: the part of a picture in a box.
function cut(values, cols, box)
{
    const out = new Uint8Array(box.width * box.height);
    for (let y = 0; y < box.height; y++) {
        const from = (box.y + y) * cols + box.x;
        out.set(values.subarray(from, from + box.width), y * box.width);
    }
    return {values: out, rows: box.height, cols: box.width};
}

function fitSide(length, longer)
{
    return Math.max(1, Math.floor((2 * FIT * length + longer) / (2 * longer)));
}

function overlap(from, fromUnits, to, toUnits)
{
    const begin = Math.max(from * fromUnits, to * toUnits);
    const end = Math.min((from + 1) * fromUnits, (to + 1) * toUnits);
    return Math.max(end - begin, 0);
}

// {rows, cols, pixels}: its longer side FIT pixels, the brightest pixel 255.
function scale(from)
{
    const longer = Math.max(from.cols, from.rows);
    const cols = fitSide(from.cols, longer), rows = fitSide(from.rows, longer);
    const sums = new Float64Array(rows * cols);
    for (let row = 0; row < rows; row++) {
        for (let col = 0; col < cols; col++) {
            let sum = 0;
            for (let y = Math.floor(row * from.rows / rows); y < from.rows; y++) {
                const high = overlap(y, rows, row, from.rows);
                if (high === 0) {
                    break;
                }
                for (let x = Math.floor(col * from.cols / cols); x < from.cols; x++) {
                    const wide = overlap(x, cols, col, from.cols);
                    if (wide === 0) {
                        break;
                    }
                    sum += high * wide * from.values[y * from.cols + x];
                }
            }
            sums[row * cols + col] = sum;
        }
    }
    const most = sums.reduce((a, b) => Math.max(a, b));
    return {rows, cols, pixels: sums.map(sum => Math.floor((510 * sum + most) / (2 * most)))};
}

function margin(length, mass, moment)
{
    const place = Math.floor(((SIDE + 1) * mass - 2 * moment) / (2 * mass));
    return Math.min(Math.max(place, 0), SIDE - length);
}

// The 28 x 28 bytes that a net wants of a picture of greys (0 black), or null where it is blank.
function prepare(grey, rows, cols)
{
    const levels = findLevels(grey);
    if (!levels) {
        return null;
    }
    const {values, faint} = findValues(grey, rows, cols, levels);
    const small = scale(broaden(values, faint, rows, cols));
    let mass = 0, across = 0, down = 0;
    for (let row = 0; row < small.rows; row++) {
        for (let col = 0; col < small.cols; col++) {
            const value = small.pixels[row * small.cols + col];
            mass += value;
            across += value * col;
            down += value * row;
        }
    }
    const left = margin(small.cols, mass, across), top = margin(small.rows, mass, down);
    const out = new Uint8Array(SIDE * SIDE);
    for (let row = 0; row < small.rows; row++) {
        for (let col = 0; col < small.cols; col++) {
            out[(top + row) * SIDE + left + col] = small.pixels[row * small.cols + col];
        }
    }
    return out;
}
