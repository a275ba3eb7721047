/* What mnist-score can be told. */
#ifndef MNIST_CLI_SCORE_SETTINGS_H
#define MNIST_CLI_SCORE_SETTINGS_H

#include "cli/shared/settings.h"

#include <mnist/score.h>

/* What a score must reach. Each counts where it is given, also if it is 0. */
typedef struct mnist_score_gates {
    double min_exact, min_bleu, min_chrf;                                     /* 0 to 1 */
    double max_cer, max_wer;                                                  /* at least 0 */
    bool has_min_exact, has_min_bleu, has_min_chrf, has_max_cer, has_max_wer; /* set by settle */
} mnist_score_gates;

typedef struct mnist_score_settings {
    mnist_score_config config;
    double smoothing_value; /* 0: as the smoothing has it */
    mnist_line_layout layout;
    mnist_score_gates gates;
    unsigned resamples; /* 0: no intervals; else at least 40 */
    uint64_t seed;
    bool each; /* a line for each text, too */
    mnist_output_settings out;
} mnist_score_settings;

/* Everything that holds when nothing is said. */
mnist_score_settings mnist_score_settings_defaults(void);

extern const mnist_program mnist_score_program; /* operands: REFS, HYPS, more REFS */

#endif
