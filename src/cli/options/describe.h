/* Manual pages and shell completion, made from a program's option table alone: an option that is
 * added to the table appears in them. */
#ifndef MNIST_CLI_OPTIONS_DESCRIBE_H
#define MNIST_CLI_OPTIONS_DESCRIBE_H

#include "cli/options/options.h"

/* A manual page of section 1, in the man(7) macros. Defaults are what settings hold. programs: the
 * names for SEE ALSO, the last one NULL; the program's own is passed over. Errors of writing are
 * left in out's error flag. */
void mnist_describe_man(const mnist_program *program, const void *settings,
                        const char *const *programs, FILE *out);

/* Completion: bash and fish source their files, zsh finds its own as _NAME on its fpath. Errors of
 * writing as above. */
void mnist_describe_bash(const mnist_program *program, FILE *out);
void mnist_describe_zsh(const mnist_program *program, FILE *out);
void mnist_describe_fish(const mnist_program *program, FILE *out);

#endif
