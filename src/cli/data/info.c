#define _POSIX_C_SOURCE 200809L
/* info: what data are. */
#include "cli/shared/program.h"
#include "cli/terminal/color.h"
#include "cli/terminal/show.h"

#include "cli/data/tool.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LABELS = 256 };

/* What is counted in one part. */
typedef struct facts {
    size_t counts[LABELS];
    unsigned classes; /* that have images */
    unsigned low, high;
    double mean, density; /* of pixels; the share that is not 0 */
    size_t doubles;       /* images that an earlier one is equal to */
    size_t conflicts;     /* of these, those with another label */
    size_t seen;          /* images that are in the first part, too */
} facts;

/* An image for sorting: equal ones become neighbours. */
typedef struct key {
    uint64_t hash;
    const uint8_t *pixels;
    size_t size, index;
    unsigned part;
    uint8_t label;
} key;

/* FNV-1a by words of 8 bytes: what is equal has one hash; what is not is told apart by its bytes. */
static uint64_t hash_of(const uint8_t *pixels, size_t size)
{
    uint64_t hash = 0xcbf29ce484222325u, word;
    for (size_t i = 0; i < size; i += sizeof word) {
        word = 0;
        memcpy(&word, pixels + i, size - i < sizeof word ? size - i : sizeof word);
        hash = (hash ^ word) * 0x100000001b3u;
        hash ^= hash >> 29;
    }
    return hash;
}

/* By content, and then in the order in which they are met. */
static int by_content(const void *a, const void *b)
{
    const key *x = a, *y = b;
    int order = (x->hash > y->hash) - (x->hash < y->hash);
    if (order == 0) {
        order = memcmp(x->pixels, y->pixels, x->size);
    }
    if (order == 0) {
        order = (x->part > y->part) - (x->part < y->part);
    }
    return order ? order : (x->index > y->index) - (x->index < y->index);
}

static bool are_equal(const key *a, const key *b)
{
    return a->hash == b->hash && memcmp(a->pixels, b->pixels, a->size) == 0;
}

/* keys: of all parts, sorted. */
static void count_doubles(facts *all, const key *keys, size_t count)
{
    for (size_t first = 0, end; first < count; first = end) {
        for (end = first + 1; end < count && are_equal(&keys[first], &keys[end]); end++) {
        }
        for (size_t i = first; i < end; i++) {
            facts *own = &all[keys[i].part];
            const bool doubled = i > first && keys[i - 1].part == keys[i].part;
            own->doubles += doubled;
            own->conflicts += doubled && keys[i].label != keys[i - 1].label;
            own->seen += keys[i].part > 0 && keys[first].part == 0;
        }
    }
}

static mnist_status find_doubles(facts *all, const mnist_data_sets *sets, mnist_error *err)
{
    size_t total = 0, used = 0;
    for (size_t p = 0; p < sets->count; p++) {
        total += sets->sets[p].view.count;
    }
    key *keys = calloc(total, sizeof *keys);
    if (!keys) {
        return mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for comparing %zu images", total);
    }
    const mnist_view first = sets->sets[0].view;
    for (size_t p = 0; p < sets->count; p++) {
        const mnist_view view = sets->sets[p].view;
        const size_t size = (size_t)view.rows * view.cols;
        if (view.rows != first.rows || view.cols != first.cols) {
            continue; /* images of another size are not compared */
        }
        for (size_t i = 0; i < view.count; i++) {
            const uint8_t *pixels = view.images + i * size;
            keys[used++] =
                (key){hash_of(pixels, size), pixels, size, i, (unsigned)p, view.labels[i]};
        }
    }
    qsort(keys, used, sizeof *keys, by_content);
    count_doubles(all, keys, used);
    free(keys);
    return MNIST_OK;
}

static void count_pixels(facts *f, mnist_view view)
{
    uint64_t histogram[256] = {0}, sum = 0;
    const size_t pixels = view.count * view.rows * view.cols;
    for (size_t i = 0; i < pixels; i++) {
        histogram[view.images[i]]++;
    }
    for (unsigned value = 0; value < 256; value++) {
        sum += value * histogram[value];
        if (histogram[value] > 0) {
            f->high = value;
        }
    }
    while (histogram[f->low] == 0) {
        f->low++;
    }
    f->mean = (double)sum / (double)pixels;
    f->density = 1.0 - (double)histogram[0] / (double)pixels;
    for (size_t i = 0; i < view.count; i++) {
        f->counts[view.labels[i]]++;
    }
    for (unsigned c = 0; c < LABELS; c++) {
        f->classes += f->counts[c] > 0;
    }
}

static json_t *row_of(const mnist_data_sets *sets, size_t index, const facts *f)
{
    const mnist_data_set *set = &sets->sets[index];
    json_t *row = json_object(), *counts = json_array();
    unsigned last = LABELS - 1;
    while (last > 0 && f->counts[last] == 0) {
        last--;
    }
    for (unsigned c = 0; c <= last; c++) {
        mnist_json_append(&counts, mnist_json_whole(f->counts[c]));
    }
    mnist_json_put(&row, "part", json_string(set->name));
    mnist_json_put(&row, "format", json_string(set->facts.format));
    mnist_json_put(&row, "images", mnist_json_whole(set->view.count));
    mnist_json_put(&row, "rows", json_integer((json_int_t)set->view.rows));
    mnist_json_put(&row, "cols", json_integer((json_int_t)set->view.cols));
    if (set->labelled) {
        mnist_json_put(&row, "classes", json_integer((json_int_t)f->classes));
        mnist_json_put(&row, "counts", counts);
    } else {
        json_decref(counts);
    }
    mnist_json_put(&row, "min", json_integer((json_int_t)f->low));
    mnist_json_put(&row, "max", json_integer((json_int_t)f->high));
    mnist_json_put(&row, "mean", json_real(f->mean));
    mnist_json_put(&row, "density", json_real(f->density));
    mnist_json_put(&row, "doubles", mnist_json_whole(f->doubles));
    if (set->labelled) {
        mnist_json_put(&row, "conflicts", mnist_json_whole(f->conflicts));
    }
    if (index > 0) {
        mnist_json_put(&row, "in_train", mnist_json_whole(f->seen));
    }
    return row;
}

/* An image of each class, one below the other. */
static void show_classes(const mnist_tool_settings *s, const mnist_data_set *set)
{
    const size_t pixels = (size_t)set->view.rows * set->view.cols;
    const mnist_show_style style =
        mnist_show_choose(mnist_color_wanted(s->out.color, STDERR_FILENO));
    bool shown[LABELS] = {false};
    for (unsigned c = 0; c < LABELS; c++) {
        for (size_t i = 0; i < set->view.count && !shown[c]; i++) {
            if (set->view.labels[i] == c) {
                shown[c] = true;
                fprintf(stderr, "%s %u\n", set->name, c);
                mnist_show(set->view.images + i * pixels, set->view.rows, set->view.cols, style,
                           stderr);
            }
        }
    }
}

mnist_status mnist_data_info(const mnist_tool_settings *s, mnist_error *err)
{
    mnist_data_sets sets;
    facts all[2] = {{.low = 0}, {.low = 0}};
    mnist_status status = mnist_data_sets_load(&sets, s, s->part, true, err);
    if (status != MNIST_OK) {
        return status;
    }
    for (size_t i = 0; i < sets.count; i++) {
        count_pixels(&all[i], sets.sets[i].view);
    }
    status = find_doubles(all, &sets, err);
    if (status == MNIST_OK) {
        json_t *rows = json_array();
        for (size_t i = 0; i < sets.count; i++) {
            mnist_json_append(&rows, row_of(&sets, i, &all[i]));
        }
        status = mnist_data_print(s, rows, err);
    }
    if (status == MNIST_OK && s->show) {
        fflush(stdout);
        show_classes(s, &sets.sets[0]);
    }
    mnist_data_sets_free(&sets);
    return status;
}
