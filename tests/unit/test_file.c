/* Replacing files whole (base/replace.c), and trying output paths (io/output.c). */
#define _XOPEN_SOURCE 700

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <mnist/io.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/file.h"
#include "left_out.h"
#include "scratch.h"

static void assert_content(const char *path, const char *expected)
{
    char *text = scratch_read(path, NULL);
    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
}

static void assert_replaces(const char *path, const char *text)
{
    mnist_error err;
    if (mnist_file_replace(path, text, strlen(text), &err) != MNIST_OK) {
        fail_msg("%s", err.text);
    }
}

static unsigned mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(lstat(path, &st), 0);
    return (unsigned)st.st_mode & 07777u;
}

static void new_file_has_umask_mode(void **state)
{
    scratch_file file = scratch_name(state, "new");
    mode_t old = umask(027);
    assert_replaces(file.path, "first");
    umask(old);
    assert_content(file.path, "first");
    assert_int_equal(mode_of(file.path), 0640);
    assert_int_equal(scratch_count(state), 1);
}

static void old_file_keeps_mode(void **state)
{
    static const unsigned modes[] = {0600, 0644, 0666, 0751};
    scratch_file file = scratch_name(state, "old");
    mode_t old = umask(077);
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        assert_int_equal(scratch_write(file.path, "before", 6), 0);
        assert_int_equal(chmod(file.path, modes[i]), 0);
        assert_replaces(file.path, "after");
        assert_content(file.path, "after");
        assert_int_equal(mode_of(file.path), modes[i]);
    }
    umask(old);
    assert_int_equal(scratch_count(state), 1);
}

/* A reader that has the old file open goes on reading the old file. */
static void old_file_is_not_written_into(void **state)
{
    scratch_file file = scratch_name(state, "old");
    char text[16] = {0};
    assert_int_equal(scratch_write(file.path, "before", 6), 0);
    int fd = open(file.path, O_RDONLY);
    assert_replaces(file.path, "");
    assert_int_equal(read(fd, text, sizeof text), 6);
    close(fd);
    assert_string_equal(text, "before");
    assert_content(file.path, "");
}

static void relative_path(void **state)
{
    char here[4096];
    scratch *dir = *state;
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(dir->path), 0);
    mnist_error err;
    mnist_status checked = mnist_output_check("plain", &err);
    mnist_status replaced = mnist_file_replace("plain", "x", 1, &err);
    assert_int_equal(chdir(here), 0);
    assert_int_equal(checked, MNIST_OK);
    assert_int_equal(replaced, MNIST_OK);
    assert_content(scratch_name(state, "plain").path, "x");
    assert_int_equal(scratch_count(state), 1);
}

/* The file behind a link is replaced, also one that is not there yet; the links stay. */
static void links_are_followed(void **state)
{
    scratch_file first = scratch_name(state, "first"), second = scratch_name(state, "second");
    scratch_file dir = scratch_name(state, "dir"), target = scratch_name(state, "dir/target");
    assert_int_equal(mkdir(dir.path, 0777), 0);
    assert_int_equal(symlink(second.path, first.path), 0);
    assert_int_equal(symlink("dir/target", second.path), 0);
    for (int round = 0; round < 2; round++) {
        const char *text = round == 0 ? "created" : "replaced";
        mnist_error err;
        assert_int_equal(mnist_output_check(first.path, &err), MNIST_OK);
        assert_replaces(first.path, text);
        assert_content(target.path, text);
        struct stat st;
        assert_int_equal(lstat(first.path, &st), 0);
        assert_true(S_ISLNK(st.st_mode));
        assert_int_equal(lstat(second.path, &st), 0);
        assert_true(S_ISLNK(st.st_mode));
    }
    assert_int_equal(scratch_count(state), 3);
}

static mnist_status check_two(const char *first, const char *second, mnist_error *err)
{
    const mnist_file_use files[] = {{.path = first, .name = "--first", .output = true},
                                    {.path = NULL, .name = "--none", .output = true},
                                    {.path = second, .name = "--second", .output = true}};
    return mnist_outputs_check(files, 3, err);
}

/* Whether the file is there or not, and whatever its name. */
static void outputs_that_are_one(void **state)
{
    scratch_file file = scratch_name(state, "file"), linked = scratch_name(state, "link");
    scratch_file dir = scratch_name(state, "dir"), around = scratch_name(state, "dir/../file");
    scratch_file inside = scratch_name(state, "dir/file"), hard = scratch_name(state, "hard");
    mnist_error err;
    assert_int_equal(mkdir(dir.path, 0777), 0);
    assert_int_equal(symlink("file", linked.path), 0);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(check_two(file.path, linked.path, &err), MNIST_ERR_ARGUMENT);
        assert_string_equal(err.text, "--first and --second name the same file");
        assert_int_equal(check_two(around.path, file.path, &err), MNIST_ERR_ARGUMENT);
        assert_int_equal(check_two(inside.path, file.path, &err), MNIST_OK);
        assert_int_equal(check_two("/dev/null", "/dev/null", &err), MNIST_OK);
        assert_int_equal(scratch_count(state), 2 + round);
        assert_replaces(file.path, "there");
    }
    assert_int_equal(link(file.path, hard.path), 0);
    assert_int_equal(check_two(file.path, hard.path, &err), MNIST_ERR_ARGUMENT);
    const mnist_file_use pairs[] = {
        {.path = file.path, .name = "--checkpoint", .output = true, .pair = 1},
        {.path = file.path, .name = "checkpoint", .pair = 1},
        {.path = hard.path, .name = "config file"}};
    assert_int_equal(mnist_outputs_check(pairs, 2, &err), MNIST_OK);
    assert_int_equal(mnist_outputs_check(pairs, 3, &err), MNIST_ERR_ARGUMENT);
    assert_non_null(strstr(err.text, "would overwrite the config file "));
    assert_int_equal(mnist_outputs_check(pairs + 1, 2, &err), MNIST_OK); /* inputs may be one */
}

/* NAME_MAX is 255, and the temporary file's name is longer than the file's. */
static void longest_name(void **state)
{
    char name[256] = {0};
    memset(name, 'a', 255);
    scratch_file file = scratch_name(state, name);
    mnist_error err;
    assert_int_equal(mnist_output_check(file.path, &err), MNIST_OK);
    assert_replaces(file.path, "long");
    assert_content(file.path, "long");
    assert_int_equal(scratch_count(state), 1);
}

static void pipes_are_written_to(void **state)
{
    scratch_file file = scratch_name(state, "pipe");
    char text[16] = {0};
    assert_int_equal(mkfifo(file.path, 0666), 0);
    int fd = open(file.path, O_RDONLY | O_NONBLOCK);
    assert_true(fd >= 0);
    mnist_error err;
    assert_int_equal(mnist_output_check(file.path, &err), MNIST_OK);
    assert_replaces(file.path, "through");
    assert_int_equal(read(fd, text, sizeof text), 7);
    close(fd);
    assert_string_equal(text, "through");
    struct stat st;
    assert_int_equal(lstat(file.path, &st), 0);
    assert_true(S_ISFIFO(st.st_mode));
}

/* "-o /dev/stdout >file": the open file is meant, and its directory is left alone. */
static void open_files_are_written_to(void **state)
{
    scratch_file file = scratch_name(state, "open");
    char name[64];
    int fd = open(file.path, O_RDWR | O_CREAT, 0666);
    struct stat before, after;
    assert_int_equal(fstat(fd, &before), 0);
    snprintf(name, sizeof name, "/dev/fd/%d", fd);
    if (access(name, W_OK) != 0) {
        close(fd);
        LEAVE_OUT("no /dev/fd that leads to a file without a name");
    }
    assert_replaces(name, "same file");
    assert_int_equal(stat(file.path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    close(fd);
    assert_content(file.path, "same file");
}

static void devices_are_written_to(void **state)
{
    (void)state;
    mnist_error err;
    assert_int_equal(mnist_output_check("/dev/null", &err), MNIST_OK);
    assert_replaces("/dev/null", "nothing");
    if (access("/dev/full", W_OK) == 0) {
        assert_int_equal(mnist_file_replace("/dev/full", "x", 1, &err), MNIST_ERR_IO);
        assert_string_equal(err.text, "/dev/full: cannot write it: No space left on device");
        assert_int_equal(err.status, MNIST_ERR_IO);
    }
}

/* A write that fails half way: the old file is whole, and no temporary file is left. */
static void failed_write_leaves_old_file(void **state)
{
    scratch_file file = scratch_name(state, "old");
    static char large[4096];
    mnist_error err;
    assert_int_equal(scratch_write(file.path, "before", 6), 0);
    struct rlimit limit, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    small = limit;
    small.rlim_cur = 1000;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    mnist_status status = mnist_file_replace(file.path, large, sizeof large, &err);
    setrlimit(RLIMIT_FSIZE, &limit);
    signal(SIGXFSZ, handler);
    assert_int_equal(status, MNIST_ERR_IO);
    assert_non_null(strstr(err.text, "old: cannot write the temporary file beside it: File too"));
    assert_content(file.path, "before");
    assert_int_equal(scratch_count(state), 1);
    assert_int_equal(mnist_file_replace(file.path, large, sizeof large, NULL), MNIST_OK);
}

/* Each bad path, tried and written to, fails with a message of its own. */
static void bad_paths(void **state)
{
    char long_name[300];
    memset(long_name, 'n', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    const struct {
        const char *name; /* in the scratch directory, unless absolute */
        const char *expected;
    } cases[] = {
        {"missing/model", "missing' does not exist"},
        {"missing/deeper/model", "missing' does not exist"},
        {"file/model", "file' is not a directory"},
        {"file/", "file' is not a directory"},
        {"dir", "is a directory"},
        {"dir/", "is a directory"},
        {"dir/absent/", "ends in '/'"},
        {"to-dir", "is a directory"},
        {"to-missing", "missing' does not exist"},
        {"loop", "levels of symbolic links"},
        {"loop/model", "levels of symbolic links"},
        {"socket", "is a socket"},
        {long_name, "File name too long"},
        {"/proc/model", "/proc/model: cannot create a temporary file in '/proc': "},
    };
    scratch_file socket_name = scratch_name(state, "socket");
    assert_int_equal(scratch_write(scratch_name(state, "file").path, "kept", 4), 0);
    assert_int_equal(mkdir(scratch_name(state, "dir").path, 0777), 0);
    assert_int_equal(symlink("dir", scratch_name(state, "to-dir").path), 0);
    assert_int_equal(symlink("missing/model", scratch_name(state, "to-missing").path), 0);
    assert_int_equal(symlink("loop", scratch_name(state, "loop").path), 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    assert_true(strlen(socket_name.path) < sizeof address.sun_path);
    memcpy(address.sun_path, socket_name.path, strlen(socket_name.path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    close(fd);
    size_t entries = scratch_count(state);

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        scratch_file file = scratch_name(state, cases[i].name);
        const char *path = cases[i].name[0] == '/' ? cases[i].name : file.path;
        for (int round = 0; round < 2; round++) {
            mnist_error err = {0};
            mnist_status status = round == 0 ? mnist_output_check(path, &err)
                                             : mnist_file_replace(path, "x", 1, &err);
            if (status != MNIST_ERR_IO || !strstr(err.text, cases[i].expected) ||
                strncmp(err.text, path, strnlen(path, 300)) != 0) {
                fail_msg("%s: expected '%s', got '%s'", path, cases[i].expected, err.text);
            }
        }
    }
    mnist_error err;
    assert_int_equal(mnist_output_check("", &err), MNIST_ERR_IO);
    assert_non_null(strstr(err.text, "path is empty"));
    assert_int_equal(scratch_count(state), entries);
    assert_content(scratch_name(state, "file").path, "kept");
}

/* Root may do everything, so as root this test becomes another user. */
static void missing_permission(void **state)
{
    const scratch *dir = *state;
    scratch_file file = scratch_name(state, "protected"), closed = scratch_name(state, "closed");
    scratch_file inside = scratch_name(state, "closed/model");
    scratch_file beside = scratch_name(state, "model");
    mnist_error err[4];
    mnist_status status[4];
    uid_t user = geteuid();
    assert_int_equal(scratch_write(file.path, "kept", 4), 0);
    assert_int_equal(chmod(file.path, 0444), 0);
    assert_int_equal(mkdir(closed.path, 0), 0);
    assert_int_equal(chmod(dir->path, 0555), 0);
    if (user == 0 && seteuid(65534) != 0) {
        assert_int_equal(chmod(dir->path, 0755), 0);
        LEAVE_OUT("root may not become somebody else here");
    }
    status[0] = mnist_output_check(file.path, &err[0]);
    status[1] = mnist_file_replace(file.path, "x", 1, &err[1]);
    status[2] = mnist_output_check(beside.path, &err[2]);
    status[3] = mnist_output_check(inside.path, &err[3]);
    assert_int_equal(seteuid(user), 0);
    assert_int_equal(chmod(dir->path, 0755), 0);
    static const char *const expected[] = {
        "protected: exists and may not be written (mode 0444): Permission denied",
        "protected: exists and may not be written (mode 0444): Permission denied",
        "model: cannot create a temporary file in '",
        "closed': Permission denied",
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_int_equal(status[i], MNIST_ERR_IO);
        assert_non_null(strstr(err[i].text, expected[i]));
        assert_non_null(strstr(err[i].text, "Permission denied"));
    }
    assert_content(file.path, "kept");
}

static void check_touches_nothing(void **state)
{
    scratch_file file = scratch_name(state, "old"), absent = scratch_name(state, "absent");
    mnist_error err;
    struct stat before, after;
    assert_int_equal(scratch_write(file.path, "kept", 4), 0);
    assert_int_equal(stat(file.path, &before), 0);
    assert_int_equal(mnist_output_check(file.path, &err), MNIST_OK);
    assert_int_equal(mnist_output_check(absent.path, NULL), MNIST_OK);
    assert_int_equal(stat(file.path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_int_equal(before.st_mtime, after.st_mtime);
    assert_content(file.path, "kept");
    assert_int_equal(scratch_count(state), 1);
}

#define SCRATCH_TEST(function)                                                                     \
    cmocka_unit_test_setup_teardown(function, scratch_create, scratch_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(new_file_has_umask_mode),
        SCRATCH_TEST(old_file_keeps_mode),
        SCRATCH_TEST(old_file_is_not_written_into),
        SCRATCH_TEST(relative_path),
        SCRATCH_TEST(links_are_followed),
        SCRATCH_TEST(outputs_that_are_one),
        SCRATCH_TEST(longest_name),
        SCRATCH_TEST(pipes_are_written_to),
        SCRATCH_TEST(open_files_are_written_to),
        SCRATCH_TEST(devices_are_written_to),
        SCRATCH_TEST(failed_write_leaves_old_file),
        SCRATCH_TEST(bad_paths),
        SCRATCH_TEST(missing_permission),
        SCRATCH_TEST(check_touches_nothing),
    };
    return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
