// onnx_run.mjs MODULES MODEL.onnx VECTORS.json [floats]: runs the net with onnxruntime-node, which lies in MODULES, on the vectors'
// images in batches of 1, 7 and all; prints the largest difference of probabilities and how many answers differ. With floats
// the net takes these, and they are normalised here.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const [modules, model, file, floats] = process.argv.slice(2);
const ort = createRequire(path.resolve(modules, 'package.json'))('onnxruntime-node');
const { vectors, mean, stddev } = JSON.parse(readFileSync(file));
const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1 });
const f = Math.fround;
const normalize = (byte) => f(f(f(byte / 255) - f(mean)) / f(stddev));
const best = (values) => values.indexOf(Math.max(...values));
for (const batch of [1, 7, vectors.length]) {
  let difference = 0;
  let changed = 0;
  for (let at = 0; at < vectors.length; at += batch) {
    const some = vectors.slice(at, at + batch);
    const side = Math.sqrt(some[0].pixels.length);
    const bytes = some.flatMap((v) => v.pixels);
    const images = floats
      ? new ort.Tensor('float32', Float32Array.from(bytes, normalize), [some.length, side * side])
      : new ort.Tensor('uint8', Uint8Array.from(bytes), [some.length, side, side]);
    const got = (await session.run({ images })).probabilities.data;
    some.forEach((v, i) => {
      const p = Array.from(got.subarray(10 * i, 10 * i + 10));
      difference = Math.max(difference, ...p.map((x, c) => Math.abs(x - v.probabilities[c])));
      changed += best(p) !== best(v.probabilities);
    });
  }
  console.log(`batch=${batch} n=${vectors.length} max_difference=${difference.toPrecision(3)} changed=${changed}`);
}
