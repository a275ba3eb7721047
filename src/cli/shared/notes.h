/* What a program has to remark on data and results that look wrong: lines on stderr, which the JSON
 * document repeats. */
#ifndef MNIST_CLI_SHARED_NOTES_H
#define MNIST_CLI_SHARED_NOTES_H

#include "cli/options/json.h"

#include <mnist/mnist.h>

#define MNIST_NOTES     16u              /* that the document has at most */
#define MNIST_NOTE_TEXT MNIST_ERROR_TEXT /* bytes of one, with its end; what is longer is cut */

/* Zeroed but for the first two fields, it has none. Release with mnist_notes_free. */
typedef struct mnist_notes {
    const char *program;
    bool quiet; /* then nothing goes to stderr */
    size_t count;
    char *texts[MNIST_NOTES]; /* owned */
    bool failed;              /* memory was short for one */
} mnist_notes;

/* "PROGRAM: note: ..." on stderr, control characters made harmless, and into the list. */
void mnist_note(mnist_notes *notes, const char *format, ...) MNIST_PRINTF(2, 3);

void mnist_notes_free(mnist_notes *notes);

/* Adds "notes", an array of texts, to the document, if there are any. Where memory was short for one, or
 * is, the document becomes NULL, as with mnist_json_put. */
void mnist_notes_put_json(const mnist_notes *notes, json_t **document);

#endif
