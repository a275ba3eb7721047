#!/usr/bin/env python3
"""nets.py COMMAND ...: nets in other programs' files, for test_convert.sh. Needs no more than Python, save where said.

  variants MODEL DIR   the model's tensors as PyTorch, Keras and scikit-learn keep them, in every type and order
  hostile DIR          files that are wrong
  native FILE N M      a model of N inputs, M classes and no hidden layer
  same MODEL MODEL     whether two models have the same tensors, to the bit
  numpy NPZ DIR        the same arrays as numpy loads and saves them (python3-numpy)
  vectors OUT JSON     whether OUT.vectors.npz, as numpy loads it, holds what the JSON does, and the net of the NPZ file OUT makes
                       its logits of its pixels (python3-numpy)
  runs FILE            runs a net that mnist-convert wrote for PyTorch as src/convert/README.md says (python3-torch)
"""
import json
import pathlib
import struct
import sys
import zipfile
import zlib


def read(path):
    """A safetensors file: {name: (shape, bytes)}."""
    raw = pathlib.Path(path).read_bytes()
    end = 8 + struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8:end])
    header.pop("__metadata__", None)
    return {n: (t["shape"], raw[end:][t["data_offsets"][0]:t["data_offsets"][1]]) for n, t in header.items()}


def safetensors(path, tensors, meta=None):
    """tensors: {name: (dtype, shape, bytes)}"""
    header, end = ({"__metadata__": meta} if meta else {}), 0
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [end, end + len(data)]}
        end += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    body = struct.pack("<Q", len(text)) + text + b"".join(data for _, _, data in tensors.values())
    pathlib.Path(path).write_bytes(body)


def native(path, inputs, classes):
    inputs, classes = int(inputs), int(classes)
    meta = {"format": "mnist-mlp", "format_version": "1", "inputs": str(inputs), "hidden": "none", "outputs": str(classes),
            "activation": "relu", "normalization": "unit", "mean": "0", "stddev": "1", "crc32": "00000000"}
    safetensors(path, {"layers.0.weight": ("F32", [inputs, classes], bytes(4 * classes * inputs)),
                       "layers.0.bias": ("F32", [classes], bytes(4 * classes))}, meta)
    key = b'"crc32":"00000000" '  # a space moved: the key is looked for as it stands here
    data = pathlib.Path(path).read_bytes().replace(b'"crc32": "00000000"', key)
    pathlib.Path(path).write_bytes(data.replace(key, b'"crc32":"%08x" ' % zlib.crc32(data)))


def floats(data):
    return struct.unpack(f"<{len(data) // 4}f", data)


def turned(values, rows, columns):
    return [values[r * columns + c] for c in range(columns) for r in range(rows)]


def packed(values, kind, order="<"):
    if kind == "BF16":  # numbers that have no more digits
        return b"".join(struct.pack("<f", v)[2:] for v in values)
    return struct.pack(order + str(len(values)) + {"F32": "f", "F64": "d", "F16": "e"}[kind], *values)


def npy(shape, values, kind="F32", order="<", fortran=False):
    descr = order + {"F32": "f4", "F64": "f8", "F16": "f2"}[kind]
    shape_text = "(" + ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "") + ")"
    return npy_file(f"{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape_text}, }}",
                    packed(values, kind, order))


def npy_file(text, data):
    text += " " * (-(10 + len(text) + 1) % 64) + "\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text.encode() + data


def archive(path, arrays, method=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", method) as z:
        for name, data in arrays.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            with z.open(info, "w", force_zip64=True) as f:  # as numpy does it
                f.write(data)


def layers(model):
    tensors = read(model)
    for l in range(len(tensors) // 2):
        shape, weights = tensors[f"layers.{l}.weight"]
        yield shape[0], shape[1], floats(weights), floats(tensors[f"layers.{l}.bias"][1])


def coarse(values):
    """To 8 binary digits, which every type holds."""
    return [struct.unpack("<f", b"\0\0" + struct.pack("<f", v)[2:])[0] if abs(v) > 1e-4 else 0.0 for v in values]


def variants(model, folder):
    net = [(i, o, coarse(w), coarse(b)) for i, o, w, b in layers(model)]
    for kind in "F32", "F64", "F16", "BF16":
        tensors = {}
        for l, (i, o, w, b) in enumerate(net):
            tensors[f"fc{l + 1}.weight"] = (kind, [o, i], packed(turned(w, i, o), kind))
            tensors[f"fc{l + 1}.bias"] = (kind, [o], packed(b, kind))
        safetensors(folder / f"torch-{kind}.safetensors", tensors, {"format": "pt"})
    keras, plain, fortran = {}, {}, {}
    for l, (i, o, w, b) in enumerate(net):
        name = "dense" + (f"_{l}" if l else "")
        keras[name + "/kernel:0.npy"], keras[name + "/bias:0.npy"] = npy([i, o], w), npy([o], b)
        plain[f"arr_{2 * l}.npy"], plain[f"arr_{2 * l + 1}.npy"] = npy([i, o], w, "F64"), npy([o], b, "F16")
        fortran[f"coefs_{l}.npy"] = npy([i, o], turned(w, i, o), "F64", ">", True)
    for l, (_, o, _, b) in enumerate(net):
        fortran[f"intercepts_{l}.npy"] = npy([o], b, "F32", ">")
    archive(folder / "keras.npz", keras)
    archive(folder / "savez.npz", plain, zipfile.ZIP_DEFLATED)
    archive(folder / "sklearn.npz", fortran)
    side, odd = 28, {}
    for l, (i, o, w, b) in enumerate(net):
        if l == 0:  # flattened by columns
            w = [v for r in range(side) for c in range(side) for v in w[(c * side + r) * o:(c * side + r + 1) * o]]
        odd[f"mine{'zyx'[l]}"] = ("F32", [i, o], packed(w, "F32"))
        odd[f"off{'zyx'[l]}"] = ("F32", [o], packed(b, "F32"))
    safetensors(folder / "columns.safetensors", odd)
    safetensors(folder / "coarse.safetensors", {
        f"fc{l + 1}.{n}": t for l, (i, o, w, b) in enumerate(net)
        for n, t in (("weight", ("F32", [o, i], packed(turned(w, i, o), "F32"))), ("bias", ("F32", [o], packed(b, "F32"))))})


def patched(path, source, changes):
    data = bytearray(pathlib.Path(source).read_bytes())
    for at, value in changes.items():
        data[at:at + len(value)] = value
    pathlib.Path(path).write_bytes(bytes(data))


def hostile(folder):
    zeros = lambda *shape: npy(shape, [0.0] * (shape[0] * (shape[1] if len(shape) > 1 else 1)))
    tensor = lambda *shape, kind="F32", width=4: (kind, list(shape), bytes(width * (shape[0] * (shape[1] if len(shape) > 1 else 1))))
    put = lambda name, tensors, meta=None: safetensors(folder / (name + ".safetensors"), tensors, meta)
    zip_of = lambda name, arrays, method=zipfile.ZIP_STORED: archive(folder / (name + ".npz"), arrays, method)
    good = {"a.npy": zeros(4, 10), "b.npy": zeros(10)}
    put("conv", {"conv1.weight": ("F32", [1, 1, 1, 1], bytes(4)), "fc.weight": tensor(10, 4)})
    put("norm", {"fc.weight": tensor(10, 4), "bn.running_mean": tensor(10)})
    put("int8", {"fc.weight": tensor(10, 4, kind="I8", width=1)})
    put("classes", {"fc.weight": tensor(1, 4)})
    put("ambiguous", {n: tensor(*s) for n, s in {"a": (10, 3), "b": (3, 3), "c": (3, 3), "d": (3, 4)}.items()})
    put("vectors", {"a": tensor(10), "b": tensor(10)})
    put("biases", {"w": tensor(10, 4), "a": tensor(10), "b": tensor(4)})
    put("nothing", {})
    put("strange", {"w": ("F12", [1], bytes(2))})
    put("nan", {"fc.weight": ("F32", [10, 4], b"\0\0\xc0\x7f" + bytes(156))})
    put("huge", {"fc.weight": ("F64", [10, 4], struct.pack("<d", 1e300) + bytes(312))})
    put("checkpoint", {"fc.weight": tensor(10, 4)}, {"format": "mnist-checkpoint"})
    put("wide", {"w": ("F32", [10, 0], b"")})
    put("unknown", {"fc1.weight": tensor(3, 4), "fc2.weight": tensor(10, 3)})
    put("softmax", {"fc.weight": tensor(10, 4)})
    put("plain", {"fc.weight": tensor(10, 784)})
    (folder / "cut.safetensors").write_bytes((folder / "unknown.safetensors").read_bytes()[:-1])
    (folder / "text.npz").write_text("this is text\n")
    (folder / "empty.npz").write_bytes(b"")
    zip_of("good", good)
    zip_of("none", {})
    for kind in "identity", "logistic", "tanh":
        said = npy_file(f"{{'descr': '<U{len(kind)}', 'fortran_order': False, 'shape': (), }}", kind.encode("utf-32-le"))
        for name, layers in (kind, {"w1.npy": zeros(4, 3), "b1.npy": zeros(3), "w2.npy": zeros(3, 10), "b2.npy": zeros(10)}), (f"{kind}-1", good):
            zip_of(name, layers | {"activation.npy": said})
    zip_of("bomb", {"a.npy": bytes(1 << 24)}, zipfile.ZIP_DEFLATED)
    zip_of("absolute", {"/etc/a.npy": zeros(4, 10)})
    zip_of("upwards", {"x/../../a.npy": zeros(4, 10)})
    zip_of("drive", {"C:a.npy": zeros(4, 10)})
    zip_of("control", {"a\x1b[31m.npy": zeros(4, 10)})
    zip_of("lzma", good, zipfile.ZIP_LZMA)
    zip_of("bzip2", good, zipfile.ZIP_BZIP2)
    zip_of("torch", {"archive/data.pkl": b"\x80\2.", "archive/data/0": bytes(160)})
    zip_of("keras", {"config.json": b"{}", "model.weights.h5": b"\x89HDF"})
    zip_of("objects", {"a.npy": npy_file("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", b"cos\nsystem\n")})
    zip_of("code", {"a.npy": npy_file("{'descr': __import__('os').getcwd(), 'fortran_order': False, 'shape': (1,), }", b"")})
    zip_of("short", {"a.npy": zeros(4, 10)[:-4]})
    zip_of("large", {"a.npy": npy_file("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999, 99999999999999), }", b"")})
    zip_of("magic", {"a.npy": b"NUMPY" + bytes(40)})
    zip_of("version", {"a.npy": b"\x93NUMPY\x09\0" + zeros(4, 10)[8:]})
    zip_of("long-header", {"a.npy": b"\x93NUMPY\1\0\xff\xff" + bytes(20)})
    zip_of("many", {f"a{i}.npy": zeros(1) for i in range(257)})
    with zipfile.ZipFile(folder / "twice.npz", "w") as z:
        import warnings
        warnings.simplefilter("ignore")
        z.writestr("a.npy", zeros(4, 10))
        z.writestr("a.npy", zeros(4, 10))
    # an entry whose bytes are another one, header and all
    header = lambda name, data: b"PK\3\4" + struct.pack("<HHHHHIIIHH", 20, 0, 0, 0, 33, zlib.crc32(data), len(data), len(data),
                                                         len(name), 0) + name
    inner = header(b"b.npy", zeros(4, 10)) + zeros(4, 10)
    outer = header(b"a.npy", inner)
    lines = b"".join(b"PK\1\2\x14\0" + h[4:30] + bytes(10) + struct.pack("<I", at) + h[30:35]
                     for h, at in ((outer, 0), (inner, len(outer))))
    (folder / "nested.npz").write_bytes(outer + inner + lines + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 2, 2, len(lines),
                                                                                        len(outer + inner), 0))
    deflated = folder / "deflated.npz"
    with zipfile.ZipFile(deflated, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("a.npy", zeros(4, 10))
    central = deflated.read_bytes().index(b"PK\1\2")
    for name, size in ("more", 287), ("fewer", 289):
        patched(folder / f"{name}.npz", deflated, {22: struct.pack("<I", size), central + 24: struct.pack("<I", size)})
    patched(folder / "unequal.npz", deflated, {8: b"\0\0", central + 10: b"\0\0"})  # said to be stored
    data = (folder / "good.npz").read_bytes()
    central, local = data.index(b"PK\1\2"), 0
    end = data.index(b"PK\5\6")
    good_npz = folder / "good.npz"
    patched(folder / "crc.npz", good_npz, {central - 8: b"\x01"})
    patched(folder / "encrypted.npz", good_npz, {central + 8: bytes([data[central + 8] | 1]), 6: bytes([data[6] | 1])})
    patched(folder / "lies.npz", good_npz, {central + 20: struct.pack("<II", 10 ** 6, 10 ** 6)})
    patched(folder / "zip64.npz", good_npz, {central + 20: struct.pack("<II", 0xFFFFFFFF, 0xFFFFFFFF)})
    patched(folder / "directory.npz", good_npz, {end + 16: struct.pack("<I", 0xFFFFFFF0)})
    # two entries of the directory lead to the same bytes
    second = data.index(b"PK\1\2", central + 4)
    entry = bytearray(data[central:second])
    entry[46:51] = b"z.npy"
    size = second - central
    body = data[:central] + data[central:second] * 1 + bytes(entry) * 40
    tail = bytearray(data[end:])
    tail[8:12] = struct.pack("<HH", 41, 41)
    tail[12:20] = struct.pack("<II", 41 * size, central)
    (folder / "overlap.npz").write_bytes(body + bytes(tail))
    (folder / "cut.npz").write_bytes(data[:-20])


def same(one, other):
    a, b = read(one), read(other)
    if a != b:
        sys.exit(f"{one} and {other} have different tensors")


def with_numpy(path, folder):
    import numpy as np
    arrays = dict(np.load(path, allow_pickle=False))
    count = sum(n.startswith("coefs_") for n in arrays)
    assert str(arrays["activation"]) in ("relu", "tanh"), arrays["activation"]
    coefs, intercepts = ([arrays[f"{n}_{i}"] for i in range(count)] for n in ("coefs", "intercepts"))
    known = {n: arrays[n] for n in ("activation", "mean", "stddev")}
    np.savez(folder / "np-savez.npz", *[a for pair in zip(coefs, intercepts) for a in pair])
    np.savez_compressed(folder / "np-sklearn.npz", **known, **{f"coefs_{i}": np.asfortranarray(c.astype(">f8")) for i, c in
                        enumerate(coefs)}, **{f"intercepts_{i}": c for i, c in enumerate(intercepts)})
    np.savez(folder / "np-torch.npz", **known, **{f"net.{2 * i}.weight": c.T for i, c in enumerate(coefs)},
             **{f"net.{2 * i}.bias": c.astype("<f8") for i, c in enumerate(intercepts)})
    np.savez(folder / "np-pickle.npz", np.array([{}, {}]), *coefs)


def vectors_with_numpy(path, document):
    import numpy as np
    v = np.load(path + ".vectors.npz", allow_pickle=False)
    expected = json.loads(pathlib.Path(document).read_text())
    for name, kind in ("pixels", "u1"), ("label", "u1"), ("logits", "f4"), ("probabilities", "f4"):
        array = v["labels" if name == "label" else name]
        assert array.dtype == kind and (array == np.array([i[name] for i in expected["vectors"]], kind)).all(), name
    for name in "schema", "source_sha256", "activation", "mean", "stddev":
        assert v[name] == np.asarray(expected[name], v[name].dtype), name
    net, x = np.load(path, allow_pickle=False), (v["pixels"] / 255 - v["mean"]) / v["stddev"]
    count = sum(n.startswith("coefs_") for n in net)
    for l in range(count):
        x = x @ net[f"coefs_{l}"] + net[f"intercepts_{l}"]
        x = np.tanh(x) if l + 1 < count else x
    assert abs(x - v["logits"]).max() < 1e-5, "the net makes something else of them"
    print(f"{len(x)} images")


def runs(path):
    import torch
    try:
        from safetensors.torch import load_file
    except ImportError:  # a reader of the format in its place
        load_file = lambda p: {n: torch.frombuffer(bytearray(d), dtype=torch.float32).reshape(s) for n, (s, d) in read(p).items()}
    vectors = json.loads(pathlib.Path(path + ".vectors.json").read_text())
    images = torch.tensor([v["pixels"] for v in vectors["vectors"]])
    # --- as in src/convert/README.md
    w = load_file(path)
    names = sorted((n for n in w if n.endswith("weight")), key=lambda n: int(n.split(".")[0]))
    linear = [torch.nn.Linear(*reversed(w[n].shape)) for n in names]
    net = torch.nn.Sequential(*[m for l in linear for m in (l, torch.nn.ReLU())][:-1])
    net.load_state_dict(w)
    mean, stddev = vectors["mean"], vectors["stddev"]
    probabilities = net((images / 255 - mean) / stddev).softmax(1)
    # ---
    expected = torch.tensor([v["probabilities"] for v in vectors["vectors"]])
    difference = (probabilities - expected).abs().max().item()
    print(f"{len(images)} images, largest difference {difference:.2e}")
    if difference > 1e-5:
        sys.exit("PyTorch says something else")


if __name__ == "__main__":
    commands = {"variants": lambda m, d: variants(m, pathlib.Path(d)), "hostile": lambda d: hostile(pathlib.Path(d)),
                "native": native, "same": same, "numpy": lambda m, d: with_numpy(m, pathlib.Path(d)), "vectors": vectors_with_numpy, "runs": runs}
    commands[sys.argv[1]](*sys.argv[2:])
