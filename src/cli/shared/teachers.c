#define _POSIX_C_SOURCE 200809L
#include "cli/shared/teachers.h"

#include "cli/shared/steps.h"

#include <stdlib.h>
#include <string.h>

static mnist_status out_of_memory(mnist_error *err)
{
    return mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for the teachers");
}

mnist_status mnist_teachers_name(mnist_teachers *teachers, const char *text, mnist_error *err)
{
    if (!text) {
        return MNIST_OK;
    }
    size_t count = 1;
    for (const char *p = text; *p; p++) {
        count += *p == ',';
    }
    if (count > MNIST_MOST_TEACHERS) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT, "--teacher: %zu models, expected at most %u",
                          count, MNIST_MOST_TEACHERS);
    }
    teachers->names = strdup(text);
    teachers->paths = calloc(count, sizeof *teachers->paths);
    if (!teachers->names || !teachers->paths) {
        return out_of_memory(err);
    }
    for (char *name = teachers->names, *comma; name; name = comma ? comma + 1 : NULL) {
        comma = strchr(name, ',');
        if (comma) {
            *comma = '\0';
        }
        if (!*name) {
            return mnist_fail(err, MNIST_ERR_ARGUMENT,
                              "--teacher: expected names of models with commas between, but one "
                              "name is empty");
        }
        teachers->paths[teachers->count++] = name;
    }
    return MNIST_OK;
}

/* A teacher sees the images that the net sees. */
static mnist_status check_steps(const char *path, const mnist_steps *own, const mnist_steps *here,
                                mnist_error *err)
{
    char texts[2][MNIST_STEPS_TEXT];
    if (mnist_steps_equal(own, here)) {
        return MNIST_OK;
    }
    mnist_steps_describe(own, texts[0]);
    mnist_steps_describe(here, texts[1]);
    return mnist_fail(
        err, MNIST_ERR_MISMATCH,
        "%.2500s: this teacher's images went through other steps (%s) than the images "
        "here (%s), which it would misread",
        path, texts[0], texts[1]);
}

static mnist_status load(mnist_teachers *teachers, size_t i, mnist_view images,
                         const mnist_steps *steps, mnist_error *err)
{
    const unsigned rows = images.rows, cols = images.cols;
    mnist_model **model = &teachers->models[i];
    if (mnist_model_load(model, teachers->paths[i], err) != MNIST_OK) {
        return err->status;
    }
    const unsigned inputs = mnist_mlp_shape(mnist_model_mlp(*model))->inputs;
    if (inputs != rows * cols) {
        return mnist_fail(err, MNIST_ERR_MISMATCH,
                          "%.2500s: this teacher has %u inputs, but the images have %u x %u = %u "
                          "pixels",
                          teachers->paths[i], inputs, rows, cols, rows * cols);
    }
    const unsigned outputs = mnist_mlp_shape(mnist_model_mlp(*model))->outputs;
    if (outputs != mnist_view_classes(images)) {
        return mnist_fail(err, MNIST_ERR_MISMATCH, "%.2500s: a net of %u outputs, expected %u",
                          teachers->paths[i], outputs, mnist_view_classes(images));
    }
    if (check_steps(teachers->paths[i], mnist_model_steps(*model), steps, err) != MNIST_OK) {
        return err->status;
    }
    teachers->list[i] = (mnist_teacher){mnist_model_mlp(*model), mnist_model_normalization(*model)};
    strcat(strcat(teachers->digests, i > 0 ? "," : ""), mnist_model_digest(*model));
    return MNIST_OK;
}

mnist_status mnist_teachers_load(mnist_teachers *teachers, mnist_view images,
                                 const mnist_steps *steps, mnist_error *err)
{
    const size_t count = teachers->count;
    mnist_status status = MNIST_OK;
    if (count == 0) {
        return MNIST_OK;
    }
    teachers->models = calloc(count, sizeof(mnist_model *)); // NOLINT(bugprone-sizeof-expression)
    teachers->list = calloc(count, sizeof *teachers->list);
    teachers->digests = calloc(count, MNIST_DIGEST_TEXT);
    if (!teachers->models || !teachers->list || !teachers->digests) {
        return out_of_memory(err);
    }
    for (size_t i = 0; i < count && status == MNIST_OK; i++) {
        status = load(teachers, i, images, steps, err);
    }
    return status;
}

void mnist_teachers_free(mnist_teachers *teachers)
{
    for (size_t i = 0; teachers->models && i < teachers->count; i++) {
        mnist_model_free(teachers->models[i]);
    }
    free(teachers->models);
    free(teachers->list);
    free(teachers->digests);
    free(teachers->paths);
    free(teachers->names);
    *teachers = (mnist_teachers){.names = NULL};
}
