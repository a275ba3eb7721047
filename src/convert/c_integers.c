/* Nets of whole numbers in C99: the arithmetic of mnist/integers.h, and no float on the way to the digit. */
#include "convert/c_text.h"

#include "base/status.h"

#include <mnist/integers.h>

#include <float.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PER_LINE 16 /* numbers of a table */
#define NUMBER   16 /* bytes of one: " -2147483648," */

typedef struct c_layer {
    unsigned inputs, outputs;
    unsigned bits; /* of a weight in the table: 8, 4 or 2, whichever is the fewest that hold all */
    int8_t *weights; /* (inputs, outputs) */
    mnist_integer_constants constants;
} c_layer;

struct mnist_c_integers {
    unsigned layer_count, values; /* the widest hidden layer */
    unsigned sums;                /* the widest layer */
    c_layer layers[MNIST_NET_LAYERS];
};

static int magnitude(int8_t weight)
{
    return weight < 0 ? -weight : weight;
}

static unsigned count_bits(const int8_t *weights, size_t count)
{
    int most = 0;
    for (size_t i = 0; i < count; i++) {
        most = magnitude(weights[i]) > most ? magnitude(weights[i]) : most;
    }
    return most <= 1 ? 2 : most <= 7 ? 4 : 8;
}

/* Bytes of an input's weights. */
static size_t row_bytes(const c_layer *layer)
{
    return ((size_t)layer->outputs * layer->bits + 7) / 8;
}

/* In whole numbers logits are compared as the floats they are, if these are of the usual kind. */
static mnist_status check_logits(const c_layer *last, const char *path, mnist_error *err)
{
    for (size_t o = 0; o < last->outputs; o++) {
        const float scale = last->constants.scales[o];
        double most = last->constants.start[o] < 0 ? -(double)last->constants.start[o]
                                                   : (double)last->constants.start[o];
        for (size_t i = 0; i < last->inputs; i++) {
            most +=
                MNIST_INTEGER_VALUE_MOST * (double)magnitude(last->weights[i * last->outputs + o]);
        }
        if (!(scale >= FLT_MIN && (most + 1.0) * (double)scale < (double)FLT_MAX / 2.0)) {
            return mnist_fail(err, MNIST_ERR_ARGUMENT,
                              "%.2000s: logits of class %zu are whole numbers up to %.9g times "
                              "%.9g: format c takes a factor of at least 1.2e-38, and logits below "
                              "1.7e38",
                              path, o, most, (double)scale);
        }
    }
    return MNIST_OK;
}

mnist_status mnist_c_integers_create(mnist_c_integers **out, const mnist_net *net, const char *path,
                                     mnist_error *err)
{
    const mnist_mlp *mlp = mnist_model_mlp(net->integers);
    mnist_c_integers *integers = *out = calloc(1, sizeof *integers);
    if (!integers) {
        return mnist_fail_memory(err, sizeof *integers, "a net as C");
    }
    integers->layer_count = net->layer_count;
    integers->sums = net->layers[net->layer_count - 1].outputs;
    for (unsigned l = 0; l < net->layer_count; l++) {
        c_layer *layer = &integers->layers[l];
        layer->inputs = net->layers[l].inputs;
        layer->outputs = net->layers[l].outputs;
        const size_t count = (size_t)layer->inputs * layer->outputs;
        layer->weights = malloc(count);
        if (!layer->weights) {
            return mnist_fail_memory(err, count, "a net as C");
        }
        mnist_mlp_get_integers(mlp, l, layer->weights, NULL, NULL, NULL);
        layer->constants = mnist_mlp_integer_constants(mlp, l);
        layer->bits = count_bits(layer->weights, count);
        if (l + 1 < net->layer_count && layer->outputs > integers->values) {
            integers->values = layer->outputs;
        }
    }
    integers->sums = integers->values > integers->sums ? integers->values : integers->sums;
    return check_logits(&integers->layers[net->layer_count - 1], path, err);
}

void mnist_c_integers_free(mnist_c_integers *integers)
{
    for (unsigned l = 0; integers && l < integers->layer_count; l++) {
        free(integers->layers[l].weights);
    }
    free(integers);
}

mnist_c_sizes mnist_c_integer_sizes(const mnist_c_integers *integers)
{
    mnist_c_sizes sizes = {.tables = integers->layers[integers->layer_count - 1].outputs *
                                     sizeof(uint32_t), /* scales */
                           .code = 2 + integers->layer_count / 4,
                           .stack = integers->sums * sizeof(int32_t) + integers->values};
    for (unsigned l = 0; l < integers->layer_count; l++) {
        const c_layer *layer = &integers->layers[l];
        const size_t steps = sizeof(int16_t) + sizeof(uint8_t);
        sizes.tables += layer->inputs * (uint64_t)row_bytes(layer);
        sizes.tables +=
            layer->outputs * (uint64_t)(sizeof(int32_t) + (layer->constants.shifts ? steps : 0));
        sizes.tables += layer->constants.table ? 256 : 0;
    }
    return sizes;
}

/* Tables. */

/* Starts a number, of which a line has so many before it; lines are complete with the number. */
static void put_number(mnist_c_source *source, size_t index, size_t count, int32_t value)
{
    char text[NUMBER];
    const bool first = index % PER_LINE == 0, last = (index + 1) % PER_LINE == 0;
    const int length = snprintf(text, sizeof text, "%s%" PRId32 ",%s", first ? "    " : " ", value,
                                last || index + 1 == count ? "\n" : "");
    mnist_c_put_bytes(source, text, (size_t)length);
}

static void begin_table(mnist_c_source *source, const char *type, const char *name, unsigned l,
                        size_t count)
{
    mnist_c_put(source, "\nstatic const %s $_%s%u[%zu] = {\n", type, name, l + 1, count);
}

static void put_table(mnist_c_source *source, const char *type, const char *name, unsigned l,
                      const int32_t *values)
{
    const size_t count = source->integers->layers[l].outputs;
    begin_table(source, type, name, l, count);
    for (size_t i = 0; i < count; i++) {
        put_number(source, i, count, values[i]);
    }
    mnist_c_put(source, "};\n");
}

/* Byte `at` of an input's weights: its lowest bits are the first, each with half its range added. */
static int32_t pack(const c_layer *layer, const int8_t *row, size_t at)
{
    const unsigned each = 8 / layer->bits;
    unsigned byte = 0;
    for (unsigned k = 0; k < each && at * each + k < layer->outputs; k++) {
        const int u = row[at * each + k] + (1 << (layer->bits - 1));
        byte |= (unsigned)u << k * layer->bits;
    }
    return (int32_t)byte;
}

static void put_weights(mnist_c_source *source, unsigned l)
{
    const c_layer *layer = &source->integers->layers[l];
    const size_t width = row_bytes(layer), count = layer->inputs * width;
    if (layer->bits < 8) {
        mnist_c_put(source,
                    "\n/* %u weights a byte, the first in its lowest bits, each with %d added; an "
                    "input has %zu bytes */",
                    8 / layer->bits, 1 << (layer->bits - 1), width);
    }
    begin_table(source, layer->bits == 8 ? "int8_t" : "uint8_t", "weights", l, count);
    for (size_t i = 0; i < count; i++) {
        const int8_t *row = layer->weights + i / width * layer->outputs;
        put_number(source, i, count,
                   layer->bits == 8 ? row[i % width] : pack(layer, row, i % width));
    }
    mnist_c_put(source, "};\n");
}

static void put_scales(mnist_c_source *source, const float *scales, unsigned classes)
{
    mnist_c_put(source,
                "\n/* What a sum is times to be a logit: the bits of floats. */\n"
                "static const uint32_t $_scale[%u] = {",
                classes);
    for (unsigned c = 0; c < classes; c++) {
        uint32_t bits;
        memcpy(&bits, &scales[c], sizeof bits);
        mnist_c_put(source, "%s0x%08" PRIX32 ",", c % 5 == 0 ? "\n    " : " ", bits);
    }
    mnist_c_put(source, "\n};\n");
}

static void put_tables(mnist_c_source *source)
{
    const mnist_c_integers *integers = source->integers;
    for (unsigned l = 0; l < integers->layer_count; l++) {
        const mnist_integer_constants *constants = &integers->layers[l].constants;
        put_weights(source, l);
        put_table(source, "int32_t", "start", l, constants->start);
        if (!constants->shifts) {
            put_scales(source, constants->scales, integers->layers[l].outputs);
            continue;
        }
        put_table(source, "int16_t", "multiplier", l, constants->multipliers);
        put_table(source, "uint8_t", "shift", l, constants->shifts);
        if (constants->table) {
            begin_table(source, "uint8_t", "table", l, 256);
            for (size_t i = 0; i < 256; i++) {
                put_number(source, i, 256, constants->table[i]);
            }
            mnist_c_put(source, "};\n");
        }
    }
}

/* Functions. */

static const char relu_text[] =
    "\n"
    "/* What a sum is to the next layer: relu, 0 to 127. */\n"
    "static uint8_t $_value(int32_t sum, int32_t multiplier, uint8_t shift)\n"
    "{\n"
    "    if (sum <= 0) {\n"
    "        return 0;\n"
    "    }\n"
    "    sum >>= shift;\n"
    "    sum = ((sum > 32767 ? 32767 : sum) * multiplier + 16384) >> 15;\n"
    "    return (uint8_t)(sum > 127 ? 127 : sum);\n"
    "}\n";

static const char table_text[] =
    "\n"
    "/* value / 2^bits, rounded down: what >> does is said of 0 and above alone. */\n"
    "static int32_t $_divide(int32_t value, uint8_t bits)\n"
    "{\n"
    "    return value < 0 ? ~(~value >> bits) : value >> bits;\n"
    "}\n"
    "\n"
    "/* What a sum is to the next layer: %s, as a table of 256 steps, 0 to 127. */\n"
    "static uint8_t $_value(int32_t sum, int32_t multiplier, uint8_t shift, const uint8_t *table)\n"
    "{\n"
    "    sum = $_divide(sum, shift);\n"
    "    sum = sum < -32768 ? -32768 : sum > 32767 ? 32767 : sum;\n"
    "    sum = $_divide(sum * multiplier + 16384, 15) + 128;\n"
    "    return table[sum < 0 ? 0 : sum > 255 ? 255 : sum];\n"
    "}\n";

/* A float is 2^field times a mantissa of 24 bits; round and multiply, as IEEE 754 says it. The last
 * rounding may give 2^24, which the sum of bits carries into the field. */
static const char logit_text[] =
    "\n"
    "/* m as 24 bits, rounded to nearest, half to even: how many are gone is added to field. */\n"
    "static uint64_t $_round(uint64_t m, uint32_t *field)\n"
    "{\n"
    "    unsigned gone = 0;\n"
    "    for (uint32_t rest = (uint32_t)(m >> 24); rest > 0; rest >>= 1) {\n"
    "        gone++;\n"
    "    }\n"
    "    if (gone == 0) {\n"
    "        return m;\n"
    "    }\n"
    "    *field += gone;\n"
    "    return (m + (((uint64_t)1 << (gone - 1)) - 1) + (m >> gone & 1)) >> gone;\n"
    "}\n"
    "\n"
    "/* The logit (float)sum * scale, to the bit: its magnitude's bits with its sign, which are in "
    "the\n"
    " * order of the logits. */\n"
    "static int32_t $_logit(int32_t sum, uint32_t scale)\n"
    "{\n"
    "    uint32_t field = scale >> 23;\n"
    "    uint64_t m = sum < 0 ? (uint32_t)0 - (uint32_t)sum : (uint32_t)sum;\n"
    "    if (m == 0) {\n"
    "        return 0;\n"
    "    }\n"
    "    m = $_round(m, &field);\n"
    "    m = $_round(m * ((scale & 0x7FFFFF) | 0x800000), &field);\n"
    "    const int32_t bits = (int32_t)((field << 23) + (uint32_t)m - 0x800000);\n"
    "    return sum < 0 ? -bits : bits;\n"
    "}\n";

/* Weight k of byte w[at], times x. */
static void put_product(mnist_c_source *source, const c_layer *layer, const char *at, unsigned k)
{
    mnist_c_put(source, "x * (w[%s]", at);
    if (k > 0) {
        mnist_c_put(source, " >> %u", k * layer->bits);
    }
    if ((k + 1) * layer->bits < 8) {
        mnist_c_put(source, " & %u", (1u << layer->bits) - 1);
    }
    mnist_c_put(source, ");\n");
}

/* z[o] += x w[o], where weights share bytes; outputs that fill no byte are behind the loop. */
static void put_packed_products(mnist_c_source *source, const c_layer *layer)
{
    const unsigned each = 8 / layer->bits, whole = layer->outputs / each;
    char at[NUMBER];
    snprintf(at, sizeof at, "%u", whole);
    if (whole > 0) {
        mnist_c_put(source, "        for (size_t o = 0; o < %u; o++) {\n", whole);
        mnist_c_put(source, "            z[%u * o] += ", each);
        put_product(source, layer, "o", 0);
        for (unsigned k = 1; k < each; k++) {
            mnist_c_put(source, "            z[%u * o + %u] += ", each, k);
            put_product(source, layer, "o", k);
        }
        mnist_c_put(source, "        }\n");
    }
    for (unsigned k = 0; k < layer->outputs % each; k++) {
        mnist_c_put(source, "        z[%u] += ", whole * each + k);
        put_product(source, layer, at, k);
    }
}

static void put_layer(mnist_c_source *source, unsigned l)
{
    const c_layer *layer = &source->integers->layers[l];
    const bool packed = layer->bits < 8;
    mnist_c_put(source,
                "\nstatic void $_layer%u(const uint8_t *restrict a, int32_t *restrict z)\n{\n"
                "    const %s *w = $_weights%u;\n%s",
                l + 1, packed ? "uint8_t" : "int8_t", l + 1,
                packed ? "    int32_t all = 0;\n" : "");
    mnist_c_put(source,
                "    for (size_t o = 0; o < %u; o++) {\n        z[o] = $_start%u[o];\n    }\n",
                layer->outputs, l + 1);
    mnist_c_put(source,
                "    for (size_t i = 0; i < %u; i++, w += %zu) {\n"
                "        if (a[i] == 0) {\n            continue;\n        }\n"
                "        const int32_t x = %s;\n%s",
                layer->inputs, row_bytes(layer),
                l == 0 ? "a[i] == 255 ? 127 : (a[i] + 1) / 2" : "a[i]",
                packed ? "        all += x;\n" : "");
    if (packed) {
        put_packed_products(source, layer);
    } else {
        mnist_c_put(source,
                    "        for (size_t o = 0; o < %u; o++) {\n"
                    "            z[o] += x * w[o];\n"
                    "        }\n",
                    layer->outputs);
    }
    mnist_c_put(source, "    }\n");
    if (packed) {
        mnist_c_put(source,
                    "    for (size_t o = 0; o < %u; o++) {\n"
                    "        z[o] -= %d * all;\n"
                    "    }\n",
                    layer->outputs, 1 << (layer->bits - 1));
    }
    mnist_c_put(source, "}\n");
}

/* From pixels to the last layer's sums. */
static void put_sums(mnist_c_source *source)
{
    const mnist_c_integers *integers = source->integers;
    mnist_c_put(source, "\nstatic void $_sums(const uint8_t *pixels, int32_t *z)\n{\n");
    if (integers->values > 0) {
        mnist_c_put(source, "    uint8_t a[%u];\n", integers->values);
    }
    for (unsigned l = 0; l < integers->layer_count; l++) {
        const c_layer *layer = &integers->layers[l];
        mnist_c_put(source, "    $_layer%u(%s, z);\n", l + 1, l == 0 ? "pixels" : "a");
        if (!layer->constants.shifts) {
            continue;
        }
        mnist_c_put(source,
                    "    for (size_t o = 0; o < %u; o++) {\n"
                    "        a[o] = $_value(z[o], $_multiplier%u[o], $_shift%u[o]",
                    layer->outputs, l + 1, l + 1);
        if (layer->constants.table) {
            mnist_c_put(source, ", $_table%u", l + 1);
        }
        mnist_c_put(source, ");\n    }\n");
    }
    mnist_c_put(source, "}\n");
}

static void put_functions(mnist_c_source *source)
{
    const mnist_c_integers *integers = source->integers;
    const unsigned inputs = integers->layers[0].inputs;
    const unsigned classes = integers->layers[integers->layer_count - 1].outputs;
    mnist_c_put(source,
                "\nint $_class(const uint8_t pixels[%u])\n"
                "{\n"
                "    int32_t z[%u];\n"
                "    $_sums(pixels, z);\n"
                "    int best = 0;\n"
                "    int32_t most = $_logit(z[0], $_scale[0]);\n",
                inputs, integers->sums);
    mnist_c_put(source,
                "    for (int c = 1; c < %u; c++) {\n"
                "        const int32_t logit = $_logit(z[c], $_scale[c]);\n"
                "        if (logit > most) {\n"
                "            most = logit;\n"
                "            best = c;\n"
                "        }\n"
                "    }\n"
                "    return best;\n"
                "}\n\n",
                classes);
    mnist_c_put_macro(source, "#ifndef", "_CLASS_ONLY");
    mnist_c_put_exp(source);
    mnist_c_put_softmax(source);
    mnist_c_put(source,
                "\nint $(const uint8_t pixels[%u], float out[%u])\n"
                "{\n"
                "    int32_t z[%u];\n"
                "    $_sums(pixels, z);\n",
                inputs, classes, integers->sums);
    mnist_c_put(source,
                "    for (size_t c = 0; c < %u; c++) {\n"
                "        union {\n"
                "            uint32_t bits;\n"
                "            float value;\n"
                "        } scale;\n"
                "        scale.bits = $_scale[c];\n"
                "        out[c] = (float)z[c] * scale.value;\n"
                "    }\n"
                "    return $_softmax(out);\n"
                "}\n\n#endif\n",
                classes);
}

void mnist_c_put_integers(mnist_c_source *source)
{
    const mnist_c_integers *integers = source->integers;
    put_tables(source);
    if (integers->layer_count > 1) {
        if (integers->layers[0].constants.table) {
            mnist_c_put(source, table_text, mnist_activation_name(source->net->activation));
        } else {
            mnist_c_put_text(source, relu_text);
        }
    }
    for (unsigned l = 0; l < integers->layer_count; l++) {
        put_layer(source, l);
    }
    put_sums(source);
    mnist_c_put_text(source, logit_text);
    put_functions(source);
}

/* The header. */

void mnist_c_put_integer_comment(mnist_c_source *source)
{
    const mnist_c_integers *integers = source->integers;
    mnist_c_put(source, " * It computes in whole numbers. A weight has");
    for (unsigned l = 0; l < integers->layer_count; l++) {
        mnist_c_put(source, "%s %u", l > 0 ? "," : "", integers->layers[l].bits);
    }
    mnist_c_put(source, " bits%s.\n", integers->layer_count > 1 ? ", layer by layer" : "");
}

void mnist_c_put_integer_prototypes(mnist_c_source *source)
{
    const mnist_c_integers *integers = source->integers;
    const unsigned inputs = integers->layers[0].inputs;
    mnist_c_put_macro(source, "#ifndef", "_CLASS_ONLY");
    mnist_c_put(source, "int $(const uint8_t pixels[%u], float out[%u]);\n#endif\n\n", inputs,
                integers->layers[integers->layer_count - 1].outputs);
    mnist_c_put(source,
                "/* The same %s, in whole numbers from the pixels to it. Compiled with the macro\n"
                " * above defined, there is nothing else and no float. */\n"
                "int $_class(const uint8_t pixels[%u]);\n",
                mnist_c_word(source), inputs);
}
