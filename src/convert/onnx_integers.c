/* Whole numbers of an ONNX graph, as a net's integer form (mnist/integers.h). */
#ifdef MNIST_HAVE_ONNX
#define _POSIX_C_SOURCE 200809L
#include "convert/onnx_graph.h"

#include "base/status.h"
#include "convert/hints.h"
#include "data/batch.h"
#include "io/model.h"
#include "io/safetensors.h"
#include "io/text.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_ZERO 128

/* The form in the making; why: it is none. */
typedef struct taking {
    const mnist_onnx_reading *r;
    mnist_normalization normalization;
    mnist_integer_inputs inputs;
    mnist_integer_layer layers[MNIST_NET_LAYERS];
    int8_t *weights[MNIST_NET_LAYERS]; /* owned, as all below */
    float *scales[MNIST_NET_LAYERS];
    int32_t *biases[MNIST_NET_LAYERS];
    bool is_short; /* of memory */
    const char *why;
} taking;

static bool differs(float a, float b)
{
    return a < b || a > b;
}

static bool fail(taking *t, const char *why)
{
    t->why = why;
    return false;
}

/* What a layer takes: pixels as here, or bytes of the layer before. */
static bool check_inputs(taking *t, unsigned l)
{
    const mnist_onnx_rounds *rounds = &t->r->forms[l].inputs;
    const bool table = l > 0 && t->r->net->activation != MNIST_RELU;
    if (t->r->forms[l].is_scaled) {
        return fail(t, "a layer has an alpha or a beta");
    }
    if (!rounds->is_last || rounds->count != (table ? 2 : 1) ||
        rounds->last.type != ONNX__TENSOR_PROTO__DATA_TYPE__UINT8) {
        return fail(t, "what a layer takes is not rounded to uint8 right before it");
    }
    if (l == 0) {
        return rounds->is_of_pixels && rounds->last.zero == 0 &&
                       !differs(rounds->last.scale, (float)mnist_integer_input_scale(&t->inputs))
                   ? true
                   : fail(t, "pixels are rounded otherwise");
    }
    if (table && (!rounds->first_of_sums || rounds->first.zero != TABLE_ZERO ||
                  rounds->first.type != ONNX__TENSOR_PROTO__DATA_TYPE__UINT8)) {
        return fail(t, "sums before an activation are rounded otherwise");
    }
    t->layers[l - 1].range =
        (mnist_integer_range){.scale = rounds->last.scale,
                              .zero = (unsigned)rounds->last.zero, /* of uint8 */
                              .step = table ? rounds->first.scale : 0.0f};
    return true;
}

/* A constant of so many scales, all zero points 0. */
static bool open_constant(taking *t, mnist_onnx_tensor *out, const mnist_onnx_value *value,
                          int32_t type)
{
    mnist_error err;
    if (!value || !value->linear.scale || value->is_rounded || value->tensor->data_type != type ||
        mnist_onnx_tensor_open_whole(out, value->tensor, value->name, t->r->input, &err) !=
            MNIST_OK) {
        return fail(t, type == ONNX__TENSOR_PROTO__DATA_TYPE__INT8 ? "weights are not of int8"
                                                                   : "biases are not of int32");
    }
    out->linear = value->linear;
    for (uint64_t i = 0; i < out->count; i++) {
        if (mnist_onnx_tensor_zero(out, i) != 0) {
            return fail(t, "a zero point of weights is not 0");
        }
    }
    return true;
}

/* Weights as they lie here, and an output's scale, which has to be that of each of its weights. */
static bool take_weights(taking *t, unsigned l, int64_t *sums)
{
    const mnist_net_layer *to = &t->r->net->layers[l];
    const bool transposed = t->r->forms[l].transposed;
    mnist_onnx_tensor w;
    if (!open_constant(t, &w, t->r->forms[l].weights, ONNX__TENSOR_PROTO__DATA_TYPE__INT8)) {
        return false;
    }
    for (size_t i = 0; i < to->inputs; i++) {
        for (size_t o = 0; o < to->outputs; o++) {
            const uint64_t from = transposed ? o * to->inputs + i : i * to->outputs + o;
            const int32_t value = mnist_onnx_tensor_get_whole(&w, from);
            const float scale = mnist_onnx_tensor_scale(&w, from);
            if (i > 0 && differs(scale, t->scales[l][o])) {
                return fail(t, "weights of an output have more than one scale");
            }
            t->scales[l][o] = scale;
            t->weights[l][i * to->outputs + o] = (int8_t)value;
            sums[o] += value;
        }
    }
    return true;
}

static bool take_biases(taking *t, unsigned l, const int64_t *sums)
{
    const unsigned outputs = t->r->net->layers[l].outputs;
    mnist_onnx_tensor b;
    if (!open_constant(t, &b, t->r->forms[l].bias, ONNX__TENSOR_PROTO__DATA_TYPE__INT32)) {
        return false;
    }
    for (unsigned o = 0; o < outputs; o++) {
        const uint64_t from = b.count == outputs ? o : 0;
        int64_t value = mnist_onnx_tensor_get_whole(&b, from);
        if (differs(mnist_onnx_tensor_scale(&b, from),
                    mnist_onnx_bias_scale(t->r->forms[l].inputs.last.scale, t->scales[l][o]))) {
            return fail(t, "a bias has another scale than its sums");
        }
        value -= l == 0 ? mnist_onnx_shift_in_bias(&t->inputs, sums[o]) : 0;
        if (value < -MNIST_INTEGER_BIAS_MOST || value > MNIST_INTEGER_BIAS_MOST) {
            return fail(t, "a bias is beyond 2^30");
        }
        t->biases[l][o] = (int32_t)value;
    }
    return true;
}

static bool take_layer(taking *t, unsigned l)
{
    const mnist_net_layer *layer = &t->r->net->layers[l];
    int64_t *sums = calloc(layer->outputs, sizeof *sums);
    t->weights[l] = malloc((size_t)layer->inputs * layer->outputs);
    t->scales[l] = calloc(layer->outputs, sizeof *t->scales[l]);
    t->biases[l] = malloc(layer->outputs * sizeof *t->biases[l]);
    t->is_short = !sums || !t->weights[l] || !t->scales[l] || !t->biases[l];
    const bool taken =
        !t->is_short && check_inputs(t, l) && take_weights(t, l, sums) && take_biases(t, l, sums);
    free(sums);
    t->layers[l].weights = t->weights[l];
    t->layers[l].scales = t->scales[l];
    t->layers[l].biases = t->biases[l];
    return taken;
}

static bool take_layers(taking *t)
{
    float table[256];
    if (!t->r->says_floats ||
        !mnist_normalization_of(&t->normalization, (float)t->r->mean, (float)t->r->stddev)) {
        return fail(t, "its metadata have no normalisation");
    }
    t->inputs.shift = mnist_normalization_split(&t->normalization, table);
    t->inputs.white = table[255];
    /* before biases are computed from them: a quotient of others may be of any size */
    if (!(t->inputs.white >= FLT_MIN && t->inputs.shift <= 0.0f &&
          t->inputs.shift >= -t->inputs.white)) {
        return fail(t, "its mean is not of 0 to 1");
    }
    for (unsigned l = 0; l < t->r->net->layer_count; l++) {
        if (!take_layer(t, l)) {
            return false;
        }
    }
    return true;
}

/* Copies of the net's floats, of a net that has taken the form. */
static void take_floats(mnist_net *net, const mnist_mlp *mlp, const taking *t)
{
    for (unsigned l = 0; l < net->layer_count; l++) {
        mnist_mlp_get_layer(mlp, l, net->layers[l].weights, net->layers[l].bias);
    }
    net->knows_normalization = true;
    net->normalization = t->normalization;
}

/* A model of the form, as if it had come from a file. */
static mnist_status make_model(taking *t, mnist_net *net, mnist_error *err)
{
    mnist_safetensors_output file = {.path = t->r->input->path};
    mnist_mlp *mlp = NULL;
    mnist_status status = mnist_net_to_mlp(net, &mlp, err);
    if (status == MNIST_OK) {
        status = mnist_mlp_set_integers(mlp, &t->inputs, t->layers, err);
    }
    if (status == MNIST_OK) {
        status = mnist_model_encode(
            &file, &(mnist_model_parts){.mlp = mlp, .normalization = &t->normalization}, err);
    }
    if (status == MNIST_OK) {
        status = mnist_model_decode(&net->integers, file.bytes, file.size, file.path, err);
    }
    if (status == MNIST_OK) {
        take_floats(net, mlp, t);
    }
    t->why = status != MNIST_OK && status != MNIST_ERR_MEMORY ? err->text : NULL;
    free(file.bytes);
    mnist_mlp_free(mlp);
    return status;
}

static void release(taking *t)
{
    for (unsigned l = 0; l < MNIST_NET_LAYERS; l++) {
        free(t->weights[l]);
        free(t->scales[l]);
        free(t->biases[l]);
    }
}

static mnist_status fail_cut(mnist_onnx_reading *r)
{
    r->node = r->cut.node;
    r->node_number = r->cut.number;
    return mnist_onnx_fail_node(r,
                                "its whole numbers stand for %g to %g, which cuts off part of "
                                "what '%s' is: expected a range that holds it",
                                r->cut.least, r->cut.most, mnist_show(r->node->input[0]).text);
}

/* What is lost where the net is one of floats. */
static void note_floats(mnist_onnx_reading *r)
{
    const char *const weights = "weights are the floats that its whole numbers stand for, and what "
                                "rounds activations to whole numbers is left out";
    if (!r->has_ends) {
        mnist_net_note(r->net, "%s: answers are nearly the same", weights);
        return;
    }
    mnist_net_note(
        r->net,
        "%s: answers can differ, as values below %g and above %g are cut off there after "
        "layer %u, and here not",
        weights, r->least, r->most, r->ends_layer + 1);
}

mnist_status mnist_onnx_take_integers(mnist_onnx_reading *r)
{
    mnist_status status = MNIST_OK;
    const unsigned outputs = r->net->layers[r->net->layer_count - 1].outputs;
    if (!r->has_rounds || outputs < MNIST_MIN_CLASSES || outputs > MNIST_MAX_CLASSES) {
        return MNIST_OK; /* the latter is refused when all has been read */
    }
    taking t = {.r = r};
    if (r->says_most && take_layers(&t)) {
        status = make_model(&t, r->net, r->err);
    } else if (t.is_short) {
        status = mnist_fail(r->err, MNIST_ERR_MEMORY, "out of memory for a net of whole numbers");
    }
    if (t.why) {
        mnist_net_note(r->net, "its whole numbers are not those of a net here: %s", t.why);
        status = MNIST_OK;
    }
    if (!r->net->integers && status == MNIST_OK && r->cut.node) {
        status = fail_cut(r);
    } else if (!r->net->integers && status == MNIST_OK) {
        note_floats(r);
    }
    release(&t);
    return status;
}

#else
typedef int mnist_no_onnx_integers; /* a file is not empty */
#endif
