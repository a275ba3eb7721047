#!/usr/bin/env bash
# test_tta.sh BUILD-DIR SOURCE-DIR: mnist-eval --tta: the versions that it averages over are a function of the model, the images,
# the augmentation and the seed; and the output states them.
# shellcheck disable=SC2016  # $i is for jq
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
start "$1"

small=(--dataset synthetic --synthetic-train 300 --synthetic-test 101 -q -e 2)
spec='rotate=15,scale=0.15,shear=15,elastic=36:6,half17' # ciresan without its shifts
run 0 "$train" "${small[@]}" --hidden 16 --augment ciresan -o distorted.st
run 0 "$train" "${small[@]}" --hidden 12,9 --normalize standard -s 2 -o plain.st

# The figures of the last line, without the times.
figures()
{
    tail -n 1 "$work/out" | sed 's/ seconds=.*//'
}

begin '--tta 1 is none'
for models in distorted.st plain.st 'distorted.st plain.st'; do
    # shellcheck disable=SC2086  # to be split
    run 0 "$eval" $models
    sed 's/ seconds=[^ ]*//' "$work/out" >none
    # shellcheck disable=SC2086
    run 0 "$eval" $models --tta 1
    sed 's/ seconds=[^ ]*//' "$work/out" >one
    same_bytes none one
done
run 0 "$eval" distorted.st --tta 1 --json
json_holds '[has("tta", "seed"), (.model | has("augment"))] | any | not'

begin 'as the model was trained'
run 0 "$eval" distorted.st
alone=$(figures)
run 0 "$eval" distorted.st --tta 5
err_empty
five=$(figures)
expect 'the line does not say so' [ "${five#tta=5 test_loss=}" != "$five" ]
expect 'the same loss as without' [ "${five#tta=5 }" != "$alone" ]
run 0 "$eval" distorted.st --tta 5 --augment "$spec"
expect 'said aloud it is something else' [ "$(figures)" = "$five" ]
run 0 "$eval" distorted.st --tta 5 --augment "ciresan,shift=1"
expect 'an augmentation of its own changes nothing' [ "$(figures)" != "$five" ]
run 0 "$eval" distorted.st --tta 6
expect 'one more changes nothing' [ "$(figures | sed 's/^tta=. //')" != "${five#tta=5 }" ]

begin 'what it does not depend on'
for threads in 1 2 3 7; do
    run 0 "$eval" distorted.st --tta 5 -j $threads
    expect "-j $threads" [ "$(figures)" = "$five" ]
done
for kernels in scalar portable; do
    MNIST_ISA=$kernels run 0 "$eval" distorted.st --tta 5
    expect "$kernels kernels" [ "$(figures)" = "$five" ]
done
run 0 "$eval" distorted.st --tta 5 --seed 1
expect '--seed 1' [ "$(figures)" = "$five" ]
run 0 "$eval" distorted.st --tta 5 --seed 2
expect 'the seed changes nothing' [ "$(figures)" != "$five" ]

begin '--json'
run 0 "$eval" distorted.st --tta 5 --json --seed 18446744073709551615
json_is 'keys_unsorted | join(" ")' 'schema version model data test seconds gate tta seed metrics mistakes'
json_is '.tta, .seed, .model.augment' $'5\n18446744073709551615\n'"$spec"
run 0 "$eval" distorted.st --tta 5 --json --confusion
json_is .seed 1
loss=${five#*test_loss=}
expect 'another loss' [ "$(json '.test.loss * 1e6 | round')" = "$(jq -n "${loss%% *} * 1e6 | round")" ]
json_holds '([range(10) as $i | .confusion[$i][$i]] | add) == 101 - .test.errors'
accuracy=$(json .test.accuracy)
run 0 "$eval" distorted.st --tta 5 --min-accuracy "$accuracy" # the mean is judged
run 3 "$eval" distorted.st --tta 5 --min-accuracy "$(jq -n "$accuracy + 0.001")"

begin 'several models'
run 0 "$train" "${small[@]}" --hidden 16 --augment light -s 3 -o light.st
run 0 "$eval" light.st --tta 5
light=$(figures)
run 0 "$eval" distorted.st light.st --tta 5
expect 'the first is something else' [ "$(sed -n '1s/ seconds=.*//p' "$work/out")" = "$five" ]
expect 'the second is something else' [ "$(sed -n '2s/ seconds=.*//p' "$work/out")" = "$light" ]
expect 'the last line' matches "$(figures)" '^models=2 tta=5 test_loss=[0-9.]+ test_acc=[0-9.]+ .* n=101$'
together=$(figures)
run 0 "$eval" light.st -j 3 distorted.st --tta 5
expect 'their order matters' [ "$(figures)" = "$together" ]
run 0 "$eval" light.st light.st --tta 5
expect 'a model twice is not itself' [ "$(figures)" = "models=2 $light" ]
run 0 "$eval" light.st distorted.st --tta 5 --json
json_is '.tta, .models[1].augment' $'5\n'"$spec"
json_is '.models[0].augment' shift=1,rotate=10,scale=0.1
run 0 "$eval" plain.st distorted.st --tta 5 --augment shift=2 --json
json_is '[.models[].augment] | unique | join(" ")' shift=2

begin 'bad inputs'
run 2 "$eval" plain.st --tta 5
out_empty
err_has 'mnist-eval: plain.st: was trained without --augment; to distort images for --tta, say --augment SPEC'
run 2 "$eval" distorted.st plain.st --tta 5
err_has 'mnist-eval: plain.st: was trained without --augment'
run 2 "$eval" plain.st --tta 5 --augment none
err_has 'mnist-eval: --augment distorts nothing, and --tta would average over equal images'
run 2 "$eval" plain.st --tta 5 --augment shift=100
err_has 'mnist-eval: --augment: shift'
run 2 "$eval" plain.st --tta 5 --augment ''
run 2 "$eval" plain.st --augment light
err_has 'mnist-eval: --augment needs a --tta above 1'
run 2 "$eval" plain.st --tta 1 --seed 3
err_has 'mnist-eval: --seed needs a --tta above 1'
for value in 0 -1 x 1.5 '' 10001; do
    run 2 "$eval" distorted.st --tta "$value"
    err_has "--tta: \"$value\" is not a whole number from 1 to 10000"
done
finish
