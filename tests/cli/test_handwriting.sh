#!/usr/bin/env bash
# test_handwriting.sh BUILD-DIR SOURCE-DIR MNIST-DIR: digits that were made in other ways than MNIST's, rendered from
# handwriting fonts (handwriting.py), are read by a net that was trained on MNIST's, distorted. Prints how many of each
# font. Exits 77 (skipped) where MNIST, Pillow, libpng or the fonts are missing. mnist/image.h states how pictures are
# prepared; of that, only the pen of hairlines was chosen on these pictures.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

FLOOR=90 # percent of the pictures
LEAST=300
HAIRS=88 # percent of the pictures of a font with hairlines

source=$(CDPATH='' cd -- "$2" && pwd)
mnist=$(CDPATH='' cd -- "$3" 2>/dev/null && pwd) ||
    skip_test "there is no directory $3" "scripts/get-mnist.sh mnist '$3'"
for name in train-images train-labels; do
    compgen -G "$mnist/$name?idx?-ubyte*" >/dev/null ||
        skip_test "there is no MNIST in $mnist" "scripts/get-mnist.sh mnist '$mnist'"
done
start "$1"
predict=${train%train}predict

drawn=
for python in python3 /usr/bin/python3; do # Debian's Pillow is for Debian's Python
    if "$python" "$source/tests/cli/handwriting.py" pictures; then
        drawn=1
        break
    fi
done
[ "$drawn" ] || skip_test 'no Pillow, or fewer than four of the handwriting fonts' \
    "Debian's python3-pil $(python3 "$source/tests/cli/handwriting.py" --packages) (scripts/install-deps.sh handwriting)"

begin 'a net of distorted digits'
run 0 "$train" --data-dir "$mnist" --recipe quick99 --epochs 6 -q -o net.st

# judge FOLDER: how many are right, and of how many; pictures are named after what they show
judge()
{
    "$predict" net.st "$1"/*.png 2>"$work/err" | awk -F '\t' '
        { name = $1; sub(/.*\//, "", name); all++; right += substr(name, 1, 1) == $2
          if (substr(name, 1, 1) != $2) { wrong = wrong " " substr(name, 1, length(name) - 4) ">" $2 } }
        END { print right + 0, all + 0, wrong }'
}

begin 'digits of handwriting fonts'
"$predict" net.st pictures/Breip/0-black.png >"$work/out" 2>"$work/err" || true
if grep -q 'without libpng' "$work/err"; then
    skip_test 'built without libpng' 'scripts/install-deps.sh build, and build again'
fi
right=0 all=0
for folder in pictures/*/; do
    font=$(basename "$folder")
    read -r r a wrong < <(judge "$folder")
    printf '%-14s %s of %s right%s\n' "$font" "$r" "$a" "${wrong:+; wrong: $wrong}"
    expect "$font: a picture that could not be read" [ "$a" -eq "$(find "$folder" -name '*.png' | wc -l)" ]
    if [ "$font" = Ecolier-court ]; then # hairlines; of digits of less than 24 pixels nothing is left
        rm -f "$folder"*-small.png "$folder"*-tiny.png
        read -r r a wrong < <(judge "$folder")
        printf 'hairlines      %s of %s right\n' "$r" "$a"
        expect "$font: below $HAIRS %" [ $((100 * r)) -ge $((HAIRS * a)) ]
    elif [ "$font" != femkeklaver ]; then # drawn as outlines, not strokes: no net has seen that
        right=$((right + r)) all=$((all + a))
    fi
done
printf 'strokes        %s of %s right\n' "$right" "$all"
expect "fewer than $LEAST pictures" [ "$all" -ge "$LEAST" ]
expect "below $FLOOR %" [ $((100 * right)) -ge $((FLOOR * all)) ]

begin 'a line'
run 0 "$predict" --text net.st pictures/sheet.png
expect 'not the number on the sheet' [ "$(cut -f 2 "$work/out")" = 3141592653 ]

finish
