/* Texts as lists of numbers, one a character or a word. */
#ifndef MNIST_SCORE_TOKENS_H
#define MNIST_SCORE_TOKENS_H

#include "score/scratch.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MNIST_NGRAM_MOST 6u /* tokens of an n-gram */

/* Followed by MNIST_NGRAM_MOST zeros; no token is 0. */
typedef struct mnist_token_list {
    uint32_t *tokens;
    size_t count;
} mnist_token_list;

/* How words are made of characters. */
typedef enum mnist_word_rule {
    MNIST_WORDS_BLANKS, /* what blanks part */
    MNIST_WORDS_13A,    /* as mteval-v13a.pl, after sacreBLEU's Tokenizer13a */
    MNIST_WORDS_CHRF    /* one mark of punctuation at an end of a word is a word, after chrF++.py */
} mnist_word_rule;

/* The characters of a text; false: memory is short, or *bad: it is no UTF-8. */
bool mnist_tokens_characters(mnist_token_list *out, const char *text, mnist_scratch *scratch,
                             bool *bad);
/* Those that are no blanks; false: memory is short. */
bool mnist_tokens_visible(mnist_token_list *out, const mnist_token_list *characters,
                          mnist_scratch *scratch);
/* The words of some texts, out and characters: (count); the same word has the same number in all. false: memory is
 * short. */
bool mnist_tokens_words(mnist_token_list *out, const mnist_token_list *characters, size_t count,
                        mnist_word_rule rule, mnist_scratch *scratch);

#endif
