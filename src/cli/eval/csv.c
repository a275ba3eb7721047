#define _POSIX_C_SOURCE 200809L
#include "cli/eval/emit.h"

#include <mnist/io.h>
#include <stdlib.h>
#include <string.h>

/* Where a line stands. */
typedef struct place {
    FILE *out;
    const char *section;
    long long class_index, item; /* below 0: none */
} place;

static void print_value(const place *at, const char *metric, const json_t *value)
{
    fprintf(at->out, "%s,", at->section);
    if (at->class_index >= 0) {
        fprintf(at->out, "%lld", at->class_index);
    }
    fputc(',', at->out);
    if (at->item >= 0) {
        fprintf(at->out, "%lld", at->item);
    }
    fprintf(at->out, ",%s,", metric);
    if (json_is_integer(value)) {
        fprintf(at->out, "%lld", (long long)json_integer_value(value));
    } else if (json_is_real(value)) {
        fprintf(at->out, "%.17g", json_real_value(value));
    } else if (json_is_boolean(value)) {
        fputc(json_is_true(value) ? '1' : '0', at->out);
    }
    fputc('\n', at->out);
}

/* The members of an object that are single numbers. */
static void print_numbers(const place *at, const json_t *object)
{
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)object, key, value) {
        if (!json_is_object(value) && !json_is_array(value) && !json_is_string(value) &&
            strcmp(key, "class") != 0) {
            print_value(at, key, value);
        }
    }
}

static void print_section(FILE *out, const char *section, const json_t *object)
{
    const place at = {out, section, -1, -1};
    print_numbers(&at, object);
}

/* base: of the numbers of classes. */
static void print_classes(FILE *out, const json_t *metrics, long long base)
{
    const json_t *classes = json_object_get(metrics, "classes"),
                 *confusion = json_object_get(metrics, "confusion");
    size_t c, predicted;
    json_t *value, *row;
    json_array_foreach (classes, c, value) {
        const place at = {out, "class", (long long)c + base, -1};
        print_numbers(&at, value);
    }
    json_array_foreach (confusion, c, row) {
        json_array_foreach (row, predicted, value) {
            const place at = {out, "confusion", (long long)c + base, (long long)predicted + base};
            print_value(&at, "images", value);
        }
    }
}

static void print_metrics(FILE *out, const json_t *metrics, long long base)
{
    static const char *const averages[] = {"macro", "weighted", "micro", "calibration"};
    size_t i;
    json_t *value;
    print_section(out, "metrics", metrics);
    for (i = 0; i < sizeof averages / sizeof *averages; i++) {
        print_section(out, averages[i], json_object_get(metrics, averages[i]));
    }
    print_classes(out, metrics, base);
    json_array_foreach (json_object_get(metrics, "top_k"), i, value) {
        const place at = {out, "top_k", -1, (long long)i + 1};
        print_value(&at, "accuracy", value);
    }
    json_array_foreach (json_object_get(json_object_get(metrics, "calibration"), "bins"), i,
                        value) {
        const place at = {out, "reliability", -1, (long long)i};
        print_numbers(&at, value);
    }
}

/* Point by point. */
static void print_curve(FILE *out, const char *section, size_t c, const json_t *curve)
{
    const size_t count = json_array_size(json_object_get(curve, "threshold"));
    for (size_t i = 0; i < count; i++) {
        const place at = {out, section, (long long)c, (long long)i};
        const char *key;
        json_t *values;
        json_object_foreach ((json_t *)curve, key, values) {
            print_value(&at, key, json_array_get(values, i));
        }
    }
}

void mnist_eval_print_csv(const json_t *document, FILE *out)
{
    size_t i;
    json_t *value;
    const long long base = json_integer_value(json_object_get(document, "label_base"));
    fputs("section,class,item,metric,value\n", out);
    print_section(out, "test", json_object_get(document, "test"));
    print_metrics(out, json_object_get(document, "metrics"), base);
    print_section(out, "temperature", json_object_get(document, "temperature"));
    print_section(out, "baseline", json_object_get(document, "baseline"));
    json_array_foreach (json_object_get(document, "worst"), i, value) {
        const place at = {out, "worst", -1, (long long)i};
        print_numbers(&at, value);
    }
    json_array_foreach (json_object_get(document, "curves"), i, value) {
        print_curve(out, "roc", i + (size_t)base, json_object_get(value, "roc"));
        print_curve(out, "precision_recall", i + (size_t)base,
                    json_object_get(value, "precision_recall"));
    }
}

mnist_status mnist_eval_write_predictions(const char *path, const mnist_predictions *predictions,
                                          unsigned base, mnist_error *err)
{
    const unsigned classes = mnist_predictions_classes(predictions);
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    /* a stream in memory that runs short may not set its error flag */
    bool complete = out && fputs("index,label,predicted", out) >= 0;
    for (unsigned c = 0; complete && c < classes; c++) {
        complete = fprintf(out, ",p%u", c + base) >= 0;
    }
    complete = complete && fputc('\n', out) != EOF;
    for (size_t i = 0; complete && i < predictions->count; i++) {
        complete = fprintf(out, "%zu,%u,%u", i, predictions->labels[i] + base,
                           mnist_predictions_top(predictions, i) + base) >= 0;
        for (unsigned c = 0; complete && c < classes; c++) {
            complete =
                fprintf(out, ",%.9g", (double)predictions->probabilities[i * classes + c]) >= 0;
        }
        complete = complete && fputc('\n', out) != EOF;
    }
    mnist_status status = MNIST_ERR_MEMORY;
    if (out && fclose(out) == 0 && complete && text) {
        status = mnist_output_write(path, text, size, err);
    } else {
        mnist_fail(err, status, "out of memory for the predictions");
    }
    free(text);
    return status;
}
