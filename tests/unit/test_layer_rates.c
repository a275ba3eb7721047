/* Layers that are frozen or have a learning rate of their own: against trainings in which the same is
 * done from outside. */
#include "unit/unit.h"

#include <math.h>
#include <mnist/mnist.h>
#include <stdlib.h>

enum { SIDE = 28, PIXELS = SIDE * SIDE, IMAGES = 150, BATCH = 40, LAYERS = 3 };

static uint8_t images[IMAGES * PIXELS], labels[IMAGES];
static const mnist_view view = {images, labels, IMAGES, SIDE, SIDE, MNIST_CLASSES, 0};
static const mnist_mlp_config shape = {
    .inputs = PIXELS, .outputs = MNIST_CLASSES, .hidden_count = 2, .hidden = {70, 33}};

static int make_images(void **state)
{
    (void)state;
    test_images(images, labels, IMAGES, PIXELS);
    return 0;
}

/* All weights and biases of a layer, after one another; the caller frees them. */
static float *layer_values(const mnist_mlp *mlp, unsigned l, size_t *count)
{
    const size_t inputs = mnist_mlp_layer_inputs(mlp, l), outputs = mnist_mlp_layer_outputs(mlp, l);
    float *values = malloc((inputs + 1) * outputs * sizeof *values);
    assert_non_null(values);
    mnist_mlp_get_layer(mlp, l, values, values + inputs * outputs);
    *count = (inputs + 1) * outputs;
    return values;
}

static bool same_layer(const mnist_mlp *a, const mnist_mlp *b, unsigned l)
{
    size_t count, other;
    float *one = layer_values(a, l, &count), *two = layer_values(b, l, &other);
    const bool same = count == other && memcmp(one, two, count * sizeof *one) == 0;
    free(one);
    free(two);
    return same;
}

static mnist_mlp *new_net(void)
{
    mnist_mlp *mlp;
    assert_int_equal(mnist_mlp_create_drawn(&mlp, &shape, MNIST_INIT_AUTO, 5, NULL), MNIST_OK);
    return mlp;
}

static mnist_train_config new_config(void)
{
    mnist_train_config config = mnist_train_defaults();
    config.epochs = 2;
    config.batch_size = BATCH;
    config.schedule.kind = MNIST_SCHEDULE_CONSTANT;
    config.schedule.warmup = 0.0f;
    config.schedule.lr = 0.05f;
    config.adapt_threads = false;
    return config;
}

static mnist_mlp *train(const mnist_train_config *config, unsigned threads,
                        const mnist_train_hooks *hooks, mnist_mlp *mlp)
{
    mnist_pool *pool;
    assert_int_equal(mnist_pool_create(&pool, threads, NULL), MNIST_OK);
    const mnist_train_job job = {
        .net = mlp, .config = config, .train = view, .pool = pool, .hooks = hooks};
    mnist_error err;
    const mnist_status status = mnist_train(&job, &err);
    if (status != MNIST_OK && status != MNIST_ERR_STOPPED) {
        fail_msg("%s", err.text);
    }
    mnist_pool_free(pool);
    return mlp;
}

/* Puts back, after each step, the layers that are to stay as they were. */
typedef struct restorer {
    mnist_mlp *net, *original;
    const bool *frozen;
} restorer;

static bool restore(void *context, const mnist_step_stats *stats)
{
    const restorer *r = context;
    (void)stats;
    for (unsigned l = 0; l < LAYERS; l++) {
        if (r->frozen[l]) {
            size_t count;
            float *values = layer_values(r->original, l, &count);
            const size_t outputs = mnist_mlp_layer_outputs(r->net, l);
            mnist_mlp_set_layer(r->net, l, values, values + count - outputs);
            free(values);
        }
    }
    return true;
}

typedef struct setup {
    bool frozen[LAYERS];
    mnist_optimizer_kind optimizer;
    mnist_precision precision;
    float dropout, max_norm, adversarial;
} setup;

static const setup setups[] = {
    {.frozen = {true}},
    {.frozen = {true, true}, .optimizer = MNIST_ADAM},
    {.frozen = {false, true}},
    {.frozen = {false, true, true}, .optimizer = MNIST_ADAMW, .dropout = 0.3f},
    {.frozen = {false, false, true}, .optimizer = MNIST_RMSPROP},
    {.frozen = {true, false, true}, .max_norm = 0.5f},
    {.frozen = {true, true}, .precision = MNIST_BF16, .dropout = 0.2f},
    {.frozen = {true}, .adversarial = 0.1f},
};

static mnist_train_config config_of(const setup *s)
{
    mnist_train_config config = new_config();
    config.optimizer.kind = s->optimizer;
    if (s->optimizer != MNIST_SGD) {
        config.schedule.lr = 0.002f;
    }
    config.precision = s->precision;
    config.optimizer.max_norm = s->max_norm;
    config.regularization.dropout[0] = config.regularization.dropout[1] = s->dropout;
    config.regularization.adversarial_epsilon = s->adversarial;
    return config;
}

/* Frozen layers keep their bits, and the others get those that they would get if the frozen ones
 * were put back after every step. */
static void test_frozen(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(setups); i++) {
        mnist_train_config config = config_of(&setups[i]);
        mnist_mlp *original = new_net(), *restored = new_net();
        restorer r = {restored, original, setups[i].frozen};
        const mnist_train_hooks hooks = {.context = &r, .on_step = restore};
        train(&config, 1, &hooks, restored);
        memcpy(config.frozen, setups[i].frozen, sizeof setups[i].frozen);
        for (unsigned threads = 1; threads <= 7; threads += 3) {
            mnist_mlp *mlp = train(&config, threads, NULL, new_net());
            for (unsigned l = 0; l < LAYERS; l++) {
                if (!same_layer(mlp, restored, l)) {
                    fail_msg("case %zu, layer %u, %u threads: other bits", i, l, threads);
                }
                assert_int_equal(same_layer(mlp, original, l), setups[i].frozen[l]);
            }
            mnist_mlp_free(mlp);
        }
        mnist_mlp_free(original);
        mnist_mlp_free(restored);
    }
}

/* Averages of a frozen layer are that layer. */
static void test_averages(void **state)
{
    (void)state;
    mnist_train_config config = new_config();
    config.frozen[0] = config.frozen[1] = true;
    for (int swa = 0; swa < 2; swa++) {
        config.averaging =
            swa ? (mnist_averaging){.swa_start = 0.4f} : (mnist_averaging){.ema = 0.9f};
        mnist_mlp *original = new_net(), *mlp = train(&config, 2, NULL, new_net());
        assert_true(same_layer(mlp, original, 0));
        assert_true(same_layer(mlp, original, 1));
        assert_false(same_layer(mlp, original, 2));
        mnist_mlp_free(mlp);
        mnist_mlp_free(original);
    }
}

static bool stop(void *context, const mnist_step_stats *stats)
{
    (void)context;
    (void)stats;
    return false;
}

/* After one step, a layer at half the rate is as after a step of the whole net at half the rate. */
static void test_scale(void **state)
{
    (void)state;
    const mnist_train_hooks hooks = {.on_step = stop};
    for (int kind = 0; kind < MNIST_OPTIMIZERS; kind++) {
        mnist_train_config config = new_config();
        config.optimizer.kind = (mnist_optimizer_kind)kind;
        mnist_mlp *full = train(&config, 1, &hooks, new_net());
        config.schedule.lr *= 0.5f;
        mnist_mlp *half = train(&config, 1, &hooks, new_net());
        config.schedule.lr *= 2.0f;
        for (unsigned l = 0; l < LAYERS; l++) {
            config.lr_scale[l] = 0.5f;
            mnist_mlp *mlp = train(&config, 3, &hooks, new_net());
            config.lr_scale[l] = l % 2 ? 1.0f : 0.0f; /* both are 1 */
            for (unsigned other = 0; other < LAYERS; other++) {
                assert_true(same_layer(mlp, other == l ? half : full, other));
            }
            mnist_mlp_free(mlp);
        }
        mnist_mlp_free(full);
        mnist_mlp_free(half);
    }
}

/* The gradient's norm, by which it is clipped, is that of the layers that are trained. */
static void test_clipping(void **state)
{
    (void)state;
    const mnist_train_hooks hooks = {.on_step = stop};
    mnist_train_config config = new_config();
    config.optimizer.weight_decay = 0.0f;
    config.optimizer.momentum = 0.0f;
    config.optimizer.nesterov = false;
    config.optimizer.clip_norm = 0.01f;
    config.frozen[0] = config.frozen[1] = true;
    mnist_mlp *original = new_net(), *mlp = train(&config, 2, &hooks, new_net());
    size_t count;
    float *before = layer_values(original, 2, &count), *after = layer_values(mlp, 2, &count);
    double squares = 0.0;
    for (size_t i = 0; i < count; i++) {
        const double change = (double)after[i] - (double)before[i];
        squares += change * change;
    }
    const double length = 0.05 * 0.01; /* the rate times the norm that is left */
    assert_true(fabs(sqrt(squares) / length - 1.0) < 1e-3);
    free(before);
    free(after);
    mnist_mlp_free(mlp);
    mnist_mlp_free(original);
}

static void assert_refused(const mnist_train_config *config, const char *text)
{
    mnist_mlp *mlp = new_net();
    const mnist_train_job job = {.net = mlp, .config = config, .train = view};
    mnist_error err;
    assert_int_equal(mnist_train(&job, &err), MNIST_ERR_ARGUMENT);
    if (!strstr(err.text, text)) {
        fail_msg("expected \"%s\", found \"%s\"", text, err.text);
    }
    mnist_mlp_free(mlp);
}

static void test_refusals(void **state)
{
    (void)state;
    mnist_train_config config = new_config();
    config.lr_scale[1] = -0.5f;
    assert_refused(&config, "a layer's scale of the learning rate: expected 0 (for 1) to 1000");
    config.lr_scale[1] = 1001.0f;
    assert_refused(&config, "found 1001");
    config = new_config();
    config.frozen[0] = config.frozen[1] = config.frozen[2] = true;
    assert_refused(&config, "all 3 layers of the net are frozen");
    config.frozen[2] = false;
    config.batch_norm = true;
    assert_refused(&config, "batch normalisation does not go with frozen layers");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frozen),   cmocka_unit_test(test_averages),
        cmocka_unit_test(test_scale),    cmocka_unit_test(test_clipping),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests_name("layer_rates", tests, make_images, NULL);
}
