#!/usr/bin/env bash
# test_convert_gguf.sh BUILD-DIR SOURCE-DIR: mnist-convert and GGUF: there and back, what ggml's example writes, files that are
# wrong.
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

# --- there and back ---------------------------------------------------------------------------------

run 0 "$train" --dataset synthetic --synthetic-train 100 --synthetic-test 20 --hidden 500 -e 1 -q --normalize unit -o example.safetensors
run 0 "$train" --dataset synthetic --synthetic-train 500 --synthetic-test 50 --hidden 12,7 --activation tanh -e 2 -q \
    --normalize standard -o tanh.safetensors
run 0 "$train" --dataset synthetic --synthetic-train 100 --synthetic-test 20 --hidden none -e 1 -q -o softmax.safetensors
for net in example tanh softmax; do
    begin "$net, there and back"
    run 0 "$convert" --verify "${drawn[@]}" "$net.safetensors" "$net.gguf"
    expect "$out" [ "$(value from) $(value to) $(value max_difference) $(value changed)" = 'native gguf 0 0' ]
    expect 'what is said of the example' [ "$(grep -c "ggml's own example" "$work/err")" -eq \
        "$(case $net in example) echo 0 ;; softmax) echo 1 ;; *) echo 2 ;; esac)" ]
    run 0 "$convert" "$net.gguf" back.safetensors
    err_empty
    expect 'weights differ' python3 "$here/nets.py" same "$net.safetensors" back.safetensors
    run 0 "$convert" -q back.safetensors again.gguf
    same_bytes "$net.gguf" again.gguf
done

begin 'the first bytes'
expect 'not those of a GGUF file of version 3 with 6 tensors and 4 keys' [ "$(head -c 24 tanh.gguf | od -An -tx1 | tr -d ' \n')" = \
    474755460300000006000000000000000400000000000000 ]

begin '@huggingface/gguf'
modules=
for candidate in ${MNIST_GGUF_MODULES:+"$MNIST_GGUF_MODULES"} "$root"/build-peers; do
    [ ! -d "$candidate/node_modules/@huggingface/gguf" ] || modules=$candidate
done
if [ "$modules" ] && command -v node >/dev/null; then
    for net in example tanh softmax; do
        run 0 node "$here/gguf_read.mjs" "$modules" "$net.gguf" "$net.safetensors"
        out_has 'general.architecture=mnist-fc'
        expect "$out" [ "$(value different)" = 0 ]
        printf '%s: %s\n' "$net" "$(tail -n 1 "$work/out")"
    done
else
    left_out 'no @huggingface/gguf where MNIST_GGUF_MODULES says, nor in build-peers' # it is not fetched for a test
fi

# --- as other programs write them -------------------------------------------------------------------

python3 "$here/gguf_files.py" variants tanh.safetensors variants
for file in example version2 aligned; do
    begin "$file.gguf"
    run 0 "$convert" "variants/$file.gguf" got.safetensors
    err_is "mnist-convert: note: taken to be as in ggml's example: ReLU, and pixels divided by 255"
    expect "$out" [ "$(value activation) $(value mean) $(value stddev)" = 'relu 0 1' ]
    expect 'weights differ' python3 "$here/nets.py" same tanh.safetensors got.safetensors
done
begin 'numbers of other types'
run 0 "$convert" -q variants/coarse-F32.gguf coarse.safetensors
for kind in F16 BF16 F64; do
    run 0 "$convert" "variants/coarse-$kind.gguf" got.safetensors
    expect "weights of $kind differ" python3 "$here/nets.py" same coarse.safetensors got.safetensors
done
run 0 "$convert" --layers fc1,fc2,fc3 variants/coarse-F16.gguf got.safetensors
expect 'weights differ' python3 "$here/nets.py" same coarse.safetensors got.safetensors
run 0 "$convert" --activation tanh --normalize standard variants/example.gguf got.safetensors
err_has 'note: the file says activation relu, and tanh was asked for'

# --- what is wrong ----------------------------------------------------------------------------------

python3 "$here/gguf_files.py" hostile hostile

# refused NAME MESSAGE: a pattern for what follows the file's name
refused()
{
    fails_like 1 "$convert" "hostile/$1.gguf: $2" --from gguf "hostile/$1.gguf" none.safetensors
}

begin 'bad heads'
refused cut-head "offset 16: a count of 8 bytes, but 4 are left; the file may be cut short"
refused cut-data "tensor 'fc2.bias' of 64 bytes begins at 480, past what the file's 480 bytes hold; it may be cut *"
refused cut-padding "tensor 'fc2.bias' of 64 bytes begins at *"
refused version "offset 4: version 9, expected 2 or 3, little-endian"
refused version-0 "offset 4: version 0, expected 2 or 3, little-endian"
refused big-endian "offset 4: version 50331648, as a big-endian file has it, expected 2 or 3, little-endian"
refused many-tensors "offset 8: 1152921504606846976 tensors and 1 keys, expected at most 256 of each: a net has few"
refused many-keys "offset 8: 4 tensors and 18446744073709551615 keys, expected at most 256 of each: a net has few"
refused more-keys "offset 104: a tensor's name of 844424930131968 bytes, but 440 are left; the file may be cut short"
begin 'bad keys'
refused long-string "offset 32: a key of 18446744073709551615 bytes, but 512 are left; the file may be cut short"
refused endless-value "offset 45: a string of 1099511627776 bytes, but 499 are left; the file may be cut short"
refused empty-key "offset 24: a key of 0 bytes, expected 1 to 256"
refused long-key "offset 24: a key of 300 bytes, expected 1 to 256"
refused twice "offset 72: key 'general.architecture' for the second time, expected once"
refused value-type "key 'k' is of type 13, expected 0 to 12"
refused array-type "key 'k' is an array of type 9, expected numbers, truth values or strings"
refused array-count "key 'k' is an array of 9223372036854775808 values, for which 495 bytes are left"
refused array-strings "offset 66: a string of 1125899906842624 bytes, but 478 are left; the file may be cut short"
refused no-architecture "general.architecture is not said, expected 'mnist-fc'"
refused architecture "general.architecture is 'llama', expected 'mnist-fc'"
refused architecture-type "general.architecture is not said, expected 'mnist-fc'"
refused alignment-0 "general.alignment is 0, expected a power of two from 8 to 65536"
refused alignment-33 "general.alignment is 33, expected a power of two from 8 to 65536"
refused alignment-huge "general.alignment is 2147483648, expected a power of two from 8 to 65536"
begin 'bad tensors'
refused offset "tensor 'fc1.weight' is at offset 4 of the data, expected 0: one after the other, each at a *"
refused offset-far "tensor 'fc1.weight' is at offset 4611686018427387904 of the data, expected 0: one after the *"
refused tensor-twice "offset 113: tensor 'a' for the second time, expected once"
refused name-long "offset 72: a tensor's name of 64 bytes, expected 1 to 63, none of them zero"
refused name-zero "offset 72: a tensor's name of 10 bytes, expected 1 to 63, none of them zero"
refused rank-0 "tensor 'fc1.weight' has 0 dimensions, expected 2 (weights) or 1 (a bias)"
refused rank-3 "tensor 'fc1.weight' has 3 dimensions, expected 2 (weights) or 1 (a bias)"
refused rank-huge "tensor 'a' has 2147483648 dimensions, expected 2 (weights) or 1 (a bias)"
refused dimension-0 "dimension 0 of tensor 'fc1.weight' is 0, expected 1 or above, and not more than the file's 288 *"
refused dimension-huge "dimension 0 of tensor 'fc1.weight' is 1099511627776, expected 1 or above, and not more than the *"
refused quantised "tensor 'fc1.weight' is of ggml's type 8, expected F32 (0), F16 (1), F64 (28) or BF16 (30): *"
refused integers "tensor 'fc1.weight' is of ggml's type 26, expected F32 (0), F16 (1), F64 (28) or BF16 (30): *"
refused nothing "no matrix among its 0 arrays, expected the weights of 1 to 17 layers"
refused classes "its matrices 'fc1.weight' (1, 4), with their biases, are not in just one way layers that follow *"
refused infinite "layer 1, weight 0 is not a finite number as fp32, in which nets are kept; expected one of *"

table_ends 39
