/* What option tables are made of, and the tables that several programs share. For the files that
 * hold a program's table: settings.c and training.c here, settings.c in the programs' folders. */
#ifndef MNIST_CLI_SHARED_OPTION_PARTS_H
#define MNIST_CLI_SHARED_OPTION_PARTS_H

#include "cli/shared/settings.h"

#include <math.h>

/* The macros state an entry's type and field together, so that the compiler sees that they
 * agree. */

#define MATHS  (MNIST_OPTION_IN_CONFIG | MNIST_OPTION_IN_MODEL)
#define CONFIG MNIST_OPTION_IN_CONFIG

#define FLAG(settings, field)                                                                      \
    .type = MNIST_OPTION_FLAG, .offset = MNIST_OPTION_FIELD(bool, settings, field)
#define SWITCH(settings, field)                                                                    \
    .type = MNIST_OPTION_SWITCH, .offset = MNIST_OPTION_FIELD(bool, settings, field)
#define UNSIGNED(settings, field, low, high)                                                       \
    .type = MNIST_OPTION_UNSIGNED, .offset = MNIST_OPTION_FIELD(unsigned, settings, field),        \
    .whole = {low, high}, .argument = "N"
#define SIZE(settings, field, low, high)                                                           \
    .type = MNIST_OPTION_SIZE, .offset = MNIST_OPTION_FIELD(size_t, settings, field),              \
    .whole = {low, high}, .argument = "N"
#define UINT64(settings, field, low, high)                                                         \
    .type = MNIST_OPTION_UINT64, .offset = MNIST_OPTION_FIELD(uint64_t, settings, field),          \
    .whole = {low, high}, .argument = "N"
/* in [low, high], (low, high], [low, high) */
#define FLOAT_WITHIN(settings, field, low, high)                                                   \
    .type = MNIST_OPTION_FLOAT, .offset = MNIST_OPTION_FIELD(float, settings, field),              \
    .real = {low, high, false, false}, .argument = "X"
#define FLOAT_ABOVE(settings, field, low, high)                                                    \
    .type = MNIST_OPTION_FLOAT, .offset = MNIST_OPTION_FIELD(float, settings, field),              \
    .real = {low, high, true, false}, .argument = "X"
#define FLOAT_BELOW(settings, field, low, high)                                                    \
    .type = MNIST_OPTION_FLOAT, .offset = MNIST_OPTION_FIELD(float, settings, field),              \
    .real = {low, high, false, true}, .argument = "X"
#define CHOICE(enumeration, settings, field, names)                                                \
    .type = MNIST_OPTION_CHOICE, .offset = MNIST_OPTION_FIELD(enumeration, settings, field),       \
    .choice = names
#define STRING(settings, field, name_of_argument)                                                  \
    .type = MNIST_OPTION_STRING, .offset = MNIST_OPTION_FIELD(const char *, settings, field),      \
    .argument = name_of_argument
/* a file that is read once, from its beginning to its end, so that it may be stdin */
#define INPUT(settings, field, name_of_argument)                                                   \
    STRING(settings, field, name_of_argument), .dash = MNIST_DASH_STDIN

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
/* Checks the length that a header states for a table. */
#define HAS_LENGTH(table, length)                                                                  \
    _Static_assert(LENGTH(table) == length, "the length that its header states")

/* A section about a part of the settings. */
#define PART(heading, table, settings, field)                                                      \
    {                                                                                              \
        .title = heading, .options = table, .count = LENGTH(table),                                \
        .offset = offsetof(settings, field)                                                        \
    }
/* The same for a table in another file, whose length the compiler does not see. */
#define SHARED(heading, table, length, settings, field)                                            \
    {                                                                                              \
        .title = heading, .options = table, .count = length, .offset = offsetof(settings, field)   \
    }
#define WHOLE(heading, table)                                                                      \
    {                                                                                              \
        .title = heading, .options = table, .count = LENGTH(table), .offset = 0                    \
    }

#define MOST_IMAGES 1000000000u

/* Environment variables, for manual pages. */
/* clang-format off */
#define DATA_ENVIRONMENT                                                                           \
    {"MNIST_DATA_DIR", "where MNIST's IDX files lie, and nowhere else, unless --data-dir says it"}, \
    {"XDG_CACHE_HOME", "parent of the cache that is searched for data; ~/.cache if not set"}
#define ISA_ENVIRONMENT                                                                            \
    {"MNIST_ISA",                                                                                  \
     "which kernels to use, instead of the best for this CPU: scalar, portable, avx2, avx512, "    \
     "avx512bf16 or neon; changes no result"}
#define TERMINAL_ENVIRONMENT                                                                       \
    {"NO_COLOR", "if set and not empty, no colours unless --color always asks for them"},          \
    {"TERM", "if dumb or not set, the terminal gets plain lines without colours"}
#define VIEW_ENVIRONMENT                                                                           \
    {"COLUMNS", "width of a terminal that does not tell it"},                                      \
    {"LC_ALL, LC_CTYPE, LANG", "the curve of the loss is drawn with block characters if they "     \
                               "stand for UTF-8, else with ASCII"}
/* clang-format on */

/* Tables over mnist_data_settings, mnist_gate_settings and mnist_output_settings. */
enum {
    SOURCE_OPTIONS = 3,
    TEST_OPTIONS = 4,
    LABEL_OPTIONS = 2,
    CLASSES_OPTIONS = 1,
    GATE_OPTIONS = 2,
    JSON_OPTIONS = 2,
    COLOR_OPTIONS = 3
};
extern const mnist_option mnist_source_options[];
extern const mnist_option mnist_test_options[];
/* How labels are read and shown; and how many there are. */
extern const mnist_option mnist_label_options[];
extern const mnist_option mnist_classes_options[];
extern const mnist_option mnist_gate_options[];
extern const mnist_option mnist_json_options[];
extern const mnist_option mnist_color_options[];

/* Where data are looked for, for manual pages. */
extern const mnist_named_text mnist_data_files[];

mnist_data_settings mnist_data_defaults(void);

/* Presets of --augment, for completion; NULL past the end. */
const char *mnist_preset_name(int index);

/* Checks the data options together. known: whether it is decided which data set will be used.
 * false: err says what is wrong. */
bool mnist_settings_check_data(const mnist_data_settings *data, bool known,
                               const mnist_parsed *parsed, mnist_error *err);

#endif
