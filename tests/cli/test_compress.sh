#!/usr/bin/env bash
# test_compress.sh BUILD-DIR SOURCE-DIR: mnist-compress, the whole way: quantising, pruning, one after the other, what is
# said and kept of it, signals, and what it says to command lines and models that are wrong.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=table.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/table.sh"
start "$1"
compress=${train%train}compress
predict=${train%train}predict

drawn=(--dataset synthetic --synthetic-train 600 --synthetic-test 200)
run 0 "$train" "${drawn[@]}" --val-split 100 --hidden 30,20 -e 4 -q -o m.st
run 0 "$train" "${drawn[@]}" --val-split 100 --hidden none -e 2 -q -o softmax.st
run 0 "$train" "${drawn[@]}" --val-split 0 --hidden 8 -e 1 -q -o all.st
weights=$((784 * 30 + 30 * 20 + 20 * 10))

# metadata FILE KEY: what the model says under a key
metadata()
{
    python3 - "$1" "$2" <<'END_OF_PYTHON'
import json, struct, sys
data = open(sys.argv[1], "rb").read()
size = struct.unpack("<Q", data[:8])[0]
print(json.loads(data[8:8 + size])["__metadata__"].get(sys.argv[2], "none"))
END_OF_PYTHON
}

# --- quantize -------------------------------------------------------------------------------------------

for kind in fp16 bf16 int8 int4; do
    begin "quantize --bits $kind"
    run 0 "$compress" quantize --bits "$kind" --test m.st -o q.st
    err_empty
    expect "$out" [ "$(value step) $(value bits) $(value net)" = "quantize $kind 784-30-20-10" ]
    expect "$out" [ "$(value val_n) $(value test_n) $(value weights_before)" = "100 200 $weights" ]
    expect "$out" [ "$(value bytes_before) $(value bytes)" = "$(wc -c <m.st) $(wc -c <q.st)" ]
    test_acc=$(value test_acc) changed=$(value test_changed)
    expect "$changed answers of 200 changed" [ "$changed" -le 20 ]
    run 0 "$eval" -q --predictions after.csv q.st
    expect 'mnist-eval says something else' [ "$(value test_acc)" = "$test_acc" ]
    run 0 "$eval" -q --predictions before.csv m.st
    count=$(paste -d , before.csv after.csv | tail -n +2 | awk -F , '$3 != $(NF / 2 + 3)' | wc -l)
    expect "$count answers differ, not $changed" [ "$count" -eq "$changed" ]
    expect 'what was done is not in the model' [ "$(metadata q.st compression)" = "$kind" ]
    expect 'of what, neither' [ "$(metadata q.st compressed_from_sha256)" = "$(digest_of m.st)" ]
    for key in options seed trained_on train_images_sha256 test_labels_sha256; do
        expect "$key stayed behind" [ "$(metadata q.st "$key")" = "$(metadata m.st "$key")" ]
    done
    expect 'not smaller' [ $(($(wc -c <q.st) * 100)) -lt $(($(wc -c <m.st) * 60)) ]
    head -c 784 /dev/zero >raw
    run 0 "$predict" q.st raw
    run 0 "$train" "${drawn[@]}" --init-from q.st -e 1 -q
done

begin 'quantize: the same bytes from every machine and team'
run 0 "$compress" quantize m.st -o q.st
for isa in scalar portable; do
    for threads in 1 3; do
        MNIST_ISA=$isa run 0 "$compress" quantize -q -j "$threads" m.st -o again.st
        same_bytes again.st q.st
    done
done

begin 'quantize: a model from a pipe'
# shellcheck disable=SC2016  # the inner shell's
shell 0 'cat m.st | "$1" quantize -q /dev/stdin -o again.st' "$compress"
same_bytes again.st q.st
expect "$out" [ "$(value bytes_before)" -gt $((4 * weights)) ]

begin 'quantize: options'
run 0 "$compress" quantize -q --range largest --calibrate 50 m.st -o other.st
run 0 "$compress" quantize --val-split 50 --limit 500 m.st -n
expect "$out" [ "$(value val_n)" = 50 ]
err_has 'note: the model was trained on 500 images, and 450 are not for validation here'
err_has 'note: nothing was written (--dry-run)'

begin 'quantize: --dry-run'
rm -f none.st
run 0 "$compress" quantize -n -q m.st -o none.st
expect 'it was written' [ ! -e none.st ]
line=$out
run 0 "$compress" quantize -q m.st -o q.st
expect 'another line' [ "$out" = "$line" ]

begin 'the gate'
run 3 "$compress" quantize --bits int2 --max-loss-of-accuracy 0 m.st -o q.st
err_matches 'accuracy on the validation images falls by [0-9.e-]+, from [0-9.]+ to [0-9.]+: more than --max-loss-of-accuracy 0$'
expect 'not written' [ -s q.st ]
run 0 "$compress" quantize --bits int2 --max-loss-of-accuracy 100% m.st -o q.st
run 3 "$compress" quantize --bits int2 --max-loss-of-accuracy 0 --json -q m.st -n
json_is .gate.passed false
json_is .gate.max_loss_of_accuracy 0

begin 'mnist-eval --json says how weights are kept, and what computed them'
run 0 "$eval" --dataset synthetic --synthetic-test 60 --json q.st
json_is .model.weights integers
json_holds '.model.kernels | test("^(scalar|portable|neon|neondot|avx2|avxvnni|avx512vnni)$")'
run 0 "$eval" --dataset synthetic --synthetic-test 60 --json m.st
json_is '.model | has("weights") or has("kernels")' false

begin 'quantize: JSON'
run 0 "$compress" quantize --json --test m.st -o q.st
json_is .schema mnist-compress/1
json_is .step quantize
json_is '.settings | tostring' '{"bits":"int8","calibrate":10000,"range":"squares"}'
json_is .in.file m.st
json_is .in.sha256 "$(digest_of m.st)"
json_is .in.compression null
json_is .in.bytes "$(wc -c <m.st)"
json_is .out.bytes "$(wc -c <q.st)"
json_is .out.sha256 "$(digest_of q.st)"
json_is '.out.widths | tostring' '[784,30,20,10]'
json_is .out.weights "$weights"
json_is .out.written true
json_is '[.validation.before.n, .test.after.n] | tostring' '[100,200]'
json_is '.gate | tostring' '{"max_loss_of_accuracy":null,"passed":null}'
json_holds '.validation.changed <= 100 and .out.weights_left == (.out.layers_left | add)'

begin 'lossy on lossy'
run 0 "$compress" quantize m.st -o whole.st
run 0 "$compress" quantize --bits int4 whole.st -o q.st
err_has "note: the model's weights are whole numbers of 8 bits; quantised again are the values that they stand for, as floats"
expect "$(metadata q.st compression)" [ "$(metadata q.st compression)" = 'int8; int4' ]
run 0 "$compress" quantize --bits bf16 m.st -o half.st
run 0 "$compress" quantize half.st -o q.st
err_has "note: the model's weights have been rounded before (bf16); what both lose adds up"
run 0 "$compress" quantize --bits bf16 half.st -o q.st
err_has 'note: all parameters are numbers of bf16 as they are'
run 0 "$compress" quantize -q --bits int4 m.st -o four.st

begin 'images that are not known'
run 0 "$compress" quantize all.st -o q.st
err_has 'note: no image is held out for validation (--val-split 0), so accuracy is not known'
expect 'accuracy of nothing' [ ! "$(value val_n)" ]
run 0 "$compress" quantize --json -q all.st -o q.st
json_is .validation null
convert=${train%train}convert
run 0 "$convert" -q m.st to.pt.safetensors
run 0 "$convert" -q to.pt.safetensors back.safetensors
run 0 "$compress" quantize "${drawn[@]}" back.safetensors -o q.st
err_has 'note: the model does not say which images it was validated on: accuracy is on the last 30 training images'
expect 'where it came from stayed behind' [ "$(metadata q.st converted_from)" = torch ]

begin 'quantize, with training'
for bits in int4 ternary binary; do
    run 0 "$compress" quantize --bits "$bits" -e 3 --lr 0.02 --test m.st -o q.st
    err_matches 'epoch 3/3'
    expect "$out" [ "$(value step) $(value bits) $(value epochs)" = "quantize $bits 3" ]
    expect 'what was done' [ "$(metadata q.st compression)" = "$bits trained" ]
    expect 'settings of the retraining' \
        [ "$(metadata q.st retraining | jq -r '[.bits, .epochs, .lr] | join(" ")')" = "$bits 3 0.02" ]
    expect 'keep is none of them' [ "$(metadata q.st retraining | jq -r 'has("keep") or has("codebook")')" = false ]
    test_acc=$(value test_acc)
    run 0 "$eval" -q q.st
    expect 'mnist-eval says something else' [ "$(value test_acc)" = "$test_acc" ]
    run 0 "$eval" --json -q q.st
    json_is .model.weights integers
    run 0 "$compress" quantize -q --bits "$bits" -e 3 --lr 0.02 -j 3 m.st -o again.st
    same_bytes again.st q.st
done
run 0 "$compress" quantize -q --bits int4 -e 2 q.st -o on.st
run 0 "$compress" quantize --bits int4 -e 2 --json -q m.st -o q.st
json_is '[.settings.bits, .settings.epochs] | join(" ")' 'int4 2'
rm -f none.st
run 0 "$compress" quantize --bits int4 -e 2 -n m.st -o none.st
expect 'it was written' [ ! -e none.st ]
expect "$out" [ ! "$(value val_acc)" ]

# --- prune ----------------------------------------------------------------------------------------------

begin 'prune, to a codebook'
run 0 "$compress" prune -q --keep 20% --codebook 6 -e 4 m.st -o p.st
expect "$out" [ "$(value codebook)" = 6 ]
expect "$(metadata p.st compression)" [ "$(metadata p.st compression)" = 'prune 0.2 codebook:6' ]
levels=$(python3 - p.st <<'END_OF_PYTHON'
import json, struct, sys
data = open(sys.argv[1], "rb").read()
size = struct.unpack("<Q", data[:8])[0]
most = 0
for name, entry in json.loads(data[8:8 + size]).items():
    if name.endswith(".weight"):
        begin, end = entry["data_offsets"]
        raw = data[8 + size + begin:8 + size + end]
        most = max(most, len(set(struct.unpack(f"<{len(raw) // 4}f", raw)) - {0.0}))
print(most)
END_OF_PYTHON
)
expect "$levels levels" [ "$levels" -eq 6 ]

begin 'prune'
run 0 "$compress" prune --keep 10% -e 6 --test m.st -o p.st
err_matches 'epoch 6/6'
expect "$out" [ "$(value step) $(value keep) $(value net_before)" = 'prune 0.1 784-30-20-10' ]
left=$(value weights)
expect "$left of $weights" [ "$left" -le $((weights / 10 + 1)) ]
expect "$left of $weights" [ "$left" -ge $((weights / 20)) ]
expect 'layers do not add up' [ $(($(value layers | tr , +))) -eq "$left" ]
expect "$out" [ "$(value bytes)" = "$(wc -c <p.st)" ]
test_acc=$(value test_acc)
run 0 "$eval" -q p.st
expect 'mnist-eval says something else' [ "$(value test_acc)" = "$test_acc" ]
expect 'not in the model' [ "$(metadata p.st compression)" = 'prune 0.1' ]
expect 'seed of the first training' [ "$(metadata p.st seed)" = 1 ]
expect 'settings of the retraining' [ "$(metadata p.st retraining | jq -r '[.keep, .epochs, .seed] | join(" ")')" = '0.1 6 1' ]
expect 'options of the model' [ "$(metadata p.st options | jq -r '[.epochs, ."val-split", .dataset] | join(" ")')" = '4 100 synthetic' ]

begin 'prune: the same bytes from every machine and team'
for isa in scalar portable; do
    MNIST_ISA=$isa run 0 "$compress" prune --keep 0.1 -e 6 -q -j 3 m.st -o again.st
    same_bytes again.st p.st
done
run 0 "$compress" prune --keep 10% -e 6 -q -s 2 m.st -o again.st
expect 'another seed is the same' [ "$(digest_of again.st)" != "$(digest_of p.st)" ]

begin 'prune: units go'
run 0 "$compress" prune --keep 40%,units -e 3 -q m.st -o units.st
IFS=- read -r inputs first second outputs <<<"$(value net)"
expect "$out" [ "$inputs $((first + second)) $outputs" = '784 20 10' ]
expect 'as large as before' [ "$(wc -c <units.st)" -lt $(($(wc -c <m.st) * 4 / 5)) ]
run 0 "$eval" -q units.st
run 0 "$compress" prune --keep 2:4 -e 2 -q m.st -o groups.st
expect "$out" [ "$(value weights)" -le $((392 * 30 + 16 * 20 + 10 * 10)) ]
run 0 "$compress" prune --keep 25%,4x16 -e 2 --json -q m.st -o blocks.st
json_is .settings.keep 0.25,4x16
json_is '.out.units_unread + .out.units_constant == (.in.widths | add) - (.out.widths | add)' true

begin 'steps chain'
run 0 "$compress" prune --keep 5% -e 3 -q p.st -o q.st
expect 'weights came back' [ "$(value weights)" -le $((weights / 20 + 1)) ]
run 0 "$compress" quantize -q q.st -o r.st
expect 'zeros were lost' [ "$(value weights)" -le "$(value weights_before)" ]
expect "$(metadata r.st compression)" [ "$(metadata r.st compression)" = 'prune 0.1; prune 0.05; int8' ]
expect 'of what' [ "$(metadata r.st compressed_from_sha256)" = "$(digest_of q.st)" ]
run 0 "$compress" prune --keep 50% -e 1 r.st -o q.st
err_has "note: the model's weights are whole numbers of 8 bits; trained are the values that they stand for, as floats"
run 0 "$eval" q.st r.st p.st
run 0 "$compress" prune --keep 10% -e 2 -q softmax.st -o q.st
expect "$out" [ "$(value weights)" -eq 784 ]

begin 'prune: other images than the model had'
run 0 "$compress" prune --keep 10% -e 1 --val-split 50 --limit 300 --augment shift=1 -q m.st -o q.st
expect 'options of the data' [ "$(metadata q.st options | jq -r '[.epochs, ."val-split", .limit, .augment] | join(" ")')" = '4 50 300 shift=1' ]
expect 'how many' [ "$(metadata q.st trained_on)" = 250 ]
run 0 "$train" "${drawn[@]}" --val-split 100 --hidden 8 --omit-class 3 -e 1 -q -o without.st
run 0 "$compress" prune --keep 10% -e 1 without.st -o q.st
expect 'a class more was trained on' [ "$(metadata q.st trained_on)" = "$(metadata without.st trained_on)" ]

run 0 "$train" "${drawn[@]}" --val-split 100 --hidden 8 --per-class 5 --seed 3 -e 1 -q -o few.st
run 0 "$compress" prune --keep 10% -e 1 -s 7 few.st -o q.st
expect 'more images than it had' [ "$(metadata q.st trained_on)" = 50 ]

begin 'the options that it has of a training'
run 0 "$compress" --help
for name in limit val-split augment weight-decay label-smoothing epochs lr; do
    out_has "--$name "
done
for name in omit-class per-class normalize prune hidden patience; do
    expect "--$name" [ "${out/--$name }" = "$out" ]
done

begin 'prune: --dry-run'
rm -f none.st
run 0 "$compress" prune --keep 10% -n m.st -o none.st
expect 'it was written' [ ! -e none.st ]
expect "$out" [ "$(value weights_before) $(value bytes_before) $(value val_n)" = "$weights $(wc -c <m.st) 100" ]
run 0 "$compress" prune --keep 10% -n --json -q m.st
json_is .validation.after null
json_is .out.written false

for signal in INT:130 TERM:143; do
    begin "prune: SIG${signal%:*}"
    set -m
    "$compress" prune --keep 10% -e 1000000 m.st -o none.st </dev/null >"$work/out" 2>"$work/err" &
    pid=$!
    set +m
    until grep -q 'epoch .* train loss' "$work/err" || ! kill -0 "$pid" 2>/dev/null; do sleep 0.02; done
    kill -s "${signal%:*}" "$pid"
    code=0
    wait "$pid" || code=$?
    keep
    expect "exit code $code" [ "$code" -eq "${signal#*:}" ]
    err_matches 'mnist-compress: (interrupted|terminated); nothing was written$'
    out_empty
    expect 'it was written' [ ! -e none.st ]
done

# --- pack -----------------------------------------------------------------------------------------------

begin 'pack'
run 0 "$compress" pack --test p.st -o p.mlpk
err_matches 'note: [0-9]+ weights were rounded to one of 16 a layer \(--levels 0 keeps all bits\); what earlier steps lost adds up'
err_matches 'note: [0-9]+ biases were rounded to 8 bits \(--bias-bits 0 keeps all\)'
expect "$out" [ "$(value step) $(value levels) $(value bias_bits) $(value metadata)" = 'pack 16 8 short' ]
expect "$out" [ "$(value bytes_before) $(value bytes)" = "$(wc -c <p.st) $(wc -c <p.mlpk)" ]
expect "$(value bytes) bytes of $(value weights) weights" [ "$(value bytes)" -lt $((400 + $(value weights))) ]
expect 'parts do not add up' [ $(($(value bytes_header) + $(value bytes_metadata) + $(value bytes_positions) + $(value bytes_levels) + \
    $(value bytes_codebooks) + $(value bytes_biases) - $(value bytes))) -ge -4 ]
test_acc=$(value test_acc)
run 0 "$eval" -q p.mlpk
expect 'mnist-eval says something else' [ "$(value test_acc)" = "$test_acc" ]
run 0 "$eval" -q p.mlpk p.st q.st
run 0 "$eval" --dataset synthetic --synthetic-test 60 --json p.mlpk
json_is .model.weights packed
run 0 "$predict" p.mlpk raw
run 0 "$train" "${drawn[@]}" --init-from p.mlpk -e 1 -q
run 0 "$convert" p.mlpk back.safetensors
err_has 'weights are packed in the file'
run 0 "$eval" -q --dataset synthetic --synthetic-test 200 back.safetensors
expect 'another net' [ "$(value test_acc)" = "$test_acc" ]

begin 'pack: what is packed is packed again as it is'
run 0 "$compress" pack p.mlpk --json -o again.mlpk
err_empty
json_is .in.compression 'prune 0.1; levels 16; biases 8; pack'
json_is '.settings | tostring' '{"levels":16,"bias_bits":8,"metadata":"short"}'
json_is '.validation.changed' 0
json_holds '.out.parts | length == 6 and (add | floor) <= 4000'
json_is .out.bytes "$(wc -c <again.mlpk)"
run 0 "$compress" pack -n -q p.mlpk
expect 'another size' [ "$(value bytes)" = "$(wc -c <again.mlpk)" ]

begin 'pack: to the bit'
run 0 "$compress" pack --levels 0 --bias-bits 0 p.st -o exact.mlpk
err_empty
expect "$out" [ "$(value val_changed) $(value levels)" = '0 0' ]
run 0 "$convert" -q exact.mlpk a.npz
run 0 "$convert" -q p.st b.npz
same_bytes a.npz b.npz

begin 'pack: options'
run 0 "$compress" pack -q --levels 3 --bias-bits 4 --metadata none p.st -o small.mlpk
expect 'not smaller' [ "$(wc -c <small.mlpk)" -lt "$(wc -c <p.mlpk)" ]
expect 'metadata' [ "$(value bytes_metadata)" = 0 ]
run 0 "$eval" -q --dataset synthetic --synthetic-test 200 small.mlpk
few=$(wc -c <p.mlpk)
run 0 "$compress" pack -q --metadata all p.st -o all.mlpk
expect "$out" [ "$(wc -c <all.mlpk)" -gt "$few" ]

begin 'pack: whole numbers'
run 0 "$compress" pack --test whole.st -o whole.mlpk
err_empty
expect "$out" [ "$(value val_changed) $(value test_changed) $(value levels)" = '0 0 0' ]
expect 'not smaller' [ "$(wc -c <whole.mlpk)" -lt "$(wc -c <whole.st)" ]
run 0 "$eval" -q --predictions a.csv whole.st
run 0 "$eval" -q --predictions b.csv whole.mlpk
same_bytes a.csv b.csv

begin 'pack: the same bytes from every machine and team'
for isa in scalar portable; do
    MNIST_ISA=$isa run 0 "$compress" pack -q -j 3 p.st -o again.mlpk
    same_bytes again.mlpk p.mlpk
done

begin 'pack: what is packed goes on'
run 0 "$compress" quantize -q p.mlpk -o q.st
expect "$(metadata q.st compression)" [ "$(metadata q.st compression)" = 'prune 0.1; levels 16; biases 8; pack; int8' ]
run 0 "$compress" prune -q --keep 5% -e 1 p.mlpk -o q.st
run 2 "$train" "${drawn[@]}" -e 1 --report p.mlpk
err_has 'would overwrite the model p.mlpk'

# --- what is wrong --------------------------------------------------------------------------------------

begin 'bad command lines'
usage "$compress" 'STEP is missing'
usage "$compress" 'MODEL is missing' quantize
usage "$compress" 'unexpected argument "more"' quantize m.st more
usage "$compress" 'STEP: "prun" is not one of prune, quantize, pack, auto, sweep; did you mean prune?' prun m.st -o x.st
usage "$compress" 'STEP: "m.st" is not one of prune, quantize, pack, auto, sweep' m.st quantize -o x.st
usage "$compress" 'STEP: "" is not one of prune, quantize, pack, auto, sweep' '' m.st -o x.st
usage "$compress" '-o FILE is missing: where the model is to be written; or --dry-run' quantize m.st
usage "$compress" 'prune needs --keep SPEC, how many weights are left, as --keep 5%' prune m.st -o x.st
kinds='fp16, bf16, int8, int7, int6, int5, int4, int3, int2, ternary, binary'
usage "$compress" "--bits: \"8\" is not one of $kinds" quantize --bits 8 m.st -o x.st
usage "$compress" "--bits: \"int9\" is not one of $kinds; did you mean int8?" quantize --bits int9 m.st -o x.st
usage "$compress" '--range: "least" is not one of squares, largest' quantize --range least m.st -o x.st
usage "$compress" '--calibrate: "0" is not a whole number from 1 to 1000000000' quantize --calibrate 0 m.st -o x.st
usage "$compress" '--calibrate is for whole numbers, and --bits is fp16' quantize --bits fp16 --calibrate 5 m.st -o x.st
usage "$compress" '--range is for whole numbers, and --bits is bf16' quantize --bits bf16 --range largest m.st -o x.st
usage "$compress" '--keep is for prune and sweep, and STEP is quantize' quantize --keep 5% m.st -o x.st
usage "$compress" '--codebook is for prune, and STEP is quantize' quantize --codebook 8 m.st -o x.st
usage "$compress" '--codebook: "257" is not a whole number from 0 to 256' prune --keep 5% --codebook 257 m.st -o x.st
usage "$compress" '--epochs: quantize trains whole numbers, and --bits is fp16' quantize --bits fp16 -e 5 m.st -o x.st
usage "$compress" '--batch-norm does not go with a model, whose weights are for layers that are not normalised' \
    quantize -e 5 --batch-norm m.st -o x.st
usage "$compress" '--bits binary: weights of m.st have more than two values; --epochs N trains it with two' \
    quantize --bits binary m.st -o x.st
for flag in '--weight-decay 0' '--augment light' '--seed 3' '--lr 0.1' '--tie-pixels 2'; do
    # shellcheck disable=SC2086  # an option and its value
    usage "$compress" "${flag% *} is for training, and quantize trains with --epochs N alone" quantize $flag m.st -o x.st
done
usage "$compress" '--bits is for quantize, and STEP is prune' prune --bits int8 --keep 5% m.st -o x.st
usage "$compress" '--max-loss-of-accuracy: "2" is not a fraction of at least 0 and at most 1, or that as a percentage like 97%' \
    quantize --max-loss-of-accuracy 2 m.st -o x.st
usage "$compress" '--max-loss-of-accuracy: "-1" is not a fraction of at least 0 and at most 1, or that as a percentage like 97%' \
    quantize --max-loss-of-accuracy=-1 m.st -o x.st
usage "$compress" '--max-loss-of-accuracy goes by the validation images, but --val-split is 0' quantize --max-loss-of-accuracy 1% \
    all.st -o x.st
usage "$compress" '--batch-norm does not go with a model, whose weights are for layers that are not normalised' prune --keep 5% \
    --batch-norm m.st -o x.st
usage "$compress" '--dropout: 3 rates, but 2 hidden layers; give one for all layers or one a layer' prune --keep 5% \
    --dropout 0.1,0.2,0.3 m.st -o x.st
usage "$compress" '--keep: there are no hidden units in softmax.st' prune --keep 40%,units softmax.st -o x.st
usage "$compress" '--test-images is for --test: test images are read for nothing else' quantize --test-images a --test-labels b m.st -o x.st
usage "$compress" '--val-split would hold out 600 of 600 training images and leave none' quantize --val-split 600 m.st -o x.st
usage "$compress" '--output would overwrite the input m.st; name another file' quantize m.st -o m.st
ln -s m.st link.st
usage "$compress" '--output link.st would overwrite the input m.st; name another file' quantize m.st -o link.st
rm link.st
# wrong_keep SPEC MESSAGE: as a pattern
wrong_keep()
{
    judge 2 "mnist-compress: --keep: $2
Try 'mnist-compress --help'." "$compress" prune --keep "$1" m.st -o x.st
}
for spec in 0 1 150% -5% 5%,unit 5%,start=2 5%,start=0.8,end=0.2 4:2 0:4 5%,0x4 nan ','; do
    wrong_keep "$spec" '*expected*'
done

usage "$compress" '--levels: "256" is not a whole number from 0 to 255' pack --levels 256 p.st -o x.mlpk
usage "$compress" '--levels: "few" is not a whole number from 0 to 255' pack --levels few p.st -o x.mlpk
usage "$compress" '--bias-bits: "17" is not a whole number from 0 to 16' pack --bias-bits 17 p.st -o x.mlpk
usage "$compress" '--bias-bits 1 leaves a sign and no value; expected 0, for all bits, or 2 to 16' pack --bias-bits 1 p.st -o x.mlpk
usage "$compress" '--metadata: "long" is not one of short, all, none' pack --metadata long p.st -o x.mlpk
usage "$compress" '--bits is for quantize, and STEP is pack' pack --bits int8 p.st -o x.mlpk
usage "$compress" '--keep is for prune and sweep, and STEP is pack' pack --keep 5% p.st -o x.mlpk
usage "$compress" '--levels is for pack, and STEP is quantize' quantize --levels 8 m.st -o x.st
usage "$compress" '--metadata is for pack, auto and sweep, and STEP is prune' prune --keep 5% --metadata all m.st -o x.st
usage "$compress" '--levels: the weights of whole.st are whole numbers, which are packed as they are' pack --levels 8 whole.st -o x.mlpk
usage "$compress" '--bias-bits: the weights of whole.st are whole numbers, which are packed as they are' pack --bias-bits 8 \
    whole.st -o x.mlpk

begin 'bad packed models'
# patched NAME OFFSET BYTES: p.mlpk with bytes (octal) from there on others
patched()
{
    cp p.mlpk "$1"
    # shellcheck disable=SC2059  # octal
    printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
patched version.mlpk 4 '\002'
fails 1 "$eval" 'version.mlpk: version 2 of packed models, expected 1; a newer program may read it' version.mlpk
patched crc.mlpk 5 '\000\000\000\000'
fails_like 1 "$eval" 'crc.mlpk: the file is damaged: its CRC-32 is *, expected 00000000' crc.mlpk
patched flipped.mlpk 300 '\252\252'
fails_like 1 "$predict" 'flipped.mlpk: the file is damaged: its CRC-32 is *, expected *' flipped.mlpk raw
patched magic.mlpk 3 'k'
fails_like 1 "$eval" 'magic.mlpk: *' magic.mlpk
head -c 4 p.mlpk >four.mlpk
fails 1 "$eval" 'four.mlpk: the file ends after 4 bytes, in its header' four.mlpk
head -c 8 p.mlpk >eight.mlpk
fails 1 "$eval" 'eight.mlpk: the file ends after 8 bytes, in its header' eight.mlpk
head -c 200 p.mlpk >cut.mlpk
fails_like 1 "$compress" 'cut.mlpk: the file is damaged: *' pack cut.mlpk -o x.mlpk
cat p.mlpk raw >more.mlpk
fails_like 1 "$convert" 'more.mlpk: the file is damaged: *' more.mlpk x.npz

begin 'bad models and data'
usage "$compress" 'whole.st: its weights are whole numbers of 8 bits already, which --bits int8 makes no smaller' quantize whole.st -o x.st
usage "$compress" 'whole.st: its weights are whole numbers of 8 bits already, which --bits fp16 makes no smaller' quantize --bits fp16 \
    whole.st -o x.st
usage "$compress" 'four.st: its weights are whole numbers of 4 bits already, which --bits int5 makes no smaller' quantize --bits int5 \
    four.st -o x.st
fails 1 "$compress" 'absent: cannot be opened: No such file or directory' quantize absent -o x.st
data small 6
fails 1 "$compress" 'm.st: the net has 784 inputs, but the training images are 6 x 6 pixels' quantize --dataset mnist \
    --data-dir small m.st -o x.st
fails_like 1 "$compress" '*no-directory*' quantize m.st -o no-directory/x.st
head -c 1000 m.st >short.st
fails_like 1 "$compress" 'short.st: *' quantize short.st -o x.st
run 0 "$train" "${drawn[@]}" --hidden 8 -e 1 -q --checkpoint c.ckpt
fails_like 1 "$compress" 'c.ckpt: *checkpoint*' quantize c.ckpt -o x.st
fails_like 1 "$compress" '*--data-dir*' quantize --dataset mnist --data-dir "$work/home" m.st -o x.st
fails_like 4 "$compress" '*diverged*' prune --keep 50% --lr 1000 --weight-decay 1 -e 2 -q m.st -o x.st
table_ends 60
