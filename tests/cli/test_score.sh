#!/usr/bin/env bash
# test_score.sh BUILD-DIR SOURCE-DIR: mnist-score: what it prints, its gates, and what it says to wrong input. The figures
# are held to NLTK's by tests/unit/test_score.c, and here, where there is NLTK, the values that test has to NLTK.
# shellcheck disable=SC2016  # "$1" is for the shell that the function shell starts
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=table.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/table.sh"
source=$(CDPATH='' cd -- "$2" && pwd)
start "$1"
export score=${train%train}score

printf '12345\n99\n\n7\n' >refs
printf '12345\n999\n\n1\n' >hyps

begin 'the result line'
run 0 "$score" refs hyps --resamples 0
err_empty
out_is 'exact=0.500000 cer=0.250000 wer=0.666667 bleu=0.834995 sentence_bleu=0.387580 chrf=0.963967 n=4'
run 0 "$score" refs hyps
out_matches '^exact=0.500000 exact_low=0.000000 exact_high=1.000000 cer=0.250000 cer_low='
first=$out
run 0 "$score" refs hyps --seed 1
out_is "$first"
run 0 "$score" hyps hyps --tokenize none --max-order 1
expect 'not all right' [ "$(value exact) $(value cer) $(value bleu) $(value chrf)" = '1.000000 0.000000 1.000000 1.000000' ]

begin 'JSON'
run 0 "$score" refs hyps --json --each
err_empty
json_is .schema mnist-score/1
json_is '[.n, .missing, .exact.count] | @csv' 4,0,2
json_is '.cer | [.characters, .substitutions, .insertions, .deletions] | @csv' 8,1,1,0
json_is '.bleu.matches | @csv' 7,5,3,2
json_is '[.bleu.tokenize, .bleu.smooth, .bleu.max_order] | @csv' '"char","exp",4'
json_is '[.texts[].edits] | @csv' 0,1,0,1
json_is .gate.passed true
json_holds '[.exact, .cer, .wer, .bleu, .sentence_bleu, .chrf] | all(.low <= .value and .value <= .high)'
run 0 "$score" refs hyps --json --resamples 0
json_is .bootstrap null
json_holds '(.exact | has("low") | not) and (has("texts") | not)'
printf '1\n' >one && printf '\n' >none
run 0 "$score" none one --json --resamples 0
json_is '[.cer.value, .wer.value] | tostring' '[null,null]'

begin 'names, as mnist-predict prints them; a text that was not read'
printf 'a.png\t12\nb.png\t3\nc.png\t4\n' >named
printf 'x/b.png\t3\t0.9\nx/a.png\t12\t0.8\n' >predicted
run 0 "$score" named predicted --resamples 0 --each
err_is "mnist-score: 1 of 3 texts have no hypothesis, and count as read as ''"
out_is "a.png	1	0	1.000000	1.000000	12
b.png	1	0	1.000000	1.000000	3
c.png	0	1	0.000000	0.000000	
exact=0.666667 cer=0.250000 wer=0.333333 bleu=0.000000 sentence_bleu=0.666667 chrf=0.897436 n=3"
run 0 "$score" named predicted --resamples 0 -q
err_empty
shell 0 '$score named - --resamples 0 -q <predicted'
out_matches '^exact=0.666667 '

begin 'several references: further fields, further files'
printf 'p\t12345\t12346\nq\t12\n' >two
printf '12346\n13\n' >got
printf '99999\n13\n' >third
run 0 "$score" two got --resamples 0
expect 'not a half' [ "$(value exact)" = 0.500000 ]
run 0 "$score" two got third --resamples 0
expect 'not all' [ "$(value exact)" = 1.000000 ]

begin 'gates'
run 0 "$score" refs hyps --min-exact 50% --max-cer 0.25 --min-bleu 0.8 --min-chrf 0.9 --max-wer 2 -q
err_empty
run 3 "$score" refs hyps --min-exact 51% --max-cer 0 --min-bleu 0.9 --min-chrf 97% --max-wer 0.5 --resamples 0
out_matches '^exact=0.500000 '
err_is 'mnist-score: gate failed: exact match 0.5 is below --min-exact 0.51
mnist-score: gate failed: BLEU 0.8349950232057651 is below --min-bleu 0.9
mnist-score: gate failed: chrF 0.9639666468135794 is below --min-chrf 0.97
mnist-score: gate failed: character error rate 0.25 is above --max-cer 0
mnist-score: gate failed: word error rate 0.6666666666666666 is above --max-wer 0.5'
run 0 "$score" refs refs --max-cer 0 --min-exact 1
run 3 "$score" none one --max-cer 1
err_is 'mnist-score: gate failed: character error rate inf is above --max-cer 1'
run 3 "$score" refs hyps --json --max-cer 0
json_is '[.gate.max_cer, .gate.min_bleu, .gate.passed] | tostring' '[0,null,false]'

# --- Wrong command lines and files -----------------------------------------------------------------------

usage "$score" 'REFS is missing'
usage "$score" 'HYPS [REFS] is missing' refs
usage "$score" '--smooth-value is for --smooth floor and add-k, not exp' --smooth-value 1 refs hyps
usage "$score" '--smooth-value: "0" is not a number above 0 and at most 1000' --smooth floor --smooth-value 0 refs hyps
usage "$score" '--resamples 39 is too few for an interval: expected 0, or 40 or more' --resamples 39 refs hyps
usage "$score" '- is stdin, which can be read once: 2 files are -' - -
usage "$score" '--max-order: "5" is not a whole number from 1 to 4' --max-order 5 refs hyps
usage "$score" '--chrf-words: "3" is not a whole number from 0 to 2' --chrf-words 3 refs hyps
usage "$score" '--tokenize: "14a" is not one of char, none, 13a; did you mean 13a?' --tokenize 14a refs hyps
usage "$score" '--min-bleu: "110%" is not a fraction of at least 0 and at most 1, or that as a percentage like 97%' --min-bleu 110% refs hyps
fails 1 "$score" 'nowhere: cannot be opened: No such file or directory' nowhere hyps
mkdir folder
fails 1 "$score" 'folder: is a directory, expected a file' refs folder
: >empty
fails 1 "$score" 'empty: has no lines: expected references' empty hyps
fails 1 "$score" 'none has 1 lines and refs 4: expected as many, or names in both' refs none
fails 1 "$score" 'refs: line 1 has no tab: expected NAME, a tab, and the text, as on the lines before, or no tab on any' \
    --lines named refs hyps
printf 'ok\n\xff\n' >latin
fails 1 "$score" 'latin: line 2, byte 1 is 0xff: expected text in UTF-8' latin hyps
printf '\xff\xfe1\0' >wide
fails 1 "$score" 'wide: begins with the byte order mark of UTF-16: expected text in UTF-8' wide hyps
printf 'a\t1\na\t2\n' >twice
fails 1 "$score" 'twice: lines 1 and 2 have the same name, "a": expected each name once' twice hyps
printf 'd.png\t1\n' >other
fails 1 "$score" 'other: line 1 is of "d.png", which is not in named' named other
fails 1 "$score" 'other: has no line "a.png", which is in named' named predicted other
head -c 16385 /dev/zero | tr '\0' 1 >long
fails 1 "$score" 'long: line 1 has more than 16384 bytes: expected one text on a line' long hyps

# --- NLTK -------------------------------------------------------------------------------------------------

begin 'NLTK'
if python=$(python_with nltk); then
    run 0 "$python" "$source/tests/golden/scores_reference.py" --check "$source/tests/golden/scores.json"
else
    left_out 'no python3 here has NLTK' 'scripts/install-deps.sh nltk'
fi

table_ends 20
