/* mnist-describe: writes the programs' manual pages and shell completion while they are built. It
 * is not installed. */
#define _POSIX_C_SOURCE 200809L
#include "cli/describe/programs.h"
#include "cli/options/describe.h"

#include <stdlib.h>
#include <string.h>

#define PROGRAM "mnist-describe"

static int usage(void)
{
    fputs("Usage: " PROGRAM " man|bash|zsh|fish PROGRAM [FILE]\n"
          "       " PROGRAM " programs\n",
          stderr);
    return MNIST_EXIT_USAGE;
}

/* A manual page says what each option's default is, and points to all programs. */
static bool describe_man(const mnist_program *program, FILE *out)
{
    size_t count = 0;
    while (mnist_programs[count]) {
        count++;
    }
    const char **names = calloc(count + 1, sizeof *names);
    void *settings = calloc(1, program->settings_size);
    const bool room = names && settings;
    if (room) {
        for (size_t i = 0; i < count; i++) {
            names[i] = mnist_programs[i]->name;
        }
        program->defaults(settings);
        mnist_describe_man(program, settings, names, out);
    }
    free(settings);
    free(names);
    return room;
}

typedef enum result { DONE, FAILED, UNKNOWN_KIND } result;

static result describe(const char *kind, const mnist_program *program, FILE *out)
{
    bool good = true;
    if (strcmp(kind, "man") == 0) {
        good = describe_man(program, out);
    } else if (strcmp(kind, "bash") == 0) {
        mnist_describe_bash(program, out);
    } else if (strcmp(kind, "zsh") == 0) {
        mnist_describe_zsh(program, out);
    } else if (strcmp(kind, "fish") == 0) {
        mnist_describe_fish(program, out);
    } else {
        return UNKNOWN_KIND;
    }
    return good && fflush(out) == 0 && !ferror(out) ? DONE : FAILED;
}

int main(int argc, char **argv)
{
    const mnist_program *const *program = mnist_programs;
    if (argc == 2 && strcmp(argv[1], "programs") == 0) {
        for (; *program; program++) {
            puts((*program)->name);
        }
        return fflush(stdout) == 0 ? MNIST_EXIT_OK : MNIST_EXIT_FAILURE;
    }
    if (argc != 3 && argc != 4) {
        return usage();
    }
    while (*program && strcmp((*program)->name, argv[2]) != 0) {
        program++;
    }
    if (!*program) {
        fprintf(stderr, PROGRAM ": no program %s is known: it is not in CMakeLists.txt\n", argv[2]);
        return MNIST_EXIT_USAGE;
    }
    const char *path = argc == 4 ? argv[3] : NULL;
    FILE *out = path ? fopen(path, "w") : stdout;
    if (!out) {
        perror(path);
        return MNIST_EXIT_FAILURE;
    }
    result end = describe(argv[1], *program, out);
    if (path && fclose(out) != 0 && end == DONE) {
        end = FAILED;
    }
    if (path && end != DONE) {
        remove(path); /* a build must not go on with half a file */
    }
    if (end == UNKNOWN_KIND) {
        return usage();
    }
    if (end == FAILED) {
        perror(path ? path : "stdout");
    }
    return end == DONE ? MNIST_EXIT_OK : MNIST_EXIT_FAILURE;
}
