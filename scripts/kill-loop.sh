#!/usr/bin/env bash
# Nothing is lost: trainings killed at random moments and resumed. Usage below.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage()
{
    cat <<'END_OF_USAGE'
usage: scripts/kill-loop.sh [--build DIR] [--seed S] [N]

N times (200): begins a training that writes checkpoints and a log, kills it (kill -9) at a random moment
before its end, resumes it, mostly kills that too, up to three times in all, and lets it come to its end.
Its model and its log must be byte for byte those of the same training undisturbed. Trainings of several
kinds take turns: every optimizer, averages, batch normalisation, distorted and mixed images, dropout,
fp16; and how often checkpoints are written is drawn.

  --build DIR   use DIR/mnist-train as it is, instead of building Release into build/
  --seed S      of what is drawn (1); the moments of time remain the machine's

The last line says how many were identical. Exit codes: 0 all; 1 not all; 2 usage.
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
kinds=(
    '-e 6 --hidden 48'
    '-e 5 --hidden 48,32 --optimizer adam --ema 0.99 --keep best --batch-norm'
    '-e 4 --hidden 48 --augment ciresan,shift=1,erase=0.2 --mixup 0.4 --swa-start 0.4'
    '-e 5 --hidden 48,32 --dropout 0.2,0.4 --input-dropout 0.1 --precision fp16 --optimizer adamw'
    '-e 5 --hidden 48 --optimizer rmsprop --vat 1 --clip-norm 1 --log-jsonl'
)
# What --log-jsonl above stands for.
log_of()
{
    case ${kinds[$1]} in
    *--log-jsonl) printf '%s.jsonl\n' "$2" ;;
    *) printf '%s.csv\n' "$2" ;;
    esac
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

# The undisturbed ones, and how long they take with checkpoints.
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
    rm -f timed.*
done

intervals=(1epochs 2epochs 1steps 7steps 50steps 0.01s 0.1s)
kills=0 resumptions=0 anew=0 late=0 same=0

# strike KIND EVERY LIMIT: begins the training, or resumes it where there is a checkpoint, and kills it
# within so many milliseconds; false if it came to its end before.
strike()
{
    local kind=$1 every=$2 wait pid code=0
    if [ -e run.ckpt ]; then
        (exec "$trainer" --resume run.ckpt --quiet >/dev/null) &
        pid=$!
        resumptions=$((resumptions + 1))
    else
        [ "$4" -eq 0 ] || anew=$((anew + 1))
        (begin_training "$kind" run --checkpoint run.ckpt --checkpoint-every "$every") &
        pid=$!
    fi
    wait=$((RANDOM * $3 / 32768))
    sleep "$((wait / 1000)).$(printf '%03d' $((wait % 1000)))"
    kill -9 "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || code=$?
    case $code in
    137) kills=$((kills + 1)) ;;
    0) return 1 ;;
    *) die 1 "the training failed with exit code $code" ;;
    esac
}

# The end of it, however often it was killed before.
finish()
{
    if [ -e run.ckpt ]; then
        resumptions=$((resumptions + 1))
        "$trainer" --resume run.ckpt --quiet >/dev/null
    else
        anew=$((anew + 1))
        (begin_training "$1" run --checkpoint run.ckpt --checkpoint-every "$2")
    fi
}

for ((i = 0; i < count;)); do
    kind=$((i % ${#kinds[@]})) every=${intervals[RANDOM % ${#intervals[@]}]} times=$((1 + RANDOM % 3))
    rm -f run.* .run.*
    for ((k = 0; k < times; k++)); do
        strike "$kind" "$every" "${lengths[kind]}" "$k" || break
    done
    if [ "$k" -eq 0 ]; then # it had ended before: no test of anything
        late=$((late + 1))
        [ "$late" -le $((count + 100)) ] || die 1 'trainings end before they can be killed'
        continue
    fi
    i=$((i + 1))
    finish "$kind" "$every"
    if cmp -s run.st "whole-$kind.st" && cmp -s "$(log_of "$kind" run)" "$(log_of "$kind" "whole-$kind")"; then
        same=$((same + 1))
    else
        say "training $i differs: ${kinds[kind]}, --checkpoint-every $every, killed $k times"
    fi
    [ $((i % 20)) -ne 0 ] || say "$i trainings, $same byte-identical"
done
printf '%s of %s byte-identical (model and log); %s kills, %s resumptions, %s begun anew for want of a checkpoint\n' \
    "$same" "$count" "$kills" "$resumptions" "$anew"
[ "$same" -eq "$count" ]
