/* Nets of floats in C99. */
#include "convert/c_text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define PER_LINE 6 /* numbers of a table */

/* kind: "weights" or "bias" */
static void put_table(mnist_c_source *source, const char *kind, unsigned layer, const float *values,
                      size_t count)
{
    char line[PER_LINE * (MNIST_C_NUMBER + 1) + 4];
    mnist_c_put(source, "\nstatic const float $_%s%u[%zu] = {\n", kind, layer, count);
    for (size_t i = 0; i < count; i += PER_LINE) {
        size_t used = 3;
        memcpy(line, "   ", used);
        for (size_t k = i; k < count && k < i + PER_LINE; k++) {
            line[used++] = ' ';
            used += mnist_c_number(line + used, values[k]);
            line[used++] = ',';
        }
        line[used++] = '\n';
        mnist_c_put_bytes(source, line, used);
    }
    mnist_c_put(source, "};\n");
}

/* Activations. One is added by a C_CODE here: which functions it calls, what there is to say of its
 * error, what becomes of x. Without it this file does not compile. */
typedef struct c_activation {
    enum { CALLS_NOTHING, CALLS_SIGMOID } calls;
    const char *note; /* of its error; "": it is exact */
    const char *body;
} c_activation;

static const c_activation C_RELU = {CALLS_NOTHING, "", "return x < 0.0f ? 0.0f : x;"};
static const c_activation C_LEAKY_RELU = {CALLS_NOTHING, "", "return x < 0.0f ? 0.01f * x : x;"};
static const c_activation C_SIGMOID = {CALLS_SIGMOID, "", "return $_sigmoid(x);"};
static const c_activation C_TANH = {CALLS_SIGMOID, "tanh, with an error below 3e-7",
                                    "return 2.0f * $_sigmoid(2.0f * x) - 1.0f;"};
static const c_activation C_GELU = {
    CALLS_SIGMOID, "x (1 + tanh y) / 2 is x sigmoid(2 y); the error is below 3e-7 |x|",
    "return x * $_sigmoid(0x1.988454p+0f * (x + 0.044715f * x * x * x));"};

static const c_activation *const activations[] = {
#define C_ENTRY(code, ...) [MNIST_##code] = &C_##code,
    MNIST_ACTIVATION_LIST(C_ENTRY)
#undef C_ENTRY
};
_Static_assert(sizeof activations / sizeof activations[0] == MNIST_ACTIVATIONS,
               "an activation without its C");

static const char sigmoid_text[] = "\n"
                                   "/* The error is below 1.5e-7. */\n"
                                   "static float $_sigmoid(float x)\n"
                                   "{\n"
                                   "    const float e = $_exp(x < 0.0f ? x : -x);\n"
                                   "    return (x < 0.0f ? e : 1.0f) / (1.0f + e);\n"
                                   "}\n";

static void put_activation(mnist_c_source *source)
{
    const c_activation *activation = activations[source->net->activation];
    if (activation->calls == CALLS_SIGMOID) {
        mnist_c_put_text(source, sigmoid_text);
    }
    mnist_c_put(source, "\n/* %s%s%s */\n", mnist_activation_name(source->net->activation),
                activation->note[0] ? ": " : "", activation->note);
    mnist_c_put(source, "static float $_activate(float x)\n{\n    ");
    mnist_c_put_text(source, activation->body);
    mnist_c_put(source, "\n}\n");
}

/* What a pixel of 0 gives, and what each further step of it adds: x = zero + step v. */
static void split_normalization(const mnist_normalization *normalization, double *zero, float *step)
{
    float table[256];
    mnist_normalization_table(normalization, table);
    *zero = (double)table[0];
    *step = (float)(((double)table[255] - (double)table[0]) / 255.0);
}

/* The first layer's bias as it is when all pixels are 0. */
static void fold_bias(float *bias, const mnist_net_layer *layer, double zero)
{
    for (size_t o = 0; o < layer->outputs; o++) {
        double sum = 0.0;
        for (size_t i = 0; zero != 0.0 && i < layer->inputs; i++) {
            sum += (double)layer->weights[i * layer->outputs + o];
        }
        bias[o] = (float)((double)layer->bias[o] + zero * sum);
    }
}

static void put_tables(mnist_c_source *source, double zero)
{
    const mnist_net *net = source->net;
    for (unsigned l = 0; l < net->layer_count; l++) {
        const mnist_net_layer *layer = &net->layers[l];
        put_table(source, "weights", l + 1, layer->weights, (size_t)layer->inputs * layer->outputs);
        if (l > 0 || zero == 0.0) {
            put_table(source, "bias", l + 1, layer->bias, layer->outputs);
            continue;
        }
        float *bias = malloc(layer->outputs * sizeof *bias);
        if (!bias) {
            source->failed = true;
            return;
        }
        fold_bias(bias, layer, zero);
        mnist_c_put(source, "\n/* with what pixels of 0 give after normalisation */");
        put_table(source, "bias", l + 1, bias, layer->outputs);
        free(bias);
    }
}

static void put_layer(mnist_c_source *source, unsigned l, float step)
{
    const mnist_net_layer *layer = &source->net->layers[l];
    char number[MNIST_C_NUMBER];
    (void)mnist_c_number(number, step);
    mnist_c_put(source, "\nstatic void $_layer%u(const %s *restrict a, float *restrict z)\n{\n",
                l + 1, l == 0 ? "uint8_t" : "float");
    mnist_c_put(source, "    const float *w = $_weights%u;\n", l + 1);
    mnist_c_put(source,
                "    for (size_t o = 0; o < %u; o++) {\n"
                "        z[o] = $_bias%u[o];\n"
                "    }\n",
                layer->outputs, l + 1);
    mnist_c_put(source, "    for (size_t i = 0; i < %u; i++, w += %u) {\n", layer->inputs,
                layer->outputs);
    if (l == 0) {
        mnist_c_put(source,
                    "        if (a[i] == 0) {\n            continue;\n        }\n"
                    "        const float x = (float)a[i] * %s;\n",
                    number);
    } else {
        mnist_c_put(source, "        const float x = a[i];\n        if (x == 0.0f) {\n            "
                            "continue;\n        }\n");
    }
    mnist_c_put(
        source,
        "        for (size_t o = 0; o < %u; o++) {\n            z[o] += x * w[o];\n        }\n    "
        "}\n",
        layer->outputs);
    if (l + 1 < source->net->layer_count) {
        mnist_c_put(
            source,
            "    for (size_t o = 0; o < %u; o++) {\n        z[o] = $_activate(z[o]);\n    }\n",
            layer->outputs);
    }
    mnist_c_put(source, "}\n");
}

/* Hidden layers take turns in two arrays: how wide each must be. */
static void measure_arrays(const mnist_net *net, unsigned widths[2])
{
    widths[0] = widths[1] = 0;
    for (unsigned l = 0; l + 1 < net->layer_count; l++) {
        const unsigned outputs = net->layers[l].outputs;
        widths[l % 2] = outputs > widths[l % 2] ? outputs : widths[l % 2];
    }
}

static void put_function(mnist_c_source *source)
{
    static const char *const names[] = {"a", "b"};
    const unsigned layers = source->net->layer_count;
    unsigned widths[2];
    measure_arrays(source->net, widths);
    mnist_c_put(source, "\nint $(const uint8_t pixels[%u], float out[%u])\n{\n",
                source->net->layers[0].inputs, mnist_c_classes(source));
    for (unsigned k = 0; k < 2 && widths[k] > 0; k++) {
        mnist_c_put(source, "    float %s[%u];\n", names[k], widths[k]);
    }
    for (unsigned l = 0; l < layers; l++) {
        mnist_c_put(source, "    $_layer%u(%s, %s);\n", l + 1,
                    l == 0 ? "pixels" : names[(l - 1) % 2], l + 1 < layers ? names[l % 2] : "out");
    }
    mnist_c_put(source, "    return $_softmax(out);\n}\n");
}

mnist_c_sizes mnist_c_float_sizes(const mnist_net *net)
{
    uint64_t numbers = 0;
    unsigned widths[2];
    for (unsigned l = 0; l < net->layer_count; l++) {
        numbers += ((uint64_t)net->layers[l].inputs + 1) * net->layers[l].outputs;
    }
    measure_arrays(net, widths);
    return (mnist_c_sizes){.tables = numbers * sizeof(float),
                           .code = 1 + net->layer_count / 2,
                           .stack = ((size_t)widths[0] + widths[1]) * sizeof(float)};
}

void mnist_c_put_floats(mnist_c_source *source)
{
    double zero;
    float step;
    split_normalization(&source->net->normalization, &zero, &step);
    put_tables(source, zero);
    mnist_c_put_exp(source);
    if (source->net->layer_count > 1) {
        put_activation(source);
    }
    for (unsigned l = 0; l < source->net->layer_count; l++) {
        put_layer(source, l, step);
    }
    mnist_c_put_softmax(source);
    put_function(source);
}
