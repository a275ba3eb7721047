/* Scores of texts: held to NLTK's numbers and to those of the definitions (tests/golden/scores.json, made by
 * scores_reference.py), to cases worked by hand, and at the edges; files of lines, and which belong together. */
#define _POSIX_C_SOURCE 200809L
#include "unit/unit.h"

#include <jansson.h>
#include <math.h>
#include <mnist/mnist.h>
#include <stdio.h>
#include <stdlib.h>

#define LIMIT 1e-9

enum { MOST = 80 };

static json_t *golden;

static int load_golden(void **state)
{
    (void)state;
    json_error_t error;
    golden = json_load_file(MNIST_GOLDEN_DIR "/scores.json", 0, &error);
    if (!golden) {
        fprintf(stderr, "%s: %s\n", MNIST_GOLDEN_DIR, error.text);
    }
    return golden ? 0 : -1;
}

static int release_golden(void **state)
{
    (void)state;
    json_decref(golden);
    return 0;
}

static mnist_text_pair pair_of(const char *hypothesis, const char *reference)
{
    return (mnist_text_pair){
        .hypothesis = hypothesis, .references = {reference}, .reference_count = 1};
}

/* Scores count pairs. */
static mnist_text_score score(const mnist_text_pair *pairs, size_t count,
                              const mnist_score_config *config, mnist_line_score *lines,
                              uint64_t *counts)
{
    mnist_text_score out;
    mnist_error err;
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(mnist_score_line(&lines[i], &pairs[i], config, &err), MNIST_OK);
    }
    mnist_score_lines(&out, lines, count, config, counts, NULL);
    return out;
}

static mnist_text_score score_one(mnist_text_pair pair, const mnist_score_config *config,
                                  mnist_line_score *line)
{
    uint64_t counts[MNIST_TEXT_COUNTS];
    return score(&pair, 1, config, line, counts);
}

/* --- Beside the reference ---------------------------------------------------------------------------- */

static void assert_near(double found, const json_t *expected, const char *what)
{
    if (!(fabs(found - json_number_value(expected)) <= LIMIT)) {
        fail_msg("%s: %.17g, expected %.17g", what, found, json_number_value(expected));
    }
}

static size_t load_texts(mnist_text_pair *pairs, const json_t *source)
{
    const json_t *texts = json_object_get(source, "texts");
    const size_t count = json_array_size(texts);
    assert_in_range(count, 1, MOST);
    for (size_t i = 0; i < count; i++) {
        const json_t *text = json_array_get(texts, i);
        const json_t *references = json_object_get(text, "references");
        pairs[i] =
            (mnist_text_pair){.hypothesis = json_string_value(json_object_get(text, "hypothesis")),
                              .reference_count = json_array_size(references)};
        for (size_t r = 0; r < pairs[i].reference_count; r++) {
            pairs[i].references[r] = json_string_value(json_array_get(references, r));
        }
    }
    return count;
}

/* The names of an enum's values: the one of that name. */
#define NAMED(kind, count, text)                                                                   \
    for (int value = 0; value < (int)(count); value++) {                                           \
        if (strcmp(mnist_##kind##_name((mnist_##kind)value), text) == 0) {                         \
            return (mnist_##kind)value;                                                            \
        }                                                                                          \
    }                                                                                              \
    fail_msg("no %s", text);                                                                       \
    return (mnist_##kind)0

static mnist_tokens tokens_of(const char *name)
{
    NAMED(tokens, MNIST_TOKENS, name);
}

static mnist_smoothing smoothing_of(const char *name)
{
    NAMED(smoothing, MNIST_SMOOTHINGS, name);
}

static size_t compared;

static void check_smoothings(const json_t *list, const mnist_text_pair *pairs, size_t count,
                             mnist_score_config config)
{
    mnist_line_score lines[MOST];
    uint64_t counts[MNIST_TEXT_COUNTS];
    const char *name;
    json_t *expected;
    json_object_foreach ((json_t *)list, name, expected) {
        config.smoothing = smoothing_of(name);
        config.smoothing_value = mnist_smoothing_default(config.smoothing);
        const mnist_text_score found = score(pairs, count, &config, lines, counts);
        const json_t *corpus = json_object_get(expected, "corpus");
        if (!json_is_null(corpus)) {
            assert_near(found.bleu, corpus, name);
        }
        for (size_t i = 0; i < count; i++) {
            const json_t *one = json_array_get(json_object_get(expected, "texts"), i);
            if (!json_is_null(one)) { /* where NLTK refuses */
                assert_near(lines[i].sentence_bleu, one, name);
                compared++;
            }
        }
    }
}

static void check_chrf(const json_t *list, const mnist_text_pair *pairs, size_t count,
                       mnist_score_config config)
{
    mnist_line_score lines[MOST];
    uint64_t counts[MNIST_TEXT_COUNTS];
    size_t index;
    json_t *expected;
    json_array_foreach (list, index, expected) {
        config.chrf_order = (unsigned)json_integer_value(json_object_get(expected, "order"));
        config.chrf_words = (unsigned)json_integer_value(json_object_get(expected, "words"));
        config.chrf_beta = json_number_value(json_object_get(expected, "beta"));
        const mnist_text_score found = score(pairs, count, &config, lines, counts);
        assert_near(found.chrf, json_object_get(expected, "corpus"), "chrF");
        for (size_t i = 0; i < count; i++) {
            assert_near(mnist_line_chrf(&lines[i], &config),
                        json_array_get(json_object_get(expected, "texts"), i), "chrF of a text");
            compared++;
        }
    }
}

static void check_edits(const json_t *list, const mnist_line_score *lines, size_t count,
                        size_t first)
{
    for (size_t i = 0; i < count; i++) {
        const uint32_t *edits = lines[i].counts + first + 1;
        assert_int_equal(edits[0] + edits[1] + edits[2],
                         json_integer_value(json_array_get(list, i)));
        compared++;
    }
}

static void test_reference(void **state)
{
    (void)state;
    size_t index;
    json_t *c;
    compared = 0;
    json_array_foreach (json_object_get(golden, "cases"), index, c) {
        mnist_text_pair pairs[MOST];
        mnist_line_score lines[MOST];
        uint64_t counts[MNIST_TEXT_COUNTS];
        mnist_score_config config = mnist_score_defaults();
        const size_t count = load_texts(pairs, c);
        config.tokens = tokens_of(json_string_value(json_object_get(c, "tokenize")));
        check_smoothings(json_object_get(c, "bleu"), pairs, count, config);
        check_smoothings(json_object_get(c, "nltk"), pairs, count, config);
        check_chrf(json_object_get(c, "chrf"), pairs, count, config);
        (void)score(pairs, count, &config, lines, counts);
        check_edits(json_object_get(c, "edits"), lines, count, MNIST_COUNT_CHARACTERS);
        check_edits(json_object_get(c, "word_edits"), lines, count, MNIST_COUNT_WORDS);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(lines[i].counts[MNIST_COUNT_TOKENS],
                             json_integer_value(json_array_get(json_object_get(c, "tokens"), i)));
        }
    }
    assert_true(compared > 1500);
}

/* --- By hand ------------------------------------------------------------------------------------------ */

static void test_edits(void **state)
{
    (void)state;
    static const struct {
        const char *hypothesis, *reference;
        unsigned substitutions, insertions, deletions;
    } cases[] = {
        {"", "", 0, 0, 0},
        {"12", "", 0, 2, 0},
        {"", "12", 0, 0, 2},
        {"sitting", "kitten", 2, 1, 0},
        {"kitten", "sitting", 2, 0, 1},
        {"ab", "ba", 2, 0, 0}, /* not one insertion and one deletion */
        {"1234", "234", 0, 1, 0},
        {"abc", "xyz", 3, 0, 0},
        {"1223", "123", 0, 1, 0},
        {"\xc3\xa9", "e", 1, 0, 0}, /* one character of two bytes */
    };
    const mnist_score_config config = mnist_score_defaults();
    mnist_line_score line;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        (void)score_one(pair_of(cases[i].hypothesis, cases[i].reference), &config, &line);
        assert_int_equal(line.counts[MNIST_COUNT_CHARACTER_SUBSTITUTIONS], cases[i].substitutions);
        assert_int_equal(line.counts[MNIST_COUNT_CHARACTER_INSERTIONS], cases[i].insertions);
        assert_int_equal(line.counts[MNIST_COUNT_CHARACTER_DELETIONS], cases[i].deletions);
    }
}

static void test_rates(void **state)
{
    (void)state;
    const mnist_text_pair pairs[] = {pair_of("12 34", "12 35"), pair_of("7", "7"),
                                     pair_of("123", "12")};
    const mnist_score_config config = mnist_score_defaults();
    mnist_line_score lines[LENGTH(pairs)];
    uint64_t counts[MNIST_TEXT_COUNTS];
    mnist_text_score found = score(pairs, LENGTH(pairs), &config, lines, counts);
    assert_true(found.exact == 1.0 / 3.0);
    assert_true(found.cer == 2.0 / 8.0); /* one of "12 35", one inserted */
    assert_true(found.wer == 2.0 / 4.0);
    found = score_one(pair_of("", ""), &config, lines);
    assert_true(found.exact == 1.0 && found.cer == 0.0 && found.wer == 0.0);
    assert_true(found.bleu == 0.0 && found.chrf == 0.0); /* nothing that could match */
    found = score_one(pair_of("1", ""), &config, lines);
    assert_true(found.exact == 0.0 && isinf(found.cer) && isinf(found.wer));
}

/* Papineni's: the clipped precision of "the" seven times is 2/7; two of the references have it. */
static void test_bleu(void **state)
{
    (void)state;
    mnist_score_config config = mnist_score_defaults();
    mnist_line_score line;
    mnist_text_pair pair = {.hypothesis = "the the the the the the the",
                            .references = {"the cat is on the mat", "there is a cat on the mat"},
                            .reference_count = 2};
    config.tokens = MNIST_TOKENS_NONE;
    config.order = 1;
    assert_true(fabs(score_one(pair, &config, &line).bleu - 2.0 / 7.0) < 1e-15);
    /* the nearer length counts, and of 2 and 4 for a length of 3 the shorter */
    pair = (mnist_text_pair){
        .hypothesis = "a b c", .references = {"a b", "a b c d"}, .reference_count = 2};
    assert_true(score_one(pair, &config, &line).bleu == 1.0);
    assert_int_equal(line.counts[MNIST_COUNT_REFERENCE_TOKENS], 2);
    /* half as long as the reference: e^(1 - 2) */
    assert_true(fabs(score_one(pair_of("a b", "a b c d"), &config, &line).bleu - exp(-1.0)) <
                1e-15);
}

static void test_references(void **state)
{
    (void)state;
    const mnist_score_config config = mnist_score_defaults();
    mnist_line_score line;
    const mnist_text_pair pair = {
        .hypothesis = "12345", .references = {"9", "123456", "12345", "12"}, .reference_count = 4};
    const mnist_text_score found = score_one(pair, &config, &line);
    assert_true(found.exact == 1.0 && found.cer == 0.0 && found.bleu == 1.0 && found.chrf == 1.0);
    assert_int_equal(line.counts[MNIST_COUNT_CHARACTERS], 5);
}

static void test_bootstrap(void **state)
{
    (void)state;
    enum { LINES = 100 };
    mnist_text_pair pairs[LINES];
    mnist_line_score lines[LINES];
    uint64_t counts[MNIST_TEXT_COUNTS];
    mnist_text_score low, high, again, other;
    const mnist_resampling first = {2000, 1}, second = {2000, 2};
    mnist_error err;
    const mnist_score_config config = mnist_score_defaults();
    for (size_t i = 0; i < LINES; i++) {
        pairs[i] = pair_of(i % 5 == 0 ? "12745" : "12345", "12345");
    }
    const mnist_text_score found = score(pairs, LINES, &config, lines, counts);
    assert_true(found.exact == 0.8);
    assert_int_equal(mnist_score_bootstrap(&low, &high, lines, LINES, &config, &first, &err),
                     MNIST_OK);
    /* a binomial's: 0.8 -+ 1.96 sqrt(0.8 * 0.2 / 100) */
    assert_true(fabs(low.exact - 0.72) < 0.015 && fabs(high.exact - 0.88) < 0.015);
    assert_true(low.cer < found.cer && found.cer < high.cer);
    assert_true(low.bleu < found.bleu && found.bleu < high.bleu);
    assert_true(low.sentence_bleu < found.sentence_bleu &&
                found.sentence_bleu < high.sentence_bleu);
    assert_int_equal(mnist_score_bootstrap(&again, &other, lines, LINES, &config, &first, &err),
                     MNIST_OK);
    assert_memory_equal(&low, &again, sizeof low);
    assert_int_equal(mnist_score_bootstrap(&again, &other, lines, LINES, &config, &second, &err),
                     MNIST_OK);
    assert_memory_not_equal(&low, &again, sizeof low);
    /* the draws are the generator's: other machines draw the same */
    assert_true(low.exact == 0.72 && high.exact == 0.87 && low.cer == 0.026);
}

/* The longest lines there may be, and one that is longer. */
static void test_long(void **state)
{
    (void)state;
    const mnist_score_config config = mnist_score_defaults();
    mnist_line_score line;
    mnist_error err;
    char *text = malloc(MNIST_LINE_BYTES_MOST + 2);
    assert_non_null(text);
    memset(text, '1', MNIST_LINE_BYTES_MOST);
    text[MNIST_LINE_BYTES_MOST] = '\0';
    mnist_text_pair pair = pair_of("", text);
    assert_int_equal(mnist_score_line(&line, &pair, &config, &err), MNIST_OK);
    assert_int_equal(line.counts[MNIST_COUNT_CHARACTER_DELETIONS], MNIST_LINE_BYTES_MOST);
    strcat(text, "1");
    assert_int_equal(mnist_score_line(&line, &pair, &config, &err), MNIST_ERR_FORMAT);
    assert_non_null(strstr(err.text, "longer than a line may be"));
    pair = pair_of("\xff", "1");
    pair.name = "a.png";
    assert_int_equal(mnist_score_line(&line, &pair, &config, &err), MNIST_ERR_FORMAT);
    assert_non_null(strstr(err.text, "of a.png is not UTF-8"));
    free(text);
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(mnist_smoothing_name(MNIST_SMOOTHING_METHOD7), "method7");
    assert_null(mnist_smoothing_name(MNIST_SMOOTHINGS));
    assert_null(mnist_tokens_name(MNIST_TOKENS));
    assert_null(mnist_line_layout_name(MNIST_LINE_LAYOUTS));
}

/* --- Files of lines ----------------------------------------------------------------------------------- */

static mnist_lines parse(const char *text, mnist_line_layout layout)
{
    mnist_lines lines;
    mnist_error err;
    if (mnist_lines_parse(&lines, text, strlen(text), "f", layout, &err) != MNIST_OK) {
        fail_msg("%s", err.text);
    }
    return lines;
}

static void assert_refused(const char *text, size_t size, mnist_line_layout layout,
                           const char *message)
{
    mnist_lines lines;
    mnist_error err;
    assert_int_equal(mnist_lines_parse(&lines, text, size, "f", layout, &err), MNIST_ERR_FORMAT);
    assert_string_equal(err.text, message);
    assert_null(lines.lines);
}

#define REFUSED(text, message)                                                                     \
    assert_refused("" text, sizeof text - 1, MNIST_LAYOUT_AUTO, "f: " message)

static void test_lines(void **state)
{
    (void)state;
    mnist_lines lines = parse("\xef\xbb\xbf"
                              "12\r\n\n 3\xc3\xa9",
                              MNIST_LAYOUT_AUTO);
    assert_int_equal(lines.count, 3);
    assert_false(lines.named);
    assert_string_equal(lines.lines[0].texts, "12");
    assert_string_equal(lines.lines[1].texts, "");
    assert_string_equal(lines.lines[2].texts, " 3\xc3\xa9");
    assert_null(lines.lines[2].name);
    mnist_lines_free(&lines);
    lines = parse("a\t1\t2\nb\t\n", MNIST_LAYOUT_AUTO);
    assert_true(lines.named);
    assert_int_equal(lines.count, 2);
    assert_int_equal(lines.lines[0].fields, 2);
    assert_string_equal(lines.lines[0].name, "a");
    assert_string_equal(lines.lines[0].texts, "1");
    assert_string_equal(lines.lines[0].texts + 2, "2");
    assert_string_equal(lines.lines[1].texts, "");
    mnist_lines_free(&lines);
    lines = parse("a\t1\n2\n", MNIST_LAYOUT_PLAIN);
    assert_string_equal(lines.lines[0].texts, "a\t1");
    mnist_lines_free(&lines);
    lines = parse("", MNIST_LAYOUT_AUTO);
    assert_int_equal(lines.count, 0);
    mnist_lines_free(&lines);
    lines = parse("\n", MNIST_LAYOUT_AUTO);
    assert_int_equal(lines.count, 1);
    mnist_lines_free(&lines);
    mnist_lines_free(NULL);
}

static void test_bad_lines(void **state)
{
    (void)state;
    REFUSED("ok\n1\xff", "line 2, byte 2 is 0xff: expected text in UTF-8");
    REFUSED("1\0", "line 1, byte 2 is 0x00: expected text in UTF-8");
    REFUSED("\xc3", "line 1, byte 1 is 0xc3: expected text in UTF-8");     /* cut short */
    REFUSED("\x80", "line 1, byte 1 is 0x80: expected text in UTF-8");     /* out of place */
    REFUSED("\xc0\xaf", "line 1, byte 1 is 0xc0: expected text in UTF-8"); /* too long */
    REFUSED("\xe2\x28\xa1", "line 1, byte 1 is 0xe2: expected text in UTF-8");
    REFUSED("\xed\xa0\x80", "line 1, byte 1 is 0xed: expected text in UTF-8");     /* surrogate */
    REFUSED("\xf4\x90\x80\x80", "line 1, byte 1 is 0xf4: expected text in UTF-8"); /* too high */
    REFUSED("\xf8\x88\x80\x80", "line 1, byte 1 is 0xf8: expected text in UTF-8");
    REFUSED("\xff\xfe"
            "1\0",
            "begins with the byte order mark of UTF-16: expected text in UTF-8");
    REFUSED("a\t1\n2\n", "line 2 has no tab: expected NAME, a tab, and the text, as on the lines "
                         "before, or no tab on any");
    REFUSED("a\t1\nb\t2\na\t3\n",
            "lines 1 and 3 have the same name, \"a\": expected each name once");
    char *text = malloc(MNIST_LINES_MOST + 1);
    assert_non_null(text);
    memset(text, '\n', MNIST_LINES_MOST + 1);
    assert_refused(text, MNIST_LINES_MOST + 1, MNIST_LAYOUT_AUTO,
                   "f: has 1000001 lines: expected at most 1000000");
    memset(text, '1', MNIST_LINES_MOST + 1);
    assert_refused(text, MNIST_LINE_BYTES_MOST + 1, MNIST_LAYOUT_AUTO,
                   "f: line 1 has more than 16384 bytes: expected one text on a line");
    free(text);
}

/* --- What belongs together ---------------------------------------------------------------------------- */

enum { FILES = 3 };

/* Texts of files of references, and then of hypotheses; NULL: no more. */
static mnist_status make_pairs(mnist_text_pairs *out, mnist_lines files[FILES + 1],
                               const char *const *texts, mnist_error *err)
{
    static const char *const paths[FILES + 1] = {"first", "second", "third", "fourth"};
    const mnist_lines *references[FILES];
    size_t count = 0;
    for (; texts[count]; count++) {
        files[count] = parse(texts[count], MNIST_LAYOUT_AUTO);
    }
    for (size_t i = 0; i + 1 < count; i++) {
        references[i] = &files[i];
    }
    return mnist_text_pairs_create(out, references, count - 1, &files[count - 1], paths, err);
}

static void free_files(mnist_lines *files)
{
    for (size_t i = 0; i < FILES + 1; i++) {
        mnist_lines_free(&files[i]);
    }
}

static void test_pairs(void **state)
{
    (void)state;
    mnist_text_pairs pairs;
    mnist_lines files[FILES + 1] = {0};
    mnist_error err;
    /* by name, without folders, in another order; one is missing; the third field is not a text of it */
    static const char *const named[] = {"b.png\t2\t22\na.png\t1\nc.png\t3\n",
                                        "dir/a.png\t1\t0.99\ndir/b.png\t7\t0.5\n", NULL};
    assert_int_equal(make_pairs(&pairs, files, named, &err), MNIST_OK);
    assert_int_equal(pairs.count, 3);
    assert_int_equal(pairs.missing, 1);
    assert_string_equal(pairs.pairs[0].hypothesis, "7");
    assert_int_equal(pairs.pairs[0].reference_count, 2);
    assert_string_equal(pairs.pairs[0].references[1], "22");
    assert_string_equal(pairs.pairs[1].hypothesis, "1");
    assert_string_equal(pairs.pairs[2].hypothesis, "");
    mnist_text_pairs_free(&pairs);
    free_files(files);
    /* rows of one picture, and a name that ends like one */
    static const char *const rows[] = {"a\t12 34\nb#1\t5\nc#x\t6\n", "a#1\t12\nb#1\t5\na#22\t34\n",
                                       NULL};
    assert_int_equal(make_pairs(&pairs, files, rows, &err), MNIST_OK);
    assert_string_equal(pairs.pairs[0].hypothesis, "12 34");
    assert_string_equal(pairs.pairs[1].hypothesis, "5");
    assert_string_equal(pairs.pairs[2].hypothesis, "");
    assert_int_equal(pairs.missing, 1);
    mnist_text_pairs_free(&pairs);
    free_files(files);
    /* by line where one has no names; a second file of references */
    static const char *const plain[] = {"2\n1\n", "b\t22\na\t11\n", "x\ny\n", NULL};
    assert_int_equal(make_pairs(&pairs, files, plain, &err), MNIST_OK);
    assert_int_equal(pairs.pairs[1].reference_count, 2);
    assert_string_equal(pairs.pairs[1].references[1], "11");
    assert_string_equal(pairs.pairs[1].name, "a");
    assert_string_equal(pairs.pairs[1].hypothesis, "y");
    mnist_text_pairs_free(&pairs);
    free_files(files);
    mnist_text_pairs_free(NULL);
}

/* Rows that are too long together. */
static void test_long_rows(void **state)
{
    (void)state;
    enum { HALF = MNIST_LINE_BYTES_MOST / 2 };
    char *text = malloc(2 * HALF + 20);
    mnist_text_pairs pairs;
    mnist_lines files[FILES + 1] = {0};
    mnist_error err;
    assert_non_null(text);
    memset(text, '1', 2 * HALF + 19);
    memcpy(text, "a#1\t", 4);
    memcpy(text + HALF + 4, "\na#2\t", 5);
    text[2 * HALF + 8] = '\0';
    for (unsigned more = 0; more < 2; more++) { /* 16384 with the blank, and 1 more */
        const char *const texts[] = {"a\t1\n", text, NULL};
        assert_int_equal(make_pairs(&pairs, files, texts, &err),
                         more ? MNIST_ERR_MISMATCH : MNIST_OK);
        mnist_text_pairs_free(&pairs);
        free_files(files);
        text[2 * HALF + 8] = '1';
        text[2 * HALF + 9] = '\0';
    }
    assert_string_equal(err.text, "second: what is read of \"a\" has more than 16384 bytes in all");
    free(text);
}

static void test_bad_pairs(void **state)
{
    (void)state;
    static const struct {
        const char *texts[FILES + 1];
        mnist_status status;
        const char *message;
    } cases[] = {
        {{"", "", NULL}, MNIST_ERR_MISMATCH, "first: has no lines: expected references"},
        {{"1\n2\n", "1\n", NULL},
         MNIST_ERR_MISMATCH,
         "second has 1 lines and first 2: expected as many, or names in both"},
        {{"a\t1\n", "b\t1\n", NULL},
         MNIST_ERR_MISMATCH,
         "second: line 1 is of \"b\", which is not in first"},
        {{"a\t1\n", "a#x\t1\n", NULL},
         MNIST_ERR_MISMATCH,
         "second: line 1 is of \"a#x\", which is not in first"},
        {{"a\t1\n", "b#1\t1\n", NULL},
         MNIST_ERR_MISMATCH,
         "second: line 1 is of \"b#1\", which is not in first"},
        {{"a\t1\n", "a\t1\nb\t1\n", "a\t1\n", NULL},
         MNIST_ERR_MISMATCH,
         "second: line 2 is of \"b\", which is not in first"},
        {{"a\t1\n", "b\t1\n", "a\t1\n", NULL},
         MNIST_ERR_MISMATCH,
         "second: has no line \"a\", which is in first"},
        {{"x/a\t1\ny/a\t2\n", "a\t1\n", NULL},
         MNIST_ERR_MISMATCH,
         "first: two names end in \"a\": expected names that differ without the folders before "
         "them"},
        {{"a\t1\nb\t2\n", "x/a\t1\ny/a\t2\n", NULL},
         MNIST_ERR_MISMATCH,
         "second: two names end in \"a\": expected names that differ without the folders before "
         "them"},
        {{"a\t1\t2\t3\t4\t5\t6\t7\t8\t9\t10\t11\t12\t13\t14\t15\t16\t17\n", "a\t1\n", NULL},
         MNIST_ERR_ARGUMENT,
         "first: a text has more references than 16, which is the most"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        mnist_text_pairs pairs;
        mnist_lines files[FILES + 1] = {0};
        mnist_error err;
        assert_int_equal(make_pairs(&pairs, files, cases[i].texts, &err), cases[i].status);
        assert_string_equal(err.text, cases[i].message);
        assert_null(pairs.pairs);
        free_files(files);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference),  cmocka_unit_test(test_edits),
        cmocka_unit_test(test_rates),      cmocka_unit_test(test_bleu),
        cmocka_unit_test(test_references), cmocka_unit_test(test_bootstrap),
        cmocka_unit_test(test_long),       cmocka_unit_test(test_names),
        cmocka_unit_test(test_lines),      cmocka_unit_test(test_bad_lines),
        cmocka_unit_test(test_pairs),      cmocka_unit_test(test_bad_pairs),
        cmocka_unit_test(test_long_rows),
    };
    return cmocka_run_group_tests(tests, load_golden, release_golden);
}
