/* The two files of a net as C99: which source it is, of floats or of whole numbers, and the header. */
#include "convert/c_text.h"

#include <inttypes.h>
#include <string.h>

void mnist_c_put_source(mnist_c_source *source)
{
    mnist_c_put(
        source,
        "/* %s: a net as C, written by mnist-convert. %.*s.h says what it does and takes. */\n"
        "#include \"%.*s.h\"\n\n#include <stddef.h>\n",
        source->name, source->stem, source->name, source->stem, source->name);
    if (source->integers) {
        mnist_c_put_integers(source);
    } else {
        mnist_c_put_floats(source);
    }
}

/* What the comment says of sizes. */
static void put_sizes(mnist_c_source *source)
{
    const mnist_net *net = source->net;
    const mnist_c_sizes sizes =
        source->integers ? mnist_c_integer_sizes(source->integers) : mnist_c_float_sizes(net);
    uint64_t products = 0;
    for (unsigned l = 0; l < net->layer_count; l++) {
        products += (uint64_t)net->layers[l].inputs * net->layers[l].outputs;
    }
    mnist_c_put(source,
                " * Flash: %" PRIu64
                " bytes of tables, and less than %u KB of code (Cortex-M3 and larger, -O2).\n",
                sizes.tables, sizes.code);
    mnist_c_put(
        source,
        " * RAM: nothing that stays; on the stack %zu bytes of values, and less than 200 for "
        "calls.\n",
        sizes.stack);
    mnist_c_put(source,
                " * Multiply-adds for an image: %" PRIu64 " at most, of which %" PRIu64
                " are the first layer's. It\n"
                " * leaves out pixels that are 0, four in five of MNIST's%s.\n",
                products, (uint64_t)net->layers[0].inputs * net->layers[0].outputs,
                net->layer_count > 1 ? "; further layers leave out values that are 0" : "");
}

static void put_comment(mnist_c_source *source)
{
    const mnist_net *net = source->net;
    char shape[MNIST_NET_SHAPE];
    mnist_net_shape_text(net, shape);
    mnist_c_put(source, "/* %.*s.h, %s: a net that %s, as C99.\n *\n", source->stem, source->name,
                source->name,
                strcmp(mnist_c_word(source), "digit") == 0 ? "reads digits"
                                                           : "tells classes apart");
    mnist_c_put(source, " * The net is %s", shape);
    if (net->layer_count > 1) {
        mnist_c_put(source, ", %s", mnist_activation_name(net->activation));
    }
    mnist_c_put(source, ". mnist-convert %s wrote it", mnist_version());
    if (net->source) {
        mnist_c_put(source, " from a file (%s) with the SHA-256\n * %s", net->source->name,
                    net->digest);
    }
    mnist_c_put(source, ".\n");
    if (source->integers) {
        mnist_c_put_integer_comment(source);
    }
    mnist_c_put(source, " *\n");
    put_sizes(source);
    mnist_c_put(
        source,
        " *\n"
        " * No library (memcpy, where a compiler likes to call it; not with -ffreestanding), no\n"
        " * allocation, no state: it may run in several threads. float must be the binary32 of\n"
        " * IEEE 754. To compile, for instance:\n"
        " *\n"
        " *     cc -std=c99 -O2 -c %s\n"
        " *     arm-none-eabi-gcc -std=c99 -O2 -ffreestanding -mthumb -mcpu=cortex-m4 \\\n"
        " *         -mfpu=fpv4-sp-d16 -mfloat-abi=hard -c %s\n"
        " */\n",
        source->name, source->name);
}

void mnist_c_put_header(mnist_c_source *source)
{
    const unsigned inputs = source->net->layers[0].inputs;
    put_comment(source);
    mnist_c_put_macro(source, "#ifndef", "_H");
    mnist_c_put_macro(source, "#define", "_H");
    mnist_c_put(source, "\n#include <stdint.h>\n\n"
                        "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n");
    mnist_c_put(
        source,
        "/* Returns the %s, 0 to %u, and in out the probability of each: the softmax of the "
        "net's last\n"
        " * layer, whose sum is 1 but for rounding. Of %s that are equally likely it returns "
        "the lowest.\n"
        " * pixels: an image%s, row after row, from 0, the background, to 255,\n"
        " * as MNIST's files have it. */\n",
        mnist_c_word(source), mnist_c_classes(source) - 1,
        strcmp(mnist_c_word(source), "digit") == 0 ? "digits" : "classes",
        inputs == 784 ? " of 28 rows and 28 columns" : "");
    if (source->integers) {
        mnist_c_put_integer_prototypes(source);
    } else {
        mnist_c_put(source, "int $(const uint8_t pixels[%u], float out[%u]);\n", inputs,
                    mnist_c_classes(source));
    }
    mnist_c_put(source, "\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n");
}
