#include "cli/train/search_space.h"

#include <math.h>

static const char *const widths[] = {"128", "256", "512", "256,128", "512,256", NULL};
static const char *const batches[] = {"32", "64", "128", "256", NULL};

/* Does the optimiser take steps about as long as the learning rate, whatever the gradient's
 * scale? */
static bool is_adaptive(const mnist_train_settings *base)
{
    return mnist_optimizer_describe(base->training.config.optimizer.kind)->adaptive;
}

/* Does it take steps in proportion to the gradient? */
static bool is_plain(const mnist_train_settings *base)
{
    return !is_adaptive(base);
}

const mnist_dimension mnist_search_space[] = {
    {.option = "lr",
     .distribution = MNIST_LOG_UNIFORM,
     .low = -2.5,
     .high = -0.25,
     .applies = is_plain},
    {.option = "hidden", .distribution = MNIST_ONE_OF, .list = widths},
    {.option = "weight-decay",
     .distribution = MNIST_LOG_UNIFORM,
     .low = -6.0,
     .high = -3.0,
     .zero = 0.125},
    {.option = "batch-size", .distribution = MNIST_ONE_OF, .list = batches},
    {.option = "label-smoothing",
     .distribution = MNIST_UNIFORM,
     .low = 0.0,
     .high = 0.15,
     .zero = 0.25},
    /* Half of the candidates have no dropout: in few epochs it seldom pays. */
    {.option = "dropout", .distribution = MNIST_UNIFORM, .low = 0.0, .high = 0.5, .zero = 0.5},
    {.option = "input-dropout",
     .distribution = MNIST_UNIFORM,
     .low = 0.0,
     .high = 0.3,
     .zero = 0.5},
    {.option = "lr",
     .distribution = MNIST_LOG_UNIFORM,
     .low = -4.0,
     .high = -2.0,
     .applies = is_adaptive},
    {.option = NULL},
};

bool mnist_search_varies(const mnist_train_settings *base, const mnist_parsed *parsed, size_t row)
{
    const mnist_dimension *dimension = &mnist_search_space[row];
    return !mnist_on_command_line(parsed, dimension->option) &&
           (!dimension->applies || dimension->applies(base));
}

/* 10^x. The last bit of pow differs between C libraries, so this is the exponential series of the
 * fraction, and then products with 10. */
static double power_of_ten(double x)
{
    double whole = floor(x), t = (x - whole) * 0x1.26bb1bbb55516p+1 /* ln 10 */, sum = 1.0;
    for (int k = 26; k >= 1; k--) {
        sum = 1.0 + sum * t / k;
    }
    for (; whole > 0.0; whole -= 1.0) {
        sum *= 10.0;
    }
    for (; whole < 0.0; whole += 1.0) {
        sum /= 10.0;
    }
    return sum;
}

void mnist_dimension_draw(const mnist_dimension *space, size_t row, uint64_t seed,
                          uint64_t candidate, char text[MNIST_OPTION_TEXT])
{
    const mnist_dimension *dimension = &space[row];
    const double where = mnist_random(seed, 2 * (uint32_t)row, candidate);
    if (dimension->distribution == MNIST_ONE_OF) {
        size_t count = 0;
        while (dimension->list[count]) {
            count++;
        }
        snprintf(text, MNIST_OPTION_TEXT, "%s", dimension->list[(size_t)(where * (double)count)]);
        return;
    }
    double value = dimension->low + where * (dimension->high - dimension->low);
    if (dimension->distribution == MNIST_LOG_UNIFORM) {
        value = power_of_ten(value);
    }
    if (mnist_random(seed, 2 * (uint32_t)row + 1, candidate) < dimension->zero) {
        value = 0.0;
    }
    snprintf(text, MNIST_OPTION_TEXT, "%.3g", value);
}
