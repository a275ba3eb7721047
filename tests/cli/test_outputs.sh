#!/usr/bin/env bash
# test_outputs.sh BUILD-DIR SOURCE-DIR: an output never destroys an input or another output; a result is printed even if
# a file cannot be written; and what is printed of nets whose numbers overflow.
# shellcheck disable=SC2016  # dollars for jq, and for the shell that the function shell starts
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
source=$(CDPATH='' cd -- "$2" && pwd)
start "$1"
export predict=${train%train}predict

data there 28
small=(--data-dir there --hidden 8 -e 2 -b 4 -q)
for seed in 1 2; do
    run 0 "$train" "${small[@]}" -s $seed -o net-$seed.st
done
run 0 "$eval" net-1.st --data-dir there --json
cp "$work/out" q.json
# Every file with its inode, size and time, which show whether it was replaced or changed.
all()
{
    find . -type f -printf '%p %i %s %T@\n' | sort
}
before=$(all)

# refused PROGRAM MESSAGE ARGUMENT...: exit code 2, that message, and no file has changed.
refused()
{
    local program=$1 message=$2
    shift 2
    begin "$*"
    run 2 "$program" "$@"
    out_empty
    expect "stderr lacks: $message" has "$err" "${program##*/}: $message"
    expect 'files came, went or changed' [ "$(all)" = "$before" ]
}

# --- mnist-eval ---------------------------------------------------------------------------------------------------

on=(--data-dir there)
refused "$eval" '--report would overwrite the model net-1.st; was FILE forgotten?' --report net-*.st "${on[@]}"
refused "$eval" '--predictions would overwrite the model net-1.st; was FILE forgotten?' --predictions net-*.st "${on[@]}"
refused "$eval" '--report ./net-1.st would overwrite the model net-1.st; was FILE forgotten?' --report ./net-1.st net-1.st "${on[@]}"
refused "$eval" '--report would overwrite the baseline q.json; name another file' --report q.json --baseline q.json net-1.st "${on[@]}"
refused "$eval" '--report would overwrite the test images there/t10k-images-idx3-ubyte; name another file' net-1.st \
    --report there/t10k-images-idx3-ubyte --test-images there/t10k-images-idx3-ubyte --test-labels there/t10k-labels-idx1-ubyte
refused "$eval" '--predictions would overwrite the test labels there/t10k-labels-idx1-ubyte; name another file' net-1.st \
    --predictions there/t10k-labels-idx1-ubyte "${on[@]}"
refused "$eval" '--report would overwrite the data file there/train-labels-idx1-ubyte; name another file' net-1.st \
    --report there/train-labels-idx1-ubyte "${on[@]}" # not read here, but not replaced by a page either
gzip -c there/t10k-labels-idx1-ubyte >packed.gz
ln -s packed.gz link.gz
before=$(all)
refused "$eval" '--report link.gz would overwrite the test labels packed.gz; name another file' net-1.st \
    --report link.gz --test-images there/t10k-images-idx3-ubyte --test-labels packed.gz
refused "$eval" '--report and --predictions name the same file' net-1.st "${on[@]}" --report same --predictions same
refused "$eval" '--report and --predictions name the same file' net-1.st "${on[@]}" --report same --predictions ./there/../same
ln -s same also
refused "$eval" '--report and --predictions name the same file' net-1.st "${on[@]}" --report same --predictions also

begin 'mnist-eval: what is allowed'
run 0 "$eval" net-1.st "${on[@]}" --report /dev/null --predictions /dev/null
shell 0 '$eval net-1.st --data-dir there --report /dev/stdout --predictions /dev/stdout | cat'
out_has 'index,label,predicted'
run 0 "$eval" net-1.st "${on[@]}" --report r.html --predictions p.csv
run 0 "$eval" net-1.st "${on[@]}" --report r.html --predictions p.csv # over those of before
shell 0 '$eval net-1.st --data-dir there --report >(cat >/dev/null) --predictions >(cat >/dev/null)'
mkdir other
run 0 "$eval" net-1.st "${on[@]}" --report same --predictions other/same
rm -r other same r.html p.csv

# --- mnist-train --------------------------------------------------------------------------------------------------

echo '{"epochs": 2}' >c.json
run 0 "$train" "${small[@]}" --checkpoint run.ckpt
before=$(all)
refused "$train" '--report and --output name the same file' "${small[@]}" --report ./m.html -o m.html
refused "$train" '--report and --output name the same file' "${small[@]}" --runs 2 --report 'm-{seed}' -o './m-{seed}'
refused "$train" '--report and --output name the same file' "${small[@]}" --runs 2 --report 'm-{seed}' -o 'm-{seed}'
refused "$train" '--log and --output name the same file' "${small[@]}" --runs 2 -o '{seed}.csv' --log 2.csv
ln -s twin-2 twin-1
refused "$train" '--output: twin-1 and twin-2 are the same file' "${small[@]}" --runs 2 -o 'twin-{seed}'
refused "$train" '--checkpoint and --report name the same file' "${small[@]}" --checkpoint a --report ./a
refused "$train" '--output and --preview name the same file' "${small[@]}" -o a.png --preview ./a.png
refused "$train" '--report would overwrite the config file c.json; name another file' "${small[@]}" --config c.json --report c.json
refused "$train" '--output ./c.json would overwrite the config file c.json; name another file' "${small[@]}" --config c.json -o ./c.json
for file in train-images-idx3 train-labels-idx1 t10k-images-idx3 t10k-labels-idx1; do
    of='test'
    [ "${file%%-*}" = t10k ] || of=training
    what=${file%-*}
    options=(--output)
    [ $file != t10k-labels-idx1 ] || options=(--report --checkpoint --preview)
    for option in "${options[@]}"; do
        refused "$train" "$option would overwrite the $of ${what#*-} there/$file-ubyte; name another file" "${small[@]}" \
            "$option" there/$file-ubyte
    done
done
ln -s there/train-labels-idx1-ubyte log.csv
refused "$train" '--log log.csv would overwrite the training labels there/train-labels-idx1-ubyte; name another file' \
    "${small[@]}" --log log.csv
ln -s ../c.json there/best.json
refused "$train" '--output there/best.json would overwrite the config file c.json; name another file' "${small[@]}" \
    --config c.json --tune 1 -o there/best.json
ln -s train-images-idx3-ubyte there/found.json
refused "$train" '--output there/found.json would overwrite the training images there/train-images-idx3-ubyte; name another file' \
    "${small[@]}" --tune 1 -o there/found.json
refused "$train" '--report would overwrite the model net-1.st; was FILE forgotten?' "${small[@]}" --report net-1.st
refused "$train" '--preview would overwrite the checkpoint run.ckpt; was FILE forgotten?' "${small[@]}" --preview run.ckpt
refused "$train" '--report would overwrite the checkpoint run.ckpt; was FILE forgotten?' --resume run.ckpt --checkpoint new.ckpt -q \
    --report run.ckpt
refused "$train" '--output ./run.ckpt would overwrite the checkpoint run.ckpt; name another file' --resume run.ckpt \
    --checkpoint new.ckpt -q -o ./run.ckpt
refused "$train" '--checkpoint and --output name the same file' --resume run.ckpt -q -o run.ckpt

begin 'mnist-train: what is allowed'
run 0 "$train" --resume run.ckpt --checkpoint ./run.ckpt -e 3 -q
run 0 "$train" "${small[@]}" -o /dev/null --report /dev/null
run 0 "$train" "${small[@]}" -o net-1.st --report r.html --log l.csv
run 0 "$train" "${small[@]}" -o net-1.st --report r.html --log l.csv # over those of before
run 0 "$train" "${small[@]}" --config c.json --runs 2 -o 'net-{seed}.st' --report 'r-{seed}.html'
run 2 "$train" "${small[@]}" --data-dir there -o m --log l.csv --report l.csv --dry-run
err_has 'name the same file'

# --- A result is printed whatever happens to the files ------------------------------------------------------------

begin 'files that cannot be written'
run 0 "$eval" net-1.st "${on[@]}"
line=$(result)
for option in --report --predictions; do
    run 1 "$eval" net-1.st "${on[@]}" $option /dev/full
    expect 'another result' [ "$(result)" = "$line" ]
    err_is 'mnist-eval: /dev/full: cannot write it: No space left on device'
    shell 1 '$eval net-1.st --data-dir there "$1" /dev/full 2>&1' $option
    expect 'the message is not the last' matches "$(tail -n 1 "$work/out")" '^mnist-eval: /dev/full'
    run 1 "$eval" net-1.st "${on[@]}" --json $option /dev/full
    json_is .schema mnist-eval/1
    run 1 "$eval" net-1.st "${on[@]}" --csv $option /dev/full
    out_matches '^section,class,item,metric,value'
    run 1 "$eval" net-1.st "${on[@]}" --min-accuracy 1 --max-loss 1e-9 $option /dev/full
    err_has 'gate failed'
done
run 1 "$eval" net-1.st "${on[@]}" --report /dev/full --predictions p.csv # one that fails does not prevent the other
expect 'no predictions' [ "$(lines_of p.csv)" -eq 21 ]
run 1 "$eval" net-1.st "${on[@]}" --predictions /dev/full --report r2.html
expect 'no page' [ -s r2.html ]
shell 1 'ulimit -f 8; $eval net-1.st --data-dir there --report r2.html'
expect 'another result with a limit' [ "$(result)" = "$line" ]

# --- Nets whose logits overflow -----------------------------------------------------------------------------------

# Multiplies the weights, and corrects the CRC.
python3 - net-1.st huge.st <<'END'
import array, re, struct, sys, zlib
file = open(sys.argv[1], "rb").read()
start = 8 + struct.unpack("<Q", file[:8])[0]
values = array.array("f", file[start:])
assert sys.byteorder == "little"
file = file[:start] + array.array("f", [v * 1e30 for v in values]).tobytes()
file = re.sub(rb'"crc32":"[0-9a-f]{8}"', b'"crc32":"00000000"', file, count=1)
open(sys.argv[2], "wb").write(file.replace(b'"crc32":"00000000"', b'"crc32":"%08x"' % zlib.crc32(file), 1))
END
message='mnist-eval: huge.st: its logits are not finite, so that only its result can be printed'

begin 'mnist-eval of logits that are not finite'
run 0 "$eval" huge.st "${on[@]}"
err_empty
out_matches '^test_loss=nan test_acc='
line=$(result)
run 0 "$eval" huge.st "${on[@]}" --json
json_holds '.test.loss == null and .metrics == null'
for option in --metrics --calibration '--worst 3' '--report none.html' '--predictions none.csv' '--baseline q.json' '--temperature 2'; do
    # shellcheck disable=SC2086  # to be split
    run 1 "$eval" huge.st "${on[@]}" $option
    expect "$option: another result" [ "$(result)" = "$line" ]
    err_is "$message"
done
expect 'a file was written' [ ! -e none.html ] && [ ! -e none.csv ]
run 1 "$eval" huge.st "${on[@]}" --csv
err_is "$message"
expect 'the loss is not empty' grep -qx 'test,,,loss,' "$work/out"
expect 'the errors' grep -qxE 'test,,,errors,[0-9]+' "$work/out"
run 1 "$eval" huge.st "${on[@]}" --json --metrics --report none.html
err_is "$message"
json_holds '.test.loss == null and .metrics == null'
run 1 "$eval" net-2.st huge.st "${on[@]}" --metrics
err_is "$message"
out_matches 'test_loss=nan .* model=huge\.st'
run 3 "$eval" huge.st "${on[@]}" --max-loss 1
err_is 'mnist-eval: gate failed: test loss nan is above --max-loss 1'
run 1 "$eval" huge.st "${on[@]}" --temperature fit --val-split 10
err_is 'mnist-eval: huge.st: its logits are not finite, so that no temperature can be fitted'

begin 'mnist-predict of logits that are not finite'
{ printf 'P5 28 28 255\n' && head -c 300 /dev/zero && head -c 24 /dev/zero | tr '\0' '\377' && head -c 460 /dev/zero; } >dash.pgm
run 1 "$predict" huge.st dash.pgm
out_empty
err_is 'mnist-predict: dash.pgm: the logits of huge.st are not finite, so that it tells no digit'
run 1 "$predict" huge.st there/t10k-images-idx3-ubyte
out_empty
expect 'not each image' [ "$(lines_of "$work/err")" -eq 20 ]
err_has 'mnist-predict: there/t10k-images-idx3-ubyte#20: the logits of huge.st are not finite'
run 1 "$predict" huge.st --text dash.pgm
out_empty
err_has 'mnist-predict: dash.pgm#1: the logits of huge.st'
run 1 "$predict" huge.st --json dash.pgm
json_holds '.digit == null and .probability == null and (.probabilities | all(. == null))'
err_has 'mnist-predict: dash.pgm: the logits of huge.st are not finite'
run 0 "$predict" net-1.st dash.pgm
err_empty

# --- The reference's check ---------------------------------------------------------------------------------------

begin 'metrics_reference.py of one image'
for python in python3 /usr/bin/python3; do # Debian's NumPy is for Debian's Python
    if "$python" -c 'import numpy, scipy, sklearn' 2>/dev/null; then
        { bytes 00 00 08 03 && be32 1 && be32 28 && be32 28 && bytes ff && head -c 783 /dev/zero; } >one-image
        { bytes 00 00 08 01 && be32 1 && bytes 00; } >one-label
        "$eval" -q net-2.st --test-images one-image --test-labels one-label --predictions one.csv --json >one.json
        run 0 "$python" "$source/tests/golden/metrics_reference.py" --check one.csv one.json
        out_matches 'values of 1 images'
        break
    fi
done

finish
