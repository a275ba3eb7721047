/* Arrays as a NumPy archive: an .npy file of each, in a zip file. */
#define _POSIX_C_SOURCE 200809L
#include "convert/formats.h"

#include "base/status.h"
#include "data/archive.h"
#include "data/npy.h"
#include "io/safetensors.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHAPE_TEXT 64 /* "(18446744073709551615, 18446744073709551615)" */
#define TEXT_WIDTH 4u /* bytes of a character: UTF-32 */

/* Numbers, or characters. */
static size_t count_of(const mnist_npz_array *array)
{
    size_t count = array->type == MNIST_NPZ_TEXT ? strlen(array->values) : 1;
    for (unsigned d = 0; d < array->rank; d++) {
        count *= array->shape[d];
    }
    return count;
}

static void put_header(uint8_t *to, const mnist_npz_array *array, size_t count)
{
    char shape[SHAPE_TEXT] = "()", descr[MNIST_NPY_DESCR] = "<f4";
    if (array->rank == 1) {
        snprintf(shape, sizeof shape, "(%zu,)", array->shape[0]);
    } else if (array->rank == 2) {
        snprintf(shape, sizeof shape, "(%zu, %zu)", array->shape[0], array->shape[1]);
    }
    if (array->type == MNIST_NPZ_U8) {
        snprintf(descr, sizeof descr, "|u1");
    } else if (array->type == MNIST_NPZ_TEXT) {
        snprintf(descr, sizeof descr, "<U%zu", count);
    }
    mnist_npy_put_header(to, descr, shape);
}

static void put_values(uint8_t *to, const mnist_npz_array *array, size_t count)
{
    const char *text = array->values;
    switch (array->type) {
    case MNIST_NPZ_F32:
        mnist_safetensors_put(to, MNIST_F32, count, array->values);
        break;
    case MNIST_NPZ_U8:
        memcpy(to, array->values, count);
        break;
    default:
        for (size_t i = 0; i < count; i++) {
            to[TEXT_WIDTH * i] = (uint8_t)text[i];
        }
        break;
    }
}

/* The array as a file, under its name and ".npy". false: memory is short; size says of how much. */
static bool make_entry(mnist_archive_entry *out, const mnist_npz_array *array)
{
    static const size_t widths[] = {
        [MNIST_NPZ_U8] = 1, [MNIST_NPZ_F32] = sizeof(float), [MNIST_NPZ_TEXT] = TEXT_WIDTH};
    const size_t count = count_of(array), name_size = strlen(array->name) + sizeof ".npy";
    assert(array->rank <= 2);
    out->size = MNIST_NPY_HEADER + count * widths[array->type];
    out->name = malloc(name_size);
    out->bytes = calloc(out->size, 1);
    if (!out->name || !out->bytes) {
        return false;
    }
    snprintf(out->name, name_size, "%s.npy", array->name);
    put_header(out->bytes, array, count);
    put_values(out->bytes + MNIST_NPY_HEADER, array, count);
    return true;
}

mnist_status mnist_npz_encode(const mnist_npz_array *arrays, size_t count, const char *path,
                              uint8_t **bytes, size_t *size, mnist_error *err)
{
    mnist_archive archive = {.entries = calloc(count + 1, sizeof *archive.entries)};
    mnist_status status = MNIST_OK;
    *bytes = NULL;
    if (!archive.entries) {
        return mnist_fail_memory(err, (count + 1) * sizeof *archive.entries, "the list of arrays");
    }
    while (status == MNIST_OK && archive.count < count) {
        mnist_archive_entry *entry = &archive.entries[archive.count];
        if (!make_entry(entry, &arrays[archive.count++])) { /* counted, so that it is released */
            status = mnist_fail_memory(err, entry->size, "an array");
        }
    }
    if (status == MNIST_OK) {
        status = mnist_archive_write(&archive, bytes, size, path, err);
    }
    mnist_archive_free(&archive);
    return status;
}
