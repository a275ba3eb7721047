/* mnist-score: holds texts against what is right. */
#include "cli/score/scoring.h"
#include "cli/shared/program.h"

#include <stdlib.h>

#define PROGRAM "mnist-score"

/* Operands are REFS, HYPS, and further REFS. */
typedef struct inputs {
    mnist_lines files[MNIST_REFERENCES_MOST + 1]; /* in the order of operands */
    size_t count;
} inputs;

static mnist_status read_files(inputs *in, const mnist_score_settings *settings,
                               const mnist_parsed *parsed, mnist_error *err)
{
    mnist_status status = MNIST_OK;
    for (; in->count < parsed->operand_count && status == MNIST_OK; in->count++) {
        status = mnist_lines_load(&in->files[in->count], parsed->operands[in->count],
                                  settings->layout, err);
    }
    return status;
}

static mnist_status pair_texts(mnist_scoring *s, const inputs *in, const mnist_parsed *parsed,
                               mnist_error *err)
{
    const mnist_lines *references[MNIST_REFERENCES_MOST];
    const char *paths[MNIST_REFERENCES_MOST + 1];
    size_t count = 0;
    for (size_t i = 0; i < in->count; i++) {
        if (i != 1) {
            references[count] = &in->files[i];
            paths[count++] = parsed->operands[i];
        }
    }
    paths[count] = parsed->operands[1];
    return mnist_text_pairs_create(&s->pairs, references, count, &in->files[1], paths, err);
}

static mnist_status score(mnist_scoring *s, mnist_error *err)
{
    const mnist_score_settings *settings = s->settings;
    s->lines = calloc(s->pairs.count, sizeof *s->lines);
    if (!s->lines) {
        return mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for the scores of %zu texts",
                          s->pairs.count);
    }
    mnist_status status = MNIST_OK;
    for (size_t i = 0; i < s->pairs.count && status == MNIST_OK; i++) {
        status = mnist_score_line(&s->lines[i], &s->pairs.pairs[i], &settings->config, err);
    }
    if (status != MNIST_OK) {
        return status;
    }
    mnist_score_lines(&s->score, s->lines, s->pairs.count, &settings->config, s->counts, &s->bleu);
    const mnist_resampling resampling = {settings->resamples, settings->seed};
    return resampling.resamples == 0
               ? MNIST_OK
               : mnist_score_bootstrap(&s->low, &s->high, s->lines, s->pairs.count,
                                       &settings->config, &resampling, err);
}

static int say(const mnist_scoring *s)
{
    int code = MNIST_EXIT_OK;
    if (s->pairs.missing > 0 && !s->settings->out.quiet) {
        fprintf(stderr, PROGRAM ": %zu of %zu texts have no hypothesis, and count as read as ''\n",
                s->pairs.missing, s->pairs.count);
    }
    if (s->settings->out.json) {
        mnist_json_begin();
        code = mnist_program_print_json(PROGRAM, mnist_scoring_json(s));
    } else {
        mnist_scoring_print(s);
    }
    return !mnist_scoring_check(s) && code == MNIST_EXIT_OK ? MNIST_EXIT_GATE : code;
}

static int run(void *settings, const mnist_parsed *parsed)
{
    mnist_scoring s = {.settings = settings};
    inputs in = {.count = 0};
    mnist_error err;
    int code;
    if (read_files(&in, settings, parsed, &err) != MNIST_OK ||
        pair_texts(&s, &in, parsed, &err) != MNIST_OK || score(&s, &err) != MNIST_OK) {
        code = mnist_program_error(PROGRAM, &err);
    } else {
        code = say(&s);
    }
    free(s.lines);
    mnist_text_pairs_free(&s.pairs);
    for (size_t i = 0; i < in.count; i++) {
        mnist_lines_free(&in.files[i]);
    }
    return code;
}

int main(int argc, char **argv)
{
    mnist_score_settings settings = mnist_score_settings_defaults();
    return mnist_program_main(&mnist_score_program, argc, argv, &settings, run);
}
