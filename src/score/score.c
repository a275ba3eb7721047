/* From texts to counts, and from counts to scores. */
#include <mnist/score.h>

#include "base/status.h"
#include "score/bleu.h"
#include "score/edits.h"
#include "score/ngrams.h"
#include "score/sums.h"

#include <assert.h>
#include <math.h>
#include <string.h>

const char *mnist_tokens_name(mnist_tokens tokens)
{
    static const char *const names[MNIST_TOKENS] = {"char", "none", "13a"};
    return (unsigned)tokens < MNIST_TOKENS ? names[tokens] : NULL;
}

mnist_score_config mnist_score_defaults(void)
{
    return (mnist_score_config){.tokens = MNIST_TOKENS_CHAR,
                                .order = MNIST_BLEU_ORDERS,
                                .smoothing = MNIST_SMOOTHING_EXP,
                                .chrf_order = MNIST_CHRF_ORDERS,
                                .chrf_beta = 2.0};
}

/* --- One line ---------------------------------------------------------------------------------------- */

#define TEXTS (MNIST_REFERENCES_MOST + 1)

/* A hypothesis, and its references behind it, as tokens of one kind. */
typedef struct texts {
    mnist_token_list list[TEXTS];
    size_t count; /* 1 + references */
} texts;

static void count_exact(uint32_t *counts, const texts *characters)
{
    const mnist_token_list *own = &characters->list[0];
    for (size_t i = 1; i < characters->count; i++) {
        const mnist_token_list *other = &characters->list[i];
        if (other->count == own->count &&
            memcmp(other->tokens, own->tokens, own->count * sizeof *own->tokens) == 0) {
            counts[MNIST_COUNT_EXACT] = 1;
        }
    }
}

/* to: length of the reference, then the three kinds of edits. */
static bool count_edits(uint32_t *to, const texts *t, mnist_scratch *scratch)
{
    mnist_edits edits, best = {0};
    for (size_t i = 1; i < t->count; i++) {
        if (!mnist_edits_count(&edits, &t->list[0], &t->list[i], scratch)) {
            return false;
        }
        if (i == 1 || mnist_edits_sum(edits) < mnist_edits_sum(best)) {
            best = edits;
            to[0] = (uint32_t)t->list[i].count;
        }
    }
    to[1] = best.substitutions;
    to[2] = best.insertions;
    to[3] = best.deletions;
    return true;
}

static bool sort_ngrams(mnist_ngrams *grams, const texts *t, mnist_scratch *scratch)
{
    for (size_t i = 0; i < t->count; i++) {
        if (!mnist_ngrams_sort(&grams[i], &t->list[i], scratch)) {
            return false;
        }
    }
    return true;
}

static bool count_bleu(uint32_t *counts, const texts *t, unsigned order, mnist_scratch *scratch)
{
    mnist_ngrams grams[TEXTS];
    if (!sort_ngrams(grams, t, scratch)) {
        return false;
    }
    const size_t length = t->list[0].count;
    size_t nearest = t->list[1].count;
    for (size_t i = 2; i < t->count; i++) {
        const size_t other = t->list[i].count;
        const size_t far = nearest > length ? nearest - length : length - nearest;
        const size_t near = other > length ? other - length : length - other;
        if (near < far || (near == far && other < nearest)) {
            nearest = other;
        }
    }
    counts[MNIST_COUNT_TOKENS] = (uint32_t)length;
    counts[MNIST_COUNT_REFERENCE_TOKENS] = (uint32_t)nearest;
    for (unsigned n = 0; n <= order; n++) {
        const uint32_t all = mnist_ngrams_count(&grams[0], n + 1);
        counts[MNIST_COUNT_NGRAMS + n] = all;
        counts[MNIST_COUNT_SHORT + n] = all == 0;
        counts[MNIST_COUNT_MATCHES + n] =
            mnist_ngrams_matches(&grams[0], &grams[1], t->count - 1, n + 1);
    }
    return true;
}

/* to: (orders, 3) */
static void count_chrf_orders(uint32_t *to, const mnist_ngrams *hypothesis,
                              const mnist_ngrams *reference, unsigned orders)
{
    for (unsigned n = 0; n < orders; n++) {
        const uint32_t all = mnist_ngrams_count(reference, n + 1);
        to[3 * n] = all > 0 ? mnist_ngrams_count(hypothesis, n + 1) : 0;
        to[3 * n + 1] = all;
        to[3 * n + 2] = mnist_ngrams_matches(hypothesis, reference, 1, n + 1);
    }
}

/* Popovic's F of mean precision and mean recall, over the orders that both sides have. counts: (orders, 3). */
static double chrf_of(const uint64_t *counts, unsigned orders, double beta)
{
    double precision = 0.0, recall = 0.0;
    unsigned effective = 0;
    for (unsigned n = 0; n < orders; n++) {
        const double hypothesis = (double)counts[3 * n], reference = (double)counts[3 * n + 1];
        const double both = (double)counts[3 * n + 2];
        if (hypothesis > 0.0 && reference > 0.0) {
            precision += both / hypothesis;
            recall += both / reference;
            effective++;
        }
    }
    if (!(precision + recall > 0.0)) {
        return 0.0;
    }
    precision /= effective;
    recall /= effective;
    return (1.0 + beta * beta) * precision * recall / (beta * beta * precision + recall);
}

static unsigned chrf_orders(const mnist_score_config *config)
{
    return config->chrf_order + config->chrf_words;
}

/* Orders of characters and, at once behind those that are asked for, of words. Of several references the one of the best
 * score counts. */
static bool count_chrf(uint32_t *counts, const texts *visible, const texts *words,
                       const mnist_score_config *config, mnist_scratch *scratch)
{
    mnist_ngrams grams[TEXTS], word_grams[TEXTS];
    double best = -1.0;
    if (!sort_ngrams(grams, visible, scratch) || !sort_ngrams(word_grams, words, scratch)) {
        return false;
    }
    for (size_t i = 1; i < visible->count; i++) {
        uint32_t own[3 * (MNIST_CHRF_ORDERS + MNIST_CHRF_WORDS)] = {0};
        uint64_t wide[3 * (MNIST_CHRF_ORDERS + MNIST_CHRF_WORDS)];
        count_chrf_orders(own, &grams[0], &grams[i], config->chrf_order);
        count_chrf_orders(own + 3 * config->chrf_order, &word_grams[0], &word_grams[i],
                          config->chrf_words);
        for (size_t c = 0; c < sizeof own / sizeof *own; c++) {
            wide[c] = own[c];
        }
        const double score = chrf_of(wide, chrf_orders(config), config->chrf_beta);
        if (score > best) {
            best = score;
            memcpy(counts + MNIST_COUNT_CHRF, own, sizeof own);
        }
    }
    return true;
}

/* false: memory is short. characters: of all texts. */
static bool count_all(uint32_t *counts, const texts *characters, const mnist_score_config *config,
                      mnist_scratch *scratch)
{
    texts words = {.count = characters->count}, visible = words, tokens = words, parts = words;
    for (size_t i = 0; i < visible.count; i++) {
        if (!mnist_tokens_visible(&visible.list[i], &characters->list[i], scratch)) {
            return false;
        }
    }
    if (!mnist_tokens_words(words.list, characters->list, words.count, MNIST_WORDS_BLANKS,
                            scratch) ||
        !mnist_tokens_words(parts.list, characters->list, parts.count, MNIST_WORDS_CHRF, scratch)) {
        return false;
    }
    if (config->tokens == MNIST_TOKENS_13A &&
        !mnist_tokens_words(tokens.list, characters->list, tokens.count, MNIST_WORDS_13A,
                            scratch)) {
        return false;
    }
    count_exact(counts, characters);
    return count_edits(counts + MNIST_COUNT_CHARACTERS, characters, scratch) &&
           count_edits(counts + MNIST_COUNT_WORDS, &words, scratch) &&
           count_bleu(counts,
                      config->tokens == MNIST_TOKENS_CHAR   ? &visible
                      : config->tokens == MNIST_TOKENS_NONE ? &words
                                                            : &tokens,
                      config->order, scratch) &&
           count_chrf(counts, &visible, &parts, config, scratch);
}

static void widen(uint64_t *to, const uint32_t *from)
{
    for (size_t i = 0; i < MNIST_TEXT_COUNTS; i++) {
        to[i] = from[i];
    }
}

static mnist_status fail_text(const mnist_text_pair *pair, const char *text, const char *why,
                              mnist_error *err)
{
    return mnist_fail(err, MNIST_ERR_FORMAT, "the text \"%.100s\"%s%.200s %s", text,
                      pair->name ? " of " : "", pair->name ? pair->name : "", why);
}

mnist_status mnist_score_line(mnist_line_score *out, const mnist_text_pair *pair,
                              const mnist_score_config *config, mnist_error *err)
{
    assert(pair->reference_count >= 1 && pair->reference_count <= MNIST_REFERENCES_MOST);
    assert(config->order >= 1 && config->order <= MNIST_BLEU_ORDERS);
    mnist_scratch scratch = {NULL};
    texts characters = {.count = 1 + pair->reference_count};
    mnist_status status = MNIST_OK;
    *out = (mnist_line_score){0};
    for (size_t i = 0; i < characters.count && status == MNIST_OK; i++) {
        const char *text = i == 0 ? pair->hypothesis : pair->references[i - 1];
        bool bad = false;
        if (strlen(text) > MNIST_LINE_BYTES_MOST) {
            status = fail_text(pair, text, "is longer than a line may be", err);
        } else if (!mnist_tokens_characters(&characters.list[i], text, &scratch, &bad)) {
            status = bad ? fail_text(pair, text, "is not UTF-8", err)
                         : mnist_fail_memory(err, 4 * strlen(text), "a line's characters");
        }
    }
    if (status == MNIST_OK && !count_all(out->counts, &characters, config, &scratch)) {
        status = mnist_fail_memory(err, 64 * characters.list[0].count, "a line's score");
    }
    if (status == MNIST_OK) {
        uint64_t counts[MNIST_TEXT_COUNTS];
        widen(counts, out->counts);
        out->sentence_bleu = mnist_bleu(counts, config, true, NULL);
    }
    mnist_scratch_free(&scratch);
    return status;
}

/* --- Many lines --------------------------------------------------------------------------------------- */

/* counts: of a length, and the three kinds of edits. */
static double rate(const uint64_t *counts)
{
    const double edits = (double)(counts[1] + counts[2] + counts[3]);
    return counts[0] > 0 ? edits / (double)counts[0] : edits > 0.0 ? (double)INFINITY : 0.0;
}

void mnist_score_of(mnist_text_score *out, const uint64_t *counts, double bleus, size_t lines,
                    const mnist_score_config *config, mnist_bleu_parts *parts)
{
    *out = (mnist_text_score){
        .exact = (double)counts[MNIST_COUNT_EXACT] / (double)lines,
        .cer = rate(counts + MNIST_COUNT_CHARACTERS),
        .wer = rate(counts + MNIST_COUNT_WORDS),
        .bleu = mnist_bleu(counts, config, false, parts),
        .sentence_bleu = bleus / (double)lines,
        .chrf = chrf_of(counts + MNIST_COUNT_CHRF, chrf_orders(config), config->chrf_beta),
    };
}

void mnist_score_lines(mnist_text_score *out, const mnist_line_score *lines, size_t count,
                       const mnist_score_config *config, uint64_t *counts, mnist_bleu_parts *parts)
{
    double bleus = 0.0;
    memset(counts, 0, MNIST_TEXT_COUNTS * sizeof *counts);
    for (size_t i = 0; i < count; i++) {
        mnist_score_add(counts, &bleus, &lines[i]);
    }
    mnist_score_of(out, counts, bleus, count, config, parts);
}

double mnist_line_chrf(const mnist_line_score *line, const mnist_score_config *config)
{
    uint64_t counts[MNIST_TEXT_COUNTS];
    widen(counts, line->counts);
    return chrf_of(counts + MNIST_COUNT_CHRF, chrf_orders(config), config->chrf_beta);
}
