/* Parameters as numbers of 16 bits. */
#include <mnist/compress.h>

#include "base/status.h"
#include "kernels/kernels.h"

#include <math.h>
#include <stdlib.h>

/* Rounds values, of which there is room for whole vectors. false: not all are finite. */
static bool round_values(const float *values, float *rounded, size_t count,
                         mnist_precision precision, size_t *changed)
{
    bool finite = true;
    mnist_kernels_scalar.half[precision]->round(
        values, rounded, (count + MNIST_LANES - 1) / MNIST_LANES * MNIST_LANES);
    for (size_t i = 0; i < count; i++) {
        finite = finite && isfinite(rounded[i]); /* what was not finite is not now */
        *changed += rounded[i] != values[i];
    }
    return finite;
}

static mnist_status round_layers(mnist_mlp *mlp, mnist_precision precision, bool store,
                                 size_t *changed, mnist_error *err)
{
    *changed = 0;
    for (unsigned l = 0; l < mnist_mlp_layers(mlp); l++) {
        const size_t outputs = mnist_mlp_layer_outputs(mlp, l),
                     weights = mnist_mlp_layer_inputs(mlp, l) * outputs;
        const size_t room = weights + outputs + MNIST_LANES;
        float *values = calloc(2 * room, sizeof *values);
        if (!values) {
            return mnist_fail_memory(err, 2 * room * sizeof *values, "a layer");
        }
        float *rounded = values + room;
        mnist_mlp_get_layer(mlp, l, values, values + weights);
        const bool finite = round_values(values, rounded, weights + outputs, precision, changed);
        if (finite && store) {
            mnist_mlp_set_layer(mlp, l, rounded, rounded + weights);
        }
        free(values);
        if (!finite) {
            return mnist_fail(err, MNIST_ERR_ARGUMENT,
                              "layer %u: a parameter is too large for %s, or not a finite number",
                              l, mnist_precision_name(precision));
        }
    }
    return MNIST_OK;
}

mnist_status mnist_mlp_round(mnist_mlp *mlp, mnist_precision precision, size_t *changed,
                             mnist_error *err)
{
    size_t count = 0;
    mnist_status status = MNIST_OK;
    if (precision != MNIST_FP32) {
        status = round_layers(mlp, precision, false, &count, err);
        if (status == MNIST_OK) {
            status = round_layers(mlp, precision, true, &count, err);
        }
    }
    if (status == MNIST_OK && changed) {
        *changed = count;
    }
    return status;
}
