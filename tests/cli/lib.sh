# Shared by the tests of the programs; sourced, never run. A test calls
#
#     start BUILD-DIR    # work directory, environment, $train, $eval
#     begin TITLE        # names what follows, in messages
#     run CODE COMMAND   # checks the exit code; stdout is then in $out, stderr in $err
#     ...                # any of the checks below
#     finish             # the tally; the exit code
#
# A check that fails says so, and the test goes on: one run shows all failures.
# shellcheck shell=bash
# shellcheck disable=SC2034  # variables are for the tests
# shellcheck disable=SC2154  # out and err are set by keep

failures=0
checks=0
title=

start()
{
    if [ ! -x "$1/mnist-train" ] || [ ! -x "$1/mnist-eval" ]; then
        echo "$0: no mnist-train and mnist-eval in $1" >&2
        exit 2
    fi
    train=$(CDPATH='' cd -- "$1" && pwd)/mnist-train
    eval=${train%train}eval
    work=$(mktemp -d "${TMPDIR:-/tmp}/mnist cli.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    # The environment of a user who has set nothing, whoever runs the test.
    mkdir "$work/home" "$work/dir"
    export HOME=$work/home LC_ALL=C TERM=dumb
    unset MNIST_DATA_DIR MNIST_ISA XDG_CACHE_HOME NO_COLOR COLUMNS
    # A sanitizer's exit code must differ from ours.
    export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}exitcode=99:allocator_may_return_null=1"
    export UBSAN_OPTIONS="${UBSAN_OPTIONS:+$UBSAN_OPTIONS:}exitcode=99"
    cd "$work/dir" || exit 2
}

finish()
{
    if [ "$failures" -gt 0 ]; then
        echo "${0##*/}: $failures of $checks checks failed" >&2
        exit 1
    fi
    echo "${0##*/}: $checks checks passed"
}

begin()
{
    title=$1
}

# left_out WHY [REMEDY]: says that what begin has named is not tested on this machine, or this part of it. scripts/test.sh
# repeats such lines at its end; with CI=true one that has a remedy makes it fail.
left_out()
{
    printf 'left out: %s%s%s\n' "${title:+$title: }" "$1" "${2:+; to have it: $2}"
}

# skip_test WHY [REMEDY]: ctest takes 77 for skipped.
skip_test()
{
    left_out "$@"
    exit 77
}

# python_with MODULE: the python3 that has it. Debian's packages are those of /usr/bin, whatever else is before it.
python_with()
{
    local candidate
    for candidate in python3 /usr/bin/python3; do
        if "$candidate" -c "import $1" 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    return 1
}

# need_mnist DIR: its absolute path as $mnist, or the test is skipped.
need_mnist()
{
    local name
    mnist=$(CDPATH='' cd -- "$1" 2>/dev/null && pwd) || skip_test "there is no directory $1" "scripts/get-mnist.sh mnist '$1'"
    for name in train-images-idx3 train-labels-idx1 t10k-images-idx3 t10k-labels-idx1; do
        [ -e "$mnist/$name-ubyte" ] || skip_test "there is no $name-ubyte in $mnist" "scripts/get-mnist.sh mnist '$mnist'"
    done
}

# wrong TEXT: what is wrong, and what the program said.
wrong()
{
    failures=$((failures + 1))
    {
        printf '%s: %s: %s\n' "${0##*/}" "$title" "$1"
        [ ! -s "$work/command" ] || sed 's/^/    $ /' "$work/command"
        [ ! -s "$work/out" ] || head -c 2000 "$work/out" | cat -v | sed 's/^/    out: /'
        [ ! -s "$work/err" ] || head -c 2000 "$work/err" | cat -v | sed 's/^/    err: /'
    } >&2
}

# expect TEXT COMMAND...: the command succeeds; if not, TEXT says what is wrong.
expect()
{
    local text=$1
    shift
    checks=$((checks + 1))
    "$@" || wrong "$text"
}

# Variables end at the first NUL and lose the last newlines; the files keep all. By read and not by $(<...), which
# forks.
keep()
{
    IFS= read -rd '' out <"$work/out" || true
    IFS= read -rd '' err <"$work/err" || true
    while [ "${out%$'\n'}" != "$out" ]; do out=${out%$'\n'}; done
    while [ "${err%$'\n'}" != "$err" ]; do err=${err%$'\n'}; done
}

# run CODE COMMAND...: runs it with /dev/null as stdin.
run()
{
    local expected=$1 code=0
    shift
    printf '%q ' "$@" >"$work/command"
    echo >>"$work/command"
    "$@" </dev/null >"$work/out" 2>"$work/err" || code=$?
    keep
    expect "exit code $code, not $expected" [ "$code" -eq "$expected" ]
}

# shell CODE SCRIPT [ARGUMENT...]: the same for a script with redirections or pipes, which has $train, $eval and the
# arguments as $1 and so on. Its stdout and stderr are kept as by run.
shell()
{
    local expected=$1
    shift
    train=$train eval=$eval run "$expected" bash -c "$1" "bash" "${@:2}"
}

# Does $1 contain $2, literally?
has()
{
    case $1 in
    *"$2"*) return 0 ;;
    *) return 1 ;;
    esac
}

matches()
{
    [[ $1 =~ $2 ]]
}

out_is()
{
    expect "stdout is not: $1" [ "$out" = "$1" ]
}

err_is()
{
    expect "stderr is not: $1" [ "$err" = "$1" ]
}

out_has()
{
    expect "stdout lacks: $1" has "$out" "$1"
}

err_has()
{
    expect "stderr lacks: $1" has "$err" "$1"
}

out_matches()
{
    expect "stdout does not match: $1" matches "$out" "$1"
}

err_matches()
{
    expect "stderr does not match: $1" matches "$err" "$1"
}

out_empty()
{
    expect "stdout is not empty" [ ! -s "$work/out" ]
}

err_empty()
{
    expect "stderr is not empty" [ ! -s "$work/err" ]
}

# resumes_alike LEAST CHECKPOINT...: there are so many at least, and from each the training ends with the bytes of whole.st.
resumes_alike()
{
    local least=$1 step
    shift
    expect "$# checkpoints, fewer than $least" [ "$#" -ge "$least" ]
    for step in "$@"; do
        run 0 "$train" --resume "$step" -q -o on.st
        same_bytes on.st whole.st
    done
}

# json FILTER...: jq's answer to what is on stdout, as one line.
json()
{
    jq -c "$@" <"$work/out"
}

# json_is FILTER VALUE
json_is()
{
    local value
    value=$(json -r "$1") || value='(jq failed)'
    expect "$1 is $value, not $2" [ "$value" = "$2" ]
}

# json_holds CONDITION: that jq finds it true.
json_holds()
{
    expect "not so: $1" jq_true "$1"
}

jq_true()
{
    jq -e "$1" "$work/out" >/dev/null 2>&1
}

same_bytes()
{
    expect "$1 and $2 differ" cmp -s -- "$1" "$2"
}

lines_of()
{
    wc -l <"$1" | tr -d ' '
}

digest_of()
{
    sha256sum <"$1" | cut -c 1-64
}

# The result line without its times.
result()
{
    sed -E 's/ seconds=[0-9]+\.[0-9]{3}$//' "$work/out"
}

# value NAME: of NAME=VALUE in the last line of stdout.
value()
{
    tail -n 1 "$work/out" | tr ' ' '\n' | sed -n "s/^$1=//p"
}

# --- IDX files of a few images ----------------------------------------------------------------------

# Bytes given in hexadecimal: 00 00 08 03.
bytes()
{
    local byte
    for byte in "$@"; do
        # shellcheck disable=SC2059  # the format is the byte
        printf "\\x$byte"
    done
}

# A 32-bit number, the highest byte first.
be32()
{
    # shellcheck disable=SC2046  # to be split
    bytes $(printf '%08x' "$1" | sed 's/../& /g')
}

# pixels TENS SIDE: as many times ten images of SIDE x SIDE, at least 4 x 4: image i has one white
# pixel, the i-th. A net learns them at once.
pixels()
{
    local i n=$(($2 * $2))
    for i in 0 1 2 3 4 5 6 7 8 9; do
        head -c "$i" /dev/zero
        bytes ff
        head -c $((n - i - 1)) /dev/zero
    done >"$work/ten"
    for ((i = 0; i < $1; i++)); do
        cat "$work/ten"
    done
}

images()
{
    bytes 00 00 08 03
    be32 $((10 * $1))
    be32 "$2"
    be32 "$2"
    pixels "$1" "$2"
}

labels()
{
    local i
    bytes 00 00 08 01
    be32 $((10 * $1))
    for ((i = 0; i < $1; i++)); do
        bytes 00 01 02 03 04 05 06 07 08 09
    done
}

# data DIR SIDE: a data set of 40 training and 20 test images.
data()
{
    mkdir -p "$1"
    images 4 "$2" >"$1/train-images-idx3-ubyte"
    labels 4 >"$1/train-labels-idx1-ubyte"
    images 2 "$2" >"$1/t10k-images-idx3-ubyte"
    labels 2 >"$1/t10k-labels-idx1-ubyte"
}
