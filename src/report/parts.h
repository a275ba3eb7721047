/* The page's sections. Shared by the files of report/ only. */
#ifndef MNIST_REPORT_PARTS_H
#define MNIST_REPORT_PARTS_H

#include "report/text.h"

#include <mnist/metrics.h>
#include <mnist/report.h>

/* Results of all models together, computed once. */
typedef struct mnist_findings {
    const mnist_page *page;
    mnist_predictions predictions;
    mnist_metrics metrics;
    const char *word, *words; /* what there is to tell apart: digits, or classes */
} mnist_findings;

/* What a class is called, escaped (labels.c). labels may be NULL. */
void mnist_put_label(mnist_text *text, const mnist_labels *labels, unsigned class_index);

/* Whether the classes are the ten digits as they are. */
bool mnist_labels_are_digits(const mnist_labels *labels, unsigned classes);

/* What every page begins and ends with (frame.c): the head, with the style and a title of two
 * parts; the headline, with which a <header> begins; the end of <main>, and the script. */
void mnist_put_head(mnist_text *text, const char *first, const char *second);
void mnist_put_headline(mnist_text *text, const char *program, const char *heading);
void mnist_put_end(mnist_text *text);

#define MNIST_GALLERY_MOST 24u /* errors that are shown */
#define MNIST_UNITS_MOST   64u /* units whose weights are */

/* Loss, accuracy and learning rate, and the epochs' numbers. */
void mnist_put_course(mnist_text *text, const mnist_page *page);
/* The section of all that depends on the clock. */
void mnist_put_measured(mnist_text *text, const mnist_page *page);

void mnist_put_confusion(mnist_text *text, const mnist_findings *findings);
void mnist_put_classes(mnist_text *text, const mnist_findings *findings);
void mnist_put_reliability(mnist_text *text, const mnist_findings *findings);

/* Errors: as mnist_roc_curve and mnist_mistakes_worst, MNIST_ERR_MEMORY. */
mnist_status mnist_put_roc(mnist_text *text, const mnist_findings *findings, mnist_error *err);
mnist_status mnist_put_errors(mnist_text *text, const mnist_findings *findings, mnist_error *err);
mnist_status mnist_put_weights(mnist_text *text, const mnist_page *page, mnist_error *err);
/* The section of the pad, or of why there is none. Errors: as mnist_probabilities. */
mnist_status mnist_put_pad_section(mnist_text *text, const mnist_page *page, mnist_pool *pool,
                                   mnist_error *err);

#define MNIST_PAD_SIDE 28u /* of the images that prepare.js makes */

/* A pad, and the net that it asks. */
typedef struct mnist_pad {
    mnist_mlp *mlp; /* which mnist_embed_bits can embed; takes images of MNIST_PAD_SIDE */
    const mnist_normalization *normalization;
    bool is_of_several; /* the net is the first of several */
    mnist_view tried; /* images on which a rounded net is tried, 1,000 at most; count 0: on none */
    const char *kind; /* what these are: "test images" */
    const mnist_labels *labels; /* NULL: by number */
    const float *exact;         /* their probabilities by the net itself; NULL: not known */
} mnist_pad;

/* What the section has below its heading, and in *loss what rounding changes. Errors: as
 * mnist_probabilities. */
mnist_status mnist_put_pad(mnist_text *text, const mnist_pad *pad, mnist_pool *pool,
                           mnist_pad_loss *loss, mnist_error *err);

/* Bytes of the embedded net, of a net of any size. */
size_t mnist_embed_size(const mnist_mlp *mlp, unsigned bits);

/* The bits of each weight in a layer, if the net's weights have `bits` bits. */
unsigned mnist_embed_layer_bits(const mnist_mlp *mlp, unsigned layer, unsigned bits);

/* The net as it goes into the page. */
typedef struct mnist_embedded {
    /* For each layer the biases (F32); with fewer than 32 bits the scales (F32); then the weights,
     * (in, out) row-major: F32, or whole numbers in two's complement of that many bits, the first
     * in the lowest bits, and zeros up to a multiple of four bytes. All little-endian. */
    uint8_t *bytes;
    size_t size;
    mnist_mlp *rounded; /* the net that these bytes are */
} mnist_embedded;

/* Errors: MNIST_ERR_MEMORY. */
mnist_status mnist_embed_create(mnist_embedded *out, const mnist_mlp *mlp, unsigned bits,
                                mnist_error *err);
void mnist_embed_free(mnist_embedded *embedded);

/* Parts of sections (boxes.c). */

/* Names and values, escaped. */
void mnist_put_facts(mnist_text *text, mnist_page_facts facts);

/* Opens a box that scrolls sideways if its content is too wide for a telephone; </div> closes
 * it. */
void mnist_put_scroll(mnist_text *text, const char *name);

#endif
