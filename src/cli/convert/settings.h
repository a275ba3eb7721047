/* What mnist-convert can be told. */
#ifndef MNIST_CLI_CONVERT_SETTINGS_H
#define MNIST_CLI_CONVERT_SETTINGS_H

#include "cli/shared/settings.h"

#include <mnist/convert.h>

typedef struct mnist_convert_settings {
    int from, to;          /* as mnist_convert_format has it; 0: by content, by ending */
    int activation;        /* 1 + mnist_activation; 0: as the file says */
    const char *normalize; /* NULL: as the file says */
    const char *layers;    /* NULL: by name and shape */
    mnist_input_order order;
    mnist_net_input onnx_input; /* what is written takes */
    bool says_onnx_input;       /* the command line does */
    bool floats;                /* of a net of whole numbers */
    bool verify;
    size_t vectors;        /* 0: none */
    double max_difference; /* 0: no gate; else verify is set */
    bool dry_run, verbose;
    mnist_data_settings data;
    mnist_output_settings out;
} mnist_convert_settings;

/* Everything that holds when nothing is said. */
mnist_convert_settings mnist_convert_settings_defaults(void);

/* The format of a choice; NULL for 0. */
const mnist_format *mnist_convert_format(int choice, bool written);

/* What the settings say of the input. Errors: MNIST_ERR_ARGUMENT (normalize). */
mnist_status mnist_convert_hints(const mnist_convert_settings *settings, mnist_net_hints *out,
                                 mnist_error *err);

extern const mnist_program mnist_convert_program; /* operands: IN, OUT */

#endif
