#!/usr/bin/env bash
# test_convert_onnx_whole.sh BUILD-DIR SOURCE-DIR: mnist-convert and ONNX of nets of whole numbers: there and back, as other programs
# round nets, files that are wrong; and where they are there, ONNX's own checker and onnxruntime-node.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=table.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/table.sh"
here=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
root=$(CDPATH='' cd -- "$2" && pwd)
start "$1"
convert=${train%train}convert
compress=${train%train}compress
drawn=(--dataset synthetic --synthetic-test 100)
if ! command -v python3 >/dev/null; then
    skip_test 'no python3' 'scripts/install-deps.sh test'
fi
run 0 "$train" --dataset synthetic --synthetic-train 100 --synthetic-test 20 --hidden none -e 1 -q -o softmax.safetensors
if ! "$convert" -q softmax.safetensors probe.onnx >/dev/null 2>&1; then
    skip_test 'built without protobuf-c or the schema' 'scripts/install-deps.sh build, and build again'
fi
modules=
for candidate in ${MNIST_ORT_MODULES:+"$MNIST_ORT_MODULES"} "$root"/build-peers; do
    [ ! -d "$candidate/node_modules/onnxruntime-node" ] || modules=$candidate
done
python=
for candidate in python3 /usr/bin/python3; do
    if [ ! "$python" ] && "$candidate" -c 'import onnx' 2>/dev/null; then
        python=$candidate
    fi
done
kept='mnist-convert: note: its whole numbers are kept, as QuantizeLinear and DequantizeLinear; *'
floats='mnist-convert: note: the net is one of whole numbers; written are the floats that they stand for, which give nearly its answers'
stays='mnist-convert: note: the options of its training and the digests of its data stay behind'
read_as_floats='mnist-convert: note: weights are the floats that its whole numbers stand for, and what rounds activations to whole numbers is left out: '

# --- there and back ---------------------------------------------------------------------------------

# made NAME BITS ARGUMENT...: a net of whole numbers
made()
{
    local name=$1 bits=$2
    shift 2
    run 0 "$train" --dataset synthetic --synthetic-train 500 --synthetic-test 50 -e 2 -q "$@" -o "$name-floats.safetensors"
    run 0 "$compress" quantize -q "$name-floats.safetensors" --dataset synthetic --synthetic-train 500 --bits "$bits" \
        -o "$name.safetensors"
}

made relu int8 --hidden 24,17 --normalize standard
made tanh int8 --hidden 24,17 --activation tanh
made sigmoid int4 --hidden 20 --activation sigmoid --normalize standard
made leaky-relu int8 --hidden 20 --activation leaky-relu
made gelu int2 --hidden 20 --activation gelu
made softmax int8 --hidden none --normalize standard
for net in relu tanh sigmoid leaky-relu gelu softmax; do
    for input in bytes floats; do
        begin "$net, $input, there and back"
        run 0 "$convert" --onnx-input "$input" --verify --vectors 100 "${drawn[@]}" "$net.safetensors" "$net-$input.onnx"
        expect "$err" [ "$err" != "${err#"$stays"*its whole numbers are kept}" ]
        expect "$out" [ "$(value from) $(value to) $(value max_difference) $(value changed)" = 'native onnx 0 0' ]
        run 0 "$convert" "$net-$input.onnx" back.safetensors
        err_empty
        expect 'numbers differ' python3 "$here/nets.py" same "$net.safetensors" back.safetensors
        run 0 "$convert" -q --onnx-input "$input" back.safetensors again.onnx
        same_bytes "$net-$input.onnx" again.onnx
        if [ "$python" ]; then
            run 0 "$python" -c 'import onnx, sys
m = onnx.load(sys.argv[1])
onnx.checker.check_model(m, full_check=True)
print(m.ir_version, m.opset_import[0].version)' "$net-$input.onnx"
            out_is '8 13'
        fi
        if [ "$modules" ] && command -v node >/dev/null; then
            said=()
            [ "$input" = bytes ] || said=(floats)
            run 0 node "$here/onnx_run.mjs" "$modules" "$net-$input.onnx" "$net-$input.onnx.vectors.json" "${said[@]}"
            # rounded otherwise, some values are off by one
            expect "$(cat "$work/out")" [ "$(awk '{ split($3, d, "="); split($4, c, "=") } d[2] < 0.1 && c[2] < 3' "$work/out" | wc -l)" -eq 3 ]
        fi
    done
done
begin 'the checker of ONNX'
[ "$python" ] || left_out 'no onnx for python3 (python3-onnx)'
begin onnxruntime
[ "$modules" ] || left_out 'no onnxruntime-node where MNIST_ORT_MODULES says, nor in build-peers' # it is not fetched for a test

begin 'the vectors are of whole numbers, and with --floats of floats'
run 0 "$convert" -q --floats --vectors 100 "${drawn[@]}" relu.safetensors floats.onnx
run 0 "$convert" --floats --verify "${drawn[@]}" relu.safetensors floats.onnx
err_is "$stays
$floats"
expect "$out" [ "$(value max_difference)" != 0 ]
expect 'vectors are the same' [ "$(cksum <floats.onnx.vectors.json)" != "$(cksum <relu-bytes.onnx.vectors.json)" ]
run 0 "$convert" floats.onnx back.safetensors
err_empty
run 0 "$convert" --floats relu.safetensors native.safetensors
err_is "$stays
$floats"
expect 'weights differ' python3 "$here/nets.py" same back.safetensors native.safetensors
begin 'without hidden layers an activation changes nothing'
run 0 "$convert" --activation tanh softmax.safetensors got.onnx
# shellcheck disable=SC2053  # a pattern
[[ $err == *$kept ]] || wrong "stderr is not: $kept"
run 0 "$convert" -q got.onnx back.safetensors
expect 'numbers differ' python3 "$here/nets.py" same softmax.safetensors back.safetensors
begin 'native keeps whole numbers'
run 0 "$convert" --verify "${drawn[@]}" relu.safetensors native.safetensors
err_is "$stays"
expect "$out" [ "$(value max_difference)" = 0 ]
expect 'numbers differ' python3 "$here/nets.py" same relu.safetensors native.safetensors
begin 'another normalisation is another net'
run 0 "$convert" --normalize unit relu-bytes.onnx native.safetensors
expect "$err" [ "$err" != "${err#"$floats"}" ]
run 0 "$convert" relu-bytes.onnx relu.pt.safetensors
err_is "$floats"

# --- as other programs write them -------------------------------------------------------------------

python3 "$here/onnx_whole_files.py" variants variants
for file in turned relu-in-rounding no-zero fake one-scale bytes; do
    begin "$file.onnx"
    plain=floats
    [ "$file" != one-scale ] || plain='floats-one'
    run 0 "$convert" -q --normalize unit "variants/$plain.onnx" plain.safetensors
    run 0 "$convert" --normalize unit "variants/$file.onnx" got.safetensors
    err_is "${read_as_floats}answers can differ, as values below 0 and above 15.9375 are cut off there after layer 1, and here not"
    expect "$out" [ "$(value net) $(value activation)" = '4-3-10 relu' ]
    expect 'weights differ' python3 "$here/nets.py" same plain.safetensors got.safetensors
done
begin 'bytes.onnx says its normalisation'
run 0 "$convert" variants/bytes.onnx got.safetensors
expect "$out" [ "$(value mean) $(value stddev)" = '0 1' ]

# --- whole numbers that are not those of a net here -------------------------------------------------

python3 "$here/onnx_whole_files.py" ours ours
for file in relu tanh tanh-narrow float-input tanh-float-input; do
    begin "$file.onnx, by hand"
    run 0 "$convert" "ours/$file.onnx" got.safetensors
    err_empty
    run 0 "$convert" got.safetensors got.onnx
    # shellcheck disable=SC2053  # a pattern
    [[ $err == $kept ]] || wrong "stderr is not: $kept"
    run 0 "$convert" -q got.onnx back.safetensors
    expect 'numbers differ' python3 "$here/nets.py" same got.safetensors back.safetensors
done

# other NAME WHY
other()
{
    begin "ours/$1.onnx"
    run 0 "$convert" "ours/$1.onnx" got.safetensors
    # shellcheck disable=SC2053  # a pattern
    [[ $err == *"mnist-convert: note: its whole numbers are not those of a net here: "$2$'\n'"$read_as_floats"answers* ]] ||
        wrong "stderr is not: $2"
    checks=$((checks + 1))
}

other no-normalisation 'its metadata have no normalisation'
for far in mean-far mean-above mean-below; do
    other "$far" 'its mean is not of 0 to 1'
done
other relu6 'what a layer takes is not rounded to uint8 right before it'
expect "$err" [ "$err" != "${err#*below 0 and above 6 are cut off there after layer 1}" ]
other scaled 'a layer has an alpha or a beta'
other unrounded 'what a layer takes is not rounded to uint8 right before it'
other not-last 'what a layer takes is not rounded to uint8 right before it'
other thrice 'what a layer takes is not rounded to uint8 right before it'
other mixed 'what a layer takes is not rounded to uint8 right before it'
other int8-between 'what a layer takes is not rounded to uint8 right before it'
other pixels 'pixels are rounded otherwise'
other pixels-scale 'pixels are rounded otherwise'
other table-zero 'sums before an activation are rounded otherwise'
other table-late 'sums before an activation are rounded otherwise'
other relu-zero "zero point of layer 1's outputs: expected at most 0, found 3"
other zero-far "zero point of layer 1's outputs: expected at most 127, found 200"
other weights-float 'weights are not of int8'
other weights-uint8 'weights are not of int8'
other weights-zero 'a zero point of weights is not 0'
other weights-128 'weight 0 of layer 2: expected -127 to 127, found -128'
other weights-rows 'weights of an output have more than one scale'
other no-bias 'biases are not of int32'
other bias-scale 'a bias has another scale than its sums'
other bias-far 'a bias is beyond 2^30'
begin ours/unsaid.onnx
run 0 "$convert" ours/unsaid.onnx got.safetensors
err_is "${read_as_floats}answers can differ, as values below 0 and above 15.9375 are cut off there after layer 1, and here not"
begin 'no range between layers'
run 0 "$convert" ours/unrounded.onnx got.safetensors
expect "$err" [ "${err%answers are nearly the same}" != "$err" ]

# --- what is wrong ----------------------------------------------------------------------------------

python3 "$here/onnx_whole_files.py" hostile hostile

# refused NAME MESSAGE: a pattern for what follows the file's name
refused()
{
    fails_like 1 "$convert" "hostile/$1.onnx: $2" --from onnx --normalize unit "hostile/$1.onnx" none.safetensors
}

begin 'bad scales and zero points'
for said in zero=0 negative=-0.5 nan=nan infinite=inf; do
    refused "scale-${said%%=*}" "node 0 'n_x1_q' (QuantizeLinear): scale 0 of 's' is ${said#*=}, expected a finite number above 0"
done
refused scale-denormal "node 0 'n_x1_q' (QuantizeLinear): scale 0 of 's' is 1.00053e-42, expected a normal float: at least 1.2e-38"
refused scale-tenth "node 2 'n_w' (DequantizeLinear): scale 9 of 'w_s' is 0, expected a finite number above 0"
refused scale-whole "tensor 's' is of int8, expected float, double, float16 or bfloat16, or int64 for a shape"
refused scale-index "node 0 'n_x1_q' (QuantizeLinear): tensor 's' is of int64, expected float, double, float16 or bfloat16"
refused scale-none "node 0 'n_x1_q' (QuantizeLinear): its scale 's' has 1 dimensions and 0 numbers, expected one number, or *"
refused scale-matrix "node 2 'n_w' (DequantizeLinear): its scale 'w_s' has 2 dimensions and 10 numbers, expected one *"
refused scale-computed "node 0 'n_x1_q' (QuantizeLinear): its scale 'x' is computed, expected a constant"
refused scale-made "node 1 'n_x1_q' (QuantizeLinear): its scale 'made' is computed, expected a constant"
refused zero-computed "node 0 'n_x1_q' (QuantizeLinear): its zero point 'x' is computed, expected a constant"
refused zero-float "tensor 'z' is of float, expected int8, uint8 or int32"
refused zero-many "node 0 'n_x1_q' (QuantizeLinear): zero point 'z' has 2 numbers in 1 dimensions, expected 1, as the scale"
refused zero-few "node 2 'n_w' (DequantizeLinear): zero point 'w_z' has 1 numbers in 1 dimensions, expected 10, as the scale"
refused zero-type "node 2 'n_w' (DequantizeLinear): its zero point is of uint8, expected int8, as tensor 'w_q'"
refused zero-int32 "node 3 'n_b' (DequantizeLinear): zero point 9 is 1, expected 0 of int32"
refused zero-between "node 0 'n_x1_q' (QuantizeLinear): its zero point is of int32, expected uint8 or int8"
refused axis-far "node 2 'n_w' (DequantizeLinear): axis is 2, but tensor 'w_q' has 2 dimensions: expected the one of its outputs"
refused axis-below "node 2 'n_w' (DequantizeLinear): axis is -3, but tensor 'w_q' has 2 dimensions: expected the one of *"
refused axis-bias "node 3 'n_b' (DequantizeLinear): axis is 1, but tensor 'b_q' has 1 dimensions: expected the one of its *"
refused axis-other "node 2 'n_w' (DequantizeLinear): 10 scales, but dimension 0 of tensor 'w_q' is 4, expected as many or one"
refused axis-float "node 2 'n_w' (DequantizeLinear): attribute axis is of float, expected int"
refused scales-between "node 0 'n_x1_q' (QuantizeLinear): 10 scales, expected one for all values of a layer"
refused another-scale "node 6 'n_out' (DequantizeLinear): scale 0.25 and zero point 0 for 'out_q', which has 0.5 and 0, *"
refused another-zero "node 6 'n_out' (DequantizeLinear): scale 0.5 and zero point 7 for 'out_q', which has 0.5 and 0, *"
refused another-type "node 6 'n_out' (DequantizeLinear): scale 0.5 and zero point 0 for 'out_q', which has 0.5 and 0 of another *"
refused blocks "node 2 'n_w' (DequantizeLinear): block_size is 2, expected 0: that is not read"
refused output-type "node 0 'n_x2' (QuantizeLinear): output_dtype is 3, expected 0: that is not read"
refused normalisation "node 9 'n_x1' (DequantizeLinear): with scale 1.2e-38 the normalisation is none: expected a mean and a deviation *"
begin 'whole numbers that cut off what an activation gives'
# cut NAME RANGE
cut()
{
    refused "$1" "node * 'n_x2_q' (QuantizeLinear): its whole numbers stand for $2, which cuts off part of what 'h' is: expected *"
}
cut tanh-cut '0 to 2.00787'
cut tanh-above '-0.5 to 0.496094'
cut sigmoid-cut '0 to 0.498047'
cut leaky-cut '0 to 15.9375'
cut relu-none '-15.9375 to 0'
begin 'whole numbers in the wrong place'
refused bytes-added "node 0 'n_a' (Add): its input 'x' is the image's bytes, expected Cast to float before it"
refused logits-cut "output 'out' is not what the last layer gives, nor its Softmax: a QuantizeLinear after that layer cuts off *"
refused floats "node 0 'n_x1' (DequantizeLinear): its input 'x' is floats, expected whole numbers"
refused whole-taken "node 3 'n_y' (Gemm): it takes 'x1', the whole numbers of a QuantizeLinear: expected DequantizeLinear *"
refused whole-out "output 'out' is whole numbers, expected DequantizeLinear after them"
refused whole-weights "tensor 'w' is of int8, expected float, double, float16 or bfloat16, or int64 for a shape"
refused rounded-twice "node 3 'n_w2' (QuantizeLinear): its input 'w1' is rounded already, expected numbers as they are"
refused rounded-other "node 3 'n_w' (DequantizeLinear): its input 'w2' has another scale or zero point, expected those of *"
refused typed-far "number 0 of tensor 'w_q' is 200 in int32_data, expected -128 to 127"
refused typed-below "number 0 of tensor 'z' is -1 in int32_data, expected 0 to 255"
refused cut "tensor 'w_q' has 39 bytes in raw_data, expected 40 for its shape"
refused int4 "tensor 'w_q' is of type 22, expected int8, uint8 or int32"
refused weights-double "tensor 'w_q' is of double, expected int8, uint8 or int32"
refused most "metadata mnist.most is 255, expected 127, the largest activation"
refused most-text "metadata mnist.most is 'many', expected a number"
begin 'what comes after the last layer, and of double'
refused divided "output 'out' is not what the last layer gives, nor its Softmax: after that layer comes z times 0.5; have the \
program that wrote the file multiply its weights and bias by 0.5 instead, and write it again"
refused moved "node 6 'n_out' (Softmax): its input 'm' is not the sums of a layer: after that layer comes z plus 2; have the \
program that wrote the file add 2 to its bias instead, and write it again"
refused both "output 'out' is not what the last layer gives, nor its Softmax: after that layer comes z times 2 and something; have \
the program that wrote the file multiply its weights and bias by 2, add 2 to its bias instead, and write it again"
refused squared "output 'out' is not what the last layer gives, nor its Softmax: there is a function after that layer, and has *"
refused double-input "input 'x' is of double, expected uint8 or float: have the program that wrote the file make the net one of *"

table_ends 56
