#!/usr/bin/env bash
# test_metrics.sh BUILD-DIR SOURCE-DIR: what mnist-eval prints beyond the result line: tables, JSON, CSV, predictions,
# temperatures, and the comparison with an earlier evaluation.
# shellcheck disable=SC2016  # dollars for jq and awk
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
start "$1"

# usage MESSAGE ARGUMENT...: exit 2 and nothing on stdout.
usage()
{
    begin "$*"
    run 2 "$eval" "${@:2}"
    out_empty
    err_is "mnist-eval: $1
Try 'mnist-eval --help'."
}

# refused MESSAGE ARGUMENT...: exit 1.
refused()
{
    begin "$*"
    run 1 "$eval" "${@:2}"
    out_empty
    err_is "mnist-eval: $1"
}

synthetic=(--dataset synthetic --synthetic-train 300 --synthetic-test 60 --hidden 12 -q)
run 0 "$train" "${synthetic[@]}" -e 3 --val-split 100 -o good.st
run 0 "$train" "${synthetic[@]}" -e 1 -s 2 --val-split 100 -o poor.st
run 0 "$eval" good.st
line=$(result)

# --- The figures agree with each other and with the predictions ------------------------------------------------

begin 'text'
run 0 "$eval" good.st --metrics --calibration --worst 3
err_empty
expect 'the last line is not the result' [ "$(tail -n 1 "$work/out" | sed 's/ seconds=.*//')" = "$line" ]
expect 'wider than 80 columns' [ "$(sed '$d' "$work/out" | awk 'length > 80' | wc -l)" -eq 0 ]
expect 'blanks at the end of a line' [ "$(grep -c ' $' "$work/out")" = 0 ]
out_matches $'^class     images predicted precision  recall      F1      AUC       AP    Brier\n'
out_matches $'\nmicro  '
out_matches $'\nconfidence  '

begin '--json and --predictions'
run 0 "$eval" good.st --json --worst 4 --curves --confusion --predictions p.csv
err_empty
json_is 'keys_unsorted | join(" ")' 'schema version model data test seconds gate confusion metrics mistakes worst curves'
json_holds '.metrics.confusion == .confusion'
json_holds '.metrics.micro.f1 == .test.accuracy and .metrics.top_k[0] == .test.accuracy and .metrics.top_k[9] == 1'
json_holds '(.metrics.log_loss - .test.loss | fabs) < 1e-6'
json_holds '.metrics.classes | map(.support) | add == 60'
json_holds '.metrics.calibration.bins | (length == 15) and (map(.count) | add == 60)'
json_holds '[.metrics.classes[] | .predicted] == [.confusion | transpose[] | add]'
expect 'not a heading and 60 lines' [ "$(lines_of p.csv)" -eq 61 ]
expect 'the heading' [ "$(sed -n 1p p.csv)" = index,label,predicted,p0,p1,p2,p3,p4,p5,p6,p7,p8,p9 ]
expect 'other mistakes than the predictions' [ "$(json -r .mistakes)" = \
    "$(awk -F, 'NR > 1 && $2 != $3 { printf "%s%s:%s", between, $1, $3; between = " " }' p.csv)" ]
expect 'other worst errors than the predictions' [ "$(json -r '[.worst[].index] | join(" ")')" = \
    "$(awk -F, 'NR > 1 && $2 != $3 { print $($3 + 4), $1 }' p.csv | sort -k1,1gr -k2,2n | sed -n 1,4p |
        cut -d' ' -f2 | paste -sd' ')" ]
# the area under class 3's curve, pair by pair
area=$(awk -F, 'NR > 1 { p[NR] = $7; is[NR] = $2 == 3 }
    END {
        for (i in p) { for (j in p) { if (is[i] && !is[j]) { n++; u += p[i] > p[j] ? 1 : p[i] == p[j] ? 0.5 : 0 } } }
        printf "%.12g", u / n
    }' p.csv)
json_holds "(.metrics.classes[3].auc - $area | fabs) < 1e-11"
json_holds '.curves | length == 10'
json_holds '[.curves[] | .roc | .fpr[0] == 0 and .tpr[0] == 0 and .fpr[-1] == 1 and .tpr[-1] == 1] | all'
json_holds '[.curves[] | .precision_recall | .recall[0] == 0 and .precision[0] == 1 and .recall[-1] == 1] | all'
cp "$work/out" good.json
cp p.csv p1.csv
run 0 "$eval" good.st --predictions p.csv -j 3
expect 'the result line' [ "$(result)" = "$line" ]
same_bytes p.csv p1.csv

begin '--csv'
run 0 "$eval" good.st --csv --worst 4 --curves
err_empty
expect 'the heading' [ "$(sed -n 1p "$work/out")" = section,class,item,metric,value ]
expect 'not five columns' [ "$(awk -F, 'NF != 5' "$work/out" | wc -l)" -eq 0 ]
# figure SECTION CLASS ITEM METRIC FILTER: the value in the CSV is the one in the JSON
figure()
{
    local value
    value=$(awk -F, -v s="$1" -v c="$2" -v i="$3" -v m="$4" '$1 == s && $2 == c && $3 == i && $4 == m { print $5 }' "$work/out")
    expect "$1 $2 $3 $4 is $value" [ "$(jq "$5 == $value" good.json)" = true ]
}
figure test '' '' errors .test.errors
figure metrics '' '' brier .metrics.brier
figure macro '' '' auc .metrics.macro.auc
figure class 7 '' average_precision '.metrics.classes[7].average_precision'
figure confusion 2 2 images '.confusion[2][2]'
figure top_k '' 2 accuracy '.metrics.top_k[1]'
figure reliability '' 14 count '.metrics.calibration.bins[14].count'
figure worst '' 1 index '.worst[1].index'
figure roc 4 1 tpr '.curves[4].roc.tpr[1]'
figure precision_recall 4 1 threshold '.curves[4].precision_recall.threshold[1]'

begin 'a class absent, one sample'
data there 4
run 0 "$train" --data-dir there --hidden 8 -e 2 -b 4 -q -o tiny.st
{ bytes 00 00 08 01 && be32 20 && bytes 00 01 02 03 04 05 06 07 08 00 00 01 02 03 04 05 06 07 08 00; } >no-nine
run 0 "$eval" -q tiny.st --test-images there/t10k-images-idx3-ubyte --test-labels no-nine --metrics
out_matches $'\n9 +0 +[0-9]+ +- +- +- +- +- +-\n'
out_has $'\nmeans over the 9 classes that images have; none has 9\n'
run 0 "$eval" -q tiny.st --test-images there/t10k-images-idx3-ubyte --test-labels no-nine --json --curves
json_holds '.metrics.classes[9] | .support == 0 and .precision == null and .auc == null and .brier == null'
json_holds '.metrics.classes_present == 9 and .curves[9].roc == null and .curves[9].precision_recall == null'
json_holds '(.metrics | .macro.recall - ([.classes[:9][].recall] | add / 9) | fabs) < 1e-12'
{ bytes 00 00 08 03 && be32 1 && be32 4 && be32 4 && bytes ff && head -c 15 /dev/zero; } >one-image
{ bytes 00 00 08 01 && be32 1 && bytes 00; } >one-label
run 0 "$eval" -q tiny.st --test-images one-image --test-labels one-label --json --metrics --worst 5 --calibration
json_holds '.metrics | .classes_present == 1 and .macro.auc == null and .mcc == null and .kappa == null'
run 0 "$eval" -q tiny.st --test-images one-image --test-labels one-label --metrics --worst 5 --calibration
out_has 'means over the 1 class that images have; none has 1, 2, 3, 4, 5, 6, 7, 8, 9'

# --- Temperature ---------------------------------------------------------------------------------------------------

begin '--temperature'
run 0 "$eval" good.st --json
loss=$(json .test.loss)
run 0 "$eval" good.st --json --temperature 1
json_holds "(.test.loss - $loss | fabs) < 1e-6 and .temperature == {value: 1, fitted_on: null, test_loss_before: $loss}"
run 0 "$eval" good.st --json --temperature 2 --max-loss 9
json_holds ".test.loss != $loss and .test.accuracy == $(jq .test.accuracy good.json)"
json_holds '.test.loss == .metrics.log_loss'
run 0 "$eval" good.st --json --temperature fit
json_holds '.temperature | .fitted_on == 100 and .value > 0 and .validation_loss_after < .validation_loss_before'
fitted=$(json .temperature.value)
run 0 "$eval" good.st --json --temperature fit -j 3
json_is .temperature.value "$fitted"
run 0 "$eval" good.st --json --temperature fit --val-split 100
json_is .temperature.value "$fitted"
run 0 "$eval" good.st --json --temperature fit --val-split 50%
json_holds ".temperature.fitted_on == 150 and .temperature.value != $fitted"
# nothing of the test images goes into it
run 0 "$eval" good.st --json --temperature fit -q --synthetic-test 7
json_is .temperature.value "$fitted"
run 0 "$eval" good.st --temperature fit
out_matches $'^temperature [0-9.]+, fitted on 100 validation images: their loss [0-9.]+ becomes [0-9.]+\ntest loss without it '
run 0 "$eval" good.st poor.st --temperature fit --json
json_holds '.temperature | .fitted_on == 100 and .validation_loss_after < .validation_loss_before'
run 0 "$eval" good.st --tta 2 --augment shift=1 --temperature fit --json
json_holds '.temperature.fitted_on == 100'
run 0 "$train" "${synthetic[@]}" -e 1 --limit 200 --val-split 20 -o limited.st
run 0 "$eval" limited.st --temperature fit --json
json_is .temperature.fitted_on 20
run 1 "$eval" good.st limited.st --temperature fit
err_is 'mnist-eval: limited.st: was validated on other images than good.st; say --val-split N to fit on the last N of all training images'
run 0 "$eval" good.st limited.st --temperature fit --val-split 10 --json
json_is .temperature.fitted_on 10
run 0 "$train" "${synthetic[@]}" -e 1 --val-split 0 -o all.st
refused 'all.st: was trained without validation images (--val-split 0), so there are none to fit a temperature on; train with --val-split, or say --val-split N, which fits on the last N of all training images whether it was trained on them or not' \
    all.st --temperature fit
run 0 "$eval" all.st --temperature fit --val-split 100 --json
json_is .temperature.fitted_on 100
refused '--val-split: a temperature is to be fitted on 301 of 300 training images' good.st --temperature fit --val-split 301
refused 'good.st: these are not the training images of this model, so it is not known which of them it was validated on; say --val-split N to fit on the last N of them' \
    good.st --temperature fit --data-seed 9

# --- Comparison ---------------------------------------------------------------------------------------------------

begin '--baseline'
run 0 "$eval" poor.st --json
cp "$work/out" poor.json
errors_good=$(jq .test.errors good.json) errors_poor=$(jq .test.errors poor.json)
expect 'the poor net is not poorer' [ "$errors_poor" -gt "$errors_good" ]
run 0 "$eval" good.st --baseline good.json
out_matches ': \+0\.0000% \(95% interval \+0\.0000 to \+0\.0000%\)'
out_has "0 right that was wrong, 0 wrong that was right: McNemar's exact p = 1"
expect 'the last line is not the result' [ "$(tail -n 1 "$work/out" | sed 's/ seconds=.*//')" = "$line" ]
run 0 "$eval" good.st --baseline poor.json --json
err_empty
json_holds ".baseline | .errors == $errors_poor and .gained - .lost == $errors_poor - $errors_good and .passed"
json_holds '.baseline | .both_right + .both_wrong + .lost + .gained == 60 and .difference_low <= .difference'
json_holds '.baseline | .difference <= .difference_high and .mcnemar_p > 0 and .mcnemar_p < 1'
compared=$(json .baseline)
run 0 "$eval" good.st --baseline poor.json --json -j 5
expect 'threads matter' [ "$(json .baseline)" = "$compared" ]
run 0 "$eval" good.st --baseline <(cat poor.json) --json -s 12
json_is .baseline.seed 12
run 3 "$eval" poor.st --baseline good.json
fall=$(jq -n "($errors_poor - $errors_good) / 60")
err_matches "^mnist-eval: gate failed: test accuracy is 0\.[0-9]+ below that of good\.json, more than --tolerance 0$"
run 0 "$eval" poor.st --baseline good.json --tolerance "$fall"
run 3 "$eval" poor.st --baseline good.json --tolerance "$(jq -n "$fall - 1e-9")" --json
json_is .baseline.passed false
run 3 "$eval" poor.st --baseline good.json --csv
expect 'not in the CSV' grep -q '^baseline,,,passed,0$' "$work/out"
# from the predictions: what is right in one and wrong in the other
run 0 "$eval" poor.st --predictions p2.csv
json_pairs=$(paste -d, p1.csv p2.csv | awk -F, 'NR > 1 { lost += $2 != $3 && $15 == $16; gained += $2 == $3 && $15 != $16 }
    END { print lost + 0, gained + 0 }')
expect 'other pairs than the predictions' [ "$(jq -nr "$compared | \"\\(.lost) \\(.gained)\"")" = "$json_pairs" ]

again='; make it anew with mnist-eval --json'
refused '--baseline: none.json: No such file or directory' good.st --baseline none.json
refused '--baseline: there: Is a directory' good.st --baseline there
printf '[1, 2' >broken.json
refused "broken.json:1:5: ']' expected near end of file" good.st --baseline broken.json
jq -c 'del(.mistakes)' good.json >old.json
refused "old.json: does not say which images were mistaken (\"mistakes\")$again" good.st --baseline old.json
"$train" "${synthetic[@]}" -e 1 --json >train.json
refused 'train.json: is no evaluation: expected an object whose "schema" is "mnist-eval/1", as mnist-eval --json prints it' \
    good.st --baseline train.json
jq -c '.data.test.labels_sha256 = "\u001b[2J"' good.json >labels.json
refused "labels.json: is of other test labels: their SHA-256 is \"\\x1b[2J\" there, but here $(jq -r .data.test.labels_sha256 good.json)" \
    good.st --baseline labels.json
begin 'a baseline of other images'
run 1 "$eval" good.st --baseline good.json --synthetic-test 59 -q
err_matches '^mnist-eval: good\.json: is of other test images: their SHA-256 is "[0-9a-f]{64}" there, but here [0-9a-f]{64}$'
jq -c '.test.errors += 1' good.json >count.json
refused "count.json: names $errors_good mistakes, but its \"test\" has another number of \"errors\"$again" good.st --baseline count.json
label=$(awk -F, 'NR == 2 { print $2 }' p1.csv)
for mistakes in 60:1 "0:$label" 5:1,6:2 '3:1 2:1' 1:10 x 18446744073709551616:1 '0:' "1:$label  2:1"; do
    jq -c --arg m "$mistakes" '.mistakes = $m' good.json >wrong.json
    begin "mistakes $mistakes"
    run 1 "$eval" good.st --baseline wrong.json
    out_empty
    err_matches '^mnist-eval: wrong\.json: "mistakes": after [01] of them: expected INDEX:PREDICTED, ascending, below 60, and not the label; make'
done
begin 'hostile baselines'
head -c 20000000 /dev/zero | tr '\0' ' ' >large.json
refused 'large.json: larger than 16777216 bytes, so it is no evaluation' good.st --baseline large.json
run 1 "$eval" good.st --baseline <(cat large.json)
err_matches 'larger than 16777216 bytes, so it is no evaluation$'
head -c 100000 /dev/zero | tr '\0' '[' >deep.json
refused 'deep.json: byte 16: more than 262144 values or 16 levels, so it is no evaluation' good.st --baseline deep.json
{ printf '[0' && head -c 600000 /dev/zero | tr '\0' ',' | sed 's/,/,0/g'; } >wide.json
begin 'too many values'
run 1 "$eval" good.st --baseline wide.json
err_matches '^mnist-eval: wide\.json: byte [0-9]+: more than 262144 values or 16 levels, so it is no evaluation$'

# --- Of two mistakes, the one that takes less to find --------------------------------------------------------------

usage '--curves needs --json or --csv' none.st --curves
refused '--baseline: none.json: No such file or directory' none.st --baseline none.json
refused 'none.st: cannot be opened: No such file or directory' none.st --report r.html --log none.csv
refused 'none.csv: cannot be opened: No such file or directory' good.st --report r.html --log none.csv --tta 2
usage 'good.st: was trained without --augment; to distort images for --tta, say --augment SPEC' \
    good.st --tta 2 --predictions nowhere/p.csv
refused "nowhere/p.csv: cannot create a temporary file in 'nowhere': the directory 'nowhere' does not exist" \
    good.st --predictions nowhere/p.csv --temperature fit --val-split 301
refused '--val-split: a temperature is to be fitted on 301 of 300 training images' \
    good.st --temperature fit --val-split 301 --baseline labels.json
refused "labels.json: is of other test labels: their SHA-256 is \"\\x1b[2J\" there, but here $(jq -r .data.test.labels_sha256 good.json)" \
    good.st --baseline labels.json --predictions p3.csv --min-accuracy 100%
expect 'wrote predictions' [ ! -e p3.csv ]

# --- The command line --------------------------------------------------------------------------------------------

usage '--csv and --json exclude each other' good.st --csv --json
usage '--curves needs --json or --csv' good.st --curves
usage '--tolerance needs --baseline' good.st --tolerance 0.1
usage '--val-split needs --temperature fit' good.st --temperature 2 --val-split 10
usage '--train-images needs --temperature fit' good.st --train-images a --train-labels b
usage '--val-split 0 leaves no image to fit a temperature on' good.st --temperature fit --val-split 0
usage '--seed needs a --tta above 1, or --baseline' good.st --seed 2
for value in 0 -1 65 nan inf 2x 1e9 fits; do
    usage "--temperature: \"$value\" is neither \"fit\" nor a number from 0.015625 to 64" good.st --temperature "$value"
done
begin 'a file that cannot be written'
run 1 "$eval" good.st --predictions nowhere/p.csv
out_empty
err_has 'nowhere'
expect 'left something behind' [ -z "$(find . -name '.*tmp')" ]

finish
