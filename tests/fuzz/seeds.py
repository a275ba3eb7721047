#!/usr/bin/env python3
"""seeds.py DIR: writes small inputs to begin fuzzing with, DIR/TARGET/NAME, and DIR/TARGET.dict.

They are made here, from the formats' definitions; scripts/fuzz.sh adds them to what corpus/ keeps.
"""
import bz2
import gzip
import io
import json
import lzma
import pathlib
import struct
import subprocess
import sys
import zipfile
import zlib

top = pathlib.Path(sys.argv[1])


def put(target, name, data):
    path = top / target / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())


def images(count, rows, cols, pixels=None):
    body = bytes(i % 256 for i in range(count * rows * cols)) if pixels is None else pixels
    return struct.pack(">4B3I", 0, 0, 8, 3, count, rows, cols) + body


def labels(values, kind=8, cols=None):
    head = struct.pack(">4BI", 0, 0, kind, 1 if cols is None else 2, len(values))
    if cols is not None:
        head += struct.pack(">I", cols)
    if kind == 8:
        return head + bytes(values)
    return head + b"".join(struct.pack(">I", v) + bytes(4 * ((cols or 1) - 1)) for v in values)


def squeeze(data, level=9):
    packer = zlib.compressobj(level, zlib.DEFLATED, 31)
    return packer.compress(data) + packer.flush()


idx = {
    "images": images(2, 2, 3),
    "image": images(1, 1, 1),
    "images-none": images(0, 2, 2),
    "images-flat": images(2, 0, 2),
    "images-wide": images(1, 65536, 65536, b""),
    "images-promise": images(0xFFFFFFFF, 255, 257, b""),
    "labels": labels([0, 1, 9]),
    "labels-int": labels([0, 9], 12),
    "labels-qmnist": labels([3, 9], 12, 8),
    "labels-promise": struct.pack(">4B2I", 0, 0, 12, 2, 0xFFFFFFFF, 0xFFFFFFFF),
    "labels-high": labels([0, 10]),
    "labels-little": struct.pack(">4BI", 0, 0, 12, 1, 1) + b"\x01\0\0\0",
    "labels-negative": struct.pack(">4BI", 0, 0, 12, 1, 1) + b"\xff\xff\xff\xff",
    "short": b"\0\0\x08",
    "float": struct.pack(">4B3I", 0, 0, 13, 3, 1, 1, 1) + bytes(4),
    "rank4": struct.pack(">4B4I", 0, 0, 8, 4, 1, 1, 1, 1),
    "zeros": bytes(64),
    "html": b"<!DOCTYPE html><title>404</title>",
    "png": b"\x89PNG\r\n\x1a\n",
    "zip": b"PK\x03\x04" + bytes(16),
    "xz": b"\xfd7zXZ\0",
    "bzip2": b"BZh91AY",
    "tar-like": b"train-images" + bytes(100),
    "numpy": b"\x93NUMPY\x01\0",
    "pickle": b"\x80\x04\x95",
    "trailing": images(1, 2, 2) + b"\n",
    "truncated": images(3, 2, 2)[:-1],
}
for name, data in idx.items():
    put("idx", name, data)
    put("gzip", name, squeeze(data))
put("idx", "gzip", squeeze(idx["images"]))
whole = squeeze(idx["labels"])
put("gzip", "stored", squeeze(idx["images"], 0))
put("gzip", "members", squeeze(idx["images"][:5]) + squeeze(idx["images"][5:]))
put("gzip", "twice", squeeze(whole))
put("gzip", "cut", whole[:-9])
put("gzip", "no-crc", whole[:-8])
put("gzip", "bad-crc", whole[:-8] + bytes(8))
put("gzip", "bad-length", whole[:-4] + bytes(4))
put("gzip", "tail", whole + b"junk")
put("gzip", "padded", whole + bytes(9))
put("gzip", "name", gzip.compress(idx["labels"], 9, mtime=0))
put("gzip", "extra", b"\x1f\x8b\x08\x1e" + bytes(6) + b"\x02\0xxname\0comment\0" + whole[10:])
put("gzip", "bomb", squeeze(images(15, 256, 256, bytes(15 << 16))))
put("gzip", "bomb-tail", squeeze(images(1, 1, 1) + bytes(1 << 18)))
put("gzip", "promise", squeeze(idx["images-promise"]))


def model(meta, tensors, size, pad=True):
    head = dict(tensors)
    if meta is not None:
        head = {"__metadata__": meta, **head}
    text = json.dumps(head, separators=(",", ":")) if isinstance(head, dict) else head
    return frame(text.encode(), size)


def frame(text, size):
    text += b" " * (-len(text) % 8)
    data = struct.pack("<Q", len(text)) + text + bytes(size)
    key = b'"crc32":"00000000"'
    if key in data:
        crc = b"%08x" % zlib.crc32(data)
        data = data.replace(key, b'"crc32":"' + crc + b'"', 1)
    return data


def metadata(inputs, hidden, **more):
    return {
        "format": "mnist-mlp", "format_version": "1", "inputs": str(inputs), "hidden": hidden,
        "outputs": "10", "activation": "relu", "normalization": "unit", "mean": "0", "stddev": "1",
        "crc32": "00000000", **more,
    }


def tensors(widths):
    out, end = {}, 0
    for layer, (a, b) in enumerate(zip(widths, widths[1:])):
        for name, shape in (("weight", [a, b]), ("bias", [b])):
            n = 4 * (a * b if len(shape) == 2 else b)
            out[f"layers.{layer}.{name}"] = {
                "dtype": "F32", "shape": shape, "data_offsets": [end, end + n]}
            end += n
    return out, end


one, one_size = tensors([1, 10])
two, two_size = tensors([2, 3, 10])
def integers():
    found, end = {}, 0
    for name, dtype, shape, size in (
            ("0.weight", "I8", [2, 3], 6), ("0.bias", "I32", [3], 12), ("0.scale", "F32", [3], 12), ("0.range", "F32", [3], 12),
            ("1.weight", "I8", [3, 10], 30), ("1.bias", "I32", [10], 40), ("1.scale", "F32", [10], 40)):
        found["layers." + name] = {"dtype": dtype, "shape": shape, "data_offsets": [end, end + size]}
        end += size
    return found, end


def of_halves(dtype):
    return {name: {**entry, "dtype": dtype, "data_offsets": [n // 2 for n in entry["data_offsets"]]} for name, entry in one.items()}


put("model", "integers", model(metadata(2, "3", format_version="2", weights="integers"), *integers()))
for kind, dtype in (("fp16", "F16"), ("bf16", "BF16")):
    put("model", kind, model(metadata(1, "none", format_version="2", weights=kind), of_halves(dtype), one_size // 2))
put("model", "softmax", model(metadata(1, "none"), one, one_size))
put("model", "hidden", model(metadata(2, "3"), two, two_size))
put("model", "deep", model(metadata(1, ",".join("1" * 16)), *tensors([1] + [1] * 16 + [10])))
put("model", "standard", model(metadata(1, "none", normalization="standard", mean="0.1307",
                                        stddev="3.081e-1"), one, one_size))
put("model", "options", model(metadata(1, "none", seed="1",
                                       options='{"dataset":"synthetic","synthetic-test":10}'),
                              one, one_size))
put("model", "flat", model(metadata(1, "none", stddev="0"), one, one_size))
put("model", "tiny-stddev", model(metadata(1, "none", normalization="standard", stddev="1e-45"),
                                  one, one_size))
put("model", "wide", model(metadata(1, "65536,65536"), one, one_size))
put("model", "foreign", model({"format": "pt"}, one, one_size))
put("model", "newer", model({"format": "mnist-mlp", "format_version": "2"}, {}, 0))
put("model", "no-metadata", model(None, one, one_size))
put("model", "nan", model(metadata(1, "none"), one, one_size)[:-4] + b"\0\0\xc0\x7f")
put("model", "hole", model(metadata(1, "none"), {
    **one, "x": {"dtype": "F32", "shape": [1], "data_offsets": [96, 100]}}, 100))
put("model", "overlap", model(metadata(1, "none"), {
    **one, "x": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, one_size))
put("model", "alien", model(metadata(1, "none"), {
    **one, "x": {"dtype": "F32", "shape": [], "data_offsets": [one_size, one_size + 4]}},
    one_size + 4))
put("model", "f64", model(metadata(1, "none"), {
    "x": {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]}}, 8))
put("model", "empty-tensor", model(metadata(1, "none"), {
    **one, "x": {"dtype": "F32", "shape": [0, 9], "data_offsets": [0, 0]}}, one_size))
put("model", "huge-shape", model(metadata(1, "none"), {
    "x": {"dtype": "F32", "shape": [4294967296, 4294967296], "data_offsets": [0, 0]}}, 0))
put("model", "rank9", model(metadata(1, "none"), {
    "x": {"dtype": "F32", "shape": [1] * 9, "data_offsets": [0, 4]}}, 4))
put("model", "duplicate", frame(b'{"__metadata__":{"a":"1","a":"2"}}', 0))
put("model", "nested", frame(b'{"a":' + b"[" * 99 + b"]" * 99 + b"}", 0))
put("model", "huge-number", frame(b'{"a":{"shape":[1e999]}}', 0))
put("model", "nul", frame(b'{"__metadata__":{"a\\u0000b":"c\\u0000"}}', 0))
put("model", "promise", struct.pack("<Q", 1 << 60) + b"{}")
put("model", "long", struct.pack("<Q", 99999999) + b"{}")
put("model", "escape", frame(b'{"__metadata__":{"format":"\\u001b[31m\xc2\x9bx"}}', 0))
for name in "html", "zeros", "images", "zip", "numpy", "pickle":
    put("model", name, idx[name])
put("model", "gzip", whole)

# As mnist-train writes them, of a net for images of 2 x 2.
WHOLE = ["epoch", "ended", "step", "seen", "correct_sum", "loss_sum", "lr", "end", "seconds", "updates", "beta1_power",
         "beta2_power", "loss_scale", "loss_scale_fitting", "averaged", "best_epoch", "since_better", "best_loss",
         "loss_to_beat"]
REAL = {"loss_sum", "lr", "seconds", "beta1_power", "beta2_power", "loss_scale", "best_loss", "loss_to_beat"}


def checkpoint(config, arenas, log="none", extra=0, **place):
    """arenas: names of what has the net's layers; extra: rows beside the inputs and the bias."""
    widths = [4] + [int(w) for w in config.get("hidden", "none").replace("none", "").split(",") if w] + [10]
    values = {"epoch": 1, "ended": 1, "step": 1, "seen": 6, "updates": 1, "lr": 0.1, "beta1_power": 0.9,
              "beta2_power": 0.999, "loss_to_beat": 2.5, "best_loss": 2.5, "best_epoch": 1, **place}
    head, data = {}, b""
    for name in WHOLE:
        kind = "F64" if name in REAL else "U64"
        head[name] = {"dtype": kind, "shape": [], "data_offsets": [len(data), len(data) + 8]}
        data += struct.pack("<d" if name in REAL else "<Q", values.get(name, 0))
    for arena in arenas:
        for layer, (a, b) in enumerate(zip(widths, widths[1:])):
            rows = a + 1 + (extra if layer + 2 < len(widths) else 0)
            n = 4 * rows * b
            head[f"{arena}.layers.{layer}"] = {"dtype": "F32", "shape": [rows, b], "data_offsets": [len(data), len(data) + n]}
            data += b"\0\0\0\x3d" * (rows * b)
    over = values["epoch"] - (1 - values["ended"])
    if over > 0:
        head["epochs"] = {"dtype": "F64", "shape": [over, 6], "data_offsets": [len(data), len(data) + 48 * over]}
        data += struct.pack("<6d", 0.1, 0.5, 0.75, 0.25, 0.5, 0.001) * over
    meta = {"format": "mnist-checkpoint", "format_version": "2", "crc32": "00000000",
            "config": json.dumps({"dataset": "synthetic", "epochs": 3, "batch-size": 6, "hidden": "none", **config}, separators=(",", ":")),
            "log": log, "train_images_sha256": "train",
            "train_labels_sha256": "labels", "test_images_sha256": "train", "test_labels_sha256": "labels"}
    text = json.dumps({"__metadata__": meta, **head}, separators=(",", ":")).encode()
    file = frame(text, 0)
    return frame(text + b" " * (-len(text) % 8), 0) if not data else seal(file + data)


def seal(file):
    (length,) = struct.unpack("<Q", file[:8])
    place = file.index(b'"crc32":"') + 9
    blank = file[:place] + b"0" * 8 + file[place + 8:]
    return file[:place] + b"%08x" % zlib.crc32(blank) + file[place + 8:]


sgd = ("net", "optimizer.first")
put("checkpoint", "plain", checkpoint({}, sgd))
put("checkpoint", "hidden", checkpoint({"hidden": "3"}, sgd, "1234 00c0ffee"))
put("checkpoint", "log", checkpoint({"log": "a.csv"}, sgd, "1234 00c0ffee"))
put("checkpoint", "lost", checkpoint({"log": "a.csv"}, sgd, "lost"))
put("checkpoint", "adam", checkpoint({"optimizer": "adam", "lr": 0.001}, sgd + ("optimizer.second",)))
put("checkpoint", "rmsprop", checkpoint({"optimizer": "rmsprop", "hidden": "2,3"}, sgd + ("optimizer.second",)))
put("checkpoint", "average", checkpoint({"ema": 0.9}, sgd + ("average",), averaged=1))
put("checkpoint", "swa", checkpoint({"swa-start": 0.5}, sgd + ("average",)))
put("checkpoint", "best", checkpoint({"keep": "best"}, sgd + ("best",)))
put("checkpoint", "norm", checkpoint({"batch-norm": True, "hidden": "2"}, sgd, extra=3))
put("checkpoint", "fp16", checkpoint({"precision": "fp16"}, sgd, loss_scale=32768.0))
put("checkpoint", "amid", checkpoint({"batch-size": 2}, sgd, ended=0, step=2, seen=4, updates=2, best_epoch=0))
put("checkpoint", "end", checkpoint({}, sgd, epoch=3, step=3, updates=3))
put("checkpoint", "augment", checkpoint({"augment": "shift=1", "dropout": "0.5", "hidden": "4"}, sgd))
put("checkpoint", "wide", seal(checkpoint({"hidden": "3"}, sgd).replace(b'\\"3\\"', b'\\"9\\"')))
put("checkpoint", "nan", seal(checkpoint({}, sgd)[:-204] + b"\0\0\xc0\x7f" + checkpoint({}, sgd)[-200:]))
put("checkpoint", "bare", frame(b'{"__metadata__":{"format":"mnist-checkpoint","format_version":"2","crc32":"00000000"}}', 0))
put("checkpoint", "model", model(metadata(1, "none"), one, one_size))

configs = {
    "empty": "{}",
    "array": "[1]",
    "numbers": '{"epochs":3,"lr":0.1,"batch-size":7,"val-split":"5%","min-accuracy":0.97,'
               '"max-loss":1e-3,"seed":"18446744073709551615","max-time":1.5}',
    "lists": '{"hidden":[512,512],"dropout":[0.5,0.25]}',
    "texts": '{"hidden":"none","dropout":"0.2","augment":"ciresan,shift=1","log":"a.csv",'
             '"output":"m.safetensors","data-dir":"d","schedule":"cosine","optimizer":"adamw"}',
    "flags": '{"nesterov":false,"batch-norm":true}',
    "recipe": '{"recipe":"fast","epochs":2}',
    "unknown": '{"epoch":3}',
    "command-line": '{"json":true}',
    "wrong-type": '{"epochs":"3","lr":null}',
    "nested": '{"hidden":[[[[[[[1]]]]]]]}',
    "duplicate": '{"epochs":1,"epochs":2}',
    "huge": '{"lr":1e400}',
    "long": '{"hidden":[' + ",".join(["1"] * 40) + "]}",
    "escape": '{"\\u001b[31m\\u009b":1}',
    "nul": '{"output":"a\\u0000b"}',
    "cut": '{"epochs":3',
    "raw": '{"lr":\x1b[2J}',
    "tune": '{"patience":3,"keep":"best","ema":0.9,"swa-start":0.5}',
}
for name, text in configs.items():
    put("config", name, text)

lines = {
    "none": "", "help": "--help", "version": "-V", "print": "--print-config",
    "usual": "-e\n3\n--lr=0.1\n--hidden\n512,512\n-qs1\n--no-nesterov",
    "unknown": "--epoch\n3", "abbreviated": "--epoc=3", "letter": "-lr\n0.1", "no": "--no-json",
    "argument": "--json=yes", "missing": "--epochs", "operand": "mnist", "dashes": "--\n--epochs",
    "recipe": "--recipe\nfast\n--seed\n7", "list": "--recipe=list", "config": "--config\nnone",
    "tune": "--tune=5\n--hidden=8", "runs": "--runs=2\n-o\nm-{seed}", "odd": "-\xff\n--\x1b[31m",
    "augment": "--augment=shift=1,elastic=34:4\n--preview=a.png", "gate": "--min-accuracy=97%",
    "eval": "model\n--tta=4\n--confusion\n--json\n-d\nsynthetic", "bench": "--quick\n--runs=3",
    "predict": "model\n-\n-k3\n--invert=yes\n--center\nbox\n--line", "read": "--text\nmodel\na.png\n--show",
}
for name, text in lines.items():
    for number, program in enumerate(("train", "eval", "predict", "bench")):  # as in MNIST_PROGRAM_ROOMS
        put("options", f"{program}-{name}", bytes([number]) + text.encode("latin-1"))

values = ["", "0", "1", "-1", "true", "false", "none", "list", "0.5", "1e-3", "-0", ".5", "5.", "1e",
          "97%", "0.01%", "5000", "1e308", "4.9e-324", "1.4e-45", "0.99999999", "0.9999999999999999",
          "18446744073709551615", "18446744073709551616", "512,512", "0.2,0.5", "128,", ",", "nan",
          "inf", "0x10", "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1", "relu", "sgd", "cosine", "unit", "he",
          "bf16", "best", "auto", "synthetic", "name", "123456.789e-7"]
for option in range(0, 80):
    put("values", f"option-{option}", bytes([option]) + values[option % len(values)].encode())
for number, text in enumerate(values):
    put("values", f"value-{number}", bytes([20]) + text.encode())

for number, text in enumerate([
        "none", "light", "simard", "ciresan", "ciresan,shift=1,thickness=0.3,erase=0.2", "shift=64",
        "elastic=34:4", "elastic=0", "elastic=34", "half17", "half17=0", "rotate=180,scale=.5",
        "shear=60.123456", "shift=1.2345678", "shift=", "=", ",", "light,none", "shift=1,simard",
        "rotat=3", "x" * 80, "shift=" + "9" * 80, "\x1b[31m=1", "erase=1.000000,erase=0"]):
    put("augment", f"spec-{number}", text)

ten = "\n".join("zero one two three four five six seven eight nine".split())
for number, text in enumerate([
        ten, ten + "\0" + "1", ten + "\0" + "255", ten + "\0" + "256", ten + "\0" + "01", "a\r\nb\r\n\r\n", "\ufeffa\nb", "a\nb\na", "a\n\nb",
        "a", "", "\n", "a\nb\0c", "x" * 63 + "\nb", "x" * 64 + "\nb", "\u00e4\n\u4e2d\u6587", "a\n\x7f", "\n".join(map(str, range(256))),
        "\n".join(map(str, range(257))), "\n".join(f"{n:060d}" for n in range(200))]):
    put("names", f"names-{number}", text)
put("names", "marks", "\ufeff\ufeffa\nb")
put("names", "latin", b"caf\xe9\nb")

for number, text in enumerate([
        "5%", "0.05", "2:4", "25%,units", "10%,4x16,start=0.2,end=0.9,magnitude", "0.123456789", "1e-3", "0", "100%", "4:4", "2:4,units",
        "5%,4x", "5%,start=", "5%,end=0.05", "5%,,", "9" * 100, "int8", "int2", "int9", "ternary", "binary,start=0.5", "codebook:8",
        "codebook:256,start=25%", "codebook:0", "codebook:", "codebook:99999999999", "int4,start=1", "int4,start=0.5,", "", ",", "20%,10%,units,start=0.2", "4x16,.5,.25", "12288",
        "12KiB", "1.5kB", ".5MiB", "9999999999999MB", "invert,transpose", "max-pixel=1,invert", "max-pixel=1.5", "invert=1",
        "transpose,transpose", "max-pixel=15,"]):
    put("spec", f"spec-{number}", text)

for number, text in enumerate([
        "{}", "[]", "x", "", '{"dataset":"synthetic","synthetic-test":10,"data-seed":3}',
        '{"dataset":"mnist","augment":"ciresan"}', '{"synthetic-test":0}', '{"data-seed":null}',
        '{"synthetic-test":1000001}', '{"data-seed":"18446744073709551615"}', '{"augment":3}',
        '{"augment":"shift=99"}', '{"data-dir":"/etc","test-images":"/etc/passwd"}',
        '{"dataset":["mnist"]}', '{"synthetic-test":1.5}', "[" * 3000]):
    put("adopt", f"options-{number}", text)


def evaluation(mistakes, errors, images="a"):
    return json.dumps({"schema": "mnist-eval/1", "test": {"errors": errors}, "mistakes": mistakes,
                       "data": {"test": {"images_sha256": images, "labels_sha256": "b"}}})


for number, text in enumerate((
        evaluation("", 0), evaluation("0:1 3:9 19:0", 3), evaluation("0:1", 2), evaluation("0:0", 1),
        evaluation("20:1", 1), evaluation("3:1 2:1", 2), evaluation("", 0, "c"), evaluation(7, 0),
        '{"schema":"mnist-train/1"}', '{"schema":"mnist-eval/1"}', "[" * 17, "[]")):
    put("baseline", f"evaluation-{number}", text)

HEADER = "kind,seed,epoch,step,lr,train_loss,train_accuracy,validation_loss,validation_accuracy\n"
NAMES = HEADER.strip().split(",")


def json_line(line):
    """A line of CSV as JSON has it."""
    return "{" + ",".join(f'"{name}":' + (f'"{value}"' if name == "kind" else value or "null")
                          for name, value in zip(NAMES, line.split(","))) + "}\n"


# the plan of fuzz_log.c: seed 1, three epochs of five steps
EPOCHS = ["epoch,1,1,5,0.0912,2.1,0.2,1.9,0.31", "epoch,1,2,10,0.04,1.2,0.61,0.93,0.7",
          "epoch,1,3,15,1.5e-05,0.8,0.81,0.96,0.69"]
for number, lines in enumerate((
        EPOCHS, EPOCHS[:2], [line.rsplit(",", 2)[0] + ",," for line in EPOCHS],
        ["step,1,1,1,0.03076923,2.35,0.125,,", "step,1,1,5,0.09,2.2,0.3,,"] + EPOCHS[:1] + ["step,1,2,6,0.1,2,0.25,,"],
        ["epoch,0,1,5,0.1,1,0.5,,"] + EPOCHS + ["epoch,18446744073709551615,1,5,0.1,1,0.5,,"],
        EPOCHS[:2] + ["epoch,1,3,12,0.01,0.9,0.8,0.9,0.7"], ["epoch,1,1,9007199254740992,1e-45,3.4e38,1,-3.4e38,0"],
        ["epoch,2,1,1,0,0,0,0,0", "epoch,2,2,2,1000,1e-300,1e-300,1e-300,1e-300"], EPOCHS[1:], EPOCHS[:1] * 2)):
    put("log", f"csv-{number}", HEADER + "".join(line + "\n" for line in lines))
    put("log", f"jsonl-{number}", "".join(map(json_line, lines)))
put("log", "csv-apart", HEADER + "epoch,2,1,1,5e-324,3.4e38,5e-324,1e-299,0\n")
put("log", "csv-near", HEADER + "epoch,2,1,1,1e-320,3.4028234663852e38,5e-324,3.4028234663851e38,0\n")
put("log", "csv-nan", HEADER + "epoch,1,1,5,0.1,nan,0.5,inf,0.1\nepoch,1,2,10,0.1,-inf,0.5,nan,0.1\n")
put("log", "jsonl-null", json_line(EPOCHS[0]).replace("2.1", "null").replace("1.9", "null"))
put("log", "jsonl-blanks", json_line(EPOCHS[0]).replace(",", " ,\t").replace(":", " : "))
put("log", "header", HEADER)
put("log", "cut", (HEADER + EPOCHS[0])[:-7])
put("log", "carriage", (HEADER + EPOCHS[0] + "\n").replace("\n", "\r\n"))
put("log", "long", HEADER + "1" * 1100 + "\n")

for number, text in enumerate([
        b"plain", b"\x1b[31m\n\x7f", "ü€😀".encode(), b"\xc2\x9b31m", b"\xc0\x80\xff\xed\xa0\x80",
        b"\xf4\x90\x80\x80\xe0\x80\x80", b"0.1307", b"-1e-45", b"3.4028236e38", b"1.", b"1e+5",
        b"x" * 90]):
    put("text", f"text-{number}", text)

pnm = {
    "p2": b"P2\n# c\n3 2\n255\n0 128 255\n1 2 3\n", "p3": b"P3 2 1 9 1 2 3 4 5 6",
    "p5": b"P5 4 4 255\n" + bytes(range(0, 256, 16)), "p6": b"P6 1 2 255\nabcdef",
    "p5-wide": b"P5 2 1 65535\n\x00\x80\xff\xff", "p6-wide": b"P6 1 1 256\n\0\1\1\0\0\x7f",
    "several": b"P5 2 1 255\nab\nP6 1 1 255 abcP5 1 1 3 \2", "tail": b"P5 1 1 255\nab",
    "promise": b"P5 100000 100000 255\n", "most": b"P5 67108864 1 1\n", "none": b"P5 0 1 255\n",
    "overflow": b"P5 18446744073709551617 1 255\n", "comment": b"P2#\n#\r1#x\n1 1#y\n1#z",
    "value": b"P2 1 1 5 6", "cut": b"P5 3 3 255\nabc", "blank": b"P5 3 3 255\naaaaaaaaa",
    "digit": b"P5 8 9 255\n" + b"".join(bytes(250 - 240 * (c == "#") for c in row) for row in (
        "        ", "  ###   ", " #   #  ", "    #   ", "   #    ", "  #     ", " #####  ", "        ",
        "      # ")),
    "line": b"P5 12 5 255\n" + b"".join(bytes(9 + 200 * (c == "#") for c in row) for row in (
        "            ", " ## # ##### ", " ## #    ## ", " ## #   #   ", "            ")),
}
for name, data in pnm.items():
    put("pnm", name, data)


def chunk(name, body=b""):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(cols, rows, depth, color, raw, interlaced=0, before=b"", after=b""):
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">2I5B", cols, rows, depth, color, 0, 0, interlaced))
            + before + chunk(b"IDAT", zlib.compress(raw)) + after + chunk(b"IEND"))


pictures = {
    "grey": png(3, 2, 8, 0, b"\0abc\1def"), "grey-1": png(9, 1, 1, 0, b"\0\xa5\x80"),
    "grey-2": png(5, 1, 2, 0, b"\0\x1b\xc0", before=chunk(b"tRNS", b"\0\3")),
    "grey-4": png(3, 1, 4, 0, b"\0\x12\x30"), "grey-16": png(2, 1, 16, 0, b"\0\0\1\xff\xff"),
    "rgb": png(2, 2, 8, 2, b"\2abcdef\3ghijkl", before=chunk(b"tRNS", b"\0a\0b\0c")),
    "rgb-16": png(1, 1, 16, 2, b"\4abcdef"), "alpha": png(2, 2, 8, 4, b"\0a\xffb\0\0c\x80d\xff"),
    "rgba": png(2, 1, 8, 6, b"\0abc\xffdef\0"), "rgba-16": png(1, 1, 16, 6, b"\0abcdefgh"),
    "palette": png(4, 1, 2, 3, b"\0\x1b", before=chunk(b"PLTE", b"abcdefghijkl") + chunk(b"tRNS", b"\xff\0")),
    "palette-8": png(3, 1, 8, 3, b"\0\0\1\2", before=chunk(b"PLTE", b"aaabbbccc")),
    "palette-short": png(3, 1, 8, 3, b"\0\0\1\x77", before=chunk(b"PLTE", b"aaabbbccc")),
    "palette-none": png(3, 1, 8, 3, b"\0\0\1\2"),
    "interlaced": png(3, 3, 8, 0, b"\0a\0b\0c\0d\0e\0fgh", 1),
    "interlaced-1": png(9, 9, 1, 0, bytes(60), 1), "text": png(1, 1, 8, 0, b"\0a", before=chunk(b"tEXt", b"k\0v")),
    "ztxt": png(1, 1, 8, 0, b"\0a", before=chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(9999)))),
    "iccp": png(1, 1, 8, 0, b"\0a", before=chunk(b"iCCP", b"k\0\0" + zlib.compress(bytes(999)))),
    "gama": png(1, 1, 8, 0, b"\0a", before=chunk(b"gAMA", b"\0\0\xb1\x8f") + chunk(b"sRGB", b"\0")),
    "wide": png(100000, 100000, 8, 0, b""), "promise": png(8000, 8000, 8, 6, b"\0"),
    "long": png(1, 1, 8, 0, b"\0abc"), "short": png(3, 3, 8, 0, b"\0abc"), "filter": png(1, 1, 8, 0, b"\x09a"),
    "depth": png(1, 1, 3, 0, b"\0a"), "after": png(1, 1, 8, 0, b"\0a", after=chunk(b"tEXt", b"k\0v")),
    "critical": png(1, 1, 8, 0, b"\0a", before=chunk(b"ABCD")), "signature": b"\x89PNG\r\n\x1a\n",
    "zeros": png(64, 64, 1, 0, bytes(64 * 9)),
    "several": png(1, 1, 8, 0, b"\0a") + b"\0\n" + png(2, 1, 8, 0, b"\0bc"),
    "rest": png(1, 1, 8, 0, b"\0a") + b"rest",
    "exif": png(3, 2, 8, 0, b"\0abc\1def",
                before=chunk(b"eXIf", b"MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0")),
    "exif-after": png(3, 2, 8, 0, b"\0abc\1def",
                      after=chunk(b"eXIf", b"II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\3\0\0\0")),
    "digit": png(28, 28, 8, 0, b"".join(b"\0" + bytes(255 * (4 <= x < 24 and (y in (4, 5) or x + y in (26, 27, 28)))
                                                      for x in range(28)) for y in range(28))),
}
for name, data in pictures.items():
    put("png", name, data)


# --- nets of other programs -------------------------------------------------------------------------

WIDTHS = {"F32": 4, "F64": 8, "F16": 2, "BF16": 2, "I64": 8}


def foreign(shapes, dtype="F32", meta=None):
    """A safetensors file of tensors {name: shape}, whose numbers are small."""
    header, end = ({"__metadata__": meta} if meta else {}), 0
    for name, shape in shapes.items():
        size = WIDTHS[dtype]
        for n in shape:
            size *= n
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + bytes(i % 61 for i in range(end))


PAIR = {"fc1.weight": [3, 4], "fc1.bias": [3], "fc2.weight": [10, 3], "fc2.bias": [10]}
for dtype in "F32", "F64", "F16", "BF16":
    put("torch", "pair-" + dtype.lower(), foreign(PAIR, dtype))
put("torch", "softmax", foreign({"weight": [10, 4], "bias": [10]}))
put("torch", "keras", foreign({"dense/kernel:0": [4, 3], "dense/bias:0": [3], "dense_1/kernel:0": [3, 10]}))
put("torch", "by-shape", foreign({"a.weight": [10, 3], "b.weight": [3, 2], "c.weight": [2, 4]}))
put("torch", "ambiguous", foreign({"a.weight": [10, 3], "b.weight": [3, 3], "c.weight": [3, 3], "d.weight": [4, 3]}))
put("torch", "ours", foreign({"0.weight": [2, 4], "0.bias": [2], "2.weight": [10, 2], "2.bias": [10]},
                             meta={"format": "pt", "activation": "tanh", "mean": "0.1307", "stddev": "0.3081"}))
put("torch", "norm", foreign({**PAIR, "bn.running_mean": [3]}))
put("torch", "conv", foreign({**PAIR, "conv.weight": [1, 1, 3, 3]}))
put("torch", "counter", foreign({**PAIR, "n": []}, "F64"))
put("torch", "int", foreign({"w": [10, 4]}, "I64"))


def npy(shape, descr="<f4", fortran=False, version=1, numbers=None):
    text = f"{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}".encode()
    before = 10 if version == 1 else 12
    text += b" " * (-(before + len(text) + 1) % 16) + b"\n"
    size = int("".join(c for c in descr if c.isdigit()) or 0) * (4 if "U" in descr else 1)
    for n in shape:
        size *= n
    length = struct.pack("<H" if version == 1 else "<I", len(text))
    return (b"\x93NUMPY" + bytes([version, 0]) + length + text
            + (bytes(i % 61 for i in range(size)) if numbers is None else numbers))


for name, data in {
    "matrix": npy((4, 3)), "vector": npy((3,)), "number": npy(()), "fortran": npy((4, 3), fortran=True),
    "big": npy((4, 3), ">f8"), "half": npy((3,), "<f2"), "text": npy((), "<U4"), "int": npy((2,), "<i8"),
    "object": npy((2,), "|O", numbers=b"cos\nsystem\n"), "version2": npy((3,), version=2),
    "version3": npy((3,), version=3), "empty": npy((0, 3)), "deep": npy((1,) * 8), "short": npy((4, 3))[:-1],
    "wide": npy((10 ** 14, 10 ** 14), numbers=b""),
}.items():
    put("npy", name, data)


def archive(arrays, method=zipfile.ZIP_STORED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as z:
        for name, data in arrays.items():
            z.writestr(zipfile.ZipInfo(name), data, method)
    return out.getvalue()


SKLEARN = {"coefs_0.npy": npy((4, 3)), "coefs_1.npy": npy((3, 10)), "intercepts_0.npy": npy((3,)),
           "intercepts_1.npy": npy((10,))}
KERAS = {f"arr_{i}.npy": a for i, a in enumerate([npy((4, 3)), npy((3,)), npy((3, 10)), npy((10,))])}
for name, data in {
    "sklearn": archive(SKLEARN), "keras": archive(KERAS, zipfile.ZIP_DEFLATED),
    "known": archive({**SKLEARN, "activation.npy": npy((), "<U4", numbers="tanh".encode("utf-32-le")),
                      "mean.npy": npy((), numbers=struct.pack("<f", 0.1307)),
                      "stddev.npy": npy((), numbers=struct.pack("<f", 0.3081))}),
    "mixed": archive({"fc1.weight.npy": npy((3, 4), ">f8", True), "fc1.bias.npy": npy((3,), "<f2"),
                      "fc2.weight.npy": npy((10, 3), "<f2")}),
    "bomb": archive({"a.npy": bytes(1 << 21)}, zipfile.ZIP_DEFLATED), "none": archive({}),
    "torch": archive({"archive/data.pkl": b"."}), "absolute": archive({"/a.npy": npy((3,))}),
    "upwards": archive({"../a.npy": npy((3,))}), "lzma": archive({"a.npy": npy((3,))}, zipfile.ZIP_LZMA),
    "objects": archive({"a.npy": npy((2,), "|O", numbers=b"cos\nsystem\n")}), "cut": archive(SKLEARN)[:-30],
}.items():
    put("npz", name, data)


for script, target in ("onnx", "onnx"), ("onnx_whole", "onnx"), ("gguf", "gguf"):
    path = pathlib.Path(__file__).parent.parent / f"cli/{script}_files.py"
    subprocess.run([sys.executable, path, "seeds", top / target], check=True)


# packed models: what follows magic, version and checksum
for path in sorted((pathlib.Path(__file__).parent.parent / "models").glob("*.mlpk")):
    put("packed", path.stem, path.read_bytes()[9:])
for name, head in {"softmax": [0, 0, 3, 10], "hidden": [0, 1, 3, 2, 10], "whole": [0x40, 0, 3, 10], "whole-hidden": [0x41, 1, 3, 2, 10],
                   "standard": [0x10, 0, 3, 10, 0, 0, 0, 0, 0, 0, 0x80, 0x3f], "pixels": [0, 0, 64, 10], "large": [0, 0, 0x90, 6, 10],
                   "wide": [0, 0, 0x80, 0x80, 4, 10], "deep": [0, 16] + [1] * 17 + [10]}.items():
    for tail in b"", b"\xff" * 40, b"\x80" + bytes(range(60)), b"\xc0" * 30, b"\x40" + bytes(range(60, 200)):
        put("packed", f"{name}-{len(tail)}", bytes(head) + tail)


# texts to be scored: how, the references, 0x01, what was read
for name, (how, references, hypotheses) in {
    "plain": (b"\x0c\0", "12345\n99\n\n7\n", "12345\n999\n\n1\n"), "names": (b"\x0c\0", "a\t1\t2\nb\t3\n", "x/b\t3\t0.5\n"),
    "marks": (b"\x0e\x0b", "Hello, world. 1-2 &amp;\r\n", "\ufeffHello ,world <skipped>3.5"), "twice": (b"\x10\x4b", "aba\n", "ab a\n"),
    "wide": (b"\x2d\x03", "\u00e9\u4e2d\U0001f600\n", "e\u4e2d\u00a0\n"), "rows": (b"\x0c\0", "a\t1 2\nb\t3\n", "a#1\t1\nx/a#2\t2\nb#9\t3\n"), "tabs": (b"\x04\x20", "a\tb\n", "a\tb\n"),
}.items():
    put("lines", name, how + references.encode() + b"\x01" + hypotheses.encode())
# data sets of any form; the first byte says what is asked (fuzz_import.c)
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))
from formats import idx as idx_file, npy, npz as zip_of, png as png_of, tar  # noqa: E402

csv = {
    "plain": "5,1,2,3,4\n6,0,255,7,8\n", "pixels": "1;2;3;4\r\n5;6;7;8\r\n", "labels": "1\n9\n0\n",
    "kaggle": "label,pixel0,pixel1\n5,1,2\n6,3,4", "openml": "a,b,class\n0,1,9\n", "index": ",y,a,b\n0,1,2,3\n",
    "quoted": '"label","a"\n"1","2"\n', "units": "5,0.0,1.0,0.5,0.2\n", "bytes": "5,0.0,255.0,1.4,1.5\n",
    "exponents": "5,1e0,5E-1,-1,+0.25\n", "long": "5,0.12345678901234567890123,1,1e-400,0\n", "bom": "\ufeff1,2,3,4,5\n",
    "ragged": "1,2,3,4,5\n1,2\n", "beyond": "1,2,3,4,256\n", "ten": "10,2,3,4,5\n", "names": "label,class\n1,2\n",
}
for name, data in csv.items():
    put("csv", name, data)
pair = npy("|u1", (2, 2, 2), bytes(range(8))), npy("|u1", (2,), b"\3\4")
both = {f"{role}_{part}.npy": body for part in ("train", "test") for role, body in zip("xy", pair)}
four = {f"{part}-{what}": body for part in ("train", "t10k") for what, body in
        (("images-idx3-ubyte", idx_file(8, (2, 2, 2), bytes(8))), ("labels-idx1-ubyte", idx_file(8, (2,), b"\1\2")))}
flat_png = png_of(b"".join(bytes(28 - y) + b"\xff" * y for y in range(28)))
classes = {f"{part}/{label}/1.png": flat_png for part in ("train", "test") for label in "25"}
forms = {
    "npz": zip_of(both), "one": zip_of({"a.npy": pair[0], "b.npy": pair[1]}), "idx-zip": zip_of(four), "idx-tar": tar(four),
    "idx-tar-gz": gzip.compress(tar(four)), "png-zip": zip_of(classes, 0), "png-tar": tar({"1/1.png": flat_png}),
    "pgm-tar": tar({"a/2.pgm": b"P5 2 2 255\n\0\1\2\xff", "b/1.pgm": b"P2 1 1 9 4"}), "csv-zip": zip_of({"train.csv": b"5,1,2,3,4\n"}),
    "csv": b"5,1,2,3,4\n", "csv-gz": gzip.compress(b"5,1,2,3,4\n"), "floats": npy("<f4", (1, 4), struct.pack("<4f", 0, .5, 1, .25)),
    "doubles": npy(">f8", (1, 4), struct.pack(">4d", 0, -.5, 1, .25)), "columns": npy("|u1", (2, 2, 2), bytes(range(8)), True),
    "signed": idx_file(9, (1, 2, 2), b"\x80\x80\0\x7f"), "short": idx_file(11, (1, 1, 2, 2), bytes(8)),
    "flat": idx_file(8, (2, 4), bytes(8)), "wide": npy("<u2", (1, 4), struct.pack("<4H", 0, 65535, 256, 9)),
    "bools": npy("|b1", (1, 4), b"\0\1\1\0"), "halves": npy("<f2", (1, 4), struct.pack("<4e", 0, .5, 1, .25)),
    "one-hot": zip_of({"x.npy": pair[0], "y.npy": npy("<i4", (2, 3), struct.pack("<6i", 0, 1, 0, 0, 0, 1))}),
    "html": b"<html>", "bz2": bz2.compress(b"5,1,2,3,4\n"), "xz": lzma.compress(b"5,1,2,3,4\n"),
    "nested": gzip.compress(zip_of({"a.csv.gz": gzip.compress(b"5,1,2,3,4\n")})),
}
for name, data in forms.items():
    for asked in (1, 13, 19):
        put("import", f"{name}-{asked}", bytes([asked]) + data)


def dictionary(target, words):
    lines = ['"' + "".join(chr(b) if 32 <= b < 127 and b not in b'"\\' else f"\\x{b:02x}" for b in w)
             + '"\n' for w in words]
    (top / f"{target}.dict").write_text("".join(lines))


options = """activation adversarial adversarial-share augment baseline batch-norm batch-size beta1 beta2
calibration clip-norm color confidence-penalty config confusion csv curves data-dir data-seed dataset dropout
dry-run ema ensemble epochs epsilon filter help hidden init input-dropout input-noise json keep
label-smoothing limit log log-every lr max-loss max-norm max-time metrics min-accuracy min-delta mixup
momentum nesterov no-batch-norm no-nesterov normalize optimizer output patience precision predictions preview
print-config progress quantize quick quiet recipe rho runs schedule seed step-count step-factor swa-start
synthetic-test synthetic-train temperature test-images test-labels threads tolerance train-images train-labels
tie-pixels tta tune val-split vat vat-weight verbose version warmup weight-decay worst zero-skip""".split()
names = """relu tanh sigmoid leaky-relu gelu he xavier auto sgd adam adamw rmsprop constant step cosine
one-cycle fp32 bf16 fp16 last best on off unit standard mnist fashion synthetic none fast plain default
quick99 simard augmented ciresan small25k small100k list true false .csv .jsonl {seed} 97% 5% 0.5 1e-3
18446744073709551615 512,512 0.2,0.5""".split()
entries = ["shift=", "rotate=", "scale=", "shear=", "elastic=", "thickness=", "erase=", "half17",
           "none", "light", "simard", "ciresan", ":", ",", "0.5", "34:4"]
json_words = ['"', '":', "[", "]", "{", "}", ",", "\\u0000", "\\u001b", "1e999", "null", "true",
              "9223372036854775807", "-1", "0.1"]
encode = [w.encode() for w in json_words]
dictionary("options", [b"--" + o.encode() for o in options] + [b"\n", b"="]
           + [n.encode() for n in names])
dictionary("values", [n.encode() for n in names])
dictionary("config", encode + [b'"' + o.encode() + b'":' for o in options if o != "config"]
           + [n.encode() for n in names] + [e.encode() for e in entries])
dictionary("augment", [e.encode() for e in entries])
dictionary("names", ["\r\n".encode(), b"\xef\xbb\xbf", b"\n", b"\x00" b"1", "\u4e2d".encode()])
dictionary("spec", [e.encode() for e in ("%", ":", "x", ",", "units", "magnitude", "start=", "end=", "int", "ternary", "binary",
                                         "codebook:", "2:4", "0.5", "KiB", "MB", "max-pixel=", "invert", "transpose")])
dictionary("adopt", encode + [e.encode() for e in entries] + [
    b'"dataset":', b'"synthetic-test":', b'"data-seed":', b'"augment":', b'"synthetic"', b'"mnist"'])
dictionary("baseline", encode + [b'"schema":"mnist-eval/1"', b'"data":', b'"test":', b'"images_sha256":"a"',
                                 b'"labels_sha256":"b"', b'"errors":', b'"mistakes":"', b"0:1", b" 19:0"])
dictionary("log", [w.encode() for w in (
    HEADER, "epoch,1,", "step,1,", ",", "\n", "\r\n", "nan", "inf", "-inf", "null", "1e-300", "3.4e38", "5e-324", "0.10000000000000001",
    "0.10000000000000002", "9007199254740992",
    "18446744073709551615", '{"kind":"epoch"', '"kind":"step"', "}\n", "\\u0065")] + [f'"{n}":'.encode() for n in NAMES])
dictionary("model", encode + [w.encode() for w in (
    "__metadata__", '"format":"mnist-mlp"', '"format_version":"1"', '"inputs":"', '"hidden":"',
    '"outputs":"10"', '"activation":"', '"normalization":"', '"mean":"', '"stddev":"',
    '"crc32":"00000000"', "layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias",
    '"dtype":"F32"', '"shape":[', '"data_offsets":[', "relu", "gelu", "unit", "standard", "none")]
    + [b"\x7f\x80\0\0", b"\0\0\x80\x7f", b"\x1f\x8b", b"PK\x03\x04"])
dictionary("packed", [b"\0\0\x03\x0a", b"\x40\x01\x01\x01\x0a", b"\x10\0", b"\x90\x06", b"\x80\x80\x04", b"\x80", b"\xff\xff\xff\xff",
                      b"\0\0\x80\x3f", b"\0\0\x80\x7f"])
dictionary("checkpoint", encode + [w.encode() for w in (
    "__metadata__", '"format":"mnist-checkpoint"', '"config":"', '"epochs"', '"log":"', "none", "lost", '"U64"', '"F64"', '"F32"',
    "net.layers.0", "net.layers.1", "optimizer.first.layers.0", "optimizer.second.layers.0", "average.layers.0", "best.layers.0",
    '"shape":[', '"data_offsets":[', '\\"')] + [n.encode() for n in WHOLE] + [b'\\"' + o.encode() + b'\\":' for o in options]
    + [b"\x7f\x80\0\0", b"\0\0\x80\x7f", b"\0\0\0\0\0\0\xf0\x7f", b"\xff" * 8])
dictionary("idx", [b"\0\0\x08\x03", b"\0\0\x08\x01", b"\0\0\x0c\x01", b"\0\0\x0c\x02", b"\0\0\0\x01",
                   b"\xff\xff\xff\xff", b"\0\x01\0\0", b"\x1f\x8b\x08", b"\x80\0\0\0"])
dictionary("gzip", [b"\x1f\x8b\x08\0", b"\0\0\x08\x03", b"\0\0\x08\x01", b"\0\0\x0c\x02",
                    b"\0\0\0\x01", b"\xff\xff\xff\xff", b"\0\x01\0\0"])
dictionary("text", [b"\x1b[", b"\xc2\x9b", b"\xe2\x80\xae", b"\xf0\x9f\x98\x80", b"e-45", b"0."])
dictionary("pnm", [b"P2", b"P3", b"P5", b"P6", b"#", b"255", b"65535", b"256", b"67108864", b"\n", b" "])
dictionary("png", [b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"gAMA", b"iCCP", b"zTXt", b"iTXt", b"sPLT",
                   b"\x89PNG\r\n\x1a\n", b"\0\0\0\x0d", b"\x78\x9c", b"\x10\x06", b"\x08\x03", b"eXIf", b"II*\0", b"MM\0*"])
dictionary("torch", encode + [w.encode() for w in (
    "__metadata__", '"format":"pt"', '"activation":"', '"mean":"', '"stddev":"', "fc1.weight", "fc1.bias", "fc2.weight",
    "fc2.bias", "net.0.weight", "kernel:0", "running_mean", '"dtype":"F32"', '"F16"', '"BF16"', '"F64"', '"I64"',
    '"shape":[', '"data_offsets":[')] + [b"\0\0\x80\x7f", b"\x80\x7f", b"\x7c\0"])
DESCRS = ["<f4", ">f8", "<f2", "=f4", "|O", "<U4", "<i8", "'descr': '", "'fortran_order': True", "'shape': (", "False", ", }", "()",
          "(10,)", "999999999999999"]
dictionary("npy", [b"\x93NUMPY\x01\0", b"\x93NUMPY\x02\0"] + [d.encode() for d in DESCRS])
dictionary("npz", [b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"\x01\0\x14\0", b"\x08\0",
                   b"\xff\xff\xff\xff", b"\x93NUMPY\x01\0", b".npy", b"coefs_0", b"intercepts_0", b"arr_0", b"../", b"/"]
           + [d.encode() for d in DESCRS])
dictionary("onnx", [op.encode() for op in ("Gemm", "MatMul", "Add", "Sub", "Mul", "Div", "Relu", "Tanh", "Sigmoid", "LeakyRelu",
           "Gelu", "Softmax", "Flatten", "Reshape", "Cast", "Constant", "Identity", "Dropout", "transB", "transA", "alpha", "beta",
           "axis", "to", "value", "approximate", "tanh", "ai.onnx", "QuantizeLinear", "DequantizeLinear", "mnist.most", "mnist.mean",
           "mnist.stddev")] + [b"\x42\x02\x10\x0d", b"\x0a\x01x", b"\x12\x01z", b"\xa0\x01\x01"])
dictionary("gguf", [b"GGUF\x03\0\0\0", b"general.architecture", b"mnist-fc", b"general.alignment", b"mnist-fc.mean", b"mnist-fc.stddev",
                    b"mnist-fc.activation", b"fc1.weight", b"fc1.bias", b"fc2.weight", b"fc2.bias", b"\x08\0\0\0", b"\x09\0\0\0",
                    b"\xff\xff\xff\xff\xff\xff\xff\xff", b"\x40\0\0\0", b"\x1c\0\0\0", b"\x1e\0\0\0"])
dictionary("csv", [b"label", b"class", b"id", b"\xef\xbb\xbf", b"\r\n", b"0.5", b"1e-1", b"255.0", b"-1", b"255", b'"', b";", b"\t"])
dictionary("import", [b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"ustar  \0", b"\x93NUMPY\x01\0", b"\0\0\x0d\x03", b"\0\0\x08\x02",
                      b"\x1f\x8b\x08\0", b"BZh9", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"\x89PNG\r\n\x1a\n", b"P5 2 2 255\n", b"x_train.npy",
                      b"y_train.npy", b"arr_0.npy", b"train/", b"test/", b"images", b"labels", b".png", b".csv", b".gz", b"label,"]
           + [d.encode() for d in DESCRS + ["|u1", "|b1", "<u2"]])
