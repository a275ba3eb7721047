/* What two nets make of the test images, and golden vectors. */
#define _POSIX_C_SOURCE 200809L
#include "cli/convert/conversion.h"
#include "cli/shared/figures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define VECTORS_SCHEMA "mnist-vectors/1"

/* What is measured of a net: of its floats, or of whole numbers, where the file has them. */
typedef struct measured {
    bool logits; /* else probabilities */
    bool as_read;
} measured;

static unsigned classes_of(const mnist_net *net)
{
    return net->layers[net->layer_count - 1].outputs;
}

/* Each image's values of a net. To be freed; NULL with err filled. */
static float *measure(const mnist_net *net, mnist_view view, measured what, mnist_error *err)
{
    mnist_mlp *mlp = NULL;
    float *values = malloc(view.count * classes_of(net) * sizeof *values);
    if (!values) {
        mnist_fail(err, MNIST_ERR_MEMORY, "out of memory");
        return NULL;
    }
    const bool whole = what.as_read && net->integers;
    mnist_status status = whole ? MNIST_OK : mnist_net_to_mlp(net, &mlp, err);
    if (status == MNIST_OK) {
        mnist_mlp *run = whole ? mnist_model_mlp(net->integers) : mlp;
        status = what.logits
                     ? mnist_logits(run, view, &net->normalization, NULL, values, NULL, err)
                     : mnist_probabilities(run, view, &net->normalization, NULL, values, NULL, err);
    }
    mnist_mlp_free(mlp);
    if (status != MNIST_OK) {
        free(values);
        return NULL;
    }
    return values;
}

/* The lowest index of the largest. */
static unsigned answer(const float *values, unsigned classes)
{
    unsigned best = 0;
    for (unsigned c = 1; c < classes; c++) {
        best = values[c] > values[best] ? c : best;
    }
    return best;
}

static void compare(mnist_comparison *out, const float *a, const float *b, unsigned classes,
                    size_t count)
{
    *out = (mnist_comparison){.count = count};
    for (size_t i = 0; i < count; i++, a += classes, b += classes) {
        out->changed += answer(a, classes) != answer(b, classes);
        for (unsigned c = 0; c < classes; c++) {
            const double difference = fabs((double)a[c] - (double)b[c]);
            const bool both_nan = isnan(a[c]) && isnan(b[c]);
            if (isnan(difference) && !both_nan) {
                out->difference = (double)INFINITY;
            } else if (difference > out->difference) {
                out->difference = difference;
            }
        }
    }
}

/* The bytes as a net. What their format cannot say is as in the net that was written. Of a format that
 * is not read, the library knows what they compute with. */
static bool read_again(mnist_net *out, const mnist_conversion *c, mnist_error *err)
{
    if (!c->to->read) {
        return mnist_net_as_written(out, &c->net, c->to, err) == MNIST_OK;
    }
    const mnist_format_input input = {
        .data = c->bytes.bytes[0], .size = c->bytes.sizes[0], .path = c->out};
    const bool holds_activation = c->to->holds & MNIST_HOLDS_ACTIVATION;
    const bool holds_normalization = c->to->holds & MNIST_HOLDS_NORMALIZATION;
    const mnist_net_hints hints = {.has_activation = !holds_activation && c->net.knows_activation,
                                   .activation = c->net.activation,
                                   .has_normalization = !holds_normalization,
                                   .normalization = c->net.normalization};
    return mnist_net_decode(out, &input, c->to, &hints, err) == MNIST_OK;
}

bool mnist_conversion_compare(mnist_conversion *c, mnist_error *err)
{
    const mnist_view view = mnist_dataset_view(c->source.test);
    mnist_net again;
    if (!read_again(&again, c, err)) {
        return false;
    }
    float *before = measure(&c->net, view, (measured){.as_read = true}, err);
    float *after = before ? measure(&again, view, (measured){.as_read = true}, err) : NULL;
    if (after) {
        compare(&c->comparison, before, after, classes_of(&c->net), view.count);
    }
    free(before);
    free(after);
    mnist_net_free(&again);
    return after != NULL;
}

static json_t *numbers(const float *values, size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++) {
        mnist_json_append(&array, mnist_conversion_number(values[i]));
    }
    return array;
}

/* One image. */
static json_t *vector(mnist_view view, size_t index, unsigned classes, const float *logits,
                      const float *probabilities)
{
    const size_t pixels = (size_t)view.rows * view.cols;
    json_t *bytes = json_array(), *object = json_object();
    for (size_t p = 0; p < pixels; p++) {
        mnist_json_append(&bytes, json_integer(view.images[index * pixels + p]));
    }
    mnist_json_put(&object, "index", json_integer((json_int_t)index));
    mnist_json_put(&object, "label", json_integer(view.labels[index]));
    mnist_json_put(&object, "pixels", bytes);
    mnist_json_put(&object, "logits", numbers(logits + index * classes, classes));
    mnist_json_put(&object, "probabilities", numbers(probabilities + index * classes, classes));
    return object;
}

/* What the net makes of the images. */
typedef struct vectors {
    mnist_view view;
    float *logits, *probabilities; /* (count, classes) */
} vectors;

/* The whole document. NULL: memory is short. */
static json_t *document(const mnist_net *net, const vectors *v)
{
    json_t *list = json_array(), *object = json_pack("{s:s}", "schema", VECTORS_SCHEMA);
    for (size_t i = 0; i < v->view.count; i++) {
        mnist_json_append(&list, vector(v->view, i, classes_of(net), v->logits, v->probabilities));
    }
    mnist_json_put(&object, "source_sha256", json_string(net->digest));
    mnist_json_put(&object, "mean", mnist_conversion_number(net->normalization.mean));
    mnist_json_put(&object, "stddev", mnist_conversion_number(net->normalization.stddev));
    mnist_json_put(&object, "activation",
                   net->knows_activation ? json_string(mnist_activation_name(net->activation))
                                         : json_null());
    mnist_json_put(&object, "vectors", list);
    return object;
}

static bool write_json(const mnist_conversion *c, const vectors *v, mnist_error *err)
{
    mnist_json_begin();
    json_t *object = document(&c->net, v);
    char *text = mnist_json_text(object, 1);
    const bool written =
        text && mnist_output_write(c->vectors, text, strlen(text), err) == MNIST_OK;
    if (!text) {
        mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for %zu vectors as JSON", v->view.count);
    }
    free(text);
    json_decref(object);
    return written;
}

/* The same, under the same names, an image a row. */
static bool write_arrays(const mnist_conversion *c, const vectors *v, mnist_error *err)
{
    const mnist_net *net = &c->net;
    const size_t count = v->view.count, pixels = (size_t)v->view.rows * v->view.cols;
    const mnist_npz_array arrays[] = {
        {"pixels", MNIST_NPZ_U8, v->view.images, 2, {count, pixels}},
        {"labels", MNIST_NPZ_U8, v->view.labels, 1, {count}},
        {"logits", MNIST_NPZ_F32, v->logits, 2, {count, classes_of(net)}},
        {"probabilities", MNIST_NPZ_F32, v->probabilities, 2, {count, classes_of(net)}},
        {"mean", MNIST_NPZ_F32, &net->normalization.mean, 0, {0}},
        {"stddev", MNIST_NPZ_F32, &net->normalization.stddev, 0, {0}},
        {"schema", MNIST_NPZ_TEXT, VECTORS_SCHEMA, 0, {0}},
        {"source_sha256", MNIST_NPZ_TEXT, net->digest, 0, {0}},
        {"activation", MNIST_NPZ_TEXT, mnist_activation_name(net->activation), 0, {0}},
    };
    const size_t known = sizeof arrays / sizeof arrays[0] - !net->knows_activation;
    uint8_t *bytes;
    size_t size;
    const bool written =
        mnist_npz_encode(arrays, known, c->vectors, &bytes, &size, err) == MNIST_OK &&
        mnist_output_write(c->vectors, bytes, size, err) == MNIST_OK;
    free(bytes);
    return written;
}

bool mnist_conversion_writes_integers(const mnist_conversion *c)
{
    return c->net.integers && (c->to->holds & MNIST_HOLDS_INTEGERS) && !c->settings->floats;
}

bool mnist_conversion_writes_arrays(const mnist_conversion *c)
{
    return c->to == mnist_format_find("npz");
}

bool mnist_conversion_write_vectors(const mnist_conversion *c, mnist_error *err)
{
    vectors v = {.view = mnist_dataset_view(c->source.test)};
    const size_t count = v.view.count;
    v.view =
        mnist_view_slice(v.view, 0, c->settings->vectors < count ? c->settings->vectors : count);
    measured what = {.logits = true, .as_read = mnist_conversion_writes_integers(c)};
    v.logits = measure(&c->net, v.view, what, err);
    what.logits = false;
    v.probabilities = v.logits ? measure(&c->net, v.view, what, err) : NULL;
    const bool written =
        v.probabilities &&
        (mnist_conversion_writes_arrays(c) ? write_arrays(c, &v, err) : write_json(c, &v, err));
    free(v.logits);
    free(v.probabilities);
    return written;
}
