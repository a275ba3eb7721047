/* mnist/io.h: model files, checkpoints and training logs.
 *
 * A model file is a safetensors file (https://github.com/huggingface/safetensors): an 8-byte
 * little-endian header length, a JSON header, and the tensors, little-endian:
 *   layers.<l>.weight (in, out) row-major, layers.<l>.bias (out), l from 0,
 * as F32 (version 1 of the format); or, where "weights" in __metadata__ says so (version 2), as BF16
 * or F16, or as whole numbers: weights I8, biases I32, and F32 layers.<l>.scale (out) and, of hidden
 * layers, layers.<l>.range (3), which mnist/integers.h explains. mnist_model_load reads all of them;
 * a net of whole numbers then has its integer form.
 * __metadata__ holds the format's name and version, the architecture, the normalisation, the steps from
 * stored pixels to inputs where there are any ("steps", version 3; mnist/steps.h), a CRC-32 over the whole file, and what the caller adds. It holds no clock time and no path: the same
 * training gives the same bytes.
 */
#ifndef MNIST_IO_H
#define MNIST_IO_H

#include <mnist/data.h>
#include <mnist/labels.h>
#include <mnist/nn.h>
#include <mnist/steps.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mnist_metadata {
    const char *key;   /* not one of the format's own keys */
    const char *value; /* UTF-8 */
} mnist_metadata;

/* The keys that a model's metadata need, 2 at most, with their values, which are put into `base` and
 * `names`. Returns how many; labels may be NULL: none. */
size_t mnist_labels_metadata(const mnist_labels *labels, char base[MNIST_LABEL_NUMBER],
                             char names[MNIST_CLASS_NAMES_TEXT], mnist_metadata metadata[2]);

typedef struct mnist_model mnist_model;
typedef struct mnist_checkpoint mnist_checkpoint;

/* Writes the file whole or not at all: a temporary file in the same directory, fsync, rename,
 * fsync of the directory; an existing file stays as it was until the new one is durable. digest,
 * if not NULL, receives the SHA-256 of the file. path NULL: nothing is written, and digest is of
 * the bytes that the file would have. Errors: MNIST_ERR_IO, MNIST_ERR_MEMORY,
 * MNIST_ERR_ARGUMENT (a parameter that is not finite; metadata that is not UTF-8 or reuses a
 * key). */
mnist_status mnist_model_save(const char *path, const mnist_mlp *mlp,
                              const mnist_normalization *normalization,
                              const mnist_metadata *metadata, size_t metadata_count,
                              char digest[MNIST_DIGEST_TEXT], mnist_error *err);

/* What a model file is made of. */
typedef struct mnist_model_parts {
    const mnist_mlp *mlp;
    const mnist_normalization *normalization; /* NULL: MNIST_NORMALIZE_UNIT */
    const mnist_metadata *metadata;           /* the caller's; may be NULL if there are none */
    size_t metadata_count;
    /* What the parameters of a net of floats are rounded to, to nearest, ties to even, as training in
     * that precision rounds them (mnist/kernels.h); MNIST_FP32: nothing is lost. A net that has an
     * integer form (mnist/integers.h) is written as that, whatever stands here. */
    mnist_precision storage;
    const mnist_steps *steps; /* NULL: none */
} mnist_model_parts;

/* Writes a model file as mnist_model_save does, which is this with storage MNIST_FP32. Errors: also
 * MNIST_ERR_ARGUMENT for a parameter that is too large for MNIST_FP16. */
mnist_status mnist_model_write(const char *path, const mnist_model_parts *parts,
                               char digest[MNIST_DIGEST_TEXT], mnist_error *err);

/* How many bytes that file has. Errors: as mnist_model_write, save MNIST_ERR_IO. */
mnist_status mnist_model_size(const mnist_model_parts *parts, size_t *bytes, mnist_error *err);

/* Packed models: the smallest whole file. A format of its own (src/io/README.md), entropy-coded; every
 * call that reads a model reads it, too.
 *
 * Nothing is lost but the sign of zeros: floats come back to the bit, whole numbers with their integer
 * form, so that they have the same logits. What makes files small is weights that are 0, and layers
 * of few different weights: see mnist_mlp_take_levels and mnist_mlp_round_biases in mnist/compress.h,
 * which make such nets of others. Where all weights of the first layer are alike in blocks of 2 x 2 or
 * 4 x 4 pixels of a square picture, a block is written once.
 *
 * The file is a function of the parts alone, on every machine, and decodes to the same bits on any. */

/* What the bytes of a packed file are spent on. */
typedef enum mnist_packed_part {
    MNIST_PACKED_HEADER, /* shape, normalisation, checksum */
    MNIST_PACKED_METADATA,
    MNIST_PACKED_POSITIONS, /* which weights are not 0 */
    MNIST_PACKED_LEVELS,    /* which of the layer's numbers they are; their values, where those are
                             * too many for a list */
    MNIST_PACKED_CODEBOOKS, /* lists of the layers' numbers; scales and ranges of whole numbers */
    MNIST_PACKED_BIASES,
    MNIST_PACKED_PARTS
} mnist_packed_part;

/* "header", "metadata", "positions", "levels", "codebooks", "biases"; NULL past the end. */
const char *mnist_packed_part_name(mnist_packed_part part);

typedef struct mnist_packed_size {
    size_t bytes;                     /* of the whole file */
    double parts[MNIST_PACKED_PARTS]; /* about: bits do not end with bytes */
} mnist_packed_size;

/* Writes a packed model as mnist_model_write does the other; parts->storage is not looked at: round
 * the net before (mnist_mlp_round). size and digest may be NULL; path NULL: nothing is written.
 * Errors: as mnist_model_save; also MNIST_ERR_ARGUMENT for metadata of more than MNIST_PACKED_TEXT
 * bytes or MNIST_PACKED_KEYS keys, and for a net that would take so few bytes that readers refuse it:
 * they accept MNIST_PACKED_FREE, and of more MNIST_PACKED_PER_BYTE for each byte of the file, but not
 * more than MNIST_PACKED_SPARSE and MNIST_PACKED_DENSE for each byte. */
mnist_status mnist_packed_write(const char *path, const mnist_model_parts *parts,
                                mnist_packed_size *size, char digest[MNIST_DIGEST_TEXT],
                                mnist_error *err);

#define MNIST_PACKED_TEXT 16384u /* bytes of keys and values, with a zero after each */
#define MNIST_PACKED_KEYS 64u
/* Of weights, a layer's outputs counted up to a multiple of 16. */
#define MNIST_PACKED_FREE     262144u
#define MNIST_PACKED_PER_BYTE 512u
#define MNIST_PACKED_SPARSE   16777216u
#define MNIST_PACKED_DENSE    16u

/* Reads a model file, packed or not, trusting nothing: sizes are checked against the bytes there are
 * before memory is taken, and the CRC over the whole file must agree. Memory taken is at most 20 times
 * the file's size, 40 times where weights have 16 bits, 100 times where they have 8 (a layer of one
 * unit is padded to 16) and 40 MiB (of a header's 65,536 JSON values); of a packed file, 20 bytes for
 * each weight that mnist_packed_write may write, and 8 MiB; of a pipe at most 1 GiB is read. The file
 * can name no path and run no code: what it states beside the net comes out of mnist_model_metadata as
 * text. Errors: MNIST_ERR_NOT_FOUND, MNIST_ERR_IO, MNIST_ERR_FORMAT, MNIST_ERR_CHECKPOINT (the file is
 * one), MNIST_ERR_MEMORY. */
mnist_status mnist_model_load(mnist_model **out, const char *path, mnist_error *err);
void mnist_model_free(mnist_model *model);

/* Valid until mnist_model_free. */
mnist_mlp *mnist_model_mlp(mnist_model *model);
const mnist_normalization *mnist_model_normalization(const mnist_model *model);
/* What stored images go through before the normalisation; of no steps where the file states none. */
const mnist_steps *mnist_model_steps(const mnist_model *model);
/* What its classes are called; a file whose MNIST_KEY_LABEL_BASE or MNIST_KEY_CLASS_NAMES cannot be
 * read, or does not go with the net, is not loaded. */
const mnist_labels *mnist_model_labels(const mnist_model *model);
/* The value of a metadata key, the format's own included (of a packed file format, format_version and
 * weights: "packed" or "integers"); NULL if there is none. */
const char *mnist_model_metadata(const mnist_model *model, const char *key);
/* SHA-256 of the file as it was read. */
const char *mnist_model_digest(const mnist_model *model);

/* A checkpoint is a safetensors file too: arrays as they are, to the bit, and in __metadata__ the
 * format's name and version, a CRC-32 over the whole file, and what the caller adds. It is written
 * whole or not at all, as a model is: the one before survives until this one is durable. Errors: as
 * mnist_model_save. */
mnist_status mnist_checkpoint_save(const char *path, const mnist_array *arrays, size_t array_count,
                                   const mnist_metadata *metadata, size_t metadata_count,
                                   mnist_error *err);

/* Reads a checkpoint, trusting nothing of the container; what the arrays mean is for the caller to
 * judge. Errors: MNIST_ERR_NOT_FOUND, MNIST_ERR_IO, MNIST_ERR_FORMAT, MNIST_ERR_MEMORY. */
mnist_status mnist_checkpoint_load(mnist_checkpoint **out, const char *path, mnist_error *err);
void mnist_checkpoint_free(mnist_checkpoint *checkpoint);

/* Valid until mnist_checkpoint_free. */
mnist_array *mnist_checkpoint_arrays(const mnist_checkpoint *checkpoint, size_t *count);
const char *mnist_checkpoint_metadata(const mnist_checkpoint *checkpoint, const char *key);

/* Tries an output path, so that a mistake in it is found before hours of training: creates and
 * removes a temporary file beside it; an existing file must be a writable regular file or a device.
 * Errors: MNIST_ERR_IO, whose text says what is wrong with which part of the path. */
mnist_status mnist_output_check(const char *path, mnist_error *err);

/* A file that a program is told to read or to write. */
typedef struct mnist_file_use {
    const char *path; /* NULL: none */
    const char *name; /* for messages: of an output its option ("--report"), of an input what it is
                       * ("model") */
    bool output;
    bool tensors;  /* of an output: it is a model or a checkpoint, which may replace another one */
    unsigned pair; /* not 0: an output and an input of the same number may be one file */
} mnist_file_use;

/* Refuses an output that would destroy a file that it must not replace: an input or another output
 * (which device and inode tell or, where no file exists yet, directory and name, links followed);
 * IDX data; or, unless the output is one itself, a model or a checkpoint (both told by their first
 * bytes). Devices, pipes and files that are open already (/dev/stdout) may be named any number of
 * times. No file is changed. Errors: MNIST_ERR_ARGUMENT, whose text says which option, which file
 * and what to do; MNIST_ERR_IO, where a path can be no output; MNIST_ERR_MEMORY. */
mnist_status mnist_outputs_check(const mnist_file_use *files, size_t count, mnist_error *err);

/* Writes a file whole or not at all, as mnist_model_save does. Errors: MNIST_ERR_IO,
 * MNIST_ERR_MEMORY. */
mnist_status mnist_output_write(const char *path, const void *data, size_t size, mnist_error *err);

/* Writes a grey picture, pixels (rows, cols), as a PNG file (W3C, "Portable Network Graphics"),
 * replacing the file whole. rows and cols are 1 to 30000. Errors: MNIST_ERR_IO, also where the
 * library was built without libpng; MNIST_ERR_MEMORY. */
mnist_status mnist_png_save(const char *path, const uint8_t *pixels, unsigned rows, unsigned cols,
                            mnist_error *err);

/* A training log, one record a line, each flushed as it is written. Format by the name's ending:
 * ".csv" (a header line first) or ".jsonl". It holds no clock time: the same run gives the same
 * bytes. */
typedef struct mnist_log mnist_log;

typedef struct mnist_log_record {
    bool is_epoch; /* else a step */
    uint64_t seed;
    unsigned epoch; /* from 1 */
    uint64_t step;  /* from 1 */
    double lr;
    double train_loss, train_accuracy;
    bool has_validation;
    double validation_loss, validation_accuracy;
} mnist_log_record;

/* An existing file is replaced by an empty one. Errors: MNIST_ERR_ARGUMENT (the name's ending),
 * MNIST_ERR_IO, MNIST_ERR_MEMORY. */
mnist_status mnist_log_open(mnist_log **out, const char *path, mnist_error *err);
/* Errors: MNIST_ERR_IO. After an error further writes return it again and do nothing. */
mnist_status mnist_log_write(mnist_log *log, const mnist_log_record *record, mnist_error *err);
/* How much of a log has been written, and the checksum of that. */
typedef struct mnist_log_position {
    uint64_t bytes;
    uint32_t crc32; /* of those bytes, as zlib computes it */
} mnist_log_position;

/* Makes the log and its name durable, as far as the file and its directory can be; position then is
 * the end of the last record that was written whole. Errors: MNIST_ERR_IO, as from mnist_log_write,
 * MNIST_ERR_MEMORY; position then is what it was before the record that failed. */
mnist_status mnist_log_sync(mnist_log *log, mnist_log_position *position, mnist_error *err);
/* Opens an existing log, cuts off what comes after the position, and goes on there. The file is
 * changed only if it begins with the very bytes that the position was taken of. Errors:
 * MNIST_ERR_MISMATCH (it is shorter, or holds something else), MNIST_ERR_NOT_FOUND, MNIST_ERR_IO
 * (also if it is not a regular file), MNIST_ERR_ARGUMENT (the name's ending), MNIST_ERR_MEMORY. */
mnist_status mnist_log_resume(mnist_log **out, const char *path, mnist_log_position position,
                              mnist_error *err);
/* The checks of mnist_log_resume alone: nothing is opened or changed. */
mnist_status mnist_log_check(const char *path, mnist_log_position position, mnist_error *err);
/* Flushes, closes and frees, also on error; NULL is MNIST_OK. */
mnist_status mnist_log_close(mnist_log *log, mnist_error *err);

/* Limits of a log that is read. */
#define MNIST_LOG_LINES  ((size_t)1 << 22)     /* each of at most 1,022 bytes */
#define MNIST_LOG_EPOCHS 1000000u              /* of a run */
#define MNIST_LOG_STEPS  ((uint64_t)1 << 53)   /* of a run */
#define MNIST_LOG_MOST   3.4028234663852886e38 /* rates and losses: the largest float */

/* Is given one record after the other. Any status but MNIST_OK, with err filled, ends the reading.
 */
typedef mnist_status mnist_log_taker(void *context, const mnist_log_record *record,
                                     mnist_error *err);

/* Reads a log as mnist_log_write writes it, trusting nothing; whether it is CSV or JSON lines is
 * told by its first byte. Runs follow one another, their seeds ascending; each has its epochs from
 * 1 on, none left out, and its steps ascending, those of an epoch before its end. Rates are finite
 * and at least 0, accuracies 0 to 1; a loss may be NaN or infinite in CSV, and is NAN where JSON
 * has null. Anything else is refused, also a last line without a line feed. Memory taken: the
 * file's size (of a pipe at most 1 GiB) and some KB. Errors: MNIST_ERR_NOT_FOUND, MNIST_ERR_IO,
 * MNIST_ERR_FORMAT, whose text names the line, what was expected and what was found;
 * MNIST_ERR_MEMORY; what take returns. */
mnist_status mnist_log_read(const char *path, mnist_log_taker *take, void *context,
                            mnist_error *err);
/* The same of text in memory; path: for messages. */
mnist_status mnist_log_parse(const char *text, size_t size, const char *path, mnist_log_taker *take,
                             void *context, mnist_error *err);

#ifdef __cplusplus
}
#endif

#endif
