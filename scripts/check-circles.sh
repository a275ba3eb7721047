#!/usr/bin/env bash
# Checks that no files of src/ need each other in a circle: usage below.
set -euo pipefail

usage()
{
    cat <<'END'
usage: scripts/check-circles.sh [--self-test | BUILD-DIR]

Reads the object files of the library and of src/cli in BUILD-DIR, and prints each circle of files in which each uses
a name that the next defines, with these names; and each circle of headers in src/ that include one another. Kernels, which are compiled once for each instruction set, are left out.

Exit codes: 0 no circle; 1 a circle; 2 usage, or no object files. --self-test shows that a circle is found.
END
}

# "USER PROVIDER NAME", from lines "FILE TYPE NAME" of nm.
edges()
{
    awk '
    $2 ~ /^[TDBRVWC]$/ { provider[$3] = $1 }
    $2 == "U" { user[++count] = $1; name[count] = $3 }
    END {
        for (i = 1; i <= count; i++) {
            if (name[i] in provider && provider[name[i]] != user[i]) {
                print user[i], provider[name[i]], name[i]
            }
        }
    }'
}

# Takes away files that need none of those left, until there are no more of them: circles stay, and what leads to them.
circles()
{
    awk '
    { user[NR] = $1; needed[NR] = $2; name[NR] = $3; left[$1] = left[$2] = 1 }
    END {
        do {
            split("", needs)
            split("", serves)
            for (i = 1; i <= NR; i++) {
                if (left[user[i]] && left[needed[i]]) {
                    needs[user[i]] = serves[needed[i]] = 1
                }
            }
            gone = 0
            for (file in left) {
                if (left[file] && !((file in needs) && (file in serves))) {
                    left[file] = 0
                    gone++
                }
            }
        } while (gone)
        for (i = 1; i <= NR; i++) {
            if (left[user[i]] && left[needed[i]]) {
                print user[i] " takes " name[i] " from " needed[i]
                found = 1
            }
        }
        exit found
    }'
}

# nm's lines for every object under the folders given, each beginning with its file below src/. A build keeps objects of
# files that are gone: these are passed over.
symbols()
{
    find "$@" -type f -name '*.o' | LC_ALL=C sort | while IFS= read -r object; do
        file=${object##*/src/}
        [ -e "$sources/${file%.o}" ] || continue
        nm -- "$object" | awk -v file="${file%.o}" 'NF == 2 { print file, $1, $2 } NF == 3 { print file, $2, $3 }'
    done
}

# "HEADER HEADER include" for the headers of src/ that a header there includes.
includes()
{
    (cd "$1" && find . -name '*.h' -exec grep -H '^ *# *include "' {} +) |
        sed 's|^\./\([^:]*\):[^"]*"\([^"]*\)".*|\1 \2 include|' || true
}

# check SOURCES FOLDER...
check()
{
    local lines count sources=$1
    shift
    lines=$(symbols "$@")
    count=$(cut -d ' ' -f 1 <<<"$lines" | uniq | grep -c .) || {
        echo "check-circles: no object files in $*" >&2
        return 2
    }
    {
        edges <<<"$lines"
        includes "$sources"
    } | LC_ALL=C sort -u | circles && echo "check-circles: $count files, no circle"
}

self_test()
{
    local tree found
    tree=$(mktemp -d "${TMPDIR:-/tmp}/check circles.XXXXXX")
    # shellcheck disable=SC2064  # now
    trap "rm -rf '$tree'" EXIT
    mkdir -p "$tree/src/a" "$tree/src/b"
    compile()
    {
        tee "$tree/src/$1.c" | "${CC:-cc}" -x c -c -o "$tree/src/$1.c.o" -
    }
    echo 'int two(void); int top(void); int top(void) { return two(); }' | compile a/top
    echo 'int three(void); int two(void); int two(void) { return three(); }' | compile a/two
    echo 'int low(void); int three(void); int three(void) { return low(); }' | compile b/three
    echo 'int low(void); int low(void) { return 1; }' | compile b/low
    check "$tree/src" "$tree" || return 1
    echo 'int two(void); int low(void); int low(void) { return two(); }' | compile b/low
    found=$(check "$tree/src" "$tree") && {
        echo 'check-circles: a circle of three files was not found' >&2
        return 1
    }
    local circle=$'a/two.c takes three from b/three.c\nb/low.c takes two from a/two.c\nb/three.c takes low from b/low.c'
    [ "$found" = "$circle" ] || {
        printf 'check-circles: instead of the circle: %s\n' "$found" >&2
        return 1
    }
    echo 'int low(void); int low(void) { return 1; }' | compile b/low
    echo '#include "b/two.h"' >"$tree/src/a/one.h"
    echo '#include "a/one.h"' >"$tree/src/b/two.h"
    found=$(check "$tree/src" "$tree") && {
        echo 'check-circles: a circle of headers was not found' >&2
        return 1
    }
    case $found in
    *'a/one.h '*' include '*' b/two.h'*'b/two.h '*' include '*' a/one.h'*) ;;
    *)
        printf 'check-circles: instead of the headers: %s\n' "$found" >&2
        return 1
        ;;
    esac
    rm "$tree/src/b/low.c" "$tree/src/a/one.h"
    check "$tree/src" "$tree" >/dev/null || return 1
    if check "$tree/src" "$tree/src/none" 2>/dev/null; then
        return 1
    fi
    echo 'check-circles: self-test: 5 passed, 0 failed'
}

case ${1:-} in
--self-test) self_test ;;
-h | --help) usage ;;
'' | -*)
    usage >&2
    exit 2
    ;;
*)
    if [ $# -ne 1 ]; then
        usage >&2
        exit 2
    fi
    check "$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)/src" \
        "$1/CMakeFiles/mnist.dir/src" "$1/CMakeFiles/mnist_cli.dir/src"
    ;;
esac
