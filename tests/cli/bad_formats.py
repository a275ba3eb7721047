#!/usr/bin/env python3
"""Writes data sets in many forms with something wrong in each, and rows.tsv: what mnist-train is told, and what it
says; at the end of that, * is what libarchive's version decides.

usage: bad_formats.py OUT
"""
import bz2
import gzip
import io
import lzma
import os
import struct
import sys
import tarfile
import zipfile
from formats import idx, npy, npz, numbers, png, tar

OUT = sys.argv[1]
ROWS = []


def row(name, body, message, told='--train-images @ --test-images @'):
    path = f'{OUT}/{name}'
    files = body if isinstance(body, dict) else {'': body}
    for inner, data in files.items():
        full = f'{path}/{inner}' if inner else path
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, 'wb') as f:
            f.write(data)
    ROWS.append(f'{told.replace("@", path)}\t{message.replace("@", path)}\n')


good_labels = f'{OUT}/labels.npy'
with open(good_labels, 'wb') as f:
    f.write(npy('|u1', (2,), bytes([3, 4])))
WITH = f'--train-images @ --train-labels {good_labels} --test-images @ --test-labels {good_labels}'
IMAGES = f'--train-images {OUT}/images.npy --train-labels @ --test-images @ --test-labels @'
with open(f'{OUT}/images.npy', 'wb') as f:
    f.write(npy('|u1', (2, 2, 2), bytes(8)))


def two(descr, kind, values, shape=(2, 4)):
    return npy(descr, shape, numbers(kind, values))


# arrays
UNIT = 'numbers from 0 to 1, 0 to 255 or -1 to 1; normalised already? Save them as they were before'
WHOLE = 'whole numbers from 0 to 255; another kind of data?'
SHAPES = 'expected images, at least 1, of at most 65536 pixels: (N, rows, columns), (N, 1, rows, columns) or (N, pixels)'
row('alone.npy', npy('|u1', (2, 2, 2), bytes(8)),
    '@: images without labels: expected both in one file, or a file of labels beside it')
row('standard.npy', two('<f4', 'f', [0, 1, 2.5, -3, 0, 0, 0, 0]),
    f'@: pixel 3 of image 0 (both from 0) is -3: expected {UNIT}', WITH)
row('large.npy', two('<f8', 'd', [0, 1, 2, 3, 0, 0, 255.5, 0]),
    f'@: pixel 2 of image 1 (both from 0) is 255.5: expected {UNIT}', WITH)
row('nan.npy', two('<f4', 'f', [0, 1, 0, 0, float('nan'), 0, 0, 0]),
    f'@: pixel 0 of image 1 (both from 0) is nan: expected {UNIT}', WITH)
row('infinite.npy', two('<f4', 'f', [0, 1, 0, 0, 0, 0, 0, float('inf')]),
    f'@: pixel 3 of image 1 (both from 0) is inf: expected {UNIT}', WITH)
row('negative.npy', two('<i2', 'h', [0, 1, -1, 0, 0, 0, 0, 0]),
    f'@: pixel 2 of image 0 (both from 0) is -1: expected {WHOLE}', WITH)
row('beyond.npy', two('<i4', 'i', [0, 1, 256, 0, 0, 0, 0, 0]),
    f'@: pixel 2 of image 0 (both from 0) is 256: expected {WHOLE}', WITH)
row('colour.npy', npy('|u1', (2, 2, 2, 3), bytes(24)),
    f'@: unsigned bytes of shape (2, 2, 2, 3): {SHAPES}; colour images? Save their greys', WITH)
row('flat.npy', npy('|u1', (8,), bytes(8)), f'@: unsigned bytes of shape (8,): {SHAPES}', WITH)
row('none.npy', npy('|u1', (0, 2, 2), b''), f'@: unsigned bytes of shape (0, 2, 2): {SHAPES}', WITH)
row('no-pixels.npy', npy('|u1', (2, 0, 2), b''), f'@: unsigned bytes of shape (2, 0, 2): {SHAPES}', WITH)
row('too-wide.npy', npy('|u1', (1, 70000), bytes(70000)), f'@: unsigned bytes of shape (1, 70000): {SHAPES}', WITH)
row('complex.npy', npy('<c8', (2, 4), bytes(64)),
    "@: array '' is of type '<c8', expected numbers as '|u1', '<i8' or '<f4'", WITH)
row('objects.npy', npy('|O', (2, 4), bytes(64)),
    "@: array '' is of type '|O', expected floating-point numbers as '<f4'; objects are pickled, and to read them would "
    "run their code: save with allow_pickle=False", WITH)
row('cut.npy', npy('|u1', (2, 2, 2), bytes(7)),
    "@: array '': its type and shape make 8 bytes, but 7 follow its header", WITH)
row('three.npy', npy('|u1', (3, 2, 2), bytes(12)),
    f'@ holds 3 images, but {good_labels} holds 2 labels: expected equal numbers; a file of the training set beside one '
    'of the test set?', WITH)
LABELS = 'expected whole numbers from 0 to 255'
row('labels-256.npy', two('<i8', 'q', [3, 256], (2,)), f'@: label 256 at index 1: {LABELS}', IMAGES)
row('labels-negative.npy', two('<i8', 'q', [-1, 1], (2,)), f'@: label -1 at index 0: {LABELS}', IMAGES)
row('labels-half.npy', two('<f4', 'f', [3, 4.5], (2,)), f'@: label 4.5 at index 1: {LABELS}', IMAGES)
row('labels-columns.npy', two('<i8', 'q', [3, 1, 2, 2], (2, 2)),
    '@: 64-bit ints of shape (2, 2): expected labels: these columns are not one-hot, as not every row has one 1 and else '
    'zeros; expected (N,)', IMAGES)
row('labels-cube.npy', npy('|u1', (2, 1, 1), bytes(2)),
    '@: unsigned bytes of shape (2, 1, 1): expected labels, at least 1: (N,), (N, 1) or, one-hot, (N, classes)', IMAGES)

# IDX
row('idx-cut', idx(13, (2, 2, 2), bytes(31)),
    '@: its header, of 3 dimensions of 32-bit floats, promises 48 bytes in all, found 47; an interrupted download, or a '
    'damaged header?', WITH)
row('idx-huge', idx(14, (2**32 - 1, 2**32 - 1, 2, 2), b''),
    '@: its header, of 4 dimensions of 64-bit floats, promises more than 20 bytes in all, found 20; an interrupted '
    'download, or a damaged header?', WITH)
row('idx-header', bytes([0, 0, 13, 3, 0, 0]),
    '@: its header, of 3 dimensions of 32-bit floats, promises more than 16 bytes in all, found 6; an interrupted '
    'download, or a damaged header?', WITH)

# NPZ
CHOICE = 'expected x_train, y_train, x_test, y_test, or one array of images and one of labels'
image, label = npy('|u1', (2, 2, 2), bytes(8)), npy('|u1', (2,), bytes(2))
row('twice.npz', npz({'a.npy': image, 'b.npy': image, 'c.npy': label}),
    f'@: more than one of 3 arrays hold images: a, b, c; {CHOICE}')
row('no-images.npz', npz({'a.npy': label, 'b.npy': label}), f'@: none of 2 arrays hold images: a, b; {CHOICE}')
row('no-labels.npz', npz({'a.npy': image, 'x.npy': image}), f'@: none of 2 arrays hold labels: a, x; {CHOICE}')
row('one.npz', npz({'a.npy': image}),
    '@: images without labels: expected both in one file, or a file of labels beside it')
row('train.npz', npz({'x_train.npy': image, 'y_train.npy': label}),
    '@: by its names it holds data for training alone: expected some for testing')
row('single.npz', npz({'x.npy': image, 'y.npy': label}),
    '@: one set of images, which no name calls one for training or for testing: expected both', '--data-dir @')

# CSV
row('words.csv', b'label,a,b,c,d\n1,2,3,4,x\n', "@: line 2, column 5: 'x': expected a number")
row('ragged.csv', b'1,2,3,4,5\n1,2,3,4\n', '@: line 2 has 4 columns: expected 5, as in line 1')
row('longer.csv', b'1,2,3,4,5\n1,2,3,4,5,6\n', '@: line 2 has more than 5 columns: expected as many as in line 1')
row('cut.csv', b'1,2,3,4,5\n1,2,3', '@: line 2 has 3 columns and ends there: expected 5, as in line 1')
row('three.csv', b'1,2,3\n1,2,3\n',
    "@: line 1 has 3 columns: expected a label and the pixels of a square image, as 785, or those pixels alone, as 784, or "
    "a header that names the label's column")
row('header.csv', b'label,a,b,c,d\n', '@: no line but the header: expected at least one image or label')
row('twice.csv', b'label,class,a,b\n1,1,1,1\n',
    '@: line 1: columns 1 and 2 are both called as labels are, expected one such column')
row('ids.csv', b'id,index\n1,1\n', '@: line 1 names no column of pixels or labels')
row('bright.csv', b'1,2,3,4,256\n', "@: line 1, column 5: '256': expected a pixel from 0 to 255")
row('dark.csv', b'1,2,3,-4,25\n', "@: line 1, column 4: '-4': expected a pixel from 0 to 255")
row('letter.csv', b'label,a,b,c,d\nA,2,3,4,5\n', "@: line 2, column 1: 'A': expected a label of 0 to 255")
row('label-256.csv', b'256,2,3,4,5\n', "@: line 1, column 1: '256': expected a label of 0 to 255")
row('quote.csv', b'1,2,3,4,"5\n', "@: no line but the header: expected at least one image or label")
row('normalised.csv', b'1,-0.5,3.5,0,0\n', f'@: pixel 0 of image 0 (both from 0) is -0.5: expected {UNIT}')
row('pixels.csv', b'1,2,3,4\n',
    '@: images without labels: expected both in one file, or a file of labels beside it')
row('labels.csv', b'1\n2\n', '@: a table of labels: expected one of pixels')
row('pixels-as-labels.csv', b'1,2,3,4\n', '@: a table of pixels: expected one of labels', IMAGES)
row('wide.csv', b','.join([b'1'] * 65600) + b'\n',
    '@: line 1 has more than 65552 columns: expected a label and at most 65536 pixels')
row('widest.csv', b'label,' + b','.join([b'p'] * 65540) + b'\n1,' + b','.join([b'1'] * 65540),
    '@: 65540 columns of pixels: expected at most 65536')

# archives and packed data
row('cut.gz', gzip.compress(b'1,2,3,4,5\n' * 9)[:-9],
    '@: gzip data truncated at byte 24: expected more compressed data, found the end of the file; an interrupted download?')
row('empty.zip', npz({}), '@: a zip file of 0 entries, expected 1 to 1048576')
row('cut.zip', npz({'a.csv': b'1,2,3,4,5\n'})[:-9],
    '@: not a zip file that can be read: no directory is found at its end; was it cut short? (or memory was, which libzip '
    'does not tell apart)')
row('up.zip', npz({'../a.csv': b'1,2,3,4,5\n'}),
    "@: a zip file with an entry '../a.csv', expected names that are relative, do not lead upwards and hold no control "
    "characters")
NOTHING = 'expected images and labels as IDX or NPY, an NPZ or CSV file, or folders of PNG or PGM pictures'
row('words.zip', npz({'a.txt': b'a', 'b.txt': b'b'}),
    f'@: no data set that is complete, by the names of its 2 files: {NOTHING}')
row('text.zip', npz({'a.txt': b'a b c d e'}),
    '@: @: a.txt: 9 bytes: expected images with their labels as NPZ, CSV, a zip or tar archive, or a folder of pictures; a '
    'text file?'.replace('@: @', '@'))
SEVERAL = {f'{name}-{part}-{what}': body for name in 'ab' for part in ('train', 'test') for what, body in
           (('images-idx3-ubyte', idx(8, (2, 2, 2), bytes(8))), ('labels-idx1-ubyte', idx(8, (2,), bytes(2))))}
row('several.zip', npz(SEVERAL),
    '@: holds several data sets, such as a-train-images-idx3-ubyte and b-train-images-idx3-ubyte: expected one; name its '
    'files')
row('several', SEVERAL,
    '@: holds several data sets, such as a-train-images-idx3-ubyte and b-train-images-idx3-ubyte: expected one; name its '
    'files', '--data-dir @')
deep = b'1,2,3,4,5\n'
for level in range(6):
    deep = gzip.compress(deep)
row('deep.gz', deep, '@: archives within archives: expected at most 5, one in another')
row('up.tar', tar({'../a.csv': b'1,2,3,4,5\n'}),
    "@: a tar archive with a member '../a.csv', expected names that are relative, do not lead upwards and hold no control "
    "characters")
row('bad.xz', lzma.compress(b'1,2,3,4,5\n' * 99)[:60],
    '@: damaged packed data: *')
row('bad.bz2', bz2.compress(b'1,2,3,4,5\n' * 99)[:40],
    '@: damaged packed data: *')
row('cut.tar', tar({'a.csv': b'1,2,3,4,5\n' * 99})[:700],
    '@: damaged tar archive: *')

# folders
row('letters', {f'{label}/1.png': png(bytes(784)) for label in '12a'},
    '@/1/1.png: blank: all of its 28 x 28 pixels are of one grey: expected a digit')
row('beyond', {f'{label}/1.png': png(bytes(784)) for label in ('1', '256')},
    "@: the folder of picture '256/1.png' stands for label 256: expected 0 to 255")
row('many', {f'c{label}/1.png': png(bytes(784)) for label in range(257)},
    "@: the folder of picture 'c99/1.png' stands for label 256: expected 0 to 255")
row('flat', {'1.png': png(bytes(784))},
    "@: picture '1.png' lies in no folder, whose name would be its label: expected LABEL/NAME.png")
row('wrong', {'1/1.png': b'GIF89a'},
    '@/1/1.png: 6 bytes: expected a picture as PNG, PGM or PPM; a GIF picture: convert it to PNG?')
row('two', {'1/1.pgm': b'P5 1 1 255\n\0P5 1 1 255\n\0'}, '@/1/1.pgm: 2 pictures: expected one')
row('empty', {'a/b.txt': b''},
    '@/a/b.txt: empty, 0 bytes: expected images with their labels as NPZ, CSV, a zip or tar archive, or a folder of pictures')

# what is not read
for name, body, guess in (
        ('page.html', b'<!DOCTYPE html><html>404', 'an HTML or XML error page saved as data?'),
        ('jpeg', b'\xff\xd8\xff\xe0JFIF', 'a JPEG image?'),
        ('data.h5', b'\x89HDF\r\n\x1a\n', 'an HDF5 file?'),
        ('data.pkl', b'\x80\x04\x95pickle', 'a Python pickle?'),
        ('data.pt', npz({'archive/data.pkl': b'x', 'archive/version': b'3'}, zipfile.ZIP_STORED),
         'a PyTorch file of pickles, which are code to be run: save NumPy arrays instead?'),
        ('model.onnx', b'\x08\x08\x12\x07pytorch', 'an ONNX model?'),
        ('model.gguf', b'GGUF\3\0\0\0', 'a GGUF file, which is a model?'),
        ('model.st', struct.pack('<Q', 12) + b'{"a": "bcd"}', 'a safetensors file, which is a model?'),
        ('one.png', png(bytes(784)), 'a PNG image?'),
        ('data.7z', b"7z\xbc\xaf\x27\x1c", 'a 7-Zip archive: unpack it first?'),
        ('utf16.csv', '1,2,3,4,5\n'.encode('utf-16'), 'text of UTF-16: save it as UTF-8?')):
    row(name, body, f'@: {len(body)} bytes: expected images with their labels as NPZ, CSV, a zip or tar archive, or a folder '
                    f'of pictures; {guess}')
row('tar-in.gz', gzip.compress(tar({'a.txt': b'a', 'b.txt': b'b'})),
    f'@: no data set that is complete, by the names of its 2 files: {NOTHING}')

with open(f'{OUT}/rows.tsv', 'w') as f:
    f.writelines(ROWS)
