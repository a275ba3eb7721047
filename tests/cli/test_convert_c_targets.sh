#!/usr/bin/env bash
# test_convert_c_targets.sh BUILD-DIR SOURCE-DIR [MNIST-DIR]: nets as C on machines that they are meant for, emulated: a Cortex-M4
# without an operating system, and 64-bit RISC-V. The answers are the library's, flash and RAM no more than the comment says.
# 1,000 images of MNIST, where it is named, else 200 drawn digits.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=table.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/table.sh"
sources=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)/c_nets
count=200
mnist=
drawn=(--dataset synthetic --synthetic-test "$count")
trained=(--dataset synthetic --synthetic-train 1000 --synthetic-test 20)
if [ $# -gt 2 ]; then
    need_mnist "$3"
    count=1000
    drawn=(--data-dir "$mnist")
    trained=(--data-dir "$mnist")
fi

# have NEED...: every one is installed, or what begin has named is left out. 1 GB: nothing of it is installed for a test.
have()
{
    local need
    for need; do
        if ! command -v "$need" >/dev/null; then
            left_out "there is no $need"
            return 1
        fi
    done
}

arm=(arm-none-eabi-gcc -mthumb -mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard -ffreestanding)
riscv=(riscv64-linux-gnu-gcc -march=rv64gc)
cortex='' risc=''
if begin 'Cortex-M4' && have arm-none-eabi-gcc arm-none-eabi-size qemu-system-arm python3; then
    cortex=1
fi
if begin RISC-V && have riscv64-linux-gnu-gcc riscv64-linux-gnu-size qemu-riscv64; then
    risc=1
fi
if [ ! "$cortex$risc" ]; then
    title='' skip_test 'no compiler for a microcontroller with its emulator'
fi
start "$1"
convert=${train%train}convert
predict=${train%train}predict
warnings=(-std=c99 -O2 -Wall -Wextra -Wconversion -Wshadow -pedantic -Werror)

# said NAME: the number in the header's comment that the pattern finds
said()
{
    sed -nE "s/^ \* $1.*/\1/p" "$name.h"
}

# sizes MACHINE SIZE OBJECT: as the comment says
sizes()
{
    local text data bss
    run 0 "$2" "$3"
    read -r text data bss _ < <(tail -n 1 "$work/out")
    expect "$out" [ "$((data + bss))" -eq 0 ]
    expect "more flash than is said: $out" [ "$text" -le $(($(said 'Flash: ([0-9]+) bytes') + 1024 * $(said 'Flash:.*less than ([0-9]+) KB'))) ]
    printf '%s, %s: flash %s bytes (tables %s)\n' "$title" "$1" "$text" "$(said 'Flash: ([0-9]+) bytes')"
}

on_cortex()
{
    run 0 "${arm[@]}" "${warnings[@]}" -c "$name.c" -o cortex.o
    err_empty
    sizes Cortex-M4 arm-none-eabi-size cortex.o
    run 0 python3 -c 'import json, struct, sys
vectors = json.load(open(sys.argv[1]))["vectors"]
open("images.bin", "wb").write(b"".join(bytes(v["pixels"]) for v in vectors))
open("expected.bin", "wb").write(b"".join(struct.pack("<10f", *v["probabilities"]) for v in vectors))' "$name.c.vectors.json"
    run 0 "${arm[@]}" -std=gnu99 -O2 -Wall -Wextra -Werror -nostdlib -DCOUNT=$count -DHEADER="\"$name.h\"" -DPREDICT="${name}_predict" \
        -I. -T "$sources/cortex_m4.ld" "$sources/cortex_m4.c" cortex.o -lgcc -o cortex.elf
    # QEMU prints on stderr what a program says to its host
    shell 0 'timeout 300 qemu-system-arm -M mps2-an386 -nographic -icount shift=0 -semihosting -kernel cortex.elf 2>&1'
    expect "$out" [ "$(value n) $(value changed)" = "$count 0" ]
    expect "$out" [ "$(value billionths)" -le 1600 ]
    expect "more stack than is said: $out" [ "$(value stack)" -lt $(($(said '.*on the stack ([0-9]+) bytes') + 200)) ]
    printf '%s, Cortex-M4: %s (values %s)\n' "$title" "$out" "$(said '.*on the stack ([0-9]+) bytes')"
}

on_riscv()
{
    run 0 "${riscv[@]}" "${warnings[@]}" -c "$name.c" -o riscv.o
    err_empty
    sizes RISC-V riscv64-linux-gnu-size riscv.o
    run 0 "${riscv[@]}" "${warnings[@]}" -static -DHEADER="\"$name.h\"" -DPREDICT="${name}_predict" -DMOST=1.6e-6 -I. "$sources/stdin.c" \
        riscv.o -o riscv
    jq -r '.vectors[] | (.pixels | join(" ")), (.probabilities | join(" "))' "$name.c.vectors.json" >vectors
    shell 0 'qemu-riscv64 ./riscv <vectors'
    expect "$out" [ "$(value n) $(value changed) $(value within)" = "$count 0 1" ]
    printf '%s, RISC-V: %s\n' "$title" "$out"
}

# same_answers NAME OPTION...: of a net that mnist-train trains with these options
same_answers()
{
    name=$1
    begin "$name: ${*:2}"
    run 0 "$train" "${trained[@]}" -e 1 -q -o model.safetensors "${@:2}"
    run 0 "$convert" "${drawn[@]}" --vectors $count model.safetensors "$name.c"
    if [ "$mnist" ]; then
        run 0 "$predict" model.safetensors "$mnist/t10k-images-idx3-ubyte"
        expect 'mnist-predict says something else' [ "$(head -n $count "$work/out" | cut -f 2)" = \
            "$(jq -r '.vectors[].probabilities | index(max)' "$name.c.vectors.json")" ]
    fi
    [ ! "$cortex" ] || on_cortex
    [ ! "$risc" ] || on_riscv
}

same_answers softmax --hidden none
same_answers relu --hidden 32
same_answers wide --hidden 256
same_answers gelu --hidden 64,32 --activation gelu --normalize standard
for activation in $(choices activation | tr -d ,); do
    same_answers "net_${activation//-/_}" --hidden 20,10,12 --activation "$activation"
done
finish
