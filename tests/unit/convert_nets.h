/* What tests of nets that are written and not read share: nets of drawn numbers, and looking for pieces of text. */
#ifndef MNIST_TESTS_CONVERT_NETS_H
#define MNIST_TESTS_CONVERT_NETS_H

#include "unit.h"

#include <stdlib.h>

#include <mnist/convert.h>

static const mnist_normalization unit = {MNIST_NORMALIZE_UNIT, 0.0f, 1.0f};
static const mnist_normalization standard = {MNIST_NORMALIZE_STANDARD, 0.1307f, 0.3081f};

/* widths ends with 0; numbers are within ±most */
static inline mnist_net drawn_net(const unsigned *widths, mnist_activation activation,
                                  mnist_normalization normalization, float most)
{
    mnist_net net = {.knows_activation = true,
                     .activation = activation,
                     .knows_normalization = true,
                     .normalization = normalization};
    mnist_error err;
    for (unsigned l = 0; widths[l + 1] > 0; l++) {
        if (mnist_net_add_layer(&net, widths[l], widths[l + 1], "a net", &err) != MNIST_OK) {
            fail_msg("%s", err.text);
        }
        test_fill(net.layers[l].weights, (size_t)widths[l] * widths[l + 1], 2 * l, most);
        test_fill(net.layers[l].bias, widths[l + 1], 2 * l + 1, most);
    }
    return net;
}

/* As a text, to be freed. */
static inline char *terminated(const uint8_t *bytes, size_t size)
{
    char *text = malloc(size + 1);
    assert_non_null(text);
    memcpy(text, bytes, size);
    text[size] = '\0';
    return text;
}

/* The files of a net in a format, which are texts; to be freed. second: NULL where there is none. */
typedef struct written_net {
    char *first, *second;
} written_net;

static inline written_net write_net(mnist_net *net, const char *format, const char *path)
{
    mnist_format_output output;
    mnist_error err;
    assert_non_null(mnist_format_find(format));
    if (mnist_net_encode(&output, net, mnist_format_find(format), path, &err) != MNIST_OK) {
        fail_msg("%s", err.text);
    }
    const written_net text = {terminated(output.bytes[0], output.sizes[0]),
                              output.bytes[1] ? terminated(output.bytes[1], output.sizes[1])
                                              : NULL};
    mnist_format_output_free(&output);
    return text;
}

static inline void release(written_net text)
{
    free(text.first);
    free(text.second);
}

static inline void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part)) {
        fail_msg("not in it: %s", part);
    }
}

/* That the net is refused in a format, under this name. */
static inline void assert_refused(mnist_net *net, const char *format, const char *path,
                                  const char *part)
{
    mnist_format_output output;
    mnist_error err;
    assert_int_equal(mnist_net_encode(&output, net, mnist_format_find(format), path, &err),
                     MNIST_ERR_ARGUMENT);
    assert_has(err.text, part);
    assert_null(output.bytes[0]);
    assert_null(output.bytes[1]);
}

#endif
