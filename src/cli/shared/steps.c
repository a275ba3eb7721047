#include "cli/shared/steps.h"

#include "cli/shared/option_parts.h"

#include <string.h>

#define S mnist_steps_settings

/* clang-format off */
const mnist_option mnist_steps_options[] = {
    {UNSIGNED(S, max_pixel, 0, 254), .name = "max-pixel", .zero = "255", .flags = MATHS | MNIST_OPTION_OPTIONAL,
     .help = "the data's pixels go from 0 to N: make that 0 to 255 first; kept in the model"},
    {SWITCH(S, invert), .name = "invert", .flags = MATHS | MNIST_OPTION_OPTIONAL,
     .help = "the data are dark ink on light: take 255 minus each pixel first; kept in the model"},
    {SWITCH(S, transpose), .name = "transpose", .flags = MATHS | MNIST_OPTION_OPTIONAL,
     .help = "the data lie on their side, as EMNIST's do: swap rows and columns first; kept in the model"},
};
/* clang-format on */

#undef S

HAS_LENGTH(mnist_steps_options, STEPS_OPTIONS);

mnist_steps mnist_steps_of_settings(const mnist_steps_settings *settings)
{
    mnist_steps steps = {.count = 0};
    if (settings->max_pixel > 0) {
        mnist_steps_add(&steps, MNIST_STEP_MAX_PIXEL, (float)settings->max_pixel);
    }
    if (settings->invert) {
        mnist_steps_add(&steps, MNIST_STEP_INVERT, 0.0f);
    }
    if (settings->transpose) {
        mnist_steps_add(&steps, MNIST_STEP_TRANSPOSE, 0.0f);
    }
    return steps;
}

/* Whether the user has said something of a step. */
static bool was_given(const mnist_parsed *parsed, mnist_step_kind kind)
{
    return mnist_options_origin(parsed, mnist_step_name(kind)) >= MNIST_ORIGIN_CONFIG;
}

void mnist_steps_adopt(mnist_steps_settings *settings, const mnist_steps *steps,
                       const mnist_parsed *parsed)
{
    for (unsigned i = 0; i < steps->count; i++) {
        const mnist_step *step = &steps->list[i];
        if (was_given(parsed, step->kind)) {
            continue;
        }
        switch (step->kind) {
        case MNIST_STEP_MAX_PIXEL:
            settings->max_pixel = (unsigned)step->value;
            break;
        case MNIST_STEP_INVERT:
            settings->invert = true;
            break;
        case MNIST_STEP_TRANSPOSE:
            settings->transpose = true;
            break;
        case MNIST_STEP_KINDS:
            break;
        }
    }
}

mnist_status mnist_source_apply_steps(mnist_source *source, const mnist_steps *steps,
                                      mnist_error *err)
{
    mnist_dataset *const sets[] = {source->train, source->test};
    mnist_status status = MNIST_OK;
    for (size_t i = 0; i < LENGTH(sets) && status == MNIST_OK; i++) {
        status = sets[i] ? mnist_dataset_apply_steps(sets[i], steps, err) : MNIST_OK;
    }
    return status;
}

void mnist_steps_describe(const mnist_steps *steps, char text[MNIST_STEPS_TEXT])
{
    mnist_steps_print(steps, text);
    if (!text[0]) {
        strcpy(text, "none");
    }
}
