/* From arrays with names, as safetensors and NPZ files hold them, to layers in their order. */
#ifndef MNIST_CONVERT_ASSEMBLE_H
#define MNIST_CONVERT_ASSEMBLE_H

#include <mnist/convert.h>

#include "data/elements.h"

typedef struct mnist_named_array {
    const char *name;
    unsigned rank;      /* of 2 dimensions a layer's weights, of 1 its bias; others are refused */
    uint64_t shape[2];  /* of rank 1 the first; their product is that of the numbers at bytes */
    const char *unread; /* not NULL: of this type, which is refused where it would be used */
    mnist_number_type type;
    bool big_endian;
    bool column_major; /* Fortran's order */
    const uint8_t *bytes;
} mnist_named_array;

typedef struct mnist_assembly {
    const char *path;                /* for messages */
    const char *layers;              /* of mnist_net_hints */
    bool outputs_first;              /* weights are (out, in), if shapes do not say the opposite */
    const mnist_named_array *arrays; /* names are unique */
    size_t count;
} mnist_assembly;

/* Adds the layers to an empty net. Order: as layers says; else that of the names, numbers within them
 * counting as such; or, where widths do not follow one another so, the one order in which they do.
 * Errors: MNIST_ERR_MISMATCH (arrays that are not layers, or in no one order, which a list of layers
 * may mend), MNIST_ERR_FORMAT, MNIST_ERR_ARGUMENT (layers), MNIST_ERR_MEMORY. */
mnist_status mnist_assemble(mnist_net *net, const mnist_assembly *assembly, mnist_error *err);

/* Compares names as people order them: "fc2" before "fc10". As strcmp. */
int mnist_natural_compare(const char *a, const char *b);

#endif
