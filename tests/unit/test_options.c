/* Command lines: what is accepted, and the messages for what is not. */
#define _POSIX_C_SOURCE 200809L

#include "command_line.h"
#include "left_out.h"

#include <locale.h>
#include <math.h>
#include <unistd.h>

/* Good command lines */

static void test_defaults(void **state)
{
    (void)state;
    outcome o;
    mnist_train_settings expected = mnist_train_settings_defaults();
    mnist_train_config library = mnist_train_defaults();
    parse_train(&o, "");
    assert_runs(&o);
    char *before = printed_config(&expected), *after = printed_config(&o.train);
    assert_string_equal(before, after);
    free(before);
    free(after);
    assert_int_equal(o.train.training.config.epochs, library.epochs);
    assert_true(o.train.training.config.schedule.lr == library.schedule.lr);
    assert_null(o.train.output);
    assert_true(o.train.gate.min_accuracy == 0.0);
    assert_false(mnist_options_was_given(&o.parsed, "epochs"));
    mnist_options_free(&o.parsed);
    mnist_options_free(&o.parsed); /* twice does no harm */
}

static void test_every_form(void **state)
{
    (void)state;
    outcome o;
    parse_train(&o, "-e3 -b 32 --lr=0.05 --no-nesterov --hidden 512,256 --activation leaky-relu "
                    "-s 18446744073709551615 -qn --data some/dir");
    assert_runs(&o);
    assert_int_equal(o.train.training.config.epochs, 3);
    assert_int_equal(o.train.training.config.batch_size, 32);
    assert_true(o.train.training.config.schedule.lr == 0.05f);
    assert_false(o.train.training.config.optimizer.nesterov);
    assert_int_equal(o.train.training.hidden.count, 2);
    assert_int_equal(o.train.training.hidden.width[1], 256);
    assert_int_equal(o.train.training.activation, MNIST_LEAKY_RELU);
    assert_true(o.train.training.config.seed == UINT64_MAX);
    assert_true(o.train.out.quiet && o.train.dry_run && !o.train.verbose);
    assert_string_equal(o.train.training.data.data_dir, "some/dir");
    assert_true(mnist_options_was_given(&o.parsed, "data-dir"));
    assert_true(mnist_options_was_given(&o.parsed, "nesterov"));
    assert_int_equal(mnist_train_progress_mode(&o.train), MNIST_PROGRESS_NONE);

    parse_train(&o, "--epochs 3 --epochs 4 --no-nesterov --nesterov --progress bar");
    assert_runs(&o);
    assert_int_equal(o.train.training.config.epochs, 4); /* the last one counts */
    assert_true(o.train.training.config.optimizer.nesterov);
    assert_int_equal(mnist_train_progress_mode(&o.train), MNIST_PROGRESS_BAR);

    parse_words(&o, &mnist_eval_program, "m.st --confusion --min-accuracy 97.6% -j2");
    assert_runs(&o);
    assert_int_equal(o.parsed.operand_count, 1);
    assert_string_equal(o.parsed.operands[0], "m.st");
    assert_true(o.eval.confusion);
    assert_true(o.eval.gate.min_accuracy == 0.976);
    assert_int_equal(o.eval.threads, 2);
    assert_false(mnist_options_was_given(&o.parsed, "dataset"));

    parse_words(&o, &mnist_eval_program, "--dataset mnist -- -m.st");
    assert_runs(&o);
    assert_string_equal(o.parsed.operands[0], "-m.st");
    assert_int_equal(mnist_options_origin(&o.parsed, "dataset"), MNIST_ORIGIN_COMMAND_LINE);
}

static void test_actions(void **state)
{
    (void)state;
    static const struct {
        const char *words;
        mnist_parse_result result;
    } cases[] = {
        {"-h", MNIST_PARSE_HELP},
        {"--epochs 5 --help --nonsense", MNIST_PARSE_HELP},
        {"--epochs ten -h", MNIST_PARSE_HELP},
        {"--config /nowhere -V", MNIST_PARSE_VERSION},
        {"--help --version", MNIST_PARSE_HELP},
        {"--print-config --epochs 5", MNIST_PARSE_PRINT_CONFIG},
        {"--nonsense --help", MNIST_PARSE_ERROR},
        {"--print-config --epochs 0", MNIST_PARSE_ERROR},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        outcome o;
        parse_train(&o, cases[i].words);
        if (o.result != cases[i].result) {
            fail_msg("%s: result %d", cases[i].words, o.result);
        }
        if (o.result == MNIST_PARSE_HELP) {
            assert_int_equal(o.train.training.config.epochs, mnist_train_defaults().epochs);
        }
        mnist_options_free(&o.parsed);
    }
}

/* Bad command lines */

#define WHOLE_EPOCHS " is not a whole number from 1 to 1000000"
#define WIDTHS       " is not none, or up to 16 whole numbers from 1 to 65536 with commas between them"
#define CLASSES      " is not none, or classes from 0 to 255, each once, like 3 or 0,1,2 or 10-15"
#define SHARE                                                                                      \
    " is not a count from 0 to 1000000000, a fraction below 1 like 0.05, or a percentage like 5%"
#define ACCURACY " is not a fraction above 0 and at most 1, or that as a percentage like 97%"
#define SEED     " is not a whole number from 0 to 18446744073709551615"
#define LR       " is not a number above 0 and at most 1000"

typedef struct bad_line {
    const char *words;
    const char *message;
} bad_line;

static const bad_line bad_train_lines[] = {
    /* whole numbers */
    {"--epochs ten", "--epochs: \"ten\"" WHOLE_EPOCHS},
    {"-e 0", "--epochs: \"0\"" WHOLE_EPOCHS},
    {"--epochs=", "--epochs: \"\"" WHOLE_EPOCHS},
    {"--epochs 1000001", "--epochs: \"1000001\"" WHOLE_EPOCHS},
    {"--epochs 1e3", "--epochs: \"1e3\"" WHOLE_EPOCHS},
    {"--epochs 3.0", "--epochs: \"3.0\"" WHOLE_EPOCHS},
    {"--epochs -1", "--epochs: \"-1\"" WHOLE_EPOCHS},
    {"--epochs +5", "--epochs: \"+5\"" WHOLE_EPOCHS},
    {"--epochs 0x10", "--epochs: \"0x10\"" WHOLE_EPOCHS},
    {"--epochs --lr 0.1", "unexpected argument \"0.1\""},
    {"--seed 18446744073709551616", "--seed: \"18446744073709551616\"" SEED},
    {"--seed -1", "--seed: \"-1\"" SEED},
    {"-j 257", "--threads: \"257\" is not a whole number from 0 to 256"},
    {"-j 4294967297", "--threads: \"4294967297\" is not a whole number from 0 to 256"},
    /* reals */
    {"--lr 0", "--lr: \"0\"" LR},
    {"--lr -0.1", "--lr: \"-0.1\"" LR},
    {"--lr nan", "--lr: \"nan\"" LR},
    {"--lr inf", "--lr: \"inf\"" LR},
    {"--lr 0x1p-3", "--lr: \"0x1p-3\"" LR},
    {"--lr 0,1", "--lr: \"0,1\"" LR},
    {"--lr .", "--lr: \".\"" LR},
    {"--lr 1e", "--lr: \"1e\"" LR},
    {"--lr 1e-60", "--lr: \"1e-60\"" LR}, /* a float would make it 0 */
    {"--lr 1e999", "--lr: \"1e999\"" LR},
    {"--lr 10%", "--lr: \"10%\"" LR},
    {"--momentum 1", "--momentum: \"1\" is not a number of at least 0 and below 1"},
    {"--momentum 0.999999999", /* a float would make it 1 */
     "--momentum: \"0.999999999\" is not a number of at least 0 and below 1"},
    {"--clip-norm -1", "--clip-norm: \"-1\" is not a number of at least 0"},
    {"--clip-norm 1e39", "--clip-norm: \"1e39\" is not a number of at least 0"},
    {"--max-loss 0", "--max-loss: \"0\" is not a number above 0"},
    /* fractions and percentages */
    {"--min-accuracy 97", "--min-accuracy: \"97\"" ACCURACY},
    {"--min-accuracy 0%", "--min-accuracy: \"0%\"" ACCURACY},
    {"--min-accuracy 101%", "--min-accuracy: \"101%\"" ACCURACY},
    {"--min-accuracy 9e1%", "--min-accuracy: \"9e1%\"" ACCURACY},
    {"--min-accuracy 97%%", "--min-accuracy: \"97%%\"" ACCURACY},
    {"--val-split 1.0", "--val-split: \"1.0\"" SHARE},
    {"--val-split 100%", "--val-split: \"100%\"" SHARE},
    {"--val-split -5", "--val-split: \"-5\"" SHARE},
    {"--val-split 1000000001", "--val-split: \"1000000001\"" SHARE},
    /* lists */
    {"--hidden 0", "--hidden: \"0\"" WIDTHS},
    {"--hidden 65537", "--hidden: \"65537\"" WIDTHS},
    {"--hidden 128,", "--hidden: \"128,\"" WIDTHS},
    {"--hidden 128,none", "--hidden: \"128,none\"" WIDTHS},
    {"--hidden 1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1",
     "--hidden: \"1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1\"" WIDTHS},
    {"--omit-class 256", "--omit-class: \"256\"" CLASSES},
    {"--omit-class 0003", "--omit-class: \"0003\"" CLASSES},
    {"--omit-class 3-", "--omit-class: \"3-\"" CLASSES},
    {"--omit-class 3-3", "--omit-class: \"3-3\"" CLASSES},
    {"--omit-class 3-2", "--omit-class: \"3-2\"" CLASSES},
    {"--omit-class 3-5,4", "--omit-class: \"3-5,4\"" CLASSES},
    {"--classes 1", "--classes: \"1\" is not a whole number from 2 to 256"},
    {"--classes 257", "--classes: \"257\" is not a whole number from 2 to 256"},
    {"--label-base 256", "--label-base: \"256\" is not a whole number from 0 to 255"},
    {"--omit-class 3,3", "--omit-class: \"3,3\"" CLASSES},
    {"--omit-class 3,", "--omit-class: \"3,\"" CLASSES},
    {"--omit-class ,3", "--omit-class: \",3\"" CLASSES},
    {"--omit-class 3,none", "--omit-class: \"3,none\"" CLASSES},
    {"--omit-class -1", "--omit-class: \"-1\"" CLASSES},
    {"--omit-class=", "--omit-class: \"\"" CLASSES},
    {"--omit-class three", "--omit-class: \"three\"" CLASSES},
    {"--calibrate-bias", "--calibrate-bias needs an --omit-class"},
    /* choices */
    {"--precision bf17",
     "--precision: \"bf17\" is not one of fp32, bf16, fp16; did you mean bf16?"},
    {"--precision BF16",
     "--precision: \"BF16\" is not one of fp32, bf16, fp16; did you mean bf16?"},
    {"--precision double", "--precision: \"double\" is not one of fp32, bf16, fp16"},
    {"--dataset fashion-mnist", "--dataset: \"fashion-mnist\" is not one of mnist, fashion, "
                                "synthetic; did you mean fashion?"},
    {"--schedule onecycle", "--schedule: \"onecycle\" is not one of constant, step, cosine, "
                            "one-cycle; did you mean one-cycle?"},
    {"--progress=", "--progress: \"\" is not one of auto, bar, plain, none"},
    /* names */
    {"--output=", "--output: \"\" is not a name"},
    {"--config=", "--config: \"\" is not a name"},
    /* unknown options; names may not be abbreviated */
    {"--epoch-count", "unknown option --epoch-count; did you mean --epochs?"},
    {"--epoch 3", "unknown option --epoch; did you mean --epochs?"},
    {"--epoch", "unknown option --epoch; did you mean --epochs?"},
    {"--epoch=3", "unknown option --epoch; did you mean --epochs?"},
    {"--jso=3", "unknown option --jso; did you mean --json?"},
    {"--s 3", "unknown option --s"},
    {"--Epochs 3", "unknown option --Epochs; did you mean --epochs?"},
    {"--batch_size 3", "unknown option --batch_size; did you mean --batch-size?"},
    {"--learning-rate 3", "unknown option --learning-rate; did you mean --lr?"},
    {"--momentun 3", "unknown option --momentun; did you mean --momentum?"},
    {"--no-nestrov", "unknown option --no-nestrov; did you mean --no-nesterov?"},
    {"--no-json", "unknown option --no-json"},
    {"--frobnicate=3", "unknown option --frobnicate"},
    {"--confusion", "unknown option --confusion; did you mean --config?"},
    {"--a-name-that-is-much-longer-than-that-of-any-option-there-is-or-will-be=5",
     "unknown option --a-name-that-is-much-longer-than-that-of-any-option-there-is-or-will-be"},
    {"-z", "unknown option -z"},
    {"-qz", "unknown option -z"},
    {"-\x01", "unknown option -\\x01"},
    {"-lr 0.1", "unknown option -lr; did you mean --lr?"},
    {"--val\x1b[1m", "unknown option --val\\x1b[1m"},
    /* arguments that are missing or too many */
    {"--epochs", "--epochs: its argument N is missing: a whole number from 1 to 1000000"},
    {"-q -e", "--epochs: its argument N is missing: a whole number from 1 to 1000000"},
    {"-o", "--output: its argument FILE is missing"},
    {"--config", "--config: its argument FILE is missing"},
    {"--json=yes", "--json: takes no argument, but was given \"yes\""},
    {"--no-nesterov=1", "--no-nesterov: takes no argument, but was given \"1\""},
    {"--help=me", "--help: takes no argument, but was given \"me\""},
    {"model.st", "unexpected argument \"model.st\""},
    {"epochs 5", "unexpected argument \"epochs\"; did you mean --epochs?"},
    {"-q -- --json", "unexpected argument \"--json\""},
    {"--config a --config b", "--config: given twice; there can be one file"},
    {"--config /nowhere/c.json", "--config: /nowhere/c.json: No such file or directory"},
    /* across options */
    {"--runs 3 -o m.st",
     "--runs: each net would overwrite the last one's --output; put {seed} into "
     "the name, like net-{seed}.safetensors"},
    {"-qv", "--quiet and --verbose exclude each other"},
    {"--log x.txt", "--log: \"x.txt\" ends in neither .csv nor .jsonl, which choose the format"},
    {"--log .csv", "--log: \".csv\" ends in neither .csv nor .jsonl, which choose the format"},
    {"--log-every 5", "--log-every needs --log FILE to write to"},
    {"--nesterov --momentum 0", "--nesterov needs a --momentum above 0"},
    {"--train-labels a", "--train-labels goes with --train-images, which is missing"},
    {"--dataset synthetic --data d",
     "--data-dir does not go with --dataset synthetic, which reads no files"},
    {"--synthetic-train 5", "--synthetic-train is for --dataset synthetic, but the data set is "
                            "mnist"},
};

static const bad_line bad_eval_lines[] = {
    {"", "MODEL is missing"},
    {"-q", "MODEL is missing"},
    {"m --epochs 3", "unknown option --epochs"},
    {"m --min-accuracy x", "--min-accuracy: \"x\"" ACCURACY},
    {"m --test-labels a", "--test-labels goes with --test-images, which is missing"},
    {"m --dataset synthetic --data d",
     "--data-dir does not go with --dataset synthetic, which reads no files"},
};

static void check_bad_lines(const mnist_program *program, const bad_line *lines, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        outcome o;
        parse_words(&o, program, lines[i].words);
        if (o.result != MNIST_PARSE_ERROR || strcmp(o.err.text, lines[i].message) != 0) {
            fail_msg("%s %s\n  gives    %s\n  expected %s", program->name, lines[i].words,
                     o.err.text, lines[i].message);
        }
        assert_int_equal(o.err.status, MNIST_ERR_ARGUMENT);
        mnist_options_free(&o.parsed);
    }
}

static void test_bad_lines(void **state)
{
    (void)state;
    check_bad_lines(&mnist_train_program, bad_train_lines, LENGTH(bad_train_lines));
    check_bad_lines(&mnist_eval_program, bad_eval_lines, LENGTH(bad_eval_lines));
}

/* These arguments hold blanks, at which the helper above would split them. */
static void test_blanks(void **state)
{
    (void)state;
    static const char *const numbers[] = {" 5", "5 ", "5\n", "\t5", " "};
    static const char *const names[] = {"--epochs",       "--lr",     "--val-split",
                                        "--min-accuracy", "--hidden", "--seed"};
    for (size_t i = 0; i < LENGTH(numbers) * LENGTH(names); i++) {
        mnist_train_settings settings = mnist_train_settings_defaults();
        mnist_parsed parsed;
        mnist_error err;
        char name[32], number[8];
        snprintf(name, sizeof name, "%s", names[i % LENGTH(names)]);
        snprintf(number, sizeof number, "%s", numbers[i / LENGTH(names)]);
        char *argv[] = {name, name, number, NULL};
        assert_int_equal(
            mnist_options_parse(&mnist_train_program, 3, argv, &settings, &parsed, &err),
            MNIST_PARSE_ERROR);
        assert_non_null(strstr(err.text, " is not "));
        mnist_options_free(&parsed);
    }
}

static void test_report(void **state)
{
    (void)state;
    outcome o;
    FILE *out = tmpfile();
    assert_non_null(out);
    parse_train(&o, "--epochs ten");
    mnist_options_print_error(&mnist_train_program, &o.err, out);
    char *text = contents(out);
    assert_string_equal(text, "mnist-train: --epochs: \"ten\"" WHOLE_EPOCHS "\n"
                              "Try 'mnist-train --help'.\n");
    free(text);
}

/* The message must be readable whatever is given. */
static void test_quote(void **state)
{
    (void)state;
    static const struct {
        const char *text, *quoted;
    } cases[] = {
        {"", "\"\""},
        {"a b", "\"a b\""},
        {"\x1b[31m\n\x7f", "\"\\x1b[31m\\x0a\\x7f\""},
        {"\xc3\xa9", "\"\xc3\xa9\""},
    };
    char quoted[MNIST_QUOTED_TEXT], longer[400];
    for (size_t i = 0; i < LENGTH(cases); i++) {
        mnist_option_quote(cases[i].text, quoted);
        assert_string_equal(quoted, cases[i].quoted);
    }
    for (size_t shift = 0; shift < 2; shift++) { /* cut before, or in the middle of, an é */
        memset(longer, 'x', shift);
        for (size_t i = 0; i < 150; i++) {
            memcpy(longer + shift + 2 * i, "\xc3\xa9", 3);
        }
        mnist_option_quote(longer, quoted);
        size_t length = strlen(quoted);
        assert_true(length < MNIST_QUOTED_TEXT && length > MNIST_QUOTED_TEXT - 12);
        assert_string_equal(quoted + length - 4, "...\"");
        assert_int_equal((length - 5 - shift) % 2, 0); /* whole letters */
    }
    memset(longer, '\x01', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    mnist_option_quote(longer, quoted);
    assert_true(strlen(quoted) < MNIST_QUOTED_TEXT);
}

/* Numbers */

static void test_reals(void **state)
{
    (void)state;
    static const struct {
        const char *given;
        float value;
        const char *shown;
    } cases[] = {
        {"1e-3", 1e-3f, "0.001"},
        {"0.1", 0.1f, "0.1"},
        {".5", 0.5f, "0.5"},
        {"5.", 5.0f, "5"},
        {"1E+2", 100.0f, "100"},
        {"1e-5", 1e-5f, "1e-5"},
        {"0.3", 0.3f, "0.3"},
        {"1e-38", 1e-38f, "1e-38"},
        {"0.0123456789", 0.0123456789f, "0.012345679"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        outcome o;
        char words[64], text[MNIST_REAL_TEXT];
        snprintf(words, sizeof words, "--lr %s", cases[i].given);
        parse_train(&o, words);
        assert_runs(&o);
        assert_true(o.train.training.config.schedule.lr == cases[i].value);
        mnist_float_format(o.train.training.config.schedule.lr, text);
        assert_string_equal(text, cases[i].shown);
    }
    outcome o;
    parse_train(&o, "--weight-decay -0");
    assert_runs(&o);
    assert_false(signbit(o.train.training.config.optimizer.weight_decay));
}

static void test_real_format(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0.0, "0"},
        {3.0, "3"},
        {-10.0, "-10"},
        {0.1, "0.1"},
        {1e20, "1e20"},
        {1e-300, "1e-300"},
        {123456789.0, "123456789"},
        {1.0 / 3.0, "0.3333333333333333"},
        {-1.5e-7, "-1.5e-7"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1e15, "1e15"},
    };
    char text[MNIST_REAL_TEXT];
    for (size_t i = 0; i < LENGTH(cases); i++) {
        mnist_real_format(cases[i].value, text);
        assert_string_equal(text, cases[i].text);
        assert_true(strtod(text, NULL) == cases[i].value);
    }
    uint32_t bits = 1;
    for (size_t i = 0; i < 20000; i++) { /* floats of every size, by a full-period generator */
        float value;
        bits = bits * 1664525u + 1013904223u;
        memcpy(&value, &bits, sizeof value);
        if (isfinite(value)) {
            mnist_float_format(value, text);
            assert_true(strtof(text, NULL) == value && (float)strtod(text, NULL) == value);
        }
    }
}

/* In a locale whose decimal point is a comma nothing changes. */
static void test_locale(void **state)
{
    (void)state;
    static const char *const locales[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE"};
    const char *found = NULL;
    for (size_t i = 0; !found && i < LENGTH(locales); i++) {
        found = setlocale(LC_NUMERIC, locales[i]);
    }
    if (!found || strcmp(localeconv()->decimal_point, ",") != 0) {
        setlocale(LC_NUMERIC, "C");
        LEAVE_OUT(NO_DECIMAL_COMMA);
    }
    outcome o;
    char text[MNIST_REAL_TEXT];
    parse_train(&o, "--lr 0.25 --min-accuracy 97.5%");
    mnist_real_format(0.125, text);
    setlocale(LC_NUMERIC, "C");
    assert_runs(&o);
    assert_true(o.train.training.config.schedule.lr == 0.25f);
    assert_true(o.train.gate.min_accuracy == 0.975);
    assert_string_equal(text, "0.125");
}

static void test_intervals(void **state)
{
    (void)state;
    static const struct {
        const char *given;
        mnist_interval interval;
        const char *printed; /* NULL: as given */
    } cases[] = {
        {"30s", {.seconds = 30.0}, NULL},
        {"0.5s", {.seconds = 0.5}, NULL},
        {"500steps", {.steps = 500}, NULL},
        {"1step", {.steps = 1}, "1steps"},
        {"2epochs", {.epochs = 2}, NULL},
        {"1epoch", {.epochs = 1}, "1epochs"},
        {"7", {.epochs = 7}, "7epochs"},
        {"1000000", {.epochs = 1000000}, "1000000epochs"},
        {"18446744073709551615steps", {.steps = UINT64_MAX}, NULL},
        {"1e3s", {.seconds = 1000.0}, "1000s"},
        {".00002s", {.seconds = 2e-5}, "2e-5s"},
        {"2e-5s", {.seconds = 2e-5}, NULL},
    };
    static const char *const bad[] = {
        "0",           "0s",       "0steps", "s",    "-1",
        "1.5",         "2 epochs", "e3s",    "30 s", "30m",
        "1.5steps",    "1000001",  "inf",    "30S",  "18446744073709551616steps",
        "2000000000s", "1e10s",    "-1e-5s"};
    mnist_option_ref ref = mnist_option_find(&mnist_train_program, "checkpoint-every");
    mnist_interval field;
    char text[MNIST_OPTION_TEXT];
    for (size_t i = 0; i < LENGTH(cases); i++) {
        field = (mnist_interval){0};
        assert_true(mnist_option_set(ref.option, &field, cases[i].given));
        assert_true(field.seconds == cases[i].interval.seconds);
        assert_int_equal(field.steps, cases[i].interval.steps);
        assert_int_equal(field.epochs, cases[i].interval.epochs);
        mnist_option_format(ref.option, &field, text);
        assert_string_equal(text, cases[i].printed ? cases[i].printed : cases[i].given);
    }
    for (size_t i = 0; i < LENGTH(bad); i++) {
        field = (mnist_interval){.epochs = 3};
        if (mnist_option_set(ref.option, &field, bad[i]) || field.epochs != 3) {
            fail_msg("'%s' was taken", bad[i]);
        }
    }
    field = (mnist_interval){0};
    mnist_option_format(ref.option, &field, text);
    assert_string_equal(text, "");
}

static void test_shares_and_percentages(void **state)
{
    (void)state;
    static const struct {
        const char *given;
        double fraction;
        uint64_t count, of_60000;
    } cases[] = {
        {"0", 0.0, 0, 0},           {"0.0", 0.0, 0, 0},           {"5000", 0.0, 5000, 5000},
        {"1", 0.0, 1, 1},           {"0.05", 0.05, 0, 3000},      {"5%", 0.05, 0, 3000},
        {"97.6%", 0.976, 0, 58560}, {"1e-1", 0.1, 0, 6000},       {"0%", 0.0, 0, 0},
        {"0.3%", 0.003, 0, 180},    {"70000", 0.0, 70000, 70000},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        outcome o;
        char words[64];
        snprintf(words, sizeof words, "--val-split %s", cases[i].given);
        parse_train(&o, words);
        assert_runs(&o);
        assert_true(o.train.training.val_split.fraction == cases[i].fraction);
        assert_true(o.train.training.val_split.count == cases[i].count);
        assert_true(mnist_share_of(o.train.training.val_split, 60000) == cases[i].of_60000);
    }
    assert_true(mnist_share_of((mnist_share){.fraction = 0.9999999}, 10) == 10);
    outcome o;
    parse_train(&o, "--min-accuracy 100% --max-loss 0.1");
    assert_runs(&o);
    assert_true(o.train.gate.min_accuracy == 1.0 && o.train.gate.max_loss == 0.1);
}

static void test_widths(void **state)
{
    (void)state;
    static const struct {
        const char *given;
        unsigned count, last;
    } cases[] = {
        {"none", 0, 0},
        {"1", 1, 1},
        {"65536", 1, 65536},
        {"0512,007", 2, 7},
        {"1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16", 16, 16},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        outcome o;
        char words[64];
        snprintf(words, sizeof words, "--hidden %s", cases[i].given);
        parse_train(&o, words);
        assert_runs(&o);
        assert_int_equal(o.train.training.hidden.count, cases[i].count);
        if (cases[i].count > 0) {
            assert_int_equal(o.train.training.hidden.width[cases[i].count - 1], cases[i].last);
        }
    }
}

/* Help */

static void check_help(const mnist_program *program, const void *settings)
{
    char *help = printed_help(program, settings);
    char usage[64];
    snprintf(usage, sizeof usage, "Usage: %s [OPTION]...", program->name);
    assert_true(strncmp(help, usage, strlen(usage)) == 0);
    for (const char *line = help; *line;) {
        size_t length = strcspn(line, "\n");
        if (length > 80 || (length > 0 && line[length - 1] == ' ')) {
            fail_msg("wider than 80 or blank at the end: %.*s", (int)length, line);
        }
        line += length + 1;
    }
    mnist_option_ref ref = mnist_option_at(program, 0);
    for (; ref.option; ref = mnist_option_at(program, ref.index + 1)) {
        char heading[64];
        snprintf(heading, sizeof heading, "%s--%s%s", ref.option->letter ? "" : "      ",
                 ref.option->type == MNIST_OPTION_SWITCH ? "[no-]" : "", ref.option->name);
        const char *at = strstr(help, heading);
        assert_non_null(at);
        const char after = at[strlen(heading)];
        assert_true(after == ' ' || after == '\n');
    }
    assert_non_null(strstr(help, "\nExamples:\n"));
    assert_non_null(strstr(help, "\nExit codes:\n    0 "));
    free(help);
}

static void test_help_fits(void **state)
{
    (void)state;
    mnist_train_settings train = mnist_train_settings_defaults();
    mnist_eval_settings eval = mnist_eval_settings_defaults();
    check_help(&mnist_train_program, &train);
    check_help(&mnist_eval_program, &eval);
    /* also with defaults longer than a line */
    char name[300];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    train.output = name;
    train.training.hidden.count = MNIST_MAX_HIDDEN;
    for (unsigned i = 0; i < MNIST_MAX_HIDDEN; i++) {
        train.training.hidden.width[i] = MNIST_MAX_WIDTH;
    }
    check_help(&mnist_train_program, &train);
}

static void test_help_shows_live_defaults(void **state)
{
    (void)state;
    mnist_train_settings settings = mnist_train_settings_defaults();
    settings.training.config.epochs = 4321;
    settings.training.config.schedule.lr = 0.0625f;
    settings.training.config.optimizer.nesterov = false;
    settings.training.hidden = (mnist_widths){2, {77, 33}};
    settings.training.activation = MNIST_GELU;
    settings.training.config.schedule.kind = MNIST_SCHEDULE_COSINE;
    settings.training.val_split = (mnist_share){.count = 777};
    settings.training.data.data_dir = "/some/where";
    char *help = printed_help(&mnist_train_program, &settings);
    assert_non_null(strstr(help, "  -e, --epochs N           "
                                 "passes over the training images (default: 4321)\n"));
    assert_non_null(strstr(help, "(default: 0.0625)"));
    assert_non_null(strstr(help, "Nesterov's momentum (default: off)\n"));
    assert_non_null(strstr(help, "(default: 77,33)"));
    assert_non_null(strstr(help, "after the warm-up:\n                           constant, step, "
                                 "cosine or one-cycle (default: cosine)\n"));
    assert_non_null(strstr(help, "(default: gelu)\n"));
    assert_non_null(strstr(help, "(default: 777)"));
    assert_non_null(strstr(help, "(default: all CPUs)\n"));
    assert_non_null(strstr(help, "(default: /some/where)\n"));
    assert_non_null(strstr(help, "(0.97 or 97%)\n")); /* a gate has no default */
    free(help);
    mnist_eval_settings eval = mnist_eval_settings_defaults();
    help = printed_help(&mnist_eval_program, &eval);
    assert_non_null(strstr(help, "Usage: mnist-eval [OPTION]... MODEL...\n"));
    assert_non_null(strstr(help, "(default: as in training)"));
    assert_null(strstr(help, "(default: mnist)"));
    free(help);
}

/* The tables themselves */

static void check_table(const mnist_program *program)
{
    mnist_option_ref ref = mnist_option_at(program, 0);
    for (; ref.option; ref = mnist_option_at(program, ref.index + 1)) {
        const mnist_option *option = ref.option;
        assert_true(ref.index < MNIST_MAX_OPTIONS);
        assert_ptr_equal(mnist_option_find(program, option->name).option, option);
        assert_true(option->help && option->help[strlen(option->help) - 1] != '.');
        if (option->type == MNIST_OPTION_CHOICE) { /* each accepts all its own names */
            for (int value = 0; option->choice(value); value++) {
                int field = -1;
                assert_true(mnist_option_set(option, &field, option->choice(value)));
                assert_int_equal(field, value);
            }
        }
        mnist_option_ref other = mnist_option_at(program, ref.index + 1);
        for (; other.option; other = mnist_option_at(program, other.index + 1)) {
            assert_string_not_equal(option->name, other.option->name);
            assert_true(!option->letter || option->letter != other.option->letter);
        }
    }
}

static void test_tables(void **state)
{
    (void)state;
    check_table(&mnist_train_program);
    check_table(&mnist_eval_program);
}

/* Options that only some optimisers use name these in their help, and so does --lr, which has other
 * defaults for some: as the list of optimisers says. */
static void test_optimizer_help(void **state)
{
    (void)state;
    static const struct {
        const char *option;
        unsigned field;
    } own[] = {{"momentum", MNIST_USES_MOMENTUM}, {"nesterov", MNIST_USES_NESTEROV},
               {"beta1", MNIST_USES_BETA1},       {"beta2", MNIST_USES_BETA2},
               {"rho", MNIST_USES_RHO},           {"epsilon", MNIST_USES_EPSILON}};
    for (size_t i = 0; i < LENGTH(own); i++) {
        char users[128] = "";
        for (int k = 0; k < MNIST_OPTIMIZERS; k++) {
            const mnist_optimizer_traits *of = mnist_optimizer_describe((mnist_optimizer_kind)k);
            if (of->uses & own[i].field) {
                const size_t used = strlen(users);
                snprintf(users + used, sizeof users - used, "%s%s", used > 0 ? ", " : "", of->name);
            }
        }
        strcat(users, ": ");
        const char *help = mnist_option_find(&mnist_train_program, own[i].option).option->help;
        assert_int_equal(strncmp(help, users, strlen(users)), 0);
    }
    const char *help = mnist_option_find(&mnist_train_program, "lr").option->help;
    for (int k = 0; k < MNIST_OPTIMIZERS; k++) {
        const mnist_optimizer_traits *traits = mnist_optimizer_describe((mnist_optimizer_kind)k);
        char lr[64];
        snprintf(lr, sizeof lr, "%g if the optimiser is not sgd", (double)traits->lr);
        assert_true(k == MNIST_SGD || strstr(help, lr));
    }
}

/* Runs mnist_options_start with stdout and stderr going to files. */
static int start(const char *words, char **out, char **err)
{
    outcome o;
    parse_train(&o, words); /* for its argv */
    mnist_options_free(&o.parsed);
    int argc = 0;
    while (o.argv[argc]) {
        argc++;
    }
    FILE *files[2] = {tmpfile(), tmpfile()};
    assert_true(files[0] && files[1]);
    fflush(NULL);
    int saved[2] = {dup(1), dup(2)};
    dup2(fileno(files[0]), 1);
    dup2(fileno(files[1]), 2);
    mnist_train_settings settings = mnist_train_settings_defaults();
    mnist_parsed parsed;
    int code = mnist_options_start(&mnist_train_program, argc, o.argv, &settings, &parsed);
    mnist_options_free(&parsed);
    fflush(NULL);
    dup2(saved[0], 1);
    dup2(saved[1], 2);
    close(saved[0]);
    close(saved[1]);
    for (int i = 0; i < 2; i++) {
        fseek(files[i], 0, SEEK_END);
    }
    *out = contents(files[0]);
    *err = contents(files[1]);
    return code;
}

static void test_start(void **state)
{
    (void)state;
    char version[64];
    snprintf(version, sizeof version, "mnist-train %s\n", mnist_version());
    const struct {
        const char *words;
        int code;
        const char *out, *err; /* how the output begins; "" for none */
    } cases[] = {
        {"", -1, "", ""},
        {"-V", MNIST_EXIT_OK, version, ""},
        {"--help", MNIST_EXIT_OK, "Usage: mnist-train ", ""},
        {"--print-config", MNIST_EXIT_OK, "{\n  \"dataset\"", ""},
        {"--nope", MNIST_EXIT_USAGE, "",
         "mnist-train: unknown option --nope\nTry 'mnist-train --help'.\n"},
        {"--print-config -o \xff", MNIST_EXIT_USAGE, "", "mnist-train: --output: a name that"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        char *out, *err;
        assert_int_equal(start(cases[i].words, &out, &err), cases[i].code);
        assert_int_equal(strncmp(out, cases[i].out, strlen(cases[i].out)), 0);
        assert_int_equal(strncmp(err, cases[i].err, strlen(cases[i].err)), 0);
        assert_int_equal(*out == '\0', *cases[i].out == '\0');
        assert_int_equal(*err == '\0', *cases[i].err == '\0');
        free(out);
        free(err);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_every_form),
        cmocka_unit_test(test_actions),
        cmocka_unit_test(test_bad_lines),
        cmocka_unit_test(test_blanks),
        cmocka_unit_test(test_report),
        cmocka_unit_test(test_quote),
        cmocka_unit_test(test_reals),
        cmocka_unit_test(test_real_format),
        cmocka_unit_test(test_locale),
        cmocka_unit_test(test_intervals),
        cmocka_unit_test(test_shares_and_percentages),
        cmocka_unit_test(test_widths),
        cmocka_unit_test(test_help_fits),
        cmocka_unit_test(test_help_shows_live_defaults),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_optimizer_help),
        cmocka_unit_test(test_start),
    };
    return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
