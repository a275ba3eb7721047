#!/usr/bin/env bash
# Looks for mistakes in the source without running it. Usage below.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage()
{
    cat <<'END_OF_USAGE'
usage: scripts/lint.sh BUILD-DIR

On all of src/: clang-format (.clang-format; version 14, as others break lines elsewhere), clang-tidy (.clang-tidy
lists its checks) and cppcheck (scripts/cppcheck.txt lists its false alarms); gcc -fanalyzer on the files that read
what others have written. BUILD-DIR must be configured: its compile_commands.json says how files are compiled.

Exit codes: 0 nothing found; 1 something found; 2 usage, or a tool is missing.
END_OF_USAGE
}

case ${1:-} in
-h | --help)
    usage
    exit 0
    ;;
esac
if [ $# -ne 1 ]; then
    usage >&2
    exit 2
fi
commands=$1/compile_commands.json
[ -e "$commands" ] || die 2 "$commands is not there: configure $1 first"
for tool in clang-format clang-tidy cppcheck gcc jq; do
    have "$tool" || die 2 "$tool is missing: scripts/install-deps.sh build test ci"
done

status=0
say 'clang-format'
if clang-format --version | grep -q 'version 14\.'; then
    find "$root/src" "$root/include" "$root/tests" -name '*.[ch]' -print0 |
        xargs -0 clang-format --dry-run -Werror || status=1
else
    say "left out: $(clang-format --version) is not version 14"
fi

say 'clang-tidy'
jq -r --arg src "$root/src/" '.[].file | select(startswith($src))' "$commands" | sort -u |
    xargs -d '\n' -P 2 -n 8 clang-tidy -p "$1" --quiet 2>/dev/null || status=1

say 'cppcheck'
(cd "$root" && cppcheck -j2 --quiet --std=c11 --enable=warning,performance,portability \
    --suppress=missingIncludeSystem --suppressions-list=scripts/cppcheck.txt --error-exitcode=1 \
    -Iinclude -Isrc src) || status=1

# GCC 12 is often wrong about loops over arrays, and about memory handed on through pointers to pointers: so only files
# that read bytes of others (those of tests/fuzz/parsers.txt among them), and base/, are looked at.
say 'gcc -fanalyzer'
cd "$root"
readers=(
    src/base/{file,replace,digest,status,cpu,random,memory,pool}.c
    src/data/{idx,inflate,signature,dataset,locate,augment_spec,steps,csv,numbers,npy,elements,unpack}.c
    src/import/{names,find,arrays,members,reading}.c
    src/io/*.c
    src/image/*.c
    src/train/{snapshot,resume}.c
    src/cli/options/*.c
    src/cli/shared/{adopt,training}.c
    src/cli/compress/specs.c
    src/cli/eval/{baseline,course,held_out,models}.c
    src/cli/train/{resume,epochs,checkpoints}.c
)
printf '%s\0' "${readers[@]}" |
    xargs -0 -P 2 -n 1 gcc -std=c17 -O1 -fanalyzer -Werror -Iinclude -Isrc -DMNIST_VERSION='""' -c -o /dev/null ||
    status=1
exit "$status"
