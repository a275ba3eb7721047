/* What a CPU of x86 has that Clang 14's __builtin_cpu_supports does not know. */
#ifndef MNIST_KERNELS_CPUID_H
#define MNIST_KERNELS_CPUID_H

#include <stdbool.h>

/* Bits that CPUID gives. Their registers are those of AVX2, of whose use by the system
 * __builtin_cpu_supports tells. */
typedef enum mnist_cpu_bit {
    MNIST_CPU_F16C,
    MNIST_CPU_AVXVNNI,
    MNIST_CPU_BITS /* how many there are */
} mnist_cpu_bit;

/* Asks the CPU once, as in a virtual machine the answer takes microseconds. */
bool mnist_cpu_has(mnist_cpu_bit bit);

#endif
