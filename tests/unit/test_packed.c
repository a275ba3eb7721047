/* Packed models: the coder, what comes back, and files that are wrong. */
#define _XOPEN_SOURCE 700

#include "unit/unit.h"

#include "drawn_mlp.h"
#include "scratch.h"

#include "io/packed.h"
#include "io/packed_head.h"
#include "io/packed_numbers.h"
#include "io/text_coder.h"

#include <math.h>
#include <mnist/mnist.h>
#include <stdlib.h>

enum { SIDE = 28, PIXELS = SIDE * SIDE, IMAGES = 40 };

static uint8_t images[IMAGES * PIXELS], labels[IMAGES];
static const mnist_view view = {images, labels, IMAGES, SIDE, SIDE, MNIST_CLASSES, 0};
static mnist_odds_tables tables;

static int prepare(void **state)
{
    (void)state;
    test_images(images, labels, IMAGES, PIXELS);
    mnist_odds_tables_init(&tables);
    return 0;
}

/* --- The coder --- */

static unsigned draw(uint64_t index, unsigned below)
{
    return (unsigned)(mnist_random(1, 0, index) * below);
}

/* Bits of any chance come back, and the stream ends where it should. */
static void test_range_coder(void **state)
{
    (void)state;
    for (unsigned length = 0; length < 3000; length = length < 40 ? length + 1 : length * 2) {
        mnist_range_coder to, from;
        mnist_range_encoder_init(&to);
        for (unsigned i = 0; i < length; i++) {
            const unsigned chance = i % 7 ? 1 + draw(i, 65535) : i % 2 ? 1 : 65535;
            (void)mnist_range_code(&to, chance, draw(i + 10000, 65536) < chance);
        }
        assert_true(mnist_range_finish(&to));
        mnist_range_decoder_init(&from, to.out, to.size);
        for (unsigned i = 0; i < length; i++) {
            const unsigned chance = i % 7 ? 1 + draw(i, 65535) : i % 2 ? 1 : 65535;
            assert_int_equal(mnist_range_code(&from, chance, 0), draw(i + 10000, 65536) < chance);
        }
        assert_true(mnist_range_finish(&from));
        free(to.out);
    }
}

/* A bit takes what its chance says: many alike next to nothing. */
static void test_cost(void **state)
{
    (void)state;
    mnist_range_coder to;
    mnist_bit_tally tally = {.part = MNIST_PACKED_LEVELS};
    const mnist_bit_coder bits = {&to, &tables, &tally};
    mnist_chance chance = {0, 0};
    mnist_range_encoder_init(&to);
    for (unsigned i = 0; i < 10000; i++) {
        (void)mnist_bit_code(&bits, &chance, 0);
    }
    (void)mnist_bits_plain(&bits, 0xABCDEF01u, 32);
    assert_true(mnist_range_finish(&to));
    const double bytes = (double)tally.spent[MNIST_PACKED_LEVELS] / (65536.0 * 8.0);
    assert_true(to.size < 20 && fabs(bytes - (double)to.size) < 2.0);
    free(to.out);
}

static void test_numbers(void **state)
{
    (void)state;
    static const uint64_t numbers[] = {0,   1,     2,     3,           4,           127,
                                       128, 65535, 65536, 0xFFFFFFFFu, 0x1FFFFFFFFu};
    mnist_range_coder coder;
    mnist_number_model model = {.length = {{0, 0}}};
    mnist_bit_coder bits = {&coder, &tables, NULL};
    mnist_range_encoder_init(&coder);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        assert_int_equal(mnist_number_code(&bits, &model, numbers[i]), numbers[i]);
    }
    assert_true(mnist_range_finish(&coder));
    uint8_t *bytes = coder.out;
    mnist_range_decoder_init(&coder, bytes, coder.size);
    model = (mnist_number_model){.length = {{0, 0}}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        assert_int_equal(mnist_number_code(&bits, &model, 0), numbers[i]);
    }
    assert_true(mnist_range_finish(&coder));
    free(bytes);
}

/* Log odds rise with the chance, and are symmetric. */
static void test_odds(void **state)
{
    (void)state;
    int32_t last = -MNIST_LOG_ODDS_MOST;
    assert_int_equal(mnist_log_odds(&tables, 1, 2), 0);
    for (unsigned i = 0; i <= 1000; i++) {
        const int32_t odds = mnist_log_odds(&tables, i, 1000);
        const double exact = i == 0      ? -12.0
                             : i == 1000 ? 12.0
                                         : log((double)i / (1000.0 - (double)i));
        assert_true(odds >= last && fabs(odds / 256.0 - exact) < 0.02 + (i % 1000 == 0));
        last = odds;
    }
}

/* --- What comes back --- */

/* Changes weights one by one. */
typedef float weight_rule(unsigned layer, size_t input, size_t output, float weight);

static void change(mnist_mlp *mlp, weight_rule *rule)
{
    for (unsigned l = 0; l < mnist_mlp_layers(mlp); l++) {
        const size_t inputs = mnist_mlp_layer_inputs(mlp, l),
                     outputs = mnist_mlp_layer_outputs(mlp, l);
        float *w = malloc((inputs + 1) * outputs * sizeof *w);
        assert_non_null(w);
        mnist_mlp_get_layer(mlp, l, w, w + inputs * outputs);
        for (size_t i = 0; i < (inputs + 1) * outputs; i++) {
            w[i] = rule(l, i / outputs, i % outputs, w[i]);
        }
        mnist_mlp_set_layer(mlp, l, w, w + inputs * outputs);
        free(w);
    }
}

static void assert_same_net(const mnist_mlp *a, const mnist_mlp *b)
{
    assert_int_equal(mnist_mlp_shape(a)->activation, mnist_mlp_shape(b)->activation);
    assert_int_equal(mnist_mlp_shape(a)->inputs, mnist_mlp_shape(b)->inputs);
    assert_int_equal(mnist_mlp_layers(a), mnist_mlp_layers(b));
    for (unsigned l = 0; l < mnist_mlp_layers(a); l++) {
        const size_t outputs = mnist_mlp_layer_outputs(a, l),
                     count = mnist_mlp_layer_inputs(a, l) * outputs;
        float *x = malloc((count + outputs) * sizeof *x),
              *y = malloc((count + outputs) * sizeof *y);
        assert_true(x && y);
        mnist_mlp_get_layer(a, l, x, x + count);
        mnist_mlp_get_layer(b, l, y, y + count);
        assert_memory_equal(x, y, (count + outputs) * sizeof *x);
        free(x);
        free(y);
    }
}

/* Writes, reads, compares, and writes the same bytes again. Returns how many. */
static size_t round_trip(void **state, const mnist_model_parts *parts)
{
    scratch_file file = scratch_name(state, "packed");
    mnist_packed_size size;
    mnist_error err;
    char digest[MNIST_DIGEST_TEXT], again[MNIST_DIGEST_TEXT];
    mnist_model *model = NULL;
    if (mnist_packed_write(file.path, parts, &size, digest, &err) != MNIST_OK ||
        mnist_model_load(&model, file.path, &err) != MNIST_OK) {
        fail_msg("%s", err.text);
    }
    assert_string_equal(mnist_model_digest(model), digest);
    assert_same_net(parts->mlp, mnist_model_mlp(model));
    assert_string_equal(mnist_model_metadata(model, "format"), "mnist-packed");
    for (size_t i = 0; i < parts->metadata_count; i++) {
        assert_string_equal(mnist_model_metadata(model, parts->metadata[i].key),
                            parts->metadata[i].value);
    }
    mnist_model_parts same = *parts;
    same.mlp = mnist_model_mlp(model);
    same.normalization = mnist_model_normalization(model);
    assert_int_equal(mnist_packed_write(NULL, &same, NULL, again, NULL), MNIST_OK);
    assert_string_equal(again, digest);
    double parts_sum = 0.0;
    for (unsigned i = 0; i < MNIST_PACKED_PARTS; i++) {
        assert_non_null(mnist_packed_part_name((mnist_packed_part)i));
        parts_sum += size.parts[i];
    }
    assert_null(mnist_packed_part_name(MNIST_PACKED_PARTS));
    assert_true(fabs(parts_sum - (double)size.bytes) < 2.0 + (double)size.bytes * 0.002);
    mnist_model_free(model);
    return size.bytes;
}

static float sparse(unsigned layer, size_t input, size_t output, float weight)
{
    static const float levels[] = {-0.5f, -0.25f, -0.125f, 0.15625f, 0.3f, 1e-20f};
    const unsigned drawn = draw(layer * 100000 + input * 40 + output, 60);
    (void)weight;
    return drawn < 6 ? levels[drawn] : 0.0f;
}

static float tied2(unsigned layer, size_t input, size_t output, float weight)
{
    const size_t side = 28, block = (input / side + 1) / 2 * 20 + input % side / 2;
    return layer > 0 || input >= 784 ? weight : sparse(0, block, output, weight);
}

static float tied4(unsigned layer, size_t input, size_t output, float weight)
{
    const size_t block = (input / 28 + 2) / 4 * 20 + (input % 28 + 3) / 4;
    return layer > 0 || input >= 784 ? weight : (float)(1 + draw(block * 40 + output, 500));
}

static float nothing(unsigned layer, size_t input, size_t output, float weight)
{
    (void)layer;
    (void)input;
    (void)output;
    return weight * 0.0f + 0.0f;
}

static float full(unsigned layer, size_t input, size_t output, float weight)
{
    (void)layer;
    return (input + output) % 3 ? fabsf(weight) : -1.0f;
}

static float ternary(unsigned layer, size_t input, size_t output, float weight)
{
    return (float)((int)draw(layer * 100000 + input * 40 + output, 3) - 1) *
               (weight != 0.0f ? 0.07f : 0.0f) +
           0.0f;
}

static float one_sign(unsigned layer, size_t input, size_t output, float weight)
{
    return fabsf(sparse(layer, input, output, weight));
}

static float steps(unsigned layer, size_t input, size_t output, float weight)
{
    return input == 784 || layer > 0 ? ((float)(int)(output * 7) - 60.0f) * 0.0234375f : weight;
}

static float extreme(unsigned layer, size_t input, size_t output, float weight)
{
    static const float values[] = {3.4028234e38f, -3.4028234e38f, 1e-45f, -1e-45f, 1.1754944e-38f};
    const unsigned drawn = draw(layer * 100000 + input * 40 + output, 40);
    return drawn < 5 ? values[drawn] : drawn < 20 ? weight : 0.0f;
}

/* Floats of all kinds come back to the bit. */
static void test_floats(void **state)
{
    static weight_rule *const rules[] = {NULL, sparse,  tied2,    tied4, nothing,
                                         full, ternary, one_sign, steps, extreme};
    const mnist_metadata metadata[] = {
        {"seed", "3"}, {"options", "{\"dataset\":\"mnist\"}"}, {"k", ""}};
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        for (unsigned hidden = 0; hidden < 3; hidden++) {
            mnist_mlp *mlp = drawn_mlp(i == 6 ? 100 : PIXELS, (mnist_activation)hidden, hidden);
            if (rules[i]) {
                change(mlp, rules[i]);
            }
            const mnist_normalization standard = {MNIST_NORMALIZE_STANDARD, 0.13f, 0.31f};
            (void)round_trip(state, &(mnist_model_parts){.mlp = mlp,
                                                         .normalization = hidden ? &standard : NULL,
                                                         .metadata = metadata,
                                                         .metadata_count = hidden});
            mnist_mlp_free(mlp);
        }
    }
}

/* What is tied, empty or of few values is small. */
static void test_sizes(void **state)
{
    static const struct {
        weight_rule *rule;
        size_t most;
    } rows[] = {{nothing, 60}, {sparse, 4000}, {tied2, 2000}, {ternary, 6300}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        mnist_mlp *mlp = drawn_mlp(PIXELS, MNIST_RELU, 1);
        change(mlp, rows[i].rule);
        const size_t bytes = round_trip(state, &(mnist_model_parts){.mlp = mlp});
        if (bytes > rows[i].most) {
            fail_msg("row %zu: %zu bytes", i, bytes);
        }
        mnist_mlp_free(mlp);
    }
}

/* Nets of 16-bit floats cost half of others. */
static void test_halves(void **state)
{
    size_t bytes[3];
    for (int precision = MNIST_FP32; precision <= MNIST_FP16; precision++) {
        mnist_mlp *mlp = drawn_mlp(PIXELS, MNIST_RELU, 1);
        assert_int_equal(mnist_mlp_round(mlp, (mnist_precision)precision, NULL, NULL), MNIST_OK);
        bytes[precision] = round_trip(state, &(mnist_model_parts){.mlp = mlp});
        mnist_mlp_free(mlp);
    }
    assert_true(bytes[MNIST_FP16] * 2 < bytes[MNIST_FP32] + 10000);
    assert_true(bytes[MNIST_BF16] < bytes[MNIST_FP16]);
}

/* Whole numbers come back with the same logits, to the bit. */
static void test_integers(void **state)
{
    for (unsigned bits = 8; bits >= 2; bits--) {
        scratch_file file = scratch_name(state, "model");
        mnist_mlp *mlp = drawn_mlp(PIXELS, (mnist_activation)(bits % MNIST_ACTIVATIONS), bits % 3);
        const mnist_normalization normalization =
            mnist_normalization_fit((mnist_normalization_kind)(bits % 2), view);
        const mnist_quantize_options options = {.bits = bits};
        static float before[IMAGES * MNIST_CLASSES], after[IMAGES * MNIST_CLASSES];
        assert_int_equal(mnist_mlp_quantize(mlp, view, &normalization, &options, NULL, NULL),
                         MNIST_OK);
        assert_int_equal(mnist_logits(mlp, view, &normalization, NULL, before, NULL, NULL),
                         MNIST_OK);
        (void)round_trip(state, &(mnist_model_parts){.mlp = mlp, .normalization = &normalization});
        mnist_model *model = NULL;
        file = scratch_name(state, "packed");
        assert_int_equal(mnist_model_load(&model, file.path, NULL), MNIST_OK);
        assert_string_equal(mnist_model_metadata(model, "weights"), "integers");
        assert_true(mnist_mlp_has_integers(mnist_model_mlp(model), NULL));
        assert_int_equal(mnist_logits(mnist_model_mlp(model), view,
                                      mnist_model_normalization(model), NULL, after, NULL, NULL),
                         MNIST_OK);
        assert_memory_equal(before, after, sizeof before);
        mnist_model_free(model);
        mnist_mlp_free(mlp);
    }
}

/* A -0 becomes 0, and nothing else changes. */
static void test_negative_zero(void **state)
{
    scratch_file file = scratch_name(state, "packed");
    mnist_mlp *mlp = drawn_mlp(9, MNIST_RELU, 0);
    float weights[90];
    mnist_model *model = NULL;
    mnist_mlp_get_layer(mlp, 0, weights, NULL);
    weights[7] = -0.0f;
    mnist_mlp_set_layer(mlp, 0, weights, NULL);
    assert_int_equal(
        mnist_packed_write(file.path, &(mnist_model_parts){.mlp = mlp}, NULL, NULL, NULL),
        MNIST_OK);
    assert_int_equal(mnist_model_load(&model, file.path, NULL), MNIST_OK);
    weights[7] = 0.0f;
    mnist_mlp_set_layer(mlp, 0, weights, NULL);
    assert_same_net(mlp, mnist_model_mlp(model));
    mnist_model_free(model);
    mnist_mlp_free(mlp);
}

/* --- What cannot be written --- */

static void test_refused(void **state)
{
    (void)state;
    static char large[MNIST_PACKED_TEXT];
    mnist_metadata many[MNIST_PACKED_KEYS + 1];
    static char names[MNIST_PACKED_KEYS + 1][8];
    mnist_error err;
    mnist_mlp *mlp = drawn_mlp(PIXELS, MNIST_RELU, 1);
    memset(large, 'a', sizeof large - 1);
    for (unsigned i = 0; i <= MNIST_PACKED_KEYS; i++) {
        snprintf(names[i], sizeof names[i], "k%u", i);
        many[i] = (mnist_metadata){names[i], ""};
    }
    const mnist_metadata rows[][2] = {{{"weights", "1"}, {"a", "b"}},
                                      {{"a", "b"}, {"a", "c"}},
                                      {{"a", "\xff"}, {"b", ""}},
                                      {{"a", large}, {"b", ""}}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const mnist_model_parts parts = {.mlp = mlp, .metadata = rows[i], .metadata_count = 2};
        assert_int_equal(mnist_packed_write(NULL, &parts, NULL, NULL, &err), MNIST_ERR_ARGUMENT);
    }
    const mnist_model_parts parts = {
        .mlp = mlp, .metadata = many, .metadata_count = MNIST_PACKED_KEYS + 1};
    assert_int_equal(mnist_packed_write(NULL, &parts, NULL, NULL, &err), MNIST_ERR_ARGUMENT);
    mnist_mlp_free(mlp);
    /* nothing but zeros, and too many of them */
    const mnist_mlp_config config = {
        .inputs = 1000, .outputs = MNIST_CLASSES, .hidden_count = 1, .hidden = {300}};
    assert_int_equal(mnist_mlp_create(&mlp, &config, NULL), MNIST_OK);
    assert_int_equal(mnist_packed_write(NULL, &(mnist_model_parts){.mlp = mlp}, NULL, NULL, &err),
                     MNIST_ERR_ARGUMENT);
    assert_non_null(strstr(err.text, "so few may not become so many weights again"));
    const float infinite[MNIST_CLASSES] = {INFINITY};
    mnist_mlp_set_layer(mlp, 1, NULL, infinite);
    assert_int_equal(mnist_packed_write(NULL, &(mnist_model_parts){.mlp = mlp}, NULL, NULL, &err),
                     MNIST_ERR_ARGUMENT);
    assert_non_null(strstr(err.text, "layer 1: a parameter is not a finite number"));
    mnist_mlp_free(mlp);
}

/* --- Files that are wrong --- */

/* A file under construction: a header, and a stream. */
static mnist_packing making;
static mnist_bit_coder bits;

static void begin(void)
{
    making = (mnist_packing){.tables = &tables, .path = "made"};
    mnist_range_encoder_init(&making.coder);
    bits = mnist_packing_bits(&making, MNIST_PACKED_HEADER);
}

static void number(mnist_number_model *model, uint64_t value)
{
    (void)mnist_number_code(&bits, model, value);
}

static void seal(uint8_t *bytes, size_t size)
{
    const uint32_t crc = mnist_packed_checksum(bytes, size);
    for (unsigned i = 0; i < 4; i++) {
        bytes[MNIST_PACKED_CRC_AT + i] = (uint8_t)(crc >> 8 * i);
    }
}

/* Puts a header of these bytes before the stream, and asks what is said of that. */
static void wrong_file(const uint8_t *head, size_t head_size, size_t tail, const char *message)
{
    uint8_t bytes[512] = {'M', 'L', 'P', 'K', 1};
    assert_true(mnist_range_finish(&making.coder) && making.coder.size < 400);
    memcpy(bytes + MNIST_PACKED_SHAPE_AT, head, head_size);
    if (making.coder.size > 0) {
        memcpy(bytes + MNIST_PACKED_SHAPE_AT + head_size, making.coder.out, making.coder.size);
    }
    const size_t size = MNIST_PACKED_SHAPE_AT + head_size + making.coder.size + tail;
    free(making.coder.out);
    making.coder.out = NULL;
    seal(bytes, size);
    mnist_model *model = NULL;
    mnist_error err;
    mnist_packed packed;
    const mnist_status status = mnist_packed_decode(&packed, bytes, size, "made", &err);
    assert_int_equal(status, MNIST_ERR_FORMAT);
    assert_null(packed.mlp);
    assert_null(packed.metadata);
    if (!strstr(err.text, message)) {
        fail_msg("'%s' is not in '%s'", message, err.text);
    }
    (void)model;
}

static const uint8_t softmax[] = {0, 0, 3, 10};            /* 3 inputs, floats */
static const uint8_t whole[] = {0x40, 0, 3, 10};           /* the same, whole numbers */
static const uint8_t whole_hidden[] = {0x40, 1, 1, 1, 10}; /* one unit between */

#define WRONG(head, message) wrong_file(head, sizeof(head), 0, message)

static void bit(mnist_chance *chance, unsigned value)
{
    (void)mnist_bit_code(&bits, chance, value);
}

/* A codebook of so many negative and positive numbers, the least of both. */
static void codebook(unsigned negative, unsigned positive, unsigned tail, uint32_t least)
{
    bit(&making.kind[2], 0);
    number(&making.counts, negative);
    number(&making.counts, positive);
    (void)mnist_bits_plain(&bits, tail, 5);
    if (negative == positive) {
        bit(&making.mirrored, 0);
    }
    number(&making.firsts, least);
}

/* Ranks as a stream has them; all inputs are used. */
static void ranks(size_t inputs, size_t outputs, unsigned negative)
{
    int16_t values[64];
    for (size_t i = 0; i < inputs * outputs; i++) {
        values[i] = 1;
    }
    const mnist_ranks r = {inputs, outputs, 0, negative, 1, values, NULL};
    assert_int_equal(mnist_ranks_code(&bits, &r), MNIST_OK);
}

static void test_wrong_headers(void **state)
{
    (void)state;
    static const struct {
        uint8_t head[8];
        size_t size;
        const char *message;
    } rows[] = {
        {{0}, 0, "the file ends after 9 bytes, in its header"},
        {{0, 0, 3}, 3, "the file ends after 12 bytes, in its header"},
        {{0, 0, 0x83}, 3, "the file ends after 12 bytes, in its header"},
        {{15, 0, 3, 10}, 4, "byte 9 is 15, which is no kind of net"},
        {{0x80, 0, 3, 10}, 4, "byte 9 is 128, which is no kind of net"},
        {{0, 17, 3, 10}, 4, "17 hidden layers, expected at most 16"},
        {{0, 0, 0, 10}, 4, "a width at byte 11 is not 1 to 65536"},
        {{0, 0, 0x83, 0, 10}, 5, "a width at byte 11 is not 1 to 65536"},
        {{0, 0, 0x81, 0x80, 4, 10}, 6, "a width at byte 11 is not 1 to 65536"},
        {{0, 0, 0x80, 0x80, 0x80, 10}, 6, "a width at byte 11 is not 1 to 65536"},
        {{0, 1, 3, 0, 10}, 5, "a width at byte 12 is not 1 to 65536"},
        {{0, 0, 3, 1}, 4, "a net of 1 outputs, expected 2 to 256"},
        {{0, 0, 0x80, 0x80, 4, 10}, 6, "is larger than a file of 15 bytes may make it"},
        {{0x10, 0, 3, 10, 0, 0, 0, 0}, 8, "the file ends after 17 bytes, in its header"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin();
        wrong_file(rows[i].head, rows[i].size, 0, rows[i].message);
    }
    static const uint8_t flat[] = {0x10, 0, 3, 10, 0, 0, 0, 0, 0, 0, 0, 0};
    begin();
    WRONG(flat, "mean must be finite, stddev finite and above 0");
}

static void test_wrong_metadata(void **state)
{
    (void)state;
    static const char *const pairs[][4] = {
        {"a", "\xff", "b", ""}, {"a", "1", "a", "2"}, {"format", "x", "b", ""}};
    static const char *const messages[] = {"no UTF-8", "have a key twice", "have a key twice"};
    begin();
    number(&making.counts, MNIST_PACKED_KEYS + 1);
    WRONG(softmax, "more than 64 keys of metadata");
    for (size_t i = 0; i < 3; i++) {
        begin();
        number(&making.counts, 2);
        mnist_text_coder *texts = mnist_text_coder_create(&tables, 100);
        for (size_t k = 0; k < 4; k++) {
            assert_non_null(mnist_text_code(texts, &bits, pairs[i][k]));
        }
        mnist_text_coder_free(texts);
        WRONG(softmax, messages[i]);
    }
    begin();
    number(&making.counts, 1);
    WRONG(softmax, "end early");
}

static void test_wrong_floats(void **state)
{
    (void)state;
    static const struct {
        unsigned negative, positive, tail;
        uint32_t least;
        const char *message;
    } rows[] = {
        {256, 1, 0, 1, "the different weights of layer 0 are out of their range"},
        {1, 256, 0, 1, "the different weights of layer 0 are out of their range"},
        {1, 1, 24, 1, "the different weights of layer 0 are out of their range"},
        {1, 1, 0, 0, "the different weights of layer 0 are out of their range"},
        {1, 1, 0, 0x7F800000u, "the different weights of layer 0 are out of their range"},
        {1, 1, 23, 0xFFu, "the different weights of layer 0 are out of their range"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin();
        number(&making.counts, 0);
        codebook(rows[i].negative, rows[i].positive, rows[i].tail, rows[i].least);
        (void)mnist_bits_plain(&bits, 0x12345678u, 32);
        WRONG(softmax, rows[i].message);
    }
    /* weights, but no codebook */
    begin();
    number(&making.counts, 0);
    bit(&making.kind[2], 0);
    number(&making.counts, 0);
    number(&making.counts, 0);
    ranks(3, 10, 1);
    WRONG(softmax, "the positions of weights of layer 0 are out of their range");
    /* more weights than places: of two inputs as if of three */
    begin();
    number(&making.counts, 0);
    codebook(0, 1, 0, 0x3F800000u);
    ranks(4, 10, 0);
    WRONG(softmax, "the positions of weights of layer 0 are out of their range");
    /* floats of which one is no number */
    begin();
    number(&making.counts, 0);
    bit(&making.kind[2], 1);
    ranks(3, 10, 1);
    (void)mnist_bits_plain(&bits, 0, 5);
    float nan = NAN;
    (void)mnist_magnitude_code(&making, &bits, 0, &nan);
    WRONG(softmax, "weights of layer 0 are out of their range");
}

static void weights_of_one(void)
{
    number(&making.counts, 0);
    codebook(0, 1, 0, 0x3F800000u);
    ranks(3, 10, 0);
}

static void test_wrong_biases(void **state)
{
    (void)state;
    static const char message[] = "biases of layer 0 are out of their range";
    float zero = 0.0f, large = 3e38f, infinite = INFINITY;
    const struct {
        float step;
        int64_t steps;
        unsigned tail;
    } rows[] = {{zero, 1, 0},      {infinite, 1, 0}, {1.0f, 32768, 0},
                {1.0f, -32768, 0}, {large, 2, 0},    {1.0f, 1, 24}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        float step = rows[i].step;
        begin();
        weights_of_one();
        bit(&making.kind[0], 0);
        bit(&making.kind[1], 1);
        (void)mnist_bits_plain(&bits, rows[i].tail, 5);
        (void)mnist_magnitude_code(&making, &bits, 0, &step);
        for (unsigned n = 0; n < 10; n++) {
            (void)mnist_whole_code(&making, &bits, &making.biases, rows[i].steps);
        }
        WRONG(softmax, message);
    }
    for (unsigned tail = 0; tail < 32; tail += 31) {
        begin();
        weights_of_one();
        bit(&making.kind[0], 1);
        (void)mnist_bits_plain(&bits, tail, 5);
        bit(&making.same, 1);
        bit(&making.sign[1], 1);
        (void)mnist_magnitude_code(&making, &bits, 0, &infinite);
        WRONG(softmax, message);
    }
    /* what ends where it should not */
    begin();
    weights_of_one();
    bit(&making.kind[0], 0);
    bit(&making.kind[1], 0);
    wrong_file(softmax, sizeof softmax, 1, "the file does not end where its weights do");
    begin();
    weights_of_one();
    bit(&making.kind[0], 0);
    bit(&making.kind[1], 0);
    (void)mnist_bits_plain(&bits, 0xFFFFFFFFu, 32);
    wrong_file(softmax, sizeof softmax, 0, "the file does not end where its weights do");
    begin();
    number(&making.counts, 0);
    bit(&making.kind[2], 1);
    ranks(3, 10, 1);
    wrong_file(softmax, sizeof softmax, 0, "the file ends early: weights of layer 0 are missing");
}

/* Weights of 1 and the scales of a layer of whole numbers. */
static void whole_weights(size_t inputs, size_t outputs, float scale)
{
    number(&making.counts, 0);
    number(&making.counts, 1);
    ranks(inputs, outputs, 0);
    (void)mnist_bits_plain(&bits, 0, 5);
    for (size_t n = 0; n < outputs; n++) {
        if (n > 0) {
            bit(&making.same, 1);
        } else {
            (void)mnist_magnitude_code(&making, &bits, 0, &scale);
        }
    }
}

static void whole_bias(size_t outputs, int64_t bias)
{
    for (size_t n = 0; n < outputs; n++) {
        (void)mnist_whole_code(&making, &bits, &making.wholes, bias);
    }
}

static void test_wrong_integers(void **state)
{
    (void)state;
    static const float scales[] = {0.0f, NAN, INFINITY};
    begin();
    number(&making.counts, 0);
    number(&making.counts, 128);
    WRONG(whole, "magnitudes of weights of layer 0 are out of their range");
    for (size_t i = 0; i < 3; i++) {
        begin();
        number(&making.counts, 0);
        whole_weights(3, 10, scales[i]);
        WRONG(whole, "scales of layer 0 are out of their range");
    }
    begin();
    number(&making.counts, 0);
    whole_weights(3, 10, 1e-40f);
    whole_bias(10, 1);
    WRONG(whole, "scale");
    begin();
    number(&making.counts, 0);
    whole_weights(3, 10, 3e38f);
    whole_bias(10, 1000);
    WRONG(whole, "scale");
    for (int sign = -1; sign < 2; sign += 2) {
        begin();
        number(&making.counts, 0);
        whole_weights(3, 10, 0.5f);
        whole_bias(10, sign * ((int64_t)MNIST_INTEGER_BIAS_MOST + 1));
        WRONG(whole, "biases of layer 0 are out of their range");
    }
    begin();
    number(&making.counts, 0);
    number(&making.counts, 0);
    number(&making.counts, 1);
    ranks(4, 10, 0);
    WRONG(whole, "the positions of weights of layer 0 are out of their range");
    for (unsigned zero = 128; zero < 130; zero++) {
        begin();
        number(&making.counts, 0);
        whole_weights(1, 1, 0.5f);
        whole_bias(1, 3);
        number(&making.counts, zero);
        WRONG(whole_hidden,
              "scale, zero and step of the outputs of layer 0 are out of their range");
    }
    begin();
    number(&making.counts, 0);
    whole_weights(1, 1, 0.5f);
    whole_bias(1, 3);
    number(&making.counts, 0);
    bit(&making.kind[3], 1);
    float infinite = INFINITY;
    (void)mnist_magnitude_code(&making, &bits, 0, &infinite);
    WRONG(whole_hidden, "scale, zero and step of the outputs of layer 0 are out of their range");
}

static void release(mnist_packed *packed)
{
    mnist_mlp_free(packed->mlp);
    free(packed->metadata);
    free(packed->text);
}

/* Any flipped bit is found, any truncation, anything behind the end; another version is named. */
static void test_damage(void **state)
{
    scratch_file file = scratch_name(state, "packed");
    mnist_mlp *mlp = drawn_mlp(100, MNIST_RELU, 1);
    mnist_packed packed;
    mnist_error err;
    size_t whole_nets = 0;
    change(mlp, sparse);
    assert_int_equal(
        mnist_packed_write(file.path, &(mnist_model_parts){.mlp = mlp}, NULL, NULL, NULL),
        MNIST_OK);
    size_t size;
    uint8_t *bytes = (uint8_t *)scratch_read(file.path, &size);
    assert_non_null(bytes);
    assert_true(mnist_packed_is(bytes, size) && !mnist_packed_is(bytes, 3));
    for (size_t i = 32; i < 8 * size; i++) {
        bytes[i / 8] ^= (uint8_t)(1u << i % 8);
        assert_int_equal(mnist_packed_decode(&packed, bytes, size, "made", &err), MNIST_ERR_FORMAT);
        bytes[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    for (size_t cut = 4; cut < size; cut++) {
        assert_int_equal(mnist_packed_decode(&packed, bytes, cut, "made", &err), MNIST_ERR_FORMAT);
        if (cut > MNIST_PACKED_SHAPE_AT) {
            /* sealed again, it is refused for what it lacks, or is another net: almost any bytes are
             * some net's */
            uint8_t *copy = malloc(cut);
            assert_non_null(copy);
            memcpy(copy, bytes, cut);
            seal(copy, cut);
            const mnist_status status = mnist_packed_decode(&packed, copy, cut, "made", &err);
            assert_true(status == MNIST_OK || !strstr(err.text, "damaged"));
            whole_nets += status == MNIST_OK;
            release(&packed);
            free(copy);
        }
    }
    assert_true(whole_nets < size / 2);
    bytes[4] = 2;
    assert_int_equal(mnist_packed_decode(&packed, bytes, size, "made", &err), MNIST_ERR_FORMAT);
    assert_non_null(strstr(err.text, "version 2 of packed models, expected 1"));
    bytes[4] = 1;
    bytes[MNIST_PACKED_CRC_AT] ^= 1;
    assert_int_equal(mnist_packed_decode(&packed, bytes, size, "made", &err), MNIST_ERR_FORMAT);
    assert_non_null(strstr(err.text, "the file is damaged: its CRC-32 is"));
    free(bytes);
    mnist_mlp_free(mlp);
}

#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_create, scratch_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_range_coder),
        cmocka_unit_test(test_cost),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_odds),
        IN_SCRATCH(test_floats),
        IN_SCRATCH(test_sizes),
        IN_SCRATCH(test_halves),
        IN_SCRATCH(test_integers),
        IN_SCRATCH(test_negative_zero),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_wrong_headers),
        cmocka_unit_test(test_wrong_metadata),
        cmocka_unit_test(test_wrong_floats),
        cmocka_unit_test(test_wrong_biases),
        cmocka_unit_test(test_wrong_integers),
        IN_SCRATCH(test_damage),
    };
    return cmocka_run_group_tests_name("packed", tests, prepare, NULL);
}
