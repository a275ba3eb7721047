#!/usr/bin/env bash
# test_bad_inputs.sh BUILD-DIR SOURCE-DIR: what the programs say to command lines, config files, data
# and models that are wrong. Every row states the exit code and all that is on stderr; stdout must be
# empty and no file may appear.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
start "$1"
rows=0
shopt -s dotglob nullglob

# judge CODE PATTERN COMMAND...
judge()
{
    local code=$1 message=$2 before after
    shift 2
    rows=$((rows + 1))
    begin "$*"
    before=(*)
    run "$code" "$@"
    out_empty
    # shellcheck disable=SC2053  # a pattern
    [[ $err == $message ]] || wrong "stderr is not: $message"
    checks=$((checks + 1))
    after=(*)
    expect "files came or went" [ "${before[*]}" = "${after[*]}" ]
}

# literal TEXT: sets pattern to one that matches nothing else.
literal()
{
    local text=${1//\\/\\\\}
    text=${text//\*/\\*} text=${text//\?/\\?} text=${text//\[/\\[}
    pattern=$text
}

# usage PROGRAM MESSAGE ARGUMENT...: exit 2, and the line that points to --help.
usage()
{
    local program=${1##*/} pattern
    literal "$program: $2
Try '$program --help'."
    judge 2 "$pattern" "$1" "${@:3}"
}

# fails CODE PROGRAM MESSAGE ARGUMENT...
fails()
{
    local pattern
    literal "${2##*/}: $3"
    judge "$1" "$pattern" "$2" "${@:4}"
}

# fails_like: the same with a pattern for the message.
fails_like()
{
    judge "$1" "${2##*/}: $3" "$2" "${@:4}"
}

tiny=(--dataset synthetic --synthetic-train 30 --synthetic-test 10 --hidden 4 -e 1 -q)

# --- Command lines ----------------------------------------------------------------------------------

usage "$train" 'unknown option --bogus' --bogus
usage "$train" 'unknown option --epoch; did you mean --epochs?' --epoch 3
usage "$train" 'unknown option --learning_rate; did you mean --lr?' --learning_rate=0.1
usage "$train" 'unknown option --momentun; did you mean --momentum?' --momentun=0.1
usage "$train" 'unknown option --no-nestrov; did you mean --no-nesterov?' --no-nestrov
usage "$train" 'unknown option --no-json' --no-json
usage "$train" 'unknown option -lr; did you mean --lr?' -lr 0.1
usage "$train" 'unknown option -z' -z
usage "$train" 'unknown option -z' -qz
usage "$train" 'unknown option -\xc3' -é
usage "$train" 'unknown option --\x1b[31mred' $'--\e[31mred'
usage "$train" 'unexpected argument "mnist"' mnist
usage "$train" 'unexpected argument "epochs"; did you mean --epochs?' epochs 3
usage "$train" 'unexpected argument "--epochs"' -- --epochs
usage "$train" 'unexpected argument ""' ''
usage "$train" '--epochs: its argument N is missing: a whole number from 1 to 1000000' -e
usage "$train" '--epochs: its argument N is missing: a whole number from 1 to 1000000' --epochs
usage "$train" '--output: its argument FILE is missing' -o
usage "$train" '--json: takes no argument, but was given "yes"' --json=yes
usage "$train" '--no-nesterov: takes no argument, but was given "1"' --no-nesterov=1
for value in 0 -1 1.5 1e3 0x10 '' ' 1' '1 ' 1000001 99999999999999999999 ten; do
    usage "$train" "--epochs: \"$value\" is not a whole number from 1 to 1000000" --epochs "$value"
done
usage "$train" '--batch-size: "0" is not a whole number from 1 to 1000000' -b0
usage "$train" '--threads: "257" is not a whole number from 0 to 256' -j 257
usage "$train" '--threads: "-1" is not a whole number from 0 to 256' --threads=-1
usage "$train" '--seed: "18446744073709551616" is not a whole number from 0 to 18446744073709551615' \
    -s 18446744073709551616
usage "$train" '--runs: "1001" is not a whole number from 1 to 1000' --runs 1001
for value in nan inf -0.1 0 0x1p3 1e-50 1000.1 1e 1,5 . ''; do
    usage "$train" "--lr: \"$value\" is not a number above 0 and at most 1000" --lr "$value"
done
usage "$train" '--momentum: "1" is not a number of at least 0 and below 1' --momentum 1
usage "$train" '--warmup: "-1" is not a number of at least 0 and below 1' --warmup -1
usage "$train" '--label-smoothing: "1.0" is not a number of at least 0 and below 1' --label-smoothing 1.0
usage "$train" '--weight-decay: "2" is not a number of at least 0 and at most 1' --weight-decay 2
usage "$train" '--clip-norm: "-1" is not a number of at least 0' --clip-norm -1
usage "$train" '--optimizer: "adma" is not one of sgd, adam, adamw, rmsprop; did you mean adam?' --optimizer adma
usage "$train" '--keep: "beste" is not one of last, best; did you mean best?' --keep beste
for name in beta1 beta2 rho input-dropout label-smoothing ema swa-start; do
    for value in 1 -0.1 nan; do
        usage "$train" "--$name: \"$value\" is not a number of at least 0 and below 1" --$name $value
    done
done
for value in 0 1.1; do
    usage "$train" "--epsilon: \"$value\" is not a number above 0 and at most 1" --epsilon $value
done
for name in max-norm min-delta; do
    usage "$train" "--$name: \"-1\" is not a number of at least 0" --$name -1
done
for name in mixup confidence-penalty vat; do
    for value in -1 100.1; do
        usage "$train" "--$name: \"$value\" is not a number of at least 0 and at most 100" --$name $value
    done
done
for name in adversarial input-noise; do
    for value in -1 10.1; do
        usage "$train" "--$name: \"$value\" is not a number of at least 0 and at most 10" --$name $value
    done
done
for value in 0 1; do
    usage "$train" "--adversarial-share: \"$value\" is not a number above 0 and below 1" --adversarial-share $value
done
usage "$train" '--vat-weight: "0" is not a number above 0 and at most 100' --vat-weight 0
usage "$train" '--max-time: "-1" is not a number of at least 0 and at most 1000000000' --max-time -1
usage "$train" '--patience: "-1" is not a whole number from 0 to 1000000' --patience -1
usage "$train" '--batch-norm: takes no argument, but was given "yes"' --batch-norm=yes
for value in 1 -0.1 ',' '0.5,' x none,0.5 '' 0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0; do
    usage "$train" "--dropout: \"$value\" is not none, or 1 to 16 probabilities below 1, like 0.5 or 0.2,0.5" \
        --dropout "$value"
done
for value in 0 ',' '128,' ',128' 65537 none,3 128x64 '128, 64' 1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1 '' -5; do
    usage "$train" "--hidden: \"$value\" is not none, or 1 to 16 widths from 1 to 65536, like 128 or \
512,512" --hidden "$value"
done
usage "$train" '--activation: "Relu" is not one of relu, tanh, sigmoid, leaky-relu, gelu; did you mean relu?' \
    --activation Relu
usage "$train" '--schedule: "cos" is not one of constant, step, cosine, one-cycle; did you mean cosine?' \
    --schedule cos
usage "$train" '--normalize: "x" is not one of unit, standard' --normalize x
usage "$train" '--dataset: "cifar" is not one of mnist, fashion, synthetic' --dataset cifar
usage "$train" '--augment: unknown entry "rotat"; did you mean rotate?' --augment rotat=3
usage "$train" '--augment: unknown entry "blur"; expected one of shift, rotate, scale, shear, elastic, thickness, erase, '\
'half17, none, light, simard, ciresan' --augment shift=1,blur=2
usage "$train" '--augment: the preset "simard" must come first' --augment shift=1,simard
usage "$train" '--augment: shift=65: expected 0 to 64 pixels, like 1.5' --augment shift=65
usage "$train" '--augment: shear: expected 0 to 60 degrees, like 15' --augment ciresan,shear
usage "$train" '--augment: elastic=34: expected ALPHA:SIGMA, 0 to 100 pixels and 0.5 to 16 pixels, like 34:4' \
    --augment elastic=34
usage "$train" '--augment: "" is not a name' --augment=
usage "$train" '--progress: "" is not one of auto, bar, plain, none' --progress=
usage "$eval" '--color: "alway" is not one of auto, always, never; did you mean always?' --color alway m
for value in 97 1.01 0 -0.5 97%% 101% % nan; do
    usage "$eval" "--min-accuracy: \"$value\" is not a fraction above 0 and at most 1, or that as a \
percentage like 97%" --min-accuracy "$value" m
done
usage "$train" '--max-loss: "0" is not a number above 0' --max-loss 0
for value in 1.0 100% -1 5%5 x; do
    usage "$train" "--val-split: \"$value\" is not a count from 0 to 1000000000, a fraction below 1 like \
0.05, or a percentage like 5%" --val-split "$value"
done
usage "$train" '--output: "" is not a name' -o ''
usage "$train" '--data-dir: "" is not a name' --data-dir=

# --- Options that contradict each other -------------------------------------------------------------

usage "$train" '--data-dir does not go with --dataset synthetic, which reads no files' \
    --dataset synthetic --data-dir d
usage "$train" '--synthetic-train is for --dataset synthetic, but the data set is mnist' --synthetic-train 9
usage "$train" '--train-images goes with --train-labels, which is missing' --train-images f
usage "$train" '--test-labels goes with --test-images, which is missing' --test-labels f
usage "$eval" '--test-images goes with --test-labels, which is missing' --test-images f m
usage "$train" '--log: "log.txt" ends in neither .csv nor .jsonl, which choose the format' --log log.txt
usage "$train" '--log-every needs --log FILE to write to' --log-every 5
usage "$train" '--log and --output name the same file' -o a.csv --log a.csv
fails 2 "$train" '--log and --output name the same file' "${tiny[@]}" -o a.csv --log ./a.csv
usage "$train" '--nesterov needs a --momentum above 0' --nesterov --momentum 0
usage "$train" '--quiet and --verbose exclude each other' -qv
for optimizer in adam adamw rmsprop; do
    usage "$train" '--momentum is for --optimizer sgd' --optimizer $optimizer --momentum 0.8
    usage "$train" '--nesterov is for --optimizer sgd' --optimizer $optimizer --no-nesterov
done
for optimizer in sgd rmsprop; do
    usage "$train" '--beta1 is for --optimizer adam or adamw' --optimizer $optimizer --beta1 0.8
    usage "$train" '--beta2 is for --optimizer adam or adamw' --optimizer $optimizer --beta2 0.99
done
for optimizer in sgd adam adamw; do
    usage "$train" '--rho is for --optimizer rmsprop' --optimizer $optimizer --rho 0.9
done
usage "$train" '--dropout: 2 rates, but 1 hidden layers; give one for all layers or one a layer' --dropout 0.2,0.5
usage "$train" '--dropout: 2 rates, but 3 hidden layers; give one for all layers or one a layer' --dropout 0.2,0.5 \
    --hidden 9,8,7
usage "$train" '--dropout: 3 rates, but 0 hidden layers; give one for all layers or one a layer' --dropout 0.2,0.5,0 \
    --hidden none
usage "$train" '--adversarial and --vat exclude each other' --adversarial 0.1 --vat 1
for adversary in '--adversarial 0.1' '--vat 1'; do
    # shellcheck disable=SC2086  # to be split
    usage "$train" '--batch-norm does not go with --adversarial or --vat, whose images it would normalise by themselves' \
        --batch-norm $adversary
done
usage "$train" '--patience goes by the validation loss, but --val-split is 0' --patience 3 --val-split 0
usage "$train" '--keep best goes by the validation loss, but --val-split is 0' --keep best --val-split 0
usage "$train" '--patience goes by the validation loss, but --val-split is 0' --recipe fast --patience 3
usage "$train" '--min-delta needs a --patience above 0' --min-delta 0.1
usage "$train" '--ema and --swa-start exclude each other' --ema 0.9 --swa-start 0.5
for which in runs ensemble; do
    usage "$train" "--$which: each net would overwrite the last one's --output; put {seed} into the name, like \
net-{seed}.safetensors" --$which 2 -o m
done
usage "$train" '--runs and --ensemble exclude each other: --ensemble reports each of its nets, too' --runs 2 --ensemble 1
usage "$train" '--ensemble: "1001" is not a whole number from 0 to 1000' --ensemble 1001
usage "$train" '--ensemble: 2 seeds from --seed 18446744073709551615 on go past the largest, 18446744073709551615' \
    --ensemble 2 -s 18446744073709551615
fails 2 "$train" '--log and --output name the same file' "${tiny[@]}" -o '{seed}.csv' --log 3.csv --runs 3
fails_like 1 "$train" "none-1/m: *the directory 'none-1' does not exist*" "${tiny[@]}" -o 'none-{seed}/m' --runs 3
usage "$train" '--recipe: "fsat" is not one of default, fast, plain, quick99, simard, augmented, ciresan, small25k, small100k, fashion; did you mean fast?' --recipe fsat
usage "$train" '--recipe: its argument NAME is missing: one of default, fast, plain, quick99, simard, augmented, ciresan, small25k, small100k, fashion' --recipe
usage "$train" 'unknown option --preset; did you mean --recipe?' --preset fast
usage "$train" '--runs: 2 seeds from --seed 18446744073709551615 on go past the largest, 18446744073709551615' \
    --runs 2 -s 18446744073709551615
usage "$eval" 'MODEL is missing'
usage "$eval" 'MODEL is missing' --
usage "$eval" 'unknown option -o' -o f m
usage "$eval" 'unknown option --epochs' --epochs 3 m
usage "$eval" '\xff: a name that is not UTF-8 cannot be written as JSON' --json $'\xff'
fails 2 "$train" '--output: a name that is not UTF-8 cannot be written as JSON' "${tiny[@]}" --json -o $'\xff'
fails 2 "$train" '--val-split would hold out 30 of 30 training images and leave none to train on' \
    "${tiny[@]}" --val-split 99%
fails 2 "$train" '--val-split would hold out 31 of 30 training images and leave none to train on' \
    "${tiny[@]}" --val-split 31
fails 2 "$train" '--val-split would hold out 1 of 1 training images (see --limit) and leave none to train on' \
    "${tiny[@]}" --limit 1 --val-split 1

# --- Config files -----------------------------------------------------------------------------------

# config MESSAGE TEXT: the message is about the file.
config()
{
    printf '%s' "$2" >c.json
    usage "$train" "c.json$1" --config c.json
}

config ':1:0: '\''['\'' or '\''{'\'' expected near end of file' ''
config ': must hold an object, {"NAME": VALUE, ...}, not an array' '[1]'
config ': "recipe": "fas" is not one of default, fast, plain, quick99, simard, augmented, ciresan, small25k, small100k, fashion; did you mean fast?' '{"recipe": "fas"}'
config ': "recipe": must be one of default, fast, plain, quick99, simard, augmented, ciresan, small25k, small100k, fashion, not null' '{"recipe": null}'
config ': unknown key "epoch"; did you mean "epochs"?' '{"epoch": 3}'
config ': unknown key "\x1b[31m"' '{"\u001b[31m": 3}'
config ': "epochs": must be a whole number from 1 to 1000000, not a string' '{"epochs": "3"}'
config ': "epochs": "0" is not a whole number from 1 to 1000000' '{"epochs": 0}'
config ': "epochs": "1.5" is not a whole number from 1 to 1000000' '{"epochs": 1.5}'
config ': "lr": must be a number above 0 and at most 1000, not null' '{"lr": null}'
config ': "nesterov": must be true or false, not a number' '{"nesterov": 1}'
config ': "activation": "reluu" is not one of relu, tanh, sigmoid, leaky-relu, gelu; did you mean relu?' \
    '{"activation": "reluu"}'
config ': "hidden": "1.5" is not none, or 1 to 16 widths from 1 to 65536, like 128 or 512,512' '{"hidden": [1.5]}'
config ': "hidden": must be none, or 1 to 16 widths from 1 to 65536, like 128 or 512,512, not such an array' \
    '{"hidden": ["128"]}'
config ': "dropout": "1" is not none, or 1 to 16 probabilities below 1, like 0.5 or 0.2,0.5' '{"dropout": 1}'
config ': "dropout": must be none, or 1 to 16 probabilities below 1, like 0.5 or 0.2,0.5, not such an array' \
    '{"dropout": ["0.5"]}'
config ': "dropout": must be none, or 1 to 16 probabilities below 1, like 0.5 or 0.2,0.5, not true or false' '{"dropout": true}'
config ': "json" belongs on the command line, not in a config file' '{"json": true}'
config ': "config" belongs on the command line, not in a config file' '{"config": "c.json"}'
printf '{"epochs": 3, "epochs": 4}' >c.json
judge 2 "mnist-train: c.json:1:*duplicate object key*" "$train" --config c.json
printf '{"lr": 1e400}' >c.json
judge 2 "mnist-train: c.json:1:*overflow*" "$train" --config c.json
printf '{"epochs": 3' >c.json
judge 2 "mnist-train: c.json:1:*expected near end of file*" "$train" --config c.json
head -c 65537 /dev/zero >c.json
usage "$train" 'c.json: larger than 65536 bytes, so it is no config file' --config c.json
usage "$train" '--config: none.json: No such file or directory' --config none.json
usage "$train" '--config: .: Is a directory' --config .
usage "$train" '--config: given twice; there can be one file' --config c.json --config c.json
usage "$train" '--config: "" is not a name' --config ''
rm c.json

# --- Outputs: tried before anything is trained --------------------------------------------------------

mkdir taken
: >file
ln -s /dev/full full.csv
ln -s loop loop
# Training would take an hour.
long=(--dataset synthetic --hidden 2048 -e 1000000 -q)
fails 1 "$train" "none/m: cannot create a temporary file in 'none': the directory 'none' does not exist" \
    "${long[@]}" -o none/m
fails 1 "$train" "none/l.csv: cannot create a temporary file in 'none': the directory 'none' does not exist" \
    "${long[@]}" --log none/l.csv
fails 1 "$train" "file/m: cannot write there: 'file' is not a directory" "${long[@]}" -o file/m
fails 1 "$train" 'taken: is a directory; name a file in it' "${long[@]}" -o taken
fails 1 "$train" "new/: ends in '/', so it names a directory; name a file" "${long[@]}" -o new/
fails_like 1 "$train" 'loop: cannot *: Too many levels of symbolic links' "${long[@]}" -o loop
fails_like 1 "$train" '/proc/m: cannot create a temporary file in *' "${long[@]}" -o /proc/m
fails 1 "$train" 'full.csv: cannot write the log: No space left on device' "${long[@]}" --log full.csv
rm full.csv loop

# --- More than there is ----------------------------------------------------------------------------------

# A sanitizer takes more address space than this for itself.
if ! grep -Eaq '__(a|t)san_init' "$train"; then
    scarce=(bash -c 'ulimit -v 4000000; exec "$@"' bash "$train" --dataset synthetic)
    judge 1 'mnist-train: out of memory: 785000000000 bytes for synthetic digits could not be had' \
        "${scarce[@]}" --synthetic-train 1000000000
    judge 1 'mnist-train: out of memory: * bytes for the parameters of the net could not be had' \
        "${scarce[@]}" --hidden 65536,65536 --synthetic-train 30 --synthetic-test 10
fi

# --- No data ------------------------------------------------------------------------------------------

remedy='To fetch it: scripts/get-mnist.sh mnist [DIR], then --data-dir DIR; or try --dataset synthetic, '\
'which needs no files.'
absent='no such directory'
fails 1 "$train" "the data was not found; tried none ($absent)
$remedy" --data-dir none
fails 1 "$train" "the data was not found; tried file (not a directory)
$remedy" --data-dir file
fails 1 "$train" "the data was not found; tried taken (no train-images-idx3-ubyte, train-labels-idx1-ubyte, \
t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte)
$remedy" --data-dir taken
export MNIST_DATA_DIR=/none/env XDG_CACHE_HOME=/none/xdg
# /usr/share/mnist may be there, and is then used
if [ ! -e /usr/share/mnist ]; then
    fails 1 "$train" "the data was not found; tried /none/env ($absent), ./data/mnist ($absent), \
/none/xdg/mnist ($absent), /usr/share/mnist ($absent)
$remedy"
    export XDG_CACHE_HOME=relative MNIST_DATA_DIR='' # neither counts
    fails 1 "$train" "the data was not found; tried ./data/mnist ($absent), $HOME/.cache/mnist ($absent), \
/usr/share/mnist ($absent)
$remedy" --json
fi
if [ ! -e /usr/share/datasets/fashion-mnist ]; then
    export MNIST_DATA_DIR=/none/env # is for MNIST alone
    fails 1 "$train" "the data was not found; tried ./data/fashion ($absent), $HOME/.cache/fashion-mnist \
($absent), /usr/share/datasets/fashion-mnist ($absent)
${remedy/mnist \[/fashion [}" --dataset fashion
fi
unset MNIST_DATA_DIR XDG_CACHE_HOME

# --- Bad data -----------------------------------------------------------------------------------------

data good 4
images=good/train-images-idx3-ubyte
labels=good/train-labels-idx1-ubyte

# given IMAGES LABELS MESSAGE: train on these two files.
given()
{
    fails 1 "$train" "$3" --train-images "$1" --train-labels "$2" --test-images $images \
        --test-labels $labels --hidden 4 -e 1
}

# patch FILE OFFSET HEX...: a copy, p, with other bytes there.
patch()
{
    cp "$1" p
    bytes "${@:3}" | dd of=p bs=1 seek="$2" conv=notrunc status=none
}

magic3='0x00000803 (unsigned bytes, 3 dimensions)'
stopped='an interrupted download?'
: >p
given p $labels 'p: empty: expected an IDX file of images; a download that failed?'
given $images p 'p: empty: expected an IDX file of labels; a download that failed?'
given none $labels 'none: cannot be opened: No such file or directory'
given taken $labels 'taken: is a directory, expected a file'
head -c 10 $images >p
given p $labels "p: truncated at byte 10: expected a header of 16 bytes, found the end; $stopped"
head -c 100 $images >p
given p $labels "p: truncated at byte 100: expected 656 bytes (a header of 16 and 40 images of 4 x 4), found \
100; $stopped"
head -c 20 $labels >p
given $images p "p: truncated at byte 20: expected 48 bytes (a header of 8 and 40 labels), found 20; $stopped"
{ cat $images && echo; } >p
given p $labels 'p: 1 trailing bytes at byte 656: expected the end after a header of 16 bytes and 40 images of 4 x '\
'4; two files written into one, or a damaged header?'
given $labels $images "$labels: magic 0x00000801 at byte 0: expected $magic3; this looks like a label file: are \
the two swapped?"
patch $images 2 0d
given p $labels 'p: type code 0x0D (32-bit float) at byte 2: expected 0x08 (unsigned byte); another data set, or a '\
'damaged header?'
patch $images 3 02
given p $labels 'p: 2 dimensions at byte 3: expected 3 (images, rows, columns); images flattened into rows?'
patch $images 4 00 00 00 00
given p $labels 'p: 0 images at byte 4: expected at least 1; a writer that was stopped before it was done?'
patch $images 4 ff ff ff ff
given p $labels "p: truncated at byte 656: expected 68719476736 bytes (a header of 16 and 4294967295 images of 4 x \
4), found 656; $stopped"
patch $images 8 00 01 00 00 00 01 00 00
given p $labels 'p: images of 65536 x 65536 at byte 8: expected at most 65536 pixels; a damaged header?'
patch $images 8 00 00 00 00
given p $labels 'p: images of 0 x 4 at byte 8: expected at least 1 row and 1 column; a damaged header?'
given $images good/t10k-labels-idx1-ubyte "$images holds 40 images, but good/t10k-labels-idx1-ubyte holds 20 \
labels: expected as many of the one as of the other; a file of the training set beside one of the test set?"
patch $labels 20 0a
given $images p 'p: label 10 at byte 20 (index 12): expected 0 to 9; a data set of more than ten classes, such as '\
"EMNIST's letters, or a damaged file?"
bytes 00 00 0c 01 00 00 00 02 00 00 00 01 ff ff ff ff >p
given $images p 'p: label -1 at byte 12 (index 1): expected 0 to 9; a damaged file?'
echo '<!DOCTYPE html><title>404</title>' >p
given p $labels "p: bad magic 0x3C21444F at byte 0: expected $magic3; an HTML or XML error page saved as data?"
gzip -nc $images >z
head -c 40 z >p
given p $labels "p: gzip data truncated at byte 40: expected more compressed data, found the end of the file; \
$stopped"
gzip -nc z >p
given p $labels "p (gunzipped): bad magic 0x1F8B0800 at byte 0: expected $magic3; gzip data inside gzip?"
gzip -nc $labels >z
{ cat z && echo junk; } >p
n=$(wc -c <z)
given $images p "p: 5 trailing bytes at byte $n, after the last gzip member: expected the end of the file, found \
0x6A; two files written into one?"
patch z $((n - 8)) 00 00 00 00
fails_like 1 "$train" 'p: gzip CRC-32 mismatch near byte *' --train-images $images --train-labels p \
    --data-dir good
data other 5
fails 1 "$train" 'training images are 4 x 4 pixels, but test images are 5 x 5' --train-images $images \
    --train-labels $labels --data-dir other
rm z p

# --- Bad models ---------------------------------------------------------------------------------------

"$train" --data-dir good --hidden 4 -e 1 -q -o m >/dev/null
size=$(wc -c <m)
fails 1 "$eval" 'none: cannot be opened: No such file or directory' none
fails 1 "$eval" $'red\\x1b[31m: cannot be opened: No such file or directory' $'red\e[31m'
fails 1 "$eval" 'taken: is a directory, expected a file' taken
fails 1 "$eval" '/dev/null: the file is empty; was the program that wrote it interrupted?' /dev/null
for length in 1 7; do
    head -c $length m >p
    fails 1 "$eval" "p: $length bytes, but a safetensors file begins with 8 bytes of header length" p
done
head -c 100 m >p
fails_like 1 "$eval" 'p: truncated in the header: expected at least * bytes, found 100; copy or download it again' p
head -c $((size - 1)) m >p
fails 1 "$eval" "p: truncated: expected $size bytes, found $((size - 1)); copy or download it again" p
{ cat m && echo; } >p
fails 1 "$eval" "p: 1 trailing bytes: expected $size bytes, found $((size + 1))" p
bytes ff ff ff ff ff ff ff ff 7b 7d >p
fails 1 "$eval" 'p: not a safetensors file: header length 18446744073709551615 at byte 0, expected 2 to 100000000' p
gzip -nc m >p
fails_like 1 "$eval" 'p: not a safetensors file: *: this is gzip data; gunzip it first' p
fails_like 1 "$eval" "$images: not a safetensors file: *: this is an IDX file of images, not a model; are the \
arguments swapped\\?" $images
fails_like 1 "$eval" '*: not a safetensors file: header length *' "$train"

# header TEXT [BYTES-OF-DATA]: a safetensors file, p, of that header. The CRC, if the header states one
# of zeros, is made to fit, so that what comes after it is reached: gzip computes it.
header()
{
    local length=${#1} crc place i
    {
        for ((i = 0; i < 8; i++)); do
            bytes "$(printf %02x $((length >> (8 * i) & 255)))"
        done
        printf '%s' "$1"
        head -c "${2:-0}" /dev/zero
    } >p
    case $1 in
    *'"crc32":"00000000"'*)
        crc=$(gzip -c p | tail -c 8 | od -A n -t x1 -N 4 | tr -d '\n')
        # the file has the lowest byte first
        crc=$(printf '%s' "$crc" | awk '{ print $4 $3 $2 $1 }')
        place=${1%%'"crc32":"00000000"'*}
        printf '%s' "$crc" | dd of=p bs=1 seek=$((8 + ${#place} + 9)) conv=notrunc status=none
        ;;
    esac
}

own='"format":"mnist-mlp","format_version":"1"'
shape='"inputs":"16","hidden":"none","outputs":"10","activation":"relu"'
scale='"normalization":"unit","mean":"0","stddev":"1","crc32":"00000000"'
tensors='"layers.0.weight":{"dtype":"F32","shape":[16,10],"data_offsets":[0,640]},'\
'"layers.0.bias":{"dtype":"F32","shape":[10],"data_offsets":[640,680]}'
# That what is made here is a model, but for what each row below spoils:
header "{\"__metadata__\":{$own,$shape,$scale},$tensors}" 680
begin 'a hand-made model'
run 0 "$eval" --data-dir good -q p
out_matches '^test_loss=2\.302585 test_acc=0\.1 '

header '{}'
fails 1 "$eval" "p: a safetensors file, but not from mnist-train: no \"format\" in its __metadata__, expected \
'mnist-mlp'" p
header '{"__metadata__":{"format":"pt"}}'
fails 1 "$eval" "p: format 'pt', expected 'mnist-mlp'" p
header "{\"__metadata__\":{\"format\":\"mnist-mlp\",\"format_version\":\"2\"}}"
fails 1 "$eval" "p: format_version '2' of format 'mnist-mlp', expected '1'; made by a newer mnist-train?" p
header "$(printf '[%.0s' {1..100})"
fails_like 1 "$eval" 'p: *' p
header "{\"__metadata__\":{$own,$shape,$scale},$tensors}" 679
fails_like 1 "$eval" 'p: truncated: expected * bytes, found *; copy or download it again' p
header "{\"__metadata__\":{$own,${shape/16/17},$scale},$tensors}" 680
fails_like 1 "$eval" 'p: *layers.0.weight*' p
header "{\"__metadata__\":{$own,${shape/16/99999999999999999999},$scale},$tensors}" 680
fails 1 "$eval" "p: __metadata__ inputs is '99999999999999999999', expected an integer from 1 to 65536" p
header "{\"__metadata__\":{$own,${shape/relu/reluu},$scale},$tensors}" 680
fails_like 1 "$eval" "p: __metadata__ activation is 'reluu', expected *" p
header "{\"__metadata__\":{$own,${shape/none/65536,65536,65536},$scale},$tensors}" 680
fails_like 1 "$eval" 'p: *' p
header "{\"__metadata__\":{$own,$shape,${scale/\"1\"/\"0\"}},$tensors}" 680
fails_like 1 "$eval" 'p: *stddev*' p
header "{\"__metadata__\":{$own,$shape,$scale},${tensors%\}}" 680
fails_like 1 "$eval" 'p: *' p
header "{\"__metadata__\":{$own,$shape,$scale},${tensors/0,640/0,18446744073709551616}}" 680
fails_like 1 "$eval" 'p: *' p
header "{\"__metadata__\":{$own,$shape,$scale},${tensors/16,10/4294967296,4294967296}}" 680
fails_like 1 "$eval" 'p: *' p
header "{\"__metadata__\":{$own,$shape,$scale},${tensors/640,680/600,640}}" 680
fails_like 1 "$eval" 'p: *' p
header "{\"__metadata__\":{$own,$shape,$scale},${tensors/F32/F16}}" 680
fails_like 1 "$eval" 'p: *F16*' p
double=${tensors/F32/F64}
header "{\"__metadata__\":{$own,$shape,$scale},${double/16,10/8,10}}" 680
fails_like 1 "$eval" "p: tensor 'layers.0.weight' has dtype F64, expected F32" p

# options TEXT: of the training run, as the model states them. They are input like any other.
options()
{
    header "{\"__metadata__\":{$own,${shape/16/784},$scale,\"options\":\"${1//\"/\\\"}\"},$(
        printf '%s' "$tensors" | sed 's/16,10/784,10/; s/0,640/0,31360/; s/640,680/31360,31400/'
    )}" 31400
}
options '{"dataset":"synthetic","synthetic-test":10}'
begin "a hand-made model's options"
run 0 "$eval" -q p
out_matches '^test_loss=2\.302585 test_acc=0\.[0-9]+ .* n=10 '
options '{"dataset":"synthetic","synthetic-test":0}'
fails 1 "$eval" "p: option synthetic-test in its metadata: \"0\" is not a whole number from 1 to 1000000000" p
options '{"dataset":"synthetic","synthetic-test":-5}'
fails 1 "$eval" "p: option synthetic-test in its metadata: \"-5\" is not a whole number from 1 to 1000000000" p
options '{"dataset":"synthetic","synthetic-test":1000001}'
fails 1 "$eval" 'p: its metadata ask for 1000001 synthetic test images; to have more than 1000000, say '\
'--synthetic-test' p
options '["dataset","synthetic"]'
fails 1 "$eval" 'p: the options in its metadata are no JSON object' p
options '{"dataset":'
fails 1 "$eval" 'p: the options in its metadata are no JSON object' p
options '{"dataset":"sinthetic"}'
fails 1 "$eval" "p: option dataset in its metadata: \"sinthetic\" is not one of mnist, fashion, synthetic; did you mean \
synthetic?" p
options '{"dataset":"synthetic","synthetic-test":10,"augment":"shift=1,sheer=95"}'
run 0 "$eval" -q p
fails_like 1 "$eval" "p: option augment in its metadata: *sheer*" --tta 2 p
run 0 "$eval" -q p --tta 2 --augment light
options '{"dataset":"synthetic","synthetic-test":10,"augment":"shift=0"}'
usage "$eval" 'p: was trained without --augment; to distort images for --tta, say --augment SPEC' --tta 2 p
options '{"dataset":"synthetic","synthetic-test":10,"augment":3}'
usage "$eval" 'p: was trained without --augment; to distort images for --tta, say --augment SPEC' --tta 2 p
options '{"dataset":"synthetic","synthetic-test":10}'
usage "$eval" '--data-seed is for --dataset synthetic, but the data set is mnist' --data-seed 3 --data-dir good p

fails 1 "$eval" 'the images are 5 x 5 = 25 pixels, but the net has 16 inputs' --data-dir other m
fails 1 "$eval" 'the images are 28 x 28 = 784 pixels, but the net has 16 inputs' --dataset synthetic -q m

# Whatever byte is turned over, it is noticed.
begin 'bit flips'
step=37
for ((i = 0; i < size; i += step)); do
    byte=$(od -A n -t u1 -j $i -N 1 m)
    patch m $i "$(printf %02x $((byte ^ (1 << (i % 8)))))"
    run 1 "$eval" --data-dir good p
    out_empty
    expect "byte $i: not one line of stderr" [ "$(lines_of "$work/err")" -eq 1 ]
done

expect "only $rows rows" [ "$rows" -ge 150 ]
finish
