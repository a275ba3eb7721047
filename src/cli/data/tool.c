#define _POSIX_C_SOURCE 200809L
#include "cli/data/tool.h"

#include "cli/shared/figures.h"
#include "cli/shared/program.h"
#include "cli/shared/source.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* --- Reading ------------------------------------------------------------------------------------------ */

static void add_set(mnist_data_sets *out, const char *name, mnist_dataset *dataset, bool labelled,
                    const mnist_import_facts *facts)
{
    out->sets[out->count++] = (mnist_data_set){.name = name,
                                               .dataset = dataset,
                                               .view = mnist_dataset_view(dataset),
                                               .facts = *facts,
                                               .labelled = labelled};
}

static mnist_status load(mnist_data_sets *out, const char *name, const mnist_import *what,
                         mnist_error *err)
{
    mnist_dataset *dataset;
    mnist_import_facts facts;
    const mnist_status status = mnist_dataset_load(&dataset, what, &facts, err);
    if (status == MNIST_OK) {
        add_set(out, name, dataset, facts.labelled || what->labels, &facts);
    }
    return status;
}

/* Training or test images that were located. */
static mnist_status load_part(mnist_data_sets *out, const mnist_idx_paths *paths, unsigned part,
                              const mnist_tool_settings *settings, mnist_error *err)
{
    const bool train = part == MNIST_IDX_TRAIN;
    const mnist_import what = {
        .images = train ? paths->train_images : paths->test_images,
        .labels = train ? paths->train_labels : paths->test_labels,
        .part = part,
        .apart = paths->train_images && paths->test_images && !paths->train_labels &&
                 !paths->test_labels && strcmp(paths->train_images, paths->test_images) == 0,
        .as_is = settings->data.as_is,
    };
    return load(out, train ? "train" : "test", &what, err);
}

static mnist_status load_located(mnist_data_sets *out, unsigned wanted,
                                 const mnist_tool_settings *settings, mnist_error *err)
{
    mnist_source source;
    mnist_status status = mnist_source_locate(&source, &settings->data, wanted, err);
    if (status != MNIST_OK) {
        return status;
    }
    if (wanted & MNIST_IDX_TRAIN) {
        status = load_part(out, &source.paths, MNIST_IDX_TRAIN, settings, err);
    }
    if (status == MNIST_OK && (wanted & MNIST_IDX_TEST)) {
        status = load_part(out, &source.paths, MNIST_IDX_TEST, settings, err);
    }
    mnist_source_close(&source);
    return status;
}

static mnist_status make_synthetic(mnist_data_sets *out, unsigned wanted,
                                   const mnist_tool_settings *settings, mnist_error *err)
{
    static const mnist_import_facts facts = {.format = "synthetic", .labelled = true};
    mnist_source source;
    const mnist_status status = mnist_source_open(&source, &settings->data, wanted, err);
    if (status != MNIST_OK) {
        return status;
    }
    if (source.train) {
        add_set(out, "train", source.train, true, &facts);
        source.train = NULL; /* it is the set's now */
    }
    if (source.test) {
        add_set(out, "test", source.test, true, &facts);
        source.test = NULL;
    }
    mnist_source_close(&source);
    return MNIST_OK;
}

/* A place of which it is not known whether it has two parts: both, one, or images that are of none. */
static mnist_status load_alone(mnist_data_sets *out, const mnist_tool_settings *settings,
                               mnist_error *err)
{
    const char *place = settings->data.data_dir;
    mnist_import what = {.images = place, .as_is = settings->data.as_is, .unlabelled = true};
    mnist_error other;
    struct stat found;
    mnist_status status = MNIST_ERR_NOT_FOUND;
    if (stat(place, &found) == 0 && S_ISDIR(found.st_mode)) {
        static const unsigned wanted[] = {MNIST_IDX_TRAIN | MNIST_IDX_TEST, MNIST_IDX_TRAIN,
                                          MNIST_IDX_TEST};
        for (size_t i = 0; i < 3 && status == MNIST_ERR_NOT_FOUND; i++) {
            status = load_located(out, wanted[i], settings, err);
        }
        return status == MNIST_ERR_NOT_FOUND ? load(out, "all", &what, err) : status;
    }
    status = load(out, "all", &what, err);
    if (status != MNIST_ERR_FORMAT) {
        return status;
    }
    /* maybe since it has two parts */
    what = (mnist_import){.images = place, .part = MNIST_IDX_TRAIN, .apart = true};
    if (load(out, "train", &what, &other) == MNIST_OK) {
        what.part = MNIST_IDX_TEST;
        status = load(out, "test", &what, err);
    }
    return status;
}

mnist_status mnist_data_sets_load(mnist_data_sets *out, const mnist_tool_settings *settings,
                                  mnist_data_part part, bool alone, mnist_error *err)
{
    const unsigned wanted = part == MNIST_DATA_TRAIN  ? MNIST_IDX_TRAIN
                            : part == MNIST_DATA_TEST ? MNIST_IDX_TEST
                                                      : MNIST_IDX_TRAIN | MNIST_IDX_TEST;
    *out = (mnist_data_sets){.count = 0};
    const mnist_status status = settings->data.dataset == MNIST_DATASET_SYNTHETIC
                                    ? make_synthetic(out, wanted, settings, err)
                                : alone && settings->data.data_dir && part == MNIST_DATA_BOTH
                                    ? load_alone(out, settings, err)
                                    : load_located(out, wanted, settings, err);
    if (status != MNIST_OK) {
        mnist_data_sets_free(out);
    }
    return status;
}

void mnist_data_sets_free(mnist_data_sets *sets)
{
    for (size_t i = 0; i < sets->count; i++) {
        mnist_dataset_free(sets->sets[i].dataset);
    }
    *sets = (mnist_data_sets){.count = 0};
}

/* --- Writing ------------------------------------------------------------------------------------------ */

static mnist_status check_empty(const char *path, mnist_error *err)
{
    DIR *folder = opendir(path);
    if (!folder) {
        return mnist_fail(err, MNIST_ERR_IO, "%s: cannot be listed: %s", path, strerror(errno));
    }
    mnist_status status = MNIST_OK;
    const struct dirent *entry;
    while (status == MNIST_OK && (entry = readdir(folder)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            status = mnist_fail(err, MNIST_ERR_IO,
                                "%s: holds %.200s: expected a folder that is empty, or not there",
                                path, entry->d_name);
        }
    }
    closedir(folder);
    return status;
}

mnist_status mnist_data_folder(const char *path, mnist_error *err)
{
    if (mkdir(path, 0777) == 0) {
        return MNIST_OK;
    }
    if (errno != EEXIST) {
        return mnist_fail(err, MNIST_ERR_IO, "%s: the folder cannot be made: %s", path,
                          strerror(errno));
    }
    return check_empty(path, err);
}

mnist_status mnist_data_path(char out[MNIST_DATA_PATH], const char *folder, const char *name,
                             mnist_error *err)
{
    const int length = snprintf(out, MNIST_DATA_PATH, "%s/%s", folder, name);
    return length > 0 && length < MNIST_DATA_PATH
               ? MNIST_OK
               : mnist_fail(err, MNIST_ERR_IO, "%.200s…: the name is too long", folder);
}

/* --- What is said ------------------------------------------------------------------------------------- */

static void print_value(const json_t *value)
{
    size_t index;
    const json_t *item;
    if (json_is_array(value)) {
        json_array_foreach (value, index, item) {
            fputs(index > 0 ? "," : "", stdout);
            print_value(item);
        }
    } else if (json_is_string(value)) {
        mnist_print_plain(json_string_value(value), stdout);
    } else if (json_is_real(value)) {
        printf("%.6f", json_real_value(value));
    } else {
        printf("%lld", (long long)json_integer_value(value));
    }
}

static void print_rows(json_t *rows)
{
    size_t index;
    json_t *row, *value;
    const char *key;
    json_array_foreach (rows, index, row) {
        bool first = true;
        json_object_foreach (row, key, value) {
            printf("%s%s=", first ? "" : "\t", key);
            print_value(value);
            first = false;
        }
        putchar('\n');
    }
}

mnist_status mnist_data_print(const mnist_tool_settings *settings, json_t *rows, mnist_error *err)
{
    if (!rows) {
        return mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for what there is to say");
    }
    if (!settings->out.json) {
        print_rows(rows);
        json_decref(rows);
        return MNIST_OK;
    }
    json_t *document = json_object();
    mnist_json_put(&document, "schema", json_string("mnist-data/1"));
    mnist_json_put(&document, "step", json_string(mnist_data_step_name(settings->step)));
    mnist_json_put(&document, "rows", rows);
    return mnist_program_print_json(MNIST_DATA_PROGRAM, document) == MNIST_EXIT_OK
               ? MNIST_OK
               : mnist_fail(err, MNIST_ERR_MEMORY, "nothing was printed");
}
