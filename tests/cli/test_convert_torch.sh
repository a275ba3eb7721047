#!/usr/bin/env bash
# test_convert_torch.sh BUILD-DIR SOURCE-DIR MNIST-DIR: a net that PyTorch trains here on real MNIST, with its example's
# normalisation: read from safetensors and from NPZ it gives PyTorch's own 10,000 answers. Exits 77, to be taken for skipped,
# where MNIST or PyTorch is not.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
nets=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)/nets.py
mnist=$(CDPATH='' cd -- "$3" 2>/dev/null && pwd) || skip_test "there is no directory $3" "scripts/get-mnist.sh mnist '$3'"
for name in train-images-idx3 train-labels-idx1 t10k-images-idx3 t10k-labels-idx1; do
    [ -e "$mnist/$name-ubyte" ] || skip_test "there is no $name-ubyte in $mnist" "scripts/get-mnist.sh mnist '$mnist'"
done
python=
for candidate in python3 /usr/bin/python3; do
    if [ ! "$python" ] && "$candidate" -c 'import torch' 2>/dev/null; then
        python=$candidate
    fi
done
[ "$python" ] || skip_test 'no torch for python3 (python3-torch)'
start "$1"
convert=${train%train}convert
mkdir data
ln -s "$mnist"/* data/
run 0 "$python" "$nets" torch data

# answers FILE: as PyTorch's; prints accuracy, and how far probabilities are from PyTorch's
answers()
{
    begin "$1"
    if ! "$convert" -q --activation relu --normalize 0.1307:0.3081 "data/$1" got.safetensors >/dev/null 2>err.txt; then
        expect 'not read' grep -q 'without libzip' err.txt
        left_out 'built without libzip' 'scripts/install-deps.sh build, and build again'
        return
    fi
    run 0 "$eval" -q --data-dir "$mnist" --predictions predictions.csv got.safetensors
    result
    tail -n +2 predictions.csv | cut -d , -f 3 >got.answers
    same_bytes data/torch.answers got.answers
    run 0 "$python" "$nets" distance data/torch.probabilities predictions.csv
    cat "$work/out"
}

answers torch.safetensors
answers torch.npz
finish
