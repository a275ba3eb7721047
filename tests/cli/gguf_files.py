#!/usr/bin/env python3
"""gguf_files.py COMMAND ...: GGUF files, for test_convert_gguf.sh. Needs no more than Python.

  variants MODEL DIR   the model's net (a safetensors file of mnist-train) as ggml's example writes it, in other types and alignments
  hostile DIR          files that are wrong
  seeds DIR            small ones to begin fuzzing with
"""
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import onnx_files  # noqa: E402

F32, F16, F64, BF16 = 0, 1, 28, 30
KINDS = {F32: "F32", F16: "F16", F64: "F64", BF16: "BF16"}
OF_ONNX = {F32: onnx_files.FLOAT, F16: onnx_files.FLOAT16, F64: onnx_files.DOUBLE, BF16: onnx_files.BFLOAT16}
U8, I8, U16, I16, U32, I32, FLOAT, BOOL, STRING, ARRAY, U64, I64, DOUBLE = range(13)


def packed(values, kind):
    return onnx_files.packed(values, OF_ONNX[kind])


def u32(n):
    return struct.pack("<I", n)


def u64(n):
    return struct.pack("<Q", n & 2 ** 64 - 1)


def text(s):
    s = s.encode() if isinstance(s, str) else s
    return u64(len(s)) + s


def key(name, kind, value):
    return text(name) + u32(kind) + value


ARCHITECTURE = key("general.architecture", STRING, text("mnist-fc"))


def gguf(tensors, keys=(ARCHITECTURE,), alignment=32, version=3, counts=None, shift=0, cut=None):
    """tensors: [(name, dims, kind, bytes)], dims with the one of numbers side by side first."""
    out = b"GGUF" + u32(version) + (counts or u64(len(tensors)) + u64(len(keys))) + b"".join(keys)
    offset, data = 0, b""
    for name, dims, kind, body in tensors:
        out += text(name) + u32(len(dims)) + b"".join(u64(d) for d in dims) + u32(kind) + u64(offset + shift)
        body += bytes(-len(body) % alignment)
        offset += len(body)
        data += body
    return (out + bytes(-len(out) % alignment) + data)[:cut]


def small(kind=F32, **rest):
    def some(*dims):
        n = dims[0] * (dims[1] if len(dims) > 1 else 1)
        return dims, kind, packed([(i % 7 - 3) / 4 for i in range(n)], kind)
    return gguf([("fc1.weight", *some(4, 3)), ("fc1.bias", *some(3)), ("fc2.weight", *some(3, 10)), ("fc2.bias", *some(10))], **rest)


def variants(path, out):
    tensors = {kind: [] for kind in KINDS}
    plain = []
    for l, (rows, columns, w, b) in enumerate(onnx_files.read(path)[1]):
        across = onnx_files.turned(w, rows, columns)
        plain += [(f"fc{l + 1}.weight", (rows, columns), F32, packed(across, F32)),
                  (f"fc{l + 1}.bias", (columns,), F32, packed(b, F32))]
        for kind in KINDS:
            some = [round(v * 64) / 64 for v in across]
            tensors[kind] += [(f"fc{l + 1}.weight", (rows, columns), kind, packed(some, kind)),
                              (f"fc{l + 1}.bias", (columns,), kind, packed([0.5] * columns, kind))]
    for kind, list_ in tensors.items():
        (out / f"coarse-{KINDS[kind]}.gguf").write_bytes(gguf(list_))
    more = [ARCHITECTURE, key("general.alignment", U32, u32(64)), key("general.name", STRING, text("a net")),
            key("tokens", ARRAY, u32(STRING) + u64(2) + text("a") + text("bc")),
            key("scores", ARRAY, u32(FLOAT) + u64(2) + bytes(8)), key("flag", BOOL, b"\1"), key("wide", I64, u64(-1))]
    (out / "example.gguf").write_bytes(gguf(plain))
    (out / "version2.gguf").write_bytes(gguf(plain, version=2))
    (out / "aligned.gguf").write_bytes(gguf(plain, more, 64))


def one(name="fc1.weight", dims=(4, 10), kind=F32, body=None, **rest):
    return gguf([(name, dims, kind, bytes(160) if body is None else body)], **rest)


HOSTILE = {
    "cut-head": small(cut=20),
    "cut-data": small(cut=-64),
    "cut-padding": small(cut=-1),
    "version": small(version=9),
    "version-0": small(version=0),
    "big-endian": b"GGUF" + struct.pack(">IQQ", 3, 4, 1) + small()[24:],
    "many-tensors": small(counts=u64(2 ** 60) + u64(1)),
    "many-keys": small(counts=u64(4) + u64(-1)),
    "more-keys": small(counts=u64(4) + u64(2)),
    "long-string": small(keys=[u64(-1) + b"general.architecture"]),
    "endless-value": small(keys=[text("a") + u32(STRING) + u64(2 ** 40)]),
    "empty-key": small(keys=[key("", U8, b"\0")]),
    "long-key": small(keys=[key("k" * 300, U8, b"\0")]),
    "twice": small(keys=[ARCHITECTURE, ARCHITECTURE]),
    "value-type": small(keys=[key("k", 13, b"\0")]),
    "array-type": small(keys=[key("k", ARRAY, u32(ARRAY) + u64(1))]),
    "array-count": small(keys=[key("k", ARRAY, u32(U8) + u64(2 ** 63))]),
    "array-strings": small(keys=[key("k", ARRAY, u32(STRING) + u64(2) + text("a") + u64(2 ** 50))]),
    "no-architecture": small(keys=[]),
    "architecture": small(keys=[key("general.architecture", STRING, text("llama"))]),
    "architecture-type": small(keys=[key("general.architecture", U32, u32(1))]),
    "alignment-0": small(keys=[ARCHITECTURE, key("general.alignment", U32, u32(0))]),
    "alignment-33": small(keys=[ARCHITECTURE, key("general.alignment", U32, u32(33))]),
    "alignment-huge": small(keys=[ARCHITECTURE, key("general.alignment", U32, u32(2 ** 31))]),
    "offset": small(shift=4),
    "offset-far": small(shift=2 ** 62),
    "tensor-twice": gguf([("a", (4, 10), F32, bytes(160))] * 2),
    "name-long": one("n" * 64),
    "name-zero": one("fc1\0weight"),
    "rank-0": one(dims=()),
    "rank-3": one(dims=(4, 10, 1)),
    "rank-huge": b"GGUF" + u32(3) + u64(1) + u64(1) + ARCHITECTURE + text("a") + u32(2 ** 31),
    "dimension-0": one(dims=(0, 10)),
    "dimension-huge": one(dims=(2 ** 40, 2 ** 40)),
    "quantised": one(kind=8),
    "integers": one(kind=26),
    "nothing": gguf([]),
    "classes": one(dims=(4, 1), body=bytes(16)),
    "infinite": one(body=struct.pack("<40f", *[float("inf")] * 40)),
}


def main():
    command, out = sys.argv[1], pathlib.Path(sys.argv[-1])
    out.mkdir(parents=True, exist_ok=True)
    if command == "variants":
        variants(sys.argv[2], out)
        return
    files = dict(HOSTILE)
    if command == "seeds":
        files.update({f"small-{KINDS[kind]}": small(kind) for kind in KINDS})
        files["known"] = small(keys=[ARCHITECTURE, key("mnist-fc.mean", FLOAT, struct.pack("<f", 0.1307)),
                                     key("mnist-fc.stddev", FLOAT, struct.pack("<f", 0.3081)),
                                     key("mnist-fc.activation", STRING, text("tanh"))])
        files["arrays"] = small(keys=[ARCHITECTURE, key("a", ARRAY, u32(STRING) + u64(1) + text("b")),
                                      key("c", ARRAY, u32(DOUBLE) + u64(1) + bytes(8))])
    for name, data in files.items():
        (out / f"{name}.gguf").write_bytes(data)


main()
