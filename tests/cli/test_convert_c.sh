#!/usr/bin/env bash
# test_convert_c.sh BUILD-DIR SOURCE-DIR: nets as C. What mnist-convert writes compiles without a warning, gives the answers
# of the net it comes from, and is as large as its comment says.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=table.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/table.sh"
sources=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)/c_nets
start "$1"
convert=${train%train}convert
compress=${train%train}compress
drawn=(--dataset synthetic --synthetic-test 1000)

compilers=()
for compiler in gcc clang; do
    if command -v "$compiler" >/dev/null; then
        compilers+=("$compiler")
    else
        title=$compiler left_out 'it is not installed'
    fi
done
if [ ${#compilers[@]} -eq 0 ]; then
    skip_test 'no C compiler called gcc or clang'
fi

# compile COMPILER OPTION... FILE...: C99, without a warning
compile()
{
    run 0 "$1" -std=c99 -Wall -Wextra -Wconversion -Wshadow -pedantic -Werror "${@:2}"
    err_empty
}

# same_answers COUNT MOST NAME OPTION...: of a net that mnist-train trains with these options, in NAME.c; so many images,
# and probabilities no further from the library's
same_answers()
{
    local count=$1 most=$2 name=$3 compiler
    begin "$name: ${*:4}"
    run 0 "$train" --dataset synthetic --synthetic-train 1000 --synthetic-test 20 -e 2 -q -o model.safetensors "${@:4}"
    run 0 "$convert" "${drawn[@]}" --vectors "$count" model.safetensors "$name.c"
    err_has "note: the function is called ${name}_predict, after the file"
    expect "$out" [ "$(value to)" = c ]
    expect "$out" [ "$(value bytes)" = "$(cat "$name.c" "$name.h" | wc -c)" ]
    expect 'not what it was written from' grep -q "^ \* $(digest_of model.safetensors)\.$" "$name.h"
    jq -r '.vectors[] | (.pixels | join(" ")), (.probabilities | join(" "))' "$name.c.vectors.json" >vectors
    for compiler in "${compilers[@]}"; do
        compile "$compiler" -O2 -DHEADER="\"$name.h\"" -DPREDICT="${name}_predict" -DMOST="$most" -I. "$sources/stdin.c" "$name.c" -o harness
        shell 0 './harness <vectors'
        expect "$compiler: $out" [ "$(value n) $(value changed) $(value within)" = "$count 0 1" ]
    done
}

same_answers 1000 1e-6 softmax --hidden none
same_answers 1000 1e-6 relu --hidden 32
same_answers 1000 1e-6 gelu_twice --hidden 64,32 --activation gelu --normalize standard
number=0
for activation in $(choices activation | tr -d ,); do
    number=$((number + 1))
    same_answers 200 1e-6 "net$number" --hidden 20,10,12 --activation "$activation"
done
expect 'fewer than five activations' [ "$number" -ge 5 ]
# Logits near 40, of which floats have the sixth decimal at best: the library is as far from the exact probabilities.
same_answers 1000 1e-5 standard --hidden none --normalize standard
same_answers 200 1e-5 deepest --hidden 16,16,16,16,16,16,16,16,16,16,16,16,16,16,16,16 --normalize standard

# whole NAME BITS OPTION...: of a net of whole numbers of so many bits, trained with these options, in NAME.c: the library's logits
# to the bit, its probabilities, and nothing that C leaves open
whole()
{
    local name=$1 bits=$2 compiler
    begin "$name: $bits bits, ${*:3}"
    run 0 "$train" --dataset synthetic --synthetic-train 1000 --synthetic-test 20 -e 2 -q -o model.safetensors "${@:3}"
    run 0 "$compress" quantize -q --bits "int$bits" model.safetensors -o small.safetensors
    run 0 "$convert" "${drawn[@]}" --vectors 300 small.safetensors "$name.c"
    err_has "note: the functions are called ${name}_predict and ${name}_predict_class, after the file; the second needs no floats"
    expect 'floats' [ "$(grep -c 'written are the floats' "$work/err")" -eq 0 ]
    jq -r '.vectors[] | (.pixels | join(" ")), (.logits | join(" "))' "$name.c.vectors.json" >logits
    jq -r '.vectors[] | (.pixels | join(" ")), (.probabilities | join(" "))' "$name.c.vectors.json" >vectors
    for compiler in "${compilers[@]}"; do
        compile "$compiler" -O2 -DSOURCE="\"$name.c\"" -DPREDICT="${name}_predict" -I. "$sources/stdin.c" -o harness
        shell 0 './harness <logits'
        expect "$compiler: $out" [ "$(value n) $(value exact)" = '300 300' ]
    done
    compile "${compilers[-1]}" -O2 -DHEADER="\"$name.h\"" -DPREDICT="${name}_predict" -DMOST=2e-7 -I. "$sources/stdin.c" "$name.c" -o harness
    shell 0 './harness <vectors'
    expect "$out" [ "$(value n) $(value changed) $(value within)" = '300 0 1' ]
    compile "${compilers[0]}" -fsanitize=undefined -fsanitize-undefined-trap-on-error -DSOURCE="\"$name.c\"" -DPREDICT="${name}_predict" \
        -I. "$sources/stdin.c" -o harness
    shell 0 './harness <logits'
    expect "undefined: $out" [ "$(value n) $(value exact)" = '300 300' ]
}

whole whole 8 --hidden 30
for bits in 7 4 3 2; do
    whole "whole$bits" "$bits" --hidden 31,13
done
whole whole_softmax 8 --hidden none --normalize standard
whole whole_one 2 --hidden 1,3
whole whole_deepest 4 --hidden 16,16,16,16,16,16,16,16,16,16,16,16,16,16,16,16 --normalize standard
for activation in $(choices activation | tr -d ,); do
    whole "whole_${activation//-/_}" 8 --hidden 20,10,12 --activation "$activation" --normalize standard
done

begin 'no float in what gives the digit alone'
for compiler in "${compilers[@]}"; do
    compile "$compiler" -O2 -DWHOLE_PREDICT_CLASS_ONLY -c whole.c -o alone.o
    cat >alone.c <<'END'
#include "whole.h"

int main(void)
{
    static const uint8_t pixels[784] = {1};
    return whole_predict_class(pixels) > 9;
}
END
    compile "$compiler" -O2 -DWHOLE_PREDICT_CLASS_ONLY -I. alone.c alone.o -o alone
    run 0 ./alone
done
expect 'a float' [ "$(sed '/^#ifndef WHOLE_PREDICT_CLASS_ONLY/,/^#endif/d; /^\/\*/,/\*\/$/d' whole.c | grep -cw 'float\|double')" -eq 0 ]

begin 'whole numbers as the logits they are'
cat >logit.c <<'END'
#include "whole.c"

#include <stdio.h>

static uint64_t drawn = 1;

static uint32_t draw(void)
{
    drawn = drawn * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(drawn >> 32);
}

int main(void)
{
    int wrong = 0;
    for (int i = 0; i < 3000000; i++) {
        union {
            uint32_t bits;
            float value;
        } scale, logit;
        /* of all sizes; the scale's exponent such that the product is a normal number */
        const int32_t sum = (int32_t)((draw() | (draw() % 2 << 31)) >> draw() % 32) * (draw() % 2 ? 1 : -1);
        scale.bits = draw() % (220u << 23) + (1u << 23);
        logit.value = (float)sum * scale.value;
        const int32_t magnitude = (int32_t)(logit.bits & 0x7FFFFFFF);
        wrong += whole_predict_logit(sum, scale.bits) != (logit.bits >> 31 ? -magnitude : magnitude);
    }
    printf("wrong=%d\n", wrong);
    return 0;
}
END
for compiler in "${compilers[@]}"; do
    run 0 "$compiler" -std=c99 -O2 -Wall -Wextra -Werror -Wno-unused-function logit.c -o logit
    run 0 ./logit
    expect "$compiler: $out" [ "$out" = wrong=0 ]
done

begin 'two nets in one program'
cat >two.c <<'END'
#include "softmax.h"
#include "relu.h"
#include "relu.h"

int main(void)
{
    static const uint8_t pixels[784] = {1};
    float out[10];
    return softmax_predict(pixels, out) + relu_predict(pixels, out) > 18;
}
END
for compiler in "${compilers[@]}"; do
    compile "$compiler" two.c softmax.c relu.c -o two
    run 0 ./two
done
cat softmax.c relu.c >both.c
compile "${compilers[0]}" -c both.c

begin 'the exponential'
cat >exp.c <<'END'
#include "relu.c"

#include <math.h>
#include <stdio.h>

int main(void)
{
    double most = 0.0;
    for (int i = 0; i < 870000; i++) {
        const float x = (float)i * -1e-4f;
        const double exact = exp((double)x);
        const double error = fabs((double)relu_predict_exp(x) - exact) / exact;
        most = error > most ? error : most;
    }
    printf("most=%g within=%d low=%g nan=%d one=%g\n", most, most <= 1.5e-7, (double)relu_predict_exp(-1e30f),
           isnan(relu_predict_exp(NAN)), (double)relu_predict_exp(0.0f));
    return 0;
}
END
compile "${compilers[0]}" -O2 exp.c -lm -o exp
run 0 ./exp
expect "$out" [ "$(value within) $(value low) $(value nan) $(value one)" = '1 0 1 1' ]

begin 'no library, and as large as its comment says'
for name in softmax relu gelu_twice whole whole4 whole2 whole_one whole_deepest whole_tanh; do
    compile "${compilers[0]}" -Os -ffreestanding -fno-asynchronous-unwind-tables -c "$name.c" -o net.o
    if command -v nm >/dev/null; then
        run 0 nm -u net.o
        out_empty
        run 0 nm net.o
        expect "$name has variables" [ "$(grep -c ' [bBdDC] ' "$work/out")" -eq 0 ]
    fi
    if command -v size >/dev/null; then
        run 0 size net.o
        text=$(tail -n 1 <<<"$out" | awk '{ print $1 + $2 + $3 }')
        tables=$(sed -nE 's/^ \* Flash: ([0-9]+) bytes of tables.*/\1/p' "$name.h")
        code=$(sed -nE 's/^.* less than ([0-9]+) KB of code.*/\1/p' "$name.h")
        expect "$name: $text bytes, $tables of tables" [ "$text" -gt "$tables" -a "$text" -le $((tables + 1024 * code)) ]
    fi
done

begin 'the same net, the same bytes'
run 0 "$convert" -q model.safetensors again.c
mkdir other
run 0 "$convert" -q --to c model.safetensors other/again.c
same_bytes again.c other/again.c
same_bytes again.h other/again.h
run 0 "$convert" -q --json model.safetensors again.c
json_is .out.format c
json_is .out.companion again.h

# --- what is wrong -----------------------------------------------------------------------------------

usage "$convert" "a b.c: the name of this file becomes C: expected letters and digits of ASCII, '.', '-', '+' and '_' in it; \
call it mnist_predict.c, say" model.safetensors 'a b.c'
usage "$convert" 'a123456789012345678901234567890123456789012345678.c: the name of this file becomes the name of a function: 49 bytes before its ending, expected at most 48' \
    model.safetensors a123456789012345678901234567890123456789012345678.c
usage "$convert" "string.c: its header would be called string.h, as one of C's own; call it mnist_predict.c, say" model.safetensors string.c
usage "$convert" 'OUT and what is written beside OUT name the same file' --to c model.safetensors net.h
usage "$convert" '--verify reads OUT again, and format c is written only; --vectors N writes what to hold it against' \
    --verify "${drawn[@]}" model.safetensors net.c
fails_like 1 "$convert" 'again.c: what it is, its first bytes do not tell: expected one of the formats that are read: *' \
    again.c none.safetensors
run 0 "$train" --dataset synthetic --synthetic-train 10 --synthetic-test 10 -e 1 -q --hidden 5283 -o huge.safetensors
fails 1 "$convert" "huge.c: 4199995 weights and biases are too many for a compiler's tables: format c takes nets of at most 4194304" \
    huge.safetensors huge.c

finish
