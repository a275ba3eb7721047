/* --report of mnist-eval: the page of one model, or of several as one. */
#ifndef MNIST_CLI_EVAL_PAGE_H
#define MNIST_CLI_EVAL_PAGE_H

#include "cli/eval/course.h"
#include "cli/eval/settings.h"

#include <mnist/mnist.h>

/* Borrowed. */
typedef struct mnist_eval_page {
    const mnist_eval_settings *settings;
    mnist_model *const *models; /* the first is the one that is drawn and embedded */
    const char *const *paths;
    size_t count;
    const mnist_data_digests *digests; /* of the test images */
    const mnist_eval_course *course;   /* of the first one's training; NULL: not known */
    double temperature;                /* that probabilities were scaled by; 0: none */
    mnist_view test;
    const float *probabilities;
    const mnist_evaluation *evaluation;
    double seconds;
} mnist_eval_page;

/* Errors: as mnist_page_write. */
mnist_status mnist_eval_page_write(const mnist_eval_page *page, mnist_pool *pool, mnist_error *err);

#endif
