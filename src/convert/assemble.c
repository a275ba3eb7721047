#include "convert/assemble.h"

#include "base/status.h"
#include "io/text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEARCH_STEPS 100000u /* of the search for an order, at most */

/* A layer that is to be: bias NULL: there is none in the file. */
typedef struct pair {
    const mnist_named_array *weights, *bias;
} pair;

typedef struct pairs {
    pair of[MNIST_NET_LAYERS];
    unsigned count;
} pairs;

/* Matrices and vectors of a file, each in the order of their names. */
typedef struct sorted {
    const mnist_named_array *matrices[MNIST_NET_LAYERS], *vectors[MNIST_NET_LAYERS];
    unsigned matrix_count, vector_count;
} sorted;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

int mnist_natural_compare(const char *a, const char *b)
{
    while (*a != '\0' && *b != '\0') {
        if (is_digit(*a) && is_digit(*b)) {
            a += strspn(a, "0");
            b += strspn(b, "0");
            const size_t left = strspn(a, "0123456789"), right = strspn(b, "0123456789");
            if (left != right) {
                return left < right ? -1 : 1;
            }
            const int order = strncmp(a, b, left);
            if (order != 0) {
                return order;
            }
            a += left;
            b += right;
        } else if (*a != *b) {
            return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
        } else {
            a++;
            b++;
        }
    }
    return (*a != '\0') - (*b != '\0');
}

/* Puts array into a list in order. false: it is full. */
static bool insert(const mnist_named_array **list, unsigned *count, const mnist_named_array *array)
{
    unsigned place = *count;
    if (place == MNIST_NET_LAYERS) {
        return false;
    }
    for (; place > 0 && mnist_natural_compare(array->name, list[place - 1]->name) < 0; place--) {
        list[place] = list[place - 1];
    }
    list[place] = array;
    ++*count;
    return true;
}

/* Of a batch normalisation. */
static bool is_statistic(const mnist_named_array *array)
{
    return strstr(array->name, "running_mean") || strstr(array->name, "running_var");
}

/* MNIST_ERR_MISMATCH, here and below: what the list of layers can mend. */
static mnist_status refuse_array(const mnist_assembly *a, const mnist_named_array *array,
                                 mnist_error *err)
{
    const mnist_shown name = mnist_show(array->name);
    if (is_statistic(array)) {
        return mnist_fail(
            err, MNIST_ERR_MISMATCH,
            "%s: '%s' belongs to a batch normalisation, which is not read; fold it into "
            "the layer before it, or name the layers in order",
            a->path, name.text);
    }
    if (array->unread) {
        return mnist_fail(err, MNIST_ERR_MISMATCH,
                          "%s: '%s' is of type %s, expected floating-point numbers of 16, 32 or 64 "
                          "bits; name the layers in order if it is of none",
                          a->path, name.text, mnist_show(array->unread).text);
    }
    return mnist_fail(
        err, MNIST_ERR_MISMATCH,
        "%s: '%s' has %u dimensions, expected 2 (weights) or 1 (a bias), since only dense "
        "layers are read; name them in order if it belongs to none",
        a->path, name.text, array->rank);
}

/* All arrays, which must be weights and biases; single numbers are counters and the like. */
static mnist_status sort_arrays(sorted *out, const mnist_assembly *a, mnist_error *err)
{
    *out = (sorted){.matrix_count = 0};
    for (size_t i = 0; i < a->count; i++) {
        const mnist_named_array *array = &a->arrays[i];
        if (array->rank == 0) {
            continue;
        }
        if (array->rank > 2 || array->unread || is_statistic(array)) {
            return refuse_array(a, array, err);
        }
        const bool stored = array->rank == 2 ? insert(out->matrices, &out->matrix_count, array)
                                             : insert(out->vectors, &out->vector_count, array);
        if (!stored) {
            return mnist_fail(
                err, MNIST_ERR_MISMATCH,
                "%s: more than %u %s, expected a net of at most %u layers; name them in order",
                a->path, MNIST_NET_LAYERS, array->rank == 2 ? "matrices" : "vectors",
                MNIST_NET_LAYERS);
        }
    }
    return MNIST_OK;
}

/* Bytes of a name before its last part: "net.0" of "net.0.weight"; 0: it has one part. */
static size_t stem(const char *name)
{
    size_t length = strlen(name);
    while (length > 0 && name[length - 1] != '.' && name[length - 1] != '/') {
        length--;
    }
    return length;
}

static bool same_stem(const mnist_named_array *a, const mnist_named_array *b)
{
    const size_t length = stem(a->name);
    return length > 0 && length == stem(b->name) && strncmp(a->name, b->name, length) == 0;
}

/* Weights and bias of one layer have names that differ in their last part alone. false: not here. */
static bool pair_by_stem(const sorted *s, pairs *out)
{
    unsigned used = 0;
    out->count = s->matrix_count;
    for (unsigned m = 0; m < s->matrix_count; m++) {
        out->of[m] = (pair){.weights = s->matrices[m]};
        if (m > 0 && same_stem(s->matrices[m], s->matrices[m - 1])) {
            return false;
        }
        for (unsigned v = 0; v < s->vector_count; v++) {
            if (same_stem(s->matrices[m], s->vectors[v])) {
                if (out->of[m].bias) {
                    return false;
                }
                out->of[m].bias = s->vectors[v];
                used++;
            }
        }
    }
    return used == s->vector_count;
}

static bool pair_by_order(const sorted *s, pairs *out)
{
    out->count = s->matrix_count;
    for (unsigned m = 0; m < s->matrix_count; m++) {
        out->of[m] =
            (pair){.weights = s->matrices[m], .bias = s->vector_count > 0 ? s->vectors[m] : NULL};
    }
    return s->vector_count == 0 || s->vector_count == s->matrix_count;
}

static uint64_t inputs_of(const pair *p, bool outputs_first)
{
    return p->weights->shape[outputs_first ? 1 : 0];
}

static uint64_t outputs_of(const pair *p, bool outputs_first)
{
    return p->weights->shape[outputs_first ? 0 : 1];
}

static bool bias_fits(const pair *p, bool outputs_first)
{
    return !p->bias || p->bias->shape[0] == outputs_of(p, outputs_first);
}

/* A way to read the pairs. */
typedef struct reading {
    bool outputs_first; /* how weights lie */
    bool any;           /* any number of classes is looked for, not ten alone */
    bool is_own;        /* weights lie as the format has them */
} reading;

/* The ways, in the order in which they are tried: ten classes before any other number, and of each the
 * format's own order before the other. */
static reading reading_at(const mnist_assembly *a, unsigned index)
{
    const bool is_own = index % 2 == 0;
    return (reading){a->outputs_first == is_own, index >= 2, is_own};
}
#define READINGS 4u

/* Whether a net may have these widths. Read from its end to its beginning, a chain of layers is one, too:
 * what tells them apart is ten outputs; or, of other classes, the format's own order; or that there are
 * more inputs than there can be classes. */
static bool widths_fit(uint64_t inputs, uint64_t outputs, reading r)
{
    return r.any ? outputs >= MNIST_MIN_CLASSES && outputs <= MNIST_MAX_CLASSES &&
                       (r.is_own || inputs > MNIST_MAX_CLASSES)
                 : outputs == MNIST_CLASSES;
}

/* Whether the layers follow one another as they stand, and end at the classes. */
static bool is_chain(const pairs *p, reading r)
{
    const bool outputs_first = r.outputs_first;
    for (unsigned i = 0; i < p->count; i++) {
        if (!bias_fits(&p->of[i], outputs_first) ||
            (i > 0 &&
             outputs_of(&p->of[i - 1], outputs_first) != inputs_of(&p->of[i], outputs_first))) {
            return false;
        }
    }
    return p->count > 0 && widths_fit(inputs_of(&p->of[0], outputs_first),
                                      outputs_of(&p->of[p->count - 1], outputs_first), r);
}

/* A search for orders in which they do, from the last layer back. */
typedef struct search {
    const pairs *pairs;
    reading reading;
    bool used[MNIST_NET_LAYERS];
    unsigned order[MNIST_NET_LAYERS], found[MNIST_NET_LAYERS];
    unsigned solutions; /* 2: more than one */
    unsigned steps;
} search;

/* outputs: of the layer that is looked for; of the last one, the reading says them. */
static void search_from(search *s, unsigned left, uint64_t outputs)
{
    const bool outputs_first = s->reading.outputs_first;
    if (left == 0) {
        const pair *first = &s->pairs->of[s->order[0]],
                   *last = &s->pairs->of[s->order[s->pairs->count - 1]];
        if (widths_fit(inputs_of(first, outputs_first), outputs_of(last, outputs_first),
                       s->reading)) {
            memcpy(s->found, s->order, sizeof s->found);
            s->solutions++;
        }
        return;
    }
    for (unsigned i = 0; i < s->pairs->count && s->solutions < 2 && s->steps < SEARCH_STEPS; i++) {
        const pair *p = &s->pairs->of[i];
        const uint64_t own = outputs_of(p, outputs_first);
        const bool fits = left < s->pairs->count ? own == outputs
                          : s->reading.any       ? own <= MNIST_MAX_CLASSES
                                                 : own == MNIST_CLASSES;
        if (s->used[i] || !fits) {
            continue;
        }
        s->steps++;
        s->used[i] = true;
        s->order[left - 1] = i;
        search_from(s, left - 1, inputs_of(p, outputs_first));
        s->used[i] = false;
    }
}

/* The one order in which the layers follow one another. false: there is none, or more. */
static bool order_by_shape(pairs *p, reading r)
{
    search s = {.pairs = p, .reading = r};
    for (unsigned i = 0; i < p->count; i++) {
        if (!bias_fits(&p->of[i], r.outputs_first)) {
            return false;
        }
    }
    search_from(&s, p->count, 0);
    if (s.solutions != 1 || s.steps >= SEARCH_STEPS) {
        return false;
    }
    const pairs before = *p;
    for (unsigned i = 0; i < p->count; i++) {
        p->of[i] = before.of[s.found[i]];
    }
    return true;
}

static mnist_status fail_chain(const mnist_assembly *a, const pairs *p, mnist_error *err)
{
    char shapes[1024];
    size_t used = 0;
    for (unsigned i = 0; i < p->count && used < sizeof shapes; i++) {
        const mnist_named_array *weights = p->of[i].weights;
        used +=
            (size_t)snprintf(shapes + used, sizeof shapes - used,
                             "%s'%s' (%" PRIu64 ", %" PRIu64 ")", i > 0 ? ", " : "",
                             mnist_show(weights->name).text, weights->shape[0], weights->shape[1]);
    }
    return mnist_fail(
        err, MNIST_ERR_MISMATCH,
        "%s: its matrices %s, with their biases, are not in just one way layers that "
        "follow one another to %u outputs, or to another number of classes; name them in order",
        a->path, shapes, MNIST_CLASSES);
}

/* Pairs, in the file's own order or by shape, and how the weights lie. */
static mnist_status find_order(pairs *out, bool *outputs_first, mnist_net *net,
                               const mnist_assembly *a, mnist_error *err)
{
    sorted s;
    mnist_status status = sort_arrays(&s, a, err);
    if (status != MNIST_OK) {
        return status;
    }
    if (s.matrix_count == 0) {
        return mnist_fail(
            err, MNIST_ERR_FORMAT,
            "%s: no matrix among its %zu arrays, expected the weights of 1 to %u layers", a->path,
            a->count, MNIST_NET_LAYERS);
    }
    if (!pair_by_stem(&s, out) && !pair_by_order(&s, out)) {
        return mnist_fail(
            err, MNIST_ERR_MISMATCH,
            "%s: of its arrays, matrices: %u, vectors: %u; expected a bias for each of the "
            "matrices or for none; name the layers in order",
            a->path, s.matrix_count, s.vector_count);
    }
    for (unsigned at = 0; at < READINGS; at += 2) {
        for (unsigned other = 0; other < 2; other++) {
            const reading r = reading_at(a, at + other);
            if (is_chain(out, r)) {
                *outputs_first = r.outputs_first;
                return MNIST_OK;
            }
        }
        for (unsigned other = 0; other < 2; other++) {
            const reading r = reading_at(a, at + other);
            if (order_by_shape(out, r)) {
                *outputs_first = r.outputs_first;
                mnist_net_note(net,
                               "names do not say the order of the layers: it was found by shape, "
                               "'%.60s' first",
                               out->of[0].weights->name);
                return MNIST_OK;
            }
        }
    }
    return fail_chain(a, out, err);
}

/* --layers */

static const mnist_named_array *find_array(const mnist_assembly *a, const char *name, size_t length,
                                           const char *ending)
{
    for (size_t i = 0; i < a->count; i++) {
        const char *own = a->arrays[i].name;
        if (strncmp(own, name, length) == 0 && strcmp(own + length, ending) == 0) {
            return &a->arrays[i];
        }
    }
    return NULL;
}

static const mnist_named_array *find_part(const mnist_assembly *a, const char *name, size_t length,
                                          const char *const *endings)
{
    const mnist_named_array *found = NULL;
    for (; *endings && !found; endings++) {
        found = find_array(a, name, length, *endings);
    }
    return found;
}

/* One word of the list: NAME, or WEIGHTS+BIAS. */
static mnist_status find_layer(pair *out, const mnist_assembly *a, const char *word, size_t length,
                               mnist_error *err)
{
    static const char *const of_weights[] = {"",          ".weight", "/weight", ".kernel",
                                             "/kernel:0", "/kernel", "/vars/0", NULL};
    static const char *const of_bias[] = {".bias", "/bias:0", "/bias", "/vars/1", NULL};
    static const char *const exact[] = {"", NULL};
    const char *plus = memchr(word, '+', length);
    const size_t first = plus ? (size_t)(plus - word) : length;
    const size_t second = plus ? length - first - 1 : first;
    out->weights = find_part(a, word, first, plus ? exact : of_weights);
    out->bias = find_part(a, plus ? plus + 1 : word, second, plus ? exact : of_bias);
    if (!out->weights || (plus && !out->bias)) {
        char shown[81];
        snprintf(shown, sizeof shown, "%.*s", (int)(length < 80 ? length : 80), word);
        return mnist_fail(
            err, MNIST_ERR_ARGUMENT,
            "%s: the list of layers names '%s', of which the file has no %s; it has %zu arrays%s%s",
            a->path, mnist_show(shown).text, out->weights ? "bias" : "weights", a->count,
            a->count > 0 ? ", as " : "", a->count > 0 ? mnist_show(a->arrays[0].name).text : "");
    }
    if (out->weights->rank != 2 || out->weights->unread) {
        return refuse_array(a, out->weights, err);
    }
    if (out->bias && (out->bias->rank != 1 || out->bias->unread)) {
        return refuse_array(a, out->bias, err);
    }
    return MNIST_OK;
}

/* Of layers that are named in an order in which they do not follow one another: the one in which they do. */
static mnist_status fail_order(const mnist_assembly *a, const pairs *named, mnist_error *err)
{
    pairs ordered = *named;
    char names[1024];
    size_t used = 0;
    unsigned at = 0;
    while (at < READINGS && !order_by_shape(&ordered, reading_at(a, at))) {
        at++;
    }
    if (at == READINGS) {
        return fail_chain(a, named, err);
    }
    for (unsigned i = 0; i < ordered.count && used < sizeof names; i++) {
        const pair *p = &ordered.of[i];
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s%s%s", i > 0 ? "," : "",
                                 mnist_show(p->weights->name).text, p->bias ? "+" : "",
                                 p->bias ? mnist_show(p->bias->name).text : "");
    }
    return mnist_fail(err, MNIST_ERR_MISMATCH,
                      "%s: in the order in which they are named its layers do not follow one "
                      "another to the classes; in this order they do: %s",
                      a->path, names);
}

static mnist_status follow_layers(pairs *out, bool *outputs_first, const mnist_assembly *a,
                                  mnist_error *err)
{
    const char *word = a->layers;
    out->count = 0;
    for (bool more = true; more;) {
        const size_t length = strcspn(word, ",");
        if (out->count == MNIST_NET_LAYERS) {
            return mnist_fail(err, MNIST_ERR_ARGUMENT, "%s: the list of layers has more than %u",
                              a->path, MNIST_NET_LAYERS);
        }
        mnist_status status = find_layer(&out->of[out->count], a, word, length, err);
        if (status != MNIST_OK) {
            return status;
        }
        out->count++;
        more = word[length] == ',';
        word += length + 1;
    }
    for (unsigned at = 0; at < READINGS; at++) {
        const reading r = reading_at(a, at);
        *outputs_first = r.outputs_first;
        if (is_chain(out, r)) {
            return MNIST_OK;
        }
    }
    return fail_order(a, out, err);
}

/* Numbers, as (in, out). How many were rounded. */
static size_t copy_weights(float *out, const mnist_named_array *w, bool outputs_first)
{
    const size_t rows = (size_t)w->shape[0], columns = (size_t)w->shape[1];
    const size_t width = mnist_number_width(w->type);
    const bool as_it_lies = outputs_first == w->column_major;
    const size_t inner = w->column_major ? rows : columns, outer = w->column_major ? columns : rows;
    const uint8_t *at = w->bytes;
    size_t rounded = 0;
    for (size_t i = 0; i < outer; i++) { /* in the order of the file */
        for (size_t k = 0; k < inner; k++, at += width) {
            out[as_it_lies ? i * inner + k : k * outer + i] =
                mnist_number_get(at, w->type, w->big_endian);
            rounded += mnist_number_is_rounded(at, w->type, w->big_endian);
        }
    }
    return rounded;
}

static size_t copy_bias(float *out, const mnist_named_array *b)
{
    const size_t width = mnist_number_width(b->type);
    size_t rounded = 0;
    for (size_t i = 0; i < b->shape[0]; i++) {
        out[i] = mnist_number_get(b->bytes + i * width, b->type, b->big_endian);
        rounded += mnist_number_is_rounded(b->bytes + i * width, b->type, b->big_endian);
    }
    return rounded;
}

mnist_status mnist_assemble(mnist_net *net, const mnist_assembly *assembly, mnist_error *err)
{
    pairs found;
    bool outputs_first = assembly->outputs_first;
    size_t rounded = 0;
    unsigned without = 0;
    mnist_status status = assembly->layers ? follow_layers(&found, &outputs_first, assembly, err)
                                           : find_order(&found, &outputs_first, net, assembly, err);
    for (unsigned i = 0; status == MNIST_OK && i < found.count; i++) {
        const pair *p = &found.of[i];
        status = mnist_net_add_layer(net, inputs_of(p, outputs_first), outputs_of(p, outputs_first),
                                     assembly->path, err);
        if (status == MNIST_OK) {
            rounded += copy_weights(net->layers[i].weights, p->weights, outputs_first);
            rounded += p->bias ? copy_bias(net->layers[i].bias, p->bias) : 0;
            without += !p->bias;
        }
    }
    if (status != MNIST_OK) {
        return status;
    }
    if (outputs_first != assembly->outputs_first) {
        mnist_net_note(net, "weights are (%s), which their shapes tell",
                       outputs_first ? "out, in" : "in, out");
    }
    if (without > 0) {
        mnist_net_note(net, "%u of %u layers%s have no bias%s, which is taken as 0", without,
                       found.count, assembly->layers ? ", as they were named," : "",
                       assembly->layers ? "" : " in the file");
    }
    if (rounded > 0) {
        mnist_net_note(net, "%zu numbers of 64 bits were rounded to fp32", rounded);
    }
    return MNIST_OK;
}
