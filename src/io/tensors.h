/* The tensors of a model file: how a net's parameters are kept, and back. */
#ifndef MNIST_IO_TENSORS_H
#define MNIST_IO_TENSORS_H

#include "io/safetensors.h"

#include <mnist/nn.h>

/* How a net's parameters are kept ("weights" in __metadata__; without it, FP32). */
typedef enum mnist_model_form {
    MNIST_FORM_FP32, /* layers.<l>.weight (in, out), layers.<l>.bias (out): F32 */
    MNIST_FORM_BF16, /* the same as BF16 */
    MNIST_FORM_FP16, /* the same as F16 */
    /* layers.<l>.weight (in, out) I8, .scale (out) F32, .bias (out) I32, and of hidden layers .range
     * (3) F32: scale, zero, step (mnist/integers.h) */
    MNIST_FORM_INTEGERS,
    MNIST_FORMS
} mnist_model_form;

/* "fp32", "bf16", "fp16", "integers"; NULL past the end. */
const char *mnist_model_form_name(mnist_model_form form);

#define MNIST_MODEL_LAYERS  (MNIST_MAX_HIDDEN + 1)
#define MNIST_MODEL_TENSORS (4 * MNIST_MODEL_LAYERS)
#define MNIST_TENSOR_NAME   32 /* "layers.16.weight" */

/* What a net's tensors are called and how large they are, layer by layer. */
typedef struct mnist_model_layout {
    mnist_model_form form;
    char names[MNIST_MODEL_TENSORS][MNIST_TENSOR_NAME];
    mnist_tensor tensors[MNIST_MODEL_TENSORS]; /* names point into the array above: not to be
                                                * copied */
    size_t count;
} mnist_model_layout;

void mnist_model_layout_init(mnist_model_layout *layout, const mnist_mlp_config *config,
                             mnist_model_form form);

/* Checks that the file has the tensors that the layout has, with their types and shapes, and no
 * others; the layout's receive where each lies. The container's check has found all their bytes, so a
 * net of that size cannot take more memory than the file justifies. Errors: MNIST_ERR_FORMAT. */
mnist_status mnist_model_layout_match(const mnist_safetensors *file, mnist_model_layout *layout,
                                      const char *path, mnist_error *err);

/* Writes the net's parameters to the places that mnist_safetensors_build has given the layout's
 * tensors, from `data` on. Errors: MNIST_ERR_ARGUMENT (a parameter that is not finite, or too large
 * for FP16), MNIST_ERR_MEMORY. */
mnist_status mnist_model_tensors_write(const mnist_mlp *mlp, const mnist_model_layout *layout,
                                       uint8_t *data, const char *path, mnist_error *err);

/* Sets the net's parameters from there, and its integer form if that is what the file has;
 * normalization: the model's. Errors: MNIST_ERR_FORMAT (a number that is not finite, or out of its
 * range), MNIST_ERR_MEMORY. */
mnist_status mnist_model_tensors_read(mnist_mlp *mlp, const mnist_model_layout *layout,
                                      const mnist_normalization *normalization, const uint8_t *data,
                                      const char *path, mnist_error *err);

#endif
