/* From a training to a snapshot, and back. */
#include "base/clock.h"
#include "base/status.h"
#include "train/snapshot.h"
#include "train/training.h"

#include <string.h>

enum { ARENAS = 8 };

static void list_arenas(const mnist_training *t, mnist_arena arenas[ARENAS])
{
    const mnist_mlp *net = t->result.net;
    const mnist_arena list[ARENAS] = {
        {"net", net, net->parameters},
        {"optimizer.first", net, t->optimizer->state[0]},
        {"optimizer.second", net, t->optimizer->state[1]},
        {"average", net, t->result.average},
        {"best", t->result.out, t->result.best},
        {"mask", net, t->pruner.mask},
        {"latent", net, t->quantizer.latent},
        {"grid", &t->quantizer.layout, t->quantizer.grid},
    };
    memcpy(arenas, list, sizeof list);
}

mnist_status mnist_snapshot_take(const mnist_training *t, mnist_snapshot **out, mnist_error *err)
{
    const mnist_position position = {.epoch = t->epoch,
                                     .ended = t->epoch_ended,
                                     .step = t->step,
                                     .seen = t->seen,
                                     .correct_sum = t->correct_sum,
                                     .loss_sum = t->loss_sum,
                                     .lr = (double)t->lr,
                                     .end = t->end,
                                     .seconds = mnist_seconds() - t->start,
                                     .updates = t->optimizer->updates,
                                     .beta1_power = t->optimizer->beta1_power,
                                     .beta2_power = t->optimizer->beta2_power,
                                     .loss_scale = (double)t->loss_scale.scale,
                                     .loss_scale_fitting = t->loss_scale.fitting,
                                     .averaged = t->result.averaged,
                                     .best_epoch = t->result.best_epoch,
                                     .since_better = t->result.since_better,
                                     .best_loss = t->result.best_loss,
                                     .loss_to_beat = t->result.loss_to_beat};
    mnist_arena arenas[ARENAS];
    list_arenas(t, arenas);
    return mnist_snapshot_make(out, &position, arenas, ARENAS, err);
}

/* What is wrong with a position, whose numbers are each in their own range, in this training; NULL:
 * nothing. */
static const char *fault_of(const mnist_training *t, const mnist_position *p)
{
    const uint64_t batch = t->config->batch_size < t->count ? t->config->batch_size : t->count;
    const uint64_t steps = (t->count + batch - 1) / batch; /* of an epoch */
    const bool scaled = t->config->precision == MNIST_FP16;
    if (p->epoch < 1 || p->seen > t->count || (p->seen % batch != 0 && p->seen != t->count)) {
        return "no batch ends at that image";
    }
    if (p->step != (p->epoch - 1) * steps + (p->seen + batch - 1) / batch) {
        return "the step is not that of the epoch and the images seen";
    }
    if (p->updates > p->step || p->correct_sum > p->seen || p->averaged > p->epoch ||
        p->best_epoch > p->epoch || p->since_better > p->epoch) {
        return "a count exceeds what has been done";
    }
    if (p->end == MNIST_END_EPOCHS || (p->end != MNIST_END_NOT_YET && !p->ended) ||
        (p->ended && p->seen < t->count && p->end != MNIST_END_TIME)) {
        return "an epoch has ended before its last image";
    }
    if (scaled
            ? p->loss_scale < (double)LOSS_SCALE_LEAST || p->loss_scale > (double)LOSS_SCALE_MOST ||
                  p->loss_scale_fitting >= LOSS_SCALE_STEPS
            : p->loss_scale > 0.0) {
        return "the loss scale is out of range";
    }
    return NULL;
}

static void go_to(mnist_training *t, const mnist_position *p)
{
    t->epoch = (unsigned)p->epoch;
    t->epoch_ended = p->ended == 1;
    t->step = p->step;
    t->seen = (size_t)p->seen;
    t->correct_sum = (size_t)p->correct_sum;
    t->loss_sum = p->loss_sum;
    t->lr = (float)p->lr;
    t->end = (mnist_train_end)p->end;
    t->start -= p->seconds;
    t->optimizer->updates = p->updates;
    t->optimizer->beta1_power = p->beta1_power;
    t->optimizer->beta2_power = p->beta2_power;
    t->loss_scale.scale = (float)p->loss_scale;
    t->loss_scale.fitting = (unsigned)p->loss_scale_fitting;
    t->result.averaged = p->averaged;
    t->result.best_epoch = (unsigned)p->best_epoch;
    t->result.since_better = (unsigned)p->since_better;
    t->result.best_loss = p->best_loss;
    t->result.loss_to_beat = p->loss_to_beat;
}

mnist_status mnist_training_go_on(mnist_training *t, const mnist_snapshot *snapshot,
                                  mnist_error *err)
{
    mnist_position position;
    mnist_arena arenas[ARENAS];
    mnist_status status = mnist_snapshot_read_position(snapshot, &position, err);
    if (status != MNIST_OK) {
        return status;
    }
    if (position.epoch > t->config->epochs) {
        return mnist_fail(err, MNIST_ERR_MISMATCH,
                          "the training is in epoch %llu already, expected at most epoch %u",
                          (unsigned long long)position.epoch, t->config->epochs);
    }
    const char *fault = fault_of(t, &position);
    if (fault) {
        return mnist_fail(
            err, MNIST_ERR_FORMAT,
            "the snapshot of a training, at epoch %llu, step %llu, %llu of %zu images "
            "seen: %s",
            (unsigned long long)position.epoch, (unsigned long long)position.step,
            (unsigned long long)position.seen, t->count, fault);
    }
    list_arenas(t, arenas);
    status = mnist_snapshot_restore(snapshot, arenas, ARENAS, err);
    if (status == MNIST_OK) {
        status = mnist_quantizer_go_on(&t->quantizer, t->optimizer, err);
    }
    if (status == MNIST_OK) {
        go_to(t, &position);
        mnist_pruner_apply(&t->pruner, t->optimizer, t->result.average);
        mnist_result_hand_out(&t->result, t->config);
    }
    return status;
}
