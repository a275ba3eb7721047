#!/usr/bin/env bash
# Which lines and branches of src/ the tests execute, file by file and in all. Usage below.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage()
{
    cat <<'END_OF_USAGE'
usage: scripts/coverage.sh [--lines PERCENT] [--branches PERCENT] [--parsers PERCENT] [--html] [BUILD-DIR]
                           [-- CTEST-ARGUMENT...]

Builds with clang's coverage into BUILD-DIR (build-coverage), runs the tests, and prints a table. What is executed when
a call of the C library fails is counted too: a second build, in BUILD-DIR/faults, makes calls fail, of those that are
reached by the same functions the first (fault-sweep --places). Exit code 1 if a test fails, or if less is covered than
is asked for (0).

  --lines, --branches  of all files together
  --parsers            of the lines of each file that tests/fuzz/parsers.txt names
  --html               also BUILD-DIR/html/index.html, line by line
END_OF_USAGE
}

lines=0 branches=0 parsers=0 html='' dir=$root/build-coverage arguments=()
while [ $# -gt 0 ]; do
    case $1 in
    -h | --help)
        usage
        exit 0
        ;;
    --html) html=1 ;;
    --lines | --branches | --parsers)
        [ $# -ge 2 ] || die 2 "$1 needs a value"
        case $2 in
        '' | *[!0-9.]*) die 2 "$1: expected a percentage, found '$2'" ;;
        esac
        declare "${1#--}=$2"
        shift
        ;;
    --)
        shift
        arguments=("$@")
        break
        ;;
    -*)
        usage >&2
        die 2 "unknown argument '$1'"
        ;;
    *) dir=$1 ;;
    esac
    shift
done

# clang and the tools of its own version
clang=${CLANG:-clang}
have "$clang" || die 2 "there is no $clang; set CLANG, or run scripts/install-deps.sh build test ci"
major=$("$clang" -dumpversion | cut -d. -f1)
tool()
{
    local name
    for name in "$1-$major" "$1"; do
        if have "$name"; then
            printf '%s\n' "$name"
            return
        fi
    done
    die 2 "there is no $1 of LLVM $major"
}
profdata=$(tool llvm-profdata)
cov=$(tool llvm-cov)

# Without the C library's checked calls, which the build for failing calls cannot have: a function must be the same in
# both builds, or its counts cannot be added up.
settings=(-DCMAKE_C_COMPILER="$clang" -DCMAKE_BUILD_TYPE=Release -DMNIST_COVERAGE=ON -DMNIST_BUILD_TESTS=ON
    -DMNIST_HARDENING=OFF)
build "$dir" "${settings[@]}"
dir=$(CDPATH='' cd -- "$dir" && pwd)
build "$dir/faults" "${settings[@]}" -DMNIST_FAULTS=ON
rm -rf "$dir/profiles"
mkdir "$dir/profiles"
# %4m: all runs of a program are added up in four files, instead of a file for each run
export LLVM_PROFILE_FILE=$dir/profiles/%4m.profraw
ctest --test-dir "$dir" --output-on-failure -j2 ${arguments[@]+"${arguments[@]}"}
ctest --test-dir "$dir/faults" --output-on-failure -j2 -L faults
unset LLVM_PROFILE_FILE
"$profdata" merge -sparse -o "$dir/all.profdata" "$dir"/profiles/*.profraw

# llvm-cov takes the first binary as an argument, the others by -object
programs=()
while read -r program; do
    programs+=(${programs[@]+-object} "$dir/$program")
done <"$dir/programs.txt"
for test in "$dir"/test_* "$dir"/tests/test_*; do
    if [ -x "$test" ] && [ ! -d "$test" ]; then
        programs+=(-object "$test")
    fi
done
programs+=(-object "$dir/faults/fault-sweep")
if [ -n "$html" ]; then
    "$cov" show -format=html -show-branches=count -output-dir="$dir/html" \
        -instr-profile="$dir/all.profdata" "${programs[@]}" "$root/src" "$root/include"
fi
"$cov" export -summary-only -instr-profile="$dir/all.profdata" "${programs[@]}" "$root/src" "$root/include" \
    >"$dir/coverage.json"

jq -r --arg root "$root/" '
    def row($name; $s): [$name, $s.lines.count, $s.lines.covered, $s.branches.count, $s.branches.covered];
    .data[0]
    | (.files[] | select(.summary.lines.count > 0) | row(.filename | ltrimstr($root); .summary)), row("all"; .totals)
    | @tsv
' "$dir/coverage.json" | awk -F'\t' -v need_lines="$lines" -v need_branches="$branches" -v need_parsers="$parsers" '
    function share(part, whole) { return whole > 0 ? 100 * part / whole : 100 }
    NR == FNR {
        if ($1 != "" && $1 !~ /^#/)
            parser[$1] = 1
        next
    }
    FNR == 1 { printf "%-34s %6s %7s  %8s %7s\n", "file", "lines", "covered", "branches", "covered" }
    {
        printf "%-34s %6d %6.1f%%  %8d %6.1f%%\n", $1, $2, share($3, $2), $4, share($5, $4)
        low = share($3, $2) < need_lines || share($5, $4) < need_branches
        if ($1 in parser && share($3, $2) >= need_parsers)
            delete parser[$1]
    }
    END {
        if (low) {
            printf "less is covered than %s%% of the lines and %s%% of the branches\n", need_lines, need_branches
        }
        for (name in parser) {
            printf "%s: a parser, of which less than %s%% of the lines are covered\n", name, need_parsers
            low = 1
        }
        exit low
    }' "$root/tests/fuzz/parsers.txt" -
