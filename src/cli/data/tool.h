/* What the steps of mnist-data share: the data that they read, and the folders that they write. */
#ifndef MNIST_CLI_DATA_TOOL_H
#define MNIST_CLI_DATA_TOOL_H

#include "cli/data/settings.h"

#include <mnist/data.h>
#include <mnist/import.h>

#define MNIST_DATA_PROGRAM "mnist-data"

/* A part of the data: training or test images, or the only ones. */
typedef struct mnist_data_set {
    const char *name; /* "train", "test", "all" */
    mnist_dataset *dataset;
    mnist_view view;
    mnist_import_facts facts;
    bool labelled;
} mnist_data_set;

typedef struct mnist_data_sets {
    mnist_data_set sets[2];
    size_t count;
} mnist_data_sets;

/* Reads the parts that settings and the step ask for. alone: what is one file without a part may be it. Errors: as
 * mnist_dataset_load's and mnist_source_open's. */
mnist_status mnist_data_sets_load(mnist_data_sets *out, const mnist_tool_settings *settings,
                                  mnist_data_part part, bool alone, mnist_error *err);
void mnist_data_sets_free(mnist_data_sets *sets);

/* Makes a folder, or takes one that is empty. Errors: MNIST_ERR_IO. */
mnist_status mnist_data_folder(const char *path, mnist_error *err);

#define MNIST_DATA_PATH 4096

/* "FOLDER/NAME"; MNIST_ERR_IO: that is too long. */
mnist_status mnist_data_path(char out[MNIST_DATA_PATH], const char *folder, const char *name,
                             mnist_error *err);

/* The steps: each prints what it has to say on stdout. */
mnist_status mnist_data_info(const mnist_tool_settings *settings, mnist_error *err);
mnist_status mnist_data_sheet(const mnist_tool_settings *settings, mnist_error *err);
mnist_status mnist_data_convert(const mnist_tool_settings *settings, mnist_error *err);
mnist_status mnist_data_split(const mnist_tool_settings *settings, mnist_error *err);
mnist_status mnist_data_lines(const mnist_tool_settings *settings, mnist_error *err);

/* Prints rows, a JSON array of objects whose values are numbers, texts or lists of numbers: each on a line as
 * name=value with tabs between, or all as {"schema", "step", "rows"}. Takes over the reference. */
mnist_status mnist_data_print(const mnist_tool_settings *settings, json_t *rows, mnist_error *err);

#endif
