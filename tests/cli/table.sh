# Tables of wrong inputs and what the programs say to each; sourced after lib.sh. A row states the exit code and all of
# stderr; stdout must be empty, and no file may appear or vanish.
# shellcheck shell=bash
# shellcheck disable=SC2154  # err is set by run
rows=0
shopt -s dotglob nullglob

# judge CODE PATTERN COMMAND...
judge()
{
    local code=$1 message=$2 before after
    shift 2
    rows=$((rows + 1))
    begin "$*"
    before=(*)
    run "$code" "$@"
    out_empty
    # shellcheck disable=SC2053  # a pattern
    [[ $err == $message ]] || wrong "stderr is not: $message"
    checks=$((checks + 1))
    after=(*)
    expect "files came or went" [ "${before[*]}" = "${after[*]}" ]
}

# literal TEXT: sets pattern to one that matches nothing else.
literal()
{
    local text=${1//\\/\\\\}
    text=${text//\*/\\*} text=${text//\?/\\?} text=${text//\[/\\[}
    pattern=$text
}

# choices OPTION: the values that mnist-train accepts, as its messages list them: "relu, tanh, gelu".
choices()
{
    { "$train" "--$1" '' 2>&1 || true; } | sed -n 's/^.* is not one of \([^;]*\).*$/\1/p'
}

# usage PROGRAM MESSAGE ARGUMENT...: exit 2, and the line that points to --help.
usage()
{
    local program=${1##*/} pattern
    literal "$program: $2
Try '$program --help'."
    judge 2 "$pattern" "$1" "${@:3}"
}

# fails CODE PROGRAM MESSAGE ARGUMENT...
fails()
{
    local pattern
    literal "${2##*/}: $3"
    judge "$1" "$pattern" "$2" "${@:4}"
}

# fails_like: the same with a pattern for the message.
fails_like()
{
    judge "$1" "${2##*/}: $3" "$2" "${@:4}"
}

# At least this many rows must have run: none got lost.
table_ends()
{
    expect "only $rows rows" [ "$rows" -ge "$1" ]
    echo "${0##*/}: $rows rows"
    finish
}
