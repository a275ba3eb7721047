#!/usr/bin/env bash
# test_data.sh BUILD-DIR SOURCE-DIR: mnist-data: info, sheet, convert, split and lines, and what it says to wrong input.
# shellcheck disable=SC2016  # "$1" is for the shell that the function shell starts
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=table.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/table.sh"
start "$1"
tool=${train%train}data score=${train%train}score predict=${train%train}predict
export score predict
synthetic=(--dataset synthetic --synthetic-train 200 --synthetic-test 60)

png=1 zip=1
"$tool" sheet probe.png "${synthetic[@]}" >"$work/out" 2>"$work/err" || ! grep -q 'without libpng' "$work/err" || png=
rm -f probe.png

begin 'info'
data there 5
run 0 "$tool" info there
err_empty
out_is "part=train	format=IDX	images=40	rows=5	cols=5	classes=10	counts=4,4,4,4,4,4,4,4,4,4	min=0	max=255	mean=10.200000	density=0.040000	doubles=30	conflicts=0
part=test	format=IDX	images=20	rows=5	cols=5	classes=10	counts=2,2,2,2,2,2,2,2,2,2	min=0	max=255	mean=10.200000	density=0.040000	doubles=10	conflicts=0	in_train=20"
run 0 "$tool" info there --part test
out_matches '^part=test	[^
]*$'
run 0 "$tool" info --data-dir there --json
json_is .schema mnist-data/1
json_is '.rows[1].in_train' 20
json_is '.rows[0].counts | add' 40
run 0 "$tool" info there/t10k-images-idx3-ubyte
out_is 'part=all	format=IDX	images=20	rows=5	cols=5	min=0	max=255	mean=10.200000	density=0.040000	doubles=10'
run 0 "$tool" info "${synthetic[@]}" --show
expect 'not ten classes shown' [ "$(grep -c '^train [0-9]$' "$work/err")" -eq 10 ]
# the same image with two labels
{ bytes 00 00 08 01 && be32 20 && bytes 01 01 02 03 04 05 06 07 08 09 00 01 02 03 04 05 06 07 08 09; } >mixed
run 0 "$tool" info --part test --test-images there/t10k-images-idx3-ubyte --test-labels mixed
out_matches 'doubles=10	conflicts=1$'

if [ "$png" ]; then
    begin 'sheet'
    run 0 "$tool" sheet s.png "${synthetic[@]}" --per-class 3
    out_is 'part=train	classes=10	images=30	width=184	height=604'
    expect 'no PNG file' [ "$(head -c 4 s.png | tail -c 3)" = PNG ]
else
    begin 'sheet' && left_out 'built without libpng' 'scripts/install-deps.sh build'
fi

begin 'convert: what is written is read as the same images'
run 0 "$tool" info there
# but for the format
cut -f 1,3- "$work/out" >expected
alike()
{
    run 0 "$tool" convert "$1" --data-dir there "${@:2}"
    err_empty
    run 0 "$tool" info "$1"
    cut -f 1,3- "$work/out" >found
    same_bytes found expected
}
alike idx
same_bytes idx/train-images-idx3-ubyte there/train-images-idx3-ubyte
same_bytes idx/t10k-labels-idx1-ubyte there/t10k-labels-idx1-ubyte
run 0 "$tool" convert out.npz --data-dir there
out_is 'part=train	from=IDX	to=npz	images=40
part=test	from=IDX	to=npz	images=20'
run 0 "$tool" convert again.npz --data-dir there
same_bytes again.npz out.npz
"$tool" info out.npz >"$work/out" 2>"$work/err" || ! grep -q 'libzip' "$work/err" || zip=
[ ! "$zip" ] || alike keras.npz
run 0 "$tool" convert t.csv --data-dir there --part test
expect 'not the head' [ "$(head -n 1 t.csv | cut -c 1-20)" = label,pixel0,pixel1, ]
expect 'not the first line' [ "$(sed -n 2p t.csv)" = "0,255$(printf ',0%.0s' {1..24})" ]
run 0 "$tool" info t.csv
out_matches '^part=all	format=CSV	images=20	rows=5	cols=5	classes=10	'
if [ "$png" ]; then
    run 0 "$tool" convert pictures --to png --data-dir there
    expect 'no picture' [ -s pictures/train/9/39.png ]
    expect 'not 60 pictures' [ "$(find pictures -name '*.png' | wc -l)" -eq 60 ]
fi

begin 'split'
run 0 "$tool" split parts --data-dir there --validation 10 --test 25%
out_is 'part=train	images=20	counts=2,2,2,2,2,2,2,2,2,2
part=validation	images=10	counts=1,1,1,1,1,1,1,1,1,1
part=test	images=10	counts=1,1,1,1,1,1,1,1,1,1'
run 0 "$train" --data-dir parts --hidden none -e 1 -b 4 -q
run 0 "$tool" split twice --data-dir there --validation 10 --test 25%
same_bytes twice/train-images-idx3-ubyte parts/train-images-idx3-ubyte
run 0 "$tool" split other --data-dir there --validation 10 --no-by-class --seed 2 --json
json_is '[.rows[].images] | @csv' 30,10
for deal in iid shards dirichlet; do
    run 0 "$tool" split $deal "${synthetic[@]}" --clients 7 --deal $deal
    expect 'not seven clients' [ "$(lines_of "$work/out")" -eq 7 ]
    expect 'a client is empty' [ "$(grep -c '	images=0	' "$work/out")" -eq 0 ]
    expect 'not 200 images' [ "$(sed 's/.*	images=\([0-9]*\)	.*/\1/' "$work/out" | awk '{ n += $1 } END { print n }')" -eq 200 ]
    run 0 "$tool" info --part train --train-images $deal/client-3/train-images-idx3-ubyte --train-labels $deal/client-3/train-labels-idx1-ubyte
done

if [ "$png" ]; then
    begin 'lines, read and scored'
    run 0 "$train" --dataset synthetic --synthetic-train 3000 --synthetic-test 300 -e 4 --hidden 64 -q -o m.st
    run 0 "$tool" lines lines -n 20 "${synthetic[@]}" --digits 1:6
    out_matches '^lines=20	digits=[0-9]*	part=test	images=60	seed=1$'
    expect 'not 20 references' [ "$(lines_of lines/refs.txt)" -eq 20 ]
    expect 'not the names' [ "$(cut -f 1 lines/refs.txt | head -n 2 | tr '\n' ' ')" = '01.png 02.png ' ]
    shell 0 '$predict --line --text m.st lines/*.png | $score lines/refs.txt - --min-exact 50% --max-cer 0.3'
    run 0 "$tool" lines again -n 20 "${synthetic[@]}" --digits 1:6
    same_bytes again/refs.txt lines/refs.txt
    same_bytes again/20.png lines/20.png
    run 0 "$tool" lines wild -n 3 "${synthetic[@]}" --part train --digits 5 --spacing -2:0 --slant 15 --size 0.2 --baseline 3 \
        --noise 5 --seed 7
    expect 'not five digits' [ "$(cut -f 2 wild/refs.txt | awk '{ print length }' | sort -u)" = 5 ]
fi

# --- Wrong command lines and data -----------------------------------------------------------------------

usage "$tool" 'STEP is missing'
usage "$tool" 'STEP: "inof" is not one of info, sheet, convert, split, lines; did you mean info?' inof
usage "$tool" 'split needs the name of what it shall write' split --test 10
usage "$tool" 'sheet needs the name of what it shall write' sheet
usage "$tool" 'split needs --validation, --test or --clients' split x
usage "$tool" '--slant is for lines, not for split' split x --test 10 --slant 3
usage "$tool" '--show is for info, not for sheet' sheet x --show
usage "$tool" '--alpha goes with --clients, which is missing' split x --test 10 --alpha 3
usage "$tool" '--alpha is for --deal dirichlet, not iid' split x --clients 10 --alpha 3
usage "$tool" '--shards is for --deal shards, not dirichlet' split x --clients 10 --deal dirichlet --shards 3
usage "$tool" '--digits: expected LOW:HIGH, from 1 to 100, as 1:12' lines x --digits 0:3
usage "$tool" '--spacing: expected LOW:HIGH, from -20 to 1000, as 4:10' lines x --spacing 3:2
usage "$tool" 'info: the data are there, and --data-dir says others' info there --data-dir here
fails_like 1 "$tool" 'there: holds *: expected a folder that is empty, or not there' lines there "${synthetic[@]}"
fails 1 "$tool" 'no/such: the folder cannot be made: No such file or directory' lines no/such "${synthetic[@]}"
fails 1 "$tool" '300 images for validation and 0 for test leave none of 200 for training' split x "${synthetic[@]}" --validation 300
fails 1 "$tool" '200 training images are too few for 201 clients: expected at least 201' split x "${synthetic[@]}" --clients 201
fails 1 "$tool" '190 training images are too few for 20 clients: expected at least 200' split x "${synthetic[@]}" --clients 20 \
    --deal shards --shards 10 --test 5%

table_ends 15
