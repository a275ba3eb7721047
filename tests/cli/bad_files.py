#!/usr/bin/env python3
"""bad_files.py DIR [CHECKPOINT]: writes files that are wrong in one thing each, for test_bad_files.sh.

DIR/images-*, labels-*, pair-* are IDX files, raw or gzip; DIR/model-* models; DIR/log-* logs; flip-* have one bit turned over. With CHECKPOINT, a good one of
mnist-train, DIR/ckpt-* are checkpoints, made of it. The good ones that all are made of are *-good.
Those that must be read to the end for what is wrong with them have a CRC that fits.
"""
import json
import pathlib
import struct
import sys
import zlib

top = pathlib.Path(sys.argv[1])


def put(name, data):
    (top / name).write_bytes(data)


def squeeze(data, level=9):
    packer = zlib.compressobj(level, zlib.DEFLATED, 31)
    return packer.compress(data) + packer.flush()


def at(data, offset, new):
    return data[:offset] + new + data[offset + len(new):]


# --- IDX ----------------------------------------------------------------------------------------------

SIDE, COUNT = 4, 40


def images(count=COUNT, rows=SIDE, cols=SIDE, head=b"\0\0\x08\3", body=None):
    if body is None:
        body = b"".join(bytes(255 if p == i % 10 else 0 for p in range(rows * cols)) for i in range(count))
    return head + struct.pack(">3I", count, rows, cols) + body


def labels(count=COUNT, head=b"\0\0\x08\1", body=None):
    return head + struct.pack(">I", count) + (bytes(i % 10 for i in range(count)) if body is None else body)


def ints(values, cols=None):
    """Labels of 32 bits; with cols, rows of so many numbers, of which the first is the label."""
    head = b"\0\0\x0c" + (b"\1" if cols is None else b"\2") + struct.pack(">I", len(values))
    head += b"" if cols is None else struct.pack(">I", cols)
    return head + b"".join(struct.pack(">I", v) + bytes(4 * ((cols or 1) - 1)) for v in values)


good_images, good_labels = images(), labels()
for what, good, cuts in (("images", good_images, (1, 3, 4, 7, 8, 12, 15, 16, 100, 655)),
                         ("labels", good_labels, (1, 3, 4, 7, 8, 20, 47))):
    put(what + "-good", good)
    put(what + "-empty", b"")
    for cut in cuts:
        put(f"{what}-cut-{cut}", good[:cut])
    put(what + "-trailing", good + b"\n")
    put(what + "-byte-0", at(good, 0, b"\1"))
    put(what + "-byte-1", at(good, 1, b"\1"))
    for kind in 0, 7, 9, 10, 11, 12, 13, 14, 255:
        put(f"{what}-type-{kind:02x}", at(good, 2, bytes([kind])))
    for rank in {0, 1, 2, 3, 4, 255} - {good[3]}:
        put(f"{what}-rank-{rank}", at(good, 3, bytes([rank])))
    put(what + "-little", at(good, 0, good[3::-1]))
    for count in 0, COUNT - 1, COUNT + 1, 0xFFFFFFFF:
        put(f"{what}-count-{count}", at(good, 4, struct.pack(">I", count)))
for rows, cols in (0, 4), (4, 0), (0, 0), (5, 4), (4, 3), (65536, 65536), (0xFFFFFFFF, 0xFFFFFFFF), (257, 256):
    put(f"images-size-{rows}x{cols}", at(good_images, 8, struct.pack(">2I", rows, cols)))
put("images-promise", images(0xFFFFFFFF, 256, 256, body=b""))
for value in 12, 255:
    put(f"labels-value-{value}", at(good_labels, 20, bytes([value])))
put("labels-int-good", ints([i % 10 for i in range(COUNT)]))
put("labels-int-256", ints([0, 256]))
put("labels-int-negative", ints([1, 0xFFFFFFFF]))
put("labels-int-little", ints([0x01000000, 0]))
put("labels-int-cut", ints([1, 2])[:-1])
put("labels-rows-good", ints([i % 10 for i in range(COUNT)], 8))
put("labels-rows-0", ints([], 0)[:8] + struct.pack(">I", 0))
put("labels-rows-none", at(ints([1], 8), 8, struct.pack(">I", 0)))
put("labels-rows-promise", b"\0\0\x0c\2" + struct.pack(">2I", 0xFFFFFFFF, 0xFFFFFFFF))
put("labels-rows-256", ints([3, 256], 2))
put("pair-19-images", images(19))
put("pair-5x5", images(COUNT, 5, 5))

tail = b" and what comes after it, of no matter which bytes\x01"
for name, start in {
        "html": b"<!DOCTYPE html><title>404</title>", "bom": b"\xef\xbb\xbf \r\n\t<?xml version='1.0'?>",
        "zip": b"PK\3\4" + tail, "xz": b"\xfd7zXZ\0" + tail, "bzip2": b"BZh9" + tail, "zstd": b"\x28\xb5\x2f\xfd" + tail,
        "7z": b"7z\xbc\xaf\x27\x1c" + tail, "png": b"\x89PNG\r\n\x1a\n" + tail, "jpeg": b"\xff\xd8\xff\xe0" + tail,
        "pgm": b"P5 28 28 255\n" + tail, "numpy": b"\x93NUMPY\1\0" + tail, "hdf5": b"\x89HDF\r\n" + tail,
        "matlab": b"MATLAB 5.0" + tail, "parquet": b"PAR1" + tail, "pickle-2": b"\x80\2" + tail, "pickle-3": b"\x80\3" + tail,
        "pickle-4": b"\x80\4\x95" + tail, "lfs": b"version https://git-lfs.github.com/spec/v1\n", "json": b'{"message":"Not Found"}',
        "csv": b"5,0,0,0,0\n0,0,1,2\n", "text": b"no such file\n", "zeros": bytes(64), "noise": b"\xde\xad\xbe\xef\1\2\3\4"}.items():
    put("images-kind-" + name, start)

# --- gzip ---------------------------------------------------------------------------------------------

packed = squeeze(good_labels)
put("labels-gz-good", packed)
put("images-gz-good", squeeze(good_images))
put("labels-gz-members-good", squeeze(good_labels[:11]) + squeeze(good_labels[11:]))
for name, data in {
        "magic": packed[:2], "head": packed[:9], "middle": packed[:20], "no-trailer": packed[:-8], "no-size": packed[:-4],
        "last": packed[:-1], "second": squeeze(good_labels[:11]) + squeeze(good_labels[11:])[:-9]}.items():
    put("labels-gz-cut-" + name, data)
put("labels-gz-crc", at(packed, len(packed) - 8, bytes([packed[-8] ^ 1])))
put("labels-gz-isize", at(packed, len(packed) - 4, bytes([packed[-4] ^ 1])))
put("labels-gz-method", at(packed, 2, b"\7"))
put("labels-gz-flags", at(packed, 3, b"\xe0"))
put("labels-gz-block", at(packed, 10, b"\xff"))
put("labels-gz-distance", packed[:10] + b"\x4b\x04\x41\x00" + packed[14:])
put("labels-gz-stored", at(squeeze(good_labels, 0), 13, b"\0\0"))
put("labels-gz-junk", packed + b"junk\n")
put("labels-gz-padded", packed + bytes(9))
put("labels-gz-twice", squeeze(packed))
put("labels-gz-empty", squeeze(b""))
put("labels-gz-short", squeeze(good_labels[:-1]))
put("labels-gz-trailing", squeeze(good_labels + b"x"))
put("labels-gz-value", squeeze(at(good_labels, 20, b"\x0c")))
put("labels-gz-html", squeeze(b"<html>404</html>"))
put("labels-gz-images", squeeze(good_images))
put("images-gz-promise", squeeze(images(0xFFFFFFFF, 1, 1, body=bytes(100))))
put("images-gz-promise-2", squeeze(images(0xFFFFFFFF, 256, 256, body=bytes(100))))
put("images-gz-bomb", squeeze(good_images + bytes(40 << 20)))
put("images-gz-short", squeeze(good_images[:-1]))

# --- safetensors --------------------------------------------------------------------------------------


def sealed(text, data, crc=True):
    """A file of that header and those data; a CRC of zeros is made to fit."""
    text = text if isinstance(text, bytes) else json.dumps(text, separators=(",", ":")).encode()
    file = struct.pack("<Q", len(text)) + text + data
    key = b'"crc32":"00000000"'
    if crc and key in file:
        file = file.replace(key, b'"crc32":"%08x"' % zlib.crc32(file), 1)
    return file


META = {"format": "mnist-mlp", "format_version": "1", "inputs": "16", "hidden": "none", "outputs": "10", "activation": "relu",
        "normalization": "unit", "mean": "0", "stddev": "1", "crc32": "00000000"}
WEIGHT = {"dtype": "F32", "shape": [16, 10], "data_offsets": [0, 640]}
BIAS = {"dtype": "F32", "shape": [10], "data_offsets": [640, 680]}
NOTHING = object()


def head(meta=META, weight=WEIGHT, bias=BIAS, more=None):
    found = {"__metadata__": meta, "layers.0.weight": weight, "layers.0.bias": bias, **(more or {})}
    return {k: v for k, v in found.items() if v is not NOTHING}


def model(name, header=None, data=bytes(680), **kind):
    put("model-" + name, sealed(head() if header is None else header, data, **kind))


def metadata(name, **changes):
    """A model whose metadata differ; NOTHING leaves a key out."""
    meta = {k: v for k, v in {**META, **changes}.items() if v is not NOTHING}
    model(name, head(meta))


def weight(name, **changes):
    model(name, head(weight={k: v for k, v in {**WEIGHT, **changes}.items() if v is not NOTHING}))


model("good")
whole = sealed(head(), bytes(680))
put("model-empty", b"")
for cut in 1, 7, 8, 9, 100, len(whole) - 1:
    put(f"model-cut-{'last' if cut > 100 else cut}", whole[:cut])
put("model-trailing", whole + b"\n")
for name, length in ("0", 0), ("1", 1), ("2e60", 1 << 60), ("max", (1 << 64) - 1), ("1e8", 100000001), ("7e7", 70000000):
    put("model-length-" + name, struct.pack("<Q", length) + whole[8:])
put("model-flip-data", at(whole, len(whole) - 100, b"\1"))
for place in range(0, len(whole), 61):
    put(f"flip-{place}", at(whole, place, bytes([whole[place] ^ 1 << place % 8])))
put("model-flip-header", whole.replace(b'"relu"', b'"tanh"'))
for name, text in {
        "array": b"[1,2,3,4]", "cut": b'{"a":{"dtype":"F32"', "comma": b'{"a":1,}', "latin": b'{"__metadata__":{"format":"\xe9"}}',
        "nul": b'{"__metadata__":{"format":"a\\u0000b"}}', "key-nul": b'{"__metadata__":{"a\\u0000":"b"}}',
        "twice": b'{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}',
        "metadata-twice": b'{"__metadata__":{"a":"1","a":"2"}}', "nested": b'{"a":' + b"[" * 4000 + b"]" * 4000 + b"}",
        "deep": b'{"a":{"b":{"c":{"d":1}}}}', "values": b'{"a":[' + b",".join([b"1"] * 66000) + b"]}", "number": b'{"a":{"shape":[1e999]}}',
        "tail": b'{} {}', "entry": b'{"a":1}', "metadata-array": b'{"__metadata__":["format"]}',
        "metadata-number": b'{"__metadata__":{"format":1}}', "foreign": b'{"__metadata__":{"format":"pt"}}', "no-metadata": b"{}",
        "escape": b'{"__metadata__":{"format":"\\u001b[31m\xc2\x9bred"}}'}.items():
    model("json-" + name, text, b"")
for key in META:
    metadata("no-" + key, **{key: NOTHING})
metadata("format-checkpoint", format="mnist-checkpoint")
metadata("version-3", format_version="3")
metadata("version-2", format_version="2")
metadata("weights-fp32", format_version="2", weights="fp32")
metadata("steps-version-1", steps="invert")
metadata("steps-twice", format_version="3", steps="invert,invert")
metadata("steps-unknown", format_version="3", steps="invert,\x1b[31mdeskew")
metadata("steps-value", format_version="3", steps="max-pixel=1e2")
metadata("weights-int4", format_version="2", weights="\x1b[31mint4")
for name, crc in ("upper", "ABCDEF01"), ("short", "1234"), ("long", "000000000"), ("wrong", "12345678"), ("text", "\x1b[31mxyz"):
    metadata("crc-" + name, crc32=crc)
metadata("crc-quoted-good", x='"crc32":"00000000"')
for number, value in enumerate(("0", "65537", "-1", "1.5", "", "016", " 16", "1e1", "99999999999999999999", "17")):
    metadata(f"inputs-{number}", inputs=value)
metadata("outputs-1", outputs="1")
metadata("outputs-text", outputs="ten")
for number, value in enumerate(("", "0", "128,", ",128", "65537", "128x64", ",".join(["1"] * 17), "None", "65536,65536,65536", "8")):
    metadata(f"hidden-{number}", hidden=value)
metadata("activation", activation="relu6")
metadata("activation-escape", activation="\x1b]0;owned\x07")
metadata("normalization", normalization="minmax")
for name, key, value in (
        ("mean-nan", "mean", "nan"), ("mean-inf", "mean", "inf"), ("mean-1e39", "mean", "1e39"), ("mean-hex", "mean", "0x1p3"), ("mean-empty", "mean", ""),
        ("mean-unit", "mean", "0.1"), ("stddev-0", "stddev", "0"), ("stddev-negative", "stddev", "-1"), ("stddev-nan", "stddev", "nan"),
        ("stddev-tail", "stddev", "1 "), ("stddev-unit", "stddev", "2")):
    metadata(name, **{key: value})
metadata("stddev-small", normalization="standard", stddev="1e-45")
metadata("stddev-standard-0", normalization="standard", stddev="0")
for kind in "F16", "BF16", "F64", "I64", "f32", "", "U64":
    weight("dtype-" + (kind or "none"), dtype=kind)
weight("dtype-f64-fits", dtype="F64", shape=[8, 10])
weight("dtype-f16-fits", dtype="F16", shape=[32, 10])
weight("dtype-number", dtype=32)
weight("dtype-absent", dtype=NOTHING)
weight("shape-absent", shape=NOTHING)
weight("offsets-absent", data_offsets=NOTHING)
weight("entry-more", layout="row-major")
for name, shape in {
        "text": "16,10", "negative": [-16, -10], "real": [16.0, 10], "null": [None, 10], "rank-1": [160], "rank-3": [1, 16, 10], "rank-9": [1] * 9,
        "turned": [10, 16], "huge": [1 << 32, 1 << 32], "huge-2": [(1 << 63) - 1, 2], "zero": [0, 10], "zero-huge": [0, 1 << 62], "scalar": []}.items():
    weight("shape-" + name, shape=shape)
weight("shape-2e63", shape=[1 << 63])
for name, offsets in {
        "one": [640], "three": [0, 320, 640], "turned": [640, 0], "negative": [-640, 0], "text": ["0", "640"], "real": [0.0, 640.0], "short": [0, 636],
        "long": [0, 644], "far": [1 << 61, (1 << 61) + 640], "end-2e62": [0, 1 << 62]}.items():
    weight("offsets-" + name, data_offsets=offsets)


def tensors(name, meta, found, **kind):
    """A model of these tensors, (name, dtype, shape, bytes) each, one after the other."""
    header, data = {"__metadata__": {**META, "format_version": "2", **meta}}, b""
    for tensor, dtype, shape, values in found:
        header[tensor] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    model(name, header, data, **kind)


def integers(name, meta=None, **changes):
    """A net 16-2-10 of whole numbers, whose tensors differ: layers_0_bias=("I32", [2], bytes); NOTHING leaves one out."""
    found = {"layers_0_weight": ("I8", [16, 2], bytes(range(32))), "layers_0_bias": ("I32", [2], bytes(8)),
             "layers_0_scale": ("F32", [2], struct.pack("<2f", 1, 0.5)), "layers_0_range": ("F32", [3], struct.pack("<3f", 0.25, 0, 0)),
             "layers_1_weight": ("I8", [2, 10], bytes(20)), "layers_1_bias": ("I32", [10], bytes(40)),
             "layers_1_scale": ("F32", [10], struct.pack("<10f", *[0.125] * 10)), **changes}
    tensors(name, {"hidden": "2", "weights": "integers", **(meta or {})},
            [(key.replace("_", "."), *found[key]) for key in found if found[key] is not NOTHING])


integers("integers-good")
integers("integers-no-scale", layers_0_scale=NOTHING)
integers("integers-no-range", layers_0_range=NOTHING)
integers("integers-last-range", layers_1_range=("F32", [3], bytes(12)))
integers("integers-float", layers_0_weight=("F32", [16, 2], bytes(128)))
integers("integers-unsigned", layers_0_weight=("U8", [16, 2], bytes(32)))
integers("integers-shape", layers_1_scale=("F32", [9], bytes(36)))
integers("integers-range-2", layers_0_range=("F32", [2], bytes(8)))
integers("integers-weight", layers_0_weight=("I8", [16, 2], bytes(31) + b"\x80"))
integers("integers-bias", layers_0_bias=("I32", [2], struct.pack("<2i", 0, (1 << 30) + 1)))
integers("integers-bias-least", layers_0_bias=("I32", [2], struct.pack("<2i", -(1 << 31), 0)))
for number, value in enumerate((0.0, -1.0, 1e-40, float("nan"), float("inf"))):
    integers(f"integers-scale-{number}", layers_1_scale=("F32", [10], struct.pack("<10f", *[1.0] * 9, value)))
for number, value in enumerate(((0.0, 0, 0), (float("nan"), 0, 0), (1, 128, 0), (1, -1, 0), (1, 0.5, 0), (1, float("nan"), 0), (1, 7, 0), (1, 0, 1))):
    integers(f"integers-range-{'abcdefgh'[number]}", layers_0_range=("F32", [3], struct.pack("<3f", *value)))
integers("integers-step", {"activation": "tanh"})
integers("integers-large", layers_0_scale=("F32", [2], struct.pack("<2f", 3e38, 1)))
integers("integers-mean", {"normalization": "standard", "mean": "1.5"})
for kind in "fp16", "bf16":
    dtype = {"fp16": "F16", "bf16": "BF16"}[kind]
    halves = [("layers.0.weight", dtype, [16, 10], bytes(320)), ("layers.0.bias", dtype, [10], bytes(20))]
    tensors(kind + "-good", {"weights": kind}, halves)
    tensors(kind + "-other", {"weights": "fp16" if kind == "bf16" else "bf16"}, halves)
    tensors(kind + "-inf", {"weights": kind}, [(*halves[0][:3], bytes(318) + (b"\0\x7c" if kind == "fp16" else b"\x80\x7f")), halves[1]])
    tensors(kind + "-nan", {"weights": kind}, [halves[0], (*halves[1][:3], b"\xff\xff" + bytes(18))])
    tensors(kind + "-mixed", {"weights": kind}, [halves[0], ("layers.0.bias", "F32", [10], bytes(40))])
extra = {"dtype": "F32", "shape": [1]}
model("hole", head(more={"x": {**extra, "data_offsets": [684, 688]}}), bytes(688))
model("overlap", head(more={"x": {**extra, "data_offsets": [0, 4]}}))
model("overlap-2", head(bias={**BIAS, "data_offsets": [600, 640]}), bytes(640))
model("extra", head(more={"x": {**extra, "data_offsets": [680, 684]}}), bytes(684))
model("extra-escape", head(more={"\x1b[31mx": {**extra, "data_offsets": [680, 684]}}), bytes(684))
model("extra-empty", head(more={"layers.1.bias": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}}))
model("no-bias", head(bias=NOTHING), bytes(640))
model("no-weight", head(weight=NOTHING, bias={**BIAS, "data_offsets": [0, 40]}), bytes(40))
model("data-short", head(), bytes(679))
model("data-long", head(), bytes(681))
for name, offset, value in ("nan", 44, b"\0\0\xc0\x7f"), ("snan", 0, b"\1\0\x80\x7f"), ("inf", 640, b"\0\0\x80\x7f"), ("minus-inf", 676, b"\0\0\x80\xff"):
    model("value-" + name, None, at(bytes(680), offset, value))


def options(name, text, more={}):
    """A model of 28 x 28 inputs whose metadata state this training."""
    model("options-" + name, head({**META, "inputs": "784", "options": text, **more}, {**WEIGHT, "shape": [784, 10], "data_offsets": [0, 31360]},
                                  {**BIAS, "data_offsets": [31360, 31400]}), bytes(31400))


drawn = '"dataset":"synthetic","synthetic-test":'
options("good", "{" + drawn + "10}")
options("0", "{" + drawn + "0}")
options("negative", "{" + drawn + "-5}")
options("many", "{" + drawn + "1000001}")
options("real", "{" + drawn + "1.5}")
options("array", '["dataset","synthetic"]')
options("cut", '{"dataset":')
options("dataset", '{"dataset":"sinthetic"}')
options("seed", "{" + drawn + '10,"data-seed":"x"}')
options("sheer", "{" + drawn + '10,"augment":"shift=1,sheer=95"}')
options("shift-0", "{" + drawn + '10,"augment":"shift=0"}')
options("augment-3", "{" + drawn + '10,"augment":3}')
options("long", "{" + drawn + "10" + 65536 * " " + "}")
options("val-split", "{" + drawn + '10,"val-split":-1}')
options("train-many", "{" + drawn + '10,"val-split":10,"synthetic-train":1000001}')
options("trained-on", "{" + drawn + '10,"val-split":10,"synthetic-train":50}', {"trained_on": "7"})
options("paths", "{" + drawn + '10,"output":"taken","data-dir":"/nowhere","test-images":"/nowhere","log":"x.csv","checkpoint":"x.ckpt"}')

# --- Logs ---------------------------------------------------------------------------------------------

# what a model must state so that a log can be compared with it: seed 1, three epochs of five steps
metadata("logged-good", seed="1", trained_on="300",
         options='{"dataset":"mnist","epochs":3,"batch-size":64,"lr":0.1,"schedule":"constant","warmup":0,"step-factor":0.1,'
                 '"step-count":2,"keep":"last"}')
metadata("logged-keep", seed="1", trained_on="300", options='{"dataset":"mnist","keep":"worst"}')
HEADER = "kind,seed,epoch,step,lr,train_loss,train_accuracy,validation_loss,validation_accuracy"
LINES = [HEADER, "step,1,1,5,0.1,2.2,0.25,,", "epoch,1,1,5,0.1,2.1,0.2,1.9,0.31", "epoch,1,2,10,0.1,1.2,0.6,0.9,0.7"]


def log(name, *lines, end="\n"):
    put("log-" + name, "".join(line + end for line in lines).encode("latin-1"))


def line(name, text):
    """The last line differs."""
    log(name, *LINES[:-1], text)


log("good", *LINES)
put("log-empty", b"")
log("header", HEADER)
log("steps", *LINES[:2])
put("log-cut", "\n".join(LINES)[:-1].encode())
log("carriage", *LINES, end="\r\n")
log("foreign", "epoch,loss,accuracy", "1,0.5,0.9")
log("more", HEADER + ",seconds", "epoch,1,1,5,0.1,2.1,0.2,1.9,0.31,7")
log("headless", *LINES[1:])
log("page", "<!DOCTYPE html><title>404</title>")
put("log-zip", b"PK\3\4" + bytes(30))
log("array", "[]")
line("few", "epoch,1,2,10,0.1,1.2,0.6,0.9")
line("many", "epoch,1,2,10,0.1,1.2,0.6,0.9,0.7,")
line("blank", "")
line("long", "epoch,1,2,10,0.1,1.2,0.6,0.9," + "0" * 1100)
line("zero", "epoch,1,2,10,0.1,1.2\0,0.6,0.9,0.7")
line("kind", "\x1b]0;owned\x07,1,2,10,0.1,1.2,0.6,0.9,0.7")
line("seed", "epoch,1e0,2,10,0.1,1.2,0.6,0.9,0.7")
line("seed-2e64", "epoch,18446744073709551616,2,10,0.1,1.2,0.6,0.9,0.7")
line("seed-less", "epoch,0,1,10,0.1,1.2,0.6,0.9,0.7")
line("epoch", "epoch,1,3,10,0.1,1.2,0.6,0.9,0.7")
line("epoch-0", "epoch,1,0,10,0.1,1.2,0.6,0.9,0.7")
line("step", "epoch,1,2,5,0.1,1.2,0.6,0.9,0.7")
line("step-huge", "epoch,1,2,99999999999999999,0.1,1.2,0.6,0.9,0.7")
line("lr", "epoch,1,2,10,nan,1.2,0.6,0.9,0.7")
line("lr-1e39", "epoch,1,2,10,1e39,1.2,0.6,0.9,0.7")
line("loss", "epoch,1,2,10,0.1,1,2,0.6,0.9,0.7")
line("loss-hex", "epoch,1,2,10,0.1,0x1,0.6,0.9,0.7")
line("accuracy", "epoch,1,2,10,0.1,1.2,60,0.9,0.7")
line("accuracy-nan", "epoch,1,2,10,0.1,1.2,nan,0.9,0.7")
line("half", "epoch,1,2,10,0.1,1.2,0.6,0.9,")
line("step-validated", "step,1,2,7,0.1,1.2,0.6,0.9,0.7")
line("unvalidated", "epoch,1,2,10,0.1,1.2,0.6,,")
log("after", *LINES, "epoch,1,3,15,0.1,1.2,0.6,0.9,0.7", "step,1,4,16,0.1,1.2,0.6,,")
log("twice", *LINES, *LINES)
log("seeds", *LINES, "epoch,2,1,5,0.1,2.1,0.2,1.9,0.31")
log("other", HEADER, "epoch,2,1,5,0.1,2.1,0.2,1.9,0.31", "epoch,3,1,5,0.1,2.1,0.2,1.9,0.31")
log("uneven", *LINES, "epoch,1,3,14,0.1,1.2,0.6,0.9,0.7", "epoch,1,4,20,0.1,1.2,0.6,0.9,0.7")
log("longer", *LINES, "epoch,1,3,16,0.1,1.2,0.6,0.9,0.7")
log("four", *LINES, "epoch,1,3,15,0.1,1.2,0.6,0.9,0.7", "epoch,1,4,20,0.1,1.2,0.6,0.9,0.7")
OBJECT = ('{"kind":"epoch","seed":1,"epoch":1,"step":5,"lr":0.1,"train_loss":2.1,"train_accuracy":0.2,'
          '"validation_loss":1.9,"validation_accuracy":0.31}')
log("json-good", OBJECT)
put("log-json-cut", OBJECT[:-1].encode())
log("json-half", OBJECT, OBJECT[:-1])
log("json-twice", OBJECT.replace('"seed"', '"lr"'))
log("json-lacks", OBJECT.replace('"lr":0.1,', ""))
log("json-more", OBJECT.replace('"lr"', '"loss":1,"lr"'))
log("json-text", OBJECT.replace("0.2", '"0.2"'))
log("json-nan", OBJECT.replace("2.1", "NaN"))
log("json-null", OBJECT.replace("0.2", "null"))
log("json-1e999", OBJECT.replace("2.1", "1e999"))
log("json-2e64", OBJECT.replace('"seed":1', '"seed":18446744073709551616'))
log("json-deep", '{"a":' * 200)
log("json-csv", OBJECT, LINES[-1])

# --- Checkpoints --------------------------------------------------------------------------------------

if len(sys.argv) > 2:
    file = pathlib.Path(sys.argv[2]).read_bytes()
    (length,) = struct.unpack("<Q", file[:8])
    CKPT = json.loads(file[8:8 + length])
    DATA = file[8 + length:]
    CONFIG = json.loads(CKPT["__metadata__"]["config"])
    EPOCHS = CKPT["epochs"]["data_offsets"][0]  # rows of rate, loss, accuracy, loss and accuracy of validation, seconds
    # without measured times, so that sizes and checksums are always the same
    CKPT["__metadata__"].update(crc32="00000000")
    for place in CKPT["seconds"]["data_offsets"][0], EPOCHS + 5 * 8, EPOCHS + 11 * 8:
        DATA = at(DATA, place, bytes(8))
    file = sealed(CKPT, DATA)

    def checkpoint(name, change=None, data=DATA):
        header = json.loads(json.dumps(CKPT))
        if change:
            change(header)
        put("ckpt-" + name, sealed(header, data))

    def meta(name, key, value):
        checkpoint(name, lambda h: h["__metadata__"].pop(key) if value is NOTHING else h["__metadata__"].update({key: value}))

    def config(name, **changes):
        meta("config-" + name, "config", json.dumps({k: v for k, v in {**CONFIG, **changes}.items() if v is not NOTHING}))

    def number(name, array, value):
        begin = CKPT[array]["data_offsets"][0]
        kind = "<Q" if CKPT[array]["dtype"] == "U64" else "<d"
        checkpoint(f"{array}-{name}", None, at(DATA, begin, struct.pack(kind, value)))

    def entry(name, array, **changes):
        checkpoint(name, lambda h: h[array].update(changes))

    def dropped(name, *arrays):
        """Without these arrays, and with their bytes cut out."""
        header, data, end = json.loads(json.dumps(CKPT)), b"", 0
        for key in [k for k in header if k != "__metadata__"]:
            begin, stop = header[key]["data_offsets"]
            if key in arrays:
                del header[key]
                continue
            header[key]["data_offsets"] = [end, end + stop - begin]
            end += stop - begin
            data += DATA[begin:stop]
        put("ckpt-" + name, sealed(header, data))

    def added(name, array, dtype, shape, size):
        checkpoint(name, lambda h: h.update({array: {"dtype": dtype, "shape": shape, "data_offsets": [len(DATA), len(DATA) + size]}}),
                   DATA + bytes(size))

    checkpoint("good")
    put("ckpt-cut", file[:-1])
    put("ckpt-flip", at(file, len(file) - 9, b"\x55"))
    meta("format", "format", "mnist-mlp")
    meta("no-format", "format", NOTHING)
    meta("foreign", "format", "pt")
    meta("version", "format_version", "1")
    meta("no-version", "format_version", NOTHING)
    meta("no-crc", "crc32", NOTHING)
    for key in "config", "log", "train_images_sha256", "train_labels_sha256", "test_images_sha256", "test_labels_sha256":
        meta("no-" + key, key, NOTHING)
    meta("digest", "test_images_sha256", "\x1b[31m")
    meta("config-cut", "config", '{"lr":')
    meta("config-array", "config", "[]")
    meta("config-twice", "config", '{"lr":1,"lr":2}')
    config("unknown", speed=3)
    config("lr", lr=-1)
    config("epochs-text", epochs="two")
    config("escape", activation="\x1b[31mrelu")
    config("wide", hidden="65536,65536")
    config("deep", hidden="4,4")
    config("dropout", dropout="0.1,0.2")
    config("log", log="x.txt")
    config("runs", runs=3)
    config("resume", resume="base")
    config("tune", tune=5)
    config("many", **{"synthetic-train": 1000000000})
    config("many-test", **{"synthetic-test": 1000000000})
    config("optimizer", optimizer="adam")
    config("ema", ema=0.9)
    dropped("no-epochs", "epochs")
    entry("epochs-flat", "epochs", shape=[12])
    entry("epochs-turned", "epochs", shape=[6, 2])
    entry("epochs-u64", "epochs", dtype="U64")
    for name, row, column, value in (("lr-nan", 0, 0, float("nan")), ("lr-huge", 0, 0, 1e39), ("loss-inf", 1, 1, float("inf")),
                                     ("accuracy-2", 1, 2, 2.0), ("validation-2", 0, 4, 2.0), ("time-negative", 1, 5, -1.0),
                                     ("loss-of-validation-inf-good", 0, 3, float("inf"))):
        checkpoint("epochs-" + name, None, at(DATA, EPOCHS + 8 * (6 * row + column), struct.pack("<d", value)))
    for name, value in ("text", "yes"), ("half", "12"), ("sign", "-1 89abcdef"), ("long", "99999999999999999999 123456789"), ("three", "1 2 3"):
        meta("log-" + name, "log", value)
    number("0", "epoch", 0)
    number("huge", "epoch", 1 << 40)
    number("2", "ended", 2)
    number("huge", "step", (1 << 64) - 1)
    number("9", "end", 9)
    number("nan", "loss_sum", float("nan"))
    number("negative", "seconds", -1.0)
    number("inf", "lr", float("inf"))
    number("huge", "seen", 1 << 63)
    number("nan", "best_loss", float("nan"))
    number("2", "beta1_power", 2.0)
    number("huge", "updates", (1 << 64) - 1)
    number("5", "best_epoch", 5)
    dropped("no-epoch", "epoch")
    dropped("no-net", "net.layers.1")
    dropped("no-momentum", "optimizer.first.layers.0", "optimizer.first.layers.1")
    entry("epoch-f64", "epoch", dtype="F64")
    entry("epoch-rank", "epoch", shape=[1])
    entry("net-turned", "net.layers.1", shape=[10, 5])
    entry("net-flat", "net.layers.1", shape=[50])
    entry("net-rank-3", "net.layers.1", shape=[5, 5, 2])
    added("extra", "average.layers.0", "F32", [2], 8)
    added("empty", "nothing", "F32", [0, 1 << 60], 0)
    added("long-name", "n" * 200, "F32", [2], 8)
    begin = CKPT["net.layers.1"]["data_offsets"][0]
    for place in range(0, 3000, 211):
        put(f"flip-ckpt-{place}", at(file, place, bytes([file[place] ^ 1 << place % 8])))
    checkpoint("net-nan", None, at(DATA, begin, b"\0\0\xc0\x7f"))
    begin = CKPT["optimizer.first.layers.1"]["data_offsets"][0]
    checkpoint("momentum-inf-good", None, at(DATA, begin, b"\0\0\x80\x7f"))
