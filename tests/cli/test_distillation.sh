#!/usr/bin/env bash
# test_distillation.sh BUILD-DIR SOURCE-DIR: --teacher, --temperature, --teacher-weight: what the model states, that
# nothing but teachers and flags changes its bits, going on from a checkpoint, what is refused.
# shellcheck disable=SC2016  # $n is for jq
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=table.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/table.sh"
here=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
start "$1"

synthetic=(--dataset synthetic --synthetic-train 400 --synthetic-test 100)
tiny=("${synthetic[@]}" --hidden 12 -e 2 -q)

# model TEXT FILE: the file's metadata have the text
model()
{
    grep -a -q -F -- "$1" "$2" || wrong "$2 does not state: $1"
    checks=$((checks + 1))
}

begin 'teachers'
run 0 "$train" "${synthetic[@]}" --hidden 40 -e 6 -q -o one.st
run 0 "$train" "${synthetic[@]}" --hidden none -e 3 -q --normalize standard -o two.st
one=$(sha256sum <one.st | cut -c -64) two=$(sha256sum <two.st | cut -c -64)

begin 'what a model states'
run 0 "$train" "${tiny[@]}" -j 1 --teacher one.st,two.st -o pupil.st
model "\"teachers_sha256\":\"$one,$two\"" pupil.st
model '\"temperature\":4,\"teacher-weight\":0.9,' pupil.st
expect 'a path is in the model' [ "$(grep -a -c 'one\.st' pupil.st)" = 0 ]
run 0 "$eval" "${synthetic[@]:0:2}" -q pupil.st
begin 'without teachers it states nothing of them'
run 0 "$train" "${tiny[@]}" -o plain.st
expect 'something of teachers' [ "$(grep -a -c -e temperature -e teacher plain.st)" = 0 ]
run 0 "$train" "${tiny[@]}" --print-config
expect 'something of teachers' [ "$(grep -c -e temperature -e teacher "$work/out")" = 0 ]

begin 'settings'
run 0 "$train" --teacher a,b --print-config
json_is .teacher a,b
json_is .temperature 4
json_is '.["teacher-weight"]' 0.9
printf '{"teacher": "one.st", "temperature": 2, "teacher-weight": 1}' >c.json
run 0 "$train" --config c.json --temperature 3 --print-config
json_is .temperature 3
json_is '.["teacher-weight"]' 1
begin 'the JSON document'
run 0 "$train" "${tiny[@]}" --teacher two.st --json
json_is .teachers_sha256 "$two"
json_is .config.temperature 4
begin 'the line at the start'
run 0 "$train" "${synthetic[@]}" --hidden 12 -e 1 --progress plain --teacher one.st --teacher-weight 1
err_has 'taught by one.st, at temperature 4, with weight 1'

# differs FILE ARGUMENT...: with the arguments, the model is another one than FILE
differs()
{
    begin "differs: ${*:2}"
    run 0 "$train" "${tiny[@]}" "${@:2}" -o other.st
    expect 'the same result' [ "$(tail -c 4000 other.st | sha256sum)" != "$(tail -c 4000 "$1" | sha256sum)" ]
}
differs plain.st --teacher one.st
differs pupil.st --teacher one.st
differs pupil.st --teacher one.st,two.st --temperature 2
differs pupil.st --teacher one.st,two.st --teacher-weight 0.5

begin 'the same bits'
for threads in 2 3 7; do
    run 0 "$train" "${tiny[@]}" -j $threads --teacher one.st,two.st -o team.st
    same_bytes pupil.st team.st
done
cp one.st elsewhere.st
run 0 "$train" "${tiny[@]}" --zero-skip off --teacher "$PWD/elsewhere.st,two.st" -o moved.st
same_bytes pupil.st moved.st

# Every setting that changes how images, the loss or the update come about goes with teachers.
for with in '--augment light' '--mixup 0.3' '--input-dropout 0.2 --input-noise 0.1' '--adversarial 0.1' '--vat 1' \
    '--batch-norm --dropout 0.2' '--precision fp16' '--optimizer adam --label-smoothing 0.1' '--confidence-penalty 0.1 --ema 0.9'; do
    begin "with $with"
    # shellcheck disable=SC2086  # to be split
    run 0 "$train" "${tiny[@]}" $with -j 1 --teacher one.st --checkpoint run.ckpt --checkpoint-every 5steps -o whole.st
    # shellcheck disable=SC2086
    run 0 "$train" "${tiny[@]}" $with -j 3 --teacher one.st -o team.st
    same_bytes whole.st team.st
done
begin '--ensemble and --runs'
run 0 "$train" "${tiny[@]}" --teacher one.st,two.st --ensemble 2 -o 'm{seed}.st'
same_bytes pupil.st m1.st
run 0 "$train" "${tiny[@]}" --teacher one.st --runs 2
begin '--tune'
run 0 "$train" "${synthetic[@]}" -e 1 -q --tune 0.3 --teacher one.st
json_is .teacher one.st
json_is .temperature 4
begin 'the page'
run 0 "$train" "${tiny[@]}" --teacher one.st --report page.html
expect 'the page does not name the teacher' grep -q "$one" page.html

begin 'going on from every step'
both=one.st,two.st
for with in '' '--augment light --teacher-weight 1'; do
    # shellcheck disable=SC2206  # to be split
    taught=("${synthetic[@]}" --hidden 12 -b 100 -e 2 $with --teacher "$both")
    run 0 "$train" "${taught[@]}" -q -o whole.st
    rm -rf steps
    mkdir steps
    run 0 python3 "$here/every_checkpoint.py" steps "$train" "${taught[@]}" -q -o kept.st
    same_bytes kept.st whole.st
    checkpoints=(steps/*)
    expect "${#checkpoints[@]} checkpoints" [ "${#checkpoints[@]}" -ge 8 ]
    for checkpoint in "${checkpoints[@]}"; do
        cp "$checkpoint" run.ckpt
        run 0 "$train" --resume run.ckpt -q -j 3 -o resumed.st
        same_bytes resumed.st whole.st
    done
done

begin 'the teachers of a checkpoint'
cp "${checkpoints[2]}" run.ckpt
mkdir away
mv one.st away/
run 1 "$train" --resume run.ckpt -q
err_is 'mnist-train: one.st: cannot be opened: No such file or directory'
run 0 "$train" --resume run.ckpt -q --teacher away/one.st,two.st -o resumed.st
same_bytes resumed.st whole.st
mv away/one.st .
cp "${checkpoints[2]}" run.ckpt
run 1 "$train" --resume run.ckpt -q --teacher two.st,one.st
err_has "run.ckpt: teacher 1 is not the one that this training began with: SHA-256 $two, expected \"$one\""
run 1 "$train" --resume run.ckpt -q --teacher one.st
err_has "run.ckpt: teacher 2 is not the one that this training began with: SHA-256 none, expected \"$two\""
run 2 "$train" --resume run.ckpt -q --temperature 3
err_has '--temperature 3: the training in run.ckpt has --temperature 4; leave it out'
run 0 "$train" --resume run.ckpt -q --temperature 4
run 0 "$train" "${tiny[@]}" --checkpoint plain.ckpt
run 1 "$train" --resume plain.ckpt -q --teacher one.st
err_has 'plain.ckpt: this training began without teachers; leave --teacher out'

# --- Classes that are left out ------------------------------------------------------------------------------------
begin '--omit-class'
run 0 "$train" "${synthetic[@]}" --hidden 12 -e 2 --val-split 100 --omit-class 3,7 -o without.st --progress plain
err_has '784-12-10 relu, 9550 parameters; synthetic: 240 training, 100 validation, 100 test images'
err_has '60 more training images are left out by --omit-class'
model '\"omit-class\":\"3,7\",' without.st
model '"trained_on":"240"' without.st
run 0 "$eval" without.st --confusion --json --dataset synthetic
json_is '[.confusion[][3]] | add' 0
run 0 "$eval" without.st -q --dataset synthetic --temperature fit
for classes in 7,3 '[3, 7]' none 3; do
    begin "--omit-class $classes"
    case $classes in
    '['*)
        printf '{"omit-class": %s}' "$classes" >c.json
        run 0 "$train" --config c.json --print-config
        ;;
    3) # a number
        printf '{"omit-class": 3}' >c.json
        run 0 "$train" --config c.json --print-config
        ;;
    *) run 0 "$train" --omit-class "$classes" --print-config ;;
    esac
    case $classes in
    none) json_is '.["omit-class"]' null ;;
    3) json_is '.["omit-class"]' 3 ;;
    *) json_is '.["omit-class"]' 3,7 ;;
    esac
done
begin 'without it no document has it'
run 0 "$train" --print-config
json_holds 'has("omit-class") or has("calibrate-bias") | not'

begin '--calibrate-bias'
calibrated=("${synthetic[@]}" --hidden 30 -e 6 --val-split 100 --omit-class 3 --teacher one.st --teacher-weight 1)
run 0 "$train" "${calibrated[@]}" -q -o biased.st
run 0 "$train" "${calibrated[@]}" --calibrate-bias -j 1 -o shifted.st --progress plain
err_matches 'biases of the omitted classes shifted by [0-9.]+: [0-9]+ errors on 100 validation images, [0-9]+ before'
model '\"calibrate-bias\":true' shifted.st
model '"calibrated_bias":"' shifted.st
run 0 "$train" "${calibrated[@]}" --calibrate-bias -j 3 -q -o again.st --json
same_bytes shifted.st again.st
json_holds '.model.calibrated_bias > 0'
run 0 "$eval" biased.st -q --dataset synthetic --json
wrong_before=$(json .test.errors)
run 0 "$eval" shifted.st -q --dataset synthetic --json
expect "$(json .test.errors) errors, $wrong_before before" [ "$(json .test.errors)" -lt "$wrong_before" ]
run 0 "$train" "${calibrated[@]}" --calibrate-bias -q --ensemble 2
run 0 "$train" "${calibrated[@]}" --calibrate-bias -q --checkpoint run.ckpt
run 0 "$train" --resume run.ckpt -q -o resumed.st
same_bytes shifted.st resumed.st
run 2 "$train" --resume run.ckpt -q --omit-class 4
err_has '--omit-class 4: the training in run.ckpt has --omit-class 3'

# --- What is refused: a row states the exit code and all of stderr ------------------------------------------------
usage "$train" '--teacher: "" is not a name' --teacher=
for names in ',' 'one.st,' ',one.st' 'one.st,,two.st'; do
    usage "$train" '--teacher: expected names of models with commas between, but one name is empty' --teacher "$names"
done
many=one.st
for _ in {1..100}; do
    many+=,one.st
done
usage "$train" '--teacher: 101 models, expected at most 100' --teacher "$many"
usage "$train" '--temperature needs a --teacher' --temperature 4
usage "$train" '--teacher-weight needs a --teacher' --teacher-weight 0.5
for temperature in 0 0.009 -1 1001 inf nan 4x ''; do
    usage "$train" "--temperature: \"$temperature\" is not a number of at least 0.01 and at most 1000" --teacher one.st \
        --temperature="$temperature"
done
for weight in 0 -0.1 1.1 nan 90%; do
    usage "$train" "--teacher-weight: \"$weight\" is not a number above 0 and at most 1" --teacher one.st \
        --teacher-weight="$weight"
done
fails 1 "$train" 'none.st: cannot be opened: No such file or directory' "${tiny[@]}" --teacher one.st,none.st
fails 1 "$train" "run.ckpt: format 'mnist-checkpoint', expected 'mnist-mlp'; the training goes on with mnist-train --resume" \
    "${tiny[@]}" --teacher run.ckpt
head -c 3000 one.st >cut.st
fails_like 1 "$train" 'cut.st: *truncated*' "${tiny[@]}" --teacher one.st,cut.st
(head -c 3000 one.st && printf 'X' && tail -c +3002 one.st) >damaged.st
fails_like 1 "$train" 'damaged.st: the file is damaged*' "${tiny[@]}" --teacher damaged.st
: >empty.st
fails_like 1 "$train" 'empty.st: *' "${tiny[@]}" --teacher empty.st
fails_like 1 "$train" 'away: *' "${tiny[@]}" --teacher away
python3 "$here/nets.py" native small.st 100 10
fails 1 "$train" 'small.st: this teacher has 100 inputs, but the images have 28 x 28 = 784 pixels' "${tiny[@]}" --teacher small.st
python3 "$here/nets.py" native few.st 784 3
fails 1 "$train" 'few.st: a net of 3 outputs, expected 10' "${tiny[@]}" --teacher one.st,few.st
fails 1 "$train" 'few.st: a net of 3 outputs, expected 10' "${tiny[@]}" --teacher few.st --dry-run
fails 1 "$train" 'few.st: a net of 3 outputs, expected 10' "${synthetic[@]}" -e 1 -q --tune 1 --teacher few.st
fails 2 "$train" '--output would overwrite the teacher one.st; name another file' "${tiny[@]}" --teacher two.st,one.st -o one.st
ln one.st linked.st
fails 2 "$train" '--output linked.st would overwrite the teacher one.st; name another file' "${tiny[@]}" --teacher one.st \
    -o linked.st
fails 2 "$train" '--checkpoint would overwrite the teacher one.st; name another file' "${tiny[@]}" --teacher one.st \
    --checkpoint one.st
usage "$train" '--omit-class: "256" is not none, or classes from 0 to 255, each once, like 3 or 0,1,2 or 10-15' --omit-class 256
fails 2 "$train" '--omit-class leaves no class to train on' "${synthetic[@]}" -q --omit-class 9,8,7,6,5,4,3,2,1,0
fails 2 "$train" '--omit-class: the data have labels from 0 to 9' "${synthetic[@]}" -q --omit-class 10
usage "$train" '--calibrate-bias needs an --omit-class' --calibrate-bias
usage "$train" '--calibrate-bias goes by the validation images, but --val-split is 0' --omit-class 3 --calibrate-bias \
    --val-split 0
usage "$train" '--calibrate-bias does not go with --tune, which prints settings for --config and tests no net' --tune 1 \
    --omit-class 3 --calibrate-bias
# the first two synthetic digits are a 7 and an 8
fails 2 "$train" '--omit-class: no image of 1 is of another class than those left out' "${synthetic[@]}" --limit 2 --val-split 1 \
    --omit-class 6,7 -q
fails 2 "$train" '--calibrate-bias: no validation image of 1 is of a class of --omit-class' "${synthetic[@]}" --limit 2 \
    --val-split 1 --omit-class 0 --calibrate-bias -q

finish
