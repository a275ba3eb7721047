/* What is known of a net beside its layers. */
#ifndef MNIST_CONVERT_HINTS_H
#define MNIST_CONVERT_HINTS_H

#include <mnist/convert.h>

/* Applies all but layers, which a reader has followed; notes where the file says something else.
 * Errors: MNIST_ERR_ARGUMENT. */
mnist_status mnist_net_apply_hints(mnist_net *net, const mnist_net_hints *hints, const char *path,
                                   mnist_error *err);

/* Notes that a net of whole numbers is written as the floats that they stand for. */
void mnist_net_note_floats(mnist_net *net);

/* As that of a model file: deviation above 0, pixels finite. false: it is none, and *out is as it was. */
bool mnist_normalization_of(mnist_normalization *out, float mean, float stddev);

/* By mnist_activation_name. false: there is none of that name. */
bool mnist_activation_find(const char *name, size_t length, mnist_activation *out);

#endif
