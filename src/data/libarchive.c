#define _POSIX_C_SOURCE 200809L
#include "data/libarchive.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

static mnist_libarchive calls;
static bool loaded;

/* Each call must be what <archive.h> declares. */
#define IS_DECLARED(type, name, parameters)                                                        \
    _Static_assert(_Generic(&name, type(*) parameters : 1), #name);
MNIST_LIBARCHIVE_CALLS(IS_DECLARED)

static void load(void)
{
    void *library = dlopen(MNIST_LIBARCHIVE_FILE, RTLD_NOW | RTLD_LOCAL), *symbol;
    if (!library) {
        return;
    }
/* a pointer to a function has the bytes of what dlsym returns: POSIX */
#define LOAD(type, name, parameters)                                                               \
    symbol = dlsym(library, #name);                                                                \
    if (!symbol) {                                                                                 \
        return;                                                                                    \
    }                                                                                              \
    memcpy(&calls.name, &symbol, sizeof symbol);
    MNIST_LIBARCHIVE_CALLS(LOAD)
#undef LOAD
    loaded = true;
}

const mnist_libarchive *mnist_libarchive_load(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    return loaded ? &calls : NULL;
}
