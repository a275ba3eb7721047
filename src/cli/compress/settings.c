#include "cli/compress/settings.h"

#include "cli/shared/option_parts.h"

#include <mnist/compress.h>

#include <string.h>

/* Those of the training are for going on with a net that is trained already (README.md). */
mnist_compress_settings mnist_compress_settings_defaults(void)
{
    mnist_compress_settings settings = {
        .bits = MNIST_COMPRESS_INT8,
        .calibrate = 10000,
        .range = MNIST_RANGE_SQUARES,
        .compact = true,
        .levels = 16,
        .codebooks = {.count = 1, .width = {8}},
        .tries = 6,
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
};

static const mnist_option packed_options[] = {
    {UNSIGNED(S, bias_bits, 0, 16), .name = "bias-bits", .zero = "all bits are kept",
     .help = "pack, auto, sweep: biases become multiples of a step a layer, of N bits with their "
             "sign, 2 to 16; 0 "
             "keeps all bits"},
    {CHOICE(mnist_compress_metadata, S, metadata, metadata_name), .name = "metadata",
     .argument = "KIND",
     .help = "pack, auto, sweep: what the file says beside the net: short leaves out digests of "
             "other models, "
             "with none mnist-eval does not know the data set nor which images were held out"},
};

static const mnist_option keep_options[] = {
    {STRING(S, keep, "SPEC"), .name = "keep", .flags = MATHS, .known_as = "prune",
     .suggested = suggested_keep,
     .help = "prune: how many weights are left: 5%, 2:4, 40%,units, 10%,4x16, and entries to "
             "change how, like 5%,start=0.1,end=0.75; sweep: several, like 20%,10%,5%"},
};

static const mnist_option prune_options[] = {
    {UNSIGNED(S, codebook, 0, MNIST_CODEBOOK_MOST), .name = "codebook",
     .flags = MATHS | MNIST_OPTION_OPTIONAL, .zero = "off",
     .help = "prune: from 85 % of the epochs on each layer has N different weights besides 0, "
             "which 16 bits hold"},
    {SWITCH(S, compact), .name = "compact", .flags = CONFIG,
     .help = "prune: take out hidden units that are not needed; a next round of --rewind needs "
             "them"},
};

static const mnist_option rewind_options[] = {
    {STRING(S, rewind, "EARLY"), .name = "rewind", .flags = CONFIG,
     .help = "prune, auto, sweep: MODEL says which weights are left, all at once, and they begin "
             "again with the "
             "values that they have in this model, from early in MODEL's training"},
};

static const mnist_option codebooks_options[] = {
    {.type = MNIST_OPTION_WIDTHS,
     .offset = MNIST_OPTION_FIELD(mnist_widths, S, codebooks),
     .whole = {1, MNIST_LEVELS_MOST},
     .name = "codebooks",
     .argument = "LIST",
     .help = "auto, sweep: numbers of different weights that a layer may have besides 0, each of "
             "which is tried"},
};

static const mnist_option auto_options[] = {
    {STRING(S, max_bytes_text, "N"), .name = "max-bytes", .known_as = "size",
     .help = "auto: the most bytes that the file may have, like 12KiB; of those that have no more, "
             "the one of the fewest errors is taken"},
    {UNSIGNED(S, tries, 1, 100), .name = "tries",
     .help = "auto: the most retrainings for each of --codebooks"},
};

static const mnist_option sweep_options[] = {
    {STRING(S, report, "FILE"), .name = "report", .flags = CONFIG,
     .help = "sweep: write a page with a chart and a table of what was tried here (HTML)"},
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
     .help =
         "exit with code 3 if accuracy on the validation images falls by more, like 0.1%; auto: "
         "of what keeps to it, the smallest file is taken, unless --max-bytes is given"},
};

static const mnist_option output_options[] = {
    {STRING(S, output, "FILE"), .letter = 'o', .name = "output", .known_as = "save",
     .help = "write the model here (safetensors, but what pack and auto write); sweep: the packed "
             "models, into this directory"},
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

/* The first nine are of some steps alone (check.c), and the next six for training. */
static const mnist_option_section sections[] = {
    WHOLE("Quantising", quantize_options),
    WHOLE("Packing", pack_options),
    WHOLE("Packing", packed_options),
    WHOLE("Pruning", keep_options),
    WHOLE("Pruning", prune_options),
    WHOLE("Pruning", rewind_options),
    WHOLE("Searching", codebooks_options),
    WHOLE("Searching", auto_options),
    WHOLE("Searching", sweep_options),
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

/* What suits pruning, quantised weights need not. */
static void suit_quantization(mnist_train_config *config, const mnist_parsed *parsed)
{
    const mnist_train_config usual = mnist_train_defaults();
    if (!mnist_on_command_line(parsed, "weight-decay")) {
        config->optimizer.weight_decay = usual.optimizer.weight_decay;
    }
    if (!mnist_on_command_line(parsed, "label-smoothing")) {
        config->label_smoothing = usual.label_smoothing;
    }
}

static void settle(void *settings, const mnist_parsed *parsed)
{
    mnist_compress_settings *s = settings;
    if (parsed->operand_count > 0) {
        (void)mnist_option_set(&mnist_compress_step_option, &s->step, parsed->operands[0]);
    }
    s->trains = s->step != MNIST_COMPRESS_PACK &&
                (s->step != MNIST_COMPRESS_QUANTIZE || mnist_on_command_line(parsed, "epochs"));
    s->max_bytes = s->max_bytes_text ? mnist_compress_read_bytes(s->max_bytes_text) : 0;
    if (s->step == MNIST_COMPRESS_SWEEP && !s->keep) {
        s->keep = "20%,10%,5%,2%";
    }
    if (s->step == MNIST_COMPRESS_QUANTIZE) {
        suit_quantization(&s->training.config, parsed);
    }
    s->has_levels = mnist_on_command_line(parsed, "levels");
    s->has_max_loss = mnist_on_command_line(parsed, "max-loss-of-accuracy");
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
     "-o sparse.safetensors",
     "a larger net teaches the smaller one"},
    {"mnist-compress pack sparse.safetensors -o sparse.mlpk",
     "the smallest file: weights of few levels, entropy-coded"},
    {"mnist-compress pack --levels 0 --bias-bits 0 sparse.safetensors -o exact.mlpk",
     "the same net to the bit"},
    {"mnist-compress auto --max-bytes 12KiB mnist.safetensors -o mnist.mlpk",
     "the best net that fits"},
    {"mnist-compress sweep --keep 20%,10%,5%,2% --report sweep.html mnist.safetensors",
     "bytes against errors, as a table and as a page"},
};

static const mnist_exit_text exits[] = {
    {MNIST_EXIT_OK, "all went well"},
    {MNIST_EXIT_FAILURE, "a file could not be read or written, or data do not suit the model"},
    {MNIST_EXIT_USAGE, "bad command line, or it does not suit the model"},
    {MNIST_EXIT_GATE, "--max-loss-of-accuracy was exceeded; the model is written; of auto: nothing "
                      "that was tried meets the budget, and nothing is written"},
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
        "Makes a smaller model of a model. STEP is prune, which trains it further while weights "
        "become 0, quantize, which rounds weights to fewer bits, after training, or with --epochs "
        "in the course of one, whose weight decay is 1e-4 and label smoothing 0.02 unless given, "
        "pack, which writes the smallest file, to be read as any model, auto, which prunes, "
        "retrains and packs until a budget is met, or sweep, which does so for a list and says "
        "what "
        "each costs. Steps chain: what one has written the next reads, as do mnist-eval, "
        "mnist-predict and mnist-train. Which data set, and which of its training images are for "
        "validation, the model says; the command line beats it. Prints one line on stdout: bytes, "
        "and accuracy on the validation images, before and after, and how many answers are others; "
        "sweep a table.",
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
    .validate = mnist_compress_check,
};
