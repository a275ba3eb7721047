/* Snapshots: a training that goes on from one ends with the bits of one that was not disturbed,
 * whatever it is and wherever it was; and what snapshots are refused. */
#include "unit/unit.h"

#include "nn/mlp.h"

#include <math.h>
#include <mnist/mnist.h>
#include <stdio.h>
#include <stdlib.h>

enum { SIDE = 28, PIXELS = SIDE * SIDE, IMAGES = 130, TRAINED = 100, EPOCHS = 3 };
enum { BATCH = 30, STEPS = 4 * EPOCHS, POSITIONS = STEPS + EPOCHS };
enum { LONGEST = 14 }; /* epochs: where it is early stopping that ends a training */

static uint8_t images[IMAGES * PIXELS], labels[IMAGES];
static const mnist_view training = {images, labels, TRAINED, SIDE, SIDE, MNIST_CLASSES, 0};
static const mnist_view validation = {
    images + TRAINED * PIXELS, labels + TRAINED, IMAGES - TRAINED, SIDE, SIDE, MNIST_CLASSES, 0};
static const mnist_normalization unit = {MNIST_NORMALIZE_UNIT, 0.0f, 1.0f};
static mnist_pool *pools[2];
static mnist_teacher teacher; /* no net: the trainings have no teacher */

static const mnist_mlp_config shape = {.inputs = PIXELS,
                                       .outputs = MNIST_CLASSES,
                                       .hidden_count = 2,
                                       .hidden = {67, 20},
                                       .activation = MNIST_RELU};

static int set_up(void **state)
{
    (void)state;
    test_images(images, labels, IMAGES, PIXELS);
    return mnist_pool_create(&pools[0], 1, NULL) == MNIST_OK &&
                   mnist_pool_create(&pools[1], 3, NULL) == MNIST_OK
               ? 0
               : -1;
}

static int tear_down(void **state)
{
    (void)state;
    mnist_pool_free(pools[0]);
    mnist_pool_free(pools[1]);
    return 0;
}

/* What hooks are told. Positions are counted: one after every step and one after every epoch. */
typedef struct course {
    mnist_step_stats steps[4 * LONGEST];
    mnist_epoch_stats epochs[LONGEST];
    unsigned position, take_at; /* take_at: where a snapshot is taken and the training stopped */
    mnist_snapshot *snapshot;
} course;

static bool go_on(course *c, const mnist_training *on_its_way)
{
    if (++c->position != c->take_at) {
        return true;
    }
    assert_int_equal(mnist_snapshot_take(on_its_way, &c->snapshot, NULL), MNIST_OK);
    return false;
}

static bool on_step(void *context, const mnist_step_stats *stats)
{
    course *c = context;
    assert_true(stats->step >= 1 && stats->step <= LENGTH(c->steps));
    c->steps[stats->step - 1] = *stats;
    return go_on(c, stats->training);
}

static bool on_epoch(void *context, const mnist_epoch_stats *stats)
{
    course *c = context;
    c->epochs[stats->epoch - 1] = *stats;
    return go_on(c, stats->training);
}

static mnist_mlp *new_net(uint64_t seed)
{
    mnist_mlp *mlp;
    assert_int_equal(mnist_mlp_create(&mlp, &shape, NULL), MNIST_OK);
    mnist_mlp_init(mlp, MNIST_INIT_AUTO, seed);
    return mlp;
}

static mnist_status train(mnist_mlp *mlp, const mnist_train_config *config, unsigned pool,
                          const mnist_snapshot *snapshot, course *c, mnist_error *err)
{
    const mnist_train_hooks hooks = {c, on_step, on_epoch};
    const mnist_train_job job = {.net = mlp,
                                 .config = config,
                                 .train = training,
                                 .validation = validation,
                                 .normalization = &unit,
                                 .pool = pools[pool],
                                 .hooks = &hooks,
                                 .resume = snapshot,
                                 .teachers = &teacher,
                                 .teacher_count = teacher.net != NULL};
    return mnist_train(&job, err);
}

/* Trains to the position (from 1) and stops there; the snapshot is the caller's. */
static mnist_snapshot *stop_at(const mnist_train_config *config, unsigned position)
{
    course c = {.take_at = position};
    mnist_mlp *mlp = new_net(config->seed);
    assert_int_equal(train(mlp, config, position % 2, NULL, &c, NULL), MNIST_ERR_STOPPED);
    assert_non_null(c.snapshot);
    mnist_mlp_free(mlp);
    return c.snapshot;
}

static void assert_same_step(const mnist_step_stats *a, const mnist_step_stats *b)
{
    assert_int_equal(a->step, b->step);
    assert_int_equal(a->steps, b->steps);
    assert_int_equal(a->seen, b->seen);
    assert_int_equal(a->correct, b->correct);
    assert_int_equal(a->epoch_correct, b->epoch_correct);
    assert_memory_equal(&a->lr, &b->lr, sizeof a->lr);
    assert_memory_equal(&a->loss, &b->loss, sizeof a->loss);
    assert_memory_equal(&a->epoch_loss, &b->epoch_loss, sizeof a->epoch_loss);
}

static void assert_same_epoch(const mnist_epoch_stats *a, const mnist_epoch_stats *b)
{
    assert_int_equal(a->step, b->step);
    assert_int_equal(a->seen, b->seen);
    assert_int_equal(a->end, b->end);
    assert_int_equal(a->best_epoch, b->best_epoch);
    assert_memory_equal(&a->lr, &b->lr, sizeof a->lr);
    assert_memory_equal(&a->train_loss, &b->train_loss, sizeof a->train_loss);
    assert_memory_equal(&a->train_accuracy, &b->train_accuracy, sizeof a->train_accuracy);
    assert_memory_equal(&a->validation_loss, &b->validation_loss, sizeof a->validation_loss);
}

/* What was reported before is filled in from the whole course: then both are to be alike. */
static void assert_same_course(const course *whole, const course *rest, unsigned first_step,
                               unsigned first_epoch)
{
    for (unsigned s = first_step; s < LENGTH(whole->steps); s++) {
        assert_same_step(&whole->steps[s], &rest->steps[s]);
    }
    for (unsigned e = first_epoch; e < LENGTH(whole->epochs); e++) {
        assert_same_epoch(&whole->epochs[e], &rest->epochs[e]);
    }
}

static void assert_same_net(const mnist_mlp *a, const mnist_mlp *b)
{
    assert_memory_equal(a->parameters, b->parameters, a->arena_size * sizeof(float));
}

/* Goes on from every position there is, with another team and a net that holds something else. The
 * whole course, for those who want to know more of it. */
static course assert_resumes(const char *name, const mnist_train_config *config)
{
    course whole = {.take_at = 0};
    mnist_mlp *expected = new_net(config->seed);
    mnist_error err = {0};
    if (train(expected, config, 0, NULL, &whole, &err) != MNIST_OK) {
        fail_msg("%s: %s", name, err.text);
    }
    for (unsigned position = 1; position <= whole.position; position++) {
        course rest = {.take_at = 0};
        mnist_train_position at;
        mnist_snapshot *snapshot = stop_at(config, position);
        mnist_mlp *mlp = new_net(99);
        if (train(mlp, config, (position + 1) % 2, snapshot, &rest, &err) != MNIST_OK) {
            fail_msg("%s, position %u: %s", name, position, err.text);
        }
        assert_int_equal(mnist_snapshot_position(snapshot, &at, NULL), MNIST_OK);
        assert_int_equal(at.step + at.epoch - !at.epoch_ended,
                         position); /* as positions are counted */
        assert_int_equal(rest.position, whole.position - position);
        assert_same_course(&whole, &rest, (unsigned)at.step, at.epoch - !at.epoch_ended);
        assert_same_net(expected, mlp);
        mnist_snapshot_free(snapshot);
        mnist_mlp_free(mlp);
    }
    mnist_mlp_free(expected);
    return whole;
}

static mnist_train_config plain(void)
{
    mnist_train_config config = mnist_train_defaults();
    config.epochs = EPOCHS;
    config.batch_size = BATCH;
    config.adapt_threads = false;
    return config;
}

static void test_optimizers(void **state)
{
    (void)state;
    for (int kind = 0; kind < MNIST_OPTIMIZERS; kind++) {
        mnist_train_config config = plain();
        config.optimizer.kind = (mnist_optimizer_kind)kind;
        config.schedule.lr = kind == MNIST_SGD ? 0.1f : 0.002f;
        config.optimizer.clip_norm = kind % 2 ? 1.0f : 0.0f;
        config.schedule.kind = (mnist_schedule_kind)(kind % MNIST_SCHEDULES);
        assert_resumes(mnist_optimizer_name(config.optimizer.kind), &config);
    }
}

static void test_averages(void **state)
{
    (void)state;
    mnist_train_config config = plain();
    config.averaging.ema = 0.9f;
    assert_resumes("moving average", &config);
    config.averaging = (mnist_averaging){.swa_start = 0.3f};
    assert_resumes("mean of epochs", &config);
    config.batch_norm = true;
    assert_resumes("mean of epochs, normalised", &config);
    config.averaging = (mnist_averaging){.ema = 0.8f};
    config.keep = MNIST_KEEP_BEST;
    config.schedule.lr = 1.0f; /* so that the last epoch need not be the best */
    assert_resumes("moving average, normalised, the best", &config);
}

static void test_precisions(void **state)
{
    (void)state;
    mnist_train_config config = plain();
    config.precision = MNIST_FP16;
    assert_resumes("fp16", &config);
    config.precision = MNIST_BF16;
    config.batch_norm = true;
    assert_resumes("bf16", &config);
}

static void test_inputs(void **state)
{
    (void)state;
    mnist_train_config config = plain();
    assert_int_equal(mnist_augmentation_parse(&config.augmentation,
                                              "ciresan,shift=1,erase=0.3,thickness=0.3", NULL),
                     MNIST_OK);
    assert_resumes("distorted", &config);
    config.mixup = 0.4f;
    config.input_dropout = 0.2f;
    assert_resumes("distorted, mixed, dropped", &config);
    config = plain();
    config.mixup = 1.0f;
    config.zero_skip = MNIST_ZERO_SKIP_ON;
    assert_resumes("mixed", &config);
    config = plain();
    config.input_noise = 0.1f;
    config.batch_size = 33; /* an odd size, and a last batch of one image */
    assert_resumes("noise", &config);
    config = plain();
    config.zero_skip = MNIST_ZERO_SKIP_OFF;
    assert_resumes("gathered", &config);
}

static void test_regularizers(void **state)
{
    (void)state;
    mnist_train_config config = plain();
    config.regularization.dropout[0] = 0.3f;
    config.regularization.dropout[1] = 0.5f;
    config.regularization.confidence_penalty = 0.1f;
    assert_resumes("dropout", &config);
    config = plain();
    config.regularization.adversarial_epsilon = 0.1f;
    assert_resumes("adversarial", &config);
    config = plain();
    config.regularization.virtual_epsilon = 1.0f;
    assert_resumes("virtual adversarial", &config);
}

/* Teachers keep nothing: they are asked again. */
static void test_teachers(void **state)
{
    (void)state;
    mnist_train_config config = plain();
    teacher.net = new_net(42);
    assert_resumes("taught", &config);
    config.zero_skip = MNIST_ZERO_SKIP_OFF;
    config.precision = MNIST_FP16;
    config.input_dropout = 0.3f;
    assert_resumes("taught, gathered, fp16", &config);
    config = plain();
    config.mixup = 0.4f;
    config.averaging.ema = 0.9f;
    config.teacher_weight = 1.0f;
    assert_int_equal(mnist_augmentation_parse(&config.augmentation, "ciresan", NULL), MNIST_OK);
    assert_resumes("taught on distorted images", &config);
    mnist_mlp_free(teacher.net);
    teacher.net = NULL;
}

static void test_layers_and_pruning(void **state)
{
    (void)state;
    mnist_train_config config = plain();
    config.frozen[0] = true;
    config.lr_scale[1] = 0.5f;
    assert_resumes("frozen and scaled layers", &config);
    config = plain();
    config.pruning = (mnist_pruning){.keep = 0.1f, .start = 0.1f, .end = 0.7f};
    config.averaging.ema = 0.9f;
    config.optimizer.kind = MNIST_ADAM;
    config.schedule.lr = 0.002f;
    assert_resumes("pruned weights", &config);
    config.averaging = (mnist_averaging){.swa_start = 0.3f};
    config.pruning.structure = MNIST_PRUNE_UNITS;
    config.pruning.keep = 0.5f;
    assert_resumes("pruned units", &config);
    config.pruning = (mnist_pruning){.keep_zeros = true};
    config.keep = MNIST_KEEP_BEST;
    assert_resumes("zeros that are kept", &config);
}

/* Sets quantisation from its text. */
static mnist_train_config quantized(const char *text)
{
    mnist_train_config config = plain();
    assert_int_equal(mnist_quantization_parse(&config.quantization, text, NULL), MNIST_OK);
    return config;
}

static void test_quantization(void **state)
{
    (void)state;
    mnist_train_config config = quantized("int4");
    config.averaging.ema = 0.9f;
    assert_resumes("int4, averaged", &config);
    config = quantized("ternary,start=0.4");
    config.optimizer.kind = MNIST_ADAM;
    config.schedule.lr = 0.002f;
    config.keep = MNIST_KEEP_BEST;
    assert_resumes("ternary from the middle on", &config);
    config = quantized("binary");
    config.averaging = (mnist_averaging){.swa_start = 0.3f};
    config.precision = MNIST_FP16;
    assert_resumes("binary, averaged over epochs", &config);
    config = quantized("codebook:8,start=0.5");
    config.pruning = (mnist_pruning){.keep = 0.1f, .start = 0.1f, .end = 0.7f};
    config.tie_pixels = 2;
    assert_resumes("a codebook of pruned and tied weights", &config);
}

/* A grid that is none. */
static void test_refuses_grids(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        float values[2];
        const char *fault;
    } rows[] = {{"int4", {-1.0f, 1.0f}, "scales above 0"},
                {"int4", {NAN, 1.0f}, "scales above 0"},
                {"int4", {INFINITY, 1.0f}, "scales above 0"},
                {"codebook:2", {1.0f, 0.0f}, "levels in ascending order"},
                {"codebook:2", {0.0f, NAN}, "levels in ascending order"},
                {"codebook:2", {0.0f, 70000.0f}, "levels in ascending order"}};
    for (size_t i = 0; i < LENGTH(rows); i++) {
        mnist_train_config config = quantized(rows[i].text);
        mnist_error err;
        course c = {0};
        config.quantization.start = 0.0f;
        mnist_snapshot *snapshot = stop_at(&config, 3);
        for (size_t k = 0; k < snapshot->count; k++) {
            if (strcmp(snapshot->arrays[k].name, "grid.layers.1") == 0) {
                memcpy(snapshot->arrays[k].values, rows[i].values, sizeof rows[i].values);
            }
        }
        mnist_mlp *mlp = new_net(config.seed);
        assert_int_equal(train(mlp, &config, 0, snapshot, &c, &err), MNIST_ERR_FORMAT);
        assert_non_null(strstr(err.text, "'grid.layers.1' in the snapshot of a training"));
        assert_non_null(strstr(err.text, rows[i].fault));
        mnist_mlp_free(mlp);
        mnist_snapshot_free(snapshot);
    }
}

/* Early stopping depends on the epochs before. */
static void test_early_stopping(void **state)
{
    (void)state;
    mnist_train_config config = plain();
    config.patience = 1;
    config.keep = MNIST_KEEP_BEST;
    config.min_delta = 10.0f; /* no epoch beats the first by that much */
    const course whole = assert_resumes("the best of little patience", &config);
    assert_int_equal(whole.epochs[1].end, MNIST_END_PATIENCE);
}

/* How many epochs have passed since one was better goes on counting, and so does the loss to be
 * beaten, which is not the best one where epochs are better by less than min_delta. If either were
 * lost, a training would end too early or too late. */
static void test_patience_goes_on(void **state)
{
    (void)state;
    mnist_train_config config = plain();
    config.epochs = LONGEST;
    config.batch_size = 50;
    config.patience = 3;
    config.min_delta = 0.02f;
    config.schedule = (mnist_schedule){.lr = 0.003f, .step_factor = 1.0f, .step_count = 1};
    const course whole = assert_resumes("early stopping", &config);

    /* Is it such a training? */
    unsigned last = 0, since = 0, starts = 0, little_better = 0;
    double to_beat = INFINITY;
    for (;; last++) {
        const mnist_epoch_stats *stats = &whole.epochs[last];
        since++;
        if (stats->validation_loss < to_beat - (double)config.min_delta) {
            to_beat = stats->validation_loss;
            since = 0;
            starts++;
        } else if (stats->best_epoch == stats->epoch) {
            little_better++;
        }
        if (stats->end != MNIST_END_NOT_YET) {
            break;
        }
    }
    assert_int_equal(whole.epochs[last].end, MNIST_END_PATIENCE);
    assert_true(last + 1 < config.epochs);
    assert_int_equal(since, config.patience);
    assert_true(starts >= 2);
    assert_true(little_better >= 2);
}

/* More epochs: if the schedule does not depend on their number, the training is that of the longer
 * one. */
static void test_more_epochs(void **state)
{
    (void)state;
    mnist_train_config config = plain(), shorter = plain();
    config.schedule = (mnist_schedule){.lr = 0.1f, .step_factor = 1.0f, .step_count = 1};
    shorter.schedule = config.schedule;
    shorter.epochs = 1;
    course whole = {.take_at = 0}, rest = {.take_at = 0};
    mnist_mlp *expected = new_net(1), *mlp = new_net(1);
    assert_int_equal(train(expected, &config, 0, NULL, &whole, NULL), MNIST_OK);
    mnist_snapshot *snapshot = stop_at(&shorter, 5); /* after its only epoch */
    assert_int_equal(train(mlp, &shorter, 0, snapshot, &rest, NULL), MNIST_OK);
    assert_int_equal(rest.position, 0); /* it was over */
    assert_int_equal(train(mlp, &config, 0, snapshot, &rest, NULL), MNIST_OK);
    assert_int_equal(rest.position, POSITIONS - 5);
    assert_same_course(&whole, &rest, 4, 1);
    assert_same_net(expected, mlp);
    mnist_snapshot_free(snapshot);

    snapshot = stop_at(&config, 8);
    mnist_error err;
    assert_int_equal(train(mlp, &shorter, 0, snapshot, &rest, &err), MNIST_ERR_MISMATCH);
    assert_string_equal(err.text, "the training is in epoch 2 already, expected at most epoch 1");
    mnist_snapshot_free(snapshot);
    mnist_mlp_free(mlp);
    mnist_mlp_free(expected);
}

/* The time that a training had taken counts for its limit. */
static void test_time_goes_on(void **state)
{
    (void)state;
    mnist_train_config config = plain();
    config.max_seconds = 1000.0;
    mnist_snapshot *snapshot = stop_at(&config, 2);
    for (size_t i = 0; i < snapshot->count; i++) {
        if (strcmp(snapshot->arrays[i].name, "seconds") == 0) {
            *(double *)snapshot->arrays[i].values = 999.9999;
        }
    }
    course rest = {.take_at = 0};
    mnist_mlp *mlp = new_net(1);
    config.max_seconds = 1000.0;
    mnist_error err;
    assert_int_equal(train(mlp, &config, 0, snapshot, &rest, &err), MNIST_OK);
    assert_true(rest.position < POSITIONS - 2);
    assert_int_equal(rest.epochs[0].end, MNIST_END_TIME);
    mnist_snapshot_free(snapshot);
    mnist_mlp_free(mlp);
}

/* Refusals. */

static mnist_array *array_of(const mnist_snapshot *snapshot, const char *name)
{
    for (size_t i = 0; i < snapshot->count; i++) {
        if (strcmp(snapshot->arrays[i].name, name) == 0) {
            return &snapshot->arrays[i];
        }
    }
    fail_msg("no array %s", name);
    return NULL;
}

/* Damaged snapshots are refused, in these words, before any step; undamaged again, they are
 * accepted. */
static void assert_refused(const mnist_train_config *config, const mnist_snapshot *snapshot,
                           const char *text)
{
    course c = {.take_at = 0};
    mnist_error err = {0};
    mnist_mlp *mlp = new_net(1);
    mnist_status status = train(mlp, config, 0, snapshot, &c, &err);
    if (status != MNIST_ERR_FORMAT || !strstr(err.text, text) || c.position != 0) {
        fail_msg("expected '%s', got status %d '%s'", text, (int)status, err.text);
    }
    mnist_mlp_free(mlp);
}

static void test_refuses_arrays(void **state)
{
    (void)state;
    mnist_train_config config = plain();
    config.optimizer.kind = MNIST_ADAM;
    config.averaging.ema = 0.9f;
    config.keep = MNIST_KEEP_BEST;
    mnist_snapshot *snapshot = stop_at(&config, 7);
    assert_int_equal(snapshot->count, 19 + 5 * 3);
    for (size_t i = 0; i < snapshot->count; i++) {
        mnist_array *array = &snapshot->arrays[i];
        const mnist_array kept = *array;
        strcpy(array->name, "other");
        assert_refused(&config, snapshot, "lacks '");
        *array = kept;
        array->element = kept.element == MNIST_F32 ? MNIST_F64 : MNIST_F32;
        assert_refused(&config, snapshot, "expected");
        *array = kept;
        array->rank = kept.rank == 2 ? 1 : 2;
        assert_refused(&config, snapshot, "expected");
        *array = kept;
        array->shape[0]++;
        array->rank = 2;
        assert_refused(&config, snapshot, "expected");
        *array = kept;
    }
    mnist_snapshot more = {.arrays = calloc(snapshot->count + 1, sizeof(mnist_array)),
                           .count = snapshot->count + 1};
    assert_non_null(more.arrays);
    memcpy(more.arrays, snapshot->arrays, snapshot->count * sizeof(mnist_array));
    strcpy(more.arrays[snapshot->count].name, "more");
    assert_refused(&config, &more, "expected 34 arrays with these options, found 35");
    free(more.arrays);
    config.keep = MNIST_KEEP_LAST;
    assert_refused(&config, snapshot, "expected 31 arrays with these options, found 34");
    mnist_snapshot_free(snapshot);
}

static void test_refuses_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint64_t whole; /* real 0: this */
        double real;
        const char *text;
    } cases[] = {
        {"epoch", 0, 0.0, "no batch ends at that image"},
        {"epoch", (uint64_t)1 << 32, 0.0,
         "'epoch' in the snapshot of a training: expected at most"},
        {"epoch", 1, 0.0, "the step is not that of the epoch"},
        {"ended", 2, 0.0, "expected at most 1, found 2"},
        {"ended", 1, 0.0, "an epoch has ended before its last image"},
        {"step", UINT64_MAX, 0.0, "the step is not that of the epoch"},
        {"seen", 61, 0.0, "no batch ends at that image"},
        {"seen", 101, 0.0, "no batch ends at that image"},
        {"seen", 90, 0.0, "the step is not that of the epoch"},
        {"correct_sum", 61, 0.0, "a count exceeds what has been done"},
        {"updates", 7, 0.0, "a count exceeds"},
        {"averaged", 3, 0.0, "a count exceeds"},
        {"best_epoch", 3, 0.0, "a count exceeds"},
        {"since_better", 3, 0.0, "a count exceeds"},
        {"end", 4, 0.0, "expected at most 3, found 4"},
        {"end", MNIST_END_EPOCHS, 0.0, "an epoch has ended before"},
        {"end", MNIST_END_TIME, 0.0, "an epoch has ended before"},
        {"loss_sum", 0, NAN, "expected a finite number, found"},
        {"best_loss", 0, INFINITY, "expected a finite number"},
        {"lr", 0, -0.5, "expected a finite number of at least 0, found -0.5"},
        {"beta1_power", 0, 1.5, "expected a finite number of at least 0 and at most 1, found 1.5"},
        {"seconds", 0, -1.0, "found -1"},
        {"loss_scale", 0, 1.0, "the loss scale is out of range"},
    };
    mnist_train_config config = plain();
    mnist_snapshot *snapshot = stop_at(&config, 7); /* epoch 2, step 6, 60 images */
    for (size_t i = 0; i < LENGTH(cases); i++) {
        mnist_array *array = array_of(snapshot, cases[i].name);
        uint64_t kept;
        memcpy(&kept, array->values, sizeof kept);
        if (array->element == MNIST_U64) {
            memcpy(array->values, &cases[i].whole, sizeof kept);
        } else {
            memcpy(array->values, &cases[i].real, sizeof kept);
        }
        assert_refused(&config, snapshot, cases[i].text);
        memcpy(array->values, &kept, sizeof kept);
    }
    course rest = {.take_at = 0};
    mnist_mlp *mlp = new_net(1);
    assert_int_equal(train(mlp, &config, 0, snapshot, &rest, NULL), MNIST_OK);
    mnist_mlp_free(mlp);
    mnist_snapshot_free(snapshot);
    config.precision = MNIST_FP16;
    snapshot = stop_at(&config, 7);
    *(double *)array_of(snapshot, "loss_scale")->values = 1e-30;
    assert_refused(&config, snapshot, "the loss scale is out of range");
    mnist_snapshot_free(snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_optimizers),         cmocka_unit_test(test_averages),
        cmocka_unit_test(test_precisions),         cmocka_unit_test(test_inputs),
        cmocka_unit_test(test_teachers),           cmocka_unit_test(test_regularizers),
        cmocka_unit_test(test_layers_and_pruning), cmocka_unit_test(test_quantization),
        cmocka_unit_test(test_refuses_grids),      cmocka_unit_test(test_early_stopping),
        cmocka_unit_test(test_patience_goes_on),   cmocka_unit_test(test_more_epochs),
        cmocka_unit_test(test_time_goes_on),       cmocka_unit_test(test_refuses_arrays),
        cmocka_unit_test(test_refuses_numbers),
    };
    return cmocka_run_group_tests_name("snapshot", tests, set_up, tear_down);
}
