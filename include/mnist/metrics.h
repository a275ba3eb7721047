/* mnist/metrics.h: measures of class probabilities: averages, curves, calibration, comparison.
 *
 * Everything here works on probabilities and labels and knows nothing of nets: they may come from
 * mnist_probabilities, mnist_committee_probabilities, or anywhere else. Definitions are those of
 * scikit-learn 1.2 (Pedregosa et al. 2011), whose functions are named where they are meant;
 * tests/golden/metrics_reference.py compares the numbers with theirs. All is done in double and in
 * one order: the numbers are the same on every machine.
 *
 * A figure that is not defined is NaN: all figures of a class that no image has, and the area under
 * the ROC curve of a class that all images have. Means over classes are over those for which the
 * figure is defined. */
#ifndef MNIST_METRICS_H
#define MNIST_METRICS_H

#include <mnist/data.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Borrowed. The predicted class is the lowest index of the largest probability. */
typedef struct mnist_predictions {
    const float *probabilities; /* (count, number of classes), row-major, each in [0, 1] */
    const uint8_t *labels;      /* (count), each below the number of classes */
    size_t count;
    unsigned classes; /* 0: MNIST_CLASSES; ask mnist_predictions_classes */
} mnist_predictions;

static inline unsigned mnist_predictions_classes(const mnist_predictions *predictions)
{
    return predictions->classes > 0 ? predictions->classes : MNIST_CLASSES;
}

/* Checks that there is an image, and that probabilities and labels are in range; the sums of rows
 * are not checked. All functions below that return a status begin with this. Errors:
 * MNIST_ERR_ARGUMENT, whose text names the image. */
mnist_status mnist_predictions_check(const mnist_predictions *predictions, mnist_error *err);

/* The predicted class of image i. */
unsigned mnist_predictions_top(const mnist_predictions *predictions, size_t i);

/* precision_recall_fscore_support with zero_division=0: precision and F1 are 0 for a class that
 * images have but that is never predicted. */
typedef struct mnist_scores {
    double precision; /* of the images predicted as the class, the share that has it */
    double recall;    /* of the images that have the class, the share predicted as it */
    double f1;        /* harmonic mean of the two */
} mnist_scores;

typedef struct mnist_class_metrics {
    size_t support;   /* images that have the class */
    size_t predicted; /* images predicted as it */
    mnist_scores scores;
    /* Area under the ROC curve, one class against the rest: the probability that, of an image of
     * the class and another one, the former has the larger probability of the class; ties count
     * half (Mann & Whitney 1947; by rank, in whole numbers). roc_auc_score */
    double auc;
    /* Sum, over the thresholds, of precision times gain in recall, not interpolated.
     * average_precision_score */
    double average_precision;
    double brier; /* mean squared error of the class's probability. brier_score_loss */
} mnist_class_metrics;

#define MNIST_RELIABILITY_BINS 15u

/* Images whose confidence, which is the predicted class's probability, is in (low, high]; a
 * confidence of 0 is in the first bin. */
typedef struct mnist_reliability_bin {
    double low, high;
    size_t count;
    double confidence, accuracy; /* means over the bin; NaN where it is empty */
} mnist_reliability_bin;

/* Guo, Pleiss, Sun & Weinberger 2017, "On calibration of modern neural networks", equations 3 and
 * 5: bins of equal width. */
typedef struct mnist_calibration {
    double ece; /* expected calibration error: mean of |accuracy - confidence|, weighted by count */
    double mce; /* its maximum over the bins */
    double confidence; /* mean over all images */
    mnist_reliability_bin bins[MNIST_RELIABILITY_BINS];
} mnist_calibration;

typedef struct mnist_metrics {
    size_t count, errors;
    double accuracy, accuracy_se; /* as in mnist_evaluation */
    unsigned classes_present;     /* how many classes the images have */
    unsigned class_count;         /* how many there are */
    size_t *confusion; /* (class_count, class_count): [true label][predicted]. confusion_matrix */
    mnist_class_metrics classes[MNIST_MAX_CLASSES];
    mnist_scores macro;             /* mean over the classes present */
    mnist_scores weighted;          /* the same, weighted by support */
    mnist_scores micro;             /* over all images together: all three are the accuracy */
    double macro_auc, weighted_auc; /* roc_auc_score(multi_class="ovr") */
    double macro_average_precision;
    double macro_brier; /* mean over all classes, absent ones too: brier / class_count */
    /* Share of images whose label is among the index + 1 most probable classes. Of equally probable
     * ones the lower class comes first, so that [0] is the accuracy. top_k_accuracy_score, which
     * puts the higher class first. */
    double top_k[MNIST_MAX_CLASSES];
    /* Mean of -log of the label's probability, natural logarithm. As log_loss does it in float64, a
     * probability is first limited to [e, 1 - e] with e = 2^-52, and each row is divided by its
     * sum: a probability of 0 costs 36.04. */
    double log_loss;
    double brier; /* mean of the squared error, summed over the classes (Brier 1950): 0 to 2 */
    double kappa; /* agreement beyond chance (Cohen 1960). cohen_kappa_score */
    double mcc;   /* Matthews' correlation, for several classes (Gorodkin 2004). matthews_corrcoef,
                   * which has 0 where this is NaN: where there is only one label or only one
                   * predicted class */
    mnist_calibration calibration;
} mnist_metrics;

/* *out is released with mnist_metrics_free; on failure it is zeros. Errors: as
 * mnist_predictions_check; MNIST_ERR_MEMORY. */
mnist_status mnist_metrics_compute(const mnist_predictions *predictions, mnist_metrics *out,
                                   mnist_error *err);

/* Releases what it holds and makes it zeros, which may be freed again. */
void mnist_metrics_free(mnist_metrics *metrics);

/* A curve over thresholds of one class's probability, from the highest threshold down. */
typedef struct mnist_curve {
    size_t count;      /* of points; at least 2 */
    double *x, *y;     /* (count) */
    double *threshold; /* (count): images with at least this probability are taken as the class;
                        * infinity at the first point, where none is */
} mnist_curve;

/* x is the false positive rate, y the true positive rate: from (0, 0) to (1, 1). With corners,
 * points between two steps of the same direction and length, which lie on a straight line, are left
 * out, as by roc_curve(drop_intermediate=True). Errors: as mnist_predictions_check;
 * MNIST_ERR_ARGUMENT also where no image has the class, or all have it (the curve is not defined);
 * MNIST_ERR_MEMORY. */
mnist_status mnist_roc_curve(mnist_curve **out, const mnist_predictions *predictions,
                             unsigned class_index, bool corners, mnist_error *err);

/* x is the recall, y the precision: from (0, 1), which is by definition, to recall 1 at the lowest
 * threshold; precision_recall_curve in reverse order. With corners, points are left out at which no
 * image of the class is gained and whose neighbours have the same recall: they lie on a straight
 * line. Errors: as mnist_roc_curve, but all images may have the class. */
mnist_status mnist_precision_recall_curve(mnist_curve **out, const mnist_predictions *predictions,
                                          unsigned class_index, bool corners, mnist_error *err);

void mnist_curve_free(mnist_curve *curve);

/* An image that is predicted as another class. */
typedef struct mnist_mistake {
    size_t index;
    uint8_t label, predicted;
    float probability;       /* of the predicted class */
    float label_probability; /* of the label's */
} mnist_mistake;

/* The mistakes in descending order of the predicted class's probability, equal ones by index: as
 * many as there are, at most `most`. *out is released with mnist_mistakes_free. Errors: as
 * mnist_metrics_compute. */
mnist_status mnist_mistakes_worst(mnist_mistake **out, size_t *count, size_t most,
                                  const mnist_predictions *predictions, mnist_error *err);
void mnist_mistakes_free(mnist_mistake *mistakes);

/* Temperature scaling (Guo et al. 2017): probabilities are softmax(logits / T). Logarithms of
 * probabilities can be given for logits: in each row they differ from those by one constant, which
 * changes no softmax. */
#define MNIST_TEMPERATURE_MIN 0.015625 /* 1/64 */
#define MNIST_TEMPERATURE_MAX 64.0

typedef struct mnist_temperature_fit {
    double temperature;
    double before, after; /* mean of -log of the label's probability, at 1 and at temperature */
    bool at_limit;        /* the best one is outside the limits, as where every image is right */
} mnist_temperature_fit;

/* The T of least loss. The loss is convex in 1 / T: Newton's method within a shrinking bracket
 * finds it, until steps are below 1e-12. logits (count, classes), of at most MNIST_MAX_CLASSES.
 * Errors: MNIST_ERR_ARGUMENT (no image, a logit that is not finite, a label out of range). */
mnist_status mnist_temperature_find(const float *logits, unsigned classes, const uint8_t *labels,
                                    size_t count, mnist_temperature_fit *out, mnist_error *err);

/* probabilities (count, classes) = softmax(logits / temperature); may be the same memory as
 * the logits. Asserts temperature > 0. The predicted class stays the lowest index of the largest
 * logit: where rounding to float would make its probability equal to that of a lower index, it
 * becomes the next larger float. */
void mnist_temperature_apply(const float *logits, unsigned classes, size_t count,
                             double temperature, float *probabilities);

/* logits (count, classes) = log of the probabilities; for 0, the log of the least float above 0. May
 * be the same memory. */
void mnist_log_probabilities(const float *probabilities, unsigned classes, size_t count,
                             float *logits);

/* Two sets of predictions for the same images: how often each is right. */
typedef struct mnist_pairing {
    size_t count;
    size_t both_right, both_wrong;
    size_t lost;   /* right in the first, wrong in the second */
    size_t gained; /* wrong in the first, right in the second */
    /* McNemar's test (1947), exact at every count: the two-sided binomial probability that lost +
     * gained images are divided as unevenly as these, or more so, if both ways are equally likely;
     * 1 if there are none. */
    double mcnemar_p;
    double difference; /* accuracy of the second minus that of the first */
    /* 95 % interval of the difference, by paired bootstrap (Efron & Tibshirani 1993): percentiles
     * of MNIST_BOOTSTRAP_RESAMPLES resamples of the images with replacement, a function of the
     * seed. */
    double difference_low, difference_high;
} mnist_pairing;

#define MNIST_BOOTSTRAP_RESAMPLES 10000u

/* first and second: count bytes, 1 where that prediction is right, else 0. count fits 32 bits. The
 * result does not depend on the pool. Errors: MNIST_ERR_ARGUMENT (no image, or too many),
 * MNIST_ERR_MEMORY. */
mnist_status mnist_pairing_compute(const uint8_t *first, const uint8_t *second, size_t count,
                                   uint64_t seed, mnist_pool *pool, mnist_pairing *out,
                                   mnist_error *err);

/* Only mcnemar_p of a pairing. */
double mnist_mcnemar_exact(size_t lost, size_t gained);

#ifdef __cplusplus
}
#endif

#endif
