/* Packed files: README.md has the format. */
#include "io/packed.h"

#include "base/digest.h"
#include "base/file.h"
#include "base/status.h"
#include "data/batch.h"
#include "io/model_check.h"
#include "io/model_steps.h"
#include "io/packed_head.h"
#include "io/packed_layers.h"
#include "io/text.h"
#include "io/text_coder.h"

#include <assert.h>
#include <mnist/integers.h>
#include <stdlib.h>
#include <string.h>

/* Keys of the format's own, in every model that was read from one. */
#define OWN_KEYS 3u

const char *mnist_packed_part_name(mnist_packed_part part)
{
    static const char *const names[MNIST_PACKED_PARTS] = {"header", "metadata",  "positions",
                                                          "levels", "codebooks", "biases"};
    return (unsigned)part < MNIST_PACKED_PARTS ? names[part] : NULL;
}

/* Metadata. */

static bool is_own_key(const char *key)
{
    return strcmp(key, "format") == 0 || strcmp(key, "format_version") == 0 ||
           strcmp(key, "weights") == 0;
}

static mnist_status check_metadata(const mnist_model_parts *parts, const char *path,
                                   mnist_error *err)
{
    size_t bytes = 0;
    for (size_t i = 0; i < parts->metadata_count; i++) {
        const mnist_metadata *item = &parts->metadata[i];
        bool again = is_own_key(item->key);
        for (size_t k = 0; k < i; k++) {
            again = again || strcmp(item->key, parts->metadata[k].key) == 0;
        }
        if (again || !mnist_is_utf8(item->key) || !mnist_is_utf8(item->value)) {
            return mnist_fail(err, MNIST_ERR_ARGUMENT, "%s: metadata key '%s' %s", path,
                              mnist_show(item->key).text,
                              again ? "is there twice, or one of the format's own" : "is no UTF-8");
        }
        bytes += strlen(item->key) + strlen(item->value) + 2;
    }
    return bytes <= MNIST_PACKED_TEXT && parts->metadata_count <= MNIST_PACKED_KEYS
               ? MNIST_OK
               : mnist_fail(
                     err, MNIST_ERR_ARGUMENT,
                     "%s: too much metadata: %zu keys, %zu bytes, expected at most %u and %u", path,
                     parts->metadata_count, bytes, MNIST_PACKED_KEYS, MNIST_PACKED_TEXT);
}

static mnist_status encode_metadata(mnist_packing *packing, const mnist_model_parts *parts,
                                    mnist_error *err)
{
    const mnist_bit_coder to = mnist_packing_bits(packing, MNIST_PACKED_METADATA);
    (void)mnist_number_code(&to, &packing->counts, parts->metadata_count);
    if (parts->metadata_count == 0) {
        return MNIST_OK;
    }
    mnist_text_coder *texts = mnist_text_coder_create(packing->tables, MNIST_PACKED_TEXT);
    if (!texts) {
        return mnist_fail_memory(err, MNIST_PACKED_TEXT, "metadata");
    }
    for (size_t i = 0; i < parts->metadata_count; i++) {
        (void)mnist_text_code(texts, &to, parts->metadata[i].key);
        (void)mnist_text_code(texts, &to, parts->metadata[i].value);
    }
    mnist_text_coder_free(texts);
    return MNIST_OK;
}

/* One text, copied behind those in out->text, of which used bytes are. NULL: there is none. */
static const char *decode_text(mnist_packed *out, mnist_text_coder *texts,
                               const mnist_bit_coder *from, size_t *used)
{
    const char *text = mnist_text_code(texts, from, NULL);
    if (!text || from->coder->failed || !mnist_is_utf8(text)) {
        return NULL;
    }
    char *copy = out->text + *used;
    memcpy(copy, text, strlen(text) + 1);
    *used += strlen(text) + 1;
    return copy;
}

static bool has_key(const mnist_packed *packed, const char *key)
{
    for (size_t i = 0; i < packed->metadata_count; i++) {
        if (strcmp(packed->metadata[i].key, key) == 0) {
            return true;
        }
    }
    return false;
}

static mnist_status decode_metadata(mnist_packing *packing, mnist_packed *out, mnist_error *err)
{
    const mnist_bit_coder from = mnist_packing_bits(packing, MNIST_PACKED_METADATA);
    const uint64_t count = mnist_number_code(&from, &packing->counts, 0);
    size_t used = 0;
    if (count == 0) {
        return MNIST_OK;
    }
    if (count > MNIST_PACKED_KEYS) {
        return mnist_fail(err, MNIST_ERR_FORMAT, "%s: more than %u keys of metadata", packing->path,
                          MNIST_PACKED_KEYS);
    }
    mnist_text_coder *texts = mnist_text_coder_create(packing->tables, MNIST_PACKED_TEXT);
    out->text = malloc(MNIST_PACKED_TEXT);
    mnist_status status =
        texts && out->text ? MNIST_OK : mnist_fail_memory(err, MNIST_PACKED_TEXT, "metadata");
    for (uint64_t i = 0; i < count && status == MNIST_OK; i++) {
        const char *key = decode_text(out, texts, &from, &used);
        const char *value = key ? decode_text(out, texts, &from, &used) : NULL;
        if (!value || has_key(out, key)) {
            status = mnist_fail(err, MNIST_ERR_FORMAT, "%s: the metadata %s", packing->path,
                                value ? "have a key twice"
                                      : "are longer than they may be, no UTF-8, or end early");
        } else {
            out->metadata[out->metadata_count++] = (mnist_metadata){key, value};
        }
    }
    mnist_text_coder_free(texts);
    return status;
}

/* Decoding. */

static mnist_status decode_stream(mnist_packing *packing, mnist_packed *out,
                                  const mnist_mlp_config *config, bool whole, mnist_error *err)
{
    out->metadata = calloc(OWN_KEYS + MNIST_PACKED_KEYS, sizeof *out->metadata);
    if (!out->metadata) {
        return mnist_fail_memory(err, sizeof *out->metadata, "metadata");
    }
    const mnist_metadata own[OWN_KEYS] = {{"format", "mnist-packed"},
                                          {"format_version", "1"},
                                          {"weights", whole ? "integers" : "packed"}};
    memcpy(out->metadata, own, sizeof own);
    out->metadata_count = OWN_KEYS;
    mnist_status status = decode_metadata(packing, out, err);
    if (status == MNIST_OK) {
        status = mnist_mlp_create(&out->mlp, config, err);
    }
    if (status == MNIST_OK) {
        status = whole ? mnist_packing_integers(packing, out->mlp, &out->normalization, err)
                       : mnist_packing_floats(packing, out->mlp, err);
    }
    if (status == MNIST_OK && !mnist_range_finish(&packing->coder)) {
        status = mnist_fail(err, MNIST_ERR_FORMAT, "%s: the file does not end where its weights do",
                            packing->path);
    }
    return status;
}

static mnist_packing *start(const char *path)
{
    mnist_packing *packing = calloc(1, sizeof *packing);
    mnist_odds_tables *tables = malloc(sizeof *tables);
    if (!packing || !tables) {
        free(packing);
        free(tables);
        return NULL;
    }
    mnist_odds_tables_init(tables);
    packing->tables = tables;
    packing->path = path;
    return packing;
}

static void stop(mnist_packing *packing)
{
    free((void *)packing->tables);
    free(packing->coder.out);
    free(packing);
}

mnist_status mnist_packed_decode(mnist_packed *out, const uint8_t *data, size_t size,
                                 const char *path, mnist_error *err)
{
    mnist_mlp_config config;
    bool whole = false;
    mnist_packed_reader r = {.data = data, .size = size, .path = path, .err = err};
    *out = (mnist_packed){.mlp = NULL};
    if (!mnist_packed_head_read(&r, &config, &out->normalization, &whole)) {
        return MNIST_ERR_FORMAT;
    }
    mnist_packing *packing = start(path);
    if (!packing) {
        return mnist_fail_memory(err, sizeof *packing, "a packed model");
    }
    mnist_range_decoder_init(&packing->coder, data + r.at, size - r.at);
    const mnist_status status = decode_stream(packing, out, &config, whole, err);
    stop(packing);
    if (status != MNIST_OK) {
        mnist_mlp_free(out->mlp);
        free(out->metadata);
        free(out->text);
        *out = (mnist_packed){.mlp = NULL};
    }
    return status;
}

/* Encoding. */

static mnist_status encode_stream(mnist_packing *packing, const mnist_model_parts *parts,
                                  mnist_error *err)
{
    mnist_status status = encode_metadata(packing, parts, err);
    mnist_mlp *mlp = (mnist_mlp *)parts->mlp; /* not changed when encoding */
    if (status == MNIST_OK) {
        status = mnist_mlp_has_integers(mlp, NULL)
                     ? mnist_packing_integers(packing, mlp, parts->normalization, err)
                     : mnist_packing_floats(packing, mlp, err);
    }
    if (status == MNIST_OK && !mnist_range_finish(&packing->coder)) {
        status = mnist_fail_memory(err, packing->coder.size, "a packed model");
    }
    return status;
}

/* Header and stream in one. */
static mnist_status assemble(uint8_t **bytes, size_t *count, const mnist_packing *packing,
                             const mnist_model_parts *parts, mnist_error *err)
{
    mnist_packed_head h;
    mnist_packed_head_write(&h, parts);
    *count = h.size + packing->coder.size;
    if (!mnist_packed_allows(mnist_mlp_shape(parts->mlp), *count)) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT,
                          "%s: packed, the net would have %zu bytes, and so few may not become so "
                          "many weights again: %u a byte at most; write it as safetensors",
                          packing->path, *count, MNIST_PACKED_PER_BYTE);
    }
    *bytes = malloc(*count);
    if (!*bytes) {
        return mnist_fail_memory(err, *count, "a packed model");
    }
    memcpy(*bytes, h.bytes, h.size);
    if (packing->coder.size > 0) {
        memcpy(*bytes + h.size, packing->coder.out, packing->coder.size);
    }
    const uint32_t crc = mnist_packed_checksum(*bytes, *count);
    for (unsigned i = 0; i < 4; i++) {
        (*bytes)[MNIST_PACKED_CRC_AT + i] = (uint8_t)(crc >> 8 * i);
    }
    return MNIST_OK;
}

static void tell_size(mnist_packed_size *size, size_t bytes, const mnist_packing *packing)
{
    const mnist_bit_tally *tally = packing->tally;
    size->bytes = bytes;
    for (unsigned i = 0; i < MNIST_PACKED_PARTS; i++) {
        size->parts[i] = (double)tally->spent[i] / (65536.0 * 8.0);
    }
    size->parts[MNIST_PACKED_HEADER] += (double)(bytes - packing->coder.size);
}

mnist_status mnist_packed_encode(uint8_t **bytes, size_t *count, mnist_packed_size *size,
                                 const mnist_model_parts *parts, const char *path, mnist_error *err)
{
    mnist_bit_tally tally = {.part = MNIST_PACKED_HEADER};
    *bytes = NULL;
    mnist_status status = check_metadata(parts, path, err);
    if (status != MNIST_OK) {
        return status;
    }
    mnist_packing *packing = start(path);
    if (!packing) {
        return mnist_fail_memory(err, sizeof *packing, "a packed model");
    }
    packing->tally = size ? &tally : NULL;
    mnist_range_encoder_init(&packing->coder);
    status = encode_stream(packing, parts, err);
    if (status == MNIST_OK) {
        status = assemble(bytes, count, packing, parts, err);
    }
    if (status == MNIST_OK && size) {
        tell_size(size, *count, packing);
    }
    stop(packing);
    return status;
}

mnist_status mnist_packed_write(const char *path, const mnist_model_parts *parts,
                                mnist_packed_size *size, char digest[MNIST_DIGEST_TEXT],
                                mnist_error *err)
{
    const char *name = path ? path : "the model";
    uint8_t *bytes;
    size_t count = 0;
    mnist_model_parts whole = *parts;
    whole.normalization = mnist_normalization_or_unit(parts->normalization);
    mnist_steps_metadata with_steps = {.items = NULL};
    mnist_status status = mnist_model_check_saveable(name, whole.mlp, whole.normalization, err);
    if (status == MNIST_OK) {
        status = mnist_steps_metadata_add(&whole, &with_steps, name, err);
    }
    if (status == MNIST_OK) {
        status = mnist_packed_encode(&bytes, &count, size, &whole, name, err);
    }
    free(with_steps.items);
    if (status != MNIST_OK) {
        return status;
    }
    if (path) {
        status = mnist_file_replace(path, bytes, count, err);
    }
    if (status == MNIST_OK && digest) {
        mnist_sha256(bytes, count, "", 0, digest);
    }
    free(bytes);
    return status;
}
