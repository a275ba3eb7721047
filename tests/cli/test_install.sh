#!/usr/bin/env bash
# test_install.sh BUILD-DIR SOURCE-DIR COMPILER: installs a built tree into a temporary prefix, moves
# it, and has an outside project (tests/cli/consumer) built against it and run: by find_package and by
# pkg-config, as C17 without a warning; and every public header by itself, as C and, where there is a
# C++ compiler, as C++.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh" # for its data

if [ $# -ne 3 ]; then
    echo "usage: test_install.sh BUILD-DIR SOURCE-DIR COMPILER" >&2
    exit 2
fi
build=$1
consumer=$2/tests/cli/consumer
compiler=$3
# with a space in the path, which breaks many scripts
work=$(mktemp -d "${TMPDIR:-/tmp}/mnist install.XXXXXX")
trap 'rm -rf "$work"' EXIT

fail()
{
    echo "test_install: FAILED: $*" >&2
    exit 1
}

cache_value()
{
    sed -n "s/^$1:[A-Z]*=//p" "$build/CMakeCache.txt"
}

# quietly COMMAND...: shows its output only if it fails.
quietly()
{
    "$@" >"$work/output" 2>&1 || {
        cat "$work/output" >&2
        fail "$*"
    }
}

# check_output NAME: checks what a consumer prints, whose net must have learnt something.
check_output()
{
    local output accuracy
    output=$("$work/$1/consumer") || fail "the consumer built by $1 exits with $?"
    case $output in
    "libmnist $version test_acc=0."*" n=1000" | "libmnist $version test_acc=1.0000 n=1000") ;;
    *) fail "the consumer built by $1 printed: $output" ;;
    esac
    accuracy=${output#*test_acc=}
    accuracy=${accuracy%% *}
    awk -v x="$accuracy" 'BEGIN { exit !(x >= 0.7) }' || fail "$1: accuracy $accuracy, chance is 0.1"
    echo "test_install: $1: $output"
}

# figure NAME COMMAND...: the VALUE of NAME=VALUE in what the command prints, run in $work/training.
figure()
{
    (cd "$work/training" && "${@:2}" >"$work/out") || fail "$2 exits with $?"
    value "$1"
}

# check_training: README.md's program makes the same net as mnist-train from the same data: MNIST, or a few images where
# MNIST is missing or a sanitizer would take long.
check_training()
{
    local digits accuracy loss least=0 folder=$work/training program=$work/find_package/train
    local evaluate=("$prefix/bin/mnist-eval" mnist.safetensors --data-dir data/mnist -q)
    digits=$(cache_value MNIST_DATA_DIR)
    mkdir -p "$folder/data"
    if [ -z "$sanitizers" ] && compgen -G "$digits/t10k-images*" >/dev/null; then
        ln -s "$digits" "$folder/data/mnist"
        least=0.97
    else
        data "$folder/data/mnist" 28
    fi
    accuracy=$(figure test_acc "$program")
    awk -v x="$accuracy" -v least="$least" 'BEGIN { exit !(x >= least) }' ||
        fail "README.md's program: accuracy $accuracy, expected at least $least"
    [ "$accuracy" = "$(figure test_acc "${evaluate[@]}")" ] ||
        fail "README.md's program: accuracy $accuracy; by mnist-eval: $(cat "$work/out")"
    loss=$(figure test_loss "${evaluate[@]}")
    [ "$loss" = "$(figure test_loss "$prefix/bin/mnist-train" --data-dir data/mnist --hidden 128 --val-split 0 -q)" ] ||
        fail "README.md's program: loss $loss; of mnist-train: $(cat "$work/out")"
    rm -r "$folder/data"
    (cd "$folder" && "$program" >"$work/output" 2>&1) && fail "README.md's program needs no data"
    grep -q 'data/mnist (no such directory)' "$work/output" ||
        fail "README.md's program, without data: $(cat "$work/output")"
    echo "test_install: README.md's program: test_acc=$accuracy"
}

version=$(cache_value CMAKE_PROJECT_VERSION)
[ -n "$version" ] || fail "no version in $build/CMakeCache.txt"

quietly cmake --install "$build" --prefix "$work/first"
prefix=$work/prefix
mv "$work/first" "$prefix"
for installed in mnist-train mnist-eval mnist-predict; do
    [ "$("$prefix/bin/$installed" --version)" ] || fail "$installed --version prints nothing"
done
if [ -e "$build/docs" ]; then
    for installed in man/man1/mnist-train.1 man/man1/mnist-eval.1 bash-completion/completions/mnist-train \
        zsh/site-functions/_mnist-train fish/vendor_completions.d/mnist-train.fish; do
        [ -s "$prefix/share/$installed" ] || fail "share/$installed is not installed"
    done
fi
if grep -rIF -e "$build" -e "$work/first" "$prefix" >&2; then
    fail "the installed text files above name the build tree or the first prefix"
fi

# A library with sanitizers inside needs their runtimes.
flags=(-std=c17 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
sanitizers=
if [ "$(cache_value MNIST_ASAN)" = ON ]; then
    sanitizers=-fsanitize=address,undefined
elif [ "$(cache_value MNIST_TSAN)" = ON ]; then
    sanitizers=-fsanitize=thread
fi

# find_package
quietly cmake -S "$consumer" -B "$work/find_package" -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_C_COMPILER="$compiler" -DCMAKE_PREFIX_PATH="$prefix" \
    -DCMAKE_C_FLAGS="${flags[*]} $sanitizers"
quietly cmake --build "$work/find_package"
case $(sed -n 's/^mnist_DIR:[A-Z]*=//p' "$work/find_package/CMakeCache.txt") in
"$prefix"/*) ;;
*) fail "find_package took another mnist than the one installed here" ;;
esac
check_output find_package
check_training

# Another version must be refused.
sed 's/find_package(mnist [0-9.]*/find_package(mnist 99.0/' "$consumer/CMakeLists.txt" >"$work/CMakeLists.txt"
cmp -s "$work/CMakeLists.txt" "$consumer/CMakeLists.txt" && fail "the consumer asks for no version"
cp "$consumer"/*.c "$work"
if cmake -S "$work" -B "$work/wrong" -DCMAKE_C_COMPILER="$compiler" -DCMAKE_PREFIX_PATH="$prefix" \
    >/dev/null 2>&1; then
    fail "find_package(mnist 99.0) is satisfied by $version"
fi

# pkg-config; its output quotes what a shell would split
folder=$(find "$prefix" -name mnist.pc -exec dirname {} \;)
export PKG_CONFIG_PATH="$folder${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}"
[ "$(pkg-config --modversion mnist)" = "$version" ] || fail "mnist.pc has not version $version"
eval "cflags=($(pkg-config --cflags mnist))"
eval "libs=($(pkg-config --libs mnist))"
mkdir "$work/pkg-config"
# shellcheck disable=SC2154  # set by eval
quietly "$compiler" "${flags[@]}" ${sanitizers:+"$sanitizers"} "${cflags[@]}" "$consumer/main.c" \
    -o "$work/pkg-config/consumer" "${libs[@]}"
# for a shared library; a static one needs nothing
export LD_LIBRARY_PATH="$folder/..${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
check_output pkg-config

# each public header alone
cxx=$(command -v c++ || command -v g++ || command -v clang++ || true)
for header in "$prefix"/include/mnist/*.h; do
    name=${header##*/}
    echo "#include <mnist/$name>" >"$work/alone.c"
    # a translation unit may not be empty
    echo 'extern int alone;' >>"$work/alone.c"
    quietly "$compiler" "${flags[@]}" "${cflags[@]}" -fsyntax-only "$work/alone.c"
    if [ -n "$cxx" ]; then
        quietly "$cxx" -std=c++17 -Wall -Wextra -Werror "${cflags[@]}" -fsyntax-only -x c++ "$work/alone.c"
    fi
done
if [ -z "$cxx" ]; then
    echo 'left out: the headers as C++: no C++ compiler; to have it: scripts/install-deps.sh c++'
fi
echo "test_install: passed"
