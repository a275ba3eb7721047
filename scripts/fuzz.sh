#!/usr/bin/env bash
# Looks for inputs that break a parser: usage below.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage()
{
    cat <<'END'
usage: scripts/fuzz.sh [--seconds N | --runs N] [--fast] [--merge] [TARGET...]

Builds the targets of tests/fuzz (all, or those named) with Clang, libFuzzer, ASan and UBSan in build-fuzz/ and
runs each for N seconds (default 60) or N executions. It begins with the inputs in tests/fuzz/corpus and
those that tests/fuzz/seeds.py makes. Inputs that reach new code are kept in build-fuzz/corpus, where a later run goes
on from, and inputs that break a promise in build-fuzz/findings. build-fuzz/tally gets a line for every run.

  --fast    without the sanitizers, in build-fuzz-fast/: several times as many executions a second. New inputs
            go to the same place, and the next run without --fast replays them with the sanitizers
  --merge   runs nothing, but replaces tests/fuzz/corpus by the fewest inputs that reach all the code reached so far

When a finding is mended, its input is kept: cp build-fuzz/findings/TARGET-... tests/fuzz/corpus/TARGET/NAME.
Exit codes: 0 nothing found; 1 a finding; 2 usage.
END
}

seconds=60 runs=-1 fast='' merge=''
while [ $# -gt 0 ]; do
    case $1 in
    --seconds | --runs)
        case ${2:-} in
        '' | *[!0-9]*) die 2 "$1: expected a whole number" ;;
        esac
        if [ "$1" = --runs ]; then runs=$2 seconds=0; else seconds=$2; fi
        shift
        ;;
    --fast) fast=-fast ;;
    --merge) merge=1 ;;
    -h | --help) usage && exit 0 ;;
    -*) usage >&2 && exit 2 ;;
    *) break ;;
    esac
    shift
done

sources=$root/tests/fuzz
known=$(cd "$sources" && printf '%s\n' fuzz_*.c | sed 's/^fuzz_//; s/\.c$//')
if [ $# -eq 0 ]; then
    # shellcheck disable=SC2086  # to be split
    set -- $known
fi
for target in "$@"; do
    [ -f "$sources/fuzz_$target.c" ] || die 2 "no target $target; there are $(echo "$known" | tr '\n' ' ')"
done

home=$root/build-fuzz
dir=$home$fast
arguments=(-DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=RelWithDebInfo -DMNIST_BUILD_TESTS=ON -DMNIST_FUZZ=ON)
if [ -n "$fast" ]; then
    arguments+=(-DMNIST_FUZZ_FAST=ON)
fi
mkdir -p "$dir" "$home/corpus" "$home/findings"
(
    configure "$dir" "${arguments[@]}" &&
        cmake --build "$dir" --parallel "$(cpu_count)" --target "${@/#/fuzz_}"
) >"$dir/build.log" 2>&1 || { cat "$dir/build.log" >&2 && die 1 "building in $dir failed"; }
python3 "$sources/seeds.py" "$home/seeds"

# merge TARGET: puts the fewest inputs needed into tests/fuzz/corpus. Names that people gave, not libFuzzer, are kept.
merge()
{
    local target=$1 fresh=$home/merged/$1 file
    rm -rf "$fresh"
    mkdir -p "$fresh"
    "$dir/tests/fuzz/fuzz_$target" -merge=1 -use_counters=0 -max_len=4096 "$fresh" "$sources/corpus/$target" \
        "$home/seeds/$target" "$home/corpus/$target" >"$dir/merge.log" 2>&1 || { cat "$dir/merge.log" >&2 && return 1; }
    # regressions stay, whatever they reach
    mkdir -p "$sources/corpus/$target"
    for file in "$sources/corpus/$target"/*; do
        case ${file##*/} in
        found-*) ;;
        *) rm -f "$file" ;;
        esac
    done
    cp "$fresh"/* "$sources/corpus/$target/"
    printf '%s: %s inputs\n' "$target" "$(find "$sources/corpus/$target" -type f | wc -l)"
}

# fuzz TARGET: runs it, and notes the run in the tally.
fuzz()
{
    local target=$1 code=0 log=$home/$1$fast.log
    mkdir -p "$home/corpus/$target" "$sources/corpus/$target"
    say "$target: $log"
    "$dir/tests/fuzz/fuzz_$target" -runs="$runs" -max_total_time="$seconds" \
        -max_len=4096 -timeout=25 -rss_limit_mb=1024 -print_final_stats=1 \
        -dict="$sources/$target.dict" -artifact_prefix="$home/findings/$target-" \
        "$home/corpus/$target" "$sources/corpus/$target" "$home/seeds/$target" >"$log" 2>&1 || code=$?
    local count
    count=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    printf '%s %s%s %s executions, exit %s\n' "$(date +%Y-%m-%d)" "$target" "$fast" "${count:-no}" "$code" |
        tee -a "$home/tally"
    if [ "$code" -ne 0 ]; then
        tail -n 40 "$log" >&2
        return 1
    fi
}

status=0
for target in "$@"; do
    if [ -n "$merge" ]; then
        merge "$target" || status=1
    else
        fuzz "$target" || status=1
    fi
done
exit $status
