#define _POSIX_C_SOURCE 200809L
#include <mnist/io.h>

#include "base/replace.h"
#include "io/log.h"
#include "io/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>
#include <zlib.h>

static const char csv_header[] = MNIST_LOG_HEADER "\n";

struct mnist_log {
    int fd;
    bool is_json;
    mnist_log_position written; /* the lines written whole */
    char *path;
    bool entered;        /* its name in its directory is durable */
    mnist_status failed; /* the status of the first write that failed; its text is in error */
    mnist_error error;
};

static bool ends_with(const char *text, const char *ending)
{
    size_t length = strlen(text), tail = strlen(ending);
    return length >= tail && strcasecmp(text + length - tail, ending) == 0;
}

/* CSV has nan and inf, which its readers know; JSON has null for them. */
static mnist_number write_value(double value, bool is_json)
{
    mnist_number number = {"null"};
    if (isfinite(value)) {
        return mnist_number_of(value);
    }
    if (!is_json) {
        const char *sign = value < 0.0 ? "-" : "";
        snprintf(number.text, sizeof number.text, "%s%s", sign, isnan(value) ? "nan" : "inf");
    }
    return number;
}

static mnist_status log_fail(mnist_log *log, const char *operation, int error)
{
    log->failed = mnist_fail_path(&log->error, log->path, log->path, operation, error);
    return log->failed;
}

static mnist_status status_of(const mnist_log *log, mnist_error *err)
{
    if (err && log->failed != MNIST_OK) {
        *err = log->error;
    }
    return log->failed;
}

/* A line is in the file whole or not at all, as far as the system lets us. */
static mnist_status write_line(mnist_log *log, const char *line, size_t length)
{
    int error = mnist_write_all(log->fd, line, length);
    if (error == 0) {
        log->written.bytes += length;
        log->written.crc32 =
            (uint32_t)crc32_z(log->written.crc32, (const unsigned char *)line, length);
        return MNIST_OK;
    }
    if (ftruncate(log->fd, (off_t)log->written.bytes) != 0) {
        /* a device or a pipe: nothing can be removed */
    }
    return log_fail(log, "write the log", error);
}

/* Creates the log. A name with an unknown ending is refused before any file is touched. */
static mnist_status log_create(mnist_log **out, const char *path, mnist_error *err)
{
    bool is_json = ends_with(path, ".jsonl");
    if (!is_json && !ends_with(path, ".csv")) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT,
                          "%.600s: the name of a log must end in .csv or .jsonl", path);
    }
    mnist_log *log = malloc(sizeof *log);
    char *copy = strdup(path);
    if (!log || !copy) {
        free(log);
        free(copy);
        return mnist_fail_memory(err, sizeof *log + strlen(path), "a log");
    }
    *log = (mnist_log){.fd = -1, .is_json = is_json, .path = copy};
    *out = log;
    return MNIST_OK;
}

mnist_status mnist_log_open(mnist_log **out, const char *path, mnist_error *err)
{
    *out = NULL;
    mnist_log *log = NULL;
    mnist_status status = log_create(&log, path, err);
    if (status != MNIST_OK) {
        return status;
    }
    log->fd = mnist_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (log->fd < 0) {
        log_fail(log, "open the log for writing", errno);
    } else if (!log->is_json) {
        write_line(log, csv_header, sizeof csv_header - 1);
    }
    if (log->failed != MNIST_OK) {
        return mnist_log_close(log, err);
    }
    *out = log;
    return MNIST_OK;
}

/* Checks that a file that was opened for reading begins as the position says. */
static mnist_status check_kept(int fd, const char *path, mnist_log_position position,
                               mnist_error *err)
{
    unsigned char buffer[16384];
    struct stat st;
    uint64_t at = 0;
    uint32_t crc = 0;
    if (fstat(fd, &st) != 0) {
        return mnist_fail_path(err, path, path, "examine the log", errno);
    }
    if (!S_ISREG(st.st_mode)) {
        return mnist_fail(err, MNIST_ERR_IO,
                          "%.600s: no regular file, so the log cannot go on there", path);
    }
    if ((uint64_t)st.st_size < position.bytes) {
        return mnist_fail(err, MNIST_ERR_MISMATCH,
                          "%.600s: has %ju bytes, but the log had %" PRIu64
                          " when the checkpoint was written; was it replaced or cut?",
                          path, (uintmax_t)st.st_size, position.bytes);
    }
    while (at < position.bytes) {
        const uint64_t left = position.bytes - at;
        const ssize_t got =
            pread(fd, buffer, left < sizeof buffer ? (size_t)left : sizeof buffer, (off_t)at);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return mnist_fail_path(err, path, path, "read the log", got < 0 ? errno : EIO);
        }
        crc = (uint32_t)crc32_z(crc, buffer, (size_t)got);
        at += (uint64_t)got;
    }
    if (crc != position.crc32) {
        return mnist_fail(err, MNIST_ERR_MISMATCH,
                          "%.600s: its first %" PRIu64
                          " bytes are not what the log held when the checkpoint was written; is it "
                          "another log, or was it edited?",
                          path, position.bytes);
    }
    return MNIST_OK;
}

/* Without O_CREAT, as a log that is gone cannot be continued. With O_NONBLOCK, as a pipe is to be
 * refused, not waited for. */
static mnist_status open_kept(int *fd, const char *path, int flags, mnist_log_position position,
                              mnist_error *err)
{
    *fd = mnist_open(path, flags | O_NONBLOCK, 0);
    if (*fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
        return mnist_fail(err, MNIST_ERR_NOT_FOUND,
                          "%.600s: does not exist, but the training's log is to go on in it", path);
    }
    if (*fd < 0) {
        return mnist_fail_path(err, path, path, "open the log", errno);
    }
    mnist_status status = check_kept(*fd, path, position, err);
    if (status != MNIST_OK) {
        close(*fd);
        *fd = -1;
    }
    return status;
}

mnist_status mnist_log_check(const char *path, mnist_log_position position, mnist_error *err)
{
    int fd;
    mnist_status status = open_kept(&fd, path, O_RDONLY, position, err);
    if (status == MNIST_OK) {
        close(fd);
    }
    return status;
}

mnist_status mnist_log_resume(mnist_log **out, const char *path, mnist_log_position position,
                              mnist_error *err)
{
    *out = NULL;
    mnist_log *log = NULL;
    mnist_status status = log_create(&log, path, err);
    if (status != MNIST_OK) {
        return status;
    }
    status = open_kept(&log->fd, path, O_RDWR, position, err);
    if (status == MNIST_OK && (ftruncate(log->fd, (off_t)position.bytes) != 0 ||
                               lseek(log->fd, (off_t)position.bytes, SEEK_SET) < 0)) {
        status = mnist_fail_path(err, path, path, "cut the log where it goes on", errno);
    }
    if (status != MNIST_OK) {
        mnist_log_close(log, NULL);
        return status;
    }
    log->written = position;
    *out = log;
    return MNIST_OK;
}

mnist_status mnist_log_sync(mnist_log *log, mnist_log_position *position, mnist_error *err)
{
    int result;
    do {
        result = log->failed == MNIST_OK ? fsync(log->fd) : 0;
    } while (result != 0 && errno == EINTR);
    /* pipes and devices cannot be made durable */
    if (result != 0 && errno != EINVAL && errno != ENOTSUP && errno != ENOSYS && errno != EROFS) {
        log_fail(log, "sync the log", errno);
    }
    if (log->failed == MNIST_OK && !log->entered) {
        log->failed = mnist_sync_entry(log->path, &log->error);
        log->entered = log->failed == MNIST_OK;
    }
    *position = log->written;
    return status_of(log, err);
}

static int write_csv(char line[MNIST_LOG_LINE], const mnist_log_record *record)
{
    mnist_number loss = {""}, accuracy = {""};
    if (record->has_validation) {
        loss = write_value(record->validation_loss, false);
        accuracy = write_value(record->validation_accuracy, false);
    }
    return snprintf(line, MNIST_LOG_LINE, "%s,%" PRIu64 ",%u,%" PRIu64 ",%s,%s,%s,%s,%s\n",
                    record->is_epoch ? "epoch" : "step", record->seed, record->epoch, record->step,
                    write_value(record->lr, false).text,
                    write_value(record->train_loss, false).text,
                    write_value(record->train_accuracy, false).text, loss.text, accuracy.text);
}

static int write_jsonl(char line[MNIST_LOG_LINE], const mnist_log_record *record)
{
    mnist_number loss = {"null"}, accuracy = {"null"};
    if (record->has_validation) {
        loss = write_value(record->validation_loss, true);
        accuracy = write_value(record->validation_accuracy, true);
    }
    return snprintf(line, MNIST_LOG_LINE,
                    "{\"kind\":\"%s\",\"seed\":%" PRIu64 ",\"epoch\":%u,\"step\":%" PRIu64
                    ",\"lr\":%s,\"train_loss\":%s,\"train_accuracy\":%s,"
                    "\"validation_loss\":%s,\"validation_accuracy\":%s}\n",
                    record->is_epoch ? "epoch" : "step", record->seed, record->epoch, record->step,
                    write_value(record->lr, true).text, write_value(record->train_loss, true).text,
                    write_value(record->train_accuracy, true).text, loss.text, accuracy.text);
}

mnist_status mnist_log_write(mnist_log *log, const mnist_log_record *record, mnist_error *err)
{
    char line[MNIST_LOG_LINE];
    if (log->failed == MNIST_OK) {
        int length = log->is_json ? write_jsonl(line, record) : write_csv(line, record);
        write_line(log, line, (size_t)length);
    }
    return status_of(log, err);
}

mnist_status mnist_log_close(mnist_log *log, mnist_error *err)
{
    if (!log) {
        return MNIST_OK;
    }
    /* a network file system may report here that a write failed; EINTR, on systems that return it,
     * means that the file is closed */
    if (log->fd >= 0 && close(log->fd) != 0 && errno != EINTR && log->failed == MNIST_OK) {
        log_fail(log, "close the log", errno);
    }
    mnist_status status = status_of(log, err);
    free(log->path);
    free(log);
    return status;
}
