#!/usr/bin/env bash
# test_classes.sh BUILD-DIR SOURCE-DIR: sets of other classes than the ten digits, through all programs: 47 with labels
# from 1 and with names, 2 and 256; what is said of them, and what is refused.
# shellcheck disable=SC2016  # $n is for a shell
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=table.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/table.sh"
maker=$(CDPATH='' cd -- "$2" && pwd)/tests/cli/classes.py
start "$1"
predict=${train%train}predict compress=${train%train}compress convert=${train%train}convert bench=${train%train}bench

# set DIR CLASSES BASE TRAIN TEST: as classes.py; the data as $data
data_of()
{
    data=(--data-dir "$1")
    python3 "$maker" "$@"
}
digest() { sha256sum <"$1" | cut -c -64; }

data_of many 47 1 10 3
for ((c = 1; c <= 47; c++)); do
    printf 'kind %d\r\n' "$c"
done >names
net=(--hidden 24 -e 6)

begin 'labels from 1'
run 0 "$train" "${data[@]}" "${net[@]}" -o 47.st --json
json_is .data.classes 47
json_is .data.label_base 1
json_is '.config["label-base"]' 1
json_is .data.train.labels_sha256 "$(digest many/train-labels-idx1-ubyte)"
json_holds '.test.accuracy > 0.9'
err_has '784-24-47 relu'
err_has 'no label is 0: they are taken to begin at 1, for 47 classes (--label-base 0 if they do not)'
shell 0 'grep -a -c "\"label_base\":\"1\"" "$1"' 47.st
out_is 1

begin 'the same as told; and with names, in which nothing else differs'
run 0 "$train" "${data[@]}" "${net[@]}" -q -o told.st --label-base 1 -j 3
expect 'another model' cmp -s 47.st told.st
run 0 "$train" "${data[@]}" "${net[@]}" -q -o named.st --class-names names --report page.html
expect 'other bytes behind the header' cmp -s <(tail -c 40000 47.st) <(tail -c 40000 named.st)
run 0 "$train" "${data[@]}" "${net[@]}" --dry-run --label-base 0
err_has '784-24-48 relu'

begin 'the page'
for text in 'kind 47</th>' '<table class="matrix dense">' 'Each class' 'Draw something' '784-24-47'; do
    expect "no $text" grep -q -F -- "$text" page.html
done
expect 'a digit' [ "$(grep -c -i 'digits\? ' page.html)" -le "$(grep -c -i "MNIST&#39;s digits\|a digit \|// \|the digit" page.html)" ]

begin 'figures'
run 0 "$eval" "${data[@]}" named.st -q --metrics --confusion --worst 3 --calibration
out_matches 'true \\ predicted'
out_has 'kind 47'
out_matches 'test_acc=(1|0\.9[0-9]*) '
run 0 "$eval" "${data[@]}" named.st -q --json --curves --confusion --worst 1 --predictions all.csv
json_is '.class_names[46]' 'kind 47'
json_is '.label_base' 1
json_is '.metrics.classes | length' 47
json_is '.metrics.classes[46] | [.class, .name] | tostring' '[47,"kind 47"]'
json_is '.curves[0].class' 1
json_is '.confusion | [length, (map(add) | add)] | tostring' '[47,141]'
json_holds '.confusion == .metrics.confusion'
cp "$work/out" named.json
expect 'labels of another base' [ "$(sed 1d all.csv | cut -d, -f 2 | sort -un | sed -n '1p;$p' | tr '\n' ' ')" = '1 47 ' ]
expect 'another head' [ "$(head -n 1 all.csv | cut -d, -f 1-4,50)" = index,label,predicted,p1,p47 ]
run 0 "$eval" "${data[@]}" named.st -q --csv
out_matches '
class,47,,support,3
'
run 0 "$eval" "${data[@]}" 47.st --baseline named.json
run 0 "$eval" "${data[@]}" 47.st --class-names names --confusion -q
out_has 'kind 47'
run 0 "$eval" "${data[@]}" named.st --temperature fit -q
run 0 "$eval" "${data[@]}" named.st --tta 3 --augment shift=1 -q --report eval.html
expect 'no name' grep -q 'kind 47' eval.html

begin 'predictions'
run 0 "$predict" named.st many/t10k-images-idx3-ubyte
expect 'too few right' [ "$(paste <(cut -f 2 "$work/out") <(sed 1d all.csv | cut -d, -f 3) | sed 's/kind //' |
    awk '$1 == $2' | wc -l)" = 141 ]
run 0 "$predict" 47.st many/t10k-images-idx3-ubyte -k 47
expect 'not 47 of them' [ "$(head -n 1 "$work/out" | tr '\t' '\n' | wc -l)" = 95 ]
shell 0 '"$1" named.st many/t10k-images-idx3-ubyte --json | head -n 5' "$predict"
json_holds '.class == "kind \(.digit)" and .digit >= 1 and (.probabilities | length) == 47'
run 0 "$predict" 47.st many/t10k-images-idx3-ubyte --prob --class-names names
out_matches 'ubyte#141	kind [0-9]+	'

begin 'committees and teachers'
run 0 "$train" "${data[@]}" "${net[@]}" -q --ensemble 2 --report two.html
run 0 "$train" "${data[@]}" "${net[@]}" -q --teacher 47.st,named.st -o pupil.st
run 0 "$train" "${data[@]}" "${net[@]}" -q --augment light --mixup 0.2 --teacher 47.st -o pupil2.st
run 0 "$eval" "${data[@]}" named.st named.st --confusion -q
run 0 "$eval" "${data[@]}" 47.st pupil.st pupil2.st -q

begin 'classes left out, by their labels'
run 0 "$train" "${data[@]}" "${net[@]}" --omit-class 40-46,1 --calibrate-bias --val-split 60 -o few.st
err_matches '[67][0-9] more training images are left out by --omit-class'
shell 0 'grep -a -o "omit-class[^,]*,[0-9,]*" "$1"' few.st
out_matches '1,40,41,42,43,44,45,46'
run 0 "$eval" "${data[@]}" few.st --temperature fit -q
run 0 "$train" "${data[@]}" "${net[@]}" --per-class 4 -q --json
json_is .data.train.n 188

begin 'going on'
run 0 "$train" "${data[@]}" "${net[@]}" -q --class-names names --checkpoint run.ckpt --checkpoint-every 4epochs
mv names elsewhere
run 0 "$train" --resume run.ckpt -q -o resumed.st
expect 'another model than without a break' cmp -s resumed.st named.st
mv elsewhere names
run 0 "$train" "${data[@]}" --init-from named.st -e 1 -q -o more.st
run 0 "$eval" "${data[@]}" more.st -q --confusion
out_has 'kind 47'

begin 'smaller'
run 0 "$compress" prune "${data[@]}" named.st --keep 0.5 -e 1 -q -o pruned.st
run 0 "$compress" quantize "${data[@]}" named.st -q -o whole.st
run 0 "$compress" pack "${data[@]}" pruned.st -q -o packed.mlpk
for model in pruned.st whole.st packed.mlpk; do
    run 0 "$eval" "${data[@]}" "$model" -q --confusion
    out_has 'kind 47'
done

begin 'other formats'
for ending in pt.safetensors npz gguf onnx; do
    to=()
    [ "$ending" = pt.safetensors ] && to=(--to torch)
    code=0
    "$convert" "${to[@]}" --verify "${data[@]}" named.st "out.$ending" >"$work/out" 2>"$work/err" || code=$?
    keep
    if [ "$code" != 0 ]; then
        expect "$ending: exit code $code" has "$err" 'without'
        continue
    fi
    out_matches 'max_difference=[0-9.e-]+ changed=0 n=141'
    err_has 'what its classes are called stays behind'
    run 0 "$convert" "out.$ending" back.safetensors
    run 0 "$eval" "${data[@]}" --label-base 1 back.safetensors -q
    expect "$ending: another result" [ "$(value errors)" = "$(jq .test.errors named.json)" ]
done
run 0 "$convert" named.st out.html
expect 'no name on the pad' grep -q '<th scope="row">kind 47</th>' out.html
for model in named.st whole.st; do
    run 0 "$convert" "$model" out.c
    if command -v cc >/dev/null; then
        printf '#include "out.h"\n#include <stdio.h>\nint main(void){unsigned char p[784];float q[47];'"$(
            )"'while(fread(p,1,784,stdin)==784)printf("%%d\\n",out(p,q)+1);return 0;}\n' >main.c
        sed -i "s/out(p,q)/$(sed -n 's/^int \(\w*\)(const uint8_t pixels\[784\], float out\[47\]);$/\1/p' out.h)(p,q)/" main.c
        expect 'no compiler takes it' cc -std=c99 -Werror -Wall -O1 -o main main.c out.c
        run 0 "$predict" "$model" many/t10k-images-idx3-ubyte
        expect 'other answers in C' [ "$(cut -f 2 "$work/out" | sed 's/kind //' | tr '\n' ' ')" = \
            "$(tail -c +17 many/t10k-images-idx3-ubyte | ./main | tr '\n' ' ')" ]
    fi
done
run 0 "$bench" "${data[@]}" --quick --filter 'training 784-128' --json
json_holds 'any(.rows[]; .name | startswith("784-128-48"))'

begin 'two, and 256'
data_of two 2 0 20 10
run 0 "$train" "${data[@]}" "${net[@]}" -q -o 2.st
run 0 "$eval" "${data[@]}" 2.st -q --metrics --report page.html
out_matches 'label among the first 2: 100\.00%
'
data_of most 256 0 3 1
run 0 "$train" "${data[@]}" --hidden 64 -e 6 -q -o 256.st --report page.html
shell 0 '"$eval" --data-dir most 256.st -q --json | jq -r ".metrics.confusion | [length, (map(add) | add)] | tostring"'
out_is '[256,256]'
begin 'more classes than labels'
run 0 "$train" --data-dir two "${net[@]}" -q --classes 12 -o 12.st
run 0 "$eval" --data-dir two 12.st -q

begin 'without a class in between'
python3 - <<'P'
for name in 'train', 't10k':
    path = f'many/{name}-labels-idx1-ubyte'
    data = bytearray(open(path, 'rb').read())
    data[8:] = bytes(3 if b == 2 else b for b in data[8:])
    open(f'gap-{name}', 'wb').write(data)
P
gap=(--train-images many/train-images-idx3-ubyte --train-labels gap-train
    --test-images many/t10k-images-idx3-ubyte --test-labels gap-t10k)
run 0 "$train" "${gap[@]}" --classes 47 -q -e 1

# --- What is refused ---------------------------------------------------------------------------------------------------

head -n 46 names >short
printf 'a\nb\n\nc\n' >empty
printf 'a\na\n' >twice
data=(--data-dir many)
shopt -s extglob
fails_like 1 "$train" "gap-train: label 47 (index +([0-9])), but no image has label 2: a damaged file[?] If there are 47 classes, say --classes 47" \
    "${gap[@]}" -q
fails_like 1 "$train" "many/train-labels-idx1-ubyte: label 47 (index +([0-9])): expected 1 to 46" "${data[@]}" -q --classes 46
fails_like 1 "$train" "many/train-labels-idx1-ubyte: label 1 (index +([0-9])): expected 2 to 255" "${data[@]}" -q --label-base 2
fails 2 "$train" '--class-names: short has 46 names, but there are 47 classes' "${data[@]}" -q --class-names short
fails 1 "$train" 'empty: line 3: an empty name' "${data[@]}" -q --class-names empty
fails 1 "$train" 'twice: line 2: a name that is there already' "${data[@]}" -q --class-names twice
fails 1 "$train" 'none: cannot be opened: No such file or directory' "${data[@]}" -q --class-names none
usage "$train" '--classes: "1" is not a whole number from 2 to 256' --classes 1
usage "$train" '--classes: "257" is not a whole number from 2 to 256' --classes 257
usage "$train" '--label-base: "256" is not a whole number from 0 to 255' --label-base 256
fails 1 "$train" '2.st: a net of 2 outputs, expected 47' "${data[@]}" -q --teacher 2.st
fails 2 "$train" '--init-from: the net in 2.st has 2 outputs, but the data have 47 classes; with --fresh-last its last layer is left out' \
    "${data[@]}" -q --init-from 2.st
fails 2 "$train" '--omit-class: the data have labels from 1 to 47' "${data[@]}" -q --omit-class 0
fails_like 1 "$train" "many/t10k-labels-idx1-ubyte: label +([0-9]) (index +([0-9])): expected 0 to 1; the training images have labels of 2 classes (--classes N says how many there are)" \
    --train-images two/train-images-idx3-ubyte --train-labels two/train-labels-idx1-ubyte \
    --test-images many/t10k-images-idx3-ubyte --test-labels many/t10k-labels-idx1-ubyte -q
fails_like 1 "$eval" "many/t10k-labels-idx1-ubyte: label +([0-9]) (index +([0-9])): expected 0 to 1, as the net in 2.st has 2 outputs; --label-base 1 if labels begin at 1" \
    "${data[@]}" 2.st -q
fails 1 "$eval" '--class-names: short has 46 names, but there are 47 classes' "${data[@]}" named.st -q --class-names short
fails 1 "$eval" '2.st: its net has 2 outputs, but that of named.st has 47' "${data[@]}" named.st 2.st -q
fails 1 "$eval" '47.st: its classes are called otherwise than those of named.st' "${data[@]}" named.st 47.st -q
fails 1 "$predict" '--class-names: short has 46 names, but there are 47 classes' named.st --class-names short many/t10k-images-idx3-ubyte
usage "$predict" '--top: expected a whole number from 1 to 2, the classes of the net, found 3' -k 3 2.st two/t10k-images-idx3-ubyte
table_ends 20
