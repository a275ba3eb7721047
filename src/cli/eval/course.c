#include "cli/eval/course.h"

#include "cli/shared/adopt.h"
#include "cli/options/options.h"
#include "cli/shared/facts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_IMAGES ((uint64_t)1 << 40) /* of a training: steps of all epochs are then a number */

/* What the model says. */

/* Digits alone, as mnist-train writes numbers into metadata. */
static bool read_digits(const char *text, uint64_t *out)
{
    *out = 0;
    for (const char *c = text; c && *c; c++) {
        const uint64_t digit = (uint64_t)(*c - '0');
        if (*c < '0' || *c > '9' || *out > (UINT64_MAX - digit) / 10) {
            return false;
        }
        *out = 10 * *out + digit;
    }
    return text && *text;
}

bool mnist_course_plan_read(mnist_course_plan *out, const json_t *options, const char *seed,
                            const char *trained_on, const char *path, mnist_error *err)
{
    static const char *const names[] = {"epochs", "batch-size",  "lr",         "schedule",
                                        "warmup", "step-factor", "step-count", "keep"};
    mnist_training_settings told = mnist_training_defaults();
    *out = (mnist_course_plan){.path = path};
    out->has_seed = read_digits(seed, &out->seed);
    out->known =
        read_digits(trained_on, &out->images) && out->images >= 1 && out->images <= MOST_IMAGES;
    if (!mnist_adopt_training(options, path, names, sizeof names / sizeof *names, &told, err)) {
        return false;
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        out->known = out->known && json_object_get(options, names[i]);
    }
    out->batch_size = told.config.batch_size;
    out->epochs = told.config.epochs;
    out->schedule = told.config.schedule;
    out->keeps_best = told.config.keep == MNIST_KEEP_BEST;
    return true;
}

/* What the log says. */

typedef struct collection {
    const mnist_course_plan *plan;
    const char *path;
    bool begun;
    uint64_t seed; /* of the run that is taken, once begun */
    bool has_other;
    uint64_t other; /* seed of a run that is not */
    mnist_log_record *epochs;
    size_t epoch_count, epoch_room;
    mnist_page_point *points; /* one a logged step */
    size_t point_count, point_room;
} collection;

/* The items, with room for one more; NULL: memory is short, and they are where they were. */
static void *grow(void *items, size_t count, size_t *room, size_t size, const char *path,
                  mnist_error *err)
{
    if (count < *room) {
        return items;
    }
    const size_t wanted = *room > 0 ? 2 * *room : 64;
    void *grown = realloc(items, wanted * size);
    if (grown) {
        *room = wanted;
    } else {
        mnist_fail(err, MNIST_ERR_MEMORY, "%s: out of memory for the course of a training", path);
    }
    return grown;
}

static mnist_status take_epoch(collection *c, const mnist_log_record *record, mnist_error *err)
{
    mnist_log_record *epochs =
        grow(c->epochs, c->epoch_count, &c->epoch_room, sizeof *epochs, c->path, err);
    if (!epochs) {
        return err->status;
    }
    c->epochs = epochs;
    c->epochs[c->epoch_count++] = *record;
    return MNIST_OK;
}

static mnist_status take_step(collection *c, const mnist_log_record *record, mnist_error *err)
{
    mnist_page_point *points =
        grow(c->points, c->point_count, &c->point_room, sizeof *points, c->path, err);
    if (!points) {
        return err->status;
    }
    c->points = points;
    c->points[c->point_count++] = (mnist_page_point){record->step, record->train_loss};
    return MNIST_OK;
}

static mnist_status take(void *context, const mnist_log_record *record, mnist_error *err)
{
    collection *c = context;
    if (!c->begun && (!c->plan->has_seed || record->seed == c->plan->seed)) {
        c->begun = true;
        c->seed = record->seed;
    }
    if (!c->begun || record->seed != c->seed) {
        c->has_other = true;
        c->other = record->seed;
        if (c->begun && !c->plan->has_seed) {
            return mnist_fail(err, MNIST_ERR_MISMATCH,
                              "%s: has runs of seeds %llu and %llu, and %.2500s does not say "
                              "which is its own",
                              c->path, (unsigned long long)c->seed,
                              (unsigned long long)record->seed, c->plan->path);
        }
        return MNIST_OK;
    }
    return record->is_epoch ? take_epoch(c, record, err) : take_step(c, record, err);
}

static mnist_status check_run(const collection *c, mnist_error *err)
{
    const mnist_course_plan *plan = c->plan;
    if (c->epoch_count == 0 && c->has_other && !c->begun) {
        return mnist_fail(err, MNIST_ERR_MISMATCH,
                          "%.2500s: has no run of seed %llu, which %.2500s was trained with, but "
                          "one of %llu; is it the log of another training?",
                          c->path, (unsigned long long)plan->seed, plan->path,
                          (unsigned long long)c->other);
    }
    if (c->epoch_count == 0) {
        return mnist_fail(err, MNIST_ERR_FORMAT,
                          "%s: has no epoch that is over, expected one at least", c->path);
    }
    for (size_t i = 1; i < c->epoch_count; i++) {
        if (c->epochs[i].has_validation != c->epochs[0].has_validation) {
            return mnist_fail(
                err, MNIST_ERR_FORMAT, "%s: epoch %zu %s, unlike the first; is the log whole?",
                c->path, i + 1, c->epochs[i].has_validation ? "is validated" : "is not validated");
        }
    }
    if (plan->known && c->epoch_count > plan->epochs) {
        return mnist_fail(err, MNIST_ERR_MISMATCH,
                          "%.2500s: has %zu epochs, but %.2500s was trained for %u; is it the log "
                          "of another training?",
                          c->path, c->epoch_count, plan->path, plan->epochs);
    }
    return MNIST_OK;
}

/* That all epochs are as long as the model's, but for the last, which may have been cut short. */
static mnist_status find_length(mnist_eval_course *course, const collection *c, mnist_error *err)
{
    const mnist_course_plan *plan = c->plan;
    course->epoch_steps =
        plan->known ? (plan->images - 1) / plan->batch_size + 1 : c->epochs[0].step;
    for (size_t i = 0; i < c->epoch_count; i++) {
        const uint64_t step = c->epochs[i].step, epoch = i + 1;
        const bool is_last = epoch == c->epoch_count;
        if (is_last ? (step - 1) / epoch >= course->epoch_steps
                    : step % epoch != 0 || step / epoch != course->epoch_steps) {
            return mnist_fail(err, MNIST_ERR_MISMATCH,
                              plan->known
                                  ? "%.2500s: epoch %zu ends at step %llu, but in the training of "
                                    "%.2500s an epoch has %llu; is it the log of another training?"
                                  : "%.2500s: epoch %zu ends at step %llu, and not as the first, "
                                    "for %.2500s, after %llu; is the log whole?",
                              c->path, i + 1, (unsigned long long)step, plan->path,
                              (unsigned long long)course->epoch_steps);
        }
    }
    course->last_step = c->epochs[c->epoch_count - 1].step;
    course->steps = plan->known ? course->epoch_steps * plan->epochs : course->last_step;
    if (plan->known && c->point_count > 0 && c->points[c->point_count - 1].step > course->steps) {
        return mnist_fail(err, MNIST_ERR_MISMATCH,
                          "%.2500s: has a step %llu, but the training of %.2500s ended at %llu; is "
                          "it the log of another training?",
                          c->path, (unsigned long long)c->points[c->point_count - 1].step,
                          plan->path, (unsigned long long)course->steps);
    }
    return MNIST_OK;
}

/* As in the page of the training: validation without a number is shown as one too large. */
static mnist_status put_epochs(mnist_eval_course *course, const collection *c, mnist_error *err)
{
    double least = INFINITY;
    course->epochs = calloc(c->epoch_count, sizeof *course->epochs);
    if (!course->epochs) {
        return mnist_fail(err, MNIST_ERR_MEMORY, "%s: out of memory for the course of a training",
                          c->path);
    }
    for (size_t i = 0; i < c->epoch_count; i++) {
        const mnist_log_record *from = &c->epochs[i];
        mnist_page_epoch *to = &course->epochs[course->epoch_count++];
        *to = (mnist_page_epoch){.epoch = from->epoch,
                                 .lr = from->lr,
                                 .train_loss = from->train_loss,
                                 .train_accuracy = from->train_accuracy,
                                 .has_validation = from->has_validation,
                                 .validation_loss = isfinite(from->validation_loss)
                                                        ? from->validation_loss
                                                        : (double)INFINITY,
                                 .validation_accuracy = from->validation_accuracy};
        if (from->has_validation && (course->kept_epoch == 0 || to->validation_loss < least)) {
            least = to->validation_loss;
            course->kept_epoch = from->epoch;
        }
    }
    if (!c->plan->known || !c->plan->keeps_best || course->kept_epoch == course->epoch_count) {
        course->kept_epoch = 0;
    }
    return MNIST_OK;
}

/* The learning rate between the epochs' ends is known where the model's schedule gives what was
 * logged: a training that went on for more epochs had another one before. */
static void find_schedule(mnist_eval_course *course, const collection *c)
{
    course->schedule = c->plan->schedule;
    course->has_schedule = c->plan->known;
    for (size_t i = 0; course->has_schedule && i < c->epoch_count; i++) {
        const float rate =
            mnist_schedule_lr(&course->schedule, c->epochs[i].step - 1, course->steps);
        course->has_schedule = rate == (float)c->epochs[i].lr;
    }
}

/* From one point a logged step to as many as the page of the training has; with --log-every 1 they
 * are the same. In place, as there are no more after than before. */
static void put_points(mnist_eval_course *course, collection *c)
{
    const mnist_course_plan *plan = c->plan;
    const double parts = MNIST_PAGE_POINTS, steps = (double)course->steps;
    const uint64_t rest = plan->known ? plan->images % plan->batch_size : 0;
    double sum = 0.0, images = 0.0, before = 0.0;
    for (size_t i = 0; i < c->point_count && c->points[i].step <= course->last_step; i++) {
        const mnist_page_point point = c->points[i];
        const bool is_rest = rest > 0 && point.step % course->epoch_steps == 0;
        const double count = !plan->known ? 1.0 : is_rest ? (double)rest : (double)plan->batch_size;
        const double now = floor((double)point.step * parts / steps);
        sum += point.loss * count;
        images += count;
        if (now > floor(before * parts / steps)) {
            c->points[course->point_count++] = (mnist_page_point){point.step, sum / images};
            sum = images = 0.0;
        }
        before = (double)point.step;
    }
    course->points = c->points;
    c->points = NULL;
}

/* text NULL: what is in the file. */
static mnist_status make(mnist_eval_course *out, const char *text, size_t size, const char *path,
                         const mnist_course_plan *plan, mnist_error *err)
{
    collection c = {.plan = plan, .path = path};
    *out = (mnist_eval_course){.epochs = NULL};
    mnist_status status = text ? mnist_log_parse(text, size, path, take, &c, err)
                               : mnist_log_read(path, take, &c, err);
    if (status == MNIST_OK) {
        status = check_run(&c, err);
    }
    if (status == MNIST_OK) {
        status = find_length(out, &c, err);
    }
    if (status == MNIST_OK) {
        status = put_epochs(out, &c, err);
    }
    if (status == MNIST_OK) {
        find_schedule(out, &c);
        put_points(out, &c);
    }
    free(c.epochs);
    free(c.points);
    return status;
}

mnist_status mnist_eval_course_read(mnist_eval_course *out, const char *path,
                                    const mnist_course_plan *plan, mnist_error *err)
{
    return make(out, NULL, 0, path, plan, err);
}

mnist_status mnist_eval_course_parse(mnist_eval_course *out, const char *text, size_t size,
                                     const char *path, const mnist_course_plan *plan,
                                     mnist_error *err)
{
    return make(out, text, size, path, plan, err);
}

void mnist_eval_course_show(const mnist_eval_course *course, mnist_page *page)
{
    page->epochs = course->epochs;
    page->epoch_count = course->epoch_count;
    page->kept_epoch = course->kept_epoch;
    page->points = course->points;
    page->point_count = course->point_count;
    page->has_schedule = course->has_schedule;
    page->schedule = course->schedule;
    page->steps = course->steps;
    page->epoch_steps = course->epoch_steps;
    page->last_step = course->last_step;
}

void mnist_eval_course_free(mnist_eval_course *course)
{
    free(course->epochs);
    free(course->points);
    *course = (mnist_eval_course){.epochs = NULL};
}
