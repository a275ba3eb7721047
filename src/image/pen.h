/* Step 6 of mnist/image.h: hairlines are drawn again with a broader pen. */
#ifndef MNIST_IMAGE_PEN_H
#define MNIST_IMAGE_PEN_H

#include <mnist/image.h>

/* A pixel of at least this value may be part of a hairline. */
#define MNIST_FAINT 40u

/* The values of a part of a picture; both arrays are (rows, cols) and from malloc. */
typedef struct mnist_values {
    uint8_t *of;         /* of what counts, which is something; else 0 */
    uint8_t *faint;      /* of what is neither ink nor counts, from MNIST_FAINT on; else 0 */
    unsigned rows, cols; /* at least 1 */
} mnist_values;

/* Finds out whether there are hairlines. If there are, `of` becomes the digit in broader strokes,
 * of another size perhaps and of other memory, and faint NULL; if not, what is in them is
 * undefined. Errors: MNIST_ERR_MEMORY; likewise. */
mnist_status mnist_pen_broaden(mnist_values *values, bool *broadened, mnist_error *err);
void mnist_values_free(mnist_values *values);

#endif
