/* Loops that only keep the arithmetic units, or the loads, of one instruction set busy: the peak
 * that kernels are compared with. No kernel uses them. Tables of integer kernels have such a loop of their
 * own. */
#ifndef MNIST_KERNELS_PEAK_H
#define MNIST_KERNELS_PEAK_H

#include "kernels/kernels.h"

/* Independent sums in registers, no memory: `rounds` multiply-adds into each of them. *operations
 * receives how many operations those were, a multiplication and an addition counted as two. The
 * value depends on every sum and is finite, so that nothing can be left out. */
typedef double (*mnist_peak_loop)(size_t rounds, double *operations);

typedef struct mnist_peak {
    const char *name; /* of the kernel table that is made of the same instructions */
    mnist_peak_loop fp32;
    mnist_peak_loop bf16; /* products of bfloat16 added up in fp32; NULL: this CPU has none */
    /* Loads size bytes, a multiple of MNIST_PEAK_READ, from data aligned to MNIST_ALIGN, `rounds`
     * times over; the value depends on all of them. */
    uint32_t (*read)(const void *data, size_t size, size_t rounds);
} mnist_peak;

#define MNIST_PEAK_READ 1024u

/* The loops for a table of kernels: those of its name, else those of the fastest set that there are
 * loops for and that this CPU has. */
mnist_peak mnist_peak_of(const mnist_kernels *kernels);

#endif
