#!/usr/bin/env python3
"""stored.py [--rows N] [--cols N] [--swap] KIND DIR...: small sets of seven-segment digits in IDX files, stored as KIND says.

One DIR for each KIND, in turn: `plain` is light on black; the other names are joined by `+`: `inverted`, `transposed`,
`binary` (0 and 1), `sixteen` (0 to 15). The digits are the same in each. --swap: training and test files change places.
"""
import pathlib
import random
import struct
import sys

SEGMENTS = ["abcdef", "bc", "abged", "abgcd", "fgbc", "afgcd", "afgedc", "abc", "abcdefg", "abcfgd"]
ROWS, COLS = 28, 28
arguments = sys.argv[1:]
swap = False
while arguments[0].startswith("--"):
    flag = arguments.pop(0)
    if flag == "--swap":
        swap = True
    elif flag == "--rows":
        ROWS = int(arguments.pop(0))
    else:
        COLS = int(arguments.pop(0))


def draw(digit, rng):
    image = [bytearray(COLS) for _ in range(ROWS)]
    top, left = rng.randrange(ROWS // 7, ROWS // 4), rng.randrange(COLS // 7, COLS // 4)
    height, width, thick = ROWS // 2 + rng.randrange(3), COLS // 3 + rng.randrange(3), 2
    middle = top + height // 2
    boxes = {"a": (top, left, thick, width), "g": (middle, left, thick, width), "d": (top + height - thick, left, thick, width),
             "f": (top, left, height // 2, thick), "b": (top, left + width - thick, height // 2, thick),
             "e": (middle, left, height - height // 2, thick),
             "c": (middle, left + width - thick, height - height // 2, thick)}
    for name in SEGMENTS[digit]:
        y, x, h, w = boxes[name]
        for row in range(y, min(y + h, ROWS)):
            for col in range(x, min(x + w, COLS)):
                image[row][col] = rng.randrange(180, 256)
    image[middle][left] = 255
    return b"".join(image)


def store(image, kind):
    rows, cols = ROWS, COLS
    for step in kind.split("+"):
        if step == "inverted":
            image = bytes(255 - v for v in image)
        elif step == "transposed":
            image = bytes(image[r * cols + c] for c in range(cols) for r in range(rows))
            rows, cols = cols, rows
        elif step == "binary":
            image = bytes(v // 128 for v in image)
        elif step == "sixteen":
            image = bytes(v // 16 for v in image)
    return image, rows, cols


rng = random.Random(7)
sets = {"train": [draw(i % 10, rng) for i in range(300)], "t10k": [draw(i % 10, rng) for i in range(100)]}
if swap:
    sets = {"train": sets["t10k"], "t10k": sets["train"]}
for kind, place in zip(arguments[::2], arguments[1::2]):
    folder = pathlib.Path(place)
    folder.mkdir(parents=True, exist_ok=True)
    for name, images in sets.items():
        stored = [store(image, kind) for image in images]
        (folder / f"{name}-images-idx3-ubyte").write_bytes(
            struct.pack(">4B3I", 0, 0, 8, 3, len(images), *stored[0][1:]) + b"".join(s[0] for s in stored))
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(
            struct.pack(">4BI", 0, 0, 8, 1, len(images)) + bytes(i % 10 for i in range(len(images))))
