#!/usr/bin/env bash
# test_convert_c_targets.sh BUILD-DIR SOURCE-DIR [MNIST-DIR]: nets as C on machines that they are meant for, emulated: a Cortex-M4
# without an operating system, and 64-bit RISC-V. The answers are the library's, of whole numbers the logits too, flash and RAM
# no more than the comment says.
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
quantized=()
if [ $# -gt 2 ]; then
    need_mnist "$3"
    count=1000
    drawn=(--data-dir "$mnist")
    trained=(--data-dir "$mnist")
    quantized=(--data-dir "$mnist")
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
arm_without_floats=(arm-none-eabi-gcc -mthumb -mcpu=cortex-m0 -ffreestanding)
riscv=(riscv64-linux-gnu-gcc -march=rv64gc)
cortex='' risc=''
if begin 'Cortex-M4' && have arm-none-eabi-gcc arm-none-eabi-size arm-none-eabi-nm qemu-system-arm python3; then
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
compress=${train%train}compress
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

# vectors WHAT: images.bin and expected.bin for the Cortex-M4, vectors for RISC-V; logits or probabilities
vectors()
{
    run 0 python3 -c 'import json, struct, sys
vectors = json.load(open(sys.argv[1]))["vectors"]
open("images.bin", "wb").write(b"".join(bytes(v["pixels"]) for v in vectors))
open("expected.bin", "wb").write(b"".join(struct.pack("<10f", *v[sys.argv[2]]) for v in vectors))' "$name.c.vectors.json" "$1"
    jq -r ".vectors[] | (.pixels | join(\" \")), (.$1 | join(\" \"))" "$name.c.vectors.json" >vectors
}

# emulate_cortex OPTION... FILE...: what cortex_m4.c prints
emulate_cortex()
{
    run 0 "${arm[@]}" -std=gnu99 -O2 -Wall -Wextra -Werror -nostdlib -DCOUNT=$count -DPREDICT="${name}_predict" \
        -I. -T "$sources/cortex_m4.ld" "$sources/cortex_m4.c" "$@" -lgcc -o cortex.elf
    # QEMU prints on stderr what a program says to its host
    shell 0 'timeout 300 qemu-system-arm -M mps2-an386 -nographic -icount shift=0 -semihosting -kernel cortex.elf 2>&1'
    expect "$out" [ "$(value n) $(value changed)" = "$count 0" ]
    stack=$(said '.*on the stack ([0-9]+) bytes')
    expect "more stack than is said: $out" [ "$(value stack)" -lt $((stack + 200)) ]
    printf '%s, Cortex-M4: %s (values %s)\n' "$title" "$out" "$stack"
}

# emulate_riscv OPTION... FILE...: what stdin.c prints
emulate_riscv()
{
    run 0 "${riscv[@]}" "${warnings[@]}" -static -DPREDICT="${name}_predict" -I. "$sources/stdin.c" "$@" -o riscv
    shell 0 'qemu-riscv64 ./riscv <vectors'
    printf '%s, RISC-V: %s\n' "$title" "$out"
}

on_cortex()
{
    run 0 "${arm[@]}" "${warnings[@]}" -c "$name.c" -o cortex.o
    err_empty
    sizes Cortex-M4 arm-none-eabi-size cortex.o
    emulate_cortex -DHEADER="\"$name.h\"" cortex.o
    expect "$out" [ "$(value billionths)" -le 1600 ]
}

on_riscv()
{
    run 0 "${riscv[@]}" "${warnings[@]}" -c "$name.c" -o riscv.o
    err_empty
    sizes RISC-V riscv64-linux-gnu-size riscv.o
    emulate_riscv -DHEADER="\"$name.h\"" -DMOST=1.6e-6 riscv.o
    expect "$out" [ "$(value n) $(value changed) $(value within)" = "$count 0 1" ]
}

# same_answers NAME OPTION...: of a net that mnist-train trains with these options
same_answers()
{
    name=$1
    begin "$name: ${*:2}"
    run 0 "$train" "${trained[@]}" -e 1 -q -o model.safetensors "${@:2}"
    run 0 "$convert" "${drawn[@]}" --vectors $count model.safetensors "$name.c"
    on_both model.safetensors
}

# on_both MODEL: NAME.c, which is of MODEL, gives the answers of mnist-predict
on_both()
{
    if [ "$mnist" ]; then
        run 0 "$predict" "$1" "$mnist/t10k-images-idx3-ubyte"
        expect 'mnist-predict says something else' [ "$(head -n $count "$work/out" | cut -f 2)" = \
            "$(jq -r '.vectors[].probabilities | index(max)' "$name.c.vectors.json")" ]
    fi
    vectors probabilities
    [ ! "$cortex" ] || on_cortex
    [ ! "$risc" ] || on_riscv
}

# whole NAME BITS OPTION...: of a net of whole numbers; its logits to the bit, and what gives the digit alone needs no floats. Its
# instructions are those of a call for the digit alone.
whole()
{
    name=$1
    begin "$name: $2 bits, ${*:3}"
    run 0 "$train" "${trained[@]}" -e 1 -q -o model.safetensors "${@:3}"
    run 0 "$compress" quantize -q --bits "int$2" "${quantized[@]}" model.safetensors -o small.safetensors
    run 0 "$convert" "${drawn[@]}" --vectors $count small.safetensors "$name.c"
    on_both small.safetensors
    vectors logits
    if [ "$cortex" ]; then
        emulate_cortex -DSOURCE="\"$name.c\""
        expect "$out" [ "$(value exact)" = $count ]
        run 0 "${arm_without_floats[@]}" "${warnings[@]}" "-D${name^^}_PREDICT_CLASS_ONLY" -c "$name.c" -o alone.o
        run 0 arm-none-eabi-nm -u alone.o
        expect "$out" [ "${out//[[:space:]]/}" = U__aeabi_lmul ] # a product of 64 bits
        run 0 arm-none-eabi-size alone.o
        printf '%s, Cortex-M0, the digit alone: flash %s bytes\n' "$title" "$(awk 'END { print $1 }' <<<"$out")"
    fi
    if [ "$risc" ]; then
        emulate_riscv -DSOURCE="\"$name.c\""
        expect "$out" [ "$(value n) $(value exact)" = "$count $count" ]
    fi
}

same_answers softmax --hidden none
same_answers relu --hidden 32
same_answers small --hidden 30
same_answers wide --hidden 256
same_answers gelu --hidden 64,32 --activation gelu --normalize standard
for activation in $(choices activation | tr -d ,); do
    same_answers "net_${activation//-/_}" --hidden 20,10,12 --activation "$activation"
done
whole table 8 --hidden 20,10,12 --activation tanh --normalize standard
for bits in 8 4 2; do
    whole "small$bits" "$bits" --hidden 30
    if [ "$bits" = 8 ] && [ "$cortex" ]; then
        # what is promised of it: the image, the probabilities, the stack of a call; start-up and vectors apart
        run 0 arm-none-eabi-size cortex.o
        expect "flash: $out" [ "$(awk 'END { print $1 }' <<<"$out")" -lt $((26 * 1000)) ]
        expect "RAM: 784 + 40 + $stack + 200" [ $((784 + 40 + stack + 200)) -lt 1500 ]
    fi
done
finish
