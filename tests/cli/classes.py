#!/usr/bin/env python3
"""classes.py DIR CLASSES BASE TRAIN TEST: IDX files of images of 28 x 28 that are easy to tell apart, so many of each class
for training and for testing, with labels from BASE on. A class is a pattern of 7 x 7 blocks; an image is that with noise."""
import os
import random
import sys

SIDE, BLOCKS = 28, 7


def pattern(cls):
    draw = random.Random(1000 + cls)
    return [[draw.random() < 0.4 for _ in range(BLOCKS)] for _ in range(BLOCKS)]


def image(cls, number):
    draw, ink = random.Random(cls * 100000 + number), pattern(cls)
    step = SIDE // BLOCKS
    return bytes(min(255, (200 if ink[y // step][x // step] else 0) + (draw.randrange(56) if draw.random() < 0.2 else 0))
                 for y in range(SIDE) for x in range(SIDE))


def write(folder, name, rank, sizes, data):
    with open(os.path.join(folder, name), 'wb') as file:
        file.write(bytes([0, 0, 8, rank]) + b''.join(size.to_bytes(4, 'big') for size in sizes) + data)


def main():
    folder, classes, base, train, test = sys.argv[1], *map(int, sys.argv[2:6])
    os.makedirs(folder, exist_ok=True)
    for name, first, each in ('train', 0, train), ('t10k', train, test):
        order = [(cls, number) for number in range(first, first + each) for cls in range(classes)]
        random.Random(1).shuffle(order)
        write(folder, f'{name}-images-idx3-ubyte', 3, [len(order), SIDE, SIDE], b''.join(image(*one) for one in order))
        write(folder, f'{name}-labels-idx1-ubyte', 1, [len(order)], bytes(cls + base for cls, _ in order))


main()
