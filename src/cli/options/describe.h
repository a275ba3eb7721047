/* Manual pages and shell completion, made from a program's option table. All of it goes by the
 * table alone, so that an option that is added is in them.
 */
#ifndef MNIST_CLI_OPTIONS_DESCRIBE_H
#define MNIST_CLI_OPTIONS_DESCRIBE_H

#include "cli/options/options.h"

/* A manual page of section 1, in the man(7) macros. Defaults are what settings hold. programs:
 * names of the programs that it points to, itself among them or not; the last is NULL. Errors of
 * writing are left in out's error flag. */
void mnist_describe_man(const mnist_program *program, const void *settings,
                        const char *const *programs, FILE *out);

/* A file that bash sources, that lies on zsh's fpath as _NAME, that fish sources. Errors of writing
 * as above. */
void mnist_describe_bash(const mnist_program *program, FILE *out);
void mnist_describe_zsh(const mnist_program *program, FILE *out);
void mnist_describe_fish(const mnist_program *program, FILE *out);

#endif
