/* mnist-describe: writes the programs' manual pages and shell completion while they are built. It
 * is not installed. A new program is one line in PROGRAMS. */
#define _POSIX_C_SOURCE 200809L
#include "cli/options/describe.h"
#include "cli/bench/settings.h"
#include "cli/eval/settings.h"
#include "cli/predict/settings.h"
#include "cli/train/settings.h"

#include <stdlib.h>
#include <string.h>

#define PROGRAM  "mnist-describe"
#define PROGRAMS X(train) X(eval) X(predict) X(bench)

#define X(name) "mnist-" #name,
static const char *const program_names[] = {PROGRAMS NULL};
#undef X
#define X(name) &mnist_##name##_program,
static const mnist_program *const programs[] = {PROGRAMS NULL};
#undef X

/* Defaults are what a page shows. */
static bool describe_man(const mnist_program *program, FILE *out)
{
    void *settings = calloc(1, program->settings_size);
    if (settings) {
        program->defaults(settings);
        mnist_describe_man(program, settings, program_names, out);
    }
    free(settings);
    return settings != NULL;
}

static int usage(void)
{
    fputs("Usage: " PROGRAM " man|bash|zsh|fish PROGRAM [FILE]\n"
          "       " PROGRAM " programs\n",
          stderr);
    return MNIST_EXIT_USAGE;
}

static bool describe(const char *kind, size_t index, FILE *out)
{
    if (strcmp(kind, "man") == 0) {
        return describe_man(programs[index], out);
    } else if (strcmp(kind, "bash") == 0) {
        mnist_describe_bash(programs[index], out);
    } else if (strcmp(kind, "zsh") == 0) {
        mnist_describe_zsh(programs[index], out);
    } else if (strcmp(kind, "fish") == 0) {
        mnist_describe_fish(programs[index], out);
    } else {
        return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    size_t index = 0;
    if (argc == 2 && strcmp(argv[1], "programs") == 0) {
        for (; programs[index]; index++) {
            puts(programs[index]->name);
        }
        return fflush(stdout) == 0 ? MNIST_EXIT_OK : MNIST_EXIT_FAILURE;
    }
    if (argc != 3 && argc != 4) {
        return usage();
    }
    while (programs[index] && strcmp(programs[index]->name, argv[2]) != 0) {
        index++;
    }
    if (!programs[index]) {
        fprintf(stderr,
                PROGRAM ": no program %s is known; it is to be added to src/cli/describe/main.c\n",
                argv[2]);
        return MNIST_EXIT_USAGE;
    }
    const char *path = argc == 4 ? argv[3] : NULL;
    FILE *out = path ? fopen(path, "w") : stdout;
    if (!out) {
        perror(path);
        return MNIST_EXIT_FAILURE;
    }
    const bool known = describe(argv[1], index, out);
    bool complete = known && fflush(out) == 0 && !ferror(out);
    complete = (!path || fclose(out) == 0) && complete;
    if (path && !complete) {
        remove(path); /* a build must not go on with half a file */
    }
    if (!known) {
        return usage();
    }
    if (!complete) {
        perror(path ? path : "stdout");
    }
    return complete ? MNIST_EXIT_OK : MNIST_EXIT_FAILURE;
}
