/* Training with a mask: steps that leave masked weights out give the net, the losses and the failures
 * of steps that do not, bit for bit. */
#include "unit/unit.h"

#include "kernels/kernels.h"

#include <math.h>
#include <mnist/mnist.h>
#include <stdlib.h>

enum { SIDE = 12, PIXELS = SIDE * SIDE, IMAGES = 331 };

static uint8_t images[IMAGES * PIXELS], labels[IMAGES];
static const mnist_view view = {images, labels, IMAGES, SIDE, SIDE, MNIST_CLASSES, 0};

static int make_images(void **state)
{
    (void)state;
    test_images(images, labels, IMAGES, PIXELS);
    for (size_t i = 0; i < IMAGES; i++) {
        memset(images + i * PIXELS, 0, 20); /* never lit */
    }
    return 0;
}

static const mnist_mlp_config shape = {
    .inputs = PIXELS, .outputs = MNIST_CLASSES, .hidden_count = 2, .hidden = {70, 33}};

static mnist_train_config new_config(size_t batch)
{
    mnist_train_config config = mnist_train_defaults();
    config.epochs = 2;
    config.batch_size = batch;
    config.adapt_threads = false;
    config.zero_skip = MNIST_ZERO_SKIP_ON;
    config.pruning = (mnist_pruning){.keep = 0.1f, .start = 0.1f, .end = 0.6f};
    return config;
}

/* A training's outcome as text: all parameters and the epochs' losses in a hash, or the error. */
typedef struct outcome {
    char text[MNIST_ERROR_TEXT];
    double losses;
    uint64_t hash;
    size_t kept;
} outcome;

static bool add_loss(void *context, const mnist_epoch_stats *stats)
{
    outcome *o = context;
    o->losses += stats->train_loss;
    return true;
}

static void hash_floats(uint64_t *hash, const float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        *hash = (*hash ^ bits) * UINT64_C(1099511628211);
    }
}

static outcome train(const mnist_train_config *config, mnist_activation activation,
                     const mnist_normalization *normalization, unsigned threads, float scale,
                     mnist_sparse_mode mode)
{
    outcome o = {.hash = UINT64_C(14695981039346656037)};
    mnist_mlp_config net = shape;
    net.activation = activation;
    mnist_pool *pool;
    mnist_mlp *mlp;
    assert_int_equal(mnist_mlp_create_drawn(&mlp, &net, MNIST_INIT_AUTO, 5, NULL), MNIST_OK);
    static float w[PIXELS * 70];
    mnist_mlp_get_layer(mlp, 0, w, NULL);
    for (size_t i = 0; i < LENGTH(w); i++) {
        w[i] = config->pruning.keep_zeros && i % 11 != 3 ? (i % 2 ? 0.0f : -0.0f) : w[i] * scale;
    }
    mnist_mlp_set_layer(mlp, 0, w, NULL);
    assert_int_equal(mnist_pool_create(&pool, threads, NULL), MNIST_OK);
    const mnist_train_hooks hooks = {.context = &o, .on_epoch = add_loss};
    const mnist_train_job job = {.net = mlp,
                                 .config = config,
                                 .train = view,
                                 .validation = {.rows = SIDE, .cols = SIDE},
                                 .normalization = normalization,
                                 .pool = pool,
                                 .hooks = &hooks};
    mnist_error err = {.text = ""};
    mnist_sparse_use(mode);
    mnist_train(&job, &err);
    mnist_sparse_use(MNIST_SPARSE_AUTO);
    memcpy(o.text, err.text, sizeof o.text);
    for (unsigned l = 0; l < mnist_mlp_layers(mlp) && !o.text[0]; l++) {
        const size_t out = mnist_mlp_layer_outputs(mlp, l), in = mnist_mlp_layer_inputs(mlp, l);
        float bias[70];
        mnist_mlp_get_layer(mlp, l, w, bias);
        for (size_t i = 0; i < in * out; i++) {
            o.kept += fpclassify(w[i]) != FP_ZERO;
        }
        hash_floats(&o.hash, w, in * out);
        hash_floats(&o.hash, bias, out);
    }
    mnist_pool_free(pool);
    mnist_mlp_free(mlp);
    return o;
}

static outcome check(const mnist_train_config *config, mnist_activation activation,
                     const mnist_normalization *normalization, unsigned threads, float scale)
{
    const outcome dense = train(config, activation, normalization, 1, scale, MNIST_SPARSE_OFF);
    const outcome found = train(config, activation, normalization, threads, scale, MNIST_SPARSE_ON);
    assert_string_equal(found.text, dense.text);
    assert_memory_equal(&found.losses, &dense.losses, sizeof dense.losses);
    assert_int_equal(found.kept, dense.kept);
    assert_true(found.hash == dense.hash);
    return found;
}

/* All optimisers, activations, tables of kernels, with several teams and batches of any size. */
static void test_same_bits(void **state)
{
    (void)state;
    static const size_t batches[] = {64, 100, 37, 200, 331, 65};
    static const unsigned threads[] = {1, 2, 7};
    unsigned turn = 0;
    for (size_t k = 0; mnist_kernels_list(k); k++) {
        assert_int_equal(mnist_kernels_use(mnist_kernels_list(k)->name, NULL), MNIST_OK);
        for (unsigned each = 0; each < MNIST_ACTIVATIONS; each++, turn++) {
            const mnist_optimizer_kind kind = (mnist_optimizer_kind)(turn % MNIST_OPTIMIZERS);
            mnist_train_config config = new_config(batches[turn % LENGTH(batches)]);
            config.optimizer.kind = kind;
            config.optimizer.weight_decay = turn % 2 ? 1e-3f : 0.0f;
            config.schedule.lr = kind == MNIST_SGD ? 0.1f : 0.001f;
            config.averaging.ema = turn % 3 ? 0.0f : 0.9f;
            config.label_smoothing = turn % 7 ? 0.0f : 0.1f;
            const outcome o =
                check(&config, (mnist_activation)each, NULL, threads[turn % LENGTH(threads)], 1.0f);
            assert_string_equal(o.text, "");
            assert_true(o.kept > 1000 && o.kept < 1400); /* a tenth of 12,720 */
        }
    }
    mnist_kernels_use(NULL, NULL);
}

/* What is not done without zeros is done densely: the result does not tell. */
static void test_settings(void **state)
{
    (void)state;
    const mnist_normalization standard = mnist_normalization_fit(MNIST_NORMALIZE_STANDARD, view);
    for (int what = 0; what < 11; what++) {
        mnist_train_config config = new_config(50);
        config.optimizer.clip_norm = what == 0 ? 0.5f : 0.0f;
        config.optimizer.max_norm = what == 1 ? 1.0f : 0.0f;
        config.regularization.dropout[0] = what == 2 ? 0.3f : 0.0f;
        config.batch_norm = what == 3;
        config.input_dropout = what == 4 ? 0.2f : 0.0f;
        config.regularization.adversarial_epsilon = what == 5 ? 0.1f : 0.0f;
        config.regularization.adversarial_share = what == 5 ? 0.5f : 0.0f;
        config.frozen[0] = what == 6;
        config.lr_scale[1] = what == 7 ? 0.5f : 0.0f;
        config.zero_skip = what == 8 ? MNIST_ZERO_SKIP_OFF : config.zero_skip;
        config.precision = what == 9 ? MNIST_BF16 : MNIST_FP32;
        if (what == 10) {
            config.pruning = (mnist_pruning){.keep_zeros = true};
        }
        const outcome o = check(&config, MNIST_RELU, what == 4 ? &standard : NULL, 2, 1.0f);
        assert_string_equal(o.text, "");
    }
}

/* Activations that are not finite, from the first step on or later, end as they do densely. */
static void test_not_finite(void **state)
{
    (void)state;
    unsigned failed = 0;
    static const float scales[] = {1e37f, 1e38f, 1e30f, 1e20f};
    for (size_t s = 0; s < LENGTH(scales); s++) {
        for (int lr = 0; lr < 2; lr++) {
            mnist_train_config config = new_config(64);
            config.schedule.lr = lr ? 1e3f : 1e-3f;
            config.pruning = (mnist_pruning){.keep_zeros = true};
            failed += check(&config, MNIST_RELU, NULL, 2, scales[s]).text[0] != '\0';
        }
    }
    assert_true(failed > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_not_finite),
    };
    return cmocka_run_group_tests_name("sparse training", tests, make_images, NULL);
}
