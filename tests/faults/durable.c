#define _GNU_SOURCE /* AT_EMPTY_PATH */
#include "durable.h"
#include "faults.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of the calls that give an inode, fstatat is the one that faults.c leaves alone. */
static bool look(int fd, const char *path, struct stat *st)
{
    return fstatat(fd, path, st, path[0] ? 0 : AT_EMPTY_PATH) == 0;
}

typedef struct inode {
    dev_t device;
    ino_t number;
} inode;

static inode inode_of(const struct stat *st)
{
    return (inode){st->st_dev, st->st_ino};
}

static bool same(inode one, inode other)
{
    return one.device == other.device && one.number == other.number;
}

/* Regular files whose content has been changed since they were synced, open or closed. */
enum { MOST_DIRTY = 32 };
static inode dirty[MOST_DIRTY];
static size_t dirty_count;

/* The directory in which a name was last put in place, until it is synced. */
static inode directory;
static bool directory_waits;
static char name_in_it[100];

static const char *const *checkpoints;
static char wrong[300]; /* the first thing left out; "" for none */

static atomic_flag taken = ATOMIC_FLAG_INIT;

static void take(void)
{
    while (atomic_flag_test_and_set(&taken)) {
    }
}

static void give(void)
{
    atomic_flag_clear(&taken);
}

static void complain(const char *name, const char *what)
{
    if (wrong[0] == '\0') {
        snprintf(wrong, sizeof wrong, "%.100s %s", name, what);
    }
}

/* dirty_count: it is not among them. */
static size_t find(inode file)
{
    size_t at = 0;
    while (at < dirty_count && !same(dirty[at], file)) {
        at++;
    }
    return at;
}

static void forget(inode file)
{
    const size_t at = find(file);
    if (at < dirty_count) {
        dirty[at] = dirty[--dirty_count];
    }
}

static bool is_checkpoint(const char *name)
{
    for (const char *const *next = checkpoints; next && *next; next++) {
        if (strcmp(*next, name) == 0) {
            return true;
        }
    }
    return false;
}

void mnist_faults_checkpoints(const char *const *names)
{
    checkpoints = names;
}

void mnist_durable_begin(void)
{
    take();
    dirty_count = 0;
    directory_waits = false;
    wrong[0] = '\0';
    give();
}

void mnist_durable_written(int fd)
{
    const int error = errno;
    struct stat st;
    if (fd > STDERR_FILENO && look(fd, "", &st) && S_ISREG(st.st_mode)) {
        take();
        if (find(inode_of(&st)) < dirty_count) {
            /* already known */
        } else if (dirty_count < MOST_DIRTY) {
            dirty[dirty_count++] = inode_of(&st);
        } else {
            complain("one file more", "was written to than the account of unsynced ones has room");
        }
        give();
    }
    errno = error;
}

void mnist_durable_synced(int fd)
{
    const int error = errno;
    struct stat st;
    if (look(fd, "", &st)) {
        take();
        forget(inode_of(&st));
        directory_waits = directory_waits && !same(directory, inode_of(&st));
        give();
    }
    errno = error;
}

void mnist_durable_renamed(const char *to)
{
    const int error = errno;
    const char *slash = strrchr(to, '/');
    char parent[PATH_MAX];
    struct stat st = {.st_dev = 0}, parent_st = {.st_dev = 0};
    snprintf(parent, sizeof parent, "%.*s", slash && slash > to ? (int)(slash - to) : 1,
             slash ? to : ".");
    /* if these fail, st stays 0, which is no file's, and that is reported */
    (void)look(AT_FDCWD, to, &st);
    (void)look(AT_FDCWD, parent, &parent_st);
    take();
    const size_t at = find(inode_of(&st));
    if (at < dirty_count) {
        complain(to, "was put in place before what was written to it was synced");
    } else if (dirty_count > 0 && is_checkpoint(to)) {
        complain(to, "was put in place before what was written to another file, the log that it "
                     "counts on, was synced");
    }
    if (directory_waits) {
        complain(name_in_it, "was put in place, but its directory not synced before another was");
    }
    directory = inode_of(&parent_st);
    directory_waits = true;
    snprintf(name_in_it, sizeof name_in_it, "%.*s", (int)sizeof name_in_it - 1, to);
    give();
    errno = error;
}

void mnist_durable_dropped(const char *path)
{
    const int error = errno;
    struct stat st;
    if (look(AT_FDCWD, path, &st)) {
        take();
        forget(inode_of(&st));
        give();
    }
    errno = error;
}

const char *mnist_faults_undurable(void)
{
    take();
    if (directory_waits) {
        complain(name_in_it, "was put in place, but its directory never synced");
    }
    give();
    return wrong[0] == '\0' ? NULL : wrong;
}
