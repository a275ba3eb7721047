#!/usr/bin/env bash
# test_runs.sh BUILD-DIR SOURCE-DIR: recipes, several runs that keep their models, committees.
# shellcheck disable=SC2016  # "$@" is for the shell that the function shell starts
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
start "$1"

tiny=(--dataset synthetic --synthetic-train 60 --synthetic-test 20 --hidden 8 -e 2 -q)

# --- Recipes ------------------------------------------------------------------------------------------------

# setting NAME: its value as --print-config prints it
setting()
{
    json -r ".[\"$1\"]"
}

begin '--recipe'
run 0 "$train" --print-config
cp "$work/out" plain.json
run 0 "$train" --print-config --recipe default
same_bytes "$work/out" plain.json
run 0 "$train" --print-config --recipe fast
err_empty
json_is '.hidden, .epochs, .lr, .warmup, .limit' $'128\n3\n0.2\n0.3\n50000'
json_holds '.["val-split"] == 0 and .["weight-decay"] == 3e-5 and .["label-smoothing"] == 0.05'
json_holds 'has("recipe") | not' # the settings are complete, and stay so when the recipe changes
cp "$work/out" fast.json
run 0 "$train" --print-config --config fast.json
same_bytes "$work/out" fast.json
echo '{"recipe": "fast", "lr": 0.5}' >by-name.json
run 0 "$train" --print-config --config by-name.json --epochs 9
expect 'the file does not beat its recipe' [ "$(setting lr) $(setting epochs) $(setting hidden)" = '0.5 9 128' ]
run 0 "$train" --print-config --config by-name.json --recipe default
expect 'the recipe of the command line' [ "$(setting lr) $(setting epochs)" = '0.5 10' ]
run 0 "$train" --print-config -e 9 --recipe fast
expect 'a recipe beats the command line' [ "$(setting epochs)" = 9 ]
# The training follows the printed settings.
run 0 "$train" "${tiny[@]}" --recipe fast -o named.st
run 0 "$train" "${tiny[@]}" --config fast.json --dataset synthetic -o spelt.st
same_bytes named.st spelt.st
run 0 "$train" "${tiny[@]}" -o default.st
expect 'the recipe changes nothing' [ "$(digest_of named.st)" != "$(digest_of default.st)" ]

begin '--recipe list'
run 0 "$train" --recipe list --bogus
err_empty
out_has 'fast: '
out_matches '
    --hidden 128 --epochs 3 '
expect 'wider than 80 columns' [ "$(awk 'length($0) > 80' "$work/out")" = '' ]
run 0 "$train" --help
out_has '
Recipes:
  default '
shell 1 '$train --recipe list >/dev/full'

# --- Models of several runs -----------------------------------------------------------------------------------

begin '{seed}'
for seed in 5 6 7; do
    run 0 "$train" "${tiny[@]}" -s $seed -o single.st
    cp single.st "single-$seed.st"
done
run 0 "$train" "${tiny[@]}" -s 5 --runs 3 --json -o 'net-{seed}.st'
json_is '[.runs[].model.file] | join(" ")' 'net-5.st net-6.st net-7.st'
json_is '.config.output' 'net-{seed}.st'
for seed in 5 6 7; do
    same_bytes "net-$seed.st" "single-$seed.st"
    expect "digest of $seed" [ "$(json -r ".runs[$seed - 5].model.sha256")" = "$(digest_of "net-$seed.st")" ]
done
run 2 "$train" "${tiny[@]}" --runs 2 -o '{seed' # no mark
run 0 "$train" "${tiny[@]}" -s 18446744073709551614 --runs 2 -o '{{seed}}'
expect 'the largest seed' [ -s '{18446744073709551615}' ]
mkdir d-1 d-2
run 0 "$train" "${tiny[@]}" --runs 2 -o 'd-{seed}/{seed}-{seed}'
expect 'every {seed} of the first' [ -s d-1/1-1 ]
expect 'every {seed} of the second' [ -s d-2/2-2 ]
run 0 "$train" "${tiny[@]}" -s 7 -o 'one-{seed}.st' # for one run, too
same_bytes one-7.st single-7.st
run 1 "$train" "${tiny[@]}" --runs 3 -o 'd-{seed}/x'
out_empty
err_has 'd-3/x'
expect 'something was trained before' [ ! -e d-1/x ]
# If one model cannot be written, the results are printed and the other models written.
ln -s /dev/full full-2
run 1 "$train" "${tiny[@]}" --runs 3 --json -o 'full-{seed}'
json_is '[.runs[].model.file] | map(tostring) | join(" ")' 'full-1 null full-3'
expect 'the third model' [ -s full-3 ]

# --- Committees --------------------------------------------------------------------------------------------------

begin '--ensemble'
run 0 "$train" "${tiny[@]}" -e 9 -s 5 --runs 3
head -n 3 "$work/out" | sed 's/ seconds=.*//' >runs
run 0 "$train" "${tiny[@]}" -e 9 -s 5 --ensemble 3 -o 'm-{seed}.st'
expect 'not a line for each member and one for all' [ "$(lines_of "$work/out")" -eq 4 ]
head -n 3 "$work/out" | sed 's/ seconds=.*//' >members
same_bytes members runs
together=$(tail -n 1 "$work/out" | sed 's/ seconds=.*//')
expect 'the last line' matches "$together" '^models=3 test_loss=[0-9.]+ test_acc=[0-9.]+ test_acc_se=[0-9.]+ errors=[0-9]+ n=20$'
run 0 "$eval" m-5.st m-6.st m-7.st # the same committee, from its files
expect 'mnist-eval finds another result' [ "$(tail -n 1 "$work/out" | sed 's/ seconds=.*//')" = "$together" ]
run 0 "$train" "${tiny[@]}" -e 9 -s 5 --ensemble 3 -j 1 --json
err_empty
json_is 'del(.notes) | keys_unsorted | join(" ")' 'schema version config data seed kernels threads test members seconds gate'
json_is '.test | keys_unsorted | join(" ")' 'loss accuracy accuracy_se errors n'
json_is '[.members[].seed] | join(" ")' '5 6 7'
json_holds '.members | all(keys_unsorted == ["seed", "seconds", "epochs", "stopped", "kept_epoch", "test", "model"])'
json_is '.members[1].model.file, .members[1].model.sha256' "null
$(digest_of m-6.st)"
errors=${together#*errors=}
json_is '.test.errors' "${errors%% *}"
accuracy=$(json .test.accuracy)
run 0 "$train" "${tiny[@]}" -e 9 -s 5 --ensemble 3 --min-accuracy "$accuracy" # the committee is judged
run 3 "$train" "${tiny[@]}" -e 9 -s 5 --ensemble 3 --min-accuracy "$(jq -n "$accuracy + 0.001")"
run 0 "$train" "${tiny[@]}" --ensemble 1
expect 'of one' [ "$(sed -n 's/^seed=1 \(.*\) seconds=.*/\1/p' "$work/out")" = \
    "$(sed -n 's/^models=1 \(.*\) seconds=.*/\1/p' "$work/out")" ]
run 0 "$train" "${tiny[@]}" --ensemble 2 -n
out_matches ' runs=1 ensemble=2$'
run 0 "$train" "${tiny[@]}" --ensemble 2 -n --json
json_is '.ensemble' 2
run 4 "$train" "${tiny[@]}" --ensemble 2 --lr 1000 --activation leaky-relu -e 30
shell 1 '$train "$@" --ensemble 2 >/dev/full' "${tiny[@]}"
run 0 "$train" --dataset synthetic --synthetic-train 60 --synthetic-test 20 --hidden 8 -e 1 --ensemble 2
err_has 'run 2/2  epoch 1/1  train loss'

finish
