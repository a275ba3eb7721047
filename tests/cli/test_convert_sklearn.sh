#!/usr/bin/env bash
# test_convert_sklearn.sh BUILD-DIR SOURCE-DIR [MNIST-DIR]: nets that scikit-learn's MLPClassifier trains here, of five seeds,
# read from NPZ: they give its own answers, on the digits of 8 by 8 pixels that it brings along, or on MNIST. Exits 77, to be
# taken for skipped, where scikit-learn or the named MNIST is not.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
trained=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)/trained.py
if [ $# -gt 2 ]; then
    need_mnist "$3"
fi
python=$(python_with sklearn) || skip_test 'no scikit-learn for python3 (python3-sklearn)' # 300 MB: not installed for a test
start "$1"
convert=${train%train}convert
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 BLIS_NUM_THREADS=1
mkdir data
if [ $# -gt 2 ]; then
    ln -s "$mnist"/* data/
else
    run 0 "$python" "$trained" digits data
fi

# same_answers SEED HIDDEN ACTIVATION SCALE: as trained.py takes them
same_answers()
{
    local activation=$3
    begin "seed $1, hidden layers $2, $3, $4"
    run 0 "$python" "$trained" sklearn data "$@"
    if [ "$activation" = logistic ]; then
        activation=sigmoid
    fi
    if ! "$convert" --activation "$activation" --normalize "$4" data/sklearn.npz got.safetensors >/dev/null 2>err.txt; then
        expect 'not read' grep -q 'without libzip' err.txt
        left_out 'built without libzip' 'scripts/install-deps.sh build, and build again'
        return
    fi
    expect 'its fp64 is not said' grep -q 'note: [0-9]* numbers of 64 bits were rounded to fp32' err.txt
    run 0 "$eval" -q --data-dir data --predictions predictions.csv got.safetensors
    out_matches 'test_acc=0\.[89]'
    tail -n +2 predictions.csv | cut -d , -f 3 >got.answers
    same_bytes data/sklearn.answers got.answers
    run 0 "$python" "$trained" distance data/sklearn.probabilities predictions.csv
    printf '%s: %s\n' "$title" "$out"
}

same_answers 1 64 relu unit
same_answers 2 64 tanh standard
same_answers 3 64 logistic unit
same_answers 4 64,32 relu standard
same_answers 5 64,32 tanh unit
finish
