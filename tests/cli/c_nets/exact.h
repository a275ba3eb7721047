/* Of a net of whole numbers as C (SOURCE, PREDICT), which is included so that its logits can be seen. */
#include SOURCE

#define JOINED(a, b) a##b
#define JOIN(a, b)   JOINED(a, b)

/* Whether its logits are these to the bit, and both functions give their digit, the lowest of equal ones. */
static int is_exact(const uint8_t pixels[784], const float expected[10])
{
    static int32_t sums[1024]; /* of the widest layer, and more */
    float probabilities[10];
    int best = 0, exact = 1;
    JOIN(PREDICT, _sums)(pixels, sums);
    for (int c = 0; c < 10; c++) {
        union {
            float value;
            uint32_t bits;
        } logit = {expected[c]};
        const int32_t magnitude = (int32_t)(logit.bits & 0x7FFFFFFF);
        exact &= JOIN(PREDICT, _logit)(sums[c], JOIN(PREDICT, _scale)[c]) ==
                 (logit.bits >> 31 ? -magnitude : magnitude);
        best = expected[c] > expected[best] ? c : best;
    }
    return exact && PREDICT(pixels, probabilities) == best && JOIN(PREDICT, _class)(pixels) == best;
}
