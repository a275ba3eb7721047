#define _POSIX_C_SOURCE 200809L
#include "cli/eval/emit.h"
#include "cli/shared/figures.h"
#include "cli/shared/gate.h"

#include <stdlib.h>

#define REAL(value) mnist_json_number(value)

static json_t *count_json(size_t count)
{
    return json_integer((json_int_t)count);
}

static json_t *scores_json(const mnist_scores *scores)
{
    return json_pack("{s:o, s:o, s:o}", "precision", REAL(scores->precision), "recall",
                     REAL(scores->recall), "f1", REAL(scores->f1));
}

static json_t *class_json(const mnist_metrics *metrics, unsigned c, const mnist_labels *labels)
{
    const mnist_class_metrics *own = &metrics->classes[c];
    return json_pack("{s:i, s:s*, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "class",
                     (int)(c + labels->base), "name", c < labels->count ? labels->names[c] : NULL,
                     "support", count_json(own->support), "predicted", count_json(own->predicted),
                     "precision", REAL(own->scores.precision), "recall", REAL(own->scores.recall),
                     "f1", REAL(own->scores.f1), "auc", REAL(own->auc), "average_precision",
                     REAL(own->average_precision), "brier", REAL(own->brier));
}

static json_t *calibration_json(const mnist_calibration *calibration)
{
    json_t *bins = json_array();
    for (unsigned b = 0; b < MNIST_RELIABILITY_BINS; b++) {
        const mnist_reliability_bin *bin = &calibration->bins[b];
        mnist_json_append(&bins, json_pack("{s:f, s:f, s:o, s:o, s:o}", "low", bin->low, "high",
                                           bin->high, "count", count_json(bin->count), "confidence",
                                           REAL(bin->confidence), "accuracy", REAL(bin->accuracy)));
    }
    return json_pack("{s:f, s:f, s:f, s:o}", "ece", calibration->ece, "mce", calibration->mce,
                     "confidence", calibration->confidence, "bins", bins);
}

json_t *mnist_eval_metrics_json(const mnist_metrics *metrics, const mnist_labels *labels)
{
    json_t *classes = json_array(), *top_k = json_array();
    for (unsigned c = 0; c < metrics->class_count; c++) {
        mnist_json_append(&classes, class_json(metrics, c, labels));
        mnist_json_append(&top_k, json_real(metrics->top_k[c]));
    }
    json_t *macro = scores_json(&metrics->macro), *weighted = scores_json(&metrics->weighted);
    mnist_json_put(&macro, "auc", REAL(metrics->macro_auc));
    mnist_json_put(&macro, "average_precision", REAL(metrics->macro_average_precision));
    mnist_json_put(&macro, "brier", REAL(metrics->macro_brier));
    mnist_json_put(&weighted, "auc", REAL(metrics->weighted_auc));
    return json_pack("{s:i, s:o, s:o, s:o, s:o, s:o, s:f, s:f, s:o, s:o, s:o, s:o}",
                     "classes_present", (int)metrics->classes_present, "classes", classes, "macro",
                     macro, "weighted", weighted, "micro", scores_json(&metrics->micro), "top_k",
                     top_k, "log_loss", metrics->log_loss, "brier", metrics->brier, "kappa",
                     REAL(metrics->kappa), "mcc", REAL(metrics->mcc), "confusion",
                     mnist_confusion_json(metrics->confusion, metrics->class_count), "calibration",
                     calibration_json(&metrics->calibration));
}

/* {x, y, "threshold"} of a curve, which is released; null for none. */
static json_t *curve_json(mnist_curve *curve, const char *x, const char *y)
{
    if (!curve) {
        return json_null();
    }
    json_t *xs = json_array(), *ys = json_array(), *thresholds = json_array();
    for (size_t i = 0; i < curve->count; i++) {
        mnist_json_append(&xs, json_real(curve->x[i]));
        mnist_json_append(&ys, json_real(curve->y[i]));
        mnist_json_append(&thresholds, REAL(curve->threshold[i]));
    }
    mnist_curve_free(curve);
    return json_pack("{s:o, s:o, s:o}", x, xs, y, ys, "threshold", thresholds);
}

/* An array of "class", "roc" and "precision_recall", corners only; null where there is no curve. */
static json_t *curves_json(const mnist_predictions *predictions, unsigned base)
{
    json_t *curves = json_array();
    for (unsigned c = 0; c < mnist_predictions_classes(predictions); c++) {
        mnist_curve *roc, *pr;
        mnist_status first = mnist_roc_curve(&roc, predictions, c, true, NULL),
                     second = mnist_precision_recall_curve(&pr, predictions, c, true, NULL);
        mnist_json_append(&curves, json_pack("{s:i, s:o, s:o}", "class", (int)(c + base), "roc",
                                             curve_json(roc, "fpr", "tpr"), "precision_recall",
                                             curve_json(pr, "recall", "precision")));
        if (first == MNIST_ERR_MEMORY || second == MNIST_ERR_MEMORY) {
            json_decref(curves);
            return NULL;
        }
    }
    return curves;
}

static json_t *worst_json(const mnist_mistake *mistakes, size_t count, unsigned base)
{
    json_t *worst = json_array();
    for (size_t i = 0; i < count; i++) {
        mnist_json_append(&worst, json_pack("{s:o, s:i, s:i, s:f, s:f}", "index",
                                            count_json(mistakes[i].index), "label",
                                            (int)(mistakes[i].label + base), "predicted",
                                            (int)(mistakes[i].predicted + base), "probability",
                                            (double)mistakes[i].probability, "label_probability",
                                            (double)mistakes[i].label_probability));
    }
    return worst;
}

/* test_loss_before: of the test images, without it. */
static json_t *temperature_json(const mnist_eval_temperature *scaling, double test_loss_before)
{
    json_t *object = json_pack("{s:f, s:o}", "value", scaling->value, "fitted_on",
                               scaling->fitted_on ? count_json(scaling->fitted_on) : json_null());
    if (scaling->fitted_on) {
        mnist_json_put(&object, "validation_loss_before", REAL(scaling->fit.before));
        mnist_json_put(&object, "validation_loss_after", REAL(scaling->fit.after));
        mnist_json_put(&object, "at_limit", json_boolean(scaling->fit.at_limit));
    }
    mnist_json_put(&object, "test_loss_before", REAL(test_loss_before));
    return object;
}

json_t *mnist_eval_comparison_json(const mnist_eval_comparison *comparison)
{
    const mnist_pairing *pairing = &comparison->pairing;
    return json_pack(
        "{s:s, s:o, s:f, s:f, s:f, s:f, s:o, s:o, s:o, s:o, s:f, s:o, s:o, s:f, s:b}", "file",
        comparison->path, "errors", count_json(comparison->errors), "accuracy",
        (double)(pairing->count - comparison->errors) / (double)pairing->count, "difference",
        pairing->difference, "difference_low", pairing->difference_low, "difference_high",
        pairing->difference_high, "both_right", count_json(pairing->both_right), "both_wrong",
        count_json(pairing->both_wrong), "lost", count_json(pairing->lost), "gained",
        count_json(pairing->gained), "mcnemar_p", pairing->mcnemar_p, "resamples",
        count_json(MNIST_BOOTSTRAP_RESAMPLES), "seed", mnist_json_whole(comparison->seed),
        "tolerance", comparison->tolerance, "passed", comparison->passed);
}

/* All errors as a text, "index:predicted index:predicted …", in the order of the images: what a later
 * --baseline compares with. */
static json_t *mistakes_json(const mnist_predictions *predictions, unsigned base)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    const char *between = "";
    bool good = out != NULL; /* a stream in memory that runs short may not set its error flag */
    for (size_t i = 0; good && i < predictions->count; i++) {
        const unsigned top = mnist_predictions_top(predictions, i);
        if (top != predictions->labels[i]) {
            good = fprintf(out, "%s%zu:%u", between, i, top + base) >= 0;
            between = " ";
        }
    }
    json_t *mistakes = out && fclose(out) == 0 && good && text ? json_string(text) : NULL;
    free(text);
    return mistakes;
}

/* What computed the net, where it was not the ordinary floats' kernels alone; else NULL. */
static const char *special_kernels(const mnist_mlp *mlp, size_t images, char text[64])
{
    if (mnist_mlp_has_integers(mlp, NULL)) {
        return mnist_integers_kernels_name();
    }
    const unsigned sparse = mnist_mlp_sparse_layers(mlp, images, NULL);
    snprintf(text, 64, "%s, sparse in %u of %u layers", mnist_kernels_name(), sparse,
             mnist_mlp_layers(mlp));
    return sparse > 0 ? text : NULL;
}

static json_t *model_json(const mnist_eval_results *results, const mnist_eval_member *member)
{
    const mnist_mlp *mlp = mnist_model_mlp(member->model);
    char kernels[64];
    return json_pack("{s:s, s:I, s:s, s:s*, s:s*, s:s*}", "file", member->path, "parameters",
                     (json_int_t)mnist_mlp_parameters(mlp), "sha256",
                     mnist_model_digest(member->model), "weights",
                     mnist_model_metadata(member->model, "weights"), "kernels",
                     special_kernels(mlp, results->test->all.evaluation.count, kernels), "augment",
                     results->models->settings.tta > 1 ? member->augment : NULL);
}

/* Each with what it does alone. */
static json_t *models_json(const mnist_eval_results *results)
{
    json_t *models = json_array();
    for (size_t m = 0; m < results->models->count; m++) {
        json_t *model = model_json(results, &results->models->members[m]);
        mnist_json_put(&model, "test", mnist_figures_json(&results->test->members[m].evaluation));
        mnist_json_append(&models, model);
    }
    return models;
}

/* What is made from the probabilities. */
static void add_measured(const mnist_eval_results *results, json_t **doc)
{
    const mnist_eval_settings *settings = &results->models->settings;
    const mnist_eval_analysis *analysis = results->analysis;
    const mnist_labels *labels = &results->models->labels;
    if (!analysis->measured) {
        mnist_json_put(doc, "metrics", json_null());
        return;
    }
    mnist_json_put(doc, "metrics", mnist_eval_metrics_json(&analysis->metrics, labels));
    mnist_json_put(doc, "mistakes", mistakes_json(&analysis->predictions, labels->base));
    if (settings->temperature) {
        mnist_json_put(
            doc, "temperature",
            temperature_json(&analysis->temperature, results->test->all.evaluation.loss));
    }
    if (settings->worst > 0) {
        mnist_json_put(doc, "worst",
                       worst_json(analysis->worst, analysis->worst_count, labels->base));
    }
    if (settings->curves) {
        mnist_json_put(doc, "curves", curves_json(&analysis->predictions, labels->base));
    }
    if (settings->baseline) {
        mnist_json_put(doc, "baseline", mnist_eval_comparison_json(&analysis->comparison));
    }
}

/* "model", or of several "models"; all else is alike. */
json_t *mnist_eval_document(const mnist_eval_results *results)
{
    const mnist_eval_settings *settings = &results->models->settings;
    const mnist_evaluation *test = &results->analysis->test;
    const mnist_data_digests *digests = &results->inputs->digests;
    const bool several = results->models->count > 1;
    json_t *doc = json_pack(
        "{s:s, s:s, s:o, s:{s:{s:I, s:s, s:s}}, s:o, s:f, s:o}", "schema", "mnist-eval/1",
        "version", mnist_version(), several ? "models" : "model",
        several ? models_json(results) : model_json(results, &results->models->members[0]), "data",
        "test", "n", (json_int_t)test->count, "images_sha256", digests->images, "labels_sha256",
        digests->labels, "test", mnist_figures_json(test), "seconds", results->test->all.seconds,
        "gate", mnist_gate_json(&settings->gate, test->accuracy, test->loss));
    if (settings->tta > 1) {
        mnist_json_put(&doc, "tta", json_integer((json_int_t)settings->tta));
        mnist_json_put(&doc, "seed", mnist_json_whole(settings->seed));
    }
    if (settings->confusion) {
        mnist_json_put(
            &doc, "confusion",
            mnist_confusion_json(results->analysis->confusion, results->models->classes));
    }
    mnist_labels_json(&doc, &results->models->labels);
    add_measured(results, &doc);
    if (results->notes) {
        mnist_notes_put_json(results->notes, &doc);
    }
    return doc;
}
