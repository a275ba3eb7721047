#include "cli/compress/candidates.h"

#include <stdlib.h>
#include <string.h>

static bool copy_net(mnist_mlp *to, const mnist_mlp *from, mnist_error *err)
{
    for (unsigned l = 0; l < mnist_mlp_layers(from); l++) {
        const size_t outputs = mnist_mlp_layer_outputs(from, l),
                     count = mnist_mlp_layer_inputs(from, l) * outputs;
        float *values = malloc((count + outputs) * sizeof *values);
        if (!values) {
            return mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for a layer") == MNIST_OK;
        }
        mnist_mlp_get_layer(from, l, values, values + count);
        mnist_mlp_set_layer(to, l, values, values + count);
        free(values);
    }
    return true;
}

/* Gives the model's net the weights that it was read with. */
static bool begin_again(mnist_compression *c, mnist_error *err)
{
    mnist_mlp *mlp = mnist_model_mlp(c->model);
    mnist_mlp_free(c->compact);
    c->compact = NULL;
    if (c->original) {
        return copy_net(mlp, c->original, err);
    }
    return mnist_mlp_create(&c->original, mnist_mlp_shape(mlp), err) == MNIST_OK &&
           copy_net(c->original, mlp, err);
}

/* The settings with which the step prune would make it. */
static void set(mnist_compression *c, const mnist_candidate *candidate)
{
    mnist_compress_settings *s = c->settings;
    mnist_train_config *config = &s->training.config;
    char levels[MNIST_QUANTIZATION_TEXT];
    s->trains = candidate->spec[0] != '\0';
    s->codebook = s->trains ? candidate->codebook : 0;
    s->levels = s->trains ? 0 : candidate->codebook;
    s->has_levels = true;
    s->keep = NULL;
    if (s->trains) {
        const bool keep_zeros = config->pruning.keep_zeros;
        (void)mnist_pruning_parse(&config->pruning, candidate->spec, NULL); /* has been checked */
        config->pruning.keep_zeros = keep_zeros;
        mnist_pruning_print(&config->pruning, c->texts.pruning);
        s->keep = c->texts.pruning;
        snprintf(levels, sizeof levels, "codebook:%u", candidate->codebook);
        (void)mnist_quantization_parse(&config->quantization, levels, NULL);
    }
}

void mnist_candidate_restore(mnist_compression *c, const mnist_candidate *candidate, mnist_mlp *net)
{
    set(c, candidate);
    mnist_mlp_free(c->compact);
    c->compact = net;
    snprintf(c->done, sizeof c->done, "%s", candidate->done);
}

static bool compact(mnist_compression *c, mnist_error *err)
{
    return mnist_mlp_compact(&c->compact, mnist_model_mlp(c->model), &c->removed, err) == MNIST_OK;
}

bool mnist_candidate_estimate(mnist_compression *c, const mnist_candidate *candidate, size_t *bytes,
                              mnist_error *err)
{
    mnist_compress_settings *s = c->settings;
    if (!begin_again(c, err)) {
        return false;
    }
    set(c, candidate);
    c->done[0] = '\0';
    if (s->trains && mnist_mlp_prune(mnist_model_mlp(c->model), &s->training.config, c->train,
                                     err) != MNIST_OK) {
        return false;
    }
    s->levels = candidate->codebook;
    if (!compact(c, err) || !mnist_compression_pack(c, err) ||
        !mnist_compression_write(c, NULL, err)) {
        return false;
    }
    *bytes = c->after.bytes;
    return true;
}

bool mnist_candidate_make(mnist_compression *c, mnist_candidate *candidate, bool test,
                          mnist_error *err)
{
    if (!begin_again(c, err)) {
        return false;
    }
    set(c, candidate);
    c->done[0] = '\0';
    if (!(c->settings->trains ? mnist_compression_prune(c, err) : compact(c, err))) {
        return false;
    }
    if (c->settings->trains) {
        const size_t used = strlen(c->done);
        snprintf(c->done + used, sizeof c->done - used, "; ");
    }
    if (!mnist_compression_pack(c, err) || !mnist_compression_measure_after(c, test, err) ||
        !mnist_compression_write(c, candidate->path, err)) {
        return false;
    }
    candidate->net = c->after;
    candidate->validation = c->validation.after;
    candidate->test = c->test.after;
    snprintf(candidate->done, sizeof candidate->done, "%s", c->done);
    return true;
}

mnist_candidate *mnist_candidates_add(mnist_compression *c, mnist_error *err)
{
    mnist_candidate *grown = realloc(c->tried, (c->tried_count + 1) * sizeof *grown);
    if (!grown) {
        mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for the list of what is tried");
        return NULL;
    }
    c->tried = grown;
    grown[c->tried_count] = (mnist_candidate){.path = NULL};
    return &grown[c->tried_count++];
}

void mnist_candidates_free(mnist_compression *c)
{
    for (size_t i = 0; i < c->tried_count; i++) {
        free(c->tried[i].path);
    }
    free(c->tried);
    c->tried = NULL;
    c->tried_count = 0;
}

void mnist_candidates_mark_front(mnist_compression *c)
{
    for (size_t i = 0; i < c->tried_count; i++) {
        const size_t bytes = c->tried[i].net.bytes, errors = c->tried[i].validation.errors;
        c->tried[i].on_front = true;
        for (size_t k = 0; k < c->tried_count; k++) {
            const size_t b = c->tried[k].net.bytes, e = c->tried[k].validation.errors;
            const bool same = b == bytes && e == errors;
            if (b <= bytes && e <= errors && (!same || k < i)) { /* of equal ones the first */
                c->tried[i].on_front = false;
            }
        }
    }
}
