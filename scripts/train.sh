#!/usr/bin/env bash
# From a fresh clone to a test accuracy: installs what is missing, builds Release into build/,
# fetches the data set, and becomes mnist-train with the arguments given, whose exit code it has
# (--help lists the flags). Only mnist-train writes to stdout. A second run builds and fetches nothing.
#
# Exit codes of its own: 1 the build failed; 2 something is missing and may not be installed.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

"$root/scripts/install-deps.sh" build >&2
build "$root/build" -DCMAKE_BUILD_TYPE=Release -DMNIST_BUILD_TESTS=OFF
trainer=$root/build/mnist-train

# The program itself says which settings the arguments, and a --config among them, amount to. Arguments that it
# rejects, or that only ask for help, need no data.
config=$("$trainer" "$@" --print-config </dev/null 2>/dev/null) || config=
for argument; do
    if [ "$argument" = --print-config ]; then
        config=
    fi
done

# setting NAME: a string that --print-config printed; nothing if it is not set.
setting()
{
    printf '%s\n' "$config" | sed -n "s/^ *\"$1\": \"\(.*\)\",\{0,1\}\$/\1/p"
}

all_files_given()
{
    local name
    for name in train-images train-labels test-images test-labels; do
        if [ -z "$(setting "$name")" ]; then
            return 1
        fi
    done
}

dataset=$(setting dataset)
case $dataset in
mnist | fashion)
    # MNIST_DATA_DIR is for MNIST alone
    if [ -n "$(setting data-dir)" ] || all_files_given ||
        { [ "$dataset" = mnist ] && [ -n "${MNIST_DATA_DIR:-}" ]; }; then
        :
    elif "$root/scripts/get-mnist.sh" -q -i "$dataset" >&2; then
        set -- --data-dir "$root/data/$dataset" "$@"
    else
        say "going on without: mnist-train may find $dataset elsewhere"
    fi
    ;;
esac

exec "$trainer" "$@"
