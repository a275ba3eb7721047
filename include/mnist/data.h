/* mnist/data.h: IDX files, data sets, views of them, normalisation, augmentation, synthetic digits.
 *
 * Images stay 8-bit in memory; a table of 256 floats makes them float, one batch at a time. */
#ifndef MNIST_DATA_H
#define MNIST_DATA_H

#include <mnist/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Of MNIST, of synthetic digits, and of a view that does not say how many classes it has. */
#define MNIST_CLASSES 10u

/* Labels are bytes. */
#define MNIST_MIN_CLASSES 2u
#define MNIST_MAX_CLASSES 256u

/* Largest image accepted, in pixels: 256 x 256. Limits the memory that a file's header can ask for.
 */
#define MNIST_MAX_PIXELS 65536u

/* A run of images and labels, which it borrows. A plain value: copy it freely; it is valid as long
 * as the data set (or other memory) that it points into. */
typedef struct mnist_view {
    const uint8_t *images; /* (count, rows * cols), row-major, 0 = background */
    const uint8_t *labels; /* (count), each below the number of classes; some calls take NULL */
    size_t count;
    unsigned rows, cols;
    unsigned classes;    /* 0: MNIST_CLASSES; ask mnist_view_classes */
    unsigned label_base; /* what class 0 is called where the data come from: mostly 0 */
} mnist_view;

static inline unsigned mnist_view_classes(mnist_view view)
{
    return view.classes > 0 ? view.classes : MNIST_CLASSES;
}

/* Some of the classes. Zeros are none. */
typedef struct mnist_class_set {
    uint64_t bits[MNIST_MAX_CLASSES / 64];
} mnist_class_set;

/* c is below MNIST_MAX_CLASSES. */
static inline bool mnist_class_set_has(const mnist_class_set *set, unsigned c)
{
    return set->bits[c / 64] >> c % 64 & 1;
}

static inline void mnist_class_set_add(mnist_class_set *set, unsigned c)
{
    set->bits[c / 64] |= (uint64_t)1 << c % 64;
}

/* How many classes are in it. */
unsigned mnist_class_set_count(const mnist_class_set *set);

/* Each class less base: of labels, the classes. Those below base are left out. */
mnist_class_set mnist_class_set_less(mnist_class_set set, unsigned base);

/* Those of the classes that are below `classes`, which are in the set: how many. */
unsigned mnist_class_set_count_below(const mnist_class_set *set, unsigned classes);

/* count images from first on. Asserts first + count <= view.count. */
mnist_view mnist_view_slice(mnist_view view, size_t first, size_t count);

/* Owns images and labels: memory, or a mapped file. */
typedef struct mnist_dataset mnist_dataset;

/* Reads an image file (IDX, unsigned byte, 3 dimensions) and a label file (unsigned byte, 1
 * dimension; or 32-bit int, 1 or 2 dimensions, of which the first column counts, as in QMNIST). The
 * largest label says how many classes there are: see mnist_dataset_set_classes.
 * Each may be raw or gzip, told by content. A raw image file of up to 1 GiB is read, from 4 MiB on
 * into large pages where the system has them; a larger one is mapped and must not shrink while in
 * use. Everything is checked before it is used: magic, type, rank, sizes against the bytes there
 * are, trailing bytes, gzip CRC, equal counts, labels in range, at least one image. Memory taken: 8
 * MiB, and of a raw file at most twice its size; of a gzip file what its header asks for, at most
 * 1,033 times its size for images and 2,065 times for labels, as deflate packs no tighter. From a
 * pipe at most 1 GiB is read. Format: http://yann.lecun.com/exdb/mnist/ (section "file formats");
 * gzip: RFC 1952. Errors: MNIST_ERR_NOT_FOUND, MNIST_ERR_IO, MNIST_ERR_FORMAT, MNIST_ERR_MISMATCH
 * (counts), MNIST_ERR_MEMORY; the text names the file, the byte offset, expected and found. */
mnist_status mnist_dataset_load_idx(mnist_dataset **out, const char *images_path,
                                    const char *labels_path, mnist_error *err);

/* Images [first, first + count) of an endless sequence of stroke-drawn 28 x 28 digits, which is a
 * function of seed alone. Every ten images from a multiple of ten on have each label once. count is
 * at least 1. Disjoint ranges give training and test sets. Errors: MNIST_ERR_ARGUMENT,
 * MNIST_ERR_MEMORY. */
mnist_status mnist_dataset_create_synthetic(mnist_dataset **out, uint64_t first, size_t count,
                                            uint64_t seed, mnist_error *err);

/* What the labels of a data set mean. */
typedef struct mnist_label_rule {
    unsigned base;    /* the label of class 0; each label becomes label - base */
    unsigned classes; /* 2 to 256; 0: the largest label says it, and it is 2 at least */
} mnist_label_rule;

/* Labels as the rule has them; views that were taken before are not changed. To be called at most
 * once, on a data set that was read. name: for messages, of the file of labels. Errors:
 * MNIST_ERR_FORMAT (a label below base, or not below base + classes: which, and where), and
 * MNIST_ERR_ARGUMENT (the rule itself). */
mnist_status mnist_dataset_set_classes(mnist_dataset *dataset, mnist_label_rule rule,
                                       const char *name, mnist_error *err);

/* A copy of those images of the view whose class is not among `classes`. Errors:
 * MNIST_ERR_ARGUMENT (none is left), MNIST_ERR_MEMORY. */
mnist_status mnist_dataset_create_without(mnist_dataset **out, mnist_view view,
                                          mnist_class_set classes, mnist_error *err);

/* A copy of per_class images of each class that the view has, drawn by seed, in the order in which
 * they are in the view. Which they are is a function of the view's labels, per_class and seed. Errors:
 * MNIST_ERR_ARGUMENT (a class has fewer: which; more than 4294967295 images), MNIST_ERR_MEMORY. */
mnist_status mnist_dataset_create_sample(mnist_dataset **out, mnist_view view, size_t per_class,
                                         uint64_t seed, mnist_error *err);

/* How many images of the view are of these classes. */
size_t mnist_view_count_of(mnist_view view, mnist_class_set classes);

/* How many images of each class the view has; counts of classes that there are not are 0. */
void mnist_view_count_each(mnist_view view, size_t counts[MNIST_MAX_CLASSES]);

void mnist_dataset_free(mnist_dataset *dataset);

/* Everything in the data set. Valid until mnist_dataset_free. */
mnist_view mnist_dataset_view(const mnist_dataset *dataset);

#define MNIST_DIGEST_TEXT 65 /* SHA-256 in lower-case hex, and the terminating zero */

typedef struct mnist_data_digests {
    char images[MNIST_DIGEST_TEXT];
    char labels[MNIST_DIGEST_TEXT];
} mnist_data_digests;

/* SHA-256 of what the view would be as uncompressed IDX files of unsigned bytes: for a whole MNIST
 * file that is what `sha256sum` gives for it, gunzipped: labels are as they were before
 * mnist_dataset_set_classes. Reads every byte (47 MB: 30 to 150 ms), so ask once, and only where it
 * is shown. */
void mnist_view_digests(mnist_view view, mnist_data_digests *out);

/* The four files of a data set. Strings are owned; release with mnist_idx_paths_free. */
typedef struct mnist_idx_paths {
    char *train_images, *train_labels, *test_images, *test_labels;
} mnist_idx_paths;

/* Which pairs of files are wanted: one or both. */
enum { MNIST_IDX_TRAIN = 1, MNIST_IDX_TEST = 2 };

/* Looks in dirs (count of them, in order; NULL entries are skipped) for the wanted files under any
 * of their customary names: train-images-idx3-ubyte, t10k-labels.idx1-ubyte, …, with or without
 * .gz. The first directory that holds them all wins. Where a name exists raw and gzipped, the raw
 * one is taken. Entries of *paths that are already non-NULL are kept and not looked for. Errors:
 * MNIST_ERR_NOT_FOUND, whose text lists every directory tried and what it lacked;
 * MNIST_ERR_MEMORY. On failure *paths keeps only what it held. */
mnist_status mnist_idx_locate(mnist_idx_paths *paths, unsigned wanted, const char *const *dirs,
                              size_t count, mnist_error *err);
void mnist_idx_paths_free(mnist_idx_paths *paths);

/* Finds one pair of files in a directory, by the names that mnist_idx_locate knows, and reads it:
 * which is MNIST_IDX_TRAIN or MNIST_IDX_TEST. Errors: as mnist_idx_locate and
 * mnist_dataset_load_idx; MNIST_ERR_ARGUMENT (which is neither). */
mnist_status mnist_dataset_load_dir(mnist_dataset **out, const char *dir, unsigned which,
                                    mnist_error *err);

typedef enum mnist_normalization_kind {
    MNIST_NORMALIZE_UNIT,     /* x / 255 */
    MNIST_NORMALIZE_STANDARD, /* (x / 255 - mean) / stddev, over all pixels of the training split */
    MNIST_NORMALIZATIONS      /* how many there are */
} mnist_normalization_kind;

/* Part of a model: whoever uses the model applies it. A call that is given NULL instead of one
 * takes MNIST_NORMALIZE_UNIT, as mnist-train does when no flag is given. */
typedef struct mnist_normalization {
    mnist_normalization_kind kind;
    float mean;   /* of x / 255; 0 for UNIT */
    float stddev; /* of x / 255, population; 1 for UNIT */
} mnist_normalization;

/* "unit", "standard"; NULL past the end. */
const char *mnist_normalization_name(mnist_normalization_kind kind);

/* The normalisation of that kind for the view, measured in integers, so that it is the same on
 * every machine. A view whose pixels are all equal gets stddev 1. */
mnist_normalization mnist_normalization_fit(mnist_normalization_kind kind, mnist_view view);

/* Fills order with the permutation of 0 .. count - 1 in which training takes its images in that
 * epoch. count fits 32 bits. */
void mnist_epoch_order(uint32_t *order, size_t count, uint64_t seed, uint32_t epoch);

/* What each pixel value becomes. */
void mnist_normalization_table(const mnist_normalization *normalization, float table[256]);

/* Distortions of training images, drawn anew for every image and epoch. Each field says how strong
 * its distortion may be, from 0, for none, to the maximum that stands beside it. The text form is a
 * list like "shift=2,rotate=15,elastic=34:4", of these names. */
typedef struct mnist_augmentation {
    float shift;     /* moved by up to this many pixels along x and along y; at most 64 */
    float rotate;    /* rotated by up to this many degrees, either way; at most 180 */
    float scale;     /* width and height each times 1 - scale to 1 + scale; at most 0.5 */
    float shear;     /* sheared by up to this many degrees, either way; at most 60 */
    float elastic;   /* pixels displaced by smoothed noise in [-1, 1] times this; at most 100 */
    float sigma;     /* standard deviation, in pixels, of the smoothing Gaussian; 0.5 to 16 */
    float thickness; /* strokes thicker or thinner by about this part of a pixel; at most 1 */
    float erase;     /* probability that a rectangle of 2 to 15 % of the image is 0; at most 1 */
    bool half17;     /* labels 1 and 7 are rotated and sheared half as much: else they look alike */
} mnist_augmentation;

#define MNIST_AUGMENTATION_TEXT 192 /* room for the longest text form */

/* From text: entries NAME=VALUE, "elastic=ALPHA:SIGMA" and "half17", with commas between. The first
 * may be a preset, which those after it change: "none", "light" (small shifts, turns and scales),
 * "simard" (elastic=34:4: Simard et al. 2003) or "ciresan" (all of Ciresan et al. 2010, "Deep, big,
 * simple neural nets for handwritten digit recognition"). Values are plain decimals, kept to a
 * millionth. Errors: MNIST_ERR_ARGUMENT; the text names the entry, its range and the nearest name.
 */
mnist_status mnist_augmentation_parse(mnist_augmentation *out, const char *text, mnist_error *err);

/* The presets' names, the first at index 0; NULL past the end. */
const char *mnist_augmentation_preset_name(size_t index);

/* The text form: "none", or the entries that are not 0, without presets. */
void mnist_augmentation_print(const mnist_augmentation *augmentation,
                              char text[MNIST_AUGMENTATION_TEXT]);

/* Checks that each field is in its range. Errors: MNIST_ERR_ARGUMENT (which, and its range). */
mnist_status mnist_augmentation_check(const mnist_augmentation *augmentation, mnist_error *err);

/* Whether anything is done at all. */
bool mnist_augmentation_any(const mnist_augmentation *augmentation);

/* Distorts images of one size. */
typedef struct mnist_augmenter mnist_augmenter;

/* For images of rows x cols, each at most 256, and the pool's workers. Errors: MNIST_ERR_ARGUMENT,
 * MNIST_ERR_MEMORY. */
mnist_status mnist_augmenter_create(mnist_augmenter **out, const mnist_augmentation *augmentation,
                                    unsigned rows, unsigned cols, mnist_pool *pool,
                                    mnist_error *err);
void mnist_augmenter_free(mnist_augmenter *augmenter);

/* To be called before the first image of an epoch, and not from within the pool's work. */
void mnist_augmenter_start(mnist_augmenter *augmenter, mnist_pool *pool, uint64_t seed,
                           uint32_t epoch);

/* out (rows * cols) = image (rows * cols), distorted: a function of seed, epoch, index (below
 * 2^32), label and the augmentation. First strokes are made thicker or thinner. Then one bilinear
 * resampling, rounded to nearest, does all that moves pixels; outside the image all is 0. With
 * coordinates from the image's middle, out(p) is the image at (R H S)^-1 (p - t) + d(p), where R is
 * the rotation, H the shear, S the scales, t the shift and d the elastic displacement. Erasing
 * (Zhong et al. 2020, "Random erasing data augmentation") comes last. worker is below the pool's
 * number of threads, and calls that run at the same time need different ones. out must not overlap
 * image. */
void mnist_augment_image(const mnist_augmenter *augmenter, unsigned worker, uint64_t index,
                         uint8_t label, const uint8_t *image, uint8_t *out);

/* out (view.count, rows * cols) = the view's images, each distorted as mnist_augment_image does it,
 * with its number in the view as index: for test-time augmentation. Labels are not used, as who
 * predicts has none: half17 does nothing, and view.labels may be NULL. The view's images have the
 * augmenter's size, and pool is the one that it was created with. out must not overlap them. The
 * result does not depend on the pool. */
void mnist_augment_view(const mnist_augmenter *augmenter, mnist_pool *pool, mnist_view view,
                        uint8_t *out);

#ifdef __cplusplus
}
#endif

#endif
