/* Reads logs back. The writer is io/log.c: what it cannot have written is refused. */
#include <mnist/io.h>

#include "base/file.h"
#include "io/json.h"
#include "io/log.h"
#include "io/text.h"

#include <inttypes.h>

/* Most that is read from a pipe; a regular file may be larger. */
#define MAX_STREAM ((size_t)1 << 30)

enum {
    KIND,
    SEED,
    EPOCH,
    STEP,
    LR,
    TRAIN_LOSS,
    TRAIN_ACCURACY,
    VALIDATION_LOSS,
    VALIDATION_ACCURACY,
    FIELDS
};

static const char *const names[FIELDS] = {"kind",
                                          "seed",
                                          "epoch",
                                          "step",
                                          "lr",
                                          "train_loss",
                                          "train_accuracy",
                                          "validation_loss",
                                          "validation_accuracy"};

typedef struct log_reader {
    const char *path;
    bool is_json;
    size_t line; /* from 1 */
    /* The line, and where in it the fields are, each with a zero behind it. */
    char text[MNIST_LOG_LINE];
    const char *fields[FIELDS];
    /* The run that is being read. */
    bool begun;
    uint64_t seed, step;
    unsigned epochs; /* epochs that are over */
    bool after_step; /* the line before was a step's */
} log_reader;

/* Fields, whatever the form. */

static mnist_status fail_field(const log_reader *r, int field, const char *expected,
                               mnist_error *err)
{
    return mnist_fail(err, MNIST_ERR_FORMAT, "%s: line %zu: %s is '%s', expected %s", r->path,
                      r->line, names[field], mnist_show(r->fields[field]).text, expected);
}

static mnist_status read_whole(const log_reader *r, int field, uint64_t least, uint64_t most,
                               uint64_t *out, mnist_error *err)
{
    const char *c = r->fields[field];
    bool good = *c != '\0';
    *out = 0;
    for (; good && *c != '\0'; c++) {
        const uint64_t digit = (uint64_t)(*c - '0');
        good = *c >= '0' && *c <= '9' && *out <= (most - digit) / 10;
        *out = good ? 10 * *out + digit : 0;
    }
    if (!good || *out < least) {
        char expected[120];
        snprintf(expected, sizeof expected, "a whole number from %" PRIu64 " to %" PRIu64, least,
                 most);
        return fail_field(r, field, expected, err);
    }
    return MNIST_OK;
}

static mnist_status read_number(const log_reader *r, int field, double least, double most,
                                double *out, mnist_error *err)
{
    if (!mnist_double_parse(r->fields[field], out) || *out < least || *out > most) {
        char expected[120];
        snprintf(expected, sizeof expected, "a number from %s to %s", mnist_number_of(least).text,
                 mnist_number_of(most).text);
        return fail_field(r, field, expected, err);
    }
    return MNIST_OK;
}

/* Losses may overflow, and are then written as the format does it. */
static mnist_status read_loss(const log_reader *r, int field, double *out, mnist_error *err)
{
    const char *text = r->fields[field];
    const bool negative = !r->is_json && text[0] == '-';
    if (strcmp(text, r->is_json ? "null" : "nan") == 0) {
        *out = (double)NAN;
        return MNIST_OK;
    }
    if (!r->is_json && strcmp(text + negative, "inf") == 0) {
        *out = negative ? -(double)INFINITY : (double)INFINITY;
        return MNIST_OK;
    }
    return read_number(r, field, -MNIST_LOG_MOST, MNIST_LOG_MOST, out, err);
}

static mnist_status read_validation(const log_reader *r, mnist_log_record *record, mnist_error *err)
{
    const char *none = r->is_json ? "null" : "";
    record->has_validation = strcmp(r->fields[VALIDATION_ACCURACY], none) != 0;
    if (!record->has_validation && strcmp(r->fields[VALIDATION_LOSS], none) == 0) {
        return MNIST_OK;
    }
    if (!record->is_epoch) {
        return fail_field(r, record->has_validation ? VALIDATION_ACCURACY : VALIDATION_LOSS,
                          "none: nets are validated at an epoch's end", err);
    }
    mnist_status status = read_loss(r, VALIDATION_LOSS, &record->validation_loss, err);
    if (status == MNIST_OK) {
        status = read_number(r, VALIDATION_ACCURACY, 0.0, 1.0, &record->validation_accuracy, err);
    }
    return status;
}

static mnist_status read_record(const log_reader *r, mnist_log_record *record, mnist_error *err)
{
    uint64_t epoch = 0;
    *record = (mnist_log_record){.is_epoch = strcmp(r->fields[KIND], "epoch") == 0};
    if (!record->is_epoch && strcmp(r->fields[KIND], "step") != 0) {
        return fail_field(r, KIND, "epoch or step", err);
    }
    mnist_status status = read_whole(r, SEED, 0, UINT64_MAX, &record->seed, err);
    if (status == MNIST_OK) {
        status = read_whole(r, EPOCH, 1, MNIST_LOG_EPOCHS, &epoch, err);
    }
    if (status == MNIST_OK) {
        status = read_whole(r, STEP, 1, MNIST_LOG_STEPS, &record->step, err);
    }
    if (status == MNIST_OK) {
        status = read_number(r, LR, 0.0, MNIST_LOG_MOST, &record->lr, err);
    }
    if (status == MNIST_OK) {
        status = read_loss(r, TRAIN_LOSS, &record->train_loss, err);
    }
    if (status == MNIST_OK) {
        status = read_number(r, TRAIN_ACCURACY, 0.0, 1.0, &record->train_accuracy, err);
    }
    record->epoch = (unsigned)epoch;
    return status == MNIST_OK ? read_validation(r, record, err) : status;
}

/* Checks that this line may come after the one before. */
static mnist_status check_order(log_reader *r, const mnist_log_record *record, mnist_error *err)
{
    if (!r->begun || record->seed != r->seed) {
        if (r->begun && record->seed < r->seed) {
            return mnist_fail(err, MNIST_ERR_FORMAT,
                              "%s: line %zu: seed is %" PRIu64 ", expected %" PRIu64
                              " again, or a larger one for the next run; two logs in one file?",
                              r->path, r->line, record->seed, r->seed);
        }
        r->begun = true;
        r->seed = record->seed;
        r->step = 0;
        r->epochs = 0;
        r->after_step = false;
    }
    if (record->epoch != r->epochs + 1) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: line %zu: epoch is %u, expected %u; is the log whole?", r->path,
                          r->line, record->epoch, r->epochs + 1);
    }
    /* an epoch ends with its last step, which may have been logged too */
    const uint64_t least = record->is_epoch && r->after_step ? r->step : r->step + 1;
    if (record->step < least) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: line %zu: step is %" PRIu64 ", expected at least %" PRIu64, r->path,
                          r->line, record->step, least);
    }
    r->step = record->step;
    r->epochs += record->is_epoch;
    r->after_step = !record->is_epoch;
    return MNIST_OK;
}

/* CSV. */

static mnist_status split_csv(log_reader *r, mnist_error *err)
{
    size_t count = 0;
    for (char *c = r->text; c; count++) {
        char *comma = strchr(c, ',');
        if (count < FIELDS) {
            r->fields[count] = c;
        }
        if (comma) {
            *comma++ = '\0';
        }
        c = comma;
    }
    if (count != FIELDS) {
        return mnist_fail(err, MNIST_ERR_FORMAT, "%s: line %zu: has %zu fields, expected %d",
                          r->path, r->line, count, FIELDS);
    }
    return MNIST_OK;
}

/* JSON lines. */

/* Finds the text of a number, or null, in an object that holds only the names and the kind. */
static const char *find_scalar(log_reader *r, int field)
{
    char key[32];
    const size_t length = (size_t)snprintf(key, sizeof key, "\"%s\"", names[field]);
    for (char *at = strstr(r->text, key); at; at = strstr(at, key)) {
        at += length;
        at += strspn(at, " \t");
        if (*at == ':') { /* else it is the kind, "epoch" or "step" */
            return at + 1 + strspn(at + 1, " \t");
        }
    }
    return ""; /* the name is there, but written with an escape */
}

/* jansson tells whether the line is a JSON object of the right kind. The numbers are read from the
 * text, since a seed may have more digits than jansson's numbers keep. */
static mnist_status check_object(const log_reader *r, const json_t *object, mnist_error *err)
{
    for (int f = 0; f < FIELDS; f++) {
        const json_t *value = json_object_get(object, names[f]);
        if (!value) {
            return mnist_fail(err, MNIST_ERR_FORMAT,
                              "%s: line %zu: there is no \"%s\": expected an object of a log",
                              r->path, r->line, names[f]);
        }
        if (f == KIND ? !json_is_string(value) : !json_is_number(value) && !json_is_null(value)) {
            return mnist_fail(err, MNIST_ERR_FORMAT, "%s: line %zu: expected \"%s\" to be %s",
                              r->path, r->line, names[f],
                              f == KIND ? "\"epoch\" or \"step\"" : "a number or null");
        }
    }
    if (json_object_size(object) != FIELDS) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: line %zu: has %zu members, expected the %d of a log", r->path,
                          r->line, json_object_size(object), FIELDS);
    }
    return MNIST_OK;
}

static mnist_status split_json(log_reader *r, mnist_error *err)
{
    json_t *object;
    json_error_t error;
    const size_t size = strlen(r->text);
    const mnist_io_json_text text = {.text = r->text,
                                     .size = size,
                                     .values = size / 2,
                                     .flags = JSON_DECODE_INT_AS_REAL,
                                     .what = "a line of a log"};
    mnist_status status = mnist_io_json(&object, &text, &error, err);
    if (status == MNIST_ERR_FORMAT) {
        return mnist_fail(err, MNIST_ERR_FORMAT, "%s: line %zu: no JSON: %s", r->path, r->line,
                          mnist_show(error.text).text);
    }
    if (status == MNIST_OK) {
        status = check_object(r, object, err);
    }
    if (status == MNIST_OK) {
        const char *kind = json_string_value(json_object_get(object, names[KIND]));
        r->fields[KIND] = strcmp(kind, "epoch") == 0  ? "epoch"
                          : strcmp(kind, "step") == 0 ? "step"
                                                      : "";
        if (r->fields[KIND][0] == '\0') {
            status = mnist_fail(err, MNIST_ERR_FORMAT,
                                "%s: line %zu: kind is '%s', expected epoch or step", r->path,
                                r->line, mnist_show(kind).text);
        }
    }
    json_decref(object);
    for (int f = SEED; status == MNIST_OK && f < FIELDS; f++) {
        r->fields[f] = find_scalar(r, f);
    }
    /* ends each value with a zero; done last, as a zero would end the search */
    for (char *c = r->text; status == MNIST_OK && *c != '\0'; c++) {
        *c = strchr(" \t,}", *c) ? '\0' : *c;
    }
    return status;
}

/* Lines. */

static mnist_status check_line(const log_reader *r, const char *line, size_t size, mnist_error *err)
{
    if (size > 0 && line[size - 1] == '\r') {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: line %zu: ends with a carriage return, expected a line feed alone, "
                          "as mnist-train writes it",
                          r->path, r->line);
    }
    if (memchr(line, '\0', size)) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: line %zu: has a zero byte in it, expected text", r->path, r->line);
    }
    if (size + 2 > sizeof r->text) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: line %zu: has %zu bytes, expected at most %zu", r->path, r->line,
                          size, sizeof r->text - 2);
    }
    if (r->line > MNIST_LOG_LINES) {
        return mnist_fail(err, MNIST_ERR_FORMAT, "%s: line %zu: expected at most %zu lines",
                          r->path, r->line, MNIST_LOG_LINES);
    }
    return MNIST_OK;
}

static mnist_status check_header(const log_reader *r, const char *line, size_t size,
                                 mnist_error *err)
{
    if (size == sizeof MNIST_LOG_HEADER - 1 && memcmp(line, MNIST_LOG_HEADER, size) == 0) {
        return MNIST_OK;
    }
    char start[sizeof((mnist_shown *)0)->text];
    const size_t taken = size < sizeof start - 1 ? size : sizeof start - 1;
    memcpy(start, line, taken);
    start[taken] = '\0';
    return mnist_fail(err, MNIST_ERR_FORMAT,
                      "%s: line 1: is '%s', expected '%s', or JSON; no log of mnist-train?",
                      r->path, mnist_show(start).text, MNIST_LOG_HEADER);
}

static mnist_status take_line(log_reader *r, const char *line, size_t size, mnist_log_taker *take,
                              void *context, mnist_error *err)
{
    mnist_log_record record;
    memcpy(r->text, line, size);
    r->text[size] = '\0';
    mnist_status status = r->is_json ? split_json(r, err) : split_csv(r, err);
    if (status == MNIST_OK) {
        status = read_record(r, &record, err);
    }
    if (status == MNIST_OK) {
        status = check_order(r, &record, err);
    }
    return status == MNIST_OK ? take(context, &record, err) : status;
}

mnist_status mnist_log_parse(const char *text, size_t size, const char *path, mnist_log_taker *take,
                             void *context, mnist_error *err)
{
    log_reader r = {.path = path, .is_json = size > 0 && text[0] == '{'};
    mnist_status status = MNIST_OK;
    if (size == 0) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: the file is empty, expected a log of mnist-train", path);
    }
    for (size_t at = 0; at < size && status == MNIST_OK;) {
        const char *line = text + at, *end = memchr(line, '\n', size - at);
        const size_t length = end ? (size_t)(end - line) : size - at;
        const bool is_header = ++r.line == 1 && !r.is_json;
        at += length + 1;
        if (is_header) { /* before all else, as it may be any file */
            const bool returns = length > 0 && line[length - 1] == '\r';
            status = check_header(&r, line, length - returns, err);
        }
        if (status == MNIST_OK && !end) {
            status = mnist_fail(err, MNIST_ERR_FORMAT,
                                "%s: line %zu: the file ends within it, expected a line feed; was "
                                "it cut short?",
                                path, r.line);
        }
        if (status == MNIST_OK) {
            status = check_line(&r, line, length, err);
        }
        if (status == MNIST_OK && !is_header) {
            status = take_line(&r, line, length, take, context, err);
        }
    }
    return status;
}

mnist_status mnist_log_read(const char *path, mnist_log_taker *take, void *context,
                            mnist_error *err)
{
    mnist_bytes bytes;
    mnist_status status = mnist_bytes_open(&bytes, path, MAX_STREAM, err);
    if (status == MNIST_OK) {
        status = mnist_log_parse((const char *)bytes.data, bytes.size, path, take, context, err);
        mnist_bytes_close(&bytes);
    }
    return status;
}
