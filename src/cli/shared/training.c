#include "cli/shared/training.h"

#include "cli/shared/option_parts.h"

#include <string.h>

/* The library gives the names of its enums' values, so that the two cannot drift apart. */

static const char *normalization_name(int value)
{
    return mnist_normalization_name((mnist_normalization_kind)value);
}

static const char *activation_name(int value)
{
    return mnist_activation_name((mnist_activation)value);
}

static const char *init_name(int value)
{
    return mnist_init_name((mnist_init)value);
}

static const char *schedule_name(int value)
{
    return mnist_schedule_name((mnist_schedule_kind)value);
}

static const char *optimizer_name(int value)
{
    return mnist_optimizer_name((mnist_optimizer_kind)value);
}

static const char *keep_name(int value)
{
    return mnist_keep_name((mnist_keep)value);
}

static const char *precision_name(int value)
{
    return mnist_precision_name((mnist_precision)value);
}

mnist_training_settings mnist_training_defaults(void)
{
    mnist_training_settings settings = {
        .data = mnist_data_defaults(),
        .val_split = {.fraction = 0.05},
        .normalize = MNIST_NORMALIZE_UNIT,
        .hidden = {.count = 1, .width = {256}},
        .activation = MNIST_RELU,
        .init = MNIST_INIT_AUTO,
        .config = mnist_train_defaults(),
    };
    settings.config.temperature = settings.config.teacher_weight = 0.0f;
    return settings;
}

const mnist_option mnist_train_files_options[] = {
    {INPUT(mnist_data_settings, train_images, "FILE"), .name = "train-images", .flags = CONFIG,
     .help = "training images, in any form that is read; maybe with labels"},
    {INPUT(mnist_data_settings, train_labels, "FILE"), .name = "train-labels", .flags = CONFIG,
     .help = "training labels, where the images have none"},
    {SIZE(mnist_data_settings, synthetic_train, 1, MOST_IMAGES), .name = "synthetic-train",
     .flags = MATHS, .help = "training images of the synthetic data set"},
};

#define S mnist_training_settings

/* clang-format off */
const mnist_option mnist_train_data_options[] = {
    {SIZE(S, limit, 0, MOST_IMAGES), .name = "limit", .zero = "all", .flags = MATHS,
     .known_as = "train-size", .help = "use only the first N training images"},
    {.type = MNIST_OPTION_SHARE, .offset = MNIST_OPTION_FIELD(mnist_share, S, val_split),
     .whole = {0, MOST_IMAGES}, .name = "val-split", .argument = "N|F", .zero = "none",
     .known_as = "validation-split", .flags = MATHS,
     .help = "validate on the last N, or this fraction, of the training images and do not train on "
             "them; 0 for none"},
    {.type = MNIST_OPTION_CLASSES, .offset = MNIST_OPTION_FIELD(mnist_class_set, S, omitted),
     .name = "omit-class", .argument = "LIST", .flags = MATHS | MNIST_OPTION_OPTIONAL,
     .help = "train on no image of these classes, like 3 or 0,1,2; validation and test keep theirs"},
    {SIZE(S, per_class, 1, MOST_IMAGES), .name = "per-class",
     .flags = MATHS | MNIST_OPTION_OPTIONAL, .known_as = "shots",
     .help = "train on N images of each class only, drawn by --seed from those that are not held out"},
    {CHOICE(mnist_normalization_kind, S, normalize, normalization_name), .name = "normalize",
     .argument = "HOW", .flags = MATHS, .known_as = "normalization",
     .help = "scale of the pixels, x/255 or with mean 0 and deviation 1"},
    {STRING(S, augment, "SPEC"), .name = "augment", .known_as = "augmentation", .flags = MATHS,
     .suggested = mnist_preset_name,
     .help = "distort training images anew in every epoch: none, light, simard or ciresan, and "
             "entries to change it, like ciresan,shift=1,thickness=0.3"},
};
/* clang-format on */

/* clang-format off */
const mnist_option mnist_model_options[] = {
    {.type = MNIST_OPTION_WIDTHS, .offset = MNIST_OPTION_FIELD(mnist_widths, S, hidden),
     .whole = {1, MNIST_MAX_WIDTH}, .name = "hidden", .argument = "LIST", .known_as = "layers", .flags = MATHS,
     .help = "widths of the hidden layers, like 128 or 512,512; none for softmax regression"},
    {CHOICE(mnist_activation, S, activation, activation_name), .name = "activation",
     .argument = "NAME", .flags = MATHS, .help = "activation of the hidden layers"},
    {CHOICE(mnist_init, S, init, init_name), .name = "init", .argument = "NAME", .flags = MATHS,
     .help = "range of the initial weights; auto goes by the activation"},
};
/* clang-format on */

const mnist_option mnist_optimisation_options[] = {
    {UNSIGNED(S, config.epochs, 1, 1000000), .letter = 'e', .name = "epochs", .flags = MATHS,
     .help = "passes over the training images"},
    {SIZE(S, config.batch_size, 1, 1000000), .letter = 'b', .name = "batch-size", .flags = MATHS,
     .help = "images per step"},
    {CHOICE(mnist_optimizer_kind, S, config.optimizer.kind, optimizer_name), .name = "optimizer",
     .argument = "NAME", .known_as = "optimiser", .flags = MATHS,
     .help = "how weights follow the gradient"},
    {FLOAT_ABOVE(S, config.schedule.lr, 0.0, 1000.0), .name = "lr", .known_as = "learning-rate",
     .flags = MATHS, .help = "learning rate, at its peak; 0.001 if the optimiser is not sgd"},
    {FLOAT_BELOW(S, config.optimizer.momentum, 0.0, 1.0), .name = "momentum", .flags = MATHS,
     .help = "sgd: momentum; 0 for none"},
    {SWITCH(S, config.optimizer.nesterov), .name = "nesterov", .flags = MATHS,
     .help = "sgd: Nesterov's momentum"},
    {FLOAT_BELOW(S, config.optimizer.beta1, 0.0, 1.0), .name = "beta1", .flags = MATHS,
     .help = "adam, adamw: decay of the mean of gradients"},
    {FLOAT_BELOW(S, config.optimizer.beta2, 0.0, 1.0), .name = "beta2", .flags = MATHS,
     .help = "adam, adamw: decay of the mean of their squares"},
    {FLOAT_BELOW(S, config.optimizer.rho, 0.0, 1.0), .name = "rho", .flags = MATHS,
     .help = "rmsprop: decay of the mean of squared gradients"},
    {FLOAT_ABOVE(S, config.optimizer.epsilon, 0.0, 1.0), .name = "epsilon", .flags = MATHS,
     .help = "adam, adamw, rmsprop: what is added to the divisor"},
    {FLOAT_WITHIN(S, config.optimizer.clip_norm, 0.0, INFINITY), .name = "clip-norm",
     .flags = MATHS, .zero = "off", .help = "clip the gradient to this L2 norm; 0 for off"},
    {CHOICE(mnist_schedule_kind, S, config.schedule.kind, schedule_name), .name = "schedule",
     .argument = "NAME", .flags = MATHS, .known_as = "scheduler",
     .help = "course of the learning rate after the warm-up"},
    {FLOAT_BELOW(S, config.schedule.warmup, 0.0, 1.0), .name = "warmup", .flags = MATHS,
     .zero = "none", .help = "fraction of all steps over which the learning rate rises from 0"},
    {FLOAT_ABOVE(S, config.schedule.step_factor, 0.0, 1.0), .name = "step-factor", .flags = MATHS,
     .known_as = "gamma", .help = "schedule step: times this at each drop"},
    {UNSIGNED(S, config.schedule.step_count, 1, 1000), .name = "step-count", .flags = MATHS,
     .help = "schedule step: how many drops, equally spaced"},
    {FLOAT_BELOW(S, config.averaging.ema, 0.0, 1.0), .name = "ema", .flags = MATHS, .zero = "none",
     .help = "test and keep an exponential moving average of the weights with this decay a step"},
    {FLOAT_BELOW(S, config.averaging.swa_start, 0.0, 1.0), .name = "swa-start", .flags = MATHS,
     .zero = "none",
     .help =
         "test and keep the mean of the weights at the ends of the epochs after this fraction of "
         "them (stochastic weight averaging)"},
    {CHOICE(mnist_precision, S, config.precision, precision_name), .name = "precision",
     .argument = "NAME", .flags = MATHS,
     .help = "what operands of products are rounded to; sums and weights stay fp32, and so does "
             "evaluation"},
};

/* clang-format off */
const mnist_option mnist_regularisation_options[] = {
    {FLOAT_WITHIN(S, config.optimizer.weight_decay, 0.0, 1.0), .name = "weight-decay", .flags = MATHS,
     .zero = "none", .help = "L2 penalty on the weights; adamw: decay apart from the gradient"},
    {FLOAT_WITHIN(S, config.optimizer.max_norm, 0.0, INFINITY), .name = "max-norm", .flags = MATHS,
     .zero = "off", .help = "limit the L2 norm of each hidden unit's incoming weights"},
    {.type = MNIST_OPTION_RATES, .offset = MNIST_OPTION_FIELD(mnist_rates, S, dropout),
     .real = {0.0, 1.0, false, true}, .name = "dropout", .argument = "LIST", .flags = MATHS,
     .help = "probability that a hidden unit is dropped: one for all layers, or one a layer"},
    {FLOAT_BELOW(S, config.input_dropout, 0.0, 1.0), .name = "input-dropout",
     .flags = MATHS, .zero = "none", .help = "probability that a pixel is dropped"},
    {FLOAT_WITHIN(S, config.input_noise, 0.0, 10.0), .name = "input-noise", .flags = MATHS,
     .zero = "none", .help = "deviation of the noise added to pixels, whose range is 1"},
    {FLOAT_WITHIN(S, config.mixup, 0.0, 100.0), .name = "mixup", .flags = MATHS,
     .zero = "none", .help = "mix pairs of images, and their labels, by shares from Beta(X, X)"},
    {FLOAT_BELOW(S, config.label_smoothing, 0.0, 1.0), .name = "label-smoothing", .flags = MATHS,
     .zero = "none", .help = "share of each target spread over all classes"},
    {FLOAT_WITHIN(S, config.regularization.confidence_penalty, 0.0, 100.0),
     .name = "confidence-penalty", .flags = MATHS, .zero = "none",
     .help = "weight of the outputs' negative entropy in the loss"},
    {SWITCH(S, config.batch_norm), .name = "batch-norm", .flags = MATHS,
     .help = "normalise hidden layers over the batch; the model has it in its weights"},
    {FLOAT_WITHIN(S, config.regularization.adversarial_epsilon, 0.0, 10.0), .name = "adversarial",
     .flags = MATHS, .zero = "off", .known_as = "fgsm",
     .help = "train on images, too, whose pixels are moved by X so that the loss rises"},
    {.type = MNIST_OPTION_FLOAT,
     .offset = MNIST_OPTION_FIELD(float, S, config.regularization.adversarial_share),
     .real = {0.0, 1.0, true, true}, .argument = "F", .name = "adversarial-share", .flags = MATHS,
     .help = "share of the loss that comes from the images of --adversarial"},
    {FLOAT_WITHIN(S, config.regularization.virtual_epsilon, 0.0, 100.0), .name = "vat",
     .flags = MATHS, .zero = "off",
     .help = "virtual adversarial training: keep the outputs the same where images move by the length X"},
    {FLOAT_ABOVE(S, config.regularization.virtual_weight, 0.0, 100.0), .name = "vat-weight",
     .flags = MATHS, .help = "weight of --vat in the loss"},
    {STRING(S, prune, "SPEC"), .name = "prune", .flags = MATHS,
     .help = "set weights to 0 in the course of the training, until so many are left: 5%, 2:4, and "
             "entries to change how, like 5%,units,start=0.1,end=0.75"},
};
/* clang-format on */

static const char *suggested_quantization(int index)
{
    static const char *const texts[] = {"int8", "int4", "ternary", "binary", "codebook:8"};
    return (size_t)index < LENGTH(texts) ? texts[index] : NULL;
}

/* clang-format off */
const mnist_option mnist_compression_options[] = {
    {STRING(S, quantize, "SPEC"), .name = "quantize", .flags = MATHS | MNIST_OPTION_OPTIONAL,
     .suggested = suggested_quantization, .known_as = "qat",
     .help = "train a net of few different weights: int8 to int2, ternary, binary (a scale for each unit) or "
             "codebook:8 (values for each layer); from when on, like int4,start=0.5"},
    {UNSIGNED(S, config.tie_pixels, 0, 1000), .name = "tie-pixels",
     .flags = MATHS | MNIST_OPTION_OPTIONAL, .zero = "off",
     .help = "keep the first layer's weights equal over blocks of N x N pixels: fewer weights to keep, as of "
             "smaller pictures"},
};
/* clang-format on */

/* clang-format off */
const mnist_option mnist_distillation_options[] = {
    {STRING(S, teacher, "FILE"), .name = "teacher", .flags = CONFIG,
     .known_as = "distill",
     .help = "learn from what the net of this model says of each image, too; of several models, commas "
             "between, the mean counts"},
    {.type = MNIST_OPTION_FLOAT, .offset = MNIST_OPTION_FIELD(float, S, config.temperature),
     .real = {0.01, 1000.0, false, false}, .argument = "T", .name = "temperature",
     .flags = MATHS | MNIST_OPTION_OPTIONAL,
     .help = "the logits of teachers and net are divided by this before their softmax is compared; 4 "
             "if not given"},
    {.type = MNIST_OPTION_FLOAT, .offset = MNIST_OPTION_FIELD(float, S, config.teacher_weight),
     .real = {0.0, 1.0, true, false}, .argument = "A", .name = "teacher-weight",
     .flags = MATHS | MNIST_OPTION_OPTIONAL,
     .help = "weight of the teachers in the loss; 1 leaves nothing for the labels; 0.9 if not given"},
    {FLAG(S, calibrate_bias), .name = "calibrate-bias", .flags = MATHS | MNIST_OPTION_OPTIONAL,
     .help = "after training, add the number to the biases of --omit-class that leaves the fewest errors "
             "on the validation images"},
};
/* clang-format on */

/* clang-format off */
const mnist_option mnist_transfer_options[] = {
    {FLAG(S, fresh_last), .name = "fresh-last", .flags = MATHS | MNIST_OPTION_OPTIONAL,
     .help = "draw the last layer's weights anew, and take only those below it from the model"},
    {.type = MNIST_OPTION_WIDTHS, .offset = MNIST_OPTION_FIELD(mnist_widths, S, freeze),
     .whole = {1, MNIST_MAX_HIDDEN + 1}, .name = "freeze", .argument = "N|LIST",
     .flags = MATHS | MNIST_OPTION_OPTIONAL, .known_as = "frozen",
     .help = "leave layers as they are: the first N, or those of a list like 1,3 (1 is the first)"},
    {.type = MNIST_OPTION_RATES, .offset = MNIST_OPTION_FIELD(mnist_rates, S, lr_scale),
     .real = {0.0, 1000.0, false, false}, .name = "lr-scale", .argument = "LIST",
     .flags = MATHS | MNIST_OPTION_OPTIONAL,
     .help = "multiply --lr by these, one number a layer, the first layer's first; 0 freezes"},
    {FLAG(S, config.pruning.keep_zeros), .name = "keep-zeros",
     .flags = MATHS | MNIST_OPTION_OPTIONAL,
     .help = "leave weights at 0 that are 0 to begin with, as in a model that was pruned"},
};
/* clang-format on */

/* clang-format off */
const mnist_option mnist_course_options[] = {
    {UNSIGNED(S, config.patience, 0, 1000000), .name = "patience", .flags = MATHS, .zero = "off",
     .known_as = "early-stopping",
     .help = "stop after N epochs without a lower validation loss; 0 for never"},
    {FLOAT_WITHIN(S, config.min_delta, 0.0, INFINITY), .name = "min-delta", .flags = MATHS,
     .help = "by how much it must be lower to count for --patience"},
    {CHOICE(mnist_keep, S, config.keep, keep_name), .name = "keep", .argument = "WHICH",
     .flags = MATHS, .help = "which epoch's weights are tested and saved; the best is that of least "
                             "validation loss"},
    {.type = MNIST_OPTION_DOUBLE, .offset = MNIST_OPTION_FIELD(double, S, config.max_seconds),
     .real = {0.0, 1e9, false, false}, .argument = "SECONDS", .name = "max-time", .zero = "no limit",
     .flags = CONFIG,
     .help = "stop training after so long; the model then depends on the machine's speed"},
};
/* clang-format on */

#undef S

HAS_LENGTH(mnist_train_files_options, TRAIN_FILES_OPTIONS);
HAS_LENGTH(mnist_train_data_options, TRAIN_DATA_OPTIONS);
HAS_LENGTH(mnist_model_options, MODEL_OPTIONS);
HAS_LENGTH(mnist_optimisation_options, OPTIMISATION_OPTIONS);
HAS_LENGTH(mnist_regularisation_options, REGULARISATION_OPTIONS);
HAS_LENGTH(mnist_distillation_options, DISTILLATION_OPTIONS);
HAS_LENGTH(mnist_transfer_options, TRANSFER_OPTIONS);
HAS_LENGTH(mnist_course_options, COURSE_OPTIONS);

static const mnist_option_section sections[] = {MNIST_TRAINING_SECTIONS(0)};

const mnist_program mnist_training_options = {
    .name = "training", .sections = sections, .section_count = LENGTH(sections)};

/* --freeze and --lr-scale, layer by layer. */
static void settle_layers(mnist_training_settings *s)
{
    mnist_train_config *config = &s->config;
    for (unsigned l = 0; l <= MNIST_MAX_HIDDEN; l++) {
        config->lr_scale[l] = l < s->lr_scale.count ? s->lr_scale.rate[l] : 1.0f;
        config->frozen[l] = config->lr_scale[l] <= 0.0f;
        if (s->freeze.count == 1 && l < s->freeze.width[0]) {
            config->frozen[l] = true;
        }
        for (unsigned i = 0; s->freeze.count > 1 && i < s->freeze.count; i++) {
            config->frozen[l] = config->frozen[l] || s->freeze.width[i] == l + 1;
        }
    }
}

/* Sets what follows from several settings: defaults that depend on others, lists for all layers. */
void mnist_training_settle(mnist_training_settings *s, const mnist_parsed *parsed)
{
    if (!mnist_options_was_given(parsed, "lr")) {
        s->config.schedule.lr = mnist_optimizer_describe(s->config.optimizer.kind)->lr;
    }
    const mnist_train_config defaults = mnist_train_defaults();
    if (s->teacher && s->config.temperature <= 0.0f) {
        s->config.temperature = defaults.temperature;
    }
    if (s->teacher && s->config.teacher_weight <= 0.0f) {
        s->config.teacher_weight = defaults.teacher_weight;
    }
    for (unsigned l = 0; l < MNIST_MAX_HIDDEN; l++) {
        float *rate = &s->config.regularization.dropout[l];
        *rate = l < s->dropout.count ? s->dropout.rate[l] : 0.0f;
        if (s->dropout.count == 1 && l < s->hidden.count) {
            *rate = s->dropout.rate[0];
        }
    }
    settle_layers(s);
    mnist_pruning pruning;
    if (s->prune && mnist_pruning_parse(&pruning, s->prune, NULL) == MNIST_OK) {
        pruning.keep_zeros = s->config.pruning.keep_zeros;
        s->config.pruning = pruning;
    }
    if (s->quantize) {
        (void)mnist_quantization_parse(&s->config.quantization, s->quantize, NULL);
    }
}

static bool check_augmentation(const mnist_training_settings *s, mnist_error *err)
{
    mnist_augmentation augmentation;
    mnist_error why;
    if (s->augment && mnist_augmentation_parse(&augmentation, s->augment, &why) != MNIST_OK) {
        return mnist_options_fail(err, "--augment: %s", why.text);
    }
    return true;
}

/* Refuses an option that the chosen optimiser does not use, and names those that do: "adam or
 * adamw". */
static bool fail_unused(const char *option, unsigned field, mnist_error *err)
{
    char users[128] = "";
    unsigned left = 0;
    for (int k = 0; k < MNIST_OPTIMIZERS; k++) {
        left += (mnist_optimizer_describe((mnist_optimizer_kind)k)->uses & field) != 0;
    }
    for (int k = 0; k < MNIST_OPTIMIZERS; k++) {
        const mnist_optimizer_traits *traits = mnist_optimizer_describe((mnist_optimizer_kind)k);
        const size_t used = strlen(users);
        if (traits->uses & field) {
            left--;
            snprintf(users + used, sizeof users - used, "%s%s", traits->name,
                     left > 1    ? ", "
                     : left == 1 ? " or "
                                 : "");
        }
    }
    return mnist_options_fail(err, "--%s is for --optimizer %s", option, users);
}

/* --epsilon is not in the list: any optimiser accepts it. */
static bool check_optimizer(const mnist_training_settings *s, const mnist_parsed *parsed,
                            mnist_error *err)
{
    static const struct {
        const char *option;
        unsigned field;
    } own[] = {{"momentum", MNIST_USES_MOMENTUM},
               {"beta1", MNIST_USES_BETA1},
               {"nesterov", MNIST_USES_NESTEROV},
               {"beta2", MNIST_USES_BETA2},
               {"rho", MNIST_USES_RHO}};
    const unsigned uses = mnist_optimizer_describe(s->config.optimizer.kind)->uses;
    for (size_t i = 0; i < LENGTH(own); i++) {
        if (!(uses & own[i].field) && mnist_on_command_line(parsed, own[i].option)) {
            return fail_unused(own[i].option, own[i].field, err);
        }
    }
    return true;
}

static bool check_regularization(const mnist_training_settings *s, mnist_error *err)
{
    if (s->dropout.count > 1 && s->dropout.count != s->hidden.count) {
        return mnist_options_fail(err,
                                  "--dropout: %u rates, but %u hidden layers; give one for all "
                                  "layers or one a layer",
                                  s->dropout.count, s->hidden.count);
    }
    const mnist_regularization *r = &s->config.regularization;
    if (r->adversarial_epsilon > 0.0f && r->virtual_epsilon > 0.0f) {
        return mnist_options_fail(err, "--adversarial and --vat exclude each other");
    }
    if (s->config.batch_norm && (r->adversarial_epsilon > 0.0f || r->virtual_epsilon > 0.0f)) {
        return mnist_options_fail(err,
                                  "--batch-norm does not go with --adversarial or --vat, whose "
                                  "images it would normalise by themselves");
    }
    if (s->config.batch_norm && s->config.batch_size < 2) {
        return mnist_options_fail(err, "--batch-norm needs a --batch-size of at least 2");
    }
    return true;
}

static bool check_omitted(const mnist_training_settings *s, mnist_error *err)
{
    if (s->calibrate_bias && mnist_class_set_count(&s->omitted) == 0) {
        return mnist_options_fail(err, "--calibrate-bias needs an --omit-class");
    }
    if (s->calibrate_bias && s->val_split.fraction <= 0.0 && s->val_split.count == 0) {
        return mnist_options_fail(
            err, "--calibrate-bias goes by the validation images, but --val-split is 0");
    }
    return true;
}

static bool check_teacher(const mnist_training_settings *s, mnist_error *err)
{
    if (!s->teacher && (s->config.temperature > 0.0f || s->config.teacher_weight > 0.0f)) {
        return mnist_options_fail(err, "--%s needs a --teacher",
                                  s->config.temperature > 0.0f ? "temperature" : "teacher-weight");
    }
    return true;
}

static bool check_pruning(const mnist_training_settings *s, mnist_error *err)
{
    mnist_pruning pruning;
    mnist_error why;
    if (!s->prune) {
        return true;
    }
    if (mnist_pruning_parse(&pruning, s->prune, &why) != MNIST_OK) {
        return mnist_options_fail(err, "--prune: %s", why.text);
    }
    return pruning.structure != MNIST_PRUNE_UNITS || s->hidden.count > 0 ||
           mnist_options_fail(err, "--prune: there are no hidden units in a net of --hidden none");
}

static bool check_weights(const mnist_training_settings *s, mnist_error *err)
{
    const mnist_prune_structure structure = s->config.pruning.structure;
    mnist_quantization quantization;
    mnist_error why;
    if (s->quantize && mnist_quantization_parse(&quantization, s->quantize, &why) != MNIST_OK) {
        return mnist_options_fail(err, "--quantize: %s", why.text);
    }
    if (s->quantize && s->config.batch_norm) {
        return mnist_options_fail(err,
                                  "--batch-norm does not go with --quantize: what it is folded "
                                  "into are no longer quantised weights");
    }
    if (s->config.tie_pixels > 1 && s->config.frozen[0]) {
        return mnist_options_fail(err,
                                  "--tie-pixels does not go with a first layer that is frozen");
    }
    return s->config.tie_pixels <= 1 || !s->prune ||
           (structure != MNIST_PRUNE_BLOCKS && structure != MNIST_PRUNE_N_OF_M) ||
           mnist_options_fail(err,
                              "--tie-pixels does not go with --prune %s: tied pixels are "
                              "pruned as one",
                              s->prune);
}

static bool check_layers(const mnist_training_settings *s, mnist_error *err)
{
    const unsigned layers = s->hidden.count + 1;
    unsigned trained = 0;
    for (unsigned i = 0; i < s->freeze.count; i++) {
        if (s->freeze.width[i] > layers) {
            return mnist_options_fail(err, "--freeze: there is no layer %u in a net of %u",
                                      s->freeze.width[i], layers);
        }
    }
    if (s->lr_scale.count > 0 && s->lr_scale.count != layers) {
        return mnist_options_fail(err,
                                  "--lr-scale: %u numbers, but %u layers: one for each hidden "
                                  "layer, and one for the last",
                                  s->lr_scale.count, layers);
    }
    for (unsigned l = 0; l < layers; l++) {
        trained += !s->config.frozen[l];
    }
    if (trained == 0) {
        return mnist_options_fail(err, "--%s would leave none of the net's %u layers to train",
                                  s->freeze.count > 0 ? "freeze" : "lr-scale", layers);
    }
    if (trained < layers && s->config.batch_norm) {
        return mnist_options_fail(err,
                                  "--batch-norm does not go with --%s: it would change what frozen "
                                  "layers compute",
                                  s->freeze.count > 0 ? "freeze" : "lr-scale 0");
    }
    return true;
}

bool mnist_training_check(const mnist_training_settings *s, const mnist_parsed *parsed,
                          mnist_error *err)
{
    return check_augmentation(s, err) && check_optimizer(s, parsed, err) &&
           check_regularization(s, err) && check_omitted(s, err) && check_teacher(s, err) &&
           check_pruning(s, err) && check_layers(s, err) && check_weights(s, err);
}

void mnist_training_set_texts(mnist_training_settings *settings, mnist_training_texts *texts)
{
    mnist_augmentation *augmentation = &settings->config.augmentation;
    if (settings->augment) {
        (void)mnist_augmentation_parse(augmentation, settings->augment,
                                       NULL); /* has been checked */
        mnist_augmentation_print(augmentation, texts->augmentation);
        settings->augment = mnist_augmentation_any(augmentation) ? texts->augmentation : NULL;
    }
    if (settings->prune) {
        mnist_pruning_print(&settings->config.pruning, texts->pruning);
        settings->prune = texts->pruning;
    }
    if (settings->quantize) {
        mnist_quantization_print(&settings->config.quantization, texts->quantization);
        settings->quantize = texts->quantization;
    }
}
