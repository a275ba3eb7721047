/* Recipes: each sets what its options accept; and which of file, recipe and command line wins. */
#define _POSIX_C_SOURCE 200809L

#include "command_line.h"

#include "cli/train/recipes.h"

#include <unistd.h>

static char config_path[256];

static int create_config(void **state)
{
    (void)state;
    const char *base = getenv("TMPDIR");
    snprintf(config_path, sizeof config_path, "%s/mnist-recipes-XXXXXX",
             base && *base ? base : "/tmp");
    int fd = mkstemp(config_path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_config(void **state)
{
    (void)state;
    return unlink(config_path);
}

static void parse_with_config(outcome *o, const char *json, const char *words)
{
    char line[512];
    FILE *file = fopen(config_path, "wb");
    assert_non_null(file);
    assert_true(fputs(json, file) >= 0);
    assert_int_equal(fclose(file), 0);
    snprintf(line, sizeof line, "--config %s%s%s", config_path, *words ? " " : "", words);
    parse_train(o, line);
}

/* Every recipe parses and validates, names no option twice, and sets what it says. */
static void test_all(void **state)
{
    (void)state;
    size_t count = 0;
    for (const mnist_recipe *recipe = mnist_train_recipes; recipe->name; recipe++, count++) {
        outcome o;
        char words[128];
        snprintf(words, sizeof words, "--recipe %s", recipe->name);
        parse_train(&o, words);
        assert_runs(&o);
        assert_ptr_equal(mnist_recipe_find(&mnist_train_program, recipe->name), recipe);
        assert_string_equal(mnist_train_recipe_name((int)count), recipe->name);
        assert_string_not_equal(recipe->name, "list");
        assert_true(recipe->help && *recipe->help);
        for (size_t i = 0; i < recipe->count; i++) {
            mnist_option_ref ref =
                mnist_option_find(&mnist_train_program, recipe->settings[i].option);
            assert_non_null(ref.option);
            assert_string_equal(ref.option->name, recipe->settings[i].option); /* no alias */
            assert_true(ref.option->flags & MNIST_OPTION_IN_CONFIG);
            assert_int_equal(mnist_options_origin(&o.parsed, recipe->settings[i].option),
                             MNIST_ORIGIN_RECIPE);
            mnist_train_settings again = o.train;
            assert_true(mnist_option_set(ref.option, mnist_option_field(ref, &again),
                                         recipe->settings[i].text));
            char text[2][MNIST_OPTION_TEXT];
            mnist_option_format(ref.option, mnist_option_field(ref, &again), text[0]);
            mnist_option_format(ref.option, mnist_option_field(ref, &o.train), text[1]);
            assert_string_equal(text[0], text[1]);
            for (size_t k = 0; k < i; k++) {
                assert_string_not_equal(recipe->settings[k].option, recipe->settings[i].option);
            }
        }
        mnist_options_free(&o.parsed);
    }
    assert_true(count >= 2);
    assert_null(mnist_train_recipe_name((int)count));
}

static void test_default_is_nothing(void **state)
{
    (void)state;
    outcome plain, named;
    parse_train(&plain, "");
    parse_train(&named, "--recipe default");
    char *before = printed_config(&plain.train), *after = printed_config(&named.train);
    assert_string_equal(before, after);
    assert_null(strstr(after, "recipe"));
    free(before);
    free(after);
}

static void test_precedence(void **state)
{
    (void)state;
    outcome o;
    const float weight_decay = 3e-5f, warmup = 0.3f; /* of "fast" */
    static const char *const orders[] = {"--recipe fast --lr 0.5", "--lr 0.5 --recipe fast"};
    for (size_t i = 0; i < LENGTH(orders); i++) {
        parse_with_config(&o, "{\"epochs\": 7, \"lr\": 0.25, \"recipe\": \"default\"}", orders[i]);
        assert_runs(&o);
        assert_true(o.train.training.config.optimizer.weight_decay ==
                    weight_decay);                                /* over the default */
        assert_int_equal(o.train.training.config.epochs, 7);      /* beaten by the file */
        assert_true(o.train.training.config.schedule.lr == 0.5f); /* the command line wins */
        assert_int_equal(mnist_options_origin(&o.parsed, "epochs"), MNIST_ORIGIN_CONFIG);
        assert_int_equal(mnist_options_origin(&o.parsed, "lr"), MNIST_ORIGIN_COMMAND_LINE);
        assert_int_equal(mnist_options_origin(&o.parsed, "warmup"), MNIST_ORIGIN_RECIPE);
        assert_int_equal(mnist_options_origin(&o.parsed, "seed"), MNIST_ORIGIN_DEFAULT);
        mnist_options_free(&o.parsed);
    }
    parse_with_config(&o, "{\"recipe\": \"fast\", \"lr\": 0.25}", ""); /* named in the file */
    assert_runs(&o);
    assert_true(o.train.training.config.schedule.warmup == warmup);
    assert_true(o.train.training.config.schedule.lr == 0.25f);
    mnist_options_free(&o.parsed);
    parse_with_config(&o, "{\"lr\": 0.25, \"recipe\": \"fast\"}", "--recipe default");
    assert_runs(&o);
    assert_int_equal(o.train.training.config.epochs, mnist_train_defaults().epochs);
    assert_true(o.train.training.config.schedule.lr == 0.25f);
    mnist_options_free(&o.parsed);
    parse_train(&o, "--recipe fast --recipe default"); /* the last one counts, as with any option */
    assert_runs(&o);
    assert_int_equal(o.train.training.config.epochs, mnist_train_defaults().epochs);
}

static void test_refusals(void **state)
{
    (void)state;
    outcome o;
    char message[512];
    parse_train(&o, "--recipe fsat");
    assert_int_equal(o.result, MNIST_PARSE_ERROR);
    assert_non_null(strstr(o.err.text, "--recipe: \"fsat\" is not one of default, fast"));
    assert_non_null(strstr(o.err.text, "; did you mean fast?"));
    static const char *const files[][2] = {
        {"{\"recipe\": \"fasst\"}", "\"recipe\": \"fasst\" is not one of default, fast"},
        {"{\"recipe\": \"list\"}", "\"recipe\": \"list\" is not one of default, fast"},
        {"{\"recipe\": 3}", "\"recipe\": must be one of default, fast"},
    };
    for (size_t i = 0; i < LENGTH(files); i++) {
        parse_with_config(&o, files[i][0], "");
        assert_int_equal(o.result, MNIST_PARSE_ERROR);
        snprintf(message, sizeof message, "%s: %s", config_path, files[i][1]);
        assert_non_null(strstr(o.err.text, message));
        mnist_options_free(&o.parsed);
    }
    /* a mistake in a table is reported, not passed over */
    static const mnist_recipe_setting bad[][1] = {{{"lr", "0"}}, {{"learning", "1"}}};
    static const char *const texts[] = {
        "recipe r: --lr: \"0\" is not a number above 0 and at most 1000",
        "recipe r: --learning: there is no such option"};
    for (size_t i = 0; i < LENGTH(texts); i++) {
        mnist_recipe recipe = {.name = "r", .settings = bad[i], .count = 1};
        parse_train(&o, "");
        assert_false(
            mnist_recipe_apply(&mnist_train_program, &recipe, &o.train, &o.parsed, &o.err));
        assert_string_equal(o.err.text, texts[i]);
    }
}

static void test_list(void **state)
{
    (void)state;
    outcome o;
    parse_train(&o, "--recipe list --bogus"); /* as with --help, what comes later does not matter */
    assert_int_equal(o.result, MNIST_PARSE_RECIPES);
    FILE *out = tmpfile();
    assert_non_null(out);
    mnist_options_print_recipes(&mnist_train_program, out);
    char *text = contents(out);
    assert_non_null(strstr(text, "fast: "));
    assert_non_null(strstr(text, " --label-smoothing 0.05"));
    for (const char *line = text; *line;) {
        size_t length = strcspn(line, "\n");
        assert_true(length <= 80 && (length == 0 || line[length - 1] != ' '));
        line += length + 1;
    }
    free(text);
    char *help = printed_help(&mnist_train_program, &o.train);
    assert_non_null(strstr(help, "\nRecipes:\n  default "));
    free(help);
    help = printed_help(&mnist_eval_program, &o.eval);
    assert_null(strstr(help, "Recipes"));
    free(help);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all),        cmocka_unit_test(test_default_is_nothing),
        cmocka_unit_test(test_precedence), cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_list),
    };
    return cmocka_run_group_tests_name("recipes", tests, create_config, remove_config);
}
