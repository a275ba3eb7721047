/* --resume: a checkpoint's settings, changed by those of the command line; and checkpoints with a
 * right CRC whose content is wrong. */
#define _XOPEN_SOURCE 700

#include "command_line.h"

#include "cli/train/checkpoints.h"

#include <math.h>
#include <mnist/mnist.h>
#include <stdio.h>

#include "scratch.h"

enum { SIDE = 8, IMAGES = 20 };

static const mnist_metadata good[] = {
    {"config",
     "{\"dataset\":\"synthetic\",\"epochs\":4,\"hidden\":\"6\",\"lr\":0.25,\"optimizer\":\"adam\","
     "\"augment\":\"shift=1\",\"log\":\"run.csv\",\"threads\":3,\"checkpoint\":\"old.ckpt\"}"},
    {"log", "1234 00c0ffee"},
    {"train_images_sha256", "a"},
    {"train_labels_sha256", "b"},
    {"test_images_sha256", "c"},
    {"test_labels_sha256", "d"},
};
enum { KEYS = sizeof good / sizeof good[0] };

static mnist_snapshot *snapshot;

static bool take(void *context, const mnist_epoch_stats *stats)
{
    (void)context;
    assert_int_equal(mnist_snapshot_take(stats->training, &snapshot, NULL), MNIST_OK);
    return false;
}

/* A snapshot after the first of four epochs. */
static int set_up(void **state)
{
    static uint8_t images[IMAGES * SIDE * SIDE], labels[IMAGES];
    const mnist_view view = {images, labels, IMAGES, SIDE, SIDE, MNIST_CLASSES, 0};
    const mnist_mlp_config shape = {
        .inputs = SIDE * SIDE, .hidden = {6}, .hidden_count = 1, .outputs = MNIST_CLASSES};
    const mnist_train_hooks hooks = {.on_epoch = take};
    mnist_train_config config = mnist_train_defaults();
    mnist_mlp *mlp;
    mnist_pool *pool;
    (void)state;
    config.epochs = 4;
    if (mnist_mlp_create(&mlp, &shape, NULL) != MNIST_OK ||
        mnist_pool_create(&pool, 1, NULL) != MNIST_OK) {
        return -1;
    }
    const mnist_train_job job = {
        .net = mlp, .config = &config, .train = view, .pool = pool, .hooks = &hooks};
    mnist_status status = mnist_train(&job, NULL);
    mnist_pool_free(pool);
    mnist_mlp_free(mlp);
    return status == MNIST_ERR_STOPPED ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    mnist_snapshot_free(snapshot);
    return 0;
}

/* The figures of the one epoch, which are not in the snapshot. */
static mnist_epoch told[2] = {{0.25, 2.1, 0.5, 1.9, 0.75, 0.125}};
static mnist_array epochs = {
    .name = MNIST_EPOCHS_ARRAY, .element = MNIST_F64, .rank = 2, .shape = {1, 6}, .values = told};

/* With one value in place of another, or without it (NULL), or one more. */
static void write_with(const char *path, const char *key, const char *value)
{
    mnist_metadata metadata[KEYS + 1];
    size_t count = 0;
    bool known = !key;
    for (size_t i = 0; i < KEYS; i++) {
        const bool other = key && strcmp(good[i].key, key) == 0;
        known = known || other;
        if (!other || value) {
            metadata[count++] = (mnist_metadata){good[i].key, other ? value : good[i].value};
        }
    }
    if (!known) {
        metadata[count++] = (mnist_metadata){key, value};
    }
    mnist_array arrays[64];
    assert_true(snapshot->count < LENGTH(arrays));
    memcpy(arrays + 1, snapshot->arrays, snapshot->count * sizeof *arrays);
    arrays[0] = epochs; /* their place among the arrays does not matter */
    const bool none = epochs.rank == 0;
    assert_int_equal(
        mnist_checkpoint_save(path, arrays + none, snapshot->count + !none, metadata, count, NULL),
        MNIST_OK);
}

/* words: what is given beside --resume. */
static void parse_resume(outcome *o, const char *path, const char *words)
{
    char line[1600];
    snprintf(line, sizeof line, "--resume %s%s%s", path, *words ? " " : "", words);
    parse_train(o, line);
}

static void takes_the_settings(void **state)
{
    scratch_file file = scratch_name(state, "run.ckpt");
    outcome o;
    write_with(file.path, NULL, NULL);
    parse_resume(&o, file.path, "");
    assert_runs(&o);
    const mnist_resumption *r = o.train.resumed;
    assert_int_equal(o.train.training.config.epochs, 4);
    assert_int_equal(o.train.training.hidden.count, 1);
    assert_int_equal(o.train.training.config.optimizer.kind, MNIST_ADAM);
    assert_true(o.train.training.config.schedule.lr == 0.25f); /* settling has left it alone */
    assert_string_equal(o.train.log, "run.csv");
    assert_string_equal(o.train.checkpoint, file.path); /* and not the name that the file had */
    assert_string_equal(o.train.resume, file.path);
    assert_int_equal(r->position.epoch, 1);
    assert_true(r->position.epoch_ended);
    assert_int_equal(r->planned, 4);
    assert_int_equal(r->log.bytes, 1234);
    assert_int_equal(r->log.crc32, 0xc0ffee);
    assert_true(r->has_log && !r->log_lost);
    assert_int_equal(r->epochs->count, 1);
    assert_memory_equal(r->epochs->list, told, sizeof *told);
    mnist_options_free(&o.parsed);

    parse_resume(&o, file.path, "-e 9 -j 1 --checkpoint b.ckpt --checkpoint-every 5s --max-time 3");
    assert_runs(&o);
    assert_int_equal(o.train.training.config.epochs, 9);
    assert_int_equal(o.train.threads, 1);
    assert_string_equal(o.train.checkpoint, "b.ckpt");
    assert_true(o.train.checkpoint_every.seconds == 5.0);
    mnist_options_free(&o.parsed);

    /* what agrees may be given; what is settled from other options counts as not given */
    parse_resume(&o, file.path, "--lr 0.25 --augment shift=1.0 --optimizer adam --log-every 0");
    assert_runs(&o);
    assert_true(o.train.training.config.schedule.lr == 0.25f);
    mnist_options_free(&o.parsed);
    write_with(file.path, "log", "lost");
    parse_resume(&o, file.path, "");
    assert_runs(&o);
    assert_true(o.train.resumed->log_lost);
    mnist_options_free(&o.parsed);
}

static void assert_says(outcome *o, mnist_status status, const char *text)
{
    if (o->result != MNIST_PARSE_ERROR || o->err.status != status || !strstr(o->err.text, text)) {
        fail_msg("expected %d '%s', got %d '%s'", (int)status, text, (int)o->err.status,
                 o->err.text);
    }
    mnist_options_free(&o->parsed);
}

static void refuses_what_contradicts(void **state)
{
    static const struct {
        const char *words, *text;
    } cases[] = {
        {"--lr 0.1", "--lr 0.1: the training in "},
        {"--lr 0.1", " has --lr 0.25; leave it out, or begin another training without --resume"},
        {"--augment shift=2", "--augment shift=2: the training in "},
        {"--augment none", "has --augment shift=1;"},
        {"--batch-norm", "--batch-norm: the training in "},
        {"--epochs 3", "is for 4; they may become more, not fewer"},
        {"--log-every 5", "--log-every 5: the training"},
        {"--recipe fast", " (of the recipe): the training in "},
        {"--runs 2", "--checkpoint does not go with --runs"},
        {"--ensemble 2", "--checkpoint does not go with --ensemble"},
        {"--momentum 0.5", "--momentum 0.5: the training"},
        {"--data-dir x", "--data-dir does not go with --dataset synthetic"},
        {"--tune 3", "--resume and --tune exclude each other"},
    };
    scratch_file file = scratch_name(state, "run.ckpt");
    write_with(file.path, NULL, NULL);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        outcome o;
        parse_resume(&o, file.path, cases[i].words);
        assert_says(&o, MNIST_ERR_ARGUMENT, cases[i].text);
    }
    outcome o;
    write_with(file.path, "log", "none");
    parse_resume(&o, file.path, "--log a.csv");
    assert_says(&o, MNIST_ERR_ARGUMENT, "has none, and one from here on would lack its beginning");
}

/* Right in form and CRC, but not what mnist-train writes. */
static void trusts_nothing(void **state)
{
    static const struct {
        const char *key, *value, *text;
    } cases[] = {
        {"config", NULL, "there is no \"config\" in its __metadata__"},
        {"config", "{", "malformed \"config\""},
        {"config", "[]", "malformed \"config\""},
        {"config", "{\"epochs\":\"many\"}", "\"epochs\": must be a whole number"},
        {"config", "{\"epochs\":0}", "\"epochs\": \"0\" is not a whole number from 1"},
        {"config", "{\"nonsense\":1}", "nonsense"},
        {"config", "{\"resume\":\"x\"}", "resume"},
        {"config", "{\"lr\":1,\"lr\":2}", "malformed \"config\""},
        {"log", NULL, "malformed \"log\""},
        {"log", "", "malformed \"log\""},
        {"log", "12", "malformed \"log\""},
        {"log", "-1 0", "malformed \"log\""},
        {"log", "1 2 3", "malformed \"log\""},
        {"log", "18446744073709551615 123456789012", "malformed \"log\""},
        {"log", "99999999999999999999 00c0ffee", "malformed \"log\""},
        {"config", "{\"hidden\":\"6\",\"dropout\":\"0.1,0.2\"}",
         "its settings: --dropout: 2 rates"},
        {"config", "{\"hidden\":\"6\",\"dataset\":\"synthetic\",\"synthetic-train\":1000001}",
         "its settings ask for 1000001 synthetic images; to have more than 1000000, say "
         "--synthetic-train"},
        {"config", "{\"hidden\":\"6\",\"dataset\":\"synthetic\",\"synthetic-test\":1000000000}",
         "say --synthetic-test"},
        {"config", "{\"hidden\":\"65536,65536\"}",
         "'net.layers.0' has shape (65, 6), expected at least 2 rows of 65536"},
        {"config", "{\"hidden\":\"6,10,10\"}",
         "'net.layers.2' is not there, expected at least 11 rows of 10"},
    };
    scratch_file file = scratch_name(state, "run.ckpt");
    for (size_t i = 0; i < LENGTH(cases); i++) {
        outcome o;
        write_with(file.path, cases[i].key, cases[i].value);
        parse_resume(&o, file.path, "");
        assert_says(&o, MNIST_ERR_FORMAT, cases[i].text);
    }
    outcome o;
    uint64_t *epoch = snapshot->arrays[0].values;
    assert_string_equal(snapshot->arrays[0].name, "epoch");
    *epoch = 0;
    write_with(file.path, NULL, NULL);
    *epoch = 1;
    parse_resume(&o, file.path, "");
    assert_says(&o, MNIST_ERR_FORMAT, "'epoch' is 0, expected at least 1");
    mnist_array *net = NULL;
    for (size_t i = 0; i < snapshot->count; i++) {
        net = strcmp(snapshot->arrays[i].name, "net.layers.1") == 0 ? &snapshot->arrays[i] : net;
    }
    assert_non_null(net);
    float *weights = net->values;
    const float kept = weights[3];
    weights[3] = INFINITY;
    write_with(file.path, NULL, NULL);
    weights[3] = kept;
    parse_resume(&o, file.path, "");
    assert_says(&o, MNIST_ERR_FORMAT, "'net.layers.1' holds a number that is not finite");
    net->rank = 1;
    net->shape[0] = 70;
    write_with(file.path, NULL, NULL);
    net->rank = 2;
    net->shape[0] = 7;
    parse_resume(&o, file.path, "");
    assert_says(&o, MNIST_ERR_FORMAT, "'net.layers.1' has 1 dimensions, expected at least 7 rows");
    parse_resume(&o, scratch_name(state, "none").path, "");
    assert_says(&o, MNIST_ERR_NOT_FOUND, "cannot be opened");
}

/* The epochs' figures, with another shape, or with a number out of its range. */
static void trusts_no_epochs(void **state)
{
    static const struct {
        size_t column;
        double value;
        const char *text; /* NULL: it is accepted */
    } cases[] = {
        {0, (double)NAN, "the learning rate of epoch 1"},
        {0, 1e39, "the learning rate of epoch 1"},
        {1, (double)INFINITY, "the training loss of epoch 1"},
        {1, -0.5, NULL}, /* the confidence penalty takes it below 0 */
        {2, -1.0, "the training accuracy of epoch 1"},
        {3, (double)NAN, NULL},
        {3, (double)INFINITY, NULL},
        {4, 1.5, "the validation accuracy of epoch 1"},
        {4, (double)NAN, NULL}, /* not validated */
        {5, -1.0, "the time of epoch 1"},
        {5, (double)INFINITY, "the time of epoch 1"},
    };
    const mnist_array good_epochs = epochs;
    const mnist_epoch good_epoch = told[0];
    scratch_file file = scratch_name(state, "run.ckpt");
    outcome o;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        memcpy((char *)told + cases[i].column * sizeof(double), &cases[i].value, sizeof(double));
        write_with(file.path, NULL, NULL);
        told[0] = good_epoch;
        parse_resume(&o, file.path, "");
        if (cases[i].text) {
            assert_says(&o, MNIST_ERR_FORMAT, cases[i].text);
        } else {
            assert_runs(&o);
            mnist_options_free(&o.parsed);
        }
    }
    for (int i = 0; i < 5; i++) {
        epochs.element = i == 0 ? MNIST_U64 : MNIST_F64;
        epochs.rank = i == 1 ? 1 : i == 4 ? 0 : 2; /* 0: not there */
        epochs.shape[0] = i == 2 ? 2 : i == 1 ? 6 : 1;
        epochs.shape[1] = i == 3 ? 5 : 6;
        write_with(file.path, NULL, NULL);
        epochs = good_epochs;
        parse_resume(&o, file.path, "");
        assert_says(&o, MNIST_ERR_FORMAT,
                    i == 4 ? "there is no 'epochs', but 1 are over"
                           : "'epochs': expected F64 of shape (1, 6), as so many are over");
    }
}

static void checks_the_data(void **state)
{
    scratch_file file = scratch_name(state, "run.ckpt");
    outcome o;
    mnist_error err;
    write_with(file.path, NULL, NULL);
    parse_resume(&o, file.path, "");
    assert_runs(&o);
    const mnist_resumption *r = o.train.resumed;
    mnist_data_digests train = {.images = "a", .labels = "b"},
                       test = {.images = "c", .labels = "d"};
    assert_int_equal(mnist_resume_check_data(r, &train, &test, &err), MNIST_OK);
    strcpy(test.labels, "e");
    assert_int_equal(mnist_resume_check_data(r, &train, &test, &err), MNIST_ERR_MISMATCH);
    assert_non_null(strstr(err.text, "the test labels are not those that this training began with: "
                                     "SHA-256 e, expected \"d\""));
    strcpy(train.images, "");
    assert_int_equal(mnist_resume_check_data(r, &train, &test, &err), MNIST_ERR_MISMATCH);
    assert_non_null(strstr(err.text, "the training images"));
    mnist_options_free(&o.parsed);
}

static void checks_the_teachers(void **state)
{
    static const struct {
        const char *had, *now, *says; /* NULL: it is accepted */
    } cases[] = {
        {NULL, NULL, NULL},
        {"a,b", "a,b", NULL},
        {NULL, "a", "this training began without teachers; leave --teacher out"},
        {"a", NULL,
         "teacher 1 is not the one that this training began with: SHA-256 none, expected "
         "\"a\"; name those with --teacher, in the same order"},
        {"a,b", "a,c",
         "teacher 2 is not the one that this training began with: SHA-256 c, expected "
         "\"b\""},
        {"a,b", "b,a", "teacher 1 is not the one that this training began with: SHA-256 b"},
        {"a,b", "a", "teacher 2 is not the one that this training began with: SHA-256 none"},
        {"a", "a,b",
         "teacher 2 is not the one that this training began with: SHA-256 b, expected "
         "\"none\""},
        {"\x1b[2J", "a", "SHA-256 a, expected \"\\x1b[2J\""},
        {"", "a", "SHA-256 a, expected \"none\""},
        {",", "a,", "teacher 1 is not the one"},
    };
    scratch_file file = scratch_name(state, "run.ckpt");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        outcome o;
        mnist_error err = {0};
        write_with(file.path, cases[i].had ? MNIST_KEY_TEACHERS : NULL, cases[i].had);
        parse_resume(&o, file.path, "");
        assert_runs(&o);
        assert_int_equal(mnist_resume_check_teachers(o.train.resumed, cases[i].now, &err),
                         cases[i].says ? MNIST_ERR_MISMATCH : MNIST_OK);
        if (cases[i].says && !strstr(err.text, cases[i].says)) {
            fail_msg("\"%s\" does not say \"%s\"", err.text, cases[i].says);
        }
        mnist_options_free(&o.parsed);
    }
}

static void quotes_for_a_shell(void **state)
{
    static const struct {
        const char *text, *quoted;
    } cases[] = {
        {"run-1.ckpt", "run-1.ckpt"},
        {"/a/b_c,d:e@f+g%h", "/a/b_c,d:e@f+g%h"},
        {"", "''"},
        {"a b", "'a b'"},
        {"it's", "'it'\\''s'"},
        {"$(reboot)", "'$(reboot)'"},
        {"a\x1b[1m", "$'a\\x1b[1m'"},
        {"a\n'b\\", "$'a\\x0a\\'b\\\\'"},
        {"~x", "'~x'"},
        {"\xc3\xa9", "'\xc3\xa9'"},
    };
    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        char quoted[MNIST_SHELL_TEXT];
        mnist_shell_quote(cases[i].text, quoted);
        assert_string_equal(quoted, cases[i].quoted);
    }
}

#define SCRATCH_TEST(function)                                                                     \
    cmocka_unit_test_setup_teardown(function, scratch_create, scratch_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(takes_the_settings),     SCRATCH_TEST(refuses_what_contradicts),
        SCRATCH_TEST(trusts_nothing),         SCRATCH_TEST(trusts_no_epochs),
        SCRATCH_TEST(checks_the_data),        SCRATCH_TEST(checks_the_teachers),
        cmocka_unit_test(quotes_for_a_shell),
    };
    return cmocka_run_group_tests_name("resume", tests, set_up, tear_down);
}
