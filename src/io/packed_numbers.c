#include "io/packed_numbers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MANTISSA  23u
#define SIGN      0x80000000u
#define INFINITE  0x7F800000u
#define TAIL_BITS 5u
#define GRID_MOST 32767 /* of a bias's magnitude in steps */
#define GRID_SPAN 38    /* exponents of biases that a grid is looked for in */

mnist_bit_coder mnist_packing_bits(mnist_packing *packing, mnist_packed_part part)
{
    if (packing->tally) {
        packing->tally->part = part;
    }
    return (mnist_bit_coder){&packing->coder, packing->tables, packing->tally};
}

static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static float float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static bool is_magnitude(uint64_t bits)
{
    return bits > 0 && bits < INFINITE;
}

/* Codebooks. */

/* Where a magnitude is in the list, or is to be. */
static unsigned find(const uint32_t *magnitudes, unsigned count, uint32_t magnitude)
{
    unsigned low = 0;
    while (low < count) {
        const unsigned middle = (low + count) / 2;
        if (magnitudes[middle] < magnitude) {
            low = middle + 1;
        } else {
            count = middle;
        }
    }
    return low;
}

bool mnist_codebook_of(mnist_codebook *codebook, const float *values, size_t count)
{
    codebook->count[0] = codebook->count[1] = 0;
    for (size_t i = 0; i < count; i++) {
        const uint32_t magnitude = bits_of(values[i]) & ~SIGN;
        const unsigned sign = values[i] > 0.0f;
        uint32_t *list = codebook->magnitudes[sign];
        const unsigned have = codebook->count[sign], at = find(list, have, magnitude);
        if (magnitude == 0 || (at < have && list[at] == magnitude)) {
            continue;
        }
        if (have == MNIST_RANK_MOST) {
            return false;
        }
        memmove(list + at + 1, list + at, (have - at) * sizeof *list);
        list[at] = magnitude;
        codebook->count[sign]++;
    }
    return true;
}

int mnist_codebook_rank(const mnist_codebook *codebook, float value)
{
    const unsigned sign = value > 0.0f;
    if (value == 0.0f) {
        return 0;
    }
    const int rank =
        1 + (int)find(codebook->magnitudes[sign], codebook->count[sign], bits_of(value) & ~SIGN);
    return sign ? rank : -rank;
}

float mnist_codebook_value(const mnist_codebook *codebook, int rank)
{
    return rank == 0  ? 0.0f
           : rank > 0 ? float_of(codebook->magnitudes[1][rank - 1])
                      : float_of(codebook->magnitudes[0][-rank - 1] | SIGN);
}

static unsigned zeros_at_end(uint32_t magnitude)
{
    unsigned zeros = 0;
    while (zeros < MANTISSA && !(magnitude >> zeros & 1)) {
        zeros++;
    }
    return zeros;
}

static unsigned tail_of(const mnist_codebook *codebook)
{
    unsigned tail = MANTISSA;
    for (unsigned sign = 0; sign < 2; sign++) {
        for (unsigned i = 0; i < codebook->count[sign]; i++) {
            const unsigned zeros = zeros_at_end(codebook->magnitudes[sign][i]);
            tail = zeros < tail ? zeros : tail;
        }
    }
    return tail;
}

/* A list: its least, then what each is more than the one before. */
static bool code_list(mnist_packing *packing, const mnist_bit_coder *to, mnist_codebook *codebook,
                      unsigned sign, unsigned tail)
{
    uint64_t last = 0;
    for (unsigned i = 0; i < codebook->count[sign]; i++) {
        uint32_t *magnitude = &codebook->magnitudes[sign][i];
        const uint64_t given = to->coder->decodes ? 0 : (*magnitude >> tail) - last - (i > 0);
        last += mnist_number_code(to, i > 0 ? &packing->gaps : &packing->firsts, given) + (i > 0);
        if (last > INFINITE || !is_magnitude(last << tail)) {
            return false;
        }
        *magnitude = (uint32_t)(last << tail);
    }
    return true;
}

bool mnist_codebook_code(mnist_packing *packing, mnist_codebook *codebook)
{
    const mnist_bit_coder to = mnist_packing_bits(packing, MNIST_PACKED_CODEBOOKS);
    for (unsigned sign = 0; sign < 2; sign++) {
        const uint64_t count = mnist_number_code(&to, &packing->counts, codebook->count[sign]);
        if (count > MNIST_RANK_MOST) {
            return false;
        }
        codebook->count[sign] = (unsigned)count;
    }
    const bool alike = codebook->count[0] == codebook->count[1];
    if (alike && codebook->count[0] == 0) {
        return true;
    }
    const unsigned tail = mnist_bits_plain(&to, tail_of(codebook), TAIL_BITS);
    if (tail > MANTISSA) {
        return false;
    }
    const size_t bytes = codebook->count[0] * sizeof codebook->magnitudes[0][0];
    bool mirrored = alike && memcmp(codebook->magnitudes[0], codebook->magnitudes[1], bytes) == 0;
    mirrored = alike && mnist_bit_code(&to, &packing->mirrored, mirrored);
    if (!code_list(packing, &to, codebook, 0, tail)) {
        return false;
    }
    if (mirrored) {
        memcpy(codebook->magnitudes[1], codebook->magnitudes[0], bytes);
        return true;
    }
    return code_list(packing, &to, codebook, 1, tail);
}

/* Floats to the bit. */

unsigned mnist_magnitudes_tail(const float *values, size_t count)
{
    unsigned tail = MANTISSA;
    for (size_t i = 0; i < count && tail > 0; i++) {
        const unsigned zeros = values[i] == 0.0f ? tail : zeros_at_end(bits_of(values[i]) & ~SIGN);
        tail = zeros < tail ? zeros : tail;
    }
    return tail;
}

bool mnist_magnitude_code(mnist_packing *packing, const mnist_bit_coder *to, unsigned tail,
                          float *value)
{
    const uint32_t given = bits_of(*value) & ~SIGN;
    unsigned node = 1;
    for (unsigned i = 8; i-- > 0;) { /* the exponent */
        node = 2 * node + mnist_bit_code(to, &packing->exponent[node], given >> (MANTISSA + i) & 1);
    }
    uint32_t mantissa = 1;
    unsigned rest = MANTISSA - tail;
    while (rest > 0 && mantissa < 8) {
        rest--;
        mantissa = 2 * mantissa +
                   mnist_bit_code(to, &packing->mantissa[mantissa], given >> (tail + rest) & 1);
    }
    const uint32_t high = mantissa - (1u << (MANTISSA - tail - rest));
    const uint32_t low = mnist_bits_plain(to, given >> tail & ((1u << rest) - 1), rest);
    const uint32_t bits = (node & 255) << MANTISSA | (high << rest | low) << tail;
    *value = float_of(bits);
    return is_magnitude(bits);
}

/* Biases. */

int64_t mnist_whole_code(mnist_packing *packing, const mnist_bit_coder *to,
                         mnist_number_model *model, int64_t value)
{
    const int64_t magnitude =
        (int64_t)mnist_number_code(to, model, (uint64_t)(value < 0 ? -value : value));
    return magnitude > 0 && mnist_bit_code(to, &packing->sign[0], value < 0) ? -magnitude
                                                                             : magnitude;
}

static uint64_t greatest_divisor(uint64_t a, uint64_t b)
{
    while (b > 0) {
        const uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* A float as an odd whole number times a power of 2. */
static uint32_t split(float value, int *exponent)
{
    const uint32_t bits = bits_of(value) & ~SIGN, field = bits >> MANTISSA;
    uint32_t whole = (bits & ((1u << MANTISSA) - 1)) | (field > 0 ? 1u << MANTISSA : 0);
    *exponent = (field > 0 ? (int)field : 1) - 150;
    while (whole > 0 && !(whole & 1)) {
        whole /= 2;
        (*exponent)++;
    }
    return whole;
}

float mnist_step_of(const float *values, size_t count, unsigned most)
{
    int least = INT16_MAX, exponent;
    uint64_t step = 0;
    for (size_t i = 0; i < count; i++) {
        if (values[i] != 0.0f) {
            (void)split(values[i], &exponent);
            least = exponent < least ? exponent : least;
        }
    }
    for (size_t i = 0; i < count; i++) {
        const uint64_t whole = split(values[i], &exponent);
        if (whole > 0 && exponent - least > GRID_SPAN) {
            return 0.0f;
        }
        step = whole > 0 ? greatest_divisor(whole << (exponent - least), step) : step;
    }
    const float found = step > 0 && step < 1u << (MANTISSA + 1) ? ldexpf((float)step, least) : 0.0f;
    for (size_t i = 0; i < count && found > 0.0f; i++) {
        if (!(fabsf(values[i]) / found <= (float)most)) {
            return 0.0f;
        }
    }
    return found;
}

typedef enum bias_kind { BIASES_ZERO, BIASES_STEPS, BIASES_FLOATS, BIAS_KINDS } bias_kind;

static bool code_steps(mnist_packing *packing, const mnist_bit_coder *to, float step, float *biases,
                       size_t count)
{
    const unsigned tail = mnist_bits_plain(to, mnist_magnitudes_tail(&step, 1), TAIL_BITS);
    bool good = tail <= MANTISSA && mnist_magnitude_code(packing, to, tail, &step);
    for (size_t i = 0; i < count && good; i++) {
        const int64_t given = to->coder->decodes ? 0 : (int64_t)(biases[i] / step);
        const int64_t steps = mnist_whole_code(packing, to, &packing->biases, given);
        biases[i] = (float)steps * step;
        good = steps >= -GRID_MOST && steps <= GRID_MOST && isfinite(biases[i]);
    }
    return good;
}

static bool code_floats(mnist_packing *packing, const mnist_bit_coder *to, float *biases,
                        size_t count)
{
    const unsigned tail = mnist_bits_plain(to, mnist_magnitudes_tail(biases, count), TAIL_BITS);
    bool good = tail <= MANTISSA;
    for (size_t i = 0; i < count && good; i++) {
        float magnitude = fabsf(biases[i]);
        if (!mnist_bit_code(to, &packing->same, magnitude > 0.0f)) {
            biases[i] = 0.0f;
            continue;
        }
        const bool negative = mnist_bit_code(to, &packing->sign[1], biases[i] < 0.0f);
        good = mnist_magnitude_code(packing, to, tail, &magnitude);
        biases[i] = negative ? -magnitude : magnitude;
    }
    return good;
}

bool mnist_biases_code(mnist_packing *packing, float *biases, size_t count)
{
    const mnist_bit_coder to = mnist_packing_bits(packing, MNIST_PACKED_BIASES);
    float step = 0.0f;
    bias_kind kind = BIASES_ZERO;
    for (size_t i = 0; i < count && kind == BIASES_ZERO; i++) {
        kind = biases[i] != 0.0f ? BIASES_FLOATS : kind;
    }
    if (kind == BIASES_FLOATS && !packing->coder.decodes) {
        step = mnist_step_of(biases, count, GRID_MOST);
        kind = step > 0.0f ? BIASES_STEPS : kind;
    }
    const unsigned high = mnist_bit_code(&to, &packing->kind[0], kind == BIASES_FLOATS);
    if (high) {
        return code_floats(packing, &to, biases, count);
    }
    if (mnist_bit_code(&to, &packing->kind[1], kind == BIASES_STEPS)) {
        return code_steps(packing, &to, step, biases, count);
    }
    memset(biases, 0, count * sizeof *biases);
    return true;
}
