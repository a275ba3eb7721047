/* How many edits make one list of tokens of another (Levenshtein 1965). */
#ifndef MNIST_SCORE_EDITS_H
#define MNIST_SCORE_EDITS_H

#include "score/tokens.h"

typedef struct mnist_edits {
    uint32_t substitutions, insertions, deletions;
} mnist_edits;

static inline uint32_t mnist_edits_sum(mnist_edits edits)
{
    return edits.substitutions + edits.insertions + edits.deletions;
}

/* The fewest that make the hypothesis of the reference; of those, as many substitutions as can be. Lists of at most
 * 16384 tokens. false: memory is short. */
bool mnist_edits_count(mnist_edits *out, const mnist_token_list *hypothesis,
                       const mnist_token_list *reference, mnist_scratch *scratch);

#endif
