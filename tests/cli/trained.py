#!/usr/bin/env python3
"""trained.py COMMAND ...: nets that PyTorch and scikit-learn train, with their own answers, for test_convert_torch.sh and
test_convert_sklearn.sh.

  torch DIR             trains on DIR's IDX files, with the normalisation of PyTorch's example; saves DIR/torch.safetensors,
                        DIR/torch.npz, what torch.onnx.export makes of it, and its answers (python3-torch)
  digits DIR            the 1,797 digits of 8 by 8 pixels that scikit-learn brings along, as IDX files (python3-sklearn)
  sklearn DIR SEED HIDDEN ACTIVATION SCALE
                        trains an MLPClassifier on the first 10,000 images of DIR's IDX files; HIDDEN as 64,32; SCALE is unit
                        or standard, as of mnist-convert; saves DIR/sklearn.npz and its answers (python3-sklearn)
  distance FILE CSV     the largest difference of the probabilities in FILE and of mnist-eval --predictions, at most 1e-5; and
                        the least between the two best of an image
"""
import pathlib
import struct
import sys

sys.dont_write_bytecode = True  # beside the sources
import nets  # noqa: E402

STANDARD = 0.130660474, 0.308107793  # what mnist-convert takes --normalize standard to be


def idx(path, head):
    return pathlib.Path(path).read_bytes()[head:]


def save_answers(name, answers, probabilities):
    """probabilities: (n, 10) float64, as bytes"""
    name.with_suffix(".answers").write_text("".join(f"{a}\n" for a in answers))
    name.with_suffix(".probabilities").write_bytes(probabilities)


def train_torch(net, x, y):
    import torch
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    for _ in range(2):
        for batch in torch.randperm(len(x)).split(64):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(net(x[batch]), y[batch]).backward()
            optimizer.step()


def save_torch_answers(name, net, images):
    p = net(images).softmax(1).detach()
    save_answers(name, p.argmax(1).tolist(), p.double().contiguous().numpy().tobytes())


def export(folder, linear, images):
    """The layers with what usually stands about them, as torch.onnx.export writes them: with each activation, of three opsets,
    with PyTorch's answers then. Nothing where there is no python3-onnx."""
    import importlib.util

    import torch
    if not importlib.util.find_spec("onnx"):
        return
    from torch import nn
    first, second, third = linear
    normed = nn.BatchNorm1d(64)
    normed.running_mean.uniform_(-1, 1)
    kinds = {
        "plain": nn.Sequential(nn.Flatten(), first, nn.ReLU(), second, nn.ReLU(), third),
        "softmax": nn.Sequential(nn.Flatten(), first, nn.ReLU(), second, nn.ReLU(), third, nn.Softmax(dim=1)),
        "dropout": nn.Sequential(nn.Flatten(), first, nn.ReLU(), nn.Dropout(0.5), second, nn.ReLU(), third, nn.LogSoftmax(dim=1)),
        "batch-norm": nn.Sequential(nn.Flatten(), first, normed, nn.ReLU(), second, nn.ReLU(), third),
    }
    others = {"relu": nn.ReLU(), "tanh": nn.Tanh(), "sigmoid": nn.Sigmoid(), "leaky-relu": nn.LeakyReLU(), "gelu": nn.GELU("tanh")}
    for name, activation in others.items():
        net = nn.Sequential(nn.Flatten(), first, activation, second, activation, third)
        kinds.update({f"{name}-{opset}": net for opset in (11, 13, 17)})
        save_torch_answers(folder / f"torch-{name}", net, images)
    for kind, net in kinds.items():
        opset = int(kind.split("-")[-1]) if kind[-1].isdigit() else 13
        torch.onnx.export(net.eval(), torch.zeros(1, 1, 28, 28), str(folder / f"torch-{kind}.onnx"), input_names=["images"],
                          output_names=["scores"], dynamic_axes={"images": {0: "n"}, "scores": {0: "n"}}, opset_version=opset)


def with_torch(folder):
    import torch
    from torch import nn
    torch.manual_seed(1)
    torch.set_num_threads(1)
    pixels = lambda part: torch.frombuffer(bytearray(idx(folder / f"{part}-images-idx3-ubyte", 16)), dtype=torch.uint8).reshape(-1, 784)
    inputs = lambda part: (pixels(part).float() / 255 - 0.1307) / 0.3081
    y = torch.frombuffer(bytearray(idx(folder / "train-labels-idx1-ubyte", 8)), dtype=torch.uint8).long()
    net = nn.Sequential(nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    train_torch(net, inputs("train"), y)
    state = {n: t.detach() for n, t in net.state_dict().items()}
    nets.safetensors(folder / "torch.safetensors", {n: ("F32", list(t.shape), t.contiguous().numpy().tobytes())
                                                    for n, t in state.items()}, {"format": "pt"})
    nets.archive(folder / "torch.npz", {n + ".npy": nets.npy(list(t.shape), t.flatten().tolist()) for n, t in state.items()})
    save_torch_answers(folder / "torch", net, inputs("t10k"))
    export(folder, [net[0], net[2], net[4]], inputs("t10k"))


def digits(folder):
    from sklearn.datasets import load_digits
    images, labels = load_digits(return_X_y=True)
    for part, at in ("train", slice(0, 1000)), ("t10k", slice(1000, None)):
        pixels, classes = (images[at] * 15).astype("u1"), labels[at].astype("u1")
        head = struct.pack(">IIII", 0x803, len(classes), 8, 8)
        (folder / f"{part}-images-idx3-ubyte").write_bytes(head + pixels.tobytes())
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x801, len(classes)) + classes.tobytes())


def with_sklearn(folder, seed, hidden, activation, scale):
    import warnings

    import numpy as np
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier
    warnings.simplefilter("ignore", ConvergenceWarning)
    mean, stddev = STANDARD if scale == "standard" else (0, 1)

    def inputs(part):
        head = idx(folder / f"{part}-images-idx3-ubyte", 0)[:16]
        pixels = np.frombuffer(idx(folder / f"{part}-images-idx3-ubyte", 16), "u1")
        return (pixels.reshape(struct.unpack(">I", head[4:8])[0], -1) / 255 - mean) / stddev

    x, labels = inputs("train")[:10000], np.frombuffer(idx(folder / "train-labels-idx1-ubyte", 8), "u1")[:10000]
    epochs = max(8, 60000 // len(x))
    net = MLPClassifier([int(w) for w in hidden.split(",")], activation=activation, random_state=int(seed), max_iter=epochs)
    net.fit(x, labels)
    assert net.coefs_[0].dtype == np.float64
    np.savez(folder / "sklearn.npz", **{f"coefs_{i}": c for i, c in enumerate(net.coefs_)},
             **{f"intercepts_{i}": c for i, c in enumerate(net.intercepts_)})
    x = inputs("t10k")
    save_answers(folder / "sklearn", net.predict(x), net.predict_proba(x).tobytes())


def distance(path, csv):
    ours = [float(v) for line in pathlib.Path(csv).read_text().splitlines()[1:] for v in line.split(",")[3:]]
    data = pathlib.Path(path).read_bytes()
    theirs = struct.unpack(f"<{len(data) // 8}d", data)
    difference = max(abs(a - b) for a, b in zip(ours, theirs, strict=True))
    best = (sorted(theirs[i:i + 10])[-2:] for i in range(0, len(theirs), 10))
    print(f"{len(ours) // 10} images, largest difference {difference:.2e}, two best no nearer than {min(b - a for a, b in best):.1e}")
    if difference > 1e-5:
        sys.exit("too far")


if __name__ == "__main__":
    commands = {"torch": lambda d: with_torch(pathlib.Path(d)), "digits": lambda d: digits(pathlib.Path(d)),
                "sklearn": lambda d, *how: with_sklearn(pathlib.Path(d), *how), "distance": distance}
    commands[sys.argv[1]](*sys.argv[2:])
