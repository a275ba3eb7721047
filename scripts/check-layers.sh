#!/usr/bin/env bash
# Checks the rooms' walls (src/README.md): usage below.
set -euo pipefail

usage()
{
    cat <<'END'
usage: scripts/check-layers.sh [--self-test | ROOT]

Reads every .c and .h file under src/, include/ and tests/ of ROOT (default: this source tree) and
prints FILE:LINE for each breach of these rules:

- A room includes only itself and the rooms below it, in this order:
  cli -> bench -> train, eval, io -> nn, data -> kernels -> base; and train may use eval, to validate.
  image, which reads and prepares foreign pictures, uses data and base; import, data sets in any form, uses image. report uses eval and io; convert, nets in and
  out of other programs' files, uses report; each of them what is below these too. compress, nets made smaller, may use train, io and eval.
  score, which holds texts against each other, uses base alone; export, data sets in other programs' files, data and base.
  include/mnist/ROOM.h counts as ROOM, and mnist/mnist.h as all of them.
- cli sees its own headers, <mnist/...> and outside libraries; a public header sees public headers.
- Within cli: no file lies in src/cli itself. options/ and terminal/ see themselves; shared/ sees these two; any
  other folder is a program, which sees itself and these three, and no other program.
- include/mnist/metrics.h belongs to eval, include/mnist/integers.h and sparse.h to nn, include/mnist/steps.h to data,
  include/mnist/labels.h to io.
- A quoted name is relative to src/, names its room and goes straight there; what lies in src/ is quoted. Only
  headers are included.
- In src/cli itself lies nothing but README.md.
- Rooms other than cli neither print, nor exit, nor read the environment; and no string literal there names a
  flag (--lr): programs do.

Exit codes: 0 no breach; 1 a breach; 2 usage. --self-test shows that each rule catches its breach.
END
}

# One line per file and finding. Comments are blanked first, and strings too where calls are sought.
# shellcheck disable=SC2016  # awk's dollars
checker='
BEGIN {
    # What each room may include. A new room is a new line here.
    rooms["base"] = "base"
    rooms["kernels"] = "kernels base"
    rooms["data"] = "data kernels base"
    rooms["score"] = "score base"
    rooms["export"] = "export data base"
    rooms["image"] = "image data base"
    rooms["import"] = "import image data base"
    rooms["nn"] = "nn kernels base"
    rooms["eval"] = "eval nn data kernels base"
    rooms["train"] = "train eval nn data kernels base"
    rooms["io"] = "io nn data kernels base"
    rooms["report"] = "report eval io nn data kernels base"
    rooms["convert"] = "convert report io eval nn data kernels base"
    rooms["compress"] = "compress train eval io nn data kernels base"
    rooms["bench"] = "bench train eval io nn data kernels base"
    rooms["cli"] = "cli"
    for (room in rooms) {
        count = split(rooms[room], list, " ")
        for (i = 1; i <= count; i++) {
            allowed[room, list[i]] = 1
        }
    }
    forbidden = "(^|[^A-Za-z0-9_])(((v?f?|vd?|d)printf|puts|putchar|perror|_?exit|_Exit|" \
        "quick_exit|abort|(secure_)?getenv)[ \t]*[(]|(stdout|stderr|environ)([^A-Za-z0-9_]|$))"
}

function breach(text)
{
    printf "%s:%d: %s\n", path, FNR, text
    breaches++
}

# The line without comments; in `code` without what stands between quotes as well, and in `literals` what
# stands between double quotes alone, a space after each.
function strip(line,    i, c, two, out)
{
    out = code = literals = ""
    for (i = 1; i <= length(line); i++) {
        c = substr(line, i, 1)
        two = substr(line, i, 2)
        if (in_comment) {
            if (two == "*/") {
                in_comment = 0
                i++
                out = out " "
                code = code " "
            }
        } else if (quote != "") {
            out = out c
            if (c == "\\") {
                out = out substr(line, ++i, 1)
            } else if (c == quote) {
                quote = ""
                code = code c
                literals = literals " "
            } else if (quote == "\"") {
                literals = literals c
            }
        } else if (two == "/*") {
            in_comment = 1
            i++
        } else if (two == "//") {
            break
        } else {
            if (c == "\"" || c == "\047") {
                quote = c
            }
            out = out c
            code = code c
        }
    }
    quote = "" # literals end with the line
    return out
}

# The room that a public header speaks for: one of its name, save those of rooms that have several.
function room_of(header)
{
    return header == "metrics" ? "eval" : header == "labels" ? "io" : header == "steps" ? "data" : \
        header == "integers" || header == "sparse" ? "nn" : header
}

# What a folder of cli may include of cli.
function check_cli_name(folder, target)
{
    if (target == folder || (target ~ /^(options|terminal)$/ && folder !~ /^(options|terminal)$/) ||
        (target == "shared" && folder !~ /^(options|terminal|shared)$/)) {
        return
    }
    breach("cli/" folder " must not include cli/" target)
}

# What the file at path belongs to: a room, "public" (mnist.h), "tests" or "".
function home(    part)
{
    split(path, part, "/")
    if (part[1] == "tests") {
        return "tests"
    }
    if (part[1] == "src" && part[3] != "") {
        return part[2]
    }
    if (path == "include/mnist/mnist.h") {
        return "public"
    }
    if (path ~ /^include\/mnist\/[^\/]+\.h$/) {
        sub(/\.h$/, "", part[3])
        return room_of(part[3])
    }
    return ""
}

function check_public_name(name,    target)
{
    target = name
    sub(/^mnist\//, "", target)
    sub(/\.h$/, "", target)
    if (room == "cli" || room == "public") {
        return
    }
    if (target == "mnist") {
        breach(room " must not include all rooms: <" name ">")
    } else if (!((room, room_of(target)) in allowed)) {
        breach(room " must not include " target ": <" name ">")
    }
}

function check_quoted_name(name,    part, parts, own)
{
    parts = split(name, part, "/")
    if (name ~ /(^|\/)\.\.?\//) {
        breach("a name is to be relative to src/ and to go straight to its room: \"" name "\"")
    } else if (path ~ /^include\//) {
        breach("a public header sees public headers only: \"" name "\"")
    } else if (parts < 2) {
        breach("a name is to be relative to src/ and to name its room: \"" name "\"")
    } else if (!((room, part[1]) in allowed)) {
        breach(room " must not include " part[1] ": \"" name "\"")
    } else if (room == "cli" && part[1] == "cli") {
        split(path, own, "/")
        check_cli_name(own[3], parts == 3 ? part[2] : "")
    }
}

function check_include(line,    name, form)
{
    name = line
    sub(/^[ \t]*#[ \t]*include[ \t]*/, "", name)
    form = substr(name, 1, 1)
    if (form != "<" && form != "\"") {
        if (room != "tests") {
            breach("an include that is computed cannot be checked: " name)
        }
        return
    }
    name = substr(name, 2)
    sub(/[>"].*$/, "", name)
    if (name ~ /\.c$/) {
        breach("a .c file is not to be included: " name)
    } else if (room == "tests") {
        return
    } else if (form == "\"" && name !~ /\.h$/) {
        breach("only headers are to be included: \"" name "\"")
    } else if (form == "<" && name ~ /^[a-z]+\// && substr(name, 1, index(name, "/") - 1) in rooms) {
        breach("what lies in src/ is to be quoted: <" name ">")
    } else if (form == "<" && name ~ /^mnist\//) {
        check_public_name(name)
    } else if (form == "\"") {
        check_quoted_name(name)
    }
}

FNR == 1 {
    path = substr(FILENAME, length(root) + 2)
    in_comment = 0
    room = home()
    files++
    if (room != "tests" && room != "public" && !(room in rooms)) {
        breach("no room of this name is in the dependency order of scripts/check-layers.sh")
    }
}

{
    line = strip($0)
    if (line ~ /^[ \t]*(#|%:|\?\?=)[ \t]*include/) {
        sub(/^[ \t]*(%:|\?\?=)/, "#", line)
        check_include(line)
    } else if (room != "cli" && room != "tests" && match(code, forbidden)) {
        call = substr(code, RSTART, RLENGTH)
        gsub(/[^A-Za-z_]/, "", call)
        breach("only cli may print, exit or read the environment: " call)
    } else if (room != "cli" && room != "tests" && match(literals, /--[a-z][a-z-]*/)) {
        breach("only cli may name a flag: " substr(literals, RSTART, RLENGTH))
    }
}

END {
    if (!breaches) {
        print "check-layers: " files " files, no breach"
    }
    exit breaches > 0
}
'

check()
{
    local tree=$1 folder
    set --
    for folder in src include tests; do
        if [ -d "$tree/$folder" ]; then
            set -- "$@" "$tree/$folder"
        fi
    done
    if [ $# -eq 0 ]; then
        echo "check-layers: $tree has neither src/ nor include/" >&2
        return 2
    fi
    if [ -d "$tree/src/cli" ]; then
        folder=$(find "$tree/src/cli" -maxdepth 1 -type f ! -name README.md | LC_ALL=C sort | sed "s|^$tree/||; s|\$|:1: no file lies in src/cli itself: it belongs to a folder there|")
        if [ -n "$folder" ]; then
            printf '%s\n' "$folder"
            return 1
        fi
    fi
    # sorted, so that the output has one order; no file name of a source tree holds a newline
    find "$@" -type f -name '*.[ch]' | LC_ALL=C sort | {
        set --
        while IFS= read -r folder; do
            set -- "$@" "$folder"
        done
        LC_ALL=C awk -v root="$tree" "$checker" "$@"
    }
}

passed=0
failed=0

# Cases that wait for judge: where each stands, and what is expected.
cases=() results=() lines=() trees=0
declare -A used

# expect FILE LINE RESULT: with LINE as line 2 of FILE, RESULT is part of what is printed about it; "ok":
# nothing is. Many cases share a tree, since each run costs: a name of which only the room counts is made
# unique, and for others there is a tree more.
expect()
{
    local file=$1 number
    case $file in
    include/* | *.h) ;;
    *) file=${file%.c}${#cases[@]}.c ;;
    esac
    number=${used[$file]:-0}
    used[$file]=$((number + 1))
    if [ "$number" -ge "$trees" ]; then
        trees=$((number + 1))
    fi
    if [ ! -d "$tree/$number/${file%/*}" ]; then
        mkdir -p "$tree/$number/${file%/*}"
    fi
    printf '/* first */\n%s\n' "$2" >"$tree/$number/$file"
    cases+=("$number:$file")
    lines+=("$2")
    results+=("$3")
}

# Runs what expect has laid out, and counts.
judge()
{
    local number i found output=() status breaches
    for ((number = 0; number < trees; number++)); do
        status=0 breaches=0
        output[number]=$'\n'$(check "$tree/$number") || status=$?
        for i in "${!cases[@]}"; do
            if [ "${cases[i]%%:*}" != "$number" ]; then
                continue
            fi
            found=${output[number]#*$'\n'"${cases[i]#*:}":}
            if [ "$found" = "${output[number]}" ]; then
                found=ok
            else
                breaches=1
            fi
            case $found in
            "${results[i]}" | "2: ${results[i]}"*) passed=$((passed + 1)) ;;
            *)
                printf 'self-test: %s: %s\n  expected %s, found: %s\n' "${cases[i]#*:}" "${lines[i]}" \
                    "${results[i]}" "${found%%$'\n'*}" >&2
                failed=$((failed + 1))
                ;;
            esac
        done
        if [ "$status" -eq "$breaches" ]; then
            passed=$((passed + 1))
        else
            echo "self-test: tree $number: exit $status" >&2
            failed=$((failed + 1))
        fi
    done
}

self_test()
{
    tree=$(mktemp -d "${TMPDIR:-/tmp}/check layers.XXXXXX")
    trap 'rm -rf "$tree"' EXIT

    # every pair of rooms, against the order written out a second time, level by level
    local from to public
    for from in base:0 kernels:1 data:2 nn:2 eval:3 io:3 train:3 bench:4; do
        for to in base:0 kernels:1 data:2 nn:2 eval:3 io:3 train:3 bench:4 cli:5; do
            local result="${from%:*} must not include ${to%:*}: "
            if [ "$from" = "$to" ] || [ "${to#*:}" -lt "${from#*:}" ] ||
                [ "$from $to" = 'train:3 eval:3' ]; then
                result=ok
            fi
            expect "src/${from%:*}/a.c" "#include \"${to%:*}/b.h\"" "$result"
            if [ "$to" = cli:5 ]; then
                continue # nothing of it is public
            fi
            expect "src/${from%:*}/a.c" "#include <mnist/${to%:*}.h>" "$result"
            expect "include/mnist/${from%:*}.h" "#include <mnist/${to%:*}.h>" "$result"
        done
        public='a public header sees public headers only'
        expect "include/mnist/${from%:*}.h" '#include "base/status.h"' "$public"
        expect "src/${from%:*}/a.c" '#include <mnist/mnist.h>' "${from%:*} must not include all rooms"
        expect "src/${from%:*}/a.c" '#include <stdio.h>' ok
    done

    for to in base data; do
        expect src/image/a.c "#include \"$to/b.h\"" ok
    done
    for to in base data image; do
        expect src/import/a.c "#include \"$to/b.h\"" ok
    done
    for to in kernels nn eval train io bench cli; do
        expect src/import/a.c "#include \"$to/b.h\"" "import must not include $to: "
    done
    for from in base kernels data image nn eval train io bench; do # data sets of any form come in through cli alone
        expect "src/$from/a.c" '#include "import/b.h"' "$from must not include import: "
    done
    for to in kernels nn eval train io bench cli; do
        expect src/image/a.c "#include \"$to/b.h\"" "image must not include $to: "
    done
    for from in base kernels data nn eval train io bench; do # pictures come in through cli alone
        expect "src/$from/a.c" '#include "image/b.h"' "$from must not include image: "
    done

    for to in base kernels data nn eval io report; do
        expect src/convert/a.c "#include \"$to/b.h\"" ok
    done
    for to in image train bench cli; do
        expect src/convert/a.c "#include \"$to/b.h\"" "convert must not include $to: "
    done
    for from in base kernels data nn eval train io report bench; do # nets of other programs come in through cli alone
        expect "src/$from/a.c" '#include "convert/b.h"' "$from must not include convert: "
    done

    for to in base kernels data nn eval io train; do
        expect src/compress/a.c "#include \"$to/b.h\"" ok
    done
    for to in image report convert bench cli; do
        expect src/compress/a.c "#include \"$to/b.h\"" "compress must not include $to: "
    done
    for from in base kernels data nn eval io train bench convert report; do
        expect "src/$from/a.c" '#include "compress/b.h"' "$from must not include compress: "
    done

    expect src/score/a.c '#include "base/b.h"' ok
    for to in kernels data nn; do
        expect src/score/a.c "#include \"$to/b.h\"" "score must not include $to: "
    done
    expect src/export/a.c '#include "data/b.h"' ok
    expect src/export/a.c '#include "io/b.h"' 'export must not include io: '
    expect src/eval/a.c '#include "score/b.h"' 'eval must not include score: ' # texts come in through cli alone

    expect include/mnist/mnist.h '#include <mnist/train.h>' ok
    expect include/mnist/metrics.h '#include <mnist/data.h>' ok
    expect include/mnist/metrics.h '#include <mnist/train.h>' 'eval must not include train'
    expect src/train/a.c '#include <mnist/metrics.h>' ok
    expect src/io/a.c '#include <mnist/steps.h>' ok
    expect src/kernels/a.c '#include <mnist/steps.h>' 'kernels must not include steps'
    expect src/io/a.c '#include <mnist/metrics.h>' 'io must not include metrics'
    expect src/io/a.c '#include <mnist/labels.h>' ok
    expect src/data/a.c '#include <mnist/labels.h>' 'data must not include labels'
    expect src/cli/train/a.c '#include <mnist/mnist.h>' ok
    expect src/cli/train/a.c '#include <jansson.h>' ok
    local floor
    for from in options terminal shared train eval hello; do
        for to in options:0 terminal:0 shared:1 train:2 eval:2 hello:2; do
            case $from in
            options | terminal) floor=0 ;;
            shared) floor=1 ;;
            *) floor=2 ;;
            esac
            result="cli/$from must not include cli/${to%:*}"
            if [ "$from" = "${to%:*}" ] || [ "${to#*:}" -lt "$floor" ]; then
                result=ok
            fi
            expect "src/cli/$from/a.c" "#include \"cli/${to%:*}/b.h\"" "$result"
        done
    done
    expect src/cli/train/a.c '#include "cli/options.h"' 'cli/train must not include cli/'
    expect src/cli/train/a.c '#include "cli/deep/er/options.h"' 'cli/train must not include cli/'
    expect src/cli/train/a.c '#include "nn/mlp.h"' 'cli must not include nn'
    expect src/cli/train/a.c '#include "base/status.h"' 'cli must not include base'
    expect src/nn/deep/a.h '  #  include	"data/idx.h" /* why */' 'nn must not include data'
    expect src/nn/a.c '/* #include "data/idx.h" */' ok
    expect src/nn/a.c '// #include "data/idx.h"' ok
    expect src/nn/a.c '/* a */ #include "data/idx.h"' 'nn must not include data'
    expect src/nn/a.c '#include "mlp.h"' 'a name is to be relative to src/'
    expect src/nn/a.c '#include "../data/idx.h"' 'a name is to be relative to src/'
    expect src/nn/a.c '#include "nn/../data/idx.h"' 'a name is to be relative to src/'
    expect src/nn/a.c '#include "nn/./mlp.h"' 'a name is to be relative to src/'
    expect src/nn/a.c '#include <data/idx.h>' 'what lies in src/ is to be quoted'
    expect src/nn/a.c '#include <nn/mlp.h>' 'what lies in src/ is to be quoted'
    expect src/cli/train/a.c '#include <cli/eval/course.h>' 'what lies in src/ is to be quoted'
    expect src/cli/train/a.c '#include <sys/stat.h>' ok
    expect src/nn/a.c '#include "nn/part.inc"' 'only headers are to be included'
    expect src/nn/a.c '%:include "data/idx.h"' 'nn must not include data'
    expect src/nn/a.c '#include HEADER' 'an include that is computed cannot be checked'
    expect src/kernels/a.c '#include "kernels/b.c"' 'a .c file is not to be included'
    expect src/cli/train/a.c '#include "cli/b.c"' 'a .c file is not to be included'
    expect tests/unit/test_a.c '#include "nn/mlp.c"' 'a .c file is not to be included'
    expect tests/unit/test_a.c '#include "../../src/nn/mlp.c"' 'a .c file is not to be included'
    expect tests/unit/test_a.c '#include "nn/mlp.h"' ok

    local call
    for call in 'printf("x")' 'fprintf (f, "x")' 'vprintf(a, b)' 'vfprintf(f, a, b)' 'puts("x")' \
        'dprintf(1, "x")' 'vdprintf(1, a, b)' 'putchar(1)' 'perror("x")' 'exit(1)' '_exit(1)' \
        '_Exit(1)' 'quick_exit(1)' 'abort()' 'getenv("HOME")' 'secure_getenv("HOME")' \
        'fputs("x", stdout)' 'fputs("x", stderr)' 'char **e = environ'; do
        expect src/io/a.c "    $call;" 'only cli may print, exit or read the environment'
        expect src/cli/train/a.c "    $call;" ok
        expect tests/cli/a.c "    $call;" ok
    done
    for call in 'snprintf(a, 1, "printf()")' 'vsnprintf(a, 1, "x", b)' 'mnist_exit()' 'fputs("x", f)' \
        "c = '\"'; /* exit(1) */" 'a = "\"exit(1)"' 'my_stdout = 1' '// abort()'; do
        expect src/io/a.c "    $call;" ok
    done
    expect include/mnist/io.h 'static inline void f(void) { abort(); }' 'only cli may'
    expect src/io/a.c '    a = "/*"; exit(1);' 'only cli may'

    for call in 'fail("try a lower --lr")' 'fail("a", "with --resume")' "c = '\"'; a = \"--lr\""; do
        expect src/train/a.c "    $call;" 'only cli may name a flag: --'
        expect src/cli/train/a.c "    $call;" ok
        expect tests/unit/a.c "    $call;" ok
    done
    expect include/mnist/io.h '#define A "--report"' 'only cli may name a flag: --report'
    for call in 'count--, a("b")' '/* "--lr" */ a("b")' 'a("b"); // "--lr"' 'a("--", "lr")' 'a("-- c")' \
        'a("b") --c'; do
        expect src/train/a.c "    $call;" ok
    done

    judge

    # a room that nobody has placed, and a file outside all rooms
    local output
    for file in src/attic/a.c src/a.c include/mnist/attic.h src/cli/a.c src/cli/notes.txt; do
        rm -rf "${tree:?}/alone"
        mkdir -p "$tree/alone/${file%/*}"
        echo >"$tree/alone/$file"
        output=$(check "$tree/alone") && failed=$((failed + 1))
        case $output in
        "$file:1: no room of this name"* | "$file:1: no file lies in src/cli itself"*) passed=$((passed + 1)) ;;
        *)
            echo "self-test: $file: $output" >&2
            failed=$((failed + 1))
            ;;
        esac
    done

    echo "check-layers: self-test: $passed passed, $failed failed"
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
    check "${tree%/}"
    ;;
esac
