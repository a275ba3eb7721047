/* --log of mnist-eval: the course of the training that a model comes from, for its page. A model
 * keeps no history; the log does, and the model says what else it takes to draw the curves. */
#ifndef MNIST_CLI_EVAL_COURSE_H
#define MNIST_CLI_EVAL_COURSE_H

#include "cli/eval/settings.h"

#include <jansson.h>
#include <mnist/mnist.h>

/* What a model states of its training. */
typedef struct mnist_course_plan {
    const char *path; /* of the model, for messages */
    bool has_seed;
    uint64_t seed;
    bool known;      /* what follows is */
    uint64_t images; /* >= 1 */
    size_t batch_size;
    unsigned epochs;
    mnist_schedule schedule;
    bool keeps_best;
} mnist_course_plan;

/* Starts as zeros; owns its arrays. */
typedef struct mnist_eval_course {
    mnist_page_epoch *epochs;
    size_t epoch_count;
    mnist_page_point *points; /* of the losses between, where the log has steps */
    size_t point_count;
    unsigned kept_epoch; /* the fields of mnist_page: */
    bool has_schedule;
    mnist_schedule schedule;
    uint64_t steps, epoch_steps, last_step;
} mnist_eval_course;

/* options: those in the model's metadata, or NULL. Of what the model does not state, or not as
 * mnist-train does, nothing is known. false: an option has a value that it cannot have. */
bool mnist_course_plan_read(mnist_course_plan *out, const json_t *options, const char *seed,
                            const char *trained_on, const char *path, mnist_error *err);

/* Takes the run with the model's seed from a log. Memory taken: at most 20 times the file's size
 * and some KB. Errors: of mnist_log_read; MNIST_ERR_MISMATCH: it is the log of another training. */
mnist_status mnist_eval_course_read(mnist_eval_course *out, const char *path,
                                    const mnist_course_plan *plan, mnist_error *err);
/* The same of text in memory; path: for messages. */
mnist_status mnist_eval_course_parse(mnist_eval_course *out, const char *text, size_t size,
                                     const char *path, const mnist_course_plan *plan,
                                     mnist_error *err);
/* Sets those fields of the page. What they point to stays the course's. */
void mnist_eval_course_show(const mnist_eval_course *course, mnist_page *page);
void mnist_eval_course_free(mnist_eval_course *course);

#endif
