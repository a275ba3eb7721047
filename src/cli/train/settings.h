/* The settings of mnist-train. */
#ifndef MNIST_CLI_TRAIN_SETTINGS_H
#define MNIST_CLI_TRAIN_SETTINGS_H

#include "cli/shared/training.h"
#include "cli/terminal/progress.h"

/* Stands for each run's seed in --output and --report. */
#define MNIST_SEED_MARK "{seed}"

typedef struct mnist_train_settings {
    mnist_training_settings training;
    unsigned threads; /* 0: mnist_cpu_count() */
    unsigned runs;
    unsigned ensemble;   /* members of a committee; 0: none is asked for */
    double tune_seconds; /* > 0; 0: --tune is not given */
    bool dry_run;
    const char *preview;    /* picture of the training images, and no training; NULL: none */
    const char *output;     /* model file, maybe with MNIST_SEED_MARK; NULL: none */
    const char *log;        /* NULL: none */
    const char *report;     /* HTML page, maybe with MNIST_SEED_MARK; NULL: none */
    uint64_t log_every;     /* steps; 0: epochs only */
    const char *checkpoint; /* NULL: none */
    mnist_interval checkpoint_every; /* all zero: every epoch */
    const char *init_from; /* a model whose weights the training begins with; NULL: drawn ones */
    const struct mnist_initial *initial; /* what it begins with (initial.h); NULL: drawn weights */
    const char *resume; /* the checkpoint to go on from; NULL: from the beginning */
    const struct mnist_resumption *resumed; /* what that file holds (resume.h); NULL as resume is */
    mnist_gate_settings gate;
    mnist_output_settings out;
    bool verbose;
    mnist_progress_mode progress; /* NONE if out.quiet: see mnist_train_progress_mode */
} mnist_train_settings;

/* The defaults. */
mnist_train_settings mnist_train_settings_defaults(void);

enum { MNIST_TRAIN_SECTIONS = 21 };
extern const mnist_option_section mnist_train_sections[]; /* its option table */

extern const mnist_program mnist_train_program; /* of these sections; in program.c */

/* settle and validate of the program (cli/options/options.h); a checkpoint's settings go through
 * them too. */
void mnist_train_settle(void *settings, const mnist_parsed *parsed);
bool mnist_train_validate(const void *settings, const mnist_parsed *parsed, mnist_error *err);

/* The progress that --progress and --quiet together ask for. */
mnist_progress_mode mnist_train_progress_mode(const mnist_train_settings *settings);

#endif
