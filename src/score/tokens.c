#include "score/tokens.h"

#include "score/utf8.h"

#include <stdlib.h>
#include <string.h>

/* Room for count tokens and the zeros behind them. */
static bool take_tokens(mnist_token_list *out, size_t count, mnist_scratch *scratch)
{
    *out = (mnist_token_list){
        .tokens = mnist_scratch_take(scratch, count + MNIST_NGRAM_MOST, sizeof *out->tokens)};
    return out->tokens != NULL;
}

static void add(mnist_token_list *list, uint32_t token)
{
    list->tokens[list->count++] = token;
}

bool mnist_tokens_characters(mnist_token_list *out, const char *text, mnist_scratch *scratch,
                             bool *bad)
{
    const size_t size = strlen(text);
    uint32_t character;
    *bad = false;
    if (!take_tokens(out, size, scratch)) {
        return false;
    }
    for (size_t at = 0, length; at < size; at += length) {
        length = mnist_utf8_decode(text + at, size - at, &character);
        if (length == 0) {
            *bad = true;
            return false;
        }
        add(out, character);
    }
    return true;
}

bool mnist_tokens_visible(mnist_token_list *out, const mnist_token_list *characters,
                          mnist_scratch *scratch)
{
    if (!take_tokens(out, characters->count, scratch)) {
        return false;
    }
    for (size_t i = 0; i < characters->count; i++) {
        if (!mnist_utf8_is_blank(characters->tokens[i])) {
            add(out, characters->tokens[i]);
        }
    }
    return true;
}

/* --- 13a -------------------------------------------------------------------------------------------- */

static bool is_digit(uint32_t c)
{
    return c >= '0' && c <= '9';
}

/* ASCII's punctuation without ' - . and , */
static bool is_parted(uint32_t c)
{
    return (c >= '{' && c <= '~') || (c >= '[' && c <= '`') || (c >= ' ' && c <= '&') ||
           (c >= '(' && c <= '+') || (c >= ':' && c <= '@') || c == '/';
}

static bool is_point(uint32_t c)
{
    return c == '.' || c == ',';
}

/* Puts `by` in the place of each `name`. */
static void replace(mnist_token_list *list, const char *name, uint32_t by)
{
    const size_t length = strlen(name), count = list->count;
    size_t kept = 0;
    for (size_t i = 0; i < count;) {
        size_t same = 0;
        while (same < length && i + same < count && list->tokens[i + same] == (uint8_t)name[same]) {
            same++;
        }
        if (same < length) {
            list->tokens[kept++] = list->tokens[i++];
            continue;
        }
        if (by) {
            list->tokens[kept++] = by;
        }
        i += length;
    }
    memset(list->tokens + kept, 0, (count - kept) * sizeof *list->tokens);
    list->count = kept;
}

/* The passes over pairs of characters: which pairs they part. */
static bool pass_takes(unsigned pass, uint32_t first, uint32_t second)
{
    return pass == 0   ? !is_digit(first) && is_point(second)
           : pass == 1 ? is_point(first) && !is_digit(second)
                       : is_digit(first) && second == '-';
}

/* One pass, from left to right; a character is of one pair at most. */
static void run_pass(mnist_token_list *out, const mnist_token_list *in, unsigned pass)
{
    for (size_t i = 0; i < in->count; i++) {
        const uint32_t first = in->tokens[i];
        if (i + 1 == in->count || !pass_takes(pass, first, in->tokens[i + 1])) {
            add(out, first);
            continue;
        }
        if (pass == 1) {
            add(out, ' ');
        }
        add(out, first);
        add(out, ' ');
        add(out, in->tokens[++i]);
        if (pass != 1) {
            add(out, ' ');
        }
    }
}

/* The text with blanks where the 13a rule parts it. */
static bool part_13a(mnist_token_list *out, const mnist_token_list *characters,
                     mnist_scratch *scratch)
{
    mnist_token_list text, next;
    if (!take_tokens(&text, characters->count, scratch)) {
        return false;
    }
    for (size_t i = 0; i < characters->count; i++) {
        add(&text, characters->tokens[i]);
    }
    replace(&text, "<skipped>", 0);
    replace(&text, "&quot;", '"');
    replace(&text, "&amp;", '&');
    replace(&text, "&lt;", '<');
    replace(&text, "&gt;", '>');
    if (!take_tokens(&next, 3 * text.count + 2, scratch)) {
        return false;
    }
    add(&next, ' ');
    for (size_t i = 0; i < text.count; i++) {
        const bool parted = is_parted(text.tokens[i]);
        if (parted) {
            add(&next, ' ');
        }
        add(&next, text.tokens[i]);
        if (parted) {
            add(&next, ' ');
        }
    }
    add(&next, ' ');
    for (unsigned pass = 0; pass < 3; pass++) {
        text = next;
        if (!take_tokens(&next, 2 * text.count, scratch)) { /* four of two at most */
            return false;
        }
        run_pass(&next, &text, pass);
    }
    *out = next;
    return true;
}

/* --- Words ------------------------------------------------------------------------------------------ */

typedef struct word {
    const uint32_t *characters;
    size_t length;
    uint32_t *number; /* where it goes */
} word;

static int by_characters(const void *a, const void *b)
{
    const word *x = a, *y = b;
    const size_t least = x->length < y->length ? x->length : y->length;
    for (size_t i = 0; i < least; i++) {
        if (x->characters[i] != y->characters[i]) {
            return x->characters[i] < y->characters[i] ? -1 : 1;
        }
    }
    return (x->length > y->length) - (x->length < y->length);
}

/* Python's string.punctuation */
static bool is_punctuation(uint32_t c)
{
    return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
           (c >= '{' && c <= '~');
}

/* Adds a word to those of a text, or two where the rule is chrF's. Returns how many. */
static size_t add_word(word *to, mnist_token_list *text, const uint32_t *characters, size_t length,
                       mnist_word_rule rule)
{
    size_t head = length; /* characters of the first of two */
    if (rule == MNIST_WORDS_CHRF && length > 1) {
        head = is_punctuation(characters[length - 1]) ? length - 1
               : is_punctuation(characters[0])        ? 1
                                                      : length;
    }
    to[0] = (word){characters, head, &text->tokens[text->count++]};
    if (head < length) {
        to[1] = (word){characters + head, length - head, &text->tokens[text->count++]};
    }
    return head < length ? 2 : 1;
}

static size_t add_words(word *to, mnist_token_list *text, const mnist_token_list *characters,
                        mnist_word_rule rule)
{
    size_t count = 0;
    for (size_t i = 0; i < characters->count; i++) {
        const size_t start = i;
        while (i < characters->count && !mnist_utf8_is_blank(characters->tokens[i])) {
            i++;
        }
        if (i > start) {
            count += add_word(to + count, text, characters->tokens + start, i - start, rule);
        }
    }
    return count;
}

bool mnist_tokens_words(mnist_token_list *out, const mnist_token_list *characters, size_t count,
                        mnist_word_rule rule, mnist_scratch *scratch)
{
    size_t most = 0, words = 0;
    mnist_token_list *texts = mnist_scratch_take(scratch, count, sizeof *texts);
    if (!texts) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        texts[i] = characters[i];
        if (rule == MNIST_WORDS_13A && !part_13a(&texts[i], &characters[i], scratch)) {
            return false;
        }
        /* a word has a character at least */
        if (!take_tokens(&out[i], texts[i].count, scratch)) {
            return false;
        }
        most += texts[i].count;
    }
    word *list = mnist_scratch_take(scratch, most + 1, sizeof *list);
    if (!list) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        words += add_words(list + words, &out[i], &texts[i], rule);
    }
    qsort(list, words, sizeof *list, by_characters);
    uint32_t number = 0;
    for (size_t i = 0; i < words; i++) {
        number += i == 0 || by_characters(&list[i - 1], &list[i]) != 0;
        *list[i].number = number;
    }
    return true;
}
