#!/usr/bin/env python3
"""An independent float64 reference of training: prints tests/golden/golden.h.

Shares no code with the C sources: random numbers, initialisation, shuffling, forward, backward,
optimiser and schedules are written again here, from the public headers' formulas, in NumPy.

    python3 tests/golden/reference.py > tests/golden/golden.h
"""
import numpy as np

MASK = 0xFFFFFFFF
INIT, SHUFFLE, TEST_PIXELS, TEST_LABELS = 1, 2, 1001, 1002
DATA_SEED = 7
IMAGES, SIDE, CLASSES = 100, 28, 10


def philox(counter, key):
    """Philox4x32-10 (Salmon et al. 2011); counter and key are lists of arrays or ints."""
    c = [np.uint64(x) if np.isscalar(x) else x.astype(np.uint64) for x in counter]
    k = [int(key[0]), int(key[1])]
    mask = np.uint64(MASK)
    for _ in range(10):
        p0 = np.uint64(0xD2511F53) * c[0]
        p1 = np.uint64(0xCD9E8D57) * c[2]
        c = [(p1 >> np.uint64(32)) ^ c[1] ^ np.uint64(k[0]), p1 & mask,
             (p0 >> np.uint64(32)) ^ c[3] ^ np.uint64(k[1]), p0 & mask]
        k = [(k[0] + 0x9E3779B9) & MASK, (k[1] + 0xBB67AE85) & MASK]
    return c


def rng(seed, purpose, a, b):
    b = np.asarray(b, dtype=np.uint64)
    a = np.broadcast_to(np.asarray(a, dtype=np.uint64), b.shape)
    purposes = np.full(b.shape, purpose, dtype=np.uint64)
    return philox([b & np.uint64(MASK), b >> np.uint64(32), a, purposes],
                  [seed & MASK, seed >> 32])


def data():
    pixels = SIDE * SIDE
    p, i = np.meshgrid(np.arange(pixels), np.arange(IMAGES))
    value = rng(DATA_SEED, TEST_PIXELS, p, i)[0] >> np.uint64(24)
    images = np.where(value < 154, 0, value).astype(np.float64)
    labels = rng(DATA_SEED, TEST_LABELS, np.zeros(IMAGES, int), np.arange(IMAGES))[0] % CLASSES
    return images, labels.astype(int)


def initial(widths, seed, he):
    layers = []
    for l, (n_in, n_out) in enumerate(zip(widths, widths[1:])):
        index = np.arange(n_in * n_out)
        words = np.stack(rng(seed, INIT, np.full(index.size, l), index // 4))
        unit = (words[index % 4, index] >> np.uint64(8)).astype(np.float64) / 2.0**24
        bound = np.sqrt(6.0 / (n_in if he else n_in + n_out))
        layers.append([(bound * (2 * unit - 1)).reshape(n_in, n_out), np.zeros(n_out)])
    return layers


def shuffled(count, seed, epoch):
    words = np.stack(rng(seed, SHUFFLE, np.full(count, epoch), np.arange(count)), axis=1).ravel()
    order = list(range(count))
    for draw, left in enumerate(range(count, 1, -1)):
        pick = (int(words[draw]) * left) >> 32
        order[left - 1], order[pick] = order[pick], order[left - 1]
    return order


GELU_SCALE = np.sqrt(2 / np.pi)
ACTIVATIONS = {  # value and slope, both of z
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0) * 1.0),
    "leaky-relu": (lambda z: np.where(z > 0, z, 0.01 * z), lambda z: np.where(z > 0, 1.0, 0.01)),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)),
                lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2),
    "gelu": (lambda z: z / 2 * (1 + np.tanh(GELU_SCALE * (z + 0.044715 * z**3))),
             lambda z: (1 + np.tanh(GELU_SCALE * (z + 0.044715 * z**3))) / 2
             + z / 2 * (1 - np.tanh(GELU_SCALE * (z + 0.044715 * z**3)) ** 2)
             * GELU_SCALE * (1 + 3 * 0.044715 * z**2)),
}


def rate(case, step, steps):
    warm = case["warmup"] * steps
    if step < warm:
        return case["lr"] * (step + 1) / (warm + 1)
    done = (step - warm) / (steps - warm)
    if case["schedule"] == "cosine":
        return case["lr"] * (1 + np.cos(np.pi * done)) / 2
    if case["schedule"] == "one-cycle":
        return case["lr"] * (1 - done)
    if case["schedule"] == "step":
        return case["lr"] * 0.1 ** sum(done >= d / 3 for d in (1, 2))
    return case["lr"]


def train(case):
    """Losses of every step, and the final L2 norm of each layer's weights and biases."""
    images, labels = data()
    x = images / 255
    if case["normalize"] == "standard":
        x = (x - x.mean()) / x.std()
    value, slope = ACTIVATIONS[case["activation"]]
    layers = initial([SIDE * SIDE, *case["hidden"], CLASSES], case["seed"], case["he"])
    velocity = [[np.zeros_like(w), np.zeros_like(b)] for w, b in layers]
    steps_per_epoch = -(-IMAGES // case["batch"])
    steps, step, losses = case["epochs"] * steps_per_epoch, 0, []
    for epoch in range(1, case["epochs"] + 1):
        order = shuffled(IMAGES, case["seed"], epoch)
        for first in range(0, IMAGES, case["batch"]):
            chosen = order[first:first + case["batch"]]
            a, z = [x[chosen]], []
            for l, (w, b) in enumerate(layers):
                z.append(a[-1] @ w + b)
                a.append(value(z[-1]) if l + 1 < len(layers) else z[-1])
            shifted = a[-1] - a[-1].max(axis=1, keepdims=True)
            log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
            target = np.full(log_p.shape, case["smoothing"] / CLASSES)
            target[np.arange(len(chosen)), labels[chosen]] += 1 - case["smoothing"]
            losses.append(-(target * log_p).sum(axis=1).mean())
            delta = (np.exp(log_p) - target) / len(chosen)
            gradients = [None] * len(layers)
            for l in range(len(layers) - 1, -1, -1):
                gradients[l] = [a[l].T @ delta, delta.sum(axis=0)]
                if l > 0:
                    delta = delta @ layers[l][0].T * slope(z[l - 1])
            norm = np.sqrt(sum((g**2).sum() for pair in gradients for g in pair))
            scale = min(1.0, case["clip"] / norm) if case["clip"] > 0 else 1.0
            lr = rate(case, step, steps)
            for l, pair in enumerate(gradients):
                for part in (0, 1):
                    g = pair[part] * scale
                    if part == 0:
                        g = g + case["decay"] * layers[l][0]
                    v = velocity[l][part] = case["momentum"] * velocity[l][part] + g
                    layers[l][part] -= lr * (g + case["momentum"] * v if case["nesterov"] else v)
            step += 1
    norms = [np.sqrt((p**2).sum()) for layer in layers for p in layer]
    return losses, norms


CASES = [
    dict(hidden=[32, 20], activation="relu", he=True, normalize="unit", seed=3, epochs=2, batch=24,
         lr=0.1, momentum=0.9, nesterov=True, decay=0.0, clip=0.0, smoothing=0.0,
         schedule="one-cycle", warmup=0.15),
    dict(hidden=[70], activation="tanh", he=False, normalize="standard", seed=4, epochs=2,
         batch=20, lr=0.05, momentum=0.5, nesterov=False, decay=0.01, clip=0.0, smoothing=0.1,
         schedule="cosine", warmup=0.0),
    dict(hidden=[24, 17, 16], activation="gelu", he=True, normalize="standard", seed=2**40 + 5,
         epochs=2, batch=23, lr=0.2, momentum=0.9, nesterov=True, decay=0.001, clip=0.7,
         smoothing=0.05, schedule="step", warmup=0.25),
    dict(hidden=[], activation="relu", he=False, normalize="unit", seed=6, epochs=5, batch=64,
         lr=0.3, momentum=0.0, nesterov=False, decay=0.0, clip=1.5, smoothing=0.0,
         schedule="constant", warmup=0.0),
    dict(hidden=[40, 40], activation="sigmoid", he=False, normalize="unit", seed=8, epochs=10,
         batch=200, lr=0.5, momentum=0.9, nesterov=False, decay=0.0, clip=0.0, smoothing=0.0,
         schedule="constant", warmup=0.3),
    dict(hidden=[48], activation="leaky-relu", he=True, normalize="unit", seed=9, epochs=2,
         batch=21, lr=0.1, momentum=0.9, nesterov=True, decay=0.0, clip=0.0, smoothing=0.0,
         schedule="cosine", warmup=0.1),
]


def c_bool(value):
    return "true" if value else "false"


def c_enum(prefix, name):
    return f"MNIST_{prefix}{name.upper().replace('-', '_')}"


def main():
    print("/* Made by tests/golden/reference.py; do not edit. */")
    print("static const golden_case golden_cases[] = {")
    for case in CASES:
        losses, norms = train(case)
        print(f"""    {{
        .mlp = {{.inputs = {SIDE * SIDE}, .outputs = {CLASSES}, .hidden_count = {len(case['hidden'])},
                .hidden = {{{', '.join(map(str, case['hidden'])) or '0'}}},
                .activation = {c_enum('', case['activation'])}}},
        .init = {c_enum('INIT_', 'he' if case['he'] else 'xavier')},
        .normalize = {c_enum('NORMALIZE_', case['normalize'])},
        .train = {{.epochs = {case['epochs']}, .batch_size = {case['batch']}, .seed = {case['seed']}u,
                  .optimizer = {{.momentum = {case['momentum']}f, .nesterov = {c_bool(case['nesterov'])},
                          .weight_decay = {case['decay']}f, .clip_norm = {case['clip']}f}},
                  .schedule = {{.kind = {c_enum('SCHEDULE_', case['schedule'])}, .lr = {case['lr']}f,
                               .warmup = {case['warmup']}f, .step_factor = 0.1f, .step_count = 2}},
                  .label_smoothing = {case['smoothing']}f}},
        .losses = {{{', '.join(f'{v:.12g}' for v in losses)}}},
        .norms = {{{', '.join(f'{v:.12g}' for v in norms)}}},
    }},""")
        assert len(losses) == 10, len(losses)
    print("};")


if __name__ == "__main__":
    main()
