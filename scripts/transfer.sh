#!/usr/bin/env bash
# What a net that begins with another's weights is worth where labels are few. Usage below.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage()
{
    cat <<'END_OF_USAGE'
usage: scripts/transfer.sh [--seeds N] [--search N] [--labels "N ..."] [--from "NAME ..."] [BUILD-DIR]

Trains on a few labelled images of each class of MNIST, from drawn weights and from those of a net that was trained on
something else, and prints a table: mean and deviation of the test accuracy over the seeds.

  --from     synthetic (drawn digits), fashion (Fashion-MNIST, where it is), digits (0 to 4 of MNIST, for 5 to 9): all
  --labels   how many images of each class: "10 100"
  --seeds    of each figure: 10. Each draws other images
  --search   seeds by which settings are chosen, on the last 10,000 training images: 3

Both kinds choose from as many settings: learning rate, epochs and distortions; of a net that begins with weights also
whether its first layer is frozen, from which drawn weights would not gain. BUILD-DIR: build-test.
END_OF_USAGE
}

seeds=10 search=3 labels='10 100' from='synthetic fashion digits' dir=$root/build-test
while [ $# -gt 0 ]; do
    case $1 in
    -h | --help)
        usage
        exit 0
        ;;
    --seeds | --search | --labels | --from)
        [ $# -ge 2 ] || die 2 "$1 needs a value"
        declare "${1#--}=$2"
        shift
        ;;
    -*)
        usage >&2
        die 2 "unknown argument '$1'"
        ;;
    *) dir=$1 ;;
    esac
    shift
done
train=$dir/mnist-train
[ -x "$train" ] || die 1 "there is no $train: run scripts/test.sh, or give the build"
scratch=$(mktemp -d "${TMPDIR:-/tmp}/mnist transfer.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

net=(--hidden 512 --val-split 10000 -q --json -j1)
source_net=(--hidden 512 -q --augment 'ciresan,shift=1,thickness=0.3' --epochs 20 --lr 0.1)

# figures FILTER FIRST LAST ARGUMENT...: jq's answer for each seed, a line each
figures()
{
    local filter=$1 first=$2 last=$3 seed
    shift 3
    for ((seed = first; seed <= last; seed++)); do
        "$train" "${net[@]}" --seed "$seed" "$@" | jq -r "$filter"
    done
}

# mean_of: "MEAN DEVIATION" of the lines of stdin, in per cent of $1
mean_of()
{
    awk -v whole="$1" '{ sum += $1; squares += $1 * $1 }
        END { m = sum / NR; s = NR > 1 ? sqrt((squares - NR * m * m) / (NR - 1)) : 0
              printf "%.2f %.2f\n", 100 * m / whole, 100 * s / whole }'
}

# best_of ARGUMENT...: the settings of the grid that do best on validation images, for trainings of these arguments
best_of()
{
    local lr epochs augment best=0 accuracy
    for lr in 0.01 0.1; do
        for epochs in 30 100; do
            for augment in none 'ciresan,shift=1,thickness=0.3'; do
                accuracy=$(figures '.epochs[-1].validation_accuracy' 101 $((100 + search)) "$@" --lr "$lr" \
                    --epochs "$epochs" --augment "$augment" --batch-size 20 | mean_of 1 | cut -d' ' -f1)
                if awk "BEGIN { exit !($accuracy > $best) }"; then
                    best=$accuracy
                    chosen=(--lr "$lr" --epochs "$epochs" --augment "$augment" --batch-size 20)
                fi
            done
        done
    done
    printf '%s: validation %s\n' "${chosen[*]}" "$best" >&2
    validation=$best
}

printf '| from | labels a class | drawn weights | transferred | settings |\n| --- | --- | --- | --- | --- |\n'
for source in $from; do
    target=() whole=1
    case $source in
    synthetic) "$train" "${source_net[@]}" --dataset synthetic -o "$scratch/source" >&2 ;;
    fashion) "$train" "${source_net[@]}" --dataset fashion --augment none -o "$scratch/source" >&2 || continue ;;
    digits)
        "$train" "${source_net[@]}" --omit-class 5,6,7,8,9 -o "$scratch/source" >&2
        target=(--omit-class '0,1,2,3,4')
        whole=0.4861 # of the test images; the others cannot be right
        ;;
    *) die 2 "--from: there is no '$source'" ;;
    esac
    for count in $labels; do
        few=("${target[@]}" --per-class "$count")
        best_of "${few[@]}"
        drawn=$(figures .test.accuracy 1 "$seeds" "${few[@]}" "${chosen[@]}" | mean_of "$whole")
        best=0 kept=()
        begin=(--init-from "$scratch/source")
        [ "$source" = synthetic ] || begin+=(--fresh-last)
        for freeze in '' '--freeze 1'; do
            # shellcheck disable=SC2086  # to be split
            best_of "${few[@]}" "${begin[@]}" $freeze
            if awk "BEGIN { exit !($validation > $best) }"; then
                # shellcheck disable=SC2206
                best=$validation kept=($freeze "${chosen[@]}")
            fi
        done
        moved=$(figures .test.accuracy 1 "$seeds" "${few[@]}" "${begin[@]}" "${kept[@]}" | mean_of "$whole")
        printf "| %s | %s | %s %% | %s %% | \`%s\` |\n" "$source" "$count" "${drawn/ / ± }" "${moved/ / ± }" "${kept[*]}"
    done
done
