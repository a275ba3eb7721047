/* The header of a packed file. */
#include "io/packed_head.h"

#include "base/status.h"
#include "io/model_check.h"
#include "io/packed.h"

#include <assert.h>
#include <mnist/integers.h>
#include <string.h>
#include <zlib.h>

static const uint8_t magic[MNIST_PACKED_MAGIC] = {'M', 'L', 'P', 'K'};

#define VERSION  1u
#define WHOLE    0x40u /* in the byte at MNIST_PACKED_SHAPE_AT: a net of whole numbers */
#define UNIT     0u
#define STANDARD 0x10u

bool mnist_packed_is(const uint8_t *data, size_t size)
{
    return size >= sizeof magic && memcmp(data, magic, sizeof magic) == 0;
}

uint32_t mnist_packed_checksum(const uint8_t *data, size_t size)
{
    const uLong head = crc32_z(0, data, MNIST_PACKED_CRC_AT);
    return (uint32_t)crc32_z(head, data + MNIST_PACKED_SHAPE_AT, size - MNIST_PACKED_SHAPE_AT);
}

/* Weights as the limit counts them: what memory they take. */
static uint64_t padded_weights(const mnist_mlp_config *config)
{
    uint64_t inputs = config->inputs, weights = 0;
    for (unsigned l = 0; l <= config->hidden_count; l++) {
        const uint64_t outputs = l < config->hidden_count ? config->hidden[l] : config->outputs;
        weights += inputs * ((outputs + 15) / 16 * 16);
        inputs = outputs;
    }
    return weights;
}

bool mnist_packed_allows(const mnist_mlp_config *config, size_t size)
{
    const uint64_t sparse = (uint64_t)MNIST_PACKED_PER_BYTE * size,
                   dense = MNIST_PACKED_SPARSE + (uint64_t)MNIST_PACKED_DENSE * size;
    return padded_weights(config) <= MNIST_PACKED_FREE + (sparse < dense ? sparse : dense);
}

static void put(mnist_packed_head *h, uint32_t byte)
{
    assert(h->size < MNIST_PACKED_HEAD_MOST);
    h->bytes[h->size++] = (uint8_t)byte;
}

/* Seven bits a byte, the lowest first; the highest bit: more follow. */
static void put_width(mnist_packed_head *h, unsigned width)
{
    while (width > 127) {
        put(h, (width & 127) | 128);
        width >>= 7;
    }
    put(h, width);
}

static void put_float(mnist_packed_head *h, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    for (unsigned i = 0; i < 4; i++) {
        put(h, bits >> 8 * i & 255);
    }
}

void mnist_packed_head_write(mnist_packed_head *h, const mnist_model_parts *parts)
{
    const mnist_mlp_config *config = mnist_mlp_shape(parts->mlp);
    const bool unit = parts->normalization->kind == MNIST_NORMALIZE_UNIT;
    const bool whole = mnist_mlp_has_integers(parts->mlp, NULL);
    *h = (mnist_packed_head){.size = 0};
    for (size_t i = 0; i < sizeof magic; i++) {
        put(h, magic[i]);
    }
    put(h, VERSION);
    for (size_t i = MNIST_PACKED_CRC_AT; i < MNIST_PACKED_SHAPE_AT; i++) {
        put(h, 0);
    }
    put(h, (uint32_t)config->activation | (unit ? UNIT : STANDARD) | (whole ? WHOLE : 0));
    put(h, config->hidden_count);
    put_width(h, config->inputs);
    for (unsigned l = 0; l < config->hidden_count; l++) {
        put_width(h, config->hidden[l]);
    }
    put_width(h, config->outputs);
    if (!unit) {
        put_float(h, parts->normalization->mean);
        put_float(h, parts->normalization->stddev);
    }
}

static bool get_byte(mnist_packed_reader *r, unsigned *byte)
{
    if (r->at == r->size) {
        mnist_fail(r->err, MNIST_ERR_FORMAT, "%s: the file ends after %zu bytes, in its header",
                   r->path, r->size);
        return false;
    }
    *byte = r->data[r->at++];
    return true;
}

static bool get_width(mnist_packed_reader *r, unsigned *width)
{
    const size_t begin = r->at;
    unsigned byte = 128, value = 0;
    for (unsigned i = 0; i < 3 && byte > 127; i++) {
        if (!get_byte(r, &byte)) {
            return false;
        }
        value |= (byte & 127) << 7 * i;
    }
    if (byte > 127 || (byte == 0 && r->at > begin + 1) || value < 1 || value > MNIST_MAX_WIDTH) {
        mnist_fail(r->err, MNIST_ERR_FORMAT, "%s: a width at byte %zu is not 1 to %u", r->path,
                   begin, MNIST_MAX_WIDTH);
        return false;
    }
    *width = value;
    return true;
}

static bool get_float(mnist_packed_reader *r, float *value)
{
    uint32_t bits = 0;
    unsigned byte;
    for (unsigned i = 0; i < 4; i++) {
        if (!get_byte(r, &byte)) {
            return false;
        }
        bits |= (uint32_t)byte << 8 * i;
    }
    memcpy(value, &bits, sizeof *value);
    return true;
}

static bool get_shape(mnist_packed_reader *r, mnist_mlp_config *config)
{
    bool good = get_byte(r, &config->hidden_count);
    if (good && config->hidden_count > MNIST_MAX_HIDDEN) {
        mnist_fail(r->err, MNIST_ERR_FORMAT, "%s: %u hidden layers, expected at most %u", r->path,
                   config->hidden_count, MNIST_MAX_HIDDEN);
        return false;
    }
    good = good && get_width(r, &config->inputs);
    for (unsigned l = 0; l < config->hidden_count && good; l++) {
        good = get_width(r, &config->hidden[l]);
    }
    if (!good || !get_width(r, &config->outputs)) {
        return false;
    }
    if (config->outputs < MNIST_MIN_CLASSES || config->outputs > MNIST_MAX_CLASSES) {
        mnist_fail(r->err, MNIST_ERR_FORMAT, "%s: a net of %u outputs, expected %u to %u", r->path,
                   config->outputs, MNIST_MIN_CLASSES, MNIST_MAX_CLASSES);
        return false;
    }
    if (!mnist_packed_allows(config, r->size)) {
        mnist_fail(r->err, MNIST_ERR_FORMAT,
                   "%s: the net that it states is larger than a file of %zu bytes may make it",
                   r->path, r->size);
        return false;
    }
    return true;
}

static bool get_normalization(mnist_packed_reader *r, unsigned flags,
                              mnist_normalization *normalization)
{
    *normalization = (mnist_normalization){MNIST_NORMALIZE_UNIT, 0.0f, 1.0f};
    if (!(flags & STANDARD)) {
        return true;
    }
    normalization->kind = MNIST_NORMALIZE_STANDARD;
    if (!get_float(r, &normalization->mean) || !get_float(r, &normalization->stddev)) {
        return false;
    }
    const char *fault = mnist_normalization_fault(normalization);
    if (fault) {
        mnist_fail(r->err, MNIST_ERR_FORMAT, "%s: %s", r->path, fault);
    }
    return !fault;
}

/* The header; r then is at its end. */
bool mnist_packed_head_read(mnist_packed_reader *r, mnist_mlp_config *config,
                            mnist_normalization *normalization, bool *whole)
{
    unsigned flags = 0;
    *config = (mnist_mlp_config){0};
    r->at = MNIST_PACKED_MAGIC;
    if (!get_byte(r, &flags)) {
        return false;
    }
    if (flags != VERSION) {
        mnist_fail(r->err, MNIST_ERR_FORMAT,
                   "%s: version %u of packed models, expected %u; a newer program may read it",
                   r->path, flags, VERSION);
        return false;
    }
    if (r->size < MNIST_PACKED_SHAPE_AT) {
        r->at = r->size;
        return get_byte(r, &flags);
    }
    uint32_t stated = 0;
    for (unsigned i = 0; i < 4; i++) {
        stated |= (uint32_t)r->data[MNIST_PACKED_CRC_AT + i] << 8 * i;
    }
    if (stated != mnist_packed_checksum(r->data, r->size)) {
        mnist_fail(r->err, MNIST_ERR_FORMAT,
                   "%s: the file is damaged: its CRC-32 is %08x, expected %08x", r->path,
                   (unsigned)mnist_packed_checksum(r->data, r->size), (unsigned)stated);
        return false;
    }
    r->at = MNIST_PACKED_SHAPE_AT;
    if (!get_byte(r, &flags)) {
        return false;
    }
    if ((flags & 15) >= MNIST_ACTIVATIONS || (flags & ~(15u | STANDARD | WHOLE)) != 0) {
        mnist_fail(r->err, MNIST_ERR_FORMAT, "%s: byte %u is %u, which is no kind of net", r->path,
                   MNIST_PACKED_SHAPE_AT, flags);
        return false;
    }
    config->activation = (mnist_activation)(flags & 15);
    *whole = flags & WHOLE;
    return get_shape(r, config) && get_normalization(r, flags, normalization);
}
