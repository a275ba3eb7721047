/* Constants of the approximations, shared by the oracle and the vector kernels, and the scalar
 * logarithm, which every table uses as it is.
 *
 * exp: Cody and Waite's reduction x = n ln 2 + r, |r| <= ln 2 / 2, then a polynomial in r.
 * tests/unit/test_kernels.c bounds the errors against libm in double.
 */
#ifndef MNIST_KERNELS_APPROX_H
#define MNIST_KERNELS_APPROX_H

#include <stdint.h>
#include <string.h>

/* Inputs are clamped here, so that 2^n stays a normal number. */
#define EXP_LOW    (-87.0f)
#define EXP_HIGH   88.0f
#define EXP_LOG2E  0x1.715476p+0f
#define EXP_LN2_HI 0x1.62e400p-1f /* 14 bits: n times it is exact */
#define EXP_LN2_LO 0x1.7f7d1cp-20f
/* Adding 1.5 * 2^23 rounds to the nearest whole number, which then stands in the low bits;
 * subtracting it again gives that number as a float. */
#define EXP_ROUND 0x1.8p23f
#define EXP_C2    0.5f /* and on: Chebyshev fit of (exp r - 1 - r) / r^2, degree 4, |r| < 0.3467 */
#define EXP_C3    0x1.5554dcp-3f
#define EXP_C4    0x1.5554e8p-5f
#define EXP_C5    0x1.120b96p-7f
#define EXP_C6    0x1.6d4352p-10f

/* tanh: x + x^3 P(x^2) below TANH_SMALL, where 1 - 2 / (exp(2x) + 1) would lose digits; P is the
 * Chebyshev fit of degree 5 on [0, 0.4]. */
#define TANH_SMALL 0.625f
#define TANH_C3    (-0x1.555556p-2f)
#define TANH_C5    0x1.1110e6p-3f
#define TANH_C7    (-0x1.ba0764p-5f)
#define TANH_C9    0x1.6492cep-6f
#define TANH_C11   (-0x1.10d474p-7f)
#define TANH_C13   0x1.29da56p-9f

/* Natural logarithm of x >= 1, finite: x = 2^n m with m in [sqrt(1/2), sqrt(2)), then
 * log m = 2 artanh f, f = (m - 1) / (m + 1), |f| < 0.1716, by its series. In double, in one order,
 * so that a logged loss is the same number everywhere. */
static inline double approx_log(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int64_t n = (int64_t)(bits >> 52) - 1023;
    bits = (bits & 0x000fffffffffffffu) | 0x3ff0000000000000u;
    double m;
    memcpy(&m, &bits, sizeof m);
    const int64_t over = m > 0x1.6a09e667f3bcdp+0; /* without a branch, so that compilers can
                                                    * vectorise a loop of these */
    m *= over ? 0.5 : 1.0;
    n += over;
    double f = (m - 1.0) / (m + 1.0);
    double f2 = f * f;
    double series = 0.0;
    for (int k = 21; k >= 1; k -= 2) {
        series = series * f2 + 1.0 / k;
    }
    return (double)n * 0x1.62e42fefa39efp-1 + 2.0 * f * series;
}

/* exp x in double for |x| < 700, in one order: for tables that weights depend on. The relative
 * error is below 1e-13 (it grows with |x|, as ln 2 is one double). */
static inline double approx_exp(double x)
{
    double n = x * 0x1.71547652b82fep+0;
    n = (double)(int64_t)(n + (n < 0.0 ? -0.5 : 0.5));
    const double r = x - n * 0x1.62e42fefa39efp-1;
    double sum = 1.0; /* Taylor's series, |r| < 0.35 */
    for (int k = 14; k >= 1; k--) {
        sum = 1.0 + sum * r / k;
    }
    const uint64_t bits = (uint64_t)((int64_t)n + 1023) << 52;
    double scale;
    memcpy(&scale, &bits, sizeof scale);
    return sum * scale;
}

#endif
