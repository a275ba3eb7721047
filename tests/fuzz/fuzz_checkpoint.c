/* Checkpoints, as --resume reads them: the input is one. If it is accepted and its net is for
 * images of 2 x 2, it is resumed for a step. */
#define _GNU_SOURCE /* memfd_create */
#include "cli/train/resume.h"
#include "fuzz.h"
#include "safetensors_mutator.h"

#include "cli/train/settings.h"

#include <math.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SIDE = 2, IMAGES = 8, MOST_WIDTH = 64, MOST_BATCH = 64 };

/* The name of a file in memory that holds the input. */
static const char *file_of(const uint8_t *data, size_t size)
{
    static int fd = -1;
    static char name[32];
    if (fd < 0) {
        fd = memfd_create("checkpoint", 0);
        PROMISED(fd >= 0);
        snprintf(name, sizeof name, "/dev/fd/%d", fd);
    }
    PROMISED(ftruncate(fd, (off_t)size) == 0);
    PROMISED(pwrite(fd, data, size, 0) == (ssize_t)size);
    return name;
}

static bool stop_at_step(void *context, const mnist_step_stats *stats)
{
    (void)context;
    (void)stats;
    return false;
}

static bool stop_at_epoch(void *context, const mnist_epoch_stats *stats)
{
    (void)context;
    (void)stats;
    return false;
}

static void go_on(const mnist_train_settings *settings)
{
    static mnist_pool *pool;
    static const uint8_t labels[IMAGES] = {0, 1, 2, 3, 4, 5, 6, 9};
    uint8_t images[IMAGES * SIDE * SIDE];
    const mnist_view all = {images, labels, IMAGES, SIDE, SIDE, MNIST_CLASSES, 0};
    const mnist_view train = mnist_view_slice(all, 0, IMAGES - 2);
    const mnist_view validation = mnist_view_slice(all, IMAGES - 2, 2);
    const mnist_train_hooks hooks = {NULL, stop_at_step, stop_at_epoch};
    mnist_train_config config = settings->training.config;
    mnist_mlp_config shape = {.inputs = SIDE * SIDE,
                              .outputs = MNIST_CLASSES,
                              .hidden_count = settings->training.hidden.count,
                              .activation = settings->training.activation};
    mnist_mlp *mlp;
    mnist_error err;
    memcpy(shape.hidden, settings->training.hidden.width, sizeof shape.hidden);
    for (unsigned l = 0; l < shape.hidden_count; l++) {
        if (shape.hidden[l] > MOST_WIDTH) {
            return;
        }
    }
    for (size_t i = 0; i < sizeof images; i++) {
        images[i] = (uint8_t)(37 * i);
    }
    const mnist_normalization normalization =
        mnist_normalization_fit(settings->training.normalize, train);
    config.adapt_threads = false;
    if (!mnist_resume_check_net(settings->resumed, &settings->training.hidden, SIDE * SIDE,
                                MNIST_CLASSES, &err)) {
        check_failure(MNIST_ERR_FORMAT, &err);
        return;
    }
    PROMISED(pool || mnist_pool_create(&pool, 1, &err) == MNIST_OK);
    PROMISED(mnist_mlp_create(&mlp, &shape, &err) == MNIST_OK);
    const mnist_train_job job = {.net = mlp,
                                 .config = &config,
                                 .train = train,
                                 .validation = validation,
                                 .normalization = &normalization,
                                 .pool = pool,
                                 .hooks = &hooks,
                                 .resume = &settings->resumed->snapshot};
    mnist_status status = mnist_train(&job, &err);
    if (status != MNIST_OK) {
        check_failure(status, &err);
    }
    mnist_mlp_free(mlp);
}

/* What the header of cli/train/resume.h promises of settings that were taken over. */
static void check_settings(const mnist_train_settings *settings)
{
    const mnist_resumption *r = settings->resumed;
    PROMISED(r && r->checkpoint && json_is_object(r->config) && r->epochs);
    PROMISED(r->position.epoch >= 1);
    PROMISED(r->epochs->count == r->position.epoch - !r->position.epoch_ended);
    PROMISED(settings->training.data.synthetic_train <= 1000000 &&
             settings->training.data.synthetic_test <= 1000000);
    for (size_t i = 0; i < r->snapshot.count; i++) {
        const mnist_array *array = &r->snapshot.arrays[i];
        const float *values = array->values;
        const bool is_net = strncmp(array->name, "net.", 4) == 0 && array->element == MNIST_F32;
        for (size_t k = 0; is_net && k < mnist_array_count(array); k++) {
            PROMISED(isfinite(values[k]));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const mnist_data_digests other = {"train", "labels"};
    mnist_train_settings settings = mnist_train_settings_defaults();
    mnist_parsed parsed = {.program = &mnist_train_program};
    mnist_error err;
    settings.resume = file_of(data, size);
    if (!mnist_resume_adopt(&settings, &parsed, &err)) {
        check_failure(err.status, &err);
    } else {
        check_settings(&settings);
        mnist_train_program.settle(&settings, &parsed);
        if (!mnist_train_program.validate(&settings, &parsed, &err)) {
            check_failure(MNIST_ERR_ARGUMENT, &err);
        } else if (settings.training.config.batch_size <= MOST_BATCH) {
            go_on(&settings);
        }
        if (mnist_resume_check_data(settings.resumed, &other, &other, &err) != MNIST_OK) {
            check_failure(MNIST_ERR_MISMATCH, &err);
        }
        if (mnist_resume_check_teachers(settings.resumed, "none", &err) != MNIST_OK) {
            check_failure(MNIST_ERR_MISMATCH, &err);
        }
    }
    mnist_options_free(&parsed);
    return 0;
}
