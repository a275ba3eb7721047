/* The choice of a table for this CPU. */
#include "kernels/cpuid.h"
#include "kernels/kernels.h"

#include "base/status.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#ifdef MNIST_HAVE_portable
extern const mnist_kernels mnist_kernels_portable;
#endif
#ifdef MNIST_HAVE_avx2
extern const mnist_kernels mnist_kernels_avx2;
#endif
#ifdef MNIST_HAVE_avx512
extern const mnist_kernels mnist_kernels_avx512;
#endif
#ifdef MNIST_HAVE_avx512bf16
extern const mnist_kernels mnist_kernels_avx512bf16;
#endif
#ifdef MNIST_HAVE_neon
extern const mnist_kernels mnist_kernels_neon;
#endif

const char *mnist_activation_name(mnist_activation activation)
{
    switch (activation) {
#define NAME(code, name, text, ...)                                                                \
    case MNIST_##code:                                                                             \
        return text;
        MNIST_ACTIVATION_LIST(NAME)
#undef NAME
    case MNIST_ACTIVATIONS:
        break;
    }
    return NULL;
}

const char *mnist_precision_name(mnist_precision precision)
{
    switch (precision) {
    case MNIST_FP32:
        return "fp32";
    case MNIST_BF16:
        return "bf16";
    case MNIST_FP16:
        return "fp16";
    case MNIST_PRECISIONS:
        break;
    }
    return NULL;
}

const mnist_kernels *mnist_kernels_list(size_t index)
{
    const mnist_kernels *tables[5] = {&mnist_kernels_scalar};
    size_t count = 1;
#ifdef MNIST_HAVE_portable
    tables[count++] = &mnist_kernels_portable;
#endif
#ifdef MNIST_HAVE_neon
    tables[count++] = &mnist_kernels_neon; /* every AArch64 CPU has it */
#endif
#if defined(MNIST_HAVE_avx2) || defined(MNIST_HAVE_avx512)
    /* The compiler's run-time library asks CPUID for the instructions, and XGETBV whether the
     * system saves the registers. */
    __builtin_cpu_init();
#endif
#ifdef MNIST_HAVE_avx2
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
        __builtin_cpu_supports("bmi") && mnist_cpu_has(MNIST_CPU_F16C)) {
        tables[count++] = &mnist_kernels_avx2;
    }
#endif
#ifdef MNIST_HAVE_avx512
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
        tables[count++] = &mnist_kernels_avx512;
#ifdef MNIST_HAVE_avx512bf16
        if (__builtin_cpu_supports("avx512bf16")) {
            tables[count++] = &mnist_kernels_avx512bf16;
        }
#endif
    }
#endif
    return index < count ? tables[index] : NULL;
}

/* The choice of mnist_kernels_use; NULL until it is called. */
static _Atomic(const mnist_kernels *) chosen;

static const mnist_kernels *fastest(void)
{
    const mnist_kernels *best = &mnist_kernels_scalar;
    for (size_t index = 0; mnist_kernels_list(index); index++) {
        best = mnist_kernels_list(index); /* ordered from slow to fast */
    }
    return best;
}

const mnist_kernels *mnist_kernels_select(void)
{
    const mnist_kernels *choice = atomic_load(&chosen);
    return choice ? choice : fastest();
}

mnist_status mnist_kernels_use(const char *name, mnist_error *err)
{
    char there_are[128] = "";
    if (!name) {
        atomic_store(&chosen, NULL);
        return MNIST_OK;
    }
    for (size_t index = 0; mnist_kernels_list(index); index++) {
        const mnist_kernels *table = mnist_kernels_list(index);
        if (strcmp(table->name, name) == 0) {
            atomic_store(&chosen, table);
            return MNIST_OK;
        }
        size_t used = strlen(there_are);
        snprintf(there_are + used, sizeof there_are - used, "%s%s", used ? ", " : "", table->name);
    }
    return mnist_fail(err, MNIST_ERR_ARGUMENT,
                      "kernels \"%s\" are not for this CPU, or unknown: expected one of %s", name,
                      there_are);
}

const char *mnist_kernels_name(void)
{
    return mnist_kernels_select()->name;
}
