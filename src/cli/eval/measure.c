#include "cli/eval/measure.h"

#include "cli/terminal/clock.h"

#include <math.h>
#include <stdlib.h>

static bool make_room(mnist_eval_measurement *out, const mnist_eval_models *models,
                      bool with_values, mnist_error *err)
{
    const size_t count = out->view.count;
    if (with_values) {
        out->kind = models->count == 1 && models->settings.tta < 2 ? MNIST_EVAL_LOGITS
                                                                   : MNIST_EVAL_PROBABILITIES;
        out->values = calloc(count, models->classes * sizeof *out->values);
    }
    if (with_values && !out->values) {
        mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for the outputs of %zu images", count);
        return false;
    }
    out->members = calloc(models->count, sizeof *out->members);
    if (!out->members) {
        mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for the models' figures");
    }
    return out->members != NULL;
}

/* One model on the images as they are. committee: of all models; NULL: there is but one. */
static mnist_status measure_one(mnist_eval_measurement *out, const mnist_eval_member *member,
                                mnist_evaluation *own, mnist_committee *committee, mnist_pool *pool,
                                mnist_error *err)
{
    mnist_mlp *mlp = mnist_model_mlp(member->model);
    const mnist_normalization *normalization = mnist_model_normalization(member->model);
    if (committee) {
        return mnist_committee_add(committee, mlp, normalization, pool, own, err);
    }
    return out->values ? mnist_logits(mlp, out->view, normalization, pool, out->values, own, err)
                       : mnist_evaluate(mlp, out->view, normalization, pool, own, err);
}

/* One model on several versions of each image. committee: as above. */
static mnist_status measure_versions(mnist_eval_measurement *out, const mnist_eval_models *models,
                                     size_t m, mnist_committee *committee, mnist_pool *pool,
                                     mnist_error *err)
{
    const mnist_eval_member *member = &models->members[m];
    const mnist_versions wanted = {.count = models->settings.tta,
                                   .augmentation = member->augmentation,
                                   .seed = models->settings.seed};
    mnist_committee *versions;
    mnist_status status = mnist_committee_create(&versions, out->view, err);
    if (status == MNIST_OK) {
        status = mnist_committee_add_versions(versions, mnist_model_mlp(member->model),
                                              mnist_model_normalization(member->model), &wanted,
                                              pool, err);
    }
    if (status == MNIST_OK) {
        mnist_committee_evaluate(versions, &out->members[m].evaluation);
        if (committee) {
            mnist_committee_join(committee, versions);
        } else if (out->values) {
            mnist_committee_probabilities(versions, out->values);
        }
    }
    mnist_committee_free(versions);
    return status;
}

/* Each model alone, and what it has to say to the committee. */
static bool measure_each(mnist_eval_measurement *out, const mnist_eval_models *models,
                         mnist_committee *committee, mnist_pool *pool, mnist_error *err)
{
    for (size_t m = 0; m < models->count; m++) {
        const mnist_eval_member *member = &models->members[m];
        const double start = mnist_clock();
        mnist_status status =
            models->settings.tta > 1
                ? measure_versions(out, models, m, committee, pool, err)
                : measure_one(out, member, &out->members[m].evaluation, committee, pool, err);
        if (status != MNIST_OK && models->count > 1) { /* then it must be said which one fails */
            mnist_fail(err, status, "%.4000s: %.2000s", member->path, err->text);
        }
        if (status != MNIST_OK) {
            return false;
        }
        out->members[m].seconds = mnist_clock() - start;
    }
    return true;
}

bool mnist_eval_measure(mnist_eval_measurement *out, const mnist_eval_models *models,
                        mnist_view view, bool with_values, mnist_pool *pool, mnist_error *err)
{
    *out = (mnist_eval_measurement){.view = view};
    if (!make_room(out, models, with_values, err)) {
        return false;
    }
    const double start = mnist_clock();
    mnist_committee *committee = NULL;
    bool ok = models->count == 1 || mnist_committee_create(&committee, view, err) == MNIST_OK;
    ok = ok && measure_each(out, models, committee, pool, err);
    if (ok && committee) {
        mnist_committee_evaluate(committee, &out->all.evaluation);
        if (out->values) {
            mnist_committee_probabilities(committee, out->values);
        }
    } else if (ok) {
        out->all.evaluation = out->members[0].evaluation;
    }
    out->all.seconds = mnist_clock() - start;
    mnist_committee_free(committee);
    return ok;
}

bool mnist_eval_fail_not_finite(const mnist_eval_measurement *measurement,
                                const mnist_eval_models *models, const char *what, mnist_error *err)
{
    size_t m = 0;
    while (m + 1 < models->count && isfinite(measurement->members[m].evaluation.loss)) {
        m++;
    }
    return mnist_options_fail(err, "%.4000s: its logits are not finite, so that %s",
                              models->members[m].path, what);
}

void mnist_eval_measurement_free(mnist_eval_measurement *measurement)
{
    free(measurement->values);
    free(measurement->members);
    *measurement = (mnist_eval_measurement){.values = NULL};
}
