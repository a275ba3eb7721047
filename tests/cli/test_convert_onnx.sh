#!/usr/bin/env bash
# test_convert_onnx.sh BUILD-DIR SOURCE-DIR: mnist-convert and ONNX: there and back, nets as other programs write them, files
# that are wrong; and where they are there, ONNX's own checker and onnxruntime-node.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=table.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/table.sh"
here=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
root=$(CDPATH='' cd -- "$2" && pwd)
start "$1"
convert=${train%train}convert
drawn=(--dataset synthetic --synthetic-test 50)
if ! command -v python3 >/dev/null; then
    skip_test 'no python3' 'scripts/install-deps.sh test'
fi

run 0 "$train" --dataset synthetic --synthetic-train 500 --synthetic-test 50 --hidden 12,7 --activation tanh -e 2 -q \
    --normalize standard -o tanh.safetensors
begin ONNX
if ! "$convert" -q tanh.safetensors probe.onnx >/dev/null 2>probe.err; then
    expect 'it is not said what is missing' grep -q 'install libprotobuf-c-dev, protobuf-c-compiler and libonnx-dev' probe.err
    printf '\10\10\22\0' >probe.onnx
    run 1 "$convert" probe.onnx none.safetensors
    err_has 'probe.onnx: ONNX needs protobuf-c and ONNX'
    skip_test 'built without protobuf-c or the schema' 'scripts/install-deps.sh build, and build again'
fi

# --- there and back ---------------------------------------------------------------------------------

for activation in relu sigmoid leaky-relu gelu; do
    run 0 "$train" --dataset synthetic --synthetic-train 300 --synthetic-test 50 --hidden 9,8 --activation "$activation" -e 1 -q \
        -o "$activation.safetensors"
done
run 0 "$train" --dataset synthetic --synthetic-train 100 --synthetic-test 20 --hidden none -e 1 -q -o softmax.safetensors
for net in tanh relu sigmoid leaky-relu gelu softmax; do
    begin "$net, there and back"
    run 0 "$convert" --verify --vectors 50 "${drawn[@]}" "$net.safetensors" "$net.onnx"
    expect "$out" [ "$(value from) $(value to) $(value max_difference) $(value changed)" = 'native onnx 0 0' ]
    run 0 "$convert" "$net.onnx" back.safetensors
    err_empty
    [ "$net" = softmax ] || expect "$out" [ "$(value activation)" = "$net" ]
    expect 'weights differ' python3 "$here/nets.py" same "$net.safetensors" back.safetensors
    run 0 "$convert" -q back.safetensors again.onnx
    same_bytes "$net.onnx" again.onnx
done

for net in tanh relu softmax; do
    begin "$net with an input of floats, there and back"
    run 0 "$convert" --onnx-input floats --verify "${drawn[@]}" "$net.safetensors" "$net-floats.onnx"
    expect "$out" [ "$(value to) $(value max_difference) $(value changed)" = 'onnx 0 0' ]
    said="$(value mean) $(value stddev)"
    run 0 "$convert" "$net-floats.onnx" back.safetensors
    err_empty
    expect "$out" [ "$(value mean) $(value stddev)" = "$said" ]
    expect 'weights differ' python3 "$here/nets.py" same "$net.safetensors" back.safetensors
    run 0 "$convert" -q --onnx-input floats back.safetensors again.onnx
    same_bytes "$net-floats.onnx" again.onnx
done
begin 'which input'
run 0 "$convert" -q --onnx-input bytes tanh.safetensors again.onnx
same_bytes tanh.onnx again.onnx
run 0 "$convert" -q --json --onnx-input floats tanh.safetensors again.onnx
json_is .out.input floats
run 0 "$convert" -q --json tanh.safetensors again.npz
json_is .out.input null
for format in native torch npz gguf c; do
    for input in bytes floats; do
        run 2 "$convert" --to "$format" --onnx-input "$input" tanh.safetensors none
        err_has "--onnx-input is for OUT of format onnx, and none is to be of format $format"
    done
done
run 2 "$convert" --onnx-input halves tanh.safetensors none.onnx
err_has '--onnx-input: "halves" is not one of bytes, floats'

begin 'the checker of ONNX'
python=
for candidate in python3 /usr/bin/python3; do
    if [ ! "$python" ] && "$candidate" -c 'import onnx' 2>/dev/null; then
        python=$candidate
    fi
done
if [ "$python" ]; then
    for net in tanh relu gelu softmax tanh-floats relu-floats softmax-floats; do
        run 0 "$python" -c 'import onnx, sys
m = onnx.load(sys.argv[1])
onnx.checker.check_model(m, full_check=True)
print(m.ir_version, m.opset_import[0].version)' "$net.onnx"
        out_is '8 13'
    done
else
    left_out 'no onnx for python3 (python3-onnx)'
fi

begin onnxruntime
modules=
for candidate in ${MNIST_ORT_MODULES:+"$MNIST_ORT_MODULES"} "$root"/build-peers; do
    [ ! -d "$candidate/node_modules/onnxruntime-node" ] || modules=$candidate
done
if [ "$modules" ] && command -v node >/dev/null; then
    for net in tanh relu sigmoid leaky-relu gelu softmax; do
        run 0 node "$here/onnx_run.mjs" "$modules" "$net.onnx" "$net.onnx.vectors.json"
        expect "$(cat "$work/out")" [ "$(grep -c 'max_difference=[0-9.]*e-[789] changed=0$\|max_difference=0.00 changed=0$' "$work/out")" -eq 3 ]
        cp "$work/out" "$net.run"
    done
    for net in tanh relu softmax; do # the same floats as those that the graph makes of bytes
        run 0 node "$here/onnx_run.mjs" "$modules" "$net-floats.onnx" "$net.onnx.vectors.json" floats
        out_is "$(cat "$net.run")"
    done
else
    left_out 'no onnxruntime-node where MNIST_ORT_MODULES says, nor in build-peers' # it is not fetched for a test
fi

# --- as other programs write them -------------------------------------------------------------------

python3 "$here/onnx_files.py" variants tanh.safetensors variants
for file in gemm matmul log-softmax double doubles floats; do
    begin "$file.onnx"
    run 0 "$convert" "variants/$file.onnx" got.safetensors
    case $file in
    floats) err_is 'mnist-convert: note: its input is floats, taken to be pixels in 0 to 1' ;;
    *) err_empty ;;
    esac
    expect "$out" [ "$(value activation)" = tanh ]
    expect 'weights differ' python3 "$here/nets.py" same tanh.safetensors got.safetensors
    run 0 "$eval" "${drawn[@]}" got.safetensors
    result >got.result
    run 0 "$eval" "${drawn[@]}" tanh.safetensors
    expect 'mnist-eval says something else' [ "$(result)" = "$(cat got.result)" ]
done
begin 'defaults.onnx: alpha, beta, initializers that are inputs, shapes left open'
run 0 "$convert" variants/defaults.onnx got.safetensors
err_is 'mnist-convert: note: alpha 0.5 and beta 0.25 of layer 1 are multiplied into its weights
mnist-convert: note: alpha 0.5 and beta 1 of layer 2 are multiplied into its weights
mnist-convert: note: alpha 0.5 and beta 0.25 of layer 3 are multiplied into its weights'
expect "$out" [ "$(value activation)" = tanh ]
expect 'weights differ' python3 "$here/nets.py" same tanh.safetensors got.safetensors
begin 'numbers of other types, GELU as PyTorch takes it apart'
run 0 "$convert" -q variants/coarse-F32-raw.onnx coarse.safetensors
for kind in F32-typed F16-raw F16-typed BF16-raw BF16-typed; do
    run 0 "$convert" "variants/coarse-$kind.onnx" got.safetensors
    err_empty
    expect "$out" [ "$(value activation)" = gelu ]
    expect "weights of $kind differ" python3 "$here/nets.py" same coarse.safetensors got.safetensors
done
begin 'what a file does not say'
run 2 "$convert" variants/nothing-known.onnx got.safetensors
err_has 'does not say what pixels become before the net'
run 2 "$convert" --layers a,b tanh.onnx got.safetensors
err_has "an ONNX file's graph says their order"

begin 'how floats were made, as the metadata say'
python3 "$here/onnx_files.py" seeds seeds
run 0 "$convert" -q seeds/made.onnx got.safetensors
expect "$out" [ "$(value mean) $(value stddev)" = '0.1307 0.3081' ]
run 0 "$convert" seeds/made-standard.onnx got.safetensors
err_empty
expect "$out" [ "$(value mean) $(value stddev)" = '0.1825 0.7' ]
begin 'an opset of the future'
run 0 "$convert" --normalize unit seeds/opset-99.onnx got.safetensors
err_is 'mnist-convert: note: opset 99 is newer than what is known here, and read as 25'

# --- what is wrong ----------------------------------------------------------------------------------

python3 "$here/onnx_files.py" hostile hostile

# refused NAME MESSAGE: a pattern for what follows the file's name
refused()
{
    fails_like 1 "$convert" "hostile/$1.onnx: $2" --from onnx --normalize unit "hostile/$1.onnx" none.safetensors
}

begin 'bad messages'
refused cut "offset 12: a field of 298 bytes, but 282 are left of its message; the file may be cut short"
refused wire "offset 7: a field of wire type 7, expected 0, 1, 2 or 5, as ONNX has them"
refused field-0 "offset 6: field 0, expected one of 1 or above"
refused long-number "offset 7: a number of more than 10 bytes, expected a protobuf message"
refused wrong-type "no message of ONNX's schema: a field is of the wrong type"
refused deep "offset 109: messages within messages, more than 16 deep"
refused graphs "offset 316: field 7 of its message for the second time, expected once"
refused swollen "its messages take more memory than 4 times the file's size and 4 MiB: too many small or empty *"
refused no-graph "a model without a graph, expected one"
refused opset "opset 6 of ONNX's own operators, expected 7 or above"
refused opset-none "0 opsets of ONNX's own operators, expected one: which version of them the graph means"
refused opset-twice "2 opsets of ONNX's own operators, expected one: which version of them the graph means"
refused opset-far "opset -9223372036854775808 of ONNX's own operators, expected 7 or above"
refused zero-in-name "offset 22: text with a zero in it, expected names and the like"
refused mean-text "metadata mnist.mean is '0,13', expected a number"
refused mean-alone "metadata mnist.mean is there without mnist.stddev, expected both"
refused mean-twice "metadata mnist.mean is there twice, expected once"
refused stddev-zero "metadata say mean 0.13 and deviation 0, expected a deviation above 0, and not so small *"
refused functions "the model has functions of its own, which are not read"
refused many-nodes "1101 nodes, 2 initializers and 1 inputs, expected at most 1024 each: a chain of layers has few"
begin 'bad graphs'
refused conv "node 0 'n_z' (Conv): a node that is not read; expected Gemm, or MatMul and Add*"
refused domain "node 0 'n_z' (Gemm): a node that is not read, of domain com.evil; expected Gemm, or MatMul and Add*"
refused cycle "node 0 'n_a2' (Relu): it takes 'b2', which node 1 only makes: the graph has a cycle, or its *"
refused self "node 0 'n_z' (Gemm): it takes 'z', which node 0 only makes: the graph has a cycle, or its *"
refused missing "node 0 'n_z' (Gemm): it takes 'nowhere', which is no input, no initializer and no node's output"
refused twice "there are two values of name 'w', expected each name once"
refused nodes-twice "there are two values of name 'z', expected each name once"
refused nameless "a value without a name, expected one of each input, initializer and node"
refused long-name "value 'nnn*' has a name of 600 bytes, expected at most 512"
refused one-input "node 0 'n_z' (Gemm): 1 inputs and 1 outputs, expected 2 to 3 and 1"
refused two-images "inputs 'x' and 'y', expected one: the images"
refused input-twice "inputs 'x' and 'x', expected one: the images"
refused input-default "the graph has no input, expected the images"
refused input-sequence "input 'x' is of no tensor type, expected uint8 or float"
refused input-huge "dimension 1 of input 'x' is 9223372036854775807, expected 1 to 65536"
refused no-input "the graph has no input, expected the images"
refused input-int "input 'x' is of int64, expected uint8 or float"
refused input-flat "input 'x' has 1 dimensions, expected a batch of images"
refused input-negative "dimension 1 of input 'x' is -4, expected 1 to 65536"
refused input-wide "node 0 'n_z' (Gemm): its weights 'w' take 4 numbers, but an image has 5"
refused no-output "the graph has no output, expected logits or probabilities"
refused output "output 'nowhere' is made by no node"
refused output-relu "output 'r' is not what the last layer gives, nor its Softmax: relu comes after that layer, and has to be taken out"
refused output-hidden "output 'z' is not what the last layer gives, nor its Softmax"
refused output-image "output 'x' is not what the last layer gives, nor its Softmax"
refused output-weights "output 'w' is not what the last layer gives, nor its Softmax"
begin 'bad tensors'
refused largest "the dimensions of tensor 'w' ask for more numbers than the file has bytes, which are 324"
refused least "dimension 1 of tensor 'w' is -9223372036854775808, expected 0 or above: numbers that are there *"
refused empty "layer 1 is 0 by 4611686018427387904, expected widths from 1 to 65536"
refused strings "tensor 'w' is of string, expected float, double, float16 or bfloat16, or int64 for a shape"
refused int-weights "node 0 'n_z' (Gemm): tensor 'w' is of int64, expected float, double, float16 or bfloat16"
refused bias-batch "node 0 'n_z' (Gemm): tensor 'b' has 20 numbers, expected 10 in a row for the bias of that layer"
refused bias-cube "node 1 'n_z' (Add): tensor 'b' has 10 numbers, expected 10 in a row for the bias of that layer"
refused bias-image "node 0 'n_z' (Gemm): its third input 'x' is no initializer, expected the bias there"
refused second-bias "node 1 'n_s' (Add): constant 'b' has 10 numbers, expected one, or the bias of a layer right *"
refused factor-cube "node 1 'n_h' (Mul): constant 'c' has 3 dimensions, expected at most 2, as the sums of a layer have"
refused external "tensor 'w' is external data, in another file, which is not opened: save the model as one file *"
refused segment "tensor 'w' is one segment of several, expected it whole"
refused negative "dimension 0 of tensor 'w' is -4, expected 0 or above: numbers that are there have a known shape"
refused absurd "the dimensions of tensor 'w' ask for more numbers than the file has bytes, which are 332"
refused rank "tensor 'w' has 9 dimensions, expected at most 8"
refused cube "node 0 'n_z' (Gemm): its weights 'w' have 3 dimensions, expected 2"
refused short "tensor 'w' has 156 bytes in raw_data, expected 160 for its shape"
refused short-typed "tensor 'w' has 41 numbers in float_data, expected 40 for its shape"
refused both "tensor 'w' has its numbers both in raw_data and in float_data, expected one of them"
refused half-wide "number 0 of tensor 'w' is 65536 in int32_data, expected 16 bits"
refused type "tensor 'w' is of int8, expected float, double, float16 or bfloat16, or int64 for a shape"
refused type-99 "tensor 'w' is of type 99, expected float, double, float16 or bfloat16, or int64 for a shape"
refused bias-wide "node 0 'n_z' (Gemm): tensor 'b' has 11 numbers, expected 10 in a row for the bias of that layer"
refused bias-shape "node 0 'n_z' (Gemm): tensor 'b' has 10 numbers, expected 10 in a row for the bias of that layer"
refused infinite "layer 1, bias 0 is not a finite number as fp32, in which nets are kept; expected one of *"
refused many "the last layer has 257 outputs, expected 2 to 256, the classes"
refused widths "layer 2 has 4 inputs, but the layer before it 10 outputs"
begin 'bad nodes'
refused trans-a "node 0 'n_z' (Gemm): transA is set, expected images as rows"
refused attribute-type "node 0 'n_z' (Gemm): attribute transB is of float, expected int"
refused alpha-int "node 0 'n_z' (Gemm): attribute alpha is of int, expected float"
refused alpha-nan "node 0 'n_z' (Gemm): attribute alpha is nan, expected a finite number"
refused attribute-twice "node 0 'n_z' (Gemm): attribute transB is there twice, expected once"
refused constant-text "node 0 'n_c' (Constant): attribute value is of string, expected tensor"
refused constant-none "node 0 'n_c' (Constant): without attribute value, expected a tensor there"
refused training "node 2 'n_h' (Dropout): its training_mode 't' is not a constant of false: it may drop values"
refused weights-first "node 0 'n_z' (MatMul): its second input 'x' is no initializer, expected the weights there"
refused not-flat "node 0 'n_z' (Gemm): it takes images that are not rows of numbers: expected Flatten or Reshape *"
refused axis "node 0 'n_f' (Flatten): axis is 0, expected 1, of images or layers"
refused reshape "node 0 'n_f' (Reshape): to (-1, 5), expected (batch, 4): images as rows"
refused reshape-computed "node 0 'n_f' (Reshape): its shape 'x' is computed, expected a constant"
refused relu-images "node 0 'n_f' (Relu): its input 'x' is not the sums of a layer"
refused three-layers "node 2 'n_out' (Gemm): a second layer that takes the image, expected a chain of layers: *"
refused reshape-3 "node 0 'n_f' (Reshape): its shape 's' is not two int64, expected (batch, numbers)"
refused cast "node 0 'n_f' (Cast): to double, expected float"
refused batch-norm "node 1 'n_n' (BatchNormalization): batch normalisation is not read; fold it into the layer before it"
refused softmax-axis "node 1 'n_p' (Softmax): axis is 0, expected 1 or -1: over the classes"
refused after-softmax "node 2 'n_q' (Add): arithmetic after Softmax is not read"
refused no-activation "node 2 'n_out' (MatMul): what is between its layer and the one before is no activation, *"
refused leak "node 1 'n_h' (LeakyRelu): alpha is 0.2, expected 0.01, the one that nets here have"
refused gelu-erf "node 1 'n_h' (Gelu): GELU by the error function, expected approximate=\"tanh\", as nets here have it"
refused silu "node 3 'n_out' (MatMul): what is between its layer and the one before is none of the *"
refused skip "node 2 'n_k' (Add): its inputs 'h' and 'x' are of different layers, expected a chain of layers: *"
refused vector "node 1 'n_h' (Mul): constant 'b' has 10 numbers, expected one, or the bias of a layer right *"
refused constants "node 1 'n_h' (Mul): of two constants, which is not computed here: have the program that wrote *"
refused divided "node 0 'n_f' (Div): pixels divide a constant, expected the opposite"
refused by-zero "node 0 'n_f' (Div): with 0 in it the normalisation is none: expected a mean and a deviation above 0"
refused per-pixel "node 0 'n_f' (Sub): constant 'd' has 4 numbers, expected one: one mean and one deviation for *"
refused mixed "node 4 'n_out' (MatMul): layer 2 has activation tanh and those before it relu, expected the *"
refused branch "node 3 'n_out' (MatMul): it takes 'h', the sums of layer 1 without the bias that is added *"

begin 'graphs that are no chain'
refused second-image "node 2 'n_h' (MatMul): a second layer that takes the image, expected a chain of layers: branches *"
refused relu-image "node 0 'n_r' (Relu): its input 'x' is not the sums of a layer"
refused softmax-image "node 0 'n_p' (Softmax): its input 'x' is not the sums of a layer"
refused after-probabilities "node 2 'n_out' (MatMul): its input 'h' is made by Softmax, expected the activation of the *"
refused constant-image "node 0 'n_z' (MatMul): its input 'w' is a constant, expected the activation of the layer *"
refused bias-computed "node 2 'n_out2' (Gemm): its third input 'z' is no initializer, expected the bias there"
refused int-weights "node 0 'n_z' (Gemm): tensor 'w' is of int64, expected float, double, float16 or bfloat16"
refused shape-computed "node 0 'n_f' (Reshape): its shape 'x' is computed, expected a constant"
refused shape-bad "tensor 's' has 16 bytes in raw_data, expected 24 for its shape"
refused shape-constant "node 0 'n_f' (Reshape): its input 'w' is a constant, expected images or a layer: have the program *"
refused flat-constant "node 0 'n_f' (Flatten): its input 'w' is a constant, expected images or a layer: have the program *"
refused shape-unknown "node 0 'n_f' (Reshape): to (-2, 4), expected (batch, numbers): images as rows"
refused shape-layer "node 2 'n_h' (Reshape): to (-1, 5), expected (batch, 10): images as rows"
refused shape-open "node 0 'n_f' (Reshape): to (-1, -1), expected (batch, 4): images as rows"
refused nothing "node 0 'n_c' (Constant): without attribute value, expected a tensor there"
refused sparse "the model has sparse initializers, which are not read"
refused no-operator "node 0 has no operator, expected one"
refused input-sequence "input 'x' is of no tensor type, expected uint8 or float"

table_ends 123
