#include <mnist/nn.h>

#include <assert.h>
#include <stddef.h>

const char *mnist_schedule_name(mnist_schedule_kind kind)
{
    switch (kind) {
    case MNIST_SCHEDULE_CONSTANT:
        return "constant";
    case MNIST_SCHEDULE_STEP:
        return "step";
    case MNIST_SCHEDULE_COSINE:
        return "cosine";
    case MNIST_SCHEDULE_ONE_CYCLE:
        return "one-cycle";
    case MNIST_SCHEDULES:
        break;
    }
    return NULL;
}

/* cos(pi t), t in [0, 1], to about 1e-15, in plain arithmetic: libm's last bit differs between
 * systems, and weights depend on this. It is symmetric about t = 1/2, so the series is used for a
 * quarter turn at most. */
static double cos_pi(double t)
{
    double mirrored = t > 0.5 ? 1.0 - t : t;
    double x = 0x1.921fb54442d18p+1 * mirrored;
    double x2 = x * x, series = 0.0;
    for (int n = 24; n >= 2; n -= 2) { /* Horner from the term of x^24 inwards */
        series = (1.0 + series) * (-x2 / ((double)n * (n - 1)));
    }
    double cosine = 1.0 + series;
    return t > 0.5 ? -cosine : cosine;
}

/* The factor of the learning rate, from 1 to 0, after the fraction `done` of the steps after the
 * warm-up. */
static double decay(const mnist_schedule *schedule, double done)
{
    switch (schedule->kind) {
    case MNIST_SCHEDULE_STEP: {
        double factor = 1.0;
        for (unsigned drop = 1; drop <= schedule->step_count; drop++) {
            if (done >= (double)drop / (schedule->step_count + 1.0)) {
                factor *= (double)schedule->step_factor;
            }
        }
        return factor;
    }
    case MNIST_SCHEDULE_COSINE:
        return 0.5 * (1.0 + cos_pi(done));
    case MNIST_SCHEDULE_ONE_CYCLE:
        return 1.0 - done;
    case MNIST_SCHEDULE_CONSTANT:
    case MNIST_SCHEDULES:
        break;
    }
    return 1.0;
}

float mnist_schedule_lr(const mnist_schedule *schedule, uint64_t step, uint64_t steps)
{
    assert(step < steps);
    double warm_steps = (double)schedule->warmup * (double)steps;
    double position = (double)step;
    double factor = position < warm_steps
                        ? (position + 1.0) / (warm_steps + 1.0) /* no step has rate 0 */
                        : decay(schedule, (position - warm_steps) / ((double)steps - warm_steps));
    return (float)((double)schedule->lr * factor);
}
