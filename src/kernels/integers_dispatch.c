/* The choice of a table of integer kernels for this CPU. */
#include "kernels/cpuid.h"
#include "kernels/integers.h"

#include <string.h>
#ifdef MNIST_HAVE_integers_neondot
#include <sys/auxv.h>
#ifndef HWCAP_ASIMDDP
#define HWCAP_ASIMDDP (1ul << 20)
#endif
#endif

#ifdef MNIST_HAVE_integers_portable
extern const mnist_integer_kernels mnist_integer_kernels_portable;
#endif
#ifdef MNIST_HAVE_integers_avx2
extern const mnist_integer_kernels mnist_integer_kernels_avx2;
#endif
#ifdef MNIST_HAVE_integers_avxvnni
extern const mnist_integer_kernels mnist_integer_kernels_avxvnni;
#endif
#ifdef MNIST_HAVE_integers_vnni256
extern const mnist_integer_kernels mnist_integer_kernels_vnni256;
#endif
#ifdef MNIST_HAVE_integers_avx512vnni
extern const mnist_integer_kernels mnist_integer_kernels_avx512vnni;
#endif
#ifdef MNIST_HAVE_integers_neon
extern const mnist_integer_kernels mnist_integer_kernels_neon;
#endif
#ifdef MNIST_HAVE_integers_neondot
extern const mnist_integer_kernels mnist_integer_kernels_neondot;
#endif

const mnist_integer_kernels *mnist_integer_kernels_list(size_t index)
{
    const mnist_integer_kernels *tables[6] = {&mnist_integer_kernels_scalar};
    size_t count = 1;
#ifdef MNIST_HAVE_integers_portable
    tables[count++] = &mnist_integer_kernels_portable;
#endif
#ifdef MNIST_HAVE_integers_neon
    tables[count++] = &mnist_integer_kernels_neon; /* every AArch64 CPU has it */
#endif
#ifdef MNIST_HAVE_integers_neondot
    if (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) {
        tables[count++] = &mnist_integer_kernels_neondot;
    }
#endif
#ifdef MNIST_HAVE_integers_avx2
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2")) {
        tables[count++] = &mnist_integer_kernels_avx2;
#ifdef MNIST_HAVE_integers_avxvnni
        if (mnist_cpu_has(MNIST_CPU_AVXVNNI)) {
            tables[count++] = &mnist_integer_kernels_avxvnni;
        }
#endif
    }
#endif
#ifdef MNIST_HAVE_integers_avx512vnni
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512vnni")) {
        tables[count++] = &mnist_integer_kernels_vnni256;
        tables[count++] = &mnist_integer_kernels_avx512vnni;
    }
#endif
    return index < count ? tables[index] : NULL;
}

static bool is(const mnist_integer_kernels *table, const char *name)
{
    return strcmp(table->name, name) == 0;
}

/* Is a table for CPUs on which the floats' kernels of that name are the fastest? */
static bool goes_with(const mnist_integer_kernels *table, const char *floats)
{
    if (strcmp(floats, "scalar") == 0 || strcmp(floats, "portable") == 0) {
        return is(table, "scalar") || is(table, floats);
    }
    return strncmp(floats, "avx512", 6) == 0 || (!is(table, "vnni256") && !is(table, "avx512vnni"));
}

const mnist_integer_kernels *mnist_integer_kernels_select(void)
{
    const mnist_integer_kernels *best = &mnist_integer_kernels_scalar;
    const char *floats = mnist_kernels_select()->name;
    for (size_t index = 0; mnist_integer_kernels_list(index); index++) {
        const mnist_integer_kernels *table = mnist_integer_kernels_list(index);
        if (goes_with(table, floats)) {
            best = table; /* ordered from slow to fast */
        }
    }
    return best;
}
