/* The activations: value f of z, and slope f' from z and a = f(z). They are written once, for
 * vectors; for the oracle a vector is one float. The file that includes this has defined vf,
 * vf_set, vf_fma, vf_abs and vf_select (as simd.h does) before, and exp_approx and tanh_approx of a
 * vf. A slope reads only what MNIST_ACTIVATION_LIST (mnist/kernels.h) says; the other argument may
 * hold anything. */
#ifndef MNIST_KERNELS_ACTIVATIONS_H
#define MNIST_KERNELS_ACTIVATIONS_H

SIMD_INLINE vf relu_value(vf z)
{
    return vf_select(z < vf_set(0.0f), vf_set(0.0f), z); /* NaN stays NaN: a net that diverged must
                                                          * show it */
}

SIMD_INLINE vf relu_slope(vf z, vf a)
{
    (void)z;
    return vf_select(a > vf_set(0.0f), vf_set(1.0f), vf_set(0.0f));
}

SIMD_INLINE vf tanh_value(vf z)
{
    return tanh_approx(z);
}

SIMD_INLINE vf tanh_slope(vf z, vf a)
{
    (void)z;
    return vf_fma(-a, a, vf_set(1.0f));
}

SIMD_INLINE vf sigmoid_value(vf z)
{
    vf e = exp_approx(-vf_abs(z));
    vf s = vf_set(1.0f) / (vf_set(1.0f) + e);
    return vf_select(z < vf_set(0.0f), e * s, s);
}

SIMD_INLINE vf sigmoid_slope(vf z, vf a)
{
    (void)z;
    return a * (vf_set(1.0f) - a);
}

#define LEAKY_SLOPE 0.01f

SIMD_INLINE vf leaky_relu_value(vf z)
{
    return vf_select(z < vf_set(0.0f), z * vf_set(LEAKY_SLOPE), z);
}

SIMD_INLINE vf leaky_relu_slope(vf z, vf a)
{
    (void)z;
    return vf_select(a > vf_set(0.0f), vf_set(1.0f), vf_set(LEAKY_SLOPE));
}

#define GELU_SCALE 0x1.988454p-1f /* sqrt(2 / pi) */
#define GELU_CUBE  0.044715f

SIMD_INLINE vf gelu_tanh(vf x)
{
    return tanh_approx(vf_set(GELU_SCALE) * vf_fma(vf_set(GELU_CUBE) * (x * x), x, x));
}

SIMD_INLINE vf gelu_value(vf z)
{
    return vf_set(0.5f) * z * (vf_set(1.0f) + gelu_tanh(z));
}

SIMD_INLINE vf gelu_slope(vf z, vf a)
{
    (void)a;
    vf t = gelu_tanh(z);
    vf inner = vf_set(GELU_SCALE) * vf_fma(vf_set(3.0f * GELU_CUBE), z * z, vf_set(1.0f));
    return vf_fma(vf_set(0.5f) * z * vf_fma(-t, t, vf_set(1.0f)), inner,
                  vf_set(0.5f) * (vf_set(1.0f) + t));
}

#endif
