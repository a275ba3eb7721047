/* --recipe: settings that belong together, by name. */
#include "cli/options/options.h"

#include <string.h>

const mnist_recipe *mnist_recipe_find(const mnist_program *program, const char *name)
{
    const mnist_recipe *recipe = name ? program->recipes : NULL;
    while (recipe && recipe->name && strcmp(recipe->name, name) != 0) {
        recipe++;
    }
    return recipe && recipe->name ? recipe : NULL;
}

bool mnist_recipe_apply(const mnist_program *program, const mnist_recipe *recipe, void *settings,
                        mnist_parsed *parsed, mnist_error *err)
{
    for (size_t i = 0; i < recipe->count; i++) {
        const mnist_recipe_setting *setting = &recipe->settings[i];
        mnist_option_ref ref = mnist_option_find(program, setting->option);
        char where[MNIST_OPTION_TEXT];
        snprintf(where, sizeof where, "recipe %s: --%s", recipe->name, setting->option);
        if (!ref.option) {
            return mnist_options_fail(err, "%s: there is no such option", where);
        }
        if (!mnist_option_set(ref.option, mnist_option_field(ref, settings), setting->text)) {
            return mnist_option_fail_value(ref.option, where, setting->text, err);
        }
        parsed->origin[ref.index] = MNIST_ORIGIN_RECIPE;
    }
    return true;
}
