/* What mnist-compress can be told. */
#ifndef MNIST_CLI_COMPRESS_SETTINGS_H
#define MNIST_CLI_COMPRESS_SETTINGS_H

#include "cli/shared/training.h"
#include "cli/terminal/progress.h"

#include <mnist/eval.h>

/* What is done, in the order of their names in STEP. */
typedef enum mnist_compress_step {
    MNIST_COMPRESS_PRUNE,
    MNIST_COMPRESS_QUANTIZE,
    MNIST_COMPRESS_PACK,
    MNIST_COMPRESS_AUTO,
    MNIST_COMPRESS_SWEEP,
    MNIST_COMPRESS_STEPS
} mnist_compress_step;

/* "prune", "quantize", "pack", "auto", "sweep"; NULL past the end. */
const char *mnist_compress_step_name(mnist_compress_step step);

/* What numbers parameters become. */
typedef enum mnist_compress_bits {
    MNIST_COMPRESS_FP16,
    MNIST_COMPRESS_BF16,
    MNIST_COMPRESS_INT8, /* the next have a bit less each, down to 2 */
    MNIST_COMPRESS_INT2 = MNIST_COMPRESS_INT8 + 6,
    MNIST_COMPRESS_TERNARY, /* the same as int2 */
    MNIST_COMPRESS_BINARY,
    MNIST_COMPRESS_BITS
} mnist_compress_bits;

/* "fp16", "bf16", "int8" to "int2", "ternary", "binary"; NULL past the end. */
const char *mnist_compress_bits_name(mnist_compress_bits bits);
/* 8 to 2, of binary 2, too; 0 of those that are floats. */
unsigned mnist_compress_whole_bits(mnist_compress_bits bits);

/* Which metadata a packed model keeps. */
typedef enum mnist_compress_metadata {
    MNIST_COMPRESS_METADATA_SHORT, /* all but digests of other models, which do not get smaller */
    MNIST_COMPRESS_METADATA_ALL,
    MNIST_COMPRESS_METADATA_NONE,
    MNIST_COMPRESS_METADATAS
} mnist_compress_metadata;

/* "short", "all", "none"; NULL past the end. */
const char *mnist_compress_metadata_name(mnist_compress_metadata metadata);

typedef struct mnist_compress_settings {
    mnist_compress_step step; /* of the first operand; set by settle */
    mnist_compress_bits bits;
    size_t calibrate; /* training images that ranges of activations are taken from */
    mnist_range_rule range;
    unsigned levels;    /* different weights of a layer when packed; 0: as many as there are */
    bool has_levels;    /* it was given; set by settle */
    unsigned bias_bits; /* when packed; 0: all bits */
    mnist_compress_metadata metadata; /* when packed */
    unsigned codebook;                /* levels that pruning ends with; 0: any floats */
    const char *keep;       /* what pruning leaves (mnist_pruning_parse); NULL: not given */
    const char *rewind;     /* model of the weights that retraining begins with; NULL: MODEL's */
    bool compact;           /* hidden units that are not needed go */
    mnist_widths codebooks; /* of auto and sweep: how many levels are tried */
    const char *max_bytes_text;       /* NULL: not given */
    size_t max_bytes;                 /* of the file that auto writes; 0: any; set by settle */
    unsigned tries;                   /* of auto: retrainings for each of codebooks */
    const char *report;               /* of sweep: the page; NULL: none */
    mnist_training_settings training; /* how a step trains; the data of all steps */
    bool trains; /* all do but pack, and quantize without --epochs; set by settle */
    bool test;
    unsigned threads;  /* 0: mnist_cpu_count() */
    double max_loss;   /* of validation accuracy, 0 to 1; counts where it is given */
    bool has_max_loss; /* set by settle */
    bool dry_run;
    const char *output; /* NULL: not given */
    mnist_output_settings out;
    mnist_progress_mode progress;
} mnist_compress_settings;

/* Everything that holds when nothing is said. */
mnist_compress_settings mnist_compress_settings_defaults(void);

/* A number of bytes, whole or decimal, with a unit or without: "12288", "12KiB", "1.5kB". 0: it is
 * none, or too large. */
size_t mnist_compress_read_bytes(const char *text);

/* Of a text like "20%,10%,units", which says several shares of weights and once how they are left,
 * the spec with the share of that index, from 0: "10%,units". false: there are not so many. What
 * comes out is checked by mnist_pruning_parse. */
bool mnist_compress_spec(const char *text, size_t index, char spec[MNIST_PRUNING_TEXT]);

/* The program's first sections are of some steps alone. Those after them, up to FIRST_SHARED, are for
 * training. */
enum { MNIST_COMPRESS_OWN_SECTIONS = 9, MNIST_COMPRESS_FIRST_SHARED = 15 };
extern const mnist_option mnist_compress_step_option; /* the first operand */

/* validate of the program: all that can be checked without the model. */
bool mnist_compress_check(const void *settings, const mnist_parsed *parsed, mnist_error *err);

extern const mnist_program mnist_compress_program; /* operands: STEP, MODEL */

#endif
