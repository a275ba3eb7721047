/* Model files: what is saved comes back bit for bit, and files with anything wrong are refused. */
#define _XOPEN_SOURCE 700

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <math.h>
#include <mnist/io.h>
#include <signal.h>
#include <sys/resource.h>

#include "base/digest.h"
#include "crafted.h"
#include "scratch.h"

static const mnist_normalization unit = {MNIST_NORMALIZE_UNIT, 0.0f, 1.0f};

static mnist_mlp *create(mnist_mlp_config config, uint64_t seed)
{
    mnist_mlp *mlp;
    mnist_error err;
    if (mnist_mlp_create(&mlp, &config, &err) != MNIST_OK) {
        fail_msg("%s", err.text);
    }
    mnist_mlp_init(mlp, MNIST_INIT_AUTO, seed);
    for (unsigned l = 0; l < mnist_mlp_layers(mlp); l++) {
        unsigned outputs = mnist_mlp_layer_outputs(mlp, l);
        float *bias = calloc(outputs, sizeof *bias);
        assert_non_null(bias);
        for (unsigned i = 0; i < outputs; i++) {
            bias[i] = (float)(i + 1) * (l % 2 ? -0x1.234568p-7f : 0x1p-149f); /* subnormals too */
        }
        mnist_mlp_set_layer(mlp, l, NULL, bias);
        free(bias);
    }
    return mlp;
}

/* The smallest net there can be in a file: 1 input, 10 outputs. */
static mnist_mlp *create_smallest(void)
{
    return create((mnist_mlp_config){.inputs = 1, .outputs = 10}, 1);
}

static void save(const char *path, const mnist_mlp *mlp, const mnist_normalization *normalization,
                 const mnist_metadata *metadata, size_t count, char *digest)
{
    mnist_error err;
    if (mnist_model_save(path, mlp, normalization, metadata, count, digest, &err) != MNIST_OK) {
        fail_msg("%s", err.text);
    }
}

static mnist_model *load(const char *path)
{
    mnist_model *model;
    mnist_error err;
    if (mnist_model_load(&model, path, &err) != MNIST_OK) {
        fail_msg("%s", err.text);
    }
    return model;
}

static void assert_same_net(const mnist_mlp *a, const mnist_mlp *b)
{
    const mnist_mlp_config *left = mnist_mlp_shape(a), *right = mnist_mlp_shape(b);
    assert_int_equal(left->inputs, right->inputs);
    assert_int_equal(left->outputs, right->outputs);
    assert_int_equal(left->hidden_count, right->hidden_count);
    assert_int_equal(left->activation, right->activation);
    assert_memory_equal(left->hidden, right->hidden,
                        left->hidden_count * sizeof left->hidden[0] + (left->hidden_count == 0));
    for (unsigned l = 0; l < mnist_mlp_layers(a); l++) {
        size_t outputs = mnist_mlp_layer_outputs(a, l);
        size_t weights = outputs * mnist_mlp_layer_inputs(a, l), all = weights + outputs;
        float *x = calloc(all, sizeof *x), *y = calloc(all, sizeof *y);
        assert_true(x && y);
        mnist_mlp_get_layer(a, l, x, x + weights);
        mnist_mlp_get_layer(b, l, y, y + weights);
        assert_memory_equal(x, y, all * sizeof *x);
        free(x);
        free(y);
    }
}

static void round_trip(void **state)
{
    static const mnist_mlp_config configs[] = {
        {.inputs = 784, .outputs = 10},
        {.inputs = 1, .outputs = 10, .hidden_count = 1, .hidden = {1}, .activation = MNIST_TANH},
        {.inputs = 49,
         .outputs = 10,
         .hidden_count = 2,
         .hidden = {33, 7},
         .activation = MNIST_SIGMOID},
        {.inputs = 35,
         .outputs = 10,
         .hidden_count = 3,
         .hidden = {17, 1, 64},
         .activation = MNIST_LEAKY_RELU},
        {.inputs = 3,
         .outputs = 10,
         .hidden_count = 16,
         .activation = MNIST_GELU,
         .hidden = {1, 2, 3, 4, 5, 6, 7, 8, 9, 8, 7, 6, 5, 4, 3, 2}},
    };
    static const char *const hidden[] = {"none", "1", "33,7", "17,1,64",
                                         "1,2,3,4,5,6,7,8,9,8,7,6,5,4,3,2"};
    static const mnist_metadata metadata[] = {{"seed", "42"}, {"note", "caf\xc3\xa9 \"x\"\n"}};
    scratch_file first = scratch_name(state, "first"), second = scratch_name(state, "second");
    for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++) {
        mnist_mlp *mlp = create(configs[i], i);
        char digest[MNIST_DIGEST_TEXT], expected[MNIST_SHA256_TEXT];
        save(first.path, mlp, &unit, metadata, 2, digest);
        mnist_model *model = load(first.path);
        assert_same_net(mlp, mnist_model_mlp(model));
        assert_string_equal(mnist_model_metadata(model, "hidden"), hidden[i]);
        assert_string_equal(mnist_model_metadata(model, "format"), "mnist-mlp");
        assert_string_equal(mnist_model_metadata(model, "format_version"), "1");
        assert_string_equal(mnist_model_metadata(model, "outputs"), "10");
        assert_string_equal(mnist_model_metadata(model, "note"), metadata[1].value);
        assert_null(mnist_model_metadata(model, "absent"));

        /* saved again, from what was loaded, it is the same file */
        save(second.path, mnist_model_mlp(model), mnist_model_normalization(model), metadata, 2,
             NULL);
        size_t size, size_again;
        char *bytes = scratch_read(first.path, &size);
        char *again = scratch_read(second.path, &size_again);
        assert_int_equal(size, size_again);
        assert_memory_equal(bytes, again, size);
        mnist_sha256(bytes, size, "", 0, expected);
        assert_string_equal(digest, expected);
        assert_string_equal(mnist_model_digest(model), expected);
        save(NULL, mlp, NULL, metadata, 2, digest); /* without a normalisation: pixels / 255 */
        assert_string_equal(digest, expected);
        free(bytes);
        free(again);
        mnist_model_free(model);
        mnist_mlp_free(mlp);
    }
    assert_int_equal(scratch_count(state), 2);
}

/* The exact bytes: a file of today must be readable for ever. */
static void golden_bytes(void **state)
{
    static const char header[] =
        "{\"__metadata__\":{\"format\":\"mnist-mlp\",\"format_version\":\"1\",\"inputs\":\"1\","
        "\"hidden\":\"2\",\"outputs\":\"10\",\"activation\":\"gelu\","
        "\"normalization\":\"standard\",\"mean\":\"0.130660012\",\"stddev\":\"0.308107823\","
        "\"crc32\":\"00000000\",\"seed\":\"7\"},"
        "\"layers.0.weight\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]},"
        "\"layers.0.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]},"
        "\"layers.1.weight\":{\"dtype\":\"F32\",\"shape\":[2,10],\"data_offsets\":[16,96]},"
        "\"layers.1.bias\":{\"dtype\":\"F32\",\"shape\":[10],\"data_offsets\":[96,136]}}";
    static const mnist_metadata metadata = {"seed", "7"};
    const mnist_normalization standard = {MNIST_NORMALIZE_STANDARD, 0.13066001f, 0.30810782f};
    const mnist_mlp_config config = {
        .inputs = 1, .outputs = 10, .hidden_count = 1, .hidden = {2}, .activation = MNIST_GELU};
    /* 1, -2, 0.5, -0; the second layer counts 1, 2, 3, ... in (in, out) order */
    uint8_t data[136] = {0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 0, 0, 0, 0x3f, 0, 0, 0, 0x80};
    float first[4] = {1.0f, -2.0f, 0.5f, -0.0f}, second[30];
    mnist_mlp *mlp = create(config, 0);
    for (unsigned i = 0; i < 30; i++) {
        uint32_t bits;
        second[i] = (float)(i + 1);
        memcpy(&bits, &second[i], 4);
        for (unsigned b = 0; b < 4; b++) {
            data[16 + 4 * i + b] = (uint8_t)(bits >> (8 * b));
        }
    }
    mnist_mlp_set_layer(mlp, 0, first, first + 2);
    mnist_mlp_set_layer(mlp, 1, second, second + 20);
    scratch_file file = scratch_name(state, "model");
    save(file.path, mlp, &standard, &metadata, 1, NULL);
    crafted expected = craft(header, data, sizeof data);
    size_t size;
    char *bytes = scratch_read(file.path, &size);
    assert_int_equal(size, expected.size);
    assert_memory_equal(bytes, expected.bytes, size);

    /* and back, whatever the locale's decimal point is */
    static const char *const locales[] = {"C", "de_DE.UTF-8", "fr_FR.UTF-8", "ps_AF.UTF-8"};
    for (size_t i = 0; i < sizeof locales / sizeof locales[0]; i++) {
        if (!setlocale(LC_ALL, locales[i])) {
            continue;
        }
        mnist_model *model = load(file.path);
        assert_same_net(mlp, mnist_model_mlp(model));
        const mnist_normalization *normalization = mnist_model_normalization(model);
        assert_int_equal(normalization->kind, MNIST_NORMALIZE_STANDARD);
        assert_true(normalization->mean == standard.mean);
        assert_true(normalization->stddev == standard.stddev);
        save(file.path, mlp, normalization, &metadata, 1, NULL);
        char *again = scratch_read(file.path, &size);
        assert_memory_equal(bytes, again, expected.size);
        free(again);
        mnist_model_free(model);
    }
    setlocale(LC_ALL, "C");
    free(bytes);
    free(expected.bytes);
    mnist_mlp_free(mlp);
}

/* Nine digits give every float back. */
static void normalization_round_trip(void **state)
{
    static const float means[] = {0.1f,        -0.0f,          1e-38f, 0x1p-149f,
                                  0.33333334f, 0x1.fffffep-1f, 5e5f};
    static const float stddevs[] = {0.30810782f,   0x1p-20f, 1.0f,      0x1.fffffep-3f,
                                    0x1.000002p0f, 3.4e38f,  12345.678f};
    scratch_file file = scratch_name(state, "model");
    mnist_mlp *mlp = create_smallest();
    for (size_t i = 0; i < sizeof means / sizeof means[0]; i++) {
        mnist_normalization standard = {MNIST_NORMALIZE_STANDARD, means[i], stddevs[i]};
        save(file.path, mlp, &standard, NULL, 0, NULL);
        mnist_model *model = load(file.path);
        const mnist_normalization *read = mnist_model_normalization(model);
        assert_memory_equal(&read->mean, &means[i], sizeof(float));
        assert_memory_equal(&read->stddev, &stddevs[i], sizeof(float));
        mnist_model_free(model);
    }
    mnist_mlp_free(mlp);
}

/* expected NULL: any message will do. */
static void assert_load_fails(const char *path, const void *bytes, size_t size,
                              const char *expected)
{
    mnist_model *model = NULL;
    mnist_error err = {0};
    assert_int_equal(scratch_write(path, bytes, size), 0);
    mnist_status status = mnist_model_load(&model, path, &err);
    if (status != MNIST_ERR_FORMAT || model || strncmp(err.text, path, strlen(path)) != 0 ||
        err.status != status || !strstr(err.text, expected ? expected : "")) {
        fail_msg("expected '%s', got status %d '%s'", expected ? expected : "a format error",
                 (int)status, err.text);
    }
}

static void every_bit_flip_is_seen(void **state)
{
    scratch_file file = scratch_name(state, "model"), flipped = scratch_name(state, "flipped");
    mnist_mlp *mlp = create_smallest();
    size_t size;
    save(file.path, mlp, &unit, NULL, 0, NULL);
    char *bytes = scratch_read(file.path, &size);
    for (size_t i = 0; i < size; i++) {
        for (int bit = 0; bit < 8; bit++) {
            bytes[i] = (char)(bytes[i] ^ 1 << bit);
            assert_load_fails(flipped.path, bytes, size, NULL);
            bytes[i] = (char)(bytes[i] ^ 1 << bit);
        }
    }
    /* a change in the data is seen by the checksum alone */
    bytes[size - 1] ^= 1;
    assert_load_fails(flipped.path, bytes, size, "the file is damaged: its CRC-32 is ");
    free(bytes);
    mnist_mlp_free(mlp);
}

static void every_truncation_is_seen(void **state)
{
    scratch_file file = scratch_name(state, "model"), cut = scratch_name(state, "cut");
    mnist_mlp *mlp = create_smallest();
    size_t size;
    save(file.path, mlp, &unit, NULL, 0, NULL);
    char *bytes = scratch_read(file.path, &size);
    for (size_t length = 0; length < size; length++) {
        assert_load_fails(cut.path, bytes, length,
                          length == 0  ? "the file is empty"
                          : length < 8 ? "a safetensors file begins with 8 bytes"
                                       : ": truncated");
    }
    assert_load_fails(cut.path, bytes, size + 1, "1 trailing bytes"); /* scratch_read adds a zero */
    free(bytes);
    mnist_mlp_free(mlp);
}

/* Parts of a valid header for 1 input, one hidden layer of width 2, and 10 outputs. */
#define FORMAT  "\"format\":\"mnist-mlp\",\"format_version\":\"1\","
#define INPUTS  "\"inputs\":\"1\","
#define HIDDEN  "\"hidden\":\"2\","
#define OUTPUTS "\"outputs\":\"10\","
#define RELU    "\"activation\":\"relu\","
#define UNIT    "\"normalization\":\"unit\",\"mean\":\"0\",\"stddev\":\"1\","
#define CRC     "\"crc32\":\"00000000\""
#define NET     INPUTS HIDDEN OUTPUTS RELU
#define T(name, shape, begin, end)                                                                 \
    ",\"" name "\":{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":[" begin "," end "]}"
#define W0                    T("layers.0.weight", "[1,2]", "0", "8")
#define B0                    T("layers.0.bias", "[2]", "8", "16")
#define W1                    T("layers.1.weight", "[2,10]", "16", "96")
#define B1                    T("layers.1.bias", "[10]", "96", "136")
#define VERSION_3             "\"format\":\"mnist-mlp\",\"format_version\":\"3\","
#define TENSORS               W0 B0 W1 B1
#define META(inside, tensors) "{\"__metadata__\":{" inside "}" tensors "}"
#define STANDARD(mean, stddev)                                                                     \
    META(FORMAT NET "\"normalization\":\"standard\",\"mean\":\"" mean "\",\"stddev\":\"" stddev    \
                    "\"," CRC,                                                                     \
         TENSORS)
#define WITH_HIDDEN(hidden)                                                                        \
    META(FORMAT INPUTS "\"hidden\":\"" hidden "\"," OUTPUTS RELU UNIT CRC, TENSORS)
#define WITH_INPUTS(inputs)                                                                        \
    META(FORMAT "\"inputs\":\"" inputs "\"," HIDDEN OUTPUTS RELU UNIT CRC, TENSORS)

/* Each file is sound as a container and has a right CRC-32, so that the check meant is reached. */
static void hostile_models(void **state)
{
    static const struct {
        const char *header;
        const char *expected; /* NULL: accepted */
    } cases[] = {
        {META(FORMAT NET UNIT CRC, TENSORS), NULL},
        {META(FORMAT NET UNIT CRC, B1 W1 B0 W0), NULL},
        {META(CRC "," UNIT NET FORMAT "\"more\":\"\"", TENSORS), NULL},
        {STANDARD("-1.5e-2", "2E0"), "stddev is '2E0'"},
        {STANDARD("-1.5e-2", "2e0"), NULL},
        /* whose file it is */
        {META(CRC, TENSORS), "not from mnist-train: no \"format\""},
        {META("\"format\":\"pt\"," CRC, TENSORS), "format 'pt', expected 'mnist-mlp'"},
        {META("\"format\":\"\x7f\\u001b[2J\"," CRC, TENSORS), "format '??[2J'"},
        {META("\"format\":\"mnist-mlp\"," NET UNIT CRC, TENSORS), "format_version '(none)'"},
        {META("\"format\":\"mnist-mlp\",\"format_version\":\"3\"," NET UNIT CRC, TENSORS),
         "format_version '3' of format 'mnist-mlp', expected '1' or '2'; made by another version "
         "of "
         "mnist-train?"},
        {META(FORMAT NET UNIT "\"crc\":\"00000000\"", TENSORS), "no checksum"},
        /* steps */
        {META(VERSION_3 "\"steps\":\"invert,transpose\"," NET UNIT CRC, TENSORS), NULL},
        {META(VERSION_3 "\"steps\":\"invert,deskew\"," NET UNIT CRC, TENSORS),
         "steps in its metadata: unknown step \"deskew\"; expected some of max-pixel=N, invert, "
         "transpose"},
        {META(VERSION_3 "\"steps\":\"invert\",\"weights\":\"int5\"," NET UNIT CRC, TENSORS),
         "weights is 'int5'"},
        {META(FORMAT "\"steps\":\"invert\"," NET UNIT CRC, TENSORS),
         "format_version '1' of format 'mnist-mlp', expected '3'"},
        /* architecture */
        {META(FORMAT HIDDEN OUTPUTS RELU UNIT CRC, TENSORS), "no \"inputs\" in __metadata__"},
        {WITH_INPUTS(""), "inputs is '', expected an integer from 1 to 65536"},
        {WITH_INPUTS("0"), "inputs is '0'"},
        {WITH_INPUTS("-1"), "inputs is '-1'"},
        {WITH_INPUTS("+1"), "inputs is '+1'"},
        {WITH_INPUTS("01"), "inputs is '01'"},
        {WITH_INPUTS("1 "), "inputs is '1 '"},
        {WITH_INPUTS("1x"), "inputs is '1x'"},
        {WITH_INPUTS("65537"), "inputs is '65537'"},
        {WITH_INPUTS("18446744073709551617"), "inputs is '18446744073709551617'"},
        {WITH_INPUTS("2"), "tensor 'layers.0.weight' has shape (1, 2), but the architecture in "
                           "__metadata__ says (2, 2)"},
        {WITH_INPUTS("65536"), "says (65536, 2)"},
        {META(FORMAT INPUTS HIDDEN RELU UNIT CRC, TENSORS), "no \"outputs\""},
        {META(FORMAT INPUTS HIDDEN "\"outputs\":\"257\"," RELU UNIT CRC, TENSORS),
         "a net of 257 outputs, expected 2 to 256"},
        {META(FORMAT INPUTS OUTPUTS RELU UNIT CRC, TENSORS), "no \"hidden\""},
        {WITH_HIDDEN(""), "hidden is ''"},
        {WITH_HIDDEN("None"), "hidden is 'None'"},
        {WITH_HIDDEN("0"), "hidden is '0'"},
        {WITH_HIDDEN("2,"), "hidden is '2,'"},
        {WITH_HIDDEN(",2"), "hidden is ',2'"},
        {WITH_HIDDEN("2,,2"), "hidden is '2,,2'"},
        {WITH_HIDDEN("2;2"), "hidden is '2;2'"},
        {WITH_HIDDEN("65537"), "hidden is '65537'"},
        {WITH_HIDDEN("1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1"), "expected none, or 1 to 16 widths"},
        {WITH_HIDDEN("65536,65536,65536,65536"), "says (1, 65536)"},
        {WITH_HIDDEN("none"), "tensor 'layers.0.weight' has shape (1, 2), but the architecture in "
                              "__metadata__ says (1, 10)"},
        {WITH_HIDDEN("2,2"), "tensor 'layers.1.weight' has shape (2, 10)"},
        {META(FORMAT INPUTS HIDDEN OUTPUTS UNIT CRC, TENSORS), "no \"activation\""},
        {META(FORMAT INPUTS HIDDEN OUTPUTS "\"activation\":\"selu\"," UNIT CRC, TENSORS),
         "activation is 'selu', expected relu"},
        /* normalisation */
        {META(FORMAT NET CRC, TENSORS), "no \"normalization\""},
        {META(FORMAT NET "\"normalization\":\"z\"," CRC, TENSORS), "normalization is 'z'"},
        {META(FORMAT NET "\"normalization\":\"unit\",\"stddev\":\"1\"," CRC, TENSORS),
         "no \"mean\""},
        {META(FORMAT NET "\"normalization\":\"unit\",\"mean\":\"0\"," CRC, TENSORS),
         "no \"stddev\""},
        {META(FORMAT NET "\"normalization\":\"unit\",\"mean\":\"0.5\",\"stddev\":\"1\"," CRC,
              TENSORS),
         "normalization unit goes with mean 0 and stddev 1"},
        {STANDARD("", "1"), "mean is ''"},
        {STANDARD("nan", "1"), "mean is 'nan'"},
        {STANDARD("inf", "1"), "mean is 'inf'"},
        {STANDARD("1e39", "1"), "mean is '1e39'"},
        {STANDARD("0x1p0", "1"), "mean is '0x1p0'"},
        {STANDARD(" 1", "1"), "mean is ' 1'"},
        {STANDARD("1,5", "1"), "mean is '1,5'"},
        {STANDARD("1.", "1"), "mean is '1.'"},
        {STANDARD(".5", "1"), "mean is '.5'"},
        {STANDARD("1e", "1"), "mean is '1e'"},
        {STANDARD("--1", "1"), "mean is '--1'"},
        {STANDARD("1.00000000000000000000000000000000000000000000000000000000000000000", "1"),
         "mean is '1.0000"},
        {STANDARD("0", "0"), "stddev finite and above 0"},
        {STANDARD("0", "-1"), "stddev finite and above 0"},
        {STANDARD("0", "1e-50"), "stddev finite and above 0"},
        {STANDARD("0", "1e-45"), "stddev is too small"},
        {STANDARD("0", "1 "), "stddev is '1 '"},
        /* tensors */
        {META(FORMAT NET UNIT CRC, W0 B0 W1 T("layers.1.biases", "[10]", "96", "136")),
         "tensor 'layers.1.bias' of shape (10) is missing"},
        {META(FORMAT NET UNIT CRC, W0 B0 W1 B1 T("layers.2.bias", "[0]", "136", "136")),
         "tensor 'layers.2.bias' does not belong"},
        {META(FORMAT NET UNIT CRC, T("layers.0.weight", "[2,1]", "0", "8") B0 W1 B1),
         "has shape (2, 1), but the architecture in __metadata__ says (1, 2)"},
        {META(FORMAT NET UNIT CRC, W0 T("layers.0.bias", "[2,1]", "8", "16") W1 B1),
         "has shape (2, 1), but the architecture in __metadata__ says (2)"},
        {META(FORMAT NET UNIT CRC, T("layers.0.weight", "[2]", "0", "8") B0 W1 B1),
         "has shape (2), but the architecture in __metadata__ says (1, 2)"},
        {META(FORMAT NET UNIT CRC, W0 B0 W1 T("layers.1.bias", "[1,1,1,1,1,1,1,10]", "96", "136")),
         "has shape (1, 1, 1, 1, 1, 1, 1, 10), but"},
    };
    scratch_file file = scratch_name(state, "model");
    static const uint8_t data[136];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        crafted model = craft(cases[i].header, data, sizeof data);
        if (cases[i].expected) {
            assert_load_fails(file.path, model.bytes, model.size, cases[i].expected);
        } else {
            assert_int_equal(scratch_write(file.path, model.bytes, model.size), 0);
            mnist_model_free(load(file.path));
        }
        free(model.bytes);
    }
}

static void hostile_parameters(void **state)
{
    static const struct {
        size_t offset;
        uint8_t high[2]; /* the upper half of the float */
        const char *expected;
    } cases[] = {
        {0, {0xc0, 0x7f}, "parameter layers.0.weight[0, 0] is not a number"},
        {12, {0x80, 0x7f}, "parameter layers.0.bias[1] is infinite"},
        {16 + 4 * 13, {0x80, 0xff}, "parameter layers.1.weight[1, 3] is infinite"},
        {132, {0x81, 0xff}, "parameter layers.1.bias[9] is not a number"},
    };
    scratch_file file = scratch_name(state, "model");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t data[136] = {0};
        memcpy(data + cases[i].offset + 2, cases[i].high, 2);
        crafted model = craft(META(FORMAT NET UNIT CRC, TENSORS), data, sizeof data);
        assert_load_fails(file.path, model.bytes, model.size, cases[i].expected);
        free(model.bytes);
    }
}

static void load_of_what_is_no_file(void **state)
{
    scratch_file absent = scratch_name(state, "absent");
    const scratch *dir = *state;
    mnist_model *model;
    mnist_error err;
    assert_int_equal(mnist_model_load(&model, absent.path, &err), MNIST_ERR_NOT_FOUND);
    assert_null(model);
    assert_non_null(strstr(err.text, "absent"));
    assert_int_equal(mnist_model_load(&model, dir->path, &err), MNIST_ERR_IO);
    assert_non_null(strstr(err.text, "is a directory"));
    assert_int_equal(mnist_model_load(&model, dir->path, NULL), MNIST_ERR_IO);
    mnist_model_free(NULL);
}

static void assert_save_fails(const char *path, const mnist_mlp *mlp,
                              const mnist_normalization *normalization,
                              const mnist_metadata *metadata, size_t count, mnist_status expected,
                              const char *text)
{
    mnist_error err = {0};
    mnist_status status = mnist_model_save(path, mlp, normalization, metadata, count, NULL, &err);
    if (status != expected || !strstr(err.text, text) || strncmp(err.text, path, strlen(path))) {
        fail_msg("expected '%s', got status %d '%s'", text, (int)status, err.text);
    }
}

static void save_refuses(void **state)
{
    static const char *const own[] = {"format",     "format_version", "inputs", "hidden", "outputs",
                                      "activation", "normalization",  "mean",   "stddev", "crc32"};
    static const mnist_normalization bad[] = {
        {MNIST_NORMALIZE_STANDARD, 0.0f, 0.0f},      {MNIST_NORMALIZE_STANDARD, 0.0f, -1.0f},
        {MNIST_NORMALIZE_STANDARD, NAN, 1.0f},       {MNIST_NORMALIZE_STANDARD, 0.0f, INFINITY},
        {MNIST_NORMALIZE_STANDARD, 0.0f, 0x1p-149f}, {MNIST_NORMALIZE_UNIT, 0.1f, 1.0f},
        {MNIST_NORMALIZATIONS, 0.0f, 1.0f},
    };
    scratch_file file = scratch_name(state, "model");
    mnist_mlp *mlp =
        create((mnist_mlp_config){.inputs = 3, .outputs = 10, .hidden_count = 1, .hidden = {2}}, 3);
    mnist_mlp *wide = create((mnist_mlp_config){.inputs = 3, .outputs = 257}, 3);
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        mnist_metadata metadata[] = {{"fine", ""}, {own[i], "x"}};
        char expected[64];
        snprintf(expected, sizeof expected, "metadata key '%s' is one of the format's own", own[i]);
        assert_save_fails(file.path, mlp, &unit, metadata, 2, MNIST_ERR_ARGUMENT, expected);
    }
    mnist_metadata twice[] = {{"seed", "1"}, {"seed", "1"}};
    assert_save_fails(file.path, mlp, &unit, twice, 2, MNIST_ERR_ARGUMENT, "'seed' is given twice");
    mnist_metadata latin = {"name", "caf\xe9"};
    assert_save_fails(file.path, mlp, &unit, &latin, 1, MNIST_ERR_ARGUMENT, "is not UTF-8");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_save_fails(file.path, mlp, &bad[i], NULL, 0, MNIST_ERR_ARGUMENT, "");
    }
    assert_save_fails(file.path, wide, &unit, NULL, 0, MNIST_ERR_ARGUMENT,
                      "the net has 257 outputs, expected 2 to 256");

    float weights[20] = {0}, bias[10] = {0};
    weights[17] = NAN;
    mnist_mlp_set_layer(mlp, 1, weights, bias);
    assert_save_fails(file.path, mlp, &unit, NULL, 0, MNIST_ERR_ARGUMENT,
                      "parameter layers.1.weight[1, 7] is not a number");
    weights[17] = 0.0f;
    bias[9] = -INFINITY;
    mnist_mlp_set_layer(mlp, 1, weights, bias);
    assert_save_fails(file.path, mlp, &unit, NULL, 0, MNIST_ERR_ARGUMENT,
                      "parameter layers.1.bias[9] is infinite");
    assert_int_equal(scratch_count(state), 0);
    mnist_mlp_free(wide);
    mnist_mlp_free(mlp);
}

/* A save that fails leaves the model that was there, and no temporary file. */
static void failed_save_keeps_old_model(void **state)
{
    scratch_file file = scratch_name(state, "model");
    scratch_file nowhere = scratch_name(state, "missing/model");
    mnist_mlp *small = create_smallest();
    mnist_mlp *large = create((mnist_mlp_config){.inputs = 784, .outputs = 10}, 2);
    char before[MNIST_DIGEST_TEXT];
    save(file.path, small, &unit, NULL, 0, before);
    assert_save_fails(nowhere.path, small, &unit, NULL, 0, MNIST_ERR_IO, "missing' does not exist");

    struct rlimit limit, low;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    low = limit;
    low.rlim_cur = 5000;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    mnist_error err;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    mnist_status status = mnist_model_save(file.path, large, &unit, NULL, 0, NULL, &err);
    setrlimit(RLIMIT_FSIZE, &limit);
    signal(SIGXFSZ, handler);
    assert_int_equal(status, MNIST_ERR_IO);
    assert_non_null(strstr(err.text, "File too large"));
    assert_int_equal(scratch_count(state), 1);
    mnist_model *model = load(file.path);
    assert_string_equal(mnist_model_digest(model), before);
    assert_same_net(small, mnist_model_mlp(model));
    mnist_model_free(model);
    mnist_mlp_free(large);
    mnist_mlp_free(small);
}

#define SCRATCH_TEST(function)                                                                     \
    cmocka_unit_test_setup_teardown(function, scratch_create, scratch_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(round_trip),
        SCRATCH_TEST(golden_bytes),
        SCRATCH_TEST(normalization_round_trip),
        SCRATCH_TEST(every_bit_flip_is_seen),
        SCRATCH_TEST(every_truncation_is_seen),
        SCRATCH_TEST(hostile_models),
        SCRATCH_TEST(hostile_parameters),
        SCRATCH_TEST(load_of_what_is_no_file),
        SCRATCH_TEST(save_refuses),
        SCRATCH_TEST(failed_save_keeps_old_model),
    };
    return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
