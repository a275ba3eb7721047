#!/usr/bin/env bash
# test_methods.sh BUILD-DIR SOURCE-DIR: optimisers, regularisers, averages, early stopping and --max-time as options:
# how they are given, their defaults, that each has an effect, and when training ends.
# shellcheck disable=SC2016  # $n is for jq
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
start "$1"

synthetic=(--dataset synthetic --synthetic-train 200 --synthetic-test 50)
tiny=("${synthetic[@]}" --hidden '12,8' -e 2 -q)

# setting NAME VALUE ARGUMENT...: with the arguments, --print-config prints this value
setting()
{
    begin "--print-config ${*:3}"
    run 0 "$train" "${@:3}" --print-config
    json_is ".[\"$1\"]" "$2"
}

# from_config NAME VALUE TEXT ARGUMENT...: the same of a config file
from_config()
{
    printf '%s' "$3" >c.json
    setting "$1" "$2" --config c.json "${@:4}"
}

# --- Dropout in all its forms --------------------------------------------------------------------------

setting dropout none --dropout none
setting dropout 0.5 --dropout 0.5
setting dropout 0.2,0.5 --dropout 0.2,0.5 --hidden 9,8
setting dropout 0.2,0.5 --dropout .20,5e-1 --hidden 9,8
setting dropout 0,0.5 --dropout 0,0.5 --hidden 9,8
setting dropout none --dropout 0.5 --dropout none
from_config dropout 0.5 '{"dropout": 0.5}'
from_config dropout 0.2,0.5 '{"dropout": "0.2,0.5", "hidden": "9,8"}'
from_config dropout 0.2,0.5 '{"dropout": [0.2, 0.5], "hidden": [9, 8]}'
from_config dropout 0,0.5 '{"dropout": [0, 0.5], "hidden": [9, 8]}'
from_config dropout none '{"dropout": []}'
from_config dropout 0.1 '{"dropout": 0.5}' --dropout 0.1

# same_result OPTIONS OPTIONS
same_result()
{
    local expected
    begin "$1 and $2"
    # shellcheck disable=SC2086  # to be split
    run 0 "$train" "${tiny[@]}" $1
    expected=$(result)
    # shellcheck disable=SC2086
    run 0 "$train" "${tiny[@]}" $2
    expect 'another result' [ "$(result)" = "$expected" ]
}
same_result '--dropout 0.3' '--dropout 0.3,0.3'
same_result '--dropout none' '--dropout 0'
same_result '--dropout 0' '--dropout 0,0'
begin 'one rate for no hidden layer'
run 0 "$train" "${tiny[@]}" --hidden none --dropout 0.5

# --- Defaults that depend on the optimiser -------------------------------------------------------------------

setting lr 0.1
setting lr 0.1 --optimizer sgd
for optimizer in adam adamw rmsprop; do
    setting lr 0.001 --optimizer $optimizer
    setting lr 0.02 --optimizer $optimizer --lr 0.02
    setting lr 0.02 --lr 0.02 --optimizer $optimizer
    setting lr 0.1 --lr 0.1 --optimizer $optimizer # given, though it is sgd's default
    setting optimizer $optimizer --optimizer $optimizer
done
from_config lr 0.001 '{"optimizer": "adam"}'
from_config lr 0.03 '{"optimizer": "adam", "lr": 0.03}'
from_config lr 0.03 '{"lr": 0.03}' --optimizer adam
from_config lr 0.04 '{"optimizer": "adam", "lr": 0.03}' --lr 0.04
from_config lr 0.1 '{"optimizer": "adam"}' --optimizer sgd
setting lr 0.2 --recipe fast --optimizer adam # the recipe says so
same_result '--optimizer adam' '--optimizer adam --lr 0.001'
begin 'printed, and read again'
run 0 "$train" "${tiny[@]}" --optimizer rmsprop --dropout 0.1,0.2 --ema 0.9 --patience 3 --min-delta 0.01 --keep best \
    --max-time 1000 --mixup 0.2 --print-config
cp "$work/out" c.json
run 0 "$train" --config c.json --print-config
same_bytes "$work/out" c.json

# --- Each has an effect, and none fails ----------------------------------------------------------------------------

begin 'every method'
run 0 "$train" "${tiny[@]}"
results=$(result)
for method in '--optimizer adam' '--optimizer adamw' '--optimizer rmsprop' '--optimizer adam --beta1 0.5' \
    '--optimizer adamw --beta2 0.9' '--optimizer rmsprop --rho 0.5' '--optimizer adam --epsilon 0.1' '--max-norm 0.5' \
    '--dropout 0.5' '--input-dropout 0.2' '--input-noise 0.3' '--mixup 0.2' '--confidence-penalty 0.1' \
    '--batch-norm' '--adversarial 0.1' '--adversarial 0.1 --adversarial-share 0.9' '--vat 1' '--vat 1 --vat-weight 3' \
    '--dropout 0.2,0.5' '--ema 0.9' '--swa-start 0.4'; do
    # shellcheck disable=SC2086  # to be split
    run 0 "$train" "${tiny[@]}" $method
    err_empty
    results+=$'\n'$(result)
done
expect 'two that do the same' [ "$(sort -u <<<"$results" | wc -l)" -eq "$(wc -l <<<"$results")" ]
begin 'all that go together'
run 0 "$train" "${tiny[@]}" --optimizer adamw --dropout 0.1 --input-dropout 0.1 --input-noise 0.1 --mixup 0.2 \
    --confidence-penalty 0.1 --max-norm 2 --adversarial 0.05 --ema 0.9 --label-smoothing 0.1 --augment light \
    --normalize standard --precision bf16 --clip-norm 1 -o all.safetensors
expected=$(result)
run 0 "$eval" -q all.safetensors
expect 'another result of the model' [ "$(result)" = "$expected" ]
begin 'batch normalisation is in the weights'
run 0 "$train" "${tiny[@]}" --batch-norm --keep best -o norm.safetensors
expected=$(result)
run 0 "$eval" -q norm.safetensors
expect 'another result of the model' [ "$(result)" = "$expected" ]

# --- When it ends ---------------------------------------------------------------------------------------------

begin '--patience'
# no epoch is better by so much: the first, and two without improvement
run 0 "$train" "${synthetic[@]}" --hidden 8 -e 50 --patience 2 --min-delta 100 --json -q
json_is '.epochs | length' 3
run 0 "$train" "${synthetic[@]}" --hidden 8 -e 3 --json -q --patience 3 --min-delta 100
json_is '.epochs | length' 3
# it ends by itself, patience epochs after the best
course=("${synthetic[@]}" --hidden 32 --schedule constant --warmup 0 --lr 0.2 --val-split 60 --json -q)
run 0 "$train" "${course[@]}" -e 400 --patience 3
json_holds '.epochs | length as $n | $n < 400 and ([.[].validation_loss] | index(min)) == $n - 4'
epochs=$(json '.epochs | length') last=$(json .test.loss)
begin '--keep best'
run 0 "$train" "${course[@]}" -e 400 --patience 3 --keep best
json_is '.epochs | length' "$epochs"
best=$(json .test.loss)
expect 'the last epoch is kept' [ "$best" != "$last" ]
run 0 "$train" "${course[@]}" -e $((epochs - 3)) # the same epoch, now trained as the last
json_is .test.loss "$best"
run 0 "$train" "${course[@]}" -e "$epochs"
json_is .test.loss "$last"

begin '--max-time'
begun=$SECONDS
run 0 "$train" "${synthetic[@]}" --hidden 8 -e 1000000 --max-time 0.2 --json -q -o timed.safetensors
expect 'it took much longer' [ $((SECONDS - begun)) -lt 30 ]
json_holds '.epochs | length >= 1 and length < 1000000'
json_holds '.test.n == 50'
run 0 "$eval" -q timed.safetensors
run 0 "$train" "${synthetic[@]}" --hidden 8 -e 1000000 --max-time 1e-9 -q --val-split 0
out_matches '^test_loss='
same_result '' '--max-time 3600' # a limit that is not reached

finish
