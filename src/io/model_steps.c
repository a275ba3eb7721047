#include "io/model_steps.h"

#include "base/status.h"

#include <stdlib.h>
#include <string.h>

mnist_status mnist_steps_metadata_add(mnist_model_parts *parts, mnist_steps_metadata *room,
                                      const char *path, mnist_error *err)
{
    room->items = NULL;
    for (size_t i = 0; i < parts->metadata_count; i++) {
        if (strcmp(parts->metadata[i].key, MNIST_STEPS_KEY) == 0) {
            return mnist_fail(err, MNIST_ERR_ARGUMENT,
                              "%s: metadata key '" MNIST_STEPS_KEY "' is one of the format's own",
                              path);
        }
    }
    if (!parts->steps || parts->steps->count == 0) {
        return MNIST_OK;
    }
    const size_t count = parts->metadata_count + 1; /* no overflow: the array is in memory */
    room->items = malloc(count * sizeof *room->items);
    if (!room->items) {
        return mnist_fail_memory(err, count * sizeof *room->items, "metadata");
    }
    mnist_steps_print(parts->steps, room->text);
    room->items[0] = (mnist_metadata){MNIST_STEPS_KEY, room->text};
    for (size_t i = 1; i < count; i++) {
        room->items[i] = parts->metadata[i - 1];
    }
    parts->metadata = room->items;
    parts->metadata_count = count;
    return MNIST_OK;
}

mnist_status mnist_steps_metadata_read(mnist_steps *out, const char *text, const char *path,
                                       mnist_error *err)
{
    mnist_error why;
    *out = (mnist_steps){.count = 0};
    if (text && mnist_steps_parse(out, text, &why) != MNIST_OK) {
        return mnist_fail(err, MNIST_ERR_FORMAT, "%s: " MNIST_STEPS_KEY " in its metadata: %s",
                          path, why.text);
    }
    return MNIST_OK;
}
