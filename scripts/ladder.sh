#!/usr/bin/env bash
# The accuracy ladder: every recipe over several seeds, as a table. Usage below.
set -euo pipefail
shopt -s inherit_errexit # a failing seed ends the run, in command substitutions too
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

# name: recipe, seeds, what is run beside the recipe
rungs='fast|fast|30|cold
default|default|20|
plain|plain|5|
quick99|quick99|5|
simard|simard|5|
augmented|augmented|5|
committee|augmented|5|ensemble
ciresan|ciresan|1|
small25k|small25k|5|
small100k|small100k|5|
fashion|fashion|5|fashion'

usage()
{
    cat <<'END_OF_USAGE'
usage: scripts/ladder.sh [--quick] [--rungs NAME,...] [--seeds N] [--first-seed S] [--json]

Builds Release into build/, fetches MNIST (and Fashion-MNIST for its rung), trains every recipe with
several seeds, and prints a table: mean, standard deviation, least and greatest test accuracy,
parameters, and the median seconds and images/s of a training, beside the machine's peak. The test
images are read once a training.
Progress goes to stderr: one line of JSON a rung.

  --quick        one epoch of each, one seed: to see that all of it runs
  --rungs NAMES  only these: fast default plain quick99 simard augmented committee ciresan small25k
                 small100k fashion
  --seeds N      so many seeds of each, instead of its own number
  --first-seed S from this seed on (1)
  --json         these lines on stdout instead of the table

fast is run as a cold process for each seed, which is what its seconds are of: from start to exit.
MNIST_DATA_DIR and FASHION_DATA_DIR name other places of the data.
END_OF_USAGE
}

quick='' only='' seeds='' first=1 json=''
while [ $# -gt 0 ]; do
    case $1 in
    -h | --help)
        usage
        exit 0
        ;;
    --quick) quick=1 ;;
    --json) json=1 ;;
    --rungs | --seeds | --first-seed)
        if [ $# -lt 2 ]; then
            usage >&2
            die 2 "$1 needs a value"
        fi
        case $1 in
        --rungs) only=$2 ;;
        --seeds) seeds=$2 ;;
        --first-seed) first=$2 ;;
        esac
        shift
        ;;
    *)
        usage >&2
        die 2 "unknown argument '$1'"
        ;;
    esac
    shift
done

whole_number()
{
    case $2 in
    '' | *[!0-9]* | 0[0-9]*) die 2 "$1: expected a whole number, found '$2'" ;;
    esac
}
whole_number --first-seed "$first"
if [ -n "$seeds" ]; then
    whole_number --seeds "$seeds"
    [ "$seeds" -ge 1 ] || die 2 "--seeds: expected at least 1"
fi
for name in ${only//,/ }; do
    printf '%s\n' "$rungs" | grep -q "^$name|" || die 2 "--rungs: there is no rung '$name'"
done

"$root/scripts/install-deps.sh" build test >&2
build "$root/build" -DCMAKE_BUILD_TYPE=Release -DMNIST_BUILD_TESTS=OFF
trainer=$root/build/mnist-train
mnist=${MNIST_DATA_DIR:-$root/data/mnist}
fashion=${FASHION_DATA_DIR:-$root/data/fashion}

wanted()
{
    [ -z "$only" ] || printf '%s\n' "${only//,/$'\n'}" | grep -qx -- "$1"
}

now()
{
    date +%s.%N
}

# A rung whose every seed is a process of its own: one document like that of --runs, whose seconds
# are of whole processes.
cold_runs()
{
    local count=$1 seed start stop document
    shift
    for ((seed = first; seed < first + count; seed++)); do
        # once for the time, as people run it; once more for the document, which takes digests
        start=$(now)
        "$trainer" "$@" --seed "$seed" -q >/dev/null
        stop=$(now)
        document=$("$trainer" "$@" --seed "$seed" -q --json)
        jq -c --argjson start "$start" --argjson stop "$stop" '.seconds = $stop - $start' <<<"$document"
    done | jq -sc '{config: .[0].config, data: .[0].data,
        runs: map({seed, seconds, test, epochs, model})}'
}

# run_rung NAME RECIPE SEEDS HOW: its document, with the rung's name, on one line.
run_rung()
{
    local name=$1 recipe=$2 count=${seeds:-$3} how=$4
    local arguments=(--recipe "$recipe")
    if [ "$how" = fashion ]; then
        arguments+=(--data-dir "$fashion")
    else
        arguments+=(--data-dir "$mnist")
    fi
    if [ -n "$quick" ]; then
        arguments+=(--epochs 1)
        count=${seeds:-1}
    fi
    say "$name: mnist-train ${arguments[*]}, $count seeds from $first on"
    case $how in
    cold) cold_runs "$count" "${arguments[@]}" ;;
    ensemble) "$trainer" "${arguments[@]}" --seed "$first" --ensemble "$count" --json -q ;;
    *) "$trainer" "${arguments[@]}" --seed "$first" --runs "$count" --json -q ;;
    esac | jq -c --arg rung "$name" --arg recipe "$recipe" --arg how "$how" '
        def median: sort | if length % 2 == 1 then .[length / 2 | floor]
                           else (.[length / 2 - 1] + .[length / 2]) / 2 end;
        (.runs // .members // [{test, seconds, epochs, model}]) as $runs
        | ($runs | map(.test.accuracy)) as $a
        | ($a | add / length) as $mean
        | .data.train.n as $images
        | {rung: $rung, $recipe, hidden: .config.hidden, epochs: .config.epochs,
           seeds: ($runs | length), parameters: ($runs[0].model.parameters),
           accuracy: (if $how == "ensemble" then .test.accuracy else $mean end),
           sd: (if ($a | length) > 1
                then ($a | map((. - $mean) * (. - $mean)) | add / (($a | length) - 1) | sqrt)
                else 0 end),
           min: ($a | min), max: ($a | max), all: $a, committee: ($how == "ensemble"),
           seconds: ($runs | map(.seconds) | median),
           images_per_second: ($images / ($runs | map(.epochs[].seconds) | median))}'
}

peak()
{
    "$root/build/mnist-bench" --filter 'machine fp32' --json -q |
        jq '[.. | objects | select(.name? == "fp32 multiply-add") | .median] | max | round'
}

print_table()
{
    jq -rs --arg peak "$1" --arg cpus "$(cpu_count)" '
        def percent: . * 10000 | round / 100 | tostring + " %";
        def short: if . < 10 then . * 100 | round / 100 else round end | tostring;
        "| rung | hidden | parameters | seeds | test accuracy | least to most | seconds | images/s |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
        (.[] | "| \(.rung) | \(.hidden) | \(.parameters) | \(.seeds) | "
            + (if .committee then "committee \(.accuracy | percent)"
               else "\(.accuracy | percent) ± \(.sd * 10000 | round / 100)" end)
            + " | \(.min | percent) to \(.max | percent) | \(.seconds | short) | "
            + "\(.images_per_second | round) |"),
        "", "\($cpus) CPUs, peak \($peak) GFLOP/s in fp32"'
}

if printf '%s\n' "$rungs" | while IFS='|' read -r name _ _ how; do
    if wanted "$name" && [ "$how" != fashion ]; then echo yes; fi
done | grep -q yes && [ -z "${MNIST_DATA_DIR:-}" ]; then
    "$root/scripts/get-mnist.sh" -q -i mnist "$mnist" >&2
fi
if wanted fashion && [ -z "${FASHION_DATA_DIR:-}" ]; then
    "$root/scripts/get-mnist.sh" -q -i fashion "$fashion" >&2
fi

documents=$(mktemp)
trap 'rm -f "$documents"' EXIT
while IFS='|' read -r name recipe count how; do
    if wanted "$name"; then
        document=$(run_rung "$name" "$recipe" "$count" "$how")
        printf '%s\n' "$document" >>"$documents"
        if [ -n "$json" ]; then
            printf '%s\n' "$document"
        else
            printf '%s\n' "$document" >&2
        fi
    fi
done <<<"$rungs"
if [ -z "$json" ]; then
    print_table "$(peak)" <"$documents"
fi
