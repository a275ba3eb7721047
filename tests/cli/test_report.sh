#!/usr/bin/env bash
# test_report.sh BUILD-DIR SOURCE-DIR: --report writes one self-contained page, whole or not at all, with the numbers
# of the log, whatever the names in it, and changes no weight. tests/browser shows it in a browser.
# shellcheck disable=SC2016  # $train and "$1" are for the shell that the function shell starts
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
start "$1"
small=(--dataset synthetic --synthetic-train 300 --synthetic-test 60 --hidden 12 -e 3 -q)

# cells FILE: the table of epochs, a line a row, with commas between.
cells()
{
    sed -n '/<table id="epochs">/,/<\/table>/p' "$1" | grep '^<tr>' |
        sed -e 's/<\/t[hd]><t[hd][^>]*>/,/g' -e 's/<[^>]*>//g'
}

# unmeasured FILE: the page without its measured times.
unmeasured()
{
    sed '/<section id="measured">/,/<\/section>/d' "$1"
}

begin 'the numbers of the log, and of the result line'
run 0 "$train" "${small[@]}" --log run.csv --report r.html -o net.st
line=$(result)
expect 'the table of epochs is not what the log holds' \
    [ "$(cells r.html)" = "$(grep '^epoch,' run.csv | cut -d , -f 3,5-)" ]
expect 'there are no three epochs' [ "$(cells r.html | wc -l)" -eq 3 ]
page=$(cat r.html)
expect 'the result line is not in it' has "$page" "<code>$line</code>"
expect 'the digest of the model is not in it' has "$page" "$(digest_of net.st)"
expect 'the settings are not in it' has "$page" '<dt>label-smoothing</dt><dd>0.02</dd>'
expect 'it is not one page' [ "$(grep -c '<html' r.html)" -eq 1 ]
expect 'it ends early' [ "$(tail -n 1 r.html)" = '</html>' ]
expect 'it leads elsewhere' [ "$(grep -c -e 'https\?://' -e '@import' -e 'url(' r.html)" -eq 0 ]
run 0 "$train" "${small[@]}" --log run.csv --report r.html --val-split 0
expect 'dashes where nothing was validated' [ "$(cells r.html | cut -d , -f 5,6 | sort -u)" = '&ndash;,&ndash;' ]

begin 'it is the same page at every call, but for what is measured'
for threads in 1 2; do
    run 0 "$train" "${small[@]}" -j $threads --report "$threads.html" -o same.st
    unmeasured $threads.html >$threads.plain
done
same_bytes 1.plain 2.plain
expect 'nothing is measured' grep -q '<section id="measured">' 1.html

begin 'it changes no weight'
run 0 "$train" "${small[@]}" -o with.st --report r.html
run 0 "$train" "${small[@]}" -o without.st
same_bytes with.st without.st

begin 'names are inert'
evil='x<script>alert(1)</script>"&'\''.st'
mkdir -p "${evil%/*}"
run 0 "$train" "${small[@]}" -o "$evil" --report "${evil%.st}.html"
expect 'a script in a name' [ "$(grep -o '<script' "${evil%.st}.html" | wc -l)" -eq 3 ]
expect 'the name is not shown' grep -qF 'x&lt;script&gt;alert(1)&lt;/script&gt;&quot;&amp;&#39;.st' "${evil%.st}.html"

begin 'several nets'
run 0 "$train" "${small[@]}" --runs 2 --report 'run-{seed}.html'
expect 'a page a run' [ -s run-1.html ] && expect 'a page a run' [ -s run-2.html ]
expect 'the runs have one page' [ "$(unmeasured run-1.html | cksum)" != "$(unmeasured run-2.html | cksum)" ]
run 0 "$train" "${small[@]}" --ensemble 3 --report all.html
line=$(result | tail -n 1)
page=$(cat all.html)
expect 'the line of the committee is not in it' has "$page" "<code>$line</code>"
expect 'it does not say what it is of' has "$page" 'A committee of 3 nets'
expect 'the epochs are not those of the first net' [ "$(cells all.html)" = "$(cells run-1.html)" ]

begin 'a training that goes on'
run 0 "$train" "${small[@]}" --log whole.csv --report whole.html
shell 143 '$train "${@:1}" --log run.csv --report cut.html --checkpoint c.ckpt --epochs 2000 & pid=$!
    while [ ! -e c.ckpt ]; do sleep 0.05; done; kill -TERM $pid; wait $pid' "${small[@]}"
expect 'a page of what was cut short' [ ! -e cut.html ]
run 0 "$train" "${small[@]}" --checkpoint c.ckpt
run 0 "$train" -q --resume c.ckpt --report whole-again.html
expect 'the epochs before are missing' [ "$(cells whole-again.html)" = "$(cells whole.html)" ]
run 0 "$train" -q --resume c.ckpt --epochs 5 --report longer.html
expect 'the epochs after are missing' [ "$(cells longer.html | wc -l)" -eq 5 ]
expect 'the first epochs are others' [ "$(cells longer.html | head -n 3)" = "$(cells whole.html)" ]

begin 'what cannot be written is said before the training, and costs no result after it'
run 1 "$train" "${small[@]}" --report /nowhere/r.html
err_has '/nowhere'
out_empty
run 1 "$train" "${small[@]}" --report /dev/full
err_has '/dev/full'
out_has 'test_loss='
echo before >kept.html
shell 1 'ulimit -f 8; $train "${@:1}" --report kept.html' "${small[@]}"
expect 'half a page' [ "$(cat kept.html)" = before ]
ln -sf r.html link.html
run 0 "$train" "${small[@]}" --report link.html
expect 'a link is replaced' [ -L link.html ]

begin 'what does not go together'
run 2 "$train" "${small[@]}" --report r.html --log r.html
run 2 "$train" "${small[@]}" --report r.html -o r.html
err_has '--report and --output name the same file'
ln -sf run.csv also.csv
run 2 "$train" "${small[@]}" --report run.csv --log also.csv
err_has 'same file'
run 2 "$train" "${small[@]}" --runs 2 --report r.html
err_has '{seed}'
run 2 "$train" --tune 1 --report r.html
err_has '--report does not go with --tune'
run 2 "$train" --report ''

begin 'mnist-eval'
run 0 "$train" "${small[@]}" -o one.st --report r.html
run 0 "$train" "${small[@]}" -s 2 -o two.st
run 0 "$eval" one.st --report e.html
line=$(result)
page=$(cat e.html)
expect 'the result line is not in it' has "$page" "<code>$line</code>"
expect 'there are curves of a training' [ "$(grep -c 'id="course"' e.html)" -eq 0 ]
expect 'the settings are not in it' has "$page" '<dt>label-smoothing</dt><dd>0.02</dd>'
# from the same probabilities come the same tables and pictures
for part in confusion classes roc reliability errors draw weights; do
    expect "another $part than in the report of the training" \
        [ "$(sed -n "/<section id=\"$part\">/,/<\/section>/p" e.html)" = "$(sed -n "/<section id=\"$part\">/,/<\/section>/p" r.html)" ]
done
run 0 "$eval" one.st two.st --report e.html
line=$(result | tail -n 1)
page=$(cat e.html)
expect 'the line of the committee is not in it' has "$page" "<code>$line</code>"
expect 'it does not say what it is of' has "$page" 'A committee of 2 nets'
expect 'a model is missing' has "$page" '<dd>two.st</dd>'
run 0 "$eval" one.st --tta 3 --augment shift=1 --report e.html
line=$(result)
page=$(cat e.html)
expect 'the line with --tta is not in it' has "$page" "<code>$line</code>"
run 1 "$eval" one.st --report /nowhere/r.html
err_has '/nowhere'

# course FILE: the curves of the training and the table below.
course()
{
    sed -n '/<section id="course">/,/<\/section>/p' "$1"
}

# same_course FLAGS...: the page of a model and a log of every step shows the same curves as the training's own page.
# Every dot is at the same place, although the log has nine digits only.
same_course()
{
    local log
    for log in one.csv one.jsonl; do
        run 0 "$train" "${small[@]}" "$@" -o one.st --report r.html --log $log --log-every 1
        run 0 "$eval" -q one.st --report e.html --log $log
        expect "$log, $*: there are no curves" grep -q '<section id="course">' r.html
        expect "$log, $*: other curves than in the report of the training" [ "$(course e.html)" = "$(course r.html)" ]
        expect "$log, $*: the page does not link to them" grep -q 'href="#course"' e.html
    done
}

begin 'mnist-eval --log: the page of the training again'
same_course
same_course --val-split 0
same_course -e 7 --schedule constant --warmup 0 -b 37 -s 18446744073709551615
same_course -e 30 --keep best --lr 0.5 --patience 3
expect 'no epoch is marked as kept' grep -q '>kept<' e.html
run 0 "$eval" -q one.st --report e.html --log one.jsonl
run 0 "$eval" -q one.st --report again.html --log one.jsonl
same_bytes <(unmeasured e.html) <(unmeasured again.html)
expect 'the log is not named' has "$(cat e.html)" '<dd>one.jsonl</dd>'
shell 0 '$eval -q one.st --report pipe.html --log <(cat one.jsonl)'
expect 'a pipe gives other curves' [ "$(course pipe.html)" = "$(course e.html)" ]

begin 'mnist-eval --log: a log of epochs alone has their numbers'
run 0 "$train" "${small[@]}" -o one.st --report r.html --log one.csv
run 0 "$eval" -q one.st --report e.html --log one.csv
expect 'another table than in the report of the training' [ "$(cells e.html)" = "$(cells r.html)" ]
expect 'another curve of the learning rate' [ "$(sed -n '/id="rate-chart"/,/<\/figure>/p' e.html)" = "$(sed -n '/id="rate-chart"/,/<\/figure>/p' r.html)" ]

begin 'mnist-eval --log: of several runs, the one with the seed of the first model'
run 0 "$train" "${small[@]}" --ensemble 3 -o '{seed}.st' --log all.jsonl --log-every 1 --report all.html
run 0 "$eval" -q 1.st 2.st 3.st --report e.html --log all.jsonl
expect 'other curves than in the report of the training' [ "$(course e.html)" = "$(course all.html)" ]
expect 'it does not say what they are of' grep -q 'A committee of 3 nets\. Curves, weights, the pad and the settings are of the first' e.html
run 0 "$train" "${small[@]}" -s 3 --report r.html
run 0 "$eval" -q 3.st 2.st --report e.html --log all.jsonl
expect 'not the epochs of the first model' [ "$(cells e.html)" = "$(cells r.html)" ]

begin 'mnist-eval --log: a training that went on for longer, whose learning rate no one schedule gives'
run 0 "$train" "${small[@]}" --checkpoint c.ckpt --log on.csv --log-every 1 -o one.st
run 0 "$train" -q --resume c.ckpt --epochs 5 --report r.html
run 0 "$eval" -q one.st --report e.html --log on.csv
expect 'another table than in the report of the training' [ "$(cells e.html)" = "$(cells r.html)" ]
expect 'another curve of the learning rate' [ "$(sed -n '/id="rate-chart"/,/<\/figure>/p' e.html)" = "$(sed -n '/id="rate-chart"/,/<\/figure>/p' r.html)" ]

begin 'mnist-eval --log: it is an input'
cp on.csv kept.csv
run 2 "$eval" one.st --report on.csv --log on.csv
err_has '--report would overwrite the log on.csv'
run 2 "$eval" one.st --report r.html --predictions on.csv --log on.csv
err_has '--predictions would overwrite the log on.csv'
same_bytes on.csv kept.csv
run 1 "$eval" one.st --report /dev/full
err_has '/dev/full'

finish
