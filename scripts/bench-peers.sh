#!/usr/bin/env bash
# Measures mnist-train beside PyTorch, scikit-learn and onnxruntime on this machine: usage below.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=bench/onnxruntime.sh
. "$root/scripts/bench/onnxruntime.sh"

usage()
{
    cat <<'END_OF_USAGE'
usage: scripts/bench-peers.sh [--rounds N] [--rows NAME,...] [--json] [--patience S]

Installs the peers if they are missing, builds Release into build/, fetches MNIST; sweeps each
peer's threads and other settings, short runs; then runs the project and each peer's best two
settings in turn, A B C A B C ..., and prints medians, spread and ratios: a table, or with --json
one document. Progress goes to stderr.

  --rounds N     so many rounds (5)
  --rows NAMES   only these: train-128 train-512 train-avx2 infer-128-1 infer-128-N infer-512-1
                 infer-512-N int8-128-1 int8-128-N int8-512-1 int8-512-N (N: all CPUs)
                 single cold
  --patience S   wait at most S seconds for a quiet moment before each run (20)

The peers are Debian's python3-torch, python3-sklearn and python3-onnx with its three fast BLAS
libraries, installed with apt-get if run as root, else the command is printed and the exit code is
2; and onnxruntime-node, from npm, in build-peers/. PEER_PYTHON names another Python that has torch,
sklearn, numpy and onnx, such as that of a virtual environment with a newer PyTorch. MNIST_BUILD
names another build directory of the project, which is then not built.
END_OF_USAGE
}

arguments=()
while [ $# -gt 0 ]; do
    case $1 in
    -h | --help)
        usage
        exit 0
        ;;
    --json) arguments+=("$1") ;;
    --rounds | --rows | --patience)
        if [ $# -lt 2 ]; then
            usage >&2
            die 2 "$1 needs a value"
        fi
        arguments+=("$1" "$2")
        shift
        ;;
    *)
        usage >&2
        die 2 "unknown argument '$1'"
        ;;
    esac
    shift
done

peers=$root/build-peers
python=${PEER_PYTHON:-/usr/bin/python3}
# Without one of the fast BLAS libraries Debian's PyTorch multiplies with the reference BLAS, twenty
# times as slowly. Which of them is best depends on the CPU: the sweep finds out.
debian_packages='python3-torch python3-sklearn python3-numpy python3-onnx libopenblas0-pthread
    libopenblas0-openmp libblis4-openmp'

installed()
{
    [ "$(dpkg-query -Wf '${Status}' "$1" 2>/dev/null)" = 'install ok installed' ]
}

# Debian's packages that are needed and not there; where another Python is named, none.
missing_packages()
{
    local name
    if [ -n "${PEER_PYTHON:-}" ]; then
        return
    fi
    for name in $debian_packages; do
        if ! installed "$name"; then
            printf '%s ' "$name"
        fi
    done
}

install_python_peers()
{
    local missing output
    missing=$(missing_packages)
    if [ -n "$missing" ]; then
        if [ "$(id -u)" -ne 0 ] || ! have apt-get; then
            say "missing: $missing"
            cat >&2 <<END
To install it:
  Debian, Ubuntu  sudo apt-get update && sudo apt-get install --no-install-recommends -y ${missing% }
Elsewhere, set PEER_PYTHON to a Python that has torch, sklearn, numpy and onnx.
END
            exit 2
        fi
        export DEBIAN_FRONTEND=noninteractive
        apt-get -qq update >&2 || say "apt-get update failed; going on with the package lists there are"
        say "installing $missing"
        # shellcheck disable=SC2086  # a list of words
        output=$(apt-get -qq install --no-install-recommends -y $missing 2>&1) || {
            printf '%s\n' "$output" >&2
            die 1 "apt-get could not install: $missing"
        }
    fi
    "$python" -c 'import torch, sklearn, numpy, onnx' ||
        die 1 "$python lacks one of torch, sklearn, numpy, onnx"
}

"$root/scripts/install-deps.sh" build npm >&2
install_python_peers
mkdir -p "$peers"
install_onnxruntime "$peers"
if [ -z "${MNIST_BUILD:-}" ]; then
    build "$root/build" -DCMAKE_BUILD_TYPE=Release -DMNIST_BUILD_TESTS=OFF
fi
"$root/scripts/get-mnist.sh" -q -i mnist >&2
# shellcheck disable=SC2086  # CC may carry flags
${CC:-cc} -O3 -std=c17 -pthread "$root/scripts/bench/noise.c" -o "$peers/noise"

exec "$python" "$root/scripts/bench/peers.py" --build "${MNIST_BUILD:-$root/build}" \
    --data "$root/data/mnist" --modules "$peers" --python "$python" --noise "$peers/noise" \
    ${arguments[@]+"${arguments[@]}"}
