/* Training logs: the exact lines, and what happens when they cannot be written. */
#define _XOPEN_SOURCE 700

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <jansson.h>
#include <locale.h>
#include <math.h>
#include <mnist/io.h>
#include <signal.h>
#include <sys/resource.h>

#include "left_out.h"
#include "scratch.h"

#define HEADER                                                                                     \
    "kind,seed,epoch,step,lr,train_loss,train_accuracy,validation_loss,validation_accuracy\n"

static const mnist_log_record records[] = {
    {.is_epoch = false,
     .seed = 42,
     .epoch = 1,
     .step = 100,
     .lr = 0.1f,
     .train_loss = 2.302585093,
     .train_accuracy = 0.1015625},
    {.is_epoch = true,
     .seed = UINT64_MAX,
     .epoch = 4294967295u,
     .step = UINT64_MAX,
     .lr = 0.0,
     .train_loss = 1e-10,
     .train_accuracy = 1.0,
     .has_validation = true,
     .validation_loss = 0.25,
     .validation_accuracy = 0.98},
    {.is_epoch = true,
     .epoch = 2,
     .step = 3,
     .lr = 1e300,
     .train_loss = NAN,
     .train_accuracy = INFINITY,
     .has_validation = true,
     .validation_loss = -INFINITY,
     .validation_accuracy = -NAN},
};
enum { RECORDS = sizeof records / sizeof records[0] };

static const char *const csv_lines[RECORDS] = {
    "step,42,1,100,0.100000001,2.30258509,0.1015625,,\n",
    "epoch,18446744073709551615,4294967295,18446744073709551615,0,1e-10,1,0.25,0.98\n",
    "epoch,0,2,3,1e+300,nan,inf,-inf,nan\n",
};

static const char *const json_lines[RECORDS] = {
    ("{\"kind\":\"step\",\"seed\":42,\"epoch\":1,\"step\":100,\"lr\":0.100000001,"
     "\"train_loss\":2.30258509,\"train_accuracy\":0.1015625,\"validation_loss\":null,"
     "\"validation_accuracy\":null}\n"),
    ("{\"kind\":\"epoch\",\"seed\":18446744073709551615,\"epoch\":4294967295,"
     "\"step\":18446744073709551615,\"lr\":0,\"train_loss\":1e-10,\"train_accuracy\":1,"
     "\"validation_loss\":0.25,\"validation_accuracy\":0.98}\n"),
    ("{\"kind\":\"epoch\",\"seed\":0,\"epoch\":2,\"step\":3,\"lr\":1e+300,\"train_loss\":null,"
     "\"train_accuracy\":null,\"validation_loss\":null,\"validation_accuracy\":null}\n"),
};

/* Writes all records, and reads the file after each: a line must be there once it is written. */
static void write_and_compare(const char *path, const char *head, const char *const *lines)
{
    mnist_log *log;
    mnist_error err;
    char expected[4096];
    snprintf(expected, sizeof expected, "%s", head);
    if (mnist_log_open(&log, path, &err) != MNIST_OK) {
        fail_msg("%s", err.text);
    }
    for (size_t i = 0; i <= RECORDS; i++) {
        char *text = scratch_read(path, NULL);
        assert_non_null(text);
        assert_string_equal(text, expected);
        free(text);
        if (i < RECORDS) {
            assert_int_equal(mnist_log_write(log, &records[i], &err), MNIST_OK);
            size_t length = strlen(expected);
            snprintf(expected + length, sizeof expected - length, "%s", lines[i]);
        }
    }
    assert_int_equal(mnist_log_close(log, &err), MNIST_OK);
    char *text = scratch_read(path, NULL);
    assert_string_equal(text, expected);
    free(text);
}

static void csv(void **state)
{
    scratch_file file = scratch_name(state, "log.csv");
    assert_int_equal(scratch_write(file.path, "an older log, and longer", 24), 0);
    write_and_compare(file.path, HEADER, csv_lines);
}

static void jsonl(void **state)
{
    scratch_file file = scratch_name(state, "log.jsonl");
    write_and_compare(file.path, "", json_lines);
}

/* The first and the last line would show a decimal comma. */
static void other_locales(void **state)
{
    static const char *const locales[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "ps_AF.UTF-8"};
    scratch_file file = scratch_name(state, "log.csv");
    bool tried = false;
    for (size_t i = 0; i < sizeof locales / sizeof locales[0]; i++) {
        if (setlocale(LC_ALL, locales[i])) {
            tried = true;
            write_and_compare(file.path, HEADER, csv_lines);
        }
    }
    setlocale(LC_ALL, "C");
    if (!tried) {
        LEAVE_OUT(NO_DECIMAL_COMMA);
    }
}

/* The same lines, as a JSON parser sees them. */
static void jsonl_is_json(void **state)
{
    (void)state;
    for (size_t i = 0; i < RECORDS; i++) {
        json_error_t error;
        /* no integer type holds the largest seed; a double holds it roughly */
        json_t *line = json_loads(json_lines[i], JSON_DECODE_INT_AS_REAL, &error);
        assert_non_null(line);
        assert_int_equal(json_object_size(line), 9);
        json_decref(line);
    }
}

static void endings(void **state)
{
    static const struct {
        const char *name;
        bool known;
    } cases[] = {
        {"a.csv", true},     {"a.CSV", true},   {"a.Jsonl", true}, {".csv", true},
        {"a.b.jsonl", true}, {"a", false},      {"csv", false},    {"a.json", false},
        {"a.csv ", false},   {"a.csvx", false}, {"a.csv/", false}, {"a.txt", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        scratch_file file = scratch_name(state, cases[i].name);
        mnist_log *log;
        mnist_error err;
        size_t before = scratch_count(state);
        mnist_status status = mnist_log_open(&log, file.path, &err);
        if (cases[i].known) {
            assert_int_equal(status, MNIST_OK);
            assert_int_equal(mnist_log_close(log, &err), MNIST_OK);
        } else {
            assert_int_equal(status, MNIST_ERR_ARGUMENT);
            assert_null(log);
            assert_non_null(strstr(err.text, ".csv or .jsonl"));
            assert_int_equal(scratch_count(state), before);
        }
    }
}

static void cannot_be_opened(void **state)
{
    static const struct {
        const char *name, *expected;
    } cases[] = {
        {"missing/log.csv", "missing' does not exist"},
        {"file/log.csv", "file' is not a directory"},
        {"dir.csv", "Is a directory"},
    };
    assert_int_equal(scratch_write(scratch_name(state, "file").path, "", 0), 0);
    assert_int_equal(mkdir(scratch_name(state, "dir.csv").path, 0777), 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        scratch_file file = scratch_name(state, cases[i].name);
        mnist_log *log;
        mnist_error err;
        assert_int_equal(mnist_log_open(&log, file.path, &err), MNIST_ERR_IO);
        assert_null(log);
        assert_non_null(strstr(err.text, cases[i].expected));
    }
}

/* /dev/full takes nothing: the header fails at once, a record when it is written, and again. */
static void device_is_full(void **state)
{
    scratch_file full_csv = scratch_name(state, "full.csv");
    scratch_file full_jsonl = scratch_name(state, "full.jsonl");
    mnist_log *log;
    mnist_error err;
    if (access("/dev/full", W_OK) != 0) {
        LEAVE_OUT("no /dev/full");
    }
    assert_int_equal(symlink("/dev/full", full_csv.path), 0);
    assert_int_equal(symlink("/dev/full", full_jsonl.path), 0);
    assert_int_equal(mnist_log_open(&log, full_csv.path, &err), MNIST_ERR_IO);
    assert_null(log);
    assert_non_null(strstr(err.text, "full.csv: cannot write the log: No space left on device"));

    assert_int_equal(mnist_log_open(&log, full_jsonl.path, &err), MNIST_OK);
    for (int i = 0; i < 2; i++) {
        memset(&err, 0, sizeof err);
        assert_int_equal(mnist_log_write(log, &records[0], &err), MNIST_ERR_IO);
        assert_non_null(strstr(err.text, "full.jsonl: cannot write the log: No space left"));
        assert_int_equal(mnist_log_write(log, &records[0], NULL), MNIST_ERR_IO);
    }
    memset(&err, 0, sizeof err);
    assert_int_equal(mnist_log_close(log, &err), MNIST_ERR_IO);
    assert_non_null(strstr(err.text, "No space left"));
    assert_int_equal(err.status, MNIST_ERR_IO);
}

/* The file's size limit cuts a line in two: its first half is taken back. */
static void no_half_lines(void **state)
{
    scratch_file file = scratch_name(state, "log.csv");
    mnist_log *log;
    mnist_error err;
    struct rlimit limit, small;
    assert_int_equal(mnist_log_open(&log, file.path, &err), MNIST_OK);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    small = limit;
    small.rlim_cur = sizeof HEADER - 1 + strlen(csv_lines[0]) + 10;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    mnist_status first = mnist_log_write(log, &records[0], &err);
    mnist_status second = mnist_log_write(log, &records[0], &err);
    setrlimit(RLIMIT_FSIZE, &limit);
    signal(SIGXFSZ, handler);
    assert_int_equal(first, MNIST_OK);
    assert_int_equal(second, MNIST_ERR_IO);
    assert_non_null(strstr(err.text, "File too large"));
    /* there is room again; still nothing is written after the gap */
    assert_int_equal(mnist_log_write(log, &records[0], &err), MNIST_ERR_IO);
    assert_int_equal(mnist_log_close(log, NULL), MNIST_ERR_IO);
    size_t size;
    char *text = scratch_read(file.path, &size);
    assert_non_null(text);
    assert_int_equal(size, sizeof HEADER - 1 + strlen(csv_lines[0]));
    free(text);
    assert_int_equal(mnist_log_close(NULL, NULL), MNIST_OK);
}

/* Three records, and the position after the first. */
static mnist_log_position write_three(const char *path)
{
    mnist_log *log;
    mnist_log_position position, end;
    assert_int_equal(mnist_log_open(&log, path, NULL), MNIST_OK);
    for (size_t i = 0; i < RECORDS; i++) {
        assert_int_equal(mnist_log_write(log, &records[i], NULL), MNIST_OK);
        if (i == 0) {
            assert_int_equal(mnist_log_sync(log, &position, NULL), MNIST_OK);
        }
    }
    assert_int_equal(mnist_log_sync(log, &end, NULL), MNIST_OK);
    assert_true(end.bytes > position.bytes && end.crc32 != position.crc32);
    assert_int_equal(mnist_log_close(log, NULL), MNIST_OK);
    return position;
}

/* What is behind the position is cut off, and writing the rest again gives the same bytes;
 * repeatedly. */
static void resume(void **state)
{
    static const char *const names[] = {"log.csv", "log.jsonl"};
    for (size_t n = 0; n < 2; n++) {
        scratch_file file = scratch_name(state, names[n]);
        mnist_log_position position = write_three(file.path);
        size_t size, again;
        char *whole = scratch_read(file.path, &size);
        for (int times = 0; times < 3; times++) {
            mnist_log *log;
            mnist_log_position end;
            mnist_error err;
            assert_int_equal(mnist_log_check(file.path, position, NULL), MNIST_OK);
            if (mnist_log_resume(&log, file.path, position, &err) != MNIST_OK) {
                fail_msg("%s", err.text);
            }
            for (size_t i = 1; i < RECORDS; i++) {
                assert_int_equal(mnist_log_write(log, &records[i], NULL), MNIST_OK);
            }
            assert_int_equal(mnist_log_sync(log, &end, NULL), MNIST_OK);
            assert_int_equal(mnist_log_close(log, NULL), MNIST_OK);
            char *text = scratch_read(file.path, &again);
            assert_int_equal(again, size);
            assert_int_equal(end.bytes, size);
            assert_memory_equal(text, whole, size);
            free(text);
        }
        free(whole);
    }
}

static void assert_not_resumed(const char *path, mnist_log_position position, mnist_status status,
                               const char *expected)
{
    mnist_log *log;
    mnist_error err = {0};
    assert_int_equal(mnist_log_resume(&log, path, position, &err), status);
    assert_null(log);
    if (!strstr(err.text, expected)) {
        fail_msg("expected '%s', got '%s'", expected, err.text);
    }
    if (status != MNIST_ERR_ARGUMENT) {
        assert_int_equal(mnist_log_check(path, position, &err), status);
    }
}

/* Refused before a byte of the file is touched. */
static void resume_refuses(void **state)
{
    scratch_file file = scratch_name(state, "log.csv");
    mnist_log_position position = write_three(file.path);
    mnist_log_position longer = {100000, position.crc32},
                       other = {position.bytes, position.crc32 ^ 1};
    size_t size, after;
    char *before = scratch_read(file.path, &size);
    assert_not_resumed(file.path, longer, MNIST_ERR_MISMATCH, "but the log had 100000 when");
    assert_not_resumed(file.path, other, MNIST_ERR_MISMATCH, "are not what the log held when");
    char *text = scratch_read(file.path, &after);
    assert_int_equal(after, size);
    assert_memory_equal(text, before, size);
    free(text);
    text = before;
    text[position.bytes - 2] ^= 1;
    assert_int_equal(scratch_write(file.path, text, size), 0);
    assert_not_resumed(file.path, position, MNIST_ERR_MISMATCH, "or was it edited?");
    free(text);
    assert_not_resumed(scratch_name(state, "none.csv").path, position, MNIST_ERR_NOT_FOUND,
                       "none.csv: does not exist, but the training's log");
    assert_not_resumed(scratch_name(state, "none.txt").path, position, MNIST_ERR_ARGUMENT,
                       ".csv or .jsonl");
    scratch_file pipe = scratch_name(state, "pipe.csv");
    assert_int_equal(mkfifo(pipe.path, 0600), 0);
    assert_not_resumed(pipe.path, position, MNIST_ERR_IO, "no regular file");
}

#define SCRATCH_TEST(function)                                                                     \
    cmocka_unit_test_setup_teardown(function, scratch_create, scratch_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(csv),
        SCRATCH_TEST(jsonl),
        SCRATCH_TEST(other_locales),
        SCRATCH_TEST(jsonl_is_json),
        SCRATCH_TEST(endings),
        SCRATCH_TEST(cannot_be_opened),
        SCRATCH_TEST(device_is_full),
        SCRATCH_TEST(no_half_lines),
        SCRATCH_TEST(resume),
        SCRATCH_TEST(resume_refuses),
    };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
