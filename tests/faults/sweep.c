/* fault-sweep: runs the programs again and again, each time with another call of the C library
 * failing, and judges how they end. Usage below.
 */
#define _GNU_SOURCE /* fopencookie */
#include "sweep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char usage[] =
    "usage: fault-sweep [--places] [--stride N] [--part I/N] [--only SCENARIO] [--class CLASS] "
    "[--at N] [--keep]\n"
    "\n"
    "Runs each program in small ways, as often as it calls the C library, and has another call "
    "fail\n"
    "each time: allocations, reading, writing, syncing, renaming, threads. Each run must end well, "
    "or with\n"
    "exit code 1 and a message that names the reason, which it must where an output's own call "
    "has failed;\n"
    "with the last checkpoint and the log intact, with outputs old or new and whole, no temporary "
    "file, and\n"
    "no descriptor left open. Without a failing call, each output must be synced, and its "
    "directory, and the\n"
    "log before a checkpoint. Under AddressSanitizer nothing may leak.\n"
    "\n"
    "  --places     of the calls that are reached by the same functions, the first alone; and "
    "no scenario\n"
    "               that goes by the clock, which take long\n"
    "  --stride N   every N-th call of a kind (1: each)\n"
    "  --part I/N   of the cases that there are, every N-th, from the I-th on\n"
    "  --only, --class, --at   that scenario, those calls, that call alone\n"
    "  --keep       the directory that it works in stays, and is named\n"
    "\n"
    "Exit codes: 0 all is well; 1 not; 2 usage.\n";

/* What is tried with each class of calls. */
typedef struct variant {
    const char *name;
    mnist_fault fault;
    bool sparse; /* long: a tenth as often */
} variant;

#define ERROR(name, class, error, lasting)                                                         \
    {                                                                                              \
        name, {MNIST_FAULT_##class, MNIST_FAULT_ERROR, error, 0, lasting}, false                   \
    }

static const variant variants[] = {
    ERROR("ENOMEM", ALLOC, ENOMEM, false),
    ERROR("ENOMEM from there on", ALLOC, ENOMEM, true),
    ERROR("EMFILE", OPEN, EMFILE, false),
    ERROR("EACCES", OPEN, EACCES, false),
    ERROR("EINTR", OPEN, EINTR, false),
    ERROR("EIO", READ, EIO, false),
    ERROR("EINTR", READ, EINTR, false),
    {"end of file", {MNIST_FAULT_READ, MNIST_FAULT_END, 0, 0, false}, false},
    {"short", {MNIST_FAULT_READ, MNIST_FAULT_SHORT, 0, 0, false}, false},
    {"short from there on", {MNIST_FAULT_READ, MNIST_FAULT_SHORT, 0, 0, true}, true},
    ERROR("ENOSPC", WRITE, ENOSPC, false),
    ERROR("ENOSPC from there on", WRITE, ENOSPC, true),
    ERROR("EIO", WRITE, EIO, false),
    ERROR("EINTR", WRITE, EINTR, false),
    {"short", {MNIST_FAULT_WRITE, MNIST_FAULT_SHORT, 0, 0, false}, false},
    {"short from there on", {MNIST_FAULT_WRITE, MNIST_FAULT_SHORT, 0, 0, true}, true},
    ERROR("EIO", SYNC, EIO, false),
    ERROR("ENOSPC from there on", SYNC, ENOSPC, true),
    ERROR("EINTR", SYNC, EINTR, false),
    ERROR("EINVAL from there on", SYNC, EINVAL, true),
    ERROR("EIO", CLOSE, EIO, false),
    ERROR("EINTR", CLOSE, EINTR, false),
    ERROR("EIO", RENAME, EIO, false),
    ERROR("EACCES from there on", RENAME, EACCES, true),
    ERROR("EIO", UNLINK, EIO, false),
    ERROR("EIO", STAT, EIO, false),
    ERROR("EIO", SEEK, EIO, false),
    ERROR("ENOMEM", MAP, ENOMEM, false),
    ERROR("EAGAIN", THREAD, EAGAIN, false),
};

/* Children. */

static ending *shared; /* with them */

/* Also shared: which calls of a run come by a way of their own; NULL: nobody asks. */
enum { MOST_MARKED = 1 << 16 };
#define MARKS_SIZE ((size_t)MNIST_FAULT_CLASSES * MOST_MARKED * sizeof(bool))
static bool *marks;
static bool is_marking;

/* stdout as the programs use it, but by way of the write that can fail. Goes on after a part, as
 * the C library does; and after a signal, which all handlers here leave to SA_RESTART. */
static ssize_t write_out(void *cookie, const char *data, size_t size)
{
    size_t done = 0;
    (void)cookie;
    while (done < size) {
        const ssize_t now = write(STDOUT_FILENO, data + done, size - done);
        if (now < 0 && errno != EINTR) {
            break;
        }
        done += now > 0 ? (size_t)now : 0;
    }
    return (ssize_t)done;
}

static int open_descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < 64; fd++) {
        count += fcntl(fd, F_GETFD) != -1;
    }
    return count;
}

static void redirect(const char *path, int to)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (fd < 0 || dup2(fd, to) < 0) {
        _exit(90);
    }
    close(fd);
}

static void run_here(const scenario *s, const char *const *words, const char *dir,
                     const mnist_fault *fault, const char *out, const char *err)
{
    char *argv[MOST_WORDS + 2] = {(char *)s->program};
    int argc = 1;
    for (; words[argc - 1]; argc++) {
        argv[argc] = (char *)words[argc - 1];
    }
    alarm(60);
    redirect(out, STDOUT_FILENO);
    redirect(err, STDERR_FILENO);
    stdout = fopencookie(NULL, "w", (cookie_io_functions_t){.write = write_out});
    if (!stdout || chdir(dir) != 0 || (s->in && !freopen(s->in, "r", stdin))) {
        _exit(91);
    }
    const char *checkpoints[MOST_FILES + 1] = {NULL};
    for (size_t i = 0, count = 0; i < MOST_FILES && s->outputs[i].name; i++) {
        if (s->outputs[i].kind == FILE_CHECKPOINT) {
            checkpoints[count++] = s->outputs[i].name;
        }
    }
    mnist_faults_checkpoints(checkpoints);
    mnist_faults_mark(is_marking ? marks : NULL, MOST_MARKED);
    const int before = open_descriptors();
    mnist_faults_arm(fault);
    const int code = s->main(argc, argv);
    mnist_faults_disarm();
    for (int class = 0; class < MNIST_FAULT_CLASSES; class ++) {
        shared->counts[class] = mnist_faults_count((mnist_fault_class) class);
    }
    shared->struck = mnist_faults_struck();
    shared->struck_output = mnist_faults_struck_output();
    const char *undurable = mnist_faults_undurable();
    snprintf(shared->undurable, sizeof shared->undurable, "%s", undurable ? undurable : "");
    shared->descriptors = open_descriptors() - before;
    exit(code); /* a sanitizer looks for leaks now */
}

ending run_child(const scenario *s, const char *const *words, const char *dir,
                 const mnist_fault *fault, const char *out, const char *err)
{
    *shared = (ending){.code = 0};
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        run_here(s, words, dir, fault, out, err);
    }
    int status = 0;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    ending end = *shared;
    end.code = child < 0 ? 92 : WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return end;
}

/* Directories of cases. */

static bool copy(const char *from, const char *to)
{
    size_t size;
    char *data = read_all(from, &size);
    FILE *file = data ? fopen(to, "w") : NULL;
    bool good = file && fwrite(data, 1, size, file) == size;
    good = file && fclose(file) == 0 && good;
    free(data);
    return good;
}

/* Empty, then with what the scenario is given. */
static bool prepare(const scenario *s, const char *dir)
{
    char from[300], to[300];
    DIR *listing = opendir(dir);
    for (struct dirent *entry; listing && (entry = readdir(listing)) != NULL;) {
        snprintf(to, sizeof to, "%s/%s", dir, entry->d_name);
        unlink(to);
    }
    if (listing) {
        closedir(listing);
    } else {
        mkdir(dir, 0777);
    }
    bool good = true;
    for (size_t i = 0; i < MOST_FILES && s->given[i]; i++) {
        snprintf(from, sizeof from, "base/%s", s->given[i]);
        snprintf(to, sizeof to, "%s/%s", dir, s->given[i]);
        good = good && copy(from, to);
    }
    for (size_t i = 0; i < MOST_FILES && s->older[i]; i++) {
        const char *name = strchr(s->older[i], '=') + 1;
        snprintf(from, sizeof from, "base/%.*s", (int)(name - 1 - s->older[i]), s->older[i]);
        snprintf(to, sizeof to, "%s/%s", dir, name);
        good = good && copy(from, to);
    }
    return good;
}

/* The sweep. */

typedef struct tally {
    unsigned long cases, survived, failed, wrong;
} tally;

typedef struct request {
    unsigned long stride, at, part, parts;
    const char *only, *class;
    bool keep;
} request;

static void complain(const scenario *s, const variant *v, unsigned long at, const char *why)
{
    size_t size;
    char *text = read_all("stderr", &size);
    printf("  WRONG: --only %s --class %s --at %lu (%s): %s\n", s->name,
           mnist_fault_class_name(v->fault.class), at, v->name, why);
    for (char *line = strtok(text, "\n"), count = 0; line && count < 24;
         line = strtok(NULL, "\n")) {
        printf("    | %.300s\n", line);
        count++;
    }
    free(text);
}

static void try_one(const scenario *s, const request *r, const variant *v, unsigned long at,
                    tally *sum)
{
    static unsigned long number; /* of the cases, whoever has them */
    if (number++ % r->parts != r->part - 1) {
        return;
    }
    mnist_fault fault = v->fault;
    char why[200] = "its directory cannot be prepared";
    fault.first = at;
    bool good = prepare(s, "case");
    ending end = {.code = 0};
    if (good) {
        end = run_child(s, s->words, "case", &fault, "stdout", "stderr");
        good = judge(s, &fault, &end, "case", "reference", why, sizeof why);
    }
    sum->cases++;
    if (!good) {
        sum->wrong++;
        if (sum->wrong <= 20) {
            complain(s, v, at, why);
        }
    } else if (end.code == 0) {
        sum->survived++;
    } else {
        sum->failed++;
    }
}

static bool is_tried(int class, unsigned long at)
{
    return !marks || (at <= MOST_MARKED && marks[(size_t) class * MOST_MARKED + at - 1]);
}

/* All calls of a class, in each way. */
static void try_class(const scenario *s, const request *r, int class, unsigned long calls,
                      tally *sum)
{
    for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++) {
        const variant *v = &variants[i];
        const unsigned long stride = v->sparse ? 10 * r->stride : r->stride;
        if ((int)v->fault.class != class) {
            continue;
        }
        if (r->at > 0) {
            try_one(s, r, v, r->at, sum);
            continue;
        }
        /* each variant begins elsewhere, so that with a stride they do not all try the same */
        unsigned long left = i % (stride < calls ? stride : calls);
        for (unsigned long at = 1; at <= calls; at++) {
            if (is_tried(class, at) && left-- == 0) {
                try_one(s, r, v, at, sum);
                left = stride - 1;
            }
        }
    }
}

static tally try_scenario(const scenario *s, const request *r)
{
    tally sum = {0};
    if (!prepare(s, "reference")) {
        fprintf(stderr, "fault-sweep: %s: no directory\n", s->name);
        sum.wrong = 1;
        return sum;
    }
    is_marking = marks != NULL;
    if (is_marking) {
        memset(marks, 0, MARKS_SIZE);
    }
    const ending end = run_child(s, s->words, "reference", NULL, "reference.out", "stderr");
    is_marking = false;
    if (end.code != 0 && !(s->clocked && end.code == 1)) {
        printf("%s: without a fault, exit code %d\n", s->name, end.code);
        sum.wrong = 1;
        return sum;
    }
    if (end.undurable[0]) { /* the count goes on: that is wrong, but hides nothing else */
        printf("  WRONG: --only %s, without a fault: %s\n", s->name, end.undurable);
        sum.wrong = 1;
    }
    for (int class = 0; class < MNIST_FAULT_CLASSES; class ++) {
        const char *name = mnist_fault_class_name((mnist_fault_class) class);
        if (end.counts[class] > 0 && (!r->class || strcmp(r->class, name) == 0)) {
            tally own = {0};
            try_class(s, r, class, end.counts[class], &own);
            printf("%-13s %-7s %6lu calls, %6lu cases: %6lu survived, %6lu ended with a message, "
                   "%lu wrong\n",
                   s->name, name, end.counts[class], own.cases, own.survived, own.failed,
                   own.wrong);
            fflush(stdout);
            sum.cases += own.cases;
            sum.survived += own.survived;
            sum.failed += own.failed;
            sum.wrong += own.wrong;
        }
    }
    return sum;
}

static int sweep(const request *r)
{
    char dir[300];
    const char *base = getenv("TMPDIR");
    if (!base && access("/dev/shm", W_OK) == 0) {
        base = "/dev/shm"; /* in memory where possible, as every case writes and syncs */
    }
    snprintf(dir, sizeof dir, "%s/mnist-faults-XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(dir) || chdir(dir) != 0 || mkdir("base", 0777) != 0) {
        perror("fault-sweep: a directory to work in");
        return 1;
    }
    tally all = {0};
    bool known = false;
    all.wrong = !test_account() || !make_base();
    for (const scenario *s = scenarios; s->name && all.wrong < 100; s++) {
        if (r->only ? strcmp(r->only, s->name) == 0 : !marks || !s->clocked) {
            const tally own = try_scenario(s, r);
            known = true;
            all.cases += own.cases;
            all.survived += own.survived;
            all.failed += own.failed;
            all.wrong += own.wrong;
        }
    }
    printf("%lu cases: %lu survived, %lu ended with a message, %lu wrong\n", all.cases,
           all.survived, all.failed, all.wrong);
    if (r->keep) {
        printf("%s\n", dir);
    } else {
        char command[400];
        snprintf(command, sizeof command, "rm -rf '%s'", dir);
        if (system(command) != 0) {
            fprintf(stderr, "fault-sweep: %s is left\n", dir);
        }
    }
    return known && all.wrong == 0 ? 0 : 1;
}

/* Memory that children share. */
static void *share(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

int main(int argc, char **argv)
{
    request r = {.stride = 1, .part = 1, .parts = 1};
    bool places = false;
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--help") == 0) {
            fputs(usage, stdout);
            return 0;
        } else if (strcmp(argv[i], "--keep") == 0) {
            r.keep = true;
            continue;
        } else if (strcmp(argv[i], "--places") == 0) {
            places = true;
            continue;
        } else if (strcmp(argv[i], "--stride") == 0) {
            r.stride = strtoul(value, NULL, 10);
        } else if (strcmp(argv[i], "--part") == 0) {
            if (sscanf(value, "%lu/%lu", &r.part, &r.parts) != 2 || r.part < 1 ||
                r.part > r.parts) {
                r.stride = 0;
            }
        } else if (strcmp(argv[i], "--at") == 0) {
            r.at = strtoul(value, NULL, 10);
        } else if (strcmp(argv[i], "--only") == 0) {
            r.only = value;
        } else if (strcmp(argv[i], "--class") == 0) {
            r.class = value;
        } else {
            r.stride = 0;
        }
        i++;
    }
    shared = share(sizeof *shared);
    marks = places ? share(MARKS_SIZE) : NULL;
    if (r.stride == 0 || !shared || (places && !marks)) {
        fputs(usage, stderr);
        return 2;
    }
    /* the user's own files must not be found, and a sanitizer's exit code must differ from ours */
    setenv("HOME", "/nonexistent", 1);
    setenv("LC_ALL", "C", 1);
    unsetenv("XDG_CACHE_HOME");
    unsetenv("MNIST_DATA_DIR");
    return sweep(&r);
}

/* A sanitizer's finding exits with 99; allocations that fail return NULL. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "exitcode=99:allocator_may_return_null=1";
}

/* libzip 1.7 leaves some bytes behind where memory runs out while it opens an entry. The ordinary tests under
 * AddressSanitizer show whether it is given all back that it hands out. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libzip.so\n";
}

const char *__ubsan_default_options(void);
const char *__ubsan_default_options(void)
{
    return "exitcode=99:print_stacktrace=1";
}
