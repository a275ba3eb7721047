/* The public calls on a pass: one batch, run by the pool, results copied out. */
#include "nn/pass.h"

#include <assert.h>
#include <string.h>

typedef struct pass_call {
    mnist_pass *pass;
    mnist_pass_batch batch;
    bool gradient;
} pass_call;

static void run_call(void *argument, mnist_worker worker)
{
    pass_call *call = argument;
    if (call->gradient) {
        mnist_pass_train_part(call->pass, &call->batch, NULL, 0.0f, worker);
    } else {
        mnist_pass_batch mine = call->batch; /* no index, no labels */
        size_t end;
        mnist_worker_share(worker, call->batch.count, &mine.row, &end);
        mine.x += mine.row * mine.x_stride;
        mine.count = end - mine.row;
        mnist_pass_evaluate(call->pass, &mine);
    }
}

void mnist_pass_forward(mnist_pass *pass, const float *x, size_t count, float *logits)
{
    assert(count >= 1 && count <= pass->capacity);
    const mnist_mlp *mlp = pass->mlp;
    pass_call call = {.pass = pass,
                      .batch = {.x = x, .x_stride = mlp->config.inputs, .count = count}};
    mnist_pool_run(pass->pool, run_call, &call);
    unsigned last = mlp->layer_count - 1;
    for (size_t i = 0; i < count; i++) {
        memcpy(logits + i * mlp->config.outputs,
               pass->activations[last] + i * mlp->layers[last].row,
               mlp->config.outputs * sizeof *logits);
    }
}

void mnist_pass_gradient(mnist_pass *pass, const float *x, const uint8_t *labels, size_t count,
                         float smoothing, float *losses)
{
    assert(count >= 1 && count <= pass->capacity && labels);
    pass_call call = {.pass = pass,
                      .gradient = true,
                      .batch = {.x = x,
                                .x_stride = pass->mlp->config.inputs,
                                .labels = labels,
                                .count = count,
                                .smoothing = smoothing}};
    mnist_pool_run(pass->pool, run_call, &call);
    if (losses) {
        memcpy(losses, pass->losses, count * sizeof *losses);
    }
}

void mnist_pass_get_gradient(const mnist_pass *pass, unsigned layer, float *weights, float *bias)
{
    assert(layer < pass->mlp->layer_count);
    mnist_layer_read(&pass->mlp->layers[layer], pass->gradient, weights, bias);
}
