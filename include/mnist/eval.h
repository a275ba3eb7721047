/* mnist/eval.h: how well a net does on a data set.
 *
 * A call that is given NULL instead of a pool makes one of mnist_cpu_count() threads and ends it;
 * who calls often keeps one. Its errors are then also those of mnist_pool_create. */
#ifndef MNIST_EVAL_H
#define MNIST_EVAL_H

#include <mnist/data.h>
#include <mnist/nn.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mnist_evaluation {
    size_t count;
    size_t errors;
    double loss;        /* mean cross-entropy, natural logarithm, no smoothing */
    double accuracy;    /* 1 - errors / count */
    double accuracy_se; /* standard error, sqrt(accuracy (1 - accuracy) / count) */
} mnist_evaluation;

/* The predicted class is the lowest index of the largest logit. The result does not depend on the
 * pool. Errors: MNIST_ERR_ARGUMENT (empty view), MNIST_ERR_MISMATCH (image size and net, or the
 * view's classes and the net's outputs), MNIST_ERR_MEMORY. */
mnist_status mnist_evaluate(mnist_mlp *mlp, mnist_view view,
                            const mnist_normalization *normalization, mnist_pool *pool,
                            mnist_evaluation *out, mnist_error *err);

/* Each image's class probabilities, the softmax of the logits: (view.count,
 * outputs of the net), row-major, in the caller's memory. NaN where a logit is not finite. out, if not
 * NULL, is as from mnist_evaluate; if it is NULL, labels and their classes are not looked at. Nothing depends on the pool. Errors:
 * as mnist_evaluate. */
mnist_status mnist_probabilities(mnist_mlp *mlp, mnist_view view,
                                 const mnist_normalization *normalization, mnist_pool *pool,
                                 float *probabilities, mnist_evaluation *out, mnist_error *err);

/* The logits themselves, of the same shape. Temperature scaling (mnist/metrics.h) needs them: a
 * probability that is smaller than the largest by a factor of more than e^87 is 0 as a float and
 * does not tell its logit. Errors: as mnist_evaluate. */
mnist_status mnist_logits(mnist_mlp *mlp, mnist_view view, const mnist_normalization *normalization,
                          mnist_pool *pool, float *logits, mnist_evaluation *out, mnist_error *err);

/* Adds one number to the last layer's biases of some classes (neither none nor
 * all), so that the net has the fewest errors on the view: what a net needs that was trained
 * without images of them (Hinton, Vinyals & Dean 2015, section 3). Of all numbers that leave the
 * fewest errors, offset is the middle of the widest run without any image between, or 0 if that is
 * in it; 0, too, where a logit is not finite. The view is used to choose, so figures on it are no
 * test. Errors: as mnist_evaluate. */
typedef struct mnist_bias_shift {
    float offset;
    size_t errors_before, errors; /* on the view */
} mnist_bias_shift;

mnist_status mnist_bias_calibrate(mnist_mlp *mlp, mnist_view view,
                                  const mnist_normalization *normalization, mnist_pool *pool,
                                  mnist_class_set classes, mnist_bias_shift *out, mnist_error *err);

/* Classifies images as they come, one or a few at a time: from bytes to probabilities without
 * threads, allocation or failure. The net is borrowed. */
typedef struct mnist_classifier mnist_classifier;

/* capacity: the most images of a call, >= 1. Errors: MNIST_ERR_MEMORY. */
mnist_status mnist_classifier_create(mnist_classifier **out, mnist_mlp *mlp,
                                     const mnist_normalization *normalization, size_t capacity,
                                     mnist_error *err);
void mnist_classifier_free(mnist_classifier *classifier);

/* Prepares for so many images in all: if most of the net's weights are 0, and it pays for that many,
 * calls then leave them out (mnist/sparse.h), which changes no bit. From then on the net's parameters
 * may not change. Errors: MNIST_ERR_MEMORY; the classifier is then as before. */
mnist_status mnist_classifier_expect(mnist_classifier *classifier, size_t images, mnist_error *err);

/* images (count, inputs of the net), count from 1 to capacity. probabilities (count, outputs of the
 * net) are those of mnist_probabilities, to the bit. */
void mnist_classifier_run(mnist_classifier *classifier, const uint8_t *images, size_t count,
                          float *probabilities);

/* How hidden activations' largest value, which 127 stands for, is chosen from those that the
 * calibration images give: it is the largest of all, or what makes the mean square of all errors the
 * least, where larger ones count as it. */
typedef enum mnist_range_rule {
    MNIST_RANGE_SQUARES,
    MNIST_RANGE_LARGEST,
    MNIST_RANGE_RULES /* how many there are */
} mnist_range_rule;

/* "squares", "largest"; NULL past the end. */
const char *mnist_range_rule_name(mnist_range_rule rule);

typedef struct mnist_quantize_options {
    unsigned bits; /* of weights, 2 to 8: they are within ±(2^(bits - 1) - 1); 0 stands for 8 */
    mnist_range_rule range;
} mnist_quantize_options;

/* Gives a net its integer form (mnist/integers.h) after training. Each output's weights get the
 * scale with which the largest is the largest whole number; below 8 bits, the scale with the least
 * squares of errors. But where they lie on a grid of so many bits already, to the bit, as after a
 * training that quantises (mnist/train.h), that is found and kept: no weight changes. The ranges of activations are taken from images, which should be training
 * images; labels are not read and may be NULL. The float parameters become the values that the
 * integers stand for. The result is a function of the net, the images, the normalisation and the
 * options; it does not depend on the pool or the kernels. options NULL: all defaults. Errors: as
 * mnist_evaluate; MNIST_ERR_ARGUMENT (bits; parameters that are not finite; a mean that is not 0 to
 * 1); the net is then as before. */
mnist_status mnist_mlp_quantize(mnist_mlp *mlp, mnist_view images,
                                const mnist_normalization *normalization,
                                const mnist_quantize_options *options, mnist_pool *pool,
                                mnist_error *err);

/* Several nets as one: its class probabilities are the mean of theirs (Hansen & Salamon 1990). Each
 * may have its own shape and normalisation. What the view points to is borrowed. */
typedef struct mnist_committee mnist_committee;

/* Its members will have as many outputs as the view has classes. Errors: MNIST_ERR_ARGUMENT (empty view), MNIST_ERR_MEMORY. */
mnist_status mnist_committee_create(mnist_committee **out, mnist_view view, mnist_error *err);
void mnist_committee_free(mnist_committee *committee);

/* Adds a member; its net is not needed afterwards. own, if not NULL, is the member's own
 * evaluation, as from mnist_evaluate. Errors: as mnist_evaluate; the committee is then as before.
 */
mnist_status mnist_committee_add(mnist_committee *committee, mnist_mlp *mlp,
                                 const mnist_normalization *normalization, mnist_pool *pool,
                                 mnist_evaluation *own, mnist_error *err);

/* Versions of each image: the image as it is, and count - 1 copies of it, each distorted by
 * mnist_augment_view with the seed and the copy's number, from 1, as the epoch. */
typedef struct mnist_versions {
    unsigned count; /* >= 1 */
    mnist_augmentation augmentation;
    uint64_t seed;
} mnist_versions;

/* Test-time augmentation (Krizhevsky et al. 2012): adds a member for each version of the images.
 * Asserts versions->count >= 1. Takes memory for one copy of the images. Errors: as
 * mnist_committee_add and mnist_augmenter_create; the committee then holds the members added so
 * far. */
mnist_status mnist_committee_add_versions(mnist_committee *committee, mnist_mlp *mlp,
                                          const mnist_normalization *normalization,
                                          const mnist_versions *versions, mnist_pool *pool,
                                          mnist_error *err);

/* Adds all members of another committee, which is over as many images. */
void mnist_committee_join(mnist_committee *committee, const mnist_committee *other);

size_t mnist_committee_count(const mnist_committee *committee);

/* The mean probabilities: (view.count, the view's classes), row-major, in the caller's memory. Where
 * rounding to float would make the largest equal to one of a lower index, it becomes the next
 * larger float: so the lowest index of the largest is always the class that
 * mnist_committee_evaluate counts. Asserts that there is a member. */
void mnist_committee_probabilities(const mnist_committee *committee, float *probabilities);

/* The predicted class is the lowest index of the largest mean probability, and the loss is the mean
 * of -log of the label's. Asserts that there is a member. */
void mnist_committee_evaluate(const mnist_committee *committee, mnist_evaluation *out);

#ifdef __cplusplus
}
#endif

#endif
