#include "cli/score/settings.h"

#include "cli/shared/option_parts.h"

#define S mnist_score_settings

mnist_score_settings mnist_score_settings_defaults(void)
{
    return (mnist_score_settings){
        .config = mnist_score_defaults(),
        .resamples = 1000,
        .seed = 1,
        .out = {.color = MNIST_COLOR_AUTO},
    };
}

static const char *tokens_name(int value)
{
    return mnist_tokens_name((mnist_tokens)value);
}

static const char *smoothing_name(int value)
{
    return mnist_smoothing_name((mnist_smoothing)value);
}

static const char *layout_name(int value)
{
    return mnist_line_layout_name((mnist_line_layout)value);
}

static const mnist_option file_options[] = {
    {CHOICE(mnist_line_layout, S, layout, layout_name), .name = "lines", .argument = "HOW",
     .help = "what stands on a line: named (NAME, a tab, the text, and in REFS further references "
             "with tabs between), plain (the text), or auto: named where a file's first line has a "
             "tab"},
};

static const mnist_option bleu_options[] = {
    {CHOICE(mnist_tokens, S, config.tokens, tokens_name), .name = "tokenize", .argument = "HOW",
     .help = "what BLEU counts: char (each character that is no blank), none (what blanks part), "
             "13a (words and punctuation, as sacreBLEU by default)"},
    {UNSIGNED(S, config.order, 1, MNIST_BLEU_ORDERS), .name = "max-order",
     .help = "BLEU takes runs of 1 to N tokens"},
    {CHOICE(mnist_smoothing, S, config.smoothing, smoothing_name), .name = "smooth",
     .argument = "METHOD",
     .help = "BLEU's precisions of 0: none, floor, add-k and exp as sacreBLEU, method0 to method7 "
             "as NLTK"},
    {.type = MNIST_OPTION_DOUBLE,
     .offset = MNIST_OPTION_FIELD(double, S, smoothing_value),
     .real = {0.0, 1000.0, true, false},
     .name = "smooth-value",
     .argument = "X",
     .flags = MNIST_OPTION_OPTIONAL,
     .help = "for floor (0.1 unless given) and add-k (1)"},
};

static const mnist_option chrf_options[] = {
    {UNSIGNED(S, config.chrf_order, 1, MNIST_CHRF_ORDERS), .name = "chrf-order",
     .help = "chrF takes runs of 1 to N characters, blanks left out"},
    {UNSIGNED(S, config.chrf_words, 0, MNIST_CHRF_WORDS), .name = "chrf-words",
     .help = "and of 1 to N words; 2 is chrF++"},
    {.type = MNIST_OPTION_DOUBLE,
     .offset = MNIST_OPTION_FIELD(double, S, config.chrf_beta),
     .real = {0.0, 100.0, true, false},
     .name = "chrf-beta",
     .argument = "X",
     .help = "in chrF recall counts X times as much as precision"},
};

static const mnist_option interval_options[] = {
    {UNSIGNED(S, resamples, 0, 100000), .name = "resamples", .zero = "no intervals",
     .help = "resamples of the 95 % intervals, 40 or more; 0 for no intervals"},
    {UINT64(S, seed, 0, UINT64_MAX), .letter = 's', .name = "seed", .help = "of the resamples"},
};

#define SHARE_OF(field)                                                                            \
    .type = MNIST_OPTION_PERCENT, .offset = MNIST_OPTION_FIELD(double, S, field),                  \
    .real = {0.0, 1.0, false, false}, .argument = "X", .zero = "no gate"
#define RATE_OF(field)                                                                             \
    .type = MNIST_OPTION_PERCENT, .offset = MNIST_OPTION_FIELD(double, S, field),                  \
    .real = {0.0, 1000.0, false, false}, .argument = "X", .zero = "no gate"

static const mnist_option gate_options[] = {
    {SHARE_OF(gates.min_exact), .name = "min-exact",
     .help = "exit with code 3 if fewer texts are exactly right (0.95 or 95%)"},
    {SHARE_OF(gates.min_bleu), .name = "min-bleu",
     .help = "exit with code 3 if BLEU of the corpus is below X"},
    {SHARE_OF(gates.min_chrf), .name = "min-chrf", .help = "exit with code 3 if chrF is below X"},
    {RATE_OF(gates.max_cer), .name = "max-cer",
     .help = "exit with code 3 if the character error rate is above X"},
    {RATE_OF(gates.max_wer), .name = "max-wer",
     .help = "exit with code 3 if the word error rate is above X"},
};

static const mnist_option output_options[] = {
    {FLAG(S, each), .name = "each",
     .help = "first a line for each text, with tabs between: its name or number, 1 if it is exact, "
             "edits of characters, BLEU, chrF, and the hypothesis; in JSON a list"},
};

static const mnist_option_section sections[] = {
    WHOLE("Files", file_options),
    WHOLE("BLEU", bleu_options),
    WHOLE("chrF", chrf_options),
    WHOLE("Intervals", interval_options),
    WHOLE("Gates", gate_options),
    WHOLE("Output", output_options),
    SHARED("Output", mnist_json_options, JSON_OPTIONS, S, out),
    SHARED("Output", mnist_color_options, COLOR_OPTIONS, S, out),
};

static void settle(void *settings, const mnist_parsed *parsed)
{
    S *s = settings;
    s->config.smoothing_value = s->smoothing_value > 0.0
                                    ? s->smoothing_value
                                    : mnist_smoothing_default(s->config.smoothing);
    s->gates.has_min_exact = mnist_on_command_line(parsed, "min-exact");
    s->gates.has_min_bleu = mnist_on_command_line(parsed, "min-bleu");
    s->gates.has_min_chrf = mnist_on_command_line(parsed, "min-chrf");
    s->gates.has_max_cer = mnist_on_command_line(parsed, "max-cer");
    s->gates.has_max_wer = mnist_on_command_line(parsed, "max-wer");
}

static bool validate(const void *settings, const mnist_parsed *parsed, mnist_error *err)
{
    const S *s = settings;
    if (mnist_on_command_line(parsed, "smooth-value") &&
        mnist_smoothing_default(s->config.smoothing) == 0.0) {
        return mnist_options_fail(err, "--smooth-value is for --smooth floor and add-k, not %s",
                                  mnist_smoothing_name(s->config.smoothing));
    }
    if (s->resamples > 0 && s->resamples < 40) {
        return mnist_options_fail(err,
                                  "--resamples %u is too few for an interval: expected 0, or "
                                  "40 or more",
                                  s->resamples);
    }
    size_t standard_input = 0;
    for (size_t i = 0; i < parsed->operand_count; i++) {
        standard_input += parsed->operands[i][0] == '-' && parsed->operands[i][1] == '\0';
    }
    if (standard_input > 1) {
        return mnist_options_fail(err, "- is stdin, which can be read once: %zu files are -",
                                  standard_input);
    }
    return true;
}

static const mnist_example examples[] = {
    {"mnist-score refs.txt hyps.txt", "all scores, and their 95 % intervals"},
    {"mnist-predict --line --text mnist.safetensors lines/*.png | mnist-score lines/refs.txt -",
     "lines of digits that mnist-data has composed"},
    {"mnist-score --min-exact 95% --max-cer 0.01 refs.txt hyps.txt",
     "exit code 3 if too few lines are right, or too many characters are not"},
    {"mnist-score --tokenize 13a refs-1.txt hyps.txt refs-2.txt refs-3.txt",
     "translations, with three references each: BLEU and chrF as sacreBLEU has them"},
    {"mnist-score --each --smooth method4 --json refs.txt hyps.txt",
     "every text by itself, smoothed as by NLTK"},
};

static const mnist_exit_text exits[] = {
    {MNIST_EXIT_OK, "all went well"},
    {MNIST_EXIT_FAILURE, "a file could not be read, is no text, or does not go with the others"},
    {MNIST_EXIT_USAGE, "bad command line"},
    {MNIST_EXIT_GATE, "a gate, such as --min-bleu, was not met"},
};

static const mnist_named_text environment[] = {
    ISA_ENVIRONMENT,
    TERMINAL_ENVIRONMENT,
    {NULL, NULL},
};

static const mnist_named_text files[] = {
    {"REFS",
     "UTF-8 of up to a million lines, of up to 16384 bytes each; - for stdin; what is right. "
     "NAME, a tab and a text, or the text alone"},
    {"HYPS", "the same; what was read. Where both have names, these say what belongs together; a "
             "text that is missing counts as an empty one"},
    {NULL, NULL},
};

static void set_defaults(void *settings)
{
    *(S *)settings = mnist_score_settings_defaults();
}

const mnist_program mnist_score_program = {
    .name = "mnist-score",
    .summary = "scores of texts: exact match, error rates, BLEU, chrF",
    .description =
        "Holds texts that were read or translated, HYPS, against what is right, REFS, one text a "
        "line, and prints one line of scores: the share of texts that are exactly right, character "
        "and word error rate (insertions, deletions and substitutions per character or word of the "
        "reference), BLEU of all texts together, the mean of each text's BLEU, and chrF. All are "
        "fractions, with 95 % intervals by bootstrap. A text may have several references: further "
        "fields of a line, or further files.",
    .operand = "REFS",
    .more_operands = "HYPS [REFS]",
    .operand_min = 2,
    .operand_max = MNIST_REFERENCES_MOST + 1,
    .settings_size = sizeof(S),
    .defaults = set_defaults,
    .sections = sections,
    .section_count = LENGTH(sections),
    .examples = examples,
    .example_count = LENGTH(examples),
    .exits = exits,
    .exit_count = LENGTH(exits),
    .environment = environment,
    .files = files,
    .settle = settle,
    .validate = validate,
};
