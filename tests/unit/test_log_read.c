/* Training logs read back: what was written comes back, and what the writer cannot have written is
 * refused, with the number of its line. */
#define _XOPEN_SOURCE 700

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <math.h>
#include <mnist/io.h>

#include "left_out.h"
#include "scratch.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

#define HEADER                                                                                     \
    "kind,seed,epoch,step,lr,train_loss,train_accuracy,validation_loss,validation_accuracy\n"

typedef struct taken {
    mnist_log_record records[16];
    size_t count, most; /* records that are wanted */
} taken;

static mnist_status take(void *context, const mnist_log_record *record, mnist_error *err)
{
    taken *t = context;
    if (t->count == t->most) {
        err->status = MNIST_ERR_STOPPED;
        strcpy(err->text, "enough");
        return err->status;
    }
    t->records[t->count++] = *record;
    return MNIST_OK;
}

/* Values that nine digits keep, so that they come back the same. */
static const mnist_log_record records[] = {
    {.seed = 7, .epoch = 1, .step = 100, .lr = 0.1, .train_loss = 2.5, .train_accuracy = 0.125},
    {.is_epoch = true,
     .seed = 7,
     .epoch = 1,
     .step = 100,
     .lr = 1e-38,
     .train_loss = -1e-10,
     .train_accuracy = 0.0,
     .has_validation = true,
     .validation_loss = 0.25,
     .validation_accuracy = 1.0},
    {.seed = 7,
     .epoch = 2,
     .step = 150,
     .lr = 0.0,
     .train_loss = 123456789e10,
     .train_accuracy = 0.123456789},
    {.is_epoch = true,
     .seed = 7,
     .epoch = 2,
     .step = 200,
     .lr = 1000.0,
     .train_loss = NAN,
     .train_accuracy = 1.0,
     .has_validation = true,
     .validation_loss = INFINITY,
     .validation_accuracy = 0.1},
    {.is_epoch = true,
     .seed = UINT64_MAX - 1,
     .epoch = 1,
     .step = MNIST_LOG_STEPS,
     .lr = 0.5,
     .train_loss = -INFINITY,
     .train_accuracy = 0.5},
    {.seed = UINT64_MAX,
     .epoch = 1,
     .step = 1,
     .lr = 0.5,
     .train_loss = 1.0,
     .train_accuracy = 0.5},
};

static void assert_same_loss(double found, double expected, bool is_json)
{
    if (is_json && !isfinite(expected)) {
        assert_true(isnan(found));
    } else if (isnan(expected)) {
        assert_true(isnan(found));
    } else {
        assert_true(found == expected);
    }
}

static void round_trip(const char *path, bool is_json)
{
    mnist_log *log;
    mnist_error err;
    taken t = {.most = 16};
    assert_int_equal(mnist_log_open(&log, path, &err), MNIST_OK);
    for (size_t i = 0; i < LENGTH(records); i++) {
        assert_int_equal(mnist_log_write(log, &records[i], &err), MNIST_OK);
    }
    assert_int_equal(mnist_log_close(log, &err), MNIST_OK);
    if (mnist_log_read(path, take, &t, &err) != MNIST_OK) {
        fail_msg("%s", err.text);
    }
    assert_int_equal(t.count, LENGTH(records));
    for (size_t i = 0; i < LENGTH(records); i++) {
        const mnist_log_record *found = &t.records[i], *expected = &records[i];
        assert_int_equal(found->is_epoch, expected->is_epoch);
        assert_true(found->seed == expected->seed);
        assert_int_equal(found->epoch, expected->epoch);
        assert_true(found->step == expected->step);
        assert_true(found->lr == expected->lr);
        assert_same_loss(found->train_loss, expected->train_loss, is_json);
        assert_true(found->train_accuracy == expected->train_accuracy);
        assert_int_equal(found->has_validation, expected->has_validation);
        assert_same_loss(found->validation_loss, expected->validation_loss, is_json);
        assert_true(found->validation_accuracy == expected->validation_accuracy);
    }
    t = (taken){.most = 2};
    assert_int_equal(mnist_log_read(path, take, &t, &err), MNIST_ERR_STOPPED);
    assert_int_equal(t.count, 2);
    assert_string_equal(err.text, "enough");
}

static void what_was_written(void **state)
{
    round_trip(scratch_name(state, "log.csv").path, false);
    round_trip(scratch_name(state, "log.jsonl").path, true);
}

static void other_locales(void **state)
{
    static const char *const locales[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "ps_AF.UTF-8"};
    bool tried = false;
    for (size_t i = 0; i < LENGTH(locales); i++) {
        if (setlocale(LC_ALL, locales[i])) {
            tried = true;
            what_was_written(state);
        }
    }
    setlocale(LC_ALL, "C");
    if (!tried) {
        LEAVE_OUT(NO_DECIMAL_COMMA);
    }
}

static mnist_status parse(const char *text, size_t size, taken *t, mnist_error *err)
{
    char *copy = malloc(size + 1); /* exactly so large: a sanitizer sees a read beyond */
    assert_non_null(copy);
    memcpy(copy, text, size);
    *t = (taken){.most = 16};
    char *exact = realloc(copy, size > 0 ? size : 1);
    assert_non_null(exact);
    mnist_status status = mnist_log_parse(exact, size, "x", take, t, err);
    free(exact);
    return status;
}

static void assert_refused(const char *text, size_t size, const char *expected)
{
    taken t;
    mnist_error err = {0};
    assert_int_equal(parse(text, size, &t, &err), MNIST_ERR_FORMAT);
    assert_int_equal(err.status, MNIST_ERR_FORMAT);
    if (strcmp(err.text, expected) != 0) {
        fail_msg("%s\nexpected: %s\ngot: %s", text, expected, err.text);
    }
}

static void csv_refused(void **state)
{
    (void)state;
    static const struct {
        const char *lines, *expected;
    } rows[] = {
        {"epoch,1,1,5,0.1,1,0.5,1,0.5", /* no line feed */
         "x: line 2: the file ends within it, expected a line feed; was it cut short?"},
        {"epoch,1,1,5,0.1,1,0.5,1,0.5\r\n",
         "x: line 2: ends with a carriage return, expected a line feed alone, as mnist-train "
         "writes it"},
        {"\n", "x: line 2: has 1 fields, expected 9"},
        {"epoch,1,1,5,0.1,1,0.5,1\n", "x: line 2: has 8 fields, expected 9"},
        {"epoch,1,1,5,0.1,1,0.5,1,0.5,0\n", "x: line 2: has 10 fields, expected 9"},
        {"epoch,1,1,5,0.1,1,0.5,,\n" HEADER, "x: line 3: kind is 'kind', expected epoch or step"},
        {"\x1b[31m,1,1,5,0.1,1,0.5,1,0.5\n", "x: line 2: kind is '?[31m', expected epoch or step"},
        {"Epoch,1,1,5,0.1,1,0.5,1,0.5\n", "x: line 2: kind is 'Epoch', expected epoch or step"},
        {"epoch,,1,5,0.1,1,0.5,1,0.5\n",
         "x: line 2: seed is '', expected a whole number from 0 to 18446744073709551615"},
        {"epoch,18446744073709551616,1,5,0.1,1,0.5,1,0.5\n",
         "x: line 2: seed is '18446744073709551616', expected a whole number from 0 to "
         "18446744073709551615"},
        {"epoch,-1,1,5,0.1,1,0.5,1,0.5\n",
         "x: line 2: seed is '-1', expected a whole number from 0 to 18446744073709551615"},
        {"epoch,1,0,5,0.1,1,0.5,1,0.5\n",
         "x: line 2: epoch is '0', expected a whole number from 1 to 1000000"},
        {"epoch,1,1000001,5,0.1,1,0.5,1,0.5\n",
         "x: line 2: epoch is '1000001', expected a whole number from 1 to 1000000"},
        {"epoch,1,1.0,5,0.1,1,0.5,1,0.5\n",
         "x: line 2: epoch is '1.0', expected a whole number from 1 to 1000000"},
        {"epoch,1,1,0,0.1,1,0.5,1,0.5\n",
         "x: line 2: step is '0', expected a whole number from 1 to 9007199254740992"},
        {"epoch,1,1,9007199254740993,0.1,1,0.5,1,0.5\n",
         "x: line 2: step is '9007199254740993', expected a whole number from 1 to "
         "9007199254740992"},
        {"epoch,1,1,5,nan,1,0.5,1,0.5\n",
         "x: line 2: lr is 'nan', expected a number from 0 to 3.40282347e+38"},
        {"epoch,1,1,5,-0.1,1,0.5,1,0.5\n",
         "x: line 2: lr is '-0.1', expected a number from 0 to 3.40282347e+38"},
        {"epoch,1,1,5,1e39,1,0.5,1,0.5\n",
         "x: line 2: lr is '1e39', expected a number from 0 to 3.40282347e+38"},
        {"epoch,1,1,5,0.1,null,0.5,1,0.5\n",
         "x: line 2: train_loss is 'null', expected a number from -3.40282347e+38 to "
         "3.40282347e+38"},
        {"epoch,1,1,5,0.1,NaN,0.5,1,0.5\n",
         "x: line 2: train_loss is 'NaN', expected a number from -3.40282347e+38 to "
         "3.40282347e+38"},
        {"epoch,1,1,5,0.1,0x1p3,0.5,1,0.5\n",
         "x: line 2: train_loss is '0x1p3', expected a number from -3.40282347e+38 to "
         "3.40282347e+38"},
        {"epoch,1,1,5,0.1, 1,0.5,1,0.5\n",
         "x: line 2: train_loss is ' 1', expected a number from -3.40282347e+38 to "
         "3.40282347e+38"},
        {"epoch,1,1,5,0.1,1e999,0.5,1,0.5\n",
         "x: line 2: train_loss is '1e999', expected a number from -3.40282347e+38 to "
         "3.40282347e+38"},
        {"epoch,1,1,5,0.1,1,1.01,1,0.5\n",
         "x: line 2: train_accuracy is '1.01', expected a number from 0 to 1"},
        {"epoch,1,1,5,0.1,1,inf,1,0.5\n",
         "x: line 2: train_accuracy is 'inf', expected a number from 0 to 1"},
        {"epoch,1,1,5,0.1,1,0.5,,0.5\n",
         "x: line 2: validation_loss is '', expected a number from -3.40282347e+38 to "
         "3.40282347e+38"},
        {"epoch,1,1,5,0.1,1,0.5,1,\n",
         "x: line 2: validation_accuracy is '', expected a number from 0 to 1"},
        {"epoch,1,1,5,0.1,1,0.5,1,50%\n",
         "x: line 2: validation_accuracy is '50%', expected a number from 0 to 1"},
        {"epoch,1,2,5,0.1,1,0.5,,\n", "x: line 2: epoch is 2, expected 1; is the log whole?"},
        {"epoch,1,1,5,0.1,1,0.5,,\nepoch,1,1,10,0.1,1,0.5,,\n",
         "x: line 3: epoch is 1, expected 2; is the log whole?"},
        {"epoch,1,1,5,0.1,1,0.5,,\nepoch,1,3,15,0.1,1,0.5,,\n",
         "x: line 3: epoch is 3, expected 2; is the log whole?"},
        {"epoch,1,1,5,0.1,1,0.5,,\nstep,1,1,5,0.1,1,0.5,,\n",
         "x: line 3: epoch is 1, expected 2; is the log whole?"},
        {"epoch,1,1,5,0.1,1,0.5,,\nepoch,1,2,5,0.1,1,0.5,,\n",
         "x: line 3: step is 5, expected at least 6"},
        {"step,1,1,5,0.1,1,0.5,,\nstep,1,1,5,0.1,1,0.5,,\n",
         "x: line 3: step is 5, expected at least 6"},
        {"step,1,1,5,0.1,1,0.5,,\nepoch,1,1,4,0.1,1,0.5,,\n",
         "x: line 3: step is 4, expected at least 5"},
        {"epoch,2,1,5,0.1,1,0.5,,\nepoch,1,1,5,0.1,1,0.5,,\n",
         "x: line 3: seed is 1, expected 2 again, or a larger one for the next run; two logs in "
         "one "
         "file?"},
        {"epoch,1,1,5,0.1,1,0.5,,\nepoch,2,2,10,0.1,1,0.5,,\n",
         "x: line 3: epoch is 2, expected 1; is the log whole?"},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        char text[1024];
        snprintf(text, sizeof text, "%s%s", HEADER, rows[i].lines);
        assert_refused(text, strlen(text), rows[i].expected);
    }
    static const char zero[] = HEADER "epoch,1,1,5,0.1,1,0.5\0,,\n";
    assert_refused(zero, sizeof zero - 1, "x: line 2: has a zero byte in it, expected text");
}

static void header_refused(void **state)
{
    (void)state;
#define EXPECTED                                                                                   \
    "expected 'kind,seed,epoch,step,lr,train_loss,train_accuracy,validation_loss,"                 \
    "validation_accuracy', or JSON; no log of mnist-train?"
    static const char *const rows[][2] = {
        {"epoch,loss\n", "x: line 1: is 'epoch,loss', " EXPECTED},
        {"<!DOCTYPE html>\r\n", "x: line 1: is '<!DOCTYPE html>', " EXPECTED},
        {"\xEF\xBB\xBFkind,seed\n", "x: line 1: is '???kind,seed', " EXPECTED},
        {"\n" HEADER, "x: line 1: is '', " EXPECTED},
        {"[1]\n", "x: line 1: is '[1]', " EXPECTED},
        {"kind", "x: line 1: is 'kind', " EXPECTED},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        assert_refused(rows[i][0], strlen(rows[i][0]), rows[i][1]);
    }
    assert_refused("", 0, "x: the file is empty, expected a log of mnist-train");
    static const char returns[] =
        "kind,seed,epoch,step,lr,train_loss,train_accuracy,validation_loss,validation_accuracy\r\n";
    assert_refused(returns, sizeof returns - 1,
                   "x: line 1: ends with a carriage return, expected a line feed alone, as "
                   "mnist-train writes it");
    assert_refused(HEADER, sizeof HEADER - 2,
                   "x: line 1: the file ends within it, expected a line feed; was it cut short?");
    taken t;
    mnist_error err;
    assert_int_equal(parse(HEADER, sizeof HEADER - 1, &t, &err), MNIST_OK); /* nothing logged yet */
    assert_int_equal(t.count, 0);
}

#define REST                                                                                       \
    "\"epoch\":1,\"step\":5,\"lr\":0.1,\"train_loss\":1,\"train_accuracy\":0.5,"                   \
    "\"validation_loss\":null,\"validation_accuracy\":null}"

static void json_refused(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"{\"kind\":\"epoch\",\"seed\":1," REST,
         "x: line 1: the file ends within it, expected a line feed; was it cut short?"},
        {"{\"kind\":\"epoch\",\"seed\":1," REST "\r\n",
         "x: line 1: ends with a carriage return, expected a line feed alone, as mnist-train "
         "writes it"},
        {"{\n", "x: line 1: no JSON: string or '}' expected near end of file"},
        {"{\"kind\":\"epoch\",\"seed\":1," REST "\n\n",
         "x: line 2: no JSON: '[' or '{' expected near end of file"},
        {"{\"kind\":\"epoch\",\"seed\":1," REST "\n[1]\n",
         "x: line 2: there is no \"kind\": expected an object of a log"},
        {"{\"kind\":\"epoch\"," REST "\n",
         "x: line 1: there is no \"seed\": expected an object of a log"},
        {"{\"kind\":\"epoch\",\"seed\":1,\"loss\":1," REST "\n",
         "x: line 1: has 10 members, expected the 9 of a log"},
        {"{\"kind\":\"epoch\",\"seed\":1,\"seed\":1," REST "\n",
         "x: line 1: no JSON: duplicate object key near '\"seed\"'"},
        {"{\"kind\":1,\"seed\":1," REST "\n",
         "x: line 1: expected \"kind\" to be \"epoch\" or \"step\""},
        {"{\"kind\":\"\\u001b\",\"seed\":1," REST "\n",
         "x: line 1: kind is '?', expected epoch or step"},
        {"{\"kind\":\"epoch\",\"seed\":\"1\"," REST "\n",
         "x: line 1: expected \"seed\" to be a number or null"},
        {"{\"kind\":\"epoch\",\"seed\":true," REST "\n",
         "x: line 1: expected \"seed\" to be a number or null"},
        {"{\"kind\":\"epoch\",\"seed\":[{}]," REST "\n",
         "x: line 1: expected \"seed\" to be a number or null"},
        {"{\"kind\":\"epoch\",\"seed\":null," REST "\n",
         "x: line 1: seed is 'null', expected a whole number from 0 to 18446744073709551615"},
        {"{\"kind\":\"epoch\",\"seed\":1.0," REST "\n",
         "x: line 1: seed is '1.0', expected a whole number from 0 to 18446744073709551615"},
        {"{\"kind\":\"epoch\",\"seed\":18446744073709551616," REST "\n",
         "x: line 1: seed is '18446744073709551616', expected a whole number from 0 to "
         "18446744073709551615"},
        {"{\"kind\":\"epoch\",\"s\\u0065ed\":1," REST "\n",
         "x: line 1: seed is '', expected a whole number from 0 to 18446744073709551615"},
        {"{\"kind\":\"epoch\",\"seed\":1,\"epoch\":1,\"step\":5,\"lr\":null,\"train_loss\":1,"
         "\"train_accuracy\":1,\"validation_loss\":null,\"validation_accuracy\":null}\n",
         "x: line 1: lr is 'null', expected a number from 0 to 3.40282347e+38"},
        {"{\"kind\":\"epoch\",\"seed\":1,\"epoch\":1,\"step\":5,\"lr\":1e999,\"train_loss\":1,"
         "\"train_accuracy\":1,\"validation_loss\":null,\"validation_accuracy\":null}\n",
         "x: line 1: no JSON: real number overflow near '1e999'"},
        {"{\"kind\":\"epoch\",\"seed\":1,\"epoch\":1,\"step\":5,\"lr\":1,\"train_loss\":1,"
         "\"train_accuracy\":1,\"validation_loss\":1,\"validation_accuracy\":null}\n",
         "x: line 1: validation_accuracy is 'null', expected a number from 0 to 1"},
        {"{\"kind\":\"epoch\",\"seed\":1," REST "\nepoch,1,2,10,0.1,1,0.5,,\n",
         "x: line 2: no JSON: '[' or '{' expected near 'epoch'"},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        assert_refused(rows[i][0], strlen(rows[i][0]), rows[i][1]);
    }
}

/* JSON allows blanks and any order of members. */
static void json_as_others_write_it(void **state)
{
    (void)state;
    static const char text[] =
        "{ \"validation_accuracy\" : null , \"validation_loss\" : null, \"train_accuracy\": 0.5 ,"
        "\"train_loss\":\t2, \"lr\": 0.25, \"step\": 5, \"epoch\" : 1, \"seed\": 3,"
        " \"kind\" : \"st\\u0065p\" } \n";
    taken t;
    mnist_error err;
    if (parse(text, sizeof text - 1, &t, &err) != MNIST_OK) {
        fail_msg("%s", err.text);
    }
    assert_int_equal(t.count, 1);
    assert_false(t.records[0].is_epoch);
    assert_int_equal(t.records[0].seed, 3);
    assert_int_equal(t.records[0].epoch, 1);
    assert_int_equal(t.records[0].step, 5);
    assert_true(t.records[0].lr == 0.25 && t.records[0].train_loss == 2.0);
    assert_false(t.records[0].has_validation);
}

/* Counts them. */
static mnist_status ignore(void *context, const mnist_log_record *record, mnist_error *err)
{
    (void)record;
    (void)err;
    ++*(size_t *)context;
    return MNIST_OK;
}

static void no_end(void **state)
{
    enum { WIDTH = 26 }; /* of a line */
    (void)state;
    const size_t size = sizeof HEADER - 1 + MNIST_LOG_LINES * WIDTH;
    char *text = malloc(size + 1);
    char expected[80];
    assert_non_null(text);
    /* a line of 1,023 bytes */
    memcpy(text, HEADER, sizeof HEADER);
    memset(text + sizeof HEADER - 1, '1', 1023);
    memcpy(text + sizeof HEADER - 1 + 1023, "\n", 2);
    assert_refused(text, strlen(text), "x: line 2: has 1023 bytes, expected at most 1022");
    text[sizeof HEADER - 1 + 1022] = '\n';
    assert_refused(text, sizeof HEADER - 1 + 1023, "x: line 2: has 1 fields, expected 9");
    /* more lines than there may be */
    memcpy(text, HEADER, sizeof HEADER);
    for (size_t i = 0; i < MNIST_LOG_LINES; i++) {
        snprintf(text + sizeof HEADER - 1 + i * WIDTH, WIDTH + 1, "step,1,1,%08u,1,1,1,,\n",
                 (unsigned)(i + 1) % 100000000);
    }
    mnist_error err;
    size_t count = 0;
    assert_int_equal(mnist_log_parse(text, size, "x", ignore, &count, &err), MNIST_ERR_FORMAT);
    snprintf(expected, sizeof expected, "x: line %zu: expected at most %zu lines",
             MNIST_LOG_LINES + 1, MNIST_LOG_LINES);
    assert_string_equal(err.text, expected);
    assert_int_equal(count, MNIST_LOG_LINES - 1); /* the first is the header */
    free(text);
}

static void files(void **state)
{
    taken t = {.most = 16};
    mnist_error err;
    assert_int_equal(mnist_log_read(scratch_name(state, "none").path, take, &t, &err),
                     MNIST_ERR_NOT_FOUND);
    assert_int_equal(mnist_log_read("/tmp", take, &t, &err), MNIST_ERR_IO);
    scratch_file file = scratch_name(state, "empty");
    assert_int_equal(scratch_write(file.path, "", 0), 0);
    assert_int_equal(mnist_log_read(file.path, take, &t, &err), MNIST_ERR_FORMAT);
    assert_int_equal(t.count, 0);
}

#define SCRATCH_TEST(function)                                                                     \
    cmocka_unit_test_setup_teardown(function, scratch_create, scratch_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(what_was_written), SCRATCH_TEST(other_locales),
        cmocka_unit_test(csv_refused),  cmocka_unit_test(header_refused),
        cmocka_unit_test(json_refused), cmocka_unit_test(json_as_others_write_it),
        cmocka_unit_test(no_end),       SCRATCH_TEST(files),
    };
    return cmocka_run_group_tests_name("log_read", tests, NULL, NULL);
}
