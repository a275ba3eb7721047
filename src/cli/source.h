/* From the data options to data sets in memory: looks the files up, reads them, or makes synthetic
 * digits. The one place that knows where MNIST usually lies. */
#ifndef MNIST_CLI_SOURCE_H
#define MNIST_CLI_SOURCE_H

#include "cli/settings.h"

typedef struct mnist_source {
    mnist_dataset *train, *test; /* NULL if not asked for */
    mnist_idx_paths paths;       /* where they were read from; NULL entries for synthetic digits */
} mnist_source;

/* wanted: MNIST_IDX_TRAIN, MNIST_IDX_TEST or both; the rest is not even looked for. Reads
 * MNIST_DATA_DIR, XDG_CACHE_HOME and HOME. Fails as the data room does; what is not found
 * says how to fetch it. */
mnist_status mnist_source_open(mnist_source *out, const mnist_data_settings *settings,
                               unsigned wanted, mnist_error *err);
void mnist_source_close(mnist_source *source);

#endif
