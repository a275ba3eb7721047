/* Safetensors, the container (https://github.com/huggingface/safetensors, section "Format"):
 *
 *   8 bytes   header length N, little-endian
 *   N bytes   JSON, padded with spaces: {"__metadata__": {"key": "value", ...},
 *             "name": {"dtype": "F32", "shape": [...], "data_offsets": [begin, end]}, ...}
 *   the rest  the tensors, little-endian, row-major, without holes or overlaps
 *
 * Of the types, F32, F64 and U64 are read and written; other programs' files are described whatever types
 * they have (mnist_safetensors_parse_any). What the names mean is the caller's (io/model.c,
 * io/checkpoint.c, convert/torch.c).
 *
 * The container itself does not notice damage. A file sealed here has a "crc32" among its metadata:
 * the CRC-32 of zlib over the whole file with the value's own eight hex digits taken as zeros.
 */
#ifndef MNIST_IO_SAFETENSORS_H
#define MNIST_IO_SAFETENSORS_H

#include <mnist/io.h>

#define MNIST_TENSOR_RANK 8 /* most dimensions accepted */

typedef struct mnist_tensor {
    const char *name;
    const char *dtype; /* the type's name; of what is written, looked at for MNIST_ELEMENTS alone */
    mnist_element type; /* MNIST_ELEMENTS: another of the format's types (parse_any) */
    unsigned rank;
    uint64_t shape[MNIST_TENSOR_RANK];
    uint64_t begin; /* where its bytes begin, from the end of the header */
    uint64_t size;  /* in bytes: size of an element times the product of shape */
} mnist_tensor;

typedef struct mnist_safetensors {
    size_t data; /* where the header ends and the tensors begin, from the start of the file */
    mnist_tensor *tensors; /* in the order of their bytes */
    size_t tensor_count;
    mnist_metadata *metadata; /* in the file's order */
    size_t metadata_count;
    void *json;     /* owns every string above */
    bool any_types; /* are accepted */
} mnist_safetensors;

/* Checks everything that the format requires, and describes the file; data is not kept. Memory
 * taken is at most a few times the header's length, and a constant. path is for messages. Errors:
 * MNIST_ERR_FORMAT, MNIST_ERR_MEMORY. */
mnist_status mnist_safetensors_parse(mnist_safetensors *out, const uint8_t *data, size_t size,
                                     const char *path, mnist_error *err);
/* The same, and accepts every type of the format (U8, BF16, …). */
mnist_status mnist_safetensors_parse_any(mnist_safetensors *out, const uint8_t *data, size_t size,
                                         const char *path, mnist_error *err);
void mnist_safetensors_free(mnist_safetensors *file);

/* The value of a metadata key; NULL if there is none. */
const char *mnist_safetensors_metadata(const mnist_safetensors *file, const char *key);

/* Checks that the file's "format_version" is one of these; the second may be NULL. format: whose
 * version it is, for the message. Errors: MNIST_ERR_FORMAT. */
mnist_status mnist_safetensors_check_version(const mnist_safetensors *file, const char *format,
                                             const char *const versions[2], const char *path,
                                             mnist_error *err);

/* Reads numbers from a tensor's bytes, which are little-endian on every machine. */
void mnist_safetensors_get(void *values, mnist_element element, size_t count, const uint8_t *bytes);
void mnist_safetensors_put(uint8_t *bytes, mnist_element element, size_t count, const void *values);

/* A file to be written: what it is to hold, and what mnist_safetensors_build makes of it. */
typedef struct mnist_safetensors_output {
    const char *path;               /* for messages */
    const mnist_metadata *metadata; /* keys and their order are kept; a "crc32" among them must be
                                     * eight zeros, and mnist_safetensors_seal is to be called in
                                     * the end */
    size_t metadata_count;
    mnist_tensor
        *tensors; /* of each name, type, rank and shape are given; begin and size are set */
    size_t tensor_count;
    uint8_t *bytes; /* the whole file; to be released with free */
    size_t size;    /* of it */
    size_t data;    /* where in it the tensors begin */
} mnist_safetensors_output;

/* Takes memory for the whole file, writes the header, and leaves the tensors' bytes zero. On
 * failure bytes is NULL. Errors: MNIST_ERR_ARGUMENT (metadata that is not UTF-8, a key twice, or
 * too much of them), MNIST_ERR_MEMORY. */
mnist_status mnist_safetensors_build(mnist_safetensors_output *file, mnist_error *err);

/* Computes the CRC-32 and writes it where the eight zeros are. Asserts that there is a "crc32". */
void mnist_safetensors_seal(uint8_t *file, size_t size);

/* Compares the CRC-32 with the file. mnist_safetensors_parse must have accepted the file. Errors:
 * MNIST_ERR_FORMAT. */
mnist_status mnist_safetensors_verify(const uint8_t *file, size_t size, const char *path,
                                      mnist_error *err);

#endif
