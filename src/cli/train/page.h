/* mnist-train --report: what is gathered while a net is trained, and the HTML page made of it. */
#ifndef MNIST_CLI_TRAIN_PAGE_H
#define MNIST_CLI_TRAIN_PAGE_H

#include "cli/shared/facts.h"
#include "cli/train/session.h"

/* Of one training; of a committee's first member, if there is one. Starts as zeros. */
typedef struct mnist_train_page {
    const mnist_session *session;
    mnist_mlp *mlp;       /* owned, once it is trained */
    float *probabilities; /* (test images, classes), owned: those of the net are put here */
    mnist_page_point points[MNIST_PAGE_POINTS + 1];
    size_t count;
    uint64_t epoch_steps, steps;
    double loss_sum; /* since the last point */
    size_t images;
} mnist_train_page;

/* To be called before the training. Errors: MNIST_ERR_MEMORY. To be freed in any case. */
mnist_status mnist_train_page_start(mnist_train_page *page, const mnist_session *session,
                                    mnist_error *err);
void mnist_train_page_free(mnist_train_page *page);

/* To be called after each step. */
void mnist_train_page_step(mnist_train_page *page, const mnist_step_stats *stats);

/* Writes the page of a net that has been tested, or of a committee: test is measured on
 * page->probabilities. runs: the results, of which the first belongs to the page's net. Errors: as
 * mnist_page_write. */
mnist_status mnist_train_page_write(const mnist_train_page *page, const char *path,
                                    const mnist_run_result *runs, unsigned count,
                                    const mnist_evaluation *test, double seconds, mnist_error *err);

#endif
