/* --config files: the input is one. What a file sets is printed as --print-config does it, and what
 * is printed must read back to the same. */
#define _POSIX_C_SOURCE 200809L
#include "config_check.h"
#include "fuzz.h"

#include "cli/train/settings.h"

static bool apply_config(const char *text, size_t size, mnist_train_settings *settings,
                         mnist_parsed *parsed, mnist_error *err)
{
    const mnist_program *program = &mnist_train_program;
    *settings = mnist_train_settings_defaults();
    *parsed = (mnist_parsed){.program = program};
    if (!mnist_options_parse_config(text, size, "config\x1b\n", parsed, err)) {
        return false;
    }
    const mnist_recipe *recipe =
        mnist_recipe_find(program, json_string_value(json_object_get(parsed->config, "recipe")));
    if ((recipe && !mnist_recipe_apply(program, recipe, settings, parsed, err)) ||
        !mnist_options_apply_config(program, "config\x1b\n", settings, parsed, err)) {
        return false;
    }
    program->settle(settings, parsed);
    return program->validate(settings, parsed, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mnist_train_settings settings, again;
    mnist_parsed parsed, reparsed;
    mnist_error err;
    char *text = text_of(data, size);
    if (!apply_config(text, size, &settings, &parsed, &err)) {
        check_failure(MNIST_ERR_ARGUMENT, &err);
    } else if (chosen(data, size, 4)) {
        char *printed = print_config(&mnist_train_program, &settings);
        PROMISED(apply_config(printed, strlen(printed), &again, &reparsed, &err));
        char *twice = print_config(&mnist_train_program, &again);
        PROMISED(strcmp(printed, twice) == 0);
        free(printed);
        free(twice);
        mnist_options_free(&reparsed);
    }
    mnist_options_free(&parsed);
    free(text);
    return 0;
}
