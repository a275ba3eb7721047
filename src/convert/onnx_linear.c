/* QuantizeLinear and DequantizeLinear of an ONNX graph. Weights become the floats that their whole numbers stand for; what
 * rounds activations is left out, and kept in mind (onnx_integers.c). */
#ifdef MNIST_HAVE_ONNX
#define _POSIX_C_SOURCE 200809L
#include "convert/onnx_graph.h"

#include "base/status.h"
#include "io/text.h"
#include "kernels/integers.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>

#define UNIT 1e-7 /* from 1 */

/* Scale and zero point of the node that is read. */
typedef struct parameters {
    mnist_onnx_tensor scale, zero;
    bool has_zero;
} parameters;

static mnist_status check_constant(const mnist_onnx_reading *r, const mnist_onnx_value *value,
                                   const char *what)
{
    if (value->kind == MNIST_ONNX_CONSTANT && !value->linear.scale) {
        return MNIST_OK;
    }
    return mnist_onnx_fail_node(r, "its %s '%s' is computed, expected a constant", what,
                                mnist_show(value->name).text);
}

static mnist_status read_scale(mnist_onnx_reading *r, mnist_onnx_tensor *out,
                               const mnist_onnx_value *value)
{
    mnist_status status = check_constant(r, value, "scale");
    if (status == MNIST_OK) {
        status = mnist_onnx_open_real(r, out, value);
    }
    if (status == MNIST_OK && (out->rank > 1 || out->count < 1)) {
        status = mnist_onnx_fail_node(r,
                                      "its scale '%s' has %u dimensions and %" PRIu64
                                      " numbers, expected one number, or one for each output",
                                      mnist_show(value->name).text, out->rank, out->count);
    }
    for (uint64_t i = 0; status == MNIST_OK && i < out->count; i++) {
        const float scale = mnist_onnx_tensor_get(out, i);
        if (!(scale > 0.0f) || !isfinite(scale)) {
            status = mnist_onnx_fail_node(
                r, "scale %" PRIu64 " of '%s' is %g, expected a finite number above 0", i,
                mnist_show(value->name).text, (double)scale);
        } else if (scale < FLT_MIN) { /* programs may take it for 0 */
            status = mnist_onnx_fail_node(
                r, "scale %" PRIu64 " of '%s' is %g, expected a normal float: at least 1.2e-38", i,
                mnist_show(value->name).text, (double)scale);
        }
    }
    return status;
}

static mnist_status read_zero(mnist_onnx_reading *r, parameters *p, const mnist_onnx_value *value)
{
    mnist_status status = check_constant(r, value, "zero point");
    if (status == MNIST_OK) {
        status =
            mnist_onnx_tensor_open_whole(&p->zero, value->tensor, value->name, r->input, r->err);
    }
    if (status == MNIST_OK && (p->zero.rank > 1 || p->zero.count != p->scale.count)) {
        status = mnist_onnx_fail_node(
            r,
            "zero point '%s' has %" PRIu64 " numbers in %u dimensions, expected %" PRIu64
            ", as the scale",
            mnist_show(value->name).text, p->zero.count, p->zero.rank, p->scale.count);
    }
    p->has_zero = true;
    return status;
}

static mnist_status read_parameters(mnist_onnx_reading *r, parameters *p,
                                    const mnist_onnx_value *const operands[MNIST_ONNX_INPUTS])
{
    static const char *const unread[] = {"block_size", "output_dtype"}; /* of later opsets */
    *p = (parameters){.has_zero = false};
    r->has_rounds = true;
    for (size_t i = 0; i < sizeof unread / sizeof unread[0]; i++) {
        const int64_t value = mnist_onnx_int(r->node, unread[i], 0);
        if (value != 0) {
            return mnist_onnx_fail_node(r, "%s is %" PRId64 ", expected 0: that is not read",
                                        unread[i], value);
        }
    }
    mnist_status status = read_scale(r, &p->scale, operands[1]);
    return status == MNIST_OK && operands[2] ? read_zero(r, p, operands[2]) : status;
}

/* That scales and zero points fit the numbers of a constant, and where which holds. */
static mnist_status place_scales(mnist_onnx_reading *r, mnist_onnx_linear *out, const parameters *p,
                                 const mnist_onnx_tensor *tensor)
{
    const int64_t rank = tensor->rank;
    int64_t axis = mnist_onnx_int(r->node, "axis", 1);
    *out = (mnist_onnx_linear){.scale = p->scale.proto,
                               .zero = p->has_zero ? p->zero.proto : NULL,
                               .type = p->has_zero ? p->zero.proto->data_type
                                                   : ONNX__TENSOR_PROTO__DATA_TYPE__UINT8,
                               .count = p->scale.count,
                               .inner = 1};
    if (out->count == 1) {
        return MNIST_OK;
    }
    if (axis < -rank || axis >= rank) {
        return mnist_onnx_fail_node(r,
                                    "axis is %" PRId64 ", but tensor '%s' has %u dimensions: "
                                    "expected the one of its outputs",
                                    axis, mnist_show(tensor->name).text, tensor->rank);
    }
    axis += axis < 0 ? rank : 0;
    if (tensor->shape[axis] != out->count) {
        return mnist_onnx_fail_node(r,
                                    "%" PRIu64 " scales, but dimension %" PRId64
                                    " of tensor '%s' is %" PRIu64 ", expected as many or one",
                                    out->count, axis, mnist_show(tensor->name).text,
                                    tensor->shape[axis]);
    }
    for (unsigned d = (unsigned)axis + 1; d < tensor->rank; d++) {
        out->inner *= tensor->shape[d];
    }
    return MNIST_OK;
}

/* One scale and zero point for all values between layers. */
static mnist_status read_step(mnist_onnx_reading *r, mnist_onnx_step *out, const parameters *p)
{
    if (p->scale.count != 1) {
        return mnist_onnx_fail_node(r, "%" PRIu64 " scales, expected one for all values of a layer",
                                    p->scale.count);
    }
    out->scale = mnist_onnx_tensor_get(&p->scale, 0);
    out->zero = p->has_zero ? mnist_onnx_tensor_get_whole(&p->zero, 0) : 0;
    out->type = p->has_zero ? p->zero.proto->data_type : ONNX__TENSOR_PROTO__DATA_TYPE__UINT8;
    if (out->type == ONNX__TENSOR_PROTO__DATA_TYPE__INT32) {
        return mnist_onnx_fail_node(r, "its zero point is of int32, expected uint8 or int8");
    }
    return MNIST_OK;
}

/* Whether a pixel becomes what it is to a net of whole numbers here. */
static bool gives_pixels(const mnist_onnx_value *pixels, const mnist_onnx_step *step)
{
    for (int b = 0; b < 256; b++) {
        const double value = (b / 255.0 - pixels->mean) / pixels->stddev;
        const double q = rint(value / (double)step->scale) + step->zero;
        const double least = (double)mnist_onnx_least(step->type);
        if (!((q < least ? least : q) == mnist_integer_pixel((uint8_t)b))) {
            return false;
        }
    }
    return true;
}

/* Whether the ends of a QuantizeLinear leave a function what it is. A range is measured on some images, and its ends
 * are rounded to steps: so a tenth of what a bounded activation can give may be beyond an end, and half a step. */
static bool keeps_function(const double samples[MNIST_ONNX_SAMPLES], double least, double most,
                           double step)
{
    mnist_activation kind;
    const bool is_known = mnist_onnx_find_activation(samples, &kind);
    const bool is_bounded = is_known && (kind == MNIST_TANH || kind == MNIST_SIGMOID);
    double low = 0.0, high = 0.0; /* what the function gives */
    for (unsigned i = 0; i < MNIST_ONNX_SAMPLES; i++) {
        low = samples[i] < low ? samples[i] : low;
        high = samples[i] > high ? samples[i] : high;
    }
    if (least < 0.0 && !(is_bounded || (is_known && kind == MNIST_GELU))) {
        low = least; /* as it was measured */
    }
    if (most > 0.0 && !is_bounded) {
        high = most;
    }
    const double spare = step / 2.0 * (1.0 + UNIT);
    return least <= 0.9 * low + spare && most >= 0.9 * high - spare;
}

/* A QuantizeLinear of what a layer gives. */
static void quantize_sums(mnist_onnx_reading *r, mnist_onnx_value *out)
{
    const mnist_onnx_step *step = &out->step;
    const bool of_sums = mnist_onnx_is_identity(out->samples);
    const double least = ((double)mnist_onnx_least(step->type) - step->zero) * (double)step->scale;
    const double most = ((double)mnist_onnx_most(step->type) - step->zero) * (double)step->scale;
    out->rounds.first_of_sums = out->rounds.count == 0 ? of_sums : out->rounds.first_of_sums;
    /* nothing is below the least whole number: where that stands for 0, this is ReLU of sums */
    if (of_sums && step->zero == mnist_onnx_least(step->type)) {
        out->rounds.is_relu = true;
        for (unsigned i = 0; i < MNIST_ONNX_SAMPLES; i++) {
            out->samples[i] = out->samples[i] < 0.0 ? 0.0 : out->samples[i];
        }
    }
    if (!r->cut.node && !keeps_function(out->samples, least, most, (double)step->scale)) {
        r->cut = (mnist_onnx_cut){r->node, r->node_number, least, most};
    }
    if (!r->has_ends || most < r->most) {
        r->has_ends = true;
        r->least = least;
        r->most = most;
        r->ends_layer = out->layer;
    }
}

static mnist_status quantize_constant(mnist_onnx_reading *r, mnist_onnx_value *out,
                                      const parameters *p)
{
    mnist_onnx_tensor tensor;
    if (out->linear.scale) {
        return mnist_onnx_fail_node(
            r, "its input '%s' is rounded already, expected numbers as they are",
            mnist_show(out->name).text);
    }
    mnist_status status = mnist_onnx_open_real(r, &tensor, out);
    if (status == MNIST_OK) {
        status = place_scales(r, &out->linear, p, &tensor);
    }
    out->is_whole = out->is_rounded = true;
    return status;
}

mnist_status mnist_onnx_quantize(mnist_onnx_reading *r, mnist_onnx_value *out,
                                 const mnist_onnx_value *const operands[MNIST_ONNX_INPUTS])
{
    parameters p;
    *out = *operands[0];
    mnist_status status = read_parameters(r, &p, operands);
    if (status == MNIST_OK && out->kind == MNIST_ONNX_CONSTANT) {
        return quantize_constant(r, out, &p);
    }
    if (status == MNIST_OK) {
        status = read_step(r, &out->step, &p);
    }
    if (status != MNIST_OK) {
        return status;
    }
    if (out->kind == MNIST_ONNX_SUMS) {
        quantize_sums(r, out);
    } else if (out->kind == MNIST_ONNX_PIXELS) {
        out->rounds.is_of_pixels = out->rounds.count == 0 && gives_pixels(out, &out->step);
    }
    out->is_whole = true;
    return MNIST_OK;
}

/* Whole numbers of a constant, or of QuantizeLinear of one, with the same scale. */
static mnist_status dequantize_constant(mnist_onnx_reading *r, mnist_onnx_value *out,
                                        const parameters *p)
{
    const mnist_onnx_linear before = out->linear;
    mnist_onnx_tensor tensor;
    if (before.scale) {
        if (!out->is_whole || before.scale != p->scale.proto ||
            before.zero != (p->has_zero ? p->zero.proto : NULL)) {
            return mnist_onnx_fail_node(r,
                                        "its input '%s' has another scale or zero point, expected "
                                        "those of its QuantizeLinear",
                                        mnist_show(out->name).text);
        }
        out->is_whole = false;
        return MNIST_OK;
    }
    mnist_status status =
        mnist_onnx_tensor_open_whole(&tensor, out->tensor, out->name, r->input, r->err);
    if (status == MNIST_OK && p->has_zero && p->zero.proto->data_type != out->tensor->data_type) {
        char text[24], other[24];
        status = mnist_onnx_fail_node(r, "its zero point is of %s, expected %s, as tensor '%s'",
                                      mnist_onnx_type_name(p->zero.proto->data_type, text),
                                      mnist_onnx_type_name(out->tensor->data_type, other),
                                      mnist_show(out->name).text);
    }
    for (uint64_t i = 0; status == MNIST_OK && p->has_zero && i < p->zero.count; i++) {
        const int32_t zero = mnist_onnx_tensor_get_whole(&p->zero, i);
        if (zero != 0 && out->tensor->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__INT32) {
            status = mnist_onnx_fail_node(
                r, "zero point %" PRIu64 " is %" PRId32 ", expected 0 of int32", i, zero);
        }
    }
    return status == MNIST_OK ? place_scales(r, &out->linear, p, &tensor) : status;
}

/* Pixels that go as whole numbers of one scale, and come back as of another. before: of scale 1 where they are the
 * image's bytes. */
static mnist_status rescale_pixels(mnist_onnx_reading *r, mnist_onnx_value *out,
                                   const mnist_onnx_step *before, const mnist_onnx_step *after)
{
    const double moved = (double)before->zero - (double)after->zero;
    out->mean -= moved * (double)before->scale * out->stddev;
    out->stddev *= (double)before->scale / (double)after->scale;
    out->is_changed = true;
    if (fabs(out->stddev - 1.0) < UNIT) {
        out->stddev = 1.0; /* bytes of a scale that is 1 / 255 as a float */
    }
    if (!isfinite(out->mean) || !isfinite(out->stddev) || out->stddev <= 0.0) {
        return mnist_onnx_fail_node(r,
                                    "with scale %g the normalisation is none: expected a mean "
                                    "and a deviation above 0",
                                    (double)after->scale);
    }
    return MNIST_OK;
}

static bool is_same(const mnist_onnx_step *a, const mnist_onnx_step *b)
{
    return a->type == b->type && a->zero == b->zero && !(a->scale < b->scale) &&
           !(a->scale > b->scale);
}

mnist_status mnist_onnx_dequantize(mnist_onnx_reading *r, mnist_onnx_value *out,
                                   const mnist_onnx_value *const operands[MNIST_ONNX_INPUTS])
{
    parameters p;
    mnist_onnx_step after, before = {1.0f, 0, ONNX__TENSOR_PROTO__DATA_TYPE__UINT8};
    *out = *operands[0];
    mnist_status status = read_parameters(r, &p, operands);
    if (status == MNIST_OK && out->kind == MNIST_ONNX_CONSTANT) {
        return dequantize_constant(r, out, &p);
    }
    if (status == MNIST_OK) {
        status = read_step(r, &after, &p);
    }
    if (status != MNIST_OK) {
        return status;
    }
    if (!out->is_whole && !out->is_byte) {
        return mnist_onnx_fail_node(r, "its input '%s' is floats, expected whole numbers",
                                    mnist_show(operands[0]->name).text);
    }
    before = out->is_whole ? out->step : before;
    if (after.type != before.type ||
        (out->kind != MNIST_ONNX_PIXELS && !is_same(&before, &after))) {
        return mnist_onnx_fail_node(
            r,
            "scale %g and zero point %" PRId32 " for '%s', which has %g and %" PRId32
            "%s, expected the same",
            (double)after.scale, after.zero, mnist_show(operands[0]->name).text,
            (double)before.scale, before.zero, after.type != before.type ? " of another type" : "");
    }
    if (!is_same(&before, &after)) {
        status = rescale_pixels(r, out, &before, &after);
    }
    if (out->rounds.count == 0) {
        out->rounds.first = after;
    }
    out->rounds.last = after;
    out->rounds.count++;
    out->rounds.is_last = true;
    out->is_whole = out->is_byte = false;
    return status;
}

#else
typedef int mnist_no_onnx_linear; /* a file is not empty */
#endif
