#!/usr/bin/env bash
# test_describe.sh BUILD-DIR SOURCE-DIR: --help of every program on 80 columns, manual pages as man and
# mandoc read them, and completion as bash, zsh and fish do it. Tests of tools that are not installed are left out, with a
# line that says so.
set -euo pipefail

if [ $# -ne 2 ]; then
    echo "usage: test_describe.sh BUILD-DIR SOURCE-DIR" >&2
    exit 2
fi
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$2/tests/cli/lib.sh"
start "$1"
build=${train%/*}
describe=$build/mnist-describe

have()
{
    command -v "$1" >/dev/null 2>&1 || {
        title=$1 left_out 'it is not installed' 'scripts/install-deps.sh shells'
        return 1
    }
}

lacks()
{
    ! has "$@"
}

read -r -d '' -a programs <<<"$("$describe" programs)" || true
expect 'fewer than three programs' [ "${#programs[@]}" -ge 3 ]

for program in "${programs[@]}"; do
    "$build/$program" --help >"$program.help"
done

# options PROGRAM: the long names, as --help shows them
options()
{
    sed -nE 's/^  (-[A-Za-z],|   ) --(\[no-\])?([a-z0-9-]+).*/\3/p' "$1.help"
}

for program in "${programs[@]}"; do
    begin "$program: --help"
    run 0 "$build/$program" --help
    err_empty
    expect 'wider than 80 columns' [ "$(awk 'length($0) > 80' "$work/out")" = '' ]
    expect 'blanks at ends of lines' [ "$(grep -c ' $' "$work/out")" -eq 0 ]
    expect 'no option in it' [ "$(options "$program" | wc -l)" -gt 5 ]

    begin "$program: its manual page"
    run 0 "$describe" man "$program"
    cp "$work/out" "$program.1"
    for kind in bash zsh fish; do
        run 0 "$describe" "$kind" "$program"
        cp "$work/out" "$program.$kind"
    done
    page=$(<"$program.1")
    for option in $(options "$program"); do
        expect "--$option is not in the manual page" has "$page" "\\-\\-${option//-/\\-}\\fR"
    done
    for section in NAME SYNOPSIS DESCRIPTION OPTIONS EXAMPLES 'EXIT STATUS' ENVIRONMENT FILES 'SEE ALSO'; do
        expect "no section $section" grep -Fxq ".SH $section" "$program.1"
    done
    run 0 "$describe" man "$program" to-file
    same_bytes to-file "$program.1"
done
begin '--recipe list'
run 0 "$train" --recipe list
expect 'wider than 80 columns' [ "$(awk 'length($0) > 80' "$work/out")" = '' ]

begin 'mnist-describe, wrongly used'
run 2 "$describe"
run 2 "$describe" man mnist-nothing
err_has 'no program mnist-nothing'
run 2 "$describe" leaflet mnist-train left
expect 'half a file is left' [ ! -e left ]
run 1 "$describe" man mnist-train no/such/folder

# --- manual pages ---------------------------------------------------------------------------------------

if have mandoc; then
    for program in "${programs[@]}"; do
        begin "mandoc, $program"
        run 0 mandoc -T lint "$program.1"
        out_empty
        err_empty
    done
fi
if have man && have groff; then
    for program in "${programs[@]}"; do
        begin "man, $program"
        # shellcheck disable=SC2016
        shell 0 'MANWIDTH=80 man --warnings -E ascii -l "$1" | col -b' "./$program.1"
        err_empty
        out_has "$program - "
        expect 'wider than 80 columns' [ "$(awk 'length($0) > 80' "$work/out")" = '' ]
    done
    begin 'man, what can be copied'
    run 0 man -E UTF-8 -l ./mnist-train.1
    out_has 'mnist-train --min-accuracy 97%'
    # shellcheck disable=SC2088
    out_has '~/.cache/mnist'
    out_has "A minute's search"
fi

# --- bash ---------------------------------------------------------------------------------------------

# One shell answers all questions, a line "PROGRAM WORD..." each, the last word under the cursor; an
# empty one is written ''. An answer is "QUESTION: WHAT COMPLETES IT".
cat >ask.bash <<'END'
compopt() { printf '<%s>' "$*"; }
while read -r line; do
    read -r -a COMP_WORDS <<<"$line"
    program=${COMP_WORDS[0]} COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    if [ "${COMP_WORDS[COMP_CWORD]}" = "''" ]; then
        COMP_WORDS[COMP_CWORD]=
    fi
    complete -p "$program" >/dev/null 2>&1 || source "./$program.bash"
    read -r -a registered <<<"$(complete -p "$program")"
    printf '%s: ' "$line"
    "${registered[2]}"
    printf '%s\n' "${COMPREPLY[*]}"
done
END

begin bash
for program in "${programs[@]}"; do
    for option in $(options "$program"); do
        echo "$program --$option"
    done
done >questions
run 0 bash --norc ask.bash # no question yet: the script itself must be sound
bash --norc ask.bash <questions >"$work/out" 2>"$work/err"
keep
err_empty
while read -r question; do
    # the option itself, and others that begin like it
    expect "$question is not completed" has "$out" "$question: ${question##* }"
done <questions

cat >expected <<'END'
mnist-train --nest: --nesterov
mnist-train --no-: --no-invert --no-transpose --no-nesterov --no-batch-norm
mnist-train --dataset '': mnist fashion synthetic
mnist-train --dataset fa: fashion
mnist-train --dataset = fa: fashion
mnist-train --dataset =: mnist fashion synthetic
mnist-train --dataset=fa: --dataset=fashion
mnist-train --epochs 3 --schedule '': constant step cosine one-cycle
mnist-train --augment '': none light simard ciresan
mnist-train --recipe si: simard
mnist-train --recipe l: list
mnist-train -o '': <-o default>
mnist-train --output = mod: <-o default>
mnist-train --data-dir '': <-o dirnames>
mnist-train --lr '': 
mnist-train bogus: 
mnist-train -- --m: 
mnist-eval mod: <-o default>
mnist-eval -- --m: <-o default>
END
sed -E 's/: .*|: *$//' expected | sed 's/:$//' >questions
bash --norc ask.bash <questions >answers 2>"$work/err"
expect "$(diff expected answers || true)" cmp -s expected answers
if have shellcheck; then
    for program in "${programs[@]}"; do
        run 0 shellcheck "$program.bash"
    done
fi

if script --version 2>/dev/null | grep -q util-linux; then
    begin 'bash, typed'
    mkdir 'a folder'
    : >'a model.safetensors'
    : >got
    # shellcheck disable=SC2016
    printf '%s\n' 'mnist-eval() { printf "<%s>" "$@" >>got; }' 'source ./mnist-eval.bash' >session.bash
    printf 'source ./session.bash\nmnist-eval --confu\t a\\ mod\t\nmnist-eval --data-d\ta\\ \t\nmnist-eval --dataset=fa\t\nexit\n' |
        TERM=dumb script -qec 'bash --norc --noprofile -i' session.log >"$work/out" 2>"$work/err"
    got=$(<got)
    expect "typed: $got" [ "$got" = '<--confusion><a model.safetensors><--data-dir><a folder/><--dataset=fashion>' ]
else
    title='bash, typed' left_out 'no script of util-linux'
fi

# --- zsh ----------------------------------------------------------------------------------------------

if have zsh; then
    begin zsh
    mkdir fpath
    for program in "${programs[@]}"; do
        cp "$program.zsh" "fpath/_$program"
    done
    # A session on a terminal of its own: each line is typed, completed, and read back.
    cat >session.zsh <<'END'
zmodload zsh/zpty
zpty session zsh -f -i
tell() { zpty -w session "$1" }
tell 'PROMPT= fpath=($PWD/fpath $fpath); autoload -Uz compinit; compinit -u -d $PWD/dump'
tell 'read-back() { print -r -- "$BUFFER" >back.new; mv back.new back; BUFFER= }; zle -N read-back'
tell 'bindkey "^I" complete-word; bindkey "^G" read-back; setopt noautomenu; unsetopt beep'
while read -r line; do
    rm -f back
    zpty -w -n session "${line//_/ }"$'\t\a'
    for ((i = 0; i < 1200; i++)); do
        [[ -e back ]] && break
        while zpty -r -t session output; do :; done
        sleep 0.02
    done
    print -r -- "$line: $(<back)"
done
zpty -d session
END
    # _ stands for a blank
    cat >expected <<'END'
mnist-train_--nest: mnist-train --nesterov 
mnist-train_--no-n: mnist-train --no-nesterov 
mnist-train_--prec: mnist-train --precision=
mnist-train_--dataset_fa: mnist-train --dataset fashion 
mnist-train_--dataset=fa: mnist-train --dataset=fashion 
mnist-train_--optimizer_rm: mnist-train --optimizer rmsprop 
mnist-train_--recipe_sim: mnist-train --recipe simard 
mnist-train_--augment_ci: mnist-train --augment ciresan 
mnist-train_-o_a\_mod: mnist-train -o a\ model.safetensors 
mnist-train_--data-dir_a: mnist-train --data-dir a\ folder/
mnist-train_--lr_a: mnist-train --lr a
mnist-train_a: mnist-train a
mnist-eval_--data-seed_1_a\_mod: mnist-eval --data-seed 1 a\ model.safetensors 
END
    sed 's/: .*//' expected | zsh -f session.zsh >answers
    expect "$(diff expected answers || true)" cmp -s expected answers
fi

# --- fish ---------------------------------------------------------------------------------------------

if have fish; then
    begin fish
    cat >ask.fish <<'END'
for program in $argv
    source ./$program.fish
end
while read -l line
    echo "$line: "(complete -C (string replace -r '_$' '' -- $line))
end
END
    for program in "${programs[@]}"; do
        for option in $(options "$program"); do
            echo "$program --$option"
        done
    done >questions
    fish --no-config ask.fish "${programs[@]}" <questions >"$work/out" 2>"$work/err"
    keep
    err_empty
    while read -r question; do
        expect "$question is not completed" matches "$out" "$question: ${question##* }"=?$'\t'
    done <questions
    # a line's last _ is left out, so that a blank can stand before it
    printf '%s\n' 'mnist-train --no-nest' 'mnist-train --dataset _' 'mnist-train --dataset=fa' \
        'mnist-train --recipe sim' 'mnist-train --augment _' 'mnist-train --lr _' 'mnist-train a' 'mnist-eval a' \
        'mnist-train -o a' 'mnist-train --data-dir a' |
        fish --no-config ask.fish "${programs[@]}" >"$work/out" 2>"$work/err"
    keep
    err_empty
    out_matches $'mnist-train --no-nest: --no-nesterov\t'
    for name in fashion mnist synthetic; do
        out_matches "mnist-train --dataset _: $name"
    done
    out_matches 'mnist-train --dataset=fa: --dataset=fashion'
    out_matches $'mnist-train --recipe sim: simard\tone hidden layer'
    out_matches 'mnist-train --augment _: ciresan'
    expect 'files for a number' lacks "$out" 'mnist-train --lr _: a'
    expect 'files where none are taken' lacks "$out" 'mnist-train a: a'
    out_matches 'mnist-eval a: a\\? model.safetensors'
    out_matches 'mnist-train -o a: a\\? model.safetensors'
    out_matches 'mnist-train --data-dir a: a\\? folder/'
fi

finish
