/* Files of texts and their scores: two bytes choose what is done, and a byte 0x01 parts references from hypotheses. */
#include "fuzz.h"

#include <math.h>
#include <mnist/score.h>

static void check_lines(const mnist_lines *lines)
{
    for (size_t i = 0; i < lines->count; i++) {
        const mnist_line *line = &lines->lines[i];
        const char *text = line->texts;
        PROMISED(line->fields >= 1 && !line->name == !lines->named);
        for (size_t f = 0; f < line->fields; f++) {
            PROMISED(strlen(text) <= MNIST_LINE_BYTES_MOST && !strchr(text, '\n'));
            text += strlen(text) + 1;
        }
    }
}

static void check_score(const mnist_text_score *score)
{
    PROMISED(score->exact >= 0.0 && score->exact <= 1.0);
    PROMISED(score->cer >= 0.0 && score->wer >= 0.0);
    PROMISED(score->bleu >= 0.0 && isfinite(score->bleu));
    PROMISED(score->sentence_bleu >= 0.0 && isfinite(score->sentence_bleu));
    PROMISED(score->chrf >= 0.0 && score->chrf <= 1.0 + 1e-9);
}

static void check_pairs(const mnist_text_pairs *pairs, const mnist_score_config *config)
{
    mnist_line_score *lines = calloc(pairs->count, sizeof *lines);
    uint64_t counts[MNIST_TEXT_COUNTS];
    mnist_text_score score, low, high;
    const mnist_resampling few = {40, 1};
    mnist_error err;
    PROMISED(lines);
    for (size_t i = 0; i < pairs->count; i++) {
        PROMISED(mnist_score_line(&lines[i], &pairs->pairs[i], config, &err) == MNIST_OK);
        const uint32_t *edits = lines[i].counts + MNIST_COUNT_CHARACTERS;
        PROMISED(!lines[i].counts[MNIST_COUNT_EXACT] || edits[1] + edits[2] + edits[3] == 0);
        PROMISED(edits[3] + edits[1] <= edits[0]);
    }
    mnist_score_lines(&score, lines, pairs->count, config, counts, NULL);
    check_score(&score);
    PROMISED(mnist_score_bootstrap(&low, &high, lines, pairs->count, config, &few, &err) ==
             MNIST_OK);
    PROMISED(low.exact <= high.exact && low.chrf <= high.chrf);
    free(lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const paths[3] = {"references", "references\n", "hypotheses\x1b"};
    mnist_lines references, hypotheses;
    mnist_error err;
    if (size < 2) {
        return 0;
    }
    mnist_score_config config = mnist_score_defaults();
    config.tokens = (mnist_tokens)(data[0] % MNIST_TOKENS);
    config.smoothing = (mnist_smoothing)(data[0] / 4 % MNIST_SMOOTHINGS);
    config.smoothing_value = mnist_smoothing_default(config.smoothing);
    config.order = 1 + data[1] % MNIST_BLEU_ORDERS;
    config.chrf_words = data[1] / 4 % (MNIST_CHRF_WORDS + 1);
    const mnist_line_layout layout = (mnist_line_layout)(data[1] / 16 % MNIST_LINE_LAYOUTS);
    uint8_t *text = copy_of(data + 2, size - 2);
    const uint8_t *cut = memchr(text, 1, size - 2);
    const size_t first = cut ? (size_t)(cut - text) : size - 2;
    const size_t second = cut ? size - 3 - first : 0;
    mnist_status status =
        mnist_lines_parse(&references, (char *)text, first, paths[0], layout, &err);
    if (status != MNIST_OK) {
        check_failure(status, &err);
        free(text);
        return 0;
    }
    check_lines(&references);
    status = mnist_lines_parse(&hypotheses, cut ? (const char *)cut + 1 : "", second, paths[2],
                               layout, &err);
    if (status != MNIST_OK) {
        check_failure(status, &err);
    } else {
        /* the same file twice: two references each */
        const mnist_lines *files[2] = {&references, &references};
        const size_t count = 1 + data[1] / 64 % 2;
        const char *const names[3] = {paths[0], count == 2 ? paths[1] : paths[2], paths[2]};
        mnist_text_pairs pairs;
        check_lines(&hypotheses);
        status = mnist_text_pairs_create(&pairs, files, count, &hypotheses, names, &err);
        if (status != MNIST_OK) {
            check_failure(status, &err);
        } else {
            check_pairs(&pairs, &config);
            mnist_text_pairs_free(&pairs);
        }
    }
    mnist_lines_free(&references);
    mnist_lines_free(&hypotheses);
    free(text);
    return 0;
}
