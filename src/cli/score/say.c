/* The scores as text and as JSON, and the gates. */
#include "cli/score/scoring.h"

#include "cli/shared/figures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PROGRAM "mnist-score"

enum { SCORES = sizeof(mnist_text_score) / sizeof(double) };

/* What each score is called, and where it lies. */
static const struct {
    const char *name;
    size_t offset;
} scores[SCORES] = {
    {"exact", offsetof(mnist_text_score, exact)},
    {"cer", offsetof(mnist_text_score, cer)},
    {"wer", offsetof(mnist_text_score, wer)},
    {"bleu", offsetof(mnist_text_score, bleu)},
    {"sentence_bleu", offsetof(mnist_text_score, sentence_bleu)},
    {"chrf", offsetof(mnist_text_score, chrf)},
};

static double value_of(const mnist_text_score *score, size_t index)
{
    return *(const double *)(const void *)((const char *)score + scores[index].offset);
}

/* --- Text --------------------------------------------------------------------------------------------- */

static uint32_t character_edits(const mnist_line_score *line)
{
    return line->counts[MNIST_COUNT_CHARACTER_SUBSTITUTIONS] +
           line->counts[MNIST_COUNT_CHARACTER_INSERTIONS] +
           line->counts[MNIST_COUNT_CHARACTER_DELETIONS];
}

static void print_each(const mnist_scoring *s)
{
    for (size_t i = 0; i < s->pairs.count; i++) {
        const mnist_text_pair *pair = &s->pairs.pairs[i];
        const mnist_line_score *line = &s->lines[i];
        if (pair->name) {
            mnist_print_plain(pair->name, stdout);
        } else {
            printf("%zu", i + 1);
        }
        printf("\t%u\t%u\t%.6f\t%.6f\t", line->counts[MNIST_COUNT_EXACT], character_edits(line),
               line->sentence_bleu, mnist_line_chrf(line, &s->settings->config));
        mnist_print_plain(pair->hypothesis, stdout);
        putchar('\n');
    }
}

void mnist_scoring_print(const mnist_scoring *s)
{
    if (s->settings->each) {
        print_each(s);
    }
    for (size_t i = 0; i < SCORES; i++) {
        printf("%s=%.6f ", scores[i].name, value_of(&s->score, i));
        if (s->settings->resamples > 0) {
            printf("%s_low=%.6f %s_high=%.6f ", scores[i].name, value_of(&s->low, i),
                   scores[i].name, value_of(&s->high, i));
        }
    }
    printf("n=%zu\n", s->pairs.count);
}

/* --- JSON --------------------------------------------------------------------------------------------- */

/* {"value", "low", "high"}, the last two where there are intervals. */
static json_t *score_json(const mnist_scoring *s, size_t index)
{
    json_t *object = json_object();
    mnist_json_put(&object, "value", mnist_json_number(value_of(&s->score, index)));
    if (s->settings->resamples > 0) {
        mnist_json_put(&object, "low", mnist_json_number(value_of(&s->low, index)));
        mnist_json_put(&object, "high", mnist_json_number(value_of(&s->high, index)));
    }
    return object;
}

static void put_edits(json_t **object, const uint64_t *counts, const char *of_what)
{
    mnist_json_put(object, of_what, mnist_json_whole(counts[0]));
    mnist_json_put(object, "substitutions", mnist_json_whole(counts[1]));
    mnist_json_put(object, "insertions", mnist_json_whole(counts[2]));
    mnist_json_put(object, "deletions", mnist_json_whole(counts[3]));
}

static void put_bleu(json_t **object, const mnist_scoring *s)
{
    const mnist_score_config *config = &s->settings->config;
    json_t *precisions = json_array(), *matches = json_array(), *ngrams = json_array();
    for (unsigned n = 0; n < config->order; n++) {
        mnist_json_append(&precisions, mnist_json_number(s->bleu.precisions[n]));
        mnist_json_append(&matches, mnist_json_whole(s->counts[MNIST_COUNT_MATCHES + n]));
        mnist_json_append(&ngrams, mnist_json_whole(s->counts[MNIST_COUNT_NGRAMS + n]));
    }
    mnist_json_put(object, "precisions", precisions);
    mnist_json_put(object, "matches", matches);
    mnist_json_put(object, "ngrams", ngrams);
    mnist_json_put(object, "brevity_penalty", mnist_json_number(s->bleu.brevity_penalty));
    mnist_json_put(object, "tokens", mnist_json_whole(s->counts[MNIST_COUNT_TOKENS]));
    mnist_json_put(object, "reference_tokens",
                   mnist_json_whole(s->counts[MNIST_COUNT_REFERENCE_TOKENS]));
    mnist_json_put(object, "tokenize", json_string(mnist_tokens_name(config->tokens)));
    mnist_json_put(object, "max_order", json_integer((json_int_t)config->order));
    mnist_json_put(object, "smooth", json_string(mnist_smoothing_name(config->smoothing)));
    mnist_json_put(object, "smooth_value",
                   config->smoothing_value > 0.0 ? json_real(config->smoothing_value)
                                                 : json_null());
}

static json_t *line_json(const mnist_scoring *s, size_t index)
{
    const mnist_text_pair *pair = &s->pairs.pairs[index];
    const mnist_line_score *line = &s->lines[index];
    json_t *object = json_object(), *references = json_array();
    for (size_t r = 0; r < pair->reference_count; r++) {
        mnist_json_append(&references, json_string(pair->references[r]));
    }
    mnist_json_put(&object, "name", pair->name ? json_string(pair->name) : json_null());
    mnist_json_put(&object, "hypothesis", json_string(pair->hypothesis));
    mnist_json_put(&object, "references", references);
    mnist_json_put(&object, "exact", json_boolean(line->counts[MNIST_COUNT_EXACT]));
    mnist_json_put(&object, "edits", json_integer((json_int_t)character_edits(line)));
    mnist_json_put(&object, "bleu", mnist_json_number(line->sentence_bleu));
    mnist_json_put(&object, "chrf", mnist_json_number(mnist_line_chrf(line, &s->settings->config)));
    return object;
}

/* --- Gates -------------------------------------------------------------------------------------------- */

/* A gate: the score of that index is to be at least, or at most, so much. */
typedef struct gate {
    const char *name, *what;
    bool given, is_least;
    double found, limit;
} gate;

enum { GATES = 5 };

static void list_gates(const mnist_scoring *s, gate gates[GATES])
{
    const mnist_score_gates *g = &s->settings->gates;
    const gate all[GATES] = {
        {"min-exact", "exact match", g->has_min_exact, true, s->score.exact, g->min_exact},
        {"min-bleu", "BLEU", g->has_min_bleu, true, s->score.bleu, g->min_bleu},
        {"min-chrf", "chrF", g->has_min_chrf, true, s->score.chrf, g->min_chrf},
        {"max-cer", "character error rate", g->has_max_cer, false, s->score.cer, g->max_cer},
        {"max-wer", "word error rate", g->has_max_wer, false, s->score.wer, g->max_wer},
    };
    memcpy(gates, all, sizeof all);
}

static bool passes(const gate *g)
{
    return !g->given || (g->is_least ? g->found >= g->limit : g->found <= g->limit);
}

static json_t *gates_json(const mnist_scoring *s)
{
    gate gates[GATES];
    json_t *object = json_object();
    bool passed = true;
    list_gates(s, gates);
    for (size_t i = 0; i < GATES; i++) {
        char key[16];
        snprintf(key, sizeof key, "%.3s_%s", gates[i].name, gates[i].name + 4);
        passed = passed && passes(&gates[i]);
        mnist_json_put(&object, key, gates[i].given ? json_real(gates[i].limit) : json_null());
    }
    mnist_json_put(&object, "passed", json_boolean(passed));
    return object;
}

/* All digits, so that no message says that 0.95 is below 0.95. */
static void format_judged(double value, char text[MNIST_REAL_TEXT])
{
    if (isfinite(value)) {
        mnist_real_format(value, text);
    } else {
        snprintf(text, MNIST_REAL_TEXT, "%g", value);
    }
}

bool mnist_scoring_check(const mnist_scoring *s)
{
    gate gates[GATES];
    bool passed = true;
    list_gates(s, gates);
    for (size_t i = 0; i < GATES; i++) {
        char found[MNIST_REAL_TEXT], limit[MNIST_REAL_TEXT];
        if (passes(&gates[i])) {
            continue;
        }
        format_judged(gates[i].found, found);
        format_judged(gates[i].limit, limit);
        fprintf(stderr, PROGRAM ": gate failed: %s %s is %s --%s %s\n", gates[i].what, found,
                gates[i].is_least ? "below" : "above", gates[i].name, limit);
        passed = false;
    }
    return passed;
}

json_t *mnist_scoring_json(const mnist_scoring *s)
{
    const mnist_score_settings *settings = s->settings;
    json_t *object = json_object(), *lines = json_array();
    mnist_json_put(&object, "schema", json_string("mnist-score/1"));
    mnist_json_put(&object, "n", mnist_json_whole(s->pairs.count));
    mnist_json_put(&object, "missing", mnist_json_whole(s->pairs.missing));
    for (size_t i = 0; i < SCORES; i++) {
        json_t *score = score_json(s, i);
        if (i == 0) {
            mnist_json_put(&score, "count", mnist_json_whole(s->counts[MNIST_COUNT_EXACT]));
        } else if (i == 1) {
            put_edits(&score, s->counts + MNIST_COUNT_CHARACTERS, "characters");
        } else if (i == 2) {
            put_edits(&score, s->counts + MNIST_COUNT_WORDS, "words");
        } else if (i == 3) {
            put_bleu(&score, s);
        } else if (i == 5) {
            mnist_json_put(&score, "order", json_integer((json_int_t)settings->config.chrf_order));
            mnist_json_put(&score, "words", json_integer((json_int_t)settings->config.chrf_words));
            mnist_json_put(&score, "beta", json_real(settings->config.chrf_beta));
        }
        mnist_json_put(&object, scores[i].name, score);
    }
    mnist_json_put(&object, "bootstrap",
                   settings->resamples > 0
                       ? json_pack("{s:I, s:o}", "resamples", (json_int_t)settings->resamples,
                                   "seed", mnist_json_whole(settings->seed))
                       : json_null());
    mnist_json_put(&object, "gate", gates_json(s));
    for (size_t i = 0; settings->each && i < s->pairs.count; i++) {
        mnist_json_append(&lines, line_json(s, i));
    }
    if (settings->each) {
        mnist_json_put(&object, "texts", lines);
    } else {
        json_decref(lines);
    }
    return object;
}
