/* Which table this CPU gets. */
#include "kernels/kernels.h"

#ifdef MNIST_HAVE_portable
extern const mnist_kernels mnist_kernels_portable;
#endif
#ifdef MNIST_HAVE_avx2
extern const mnist_kernels mnist_kernels_avx2;
#endif

const char *mnist_activation_name(mnist_activation activation)
{
    switch (activation) {
#define NAME(code, name, text)                                                                     \
    case MNIST_##code:                                                                             \
        return text;
        MNIST_ACTIVATION_LIST(NAME)
#undef NAME
    case MNIST_ACTIVATIONS:
        break;
    }
    return NULL;
}

const mnist_kernels *mnist_kernels_list(size_t index)
{
    const mnist_kernels *tables[4] = {&mnist_kernels_scalar};
    size_t count = 1;
#ifdef MNIST_HAVE_portable
    tables[count++] = &mnist_kernels_portable;
#endif
#ifdef MNIST_HAVE_avx2
    /* The compiler's run-time library asks CPUID for the instructions and XGETBV for whether the
     * system saves the registers. */
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        tables[count++] = &mnist_kernels_avx2;
    }
#endif
    return index < count ? tables[index] : NULL;
}

const mnist_kernels *mnist_kernels_select(void)
{
    const mnist_kernels *best = &mnist_kernels_scalar;
    for (size_t index = 0; mnist_kernels_list(index); index++) {
        best = mnist_kernels_list(index); /* ordered from slow to fast */
    }
    return best;
}

const char *mnist_kernels_name(void)
{
    return mnist_kernels_select()->name;
}
