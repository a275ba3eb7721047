/* Runs a net as C (HEADER, PREDICT) on vectors from stdin, each of 784 pixels and 10 probabilities: how many answers are not
 * theirs, how far probabilities are, at most MOST or not. Of whole numbers (SOURCE in the place of HEADER), each of 784
 * pixels and 10 logits: how many are the net's to the bit. */
#ifdef SOURCE
#include "exact.h"
#else
#include HEADER
#endif
#include <stdio.h>

static int read_vector(uint8_t pixels[784], float expected[10])
{
    unsigned value;
    for (int i = 0; i < 784; i++) {
        if (scanf("%u", &value) != 1) {
            return 0;
        }
        pixels[i] = (uint8_t)value;
    }
    for (int c = 0; c < 10; c++) {
        if (scanf("%f", &expected[c]) != 1) {
            return 0;
        }
    }
    return 1;
}

#ifdef SOURCE
int main(void)
{
    uint8_t pixels[784];
    float expected[10];
    int count = 0, exact = 0;
    for (; read_vector(pixels, expected); count++) {
        exact += is_exact(pixels, expected);
    }
    printf("n=%d exact=%d\n", count, exact);
    return 0;
}
#else
int main(void)
{
    uint8_t pixels[784];
    float expected[10], out[10];
    double most = 0.0;
    int count = 0, changed = 0;
    for (; read_vector(pixels, expected); count++) {
        int best = 0;
        const int answer = PREDICT(pixels, out);
        for (int c = 0; c < 10; c++) {
            const double difference = (double)out[c] - (double)expected[c];
            best = expected[c] > expected[best] ? c : best;
            most = difference > most ? difference : -difference > most ? -difference : most;
        }
        changed += answer != best;
    }
    printf("n=%d changed=%d most=%g within=%d\n", count, changed, most, most <= MOST);
    return 0;
}
#endif
