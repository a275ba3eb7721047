// The net: as src/report/embed.c has packed it, and its way from pixels to probabilities. Sums are in
// double, which is at least as exact as the C library's floats. The page has set ACTIVATIONS before: their
// formulas by name, from MNIST_ACTIVATION_LIST.

function decodeBase64(text)
{
    const binary = atob(text), bytes = new Uint8Array(binary.length);
    for (let i = 0; i < bytes.length; i++) {
        bytes[i] = binary.charCodeAt(i);
    }
    return bytes;
}

// The first `count` whole numbers of `bits` bits (8 to 16) in words of 32: the first in the lowest bits, the next
// above it, and so on across the words.
function unpackWhole(words, bits, count)
{
    const values = new Int16Array(count);
    for (let i = 0; i < count; i++) {
        const word = (i * bits) >>> 5, shift = (i * bits) & 31;
        let value = words[word] >>> shift;
        if (shift + bits > 32) {
            value |= words[word + 1] << (32 - shift);
        }
        values[i] = value << (32 - bits) >> (32 - bits); // the uppermost of its bits is its sign
    }
    return values;
}

// net: {activation, mean, stddev, layers: [[in, out, bits], ...]}; data: its bytes, in base64.
function unpackNet(net, data)
{
    const buffer = decodeBase64(data).buffer; // little-endian, as every machine with a browser is
    let at = 0;
    const take = (type, count) => {
        const values = new type(buffer, at, count);
        at += values.byteLength;
        return values;
    };
    const layers = net.layers.map(([inputs, outputs, bits]) => {
        const biases = take(Float32Array, outputs);
        if (bits === 32) {
            return {inputs, outputs, biases, weights: take(Float32Array, inputs * outputs)};
        }
        const scales = take(Float32Array, outputs);
        const words = take(Uint32Array, Math.ceil(inputs * outputs * bits / 32));
        const whole = unpackWhole(words, bits, inputs * outputs);
        const weights = new Float32Array(inputs * outputs); // rounds as mnist_embed_round does
        for (let i = 0; i < weights.length; i++) {
            weights[i] = whole[i] * scales[i % outputs];
        }
        return {inputs, outputs, biases, weights};
    });
    return {layers, mean: net.mean, stddev: net.stddev, activation: ACTIVATIONS[net.activation]};
}

function softmax(logits)
{
    const most = logits.reduce((a, b) => Math.max(a, b));
    const powers = logits.map(z => Math.exp(z - most));
    const sum = powers.reduce((a, b) => a + b);
    return powers.map(p => p / sum);
}

// pixels: 28 x 28 bytes, 0 is paper. The probability of each class.
function classify(net, pixels)
{
    let input = Float64Array.from(pixels, v => (v / 255 - net.mean) / net.stddev);
    net.layers.forEach((layer, index) => {
        const sums = Float64Array.from(layer.biases);
        for (let i = 0; i < layer.inputs; i++) {
            if (input[i] !== 0) {
                const row = i * layer.outputs;
                for (let o = 0; o < layer.outputs; o++) {
                    sums[o] += input[i] * layer.weights[row + o];
                }
            }
        }
        input = index + 1 < net.layers.length ? sums.map(net.activation) : sums;
    });
    return Array.from(softmax(input));
}
