/* mnist/sparse.h: nets many of whose weights are 0, as pruning leaves them (mnist/train.h).
 *
 * mnist_evaluate, mnist_probabilities, mnist_logits, committees and classifiers leave the products
 * with such weights out, layer by layer, where that is faster. The sums have the same order, so the
 * results are bit for bit those of the dense net, on every machine and with any number of threads.
 * (One thing may differ: whether a logit that is 0 is 0 or -0.) Where an activation is infinite or
 * not a number the images are computed densely. */
#ifndef MNIST_SPARSE_H
#define MNIST_SPARSE_H

#include <mnist/nn.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Whether zeros among weights are left out. */
typedef enum mnist_sparse_mode {
    MNIST_SPARSE_AUTO, /* where it is faster, as was measured (src/kernels/README.md) */
    MNIST_SPARSE_ON,   /* in every layer, of any net: to compare */
    MNIST_SPARSE_OFF   /* nowhere */
} mnist_sparse_mode;

/* A setting of the process for all that is computed from now on, AUTO by default. It changes no
 * result. */
void mnist_sparse_use(mnist_sparse_mode mode);

/* In how many layers the inference of so many images leaves zeros out. It is 0 for few images, which
 * gain less than it takes to prepare, and for a net with an integer form, which is computed with that.
 * *share, if not NULL, receives the share of the weights of all layers that are not 0 (1 if the result
 * is 0). */
unsigned mnist_mlp_sparse_layers(const mnist_mlp *mlp, size_t images, double *share);

#ifdef __cplusplus
}
#endif

#endif
