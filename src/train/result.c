#include "train/result.h"

#include "base/memory.h"
#include "base/status.h"

#include <mnist/integers.h>

#include <string.h>

mnist_status mnist_result_create(mnist_result *r, mnist_mlp *out, const mnist_train_config *config,
                                 mnist_error *err)
{
    const bool averages = config->averaging.ema > 0.0f || config->averaging.swa_start > 0.0f;
    *r = (mnist_result){.out = out, .net = out};
    mnist_mlp_drop_integers(out);
    if (averages || config->batch_norm) {
        mnist_mlp_config shape = out->config;
        shape.batch_norm = config->batch_norm;
        mnist_status status = mnist_mlp_create(&r->net, &shape, err);
        if (status != MNIST_OK) {
            r->net = out;
            return status;
        }
        mnist_mlp_unfold(out, r->net);
    }
    const size_t size = r->net->arena_size * sizeof(float);
    if (averages) {
        r->average = mnist_alloc(r->net->arena_size, sizeof(float));
        if (!r->average) {
            return mnist_fail_memory(err, size, "the average of the parameters");
        }
        memcpy(r->average, r->net->parameters, size);
    }
    if (config->keep == MNIST_KEEP_BEST) {
        r->best = mnist_alloc(out->arena_size, sizeof(float));
        if (!r->best) {
            return mnist_fail_memory(err, out->arena_size * sizeof(float),
                                     "the best epoch's parameters");
        }
    }
    return MNIST_OK;
}

void mnist_result_free(mnist_result *r)
{
    if (r->net != r->out) {
        mnist_mlp_free(r->net);
    }
    mnist_free(r->average);
    mnist_free(r->best);
}

float mnist_result_rate(const mnist_train_config *config, uint64_t step)
{
    const double rate = 1.0 - (double)config->averaging.ema, first = 9.0 / (10.0 + (double)step);
    return (float)(rate > first ? rate : first);
}

/* Is the end of this epoch one of those that are averaged? */
static bool is_averaged(const mnist_train_config *config, unsigned epoch)
{
    /* 0.7f times 10 is a little less than 7, yet averaging is to begin after epoch 7: hence the
     * tolerance */
    const double start = (double)config->averaging.swa_start * config->epochs;
    return config->averaging.swa_start > 0.0f && (double)epoch > start * (1.0 + 1e-6);
}

void mnist_result_hand_out(mnist_result *r, const mnist_train_config *config)
{
    const bool quantized = r->quantizer && r->quantizer->on;
    if (r->net != r->out) {
        const bool averaged = r->average && (config->averaging.ema > 0.0f || r->averaged > 0);
        if (averaged && quantized) { /* and nothing is folded */
            mnist_quantizer_hand_out(r->quantizer, r->average, r->out->parameters);
            return;
        }
        mnist_mlp_fold(r->net, averaged ? r->average : r->net->parameters, r->out);
    }
}

void mnist_result_write(mnist_result *r, const mnist_train_config *config,
                        const mnist_kernels *kernels, unsigned epoch)
{
    const bool quantized = r->quantizer && r->quantizer->on;
    const float *trained = quantized ? r->quantizer->latent : r->net->parameters;
    if (is_averaged(config, epoch)) {
        if (r->averaged++ == 0) {
            memcpy(r->average, trained, r->net->arena_size * sizeof(float));
        } else {
            kernels->average(r->average, trained, r->net->arena_size,
                             (float)(1.0 / (double)r->averaged));
        }
    }
    mnist_result_hand_out(r, config);
}

void mnist_result_judge(mnist_result *r, const mnist_train_config *config, unsigned epoch,
                        double loss)
{
    const bool first = r->best_epoch == 0;
    if (first || loss < r->best_loss) {
        r->best_loss = loss;
        r->best_epoch = epoch;
        if (r->best) {
            memcpy(r->best, r->out->parameters, r->out->arena_size * sizeof(float));
        }
    }
    if (first || loss < r->loss_to_beat - (double)config->min_delta) {
        r->loss_to_beat = loss;
        r->since_better = 0;
    } else {
        r->since_better++;
    }
}

void mnist_result_finish(mnist_result *r)
{
    if (r->best && r->best_epoch > 0) {
        memcpy(r->out->parameters, r->best, r->out->arena_size * sizeof(float));
    }
}
