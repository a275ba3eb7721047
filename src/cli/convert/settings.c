#include "cli/convert/settings.h"

#include "cli/shared/option_parts.h"

mnist_convert_settings mnist_convert_settings_defaults(void)
{
    return (mnist_convert_settings){
        .data = mnist_data_defaults(),
        .out = {.color = MNIST_COLOR_AUTO},
    };
}

const mnist_format *mnist_convert_format(int choice, bool written)
{
    const mnist_format *format = NULL;
    int met = 0;
    for (size_t i = 0; met < choice && (format = mnist_format_at(i)) != NULL; i++) {
        met += written ? format->write != NULL : format->read != NULL;
    }
    return met == choice ? format : NULL;
}

static const char *format_name(int value, bool written)
{
    const mnist_format *format = value > 0 ? mnist_convert_format(value, written) : NULL;
    return value == 0 ? "auto" : format ? format->name : NULL;
}

static const char *from_name(int value)
{
    return format_name(value, false);
}

static const char *to_name(int value)
{
    return format_name(value, true);
}

static const char *activation_name(int value)
{
    return value == 0 ? "auto" : mnist_activation_name((mnist_activation)(value - 1));
}

static const char *order_name(int value)
{
    return mnist_input_order_name((mnist_input_order)value);
}

static const char *input_name(int value)
{
    return mnist_net_input_name((mnist_net_input)value);
}

static const char *suggested_normalization(int index)
{
    static const char *const names[] = {"unit", "standard", "0.1307:0.3081"};
    return (size_t)index < LENGTH(names) ? names[index] : NULL;
}

mnist_status mnist_convert_hints(const mnist_convert_settings *settings, mnist_net_hints *out,
                                 mnist_error *err)
{
    *out = (mnist_net_hints){.layers = settings->layers, .order = settings->order};
    out->has_activation = settings->activation > 0;
    if (out->has_activation) {
        out->activation = (mnist_activation)(settings->activation - 1);
    }
    out->has_normalization = settings->normalize != NULL;
    return settings->normalize
               ? mnist_normalization_parse(&out->normalization, settings->normalize, err)
               : MNIST_OK;
}

static const mnist_option convert_format_options[] = {
    {CHOICE(int, mnist_convert_settings, from, from_name), .name = "from", .argument = "FORMAT",
     .help = "what IN is; native: a model of mnist-train, torch: PyTorch's safetensors, auto: "
             "its first bytes say it"},
    {CHOICE(int, mnist_convert_settings, to, to_name), .name = "to", .argument = "FORMAT",
     .help = "what OUT shall be; auto: its ending says it, .pt.safetensors that it is torch"},
    {CHOICE(mnist_net_input, mnist_convert_settings, onnx_input, input_name), .name = "onnx-input",
     .argument = "KIND",
     .help = "what the net in an ONNX file that is written takes: bytes of images, (N, 28, 28), "
             "which it normalises itself; or floats, (N, 784), normalised by whoever runs it"},
    {FLAG(mnist_convert_settings, floats), .name = "floats",
     .help = "write a net of whole numbers as the floats that they stand for; else native files, C "
             "and ONNX, as QuantizeLinear and DequantizeLinear, keep them"},
};

static const mnist_option convert_input_options[] = {
    {CHOICE(int, mnist_convert_settings, activation, activation_name), .name = "activation",
     .argument = "NAME",
     .help = "of the hidden layers (auto: as IN says; PyTorch's and NumPy's files do not)"},
    {STRING(mnist_convert_settings, normalize, "HOW"), .name = "normalize",
     .suggested = suggested_normalization,
     .help = "what pixels become before the net: unit (x / 255), standard (with MNIST's own mean "
             "and deviation), or MEAN:SD of x / 255, as PyTorch's 0.1307:0.3081; else as IN says"},
    {STRING(mnist_convert_settings, layers, "LIST"), .name = "layers",
     .help = "names of the layers in order, with commas between: fc1,fc2, or WEIGHTS+BIAS,...; "
             "without it their order is that of the names, or of the shapes"},
    {CHOICE(mnist_input_order, mnist_convert_settings, order, order_name), .name = "input-order",
     .argument = "ORDER",
     .help = "how images were flattened for the net in IN: row after row, or column after column"},
};

static const mnist_option convert_check_options[] = {
    {FLAG(mnist_convert_settings, verify), .name = "verify",
     .help = "read OUT again, and run the test images through both nets"},
    {.type = MNIST_OPTION_DOUBLE,
     .offset = MNIST_OPTION_FIELD(double, mnist_convert_settings, max_difference),
     .real = {0.0, 1.0, true, false},
     .name = "max-difference",
     .argument = "X",
     .flags = MNIST_OPTION_OPTIONAL,
     .help = "exit with code 3 if a probability differs by more than X; implies --verify"},
    {SIZE(mnist_convert_settings, vectors, 1, 10000), .name = "vectors",
     .flags = MNIST_OPTION_OPTIONAL,
     .help = "write N test images and what the net makes of them to OUT.vectors.json, for other "
             "programs to be held against; where OUT is NPZ, to OUT.vectors.npz"},
};

static const mnist_option convert_output_options[] = {
    {FLAG(mnist_convert_settings, dry_run), .letter = 'n', .name = "dry-run",
     .help = "do all but write"},
    {FLAG(mnist_convert_settings, verbose), .letter = 'v', .name = "verbose",
     .help = "say more of the net on stderr"},
};

static const mnist_option_section convert_sections[] = {
    WHOLE("Formats", convert_format_options),
    WHOLE("What a file cannot say", convert_input_options),
    WHOLE("Checks", convert_check_options),
    SHARED("Test images", mnist_source_options, SOURCE_OPTIONS, mnist_convert_settings, data),
    SHARED("Test images", mnist_test_options, TEST_OPTIONS, mnist_convert_settings, data),
    WHOLE("Output", convert_output_options),
    SHARED("Output", mnist_json_options, JSON_OPTIONS, mnist_convert_settings, out),
    SHARED("Output", mnist_color_options, COLOR_OPTIONS, mnist_convert_settings, out),
};

static void settle_convert(void *settings, const mnist_parsed *parsed)
{
    mnist_convert_settings *s = settings;
    s->verify = s->verify || s->max_difference > 0.0;
    s->says_onnx_input = mnist_on_command_line(parsed, "onnx-input");
}

static bool validate_convert(const void *settings, const mnist_parsed *parsed, mnist_error *err)
{
    static const char *const of_data[] = {"dataset",     "data-dir",       "test-images",
                                          "test-labels", "synthetic-test", "data-seed"};
    const mnist_convert_settings *s = settings;
    for (size_t i = 0; !s->verify && s->vectors == 0 && i < LENGTH(of_data); i++) {
        if (mnist_on_command_line(parsed, of_data[i])) {
            return mnist_options_fail(
                err,
                "--%s is for --verify and --vectors: test images are read for "
                "nothing else",
                of_data[i]);
        }
    }
    if (s->out.quiet && s->verbose) {
        return mnist_options_fail(err, "--quiet says less and --verbose more: one of them");
    }
    return mnist_settings_check_data(&s->data, true, parsed, err);
}

static const mnist_example convert_examples[] = {
    {"mnist-convert mnist.safetensors mnist.npz", "for NumPy and scikit-learn"},
    {"mnist-convert --to torch --verify mnist.safetensors net.pt.safetensors",
     "for PyTorch; and its file says the same of the test images"},
    {"mnist-convert --verify mnist.safetensors mnist.onnx",
     "for onnxruntime, from an image's bytes to probabilities"},
    {"mnist-convert --activation relu --normalize 0.1307:0.3081 net.safetensors mine.safetensors",
     "a net of PyTorch's example becomes a model for mnist-eval"},
    {"mnist-convert --activation tanh --normalize unit --layers W1+b1,W2+b2 net.npz "
     "mine.safetensors",
     "arrays under names of one's own"},
};

static const mnist_exit_text convert_exits[] = {
    {MNIST_EXIT_OK, "all went well"},
    {MNIST_EXIT_FAILURE, "a file could not be read or written, or holds no net of dense layers"},
    {MNIST_EXIT_USAGE, "bad command line, or it lacks what IN does not say"},
    {MNIST_EXIT_GATE, "--max-difference was exceeded; OUT is written"},
};

static const mnist_named_text convert_environment[] = {
    DATA_ENVIRONMENT,
    ISA_ENVIRONMENT,
    TERMINAL_ENVIRONMENT,
    {NULL, NULL},
};

static void set_defaults(void *settings)
{
    *(mnist_convert_settings *)settings = mnist_convert_settings_defaults();
}

const mnist_program mnist_convert_program = {
    .name = "mnist-convert",
    .summary = "nets in and out of other programs' files",
    .description =
        "Reads a net of dense layers from another program's file, or from a model of "
        "mnist-train, and writes it in another format. What IN is, its content says, and "
        "what OUT shall be, its ending; a model of mnist-train ends in .safetensors. Files "
        "are read as data and never run. What a file does not say is asked for, and what is "
        "lost on the way is said on stderr. Prints one line on stdout, or on stderr if OUT is "
        "/dev/stdout.",
    .operand = "IN",
    .more_operands = "OUT",
    .operand_min = 2,
    .operand_max = 2,
    .settings_size = sizeof(mnist_convert_settings),
    .defaults = set_defaults,
    .sections = convert_sections,
    .section_count = LENGTH(convert_sections),
    .examples = convert_examples,
    .example_count = LENGTH(convert_examples),
    .exits = convert_exits,
    .exit_count = LENGTH(convert_exits),
    .environment = convert_environment,
    .files = mnist_data_files,
    .settle = settle_convert,
    .validate = validate_convert,
};
