#include "score/ngrams.h"

#include <stdlib.h>

/* A list that ends early comes first: its end is 0, which no token is. */
static int compare(const uint32_t *a, const uint32_t *b, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (a[i] != b[i]) {
            return a[i] < b[i] ? -1 : 1;
        }
        if (a[i] == 0) {
            return 0;
        }
    }
    return 0;
}

static int by_tokens(const void *a, const void *b)
{
    return compare(*(const uint32_t *const *)a, *(const uint32_t *const *)b, MNIST_NGRAM_MOST);
}

bool mnist_ngrams_sort(mnist_ngrams *out, const mnist_token_list *list, mnist_scratch *scratch)
{
    *out =
        (mnist_ngrams){.starts = mnist_scratch_take(scratch, list->count + 1, sizeof *out->starts),
                       .count = list->count,
                       .end = list->tokens + list->count};
    if (!out->starts) {
        return false;
    }
    for (size_t i = 0; i < list->count; i++) {
        out->starts[i] = list->tokens + i;
    }
    qsort(out->starts, out->count, sizeof *out->starts, by_tokens);
    return true;
}

uint32_t mnist_ngrams_count(const mnist_ngrams *grams, unsigned n)
{
    return grams->count >= n ? (uint32_t)(grams->count - n + 1) : 0;
}

/* The first place whose n-gram is not before that one; after: the first that is beyond it. */
static size_t bound(const mnist_ngrams *grams, const uint32_t *gram, unsigned n, bool after)
{
    size_t low = 0, high = grams->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = compare(grams->starts[middle], gram, n);
        if (order < 0 || (after && order == 0)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

uint32_t mnist_ngrams_matches(const mnist_ngrams *hypothesis, const mnist_ngrams *references,
                              size_t reference_count, unsigned n)
{
    size_t matches = 0;
    for (size_t i = 0, end; i < hypothesis->count; i = end) {
        const uint32_t *gram = hypothesis->starts[i];
        end = i + 1;
        if ((size_t)(hypothesis->end - gram) < n) {
            continue; /* too near the end of its list */
        }
        while (end < hypothesis->count && compare(hypothesis->starts[end], gram, n) == 0) {
            end++;
        }
        size_t most = 0;
        for (size_t r = 0; r < reference_count; r++) {
            const size_t there =
                bound(&references[r], gram, n, true) - bound(&references[r], gram, n, false);
            most = there > most ? there : most;
        }
        matches += end - i < most ? end - i : most;
    }
    return (uint32_t)matches;
}
