/* Arithmetic of an ONNX graph. What lies between two layers is not looked for as a pattern of nodes, as every program
 * writes its own: it is computed at some places, and then compared with the activations there are. */
#ifdef MNIST_HAVE_ONNX
#define _POSIX_C_SOURCE 200809L
#include "convert/onnx_graph.h"

#include "base/status.h"
#include "io/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

#define SAME     2e-6 /* of 1 and the value: constants are floats */
#define LEAK     0.01
#define FARTHEST 7.9 /* sample */

mnist_status mnist_onnx_fail_node(const mnist_onnx_reading *r, const char *format, ...)
{
    char text[MNIST_ERROR_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return mnist_fail(r->err, MNIST_ERR_FORMAT, "%s: node %zu '%s' (%s): %s", r->input->path,
                      r->node_number, mnist_show(r->node->name ? r->node->name : "").text,
                      mnist_show(r->node->op_type).text, text);
}

const Onnx__AttributeProto *mnist_onnx_attribute(const Onnx__NodeProto *node, const char *name)
{
    for (size_t i = 0; i < node->n_attribute; i++) {
        if (node->attribute[i]->name && strcmp(node->attribute[i]->name, name) == 0) {
            return node->attribute[i];
        }
    }
    return NULL;
}

int64_t mnist_onnx_int(const Onnx__NodeProto *node, const char *name, int64_t fallback)
{
    const Onnx__AttributeProto *attribute = mnist_onnx_attribute(node, name);
    return attribute ? attribute->i : fallback;
}

/* A type's name, of those that attributes which are read have. */
static const char *attribute_type(int32_t type)
{
    switch (type) {
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT:
        return "int";
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT:
        return "float";
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING:
        return "string";
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR:
        return "tensor";
    default:
        return "another type";
    }
}

/* The type, by the field that is there where the file does not say it. */
static int32_t type_of(const Onnx__AttributeProto *attribute)
{
    return attribute->has_type ? (int32_t)attribute->type
           : attribute->has_i  ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT
           : attribute->has_f  ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT
           : attribute->has_s  ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING
           : attribute->t      ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR
                               : ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__UNDEFINED;
}

mnist_status mnist_onnx_check_attributes(const mnist_onnx_reading *r)
{
    static const struct {
        const char *name;
        int32_t type;
    } known[] = {
        {"alpha", ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT},
        {"approximate", ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING},
        {"axis", ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT},
        {"beta", ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT},
        {"block_size", ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT},
        {"output_dtype", ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT},
        {"to", ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT},
        {"transA", ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT},
        {"transB", ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT},
        {"value", ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR},
    };
    for (size_t k = 0; k < sizeof known / sizeof known[0]; k++) {
        size_t count = 0;
        for (size_t i = 0; i < r->node->n_attribute; i++) {
            const Onnx__AttributeProto *attribute = r->node->attribute[i];
            if (!attribute->name || strcmp(attribute->name, known[k].name) != 0) {
                continue;
            }
            if (++count > 1) {
                return mnist_onnx_fail_node(r, "attribute %s is there twice, expected once",
                                            known[k].name);
            }
            if (type_of(attribute) != known[k].type) {
                return mnist_onnx_fail_node(r, "attribute %s is of %s, expected %s", known[k].name,
                                            attribute_type(type_of(attribute)),
                                            attribute_type(known[k].type));
            }
            if (known[k].type == ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT &&
                !isfinite(attribute->f)) {
                return mnist_onnx_fail_node(r, "attribute %s is %g, expected a finite number",
                                            known[k].name, (double)attribute->f);
            }
        }
    }
    return MNIST_OK;
}

/* From -FARTHEST to FARTHEST, both and 0 among them. */
double mnist_onnx_sample(unsigned index)
{
    const unsigned middle = MNIST_ONNX_SAMPLES / 2;
    return ((double)index - middle) * (FARTHEST / middle);
}

static double activation_at(mnist_activation kind, double x)
{
    switch (kind) {
    case MNIST_RELU:
        return x > 0.0 ? x : 0.0;
    case MNIST_TANH:
        return tanh(x);
    case MNIST_SIGMOID:
        return 1.0 / (1.0 + exp(-x));
    case MNIST_LEAKY_RELU:
        return x < 0.0 ? LEAK * x : x;
    case MNIST_GELU:
        return 0.5 * x *
               (1.0 + tanh((double)MNIST_ONNX_GELU_SCALE *
                           (x + (double)MNIST_ONNX_GELU_CUBE * x * x * x)));
    default:
        return NAN; /* none that ONNX has */
    }
}

static bool is_near(double a, double b)
{
    return fabs(a - b) <= SAME * (1.0 + fabs(b)); /* false of what is not a number */
}

bool mnist_onnx_is_identity(const double samples[MNIST_ONNX_SAMPLES])
{
    for (unsigned i = 0; i < MNIST_ONNX_SAMPLES; i++) {
        const double x = mnist_onnx_sample(i);
        if (samples[i] < x || samples[i] > x || isnan(samples[i])) {
            return false;
        }
    }
    return true;
}

bool mnist_onnx_find_activation(const double samples[MNIST_ONNX_SAMPLES], mnist_activation *out)
{
    for (int kind = 0; kind < MNIST_ACTIVATIONS; kind++) {
        unsigned same = 0;
        while (same < MNIST_ONNX_SAMPLES &&
               is_near(samples[same],
                       activation_at((mnist_activation)kind, mnist_onnx_sample(same)))) {
            same++;
        }
        if (same == MNIST_ONNX_SAMPLES) {
            *out = (mnist_activation)kind;
            return true;
        }
    }
    return false;
}

/* Of factor z + offset. */
static void describe_line(char text[MNIST_ONNX_AFTER], double factor, double offset)
{
    const bool scales = !is_near(factor, 1.0), moves = !is_near(offset, 0.0);
    char times[64] = "", plus[64] = "";
    if (scales) {
        snprintf(times, sizeof times, "multiply its weights and bias by %.6g", factor);
    }
    if (moves) {
        snprintf(plus, sizeof plus, "%sadd %.6g to its bias", scales ? ", " : "", offset);
    }
    snprintf(text, MNIST_ONNX_AFTER,
             ": after that layer comes z %s%.6g%s; have the program that wrote the file %s%s "
             "instead, and write it again",
             scales ? "times " : "plus ", scales ? factor : offset,
             scales && moves ? " and something" : "", times, plus);
}

void mnist_onnx_describe(const mnist_onnx_value *value, char text[MNIST_ONNX_AFTER])
{
    const double *const samples = value->samples;
    const unsigned middle = MNIST_ONNX_SAMPLES / 2; /* where the argument is 0 */
    const double offset = samples[middle];
    const double factor = (samples[middle + 1] - offset) / mnist_onnx_sample(middle + 1);
    mnist_activation kind;
    unsigned same = 0;
    while (same < MNIST_ONNX_SAMPLES &&
           is_near(samples[same], factor * mnist_onnx_sample(same) + offset)) {
        same++;
    }
    if (value->rounds.is_relu) {
        snprintf(
            text, MNIST_ONNX_AFTER,
            ": a QuantizeLinear after that layer cuts off what is below 0, and has to be taken "
            "out");
    } else if (mnist_onnx_find_activation(samples, &kind)) {
        snprintf(text, MNIST_ONNX_AFTER, ": %s comes after that layer, and has to be taken out",
                 mnist_activation_name(kind));
    } else if (same == MNIST_ONNX_SAMPLES) {
        describe_line(text, factor, offset);
    } else {
        snprintf(text, MNIST_ONNX_AFTER,
                 ": there is a function after that layer, and has to be taken out");
    }
}

/* Which activation the node is, if it is one that is read. */
static mnist_status function_of(mnist_onnx_reading *r, mnist_activation *out)
{
    static const struct {
        const char *op;
        mnist_activation kind;
    } functions[] = {{"Relu", MNIST_RELU},
                     {"Tanh", MNIST_TANH},
                     {"Sigmoid", MNIST_SIGMOID},
                     {"LeakyRelu", MNIST_LEAKY_RELU},
                     {"Gelu", MNIST_GELU}};
    size_t i = 0;
    while (strcmp(functions[i].op, r->node->op_type) != 0) {
        i++;
    }
    *out = functions[i].kind;
    if (*out == MNIST_LEAKY_RELU) {
        const Onnx__AttributeProto *alpha = mnist_onnx_attribute(r->node, "alpha");
        const double slope = alpha ? (double)alpha->f : LEAK;
        if (!is_near(slope, LEAK)) {
            return mnist_onnx_fail_node(
                r, "alpha is %g, expected 0.01, the one that nets here have", slope);
        }
    }
    if (*out == MNIST_GELU) {
        const Onnx__AttributeProto *form = mnist_onnx_attribute(r->node, "approximate");
        if (!form || form->s.len != 4 || memcmp(form->s.data, "tanh", 4) != 0) {
            return mnist_onnx_fail_node(
                r,
                "GELU by the error function, expected approximate=\"tanh\", as nets here have it");
        }
    }
    return MNIST_OK;
}

mnist_status mnist_onnx_apply_function(mnist_onnx_reading *r, mnist_onnx_value *out)
{
    mnist_activation kind;
    mnist_status status = function_of(r, &kind);
    if (status == MNIST_OK && out->kind != MNIST_ONNX_SUMS) {
        status = mnist_onnx_fail_node(r, "its input '%s' is not the sums of a layer",
                                      mnist_show(r->node->input[0]).text);
    }
    for (unsigned i = 0; status == MNIST_OK && i < MNIST_ONNX_SAMPLES; i++) {
        out->samples[i] = activation_at(kind, out->samples[i]);
    }
    out->rounds.is_last = false;
    return status;
}

mnist_status mnist_onnx_open_real(mnist_onnx_reading *r, mnist_onnx_tensor *out,
                                  const mnist_onnx_value *value)
{
    if (value->linear.scale && !value->is_rounded) {
        mnist_status status =
            mnist_onnx_tensor_open_whole(out, value->tensor, value->name, r->input, r->err);
        out->linear = value->linear;
        return status;
    }
    mnist_status status = mnist_onnx_tensor_open(out, value->tensor, value->name, r->input, r->err);
    if (status == MNIST_OK && !mnist_onnx_tensor_is_real(out)) {
        status = mnist_onnx_fail_node(
            r, "tensor '%s' is of int64, expected float, double, float16 or bfloat16",
            mnist_show(value->name).text);
    }
    out->linear = value->linear;
    return status;
}

mnist_status mnist_onnx_add_bias(mnist_onnx_reading *r, unsigned layer,
                                 const mnist_onnx_tensor *tensor, float factor)
{
    mnist_net_layer *to = &r->net->layers[layer];
    const uint64_t last = tensor->rank > 0 ? tensor->shape[tensor->rank - 1] : 1;
    if ((tensor->count != to->outputs && tensor->count != 1) || last != tensor->count ||
        tensor->rank > 2) {
        return mnist_onnx_fail_node(r,
                                    "tensor '%s' has %" PRIu64
                                    " numbers, expected %u in a row for the bias of that layer",
                                    mnist_show(tensor->name).text, tensor->count, to->outputs);
    }
    for (unsigned o = 0; o < to->outputs; o++) {
        const uint64_t from = tensor->count == 1 ? 0 : o;
        const float value = mnist_onnx_tensor_get(tensor, from);
        to->bias[o] = factor < 1.0f || factor > 1.0f ? factor * value : value;
        r->rounded += mnist_onnx_tensor_is_rounded(tensor, from);
    }
    r->has_bias[layer] = true;
    return MNIST_OK;
}

typedef enum operation { ADD, SUB, MUL, DIV } operation;

static double compute(operation what, double a, double b)
{
    return what == ADD ? a + b : what == SUB ? a - b : what == MUL ? a * b : a / b;
}

/* A step of the normalisation; c is the constant. */
static mnist_status step_pixels(mnist_onnx_reading *r, mnist_onnx_value *out, operation what,
                                double c, bool constant_first)
{
    if (constant_first && (what == SUB || what == DIV)) {
        return mnist_onnx_fail_node(r, "pixels %s a constant, expected the opposite",
                                    what == SUB ? "are taken from" : "divide");
    }
    out->is_changed = true;
    switch (what) {
    case ADD:
        out->mean -= c * out->stddev;
        break;
    case SUB:
        out->mean += c * out->stddev;
        break;
    case MUL:
        out->stddev /= c;
        break;
    default:
        out->stddev *= c;
        break;
    }
    if (!isfinite(out->mean) || !isfinite(out->stddev) || out->stddev <= 0.0) {
        return mnist_onnx_fail_node(
            r, "with %g in it the normalisation is none: expected a mean and a deviation above 0",
            c);
    }
    return MNIST_OK;
}

static mnist_status with_constant(mnist_onnx_reading *r, mnist_onnx_value *out, operation what,
                                  const mnist_onnx_value *constant, bool constant_first)
{
    mnist_onnx_tensor tensor;
    mnist_status status = mnist_onnx_open_real(r, &tensor, constant);
    if (status != MNIST_OK) {
        return status;
    }
    if (out->kind == MNIST_ONNX_SUMS && what == ADD && tensor.rank > 0 && !out->has_bias &&
        tensor.count == r->net->layers[out->layer].outputs &&
        mnist_onnx_is_identity(out->samples)) {
        out->has_bias = true;
        r->forms[out->layer].bias = constant;
        return mnist_onnx_add_bias(r, out->layer, &tensor, 1.0f);
    }
    if (tensor.count != 1) {
        return mnist_onnx_fail_node(r, "constant '%s' has %" PRIu64 " numbers, expected one%s",
                                    mnist_show(constant->name).text, tensor.count,
                                    out->kind == MNIST_ONNX_PIXELS
                                        ? ": one mean and one deviation for all pixels"
                                        : ", or the bias of a layer right after its MatMul");
    }
    if (out->kind == MNIST_ONNX_SUMS && tensor.rank > 2) {
        return mnist_onnx_fail_node(r,
                                    "constant '%s' has %u dimensions, expected at most 2, as the "
                                    "sums of a layer have",
                                    mnist_show(constant->name).text, tensor.rank);
    }
    const double c = (double)mnist_onnx_tensor_get(&tensor, 0);
    if (out->kind == MNIST_ONNX_PIXELS) {
        return step_pixels(r, out, what, c, constant_first);
    }
    for (unsigned i = 0; i < MNIST_ONNX_SAMPLES; i++) {
        const double x = out->samples[i];
        out->samples[i] = constant_first ? compute(what, c, x) : compute(what, x, c);
    }
    return MNIST_OK;
}

mnist_status mnist_onnx_apply_arithmetic(mnist_onnx_reading *r, mnist_onnx_value *out,
                                         const mnist_onnx_value *const operands[2])
{
    const char *op = r->node->op_type;
    const operation what = op[0] == 'A' ? ADD : op[0] == 'S' ? SUB : op[0] == 'M' ? MUL : DIV;
    const mnist_onnx_value *a = operands[0], *b = operands[1];
    const bool constant_first = a->kind == MNIST_ONNX_CONSTANT;
    *out = constant_first ? *b : *a;
    if (out->is_byte) {
        return mnist_onnx_fail_node(
            r, "its input '%s' is the image's bytes, expected Cast to float before it",
            mnist_show(out->name).text);
    }
    out->rounds.is_last = false;
    if (out->kind == MNIST_ONNX_CONSTANT) {
        return mnist_onnx_fail_node(r, "of two constants, which is not computed here: have the "
                                       "program that wrote the file fold constants");
    }
    if (out->kind == MNIST_ONNX_PROBABILITIES) {
        return mnist_onnx_fail_node(r, "arithmetic after Softmax is not read");
    }
    if (constant_first || b->kind == MNIST_ONNX_CONSTANT) {
        return with_constant(r, out, what, constant_first ? a : b, constant_first);
    }
    if (a->kind != MNIST_ONNX_SUMS || b->kind != MNIST_ONNX_SUMS || a->layer != b->layer) {
        return mnist_onnx_fail_node(r,
                                    "its inputs '%s' and '%s' are of different layers, expected "
                                    "a chain of layers: branches are not read",
                                    mnist_show(a->name).text, mnist_show(b->name).text);
    }
    for (unsigned i = 0; i < MNIST_ONNX_SAMPLES; i++) {
        out->samples[i] = compute(what, a->samples[i], b->samples[i]);
    }
    out->rounds.count =
        a->rounds.count == b->rounds.count ? a->rounds.count : MNIST_ONNX_ITEMS; /* of no one net */
    return MNIST_OK;
}

#else
typedef int mnist_no_onnx_values; /* a file is not empty */
#endif
