#include "cli/predict/settings.h"

#include "cli/shared/option_parts.h"

mnist_predict_settings mnist_predict_settings_defaults(void)
{
    return (mnist_predict_settings){
        .invert = MNIST_INVERT_AUTO,
        .center = MNIST_CENTER_MASS,
        .top = 1,
        .out = {.color = MNIST_COLOR_AUTO},
    };
}

static const char *invert_name(int value)
{
    return mnist_invert_name((mnist_invert)value);
}

static const char *center_name(int value)
{
    return mnist_center_name((mnist_center)value);
}

static const mnist_option predict_picture_options[] = {
    {CHOICE(mnist_invert, mnist_predict_settings, invert, invert_name), .name = "invert",
     .argument = "WHEN",
     .help = "whether ink is darker than paper (auto: the shade that prevails on the edge is "
             "paper; not for IDX and raw images)"},
    {CHOICE(mnist_center, mnist_predict_settings, center, center_name), .name = "center",
     .argument = "HOW", .known_as = "centre",
     .help =
         "what goes to the middle of 28 x 28 (the centre of mass, or of the box, of a digit that "
         "is cut out and scaled to 20 x 20; none leaves images as they are, and is the default "
         "for IDX and raw images)"},
    {FLAG(mnist_predict_settings, line), .name = "line", .known_as = "segment",
     .help = "each picture is a line of digits, which are read from left to right; or several, "
             "from the top"},
};

static const mnist_option predict_output_options[] = {
    {UNSIGNED(mnist_predict_settings, top, 1, MNIST_MAX_CLASSES), .letter = 'k', .name = "top",
     .help = "print the N likeliest digits, each with its probability"},
    {FLAG(mnist_predict_settings, all), .name = "prob", .known_as = "probabilities",
     .help =
         "print the probabilities of all digits, 0 to 9 (or of all classes), after the likeliest"},
    {STRING(mnist_predict_settings, class_names, "FILE"), .name = "class-names",
     .help = "what the classes are called, a name a line in UTF-8; else as the model says"},
    {FLAG(mnist_predict_settings, text), .name = "text",
     .help = "print each line of digits as one number, and the product of their probabilities, "
             "lines of one picture numbered; implies --line"},
    {FLAG(mnist_predict_settings, out.json), .name = "json",
     .help = "print a JSON object a digit, each on a line, instead of tab-separated values"},
    {FLAG(mnist_predict_settings, show), .name = "show", .known_as = "preview",
     .help = "draw what the net sees, on stderr"},
};

static const mnist_option_section predict_sections[] = {
    WHOLE("Pictures", predict_picture_options),
    WHOLE("Output", predict_output_options),
    SHARED("Output", mnist_color_options, COLOR_OPTIONS, mnist_predict_settings, out),
};

static void settle_predict(void *settings, const mnist_parsed *parsed)
{
    mnist_predict_settings *s = settings;
    (void)parsed;
    s->line = s->line || s->text;
}

static bool validate_predict(const void *settings, const mnist_parsed *parsed, mnist_error *err)
{
    const mnist_predict_settings *s = settings;
    const bool top = mnist_options_was_given(parsed, "top");
    if (s->line && s->center == MNIST_CENTER_NONE) {
        return mnist_options_fail(err, "--%s cuts digits out, and --center none does not",
                                  s->text ? "text" : "line");
    }
    if (s->all && top) {
        return mnist_options_fail(
            err, "--prob prints all probabilities and --top the likeliest: give one of them");
    }
    if (s->text && (s->all || top)) {
        return mnist_options_fail(err, "--text prints one number, which --%s is not for",
                                  s->all ? "prob" : "top");
    }
    if (s->out.json && (s->all || s->text || top)) {
        return mnist_options_fail(err,
                                  "--json prints every digit with all probabilities, which "
                                  "--%s does not change",
                                  s->all    ? "prob"
                                  : s->text ? "text"
                                            : "top");
    }
    return true;
}

static const mnist_example predict_examples[] = {
    {"mnist-predict mnist.safetensors digit.png", "name, digit, probability"},
    {"mnist-predict -k 3 --show mnist.safetensors *.png",
     "the three likeliest, and what the net saw"},
    {"mnist-predict --text mnist.safetensors line.pgm", "a number in handwriting"},
    {"mnist-predict mnist.safetensors t10k-images-idx3-ubyte | cut -f 2", "a digit a line"},
    {"convert digit.jpg -auto-orient pgm:- | mnist-predict --json mnist.safetensors | jq .digit",
     "a picture from another program"},
};

static const mnist_exit_text predict_exits[] = {
    {MNIST_EXIT_OK, "all went well"},
    {MNIST_EXIT_FAILURE, "the model, or one of the files, could not be read; the others were"},
    {MNIST_EXIT_USAGE, "bad command line"},
};

static const mnist_named_text predict_environment[] = {
    ISA_ENVIRONMENT,
    {"LC_ALL, LC_CTYPE, LANG",
     "--show draws with block characters if they stand for UTF-8, else with ASCII"},
    TERMINAL_ENVIRONMENT,
    {NULL, NULL},
};

static const mnist_named_text predict_files[] = {
    {"*.png, *.pgm, *.ppm, *-idx3-ubyte, *-idx3-ubyte.gz",
     "pictures; a file's first bytes say what it is, not its name"},
    {NULL, NULL},
};

static void set_defaults(void *settings)
{
    *(mnist_predict_settings *)settings = mnist_predict_settings_defaults();
}

const mnist_program mnist_predict_program = {
    .name = "mnist-predict",
    .summary = "read digits in pictures with a model of mnist-train",
    .description =
        "Reads digits with a model that mnist-train has saved: pictures of any size as "
        "PNG, PGM or PPM, images as IDX (raw or gzip), or the bytes of images. "
        "Without FILE, or where it is -, stdin is read. Prints for each digit the "
        "picture's name, the digit and its probability; where a file has "
        "several images or digits, their numbers follow the name. Control characters in a name "
        "are printed as \\xNN, a backslash as two. A picture is made like MNIST's: "
        "grey, bright ink on black, cut out, scaled to 20 x 20 and centred in 28 x 28. "
        "IDX and raw images are taken as they are.",
    .operand = "MODEL",
    .more_operands = "FILE|-",
    .operand_min = 1,
    .operand_max = 1000000,
    .settings_size = sizeof(mnist_predict_settings),
    .defaults = set_defaults,
    .sections = predict_sections,
    .section_count = LENGTH(predict_sections),
    .examples = predict_examples,
    .example_count = LENGTH(predict_examples),
    .exits = predict_exits,
    .exit_count = LENGTH(predict_exits),
    .environment = predict_environment,
    .files = predict_files,
    .settle = settle_predict,
    .validate = validate_predict,
};
