#!/usr/bin/env python3
"""Writes one data set in every form in which data sets are read.

usage: formats.py IDX-FOLDER OUT [FORM...]

IDX-FOLDER has MNIST's four raw files, of any number of images of 28 x 28; with "random:TRAIN,TEST" it is made
of random pixels. OUT gets a folder or file a form, and forms.tsv: for each its path and, after a tab, what else
mnist-train is to be told. Needs nothing but Python's own library; forms that need a program (zstd) are left
out where that is not there.
"""
import bz2
import gzip
import io
import lzma
import os
import random
import shutil
import struct
import subprocess
import sys
import tarfile
import zipfile
import zlib
from array import array

PIXELS = 784


def read(folder):
    if folder.startswith('random:'):
        rng, sets = random.Random(20), {}
        for part, count in zip(('train', 'test'), map(int, folder[7:].split(','))):
            # all values, but mostly 0, as digits have
            pixels = bytes(max(0, rng.randrange(-300, 256)) for _ in range(count * PIXELS))
            sets[part] = pixels, bytes(i % 10 for i in range(count))
        return sets
    sets = {}
    for part, stem in (('train', 'train'), ('test', 't10k')):
        with open(f'{folder}/{stem}-images-idx3-ubyte', 'rb') as f:
            pixels = f.read()[16:]
        with open(f'{folder}/{stem}-labels-idx1-ubyte', 'rb') as f:
            sets[part] = pixels, f.read()[8:]
    return sets


def idx(code, shape, body):
    return bytes([0, 0, code, len(shape)]) + struct.pack(f'>{len(shape)}I', *shape) + body


def npy(descr, shape, body, fortran=False):
    text = f"{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape!r}, }}".encode()
    text += b' ' * (-(len(text) + 11) % 64) + b'\n'
    return b'\x93NUMPY\x01\x00' + struct.pack('<H', len(text)) + text + body


def numbers(kind, values, big=False):
    made = array(kind, list(values))
    if big != (sys.byteorder == 'big'):
        made.byteswap()
    return made.tobytes()


UNIT = [v / 255 for v in range(256)]


def unit(kind, pixels, big=False):
    """From 0 to 1."""
    return numbers(kind, map(UNIT.__getitem__, pixels), big)


def one_hot(labels):
    return b''.join(bytes(c == label for c in range(10)) for label in labels)


def png(pixels):
    def chunk(name, data):
        return struct.pack('>I', len(data)) + name + data + struct.pack('>I', zlib.crc32(name + data))
    rows = b''.join(b'\0' + pixels[r * 28:r * 28 + 28] for r in range(28))
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', 28, 28, 8, 0, 0, 0, 0)) +
            chunk(b'IDAT', zlib.compress(rows, 1)) + chunk(b'IEND', b''))


def csv(pixels, labels, header=None, text=tuple(map(str, range(256))), first=True):
    lines = [header] if header else []
    for i, label in enumerate(labels):
        row = ','.join(map(text.__getitem__, pixels[i * PIXELS:(i + 1) * PIXELS]))
        lines.append(f'{label},{row}' if first else f'{row},{label}')
    return ('\n'.join(lines) + '\n').encode()


def fortran(pixels):
    """The first index runs fastest: each pixel of all images, the pixels of an image down its columns."""
    return b''.join(pixels[r * 28 + c::PIXELS] for c in range(28) for r in range(28))


class Forms:
    def __init__(self, sets, out, wanted):
        self.sets, self.out, self.wanted, self.lines = sets, out, wanted, []

    def idx_files(self):
        return {f'{"t10k" if part == "test" else part}-{what}': body
                for part, (pixels, labels) in self.sets.items()
                for what, body in (('images-idx3-ubyte', idx(8, (len(labels), 28, 28), pixels)),
                                   ('labels-idx1-ubyte', idx(8, (len(labels),), labels)))}

    def folder(self, name, files, told='--data-dir @'):
        if self.wanted and name not in self.wanted:
            return
        for path, body in files().items():
            path = f'{self.out}/{name}/{path}'
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, 'wb') as f:
                f.write(body)
        self.say(name, told)

    def file(self, name, body, told='--data-dir @'):
        if self.wanted and name not in self.wanted:
            return
        data = body()
        if data is not None:
            with open(f'{self.out}/{name}', 'wb') as f:
                f.write(data)
            self.say(name, told)

    def say(self, name, told):
        self.lines.append(f'{name}\t{told.replace("@", f"{self.out}/{name}")}\n')

    def each(self, make):
        """{name: body} of make(part, stem, pixels, labels) for both parts."""
        files = {}
        for part, (pixels, labels) in self.sets.items():
            files.update(make(part, 't10k' if part == 'test' else part, pixels, labels))
        return files


def npz(files, compress=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', compress, compresslevel=1) as z:
        for name, body in files.items():
            z.writestr(name, body)
    return out.getvalue()


def tar(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w', format=tarfile.GNU_FORMAT) as t:
        for name, body in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(body)
            t.addfile(info, io.BytesIO(body))
    return out.getvalue()


def zstd(data):
    if not shutil.which('zstd'):
        return None
    return subprocess.run(['zstd', '-q', '-1', '-c'], input=data, stdout=subprocess.PIPE, check=True).stdout


def main(folder, out, wanted):
    os.makedirs(out, exist_ok=True)
    forms = Forms(read(folder), out, wanted)
    each, idx_files = forms.each, forms.idx_files

    def idx_of(code, body, shape):
        suffix = {9: 'ubyte', 11: 'short', 12: 'int', 13: 'float', 14: 'double'}.get(code, 'ubyte')
        return lambda: each(lambda part, stem, pixels, labels: {
            f'{stem}-images-idx{len(shape(labels))}-{suffix}': idx(code, shape(labels), body(pixels)),
            f'{stem}-labels-idx1-ubyte': idx(8, (len(labels),), labels)})

    def keras():
        return each(lambda part, stem, pixels, labels: {
            f'x_{part}.npy': npy('|u1', (len(labels), 28, 28), pixels),
            f'y_{part}.npy': npy('|u1', (len(labels),), labels)})

    def classes(ending, make):
        return lambda: each(lambda part, stem, pixels, labels: {
            f'{part}/{label}/{i:05}.{ending}': make(pixels[i * PIXELS:(i + 1) * PIXELS])
            for i, label in enumerate(labels)})

    def pgm(pixels):
        return b'P5 28 28 255\n' + pixels

    square = lambda labels: (len(labels), 28, 28)
    forms.folder('idx', idx_files)
    forms.folder('idx-signed', idx_of(9, lambda p: bytes(p), square))
    forms.folder('idx-short', idx_of(11, lambda p: numbers('h', p, True), square))
    forms.folder('idx-int', idx_of(12, lambda p: numbers('i', p, True), square))
    forms.folder('idx-float', idx_of(13, lambda p: unit('f', p, True), square))
    forms.folder('idx-double', idx_of(14, lambda p: numbers('d', p, True), square))
    forms.folder('idx-flat', idx_of(8, bytes, lambda labels: (len(labels), PIXELS)))
    forms.folder('idx-channel', idx_of(8, bytes, lambda labels: (len(labels), 1, 28, 28)))
    forms.folder('unzipped', lambda: {f'{name}/{name}': body for name, body in idx_files().items()})
    forms.folder('torchvision', lambda: {f'MNIST/raw/{name}.gz': gzip.compress(body, 1)
                                         for name, body in idx_files().items()})
    forms.folder('padded', lambda: {f'{name}.gz': gzip.compress(body, 1) + bytes(512)
                                    for name, body in idx_files().items()})
    forms.folder('emnist', lambda: each(lambda part, stem, pixels, labels: {
        f'emnist-digits-{part}-images-idx3-ubyte.gz': gzip.compress(idx(8, square(labels), pixels), 1),
        f'emnist-digits-{part}-labels-idx1-ubyte.gz': gzip.compress(idx(8, (len(labels),), labels), 1)}))
    forms.folder('qmnist', lambda: each(lambda part, stem, pixels, labels: {
        f'qmnist-{part}-images-idx3-ubyte.gz': gzip.compress(idx(8, square(labels), pixels), 1),
        f'qmnist-{part}-labels-idx2-int.gz': gzip.compress(idx(12, (len(labels), 8), b''.join(
            struct.pack('>8I', label, 4, 3000, i, 0, 0, 0, 0) for i, label in enumerate(labels))), 1)}))
    forms.folder('kmnist', lambda: each(lambda part, stem, pixels, labels: {
        f'kmnist-{part}-imgs.npz': npz({'arr_0.npy': npy('|u1', square(labels), pixels)}),
        f'kmnist-{part}-labels.npz': npz({'arr_0.npy': npy('|u1', (len(labels),), labels)})}))
    forms.folder('npy', keras)
    forms.folder('keras', lambda: {'mnist.npz': npz(keras())})
    forms.file('mnist.npz', lambda: npz(keras()))
    forms.file('stored.npz', lambda: npz(keras(), zipfile.ZIP_STORED))
    forms.file('floats.npz', lambda: npz(each(lambda part, stem, pixels, labels: {
        f'{part}_images.npy': npy('<f4', (len(labels), PIXELS), unit('f', pixels)),
        f'{part}_labels.npy': npy('|u1', (len(labels), 10), one_hot(labels))})))
    forms.file('columns.npz', lambda: npz(each(lambda part, stem, pixels, labels: {
        f'x_{part}.npy': npy('|u1', square(labels), fortran(pixels), True),
        f'y_{part}.npy': npy('>i8', (len(labels), 1), numbers('q', labels, True))})))
    header = 'label,' + ','.join(f'pixel{i}' for i in range(PIXELS))
    openml = ','.join(f'pixel{i + 1}' for i in range(PIXELS)) + ',class'
    unit_text = tuple('%.6f' % v for v in UNIT)
    forms.folder('csv', lambda: each(lambda part, stem, pixels, labels: {
        f'mnist_{part}.csv': csv(pixels, labels)}))
    forms.folder('kaggle', lambda: each(lambda part, stem, pixels, labels: {
        f'{part}.csv': csv(pixels, labels, header)}))
    forms.folder('openml', lambda: each(lambda part, stem, pixels, labels: {
        f'{part}.csv': csv(pixels, labels, openml, first=False)}))
    forms.folder('csv-floats', lambda: each(lambda part, stem, pixels, labels: {
        f'{part}.csv.gz': gzip.compress(csv(pixels, labels, None, unit_text), 1)}))
    forms.folder('png', classes('png', png), '--data-dir @ --as-is')
    forms.folder('pgm', classes('pgm', pgm), '--data-dir @ --as-is')
    forms.file('png.zip', lambda: npz(classes('png', png)(), zipfile.ZIP_STORED), '--data-dir @ --as-is')
    forms.file('pgm.tar', lambda: tar(classes('pgm', pgm)()), '--data-dir @ --as-is')
    forms.file('idx.zip', lambda: npz(idx_files()))
    forms.file('idx.tar', lambda: tar(idx_files()))
    forms.file('idx.tar.gz', lambda: gzip.compress(tar(idx_files()), 1))
    forms.file('idx.tar.xz', lambda: lzma.compress(tar(idx_files()), preset=0))
    forms.file('idx.tar.bz2', lambda: bz2.compress(tar(idx_files()), 1))
    forms.file('idx.tar.zst', lambda: zstd(tar(idx_files())))
    forms.folder('xz', lambda: {f'{name}.xz': lzma.compress(body, preset=0)
                                for name, body in idx_files().items()})
    forms.file('nested.zip', lambda: npz({'data/mnist.npz.bz2': bz2.compress(npz(keras()), 1)}))
    with open(f'{out}/forms.tsv', 'w') as f:
        f.writelines(forms.lines)


if __name__ == '__main__':
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
