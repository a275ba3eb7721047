/* Comma-separated values, as Kaggle has MNIST. */
#include "base/file.h"
#include "base/status.h"
#include "export/chosen.h"

#include <stdio.h>
#include <stdlib.h>

/* A number up to 255 and what follows it. */
static char *put(char *to, unsigned value, char after)
{
    if (value >= 100) {
        *to++ = (char)('0' + value / 100);
    }
    if (value >= 10) {
        *to++ = (char)('0' + value / 10 % 10);
    }
    *to++ = (char)('0' + value % 10);
    *to++ = after;
    return to;
}

static char *put_head(char *to, size_t room, const mnist_export *what)
{
    const char *const end = to + room;
    const size_t pixels = mnist_export_pixels(what);
    to += snprintf(to, room, "%s", what->unlabelled ? "" : "label,");
    for (size_t p = 0; p < pixels; p++) {
        to += snprintf(to, (size_t)(end - to), "pixel%zu%c", p, p + 1 < pixels ? ',' : '\n');
    }
    return to;
}

mnist_status mnist_export_csv(const mnist_export *what, const char *path, mnist_error *err)
{
    const size_t count = mnist_export_count(what), pixels = mnist_export_pixels(what);
    const size_t head = 8 + 12 * pixels; /* "pixel65535," */
    const size_t room = head + count * 4 * (pixels + 1);
    char *text = malloc(room);
    if (!text) {
        return mnist_fail_memory(err, room, "a CSV file");
    }
    char *to = put_head(text, head, what);
    for (size_t i = 0; i < count; i++) {
        const size_t index = mnist_export_index(what, i);
        const uint8_t *image = what->view.images + index * pixels;
        if (!what->unlabelled) {
            to = put(to, what->view.labels[index], ',');
        }
        for (size_t p = 0; p < pixels; p++) {
            to = put(to, image[p], p + 1 < pixels ? ',' : '\n');
        }
    }
    const mnist_status status = mnist_file_replace(path, text, (size_t)(to - text), err);
    free(text);
    return status;
}
