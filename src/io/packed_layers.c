#include "io/packed_layers.h"

#include "base/status.h"
#include "data/batch.h"
#include "nn/mlp.h"

#include <math.h>
#include <mnist/integers.h>
#include <stdlib.h>
#include <string.h>

static mnist_status fail(const mnist_packing *packing, unsigned layer, const char *what,
                         mnist_error *err)
{
    return mnist_fail(err, MNIST_ERR_FORMAT, "%s: %s%s of layer %u %s", packing->path,
                      packing->coder.failed ? "the file ends early: " : "", what, layer,
                      packing->coder.failed ? "are missing" : "are out of their range");
}

/* Squares of pixels whose weights are one. */

typedef struct tiles {
    size_t side;          /* pixels of a line; 0: inputs are no square picture */
    size_t size;          /* of a tile: 1, 2 or 4 */
    size_t left, above;   /* where the first tile begins, before the picture */
    size_t across, count; /* tiles of a line, all */
} tiles;

#define SIDE_LEAST 8u /* a picture has more */

static size_t side_of(size_t inputs)
{
    size_t side = 0;
    while (side * side < inputs) {
        side++;
    }
    return side * side == inputs && side >= SIDE_LEAST ? side : 0;
}

static tiles tiles_of(size_t inputs, size_t side, size_t size, size_t left, size_t above)
{
    tiles t = {side, size, left, above, 0, inputs};
    if (side > 0) {
        t.across = (side - 1 + left) / size + 1;
        t.count = t.across * ((side - 1 + above) / size + 1);
    }
    return t;
}

static size_t tile_of(const tiles *t, size_t input)
{
    return t->size == 1 ? input
                        : (input / t->side + t->above) / t->size * t->across +
                              (input % t->side + t->left) / t->size;
}

/* Are all weights of each tile one? values (count, outputs) has room for the tiles', seen for a mark of
 * each. */
static bool are_tied(const tiles *t, const float *weights, size_t inputs, size_t outputs,
                     float *values, bool *seen)
{
    memset(seen, 0, t->count * sizeof *seen);
    for (size_t i = 0; i < inputs; i++) {
        const size_t tile = tile_of(t, i);
        const float *row = weights + i * outputs;
        float *kept = values + tile * outputs;
        if (!seen[tile]) {
            memcpy(kept, row, outputs * sizeof *row);
            seen[tile] = true;
        }
        for (size_t n = 0; n < outputs; n++) {
            if (row[n] != kept[n]) {
                return false;
            }
        }
    }
    return true;
}

static bool find_tiles(tiles *found, const float *weights, size_t inputs, size_t outputs)
{
    float *values = calloc(inputs * outputs, sizeof *values);
    bool *seen = malloc(inputs * sizeof *seen);
    const size_t side = found->side;
    bool done = side == 0;
    for (size_t size = 4; size > 1 && !done && values && seen; size /= 2) {
        for (size_t i = 0; i < size * size && !done; i++) {
            const tiles t = tiles_of(inputs, side, size, i % size, i / size);
            done = are_tied(&t, weights, inputs, outputs, values, seen);
            *found = done ? t : *found;
        }
    }
    const bool memory = values && seen;
    free(values);
    free(seen);
    return memory;
}

/* Codes how the first layer's weights are tied. false: decoding, there are no such tiles. */
static bool code_tiles(mnist_packing *packing, tiles *t, size_t inputs)
{
    const mnist_bit_coder to = mnist_packing_bits(packing, MNIST_PACKED_POSITIONS);
    if (t->side == 0 || !mnist_bit_code(&to, &packing->tied[0], t->size > 1)) {
        return true;
    }
    const size_t size = mnist_bit_code(&to, &packing->tied[1], t->size > 2) ? 4 : 2;
    const unsigned bits = size == 4 ? 2 : 1;
    const size_t left = mnist_bits_plain(&to, (uint32_t)t->left, bits),
                 above = mnist_bits_plain(&to, (uint32_t)t->above, bits);
    *t = tiles_of(inputs, t->side, size, left, above);
    return true;
}

/* A layer of floats on its way. */
typedef struct layer {
    unsigned index;
    size_t inputs, outputs;
    tiles tiles;
    float *weights;     /* (inputs, outputs) */
    float *tied;        /* (tiles, outputs): in weights' place where tiles are single pixels */
    float *biases;      /* (outputs) */
    int16_t *ranks;     /* (tiles, outputs) */
    uint32_t *fullness; /* (outputs): weights of each that are not 0; for the next layer */
} layer;

static void release(layer *l)
{
    if (l->tied != l->weights) {
        free(l->tied);
    }
    free(l->weights);
    free(l->biases);
    free(l->ranks);
    free(l->fullness);
    *l = (layer){.weights = NULL};
}

static bool take(layer *l)
{
    const size_t weights = l->inputs * l->outputs;
    l->weights = calloc(weights, sizeof *l->weights);
    l->biases = calloc(l->outputs, sizeof *l->biases);
    l->fullness = calloc(l->outputs, sizeof *l->fullness);
    return l->weights && l->biases && l->fullness;
}

/* Memory for what the tiles say. */
static bool take_tiles(layer *l)
{
    const size_t weights = l->tiles.count * l->outputs;
    l->tied = l->tiles.size == 1 ? l->weights : calloc(weights, sizeof *l->tied);
    l->ranks = calloc(weights, sizeof *l->ranks);
    return l->tied && l->ranks;
}

static void count_fullness(const mnist_ranks *r, uint32_t *fullness)
{
    for (size_t i = 0; i < r->inputs * r->outputs; i++) {
        fullness[i % r->outputs] += r->ranks[i] != 0;
    }
}

/* Values of weights that are not 0, one by one; their signs are there. */
static bool code_values(mnist_packing *packing, layer *l)
{
    const mnist_bit_coder to = mnist_packing_bits(packing, MNIST_PACKED_LEVELS);
    const size_t count = l->tiles.count * l->outputs;
    const unsigned tail = mnist_bits_plain(&to, mnist_magnitudes_tail(l->tied, count), 5);
    bool good = tail <= 23;
    for (size_t i = 0; i < count && good; i++) {
        if (l->ranks[i] != 0) {
            good = mnist_magnitude_code(packing, &to, tail, &l->tied[i]);
            l->tied[i] = l->ranks[i] < 0 ? -fabsf(l->tied[i]) : fabsf(l->tied[i]);
        }
    }
    return good;
}

/* The weights, from the tiles on. */
static mnist_status code_weights(mnist_packing *packing, layer *l, const uint32_t *fullness,
                                 mnist_error *err)
{
    mnist_codebook codebook = {.count = {0, 0}};
    const size_t count = l->tiles.count * l->outputs;
    const bool decodes = packing->coder.decodes;
    const mnist_bit_coder to = mnist_packing_bits(packing, MNIST_PACKED_CODEBOOKS);
    bool many = !decodes && !mnist_codebook_of(&codebook, l->tied, count);
    many = mnist_bit_code(&to, &packing->kind[2], many);
    if (!many && !mnist_codebook_code(packing, &codebook)) {
        return fail(packing, l->index, "the different weights", err);
    }
    for (size_t i = 0; i < count && !decodes; i++) {
        l->ranks[i] = (int16_t)(many ? (l->tied[i] > 0.0f) - (l->tied[i] < 0.0f)
                                     : mnist_codebook_rank(&codebook, l->tied[i]));
    }
    const mnist_ranks ranks = {.inputs = l->tiles.count,
                               .outputs = l->outputs,
                               .side = l->tiles.size == 1 ? l->tiles.side : l->tiles.across,
                               .negative = many ? 1 : codebook.count[0],
                               .positive = many ? 1 : codebook.count[1],
                               .ranks = l->ranks,
                               .fullness = fullness};
    const mnist_status status = mnist_ranks_code(&to, &ranks);
    if (status == MNIST_ERR_MEMORY) {
        return mnist_fail_memory(err, count * sizeof(uint32_t), "a layer");
    }
    if (status != MNIST_OK) {
        return fail(packing, l->index, "the positions of weights", err);
    }
    for (size_t i = 0; i < count && !many && decodes; i++) {
        l->tied[i] = mnist_codebook_value(&codebook, l->ranks[i]);
    }
    count_fullness(&ranks, l->fullness);
    return !many || code_values(packing, l) ? MNIST_OK : fail(packing, l->index, "weights", err);
}

static mnist_status check_finite(const mnist_packing *packing, const layer *l, mnist_error *err)
{
    bool finite = true;
    for (size_t i = 0; i < l->inputs * l->outputs; i++) {
        finite = finite && isfinite(l->weights[i]);
    }
    for (size_t i = 0; i < l->outputs; i++) {
        finite = finite && isfinite(l->biases[i]);
    }
    return finite ? MNIST_OK
                  : mnist_fail(err, MNIST_ERR_ARGUMENT,
                               "%s: layer %u: a parameter is not a finite number", packing->path,
                               l->index);
}

static mnist_status code_layer(mnist_packing *packing, mnist_mlp *mlp, layer *l,
                               const uint32_t *fullness, mnist_error *err)
{
    const bool decodes = packing->coder.decodes;
    const size_t bytes = l->inputs * l->outputs * sizeof *l->weights;
    l->tiles = tiles_of(l->inputs, l->index == 0 ? side_of(l->inputs) : 0, 1, 0, 0);
    if (!take(l)) {
        return mnist_fail_memory(err, bytes, "a layer");
    }
    if (!decodes) {
        mnist_mlp_get_layer(mlp, l->index, l->weights, l->biases);
        const mnist_status status = check_finite(packing, l, err);
        if (status != MNIST_OK) {
            return status;
        }
        if (!find_tiles(&l->tiles, l->weights, l->inputs, l->outputs)) {
            return mnist_fail_memory(err, bytes, "a layer");
        }
    }
    if (!code_tiles(packing, &l->tiles, l->inputs) || !take_tiles(l)) {
        return mnist_fail_memory(err, bytes, "a layer");
    }
    for (size_t i = 0; i < l->inputs && !decodes && l->tiles.size > 1; i++) {
        memcpy(l->tied + tile_of(&l->tiles, i) * l->outputs, l->weights + i * l->outputs,
               l->outputs * sizeof *l->tied);
    }
    const mnist_status status = code_weights(packing, l, fullness, err);
    if (status != MNIST_OK) {
        return status;
    }
    if (!mnist_biases_code(packing, l->biases, l->outputs)) {
        return fail(packing, l->index, "biases", err);
    }
    for (size_t i = 0; i < l->inputs && decodes && l->tiles.size > 1; i++) {
        memcpy(l->weights + i * l->outputs, l->tied + tile_of(&l->tiles, i) * l->outputs,
               l->outputs * sizeof *l->tied);
    }
    if (decodes) {
        mnist_mlp_set_layer(mlp, l->index, l->weights, l->biases);
    }
    return MNIST_OK;
}

mnist_status mnist_packing_floats(mnist_packing *packing, mnist_mlp *mlp, mnist_error *err)
{
    layer last = {.weights = NULL};
    mnist_status status = MNIST_OK;
    for (unsigned i = 0; i < mnist_mlp_layers(mlp) && status == MNIST_OK; i++) {
        layer l = {.index = i,
                   .inputs = mnist_mlp_layer_inputs(mlp, i),
                   .outputs = mnist_mlp_layer_outputs(mlp, i)};
        status = code_layer(packing, mlp, &l, last.fullness, err);
        release(&last);
        last = l;
    }
    release(&last);
    return status;
}

/* Whole numbers. */

typedef struct whole_layer {
    size_t inputs, outputs;
    int8_t *weights;
    int16_t *ranks;
    float *scales;
    int32_t *biases;
    uint32_t *fullness;
    mnist_integer_range range;
} whole_layer;

static void release_whole(whole_layer *l)
{
    free(l->weights);
    free(l->ranks);
    free(l->scales);
    free(l->biases);
    free(l->fullness);
}

static bool take_whole(whole_layer *l)
{
    const size_t weights = l->inputs * l->outputs;
    l->weights = calloc(weights, sizeof *l->weights);
    l->ranks = calloc(weights, sizeof *l->ranks);
    l->scales = calloc(l->outputs, sizeof *l->scales);
    l->biases = calloc(l->outputs, sizeof *l->biases);
    l->fullness = calloc(l->outputs, sizeof *l->fullness);
    return l->weights && l->ranks && l->scales && l->biases && l->fullness;
}

/* The scales: many are as the one before, of nets that have one a layer. */
static bool code_scales(mnist_packing *packing, whole_layer *l)
{
    const mnist_bit_coder to = mnist_packing_bits(packing, MNIST_PACKED_CODEBOOKS);
    const unsigned tail = mnist_bits_plain(&to, mnist_magnitudes_tail(l->scales, l->outputs), 5);
    bool good = tail <= 23;
    for (size_t n = 0; n < l->outputs && good; n++) {
        if (n > 0 && mnist_bit_code(&to, &packing->same, l->scales[n] == l->scales[n - 1])) {
            l->scales[n] = l->scales[n - 1];
        } else {
            good = mnist_magnitude_code(packing, &to, tail, &l->scales[n]);
        }
    }
    return good;
}

static bool code_range(mnist_packing *packing, mnist_integer_range *range)
{
    const mnist_bit_coder to = mnist_packing_bits(packing, MNIST_PACKED_CODEBOOKS);
    const uint64_t zero = mnist_number_code(&to, &packing->counts, range->zero);
    range->zero = zero > MNIST_INTEGER_VALUE_MOST ? MNIST_INTEGER_VALUE_MOST + 1 : (unsigned)zero;
    float *const floats[] = {&range->scale, &range->step};
    bool good = range->zero <= MNIST_INTEGER_VALUE_MOST;
    for (size_t i = 0; i < 2 && good; i++) {
        if (mnist_bit_code(&to, &packing->kind[3], *floats[i] != 0.0f)) {
            good = mnist_magnitude_code(packing, &to, 0, floats[i]);
        } else {
            *floats[i] = 0.0f;
        }
    }
    return good;
}

static bool code_whole_biases(mnist_packing *packing, whole_layer *l)
{
    const mnist_bit_coder to = mnist_packing_bits(packing, MNIST_PACKED_BIASES);
    for (size_t n = 0; n < l->outputs; n++) {
        const int64_t bias = mnist_whole_code(packing, &to, &packing->wholes, l->biases[n]);
        if (bias < -MNIST_INTEGER_BIAS_MOST || bias > MNIST_INTEGER_BIAS_MOST) {
            return false;
        }
        l->biases[n] = (int32_t)bias;
    }
    return true;
}

static mnist_status code_whole_weights(mnist_packing *packing, unsigned index, whole_layer *l,
                                       const uint32_t *fullness, mnist_error *err)
{
    const mnist_bit_coder to = mnist_packing_bits(packing, MNIST_PACKED_CODEBOOKS);
    const size_t count = l->inputs * l->outputs;
    uint64_t most[2] = {0, 0}; /* negative, positive */
    for (size_t i = 0; i < count; i++) {
        const uint64_t magnitude = (uint64_t)abs(l->weights[i]);
        const bool positive = l->weights[i] > 0;
        l->ranks[i] = (int16_t)(positive ? (int)magnitude : -(int)magnitude);
        most[positive] = magnitude > most[positive] ? magnitude : most[positive];
    }
    for (unsigned sign = 0; sign < 2; sign++) {
        most[sign] = mnist_number_code(&to, &packing->counts, most[sign]);
        if (most[sign] > MNIST_INTEGER_WEIGHT_MOST) {
            return fail(packing, index, "magnitudes of weights", err);
        }
    }
    const mnist_ranks ranks = {.inputs = l->inputs,
                               .outputs = l->outputs,
                               .side = index == 0 ? side_of(l->inputs) : 0,
                               .negative = (unsigned)most[0],
                               .positive = (unsigned)most[1],
                               .ranks = l->ranks,
                               .fullness = fullness};
    const mnist_status status = mnist_ranks_code(&to, &ranks);
    if (status != MNIST_OK) {
        return status == MNIST_ERR_MEMORY
                   ? mnist_fail_memory(err, count * sizeof(uint32_t), "a layer")
                   : fail(packing, index, "the positions of weights", err);
    }
    for (size_t i = 0; i < count; i++) {
        l->weights[i] = (int8_t)l->ranks[i];
    }
    count_fullness(&ranks, l->fullness);
    return MNIST_OK;
}

static mnist_status code_whole_layer(mnist_packing *packing, const mnist_mlp *mlp, unsigned index,
                                     whole_layer *l, const uint32_t *fullness, mnist_error *err)
{
    l->inputs = mnist_mlp_layer_inputs(mlp, index);
    l->outputs = mnist_mlp_layer_outputs(mlp, index);
    if (!take_whole(l)) {
        return mnist_fail_memory(err, l->inputs * l->outputs, "a layer");
    }
    if (!packing->coder.decodes) {
        mnist_mlp_get_integers(mlp, index, l->weights, l->scales, l->biases, &l->range);
    }
    const mnist_status status = code_whole_weights(packing, index, l, fullness, err);
    if (status != MNIST_OK) {
        return status;
    }
    if (!code_scales(packing, l)) {
        return fail(packing, index, "scales", err);
    }
    if (!code_whole_biases(packing, l)) {
        return fail(packing, index, "biases", err);
    }
    return index + 1 == mnist_mlp_layers(mlp) || code_range(packing, &l->range)
               ? MNIST_OK
               : fail(packing, index, "scale, zero and step of the outputs", err);
}

/* Gives the net the form that was decoded. */
static mnist_status set_form(const mnist_packing *packing, mnist_mlp *mlp,
                             const mnist_normalization *normalization, const whole_layer *layers,
                             mnist_error *err)
{
    mnist_integer_layer form[MNIST_MAX_HIDDEN + 1];
    float table[256];
    mnist_error why;
    const float shift = mnist_normalization_split(normalization, table);
    const mnist_integer_inputs inputs = {.white = table[255], .shift = shift};
    for (unsigned i = 0; i < mnist_mlp_layers(mlp); i++) {
        form[i] = (mnist_integer_layer){.weights = layers[i].weights,
                                        .scales = layers[i].scales,
                                        .biases = layers[i].biases,
                                        .range = layers[i].range};
    }
    const mnist_status status = mnist_mlp_set_integers(mlp, &inputs, form, &why);
    if (status != MNIST_OK) {
        return mnist_fail(err, status, "%s: %s", packing->path, why.text);
    }
    return mnist_mlp_finite(mlp)
               ? MNIST_OK
               : mnist_fail(err, MNIST_ERR_FORMAT,
                            "%s: scales that are too large: a weight or bias is no finite number",
                            packing->path);
}

mnist_status mnist_packing_integers(mnist_packing *packing, mnist_mlp *mlp,
                                    const mnist_normalization *normalization, mnist_error *err)
{
    const unsigned count = mnist_mlp_layers(mlp);
    whole_layer layers[MNIST_MAX_HIDDEN + 1] = {{0}};
    mnist_status status = MNIST_OK;
    for (unsigned i = 0; i < count && status == MNIST_OK; i++) {
        status = code_whole_layer(packing, mlp, i, &layers[i],
                                  i > 0 ? layers[i - 1].fullness : NULL, err);
    }
    if (status == MNIST_OK && packing->coder.decodes) {
        status = set_form(packing, mlp, normalization, layers, err);
    }
    for (unsigned i = 0; i <= MNIST_MAX_HIDDEN; i++) {
        release_whole(&layers[i]);
    }
    return status;
}
