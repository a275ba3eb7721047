/* mnist/score.h: how near texts come to reference texts: exact match, error rates, BLEU and chrF, with
 * intervals by bootstrap. Texts are UTF-8; a character is a code point. Nothing here knows of nets.
 */
#ifndef MNIST_SCORE_H
#define MNIST_SCORE_H

#include <mnist/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- Files of lines -------------------------------------------------------------------------------- */

#define MNIST_LINES_MOST      1000000u /* lines of a file */
#define MNIST_LINE_BYTES_MOST 16384u   /* of a line, its end not counted */
#define MNIST_FILE_BYTES_MOST ((size_t)1 << 28)
#define MNIST_REFERENCES_MOST 16u /* of one text */

/* What stands on a line. */
typedef enum mnist_line_layout {
    MNIST_LAYOUT_AUTO,  /* named if the first line has a tab, else plain */
    MNIST_LAYOUT_NAMED, /* NAME, tab, text, and maybe more fields with tabs between */
    MNIST_LAYOUT_PLAIN, /* text alone; a tab is a character of it */
    MNIST_LINE_LAYOUTS
} mnist_line_layout;

/* "auto", "named", "plain"; NULL past the end. */
const char *mnist_line_layout_name(mnist_line_layout layout);

typedef struct mnist_line {
    const char *name;  /* NULL: plain */
    const char *texts; /* fields strings, one behind the other, each with its zero */
    size_t fields;     /* at least 1 */
} mnist_line;

typedef struct mnist_lines {
    mnist_line *lines; /* (count) */
    size_t count;
    bool named;
    char *text; /* what the lines point into */
} mnist_lines;

/* Takes text apart, size bytes: valid UTF-8 without NUL, with or without a byte order mark; a line ends with a
 * newline, before which a carriage return is dropped, and the last one may lack it. An empty line is an
 * empty text. In a named file each line has a tab, and names are all different. path: for messages.
 * Errors: MNIST_ERR_FORMAT, which names the line, MNIST_ERR_MEMORY. */
mnist_status mnist_lines_parse(mnist_lines *out, const char *text, size_t size, const char *path,
                               mnist_line_layout layout, mnist_error *err);
/* The same of a file or pipe; "-": stdin. Errors also: MNIST_ERR_NOT_FOUND, MNIST_ERR_IO. */
mnist_status mnist_lines_load(mnist_lines *out, const char *path, mnist_line_layout layout,
                              mnist_error *err);
void mnist_lines_free(mnist_lines *lines);

/* --- Texts with their references ------------------------------------------------------------------- */

typedef struct mnist_text_pair {
    const char *name;       /* NULL: none */
    const char *hypothesis; /* "" where there is none */
    const char *references[MNIST_REFERENCES_MOST];
    size_t reference_count; /* at least 1 */
} mnist_text_pair;

typedef struct mnist_text_pairs {
    mnist_text_pair *pairs; /* (count), in the order of the first file of references */
    size_t count;
    size_t missing; /* references for which no hypothesis was there */
    char *joined;   /* hypotheses that were found by name */
} mnist_text_pairs;

/* Of files of references, (reference_count), and one of hypotheses, whose first field alone counts: fields of a line
 * of references, and lines of further files, are further references. paths: (reference_count + 1), for messages, the
 * hypotheses' last. Where the hypotheses and all references have names, those are compared, without the folders before
 * them, and a reference for which there is no hypothesis has an empty one; hypotheses NAME#1, NAME#2 without references
 * of their own, as mnist-predict has of rows of digits in one picture, are one text, with a blank between. A file without names goes with others line
 * by line, and must have as many lines. The files must outlive what is made of them. Errors: MNIST_ERR_MISMATCH (numbers
 * of lines, a name that one file lacks, names in some files alone), MNIST_ERR_ARGUMENT (too many references),
 * MNIST_ERR_MEMORY. */
mnist_status mnist_text_pairs_create(mnist_text_pairs *out, const mnist_lines *const *references,
                                     size_t reference_count, const mnist_lines *hypotheses,
                                     const char *const *paths, mnist_error *err);
void mnist_text_pairs_free(mnist_text_pairs *pairs);

/* --- Scores ---------------------------------------------------------------------------------------- */

/* What BLEU counts. */
typedef enum mnist_tokens {
    MNIST_TOKENS_CHAR, /* every character that is no blank */
    MNIST_TOKENS_NONE, /* what blanks part, in Python's sense of str.split */
    MNIST_TOKENS_13A,  /* words and punctuation as mteval-v13a.pl and sacreBLEU part them */
    MNIST_TOKENS
} mnist_tokens;

/* "char", "none", "13a"; NULL past the end. */
const char *mnist_tokens_name(mnist_tokens tokens);

/* What takes the place of an n-gram precision of 0. The first four are sacreBLEU's, and a sentence's BLEU then has the
 * orders alone that it is long enough for; method 0 to 7 are NLTK's SmoothingFunction, that is Chen and Cherry, "A
 * systematic comparison of smoothing techniques for sentence-level BLEU", WMT 2014, with NLTK's constants (0.1, 5, 5).
 * As in NLTK a sentence that is too short for an order counts as one n-gram there that does not match. Methods 5, 6
 * and 7 need counts of the last line in NLTK's corpus_bleu; here they are those of all lines. */
typedef enum mnist_smoothing {
    MNIST_SMOOTHING_NONE,
    MNIST_SMOOTHING_FLOOR,
    MNIST_SMOOTHING_ADD_K,
    MNIST_SMOOTHING_EXP,
    MNIST_SMOOTHING_METHOD0,
    MNIST_SMOOTHING_METHOD7 = MNIST_SMOOTHING_METHOD0 + 7,
    MNIST_SMOOTHINGS
} mnist_smoothing;

/* "none", "floor", "add-k", "exp", "method0" to "method7"; NULL past the end. */
const char *mnist_smoothing_name(mnist_smoothing smoothing);

#define MNIST_BLEU_ORDERS 4u /* most */
#define MNIST_CHRF_ORDERS 6u /* most, of characters */
#define MNIST_CHRF_WORDS  2u /* most, of words */

typedef struct mnist_score_config {
    mnist_tokens tokens;
    unsigned order; /* n-grams of 1 to order tokens, at most MNIST_BLEU_ORDERS */
    mnist_smoothing smoothing;
    double smoothing_value; /* of FLOOR and ADD_K */
    unsigned chrf_order;    /* 1 to MNIST_CHRF_ORDERS */
    unsigned chrf_words;    /* 0 to MNIST_CHRF_WORDS; 2: chrF++ */
    double chrf_beta;       /* how many times as much recall counts as precision; > 0 */
} mnist_score_config;

/* What sacreBLEU does, but for the tokens, which are characters: exp, order 4, chrF of order 6 without words, beta 2. */
mnist_score_config mnist_score_defaults(void);
/* What floor (0.1) and add-k (1) take; 0 of others. */
double mnist_smoothing_default(mnist_smoothing smoothing);

/* What is counted in each line; all scores but sentence_bleu are made of sums of these. Edits are those that make the
 * hypothesis of the reference, as few as can be, and of those as many substitutions as can be; of several references
 * the one of the fewest edits counts, and the first of these. */
typedef enum mnist_score_count {
    MNIST_COUNT_EXACT,      /* 1: the hypothesis is one of the references */
    MNIST_COUNT_CHARACTERS, /* of the reference */
    MNIST_COUNT_CHARACTER_SUBSTITUTIONS,
    MNIST_COUNT_CHARACTER_INSERTIONS,
    MNIST_COUNT_CHARACTER_DELETIONS,
    MNIST_COUNT_WORDS,
    MNIST_COUNT_WORD_SUBSTITUTIONS,
    MNIST_COUNT_WORD_INSERTIONS,
    MNIST_COUNT_WORD_DELETIONS,
    MNIST_COUNT_TOKENS,           /* of the hypothesis */
    MNIST_COUNT_REFERENCE_TOKENS, /* of the reference that is nearest in length, of two the shorter */
    MNIST_COUNT_MATCHES, /* n-grams of each order, and of one more, that are in a reference */
    MNIST_COUNT_NGRAMS = MNIST_COUNT_MATCHES + MNIST_BLEU_ORDERS + 1, /* of the hypothesis */
    MNIST_COUNT_SHORT = MNIST_COUNT_NGRAMS + MNIST_BLEU_ORDERS + 1,   /* 1: there are none */
    /* of each order of characters, then of words: n-grams of hypothesis, reference, and both */
    MNIST_COUNT_CHRF = MNIST_COUNT_SHORT + MNIST_BLEU_ORDERS + 1,
    MNIST_TEXT_COUNTS = MNIST_COUNT_CHRF + 3 * (MNIST_CHRF_ORDERS + MNIST_CHRF_WORDS)
} mnist_score_count;

typedef struct mnist_line_score {
    uint32_t counts[MNIST_TEXT_COUNTS];
    double sentence_bleu; /* of this line alone */
} mnist_line_score;

/* Each is a fraction, not a percentage. A rate over no characters is 0 without edits, else infinite. */
typedef struct mnist_text_score {
    double exact;         /* share of lines */
    double cer, wer;      /* edits per character, and per word, of the references */
    double bleu;          /* Papineni, Roukos, Ward, Zhu, "BLEU", ACL 2002: of the corpus */
    double sentence_bleu; /* mean over lines */
    double chrf;          /* Popovic, "chrF", WMT 2015: of the corpus, as sacreBLEU sums it */
} mnist_text_score;

/* The parts of BLEU. */
typedef struct mnist_bleu_parts {
    double precisions[MNIST_BLEU_ORDERS]; /* smoothed; 0 where there are no such n-grams */
    double brevity_penalty;
} mnist_bleu_parts;

/* One line. Errors: MNIST_ERR_FORMAT (a text is not UTF-8, or longer than a line may be), MNIST_ERR_MEMORY. */
mnist_status mnist_score_line(mnist_line_score *out, const mnist_text_pair *pair,
                              const mnist_score_config *config, mnist_error *err);

/* lines: (count), count at least 1. counts: (MNIST_TEXT_COUNTS), their sums; parts: may be NULL. */
void mnist_score_lines(mnist_text_score *out, const mnist_line_score *lines, size_t count,
                       const mnist_score_config *config, uint64_t *counts, mnist_bleu_parts *parts);

/* chrF of one line. */
double mnist_line_chrf(const mnist_line_score *line, const mnist_score_config *config);

typedef struct mnist_resampling {
    unsigned resamples; /* at least 40 */
    uint64_t seed;
} mnist_resampling;

/* 95 % intervals of each score, by drawing as many lines as there are, with replacement, once for each resample: the
 * least values that 2.5 and 97.5 % of the resamples do not exceed. What is drawn is a function of the seed. Errors:
 * MNIST_ERR_MEMORY. */
mnist_status mnist_score_bootstrap(mnist_text_score *low, mnist_text_score *high,
                                   const mnist_line_score *lines, size_t count,
                                   const mnist_score_config *config,
                                   const mnist_resampling *resampling, mnist_error *err);

#ifdef __cplusplus
}
#endif

#endif
