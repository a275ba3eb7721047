/* What a training can be given: names, defaults, ranges. */
#include "train/config.h"

#include "base/status.h"

#include <math.h>

/* The largest alpha of mixup: its table takes exp(-alpha ln 256), which must not underflow. */
#define MIXUP_MOST 100.0f

const char *mnist_zero_skip_name(mnist_zero_skip zero_skip)
{
    switch (zero_skip) {
    case MNIST_ZERO_SKIP_AUTO:
        return "auto";
    case MNIST_ZERO_SKIP_ON:
        return "on";
    case MNIST_ZERO_SKIP_OFF:
        return "off";
    case MNIST_ZERO_SKIPS:
        break;
    }
    return NULL;
}

const char *mnist_keep_name(mnist_keep keep)
{
    switch (keep) {
    case MNIST_KEEP_LAST:
        return "last";
    case MNIST_KEEP_BEST:
        return "best";
    case MNIST_KEEPS:
        break;
    }
    return NULL;
}

mnist_train_config mnist_train_defaults(void)
{
    return (mnist_train_config){
        .epochs = 10,
        .batch_size = 64,
        .seed = 1,
        .optimizer = {.kind = MNIST_SGD,
                      .momentum = 0.9f,
                      .nesterov = true,
                      .beta1 = 0.9f,
                      .beta2 = 0.999f,
                      .rho = 0.99f,
                      .epsilon = 1e-8f,
                      .weight_decay = 1e-4f},
        .schedule = {.kind = MNIST_SCHEDULE_ONE_CYCLE,
                     .lr = mnist_optimizer_describe(MNIST_SGD)->lr,
                     .warmup = 0.15f,
                     .step_factor = 0.1f,
                     .step_count = 2},
        .label_smoothing = 0.02f,
        .temperature = 4.0f,
        .teacher_weight = 0.9f,
        .regularization = {.adversarial_share = 0.5f, .virtual_weight = 1.0f},
        .adapt_threads = true,
    };
}

/* "FIELD: expected RANGE, found X". */
static mnist_status bad_field(mnist_error *err, const char *field, const char *range, double found)
{
    return mnist_fail(err, MNIST_ERR_ARGUMENT, "%s: expected %s, found %g", field, range, found);
}

/* A number and the range it must be in: from least (least itself allowed or not) to below most. */
typedef struct range {
    const char *field, *text;
    double found, least, most;
    bool above; /* least itself is excluded */
} range;

static mnist_status check_ranges(const range *ranges, size_t count, mnist_error *err)
{
    for (size_t i = 0; i < count; i++) {
        const range *r = &ranges[i];
        const bool high_enough = r->above ? r->found > r->least : r->found >= r->least;
        if (!(high_enough && r->found < r->most)) { /* so that NaN is in no range */
            return bad_field(err, r->field, r->text, r->found);
        }
    }
    return MNIST_OK;
}

#define CHECK(ranges, err) check_ranges(ranges, sizeof(ranges) / sizeof((ranges)[0]), err)

static mnist_status check_optimizer(const mnist_optimizer_config *o, mnist_error *err)
{
    const mnist_optimizer_traits *traits = mnist_optimizer_describe(o->kind);
    if (!traits) {
        return bad_field(err, "optimizer", "a known one", o->kind);
    }
    const double epsilon = traits->uses & MNIST_USES_EPSILON ? (double)o->epsilon : 1.0;
    const range ranges[] = {
        {"momentum", "0 to below 1", (double)o->momentum, 0.0, 1.0, false},
        {"weight decay", "0 or more", (double)o->weight_decay, 0.0, INFINITY, false},
        {"clip norm", "0 (off) or more", (double)o->clip_norm, 0.0, INFINITY, false},
        {"max norm", "0 (off) or more", (double)o->max_norm, 0.0, INFINITY, false},
        {"beta1", "0 to below 1", (double)o->beta1, 0.0, 1.0, false},
        {"beta2", "0 to below 1", (double)o->beta2, 0.0, 1.0, false},
        {"rho", "0 to below 1", (double)o->rho, 0.0, 1.0, false},
        {"epsilon", "above 0", epsilon, 0.0, INFINITY, true},
    };
    return CHECK(ranges, err);
}

static mnist_status check_schedule(const mnist_schedule *s, mnist_error *err)
{
    if (!mnist_schedule_name(s->kind)) {
        return bad_field(err, "schedule", "a known one", s->kind);
    }
    if (!(s->step_factor > 0.0f && s->step_factor <= 1.0f)) {
        return bad_field(err, "step factor", "above 0 to 1", (double)s->step_factor);
    }
    const range ranges[] = {
        {"learning rate", "above 0", (double)s->lr, 0.0, INFINITY, true},
        {"warm-up", "0 to below 1", (double)s->warmup, 0.0, 1.0, false},
        {"step count", "at least 1", s->step_count, 1.0, INFINITY, false},
    };
    return CHECK(ranges, err);
}

static mnist_status check_regularization(const mnist_train_config *c, mnist_error *err)
{
    const mnist_regularization *r = &c->regularization;
    const bool adversarial = r->adversarial_epsilon > 0.0f, virtual = r->virtual_epsilon > 0.0f;
    const range ranges[] = {
        {"label smoothing", "0 to below 1", (double)c->label_smoothing, 0.0, 1.0, false},
        {"confidence penalty", "0 or more", (double)r->confidence_penalty, 0.0, INFINITY, false},
        {"adversarial epsilon", "0 (off) or more", (double)r->adversarial_epsilon, 0.0, INFINITY,
         false},
        {"adversarial share", "above 0 to below 1",
         adversarial ? (double)r->adversarial_share : 0.5, 0.0, 1.0, true},
        {"virtual adversarial epsilon", "0 (off) or more", (double)r->virtual_epsilon, 0.0,
         INFINITY, false},
        {"virtual adversarial weight", "above 0", virtual ? (double)r->virtual_weight : 1.0, 0.0,
         INFINITY, true},
        {"input dropout", "0 to below 1", (double)c->input_dropout, 0.0, 1.0, false},
        {"input noise", "0 (off) or more", (double)c->input_noise, 0.0, INFINITY, false},
    };
    if (!(c->mixup >= 0.0f && c->mixup <= MIXUP_MOST)) {
        return bad_field(err, "mixup", "0 (off) to 100", (double)c->mixup);
    }
    for (size_t l = 0; l < MNIST_MAX_HIDDEN; l++) {
        if (!(r->dropout[l] >= 0.0f && r->dropout[l] < 1.0f)) {
            return bad_field(err, "dropout", "0 to below 1", (double)r->dropout[l]);
        }
    }
    if (c->batch_norm && c->batch_size < 2) {
        return bad_field(err, "batch size", "at least 2 with batch normalisation",
                         (double)c->batch_size);
    }
    if (adversarial && virtual) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT,
                          "adversarial and virtual adversarial training exclude each other");
    }
    if (c->batch_norm && (adversarial || virtual)) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT,
                          "batch normalisation does not go with "
                          "adversarial training, whose images it would "
                          "normalise by themselves");
    }
    return CHECK(ranges, err);
}

#define PRUNE_MOST_BLOCK 4096u /* inputs or outputs */

/* The most that a layer's learning rate may be multiplied by. */
#define LR_SCALE_MOST 1000.0f

static mnist_status check_layers(const mnist_train_config *c, mnist_error *err)
{
    bool freezes = false;
    for (size_t l = 0; l <= MNIST_MAX_HIDDEN; l++) {
        freezes = freezes || c->frozen[l];
        if (!(c->lr_scale[l] >= 0.0f && c->lr_scale[l] <= LR_SCALE_MOST)) {
            return bad_field(err, "a layer's scale of the learning rate", "0 (for 1) to 1000",
                             (double)c->lr_scale[l]);
        }
    }
    if (freezes && c->batch_norm) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT,
                          "batch normalisation does not go with frozen layers, whose outputs it "
                          "would change");
    }
    return MNIST_OK;
}

mnist_status mnist_pruning_check(const mnist_pruning *p, mnist_error *err)
{
    if (!(p->keep >= 0.0f && p->keep < 1.0f)) {
        return bad_field(err, "what pruning keeps", "0 (all) to below 1", (double)p->keep);
    }
    if (!(p->keep > 0.0f)) {
        return MNIST_OK;
    }
    if (!mnist_prune_structure_name(p->structure)) {
        return bad_field(err, "structure of pruning", "a known one", p->structure);
    }
    if (!(p->start >= 0.0f && p->start < p->end && p->end <= 1.0f)) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT,
                          "start and end of pruning: expected 0 <= start < end <= 1, found %g and "
                          "%g",
                          (double)p->start, (double)p->end);
    }
    if (p->structure == MNIST_PRUNE_BLOCKS &&
        (p->block_inputs < 1 || p->block_inputs > PRUNE_MOST_BLOCK || p->block_outputs < 1 ||
         p->block_outputs > PRUNE_MOST_BLOCK)) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT,
                          "blocks to prune: expected 1 to %u inputs and as many outputs, found %u "
                          "and %u",
                          PRUNE_MOST_BLOCK, p->block_inputs, p->block_outputs);
    }
    if (p->structure == MNIST_PRUNE_N_OF_M &&
        (p->group_kept < 1 || p->group_kept >= p->group_size ||
         p->group_size > MNIST_PRUNE_MOST_GROUP)) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT,
                          "groups to prune: expected 1 or more to be kept of at most %u, and fewer "
                          "than there are, found %u of %u",
                          MNIST_PRUNE_MOST_GROUP, p->group_kept, p->group_size);
    }
    return MNIST_OK;
}

mnist_status mnist_quantization_check(const mnist_quantization *q, mnist_error *err)
{
    if ((unsigned)q->kind >= MNIST_QUANTIZE_KINDS) {
        return bad_field(err, "kind of quantisation", "a known one", q->kind);
    }
    if (q->kind == MNIST_QUANTIZE_INTEGERS && (q->bits < 2 || q->bits > 8)) {
        return bad_field(err, "bits of quantised weights", "2 to 8", q->bits);
    }
    if (q->kind == MNIST_QUANTIZE_CODEBOOK && (q->levels < 1 || q->levels > MNIST_CODEBOOK_MOST)) {
        return bad_field(err, "levels of a codebook", "1 to 256", q->levels);
    }
    if (q->kind != MNIST_QUANTIZE_NONE && !(q->start >= 0.0f && q->start < 1.0f)) {
        return bad_field(err, "start of quantisation", "0 to below 1", (double)q->start);
    }
    return MNIST_OK;
}

/* Quantised weights, and tied ones. */
static mnist_status check_weights(const mnist_train_config *c, mnist_error *err)
{
    const mnist_prune_structure structure = c->pruning.structure;
    const bool tied = c->tie_pixels > 1;
    if (c->quantization.kind != MNIST_QUANTIZE_NONE && c->batch_norm) {
        return mnist_fail(
            err, MNIST_ERR_ARGUMENT,
            "batch normalisation does not go with quantisation: what it is folded into "
            "are no longer quantised weights");
    }
    if (tied && c->frozen[0]) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT,
                          "tied pixels do not go with a frozen first layer");
    }
    if (tied && c->pruning.keep > 0.0f &&
        (structure == MNIST_PRUNE_BLOCKS || structure == MNIST_PRUNE_N_OF_M)) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT,
                          "tied pixels are pruned as one, which does not go with pruning %s",
                          mnist_prune_structure_name(structure));
    }
    return mnist_quantization_check(&c->quantization, err);
}

static mnist_status check_course(const mnist_train_config *c, mnist_error *err)
{
    if (!mnist_keep_name(c->keep)) {
        return bad_field(err, "keep", "a known one", c->keep);
    }
    if (c->averaging.ema > 0.0f && c->averaging.swa_start > 0.0f) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT,
                          "a moving average and stochastic weight "
                          "averaging exclude each other");
    }
    const range ranges[] = {
        {"moving average", "0 (none) to below 1", (double)c->averaging.ema, 0.0, 1.0, false},
        {"start of weight averaging", "0 (none) to below 1", (double)c->averaging.swa_start, 0.0,
         1.0, false},
        {"least improvement", "0 or more", (double)c->min_delta, 0.0, INFINITY, false},
        {"longest time", "0 (any) or more seconds", c->max_seconds, 0.0, INFINITY, false},
    };
    return CHECK(ranges, err);
}

static mnist_status check_config(const mnist_train_config *c, bool validates, mnist_error *err)
{
    if (c->epochs < 1) {
        return bad_field(err, "epochs", "at least 1", c->epochs);
    }
    if (c->batch_size < 1 || c->batch_size > MNIST_MAX_BATCH) {
        return bad_field(err, "batch size", "at least 1, at most 1000000", (double)c->batch_size);
    }
    if (!mnist_precision_name(c->precision)) {
        return bad_field(err, "precision", "a known one", c->precision);
    }
    if (!validates && (c->patience > 0 || c->keep == MNIST_KEEP_BEST)) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT,
                          "%s goes by the validation loss, but there are no validation images",
                          c->patience > 0 ? "patience" : "keeping the best epoch");
    }
    mnist_status status = check_optimizer(&c->optimizer, err);
    if (status == MNIST_OK) {
        status = check_schedule(&c->schedule, err);
    }
    if (status == MNIST_OK) {
        status = check_regularization(c, err);
    }
    if (status == MNIST_OK) {
        status = check_layers(c, err);
    }
    if (status == MNIST_OK) {
        status = mnist_pruning_check(&c->pruning, err);
    }
    if (status == MNIST_OK) {
        status = check_weights(c, err);
    }
    if (status == MNIST_OK) {
        status = check_course(c, err);
    }
    return status == MNIST_OK ? mnist_augmentation_check(&c->augmentation, err) : status;
}

static mnist_status check_views(const mnist_train_job *job, mnist_error *err)
{
    if (!job->net) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT, "the training job has no net to train");
    }
    const mnist_mlp_config *shape = mnist_mlp_shape(job->net);
    if (job->train.count < 1 || job->train.count > UINT32_MAX) {
        return bad_field(err, "training images", "1 to 4294967295", (double)job->train.count);
    }
    if (shape->batch_norm) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT,
                          "the net: expected one without batch normalisation, which the training's "
                          "own batch_norm adds and folds");
    }
    bool trains = false;
    for (unsigned l = 0; l < mnist_mlp_layers(job->net); l++) {
        trains = trains || !job->config->frozen[l];
    }
    if (!trains) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT,
                          "all %u layers of the net are frozen, expected one to train at least",
                          mnist_mlp_layers(job->net));
    }
    if (job->config->pruning.keep > 0.0f && shape->hidden_count == 0 &&
        job->config->pruning.structure == MNIST_PRUNE_UNITS) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT, "units to prune: the net has no hidden layer");
    }
    const unsigned tie = job->config->tie_pixels;
    if (tie > 1 && (job->train.rows % tie != 0 || job->train.cols % tie != 0)) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT,
                          "side of tied pixels: expected what divides images of %u x %u, found %u",
                          job->train.rows, job->train.cols, tie);
    }
    const mnist_view views[2] = {job->train, job->validation};
    for (size_t i = 0; i < 2; i++) {
        if (views[i].count > 0 && (size_t)views[i].rows * views[i].cols != shape->inputs) {
            return mnist_fail(err, MNIST_ERR_MISMATCH,
                              "%s images are %u x %u = %zu pixels, but the net has %u inputs",
                              i == 0 ? "training" : "validation", views[i].rows, views[i].cols,
                              (size_t)views[i].rows * views[i].cols, shape->inputs);
        }
    }
    for (size_t i = 0; i < 2; i++) {
        if (views[i].count > 0 && shape->outputs != mnist_view_classes(views[i])) {
            return mnist_fail(err, MNIST_ERR_MISMATCH,
                              "the data have %u classes, the net %u outputs",
                              mnist_view_classes(views[i]), shape->outputs);
        }
    }
    return MNIST_OK;
}

/* The range of temperatures: a logit divided by the least is still far from the largest float, and
 * at the largest all classes are as good as equal. */
#define COLDEST 0.01f
#define HOTTEST 1000.0f

static mnist_status check_teacher(const mnist_train_job *job, size_t i, mnist_error *err)
{
    const mnist_mlp *net = job->teachers[i].net;
    if (!net || net == job->net) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT, "teacher %zu: expected a net%s", i + 1,
                          net ? " other than that which is trained" : "");
    }
    const mnist_mlp_config *own = mnist_mlp_shape(job->net), *shape = mnist_mlp_shape(net);
    if (shape->batch_norm) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT,
                          "teacher %zu: expected a net without batch normalisation", i + 1);
    }
    if (shape->inputs != own->inputs || shape->outputs != own->outputs) {
        return mnist_fail(err, MNIST_ERR_MISMATCH,
                          "teacher %zu has %u inputs and %u classes, but the net that is trained "
                          "has %u inputs and %u classes",
                          i + 1, shape->inputs, shape->outputs, own->inputs, own->outputs);
    }
    return MNIST_OK;
}

static mnist_status check_teachers(const mnist_train_job *job, mnist_error *err)
{
    const mnist_train_config *c = job->config;
    mnist_status status = MNIST_OK;
    if (job->teacher_count > 0 && !(c->teacher_weight >= 0.0f && c->teacher_weight <= 1.0f)) {
        return bad_field(err, "teachers' weight", "0 (none) to 1", (double)c->teacher_weight);
    }
    if (mnist_train_is_taught(job) && !(c->temperature >= COLDEST && c->temperature <= HOTTEST)) {
        return bad_field(err, "temperature", "0.01 to 1000", (double)c->temperature);
    }
    for (size_t i = 0; status == MNIST_OK && i < job->teacher_count; i++) {
        status = check_teacher(job, i, err);
    }
    return status;
}

mnist_status mnist_train_check(const mnist_train_job *job, mnist_error *err)
{
    mnist_status status = check_config(job->config, job->validation.count > 0, err);
    if (status == MNIST_OK) {
        status = check_views(job, err);
    }
    return status == MNIST_OK ? check_teachers(job, err) : status;
}

bool mnist_train_is_taught(const mnist_train_job *job)
{
    return job->teacher_count > 0 && job->config->teacher_weight > 0.0f;
}
