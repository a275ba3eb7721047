#!/usr/bin/env bash
# test_search.sh BUILD-DIR SOURCE-DIR: mnist-compress auto, which searches a budget, and sweep, which compares a list: what
# they find, write and say, that it is what prune and pack make by hand, and what is said to command lines that are wrong.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=table.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/table.sh"
start "$1"
compress=${train%train}compress

drawn=(--dataset synthetic --synthetic-train 400 --synthetic-test 100 --val-split 50)
run 0 "$train" "${drawn[@]}" --hidden 30,20 -e 3 -q -o m.st
run 0 "$train" "${drawn[@]}" --hidden 30,20 -e 1 -q -o early.st
run 0 "$train" "${drawn[@]}" --hidden 60 -e 3 -q -o big.st
run 0 "$train" --dataset synthetic --synthetic-train 400 --val-split 0 --hidden 8 -e 1 -q -o all.st

run 0 "$train" "${drawn[@]}" --hidden none -e 1 -q -o softmax.st

# history FILE: what was done to the model
history()
{
    "$compress" quantize --bits fp16 -n -q --json "$1" | jq -r .in.compression
}

# --- auto -----------------------------------------------------------------------------------------------

begin 'auto: --max-bytes'
run 0 "$compress" auto --max-bytes 2kB -e 2 --test m.st -o a.mlpk
err_matches 'tried: keep=0\.[0-9]+ codebook=8 weights=[0-9]+ bytes=[0-9]+ val_errors=[0-9]+ val_acc=[0-9.]+'
err_matches 'epoch 2/2'
line=$out
expect "$out" [ "$(value step) $(value net_before)" = 'auto 784-30-20-10' ]
bytes=$(value bytes) keep=$(value keep) test_acc=$(value test_acc)
expect "$bytes bytes" [ "$bytes" -le 2000 ]
expect "$bytes bytes" [ "$bytes" -ge 1800 ]
expect "$bytes bytes" [ "$bytes" = "$(wc -c <a.mlpk)" ]
expect "$(history a.mlpk)" [ "$(history a.mlpk)" = "prune $keep codebook:8; biases 8; pack" ]
run 0 "$eval" -q a.mlpk
expect 'mnist-eval says something else' [ "$(value test_acc)" = "$test_acc" ]

begin 'auto: the same from every machine and team; -q says nothing of it'
for isa in scalar portable; do
    MNIST_ISA=$isa run 0 "$compress" auto --max-bytes 2kB -e 2 --test -q -j 3 m.st -o again.mlpk
    same_bytes again.mlpk a.mlpk
    err_empty
    expect 'another line' [ "$out" = "$line" ]
done

begin 'auto: what it finds is what prune and pack make by hand'
run 0 "$compress" prune --keep "$keep" --codebook 8 -e 2 -q m.st -o p.st
run 0 "$compress" pack -q p.st -o by-hand.mlpk
same_bytes by-hand.mlpk a.mlpk

begin 'auto: JSON'
run 0 "$compress" auto --max-bytes 2000 --codebooks 4,8 -e 1 --tries 2 --json -q m.st -o b.mlpk
json_is .step auto
json_is '[.settings.max_bytes, .settings.tries, .settings.bias_bits, .settings.metadata] | join(" ")' '2000 2 8 short'
json_is '.settings.codebooks | tostring' '[4,8]'
json_is .out.bytes "$(wc -c <b.mlpk)"
json_is .out.sha256 "$(digest_of b.mlpk)"
json_is .out.written true
json_is .gate.passed true
json_holds '(.tried | length) >= 2 and (.tried | length) <= 4 and ([.tried[].codebook] | unique == [4, 8])'
# shellcheck disable=SC2016  # jq's own
json_holds '. as $d | [.tried[] | select(.bytes <= 2000)] | min_by(.validation.errors) | .validation.errors == $d.validation.after.errors'

begin 'auto: --max-loss-of-accuracy, and both'
run 0 "$compress" auto --max-loss-of-accuracy 10% -e 2 --tries 4 --json -q m.st -o c.mlpk
json_holds '.validation.after.errors <= .validation.before.errors + 5 and .gate.passed'
# shellcheck disable=SC2016  # jq's own
json_holds '. as $d | [.tried[] | select(.validation.errors <= $d.validation.before.errors + 5)] | min_by(.bytes) | .bytes == $d.out.bytes'
json_holds '.tried[0].keep == "1" and (.tried | length) <= 5'
run 0 "$compress" auto --max-bytes 4kB --max-loss-of-accuracy 100% -e 1 -q m.st -o d.mlpk
expect "$out" [ "$(value bytes)" -le 4000 ]

begin 'auto: a file with room for all is not trained'
run 0 "$compress" auto --max-bytes 1MiB m.st -o e.mlpk
expect "$out" [ "$(value tried) $(value keep) $(value levels)" = '1 1 8' ]
expect "$(history e.mlpk)" [ "$(history e.mlpk)" = 'levels 8; biases 8; pack' ]

begin 'auto: nothing meets the budget'
rm -f none.mlpk
run 3 "$compress" auto --max-bytes 100 -e 1 m.st -o none.mlpk
err_matches 'nothing that was tried meets --max-bytes 100: the nearest has [0-9]+ bytes and [0-9]+ errors on the validation images, where the model has [0-9]+; nothing was written$'
expect 'it was written' [ ! -e none.mlpk ]
run 3 "$compress" auto --max-bytes 400 --max-loss-of-accuracy 0 -e 1 --json -q m.st -o none.mlpk
err_matches 'meets --max-bytes 400 and --max-loss-of-accuracy 0: the nearest'
json_is .gate.passed false
json_is .out.written false
json_is .out.sha256 null
run 3 "$compress" auto --max-loss-of-accuracy 0 --lr 1e-9 -e 1 --tries 1 --codebooks 1 -q m.st -o none.mlpk
expect 'it was written' [ ! -e none.mlpk ]

begin 'auto: teachers, rewinding, packed and whole numbers to begin with'
run 0 "$compress" auto --max-bytes 2kB -e 1 -q --teacher big.st m.st -o f.mlpk
run 0 "$compress" auto --max-bytes 2kB -e 1 -q --rewind early.st m.st -o f.mlpk
expect "$(history f.mlpk)" grep -q '^prune 0[.0-9]* rewound codebook:8; biases 8; pack$' <<<"$(history f.mlpk)"
run 0 "$compress" auto --max-bytes 1kB -e 1 -q a.mlpk -o f.mlpk
expect "$out" [ "$(value bytes)" -le 1000 ]
run 0 "$compress" quantize -q m.st -o whole.st
run 0 "$compress" auto --max-bytes 2kB -e 1 -q whole.st -o f.mlpk

begin 'auto: --dry-run'
run 0 "$compress" auto --max-bytes 2kB -n m.st -o none.mlpk
expect "$out" [ "$(value step) $(value weights_before)" = 'auto 24320' ]
expect 'it was written' [ ! -e none.mlpk ]

begin 'auto: SIGINT'
set -m
"$compress" auto --max-bytes 2kB -e 1000000 m.st -o none.mlpk </dev/null >"$work/out" 2>"$work/err" &
pid=$!
set +m
until grep -q 'epoch .* train loss' "$work/err" || ! kill -0 "$pid" 2>/dev/null; do sleep 0.02; done
kill -s INT "$pid"
code=0
wait "$pid" || code=$?
keep
expect "exit code $code" [ "$code" -eq 130 ]
err_matches 'mnist-compress: interrupted; nothing was written$'
out_empty
expect 'it was written' [ ! -e none.mlpk ]

# --- sweep ----------------------------------------------------------------------------------------------

begin 'sweep'
mkdir models
run 0 "$compress" sweep --keep 20%,10%,5% --codebooks 4,8 -e 2 m.st -o models --report sweep.html
expect "$out" [ "$(head -1 <<<"$out")" = $'keep\tcodebook\tweights\tbytes\tval_errors\tval_acc\ton_front' ]
expect "$out" [ "$(wc -l <<<"$out")" -eq 7 ]
expect "$out" [ "$(tail -n +2 <<<"$out" | cut -f 1,2 | tr '\t\n' ': ')" = '0.2:4 0.2:8 0.1:4 0.1:8 0.05:4 0.05:8 ' ]
while IFS=$'\t' read -r share codebook _ bytes _; do
    expect "$share" [ "$bytes" = "$(wc -c <"models/$share-$codebook.mlpk")" ]
done < <(tail -n +2 <<<"$out")
# the front, found another way: in the order of bytes, each with fewer errors than all before it
# shellcheck disable=SC2016  # awk's own
front=$(tail -n +2 <<<"$out" | sort -t $'\t' -s -k 4n -k 5n | awk -F '\t' 'NR == 1 || $5 < least { least = $5; print $1, $2 }')
expect "$out" [ "$front" = "$(tail -n +2 <<<"$out" | sort -t $'\t' -s -k 4n -k 5n | awk -F '\t' '$7 == "yes" { print $1, $2 }')" ]
table=$out
expect 'no chart' grep -q 'id="choices-chart"' sweep.html
expect 'rows' [ "$(grep -c '<tr><th scope="row">' sweep.html)" -eq 6 ]
expect 'it loads something' [ "$(grep -cE 'https?://[^w]' sweep.html)" -eq 0 ]
run 0 "$eval" -q models/0.1-8.mlpk

begin 'sweep: the same without files, from any team'
run 0 "$compress" sweep --keep 20%,10%,5% --codebooks 4,8 -e 2 -q -j 3 m.st
expect "$out" [ "$out" = "$table" ]
err_empty

begin 'sweep: --test, JSON, units, teachers'
run 0 "$compress" sweep --keep 50%,30%,units -e 1 --test -q m.st
expect "$out" [ "$(head -1 <<<"$out" | cut -f 8,9)" = $'test_errors\ttest_acc' ]
expect "$out" [ "$(tail -n +2 <<<"$out" | cut -f 1 | tr '\n' ' ')" = '0.5,units 0.3,units ' ]
run 0 "$compress" sweep --keep 10% -e 1 --test --json -q --teacher big.st --report one.html m.st
json_is .step sweep
json_is .out null
json_is '.tried[0] | [.keep, .codebook, .on_front, .file] | tostring' '["0.1",8,true,null]'
json_is '[.tried[0].test.n, .tried[0].validation.n] | tostring' '[100,50]'
json_is '.settings | has("keep") or has("codebook")' false
expect 'no curve of the test images' grep -q 'test error rate' one.html
run 0 "$compress" sweep -n m.st
expect "$out" [ "$(value step) $(value weights_before)" = 'sweep 24320' ]

# --- what is wrong --------------------------------------------------------------------------------------

begin 'bad command lines'
usage "$compress" 'auto needs a budget: --max-bytes N, --max-loss-of-accuracy X or both' auto m.st -o x.mlpk
usage "$compress" '-o FILE is missing: where the model is to be written; or --dry-run' auto --max-bytes 1k m.st
for value in 0 12GiB 1e3 -1 '' KiB '12 KiB' 12kib; do
    if [ "$value" ]; then
        usage "$compress" "--max-bytes: \"$value\" is not a number of bytes above 0, like 12288 or 12KiB" \
            auto --max-bytes="$value" m.st -o x.mlpk
    fi
done
usage "$compress" '--max-bytes is for auto, and STEP is prune' prune --keep 5% --max-bytes 1k m.st -o x.st
usage "$compress" '--tries is for auto, and STEP is sweep' sweep --tries 2 m.st
usage "$compress" '--tries: "0" is not a whole number from 1 to 100' auto --max-bytes 1k --tries 0 m.st -o x.mlpk
usage "$compress" '--report is for sweep, and STEP is auto' auto --max-bytes 1k --report x.html m.st -o x.mlpk
usage "$compress" '--keep is for prune and sweep, and STEP is auto' auto --max-bytes 1k --keep 5% m.st -o x.mlpk
usage "$compress" '--codebook is for prune, and STEP is auto' auto --max-bytes 1k --codebook 8 m.st -o x.mlpk
usage "$compress" '--codebooks is for auto and sweep, and STEP is prune' prune --keep 5% --codebooks 8 m.st -o x.st
usage "$compress" '--levels is for pack, and STEP is auto' auto --max-bytes 1k --levels 8 m.st -o x.mlpk
usage "$compress" '--bits is for quantize, and STEP is sweep' sweep --bits int8 m.st
usage "$compress" '--bias-bits is for pack, auto and sweep, and STEP is prune' prune --keep 5% --bias-bits 8 m.st -o x.st
usage "$compress" '--bias-bits 1 leaves a sign and no value; expected 0, for all bits, or 2 to 16' \
    auto --max-bytes 1k --bias-bits 1 m.st -o x.mlpk
usage "$compress" '--codebooks: expected one number at least, found none' auto --max-bytes 1k --codebooks none m.st -o x.mlpk
for value in 0 256 8,x; do
    fails_like 2 "$compress" "--codebooks: \"$value\" is not none, or up to*" sweep --codebooks "$value" m.st
done
usage "$compress" '--max-loss-of-accuracy is for one result, and sweep has several; auto finds the smallest that keeps to it' \
    sweep --max-loss-of-accuracy 1% m.st
usage "$compress" '--keep: "units" says nowhere how many weights are left, as 20%,10%,5% does' sweep --keep units m.st
fails_like 2 "$compress" '--keep: *expected*' sweep --keep 20%,150% m.st
fails_like 2 "$compress" '--keep: *expected*' sweep --keep 20%,unit m.st
fails_like 2 "$compress" '--keep: *expected*' sweep --keep 20%, m.st
usage "$compress" '--keep: there are no hidden units in softmax.st' sweep --keep 50%,units softmax.st
usage "$compress" 'auto goes by the validation images, but --val-split is 0' auto --max-bytes 1k all.st -o x.mlpk
usage "$compress" 'sweep goes by the validation images, but --val-split is 0' sweep all.st
usage "$compress" '--output would overwrite the input m.st; name another file' auto --max-bytes 1k m.st -o m.st
usage "$compress" '--report would overwrite the input m.st; was FILE forgotten?' sweep m.st --report m.st
fails_like 1 "$compress" '*no-directory*' sweep m.st -o no-directory
fails_like 1 "$compress" '*no-directory*' sweep m.st --report no-directory/x.html
fails_like 1 "$compress" '*no-directory*' auto --max-bytes 1k m.st -o no-directory/x.mlpk
fails_like 4 "$compress" '*diverged*' sweep --keep 50% --lr 1000 --weight-decay 1 -e 2 -q m.st
table_ends 38
