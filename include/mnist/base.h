/* mnist/base.h: status codes, error text, worker threads, which all other rooms use.
 *
 * Conventions of the whole library:
 * - It never prints, exits or reads the environment. Functions that can fail return a
 *   mnist_status and, where the caller passed a mnist_error, fill it with a sentence that names
 *   what failed, where, what was expected, what was found and, where known, what to do.
 * - Every _create or _load has a _free that accepts NULL. On failure nothing is handed out and
 *   the output pointer is set to NULL.
 * - Preconditions that only a bug in the caller can break are asserts.
 */
#ifndef MNIST_BASE_H
#define MNIST_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One list yields the enum and the text of each code. */
#define MNIST_STATUS_LIST(X)                                                                       \
    X(MNIST_OK, "ok")                                                                              \
    X(MNIST_ERR_ARGUMENT, "invalid argument")                                                      \
    X(MNIST_ERR_MEMORY, "out of memory")                                                           \
    X(MNIST_ERR_IO, "input/output error")                                                          \
    X(MNIST_ERR_NOT_FOUND, "not found")                                                            \
    X(MNIST_ERR_FORMAT, "malformed file")                                                          \
    X(MNIST_ERR_MISMATCH, "inputs do not fit each other")                                          \
    X(MNIST_ERR_THREAD, "thread could not be started")                                             \
    X(MNIST_ERR_DIVERGED, "training diverged")                                                     \
    X(MNIST_ERR_STOPPED, "stopped by the caller")                                                  \
    X(MNIST_ERR_CHECKPOINT, "a checkpoint in place of a model")

typedef enum mnist_status {
#define MNIST_STATUS_ENUM(code, text) code,
    MNIST_STATUS_LIST(MNIST_STATUS_ENUM)
#undef MNIST_STATUS_ENUM
} mnist_status;

/* A short, static, lower-case text for a status; "unknown status" for a value out of the list. */
const char *mnist_status_text(mnist_status status);

#define MNIST_ERROR_TEXT 6144 /* room for the longest path, and what is wrong there */

/* Filled by a failing call; owned by the caller, who need not initialise it. */
typedef struct mnist_error {
    mnist_status status;
    char text[MNIST_ERROR_TEXT]; /* one or more sentences on one line; plain (mnist_plain_text) */
} mnist_error;

/* Copies text so that it can be shown on any terminal, and on one line: control characters, also
 * those of U+0080 to U+009F, and bytes that are not UTF-8 become \xNN, byte by byte. false: not all
 * of it had room in size (>= 1) bytes; what has none is left out, and no character is cut in two.
 * The library passes all names in its messages through this. */
bool mnist_plain_text(char *out, size_t size, const char *text);

#if defined(__GNUC__)
#define MNIST_PRINTF(format_index, first_argument)                                                 \
    __attribute__((format(printf, format_index, first_argument)))
#else
#define MNIST_PRINTF(format_index, first_argument)
#endif

/* Fills err (which may be NULL) with status and the text, made plain, and returns status, so that
 * callers, hooks and callbacks among them, can `return mnist_fail(…)`. Arguments may point into
 * err. */
mnist_status mnist_fail(mnist_error *err, mnist_status status, const char *format, ...)
    MNIST_PRINTF(3, 4);

/* The library's version, "MAJOR.MINOR.PATCH". */
const char *mnist_version(void);

/* Number of CPUs this process may use: its affinity mask and the quota of its control group, where
 * the system tells; at least 1. */
unsigned mnist_cpu_count(void);

/* A number in [0, 1), a multiple of 2^-24: a function of its arguments alone (Philox4x32-10),
 * independent of all that training draws from the same seed. For programs that need random numbers
 * of their own. */
double mnist_random(uint64_t seed, uint32_t stream, uint64_t index);

/* An array is numbers under a name, row-major: what goes into a checkpoint and comes out of one. */
typedef enum mnist_element {
    MNIST_F32, /* float */
    MNIST_F64, /* double */
    MNIST_U64, /* uint64_t */
    MNIST_ELEMENTS
} mnist_element;

/* "F32", "F64", "U64"; NULL past the end. */
const char *mnist_element_name(mnist_element element);
/* Bytes of one element. */
size_t mnist_element_size(mnist_element element);

#define MNIST_ARRAY_NAME 32 /* bytes of a name, zero included */
#define MNIST_ARRAY_RANK 2  /* most dimensions */

typedef struct mnist_array {
    char name[MNIST_ARRAY_NAME];
    mnist_element element;
    unsigned rank; /* 0: a single number */
    uint64_t shape[MNIST_ARRAY_RANK];
    void *values;
} mnist_array;

/* How many numbers. Asserts that they can be in memory. */
size_t mnist_array_count(const mnist_array *array);

#define MNIST_MAX_THREADS 256

/* A fixed team of worker threads that run one function together and meet at barriers.
 * No result of the library depends on how many there are. */
typedef struct mnist_pool mnist_pool;

/* threads: 1 to MNIST_MAX_THREADS, the calling thread among them; 0 takes mnist_cpu_count(), or as
 * many of those as can be started. Errors: MNIST_ERR_ARGUMENT, MNIST_ERR_MEMORY, MNIST_ERR_THREAD.
 */
mnist_status mnist_pool_create(mnist_pool **out, unsigned threads, mnist_error *err);
void mnist_pool_free(mnist_pool *pool);
unsigned mnist_pool_threads(const mnist_pool *pool);

/* For programs that run long, to be called before anything is allocated: from then on blocks of 16
 * KiB or more go back to the system when they are released. Otherwise the GNU C library (before
 * 2.38) often cannot use again the gaps that aligned blocks leave once smaller blocks lie beside
 * them: a training of 5,000 epochs, each of which allocates and releases memory for its validation,
 * took ten times the memory that was in use. */
void mnist_memory_return_large(void);

#ifdef __cplusplus
}
#endif

#endif
