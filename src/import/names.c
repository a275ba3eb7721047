#include "import/names.h"

#include <string.h>

/* What a word says. */
typedef enum meaning {
    NOTHING,
    TRAIN,
    TEST,
    VALIDATION,
    IMAGES,
    LABELS,
    TRAIN_IMAGES,
    TRAIN_LABELS,
    TEST_IMAGES,
    TEST_LABELS,
    FORMAT, /* of a file of data */
    BOTH_FORMAT,
    GZIP,
    PACKED,
    PACKED_TAR,
    PICTURE,
    IDX /* how many dimensions, which differ between images and labels */
} meaning;

static meaning meaning_of(const char *word)
{
    static const struct {
        const char *word;
        meaning meaning;
    } words[] = {
        {"train", TRAIN},
        {"training", TRAIN},
        {"test", TEST},
        {"testing", TEST},
        {"t10k", TEST},
        {"val", VALIDATION},
        {"valid", VALIDATION},
        {"validation", VALIDATION},
        {"images", IMAGES},
        {"image", IMAGES},
        {"imgs", IMAGES},
        {"img", IMAGES},
        {"x", IMAGES},
        {"pixels", IMAGES},
        {"labels", LABELS},
        {"label", LABELS},
        {"lbls", LABELS},
        {"y", LABELS},
        {"targets", LABELS},
        {"target", LABELS},
        {"xtrain", TRAIN_IMAGES},
        {"ytrain", TRAIN_LABELS},
        {"xtest", TEST_IMAGES},
        {"ytest", TEST_LABELS},
        {"npy", FORMAT},
        {"csv", FORMAT},
        {"tsv", FORMAT},
        {"ubyte", FORMAT},
        {"idx", FORMAT},
        {"npz", BOTH_FORMAT},
        {"zip", BOTH_FORMAT},
        {"tar", BOTH_FORMAT},
        {"tgz", PACKED_TAR},
        {"txz", PACKED_TAR},
        {"tbz2", PACKED_TAR},
        {"tzst", PACKED_TAR},
        {"gz", GZIP},
        {"xz", PACKED},
        {"zst", PACKED},
        {"bz2", PACKED},
        {"png", PICTURE},
        {"pgm", PICTURE},
        {"ppm", PICTURE},
        {"pnm", PICTURE},
        {"idx1", IDX},
        {"idx2", IDX},
        {"idx3", IDX},
        {"idx4", IDX},
        {"byte", IDX},
        {"short", IDX},
        {"int", IDX},
        {"float", IDX},
        {"double", IDX},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (word[0] == words[i].word[0] && strcmp(word, words[i].word) == 0) {
            return words[i].meaning;
        }
    }
    return NOTHING;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_of_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;
}

static void set(mnist_name *out, unsigned part, mnist_role role)
{
    if (part != 0) {
        out->part = part;
        out->other = false;
    }
    if (role != MNIST_ROLE_ANY) {
        out->role = role;
    }
}

static void take_word(mnist_name *out, const char *word)
{
    const meaning m = meaning_of(word);
    /* the ending is the last word, but for what packs it */
    if (m != GZIP && m != PACKED) {
        out->data = m == FORMAT || m == BOTH_FORMAT || m == PACKED_TAR || m == IDX;
        out->pair = m == BOTH_FORMAT || m == PACKED_TAR;
        out->picture = m == PICTURE;
        out->packed = m == PACKED_TAR ? 2 : 0;
    }
    switch (m) {
    case TRAIN:
    case TRAIN_IMAGES:
    case TRAIN_LABELS:
        set(out, MNIST_IDX_TRAIN,
            m == TRAIN          ? MNIST_ROLE_ANY
            : m == TRAIN_IMAGES ? MNIST_ROLE_IMAGES
                                : MNIST_ROLE_LABELS);
        break;
    case TEST:
    case TEST_IMAGES:
    case TEST_LABELS:
        set(out, MNIST_IDX_TEST,
            m == TEST          ? MNIST_ROLE_ANY
            : m == TEST_IMAGES ? MNIST_ROLE_IMAGES
                               : MNIST_ROLE_LABELS);
        break;
    case VALIDATION:
        out->part = 0;
        out->other = true;
        break;
    case IMAGES:
    case LABELS:
        set(out, 0, m == IMAGES ? MNIST_ROLE_IMAGES : MNIST_ROLE_LABELS);
        break;
    case GZIP:
        out->packed = 1;
        break;
    case PACKED:
        out->packed = 2;
        break;
    case NOTHING:
        if (strlen(out->key) + strlen(word) < sizeof out->key) {
            strcat(out->key, word);
        }
        break;
    default:
        break;
    }
}

void mnist_name_read(mnist_name *out, const char *name)
{
    char word[64];
    size_t length = 0;
    const char *base = strrchr(name, '/');
    base = base ? base + 1 : name;
    *out = (mnist_name){.hidden = base[0] == '.' || strncmp(name, "__MACOSX/", 9) == 0 ||
                                  strstr(name, "/__MACOSX/") != NULL};
    for (const char *c = name;; c++) {
        const char l = lower(*c);
        if (is_of_word(l)) {
            if (length + 1 < sizeof word) {
                word[length++] = l;
            }
            continue;
        }
        word[length] = '\0';
        if (length > 0) {
            take_word(out, word);
        }
        length = 0;
        if (*c == '\0') {
            break;
        }
        if (*c == '/') { /* folders have no endings */
            out->data = out->pair = out->picture = false;
            out->packed = 0;
        }
    }
}

const char *mnist_part_name(unsigned part)
{
    return part == MNIST_IDX_TEST ? "test" : "train";
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

int mnist_name_compare(const char *a, const char *b)
{
    const char *p = a, *q = b;
    while (*p != '\0' && *q != '\0') {
        if (is_digit(*p) && is_digit(*q)) {
            while (*p == '0') {
                p++;
            }
            while (*q == '0') {
                q++;
            }
            const size_t n = strspn(p, "0123456789"), m = strspn(q, "0123456789");
            const int order = n != m ? (n < m ? -1 : 1) : memcmp(p, q, n);
            if (order != 0) {
                return order;
            }
            p += n;
            q += m;
        } else if (*p != *q) {
            return (unsigned char)*p < (unsigned char)*q ? -1 : 1;
        } else {
            p++;
            q++;
        }
    }
    return *p == *q ? strcmp(a, b) : *p == '\0' ? -1 : 1;
}
