#!/usr/bin/env bash
# test_eval.sh BUILD-DIR SOURCE-DIR: mnist-eval prints exactly what the training run printed, finds the data that the
# model was trained for, and judges.
# shellcheck disable=SC2016  # "$1" is for the shell that the function shell starts, $i for awk
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
start "$1"
other='mnist-eval: note: these are not the test images that this model was tested on when it was trained'

# trained ARGUMENT...: trains, keeps the result in $trained and the numbers of its JSON in $numbers.
trained()
{
    run 0 "$train" -q --json -o model.st "$@"
    numbers=$(json .test) digest=$(json -r .model.sha256) data=$(json -c .data.test)
    run 0 "$train" -q -o model.st "$@"
    trained=$(result)
    title=$*
}

# --- The same numbers ------------------------------------------------------------------------------------

synthetic=(--dataset synthetic --synthetic-train 80 --synthetic-test 33 -e 2)
for rest in '' '--hidden none' '--hidden 17' '--hidden 9,8,7' '--activation tanh' '--activation sigmoid' \
    '--activation leaky-relu' '--activation gelu' '--normalize standard' '--normalize standard --limit 20' \
    '--data-seed 0' '--data-seed 9223372036854775807' '--data-seed 18446744073709551615' \
    '-s 18446744073709551615' '--synthetic-test 1' '--synthetic-test 257 -j 3'; do
    # shellcheck disable=SC2086  # to be split
    trained "${synthetic[@]}" $rest
    run 0 "$eval" model.st
    expect 'not what the training run printed' [ "$(result)" = "$trained" ]
    err_empty
    run 0 "$eval" model.st --json
    expect 'JSON: not what the training run found' [ "$(json .test)" = "$numbers" ]
    json_is .model.sha256 "$digest"
    expect 'JSON: other data' [ "$(json -c .data.test)" = "$data" ]
done

begin 'threads and place change nothing'
trained "${synthetic[@]}" --hidden 16,16
for threads in 1 2 3 7 33 34 256; do
    run 0 "$eval" -j $threads model.st
    expect "-j $threads" [ "$(result)" = "$trained" ]
done
mkdir 'some where'
cp model.st 'some where/m ö.st'
shell 0 'cd / && $eval "$1"' "$PWD/some where/m ö.st"
expect 'elsewhere' [ "$(result)" = "$trained" ]
run 0 env -i "$eval" model.st
expect 'without an environment' [ "$(result)" = "$trained" ]
ln -s model.st link
run 0 "$eval" link
expect 'through a link' [ "$(result)" = "$trained" ]
run 0 "$eval" <(cat model.st)
expect 'through a pipe' [ "$(result)" = "$trained" ]
cp model.st ./--json
run 0 "$eval" -- --json
expect 'after --' [ "$(result)" = "$trained" ]
run 0 "$eval" -q model.st -j 2
expect 'options after the model' [ "$(result)" = "$trained" ]

# --- Other data, when asked for ----------------------------------------------------------------------------

begin 'other data'
run 0 "$eval" model.st --synthetic-test 40
err_is "$other"
out_has ' n=40 '
run 0 "$eval" model.st --data-seed 99
err_is "$other"
run 0 "$eval" model.st --data-seed 99 -q
err_empty
run 0 "$eval" model.st --dataset synthetic --data-seed 1 --synthetic-test 33
err_empty
expect 'the same data, said aloud' [ "$(result)" = "$trained" ]

data there 4
trained --data-dir there --hidden 16 -e 60 -b 4
run 0 "$eval" model.st --data-dir there
expect 'not what the training run printed' [ "$(result)" = "$trained" ]
err_empty
expect 'nothing was learnt' [ "$(value errors)" -eq 0 ]
out_matches '^test_loss=0\.0[0-9]{5} test_acc=1 test_acc_se=0\.000000 errors=0 n=20 seconds='
MNIST_DATA_DIR=there run 0 "$eval" model.st
expect 'by MNIST_DATA_DIR' [ "$(result)" = "$trained" ]
run 0 "$eval" model.st --test-images there/t10k-images-idx3-ubyte --test-labels there/t10k-labels-idx1-ubyte
expect 'by the names of the files' [ "$(result)" = "$trained" ]
run 0 "$eval" model.st --test-images there/train-images-idx3-ubyte --test-labels there/train-labels-idx1-ubyte
err_has 'note: these are the images that this model was trained on'
out_has ' errors=0 n=40 '
mkdir test-only
cp there/t10k-* test-only
run 0 "$eval" model.st --data-dir test-only # training images are not needed
expect 'without training images' [ "$(result)" = "$trained" ]
run 1 "$eval" model.st
out_empty
err_has 'the data was not found; tried ./data/mnist '
# A model is measured on other images as they are, with the normalisation it was trained with.
trained --data-dir there --hidden 8 -e 3 --normalize standard
run 0 "$eval" model.st --data-dir there
expect 'normalised otherwise' [ "$(result)" = "$trained" ]

# --- The confusion matrix -------------------------------------------------------------------------------------

begin '--confusion'
trained --data-dir there --hidden 16 -e 2 -b 4
run 0 "$eval" model.st --data-dir there --confusion
expect 'the last line is not the result' [ "$(tail -n 1 "$work/out" | sed 's/ seconds=.*//')" = "$trained" ]
expect 'not 12 lines before it' [ "$(lines_of "$work/out")" -eq 13 ]
errors=$(value errors)
# lines 3 to 12: a class, its ten counts, its recall
expect 'rows do not add up to two images each, or the diagonal not to the correct ones' \
    awk -v errors="$errors" 'NR >= 3 && NR <= 12 {
        sum = 0
        for (i = 2; i <= 11; i++) { sum += $i }
        correct += $(NR - 1)
        recall = sprintf("%.2f%%", 100 * $(NR - 1) / sum)
        if ($1 != NR - 3 || sum != 2 || $12 != recall) { wrong = 1 }
    }
    END { exit wrong || correct != 20 - errors }' "$work/out"
sed -n '3,12p' "$work/out" | awk '{ $1 = $12 = ""; print }' | tr -s ' ' '\n' | grep . | tr '\n' ' ' >matrix
run 0 "$eval" model.st --data-dir there --confusion --json
json_is '.confusion | map(length) | add' 100
json_is '.confusion | map(add) | unique | tostring' '[2]'
json_holds ".test.errors == $errors and ([range(10) as \$i | .confusion[\$i][\$i]] | add) == 20 - $errors"
expect 'another matrix in JSON' [ "$(json -r '.confusion | flatten | map(tostring) | join(" ")') " = "$(cat matrix)" ]
run 0 "$eval" model.st --data-dir there --json
json_holds 'has("confusion") | not'
# a class of which there are no images has no recall
{ bytes 00 00 08 01 && be32 20 && head -c 20 /dev/zero; } >zeros
run 0 "$eval" -q model.st --test-images there/t10k-images-idx3-ubyte --test-labels zeros --confusion
out_matches '9( +0){10} +-'

# --- JSON and gates ----------------------------------------------------------------------------------------------

begin '--json'
run 0 "$eval" model.st --data-dir there --json
err_empty
json_is 'keys_unsorted | join(" ")' 'schema version model data test seconds gate metrics mistakes'
json_is '.schema, .model.file, .model.parameters, .data.test.n' $'mnist-eval/1\nmodel.st\n442\n20'
json_is .version "$("$eval" --version | sed 's/.* //')"
json_holds '.test | keys_unsorted == ["loss", "accuracy", "accuracy_se", "errors", "n"]'
accuracy=$(json .test.accuracy)
shell 0 '$eval model.st --data-dir there --json | jq .test.accuracy'
expect 'the pipe to jq' [ "$out" = "$accuracy" ]

begin 'gates'
gate()
{
    run "$1" "$eval" model.st --data-dir there "${@:2}"
}
gate 0 --min-accuracy "$accuracy"
gate 3 --min-accuracy 99.9%
err_is "mnist-eval: gate failed: test accuracy $accuracy is below --min-accuracy 0.999"
expect 'the result is printed all the same' [ "$(result)" = "$trained" ]
gate 0 --max-loss 10
gate 3 --max-loss 0.0001
err_matches '^mnist-eval: gate failed: test loss [0-9.]+ is above --max-loss 0\.0001$'
gate 3 --max-loss 0.0001 --min-accuracy 1 -q
expect 'not both are named' [ "$(lines_of "$work/err")" -eq 2 ]
gate 3 --json --min-accuracy 1
json_is '.gate | tostring' '{"min_accuracy":1,"max_loss":null,"passed":false}'

# --- Several models as one ------------------------------------------------------------------------------------------

begin 'several models'
for seed in 1 2 3; do # each of its own shape and normalisation
    run 0 "$train" "${synthetic[@]}" -q -s $seed --hidden $((8 * seed)) -e $((6 - seed)) -o "net $seed.st" \
        --normalize "$([ $seed -eq 2 ] && echo standard || echo unit)"
    result >"alone $seed"
done
run 0 "$eval" net*.st
err_empty
expect 'not a line each and one for all' [ "$(lines_of "$work/out")" -eq 4 ]
for seed in 1 2 3; do
    expect "another result of net $seed" \
        [ "$(sed -n "${seed}s/ seconds=.*//p" "$work/out")" = "$(cat "alone $seed")" ]
    expect "the name of net $seed" [ "$(sed -n "${seed}s/.*[0-9] model=//p" "$work/out")" = "net $seed.st" ]
done
expect 'the last line' matches "$(tail -n 1 "$work/out")" \
    '^models=3 test_loss=[0-9.]+ test_acc=[0-9.]+ test_acc_se=[0-9.]+ errors=[0-9]+ n=33 seconds=[0-9.]+$'
together=$(tail -n 1 "$work/out" | sed 's/ seconds=.*//')
expect 'no other than that of a member' [ "${together#models=3 }" != "$(cat 'alone 1')" ]
run 0 "$eval" -j 3 'net 3.st' 'net 1.st' 'net 2.st'
expect 'their order matters' [ "$(tail -n 1 "$work/out" | sed 's/ seconds=.*//')" = "$together" ]
run 0 "$eval" 'net 2.st' 'net 2.st' -q
expect 'a model twice is not itself' [ "$(tail -n 1 "$work/out" | sed 's/ seconds=.*//')" = "models=2 $(cat 'alone 2')" ]
run 0 "$eval" net*.st --json --confusion
json_is 'keys_unsorted | join(" ")' 'schema version models data test seconds gate confusion metrics mistakes'
json_is '.models | map(.file) | join(",")' 'net 1.st,net 2.st,net 3.st'
json_holds '.models | all(keys_unsorted == ["file", "parameters", "sha256", "test"])'
json_holds '.models[1].test | keys_unsorted == ["loss", "accuracy", "accuracy_se", "errors", "n"]'
json_holds '([range(10) as $i | .confusion[$i][$i]] | add) == 33 - .test.errors'
expect 'digests' [ "$(json -r '.models[2].sha256')" = "$(digest_of 'net 3.st')" ]
loss=${together#*test_loss=}
expect 'JSON: another loss' [ "$(json '.test.loss * 1e6 | round')" = "$(jq -n "${loss%% *} * 1e6 | round")" ]
accuracy=$(json .test.accuracy)
run 0 "$eval" net*.st --min-accuracy "$accuracy" # the committee is judged, not its members
run 3 "$eval" net*.st --min-accuracy "$(jq -n "$accuracy + 0.001")"
run 0 "$eval" net*.st --confusion
expect 'members, matrix, committee' [ "$(lines_of "$work/out")" -eq 16 ]
ln -s 'net 1.st' $'a\nb'
run 0 "$eval" $'a\nb' 'net 2.st'
expect 'a newline in a name' [ "$(lines_of "$work/out")" -eq 3 ]
out_has ' model=a\x0ab
'
run 0 "$eval" net*.st --synthetic-test 40
expect 'not a note for each' [ "$(grep -c '^mnist-eval: note: net [123].st: these are not ' "$work/err")" -eq 3 ]

begin 'models that do not go together'
cp model.st small.st
run 1 "$eval" 'net 1.st' small.st
out_empty
err_is 'mnist-eval: small.st: its net has 16 inputs, but that of net 1.st has 784'
run 1 "$eval" small.st small.st --dataset synthetic -q
err_is 'mnist-eval: small.st: the images are 28 x 28 = 784 pixels, but the net has 16 inputs'
run 0 "$train" "${synthetic[@]}" -q --synthetic-test 34 -o other.st
run 1 "$eval" 'net 1.st' other.st
err_is 'mnist-eval: other.st: trained with --synthetic-test 34, but net 1.st with 33; say --synthetic-test to measure both '\
'on the same'
run 0 "$eval" -q 'net 1.st' other.st --synthetic-test 33
run 1 "$eval" 'net 1.st' none.st
err_is 'mnist-eval: none.st: cannot be opened: No such file or directory'
run 2 "$eval" --json 'net 1.st' $'\xff'
run 2 "$eval"

# --- Streams that fail ----------------------------------------------------------------------------------------------

begin 'streams that fail'
for arguments in '' '--json' '--confusion' '--help'; do
    shell 1 "\$eval model.st --data-dir there $arguments >/dev/full"
    err_is 'mnist-eval: stdout could not be written: No space left on device'
    shell 1 "\$eval model.st --data-dir there $arguments >&-"
    err_has 'mnist-eval: stdout could not be written: '
done
shell 1 '{ sleep 0.1; $eval model.st --data-dir there; } | exec true; exit "${PIPESTATUS[0]}"'
err_is 'mnist-eval: stdout could not be written: Broken pipe'
shell 0 '$eval model.st --data-dir there 2>&- <&-'
expect 'the result' [ "$(result)" = "$trained" ]
shell 3 '$eval model.st --data-dir there --min-accuracy 1 2>/dev/full'

finish
