#include "data/signature.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

/* What is told by more than fixed bytes. */
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

static bool is_idx(const uint8_t *data, size_t size)
{
    return size >= 4 && data[0] == 0 && data[1] == 0 && data[2] >= 0x08 && data[2] <= 0x0E &&
           data[2] != 0x0A && data[3] >= 1 && data[3] <= 4;
}

/* Its first line is a comment or the name of a first member; the mark stands behind that. */
static bool is_tar(const uint8_t *data, size_t size)
{
    return size >= 262 && memcmp(data + 257, "ustar", 5) == 0;
}

/* torch.save writes a zip archive whose first member is ARCHIVE/data.pkl. */
static bool is_torch(const uint8_t *data, size_t size)
{
    if (size < 30 || memcmp(data, "PK\x03\x04", 4) != 0) {
        return false;
    }
    const size_t length = data[26] | (size_t)data[27] << 8;
    const size_t end = 30 + length;
    return length >= 9 && end <= size && memcmp(data + end - 9, "/data.pkl", 9) == 0;
}

/* A protobuf with ir_version, then the name of its producer: or its graph: how every exporter begins. */
static bool is_onnx(const uint8_t *data, size_t size)
{
    return size >= 4 && data[0] == 0x08 && data[1] >= 1 && data[1] <= 32 &&
           ((data[2] == 0x12 && data[3] >= 1 && data[3] < 0x80) || data[2] == 0x3A);
}

/* A little-endian length from 1 to 2^56 - 1, then a JSON object. */
static bool is_safetensors(const uint8_t *data, size_t size)
{
    return size > 9 && memcmp(data, "\0\0\0\0\0\0\0", 8) != 0 && data[7] == 0 && data[8] == '{';
}

/* Python pickles of protocols 2 to 5. */
static bool is_pickle(const uint8_t *data, size_t size)
{
    return size >= 2 && data[0] == 0x80 && data[1] >= 2 && data[1] <= 5;
}

/* Bytes of text, of which the last may be cut off: ASCII, with UTF-8's mark before it. */
static bool is_text(const uint8_t *data, size_t size)
{
    size_t i = size >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    if (i == size) {
        return false;
    }
    for (; i < size; i++) {
        bool space = data[i] == '\t' || data[i] == '\r' || data[i] == '\n';
        if (!space && (data[i] < 0x20 || data[i] > 0x7E)) {
            return false;
        }
    }
    return true;
}

/* Text with a separator in its first line, or a whole line that is a number. */
static bool is_csv(const uint8_t *data, size_t size)
{
    const size_t mark = size >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    if (!is_text(data, size) || data[mark] == '{' || data[mark] == '[' || data[mark] == '<') {
        return false;
    }
    bool numeric = true;
    for (size_t i = mark; i < size && data[i] != '\n' && data[i] != '\r'; i++) {
        if (data[i] == ',' || data[i] == ';' || data[i] == '\t') {
            return true;
        }
        numeric = numeric && strchr("0123456789.+-eE\"", data[i]) != NULL;
    }
    return numeric && (memchr(data, '\n', size) || size < 8);
}

/* Enough text to be called so. */
static bool is_prose(const uint8_t *data, size_t size)
{
    return size >= 4 && is_text(data, size);
}

typedef struct signature {
    const char *bytes; /* that the file begins with; NULL: `test` decides */
    size_t size;
    bool (*test)(const uint8_t *data, size_t size);
    mnist_file_kind kind;
    const char *phrases[MNIST_READERS];
} signature;

#define NOT_A_MODEL "; a model file here is safetensors"
#define TO_PNG      ": convert it to PNG?"

/* The first that fits counts. */
static const signature signatures[] = {
/* clang-format off */
#define BYTES(bytes) bytes, sizeof(bytes) - 1, NULL
#define TEST(test) NULL, 0, test
#define AS(kind) MNIST_FILE_##kind
    /* of a data set, of pictures, of a model */
    {BYTES("\x1F\x8B"), AS(GZIP),
     {"gzip data inside gzip?", "gzip data: unpack it first?", "this is gzip data; gunzip it first"}},
    {TEST(is_torch), AS(UNKNOWN),
     {"a PyTorch file of pickles, which are code to be run: save NumPy arrays instead?",
      "a PyTorch file: should it be a picture?",
      "this is a zip archive, as torch.save and numpy.savez write; mnist-convert makes a model of "
      "such"}},
    {BYTES("PK\x03\x04"), AS(ZIP),
     {"a zip archive: unpack it first?", "a zip archive: unpack it first?",
      "this is a zip archive, as torch.save and numpy.savez write; mnist-convert makes a model of "
      "such"}},
    {BYTES("PK\x05\x06"), AS(ZIP),
     {"an empty zip archive?", "an empty zip archive?", "this is an empty zip archive" NOT_A_MODEL}},
    {BYTES("\xFD\x37zXZ"), AS(XZ),
     {"xz data: unpack it first?", "xz data: unpack it first?", "this is xz data; unpack it first"}},
    {BYTES("BZh"), AS(BZIP2),
     {"bzip2 data: unpack it first?", "bzip2 data: unpack it first?",
      "this is bzip2 data; unpack it first"}},
    {BYTES("\x28\xB5\x2F\xFD"), AS(ZSTD),
     {"zstd data: unpack it first?", "zstd data: unpack it first?",
      "this is zstd data; unpack it first"}},
    {BYTES("7z\xBC\xAF\x27\x1C"), AS(UNKNOWN),
     {"a 7-Zip archive: unpack it first?", "a 7-Zip archive: unpack it first?",
      "this is a 7-Zip archive" NOT_A_MODEL}},
    {BYTES("Rar!"), AS(UNKNOWN),
     {"a RAR archive: unpack it first?", "a RAR archive: unpack it first?",
      "this is a RAR archive" NOT_A_MODEL}},
    {BYTES("\x89PNG"), AS(PNG),
     {"a PNG image?", "a PNG image?", "this is a PNG image; are the arguments swapped?"}},
    {BYTES("\xFF\xD8\xFF"), AS(UNKNOWN),
     {"a JPEG image?", "a JPEG picture" TO_PNG,
      "this is a JPEG image; are the arguments swapped?"}},
    {BYTES("GIF8"), AS(UNKNOWN),
     {"a GIF image?", "a GIF picture" TO_PNG,
      "this is a GIF image; are the arguments swapped?"}},
    {BYTES("RIFF"), AS(UNKNOWN),
     {"a WebP image?", "a WebP picture" TO_PNG,
      "this is a WebP image; are the arguments swapped?"}},
    {BYTES("II*\0"), AS(UNKNOWN),
     {"a TIFF image?", "a TIFF picture" TO_PNG,
      "this is a TIFF image; are the arguments swapped?"}},
    {BYTES("MM\0*"), AS(UNKNOWN),
     {"a TIFF image?", "a TIFF picture" TO_PNG,
      "this is a TIFF image; are the arguments swapped?"}},
    {BYTES("P1"), AS(UNKNOWN),
     {"a PBM bitmap?", "a PBM bitmap: convert it to PGM?",
      "this is a PBM bitmap; are the arguments swapped?"}},
    {BYTES("P4"), AS(UNKNOWN),
     {"a PBM bitmap?", "a PBM bitmap: convert it to PGM?",
      "this is a PBM bitmap; are the arguments swapped?"}},
    {BYTES("P7"), AS(UNKNOWN),
     {"a PAM image?", "a PAM picture: convert it to PGM or PPM?",
      "this is a PAM image; are the arguments swapped?"}},
    {BYTES("P2"), AS(PNM),
     {"a PGM image?", "a PGM image?", "this is a PGM image; are the arguments swapped?"}},
    {BYTES("P3"), AS(PNM),
     {"a PPM image?", "a PPM image?", "this is a PPM image; are the arguments swapped?"}},
    {BYTES("P5"), AS(PNM),
     {"a PGM image?", "a PGM image?", "this is a PGM image; are the arguments swapped?"}},
    {BYTES("P6"), AS(PNM),
     {"a PPM image?", "a PPM image?", "this is a PPM image; are the arguments swapped?"}},
    {BYTES("%PDF"), AS(UNKNOWN),
     {"a PDF document?", "a PDF document: convert its page to PNG?",
      "this is a PDF document" NOT_A_MODEL}},
    {BYTES("\x93NUMPY"), AS(NPY),
     {"a NumPy .npy file?", "a NumPy .npy file: save it as pictures, or as IDX?",
      "this is a NumPy array; mnist-convert makes a model of an .npz file of arrays"}},
    {BYTES("\x89HDF"), AS(UNKNOWN),
     {"an HDF5 file?", "an HDF5 file: should it be a picture?",
      "this is an HDF5 file, as Keras writes" NOT_A_MODEL}},
    {BYTES("GGUF"), AS(UNKNOWN),
     {"a GGUF file, which is a model?", "a GGUF model: should it be the first argument?",
      "this is a GGUF file; mnist-convert makes a model of it"}},
    {BYTES("MLPK"), AS(UNKNOWN),
     {"a packed model?", "a packed model: should it be the first argument?", NULL}},
    {BYTES("MATLAB"), AS(UNKNOWN),
     {"a MATLAB .mat file?", "a MATLAB .mat file: should it be a picture?",
      "this is a MATLAB .mat file" NOT_A_MODEL}},
    {BYTES("PAR1"), AS(UNKNOWN),
     {"a Parquet file?", "a Parquet file: should it be a picture?",
      "this is a Parquet file" NOT_A_MODEL}},
    {TEST(is_pickle), AS(UNKNOWN),
     {"a Python pickle?", "a Python pickle: should it be a picture?",
      "this is a Python pickle" NOT_A_MODEL}},
    {BYTES("version https://git-lfs"), AS(UNKNOWN),
     {"a Git LFS pointer, not the file itself: git lfs pull?",
      "a Git LFS pointer, not the file itself: git lfs pull?",
      "this is a Git LFS pointer, not the file itself; git lfs pull fetches it"}},
    {BYTES("\0\0\x08\1"), AS(IDX),
     {"an IDX file of labels?", "an IDX file of labels: should it be the one of images?",
      "this is an IDX file of labels, not a model; are the arguments swapped?"}},
    {BYTES("\0\0\x08\3"), AS(IDX),
     {"an IDX file of images?", "an IDX file of images?",
      "this is an IDX file of images, not a model; are the arguments swapped?"}},
    {TEST(is_idx), AS(IDX),
     {"an IDX file of another type or rank?", "an IDX file of another type or rank?",
      "this is an IDX file, not a model; are the arguments swapped?"}},
    {TEST(is_swapped_magic), AS(UNKNOWN),
     {"written in little-endian order?", "an IDX file written in little-endian order?", NULL}},
    {TEST(is_tar), AS(TAR),
     {"a tar archive: unpack it first?", "a tar archive: unpack it first?",
      "this is a tar archive" NOT_A_MODEL}},
    {TEST(is_safetensors), AS(UNKNOWN),
     {"a safetensors file, which is a model?", "a model: should it be the first argument?", NULL}},
    {TEST(is_onnx), AS(UNKNOWN),
     {"an ONNX model?", "an ONNX model: should it be the first argument?",
      "this is an ONNX file, it seems; mnist-convert makes a model of it"}},
    {TEST(is_markup), AS(UNKNOWN),
     {"an HTML or XML error page saved as data?", "markup: an SVG drawing, or an HTML page?",
      "this is HTML or XML; was a web page saved in place of the file?"}},
    {BYTES("\xFF\xFE"), AS(UNKNOWN),
     {"text of UTF-16: save it as UTF-8?", "text of UTF-16?", "this is text of UTF-16" NOT_A_MODEL}},
    {BYTES("{"), AS(UNKNOWN),
     {"JSON: an error message saved as data?", "JSON: should it be a picture?",
      "this is JSON text or the like; is it a configuration or a log?"}},
    {BYTES("\0\0\0\0\0\0\0\0"), AS(UNKNOWN),
     {"all zeros: a download that never filled the file?",
      "all zeros: a download that never filled the file?",
      "it begins with zeros; was the copying of it cut off?"}},
    {TEST(is_csv), AS(CSV),
     {"a CSV file?", "a CSV file: save its images as pictures, or as IDX?",
      "this is text with commas, such as CSV" NOT_A_MODEL}},
    {TEST(is_prose), AS(UNKNOWN),
     {"a text file?", "a text file?", "this is a text file" NOT_A_MODEL}},
#undef BYTES
#undef TEST
#undef AS
    /* clang-format on */
};

static const signature *find(const uint8_t *data, size_t size)
{
    size = size < MNIST_SIGNATURE_BYTES ? size : MNIST_SIGNATURE_BYTES;
    for (size_t i = 0; i < sizeof signatures / sizeof signatures[0]; i++) {
        const signature *s = &signatures[i];
        if (s->bytes ? size >= s->size && memcmp(data, s->bytes, s->size) == 0
                     : s->test(data, size)) {
            return s;
        }
    }
    return NULL;
}

mnist_file_kind mnist_signature_kind(const uint8_t *data, size_t size)
{
    const signature *s = find(data, size);
    return s ? s->kind : MNIST_FILE_UNKNOWN;
}

const char *mnist_signature_of(mnist_reader reader, const uint8_t *data, size_t size)
{
    assert(reader < MNIST_READERS);
    const signature *s = find(data, size);
    return s ? s->phrases[reader] : NULL;
}

const char *mnist_signature_guess(const uint8_t *data, size_t size)
{
    const char *phrase = mnist_signature_of(MNIST_READER_DATA, data, size);
    return phrase ? phrase : "not an IDX file?";
}
