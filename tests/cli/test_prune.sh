#!/usr/bin/env bash
# test_prune.sh BUILD-DIR SOURCE-DIR: nets that are pruned while they are trained: how many weights are left, where, in the
# model file, from every checkpoint, and after further training.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
source_dir=$(CDPATH='' cd -- "$2" && pwd)/tests/cli
start "$1"

data=(--dataset synthetic --synthetic-train 400 --synthetic-test 60 --val-split 50 --hidden '30,20' -q)
weights=$((784 * 30 + 30 * 20 + 20 * 10))

# weights_of FILE: of all layers: how many there are that are not 0, in 4 x 16 blocks, in the fullest group of 4 inputs, and
# how many hidden units have a weight out
weights_of()
{
    python3 - "$1" <<'END_OF_PYTHON'
import json, struct, sys
data = open(sys.argv[1], "rb").read()
size = struct.unpack("<Q", data[:8])[0]
left = blocks = most = units = 0
for name, entry in json.loads(data[8:8 + size]).items():
    if not name.endswith(".weight"):
        continue
    begin, end = entry["data_offsets"]
    rows, columns = entry["shape"]
    values = struct.unpack(f"<{rows * columns}f", data[8 + size + begin:8 + size + end])
    live = {(i // columns, i % columns) for i, v in enumerate(values) if v != 0}
    left += len(live)
    blocks += len({(i // 4, n // 16) for i, n in live})
    groups = {}
    for i, n in live:
        groups[i // 4, n] = groups.get((i // 4, n), 0) + 1
    most = max([most, *groups.values()])
    if name != "layers.0.weight":
        units += len({i for i, n in live})
print(left, blocks, most, units)
END_OF_PYTHON
}

begin 'weights: as many as are asked for'
for keep in 0.05 0.5 0.001; do
    run 0 "$train" "${data[@]}" -e 2 --prune "$keep" -o pruned.st
    read -r left _ <<<"$(weights_of pruned.st)"
    expect "$left weights of $weights are left, not $keep" \
        [ "$left" -eq "$(python3 -c "print(int($keep * $weights + 0.5))")" ]
done
run 0 "$eval" --dataset synthetic --synthetic-test 60 pruned.st
run 0 "$train" "${data[@]}" -e 2 --prune 0.1% --json
json_is .config.prune 0.001
run 0 "$train" "${data[@]}" -e 2 --json
json_is '.config | has("prune")' false

begin 'blocks, groups, units'
run 0 "$train" "${data[@]}" -e 2 --prune 25%,4x16 -o blocks.st
read -r _ blocks _ <<<"$(weights_of blocks.st)"
expect "$blocks blocks" [ "$blocks" -eq $(((196 * 2 + 8 * 2 + 5 + 2) / 4)) ]
run 0 "$train" "${data[@]}" -e 2 --prune 1:4 -o groups.st
read -r left _ most _ <<<"$(weights_of groups.st)"
expect "$left weights" [ "$left" -eq $((196 * 30 + 8 * 20 + 5 * 10)) ]
expect "$most of four" [ "$most" -eq 1 ]
run 0 "$train" "${data[@]}" -e 2 --prune 40%,units -o units.st
read -r _ _ _ units <<<"$(weights_of units.st)"
expect "$units units" [ "$units" -eq 20 ]

begin 'zeros are kept in further training, if that is asked for'
run 0 "$train" "${data[@]}" -e 2 --prune 5% -o pruned.st
before=$(weights_of pruned.st)
run 0 "$train" "${data[@]}" --init-from pruned.st --keep-zeros -e 2 --optimizer adam --ema 0.9 -o on.st
expect 'other weights are left' [ "$(weights_of on.st)" = "$before" ]
expect 'nothing was learned' [ "$(digest_of on.st)" != "$(digest_of pruned.st)" ]
run 0 "$train" "${data[@]}" --init-from pruned.st -e 1 -o dense.st
expect 'zeros are kept that should not be' [ "$(weights_of dense.st)" != "$before" ]
run 0 "$train" "${data[@]}" --init-from pruned.st --keep-zeros --prune 1% -e 2 -o fewer.st
read -r left _ <<<"$(weights_of fewer.st)"
expect "$left weights are left of a second pruning" [ "$left" -eq $(((weights + 50) / 100)) ]

begin 'from every checkpoint, to the same bytes'
pruning=("${data[@]}" -e 3 -b 100 --prune '10%,start=0.2,end=0.8' --ema 0.8 --keep best)
run 0 "$train" "${pruning[@]}" -o whole.st
mkdir steps
run 0 python3 "$source_dir/every_checkpoint.py" steps "$train" "${pruning[@]}" -o kept.st
same_bytes kept.st whole.st
kept=(steps/*)
resumes_alike 12 "${kept[@]}"

begin 'another way to say it is the same'
run 0 "$train" "${data[@]}" -e 3 -b 100 --prune '0.1,end=80%,start=0.2' --ema 0.8 --keep best -o same.st
same_bytes same.st whole.st
run 0 "$train" --resume "${kept[0]}" --prune '0.1,end=80%,start=0.2' -q -o on.st
same_bytes on.st whole.st
run 2 "$train" --resume "${kept[0]}" --prune 20%
err_has '--prune 20%: the training in'

finish
