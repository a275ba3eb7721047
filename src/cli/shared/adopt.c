#include "cli/shared/adopt.h"

#include <string.h>

const char *const mnist_adopted[MNIST_ADOPTED] = {"dataset", "synthetic-test", "data-seed"};

bool mnist_adopt_parse(const char *text, const char *path, json_t **options, mnist_error *err)
{
    *options = NULL;
    if (!text) {
        return true;
    }
    if (strlen(text) > MNIST_ADOPT_LIMIT) {
        return mnist_options_fail(err,
                                  "%s: the options in its metadata are %zu bytes, expected at "
                                  "most %zu",
                                  path, strlen(text), MNIST_ADOPT_LIMIT);
    }
    bool memory;
    json_error_t error;
    *options = mnist_json_parse(text, strlen(text), &memory, &error);
    if (memory) {
        mnist_fail(err, MNIST_ERR_MEMORY, "%s: out of memory for the options in its metadata",
                   path);
        return false;
    }
    if (!json_is_object(*options)) {
        json_decref(*options);
        *options = NULL;
        return mnist_options_fail(err, "%s: the options in its metadata are no JSON object", path);
    }
    return true;
}

bool mnist_adopt_training(const json_t *options, const char *path, const char *const names[],
                          size_t count, mnist_training_settings *told, mnist_error *err)
{
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_object_get(options, names[i]);
        char where[600];
        snprintf(where, sizeof where, "%.500s: option %s in its metadata", path, names[i]);
        if (value && !mnist_option_set_json(mnist_option_find(&mnist_training_options, names[i]),
                                            where, value, told, err)) {
            return false;
        }
    }
    return true;
}

bool mnist_adopt_data(const json_t *options, const char *path, const mnist_parsed *parsed,
                      void *settings, const mnist_data_settings *data, mnist_error *err)
{
    /* Files that the user names are read, whatever data set the model states. */
    bool files_given = data->test_images || data->data_dir;
    for (size_t i = 0; i < MNIST_ADOPTED; i++) {
        const json_t *value = json_object_get(options, mnist_adopted[i]);
        mnist_option_ref ref = mnist_option_find(parsed->program, mnist_adopted[i]);
        if (!value || mnist_options_was_given(parsed, mnist_adopted[i]) ||
            (files_given && strcmp(mnist_adopted[i], "dataset") == 0)) {
            continue;
        }
        char where[600];
        snprintf(where, sizeof where, "%.500s: option %s in its metadata", path, mnist_adopted[i]);
        if (!mnist_option_set_json(ref, where, value, settings, err)) {
            return false;
        }
        if (data->synthetic_test > MNIST_ADOPT_IMAGES &&
            !mnist_options_was_given(parsed, "synthetic-test")) {
            return mnist_options_fail(err,
                                      "%s: its metadata ask for %zu synthetic test images; to have "
                                      "more than %u, say --synthetic-test",
                                      path, data->synthetic_test, MNIST_ADOPT_IMAGES);
        }
    }
    return true;
}

bool mnist_adopt_augmentation(const json_t *options, const char *path, const char *given,
                              mnist_augmentation *out, mnist_error *err)
{
    mnist_error why;
    const char *text = given ? given : json_string_value(json_object_get(options, "augment"));
    if (mnist_augmentation_parse(out, text ? text : "none", &why) != MNIST_OK) {
        return mnist_options_fail(err, "%.2500s: option augment in its metadata: %.2500s", path,
                                  why.text);
    }
    return true;
}
