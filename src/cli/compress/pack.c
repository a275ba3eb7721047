/* The smallest file: layers of few different weights, which mnist_packed_write then encodes. */
#include "cli/compress/compression.h"

#include <string.h>

/* A layer with at most so many different weights has a codebook already: nothing of it is lost unless
 * --levels says so. */
#define KEPT 256u

static void add_done(mnist_compression *c, const char *what, unsigned number)
{
    const size_t used = strlen(c->done);
    snprintf(c->done + used, sizeof c->done - used, "%s %u; ", what, number);
}

/* A search rounds often, and says what came of it. */
static bool says(const mnist_compression *c)
{
    return c->settings->step == MNIST_COMPRESS_PACK;
}

static bool take_levels(mnist_compression *c, mnist_error *err)
{
    const mnist_compress_settings *s = c->settings;
    size_t changed = 0;
    if (s->levels > 0 &&
        mnist_mlp_take_levels(mnist_compression_net(c), s->levels, s->has_levels ? s->levels : KEPT,
                              &changed, err) != MNIST_OK) {
        return false;
    }
    if (changed > 0) {
        if (says(c)) {
            mnist_compression_note(
                c, "%zu weights were rounded to one of %u a layer (--levels 0 keeps all bits)%s",
                changed, s->levels, c->earlier ? "; what earlier steps lost adds up" : "");
        }
        add_done(c, "levels", s->levels);
    }
    return true;
}

static bool round_biases(mnist_compression *c, mnist_error *err)
{
    const mnist_compress_settings *s = c->settings;
    size_t changed = 0;
    if (s->bias_bits > 0 &&
        mnist_mlp_round_biases(mnist_compression_net(c), s->bias_bits, &changed, err) != MNIST_OK) {
        return false;
    }
    if (changed > 0) {
        if (says(c)) {
            mnist_compression_note(c,
                                   "%zu biases were rounded to %u bits (--bias-bits 0 keeps all)",
                                   changed, s->bias_bits);
        }
        add_done(c, "biases", s->bias_bits);
    }
    return true;
}

bool mnist_compression_pack(mnist_compression *c, mnist_error *err)
{
    if (mnist_mlp_has_integers(mnist_compression_net(c),
                               NULL)) { /* whole numbers are packed as they are */
        c->settings->levels = c->settings->bias_bits = 0;
    }
    const bool good = take_levels(c, err) && round_biases(c, err);
    const size_t used = strlen(c->done);
    snprintf(c->done + used, sizeof c->done - used, "pack");
    return good;
}
