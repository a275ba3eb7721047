"""MNIST's raw IDX files as NumPy arrays, for the peers' programs."""

import os

import numpy


def load_images(folder, part, normalized=True):
    """(n, 784), float32 in 0 to 1 or else the bytes; part is train or t10k."""
    data = numpy.fromfile(os.path.join(folder, part + "-images-idx3-ubyte"), numpy.uint8, offset=16)
    if not normalized:
        return data.reshape(-1, 784)
    return numpy.multiply(data, numpy.float32(1 / 255), dtype=numpy.float32).reshape(-1, 784)


def load_labels(folder, part):
    """(n,) int64."""
    data = numpy.fromfile(os.path.join(folder, part + "-labels-idx1-ubyte"), numpy.uint8, offset=8)
    return data.astype(numpy.int64)
