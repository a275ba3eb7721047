#!/usr/bin/env bash
# test_same_bits.sh BUILD-DIR SOURCE-DIR: the model file is a function of the data, the options that state the
# mathematics and the seed, and of nothing else: not of threads, of what is shown or logged, or of where data are read.
# shellcheck disable=SC2016  # "$@" is for the shell that the function shell starts
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
golden=$(CDPATH='' cd -- "$2" && pwd)/tests/cli/golden
start "$1"

# made NAME COMMAND...: runs it with -o NAME
made()
{
    run 0 "${@:2}" -o "$1"
}

# same TITLE ARGUMENT...: another run of "$train" "${base[@]}" ARGUMENT... makes the model of file base
same()
{
    begin "$1"
    rm -f other
    made other "$train" "${base[@]}" "${@:2}"
    same_bytes base other
}

# differs TITLE ARGUMENT...
differs()
{
    begin "$1"
    made other "$train" "${base[@]}" "${@:2}"
    expect 'the same model' [ "$(digest_of base)" != "$(digest_of other)" ]
}

# Under a sanitizer, each training runs with one other team only: there the unit tests have run every kernel.
teams=(2 3 8 64) sets=(scalar portable avx2 avx512 avx512bf16 neon)
if [ -n "${MNIST_TEST_FEW:-}" ]; then
    teams=(3) sets=()
fi

# Whole batches and a shorter last one, widths that no vector length divides, every operation.
synthetic=(--dataset synthetic --synthetic-train 333 --synthetic-test 20)
made teacher "$train" "${synthetic[@]}" -e 2 -q --hidden 41,23 --normalize standard
for mathematics in '--hidden 37,19 --activation gelu --normalize standard --clip-norm 1 --label-smoothing 0.1 -b 61' \
    '--hidden 31 --activation tanh --schedule cosine --no-nesterov -b 64' \
    '--hidden none --schedule step --momentum 0 --weight-decay 0.01 -b 7' \
    '--hidden 33,17,9 --activation sigmoid --init he --schedule constant --warmup 0 -b 128' \
    '--hidden 130 --activation leaky-relu --val-split 0 -b 1000' \
    '--hidden 70,39,17 --precision bf16 --normalize standard -b 61' \
    '--hidden 39,70 --precision fp16 --activation tanh --clip-norm 1 -b 37' \
    '--hidden none --precision bf16 -b 64' \
    '--hidden 128,192 --precision bf16 --clip-norm 0.3 -b 67' \
    '--hidden 192,130 --clip-norm 0.3 -b 133' \
    '--hidden 130 -b 61 --augment ciresan,shift=1.5,thickness=0.4,erase=0.3' \
    '--hidden 31 -b 100 --augment simard,rotate=10 --normalize standard --precision bf16' \
    '--hidden 130,70 -b 61 --optimizer adamw --dropout 0.5,0.2 --input-dropout 0.2 --mixup 0.3 --confidence-penalty 0.1 --max-norm 1 --ema 0.9 --augment light' \
    '--hidden 70,33 -b 45 --batch-norm --swa-start 0.3 --precision bf16 --activation tanh --dropout 0.2' \
    '--hidden 70,33 -b 61 --vat 1.5 --optimizer rmsprop --activation gelu' \
    '--hidden 70 -b 61 --adversarial 0.1 --normalize standard --input-noise 0.2 --optimizer adam --keep best --patience 1' \
    '--hidden 130,17 -b 37 --adversarial 0.1 --precision fp16 --normalize standard --input-dropout 0.3' \
    '--hidden none -b 61 --vat 1 --precision bf16 --mixup 1' \
    '--hidden 70,33 -b 61 --teacher teacher --precision bf16 --input-dropout 0.1' \
    '--hidden 31 -b 45 --teacher teacher,teacher --teacher-weight 1 --temperature 1.7 --augment light --mixup 0.3 --vat 1' \
    '--hidden 65 -b 1 --limit 50'; do
    # shellcheck disable=SC2206  # to be split
    base=("${synthetic[@]}" -e 2 -q $mathematics)
    begin "$mathematics"
    made base "$train" "${base[@]}" -j 1
    for threads in "${teams[@]}"; do
        same "$mathematics, $threads threads" -j "$threads"
    done
    for skip in on off; do
        same "$mathematics, zero-skip $skip" --zero-skip $skip
    done
    for isa in ${sets[@]+"${sets[@]}"}; do
        # those that this machine has
        if MNIST_ISA=$isa "$train" --dry-run -q "${base[@]}" >isa.out 2>&1; then
            export MNIST_ISA=$isa
            same "$mathematics, $isa" -j 2
            unset MNIST_ISA
        fi
    done
done

base=("${synthetic[@]}" -e 3 --hidden 20 -s 11)
begin 'the model that the others are held against'
made base "$train" "${base[@]}"
text=$(result)
same 'once more'
expect 'another result' [ "$(result)" = "$text" ]
sleep 1.1 # so that a clock of seconds goes on
same 'a second later'
TZ=Asia/Tokyo SOURCE_DATE_EPOCH=1 same 'elsewhere on earth'
same '--quiet' --quiet
same '--verbose' --verbose
same '--json' --json
json_is .model.sha256 "$(digest_of base)"
run 0 "$train" "${base[@]}" --json -q
json_is .model.sha256 "$(digest_of base)"
for progress in bar plain none; do
    same "--progress $progress" --progress $progress
done
same '--color always' --color always
same '--log' --log l.csv
same '--log --log-every' --log l.jsonl --log-every 1
same 'gates' --min-accuracy 0.1% --max-loss 1000
begin 'nobody to talk to'
shell 1 '$train "$@" -o other <&- >&- 2>&-' "${base[@]}"
same_bytes base other
same 'defaults said aloud' --lr 0.1 --label-smoothing 0.02 --momentum 0.90 --limit 0 --val-split 5%

begin 'one of several --runs'
run 0 "$train" "${base[@]}" -s 10 --runs 3 --json
expect 'not the second of three' [ "$(json -r '.runs[1].model.sha256')" = "$(digest_of base)" ]

begin '--print-config, then --config'
"$train" "${base[@]}" --lr 0.07 --clip-norm 0.3 --print-config >c.json
base=("${base[@]}" --lr 0.07 --clip-norm 0.3)
made base "$train" "${base[@]}"
made other "$train" --config c.json
same_bytes base other
made other "$train" -s 3 --lr 1 --config c.json -s 11 --lr 0.07 # the command line beats the file
same_bytes base other
"$train" --config c.json --print-config >again.json
same_bytes c.json again.json
made other "$train" --config <(cat c.json)
same_bytes base other
run 0 "$train" --config c.json --print-config
expect 'not JSON' jq_true 'type == "object"'
# what a document says of its options is a config file too
"$train" "${base[@]}" --json -q | jq .config >config.json
made other "$train" --config config.json
same_bytes base other

differs 'another seed' -s 12
differs 'other data' --data-seed 2
differs 'another epoch' -e 4
differs 'another batch' -b 65
differs 'another learning rate' --lr 0.0700001
differs 'another activation' --activation gelu
differs 'distorted images' --augment shift=0.1
differs 'another split' --val-split 18
differs 'other test images' --synthetic-test 21 # the file holds their digests

begin 'what a model file says'
made other "$train" --config "$golden/run.json" --log-every 0
expect "not the golden model's SHA-256: another compiler or instruction set, other bits?" \
    [ "$(digest_of other)" = "$(cat "$golden/run.sha256")" ]
length=$(od -A n -t u4 -N 4 other)
head -c $((8 + length)) other | tail -c $((length)) >header
expect 'the header is not JSON' jq -e '.__metadata__.format == "mnist-mlp"' header >jq.out
metadata=$(jq -r '.__metadata__ | keys_unsorted | join(" ")' header)
expect "metadata: $metadata" [ "$metadata" = 'format format_version inputs hidden outputs activation normalization mean '\
'stddev crc32 options seed trained_on train_images_sha256 train_labels_sha256 test_images_sha256 test_labels_sha256' ]
expect 'the options are not those of the run' [ "$(jq -c '.__metadata__.options | fromjson' header)" = \
    "$(jq -c 'del(.threads, .runs, .["log-every"])' "$golden/run.json")" ]
# The file holds no times, and no names of files, people or machines.
expect 'a name of a file or a year' [ "$(grep -Ec "$(date +%Y)-|/|$(id -un)@" header)" -eq 0 ]
expect 'tensors are not aligned to 8 bytes' [ $((length % 8)) -eq 0 ]

finish
