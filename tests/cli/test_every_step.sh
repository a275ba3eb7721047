#!/usr/bin/env bash
# test_every_step.sh BUILD-DIR SOURCE-DIR: a training that is resumed from the checkpoint of any of its steps, with any
# number of threads, ends with the same model and the same log, byte for byte. Prints the models' digests.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
source_dir=$(CDPATH='' cd -- "$2" && pwd)/tests/cli
start "$1"

# Two epochs of three steps; an epoch's last batch is not full, and the training ends with a step like any other.
short=(--dataset synthetic --synthetic-train 64 --synthetic-test 10 --val-split 4 -b 25 -e 2 --log-every 1)
# Seven epochs of twelve: the second and third are better than the first, but by less than --min-delta; the fourth is
# better by more; the next three are not. So at most steps both matter: the loss to be beaten, and the epochs since.
early='-e 12 --patience 3 --min-delta 0.04 --lr 0.005 --schedule constant --warmup 0'
teams=(1 2 3 8)
# under emulation a handful of steps is enough
few=${MNIST_TEST_FEW:-}

number=0
for mathematics in '--hidden 9' \
    "--hidden 7,5 --optimizer adamw --ema 0.9 --dropout 0.3 --mixup 0.2 --augment light --max-norm 1 --keep best $early" \
    '--hidden 12 --batch-norm --swa-start 0.3 --input-noise 0.1 --clip-norm 0.5 --normalize standard --schedule cosine' \
    '--hidden 6 --precision fp16 --optimizer rmsprop --activation gelu --adversarial 0.1'; do
    begin "$mathematics"
    number=$((number + 1))
    mkdir "$number"
    # shellcheck disable=SC2206  # to be split
    base=("${short[@]}" $mathematics)
    run 0 "$train" "${base[@]}" -q -o whole.st --log whole.csv
    run 0 python3 "$source_dir/every_checkpoint.py" "$number" "$train" "${base[@]}" -q -j 2 -o kept.st --log kept.csv
    same_bytes kept.st whole.st
    same_bytes kept.csv whole.csv
    steps=("$number"/*)
    expect "${#steps[@]} checkpoints, and not one a step" [ "${#steps[@]}" -ge 6 ]
    case $mathematics in
    *--patience*)
        expect 'it did not end early, after seven epochs' [ "$(grep -c '^epoch' whole.csv)" -eq 7 ]
        expect "${#steps[@]} checkpoints, and not one a step" [ "${#steps[@]}" -ge 21 ]
        ;;
    esac
    for step in "${steps[@]}"; do
        if [ -n "$few" ]; then
            case ${step#*/} in
            2 | 4 | 19) ;; # 19: with two of the three epochs behind it
            *) continue ;;
            esac
        fi
        begin "$mathematics, from checkpoint $step"
        cp whole.csv on.csv # cut where the checkpoint was written
        rm -f on.st
        run 0 "$train" --resume "$step" -q -j "${teams[${step#*/} % 4]}" -o on.st --log on.csv --checkpoint next.ckpt
        same_bytes on.st whole.st
        same_bytes on.csv whole.csv
    done
    printf '%s: %s, from each of %s checkpoints\n' "$mathematics" "$(digest_of whole.st)" "${#steps[@]}"
    [ -z "$few" ] || [ "$number" -lt 2 ] || break
done

finish
