/* Dynamic loss scaling (Micikevicius et al. 2018): the loss is scaled by a power of two, as large as
 * gradients in fp16 allow, so that small ones do not round to 0. An overflow costs a step. */
#ifndef MNIST_TRAIN_LOSS_SCALE_H
#define MNIST_TRAIN_LOSS_SCALE_H

#include <math.h>
#include <stdbool.h>

#define LOSS_SCALE_START 65536.0f
#define LOSS_SCALE_LEAST 0x1p-24f
#define LOSS_SCALE_MOST  0x1p24f
#define LOSS_SCALE_STEPS 2000u /* without an overflow until it is doubled */

typedef struct mnist_loss_scale {
    float scale;      /* 0: none */
    unsigned fitting; /* steps since it last changed */
} mnist_loss_scale;

/* After a step with a gradient of this norm. false: gradients overflow however small it is. */
static inline bool mnist_loss_scale_adapt(mnist_loss_scale *s, double norm)
{
    if (s->scale <= 0.0f) {
        return true;
    }
    if (!isfinite(norm)) {
        s->scale *= 0.5f;
        s->fitting = 0;
    } else if (++s->fitting == LOSS_SCALE_STEPS) {
        s->scale *= s->scale < LOSS_SCALE_MOST ? 2.0f : 1.0f;
        s->fitting = 0;
    }
    return s->scale >= LOSS_SCALE_LEAST;
}

#endif
