/* Sums over lines, whichever are taken. */
#ifndef MNIST_SCORE_SUMS_H
#define MNIST_SCORE_SUMS_H

#include <mnist/score.h>

/* Adds a line to the sums: counts, (MNIST_TEXT_COUNTS), and sentences' BLEU. */
static inline void mnist_score_add(uint64_t *counts, double *bleus, const mnist_line_score *line)
{
    for (size_t c = 0; c < MNIST_TEXT_COUNTS; c++) {
        counts[c] += line->counts[c];
    }
    *bleus += line->sentence_bleu;
}

/* The scores of such sums. parts: may be NULL. */
void mnist_score_of(mnist_text_score *out, const uint64_t *counts, double bleus, size_t lines,
                    const mnist_score_config *config, mnist_bleu_parts *parts);

#endif
