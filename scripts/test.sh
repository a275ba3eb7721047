#!/usr/bin/env bash
# From a fresh clone to tested: installs what is missing, builds Release with tests into build-test/,
# fetches MNIST and runs ctest with the arguments given (-R REGEX, -LE real, ...).
#
# Without MNIST the tests that need it are skipped; with CI=true that is an error.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

needs=(build test)
if [ "${CI:-}" = true ]; then # where the report may not go without its look in a browser
    needs+=(browser)
fi
"$root/scripts/install-deps.sh" "${needs[@]}" >&2
build "$root/build-test" -DCMAKE_BUILD_TYPE=Release -DMNIST_BUILD_TESTS=ON
if ! "$root/scripts/get-mnist.sh" -q -i mnist >&2; then
    if [ "${CI:-}" = true ]; then
        die 1 "MNIST is not to be had, and CI=true: the tests on it may not be skipped"
    fi
    say "MNIST is not to be had: the tests on it will be skipped"
fi
exec ctest --test-dir "$root/build-test" --output-on-failure -j2 "$@"
