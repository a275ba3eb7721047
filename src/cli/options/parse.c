/* From a command line to settings. */
#define _POSIX_C_SOURCE 200809L

#include "cli/options/options.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

/* Scanning. getopt_long finds options and arguments and puts operands last. For a long option it
 * returns LONG_FORM + 2 * index, and one more for the --no- form: values that no letter has. */

#define LONG_FORM 256

#if defined(__APPLE__) || defined(__FreeBSD__) || defined(__NetBSD__) || defined(__OpenBSD__)
#define RESTART_GETOPT() ((void)(optreset = 1, optind = 1))
#else
#define RESTART_GETOPT() ((void)(optind = 0))
#endif

typedef struct occurrence {
    mnist_option_ref ref;
    const char *argument; /* "true" or "false" for flags and switches */
} occurrence;

/* What getopt_long is told, and what it finds. */
typedef struct scan {
    char letters[2 + 2 * MNIST_MAX_OPTIONS];
    struct option names[3 * MNIST_MAX_OPTIONS + 1];         /* name, alias, no-name */
    char negated[MNIST_MAX_OPTIONS][MNIST_OPTION_NAME + 8]; /* "no-name" */
    occurrence *found;                                      /* in the order of the command line */
    size_t count;
    mnist_parse_result result; /* RUN, or what an action asks for */
    const char *config_path;
    const char *recipe; /* the last one named; NULL: none */
} scan;

/* Has an action been found that makes the rest of the command line irrelevant? */
static bool is_over(const scan *s)
{
    return s->result == MNIST_PARSE_HELP || s->result == MNIST_PARSE_VERSION ||
           s->result == MNIST_PARSE_RECIPES;
}

static bool takes_argument(const mnist_option *option)
{
    switch (option->type) {
    case MNIST_OPTION_FLAG:
    case MNIST_OPTION_SWITCH:
    case MNIST_OPTION_ACTION_PRINT_CONFIG:
    case MNIST_OPTION_ACTION_HELP:
    case MNIST_OPTION_ACTION_VERSION:
        return false;
    default:
        return true;
    }
}

static void describe_options(const mnist_program *program, scan *s)
{
    size_t letter = 0, name = 0;
    s->letters[letter++] = ':'; /* tells a missing argument from an unknown option */
    mnist_option_ref ref = mnist_option_at(program, 0);
    for (; ref.option; ref = mnist_option_at(program, ref.index + 1)) {
        const mnist_option *option = ref.option;
        assert(ref.index < MNIST_MAX_OPTIONS && strlen(option->name) < MNIST_OPTION_NAME);
        int has_argument = takes_argument(option) ? required_argument : no_argument;
        int value = LONG_FORM + 2 * (int)ref.index;
        s->names[name++] = (struct option){option->name, has_argument, NULL, value};
        if (option->alias) {
            s->names[name++] = (struct option){option->alias, has_argument, NULL, value};
        }
        if (option->type == MNIST_OPTION_SWITCH) {
            snprintf(s->negated[ref.index], sizeof s->negated[0], "no-%s", option->name);
            s->names[name++] = (struct option){s->negated[ref.index], no_argument, NULL, value + 1};
        }
        if (option->letter) {
            s->letters[letter++] = option->letter;
            if (has_argument == required_argument) {
                s->letters[letter++] = ':';
            }
        }
    }
}

/* The option that getopt_long's return value stands for; option is NULL if it stands for none. */
static mnist_option_ref find_value(const mnist_program *program, int value)
{
    if (value >= LONG_FORM) {
        return mnist_option_at(program, (size_t)(value - LONG_FORM) / 2);
    }
    mnist_option_ref ref = mnist_option_at(program, 0);
    while (ref.option && (value == 0 || ref.option->letter != value)) {
        ref = mnist_option_at(program, ref.index + 1);
    }
    return ref;
}

/* word: "--epoch-count" or "--epoch-count=3". */
static bool fail_unknown(const mnist_program *program, const char *word, mnist_error *err)
{
    char name[MNIST_QUOTED_TEXT], quoted[MNIST_QUOTED_TEXT], nearest[MNIST_OPTION_TEXT];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word, "="), word);
    mnist_option_nearest(program, name + strspn(name, "-"), false, nearest);
    mnist_option_quote(name, quoted);
    /* without the quotes: an option's dashes set it apart */
    return mnist_options_fail(err, "unknown option %.*s%s%s%s", (int)strlen(quoted) - 2, quoted + 1,
                              *nearest ? "; did you mean --" : "", nearest, *nearest ? "?" : "");
}

/* Whether the word "--name" or "--name=value" names the option in full: getopt_long would take an
 * abbreviation too. */
static bool is_full_name(const mnist_option *option, const char *word)
{
    size_t length = strcspn(word + 2, "=");
    char name[MNIST_OPTION_NAME + 8] = "";
    if (length >= sizeof name) {
        return false;
    }
    memcpy(name, word + 2, length);
    return strcmp(name, option->name) == 0 || (option->alias && strcmp(name, option->alias) == 0) ||
           (option->type == MNIST_OPTION_SWITCH && strncmp(name, "no-", 3) == 0 &&
            strcmp(name + 3, option->name) == 0);
}

/* The error for an unknown letter, which may stem from a long name with one dash, as in -lr 0.1.
 * optind is still at the word, or just past it. */
static bool fail_letter(const mnist_program *program, int argc, char **argv, mnist_error *err)
{
    for (int i = optind - 1; i <= optind && i < argc; i++) {
        const char *word = argv[i];
        if (i > 0 && word[0] == '-' && word[1] != '-' && strchr(word, optopt) &&
            mnist_option_find(program, word + 1).option) {
            return mnist_options_fail(err, "unknown option %s; did you mean -%s?", word, word);
        }
    }
    if (optopt > ' ' && optopt < 0x7f) {
        return mnist_options_fail(err, "unknown option -%c", optopt);
    }
    return mnist_options_fail(err, "unknown option -\\x%02x", (unsigned)(unsigned char)optopt);
}

/* The error for what getopt_long refused, by returning '?' or ':'. */
static bool fail_scan(const mnist_program *program, int returned, int argc, char **argv,
                      mnist_error *err)
{
    char text[MNIST_OPTION_TEXT], quoted[MNIST_QUOTED_TEXT];
    const char *word = argv[optind - 1]; /* the one refused, unless it was a letter */
    mnist_option_ref ref = find_value(program, optopt);
    if (!ref.option) {
        return optopt ? fail_letter(program, argc, argv, err) : fail_unknown(program, word, err);
    }
    if (optopt >= LONG_FORM && !is_full_name(ref.option, word)) {
        return fail_unknown(program, word, err);
    }
    if (returned == ':') {
        bool is_name = ref.option->type == MNIST_OPTION_STRING ||
                       ref.option->type == MNIST_OPTION_ACTION_CONFIG;
        mnist_option_expected(ref.option, text);
        return mnist_options_fail(err, "--%s: its argument %s is missing%s%s", ref.option->name,
                                  ref.option->argument, is_name ? "" : ": ", is_name ? "" : text);
    }
    const char *equals = strchr(word, '='); /* --json=yes */
    mnist_option_quote(equals ? equals + 1 : "", quoted);
    return mnist_options_fail(err, "%.*s: takes no argument, but was given %s",
                              (int)strcspn(word, "="), word, quoted);
}

static bool note(scan *s, mnist_option_ref ref, bool negated, const char *argument,
                 mnist_error *err)
{
    switch (ref.option->type) {
    case MNIST_OPTION_ACTION_HELP:
        s->result = MNIST_PARSE_HELP;
        return true;
    case MNIST_OPTION_ACTION_VERSION:
        s->result = MNIST_PARSE_VERSION;
        return true;
    case MNIST_OPTION_ACTION_PRINT_CONFIG:
        s->result = MNIST_PARSE_PRINT_CONFIG;
        return true;
    case MNIST_OPTION_ACTION_CONFIG:
        if (s->config_path) {
            return mnist_options_fail(err, "--%s: given twice; there can be one file",
                                      ref.option->name);
        }
        if (*argument == '\0') {
            return mnist_option_fail_value(ref.option, "--config", argument, err);
        }
        s->config_path = strcmp(argument, "-") == 0 ? MNIST_STDIN_PATH : argument;
        return true;
    case MNIST_OPTION_ACTION_RECIPE:
        if (strcmp(argument, "list") == 0) {
            s->result = MNIST_PARSE_RECIPES;
            return true;
        }
        s->recipe = argument;
        break;
    case MNIST_OPTION_FLAG:
    case MNIST_OPTION_SWITCH:
        argument = negated ? "false" : "true";
        break;
    default:
        break;
    }
    s->found[s->count++] = (occurrence){ref, argument};
    return true;
}

/* Fills s->found, up to --help or --version. On return operands start at optind. */
static bool scan_options(const mnist_program *program, int argc, char **argv, scan *s,
                         mnist_error *err)
{
    describe_options(program, s);
    opterr = 0;
    RESTART_GETOPT();
    for (;;) {
        int which = -1;
        optopt = 0;
        int value = getopt_long(argc, argv, s->letters, s->names, &which);
        if (value == -1) {
            return true;
        }
        if (value == '?' || value == ':') {
            return fail_scan(program, value, argc, argv, err);
        }
        mnist_option_ref ref = find_value(program, value);
        if (which >= 0) { /* a long option; optarg may be a word of its own behind it */
            const char *word = argv[optind - 1] == optarg ? argv[optind - 2] : argv[optind - 1];
            if (!is_full_name(ref.option, word)) {
                return fail_unknown(program, word, err);
            }
        }
        if (!note(s, ref, value >= LONG_FORM && (value - LONG_FORM) % 2 == 1, optarg, err)) {
            return false;
        }
        if (is_over(s)) {
            return true;
        }
    }
}

static bool check_operands(const mnist_program *program, const mnist_parsed *parsed,
                           mnist_error *err)
{
    if (parsed->operand_count < program->operand_min) {
        return mnist_options_fail(err, "%s is missing",
                                  parsed->operand_count > 0 ? program->more_operands
                                                            : program->operand);
    }
    if (parsed->operand_count > program->operand_max) {
        const char *extra = parsed->operands[program->operand_max];
        char quoted[MNIST_QUOTED_TEXT];
        mnist_option_quote(extra, quoted);
        bool is_option = mnist_option_find(program, extra).option != NULL;
        return mnist_options_fail(err, "unexpected argument %s%s%s%s", quoted,
                                  is_option ? "; did you mean --" : "", is_option ? extra : "",
                                  is_option ? "?" : "");
    }
    for (size_t i = 0; i < parsed->operand_count; i++) {
        const char *what =
            i > 0 && program->more_operands ? program->more_operands : program->operand;
        if (strcmp(what, "MODEL") == 0 && strcmp(parsed->operands[i], "-") == 0) {
            return mnist_options_fail(
                err, "MODEL is -, which does not stand for stdin here; name a file, or write "
                     "./- for one that is called so");
        }
    }
    return true;
}

/* stdin can be read once. */
static bool check_stdin(const scan *s, mnist_error *err)
{
    const char *reader =
        s->config_path && strcmp(s->config_path, MNIST_STDIN_PATH) == 0 ? "config" : NULL;
    for (size_t i = 0; i < s->count; i++) {
        const mnist_option *option = s->found[i].ref.option;
        if (option->dash != MNIST_DASH_STDIN || strcmp(s->found[i].argument, "-") != 0 ||
            (reader && strcmp(reader, option->name) == 0)) {
            continue;
        }
        if (reader) {
            return mnist_options_fail(
                err, "--%s and --%s are both to be read from stdin; name a file for one", reader,
                option->name);
        }
        reader = option->name;
    }
    return true;
}

static bool apply(const scan *s, void *settings, mnist_parsed *parsed, mnist_error *err)
{
    for (size_t i = 0; i < s->count; i++) {
        const occurrence *o = &s->found[i];
        if (!mnist_option_set(o->ref.option, mnist_option_field(o->ref, settings), o->argument)) {
            char where[MNIST_OPTION_NAME + 8];
            snprintf(where, sizeof where, "--%s", o->ref.option->name);
            return mnist_option_fail_value(o->ref.option, where, o->argument, err);
        }
        parsed->origin[o->ref.index] = MNIST_ORIGIN_COMMAND_LINE;
    }
    return true;
}

static mnist_parse_result parse(const mnist_program *program, int argc, char **argv, void *settings,
                                mnist_parsed *parsed, scan *s, mnist_error *err)
{
    if (!scan_options(program, argc, argv, s, err)) {
        return MNIST_PARSE_ERROR;
    }
    if (is_over(s)) {
        return s->result;
    }
    parsed->operands = argv + optind;
    parsed->operand_count = (size_t)(argc - optind);
    parsed->config_path = s->config_path;
    if (!check_operands(program, parsed, err) || !check_stdin(s, err) ||
        (s->config_path && !mnist_options_read_config(s->config_path, parsed, err))) {
        return MNIST_PARSE_ERROR;
    }
    /* an unknown name is skipped here, and refused below where the option is set */
    const mnist_recipe *recipe = mnist_recipe_find(
        program,
        s->recipe ? s->recipe : json_string_value(json_object_get(parsed->config, "recipe")));
    /* lowest precedence first: later ones overwrite */
    bool good = (!recipe || mnist_recipe_apply(program, recipe, settings, parsed, err)) &&
                (!parsed->config ||
                 mnist_options_apply_config(program, s->config_path, settings, parsed, err)) &&
                apply(s, settings, parsed, err) &&
                (!program->adopt || program->adopt(settings, parsed, err));
    if (good && program->settle) {
        program->settle(settings, parsed);
    }
    good = good && (!program->validate || program->validate(settings, parsed, err));
    return good ? s->result : MNIST_PARSE_ERROR;
}

mnist_parse_result mnist_options_parse(const mnist_program *program, int argc, char **argv,
                                       void *settings, mnist_parsed *parsed, mnist_error *err)
{
    *parsed = (mnist_parsed){.program = program};
    mnist_parse_result result = MNIST_PARSE_ERROR;
    scan *s = calloc(1, sizeof *s);
    /* each word of the command line holds at most as many options as it has letters */
    size_t most = 1;
    for (int i = 1; i < argc; i++) {
        most += strlen(argv[i]);
    }
    occurrence *found = calloc(most, sizeof *found);
    if (s && found) {
        s->found = found;
        s->result = MNIST_PARSE_RUN;
        result = parse(program, argc, argv, settings, parsed, s, err);
    } else {
        mnist_fail(err, MNIST_ERR_MEMORY, "out of memory");
    }
    free(found);
    free(s);
    return result;
}

void mnist_options_free(mnist_parsed *parsed)
{
    json_decref(parsed->config);
    parsed->config = NULL;
    if (parsed->adopted) {
        parsed->release(parsed->adopted);
        parsed->adopted = NULL;
    }
}

mnist_origin mnist_options_origin(const mnist_parsed *parsed, const char *name)
{
    mnist_option_ref ref = mnist_option_find(parsed->program, name);
    assert(ref.option);
    return (mnist_origin)parsed->origin[ref.index];
}

bool mnist_options_was_given(const mnist_parsed *parsed, const char *name)
{
    return mnist_options_origin(parsed, name) != MNIST_ORIGIN_DEFAULT;
}

bool mnist_on_command_line(const mnist_parsed *parsed, const char *name)
{
    return mnist_option_find(parsed->program, name).option &&
           mnist_options_origin(parsed, name) == MNIST_ORIGIN_COMMAND_LINE;
}

void mnist_options_print_error(const mnist_program *program, const mnist_error *err, FILE *out)
{
    fprintf(out, "%s: %s\n", program->name, err->text);
    if (err->status == MNIST_ERR_ARGUMENT) {
        fprintf(out, "Try '%s --help'.\n", program->name);
    }
}

int mnist_options_start(const mnist_program *program, int argc, char **argv, void *settings,
                        mnist_parsed *parsed)
{
    mnist_error err = {0};
    switch (mnist_options_parse(program, argc, argv, settings, parsed, &err)) {
    case MNIST_PARSE_RUN:
        return -1;
    case MNIST_PARSE_HELP:
        mnist_options_print_help(program, settings, stdout);
        break;
    case MNIST_PARSE_VERSION:
        printf("%s %s\n", program->name, mnist_version());
        break;
    case MNIST_PARSE_RECIPES:
        mnist_options_print_recipes(program, stdout);
        break;
    case MNIST_PARSE_PRINT_CONFIG:
        if (mnist_options_print_config(program, settings, stdout, &err)) {
            break;
        }
        /* fall through */
    case MNIST_PARSE_ERROR:
        mnist_options_print_error(program, &err, stderr);
        return err.status == MNIST_ERR_ARGUMENT ? MNIST_EXIT_USAGE : MNIST_EXIT_FAILURE;
    }
    errno = 0;
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "%s: stdout could not be written: %s\n", program->name,
                errno ? strerror(errno) : "an earlier write failed");
        return MNIST_EXIT_FAILURE;
    }
    return MNIST_EXIT_OK;
}
