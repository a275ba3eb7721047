#!/usr/bin/env bash
# test_predict.sh BUILD-DIR SOURCE-DIR: mnist-predict reads pictures of digits in every form, says what is wrong with
# those that it cannot read, and goes on with the others.
# shellcheck disable=SC2016  # "$1" is for the shell that the function shell starts, $ for awk
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
start "$1"
export predict=${train%train}predict

# draw DIGIT WIDTH HEIGHT X Y SIZE INK PAPER: a plain PGM of a 0, 1 or 7 within SIZE pixels from (X, Y) on.
draw()
{
    awk -v digit="$1" -v w="$2" -v h="$3" -v x0="$4" -v y0="$5" -v s="$6" -v ink="$7" -v paper="$8" 'BEGIN {
        print "P2", w, h, 255
        for (y = 0; y < h; y++) {
            for (x = 0; x < w; x++) {
                u = (x + 0.5 - x0) / s
                v = (y + 0.5 - y0) / s
                inside = u >= 0 && u < 1 && v >= 0 && v < 1
                r = ((u - 0.5) / 0.34) ^ 2 + ((v - 0.5) / 0.5) ^ 2
                if (digit == 0) { on = r < 1 && r > 0.55 }
                if (digit == 1) { on = u > 0.44 && u < 0.56 }
                if (digit == 7) { on = u > 0.2 && u < 0.8 && (v < 0.12 || (u + 0.4 * v > 0.7 && u + 0.4 * v < 0.83)) }
                printf "%d ", on && inside ? ink : paper
            }
            print ""
        }
    }'
}

# --- A model of drawn digits, and one whose digit is the pixel that is white ----------------------------------

run 0 "$train" --dataset synthetic --synthetic-train 3000 --synthetic-test 300 -e 4 --hidden 64 -q -o model.st
data there 28
run 0 "$train" --data-dir there --hidden none -e 40 -b 4 --lr 1 --normalize standard -q -o pixel.st

begin 'pictures of any size'
draw 0 300 200 150 20 160 0 255 >black
draw 7 60 90 3 50 35 30 200 >corner
draw 1 40 40 5 5 28 255 0 >bright
draw 7 16 16 1 1 14 250 90 >small
run 0 "$predict" model.st black corner bright small
err_empty
expect 'not the four digits' [ "$(cut -f 1,2 "$work/out" | tr '\t\n' ': ')" = 'black:0 corner:7 bright:1 small:7 ' ]
expect 'not three fields each' awk -F '\t' 'NF != 3 || length($3) != 8 || $3 < 0.3 || $3 > 1 { exit 1 }' "$work/out"
first=$(sed -n 1p "$work/out")
shell 0 '$predict model.st <black'
out_is "-${first#black}"
shell 0 '$predict model.st - corner <black | cut -f 1,2 | tr "\t\n" ": "'
out_is '-:0 corner:7 '
shell 0 '$predict model.st <(cat black) | cut -f 2'
out_is 0
run 0 env -i "$predict" model.st black
out_is "$first"
for isa in scalar portable; do
    MNIST_ISA=$isa run 0 "$predict" model.st black
    out_is "$first"
done

begin 'what is said of ink and of the middle'
run 0 "$predict" --invert yes model.st black
out_is "$first"
run 0 "$predict" --invert no model.st black
expect 'the ground is taken for the digit' [ "$out" != "$first" ]
draw 0 28 28 4 4 20 255 0 >like-mnist
run 0 "$predict" --json --center none model.st like-mnist
json_is '.digit, .box.width, .inverted' $'0\n28\nfalse'
run 0 "$predict" --json --center box model.st black
json_is '.digit, .inverted, (.box | tostring)' $'0\ntrue\n{"x":176,"y":20,"width":108,"height":160}'

# --- What is printed ---------------------------------------------------------------------------------------------

begin '-k, --prob'
run 0 "$predict" -k 10 model.st black
expect 'not ten pairs, of falling probability, which add up to 1' awk -F '\t' '
    { sum = 0; for (i = 3; i <= NF; i += 2) { sum += $i; if (i > 3 && $i > $(i - 2)) { exit 1 } seen[$(i - 1)]++ } }
    NF != 21 || sum < 0.99999 || sum > 1.00001 || length(seen) != 10 { exit 1 }' "$work/out"
run 0 "$predict" -k 2 model.st black
out_matches '^black	0	[01]\.[0-9]{6}	[1-9]	0\.[0-9]{6}$'
run 0 "$predict" --prob model.st black
expect 'not the likeliest and all ten' awk -F '\t' 'NF != 13 || $3 != $4 { exit 1 }' "$work/out"

begin '--json'
run 0 "$predict" --json model.st black corner
err_empty
expect 'not a line a digit' [ "$(lines_of "$work/out")" -eq 2 ]
expect 'the fields' [ "$(jq -rs '.[0] | keys_unsorted | join(" ")' "$work/out")" = \
    'file digit probability probabilities box inverted' ]
expect 'ten that add up to 1' jq -es 'all(.probabilities | length == 10 and (add > 0.999999 and add < 1.000001))' "$work/out" >/dev/null
expect 'the likeliest' jq -es 'all(.probability == (.probabilities | max) and .probabilities[.digit] == .probability)' \
    "$work/out" >/dev/null
run 2 "$predict" --json model.st $'\xff'
cp black $'t\tn\nq"'
run 0 "$predict" model.st $'t\tn\nq"'
out_is "t\\x09n\\x0aq\"${first#black}"
run 0 "$predict" --json model.st $'t\tn\nq"'
json_is .file $'t\tn\nq"'
cp black 'b\x09'
run 0 "$predict" model.st 'b\x09'
out_is "b\\\\x09${first#black}"
run 0 "$predict" --text model.st 'b\x09'
out_matches '^b\\\\x09	0	'
run 0 "$predict" --json model.st 'b\x09'
json_is .file 'b\x09'

begin '--show'
run 0 "$predict" --show model.st black
out_is "$first"
expect 'not the name and 28 rows of 56 columns' awk 'NR == 1 { if ($0 != "black") { exit 1 } } NR > 1 && length != 56 { exit 1 }
    END { if (NR != 29) { exit 1 } }' "$work/err"
err_has '@@'
TERM=xterm LC_ALL=C.UTF-8 run 0 "$predict" --show model.st black
err_has '██'
TERM=xterm LC_ALL=C.UTF-8 run 0 "$predict" --show --color always model.st black
expect 'not the name and 14 rows' [ "$(lines_of "$work/err")" -eq 15 ]
err_has $'\e[38;5;'

# --- Images as they are ----------------------------------------------------------------------------------------------

begin 'IDX and raw images'
run 0 "$predict" pixel.st there/t10k-images-idx3-ubyte
expect 'not 20 digits, numbered, 0 to 9 twice' awk -F '\t' '
    $1 != "there/t10k-images-idx3-ubyte#" NR || $2 != (NR - 1) % 10 { exit 1 } END { if (NR != 20) { exit 1 } }' "$work/out"
gzip -c there/t10k-images-idx3-ubyte >packed
run 0 "$predict" pixel.st packed
expect 'gzip' [ "$(cut -f 2 "$work/out" | tr -d '\n')" = 01234567890123456789 ]
# one by one, and as mnist-eval predicts the same images
run 0 "$eval" -q pixel.st --data-dir there --json
json_is .test.errors 0
for i in 0 3 9; do
    shell 0 'head -c $((800 + 784 * $1)) there/t10k-images-idx3-ubyte | tail -c 784 | $predict pixel.st | cut -f 1,2' $i
    out_is "-	$i"
done
run 0 "$predict" --json pixel.st there/t10k-images-idx3-ubyte
expect 'no boxes of what was not cut' jq -es 'all(has("box") | not)' "$work/out" >/dev/null
expect 'numbers' [ "$(jq -s 'map(.image) == [range(1; 21)]' "$work/out")" = true ]
head -c 800 there/t10k-images-idx3-ubyte | tail -c 784 >raw # in the other order, head would close the pipe before tail is done
tail -c +17 there/t10k-images-idx3-ubyte >twenty # raw, one behind another
shell 0 '$predict pixel.st <twenty | cut -f 2 | tr -d "\n"'
out_is 01234567890123456789
run 0 "$predict" pixel.st twenty
expect 'numbers of raw images' [ "$(cut -f 1 "$work/out" | tail -n 1)" = 'twenty#20' ]
head -c 1567 twenty >cut.raw
run 1 "$predict" pixel.st cut.raw
err_is 'mnist-predict: cut.raw: 1567 bytes: expected a picture as PNG, PGM or PPM (P2, P3, P5, P6), images as IDX, or '\
'784 bytes for each image of 28 x 28'
tr '\000\377' '\377\000' <raw >raw-inverted
run 0 "$predict" pixel.st raw
plain=${out#raw}
run 0 "$predict" --invert yes pixel.st raw-inverted
out_is "raw-inverted$plain"
run 0 "$predict" --invert auto pixel.st raw-inverted
out_is "raw-inverted$plain"
{ printf 'P5 28 28 255\n' && cat raw && printf 'P5 28 28 255\n' && cat raw-inverted; } >two
run 0 "$predict" --center none pixel.st two
out_is "two#1$plain
two#2$plain"

# --- A line of digits -------------------------------------------------------------------------------------------------

begin '--line'
for i in 0 1 7; do
    draw $i 50 60 8 10 38 20 230 | tail -n +2 >"column$i"
done
{ echo P2 250 60 255 && paste -d ' ' column0 column1 column7 column7 column0; } >sheet
run 0 "$predict" --line model.st sheet black
err_empty
expect 'not the digits, from left to right' [ "$(cut -f 1,2 "$work/out" | tr '\t\n' ': ')" = \
    'sheet#1:0 sheet#2:1 sheet#3:7 sheet#4:7 sheet#5:0 black#1:0 ' ]
expect 'another probability of one digit' [ "$(tail -n 1 "$work/out" | cut -f 3)" = "$(printf %s "$first" | cut -f 3)" ]
product=$(head -n 5 "$work/out" | awk -F '\t' 'BEGIN { p = 1 } { p *= $3 } END { printf "%.4f", p }')
run 0 "$predict" --text model.st sheet black
expect 'not two numbers' [ "$(cut -f 1,2 "$work/out" | tr '\t\n' ': ')" = 'sheet:01770 black:0 ' ]
expect 'the product' [ "$(head -n 1 "$work/out" | awk -F '\t' '{ printf "%.4f", $3 }')" = "$product" ]
run 0 "$predict" --line --json model.st sheet
expect 'boxes in order' jq -es 'map(.glyph) == [1, 2, 3, 4, 5] and (map(.box.x) == (map(.box.x) | sort))' "$work/out" >/dev/null

begin '--line: rows, and digits that touch'
{ echo P2 250 180 255 && tail -n +2 sheet && paste -d ' ' column1 column0 column7 column1 column1 && paste -d ' ' column0 column0 column1 column7 column0; } >rows
run 0 "$predict" --text model.st rows
expect 'not three lines, numbered' [ "$(cut -f 1,2 "$work/out" | tr '\t\n' ': ')" = 'rows#1:01770 rows#2:10711 rows#3:00170 ' ]
run 0 "$predict" --line --json model.st rows
expect 'rows of five' jq -es 'map(.row) == [1,1,1,1,1,2,2,2,2,2,3,3,3,3,3] and map(.glyph) == [range(1; 16)]' "$work/out" >/dev/null
for joint in 26 27; do
    draw 0 90 60 8 10 38 20 230 >left
    draw 0 90 60 $((8 + joint)) 10 38 20 230 >right
    { echo P2 90 60 255 && paste -d ' ' <(tail -n +2 left | tr -s ' ' '\n' | grep .) <(tail -n +2 right | tr -s ' ' '\n' | grep .) |
        awk '{ print $1 < $2 ? $1 : $2 }'; } >pair
    run 0 "$predict" --text model.st pair
    expect "a pair that touches, $joint apart" [ "$(cut -f 2 "$work/out")" = 00 ]
done

# --- What cannot be read ---------------------------------------------------------------------------------------------------

begin 'files that cannot be read'
: >empty
echo 'P5 100000 100000 255' >wide
printf 'P5 10 10 255\nabc' >short
echo 'P2 2 2 255 0 0 0 0' >blank
mkdir folder
run 1 "$predict" model.st empty wide none black short folder blank model.st bright
expect 'the others are read, in order' [ "$(cut -f 1,2 "$work/out" | tr '\t\n' ': ')" = 'black:0 bright:1 ' ]
expect 'a message each' [ "$(lines_of "$work/err")" -eq 7 ]
err_has 'mnist-predict: empty: empty, 0 bytes: expected a picture as PNG, PGM or PPM (P2, P3, P5, P6), images as IDX, or '\
'784 bytes for each image of 28 x 28'
err_has 'mnist-predict: wide: a picture of 100000 x 100000 pixels at byte 0: expected at most 67108864 pixels in all'
err_has 'mnist-predict: none: cannot be opened: No such file or directory'
err_has 'mnist-predict: short: truncated at byte 16: expected 100 bytes after the header, of 10 x 10 pixels, found 3'
err_has 'mnist-predict: folder: is a directory, expected a file'
err_has 'mnist-predict: blank: blank: all of its 2 x 2 pixels are of one grey: expected a digit'
err_has '; a model: should it be the first argument?'
run 1 "$predict" model.st # stdin is empty
out_empty
err_is 'mnist-predict: stdin: empty, 0 bytes: expected a picture as PNG, PGM or PPM (P2, P3, P5, P6), images as IDX, or '\
'784 bytes for each image of 28 x 28'
shell 1 '$predict model.st <folder'
err_is 'mnist-predict: stdin: is a directory, expected a file'
shell 1 '$predict model.st <&-'
run 1 "$predict" black model.st
out_empty
run 1 "$predict" --center mass pixel.st there/t10k-labels-idx1-ubyte
err_has 'this looks like a label file'

begin 'another net'
data four 4
run 0 "$train" --data-dir four --hidden 8 -e 60 -b 4 -q -o four.st
run 0 "$predict" four.st four/t10k-images-idx3-ubyte
expect 'another size, as it is' [ "$(lines_of "$work/out")" -eq 20 ]
run 1 "$predict" four.st black
err_is 'mnist-predict: black: pictures become 28 x 28 pixels, but the net has 16 inputs'
run 1 "$predict" model.st four/t10k-images-idx3-ubyte
expect 'a message an image' [ "$(grep -c ': 4 x 4 pixels: expected 784, the inputs of the net' "$work/err")" -eq 20 ]

begin 'PNG'
if "$train" --dataset synthetic --preview sheet.png -q >/dev/null 2>"$work/err"; then
    run 0 "$predict" --line model.st sheet.png
    shell 0 'cat sheet.png sheet.png | $predict model.st | cut -f 1,2 | tr "\n" " "'
    out_matches '^-#1	[0-9] -#2	[0-9] $'
    { cat sheet.png && echo more; } >more.png
    run 1 "$predict" model.st more.png
    err_matches '^mnist-predict: more.png: 5 bytes too many at byte [0-9]+: expected the end of the file behind IEND, or another PNG file$'
    head -c -10 sheet.png >cut.png
    run 1 "$predict" model.st cut.png
    err_matches '^mnist-predict: cut.png: truncated at byte [0-9]+: expected the rest of the PNG file$'
else
    expect 'it is said that there is no libpng' grep -q 'without libpng' "$work/err"
fi

begin 'usage'
run 2 "$predict"
err_has 'mnist-predict: MODEL is missing'
run 2 "$predict" --prob -k 2 model.st black
run 2 "$predict" --json --prob model.st black
run 2 "$predict" --json -k 3 model.st black
run 2 "$predict" --text --json model.st black
run 2 "$predict" --line --center none model.st black
err_has '--line cuts digits out, and --center none does not'
run 2 "$predict" -k 11 model.st black
run 2 "$predict" --invert perhaps model.st black
err_has 'auto, yes, no'
run 0 "$predict" --help
out_has 'Usage: mnist-predict [OPTION]... MODEL [FILE|-]...'
expect 'wider than 80 columns' awk 'length > 80 { exit 1 }' "$work/out"

begin 'streams that fail'
for arguments in '' '--json' '--prob'; do
    shell 1 "\$predict model.st black $arguments >/dev/full"
    err_is 'mnist-predict: stdout could not be written: No space left on device'
done
shell 1 '{ sleep 0.1; $predict model.st black; } | exec true; exit "${PIPESTATUS[0]}"'
err_is 'mnist-predict: stdout could not be written: Broken pipe'
shell 0 '$predict --show model.st black 2>/dev/full'

finish
