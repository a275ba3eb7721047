#!/usr/bin/env bash
# test_train.sh BUILD-DIR SOURCE-DIR: mnist-train as a user, a script and a terminal meet it: a golden run, JSON,
# logs, gates, divergence, outputs, streams that fail, where data are found, the progress bar, --help.
# shellcheck disable=SC2016  # "$@" is for the shell that the function shell starts, $mean for jq
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
golden=$(CDPATH='' cd -- "$2" && pwd)/tests/cli/golden
start "$1"
number='-?[0-9]+(\.[0-9]+)?(e-?[0-9]+)?'

# so CONDITION: jq, without input, finds it true.
so()
{
    jq -en "$1" >/dev/null
}

# A run of a few milliseconds.
tiny=(--dataset synthetic --synthetic-train 60 --synthetic-test 20 --hidden 8 -e 2)
quiet=("${tiny[@]}" -q)

# --- The golden run: every byte that does not come from a clock -----------------------------------------

begin 'golden run'
run 0 "$train" --config "$golden/run.json" --log run.csv -o run.safetensors
result >masked.out
sed -E 's| +[0-9.]+[kMGT]? img/s  ETA [0-9:]+$| # img/s  ETA #|' "$work/err" >masked.err
same_bytes masked.out "$golden/run.stdout"
same_bytes masked.err "$golden/run.stderr"
same_bytes run.csv "$golden/run.csv"
out_matches ' seconds=[0-9]+\.[0-9]{3}$'
expect 'not one line on stdout' [ "$(lines_of "$work/out")" -eq 1 ]
expect "the model's SHA-256" [ "$(digest_of run.safetensors)" = "$(cat "$golden/run.sha256")" ]
run 0 "$train" --config "$golden/run.json" --log run.jsonl -q
err_empty
same_bytes run.jsonl "$golden/run.jsonl"
expect 'the log is not six lines of JSON' [ "$(jq -s length run.jsonl)" = 6 ]

# --- Options in all their spellings -----------------------------------------------------------------------

begin 'spellings'
run 0 "$train" "${quiet[@]}" --batch-size 32 --seed 7 --momentum=0.8
expected=$(result)
for spelling in '-b32 -s7 --momentum .8' '-b 32 --seed=7 --momentum 8e-1' '-s 1 -b1 --momentum 0.8 -b 32 -s 7' \
    '--momentum 0.80 -qb32 -qs7 --'; do
    # shellcheck disable=SC2086  # to be split
    run 0 "$train" "${quiet[@]}" $spelling
    expect "$spelling: another result" [ "$(result)" = "$expected" ]
done
run 0 "$train" -q -s7 "${tiny[@]}" --momentum 0.8 -b32
expect 'the order of options matters' [ "$(result)" = "$expected" ]

begin 'every activation with every schedule'
activations=$({ "$train" --activation '' 2>&1 || true; } | sed -n 's/^.* is not one of //p')
expect 'too few activations' [ "$(wc -w <<<"$activations")" -ge 5 ]
for activation in ${activations//,/}; do
    for schedule in constant step cosine one-cycle; do
        run 0 "$train" "${quiet[@]}" --activation "$activation" --schedule $schedule
        out_matches '^test_loss=[0-9]\.[0-9]{6} test_acc=(0\.[0-9]+|1|0) '
    done
done
for rest in '--hidden none' '--hidden 1' '--hidden 8,8,8,8,8,8,8,8,8,8,8,8,8,8,8,8' '--normalize standard' '--init he' \
    '--init xavier' '--no-nesterov' '--momentum 0' '--weight-decay 0' '--clip-norm 0.5' '--warmup 0' '--label-smoothing 0.2' \
    '--schedule step --step-count 3 --step-factor 0.5' '-e 1 -b 1000000' '-b 1 -e 1' '-j 7' '-s 0' \
    '-s 18446744073709551615' '--data-seed 0' '--limit 1000000000' '--limit 1'; do
    # shellcheck disable=SC2086  # to be split
    run 0 "$train" "${quiet[@]}" $rest
    out_matches "^test_loss=$number test_acc=$number test_acc_se=$number errors=[0-9]+ n=20 seconds="
    err_empty
done

# --- How the training images are divided ---------------------------------------------------------------------

# plan TRAIN VALIDATION STEPS ARGUMENT...: --dry-run prints these numbers for 60 images in batches of 16.
plan()
{
    begin "plan: ${*:4}"
    run 0 "$train" "${tiny[@]}" -q -n -b 16 "${@:4}"
    out_is "parameters=6370 train=$1 validation=$2 test=20 epochs=2 steps=$3 runs=1"
}
plan 57 3 8
plan 60 0 8 --val-split 0
plan 60 0 8 --val-split 0%
plan 60 0 8 --val-split 0.0001
plan 30 30 4 --val-split 50%
plan 30 30 4 --val-split 0.5
plan 59 1 8 --val-split 1
plan 1 59 2 --val-split 59
plan 33 17 6 --limit 50 --val-split 17
plan 1 0 2 --limit 1
plan 48 12 6 --val-split 12
plan 49 11 8 --val-split 11
begin 'a net without hidden layers'
run 0 "$train" "${tiny[@]}" -n --hidden none
out_has 'parameters=7850 '
err_is '784-10 softmax regression, 7850 parameters; synthetic: 57 training, 3 validation, 20 test images'

# Short last batches are used: 60 images in batches of 16 are three whole steps and one of 12.
begin 'a short last batch'
run 0 "$train" "${quiet[@]}" -e 1 -b 16 --val-split 0 --log ragged.csv --log-every 1
expect 'not 4 steps and an epoch' [ "$(cut -d, -f 1 ragged.csv | tr '\n' ' ')" = 'kind step step step step epoch ' ]
accuracy=$(sed -n 5p ragged.csv | cut -d, -f 7)
expect "an accuracy of $accuracy is not out of 12" \
    awk -v a="$accuracy" 'BEGIN { n = a * 12; d = n - int(n + 0.5); exit !(d < 1e-6 && d > -1e-6) }'
run 0 "$train" "${quiet[@]}" -b 60 --val-split 0
whole=$(result)
run 0 "$train" "${quiet[@]}" -b 1000 --val-split 0
expect 'a batch larger than the set is not the set' [ "$(result)" = "$whole" ]

# --- Where output goes -------------------------------------------------------------------------------------

begin 'people read stderr, scripts stdout'
run 0 "$train" "${tiny[@]}"
expect 'not a line for the net and one an epoch on stderr' [ "$(lines_of "$work/err")" -eq 3 ]
err_matches 'epoch 1/2  train loss +[0-9.]+ acc +[0-9.]+%  val loss +[0-9.]+ acc +[0-9.]+%  +[0-9.]+[kMG]? img/s  ETA [0-9]:'
expect 'not one line on stdout' [ "$(lines_of "$work/out")" -eq 1 ]
expect 'colour without a terminal' [ "$(tr -dc '\033' <"$work/err")" = '' ]
run 0 "$train" "${tiny[@]}" --val-split 0
expect 'validation without a split' [ "${err/val loss/}" = "$err" ]
run 0 "$train" "${tiny[@]}" --progress none
err_empty
run 0 "$train" "${quiet[@]}" --progress bar
err_empty
run 0 "$train" "${tiny[@]}" -v
err_matches '(avx2|portable|scalar|[a-z0-9]+) kernels, [0-9]+ threads'
err_has 'normalisation unit: mean 0, deviation 1'
run 0 "$train" "${tiny[@]}" --color always
err_has $'\e[1mepoch 1/2\e[0m'

# --- JSON ----------------------------------------------------------------------------------------------------

begin '--json'
mkdir -p 'a b'
run 0 "$train" "${quiet[@]}" --json -o 'a b/m ö.st'
err_empty
json_is 'keys_unsorted | join(" ")' \
    'schema version config data seed kernels threads epochs stopped kept_epoch test model seconds gate'
json_is .schema mnist-train/1
json_is .version "$("$train" --version | sed 's/.* //')"
json_is .seed 1
json_is '.config.lr' 0.1
json_is '.config["label-smoothing"]' 0.02
json_is '.config.hidden' 8
json_is '.config["synthetic-train"]' 60
json_is '.data.train.n, .data.validation.n, .data.test.n' $'57\n3\n20'
json_holds '[.data.train, .data.test | .images_sha256, .labels_sha256] | all(test("^[0-9a-f]{64}$")) and (unique | length == 4)'
json_is '.epochs | length' 2
json_is '[.epochs[].epoch] | join(" ")' '1 2'
json_holds '.epochs | all((.lr, .train_loss, .train_accuracy, .validation_loss, .validation_accuracy, .seconds) | type == "number")'
json_holds '.test | keys_unsorted == ["loss", "accuracy", "accuracy_se", "errors", "n"]'
json_holds '.test.accuracy == (20 - .test.errors) / 20'
json_holds '.test | (.accuracy * (1 - .accuracy) / .n | sqrt) - .accuracy_se | fabs < 1e-12'
json_is .model.file 'a b/m ö.st'
json_is .model.parameters 6370
json_is .model.sha256 "$(digest_of 'a b/m ö.st')"
json_holds '.seconds > 0 and .threads >= 1'
json_is '.gate | tostring' '{"min_accuracy":null,"max_loss":null,"passed":true}'
accuracy=$(json .test.accuracy) loss=$(json '.test.loss * 1e6 | round')
out_has '"val-split": 0.05,'
out_has '"lr": 0.1,'
out_has '"weight-decay": 0.0001,'
run 0 "$train" "${quiet[@]}"
expect 'the line has another accuracy' so "$accuracy == $(value test_acc)"
expect 'the line has another loss' so "$loss == ($(value test_loss) * 1e6 | round)"
shell 0 '$train "$@" --json | jq .test.accuracy' "${quiet[@]}"
expect 'the pipe to jq' [ "$out" = "$accuracy" ]
run 0 "$train" "${tiny[@]}" --json
expect 'progress is lost with --json' [ "$(lines_of "$work/err")" -eq 3 ]
json_is .model.file null
run 0 "$train" "${quiet[@]}" --json --val-split 0
json_holds '.epochs | all(.validation_loss == null and .validation_accuracy == null)'
run 0 "$train" "${quiet[@]}" --json -s 18446744073709551615
json_is '.seed, .config.seed' $'18446744073709551615\n18446744073709551615'
run 0 "$train" "${quiet[@]}" --json -n
json_is '.dry_run, .parameters, .steps_per_epoch, .data.train.n, .runs' $'true\n6370\n1\n57\n1'

begin '--runs'
for seed in 5 6 7; do
    "$train" "${quiet[@]}" -e 9 --json -s $seed | jq -c '{seed, test, epochs, model} | del(.epochs[].seconds)'
done >single
run 0 "$train" "${quiet[@]}" -e 9 --json -s 5 --runs 3
jq -c '.runs[] | {seed, test, epochs, model} | del(.epochs[].seconds)' "$work/out" >together
same_bytes single together
json_holds '[.runs[].model.sha256] | unique | length == 3'
json_holds '[.runs[].test.accuracy] as $a | ($a | add / 3) as $mean | .test
    | (.accuracy - $mean | fabs) < 1e-12 and .accuracy_min == ($a | min) and .accuracy_max == ($a | max)
    and ((.accuracy_sd - ([$a[] | (. - $mean) | . * .] | add / 2 | sqrt)) | fabs) < 1e-12
    and .runs == 3 and .n == 20'
json_holds '(([.runs[].test.loss] | add / 3) - .test.loss | fabs) < 1e-12'
json_holds 'has("epochs") or has("model") | not'
mean=$(json '.test.accuracy') sd=$(json '.test.accuracy_sd') least=$(json .test.accuracy_min)
run 0 "$train" "${quiet[@]}" -e 9 -s 5 --runs 3
expect 'not a line for each run and one for all' [ "$(lines_of "$work/out")" -eq 4 ]
expect 'seeds' [ "$(sed -n 's/^seed=\([0-9]*\) test_loss=.*/\1/p' "$work/out" | tr '\n' ' ')" = '5 6 7 ' ]
expect 'mean' so "($mean - $(value test_acc_mean)) | fabs < 1e-5"
expect 'deviation' so "($sd - $(value test_acc_sd)) | fabs < 1e-6"
expect 'least' so "$least == $(value test_acc_min)"
expect 'the last line' [ "$(value runs) $(value n)" = '3 20' ]
run 3 "$train" "${quiet[@]}" -e 9 -s 5 --runs 3 --min-accuracy "$(jq -n "$least + 0.001")" # the worst is judged
run 0 "$train" "${quiet[@]}" -e 9 -s 5 --runs 3 --min-accuracy "$least"
run 0 "$train" "${tiny[@]}" --runs 2
err_has 'run 2/2  epoch 1/2  train loss'

# --- Logs ------------------------------------------------------------------------------------------------------

begin 'logs'
header='kind,seed,epoch,step,lr,train_loss,train_accuracy,validation_loss,validation_accuracy'
run 0 "$train" "${quiet[@]}" -b 16 --log a.csv
run 0 "$train" "${quiet[@]}" -b 16 --log b.csv -j 1
same_bytes a.csv b.csv
expect 'header' [ "$(head -n 1 a.csv)" = "$header" ]
expect 'a header and a line an epoch' [ "$(lines_of a.csv)" -eq 3 ]
expect 'rows of nine numbers' [ "$(grep -Ec "^epoch,1,[12],[48](,$number){5}\$" a.csv)" -eq 2 ]
run 0 "$train" "${quiet[@]}" -b 16 --log a.jsonl --log-every 3 --runs 2 -s 8
expect 'steps 3 and 6 and two epochs, for each of two seeds' [ "$(jq -c '[.kind, .seed, .epoch, .step]' a.jsonl |
    tr -d '"\n')" = '[step,8,1,3][epoch,8,1,4][step,8,2,6][epoch,8,2,8][step,9,1,3][epoch,9,1,4][step,9,2,6][epoch,9,2,8]' ]
expect 'keys' [ "$(jq -r 'keys_unsorted | join(",")' a.jsonl | sort -u)" = "$header" ]
expect 'validation at steps' [ "$(jq -c 'select(.kind == "step") | .validation_loss' a.jsonl | sort -u)" = null ]
cp a.jsonl kept.jsonl
run 0 "$train" "${quiet[@]}" -b 16 --log a.jsonl --log-every 3 --runs 2 -s 8
same_bytes a.jsonl kept.jsonl
run 0 "$train" "${quiet[@]}" --log a.csv --val-split 0
expect 'columns without validation' [ "$(grep -c ',,$' a.csv)" -eq 2 ]

# --- Gates -----------------------------------------------------------------------------------------------------

begin 'gates' # the golden run: 0.65 and 1.163117
gate()
{
    run "$1" "$train" --config "$golden/run.json" --log-every 0 -q "${@:2}"
}
low='mnist-train: gate failed: test accuracy 0.65 is below --min-accuracy'
high='mnist-train: gate failed: test loss 1\.16311[67][0-9]* is above --max-loss'
for pass in 0.65 65% 65.00% 0.649 1%; do
    gate 0 --min-accuracy $pass
    err_empty
done
for fail in 0.6500001 65.1% 66% 1 100%; do
    gate 3 --min-accuracy $fail
    expect 'the result is printed all the same' [ "$(result)" = "$(cat "$golden/run.stdout")" ]
done
gate 3 --min-accuracy 0.6500001
err_is "$low 0.6500001"
gate 3 --min-accuracy 0.66
err_is "$low 0.66"
gate 0 --max-loss 1.164
gate 3 --max-loss 1.16
err_matches "^$high 1\.16\$"
gate 0 --max-loss 1.164 --min-accuracy 60%
gate 3 --max-loss 1.164 --min-accuracy 70%
err_is "$low 0.7"
gate 3 --max-loss 1 --min-accuracy 70%
err_matches "^$low 0.7
$high 1\$"
gate 3 --json --min-accuracy 70% -o gated.safetensors
json_is '.gate | tostring' '{"min_accuracy":0.7,"max_loss":null,"passed":false}'
expect 'the model is kept, to be looked into' [ -s gated.safetensors ]
gate 0 --json --min-accuracy 60% --max-loss 2.5
json_is '.gate | tostring' '{"min_accuracy":0.6,"max_loss":2.5,"passed":true}'

# --- Divergence -------------------------------------------------------------------------------------------------

begin 'divergence'
wild=("${quiet[@]}" --val-split 0 -e 30 --lr 1000 --activation leaky-relu)
echo 'an older model' >kept
run 4 "$train" "${wild[@]}" -o kept --log wild.csv --log-every 1
out_empty
err_matches '^mnist-train: training diverged: the loss is not a finite number at epoch [0-9]+, step [0-9]+, learning rate '\
"$number; try a lower learning rate \(a tenth of 1000\), a longer warm-up, or clipping the gradient to norm 1 "\
'\(--lr, --warmup, --clip-norm 1\)$'
expect 'the older model is gone' [ "$(cat kept)" = 'an older model' ]
step=$(sed 's/.*, step \([0-9]*\),.*/\1/' "$work/err")
expect 'the log does not end before the step named' [ "$(grep -c ^step wild.csv)" -eq $((step - 1)) ]
run 4 "$train" "${wild[@]}" --json -o none.st
out_empty
expect 'a diverged model was written' [ ! -e none.st ]
run 4 "$train" "${wild[@]}" --runs 2 --min-accuracy 1%
run 4 "$train" "${wild[@]}" --val-split 5% # here the validation loss shows it first
err_matches '^mnist-train: training diverged: the validation loss is not a finite number at epoch [0-9]+, step [0-9]+, '
run 0 "$train" "${wild[@]}" --clip-norm 0.001 # as the message advises
run 0 "$train" "${wild[@]}" --lr 1

# --- --dry-run ----------------------------------------------------------------------------------------------------

begin '--dry-run'
mkdir dry
run 0 "$train" "${tiny[@]}" -n -o dry/m.st --log dry/l.csv
expect 'something was written' [ -z "$(ls -A dry)" ]
run 0 "$train" "${quiet[@]}" -n -o kept --json
expect 'the older model is gone' [ "$(cat kept)" = 'an older model' ]
run 1 "$train" "${quiet[@]}" -n -o dry/none/m.st
run 1 "$train" -n --data-dir none
run 0 "$train" "${quiet[@]}" -n --min-accuracy 100%

# --- Model files ----------------------------------------------------------------------------------------------------

begin 'model files'
chmod 640 kept
ln -s ../kept dry/link
run 0 "$train" "${quiet[@]}" -o dry/link
expect 'the link is gone' [ -L dry/link ]
# shellcheck disable=SC2012  # ls is the portable way to ask
expect 'the mode is lost' [ "$(ls -l kept | cut -c 1-10)" = -rw-r----- ]
run 0 "$eval" -q kept
run 0 "$train" "${quiet[@]}" -o dry/1.st
cp dry/1.st 2.st
run 0 "$train" "${quiet[@]}" -s 2 -o dry/1.st
expect 'not replaced' [ "$(digest_of dry/1.st)" != "$(digest_of 2.st)" ]
expect 'temporary files are left' [ "$(ls -A dry)" = "$(printf '1.st\nlink')" ]
shell 0 '$train "$@" -s 3 -o both & $train "$@" -s 4 -o both && wait $!' "${quiet[@]}"
run 0 "$eval" -q both # whichever run wrote it last, the file is whole
strange=$'ü \'"$(x)* \\ \e[1m\n.st'
run 0 "$train" "${quiet[@]}" -o "$strange"
run 0 "$eval" -q "$strange"
rm -- "$strange"
shell 0 '$train "$@" -o /dev/stdout | tail -n 1' "${quiet[@]}"
out_matches ' errors=[0-9]+ n=20 '

begin 'a model that cannot be written' # the result is printed all the same
run 0 "$train" "${quiet[@]}"
expected=$(result)
run 1 "$train" "${quiet[@]}" -o /dev/full
err_is 'mnist-train: /dev/full: cannot write it: No space left on device'
expect 'the result is lost' [ "$(result)" = "$expected" ]
run 1 "$train" "${quiet[@]}" -o /dev/full --json
json_is '.model.file, .model.sha256, .test.n' $'null\nnull\n20'

begin 'signals'
for signal in INT:130 TERM:143; do
    run "${signal#*:}" timeout -s "${signal%:*}" --preserve-status 0.3 "$train" "${tiny[@]}" -e 1000000 -o dry/killed -q
    expect 'something was written' [ "$(ls -A dry)" = "$(printf '1.st\nlink')" ]
done

# --- Streams that fail ---------------------------------------------------------------------------------------------------

begin 'streams that fail'
full='mnist-train: stdout could not be written: No space left on device'
for arguments in '-q' '-q --json' '--runs 2 -q' '--help' '--version' '--print-config' '-n -q'; do
    shell 1 "\$train $arguments \"\$@\" >/dev/full" "${tiny[@]}"
    err_is "$full"
done
shell 1 '$train "$@" >/dev/full -o full.st' "${quiet[@]}"
run 0 "$eval" -q full.st
for arguments in '' '--json' '--runs 2'; do
    shell 1 "\$train \"\$@\" $arguments >&-" "${quiet[@]}"
    err_matches 'stdout could not be written: '
done
# Nobody reads stdout: the run goes on to its end, and then says so.
shell 1 '{ sleep 0.2; $train "$@" -o nobody.st; } | exec true; exit "${PIPESTATUS[0]}"' "${quiet[@]}"
err_matches 'stdout could not be written: Broken pipe'
run 0 "$eval" -q nobody.st
shell 0 '{ sleep 0.2; $train "$@" -q --progress plain 2>&3; } 3>&1 >nobody.out | exec true; exit "${PIPESTATUS[0]}"' "${tiny[@]}"
expect 'the result is lost with stderr' [ -s nobody.out ]
# Without stdout or stderr their descriptor numbers are free: nothing may be printed into files that get these.
shell 1 '$train "$@" --log closed.csv >&-' "${tiny[@]}"
shell 0 '$train "$@" --log plain.csv' "${tiny[@]}"
same_bytes closed.csv plain.csv
shell 0 '$train "$@" --log closed.csv 2>&- >closed.out' "${tiny[@]}"
same_bytes closed.csv plain.csv
expect 'the result is lost' [ -s closed.out ]
shell 1 '$train "$@" --log closed.csv -o closed.st <&- >&- 2>&-' "${tiny[@]}"
same_bytes closed.csv plain.csv
run 0 "$eval" -q closed.st
shell 0 '$train "$@" 2>/dev/full' "${tiny[@]}"
out_has 'test_acc='
# If the log cannot grow, it is given up, and the training goes on. The header fits, two epochs do not.
if command -v prlimit >/dev/null; then
    shell 1 'prlimit --fsize=200 $train "$@" --log full.csv 2>&1 | cat; exit "${PIPESTATUS[0]}"' \
        "${tiny[@]}" -e 5
    out_has 'test_acc='
    out_has 'full.csv: cannot write the log: File too large; training goes on without the log'
    expect 'half a line in the log' [ "$(tail -c 1 full.csv | od -A n -c | tr -d ' ')" = '\n' ]
    expect 'more than the limit' [ "$(wc -c <full.csv)" -le 200 ]
else
    left_out 'a log that cannot grow: no prlimit'
fi

# --- Where data are found ----------------------------------------------------------------------------------------------------

begin 'where data are found'
data "$work/data" 4
train_images='train-images-idx3-ubyte'
# found DIR ARGUMENT...: the training images are read from there
found()
{
    run 0 "$train" -v -n "${@:2}"
    err_has "read $1/$train_images
"
}
for dir in there env data/mnist "$HOME/.cache/mnist" xdg/mnist; do
    mkdir -p "$(dirname -- "$dir")"
    cp -r "$work/data" "$dir"
done
export MNIST_DATA_DIR=env XDG_CACHE_HOME=$PWD/xdg
found there --data-dir there
found env
unset MNIST_DATA_DIR
found ./data/mnist
rm env/$train_images
for named in env /nope; do # incomplete, and not there: no other place is searched
    MNIST_DATA_DIR=$named run 1 "$train" -n
    err_has "MNIST_DATA_DIR: the data was not found; tried $named (no "
done
MNIST_DATA_DIR=/nope run 0 "$train" -n --data-dir there
mv data elsewhere
found "$PWD/xdg/mnist"
export XDG_CACHE_HOME=xdg # must be absolute
found "$HOME/.cache/mnist"
unset XDG_CACHE_HOME
found "$HOME/.cache/mnist"
mv "$HOME/.cache" cache
run 1 "$train" -n --data-dir env # and nowhere else
err_has "tried env (no $train_images)"
# Files that are named are read instead of those that are found.
cp there/$train_images named
run 0 "$train" -v -n --train-images named --train-labels there/train-labels-idx1-ubyte --data-dir there
err_has "read named
read there/train-labels-idx1-ubyte
read there/t10k-images-idx3-ubyte
"

begin 'forms of data'
# digests: of data and model, from JSON
digests()
{
    run 0 "$train" -q --json --hidden 4 -e 1 "$@"
    json '[.data, .model.sha256]'
}
expected=$(digests --data-dir there)
# same_data TITLE ARGUMENT...
same_data()
{
    local found
    found=$(digests "${@:2}")
    expect "$1: other data" [ "$found" = "$expected" ]
}
mkdir forms
for name in train-images-idx3 train-labels-idx1 t10k-images-idx3 t10k-labels-idx1; do
    gzip -c "there/$name-ubyte" >"forms/$name-ubyte.gz"
done
same_data 'gzip' --data-dir forms
for name in train-images-idx3 train-labels-idx1 t10k-images-idx3 t10k-labels-idx1; do
    mv "forms/$name-ubyte.gz" "forms/${name%-idx?}.${name##*-}-ubyte.gz"
done
same_data 'gzip, dots in names' --data-dir forms
for name in train-images.idx3 train-labels.idx1 t10k-images.idx3 t10k-labels.idx1; do
    mv "forms/$name-ubyte.gz" "forms/$name-ubyte" # still gzip, which is known by content and not by name
done
same_data 'gzip, not by its name' --data-dir forms
for name in train-images.idx3 train-labels.idx1 t10k-images.idx3 t10k-labels.idx1; do
    gzip -dc <"forms/$name-ubyte" >"forms/$name-ubyte.gz" && rm "forms/$name-ubyte"
done
same_data 'raw, not by its name' --data-dir forms
{
    bytes 00 00 0c 02
    be32 40
    be32 2
    for ((i = 0; i < 40; i++)); do
        be32 $((i % 10))
        be32 $((i + 1000))
    done
} >qmnist
same_data 'labels of QMNIST' --train-images named --train-labels qmnist --data-dir there
same_data 'labels as 32-bit numbers through a pipe' --train-images <(cat named) --train-labels <(gzip -c qmnist) --data-dir there

begin 'images of another size'
run 0 "$train" --data-dir there -q --hidden none -n
out_has 'parameters=170 '

# --- On a terminal --------------------------------------------------------------------------------------------------------------

# terminal COMMAND: with stderr, and unless redirected stdout, on a terminal; what it shows is in $out.
terminal()
{
    run 0 script -qec "$1" /dev/null
}

if script --version 2>/dev/null | grep -q util-linux; then
    begin 'on a terminal'
    export TERM=xterm
    bar=$'\r\e[1mepoch 1/1\e[0m [' erase=$'\e[2A\r\e[J\e[1mepoch 1/1\e[0m  train loss'
    # so many images that an epoch lasts until the bar is drawn, with a margin
    for ((count = 200; count < 100000; count *= 2)); do
        command="'$train' --dataset synthetic --synthetic-train $((12 * count)) --synthetic-test 20 --hidden 512,512 -e 1 -j 1"
        terminal "${command/$((12 * count))/$count}"
        if has "$out" "$bar"; then
            break
        fi
    done
    terminal "$command"
    out_has "$bar"
    out_has "$erase"
    out_matches '\] +[0-9]+%  +[0-9.]+[kMG]? img/s  ETA [0-9]:[0-9]{2}'
    terminal "stty cols 40 2>/dev/null; $command"
    for line in $(tr '\r' '\n' <"$work/out" | grep -v 'train loss' | grep -E '%  |loss |acc ' | sed $'s/\e\\[[0-9;]*[mK]//g' | awk '{ print length($0) }'); do
        expect "a bar of $line columns on a terminal of 40" [ "$line" -lt 40 ]
    done
    NO_COLOR=1 terminal "$command"
    out_has $'\repoch 1/1 ['
    expect 'colour with NO_COLOR' [ "${out/$'\e[1m'/}" = "$out" ]
    NO_COLOR='' terminal "$command"
    out_has "$bar"
    terminal "$command --color never"
    expect 'colour with --color never' [ "${out/$'\e[1m'/}" = "$out" ]
    TERM=dumb terminal "$command"
    expect 'escape sequences on a dumb terminal' [ "${out/$'\e'/}" = "$out" ]
    terminal "$command --progress plain"
    expect 'a bar with --progress plain' [ "${out/img\/s  ETA*img\/s/}" = "$out" ]
    terminal "$command >on-file"
    out_has "$bar"
    expect 'stdout is not the result alone' [ "$(lines_of on-file)" -eq 1 ]
    terminal "$command 2>on-file"
    expect 'a bar in a file' [ "$(tr -dc '\r\033' <on-file)" = '' ]
    terminal "$command -q"
    expect 'more than the result with -q' [ "$(lines_of "$work/out")" -eq 1 ]
    export TERM=dumb
else
    title='on a terminal' left_out 'no script of util-linux'
fi

# --- --help and the like -----------------------------------------------------------------------------------------------------------

for program in "$train" "$eval"; do
    begin "${program##*/} --help"
    run 0 "$program" --help
    err_empty
    cp "$work/out" help
    expect 'wider than 80 columns' [ "$(awk 'length($0) > 80' help)" = '' ]
    expect 'blanks at ends of lines' [ "$(grep -c ' $' help)" -eq 0 ]
    out_matches "^Usage: ${program##*/} \[OPTION\]\.\.\."
    for group in Data Run Gate Output Examples 'Exit codes'; do
        out_has "
$group:
"
    done
    run 0 "$program" -h
    same_bytes "$work/out" help
    run 0 "$program" -h --bogus
    run 2 "$program" --bogus -h
    run 0 "$program" -V
    out_matches "^${program##*/} [0-9]+\.[0-9]+\.[0-9]+\$"
done
begin 'live defaults'
"$train" --help >help
for option in $("$train" --print-config | sed -n 's/^  "\([a-z-]*\)": .*/\1/p'); do
    expect "--$option is not in --help" grep -Eq -- "^  (-[a-z], |    )--(\[no-\])?$option( |\$)" help
done
for text in '--hidden LIST' '(default: 256)' '(default: one-cycle)' '(default: 0.9)'; do
    expect "--help lacks $text" grep -Fq -- "$text" help
done

begin 'MNIST_ISA'
synthetic=(--dataset synthetic --synthetic-train 50 --synthetic-test 20 -e 1 --hidden 8)
export MNIST_ISA=avx1024
run 2 "$train" "${synthetic[@]}"
out_empty
err_has 'MNIST_ISA: kernels "avx1024" are not for this CPU, or unknown: expected one of scalar, portable'
run 0 "$train" --version # needs no kernels
export MNIST_ISA=scalar
run 0 "$train" "${synthetic[@]}" --json -q
expect 'not the scalar kernels' [ "$(jq -r .kernels "$work/out")" = scalar ]
unset MNIST_ISA

finish
