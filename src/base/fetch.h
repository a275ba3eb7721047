/* Asks for memory ahead of its use: hints to the CPU, which change nothing but time. */
#ifndef MNIST_BASE_FETCH_H
#define MNIST_BASE_FETCH_H

#include <stddef.h>

#define FETCH_LINE 64u /* bytes of a cache line, or of a part of one */

#if defined(__GNUC__)
#define FETCH_HINT(p, for_writing, locality) __builtin_prefetch(p, for_writing, locality)
#else
#define FETCH_HINT(p, for_writing, locality) ((void)(p))
#endif

/* Into a second-level cache: for later. */
static inline void mnist_fetch_later(const void *memory, size_t bytes)
{
    for (size_t at = 0; at < bytes; at += FETCH_LINE) {
        FETCH_HINT((const char *)memory + at, 0, 2);
    }
}

/* `rows` rows of `bytes` bytes each, which are about to be read. Lines that another core has
 * written take hundreds of cycles each if they are waited for one by one, and hardly more for all
 * if they are asked for at once. */
static inline void mnist_fetch_rows(const void *memory, size_t stride, size_t rows, size_t bytes)
{
    for (size_t row = 0; row < rows; row++) {
        for (size_t at = 0; at < bytes; at += FETCH_LINE) {
            FETCH_HINT((const char *)memory + row * stride + at, 0, 3);
        }
    }
}

/* The same for memory that is about to be written: other cores that have read it drop their copies.
 */
static inline void mnist_fetch_rows_to_write(void *memory, size_t stride, size_t rows, size_t bytes)
{
    for (size_t row = 0; row < rows; row++) {
        for (size_t at = 0; at < bytes; at += FETCH_LINE) {
#if defined(__GNUC__) && defined(__x86_64__)
            /* GCC's builtin gives this instruction only if the compiler is told that the CPU has it
             */
            __asm__ volatile("prefetchw %0" : : "m"(*((char *)memory + row * stride + at)));
#else
            FETCH_HINT((char *)memory + row * stride + at, 1, 3);
#endif
        }
    }
}

#endif
