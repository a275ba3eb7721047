/* What mnist-data can be told. */
#ifndef MNIST_CLI_DATA_SETTINGS_H
#define MNIST_CLI_DATA_SETTINGS_H

#include "cli/shared/settings.h"

/* What is done, in the order of their names in STEP. */
typedef enum mnist_data_step {
    MNIST_DATA_INFO,
    MNIST_DATA_SHEET,
    MNIST_DATA_CONVERT,
    MNIST_DATA_SPLIT,
    MNIST_DATA_LINES,
    MNIST_DATA_STEPS
} mnist_data_step;

/* "info", "sheet", "convert", "split", "lines"; NULL past the end. */
const char *mnist_data_step_name(mnist_data_step step);

/* Which images. */
typedef enum mnist_data_part {
    MNIST_DATA_BOTH,
    MNIST_DATA_TRAIN,
    MNIST_DATA_TEST,
    MNIST_DATA_PARTS
} mnist_data_part;

/* "both", "train", "test"; NULL past the end. */
const char *mnist_data_part_name(mnist_data_part part);

/* What convert writes. */
typedef enum mnist_data_form {
    MNIST_DATA_AUTO, /* the ending says it */
    MNIST_DATA_IDX,
    MNIST_DATA_NPZ,
    MNIST_DATA_CSV,
    MNIST_DATA_PNG,
    MNIST_DATA_FORMS
} mnist_data_form;

/* "auto", "idx", "npz", "csv", "png"; NULL past the end. */
const char *mnist_data_form_name(mnist_data_form form);

/* How split gives images to clients. */
typedef enum mnist_data_deal {
    MNIST_DATA_IID,
    MNIST_DATA_SHARDS,
    MNIST_DATA_DIRICHLET,
    MNIST_DATA_DEALS
} mnist_data_deal;

/* "iid", "shards", "dirichlet"; NULL past the end. */
const char *mnist_data_deal_name(mnist_data_deal deal);

/* Whole numbers from low to high. */
typedef struct mnist_data_range {
    int low, high;
} mnist_data_range;

/* Reads "4:10", or "4", which is 4:4. false: it is none, or not within least and most. */
bool mnist_data_range_parse(mnist_data_range *out, const char *text, int least, int most);

/* Lines of digits, as MNIST_DATA_LINES composes them. */
typedef struct mnist_line_style {
    mnist_data_range digits;  /* how many a line has */
    mnist_data_range spacing; /* pixels between the ink of neighbours; below 0 they overlap */
    double slant;             /* degrees, either way, of a whole line */
    double size;              /* digits are 1 - size to 1 + size times as large */
    unsigned baseline;        /* pixels, up or down, of each digit */
    double noise;             /* standard deviation of what is added to every pixel */
    unsigned margin;          /* pixels around all ink */
} mnist_line_style;

typedef struct mnist_tool_settings {
    mnist_data_step step; /* of the first operand; set by settle */
    const char *target;   /* the second one; NULL: none; set by settle */
    mnist_data_settings data;
    mnist_data_part part;
    uint64_t seed;
    /* lines */
    size_t count;
    const char *digits_text, *spacing_text;
    mnist_line_style style; /* its ranges are set by settle */
    /* info, sheet */
    bool show;
    unsigned per_class;
    /* convert */
    mnist_data_form form;
    /* split */
    mnist_share validation, test;
    bool by_class;
    unsigned clients; /* 0: none */
    mnist_data_deal deal;
    unsigned shards; /* of a client */
    double alpha;
    mnist_output_settings out;
} mnist_tool_settings;

/* Everything that holds when nothing is said. */
mnist_tool_settings mnist_tool_settings_defaults(void);

extern const mnist_program mnist_data_program; /* operands: STEP, a place */

#endif
