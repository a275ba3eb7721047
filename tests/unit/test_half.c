/* Mixed precision in a net: as near to fp32 as its mantissa allows, and loss scaling. The kernels'
 * bits are tested by test_kernels.c, whole trainings by test_same_bits.sh. */
#include "unit/unit.h"

#include "base/pool.h"
#include "nn/pass.h"
#include "train/loss_scale.h"

#include <mnist/eval.h>
#include <mnist/train.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { INPUTS = 41, HIDDEN = 70, BATCH = 13, CLASSES = 10, MOST = HIDDEN * HIDDEN };

typedef struct bench {
    mnist_pool *pool;
    mnist_mlp *mlp;
    mnist_pass *pass;
    mnist_optimizer *optimizer;
    float x[BATCH * INPUTS];
    uint8_t labels[BATCH];
    mnist_pass_batch batch;
} bench;

static void set_up(bench *b, mnist_precision precision, unsigned threads, float clip_norm)
{
    mnist_mlp_config config = {.inputs = INPUTS,
                               .outputs = CLASSES,
                               .hidden_count = 2,
                               .hidden = {HIDDEN, HIDDEN - 3},
                               .activation = MNIST_TANH};
    mnist_optimizer_config sgd = {.momentum = 0.9f, .weight_decay = 1e-4f, .clip_norm = clip_norm};
    assert_int_equal(mnist_pool_create(&b->pool, threads, NULL), MNIST_OK);
    assert_int_equal(mnist_mlp_create(&b->mlp, &config, NULL), MNIST_OK);
    mnist_mlp_init(b->mlp, MNIST_INIT_HE, 3);
    assert_int_equal(mnist_pass_create_with(&b->pass, b->mlp, b->pool, BATCH,
                                            (mnist_pass_options){.precision = precision}, NULL),
                     MNIST_OK);
    assert_int_equal(mnist_optimizer_create(&b->optimizer, b->mlp, &sgd, NULL), MNIST_OK);
    test_fill(b->x, BATCH * INPUTS, 50, 1.0f);
    for (size_t i = 0; i < BATCH * INPUTS; i++) {
        b->x[i] = bf16_value(bf16_code(b->x[i])) / 4.0f; /* of fp16 too */
    }
    for (size_t i = 0; i < BATCH; i++) {
        b->labels[i] = (uint8_t)(i * 3 % CLASSES);
    }
    b->batch =
        (mnist_pass_batch){.x = b->x, .x_stride = INPUTS, .labels = b->labels, .count = BATCH};
}

static void tear_down(bench *b)
{
    mnist_optimizer_free(b->optimizer);
    mnist_pass_free(b->pass);
    mnist_mlp_free(b->mlp);
    mnist_pool_free(b->pool);
}

static void step_task(void *argument, mnist_worker worker)
{
    bench *b = argument;
    mnist_pass_train_part(b->pass, &b->batch, b->optimizer, 0.1f, worker);
}

/* Euclidean distance of two gradients of a layer, as a fraction of the first. */
static double distance(const float *a, const float *b, size_t count)
{
    double difference = 0, size = 0;
    for (size_t i = 0; i < count; i++) {
        difference += pow((double)a[i] - (double)b[i], 2);
        size += pow((double)a[i], 2);
    }
    return sqrt(difference / size);
}

static void test_gradient(void **state)
{
    (void)state;
    static const double most[MNIST_PRECISIONS] = {0, 0x1p-6, 0x1p-9}; /* a few roundings */
    static float expected[MOST], found[MOST];
    float bias[HIDDEN];
    for (mnist_precision p = MNIST_BF16; p < MNIST_PRECISIONS; p++) {
        bench full, half;
        set_up(&full, MNIST_FP32, 1, 0.0f);
        set_up(&half, p, 3, 0.0f);
        mnist_pass_gradient(full.pass, full.x, full.labels, BATCH, 0.0f, NULL);
        mnist_pass_gradient(half.pass, half.x, half.labels, BATCH, 0.0f, NULL);
        for (unsigned l = 0; l < 3; l++) {
            size_t count =
                (size_t)mnist_mlp_layer_inputs(full.mlp, l) * mnist_mlp_layer_outputs(full.mlp, l);
            mnist_pass_get_gradient(full.pass, l, expected, bias);
            mnist_pass_get_gradient(half.pass, l, found, bias);
            double far = distance(expected, found, count);
            if (!(far > most[p] / 100 && far < most[p])) { /* different, but not much */
                fail_msg("%s, layer %u: the gradient is off by %g", mnist_precision_name(p), l,
                         far);
            }
        }
        tear_down(&full);
        tear_down(&half);
    }
}

/* Where nothing overflows or underflows, scaling by a power of two changes nothing. */
static void test_loss_scale_leaves_no_trace(void **state)
{
    (void)state;
    for (int clip = 0; clip < 2; clip++) {
        bench plain, scaled;
        set_up(&plain, MNIST_BF16, 1, clip ? 0.5f : 0.0f);
        set_up(&scaled, MNIST_BF16, 2, clip ? 0.5f : 0.0f);
        plain.batch.loss_scale = 1.0f;
        scaled.batch.loss_scale = 1024.0f;
        for (int step = 0; step < 3; step++) {
            mnist_pool_run(plain.pool, step_task, &plain);
            mnist_pool_run(scaled.pool, step_task, &scaled);
            assert_true(plain.pass->norm == scaled.pass->norm);
            assert_true(plain.pass->norm > (clip ? 0.5 : 0.0));
        }
        assert_memory_equal(plain.mlp->parameters, scaled.mlp->parameters,
                            plain.mlp->arena_size * sizeof(float));
        tear_down(&plain);
        tear_down(&scaled);
    }
}

static void test_overflow_leaves_the_step_out(void **state)
{
    (void)state;
    bench b;
    set_up(&b, MNIST_FP16, 2, 0.0f);
    const size_t bytes = b.mlp->arena_size * sizeof(float);
    float *before = malloc(bytes);
    assert_non_null(before);
    memcpy(before, b.mlp->parameters, bytes);
    b.batch.loss_scale = 0x1p40f;
    mnist_pool_run(b.pool, step_task, &b);
    assert_true(!isfinite(b.pass->norm));
    assert_memory_equal(before, b.mlp->parameters, bytes);
    b.batch.loss_scale = 1024.0f;
    mnist_pool_run(b.pool, step_task, &b);
    assert_true(isfinite(b.pass->norm) != 0);
    assert_memory_not_equal(before, b.mlp->parameters, bytes);
    free(before);
    tear_down(&b);
}

static void test_loss_scale_adapts(void **state)
{
    (void)state;
    mnist_loss_scale s = {.scale = LOSS_SCALE_START};
    assert_true(mnist_loss_scale_adapt(&s, INFINITY) && s.scale == LOSS_SCALE_START / 2);
    assert_true(mnist_loss_scale_adapt(&s, NAN) && s.scale == LOSS_SCALE_START / 4);
    for (unsigned step = 1; step <= LOSS_SCALE_STEPS; step++) {
        assert_true(s.scale == LOSS_SCALE_START / 4);
        assert_true(mnist_loss_scale_adapt(&s, 1.0));
    }
    assert_true(s.scale == LOSS_SCALE_START / 2);
    for (unsigned step = 0; step < 100 * LOSS_SCALE_STEPS; step++) {
        assert_true(mnist_loss_scale_adapt(&s, 1.0));
    }
    assert_true(s.scale == LOSS_SCALE_MOST);
    for (float least = LOSS_SCALE_MOST; least > LOSS_SCALE_LEAST; least /= 2) {
        assert_true(mnist_loss_scale_adapt(&s, INFINITY));
    }
    assert_true(!mnist_loss_scale_adapt(&s, INFINITY));
    s = (mnist_loss_scale){.scale = 0.0f}; /* none */
    assert_true(mnist_loss_scale_adapt(&s, INFINITY) && s.scale == 0.0f);
}

/* fp16 learns like fp32. */
static void test_fp16_trains(void **state)
{
    (void)state;
    const size_t count = 640;
    mnist_dataset *dataset;
    mnist_pool *pool;
    double losses[2];
    assert_int_equal(mnist_dataset_create_synthetic(&dataset, 0, count, 1, NULL), MNIST_OK);
    mnist_view view = mnist_dataset_view(dataset);
    mnist_normalization normalization = mnist_normalization_fit(MNIST_NORMALIZE_UNIT, view);
    assert_int_equal(mnist_pool_create(&pool, 2, NULL), MNIST_OK);
    for (int half = 0; half < 2; half++) {
        mnist_train_config config = mnist_train_defaults();
        mnist_mlp_config shape = {.inputs = 784,
                                  .outputs = 10,
                                  .hidden_count = 2,
                                  .hidden = {48, 32},
                                  .activation = MNIST_RELU};
        mnist_mlp *mlp;
        mnist_evaluation evaluation;
        config.epochs = 4;
        config.precision = half ? MNIST_FP16 : MNIST_FP32;
        assert_int_equal(mnist_mlp_create(&mlp, &shape, NULL), MNIST_OK);
        mnist_mlp_init(mlp, MNIST_INIT_HE, 1);
        const mnist_train_job job = {.net = mlp,
                                     .config = &config,
                                     .train = view,
                                     .normalization = &normalization,
                                     .pool = pool};
        assert_int_equal(mnist_train(&job, NULL), MNIST_OK);
        assert_int_equal(mnist_evaluate(mlp, view, &normalization, pool, &evaluation, NULL),
                         MNIST_OK);
        losses[half] = evaluation.loss;
        mnist_mlp_free(mlp);
    }
    assert_true(losses[0] < 0.5 && losses[1] < 1.2 * losses[0]);
    mnist_pool_free(pool);
    mnist_dataset_free(dataset);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gradient),
        cmocka_unit_test(test_loss_scale_leaves_no_trace),
        cmocka_unit_test(test_overflow_leaves_the_step_out),
        cmocka_unit_test(test_loss_scale_adapts),
        cmocka_unit_test(test_fp16_trains),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
