/* mnist/report.h: a training or an evaluation as an HTML page; a page with the pad alone; and
 * one that compares compressed nets.
 *
 * The page is one self-contained file: style, script, pictures and the net itself are in it. It
 * loads nothing from any host, and its Content-Security-Policy forbids it to. It shows a summary,
 * the course of the training, the confusion matrix, figures of each class, ROC curves and a
 * reliability diagram, the most confident errors, the first layer's weights, and a pad on which
 * digits can be drawn, which the net then classifies in the page. Without JavaScript everything but
 * the pad works.
 *
 * The page is a function of what it is given: it reads no clock. What depends on the machine
 * (`measured`, and the epochs' seconds) is in its last section only, whose element has the id
 * "measured". */
#ifndef MNIST_REPORT_H
#define MNIST_REPORT_H

#include <mnist/eval.h>
#include <mnist/labels.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Any text: it is escaped, and control characters and bytes that are not UTF-8 are shown as \xNN.
 */
typedef struct mnist_page_fact {
    const char *name;
    const char *value; /* NULL: the fact is left out */
} mnist_page_fact;

typedef struct mnist_page_facts {
    const mnist_page_fact *items;
    size_t count;
} mnist_page_facts;

/* One epoch, with the numbers that a log holds of it (mnist_log_record). */
typedef struct mnist_page_epoch {
    unsigned epoch; /* from 1 */
    double lr;
    double train_loss, train_accuracy;
    bool has_validation;
    double validation_loss, validation_accuracy;
    double seconds; /* 0: not known */
} mnist_page_epoch;

/* A point of the loss curve: the mean training loss over the steps after the previous point, up to
 * this one. */
typedef struct mnist_page_point {
    uint64_t step; /* from 1 */
    double loss;
} mnist_page_point;

/* Everything is borrowed. */
typedef struct mnist_page {
    const char *program;       /* for the page's title: "mnist-train" */
    const char *heading;       /* the net and the data, in a few words */
    const char *result;        /* the figures as the program prints them, without the time */
    const char *note;          /* a sentence about what the page shows; NULL: none */
    mnist_page_facts facts;    /* of net, data and digests */
    mnist_page_facts settings; /* the training's options; count 0: not known */
    mnist_page_facts measured; /* what depends on clock and machine */

    /* The course of a training; epoch_count 0: there was none, or nothing is known of it. */
    const mnist_page_epoch *epochs; /* in their order */
    size_t epoch_count;
    unsigned kept_epoch; /* the epoch whose weights were tested, if not the last; 0: the last */
    const mnist_page_point *points; /* in their order */
    size_t point_count;
    bool has_schedule;       /* else the learning rate is known at the epochs' ends only */
    mnist_schedule schedule; /* of the learning rate, over all steps */
    uint64_t steps;          /* of all the epochs asked for */
    uint64_t epoch_steps;    /* of one; >= 1 */
    uint64_t last_step;      /* the last one done, at most steps */
    size_t epoch_images;     /* of one */

    /* The net whose weights are shown and which the pad uses: the first of several. */
    mnist_mlp *mlp;
    const mnist_normalization *normalization;
    size_t models; /* >= 1 */

    /* The results of all models together on the test images. */
    mnist_view test;
    const float *probabilities; /* (test.count, outputs of mlp): mnist_probabilities, or a
                                 * committee's */
    bool own_probabilities;     /* the probabilities are those of mlp alone */
    const mnist_evaluation *evaluation;
    const mnist_labels *labels; /* what the classes are called; NULL: by number */
} mnist_page;

/* Writes the page, whole or not at all. pool: for what is computed with the net. Errors:
 * MNIST_ERR_IO, MNIST_ERR_MEMORY, MNIST_ERR_ARGUMENT (a probability that is not finite). */
mnist_status mnist_page_write(const char *path, const mnist_page *page, mnist_pool *pool,
                              mnist_error *err);

/* The same into memory, to be released with free. */
mnist_status mnist_page_render(const mnist_page *page, mnist_pool *pool, char **html, size_t *size,
                               mnist_error *err);

/* One of several ways to compress a net, and what it costs. */
typedef struct mnist_page_choice {
    const char *keep;                          /* which weights are left: "0.05" */
    unsigned levels;                           /* different weights of a layer */
    size_t weights, bytes;                     /* that are left; of the whole file */
    const mnist_evaluation *validation, *test; /* test NULL: not known */
    bool on_front; /* none of the others has fewer bytes or errors without more of the other */
} mnist_page_choice;

/* A page that compares them: a chart of bytes against errors, and a table. Everything is borrowed. */
typedef struct mnist_choices_page {
    const char *program; /* for the page's title: "mnist-compress" */
    const char *heading; /* the net, in a few words */
    mnist_page_facts facts;
    const mnist_page_choice *choices; /* those of fewer bytes first */
    size_t count;                     /* >= 1; test is known of all of them or of none */
} mnist_choices_page;

/* Writes the page, whole or not at all. Errors: MNIST_ERR_IO, MNIST_ERR_MEMORY. */
mnist_status mnist_choices_page_write(const char *path, const mnist_choices_page *page,
                                      mnist_error *err);

/* A page that has the pad alone, for people who shall try a net. Everything is borrowed. */
typedef struct mnist_pad_page {
    const char *program;    /* for the headline: "mnist-convert" */
    const char *heading;    /* the net, in a few words; for the title too */
    mnist_page_facts facts; /* of the net */
    mnist_mlp *mlp;         /* takes images of 28 x 28 */
    const mnist_normalization *normalization;
    mnist_view tried; /* images of 28 x 28 on which the net is tried if it is rounded, 1,000 of them
                       * at most; count 0: on none. Labels are not needed */
    const char *kind; /* what these are, for a sentence: "test images" */
    const mnist_labels *labels; /* what the classes are called; NULL: by number */
} mnist_pad_page;

/* What becomes of a net by being embedded (below). */
typedef struct mnist_pad_loss {
    unsigned bits;     /* a weight: 32, or 16 to 8 */
    size_t tried;      /* images; 0: none, or the net is embedded as it is */
    size_t changed;    /* of these, how many are classified otherwise */
    double difference; /* the largest of two probabilities */
} mnist_pad_loss;

/* Makes the page in memory, to be released with free: one file of at most some 1.4 MB, with the style
 * and the script of mnist_page_render's, and as little as that one does it load anything. It is a
 * function of what it is given. pool: for the trial; may be NULL. Errors: MNIST_ERR_ARGUMENT (mlp
 * does not take 28 x 28 pixels, or is too large to be embedded: the text says how large, and the
 * limit), MNIST_ERR_MEMORY; without a pool those of mnist_pool_create. */
mnist_status mnist_pad_page_render(const mnist_pad_page *page, mnist_pool *pool,
                                   mnist_pad_loss *loss, char **html, size_t *size,
                                   mnist_error *err);

/* How the net is embedded: with the most bits a weight for which its weights, biases and scales
 * take at most MNIST_EMBED_MOST bytes (base64 makes them a third longer in the page). With 32 bits
 * it is embedded as it is. With b bits, from 16 down to 8, each weight w becomes a whole number q
 * of b bits, and the page computes with q s, where s is the largest magnitude among the weights of
 * the same unit, divided by 2^(b-1) - 1: so that |w - q s| <= s / 2. Biases stay as they are. The
 * last layer has at least 16 bits: it is small, and no later layer evens out its errors. 16 bits of
 * this kind take as much room as half floats and are nearer to most weights. */
#define MNIST_EMBED_MOST       1000000u
#define MNIST_EMBED_LEAST_BITS 8u
#define MNIST_EMBED_LAST_BITS  16u /* at least, in the last layer */

/* The bits a weight: 32, or 16 to 8; 0: the net is too large even with 8. */
unsigned mnist_embed_bits(const mnist_mlp *mlp);

/* A net with the weights that the page computes with. bits: 32, or 16 to 8. Errors:
 * MNIST_ERR_MEMORY. */
mnist_status mnist_embed_round(const mnist_mlp *mlp, unsigned bits, mnist_mlp **out,
                               mnist_error *err);

#ifdef __cplusplus
}
#endif

#endif
