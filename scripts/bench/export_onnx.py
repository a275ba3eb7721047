"""Turns a model of mnist-train into ONNX, for onnxruntime.

    export_onnx.py MODEL.safetensors OUT.onnx

The graph takes images as floats in 0 to 1, (n, 784), and gives logits, (n, 10). Only ReLU nets
trained with --normalize unit, which is what the benchmarks train.
"""

import json
import struct
import sys

import numpy
from onnx import TensorProto, helper, numpy_helper, save


def read_safetensors(path):
    """The tensors of a safetensors file by name, and its metadata."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        body = file.read()
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        tensors[name] = numpy.frombuffer(body[begin:end], "<f4").reshape(entry["shape"])
    return tensors, metadata


def main():
    tensors, metadata = read_safetensors(sys.argv[1])
    if '"relu"' not in json.dumps(metadata).replace("\\", ""):
        sys.exit(f"{sys.argv[1]}: not a ReLU net, by its metadata: {metadata}")
    depth = sum(name.endswith(".weight") for name in tensors)
    nodes = []
    value = "images"
    for layer in range(depth):
        logits = "logits" if layer == depth - 1 else f"sum{layer}"
        nodes.append(
            helper.make_node(
                "Gemm", [value, f"layers.{layer}.weight", f"layers.{layer}.bias"], [logits]
            )
        )
        if layer < depth - 1:
            value = f"hidden{layer}"
            nodes.append(helper.make_node("Relu", [logits], [value]))
    graph = helper.make_graph(
        nodes,
        "mnist",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", 784])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 10])],
        [numpy_helper.from_array(tensor, name) for name, tensor in tensors.items()],
    )
    # old enough for any onnxruntime that is still about
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    save(model, sys.argv[2])


if __name__ == "__main__":
    main()
