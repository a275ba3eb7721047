/* Ways to compress the model that are tried: pruned to so many weights, with so many levels, packed. */
#ifndef MNIST_CLI_COMPRESS_CANDIDATES_H
#define MNIST_CLI_COMPRESS_CANDIDATES_H

#include "cli/compress/compression.h"

/* One of them, and what came of it. Starts as zeros. */
struct mnist_candidate {
    char
        spec[MNIST_PRUNING_TEXT]; /* what is left (mnist_pruning_parse); "": all, and no training */
    unsigned codebook;            /* levels of each layer */
    char *path;                   /* of the file that is written; owned. NULL: none */
    mnist_compress_net net;       /* bytes: of the packed file */
    mnist_evaluation validation, test;
    char done[MNIST_COMPRESS_TEXT];
    bool on_front; /* nothing that was tried has fewer bytes or errors without more of the other */
};

/* Trains, prunes and packs; c's net is then the candidate's, and so are c's settings and what was
 * done. test: says what the test images make of it, too. false: err says why; MNIST_ERR_STOPPED where a
 * signal has ended it. */
bool mnist_candidate_make(mnist_compression *c, mnist_candidate *candidate, bool test,
                          mnist_error *err);

/* How many bytes the file would have if the weights that are left stayed as they are: what training
 * changes of that is a few per cent. c's net is then neither the model's nor the candidate's. */
bool mnist_candidate_estimate(mnist_compression *c, const mnist_candidate *candidate, size_t *bytes,
                              mnist_error *err);

/* Takes a candidate back that was made before: its settings, and its net, which becomes c's. */
void mnist_candidate_restore(mnist_compression *c, const mnist_candidate *candidate,
                             mnist_mlp *net);

/* A new candidate at the end of c's list; NULL: out of memory, which err says. */
mnist_candidate *mnist_candidates_add(mnist_compression *c, mnist_error *err);
void mnist_candidates_free(mnist_compression *c);
void mnist_candidates_mark_front(mnist_compression *c);

/* That are left. */
size_t mnist_candidate_weights(const mnist_candidate *candidate);

/* "keep=0.05 codebook=8 bytes=… val_errors=…" on stderr, unless --quiet. */
void mnist_candidate_say(const mnist_compression *c, const mnist_candidate *candidate);
json_t *mnist_candidates_json(const mnist_compression *c);
/* The table of a sweep on stdout. */
void mnist_candidates_print(const mnist_compression *c);

/* The list of a sweep, with the paths of its files, before anything is tried. */
bool mnist_sweep_list(mnist_compression *c, mnist_error *err);
/* The page of a sweep. */
bool mnist_sweep_write_page(const mnist_compression *c, mnist_error *err);

#endif
