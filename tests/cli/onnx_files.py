#!/usr/bin/env python3
"""onnx_files.py COMMAND ...: ONNX files as other programs write them, and wrong ones, for test_convert_onnx.sh. Needs no more
than Python: messages are put together here, byte by byte.

  variants MODEL DIR   the model's net (a safetensors file of mnist-train) in the forms that other programs give it
  hostile DIR          files that are wrong
  seeds DIR            small ones to begin fuzzing with
"""
import json
import pathlib
import struct
import sys

FLOAT, UINT8, INT8, INT32, INT64, FLOAT16, DOUBLE, BFLOAT16 = 1, 2, 3, 6, 7, 10, 11, 16


def varint(n):
    n &= 2 ** 64 - 1
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def num(field, n):
    return varint(field << 3) + varint(n)


def blob(field, data):
    data = data.encode() if isinstance(data, str) else data
    return varint(field << 3 | 2) + varint(len(data)) + data


def f32(field, x):
    return varint(field << 3 | 5) + struct.pack("<f", x)


def packed(values, kind):
    if kind == BFLOAT16:
        return b"".join(struct.pack("<f", v)[2:] for v in values)
    return struct.pack(f"<{len(values)}" + {FLOAT: "f", DOUBLE: "d", FLOAT16: "e", INT64: "q", UINT8: "B", INT8: "b", INT32: "i"}[kind],
                       *values)


def tensor(name, dims, values, kind=FLOAT, how="raw", more=b""):
    out = b"".join(num(1, d) for d in dims) + num(2, kind)
    if how == "raw":
        out += blob(9, packed(values, kind))
    elif how == "typed":
        if kind in (FLOAT16, BFLOAT16):
            data = packed(values, kind)
            out += blob(5, b"".join(varint(data[i] | data[i + 1] << 8) for i in range(0, len(data), 2)))
        elif kind in (UINT8, INT8, INT32):
            out += blob(5, b"".join(varint(v) for v in values))
        elif kind == INT64:
            out += blob(7, b"".join(varint(v) for v in values))
        else:
            out += blob({FLOAT: 4, DOUBLE: 10}[kind], packed(values, kind))
    return out + blob(8, name) + more


def attribute(name, value):
    out = blob(1, name)
    if isinstance(value, float):
        return out + f32(2, value) + num(20, 1)
    if isinstance(value, int):
        return out + num(3, value) + num(20, 2)
    if isinstance(value, str):
        return out + blob(4, value) + num(20, 3)
    return out + blob(5, value) + num(20, 4)


def node(op, inputs, outputs, domain=None, **attributes):
    out = b"".join(blob(1, i) for i in inputs) + b"".join(blob(2, o) for o in outputs) + blob(3, "n_" + outputs[0])
    out += blob(4, op) + b"".join(blob(5, attribute(k, v)) for k, v in attributes.items())
    return out + (blob(7, domain) if domain else b"")


def port(name, kind, dims):
    shape = b"".join(blob(1, blob(2, d) if isinstance(d, str) else num(1, d)) for d in dims)
    return blob(1, name) + blob(2, blob(1, num(1, kind) + blob(2, shape)))


def graph(nodes, tensors, inputs, outputs):
    return (b"".join(blob(1, n) for n in nodes) + blob(2, "g") + b"".join(blob(5, t) for t in tensors)
            + b"".join(blob(11, i) for i in inputs) + b"".join(blob(12, o) for o in outputs))


def model(g, opset=13, more=b""):
    return num(1, 8) + blob(2, "pytorch") + blob(7, g) + blob(8, num(2, opset)) + more


def read(path):
    raw = pathlib.Path(path).read_bytes()
    end = 8 + struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8:end])
    meta = header.pop("__metadata__")
    tensors = {n: (t["shape"], raw[end:][t["data_offsets"][0]:t["data_offsets"][1]]) for n, t in header.items()}
    layers = []
    for l in range(len(tensors) // 2):
        shape, weights = tensors[f"layers.{l}.weight"]
        layers.append((shape[0], shape[1], struct.unpack(f"<{len(weights) // 4}f", weights),
                       struct.unpack(f"<{shape[1]}f", tensors[f"layers.{l}.bias"][1])))
    return meta, layers


def turned(w, rows, columns):
    return [w[r * columns + c] for c in range(columns) for r in range(rows)]


GELU = [("Mul", ["{z}", "{z}"], "p2"), ("Mul", ["{z}", "p2"], "p3"), ("Mul", ["kappa", "p3"], "k"), ("Add", ["{z}", "k"], "i"),
        ("Mul", ["beta", "i"], "j"), ("Tanh", ["j"], "t"), ("Add", ["one", "t"], "u"), ("Mul", ["{z}", "u"], "v"),
        ("Mul", ["half", "v"], "w")]


def net(layers, activation="Relu", gemm=True, kind=FLOAT, how="raw", source=UINT8, before=(), head=True, softmax="Softmax"):
    """A whole file, of layers (inputs, outputs, weights, bias)."""
    nodes, tensors, at = [], [], "x"
    side = int(layers[0][0] ** 0.5)
    dims = ["N", 1, side, side] if side * side == layers[0][0] and side > 1 else ["N", layers[0][0]]
    if head and source == UINT8:
        nodes += [node("Cast", [at], ["c"], to=FLOAT), node("Div", ["c", "m"], ["d"])]
        tensors += [tensor("m", [], [255.0])]
        at = "d"
    for i, (op, c) in enumerate(before):
        nodes += [node("Constant", [], [f"k{i}"], value=tensor("", [1], [c])), node(op, [at, f"k{i}"], [f"q{i}"])]
        at = f"q{i}"
    nodes += [node("Flatten", [at], ["flat"])] if gemm else [node("Reshape", [at, "s"], ["flat"])]
    tensors += [] if gemm else [tensor("s", [2], [-1, layers[0][0]], INT64, "typed" if how == "typed" else "raw")]
    at = "flat"
    for l, (rows, columns, w, b) in enumerate(layers):
        if gemm:
            tensors += [tensor(f"w{l}", [columns, rows], turned(w, rows, columns), kind, how), tensor(f"b{l}", [columns], b, kind, how)]
            nodes += [node("Gemm", [at, f"w{l}", f"b{l}"], [f"z{l}"], alpha=1.0, beta=1.0, transB=1)]
        else:
            tensors += [tensor(f"w{l}", [rows, columns], w, kind, how), tensor(f"b{l}", [columns], b, kind, how)]
            nodes += [node("MatMul", [at, f"w{l}"], [f"y{l}"]), node("Add", [f"b{l}", f"y{l}"], [f"z{l}"])]
        at = f"z{l}"
        if l + 1 < len(layers) and activation == "gelu":
            for op, inputs, out in GELU:
                nodes += [node(op, [i.format(z=at) if "{" in i or i in ("kappa", "beta", "one", "half") else f"{i}_{l}"
                                    for i in inputs], [f"{out}_{l}"])]
            at = f"w_{l}"
        elif l + 1 < len(layers):
            nodes += [node(activation, [at], [f"h{l}"])]
            at = f"h{l}"
    if activation == "gelu":
        tensors += [tensor("kappa", [], [0.044715]), tensor("beta", [], [0.7978845608]), tensor("one", [], [1.0]),
                    tensor("half", [], [0.5])]
    if softmax:
        nodes += [node(softmax, [at], ["p"], axis=-1)]
        at = "p"
    return model(graph(nodes, tensors, [port("x", source, dims)], [port(at, FLOAT, ["N", 10])]))


def variants(path, out):
    meta, layers = read(path)
    mean, stddev = float(meta["mean"]), float(meta["stddev"])
    standard = [("Sub", mean), ("Div", stddev)]
    files = {
        "gemm": net(layers, "Tanh", before=standard),
        "matmul": net(layers, "Tanh", gemm=False, how="typed", before=standard, softmax=None),
        "log-softmax": net(layers, "Tanh", before=standard, softmax="LogSoftmax"),
        "double": net(layers, "Tanh", kind=DOUBLE, before=standard),
        "doubles": net(layers, "Tanh", kind=DOUBLE, how="typed", gemm=False, before=standard),
        "floats": net(layers, "Tanh", source=FLOAT, before=standard),
        "nothing-known": net(layers, "Tanh", source=FLOAT),
    }
    coarse = [(r, c, [struct.unpack("<f", b"\0\0" + struct.pack("<f", v)[2:])[0] for v in w], [0.5] * c) for r, c, w, _ in layers]
    coarse = [(r, c, [round(v * 64) / 64 for v in w], b) for r, c, w, b in coarse]
    for kind, name in (FLOAT, "F32"), (FLOAT16, "F16"), (BFLOAT16, "BF16"):
        for how in "raw", "typed":
            files[f"coarse-{name}-{how}"] = net(coarse, "gelu", kind=kind, how=how, before=standard)
    files["defaults"] = defaults(layers, mean, stddev)
    for name, data in files.items():
        (pathlib.Path(out) / f"{name}.onnx").write_bytes(data)


def defaults(layers, mean, stddev):
    """What older exporters write: initializers among the inputs, pixels multiplied rather than divided, alpha and beta of a
    Gemm, one without a bias, a Reshape after a layer that leaves the width open."""
    nodes = [node("Cast", ["x"], ["c"], to=FLOAT), node("Mul", ["c", "m"], ["d"]), node("Add", ["a", "d"], ["e"]),
             node("Flatten", ["e"], ["h0"])]
    tensors = [tensor("m", [], [1 / 255 / stddev], DOUBLE), tensor("a", [], [-mean / stddev], DOUBLE), tensor("s", [2], [0, -1], INT64)]
    for l, (rows, columns, w, b) in enumerate(layers):
        tensors += [tensor(f"w{l}", [rows, columns], [v * 2 for v in w])]
        if l == 1:
            nodes += [node("Gemm", [f"h{l}", f"w{l}", ""], [f"y{l}"], alpha=0.5), node("Add", [f"y{l}", f"b{l}"], [f"z{l}"])]
        else:
            nodes += [node("Gemm", [f"h{l}", f"w{l}", f"b{l}"], [f"z{l}"], alpha=0.5, beta=0.25)]
        tensors += [tensor(f"b{l}", [columns], [v * (1 if l == 1 else 4) for v in b])]
        if l + 1 < len(layers):
            nodes += [node("Tanh", [f"z{l}"], [f"t{l}"]), node("Reshape", [f"t{l}", "s"], [f"h{l + 1}"])]
    inputs = [port("x", UINT8, ["N", 1, 28, 28])] + [port(f"w{l}", FLOAT, [r, c]) for l, (r, c, _, _) in enumerate(layers)]
    return model(graph(nodes, tensors, inputs, [port(f"z{len(layers) - 1}", FLOAT, ["N", 10])]), opset=9)


def small(inputs=4, hidden=3):
    def some(n):
        return [(i % 7 - 3) / 4 for i in range(n)]
    return [(inputs, hidden, some(inputs * hidden), some(hidden)), (hidden, 10, some(hidden * 10), some(10))]


def tiny(nodes=None, tensors=None, inputs=None, outputs=None, **rest):
    """A net of 4 inputs and no hidden layer; parts of it may be replaced."""
    return model(graph(nodes if nodes is not None else [node("Gemm", ["x", "w", "b"], ["z"])],
                       tensors if tensors is not None else [W, B],
                       inputs if inputs is not None else [port("x", FLOAT, ["N", 4])],
                       outputs if outputs is not None else [port("z", FLOAT, ["N", 10])]), **rest)


W, B = tensor("w", [4, 10], [0.25] * 40), tensor("b", [10], [0.5] * 10)
Z = node("Gemm", ["x", "w", "b"], ["z"])
SQUARE = tensor("v", [10, 10], [0.25] * 100)


def deep(levels):
    g = graph([], [], [], [])
    for _ in range(levels):
        g = graph([blob(4, "If") + blob(5, blob(1, "then") + blob(6, g))], [], [], [])
    return model(g)


def two(*between, more=()):
    """Two layers, and nodes between."""
    return tiny([Z, *between, node("MatMul", ["h", "v"], ["out"])], [W, B, SQUARE, *more], outputs=[port("out", FLOAT, [1, 10])])


def says(key, value):
    return blob(14, blob(1, f"mnist.{key}") + blob(2, value))


HOSTILE = {
    "conv": tiny([node("Conv", ["x", "w"], ["z"])]),
    "domain": tiny([node("Gemm", ["x", "w", "b"], ["z"], domain="com.evil")]),
    "cycle": tiny([node("Relu", ["b2"], ["a2"]), node("Relu", ["a2"], ["b2"])]),
    "missing": tiny([node("Gemm", ["x", "nowhere", "b"], ["z"])]),
    "twice": tiny(tensors=[W, W, B]),
    "nodes-twice": tiny([Z, node("Relu", ["z"], ["z"])]),
    "nameless": tiny(tensors=[W, tensor("", [10], [0.5] * 10)]),
    "long-name": tiny(tensors=[W, B, tensor("n" * 600, [1], [0.5])]),
    "external": tiny(tensors=[tensor("w", [4, 10], [], how="none", more=blob(13, blob(1, "location") + blob(2, "/etc/passwd"))
                                     + num(14, 1)), B]),
    "segment": tiny(tensors=[tensor("w", [4, 10], [0.25] * 40, more=blob(3, num(1, 0))), B]),
    "negative": tiny(tensors=[tensor("w", [-4, -10], [0.25] * 40), B]),
    "absurd": tiny(tensors=[tensor("w", [2 ** 62, 2 ** 62], [0.25] * 40), B]),
    "rank": tiny(tensors=[tensor("w", [1] * 9, [0.25]), B]),
    "cube": tiny(tensors=[tensor("w", [4, 10, 1], [0.25] * 40), B]),
    "short": tiny(tensors=[tensor("w", [4, 10], [0.25] * 39), B]),
    "short-typed": tiny(tensors=[tensor("w", [4, 10], [0.25] * 41, how="typed"), B]),
    "both": tiny(tensors=[tensor("w", [4, 10], [0.25] * 40, more=blob(4, packed([0.25] * 40, FLOAT))), B]),
    "half-wide": tiny(tensors=[num(1, 1) + num(2, FLOAT16) + blob(5, varint(65536)) + blob(8, "w"), B]),
    "type": tiny(tensors=[num(1, 4) + num(2, 3) + blob(9, b"1234") + blob(8, "w"), B]),
    "type-99": tiny(tensors=[num(1, 4) + num(2, 99) + blob(9, b"1234") + blob(8, "w"), B]),
    "bias-wide": tiny(tensors=[W, tensor("b", [11], [0.5] * 11)]),
    "bias-shape": tiny(tensors=[W, tensor("b", [10, 1], [0.5] * 10)]),
    "trans-a": tiny([node("Gemm", ["x", "w", "b"], ["z"], transA=1)]),
    "weights-first": tiny([node("MatMul", ["w", "x"], ["z"])]),
    "one-input": tiny([node("Gemm", ["x"], ["z"])]),
    "two-images": tiny(inputs=[port("x", FLOAT, ["N", 4]), port("y", FLOAT, ["N", 4])]),
    "no-input": tiny(inputs=[]),
    "input-int": tiny(inputs=[port("x", INT64, ["N", 4])]),
    "input-flat": tiny(inputs=[port("x", FLOAT, [4])]),
    "input-negative": tiny(inputs=[port("x", FLOAT, ["N", -4])]),
    "input-wide": tiny(inputs=[port("x", FLOAT, ["N", 5])]),
    "not-flat": tiny(inputs=[port("x", FLOAT, ["N", 2, 2])]),
    "axis": tiny([node("Flatten", ["x"], ["f"], axis=0), node("Gemm", ["f", "w", "b"], ["z"])]),
    "reshape": tiny([node("Reshape", ["x", "s"], ["f"]), node("Gemm", ["f", "w", "b"], ["z"])],
                    [W, B, tensor("s", [2], [-1, 5], INT64)]),
    "reshape-3": tiny([node("Reshape", ["x", "s"], ["f"]), node("Gemm", ["f", "w", "b"], ["z"])],
                      [W, B, tensor("s", [3], [-1, 2, 2], INT64)]),
    "cast": tiny([node("Cast", ["x"], ["f"], to=DOUBLE), node("Gemm", ["f", "w", "b"], ["z"])]),
    "no-output": tiny(outputs=[]),
    "output": tiny(outputs=[port("nowhere", FLOAT, ["N", 10])]),
    "output-relu": tiny([Z, node("Relu", ["z"], ["r"])], outputs=[port("r", FLOAT, ["N", 10])]),
    "batch-norm": tiny([Z, node("BatchNormalization", ["z", "b", "b", "b", "b"], ["n"])], outputs=[port("n", FLOAT, ["N", 10])]),
    "softmax-axis": tiny([Z, node("Softmax", ["z"], ["p"], axis=0)], outputs=[port("p", FLOAT, ["N", 10])]),
    "after-softmax": tiny([Z, node("Softmax", ["z"], ["p"]), node("Add", ["p", "b"], ["q"])], outputs=[port("q", FLOAT, ["N", 10])]),
    "many": tiny([node("MatMul", ["x", "w"], ["z"])], [tensor("w", [4, 257], [0.25] * 1028)]),
    "infinite": tiny(tensors=[W, tensor("b", [10], [float("inf")] * 10)]),
    "opset": tiny(opset=6),
    "no-graph": num(1, 8) + blob(2, "pytorch") + blob(8, num(2, 13)),
    "functions": tiny(more=blob(25, blob(1, "f"))),
    "graphs": tiny(more=blob(7, graph([], [], [], []))),
    "no-activation": two(node("Identity", ["z"], ["h"])),
    "leak": two(node("LeakyRelu", ["z"], ["h"], alpha=0.2)),
    "gelu-erf": two(node("Gelu", ["z"], ["h"], approximate="none")),
    "silu": two(node("Sigmoid", ["z"], ["s"]), node("Mul", ["z", "s"], ["h"])),
    "skip": two(node("Relu", ["z"], ["h"]), node("Add", ["h", "x"], ["k"])),
    "vector": two(node("Mul", ["z", "b"], ["h"])),
    "constants": two(node("Mul", ["b", "b"], ["h"])),
    "divided": tiny([node("Div", ["d", "x"], ["f"]), node("MatMul", ["f", "w"], ["z"])], [W, tensor("d", [1], [2.0])]),
    "by-zero": tiny([node("Div", ["x", "d"], ["f"]), node("MatMul", ["f", "w"], ["z"])], [W, tensor("d", [1], [0.0])]),
    "per-pixel": tiny([node("Sub", ["x", "d"], ["f"]), node("MatMul", ["f", "w"], ["z"])], [W, tensor("d", [4], [0.5] * 4)]),
    "mixed": tiny([Z, node("Relu", ["z"], ["h"]), node("MatMul", ["h", "v"], ["y"]), node("Tanh", ["y"], ["g"]),
                   node("MatMul", ["g", "v"], ["out"])], [W, B, SQUARE], outputs=[port("out", FLOAT, [1, 10])]),
    "branch": tiny([node("MatMul", ["x", "w"], ["z"]), node("Relu", ["z"], ["h"]), node("Add", ["z", "b"], ["c"]),
                    node("MatMul", ["h", "v"], ["out"])], [W, B, SQUARE], outputs=[port("out", FLOAT, [1, 10])]),
    "second-image": two(node("Relu", ["z"], ["h2"]), node("MatMul", ["x", "w"], ["h"])),
    "relu-image": tiny([node("Relu", ["x"], ["r"]), node("Gemm", ["r", "w", "b"], ["z"])]),
    "softmax-image": tiny([node("Softmax", ["x"], ["p"])]),
    "after-probabilities": two(node("Softmax", ["z"], ["h"])),
    "constant-image": tiny([node("MatMul", ["w", "v"], ["z"])], [W, SQUARE]),
    "bias-computed": two(node("Relu", ["z"], ["h"]), node("Gemm", ["h", "v", "z"], ["out2"])),
    "int-weights": tiny(tensors=[tensor("w", [4, 10], [1] * 40, INT64), B]),
    "shape-computed": tiny([node("Reshape", ["x", "x"], ["f"]), node("Gemm", ["f", "w", "b"], ["z"])]),
    "shape-bad": tiny([node("Reshape", ["x", "s"], ["f"]), node("Gemm", ["f", "w", "b"], ["z"])],
                      [W, B, tensor("s", [3], [-1, 4], INT64)]),
    "shape-constant": tiny([node("Reshape", ["w", "s"], ["f"]), node("Gemm", ["x", "f", "b"], ["z"])],
                           [W, B, tensor("s", [2], [4, 10], INT64)]),
    "shape-layer": two(node("Relu", ["z"], ["r"]), node("Reshape", ["r", "s"], ["h"]), more=[tensor("s", [2], [-1, 5], INT64)]),
    "shape-open": tiny([node("Reshape", ["x", "s"], ["f"]), node("Gemm", ["f", "w", "b"], ["z"])],
                       [W, B, tensor("s", [2], [-1, -1], INT64)]),
    "shape-unknown": tiny([node("Reshape", ["x", "s"], ["f"]), node("Gemm", ["f", "w", "b"], ["z"])],
                          [W, B, tensor("s", [2], [-2, 4], INT64)], [port("x", FLOAT, ["N", "H", "W"])]),
    "flat-constant": tiny([node("Flatten", ["w"], ["f"]), node("Gemm", ["x", "f", "b"], ["z"])]),
    "nothing": tiny([node("Constant", [], ["c"]), Z]),
    "sparse": model(graph([Z], [W, B], [port("x", FLOAT, ["N", 4])], [port("z", FLOAT, ["N", 10])]) + blob(15, b"")),
    "no-operator": tiny([blob(1, "x") + blob(2, "z")]),
    "input-sequence": tiny(inputs=[blob(1, "x") + blob(2, blob(4, b""))]),
    "widths": tiny([Z, node("Relu", ["z"], ["h"]), node("MatMul", ["h", "w"], ["out"])], outputs=[port("out", FLOAT, [1, 10])]),
    "self": tiny([node("Gemm", ["z", "w", "b"], ["z"])]),
    "opset-none": num(1, 8) + blob(7, graph([Z], [W, B], [port("x", FLOAT, ["N", 4])], [port("z", FLOAT, ["N", 10])])),
    "opset-twice": tiny(more=blob(8, num(2, 17))),
    "opset-far": tiny(opset=-(2 ** 63)),
    "attribute-type": tiny([node("Gemm", ["x", "w", "b"], ["z"], transB=1.0)]),
    "alpha-int": tiny([node("Gemm", ["x", "w", "b"], ["z"], alpha=2)]),
    "alpha-nan": tiny([node("Gemm", ["x", "w", "b"], ["z"], alpha=float("nan"))]),
    "attribute-twice": tiny([Z + blob(5, attribute("transB", 0)) + blob(5, attribute("transB", 1))]),
    "constant-text": tiny([node("Constant", [], ["c"], value="1.0"), Z]),
    "constant-none": tiny([node("Constant", [], ["c"], value_float=1.0), Z]),
    "strings": tiny(tensors=[num(1, 4) + num(1, 10) + num(2, 8) + blob(6, b"0.25") * 40 + blob(8, "w"), B]),
    "largest": tiny(tensors=[tensor("w", [2 ** 63 - 1, 2], [0.25] * 40), B]),
    "least": tiny(tensors=[tensor("w", [4, -2 ** 63], [0.25] * 40), B]),
    "empty": tiny(inputs=[port("x", FLOAT, ["N", "M"])], tensors=[tensor("w", [0, 2 ** 62], []), B]),
    "int-weights": tiny(tensors=[tensor("w", [4, 10], [1] * 40, INT64), B]),
    "zero-in-name": tiny([node("Gemm", ["x", "w", "b\0z"], ["z"])]),
    "input-sequence": tiny(inputs=[blob(1, "x") + blob(2, blob(4, blob(1, blob(1, num(1, FLOAT)))))]),
    "input-default": tiny(tensors=[W, B, tensor("x", [1, 4], [0.5] * 4)]),
    "input-twice": tiny(inputs=[port("x", FLOAT, ["N", 4])] * 2),
    "input-huge": tiny(inputs=[port("x", FLOAT, ["N", 2 ** 63 - 1])]),
    "output-hidden": tiny([Z, node("Relu", ["z"], ["h"]), node("MatMul", ["h", "v"], ["out"])], [W, B, SQUARE],
                          outputs=[port("out", FLOAT, ["N", 10]), port("z", FLOAT, ["N", 10])]),
    "output-image": tiny([Z], outputs=[port("z", FLOAT, ["N", 10]), port("x", FLOAT, ["N", 4])]),
    "output-weights": tiny([Z], outputs=[port("w", FLOAT, [4, 10])]),
    "bias-batch": tiny(tensors=[W, tensor("b", [2, 10], [0.5] * 20)]),
    "bias-cube": tiny([node("MatMul", ["x", "w"], ["y"]), node("Add", ["y", "b"], ["z"])],
                      [W, tensor("b", [1, 1, 10], [0.5] * 10)]),
    "factor-cube": two(node("Mul", ["z", "c"], ["h"]), more=[tensor("c", [1, 1, 1], [0.5])]),
    "bias-image": tiny([node("Gemm", ["x", "w", "x"], ["z"])]),
    "second-bias": two(node("Add", ["z", "b"], ["s"]), node("Relu", ["s"], ["h"])),
    "training": two(node("Relu", ["z"], ["r"]), node("Dropout", ["r", "", "t"], ["h"]),
                    more=[num(2, 9) + blob(9, b"\1") + blob(8, "t")]),
    "reshape-computed": tiny([node("Reshape", ["x", "x"], ["f"]), node("Gemm", ["f", "w", "b"], ["z"])]),
    "relu-images": tiny([node("Relu", ["x"], ["f"]), node("Gemm", ["f", "w", "b"], ["z"])]),
    "three-layers": tiny([Z, node("Relu", ["z"], ["h"]), node("Gemm", ["x", "w", "b"], ["out"])],
                         outputs=[port("out", FLOAT, ["N", 10])]),
    "mean-text": tiny(more=says("mean", "0,13") + says("stddev", "0.3")),
    "mean-alone": tiny(more=says("mean", "0.13")),
    "mean-twice": tiny(more=says("mean", "0.13") * 2 + says("stddev", "0.3")),
    "stddev-zero": tiny(more=says("mean", "0.13") + says("stddev", "0")),
    "deep": deep(40),
    "many-nodes": tiny([Z] + [node("Identity", ["z"], [f"i{i}"]) for i in range(1100)]),
    "swollen": model(graph([], [], [], []) + blob(5, b"") * 70000),
    "cut": tiny()[:-20],
    "wire": num(1, 8) + b"\x12\x02ab" + b"\x0f\x00",
    "field-0": num(1, 8) + b"\x12\x02ab" + b"\x02\x00",
    "long-number": num(1, 8) + b"\x12\x02ab" + b"\x28" + b"\xff" * 11,
    "wrong-type": num(1, 8) + b"\x12\x02ab" + b"\x38\x01",
}


def main():
    command, out = sys.argv[1], pathlib.Path(sys.argv[-1])
    out.mkdir(parents=True, exist_ok=True)
    if command == "variants":
        variants(sys.argv[2], out)
        return
    files = dict(HOSTILE)
    if command == "seeds":
        for name in "many-nodes", "swollen":
            del files[name]
        files["tiny"] = tiny()
        files["opset-99"] = tiny(opset=99)
        # (p - 0.1) / 0.5, and of that (q - 0.165) / 1.4
        files["made-standard"] = tiny([node("Sub", ["x", "c"], ["d"]), node("Div", ["d", "e"], ["f"]),
                                       node("Gemm", ["f", "w", "b"], ["z"])],
                                      [W, B, tensor("c", [], [0.165]), tensor("e", [1], [1.4])],
                                      more=says("mean", "0.1") + says("stddev", "0.5"))
        files["made"] = tiny(more=says("mean", "0.1307") + says("stddev", "0.3081"))
        files["leaky"] = net(small(), "LeakyRelu", before=[("Mul", 2.0), ("Add", -0.5)])
        for activation in "Relu", "Tanh", "Sigmoid", "gelu":
            files[activation.lower()] = net(small(), activation, before=[("Sub", 0.1307), ("Div", 0.3081)])
        for kind in FLOAT, DOUBLE, FLOAT16, BFLOAT16:
            for how in "raw", "typed":
                files[f"matmul-{kind}-{how}"] = net(small(), gemm=False, kind=kind, how=how, source=FLOAT)
    for name, data in files.items():
        (out / f"{name}.onnx").write_bytes(data)


if __name__ == "__main__":
    main()
