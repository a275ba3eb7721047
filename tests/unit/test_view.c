/* The live view: the exact text of its lines at every width, and the curve of the losses. */
#include "cli/terminal/view.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static const mnist_live sample = {
    .run = 1,
    .runs = 1,
    .epoch = 3,
    .epochs = 10,
    .epoch_share = 0.29,
    .loss = 0.0512,
    .accuracy = 0.9841,
    .validation_accuracy = 0.979,
    .lr = 0.0821,
    .images_per_second = 412345,
    .eta = 1.7,
};

/* Losses that fall from 2 to 0.015625, a power of two at a time. */
static mnist_loss_curve falling(void)
{
    mnist_loss_curve curve = {.bins = 0};
    for (double loss = 2.0; loss > 0.01; loss *= 0.5) {
        mnist_loss_curve_add(&curve, loss);
    }
    return curve;
}

static void check(const mnist_live *view, mnist_live_style style, const char *expected)
{
    char text[MNIST_LIVE_TEXT];
    unsigned lines = 1;
    for (const char *c = expected; *c; c++) {
        lines += *c == '\n';
    }
    assert_int_equal(mnist_live_format(text, view, &style), lines);
    if (strcmp(text, expected) != 0) {
        fail_msg("%u columns:\n%s\nand not\n%s", style.width, text, expected);
    }
}

static void test_widths(void **state)
{
    (void)state;
    mnist_loss_curve curve = falling();
    mnist_live view = sample;
    view.curve = &curve;
    check(&view, (mnist_live_style){200, 3, false, false},
          "epoch  3/10 [===========>                            ]  29%  412k img/s  ETA 0:02\n"
          "loss 0.0512 #%*+=-:.\n"
          "acc 98.41%  val 97.90%  lr 0.0821");
    check(&view, (mnist_live_style){79, 3, false, false},
          "epoch  3/10 [===========>                          ]  29%  412k img/s  ETA 0:02\n"
          "loss 0.0512 #%*+=-:.\n"
          "acc 98.41%  val 97.90%  lr 0.0821");
    check(&view, (mnist_live_style){47, 3, true, false},
          "epoch  3/10 [=>    ]  29%  412k img/s  ETA 0:02\n"
          "loss 0.0512 \u2588\u2587\u2586\u2585\u2584\u2583\u2582\u2581\n"
          "acc 98.41%  val 97.90%  lr 0.0821");
    check(&view, (mnist_live_style){39, 3, false, false},
          "epoch  3/10  29%  412k img/s  ETA 0:02\n"
          "loss 0.0512 #%*+=-:.\n"
          "acc 98.41%  val 97.90%  lr 0.0821");
    check(&view, (mnist_live_style){30, 3, false, false},
          "epoch  3/10  29%  ETA 0:02\n"
          "loss 0.0512 #%*+=-:.\n"
          "acc 98.41%  val 97.90%");
    check(&view, (mnist_live_style){19, 3, false, false},
          "epoch  3/10  29%\n"
          "loss 0.0512 #%*+=:.\n"
          "acc 98.41%");
    check(&view, (mnist_live_style){11, 3, false, false}, "epoch  3/10\nloss 0.0512\nacc 98.41%");
    check(&view, (mnist_live_style){4, 3, false, false}, "3/10\n\n");
    check(&view, (mnist_live_style){0, 3, false, false}, "\n\n");
    check(&view, (mnist_live_style){30, 1, false, false}, "epoch  3/10  29%  ETA 0:02");
    check(&view, (mnist_live_style){30, 0, false, false}, "epoch  3/10  29%  ETA 0:02");
    check(&view, (mnist_live_style){40, 3, false, true},
          "\x1b[1mepoch  3/10\x1b[0m  29%  412k img/s  ETA 0:02\n"
          "loss 0.0512 \x1b[36m#%*+=-:.\x1b[0m\n"
          "acc 98.41%  val \x1b[1m97.90%\x1b[0m  lr 0.0821");
}

static void test_unknown(void **state)
{
    (void)state;
    mnist_live view = sample;
    view.run = 2;
    view.runs = 15;
    view.epoch_share = 1.0;
    view.loss = NAN;
    view.validation_accuracy = view.images_per_second = view.eta = -1.0;
    check(&view, (mnist_live_style){79, 3, false, false},
          "run  2/15  epoch  3/10 [===========================] 100%     - img/s  ETA -:--\n"
          "loss    nan \n"
          "acc 98.41%  lr 0.0821");
    view.run = view.runs = view.epoch = view.epochs = UINT32_MAX; /* nothing overflows */
    view.loss = 1e300;
    view.lr = 1e-300;
    char text[MNIST_LIVE_TEXT];
    mnist_live_format(text, &view, &(mnist_live_style){UINT32_MAX, 3, true, true});
    assert_true(strlen(text) < MNIST_LIVE_TEXT - 1);
}

/* No line is wider than it may be, wherever the bar stands and however long the curve is. */
static void test_never_wider(void **state)
{
    (void)state;
    char text[MNIST_LIVE_TEXT];
    mnist_live view = sample;
    mnist_loss_curve curve = {.bins = 0};
    view.curve = &curve;
    for (unsigned steps = 0; steps < 300; steps += 37) {
        for (unsigned i = 0; i < 37; i++) {
            mnist_loss_curve_add(&curve, 1.0 / (steps + i + 1));
        }
        for (unsigned width = 0; width < 250; width++) {
            view.epoch_share = steps / 299.0;
            mnist_live_format(text, &view, &(mnist_live_style){width, 3, false, false});
            for (const char *line = text; *line;) {
                size_t length = strcspn(line, "\n");
                assert_true(length <= width);
                line += length + (line[length] == '\n');
            }
        }
    }
}

static void test_curve(void **state)
{
    (void)state;
    mnist_loss_curve curve = {.bins = 0};
    double values[MNIST_LOSS_BINS];
    assert_int_equal(mnist_loss_curve_values(&curve, MNIST_LOSS_BINS, values), 0);
    const unsigned steps = 100000;
    for (unsigned i = 0; i < steps; i++) {
        mnist_loss_curve_add(&curve, i);
    }
    /* the whole run is in it, except for the bin being filled; each value is a mean */
    const double in_bins = (double)curve.bins * (double)curve.bin_steps;
    assert_true(curve.bins >= MNIST_LOSS_BINS / 2 && curve.bins < MNIST_LOSS_BINS);
    assert_true(in_bins + (double)curve.steps == steps);
    for (size_t most = 1; most <= MNIST_LOSS_BINS; most++) {
        size_t count = mnist_loss_curve_values(&curve, most, values);
        assert_int_equal(count, most < curve.bins ? most : curve.bins);
        for (size_t i = 1; i < count; i++) {
            assert_true(values[i] > values[i - 1]);
        }
        if (count == 1) {
            assert_true(fabs(values[0] - (in_bins - 1.0) / 2.0) < 1e-6);
        }
    }
    assert_int_equal(mnist_loss_curve_values(&curve, 0, values), 0);
}

/* Unusual losses: a single value, one below 0, NaN. */
static void test_odd_losses(void **state)
{
    (void)state;
    static const struct {
        double losses[4];
        const char *curve;
    } cases[] = {
        {{0.5, 0.5, 0.5, 0.5}, "...."},      {{0.5, 0.502, 0.5, 0.5}, "...."}, /* hardly differs */
        {{1.0, 0.0, -1.0, 0.5}, "#+.%"}, /* drawn as it is, not its logarithm */
        {{1.0, NAN, INFINITY, 0.1}, "###."}, {{NAN, NAN, NAN, NAN}, "####"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        mnist_loss_curve curve = {.bins = 0};
        for (size_t k = 0; k < 4; k++) {
            mnist_loss_curve_add(&curve, cases[i].losses[k]);
        }
        mnist_live view = sample;
        view.curve = &curve;
        char text[MNIST_LIVE_TEXT], expected[64];
        mnist_live_format(text, &view, &(mnist_live_style){60, 3, false, false});
        snprintf(expected, sizeof expected, "\nloss 0.0512 %s\n", cases[i].curve);
        if (!strstr(text, expected)) {
            fail_msg("%s, not %s", text, cases[i].curve);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_widths),      cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_never_wider), cmocka_unit_test(test_curve),
        cmocka_unit_test(test_odd_losses),
    };
    return cmocka_run_group_tests_name("view", tests, NULL, NULL);
}
