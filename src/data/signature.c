#include "data/signature.h"

#include <stdbool.h>
#include <string.h>

/* MNIST is distributed in many formats; these get saved under the name of an IDX file. */
static const struct signature {
    const char *bytes;
    size_t size;
    const char *guess;
} signatures[] = {
/* clang-format off */
#define SIGNATURE(bytes, guess) {bytes, sizeof(bytes) - 1, guess}
    /* clang-format on */
    SIGNATURE("\x1F\x8B", "gzip data inside gzip?"),
    SIGNATURE("PK\x03\x04", "a zip archive: unpack it first?"),
    SIGNATURE("\xFD\x37zXZ", "xz data: unpack it first?"),
    SIGNATURE("BZh", "bzip2 data: unpack it first?"),
    SIGNATURE("\x28\xB5\x2F\xFD", "zstd data: unpack it first?"),
    SIGNATURE("7z\xBC\xAF\x27\x1C", "a 7-Zip archive: unpack it first?"),
    SIGNATURE("\x89PNG", "a PNG image?"),
    SIGNATURE("\xFF\xD8\xFF", "a JPEG image?"),
    SIGNATURE("P5", "a PGM image?"),
    SIGNATURE("\x93NUMPY", "a NumPy .npy file?"),
    SIGNATURE("\x89HDF", "an HDF5 file?"),
    SIGNATURE("MATLAB", "a MATLAB .mat file?"),
    SIGNATURE("PAR1", "a Parquet file?"),
    SIGNATURE("\x80\x02", "a Python pickle?"),
    SIGNATURE("\x80\x03", "a Python pickle?"),
    SIGNATURE("\x80\x04", "a Python pickle?"),
    SIGNATURE("version https://git-lfs", "a Git LFS pointer, not the file itself: git lfs pull?"),
    SIGNATURE("{", "JSON: an error message saved as data?"),
#undef SIGNATURE
};

static bool is_markup(const uint8_t *data, size_t size)
{
    size_t i = size >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0; /* byte-order mark */
    while (i < size && (data[i] == ' ' || data[i] == '\t' || data[i] == '\r' || data[i] == '\n')) {
        i++;
    }
    return i < size && data[i] == '<';
}

static bool is_swapped_magic(const uint8_t *data, size_t size)
{
    return size >= 4 && data[0] >= 1 && data[0] <= 4 && data[1] >= 0x08 && data[1] <= 0x0E &&
           data[2] == 0 && data[3] == 0;
}

static bool is_text(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        bool space = data[i] == '\t' || data[i] == '\r' || data[i] == '\n';
        if (!space && (data[i] < 0x20 || data[i] > 0x7E)) {
            return false;
        }
    }
    return size > 0;
}

const char *mnist_signature_guess(const uint8_t *data, size_t size)
{
    if (is_markup(data, size)) {
        return "an HTML or XML error page saved as data?";
    }
    if (is_swapped_magic(data, size)) {
        return "written in little-endian order?";
    }
    for (size_t i = 0; i < sizeof signatures / sizeof signatures[0]; i++) {
        const struct signature *s = &signatures[i];
        if (size >= s->size && memcmp(data, s->bytes, s->size) == 0) {
            return s->guess;
        }
    }
    if (is_text(data, size)) {
        return memchr(data, ',', size) ? "a CSV file?" : "a text file?";
    }
    return "not an IDX file?";
}
