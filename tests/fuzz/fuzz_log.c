/* Training logs for mnist-eval --log: the input is one, read for a model that states its training
 * and for one that states nothing; what is read is drawn. */
#include "cli/eval/course.h"
#include "fuzz.h"
#include "report/parts.h"

#include <math.h>

/* Records in the order that the reader promises. */
typedef struct taken {
    size_t records;
    mnist_log_record last;
} taken;

static mnist_status take(void *context, const mnist_log_record *record, mnist_error *err)
{
    taken *t = context;
    const mnist_log_record *last = &t->last;
    const bool goes_on = t->records > 0 && record->seed == last->seed;
    (void)err;
    PROMISED(t->records == 0 || record->seed >= last->seed);
    PROMISED(record->epoch == (goes_on ? last->epoch + last->is_epoch : 1));
    PROMISED(record->step >= 1 && record->step <= MNIST_LOG_STEPS);
    PROMISED(!goes_on || record->step > last->step ||
             (record->step == last->step && record->is_epoch && !last->is_epoch));
    PROMISED(record->lr >= 0.0 && record->lr <= MNIST_LOG_MOST);
    PROMISED(!isfinite(record->train_loss) || fabs(record->train_loss) <= MNIST_LOG_MOST);
    PROMISED(record->train_accuracy >= 0.0 && record->train_accuracy <= 1.0);
    PROMISED(record->validation_accuracy >= 0.0 && record->validation_accuracy <= 1.0);
    t->last = *record;
    t->records++;
    return MNIST_OK;
}

/* Every coordinate in a picture must be readable by a browser. */
static void check_drawn(const mnist_text *html)
{
    bool in_tag = false;
    PROMISED(!html->failed);
    for (size_t i = 1; i + 3 <= html->size; i++) {
        const char *at = html->data + i;
        in_tag = *at == '<' || (in_tag && *at != '>');
        PROMISED(!in_tag || !strchr("\" ,-ML", at[-1]) ||
                 (memcmp(at, "nan", 3) != 0 && memcmp(at, "inf", 3) != 0));
    }
}

static void check_course(const mnist_eval_course *course, const mnist_course_plan *plan)
{
    PROMISED(course->epoch_count >= 1 && course->epoch_steps >= 1);
    PROMISED(course->last_step >= 1 && course->last_step <= course->steps);
    PROMISED(course->kept_epoch < course->epoch_count);
    PROMISED(course->point_count <= 401);
    PROMISED(plan->known || (!course->has_schedule && course->kept_epoch == 0));
    for (size_t i = 0; i < course->epoch_count; i++) {
        PROMISED(course->epochs[i].epoch == i + 1);
    }
    for (size_t i = 0; i < course->point_count; i++) {
        PROMISED(course->points[i].step <= course->last_step);
        PROMISED(i == 0 || course->points[i].step > course->points[i - 1].step);
    }
    mnist_text html = {0};
    mnist_page page = {0};
    mnist_eval_course_show(course, &page);
    mnist_put_course(&html, &page);
    check_drawn(&html);
    free(html.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const mnist_course_plan plans[] = {
        {.path = "model\x1b\n",
         .has_seed = true,
         .seed = 1,
         .known = true,
         .images = 300,
         .batch_size = 64,
         .epochs = 3,
         .schedule = {MNIST_SCHEDULE_ONE_CYCLE, 0.1f, 0.15f, 0.1f, 2},
         .keeps_best = true},
        {.path = "model"},
    };
    mnist_error err;
    char *text = (char *)copy_of(data, size);
    taken t = {0};
    const mnist_status status = mnist_log_parse(text, size, "log\x1b\n", take, &t, &err);
    if (status != MNIST_OK) {
        check_failure(status, &err);
        PROMISED(status == MNIST_ERR_FORMAT);
    }
    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
        mnist_eval_course course;
        const mnist_status made =
            mnist_eval_course_parse(&course, text, size, "log\x1b\n", &plans[i], &err);
        if (made == MNIST_OK) {
            PROMISED(status == MNIST_OK);
            check_course(&course, &plans[i]);
        } else {
            check_failure(made, &err);
            PROMISED(made == MNIST_ERR_FORMAT || made == MNIST_ERR_MISMATCH);
            PROMISED(!course.epochs && !course.points);
        }
        mnist_eval_course_free(&course);
    }
    free(text);
    return 0;
}
