#!/usr/bin/env bash
# test_steps.sh BUILD-DIR SOURCE-DIR: data that are stored otherwise than MNIST's, and data and nets that look wrong.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
source_dir=$(CDPATH='' cd -- "$2" && pwd)/tests/cli
start "$1"
predict=${train%train}predict
compress=${train%train}compress
convert=${train%train}convert

"$source_dir/stored.py" plain plain inverted inverted transposed transposed inverted+transposed both binary binary sixteen sixteen \
    inverted+binary+transposed all
"$source_dir/stored.py" --rows 24 --cols 16 plain tall transposed wide
settings=(--epochs 6 --batch-size 20 --hidden 24 --val-split 30)

metadata()
{
    python3 - "$1" "$2" <<'END_OF_PYTHON'
import json, struct, sys
data = open(sys.argv[1], "rb").read()
header = json.loads(data[8:8 + struct.unpack("<Q", data[:8])[0]])
print(header["__metadata__"].get(sys.argv[2], "none"))
END_OF_PYTHON
}

begin 'without steps nothing is said of them'
run 0 "$train" --data-dir plain "${settings[@]}" -o plain.st
expect 'a key' [ "$(metadata plain.st steps)" = none ]
expect 'another version' [ "$(metadata plain.st format_version)" = 1 ]
expect 'an option' [ -z "$(metadata plain.st options | grep -E 'invert|transpose|max-pixel' || true)" ]
expect 'a note' [ -z "$(grep note "$work/err" || true)" ]
plain=${out% seconds=*}
run 0 "$eval" --data-dir plain --json plain.st
expect 'notes in JSON' [ "$(json 'has("notes")')" = false ]
err_empty

begin 'with the steps that undo how they are stored, the net is the same'
while read -r name flags steps; do
    # shellcheck disable=SC2086  # to be split
    run 0 "$train" --data-dir "$name" "${settings[@]}" -o "$name.st" ${flags//_/ }
    expect "$name: another result" [ "${out% seconds=*}" = "$plain" ]
    expect "$name: a note" [ -z "$(grep note "$work/err" || true)" ]
    err_has "steps before the net: $steps"
    expect "$name: other steps" [ "$(metadata "$name.st" steps)" = "$steps" ]
    expect "$name: version" [ "$(metadata "$name.st" format_version)" = 3 ]
    expect "$name: digests are not of the files" \
        [ "$(metadata "$name.st" train_images_sha256)" = "$(sha256sum "$name/train-images-idx3-ubyte" | cut -d' ' -f1)" ]
    run 0 "$eval" --data-dir "$name" "$name.st"
    expect "$name: evaluated to another result" [ "${out% seconds=*}" = "$plain" ]
    err_empty
done <<'END_OF_LIST'
inverted --invert invert
transposed --transpose transpose
both --transpose_--invert invert,transpose
END_OF_LIST
run 0 "$train" --data-dir binary "${settings[@]}" -o binary.st --max-pixel 1
expect 'steps' [ "$(metadata binary.st steps)" = max-pixel=1 ]
run 0 "$train" --data-dir all "${settings[@]}" --no-invert --max-pixel 1 --invert --transpose -o all.st
expect 'steps' [ "$(metadata all.st steps)" = max-pixel=1,invert,transpose ]
binary=$("$eval" --data-dir binary binary.st)
run 0 "$eval" --data-dir all all.st
expect 'another result' [ "${out% seconds=*}" = "${binary% seconds=*}" ]

begin 'images that are not square'
run 0 "$train" --data-dir tall "${settings[@]}" --tie-pixels 2 -q
tall=${out% seconds=*}
run 0 "$train" --data-dir wide "${settings[@]}" --tie-pixels 2 --transpose -q -o wide.st
expect 'another result' [ "${out% seconds=*}" = "$tall" ]
run 0 "$eval" --data-dir wide wide.st
expect 'another result' [ "${out% seconds=*}" = "$tall" ]

begin 'mnist-eval: flags come before what the model states'
run 0 "$eval" --data-dir inverted --invert plain.st
expect 'another result' [ "${out% seconds=*}" = "$plain" ]
run 0 "$eval" --data-dir plain --transpose transposed.st
expect 'another result' [ "${out% seconds=*}" = "$plain" ]
err_is 'mnist-eval: note: these are not the test images that this model was tested on when it was trained'

begin 'a committee and teachers must see the same images'
run 1 "$eval" --data-dir plain plain.st both.st
err_is 'mnist-eval: both.st: its images go through other steps (invert,transpose) than those of plain.st (none), so that these are no committee'
run 1 "$train" --data-dir plain "${settings[@]}" --teacher inverted.st -q
err_is "mnist-train: inverted.st: this teacher's images went through other steps (invert) than the images here (none), which it would misread"
run 0 "$train" --data-dir inverted --invert "${settings[@]}" --teacher inverted.st -q

begin 'a training that goes on keeps its steps, and one that begins with a model takes them over'
run 0 "$train" --data-dir both "${settings[@]}" --transpose --invert -q --checkpoint both.ckpt
run 0 "$train" --resume both.ckpt --epochs 7 -o longer.st -q
expect 'other steps' [ "$(metadata longer.st steps)" = invert,transpose ]
run 2 "$train" --resume both.ckpt --no-invert -q
err_has '--no-invert: the training in both.ckpt has --invert'
run 0 "$train" --data-dir both --init-from both.st --epochs 1 --lr 0.001 -o on.st
expect 'other steps' [ "$(metadata on.st steps)" = invert,transpose ]
run 0 "$train" --data-dir transposed --init-from both.st --no-invert --epochs 1 --lr 0.001 -o on.st
expect 'other steps' [ "$(metadata on.st steps)" = transpose ]
run 0 "$train" --data-dir both --transpose --invert --print-config
out_has '"transpose": true'

begin 'mnist-predict: stored images go through the steps, pictures do not need them'
run 0 "$predict" --prob plain.st plain/t10k-images-idx3-ubyte
told=${out//plain/DATA}
run 0 "$predict" --prob both.st both/t10k-images-idx3-ubyte
expect 'other answers' [ "${out//both/DATA}" = "$told" ]
for name in plain both; do
    head -c 800 "$name/t10k-images-idx3-ubyte" | tail -c 784 >"$name.raw"
    { printf 'P5 28 28 255\n' && cat plain.raw; } >digit.pgm
done
run 0 "$predict" plain.st plain.raw digit.pgm
told=${out//plain/DATA}
run 0 "$predict" both.st both.raw digit.pgm
expect 'other answers' [ "${out//both/DATA}" = "$told" ]
run 0 "$predict" --center mass both.st both.raw
both=${out//both/DATA}
run 0 "$predict" --center mass plain.st plain.raw
expect 'other answers of what is prepared' [ "${out//plain/DATA}" = "$both" ]
run 1 "$predict" wide.st plain/t10k-images-idx3-ubyte
err_has '28 x 28 pixels: expected 384, the inputs of the net'

begin 'made smaller, the model keeps its steps'
run 0 "$compress" quantize --bits int8 --data-dir both both.st -o int8.st -q
expect 'other steps' [ "$(metadata int8.st steps)" = invert,transpose ]
run 0 "$eval" --data-dir both int8.st
run 0 "$compress" pack --levels 0 --bias-bits 0 --data-dir both both.st -o packed.mnp -q
run 0 "$eval" --data-dir both packed.mnp
expect 'another result' [ "${out% seconds=*}" = "$plain" ]
err_empty

begin 'into other formats'
run 0 "$convert" both.st again.st --to native --verify --data-dir both
expect 'other steps' [ "$(metadata again.st steps)" = invert,transpose ]
expect 'a note of steps' [ -z "$(grep steps "$work/err" || true)" ]
run 0 "$convert" both.st both.npz --verify --data-dir both
err_has 'note: images as they are stored go through steps before this net (invert,transpose), which format npz does not say: do so before it gets them'
run 0 "$convert" both.st both.html
expect 'a note of steps' [ -z "$(grep steps "$work/err" || true)" ]

begin 'the page says them'
run 0 "$eval" --data-dir both --report page.html both.st
expect 'no steps' grep -q 'invert,transpose' page.html

begin 'bad steps'
run 2 "$train" --max-pixel 255
err_has '--max-pixel'

# Data and nets that look wrong.

begin 'black on white, without --invert'
run 0 "$train" --data-dir inverted "${settings[@]}" --progress none
err_has 'mnist-train: note: the training images are bright (mean pixel 2'
err_has '--invert makes them light on dark'
run 0 "$train" --data-dir inverted "${settings[@]}" -q --json -o dark.st
err_empty
expect 'no note in JSON' [ "$(json '.notes | length > 0')" = true ]
run 0 "$train" --data-dir plain --invert "${settings[@]}" --dry-run
err_has 'note: after --invert the training images are bright'

begin 'pixels from 0 to 1, to 15'
run 0 "$train" --data-dir binary "${settings[@]}" --dry-run
err_has 'note: the largest pixel of the training images is 1, not 255; --max-pixel 1 stretches them'
run 0 "$train" --data-dir sixteen "${settings[@]}" --dry-run
err_has 'note: the largest pixel of the training images is 15, not 255; --max-pixel 15'
run 0 "$train" --data-dir sixteen --max-pixel 15 "${settings[@]}" --dry-run
expect 'a note' [ -z "$(grep note "$work/err" || true)" ]

run 0 "$train" --data-dir sixteen --max-pixel 1 "${settings[@]}" --dry-run
err_has 'note: --max-pixel 1, but there are pixels of 15 in the training images: all above 1 become 255'

begin 'a net at chance'
run 0 "$train" --data-dir plain "${settings[@]}" --lr 1e-9 --optimizer sgd
err_matches 'note: the net is at chance: test_acc 0\.[01][0-9]*, test_loss [0-9.]+, where guessing has ln\(10\) = 2\.303; likely causes: an --lr that is too high or too low \(1e-9\), too few --epochs'
run 0 "$train" --data-dir binary "${settings[@]}" --lr 1e-9
err_has 'the likely cause is what was noted of the training images'
run 0 "$train" --train-images plain/train-images-idx3-ubyte --train-labels plain/train-labels-idx1-ubyte \
    --test-images inverted/t10k-images-idx3-ubyte --test-labels inverted/t10k-labels-idx1-ubyte "${settings[@]}"
err_has 'the test images are stored otherwise than the training images: of 100 it reads'
err_has 'after the steps of --invert'

run 0 "$train" --data-dir plain "${settings[@]}" --lr 1e-9 --runs 2
err_has 'note: seed 2: the net is at chance'

begin 'a loss that explodes and stays finite'
for seed in 1 2; do
    run 4 "$train" --data-dir plain "${settings[@]}" --batch-size 64 --lr 1000 --epochs 1 -s "$seed" -q -o exploded.st --report exploded.html
    err_matches '^mnist-train: training diverged: (an epoch had a mean loss of [0-9.e+]*, where guessing has 2\.3, and the net is at chance \(test accuracy 0\.[0-9]*\)|the loss is not a finite number)'
    out_empty
    expect 'something was written' [ ! -e exploded.st ]
    expect 'something was written' [ ! -e exploded.html ]
done

begin 'what learns in spite of such losses has not diverged'
run 0 "$train" --data-dir plain "${settings[@]}" --hidden none --lr 1000 --epochs 9 --json -q
expect 'no large loss' [ "$(json '.epochs[0].train_loss > 230')" = true ]
expect 'a bad net' [ "$(json '.test.accuracy > 0.6')" = true ]

begin 'test images that are the training images'
same=(--train-images plain/train-images-idx3-ubyte --train-labels plain/train-labels-idx1-ubyte
    --test-images plain/train-images-idx3-ubyte --test-labels plain/train-labels-idx1-ubyte)
run 0 "$train" "${same[@]}" "${settings[@]}" -q --json
json_is '.notes | length' 1
run 0 "$train" "${same[@]}" "${settings[@]}" --dry-run
err_has 'note: the test images are the training images: test_acc will tell how many are remembered'
run 0 "$eval" --test-images plain/train-images-idx3-ubyte --test-labels plain/train-labels-idx1-ubyte plain.st
err_is 'mnist-eval: note: these are the images that this model was trained on: the figures tell how many it remembers, not how many others it reads'

begin 'mnist-eval tells what would help'
run 0 "$eval" --data-dir inverted plain.st
err_matches 'note: these images are stored otherwise than this model needs them: of 100 of them it reads [0-9.]* % as they are, but [0-9.]* % with --invert; say that'
run 0 "$eval" --data-dir transposed plain.st
err_has '% with --transpose; say that'
run 0 "$eval" --data-dir both --json plain.st
err_has '% with --invert --transpose; say that'
json_is '.notes | length' 2
run 0 "$eval" --data-dir all plain.st
err_has '% with --max-pixel 1 --invert --transpose; say that'
run 0 "$eval" --data-dir plain both.st
err_has '% with --invert --transpose; say that'
run 0 "$eval" --data-dir inverted --quiet plain.st
err_empty

finish
