/* Text in C99: '$' stands for the function's name, with which all others begin. */
#define _POSIX_C_SOURCE 200809L
#include "convert/c_text.h"

#include "kernels/approx.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PIECE  1024 /* bytes of one put() */
#define PER_LINE   6    /* numbers of a table */
#define NUMBER     20   /* bytes of one: "-0x800001p-149f" */
#define TEXT_OF(x) #x
#define TEXT(x)    TEXT_OF(x) /* of what a macro stands for */

static void add(mnist_c_source *source, const char *bytes, size_t count)
{
    if (!source->failed && count > source->room - source->size) {
        const size_t room = source->room + source->room / 2 + count + 65536;
        uint8_t *text = realloc(source->text, room);
        if (text) {
            source->text = text;
            source->room = room;
        } else {
            source->failed = true;
        }
    }
    if (!source->failed) {
        memcpy(source->text + source->size, bytes, count);
        source->size += count;
    }
}

/* text, with the function's name for '$' */
static void put_text(mnist_c_source *source, const char *text)
{
    while (*text != '\0') {
        const size_t plain = strcspn(text, "$");
        add(source, text, plain);
        text += plain;
        if (*text == '$') {
            add(source, source->function, strlen(source->function));
            text++;
        }
    }
}

static void put(mnist_c_source *source, const char *format, ...) MNIST_PRINTF(2, 3);
static void put(mnist_c_source *source, const char *format, ...)
{
    char piece[MAX_PIECE];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(piece, sizeof piece, format, arguments);
    va_end(arguments);
    assert(length >= 0 && (size_t)length < sizeof piece);
    (void)length;
    put_text(source, piece);
}

/* A finite number, in hexadecimal: C99 says that it is rounded correctly; of decimals it leaves the
 * last bit to the compiler. The mantissa is whole: no point, which a locale could change. */
static size_t write_number(char text[NUMBER], float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    const int field = (int)(bits >> 23 & 0xFFu);
    uint32_t mantissa = (bits & 0x7FFFFFu) | (field > 0 ? 0x800000u : 0u);
    int exponent = (field > 0 ? field : 1) - 150;
    const char *sign = bits >> 31 ? "-" : "";
    if (mantissa == 0) {
        return (size_t)snprintf(text, NUMBER, "%s0.0f", sign);
    }
    for (; mantissa % 2 == 0; mantissa /= 2) {
        exponent++;
    }
    return (size_t)snprintf(text, NUMBER, "%s0x%" PRIX32 "p%df", sign, mantissa, exponent);
}

/* kind: "weights" or "bias" */
static void put_table(mnist_c_source *source, const char *kind, unsigned layer, const float *values,
                      size_t count)
{
    char line[PER_LINE * (NUMBER + 1) + 4];
    put(source, "\nstatic const float $_%s%u[%zu] = {\n", kind, layer, count);
    for (size_t i = 0; i < count; i += PER_LINE) {
        size_t used = 3;
        memcpy(line, "   ", used);
        for (size_t k = i; k < count && k < i + PER_LINE; k++) {
            line[used++] = ' ';
            used += write_number(line + used, values[k]);
            line[used++] = ',';
        }
        line[used++] = '\n';
        add(source, line, used);
    }
    put(source, "};\n");
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

/* With the constants of kernels/approx.h, as they are written there. */
static void put_exp(mnist_c_source *source)
{
    put(source,
        "\n"
        "/* e to the x, x at most 0: x = n ln 2 + r, 2^n put together from its bits, e^r a "
        "polynomial. The\n"
        " * relative error is below 1.5e-7; below -87, where floats run out, it is 0. */\n"
        "static float $_exp(float x)\n"
        "{\n"
        "    union {\n"
        "        uint32_t bits;\n"
        "        float value;\n"
        "    } power;\n"
        "    if (!(x > -87.0f)) {\n"
        "        return x < 0.0f ? 0.0f : x;\n"
        "    }\n"
        "    const int n = (int)(x * %s - 0.5f);\n"
        "    const float r = x - (float)n * %s - (float)n * %s;\n",
        TEXT(EXP_LOG2E), TEXT(EXP_LN2_HI), TEXT(EXP_LN2_LO));
    put(source,
        "    float p = %s;\n"
        "    p = p * r + %s;\n"
        "    p = p * r + %s;\n"
        "    p = p * r + %s;\n"
        "    p = p * r + %s;\n"
        "    power.bits = (uint32_t)(n + 127) << 23;\n"
        "    return power.value * (1.0f + (r + r * r * p));\n"
        "}\n",
        TEXT(EXP_C6), TEXT(EXP_C5), TEXT(EXP_C4), TEXT(EXP_C3), TEXT(EXP_C2));
}

static const char sigmoid_text[] = "\n"
                                   "/* The error is below 1.5e-7. */\n"
                                   "static float $_sigmoid(float x)\n"
                                   "{\n"
                                   "    const float e = $_exp(x < 0.0f ? x : -x);\n"
                                   "    return (x < 0.0f ? e : 1.0f) / (1.0f + e);\n"
                                   "}\n";

static const char softmax_text[] =
    "\n"
    "/* Logits become probabilities; returns the first of the largest. */\n"
    "static int $_softmax(float *values)\n"
    "{\n"
    "    int best = 0;\n"
    "    for (int c = 1; c < 10; c++) {\n"
    "        best = values[c] > values[best] ? c : best;\n"
    "    }\n"
    "    const float top = values[best];\n"
    "    float sum = 0.0f;\n"
    "    for (int c = 0; c < 10; c++) {\n"
    "        values[c] = $_exp(values[c] - top);\n"
    "        sum += values[c];\n"
    "    }\n"
    "    for (int c = 0; c < 10; c++) {\n"
    "        values[c] /= sum;\n"
    "    }\n"
    "    return best;\n"
    "}\n";

static void put_activation(mnist_c_source *source)
{
    const c_activation *activation = activations[source->net->activation];
    if (activation->calls == CALLS_SIGMOID) {
        put_text(source, sigmoid_text);
    }
    put(source, "\n/* %s%s%s */\n", mnist_activation_name(source->net->activation),
        activation->note[0] ? ": " : "", activation->note);
    put(source, "static float $_activate(float x)\n{\n    ");
    put_text(source, activation->body);
    put(source, "\n}\n");
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
        put(source, "\n/* with what pixels of 0 give after normalisation */");
        put_table(source, "bias", l + 1, bias, layer->outputs);
        free(bias);
    }
}

static void put_layer(mnist_c_source *source, unsigned l, float step)
{
    const mnist_net_layer *layer = &source->net->layers[l];
    char number[NUMBER];
    (void)write_number(number, step);
    put(source, "\nstatic void $_layer%u(const %s *restrict a, float *restrict z)\n{\n", l + 1,
        l == 0 ? "uint8_t" : "float");
    put(source, "    const float *w = $_weights%u;\n", l + 1);
    put(source,
        "    for (size_t o = 0; o < %u; o++) {\n"
        "        z[o] = $_bias%u[o];\n"
        "    }\n",
        layer->outputs, l + 1);
    put(source, "    for (size_t i = 0; i < %u; i++, w += %u) {\n", layer->inputs, layer->outputs);
    if (l == 0) {
        put(source,
            "        if (a[i] == 0) {\n            continue;\n        }\n"
            "        const float x = (float)a[i] * %s;\n",
            number);
    } else {
        put(source, "        const float x = a[i];\n        if (x == 0.0f) {\n            "
                    "continue;\n        }\n");
    }
    put(source,
        "        for (size_t o = 0; o < %u; o++) {\n            z[o] += x * w[o];\n        }\n    "
        "}\n",
        layer->outputs);
    if (l + 1 < source->net->layer_count) {
        put(source,
            "    for (size_t o = 0; o < %u; o++) {\n        z[o] = $_activate(z[o]);\n    }\n",
            layer->outputs);
    }
    put(source, "}\n");
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
    put(source, "\nint $(const uint8_t pixels[%u], float out[10])\n{\n",
        source->net->layers[0].inputs);
    for (unsigned k = 0; k < 2 && widths[k] > 0; k++) {
        put(source, "    float %s[%u];\n", names[k], widths[k]);
    }
    for (unsigned l = 0; l < layers; l++) {
        put(source, "    $_layer%u(%s, %s);\n", l + 1, l == 0 ? "pixels" : names[(l - 1) % 2],
            l + 1 < layers ? names[l % 2] : "out");
    }
    put(source, "    return $_softmax(out);\n}\n");
}

void mnist_c_put_source(mnist_c_source *source)
{
    double zero;
    float step;
    split_normalization(&source->net->normalization, &zero, &step);
    put(source,
        "/* %s: a net as C, written by mnist-convert. %.*s.h says what it does and takes. */\n"
        "#include \"%.*s.h\"\n\n#include <stddef.h>\n",
        source->name, source->stem, source->name, source->stem, source->name);
    put_tables(source, zero);
    put_exp(source);
    if (source->net->layer_count > 1) {
        put_activation(source);
    }
    for (unsigned l = 0; l < source->net->layer_count; l++) {
        put_layer(source, l, step);
    }
    put_text(source, softmax_text);
    put_function(source);
}

/* What the comment says of sizes. */
static void put_sizes(mnist_c_source *source)
{
    const mnist_net *net = source->net;
    uint64_t products = 0, numbers = 0;
    unsigned widths[2];
    for (unsigned l = 0; l < net->layer_count; l++) {
        const uint64_t weights = (uint64_t)net->layers[l].inputs * net->layers[l].outputs;
        products += weights;
        numbers += weights + net->layers[l].outputs;
    }
    measure_arrays(net, widths);
    put(source,
        " * Flash: %" PRIu64 " bytes of tables, and less than %u KB of code (Cortex-M, -O2).\n",
        numbers * sizeof(float), 1 + net->layer_count / 2);
    put(source,
        " * RAM: nothing that stays; on the stack %zu bytes of values, and less than 200 for "
        "calls.\n",
        ((size_t)widths[0] + widths[1]) * sizeof(float));
    put(source,
        " * Multiply-adds for an image: %" PRIu64 " at most, of which %" PRIu64
        " are the first layer's. It\n"
        " * leaves out pixels that are 0, four in five of MNIST's%s.\n",
        products, (uint64_t)net->layers[0].inputs * net->layers[0].outputs,
        net->layer_count > 1 ? "; further layers leave out values that are 0" : "");
}

static void put_comment(mnist_c_source *source)
{
    const mnist_net *net = source->net;
    char shape[MNIST_NET_SHAPE];
    mnist_net_shape_text(net, shape);
    put(source, "/* %.*s.h, %s: a net that reads digits, as C99.\n *\n", source->stem, source->name,
        source->name);
    put(source, " * The net is %s", shape);
    if (net->layer_count > 1) {
        put(source, ", %s", mnist_activation_name(net->activation));
    }
    put(source, ". mnist-convert %s wrote it", mnist_version());
    if (net->source) {
        put(source, " from a file (%s) with the SHA-256\n * %s", net->source->name, net->digest);
    }
    put(source, ".\n *\n");
    put_sizes(source);
    put(source,
        " *\n"
        " * No library (memcpy, where a compiler likes to call it; not with -ffreestanding), no\n"
        " * allocation, no state: it may run in several threads. float must be the binary32 of\n"
        " * IEEE 754. To compile, for instance:\n"
        " *\n"
        " *     cc -std=c99 -O2 -c %s\n"
        " *     arm-none-eabi-gcc -std=c99 -O2 -ffreestanding -mthumb -mcpu=cortex-m4 \\\n"
        " *         -mfpu=fpv4-sp-d16 -mfloat-abi=hard -c %s\n"
        " */\n",
        source->name, source->name);
}

/* The function's name in capitals. */
static void put_guard(mnist_c_source *source, const char *before)
{
    char guard[MNIST_C_FUNCTION];
    strcpy(guard, source->function);
    for (char *c = guard; *c != '\0'; c++) {
        *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
    }
    put(source, "%s %s_H\n", before, guard);
}

void mnist_c_put_header(mnist_c_source *source)
{
    const unsigned inputs = source->net->layers[0].inputs;
    put_comment(source);
    put_guard(source, "#ifndef");
    put_guard(source, "#define");
    put(source, "\n#include <stdint.h>\n\n"
                "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n");
    put(source,
        "/* Returns the digit, 0 to 9, and in out the probability of each: the softmax of the "
        "net's last\n"
        " * layer, whose sum is 1 but for rounding. Of digits that are equally likely it returns "
        "the lowest.\n"
        " * pixels: an image%s, row after row, from 0, the background, to 255,\n"
        " * as MNIST's files have it. */\n",
        inputs == 784 ? " of 28 rows and 28 columns" : "");
    put(source, "int $(const uint8_t pixels[%u], float out[10]);\n", inputs);
    put(source, "\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n");
}
