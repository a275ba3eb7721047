/* Has a run with a failing call ended as it should? */
#define _POSIX_C_SOURCE 200809L
#include "sweep.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

char *read_all(const char *path, size_t *size)
{
    FILE *file = fopen(path, "r");
    char *text = NULL;
    size_t room = 0, used = 0;
    for (bool more = file != NULL; more;) {
        if (used + 1 >= room) {
            room = room ? 2 * room : 65536;
            char *grown = realloc(text, room);
            if (!grown) {
                break;
            }
            text = grown;
        }
        const size_t got = fread(text + used, 1, room - used - 1, file);
        used += got;
        more = got > 0;
    }
    if (file) {
        fclose(file);
    }
    if (text) {
        text[used] = '\0';
    }
    *size = used;
    return text;
}

static char *read_in(const char *dir, const char *name, size_t *size)
{
    char path[600];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return read_all(path, size);
}

/* Takes out of a page what begins and ends with two texts. */
static void cut(char *page, const char *from, const char *to)
{
    char *begin = strstr(page, from), *end = begin ? strstr(begin, to) : NULL;
    if (end) {
        end += strlen(to);
        memmove(begin, end, strlen(end) + 1);
    }
}

/* 1: equal; 0: not; -1: one of them is missing. */
static int same(const char *dir, const char *name, const char *other_dir, const char *other_name)
{
    size_t sizes[2];
    char *one = read_in(dir, name, &sizes[0]), *other = read_in(other_dir, other_name, &sizes[1]);
    const int result =
        !one || !other ? -1 : sizes[0] == sizes[1] && memcmp(one, other, sizes[0]) == 0;
    free(one);
    free(other);
    return result;
}

/* The same of a page, whose last section is what the machine was measured at. Where the run has
 * failed, it may have been the model's digest or file, which the page then does not name. */
static int same_page(const char *dir, const char *other_dir, const char *name, bool failed)
{
    size_t sizes[2];
    char *pages[2] = {read_in(dir, name, &sizes[0]), read_in(other_dir, name, &sizes[1])};
    int result = -1;
    if (pages[0] && pages[1]) {
        for (int i = 0; i < 2; i++) {
            cut(pages[i], "<section id=\"measured\">", "</section>");
            if (failed) {
                cut(pages[i], "<div><dt>model file</dt>", "\n");
                cut(pages[i], "<div class=\"long\"><dt>model SHA-256</dt>", "\n");
            }
        }
        result = strcmp(pages[0], pages[1]) == 0;
    }
    free(pages[0]);
    free(pages[1]);
    return result;
}

/* Times are not compared: their digits become 0. */
static void blank_times(char *text)
{
    for (char *at = text; (at = strstr(at, "seconds")) != NULL;) {
        at += strcspn(at, "=:\n");
        while (*at && strchr("=: .0123456789e-", *at)) {
            char *next = at + 1;
            memmove(at, next, strlen(next) + 1);
        }
    }
}

static bool same_out(const char *one, const char *other)
{
    size_t sizes[2];
    char *texts[2] = {read_all(one, &sizes[0]), read_all(other, &sizes[1])};
    bool equal = texts[0] && texts[1];
    if (equal) {
        blank_times(texts[0]);
        blank_times(texts[1]);
        equal = strcmp(texts[0], texts[1]) == 0;
    }
    free(texts[0]);
    free(texts[1]);
    return equal;
}

/* Names of temporary files that were left behind. */
static bool has_temporary(const char *dir)
{
    DIR *listing = opendir(dir);
    bool found = false;
    for (struct dirent *entry; listing && (entry = readdir(listing)) != NULL;) {
        const size_t length = strlen(entry->d_name);
        found = found || (length > 4 && strcmp(entry->d_name + length - 4, ".tmp") == 0);
    }
    if (listing) {
        closedir(listing);
    }
    return found;
}

/* The base file that lies here under that name before; NULL: none does. */
static const char *before(const scenario *s, const char *name)
{
    for (size_t i = 0; i < MOST_FILES && s->given[i]; i++) {
        if (strcmp(s->given[i], name) == 0) {
            return name;
        }
    }
    for (size_t i = 0; i < MOST_FILES && s->older[i]; i++) {
        const char *here = strchr(s->older[i], '=') + 1;
        static char file[64];
        if (strcmp(here, name) == 0) {
            snprintf(file, sizeof file, "%.*s", (int)(here - 1 - s->older[i]), s->older[i]);
            return file;
        }
    }
    return NULL;
}

/* As it was, or as it should become. */
static bool is_whole(const scenario *s, const char *name, const char *dir, const char *reference,
                     bool page, bool must_be_new)
{
    const char *old = before(s, name);
    const int is_new =
        page ? same_page(dir, reference, name, !must_be_new) : same(dir, name, reference, name);
    if (is_new == 1) {
        return true;
    }
    size_t size;
    char *there = read_in(dir, name, &size);
    const bool absent = !there;
    free(there);
    return !must_be_new && (old ? same(dir, name, "base", old) == 1 : absent);
}

static bool is_beginning(const char *name, const char *dir, const char *reference)
{
    size_t sizes[2];
    char *log = read_in(dir, name, &sizes[0]), *whole = read_in(reference, name, &sizes[1]);
    const bool good = !log || sizes[0] == 0 ||
                      (whole && sizes[0] <= sizes[1] && memcmp(log, whole, sizes[0]) == 0 &&
                       log[sizes[0] - 1] == '\n');
    free(log);
    free(whole);
    return good;
}

/* Where there is a checkpoint, the training goes on from it to the same end. */
static bool goes_on(const scenario *s, const char *name, const char *dir, const char *reference,
                    char *why, size_t size)
{
    const char *const words[] = {"--resume",  name, "--epochs", "2",
                                 "--threads", "1",  "--quiet",  NULL};
    size_t length;
    char *there = read_in(dir, name, &length);
    if (!there) {
        if (before(s, name)) {
            snprintf(why, size, "the checkpoint %s is gone", name);
        }
        return !before(s, name);
    }
    free(there);
    const ending end = run_child(s, words, dir, NULL, "resumed.out", "resumed.err");
    const bool lost = end.code == 1; /* the log, which the first run has told of */
    if (end.code != 0 && !lost) {
        snprintf(why, size, "resuming from %s ends with %d", name, end.code);
        return false;
    }
    if (same(dir, s->model, reference, s->model) != 1) {
        snprintf(why, size, "%s resumed gives another model", name);
        return false;
    }
    if (lost ? !is_beginning(s->log, dir, reference) : same(dir, s->log, reference, s->log) != 1) {
        snprintf(why, size, "%s resumed gives another log", name);
        return false;
    }
    return true;
}

/* Is there a line of the program's that names the reason? */
static bool is_told(const scenario *s, const mnist_fault *fault)
{
    size_t size;
    char *text = read_all("stderr", &size), start[64];
    snprintf(start, sizeof start, "%s: ", s->program);
    bool told = text && (strncmp(text, start, strlen(start)) == 0 || strstr(text, start));
    if (s->clocked && text && strstr(text, "no run came to its end within the time")) {
        told = true; /* on a busy machine */
    } else if (fault->class == MNIST_FAULT_ALLOC) {
        /* a thread for which there is no memory is, to pthread_create, one for which there is no
         * room */
        told = told && (strstr(text, "memory") != NULL ||
                        (strstr(text, "worker thread") && strstr(text, strerror(EAGAIN))));
    } else if (fault->kind == MNIST_FAULT_ERROR) {
        told = told && (strstr(text, strerror(fault->error)) != NULL ||
                        strstr(text, "stdout could not be written: an earlier write failed"));
    }
    free(text);
    return told;
}

/* A file system that knows no fsync, so that there is nothing to be done. */
static bool is_unsupported(const mnist_fault *fault)
{
    return fault->class == MNIST_FAULT_SYNC && fault->kind == MNIST_FAULT_ERROR &&
           fault->error == EINVAL;
}

static bool is_survivable(const mnist_fault *fault)
{
    return fault->kind == MNIST_FAULT_SHORT || is_unsupported(fault) ||
           (fault->kind == MNIST_FAULT_ERROR && fault->error == EINTR);
}

/* AddressSanitizer itself ends a process where a new thread finds no memory to ask for its stack's
 * bounds. Nothing of the program is in that. */
static bool is_of_sanitizer(const mnist_fault *fault, const ending *end)
{
    if (end->code != 99 || fault->class != MNIST_FAULT_ALLOC) {
        return false;
    }
    size_t size;
    char *text = read_all("stderr", &size);
    const bool found =
        text && strstr(text, "CHECK failed: sanitizer_") && strstr(text, "ThreadStart");
    free(text);
    return found;
}

bool judge(const scenario *s, const mnist_fault *fault, const ending *end, const char *dir,
           const char *reference, char *why, size_t size)
{
    if (is_of_sanitizer(fault, end)) {
        return true;
    }
    snprintf(why, size, "exit code %d", end->code);
    if (end->code != 0 && end->code != 1 && !(s->config && end->code == 2)) {
        return false;
    }
    if (end->code != 0 && !s->clocked && (is_survivable(fault) || !end->struck)) {
        return false;
    }
    if (s->config && end->code == 2 && fault->class == MNIST_FAULT_ALLOC) {
        return false;
    }
    if (end->code != 0 && !is_told(s, fault)) {
        snprintf(why, size, "exit code %d, and no message that names the reason", end->code);
        return false;
    }
    if (end->code == 0 && !s->clocked && !same_out("stdout", "reference.out")) {
        snprintf(why, size, "exit code 0, but stdout is not what it should be");
        return false;
    }
    if (end->struck_output && !is_survivable(fault) && end->code != 1) {
        snprintf(why, size, "exit code %d, though a call by which an output comes about has failed",
                 end->code);
        return false;
    }
    /* what is to end as if nothing had been must have done all, what was interrupted too */
    if (is_survivable(fault) && !is_unsupported(fault) && end->undurable[0]) {
        snprintf(why, size, "%s", end->undurable);
        return false;
    }
    if (end->descriptors != 0) {
        snprintf(why, size, "%d descriptors are left open", end->descriptors);
        return false;
    }
    if (fault->class != MNIST_FAULT_UNLINK && has_temporary(dir)) {
        snprintf(why, size, "a temporary file is left");
        return false;
    }
    for (size_t i = 0; i < MOST_FILES && s->outputs[i].name; i++) {
        const char *name = s->outputs[i].name;
        const bool page = s->outputs[i].kind == FILE_PAGE;
        const bool whole = page || s->outputs[i].kind == FILE_WHOLE;
        if (whole && !is_whole(s, name, dir, reference, page, end->code == 0)) {
            snprintf(why, size, "%s is neither the old one nor the new one", name);
            return false;
        }
        if (s->outputs[i].kind == FILE_GROWING && !is_beginning(name, dir, reference)) {
            snprintf(why, size, "%s is not whole lines of the log", name);
            return false;
        }
    }
    for (size_t i = 0; i < MOST_FILES && s->outputs[i].name; i++) {
        if (s->outputs[i].kind == FILE_CHECKPOINT &&
            !goes_on(s, s->outputs[i].name, dir, reference, why, size)) {
            return false;
        }
    }
    return true;
}
