/* mnist/report.h: a training or an evaluation as a page to look at.
 *
 * One self-contained HTML file: style, script, pictures and the net itself are in it. It asks no
 * host for anything, and its Content-Security-Policy forbids it to. What is shown: a summary, the
 * course of the training, the confusion matrix, figures of each class, ROC curves and a reliability
 * diagram, the most confident errors, the first layer's weights, and a pad on which digits can be
 * drawn, which the net then classifies in the page. Without JavaScript all but the pad is there.
 *
 * The page is a function of what it is given: it holds no time of its own. What depends on the
 * machine (`measured`, and the epochs' seconds) stands in its last section alone, whose element has
 * the id "measured".
 */
#ifndef MNIST_REPORT_H
#define MNIST_REPORT_H

#include <mnist/eval.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Any text: it is escaped, and bytes that are no UTF-8 and control characters are shown as \xNN. */
typedef struct mnist_page_fact {
    const char *name;
    const char *value; /* NULL: the fact is left out */
} mnist_page_fact;

typedef struct mnist_page_facts {
    const mnist_page_fact *items;
    size_t count;
} mnist_page_facts;

/* One epoch, with the numbers that a log has of it (mnist_log_record). */
typedef struct mnist_page_epoch {
    unsigned epoch; /* from 1 */
    double lr;
    double train_loss, train_accuracy;
    bool has_validation;
    double validation_loss, validation_accuracy;
    double seconds; /* 0: not known */
} mnist_page_epoch;

/* Mean training loss over the steps up to this one, from the point before on. */
typedef struct mnist_page_point {
    uint64_t step; /* from 1 */
    double loss;
} mnist_page_point;

/* Everything is borrowed. */
typedef struct mnist_page {
    const char *program;       /* for the page's title: "mnist-train" */
    const char *heading;       /* the net and the data, in a few words */
    const char *result;        /* the figures as the program prints them, without the time */
    const char *note;          /* a sentence about what the page is of; NULL: none */
    mnist_page_facts facts;    /* of net, data and digests */
    mnist_page_facts settings; /* what the training was told; count 0: not known */
    mnist_page_facts measured; /* what the clock and the machine say */

    /* The course of a training; epoch_count 0: there was none, or nothing is known of it. */
    const mnist_page_epoch *epochs; /* in their order */
    size_t epoch_count;
    unsigned kept_epoch; /* whose weights were tested, if it is not the last; 0: the last */
    const mnist_page_point *points; /* in their order */
    size_t point_count;
    bool has_schedule;       /* else the learning rate is known at the epochs' ends only */
    mnist_schedule schedule; /* of the learning rate, over all steps */
    uint64_t steps;          /* of all epochs that were asked for */
    uint64_t epoch_steps;    /* of one; >= 1 */
    uint64_t last_step;      /* that was done, at most steps */
    size_t epoch_images;     /* of one */

    /* The net whose weights are shown and that the pad asks: of several the first. */
    mnist_mlp *mlp;
    const mnist_normalization *normalization;
    size_t models; /* >= 1 */

    /* What all models together do on the test images. */
    mnist_view test;
    const float *probabilities; /* (test.count, MNIST_CLASSES): mnist_probabilities, or a
                                 * committee's */
    bool own_probabilities;     /* they are what mnist_probabilities has of mlp alone */
    const mnist_evaluation *evaluation;
} mnist_page;

/* Writes the page, whole or not at all. pool: for what of the net is measured on the way. Errors:
 * MNIST_ERR_IO, MNIST_ERR_MEMORY, MNIST_ERR_ARGUMENT (a probability that is not finite). */
mnist_status mnist_page_write(const char *path, const mnist_page *page, mnist_pool *pool,
                              mnist_error *err);

/* The same into memory, to be released with free. */
mnist_status mnist_page_render(const mnist_page *page, mnist_pool *pool, char **html, size_t *size,
                               mnist_error *err);

/* How the net is embedded: with the most bits for which its weights, biases and scales stay within
 * MNIST_EMBED_MOST bytes (in the page, as base64, they are a third more characters). With 32 it is
 * as it is. With b bits, from 16 down to 8, each weight w becomes a whole number q of b bits, and
 * is taken for q s, where s is the largest magnitude among the weights into the same unit over
 * 2^(b-1) - 1: so that |w - q s| <= s / 2. Biases stay as they are. The last layer, which is small
 * and whose errors nothing makes smaller, has 16 bits at least. 16 bits this way are half the size,
 * as half floats are, and nearer to most weights. */
#define MNIST_EMBED_MOST       1000000u
#define MNIST_EMBED_LEAST_BITS 8u
#define MNIST_EMBED_LAST_BITS  16u /* at least, in the last layer */

/* 32, 16 to 8, or 0: too large for all of them. */
unsigned mnist_embed_bits(const mnist_mlp *mlp);

/* A net with the weights that the page computes with. bits: 32, or 16 to 8. Errors:
 * MNIST_ERR_MEMORY. */
mnist_status mnist_embed_round(const mnist_mlp *mlp, unsigned bits, mnist_mlp **out,
                               mnist_error *err);

#ifdef __cplusplus
}
#endif

#endif
