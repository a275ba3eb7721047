/* Faults on purpose: in the program fault-sweep, calls of the C library fail when a test asks for
 * it, whoever makes them: this project, jansson, zlib, libpng, or the C library for its own needs.
 * The functions are defined here again under their own names, and a program's definition comes
 * before that of any library. No other program holds any of this.
 *
 * Only Linux with glibc, and no build with ThreadSanitizer.
 */
#ifndef MNIST_TESTS_FAULTS_FAULTS_H
#define MNIST_TESTS_FAULTS_FAULTS_H

#include <stdbool.h>
#include <stddef.h>

/* Calls that are counted, and fail, together. */
typedef enum mnist_fault_class {
    MNIST_FAULT_ALLOC,  /* malloc, calloc, realloc, aligned_alloc, posix_memalign, strdup, ... */
    MNIST_FAULT_OPEN,   /* open */
    MNIST_FAULT_READ,   /* read, pread */
    MNIST_FAULT_WRITE,  /* write */
    MNIST_FAULT_SYNC,   /* fsync */
    MNIST_FAULT_CLOSE,  /* close: it closes, and reports that what was written may be lost */
    MNIST_FAULT_RENAME, /* rename */
    MNIST_FAULT_UNLINK, /* unlink */
    MNIST_FAULT_STAT,   /* stat, fstat, faccessat, readlink, access */
    MNIST_FAULT_SEEK,   /* lseek, ftruncate, fchmod */
    MNIST_FAULT_MAP,    /* mmap, madvise */
    MNIST_FAULT_THREAD, /* pthread_create */
    MNIST_FAULT_CLASSES
} mnist_fault_class;

/* How the calls fail. */
typedef enum mnist_fault_kind {
    MNIST_FAULT_ERROR, /* they fail with an errno */
    MNIST_FAULT_SHORT, /* of read and write: one byte is done */
    MNIST_FAULT_END,   /* of read: the file ends here */
    MNIST_FAULT_KINDS
} mnist_fault_kind;

typedef struct mnist_fault {
    mnist_fault_class class;
    mnist_fault_kind kind;
    int error;
    unsigned long first; /* the first call of the class that fails, from 1 */
    bool lasting;        /* so do all after it */
} mnist_fault;

/* "alloc", "open", ... */
const char *mnist_fault_class_name(mnist_fault_class class);

/* Counts anew, from 0, and has calls fail. NULL: none. */
void mnist_faults_arm(const mnist_fault *fault);

/* From the next mnist_faults_arm on, calls are marked that come by a way - the functions that have
 * called each other - by which none of their class has come before: marks[class * room + number -
 * 1] = true, up to number == room. NULL: no longer. What becomes of a failure is mostly a matter of
 * the way, so that these are a small sample that leads everywhere. */
void mnist_faults_mark(bool *marks, size_t room);

/* From here on nothing fails, and nothing is counted. */
void mnist_faults_disarm(void);

/* Calls since mnist_faults_arm. */
unsigned long mnist_faults_count(mnist_fault_class class);

/* Has one been made to fail? */
bool mnist_faults_struck(void);

/* Has one by which an output comes about: rename, fsync, or a write to or close of a descriptor
 * that is open for writing and not stderr's? (Where it may only do a part, it has not failed.) */
bool mnist_faults_struck_output(void);

/* What has been left out since mnist_faults_arm of what makes files outlast a failing machine: a
 * file is synced after the last that is written to it and before it gets its name by rename, and
 * after that the directory is, before the next rename and the end. NULL: nothing. Looks at calls
 * that were done: one that was made to fail has not been. */
const char *mnist_faults_undurable(void);

/* Names given to rename of files that count on all others that were written: checkpoints, which
 * their log must not fall behind. Any other file must be synced before. NULL ends them; kept. */
void mnist_faults_checkpoints(const char *const *names);

#endif
