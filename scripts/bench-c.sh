#!/usr/bin/env bash
# Measures nets that mnist-convert writes as C, one image a call, beside onnxruntime: usage below.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=bench/onnxruntime.sh
. "$root/scripts/bench/onnxruntime.sh"

usage()
{
    cat <<'END_OF_USAGE'
usage: scripts/bench-c.sh [--rounds N] [HIDDEN...]

Trains a net for each HIDDEN (none 32 128 256), writes it as C and as ONNX, and, quantised to 8 bits, as C in whole numbers,
compiles the C with $CC (cc) -O2 -std=c99, and runs all three on MNIST's test images, one a call, in turn, N rounds (5). Prints the
median of the rounds and their range in microseconds, the ratio of the medians of ONNX and C, and how many answers of each are wrong.
All take the pixels' bytes and give probabilities; onnxruntime has one thread and is called from JavaScript, for which the smallest
net's time stands.

Installs onnxruntime-node from npm into build-peers/, builds Release into build/, fetches MNIST. MNIST_BUILD names another
build directory of the project, which is then not built.
END_OF_USAGE
}

rounds=5
while [ $# -gt 0 ]; do
    case $1 in
    -h | --help) usage && exit 0 ;;
    --rounds)
        case ${2:-} in
        '' | 0* | *[!0-9]*) die 2 "--rounds: expected a whole number above 0" ;;
        esac
        rounds=$2
        shift
        ;;
    -*) usage >&2 && exit 2 ;;
    *) break ;;
    esac
    shift
done
if [ $# -eq 0 ]; then
    set -- none 32 128 256
fi

peers=$root/build-peers
mkdir -p "$peers"
install_onnxruntime "$peers"
if [ -z "${MNIST_BUILD:-}" ]; then
    build "$root/build" -DCMAKE_BUILD_TYPE=Release -DMNIST_BUILD_TESTS=OFF
fi
bin=${MNIST_BUILD:-$root/build}
"$root/scripts/get-mnist.sh" -q -i mnist >&2
data=$root/data/mnist

# of_json NAME FILE: the values of that name, ascending
of_json()
{
    sed -n "s/.*\"$1\": *\([0-9.e-]*\).*/\1/p" "$2" | sort -g
}

# middle_and_range FILE: microseconds
middle_and_range()
{
    of_json seconds "$1" | awk '{ t[NR] = 1e6 * $1 } END { printf "%.2f %.2f %.2f\n", t[int((NR + 1) / 2)], t[1], t[NR] }'
}

# compile NAME: the program that runs work/NAME.c
compile()
{
    # shellcheck disable=SC2086  # CC may carry flags
    ${CC:-cc} -O2 -std=c99 -DHEADER="\"$1.h\"" -DPREDICT="$1_predict" -I"$work" "$root/scripts/bench/c_infer.c" "$work/$1.c" -o "$work/$1"
}

printf '%-14s %22s %23s %25s %7s %23s\n' net 'C, µs' 'C of 8 bits, µs' 'onnxruntime, µs' ratio 'wrong'
for hidden; do
    work=$peers/c-${hidden//,/-}
    mkdir -p "$work"
    "$bin/mnist-train" --data-dir "$data" --hidden "$hidden" --epochs 1 --quiet -o "$work/net.safetensors" >/dev/null
    "$bin/mnist-convert" -q "$work/net.safetensors" "$work/net.c" >/dev/null
    "$bin/mnist-convert" -q "$work/net.safetensors" "$work/net.onnx" >/dev/null
    "$bin/mnist-compress" quantize --data-dir "$data" --quiet "$work/net.safetensors" -o "$work/whole.safetensors" >/dev/null
    "$bin/mnist-convert" -q "$work/whole.safetensors" "$work/whole.c" >/dev/null
    compile net
    compile whole
    : >"$work/c.json"
    : >"$work/whole.json"
    : >"$work/ort.json"
    for ((round = 0; round < rounds; round++)); do
        "$work/net" "$data/t10k-images-idx3-ubyte" "$data/t10k-labels-idx1-ubyte" >>"$work/c.json"
        "$work/whole" "$data/t10k-images-idx3-ubyte" "$data/t10k-labels-idx1-ubyte" >>"$work/whole.json"
        node "$root/scripts/bench/ort_infer.mjs" --modules "$peers" --model "$work/net.onnx" --data "$data" --single --bytes >>"$work/ort.json"
    done
    read -r c c_least c_most < <(middle_and_range "$work/c.json")
    read -r whole whole_least whole_most < <(middle_and_range "$work/whole.json")
    read -r ort ort_least ort_most < <(middle_and_range "$work/ort.json")
    hidden=-$hidden
    printf '%-14s %8s (%s to %s) %8s (%s to %s) %8s (%s to %s) %7.1f %7d %7d %7d\n' "784${hidden#-none}-10" "$c" "$c_least" "$c_most" \
        "$whole" "$whole_least" "$whole_most" "$ort" "$ort_least" "$ort_most" "$(awk "BEGIN { print $ort / $c }")" \
        "$(of_json errors "$work/c.json" | tail -n 1)" "$(of_json errors "$work/whole.json" | tail -n 1)" \
        "$(of_json errors "$work/ort.json" | tail -n 1)"
done
