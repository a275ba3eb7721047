/* Nets as web pages (src/convert/html.c): what is on the page, what is said of loss, what is refused.
 * The page itself: test_report.c; in a browser: tests/browser. */
#include "convert_nets.h"

#include <math.h>
#include <stdio.h>

#include <mnist/report.h>

static mnist_net create(const unsigned *widths, mnist_normalization normalization)
{
    return drawn_net(widths, MNIST_GELU, normalization, 0.1f);
}

/* The page, to be freed. */
static char *write_page(mnist_net *net, const char *path)
{
    const written_net text = write_net(net, "html", path);
    assert_null(text.second);
    return text.first;
}

static void the_page_says_which_net(void **state)
{
    (void)state;
    mnist_net net = create((unsigned[]){784, 20, 10, 0}, standard), read;
    mnist_format_output native;
    mnist_error err;
    char *page = write_page(&net, "pad.html"), digest[128];
    assert_has(page, "<title>Draw a digit: 784-20-10 gelu</title>");
    assert_has(page, "<dt>parameters</dt><dd>15910</dd>");
    assert_has(page, "<dt>normalisation</dt><dd>of x / 255: mean 0.1307, deviation 0.3081</dd>");
    assert_has(page, "{\"activation\":\"gelu\",\"mean\":0.130700007,\"stddev\":0.308099985,"
                     "\"layers\":[[784,20,32],[20,10,32]]}");
    assert_null(strstr(page, "SHA-256"));
    assert_int_equal(net.note_count, 0); /* nothing is lost */
    free(page);
    assert_int_equal(
        mnist_net_encode(&native, &net, mnist_format_find("native"), "m.safetensors", &err),
        MNIST_OK);
    const mnist_format_input input = {
        .data = native.bytes[0], .size = native.sizes[0], .path = "a/<b>\xff.safetensors"};
    assert_int_equal(mnist_net_decode(&read, &input, NULL, NULL, &err), MNIST_OK);
    assert_string_equal(read.name, "<b>\\xff.safetensors");
    page = write_page(&read, "pad.html");
    assert_has(page, "<title>Draw a digit: &lt;b&gt;\\xff.safetensors</title>");
    assert_has(page, "<dt>from a file of format</dt><dd>native</dd>");
    snprintf(digest, sizeof digest, "<dd>%s</dd>", read.digest);
    assert_has(page, digest);
    free(page);
    mnist_format_output_free(&native);
    mnist_net_free(&read);
    mnist_net_free(&net);
}

static void names_of_files(void **state)
{
    (void)state;
    char path[600] = "/x/";
    mnist_net net = create((unsigned[]){784, 10, 0}, unit), read;
    mnist_format_output torch;
    mnist_error err;
    memset(path + 3, 'y', 500);
    assert_int_equal(mnist_net_encode(&torch, &net, mnist_format_find("torch"), "t", &err),
                     MNIST_OK);
    const mnist_format_input input = {.data = torch.bytes[0], .size = torch.sizes[0], .path = path};
    assert_int_equal(mnist_net_decode(&read, &input, NULL, NULL, &err), MNIST_OK);
    assert_int_equal(strlen(read.name), MNIST_NET_NAME - 1);
    assert_string_equal(read.name, path + 503 - (MNIST_NET_NAME - 1));
    char *page = write_page(&read, "pad.html");
    assert_has(page, "<dd>784-10 softmax regression</dd>");
    assert_has(page, "<dd>unit: x / 255</dd>");
    free(page);
    mnist_format_output_free(&torch);
    mnist_net_free(&read);
    mnist_net_free(&net);
}

static void the_same_bytes(void **state)
{
    (void)state;
    static const unsigned hidden[] = {30, 512};
    for (size_t i = 0; i < LENGTH(hidden); i++) {
        mnist_net net = create((unsigned[]){784, hidden[i], 10, 0}, unit);
        char *page = write_page(&net, "pad.html"), *again = write_page(&net, "elsewhere/other.htm");
        assert_string_equal(page, again);
        free(page);
        free(again);
        mnist_net_free(&net);
    }
}

/* What the page computes with is within half a scale of each weight, and said. */
static void loss_is_said(void **state)
{
    (void)state;
    static const struct {
        unsigned hidden, bits;
        const char *note;
    } nets[] = {{512, 16,
                 "weights are whole numbers of 16 bits times a scale for each unit, so that they "
                 "take at most 1000000 bytes"},
                {901, 11,
                 "weights are whole numbers of 11 bits, of 16 in the last layer, times a scale for "
                 "each unit, so that they take at most 1000000 bytes"}};
    for (size_t i = 0; i < LENGTH(nets); i++) {
        mnist_net net = create((unsigned[]){784, nets[i].hidden, 10, 0}, unit), written;
        mnist_error err;
        unsigned changed;
        double difference, most = 0.0;
        free(write_page(&net, "pad.html"));
        assert_int_equal(net.note_count, 2);
        assert_string_equal(net.notes[0], nets[i].note);
        assert_int_equal(sscanf(net.notes[1],
                                "tried on 1000 synthetic digits: %u answered otherwise, "
                                "probabilities changed by at most %lf",
                                &changed, &difference),
                         2);
        assert_true(changed < 50 && difference > 0.0 && difference < 0.01);
        assert_int_equal(mnist_net_as_written(&written, &net, mnist_format_find("html"), &err),
                         MNIST_OK);
        assert_int_equal(written.layer_count, 2);
        assert_true(written.knows_activation && written.activation == MNIST_GELU);
        assert_true(written.knows_normalization);
        for (size_t w = 0; w < (size_t)784 * nets[i].hidden; w++) {
            const double off =
                fabs((double)net.layers[0].weights[w] - (double)written.layers[0].weights[w]);
            if (off > most) { /* with fmax gcc 12 fails on this loop, for AArch64 */
                most = off;
            }
        }
        const double scale = 0.1 / ((1 << (nets[i].bits - 1)) - 1);
        assert_true(most > 0.4 * scale && most < 0.51 * scale);
        assert_memory_equal(net.layers[0].bias, written.layers[0].bias,
                            nets[i].hidden * sizeof(float));
        mnist_net_free(&written);
        mnist_net_free(&net);
    }
}

/* A net that fits as it is has the weights it had, to the bit. */
static void nothing_is_lost(void **state)
{
    (void)state;
    mnist_net net = create((unsigned[]){784, 16, 12, 10, 0}, standard), written;
    mnist_error err;
    assert_int_equal(mnist_net_as_written(&written, &net, mnist_format_find("html"), &err),
                     MNIST_OK);
    for (unsigned l = 0; l < net.layer_count; l++) {
        const mnist_net_layer *layer = &net.layers[l];
        assert_memory_equal(layer->weights, written.layers[l].weights,
                            (size_t)layer->inputs * layer->outputs * sizeof(float));
    }
    mnist_net_free(&written);
    mnist_net_free(&net);
}

static void assert_page_refused(const unsigned *widths, const char *text)
{
    mnist_net net = create(widths, unit);
    assert_refused(&net, "html", "p.html", text);
    assert_int_equal(net.note_count, 0);
    mnist_net_free(&net);
}

static void nets_that_are_refused(void **state)
{
    (void)state;
    assert_page_refused((unsigned[]){785, 12, 10, 0},
                        "p.html: the net has 785 inputs, and a pad makes "
                        "images of 28 x 28 = 784 pixels");
    assert_page_refused(
        (unsigned[]){784, 1232, 10, 0},
        "p.html: the net has 979450 weights and biases, which with 8 bits a weight take "
        "1000464 bytes; a page holds a net of at most 1000000 bytes");
}

static void pages_are_not_read(void **state)
{
    (void)state;
    static const char *const pages[] = {"<!DOCTYPE html>\n<html lang=\"en\">", "<!doctype HTML><p>",
                                        "<HTML>"};
    static const char *const others[] = {"<!DOCTYPE htm", "<xml>", " <html>", "<"};
    for (size_t i = 0; i < LENGTH(pages); i++) {
        const mnist_format_input input = {
            .data = (const uint8_t *)pages[i], .size = strlen(pages[i]), .path = "p.html"};
        mnist_net net;
        mnist_error err;
        assert_int_equal(mnist_net_decode(&net, &input, NULL, NULL, &err), MNIST_ERR_FORMAT);
        assert_has(err.text,
                   "p.html: format html is written only; formats that are read: native, ");
        assert_int_equal(mnist_net_decode(&net, &input, mnist_format_find("html"), NULL, &err),
                         MNIST_ERR_ARGUMENT);
    }
    for (size_t i = 0; i < LENGTH(others); i++) {
        assert_null(mnist_format_detect((const uint8_t *)others[i], strlen(others[i])));
    }
    assert_string_equal(mnist_format_of_path("a.html")->name, "html");
    assert_string_equal(mnist_format_of_path("a.htm")->name, "html");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_says_which_net), cmocka_unit_test(names_of_files),
        cmocka_unit_test(the_same_bytes),          cmocka_unit_test(loss_is_said),
        cmocka_unit_test(nothing_is_lost),         cmocka_unit_test(nets_that_are_refused),
        cmocka_unit_test(pages_are_not_read),
    };
    return cmocka_run_group_tests_name("convert_html", tests, NULL, NULL);
}
