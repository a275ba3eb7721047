#include "cli/shared/gate.h"

#include "cli/shared/figures.h"

#include <math.h>

static bool accuracy_passes(const mnist_gate_settings *gate, double accuracy)
{
    return gate->min_accuracy <= 0.0 || accuracy >= gate->min_accuracy;
}

static bool loss_passes(const mnist_gate_settings *gate, double loss)
{
    return gate->max_loss <= 0.0 || loss <= gate->max_loss;
}

json_t *mnist_gate_json(const mnist_gate_settings *gate, double accuracy, double loss)
{
    bool passed = accuracy_passes(gate, accuracy) && loss_passes(gate, loss);
    return json_pack("{s:o, s:o, s:b}", "min_accuracy",
                     gate->min_accuracy > 0.0 ? json_real(gate->min_accuracy) : json_null(),
                     "max_loss", gate->max_loss > 0.0 ? json_real(gate->max_loss) : json_null(),
                     "passed", passed);
}

/* All digits: rounded, 0.9699996 would fail a gate of 0.97 with a message that shows 0.97. */
static void format_judged(double value, char text[MNIST_REAL_TEXT])
{
    if (isfinite(value)) {
        mnist_real_format(value, text);
    } else {
        snprintf(text, MNIST_REAL_TEXT, "%g", mnist_unsigned_nan(value));
    }
}

bool mnist_gate_check(const char *program, const mnist_gate_settings *gate, double accuracy,
                      double loss)
{
    char found[MNIST_REAL_TEXT], limit[MNIST_REAL_TEXT];
    bool passed = true;
    if (!accuracy_passes(gate, accuracy)) {
        format_judged(accuracy, found);
        format_judged(gate->min_accuracy, limit);
        fprintf(stderr, "%s: gate failed: test accuracy %s is below --min-accuracy %s\n", program,
                found, limit);
        passed = false;
    }
    if (!loss_passes(gate, loss)) {
        format_judged(loss, found);
        format_judged(gate->max_loss, limit);
        fprintf(stderr, "%s: gate failed: test loss %s is above --max-loss %s\n", program, found,
                limit);
        passed = false;
    }
    return passed;
}
