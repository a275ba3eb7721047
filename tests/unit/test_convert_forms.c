/* Model files of other numbers than fp32, converted: what is said, and what --verify holds them against. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "cli/convert/conversion.h"
#include "io/model.h"

#include <mnist/convert.h>
#include <mnist/eval.h>
#include <mnist/integers.h>

#define IMAGES 200

static const mnist_normalization unit = {MNIST_NORMALIZE_UNIT, 0.0f, 1.0f};

/* A net and images. */
static mnist_mlp *make(mnist_conversion *c)
{
    const mnist_mlp_config config = {.inputs = 784,
                                     .outputs = MNIST_CLASSES,
                                     .hidden = {16},
                                     .hidden_count = 1,
                                     .activation = MNIST_TANH};
    mnist_mlp *mlp;
    mnist_error err;
    assert_int_equal(mnist_dataset_create_synthetic(&c->source.test, 0, IMAGES, 1, &err), MNIST_OK);
    assert_int_equal(mnist_mlp_create(&mlp, &config, &err), MNIST_OK);
    mnist_mlp_init(mlp, MNIST_INIT_AUTO, 1);
    return mlp;
}

/* The net as a model file, read. */
static void convert(mnist_conversion *c, const mnist_mlp *mlp, mnist_precision storage,
                    const mnist_net_hints *hints)
{
    mnist_safetensors_output file = {.path = "model"};
    const mnist_model_parts parts = {.mlp = mlp, .normalization = &unit, .storage = storage};
    mnist_error err;
    assert_int_equal(mnist_model_encode(&file, &parts, &err), MNIST_OK);
    const mnist_format_input input = {.data = file.bytes, .size = file.size, .path = "model"};
    assert_int_equal(mnist_net_decode(&c->net, &input, NULL, hints, &err), MNIST_OK);
    free(file.bytes);
    assert_int_equal(mnist_net_encode(&c->bytes, &c->net, c->to, "out", &err), MNIST_OK);
    assert_true(mnist_conversion_compare(c, &err));
}

static void release(mnist_conversion *c)
{
    mnist_format_output_free(&c->bytes);
    mnist_net_free(&c->net);
}

static bool is_noted(const mnist_net *net, const char *text)
{
    for (size_t i = 0; i < net->note_count; i++) {
        if (strstr(net->notes[i], text)) {
            return true;
        }
    }
    return false;
}

static void sixteen_bits(void **state)
{
    (void)state;
    mnist_conversion c = {.out = "out", .to = mnist_format_find("torch")};
    mnist_mlp *mlp = make(&c);
    convert(&c, mlp, MNIST_FP32, NULL);
    assert_int_equal(c.net.note_count, 0);
    release(&c);
    convert(&c, mlp, MNIST_BF16, NULL);
    assert_true(is_noted(&c.net, "weights are bf16 in the file"));
    assert_true(c.comparison.difference == 0.0 && c.comparison.changed == 0);
    release(&c);
    convert(&c, mlp, MNIST_FP16, NULL);
    assert_true(is_noted(&c.net, "weights are fp16 in the file"));
    assert_true(c.comparison.difference == 0.0 && c.comparison.changed == 0);
    release(&c);
    mnist_mlp_free(mlp);
    mnist_source_close(&c.source);
}

/* What the net of whole numbers gives, and the floats that its numbers stand for: the largest difference. */
static double integers_from_floats(mnist_mlp *mlp, mnist_view view)
{
    static float whole[IMAGES * MNIST_CLASSES], floats[IMAGES * MNIST_CLASSES];
    mnist_error err;
    double most = 0.0;
    assert_int_equal(mnist_probabilities(mlp, view, &unit, NULL, whole, NULL, &err), MNIST_OK);
    mnist_mlp_drop_integers(mlp);
    assert_int_equal(mnist_probabilities(mlp, view, &unit, NULL, floats, NULL, &err), MNIST_OK);
    for (size_t i = 0; i < IMAGES * MNIST_CLASSES; i++) {
        const double difference = (double)whole[i] - (double)floats[i];
        most = difference > most ? difference : -difference > most ? -difference : most;
    }
    return most;
}

static void whole_numbers(void **state)
{
    (void)state;
    mnist_conversion c = {.out = "out"};
    mnist_mlp *mlp = make(&c);
    const mnist_view view = mnist_dataset_view(c.source.test);
    const mnist_net_hints tanh = {.has_activation = true, .activation = MNIST_TANH};
    const mnist_net_hints relu = {.has_activation = true, .activation = MNIST_RELU};
    mnist_error err;
    double found = 0.0;
    assert_int_equal(mnist_mlp_quantize(mlp, view, &unit, NULL, NULL, &err), MNIST_OK);
    for (size_t f = 0; mnist_format_at(f); f++) {
        c.to = mnist_format_at(f);
        if ((c.to->read && strcmp(c.to->name, "native") != 0 && strcmp(c.to->name, "torch") != 0) ||
            strcmp(c.to->name, "c") == 0) {
            continue; /* the others go the same way, where they are built in */
        }
        const bool holds = c.to->holds & MNIST_HOLDS_INTEGERS;
        convert(&c, mlp, MNIST_FP32, NULL);
        assert_non_null(c.net.integers);
        assert_true(is_noted(&c.net, "whole numbers; written are the floats") == !holds);
        assert_true(c.comparison.difference > 0.0 || holds);
        assert_true(c.comparison.difference == 0.0 || !holds);
        found = holds ? found : c.comparison.difference;
        release(&c);
    }
    c.to = mnist_format_find("torch");
    convert(&c, mlp, MNIST_FP32, &tanh); /* which it is */
    assert_true(c.comparison.difference == found);
    release(&c);
    c.to = mnist_format_find("native");
    convert(&c, mlp, MNIST_FP32, &relu); /* another net: the floats, on both sides */
    assert_null(c.net.integers);
    assert_true(is_noted(&c.net, "whole numbers; written are the floats"));
    assert_true(c.comparison.difference == 0.0);
    release(&c);
    assert_true(found == integers_from_floats(mlp, view));
    mnist_mlp_free(mlp);
    mnist_source_close(&c.source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sixteen_bits),
        cmocka_unit_test(whole_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
