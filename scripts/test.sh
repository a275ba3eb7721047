#!/usr/bin/env bash
# Builds a fresh clone and runs its tests: usage below.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage()
{
    cat <<'END'
usage: scripts/test.sh [--quick] [CTEST-ARGUMENT...]

Installs what is missing, builds Release with tests into build-test/, fetches MNIST and runs the tests; ctest takes the
other arguments (-R REGEX, -LE real, -V, ...). The last lines say what was left out, why, and how to have it.

  --quick  the unit tests and the main paths of the programs: under a minute, no data to fetch

If all tests are to run, as root with apt-get, what only single tests need (Chromium, shells, fonts) is installed too.
With CI=true it must be, and a test that is left out because something can be had but is missing is an error.
END
}

quick='' arguments=()
for argument; do
    case $argument in
    --quick) quick=1 ;;
    -h | --help)
        usage
        exit 0
        ;;
    *) arguments+=("$argument") ;;
    esac
done
must_all=
if [ "${CI:-}" = true ]; then
    must_all=1
fi

"$root/scripts/install-deps.sh" build test >&2
if [ -z "$quick" ]; then
    if [ -n "$must_all" ]; then
        "$root/scripts/install-deps.sh" every-test >&2
    elif [ ${#arguments[@]} -eq 0 ] && [ "$(id -u)" -eq 0 ] && have apt-get; then
        "$root/scripts/install-deps.sh" every-test >&2 || say 'going on without: some tests will be left out'
    fi
fi
build "$root/build-test" -DCMAKE_BUILD_TYPE=Release -DMNIST_BUILD_TESTS=ON
if [ -n "$quick" ]; then
    arguments+=(-L 'unit|quick')
elif ! "$root/scripts/get-mnist.sh" -q -i mnist >&2; then
    if [ -n "$must_all" ]; then
        die 1 'MNIST is not to be had, and CI=true: the tests on it may not be left out'
    fi
    say 'MNIST is not to be had: the tests on it will be left out'
fi

# left_out TEST-LOG CTEST-LOG: lines "TEST: WHAT: WHY; to have it: REMEDY", for tests that skip themselves and for parts
# left out of others (tests/README.md). The first log has what the tests print, the second ctest's own list of those
# skipped.
left_out()
{
    local skipped
    awk '/^[0-9]+\/[0-9]+ Testing: / { test = $3 }
        sub(/^left out: /, "") { print test ": " $0 }' "$1" 2>/dev/null >"$2.said" || true
    cat "$2.said"
    sed -n 's/^[[:space:]]*[0-9]* - \(.*\) (Skipped)$/\1/p' "$2" | while read -r skipped; do
        grep -q "^$skipped: " "$2.said" ||
            echo "$skipped: skipped without a reason; to have it: -R $skipped -V shows more"
    done
}

results=$root/build-test/Testing/Temporary
rm -f "$results/LastTest.log"
status=0
ctest --test-dir "$root/build-test" --output-on-failure --output-log "$root/build-test/test.log" -j2 \
    ${arguments[@]+"${arguments[@]}"} || status=$?
left=$(left_out "$results/LastTest.log" "$root/build-test/test.log")
if [ -n "$left" ]; then
    printf '\nLeft out:\n'
    printf '%s\n' "$left" | sed 's/^/  /'
    if [ -n "$must_all" ] && printf '%s\n' "$left" | grep -q '; to have it: '; then
        say 'CI=true: nothing that can be had may be left out'
        status=1
    fi
fi
exit "$status"
