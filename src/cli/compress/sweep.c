/* A list of ways to compress the model: what each costs, as a table and as a page. */
#include "cli/compress/candidates.h"

#include "cli/shared/facts.h"
#include "cli/shared/program.h"

#include <stdlib.h>
#include <string.h>

/* "DIR/0.05-8.mlpk" */
static bool set_path(const mnist_compression *c, mnist_candidate *candidate, mnist_error *err)
{
    const char *directory = c->settings->output;
    if (!directory) {
        return true;
    }
    const size_t room = strlen(directory) + MNIST_PRUNING_TEXT + 32;
    candidate->path = malloc(room);
    if (!candidate->path) {
        return mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for the names of files") ==
               MNIST_OK;
    }
    snprintf(candidate->path, room, "%s/%s-%u.mlpk", directory, candidate->spec,
             candidate->codebook);
    return true;
}

static bool has_units(const mnist_compression *c)
{
    return mnist_mlp_shape(mnist_model_mlp(c->model))->hidden_count > 0;
}

bool mnist_sweep_list(mnist_compression *c, mnist_error *err)
{
    const mnist_compress_settings *s = c->settings;
    char spec[MNIST_PRUNING_TEXT];
    for (size_t i = 0; mnist_compress_spec(s->keep, i, spec); i++) {
        for (unsigned k = 0; k < s->codebooks.count; k++) {
            mnist_candidate *candidate = mnist_candidates_add(c, err);
            mnist_pruning pruning;
            if (!candidate) {
                return false;
            }
            (void)mnist_pruning_parse(&pruning, spec, NULL); /* has been checked */
            if (pruning.structure == MNIST_PRUNE_UNITS && !has_units(c)) {
                return mnist_options_fail(err, "--keep: there are no hidden units in %.2000s",
                                          c->in);
            }
            mnist_pruning_print(&pruning, candidate->spec);
            candidate->codebook = s->codebooks.width[k];
            if (!set_path(c, candidate, err)) {
                return false;
            }
        }
    }
    return true;
}

bool mnist_compression_sweep(mnist_compression *c, mnist_error *err)
{
    for (size_t i = 0; i < c->tried_count; i++) {
        if (!mnist_candidate_make(c, &c->tried[i], true, err)) {
            return false;
        }
        c->files += c->tried[i].path != NULL;
        mnist_candidate_say(c, &c->tried[i]);
    }
    mnist_candidates_mark_front(c);
    return !c->settings->report || mnist_sweep_write_page(c, err);
}

static int by_bytes(const void *a, const void *b)
{
    const mnist_candidate *const *one = a, *const *other = b;
    const size_t x = (*one)->net.bytes, y = (*other)->net.bytes;
    return x != y ? (x < y ? -1 : 1) : (*one < *other ? -1 : 1);
}

static void add_facts(mnist_facts *facts, const mnist_compression *c)
{
    mnist_facts_add_net(facts, c->original, mnist_model_normalization(c->model));
    mnist_facts_add(facts, "model file", "%s", c->in);
    mnist_facts_add(facts, "model SHA-256", "%s", mnist_model_digest(c->model));
    mnist_facts_add(facts, "bytes of the model", "%zu", c->before.bytes);
    mnist_facts_add(facts, "errors of the model on the validation images", "%zu",
                    c->validation.before.errors);
    mnist_facts_add(facts, "validation images", "%zu", c->validation.view.count);
    mnist_facts_add(facts, "training images", "%zu", c->train.count);
    mnist_facts_add(facts, "epochs of each retraining", "%u", c->settings->training.config.epochs);
    if (c->teachers.digests) {
        mnist_facts_add(facts, "teachers SHA-256", "%s", c->teachers.digests);
    }
    if (c->early) {
        mnist_facts_add(facts, "rewound to SHA-256", "%s", mnist_model_digest(c->early));
    }
}

bool mnist_sweep_write_page(const mnist_compression *c, mnist_error *err)
{
    const size_t count = c->tried_count;
    mnist_facts facts = {.items = NULL};
    mnist_page_choice *choices = calloc(count, sizeof *choices);
    const mnist_candidate **sorted =
        calloc(count, sizeof(mnist_candidate *)); // NOLINT(bugprone-sizeof-expression)
    mnist_status status = MNIST_OK;
    char heading[MNIST_SHAPE_TEXT + 40];
    add_facts(&facts, c);
    if (!choices || !sorted || facts.failed) {
        status = mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for the page");
    } else {
        char shape[MNIST_SHAPE_TEXT];
        for (size_t i = 0; i < count; i++) {
            sorted[i] = &c->tried[i];
        }
        qsort(sorted, count, sizeof(mnist_candidate *), // NOLINT(bugprone-sizeof-expression)
              by_bytes);
        for (size_t i = 0; i < count; i++) {
            choices[i] =
                (mnist_page_choice){.keep = sorted[i]->spec,
                                    .levels = sorted[i]->codebook,
                                    .weights = mnist_candidate_weights(sorted[i]),
                                    .bytes = sorted[i]->net.bytes,
                                    .validation = &sorted[i]->validation,
                                    .test = c->test.view.count > 0 ? &sorted[i]->test : NULL,
                                    .on_front = sorted[i]->on_front};
        }
        mnist_format_shape(c->original, shape);
        snprintf(heading, sizeof heading, "%s, compressed", shape);
        const mnist_choices_page page = {.program = mnist_compress_program.name,
                                         .heading = heading,
                                         .facts = mnist_facts_list(&facts),
                                         .choices = choices,
                                         .count = count};
        status = mnist_choices_page_write(c->settings->report, &page, err);
    }
    mnist_facts_free(&facts);
    free(choices);
    free(sorted);
    return status == MNIST_OK;
}
