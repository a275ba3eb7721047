/* From the data options to data sets in memory: looks the files up, reads them, or makes synthetic
 * digits. The one place that knows where MNIST usually lies. */
#ifndef MNIST_CLI_SHARED_SOURCE_H
#define MNIST_CLI_SHARED_SOURCE_H

#include "cli/shared/settings.h"

#include <mnist/io.h>

typedef struct mnist_source {
    mnist_dataset *train, *test; /* NULL if not asked for */
    mnist_idx_paths paths;       /* where they were read from; NULL entries for synthetic digits */
    bool found_label_base;       /* labels begin at 1, and it was not the settings that said so */
} mnist_source;

/* wanted: MNIST_IDX_TRAIN, MNIST_IDX_TEST or both; the other is not even looked for. Reads
 * MNIST_DATA_DIR, XDG_CACHE_HOME and HOME. Fails as the calls of mnist/data.h do; if files are not
 * found, the message says how to fetch them. Labels become classes: as classes, label_base and
 * finds_label_base of the settings have it; test images have as many classes as training images. */
mnist_status mnist_source_open(mnist_source *out, const mnist_data_settings *settings,
                               unsigned wanted, mnist_error *err);
/* The same in two steps, locating and reading, so that in between it can be checked whether an
 * output would destroy an input. */
mnist_status mnist_source_locate(mnist_source *out, const mnist_data_settings *settings,
                                 unsigned wanted, mnist_error *err);
mnist_status mnist_source_load(mnist_source *source, const mnist_data_settings *settings,
                               unsigned wanted, mnist_error *err);
#define MNIST_SOURCE_FILES 4
/* The files that were located, for mnist_outputs_check; paths are the source's. */
void mnist_source_files(const mnist_source *source, mnist_file_use files[MNIST_SOURCE_FILES]);
void mnist_source_close(mnist_source *source);

#endif
