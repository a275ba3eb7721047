/* BLEU of sums of counts. */
#ifndef MNIST_SCORE_BLEU_H
#define MNIST_SCORE_BLEU_H

#include <mnist/score.h>

/* counts: (MNIST_TEXT_COUNTS), of one line or of many. sentence: sacreBLEU's smoothings have the orders alone of which
 * there are n-grams. parts: may be NULL. */
double mnist_bleu(const uint64_t *counts, const mnist_score_config *config, bool sentence,
                  mnist_bleu_parts *parts);

#endif
