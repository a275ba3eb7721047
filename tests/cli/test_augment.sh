#!/usr/bin/env bash
# test_augment.sh BUILD-DIR SOURCE-DIR: --augment and --preview as a user meets them.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
start "$1"

tiny=(--dataset synthetic --synthetic-train 60 --synthetic-test 20 --hidden 8 -e 2 -q)

begin 'a preset is in the model as what it stands for'
run 0 "$train" "${tiny[@]}" --augment light -o preset
run 0 "$train" "${tiny[@]}" --augment scale=.10,shift=1.0,rotate=10 -o entries
same_bytes preset entries
expect 'the model does not say how it was trained' grep -q 'shift=1,rotate=10,scale=0.1' preset

begin 'none is as good as nothing said'
run 0 "$train" "${tiny[@]}" -o plain
run 0 "$train" "${tiny[@]}" --augment none -o none
same_bytes plain none
expect 'augmentation changes nothing' [ "$(digest_of plain)" != "$(digest_of preset)" ]

begin '--print-config, then --config'
"$train" "${tiny[@]:0:6}" --hidden 8 -e 2 --augment ciresan,shift=1 --print-config >c.json
run 0 "$train" --config c.json -q -o from-config
run 0 "$train" "${tiny[@]}" --augment ciresan,shift=1 -o from-flags
same_bytes from-config from-flags
run 0 "$train" "${tiny[@]}" --augment ciresan --json
json_is .config.augment rotate=15,scale=0.15,shear=15,elastic=36:6,half17

begin '--preview'
code=0
"$train" --dataset synthetic --synthetic-train 300 --preview first.png --augment ciresan -q 2>err.txt || code=$?
if grep -q 'without libpng' err.txt; then
    expect "exit code $code without libpng" [ "$code" -eq 1 ]
    expect 'a file without libpng' [ ! -e first.png ]
    finish
    exit
fi
expect "exit code $code" [ "$code" -eq 0 ]

# png FILE WIDTH HEIGHT: its first bytes and those of its header are a PNG's of that size.
png()
{
    expect "$1 is no PNG" [ "$(od -A n -t x1 -N 8 "$1" | tr -d ' \n')" = 89504e470d0a1a0a ]
    expect "$1 is not $2 x $3" [ "$(od -A n -t u1 -j 16 -N 8 "$1" | tr -s ' ')" = \
        " 0 0 $(($2 / 256)) $(($2 % 256)) 0 0 $(($3 / 256)) $(($3 % 256))" ]
}
png first.png 1000 604
run 0 "$train" --dataset synthetic --synthetic-train 300 --preview again.png --augment ciresan -o model --log log.csv
out_empty
err_has 'wrote again.png: rotate=15'
same_bytes first.png again.png
expect 'a model or a log, though nothing was trained' [ ! -e model ] && expect '' [ ! -e log.csv ]
run 0 "$train" --dataset synthetic --synthetic-train 300 --preview other.png --augment ciresan -q -s 2
expect 'the seed does not show' [ "$(digest_of first.png)" != "$(digest_of other.png)" ]
run 0 "$train" --dataset synthetic --synthetic-train 300 --preview other.png --augment ciresan -q -j 3
same_bytes first.png other.png
run 0 "$train" --dataset synthetic --synthetic-train 11 --preview few.png # too few digits for all places
err_has 'wrote few.png: images as they are'
png few.png 1000 604

begin 'previews that cannot be written'
run 1 "$train" --dataset synthetic --preview nowhere/a.png -q
err_has 'nowhere/a.png'
mkdir folder
run 1 "$train" --dataset synthetic --preview folder -q
run 2 "$train" --dataset synthetic --preview a.png --dry-run
err_has '--preview and --dry-run exclude each other'
expect 'a file all the same' [ ! -e a.png ]

finish
