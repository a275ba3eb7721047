// gguf_read.mjs MODULES FILE.gguf MODEL.safetensors: what @huggingface/gguf, which lies in MODULES, makes of the file: prints its
// keys, and how many numbers of its tensors are not the bits of the model that it was written from.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const [modules, file, model] = process.argv.slice(2);
const { gguf } = createRequire(path.resolve(modules, 'package.json'))('@huggingface/gguf');
const bytes = readFileSync(file);
const ours = readFileSync(model);
const head = Number(ours.readBigUInt64LE(0));
const tensors = JSON.parse(ours.subarray(8, 8 + head));
const { metadata, tensorInfos, tensorDataOffset } = await gguf(file, { allowLocalFile: true });
let numbers = 0;
let different = 0;
for (const { name, shape, dtype, offset } of tensorInfos) {
  const [, layer, kind] = name.match(/^fc(\d+)\.(weight|bias)$/);
  const { shape: size, data_offsets: at } = tensors[`layers.${layer - 1}.${kind}`];
  // ggml names the dimension first that lies closest: (in, out), where the numbers are row after row of inputs
  const [inputs, outputs] = kind === 'weight' ? shape.map(Number) : [1, Number(shape[0])];
  if (dtype !== 0 || inputs * outputs !== size.reduce((a, b) => a * b) || (kind === 'weight' && inputs !== size[0])) {
    throw new Error(`${name}: type ${dtype}, shape ${shape}, expected F32 and ${size}`);
  }
  for (let i = 0; i < inputs; i++) {
    for (let o = 0; o < outputs; o++, numbers++) {
      const theirs = bytes.readUInt32LE(Number(tensorDataOffset) + Number(offset) + 4 * (o * inputs + i));
      different += theirs === ours.readUInt32LE(8 + head + at[0] + 4 * (i * outputs + o)) ? 0 : 1;
    }
  }
}
for (const [name, value] of Object.entries(metadata)) {
  console.log(`${name}=${value}`);
}
console.log(`tensors=${tensorInfos.length} numbers=${numbers} different=${different}`);
