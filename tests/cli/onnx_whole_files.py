#!/usr/bin/env python3
"""onnx_whole_files.py COMMAND DIR: ONNX files with QuantizeLinear and DequantizeLinear, for test_convert_onnx_whole.sh. Needs no
more than Python.

  variants DIR   nets as other programs round them, and floats.onnx, of the same numbers without
  ours DIR       a net of whole numbers as mnist-convert writes it, and ones that are not quite so
  hostile DIR    files that are wrong
  seeds DIR      small ones to begin fuzzing with
"""
import pathlib
import struct
import sys

from onnx_files import DOUBLE, FLOAT, INT8, INT32, INT64, UINT8, graph, model, node, num, port, says, tensor, turned

INPUTS, HIDDEN, CLASSES = 4, 3, 10


def f32(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


def some(count, most=127):
    return [(37 * i + 11) % (2 * most + 1) - most for i in range(count)]


WEIGHTS = [some(INPUTS * HIDDEN), some(HIDDEN * CLASSES, 100)]  # (in, out)
BIASES = [some(HIDDEN, 1000), some(CLASSES, 1000)]
SHAPES = [(INPUTS, HIDDEN), (HIDDEN, CLASSES)]
SCALES = [[2.0 ** -(6 + i % 3) for i in range(HIDDEN)], [2.0 ** -(5 + i % 4) for i in range(CLASSES)]]
PIXEL, RANGE = f32(1 / 255), 0.0625


def q(x, scale, zero, out, **more):
    return node("QuantizeLinear", [x, scale] + ([zero] if zero else []), [out], **more)


def dq(x, scale, zero, out, **more):
    return node("DequantizeLinear", [x, scale] + ([zero] if zero else []), [out], **more)


def layer(l, inputs, how):
    """Gemm of a layer: nodes, tensors. Weights are as `how` has them."""
    rows, columns = SHAPES[l]
    unit = PIXEL if l == 0 else RANGE
    scales = SCALES[l] if "one" not in how else [SCALES[l][0]] * columns
    floats = [w * scales[i % columns] for i, w in enumerate(WEIGHTS[l])]
    nodes, tensors = [], []
    bias = [f32(b * f32(unit * scales[i])) for i, b in enumerate(BIASES[l])]
    if "floats" in how:
        tensors += [tensor(f"w{l}", [rows, columns], floats), tensor(f"b{l}", [columns], bias)]
        return [node("Gemm", [inputs, f"w{l}", f"b{l}"], [f"z{l}"])], tensors
    tensors += [tensor(f"b{l}_q", [columns], BIASES[l], INT32, "typed" if how == "turned" else "raw"),
                tensor(f"b{l}_s", [columns], [f32(unit * s) for s in scales]), tensor(f"b{l}_z", [columns], [0] * columns, INT32)]
    nodes += [dq(f"b{l}_q", f"b{l}_s", f"b{l}_z", f"b{l}", axis=0)]
    if how == "turned":  # (out, in), a scale an output
        tensors += [tensor(f"w{l}_q", [columns, rows], turned(WEIGHTS[l], rows, columns), INT8, "typed"),
                    tensor(f"w{l}_s", [columns], scales), tensor(f"w{l}_z", [columns], [0] * columns, INT8, "typed")]
        nodes += [dq(f"w{l}_q", f"w{l}_s", f"w{l}_z", f"w{l}", axis=-2)]
        return nodes + [node("Gemm", [inputs, f"w{l}", f"b{l}"], [f"z{l}"], transB=1)], tensors
    if how == "one":  # uint8, one scale
        tensors += [tensor(f"w{l}_q", [rows, columns], [w + 128 for w in WEIGHTS[l]], UINT8, "typed"),
                    tensor(f"w{l}_s", [1], scales[:1]), tensor(f"w{l}_z", [1], [128], UINT8)]
        nodes += [dq(f"w{l}_q", f"w{l}_s", f"w{l}_z", f"w{l}")]
        return nodes + [node("MatMul", [inputs, f"w{l}"], [f"y{l}"]), node("Add", [f"y{l}", f"b{l}"], [f"z{l}"])], tensors
    tensors += [tensor(f"w{l}_f", [rows, columns], [v + s / 8 for v, s in zip(floats, scales * rows)]),  # rounded there
                tensor(f"w{l}_s", [columns], scales), tensor(f"w{l}_z", [columns], [0] * columns, INT8)]
    nodes += [q(f"w{l}_f", f"w{l}_s", f"w{l}_z", f"w{l}_q"), dq(f"w{l}_q", f"w{l}_s", f"w{l}_z", f"w{l}")]
    return nodes + [node("Gemm", [inputs, f"w{l}", f"b{l}"], [f"z{l}"])], tensors


def rounded(at, step, out, other=None):
    """at, to whole numbers and back."""
    scale, zero = step
    return [q(at, scale, zero, f"{out}_q"), dq(f"{out}_q", *(other or step), out)]


def variant(how, pixels, relu=True, softmax=True):
    nodes, tensors = [], [tensor("p_s", [], [PIXEL]), tensor("p_z", [], [0], UINT8), tensor("h_s", [], [RANGE]), tensor("h_z", [], [0], UINT8)]
    at, kind = "x", UINT8 if pixels == "bytes" else FLOAT
    if pixels == "bytes":
        nodes += [node("Flatten", ["x"], ["flat"]), dq("flat", "p_s", "p_z", "p")]
        at = "p"
    elif "floats" not in how:
        nodes += rounded("x", ("p_s", None if pixels == "no zero" else "p_z"), "p")
        at = "p"
    for l in range(2):
        more, numbers = layer(l, at, how)
        nodes, tensors, at = nodes + more, tensors + numbers, f"z{l}"
        if l == 0 and relu:
            nodes += [node("Relu", [at], ["r"])]
            at = "r"
        if l == 0 and "floats" not in how:
            nodes += rounded(at, ("h_s", "h_z"), "h")
            at = "h"
    if softmax:
        tensors += [tensor("o_s", [1], [0.5]), tensor("o_z", [1], [-3], INT8)]
        nodes += rounded(at, ("o_s", "o_z"), "logits") + [node("Softmax", ["logits"], ["y"]), *rounded("y", ("h_s", "h_z"), "out")]
        at = "out"
    return model(graph(nodes, tensors, [port("x", kind, ["N", INPUTS])], [port(at, FLOAT, ["N", CLASSES])]))


VARIANTS = {
    "floats": variant("floats", "floats", softmax=False),
    "floats-one": variant("floats-one", "floats", softmax=False),
    "turned": variant("turned", "floats"),
    "relu-in-rounding": variant("turned", "floats", relu=False),
    "bytes": variant("turned", "bytes", softmax=False),
    "no-zero": variant("turned", "no zero"),
    "fake": variant("fake", "floats"),
    "one-scale": variant("one", "floats"),
}

# --- As mnist-convert writes it -------------------------------------------------------------------


def whole(activation="Relu", nodes=None, meta=None, cut=(), floats=False, more=(), **numbers):
    """A net of whole numbers with x / 255; numbers take the place of those of the same name, nodes of those that make it."""
    table = activation != "Relu"
    unit = f32(2 / 255)
    steps = [("i1_s", "i1_z"), ("i2_s", "i2_z")]
    lift, scale = 254 / 511, 1024 / 511
    parts = {
        "lift": tensor("lift", [], [lift / 255 if floats else lift]),
        "pixel": tensor("pixel", [], [scale / 255 if floats else scale]),
        "i1_s": tensor("i1_s", [], [unit]), "i1_z": tensor("i1_z", [], [0], UINT8),
        "i2_s": tensor("i2_s", [], [RANGE]), "i2_z": tensor("i2_z", [], [32 if table else 0], UINT8),
        "t_s": tensor("t_s", [], [0.03125]), "t_z": tensor("t_z", [], [128], UINT8),
    }
    made = {"x1": [node("Cast", ["x"], ["c"], to=FLOAT), node("Add", ["c", "lift"], ["a"])], "h": [node(activation, ["z0"], ["h"])]}
    if floats:
        made["x1"] = [node("Add", ["x", "lift"], ["a"])]
    made["x1"] += [q("a", "pixel", "i1_z", "q1"), dq("q1", *steps[0], "x1")]
    if table:
        made["h"] = [*rounded("z0", ("t_s", "t_z"), "t"), node(activation, ["t"], ["h"])]
    made["x2"] = rounded("h", steps[1], "x2")
    for l in range(2):
        rows, columns = SHAPES[l]
        step = unit if l == 0 else RANGE
        parts |= {f"w{l}_q": tensor(f"w{l}_q", [rows, columns], WEIGHTS[l], INT8), f"w{l}_s": tensor(f"w{l}_s", [columns], SCALES[l]),
                  f"w{l}_z": tensor(f"w{l}_z", [columns], [0] * columns, INT8),
                  f"b{l}_q": tensor(f"b{l}_q", [columns], BIASES[l], INT32),
                  f"b{l}_s": tensor(f"b{l}_s", [columns], [f32(step * s) for s in SCALES[l]])}
        made[f"w{l}"] = [dq(f"w{l}_q", f"w{l}_s", f"w{l}_z", f"w{l}", axis=1)]
        made[f"b{l}"] = [dq(f"b{l}_q", f"b{l}_s", None, f"b{l}", axis=0)]
        made[f"z{l}"] = [node("Gemm", [f"x{l + 1}", f"w{l}", f"b{l}"], [f"z{l}"])]
    made |= nodes or {}
    parts |= numbers
    order = ["x1", "w0", "b0", "z0", "h", "x2", "w1", "b1", "z1"]
    said = {"mean": "0", "stddev": "1", "most": "127"} | (meta or {})
    return model(graph([n for name in order for n in made[name]], [*parts.values(), *more],
                       [port("x", FLOAT if floats else UINT8, ["N", INPUTS])], [port("z1", FLOAT, ["N", CLASSES])]),
                 more=b"".join(says(k, v) for k, v in said.items() if k not in cut))


OURS = {
    "relu": whole(), "tanh": whole("Tanh"), "float-input": whole(floats=True), "tanh-float-input": whole("Tanh", floats=True),
    "tanh-narrow": whole("Tanh", i2_z=tensor("i2_z", [], [5], UINT8)),
    "mean-far": whole(meta={"mean": "1e38"}), "mean-above": whole(meta={"mean": "1e20"}), "mean-below": whole(meta={"mean": "-1e38"}),
    "unsaid": whole(cut=("most",)),
    "no-normalisation": whole(cut=("mean", "stddev")),
    "scaled": whole(nodes={"z1": [node("Gemm", ["x2", "w1", "b1"], ["z1"], alpha=0.5)]}),
    "unrounded": whole(nodes={"x2": [node("Identity", ["h"], ["x2"])]}),
    "not-last": whole("Tanh", nodes={"h": rounded("z0", ("t_s", "t_z"), "t") + rounded("t", ("t_s", "t_z"), "t2"),
                                     "x2": [node("Tanh", ["t2"], ["x2"])]}),
    "thrice": whole(nodes={"x2": rounded("h", ("i2_s", "i2_z"), "h2") + rounded("h2", ("i2_s", "i2_z"), "x2")}),
    "int8-between": whole(i2_z=tensor("i2_z", [], [0], INT8)),
    "pixels": whole(lift=tensor("lift", [], [0.0])),
    "pixels-scale": whole(i1_s=tensor("i1_s", [], [0.5]), b0_s=tensor("b0_s", [3], [0.5 * s for s in SCALES[0]])),
    "table-zero": whole("Tanh", t_z=tensor("t_z", [], [127], UINT8)),
    "table-late": whole("Tanh", nodes={"h": [node("Tanh", ["z0"], ["u"]), *rounded("u", ("t_s", "t_z"), "t"), node("Identity", ["t"], ["h"])]}),
    "relu-zero": whole(i2_z=tensor("i2_z", [], [3], UINT8)),
    "zero-far": whole("Tanh", i2_z=tensor("i2_z", [], [200], UINT8)),
    "weights-float": whole(nodes={"w1": []}, more=[tensor("w1", [3, 10], [0.25] * 30)]),
    "weights-uint8": whole(w1_q=tensor("w1_q", [3, 10], [100] * 30, UINT8), w1_z=tensor("w1_z", [10], [0] * 10, UINT8)),
    "weights-zero": whole(w1_z=tensor("w1_z", [10], [0] * 9 + [1], INT8)),
    "weights-128": whole(w1_q=tensor("w1_q", [3, 10], [-128] + [100] * 29, INT8)),
    "weights-rows": whole(nodes={"w1": [dq("w1_q", "w1_s", "w1_z", "w1", axis=0)]}, w1_s=tensor("w1_s", [3], [0.5, 0.25, 0.5]),
                          w1_z=tensor("w1_z", [3], [0] * 3, INT8)),
    "relu6": whole(nodes={"h": [node("Identity", ["z0"], ["h"])]}, i2_s=tensor("i2_s", [], [6 / 255]), i2_z=tensor("i2_z", [], [-128], INT8)),
    "no-bias": whole(nodes={"z1": [node("Gemm", ["x2", "w1"], ["z1"])]}),
    "bias-scale": whole(b1_s=tensor("b1_s", [10], [0.5] * 10)),
    "bias-far": whole(b1_q=tensor("b1_q", [10], [2 ** 30 + 1] + [5] * 9, INT32)),
    "mixed": whole("Tanh", nodes={"h": [*rounded("z0", ("t_s", "t_z"), "t"), node("Mul", ["t", "t_two"], ["u"]), node("Mul", ["z0", "t_none"], ["v"]),
                                        node("Add", ["u", "v"], ["w"]), node("Tanh", ["w"], ["h"])]},
                   more=[tensor("t_two", [], [1.0]), tensor("t_none", [], [0.0])]),
}

# --- What is wrong --------------------------------------------------------------------------------


def wrong(nodes=None, **numbers):
    """One layer, whose input and weights are whole numbers."""
    parts = {"s": tensor("s", [], [0.5]), "z": tensor("z", [], [0], UINT8), "w_q": tensor("w_q", [4, 10], some(40), INT8),
             "w_s": tensor("w_s", [10], [0.25] * 10), "w_z": tensor("w_z", [10], [0] * 10, INT8),
             "b_q": tensor("b_q", [10], some(10), INT32), "b_s": tensor("b_s", [10], [0.125] * 10)} | numbers
    made = {"x1": rounded("x", ("s", "z"), "x1"), "w": [dq("w_q", "w_s", "w_z", "w")], "b": [dq("b_q", "b_s", None, "b", axis=0)],
            "y": [node("Gemm", ["x1", "w", "b"], ["y"])], "out": []} | (nodes or {})
    return model(graph([n for name in ("x1", "w", "b", "y", "out") for n in made[name]], list(parts.values()),
                       [port("x", FLOAT, ["N", 4])], [port("out" if made["out"] else "y", FLOAT, ["N", 10])]))


def scale(value):
    return wrong(s=tensor("s", [], [value]))


HOSTILE = {
    "scale-zero": scale(0.0), "scale-negative": scale(-0.5), "scale-nan": scale(float("nan")), "scale-infinite": scale(float("inf")),
    "scale-tenth": wrong(w_s=tensor("w_s", [10], [0.25] * 9 + [0.0])),
    "scale-whole": wrong(s=tensor("s", [], [1], INT8)),
    "scale-index": wrong(s=tensor("s", [], [1], INT64)),
    "scale-none": wrong(s=tensor("s", [0], [])),
    "scale-matrix": wrong(w_s=tensor("w_s", [2, 5], [0.25] * 10)),
    "scale-computed": wrong({"x1": rounded("x", ("x", "z"), "x1")}),
    "scale-made": wrong({"x1": [dq("z", "s", None, "made"), *rounded("x", ("made", "z"), "x1")]}),
    "zero-computed": wrong({"x1": rounded("x", ("s", "x"), "x1")}),
    "zero-float": wrong(z=tensor("z", [], [0.0])),
    "zero-many": wrong(z=tensor("z", [2], [0, 0], UINT8)),
    "zero-few": wrong(w_z=tensor("w_z", [1], [0], INT8)),
    "zero-type": wrong(w_z=tensor("w_z", [10], [0] * 10, UINT8)),
    "zero-int32": wrong({"b": [dq("b_q", "b_s", "b_z", "b", axis=0)]}, b_z=tensor("b_z", [10], [0] * 9 + [1], INT32)),
    "zero-between": wrong(z=tensor("z", [], [0], INT32)),
    "axis-far": wrong({"w": [dq("w_q", "w_s", "w_z", "w", axis=2)]}),
    "axis-below": wrong({"w": [dq("w_q", "w_s", "w_z", "w", axis=-3)]}),
    "axis-bias": wrong({"b": [dq("b_q", "b_s", None, "b")]}),
    "axis-other": wrong({"w": [dq("w_q", "w_s", "w_z", "w", axis=0)]}),
    "axis-float": wrong({"w": [dq("w_q", "w_s", "w_z", "w", axis=1.0)]}),
    "scales-between": wrong({"x1": rounded("x", ("w_s", "w_z"), "x1")}),
    "another-scale": wrong({"out": rounded("y", ("s", "z"), "out", ("s2", "z"))}, s2=tensor("s2", [], [0.25])),
    "another-zero": wrong({"out": rounded("y", ("s", "z"), "out", ("s", "z2"))}, z2=tensor("z2", [], [7], UINT8)),
    "another-type": wrong({"out": rounded("y", ("s", "z"), "out", ("s", "z2"))}, z2=tensor("z2", [], [0], INT8)),
    "floats": wrong({"x1": [dq("x", "s", "z", "x1")]}),
    "whole-taken": wrong({"x1": [q("x", "s", "z", "x1")]}),
    "whole-out": wrong({"out": [q("y", "s", "z", "out")]}),
    "whole-weights": wrong({"w": [node("Identity", ["w_q"], ["w"])]}),
    "rounded-twice": wrong({"w": [dq("w_q", "w_s", "w_z", "w1"), q("w1", "s", "z", "w2"), dq("w2", "s", "z", "w")]}),
    "rounded-other": wrong({"w": [q("w_f", "s", "z", "w2"), dq("w2", "s2", "z", "w")]}, w_f=tensor("w_f", [4, 10], [0.25] * 40),
                           s2=tensor("s2", [], [0.5])),
    "blocks": wrong({"w": [dq("w_q", "w_s", "w_z", "w", block_size=2)]}),
    "output-type": wrong({"x1": [q("x", "s", "z", "x2", output_dtype=3), dq("x2", "s", "z", "x1")]}),
    "typed-far": wrong(w_q=tensor("w_q", [4, 10], [200] + [1] * 39, INT8, "typed")),
    "typed-below": wrong(z=tensor("z", [], [-1], UINT8, "typed")),
    "cut": wrong(w_q=tensor("w_q", [4, 10], some(39), INT8)),
    "int4": wrong(w_q=num(1, 4) + num(1, 10) + num(2, 22) + tensor("w_q", [], [])[2:]),
    "weights-double": wrong(w_q=tensor("w_q", [4, 10], [0.5] * 40, DOUBLE)),
    "normalisation": wrong({"x1": [n for i in range(5) for n in rounded(f"r{i}" if i else "x", ("s", "z"), f"r{i + 1}" if i < 4 else "x1",
                                                                       ("s2", "z"))]},
                           s=tensor("s", [], [3e38]), s2=tensor("s2", [], [1.2e-38])),
    "scale-denormal": scale(1e-42),
    "tanh-cut": whole("Tanh", cut=("most",), i2_s=tensor("i2_s", [], [1 / 127]), i2_z=tensor("i2_z", [], [0], UINT8)),
    "tanh-above": whole("Tanh", cut=("most",), i2_s=tensor("i2_s", [], [1 / 256]), i2_z=tensor("i2_z", [], [128], UINT8)),
    "sigmoid-cut": whole("Sigmoid", cut=("most",), i2_s=tensor("i2_s", [], [1 / 512]), i2_z=tensor("i2_z", [], [0], UINT8)),
    "leaky-cut": whole("LeakyRelu", cut=("most",), i2_z=tensor("i2_z", [], [0], UINT8)),
    "relu-none": whole(i2_z=tensor("i2_z", [], [255], UINT8)),
    "logits-cut": wrong({"out": rounded("y", ("s", "z"), "out")}),
    "bytes-added": whole(nodes={"x1": [node("Add", ["x", "lift"], ["a"]), q("a", "pixel", "i1_z", "q1"), dq("q1", "i1_s", "i1_z", "x1")]}),
    "most": whole(meta={"most": "255"}),
    "most-text": whole(meta={"most": "many"}),
    "divided": wrong({"out": [node("Div", ["y", "two"], ["out"])]}, two=tensor("two", [], [2.0])),
    "moved": wrong({"out": [node("Add", ["y", "two"], ["m"]), node("Softmax", ["m"], ["out"])]}, two=tensor("two", [], [2.0])),
    "both": wrong({"out": [node("Add", ["y", "two"], ["m"]), node("Add", ["m", "y"], ["out"])]}, two=tensor("two", [], [2.0])),
    "squared": wrong({"out": [node("Mul", ["y", "y"], ["out"])]}),
    "double-input": model(graph([node("Relu", ["x"], ["y"])], [], [port("x", DOUBLE, ["N", 4])], [port("y", FLOAT, ["N", 10])])),
}


def main():
    command, out = sys.argv[1], pathlib.Path(sys.argv[2])
    out.mkdir(exist_ok=True)
    files = {"variants": VARIANTS, "ours": OURS, "hostile": HOSTILE}.get(command) or {
        f"whole-{kind}-{name}": data for kind, group in (("v", VARIANTS), ("o", OURS), ("h", HOSTILE)) for name, data in group.items()}
    for name, data in files.items():
        (out / f"{name}.onnx").write_bytes(data)


if __name__ == "__main__":
    main()
