/* Whether data and results look as they should, and what is likely wrong if not. Whatever is found here
 * is only remarked upon (cli/shared/notes.h), but for divergence. */
#ifndef MNIST_CLI_SHARED_SANITY_H
#define MNIST_CLI_SHARED_SANITY_H

#include <mnist/mnist.h>

/* How an image set looks. MNIST has a mean of 0.13, Fashion-MNIST of 0.29, and 255 is its largest. */
typedef struct mnist_looks {
    unsigned largest; /* pixel value; where it is above MNIST_DIM, of at most 1,000 images */
    double mean;      /* of at most 1,000 images, as a share of largest; 0 where that is 0 */
} mnist_looks;

/* A largest pixel up to this is none of a data set of pixels from 0 to 255. */
#define MNIST_DIM 127u
/* A mean above this is of dark ink on light. */
#define MNIST_BRIGHT 0.6

/* Reads evenly spaced images, of which all but a few thousand are passed over: well below 1 ms for MNIST.
 * All of the set is read only where those have no pixel above MNIST_DIM. */
mnist_looks mnist_look_at(mnist_view view);

/* Whether an accuracy on the view is no better than always to say its most frequent class: below its
 * share, or above it by at most 6 % of the rest, which is 0.154 for ten equal classes. */
bool mnist_is_chance(mnist_view view, double accuracy);

/* Whether a training whose net is at chance had exploded: an epoch's mean loss above 100 times that of
 * guessing, ln(classes), and no more than half of the last epoch's images right. Neither alone is
 * enough: a softmax regression at a rate of 1000 learns as a perceptron does, with such losses. */
bool mnist_has_exploded(unsigned classes, double largest_loss, double last_accuracy);

/* Steps that would help a net on these images. */
typedef struct mnist_advice {
    mnist_steps steps;
    size_t images;             /* of the view, evenly spaced, on which it was tried */
    double accuracy, improved; /* on those, as they are and after the steps */
} mnist_advice;

/* What is below this is bad enough to look for advice. */
#define MNIST_BAD_ACCURACY 0.5

/* Tries the net on at most 1,000 images as they are, inverted, transposed, both, and each of these
 * stretched where the largest pixel is at most MNIST_DIM. false: nothing has at least MNIST_BAD_ACCURACY,
 * and 0.25 more than they have as they are; or it could not be tried. */
bool mnist_advice_find(mnist_advice *out, mnist_mlp *mlp, mnist_view view,
                       const mnist_normalization *normalization, mnist_pool *pool);

#define MNIST_FLAGS_TEXT (2 * MNIST_STEPS_TEXT)
/* The steps as flags: "--invert --transpose". */
void mnist_advice_flags(const mnist_steps *steps, char text[MNIST_FLAGS_TEXT]);

#endif
