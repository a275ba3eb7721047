/* Each kernel alone, on one thread, at the shapes that nn/ and data/ call it with for nets on
 * MNIST. */
#include "bench/groups.h"

#include "base/memory.h"
#include "base/status.h"

#include <stdio.h>
#include <string.h>

#define SMALL_BATCH 64u  /* images, of 784-128-10 */
#define LARGE_BATCH 128u /* of 784-512-512-10 */
#define LARGE_WIDTH 512u

static mnist_status short_of_memory(mnist_error *err)
{
    return mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for the benchmark of a kernel");
}

static float *filled(mnist_suite *suite, size_t count)
{
    float *values = mnist_suite_alloc(suite, count, sizeof *values);
    if (values) {
        mnist_bench_fill(values, count, 0.05f);
    }
    return values;
}

static size_t padded(size_t count)
{
    return (count + MNIST_LANES - 1) / MNIST_LANES * MNIST_LANES;
}

/* Products */

typedef struct product_work {
    const mnist_kernels *kernels;
    mnist_product product;
    /* for the input gradient only: the weights are (inputs, outputs) and are transposed first */
    const float *weights;
    float *transposed;
    size_t panels; /* of the outputs */
} product_work;

static void product(void *context)
{
    product_work *work = context;
    work->kernels->product(&work->product);
}

/* As nn/backward.c does it: one block of MNIST_PANEL inputs, a panel of outputs at a time. */
static void input_gradient(void *context)
{
    product_work *work = context;
    mnist_product p = work->product;
    for (size_t panel = 0; panel < work->panels; panel++) {
        work->kernels->transpose(work->weights + panel * MNIST_PANEL * MNIST_PANEL, MNIST_PANEL,
                                 work->transposed, MNIST_PANEL, MNIST_PANEL, MNIST_PANEL);
        p.init = panel == 0 ? NULL : p.out;
        p.x = work->product.x + panel * MNIST_PANEL;
        work->kernels->product(&p);
    }
}

/* kind: "forward" reads x along rows, "weight gradient" down columns: rows are then inputs and
 * depth is images. */
static mnist_status add_product(mnist_suite *suite, const char *kind, bool columns, size_t rows,
                                size_t depth, size_t width, mnist_error *err)
{
    product_work *work = mnist_suite_alloc(suite, 1, sizeof *work);
    size_t stride = columns ? padded(rows) : padded(depth);
    float *x = filled(suite, (columns ? depth : rows) * stride), *w = filled(suite, depth * width);
    float *out = mnist_suite_alloc(suite, rows * width, sizeof *out), *init = filled(suite, width);
    if (!work || !x || !w || !out || !init) {
        return short_of_memory(err);
    }
    *work = (product_work){.kernels = suite->kernels,
                           .product = {.out = out,
                                       .out_stride = width,
                                       .init = columns ? NULL : init,
                                       .x = x,
                                       .x_row = columns ? 1 : stride,
                                       .x_step = columns ? stride : 1,
                                       .w = w,
                                       .w_stride = width,
                                       .rows = rows,
                                       .depth = depth,
                                       .width = width}};
    mnist_bench_case item = {.unit = MNIST_BENCH_GFLOPS,
                             .amount = 2.0 * (double)rows * (double)depth * (double)width,
                             .work = product,
                             .context = work};
    snprintf(item.name, sizeof item.name, "product, %s, %zu x %zu x %zu", kind, rows, depth, width);
    return mnist_suite_add(suite, &item, err);
}

static mnist_status add_input_gradient(mnist_suite *suite, size_t rows, size_t outputs,
                                       mnist_error *err)
{
    product_work *work = mnist_suite_alloc(suite, 1, sizeof *work);
    float *deltas = filled(suite, rows * outputs), *weights = filled(suite, outputs * MNIST_PANEL);
    float *transposed = mnist_suite_alloc(suite, MNIST_PANEL * MNIST_PANEL, sizeof *transposed);
    float *out = mnist_suite_alloc(suite, rows * MNIST_PANEL, sizeof *out);
    if (!work || !deltas || !weights || !transposed || !out) {
        return short_of_memory(err);
    }
    *work = (product_work){.kernels = suite->kernels,
                           .product = {.out = out,
                                       .out_stride = MNIST_PANEL,
                                       .init_stride = MNIST_PANEL,
                                       .x = deltas,
                                       .x_row = outputs,
                                       .x_step = 1,
                                       .w = transposed,
                                       .w_stride = MNIST_PANEL,
                                       .rows = rows,
                                       .depth = MNIST_PANEL,
                                       .width = MNIST_PANEL},
                           .weights = weights,
                           .transposed = transposed,
                           .panels = outputs / MNIST_PANEL};
    mnist_bench_case item = {.unit = MNIST_BENCH_GFLOPS,
                             .amount = 2.0 * (double)rows * (double)outputs * MNIST_PANEL,
                             .work = input_gradient,
                             .context = work};
    snprintf(item.name, sizeof item.name, "product, input gradient, %zu x %zu x %u", rows, outputs,
             MNIST_PANEL);
    return mnist_suite_add(suite, &item, err);
}

/* Mixed precision: the cost of making pairs, and of a product of pairs. */

typedef struct half_work {
    const mnist_half *half;
    mnist_pair_product product;
    const float *values;
    mnist_pair *pairs;
} half_work;

static void half_product(void *context)
{
    const half_work *work = context;
    work->half->product(&work->product);
}

static void make_pairs(void *context)
{
    const half_work *work = context;
    for (size_t r = 0; r < LARGE_WIDTH; r += 2) {
        const float *row = work->values + r * MNIST_PANEL;
        work->half->pair_across(row, row + MNIST_PANEL, work->pairs + r / 2 * MNIST_PANEL,
                                MNIST_PANEL);
    }
}

static mnist_status add_half(mnist_suite *suite, mnist_precision precision, mnist_error *err)
{
    const size_t depth = LARGE_WIDTH / 2;
    const char *name = mnist_precision_name(precision);
    half_work *work = mnist_suite_alloc(suite, 1, sizeof *work);
    float *values = filled(suite, LARGE_WIDTH * MNIST_PANEL);
    float *inputs = filled(suite, LARGE_BATCH * LARGE_WIDTH);
    mnist_pair *x = mnist_suite_alloc(suite, LARGE_BATCH * depth, sizeof *x);
    mnist_pair *w = mnist_suite_alloc(suite, depth * MNIST_PANEL, sizeof *w);
    float *out = mnist_suite_alloc(suite, LARGE_BATCH * MNIST_PANEL, sizeof *out);
    if (!work || !values || !inputs || !x || !w || !out) {
        return short_of_memory(err);
    }
    *work = (half_work){.half = suite->kernels->half[precision],
                        .product = {.out = out,
                                    .out_stride = MNIST_PANEL,
                                    .x = x,
                                    .x_row = depth,
                                    .x_step = 1,
                                    .w = w,
                                    .w_stride = MNIST_PANEL,
                                    .rows = LARGE_BATCH,
                                    .depth = depth,
                                    .width = MNIST_PANEL},
                        .values = values,
                        .pairs = w};
    work->half->pair_along(inputs, x, LARGE_BATCH * LARGE_WIDTH);
    make_pairs(work);
    mnist_bench_case item = {.unit = MNIST_BENCH_GFLOPS,
                             .amount = 2.0 * LARGE_BATCH * LARGE_WIDTH * MNIST_PANEL,
                             .work = half_product,
                             .context = work};
    snprintf(item.name, sizeof item.name, "pair product, %s, %u x %u x %u", name,
             (unsigned)LARGE_BATCH, (unsigned)LARGE_WIDTH, MNIST_PANEL);
    mnist_status status = mnist_suite_add(suite, &item, err);
    if (status == MNIST_OK) {
        item.unit = MNIST_BENCH_GBYTES;
        item.amount = sizeof(float) * LARGE_WIDTH * MNIST_PANEL;
        item.work = make_pairs;
        snprintf(item.name, sizeof item.name, "pairs of floats, %s, %u x %u", name,
                 (unsigned)LARGE_WIDTH, MNIST_PANEL);
        status = mnist_suite_add(suite, &item, err);
    }
    return status;
}

static mnist_status add_products(mnist_suite *suite, mnist_error *err)
{
    const size_t pixels = (size_t)suite->view.rows * suite->view.cols;
    const struct {
        const char *kind;
        bool columns;
        size_t rows, depth, width;
    } shapes[] = {{"forward", false, SMALL_BATCH, pixels, MNIST_PANEL},
                  {"forward", false, LARGE_BATCH, LARGE_WIDTH, MNIST_PANEL},
                  {"forward", false, SMALL_BATCH, 128, MNIST_LANES},
                  {"weight gradient", true, pixels, SMALL_BATCH, MNIST_PANEL},
                  {"weight gradient", true, LARGE_WIDTH, LARGE_BATCH, MNIST_PANEL},
                  {"weight gradient", true, 128, SMALL_BATCH, MNIST_LANES}};
    mnist_status status = MNIST_OK;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0] && status == MNIST_OK; i++) {
        status = add_product(suite, shapes[i].kind, shapes[i].columns, shapes[i].rows,
                             shapes[i].depth, shapes[i].width, err);
    }
    /* Three tiles of images at a time, and all of them: the difference shows what transposing
     * costs. */
    if (status == MNIST_OK) {
        status = add_input_gradient(suite, 24, LARGE_WIDTH, err);
    }
    if (status == MNIST_OK) {
        status = add_input_gradient(suite, LARGE_BATCH, LARGE_WIDTH, err);
    }
    for (mnist_precision p = MNIST_BF16; p < MNIST_PRECISIONS && status == MNIST_OK; p++) {
        status = add_half(suite, p, err);
    }
    return status;
}

/* Products of bytes: images of the view with one panel or two, leaving out their zeros. Several
 * batches take turns: a CPU predicts where rows end, and would learn a single batch by heart. */
#define BYTE_BATCHES 16u

typedef struct byte_work {
    const mnist_kernels *kernels;
    const mnist_half *half;
    mnist_pair *pairs; /* of w, or of deltas: (pixels + 1, panels * MNIST_PANEL) */
    const uint8_t *images;
    uint8_t *transposed; /* (batches, pixels, SMALL_BATCH) */
    size_t pixels, panels, batches, batch;
    float *table, *deltas, *w, *out, *init;
} byte_work;

static const uint8_t *next_batch(byte_work *work, const uint8_t *batches)
{
    work->batch = (work->batch + 1) % work->batches;
    return batches + work->batch * SMALL_BATCH * work->pixels;
}

static void byte_forward(void *context)
{
    byte_work *work = context;
    const size_t width = work->panels * MNIST_PANEL;
    work->kernels->byte_product(&(mnist_byte_product){.out = work->out,
                                                      .out_stride = width,
                                                      .init = work->init,
                                                      .init_panel = MNIST_PANEL,
                                                      .x = next_batch(work, work->images),
                                                      .x_stride = work->pixels,
                                                      .table = work->table,
                                                      .w = work->w,
                                                      .w_stride = MNIST_PANEL,
                                                      .w_panel = (work->pixels + 1) * MNIST_PANEL,
                                                      .rows = SMALL_BATCH,
                                                      .depth = work->pixels,
                                                      .width = width});
}

static void byte_gradient(void *context)
{
    byte_work *work = context;
    work->kernels->byte_product(&(mnist_byte_product){.out = work->out,
                                                      .out_stride = MNIST_PANEL,
                                                      .x = next_batch(work, work->transposed),
                                                      .x_stride = SMALL_BATCH,
                                                      .table = work->table,
                                                      .w = work->deltas,
                                                      .w_stride = MNIST_PANEL,
                                                      .rows = work->pixels,
                                                      .depth = SMALL_BATCH,
                                                      .width = MNIST_PANEL});
}

/* The same in pairs, as mixed precision does it if there is an instruction for it. */

static void pair_forward(void *context)
{
    byte_work *work = context;
    const size_t width = work->panels * MNIST_PANEL;
    work->half->byte_product(
        &(mnist_pair_byte_product){.out = work->out,
                                   .out_stride = width,
                                   .init = work->init,
                                   .x = next_batch(work, work->images),
                                   .x_stride = work->pixels,
                                   .table = work->table,
                                   .w = work->pairs,
                                   .w_stride = MNIST_PANEL,
                                   .rows = SMALL_BATCH,
                                   .depth = work->pixels,
                                   .width = MNIST_PANEL,
                                   .panels = work->panels,
                                   .out_panel = MNIST_PANEL,
                                   .init_panel = MNIST_PANEL,
                                   .w_panel = (work->pixels + 1) / 2 * MNIST_PANEL});
}

static void pair_gradient(void *context)
{
    byte_work *work = context;
    work->half->byte_product(&(mnist_pair_byte_product){.out = work->out,
                                                        .out_stride = MNIST_PANEL,
                                                        .x = next_batch(work, work->transposed),
                                                        .x_stride = SMALL_BATCH,
                                                        .table = work->table,
                                                        .w = work->pairs,
                                                        .w_stride = MNIST_PANEL,
                                                        .rows = work->pixels,
                                                        .depth = SMALL_BATCH,
                                                        .width = MNIST_PANEL,
                                                        .panels = work->panels,
                                                        .alike = true,
                                                        .out_panel = work->pixels * MNIST_PANEL,
                                                        .w_panel = SMALL_BATCH / 2 * MNIST_PANEL});
}

static void transpose_images(void *context)
{
    const byte_work *work = context;
    const size_t at = work->batch * SMALL_BATCH * work->pixels;
    work->kernels->transpose_bytes(work->images + at, NULL, work->pixels, work->transposed + at,
                                   SMALL_BATCH, SMALL_BATCH, work->pixels);
}

static mnist_status make_byte_work(mnist_suite *suite, size_t panels, byte_work **out,
                                   mnist_error *err)
{
    size_t pixels = (size_t)suite->view.rows * suite->view.cols;
    byte_work *work = mnist_suite_alloc(suite, 1, sizeof *work);
    if (!work) {
        return short_of_memory(err);
    }
    size_t batches = suite->view.count / SMALL_BATCH;
    batches = batches < BYTE_BATCHES ? batches : BYTE_BATCHES;
    *work = (byte_work){.kernels = suite->kernels,
                        .half = suite->kernels->half[MNIST_BF16],
                        .pairs = mnist_suite_alloc(suite, (pixels + SMALL_BATCH) * panels,
                                                   MNIST_PANEL * sizeof(mnist_pair)),
                        .images = suite->view.images,
                        .transposed = mnist_suite_alloc(suite, pixels, batches * SMALL_BATCH),
                        .pixels = pixels,
                        .panels = panels,
                        .batches = batches,
                        .table = filled(suite, 256),
                        .deltas = filled(suite, SMALL_BATCH * MNIST_PANEL),
                        .w = filled(suite, (pixels + 1) * panels * MNIST_PANEL),
                        .out = filled(suite, (pixels + SMALL_BATCH) * panels * MNIST_PANEL),
                        .init = filled(suite, panels * MNIST_PANEL)};
    if (!work->pairs || !work->transposed || !work->table || !work->deltas || !work->w ||
        !work->out || !work->init) {
        return short_of_memory(err);
    }
    work->table[0] = 0.0f;
    work->half->round(work->table, work->table, 256);
    for (size_t p = 0; p < (pixels + 1) * panels / 2; p++) { /* any two rows make pairs */
        const float *row = work->w + 2 * p * MNIST_PANEL;
        work->half->pair_across(row, row + MNIST_PANEL, work->pairs + p * MNIST_PANEL, MNIST_PANEL);
    }
    for (; work->batch < batches; work->batch++) {
        transpose_images(work);
    }
    work->batch = 0;
    *out = work;
    return MNIST_OK;
}

static double products_of_bytes(const byte_work *work)
{
    size_t found = 0, bytes = work->batches * SMALL_BATCH * work->pixels;
    for (size_t i = 0; i < bytes; i++) {
        found += work->images[i] != 0;
    }
    return (double)found / (double)work->batches * (double)(work->panels * MNIST_PANEL);
}

static mnist_status add_bytes(mnist_suite *suite, mnist_error *err)
{
    static const struct {
        const char *name;
        size_t panels;
        bool moves, pairs;
        void (*work)(void *context);
    } kinds[] = {
        {"byte product, forward", 1, false, false, byte_forward},
        {"byte product, forward", 2, false, false, byte_forward},
        {"byte product, weight gradient", 1, false, false, byte_gradient},
        {"pair byte product, forward", 2, false, true, pair_forward},
        {"pair byte product, weight gradient", 2, false, true, pair_gradient},
        {"bytes transposed", 1, true, false, transpose_images},
    };
    mnist_status status = MNIST_OK;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0] && status == MNIST_OK; i++) {
        byte_work *work = NULL;
        if (kinds[i].pairs && !suite->kernels->half[MNIST_BF16]->byte_product) {
            continue; /* without such an instruction floats are used */
        }
        status = make_byte_work(suite, kinds[i].panels, &work, err);
        if (status != MNIST_OK) {
            break;
        }
        mnist_bench_case item = {.unit = MNIST_BENCH_GFLOPS,
                                 .amount = 2.0 * products_of_bytes(work),
                                 .work = kinds[i].work,
                                 .context = work};
        int used = snprintf(item.name, sizeof item.name, "%s, %u x %zu", kinds[i].name, SMALL_BATCH,
                            work->pixels);
        if (kinds[i].moves) {
            item.unit = MNIST_BENCH_GBYTES;
            item.amount = (double)(SMALL_BATCH * work->pixels);
        } else {
            snprintf(item.name + used, sizeof item.name - (size_t)used, " x %zu",
                     kinds[i].panels * MNIST_PANEL);
        }
        status = mnist_suite_add(suite, &item, err);
    }
    return status;
}

/* Kernels that work element by element, or row by row. */

typedef struct element_work {
    const mnist_kernels *kernels;
    mnist_activation activation;
    float *a, *b, *c;
    uint8_t *labels, *predicted;
    size_t count;
} element_work;

static void activate(void *context)
{
    const element_work *work = context;
    work->kernels->activate[work->activation](work->a, work->b, work->count);
}

/* The kernel works in place, and multiplying by f' again and again would make its values denormal:
 * so they are renewed each time. */
static void activate_backward(void *context)
{
    const element_work *work = context;
    memcpy(work->c, work->a, work->count * sizeof *work->c);
    work->kernels->activate_backward[work->activation](work->a, work->b, work->c, work->count);
}

static void sgd(void *context)
{
    const element_work *work = context;
    static const mnist_sgd_update update = {
        .lr = 0.001f, .momentum = 0.9f, .decay = 1e-4f, .scale = 1.0f, .nesterov = true};
    work->kernels->sgd(work->a, work->b, work->c, work->count, &update);
}

static void sum_squares(void *context)
{
    const element_work *work = context;
    mnist_bench_keep(work->kernels->sum_squares(work->a, work->count));
}

static void softmax(void *context)
{
    const element_work *work = context;
    work->kernels->softmax(&(mnist_softmax){.z = work->a,
                                            .dz = work->b,
                                            .stride = MNIST_LANES,
                                            .labels = work->labels,
                                            .losses = work->c,
                                            .predicted = work->predicted,
                                            .rows = work->count / MNIST_LANES,
                                            .classes = MNIST_CLASSES,
                                            .scale = 1.0f / SMALL_BATCH});
}

/* Adds item, whose amount is that of one element, for this many elements; its context is made
 * here. */
static mnist_status add_element(mnist_suite *suite, mnist_bench_case item, size_t count,
                                mnist_activation activation, mnist_error *err)
{
    if (!mnist_suite_wants(suite, item.name)) {
        return MNIST_OK;
    }
    element_work *work = mnist_suite_alloc(suite, 1, sizeof *work);
    if (!work) {
        return short_of_memory(err);
    }
    *work = (element_work){.kernels = suite->kernels,
                           .activation = activation,
                           .a = filled(suite, count),
                           .b = filled(suite, count),
                           .c = filled(suite, count),
                           .labels = mnist_suite_alloc(suite, count, 1),
                           .predicted = mnist_suite_alloc(suite, count, 1),
                           .count = count};
    if (!work->a || !work->b || !work->c || !work->labels || !work->predicted) {
        return short_of_memory(err);
    }
    for (size_t i = 0; i < count; i++) {
        work->labels[i] = (uint8_t)(i % MNIST_CLASSES);
        work->a[i] *= 40.0f; /* [-2, 2), as activations and logits of nets are */
    }
    item.amount *= (double)count;
    item.context = work;
    return mnist_suite_add(suite, &item, err);
}

static mnist_status add_elements(mnist_suite *suite, mnist_error *err)
{
    const size_t batch = SMALL_BATCH * 128; /* activations of a hidden layer */
    const size_t panel = ((size_t)suite->view.rows * suite->view.cols + 1) * MNIST_PANEL;
    mnist_bench_case item = {.unit = MNIST_BENCH_GBYTES, .amount = 8.0, .work = activate};
    mnist_status status = MNIST_OK;
    for (unsigned i = 0; i < MNIST_ACTIVATIONS && status == MNIST_OK; i++) {
        mnist_activation f = (mnist_activation)i;
        snprintf(item.name, sizeof item.name, "activation, %s, %u x 128", mnist_activation_name(f),
                 SMALL_BATCH);
        status = add_element(suite, item, batch, f, err);
    }
    /* the copy reads and writes, the kernel reads two and writes one */
    item =
        (mnist_bench_case){.unit = MNIST_BENCH_GBYTES, .amount = 20.0, .work = activate_backward};
    for (unsigned i = 0; i < MNIST_ACTIVATIONS && status == MNIST_OK; i++) {
        mnist_activation f = (mnist_activation)i;
        snprintf(item.name, sizeof item.name, "derivative and copy, %s, %u x 128",
                 mnist_activation_name(f), SMALL_BATCH);
        status = add_element(suite, item, batch, f, err);
    }
    if (status == MNIST_OK) {
        item = (mnist_bench_case){
            .unit = MNIST_BENCH_IMAGES, .amount = 1.0 / MNIST_LANES, .work = softmax};
        snprintf(item.name, sizeof item.name, "softmax and gradient, %u x %u", SMALL_BATCH,
                 MNIST_CLASSES);
        status = add_element(suite, item, SMALL_BATCH * MNIST_LANES, MNIST_RELU, err);
    }
    if (status == MNIST_OK) {
        item = (mnist_bench_case){.unit = MNIST_BENCH_GBYTES, .amount = 20.0, .work = sgd};
        snprintf(item.name, sizeof item.name, "sgd, Nesterov, %zu weights", panel);
        status = add_element(suite, item, panel, MNIST_RELU, err);
    }
    if (status == MNIST_OK) {
        item = (mnist_bench_case){.unit = MNIST_BENCH_GBYTES, .amount = 4.0, .work = sum_squares};
        snprintf(item.name, sizeof item.name, "sum of squares, %zu values", panel);
        status = add_element(suite, item, panel, MNIST_RELU, err);
    }
    return status;
}

mnist_status mnist_bench_add_kernels(mnist_suite *suite, mnist_error *err)
{
    mnist_status status = add_products(suite, err);
    if (status == MNIST_OK) {
        status = add_bytes(suite, err);
    }
    if (status == MNIST_OK) {
        status = add_elements(suite, err);
    }
    return status == MNIST_OK ? mnist_bench_add_images(suite, err) : status;
}
