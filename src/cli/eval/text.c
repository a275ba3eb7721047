#include "cli/eval/emit.h"

#include "cli/shared/figures.h"
#include "cli/shared/labels.h"

#include <math.h>
#include <string.h>

/* Of what is not defined, and in its width, "-". */
static void print_share(double value, int width)
{
    if (isnan(value)) {
        printf("%*s", width, "-");
    } else {
        printf("%*.2f%%", width - 1, 100.0 * value);
    }
}

static void print_number(double value, int width)
{
    if (isnan(value)) {
        printf("%*s", width, "-");
    } else {
        printf("%*.5f", width, value);
    }
}

static void print_scores(const mnist_scores *scores)
{
    print_share(scores->precision, 10);
    print_share(scores->recall, 8);
    print_share(scores->f1, 8);
}

#define NAME_COLUMNS 24u /* at most, of a class's name */

/* Of a column of names that is at least so wide. */
static int column_of(const mnist_labels *labels, unsigned classes, unsigned least)
{
    const unsigned longest = mnist_labels_width(labels, classes, NAME_COLUMNS);
    return (int)(longest < least ? least : longest + 1);
}

static void print_average(const char *name, int column, const mnist_scores *scores,
                          const double *areas, size_t count)
{
    printf("%-*s%18s", column, name, "");
    print_scores(scores);
    for (size_t i = 0; i < count; i++) {
        print_number(areas[i], 9);
    }
    putchar('\n');
}

/* "means over the 9 classes that images have, all but 4" */
static void print_absent(const mnist_metrics *metrics, const mnist_labels *labels)
{
    if (metrics->classes_present == metrics->class_count) {
        return;
    }
    printf("means over the %u class%s that images have; none has ", metrics->classes_present,
           metrics->classes_present == 1 ? "" : "es");
    const char *between = "";
    for (unsigned c = 0; c < metrics->class_count; c++) {
        if (metrics->classes[c].support == 0) {
            char number[MNIST_LABEL_NUMBER];
            printf("%s%s", between, mnist_label_of(labels, c, number));
            between = ", ";
        }
    }
    putchar('\n');
}

/* "label among the first 2: 99.80%, 3: 99.92%, 5: 99.98%" */
static void print_top(const mnist_metrics *metrics)
{
    static const unsigned shown[] = {2, 3, 5};
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        if (shown[i] <= metrics->class_count) {
            printf("%s %u: %.2f%%", i == 0 ? "label among the first" : ",", shown[i],
                   100.0 * metrics->top_k[shown[i] - 1]);
        }
    }
    putchar('\n');
}

static void print_metrics(const mnist_metrics *metrics, const mnist_labels *labels)
{
    const int column = column_of(labels, metrics->class_count, 8);
    printf("%-*s%8s%10s%10s%8s%8s%9s%9s%9s\n", column, "class", "images", "predicted", "precision",
           "recall", "F1", "AUC", "AP", "Brier");
    for (unsigned c = 0; c < metrics->class_count; c++) {
        const mnist_class_metrics *own = &metrics->classes[c];
        mnist_label_print(labels, c, -column, stdout);
        printf("%8zu%10zu", own->support, own->predicted);
        print_scores(&own->scores);
        print_number(own->auc, 9);
        print_number(own->average_precision, 9);
        print_number(own->brier, 9);
        putchar('\n');
    }
    const double macro[] = {metrics->macro_auc, metrics->macro_average_precision,
                            metrics->macro_brier};
    print_average("macro", column, &metrics->macro, macro, 3);
    print_average("weighted", column, &metrics->weighted, &metrics->weighted_auc, 1);
    print_average("micro", column, &metrics->micro, NULL, 0);
    print_absent(metrics, labels);
    print_top(metrics);
    printf("log loss %.6f, Brier score %.6f, kappa", metrics->log_loss, metrics->brier);
    print_number(metrics->kappa, isnan(metrics->kappa) ? 2 : 8);
    printf(", MCC");
    print_number(metrics->mcc, isnan(metrics->mcc) ? 2 : 8);
    printf("\ncalibration error %.5f expected, %.5f at most; mean confidence %.2f%%\n",
           metrics->calibration.ece, metrics->calibration.mce,
           100.0 * metrics->calibration.confidence);
}

#define BAR 20 /* characters of a bar for 100 % */

static void print_calibration(const mnist_calibration *calibration)
{
    printf("%-18s%8s%12s%10s\n", "confidence", "images", "mean", "right");
    for (unsigned b = 0; b < MNIST_RELIABILITY_BINS; b++) {
        const mnist_reliability_bin *bin = &calibration->bins[b];
        printf("%6.2f to %6.2f%%%9zu", 100.0 * bin->low, 100.0 * bin->high, bin->count);
        print_share(bin->confidence, 12);
        print_share(bin->accuracy, 10);
        if (bin->count > 0 && bin->accuracy * BAR >= 0.5) {
            static const char bar[] = "####################";
            printf("  %.*s", (int)lround(bin->accuracy * BAR), bar);
        }
        putchar('\n');
    }
}

static void print_worst(const mnist_mistake *mistakes, size_t count, unsigned classes,
                        const mnist_labels *labels)
{
    const int column[] = {column_of(labels, classes, 7), column_of(labels, classes, 11)};
    printf("%10s%*s%*s%13s%18s\n", "image", column[0], "label", column[1], "taken for",
           "probability", "of the label");
    for (size_t i = 0; i < count; i++) {
        printf("%10zu", mistakes[i].index);
        mnist_label_print(labels, mistakes[i].label, column[0], stdout);
        mnist_label_print(labels, mistakes[i].predicted, column[1], stdout);
        printf("%12.4f%%%17.4f%%\n", 100.0 * (double)mistakes[i].probability,
               100.0 * (double)mistakes[i].label_probability);
    }
}

/* test_loss_before: of the test images, without it. */
static void print_temperature(const mnist_eval_temperature *scaling, double test_loss_before)
{
    printf("temperature %.6g", scaling->value);
    if (scaling->fitted_on) {
        printf("%s, fitted on %zu validation images: their loss %.6f becomes %.6f",
               scaling->fit.at_limit ? " (the limit)" : "", scaling->fitted_on, scaling->fit.before,
               scaling->fit.after);
    }
    printf("\ntest loss without it %.6f\n", test_loss_before);
}

static void print_comparison(const mnist_eval_comparison *comparison, const mnist_metrics *now)
{
    const mnist_pairing *pairing = &comparison->pairing;
    const double then = (double)(pairing->count - comparison->errors) / (double)pairing->count;
    printf("accuracy %.4f%%, of the baseline %.4f%%: %+.4f%% (95%% interval %+.4f to %+.4f%%)\n",
           100.0 * now->accuracy, 100.0 * then, 100.0 * pairing->difference,
           100.0 * pairing->difference_low, 100.0 * pairing->difference_high);
    printf("%zu right that was wrong, %zu wrong that was right: McNemar's exact p = %.4g\n",
           pairing->gained, pairing->lost, pairing->mcnemar_p);
}

/* "tta=8 ", if that is what the figures are of. */
static void print_versions(const mnist_eval_settings *settings)
{
    if (settings->tta > 1) {
        printf("tta=%u ", settings->tta);
    }
}

/* What the flags ask for, before the result line: at most 80 columns. */
static void print_measured(const mnist_eval_results *results)
{
    const mnist_eval_settings *settings = &results->models->settings;
    const mnist_eval_analysis *analysis = results->analysis;
    const mnist_labels *labels = &results->models->labels;
    if (!analysis->measured) {
        return;
    }
    if (settings->metrics) {
        print_metrics(&analysis->metrics, labels);
    }
    if (settings->calibration) {
        print_calibration(&analysis->metrics.calibration);
    }
    if (settings->worst > 0) {
        print_worst(analysis->worst, analysis->worst_count, results->models->classes, labels);
    }
    if (settings->temperature) {
        print_temperature(&analysis->temperature, results->test->all.evaluation.loss);
    }
    if (settings->baseline) {
        print_comparison(&analysis->comparison, &analysis->metrics);
    }
}

/* The files' names, which may hold blanks, end the lines before the last. */
void mnist_eval_print_text(const mnist_eval_results *results)
{
    const mnist_eval_models *models = results->models;
    const mnist_eval_settings *settings = &models->settings;
    for (size_t m = 0; models->count > 1 && m < models->count; m++) {
        const mnist_eval_figures *own = &results->test->members[m];
        print_versions(settings);
        mnist_figures_print(&own->evaluation, own->seconds);
        printf(" model=");
        mnist_print_plain(models->members[m].path, stdout);
        putchar('\n');
    }
    if (settings->confusion) {
        mnist_confusion_print(results->analysis->confusion, models->classes, &models->labels);
    }
    print_measured(results);
    if (models->count > 1) {
        printf("models=%zu ", models->count);
    }
    print_versions(settings);
    mnist_figures_print_line(&results->analysis->test, results->test->all.seconds);
}
