#include "kernels/cpuid.h"

#if defined(__x86_64__) || defined(__i386__)

#include <cpuid.h>
#include <stdatomic.h>

bool mnist_cpu_has(mnist_cpu_bit bit)
{
    static const struct {
        unsigned leaf, part, word, mask; /* word: EAX, EBX, ECX, EDX */
    } places[MNIST_CPU_BITS] = {
        [MNIST_CPU_F16C] = {1, 0, 2, bit_F16C}, [MNIST_CPU_AVXVNNI] = {7, 1, 0, 1u << 4}};
    static atomic_int known[MNIST_CPU_BITS]; /* 0: not yet; 1: no; 2: yes */
    if (atomic_load(&known[bit]) == 0) {
        unsigned r[4];
        const bool has =
            __get_cpuid_count(places[bit].leaf, places[bit].part, &r[0], &r[1], &r[2], &r[3]) &&
            (r[places[bit].word] & places[bit].mask) != 0;
        atomic_store(&known[bit], has ? 2 : 1);
    }
    return atomic_load(&known[bit]) == 2;
}

#else

bool mnist_cpu_has(mnist_cpu_bit bit)
{
    (void)bit;
    return false;
}

#endif
