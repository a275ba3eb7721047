#!/usr/bin/env bash
# test_convert_html.sh BUILD-DIR SOURCE-DIR: nets as web pages: what mnist-convert says of them, and what it refuses. What
# the page does is for tests/browser.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=table.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/table.sh"
start "$1"
convert=${train%train}convert
drawn=(--dataset synthetic --synthetic-test 500)

# trained NAME OPTION...: a net in NAME.safetensors, after little training
trained()
{
    run 0 "$train" --dataset synthetic --synthetic-train 300 --synthetic-test 20 -e 1 -q -o "$1.safetensors" "${@:2}"
}

begin 'a small net, as it is'
trained small --hidden 16 --activation tanh --normalize standard
run 0 "$convert" --verify "${drawn[@]}" --vectors 3 small.safetensors small.html
expect "$out" [ "$(value from) $(value to) $(value net) $(value activation)" = 'native html 784-16-10 tanh' ]
expect "$out" [ "$(value bytes)" = "$(wc -c <small.html)" ]
expect "$out" [ "$(value max_difference) $(value changed) $(value n)" = '0 0 500' ]
err_is 'mnist-convert: note: the options of its training and the digests of its data stay behind'
expect 'no title' grep -q '<title>Draw a digit: small.safetensors</title>' small.html
expect 'not what it was written from' grep -q "<dd>$(digest_of small.safetensors)</dd>" small.html
expect 'vectors' [ "$(jq -r '.schema, (.vectors | length)' small.html.vectors.json | tr '\n' ' ')" = 'mnist-vectors/1 3 ' ]
expect 'it leads elsewhere' [ "$(grep -c 'https\?://' small.html)" -eq 0 ]

begin 'the same net, the same bytes'
mkdir other
run 0 "$convert" -q --to html small.safetensors other/anything
same_bytes small.html other/anything

begin 'a net that has to be rounded'
trained large --hidden 512,512
run 0 "$convert" --verify "${drawn[@]}" large.safetensors large.html
err_has 'note: weights are whole numbers of 11 bits, of 16 in the last layer, times a scale for each unit, so that they take at most 1000000 bytes'
err_matches 'note: tried on 1000 synthetic digits: [0-9]+ answered otherwise, probabilities changed by at most 0\.0[0-9]{5}$'
expect "$out" [ "$(value max_difference)" != 0 ]
expect "the page does not say it" grep -q 'In this page its weights are whole numbers of 11 bits' large.html
run 0 "$convert" --max-difference 0.05 "${drawn[@]}" large.safetensors large.html
run 3 "$convert" --max-difference 1e-7 "${drawn[@]}" large.safetensors large.html
err_has ' is above --max-difference 1e-07'
run 0 "$convert" --json -n "${drawn[@]}" --verify large.safetensors large.html
json_is .out.format html
json_is .out.written false
json_is '.notes | length' 3

# --- what is wrong -----------------------------------------------------------------------------------

trained huge --hidden 1300
fails 1 "$convert" 'huge.html: the net has 1033510 weights and biases, which with 8 bits a weight take 1055680 bytes; a page holds a net of at most 1000000 bytes' \
    huge.safetensors huge.html
fails 1 "$convert" 'huge.html: the net has 1033510 weights and biases, which with 8 bits a weight take 1055680 bytes; a page holds a net of at most 1000000 bytes' \
    --verify "${drawn[@]}" huge.safetensors huge.html
data tiny 14
run 0 "$train" --data-dir tiny -e 1 -q --hidden 4 --val-split 0 -o tiny.safetensors
fails 1 "$convert" 'tiny.html: the net has 196 inputs, and a pad makes images of 28 x 28 = 784 pixels' tiny.safetensors tiny.html
printf '<!doctype html>\n<p>A page of others.\n' >page.html
for page in small.html large.html page.html; do
    fails_like 1 "$convert" "$page: format html is written only; formats that are read: native, torch, *" "$page" back.safetensors
done
fails_like 1 "$convert" 'small.html: format html is written only; *' small.html back.html
fails_like 1 "$convert" 'small.html: not a safetensors file: this is HTML or XML; *' --from native small.html back.safetensors
usage "$convert" 'OUT would overwrite the input small.safetensors; name another file' --to html small.safetensors small.safetensors
usage "$convert" "--from: \"html\" is not one of $({ "$convert" --from '' a b 2>&1 || true; } | sed -n 's/^.* is not one of \([^;]*\).*$/\1/p')" \
    --from html small.html back.safetensors

table_ends 10
