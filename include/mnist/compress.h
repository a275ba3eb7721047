/* mnist/compress.h: nets made smaller without training. What is pruned in the course of a training is
 * in mnist/train.h, nets of whole numbers in mnist/eval.h and mnist/integers.h. */
#ifndef MNIST_COMPRESS_H
#define MNIST_COMPRESS_H

#include <mnist/nn.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How many hidden units mnist_mlp_compact took out of all layers. */
typedef struct mnist_compaction {
    size_t unread;   /* their weights out are all 0: nothing reads them */
    size_t constant; /* their weights in are all 0: they are the same for every image */
} mnist_compaction;

/* Makes a net without the hidden units that it can do without; *out is the caller's. A unit whose
 * weights out are all 0 goes with its weights in. A unit whose weights in are all 0 has the value
 * f(bias) for every image: that times its weights out is added to the biases of the layer above, in
 * the order of the units. A unit that is both counts as constant. What one removal makes possible is
 * done too. A layer keeps one unit at least: the last that would go, with weights of 0.
 *
 * With unread units alone the logits are those of the net before, to the bit, as sums run in the
 * order of the inputs and a product with 0 changes none (only a logit of -0 can become 0). With
 * constant units they differ by rounding. mlp is left as it is; its integer form, if it has one, is
 * not taken over: *out has floats alone. removed may be NULL. Errors: MNIST_ERR_MEMORY,
 * MNIST_ERR_ARGUMENT (a parameter that is not finite; a net with batch_norm). */
mnist_status mnist_mlp_compact(mnist_mlp **out, const mnist_mlp *mlp, mnist_compaction *removed,
                               mnist_error *err);

/* How many weights of a layer, biases not counted, are not 0. Errors: MNIST_ERR_MEMORY. */
mnist_status mnist_mlp_layer_weights_left(const mnist_mlp *mlp, unsigned layer, size_t *left,
                                          mnist_error *err);

/* Rounds all parameters to the nearest number of a precision, ties to even, as mnist_model_write
 * does for files of that precision (mnist/io.h), and drops the integer form; MNIST_FP32 changes
 * nothing. changed, if not NULL, is how many parameters became other numbers. Errors:
 * MNIST_ERR_ARGUMENT (one that is not finite, or would no longer be; the net is then as before),
 * MNIST_ERR_MEMORY (some layers may be rounded then). */
mnist_status mnist_mlp_round(mnist_mlp *mlp, mnist_precision precision, size_t *changed,
                             mnist_error *err);

/* Gives each layer a codebook: its weights become 0 or one of so many numbers (1 to
 * MNIST_LEVELS_MOST), chosen by Lloyd's algorithm (1982, "Least squares quantization in PCM"), which
 * ends where no weight would go to another level, or after 200 rounds; levels are rounded to 8 bits of
 * mantissa. Weights nearer to 0 than to any level become 0, and those that are 0 stay so. A layer that
 * has a codebook already stays as it is: no more different weights than `levels`, 0 not counted, or than
 * `kept`, each in use four times on average. The
 * integer form is dropped. changed, if not NULL: how many weights became other numbers. The same on
 * every machine. Packed files of such nets are small (mnist_packed_write). Errors:
 * MNIST_ERR_ARGUMENT (a weight that is not finite), MNIST_ERR_MEMORY; layers below may have their
 * levels then. */
mnist_status mnist_mlp_take_levels(mnist_mlp *mlp, unsigned levels, unsigned kept, size_t *changed,
                                   mnist_error *err);

#define MNIST_LEVELS_MOST 255u

/* Rounds each layer's biases to whole multiples of a step of its own, at most 2^(bits - 1) - 1 times;
 * bits: 2 to 16. A layer whose biases are such multiples stays as it is. The integer form is dropped.
 * changed, if not NULL: how many biases became other numbers. Errors: as mnist_mlp_take_levels. */
mnist_status mnist_mlp_round_biases(mnist_mlp *mlp, unsigned bits, size_t *changed,
                                    mnist_error *err);

#ifdef __cplusplus
}
#endif

#endif
