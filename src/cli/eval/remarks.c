#include "cli/eval/remarks.h"

#include "cli/shared/sanity.h"

#include <string.h>

/* Whether the data have both digests that the model states of a set. false, where it states none. */
static bool has_digests(const mnist_model *model, const char *images_key, const char *labels_key,
                        const mnist_data_digests *digests, bool *stated)
{
    const char *images = mnist_model_metadata(model, images_key);
    const char *labels = mnist_model_metadata(model, labels_key);
    *stated = images && labels;
    return *stated && strcmp(images, digests->images) == 0 && strcmp(labels, digests->labels) == 0;
}

/* A model knows which images it was trained and tested on; others give other numbers. */
static void remark_digests(mnist_notes *notes, const mnist_eval_models *models,
                           const mnist_eval_member *member, const mnist_data_digests *digests)
{
    bool stated;
    const bool several = models->count > 1;
    const char *path = several ? member->path : "", *colon = several ? ": " : "";
    if (has_digests(member->model, "train_images_sha256", "train_labels_sha256", digests,
                    &stated)) {
        mnist_note(
            notes,
            "%.4500s%sthese are the images that this model was trained on: the figures tell how "
            "many it remembers, not how many others it reads",
            path, colon);
    } else if (!has_digests(member->model, "test_images_sha256", "test_labels_sha256", digests,
                            &stated) &&
               stated) {
        mnist_note(
            notes,
            "%.4500s%sthese are not the test images that this model was tested on when it was "
            "trained",
            path, colon);
    }
}

/* A model that does badly may need the images otherwise than they are stored. */
static void remark_storage(mnist_notes *notes, const mnist_eval_member *member,
                           const mnist_eval_measurement *test, mnist_pool *pool)
{
    mnist_advice advice;
    char flags[MNIST_FLAGS_TEXT];
    if (test->all.evaluation.accuracy >= MNIST_BAD_ACCURACY ||
        !mnist_advice_find(&advice, mnist_model_mlp(member->model), test->view,
                           mnist_model_normalization(member->model), pool)) {
        return;
    }
    mnist_advice_flags(&advice.steps, flags);
    mnist_note(
        notes,
        "these images are stored otherwise than this model needs them: of %zu of them it reads "
        "%.3g %% as they are, but %.3g %% with %s; say that, or train with images like these",
        advice.images, 100.0 * advice.accuracy, 100.0 * advice.improved, flags);
}

void mnist_eval_remark(mnist_notes *notes, const mnist_eval_models *models,
                       const mnist_eval_inputs *inputs, const mnist_eval_measurement *test,
                       mnist_pool *pool)
{
    for (size_t m = 0; m < models->count; m++) {
        remark_digests(notes, models, &models->members[m], &inputs->digests);
    }
    remark_storage(notes, &models->members[0], test, pool);
}
