/* How far scores would be off on other lines of the same kind: Efron's bootstrap, its percentiles. */
#include <mnist/score.h>

#include "base/memory.h"
#include "base/rng.h"
#include "base/status.h"
#include "score/sums.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { SCORES = sizeof(mnist_text_score) / sizeof(double) };
_Static_assert(sizeof(mnist_text_score) == SCORES * sizeof(double), "a struct of doubles");

static int ascending(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* The scores of one resample, as an array. */
static void resample(double *scores, const mnist_line_score *lines, size_t count,
                     const mnist_score_config *config, uint64_t seed, unsigned number)
{
    uint64_t counts[MNIST_TEXT_COUNTS] = {0};
    double bleus = 0.0;
    mnist_text_score score;
    for (size_t i = 0; i < count; i += 4) {
        const mnist_rng_block block = mnist_rng(seed, MNIST_RNG_BOOTSTRAP, number, i / 4);
        const size_t left = count - i;
        for (size_t w = 0; w < (left < 4 ? left : 4); w++) {
            mnist_score_add(counts, &bleus,
                            &lines[mnist_rng_below(block.word[w], (uint32_t)count)]);
        }
    }
    mnist_score_of(&score, counts, bleus, count, config, NULL);
    memcpy(scores, &score, sizeof score);
}

mnist_status mnist_score_bootstrap(mnist_text_score *low, mnist_text_score *high,
                                   const mnist_line_score *lines, size_t count,
                                   const mnist_score_config *config,
                                   const mnist_resampling *resampling, mnist_error *err)
{
    const unsigned resamples = resampling->resamples;
    assert(resamples >= 40 && count >= 1 && count <= MNIST_LINES_MOST);
    double *all = mnist_alloc((size_t)resamples * SCORES, sizeof *all); /* (SCORES, resamples) */
    double scores[SCORES], lows[SCORES], highs[SCORES];
    if (!all) {
        return mnist_fail_memory(err, (size_t)resamples * SCORES * sizeof *all,
                                 "the scores of resamples");
    }
    for (unsigned r = 0; r < resamples; r++) {
        resample(scores, lines, count, config, resampling->seed, r);
        for (size_t s = 0; s < SCORES; s++) {
            all[s * resamples + r] = scores[s];
        }
    }
    for (size_t s = 0; s < SCORES; s++) {
        double *own = all + s * resamples;
        qsort(own, resamples, sizeof *own, ascending);
        lows[s] = own[resamples / 40 - 1];
        highs[s] = own[resamples - resamples / 40 - 1];
    }
    memcpy(low, lows, sizeof lows);
    memcpy(high, highs, sizeof highs);
    mnist_free(all);
    return MNIST_OK;
}
