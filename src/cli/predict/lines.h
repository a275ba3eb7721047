/* Which pieces of a line of digits are its digits: the net is asked. */
#ifndef MNIST_CLI_PREDICT_LINES_H
#define MNIST_CLI_PREDICT_LINES_H

#include <mnist/eval.h>
#include <mnist/image.h>

/* Moves those pieces to the front that are the best way to read the picture, in their order; *count
 * becomes their number. The classifier's net takes images of MNIST_PIXELS and has so many classes. A function of net and
 * pieces alone. Errors: MNIST_ERR_MEMORY. */
mnist_status mnist_lines_choose(mnist_classifier *classifier, unsigned classes, mnist_piece *pieces,
                                size_t *count, mnist_error *err);

#endif
