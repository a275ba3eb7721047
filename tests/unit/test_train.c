/* The epoch loop: golden runs, the same bits whatever the team, what it refuses, how it stops. */
#include "unit/unit.h"

#include "base/digest.h"
#include "nn/mlp.h"

#include <math.h>
#include <mnist/mnist.h>
#include <stdio.h>

enum { SIDE = 28, PIXELS = SIDE * SIDE, IMAGES = 100, STEPS = 10, MOST_NORMS = 8 };

typedef struct golden_case {
    mnist_mlp_config mlp;
    mnist_init init;
    mnist_normalization_kind normalize;
    mnist_train_config train;
    double losses[STEPS];     /* of every step, before its update */
    double norms[MOST_NORMS]; /* L2, afterwards: weights and biases of each layer in turn */
} golden_case;

#include "golden/golden.h"

static uint8_t images[IMAGES * PIXELS], labels[IMAGES];
static const mnist_view view = {images, labels, IMAGES, SIDE, SIDE, MNIST_CLASSES, 0};

static int make_images(void **state)
{
    (void)state;
    test_images(images, labels, IMAGES, PIXELS);
    return 0;
}

static const mnist_view nothing = {NULL, NULL, 0, SIDE, SIDE, MNIST_CLASSES, 0};

typedef struct trace {
    double losses[STEPS];
    unsigned steps, epochs, stop_after_step, stop_after_epoch;
    mnist_epoch_stats last;
    mnist_step_stats last_step;
} trace;

static bool on_step(void *context, const mnist_step_stats *stats)
{
    trace *t = context;
    if (t->steps < STEPS) {
        t->losses[t->steps] = stats->loss;
    }
    t->steps++;
    t->last_step = *stats;
    return t->steps != t->stop_after_step;
}

static bool on_epoch(void *context, const mnist_epoch_stats *stats)
{
    trace *t = context;
    t->epochs++;
    t->last = *stats;
    return t->epochs != t->stop_after_epoch;
}

/* Trains a fresh net; *mlp is the caller's. */
static mnist_status train(const golden_case *c, unsigned threads, mnist_view validation,
                          trace *record, mnist_mlp **mlp, mnist_error *err)
{
    mnist_pool *pool;
    mnist_normalization normalization = mnist_normalization_fit(c->normalize, view);
    mnist_train_hooks hooks = {record, on_step, on_epoch};
    assert_int_equal(mnist_mlp_create(mlp, &c->mlp, err), MNIST_OK);
    assert_int_equal(mnist_pool_create(&pool, threads, err), MNIST_OK);
    mnist_mlp_init(*mlp, c->init, c->train.seed);
    const mnist_train_job job = {.net = *mlp,
                                 .config = &c->train,
                                 .train = view,
                                 .validation = validation,
                                 .normalization = &normalization,
                                 .pool = pool,
                                 .hooks = &hooks};
    mnist_status status = mnist_train(&job, err);
    mnist_pool_free(pool);
    return status;
}

static double norm(const float *values, size_t count)
{
    double squares = 0;
    for (size_t i = 0; i < count; i++) {
        squares += (double)values[i] * (double)values[i];
    }
    return sqrt(squares);
}

static void assert_close(const char *what, size_t c, size_t i, double found, double expected)
{
    if (!(fabs(found - expected) <= 1e-5 * fabs(expected))) {
        fail_msg("case %zu, %s %zu: expected %.9g, found %.9g", c, what, i, expected, found);
    }
}

static void test_golden(void **state)
{
    (void)state;
    static float w[PIXELS * 70];
    float bias[70];
    for (size_t c = 0; c < LENGTH(golden_cases); c++) {
        const golden_case *golden = &golden_cases[c];
        trace record = {.steps = 0};
        mnist_mlp *mlp;
        assert_int_equal(train(golden, 2, nothing, &record, &mlp, NULL), MNIST_OK);
        assert_int_equal(record.steps, STEPS);
        for (size_t i = 0; i < STEPS; i++) {
            assert_close("loss of step", c, i, record.losses[i], golden->losses[i]);
        }
        for (unsigned l = 0; l < mnist_mlp_layers(mlp); l++) {
            size_t out = mnist_mlp_layer_outputs(mlp, l);
            mnist_mlp_get_layer(mlp, l, w, bias);
            assert_close("weights of layer", c, l, norm(w, mnist_mlp_layer_inputs(mlp, l) * out),
                         golden->norms[2 * l]);
            assert_close("biases of layer", c, l, norm(bias, out), golden->norms[2 * l + 1]);
        }
        mnist_mlp_free(mlp);
    }
}

static void digest_of(const mnist_mlp *mlp, char text[MNIST_SHA256_TEXT])
{
    mnist_sha256("", 0, mlp->parameters, mlp->arena_size * sizeof(float), text);
}

static void test_same_bits_with_any_team(void **state)
{
    (void)state;
    static const unsigned teams[] = {2, 3, 7, 16};
    for (size_t c = 0; c < LENGTH(golden_cases); c++) {
        char expected[MNIST_SHA256_TEXT], found[MNIST_SHA256_TEXT];
        trace record = {.steps = 0};
        mnist_mlp *mlp;
        assert_int_equal(train(&golden_cases[c], 1, view, &record, &mlp, NULL), MNIST_OK);
        digest_of(mlp, expected);
        mnist_mlp_free(mlp);
        for (size_t i = 0; i < LENGTH(teams); i++) {
            trace again = {.steps = 0};
            assert_int_equal(train(&golden_cases[c], teams[i], view, &again, &mlp, NULL), MNIST_OK);
            digest_of(mlp, found);
            assert_string_equal(found, expected);
            assert_memory_equal(again.losses, record.losses, sizeof record.losses);
            assert_true(again.last.validation_loss == record.last.validation_loss);
            mnist_mlp_free(mlp);
        }
    }
}

/* Neither the kernels nor leaving zeros out is in the model. */
static void test_same_bits_with_any_kernels(void **state)
{
    (void)state;
    for (size_t c = 0; c < LENGTH(golden_cases); c++) {
        char expected[MNIST_SHA256_TEXT] = "", found[MNIST_SHA256_TEXT];
        double validation_loss = 0;
        for (size_t k = 0; mnist_kernels_list(k); k++) {
            for (int skip = 1; skip < MNIST_ZERO_SKIPS; skip++) {
                golden_case once = golden_cases[c];
                trace record = {.steps = 0};
                mnist_mlp *mlp;
                once.train.zero_skip = (mnist_zero_skip)skip;
                assert_int_equal(mnist_kernels_use(mnist_kernels_list(k)->name, NULL), MNIST_OK);
                assert_int_equal(train(&once, 2, view, &record, &mlp, NULL), MNIST_OK);
                digest_of(mlp, found);
                mnist_mlp_free(mlp);
                if (!expected[0]) {
                    strcpy(expected, found);
                    validation_loss = record.last.validation_loss;
                }
                assert_string_equal(found, expected);
                assert_true(record.last.validation_loss == validation_loss);
            }
        }
    }
    assert_int_equal(mnist_kernels_use(NULL, NULL), MNIST_OK);
}

/* Padding of the arena is never written to, whatever the activation makes of it. */
static void test_padding_stays_zero(void **state)
{
    (void)state;
    for (size_t c = 0; c < LENGTH(golden_cases); c++) {
        trace record = {.steps = 0};
        mnist_mlp *mlp, *copy;
        static float w[PIXELS * 70];
        float bias[70];
        assert_int_equal(train(&golden_cases[c], 3, nothing, &record, &mlp, NULL), MNIST_OK);
        assert_int_equal(mnist_mlp_create(&copy, &golden_cases[c].mlp, NULL), MNIST_OK);
        for (unsigned l = 0; l < mnist_mlp_layers(mlp); l++) { /* all but the padding */
            mnist_mlp_get_layer(mlp, l, w, bias);
            mnist_mlp_set_layer(copy, l, w, bias);
        }
        assert_memory_equal(copy->parameters, mlp->parameters, mlp->arena_size * sizeof(float));
        mnist_mlp_free(mlp);
        mnist_mlp_free(copy);
    }
}

static void test_reports(void **state)
{
    (void)state;
    golden_case c = golden_cases[0]; /* 2 epochs of 5 steps, the last of 4 images */
    trace record = {.steps = 0};
    mnist_mlp *mlp;
    assert_int_equal(train(&c, 1, mnist_view_slice(view, 0, 40), &record, &mlp, NULL), MNIST_OK);
    assert_int_equal(record.epochs, 2);
    assert_int_equal(record.last.epoch, 2);
    assert_int_equal(record.last.step, 10);
    assert_true(record.last.has_validation);
    assert_int_equal(record.last_step.count, 4);
    assert_int_equal(record.last_step.seen, IMAGES);
    assert_int_equal(record.last_step.steps, 10);
    /* the epoch's loss is the mean over images, not over steps */
    double sum = 0;
    for (size_t i = 5; i < 10; i++) {
        sum += record.losses[i] * (i < 9 ? 24 : 4);
    }
    assert_true(fabs(record.last.train_loss - sum / IMAGES) < 1e-12);
    mnist_pool *pool;
    mnist_evaluation evaluation;
    mnist_normalization normalization = mnist_normalization_fit(c.normalize, view);
    assert_int_equal(mnist_pool_create(&pool, 2, NULL), MNIST_OK);
    assert_int_equal(
        mnist_evaluate(mlp, mnist_view_slice(view, 0, 40), &normalization, pool, &evaluation, NULL),
        MNIST_OK);
    assert_true(evaluation.loss == record.last.validation_loss);
    assert_true(evaluation.accuracy == record.last.validation_accuracy);
    mnist_pool_free(pool);
    mnist_mlp_free(mlp);
}

static void test_learns(void **state)
{
    (void)state;
    golden_case c = golden_cases[0];
    c.train.epochs = 200;
    trace record = {.steps = 0};
    mnist_mlp *mlp;
    assert_int_equal(train(&c, 2, nothing, &record, &mlp, NULL), MNIST_OK);
    assert_true(record.last.train_accuracy == 1.0); /* a hundred images of noise, learnt by heart */
    mnist_mlp_free(mlp);
}

static void test_stops_when_told(void **state)
{
    (void)state;
    mnist_error err;
    mnist_mlp *mlp;
    trace record = {.stop_after_step = 3};
    assert_int_equal(train(&golden_cases[0], 2, nothing, &record, &mlp, &err), MNIST_ERR_STOPPED);
    assert_int_equal(record.steps, 3);
    assert_string_equal(err.text, "stopped at epoch 1, step 3");
    mnist_mlp_free(mlp);
    record = (trace){.stop_after_epoch = 1};
    assert_int_equal(train(&golden_cases[0], 2, nothing, &record, &mlp, &err), MNIST_ERR_STOPPED);
    assert_int_equal(record.steps, 5);
    mnist_mlp_free(mlp);
}

static void test_divergence(void **state)
{
    (void)state;
    golden_case c = golden_cases[5]; /* leaky, as its units cannot die: the weights explode */
    c.train.schedule.lr = 1e6f;
    c.train.epochs = 20;
    trace record = {.steps = 0};
    mnist_error err;
    mnist_mlp *mlp;
    assert_int_equal(train(&c, 2, nothing, &record, &mlp, &err), MNIST_ERR_DIVERGED);
    assert_non_null(strstr(err.text, "epoch "));
    assert_non_null(strstr(err.text, "step "));
    assert_non_null(strstr(err.text, "try a lower learning rate (a tenth of 1e+06)"));
    char named[64];
    snprintf(named, sizeof named, "the loss is not a finite number at epoch %u, step %u,",
             record.epochs + 1, record.steps + 1); /* the step after the last one told */
    assert_non_null(strstr(err.text, named));
    mnist_mlp_free(mlp);
}

/* The last update makes the weights infinite: no loss comes after it to show it. */
static void test_divergence_in_the_last_update(void **state)
{
    (void)state;
    golden_case c = golden_cases[5];
    c.train.schedule = (mnist_schedule){.lr = 3e38f, .step_factor = 1.0f, .step_count = 1};
    c.train.optimizer.weight_decay = 10.0f;
    c.train.epochs = 1;
    c.train.batch_size = IMAGES;
    trace record = {.steps = 0};
    mnist_error err;
    mnist_mlp *mlp;
    assert_int_equal(train(&c, 2, nothing, &record, &mlp, &err), MNIST_ERR_DIVERGED);
    assert_int_equal(record.steps, 1);
    assert_non_null(strstr(err.text, "a weight is not a finite number at epoch 1, step 1,"));
    mnist_mlp_free(mlp);
}

/* Weights that are finite and yet too large for a loss. */
static void test_divergence_in_validation(void **state)
{
    (void)state;
    golden_case c = golden_cases[0];
    c.train.schedule = (mnist_schedule){.lr = 1e25f, .step_factor = 1.0f, .step_count = 1};
    c.train.optimizer = (mnist_optimizer_config){.momentum = 0.0f};
    c.train.epochs = 1;
    c.train.batch_size = IMAGES;
    c.mlp.activation = MNIST_LEAKY_RELU;
    trace record = {.steps = 0};
    mnist_error err;
    mnist_mlp *mlp;
    assert_int_equal(train(&c, 2, view, &record, &mlp, &err), MNIST_ERR_DIVERGED);
    assert_int_equal(record.epochs, 0);
    assert_non_null(strstr(err.text, "the validation loss is not a finite number"));
    mnist_mlp_free(mlp);
}

static void test_refusals(void **state)
{
    (void)state;
    mnist_train_config good = golden_cases[0].train;
    struct {
        mnist_train_config config;
        const char *text;
    } cases[35];
    for (size_t i = 0; i < LENGTH(cases); i++) {
        cases[i].config = good;
    }
    cases[0].config.epochs = 0, cases[0].text = "epochs: expected at least 1, found 0";
    cases[1].config.batch_size = 0, cases[1].text = "batch size";
    cases[2].config.optimizer.momentum = 1.0f, cases[2].text = "momentum";
    cases[3].config.optimizer.weight_decay = -1.0f, cases[3].text = "weight decay";
    cases[4].config.optimizer.clip_norm = NAN, cases[4].text = "clip norm";
    cases[5].config.schedule.lr = 0.0f, cases[5].text = "learning rate";
    cases[6].config.schedule.warmup = 1.0f, cases[6].text = "warm-up";
    cases[7].config.schedule.kind = MNIST_SCHEDULES, cases[7].text = "schedule";
    cases[8].config.schedule.step_factor = 0.0f, cases[8].text = "step factor";
    cases[9].config.schedule.step_count = 0, cases[9].text = "step count";
    cases[10].config.label_smoothing = 1.0f, cases[10].text = "label smoothing";
    cases[11].config.schedule.lr = INFINITY, cases[11].text = "learning rate";
    cases[12].config.optimizer.kind = MNIST_OPTIMIZERS,
    cases[12].text = "optimizer: expected a known one";
    cases[13].config.optimizer.max_norm = -1.0f,
    cases[13].text = "max norm: expected 0 (off) or more, found -1";
    cases[14].config.optimizer.beta1 = 1.0f,
    cases[14].text = "beta1: expected 0 to below 1, found 1";
    cases[15].config.optimizer.beta2 = NAN, cases[15].text = "beta2";
    cases[16].config.optimizer.rho = 1.0f, cases[16].text = "rho";
    cases[17].config.optimizer.kind = MNIST_ADAM, cases[17].config.optimizer.epsilon = 0.0f;
    cases[17].text = "epsilon: expected above 0, found 0";
    cases[18].config.regularization.dropout[15] = 1.0f,
    cases[18].text = "dropout: expected 0 to below 1, found 1";
    cases[19].config.regularization.confidence_penalty = -0.1f,
    cases[19].text = "confidence penalty";
    cases[20].config.regularization.adversarial_epsilon = INFINITY,
    cases[20].text = "adversarial epsilon";
    cases[20].config.regularization.adversarial_share = 0.5f;
    cases[21].config.regularization.adversarial_epsilon = 0.1f,
    cases[21].text = "adversarial share: expected above 0";
    cases[21].config.regularization.adversarial_share = 0.0f;
    cases[22].config.regularization.virtual_epsilon = NAN,
    cases[22].text = "virtual adversarial epsilon";
    cases[23].config.regularization.virtual_epsilon = 1.0f;
    cases[23].text = "virtual adversarial weight: expected above 0";
    cases[23].config.regularization.virtual_weight = 0.0f;
    cases[24].config.regularization =
        (mnist_regularization){.adversarial_epsilon = 0.1f, .virtual_epsilon = 1.0f};
    cases[24].text = "adversarial and virtual adversarial training exclude each other";
    cases[25].config.regularization.virtual_epsilon = 1.0f, cases[25].config.batch_norm = true;
    cases[25].text = "batch normalisation does not go with adversarial training";
    cases[26].config.input_dropout = 1.0f,
    cases[26].text = "input dropout: expected 0 to below 1, found 1";
    cases[27].config.input_noise = -1.0f, cases[27].text = "input noise";
    cases[28].config.mixup = 100.1f, cases[28].text = "mixup: expected 0 (off) to 100, found 100.1";
    cases[29].config.averaging.ema = 1.0f,
    cases[29].text = "moving average: expected 0 (none) to below 1, found 1";
    cases[30].config.averaging.swa_start = -0.5f, cases[30].text = "start of weight averaging";
    cases[31].config.averaging = (mnist_averaging){.ema = 0.9f, .swa_start = 0.5f};
    cases[31].text = "a moving average and stochastic weight averaging exclude each other";
    cases[32].config.min_delta = NAN, cases[32].text = "least improvement: expected 0 or more";
    cases[33].config.max_seconds = -1.0,
    cases[33].text = "longest time: expected 0 (any) or more seconds, found -1";
    cases[34].config.keep = MNIST_KEEPS, cases[34].text = "keep: expected a known one";
    for (size_t i = 0; i < LENGTH(cases); i++) {
        golden_case c = golden_cases[0];
        trace record = {.steps = 0};
        mnist_error err;
        mnist_mlp *mlp;
        c.train = cases[i].config;
        assert_int_equal(train(&c, 1, nothing, &record, &mlp, &err), MNIST_ERR_ARGUMENT);
        assert_non_null(strstr(err.text, cases[i].text));
        assert_int_equal(record.steps, 0);
        mnist_mlp_free(mlp);
    }
}

/* What depends on the validation loss needs validation images. */
static void test_needs_validation(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "patience goes by the validation loss, but there are no validation images",
        "keeping the best epoch goes by the validation loss, but there are no validation images"};
    for (size_t i = 0; i < LENGTH(texts); i++) {
        golden_case c = golden_cases[0];
        trace record = {.steps = 0};
        mnist_error err;
        mnist_mlp *mlp;
        c.train.patience = i == 0 ? 1 : 0;
        c.train.keep = i == 1 ? MNIST_KEEP_BEST : MNIST_KEEP_LAST;
        assert_int_equal(train(&c, 1, nothing, &record, &mlp, &err), MNIST_ERR_ARGUMENT);
        assert_string_equal(err.text, texts[i]);
        mnist_mlp_free(mlp);
        assert_int_equal(train(&c, 1, view, &record, &mlp, &err), MNIST_OK);
        mnist_mlp_free(mlp);
    }
}

static void test_misfits(void **state)
{
    (void)state;
    golden_case c = golden_cases[0];
    trace record = {.steps = 0};
    mnist_error err;
    mnist_mlp *mlp;
    c.mlp.inputs = 100;
    assert_int_equal(train(&c, 1, nothing, &record, &mlp, &err), MNIST_ERR_MISMATCH);
    assert_string_equal(err.text,
                        "training images are 28 x 28 = 784 pixels, but the net has 100 inputs");
    mnist_mlp_free(mlp);
    c.mlp.inputs = PIXELS;
    c.mlp.outputs = 11;
    assert_int_equal(train(&c, 1, nothing, &record, &mlp, &err), MNIST_ERR_MISMATCH);
    mnist_mlp_free(mlp);
    mnist_view small = {images, labels, 5, 10, 10, MNIST_CLASSES, 0};
    c.mlp.outputs = 10;
    assert_int_equal(train(&c, 1, small, &record, &mlp, &err), MNIST_ERR_MISMATCH);
    assert_non_null(strstr(err.text, "validation images are 10 x 10"));
    mnist_mlp_free(mlp);
    c.mlp.batch_norm = true; /* is added by the training, not brought along */
    assert_int_equal(mnist_train(&(mnist_train_job){.train = view}, &err), MNIST_ERR_ARGUMENT);
    assert_int_equal(train(&c, 1, view, &record, &mlp, &err), MNIST_ERR_ARGUMENT);
    assert_non_null(strstr(err.text, "the net: expected one without batch normalisation"));
    mnist_mlp_free(mlp);
    assert_int_equal(record.steps, 0);
}

/* A job of a net and images alone is that of mnist_train_defaults, pixels / 255 and any pool. */
static void test_what_is_left_out(void **state)
{
    (void)state;
    const mnist_mlp_config shape = golden_cases[0].mlp;
    const mnist_train_config defaults = mnist_train_defaults();
    const mnist_normalization unit = mnist_normalization_fit(MNIST_NORMALIZE_UNIT, view);
    mnist_pool *pool;
    mnist_mlp *nets[2];
    assert_int_equal(mnist_pool_create(&pool, 1, NULL), MNIST_OK);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(mnist_mlp_create(&nets[i], &shape, NULL), MNIST_OK);
        mnist_mlp_init(nets[i], MNIST_INIT_AUTO, 1);
    }
    const mnist_train_job whole = {.net = nets[0],
                                   .config = &defaults,
                                   .train = view,
                                   .validation = nothing,
                                   .normalization = &unit,
                                   .pool = pool};
    const mnist_train_job least = {.net = nets[1], .train = view};
    assert_int_equal(mnist_train(&whole, NULL), MNIST_OK);
    assert_int_equal(mnist_train(&least, NULL), MNIST_OK);
    assert_memory_equal(nets[0]->parameters, nets[1]->parameters,
                        nets[0]->arena_size * sizeof *nets[0]->parameters);
    mnist_mlp_free(nets[0]);
    mnist_mlp_free(nets[1]);
    mnist_pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_same_bits_with_any_team),
        cmocka_unit_test(test_same_bits_with_any_kernels),
        cmocka_unit_test(test_padding_stays_zero),
        cmocka_unit_test(test_reports),
        cmocka_unit_test(test_learns),
        cmocka_unit_test(test_stops_when_told),
        cmocka_unit_test(test_divergence),
        cmocka_unit_test(test_divergence_in_the_last_update),
        cmocka_unit_test(test_divergence_in_validation),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_needs_validation),
        cmocka_unit_test(test_misfits),
        cmocka_unit_test(test_what_is_left_out),
    };
    return cmocka_run_group_tests_name("train", tests, make_images, NULL);
}
