#include "cli/shared/figures.h"

#include "cli/options/options.h"
#include "cli/shared/labels.h"

#include <math.h>

double mnist_unsigned_nan(double value)
{
    return isnan(value) ? (double)NAN : value;
}

void mnist_figures_format(const mnist_evaluation *test, char text[MNIST_FIGURES_TEXT])
{
    snprintf(text, MNIST_FIGURES_TEXT,
             "test_loss=%.6f test_acc=%.6g test_acc_se=%.6f errors=%zu n=%zu",
             mnist_unsigned_nan(test->loss), test->accuracy, test->accuracy_se, test->errors,
             test->count);
}

void mnist_figures_print(const mnist_evaluation *test, double seconds)
{
    char text[MNIST_FIGURES_TEXT];
    mnist_figures_format(test, text);
    printf("%s seconds=%.3f", text, seconds);
}

void mnist_figures_print_line(const mnist_evaluation *test, double seconds)
{
    mnist_figures_print(test, seconds);
    putchar('\n');
}

void mnist_print_plain(const char *text, FILE *out)
{
    char plain[4 * 4096]; /* of the longest path */
    (void)mnist_plain_text(plain, sizeof plain, text);
    fputs(plain, out);
}

json_t *mnist_json_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

bool mnist_json_check_name(const char *path, mnist_error *err)
{
    json_t *name = json_string(path);
    if (!name && mnist_json_short()) {
        mnist_fail(err, MNIST_ERR_MEMORY, "out of memory");
        return false;
    }
    json_decref(name);
    return name ||
           mnist_options_fail(err, "%s: a name that is not UTF-8 cannot be written as JSON", path);
}

json_t *mnist_figures_json(const mnist_evaluation *test)
{
    return json_pack("{s:o, s:f, s:f, s:I, s:I}", "loss", mnist_json_number(test->loss), "accuracy",
                     test->accuracy, "accuracy_se", test->accuracy_se, "errors",
                     (json_int_t)test->errors, "n", (json_int_t)test->count);
}

#define NAME_COLUMNS 20u /* at most, of a row's name */

void mnist_confusion_print(const size_t *confusion, unsigned classes, const mnist_labels *labels)
{
    const unsigned longest = mnist_labels_width(labels, classes, NAME_COLUMNS);
    const int width = longest > 5 ? (int)longest : 5;
    printf("true \\ predicted\n%*s", width, "");
    for (unsigned c = 0; c < classes; c++) {
        putchar(' ');
        mnist_label_print(labels, c, 6, stdout);
    }
    printf("%9s\n", "recall");
    for (unsigned row = 0; row < classes; row++) {
        const size_t *counts = confusion + (size_t)row * classes;
        size_t total = 0;
        mnist_label_print(labels, row, width, stdout);
        for (unsigned c = 0; c < classes; c++) {
            total += counts[c];
            printf("%7zu", counts[c]);
        }
        if (total > 0) {
            printf("%8.2f%%\n", 100.0 * (double)counts[row] / (double)total);
        } else {
            printf("%9s\n", "-");
        }
    }
}

json_t *mnist_confusion_json(const size_t *confusion, unsigned classes)
{
    json_t *matrix = json_array();
    for (unsigned row = 0; row < classes; row++) {
        json_t *line = json_array();
        for (unsigned c = 0; c < classes; c++) {
            mnist_json_append(&line,
                              json_integer((json_int_t)confusion[(size_t)row * classes + c]));
        }
        mnist_json_append(&matrix, line);
    }
    return matrix;
}

void mnist_labels_json(json_t **object, const mnist_labels *labels)
{
    if (labels && labels->base > 0) {
        mnist_json_put(object, "label_base", json_integer((json_int_t)labels->base));
    }
    if (labels && labels->count > 0) {
        json_t *names = json_array();
        for (unsigned c = 0; c < labels->count; c++) {
            mnist_json_append(&names, json_string(labels->names[c]));
        }
        mnist_json_put(object, "class_names", names);
    }
}
