/* A training more of the model's net. */
#include "cli/compress/compression.h"

#include "cli/shared/signals.h"
#include "cli/terminal/clock.h"

#include <unistd.h>

static bool after_step(void *context, const mnist_step_stats *stats)
{
    mnist_progress_step(context, stats, mnist_clock());
    return mnist_signals_noted() == 0;
}

static bool after_epoch(void *context, const mnist_epoch_stats *stats)
{
    mnist_progress_epoch(context, stats, mnist_clock());
    return mnist_signals_noted() == 0;
}

mnist_status mnist_compression_train(mnist_compression *c, mnist_error *err)
{
    const mnist_compress_settings *s = c->settings;
    mnist_train_config config = s->training.config;
    mnist_progress progress;
    const mnist_train_hooks hooks = {&progress, after_step, after_epoch};
    const mnist_train_job job = {.net = mnist_model_mlp(c->model),
                                 .config = &config,
                                 .train = c->train,
                                 .validation = c->validation.view,
                                 .normalization = mnist_model_normalization(c->model),
                                 .pool = c->pool,
                                 .hooks = &hooks,
                                 .teachers = c->teachers.list,
                                 .teacher_count = c->teachers.count};
    if (c->early) {
        config.pruning.keep = 0.0f; /* that is done, and what is 0 stays so */
    }
    config.adapt_threads = s->threads == 0; /* a number that was asked for is kept */
    mnist_progress_start(&progress, s->out.quiet ? MNIST_PROGRESS_NONE : s->progress, s->out.color,
                         STDERR_FILENO);
    mnist_progress_begin(&progress, 1, 1, config.epochs, mnist_clock());
    mnist_signals_start(false);
    mnist_signals_set(MNIST_SIGNAL_NOTED);
    const mnist_status status = mnist_train(&job, err);
    mnist_progress_finish(&progress);
    c->interrupted = status == MNIST_ERR_STOPPED ? mnist_signals_noted() : 0;
    if (!c->interrupted) { /* from here on a signal ends the program: nothing has been written */
        mnist_signals_set(MNIST_SIGNAL_ENDS);
    }
    return status;
}
