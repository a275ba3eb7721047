/* The model that is written, and what its metadata say. */
#define _POSIX_C_SOURCE 200809L
#include "cli/compress/compression.h"

#include "cli/shared/option_parts.h"

#include <stdlib.h>
#include <string.h>

/* Digests of the models that the last retraining learned from, commas between. */
#define RETRAINING_TEACHERS "retraining_teachers_sha256"
/* Digest of the model that it began with, where that is another. */
#define REWOUND_TO "rewound_to_sha256"

/* Keys whose values the new model takes over, if the model has them; others, of programs that are
 * not ours, stay behind. */
static const char *const carried[] = {
    "seed",
    "init_from_sha256",
    "teachers_sha256",
    "calibrated_bias",
    MNIST_KEY_LABEL_BASE,
    MNIST_KEY_CLASS_NAMES,
    "converted_from",
    "source_sha256",
    "options",
    "trained_on",
    "retraining",
    RETRAINING_TEACHERS,
    REWOUND_TO,
    "train_images_sha256",
    "train_labels_sha256",
    "test_images_sha256",
    "test_labels_sha256",
};

/* Options of the retraining that are then the model's: which images it was trained on. */
static const char *const of_data[] = {"dataset", "synthetic-train", "synthetic-test", "data-seed",
                                      "limit",   "val-split",       "augment"};

#define KEYS (LENGTH(carried) + 2)

/* Texts that are made; owned. */
typedef struct metadata {
    mnist_metadata items[KEYS];
    size_t count;
    char *compression, *options, *retraining;
    char trained_on[24];
} metadata;

static void release(metadata *m)
{
    free(m->compression);
    free(m->options);
    free(m->retraining);
}

/* Sets a key, which may have been set before; value NULL: nothing. */
static void put(metadata *m, const char *key, const char *value)
{
    size_t i = 0;
    while (i < m->count && strcmp(m->items[i].key, key) != 0) {
        i++;
    }
    if (value) {
        m->items[i] = (mnist_metadata){key, value};
        m->count = i < m->count ? m->count : i + 1;
    }
}

/* The options that the model states, but for those of the data that the retraining had. */
static json_t *merge_options(const mnist_compression *c, const json_t *retraining)
{
    json_t *merged = c->options ? json_copy(c->options) : json_object();
    for (size_t i = 0; i < LENGTH(of_data); i++) {
        json_t *value = json_object_get(retraining, of_data[i]);
        if (value) {
            mnist_json_put(&merged, of_data[i], json_incref(value));
        }
    }
    return merged;
}

/* What a training more means: its settings and its images. */
static bool add_retraining(const mnist_compression *c, metadata *m, mnist_error *err)
{
    mnist_json_begin();
    json_t *retraining =
        mnist_options_json(&mnist_compress_program, c->settings, MNIST_OPTION_IN_MODEL, err);
    if (!retraining) {
        return false;
    }
    if (c->settings->step == MNIST_COMPRESS_QUANTIZE) {
        mnist_json_put(&retraining, "bits",
                       json_string(mnist_compress_bits_name(c->settings->bits)));
    }
    json_t *options = merge_options(c, retraining);
    m->retraining = mnist_json_text(retraining, 0);
    m->options = mnist_json_text(options, 0);
    json_decref(options);
    json_decref(retraining);
    if (!m->retraining || !m->options) {
        return mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for the model's metadata") ==
               MNIST_OK;
    }
    snprintf(m->trained_on, sizeof m->trained_on, "%zu", c->train.count);
    put(m, "options", m->options);
    put(m, "retraining", m->retraining);
    put(m, RETRAINING_TEACHERS, c->teachers.digests);
    put(m, REWOUND_TO, c->early ? mnist_model_digest(c->early) : NULL);
    put(m, "trained_on", m->trained_on);
    put(m, "train_images_sha256", c->train_digests.images);
    put(m, "train_labels_sha256", c->train_digests.labels);
    return true;
}

/* Would it say something untrue of the next retraining? */
static bool is_of_retraining(const char *key)
{
    return strcmp(key, RETRAINING_TEACHERS) == 0 || strcmp(key, REWOUND_TO) == 0;
}

/* Puts the keys in the order of `carried`, whether this step has set them or an earlier one: two ways to
 * the same model end in the same bytes. */
static void arrange(metadata *m)
{
    size_t first = 0;
    for (size_t i = 0; i < LENGTH(carried); i++) {
        size_t at = first;
        while (at < m->count && strcmp(m->items[at].key, carried[i]) != 0) {
            at++;
        }
        if (at < m->count) {
            const mnist_metadata item = m->items[at];
            memmove(m->items + first + 1, m->items + first, (at - first) * sizeof item);
            m->items[first++] = item;
        }
    }
}

static bool gather(const mnist_compression *c, metadata *m, mnist_error *err)
{
    *m = (metadata){.count = 0};
    for (size_t i = 0; i < LENGTH(carried); i++) {
        if (!c->settings->trains || !is_of_retraining(carried[i])) {
            put(m, carried[i], mnist_model_metadata(c->model, carried[i]));
        }
    }
    const char *earlier = c->earlier ? c->earlier : "";
    const size_t room = strlen(earlier) + strlen("; ") + strlen(c->done) + 1;
    m->compression = malloc(room);
    if (!m->compression) {
        return mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for the model's metadata") ==
               MNIST_OK;
    }
    snprintf(m->compression, room, "%s%s%s", earlier, c->earlier ? "; " : "", c->done);
    put(m, "compression", m->compression);
    put(m, "compressed_from_sha256", mnist_model_digest(c->model));
    const bool good = !c->settings->trains || add_retraining(c, m, err);
    arrange(m);
    return good;
}

/* What a packed model keeps of its metadata. */
static void shorten(metadata *m, mnist_compress_metadata kind)
{
    static const char digest[] = "_sha256", data[][7] = {"train_", "test_"};
    const size_t count = kind == MNIST_COMPRESS_METADATA_NONE ? 0 : m->count;
    m->count = 0;
    for (size_t i = 0; i < count; i++) {
        const char *key = m->items[i].key;
        const size_t length = strlen(key), tail = sizeof digest - 1;
        const bool of_model = length > tail && strcmp(key + length - tail, digest) == 0 &&
                              strncmp(key, data[0], strlen(data[0])) != 0 &&
                              strncmp(key, data[1], strlen(data[1])) != 0;
        if (kind != MNIST_COMPRESS_METADATA_SHORT || !of_model) {
            m->items[m->count++] = m->items[i];
        }
    }
}

static bool pack(mnist_compression *c, const char *path, const mnist_model_parts *parts,
                 mnist_error *err)
{
    const mnist_status status =
        mnist_packed_write(path, parts, &c->packed, path ? c->digest : NULL, err);
    c->after.bytes = c->packed.bytes;
    return status == MNIST_OK;
}

bool mnist_compression_write(mnist_compression *c, const char *path, mnist_error *err)
{
    metadata m;
    bool good = gather(c, &m, err);
    const bool packs =
        c->settings->step != MNIST_COMPRESS_PRUNE && c->settings->step != MNIST_COMPRESS_QUANTIZE;
    if (good && packs) {
        shorten(&m, c->settings->metadata);
    }
    const mnist_model_parts parts = {.mlp = mnist_compression_net(c),
                                     .normalization = mnist_model_normalization(c->model),
                                     .metadata = m.items,
                                     .metadata_count = m.count,
                                     .storage = c->storage,
                                     .steps = mnist_model_steps(c->model)};
    if (packs) {
        good = good && pack(c, path, &parts, err);
    } else {
        good = good && mnist_model_size(&parts, &c->after.bytes, err) == MNIST_OK &&
               (!path || mnist_model_write(path, &parts, c->digest, err) == MNIST_OK);
    }
    release(&m);
    return good;
}
