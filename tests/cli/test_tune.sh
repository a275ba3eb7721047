#!/usr/bin/env bash
# test_tune.sh BUILD-DIR SOURCE-DIR: mnist-train --tune: its result is a config file that trains the same net again, it
# keeps to its time, ends properly when it is interrupted, and never reads the test images.
# shellcheck disable=SC2016  # "$@" is for the shell that the function shell starts
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
start "$1"

small=(--dataset synthetic --synthetic-train 120 --synthetic-test 20 -e 3)

# so CONDITION: jq, without input, finds it true.
so()
{
    jq -en "$1" >/dev/null
}

# reproduces CONFIG LOSS ACCURACY: training with CONFIG ends with these figures on the validation images.
reproduces()
{
    run 0 "$train" --config "$1" --json -q
    expect 'another accuracy' [ "$(json '.epochs[-1].validation_accuracy')" = "$3" ]
    expect 'another loss' [ "$(json '.epochs[-1].validation_loss')" = "$2" ]
}

# --- What it prints ------------------------------------------------------------------------------------------

begin 'the best settings on stdout'
began=$(date +%s)
run 0 "$train" "${small[@]}" --tune 2 --momentum 0.8 -s 3
took=$(($(date +%s) - began))
expect "it took $took seconds" [ "$took" -le 5 ]
cp "$work/out" best.json
cp "$work/err" progress
expect 'no end of it on stderr' grep -Eq '^[0-9]+ runs of [0-9]+ candidates in [12]\.[0-9] s; best val acc +[0-9.]+%, [13] epochs$' progress
expect 'the first line' [ "$(head -n 1 progress)" = \
    'synthetic: 100 training, 20 validation images; epochs 1,3; varied: lr,hidden,weight-decay,batch-size,label-smoothing,dropout,input-dropout' ]
expect 'the settings as they are, first' [ "$(sed -n '2s/.*  --lr/--lr/p' progress)" = \
    '--lr 0.1 --hidden 256 --weight-decay 0.0001 --batch-size 64 --label-smoothing 0.02 --dropout none --input-dropout 0' ]
best=$(tail -n 1 progress | sed 's/.*acc *\([0-9.]*\)%.*/\1/')
json_is '.momentum, .seed, .["synthetic-train"], .["val-split"]' $'0.8\n3\n120\n20'
json_holds 'has("tune") or has("output") or has("recipe") | not'
run 0 "$train" --print-config --config best.json # the same as --print-config prints
same_bytes "$work/out" best.json
run 0 "$train" --config best.json --json -q
expect 'not the accuracy that was told' so "$(json '.epochs[-1].validation_accuracy') * 100 - $best | fabs < 0.006"

begin '-o FILE.json'
echo '{"old": 1}' >found.json
run 0 "$train" "${small[@]}" --tune 1 -q -o found.json
err_empty
out_matches '^val_loss=[0-9.]+ val_acc=[0-9.]+ val_acc_se=[0-9.]+ errors=[0-9]+ n=20 epochs=[13] candidates=[0-9]+ runs=[0-9]+ seconds=[01]\.[0-9]+$'
accuracy=$(value val_acc) loss=$(value val_loss)
run 0 "$train" --config found.json --json -q
expect 'another accuracy' [ "$(json '.epochs[-1].validation_accuracy')" = "$accuracy" ]
expect 'another loss' so "$(json '.epochs[-1].validation_loss') - $loss | fabs < 1e-6"
expect 'the file names itself as the model' [ "$(jq 'has("output")' found.json)" = false ]
run 0 "$train" "${small[@]}" --tune 0.5 -q -s 9 -o 'found-{seed}.json'
expect '{seed}' [ -s found-9.json ]
ln -s /dev/full full.json # settings that cannot be written are printed
run 1 "$train" "${small[@]}" --tune 0.5 -q -o full.json
json_holds '.epochs == 1 or .epochs == 3'

begin '--json'
run 0 "$train" "${small[@]}" --tune 1 -q --json --label-smoothing 0.1 -o also.json
err_empty
json_is 'keys_unsorted | join(" ")' 'schema version config data seed kernels threads tune validation runs seconds'
json_is '.schema, .tune.seconds, .data.train.n, .data.validation.n' $'mnist-train/1\n1\n100\n20'
json_is '.tune.vary | join(",")' lr,hidden,weight-decay,batch-size,dropout,input-dropout
json_is '.tune | [.epochs, .candidates] | tostring' '[[1,3],[9,3]]'
json_holds '.data | has("test") | not'
json_holds '.config["label-smoothing"] == 0.1 and all(.runs[]; .settings | has("label-smoothing") | not)'
json_holds '.runs | length > 3 and all(keys_unsorted == ["candidate", "bracket", "epochs", "settings", "loss", "accuracy", "seconds"])'
json_holds '.runs[0] | .candidate == 0 and .settings.lr == 0.1'
# the best of all runs, and of equals the one of lower loss
json_holds '. as $d | [.runs[] | select(.accuracy != null)] | max_by([.accuracy, -.loss])
    | .accuracy == $d.validation.accuracy and .loss == $d.validation.loss and .epochs == $d.config.epochs
    and .settings.lr == $d.config.lr and .settings.hidden == $d.config.hidden'
json .config >whole.json
expect 'the file' [ "$(jq -c . also.json)" = "$(cat whole.json)" ]
loss=$(json .validation.loss) accuracy=$(json .validation.accuracy)
json '[.runs[] | select(.epochs == 1) | [.candidate, .settings, .loss, .accuracy]][:3]' >first-runs
reproduces whole.json "$loss" "$accuracy"
# Which settings are tried is a function of the seed; how many are, is not.
run 0 "$train" "${small[@]}" --tune 1 -q --json --label-smoothing 0.1 -j 1
expect 'other candidates' [ "$(json '[.runs[] | select(.epochs == 1) | [.candidate, .settings, .loss, .accuracy]][:3]')" = "$(cat first-runs)" ]
run 0 "$train" "${small[@]}" --tune 1 -q --json --label-smoothing 0.1 -s 2
expect 'the same candidates for another seed' [ "$(json '.runs[1].settings')" != "$(jq -c '.[1][1]' first-runs)" ]

# --- Its options ------------------------------------------------------------------------------------------------

begin 'what is given stays'
all_but_size=(--lr 0.05 --hidden 24 --weight-decay 0 --label-smoothing 0 --dropout 0.5 --input-dropout 0)
run 0 "$train" "${small[@]}" --tune 0.5 -q "${all_but_size[@]}" --json
json_is '.tune.vary | join(",")' batch-size
# Four sizes, one of which it begins with: there are no more candidates, so it ends before its time.
json_is '[.runs[].settings["batch-size"]] | unique | tostring' '[32,64,128,256]'
json_is '[.runs[] | select(.epochs == 1)] | length' 4
began=$(date +%s)
run 0 "$train" "${small[@]}" --tune 60 -q "${all_but_size[@]}"
expect 'it waits for its time to pass' [ $(($(date +%s) - began)) -le 20 ]
# The search begins with the settings of a file or a recipe; those for the run that follows are passed on.
echo '{"lr": 0.3, "runs": 2, "log": "kept.csv", "min-accuracy": "1%", "output": "net-{seed}.st"}' >begin.json
run 0 "$train" "${small[@]}" --tune 0.5 -q --config begin.json
cp "$work/out" kept.json
json_is '.runs, .log, .output' $'2\nkept.csv\nnet-{seed}.st'
expect 'a run left files' [ ! -e kept.csv ]
run 0 "$train" --config kept.json -q
expect 'the net that follows' [ -s net-2.st ]
run 0 "$train" "${small[@]}" --tune 0.5 -q --json --config begin.json --recipe fast
json_is '.runs[0].settings.lr, .data.validation.n' $'0.3\n20' # the recipe holds out none
run 0 "$train" "${small[@]}" --tune 0.5 -q --json --val-split 50
json_is '.config["val-split"], .data.validation.n' $'50\n50'
run 0 "$train" "${small[@]}" --tune 0.5 -q --json --limit 60
json_is '.data.train.n, .data.validation.n' $'50\n10'
# Runs that diverge do not end the search.
run 0 "$train" "${small[@]}" --tune 1 --lr 300 --activation leaky-relu --json -q -e 9
json_holds 'any(.runs[]; .loss == null and .accuracy == null)'

begin 'what follows from settings'
# Dropout where the number of layers varies, and a learning rate that depends on the optimiser: the printed settings
# train the same net again.
echo '{"hidden": "24,12"}' >two.json
run 0 "$train" "${small[@]}" --tune 2 -q --json --config two.json --optimizer adam --dropout 0.4 -o adam.json
json_is '.tune.vary | join(",")' hidden,weight-decay,batch-size,label-smoothing,input-dropout,lr
json_holds '.runs | all(.settings | (.lr >= 0.000099 and .lr <= 0.0101 and (has("dropout") | not)))'
json_holds '[.runs[].settings.lr] | unique | length > 3'
loss=$(json .validation.loss) accuracy=$(json .validation.accuracy)
reproduces adam.json "$loss" "$accuracy"

begin '--dry-run'
run 0 "$train" "${small[@]}" --tune 7.5 -n -q --lr 0.1 -o plan.json
out_is 'tune=7.5 train=100 validation=20 epochs=1,3 candidates=9,3 vary=hidden,weight-decay,batch-size,label-smoothing,dropout,input-dropout'
expect 'something was written' [ ! -e plan.json ]
run 0 "$train" "${small[@]}" --tune 7.5 -n -q --json -e 10
json_is '.dry_run, (.tune.epochs | tostring), (.tune.candidates | tostring)' $'true\n[1,3,10]\n[27,9,3]'

begin 'the test images are not read'
data there 5
rm there/t10k-*
run 0 "$train" --data-dir there --tune 0.5 -q -e 3 -b 4
json_is '.["val-split"]' 6
run 1 "$train" --data-dir there -q -e 1

# --- Ends ----------------------------------------------------------------------------------------------------------

begin 'signals'
for signal in INT:130 TERM:143; do
    began=$(date +%s)
    run "${signal#*:}" timeout -s "${signal%:*}" --preserve-status 1 "$train" "${small[@]}" --tune 600
    expect 'it went on' [ $(($(date +%s) - began)) -le 10 ]
    cp "$work/out" interrupted.json
    err_has 'interrupted; '
    run 0 "$train" --config interrupted.json -q -n
    run "${signal#*:}" timeout -s "${signal%:*}" --preserve-status 1 "$train" "${small[@]}" --tune 600 -q -o signal.json
    out_matches '^val_loss='
    run 0 "$train" --config signal.json -q -n
done
run 130 timeout -s INT --preserve-status 0.5 "$train" --dataset synthetic --synthetic-train 2000 --hidden 4096,4096,4096 --tune 600 -q
out_empty
err_is 'mnist-train: interrupted before any run had come to its end'

begin 'too little time'
run 1 "$train" --dataset synthetic --synthetic-train 2000 --hidden 4096,4096,4096 --tune 0.2 -q
out_empty
err_is 'mnist-train: no run came to its end within the time of --tune; give it more, or set --limit or --hidden lower'

begin 'bad inputs'
bad()
{
    run 2 "$train" "${small[@]}" -q --tune 1 "${@:2}"
    out_empty
    expect "stderr does not begin with: $1" [ "${err#"mnist-train: $1"}" != "$err" ]
}
bad '--runs does not go with --tune, which prints settings for --config and tests no net' --runs 3
bad '--ensemble does not go with --tune' --ensemble 3
bad '--log does not go with --tune' --log a.csv
bad '--min-accuracy does not go with --tune' --min-accuracy 90%
bad '--output: with --tune the settings found go there, for --config, and no model: give a name that ends in .json' -o m.st
bad '--tune chooses by validation images, of which --val-split 0 leaves none' --val-split 0
bad '--tune needs validation images, and there are too few training images to hold any out' --limit 5
bad '--tune: the command line sets every option that it would vary' \
    --lr 1 --hidden 1 --weight-decay 0 -b 8 --label-smoothing 0 --dropout 0 --input-dropout 0
run 2 "$train" --dataset synthetic --tune 1 --dropout 0.1,0.2 --config two.json
err_has '--dropout: a rate for each layer does not go with --tune, which varies how many layers there are'
for value in 0 -1 x ''; do
    run 2 "$train" --tune "$value"
    err_has "--tune: \"$value\" is not a number above 0 and at most 1000000000"
done
run 1 "$train" "${small[@]}" --tune 1 -o none/best.json
err_has "the directory 'none' does not exist"
echo '{"tune": 3}' >tune.json
run 2 "$train" --config tune.json
err_has '"tune" belongs on the command line, not in a config file'
shell 1 '$train "$@" --tune 0.5 -q >/dev/full' "${small[@]}"
err_is 'mnist-train: stdout could not be written: No space left on device'

finish
