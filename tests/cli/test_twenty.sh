#!/usr/bin/env bash
# test_twenty.sh BUILD-DIR SOURCE-DIR MNIST-DIR: MNIST and Fashion-MNIST as one set of twenty classes. Skipped where either
# is missing: Fashion-MNIST lies beside MNIST, in fashion/.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

FLOOR=0.935 # 784-512-20, the default 10 epochs, no augmentation: 0.9373 with seed 1

need_mnist "$3"
fashion=${mnist%/*}/fashion
[ -e "$fashion/train-images-idx3-ubyte" ] || skip_test "there is no $fashion (scripts/get-mnist.sh fashion '$fashion' fetches it)"
start "$1"
python3 - "$mnist" "$fashion" <<'P'
import sys

for part, count in ('train', 60000), ('t10k', 10000):
    read = lambda folder, kind, head: open(f'{folder}/{part}-{kind}-ubyte', 'rb').read()[head:]
    images = [read(folder, 'images-idx3', 16) for folder in sys.argv[1:]]
    labels = [read(folder, 'labels-idx1', 8) for folder in sys.argv[1:]]
    size = (2 * count).to_bytes(4, 'big')
    with open(f'{part}-images-idx3-ubyte', 'wb') as file: # by turns: validation images are the last
        file.write(bytes([0, 0, 8, 3]) + size + (28).to_bytes(4, 'big') * 2)
        file.write(b''.join(of[784 * i:784 * i + 784] for i in range(count) for of in images))
    with open(f'{part}-labels-idx1-ubyte', 'wb') as file:
        file.write(bytes([0, 0, 8, 1]) + size + bytes(b for i in range(count) for b in (labels[0][i], labels[1][i] + 10)))
P
printf '%s\n' {0..9} T-shirt trouser pullover dress coat sandal shirt sneaker bag 'ankle boot' >names

begin 'twenty classes'
run 0 "$train" --data-dir . --hidden 512 --class-names names -o 20.st -q --report page.html --min-accuracy "$FLOOR"
run 0 "$eval" --data-dir . 20.st -q --confusion
out_matches 'ankle boot( +[0-9]+){20} +9[0-9]\.[0-9]+%'
expect 'no pad' grep -q '<th scope="row">ankle boot</th><td class="track">' page.html
expect 'no matrix' grep -q '<table class="matrix dense">' page.html
run 0 "${train%train}predict" 20.st t10k-images-idx3-ubyte
out_matches '#2	ankle boot	'
finish
