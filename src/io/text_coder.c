#include "io/text_coder.h"

#include "io/text_words.h"

#include <stdlib.h>
#include <string.h>

#define ORDERS      5
#define TABLE_BITS  16
#define CHANCES     (ORDERS + 2)
#define FACTS       2
#define MATCH_BITS  13
#define MATCH_LEAST 4u  /* bytes alike, before the one that follows is expected again */
#define MATCH_MOST  15u /* that make a difference */

#define RUN_MOST 15u /* hexadecimal digits in a row */

static const unsigned orders[ORDERS] = {1, 2, 3, 4, 6};

struct mnist_text_coder {
    const mnist_odds_tables *tables;
    mnist_mixer mixer;
    mnist_chance first[256];                        /* no byte before is looked at */
    mnist_chance digits[RUN_MOST + 1][256];         /* after so many hexadecimal digits */
    mnist_chance match[MATCH_MOST + 1];             /* that what a match expects comes */
    mnist_chance chances[ORDERS][1u << TABLE_BITS]; /* by a hash of so many bytes before */
    size_t learnt, size, room;                      /* of bytes: learnt at first, all, most */
    size_t match_at;                                /* the byte that is expected; 0: none */
    unsigned match_length, run;
    uint32_t last[1u << MATCH_BITS]; /* by a hash of MATCH_LEAST bytes: what came after them last */
    char bytes[];                    /* all that has been coded: what is learnt, then texts */
};

static uint32_t hash(const char *end, unsigned order)
{
    uint32_t value = order;
    for (unsigned i = 1; i <= order; i++) {
        value = (value + (uint8_t)end[-(ptrdiff_t)i] + 1) * 2654435761u;
    }
    return value;
}

/* Where the bytes before the end occurred last, if as many as a match needs. */
static void find_match(mnist_text_coder *t)
{
    uint32_t *last = &t->last[hash(t->bytes + t->size, MATCH_LEAST) >> (32 - MATCH_BITS)];
    const size_t at = *last;
    *last = (uint32_t)t->size;
    if (t->match_at > 0 && t->bytes[t->match_at] == t->bytes[t->size - 1]) {
        t->match_at++;
        t->match_length += t->match_length < MATCH_MOST;
        return;
    }
    const bool alike = at > 0 && memcmp(t->bytes + at - MATCH_LEAST,
                                        t->bytes + t->size - MATCH_LEAST, MATCH_LEAST) == 0;
    t->match_at = alike ? at : 0;
    t->match_length = alike ? MATCH_LEAST : 0;
}

static uint8_t code_byte(mnist_text_coder *t, const mnist_bit_coder *to, uint8_t byte)
{
    const char *end = t->bytes + t->size;
    uint32_t hashes[ORDERS];
    const unsigned expected = t->match_at > 0 ? (uint8_t)t->bytes[t->match_at] | 256u : 0;
    unsigned node = 1;
    for (unsigned k = 0; k < ORDERS; k++) {
        hashes[k] = t->size >= orders[k] ? hash(end, orders[k]) : orders[k];
    }
    for (unsigned i = 8; i-- > 0;) {
        const bool matches = expected >> (i + 1) == node;
        const unsigned next = expected >> i & 1, length = matches ? t->match_length : 0;
        mnist_chance *match = &t->match[length];
        const uint32_t one = match->count > 0 ? match->one : 1u << 21;
        const int32_t odds =
            mnist_log_odds(t->tables, one, 1u << 22) * (matches ? 1 : 0) * (next ? 1 : -1);
        mnist_bit_context context = {.facts = {odds, length > 8 ? odds : 0},
                                     .set = {node, length, t->run}};
        context.chances[ORDERS] = &t->first[node];
        context.chances[ORDERS + 1] = &t->digits[t->run][node];
        for (unsigned k = 0; k < ORDERS; k++) {
            const uint32_t place = (hashes[k] + node * 0x9E3779B1u) * 2246822519u;
            context.chances[k] = &t->chances[k][place >> (32 - TABLE_BITS)];
        }
        const unsigned bit = mnist_bit_mix(to, &t->mixer, &context, byte >> i & 1);
        if (matches) {
            (void)mnist_bit_code(&(mnist_bit_coder){.tables = t->tables}, match, bit == next);
        }
        node = 2 * node + bit;
    }
    return (uint8_t)node;
}

static void add_byte(mnist_text_coder *t, uint8_t byte)
{
    const bool digit = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
    t->bytes[t->size++] = (char)byte;
    t->run = !digit ? 0 : t->run < RUN_MOST ? t->run + 1 : RUN_MOST;
    if (t->size > MATCH_LEAST) {
        find_match(t);
    }
}

mnist_text_coder *mnist_text_coder_create(const mnist_odds_tables *tables, size_t most)
{
    size_t learnt = 0;
    for (size_t i = 0; i < MNIST_TEXT_WORDS; i++) {
        learnt += strlen(mnist_text_words[i]) + 1;
    }
    mnist_text_coder *t = calloc(1, sizeof *t + learnt + most);
    static const int8_t first[CHANCES + FACTS] = {15, 15, 15, 15, 15, 15, 15, 15, 15};
    if (!t || !mnist_mixer_create(&t->mixer, CHANCES, FACTS, 256, first)) {
        free(t);
        return NULL;
    }
    t->tables = tables;
    t->learnt = learnt;
    t->room = learnt + most;
    for (size_t i = 0; i < MNIST_TEXT_WORDS; i++) {
        for (const char *c = mnist_text_words[i];; c++) {
            add_byte(t, code_byte(t, &(mnist_bit_coder){.tables = tables}, (uint8_t)*c));
            if (*c == '\0') {
                break;
            }
        }
    }
    return t;
}

void mnist_text_coder_free(mnist_text_coder *t)
{
    if (t) {
        mnist_mixer_free(&t->mixer);
        free(t);
    }
}

const char *mnist_text_code(mnist_text_coder *t, const mnist_bit_coder *to, const char *text)
{
    const size_t begin = t->size;
    while (t->size < t->room) {
        const uint8_t byte = code_byte(t, to, text ? (uint8_t)text[t->size - begin] : 0);
        add_byte(t, byte);
        if (byte == 0) {
            return t->bytes + begin;
        }
    }
    return NULL;
}
