/* What a net of whole numbers computes with, as mnist_mlp_integer_constants gives it: by its contract alone, a value at a
 * time, the logits come out to the bit. */
#include "unit.h"

#include <stdlib.h>

#include <mnist/eval.h>
#include <mnist/integers.h>

enum { PIXELS = 784, COUNT = 40, WIDEST = 784 };

/* Rounded down. */
static int32_t halved(int32_t value, int32_t times)
{
    for (int32_t i = 0; i < times; i++) {
        value = value >= 0 ? value / 2 : (value - 1) / 2;
    }
    return value;
}

static int32_t within(int32_t value, int32_t least, int32_t most)
{
    return value < least ? least : value > most ? most : value;
}

/* What output n is to the next layer. */
static int32_t value_of(const mnist_integer_constants *c, size_t n, int32_t sum)
{
    const int32_t t = within(halved(sum, c->shifts[n]), -32768, 32767);
    const int32_t v = halved(t * c->multipliers[n] + (1 << 14), 15);
    return c->table ? c->table[within(v + 128, 0, 255)] : within(v, 0, 127);
}

static void follow(const mnist_mlp *mlp, const uint8_t *image, float *logits)
{
    int32_t q[WIDEST], next[WIDEST];
    for (size_t k = 0; k < PIXELS; k++) {
        q[k] = within((image[k] + 1) / 2, 0, 127);
    }
    for (unsigned l = 0; l < mnist_mlp_layers(mlp); l++) {
        const unsigned inputs = mnist_mlp_layer_inputs(mlp, l);
        const unsigned outputs = mnist_mlp_layer_outputs(mlp, l);
        const mnist_integer_constants c = mnist_mlp_integer_constants(mlp, l);
        int8_t *w = malloc((size_t)inputs * outputs);
        assert_non_null(w);
        mnist_mlp_get_integers(mlp, l, w, NULL, NULL, NULL);
        for (size_t n = 0; n < outputs; n++) {
            int32_t sum = c.start[n];
            for (size_t k = 0; k < inputs; k++) {
                sum += q[k] * w[k * outputs + n];
            }
            if (c.shifts) {
                next[n] = value_of(&c, n, sum);
            } else {
                logits[n] = (float)sum * c.scales[n];
            }
        }
        memcpy(q, next, outputs * sizeof *q);
        free(w);
    }
}

static void the_logits_to_the_bit(void **state)
{
    (void)state;
    static const mnist_normalization standard = {MNIST_NORMALIZE_STANDARD, 0.1307f, 0.3081f};
    static float expected[COUNT * MNIST_CLASSES];
    mnist_dataset *drawn;
    mnist_error err;
    assert_int_equal(mnist_dataset_create_synthetic(&drawn, 0, COUNT, 1, &err), MNIST_OK);
    const mnist_view view = mnist_dataset_view(drawn);
    for (int a = 0; a < MNIST_ACTIVATIONS; a++) {
        for (unsigned hidden = 0; hidden < 4; hidden++) {
            const mnist_mlp_config config = {.inputs = PIXELS,
                                             .outputs = MNIST_CLASSES,
                                             .hidden = {33, 1 + 8 * hidden, 20},
                                             .hidden_count = hidden,
                                             .activation = (mnist_activation)a};
            const mnist_quantize_options options = {.bits = hidden == 2 ? 3 : 8};
            mnist_mlp *mlp;
            assert_int_equal(mnist_mlp_create_drawn(&mlp, &config, MNIST_INIT_AUTO, 3, &err),
                             MNIST_OK);
            assert_int_equal(mnist_mlp_quantize(mlp, view, &standard, &options, NULL, &err),
                             MNIST_OK);
            assert_int_equal(mnist_logits(mlp, view, &standard, NULL, expected, NULL, &err),
                             MNIST_OK);
            for (size_t i = 0; i < COUNT; i++) {
                float found[MNIST_CLASSES];
                follow(mlp, view.images + i * PIXELS, found);
                assert_memory_equal(found, expected + i * MNIST_CLASSES, sizeof found);
            }
            mnist_mlp_free(mlp);
        }
    }
    mnist_dataset_free(drawn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_logits_to_the_bit),
    };
    return cmocka_run_group_tests_name("integer_constants", tests, NULL, NULL);
}
