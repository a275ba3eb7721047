#define _POSIX_C_SOURCE 200809L
#include "cli/shared/facts.h"

#include "cli/options/options.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Takes value over; NULL: memory was short for it. */
static void add(mnist_facts *facts, const char *name, char *value)
{
    if (facts->count == facts->room) {
        const size_t room = 2 * facts->room + 16;
        mnist_page_fact *items = realloc(facts->items, room * sizeof *items);
        if (items) {
            facts->items = items;
            facts->room = room;
        }
    }
    char *copy = strdup(name);
    if (!copy || !value || facts->count == facts->room) {
        free(copy);
        free(value);
        facts->failed = true;
        return;
    }
    facts->items[facts->count++] = (mnist_page_fact){copy, value};
}

void mnist_facts_add(mnist_facts *facts, const char *name, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = length >= 0 ? malloc((size_t)length + 1) : NULL;
    if (text) {
        va_start(arguments, format);
        vsnprintf(text, (size_t)length + 1, format, arguments);
        va_end(arguments);
    }
    add(facts, name, text);
}

void mnist_facts_add_json(mnist_facts *facts, json_t *object)
{
    const char *name;
    json_t *value;
    json_object_foreach (object, name, value) {
        if (json_is_string(value)) {
            mnist_facts_add(facts, name, "%s", json_string_value(value));
        } else {
            add(facts, name, mnist_json_text(value, 0));
        }
    }
}

void mnist_format_shape(const mnist_mlp *mlp, char text[MNIST_SHAPE_TEXT])
{
    const mnist_mlp_config *shape = mnist_mlp_shape(mlp);
    size_t used = (size_t)snprintf(text, MNIST_SHAPE_TEXT, "%u-", shape->inputs);
    for (unsigned l = 0; l < shape->hidden_count; l++) {
        used += (size_t)snprintf(text + used, MNIST_SHAPE_TEXT - used, "%u-", shape->hidden[l]);
    }
    snprintf(text + used, MNIST_SHAPE_TEXT - used, "%u %s", shape->outputs,
             shape->hidden_count > 0 ? mnist_activation_name(shape->activation)
                                     : "softmax regression");
}

void mnist_facts_add_net(mnist_facts *facts, const mnist_mlp *mlp,
                         const mnist_normalization *normalization)
{
    char shape[MNIST_SHAPE_TEXT];
    mnist_format_shape(mlp, shape);
    mnist_facts_add(facts, "net", "%s", shape);
    mnist_facts_add(facts, "parameters", "%zu", mnist_mlp_parameters(mlp));
    if (normalization->kind == MNIST_NORMALIZE_UNIT) {
        mnist_facts_add(facts, "normalisation", "unit");
    } else {
        char mean[MNIST_REAL_TEXT], deviation[MNIST_REAL_TEXT];
        mnist_float_format(normalization->mean, mean);
        mnist_float_format(normalization->stddev, deviation);
        mnist_facts_add(facts, "normalisation", "%s: mean %s, deviation %s",
                        mnist_normalization_name(normalization->kind), mean, deviation);
    }
}

void mnist_facts_add_steps(mnist_facts *facts, const mnist_steps *steps)
{
    char text[MNIST_STEPS_TEXT];
    mnist_steps_print(steps, text);
    if (text[0]) {
        mnist_facts_add(facts, "steps from stored pixels", "%s", text);
    }
}

void mnist_facts_free(mnist_facts *facts)
{
    for (size_t i = 0; i < facts->count; i++) {
        free((char *)facts->items[i].name);
        free((char *)facts->items[i].value);
    }
    free(facts->items);
    *facts = (mnist_facts){.items = NULL};
}

mnist_page_facts mnist_facts_list(const mnist_facts *facts)
{
    return (mnist_page_facts){facts->items, facts->count};
}
