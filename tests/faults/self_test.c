/* Does the record of what is durable (durable.h) notice what is left out? If not, every program
 * would pass. */
#define _POSIX_C_SOURCE 200809L
#include "sweep.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* What a program may do, in order: w, s write and sync a temporary file, r, c rename it to a model
 * or to a checkpoint, d syncs the directory, l, k write and sync a log. */
static const struct {
    const char *steps;
    bool durable;
} cases[] = {
    {"wsrd", true},     {"wrd", false},  {"swrd", false},    {"wsr", false},
    {"wsdr", false},    {"lwsrd", true}, {"lwscd", false},   {"lkwscd", true},
    {"lklwscd", false}, {"wscdl", true}, {"wsrwsrd", false},
};

static bool change(const char *name, bool write_it, bool sync_it)
{
    const int fd = open(name, O_WRONLY | O_CREAT | O_APPEND, 0666);
    return fd >= 0 && (!write_it || write(fd, "x", 1) == 1) && (!sync_it || fsync(fd) == 0) &&
           close(fd) == 0;
}

static bool step(char what)
{
    switch (what) {
    case 'w':
        return change("a.tmp", true, false);
    case 's':
        return change("a.tmp", false, true);
    case 'r':
        return rename("a.tmp", "model") == 0;
    case 'c':
        return rename("a.tmp", "checkpoint") == 0;
    case 'l':
        return change("log", true, false);
    case 'k':
        return change("log", false, true);
    default: {
        const int fd = open(".", O_RDONLY | O_DIRECTORY);
        return fd >= 0 && fsync(fd) == 0 && close(fd) == 0;
    }
    }
}

bool test_account(void)
{
    static const char *const checkpoints[] = {"checkpoint", NULL};
    bool good = true;
    mnist_faults_checkpoints(checkpoints);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool done = true;
        mnist_faults_arm(NULL);
        for (const char *next = cases[i].steps; *next; next++) {
            done = done && step(*next);
        }
        const char *undurable = mnist_faults_undurable();
        mnist_faults_disarm();
        if (!done || (undurable == NULL) != cases[i].durable) {
            fprintf(stderr, "fault-sweep: self-test: %s: %s\n", cases[i].steps,
                    !done       ? "cannot be done here"
                    : undurable ? undurable
                                : "nothing was noticed");
            good = false;
        }
    }
    unlink("model");
    unlink("checkpoint");
    unlink("log");
    return good;
}
