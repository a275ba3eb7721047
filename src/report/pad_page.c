/* A page with the pad alone. */
#include "report/parts.h"

static mnist_status check_net(const mnist_mlp *mlp, mnist_error *err)
{
    const unsigned inputs = mnist_mlp_layer_inputs(mlp, 0);
    const size_t least = mnist_embed_size(mlp, MNIST_EMBED_LEAST_BITS);
    if (inputs != MNIST_PAD_SIDE * MNIST_PAD_SIDE) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT,
                          "the net has %u inputs, and a pad makes images of %u x %u = %u pixels",
                          inputs, MNIST_PAD_SIDE, MNIST_PAD_SIDE, MNIST_PAD_SIDE * MNIST_PAD_SIDE);
    }
    if (mnist_embed_bits(mlp) == 0) {
        return mnist_fail(
            err, MNIST_ERR_ARGUMENT,
            "the net has %zu weights and biases, which with %u bits a weight take %zu "
            "bytes; a page holds a net of at most %u bytes",
            mnist_mlp_parameters(mlp), MNIST_EMBED_LEAST_BITS, least, MNIST_EMBED_MOST);
    }
    return MNIST_OK;
}

mnist_status mnist_pad_page_render(const mnist_pad_page *page, mnist_pool *pool,
                                   mnist_pad_loss *loss, char **html, size_t *size,
                                   mnist_error *err)
{
    const mnist_pad pad = {.mlp = page->mlp,
                           .normalization = page->normalization,
                           .tried = page->tried,
                           .kind = page->kind,
                           .labels = page->labels};
    const char *title = mnist_labels_are_digits(page->labels, mnist_mlp_shape(page->mlp)->outputs)
                            ? "Draw a digit"
                            : "Draw something";
    mnist_text text = {0};
    mnist_status status = check_net(page->mlp, err);
    *loss = (mnist_pad_loss){.bits = 0};
    if (status == MNIST_OK) {
        mnist_put_head(&text, title, page->heading);
        mnist_put_headline(&text, page->program, page->heading);
        mnist_text_format(&text, "</header>\n<main>\n<section id=\"draw\"><h2>%s</h2>\n", title);
        status = mnist_put_pad(&text, &pad, pool, loss, err);
        mnist_text_put(&text, "</section>\n<section id=\"about\"><h2>The net</h2>\n");
        mnist_put_facts(&text, page->facts);
        mnist_text_put(&text, "</section>\n");
        mnist_put_end(&text);
    }
    return mnist_text_hand_out(&text, status, html, size, err);
}
