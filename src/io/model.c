#include "io/model.h"

#include "base/digest.h"
#include "base/file.h"
#include "base/status.h"
#include "data/batch.h"
#include "io/model_check.h"
#include "io/model_steps.h"
#include "io/packed.h"
#include "io/tensors.h"
#include "io/text.h"

#include <assert.h>
#include <inttypes.h>
#include <mnist/integers.h>
#include <stdlib.h>
#include <string.h>

static const char format_name[] = "mnist-mlp";
/* Version 1 is of fp32 alone and has no "weights"; a reader that knows no more refuses version 2. */
static const char format_version[] = "1", version_of_forms[] = "2";
/* A file that states steps has version 3, since a reader that does not know them would run the net on
 * images that it was not trained on; "weights" is there as in version 2. */
static const char version_of_steps[] = "3";

/* Most that is read from a pipe; a regular file may be larger. */
#define MAX_STREAM ((size_t)1 << 30)

#define HIDDEN_TEXT (MNIST_MAX_HIDDEN * sizeof "65536,")
#define OWN_KEYS    11 /* at most */

struct mnist_model {
    mnist_mlp *mlp;
    mnist_normalization normalization;
    mnist_steps steps;
    mnist_safetensors file; /* for the metadata */
    char *text;             /* of a packed file: what the metadata point into */
    char digest[MNIST_DIGEST_TEXT];
    mnist_labels labels;
};

/* The text of a net without hidden layers is "none", else "128,64". */
static void write_hidden(char text[HIDDEN_TEXT], const mnist_mlp_config *config)
{
    size_t length = 0;
    snprintf(text, HIDDEN_TEXT, "none");
    for (unsigned i = 0; i < config->hidden_count; i++) {
        int added = snprintf(text + length, HIDDEN_TEXT - length, "%s%u", i > 0 ? "," : "",
                             config->hidden[i]);
        length += (size_t)added;
    }
}

/* Saving. */

static mnist_status check_keys(const mnist_metadata own[OWN_KEYS], const mnist_metadata *metadata,
                               size_t count, const char *path, mnist_error *err)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < OWN_KEYS; k++) {
            if (strcmp(metadata[i].key, own[k].key) == 0) {
                return mnist_fail(err, MNIST_ERR_ARGUMENT,
                                  "%s: metadata key '%s' is one of the format's own", path,
                                  own[k].key);
            }
        }
    }
    return MNIST_OK;
}

/* How the parts' parameters are to be kept. */
static mnist_model_form form_of(const mnist_model_parts *parts)
{
    if (mnist_mlp_has_integers(parts->mlp, NULL)) {
        return MNIST_FORM_INTEGERS;
    }
    return parts->storage == MNIST_BF16   ? MNIST_FORM_BF16
           : parts->storage == MNIST_FP16 ? MNIST_FORM_FP16
                                          : MNIST_FORM_FP32;
}

/* Describes the whole file: its header is built, its tensors are zero. */
static mnist_status build(mnist_safetensors_output *file, const mnist_model_parts *parts,
                          mnist_model_layout *layout, mnist_error *err)
{
    const mnist_mlp_config *config = mnist_mlp_shape(parts->mlp);
    const mnist_normalization *normalization = parts->normalization;
    const bool plain = layout->form == MNIST_FORM_FP32;
    const bool has_steps = parts->steps && parts->steps->count > 0;
    char inputs[16], outputs[16], hidden[HIDDEN_TEXT];
    mnist_number mean = mnist_number_of((double)normalization->mean);
    mnist_number stddev = mnist_number_of((double)normalization->stddev);
    snprintf(inputs, sizeof inputs, "%u", config->inputs);
    snprintf(outputs, sizeof outputs, "%u", config->outputs);
    write_hidden(hidden, config);
    const mnist_metadata own[OWN_KEYS] = {
        {"format", format_name},
        {"format_version", has_steps ? version_of_steps
                           : plain   ? format_version
                                     : version_of_forms},
        {"inputs", inputs},
        {"hidden", hidden},
        {"outputs", outputs},
        {"activation", mnist_activation_name(config->activation)},
        {"normalization", mnist_normalization_name(normalization->kind)},
        {"mean", mean.text},
        {"stddev", stddev.text},
        {"crc32", "00000000"},
        {"weights", mnist_model_form_name(layout->form)}, /* the last: not in version 1 */
    };
    mnist_status status = check_keys(own, parts->metadata, parts->metadata_count, file->path, err);
    if (status != MNIST_OK) {
        return status;
    }
    const size_t keys = plain ? OWN_KEYS - 1 : OWN_KEYS;
    const size_t count = keys + parts->metadata_count; /* no overflow: the array is in memory */
    mnist_metadata *all = malloc(count * sizeof *all);
    if (!all) {
        return mnist_fail_memory(err, count * sizeof *all, "metadata");
    }
    memcpy(all, own, keys * sizeof *all);
    for (size_t i = 0; i < parts->metadata_count; i++) {
        all[keys + i] = parts->metadata[i];
    }
    file->metadata = all;
    file->metadata_count = count;
    file->tensors = layout->tensors;
    file->tensor_count = layout->count;
    status = mnist_safetensors_build(file, err);
    file->metadata = NULL; /* only the bytes outlive this call */
    file->tensors = NULL;
    free(all);
    return status;
}

/* Makes the whole file, sealed; file->path is set, and its bytes are to be freed. */
static mnist_status encode(mnist_safetensors_output *file, const mnist_model_parts *parts,
                           mnist_error *err)
{
    mnist_model_layout layout;
    mnist_model_layout_init(&layout, mnist_mlp_shape(parts->mlp), form_of(parts));
    mnist_status status = build(file, parts, &layout, err);
    if (status == MNIST_OK) {
        status = mnist_model_tensors_write(parts->mlp, &layout, file->bytes + file->data,
                                           file->path, err);
    }
    if (status == MNIST_OK) {
        mnist_safetensors_seal(file->bytes, file->size);
    }
    return status;
}

mnist_status mnist_model_encode(mnist_safetensors_output *file, const mnist_model_parts *parts,
                                mnist_error *err)
{
    mnist_model_parts whole = *parts;
    whole.normalization = mnist_normalization_or_unit(parts->normalization);
    file->bytes = NULL;
    mnist_steps_metadata with_steps = {.items = NULL};
    mnist_status status =
        mnist_model_check_saveable(file->path, whole.mlp, whole.normalization, err);
    if (status == MNIST_OK) {
        status = mnist_steps_metadata_add(&whole, &with_steps, file->path, err);
    }
    if (status == MNIST_OK) {
        status = encode(file, &whole, err);
    }
    free(with_steps.items);
    if (status != MNIST_OK) {
        free(file->bytes);
        file->bytes = NULL;
    }
    return status;
}

mnist_status mnist_model_write(const char *path, const mnist_model_parts *parts,
                               char digest[MNIST_DIGEST_TEXT], mnist_error *err)
{
    mnist_safetensors_output file = {.path = path ? path : "the model"};
    mnist_status status = mnist_model_encode(&file, parts, err);
    if (status == MNIST_OK && path) {
        status = mnist_file_replace(path, file.bytes, file.size, err);
    }
    if (status == MNIST_OK && digest) {
        mnist_sha256(file.bytes, file.size, "", 0, digest);
    }
    free(file.bytes);
    return status;
}

mnist_status mnist_model_size(const mnist_model_parts *parts, size_t *bytes, mnist_error *err)
{
    mnist_safetensors_output file = {.path = "the model"};
    mnist_status status = mnist_model_encode(&file, parts, err);
    *bytes = status == MNIST_OK ? file.size : 0;
    free(file.bytes);
    return status;
}

mnist_status mnist_model_save(const char *path, const mnist_mlp *mlp,
                              const mnist_normalization *normalization,
                              const mnist_metadata *metadata, size_t metadata_count,
                              char digest[MNIST_DIGEST_TEXT], mnist_error *err)
{
    const mnist_model_parts parts = {.mlp = mlp,
                                     .normalization = normalization,
                                     .metadata = metadata,
                                     .metadata_count = metadata_count};
    return mnist_model_write(path, &parts, digest, err);
}

/* Loading. */

/* Checks whose file it is. This comes before the checksum: another program's file has none, and a
 * newer version may have another. */
static mnist_status check_format(const mnist_safetensors *file, const char *path, mnist_error *err)
{
    const char *format = mnist_safetensors_metadata(file, "format");
    if (!format) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: a safetensors file, but not from mnist-train: no \"format\" in its "
                          "__metadata__, expected '%s'",
                          path, format_name);
    }
    if (strcmp(format, format_name) != 0) {
        const bool is_checkpoint = strcmp(format, "mnist-checkpoint") == 0;
        return mnist_fail(err, is_checkpoint ? MNIST_ERR_CHECKPOINT : MNIST_ERR_FORMAT,
                          "%s: format '%s', expected '%s'", path, mnist_show(format).text,
                          format_name);
    }
    const bool has_steps = mnist_safetensors_metadata(file, MNIST_STEPS_KEY) != NULL;
    const char *const versions[2] = {has_steps ? version_of_steps : format_version,
                                     has_steps ? NULL : version_of_forms};
    return mnist_safetensors_check_version(file, format_name, versions, path, err);
}

static mnist_status fail_key(mnist_error *err, const char *path, const char *key, const char *value,
                             const char *expected)
{
    if (!value) {
        return mnist_fail(err, MNIST_ERR_FORMAT, "%s: no \"%s\" in __metadata__, expected %s", path,
                          key, expected);
    }
    return mnist_fail(err, MNIST_ERR_FORMAT, "%s: __metadata__ %s is '%s', expected %s", path, key,
                      mnist_show(value).text, expected);
}

/* "relu, tanh or gelu" */
static void list_activations(char *out, size_t size)
{
    size_t used = 0;
    for (int kind = 0; kind < MNIST_ACTIVATIONS && used < size; kind++) {
        const char *between = kind == 0 ? "" : kind + 1 < MNIST_ACTIVATIONS ? ", " : " or ";
        used += (size_t)snprintf(out + used, size - used, "%s%s", between,
                                 mnist_activation_name((mnist_activation)kind));
    }
}

/* Reads a width at the start of text, in plain digits. Returns the rest of text, or NULL if there
 * is no width. */
static const char *read_width(const char *text, unsigned *out)
{
    const char *end = mnist_digits_end(text);
    unsigned value = 0;
    if (end == text || *text == '0') {
        return NULL;
    }
    for (; text < end; text++) {
        value = value * 10 + (unsigned)(*text - '0');
        if (value > MNIST_MAX_WIDTH) {
            return NULL;
        }
    }
    *out = value;
    return end;
}

static bool read_hidden(const char *text, mnist_mlp_config *config)
{
    bool is_none = strcmp(text, "none") == 0;
    while (!is_none) {
        if (config->hidden_count == MNIST_MAX_HIDDEN) {
            return false;
        }
        text = read_width(text, &config->hidden[config->hidden_count]);
        if (!text || (*text != ',' && *text != '\0')) {
            return false;
        }
        config->hidden_count++;
        if (*text++ == '\0') {
            break;
        }
    }
    return true;
}

static mnist_status read_size(const mnist_safetensors *file, const char *key, unsigned *out,
                              const char *path, mnist_error *err)
{
    const char *text = mnist_safetensors_metadata(file, key);
    const char *end = text ? read_width(text, out) : NULL;
    return end && *end == '\0' ? MNIST_OK
                               : fail_key(err, path, key, text, "an integer from 1 to 65536");
}

static mnist_status read_config(const mnist_safetensors *file, mnist_mlp_config *config,
                                const char *path, mnist_error *err)
{
    *config = (mnist_mlp_config){0};
    mnist_status status = read_size(file, "inputs", &config->inputs, path, err);
    if (status == MNIST_OK) {
        status = read_size(file, "outputs", &config->outputs, path, err);
    }
    if (status != MNIST_OK) {
        return status;
    }
    if (config->outputs < MNIST_MIN_CLASSES || config->outputs > MNIST_MAX_CLASSES) {
        return mnist_fail(err, MNIST_ERR_FORMAT, "%s: a net of %u outputs, expected %u to %u", path,
                          config->outputs, MNIST_MIN_CLASSES, MNIST_MAX_CLASSES);
    }
    const char *hidden = mnist_safetensors_metadata(file, "hidden");
    if (!hidden || !read_hidden(hidden, config)) {
        return fail_key(err, path, "hidden", hidden,
                        "none, or 1 to 16 widths from 1 to 65536 with commas between them");
    }
    const char *activation = mnist_safetensors_metadata(file, "activation");
    int kind = 0;
    while (activation && kind < MNIST_ACTIVATIONS &&
           strcmp(activation, mnist_activation_name((mnist_activation)kind)) != 0) {
        kind++;
    }
    if (!activation || kind == MNIST_ACTIVATIONS) {
        char there_are[256];
        list_activations(there_are, sizeof there_are);
        return fail_key(err, path, "activation", activation, there_are);
    }
    config->activation = (mnist_activation)kind;
    return MNIST_OK;
}

static mnist_status read_normalization(const mnist_safetensors *file, mnist_normalization *out,
                                       const char *path, mnist_error *err)
{
    const char *name = mnist_safetensors_metadata(file, "normalization");
    const char *mean = mnist_safetensors_metadata(file, "mean");
    const char *stddev = mnist_safetensors_metadata(file, "stddev");
    int kind = 0;
    while (name && kind < MNIST_NORMALIZATIONS &&
           strcmp(name, mnist_normalization_name((mnist_normalization_kind)kind)) != 0) {
        kind++;
    }
    if (!name || kind == MNIST_NORMALIZATIONS) {
        return fail_key(err, path, "normalization", name, "unit or standard");
    }
    out->kind = (mnist_normalization_kind)kind;
    if (!mean || !mnist_number_parse(mean, &out->mean)) {
        return fail_key(err, path, "mean", mean, "a finite number");
    }
    if (!stddev || !mnist_number_parse(stddev, &out->stddev)) {
        return fail_key(err, path, "stddev", stddev, "a finite number above 0");
    }
    const char *fault = mnist_normalization_fault(out);
    return fault ? mnist_fail(err, MNIST_ERR_FORMAT,
                              "%s: normalization %s, mean %s, stddev %s in __metadata__: %s", path,
                              name, mnist_show(mean).text, mnist_show(stddev).text, fault)
                 : MNIST_OK;
}

/* How the parameters are kept: in version 1 as fp32, else as "weights" says, which version 3 may lack. */
static mnist_status read_form(const mnist_safetensors *file, mnist_model_form *form,
                              const char *path, mnist_error *err)
{
    const char *version = mnist_safetensors_metadata(file, "format_version");
    const char *name = mnist_safetensors_metadata(file, "weights");
    *form = MNIST_FORM_FP32;
    if (!version || strcmp(version, format_version) == 0 ||
        (strcmp(version, version_of_steps) == 0 && !name)) {
        return MNIST_OK;
    }
    for (int i = MNIST_FORM_FP32 + 1; name && i < MNIST_FORMS; i++) {
        if (strcmp(name, mnist_model_form_name((mnist_model_form)i)) == 0) {
            *form = (mnist_model_form)i;
            return MNIST_OK;
        }
    }
    return fail_key(err, path, "weights", name, "bf16, fp16 or integers");
}

static mnist_status decode_packed(mnist_model *model, const uint8_t *data, size_t size,
                                  const char *path, mnist_error *err)
{
    mnist_packed packed;
    const mnist_status status = mnist_packed_decode(&packed, data, size, path, err);
    if (status == MNIST_OK) {
        model->mlp = packed.mlp;
        model->normalization = packed.normalization;
        model->file = (mnist_safetensors){.metadata = packed.metadata,
                                          .metadata_count = packed.metadata_count};
        model->text = packed.text;
        mnist_sha256(data, size, "", 0, model->digest);
    }
    return status;
}

static mnist_status decode(mnist_model *model, const uint8_t *data, size_t size, const char *path,
                           mnist_error *err)
{
    mnist_mlp_config config;
    mnist_model_layout wanted;
    mnist_model_form form = MNIST_FORM_FP32;
    mnist_status status = mnist_safetensors_parse_any(&model->file, data, size, path, err);
    if (status == MNIST_OK) {
        status = check_format(&model->file, path, err);
    }
    if (status == MNIST_OK) {
        status = mnist_safetensors_verify(data, size, path, err);
    }
    if (status == MNIST_OK) {
        status = read_config(&model->file, &config, path, err);
    }
    if (status == MNIST_OK) {
        status = read_normalization(&model->file, &model->normalization, path, err);
    }
    if (status == MNIST_OK) {
        status = read_form(&model->file, &form, path, err);
    }
    if (status == MNIST_OK) {
        mnist_model_layout_init(&wanted, &config, form);
        status = mnist_model_layout_match(&model->file, &wanted, path, err);
    }
    if (status == MNIST_OK) {
        status = mnist_mlp_create(&model->mlp, &config, err);
    }
    if (status == MNIST_OK) {
        status = mnist_model_tensors_read(model->mlp, &wanted, &model->normalization,
                                          data + model->file.data, path, err);
    }
    if (status == MNIST_OK) {
        mnist_sha256(data, size, "", 0, model->digest);
    }
    return status;
}

mnist_status mnist_model_decode(mnist_model **out, const uint8_t *data, size_t size,
                                const char *path, mnist_error *err)
{
    *out = NULL;
    mnist_model *model = calloc(1, sizeof *model);
    if (!model) {
        return mnist_fail_memory(err, sizeof *model, "a model");
    }
    mnist_status status = mnist_packed_is(data, size) ? decode_packed(model, data, size, path, err)
                                                      : decode(model, data, size, path, err);
    if (status == MNIST_OK) {
        status = mnist_steps_metadata_read(&model->steps,
                                           mnist_model_metadata(model, MNIST_STEPS_KEY), path, err);
    }
    if (status == MNIST_OK) {
        status =
            mnist_labels_read(&model->labels, mnist_model_metadata(model, MNIST_KEY_LABEL_BASE),
                              mnist_model_metadata(model, MNIST_KEY_CLASS_NAMES),
                              mnist_mlp_shape(model->mlp)->outputs, path, err);
    }
    if (status != MNIST_OK) {
        mnist_model_free(model);
        return status;
    }
    *out = model;
    return MNIST_OK;
}

mnist_status mnist_model_load(mnist_model **out, const char *path, mnist_error *err)
{
    mnist_bytes bytes;
    *out = NULL;
    mnist_status status = mnist_bytes_open(&bytes, path, MAX_STREAM, err);
    if (status == MNIST_OK) {
        status = mnist_model_decode(out, bytes.data, bytes.size, path, err);
        mnist_bytes_close(&bytes);
    }
    return status;
}

void mnist_model_free(mnist_model *model)
{
    if (model) {
        mnist_mlp_free(model->mlp);
        mnist_safetensors_free(&model->file);
        free(model->text);
        free(model);
    }
}

mnist_mlp *mnist_model_mlp(mnist_model *model)
{
    return model->mlp;
}

const mnist_normalization *mnist_model_normalization(const mnist_model *model)
{
    return &model->normalization;
}

const mnist_steps *mnist_model_steps(const mnist_model *model)
{
    return &model->steps;
}

const mnist_labels *mnist_model_labels(const mnist_model *model)
{
    return &model->labels;
}

const char *mnist_model_metadata(const mnist_model *model, const char *key)
{
    return mnist_safetensors_metadata(&model->file, key);
}

const char *mnist_model_digest(const mnist_model *model)
{
    return model->digest;
}
