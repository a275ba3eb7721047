#!/usr/bin/env bash
# Checks that argument lists stay short: usage below.
set -euo pipefail

usage()
{
    cat <<'END'
usage: scripts/check-parameters.sh [--self-test | ROOT]

Reads every .c and .h file under src/ and include/ of ROOT (default: this source tree) and prints FILE:LINE
for each function, declared or defined, or pointer to one, that takes more than seven parameters: more are
a struct with named fields. None may be in include/. In src/ those may that are listed in this script, each
with its reason; one that is listed and not found is a breach too, so that the list grows short again.
What a macro writes is not seen.

Exit codes: 0 no breach; 1 a breach; 2 usage. --self-test shows that each rule catches its breach.
END
}

# FOLDER FUNCTION: REASON
allowed=''

# The text as tokens, outside of function bodies. A parameter list is what stands in parentheses behind a name that
# has a type before it, or behind a parenthesised pointer; its commas are counted.
# shellcheck disable=SC2016  # awk's dollars
checker='
BEGIN {
    most = 7
    count = split(allowed, lines, "\n")
    for (i = 1; i <= count; i++) {
        if (lines[i] != "") {
            colon = index(lines[i], ": ")
            if (!colon || lines[i] !~ /^src\/[a-z0-9_\/]+ [A-Za-z0-9_]+: ./) {
                print "the list of scripts/check-parameters.sh: expected FOLDER FUNCTION: REASON: " lines[i]
                breaches++
            } else {
                listed[substr(lines[i], 1, colon - 1)] = 1
            }
        }
    }
}

function is_name(token)
{
    return token ~ /^[A-Za-z_]/
}

function judge(name, line, parameters,    folder, key)
{
    if (name == "" || parameters <= most) {
        return
    }
    folder = path
    sub(/\/[^\/]*$/, "", folder)
    key = folder " " name
    if (key in listed) {
        found[key] = 1
        return
    }
    printf "%s:%d: %s takes %d parameters, expected at most %d: make them a struct with named fields\n", \
        path, line, name, parameters, most
    breaches++
}

function open_list()
{
    depth++
    commas[depth] = 0
    starts[depth] = ""
    at[depth] = FNR
    names[depth] = ""
    if (is_name(last) && (is_name(before) || before == "*")) {
        names[depth] = last
    } else if (last == ")") {
        names[depth] = pointer
    }
}

function close_list()
{
    judge(names[depth], at[depth], commas[depth] + 1)
    pointer = starts[depth] == "*" ? last_name : ""
    depth -= depth > 0
}

function take(token)
{
    if (body > 0) {
        body += (token == "{") - (token == "}")
    } else if (token == "(") {
        open_list()
    } else if (token == ")") {
        close_list()
    } else if (token == "{" && last == ")" && depth == 0) {
        body = 1
    } else if (token == ",") {
        commas[depth]++
    }
    if (token != "(" && depth > 0 && starts[depth] == "") {
        starts[depth] = token
    }
    if (is_name(token)) {
        last_name = token
    }
    before = last
    last = token
}

FNR == 1 {
    path = substr(FILENAME, length(root) + 2)
    in_comment = directive = body = depth = 0
    last = before = last_name = pointer = ""
    files++
}

{
    rest = $0
    if (directive || (!in_comment && rest ~ /^[ \t]*#/)) {
        directive = rest ~ /\\$/
        next
    }
    while (rest != "") {
        if (in_comment) {
            end = index(rest, "*/")
            if (!end) {
                break
            }
            rest = substr(rest, end + 2)
            in_comment = 0
        } else if (match(rest, /^[ \t]+/)) {
            rest = substr(rest, RLENGTH + 1)
        } else if (substr(rest, 1, 2) == "/*") {
            rest = substr(rest, 3)
            in_comment = 1
        } else if (substr(rest, 1, 2) == "//") {
            break
        } else if (match(rest, /^([A-Za-z0-9_]+|"([^"\\]|\\.)*"|\047([^\047\\]|\\.)*\047|.)/)) {
            take(substr(rest, 1, RLENGTH))
            rest = substr(rest, RLENGTH + 1)
        }
    }
}

END {
    for (i = 1; i <= count; i++) {
        key = substr(lines[i], 1, index(lines[i], ": ") - 1)
        if (key in listed && !(key in found)) {
            print "the list of scripts/check-parameters.sh: " key ": takes no more than " most \
                " parameters, or is gone: take it off"
            breaches++
        }
    }
    if (!breaches) {
        print "check-parameters: " files " files, no breach"
    }
    exit breaches > 0
}
'

# check ROOT LIST
check()
{
    local tree=$1 file
    set -- "$2"
    # sorted, so that the output has one order; no file name of a source tree holds a newline
    while IFS= read -r file; do
        set -- "$@" "$file"
    done < <(find "$tree/src" "$tree/include" -type f -name '*.[ch]' 2>/dev/null | LC_ALL=C sort)
    if [ $# -eq 1 ]; then
        echo "check-parameters: $tree has neither src/ nor include/" >&2
        return 2
    fi
    LC_ALL=C awk -v root="$tree" -v allowed="$1" "$checker" "${@:2}"
}

passed=0
failed=0

# expect FILE TEXT RESULT [LIST]: with TEXT as FILE, RESULT is how what is printed begins, behind the name; "ok":
# no breach.
expect()
{
    local output code=0 result=$3
    rm -rf "$tree/src" "$tree/include"
    mkdir -p "$tree/${1%/*}"
    printf '%s\n' "$2" >"$tree/$1"
    output=$(check "$tree" "${4:-}") || code=$?
    case $result:$code:$output in
    "ok:0:check-parameters: 1 files, no breach") passed=$((passed + 1)) ;;
    "$result:1:$1:$result"* | "$result:1:the list of scripts/check-parameters.sh: $result"*) passed=$((passed + 1)) ;;
    *)
        printf 'self-test: %s: %s\n  expected %s, found: %s, exit %s\n' "$1" "$2" "$result" "$output" "$code" >&2
        failed=$((failed + 1))
        ;;
    esac
}

self_test()
{
    local eight='int a, int b, int c, int d, int e, int f, int g, int h'
    local seven=${eight%, *} file
    tree=$(mktemp -d "${TMPDIR:-/tmp}/check parameters.XXXXXX")
    trap 'rm -rf "$tree"' EXIT

    for file in src/nn/a.c src/nn/deep/a.h include/mnist/a.h; do
        expect $file "int f($seven);" ok
        expect $file "int f($eight);" '1: f takes 8 parameters, expected at most 7'
        expect $file "static const thing *f($eight, ...) {}" '1: f takes 9 parameters'
    done
    expect src/nn/a.c "/* why */
static mnist_status f(int a, int b,
                      int c, int d, /* one, two, three */
                      int e, int f, int g, int h)
{
}" '2: f takes 8 parameters'
    expect src/nn/a.c "int f($seven) { g(1, 2, 3, 4, 5, 6, 7, 8); if (a) { g(1, 2, 3, 4, 5, 6, 7, 8); } }
int g($eight);" '2: g takes 8 parameters'
    expect src/nn/a.c "struct s { int (*call)($eight); };" '1: call takes 8 parameters'
    expect src/nn/a.c "struct s { int (*call)($seven); };" ok
    expect src/nn/a.c "int f(int (*call)($eight));" '1: call takes 8 parameters'
    expect src/nn/a.c "int f(int (*call)($seven), int a, int b);" ok
    expect src/nn/a.c "typedef int call($eight);" '1: call takes 8 parameters'
    expect include/mnist/a.h "extern \"C\" {
int f($eight);
}" '2: f takes 8 parameters'

    # what is no parameter list
    expect src/nn/a.c "/* int f($eight); */ // int f($eight);" ok
    expect src/nn/a.c "/*
 * int f($eight);
 */" ok
    expect src/nn/a.c "#define F(a, b, c, d, e, f, g, h) \\
    int f($eight)" ok
    expect src/nn/a.c "static const char text[] = \"int f($eight)\", quote = '\\'', open = '(';" ok
    expect src/nn/a.c "static const int table[] = {LIST(1, 2, 3, 4, 5, 6, 7, 8), 1, 2, 3, 4, 5, 6, 7, 8};" ok
    expect src/nn/a.c "enum { A, B, C, D, E, F, G, H, I };" ok
    expect src/nn/a.c "static int f($seven) ATTRIBUTE(1, 2, 3, 4, 5, 6, 7, 8);" ok

    # the list
    expect src/nn/a.c "int f($eight);" ok 'src/nn f: because'
    expect src/nn/a.h "int f($eight);" ok 'src/nn f: because'
    expect src/eval/a.c "int f($eight);" '1: f takes 8 parameters' 'src/nn f: because'
    expect src/nn/a.c "int g($eight);" '1: g takes 8 parameters' 'src/nn f: because'
    expect src/nn/a.c "int f($seven);" 'src/nn f: takes no more than 7' 'src/nn f: because'
    expect src/nn/a.c "int f($eight);" 'expected FOLDER FUNCTION: REASON: src/nn f' 'src/nn f'
    expect include/mnist/a.h "int f($eight);" 'expected FOLDER FUNCTION: REASON' 'include/mnist f: because'

    echo "check-parameters: self-test: $passed passed, $failed failed"
    [ "$failed" -eq 0 ]
}

case ${1:-} in
--self-test) self_test ;;
-h | --help) usage ;;
-*)
    usage >&2
    exit 2
    ;;
*)
    if [ $# -gt 1 ]; then
        usage >&2
        exit 2
    fi
    tree=${1:-$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)}
    check "${tree%/}" "$allowed"
    ;;
esac
