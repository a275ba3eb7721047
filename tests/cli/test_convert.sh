#!/usr/bin/env bash
# test_convert.sh BUILD-DIR SOURCE-DIR: mnist-convert, the whole way: there and back in every format that is read and
# written, nets as other programs keep them, what is asked for and what is said, and what it says to files that are wrong.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=table.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/table.sh"
nets=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)/nets.py
start "$1"
convert=${train%train}convert
predict=${train%train}predict
drawn=(--dataset synthetic --synthetic-test 200)
known=(--activation tanh --normalize standard)
if ! command -v python3 >/dev/null; then
    skip_test 'no python3' 'scripts/install-deps.sh test'
fi

run 0 "$train" --dataset synthetic --synthetic-train 500 --synthetic-test 200 --hidden 12,7 --activation tanh -e 2 -q \
    --normalize standard -o model.safetensors
run 0 "$train" --dataset synthetic --synthetic-train 100 --synthetic-test 20 --hidden none -e 1 -q -o softmax.safetensors
npz=1
run 0 "$convert" -q softmax.safetensors probe.npz
if ! "$convert" -q probe.npz probe.safetensors >/dev/null 2>probe.err; then
    expect 'it is not said what is missing' grep -q 'without libzip' probe.err
    begin 'NPZ'
    left_out 'built without libzip' 'scripts/install-deps.sh build, and build again'
    npz=
fi

# --- there and back ---------------------------------------------------------------------------------

# round_trip FORMAT ENDING
round_trip()
{
    begin "$1, there and back"
    run 0 "$convert" --verify "${drawn[@]}" model.safetensors "there$2"
    err_has 'note: the options of its training and the digests of its data stay behind'
    expect "$out" [ "$(value from) $(value to) $(value net) $(value activation)" = "native $1 784-12-7-10 tanh" ]
    expect "$out" [ "$(value max_difference) $(value changed) $(value n) $(value parameters)" = '0 0 200 9591' ]
    expect "$out" [ "$(value bytes)" = "$(wc -c <"there$2")" ]
    run 0 "$convert" --max-difference 1e-9 "${drawn[@]}" "there$2" "back-$1.safetensors"
    err_empty
    expect 'weights differ' python3 "$nets" same model.safetensors "back-$1.safetensors"
    run 0 "$eval" "${drawn[@]}" "back-$1.safetensors"
    result >back.result
    run 0 "$eval" "${drawn[@]}" model.safetensors
    expect 'mnist-eval says something else' [ "$(result)" = "$(cat back.result)" ]
    run 0 "$convert" -q softmax.safetensors "soft$2"
    run 0 "$convert" -q "soft$2" soft-back.safetensors
    expect 'weights differ' python3 "$nets" same softmax.safetensors soft-back.safetensors
}

round_trip torch .pt.safetensors
if [ "$npz" ]; then
    round_trip npz .npz
fi
round_trip native .st.safetensors

begin 'what it comes from'
digest=$(digest_of there.pt.safetensors)
expect 'not in the model' grep -aq "\"converted_from\":\"torch\",\"source_sha256\":\"$digest\"" back-torch.safetensors
expect 'options of a training' [ "$(grep -ac '"options"' back-torch.safetensors)" -eq 0 ]
run 0 "$convert" -q there.pt.safetensors twice.safetensors
same_bytes twice.safetensors back-torch.safetensors
run 0 "$eval" "${drawn[@]}" -q --report page.html back-torch.safetensors
expect 'no page' grep -q '</html>' page.html
head -c 784 /dev/zero >raw
run 0 "$predict" back-torch.safetensors raw
# shellcheck disable=SC2016  # the inner shell's
shell 0 'cat there.pt.safetensors | "$1" -q /dev/stdin piped.safetensors' "$convert"
same_bytes piped.safetensors back-torch.safetensors

# --- as other programs keep them --------------------------------------------------------------------

mkdir variants
python3 "$nets" variants model.safetensors variants
run 0 "$convert" -q "${known[@]}" variants/coarse.safetensors coarse.safetensors
for kind in F32 F64 F16 BF16; do
    begin "PyTorch, $kind"
    run 0 "$convert" "${known[@]}" "variants/torch-$kind.safetensors" got.safetensors
    err_empty
    expect 'weights differ' python3 "$nets" same coarse.safetensors got.safetensors
done
for file in ${npz:+keras savez sklearn}; do
    begin "$file.npz"
    run 0 "$convert" "${known[@]}" "variants/$file.npz" got.safetensors
    err_empty
    expect 'weights differ' python3 "$nets" same coarse.safetensors got.safetensors
done
begin 'inputs by columns, names that say nothing'
run 0 "$convert" "${known[@]}" --input-order columns variants/columns.safetensors got.safetensors
err_has "note: names do not say the order of the layers: it was found by shape, 'minez' first"
err_has 'note: weights are (in, out), which their shapes tell'
err_has 'note: inputs were in the order of columns and are now in that of rows'
expect 'weights differ' python3 "$nets" same coarse.safetensors got.safetensors
run 0 "$convert" "${known[@]}" --input-order columns --layers minez+offz,miney+offy,minex+offx variants/columns.safetensors got.safetensors
expect 'weights differ' python3 "$nets" same coarse.safetensors got.safetensors
run 0 "$convert" "${known[@]}" --layers minez,miney,minex variants/columns.safetensors got.safetensors
err_has 'note: 3 of 3 layers, as they were named, have no bias, which is taken as 0'

# Debian's packages are python3's of /usr/bin, whatever else is before it
python=
for candidate in python3 /usr/bin/python3; do
    if [ ! "$python" ] && "$candidate" -c 'import numpy' 2>/dev/null; then
        python=$candidate
    fi
done
begin NumPy
if [ "$npz" ] && [ "$python" ]; then
    run 0 "$python" "$nets" numpy there.npz .
    for file in np-savez np-sklearn np-torch; do
        run 0 "$convert" --activation tanh --normalize 0.1307:0.3081 "$file.npz" got.safetensors
        expect "weights of $file.npz differ" python3 "$nets" same model.safetensors got.safetensors
    done
    run 1 "$convert" "${known[@]}" np-pickle.npz none.safetensors
    err_has "is of type '|O'"
    err_has 'allow_pickle=False'
    run 0 "$convert" -q --vectors 20 "${drawn[@]}" model.safetensors vectors.npz
    run 0 "$convert" -q --vectors 20 "${drawn[@]}" model.safetensors vectors.pt.safetensors
    run 0 "$python" "$nets" vectors vectors.npz vectors.pt.safetensors.vectors.json
    out_is '20 images'
else
    left_out 'no numpy for python3, or no libzip' 'scripts/install-deps.sh build numpy, and build again'
fi
python=
for candidate in python3 /usr/bin/python3; do
    if [ ! "$python" ] && "$candidate" -c 'import torch' 2>/dev/null; then
        python=$candidate
    fi
done
begin PyTorch
if [ "$python" ]; then
    run 0 "$train" --dataset synthetic --synthetic-train 500 --synthetic-test 20 --hidden 9,8 -e 1 -q -o relu.safetensors
    run 0 "$convert" -q --vectors 50 "${drawn[@]}" relu.safetensors relu.pt.safetensors
    run 0 "$python" "$nets" runs relu.pt.safetensors
    out_has '50 images'
else
    left_out 'no torch for python3 (python3-torch)' # 1 GB: not installed for a test
fi

# --- options ----------------------------------------------------------------------------------------

begin 'JSON'
run 0 "$convert" --json --verify "${drawn[@]}" model.safetensors there.pt.safetensors
json_is .schema mnist-convert/1
json_is .in.file model.safetensors
json_is .in.format native
json_is .in.sha256 "$(digest_of model.safetensors)"
json_is .out.format torch
json_is .out.bytes "$(wc -c <there.pt.safetensors)"
json_is .out.written true
json_is '.net.widths | tostring' '[784,12,7,10]'
json_is .net.parameters 9591
json_is .net.activation tanh
json_is .net.normalization standard
json_is '.notes | length' 1
json_is '.verify | [.n, .max_difference, .changed] | tostring' '[200,0,0]'

begin '--vectors'
run 0 "$convert" --vectors 3 "${drawn[@]}" model.safetensors there.pt.safetensors
cp there.pt.safetensors.vectors.json "$work/out"
json_is .schema mnist-vectors/1
json_is .source_sha256 "$(digest_of model.safetensors)"
json_is '.vectors | length' 3
json_holds '.vectors | all((.pixels | length) == 784 and (.logits | length) == 10 and (.probabilities | add) < 1.00001
    and (.probabilities | add) > 0.99999)'
json_is '[.vectors[].index] | tostring' '[0,1,2]'
run 0 "$eval" "${drawn[@]}" -q --predictions predictions.csv model.safetensors
expect 'not the probabilities of mnist-eval' [ "$(jq -r '.vectors[0].probabilities | map(. * 1e6 | round) | join(" ")' \
    there.pt.safetensors.vectors.json)" = "$(sed -n 2p predictions.csv | cut -d , -f 4- | tr , '\n' |
        jq -rs 'map(. * 1e6 | round) | join(" ")')" ]
run 0 "$convert" -q --vectors 10000 --dataset synthetic --synthetic-test 4 model.safetensors there.pt.safetensors
run 0 "$convert" --json --vectors 2 "${drawn[@]}" model.safetensors beside.npz
json_is .out.vectors beside.npz.vectors.npz
expect 'not the nine arrays' [ "$(python3 -c 'import sys, zipfile; print(*zipfile.ZipFile(sys.argv[1]).namelist())' \
    beside.npz.vectors.npz)" = 'pixels.npy labels.npy logits.npy probabilities.npy mean.npy stddev.npy schema.npy '\
'source_sha256.npy activation.npy' ]
run 0 "$convert" -q --vectors 2 "${drawn[@]}" model.safetensors again.npz
same_bytes beside.npz.vectors.npz again.npz.vectors.npz
expect 'as many as there are' [ "$(jq '.vectors | length' there.pt.safetensors.vectors.json)" -eq 4 ]

begin 'more vectors than images'
run 0 "$convert" --vectors 3 --dataset synthetic --synthetic-test 2 model.safetensors few.pt.safetensors
err_has 'note: vectors are of 2 images and not of 3: there are no more'
expect 'not two' [ "$(jq '.vectors | length' few.pt.safetensors.vectors.json)" = 2 ]

begin '--dry-run'
run 0 "$convert" -n --verify --vectors 2 "${drawn[@]}" model.safetensors dry.pt.safetensors
err_has 'nothing was written (--dry-run)'
expect 'it was written' [ ! -e dry.pt.safetensors ]
expect 'vectors were written' [ ! -e dry.pt.safetensors.vectors.json ]
expect "$out" [ "$(value changed)" = 0 ]

begin '-v, -q'
run 0 "$convert" -v model.safetensors there.pt.safetensors
err_has 'layer 1: 784 inputs, 12 outputs, tanh'
err_has 'layer 3: 7 inputs, 10 outputs'
run 0 "$convert" -q model.safetensors there.pt.safetensors
err_empty

begin '--from, --to'
cp there.pt.safetensors of-no-ending
run 0 "$convert" --from torch --to native -q of-no-ending to-no-ending
same_bytes to-no-ending back-torch.safetensors
run 1 "$convert" --from native --to native of-no-ending none
err_has "format 'pt', expected 'mnist-mlp'"
run 0 "$convert" --activation relu --normalize unit there.pt.safetensors got.safetensors
err_has 'note: the file says activation tanh, and relu was asked for'
err_has 'were asked for'
run 0 "$convert" "${known[@]}" --activation gelu variants/torch-F32.safetensors got.safetensors
err_has "note: GELU is taken to be the one by tanh: torch.nn.GELU('tanh'), not its default"

# --- what is wrong ----------------------------------------------------------------------------------

begin 'bad command lines'
usage "$convert" 'IN is missing'
usage "$convert" 'OUT is missing' model.safetensors
usage "$convert" 'unexpected argument "more"' model.safetensors a.npz more
# taken OPTION: what it takes
taken()
{
    { "$convert" "--$1" '' a b 2>&1 || true; } | sed -n 's/^.* is not one of \([^;]*\).*$/\1/p'
}
usage "$convert" "--to: \"caffe2\" is not one of $(taken to)" --to caffe2 a b
usage "$convert" "--from: \"keras\" is not one of $(taken from)" --from keras a b
usage "$convert" "--activation: \"relu6\" is not one of $(taken activation); did you mean relu?" \
    --activation relu6 a b
usage "$convert" '--max-difference: "0" is not a number above 0 and at most 1' --max-difference 0 a b
usage "$convert" '--vectors: "0" is not a whole number from 1 to 10000' --vectors 0 a b
usage "$convert" "out.xyz: no format has this ending; say --to FORMAT, one of: $(taken to | sed 's/^auto, //')" model.safetensors out.xyz
usage "$convert" "normalization '0.1307': expected unit, standard, or MEAN:SD of pixels in 0 to 1, as 0.1307:0.3081" \
    --normalize 0.1307 model.safetensors out.npz
usage "$convert" "normalization '0:0': expected a deviation above 0, and not so small that pixels in 0 to 1 become infinite" \
    --normalize 0:0 model.safetensors out.npz
usage "$convert" '--dataset is for --verify and --vectors: test images are read for nothing else' --dataset synthetic \
    model.safetensors out.npz
usage "$convert" '--quiet says less and --verbose more: one of them' -qv model.safetensors out.npz
usage "$convert" '--test-images does not go with --dataset synthetic, which reads no files' --verify "${drawn[@]}" \
    --test-images a --test-labels b model.safetensors out.pt.safetensors
cp model.safetensors out.npz.vectors.npz
usage "$convert" 'what --vectors writes would overwrite the input out.npz.vectors.npz; name another file' --vectors 1 "${drawn[@]}" \
    out.npz.vectors.npz out.npz
rm out.npz.vectors.npz
cp softmax.safetensors there.npz
usage "$convert" 'OUT would overwrite the model there.npz; name another file' model.safetensors there.npz
rm there.npz
usage "$convert" 'OUT would overwrite the input model.safetensors; name another file' model.safetensors model.safetensors
usage "$convert" '/dev/null: this format writes a second file beside OUT, which therefore cannot be a device or a pipe; name a file' \
    --to c model.safetensors /dev/null
usage "$convert" '/dev/stdout: --vectors writes a second file beside OUT, which therefore cannot be a device or a pipe; name a file' \
    --to gguf --vectors 1 "${drawn[@]}" model.safetensors /dev/stdout
usage "$convert" 'IN is -, which does not stand for stdin here; name a file, or /dev/stdin' - a.npz
usage "$convert" "OUT is -, which does not stand for stdout here, where the result's line goes; name a file" --to npz model.safetensors -
mkfifo fifo
usage "$convert" 'fifo: this format writes a second file beside OUT, which therefore cannot be a device or a pipe; name a file' \
    --to c model.safetensors fifo

mkdir hostile
python3 "$nets" hostile hostile
usage "$convert" 'hostile/unknown.safetensors: a file of format torch does not say what its hidden layers do; say --activation '\
'NAME, as --activation relu' --normalize unit hostile/unknown.safetensors none.safetensors
usage "$convert" 'hostile/unknown.safetensors: a file of format torch does not say what pixels become before the net; say '\
'--normalize unit, --normalize standard, or --normalize MEAN:SD, as 0.1307:0.3081' --activation relu \
    hostile/unknown.safetensors none.safetensors
usage "$convert" "hostile/unknown.safetensors: the list of layers names 'fc3', of which the file has no weights; it has 2 arrays, as fc1.weight" \
    --layers fc1,fc3 hostile/unknown.safetensors none.safetensors
fails 1 "$convert" 'hostile/unknown.safetensors: in the order in which they are named its layers do not follow one another to the classes; in this order '\
'they do: fc1.weight,fc2.weight (--layers NAME,... or WEIGHTS+BIAS,...)' --normalize unit --activation relu --layers fc2,fc1 \
    hostile/unknown.safetensors none.safetensors
run 1 "$convert" "${known[@]}" --layers minex+offx,minez+offz,miney+offy variants/columns.safetensors none.safetensors
err_has 'in this order they do: minez+offz,miney+offy,minex+offx (--layers'
usage "$convert" 'model.safetensors: a list of layers is for files of other programs; this one says its own' \
    --layers a model.safetensors none.safetensors
fails 1 "$convert" 'absent: cannot be opened: No such file or directory' absent none.safetensors
run 1 "$convert" model.safetensors no-directory/out.npz
err_has 'no-directory'
run 1 "$convert" --dry-run model.safetensors no-directory/out.npz
err_has 'no-directory'

# refused FILE MESSAGE: a pattern for what follows the name
refused()
{
    fails_like 1 "$convert" "hostile/$1: $2" --normalize unit --activation relu "hostile/$1" none.safetensors
}

begin 'bad safetensors'
refused conv.safetensors "'conv1.weight' has 4 dimensions, expected 2 (weights) or 1 (a bias)*"
refused norm.safetensors "'bn.running_mean' belongs to a batch normalisation, which is not read; fold it*"
refused int8.safetensors "'fc.weight' is of type I8, expected floating-point numbers of 16, 32 or 64 bits*"
refused classes.safetensors "its matrices 'fc.weight' (1, 4)*follow one another to 10 outputs, or to another number of classes; name them in order (--layers NAME,... or WEIGHTS+BIAS,...)"
refused ambiguous.safetensors "its matrices 'a' (10, 3), 'b' (3, 3), 'c' (3, 3), 'd' (3, 4)*"
refused vectors.safetensors 'no matrix among its 2 arrays, expected the weights of 1 to 17 layers'
refused nothing.safetensors 'no matrix among its 0 arrays*'
refused biases.safetensors 'of its arrays, matrices: 1, vectors: 2; expected a bias for each*'
refused strange.safetensors "tensor 'w' has dtype 'F12', expected one of the safetensors format, as F32 or BF16"
refused nan.safetensors 'layer 1, weight 0 is not a finite number as fp32*'
refused huge.safetensors 'layer 1, weight 0 is not a finite number as fp32*below 3.4e38'
refused checkpoint.safetensors 'a checkpoint of mnist-train, which holds more than a net; the training goes on with mnist-train --resume'
refused wide.safetensors 'layer 1 is 0 by 10, expected widths from 1 to 65536'
refused cut.safetensors 'truncated: expected 328 bytes, found 327; copy or download it again'
refused text.npz 'what it is, its first bytes do not tell: expected one of the formats that are read: *'
refused empty.npz 'the file is empty: expected one of the formats that are read: *'
fails 1 "$convert" 'the images are 28 x 28 = 784 pixels, but the net has 4 inputs' --verify "${drawn[@]}" --normalize unit \
    hostile/softmax.safetensors none.safetensors

run 0 "$convert" -q --normalize unit --vectors 2 "${drawn[@]}" hostile/plain.safetensors plain.npz
expect 'an activation of a net that has none' [ "$(grep -ac activation.npy plain.npz.vectors.npz)" -eq 0 ]

begin 'OUT is stdout: the result goes to stderr'
# shellcheck disable=SC2016  # for the shell that is started
shell 0 '"$@" >redirected' "$convert" -q --to torch model.safetensors /dev/stdout
run 0 "$convert" -q --to torch model.safetensors named.pt.safetensors
expect 'the model alone' cmp -s named.pt.safetensors redirected
# shellcheck disable=SC2016  # for the shell that is started
shell 0 '"$@" | cat >piped' "$convert" -q --to torch model.safetensors /dev/stdout
expect 'the model alone' cmp -s named.pt.safetensors piped

if [ ! "$npz" ]; then
    table_ends 35
    exit
fi
begin 'bad zip files'
refused none.npz 'a zip file of 0 entries, expected 1 to 256'
refused many.npz 'a zip file of 257 entries, expected 1 to 256'
refused bomb.npz "zip entry 'a.npy' would unpack to 16777216 bytes, expected no more than 32 times the file's 16438 in all, and 1 MiB"
refused absolute.npz "a zip file with an entry '/etc/a.npy', expected names that are relative*"
refused upwards.npz "a zip file with an entry 'x/../../a.npy', expected names that are relative*"
refused drive.npz "a zip file with an entry 'C:a.npy', expected names that are relative*"
refused control.npz "a zip file with an entry 'a[?][[]31m.npy', expected names*"
refused lzma.npz "zip entry 'a.npy' is packed by method 14, expected 0 (stored) or 8 (deflated)"
refused bzip2.npz "zip entry 'a.npy' is packed by method 12, expected 0 (stored) or 8 (deflated)"
refused encrypted.npz "zip entry 'a.npy' is encrypted, which no numpy.savez writes"
refused twice.npz 'a zip file with two entries of one name, expected each name once'
refused crc.npz 'b.npy: CRC error'
refused lies.npz 'not a zip file that can be read: *'
refused nested.npz "zip entry 'b.npy' states 288 bytes packed and 288 unpacked, for which the file's *entries overlap, or it was cut short"
refused unequal.npz "zip entry 'a.npy' states 74 bytes packed and 288 unpacked, for which the file's 182 bytes have no room: *"
refused more.npz "zip entry 'a.npy' states 287 bytes and unpacks to more"
refused fewer.npz "zip entry 'a.npy' states 289 bytes and unpacks to fewer"
refused zip64.npz 'not a zip file that can be read: *'
refused directory.npz 'not a zip file that can be read: *'
refused overlap.npz 'not a zip file that can be read: *'
refused cut.npz 'not a zip file that can be read: *'
refused torch.npz "a zip file, but its entry 'archive/data.pkl' is no .npy array*; it may be of torch.save, which is code to be run*"
refused keras.npz "a zip file, but its entry 'config.json' is no .npy array*; it may be of Keras: save its weights with numpy.savez"
begin 'activations as scikit-learn calls them'
refused identity.npz "array 'activation' is 'identity', none between its 2 layers, which are as one; expected that one: *"
for file in identity-1 logistic-1 tanh-1; do
    run 0 "$convert" -q --normalize unit "hostile/$file.npz" got.safetensors
done
run 0 "$convert" -q --normalize unit hostile/logistic.npz got.safetensors
expect "$out" [ "$(value activation)" = sigmoid ]
run 0 "$convert" -q --normalize unit hostile/tanh.npz got.safetensors
expect "$out" [ "$(value activation)" = tanh ]
begin 'bad arrays'
refused objects.npz "array 'a' is of type '|O', expected floating-point numbers as '<f4'; objects are pickled*"
refused code.npz "array 'a': its header is not {'descr': '...', 'fortran_order': ..., 'shape': (...)} near byte 20"
refused short.npz "array 'a': its type and shape make 160 bytes, but 156 follow its header"
refused large.npz "array 'a': its type and shape make more than *"
refused magic.npz "array 'a' does not begin with ?x93NUMPY at its byte 0"
refused version.npz "array 'a' is of version 9.0 at its byte 6, expected 1.0, 2.0 or 3.0"
refused long-header.npz "array 'a': its header has 65535 bytes by its byte 8, expected at most 65536 and no more than the 30 there are"

table_ends 70
