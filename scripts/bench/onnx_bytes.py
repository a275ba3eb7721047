"""onnx_bytes.py IN OUT: a net of whole numbers of mnist-convert that takes the image's bytes as they are.

What mnist-convert writes makes 7 bits of them, as the project has it. Without these nodes onnxruntime has less to do, so that
this is what it is measured with where it is the faster: as fast as its kernels of whole numbers go.
"""

import sys

import numpy
import onnx
from onnx import numpy_helper

model = onnx.load(sys.argv[1])
graph = model.graph
parts = {part.name: part for part in graph.initializer}
flat = next(node.output[0] for node in graph.node if node.op_type == "Flatten")
kept = [node for node in graph.node if node.name not in ("bytes", "lifted", "inputs1")]
for node in kept:
    for i, name in enumerate(node.input):
        if name == "inputs1":
            node.input[i] = flat
del graph.node[:]
graph.node.extend(kept)
# a byte is half of what it was, so that a bias is twice as many of them
for name, factor in ("inputs1_scale", 0.5), ("bias1_scale", 0.5), ("bias1", 2):
    values = numpy_helper.to_array(parts[name])
    parts[name].CopyFrom(numpy_helper.from_array((values * factor).astype(values.dtype), name))
for name in "lift", "pixel_scale":
    graph.initializer.remove(parts[name])
onnx.checker.check_model(model, full_check=True)
onnx.save(model, sys.argv[2])
