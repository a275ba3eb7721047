/* Messages about a wrong value or name: what is accepted, and which name may have been meant. */
#include "cli/options/options.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

/* What an option accepts, in words. */

static void real_range(const mnist_option *option, char text[MNIST_OPTION_TEXT])
{
    char min[MNIST_REAL_TEXT], max[MNIST_REAL_TEXT];
    mnist_real_format(option->real.min, min);
    int length = snprintf(text, MNIST_OPTION_TEXT, "%s %s",
                          option->real.above_min ? "above" : "of at least", min);
    if (isfinite(option->real.max)) {
        mnist_real_format(option->real.max, max);
        snprintf(text + length, MNIST_OPTION_TEXT - (size_t)length, " and %s %s",
                 option->real.below_max ? "below" : "at most", max);
    }
}

void mnist_option_expected(const mnist_option *option, char text[MNIST_OPTION_TEXT])
{
    char range[MNIST_OPTION_TEXT];
    size_t length;
    switch (option->type) {
    case MNIST_OPTION_FLAG:
    case MNIST_OPTION_SWITCH:
        snprintf(text, MNIST_OPTION_TEXT, "true or false");
        return;
    case MNIST_OPTION_UNSIGNED:
    case MNIST_OPTION_SIZE:
    case MNIST_OPTION_UINT64:
        snprintf(text, MNIST_OPTION_TEXT, "a whole number from %ju to %ju",
                 (uintmax_t)option->whole.min, (uintmax_t)option->whole.max);
        return;
    case MNIST_OPTION_FLOAT:
    case MNIST_OPTION_DOUBLE:
        real_range(option, range);
        /* the widest range is two numbers and a few words */
        snprintf(text, MNIST_OPTION_TEXT, "a number %.120s", range);
        return;
    case MNIST_OPTION_PERCENT:
        real_range(option, range);
        snprintf(text, MNIST_OPTION_TEXT, "a fraction %.120s, or that as a percentage like 97%%",
                 range);
        return;
    case MNIST_OPTION_SHARE:
        snprintf(text, MNIST_OPTION_TEXT,
                 "a count from %ju to %ju, a fraction below 1 like 0.05, or a percentage like 5%%",
                 (uintmax_t)option->whole.min, (uintmax_t)option->whole.max);
        return;
    case MNIST_OPTION_RATES:
        real_range(option, range);
        snprintf(text, MNIST_OPTION_TEXT,
                 "none, or up to %u numbers %.120s with commas between them, like 0.5 or 0.2,0.5",
                 MNIST_MAX_RATES, range);
        return;
    case MNIST_OPTION_CLASSES:
        snprintf(text, MNIST_OPTION_TEXT,
                 "none, or classes from 0 to %u, each once, like 3 or 0,1,2 or 10-15",
                 MNIST_MAX_CLASSES - 1);
        return;
    case MNIST_OPTION_WIDTHS:
        snprintf(text, MNIST_OPTION_TEXT,
                 "none, or up to %u whole numbers from %ju to %ju with commas between them",
                 MNIST_MAX_HIDDEN, (uintmax_t)option->whole.min, (uintmax_t)option->whole.max);
        return;
    case MNIST_OPTION_INTERVAL:
        snprintf(text, MNIST_OPTION_TEXT,
                 "a time like 30s, or a number of steps or epochs like 500steps or 2epochs");
        return;
    case MNIST_OPTION_CHOICE:
    case MNIST_OPTION_ACTION_RECIPE:
        length = (size_t)snprintf(text, MNIST_OPTION_TEXT, "one of ");
        for (int value = 0; option->choice(value) && length < MNIST_OPTION_TEXT; value++) {
            length += (size_t)snprintf(text + length, MNIST_OPTION_TEXT - length, "%s%s",
                                       value ? ", " : "", option->choice(value));
        }
        return;
    case MNIST_OPTION_STRING:
    case MNIST_OPTION_ACTION_CONFIG:
        snprintf(text, MNIST_OPTION_TEXT, "a name");
        return;
    case MNIST_OPTION_ACTION_PRINT_CONFIG:
    case MNIST_OPTION_ACTION_HELP:
    case MNIST_OPTION_ACTION_VERSION:
        text[0] = '\0';
        return;
    }
}

bool mnist_options_fail(mnist_error *err, const char *format, ...)
{
    char text[sizeof err->text]; /* an argument may point into err->text */
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return mnist_fail(err, MNIST_ERR_ARGUMENT, "%s", text) == MNIST_OK;
}

bool mnist_option_fail_value(const mnist_option *option, const char *where, const char *text,
                             mnist_error *err)
{
    char expected[MNIST_OPTION_TEXT], quoted[MNIST_QUOTED_TEXT];
    if (strcmp(text, "-") == 0 && mnist_option_is_place(option)) {
        return mnist_options_fail(
            err,
            "%s: - stands for neither stdin nor stdout here; name a place, or "
            "write ./- for what is called so",
            where);
    }
    mnist_option_expected(option, expected);
    mnist_option_quote(text, quoted);
    const char *nearest = option->choice ? mnist_option_nearest_choice(option, text) : NULL;
    return mnist_options_fail(err, "%s: %s is not %s%s%s%s", where, quoted, expected,
                              nearest ? "; did you mean " : "", nearest ? nearest : "",
                              nearest ? "?" : "");
}

void mnist_option_quote(const char *text, char quoted[MNIST_QUOTED_TEXT])
{
    quoted[0] = '"';
    /* room for a quote, dots, a quote and the zero */
    bool whole = mnist_plain_text(quoted + 1, MNIST_QUOTED_TEXT - 6, text);
    strcat(quoted, whole ? "\"" : "...\"");
}

/* Nearness. */

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c == '_' ? '-' : c;
}

/* Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment) that turn
 * one into the other; case, and _ for -, count as nothing. Both are shorter than
 * MNIST_OPTION_NAME. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t row[3][MNIST_OPTION_NAME + 1] = {
        {0}}; /* of the current letter of a, and of the two before */
    size_t length = strlen(b);
    for (size_t j = 0; j <= length; j++) {
        row[0][j] = j;
    }
    for (size_t i = 1; a[i - 1]; i++) {
        size_t *here = row[i % 3], *above = row[(i + 2) % 3], *before = row[(i + 1) % 3];
        here[0] = i;
        for (size_t j = 1; j <= length; j++) {
            bool same = lower(a[i - 1]) == lower(b[j - 1]);
            here[j] = smaller(smaller(above[j], here[j - 1]) + 1, above[j - 1] + !same);
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                lower(a[i - 2]) == lower(b[j - 1])) {
                here[j] = smaller(here[j], before[j - 2] + 1);
            }
        }
    }
    return row[strlen(a) % 3][length];
}

/* How far a candidate is from the given text: lower is nearer; FAR, like INT_MAX, is not worth
 * suggesting. A common beginning makes it nearer: people know how an option begins, and guess the
 * rest. */
#define FAR 1000

static int remoteness(const char *given, const char *candidate)
{
    size_t given_length = strlen(given), length = strlen(candidate);
    if (given_length < 2 || given_length >= MNIST_OPTION_NAME || length >= MNIST_OPTION_NAME) {
        return FAR;
    }
    size_t shorter = smaller(given_length, length);
    size_t longer = given_length + length - shorter;
    size_t common = 0;
    while (common < shorter && lower(given[common]) == lower(candidate[common])) {
        common++;
    }
    bool same_start = common >= 4 || (common == shorter && common >= 2);
    if (!same_start && longer - shorter > 1 + longer / 5) { /* more than a few slips */
        return FAR;
    }
    size_t distance = edit_distance(given, candidate);
    bool few_slips = distance <= 1 + longer / 5 && distance < shorter;
    return few_slips || same_start ? (int)distance - (int)common : FAR;
}

void mnist_option_nearest(const mnist_program *program, const char *name, bool config,
                          char nearest[MNIST_OPTION_TEXT])
{
    int best = FAR;
    nearest[0] = '\0';
    mnist_option_ref ref = mnist_option_at(program, 0);
    for (; ref.option; ref = mnist_option_at(program, ref.index + 1)) {
        const mnist_option *option = ref.option;
        if (config && !(option->flags & MNIST_OPTION_IN_CONFIG)) {
            continue;
        }
        int own = remoteness(name, option->name);
        if (option->known_as && remoteness(name, option->known_as) < own) {
            own = remoteness(name, option->known_as);
        }
        if (own < best) {
            best = own;
            snprintf(nearest, MNIST_OPTION_TEXT, "%s", option->name);
        }
        if (option->type == MNIST_OPTION_SWITCH && !config) {
            char negated[MNIST_OPTION_NAME + 8];
            snprintf(negated, sizeof negated, "no-%s", option->name);
            if (remoteness(name, negated) < best) {
                best = remoteness(name, negated);
                snprintf(nearest, MNIST_OPTION_TEXT, "%s", negated);
            }
        }
    }
}

const char *mnist_option_nearest_choice(const mnist_option *option, const char *text)
{
    int best = FAR;
    const char *nearest = NULL;
    for (int value = 0; option->choice(value); value++) {
        int own = remoteness(text, option->choice(value));
        if (own < best) {
            best = own;
            nearest = option->choice(value);
        }
    }
    return nearest;
}
