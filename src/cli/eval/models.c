#include "cli/eval/models.h"

#include "cli/shared/adopt.h"
#include "cli/shared/labels.h"

#include <stdlib.h>
#include <string.h>

bool mnist_eval_member_options(const mnist_eval_member *member, json_t **options, mnist_error *err)
{
    return mnist_adopt_parse(mnist_model_metadata(member->model, "options"), member->path, options,
                             err);
}

/* A committee's members see the same images. */
static bool check_steps(const mnist_eval_models *models, const mnist_eval_member *member,
                        mnist_error *err)
{
    const mnist_eval_member *first = &models->members[0];
    const mnist_steps *own = mnist_model_steps(member->model),
                      *others = mnist_model_steps(first->model);
    char texts[2][MNIST_STEPS_TEXT];
    if (mnist_steps_equal(own, others)) {
        return true;
    }
    mnist_steps_describe(own, texts[0]);
    mnist_steps_describe(others, texts[1]);
    mnist_fail(
        err, MNIST_ERR_MISMATCH,
        "%.2000s: its images go through other steps (%s) than those of %.2000s (%s), so that "
        "these are no committee",
        member->path, texts[0], first->path, texts[1]);
    return false;
}

static bool load(mnist_eval_models *out, const mnist_parsed *parsed, mnist_error *err)
{
    out->members = calloc(parsed->operand_count, sizeof *out->members);
    if (!out->members) {
        mnist_fail(err, MNIST_ERR_MEMORY, "out of memory");
        return false;
    }
    out->count = parsed->operand_count;
    for (size_t m = 0; m < out->count; m++) {
        mnist_eval_member *member = &out->members[m];
        member->path = parsed->operands[m];
        if (mnist_model_load(&member->model, member->path, err) != MNIST_OK) {
            return false;
        }
        if (!check_steps(out, member, err)) {
            return false;
        }
        const mnist_mlp_config *shape = mnist_mlp_shape(mnist_model_mlp(member->model)),
                               *first = mnist_mlp_shape(mnist_model_mlp(out->members[0].model));
        if (shape->inputs != first->inputs || shape->outputs != first->outputs) {
            const bool inputs = shape->inputs != first->inputs;
            mnist_fail(err, MNIST_ERR_MISMATCH,
                       "%.2500s: its net has %u %s, but that of %.2500s has %u", member->path,
                       inputs ? shape->inputs : shape->outputs, inputs ? "inputs" : "outputs",
                       out->members[0].path, inputs ? first->inputs : first->outputs);
            return false;
        }
    }
    return true;
}

/* What the classes are called, by the first model that says it; what others say must be the same. */
static bool adopt_labels(mnist_eval_models *out, const mnist_parsed *parsed, mnist_error *err)
{
    mnist_data_settings *data = &out->settings.data;
    const mnist_labels *first = mnist_model_labels(out->members[0].model);
    out->classes = mnist_mlp_shape(mnist_model_mlp(out->members[0].model))->outputs;
    out->labels = *first;
    for (size_t m = 1; m < out->count; m++) {
        const mnist_labels *own = mnist_model_labels(out->members[m].model);
        if (own->base != first->base || own->count != first->count ||
            memcmp(own->names, first->names, sizeof own->names) != 0) {
            mnist_fail(err, MNIST_ERR_MISMATCH,
                       "%.2500s: its classes are called otherwise than those of %.2500s",
                       out->members[m].path, out->members[0].path);
            return false;
        }
    }
    if (!mnist_options_was_given(parsed, "label-base")) {
        data->label_base = first->base;
    }
    data->classes = out->classes;
    out->labels.base = data->label_base;
    return mnist_labels_take(&out->labels, data->class_names, out->classes, err);
}

static bool adopt_data(const mnist_eval_member *member, const mnist_parsed *parsed,
                       mnist_eval_settings *settings, mnist_error *err)
{
    json_t *options;
    bool ok = mnist_eval_member_options(member, &options, err) &&
              mnist_adopt_data(options, member->path, parsed, settings, &settings->data, err);
    json_decref(options);
    return ok;
}

/* That two models were trained on the same data: settings have adopted the first one's, own those of
 * member. */
static bool check_same_data(const mnist_eval_member *first, mnist_eval_settings *settings,
                            const mnist_eval_member *member, mnist_eval_settings *own,
                            const mnist_parsed *parsed, mnist_error *err)
{
    const bool synthetic = settings->data.dataset == MNIST_DATASET_SYNTHETIC;
    for (size_t i = 0; i < (synthetic ? MNIST_ADOPTED : 1); i++) {
        char texts[2][MNIST_OPTION_TEXT];
        mnist_option_ref ref = mnist_option_find(parsed->program, mnist_adopted[i]);
        mnist_option_format(ref.option, mnist_option_field(ref, settings), texts[0]);
        mnist_option_format(ref.option, mnist_option_field(ref, own), texts[1]);
        if (strcmp(texts[0], texts[1]) != 0) {
            return mnist_options_fail(
                err,
                "%.2000s: trained with --%s %s, but %.2000s with %s; say --%s "
                "to measure both on the same",
                member->path, mnist_adopted[i], texts[1], first->path, texts[0], mnist_adopted[i]);
        }
    }
    return true;
}

static bool adopt_data_of_all(mnist_eval_models *out, const mnist_parsed *parsed, mnist_error *err)
{
    const mnist_eval_settings given = out->settings;
    const mnist_eval_member *first = NULL; /* that says something */
    for (size_t m = 0; m < out->count; m++) {
        const mnist_eval_member *member = &out->members[m];
        mnist_eval_settings own = given;
        if (!adopt_data(member, parsed, &own, err)) {
            return false;
        }
        if (!mnist_model_metadata(member->model, "options")) {
            continue;
        }
        if (!first) {
            first = member;
            out->settings = own;
        }
        if (!check_same_data(first, &out->settings, member, &own, parsed, err)) {
            return false;
        }
    }
    return true;
}

/* How each model's images are distorted for --tta. */
static bool adopt_augmentation(mnist_eval_models *out, mnist_error *err)
{
    for (size_t m = 0; out->settings.tta > 1 && m < out->count; m++) {
        mnist_eval_member *member = &out->members[m];
        json_t *options;
        bool ok = mnist_eval_member_options(member, &options, err) &&
                  mnist_adopt_augmentation(options, member->path, out->settings.augment,
                                           &member->augmentation, err);
        json_decref(options);
        if (!ok) {
            return false;
        }
        mnist_augmentation_print(&member->augmentation, member->augment);
    }
    return true;
}

/* Where a temperature may be fitted; of synthetic digits there are as many to make as the models
 * were trained on. */
static bool adopt_held_out(mnist_eval_models *out, mnist_error *err)
{
    for (size_t m = 0; mnist_eval_fits_temperature(&out->settings) && m < out->count; m++) {
        mnist_eval_member *member = &out->members[m];
        json_t *options;
        bool ok = mnist_eval_member_options(member, &options, err) &&
                  mnist_held_out_adopt(options, member->path, &member->held_out, err);
        json_decref(options);
        if (!ok) {
            return false;
        }
        out->settings.data.synthetic_train = member->held_out.synthetic_train;
    }
    return true;
}

bool mnist_eval_models_load(mnist_eval_models *out, const mnist_eval_settings *settings,
                            const mnist_parsed *parsed, mnist_error *err)
{
    out->settings = *settings;
    return load(out, parsed, err) && adopt_data_of_all(out, parsed, err) &&
           adopt_labels(out, parsed, err) && adopt_augmentation(out, err) &&
           adopt_held_out(out, err);
}

bool mnist_eval_models_check(const mnist_eval_models *models, const mnist_parsed *parsed,
                             mnist_error *err)
{
    if (!mnist_eval_check_data(&models->settings, parsed, err)) {
        return false;
    }
    for (size_t m = 0; models->settings.tta > 1 && m < models->count; m++) {
        if (!mnist_augmentation_any(&models->members[m].augmentation)) {
            return mnist_options_fail(err,
                                      "%s: was trained without --augment; to distort images for "
                                      "--tta, say --augment SPEC",
                                      models->members[m].path);
        }
    }
    return true;
}

void mnist_eval_models_free(mnist_eval_models *models)
{
    for (size_t m = 0; m < models->count; m++) {
        mnist_model_free(models->members[m].model);
    }
    free(models->members);
    *models = (mnist_eval_models){.members = NULL};
}
