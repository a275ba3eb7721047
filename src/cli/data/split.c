/* split: training, validation and test images, and clients with some of the training images each. */
#include "cli/data/deal.h"
#include "cli/data/tool.h"

#include <mnist/export.h>
#include <stdlib.h>
#include <string.h>

enum { TRAIN, VALIDATION, TEST, PARTS };

typedef struct splitting {
    const mnist_tool_settings *settings;
    const mnist_data_set *set;
    json_t *rows;
} splitting;

static json_t *counts_of(const splitting *s, const uint32_t *chosen, size_t count)
{
    size_t counts[MNIST_DEAL_LABELS] = {0};
    unsigned last = 0;
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        const uint8_t label = s->set->view.labels[chosen[i]];
        counts[label]++;
        last = label > last ? label : last;
    }
    for (unsigned c = 0; c <= last; c++) {
        mnist_json_append(&list, mnist_json_whole(counts[c]));
    }
    return list;
}

/* "FOLDER/PREFIX-images-idx3-ubyte" and labels, and a row that says so. */
static mnist_status write_part(splitting *s, const char *folder, const char *prefix,
                               const char *part, const mnist_export *what, mnist_error *err)
{
    char name[64], images[MNIST_DATA_PATH], labels[MNIST_DATA_PATH];
    snprintf(name, sizeof name, "%s-images-idx3-ubyte", prefix);
    mnist_status status = mnist_data_path(images, folder, name, err);
    snprintf(name, sizeof name, "%s-labels-idx1-ubyte", prefix);
    if (status == MNIST_OK) {
        status = mnist_data_path(labels, folder, name, err);
    }
    if (status == MNIST_OK) {
        status = mnist_export_idx(what, images, labels, err);
    }
    if (status == MNIST_OK) {
        json_t *row = json_object();
        mnist_json_put(&row, "part", json_string(part));
        mnist_json_put(&row, "images", mnist_json_whole(what->count));
        mnist_json_put(&row, "counts", counts_of(s, what->chosen, what->count));
        mnist_json_append(&s->rows, row);
    }
    return status;
}

static mnist_status write_clients(splitting *s, const mnist_hands *hands, mnist_error *err)
{
    mnist_status status = MNIST_OK;
    const uint32_t *chosen = hands->order;
    const int width = snprintf(NULL, 0, "%u", hands->hands);
    for (unsigned h = 0; h < hands->hands && status == MNIST_OK; h++) {
        char name[32], folder[MNIST_DATA_PATH];
        const mnist_export what = {
            .view = s->set->view, .chosen = chosen, .count = hands->sizes[h]};
        snprintf(name, sizeof name, "client-%0*u", width, h + 1);
        status = mnist_data_path(folder, s->settings->target, name, err);
        if (status == MNIST_OK) {
            status = mnist_data_folder(folder, err);
        }
        if (status == MNIST_OK) {
            status = write_part(s, folder, "train", name, &what, err);
        }
        chosen += hands->sizes[h];
    }
    return status;
}

static mnist_status deal_clients(splitting *s, const mnist_deck *deck, mnist_error *err)
{
    const mnist_tool_settings *settings = s->settings;
    mnist_hands hands;
    mnist_status status =
        settings->deal == MNIST_DATA_IID ? mnist_deal_iid(&hands, deck, settings->clients, err)
        : settings->deal == MNIST_DATA_SHARDS
            ? mnist_deal_shards(&hands, deck, settings->clients, settings->shards, err)
            : mnist_deal_dirichlet(&hands, deck, settings->clients, settings->alpha, err);
    if (status == MNIST_OK) {
        status = write_clients(s, &hands, err);
        mnist_hands_free(&hands);
    }
    return status;
}

static mnist_status part_sizes(const splitting *s, size_t sizes[PARTS], mnist_error *err)
{
    const size_t count = s->set->view.count;
    const uint64_t validation = mnist_share_of(s->settings->validation, count);
    const uint64_t test = mnist_share_of(s->settings->test, count);
    if (validation >= count || test >= count - validation) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT,
                          "%llu images for validation and %llu for test leave none of %zu for "
                          "training",
                          (unsigned long long)validation, (unsigned long long)test, count);
    }
    sizes[VALIDATION] = (size_t)validation;
    sizes[TEST] = (size_t)test;
    sizes[TRAIN] = count - sizes[VALIDATION] - sizes[TEST];
    return MNIST_OK;
}

/* Before anything is written. */
static mnist_status check_clients(const mnist_tool_settings *s, size_t images, mnist_error *err)
{
    const size_t least = s->deal == MNIST_DATA_SHARDS ? (size_t)s->clients * s->shards : s->clients;
    return images >= least ? MNIST_OK
                           : mnist_fail(err, MNIST_ERR_ARGUMENT,
                                        "%zu training images are too few for %u clients: expected "
                                        "at least %zu",
                                        images, s->clients, least);
}

static int ascending(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Each part in the order in which its images were; the training images are then dealt out, if there are clients. */
static mnist_status write_parts(splitting *s, mnist_hands *parts, mnist_error *err)
{
    static const char *const names[PARTS] = {"train", "validation", "test"};
    static const char *const prefixes[PARTS] = {"train", "validation", "t10k"};
    uint32_t *chosen = parts->order;
    mnist_status status = mnist_data_folder(s->settings->target, err);
    for (unsigned p = 0; p < PARTS && status == MNIST_OK; p++) {
        const size_t count = parts->sizes[p];
        qsort(chosen, count, sizeof *chosen, ascending);
        if (p == TRAIN && s->settings->clients > 0) {
            const mnist_deck deck = {s->set->view.labels, chosen, count, s->settings->seed};
            status = deal_clients(s, &deck, err);
        } else if (count > 0) {
            const mnist_export what = {.view = s->set->view, .chosen = chosen, .count = count};
            status = write_part(s, s->settings->target, prefixes[p], names[p], &what, err);
        }
        chosen += count;
    }
    return status;
}

static mnist_status split(splitting *s, mnist_error *err)
{
    const mnist_view view = s->set->view;
    mnist_hands parts;
    size_t sizes[PARTS];
    if (!s->set->labelled) {
        return mnist_fail(err, MNIST_ERR_MISMATCH, "the images have no labels to be split with");
    }
    if (view.count > UINT32_MAX) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT, "%zu images: expected at most %u", view.count,
                          UINT32_MAX);
    }
    mnist_status status = part_sizes(s, sizes, err);
    if (status == MNIST_OK) {
        status = check_clients(s->settings, sizes[TRAIN], err);
    }
    if (status == MNIST_OK) {
        const mnist_deck deck = {view.labels, NULL, view.count, s->settings->seed};
        status = mnist_deal_parts(&parts, &deck, sizes, PARTS, s->settings->by_class, err);
    }
    if (status == MNIST_OK) {
        status = write_parts(s, &parts, err);
        mnist_hands_free(&parts);
    }
    return status;
}

mnist_status mnist_data_split(const mnist_tool_settings *settings, mnist_error *err)
{
    mnist_data_sets sets;
    const mnist_data_part part =
        settings->part == MNIST_DATA_TEST ? MNIST_DATA_TEST : MNIST_DATA_TRAIN;
    mnist_status status = mnist_data_sets_load(&sets, settings, part, true, err);
    if (status == MNIST_OK) {
        splitting s = {settings, &sets.sets[0], json_array()};
        status = split(&s, err);
        if (status == MNIST_OK) {
            status = mnist_data_print(settings, s.rows, err);
        } else {
            json_decref(s.rows);
        }
        mnist_data_sets_free(&sets);
    }
    return status;
}
