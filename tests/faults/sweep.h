/* What the parts of the sweep share: scenarios, cases, and how a case has ended. */
#ifndef MNIST_TESTS_FAULTS_SWEEP_H
#define MNIST_TESTS_FAULTS_SWEEP_H

#include "faults.h"

#include <stdio.h>

#define MOST_WORDS 40
#define MOST_FILES 6

/* What may be left of an output when a call has failed. */
typedef enum file_kind {
    FILE_NONE,
    FILE_WHOLE,     /* as it was before, or as an undisturbed run leaves it */
    FILE_PAGE,      /* the same of a page, times apart */
    FILE_GROWING,   /* a log: whole lines from its beginning on */
    FILE_CHECKPOINT /* a training goes on from it, and ends as if nothing had happened */
} file_kind;

/* A program's run, in a directory of its own. */
typedef struct scenario {
    const char *name;
    const char *program;
    int (*main)(int argc, char **argv);
    const char *words[MOST_WORDS]; /* without argv[0]; NULL ends them */
    const char *in;                /* of the given files, stdin; NULL: as it is */
    const char
        *given[MOST_FILES]; /* files of the base that are there before, under their own names */
    const char *older[MOST_FILES]; /* base files and what they are called here: "m2.st=m.st" */
    struct {
        const char *name;
        file_kind kind;
    } outputs[MOST_FILES];
    const char *log;   /* of what resumes */
    const char *model; /* of what resumes */
    bool clocked;      /* what it does goes by the clock: what it prints is not compared */
    bool config;       /* reads a config file, and so may call a failure a usage error */
} scenario;

extern const scenario scenarios[];

/* The files that scenarios are given; in the directory that is the current one. false: reported. */
bool make_base(void);

/* How a child has ended, and what it has counted. */
typedef struct ending {
    int code; /* of exit; 128 and more: of a signal */
    unsigned long counts[MNIST_FAULT_CLASSES];
    bool struck, struck_output; /* by the fault: a call; one by which an output comes about */
    char undurable[300];        /* what was left out that makes outputs durable; "" nothing */
    int descriptors;            /* more open ones than before */
} ending;

/* Runs a program in a child, in the directory, stdout and stderr into files. fault NULL: none. */
ending run_child(const scenario *s, const char *const *words, const char *dir,
                 const mnist_fault *fault, const char *out, const char *err);

/* All of a file and a zero, to be freed; NULL if it cannot be read. */
char *read_all(const char *path, size_t *size);

/* Did the case pass? If not, why not. dir: what the run has left; reference: what an undisturbed
 * run leaves. */
bool judge(const scenario *s, const mnist_fault *fault, const ending *end, const char *dir,
           const char *reference, char *why, size_t size);

/* Leaves out, in the directory that is the current one, what is to be noticed. false: it was not,
 * which is reported. */
bool test_account(void);

/* A child without faults that goes by the scenario's words or others; used by judge. */
#define OUT_NAME "../stdout"
#define ERR_NAME "../stderr"

#endif
