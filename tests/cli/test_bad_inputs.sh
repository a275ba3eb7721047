#!/usr/bin/env bash
# test_bad_inputs.sh BUILD-DIR SOURCE-DIR: what the programs say to wrong command lines, config files and output paths.
# test_bad_files.sh has wrong data and models.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=table.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/table.sh"
start "$1"
bench=${train%train}bench
compress=${train%train}compress

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
usage "$train" "--optimizer: \"adma\" is not one of $(choices optimizer); did you mean adam?" --optimizer adma
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
for value in 1 -0.1 ',' '0.5,' x none,0.5 '' 0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0; do
    usage "$train" "--dropout: \"$value\" is not none, or up to 17 numbers of at least 0 and below 1 with commas between them, like 0.5 or 0.2,0.5" \
        --dropout "$value"
done
for value in 0 ',' '128,' ',128' 65537 none,3 128x64 '128, 64' 1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1 '' -5; do
    usage "$train" "--hidden: \"$value\" is not none, or up to 16 whole numbers from 1 to \
65536 with commas between them" --hidden "$value"
done
for value in 0 ',' '1,' 18 x -1 1.5; do
    usage "$train" "--freeze: \"$value\" is not none, or up to 16 whole numbers from 1 to 17 with commas \
between them" --freeze "$value"
done
for value in -1 ',' '1,' 1000.1 x nan 1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1; do
    usage "$train" "--lr-scale: \"$value\" is not none, or up to 17 numbers of at least 0 and at most 1000 \
with commas between them, like 0.5 or 0.2,0.5" --lr-scale "$value"
done
usage "$train" "--activation: \"Relu\" is not one of $(choices activation); did you mean relu?" --activation Relu
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
usage "$train" '--test-labels goes with --test-images, which is missing' --test-labels f
usage "$eval" '--test-labels goes with --test-images, which is missing' --test-labels f m
usage "$train" '--log: "log.txt" ends in neither .csv nor .jsonl, which choose the format' --log log.txt
usage "$train" '--log-every needs --log FILE to write to' --log-every 5
fails 2 "$train" '--log and --output name the same file' -o a.csv --log a.csv
fails 2 "$train" '--log and --output name the same file' "${tiny[@]}" -o a.csv --log ./a.csv
usage "$train" '--nesterov needs a --momentum above 0' --nesterov --momentum 0
usage "$train" '--quiet and --verbose exclude each other' -qv
for value in 5 0 100% nan 1e-2; do
    usage "$train" "--prune: expected first what is to be kept, like 5%, 0.05 or 2:4, found \"$value\"" \
        --prune "$value"
done
for value in blah unit 4x 4x4x4 start= start=2 end=-1; do
    usage "$train" "--prune: expected units or a block like 4x16 (one of them, and not with 2:4), start=0.1, \
end=0.75 or magnitude, found \"$value\"" --prune "5%,$value"
done
usage "$train" '--prune: groups to prune: expected 1 or more to be kept of at most 64, and fewer than there are, '\
'found 4 of 4' --prune 4:4
usage "$train" '--prune: blocks to prune: expected 1 to 4096 inputs and as many outputs, found 4 and 0' --prune 5%,4x0
usage "$train" '--prune: start and end of pruning: expected 0 <= start < end <= 1, found 0.8 and 0.75' \
    --prune 5%,start=0.8
for value in int9 int fp16 codebook ternary:2; do
    usage "$train" "--quantize: expected first int8 to int2, ternary, binary or codebook:K, found \"$value\"" \
        --quantize "$value"
done
for value in 0 257 x 8.5; do
    usage "$train" "--quantize: levels of a codebook: expected 1 to 256, found \"$value\"" --quantize "codebook:$value"
done
for value in start=1.2 start= stop=0.5 start=0.1,start=0.2; do
    usage "$train" "--quantize: expected start=0.5, a fraction of the training below 1, found \"$value\"" \
        --quantize "int4,$value"
done
usage "$train" '--quantize: start of quantisation: expected 0 to below 1, found 1' --quantize ternary,start=100%
usage "$train" '--batch-norm does not go with --quantize: what it is folded into are no longer quantised weights' \
    --quantize int4 --batch-norm
for value in 255 -1 x 0.5; do
    usage "$train" "--max-pixel: \"$value\" is not a whole number from 0 to 254" "--max-pixel=$value"
done
usage "$train" '--invert: takes no argument, but was given "1"' --invert=1
usage "$train" '--tie-pixels does not go with a first layer that is frozen' --tie-pixels 2 --freeze 1
usage "$train" '--tie-pixels does not go with --prune 2:4: tied pixels are pruned as one' --tie-pixels 2 --prune 2:4
usage "$train" '--tie-pixels does not go with --prune 5%,4x16: tied pixels are pruned as one' --tie-pixels 2 \
    --prune 5%,4x16
usage "$train" '--prune: there are no hidden units in a net of --hidden none' --hidden none --prune 5%,units
usage "$train" '--fresh-last needs --init-from MODEL, of which it leaves out the last layer' --fresh-last
usage "$train" '--freeze: there is no layer 3 in a net of 2' --freeze 3
usage "$train" '--freeze: there is no layer 4 in a net of 3' --hidden 9,9 --freeze 1,4
usage "$train" "--freeze would leave none of the net's 2 layers to train" --freeze 2
usage "$train" "--freeze would leave none of the net's 3 layers to train" --hidden 9,9 --freeze 1,2,3
usage "$train" "--lr-scale would leave none of the net's 2 layers to train" --lr-scale 0,0
usage "$train" '--lr-scale: 3 numbers, but 2 layers: one for each hidden layer, and one for the last' \
    --lr-scale 1,2,3
usage "$train" '--batch-norm does not go with --freeze: it would change what frozen layers compute' \
    --batch-norm --freeze 1
usage "$train" '--batch-norm does not go with --lr-scale 0: it would change what frozen layers compute' \
    --batch-norm --lr-scale 0,1
usage "$train" '--init-from and --resume exclude each other: a checkpoint holds the weights that it goes on from' \
    --init-from m --resume c
usage "$train" '--init-from does not go with --tune, which varies the net' --init-from m --tune 5
usage "$train" '--batch-norm does not go with --init-from, whose weights are for layers that are not normalised' \
    --init-from m --batch-norm
usage "$train" '--init is for weights that are drawn, and --init-from leaves none to draw' --init-from m --init he
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
usage "$train" '--runs and --ensemble exclude each other: --ensemble prints each of its nets, too' --runs 2 --ensemble 1
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
usage "$eval" '--log needs --report, the page that shows what it holds' --log run.csv m
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
config ": \"activation\": \"reluu\" is not one of $(choices activation); did you mean relu?" '{"activation": "reluu"}'
config ': "hidden": "1.5" is not none, or up to 16 whole numbers from 1 to 65536 with commas between them' '{"hidden": [1.5]}'
config ': "hidden": must be none, or up to 16 whole numbers from 1 to 65536 with commas between them, not such an array' \
    '{"hidden": ["128"]}'
config ': "dropout": "1" is not none, or up to 17 numbers of at least 0 and below 1 with commas between them, like 0.5 or 0.2,0.5' '{"dropout": 1}'
config ': "dropout": must be none, or up to 17 numbers of at least 0 and below 1 with commas between them, like 0.5 or 0.2,0.5, not such an array' \
    '{"dropout": ["0.5"]}'
config ': "dropout": must be none, or up to 17 numbers of at least 0 and below 1 with commas between them, like 0.5 or 0.2,0.5, not true or false' '{"dropout": true}'
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

# --- More memory than there is ---------------------------------------------------------------------------

# A sanitizer takes more address space than this for itself.
if ! grep -Eaq '__(a|t)san_init' "$train"; then
    scarce=(bash -c 'ulimit -v 4000000; exec "$@"' bash "$train" --dataset synthetic)
    judge 1 'mnist-train: out of memory: 785000000000 bytes for synthetic digits could not be allocated' \
        "${scarce[@]}" --synthetic-train 1000000000
    judge 1 'mnist-train: out of memory: * bytes for the parameters of the net could not be allocated' \
        "${scarce[@]}" --hidden 65536,65536 --synthetic-train 30 --synthetic-test 10
fi

# --- No data ------------------------------------------------------------------------------------------

remedy='To fetch it: scripts/get-mnist.sh mnist [DIR], then --data-dir DIR; or try --dataset synthetic, '\
'which needs no files.'
absent='no such directory'
fails 1 "$train" "the data was not found; tried none ($absent)
$remedy" --data-dir none
fails 1 "$train" 'file: empty, 0 bytes: expected images with their labels as NPZ, CSV, a zip or tar archive, or a folder of pictures' \
    --data-dir file
fails 1 "$train" "the data was not found; tried taken (no train-images-idx3-ubyte, train-labels-idx1-ubyte, \
t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte)
$remedy" --data-dir taken
export MNIST_DATA_DIR=/none/env XDG_CACHE_HOME=/none/xdg
fails 1 "$train" "MNIST_DATA_DIR: the data was not found; tried /none/env ($absent)
$remedy"
unset MNIST_DATA_DIR
# /usr/share/mnist may be there, and is then used
if [ ! -e /usr/share/mnist ]; then
    fails 1 "$train" "the data was not found; tried ./data/mnist ($absent), \
/none/xdg/mnist ($absent), /usr/share/mnist ($absent)
$remedy"
    export XDG_CACHE_HOME=relative MNIST_DATA_DIR='' # both are ignored
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

begin 'a name that is -'
refusal='- stands for neither stdin nor stdout here; name a place, or write ./- for what is called so'
for option in output log report checkpoint preview resume data-dir teacher init-from; do
    usage "$train" "--$option: $refusal" "--$option" -
done
for option in baseline predictions report log data-dir; do
    usage "$eval" "--$option: $refusal" model "--$option" -
done
usage "$compress" "--output: $refusal" prune model -o -
usage "$eval" 'MODEL is -, which does not stand for stdin here; name a file, or write ./- for one that is called so' -
expect 'a file called -' [ ! -e ./- ]
# shellcheck disable=SC2016 # bash -c expands it
shell 0 'echo "{\"epochs\": 1}" | $train --config - --print-config'
out_has '"epochs": 1,'
# shellcheck disable=SC2016 # as above
shell 0 '$train "$@" --json >result.json && $train --config result.json --print-config' "${tiny[@]}"
out_has '"synthetic-train": 30,'

begin 'a limit that limits nothing'
run 0 "$train" "${tiny[@]:0:8}" --limit 31
err_has '--limit 31 is past the end: there are 30 training images, and all are used'
run 0 "$train" "${tiny[@]:0:8}" --limit 0
err_has '--limit 0 is no limit: all 30 training images are used'
run 0 "$train" "${tiny[@]:0:8}" --limit 30
expect 'told of a limit that is the end' [ "${err/limit/}" = "$err" ]

# --- mnist-bench, and more of mnist-train ---------------------------------------------------------------

usage "$bench" 'unknown option --bogus' --bogus
usage "$bench" 'unknown option --epochs' --epochs 3
usage "$bench" 'unknown option --no-quick' --no-quick
usage "$bench" 'unknown option --data-seed; did you mean --dataset?' --data-seed 3
usage "$bench" 'unexpected argument "extra"' extra
usage "$bench" '--runs: "0" is not a whole number from 1 to 1000' --runs 0
usage "$bench" '--runs: "1e3" is not a whole number from 1 to 1000' --runs 1e3
usage "$bench" '--threads: "300" is not a whole number from 0 to 256' -j 300
usage "$bench" '--quick: takes no argument, but was given "yes"' --quick=yes
usage "$bench" '--json: takes no argument, but was given "1"' --json=1
usage "$bench" '--filter: its argument TEXT is missing' --filter
usage "$bench" '--filter: "" is not a name' --filter=
usage "$bench" '--dataset: "cifar" is not one of mnist, fashion, synthetic' --dataset cifar
usage "$bench" '--color: "sometimes" is not one of auto, always, never' --color sometimes
usage "$bench" '--data-dir does not go with --dataset synthetic, which reads no files' --dataset synthetic --data-dir x
fails 1 "$bench" "the data was not found; tried none ($absent)
$remedy" --data-dir none
for isa in avx1024 '' ' '; do
    for program in "$train" "$bench"; do
        [ -n "$isa" ] || continue # an empty one counts as not set
        export MNIST_ISA=$isa
        fails_like 2 "$program" "MNIST_ISA: kernels \"$isa\" are not for this CPU, or unknown: expected one of scalar, portable*" \
            --dataset synthetic
        unset MNIST_ISA
    done
done
usage "$train" '--tune: "0" is not a number above 0 and at most 1000000000' --tune 0
usage "$train" '--tune: "x" is not a number above 0 and at most 1000000000' --tune x
usage "$train" '--runs does not go with --tune, which prints settings for --config and tests no net' --tune 5 --runs 2
usage "$train" '--output: with --tune the settings found go there, for --config, and no model: give a name that ends in .json' \
    --tune 5 -o m
usage "$train" '--preview and --dry-run exclude each other' --preview p.png -n
usage "$train" '--preview: "" is not a name' --preview=
usage "$train" '--checkpoint-every needs --checkpoint FILE to write to' --checkpoint-every 3
for every in 0 0s 5m s steps -1 1.5 1.5epochs '' ' 3s'; do
    usage "$train" "--checkpoint-every: \"$every\" is not a time like 30s, or a number of steps or epochs like 500steps or \
2epochs" --checkpoint c --checkpoint-every "$every"
done
usage "$train" '--checkpoint does not go with --runs: it keeps one training; train each seed by itself' --checkpoint c --runs 2
usage "$train" '--checkpoint does not go with --ensemble: it keeps one training; train each seed by itself' --checkpoint c \
    --ensemble 2
fails 2 "$train" '--checkpoint and --log name the same file' --log a.csv --checkpoint a.csv
fails 2 "$train" '--checkpoint and --output name the same file' -o a --checkpoint a
usage "$train" '--checkpoint: "" is not a name' --checkpoint=
usage "$train" '--resume: "" is not a name' --resume=
fails 1 "$train" "none/c: cannot create a temporary file in 'none': the directory 'none' does not exist" "${long[@]}" \
    --checkpoint none/c
usage "$train" '--batch-norm needs a --batch-size of at least 2' --batch-norm -b 1
usage "$train" '--limit: "-1" is not a whole number from 0 to 1000000000' --limit -1
usage "$train" '--step-count: "0" is not a whole number from 1 to 1000' --step-count 0
usage "$train" '--step-factor: "2" is not a number above 0 and at most 1' --step-factor 2
usage "$train" '--precision: "fp8" is not one of fp32, bf16, fp16' --precision fp8
usage "$train" '--zero-skip: "yes" is not one of auto, on, off' --zero-skip yes
usage "$train" '--init: "zeros" is not one of auto, he, xavier' --init zeros
usage "$train" '--synthetic-train: "0" is not a whole number from 1 to 1000000000' --synthetic-train 0
usage "$train" '--data-seed: "-1" is not a whole number from 0 to 18446744073709551615' --data-seed -1
usage "$train" '--log-every: "-1" is not a whole number from 0 to 1000000000' --log-every -1
usage "$train" '--config: its argument FILE is missing' --print-config --config

table_ends 290
