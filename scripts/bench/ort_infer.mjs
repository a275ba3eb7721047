// Runs an ONNX net on MNIST's test images with onnxruntime-node; prints JSON.
//
//   node ort_infer.mjs --modules DIR --model FILE.onnx --data DIR [--threads N] [--batch N]
//                      [--seconds S] [--spinning 0|1] [--single] [--bytes]
//
// The images are floats in onnxruntime's tensors before the clock starts, (n, 784), or with --bytes the
// pixels' bytes, (n, 28, 28), as the graphs of mnist-convert take them. Reported is the median of
// passes over all 10,000; with --single, the median time of a call with one image. The errors it
// counts are there to be compared with the project's own: the same net must be wrong as often.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';

const { values: args } = parseArgs({
  options: {
    modules: { type: 'string' },
    model: { type: 'string' },
    data: { type: 'string' },
    threads: { type: 'string', default: '1' },
    batch: { type: 'string', default: '10000' },
    seconds: { type: 'string', default: '1' },
    spinning: { type: 'string', default: '1' },
    single: { type: 'boolean', default: false },
    bytes: { type: 'boolean', default: false },
  },
});
const require = createRequire(path.resolve(args.modules, 'package.json'));
const ort = require('onnxruntime-node');

const pixels = readFileSync(path.join(args.data, 't10k-images-idx3-ubyte')).subarray(16);
const labels = readFileSync(path.join(args.data, 't10k-labels-idx1-ubyte')).subarray(8);
const count = labels.length;
const images = args.bytes ? Uint8Array.from(pixels) : Float32Array.from(pixels, (byte) => byte / 255);

const session = await ort.InferenceSession.create(args.model, {
  intraOpNumThreads: Number(args.threads),
  interOpNumThreads: 1,
  executionMode: 'sequential',
  graphOptimizationLevel: 'all',
  extra: { session: { intra_op: { allow_spinning: args.spinning } } },
});

const batch = args.single ? 1 : Number(args.batch);
const feeds = [];
for (let start = 0; start < count; start += batch) {
  const end = Math.min(start + batch, count);
  const slice = images.subarray(start * 784, end * 784);
  const shape = args.bytes ? [end - start, 28, 28] : [end - start, 784];
  feeds.push({ images: new ort.Tensor(args.bytes ? 'uint8' : 'float32', slice, shape) });
}

function median(list) {
  const sorted = Float64Array.from(list).sort();
  return sorted[sorted.length >> 1];
}

let errors = 0;
let seen = 0;
for (const feed of feeds) {
  const { logits } = await session.run(feed); // warms up, too
  for (let start = 0; start < logits.data.length; start += 10) {
    const row = logits.data.subarray(start, start + 10);
    errors += row.indexOf(Math.max(...row)) === labels[seen++] ? 0 : 1;
  }
}

const times = [];
const began = performance.now();
while (times.length < 3 || performance.now() - began < 1000 * Number(args.seconds)) {
  const start = performance.now();
  if (args.single) {
    await session.run(feeds[times.length % count]);
  } else {
    for (const feed of feeds) {
      await session.run(feed);
    }
  }
  times.push((performance.now() - start) / 1000);
}

const { version } = require('onnxruntime-node/package.json');
const speed = args.single
  ? { seconds: median(times) }
  : { images_per_second: count / median(times) };
console.log(JSON.stringify({ version, errors, passes: times.length, ...speed }));
