#include "cli/train/remarks.h"

#include "cli/shared/sanity.h"

#include <math.h>
#include <string.h>

/* Pixels. */

static void remark_range(mnist_session *s, const mnist_looks *looks)
{
    const unsigned told = s->settings->training.steps.max_pixel;
    if (s->stored_largest > told) {
        mnist_note(
            &s->notes,
            "--max-pixel %u, but there are pixels of %u in the training images: all above %u "
            "become 255",
            told, s->stored_largest, told);
    }
    if (looks->largest == 0) {
        mnist_note(&s->notes, "every pixel of the training images is 0%s",
                   s->steps.count > 0 ? ", after the steps" : "");
    } else if (looks->largest <= MNIST_DIM) {
        mnist_note(
            &s->notes,
            "the largest pixel of the training images is %u, not 255; --max-pixel %u stretches "
            "them, also where the model is used",
            looks->largest, looks->largest);
    }
}

static void remark_ink(mnist_session *s, const mnist_looks *looks)
{
    const double mean = looks->mean * looks->largest;
    if (looks->mean <= MNIST_BRIGHT) {
        return;
    }
    if (s->settings->training.steps.invert) {
        mnist_note(
            &s->notes,
            "after --invert the training images are bright (mean pixel %.0f of %u): they are "
            "light ink on dark without it",
            mean, looks->largest);
    } else {
        mnist_note(
            &s->notes,
            "the training images are bright (mean pixel %.0f of %u), as dark ink on light is; "
            "--invert makes them light on dark, which nets learn better and mnist-predict "
            "expects",
            mean, looks->largest);
    }
}

/* Files that are not used by mistake differ in their first bytes, so that this costs nothing. */
static void remark_same_images(mnist_session *s)
{
    const mnist_view all = mnist_dataset_view(s->source.train), test = s->test;
    const size_t bytes = test.count * test.rows * test.cols;
    if (test.count <= all.count && test.rows == all.rows && test.cols == all.cols &&
        memcmp(test.images, all.images, bytes) == 0) {
        mnist_note(
            &s->notes,
            "the test images are %s: test_acc will tell how many are remembered, not how many "
            "others the net reads",
            test.count == all.count ? "the training images" : "the first of the training images");
    }
}

void mnist_remark_data(mnist_session *s)
{
    const mnist_looks looks = mnist_look_at(s->train);
    remark_range(s, &looks);
    remark_ink(s, &looks);
    s->looks_wrong = s->notes.count > 0;
    if (s->source.test) {
        remark_same_images(s);
    }
}

/* Results. */

/* "seed 7: " where several nets are trained. */
static void name_run(const mnist_session *s, const mnist_run_result *result, char text[48])
{
    text[0] = '\0';
    if (mnist_session_runs(s->settings) > 1) {
        snprintf(text, 48, "seed %llu: ", (unsigned long long)result->seed);
    }
}

/* Why a net that has learned its training images is at chance on the test images. */
static void remark_other_images(mnist_session *s, mnist_mlp *mlp, const mnist_run_result *result)
{
    mnist_advice advice;
    char run[48], flags[MNIST_FLAGS_TEXT], cause[MNIST_FLAGS_TEXT + 200];
    name_run(s, result, run);
    snprintf(
        cause, sizeof cause,
        "the test images or their labels are not like those of the training, or its %zu images "
        "are too few",
        s->train.count);
    if (mnist_advice_find(&advice, mlp, s->test, &s->normalization, s->pool)) {
        mnist_advice_flags(&advice.steps, flags);
        snprintf(cause, sizeof cause,
                 "the test images are stored otherwise than the training images: of %zu it reads "
                 "%.3g %% after the steps of %s",
                 advice.images, 100.0 * advice.improved, flags);
    }
    mnist_note(&s->notes,
               "%sthe net is at chance on the test images (test_acc %.6g), but had %.3g %% of the "
               "training images right: %s",
               run, result->test.accuracy, 100.0 * result->train_accuracy, cause);
}

/* Why a net has learned nothing. */
static void remark_nothing_learned(mnist_session *s, unsigned classes,
                                   const mnist_run_result *result)
{
    const double guessing = log((double)classes);
    const bool exploded = result->largest_loss > 1.1 * guessing;
    char run[48], rate[MNIST_REAL_TEXT], cause[256];
    name_run(s, result, run);
    mnist_float_format(s->settings->training.config.schedule.lr, rate);
    snprintf(cause, sizeof cause, "the likely cause is what was noted of the training images");
    if (!s->looks_wrong) {
        snprintf(cause, sizeof cause,
                 "likely causes: an --lr that is %s (%s)%s, or labels that are not those of the "
                 "images",
                 exploded ? "too high" : "too high or too low", rate,
                 exploded ? "" : ", too few --epochs, pixels that need --normalize standard");
    }
    mnist_note(&s->notes,
               "%sthe net is at chance: test_acc %.6g, test_loss %.4g, where guessing has ln(%u) = "
               "%.4g; %s",
               run, result->test.accuracy, result->test.loss, classes, guessing, cause);
}

mnist_status mnist_remark_result(mnist_session *s, mnist_mlp *mlp, const mnist_run_result *result,
                                 mnist_error *err)
{
    const mnist_evaluation *test = &result->test;
    const unsigned classes = mnist_mlp_shape(mlp)->outputs;
    if (!mnist_is_chance(s->test, test->accuracy)) {
        return MNIST_OK;
    }
    if (mnist_has_exploded(classes, result->largest_loss, result->train_accuracy)) {
        return mnist_fail(
            err, MNIST_ERR_DIVERGED,
            "training diverged: an epoch had a mean loss of %.3g, where guessing has "
            "%.3g, and the net is at chance (test accuracy %.4g); try a lower --lr, a "
            "longer --warmup or --clip-norm 1",
            result->largest_loss, log((double)classes), test->accuracy);
    }
    if (mnist_class_set_count(&s->settings->training.omitted) > 0) {
        return MNIST_OK; /* it cannot know classes that it has not seen */
    }
    if (result->train_accuracy > MNIST_BAD_ACCURACY) {
        remark_other_images(s, mlp, result);
    } else {
        remark_nothing_learned(s, classes, result);
    }
    return MNIST_OK;
}
