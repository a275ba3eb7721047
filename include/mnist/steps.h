/* mnist/steps.h: the steps from stored pixels to a net's inputs.
 *
 * A list of steps is part of a model, as its normalisation is: whoever uses the model applies it. Each
 * step makes bytes of bytes, an image at a time; the normalisation then makes floats of what comes out.
 * The image may have another size after a step, or be no picture any more but a row of features.
 *
 * Steps are of two kinds. Steps of storage undo how the data are stored, and end in upright digits, of
 * light ink on black, with pixels from 0 to 255: what a picture becomes that is prepared from its ink
 * (mnist/image.h), and what a pad draws. Those have no need of them. Other steps are for every image. */
#ifndef MNIST_STEPS_H
#define MNIST_STEPS_H

#include <mnist/data.h>

#ifdef __cplusplus
extern "C" {
#endif

/* In the order in which mnist-train puts them. A new one is a value here, and a row of the table in
 * src/data/steps.c. */
typedef enum mnist_step_kind {
    MNIST_STEP_MAX_PIXEL, /* "max-pixel=N", 1 to 254: pixels from 0 to N become 0 to 255, larger ones
                           * 255; of storage */
    MNIST_STEP_INVERT,    /* "invert": x becomes 255 - x; of storage */
    MNIST_STEP_TRANSPOSE, /* "transpose": rows become columns, as EMNIST needs it; of storage */
    MNIST_STEP_KINDS      /* how many there are */
} mnist_step_kind;

typedef struct mnist_step {
    mnist_step_kind kind;
    float value; /* 0 for a step that has none */
} mnist_step;

#define MNIST_MAX_STEPS 16u

/* Zeroed: no steps. A call that is given NULL instead of a list takes that. */
typedef struct mnist_steps {
    unsigned count;
    mnist_step list[MNIST_MAX_STEPS]; /* the first is applied first; no kind is there twice */
} mnist_steps;

#define MNIST_STEPS_TEXT 256 /* room for the longest text form */

/* "max-pixel", "invert", "transpose"; NULL past the end. */
const char *mnist_step_name(mnist_step_kind kind);

/* Appends a step. Asserts that there is room, that the kind is not there yet, and that the value is in
 * its range. */
void mnist_steps_add(mnist_steps *steps, mnist_step_kind kind, float value);

/* From text: names with commas between, with =VALUE where the step has one, a plain decimal kept to a
 * millionth: "max-pixel=1,invert". Errors: MNIST_ERR_ARGUMENT (an unknown step, a value that is missing,
 * out of range or too much, a step that is there twice); the text says which, and what is accepted. */
mnist_status mnist_steps_parse(mnist_steps *out, const char *text, mnist_error *err);

/* The text form; "" of no steps. */
void mnist_steps_print(const mnist_steps *steps, char text[MNIST_STEPS_TEXT]);

/* Whether both lists do the same, step by step. */
bool mnist_steps_equal(const mnist_steps *a, const mnist_steps *b);

/* Those for images that are upright, light on black and of full range already: the list without its
 * steps of storage. */
mnist_steps mnist_steps_of_pictures(const mnist_steps *steps);

/* The size of an image after the steps: *rows and *cols are those of a stored one. */
void mnist_steps_shape(const mnist_steps *steps, unsigned *rows, unsigned *cols);

/* out (view.count, rows * cols of mnist_steps_shape) = the view's images after the steps. Labels are not
 * looked at. out must not overlap the images. Errors: MNIST_ERR_MEMORY (of two images). */
mnist_status mnist_steps_apply(const mnist_steps *steps, mnist_view view, uint8_t *out,
                               mnist_error *err);

/* Replaces the data set's images by what the steps make of them; views of it from before are invalid.
 * Takes memory for both at the same time. On failure the data set is as it was. Errors:
 * MNIST_ERR_MEMORY. */
mnist_status mnist_dataset_apply_steps(mnist_dataset *dataset, const mnist_steps *steps,
                                       mnist_error *err);

/* The digests of the data as they are stored, whatever steps were applied since: those of
 * mnist_view_digests for the whole data set before them. */
void mnist_dataset_digests(const mnist_dataset *dataset, mnist_data_digests *out);

#ifdef __cplusplus
}
#endif

#endif
