#define _POSIX_C_SOURCE 200809L
#include "cli/shared/source.h"

#include <mnist/import.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The synthetic sequence has no end; the test images are taken from far beyond any training
 * image. */
#define SYNTHETIC_TEST_FIRST ((uint64_t)1 << 40)

#define MOST_DIRS 4

/* Directories to search, in order. */
typedef struct search {
    const char *dirs[MOST_DIRS];
    size_t count;
    char *cache;      /* owned */
    bool environment; /* MNIST_DATA_DIR names the one place */
} search;

/* $XDG_CACHE_HOME/name or ~/.cache/name; NULL if neither is set or memory is short. An XDG
 * directory must be absolute (XDG Base Directory Specification). */
static char *cache_dir(const char *name)
{
    const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    bool use_xdg = xdg && xdg[0] == '/';
    if (!use_xdg && !(home && home[0])) {
        return NULL;
    }
    const char *base = use_xdg ? xdg : home;
    size_t size = strlen(base) + strlen(name) + sizeof "/.cache/";
    char *dir = malloc(size);
    if (dir) {
        snprintf(dir, size, "%s%s/%s", base, use_xdg ? "" : "/.cache", name);
    }
    return dir;
}

/* A place that the user names is the only one, as other data elsewhere would pass for those that were meant.
 * MNIST_DATA_DIR stands for MNIST alone: a search for another data set must not find MNIST there
 * and take it for what was asked. */
static void plan_search(search *s, const mnist_data_settings *settings)
{
    bool fashion = settings->dataset == MNIST_DATASET_FASHION;
    *s = (search){.count = 0};
    if (settings->data_dir) {
        s->dirs[s->count++] = settings->data_dir;
        return;
    }
    const char *env = getenv("MNIST_DATA_DIR");
    if (!fashion && env && env[0]) {
        s->dirs[s->count++] = env;
        s->environment = true;
        return;
    }
    s->dirs[s->count++] = fashion ? "./data/fashion" : "./data/mnist";
    s->cache = cache_dir(fashion ? "fashion-mnist" : "mnist");
    if (s->cache) {
        s->dirs[s->count++] = s->cache;
    }
    s->dirs[s->count++] = fashion ? "/usr/share/datasets/fashion-mnist" : "/usr/share/mnist";
}

static mnist_status copy_path(char **out, const char *path, mnist_error *err)
{
    *out = path ? strdup(path) : NULL;
    if (path && !*out) {
        return mnist_fail(err, MNIST_ERR_MEMORY, "out of memory");
    }
    return MNIST_OK;
}

static void add_remedy(mnist_error *err, const mnist_data_settings *settings)
{
    bool fashion = settings->dataset == MNIST_DATASET_FASHION;
    size_t used = strlen(err->text);
    snprintf(err->text + used, sizeof err->text - used,
             "\nTo fetch it: scripts/get-mnist.sh %s [DIR], then --data-dir DIR; "
             "or try --dataset synthetic, which needs no files.",
             fashion ? "fashion" : "mnist");
}

/* In one place: MNIST's own files first, then whatever else is a data set. A place that cannot be listed is passed
 * over, as one that is not there. */
static mnist_status look_into(mnist_idx_paths *paths, unsigned wanted, const char *place,
                              mnist_error *err)
{
    mnist_status status = mnist_idx_locate(paths, wanted, &place, 1, err);
    if (status != MNIST_ERR_NOT_FOUND) {
        return status;
    }
    return mnist_import_locate(paths, wanted, place, err);
}

static mnist_status find_files(mnist_idx_paths *paths, const mnist_data_settings *settings,
                               unsigned wanted, mnist_error *err)
{
    const char *given[4] = {settings->train_images, settings->train_labels, settings->test_images,
                            settings->test_labels};
    char **slots[4] = {&paths->train_images, &paths->train_labels, &paths->test_images,
                       &paths->test_labels};
    for (size_t i = 0; i < 4; i++) {
        if (!(wanted & (i < 2 ? MNIST_IDX_TRAIN : MNIST_IDX_TEST))) {
            continue;
        }
        mnist_status status = copy_path(slots[i], given[i], err);
        if (status != MNIST_OK) {
            return status;
        }
    }
    /* images that are given may hold labels */
    wanted &= ~((settings->train_images ? MNIST_IDX_TRAIN : 0u) |
                (settings->test_images ? MNIST_IDX_TEST : 0u));
    search s;
    plan_search(&s, settings);
    mnist_status status = MNIST_ERR_NOT_FOUND;
    for (size_t i = 0; i < s.count && status == MNIST_ERR_NOT_FOUND; i++) {
        status = look_into(paths, wanted, s.dirs[i], err);
    }
    if (status == MNIST_ERR_NOT_FOUND) { /* the message that names all of them */
        status = mnist_idx_locate(paths, wanted, s.dirs, s.count, err);
    }
    free(s.cache);
    if (status == MNIST_ERR_NOT_FOUND && s.environment) {
        const mnist_error why = *err;
        mnist_fail(err, status, "MNIST_DATA_DIR: %s", why.text);
    }
    if (status == MNIST_ERR_NOT_FOUND) {
        add_remedy(err, settings);
    }
    return status;
}

/* One part: its files, or the one that holds both parts, or images and labels of this one. */
static mnist_status load_part(mnist_dataset **out, const mnist_source *source,
                              const mnist_data_settings *settings, unsigned part, mnist_error *err)
{
    const mnist_idx_paths *paths = &source->paths;
    const bool train = part == MNIST_IDX_TRAIN;
    const mnist_import what = {
        .images = train ? paths->train_images : paths->test_images,
        .labels = train ? paths->train_labels : paths->test_labels,
        .part = part,
        /* one place was found for both parts; who names it for both means what it holds */
        .apart = !settings->train_images && !settings->test_images && paths->train_images &&
                 paths->test_images && !paths->train_labels && !paths->test_labels &&
                 strcmp(paths->train_images, paths->test_images) == 0,
        .as_is = settings->as_is,
    };
    return mnist_dataset_load(out, &what, NULL, err);
}

static mnist_status load_files(mnist_source *source, const mnist_data_settings *settings,
                               unsigned wanted, mnist_error *err)
{
    mnist_status status = MNIST_OK;
    if (wanted & MNIST_IDX_TRAIN) {
        status = load_part(&source->train, source, settings, MNIST_IDX_TRAIN, err);
    }
    if (status == MNIST_OK && (wanted & MNIST_IDX_TEST)) {
        status = load_part(&source->test, source, settings, MNIST_IDX_TEST, err);
    }
    return status;
}

static mnist_status make_synthetic(mnist_source *source, const mnist_data_settings *settings,
                                   unsigned wanted, mnist_error *err)
{
    mnist_status status = MNIST_OK;
    if (wanted & MNIST_IDX_TRAIN) {
        status = mnist_dataset_create_synthetic(&source->train, 0, settings->synthetic_train,
                                                settings->seed, err);
    }
    if (status == MNIST_OK && (wanted & MNIST_IDX_TEST)) {
        status = mnist_dataset_create_synthetic(&source->test, SYNTHETIC_TEST_FIRST,
                                                settings->synthetic_test, settings->seed, err);
    }
    return status;
}

/* Whether the labels begin at 1; true if there are none. */
static bool begins_at_one(const mnist_dataset *dataset)
{
    size_t counts[MNIST_MAX_CLASSES];
    if (!dataset) {
        return true;
    }
    mnist_view_count_each(mnist_dataset_view(dataset), counts);
    return counts[0] == 0 && counts[1] > 0;
}

/* Of more than ten classes, each must have a training image: else a damaged label would make a hundred
 * classes of ten. */
static mnist_status check_gaps(const mnist_dataset *train, const char *name, mnist_error *err)
{
    const mnist_view view = mnist_dataset_view(train);
    const unsigned classes = mnist_view_classes(view), base = view.label_base;
    size_t counts[MNIST_MAX_CLASSES], index = 0;
    mnist_view_count_each(view, counts);
    unsigned first = counts[0] == 0, last; /* labels that begin at 1 are no gap */
    while (first < classes && counts[first] > 0) {
        first++;
    }
    if (classes <= MNIST_CLASSES || first == classes) {
        return MNIST_OK;
    }
    for (last = first; counts[last + 1] == 0; last++) { /* the largest label has an image */
    }
    while (view.labels[index] != classes - 1) {
        index++;
    }
    char missing[40];
    snprintf(missing, sizeof missing, last > first ? "%u to %u" : "%u", base + first, base + last);
    return mnist_fail(
        err, MNIST_ERR_FORMAT,
        "%s: label %u (index %zu), but no image has label %s: a damaged file? If there "
        "are %u classes, say --classes %u",
        name, base + classes - 1, index, missing, classes, classes);
}

/* From labels to classes. The training images say how many there are. */
static mnist_status set_classes(mnist_source *source, const mnist_data_settings *settings,
                                mnist_error *err)
{
    const mnist_idx_paths *paths = &source->paths;
    const char *train = paths->train_labels ? paths->train_labels : paths->train_images;
    const char *test = paths->test_labels ? paths->test_labels : paths->test_images;
    mnist_label_rule rule = {.base = settings->label_base, .classes = settings->classes};
    mnist_status status = MNIST_OK;
    if (settings->finds_label_base && settings->dataset != MNIST_DATASET_SYNTHETIC &&
        begins_at_one(source->train) && begins_at_one(source->test)) {
        rule.base = 1;
        source->found_label_base = true;
    }
    if (settings->dataset == MNIST_DATASET_SYNTHETIC && rule.base == 0 && rule.classes == 0) {
        return MNIST_OK; /* ten */
    }
    if (source->train) {
        train = train ? train : "the synthetic digits";
        status = mnist_dataset_set_classes(source->train, rule, train, err);
    }
    if (status == MNIST_OK && source->train && rule.classes == 0) {
        status = check_gaps(source->train, train, err);
    }
    if (status != MNIST_OK || !source->test) {
        return status;
    }
    test = test ? test : "the synthetic digits";
    const bool told = rule.classes > 0 || !source->train;
    rule.classes = told ? rule.classes : mnist_view_classes(mnist_dataset_view(source->train));
    status = mnist_dataset_set_classes(source->test, rule, test, err);
    if (status != MNIST_OK && !told) {
        status = mnist_fail(err, status,
                            "%s; the training images have labels of %u classes (--classes N says "
                            "how many there are)",
                            err->text, rule.classes);
    }
    return status;
}

mnist_status mnist_source_locate(mnist_source *out, const mnist_data_settings *settings,
                                 unsigned wanted, mnist_error *err)
{
    *out = (mnist_source){.train = NULL};
    mnist_status status = settings->dataset == MNIST_DATASET_SYNTHETIC
                              ? MNIST_OK
                              : find_files(&out->paths, settings, wanted, err);
    if (status != MNIST_OK) {
        mnist_source_close(out);
    }
    return status;
}

mnist_status mnist_source_load(mnist_source *source, const mnist_data_settings *settings,
                               unsigned wanted, mnist_error *err)
{
    mnist_status status = settings->dataset == MNIST_DATASET_SYNTHETIC
                              ? make_synthetic(source, settings, wanted, err)
                              : load_files(source, settings, wanted, err);
    if (status == MNIST_OK) {
        status = set_classes(source, settings, err);
    }
    if (status != MNIST_OK) {
        mnist_source_close(source);
    }
    return status;
}

mnist_status mnist_source_open(mnist_source *out, const mnist_data_settings *settings,
                               unsigned wanted, mnist_error *err)
{
    mnist_status status = mnist_source_locate(out, settings, wanted, err);
    return status == MNIST_OK ? mnist_source_load(out, settings, wanted, err) : status;
}

void mnist_source_files(const mnist_source *source, mnist_file_use files[MNIST_SOURCE_FILES])
{
    const mnist_idx_paths *paths = &source->paths;
    files[0] = (mnist_file_use){.path = paths->train_images, .name = "training images"};
    files[1] = (mnist_file_use){.path = paths->train_labels, .name = "training labels"};
    files[2] = (mnist_file_use){.path = paths->test_images, .name = "test images"};
    files[3] = (mnist_file_use){.path = paths->test_labels, .name = "test labels"};
}

void mnist_source_close(mnist_source *source)
{
    mnist_dataset_free(source->train);
    mnist_dataset_free(source->test);
    mnist_idx_paths_free(&source->paths);
    *source = (mnist_source){.train = NULL};
}
