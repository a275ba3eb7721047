#!/usr/bin/env bash
# test_bench.sh BUILD-DIR SOURCE-DIR: mnist-bench prints what it should print. How fast anything is, is not tested.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
start "$1"
# shellcheck disable=SC2154  # set by start
bench=${train%train}bench
quick=(--quick --runs 2 -j 2)

begin 'the table'
run 0 "$bench" "${quick[@]}"
err_empty
out_matches '^mnist-bench [0-9.]+  cpu="[^"]+" kernels=[a-z0-9]+ threads=2 runs=2 data=synthetic images=1000 '
for group in machine kernels training inference; do
    out_matches "
$group  "
done
out_has '  fp32 multiply-add '
out_has '  784-512-512-10, batch 128, zero-skip '

begin 'JSON'
run 0 "$bench" "${quick[@]}" --json
err_empty
json_is .schema mnist-bench/1
json_is .threads 2
json_is .runs 2
json_is .quick true
json_is .data.dataset synthetic
json_holds '[.rows[].group] | unique == ["inference", "kernels", "machine", "training"]'
json_holds 'all(.rows[]; .min > 0 and .min <= .median and .median <= .max)'
json_holds 'all(.rows[]; (.gflops == null) == (.fraction_of_peak == null))'
json_holds 'all(.rows[] | select(.name | test("int8.* images")); .fraction_of_peak > 0)'
json_holds '[.rows[] | [.group, .name, .threads]] | length == (unique | length)'
json_holds 'all(.rows[]; .lower_is_better == (.unit | IN("ns", "us")))'

begin 'a filter'
run 0 "$bench" "${quick[@]}" --json --filter 'Training 784-128'
json_is '.rows | length' 8
json_holds 'all(.rows[]; .group == "training" and .fraction_of_peak > 0)'
begin 'a filter without rows'
run 1 "$bench" "${quick[@]}" --json --filter 'no such row'
out_empty
err_is "mnist-bench: filter \"no such row\": no row's group and name contain it"

begin 'kernels by MNIST_ISA'
export MNIST_ISA=avx1024
run 2 "$bench" "${quick[@]}"
out_empty
err_has 'MNIST_ISA: kernels "avx1024" are not for this CPU, or unknown'
export MNIST_ISA=scalar
run 0 "$bench" "${quick[@]}" --json --filter machine
json_is .kernels scalar
json_is '[.rows[] | select(.unit == "GFLOP/s")] | length' 2
unset MNIST_ISA

begin 'usage'
run 2 "$bench" --runs 0
err_has '--runs'
run 2 "$bench" --data-dir x --dataset synthetic
err_has '--data-dir does not go with --dataset synthetic'
run 1 "$bench" --data-dir "$work/dir" --quick
err_has "$work/dir"
run 0 "$bench" --help
out_has '--filter TEXT'

begin 'stdout that cannot be written'
if [ -e /dev/full ]; then
    # shellcheck disable=SC2016  # for the shell that shell starts
    shell 1 '"$1" --quick --runs 1 -j 1 --filter softmax >/dev/full' "$bench"
    err_has 'stdout could not be written'
fi

finish
