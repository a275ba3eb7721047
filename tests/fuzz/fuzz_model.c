/* Model files: the input is one. */
#define _POSIX_C_SOURCE 200809L
#include "fuzz.h"
#include "io/model.h"
#include "safetensors_mutator.h"

#include <math.h>

static void check_layers(const mnist_mlp *mlp, size_t size)
{
    size_t count = 0;
    for (unsigned l = 0; l < mnist_mlp_layers(mlp); l++) {
        const size_t inputs = mnist_mlp_layer_inputs(mlp, l),
                     outputs = mnist_mlp_layer_outputs(mlp, l);
        float *weights = malloc(inputs * outputs * sizeof *weights),
              *bias = malloc(outputs * sizeof *bias);
        PROMISED(weights && bias);
        mnist_mlp_get_layer(mlp, l, weights, bias);
        for (size_t i = 0; i < inputs * outputs; i++) {
            PROMISED(isfinite(weights[i]));
        }
        for (size_t i = 0; i < outputs; i++) {
            PROMISED(isfinite(bias[i]));
        }
        count += inputs * outputs + outputs;
        free(weights);
        free(bias);
    }
    PROMISED(count == mnist_mlp_parameters(mlp));
    PROMISED(count < size); /* a byte for each at least */
    PROMISED(mnist_mlp_layer_outputs(mlp, mnist_mlp_layers(mlp) - 1) == MNIST_CLASSES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mnist_model *model;
    mnist_error err;
    mnist_status status = mnist_model_decode(&model, data, size, "model\x1b\n", &err);
    if (status != MNIST_OK) {
        check_failure(status, &err);
        PROMISED(!model);
        return 0;
    }
    const mnist_normalization *normalization = mnist_model_normalization(model);
    PROMISED(isfinite(normalization->mean) && isfinite(normalization->stddev));
    PROMISED(normalization->stddev > 0.0f);
    PROMISED(strlen(mnist_model_digest(model)) == MNIST_DIGEST_TEXT - 1);
    PROMISED(strcmp(mnist_model_metadata(model, "format"), "mnist-mlp") == 0);
    check_layers(mnist_model_mlp(model), size);
    /* what was read can be written */
    char digest[MNIST_DIGEST_TEXT];
    PROMISED(mnist_model_save(NULL, mnist_model_mlp(model), normalization, NULL, 0, digest, &err) ==
             MNIST_OK);
    mnist_model_free(model);
    return 0;
}
