#include "score/edits.h"

/* An edit costs EDIT, and one that is no substitution 1 more: the least sum has the fewest edits, and of those the
 * fewest insertions and deletions, of which there are never more than 2 * 16384. */
enum { EDIT = 65536, INDEL = EDIT + 1 };

static uint32_t least_cost(const mnist_token_list *hypothesis, const mnist_token_list *reference,
                           uint32_t *row)
{
    for (size_t h = 0; h <= hypothesis->count; h++) {
        row[h] = (uint32_t)h * INDEL;
    }
    for (size_t r = 0; r < reference->count; r++) {
        uint32_t corner = row[0]; /* of the row above, left of h */
        row[0] += INDEL;
        for (size_t h = 0; h < hypothesis->count; h++) {
            const uint32_t differ = hypothesis->tokens[h] != reference->tokens[r];
            const uint32_t across = corner + differ * EDIT;
            corner = row[h + 1];
            const uint32_t side = (corner < row[h] ? corner : row[h]) + INDEL;
            row[h + 1] = across < side ? across : side;
        }
    }
    return row[hypothesis->count];
}

bool mnist_edits_count(mnist_edits *out, const mnist_token_list *hypothesis,
                       const mnist_token_list *reference, mnist_scratch *scratch)
{
    uint32_t *row = mnist_scratch_take(scratch, hypothesis->count + 1, sizeof *row);
    if (!row) {
        return false;
    }
    const uint32_t cost = least_cost(hypothesis, reference, row);
    const uint32_t edits = cost / EDIT, indels = cost % EDIT;
    const uint32_t to = (uint32_t)hypothesis->count, from = (uint32_t)reference->count;
    /* insertions - deletions = difference of the lengths */
    *out = (mnist_edits){.substitutions = edits - indels,
                         .insertions = (indels + to - from) / 2,
                         .deletions = (indels + from - to) / 2};
    return true;
}
