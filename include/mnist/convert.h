/* mnist/convert.h: nets in and out of other programs' files.
 *
 * A net that is between two files is a mnist_net: dense layers, and what is known of the rest. Each
 * format is a mnist_format in one table, from which names, endings, detection and help follow;
 * src/convert/README.md says what each can hold, and how one is added.
 *
 * Every file that is read is untrusted: it is data and never code, sizes are checked against the
 * bytes there are before memory is taken, and what a file can make a reader take is at most a small
 * multiple of its size (src/convert/README.md).
 */
#ifndef MNIST_CONVERT_H
#define MNIST_CONVERT_H

#include <mnist/io.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MNIST_NET_LAYERS (MNIST_MAX_HIDDEN + 1) /* at most */
#define MNIST_NET_NOTES  16                     /* kept of each net; more are left out */
#define MNIST_NET_NOTE   240                    /* bytes of one, with its end */
#define MNIST_NET_NAME   256                    /* of a file's name, with its end */

/* z = a W + b */
typedef struct mnist_net_layer {
    unsigned inputs, outputs; /* each 1 to MNIST_MAX_WIDTH */
    float *weights;           /* (inputs, outputs) row-major, owned */
    float *bias;              /* (outputs), owned */
} mnist_net_layer;

typedef struct mnist_format mnist_format;

/* A net and what is known of it. Zeroed it holds nothing; release with mnist_net_free. */
typedef struct mnist_net {
    unsigned layer_count;
    mnist_net_layer layers[MNIST_NET_LAYERS]; /* the first takes pixels, the last gives logits */
    bool knows_activation;                    /* else a file did not say it */
    mnist_activation activation;              /* of every layer but the last */
    bool knows_normalization;
    mnist_normalization normalization;
    mnist_steps steps; /* of stored images, before the normalisation; none where a file says none */
    /* The model that was read, or made of what was read, where that computes in whole numbers
     * (mnist/integers.h) and so not quite what the layers give, which are the floats that the numbers
     * stand for; owned. NULL: the layers are what was read. */
    mnist_model *integers;
    mnist_labels *labels;           /* what its classes are called; owned. NULL: by number */
    const mnist_format *source;     /* what it was read from; NULL: no file */
    char digest[MNIST_DIGEST_TEXT]; /* SHA-256 of that file; "": no file */
    char name[MNIST_NET_NAME];      /* its name without folders, made plain (mnist_plain_text), and
                                     * cut where it is too long; "": no file */
    size_t note_count;
    char notes[MNIST_NET_NOTES][MNIST_NET_NOTE]; /* what was lost or decided on the way: plain text,
                                                  * small initial, no full stop */
} mnist_net;

void mnist_net_free(mnist_net *net);

/* Adds a sentence to the notes, made plain (mnist_plain_text), or nothing where there is no room. */
void mnist_net_note(mnist_net *net, const char *format, ...) MNIST_PRINTF(2, 3);

/* Appends a layer, its weights and bias zeroed. Errors: MNIST_ERR_FORMAT (a width out of range, more
 * than MNIST_NET_LAYERS layers, inputs that are not the outputs of the layer before), whose text
 * begins with path; MNIST_ERR_MEMORY. */
mnist_status mnist_net_add_layer(mnist_net *net, uint64_t inputs, uint64_t outputs,
                                 const char *path, mnist_error *err);

/* That there are layers, the last gives MNIST_MIN_CLASSES to MNIST_MAX_CLASSES, and all numbers are finite: what every net
 * that is handed out by a read has passed. status: that of the failure; path: for the text. */
mnist_status mnist_net_check(const mnist_net *net, mnist_status status, const char *path,
                             mnist_error *err);

/* Copies of a net that can be run, and back. *out of the first is the caller's. Asserts that the
 * activation is known, or there is no hidden layer. Errors: MNIST_ERR_ARGUMENT, MNIST_ERR_MEMORY. */
mnist_status mnist_net_to_mlp(const mnist_net *net, mnist_mlp **out, mnist_error *err);
mnist_status mnist_net_of_mlp(mnist_net *out, const mnist_mlp *mlp,
                              const mnist_normalization *normalization, mnist_error *err);

/* "784-128-10" */
#define MNIST_NET_SHAPE (MNIST_NET_LAYERS * sizeof "65536-" + sizeof "65536")
void mnist_net_shape_text(const mnist_net *net, char text[MNIST_NET_SHAPE]);

/* In which order images became rows of the first layer's inputs. */
typedef enum mnist_input_order {
    MNIST_ORDER_ROWS,    /* row after row, as here */
    MNIST_ORDER_COLUMNS, /* column after column, as MATLAB and Fortran flatten */
    MNIST_ORDERS
} mnist_input_order;

/* "rows", "columns"; NULL past the end. */
const char *mnist_input_order_name(mnist_input_order order);

/* What a user says of a file that it cannot say itself. All zero: nothing. */
typedef struct mnist_net_hints {
    const char *layers; /* names of layers in order, with commas between; NULL: by name and shape */
    bool has_activation;
    mnist_activation activation;
    bool has_normalization;
    mnist_normalization normalization;
    mnist_input_order order;
} mnist_net_hints;

/* "unit"; "standard", which is MNIST's own mean and deviation, as mnist-train --normalize standard
 * finds them in the 60,000 training images; or "MEAN:SD", of pixels in 0 to 1, as PyTorch's
 * "0.1307:0.3081". Errors: MNIST_ERR_ARGUMENT, whose text says what is accepted. */
mnist_status mnist_normalization_parse(mnist_normalization *out, const char *text,
                                       mnist_error *err);

/* Bytes of a file, and what goes with them. */
typedef struct mnist_format_input {
    const uint8_t *data;
    size_t size;
    const char *path;   /* for messages */
    const char *layers; /* of mnist_net_hints */
} mnist_format_input;

#define MNIST_FORMAT_FILES 2 /* that one net becomes at most */

/* What a net takes that is written as a graph. */
typedef enum mnist_net_input {
    MNIST_INPUT_BYTES, /* an image's bytes: the normalisation is in the graph */
    MNIST_INPUT_FLOATS, /* what the first layer takes: floats, (N, inputs), normalised by the caller */
    MNIST_INPUTS
} mnist_net_input;

/* "bytes", "floats"; NULL past the end. */
const char *mnist_net_input_name(mnist_net_input input);

/* Which of the forms that a format has for a net is written. All zero: what there is by default. */
typedef struct mnist_net_form {
    mnist_net_input input; /* what the net takes */
    bool floats; /* of a net of whole numbers the floats that they stand for, even where the format
                  * holds whole numbers */
} mnist_net_form;

/* What a net becomes: one file, or a second of another ending beside it. Release with
 * mnist_format_output_free. */
typedef struct mnist_format_output {
    const char *path;                   /* of the first file: for messages, and names in the text */
    mnist_net_input input;              /* what the net in it takes */
    uint8_t *bytes[MNIST_FORMAT_FILES]; /* to be released with free; NULL: no such file */
    size_t sizes[MNIST_FORMAT_FILES];
} mnist_format_output;

void mnist_format_output_free(mnist_format_output *output);

/* What a format's file says of a net beside its layers. */
enum {
    MNIST_HOLDS_ACTIVATION = 1,
    MNIST_HOLDS_NORMALIZATION = 2,
    MNIST_HOLDS_ORIGIN = 4,  /* where the net came from */
    MNIST_HOLDS_INPUT = 8,   /* what the net takes, of which there is a choice: mnist_net_input */
    MNIST_HOLDS_STEPS = 32,  /* the steps from stored images to inputs, or needs none */
    MNIST_HOLDS_LABELS = 64, /* what classes are called: mnist_labels */
    MNIST_HOLDS_INTEGERS =
        16 /* whole numbers, where the net computes with them; else the floats that
                               * they stand for */
};

/* A format. Its functions are called by mnist_net_decode, mnist_net_encode, mnist_net_as_written and
 * mnist_format_check_path. */
struct mnist_format {
    const char *name;      /* of --from and --to */
    const char *text;      /* what it is, in a few words */
    const char *endings;   /* of file names, with blanks between: ".npz"; "" for none */
    const char *companion; /* ending of a second file that takes the place of the first's: ".h";
                            * NULL: there is none */
    unsigned holds;        /* MNIST_HOLDS_…, added up */
    /* Whether data begin like such a file; a format above another in the table is asked first.
     * NULL, where the format is not read: never. */
    bool (*matches)(const uint8_t *data, size_t size);
    /* Whether a file may be called so. Errors: MNIST_ERR_ARGUMENT. NULL: as one likes. */
    mnist_status (*check_path)(const char *path, mnist_error *err);
    /* Fills a zeroed net: layers and what is known, and notes. On failure the caller releases what
     * there is. Errors: MNIST_ERR_FORMAT, MNIST_ERR_MISMATCH, MNIST_ERR_CHECKPOINT,
     * MNIST_ERR_ARGUMENT (layers names what the file has not), MNIST_ERR_IO (built without a library that it needs), MNIST_ERR_MEMORY. NULL: not read. */
    mnist_status (*read)(mnist_net *out, const mnist_format_input *input, mnist_error *err);
    /* Makes the bytes; path and input are set, the rest zero. May add notes of what is lost. On failure the
     * caller releases what there is. Errors: MNIST_ERR_ARGUMENT (the format cannot hold this net),
     * MNIST_ERR_IO, MNIST_ERR_MEMORY. NULL: not written. */
    mnist_status (*write)(mnist_format_output *out, mnist_net *net, mnist_error *err);
    /* Of a format that is not read: fills a zeroed net with the weights that the bytes of write
     * compute with, of a net that write has taken. On failure the caller releases what there is.
     * Errors: MNIST_ERR_MEMORY. NULL: the format is read, or which weights these are is not known. */
    mnist_status (*as_written)(mnist_net *out, const mnist_net *net, mnist_error *err);
};

/* The formats, from 0 on; NULL past the end. */
const mnist_format *mnist_format_at(size_t index);
/* By name; NULL: there is none. */
const mnist_format *mnist_format_find(const char *name);
/* By content; NULL: none that is known. It may be one that is written only. */
const mnist_format *mnist_format_detect(const uint8_t *data, size_t size);
/* By the longest ending that fits, of those that are written; NULL: none. */
const mnist_format *mnist_format_of_path(const char *path);
/* "safetensors, torch, npz": those that are read, or written, for messages. */
#define MNIST_FORMAT_LIST_TEXT 512
void mnist_format_list(bool written, char text[MNIST_FORMAT_LIST_TEXT]);
/* Whether the format's file may be called path; mnist_net_encode asks it, too. Errors:
 * MNIST_ERR_ARGUMENT, whose text begins with path. */
mnist_status mnist_format_check_path(const mnist_format *format, const char *path,
                                     mnist_error *err);
/* path with its last ending replaced by the format's companion, to be freed; NULL: memory is short.
 * Asserts that it has one. */
char *mnist_format_companion(const mnist_format *format, const char *path);

/* Reads a net from bytes or a file, as format, or as what its content says if format is NULL; then
 * applies the hints, which count more than what the file says. hints may be NULL. Of a pipe at most
 * 1 GiB is read. Errors: MNIST_ERR_ARGUMENT (the format is not read; hints that do not fit),
 * MNIST_ERR_FORMAT, MNIST_ERR_MISMATCH (arrays that are no net as they are, which hints->layers may
 * mend), MNIST_ERR_CHECKPOINT (the file is one), MNIST_ERR_NOT_FOUND, MNIST_ERR_IO,
 * MNIST_ERR_MEMORY. */
mnist_status mnist_net_decode(mnist_net *out, const mnist_format_input *input,
                              const mnist_format *format, const mnist_net_hints *hints,
                              mnist_error *err);
mnist_status mnist_net_load(mnist_net *out, const char *path, const mnist_format *format,
                            const mnist_net_hints *hints, mnist_error *err);

/* The bytes of a net in a format; adds notes of what is lost. Nothing is written. Asserts that what
 * the net does is known: its normalisation, and with hidden layers the activation. Errors:
 * MNIST_ERR_ARGUMENT (the format is not written, or cannot hold this net), MNIST_ERR_IO (built
 * without a library), MNIST_ERR_MEMORY. */
mnist_status mnist_net_encode(mnist_format_output *out, mnist_net *net, const mnist_format *format,
                              const char *path, mnist_error *err);
/* The same in this form. An input of all but bytes is MNIST_ERR_ARGUMENT too where the format does not
 * hold MNIST_HOLDS_INPUT. */
mnist_status mnist_net_encode_for(mnist_format_output *out, mnist_net *net,
                                  const mnist_format *format, const mnist_net_form *form,
                                  const char *path, mnist_error *err);

/* The net that the bytes of a format that is not read compute with, where mnist_net_encode of the
 * same net has succeeded: its weights may be rounded. Asserts that format->as_written is there.
 * Errors: MNIST_ERR_MEMORY. */
mnist_status mnist_net_as_written(mnist_net *out, const mnist_net *net, const mnist_format *format,
                                  mnist_error *err);

/* Writes what mnist_net_encode made, each file replaced whole (mnist_output_write); a companion
 * first. Errors: MNIST_ERR_IO, MNIST_ERR_MEMORY. */
mnist_status mnist_format_output_write(const mnist_format_output *output,
                                       const mnist_format *format, mnist_error *err);

/* Arrays as NumPy keeps them. */

typedef enum mnist_npz_type {
    MNIST_NPZ_U8,
    MNIST_NPZ_F32,
    MNIST_NPZ_TEXT /* one string, of ASCII */
} mnist_npz_type;

typedef struct mnist_npz_array {
    const char *name; /* in the archive, without ".npy" */
    mnist_npz_type type;
    const void *values; /* row-major; of a text, char with a zero at the end */
    unsigned rank;      /* 0 (a single number, a text), 1 or 2 */
    size_t shape[2];
} mnist_npz_array;

/* The bytes of an .npz file, which numpy.load reads with allow_pickle=False: at most 256 arrays, stored, in
 * their order, without a time, so that the same arrays give the same bytes. *bytes is to be released with
 * free. path: for messages. Errors: MNIST_ERR_ARGUMENT (4 GiB or more), MNIST_ERR_MEMORY. */
mnist_status mnist_npz_encode(const mnist_npz_array *arrays, size_t count, const char *path,
                              uint8_t **bytes, size_t *size, mnist_error *err);

#ifdef __cplusplus
}
#endif

#endif
