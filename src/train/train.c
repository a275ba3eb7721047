/* The epoch loop: shuffled batches through the net, calls of the hooks, validation. */
#include <mnist/eval.h>

#include "base/clock.h"
#include "base/status.h"
#include "data/batch.h"
#include "nn/masked.h"
#include "train/config.h"
#include "train/training.h"

#include <math.h>

typedef mnist_training trainer;

static void free_trainer(trainer *t)
{
    mnist_feed_free(t->feed);
    mnist_soft_targets_free(t->soft);
    mnist_pruner_free(&t->pruner);
    mnist_quantizer_free(&t->quantizer);
    mnist_optimizer_free(t->optimizer);
    mnist_pass_free(t->pass);
    mnist_result_free(&t->result);
}

static mnist_tie tie_of(const trainer *t)
{
    const unsigned side = t->config->tie_pixels;
    return side > 1 ? (mnist_tie){side, t->job->train.cols} : (mnist_tie){0, 0};
}

static mnist_status create_pass(trainer *t, size_t batch, mnist_error *err)
{
    mnist_regularization regularization = t->config->regularization;
    regularization.adversarial_epsilon /= t->job->normalization->stddev;
    regularization.virtual_epsilon /= t->job->normalization->stddev;
    float rates[MNIST_MAX_HIDDEN + 1];
    for (unsigned l = 0; l <= MNIST_MAX_HIDDEN; l++) {
        const float scale = t->config->lr_scale[l];
        rates[l] = t->config->frozen[l] ? 0.0f : scale > 0.0f ? scale : 1.0f;
    }
    return mnist_pass_create_with(&t->pass, t->result.net, t->pool, batch,
                                  (mnist_pass_options){.precision = t->config->precision,
                                                       .regularization = &regularization,
                                                       .rates = rates,
                                                       .tie = tie_of(t)},
                                  err);
}

static mnist_status prepare_trainer(trainer *t, mnist_error *err)
{
    size_t batch = t->config->batch_size;
    t->count = t->job->train.count;
    if (batch > t->count) {
        batch = t->count; /* one batch an epoch */
    }
    t->steps = (uint64_t)t->config->epochs * ((t->count + batch - 1) / batch);
    t->loss_scale.scale = t->config->precision == MNIST_FP16 ? LOSS_SCALE_START : 0.0f;
    if (tie_of(t).side > 1) {
        mnist_tie_weights(&t->job->net->layers[0], tie_of(t), t->job->net->parameters);
    }
    mnist_status status = mnist_result_create(&t->result, t->job->net, t->config, err);
    if (status == MNIST_OK) {
        status = create_pass(t, batch, err);
    }
    if (status == MNIST_OK) {
        status = mnist_optimizer_create(&t->optimizer, t->result.net, &t->config->optimizer, err);
    }
    if (status == MNIST_OK) {
        status =
            mnist_pruner_create(&t->pruner, t->result.net, t->config, t->steps, t->job->train, err);
    }
    if (status == MNIST_OK) {
        status = mnist_quantizer_create(&t->quantizer, t->result.net, t->config, t->steps, err);
    }
    if (status == MNIST_OK) {
        t->result.quantizer = &t->quantizer;
        t->optimizer->mask = t->pruner.mask;
        t->optimizer->average = t->config->averaging.ema > 0.0f ? t->result.average : NULL;
        if (mnist_train_is_taught(t->job)) {
            status = mnist_soft_targets_create(&t->soft, t->job, t->pool, err);
        }
    }
    if (status == MNIST_OK) {
        const mnist_feed_source source = {.view = t->job->train,
                                          .normalization = t->job->normalization,
                                          .half = t->pass->half,
                                          .batch_size = batch,
                                          .soft = t->soft};
        status = mnist_feed_create(&t->feed, &source, t->config, t->pool, err);
    }
    return status;
}

static void step_task(void *argument, mnist_worker worker)
{
    trainer *t = argument;
    mnist_pass_batch batch = t->batch;
    mnist_feed_part(t->feed, t->pass->kernels, worker, &batch);
    mnist_pass_train_part(t->pass, &batch, t->optimizer, t->lr, worker);
    mnist_quantizer_part(&t->quantizer, worker);
}

/* One step, by one worker or by all. */
static void run_step(trainer *t)
{
    if (t->team.fixed) {
        mnist_pool_run(t->pool, step_task, t);
        return;
    }
    const double start = mnist_seconds();
    if (mnist_team_alone(&t->team)) {
        mnist_pool_run_alone(t->pool, step_task, t);
    } else {
        mnist_pool_run(t->pool, step_task, t);
    }
    mnist_team_note(&t->team, mnist_seconds() - start);
}

/* The mask has changed: steps may leave out what it holds at 0. */
static void use_mask(trainer *t)
{
    if (mnist_feed_leaves_out(t->feed)) {
        mnist_pass_use_mask(t->pass, t->optimizer);
    }
}

/* The loss of the batch just done and the number of images that were right, added up in the order
 * of the images. */
static void add_up(const trainer *t, double *loss, size_t *correct)
{
    *loss = 0.0;
    *correct = 0;
    for (size_t i = 0; i < t->batch.count; i++) {
        *loss += (double)t->pass->losses[i];
        *correct += t->pass->predicted[i] == t->batch.labels[i];
    }
}

static mnist_status diverged(const trainer *t, const char *what, mnist_error *err)
{
    return mnist_fail(
        err, MNIST_ERR_DIVERGED,
        "training diverged: %s at epoch %u, step %llu, learning rate %g; try a lower "
        "learning rate (a tenth of %g), a longer warm-up, or clipping the gradient to "
        "norm 1",
        what, t->epoch, (unsigned long long)t->step, (double)t->lr, (double)t->config->schedule.lr);
}

/* Does one step on the feed's current batch: its loss, summed over the images, and how many of them
 * were right. */
static mnist_status train_batch(trainer *t, double *loss, size_t *correct, mnist_error *err)
{
    t->batch = mnist_feed_batch(t->feed);
    t->batch.smoothing = t->config->label_smoothing;
    t->batch.loss_scale = t->loss_scale.scale;
    t->batch.temperature = t->config->temperature;
    t->batch.soft_weight = t->config->teacher_weight;
    t->batch.seed = t->config->seed;
    t->batch.step = t->step;
    t->lr = mnist_schedule_lr(&t->config->schedule, t->step, t->steps);
    t->optimizer->average_rate = mnist_result_rate(t->config, t->optimizer->updates);
    run_step(t);
    t->step++;
    if (!t->pass->left_out) {
        mnist_optimizer_advance(t->optimizer);
    }
    const bool pruned = mnist_pruner_step(&t->pruner, t->step, t->optimizer, t->result.average);
    if (mnist_quantizer_step(&t->quantizer, t->step, t->optimizer) || pruned) {
        use_mask(t);
    }
    add_up(t, loss, correct);
    if (!isfinite(*loss)) {
        return diverged(t, "the loss is not a finite number", err);
    }
    if (!mnist_loss_scale_adapt(&t->loss_scale, t->pass->norm)) {
        return diverged(t, "gradients overflow fp16 at any loss scale", err);
    }
    return MNIST_OK;
}

/* Tells the caller of the step just done; false: the training is to stop. */
static bool call_on_step(const trainer *t, double loss, size_t correct)
{
    const mnist_train_hooks *hooks = t->job->hooks;
    const size_t count = t->batch.count;
    return !hooks || !hooks->on_step ||
           hooks->on_step(hooks->context,
                          &(mnist_step_stats){.epoch = t->epoch,
                                              .step = t->step,
                                              .steps = t->steps,
                                              .lr = t->lr,
                                              .loss = loss / (double)count,
                                              .correct = correct,
                                              .count = count,
                                              .seen = t->seen,
                                              .total = t->count,
                                              .epoch_loss = t->loss_sum / (double)t->seen,
                                              .epoch_correct = t->correct_sum,
                                              .training = t});
}

/* Does the steps of an epoch that remain, as far as there is time. */
static mnist_status train_epoch(trainer *t, mnist_epoch_stats *stats, mnist_error *err)
{
    if (t->seen < t->count) {
        mnist_feed_start(t->feed, t->pool, t->config->seed, t->epoch, t->seen);
    }
    while (t->seen < t->count && t->end == MNIST_END_NOT_YET) {
        double loss;
        size_t correct;
        mnist_status status = train_batch(t, &loss, &correct, err);
        if (status != MNIST_OK) {
            return status;
        }
        t->loss_sum += loss;
        t->correct_sum += correct;
        t->seen += t->batch.count;
        mnist_feed_advance(t->feed);
        if (!call_on_step(t, loss, correct)) {
            return mnist_fail(err, MNIST_ERR_STOPPED, "stopped at epoch %u, step %llu", t->epoch,
                              (unsigned long long)t->step);
        }
        if (t->config->max_seconds > 0.0 && t->step < t->steps &&
            mnist_seconds() - t->start >= t->config->max_seconds) {
            t->end = MNIST_END_TIME;
        }
    }
    if (!mnist_mlp_finite(t->pass->mlp)) { /* the epoch's last update may be the one that failed */
        return diverged(t, "a weight is not a finite number", err);
    }
    *stats = (mnist_epoch_stats){.epoch = t->epoch,
                                 .epochs = t->config->epochs,
                                 .step = t->step,
                                 .lr = t->lr,
                                 .seen = t->seen,
                                 .train_loss = t->loss_sum / (double)t->seen,
                                 .train_accuracy = (double)t->correct_sum / (double)t->seen,
                                 .training = t};
    return MNIST_OK;
}

/* Validates the net at the end of an epoch. */
static mnist_status validate_epoch(trainer *t, mnist_epoch_stats *stats, mnist_error *err)
{
    mnist_evaluation evaluation;
    mnist_status status = mnist_evaluate(t->result.out, t->job->validation, t->job->normalization,
                                         t->pool, &evaluation, err);
    if (status != MNIST_OK) {
        return status;
    }
    if (!isfinite(evaluation.loss)) {
        return diverged(t, "the validation loss is not a finite number", err);
    }
    stats->has_validation = true;
    stats->validation_loss = evaluation.loss;
    stats->validation_accuracy = evaluation.accuracy;
    if (!mnist_pruner_goes_on(&t->pruner, t->step) && !mnist_quantizer_waits(&t->quantizer)) {
        mnist_result_judge(&t->result, t->config, stats->epoch, evaluation.loss);
    }
    stats->best_epoch = t->result.best_epoch;
    if (t->end == MNIST_END_NOT_YET && t->config->patience > 0 &&
        t->result.since_better >= t->config->patience && stats->epoch < stats->epochs) {
        t->end = MNIST_END_PATIENCE;
    }
    return MNIST_OK;
}

/* Begins the next epoch, unless one is under way; false: there is no next one. */
static bool begin_epoch(trainer *t)
{
    if (t->end != MNIST_END_NOT_YET || (t->epoch_ended && t->epoch == t->config->epochs)) {
        return false;
    }
    if (t->epoch_ended) {
        t->epoch++;
        t->epoch_ended = false;
        t->seen = t->correct_sum = 0;
        t->loss_sum = 0.0;
    }
    return true;
}

static mnist_status run_epochs(trainer *t, mnist_error *err)
{
    const mnist_train_hooks *hooks = t->job->hooks;
    mnist_pruner_apply(&t->pruner, t->optimizer, t->result.average); /* no -0 either */
    use_mask(t);
    while (begin_epoch(t)) {
        mnist_epoch_stats stats;
        const double start = mnist_seconds();
        const size_t seen = t->seen;
        mnist_status status = train_epoch(t, &stats, err);
        if (status != MNIST_OK) {
            return status;
        }
        stats.seconds = mnist_seconds() - start;
        stats.images_per_second =
            stats.seconds > 0.0 ? (double)(stats.seen - seen) / stats.seconds : 0.0;
        mnist_result_write(&t->result, t->config, t->pass->kernels, t->epoch);
        if (t->job->validation.count > 0) {
            status = validate_epoch(t, &stats, err);
            if (status != MNIST_OK) {
                return status;
            }
        }
        t->epoch_ended = true;
        stats.end = t->end != MNIST_END_NOT_YET     ? t->end
                    : t->epoch == t->config->epochs ? MNIST_END_EPOCHS
                                                    : MNIST_END_NOT_YET;
        if (hooks && hooks->on_epoch && !hooks->on_epoch(hooks->context, &stats)) {
            return mnist_fail(err, MNIST_ERR_STOPPED, "stopped after epoch %u", t->epoch);
        }
    }
    mnist_result_finish(&t->result);
    return MNIST_OK;
}

/* Runs a job that has been checked and has its defaults filled in. */
static mnist_status run_job(const mnist_train_job *job, mnist_error *err)
{
    trainer t = {.job = job,
                 .config = job->config,
                 .pool = job->pool,
                 .start = mnist_seconds(),
                 .epoch_ended = true, /* as if epoch 0 had ended */
                 .team =
                     mnist_team_start(mnist_pool_threads(job->pool), job->config->adapt_threads)};
    mnist_status status = prepare_trainer(&t, err);
    if (status == MNIST_OK && job->resume) {
        status = mnist_training_go_on(&t, job->resume, err);
    }
    if (status == MNIST_OK) {
        mnist_quantizer_step(&t.quantizer, t.step, t.optimizer);
        status = run_epochs(&t, err);
    }
    free_trainer(&t);
    return status;
}

mnist_status mnist_train(const mnist_train_job *job, mnist_error *err)
{
    const mnist_train_config defaults = mnist_train_defaults();
    mnist_train_job whole = *job;
    mnist_pool *own = NULL;
    if (!job->config) {
        whole.config = &defaults;
    }
    whole.normalization = mnist_normalization_or_unit(job->normalization);
    mnist_status status = mnist_train_check(&whole, err);
    if (status == MNIST_OK && !job->pool) {
        status = mnist_pool_create(&own, 0, err);
        whole.pool = own;
    }
    if (status == MNIST_OK) {
        status = run_job(&whole, err);
    }
    mnist_pool_free(own);
    return status;
}
