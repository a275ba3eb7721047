/* mnist/labels.h: what a net's classes are called. A net knows outputs 0, 1, 2, ...; where the data
 * call them otherwise, by numbers that begin elsewhere or by names, a model file says so in two keys
 * of its metadata, which are not there where they would say nothing. */
#ifndef MNIST_LABELS_H
#define MNIST_LABELS_H

#include <mnist/data.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The keys: the number of class 0, in decimal; and the names, with a line feed between. */
#define MNIST_KEY_LABEL_BASE  "label_base"
#define MNIST_KEY_CLASS_NAMES "class_names"

#define MNIST_LABEL_BASE_MAX 255u

#define MNIST_CLASS_NAME       64u   /* bytes of a name, with a zero */
#define MNIST_CLASS_NAMES_TEXT 8192u /* bytes of all names, with a byte after each */

/* Zeros: classes are called 0, 1, 2, ... */
typedef struct mnist_labels {
    unsigned base;                                   /* the number of class 0 */
    unsigned count;                                  /* of names; 0: there are only numbers */
    char names[MNIST_MAX_CLASSES][MNIST_CLASS_NAME]; /* (count): UTF-8, none empty, all different */
} mnist_labels;

/* Reads names, a line each: UTF-8, with or without a byte order mark, lines that end with LF or CR
 * LF, blank lines at the end. base stays as it is; on failure all does. Errors: MNIST_ERR_NOT_FOUND,
 * MNIST_ERR_IO, MNIST_ERR_MEMORY, MNIST_ERR_FORMAT (names that are no names, too long, or there
 * twice; fewer than 2 or more than 256), whose text names the file and the line. */
mnist_status mnist_labels_load(mnist_labels *out, const char *path, mnist_error *err);

/* The same from memory; path: for messages. */
mnist_status mnist_labels_parse(mnist_labels *out, const char *text, size_t size, const char *path,
                                mnist_error *err);

/* The values of the two keys; NULL: there is no such key. classes: how many the net has, which must
 * be the number of names. path: for messages. Errors: MNIST_ERR_FORMAT. */
mnist_status mnist_labels_read(mnist_labels *out, const char *base, const char *names,
                               unsigned classes, const char *path, mnist_error *err);

/* The value of MNIST_KEY_CLASS_NAMES: "" where there are no names. */
void mnist_labels_print(const mnist_labels *labels, char text[MNIST_CLASS_NAMES_TEXT]);

#define MNIST_LABEL_NUMBER 12u

/* What a class is called: its name, or else its number, which is put into `number`. labels may be
 * NULL: as zeros. */
const char *mnist_label_of(const mnist_labels *labels, unsigned class_index,
                           char number[MNIST_LABEL_NUMBER]);

#ifdef __cplusplus
}
#endif

#endif
