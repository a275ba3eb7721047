#!/usr/bin/env bash
# Shows that nothing is lost: kills trainings at random moments and resumes them. Usage below.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage()
{
    cat <<'END_OF_USAGE'
usage: scripts/kill-loop.sh [--build DIR] [--seed S] [N]

N times (200): begins a training that writes checkpoints and a log, kills it (kill -9) at a random moment
before its end, resumes it, mostly kills that too, up to three times in all, and lets it run to its end.
Its model and its log must be byte for byte those of the same training undisturbed. Trainings of several
kinds take turns: every optimiser, averages, batch normalisation, distorted and mixed images, dropout,
fp16, early stopping; how often checkpoints are written is drawn.

A training that is resumed must say that it goes on from the epoch and the step that the checkpoint holds,
and then print the epochs that were not over, and no others; and no checkpoint may be of an earlier step than
the one before. A training that was killed only before its first checkpoint or after its last, so that none of
it was resumed, must end with the same bytes too, but is not one of the N.

  --build DIR   use DIR/mnist-train as it is, instead of building Release into build/
  --seed S      of what is drawn (1); the moments of time remain the machine's

The last line says how many were identical. Exit codes: 0 all; 1 not all, or a check failed; 2 usage.
END_OF_USAGE
}

build_dir='' seed=1 count=200
while [ $# -gt 0 ]; do
    case $1 in
    -h | --help)
        usage
        exit 0
        ;;
    --build | --seed)
        if [ $# -lt 2 ]; then
            usage >&2
            die 2 "$1 needs a value"
        fi
        case $1 in
        --build) build_dir=$2 ;;
        --seed) seed=$2 ;;
        esac
        shift
        ;;
    '' | *[!0-9]*)
        usage >&2
        die 2 "unknown argument '$1'"
        ;;
    *) count=$1 ;;
    esac
    shift
done
case $seed in
'' | *[!0-9]*) die 2 "--seed: expected a whole number, found '$seed'" ;;
esac

if [ -z "$build_dir" ]; then
    "$root/scripts/install-deps.sh" build >&2
    build_dir=$root/build
    build "$build_dir" -DCMAKE_BUILD_TYPE=Release -DMNIST_BUILD_TESTS=OFF
fi
[ -x "$build_dir/mnist-train" ] || die 2 "there is no mnist-train in $build_dir"
trainer=$(CDPATH='' cd -- "$build_dir" && pwd)/mnist-train
work=$(mktemp -d "${TMPDIR:-/tmp}/mnist kill.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
RANDOM=$((seed % 32768))

common='--dataset synthetic --synthetic-train 4000 --synthetic-test 100 --val-split 0.1 --quiet -j 2 --log-every 3'
# Each begins with its number of epochs.
kinds=(
    # ends early: most epochs have a lower loss than the best before, but not by --min-delta
    '-e 30 --hidden 48 --patience 4 --min-delta 0.05 --lr 0.01 --schedule constant --warmup 0'
    '-e 6 --hidden 48'
    '-e 5 --hidden 48,32 --optimizer adam --ema 0.99 --keep best --batch-norm'
    '-e 4 --hidden 48 --augment ciresan,shift=1,erase=0.2 --mixup 0.4 --swa-start 0.4'
    '-e 5 --hidden 48,32 --dropout 0.2,0.4 --input-dropout 0.1 --precision fp16 --optimizer adamw'
    '-e 5 --hidden 48 --optimizer rmsprop --vat 1 --clip-norm 1 --log-jsonl'
)
# log_of KIND NAME: the name of its log; --log-jsonl above is no flag of mnist-train but asks for .jsonl here.
log_of()
{
    case ${kinds[$1]} in
    *--log-jsonl) printf '%s.jsonl\n' "$2" ;;
    *) printf '%s.csv\n' "$2" ;;
    esac
}

epochs_of()
{
    local words
    read -ra words <<<"${kinds[$1]}"
    printf '%s\n' "${words[1]}"
}

# begin_training KIND NAME [ARGUMENT...]: with model and log under NAME.
begin_training()
{
    local kind=$1 name=$2
    shift 2
    # shellcheck disable=SC2086 # lists of words
    exec "$trainer" $common ${kinds[$kind]/--log-jsonl/} -o "$name.st" --log "$(log_of "$kind" "$name")" "$@" \
        >/dev/null
}

milliseconds()
{
    local now
    now=$(date +%s%N)
    printf '%s\n' $((now / 1000000))
}

# Runs each kind undisturbed, and measures how long it takes with checkpoints.
lengths=()
for kind in "${!kinds[@]}"; do
    [ "$kind" -lt "$count" ] || break # none of that kind will be begun
    (begin_training "$kind" "whole-$kind")
    before=$(milliseconds)
    (begin_training "$kind" timed --checkpoint timed.ckpt --checkpoint-every 20steps)
    lengths[kind]=$(($(milliseconds) - before))
    cmp -s "whole-$kind.st" timed.st || die 1 "kind $kind: a training that writes checkpoints gives another model"
    cmp -s "$(log_of "$kind" "whole-$kind")" "$(log_of "$kind" timed)" ||
        die 1 "kind $kind: a training that writes checkpoints gives another log"
    [ -s timed.ckpt ] || die 1 "kind $kind: no checkpoint was written"
    case ${kinds[kind]} in
    *--patience*)
        [ "$(grep -c '^epoch' "$(log_of "$kind" "whole-$kind")")" -lt "$(epochs_of "$kind")" ] ||
            die 1 "kind $kind: early stopping did not end it, so that nothing is seen of it"
        ;;
    esac
    rm -f timed.*
done

intervals=(1epochs 2epochs 1steps 7steps 50steps 0.01s 0.1s)
kills=0 resumptions=0 over=0 anew=0 unused=0 same=0

# read_checkpoint KIND: sets at_* to where run.ckpt says that the training is, and at to what a resumed one is to say.
# (It is a safetensors file: the header's length, the header, the arrays.)
at='' at_epoch=0 at_ended=0 at_step=0 at_end=0
read_checkpoint()
{
    local length header name before=$at_step
    length=$(($(od -An -tu8 -N 8 run.ckpt)))
    header=$(head -c $((8 + length)) run.ckpt | tail -c "$length")
    for name in epoch ended step end; do
        [[ $header =~ \"$name\":\{\"dtype\":\"U64\",\"shape\":\[\],\"data_offsets\":\[([0-9]+), ]] ||
            die 1 "there is no '$name' in a checkpoint"
        printf -v "at_$name" %s $(($(od -An -tu8 -j $((8 + length + BASH_REMATCH[1])) -N 8 run.ckpt)))
    done
    [ "$at_step" -ge "$before" ] || die 1 "a checkpoint of step $at_step took the place of one of step $before"
    at="going on from run.ckpt, in epoch $at_epoch of $(epochs_of "$1"), step $at_step"
    if [ "$at_ended" -eq 1 ]; then
        at=${at/in epoch/after epoch}
        if [ "$at_end" -ne 0 ] || [ "$at_epoch" -eq "$(epochs_of "$1")" ]; then
            at='run.ckpt: this training is over' # the message goes on with the reason
        fi
    fi
}

# judge HOW: checks what the resumed training has printed; HOW is "ended" or "killed". Where it was killed, it may have
# printed nothing yet, or half a line.
judge()
{
    local first epoch
    if [ -n "$(tail -c 1 run.said)" ]; then
        sed '$d' run.said >run.lines
        mv run.lines run.said
    fi
    first=$(sed -n '/^going on from/{p;q;};/this training is over/{s/over.*/over/;p;q;}' run.said)
    epoch=$(sed -n '/^epoch /{s,^epoch *\([0-9]*\)/.*,\1,p;q;}' run.said)
    if [ -z "$first$epoch" ] && [ "$1" = killed ]; then
        return
    fi
    [ "$first" = "$at" ] || die 1 "a resumed training did not say: $at; but: $(cat run.said)"
    case $at in
    *over*)
        [ -z "$epoch" ] || die 1 "a training that was over was trained for an epoch $epoch"
        over=$((over + 1))
        ;;
    *)
        if [ -n "$epoch" ] || [ "$1" = ended ]; then # else it was killed before an epoch's line
            [ "$epoch" = $((at_epoch + at_ended)) ] ||
                die 1 "a training went on with epoch $epoch, although it had said: $at"
        fi
        resumptions=$((resumptions + 1))
        ;;
    esac
}

# strike KIND EVERY LIMIT NUMBER: begins the training, or resumes it if there is a checkpoint, and kills it after delay,
# which it draws, of at most LIMIT milliseconds; false if the training ended before.
strike()
{
    local kind=$1 every=$2 pid code=0 resumed=''
    if [ -e run.ckpt ]; then
        resumed=1
        read_checkpoint "$kind"
        (exec "$trainer" --resume run.ckpt >/dev/null 2>run.said) &
        pid=$!
    else
        [ "$4" -eq 0 ] || anew=$((anew + 1))
        (begin_training "$kind" run --checkpoint run.ckpt --checkpoint-every "$every") &
        pid=$!
    fi
    delay=$((RANDOM * $3 / 32768))
    sleep "$((delay / 1000)).$(printf '%03d' $((delay % 1000)))"
    kill -9 "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || code=$?
    case $code in
    137) kills=$((kills + 1)) ;;
    0) ;;
    *)
        [ -z "$resumed" ] || cat run.said >&2
        die 1 "the training failed with exit code $code"
        ;;
    esac
    if [ -n "$resumed" ]; then
        if [ "$code" -eq 0 ]; then judge ended; else judge killed; fi
    fi
    [ "$code" -ne 0 ]
}

# finish KIND EVERY: lets the training run to its end.
finish()
{
    if [ -e run.ckpt ]; then
        read_checkpoint "$1"
        "$trainer" --resume run.ckpt >/dev/null 2>run.said || die 1 "it does not go on: $(cat run.said)"
        judge ended
    else
        anew=$((anew + 1))
        (begin_training "$1" run --checkpoint run.ckpt --checkpoint-every "$2")
    fi
    [ -e run.ckpt ] || die 1 'a training has ended without a checkpoint'
    read_checkpoint "$1"
    [[ $at == *over* ]] || die 1 "a training has ended, but its checkpoint has not: $at"
}

for ((i = 0; i < count;)); do
    kind=$((i % ${#kinds[@]})) every=${intervals[RANDOM % ${#intervals[@]}]} times=$((1 + RANDOM % 3))
    before=$resumptions at_step=0
    rm -f run.* .run.*
    for ((k = 0; k < times; k++)); do
        strike "$kind" "$every" "${lengths[kind]}" "$k" || break
    done
    if [ "$k" -gt 0 ]; then # else it had ended before
        finish "$kind" "$every"
        if ! cmp -s run.st "whole-$kind.st" || ! cmp -s "$(log_of "$kind" run)" "$(log_of "$kind" "whole-$kind")"; then
            say "training $((i + 1)) differs: ${kinds[kind]}, --checkpoint-every $every, killed $k times"
            i=$((i + 1))
            continue
        fi
    fi
    if [ "$resumptions" -eq "$before" ]; then # it was never resumed in the middle: it does not count
        unused=$((unused + 1))
        [ "$unused" -le $((2 * count + 30)) ] || die 1 'trainings end before they can be killed, or begin anew'
        # other load on the machine may have changed how long a training takes
        if [ "$k" -eq 0 ]; then
            lengths[kind]=$((delay + 1))
        else
            lengths[kind]=$((lengths[kind] * 5 / 4))
        fi
        continue
    fi
    same=$((same + 1))
    i=$((i + 1))
    [ $((i % 20)) -ne 0 ] || say "$i trainings, $same byte-identical"
done
printf '%s of %s byte-identical (model and log); %s kills, %s resumptions from where the checkpoint was, ' \
    "$same" "$count" "$kills" "$resumptions"
printf '%s of what was over, %s begun anew for want of a checkpoint\n' "$over" "$anew"
[ "$same" -eq "$count" ]
