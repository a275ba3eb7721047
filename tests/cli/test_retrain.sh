#!/usr/bin/env bash
# test_retrain.sh BUILD-DIR SOURCE-DIR: what retrainings of mnist-compress can be given beside the model: teachers, and an
# earlier model to rewind to; what the result says of them, and what is said to those that are wrong.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=table.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/table.sh"
start "$1"
compress=${train%train}compress

drawn=(--dataset synthetic --synthetic-train 400 --synthetic-test 100 --val-split 50)
run 0 "$train" "${drawn[@]}" --hidden 30,20 -e 3 -q -o m.st
run 0 "$train" "${drawn[@]}" --hidden 30,20 -e 1 -q -o early.st
run 0 "$train" "${drawn[@]}" --hidden 60 -e 3 -q -o big.st
run 0 "$train" "${drawn[@]}" --hidden 30,21 -e 1 -q -o other.st
run 0 "$train" "${drawn[@]}" --hidden 30,20 --activation tanh -e 1 -q -o tanh.st
run 0 "$train" "${drawn[@]}" --hidden 30,20 --normalize standard -e 1 -q -o standard.st

# metadata FILE KEY: what the model says under a key
metadata()
{
    python3 - "$1" "$2" <<'END_OF_PYTHON'
import json, struct, sys
data = open(sys.argv[1], "rb").read()
size = struct.unpack("<Q", data[:8])[0]
print(json.loads(data[8:8 + size])["__metadata__"].get(sys.argv[2], "none"))
END_OF_PYTHON
}

# zeros FILE: a letter for each weight, 0 where it is 0
zeros()
{
    python3 - "$1" <<'END_OF_PYTHON'
import json, struct, sys
data = open(sys.argv[1], "rb").read()
size = struct.unpack("<Q", data[:8])[0]
for name, entry in sorted(json.loads(data[8:8 + size]).items()):
    if name.endswith(".weight"):
        begin, end = entry["data_offsets"]
        raw = data[8 + size + begin:8 + size + end]
        print("".join("0" if v == 0 else "w" for v in struct.unpack(f"<{len(raw) // 4}f", raw)))
END_OF_PYTHON
}

begin 'a teacher'
run 0 "$compress" prune --keep 20% -e 2 -q m.st -o plain.st
run 0 "$compress" prune --keep 20% -e 2 -q --teacher big.st m.st -o taught.st
expect 'it was not asked' [ "$(digest_of taught.st)" != "$(digest_of plain.st)" ]
expect 'which one is not said' [ "$(metadata taught.st retraining_teachers_sha256)" = "$(digest_of big.st)" ]
expect 'how is not said' \
    [ "$(metadata taught.st retraining | jq -r '[.temperature, ."teacher-weight"] | join(" ")')" = '4 0.9' ]
expect 'a path is in the model' [ "$(metadata taught.st retraining | jq 'has("teacher")')" = false ]
expect 'of a teacher that there was not' [ "$(metadata plain.st retraining_teachers_sha256)" = none ]
expect 'of its settings' [ "$(metadata plain.st retraining | jq 'has("temperature")')" = false ]
run 0 "$compress" prune --keep 20% -e 2 -q -j 3 --teacher big.st m.st -o again.st
same_bytes again.st taught.st
run 0 "$compress" quantize -q taught.st -o whole.st
expect 'a step without training loses it' \
    [ "$(metadata whole.st retraining_teachers_sha256)" = "$(digest_of big.st)" ]
run 0 "$compress" prune --keep 10% -e 1 -q taught.st -o on.st
expect 'the next retraining had no teacher' [ "$(metadata on.st retraining_teachers_sha256)" = none ]

begin 'teachers, on distorted images, and of whole numbers; the model itself is one'
run 0 "$compress" quantize --bits int4 -e 2 -q --teacher m.st,big.st --temperature 2 --teacher-weight 0.5 \
    --augment shift=1 m.st -o q.st
expect "$(metadata q.st retraining_teachers_sha256)" \
    [ "$(metadata q.st retraining_teachers_sha256)" = "$(digest_of m.st),$(digest_of big.st)" ]
expect 'settings' [ "$(metadata q.st retraining | jq -r '[.temperature, ."teacher-weight", .augment] | join(" ")')" = '2 0.5 shift=1' ]

begin 'rewinding'
run 0 "$compress" prune --keep 20% --rewind early.st --no-compact -e 2 m.st -o r.st
expect "$out" [ "$(value net) $(value weights)" = '784-30-20-10 4864' ]
expect "$(metadata r.st compression)" [ "$(metadata r.st compression)" = 'prune 0.2 rewound' ]
expect 'to what' [ "$(metadata r.st rewound_to_sha256)" = "$(digest_of early.st)" ]
run 0 "$compress" prune --keep 20% --rewind early.st --no-compact -e 1 --lr 1e-9 -q m.st -o first.st
zeros r.st >r.zeros
zeros first.st >first.zeros
expect 'the mask moved' cmp -s r.zeros first.zeros
# at a rate of nothing, what is left of early.st's weights is there unchanged
run 0 python3 - early.st first.st <<'END_OF_PYTHON'
import json, struct, sys

def weights(path):
    data = open(path, "rb").read()
    size = struct.unpack("<Q", data[:8])[0]
    found = []
    for name, entry in sorted(json.loads(data[8:8 + size]).items()):
        if name.endswith(".weight"):
            begin, end = entry["data_offsets"]
            raw = data[8 + size + begin:8 + size + end]
            found += struct.unpack(f"<{len(raw) // 4}f", raw)
    return found

early, first = weights(sys.argv[1]), weights(sys.argv[2])
assert all(f == 0 or abs(f - e) < 1e-6 for e, f in zip(early, first))
END_OF_PYTHON
run 0 "$compress" prune --keep 20% --rewind early.st --no-compact -e 2 -q -j 3 m.st -o again.st
same_bytes again.st r.st
run 0 "$compress" prune --keep 5% --rewind early.st -e 2 -q r.st -o on.st
expect "$out" [ "$(value weights)" -le 1216 ]
expect 'of the first round' [ "$(metadata on.st compression)" = 'prune 0.2 rewound; prune 0.05 rewound' ]
run 0 "$compress" prune --keep 50% -e 1 -q r.st -o on.st
expect 'the next retraining was not rewound' [ "$(metadata on.st rewound_to_sha256)" = none ]
for spec in 40%,units 2:4 25%,4x16; do
    run 0 "$compress" prune --keep "$spec" --rewind early.st -e 1 -q m.st -o s.st
done
run 0 "$compress" prune --keep 20% --codebook 4 --rewind early.st --teacher big.st -e 2 -q m.st -o s.st
expect "$(metadata s.st compression)" [ "$(metadata s.st compression)" = 'prune 0.2 rewound codebook:4' ]

begin 'wrong teachers'
usage "$compress" '--temperature needs a --teacher' prune --keep 5% --temperature 2 m.st -o x.st
usage "$compress" '--teacher-weight needs a --teacher' prune --keep 5% --teacher-weight 0.5 m.st -o x.st
usage "$compress" '--teacher: expected names of models with commas between, but one name is empty' \
    prune --keep 5% --teacher big.st, m.st -o x.st
usage "$compress" '--teacher is for training, and quantize trains with --epochs N alone' quantize --teacher big.st m.st -o x.st
usage "$compress" '--output would overwrite the teacher big.st; name another file' \
    prune --keep 5% --teacher big.st m.st -o big.st
usage "$compress" 'unknown option --calibrate-bias; did you mean --calibrate?' prune --keep 5% --calibrate-bias m.st -o x.st
fails 1 "$compress" 'absent: cannot be opened: No such file or directory' prune --keep 5% --teacher absent m.st -o x.st
data small 6
run 0 "$train" --data-dir small --hidden 4 -e 1 -q -o small.st
fails 1 "$compress" 'small.st: this teacher has 36 inputs, but the images have 28 x 28 = 784 pixels' \
    prune --keep 5% --teacher small.st m.st -o x.st

begin 'wrong models to rewind to'
usage "$compress" '--rewind: the net in other.st is 784-30-21-10, relu, but that in m.st is 784-30-20-10, relu; both must be of one training' \
    prune --keep 5% --rewind other.st m.st -o x.st
usage "$compress" '--rewind: the net in tanh.st is 784-30-20-10, tanh, but that in m.st is 784-30-20-10, relu; both must be of one training' \
    prune --keep 5% --rewind tanh.st m.st -o x.st
usage "$compress" '--rewind: standard.st normalises images otherwise than m.st; both must be of one training' \
    prune --keep 5% --rewind standard.st m.st -o x.st
usage "$compress" '--keep: start and end do not go with --rewind, which prunes all at once, before the first step' \
    prune --keep 5%,start=0.2 --rewind early.st m.st -o x.st
usage "$compress" '--rewind is for prune, auto and sweep, and STEP is quantize' quantize --rewind early.st m.st -o x.st
usage "$compress" '--compact is for prune, and STEP is quantize' quantize --no-compact m.st -o x.st
usage "$compress" '--output would overwrite the model of --rewind early.st; name another file' \
    prune --keep 5% --rewind early.st m.st -o early.st
fails 1 "$compress" 'absent: cannot be opened: No such file or directory' prune --keep 5% --rewind absent m.st -o x.st
head -c 1000 early.st >short.st
fails_like 1 "$compress" 'short.st: *' prune --keep 5% --rewind short.st m.st -o x.st
table_ends 17
