/* What mnist-score has found, and how it is said. */
#ifndef MNIST_CLI_SCORE_SCORING_H
#define MNIST_CLI_SCORE_SCORING_H

#include "cli/score/settings.h"

typedef struct mnist_scoring {
    const mnist_score_settings *settings;
    mnist_text_pairs pairs;
    mnist_line_score *lines;           /* (pairs.count) */
    mnist_text_score score, low, high; /* low and high: where there are resamples */
    uint64_t counts[MNIST_TEXT_COUNTS];
    mnist_bleu_parts bleu;
} mnist_scoring;

/* The result line; before it, if that was asked for, one for each text. */
void mnist_scoring_print(const mnist_scoring *scoring);

/* {"schema": "mnist-score/1", …}; NULL if memory is short. */
json_t *mnist_scoring_json(const mnist_scoring *scoring);

/* Do the scores meet the gates? Says on stderr what does not. */
bool mnist_scoring_check(const mnist_scoring *scoring);

#endif
