#include "io/tensors.h"

#include "base/status.h"
#include "data/batch.h"
#include "io/text.h"
#include "kernels/half.h"
#include "nn/mlp.h"

#include <assert.h>
#include <inttypes.h>
#include <mnist/integers.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(float) == 4, "a tensor of type F32 is an array of float");

const char *mnist_model_form_name(mnist_model_form form)
{
    switch (form) {
    case MNIST_FORM_FP32:
        return "fp32";
    case MNIST_FORM_BF16:
        return "bf16";
    case MNIST_FORM_FP16:
        return "fp16";
    case MNIST_FORM_INTEGERS:
        return "integers";
    case MNIST_FORMS:
        break;
    }
    return NULL;
}

/* What a layer's tensors are, in the order of the file. */
typedef enum tensor_part { PART_WEIGHT, PART_BIAS, PART_SCALE, PART_RANGE } tensor_part;

typedef struct part_kind {
    tensor_part part;
    const char *name;
    const char *dtypes[MNIST_FORMS]; /* NULL: there is no such tensor in the form */
} part_kind;

static const part_kind parts[] = {
    {PART_WEIGHT, "weight", {"F32", "BF16", "F16", "I8"}},
    {PART_BIAS, "bias", {"F32", "BF16", "F16", "I32"}},
    {PART_SCALE, "scale", {NULL, NULL, NULL, "F32"}},
    {PART_RANGE, "range", {NULL, NULL, NULL, "F32"}},
};

#define PARTS       (sizeof parts / sizeof parts[0])
#define RANGE_COUNT 3u /* scale, zero, step */

static void add_tensor(mnist_model_layout *layout, unsigned layer, const part_kind *kind,
                       uint64_t inputs, uint64_t outputs)
{
    const bool is_weight = kind->part == PART_WEIGHT;
    mnist_tensor *tensor = &layout->tensors[layout->count];
    char *name = layout->names[layout->count++];
    snprintf(name, MNIST_TENSOR_NAME, "layers.%u.%s", layer, kind->name);
    tensor->name = name;
    tensor->dtype = kind->dtypes[layout->form];
    tensor->type = strcmp(tensor->dtype, "F32") == 0 ? MNIST_F32 : MNIST_ELEMENTS;
    tensor->rank = is_weight ? 2 : 1;
    tensor->shape[0] = is_weight ? inputs : kind->part == PART_RANGE ? RANGE_COUNT : outputs;
    tensor->shape[1] = is_weight ? outputs : 0;
}

void mnist_model_layout_init(mnist_model_layout *out, const mnist_mlp_config *config,
                             mnist_model_form form)
{
    uint64_t inputs = config->inputs;
    *out = (mnist_model_layout){.form = form};
    for (unsigned l = 0; l <= config->hidden_count; l++) {
        const bool hidden = l < config->hidden_count;
        const uint64_t outputs = hidden ? config->hidden[l] : config->outputs;
        for (size_t i = 0; i < PARTS; i++) {
            if (parts[i].dtypes[form] && (hidden || parts[i].part != PART_RANGE)) {
                add_tensor(out, l, &parts[i], inputs, outputs);
            }
        }
        inputs = outputs;
    }
}

/* A tensor of a layer, of the form of integers: all parts, in their order, but the last layer has no
 * range. */
static const mnist_tensor *tensor_of(const mnist_model_layout *layout, unsigned layer,
                                     tensor_part part)
{
    assert(layout->form == MNIST_FORM_INTEGERS && PARTS * layer + part < layout->count);
    return &layout->tensors[PARTS * layer + part];
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

static mnist_status match_tensor(mnist_tensor *want, const mnist_tensor *found, const char *path,
                                 mnist_error *err)
{
    if (!found) {
        return mnist_fail(err, MNIST_ERR_FORMAT, "%s: tensor '%s' of shape %s is missing", path,
                          want->name, show_shape(want).text);
    }
    if (strcmp(found->dtype, want->dtype) != 0) {
        return mnist_fail(err, MNIST_ERR_FORMAT, "%s: tensor '%s' has dtype %s, expected %s", path,
                          want->name, found->dtype, want->dtype);
    }
    if (found->rank != want->rank ||
        memcmp(found->shape, want->shape, want->rank * sizeof want->shape[0]) != 0) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: tensor '%s' has shape %s, but the architecture in __metadata__ says "
                          "%s",
                          path, want->name, show_shape(found).text, show_shape(want).text);
    }
    want->begin = found->begin;
    want->size = found->size;
    return MNIST_OK;
}

mnist_status mnist_model_layout_match(const mnist_safetensors *file, mnist_model_layout *layout,
                                      const char *path, mnist_error *err)
{
    mnist_status status = MNIST_OK;
    for (size_t i = 0; i < layout->count && status == MNIST_OK; i++) {
        mnist_tensor *want = &layout->tensors[i];
        status = match_tensor(want, find_tensor(file->tensors, file->tensor_count, want->name),
                              path, err);
    }
    for (size_t i = 0; i < file->tensor_count && status == MNIST_OK; i++) {
        const char *name = file->tensors[i].name;
        if (!find_tensor(layout->tensors, layout->count, name)) {
            status = mnist_fail(err, MNIST_ERR_FORMAT,
                                "%s: tensor '%s' does not belong to the architecture in "
                                "__metadata__",
                                path, mnist_show(name).text);
        }
    }
    return status;
}

/* How many numbers a tensor has. */
static size_t count_of(const mnist_tensor *tensor)
{
    return (size_t)(tensor->rank == 2 ? tensor->shape[0] * tensor->shape[1] : tensor->shape[0]);
}

/* Numbers of the layer with the most weights: a buffer of that size holds any tensor of the net. */
static size_t largest_tensor(const mnist_mlp *mlp)
{
    size_t largest = RANGE_COUNT;
    for (unsigned l = 0; l < mnist_mlp_layers(mlp); l++) {
        size_t weights = (size_t)mnist_mlp_layer_inputs(mlp, l) * mnist_mlp_layer_outputs(mlp, l);
        largest = weights > largest ? weights : largest;
    }
    return largest;
}

/* Looks at the bits, so that no compiler's floating-point options can remove the check. */
static bool is_finite_bits(uint32_t bits)
{
    return (bits & 0x7F800000u) != 0x7F800000u;
}

/* "layers.0.weight[3, 5]": number `index` of a tensor, in row-major order. */
static mnist_shown show_place(const mnist_tensor *tensor, uint64_t index)
{
    mnist_shown shown;
    if (tensor->rank == 2) { /* each is below 2^16 */
        snprintf(shown.text, sizeof shown.text, "%.31s[%u, %u]", tensor->name,
                 (unsigned)(index / tensor->shape[1]), (unsigned)(index % tensor->shape[1]));
    } else {
        snprintf(shown.text, sizeof shown.text, "%.31s[%u]", tensor->name, (unsigned)index);
    }
    return shown;
}

static mnist_status check_finite(const float *values, mnist_status otherwise, const char *path,
                                 const mnist_tensor *tensor, mnist_error *err)
{
    for (size_t i = 0; i < count_of(tensor); i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        if (!is_finite_bits(bits)) {
            const char *value = (bits & 0x007FFFFFu) != 0 ? "not a number" : "infinite";
            return mnist_fail(err, otherwise, "%s: parameter %s is %s, expected a finite number",
                              path, show_place(tensor, i).text, value);
        }
    }
    return MNIST_OK;
}

/* Floats. */

static void put_halves(uint8_t *bytes, const float *values, size_t count, mnist_model_form form)
{
    for (size_t i = 0; i < count; i++) {
        const uint32_t code = form == MNIST_FORM_BF16 ? bf16_code(values[i]) : fp16_code(values[i]);
        bytes[2 * i] = (uint8_t)code;
        bytes[2 * i + 1] = (uint8_t)(code >> 8);
    }
}

static void get_halves(float *values, size_t count, const uint8_t *bytes, mnist_model_form form)
{
    for (size_t i = 0; i < count; i++) {
        const uint32_t code = bytes[2 * i] | (uint32_t)bytes[2 * i + 1] << 8;
        values[i] = form == MNIST_FORM_BF16 ? bf16_value(code) : fp16_value(code);
    }
}

/* Would a value become infinite where it is kept? */
static mnist_status check_range(const float *values, const mnist_model_layout *layout,
                                const mnist_tensor *tensor, const char *path, mnist_error *err)
{
    for (size_t i = 0; layout->form == MNIST_FORM_FP16 && i < count_of(tensor); i++) {
        if ((fp16_code(values[i]) & 0x7fff) == 0x7c00) {
            return mnist_fail(
                err, MNIST_ERR_ARGUMENT,
                "%s: parameter %s is %g, expected at most %g in magnitude, as fp16 has "
                "no larger numbers",
                path, show_place(tensor, i).text, (double)values[i], (double)FP16_MOST);
        }
    }
    return MNIST_OK;
}

static mnist_status write_floats(const mnist_mlp *mlp, const mnist_model_layout *layout,
                                 uint8_t *data, float *values, const char *path, mnist_error *err)
{
    mnist_status status = MNIST_OK;
    for (size_t t = 0; t < layout->count && status == MNIST_OK; t++) {
        const mnist_tensor *tensor = &layout->tensors[t];
        const bool is_bias = tensor->rank == 1;
        mnist_mlp_get_layer(mlp, (unsigned)(t / 2), is_bias ? NULL : values,
                            is_bias ? values : NULL);
        status = check_finite(values, MNIST_ERR_ARGUMENT, path, tensor, err);
        if (status == MNIST_OK) {
            status = check_range(values, layout, tensor, path, err);
        }
        if (layout->form == MNIST_FORM_FP32) {
            mnist_safetensors_put(data + tensor->begin, MNIST_F32, count_of(tensor), values);
        } else {
            put_halves(data + tensor->begin, values, count_of(tensor), layout->form);
        }
    }
    return status;
}

static mnist_status read_floats(mnist_mlp *mlp, const mnist_model_layout *layout,
                                const uint8_t *data, float *values, const char *path,
                                mnist_error *err)
{
    mnist_status status = MNIST_OK;
    for (size_t t = 0; t < layout->count && status == MNIST_OK; t++) {
        const mnist_tensor *tensor = &layout->tensors[t];
        const bool is_bias = tensor->rank == 1;
        if (layout->form == MNIST_FORM_FP32) {
            mnist_safetensors_get(values, MNIST_F32, count_of(tensor), data + tensor->begin);
        } else {
            get_halves(values, count_of(tensor), data + tensor->begin, layout->form);
        }
        status = check_finite(values, MNIST_ERR_FORMAT, path, tensor, err);
        if (status == MNIST_OK) {
            mnist_mlp_set_layer(mlp, (unsigned)(t / 2), is_bias ? NULL : values,
                                is_bias ? values : NULL);
        }
    }
    return status;
}

/* Integers. */

/* A layer's arrays, in one block of memory. */
typedef struct integer_arrays {
    int32_t *biases;
    float *scales;
    int8_t *weights;
} integer_arrays;

static bool take_arrays(integer_arrays *arrays, size_t inputs, size_t outputs)
{
    uint8_t *block = malloc(outputs * (sizeof(int32_t) + sizeof(float)) + inputs * outputs);
    arrays->biases = (int32_t *)(void *)block;
    arrays->scales = (float *)(void *)(block + outputs * sizeof(int32_t));
    arrays->weights = (int8_t *)(block + outputs * (sizeof(int32_t) + sizeof(float)));
    return block != NULL;
}

static void put_whole(uint8_t *bytes, int32_t value)
{
    const uint32_t bits = (uint32_t)value;
    for (unsigned i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(bits >> 8 * i);
    }
}

static int32_t get_whole(const uint8_t *bytes)
{
    uint32_t bits = 0;
    for (unsigned i = 0; i < 4; i++) {
        bits |= (uint32_t)bytes[i] << 8 * i;
    }
    int32_t value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static mnist_status write_integers(const mnist_mlp *mlp, const mnist_model_layout *layout,
                                   uint8_t *data, mnist_error *err)
{
    for (unsigned l = 0; l < mnist_mlp_layers(mlp); l++) {
        const size_t inputs = mnist_mlp_layer_inputs(mlp, l),
                     outputs = mnist_mlp_layer_outputs(mlp, l);
        integer_arrays a;
        mnist_integer_range range;
        if (!take_arrays(&a, inputs, outputs)) {
            return mnist_fail_memory(err, inputs * outputs, "a layer");
        }
        mnist_mlp_get_integers(mlp, l, a.weights, a.scales, a.biases, &range);
        memcpy(data + tensor_of(layout, l, PART_WEIGHT)->begin, a.weights, inputs * outputs);
        mnist_safetensors_put(data + tensor_of(layout, l, PART_SCALE)->begin, MNIST_F32, outputs,
                              a.scales);
        for (size_t n = 0; n < outputs; n++) {
            put_whole(data + tensor_of(layout, l, PART_BIAS)->begin + 4 * n, a.biases[n]);
        }
        if (l + 1 < mnist_mlp_layers(mlp)) {
            const float numbers[RANGE_COUNT] = {range.scale, (float)range.zero, range.step};
            mnist_safetensors_put(data + tensor_of(layout, l, PART_RANGE)->begin, MNIST_F32,
                                  RANGE_COUNT, numbers);
        }
        free(a.biases);
    }
    return MNIST_OK;
}

/* Where a file's tensors are. */
typedef struct tensor_source {
    const mnist_model_layout *layout;
    const uint8_t *data;
    const char *path;
} tensor_source;

static mnist_status read_range(const tensor_source *from, const mnist_tensor *tensor,
                               mnist_integer_range *range, mnist_error *err)
{
    float numbers[RANGE_COUNT];
    mnist_safetensors_get(numbers, MNIST_F32, RANGE_COUNT, from->data + tensor->begin);
    mnist_status status = check_finite(numbers, MNIST_ERR_FORMAT, from->path, tensor, err);
    if (status != MNIST_OK) {
        return status;
    }
    const float zero = numbers[1];
    if (!(zero >= 0.0f && zero <= (float)MNIST_INTEGER_VALUE_MOST) ||
        (float)(unsigned)zero < zero) {
        return mnist_fail(
            err, MNIST_ERR_FORMAT, "%s: parameter %s is %g, expected a whole number from 0 to %d",
            from->path, show_place(tensor, 1).text, (double)zero, MNIST_INTEGER_VALUE_MOST);
    }
    *range = (mnist_integer_range){.scale = numbers[0], .zero = (unsigned)zero, .step = numbers[2]};
    return MNIST_OK;
}

static mnist_status read_layer(const tensor_source *from, const mnist_mlp *mlp, unsigned l,
                               integer_arrays *a, mnist_integer_layer *layer, mnist_error *err)
{
    const size_t inputs = mnist_mlp_layer_inputs(mlp, l), outputs = mnist_mlp_layer_outputs(mlp, l);
    const mnist_model_layout *layout = from->layout;
    const uint8_t *data = from->data;
    const mnist_tensor *scales = tensor_of(layout, l, PART_SCALE);
    if (!take_arrays(a, inputs, outputs)) {
        return mnist_fail_memory(err, inputs * outputs, "a layer");
    }
    memcpy(a->weights, data + tensor_of(layout, l, PART_WEIGHT)->begin, inputs * outputs);
    mnist_safetensors_get(a->scales, MNIST_F32, outputs, data + scales->begin);
    for (size_t n = 0; n < outputs; n++) {
        a->biases[n] = get_whole(data + tensor_of(layout, l, PART_BIAS)->begin + 4 * n);
    }
    *layer = (mnist_integer_layer){.weights = a->weights, .scales = a->scales, .biases = a->biases};
    mnist_status status = check_finite(a->scales, MNIST_ERR_FORMAT, from->path, scales, err);
    return status == MNIST_OK && l + 1 < mnist_mlp_layers(mlp)
               ? read_range(from, tensor_of(layout, l, PART_RANGE), &layer->range, err)
               : status;
}

static mnist_status read_integers(const tensor_source *from, mnist_mlp *mlp,
                                  const mnist_normalization *normalization, mnist_error *err)
{
    const unsigned layers = mnist_mlp_layers(mlp);
    integer_arrays arrays[MNIST_MODEL_LAYERS] = {{NULL, NULL, NULL}};
    mnist_integer_layer form[MNIST_MODEL_LAYERS];
    float table[256];
    const float shift = mnist_normalization_split(normalization, table);
    mnist_status status = MNIST_OK;
    for (unsigned l = 0; l < layers && status == MNIST_OK; l++) {
        status = read_layer(from, mlp, l, &arrays[l], &form[l], err);
    }
    if (status == MNIST_OK) {
        const mnist_integer_inputs inputs = {.white = table[255], .shift = shift};
        mnist_error why;
        status = mnist_mlp_set_integers(mlp, &inputs, form, &why);
        if (status != MNIST_OK) {
            mnist_fail(err, status, "%s: %s", from->path, why.text);
        } else if (!mnist_mlp_finite(mlp)) {
            status = mnist_fail(err, MNIST_ERR_FORMAT,
                                "%s: scales that are too large: a weight or bias is no finite "
                                "number",
                                from->path);
        }
    }
    for (unsigned l = 0; l < layers; l++) {
        free(arrays[l].biases);
    }
    return status;
}

mnist_status mnist_model_tensors_write(const mnist_mlp *mlp, const mnist_model_layout *layout,
                                       uint8_t *data, const char *path, mnist_error *err)
{
    if (layout->form == MNIST_FORM_INTEGERS) {
        return write_integers(mlp, layout, data, err);
    }
    const size_t largest = largest_tensor(mlp);
    float *values = calloc(largest, sizeof *values);
    if (!values) {
        return mnist_fail_memory(err, largest * sizeof *values, "a layer");
    }
    mnist_status status = write_floats(mlp, layout, data, values, path, err);
    free(values);
    return status;
}

mnist_status mnist_model_tensors_read(mnist_mlp *mlp, const mnist_model_layout *layout,
                                      const mnist_normalization *normalization, const uint8_t *data,
                                      const char *path, mnist_error *err)
{
    if (layout->form == MNIST_FORM_INTEGERS) {
        return read_integers(&(tensor_source){.layout = layout, .data = data, .path = path}, mlp,
                             normalization, err);
    }
    const size_t largest = largest_tensor(mlp);
    float *values = calloc(largest, sizeof *values);
    if (!values) {
        return mnist_fail_memory(err, largest * sizeof *values, "a layer");
    }
    mnist_status status = read_floats(mlp, layout, data, values, path, err);
    free(values);
    return status;
}
