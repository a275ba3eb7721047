/* Counts of runs of n tokens. */
#ifndef MNIST_SCORE_NGRAMS_H
#define MNIST_SCORE_NGRAMS_H

#include "score/tokens.h"

/* Where each run of a list begins, sorted by up to MNIST_NGRAM_MOST tokens: equal n-grams are neighbours. */
typedef struct mnist_ngrams {
    const uint32_t **starts; /* (count) */
    size_t count;
    const uint32_t *end; /* of the list */
} mnist_ngrams;

/* The list must outlive them. false: memory is short. */
bool mnist_ngrams_sort(mnist_ngrams *out, const mnist_token_list *list, mnist_scratch *scratch);

/* How many n-grams there are, n from 1 to MNIST_NGRAM_MOST. */
uint32_t mnist_ngrams_count(const mnist_ngrams *grams, unsigned n);

/* How many n-grams of the first are in the references: of each as many as there are in the reference that has the most
 * of it. */
uint32_t mnist_ngrams_matches(const mnist_ngrams *hypothesis, const mnist_ngrams *references,
                              size_t reference_count, unsigned n);

#endif
