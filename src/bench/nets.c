/* Whole nets: epochs of training, evaluation, and one image at a time. */
#include "bench/groups.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/status.h"
#include "data/batch.h"
#include "nn/sparse.h"

#include <mnist/eval.h>
#include <mnist/train.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EPOCH_SAMPLES      5.0    /* an epoch is this many times as long as another sample */
#define INFERENCE_IMAGES   10000u /* as many as MNIST has test images */
#define CALIBRATION_IMAGES 256u
#define ONE_IMAGE_LEAST    200u /* calls for a median and a p99 */
#define ONE_IMAGE_MOST     20000u

typedef struct net_shape {
    unsigned hidden_count, hidden[2];
    size_t batch;
} net_shape;

static const net_shape shapes[] = {
    {1, {128}, 64},
    {1, {256}, 128},
    {2, {512, 512}, 128},
};

#define SHAPES (sizeof shapes / sizeof shapes[0])

/* What nets are in inference. Those with zeros have 95 and 98 % of the weights of each layer at 0, and
 * are to be compared with the net of floats, which as a dense net they are as fast as. */
typedef enum net_kind { FLOATS, INT8, ZEROS_95, ZEROS_98, NET_KINDS } net_kind;

static const char *const kind_names[NET_KINDS] = {"", " int8", ", 95 % zeros", ", 98 % zeros"};
static const unsigned kind_zeros[NET_KINDS] = {0, 0, 95, 98}; /* percent */

/* "784-128-10", "784-128-10 int8", … */
static void shape_name(const mnist_suite *suite, const net_shape *shape, net_kind kind,
                       char name[MNIST_BENCH_NAME])
{
    size_t used =
        (size_t)snprintf(name, MNIST_BENCH_NAME, "%u", suite->view.rows * suite->view.cols);
    for (unsigned i = 0; i < shape->hidden_count; i++) {
        used += (size_t)snprintf(name + used, MNIST_BENCH_NAME - used, "-%u", shape->hidden[i]);
    }
    snprintf(name + used, MNIST_BENCH_NAME - used, "-%u%s", mnist_view_classes(suite->view),
             kind_names[kind]);
}

static void free_mlp(void *object)
{
    mnist_mlp_free(object);
}

static mnist_status create_net(mnist_suite *suite, const net_shape *shape, mnist_mlp **out,
                               mnist_error *err)
{
    mnist_mlp_config config = {.inputs = suite->view.rows * suite->view.cols,
                               .outputs = mnist_view_classes(suite->view),
                               .hidden_count = shape->hidden_count,
                               .activation = MNIST_RELU};
    memcpy(config.hidden, shape->hidden, sizeof shape->hidden);
    mnist_status status = mnist_mlp_create(out, &config, err);
    if (status == MNIST_OK) {
        mnist_mlp_init(*out, MNIST_INIT_AUTO, 1);
        status = mnist_suite_own(suite, *out, free_mlp, err);
    }
    return status;
}

/* Sets that share of the weights of each layer to 0, spread evenly. */
static mnist_status set_zeros(mnist_mlp *mlp, unsigned percent, mnist_error *err)
{
    for (unsigned l = 0; l < mnist_mlp_layers(mlp); l++) {
        const size_t count =
            (size_t)mnist_mlp_layer_inputs(mlp, l) * mnist_mlp_layer_outputs(mlp, l);
        float *weights = mnist_alloc(count, sizeof *weights);
        if (!weights) {
            return mnist_fail_memory(err, count * sizeof *weights, "a net's weights");
        }
        mnist_mlp_get_layer(mlp, l, weights, NULL);
        uint32_t state = 1; /* the high half of a linear congruential generator (Knuth) */
        for (size_t i = 0; i < count; i++) {
            state = state * 1664525u + 1013904223u;
            weights[i] = (state >> 16) % 100 < percent ? 0.0f : weights[i];
        }
        mnist_mlp_set_layer(mlp, l, weights, NULL);
        mnist_free(weights);
    }
    return MNIST_OK;
}

static mnist_status create_kind(mnist_suite *suite, const net_shape *shape, net_kind kind,
                                mnist_mlp **out, mnist_error *err)
{
    const mnist_quantize_options options = {.range = MNIST_RANGE_LARGEST};
    const size_t count =
        suite->view.count < CALIBRATION_IMAGES ? suite->view.count : CALIBRATION_IMAGES;
    mnist_status status = create_net(suite, shape, out, err);
    if (status == MNIST_OK && kind == INT8) {
        return mnist_mlp_quantize(*out, mnist_view_slice(suite->view, 0, count), NULL, &options,
                                  suite->one, err);
    }
    return status == MNIST_OK && kind_zeros[kind] > 0 ? set_zeros(*out, kind_zeros[kind], err)
                                                      : status;
}

/* Multiply-adds of the forward pass of one image: one for each weight. */
static double forward_products(const mnist_mlp *mlp)
{
    double sum = 0.0;
    for (unsigned l = 0; l < mnist_mlp_layers(mlp); l++) {
        sum += (double)mnist_mlp_layer_inputs(mlp, l) * mnist_mlp_layer_outputs(mlp, l);
    }
    return sum;
}

/* Operations of training on one image: forward pass, weight gradient, and gradient of the input of
 * every layer but the first. As for a dense net; biases and the update are left out. */
static double training_flops(const mnist_mlp *mlp)
{
    double first = (double)mnist_mlp_layer_inputs(mlp, 0) * mnist_mlp_layer_outputs(mlp, 0);
    return 2.0 * (3.0 * forward_products(mlp) - first);
}

/* Training. A repetition is one image: a sample is one epoch over that many images. */

typedef struct training_work {
    mnist_mlp *mlp;
    mnist_view view;
    mnist_train_config config;
    mnist_pool *pool;
    double seconds; /* of the epoch */
} training_work;

static bool note_epoch(void *context, const mnist_epoch_stats *stats)
{
    training_work *work = context;
    work->seconds = stats->seconds;
    return true;
}

static mnist_status training_sample(void *context, size_t repetitions, double *seconds,
                                    mnist_error *err)
{
    training_work *work = context;
    const mnist_train_hooks hooks = {.context = work, .on_epoch = note_epoch};
    const mnist_train_job job = {.net = work->mlp,
                                 .config = &work->config,
                                 .train = mnist_view_slice(work->view, 0, repetitions),
                                 .pool = work->pool,
                                 .hooks = &hooks};
    /* The net goes on learning from sample to sample, as in a training. mnist_train allocates
     * before and after the epoch that is timed. */
    mnist_status status = mnist_train(&job, err);
    *seconds = work->seconds;
    return status;
}

/* Ways to train: in fp32 with zeros or without, in mixed precision without, and in fp32 without zeros
 * among pixels and weights. */
typedef struct training_kind {
    const char *name;
    mnist_zero_skip zero_skip;
    mnist_precision precision;
    net_kind net;
} training_kind;

static const training_kind training_kinds[] = {
    {"dense", MNIST_ZERO_SKIP_OFF, MNIST_FP32, FLOATS},
    {"zero-skip", MNIST_ZERO_SKIP_ON, MNIST_FP32, FLOATS},
    {"zero-skip, bf16", MNIST_ZERO_SKIP_ON, MNIST_BF16, FLOATS},
    {"95 % zeros kept", MNIST_ZERO_SKIP_ON, MNIST_FP32, ZEROS_95}};

static mnist_status add_training(mnist_suite *suite, const net_shape *shape,
                                 const training_kind *kind, mnist_pool *pool, mnist_error *err)
{
    char net[MNIST_BENCH_NAME];
    mnist_bench_case item = {.unit = MNIST_BENCH_IMAGES,
                             .amount = 1.0,
                             .sample = training_sample,
                             .longer = EPOCH_SAMPLES,
                             .most = suite->view.count};
    shape_name(suite, shape, FLOATS, net);
    snprintf(item.name, sizeof item.name, "%.24s, batch %zu, %s", net, shape->batch, kind->name);
    if (!pool || !mnist_suite_wants(suite, item.name)) {
        return MNIST_OK;
    }
    training_work *work = mnist_suite_alloc(suite, 1, sizeof *work);
    mnist_mlp *mlp;
    if (!work) {
        return mnist_fail_memory(err, sizeof *work, "the benchmark of training");
    }
    mnist_status status = create_kind(suite, shape, kind->net, &mlp, err);
    if (status != MNIST_OK) {
        return status;
    }
    *work = (training_work){
        .mlp = mlp, .view = suite->view, .config = mnist_train_defaults(), .pool = pool};
    work->config.epochs = 1;
    work->config.label_smoothing = 0.0f; /* as in comparisons with other programs */
    work->config.adapt_threads = false;  /* the number of threads is the row's */
    work->config.batch_size = shape->batch;
    work->config.zero_skip = kind->zero_skip;
    work->config.precision = kind->precision;
    work->config.pruning.keep_zeros = kind->net != FLOATS;
    work->config.schedule = (mnist_schedule){
        .kind = MNIST_SCHEDULE_CONSTANT, .lr = 0.01f, .step_factor = 1.0f, .step_count = 1};
    item.threads = mnist_pool_threads(pool);
    item.flops = training_flops(mlp);
    item.context = work;
    size_t least = 4 * shape->batch;
    item.least = least < suite->view.count ? least : suite->view.count;
    return mnist_suite_add(suite, &item, err);
}

mnist_status mnist_bench_add_training(mnist_suite *suite, mnist_error *err)
{
    for (size_t i = 0; i < SHAPES; i++) {
        for (size_t kind = 0; kind < sizeof training_kinds / sizeof training_kinds[0]; kind++) {
            mnist_pool *const pools[] = {suite->one, suite->all};
            for (size_t p = 0; p < 2; p++) {
                mnist_status status =
                    add_training(suite, &shapes[i], &training_kinds[kind], pools[p], err);
                if (status != MNIST_OK) {
                    return status;
                }
            }
        }
    }
    return MNIST_OK;
}

/* Inference of many images. */

typedef struct evaluation_work {
    mnist_mlp *mlp;
    mnist_view view;
    mnist_pool *pool;
} evaluation_work;

static mnist_status evaluation_sample(void *context, size_t repetitions, double *seconds,
                                      mnist_error *err)
{
    const evaluation_work *work = context;
    const mnist_normalization unit = {.kind = MNIST_NORMALIZE_UNIT, .stddev = 1.0f};
    mnist_status status = MNIST_OK;
    double start = mnist_seconds();
    for (size_t r = 0; r < repetitions && status == MNIST_OK; r++) {
        mnist_evaluation evaluation;
        status = mnist_evaluate(work->mlp, work->view, &unit, work->pool, &evaluation, err);
    }
    *seconds = mnist_seconds() - start;
    return status;
}

static mnist_status add_evaluation(mnist_suite *suite, const net_shape *shape, net_kind kind,
                                   mnist_pool *pool, mnist_error *err)
{
    char net[MNIST_BENCH_NAME];
    size_t count = suite->view.count < INFERENCE_IMAGES ? suite->view.count : INFERENCE_IMAGES;
    mnist_bench_case item = {
        .unit = MNIST_BENCH_IMAGES, .amount = (double)count, .sample = evaluation_sample};
    shape_name(suite, shape, kind, net);
    snprintf(item.name, sizeof item.name, "%.32s, %zu images", net, count);
    if (!pool || !mnist_suite_wants(suite, item.name)) {
        return MNIST_OK;
    }
    evaluation_work *work = mnist_suite_alloc(suite, 1, sizeof *work);
    if (!work) {
        return mnist_fail_memory(err, sizeof *work, "the benchmark of inference");
    }
    *work = (evaluation_work){.view = mnist_view_slice(suite->view, 0, count), .pool = pool};
    mnist_status status = create_kind(suite, shape, kind, &work->mlp, err);
    if (status != MNIST_OK) {
        return status;
    }
    item.threads = mnist_pool_threads(pool);
    item.flops = 2.0 * forward_products(work->mlp) * (double)count;
    item.peak = kind == INT8 ? MNIST_BENCH_PEAK_INT8 : MNIST_BENCH_PEAK_FP32;
    item.context = work;
    return mnist_suite_add(suite, &item, err);
}

/* Inference of one image: from bytes to class, as evaluation does it. Each call is timed by itself,
 * which includes the time of reading the clock. */

typedef struct one_work {
    mnist_view view;
    mnist_pass *pass;
    float *x, table[256]; /* x NULL: bytes as they are */
    size_t stride;
    double quantile;
    double *times; /* (ONE_IMAGE_MOST) */
} one_work;

static uint8_t classify(const one_work *work, size_t image)
{
    mnist_pass_batch batch = {
        .x = work->x, .x_stride = work->stride, .table = work->table, .count = 1};
    if (work->x) {
        mnist_batch_gather(&(mnist_gather){.view = work->view,
                                           .first = image,
                                           .count = 1,
                                           .table = work->table,
                                           .x = work->x,
                                           .x_stride = work->stride});
    } else {
        batch.bytes = work->view.images + image * work->view.rows * work->view.cols;
    }
    mnist_pass_evaluate(work->pass, &batch);
    return work->pass->predicted[0];
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* *seconds is set so that the quantile becomes the time of one repetition. */
static mnist_status one_sample(void *context, size_t repetitions, double *seconds, mnist_error *err)
{
    (void)err;
    const one_work *work = context;
    size_t image = 0, sum = 0;
    for (size_t r = 0; r < repetitions; r++) {
        double start = mnist_seconds();
        sum += classify(work, image);
        work->times[r] = mnist_seconds() - start;
        image = image + 1 < work->view.count ? image + 1 : 0;
    }
    mnist_bench_keep((double)sum);
    qsort(work->times, repetitions, sizeof *work->times, compare);
    size_t rank = (size_t)(work->quantile * (double)(repetitions - 1) + 0.5);
    *seconds = work->times[rank] * (double)repetitions;
    return MNIST_OK;
}

static void free_pass(void *object)
{
    mnist_pass_free(object);
}

static mnist_status prepare_one(mnist_suite *suite, const net_shape *shape, net_kind kind,
                                one_work *work, mnist_error *err)
{
    const mnist_normalization unit = {.kind = MNIST_NORMALIZE_UNIT, .stddev = 1.0f};
    size_t pixels = (size_t)suite->view.rows * suite->view.cols;
    size_t count = suite->view.count < INFERENCE_IMAGES ? suite->view.count : INFERENCE_IMAGES;
    work->view = mnist_view_slice(suite->view, 0, count);
    mnist_normalization_split(&unit, work->table);
    work->times = mnist_suite_alloc(suite, ONE_IMAGE_MOST, sizeof *work->times);
    if (!work->times) {
        return mnist_fail_memory(err, ONE_IMAGE_MOST * sizeof *work->times, "times of images");
    }
    mnist_mlp *mlp;
    mnist_status status = create_kind(suite, shape, kind, &mlp, err);
    if (status == MNIST_OK) {
        status = mnist_pass_create_with(&work->pass, mlp, suite->one, 1,
                                        (mnist_pass_options){.forward_only = true}, err);
    }
    if (status == MNIST_OK) {
        status = mnist_suite_own(suite, work->pass, free_pass, err);
    }
    if (status == MNIST_OK && kind_zeros[kind] > 0) {
        return mnist_pass_make_sparse(work->pass, ONE_IMAGE_MOST, 0.0f, err);
    }
    if (status != MNIST_OK || kind != FLOATS ||
        mnist_batch_density(suite->view) < MNIST_SPARSE_DENSITY) {
        return status;
    }
    work->stride = mnist_pad(pixels);
    work->x = mnist_suite_alloc(suite, work->stride, sizeof *work->x);
    return work->x ? MNIST_OK : mnist_fail_memory(err, work->stride * sizeof *work->x, "an image");
}

static mnist_status add_one(mnist_suite *suite, const net_shape *shape, net_kind kind, bool p99,
                            mnist_error *err)
{
    char net[MNIST_BENCH_NAME];
    mnist_bench_case item = {.unit = MNIST_BENCH_US,
                             .amount = 1.0,
                             .sample = one_sample,
                             .least = ONE_IMAGE_LEAST,
                             .most = ONE_IMAGE_MOST};
    shape_name(suite, shape, kind, net);
    snprintf(item.name, sizeof item.name, "%.32s, one image, %s", net, p99 ? "p99" : "median");
    if (!mnist_suite_wants(suite, item.name)) {
        return MNIST_OK;
    }
    one_work *work = mnist_suite_alloc(suite, 1, sizeof *work);
    if (!work) {
        return mnist_fail_memory(err, sizeof *work, "the benchmark of inference");
    }
    work->quantile = p99 ? 0.99 : 0.5;
    item.context = work;
    mnist_status status = prepare_one(suite, shape, kind, work, err);
    return status == MNIST_OK ? mnist_suite_add(suite, &item, err) : status;
}

mnist_status mnist_bench_add_inference(mnist_suite *suite, mnist_error *err)
{
    mnist_status status = MNIST_OK;
    for (size_t i = 0; i < NET_KINDS * SHAPES && status == MNIST_OK; i++) {
        const net_shape *shape = &shapes[i / NET_KINDS];
        const net_kind kind = (net_kind)(i % NET_KINDS);
        status = add_evaluation(suite, shape, kind, suite->one, err);
        if (status == MNIST_OK) {
            status = add_evaluation(suite, shape, kind, suite->all, err);
        }
    }
    for (size_t i = 0; i < NET_KINDS * SHAPES && status == MNIST_OK; i++) {
        const net_shape *shape = &shapes[i / NET_KINDS];
        const net_kind kind = (net_kind)(i % NET_KINDS);
        status = add_one(suite, shape, kind, false, err);
        if (status == MNIST_OK && kind_zeros[kind] == 0) {
            status = add_one(suite, shape, kind, true, err);
        }
    }
    return status;
}
