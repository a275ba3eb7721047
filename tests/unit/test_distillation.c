/* Trainings with teachers: what they say, the same bits whoever asks them and whenever, what is
 * refused. The gradient is in test_regularization.c, going on from a snapshot in test_snapshot.c. */
#include "unit/unit.h"

#include "base/memory.h"
#include "nn/mlp.h"
#include "train/soft_targets.h"

#include <math.h>
#include <mnist/mnist.h>
#include <stdlib.h>

enum { SIDE = 28, PIXELS = SIDE * SIDE, IMAGES = 131, TEACHERS = 2, SOFT_STRIDE = 16 };

static uint8_t images[IMAGES * PIXELS], labels[IMAGES];
static const mnist_view view = {images, labels, IMAGES, SIDE, SIDE, MNIST_CLASSES, 0};
static const mnist_normalization standard = {MNIST_NORMALIZE_STANDARD, 0.2f, 0.3f};
static mnist_teacher teachers[TEACHERS];

static mnist_mlp *new_net(unsigned width, uint64_t seed)
{
    const mnist_mlp_config shape = {.inputs = PIXELS,
                                    .outputs = MNIST_CLASSES,
                                    .hidden_count = width > 0,
                                    .hidden = {width},
                                    .activation = MNIST_TANH};
    mnist_mlp *mlp;
    assert_int_equal(mnist_mlp_create_drawn(&mlp, &shape, MNIST_INIT_AUTO, seed, NULL), MNIST_OK);
    return mlp;
}

static int set_up(void **state)
{
    (void)state;
    test_images(images, labels, IMAGES, PIXELS);
    teachers[0].net = new_net(70, 11);
    teachers[1] = (mnist_teacher){new_net(0, 12), &standard};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mnist_mlp_free(teachers[0].net);
    mnist_mlp_free(teachers[1].net);
    return 0;
}

static mnist_train_config small(void)
{
    mnist_train_config config = mnist_train_defaults();
    config.epochs = 2;
    config.batch_size = 30;
    config.temperature = 3.0f;
    config.adapt_threads = false;
    return config;
}

/* Trains a fresh net of 40 units, with the first `count` teachers; to be freed. */
static mnist_mlp *trained(const mnist_train_config *config, size_t count, unsigned threads)
{
    mnist_pool *pool;
    mnist_error err = {0};
    mnist_mlp *mlp = new_net(40, 1);
    assert_int_equal(mnist_pool_create(&pool, threads, NULL), MNIST_OK);
    const mnist_train_job job = {.net = mlp,
                                 .config = config,
                                 .train = view,
                                 .pool = pool,
                                 .teachers = teachers,
                                 .teacher_count = count};
    if (mnist_train(&job, &err) != MNIST_OK) {
        fail_msg("%s", err.text);
    }
    mnist_pool_free(pool);
    return mlp;
}

static bool same_net(mnist_mlp *a, mnist_mlp *b)
{
    return memcmp(a->parameters, b->parameters, a->arena_size * sizeof(float)) == 0;
}

static void assert_same_free(mnist_mlp *a, mnist_mlp *b)
{
    assert_true(same_net(a, b));
    mnist_mlp_free(a);
    mnist_mlp_free(b);
}

static void assert_other_free(mnist_mlp *a, mnist_mlp *b)
{
    assert_false(same_net(a, b));
    mnist_mlp_free(a);
    mnist_mlp_free(b);
}

/* The soft targets of a job, kept for all images or not. */
static mnist_soft_targets *new_soft(const mnist_train_config *config, size_t count, bool kept,
                                    mnist_pool *pool)
{
    mnist_soft_targets *soft;
    const mnist_train_job job = {
        .config = config, .train = view, .teachers = teachers, .teacher_count = count};
    assert_int_equal(mnist_soft_targets_create(&soft, &job, pool, NULL), MNIST_OK);
    if (kept) {
        assert_int_equal(mnist_soft_targets_keep(soft, view, pool, NULL), MNIST_OK);
    }
    assert_true(mnist_soft_targets_kept(soft) == kept);
    return soft;
}

/* The mean of softmax(logits / T), in double, of the logits that evaluation gives. */
static void test_what_teachers_say(void **state)
{
    (void)state;
    mnist_pool *pool;
    const mnist_train_config config = small();
    static float logits[TEACHERS][IMAGES * MNIST_CLASSES];
    assert_int_equal(mnist_pool_create(&pool, 3, NULL), MNIST_OK);
    for (size_t t = 0; t < TEACHERS; t++) {
        assert_int_equal(mnist_logits(teachers[t].net, view, teachers[t].normalization, pool,
                                      logits[t], NULL, NULL),
                         MNIST_OK);
    }
    mnist_soft_targets *soft = new_soft(&config, TEACHERS, true, pool);
    for (size_t i = 0; i < IMAGES; i++) {
        double expected[MNIST_CLASSES] = {0}, entropy = 0, sum_of_all = 0;
        float found[SOFT_STRIDE];
        for (size_t t = 0; t < TEACHERS; t++) {
            const float *z = logits[t] + i * MNIST_CLASSES;
            double sum = 0;
            for (size_t c = 0; c < MNIST_CLASSES; c++) {
                sum += exp((double)z[c] / 3);
            }
            for (size_t c = 0; c < MNIST_CLASSES; c++) {
                expected[c] += exp((double)z[c] / 3) / sum / TEACHERS;
            }
        }
        const float given = mnist_soft_targets_copy(soft, i, found);
        for (size_t c = 0; c < SOFT_STRIDE; c++) {
            const double q = c < MNIST_CLASSES ? expected[c] : 0;
            assert_true(fabs((double)found[c] - q) < 1e-6);
            entropy -= q > 0 ? q * log(q) : 0;
            sum_of_all += (double)found[c];
        }
        assert_true(fabs((double)given - entropy) < 3e-6);
        assert_true(fabs(sum_of_all - 1) < 1e-6);
    }
    mnist_soft_targets_free(soft);
    mnist_pool_free(pool);
}

/* Asked for all images at once, or for a few anywhere, by any worker of any team. */
static void test_same_answers(void **state)
{
    (void)state;
    mnist_pool *pools[2];
    const mnist_train_config config = small();
    assert_int_equal(mnist_pool_create(&pools[0], 1, NULL), MNIST_OK);
    assert_int_equal(mnist_pool_create(&pools[1], 7, NULL), MNIST_OK);
    mnist_soft_targets *kept = new_soft(&config, TEACHERS, true, pools[1]);
    mnist_soft_targets *asked = new_soft(&config, TEACHERS, false, pools[0]);
    float *targets = mnist_alloc(IMAGES, SOFT_STRIDE * sizeof(float));
    assert_non_null(targets);
    for (size_t first = 0; first < IMAGES; first += 17) {
        float entropies[IMAGES];
        const size_t count = first % 2 ? 1 : IMAGES - first;
        mnist_soft_targets_ask(asked, 0, images + first * PIXELS, count, targets, entropies);
        for (size_t i = 0; i < count; i++) {
            float row[SOFT_STRIDE];
            const float entropy = mnist_soft_targets_copy(kept, first + i, row);
            assert_memory_equal(row, targets + i * SOFT_STRIDE, sizeof row);
            assert_memory_equal(&entropy, &entropies[i], sizeof entropy);
        }
    }
    mnist_free(targets);
    mnist_soft_targets_free(kept);
    mnist_soft_targets_free(asked);
    mnist_pool_free(pools[0]);
    mnist_pool_free(pools[1]);
}

/* Ways in which images come to the net; in the first two the teachers are asked once. */
static const struct {
    const char *augment;
    float mixup, dropout, noise;
    mnist_zero_skip skip;
} ways[] = {{NULL, 0.0f, 0.0f, 0.0f, MNIST_ZERO_SKIP_ON},
            {NULL, 0.0f, 0.3f, 0.1f, MNIST_ZERO_SKIP_OFF},
            {"shift=2,rotate=5", 0.0f, 0.0f, 0.0f, MNIST_ZERO_SKIP_ON},
            {"shift=1", 0.5f, 0.2f, 0.0f, MNIST_ZERO_SKIP_OFF}};

static mnist_train_config config_of(size_t way)
{
    mnist_train_config config = small();
    if (ways[way].augment) {
        assert_int_equal(mnist_augmentation_parse(&config.augmentation, ways[way].augment, NULL),
                         MNIST_OK);
    }
    config.mixup = ways[way].mixup;
    config.input_dropout = ways[way].dropout;
    config.input_noise = ways[way].noise;
    config.zero_skip = ways[way].skip;
    return config;
}

static void test_same_bits(void **state)
{
    (void)state;
    for (size_t way = 0; way < LENGTH(ways); way++) {
        mnist_train_config config = config_of(way);
        mnist_mlp *alone = trained(&config, TEACHERS, 1);
        for (unsigned threads = 2; threads <= 7; threads++) {
            mnist_mlp *team = trained(&config, TEACHERS, threads);
            assert_true(same_net(alone, team));
            mnist_mlp_free(team);
        }
        for (size_t k = 0; mnist_kernels_list(k); k++) {
            assert_int_equal(mnist_kernels_use(mnist_kernels_list(k)->name, NULL), MNIST_OK);
            mnist_mlp *other = trained(&config, TEACHERS, 2);
            assert_true(same_net(alone, other));
            mnist_mlp_free(other);
        }
        assert_int_equal(mnist_kernels_use(NULL, NULL), MNIST_OK);
        config.adapt_threads = true;
        assert_same_free(alone, trained(&config, TEACHERS, 3));
    }
}

/* Distortions that change no byte: the teachers are then asked for every batch, and all is as if
 * they had been asked once. */
static void test_kept_or_not(void **state)
{
    (void)state;
    mnist_train_config config = small(), still = config;
    still.augmentation.rotate = 1e-6f;
    assert_true(mnist_augmentation_any(&still.augmentation));
    assert_same_free(trained(&config, TEACHERS, 2), trained(&still, TEACHERS, 2));
    config.input_dropout = still.input_dropout = 0.4f; /* which the teachers do not see */
    assert_same_free(trained(&config, TEACHERS, 2), trained(&still, TEACHERS, 2));
}

/* Teachers of no weight are none; and what they say, how much it counts, and at which temperature,
 * makes a difference. */
static void test_what_counts(void **state)
{
    (void)state;
    mnist_train_config config = small(), other = config;
    other.teacher_weight = 0.0f;
    other.temperature = 1.0f;
    assert_same_free(trained(&config, 0, 2), trained(&other, TEACHERS, 2));
    assert_other_free(trained(&config, 0, 2), trained(&config, 1, 2));
    assert_other_free(trained(&config, 1, 2), trained(&config, TEACHERS, 2));
    other = config;
    other.temperature = 2.0f;
    assert_other_free(trained(&config, 1, 2), trained(&other, 1, 2));
    other = config;
    other.teacher_weight = 0.5f;
    assert_other_free(trained(&config, 1, 2), trained(&other, 1, 2));
}

/* Labels do not count where soft targets are all: neither they nor their smoothing. */
static void test_soft_targets_alone(void **state)
{
    (void)state;
    static uint8_t kept[IMAGES];
    mnist_train_config config = small();
    config.teacher_weight = 1.0f;
    mnist_mlp *right = trained(&config, TEACHERS, 2);
    memcpy(kept, labels, IMAGES);
    for (size_t i = 0; i < IMAGES; i++) {
        labels[i] = (uint8_t)((labels[i] + 3) % MNIST_CLASSES);
    }
    config.label_smoothing = 0.3f;
    assert_same_free(right, trained(&config, TEACHERS, 2));
    memcpy(labels, kept, IMAGES);
}

typedef struct first_loss {
    double loss;
} first_loss;

static bool note_loss(void *context, const mnist_step_stats *stats)
{
    ((first_loss *)context)->loss = stats->loss;
    return false;
}

/* A net that says what its teacher says has no loss against it. */
static void test_nothing_to_learn(void **state)
{
    (void)state;
    first_loss found = {NAN};
    const mnist_train_hooks hooks = {&found, note_loss, NULL};
    mnist_train_config config = small();
    config.teacher_weight = 1.0f;
    mnist_mlp *pupil = new_net(70, 11); /* as teachers[0] */
    const mnist_train_job job = {.net = pupil,
                                 .config = &config,
                                 .train = view,
                                 .hooks = &hooks,
                                 .teachers = teachers,
                                 .teacher_count = 1};
    assert_int_equal(mnist_train(&job, NULL), MNIST_ERR_STOPPED);
    assert_true(fabs(found.loss) < 1e-5);
    mnist_mlp_free(pupil);
}

static void assert_refused(const mnist_train_job *job, mnist_status status, const char *text)
{
    mnist_error err = {0};
    assert_int_equal(mnist_train(job, &err), status);
    if (!strstr(err.text, text)) {
        fail_msg("\"%s\" does not say \"%s\"", err.text, text);
    }
}

static void test_refused(void **state)
{
    (void)state;
    mnist_mlp_config shape = {.inputs = PIXELS, .outputs = MNIST_CLASSES, .hidden_count = 1};
    shape.hidden[0] = 5;
    mnist_train_config config = small();
    mnist_mlp *net = new_net(5, 1);
    mnist_teacher list[2] = {teachers[0]};
    mnist_train_job job = {
        .net = net, .config = &config, .train = view, .teachers = list, .teacher_count = 2};
    assert_refused(&job, MNIST_ERR_ARGUMENT, "teacher 2: expected a net");
    list[1].net = net;
    assert_refused(&job, MNIST_ERR_ARGUMENT, "other than that which is trained");
    const struct {
        unsigned inputs, outputs;
        bool batch_norm;
        mnist_status status;
        const char *text;
    } wrong[] = {
        {PIXELS, 3, false, MNIST_ERR_MISMATCH, "teacher 2 has 784 inputs and 3 classes"},
        {100, 10, false, MNIST_ERR_MISMATCH, "teacher 2 has 100 inputs and 10 classes"},
        {PIXELS, 10, true, MNIST_ERR_ARGUMENT, "teacher 2: expected a net without batch"},
    };
    for (size_t i = 0; i < LENGTH(wrong); i++) {
        shape.inputs = wrong[i].inputs;
        shape.outputs = wrong[i].outputs;
        shape.batch_norm = wrong[i].batch_norm;
        assert_int_equal(mnist_mlp_create(&list[1].net, &shape, NULL), MNIST_OK);
        assert_refused(&job, wrong[i].status, wrong[i].text);
        mnist_mlp_free(list[1].net);
    }
    job.teacher_count = 1;
    const float temperatures[] = {0.0f, -1.0f, 0.009f, 1001.0f, INFINITY, NAN};
    for (size_t i = 0; i < LENGTH(temperatures); i++) {
        config.temperature = temperatures[i];
        assert_refused(&job, MNIST_ERR_ARGUMENT, "temperature: expected 0.01 to 1000");
    }
    config = small();
    const float weights[] = {-0.1f, 1.1f, NAN};
    for (size_t i = 0; i < LENGTH(weights); i++) {
        config.teacher_weight = weights[i];
        assert_refused(&job, MNIST_ERR_ARGUMENT, "teachers' weight: expected 0 (none) to 1");
    }
    mnist_mlp_free(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_teachers_say), cmocka_unit_test(test_same_answers),
        cmocka_unit_test(test_same_bits),         cmocka_unit_test(test_kept_or_not),
        cmocka_unit_test(test_what_counts),       cmocka_unit_test(test_soft_targets_alone),
        cmocka_unit_test(test_nothing_to_learn),  cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests_name("distillation", tests, set_up, tear_down);
}
