#!/usr/bin/env bash
# Makes every call of the C library that can fail do so, one a run: usage below.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage()
{
    cat <<'END_OF_USAGE'
usage: scripts/faults.sh [--asan] [--build DIR] [ARGUMENT...]

Builds with -DMNIST_FAULTS=ON into build-faults/ (with --asan: under AddressSanitizer, which finds leaks, into
build-faults-asan/) and runs tests/faults: small runs of the programs, in each of which another call fails: an
allocation, read, write, sync, close, rename, stat of a file, or start of a thread. Each run must end well, or with
exit code 1 and a message that names the reason; a checkpoint that was there must still resume to the same bytes.
A failure on an output (write, sync, close, rename) must be reported, and no file may be renamed before it is synced.

  --build DIR   use DIR/fault-sweep as it is
  ARGUMENT      of fault-sweep: --places, --stride N, --only SCENARIO, --class CLASS, --at N (fault-sweep --help)

One process for each CPU. The last line says how many cases there were, and how many of them went wrong. Exit
codes: 0 none went wrong; 1 some did; 2 usage.
END_OF_USAGE
}

asan=OFF build_dir=
while [ $# -gt 0 ]; do
    case $1 in
    -h | --help)
        usage
        exit 0
        ;;
    --asan) asan=ON ;;
    --build)
        if [ $# -lt 2 ]; then
            usage >&2
            die 2 "$1 needs a value"
        fi
        build_dir=$2
        shift
        ;;
    *) break ;;
    esac
    shift
done

if [ -z "$build_dir" ]; then
    build_dir=$root/build-faults
    type=Release
    if [ "$asan" = ON ]; then
        build_dir+=-asan
        type=RelWithDebInfo
    fi
    build "$build_dir" -DCMAKE_BUILD_TYPE="$type" -DMNIST_BUILD_TESTS=ON -DMNIST_FAULTS=ON -DMNIST_ASAN="$asan"
fi
sweep=$build_dir/fault-sweep
[ -x "$sweep" ] || die 2 "no program $sweep"

scratch=$(mktemp -d "${TMPDIR:-/tmp}/mnist faults.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
parts=$(cpu_count)
pids=()
for ((part = 1; part <= parts; part++)); do
    "$sweep" "$@" --part "$part/$parts" >"$scratch/$part" &
    pids+=("$!")
done
status=0
for pid in "${pids[@]}"; do
    code=0
    wait "$pid" || code=$?
    [ "$code" -le "$status" ] || status=$code
done
[ "$status" -ne 2 ] || exit 2
cat "$scratch"/*
awk '$2 == "cases:" { cases += $1; survived += $3; told += $5; wrong += $9 }
    END {
        printf "all parts: %d cases: %d survived, %d ended with a message, %d wrong\n", cases, survived, told, wrong
    }' \
    "$scratch"/*
exit "$status"
