/* Which options --tune varies, and how: a table of option and distribution. A value is drawn as
 * text and set through the option table, so none can be out of an option's range. */
#ifndef MNIST_CLI_TRAIN_SEARCH_SPACE_H
#define MNIST_CLI_TRAIN_SEARCH_SPACE_H

#include "cli/train/settings.h"

typedef enum mnist_distribution {
    MNIST_LOG_UNIFORM, /* from 10^low to 10^high */
    MNIST_UNIFORM,     /* from low to high */
    MNIST_ONE_OF       /* the texts of a list */
} mnist_distribution;

/* One option that is varied. It must be of the net or of how it is trained, not of the data, which
 * are read once for all candidates. */
typedef struct mnist_dimension {
    const char *option; /* its name; NULL ends a table */
    mnist_distribution distribution;
    double low, high;
    double zero;             /* chance that the value is 0 instead */
    const char *const *list; /* for ONE_OF; NULL ends it */
    /* Is the row drawn in a search from such settings? NULL: in any. */
    bool (*applies)(const mnist_train_settings *base);
} mnist_dimension;

/* What mnist-train --tune varies. New rows are added at the end only: a row's number is part of the
 * key of its random numbers. */
extern const mnist_dimension mnist_search_space[];

/* Is that row searched? Not where the command line sets its option. */
bool mnist_search_varies(const mnist_train_settings *base, const mnist_parsed *parsed, size_t row);

/* The value of one row for one candidate, as the option takes it: three significant digits, or a
 * text of the list. A function of seed, row and candidate, the same bits on every machine. */
void mnist_dimension_draw(const mnist_dimension *space, size_t row, uint64_t seed,
                          uint64_t candidate, char text[MNIST_OPTION_TEXT]);

#endif
