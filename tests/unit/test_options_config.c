/* Settings as JSON: --config, --print-config, and what goes into documents and models. */
#define _POSIX_C_SOURCE 200809L

#include "command_line.h"

#include <unistd.h>

static char directory[256];
static char config_path[512];

static int create_directory(void **state)
{
    (void)state;
    const char *base = getenv("TMPDIR");
    snprintf(directory, sizeof directory, "%s/mnist-options-XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(directory)) {
        return -1;
    }
    snprintf(config_path, sizeof config_path, "%s/c.json", directory);
    return 0;
}

static int remove_directory(void **state)
{
    (void)state;
    unlink(config_path);
    return rmdir(directory);
}

static void write_config(const char *text, size_t size)
{
    FILE *file = fopen(config_path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void parse_config(outcome *o, const char *json, const char *before, const char *after)
{
    char words[1024];
    write_config(json, strlen(json));
    snprintf(words, sizeof words, "%s%s--config %s%s%s", before, *before ? " " : "", config_path,
             *after ? " " : "", after);
    parse_train(o, words);
}

static void test_print_config(void **state)
{
    (void)state;
    outcome o;
    parse_train(&o, "--print-config --lr 0.05 --seed 18446744073709551615 --hidden 512,512 "
                    "--output a\"b.st --min-accuracy 97.6% --no-nesterov --quiet --val-split 10%");
    assert_int_equal(o.result, MNIST_PARSE_PRINT_CONFIG);
    char *text = printed_config(&o.train);
    static const char *const parts[] = {
        "{\n  \"dataset\": \"mnist\",\n",
        "\n  \"lr\": 0.05,\n",
        "\n  \"seed\": \"18446744073709551615\",\n",
        "\n  \"hidden\": \"512,512\",\n",
        "\n  \"output\": \"a\\\"b.st\",\n",
        "\n  \"nesterov\": false,\n",
        "\n  \"val-split\": 0.1,\n",
        "\n  \"min-accuracy\": 0.976\n}\n",
    };
    for (size_t i = 0; i < LENGTH(parts); i++) {
        if (!strstr(text, parts[i])) {
            fail_msg("%s lacks %s", text, parts[i]);
        }
    }
    static const char *const absent[] = {"max-loss", "quiet", "help", "data-dir", "config"};
    for (size_t i = 0; i < LENGTH(absent); i++) {
        assert_null(strstr(text, absent[i]));
    }
    free(text);
    o.train.log = "\xff.csv";
    mnist_error err;
    assert_false(mnist_options_print_config(&mnist_train_program, &o.train, stderr, &err));
    assert_string_equal(err.text, "--log: a name that is not UTF-8 cannot be written as JSON");
}

/* --config reads what --print-config prints, to the same text, which holds every bit. */
static void test_round_trip(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "",
        "--lr 0.0123456789 --momentum 0.95 --weight-decay 1e-4 --clip-norm 2.5 --warmup 0.3333333",
        "--seed 18446744073709551615 --hidden none --activation gelu --init xavier",
        "--seed 9223372036854775808 --hidden 9,8,7 --limit 500 --val-split 5000",
        "--seed 9223372036854775807 --val-split 33.3% --min-accuracy 97.65% --max-loss 0.1",
        "--momentum 0", /* the file has nesterov: true, which its user never chose */
        "--dataset synthetic --synthetic-train 77 --synthetic-test 7 --data-seed 3",
        "--log a/\xc3\xa9\\\"b.jsonl --log-every 3 --no-nesterov --runs 4 -j 3 --data-dir /x",
        "--train-images a --train-labels b --test-images c --test-labels d -o x --clip-norm 1e30",
        "--schedule step --step-factor 0.7 --step-count 9 --label-smoothing 0.1",
        "--normalize standard --epochs 1000000",
        "--ensemble 5 -o a/net-{seed}.st",
    };
    for (size_t i = 0; i < LENGTH(lines); i++) {
        outcome first, second;
        parse_train(&first, lines[i]);
        assert_runs(&first);
        char *printed = printed_config(&first.train);
        parse_config(&second, printed, "", "");
        assert_runs(&second);
        char *again = printed_config(&second.train);
        assert_string_equal(again, printed);
        assert_memory_equal(&second.train.training.config.schedule.lr,
                            &first.train.training.config.schedule.lr, sizeof(float));
        assert_true(second.train.training.config.optimizer.momentum ==
                    first.train.training.config.optimizer.momentum);
        assert_true(second.train.training.config.schedule.warmup ==
                    first.train.training.config.schedule.warmup);
        assert_true(second.train.training.config.seed == first.train.training.config.seed);
        free(printed);
        free(again);
        mnist_options_free(&second.parsed);
    }
}

static void test_precedence(void **state)
{
    (void)state;
    static const char json[] = "{\"epochs\": 3, \"lr\": 0.5, \"nesterov\": false, "
                               "\"hidden\": [64, 32], \"min-accuracy\": \"97%\", \"seed\": \"12\", "
                               "\"val-split\": 100, \"clip-norm\": 2, \"output\": \"m.st\"}";
    static const char *const around[][2] = {{"--epochs 7", ""}, {"", "--epochs 7"}};
    for (size_t i = 0; i < LENGTH(around); i++) {
        outcome o;
        parse_config(&o, json, around[i][0], around[i][1]);
        assert_runs(&o);
        assert_int_equal(o.train.training.config.epochs, 7);
        assert_true(o.train.training.config.schedule.lr == 0.5f);
        assert_false(o.train.training.config.optimizer.nesterov);
        assert_int_equal(o.train.training.hidden.count, 2);
        assert_int_equal(o.train.training.hidden.width[0], 64);
        assert_true(o.train.gate.min_accuracy == 0.97);
        assert_true(o.train.training.config.seed == 12);
        assert_true(o.train.training.val_split.count == 100);
        assert_true(o.train.training.config.optimizer.clip_norm == 2.0f);
        assert_string_equal(o.train.output, "m.st");
        assert_int_equal(o.train.training.config.batch_size, mnist_train_defaults().batch_size);
        assert_int_equal(mnist_options_origin(&o.parsed, "epochs"), MNIST_ORIGIN_COMMAND_LINE);
        assert_int_equal(mnist_options_origin(&o.parsed, "lr"), MNIST_ORIGIN_CONFIG);
        assert_int_equal(mnist_options_origin(&o.parsed, "batch-size"), MNIST_ORIGIN_DEFAULT);
        assert_true(mnist_options_was_given(&o.parsed, "lr"));
        mnist_options_free(&o.parsed);
    }
    outcome o;
    /* contradictions between the file and the command line, too */
    parse_config(&o, "{\"runs\": 3}", "-o m.st", "");
    assert_int_equal(o.result, MNIST_PARSE_ERROR);
    mnist_options_free(&o.parsed);
    parse_config(&o, "{}", "", "");
    assert_runs(&o);
    mnist_options_free(&o.parsed);
    parse_config(&o, "{\"hidden\": [], \"epochs\": 2.0}", "", "");
    assert_runs(&o);
    assert_int_equal(o.train.training.hidden.count, 0);
    assert_int_equal(o.train.training.config.epochs, 2);
    mnist_options_free(&o.parsed);
}

#define WHOLE_EPOCHS " is not a whole number from 1 to 1000000"
#define WIDTHS       " is not none, or up to 16 whole numbers from 1 to 65536 with commas between them"
#define SEED         " is not a whole number from 0 to 18446744073709551615"
#define LR           " is not a number above 0 and at most 1000"

static void test_bad_configs(void **state)
{
    (void)state;
    static const struct {
        const char *json, *message; /* the message after the file's name */
    } cases[] = {
        {"{\"epochs\": 0}", ": \"epochs\": \"0\"" WHOLE_EPOCHS},
        {"{\"epochs\": -3}", ": \"epochs\": \"-3\"" WHOLE_EPOCHS},
        {"{\"epochs\": 2.5}", ": \"epochs\": \"2.5\"" WHOLE_EPOCHS},
        {"{\"epochs\": \"3\"}",
         ": \"epochs\": must be a whole number from 1 to 1000000, not a string"},
        {"{\"epochs\": null}", ": \"epochs\": must be a whole number from 1 to 1000000, not null"},
        {"{\"lr\": true}",
         ": \"lr\": must be a number above 0 and at most 1000, not true or false"},
        {"{\"lr\": {}}", ": \"lr\": must be a number above 0 and at most 1000, not an object"},
        {"{\"lr\": -0.5}", ": \"lr\": \"-0.5\"" LR},
        {"{\"seed\": \"x\"}", ": \"seed\": \"x\"" SEED},
        {"{\"nesterov\": 1}", ": \"nesterov\": must be true or false, not a number"},
        {"{\"nesterov\": \"true\"}", ": \"nesterov\": must be true or false, not a string"},
        {"{\"precision\": \"bf17\"}",
         ": \"precision\": \"bf17\" is not one of fp32, bf16, fp16; did you mean bf16?"},
        {"{\"precision\": 1}", ": \"precision\": must be one of fp32, bf16, fp16, not a number"},
        {"{\"hidden\": [64, \"x\"]}", ": \"hidden\": must be none, or up to 16 whole numbers "
                                      "from 1 to 65536 with commas between them, not such an "
                                      "array"},
        {"{\"hidden\": [64, 0]}", ": \"hidden\": \"64,0\"" WIDTHS},
        {"{\"output\": \"\"}", ": \"output\": \"\" is not a name"},
        {"{\"epoch\": 3}", ": unknown key \"epoch\"; did you mean \"epochs\"?"},
        {"{\"no-nesterov\": true}", ": unknown key \"no-nesterov\"; did you mean \"nesterov\"?"},
        {"{\"data\": \"x\"}", ": unknown key \"data\"; did you mean \"data-dir\"?"},
        {"{\"zzz\\u001b\": 3}", ": unknown key \"zzz\\x1b\""},
        {"{\"quiet\": true}", ": \"quiet\" belongs on the command line, not in a config file"},
        {"{\"config\": \"x\"}", ": \"config\" belongs on the command line, not in a config file"},
        {"[1]", ": must hold an object, {\"NAME\": VALUE, ...}, not an array"},
        {"{\n  \"epochs\": 3,\n}", ":3:1: string or '}' expected near '}'"},
        {"{\"epochs\": 3, \"epochs\": 4}", ":1:22: duplicate object key near '\"epochs\"'"},
        {"", ":1:0: '[' or '{' expected near end of file"},
        {"{\"lr\": 0.1} x", ":1:13: end of file expected near 'x'"},
        {"{\"lr\": \x1b[2J}", ":1:8: invalid token near '\\x1b'"},
        {"{\"dataset\": \"synthetic\", \"log-every\": 3}", NULL},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        outcome o;
        char message[1024];
        parse_config(&o, cases[i].json, "", "");
        snprintf(message, sizeof message, "%s%s", config_path,
                 cases[i].message ? cases[i].message : "");
        if (!cases[i].message) {
            snprintf(message, sizeof message, "--log-every needs --log FILE to write to");
        }
        if (o.result != MNIST_PARSE_ERROR || strcmp(o.err.text, message) != 0) {
            fail_msg("%s\n  gives    %s\n  expected %s", cases[i].json, o.err.text, message);
        }
        mnist_options_free(&o.parsed);
    }
}

/* A file as other programs leave it. */
static void test_found_configs(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "\xEF\xBB\xBF{\"epochs\": 3}",
        "{\"test_accuracy\": 0.9, \"config\": {\"epochs\": 3}}",
        "\xEF\xBB\xBF{\"config\": {\"epochs\": 3}}",
    };
    outcome o;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        parse_config(&o, cases[i], "", "");
        assert_int_equal(o.result, MNIST_PARSE_RUN);
        assert_int_equal(o.train.training.config.epochs, 3);
        mnist_options_free(&o.parsed);
    }
    static const char *const wide[] = {"\xFF\xFE{", "\xFE\xFF", "\xFF\xFE"};
    for (size_t i = 0; i < LENGTH(wide); i++) {
        parse_config(&o, wide[i], "", "");
        assert_int_equal(o.result, MNIST_PARSE_ERROR);
        assert_non_null(strstr(o.err.text, ": is UTF-16 text, expected UTF-8; save it as UTF-8"));
        mnist_options_free(&o.parsed);
    }
    parse_config(&o, "\xEF\xBB\xBF", "", "");
    assert_int_equal(o.result, MNIST_PARSE_ERROR);
    mnist_options_free(&o.parsed);
}

/* "-" where a place's name belongs: stdin, or refused by the option's name; in a config file too. */
static void test_dash(void **state)
{
    (void)state;
    static const char *const refused[] = {"-o -",           "--log -",     "--report -",
                                          "--checkpoint -", "--resume -",  "--data-dir -",
                                          "--teacher -",    "--preview -", "--init-from -"};
    outcome o;
    for (size_t i = 0; i < LENGTH(refused); i++) {
        parse_train(&o, refused[i]);
        assert_int_equal(o.result, MNIST_PARSE_ERROR);
        assert_int_equal(o.err.status, MNIST_ERR_ARGUMENT);
        assert_non_null(strstr(o.err.text, ": - stands for neither stdin nor stdout here; "));
        mnist_options_free(&o.parsed);
    }
    parse_config(&o, "{\"output\": \"-\"}", "", "");
    assert_int_equal(o.result, MNIST_PARSE_ERROR);
    assert_non_null(strstr(o.err.text, "\"output\": - stands for neither stdin nor stdout here; "));
    mnist_options_free(&o.parsed);
    parse_train(&o, "-o ./- --train-images - --train-labels l");
    assert_int_equal(o.result, MNIST_PARSE_RUN);
    assert_string_equal(o.train.output, "./-");
    assert_string_equal(o.train.training.data.train_images, "/dev/stdin");
    mnist_options_free(&o.parsed);
    parse_train(&o, "--train-images - --test-labels -");
    assert_int_equal(o.result, MNIST_PARSE_ERROR);
    assert_string_equal(o.err.text, "--train-images and --test-labels are both to be read from "
                                    "stdin; name a file for one");
    mnist_options_free(&o.parsed);
    parse_train(&o, "--train-images - --config -");
    assert_int_equal(o.result, MNIST_PARSE_ERROR);
    assert_string_equal(o.err.text, "--config and --train-images are both to be read from stdin; "
                                    "name a file for one");
    mnist_options_free(&o.parsed);
}

static void test_bad_config_files(void **state)
{
    (void)state;
    outcome o;
    char words[600], message[1024];
    snprintf(words, sizeof words, "--config %s", directory);
    parse_train(&o, words);
    snprintf(message, sizeof message, "--config: %s: Is a directory", directory);
    assert_string_equal(o.err.text, message);
    mnist_options_free(&o.parsed);

    size_t size = ((size_t)1 << 16) + 1;
    char *blanks = malloc(size);
    assert_non_null(blanks);
    memset(blanks, ' ', size);
    memcpy(blanks, "{}", 2);
    snprintf(words, sizeof words, "--config %s", config_path);
    write_config(blanks, size);
    parse_train(&o, words);
    snprintf(message, sizeof message, "%s: larger than 65536 bytes, so it is no config file",
             config_path);
    assert_string_equal(o.err.text, message);
    mnist_options_free(&o.parsed);
    write_config(blanks, size - 1);
    parse_train(&o, words);
    assert_runs(&o);
    mnist_options_free(&o.parsed);
    free(blanks);

    write_config("{\"lr\": 0.1}\0", 12); /* a zero byte must not hide the rest */
    parse_train(&o, words);
    assert_int_equal(o.result, MNIST_PARSE_ERROR);
    mnist_options_free(&o.parsed);

    /* a file with a name of any length: the key must still be seen */
    char path[580] = "";
    snprintf(path, sizeof path, "%s", directory);
    while (strlen(path) < 500) {
        strcat(path, "/.");
    }
    strcat(path, "/c.json");
    write_config("{\"epochs\": 0}", 13);
    snprintf(words, sizeof words, "--config %s", path);
    parse_train(&o, words);
    assert_int_equal(o.result, MNIST_PARSE_ERROR);
    assert_non_null(strstr(o.err.text, ": \"epochs\": \"0\" is not a whole number"));
    mnist_options_free(&o.parsed);
}

static void test_json(void **state)
{
    (void)state;
    outcome o;
    mnist_error err;
    parse_train(&o, "--lr 0.1 --hidden 32 -j 3 -o m.st --val-split 50");
    assert_runs(&o);
    json_t *maths = mnist_options_json(&mnist_train_program, &o.train, MNIST_OPTION_IN_MODEL, &err);
    assert_non_null(maths);
    assert_true(json_real_value(json_object_get(maths, "lr")) == 0.1); /* not 0.1f as a double */
    assert_string_equal(json_string_value(json_object_get(maths, "hidden")), "32");
    assert_int_equal(json_integer_value(json_object_get(maths, "val-split")), 50);
    assert_true(json_is_true(json_object_get(maths, "nesterov")));
    /* options that change no weight are not in a model: the same training gives the same bytes */
    static const char *const absent[] = {"threads",  "output",       "log",  "runs", "min-accuracy",
                                         "data-dir", "train-images", "json", "quiet"};
    for (size_t i = 0; i < LENGTH(absent); i++) {
        assert_null(json_object_get(maths, absent[i]));
    }
    json_decref(maths);
    json_t *all = mnist_options_json(&mnist_train_program, &o.train, MNIST_OPTION_IN_CONFIG, &err);
    assert_int_equal(json_integer_value(json_object_get(all, "threads")), 3);
    json_decref(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_print_config),     cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_precedence),       cmocka_unit_test(test_bad_configs),
        cmocka_unit_test(test_found_configs),    cmocka_unit_test(test_dash),
        cmocka_unit_test(test_bad_config_files), cmocka_unit_test(test_json),
    };
    return cmocka_run_group_tests_name("options_config", tests, create_directory, remove_directory);
}
