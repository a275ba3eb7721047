#!/usr/bin/env bash
# test_formats.sh BUILD-DIR SOURCE-DIR [MNIST-DIR]: one data set in every form gives one model; what is said of data sets
# that are wrong. With MNIST-DIR: real MNIST, in the forms that take most time.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=table.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/table.sh"
scripts=$(CDPATH='' cd -- "$2" && pwd)/tests/cli
forms=()
given=random:60,30
if [ $# -gt 2 ]; then
    need_mnist "$3"
    given=$mnist
    forms=(idx floats.npz mnist.npz kaggle idx.tar.xz png.zip)
fi
start "$1"
net=(-q --hidden 8 -e 1)
python3 "$scripts/formats.py" "$given" ../forms ${forms[@]+"${forms[@]}"}

# Of what was left out while building nothing can be read; it has to be said.
optional()
{
    case $err in
    *'built without libarchive'*) left_out 'built without libarchive' 'scripts/install-deps.sh build, and build again' ;;
    *'built without libzip'*) left_out 'built without libzip' 'scripts/install-deps.sh build, and build again' ;;
    *'built without libpng'*) left_out 'built without libpng' 'scripts/install-deps.sh build, and build again' ;;
    *) return 1 ;;
    esac
}

begin 'every form'
count=0
while IFS=$'\t' read -r name told; do
    title=$name
    rm -f form.st
    # shellcheck disable=SC2086  # words
    code=0 && "$train" "${net[@]}" -o form.st $told >"$work/out" 2>"$work/err" </dev/null || code=$?
    keep
    if [ "$code" -ne 0 ] && optional; then
        continue
    fi
    expect "exit code $code" [ "$code" -eq 0 ]
    [ "$name" != idx ] || cp form.st idx.st
    expect "another model than of idx" cmp -s form.st idx.st
    count=$((count + 1))
done <../forms/forms.tsv
expect "$count forms" [ "$count" -ge 5 ]
rm -f form.st

if [ $# -gt 2 ]; then
    finish
    exit
fi

begin 'evaluation, and the parts of one file'
run 0 "$eval" -q idx.st --data-dir ../forms/idx
expected=${out% seconds=*}
run 0 "$eval" -q idx.st --data-dir ../forms/csv
out_has "$expected"
run 0 "$eval" -q idx.st --test-images ../forms/kaggle/test.csv
out_has "$expected"
run 0 "$train" "${net[@]}" --train-images ../forms/npy/x_train.npy --train-labels ../forms/idx/train-labels-idx1-ubyte \
    --test-images ../forms/unzipped/t10k-images-idx3-ubyte --test-labels ../forms/npy/y_test.npy -o mixed.st
expect 'another model than of idx' cmp -s mixed.st idx.st
rm -f ./*.st

begin 'wrong data'
mkdir ../bad
python3 "$scripts/bad_formats.py" ../bad
while IFS=$'\t' read -r told message; do
    # shellcheck disable=SC2206  # words
    words=($told)
    "$train" "${net[@]}" "${words[@]}" >/dev/null 2>"$work/err" </dev/null || true
    keep
    if optional; then
        continue
    fi
    case $message in
    *'*') fails_like 1 "$train" "$message" "${net[@]}" "${words[@]}" ;;
    *) fails 1 "$train" "$message" "${net[@]}" "${words[@]}" ;;
    esac
done <../bad/rows.tsv
usage "$train" '--train-labels goes with --train-images, which is missing' --train-labels x
table_ends 50
