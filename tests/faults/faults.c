#define _GNU_SOURCE /* RTLD_NEXT */
#include "faults.h"
#include "durable.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const names[MNIST_FAULT_CLASSES] = {"alloc", "open",  "read",   "write",
                                                       "sync",  "close", "rename", "unlink",
                                                       "stat",  "seek",  "map",    "thread"};

static mnist_fault planned;
static bool has_plan;
static atomic_bool armed, struck, struck_output;
static atomic_ulong counts[MNIST_FAULT_CLASSES];

const char *mnist_fault_class_name(mnist_fault_class class)
{
    return names[class];
}

void mnist_faults_arm(const mnist_fault *fault)
{
    for (size_t i = 0; i < MNIST_FAULT_CLASSES; i++) {
        atomic_store(&counts[i], 0);
    }
    has_plan = fault != NULL;
    planned = fault ? *fault : (mnist_fault){.first = 0};
    atomic_store(&struck, false);
    atomic_store(&struck_output, false);
    mnist_durable_begin();
    atomic_store(&armed, true);
}

void mnist_faults_disarm(void)
{
    atomic_store(&armed, false);
}

unsigned long mnist_faults_count(mnist_fault_class class)
{
    return atomic_load(&counts[class]);
}

bool mnist_faults_struck(void)
{
    return atomic_load(&struck);
}

bool mnist_faults_struck_output(void)
{
    return atomic_load(&struck_output);
}

/* The ways by which calls have come, as hashes. */
enum { MOST_WAYS = 1 << 15, MOST_CALLERS = 32 };
static uint64_t ways[MOST_WAYS];
static atomic_flag ways_taken = ATOMIC_FLAG_INIT;
static bool *marked;
static size_t marked_room;

void mnist_faults_mark(bool *marks, size_t room)
{
    void *callers[MOST_CALLERS];
    (void)backtrace(callers, MOST_CALLERS); /* the first time it loads a library, and allocates */
    memset(ways, 0, sizeof ways);
    marked = marks;
    marked_room = room;
}

/* false too where there is no room for more. */
static bool is_new_way(uint64_t way)
{
    bool found = false, added = false;
    while (atomic_flag_test_and_set(&ways_taken)) {
    }
    for (size_t i = 0, at = way % MOST_WAYS; i < MOST_WAYS && !found && !added; i++) {
        found = ways[at] == way;
        added = ways[at] == 0;
        ways[at] = added ? way : ways[at];
        at = (at + 1) % MOST_WAYS;
    }
    atomic_flag_clear(&ways_taken);
    return added;
}

static void mark(mnist_fault_class class, unsigned long number)
{
    void *callers[MOST_CALLERS];
    static _Thread_local bool inside;
    if (inside || number > marked_room) {
        return;
    }
    inside = true;
    uint64_t way = 14695981039346656037u + class; /* FNV-1a */
    const int depth = backtrace(callers, MOST_CALLERS);
    for (int i = 0; i < depth; i++) {
        way = (way ^ (uintptr_t)callers[i]) * 1099511628211u;
    }
    marked[class * marked_room + number - 1] = is_new_way(way | 1);
    inside = false;
}

/* Counts a call; is it one that is to fail? Of several classes only one can be. */
static bool strikes(mnist_fault_class class)
{
    if (!atomic_load_explicit(&armed, memory_order_relaxed)) {
        return false;
    }
    const unsigned long number = atomic_fetch_add(&counts[class], 1) + 1;
    if (marked) {
        mark(class, number);
    }
    const bool hit = has_plan && planned.class == class &&
                     (number == planned.first || (planned.lasting && number > planned.first));
    if (hit) {
        atomic_store(&struck, true);
    }
    return hit;
}

/* The same, for calls that cannot be done in part. */
static bool fails(mnist_fault_class class)
{
    const bool hit = strikes(class);
    if (hit) {
        errno = planned.error;
    }
    return hit;
}

/* The same, for calls that an output may depend on. */
static bool fails_output(mnist_fault_class class, bool output)
{
    const bool hit = fails(class);
    if (hit && output) {
        atomic_store(&struck_output, true);
    }
    return hit;
}

/* Does it matter what is lost on this descriptor? Not on stderr, whose failure cannot be told
 * anywhere. */
static bool is_output(int fd)
{
    const int error = errno;
    const int flags = fd == STDERR_FILENO ? -1 : fcntl(fd, F_GETFL);
    errno = error;
    return flags != -1 && (flags & O_ACCMODE) != O_RDONLY;
}

/* The function of that name that the program would have without this file. By way of a union: ISO C
 * has no conversion between pointers to objects and to functions. */
#define SLOT(name)                                                                                 \
    static union {                                                                                 \
        void *object;                                                                              \
        __typeof__(&name) function;                                                                \
    } next_##name

#define NEXT(name)                                                                                 \
    SLOT(name);                                                                                    \
    if (!next_##name.object) {                                                                     \
        next_##name.object = dlsym(RTLD_NEXT, #name);                                              \
    }

#define PASS(name) (next_##name.function)

/* Allocation. AddressSanitizer must not be looked for by dlsym, which allocates. */

#ifdef MNIST_FAULTS_ASAN
void *__interceptor_malloc(size_t size);
void *__interceptor_calloc(size_t count, size_t size);
void *__interceptor_realloc(void *memory, size_t size);
void __interceptor_free(void *memory);
#define FIND(name) (void)(next_##name.function = __interceptor_##name)
#else
#define FIND(name) (void)(next_##name.object = dlsym(RTLD_NEXT, #name))
#endif

void *malloc(size_t size)
{
    SLOT(malloc);
    if (!next_malloc.object) {
        FIND(malloc);
    }
    return fails(MNIST_FAULT_ALLOC) ? NULL : PASS(malloc)(size);
}

/* dlsym may ask for memory before it has found calloc. */
static _Alignas(max_align_t) unsigned char early[4096];
static size_t early_used;

void *calloc(size_t count, size_t size)
{
    SLOT(calloc);
    static bool looking;
    if (looking) {
        const size_t at = early_used;
        early_used += (count * size + 15) / 16 * 16;
        return early_used <= sizeof early ? early + at : NULL;
    }
    if (!next_calloc.object) {
        looking = true;
        FIND(calloc);
        looking = false;
    }
    return fails(MNIST_FAULT_ALLOC) ? NULL : PASS(calloc)(count, size);
}

void *realloc(void *memory, size_t size)
{
    SLOT(realloc);
    if (!next_realloc.object) {
        FIND(realloc);
    }
    return fails(MNIST_FAULT_ALLOC) ? NULL : PASS(realloc)(memory, size);
}

void free(void *memory)
{
    SLOT(free);
    static bool looking;
    if (looking) { /* dlsym gives back what an earlier failure of its own has left: a few bytes */
        return;
    }
    if (!next_free.object) {
        looking = true;
        FIND(free);
        looking = false;
    }
    const uintptr_t at = (uintptr_t)memory, begin = (uintptr_t)early;
    if (at < begin || at >= begin + sizeof early) {
        PASS(free)(memory);
    }
}

void *aligned_alloc(size_t alignment, size_t size)
{
    NEXT(aligned_alloc)
    return fails(MNIST_FAULT_ALLOC) ? NULL : PASS(aligned_alloc)(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
    NEXT(posix_memalign)
    return fails(MNIST_FAULT_ALLOC) ? ENOMEM : PASS(posix_memalign)(memory, alignment, size);
}

/* Sanitizers have their own, which do not come by malloc. */
char *strdup(const char *text)
{
    const size_t size = strlen(text) + 1;
    char *copy = malloc(size);
    return copy ? memcpy(copy, text, size) : NULL;
}

char *strndup(const char *text, size_t most)
{
    const size_t length = strnlen(text, most);
    char *copy = malloc(length + 1);
    if (copy) {
        memcpy(copy, text, length);
        copy[length] = '\0';
    }
    return copy;
}

/* Files. */

int open(const char *path, int flags, ...)
{
    NEXT(open)
    va_list rest;
    va_start(rest, flags);
    const mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return fails(MNIST_FAULT_OPEN) ? -1 : PASS(open)(path, flags, mode);
}

/* How much of a transfer of size bytes is done: all, one byte, none (0), or -1 and errno. */
static ssize_t portion(mnist_fault_class class, size_t size)
{
    if (!strikes(class)) {
        return (ssize_t)size;
    }
    if (planned.kind == MNIST_FAULT_ERROR) {
        errno = planned.error;
        return -1;
    }
    return planned.kind == MNIST_FAULT_SHORT && size > 0 ? 1 : 0;
}

ssize_t read(int fd, void *buffer, size_t size)
{
    NEXT(read)
    const ssize_t part = portion(MNIST_FAULT_READ, size);
    return part <= 0 ? part : PASS(read)(fd, buffer, (size_t)part);
}

ssize_t pread(int fd, void *buffer, size_t size, off_t at)
{
    NEXT(pread)
    const ssize_t part = portion(MNIST_FAULT_READ, size);
    return part <= 0 ? part : PASS(pread)(fd, buffer, (size_t)part, at);
}

ssize_t write(int fd, const void *buffer, size_t size)
{
    NEXT(write)
    const ssize_t part = portion(MNIST_FAULT_WRITE, size);
    if (part < 0 && is_output(fd)) {
        atomic_store(&struck_output, true);
    }
    const ssize_t done = part <= 0 ? part : PASS(write)(fd, buffer, (size_t)part);
    if (done > 0) {
        mnist_durable_written(fd);
    }
    return done;
}

int fsync(int fd)
{
    NEXT(fsync)
    const int result = fails_output(MNIST_FAULT_SYNC, true) ? -1 : PASS(fsync)(fd);
    if (result == 0) {
        mnist_durable_synced(fd);
    }
    return result;
}

int close(int fd)
{
    NEXT(close)
    const bool output = is_output(fd); /* which cannot be asked of a closed one */
    const int result = PASS(close)(fd);
    return fails_output(MNIST_FAULT_CLOSE, output) ? -1 : result;
}

int rename(const char *from, const char *to)
{
    NEXT(rename)
    const int result = fails_output(MNIST_FAULT_RENAME, true) ? -1 : PASS(rename)(from, to);
    if (result == 0) {
        mnist_durable_renamed(to);
    }
    return result;
}

int unlink(const char *path)
{
    NEXT(unlink)
    mnist_durable_dropped(path);
    return fails(MNIST_FAULT_UNLINK) ? -1 : PASS(unlink)(path);
}

int stat(const char *restrict path, struct stat *restrict info)
{
    NEXT(stat)
    return fails(MNIST_FAULT_STAT) ? -1 : PASS(stat)(path, info);
}

int fstat(int fd, struct stat *info)
{
    NEXT(fstat)
    return fails(MNIST_FAULT_STAT) ? -1 : PASS(fstat)(fd, info);
}

int faccessat(int fd, const char *path, int mode, int flags)
{
    NEXT(faccessat)
    return fails(MNIST_FAULT_STAT) ? -1 : PASS(faccessat)(fd, path, mode, flags);
}

int access(const char *path, int mode)
{
    NEXT(access)
    return fails(MNIST_FAULT_STAT) ? -1 : PASS(access)(path, mode);
}

ssize_t readlink(const char *restrict path, char *restrict text, size_t size)
{
    NEXT(readlink)
    return fails(MNIST_FAULT_STAT) ? -1 : PASS(readlink)(path, text, size);
}

off_t lseek(int fd, off_t at, int whence)
{
    NEXT(lseek)
    return fails(MNIST_FAULT_SEEK) ? -1 : PASS(lseek)(fd, at, whence);
}

int ftruncate(int fd, off_t size)
{
    NEXT(ftruncate)
    const int result = fails(MNIST_FAULT_SEEK) ? -1 : PASS(ftruncate)(fd, size);
    if (result == 0) {
        mnist_durable_written(fd);
    }
    return result;
}

int fchmod(int fd, mode_t mode)
{
    NEXT(fchmod)
    return fails(MNIST_FAULT_SEEK) ? -1 : PASS(fchmod)(fd, mode);
}

void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    NEXT(mmap)
    return fails(MNIST_FAULT_MAP) ? MAP_FAILED
                                  : PASS(mmap)(at, size, protection, flags, fd, offset);
}

int madvise(void *at, size_t size, int advice)
{
    NEXT(madvise)
    return fails(MNIST_FAULT_MAP) ? -1 : PASS(madvise)(at, size, advice);
}

/* Threads. */

int pthread_create(pthread_t *restrict thread, const pthread_attr_t *restrict attributes,
                   void *(*run)(void *), void *restrict argument)
{
    NEXT(pthread_create)
    return fails(MNIST_FAULT_THREAD) ? planned.error
                                     : PASS(pthread_create)(thread, attributes, run, argument);
}
