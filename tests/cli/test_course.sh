#!/usr/bin/env bash
# test_course.sh BUILD-DIR SOURCE-DIR: what mnist-train prints about early stopping, a limit of time and the epoch that is
# kept.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
start "$1"

# Few images, which the net soon learns by heart: the validation loss rises again.
base=(--dataset synthetic --synthetic-train 60 --synthetic-test 20 --val-split 20 --hidden 16 -b 4 --schedule constant
    --warmup 0)

begin 'a run that ends by itself'
run 0 "$train" "${base[@]}" -e 3
expect 'it says that it was stopped' [ "$(grep -Ec 'stopped|kept' "$work/err")" -eq 0 ]
run 0 "$train" "${base[@]}" -e 3 --json -q
json_is '.stopped, .kept_epoch' $'null\n3'

# --- Patience ---------------------------------------------------------------------------------------------------

begin '--patience'
run 0 "$train" "${base[@]}" -e 300 --patience 4 --json
last=$(json '.epochs | length')
best=$(json '.epochs | min_by(.validation_loss).epoch')
expect "all $last epochs were run" [ "$last" -lt 300 ]
expect "the best, $best, is not 4 epochs before the last, $last" [ "$((best + 4))" -eq "$last" ]
json_is '.stopped, .kept_epoch' "patience"$'\n'"$last"
err_has "stopped after epoch $last of 300: no lower validation loss for 4 epochs"
expect 'an epoch is said to be kept' [ "$(grep -c kept "$work/err")" -eq 0 ]
expect 'time is said to be left' [ "$(grep '^epoch' "$work/err" | tail -n 1 | sed 's/.* ETA //')" = 0:00 ]
expect 'it is not the last line' matches "$(tail -n 1 "$work/err")" '^stopped after epoch '
run 0 "$train" "${base[@]}" -e 300 --patience 1 -q
err_empty

begin '--min-delta'
run 0 "$train" "${base[@]}" -e 300 --patience 1 --min-delta 5
err_has 'stopped after epoch 2 of 300: no lower validation loss (by more than 5) for 1 epoch'

# --- The best epoch ------------------------------------------------------------------------------------------------

begin '--keep best'
run 0 "$train" "${base[@]}" -e 300 --patience 4 --keep best --json -o best.st
json_is '.stopped, .kept_epoch' "patience"$'\n'"$best"
loss=$(json '.epochs | min_by(.validation_loss).validation_loss')
err_has "kept epoch $best (val loss $(LC_ALL=C printf %.4f "$loss"))"
expect 'the last line' matches "$(tail -n 1 "$work/err")" '^kept epoch '
test=$(json .test)
# A constant rate does not depend on the number of epochs: a run that ends at the kept epoch gives the same net.
run 0 "$train" "${base[@]}" -e "$best" --json -q
expect 'another epoch is tested than the one that is said to be kept' [ "$(json .test)" = "$test" ]
run 0 "$train" "${base[@]}" -e "$best" --keep best --json
json_is '.stopped, .kept_epoch' $'null\n'"$best"
err_has "kept epoch $best (val loss "

begin 'several runs'
run 0 "$train" "${base[@]}" -e 300 --patience 2 --keep best --runs 2 --json
json_holds '.runs | all(.stopped == "patience" and .kept_epoch == (.epochs | min_by(.validation_loss).epoch))'
json_holds '.runs | all(.kept_epoch == (.epochs | length) - 2)'
for i in 0 1; do
    err_has "run $((i + 1))/2  stopped after epoch $(json ".runs[$i].epochs | length") of 300: no lower"
    err_has "run $((i + 1))/2  kept epoch $(json ".runs[$i].kept_epoch") (val loss "
done
run 0 "$train" "${base[@]}" -e 300 --patience 2 --ensemble 2 --json -q -s 18446744073709551614
json_holds '.members | all(.stopped == "patience" and .kept_epoch == (.epochs | length))'

# --- Time ----------------------------------------------------------------------------------------------------------

begin '--max-time'
run 0 "$train" "${base[@]}" -e 1000000 --max-time 0.25 --json
json_is .stopped time
last=$(json '.epochs | length')
json_is .kept_epoch "$last"
stopped=$(grep '^stopped' "$work/err")
expect 'no word of it' matches "$stopped" \
    "^stopped after 0\.25 s, in epoch $last of 1000000 \(step [0-9]+ of 10000000\)\$"
step=$(printf '%s' "$stopped" | sed 's/.*(step \([0-9]*\) .*/\1/')
expect "step $step is not in epoch $last of ten steps" [ $(((step + 9) / 10)) -eq "$last" ]
json_holds '.seconds >= 0.25 and .seconds < 5'
left=$(sed -n '/^epoch/{s/.* ETA //p;q}' "$work/err")
expect "ETA $left, not the limit" [ "$left" = 0:01 ]
run 0 "$train" "${base[@]}" -e 1000000 --max-time 0.1 --keep best
err_matches $'stopped after 0\\.1 s, in epoch [0-9]+ of 1000000 \\(step [0-9]+ of 10000000\\)\nkept epoch [0-9]+ \\(val loss [0-9.]+\\)(\n.*: note: .*)?$'
run 0 "$train" "${base[@]}" -e 2 --max-time 1000 --json
json_is '.stopped, .kept_epoch' $'null\n2'
expect 'it says that it was stopped' [ "$(grep -c stopped "$work/err")" -eq 0 ]

finish
