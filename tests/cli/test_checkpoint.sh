#!/usr/bin/env bash
# test_checkpoint.sh BUILD-DIR SOURCE-DIR: trainings that are interrupted, killed, or cannot write: what is kept, what is
# printed, and that a resumed training ends with the same bytes.
# shellcheck disable=SC2016  # "$@" is for the shell that the function shell starts
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
source_dir=$(CDPATH='' cd -- "$2" && pwd)
start "$1"

base=(--dataset synthetic --synthetic-train 600 --synthetic-test 50 --val-split 100 --hidden 16 -b 25)

# Runs it in the background, but with the default action for SIGINT, which shells ignore there. Sets pid.
launch()
{
    printf '%q ' "$@" >"$work/command"
    echo >>"$work/command"
    : >"$work/err" # no line of an earlier command may be found
    set -m
    "$@" </dev/null >"$work/out" 2>"$work/err" &
    pid=$!
    set +m
}

# seen PATTERN: waits until stderr has such a line; false if the program ends before.
seen()
{
    until grep -q -- "$1" "$work/err"; do
        kill -0 "$pid" 2>/dev/null || return 1
        sleep 0.01
    done
}

# ends CODE: waits for the launched program, and checks its exit code.
ends()
{
    local code=0
    wait "$pid" || code=$?
    keep
    expect "exit code $code, not $1" [ "$code" -eq "$1" ]
}

# stopped SIGNAL CODE COMMAND...: the signal comes after the first epoch. If the training has ended before, it is
# begun anew.
stopped()
{
    local signal=$1 expected=$2 tries=0 code
    shift 2
    while [ "$tries" -lt 20 ]; do
        code=0 tries=$((tries + 1))
        launch "$@"
        seen 'epoch .* train loss' || true
        kill -s "$signal" "$pid" 2>/dev/null || true
        wait "$pid" || code=$?
        grep -q '^mnist-train: .* at epoch ' "$work/err" && break
    done
    keep
    expect "exit code $code, not $expected" [ "$code" -eq "$expected" ]
}

# --- Interrupted, and resumed -----------------------------------------------------------------------------------

begin 'an undisturbed training'
logged=(--log-every 7)
whole=("${base[@]}" -e 60 --keep best --augment light --ema 0.9)
run 0 "$train" "${whole[@]}" "${logged[@]}" -q --json -o whole.st --log whole.csv
json 'del(.seconds, .epochs[].seconds, .config, .model.file)' >whole.json

begin 'signals'
for signal in INT:130 TERM:143 HUP:129; do
    name="it's ${signal%:*}"
    stopped "${signal%:*}" "${signal#*:}" "$train" "${whole[@]}" "${logged[@]}" -o "$name.st" --log "$name.csv" --checkpoint "$name.ckpt"
    out_empty
    expect 'a model was written' [ ! -e "$name.st" ]
    err_matches ' at epoch [0-9]+ of 60, step [0-9]+ of 1200; to go on:'
    # the printed command is run exactly as it is printed
    command=$(tail -n 1 "$work/err")
    expect "not the command: $command" matches "$command" '^  [^ ]*mnist-train --resume '
    shell 0 "$command --json"
    err_has "going on from $name.ckpt, "
    expect 'another result' [ "$(json 'del(.seconds, .epochs[].seconds, .config, .model.file)')" = "$(cat whole.json)" ]
    same_bytes "$name.st" whole.st
    same_bytes "$name.csv" whole.csv
done
stopped INT 130 "$train" "${base[@]}" -e 100000 --json --checkpoint flags.ckpt
expect 'the command lacks --json' matches "$(tail -n 1 "$work/err")" ' --resume flags.ckpt --json$'

begin 'a training that is over'
cp whole.csv over.csv
run 0 "$train" --resume "it's INT.ckpt" -o over.st -j 1
err_has "it's INT.ckpt: this training is over; its net is tested again"
out_matches '^test_loss='
same_bytes over.st whole.st
same_bytes "it's INT.csv" whole.csv
run 0 "$train" --resume "it's INT.ckpt" --json -q
expect 'another result' [ "$(json 'del(.seconds, .epochs[].seconds, .config, .model.file)')" = "$(cat whole.json)" ]
run 3 "$train" --resume "it's INT.ckpt" -q --max-loss 0.000001

begin 'killed at random'
run 0 "$source_dir/scripts/kill-loop.sh" --build "${train%/*}" 3
out_matches '^3 of 3 byte-identical \(model and log\); ([3-9]|[1-9][0-9]+) kills, ([3-9]|[1-9][0-9]+) resumptions from where '

begin 'a second signal'
launch "$train" --dataset synthetic --synthetic-train 4000 --hidden 4096,4096 -b 3800 -j 1 --checkpoint big.ckpt
seen '^784'
# a step takes seconds; which signals count as one is unit.signals' to say, as it goes by the time between them
while kill -s INT "$pid" 2>/dev/null; do sleep 0.05; done
ends 130

begin 'no checkpoint asked for'
stopped INT 130 "$train" "${base[@]}" -e 100000
err_matches 'mnist-train: interrupted at epoch [0-9]+ of 100000, step [0-9]+ of 2000000; nothing of it is kept: with --checkpoint FILE, it could go on from here$'
stopped TERM 143 "$train" "${base[@]}" -e 100000 --runs 2
err_matches 'mnist-train: terminated at epoch [0-9]+ of 100000, step [0-9]+ of 2000000 \(seed 1\); nothing of it is kept$'

begin 'signals that the caller ignores'
trap '' HUP
launch "$train" "${base[@]}" -e 1000000 --checkpoint hup.ckpt
trap - HUP
seen '^epoch'
kill -s HUP "$pid"
sleep 0.2
expect 'SIGHUP ends it' kill -0 "$pid"
kill -s TERM "$pid"
ends 143

begin 'SIGUSR1'
launch "$train" "${base[@]}" -e 1000000 --checkpoint usr.ckpt --checkpoint-every 1000000epochs
seen '^epoch'
expect 'a checkpoint that was not asked for' [ ! -e usr.ckpt ]
kill -s USR1 "$pid"
seen 'wrote usr.ckpt' || true
expect 'no checkpoint' [ -s usr.ckpt ]
kill -s USR1 "$pid"
until [ "$(grep -c 'wrote usr.ckpt' "$work/err")" -ge 2 ] || ! kill -0 "$pid" 2>/dev/null; do sleep 0.01; done
kill -s TERM "$pid"
ends 143
err_matches 'mnist-train: epoch [0-9]+ of 1000000, step [0-9]+ of 20000000, train loss [0-9.]+ acc +[0-9.]+%; wrote usr.ckpt'
launch "$train" "${base[@]}" -e 1000000 -q --log usr.csv
until grep -q '^epoch' usr.csv 2>/dev/null || ! kill -0 "$pid" 2>/dev/null; do sleep 0.01; done
kill -s USR1 "$pid"
seen 'no --checkpoint to write' || true
kill -s TERM "$pid"
ends 143

# --- What cannot be written -------------------------------------------------------------------------------------

begin 'a full disk'
run 0 "$train" "${base[@]}" -e 3 -q -o plain.st
if [ -w /dev/full ]; then
    ln -s /dev/full full.ckpt
    run 1 "$train" "${base[@]}" -e 3 -q -o full.st --checkpoint full.ckpt
    expect 'not three warnings' [ "$(grep -c 'this checkpoint is left out; training goes on' "$work/err")" -eq 3 ]
    err_has 'full.ckpt'
    err_has 'No space left on device'
    out_matches '^test_loss='
    same_bytes full.st plain.st
fi
run 0 "$train" "${base[@]}" -e 3 -q --checkpoint small.ckpt
cp small.ckpt before.ckpt
shell 1 'ulimit -f 8; $train --resume small.ckpt -e 5 -q'
err_has 'this checkpoint is left out, the one before stays; training goes on'
same_bytes small.ckpt before.ckpt
expect 'temporary files are left' [ -z "$(find . -name '.*.tmp')" ]
run 1 "$train" "${base[@]}" --checkpoint none/a.ckpt
err_has "the directory 'none' does not exist"

begin 'pipes that nobody reads'
shell 1 '$train "$@" -e 3 -o pipe.st | :; exit "${PIPESTATUS[0]}"' "${base[@]}"
err_has 'stdout could not be written: Broken pipe'
same_bytes pipe.st plain.st
mkfifo gone.csv
shell 1 'head -c 10 <gone.csv >/dev/null & $train "$@" -e 3 -q --log-every 1 -o logged.st --log gone.csv --checkpoint gone.ckpt' "${base[@]}"
err_is 'mnist-train: gone.csv: cannot write the log: Broken pipe; training goes on without the log'
same_bytes logged.st plain.st
run 1 "$train" --resume gone.ckpt -q -e 4
err_is 'mnist-train: the log had been given up when a write to it failed, and stays as it is'

# --- How often -----------------------------------------------------------------------------------------------------

begin '--checkpoint-every'
for every in 1 2epochs 7steps 1step 0.001s; do
    run 0 "$train" "${base[@]}" -e 3 -q -o every.st --checkpoint every.ckpt --checkpoint-every "$every"
    same_bytes every.st plain.st
    run 0 "$train" --resume every.ckpt -q # the end is kept, though no interval is due
    same_bytes every.st plain.st
done
for every in 0 0s 5m s steps -1 1.5 1.5epochs '' ' 3s'; do
    run 2 "$train" --checkpoint a.ckpt --checkpoint-every "$every"
    err_has "--checkpoint-every: \"$every\" is not a time like 30s, or a number of steps or epochs"
done
run 0 "$train" --checkpoint a.ckpt --checkpoint-every 90s --print-config
json_is '.checkpoint, .["checkpoint-every"]' $'a.ckpt\n90s'
cp "$work/out" every.json
run 0 "$train" --config every.json --print-config
same_bytes "$work/out" every.json

# --- More epochs, other files -----------------------------------------------------------------------------------

begin 'more epochs'
constant=("${base[@]}" --schedule constant --warmup 0)
run 0 "$train" "${constant[@]}" -e 5 -q -o five.st --log five.jsonl
run 0 "$train" "${constant[@]}" -e 2 -q -o grown.st --log grown.jsonl --checkpoint grown.ckpt
run 0 "$train" --resume grown.ckpt -e 5
expect 'a warning without a reason' [ "$(grep -c 'from here on' "$work/err")" -eq 0 ]
same_bytes grown.st five.st
same_bytes grown.jsonl five.jsonl
run 0 "$train" --resume every.ckpt -e 4
err_has '4 epochs instead of 3: from here on the learning rate goes by all 4'
run 2 "$train" --resume grown.ckpt -e 4
err_has '--epochs 4: the training in grown.ckpt is for 5; they may become more, not fewer'

begin 'moved'
mkdir moved
run 0 "$train" "${constant[@]}" -e 2 -q --log moved.jsonl --checkpoint moved.ckpt
mv moved.jsonl moved.ckpt moved
run 1 "$train" --resume moved/moved.ckpt -e 5 -q
err_has "moved.jsonl: does not exist, but the training's log"
cp moved/moved.jsonl log.before
run 0 "$train" --resume moved/moved.ckpt -e 5 -n -q --log moved/moved.jsonl
same_bytes moved/moved.jsonl log.before # --dry-run has touched nothing
run 0 "$train" --resume moved/moved.ckpt -e 5 -q --log moved/moved.jsonl -o moved/m.st --checkpoint moved/next.ckpt
same_bytes moved/moved.jsonl five.jsonl
same_bytes moved/m.st five.st
run 0 "$train" --resume moved/next.ckpt --print-config
json_is '.epochs, .checkpoint, .log' $'5\nmoved/next.ckpt\nmoved/moved.jsonl'

begin 'a log that is another'
sed 's/step/STEP/;s/epoch/EPOCH/' log.before >moved/moved.jsonl
cp moved/moved.jsonl edited
run 1 "$train" --resume moved/moved.ckpt -e 5 -q --log moved/moved.jsonl
err_has 'are not what the log held when the checkpoint was written'
same_bytes moved/moved.jsonl edited
head -c 100 log.before >moved/moved.jsonl
run 1 "$train" --resume moved/moved.ckpt -e 5 -q --log moved/moved.jsonl
err_matches 'has 100 bytes, but the log had [0-9]+ when the checkpoint was written'

begin 'a checkpoint that is well-formed, but cannot go on'
mkdir bad
python3 "$source_dir/tests/cli/bad_files.py" bad moved/moved.ckpt
expect 'the log is not longer than the checkpoint has it' [ "$(lines_of five.jsonl)" -gt "$(lines_of log.before)" ]
for file in no-momentum extra config-optimizer config-ema updates-huge; do
    cp five.jsonl longer.jsonl
    run 1 "$train" --resume "bad/ckpt-$file" -e 5 -q --log longer.jsonl
    err_has "bad/ckpt-$file: the snapshot of a training"
    same_bytes longer.jsonl five.jsonl # a refused --resume has not cut it
done
run 0 "$train" --resume bad/ckpt-good -e 5 -q --log longer.jsonl -o bad/five.st
same_bytes longer.jsonl five.jsonl
same_bytes bad/five.st five.st

begin 'another training in its place'
run 0 "$train" "${base[@]}" -e 1 --checkpoint grown.ckpt
err_has "grown.ckpt is there already, and will be replaced by this training's first checkpoint"

# --- Refusals ------------------------------------------------------------------------------------------------------

begin 'other data'
data there 5
cp -r there elsewhere
small=(--val-split 0 --hidden 4 -b 2 -q)
run 0 "$train" --data-dir there "${small[@]}" -e 2 --checkpoint data.ckpt
run 0 "$train" --resume data.ckpt -e 3 --data-dir elsewhere -q
printf '\7' | dd of=elsewhere/train-labels-idx1-ubyte bs=1 seek=9 conv=notrunc 2>/dev/null
run 1 "$train" --resume data.ckpt -e 3 --data-dir elsewhere -q
err_matches "^mnist-train: data.ckpt: the training labels are not those that this training began with: SHA-256 [0-9a-f]{64}, expected \"[0-9a-f]{64}\""

begin 'flags that go against it'
against()
{
    run 2 "$train" --resume every.ckpt -q "${@:2}"
    expect "stderr does not begin with: $1" [ "${err#"mnist-train: $1"}" != "$err" ]
}
against '--lr 0.3: the training in every.ckpt has --lr 0.1; leave it out' --lr 0.3
against '--no-nesterov: the training in every.ckpt has --nesterov;' --no-nesterov
against '--hidden 17: the training in every.ckpt has --hidden 16;' --hidden 17
against '--seed 2: the training in every.ckpt has --seed 1;' -s 2
against '--augment light: the training in every.ckpt has --augment none;' --augment light
against '--augment nonsense: the training' --augment nonsense
against '--log: the training in every.ckpt has none' --log a.csv
against '--log-every 3: the training in every.ckpt has --log-every 0' --log-every 3
against '--checkpoint does not go with --runs' --runs 2
against '--resume and --tune exclude each other' --tune 1
against '--val-split 0 (of the recipe): the training' --recipe plain
echo '{"lr": 0.2}' >lr.json
against '--lr 0.2 (of the config file): the training' --config lr.json
run 0 "$train" --resume every.ckpt -q --lr 0.1 --augment none --hidden 16 --dataset synthetic # options that agree
run 2 "$train" --checkpoint a.ckpt --ensemble 3 -o 'a-{seed}.st'
err_has '--checkpoint does not go with --ensemble: it keeps one training'
run 2 "$train" --checkpoint-every 3
err_has '--checkpoint-every needs --checkpoint FILE to write to'
run 2 "$train" --checkpoint a.csv --log a.csv
err_has '--checkpoint and --log name the same file'
run 2 "$train" --checkpoint a.st -o a.st
err_has '--checkpoint and --output name the same file'
run 2 "$train" "${base[@]}" --checkpoint ./a.csv --log a.csv
err_has '--checkpoint and --log name the same file'
run 2 "$train" --tune 1 --checkpoint a.ckpt
err_has '--checkpoint does not go with --tune'

begin 'what is no checkpoint'
run 1 "$train" --resume nowhere.ckpt
err_is 'mnist-train: nowhere.ckpt: cannot be opened: No such file or directory'
run 1 "$train" --resume plain.st
err_has "format 'mnist-mlp', expected 'mnist-checkpoint': a model has no state of a training to go on from"
run 1 "$eval" every.ckpt
err_has "format 'mnist-checkpoint', expected 'mnist-mlp'; the training goes on with mnist-train --resume"
cp every.ckpt damaged.ckpt
printf 'X' | dd of=damaged.ckpt bs=1 seek=9000 conv=notrunc 2>/dev/null
run 1 "$train" --resume damaged.ckpt
err_has 'damaged.ckpt: the file is damaged'
head -c 9000 every.ckpt >cut.ckpt
run 1 "$train" --resume cut.ckpt
err_has 'truncated'

begin 'a pipe'
mkfifo pipe
run 1 "$train" "${base[@]}" -q -e 1 --checkpoint pipe
err_is 'mnist-train: pipe: a pipe that nobody reads; name a file, or begin to read first'
cat pipe >"got" &
run 0 "$train" "${base[@]}" -q -e 2 --checkpoint pipe
wait $!
expect 'the reader did not get both checkpoints' [ "$(grep -c -a '"format":"mnist-checkpoint"' got)" -eq 2 ]

begin 'the file is removed meanwhile'
mkdir sub
launch "$train" "${base[@]}" -e 1000000 --checkpoint sub/a.ckpt --checkpoint-every 0.01s --progress plain
until [ -e sub/a.ckpt ] || ! kill -0 "$pid" 2>/dev/null; do
    sleep 0.01
done
until rm -r sub 2>/dev/null; do # a temporary file may come in between
    sleep 0.01
done
seen 'this checkpoint is left out, and the one before is gone; training goes on' || true
kill -s TERM "$pid"
ends 143
err_has 'and the one before is gone; training goes on'
err_has '; its last checkpoint is gone'

begin 'what a limit of time has ended'
run 0 "$train" "${base[@]}" -q -e 1000000 --max-time 0.2 --checkpoint time.ckpt -o time.st
mv time.st time1.st
run 0 "$train" --resume time.ckpt --max-time 50
err_has 'time.ckpt: this training is over, ended by its --max-time; its net is tested again'
err_matches 'stopped after 0\.[2-9][0-9]* s, in epoch '
expect 'it was trained on' cmp time.st time1.st

finish
