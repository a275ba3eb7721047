#!/usr/bin/env bash
# test_transfer.sh BUILD-DIR SOURCE-DIR: trainings that begin with a model's weights, and layers that stay as they are.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
source_dir=$(CDPATH='' cd -- "$2" && pwd)/tests/cli
start "$1"

data=(--dataset synthetic --synthetic-train 400 --synthetic-test 60 --val-split 50)

# tensors FILE: a digest of each tensor, a line each: "layers.0.weight 1f…"
tensors()
{
    python3 - "$1" <<'END_OF_PYTHON'
import hashlib, json, struct, sys
data = open(sys.argv[1], "rb").read()
size = struct.unpack("<Q", data[:8])[0]
for name, entry in sorted(json.loads(data[8:8 + size]).items()):
    if name != "__metadata__":
        begin, end = entry["data_offsets"]
        print(name, hashlib.sha256(data[8 + size + begin:8 + size + end]).hexdigest())
END_OF_PYTHON
}

# layers_alike FILE FILE: the numbers of the layers that are the same in both, "01"
layers_alike()
{
    comm -12 <(tensors "$1") <(tensors "$2") | sed -n 's/^layers\.\([0-9]*\)\.weight .*/\1/p' | tr -d '\n'
}

metadata()
{
    python3 - "$1" "$2" <<'END_OF_PYTHON'
import json, struct, sys
data = open(sys.argv[1], "rb").read()
header = json.loads(data[8:8 + struct.unpack("<Q", data[:8])[0]])
print(header["__metadata__"].get(sys.argv[2], "none"))
END_OF_PYTHON
}

begin 'a model to begin with'
run 0 "$train" "${data[@]}" --hidden 30,20 --activation tanh --normalize standard -e 3 -q -o first.st

begin 'its layers, activation and normalisation are taken over'
run 0 "$train" "${data[@]}" --init-from first.st -e 1 --lr 0.01 -o on.st
err_has '784-30-20-10 tanh'
err_has 'weights begin as those of first.st'
expect 'another digest' [ "$(metadata on.st init_from_sha256)" = "$(sha256sum first.st | cut -d' ' -f1)" ]
expect 'a digest without --init-from' [ "$(metadata first.st init_from_sha256)" = none ]
for key in hidden activation normalization mean std; do
    expect "another $key" [ "$(metadata on.st $key)" = "$(metadata first.st $key)" ]
done
expect 'layers that are trained are the same' [ -z "$(layers_alike first.st on.st)" ]

begin 'nothing is learned at a rate of almost 0, so that the answers are the model'\''s'
run 0 "$train" "${data[@]}" --init-from first.st -e 1 --lr 1e-30 --weight-decay 0 -q -o same.st --json
same=$(json '.test.loss')
run 0 "$eval" "${data[@]:0:2}" --synthetic-test 60 --json first.st
expect 'another loss' [ "$(json '.test.loss // .loss')" = "$same" ]
expect 'other weights' [ "$(layers_alike first.st same.st)" = 012 ]

begin 'frozen layers keep their bits, whatever else is done'
for extra in '' '--optimizer adamw --ema 0.9' '--dropout 0.2 --augment light' '--precision bf16 --mixup 0.2' \
    '--clip-norm 0.1 --max-norm 1' '--adversarial 0.1' '--runs 2'; do
    # shellcheck disable=SC2086  # to be split
    run 0 "$train" "${data[@]}" --init-from first.st --freeze 2 -e 2 -q -o 'frozen-{seed}.st' $extra
    expect "layers 0 and 1 differ with $extra" [ "$(layers_alike first.st frozen-1.st)" = 01 ]
done
run 0 "$train" "${data[@]}" --init-from first.st --freeze 1,3 -e 1 -o list.st
err_has 'frozen, by number: 1, 3'
expect 'other layers than 1 and 3' [ "$(layers_alike first.st list.st)" = 02 ]
run 0 "$train" "${data[@]}" --init-from first.st --lr-scale 0.1,0,1 -e 1 -q -o scaled.st
expect 'other layers than the second' [ "$(layers_alike first.st scaled.st)" = 1 ]

begin 'a fresh last layer is that which the seed draws'
run 0 "$train" "${data[@]}" --init-from first.st --fresh-last -e 1 --lr 1e-30 --weight-decay 0 -q -s 7 -o fresh.st
run 0 "$train" "${data[@]}" --hidden 30,20 --activation tanh -e 1 --lr 1e-30 --weight-decay 0 -q -s 7 -o drawn.st
expect 'other layers than the last are fresh' [ "$(layers_alike first.st fresh.st)" = 01 ]
expect 'another last layer than the drawn one' [ "$(layers_alike drawn.st fresh.st)" = 2 ]

begin 'a normalisation that is asked for is fitted to the data'
run 0 "$train" "${data[@]}" --init-from first.st --normalize unit -e 1 -q -o unit.st
expect 'it is not unit' [ "$(metadata unit.st normalization)" = unit ]

begin 'from every checkpoint, to the same bytes, without the model'
transfer=("${data[@]}" --fresh-last --lr-scale '0,0.5,2' -e 2 -b 100 -q)
cp first.st moved.st
run 0 "$train" "${transfer[@]}" --init-from moved.st -o whole.st
mkdir steps
run 0 python3 "$source_dir/every_checkpoint.py" steps "$train" "${transfer[@]}" --init-from moved.st -o kept.st
rm moved.st
same_bytes kept.st whole.st
kept=(steps/*)
resumes_alike 8 "${kept[@]}"

begin 'what is printed as a config file trains the same net'
run 0 "$train" "${transfer[@]}" --init-from first.st --print-config
cp "$work/out" config.json
run 0 "$train" --config config.json -q -o config.st
same_bytes config.st whole.st

begin 'JSON says what it began with'
run 0 "$train" "${transfer[@]}" --init-from first.st --json
json_is '.init_from.sha256' "$(sha256sum first.st | cut -d' ' -f1)"
json_is '.config["lr-scale"]' 0,0.5,2
run 0 "$train" "${data[@]}" -e 1 --json
json_is '.init_from' null
json_is '.config | has("freeze") or has("lr-scale") or has("fresh-last") or has("init-from")' false

begin 'a few images of each class'
few=("${data[@]}" --per-class 9 --hidden 12 -e 3)
run 0 "$train" "${few[@]}" --json
json_is .data.train.n 90
json_is .data.validation.n 50
json_is '.config["per-class"]' 9
run 0 "$train" "${few[@]}" --omit-class 0,1,2 -q -o few.st
expect 'trained on others' [ "$(metadata few.st trained_on)" = 63 ]
run 0 "$eval" --dataset synthetic --synthetic-test 60 -q --temperature fit few.st
run 0 "$train" "${few[@]}" -q -s 1 -o first-few.st
run 0 "$train" "${few[@]}" -q -s 2 -o second-few.st
expect 'the same images for another seed' [ -z "$(layers_alike first-few.st second-few.st)" ]
run 2 "$train" "${data[@]}" --per-class 60
err_has '--per-class: 60 images of each class are wanted, but of class '
run 2 "$train" --per-class 0
err_has '--per-class: "0" is not a whole number from 1 to 1000000000'

begin 'other shapes, other files'
run 2 "$train" "${data[@]}" --init-from first.st --hidden 30
err_is "mnist-train: --hidden: the net in first.st is 784-30-20-10, tanh; leave the option out
Try 'mnist-train --help'."
run 2 "$train" "${data[@]}" --init-from first.st --activation relu
err_has '--activation: the net in first.st is 784-30-20-10, tanh; leave the option out'
run 1 "$train" "${data[@]}" --init-from none.st
err_has 'none.st: cannot be opened'
run 1 "$train" "${data[@]}" --init-from config.json
err_has 'config.json'
run 1 "$train" "${data[@]}" --init-from "${kept[0]}"
err_has "format 'mnist-checkpoint', expected 'mnist-mlp'"
run 2 "$train" "${data[@]}" --init-from first.st -o first.st
err_has '--output would overwrite the initial model first.st'
run 2 "$train" "${data[@]}" --init-from first.st --checkpoint first.st
err_has '--checkpoint would overwrite the initial model first.st'
run 2 "$train" --resume "${kept[0]}" --freeze 1
err_has '--freeze 1: the training in'

finish
