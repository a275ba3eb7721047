/* Command-line options: one declarative table per program, from which scanning, --help, --config
 * and --print-config follow (and from which manual pages and shell completion can be made).
 *
 * A program's main:
 *
 *     mnist_train_settings settings = mnist_train_settings_defaults();
 *     mnist_parsed parsed;
 *     int code = mnist_options_start(&mnist_train_program, argc, argv, &settings, &parsed);
 *     if (code < 0) {
 *         code = run(&settings, &parsed);
 *     }
 *     mnist_options_free(&parsed);
 *     return code;
 *
 * What the user gives is checked here once, so that the program meets only values in range.
 */
#ifndef MNIST_CLI_OPTIONS_OPTIONS_H
#define MNIST_CLI_OPTIONS_OPTIONS_H

#include "cli/options/json.h"

#include <jansson.h>
#include <mnist/base.h>
#include <mnist/data.h>
#include <mnist/nn.h>
#include <stdio.h>

/* Exit codes of every program. */
typedef enum mnist_exit {
    MNIST_EXIT_OK = 0,
    MNIST_EXIT_FAILURE = 1,  /* input, output or model error */
    MNIST_EXIT_USAGE = 2,    /* bad command line or config file */
    MNIST_EXIT_GATE = 3,     /* --min-accuracy or --max-loss not met */
    MNIST_EXIT_DIVERGED = 4, /* NaN or Inf in the loss */
    MNIST_EXIT_SIGHUP = 129,
    MNIST_EXIT_SIGINT = 130,
    MNIST_EXIT_SIGTERM = 143
} mnist_exit;

/* An amount that the user gave as a count ("5000") or as a share of the whole ("0.05", "5%"). */
typedef struct mnist_share {
    double fraction; /* in (0, 1): share of the whole; 0: count is meant */
    uint64_t count;
} mnist_share;

/* How many of total; a fraction is rounded to the nearest. A count may be larger than total. */
uint64_t mnist_share_of(mnist_share share, uint64_t total);

/* A list of whole numbers, widths of hidden layers say; none is a valid list. */
typedef struct mnist_widths {
    unsigned count;
    unsigned width[MNIST_MAX_HIDDEN];
} mnist_widths;

#define MNIST_MAX_RATES (MNIST_MAX_HIDDEN + 1u) /* one for each layer of a net */

/* A list of numbers, for the layers of a net say; none is a valid list. */
typedef struct mnist_rates {
    unsigned count;
    float rate[MNIST_MAX_RATES];
} mnist_rates;

/* How often something is done: one of the three is not 0; all are 0 where nothing was said. */
typedef struct mnist_interval {
    double seconds;
    uint64_t steps;
    unsigned epochs;
} mnist_interval;

/* Type of the field; accepted text. */
typedef enum mnist_option_type {
    MNIST_OPTION_FLAG,                /* bool; no argument; sets it */
    MNIST_OPTION_SWITCH,              /* bool; no argument; --name sets, --no-name clears */
    MNIST_OPTION_UNSIGNED,            /* unsigned; decimal digits */
    MNIST_OPTION_SIZE,                /* size_t; decimal digits */
    MNIST_OPTION_UINT64,              /* uint64_t; decimal digits */
    MNIST_OPTION_FLOAT,               /* float; decimal, e.g. 0.1, 1e-3 */
    MNIST_OPTION_DOUBLE,              /* double; the same */
    MNIST_OPTION_PERCENT,             /* double; 0.97 or 97% */
    MNIST_OPTION_SHARE,               /* mnist_share; 5000, 0.05 or 5% */
    MNIST_OPTION_WIDTHS,              /* mnist_widths; 128 or 512,512 or none */
    MNIST_OPTION_RATES,               /* mnist_rates; 0.5 or 0.2,0.5 or none */
    MNIST_OPTION_CLASSES,             /* mnist_class_set; 3 or 0,1 or 10-15 or none */
    MNIST_OPTION_INTERVAL,            /* mnist_interval; 30s, 500steps, 2epochs or 2 */
    MNIST_OPTION_CHOICE,              /* an enum of int's size; one of the names */
    MNIST_OPTION_STRING,              /* const char *; anything but the empty string */
    MNIST_OPTION_ACTION_CONFIG,       /* no field; a file, read before the other options count */
    MNIST_OPTION_ACTION_RECIPE,       /* no field; one of the names, or "list" */
    MNIST_OPTION_ACTION_PRINT_CONFIG, /* no field */
    MNIST_OPTION_ACTION_HELP,         /* no field */
    MNIST_OPTION_ACTION_VERSION       /* no field */
} mnist_option_type;

enum {
    /* May stand in a --config file; --print-config prints it. */
    MNIST_OPTION_IN_CONFIG = 1,
    /* States the mathematics or the data: what a model was trained and tested on. Goes into the
     * model file's metadata. */
    MNIST_OPTION_IN_MODEL = 2,
    /* 0, false or an empty list stands for "not given": no default is shown, and --print-config and
     * model files leave it out, so that an option that is new changes no file of those who do not
     * use it. A number 0 is out of the option's range. Strings need no such flag: NULL is "not
     * given". */
    MNIST_OPTION_OPTIONAL = 4
};

/* What "-" means to an option that takes a place's name. */
typedef enum mnist_option_dash {
    MNIST_DASH_REFUSED, /* by the option's name: stdout has the results, a place must have a name */
    MNIST_DASH_STDIN
} mnist_option_dash;

typedef struct mnist_option {
    mnist_option_type type;
    char letter;      /* 0: long form only */
    const char *name; /* long name, without dashes */
    /* "N"; NULL for flags, switches and actions without one. For "FILE" and "DIR" shells complete
     * names of files and directories. */
    const char *argument;
    size_t offset; /* of the field, in the struct that the section is about */
    struct {
        uint64_t min, max; /* both included */
    } whole;               /* UNSIGNED, SIZE, UINT64, SHARE's count, and each of WIDTHS */
    struct {
        double min, max;              /* max INFINITY: as far as the type goes */
        bool above_min, below_max;    /* the bound itself is out of range */
    } real;                           /* FLOAT, DOUBLE, PERCENT (as a fraction), each of RATES */
    const char *(*choice)(int value); /* CHOICE, RECIPE: name of a value; NULL past the end */
    /* STRING: texts that shells offer; others are accepted too. NULL past the end; may be NULL. */
    const char *(*suggested)(int index);
    const char *zero;     /* --help shows this in place of a default of 0 */
    const char *help;     /* one sentence, small initial, no full stop */
    const char *alias;    /* a second name, accepted but not shown */
    const char *known_as; /* its name elsewhere: given that name, the error suggests this option */
    unsigned flags;
    mnist_option_dash dash; /* of those for which mnist_option_is_place */
} mnist_option;

/* Offset of a field; checks at compile time that its type is the one that the option writes. */
#define MNIST_OPTION_FIELD(type, settings, field)                                                  \
    (offsetof(settings, field) + 0 * sizeof((type *)0 == &((settings *)0)->field))

/* Options whose fields lie in one struct within the settings. Neighbouring sections of equal title
 * are one group in --help, so that a part of a group can be shared by programs. */
typedef struct mnist_option_section {
    const char *title;
    const mnist_option *options;
    size_t count;
    size_t offset;            /* of the struct, in the program's settings */
    const char *default_text; /* if not NULL: --help shows it for every default of the section */
} mnist_option_section;

typedef struct mnist_example {
    const char *command;
    const char *text; /* what it does */
} mnist_example;

/* Settings that belong together, under a name: --recipe NAME. They are set as text, like any, so
 * that a recipe holds nothing that its options would refuse. */
typedef struct mnist_recipe_setting {
    const char *option; /* its name; one that may stand in a config file */
    const char *text;   /* as mnist_option_set takes it */
} mnist_recipe_setting;

typedef struct mnist_recipe {
    const char *name;
    const char *help; /* one line, small initial, no full stop */
    const mnist_recipe_setting *settings;
    size_t count;
} mnist_recipe;

typedef struct mnist_exit_text {
    int code;
    const char *text;
} mnist_exit_text;

/* An environment variable or a file, for the manual page. */
typedef struct mnist_named_text {
    const char *name;
    const char *text; /* small initial, no full stop */
} mnist_named_text;

#define MNIST_MAX_OPTIONS 128

typedef struct mnist_parsed mnist_parsed;

typedef struct mnist_program {
    const char *name;
    const char *summary;       /* for lists of manual pages: a few words, small initial */
    const char *description;   /* one paragraph */
    const char *operand;       /* "MODEL", a file; NULL if it takes options only */
    const char *more_operands; /* what the operands after the first are, if different: "FILE" */
    size_t operand_min, operand_max;
    size_t settings_size;             /* of the struct that the options set */
    void (*defaults)(void *settings); /* fills the struct */
    const mnist_option_section *sections;
    size_t section_count;
    const mnist_recipe *recipes; /* the last one's name is NULL; NULL: none */
    const mnist_example *examples;
    size_t example_count;
    const mnist_exit_text *exits;
    size_t exit_count;
    const mnist_named_text *environment; /* the last one's name is NULL; NULL: none */
    const mnist_named_text *files;       /* as environment */
    /* Sets what follows from several settings, before they are validated. NULL: nothing to set. */
    void (*settle)(void *settings, const mnist_parsed *parsed);
    /* Checks that no option can make alone. false: err says what is wrong. NULL: nothing to
     * check. */
    bool (*validate)(const void *settings, const mnist_parsed *parsed, mnist_error *err);
    /* Called before settle: takes over the settings in a file that an option names (--resume), and
     * notes in parsed that they are given. What they point into goes to parsed->adopted.
     * false: err says what is wrong. NULL: the program reads no such file. */
    bool (*adopt)(void *settings, mnist_parsed *parsed, mnist_error *err);
} mnist_program;

/* Where an option's value comes from. */
typedef enum mnist_origin {
    MNIST_ORIGIN_DEFAULT,
    MNIST_ORIGIN_RECIPE,
    MNIST_ORIGIN_CONFIG,
    MNIST_ORIGIN_COMMAND_LINE
} mnist_origin;

/* What parsing finds beside the settings. Filled by mnist_options_parse. */
struct mnist_parsed {
    const mnist_program *program;
    char **operands; /* within argv, where getopt_long has put them last */
    size_t operand_count;
    const char *config_path; /* of --config; NULL: not given */
    json_t *config;          /* the file that was read; the settings' strings point into it */
    void *adopted;           /* left by the program's adopt; NULL: nothing */
    void (*release)(void *); /* left by it too: frees that */
    unsigned char origin[MNIST_MAX_OPTIONS];
};

typedef enum mnist_parse_result {
    MNIST_PARSE_RUN,
    MNIST_PARSE_HELP,    /* settings still hold the defaults */
    MNIST_PARSE_VERSION, /* settings still hold the defaults */
    MNIST_PARSE_RECIPES, /* settings still hold the defaults */
    MNIST_PARSE_PRINT_CONFIG,
    MNIST_PARSE_ERROR
} mnist_parse_result;

/* Reads a command line into settings, which hold the defaults: command line over --config file over
 * --recipe over defaults, wherever they stand. A recipe that the command line names takes the place
 * of one that the file names. Then validates. --help, --version and --recipe list count as soon as
 * they are met, before later mistakes. Names may not be abbreviated: a script must not break when
 * an option is added. Strings in settings are borrowed from argv and from parsed. On
 * MNIST_PARSE_ERROR err holds a message without the program's name; its status is
 * MNIST_ERR_ARGUMENT for everything that is wrong with the command line or a config file, and
 * another where memory or a file failed. parsed must go to mnist_options_free whatever the
 * result. */
mnist_parse_result mnist_options_parse(const mnist_program *program, int argc, char **argv,
                                       void *settings, mnist_parsed *parsed, mnist_error *err);
void mnist_options_free(mnist_parsed *parsed);

/* mnist_options_parse for a main: does what --help, --version, --recipe list and --print-config ask
 * for on stdout, reports errors on stderr. Returns -1 to go on, else the exit code to end with. */
int mnist_options_start(const mnist_program *program, int argc, char **argv, void *settings,
                        mnist_parsed *parsed);

/* Asserts that the program has an option of that name. */
mnist_origin mnist_options_origin(const mnist_parsed *parsed, const char *name);
/* On the command line, in the config file or by a recipe. */
bool mnist_options_was_given(const mnist_parsed *parsed, const char *name);

/* Was the option given on the command line? Only there can it contradict another: a config file
 * made by --print-config states every option, also those without effect. false too where the
 * program has no such option. */
bool mnist_on_command_line(const mnist_parsed *parsed, const char *name);

/* "PROGRAM: TEXT", and the line that points to --help. */
void mnist_options_print_error(const mnist_program *program, const mnist_error *err, FILE *out);

/* At most 80 columns wide. Defaults are what settings hold. */
void mnist_options_print_help(const mnist_program *program, const void *settings, FILE *out);

/* The recipes and what they set, as a command line would say it; at most 80 columns wide. */
void mnist_options_print_recipes(const mnist_program *program, FILE *out);

/* The settings that have all of flags (IN_CONFIG, IN_MODEL), in the order of the table: a new
 * object, or NULL with err filled (memory; a string that is not UTF-8). A float becomes the real
 * whose shortest text is the float's. A number above INT64_MAX becomes a string of digits. */
json_t *mnist_options_json(const mnist_program *program, const void *settings, unsigned flags,
                           mnist_error *err);

/* The settings as --config reads them; numbers in their shortest form, which reads back to the same
 * value. To be freed; NULL with err filled: see mnist_options_json. */
char *mnist_options_config_text(const mnist_program *program, const void *settings,
                                mnist_error *err);
/* Prints it. Errors of writing are left in out's error flag. */
bool mnist_options_print_config(const mnist_program *program, const void *settings, FILE *out,
                                mnist_error *err);

/* What the files of this folder share; mnist_describe_* use it too. */

/* An option within its program. option is NULL past the end. */
typedef struct mnist_option_ref {
    const mnist_option *option;
    const mnist_option_section *section;
    size_t index; /* in the program: the sections one after the other */
} mnist_option_ref;

mnist_option_ref mnist_option_at(const mnist_program *program, size_t index);
/* By name or alias. */
mnist_option_ref mnist_option_find(const mnist_program *program, const char *name);
static inline void *mnist_option_field(mnist_option_ref ref, void *settings)
{
    return (char *)settings + ref.section->offset + ref.option->offset;
}

/* What an option whose dash is MNIST_DASH_STDIN reads for "-". */
#define MNIST_STDIN_PATH "/dev/stdin"
/* Whether the argument names a file or a directory: "FILE", "DIR", "MODEL" or "EARLY". */
bool mnist_option_is_place(const mnist_option *option);

#define MNIST_OPTION_TEXT 256
/* Longer than any option's name; for a word this long no name is suggested. */
#define MNIST_OPTION_NAME 40

/* Sets a field from text, if the text is right in every respect. STRING keeps the pointer. FLAG and
 * SWITCH take "true" or "false". */
bool mnist_option_set(const mnist_option *option, void *field, const char *text);
/* A field as text that mnist_option_set reads back to the same value; "" for what is not set. */
void mnist_option_format(const mnist_option *option, const void *field,
                         char text[MNIST_OPTION_TEXT]);
/* What is accepted: "a whole number from 1 to 1000000", "one of relu, tanh". */
void mnist_option_expected(const mnist_option *option, char text[MNIST_OPTION_TEXT]);

/* The option's default as --help shows it, read from settings that hold the defaults; "" for
 * none. */
void mnist_option_default(mnist_option_ref ref, const void *settings, char text[MNIST_OPTION_TEXT]);
/* "--lr 0.2", "--no-nesterov": a recipe's setting as a command line would say it. */
void mnist_recipe_setting_text(const mnist_program *program, const mnist_recipe_setting *setting,
                               char text[MNIST_OPTION_TEXT]);

#define MNIST_REAL_TEXT 32

/* The shortest decimal that reads back to the same double: 0.1, 1e-5, 3. value is finite. */
void mnist_real_format(double value, char text[MNIST_REAL_TEXT]);
/* The same for a float: 0.1f gives 0.1. */
void mnist_float_format(float value, char text[MNIST_REAL_TEXT]);

/* The nearest of the program's long names (those in a config file only, if config), in the form
 * "name" or "no-name"; "" if none is near. */
void mnist_option_nearest(const mnist_program *program, const char *name, bool config,
                          char nearest[MNIST_OPTION_TEXT]);
/* The nearest of a CHOICE's names; NULL if none is near. */
const char *mnist_option_nearest_choice(const mnist_option *option, const char *text);

/* text in double quotes, control characters escaped, cut when long. */
#define MNIST_QUOTED_TEXT 128
void mnist_option_quote(const char *text, char quoted[MNIST_QUOTED_TEXT]);

/* mnist_fail with MNIST_ERR_ARGUMENT: the command line, or a file that it names, is wrong. Returns
 * false. */
bool mnist_options_fail(mnist_error *err, const char *format, ...) MNIST_PRINTF(2, 3);

/* "OPTION: "text" is not EXPECTED", with the nearest choice. where: "--epochs", or in a config file
 * "FILE: "epochs"". Returns false. */
bool mnist_option_fail_value(const mnist_option *option, const char *where, const char *text,
                             mnist_error *err);

/* Sets a field from JSON; the value's type must be one that suits the option, and its text is then
 * checked as a command line's. A string setting then points into value. where: as above. */
bool mnist_option_set_json(mnist_option_ref ref, const char *where, const json_t *value,
                           void *settings, mnist_error *err);

/* Reads the file, or text that is in memory, into parsed->config; false with err filled. A file may
 * have 65536 bytes, and takes no more than 8 MB. path: for messages. */
bool mnist_options_read_config(const char *path, mnist_parsed *parsed, mnist_error *err);
bool mnist_options_parse_config(const char *text, size_t size, const char *path,
                                mnist_parsed *parsed, mnist_error *err);
/* Sets settings from parsed->config. path: for messages. */
bool mnist_options_apply_config(const mnist_program *program, const char *path, void *settings,
                                mnist_parsed *parsed, mnist_error *err);

/* The recipe of that name, which may be NULL; NULL: there is none. */
const mnist_recipe *mnist_recipe_find(const mnist_program *program, const char *name);
bool mnist_recipe_apply(const mnist_program *program, const mnist_recipe *recipe, void *settings,
                        mnist_parsed *parsed, mnist_error *err);

#endif
