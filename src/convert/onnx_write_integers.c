/* A net of whole numbers as an ONNX graph with QuantizeLinear and DequantizeLinear: in the form in which the programs
 * that run it put kernels of whole numbers in the place of three nodes or more. */
#ifdef MNIST_HAVE_ONNX
#define _POSIX_C_SOURCE 200809L
#include "convert/onnx_build.h"

#include <mnist/integers.h>

#include <float.h>
#include <math.h>
#include <stdlib.h>

#define TABLE_ZERO 128 /* the entry of a sum of 0 */

/* A layer's numbers. */
typedef struct layer {
    unsigned index, inputs, outputs;
    int8_t *weights, *zeros; /* owned, as below */
    float *scales, *bias_scales;
    int32_t *biases;
    mnist_integer_range range;
} layer;

static void release(layer *l)
{
    free(l->weights);
    free(l->zeros);
    free(l->scales);
    free(l->bias_scales);
    free(l->biases);
}

static bool take(layer *l, const mnist_mlp *mlp, unsigned index)
{
    *l = (layer){.index = index,
                 .inputs = mnist_mlp_layer_inputs(mlp, index),
                 .outputs = mnist_mlp_layer_outputs(mlp, index)};
    l->weights = malloc((size_t)l->inputs * l->outputs);
    l->zeros = calloc(l->outputs, sizeof *l->zeros);
    l->scales = malloc(l->outputs * sizeof *l->scales);
    l->bias_scales = malloc(l->outputs * sizeof *l->bias_scales);
    l->biases = malloc(l->outputs * sizeof *l->biases);
    if (!l->weights || !l->zeros || !l->scales || !l->bias_scales || !l->biases) {
        return false;
    }
    mnist_mlp_get_integers(mlp, index, l->weights, l->scales, l->biases, &l->range);
    return true;
}

int64_t mnist_onnx_shift_in_bias(const mnist_integer_inputs *inputs, int64_t weights)
{
    const double zero = -(double)inputs->shift / mnist_integer_input_scale(inputs);
    return -(int64_t)floor(zero * (double)weights + 0.5);
}

float mnist_onnx_input_scale(const mnist_net *net)
{
    mnist_integer_inputs inputs;
    (void)mnist_mlp_has_integers(mnist_model_mlp(net->integers), &inputs);
    return (float)mnist_integer_input_scale(&inputs);
}

float mnist_onnx_bias_scale(float inputs, float weights)
{
    const double scale = (double)inputs * (double)weights;
    return scale < (double)FLT_MIN ? FLT_MIN : scale > (double)FLT_MAX ? FLT_MAX : (float)scale;
}

static void fold_shift(layer *l, const mnist_integer_inputs *inputs)
{
    for (unsigned n = 0; n < l->outputs; n++) {
        int64_t sum = 0;
        for (size_t k = 0; k < l->inputs; k++) {
            sum += l->weights[k * l->outputs + n];
        }
        l->biases[n] = (int32_t)(l->biases[n] + mnist_onnx_shift_in_bias(inputs, sum));
    }
}

/* "weights2_scale" */
static void name_part(char name[MNIST_ONNX_NAME], const char *what, unsigned index,
                      const char *part)
{
    snprintf(name, MNIST_ONNX_NAME, "%s%u%s", what, index + 1, part);
}

static char *add_zero(mnist_onnx_building *g, const char *name, unsigned zero)
{
    const uint8_t value = (uint8_t)zero;
    return mnist_onnx_add_part(g, name, MNIST_ONNX_UINT8, 0, NULL, &value);
}

/* Numbers of a layer, and floats made of them, with a scale an output. */
static char *add_constant(mnist_onnx_building *g, const layer *l, const char *what, bool matrix)
{
    const unsigned shape[2] = {matrix ? l->inputs : l->outputs, l->outputs};
    const unsigned outputs[2] = {l->outputs};
    char name[MNIST_ONNX_NAME];
    name_part(name, what, l->index, "");
    char *parts[3] = {mnist_onnx_add_part(g, name, matrix ? MNIST_ONNX_INT8 : MNIST_ONNX_INT32,
                                          matrix ? 2 : 1, shape,
                                          matrix ? (void *)l->weights : (void *)l->biases)};
    name_part(name, what, l->index, "_scale");
    parts[1] = mnist_onnx_add_part(g, name, MNIST_ONNX_FLOAT, 1, outputs,
                                   matrix ? l->scales : l->bias_scales);
    if (matrix) { /* onnxruntime looks for it */
        name_part(name, what, l->index, "_zero");
        parts[2] = mnist_onnx_add_part(g, name, MNIST_ONNX_INT8, 1, outputs, l->zeros);
    }
    name_part(name, what, l->index, "_real");
    char *made = mnist_onnx_add_node(g, "DequantizeLinear", name, parts);
    mnist_onnx_set_int(g, "axis", matrix ? 1 : 0);
    return made;
}

/* Whole numbers in the graph, and what makes floats of them. */
typedef struct whole {
    char *name, *scale, *zero;
    float unit; /* of scale */
} whole;

/* Bytes or floats become what mnist_integer_pixel makes of bytes. Halves of odd bytes lie between two whole
 * numbers; with a little more, and then all a little smaller, they are above that, and the last is not above 127. */
static whole add_pixels(mnist_onnx_building *g, const mnist_net *net,
                        const mnist_integer_inputs *inputs, mnist_net_input input)
{
    const double lift = 254.0 / 511.0, scale = 1024.0 / 511.0;
    const double byte = (double)inputs->white / 255.0;
    const bool floats = input == MNIST_INPUT_FLOATS;
    whole made = {.unit = (float)mnist_integer_input_scale(inputs)};
    char *at = floats ? mnist_onnx_add_floats(g, net) : mnist_onnx_add_bytes(g, net);
    if (!floats) {
        mnist_onnx_say_normalization(g, &net->normalization);
    }
    char *more = mnist_onnx_add_number(
        g, "lift", (float)(floats ? lift * byte - (double)inputs->shift : lift));
    char *step = mnist_onnx_add_number(g, "pixel_scale", (float)(floats ? scale * byte : scale));
    made.zero = add_zero(g, "inputs1_zero", 0);
    made.scale = mnist_onnx_add_number(g, "inputs1_scale", made.unit);
    at = mnist_onnx_add_node(g, "Add", "lifted", (char *[3]){at, more});
    made.name =
        mnist_onnx_add_node(g, "QuantizeLinear", "inputs1", (char *[3]){at, step, made.zero});
    return made;
}

static char *add_real(mnist_onnx_building *g, const whole *from, const char *what, unsigned index)
{
    char name[MNIST_ONNX_NAME];
    name_part(name, what, index, "_real");
    return mnist_onnx_add_node(g, "DequantizeLinear", name,
                               (char *[3]){from->name, from->scale, from->zero});
}

/* ending: of the name of the numbers themselves */
static whole add_whole(mnist_onnx_building *g, char *from, const char *what, unsigned index,
                       const char *ending, float scale, unsigned zero)
{
    char name[MNIST_ONNX_NAME];
    whole made = {.unit = scale};
    name_part(name, what, index, "_scale");
    made.scale = mnist_onnx_add_number(g, name, scale);
    name_part(name, what, index, "_zero");
    made.zero = add_zero(g, name, zero);
    name_part(name, what, index, ending);
    made.name =
        mnist_onnx_add_node(g, "QuantizeLinear", name, (char *[3]){from, made.scale, made.zero});
    return made;
}

/* A hidden layer's sums become what the next one takes: by way of the sums as whole numbers, too, where the
 * activation is a table of these. */
static whole add_outputs(mnist_onnx_building *g, const layer *l, const mnist_net *net, char *sums,
                         char *const constants[4])
{
    if (l->range.step > 0.0f) {
        const whole rounded =
            add_whole(g, sums, "sums", l->index, "_whole", l->range.step, TABLE_ZERO);
        sums = add_real(g, &rounded, "sums", l->index);
    }
    char *at = mnist_onnx_add_activation(g, l->index, net->activation, sums, constants);
    return add_whole(g, at, "inputs", l->index + 1, "", l->range.scale, l->range.zero);
}

static char *add_layer(mnist_onnx_building *g, layer *l, const whole *from, bool last)
{
    char name[MNIST_ONNX_NAME];
    for (unsigned n = 0; n < l->outputs; n++) {
        l->bias_scales[n] = mnist_onnx_bias_scale(from->unit, l->scales[n]);
    }
    char *inputs = add_real(g, from, "inputs", l->index);
    char *weights = add_constant(g, l, "weights", true);
    char *bias = add_constant(g, l, "bias", false);
    name_part(name, "sums", l->index, "");
    return mnist_onnx_add_node(g, "Gemm", last ? "logits" : name,
                               (char *[3]){inputs, weights, bias});
}

void mnist_onnx_build_integers(mnist_onnx_building *g, const mnist_net *net, mnist_net_input input)
{
    const mnist_mlp *mlp = mnist_model_mlp(net->integers);
    mnist_integer_inputs inputs;
    char *constants[4] = {NULL}, *sums = NULL;
    (void)mnist_mlp_has_integers(mlp, &inputs);
    whole at = add_pixels(g, net, &inputs, input);
    mnist_onnx_add_metadata(g, MNIST_ONNX_MOST, mnist_number_of(MNIST_INTEGER_VALUE_MOST));
    mnist_onnx_add_constants(g, net, constants);
    for (unsigned i = 0; i < net->layer_count && !g->is_short; i++) {
        const bool last = i + 1 == net->layer_count;
        layer l;
        g->is_short |= !take(&l, mlp, i);
        if (!g->is_short) {
            if (i == 0) {
                fold_shift(&l, &inputs);
            }
            sums = add_layer(g, &l, &at, last);
            at = last ? at : add_outputs(g, &l, net, sums, constants);
        }
        release(&l);
    }
    if (!g->is_short) {
        mnist_onnx_finish(g, net, sums);
    }
}

#else
typedef int mnist_no_onnx_write_integers; /* a file is not empty */
#endif
