#include "io/model_check.h"

#include "base/status.h"

#include <math.h>

/* The quotients limit what a pixel can become. */
const char *mnist_normalization_fault(const mnist_normalization *normalization)
{
    float mean = normalization->mean, stddev = normalization->stddev;
    if ((unsigned)normalization->kind >= MNIST_NORMALIZATIONS) {
        return "there is no such normalization";
    }
    if (!isfinite(mean) || !isfinite(stddev) || stddev <= 0.0f) {
        return "mean must be finite, stddev finite and above 0";
    }
    if (normalization->kind == MNIST_NORMALIZE_UNIT && (mean != 0.0f || stddev != 1.0f)) {
        return "normalization unit goes with mean 0 and stddev 1";
    }
    if (!isfinite((0.0f - mean) / stddev) || !isfinite((1.0f - mean) / stddev)) {
        return "stddev is too small";
    }
    return NULL;
}

mnist_status mnist_model_check_saveable(const char *path, const mnist_mlp *mlp,
                                        const mnist_normalization *normalization, mnist_error *err)
{
    unsigned outputs = mnist_mlp_shape(mlp)->outputs;
    const char *fault = mnist_normalization_fault(normalization);
    if (outputs < MNIST_MIN_CLASSES || outputs > MNIST_MAX_CLASSES) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT, "%s: the net has %u outputs, expected %u to %u",
                          path, outputs, MNIST_MIN_CLASSES, MNIST_MAX_CLASSES);
    }
    return fault ? mnist_fail(err, MNIST_ERR_ARGUMENT, "%s: %s", path, fault) : MNIST_OK;
}
