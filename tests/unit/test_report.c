/* The HTML report: its parts, and that no foreign text in it is executed. */
#define _XOPEN_SOURCE 700

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <mnist/mnist.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/digest.h"
#include "report/assets.h"
#include "report/chart.h"
#include "report/picture.h"
#include "report/text.h"

#include "scratch.h"
#include "text_is.h"

/* Text. */

static void test_numbers(void **state)
{
    (void)state;
    static const struct {
        double value;
        unsigned decimals;
        const char *text;
    } reals[] = {{0.0, 0, "0"},
                 {-0.4, 0, "0"},
                 {1.005, 1, "1.0"},
                 {-1.25, 1, "-1.3"},
                 {-0.04, 2, "-0.04"},
                 {99.999, 2, "100.00"},
                 {1e11, 0, "100000000000"},
                 {0.000001, 6, "0.000001"},
                 {1e300, 2, "1e+300"},
                 {INFINITY, 2, "inf"},
                 {-INFINITY, 2, "-inf"},
                 {NAN, 2, "nan"}};
    mnist_text text = {0};
    for (size_t i = 0; i < sizeof reals / sizeof reals[0]; i++) {
        mnist_text_real(&text, reals[i].value, reals[i].decimals);
        text_is(&text, reals[i].text);
    }
    mnist_text_number(&text, 0.1);
    mnist_text_put(&text, " ");
    mnist_text_number(&text, 1.0 / 3.0);
    mnist_text_put(&text, " ");
    mnist_text_number(&text, -INFINITY);
    text_is(&text, "0.1 0.333333333 -inf");
    mnist_text_count(&text, 0);
    mnist_text_put(&text, " ");
    mnist_text_count(&text, 999);
    mnist_text_put(&text, " ");
    mnist_text_count(&text, 1000);
    mnist_text_put(&text, " ");
    mnist_text_count(&text, UINT64_MAX);
    text_is(&text, "0 999 1,000 18,446,744,073,709,551,615");
    mnist_text_percent(&text, 59999.0 / 60000.0, 2); /* not all */
    text_is(&text, "99.99&#8239;%");
    mnist_text_percent(&text, 1.0, 2);
    text_is(&text, "100.00&#8239;%");
}

static void test_escape(void **state)
{
    (void)state;
    mnist_text text = {0};
    mnist_text_escape(&text, "</script><img src=x onerror='a()'>&\"\n\x1b\xff\xc3\xa4");
    text_is(&text,
            "&lt;/script&gt;&lt;img src=x onerror=&#39;a()&#39;&gt;&amp;&quot;\\x0a\\x1b\\xff"
            "\xc3\xa4");
    mnist_text_escape(&text, "");
    text_is(&text, "");
}

/* RFC 4648, section 10. */
static void test_base64(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"}};
    mnist_text text = {0};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        mnist_text_base64(&text, pairs[i][0], strlen(pairs[i][0]));
        text_is(&text, pairs[i][1]);
    }
    mnist_text_base64(&text, "\xff\xef\xbe", 3);
    text_is(&text, "/+++");
}

static int digit_of(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* Decodes base64 up to the first character that is none; to be freed. */
static uint8_t *decode(const char *text, size_t *size)
{
    uint8_t *bytes = malloc(strlen(text) + 3);
    uint32_t group = 0;
    size_t digits = 0;
    *size = 0;
    assert_non_null(bytes);
    for (; digit_of(*text) >= 0; text++) {
        group = group << 6 | (uint32_t)digit_of(*text);
        if (++digits % 4 != 1) {
            bytes[(*size)++] = (uint8_t)(group >> (6 - 2 * ((digits - 1) % 4)));
        }
    }
    return bytes;
}

/* Pictures. */

static uint32_t be32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* A chunk's body, its length and CRC checked; *at moves behind it. */
static const uint8_t *chunk(const uint8_t **at, const char *name, uint32_t *length)
{
    *length = be32(*at);
    assert_memory_equal(*at + 4, name, 4);
    const uint8_t *body = *at + 8;
    assert_int_equal(be32(body + *length), crc32_z(0, *at + 4, *length + 4));
    *at = body + *length + 4;
    return body;
}

static void check_picture(unsigned rows, unsigned cols, const uint8_t (*colors)[4], unsigned count)
{
    uint8_t *pixels = malloc((size_t)rows * cols), *lines = malloc((size_t)rows * (cols + 1));
    for (size_t i = 0; i < (size_t)rows * cols; i++) {
        pixels[i] = (uint8_t)(i * 7 % (count > 0 ? count : 256));
    }
    mnist_text text = {0};
    mnist_picture_put(&text, pixels, rows, cols, colors, count);
    mnist_text_add(&text, "", 1);
    assert_false(text.failed);
    const char head[] = "data:image/png;base64,";
    assert_memory_equal(text.data, head, sizeof head - 1);
    size_t size;
    uint8_t *png = decode(text.data + sizeof head - 1, &size);
    const uint8_t *at = png + 8, *body;
    uint32_t length;
    assert_memory_equal(png, "\x89PNG\r\n\x1a\n", 8);
    body = chunk(&at, "IHDR", &length);
    assert_int_equal(length, 13);
    assert_int_equal(be32(body), cols);
    assert_int_equal(be32(body + 4), rows);
    assert_int_equal(body[9], count > 0 ? 3 : 0);
    if (count > 0) {
        body = chunk(&at, "PLTE", &length);
        assert_int_equal(length, 3 * count);
        assert_memory_equal(body + 3, colors[1], 3);
        body = chunk(&at, "tRNS", &length);
        assert_int_equal(body[1], colors[1][3]);
    }
    body = chunk(&at, "IDAT", &length);
    uLongf room = (uLongf)rows * (cols + 1);
    assert_int_equal(uncompress(lines, &room, body, length), Z_OK);
    assert_int_equal(room, (size_t)rows * (cols + 1));
    for (size_t row = 0; row < rows; row++) {
        assert_int_equal(lines[row * (cols + 1)], 0);
        assert_memory_equal(lines + row * (cols + 1) + 1, pixels + row * cols, cols);
    }
    chunk(&at, "IEND", &length);
    assert_ptr_equal(at, png + size);
    free(png);
    free(text.data);
    free(pixels);
    free(lines);
}

static void test_picture(void **state)
{
    (void)state;
    static const uint8_t colors[3][4] = {{1, 2, 3, 4}, {5, 6, 7, 8}, {255, 254, 253, 0}};
    check_picture(28, 28, NULL, 0);
    check_picture(28, 28, colors, 3);
    check_picture(1, 1, NULL, 0);
    check_picture(1, 300, NULL, 0);
    check_picture(1, MNIST_PICTURE_MOST - 1, NULL, 0);
    check_picture(255, 256, colors, 2);
}

/* The net within the page. */

static mnist_mlp *make_net(unsigned inputs, unsigned hidden, mnist_activation activation)
{
    mnist_mlp *mlp;
    mnist_error err;
    mnist_mlp_config config = {.inputs = inputs, .outputs = 10, .activation = activation};
    config.hidden_count = hidden > 0;
    config.hidden[0] = hidden;
    assert_int_equal(mnist_mlp_create(&mlp, &config, &err), MNIST_OK);
    mnist_mlp_init(mlp, MNIST_INIT_AUTO, 7);
    return mlp;
}

static void test_bits(void **state)
{
    (void)state;
    static const struct {
        unsigned hidden, bits;
    } nets[] = {{0, 32},   {256, 32}, {314, 32}, {315, 16}, {512, 16}, {626, 16},
                {627, 15}, {667, 15}, {668, 14}, {714, 14}, {715, 13}, {767, 13},
                {768, 12}, {830, 12}, {831, 11}, {904, 11}, {905, 10}, {991, 10},
                {992, 9},  {1098, 9}, {1099, 8}, {1231, 8}, {1232, 0}, {2000, 0}};
    for (size_t i = 0; i < sizeof nets / sizeof nets[0]; i++) {
        mnist_mlp *mlp = make_net(784, nets[i].hidden, MNIST_RELU);
        assert_int_equal(mnist_embed_bits(mlp), nets[i].bits);
        mnist_mlp_free(mlp);
    }
    static const unsigned pairs[][3] = {{512, 512, 11}, {900, 300, 8}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        mnist_mlp *mlp;
        mnist_error err;
        const mnist_mlp_config config = {
            .inputs = 784, .outputs = 10, .hidden = {pairs[i][0], pairs[i][1]}, .hidden_count = 2};
        assert_int_equal(mnist_mlp_create(&mlp, &config, &err), MNIST_OK);
        assert_int_equal(mnist_embed_bits(mlp), pairs[i][2]);
        mnist_mlp_free(mlp);
    }
}

static unsigned layer_bits(const mnist_mlp *mlp, unsigned layer, unsigned bits)
{
    return layer + 1 == mnist_mlp_layers(mlp) && bits < 16 ? 16 : bits;
}

/* As the header says it: within half a scale, which is the largest weight into the unit over
 * 2^(b-1) - 1; biases as they are. */
static void check_rounding(const mnist_mlp *mlp, unsigned bits)
{
    mnist_mlp *rounded;
    mnist_error err;
    assert_int_equal(mnist_embed_round(mlp, bits, &rounded, &err), MNIST_OK);
    for (unsigned l = 0; l < mnist_mlp_layers(mlp); l++) {
        const size_t in = mnist_mlp_layer_inputs(mlp, l), out = mnist_mlp_layer_outputs(mlp, l);
        float *w = malloc(in * out * sizeof *w), *r = malloc(in * out * sizeof *r);
        float *b = malloc(out * sizeof *b), *q = malloc(out * sizeof *q);
        const unsigned own = layer_bits(mlp, l, bits);
        mnist_mlp_get_layer(mlp, l, w, b);
        mnist_mlp_get_layer(rounded, l, r, q);
        assert_memory_equal(b, q, out * sizeof *b);
        for (size_t o = 0; o < out; o++) {
            double most = 0.0;
            for (size_t i = 0; i < in; i++) {
                most = fmax(most, fabs((double)w[i * out + o]));
            }
            const double scale = own == 32 ? 0.0 : most / ((1 << (own - 1)) - 1);
            for (size_t i = 0; i < in; i++) {
                const double off = fabs((double)w[i * out + o] - (double)r[i * out + o]);
                /* a scale may be rounded, and below the least float there is none */
                assert_true(off <=
                            0.5 * scale + 1e-6 * most + ldexp((double)FLT_TRUE_MIN, (int)own));
            }
        }
        free(w);
        free(r);
        free(b);
        free(q);
    }
    mnist_mlp_free(rounded);
}

static void test_rounding(void **state)
{
    (void)state;
    mnist_mlp *mlp = make_net(50, 30, MNIST_TANH);
    float *w = calloc(50 * 30, sizeof *w), *b = calloc(30, sizeof *b);
    for (unsigned bits = 8; bits <= 32; bits += bits < 16 ? 1 : 16) {
        check_rounding(mlp, bits);
    }
    mnist_mlp_get_layer(mlp, 0, w, b);
    for (size_t i = 0; i < 50; i++) {
        w[i * 30] = 0.0f;                                    /* a unit without weights */
        w[i * 30 + 1] = i == 3 ? 1e30f : -1e30f;             /* large ones */
        w[i * 30 + 2] = (float)i * FLT_TRUE_MIN;             /* the smallest */
        w[i * 30 + 3] = i == 7 ? 1000.0f : 1e-3f * (float)i; /* one far larger than the rest */
        b[i % 30] = (float)i;
    }
    mnist_mlp_set_layer(mlp, 0, w, b);
    for (unsigned bits = 8; bits <= 32; bits += bits < 16 ? 1 : 16) {
        check_rounding(mlp, bits);
    }
    free(w);
    free(b);
    mnist_mlp_free(mlp);
}

/* The page. */

typedef struct scene {
    mnist_dataset *data;
    mnist_mlp *mlp;
    mnist_pool *pool;
    mnist_normalization normalization;
    float *probabilities;
    mnist_evaluation test;
    mnist_page_epoch epochs[3];
    mnist_page_point points[4];
    mnist_page page;
} scene;

static void scene_start(scene *s, size_t images, unsigned hidden)
{
    mnist_error err;
    *s = (scene){.normalization = {MNIST_NORMALIZE_UNIT, 0.0f, 1.0f}};
    assert_int_equal(mnist_dataset_create_synthetic(&s->data, 0, images, 3, &err), MNIST_OK);
    assert_int_equal(mnist_pool_create(&s->pool, 1, &err), MNIST_OK);
    s->mlp = make_net(784, hidden, MNIST_GELU);
    s->probabilities = malloc(images * MNIST_CLASSES * sizeof(float));
    const mnist_view view = mnist_dataset_view(s->data);
    assert_int_equal(mnist_probabilities(s->mlp, view, &s->normalization, s->pool, s->probabilities,
                                         &s->test, &err),
                     MNIST_OK);
    for (unsigned i = 0; i < 3; i++) {
        s->epochs[i] = (mnist_page_epoch){
            i + 1, 0.1, 1.0 / (i + 1), 0.9 + 0.01 * i, i != 1, 0.123456789012, 0.95, 0.5};
    }
    s->page = (mnist_page){
        .program = "mnist-train",
        .heading = "a net",
        .result = "test_loss=1",
        .epochs = s->epochs,
        .epoch_count = 3,
        .points = s->points,
        .has_schedule = true,
        .schedule = {MNIST_SCHEDULE_ONE_CYCLE, 0.1f, 0.15f, 0.1f, 2},
        .steps = 30,
        .epoch_steps = 10,
        .last_step = 30,
        .epoch_images = 640,
        .mlp = s->mlp,
        .normalization = &s->normalization,
        .models = 1,
        .test = view,
        .probabilities = s->probabilities,
        .evaluation = &s->test,
    };
}

static void scene_end(scene *s)
{
    free(s->probabilities);
    mnist_mlp_free(s->mlp);
    mnist_pool_free(s->pool);
    mnist_dataset_free(s->data);
}

/* Terminated; to be freed. */
static char *render(const scene *s)
{
    char *html;
    size_t size;
    mnist_error err;
    assert_int_equal(mnist_page_render(&s->page, s->pool, &html, &size, &err), MNIST_OK);
    html = realloc(html, size + 1);
    assert_non_null(html);
    html[size] = '\0';
    assert_int_equal(strlen(html), size);
    return html;
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;
    for (; (text = strstr(text, part)) != NULL; text += strlen(part)) {
        count++;
    }
    return count;
}

static void test_hostile(void **state)
{
    (void)state;
    scene s;
    scene_start(&s, 40, 12);
    char *tame = render(&s);
    const char evil[] = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(2)>--><!--";
    const mnist_page_fact facts[] = {{evil, evil}, {"absent", NULL}};
    s.page.program = s.page.heading = s.page.result = s.page.note = evil;
    s.page.facts = s.page.settings = s.page.measured = (mnist_page_facts){facts, 2};
    char *html = render(&s);
    /* not one element more than with harmless names */
    static const char *const marks[] = {"<script", "</script", "<img", "<!--", "<style"};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        assert_int_equal(count_of(html, marks[i]), count_of(tame, marks[i]));
    }
    assert_null(strstr(html, "absent"));
    assert_true(count_of(html, "&lt;script&gt;alert(1)") >= 10);
    /* nothing that leads elsewhere, but for the names of SVG and of the meta element */
    assert_int_equal(count_of(html, "http://") + count_of(html, "https://"), 0);
    assert_int_equal(count_of(html, " src=\"") - count_of(html, " src=\"data:image/png;base64,"),
                     0);
    free(tame);
    free(html);
    scene_end(&s);
}

/* The page's content security policy allows what is in the page, and nothing else. */
/* What stands between open and close ends with the asset; where that begins is returned. */
static const char *check_policy(const char *html, const char *name, const char *open,
                                const char *close, mnist_asset asset)
{
    const char *start = strstr(html, open) + strlen(open);
    const size_t size = (size_t)(strstr(start, close) - start);
    assert_true(size >= asset.size);
    const char *at = start + (size - asset.size);
    assert_memory_equal(at, asset.data, asset.size);
    char hex[MNIST_SHA256_TEXT], policy[32], listed[MNIST_SHA256_TEXT];
    mnist_sha256(NULL, 0, start, size, hex);
    snprintf(policy, sizeof policy, "%s-src 'sha256-", name);
    size_t digest_size;
    uint8_t *digest = decode(strstr(html, policy) + strlen(policy), &digest_size);
    assert_int_equal(digest_size, 32);
    for (size_t i = 0; i < 32; i++) {
        snprintf(listed + 2 * i, 3, "%02x", digest[i]);
    }
    assert_string_equal(listed, hex);
    free(digest);
    return at;
}

static void test_policy(void **state)
{
    (void)state;
    scene s;
    scene_start(&s, 40, 12);
    char *html = render(&s);
    assert_non_null(strstr(html, "default-src 'none'; img-src data:; "));
    assert_null(strstr(html, "unsafe"));
    assert_ptr_equal(check_policy(html, "style", "<style>", "</style>", mnist_asset_style),
                     strstr(html, "<style>") + strlen("<style>"));
    const char *files = check_policy(html, "script", "<script>", "</script>", mnist_asset_script);
    const char *line = strstr(html, "<script>");
    for (int f = 0; f < MNIST_ACTIVATIONS; f++) { /* a line for each before the files */
        char key[64];
        snprintf(key, sizeof key, "\n    '%s': ", mnist_activation_name((mnist_activation)f));
        line = strstr(line, key);
        assert_true(line && line < files);
    }
    /* no style= or on…= either, which the policy would not let through */
    assert_null(strstr(html, " style=\""));
    assert_null(strstr(html, " onclick"));
    free(html);
    scene_end(&s);
}

static float float_at(const uint8_t *bytes)
{
    const uint32_t bits =
        bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* The whole number that begins at a bit, the lowest of each byte first: bit by bit. */
static int whole_at(const uint8_t *bytes, size_t first, unsigned bits)
{
    int value = 0;
    for (unsigned i = 0; i < bits; i++) {
        value |= (bytes[(first + i) / 8] >> (first + i) % 8 & 1) << i;
    }
    return value >= 1 << (bits - 1) ? value - (1 << bits) : value;
}

/* Unpacked, the net in the page is the one that mnist_embed_round gives. */
static void check_embedded(unsigned hidden)
{
    static const char mark[] = "id=\"weights-data\">";
    scene s;
    mnist_error err;
    scene_start(&s, 40, hidden);
    const unsigned bits = mnist_embed_bits(s.mlp);
    mnist_mlp *rounded;
    assert_int_equal(mnist_embed_round(s.mlp, bits, &rounded, &err), MNIST_OK);
    char *html = render(&s);
    size_t size;
    uint8_t *bytes = decode(strstr(html, mark) + sizeof mark - 1, &size);
    const uint8_t *at = bytes;
    for (unsigned l = 0; l < mnist_mlp_layers(rounded); l++) {
        const size_t in = mnist_mlp_layer_inputs(rounded, l);
        const size_t out = mnist_mlp_layer_outputs(rounded, l);
        float *w = malloc(in * out * sizeof *w), *b = malloc(out * sizeof *b);
        mnist_mlp_get_layer(rounded, l, w, b);
        const unsigned own = layer_bits(rounded, l, bits);
        const uint8_t *biases = at, *scales = at + 4 * out;
        const uint8_t *values = own == 32 ? scales : scales + 4 * out;
        for (size_t o = 0; o < out; o++) {
            assert_true(float_at(biases + 4 * o) == b[o]);
        }
        for (size_t i = 0; i < in * out; i++) {
            const float value = own == 32 ? float_at(values + 4 * i)
                                          : (float)whole_at(values, i * own, own) *
                                                float_at(scales + 4 * (i % out));
            assert_true(value == w[i]);
        }
        at = values + (in * out * own + 31) / 32 * 4;
        for (size_t bit = in * out * own; bit < (size_t)(at - values) * 8; bit++) {
            assert_int_equal(whole_at(values, bit, 1), 0);
        }
        free(w);
        free(b);
    }
    assert_ptr_equal(at, bytes + size);
    free(bytes);
    free(html);
    mnist_mlp_free(rounded);
    scene_end(&s);
}

static void test_embedded(void **state)
{
    (void)state;
    check_embedded(0);
    check_embedded(37);
    check_embedded(512);
    check_embedded(767);  /* 13 bits, which leave some of the last word */
    check_embedded(901);  /* 11 */
    check_embedded(1231); /* 8 */
}

/* The net's own probabilities in the page save time only, and change nothing. */
static void test_own(void **state)
{
    (void)state;
    scene s;
    scene_start(&s, 60, 512);
    char *html = render(&s);
    assert_non_null(strstr(html, "On 60 test images"));
    s.page.own_probabilities = true;
    char *same = render(&s);
    assert_string_equal(html, same);
    free(html);
    free(same);
    scene_end(&s);
}

/* A row of the table below the ROC curves, as it is to stand there. */
static void check_roc_row(const char *html, unsigned digit, double area, const double hits[3])
{
    mnist_text row = {0};
    mnist_text_format(&row, "<tr><th scope=\"row\">%u</th><td>", digit);
    mnist_text_real(&row, area, 6);
    for (size_t i = 0; i < 3; i++) {
        mnist_text_put(&row, "</td><td>");
        mnist_text_percent(&row, hits[i], 2);
    }
    mnist_text_put(&row, "</td></tr>\n");
    mnist_text_add(&row, "", 1);
    assert_false(row.failed);
    assert_non_null(strstr(strstr(html, "id=\"roc-table\""), row.data));
    free(row.data);
}

/* The share of a digit's images above the highest threshold that lets more others through. */
static double hits_of(const scene *s, unsigned digit, double rate)
{
    const size_t count = s->page.test.count;
    double best = 0.0;
    for (size_t t = 0; t < count; t++) {
        size_t of = 0, found = 0, others = 0, alarms = 0;
        for (size_t i = 0; i < count; i++) {
            const bool taken = s->probabilities[i * MNIST_CLASSES + digit] >=
                               s->probabilities[t * MNIST_CLASSES + digit];
            const bool is_digit = s->page.test.labels[i] == digit;
            of += is_digit;
            others += !is_digit;
            found += is_digit && taken;
            alarms += !is_digit && taken;
        }
        if ((double)alarms / (double)others <= rate) {
            best = fmax(best, (double)found / (double)of);
        }
    }
    return best;
}

static void test_roc_table(void **state)
{
    (void)state;
    scene s;
    mnist_error err;
    mnist_metrics metrics;
    double hits[3], spread = 0.0;
    scene_start(&s, 400, 12);
    const mnist_predictions predictions = {s.probabilities, s.page.test.labels, s.page.test.count,
                                           MNIST_CLASSES};
    /* no two alike, and better than chance: a curve that is still rising between the rates */
    for (size_t i = 0; i < predictions.count * MNIST_CLASSES; i++) {
        const double noise = (double)(i * 7919 % 4001) / 4001.0;
        const bool is_label = s.page.test.labels[i / MNIST_CLASSES] == i % MNIST_CLASSES;
        s.probabilities[i] = (float)(is_label ? 0.5 + 0.5 * noise : 0.505 * noise);
    }
    assert_int_equal(mnist_metrics_compute(&predictions, &metrics, &err), MNIST_OK);
    char *html = render(&s);
    assert_int_equal(count_of(html, "<title id=\"roc-"), MNIST_CLASSES);
    for (unsigned c = 0; c < MNIST_CLASSES; c++) {
        for (size_t i = 0; i < 3; i++) {
            hits[i] = hits_of(&s, c, i == 0 ? 1e-4 : i == 1 ? 1e-3 : 1e-2);
        }
        spread = fmax(spread, hits[2] - hits[0]);
        check_roc_row(html, c, metrics.classes[c].auc, hits);
    }
    assert_true(spread > 0.01);
    free(html);
    mnist_metrics_free(&metrics);
    /* all alike: the curve is the diagonal */
    for (size_t i = 0; i < predictions.count * MNIST_CLASSES; i++) {
        s.probabilities[i] = 0.1f;
    }
    html = render(&s);
    for (unsigned c = 0; c < MNIST_CLASSES; c++) {
        check_roc_row(html, c, 0.5, (const double[]){1e-4, 1e-3, 1e-2});
    }
    free(html);
    scene_end(&s);
}

/* What the clock says changes one section and nothing before it. */
static void test_measured(void **state)
{
    (void)state;
    static const char mark[] = "<section id=\"measured\">";
    scene s;
    scene_start(&s, 40, 12);
    char *one = render(&s);
    const mnist_page_fact fact = {"seconds", "12.3456"};
    s.page.measured = (mnist_page_facts){&fact, 1};
    s.epochs[1].seconds = 77.0;
    char *other = render(&s);
    const size_t head = (size_t)(strstr(one, mark) - one);
    assert_int_equal(head, strstr(other, mark) - other);
    assert_memory_equal(one, other, head);
    assert_non_null(strstr(other + head, "12.3456"));
    assert_string_equal(strstr(one + head, "</section>"), strstr(other + head, "</section>"));
    free(one);
    free(other);
    scene_end(&s);
}

/* Any evaluation can be shown. */
static void test_edges(void **state)
{
    (void)state;
    static const size_t counts[] = {1, 2, 10, 40};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        scene s;
        scene_start(&s, counts[i], 12);
        /* one class alone; all right, then all wrong */
        for (int right = 0; right < 2; right++) {
            for (size_t p = 0; p < counts[i] * MNIST_CLASSES; p++) {
                s.probabilities[p] = 0.0f;
            }
            for (size_t p = 0; p < counts[i]; p++) {
                const unsigned label = s.page.test.labels[p];
                s.probabilities[p * MNIST_CLASSES + (right ? label : (label + 1) % 10)] = 1.0f;
            }
            char *html = render(&s);
            assert_int_equal(right, strstr(html, "There is none.") != NULL);
            free(html);
        }
        s.epochs[0].train_loss = INFINITY;
        s.epochs[2].validation_loss = NAN;
        s.epochs[2].seconds = 0.0;
        s.page.kept_epoch = 2;
        s.page.has_schedule = false;
        s.page.last_step = 25;
        free(render(&s));
        s.page.epoch_count = 1;
        s.page.last_step = 1;
        free(render(&s));
        s.page.epoch_count = 0;
        s.page.epoch_steps = 0;
        s.page.models = 3;
        char *html = render(&s);
        assert_null(strstr(html, "id=\"course\""));
        assert_non_null(strstr(html, "The first of the nets"));
        free(html);
        scene_end(&s);
    }
}

/* Too large for the page: a sentence, and no pad. */
static void test_no_pad(void **state)
{
    (void)state;
    scene s;
    scene_start(&s, 10, 1300);
    char *html = render(&s);
    assert_non_null(strstr(html, "There is no pad: the net has 1,033,510 parameters"));
    assert_null(strstr(html, "weights-data\""));
    free(html);
    scene_end(&s);
    scene_start(&s, 10, 12);
    s.page.test.rows = 14; /* the same pixels, otherwise arranged */
    s.page.test.cols = 56;
    html = render(&s);
    assert_non_null(strstr(html, "There is no pad: it makes images of 28 x 28"));
    free(html);
    scene_end(&s);
}

/* A page with the pad alone. */

static mnist_pad_page pad_page_of(const scene *s)
{
    static const mnist_page_fact fact = {"net", "of a test"};
    return (mnist_pad_page){.program = "mnist-convert",
                            .heading = "a net",
                            .facts = {&fact, 1},
                            .mlp = s->mlp,
                            .normalization = &s->normalization,
                            .tried = s->page.test,
                            .kind = "test images"};
}

/* Terminated; to be freed. */
static char *render_pad(const mnist_pad_page *page, mnist_pad_loss *loss)
{
    char *html;
    size_t size;
    mnist_error err;
    assert_int_equal(mnist_pad_page_render(page, NULL, loss, &html, &size, &err), MNIST_OK);
    html = realloc(html, size + 1);
    assert_non_null(html);
    html[size] = '\0';
    assert_int_equal(strlen(html), size);
    return html;
}

/* The pad, the sentence on rounding and the net are those of the report, to the byte. */
static void test_pad_page(void **state)
{
    (void)state;
    static const unsigned hidden[] = {0, 37, 512, 901}, bits[] = {32, 32, 16, 11};
    static const char start[] = "<section id=\"draw\">", end[] = "</section>";
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++) {
        scene s;
        scene_start(&s, 60, hidden[i]);
        mnist_pad_loss loss;
        const mnist_pad_page page = pad_page_of(&s);
        char *report = render(&s), *html = render_pad(&page, &loss), *again;
        const char *in_report = strstr(report, start), *in_page = strstr(html, start);
        const size_t size = (size_t)(strstr(in_report, end) - in_report);
        assert_int_equal(size, strstr(in_page, end) - in_page);
        assert_memory_equal(in_report, in_page, size);
        assert_int_equal(loss.bits, bits[i]);
        assert_int_equal(loss.tried, bits[i] < 32 ? 60 : 0);
        assert_true(loss.changed <= loss.tried && (bits[i] == 32) == (loss.difference == 0.0));
        again = render_pad(&page, &loss);
        assert_string_equal(html, again);
        free(again);
        free(html);
        free(report);
        scene_end(&s);
    }
}

static void test_pad_page_policy(void **state)
{
    (void)state;
    scene s;
    mnist_pad_loss loss;
    const char evil[] = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(2)>--><!--";
    const mnist_page_fact facts[] = {{evil, evil}, {"absent", NULL}};
    scene_start(&s, 10, 12);
    mnist_pad_page page = pad_page_of(&s);
    char *html = render_pad(&page, &loss);
    assert_non_null(strstr(html, "<title>Draw a digit: a net</title>"));
    assert_non_null(strstr(html, "<h1>a net</h1>"));
    assert_non_null(strstr(html, "<dt>net</dt><dd>of a test</dd>"));
    assert_non_null(strstr(html, "default-src 'none'; img-src data:; "));
    check_policy(html, "style", "<style>", "</style>", mnist_asset_style);
    check_policy(html, "script", "<script>", "</script>", mnist_asset_script);
    page.program = page.heading = evil;
    page.facts = (mnist_page_facts){facts, 2};
    char *hostile = render_pad(&page, &loss);
    static const char *const marks[] = {"<script", "</script", "<img", "<!--", "<style"};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        assert_int_equal(count_of(hostile, marks[i]), count_of(html, marks[i]));
    }
    assert_int_equal(count_of(hostile, "&lt;script&gt;alert(1)"), 5);
    assert_null(strstr(hostile, "absent"));
    assert_int_equal(count_of(hostile, "http://") + count_of(hostile, "https://"), 0);
    free(html);
    free(hostile);
    scene_end(&s);
}

/* Without images to try it on; and where probabilities are no numbers before and after. */
static void test_pad_page_trial(void **state)
{
    (void)state;
    scene s;
    mnist_pad_loss loss;
    scene_start(&s, 10, 512);
    mnist_pad_page page = pad_page_of(&s);
    page.tried.count = 0;
    char *html = render_pad(&page, &loss);
    assert_non_null(strstr(html,
                           "whole numbers of 16 bits, times a scale for each unit: so they take "
                           "no more than 1,000,000 bytes.</p>"));
    assert_int_equal(loss.tried, 0);
    free(html);
    float w[5120], b[MNIST_CLASSES];
    mnist_mlp_get_layer(s.mlp, 1, w, b);
    for (size_t i = 0; i < sizeof w / sizeof w[0]; i++) {
        w[i] = i % 2 ? FLT_MAX : -FLT_MAX; /* logits become infinite, rounded or not */
    }
    mnist_mlp_set_layer(s.mlp, 1, w, b);
    page = pad_page_of(&s);
    free(render_pad(&page, &loss));
    assert_int_equal(loss.tried, 10);
    assert_int_equal(loss.changed, 0);
    assert_true(loss.difference == 0.0);
    scene_end(&s);
}

static void check_no_pad(unsigned inputs, unsigned hidden, const char *text)
{
    scene s;
    mnist_error err;
    mnist_pad_loss loss;
    char *html = (char *)"";
    size_t size;
    scene_start(&s, 10, 12);
    mnist_pad_page page = pad_page_of(&s);
    page.mlp = make_net(inputs, hidden, MNIST_RELU);
    assert_int_equal(mnist_pad_page_render(&page, NULL, &loss, &html, &size, &err),
                     MNIST_ERR_ARGUMENT);
    assert_null(html);
    assert_string_equal(err.text, text);
    mnist_mlp_free(page.mlp);
    scene_end(&s);
}

static void test_pad_page_failures(void **state)
{
    (void)state;
    check_no_pad(783, 12, "the net has 783 inputs, and a pad makes images of 28 x 28 = 784 pixels");
    check_no_pad(784, 1232,
                 "the net has 979450 weights and biases, which with 8 bits a weight take 1000464 "
                 "bytes; a page holds a net of at most 1000000 bytes");
}

static void test_failures(void **state)
{
    (void)state;
    scene s;
    mnist_error err;
    char *html = (char *)"";
    size_t size;
    scene_start(&s, 10, 12);
    assert_int_equal(mnist_page_write("/nowhere at all/r.html", &s.page, s.pool, &err),
                     MNIST_ERR_IO);
    s.probabilities[5] = NAN;
    assert_int_equal(mnist_page_render(&s.page, s.pool, &html, &size, &err), MNIST_ERR_ARGUMENT);
    assert_null(html);
    scene_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_escape),
        cmocka_unit_test(test_base64),
        cmocka_unit_test(test_picture),
        cmocka_unit_test(test_bits),
        cmocka_unit_test(test_rounding),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_policy),
        cmocka_unit_test(test_embedded),
        cmocka_unit_test(test_measured),
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_no_pad),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_roc_table),
        cmocka_unit_test(test_own),
        cmocka_unit_test(test_pad_page),
        cmocka_unit_test(test_pad_page_policy),
        cmocka_unit_test(test_pad_page_trial),
        cmocka_unit_test(test_pad_page_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
