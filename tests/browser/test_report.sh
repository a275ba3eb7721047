#!/usr/bin/env bash
# test_report.sh BUILD-DIR SOURCE-DIR: the HTML report in a headless browser: report.mjs, pages.mjs; and pages that have
# the pad alone: pad.mjs. Skipped
# (77) where node, Chromium or playwright-core is missing; with CI=true that is an error.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../cli/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../cli/lib.sh"
build=$(CDPATH='' cd -- "$1" && pwd) source=$(CDPATH='' cd -- "$2" && pwd)

lacking()
{
    if [ "${CI:-}" = true ]; then
        echo "${0##*/}: $1" >&2
        exit 1
    fi
    skip_test "$1" 'scripts/install-deps.sh browser'
}

command -v node >/dev/null || lacking 'no node'
chromium=
for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null; then
        chromium=$(command -v "$name")
        break
    fi
done
[ -n "$chromium" ] || lacking 'no Chromium'

# installed once in a build directory
driver=$build/browser
mkdir -p "$driver"
if ! cmp -s "$source/tests/browser/package.json" "$driver/package.json" ||
    [ ! -e "$driver/node_modules/playwright-core" ]; then
    command -v npm >/dev/null || lacking 'no npm'
    cp "$source/tests/browser/package.json" "$driver/package.json"
    (cd "$driver" && npm install --silent --no-audit --no-fund --no-package-lock >npm.log 2>&1) || {
        rm -f "$driver/package.json"
        lacking 'npm cannot install playwright-core'
    }
fi

for script in prepare net pad; do
    node --check "$source/src/report/$script.js"
done
for script in common report pages pad; do
    node --check "$source/tests/browser/$script.mjs"
done

[ -x "$build/mnist-predict" ] || { echo "$0: no mnist-predict in $build" >&2 && exit 2; }
start "$build"
# dropout and noise on few images: a net that makes some errors for the gallery to show
"$train" --dataset synthetic --synthetic-train 1500 --synthetic-test 400 --epochs 3 --hidden 300 -q --val-split 300 \
    --activation gelu --normalize standard --input-noise 0.4 --log run.csv -o net.st --report 'r.html' >line
# nets that fit with 16 bits, with 11 and with 8; and a committee of small ones, on so many images that numbers are large
few=(--dataset synthetic --synthetic-train 600 --synthetic-test 300 --epochs 1 --input-noise 0.4 -q)
"$train" "${few[@]}" --hidden 512 -o 16.st --report 16.html >line
"$train" "${few[@]}" --hidden 512,512 -o 11.st --report 11.html >line
"$train" "${few[@]}" --hidden 900,300 -o 8.st --report 8.html >line
# a small net of every activation there is
activations=$({ "$train" --activation '' 2>&1 || true; } | sed -n 's/^.* is not one of //p')
exact=()
for activation in ${activations//,/}; do
    "$train" "${few[@]}" --hidden 30,20 --activation "$activation" -o "$activation.st" --report "$activation.html" >line
    exact+=("$work/dir/$activation.st" "$work/dir/$activation.html" 32)
done
[ ${#exact[@]} -ge 15 ]
for seed in 1 2; do
    "$train" --dataset synthetic --synthetic-train 600 --synthetic-test 12000 --epochs 1 --hidden 12 -q -s $seed \
        -o $seed.st >line
done
"$eval" 1.st 2.st --report both.html >line
pads=()
for bits in net:32 16:16 11:11; do
    name=${bits%:*}
    "${train%train}convert" -q --dataset synthetic --synthetic-test 200 --vectors 100 "$name.st" "pad $name.html" >line
    pads+=("$work/dir/$name.st" "$work/dir/pad $name.html" "${bits#*:}")
done
cd "$driver"
"$(command -v node)" "$source/tests/browser/report.mjs" "$chromium" "$work/dir/r.html" "$work/dir/run.csv" \
    "$build/mnist-predict" "$work/dir/net.st" "$work/dir"
"$(command -v node)" "$source/tests/browser/pages.mjs" "$chromium" "$build/mnist-predict" "$work/dir" "$work/dir/both.html" \
    "$work/dir/16.st" "$work/dir/16.html" 16 \
    "$work/dir/11.st" "$work/dir/11.html" 11 "$work/dir/8.st" "$work/dir/8.html" 8 "${exact[@]}"
"$(command -v node)" "$source/tests/browser/pad.mjs" "$chromium" "$build/mnist-predict" "$work/dir" "${pads[@]}"
