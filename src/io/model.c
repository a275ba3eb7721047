#include "io/model.h"

#include "base/digest.h"
#include "base/file.h"
#include "base/status.h"
#include "data/batch.h"
#include "io/safetensors.h"
#include "io/text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char format_name[] = "mnist-mlp";
static const char format_version[] = "1";

/* Most that is read from a pipe; a regular file may be larger. */
#define MAX_STREAM ((size_t)1 << 30)

#define MAX_LAYERS  (MNIST_MAX_HIDDEN + 1)
#define MAX_TENSORS (2 * MAX_LAYERS)
#define NAME_TEXT   32 /* "layers.16.weight" */
#define HIDDEN_TEXT (MNIST_MAX_HIDDEN * sizeof "65536,")
#define OWN_KEYS    10

struct mnist_model {
    mnist_mlp *mlp;
    mnist_normalization normalization;
    mnist_safetensors file; /* for the metadata */
    char digest[MNIST_DIGEST_TEXT];
};

_Static_assert(sizeof(float) == 4, "a tensor of type F32 is an array of float");

/* What a net's tensors are called and how large they are: weight and bias of each layer in turn. */
typedef struct layout {
    char names[MAX_TENSORS][NAME_TEXT];
    mnist_tensor tensors[MAX_TENSORS]; /* names point into the array above: not to be copied */
    size_t count;
} layout;

static void layout_init(layout *out, const mnist_mlp_config *config)
{
    uint64_t inputs = config->inputs;
    *out = (layout){.count = 2 * ((size_t)config->hidden_count + 1)};
    for (size_t i = 0; i < out->count; i++) {
        unsigned layer = (unsigned)(i / 2);
        bool is_bias = i % 2 == 1;
        uint64_t outputs = layer < config->hidden_count ? config->hidden[layer] : config->outputs;
        mnist_tensor *tensor = &out->tensors[i];
        snprintf(out->names[i], NAME_TEXT, "layers.%u.%s", layer, is_bias ? "bias" : "weight");
        tensor->name = out->names[i];
        tensor->rank = is_bias ? 1 : 2;
        tensor->shape[0] = is_bias ? outputs : inputs;
        tensor->shape[1] = is_bias ? 0 : outputs;
        inputs = is_bias ? outputs : inputs;
    }
}

/* Floats of the layer with the most weights: a buffer of that size holds any tensor of the net. */
static size_t largest_tensor(const mnist_mlp *mlp)
{
    size_t largest = 0;
    for (unsigned l = 0; l < mnist_mlp_layers(mlp); l++) {
        size_t weights = (size_t)mnist_mlp_layer_inputs(mlp, l) * mnist_mlp_layer_outputs(mlp, l);
        largest = weights > largest ? weights : largest;
    }
    return largest;
}

static void get_tensor(const mnist_mlp *mlp, size_t index, float *values)
{
    bool is_bias = index % 2 == 1;
    mnist_mlp_get_layer(mlp, (unsigned)(index / 2), is_bias ? NULL : values,
                        is_bias ? values : NULL);
}

static void set_tensor(mnist_mlp *mlp, size_t index, const float *values)
{
    bool is_bias = index % 2 == 1;
    mnist_mlp_set_layer(mlp, (unsigned)(index / 2), is_bias ? NULL : values,
                        is_bias ? values : NULL);
}

/* Looks at the bits, so that no compiler's floating-point options can remove the check. */
static bool is_finite_bits(uint32_t bits)
{
    return (bits & 0x7F800000u) != 0x7F800000u;
}

/* Fails with the name of a parameter that is not finite. index counts in row-major order. */
static mnist_status fail_parameter(mnist_error *err, mnist_status status, const char *path,
                                   const mnist_tensor *tensor, uint64_t index, uint32_t bits)
{
    const char *value = (bits & 0x007FFFFFu) != 0 ? "not a number" : "infinite";
    if (tensor->rank == 2) {
        return mnist_fail(err, status,
                          "%s: parameter %s[%" PRIu64 ", %" PRIu64 "] is %s, expected a finite "
                          "number",
                          path, tensor->name, index / tensor->shape[1], index % tensor->shape[1],
                          value);
    }
    return mnist_fail(err, status, "%s: parameter %s[%" PRIu64 "] is %s, expected a finite number",
                      path, tensor->name, index, value);
}

static mnist_status check_finite(const float *values, mnist_status otherwise, const char *path,
                                 const mnist_tensor *tensor, mnist_error *err)
{
    for (size_t i = 0; i < tensor->size / sizeof(float); i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        if (!is_finite_bits(bits)) {
            return fail_parameter(err, otherwise, path, tensor, i, bits);
        }
    }
    return MNIST_OK;
}

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

/* What is wrong with a file's normalisation; NULL: nothing. The quotients limit what a pixel can
 * become. */
static const char *check_normalization(const mnist_normalization *normalization)
{
    float mean = normalization->mean, stddev = normalization->stddev;
    if ((unsigned)normalization->kind >= MNIST_NORMALIZATIONS) {
        return "there is no such normalization";
    }
    if (!isfinite(mean) || !isfinite(stddev) || stddev <= 0.0f) {
        return "mean must be finite, stddev finite and above 0";
    }
    if (normalization->kind == MNIST_NORMALIZE_UNIT && (mean != 0.0f || stddev != 1.0f)) {
        return "normalization unit goes with mean 0 and stddev 1";
    }
    if (!isfinite((0.0f - mean) / stddev) || !isfinite((1.0f - mean) / stddev)) {
        return "stddev is too small";
    }
    return NULL;
}

/* Saving. */

static mnist_status write_tensors(uint8_t *data, const mnist_mlp *mlp, const layout *tensors,
                                  const char *path, mnist_error *err)
{
    size_t largest = largest_tensor(mlp);
    float *values = calloc(largest, sizeof *values);
    mnist_status status = MNIST_OK;
    if (!values) {
        return mnist_fail_memory(err, largest * sizeof *values, "a layer");
    }
    for (size_t t = 0; t < tensors->count && status == MNIST_OK; t++) {
        const mnist_tensor *tensor = &tensors->tensors[t];
        get_tensor(mlp, t, values);
        status = check_finite(values, MNIST_ERR_ARGUMENT, path, tensor, err);
        mnist_safetensors_put(data + tensor->begin, MNIST_F32, tensor->size / sizeof(float),
                              values);
    }
    free(values);
    return status;
}

static mnist_status check_saveable(const char *path, const mnist_mlp *mlp,
                                   const mnist_normalization *normalization, mnist_error *err)
{
    unsigned outputs = mnist_mlp_shape(mlp)->outputs;
    const char *fault = check_normalization(normalization);
    if (outputs != MNIST_CLASSES) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT, "%s: the net has %u outputs, expected %u", path,
                          outputs, MNIST_CLASSES);
    }
    return fault ? mnist_fail(err, MNIST_ERR_ARGUMENT, "%s: %s", path, fault) : MNIST_OK;
}

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

/* Makes the whole file, sealed; file->path is set, and its bytes are to be freed. metadata: the
 * caller's. */
static mnist_status encode(mnist_safetensors_output *file, const mnist_mlp *mlp,
                           const mnist_normalization *normalization, const mnist_metadata *metadata,
                           size_t metadata_count, mnist_error *err)
{
    const mnist_mlp_config *config = mnist_mlp_shape(mlp);
    char inputs[16], outputs[16], hidden[HIDDEN_TEXT];
    mnist_number mean = mnist_number_of((double)normalization->mean);
    mnist_number stddev = mnist_number_of((double)normalization->stddev);
    snprintf(inputs, sizeof inputs, "%u", config->inputs);
    snprintf(outputs, sizeof outputs, "%u", config->outputs);
    write_hidden(hidden, config);
    const mnist_metadata own[OWN_KEYS] = {
        {"format", format_name},
        {"format_version", format_version},
        {"inputs", inputs},
        {"hidden", hidden},
        {"outputs", outputs},
        {"activation", mnist_activation_name(config->activation)},
        {"normalization", mnist_normalization_name(normalization->kind)},
        {"mean", mean.text},
        {"stddev", stddev.text},
        {"crc32", "00000000"},
    };
    mnist_status status = check_keys(own, metadata, metadata_count, file->path, err);
    if (status != MNIST_OK) {
        return status;
    }
    const size_t count = OWN_KEYS + metadata_count; /* no overflow: the array is in memory */
    mnist_metadata *all = malloc(count * sizeof *all);
    if (!all) {
        return mnist_fail_memory(err, count * sizeof *all, "metadata");
    }
    memcpy(all, own, sizeof own);
    for (size_t i = 0; i < metadata_count; i++) {
        all[OWN_KEYS + i] = metadata[i];
    }
    layout tensors;
    layout_init(&tensors, config);
    file->metadata = all;
    file->metadata_count = count;
    file->tensors = tensors.tensors;
    file->tensor_count = tensors.count;
    status = mnist_safetensors_build(file, err);
    if (status == MNIST_OK) {
        status = write_tensors(file->bytes + file->data, mlp, &tensors, file->path, err);
    }
    if (status == MNIST_OK) {
        mnist_safetensors_seal(file->bytes, file->size);
    }
    file->metadata = NULL; /* only the bytes outlive this call */
    file->tensors = NULL;
    free(all);
    return status;
}

mnist_status mnist_model_encode(mnist_safetensors_output *file, const mnist_mlp *mlp,
                                const mnist_normalization *normalization,
                                const mnist_metadata *metadata, size_t metadata_count,
                                mnist_error *err)
{
    file->bytes = NULL;
    mnist_status status = check_saveable(file->path, mlp, normalization, err);
    if (status == MNIST_OK) {
        status = encode(file, mlp, normalization, metadata, metadata_count, err);
    }
    if (status != MNIST_OK) {
        free(file->bytes);
        file->bytes = NULL;
    }
    return status;
}

mnist_status mnist_model_save(const char *path, const mnist_mlp *mlp,
                              const mnist_normalization *normalization,
                              const mnist_metadata *metadata, size_t metadata_count,
                              char digest[MNIST_DIGEST_TEXT], mnist_error *err)
{
    mnist_safetensors_output file = {.path = path ? path : "the model"};
    normalization = mnist_normalization_or_unit(normalization);
    mnist_status status =
        mnist_model_encode(&file, mlp, normalization, metadata, metadata_count, err);
    if (status == MNIST_OK && path) {
        status = mnist_file_replace(path, file.bytes, file.size, err);
    }
    if (status == MNIST_OK && digest) {
        mnist_sha256(file.bytes, file.size, "", 0, digest);
    }
    free(file.bytes);
    return status;
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
    return mnist_safetensors_check_version(file, format_name, format_version, path, err);
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
    if (config->outputs != MNIST_CLASSES) {
        return mnist_fail(err, MNIST_ERR_FORMAT, "%s: a net of %u outputs, expected %u", path,
                          config->outputs, MNIST_CLASSES);
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
    const char *fault = check_normalization(out);
    return fault ? mnist_fail(err, MNIST_ERR_FORMAT,
                              "%s: normalization %s, mean %s, stddev %s in __metadata__: %s", path,
                              name, mnist_show(mean).text, mnist_show(stddev).text, fault)
                 : MNIST_OK;
}

static const mnist_tensor *find_tensor(const mnist_tensor *tensors, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(tensors[i].name, name) == 0) {
            return &tensors[i];
        }
    }
    return NULL;
}

/* "(784, 128)" */
static mnist_shown show_shape(const mnist_tensor *tensor)
{
    mnist_shown shown;
    size_t length = 0;
    for (unsigned i = 0; i < tensor->rank && length < sizeof shown.text; i++) {
        length += (size_t)snprintf(shown.text + length, sizeof shown.text - length, "%s%" PRIu64,
                                   i > 0 ? ", " : "(", tensor->shape[i]);
    }
    if (length < sizeof shown.text) {
        snprintf(shown.text + length, sizeof shown.text - length, "%s",
                 tensor->rank > 0 ? ")" : "()");
    }
    return shown;
}

/* Checks that the file has the tensors that its architecture needs, with their shapes, and no
 * others; wanted receives where each lies. The container's check has found all their bytes, so a
 * net of that size cannot take more memory than the file justifies. */
static mnist_status match_tensors(const mnist_safetensors *file, layout *wanted, const char *path,
                                  mnist_error *err)
{
    for (size_t i = 0; i < wanted->count; i++) {
        mnist_tensor *want = &wanted->tensors[i];
        const mnist_tensor *found = find_tensor(file->tensors, file->tensor_count, want->name);
        if (!found) {
            return mnist_fail(err, MNIST_ERR_FORMAT, "%s: tensor '%s' of shape %s is missing", path,
                              want->name, show_shape(want).text);
        }
        if (found->type != MNIST_F32) {
            return mnist_fail(err, MNIST_ERR_FORMAT, "%s: tensor '%s' has dtype %s, expected F32",
                              path, want->name, mnist_element_name(found->type));
        }
        if (found->rank != want->rank ||
            memcmp(found->shape, want->shape, want->rank * sizeof want->shape[0]) != 0) {
            return mnist_fail(err, MNIST_ERR_FORMAT,
                              "%s: tensor '%s' has shape %s, but the architecture in __metadata__ "
                              "says %s",
                              path, want->name, show_shape(found).text, show_shape(want).text);
        }
        want->begin = found->begin;
        want->size = found->size;
    }
    for (size_t i = 0; i < file->tensor_count; i++) {
        const char *name = file->tensors[i].name;
        if (!find_tensor(wanted->tensors, wanted->count, name)) {
            return mnist_fail(err, MNIST_ERR_FORMAT,
                              "%s: tensor '%s' does not belong to the architecture in __metadata__",
                              path, mnist_show(name).text);
        }
    }
    return MNIST_OK;
}

static mnist_status read_tensors(mnist_mlp *mlp, const uint8_t *data, const layout *tensors,
                                 const char *path, mnist_error *err)
{
    size_t largest = largest_tensor(mlp);
    float *values = calloc(largest, sizeof *values);
    mnist_status status = MNIST_OK;
    if (!values) {
        return mnist_fail_memory(err, largest * sizeof *values, "a layer");
    }
    for (size_t t = 0; t < tensors->count && status == MNIST_OK; t++) {
        const mnist_tensor *tensor = &tensors->tensors[t];
        mnist_safetensors_get(values, MNIST_F32, tensor->size / sizeof(float),
                              data + tensor->begin);
        status = check_finite(values, MNIST_ERR_FORMAT, path, tensor, err);
        if (status == MNIST_OK) {
            set_tensor(mlp, t, values);
        }
    }
    free(values);
    return status;
}

static mnist_status decode(mnist_model *model, const uint8_t *data, size_t size, const char *path,
                           mnist_error *err)
{
    mnist_mlp_config config;
    layout wanted;
    mnist_status status = mnist_safetensors_parse(&model->file, data, size, path, err);
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
        layout_init(&wanted, &config);
        status = match_tensors(&model->file, &wanted, path, err);
    }
    if (status == MNIST_OK) {
        status = mnist_mlp_create(&model->mlp, &config, err);
    }
    if (status == MNIST_OK) {
        status = read_tensors(model->mlp, data + model->file.data, &wanted, path, err);
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
    mnist_status status = decode(model, data, size, path, err);
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

const char *mnist_model_metadata(const mnist_model *model, const char *key)
{
    return mnist_safetensors_metadata(&model->file, key);
}

const char *mnist_model_digest(const mnist_model *model)
{
    return model->digest;
}
