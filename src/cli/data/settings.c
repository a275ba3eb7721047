#include "cli/data/settings.h"

#include "cli/shared/option_parts.h"
#include "cli/shared/training.h"

#include <stdlib.h>
#include <string.h>

#define S mnist_tool_settings

#define MOST_DIGITS 100
#define MOST_SPACE  1000

static const char *name_of(const char *const *names, size_t count, int value)
{
    return (size_t)value < count ? names[value] : NULL;
}

const char *mnist_data_step_name(mnist_data_step step)
{
    static const char *const names[MNIST_DATA_STEPS] = {"info", "sheet", "convert", "split",
                                                        "lines"};
    return name_of(names, LENGTH(names), (int)step);
}

const char *mnist_data_part_name(mnist_data_part part)
{
    static const char *const names[MNIST_DATA_PARTS] = {"both", "train", "test"};
    return name_of(names, LENGTH(names), (int)part);
}

const char *mnist_data_form_name(mnist_data_form form)
{
    static const char *const names[MNIST_DATA_FORMS] = {"auto", "idx", "npz", "csv", "png"};
    return name_of(names, LENGTH(names), (int)form);
}

const char *mnist_data_deal_name(mnist_data_deal deal)
{
    static const char *const names[MNIST_DATA_DEALS] = {"iid", "shards", "dirichlet"};
    return name_of(names, LENGTH(names), (int)deal);
}

static const char *step_name(int value)
{
    return mnist_data_step_name((mnist_data_step)value);
}

static const char *part_name(int value)
{
    return mnist_data_part_name((mnist_data_part)value);
}

static const char *form_name(int value)
{
    return mnist_data_form_name((mnist_data_form)value);
}

static const char *deal_name(int value)
{
    return mnist_data_deal_name((mnist_data_deal)value);
}

static bool parse_number(int *out, const char **text)
{
    char *end;
    const char *first = *text + (**text == '-');
    if (*first < '0' || *first > '9' || strspn(first, "0123456789") > 6) {
        return false;
    }
    *out = (int)strtol(*text, &end, 10);
    *text = end;
    return true;
}

bool mnist_data_range_parse(mnist_data_range *out, const char *text, int least, int most)
{
    mnist_data_range range;
    if (!parse_number(&range.low, &text)) {
        return false;
    }
    range.high = range.low;
    if (*text == ':') {
        text++;
        if (!parse_number(&range.high, &text)) {
            return false;
        }
    }
    if (*text != '\0' || range.low > range.high || range.low < least || range.high > most) {
        return false;
    }
    *out = range;
    return true;
}

mnist_tool_settings mnist_tool_settings_defaults(void)
{
    return (mnist_tool_settings){
        .data = mnist_data_defaults(),
        .seed = 1,
        .count = 1000,
        .digits_text = "1:12",
        .spacing_text = "4:10",
        .style = {.margin = 8},
        .per_class = 20,
        .by_class = true,
        .shards = 2,
        .alpha = 0.5,
        .out = {.color = MNIST_COLOR_AUTO},
    };
}

/* The first operand, as an option has its choices. */
static const mnist_option step_option = {CHOICE(mnist_data_step, S, step, step_name),
                                         .name = "STEP"};

static const mnist_option which_options[] = {
    {CHOICE(mnist_data_part, S, part, part_name), .name = "part", .argument = "PART",
     .help = "which images; lines takes test images unless train is said, split training images "
             "unless test is"},
    {UINT64(S, seed, 0, UINT64_MAX), .letter = 's', .name = "seed",
     .help = "split, lines: seed of all that is drawn"},
};

static const mnist_option sheet_options[] = {
    {FLAG(S, show), .name = "show",
     .help = "info: an image of each class on stderr, as characters"},
    {UNSIGNED(S, per_class, 1, 200), .name = "per-class",
     .help = "sheet: images of each class, the first ones"},
};

static const mnist_option convert_options[] = {
    {CHOICE(mnist_data_form, S, form, form_name), .name = "to", .argument = "FORMAT",
     .help = "convert: idx (a folder of IDX files), npz (x_train, y_train, x_test, y_test), csv "
             "(the label first, one part), png (a folder of pictures, DIR/train/CLASS/NAME.png), "
             "or auto: .npz and .csv by the ending, else idx"},
};

static const mnist_option split_options[] = {
    {.type = MNIST_OPTION_SHARE,
     .offset = MNIST_OPTION_FIELD(mnist_share, S, validation),
     .whole = {0, MOST_IMAGES},
     .argument = "N",
     .name = "validation",
     .zero = "none",
     .help = "split: images for validation, as a number or a share (5000 or 10%)"},
    {.type = MNIST_OPTION_SHARE,
     .offset = MNIST_OPTION_FIELD(mnist_share, S, test),
     .whole = {0, MOST_IMAGES},
     .argument = "N",
     .name = "test",
     .zero = "none",
     .help = "split: images for test; all others are for training"},
    {SWITCH(S, by_class), .name = "by-class",
     .help = "split: each part has its share of every class, to the nearest image"},
    {UNSIGNED(S, clients, 2, 10000), .name = "clients", .flags = MNIST_OPTION_OPTIONAL,
     .help = "split: deal the training images out to N folders"},
    {CHOICE(mnist_data_deal, S, deal, deal_name), .name = "deal", .argument = "HOW",
     .help = "to clients: iid (at random), shards (sorted by class and cut, a few pieces each: "
             "McMahan et al. 2017), dirichlet (each class in shares drawn anew: Hsu et al. 2019)"},
    {UNSIGNED(S, shards, 1, 1000), .name = "shards",
     .help = "pieces of a client, of --deal shards"},
    {.type = MNIST_OPTION_DOUBLE,
     .offset = MNIST_OPTION_FIELD(double, S, alpha),
     .real = {0.0, 1e6, true, false},
     .argument = "X",
     .name = "alpha",
     .help = "of --deal dirichlet: the smaller, the fewer classes a client has"},
};

static const mnist_option lines_options[] = {
    {SIZE(S, count, 1, 1000000), .letter = 'n', .name = "lines", .help = "lines: how many"},
    {STRING(S, digits_text, "LOW:HIGH"), .name = "digits", .help = "lines: digits of a line"},
    {STRING(S, spacing_text, "LOW:HIGH"), .name = "spacing",
     .help = "lines: pixels between the ink of two digits; below 0 they overlap, as in -2:0"},
    {.type = MNIST_OPTION_DOUBLE,
     .offset = MNIST_OPTION_FIELD(double, S, style.slant),
     .real = {0.0, 45.0, false, false},
     .argument = "X",
     .name = "slant",
     .zero = "upright",
     .help = "lines: a line leans by up to X degrees, either way"},
    {.type = MNIST_OPTION_DOUBLE,
     .offset = MNIST_OPTION_FIELD(double, S, style.size),
     .real = {0.0, 0.8, false, false},
     .argument = "X",
     .name = "size",
     .zero = "as they are",
     .help = "lines: a digit is 1 - X to 1 + X times as large"},
    {UNSIGNED(S, style.baseline, 0, 100), .name = "baseline", .zero = "straight",
     .help = "lines: a digit stands up to N pixels higher or lower"},
    {.type = MNIST_OPTION_DOUBLE,
     .offset = MNIST_OPTION_FIELD(double, S, style.noise),
     .real = {0.0, 100.0, false, false},
     .argument = "X",
     .name = "noise",
     .zero = "none",
     .help = "lines: standard deviation of noise on every pixel, of 255"},
};

static const mnist_option_section sections[] = {
    WHOLE("Images", which_options),
    SHARED("Data", mnist_source_options, SOURCE_OPTIONS, S, data),
    SHARED("Data", mnist_train_files_options, TRAIN_FILES_OPTIONS, S, data),
    SHARED("Data", mnist_test_options, TEST_OPTIONS, S, data),
    WHOLE("Looking", sheet_options),
    WHOLE("Converting", convert_options),
    WHOLE("Splitting", split_options),
    WHOLE("Composing", lines_options),
    SHARED("Output", mnist_json_options, JSON_OPTIONS, S, out),
    SHARED("Output", mnist_color_options, COLOR_OPTIONS, S, out),
};

/* Options of one step alone. */
static const struct {
    const char *option;
    mnist_data_step step;
} of_steps[] = {
    {"show", MNIST_DATA_INFO},     {"per-class", MNIST_DATA_SHEET},
    {"to", MNIST_DATA_CONVERT},    {"validation", MNIST_DATA_SPLIT},
    {"test", MNIST_DATA_SPLIT},    {"by-class", MNIST_DATA_SPLIT},
    {"clients", MNIST_DATA_SPLIT}, {"deal", MNIST_DATA_SPLIT},
    {"shards", MNIST_DATA_SPLIT},  {"alpha", MNIST_DATA_SPLIT},
    {"lines", MNIST_DATA_LINES},   {"digits", MNIST_DATA_LINES},
    {"spacing", MNIST_DATA_LINES}, {"slant", MNIST_DATA_LINES},
    {"size", MNIST_DATA_LINES},    {"baseline", MNIST_DATA_LINES},
    {"noise", MNIST_DATA_LINES},
};

static void settle(void *settings, const mnist_parsed *parsed)
{
    S *s = settings;
    if (parsed->operand_count > 0) {
        (void)mnist_option_set(&step_option, &s->step, parsed->operands[0]);
    }
    if (parsed->operand_count > 1) {
        s->target = parsed->operands[1];
        if (s->step == MNIST_DATA_INFO) {
            s->data.data_dir = s->target;
        }
    }
    (void)mnist_data_range_parse(&s->style.digits, s->digits_text, 1, MOST_DIGITS);
    (void)mnist_data_range_parse(&s->style.spacing, s->spacing_text, -20, MOST_SPACE);
}

static bool check_split(const S *s, const mnist_parsed *parsed, mnist_error *err)
{
    static const char *const of_clients[] = {"deal", "shards", "alpha"};
    const bool parts =
        mnist_on_command_line(parsed, "validation") || mnist_on_command_line(parsed, "test");
    if (s->step == MNIST_DATA_SPLIT && s->clients == 0 && !parts) {
        return mnist_options_fail(err, "split needs --validation, --test or --clients");
    }
    for (size_t i = 0; s->clients == 0 && i < LENGTH(of_clients); i++) {
        if (mnist_on_command_line(parsed, of_clients[i])) {
            return mnist_options_fail(err, "--%s goes with --clients, which is missing",
                                      of_clients[i]);
        }
    }
    if (s->deal != MNIST_DATA_SHARDS && mnist_on_command_line(parsed, "shards")) {
        return mnist_options_fail(err, "--shards is for --deal shards, not %s",
                                  mnist_data_deal_name(s->deal));
    }
    if (s->deal != MNIST_DATA_DIRICHLET && mnist_on_command_line(parsed, "alpha")) {
        return mnist_options_fail(err, "--alpha is for --deal dirichlet, not %s",
                                  mnist_data_deal_name(s->deal));
    }
    return true;
}

static bool validate(const void *settings, const mnist_parsed *parsed, mnist_error *err)
{
    const S *s = settings;
    mnist_data_range range;
    mnist_data_step step;
    if (!mnist_option_set(&step_option, &step, parsed->operands[0])) {
        return mnist_option_fail_value(&step_option, "STEP", parsed->operands[0], err);
    }
    for (size_t i = 0; i < LENGTH(of_steps); i++) {
        if (of_steps[i].step != s->step && mnist_on_command_line(parsed, of_steps[i].option)) {
            return mnist_options_fail(err, "--%s is for %s, not for %s", of_steps[i].option,
                                      mnist_data_step_name(of_steps[i].step),
                                      mnist_data_step_name(s->step));
        }
    }
    if (s->step != MNIST_DATA_INFO && !s->target) {
        return mnist_options_fail(err, "%s needs the name of what it shall write",
                                  mnist_data_step_name(s->step));
    }
    if (s->step == MNIST_DATA_INFO && s->target && mnist_on_command_line(parsed, "data-dir")) {
        return mnist_options_fail(err, "info: the data are %s, and --data-dir says others",
                                  s->target);
    }
    if (!mnist_data_range_parse(&range, s->digits_text, 1, MOST_DIGITS)) {
        return mnist_options_fail(err, "--digits: expected LOW:HIGH, from 1 to %d, as 1:12",
                                  MOST_DIGITS);
    }
    if (!mnist_data_range_parse(&range, s->spacing_text, -20, MOST_SPACE)) {
        return mnist_options_fail(err, "--spacing: expected LOW:HIGH, from -20 to %d, as 4:10",
                                  MOST_SPACE);
    }
    return check_split(s, parsed, err) && mnist_settings_check_data(&s->data, true, parsed, err);
}

static const mnist_example examples[] = {
    {"mnist-data info data/mnist", "sizes, classes, range, images that are there twice"},
    {"mnist-data sheet digits.png --part train", "a picture of 20 images of each class"},
    {"mnist-data convert mnist.npz --data-dir data/mnist", "for NumPy and Keras"},
    {"mnist-data split parts --validation 5000 --test 10%", "three parts, each class its share"},
    {"mnist-data split clients --clients 100 --deal shards", "two classes or so for each client"},
    {"mnist-data lines -n 1000 lines --spacing 4:10 --slant 10",
     "pictures of lines of digits, and lines/refs.txt"},
    {"mnist-predict --line --text mnist.safetensors lines/*.png | mnist-score lines/refs.txt -",
     "how well they are read"},
};

static const mnist_exit_text exits[] = {
    {MNIST_EXIT_OK, "all went well"},
    {MNIST_EXIT_FAILURE, "a file could not be read or written, or there are too few images"},
    {MNIST_EXIT_USAGE, "bad command line"},
};

static const mnist_named_text environment[] = {
    DATA_ENVIRONMENT,
    ISA_ENVIRONMENT,
    TERMINAL_ENVIRONMENT,
    {NULL, NULL},
};

static void set_defaults(void *settings)
{
    *(S *)settings = mnist_tool_settings_defaults();
}

const mnist_program mnist_data_program = {
    .name = "mnist-data",
    .summary = "what data are, from and to other formats, lines of digits",
    .description =
        "STEP is info, which says what PLACE, a file or a folder, holds; sheet, which draws images "
        "of each class into PLACE, a PNG file; convert, which writes the data as PLACE in another "
        "format; split, which parts them into training, validation and test, or deals them out to "
        "clients, in the folder PLACE; or lines, which composes lines of digits as pictures in the "
        "folder PLACE, with refs.txt for mnist-score. Folders are made, or must be empty. Prints "
        "one line for each part, name=value with tabs between, or JSON.",
    .operand = "STEP",
    .more_operands = "PLACE",
    .operand_min = 1,
    .operand_max = 2,
    .settings_size = sizeof(S),
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
