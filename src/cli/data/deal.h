/* Which images go where, as a function of labels, settings and seed. */
#ifndef MNIST_CLI_DATA_DEAL_H
#define MNIST_CLI_DATA_DEAL_H

#include <mnist/base.h>

#define MNIST_DEAL_LABELS 256

/* Images in some order, and how many of them each hand gets, one behind the other. */
typedef struct mnist_hands {
    uint32_t *order; /* (count) */
    size_t count;
    size_t *sizes; /* (hands) */
    unsigned hands;
} mnist_hands;

/* A hand that is dealt: labels (count), and the drawn order in which images are taken. */
typedef struct mnist_deck {
    const uint8_t *labels;
    const uint32_t *images; /* (count) indices into labels; NULL: all */
    size_t count;
    uint64_t seed;
} mnist_deck;

/* Parts of those sizes, which add up to the deck's count, at random; by_class: each part has its share of each class,
 * to the nearest image. Errors: MNIST_ERR_MEMORY. */
mnist_status mnist_deal_parts(mnist_hands *out, const mnist_deck *deck, const size_t *sizes,
                              unsigned parts, bool by_class, mnist_error *err);

/* At random, as evenly as can be. Errors: MNIST_ERR_ARGUMENT (fewer images than hands), MNIST_ERR_MEMORY. */
mnist_status mnist_deal_iid(mnist_hands *out, const mnist_deck *deck, unsigned hands,
                            mnist_error *err);
/* Sorted by class and cut into shards * hands pieces, of which each hand gets shards at random (McMahan, Moore, Ramage,
 * Hampson, Aguera y Arcas, AISTATS 2017). Errors: as above, with fewer images than pieces. */
mnist_status mnist_deal_shards(mnist_hands *out, const mnist_deck *deck, unsigned hands,
                               unsigned shards, mnist_error *err);
/* The images of each class in shares that are drawn from Dirichlet(alpha, ..., alpha) anew for each (Hsu, Qi, Brown
 * 2019). A hand that is left without an image gets one of the fullest hand. Errors: as iid. */
mnist_status mnist_deal_dirichlet(mnist_hands *out, const mnist_deck *deck, unsigned hands,
                                  double alpha, mnist_error *err);
void mnist_hands_free(mnist_hands *hands);

#endif
