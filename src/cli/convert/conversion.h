/* A conversion on its way: what each step of mnist-convert leaves for those after it. */
#ifndef MNIST_CLI_CONVERT_CONVERSION_H
#define MNIST_CLI_CONVERT_CONVERSION_H

#include "cli/convert/settings.h"
#include "cli/shared/source.h"

#include <mnist/eval.h>

typedef struct mnist_comparison {
    size_t count;      /* of test images; 0: nothing was compared */
    size_t changed;    /* answers that differ */
    double difference; /* the largest of two probabilities; INFINITY: one is no number */
} mnist_comparison;

typedef struct mnist_conversion {
    const mnist_convert_settings *settings;
    const char *in, *out; /* paths */
    char *companion;      /* a second file that is written, or NULL; owned, as all below */
    char *vectors;        /* where golden vectors go, or NULL */
    mnist_source source;  /* test images, where they are asked for */
    mnist_net net;
    const mnist_format *to;
    mnist_format_output bytes; /* of out */
    mnist_comparison comparison;
} mnist_conversion;

/* Runs the test images through the net as it was read, and as it is read again from the bytes that are
 * to be written. false: err says why it could not be done. */
bool mnist_conversion_compare(mnist_conversion *c, mnist_error *err);

/* Whether OUT has the whole numbers of the net that was read. */
bool mnist_conversion_writes_integers(const mnist_conversion *c);

/* Whether golden vectors are arrays for NumPy, as OUT is, and not JSON. */
bool mnist_conversion_writes_arrays(const mnist_conversion *c);

/* Writes golden vectors: images, and the logits and probabilities of what OUT has: of a net of whole numbers,
 * where OUT's format does not hold these, those of the floats that they stand for. */
bool mnist_conversion_write_vectors(const mnist_conversion *c, mnist_error *err);

/* On stderr what was lost, and with --verbose the layers. */
void mnist_conversion_say(const mnist_conversion *c);
/* The result on stdout, a line or a document. The exit code. */
int mnist_conversion_print(const mnist_conversion *c);

/* The real whose shortest text is the float's; null for what is not finite. */
json_t *mnist_conversion_number(float value);

/* Whether --max-difference, if given, is kept. */
bool mnist_conversion_passes(const mnist_conversion *c);

#endif
