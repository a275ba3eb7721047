#!/usr/bin/env bash
# test_models.sh BUILD-DIR SOURCE-DIR: files that earlier versions have written (tests/models/README.md) still give the
# same results.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
kept=$(CDPATH='' cd -- "$2" && pwd)/tests/models
start "$1"
predict=${train%train}predict
cp "$kept"/* . # so that nothing can be written there
chmod u+w ./*

# tensors FILE: digest of what follows the header, whose metadata may grow from version to version.
tensors()
{
    local length
    length=$(od -An -t u8 -N 8 "$1")
    tail -c +$((length + 9)) "$1" | sha256sum | cut -c 1-64
}

begin 'the files are those that were kept'
run 0 sha256sum --check --strict --quiet SHA256SUMS
expect 'SHA256SUMS has not all files' \
    [ "$(ls "$kept")" = "$({ sed 's/.*  //' SHA256SUMS && printf 'README.md\nSHA256SUMS\n'; } | LC_ALL=C sort)" ]

# --- Models ------------------------------------------------------------------------------------------------------

models=() logs=0
while IFS=$'\t' read -r model figures digits; do
    case $model in '#'*) continue ;; esac
    begin "$model"
    models+=("$model")
    run 0 "$eval" -q "$model" --predictions p.csv
    expect "it gives $(result), not $figures" [ "$(result)" = "$figures" ]
    err_empty
    expect 'it takes other images for other digits' [ "$(tail -n +2 p.csv | cut -d , -f 3 | tr -d '\n')" = "$digits" ]
    run 0 "$predict" "$model" digits.idx.gz
    expect 'mnist-predict says other digits' [ "$(cut -f 2 "$work/out" | tr -d '\n')" = "${digits:0:10}" ]
    err_empty

    commit=${model#model-} commit=${commit%.safetensors}
    for log in "log-$commit.csv" "log-$commit.jsonl"; do
        [ -e "$log" ] || continue
        logs=$((logs + 1))
        run 0 "$eval" -q "$model" --log "$log" --report page.html
        expect "it gives $(result), not $figures" [ "$(result)" = "$figures" ]
        err_empty
        expect 'the page lacks the course of the training' grep -q 'id="course"' page.html
        sed -n '/<table id="epochs"/,/<\/table>/p' page.html >epochs
        expect 'the page has other epochs' \
            [ "$(grep -c '<th scope="row">' epochs)" -eq "$(grep -cE '^epoch,|"kind":"epoch"' "$log")" ]
        # the last epoch's validation loss, in either kind of log
        loss=$(tail -n 1 "$log" | sed -E 's/.*"validation_loss":([^,]*),.*/\1/; s/^epoch,.*,([^,]*),[^,]*$/\1/')
        expect "the page lacks the last validation loss, $loss" grep -qF "<td>$loss</td>" epochs
    done
done <figures.tsv
expect "${#models[@]} models, $logs logs" [ "${#models[@]}" -ge 4 -a "$logs" -ge 4 ]

begin 'a committee of models of several versions'
run 0 "$eval" -q model-9460ada.safetensors model-96433f9.safetensors model-2354857.safetensors
expect 'another last line' \
    [ "$(result | tail -n 1)" = 'models=3 test_loss=0.786020 test_acc=0.84 test_acc_se=0.025923 errors=32 n=200' ]
run 0 "$eval" -q model-9460ada.safetensors model-96433f9.safetensors model-2354857.safetensors \
    model-306aee4.safetensors
expect 'another last line' \
    [ "$(result | tail -n 1)" = 'models=4 test_loss=0.876918 test_acc=0.91 test_acc_se=0.020236 errors=18 n=200' ]

# --- Checkpoints -------------------------------------------------------------------------------------------------

begin 'a checkpoint of format_version 1'
run 1 "$train" --resume checkpoint-4995d29
out_empty
err_is "mnist-train: checkpoint-4995d29: format_version '1' of format 'mnist-checkpoint', expected '2'; made by \
another version of mnist-train?"
run 1 "$eval" checkpoint-4995d29
err_is "mnist-eval: checkpoint-4995d29: format 'mnist-checkpoint', expected 'mnist-mlp'; the training goes on with \
mnist-train --resume"

# resumes CHECKPOINT LOG LOG-DIGEST FIGURES TENSORS ARGUMENT...: the training, resumed, ends with these figures and
# tensors, and its log, LOG, with this digest.
resumes()
{
    begin "$1"
    run 0 "$train" --resume "$1" -q --checkpoint next --output resumed.safetensors "${@:6}"
    err_empty
    expect "it gives $(result), not $4" [ "$(result)" = "$4" ]
    expect 'the weights are others' [ "$(tensors resumed.safetensors)" = "$5" ]
    expect 'the log is another' [ "$(digest_of "$2")" = "$3" ]
    run 0 "$eval" -q resumed.safetensors
    expect "the model gives $(result), not $4" [ "$(result)" = "$4" ]
    rm resumed.safetensors
}
resumes checkpoint-1cb7e5e log-1cb7e5e.csv a504e66e3c1ec13802c63de9b9be39d717440265a3e8b4cc04614c5d90711e35 \
    'test_loss=1.390008 test_acc=0.425 test_acc_se=0.034955 errors=115 n=200' \
    cf543b34860a4fadec9c99f62a23a9ae92e4b72bfa71444bd0473727130e2ff6 --epochs 4
resumes checkpoint-306aee4 log-306aee4-steps.csv "$(digest_of "$kept/log-306aee4-steps.csv")" \
    'test_loss=1.717991 test_acc=0.365 test_acc_se=0.034042 errors=127 n=200' \
    83b899d299f641020f0a7a8bdc3cfe3c9e01fe6199c69191322ff67c783d6429

# --- Evaluations, to compare with --------------------------------------------------------------------------------

begin 'an evaluation that does not name its mistakes'
run 1 "$eval" -q model-9460ada.safetensors --baseline evaluation-9460ada.json
out_empty
err_is 'mnist-eval: evaluation-9460ada.json: does not say which images were mistaken ("mistakes"); make it anew with '\
'mnist-eval --json'

begin 'evaluations that do'
run 0 "$eval" -q --json model-9460ada.safetensors --baseline evaluation-e8bdf24.json
err_empty
json_holds '.baseline | .errors == 87 and .gained == 0 and .lost == 0'
run 0 "$eval" -q --json model-96433f9.safetensors --baseline evaluation-e8bdf24.json
json_holds '.baseline | .errors == 87 and .gained == 64 and .lost == 26'
run 0 "$eval" -q --json model-96433f9.safetensors --baseline evaluation-306aee4.json
json_holds '.baseline | .errors == 85 and .gained == 65 and .lost == 29'

# --- Configurations ----------------------------------------------------------------------------------------------

for config in config-*.json; do
    begin "$config"
    run 0 "$train" --config "$config" --print-config
    err_empty
    # shellcheck disable=SC2016  # jq's dollars
    expect 'it reads other settings than are there' jq -e --slurpfile kept "$config" \
        '. as $now | $kept[0] | to_entries | all(.value == $now[.key])' "$work/out" >"$work/jq"
done

finish
