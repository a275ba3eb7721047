/* What a training hands out: averages, the folded net, the best epoch; when it ends; and that no
 * part of it depends on the team. */
#include "unit/unit.h"

#include "unit/reference.h"
#include "unit/tables.h"

#include "data/batch.h"
#include "nn/pass.h"
#include "train/config.h"

#include <mnist/mnist.h>

enum { SIDE = 12, PIXELS = SIDE * SIDE, IMAGES = 100, VALIDATION = 60, MOST_SNAPSHOTS = 64 };

static uint8_t images[(IMAGES + VALIDATION) * PIXELS], labels[IMAGES + VALIDATION];
static const mnist_view all = {images, labels, IMAGES + VALIDATION, SIDE, SIDE, MNIST_CLASSES, 0};

static int make_images(void **state)
{
    (void)state;
    test_images(images, labels, IMAGES + VALIDATION, PIXELS);
    return 0;
}

static const mnist_mlp_config shape = {.inputs = PIXELS,
                                       .outputs = 10,
                                       .hidden_count = 2,
                                       .hidden = {70, 19},
                                       .activation = MNIST_TANH};

/* 3 epochs of 4 steps, the last of 10 images. */
static mnist_train_config short_training(void)
{
    mnist_train_config config = mnist_train_defaults();
    config.epochs = 3;
    config.batch_size = 30;
    config.optimizer.max_norm = 0.0f;
    config.label_smoothing = 0.0f;
    config.schedule = (mnist_schedule){
        .kind = MNIST_SCHEDULE_CONSTANT, .lr = 0.05f, .step_factor = 1.0f, .step_count = 1};
    return config;
}

/* A training and what was seen of it: the caller's net after every step and every epoch, and the
 * hooks' figures. */
typedef struct run {
    mnist_mlp *mlp;
    float *steps[MOST_SNAPSHOTS], *ends[MOST_SNAPSHOTS], *start; /* arenas */
    mnist_epoch_stats epochs[MOST_SNAPSHOTS];
    unsigned step_count, epoch_count;
    unsigned stop_after; /* epochs; 0: never */
    mnist_status status;
    mnist_error err;
} run;

static float *snapshot(const mnist_mlp *mlp)
{
    float *copy = mnist_alloc(mlp->arena_size, sizeof *copy);
    assert_non_null(copy);
    memcpy(copy, mlp->parameters, mlp->arena_size * sizeof *copy);
    return copy;
}

static bool on_step(void *context, const mnist_step_stats *stats)
{
    run *r = context;
    (void)stats;
    assert_true(r->step_count < MOST_SNAPSHOTS);
    r->steps[r->step_count++] = snapshot(r->mlp);
    return true;
}

static bool on_epoch(void *context, const mnist_epoch_stats *stats)
{
    run *r = context;
    r->epochs[r->epoch_count] = *stats;
    r->ends[r->epoch_count++] = snapshot(r->mlp);
    return r->epoch_count != r->stop_after;
}

static void train_on(run *r, const mnist_train_config *config, bool validates, unsigned threads)
{
    mnist_pool *pool;
    const mnist_view train = mnist_view_slice(all, 0, IMAGES);
    const mnist_view validation = mnist_view_slice(all, IMAGES, validates ? VALIDATION : 0);
    const mnist_normalization normalization = mnist_normalization_fit(MNIST_NORMALIZE_UNIT, train);
    const mnist_train_hooks hooks = {r, on_step, on_epoch};
    assert_int_equal(mnist_mlp_create(&r->mlp, &shape, NULL), MNIST_OK);
    assert_int_equal(mnist_pool_create(&pool, threads, NULL), MNIST_OK);
    mnist_mlp_init(r->mlp, MNIST_INIT_AUTO, config->seed);
    r->start = snapshot(r->mlp);
    const mnist_train_job job = {.net = r->mlp,
                                 .config = config,
                                 .train = train,
                                 .validation = validation,
                                 .normalization = &normalization,
                                 .pool = pool,
                                 .hooks = &hooks};
    r->status = mnist_train(&job, &r->err);
    mnist_pool_free(pool);
}

static void train(run *r, const mnist_train_config *config, bool validates)
{
    *r = (run){.status = MNIST_OK};
    train_on(r, config, validates, 2);
    assert_int_equal(r->status, MNIST_OK);
}

static void free_run(run *r)
{
    for (unsigned i = 0; i < MOST_SNAPSHOTS; i++) {
        mnist_free(r->steps[i]);
        mnist_free(r->ends[i]);
    }
    mnist_free(r->start);
    mnist_mlp_free(r->mlp);
}

static void assert_arena(const float *found, const double *expected, size_t count, const char *what)
{
    for (size_t i = 0; i < count; i++) {
        if (!(fabs((double)found[i] - expected[i]) < 1e-6 * fmax(1, fabs(expected[i])))) {
            fail_msg("%s: value %zu is %.9g, expected %.9g", what, i, (double)found[i],
                     expected[i]);
        }
    }
}

static bool same_arena(const mnist_mlp *mlp, const float *arena)
{
    return memcmp(mlp->parameters, arena, mlp->arena_size * sizeof *arena) == 0;
}

static double *averages(const float *from, size_t count)
{
    double *average = malloc(count * sizeof *average);
    assert_non_null(average);
    for (size_t i = 0; i < count; i++) {
        average[i] = (double)from[i];
    }
    return average;
}

/* The moving average, by mnist/train.h: of `count` arenas, from start on. */
static double *moving_average(const float *start, float *const *arenas, unsigned count, size_t size,
                              double decay)
{
    double *average = averages(start, size);
    for (unsigned step = 0; step < count; step++) {
        const double kept = fmin(decay, (1.0 + step) / (10.0 + step));
        for (size_t i = 0; i < size; i++) {
            average[i] = kept * average[i] + (1 - kept) * (double)arenas[step][i];
        }
    }
    return average;
}

/* --- Averages ---------------------------------------------------------------------------------------- */

static void test_moving_average(void **state)
{
    (void)state;
    static const float decays[] = {0.5f, 0.9f, 0.05f};
    for (size_t n = 0; n < LENGTH(decays); n++) {
        mnist_train_config config = short_training();
        run plain, averaged;
        config.optimizer.max_norm =
            n == 1 ? 1.0f : 0.0f; /* the average is then taken after the limit */
        config.optimizer.clip_norm = n == 2 ? 0.5f : 0.0f;
        train(&plain, &config, false);
        config.averaging.ema = decays[n];
        train(&averaged, &config, false);
        const size_t size = plain.mlp->arena_size;
        assert_int_equal(plain.step_count, 12);
        for (unsigned epoch = 1; epoch <= 3; epoch++) { /* handed out after each */
            double *expected =
                moving_average(plain.start, plain.steps, 4 * epoch, size, (double)decays[n]);
            assert_arena(averaged.ends[epoch - 1], expected, size, "moving average");
            free(expected);
        }
        assert_true(same_arena(averaged.mlp, averaged.ends[2]));
        assert_false(same_arena(plain.mlp, averaged.ends[2]));
        /* training goes on from what is not averaged */
        assert_true(averaged.epochs[2].train_loss == plain.epochs[2].train_loss);
        free_run(&plain);
        free_run(&averaged);
    }
}

static void test_weight_averaging(void **state)
{
    (void)state;
    static const struct {
        float start;
        unsigned first; /* epoch of 8 whose end is averaged */
    } cases[] = {{0.5f, 5}, {0.7f, 6}, {0.01f, 1}, {0.99f, 8}};
    for (size_t n = 0; n < LENGTH(cases); n++) {
        mnist_train_config config = short_training();
        run plain, averaged;
        config.epochs = 8;
        train(&plain, &config, false);
        config.averaging.swa_start = cases[n].start;
        train(&averaged, &config, false);
        const size_t size = plain.mlp->arena_size;
        for (unsigned epoch = 1; epoch <= 8; epoch++) {
            if (epoch < cases[n].first) { /* as it is */
                assert_true(memcmp(averaged.ends[epoch - 1], plain.ends[epoch - 1],
                                   size * sizeof(float)) == 0);
                continue;
            }
            double *mean = averages(plain.ends[cases[n].first - 1], size);
            for (size_t i = 0; i < size; i++) {
                for (unsigned e = cases[n].first; e < epoch; e++) {
                    mean[i] += (double)plain.ends[e][i];
                }
                mean[i] /= epoch - cases[n].first + 1;
            }
            assert_arena(averaged.ends[epoch - 1], mean, size, "mean of epochs' ends");
            free(mean);
        }
        free_run(&plain);
        free_run(&averaged);
    }
}

/* --- Batch normalisation, folded ------------------------------------------------------------------------ */

/* Against the reference, which normalises by running statistics given to it. */
static void test_fold(void **state)
{
    (void)state;
    enum { INPUTS = 21, BATCH = 7 };
    mnist_mlp_config config = {.inputs = INPUTS,
                               .outputs = 10,
                               .hidden_count = 2,
                               .hidden = {70, 9},
                               .activation = MNIST_GELU,
                               .batch_norm = true};
    mnist_mlp *net, *plain, *again;
    mnist_pool *pool;
    mnist_pass *pass;
    double mean[2][70], variance[2][70], inputs[BATCH * INPUTS], expected[BATCH * 10];
    float x[BATCH * INPUTS], logits[BATCH * 10];
    assert_int_equal(mnist_mlp_create(&net, &config, NULL), MNIST_OK);
    config.batch_norm = false;
    assert_int_equal(mnist_mlp_create(&plain, &config, NULL), MNIST_OK);
    assert_int_equal(mnist_mlp_create(&again, &config, NULL), MNIST_OK);
    mnist_mlp_init(net, MNIST_INIT_HE, 3);
    for (unsigned l = 0; l < 2; l++) {
        for (size_t n = 0; n < config.hidden[l]; n++) {
            float at[4]; /* bias, gamma, mean, variance */
            for (size_t row = 0; row < 4; row++) {
                at[row] = 0.5f * test_value(70 + l, 100 * row + n) + (row % 2 ? 1.0f : 0.0f);
                net->parameters[reference_place(net, l, net->layers[l].inputs + row, n)] = at[row];
            }
            mean[l][n] = (double)at[2];
            variance[l][n] = (double)at[3];
        }
    }
    reference_net reference = reference_of(net);
    for (unsigned l = 0; l < 2; l++) {
        reference.mean[l] = mean[l];
        reference.variance[l] = variance[l];
    }
    mnist_mlp_fold(net, net->parameters, plain);
    test_fill(x, LENGTH(x), 75, 1.0f);
    for (size_t i = 0; i < LENGTH(x); i++) {
        inputs[i] = (double)x[i];
    }
    assert_int_equal(mnist_pool_create(&pool, 2, NULL), MNIST_OK);
    assert_int_equal(mnist_pass_create(&pass, plain, pool, BATCH, NULL), MNIST_OK);
    mnist_pass_forward(pass, x, BATCH, logits);
    reference_forward(&reference, inputs, BATCH, expected);
    assert_arena(logits, expected, LENGTH(logits), "logits of the folded net");
    /* an untrained net does as before, up to the epsilon beside the variance of 1 */
    mnist_mlp_unfold(plain, net);
    mnist_mlp_fold(net, net->parameters, again);
    for (size_t i = 0; i < plain->arena_size; i++) {
        double difference = (double)again->parameters[i] - (double)plain->parameters[i];
        assert_true(fabs(difference) <= 6e-6 * fabs((double)plain->parameters[i]));
    }
    mnist_pass_free(pass);
    mnist_pool_free(pool);
    reference_free(&reference);
    mnist_mlp_free(net);
    mnist_mlp_free(plain);
    mnist_mlp_free(again);
}

/* What a batch does to the running statistics of the first layer: a tenth of the way to the batch's mean, and to
 * its variance by count - 1. */
static void test_running_statistics(void **state)
{
    (void)state;
    enum { INPUTS = 21, BATCH = 7, UNITS = 70 };
    mnist_mlp_config config = {
        .inputs = INPUTS, .outputs = 10, .hidden_count = 1, .hidden = {UNITS}, .batch_norm = true};
    static const uint8_t classes[BATCH] = {0, 1, 2, 3, 4, 5, 6};
    mnist_mlp *net;
    mnist_pool *pool;
    mnist_pass *pass;
    float x[BATCH * INPUTS];
    double old[2][UNITS];
    assert_int_equal(mnist_mlp_create(&net, &config, NULL), MNIST_OK);
    assert_int_equal(mnist_pool_create(&pool, 2, NULL), MNIST_OK);
    assert_int_equal(mnist_pass_create(&pass, net, pool, BATCH, NULL), MNIST_OK);
    mnist_mlp_init(net, MNIST_INIT_HE, 3);
    test_fill(x, LENGTH(x), 76, 1.0f);
    for (size_t n = 0; n < UNITS; n++) {
        for (size_t row = 0; row < 2; row++) {
            float *value = &net->parameters[reference_place(net, 0, INPUTS + 2 + row, n)];
            *value = test_value(77, n) + (float)row;
            old[row][n] = (double)*value;
        }
    }
    mnist_pass_gradient(pass, x, classes, BATCH, 0.0f, NULL);
    for (size_t n = 0; n < UNITS; n++) {
        double z[BATCH], mean = 0, variance = 0;
        for (size_t i = 0; i < BATCH; i++) {
            z[i] = 0;
            for (size_t k = 0; k < INPUTS; k++) {
                z[i] += (double)x[i * INPUTS + k] *
                        (double)net->parameters[reference_place(net, 0, k, n)];
            }
            mean += z[i] / BATCH;
        }
        for (size_t i = 0; i < BATCH; i++) {
            variance += (z[i] - mean) * (z[i] - mean) / (BATCH - 1);
        }
        const double found[2] = {(double)net->parameters[reference_place(net, 0, INPUTS + 2, n)],
                                 (double)net->parameters[reference_place(net, 0, INPUTS + 3, n)]};
        assert_true(fabs(found[0] - (0.9 * old[0][n] + 0.1 * mean)) < 1e-6);
        assert_true(fabs(found[1] - (0.9 * old[1][n] + 0.1 * variance)) < 1e-6);
    }
    mnist_pass_free(pass);
    mnist_pool_free(pool);
    mnist_mlp_free(net);
}

/* A training with batch normalisation, one batch an epoch, walked by hand: the arenas after each step. */
typedef struct walk {
    mnist_mlp *start, *net;
    mnist_pass *pass;
    mnist_optimizer *optimizer;
    mnist_pass_batch batch;
    float lr;
} walk;

static void walk_task(void *argument, mnist_worker worker)
{
    walk *w = argument;
    mnist_pass_train_part(w->pass, &w->batch, w->optimizer, w->lr, worker);
}

static void walk_batches(walk *w, const mnist_train_config *config, float **arenas, float **start)
{
    mnist_mlp_config normalized = shape;
    mnist_pool *pool;
    uint32_t order[IMAGES];
    float table[256];
    uint8_t mine[IMAGES], *transposed = mnist_alloc(PIXELS, 112);
    const mnist_normalization unit = {MNIST_NORMALIZE_UNIT, 0.0f, 1.0f};
    assert_non_null(transposed);
    assert_true(mnist_normalization_split(&unit, table) == 0.0f);
    normalized.batch_norm = true;
    assert_int_equal(mnist_mlp_create(&w->start, &shape, NULL), MNIST_OK);
    assert_int_equal(mnist_mlp_create(&w->net, &normalized, NULL), MNIST_OK);
    assert_int_equal(mnist_pool_create(&pool, 1, NULL), MNIST_OK);
    mnist_mlp_init(w->start, MNIST_INIT_AUTO, config->seed);
    mnist_mlp_unfold(w->start, w->net);
    *start = snapshot(w->net);
    assert_int_equal(mnist_pass_create(&w->pass, w->net, pool, IMAGES, NULL), MNIST_OK);
    assert_int_equal(mnist_optimizer_create(&w->optimizer, w->net, &config->optimizer, NULL),
                     MNIST_OK);
    for (unsigned epoch = 1; epoch <= config->epochs; epoch++) {
        mnist_epoch_order(order, IMAGES, config->seed, epoch);
        for (size_t i = 0; i < IMAGES; i++) {
            mine[i] = labels[order[i]];
        }
        ORACLE->transpose_bytes(images, order, PIXELS, transposed, 112, IMAGES, PIXELS);
        w->batch = (mnist_pass_batch){.bytes = images,
                                      .index = order,
                                      .transposed = transposed,
                                      .transposed_stride = 112,
                                      .table = table,
                                      .labels = mine,
                                      .count = IMAGES};
        w->lr = mnist_schedule_lr(&config->schedule, epoch - 1, config->epochs);
        mnist_pool_run(pool, walk_task, w);
        mnist_optimizer_advance(w->optimizer);
        arenas[epoch - 1] = snapshot(w->net);
    }
    mnist_optimizer_free(w->optimizer);
    mnist_pass_free(w->pass);
    mnist_pool_free(pool);
    mnist_free(transposed);
}

/* The fold of what was averaged, in double, against what mnist_train made of it. */
static void check_folded(const walk *w, const double *arena, const run *r)
{
    float *rounded = mnist_alloc(w->net->arena_size, sizeof *rounded);
    double *expected;
    assert_non_null(rounded);
    for (size_t i = 0; i < w->net->arena_size; i++) {
        rounded[i] = (float)arena[i];
    }
    mnist_mlp_fold(w->net, rounded, w->start);
    expected = averages(w->start->parameters, w->start->arena_size);
    assert_arena(r->mlp->parameters, expected, w->start->arena_size, "folded average");
    free(expected);
    mnist_free(rounded);
}

static void test_batch_norm_training(void **state)
{
    (void)state;
    enum { EPOCHS = 6 };
    mnist_train_config config = short_training();
    float *arenas[EPOCHS], *start;
    walk w;
    run r;
    config.epochs = EPOCHS;
    config.batch_size = IMAGES;
    config.optimizer.weight_decay = 0.01f;
    walk_batches(&w, &config, arenas, &start);
    const size_t size = w.net->arena_size;
    config.batch_norm = true;
    train(&r, &config, false);
    for (unsigned epoch = 1; epoch <= EPOCHS; epoch++) { /* handed out after each, to the bit */
        mnist_mlp_fold(w.net, arenas[epoch - 1], w.start);
        assert_true(same_arena(w.start, r.ends[epoch - 1]));
    }
    assert_true(r.epochs[EPOCHS - 1].train_loss < 0.8 * r.epochs[0].train_loss);
    free_run(&r);

    config.averaging.ema = 0.6f; /* running statistics, too, are averaged */
    train(&r, &config, false);
    double *expected = moving_average(start, arenas, EPOCHS, size, 0.6);
    check_folded(&w, expected, &r);
    free(expected);
    free_run(&r);

    config.averaging = (mnist_averaging){.swa_start = 0.5f};
    train(&r, &config, false);
    expected = averages(arenas[3], size);
    for (size_t i = 0; i < size; i++) {
        expected[i] = (expected[i] + (double)arenas[4][i] + (double)arenas[5][i]) / 3;
    }
    check_folded(&w, expected, &r);
    free(expected);
    free_run(&r);
    for (unsigned i = 0; i < EPOCHS; i++) {
        mnist_free(arenas[i]);
    }
    mnist_free(start);
    mnist_mlp_free(w.start);
    mnist_mlp_free(w.net);
}

/* --- The best epoch, and when to end ------------------------------------------------------------------------ */

/* A net learns noise by heart, so that the validation loss rises. */
static mnist_train_config long_training(void)
{
    mnist_train_config config = short_training();
    config.epochs = 14;
    config.schedule.lr = 0.01f;
    return config;
}

static unsigned best_of(const run *r)
{
    unsigned best = 0;
    for (unsigned e = 1; e < r->epoch_count; e++) {
        best = r->epochs[e].validation_loss < r->epochs[best].validation_loss ? e : best;
    }
    return best + 1;
}

static void test_keeps_the_best(void **state)
{
    (void)state;
    for (int averaged = 0; averaged < 4; averaged++) {
        mnist_train_config config = long_training();
        run last, best;
        config.averaging.ema = averaged == 1 ? 0.8f : 0.0f;
        config.averaging.swa_start = averaged == 2 ? 0.1f : 0.0f;
        config.batch_norm = averaged == 3;
        train(&last, &config, true);
        config.keep = MNIST_KEEP_BEST;
        train(&best, &config, true);
        const unsigned epoch = best_of(&last);
        assert_true(epoch < config.epochs); /* else there would be nothing to see */
        assert_true(same_arena(last.mlp, last.ends[config.epochs - 1]));
        assert_true(same_arena(best.mlp, last.ends[epoch - 1]));
        assert_false(same_arena(best.mlp, last.ends[config.epochs - 1]));
        for (unsigned e = 0; e < config.epochs; e++) {
            assert_true(best.epochs[e].validation_loss == last.epochs[e].validation_loss);
            assert_true(best.epochs[e].best_epoch <= e + 1);
            assert_int_equal(best.epochs[e].end,
                             e + 1 < config.epochs ? MNIST_END_NOT_YET : MNIST_END_EPOCHS);
        }
        assert_int_equal(best.epochs[config.epochs - 1].best_epoch, epoch);
        free_run(&last);
        free_run(&best);
    }
}

static void test_nothing_to_validate(void **state)
{
    (void)state;
    mnist_train_config config = short_training();
    run r;
    train(&r, &config, false);
    assert_false(r.epochs[2].has_validation);
    assert_int_equal(r.epochs[2].best_epoch, 0);
    assert_int_equal(r.epochs[2].end, MNIST_END_EPOCHS);
    free_run(&r);
}

/* The epoch after which patience is over, by mnist/train.h: of `count` losses; 0: none. */
static unsigned ends_at(const run *r, unsigned patience, double min_delta, unsigned count)
{
    double to_beat = INFINITY;
    for (unsigned e = 0, waited = 0; e + 1 < count; e++) {
        const double loss = r->epochs[e].validation_loss;
        waited = loss < to_beat - min_delta ? 0 : waited + 1;
        to_beat = waited == 0 ? loss : to_beat;
        if (waited >= patience) {
            return e + 1;
        }
    }
    return 0;
}

static void test_patience(void **state)
{
    (void)state;
    static const struct {
        unsigned patience;
        float min_delta;
        mnist_keep keep;
    } cases[] = {{1, 0.0f, MNIST_KEEP_LAST},   {2, 0.0f, MNIST_KEEP_BEST},
                 {3, 100.0f, MNIST_KEEP_LAST}, {2, 0.02f, MNIST_KEEP_BEST},
                 {1, 0.1f, MNIST_KEEP_BEST},   {100, 0.0f, MNIST_KEEP_LAST}};
    mnist_train_config config = long_training();
    run whole;
    unsigned different = 0;
    train(&whole, &config, true);
    for (size_t n = 0; n < LENGTH(cases); n++) {
        run r;
        config.patience = cases[n].patience;
        config.min_delta = cases[n].min_delta;
        config.keep = cases[n].keep;
        train(&r, &config, true);
        const unsigned end =
            ends_at(&whole, cases[n].patience, (double)cases[n].min_delta, config.epochs);
        const unsigned epochs = end > 0 ? end : config.epochs;
        assert_int_equal(r.epoch_count, epochs);
        assert_int_equal(r.epochs[epochs - 1].end, end > 0 ? MNIST_END_PATIENCE : MNIST_END_EPOCHS);
        assert_true(epochs == 1 || r.epochs[epochs - 2].end == MNIST_END_NOT_YET);
        const unsigned kept = cases[n].keep == MNIST_KEEP_BEST ? best_of(&r) : epochs;
        assert_true(same_arena(r.mlp, whole.ends[kept - 1]));
        assert_true(cases[n].min_delta < 100.0f || end == 1 + cases[n].patience);
        different |= 1u << end;
        free_run(&r);
    }
    assert_true((different & 1) &&
                (different & (different - 1)) != 1); /* some ended early, one did not */
    free_run(&whole);
}

static void test_time(void **state)
{
    (void)state;
    mnist_train_config config = short_training();
    run plain, r;
    train(&plain, &config, true);
    config.max_seconds = 1e-9; /* over after the first step */
    train(&r, &config, true);
    assert_int_equal(r.step_count, 1);
    assert_int_equal(r.epoch_count, 1);
    assert_int_equal(r.epochs[0].end, MNIST_END_TIME);
    assert_int_equal(r.epochs[0].seen, 30);
    assert_int_equal(r.epochs[0].step, 1);
    assert_true(r.epochs[0].has_validation);
    assert_true(same_arena(r.mlp, plain.steps[0])); /* what it has learnt is kept */
    free_run(&r);
    config.averaging.ema = 0.9f;
    config.keep = MNIST_KEEP_BEST;
    train(&r, &config, true);
    double *expected = moving_average(plain.start, plain.steps, 1, plain.mlp->arena_size, 0.9);
    assert_arena(r.mlp->parameters, expected, plain.mlp->arena_size, "average of one step");
    free(expected);
    free_run(&r);
    config = short_training();
    config.max_seconds = 1e6;
    train(&r, &config, true);
    assert_int_equal(r.epochs[2].end, MNIST_END_EPOCHS);
    assert_true(same_arena(r.mlp, plain.ends[2]));
    free_run(&r);
    config.max_seconds = 1e-9;
    config.epochs = 1;
    config.batch_size = IMAGES; /* the one step there is: all done */
    train(&r, &config, true);
    assert_int_equal(r.epochs[0].end, MNIST_END_EPOCHS);
    free_run(&r);
    free_run(&plain);
}

/* Stopped by a hook: with averages what the last epoch's end was; after an epoch, that epoch's. */
static void test_stopped(void **state)
{
    (void)state;
    mnist_train_config config = long_training();
    run whole, r = {.stop_after = 2};
    config.averaging.ema = 0.9f;
    train(&whole, &config, true);
    train_on(&r, &config, true, 2);
    assert_int_equal(r.status, MNIST_ERR_STOPPED);
    assert_string_equal(r.err.text, "stopped after epoch 2");
    assert_true(same_arena(r.mlp, whole.ends[1]));
    free_run(&r);
    free_run(&whole);
}

/* --- Units ----------------------------------------------------------------------------------------------- */

/* The second layer after one step of all images, divided by stddev and met by first weights of as much less: what
 * that layer sees is the same, if what is added to the images is in units of the pixels' range. */
static void second_layer(const mnist_train_config *config, float stddev, float out[70 * 19])
{
    mnist_mlp *mlp;
    mnist_pool *pool;
    const mnist_normalization normalization = {MNIST_NORMALIZE_STANDARD, 0.0f, stddev};
    assert_int_equal(mnist_mlp_create(&mlp, &shape, NULL), MNIST_OK);
    assert_int_equal(mnist_pool_create(&pool, 2, NULL), MNIST_OK);
    mnist_mlp_init(mlp, MNIST_INIT_AUTO, 1);
    for (size_t k = 0; k < PIXELS; k++) {
        for (size_t n = 0; n < shape.hidden[0]; n++) {
            mlp->parameters[reference_place(mlp, 0, k, n)] *= stddev;
        }
    }
    const mnist_train_job job = {.net = mlp,
                                 .config = config,
                                 .train = mnist_view_slice(all, 0, IMAGES),
                                 .normalization = &normalization,
                                 .pool = pool};
    assert_int_equal(mnist_train(&job, NULL), MNIST_OK);
    mnist_mlp_get_layer(mlp, 1, out, NULL);
    mnist_pool_free(pool);
    mnist_mlp_free(mlp);
}

static double distance(const float *a, const float *b)
{
    double most = 0;
    for (size_t i = 0; i < 70 * 19; i++) {
        most = fmax(most, fabs((double)a[i] - (double)b[i]));
    }
    return most;
}

static void test_units(void **state)
{
    (void)state;
    mnist_train_config configs[4];
    static float plain[70 * 19], unit[70 * 19], scaled[70 * 19];
    for (size_t n = 0; n < LENGTH(configs); n++) {
        configs[n] = short_training();
        configs[n].epochs = 1;
        configs[n].batch_size = IMAGES;
        configs[n].optimizer = (mnist_optimizer_config){.kind = MNIST_SGD};
    }
    configs[1].regularization.adversarial_epsilon = 0.1f;
    configs[2].regularization.virtual_epsilon = 1.0f;
    configs[3].input_noise = 0.2f;
    second_layer(&configs[0], 1.0f, plain);
    for (size_t n = 0; n < LENGTH(configs); n++) {
        second_layer(&configs[n], 1.0f, unit);
        second_layer(&configs[n], 0.25f, scaled); /* a power of two: all else to the bit */
        const double effect = distance(unit, plain), error = distance(scaled, unit);
        assert_true(n == 0 || effect > 1e-5);
        /* the probe of virtual adversarial training is in units of the inputs: its direction is nearly the same */
        if (!(error <= (n == 2 ? 0.05 * effect : 0.0))) {
            fail_msg("method %zu: it does %g, and otherwise by %g if scaled", n, effect, error);
        }
    }
}

/* --- Any team -------------------------------------------------------------------------------------------- */

static void test_same_bits_with_any_team(void **state)
{
    (void)state;
    static const unsigned teams[] = {2, 3, 7};
    mnist_train_config configs[5];
    for (size_t n = 0; n < LENGTH(configs); n++) {
        configs[n] = short_training();
        configs[n].batch_size = 33;
        configs[n].schedule.lr = 0.01f;
    }
    configs[0].optimizer.kind = MNIST_ADAMW;
    configs[0].optimizer.max_norm = 1.0f;
    configs[0].regularization.dropout[0] = configs[0].regularization.dropout[1] = 0.4f;
    configs[0].regularization.confidence_penalty = 0.1f;
    configs[0].input_dropout = 0.2f;
    configs[0].mixup = 0.3f;
    configs[0].averaging.ema = 0.9f;
    configs[1].batch_norm = true;
    configs[1].precision = MNIST_BF16;
    configs[1].averaging.swa_start = 0.3f;
    configs[2].regularization.virtual_epsilon = 1.0f;
    configs[2].optimizer.kind = MNIST_RMSPROP;
    configs[3].regularization.adversarial_epsilon = 0.1f;
    configs[3].input_noise = 0.2f;
    configs[3].mixup = 1.0f;
    configs[3].keep = MNIST_KEEP_BEST;
    configs[4].regularization.adversarial_epsilon = 0.1f;
    configs[4].precision = MNIST_FP16;
    configs[4].input_dropout = 0.2f;
    configs[4].zero_skip = MNIST_ZERO_SKIP_ON;
    for (size_t n = 0; n < LENGTH(configs); n++) {
        run base = {.status = MNIST_OK}, plain = {.status = MNIST_OK};
        mnist_train_config nothing = short_training();
        train_on(&base, &configs[n], true, 1);
        train_on(&plain, &nothing, true, 1);
        assert_int_equal(base.status, MNIST_OK);
        assert_false(same_arena(base.mlp, plain.mlp->parameters));
        for (size_t i = 0; i < LENGTH(teams); i++) {
            run r = {.status = MNIST_OK};
            train_on(&r, &configs[n], true, teams[i]);
            assert_int_equal(r.status, MNIST_OK);
            assert_true(same_arena(base.mlp, r.mlp->parameters));
            assert_true(r.epochs[2].train_loss == base.epochs[2].train_loss);
            free_run(&r);
        }
        free_run(&base);
        free_run(&plain);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_moving_average),
        cmocka_unit_test(test_weight_averaging),
        cmocka_unit_test(test_fold),
        cmocka_unit_test(test_running_statistics),
        cmocka_unit_test(test_batch_norm_training),
        cmocka_unit_test(test_keeps_the_best),
        cmocka_unit_test(test_nothing_to_validate),
        cmocka_unit_test(test_patience),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_stopped),
        cmocka_unit_test(test_units),
        cmocka_unit_test(test_same_bits_with_any_team),
    };
    return cmocka_run_group_tests_name("result", tests, make_images, NULL);
}
