/* Data sets of any form: numbers as pixels and labels, tables of text, names (data/numbers.h, data/csv.h,
 * import/names.h, import/find.h), and the entrance on small files. tests/cli/test_formats.sh has real archives. */
#define _XOPEN_SOURCE 700
#include "unit.h"

#include "scratch.h"

#include "data/csv.h"
#include "data/numbers.h"
#include "data/signature.h"
#include "data/unpack.h"
#include "import/find.h"
#include "import/names.h"
#include "import/tree.h"

#include <math.h>
#include <mnist/import.h>
#include <stdio.h>
#include <stdlib.h>

/* Numbers */

/* An array of (1, count) numbers of the machine's own order as pixels; NULL: the message. */
static uint8_t *pixels_of(mnist_kind kind, const void *bytes, size_t count, mnist_error *err)
{
    static const uint16_t one = 1;
    const mnist_numbers numbers = {.type = kind,
                                   .big_endian = *(const uint8_t *)&one == 0,
                                   .rank = 2,
                                   .shape = {1, count},
                                   .bytes = bytes,
                                   .path = "f",
                                   .name = ""};
    mnist_numbers_images images;
    if (mnist_numbers_images_of(&images, &numbers, err) != MNIST_OK) {
        assert_null(images.owned);
        return NULL;
    }
    uint8_t *copy = malloc(count);
    assert_non_null(copy);
    memcpy(copy, images.pixels, count);
    free(images.owned);
    return copy;
}

static void assert_pixels(mnist_kind kind, const void *values, size_t count,
                          const uint8_t *expected)
{
    mnist_error err = {.text = ""};
    uint8_t *pixels = pixels_of(kind, values, count, &err);
    if (!pixels) {
        fail_msg("%s: %s", mnist_kind_name(kind), err.text);
    }
    assert_memory_equal(pixels, expected, count);
    free(pixels);
}

/* That 8 bits come back is exact for every value, whatever type it was saved as. */
static void every_pixel_survives(void **state)
{
    uint8_t all[256], shifted[256], booleans[2] = {0, 1};
    static const uint8_t black_and_white[] = {0, 255};
    float units[256], bytes[256], symmetric[256];
    double doubles[256];
    int64_t wide[256];
    uint16_t sixteen[256];
    (void)state;
    for (int i = 0; i < 256; i++) {
        all[i] = (uint8_t)i;
        shifted[i] = (uint8_t)(i - 128);
        units[i] = (float)i / 255.0f;
        bytes[i] = (float)i;
        symmetric[i] = (float)i / 127.5f - 1.0f;
        doubles[i] = i / 255.0;
        wide[i] = i;
        sixteen[i] = (uint16_t)(i * 257);
    }
    assert_pixels(MNIST_KIND_U8, all, 256, all);
    assert_pixels(MNIST_KIND_S8, all, 256, all); /* as many 0 as -128: unsigned bytes */
    assert_pixels(MNIST_KIND_F32, units, 256, all);
    assert_pixels(MNIST_KIND_F32, bytes, 256, all);
    assert_pixels(MNIST_KIND_F32, symmetric, 256, all);
    assert_pixels(MNIST_KIND_F64, doubles, 256, all);
    assert_pixels(MNIST_KIND_S64, wide, 256, all);
    assert_pixels(MNIST_KIND_U64, wide, 256, all);
    assert_pixels(MNIST_KIND_U16, sixteen, 256, all);
    assert_pixels(MNIST_KIND_BOOLEAN, booleans, 2, black_and_white);
    shifted[255] = 0x80; /* -128 is now the most frequent: paper */
    all[255] = 0;
    assert_pixels(MNIST_KIND_S8, shifted, 256, all);
}

/* The types that differ in width and sign alone, and halves, as bytes of both orders. */
static void both_orders_are_read(void **state)
{
    static const struct {
        mnist_kind kind;
        uint8_t bytes[8]; /* of the number 5, the highest first */
    } cases[] = {
        {MNIST_KIND_U16, {0, 5}},       {MNIST_KIND_S16, {0, 5}},    {MNIST_KIND_U32, {0, 0, 0, 5}},
        {MNIST_KIND_S32, {0, 0, 0, 5}}, {MNIST_KIND_F16, {0x45, 0}}, {MNIST_KIND_F32, {0x40, 0xA0}},
        {MNIST_KIND_S64, {[7] = 5}},    {MNIST_KIND_U64, {[7] = 5}}, {MNIST_KIND_F64, {0x40, 0x14}},
        {MNIST_KIND_S8, {5}},
    };
    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        const size_t width = mnist_kind_width(cases[i].kind);
        uint8_t little[8];
        for (size_t b = 0; b < width; b++) {
            little[b] = cases[i].bytes[width - 1 - b];
        }
        for (int big = 0; big < 2; big++) {
            const mnist_numbers numbers = {.type = cases[i].kind,
                                           .big_endian = big,
                                           .rank = 3,
                                           .shape = {1, 1, 1},
                                           .bytes = big ? cases[i].bytes : little,
                                           .path = "f",
                                           .name = ""};
            mnist_numbers_images images;
            mnist_error err;
            assert_int_equal(mnist_numbers_images_of(&images, &numbers, &err), MNIST_OK);
            assert_int_equal(images.owned[0], 5);
            free(images.owned);
        }
    }
}

static void ranges_are_held(void **state)
{
    static const struct {
        mnist_kind kind;
        double value;
    } wrong[] = {
        {MNIST_KIND_F64, -1.5}, {MNIST_KIND_F64, 255.1},     {MNIST_KIND_F64, INFINITY},
        {MNIST_KIND_F64, NAN},  {MNIST_KIND_F64, -INFINITY}, {MNIST_KIND_F64, 1e300},
    };
    mnist_error err;
    (void)state;
    for (size_t i = 0; i < LENGTH(wrong); i++) {
        const double values[] = {0.0, 0.5, wrong[i].value, 0.0};
        assert_null(pixels_of(wrong[i].kind, values, 4, &err));
        assert_int_equal(err.status, MNIST_ERR_FORMAT);
        assert_non_null(strstr(err.text, "pixel 2 of image 0"));
    }
    /* of many blocks, the last number */
    double *many = calloc(5000, sizeof *many);
    assert_non_null(many);
    many[4999] = 300.0;
    assert_null(pixels_of(MNIST_KIND_F64, many, 5000, &err));
    assert_non_null(strstr(err.text, "pixel 4999"));
    free(many);
}

/* Tables */

static void assert_table(const char *text, const char *pixels, size_t size, const char *labels,
                         size_t count)
{
    mnist_csv csv;
    mnist_error err;
    if (mnist_csv_read(&csv, (const uint8_t *)text, strlen(text), "f", &err) != MNIST_OK) {
        fail_msg("%s: %s", text, err.text);
    }
    assert_int_equal(csv.count, count);
    assert_true(!pixels == !csv.pixels && !labels == !csv.labels);
    if (pixels) {
        assert_int_equal((size_t)csv.rows * csv.cols * count, size);
        assert_memory_equal(csv.pixels, pixels, size);
    }
    if (labels) {
        assert_memory_equal(csv.labels, labels, count);
    }
    free(csv.pixels);
    free(csv.labels);
}

static void tables_are_read(void **state)
{
    (void)state;
    assert_table("5,1,2,3,4\n", "\1\2\3\4", 4, "\5", 1);
    assert_table("5,1,2,3,4", "\1\2\3\4", 4, "\5", 1);
    assert_table("\xEF\xBB\xBF"
                 "5;1;2;3;4\r\n6;5;6;7;8\r\n\r\n",
                 "\1\2\3\4\5\6\7\10", 8, "\5\6", 2);
    assert_table("1\t2\t3\t4\n", "\1\2\3\4", 4, NULL, 1);
    assert_table("1\n2\n", NULL, 0, "\1\2", 2);
    assert_table("label\n1\n2\n", NULL, 0, "\1\2", 2);
    assert_table("what\n1\n", NULL, 0, "\1", 1);
    assert_table("\"label\",\"pixel0\",\"pixel1\"\n\"5\",\"1\",\"2\"\n", "\1\2", 2, "\5", 1);
    assert_table("pixel1,pixel2,pixel3,class\n1,2,3,5\n", "\1\2\3", 3, "\5", 1);
    assert_table(",Label,a,b\n0,7,1,2\n1,8,3,4\n", "\1\2\3\4", 4, "\7\10", 2);
    assert_table("ImageId,Label\n1,7\n2,8\n", NULL, 0, "\7\10", 2);
    assert_table("label,a-name-of-many-letters,b\n1,2,3\n", "\2\3", 2, "\1", 1);
    /* fractions: from 0 to 1, also as exponents; from 0 to 255; labels as floats */
    assert_table("5,0.0,1.0,0.5,0.2\n", "\0\xFF\x80\x33", 4, "\5", 1);
    assert_table("5,0,1e0,5E-1,2e-1\n", "\0\xFF\x80\x33", 4, "\5", 1);
    assert_table("5.0,0.0,255.0,1.4,1.5\n", "\0\xFF\1\2", 4, "\5", 1);
    assert_table("5,000,+7,0000000000000000000000009,1\n", "\0\7\11\1", 4, "\5", 1);
    assert_table("5,-1.0,1,0.000000000000000000000000000001,-0.0\n", "\0\xFF\x80\x80", 4, "\5", 1);
    assert_table("5,0.12345678901234567890123456789,1,.5,1.\n", "\x1F\xFF\x80\xFF", 4, "\5", 1);
    assert_table("5,1e-999,1,0,1e0000000000000000000000000\n", "\0\xFF\0\xFF", 4, "\5", 1);
}

static void wrong_tables_are_told(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "f: empty"},
        {"\n\n", "f: empty"},
        {"1,2,3,4,1e9999\n", "is inf"},
        {"1,2,3,4,99999999999999999999999\n",
         "column 5: '99999999999999999999999': expected a pixel"},
        {"1,2,3,4,1e\n5,5,5,5,5\n6,6,6,6,6", "'6'"},
        {"5,1,2,3,4\n5,1,2,3,\n", "line 2, column 5: ''"},
        {"5,1,2,3,4\n\n5,1,2,3,4\n", "line 2, column 1: ''"},
        {"5,1,2,3,4\n5,1,2,3,\"4\n", "line 2, column 5: '\"4'"},
        {"5,1,2,3,4\n5,1,2,3,4 \n", "line 2, column 5: '4 '"},
        {"5,1,2,3,4\n5.5,1,2,3,4\n", "expected a label of 0 to 255"},
        {"5,1,2,3,0.5\n5,1,2,3,x\n", "line 2, column 5: 'x'"},
    };
    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        mnist_csv csv;
        mnist_error err;
        const mnist_status status =
            mnist_csv_read(&csv, (const uint8_t *)cases[i].text, strlen(cases[i].text), "f", &err);
        if (i ==
            4) { /* 1e is no number, so that the line is a header, and the second has labels of 5 */
            assert_int_equal(status, MNIST_OK);
            free(csv.pixels);
            free(csv.labels);
            continue;
        }
        assert_int_equal(status, MNIST_ERR_FORMAT);
        assert_true(!csv.pixels && !csv.labels);
        if (!strstr(err.text, cases[i].message)) {
            fail_msg("%s: %s", cases[i].message, err.text);
        }
    }
}

/* Names */

static void names_say_what_they_are(void **state)
{
    static const struct {
        const char *name;
        unsigned part;
        mnist_role role;
        const char *key;
    } cases[] = {
        {"train-images-idx3-ubyte", MNIST_IDX_TRAIN, MNIST_ROLE_IMAGES, ""},
        {"t10k-labels.idx1-ubyte.gz", MNIST_IDX_TEST, MNIST_ROLE_LABELS, ""},
        {"MNIST/raw/t10k-images-idx3-ubyte", MNIST_IDX_TEST, MNIST_ROLE_IMAGES, "mnistraw"},
        {"emnist-letters-train-labels-idx1-ubyte", MNIST_IDX_TRAIN, MNIST_ROLE_LABELS,
         "emnistletters"},
        {"qmnist-test-labels-idx2-int", MNIST_IDX_TEST, MNIST_ROLE_LABELS, "qmnist"},
        {"kmnist-train-imgs.npz", MNIST_IDX_TRAIN, MNIST_ROLE_IMAGES, "kmnist"},
        {"X_Train.npy", MNIST_IDX_TRAIN, MNIST_ROLE_IMAGES, ""},
        {"ytest", MNIST_IDX_TEST, MNIST_ROLE_LABELS, ""},
        {"latest/trains.csv", 0, MNIST_ROLE_ANY, "latesttrains"},
        {"test/train.csv", MNIST_IDX_TRAIN, MNIST_ROLE_ANY, ""},
        {"mnist.npz", 0, MNIST_ROLE_ANY, "mnist"},
    };
    mnist_name name;
    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        mnist_name_read(&name, cases[i].name);
        assert_int_equal(name.part, cases[i].part);
        assert_int_equal(name.role, cases[i].role);
        assert_string_equal(name.key, cases[i].key);
    }
    mnist_name_read(&name, "x/val_images.npy");
    assert_true(name.other && name.data && !name.pair && name.part == 0);
    mnist_name_read(&name, "__MACOSX/._train.csv");
    assert_true(name.hidden);
    mnist_name_read(&name, "a/__MACOSX/train.csv");
    assert_true(name.hidden);
    mnist_name_read(&name, "mnist.tar.xz");
    assert_true(name.pair && name.packed == 2);
    mnist_name_read(&name, "mnist.tgz");
    assert_true(name.pair && name.packed == 2 && name.data);
    mnist_name_read(&name, "train/3/00001.PNG");
    assert_true(name.picture && !name.data);
    char text[400];
    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = '\0';
    mnist_name_read(&name, text);
    assert_true(strlen(name.key) < sizeof name.key);
    assert_string_equal(mnist_part_name(MNIST_IDX_TRAIN), "train");
    assert_string_equal(mnist_part_name(MNIST_IDX_TEST), "test");
}

static void digits_count_as_numbers(void **state)
{
    static const char *const order[] = {"",     "1.png", "2.png", "09.png", "10.png",
                                        "a2b1", "a2b10", "a10b1", "b",      "b1"};
    (void)state;
    for (size_t i = 0; i < LENGTH(order); i++) {
        for (size_t j = 0; j < LENGTH(order); j++) {
            const int found = mnist_name_compare(order[i], order[j]);
            assert_true(i < j ? found < 0 : i > j ? found > 0 : found == 0);
        }
    }
    assert_true(mnist_name_compare("01", "1") != 0); /* other names are never equal */
}

#define FIND(part, images, labels, ...)                                                            \
    find((const char *const[]){__VA_ARGS__},                                                       \
         sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *),                              \
         (mnist_ask){part, images, labels})

static mnist_error last;
static mnist_found last_found;

static mnist_status find(const char *const *names, size_t count, mnist_ask ask)
{
    const mnist_listing list = {.names = names, .count = count, .path = "f"};
    return mnist_find(&last_found, &list, ask, &last);
}

static void data_sets_are_found(void **state)
{
    enum { TRAIN = MNIST_IDX_TRAIN, TEST = MNIST_IDX_TEST };
    (void)state;
    /* pairs, the less packed one */
    assert_int_equal(FIND(TEST, true, true, "test_x.npy.gz", "test_y.npy", "test_x.npy",
                          "train_x.npy", "train_y.npy", "readme.md", "dir/", ".hidden.npy"),
                     MNIST_OK);
    assert_int_equal(last_found.images, 2);
    assert_int_equal(last_found.labels, 1);
    /* one of both parts, beside halves of another */
    assert_int_equal(FIND(TRAIN, true, true, "a-train-images.npy", "a-train-labels.npy",
                          "b-train-images.npy", "b-train-labels.npy", "b-test-images.npy",
                          "b-test-labels.npy"),
                     MNIST_OK);
    assert_int_equal(last_found.images, 2);
    assert_int_equal(FIND(TRAIN, true, true, "b-train-images.npy", "b-train-labels.npy",
                          "b-test-images.npy", "b-test-labels.npy", "a-train-images.npy",
                          "a-train-labels.npy"),
                     MNIST_OK);
    assert_int_equal(last_found.images, 0);
    assert_int_equal(FIND(TRAIN, true, true, "a-train.csv", "b-train.csv"), MNIST_ERR_FORMAT);
    assert_non_null(strstr(last.text, "several data sets"));
    /* images or labels alone */
    assert_int_equal(FIND(TRAIN, true, false, "x_train.npy", "y_train.npy"), MNIST_OK);
    assert_true(last_found.images == 0 && last_found.labels == MNIST_NOT_FOUND);
    assert_int_equal(FIND(TRAIN, false, true, "x_train.npy", "y_train.npy"), MNIST_OK);
    assert_true(last_found.labels == 1 && last_found.images == MNIST_NOT_FOUND);
    assert_int_equal(FIND(TRAIN, false, true, "train.csv"), MNIST_OK);
    assert_int_equal(FIND(0, false, true, "words"), MNIST_OK);
    assert_int_equal(last_found.labels, 0);
    /* parts that are not there, or not asked for */
    assert_int_equal(FIND(TEST, true, true, "train.csv"), MNIST_ERR_NOT_FOUND);
    assert_non_null(strstr(last.text, "for training alone"));
    assert_int_equal(FIND(TRAIN, true, true, "test/1/1.png"), MNIST_ERR_NOT_FOUND);
    assert_non_null(strstr(last.text, "for testing alone"));
    assert_int_equal(FIND(0, true, true, "train.csv", "test.csv"), MNIST_ERR_FORMAT);
    assert_int_equal(FIND(0, true, true, "train/1/1.png", "test/1/1.png"), MNIST_ERR_FORMAT);
    assert_int_equal(FIND(0, true, true, "train.csv"), MNIST_OK);
    assert_int_equal(last_found.part, TRAIN);
    /* pictures, and nothing */
    assert_int_equal(FIND(TEST, true, true, "train/1/1.png", "test/1/1.pgm", "a.txt"), MNIST_OK);
    assert_true(last_found.pictures && last_found.part == TEST);
    assert_int_equal(FIND(TEST, true, true, "a", "b"), MNIST_ERR_NOT_FOUND);
    assert_int_equal(FIND(TEST, true, true, "x_test.npy"), MNIST_ERR_NOT_FOUND);
}

static void too_many_files_are_refused(void **state)
{
    enum { MANY = 5000 };
    const char **names = calloc(MANY, sizeof *names);
    (void)state;
    assert_non_null(names);
    for (size_t i = 0; i < MANY; i++) {
        names[i] = "a.csv";
    }
    assert_int_equal(find(names, MANY, (mnist_ask){0, true, true}), MNIST_ERR_FORMAT);
    assert_non_null(strstr(last.text, "more than 4096 files"));
    free(names);
}

/* The entrance */

static mnist_dataset *load(const mnist_import *what, mnist_import_facts *facts)
{
    mnist_dataset *dataset;
    if (mnist_dataset_load(&dataset, what, facts, &last) != MNIST_OK) {
        fail_msg("%s", last.text);
    }
    return dataset;
}

static void facts_and_flags_are_kept(void **state)
{
    scratch_file table = scratch_name(state, "pixels.csv"), labels = scratch_name(state, "l.csv");
    mnist_import_facts facts;
    scratch_write(table.path, "1,2,3,4\n5,6,7,8\n", 16);
    scratch_write(labels.path, "3\n9\n", 4);
    mnist_import what = {.images = table.path, .unlabelled = true};
    mnist_dataset *dataset = load(&what, &facts);
    assert_memory_equal(mnist_dataset_view(dataset).labels, "\0\0", 2);
    assert_string_equal(facts.format, "CSV");
    assert_true(!facts.labelled && facts.parts == 0);
    mnist_dataset_free(dataset);
    what = (mnist_import){.images = table.path, .labels = labels.path};
    dataset = load(&what, &facts);
    assert_memory_equal(mnist_dataset_view(dataset).labels, "\3\11", 2);
    assert_true(facts.labelled);
    mnist_dataset_free(dataset);
    what = (mnist_import){.images = "nowhere", .part = MNIST_IDX_TEST};
    assert_int_equal(mnist_dataset_load(&dataset, &what, NULL, &last), MNIST_ERR_NOT_FOUND);
    assert_null(dataset);
}

static void folders_give_classes(void **state)
{
    static const char *const names[] = {"train/b/2.pgm", "train/a/10.pgm", "train/a/1.pgm",
                                        "test/b/1.pgm", "test/b/x.txt"};
    scratch_file file;
    char folder[1100];
    mnist_import_facts facts;
    for (size_t i = 0; i < LENGTH(names); i++) {
        file = scratch_name(state, "p");
        snprintf(folder, sizeof folder, "%s", file.path);
        mkdir(folder, 0700);
        for (const char *slash = strchr(names[i], '/'); slash; slash = strchr(slash + 1, '/')) {
            snprintf(folder, sizeof folder, "%s/%.*s", file.path, (int)(slash - names[i]),
                     names[i]);
            mkdir(folder, 0700);
        }
        snprintf(folder, sizeof folder, "%s/%s", file.path, names[i]);
        char text[64];
        const int length = snprintf(text, sizeof text, "P2 1 1 255 %zu\n", 10 * (i + 1));
        scratch_write(folder, text, (size_t)length);
    }
    mnist_import what = {.images = file.path, .part = MNIST_IDX_TRAIN, .as_is = true};
    mnist_dataset *dataset = load(&what, &facts);
    const mnist_view view = mnist_dataset_view(dataset);
    assert_int_equal(view.count, 3);
    assert_memory_equal(view.labels, "\0\1\0", 3); /* 1.pgm of a, 2.pgm of b, 10.pgm of a */
    assert_int_equal(view.images[14 * 28 + 14], 30);
    assert_int_equal(facts.parts, MNIST_IDX_TRAIN | MNIST_IDX_TEST);
    assert_string_equal(facts.format, "pictures as they are");
    mnist_dataset_free(dataset);

    mnist_idx_paths paths = {.train_images = NULL};
    assert_int_equal(
        mnist_import_locate(&paths, MNIST_IDX_TRAIN | MNIST_IDX_TEST, file.path, &last), MNIST_OK);
    assert_string_equal(paths.train_images, file.path);
    assert_string_equal(paths.test_images, file.path);
    assert_true(!paths.train_labels && !paths.test_labels);
    mnist_idx_paths_free(&paths);
    assert_int_equal(mnist_import_locate(&paths, MNIST_IDX_TEST, "nowhere", &last),
                     MNIST_ERR_NOT_FOUND);
    mnist_tree tree;
    assert_int_equal(mnist_tree_list(&tree, "nowhere", &last), MNIST_ERR_NOT_FOUND);
}

/* Signatures */

static void every_reader_has_words(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
        mnist_file_kind kind;
    } cases[] = {
#define CASE(bytes, kind) {bytes, sizeof(bytes) - 1, MNIST_FILE_##kind}
        CASE("\x1F\x8B", GZIP),
        CASE("PK\x03\x04", ZIP),
        CASE("\xFD"
             "7zXZ",
             XZ),
        CASE("\x28\xB5\x2F\xFD", ZSTD),
        CASE("BZh9", BZIP2),
        CASE("\x93NUMPY", NPY),
        CASE("\0\0\x0D\4", IDX),
        CASE("\0\0\x08\3", IDX),
        CASE("5,3\n", CSV),
        CASE("7\n", CSV),
        CASE("label\n1\n", UNKNOWN),
        CASE("P6", PNM),
        CASE("\x89PNG", PNG),
        CASE("{\"a\": 1, 2}", UNKNOWN),
        CASE("[1, 2]", UNKNOWN),
        CASE("\x08\x07\x12\x07pytorch", UNKNOWN),
#undef CASE
    };
    uint8_t tar[512] = {'a', [257] = 'u', 's', 't', 'a', 'r'};
    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        const uint8_t *data = (const uint8_t *)cases[i].bytes;
        assert_int_equal(mnist_signature_kind(data, cases[i].size), cases[i].kind);
        for (int reader = 0; reader < MNIST_READERS; reader++) {
            assert_non_null(mnist_signature_of((mnist_reader)reader, data, cases[i].size));
        }
    }
    assert_int_equal(mnist_signature_kind(tar, sizeof tar), MNIST_FILE_TAR);
    assert_int_equal(mnist_signature_kind(tar, 261), MNIST_FILE_UNKNOWN);
    assert_null(mnist_signature_of(MNIST_READER_MODELS, (const uint8_t *)"\xEF\xBB\xBF", 3));
    assert_string_equal(mnist_signature_guess((const uint8_t *)"\x81\x92", 2), "not an IDX file?");
}

/* Packed data */

/* Unpacks a copy; NULL: the message, else what came out. */
static uint8_t *unpacked(const void *bytes, size_t size, size_t *length, mnist_error *err)
{
    uint8_t *copy = malloc(size);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    mnist_bytes file = {.data = copy, .size = size};
    if (mnist_unpack(&file, "f", err) != MNIST_OK) {
        assert_null(file.data);
        return NULL;
    }
    *length = file.size;
    return (uint8_t *)file.data;
}

static void packed_data_have_limits(void **state)
{
    /* 70 MiB of zeros */
    static const char bomb[] =
        "\x42\x5a\x68\x39\x31\x41\x59\x26\x53\x59\x0e\x09\xe2\xdf\x01\x5f\x8e\x40"
        "\x00\xc0\x00\x00\x08\x20\x00\x30\x80\x4d\x46\x42\xa0\x25\xa9\x0a\x80\x97"
        "\x31\x41\x59\x26\x53\x59\x33\xf2\xaf\xee\x00\xd2\xa3\xc1\x00\xc0\x00\x40"
        "\x00\x00\x08\x20\x00\x30\xcc\x05\x29\xa6\xa8\x49\x12\xd8\x11\x24\x4b\xc5"
        "\xdc\x91\x4e\x14\x24\x0b\xf8\x5a\x94\x00";
    static const char *const wrong[] = {"\x1F\x8B\x08\x40 no gzip", "\xFD\x37zXZ\x01 no xz",
                                        "BZh9 no bzip2", "\x28\xB5\x2F\xFD\xFF no zstd"};
    size_t length;
    mnist_error err;
    (void)state;
    for (size_t i = 0; i < LENGTH(wrong); i++) {
        assert_null(unpacked(wrong[i], strlen(wrong[i]), &length, &err));
        assert_int_equal(err.text[0], 'f');
    }
    assert_null(unpacked(bomb, sizeof bomb - 1, &length, &err));
    if (err.status != MNIST_ERR_IO) { /* libarchive is there */
        assert_non_null(strstr(err.text, "unpacks to more than"));
    }
}

/* The 512 bytes of a header. */
static void put_header(uint8_t *tar, const char *name, char type, const char size[12])
{
    unsigned sum = 0;
    memset(tar, 0, 512);
    snprintf((char *)tar, 100, "%s", name);
    memcpy(tar + 100, "0000644", 8);
    memcpy(tar + 108, "0000000", 8);
    memcpy(tar + 116, "0000000", 8);
    memcpy(tar + 124, size, 12);
    memcpy(tar + 136, "00000000000", 12);
    memcpy(tar + 148, "        ", 8);
    tar[156] = (uint8_t)type;
    memcpy(tar + 257, "ustar\00000", 8);
    for (size_t i = 0; i < 512; i++) {
        sum += tar[i];
    }
    snprintf((char *)tar + 148, 8, "%06o", sum);
}

/* A file of one byte: 1024 bytes. */
static void put_member(uint8_t *tar, const char *name)
{
    put_header(tar, name, '0', "00000000001");
    memset(tar + 512, 0, 512);
    tar[512] = 'x';
}

static void tar_archives_have_limits(void **state)
{
    static uint8_t tar[2 * 1024 + 1024];
    mnist_archive_limits limits = {.entries = 2};
    mnist_archive archive;
    mnist_error err;
    (void)state;
    put_member(tar, "a");
    put_member(tar + 1024, "b");
    mnist_status status = mnist_unpack_tar(&archive, tar, sizeof tar, "f", &limits, &err);
    if (status == MNIST_ERR_IO) {
        return; /* no libarchive */
    }
    assert_int_equal(status, MNIST_OK);
    assert_int_equal(archive.count, 2);
    assert_int_equal(archive.entries[1].size, 1);
    assert_int_equal(archive.entries[1].bytes[0], 'x');
    mnist_archive_free(&archive);
    limits.entries = 1;
    assert_int_equal(mnist_unpack_tar(&archive, tar, sizeof tar, "f", &limits, &err),
                     MNIST_ERR_FORMAT);
    assert_non_null(strstr(err.text, "more than 1 files"));
    put_header(tar, "a/", '5', "00000000000"); /* a folder, which is left out */
    put_member(tar + 512, "a/b");
    memset(tar + 1536, 0, sizeof tar - 1536);
    assert_int_equal(mnist_unpack_tar(&archive, tar, sizeof tar, "f", &limits, &err), MNIST_OK);
    assert_int_equal(archive.count, 1);
    mnist_archive_free(&archive);
    put_member(tar, "a");
    put_member(tar + 1024, "../b");
    limits.entries = 2;
    assert_int_equal(mnist_unpack_tar(&archive, tar, sizeof tar, "f", &limits, &err),
                     MNIST_ERR_FORMAT);
    assert_non_null(strstr(err.text, "'../b'"));
    assert_int_equal(mnist_unpack_tar(&archive, tar, 1024 + 100, "f", &limits, &err),
                     MNIST_ERR_FORMAT);
    assert_int_equal(archive.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pixel_survives),
        cmocka_unit_test(both_orders_are_read),
        cmocka_unit_test(ranges_are_held),
        cmocka_unit_test(tables_are_read),
        cmocka_unit_test(wrong_tables_are_told),
        cmocka_unit_test(names_say_what_they_are),
        cmocka_unit_test(digits_count_as_numbers),
        cmocka_unit_test(data_sets_are_found),
        cmocka_unit_test(too_many_files_are_refused),
        cmocka_unit_test_setup_teardown(facts_and_flags_are_kept, scratch_create, scratch_remove),
        cmocka_unit_test_setup_teardown(folders_give_classes, scratch_create, scratch_remove),
        cmocka_unit_test(every_reader_has_words),
        cmocka_unit_test(packed_data_have_limits),
        cmocka_unit_test(tar_archives_have_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
