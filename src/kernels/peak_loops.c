/* The loops of peak.h, compiled once an instruction set as tiles.c is (simd.h). */
#include "kernels/peak.h"
#include "kernels/simd.h"

#include <assert.h>

#define SIMD_PEAK SIMD_JOIN(SIMD_TABLE, _peak) /* peak.c declares it */

/* Enough sums to cover the latency of a multiply-add, 4 or 5 cycles, in 2 to 4 units, with
 * registers left for the operands. They have two dimensions since GCC unrolls loops of up to 16
 * rounds only. */
#define GROUPS (SIMD_REGISTERS == 32 ? 4 : 2)
#define EACH   6

static double fp32(size_t rounds, double *operations)
{
    vf sum[GROUPS][EACH]; /* all different: of equal ones the compiler would keep one */
    for (size_t g = 0; g < GROUPS; g++) {
        for (size_t s = 0; s < EACH; s++) {
            sum[g][s] = vf_set((float)(g * EACH + s));
        }
    }
    const vf a = vf_set(0.999f), b = vf_set(0.001f); /* sums go to 1 */
    for (size_t r = 0; r < rounds; r++) {
        for (size_t g = 0; g < GROUPS; g++) {
            for (size_t s = 0; s < EACH; s++) {
                sum[g][s] = vf_fma(sum[g][s], a, b);
            }
        }
    }
    vf total = vf_set(0.0f);
    for (size_t g = 0; g < GROUPS; g++) {
        for (size_t s = 0; s < EACH; s++) {
            total += sum[g][s];
        }
    }
    double value = 0.0;
    for (size_t lane = 0; lane < SIMD_FLOATS; lane++) {
        value += (double)total[lane];
    }
    *operations = 2.0 * (double)rounds * GROUPS * EACH * SIMD_FLOATS;
    return value;
}

#if SIMD_FLOATS == 16

/* Not all CPUs with AVX-512 have it: peak.c asks. */
#define WITH(feature) __attribute__((target(feature)))

WITH("avx512bf16")
static double bf16(size_t rounds, double *operations)
{
    __m512 sum[GROUPS][EACH], total = _mm512_setzero_ps();
    for (size_t g = 0; g < GROUPS; g++) {
        for (size_t s = 0; s < EACH; s++) {
            sum[g][s] = _mm512_set1_ps((float)(g * EACH + s));
        }
    }
    const __m512bh a = _mm512_cvtne2ps_pbh(_mm512_set1_ps(0.5f), _mm512_set1_ps(0.25f));
    const __m512bh b = _mm512_cvtne2ps_pbh(_mm512_set1_ps(0.125f), _mm512_set1_ps(1.0f));
    for (size_t r = 0; r < rounds; r++) {
        for (size_t g = 0; g < GROUPS; g++) {
            for (size_t s = 0; s < EACH; s++) {
                sum[g][s] = _mm512_dpbf16_ps(sum[g][s], a, b);
            }
        }
    }
    for (size_t g = 0; g < GROUPS; g++) {
        for (size_t s = 0; s < EACH; s++) {
            total = _mm512_add_ps(total, sum[g][s]);
        }
    }
    *operations = 2.0 * (double)rounds * GROUPS * EACH * 32;
    return (double)_mm512_reduce_add_ps(total);
}

#endif

typedef uint32_t vu __attribute__((vector_size(4 * SIMD_FLOATS)));

static uint32_t read_all(const void *data, size_t size, size_t rounds)
{
    assert(size % MNIST_PEAK_READ == 0);
    vu sum[8] = {{0}};
    for (size_t r = 0; r < rounds; r++) {
        const vu *p = data, *end = p + size / sizeof *p;
        for (; p < end; p += 8) {
            for (size_t s = 0; s < 8; s++) {
                sum[s] += p[s];
            }
        }
        __asm__ volatile("" ::
                             : "memory"); /* so that the compiler reads everything again in the next
                                           * round */
    }
    vu total = {0};
    for (size_t s = 0; s < 8; s++) {
        total += sum[s];
    }
    uint32_t value = 0;
    for (size_t lane = 0; lane < SIMD_FLOATS; lane++) {
        value += total[lane];
    }
    return value;
}

extern const mnist_peak SIMD_PEAK;
const mnist_peak SIMD_PEAK = {
    .name = SIMD_NAME,
    .fp32 = fp32,
#if SIMD_FLOATS == 16
    .bf16 = bf16,
#endif
    .read = read_all,
};
