/* Pruning as text. */
#include "train/config.h"

#include "base/status.h"
#include "train/spec.h"

#include <stdio.h>
#include <string.h>

/* "4x16", "2:4": two numbers of at most four digits with a sign between them. */
static bool read_pair(const char *text, char sign, unsigned *first, unsigned *second)
{
    unsigned numbers[2] = {0, 0};
    const char *p = text;
    for (unsigned i = 0; i < 2; i++) {
        const char *begin = p;
        for (; *p >= '0' && *p <= '9' && p - begin < 4; p++) {
            numbers[i] = numbers[i] * 10 + (unsigned)(*p - '0');
        }
        if (p == begin || *p != (i == 0 ? sign : '\0')) {
            return false;
        }
        p += i == 0;
    }
    *first = numbers[0];
    *second = numbers[1];
    return true;
}

/* What comes before everything else: how much is kept. */
static mnist_status read_amount(mnist_pruning *pruning, const char *word, mnist_error *err)
{
    if (read_pair(word, ':', &pruning->group_kept, &pruning->group_size)) {
        pruning->structure = MNIST_PRUNE_N_OF_M;
        pruning->keep = 0.5f; /* not 0, which would be no pruning */
        return MNIST_OK;
    }
    if (mnist_spec_read_fraction(word, true, &pruning->keep) && pruning->keep > 0.0f &&
        pruning->keep < 1.0f) {
        return MNIST_OK;
    }
    return mnist_fail(err, MNIST_ERR_ARGUMENT,
                      "expected first what is to be kept, like 5%%, 0.05 or 2:4, found \"%.40s\"",
                      word);
}

static mnist_status read_item(mnist_pruning *pruning, const char *word, mnist_error *err)
{
    const bool structured = pruning->structure != MNIST_PRUNE_WEIGHTS;
    if (strncmp(word, "start=", 6) == 0 &&
        mnist_spec_read_fraction(word + 6, true, &pruning->start)) {
        return MNIST_OK;
    }
    if (strncmp(word, "end=", 4) == 0 && mnist_spec_read_fraction(word + 4, true, &pruning->end)) {
        return MNIST_OK;
    }
    if (strcmp(word, "magnitude") == 0) {
        pruning->magnitude = true;
        return MNIST_OK;
    }
    if (!structured && strcmp(word, "units") == 0) {
        pruning->structure = MNIST_PRUNE_UNITS;
        return MNIST_OK;
    }
    if (!structured && read_pair(word, 'x', &pruning->block_inputs, &pruning->block_outputs)) {
        pruning->structure = MNIST_PRUNE_BLOCKS;
        return MNIST_OK;
    }
    return mnist_fail(err, MNIST_ERR_ARGUMENT,
                      "expected units or a block like 4x16 (one of them, and not with 2:4), "
                      "start=0.1, end=0.75 or magnitude, found \"%.40s\"",
                      word);
}

mnist_status mnist_pruning_parse(mnist_pruning *out, const char *text, mnist_error *err)
{
    mnist_pruning pruning = {.start = MNIST_PRUNING_START, .end = MNIST_PRUNING_END};
    char copy[MNIST_PRUNING_TEXT];
    if (strlen(text) >= sizeof copy) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT, "expected at most %zu characters, found %zu",
                          sizeof copy - 1, strlen(text));
    }
    memcpy(copy, text, strlen(text) + 1);
    mnist_status status = MNIST_OK;
    for (char *word = copy, *comma; word && status == MNIST_OK; word = comma ? comma + 1 : NULL) {
        comma = strchr(word, ',');
        if (comma) {
            *comma = '\0';
        }
        status = word == copy ? read_amount(&pruning, word, err) : read_item(&pruning, word, err);
    }
    if (status == MNIST_OK) {
        status = mnist_pruning_check(&pruning, err);
    }
    if (status == MNIST_OK) {
        *out = pruning;
    }
    return status;
}

void mnist_pruning_print(const mnist_pruning *p, char text[MNIST_PRUNING_TEXT])
{
    char number[MNIST_SPEC_FRACTION];
    int length;
    if (p->structure == MNIST_PRUNE_N_OF_M) {
        length = snprintf(text, MNIST_PRUNING_TEXT, "%u:%u", p->group_kept, p->group_size);
    } else {
        mnist_spec_print_fraction(p->keep, number);
        length = snprintf(text, MNIST_PRUNING_TEXT, "%s", number);
    }
    if (p->structure == MNIST_PRUNE_UNITS) {
        length += snprintf(text + length, MNIST_PRUNING_TEXT - (size_t)length, ",units");
    } else if (p->structure == MNIST_PRUNE_BLOCKS) {
        length += snprintf(text + length, MNIST_PRUNING_TEXT - (size_t)length, ",%ux%u",
                           p->block_inputs, p->block_outputs);
    }
    const struct {
        const char *name;
        float value, usual;
    } places[] = {{"start", p->start, MNIST_PRUNING_START}, {"end", p->end, MNIST_PRUNING_END}};
    for (size_t i = 0; i < 2; i++) {
        if (places[i].value < places[i].usual || places[i].value > places[i].usual) {
            mnist_spec_print_fraction(places[i].value, number);
            length += snprintf(text + length, MNIST_PRUNING_TEXT - (size_t)length, ",%s=%s",
                               places[i].name, number);
        }
    }
    if (p->magnitude) {
        snprintf(text + length, MNIST_PRUNING_TEXT - (size_t)length, ",magnitude");
    }
}
