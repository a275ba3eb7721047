/* What --tune varies: every draw is accepted by its option, in its row's range, and a function of
 * seed and candidate. */
#define _POSIX_C_SOURCE 200809L

#include "command_line.h"

#include "cli/train/search_space.h"
#include "cli/train/tune.h"

#include <math.h>

enum { DRAWS = 3000 };

static void test_random(void **state)
{
    (void)state;
    double sum = 0.0;
    for (uint64_t i = 0; i < DRAWS; i++) {
        double value = mnist_random(3, 5, i);
        assert_true(value >= 0.0 && value < 1.0);
        assert_true(value == mnist_random(3, 5, i));
        sum += value;
    }
    assert_true(fabs(sum / DRAWS - 0.5) < 0.03);
    assert_true(mnist_random(3, 5, 0) != mnist_random(4, 5, 0));
    assert_true(mnist_random(3, 5, 0) != mnist_random(3, 6, 0));
    assert_true(mnist_random(3, 5, 0) != mnist_random(3, 5, (uint64_t)1 << 40));
}

/* Every row names an option that there is, and every draw is accepted and within the row's range.
 */
static void test_table(void **state)
{
    (void)state;
    size_t rows = 0;
    for (; mnist_search_space[rows].option; rows++) {
        const mnist_dimension *d = &mnist_search_space[rows];
        mnist_option_ref ref = mnist_option_find(&mnist_train_program, d->option);
        assert_non_null(ref.option);
        assert_string_equal(ref.option->name, d->option);
        /* an option that is varied must be in the printed file, and be part of the mathematics */
        assert_true(ref.option->flags & MNIST_OPTION_IN_CONFIG);
        assert_true(ref.option->flags & MNIST_OPTION_IN_MODEL);
        size_t zeros = 0, upper = 0;
        const bool is_log = d->distribution == MNIST_LOG_UNIFORM;
        for (uint64_t candidate = 1; candidate <= DRAWS; candidate++) {
            mnist_train_settings settings = mnist_train_settings_defaults();
            char text[MNIST_OPTION_TEXT], again[MNIST_OPTION_TEXT];
            mnist_dimension_draw(mnist_search_space, rows, 1, candidate, text);
            mnist_dimension_draw(mnist_search_space, rows, 1, candidate, again);
            assert_string_equal(text, again);
            if (!mnist_option_set(ref.option, mnist_option_field(ref, &settings), text)) {
                fail_msg("--%s refuses %s", d->option, text);
            }
            if (d->distribution == MNIST_ONE_OF) {
                size_t i = 0;
                while (strcmp(d->list[i], text) != 0) {
                    i++;
                    assert_non_null(d->list[i]);
                }
                continue;
            }
            double value = strtod(text, NULL), at = is_log && value > 0.0 ? log10(value) : value;
            zeros += value == 0.0;
            if (value > 0.0 || d->zero <= 0.0) { /* three digits: 0.5 % off at most */
                assert_true(at >= d->low - 0.0022 && at <= d->high + 0.0022);
                upper += at > (d->low + d->high) / 2.0;
            }
        }
        if (d->distribution != MNIST_ONE_OF) {
            const double not_zero = DRAWS * (1.0 - d->zero);
            assert_true(fabs((double)zeros - DRAWS * d->zero) < 120.0);
            assert_true(fabs((double)upper - not_zero / 2.0) < 120.0);
        }
    }
    assert_int_equal(rows, 8);
    static const char *const kept[] = {"lr", "hidden", "weight-decay", "batch-size",
                                       "label-smoothing"}; /* rows are only appended */
    for (size_t i = 0; i < LENGTH(kept); i++) {
        assert_string_equal(mnist_search_space[i].option, kept[i]);
    }
}

/* Rows of lists reach every text. */
static void test_lists(void **state)
{
    (void)state;
    static const char *const texts[] = {"a", "b", "c", NULL};
    static const mnist_dimension space[] = {
        {.option = "x", .distribution = MNIST_UNIFORM, .low = 2.0, .high = 3.0},
        {.option = "y", .distribution = MNIST_ONE_OF, .list = texts},
        {.option = "z", .distribution = MNIST_LOG_UNIFORM, .low = -40.0, .high = 40.0},
    };
    size_t hits[3] = {0};
    char text[MNIST_OPTION_TEXT];
    for (uint64_t i = 0; i < 3000; i++) {
        mnist_dimension_draw(space, 1, 9, i, text);
        hits[text[0] - 'a']++;
        mnist_dimension_draw(space, 2, 9, i, text);
        /* the drawn exponent is known: the power of ten is right to three digits */
        double expected = pow(10.0, -40.0 + 80.0 * mnist_random(9, 4, i));
        assert_true(fabs(strtod(text, NULL) / expected - 1.0) < 0.00501);
    }
    for (size_t i = 0; i < 3; i++) {
        assert_true(hits[i] > 850 && hits[i] < 1150);
    }
}

static void test_settings(void **state)
{
    (void)state;
    outcome o;
    parse_train(&o, "--tune 5 --lr 0.123 --seed 3 --activation gelu");
    assert_runs(&o);
    size_t differ = 0;
    mnist_train_settings first = mnist_tune_settings(&o.train, &o.parsed, 0);
    char *base = printed_config(&o.train), *zero = printed_config(&first);
    assert_string_equal(base, zero); /* the first candidate is the given settings */
    for (uint64_t candidate = 1; candidate < 200; candidate++) {
        mnist_train_settings a = mnist_tune_settings(&o.train, &o.parsed, candidate);
        mnist_train_settings b = mnist_tune_settings(&o.train, &o.parsed, candidate);
        char *one = printed_config(&a), *two = printed_config(&b);
        assert_string_equal(one, two);
        differ += strcmp(one, base) != 0;
        assert_true(a.training.config.schedule.lr == 0.123f); /* as the command line has it */
        assert_int_equal(a.training.activation, MNIST_GELU);
        assert_int_equal(a.training.config.seed, 3);
        a.training.hidden = o.train.training.hidden; /* nothing but the search space differs */
        a.training.config.batch_size = o.train.training.config.batch_size;
        a.training.config.optimizer.weight_decay = o.train.training.config.optimizer.weight_decay;
        a.training.config.label_smoothing = o.train.training.config.label_smoothing;
        a.training.dropout = o.train.training.dropout;
        a.training.config.input_dropout = o.train.training.config.input_dropout;
        free(one);
        one = printed_config(&a);
        assert_string_equal(one, base);
        free(one);
        free(two);
    }
    assert_true(differ > 190);
    outcome other;
    parse_train(&other, "--tune 5 --lr 0.123 --seed 4 --activation gelu");
    mnist_train_settings x = mnist_tune_settings(&o.train, &o.parsed, 1);
    mnist_train_settings y = mnist_tune_settings(&other.train, &other.parsed, 1);
    assert_true(x.training.config.label_smoothing != y.training.config.label_smoothing);
    free(base);
    free(zero);
}

/* What follows from a candidate's options is settled when it is trained, as it will be when a
 * config file gives them. */
static void test_settled(void **state)
{
    (void)state;
    outcome o;
    parse_train(&o, "--tune 5 --optimizer adam");
    assert_runs(&o);
    assert_true(o.train.training.config.schedule.lr == 0.001f); /* adam's default */
    size_t dropped = 0, deep = 0;
    for (uint64_t candidate = 1; candidate < 400; candidate++) {
        mnist_train_settings s = mnist_tune_settings(&o.train, &o.parsed, candidate);
        const float *rates = s.training.config.regularization.dropout;
        const float drawn = s.training.dropout.count > 0 ? s.training.dropout.rate[0] : 0.0f;
        assert_true(s.training.dropout.count <= 1);
        for (unsigned l = 0; l < MNIST_MAX_HIDDEN; l++) {
            assert_true(rates[l] == (l < s.training.hidden.count ? drawn : 0.0f));
        }
        dropped += drawn > 0.0f;
        deep += drawn > 0.0f && s.training.hidden.count > 1;
        assert_true(s.training.config.schedule.lr >= 0.99e-4f &&
                    s.training.config.schedule.lr <= 1.01e-2f);
        assert_true(s.training.config.schedule.lr != 0.001f || candidate > 1);
    }
    assert_true(dropped > 150 && dropped < 250 && deep > 30);
    assert_true(mnist_tune_settings(&o.train, &o.parsed, 1).training.config.schedule.lr !=
                mnist_tune_settings(&o.train, &o.parsed, 2).training.config.schedule.lr);

    outcome fixed; /* one rate for layers whose number varies; adam's rate from the user */
    parse_train(&fixed, "--tune 5 --dropout 0.25 --optimizer rmsprop --lr 0.002");
    assert_runs(&fixed);
    size_t two = 0;
    for (uint64_t candidate = 0; candidate < 100; candidate++) {
        mnist_train_settings s = mnist_tune_settings(&fixed.train, &fixed.parsed, candidate);
        for (unsigned l = 0; l < MNIST_MAX_HIDDEN; l++) {
            assert_true(s.training.config.regularization.dropout[l] ==
                        (l < s.training.hidden.count ? 0.25f : 0.0f));
        }
        two += s.training.hidden.count == 2;
        assert_true(s.training.config.schedule.lr == 0.002f);
    }
    assert_true(two > 20);
    outcome each; /* a rate for each layer, as the number of layers is given */
    parse_train(&each, "--tune 5 --dropout 0.25,0.5 --hidden 64,32");
    assert_runs(&each);
    mnist_train_settings s = mnist_tune_settings(&each.train, &each.parsed, 5);
    assert_true(s.training.config.regularization.dropout[0] == 0.25f &&
                s.training.config.regularization.dropout[1] == 0.5f);
    mnist_options_free(&o.parsed);
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *words, *message;
    } cases[] = {
        {"--tune 0", "--tune: \"0\" is not a number above 0"},
        {"--tune -1", "--tune: \"-1\" is not a number above 0"},
        {"--tune 5 --runs 1", "--runs does not go with --tune"},
        {"--tune 5 --ensemble 2", "--ensemble does not go with --tune"},
        {"--tune 5 --log a.csv", "--log does not go with --tune"},
        {"--tune 5 --min-accuracy 97%", "--min-accuracy does not go with --tune"},
        {"--tune 5 --max-loss 1", "--max-loss does not go with --tune"},
        {"--tune 5 -o a.safetensors", "--output: with --tune the settings found go there"},
        {"--tune 5 -o .json", "--output: with --tune the settings found go there"},
        {"--tune 5 --val-split 0", "--tune chooses by validation images"},
        {"--tune 5 -qv", "--quiet and --verbose exclude each other"},
        {"--tune 5 --hidden 1 --dropout 0.1,0.2", "--dropout: 2 rates, but 1 hidden layers"},
        {"--tune 5 --lr 1 --hidden 1 --weight-decay 0 -b 8 --label-smoothing 0 --dropout 0 "
         "--input-dropout 0",
         "--tune: the command line sets every option that it would vary"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        outcome o;
        parse_train(&o, cases[i].words);
        assert_int_equal(o.result, MNIST_PARSE_ERROR);
        if (strncmp(o.err.text, cases[i].message, strlen(cases[i].message)) != 0) {
            fail_msg("%s gives %s", cases[i].words, o.err.text);
        }
    }
    outcome o; /* a recipe's split is not the user's */
    parse_train(&o, "--tune 5 --recipe fast -o a.json");
    assert_runs(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),  cmocka_unit_test(test_table),
        cmocka_unit_test(test_lists),   cmocka_unit_test(test_settings),
        cmocka_unit_test(test_settled), cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests_name("search_space", tests, NULL, NULL);
}
