#!/usr/bin/env bash
# test_quantize.sh BUILD-DIR SOURCE-DIR: nets that are trained with few different weights, and with tied pixels: what the
# model file has, from every checkpoint, and that whole numbers are made of it without changing a weight.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
source_dir=$(CDPATH='' cd -- "$2" && pwd)/tests/cli
start "$1"
compress=${train%train}compress

data=(--dataset synthetic --synthetic-train 400 --synthetic-test 60 --val-split 50 --hidden '30,20' -q)

# values_of FILE: the most different weights besides 0 that a unit, and that a layer has; whether all are exact in 16 bits;
# weights that are not 0; different rows of the first layer
values_of()
{
    python3 - "$1" <<'END_OF_PYTHON'
import json, struct, sys
data = open(sys.argv[1], "rb").read()
size = struct.unpack("<Q", data[:8])[0]
unit = layer = left = rows_left = 0
exact = True
for name, entry in json.loads(data[8:8 + size]).items():
    if not name.endswith(".weight"):
        continue
    begin, end = entry["data_offsets"]
    rows, columns = entry["shape"]
    values = struct.unpack(f"<{rows * columns}f", data[8 + size + begin:8 + size + end])
    for n in range(columns):
        unit = max(unit, len(set(values[n::columns]) - {0.0}))
    layer = max(layer, len(set(values) - {0.0}))
    exact = exact and all(struct.unpack("<e", struct.pack("<e", v))[0] == v for v in set(values))
    left += sum(v != 0 for v in values)
    if name == "layers.0.weight":
        rows_left = len({values[i * columns:(i + 1) * columns] for i in range(rows)})
print(unit, layer, exact, left, rows_left)
END_OF_PYTHON
}

begin 'grids'
for case in 'int4 14' 'ternary 2' 'binary 2' 'int8,start=0.5 254'; do
    read -r spec most <<<"$case"
    run 0 "$train" "${data[@]}" -e 2 --quantize "$spec" -o q.st
    read -r unit _ <<<"$(values_of q.st)"
    expect "$unit weights of a unit, of $spec" [ "$unit" -le "$most" ]
    expect "only $unit weights of a unit, of $spec" [ $((unit * 3)) -ge "$most" ]
done
run 0 "$eval" --dataset synthetic --synthetic-test 60 q.st
run 0 "$train" "${data[@]}" -e 2 --quantize codebook:5 --prune 20% -o q.st
read -r _ layer exact left _ <<<"$(values_of q.st)"
expect "$layer levels, exact: $exact, $left weights" [ "$layer $exact" = '5 True' ]
expect "$left weights are left" [ "$left" -le $((24320 / 5)) ]
run 0 "$train" "${data[@]}" -e 2 --quantize int2,start=0.25 --json
json_is .config.quantize ternary,start=0.25
run 0 "$train" "${data[@]}" -e 2 --json
json_is '.config | has("quantize") or has("tie-pixels")' false

begin 'whole numbers are made of it, and no weight changes'
for case in 'int8 int8' 'int4 int4' 'ternary ternary' 'ternary int2' 'binary binary'; do
    read -r spec bits <<<"$case"
    run 0 "$train" "${data[@]}" -e 2 --ema 0.8 --quantize "$spec" -o q.st
    run 0 "$compress" quantize -q --bits "$bits" q.st -o whole.st
    run 0 python3 - q.st whole.st <<'END_OF_PYTHON'
import json, struct, sys

def tensors(path):
    data = open(path, "rb").read()
    size = struct.unpack("<Q", data[:8])[0]
    found = {}
    for name, entry in json.loads(data[8:8 + size]).items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            form = {"F32": "f", "I8": "b", "I32": "i"}.get(entry["dtype"])
            raw = data[8 + size + begin:8 + size + end]
            if form:
                found[name] = struct.unpack(f"<{len(raw) // struct.calcsize(form)}{form}", raw)
    return found

floats, whole = tensors(sys.argv[1]), tensors(sys.argv[2])
for l in range(3):
    w = floats[f"layers.{l}.weight"]
    q = whole[f"layers.{l}.weight"]
    scales = next(v for k, v in whole.items() if k.startswith(f"layers.{l}.") and "scale" in k and len(v) > 1)
    for i, value in enumerate(w):
        product = struct.unpack("<f", struct.pack("<f", scales[i % len(scales)] * q[i]))[0]
        assert product == value, (l, i, product, value)
END_OF_PYTHON
done

begin 'tied pixels'
run 0 "$train" "${data[@]}" -e 2 --tie-pixels 2 --prune 30% -o tied.st
read -r _ _ _ left rows <<<"$(values_of tied.st)"
expect "$rows different rows of 196 blocks" [ "$rows" -le 196 ]
run 0 "$train" "${data[@]}" -e 2 --tie-pixels 14 --json
json_is '.config["tie-pixels"]' 14
run 0 "$compress" prune -q --keep 20% -e 2 tied.st -o fewer.st
read -r _ _ _ _ rows <<<"$(values_of fewer.st)"
expect "$rows different rows: the ties are lost" [ "$rows" -le 196 ]

begin 'from every checkpoint, to the same bytes'
quantizing=("${data[@]}" -e 3 -b 100 --quantize 'codebook:4,start=0.5' --prune '10%,start=0.2,end=0.8' --tie-pixels 2
    --ema 0.8 --keep best)
run 0 "$train" "${quantizing[@]}" -o whole.st
mkdir steps
run 0 python3 "$source_dir/every_checkpoint.py" steps "$train" "${quantizing[@]}" -o kept.st
same_bytes kept.st whole.st
kept=(steps/*)
resumes_alike 12 "${kept[@]}"

begin 'another way to say it is the same'
run 0 "$train" --resume "${kept[0]}" --quantize 'codebook:4,start=50%' -q -o on.st
same_bytes on.st whole.st
run 2 "$train" --resume "${kept[0]}" --quantize codebook:5
err_has '--quantize codebook:5: the training in'
run 2 "$train" --resume "${kept[0]}" --tie-pixels 4
err_has '--tie-pixels 4: the training in'

finish
