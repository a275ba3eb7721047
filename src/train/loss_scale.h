/* Dynamic loss scaling (Micikevicius et al. 2018): the loss is multiplied by a power of two, as
 * large as gradients in fp16 allow, so that small gradients do not become 0. A step whose gradient
 * overflows is left out. */
#ifndef MNIST_TRAIN_LOSS_SCALE_H
#define MNIST_TRAIN_LOSS_SCALE_H

#include <math.h>
#include <stdbool.h>

#define LOSS_SCALE_START 65536.0f
#define LOSS_SCALE_LEAST 0x1p-24f
#define LOSS_SCALE_MOST  0x1p24f
#define LOSS_SCALE_STEPS 2000u /* steps without an overflow after which it is doubled */

typedef struct mnist_loss_scale {
    float scale;      /* 0: none */
    unsigned fitting; /* steps since it last changed */
} mnist_loss_scale;

/* Adapts the scale after a step whose gradient has this norm. false: gradients overflow even at the
 * smallest scale. */
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
