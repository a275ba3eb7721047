/* A step of mnist-compress on its way: what each part of the program leaves for those after it. */
#ifndef MNIST_CLI_COMPRESS_COMPRESSION_H
#define MNIST_CLI_COMPRESS_COMPRESSION_H

#include "cli/compress/settings.h"
#include "cli/options/json.h"
#include "cli/shared/source.h"
#include "cli/shared/teachers.h"

#include <mnist/mnist.h>

#define MNIST_COMPRESS_TEXT 160 /* what a step did: "int8", "prune 0.05" */

/* What a set of images makes of the model and of its successor. */
typedef struct mnist_compress_figures {
    mnist_view view;  /* count 0: there are none */
    uint8_t *answers; /* of the model; owned */
    mnist_evaluation before, after;
    size_t changed; /* answers that are others; set with after */
} mnist_compress_figures;

/* A net as it is told. */
typedef struct mnist_compress_net {
    mnist_mlp_config shape;
    size_t weights, left[MNIST_MAX_HIDDEN + 1]; /* that are there; and of each layer not 0 */
    size_t bytes;                               /* of the whole file */
} mnist_compress_net;

typedef struct mnist_candidate mnist_candidate; /* cli/compress/candidates.h */

typedef struct mnist_compression {
    mnist_compress_settings *settings; /* the model's own are adopted */
    const mnist_parsed *parsed;
    const char *in; /* path */
    mnist_model *model;
    json_t *options;            /* that the model states; NULL: none. Settings may point into it */
    mnist_model *early;         /* whose weights the training begins with; NULL: the model's */
    const char *earlier;        /* what was done to the model before; NULL: nothing */
    unsigned whole_bits;        /* of the model's weights, if they are whole numbers; else 0 */
    mnist_training_texts texts; /* settings may point into it */
    mnist_source source;
    mnist_teachers teachers;
    mnist_dataset *kept;   /* the training images that the model was trained on, where its
                           * --omit-class or --per-class left some out; else NULL */
    mnist_view all, train; /* training images: all, and those that are not for validation */
    mnist_compress_figures validation, test;
    mnist_pool *pool;
    mnist_mlp *compact; /* made by prune; owned. NULL: the model's own net, changed */
    mnist_precision storage;
    mnist_compaction removed; /* by prune */
    mnist_compress_net before, after;
    mnist_packed_size packed;         /* where a packed file is made */
    mnist_data_digests train_digests; /* where the step trains */
    mnist_mlp *original;              /* the model's net as it was read, once a search has begun */
    mnist_candidate *tried;           /* by auto and sweep; owned */
    size_t tried_count;
    size_t files; /* written by sweep so far */
    bool missed;  /* auto has found nothing that meets the budget */
    bool written; /* to --output */
    char done[MNIST_COMPRESS_TEXT];
    char digest[MNIST_DIGEST_TEXT]; /* of what was written */
    int interrupted;                /* the signal that ended the training; 0: none */
} mnist_compression;

/* The net that is written. */
mnist_mlp *mnist_compression_net(const mnist_compression *c);

/* Reads the model and the data; sets what the model states and the command line does not. false:
 * err says why; MNIST_ERR_ARGUMENT blames the command line. */
bool mnist_compression_prepare(mnist_compression *c, mnist_error *err);

/* Evaluates the model as it is, and then its successor; what is not there is not evaluated. test: on
 * the test images, too. */
bool mnist_compression_measure_before(mnist_compression *c, mnist_error *err);
bool mnist_compression_measure_after(mnist_compression *c, bool test, mnist_error *err);
/* Shape and weights of a net; bytes stays. */
bool mnist_compression_describe(mnist_compress_net *out, const mnist_mlp *mlp, mnist_error *err);

/* The steps: they change the net, and set done. MNIST_ERR_STOPPED where a signal has ended
 * it. */
bool mnist_compression_quantize(mnist_compression *c, mnist_error *err);
bool mnist_compression_prune(mnist_compression *c, mnist_error *err);
bool mnist_compression_pack(mnist_compression *c, mnist_error *err);
/* Reads the model of --rewind, if there is one, and sees that it is of the same shape. */
bool mnist_compression_read_early(mnist_compression *c, mnist_error *err);
/* Prunes the net as it is, and gives the weights that are left the values of c->early. */
bool mnist_compression_rewind(mnist_compression *c, mnist_error *err);
/* Trains the net further, as config says; MNIST_ERR_STOPPED likewise. */
mnist_status mnist_compression_train(mnist_compression *c, mnist_error *err);
bool mnist_compression_auto(mnist_compression *c, mnist_error *err);
bool mnist_compression_sweep(mnist_compression *c, mnist_error *err);

/* Sizes what is to be written, and writes it; path NULL: no more than that. */
bool mnist_compression_write(mnist_compression *c, const char *path, mnist_error *err);

/* "note: ..." on stderr, unless --quiet. */
void mnist_compression_note(const mnist_compression *c, const char *format, ...) MNIST_PRINTF(2, 3);
/* The result on stdout, a line or a document. The exit code. */
int mnist_compression_print(const mnist_compression *c);
/* Whether --max-loss-of-accuracy, if given, and the budget of auto are kept; if not, says so on
 * stderr. */
bool mnist_compression_passes(const mnist_compression *c);

#endif
