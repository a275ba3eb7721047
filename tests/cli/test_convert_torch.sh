#!/usr/bin/env bash
# test_convert_torch.sh BUILD-DIR SOURCE-DIR MNIST-DIR: a net that PyTorch trains here on real MNIST, with its example's
# normalisation: read from safetensors, from NPZ and from what torch.onnx.export writes it gives PyTorch's own 10,000 answers.
# Exits 77, to be taken for skipped, where MNIST or PyTorch is not.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
trained=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)/trained.py
need_mnist "$3"
python=$(python_with torch) || skip_test 'no torch for python3 (python3-torch)' # 1 GB: not installed for a test
start "$1"
convert=${train%train}convert
known=(--activation relu --normalize 0.1307:0.3081)
mkdir data
ln -s "$mnist"/* data/
run 0 "$python" "$trained" torch data

# is_left_out: says so where the build lacks what reads the format
is_left_out()
{
    if grep -q 'without libzip\|ONNX needs protobuf-c' err.txt; then
        left_out 'built without what reads it' 'scripts/install-deps.sh build, and build again'
    else
        expect "not read: $(cat err.txt)" false
    fi
}

# answers FILE [NET]: as PyTorch's of the net, torch; prints how far probabilities are from PyTorch's
answers()
{
    local net=${2:-torch}
    begin "$1"
    if [ ! -e "data/$1" ]; then
        left_out 'no onnx for python3 (python3-onnx)'
        return
    fi
    if ! "$convert" -q "${known[@]}" "data/$1" got.safetensors >/dev/null 2>err.txt; then
        is_left_out
        return
    fi
    run 0 "$eval" -q --data-dir "$mnist" --predictions predictions.csv got.safetensors
    tail -n +2 predictions.csv | cut -d , -f 3 >got.answers
    same_bytes "data/$net.answers" got.answers
    run 0 "$python" "$trained" distance "data/$net.probabilities" predictions.csv
    printf '%s: %s\n' "$title" "$out"
}

answers torch.safetensors
answers torch.npz
for kind in plain softmax dropout; do
    answers "torch-$kind.onnx"
done
known=(--normalize 0.1307:0.3081) # the graph says the activation
for activation in relu tanh sigmoid leaky-relu gelu; do
    for opset in 11 13 17; do
        answers "torch-$activation-$opset.onnx" "torch-$activation"
    done
done
begin 'batch normalisation'
if [ -e data/torch-batch-norm.onnx ]; then
    if "$convert" -q "${known[@]}" data/torch-batch-norm.onnx got.safetensors >/dev/null 2>err.txt; then
        expect 'it was accepted' false
    elif ! grep -q "node 3 '/2/BatchNormalization' (BatchNormalization): batch normalisation is not read" err.txt; then
        is_left_out
    fi
fi
finish
