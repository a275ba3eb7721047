/* A list of names and values for the HTML report, added one at a time. */
#ifndef MNIST_CLI_SHARED_FACTS_H
#define MNIST_CLI_SHARED_FACTS_H

#include <jansson.h>
#include <mnist/mnist.h>

/* The most points of the training loss that a page shows between the epochs' ends. */
#define MNIST_PAGE_POINTS 400u

/* Starts as zeros; owns its texts. Where memory is short, failed is set for good, and what was
 * added before stays. */
typedef struct mnist_facts {
    mnist_page_fact *items;
    size_t count, room;
    bool failed;
} mnist_facts;

void mnist_facts_add(mnist_facts *facts, const char *name, const char *format, ...)
    MNIST_PRINTF(3, 4);
/* Adds each member of an object: texts as they are, all else as JSON prints it. */
void mnist_facts_add_json(mnist_facts *facts, json_t *object);
/* Adds sizes, activation, parameters, normalisation. */
void mnist_facts_add_net(mnist_facts *facts, const mnist_mlp *mlp,
                         const mnist_normalization *normalization);
/* Adds the steps from stored pixels to inputs, if there are any. */
void mnist_facts_add_steps(mnist_facts *facts, const mnist_steps *steps);
void mnist_facts_free(mnist_facts *facts);
mnist_page_facts mnist_facts_list(const mnist_facts *facts);

/* "784-256-10 relu" or "784-10 softmax regression" */
#define MNIST_SHAPE_TEXT 256
void mnist_format_shape(const mnist_mlp *mlp, char text[MNIST_SHAPE_TEXT]);

#endif
