"""Trains an MNIST net with PyTorch on the CPU, in the fastest form this version has; prints JSON.

The loop does what mnist-train does in an epoch: a new order of the 60,000 images, every image once,
momentum 0.9, cross-entropy. Images are one float tensor that is made before the clock starts; there
is no DataLoader. Called by bench-peers.sh, which says what it sweeps; --help lists the flags.
"""

import argparse
import json
import resource
import statistics
import time

import torch
from torch import nn

from idx import load_images, load_labels


def flags():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--describe", action="store_true", help="only say what this PyTorch is and has"
    )
    parser.add_argument("--data", help="folder of the four IDX files")
    parser.add_argument(
        "--hidden", default="128", help="widths of the hidden layers: 128 or 512,512"
    )
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--interop", type=int, default=1)
    parser.add_argument(
        "--form",
        default="",
        help="joined by +: jit (traced) or compile (inductor, PyTorch 2); sliced (sort the images "
        "once an epoch, then take slices; else each batch is gathered); bytes (images stay bytes "
        "until their batch); foreach, fused (optimizer); onednn (products in oneDNN's tensors)",
    )
    parser.add_argument("--lr", type=float, default=0.05)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--images", type=int, help="an epoch is only so many images")
    parser.add_argument(
        "--seconds", type=float, default=1.0, help="measure whole epochs for at least this long"
    )
    parser.add_argument(
        "--epochs", type=int, help="train so many, test, and report the accuracy: a cold run"
    )
    return parser.parse_args()


class OneDnnLinear(nn.Linear):
    """nn.Linear whose products run in oneDNN, which Debian's build else uses for bf16 only."""

    def forward(self, x):
        return torch._C._nn.mkldnn_linear(x.to_mkldnn(), self.weight, self.bias).to_dense()


def make_model(hidden, form):
    linear = OneDnnLinear if "onednn" in form else nn.Linear
    widths = [784] + [int(width) for width in hidden.split(",")] + [10]
    layers = []
    for fan_in, fan_out in zip(widths, widths[1:]):
        layers += [linear(fan_in, fan_out), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def make_optimizer(model, form, lr, nesterov):
    options = {name: True for name in ("foreach", "fused") if name in form}
    return torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9, nesterov=nesterov, **options)


def train_epoch(model, optimizer, images, labels, batch, sliced, schedule=None):
    order = torch.randperm(len(images))
    if sliced:
        images, labels = images[order], labels[order]
    for start in range(0, len(images), batch):
        if sliced:
            x, y = images[start : start + batch], labels[start : start + batch]
        else:
            chosen = order[start : start + batch]
            x, y = images.index_select(0, chosen), labels.index_select(0, chosen)
        if x.dtype == torch.uint8:
            x = x.float().mul_(1 / 255)
        optimizer.zero_grad(set_to_none=True)
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
        if schedule:
            schedule.step()


def describe():
    return {
        "version": torch.__version__,
        "own_blas": torch.backends.mkl.is_available(),
        "compile": hasattr(torch, "compile"),
    }


def main():
    args = flags()
    if args.describe:
        print(json.dumps(describe()))
        return
    form = args.form.split("+")
    torch.set_num_threads(args.threads)
    torch.set_num_interop_threads(args.interop)
    torch.manual_seed(args.seed)

    images = torch.from_numpy(load_images(args.data, "train", normalized="bytes" not in form))[
        : args.images
    ]
    labels = torch.from_numpy(load_labels(args.data, "train"))[: args.images]
    model = make_model(args.hidden, form)
    optimizer = make_optimizer(model, form, args.lr, nesterov=args.epochs is not None)
    if "jit" in form:
        model = torch.jit.trace(model, images[: args.batch].float())
    if "compile" in form:
        model = torch.compile(model)
    sliced = "sliced" in form

    result = {
        "version": torch.__version__,
        "form": args.form,
        "threads": args.threads,
        "interop": args.interop,
    }
    if args.epochs:
        steps = args.epochs * -(-len(images) // args.batch)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, args.lr, total_steps=steps + 1, pct_start=0.15, cycle_momentum=False
        )
        for _ in range(args.epochs):
            train_epoch(model, optimizer, images, labels, args.batch, sliced, schedule)
        tests = torch.from_numpy(load_images(args.data, "t10k"))
        answers = torch.from_numpy(load_labels(args.data, "t10k"))
        with torch.inference_mode():
            result["accuracy"] = (model(tests).argmax(1) == answers).float().mean().item()
        result["peak_kib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    else:
        train_epoch(model, optimizer, images, labels, args.batch, sliced)  # warm up
        rates = []
        began = time.perf_counter()
        while not rates or time.perf_counter() - began < args.seconds:
            start = time.perf_counter()
            train_epoch(model, optimizer, images, labels, args.batch, sliced)
            rates.append(len(images) / (time.perf_counter() - start))
        result["images_per_second"] = statistics.median(rates)
        result["epochs"] = len(rates)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
