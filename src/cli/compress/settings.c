#include "cli/compress/settings.h"

#include "cli/shared/option_parts.h"

#include <mnist/compress.h>

#include <string.h>

const char *mnist_compress_step_name(mnist_compress_step step)
{
    static const char *const names[MNIST_COMPRESS_STEPS] = {"prune", "quantize", "pack"};
    return (unsigned)step < MNIST_COMPRESS_STEPS ? names[step] : NULL;
}

const char *mnist_compress_bits_name(mnist_compress_bits bits)
{
    static const char *const names[MNIST_COMPRESS_BITS] = {"fp16", "bf16",    "int8",  "int7",
                                                           "int6", "int5",    "int4",  "int3",
                                                           "int2", "ternary", "binary"};
    return (unsigned)bits < MNIST_COMPRESS_BITS ? names[bits] : NULL;
}

unsigned mnist_compress_whole_bits(mnist_compress_bits bits)
{
    return bits < MNIST_COMPRESS_INT8    ? 0
           : bits >= MNIST_COMPRESS_INT2 ? 2
                                         : 8 - (unsigned)(bits - MNIST_COMPRESS_INT8);
}

const char *mnist_compress_metadata_name(mnist_compress_metadata metadata)
{
    static const char *const names[MNIST_COMPRESS_METADATAS] = {"short", "all", "none"};
    return (unsigned)metadata < MNIST_COMPRESS_METADATAS ? names[metadata] : NULL;
}

/* Those of the training are for going on with a net that is trained already (README.md). */
mnist_compress_settings mnist_compress_settings_defaults(void)
{
    mnist_compress_settings settings = {
        .bits = MNIST_COMPRESS_INT8,
        .calibrate = 10000,
        .range = MNIST_RANGE_SQUARES,
        .compact = true,
        .levels = 16,
        .bias_bits = 8,
        .training = mnist_training_defaults(),
        .out = {.color = MNIST_COLOR_AUTO},
        .progress = MNIST_PROGRESS_AUTO,
    };
    mnist_train_config *config = &settings.training.config;
    config->epochs = 60;
    config->batch_size = 128;
    config->schedule.kind = MNIST_SCHEDULE_COSINE;
    config->schedule.warmup = 0.0f;
    config->optimizer.weight_decay = 5e-4f;
    config->label_smoothing = 0.1f;
    return settings;
}

static const char *step_name(int value)
{
    return mnist_compress_step_name((mnist_compress_step)value);
}

static const char *bits_name(int value)
{
    return mnist_compress_bits_name((mnist_compress_bits)value);
}

static const char *metadata_name(int value)
{
    return mnist_compress_metadata_name((mnist_compress_metadata)value);
}

static const char *range_name(int value)
{
    return mnist_range_rule_name((mnist_range_rule)value);
}

static const char *progress_name(int value)
{
    return mnist_progress_mode_name((mnist_progress_mode)value);
}

static const char *suggested_keep(int index)
{
    static const char *const texts[] = {"5%", "2:4", "50%,units", "10%,4x16"};
    return (size_t)index < LENGTH(texts) ? texts[index] : NULL;
}

#define S mnist_compress_settings

/* The first operand, for its messages. */
static const mnist_option step_option = {CHOICE(mnist_compress_step, S, step, step_name),
                                         .name = "STEP"};

static const mnist_option quantize_options[] = {
    {CHOICE(mnist_compress_bits, S, bits, bits_name), .name = "bits", .argument = "KIND",
     .help =
         "quantize: what the weights become, halves of floats or whole numbers with a scale a "
         "unit; below int8 they lie in bytes still; with --epochs the net is trained with them"},
    {SIZE(S, calibrate, 1, MOST_IMAGES), .name = "calibrate",
     .help = "quantize to whole numbers: take the ranges of activations from the first N training "
             "images, without those of validation"},
    {CHOICE(mnist_range_rule, S, range, range_name), .name = "range", .argument = "RULE",
     .help = "quantize to whole numbers: what ends a range, the least squares of errors or the "
             "largest activation"},
};

static const mnist_option pack_options[] = {
    {UNSIGNED(S, levels, 0, MNIST_LEVELS_MOST), .name = "levels", .zero = "all bits are kept",
     .known_as = "clusters",
     .help =
         "pack: weights of a layer become 0 or one of N numbers; where the option is not given, "
         "only of layers with more than 256 different weights; 0 keeps all bits"},
    {UNSIGNED(S, bias_bits, 0, 16), .name = "bias-bits", .zero = "all bits are kept",
     .help =
         "pack: biases become multiples of a step a layer, of N bits with their sign, 2 to 16; 0 "
         "keeps all bits"},
    {CHOICE(mnist_compress_metadata, S, metadata, metadata_name), .name = "metadata",
     .argument = "KIND",
     .help = "pack: what the file says beside the net: short leaves out digests of other models, "
             "with none mnist-eval does not know the data set nor which images were held out"},
};

static const mnist_option prune_options[] = {
    {STRING(S, keep, "SPEC"), .name = "keep", .flags = MATHS, .known_as = "prune",
     .suggested = suggested_keep,
     .help = "prune: how many weights are left: 5%, 2:4, 40%,units, 10%,4x16, and entries to "
             "change how, like 5%,start=0.1,end=0.75"},
    {UNSIGNED(S, codebook, 0, MNIST_CODEBOOK_MOST), .name = "codebook",
     .flags = MATHS | MNIST_OPTION_OPTIONAL, .zero = "off",
     .help = "prune: from 85 % of the epochs on each layer has N different weights besides 0, "
             "which 16 bits hold"},
    {STRING(S, rewind, "EARLY"), .name = "rewind", .flags = CONFIG,
     .help = "prune: MODEL says which weights are left, all at once, and they begin again with the "
             "values that they have in this model, from early in MODEL's training"},
    {SWITCH(S, compact), .name = "compact", .flags = CONFIG,
     .help =
         "prune: take out hidden units that are not needed; without, the net keeps its shape, as "
         "a next round of --rewind needs it"},
};

static const mnist_option seed_options[] = {
    {UINT64(S, training.config.seed, 0, UINT64_MAX), .letter = 's', .name = "seed", .flags = MATHS,
     .help = "seed of the order of the images"},
};

static const mnist_option data_options[] = {
    {FLAG(S, test), .name = "test",
     .help = "say what the test images make of it, too; nothing should be chosen by them"},
};

static const mnist_option run_options[] = {
    {UNSIGNED(S, threads, 0, MNIST_MAX_THREADS), .letter = 'j', .name = "threads",
     .zero = "all CPUs", .known_as = "jobs",
     .help = "threads to work with; 0 for all CPUs; changes no result"},
    {FLAG(S, dry_run), .letter = 'n', .name = "dry-run",
     .help = "write nothing, and do not train: say sizes, and what quantising without it costs"},
    {.type = MNIST_OPTION_PERCENT,
     .offset = MNIST_OPTION_FIELD(double, S, max_loss),
     .real = {0.0, 1.0, false, false},
     .argument = "X",
     .name = "max-loss-of-accuracy",
     .zero = "no limit",
     .help = "exit with code 3 if accuracy on the validation images falls by more, like 0.1%"},
};

static const mnist_option output_options[] = {
    {STRING(S, output, "FILE"), .letter = 'o', .name = "output", .known_as = "save",
     .help = "write the model here (safetensors, but what pack writes)"},
    {CHOICE(mnist_progress_mode, S, progress, progress_name), .name = "progress",
     .argument = "MODE",
     .help =
         "progress on stderr; auto and bar are a live view on a terminal, plain lines elsewhere"},
};

/* Of the tables of a training, the rows that suit a net that there is already: of the data not
 * --omit-class, --per-class and --normalize, which the model states; of the regularisation not
 * --prune, which is --keep here; of the distillation not --calibrate-bias, which is for classes
 * that are left out. These are the first rows, or the last; tests/cli/test_compress.sh
 * sees to it. */
#define DATA_ROWS           2
#define AUGMENT_ROW         (TRAIN_DATA_OPTIONS - 1)
#define REGULARISATION_ROWS (REGULARISATION_OPTIONS - 1)
#define TIE_ROW             (COMPRESSION_OPTIONS - 1)
#define TEACHER_ROWS        (DISTILLATION_OPTIONS - 1)

#define OF(step) (1u << MNIST_COMPRESS_##step)

/* The steps that have the options of the first sections; those of the others are of all steps. */
static const unsigned steps_of[] = {OF(QUANTIZE), OF(PACK), OF(PRUNE)};

/* Sections from there up to FIRST_SHARED are for training. */
enum {
    FIRST_OF_TRAINING = sizeof steps_of / sizeof *steps_of,
    FIRST_SHARED = FIRST_OF_TRAINING + 6
};

static const mnist_option_section sections[] = {
    WHOLE("Quantising", quantize_options),
    WHOLE("Packing", pack_options),
    WHOLE("Pruning", prune_options),
    WHOLE("Retraining: images", seed_options),
    SHARED("Retraining: images", mnist_train_data_options + AUGMENT_ROW, 1, S, training),
    SHARED("Retraining: optimisation", mnist_optimisation_options, OPTIMISATION_OPTIONS, S,
           training),
    SHARED("Retraining: regularisation", mnist_regularisation_options, REGULARISATION_ROWS, S,
           training),
    SHARED("Retraining: regularisation", mnist_compression_options + TIE_ROW, 1, S, training),
    SHARED("Retraining: distillation", mnist_distillation_options, TEACHER_ROWS, S, training),
    SHARED("Data", mnist_source_options, SOURCE_OPTIONS, S, training.data),
    SHARED("Data", mnist_train_files_options, TRAIN_FILES_OPTIONS, S, training.data),
    WHOLE("Data", data_options),
    SHARED("Data", mnist_test_options, TEST_OPTIONS, S, training.data),
    SHARED("Data", mnist_train_data_options, DATA_ROWS, S, training),
    WHOLE("Run", run_options),
    WHOLE("Output", output_options),
    SHARED("Output", mnist_json_options, JSON_OPTIONS, S, out),
    SHARED("Output", mnist_color_options, COLOR_OPTIONS, S, out),
};

#undef S

static void settle(void *settings, const mnist_parsed *parsed)
{
    mnist_compress_settings *s = settings;
    if (parsed->operand_count > 0) {
        (void)mnist_option_set(&step_option, &s->step, parsed->operands[0]);
    }
    s->trains = s->step == MNIST_COMPRESS_PRUNE ||
                (s->step == MNIST_COMPRESS_QUANTIZE && mnist_on_command_line(parsed, "epochs"));
    if (s->step == MNIST_COMPRESS_QUANTIZE) { /* what suits pruning, quantised weights need not */
        const mnist_train_config usual = mnist_train_defaults();
        mnist_train_config *config = &s->training.config;
        if (!mnist_on_command_line(parsed, "weight-decay")) {
            config->optimizer.weight_decay = usual.optimizer.weight_decay;
        }
        if (!mnist_on_command_line(parsed, "label-smoothing")) {
            config->label_smoothing = usual.label_smoothing;
        }
    }
    s->has_levels = mnist_on_command_line(parsed, "levels");
    s->has_max_loss = mnist_on_command_line(parsed, "max-loss-of-accuracy");
}

/* An option of a section that was given; NULL: none. */
static const char *given_of(const mnist_option_section *section, const mnist_parsed *parsed)
{
    for (size_t k = 0; k < section->count; k++) {
        if (mnist_on_command_line(parsed, section->options[k].name)) {
            return section->options[k].name;
        }
    }
    return NULL;
}

/* The first of the steps, as a name. */
static const char *first_of(unsigned steps)
{
    unsigned step = 0;
    while (!(steps >> step & 1)) {
        step++;
    }
    return mnist_compress_step_name((mnist_compress_step)step);
}

/* Options of other steps, or of a training that there is not. */
static bool check_step(const mnist_compress_settings *s, const mnist_parsed *parsed,
                       mnist_error *err)
{
    for (size_t i = 0; i < LENGTH(steps_of); i++) {
        const char *name = steps_of[i] >> s->step & 1 ? NULL : given_of(&sections[i], parsed);
        if (name) {
            return mnist_options_fail(err, "--%s is for %s, and STEP is %s", name,
                                      first_of(steps_of[i]), mnist_compress_step_name(s->step));
        }
    }
    for (size_t i = FIRST_OF_TRAINING; i < FIRST_SHARED && !s->trains; i++) {
        const char *name = given_of(&sections[i], parsed);
        if (name) {
            return mnist_options_fail(
                err, "--%s is for training, and quantize trains with --epochs N alone", name);
        }
    }
    return !s->trains || !s->training.config.batch_norm ||
           mnist_options_fail(err, "--batch-norm does not go with a model, whose weights are for "
                                   "layers that are not normalised");
}

static bool check_prune(const mnist_compress_settings *s, mnist_error *err)
{
    mnist_pruning pruning;
    mnist_error why;
    if (!s->keep) {
        return mnist_options_fail(err, "prune needs --keep SPEC, how many weights are left, as "
                                       "--keep 5%%");
    }
    if (mnist_pruning_parse(&pruning, s->keep, &why) != MNIST_OK) {
        return mnist_options_fail(err, "--keep: %s", why.text);
    }
    return !s->rewind || (!strstr(s->keep, "start=") && !strstr(s->keep, "end=")) ||
           mnist_options_fail(err,
                              "--keep: start and end do not go with --rewind, which prunes all "
                              "at once, before the first step");
}

static bool check_bits(const mnist_compress_settings *s, const mnist_parsed *parsed,
                       mnist_error *err)
{
    static const char *const of_whole[] = {"calibrate", "range"};
    for (size_t i = 0; i < LENGTH(of_whole) && mnist_compress_whole_bits(s->bits) == 0; i++) {
        if (mnist_on_command_line(parsed, of_whole[i])) {
            return mnist_options_fail(err, "--%s is for whole numbers, and --bits is %s",
                                      of_whole[i], mnist_compress_bits_name(s->bits));
        }
    }
    return !s->trains || mnist_compress_whole_bits(s->bits) > 0 ||
           mnist_options_fail(err, "--epochs: quantize trains whole numbers, and --bits is %s",
                              mnist_compress_bits_name(s->bits));
}

static bool check_pack(const mnist_compress_settings *s, mnist_error *err)
{
    return s->bias_bits != 1 ||
           mnist_options_fail(err, "--bias-bits 1 leaves a sign and no value; expected 0, for all "
                                   "bits, or 2 to 16");
}

/* What needs the model, such as options for each of its layers, is checked once it is read. */
static bool validate(const void *settings, const mnist_parsed *parsed, mnist_error *err)
{
    const mnist_compress_settings *s = settings;
    mnist_compress_step step;
    if (!mnist_option_set(&step_option, &step, parsed->operands[0])) {
        return mnist_option_fail_value(&step_option, "STEP", parsed->operands[0], err);
    }
    if (!check_step(s, parsed, err) ||
        !(s->step == MNIST_COMPRESS_PRUNE      ? check_prune(s, err)
          : s->step == MNIST_COMPRESS_QUANTIZE ? check_bits(s, parsed, err)
                                               : check_pack(s, err))) {
        return false;
    }
    if (!s->output && !s->dry_run) {
        return mnist_options_fail(err, "-o FILE is missing: where the model is to be written; or "
                                       "--dry-run");
    }
    if (!s->test && (mnist_on_command_line(parsed, "test-images") ||
                     mnist_on_command_line(parsed, "test-labels"))) {
        return mnist_options_fail(err,
                                  "--test-%s is for --test: test images are read for nothing "
                                  "else",
                                  mnist_on_command_line(parsed, "test-images") ? "images"
                                                                               : "labels");
    }
    return mnist_settings_check_data(&s->training.data, false, parsed, err);
}

static const mnist_example examples[] = {
    {"mnist-compress quantize mnist.safetensors -o small.safetensors",
     "whole numbers of 8 bits: a quarter of the bytes"},
    {"mnist-compress quantize --bits int4 --dry-run mnist.safetensors",
     "what 4 bits would cost on the validation images"},
    {"mnist-compress quantize --max-loss-of-accuracy 0.05% mnist.safetensors -o small.safetensors",
     "exit code 3 if accuracy falls by more"},
    {"mnist-compress quantize --bits ternary --epochs 20 mnist.safetensors -o small.safetensors",
     "train it on with weights of -1, 0 and 1, times a scale"},
    {"mnist-compress prune --keep 5% mnist.safetensors -o sparse.safetensors",
     "train on, and set 95 % of the weights to 0"},
    {"mnist-compress prune --keep 40%,units --epochs 20 mnist.safetensors -o narrow.safetensors",
     "whole hidden units go"},
    {"mnist-compress prune --keep 5% --rewind epoch-1.safetensors mnist.safetensors -o "
     "sparse.safetensors",
     "the weights that are left begin again where they were after an epoch"},
    {"mnist-compress prune --keep 5% --teacher big.safetensors --temperature 2 mnist.safetensors "
     "-o "
     "sparse.safetensors",
     "a larger net teaches the smaller one"},
    {"mnist-compress pack sparse.safetensors -o sparse.mlpk",
     "the smallest file: weights of few levels, entropy-coded"},
    {"mnist-compress pack --levels 0 --bias-bits 0 sparse.safetensors -o exact.mlpk",
     "the same net to the bit"},
};

static const mnist_exit_text exits[] = {
    {MNIST_EXIT_OK, "all went well"},
    {MNIST_EXIT_FAILURE, "a file could not be read or written, or data do not suit the model"},
    {MNIST_EXIT_USAGE, "bad command line, or it does not suit the model"},
    {MNIST_EXIT_GATE, "--max-loss-of-accuracy was exceeded; the model is written"},
    {MNIST_EXIT_DIVERGED, "retraining diverged: the loss is not a finite number"},
    {MNIST_EXIT_SIGINT, "interrupted; nothing was written (129: hung up, 143: terminated)"},
};

static const mnist_named_text environment[] = {
    DATA_ENVIRONMENT, ISA_ENVIRONMENT, TERMINAL_ENVIRONMENT, VIEW_ENVIRONMENT, {NULL, NULL},
};

static void set_defaults(void *settings)
{
    *(mnist_compress_settings *)settings = mnist_compress_settings_defaults();
}

const mnist_program mnist_compress_program = {
    .name = "mnist-compress",
    .summary = "smaller models: fewer weights, fewer bits",
    .description =
        "Makes a smaller model of a model. STEP is prune, which trains it further while "
        "weights become 0, quantize, which rounds weights to fewer bits, after training, or with "
        "--epochs in the course of one, whose weight decay is 1e-4 and label smoothing 0.02 unless "
        "given, or pack, which writes the smallest file, to be read as any model. Steps chain: "
        "what "
        "one has written the next reads, as do mnist-eval, mnist-predict and "
        "mnist-train. Which data set, and which of its training images are for validation, the "
        "model says; the command line beats it. Prints one line on stdout: bytes, and accuracy "
        "on the validation images, before and after, and how many answers are others.",
    .operand = "STEP",
    .more_operands = "MODEL",
    .operand_min = 2,
    .operand_max = 2,
    .settings_size = sizeof(mnist_compress_settings),
    .defaults = set_defaults,
    .sections = sections,
    .section_count = LENGTH(sections),
    .examples = examples,
    .example_count = LENGTH(examples),
    .exits = exits,
    .exit_count = LENGTH(exits),
    .environment = environment,
    .files = mnist_data_files,
    .settle = settle,
    .validate = validate,
};
