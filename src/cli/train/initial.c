#define _POSIX_C_SOURCE 200809L
#include "cli/train/initial.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void release(void *initial)
{
    mnist_model_free(((mnist_initial *)initial)->model);
    free(initial);
}

/* "784-256-10, relu" */
static void describe(const mnist_mlp_config *shape, char text[256])
{
    size_t used = (size_t)snprintf(text, 256, "%u-", shape->inputs);
    for (unsigned l = 0; l < shape->hidden_count; l++) {
        used += (size_t)snprintf(text + used, 256 - used, "%u-", shape->hidden[l]);
    }
    snprintf(text + used, 256 - used, "%u, %s", shape->outputs,
             mnist_activation_name(shape->activation));
}

/* Takes over the shape, unless the user has asked for another. */
static bool adopt_shape(mnist_train_settings *s, const mnist_parsed *parsed,
                        const mnist_mlp_config *shape, mnist_error *err)
{
    mnist_training_settings *training = &s->training;
    mnist_widths hidden = {.count = shape->hidden_count};
    memcpy(hidden.width, shape->hidden, sizeof hidden.width);
    const bool other_layers =
        hidden.count != training->hidden.count ||
        memcmp(hidden.width, training->hidden.width, hidden.count * sizeof *hidden.width) != 0;
    char is[256];
    describe(shape, is);
    if (other_layers && mnist_options_origin(parsed, "hidden") >= MNIST_ORIGIN_CONFIG) {
        return mnist_options_fail(err, "--hidden: the net in %.600s is %s; leave the option out",
                                  s->init_from, is);
    }
    if (training->activation != shape->activation &&
        mnist_options_origin(parsed, "activation") >= MNIST_ORIGIN_CONFIG) {
        return mnist_options_fail(
            err, "--activation: the net in %.600s is %s; leave the option out", s->init_from, is);
    }
    training->hidden = hidden;
    training->activation = shape->activation;
    return true;
}

/* Options that do not go with --init-from, or need it. */
static bool check_options(const mnist_train_settings *s, const mnist_parsed *parsed,
                          mnist_error *err)
{
    if (s->tune_seconds > 0.0) {
        return mnist_options_fail(err, "--init-from does not go with --tune, which varies the net");
    }
    if (s->training.config.batch_norm) {
        return mnist_options_fail(err,
                                  "--batch-norm does not go with --init-from, whose weights are "
                                  "for layers that are not normalised");
    }
    if (mnist_on_command_line(parsed, "init") && !s->training.fresh_last) {
        return mnist_options_fail(err, "--init is for weights that are drawn, and --init-from "
                                       "leaves none to draw");
    }
    return true;
}

bool mnist_initial_adopt(void *settings, mnist_parsed *parsed, mnist_error *err)
{
    mnist_train_settings *s = settings;
    if (!s->init_from) {
        return !s->training.fresh_last ||
               mnist_options_fail(err, "--fresh-last needs --init-from MODEL, of which it leaves "
                                       "out the last layer");
    }
    if (!check_options(s, parsed, err)) {
        return false;
    }
    mnist_initial *initial = calloc(1, sizeof *initial);
    if (!initial) {
        return mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for %.600s", s->init_from) ==
               MNIST_OK;
    }
    parsed->adopted = initial;
    parsed->release = release;
    if (mnist_model_load(&initial->model, s->init_from, err) != MNIST_OK ||
        !adopt_shape(s, parsed, mnist_mlp_shape(mnist_model_mlp(initial->model)), err)) {
        return false;
    }
    snprintf(initial->digest, sizeof initial->digest, "%s", mnist_model_digest(initial->model));
    if (mnist_options_origin(parsed, "normalize") < MNIST_ORIGIN_CONFIG) {
        initial->keeps_normalization = true;
        initial->normalization = *mnist_model_normalization(initial->model);
        s->training.normalize = initial->normalization.kind;
    }
    mnist_steps_adopt(&s->training.steps, mnist_model_steps(initial->model), parsed);
    s->initial = initial;
    return true;
}

mnist_status mnist_initial_check(const mnist_train_settings *settings, unsigned classes,
                                 mnist_error *err)
{
    const mnist_initial *initial = settings->initial;
    if (!initial || !initial->model || settings->training.fresh_last) {
        return MNIST_OK;
    }
    const unsigned outputs = mnist_mlp_shape(mnist_model_mlp(initial->model))->outputs;
    return outputs == classes
               ? MNIST_OK
               : mnist_fail(err, MNIST_ERR_ARGUMENT,
                            "--init-from: the net in %.600s has %u outputs, but the data have %u "
                            "classes; with --fresh-last its last layer is left out",
                            settings->init_from, outputs, classes);
}

mnist_status mnist_initial_copy(const mnist_train_settings *settings, mnist_mlp *mlp,
                                mnist_error *err)
{
    mnist_mlp *from = mnist_model_mlp(settings->initial->model);
    const unsigned taken = mnist_mlp_layers(mlp) - (settings->training.fresh_last ? 1 : 0);
    if (mnist_mlp_layer_inputs(from, 0) != mnist_mlp_layer_inputs(mlp, 0)) {
        return mnist_fail(
            err, MNIST_ERR_MISMATCH, "%.600s: the net has %u inputs, but the images have %u pixels",
            settings->init_from, mnist_mlp_layer_inputs(from, 0), mnist_mlp_layer_inputs(mlp, 0));
    }
    for (unsigned l = 0; l < taken; l++) {
        const size_t inputs = mnist_mlp_layer_inputs(mlp, l),
                     outputs = mnist_mlp_layer_outputs(mlp, l);
        float *values = malloc((inputs + 1) * outputs * sizeof *values);
        if (!values) {
            return mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for a layer of %.600s",
                              settings->init_from);
        }
        mnist_mlp_get_layer(from, l, values, values + inputs * outputs);
        mnist_mlp_set_layer(mlp, l, values, values + inputs * outputs);
        free(values);
    }
    return MNIST_OK;
}

void mnist_initial_print(const mnist_initial *initial, const mnist_normalization *normalization,
                         char text[MNIST_INITIAL_TEXT])
{
    char mean[MNIST_REAL_TEXT], stddev[MNIST_REAL_TEXT];
    mnist_float_format(normalization->mean, mean);
    mnist_float_format(normalization->stddev, stddev);
    snprintf(text, MNIST_INITIAL_TEXT, "%s %s %s", initial->digest, mean, stddev);
}

/* The number that the whole of a word of `length` characters is. */
static bool read_number(const char *word, size_t length, float *value)
{
    char copy[MNIST_REAL_TEXT], *end;
    if (length < 1 || length >= sizeof copy || strspn(word, "0123456789.e-") < length) {
        return false;
    }
    snprintf(copy, sizeof copy, "%.*s", (int)length, word);
    *value = strtof(copy, &end); /* the locale is "C": no program sets another */
    return *end == '\0' && isfinite(*value);
}

bool mnist_initial_parse(mnist_initial *initial, const char *text)
{
    const size_t digits = MNIST_DIGEST_TEXT - 1;
    if (strspn(text, "0123456789abcdef") != digits || text[digits] != ' ') {
        return false;
    }
    const char *mean = text + digits + 1, *blank = strchr(mean, ' ');
    memcpy(initial->digest, text, digits);
    initial->digest[digits] = '\0';
    return blank && read_number(mean, (size_t)(blank - mean), &initial->normalization.mean) &&
           read_number(blank + 1, strlen(blank + 1), &initial->normalization.stddev) &&
           initial->normalization.stddev > 0.0f;
}
