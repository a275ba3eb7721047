/* First stage of mnist-eval: the models that the command line names, which must agree with one
 * another, and what they say of their training that the command line does not. All later stages take
 * this as const. */
#ifndef MNIST_CLI_EVAL_MODELS_H
#define MNIST_CLI_EVAL_MODELS_H

#include "cli/eval/held_out.h"

#include <mnist/mnist.h>

typedef struct mnist_eval_member {
    const char *path; /* borrowed from the command line */
    mnist_model *model;
    mnist_augmentation augmentation;       /* how its images are distorted for --tta */
    char augment[MNIST_AUGMENTATION_TEXT]; /* its text; "none" where nothing tells any */
    mnist_held_out held_out;               /* for --temperature fit */
} mnist_eval_member;

/* Starts as zeros. */
typedef struct mnist_eval_models {
    mnist_eval_member *members; /* (count) */
    size_t count;
    /* As given, with what the models say of the data: what all later stages go by. */
    mnist_eval_settings settings;
    unsigned classes;    /* outputs of each net */
    mnist_labels labels; /* what they are called: as the command line has it, or the models */
} mnist_eval_models;

/* Loads parsed's operands and takes over what they state. Models that were trained on different data
 * are no committee, unless the command line says what they shall be measured on. What settings and
 * parsed point to must outlive the models. false: err says what; mnist_eval_models_free is due either
 * way. Errors: of mnist_model_load; MNIST_ERR_MISMATCH, of nets with different inputs or outputs;
 * MNIST_ERR_ARGUMENT, of what a model states, or of several that contradict each other. */
bool mnist_eval_models_load(mnist_eval_models *out, const mnist_eval_settings *settings,
                            const mnist_parsed *parsed, mnist_error *err);

/* That the command line goes with the models: with the data set that they were trained on, and, for
 * --tta, that there is something to average over. Errors: MNIST_ERR_ARGUMENT, which is the command
 * line's. */
bool mnist_eval_models_check(const mnist_eval_models *models, const mnist_parsed *parsed,
                             mnist_error *err);

/* What mnist-train was told, as the model states it; *options is to be released with json_decref, and
 * NULL where it states nothing. Errors: as mnist_adopt_parse. */
bool mnist_eval_member_options(const mnist_eval_member *member, json_t **options, mnist_error *err);

void mnist_eval_models_free(mnist_eval_models *models);

#endif
