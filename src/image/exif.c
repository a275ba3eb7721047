#include "image/exif.h"

#include <stdbool.h>
#include <string.h>

#define ORIENTATION 0x0112u /* the tag */
#define SHORT       3u      /* the type: 16 bits without a sign */
#define ENTRY       12u     /* bytes: tag, type, count, value */

static unsigned get16(const uint8_t *p, bool little)
{
    return little ? (unsigned)(p[0] | p[1] << 8) : (unsigned)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p, bool little)
{
    const uint32_t low = get16(p + (little ? 0 : 2), little);
    const uint32_t high = get16(p + (little ? 2 : 0), little);
    return high << 16 | low;
}

/* Byte order, 42, where the first directory is; that is a count of entries, and those. */
unsigned mnist_exif_orientation(const uint8_t *exif, size_t size)
{
    if (size < 8 || (memcmp(exif, "II*\0", 4) != 0 && memcmp(exif, "MM\0*", 4) != 0)) {
        return 1;
    }
    const bool little = exif[0] == 'I';
    const size_t at = get32(exif + 4, little);
    if (at > size - 2) {
        return 1;
    }
    const size_t entries = get16(exif + at, little), room = (size - at - 2) / ENTRY;
    for (size_t i = 0; i < entries && i < room; i++) {
        const uint8_t *entry = exif + at + 2 + i * ENTRY;
        if (get16(entry, little) == ORIENTATION) {
            const unsigned value = get16(entry + 8, little);
            const bool sound = get16(entry + 2, little) == SHORT && get32(entry + 4, little) == 1;
            return sound && value >= 1 && value <= 8 ? value : 1;
        }
    }
    return 1;
}

void mnist_exif_turn(const uint8_t *in, size_t rows, size_t cols, unsigned orientation,
                     uint8_t *out)
{
    const bool turned = mnist_exif_is_turned(orientation);
    /* where the stored first row is at the bottom (or right), the first column at the right (or
     * bottom) */
    const bool row_last =
        orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    const bool col_last =
        orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    const size_t wide = turned ? rows : cols;
    for (size_t row = 0; row < rows; row++) {
        const size_t r = row_last ? rows - 1 - row : row;
        for (size_t col = 0; col < cols; col++) {
            const size_t c = col_last ? cols - 1 - col : col;
            out[turned ? c * wide + r : r * wide + c] = in[row * cols + col];
        }
    }
}
