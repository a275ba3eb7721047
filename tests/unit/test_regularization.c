/* The gradient with regularisation: dropout, confidence penalty, soft targets, distillation, batch
 * normalisation, adversarial and virtual adversarial training, compared with central differences, in double, of an
 * independent net. */
#include "unit/unit.h"

#include "unit/reference.h"
#include "unit/tables.h"

#include "nn/pass.h"

enum { INPUTS = 21, CLASSES = 10, MOST = REFERENCE_BATCH, STRIDE = 16, STEP = 5, SEED = 9 };

typedef struct setup {
    const char *title;
    mnist_activation activation;
    unsigned hidden_count; /* of hidden[] */
    mnist_regularization regularization;
    float smoothing, shift;
    float temperature, soft_weight; /* of distillation; 0: none */
    size_t count;
    bool batch_norm, targets, bytes, indexed;
    mnist_precision precision;
    double tolerance; /* 0 stands for 1e-5 */
} setup;

static const unsigned hidden[] = {70, 9}; /* over a panel, under a lane row */

/* A net, a batch of it and a pass. */
typedef struct world {
    const setup *setup;
    mnist_mlp *mlp;
    mnist_pool *pool;
    mnist_pass *pass;
    mnist_pass_batch batch;
    uint8_t bytes[MOST * INPUTS], *transposed, labels[MOST];
    uint32_t index[MOST];
    float table[256], x[MOST * INPUTS], targets[MOST * STRIDE];
    float soft[MOST * STRIDE], soft_entropies[MOST];
    /* The same in double, for the reference: in the order of the batch. */
    double inputs[MOST * INPUTS], wanted[MOST * CLASSES], taught[MOST * CLASSES];
    double mask[REFERENCE_LAYERS][MOST * REFERENCE_WIDTH];
} world;

/* Weights as at the start of a training, biases and gamma drawn. */
static mnist_mlp *make_net(const setup *s)
{
    mnist_mlp_config config = {.inputs = INPUTS,
                               .outputs = CLASSES,
                               .hidden_count = s->hidden_count,
                               .hidden = {hidden[0], hidden[1]},
                               .activation = s->activation,
                               .batch_norm = s->batch_norm};
    mnist_mlp *mlp;
    assert_int_equal(mnist_mlp_create(&mlp, &config, NULL), MNIST_OK);
    mnist_mlp_init(mlp, MNIST_INIT_HE, 21);
    for (unsigned l = 0; l < mlp->layer_count; l++) {
        const mnist_layer *layer = &mlp->layers[l];
        for (size_t row = layer->inputs; row < layer->trained; row++) {
            for (size_t n = 0; n < layer->outputs; n++) {
                mlp->parameters[reference_place(mlp, l, row, n)] =
                    0.3f * test_value(40 + l, row * 100 + n) + (row > layer->inputs ? 1.0f : 0.0f);
            }
        }
    }
    return mlp;
}

/* What teachers say of the batch: a distribution for each image; one of them is certain. */
static void make_soft_targets(world *w)
{
    const setup *s = w->setup;
    for (size_t i = 0; s->soft_weight > 0.0f && i < s->count; i++) {
        double sum = 0, entropy = 0;
        for (size_t c = 0; c < CLASSES; c++) {
            double *q = &w->taught[i * CLASSES + c];
            *q = i == 3 ? (double)(c == 4) : exp(2 * (double)test_value(77, i * CLASSES + c));
            sum += *q;
        }
        for (size_t c = 0; c < CLASSES; c++) {
            w->soft[i * STRIDE + c] = (float)(w->taught[i * CLASSES + c] / sum);
            const double q = w->taught[i * CLASSES + c] = (double)w->soft[i * STRIDE + c];
            entropy -= q > 0 ? q * log(q) : 0;
        }
        w->soft_entropies[i] = (float)entropy;
        w->batch.soft = w->soft;
        w->batch.soft_entropies = w->soft_entropies;
        w->batch.temperature = s->temperature;
        w->batch.soft_weight = s->soft_weight;
    }
}

/* The batch: bytes, most of them 0, in any order, or floats; labels, or targets between two classes. */
static void make_batch(world *w)
{
    const setup *s = w->setup;
    const size_t count = s->count;
    for (size_t v = 0; v < 256; v++) {
        w->table[v] = (float)v / 255.0f * 1.7f;
    }
    if (w->pass->half) {
        w->pass->half->round(w->table, w->table, 256);
    }
    for (size_t i = 0; i < count; i++) {
        w->index[i] = (uint32_t)(s->indexed ? (i * 2 + 1) % count : i);
        w->labels[i] = (uint8_t)(i * 3 % CLASSES);
        for (size_t p = 0; p < INPUTS; p++) {
            uint32_t word =
                mnist_rng(7, (mnist_rng_purpose)TEST_RNG_PIXELS, (uint32_t)p, i).word[0];
            w->bytes[i * INPUTS + p] = word % 5 < 3 ? 0 : (uint8_t)(word >> 24 | 1);
        }
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t p = 0; p < INPUTS; p++) {
            const float value = w->table[w->bytes[w->index[i] * INPUTS + p]];
            w->x[i * INPUTS + p] = value + s->shift;
            w->inputs[i * INPUTS + p] =
                s->bytes ? (double)value + (double)s->shift : (double)w->x[i * INPUTS + p];
        }
        for (size_t c = 0; c < CLASSES; c++) {
            float share = c == w->labels[i] ? 1.0f : 0.0f;
            if (s->targets) {
                share = c == w->labels[i]                   ? 0.65f
                        : c == (w->labels[i] + i) % CLASSES ? 0.35f
                                                            : 0.0f;
                share += c == w->labels[i] && i % CLASSES == 0 ? 0.35f : 0.0f;
            }
            w->targets[i * STRIDE + c] = share;
            w->wanted[i * CLASSES + c] =
                (1 - (double)s->smoothing) * (double)share + (double)s->smoothing / CLASSES;
        }
    }
    w->batch = (mnist_pass_batch){.labels = w->labels,
                                  .count = count,
                                  .smoothing = s->smoothing,
                                  .seed = SEED,
                                  .step = STEP,
                                  .table = w->table};
    w->batch.targets = s->targets ? w->targets : NULL;
    if (s->bytes) {
        w->batch.bytes = w->bytes;
        w->batch.index = s->indexed ? w->index : NULL;
        w->batch.shift = s->shift;
        w->batch.transposed = w->transposed;
        w->batch.transposed_stride = STRIDE;
        ORACLE->transpose_bytes(w->bytes, w->batch.index, INPUTS, w->transposed, STRIDE, count,
                                INPUTS);
    } else {
        w->batch.x = w->x;
        w->batch.x_stride = INPUTS;
        if (w->pass->half) {
            w->pass->half->round(w->x, w->x, MOST * INPUTS / MNIST_LANES * MNIST_LANES);
        }
    }
    make_soft_targets(w);
}

/* Masks, by the kernel itself from ones. */
static void make_masks(world *w)
{
    for (unsigned l = 0; l < w->setup->hidden_count; l++) {
        mnist_dropout d = {.seed = SEED, .step = STEP, .layer = l};
        d.threshold = (uint32_t)(w->setup->regularization.dropout[l] * 65536.0f + 0.5f);
        d.scale = 65536.0f / (float)(65536 - d.threshold);
        for (size_t i = 0; i < w->setup->count; i++) {
            float ones[80];
            for (size_t n = 0; n < LENGTH(ones); n++) {
                ones[n] = 1.0f;
            }
            d.row = (uint32_t)i;
            ORACLE->dropout(ones, LENGTH(ones), &d);
            for (size_t n = 0; n < hidden[l]; n++) {
                w->mask[l][i * REFERENCE_WIDTH + n] = (double)ones[n];
            }
        }
    }
}

static world *make_world(const setup *s, unsigned threads)
{
    world *w = mnist_alloc(1, sizeof *w);
    assert_non_null(w);
    w->setup = s;
    w->mlp = make_net(s);
    w->transposed = mnist_alloc(INPUTS, STRIDE);
    assert_non_null(w->transposed);
    assert_int_equal(mnist_pool_create(&w->pool, threads, NULL), MNIST_OK);
    assert_int_equal(
        mnist_pass_create_with(
            &w->pass, w->mlp, w->pool, MOST,
            (mnist_pass_options){.precision = s->precision, .regularization = &s->regularization},
            NULL),
        MNIST_OK);
    make_batch(w);
    make_masks(w);
    return w;
}

static void free_world(world *w)
{
    mnist_pass_free(w->pass);
    mnist_pool_free(w->pool);
    mnist_mlp_free(w->mlp);
    mnist_free(w->transposed);
    mnist_free(w);
}

static void gradient_task(void *argument, mnist_worker worker)
{
    world *w = argument;
    mnist_pass_train_part(w->pass, &w->batch, NULL, 0.0f, worker);
}

static void run_gradient(world *w)
{
    mnist_pool_run(w->pool, gradient_task, w);
}

static reference_net net_of(const world *w)
{
    reference_net net = reference_of(w->mlp);
    for (unsigned l = 0; l < w->setup->hidden_count; l++) {
        net.mask[l] = w->mask[l];
    }
    return net;
}

/* What the loss is a function of, beside the parameters: changed images and the net's own predictions are
 * constants of the step. */
typedef struct constants {
    double changed[MOST * INPUTS], predictions[MOST * CLASSES];
} constants;

static void read_constants(const world *w, const reference_net *net, constants *c)
{
    double logits[MOST * CLASSES];
    reference_forward(net, w->inputs, w->setup->count, logits);
    for (size_t i = 0; i < w->setup->count; i++) {
        for (size_t p = 0; w->pass->perturbed && p < INPUTS; p++) {
            c->changed[i * INPUTS + p] =
                (double)w->pass->perturbed[i * w->pass->perturbed_stride + p];
        }
        reference_log_softmax(logits + i * CLASSES, CLASSES);
        for (size_t k = 0; k < CLASSES; k++) {
            c->predictions[i * CLASSES + k] = exp(logits[i * CLASSES + k]);
        }
    }
}

/* Mean over the batch of KL(q || softmax(z / temperature)). */
static double taught_loss(const world *w, const reference_net *net, const double *x)
{
    double logits[MOST * CLASSES], total = 0;
    const size_t count = w->setup->count;
    reference_forward(net, x, count, logits);
    for (size_t i = 0; i < count; i++) {
        double *log_p = logits + i * CLASSES;
        for (size_t c = 0; c < CLASSES; c++) {
            log_p[c] /= (double)w->setup->temperature;
        }
        reference_log_softmax(log_p, CLASSES);
        for (size_t c = 0; c < CLASSES; c++) {
            const double q = w->taught[i * CLASSES + c];
            total += q > 0 ? q * (log(q) - log_p[c]) : 0;
        }
    }
    return total / (double)count;
}

static double clean_loss(const world *w, const reference_net *net, const double *x)
{
    const double hard = reference_loss(net, x, w->wanted, w->setup->count,
                                       (double)w->setup->regularization.confidence_penalty);
    const double weight = (double)w->setup->soft_weight, t = (double)w->setup->temperature;
    return weight > 0 ? (1 - weight) * hard + weight * t * t * taught_loss(w, net, x) : hard;
}

/* The loss whose gradient is asked for; with virtual adversarial training up to a constant. */
static double whole_loss(const world *w, const reference_net *net, const constants *c)
{
    const mnist_regularization *r = &w->setup->regularization;
    double loss = clean_loss(w, net, w->inputs);
    if (r->adversarial_epsilon > 0.0f) {
        double share = (double)r->adversarial_share;
        loss = (1 - share) * loss + share * clean_loss(w, net, c->changed);
    } else if (r->virtual_epsilon > 0.0f) {
        loss += (double)r->virtual_weight *
                reference_loss(net, c->changed, c->predictions, w->setup->count, 0);
    }
    return loss;
}

/* Every parameter of one layer; errors as in test_gradient.c. */
static void check_layer(const world *w, reference_net *net, const constants *c, unsigned l,
                        double *worst)
{
    const size_t count = reference_count(net, l);
    const double tolerance = w->setup->tolerance > 0 ? w->setup->tolerance : 1e-5;
    double *found = malloc(count * sizeof *found), *expected = malloc(count * sizeof *expected),
           squares = 0;
    assert_true(found && expected);
    reference_read(w->mlp, w->pass->gradient, l, found);
    for (size_t i = 0; i < count; i++) {
        double *parameter = &net->parameters[l][i], old = *parameter, step = 1e-5;
        *parameter = old + step;
        double above = whole_loss(w, net, c);
        *parameter = old - step;
        double below = whole_loss(w, net, c);
        *parameter = old;
        expected[i] = (above - below) / (2 * step);
        squares += expected[i] * expected[i];
    }
    double typical = sqrt(squares / (double)count);
    assert_true(typical > 1e-6);
    for (size_t i = 0; i < count; i++) {
        double error = fabs(found[i] - expected[i]) / fmax(fabs(expected[i]), typical);
        *worst = fmax(*worst, error);
        if (!(error < tolerance)) {
            fail_msg("%s: layer %u, parameter %zu of %zu: gradient %.9g, difference %.9g",
                     w->setup->title, l, i, count, found[i], expected[i]);
        }
    }
    free(found);
    free(expected);
}

static void check_gradient(const setup *s, double *worst)
{
    world *w = make_world(s, 2);
    reference_net net = net_of(w);
    constants c;
    double mean = 0;
    run_gradient(w);
    read_constants(w, &net, &c);
    for (size_t i = 0; i < s->count; i++) {
        mean += (double)w->pass->losses[i] / (double)s->count;
    }
    double expected = clean_loss(w, &net, w->inputs);
    if (!(fabs(mean - expected) < 3e-6 * fmax(1, fabs(expected)))) {
        fail_msg("%s: loss %.9g, expected %.9g", s->title, mean, expected);
    }
    for (unsigned l = 0; l < net.layers; l++) {
        check_layer(w, &net, &c, l, worst);
    }
    reference_free(&net);
    free_world(w);
}

#define DROPOUT(a, b)        .dropout = {a, b}
#define FGSM(epsilon, share) .adversarial_epsilon = epsilon, .adversarial_share = share
#define VAT(epsilon, weight) .virtual_epsilon = epsilon, .virtual_weight = weight
#define TAUGHT(t, weight)    .temperature = t, .soft_weight = weight

/* clang-format off */
static const setup setups[] = {
    {.title = "dropout, relu", .activation = MNIST_RELU, .hidden_count = 2, .count = 7,
     .regularization = {DROPOUT(0.5f, 0.2f)}},
    {.title = "dropout, tanh", .activation = MNIST_TANH, .hidden_count = 2, .count = 8,
     .regularization = {DROPOUT(0.3f, 0.4f)}},
    {.title = "dropout, sigmoid, second layer alone", .activation = MNIST_SIGMOID, .hidden_count = 2,
     .count = 7, .regularization = {DROPOUT(0.0f, 0.5f)}, .bytes = true},
    {.title = "dropout, gelu", .activation = MNIST_GELU, .hidden_count = 2, .count = 7,
     .regularization = {DROPOUT(0.4f, 0.0f)}, .bytes = true, .shift = -0.4f},
    {.title = "dropout, leaky relu", .activation = MNIST_LEAKY_RELU, .hidden_count = 1, .count = 9,
     .regularization = {DROPOUT(0.4f, 0.0f)}},
    {.title = "confidence penalty", .activation = MNIST_TANH, .hidden_count = 1, .count = 7,
     .regularization = {.confidence_penalty = 0.7f}},
    {.title = "confidence penalty, smoothing", .activation = MNIST_TANH, .count = 7, .smoothing = 0.1f,
     .regularization = {.confidence_penalty = 0.3f}},
    {.title = "targets", .activation = MNIST_TANH, .hidden_count = 1, .count = 8, .targets = true},
    {.title = "targets, smoothing, confidence penalty", .activation = MNIST_TANH, .hidden_count = 1,
     .count = 7, .targets = true, .smoothing = 0.2f, .regularization = {.confidence_penalty = 0.5f}},
    {.title = "batch normalisation, relu", .activation = MNIST_RELU, .hidden_count = 2, .count = 7,
     .batch_norm = true, .tolerance = 1e-4},
    {.title = "batch normalisation, tanh, bytes", .activation = MNIST_TANH, .hidden_count = 2, .count = 8,
     .batch_norm = true, .bytes = true, .indexed = true, .shift = -0.4f, .tolerance = 1e-4},
    {.title = "batch normalisation, gelu, dropout", .activation = MNIST_GELU, .hidden_count = 2, .count = 9,
     .batch_norm = true, .bytes = true, .regularization = {DROPOUT(0.2f, 0.4f)}, .tolerance = 1e-4},
    {.title = "batch normalisation, sigmoid, all the rest", .activation = MNIST_SIGMOID, .hidden_count = 1,
     .count = 9, .batch_norm = true, .targets = true, .smoothing = 0.1f, .tolerance = 1e-4,
     .regularization = {DROPOUT(0.2f, 0.0f), .confidence_penalty = 0.2f}},
    {.title = "adversarial, no hidden layer", .count = 7, .regularization = {FGSM(0.1f, 0.5f)}},
    {.title = "adversarial, tanh", .activation = MNIST_TANH, .hidden_count = 2, .count = 7,
     .regularization = {FGSM(0.1f, 0.3f)}},
    {.title = "adversarial, gelu, even, bytes", .activation = MNIST_GELU, .hidden_count = 1, .count = 8,
     .bytes = true, .indexed = true, .shift = -0.4f, .regularization = {FGSM(0.2f, 0.7f)}},
    {.title = "adversarial, tanh, all the rest", .activation = MNIST_TANH, .hidden_count = 2, .count = 9,
     .bytes = true, .targets = true, .smoothing = 0.1f,
     .regularization = {FGSM(0.05f, 0.5f), DROPOUT(0.2f, 0.4f), .confidence_penalty = 0.3f}},
    {.title = "virtual, no hidden layer", .count = 7, .regularization = {VAT(1.5f, 1.0f)}},
    {.title = "virtual, tanh", .activation = MNIST_TANH, .hidden_count = 2, .count = 8,
     .regularization = {VAT(1.0f, 2.0f)}},
    {.title = "virtual, gelu, odd, bytes", .activation = MNIST_GELU, .hidden_count = 1, .count = 7,
     .bytes = true, .indexed = true, .shift = -0.4f, .smoothing = 0.1f, .regularization = {VAT(1.0f, 0.5f)}},
    {.title = "virtual, tanh, all the rest", .activation = MNIST_TANH, .hidden_count = 2, .count = 9,
     .targets = true, .smoothing = 0.1f,
     .regularization = {VAT(0.7f, 1.0f), DROPOUT(0.2f, 0.4f), .confidence_penalty = 0.3f}},
    {.title = "taught, no hidden layer", .count = 7, TAUGHT(1.0f, 0.5f)},
    {.title = "taught alone", .activation = MNIST_TANH, .hidden_count = 1, .count = 8, TAUGHT(4.0f, 1.0f)},
    {.title = "taught, cold", .activation = MNIST_GELU, .hidden_count = 1, .count = 7, TAUGHT(0.5f, 0.3f),
     .tolerance = 3e-5},
    {.title = "taught, hot, targets, smoothing, dropout, confidence penalty", .activation = MNIST_TANH,
     .hidden_count = 2, .count = 9, .bytes = true, .targets = true, .smoothing = 0.1f, TAUGHT(20.0f, 0.7f),
     .tolerance = 3e-5, .regularization = {DROPOUT(0.2f, 0.4f), .confidence_penalty = 0.3f}},
    {.title = "taught, batch normalisation", .activation = MNIST_RELU, .hidden_count = 2, .count = 8,
     .batch_norm = true, TAUGHT(3.0f, 0.9f), .tolerance = 1e-4},
    {.title = "taught, adversarial", .activation = MNIST_TANH, .hidden_count = 2, .count = 7, .bytes = true,
     .indexed = true, .shift = -0.4f, TAUGHT(3.0f, 0.8f), .regularization = {FGSM(0.1f, 0.3f)}},
    {.title = "taught alone, adversarial", .activation = MNIST_TANH, .hidden_count = 1, .count = 8,
     TAUGHT(2.0f, 1.0f), .regularization = {FGSM(0.1f, 0.5f)}},
    {.title = "taught, virtual", .activation = MNIST_TANH, .hidden_count = 2, .count = 7, .smoothing = 0.1f,
     TAUGHT(4.0f, 0.6f), .regularization = {VAT(1.0f, 0.5f)}},
    {.title = "taught alone, virtual", .activation = MNIST_TANH, .hidden_count = 1, .count = 9,
     TAUGHT(4.0f, 1.0f), .regularization = {VAT(1.0f, 1.0f)}},
};
/* clang-format on */

static void test_gradients(void **state)
{
    (void)state;
    double worst = 0, worst_normalized = 0;
    for (size_t i = 0; i < LENGTH(setups); i++) {
        check_gradient(&setups[i], setups[i].batch_norm ? &worst_normalized : &worst);
    }
    print_message("largest relative error: %.2g, with batch normalisation %.2g\n", worst,
                  worst_normalized);
}

/* Adversarial images: x + epsilon sign(dL/dx), the sign by differences of the loss in x. */
static void test_adversarial_images(void **state)
{
    (void)state;
    size_t looked_at = 0, all = 0;
    for (size_t n = 0; n < LENGTH(setups); n++) {
        const setup *s = &setups[n];
        const double epsilon = (double)s->regularization.adversarial_epsilon;
        if (epsilon <= 0) {
            continue;
        }
        world *w = make_world(s, 3);
        reference_net net = net_of(w);
        run_gradient(w);
        for (size_t i = 0; i < s->count * INPUTS; i++, all++) {
            const size_t image = i / INPUTS, p = i % INPUTS;
            double moved =
                (double)w->pass->perturbed[image * w->pass->perturbed_stride + p] - w->inputs[i];
            double old = w->inputs[i], step = 1e-5;
            w->inputs[i] = old + step;
            double above = clean_loss(w, &net, w->inputs);
            w->inputs[i] = old - step;
            double below = clean_loss(w, &net, w->inputs);
            w->inputs[i] = old;
            double slope = (above - below) / (2 * step) * (double)s->count;
            assert_true(fabs(fabs(moved) - epsilon) < 3e-7);
            if (fabs(slope) > 1e-5) { /* else the sign would depend on rounding */
                assert_true((slope > 0) == (moved > 0));
                looked_at++;
            }
        }
        reference_free(&net);
        free_world(w);
    }
    assert_true(all > 600 && looked_at > all * 9 / 10);
}

/* KL(p(x) || p(x + r)) of one image of a batch. */
static double divergence(const world *w, const reference_net *net, const constants *c, size_t image,
                         const double *r)
{
    double x[MOST * INPUTS], logits[MOST * CLASSES], sum = 0;
    memcpy(x, w->inputs, sizeof x);
    for (size_t p = 0; p < INPUTS; p++) {
        x[image * INPUTS + p] += r[p];
    }
    reference_forward(net, x, w->setup->count, logits); /* all: masks depend on the index */
    reference_log_softmax(logits + image * CLASSES, CLASSES);
    for (size_t k = 0; k < CLASSES; k++) {
        double p = c->predictions[image * CLASSES + k];
        sum += p * (log(p) - logits[image * CLASSES + k]);
    }
    return sum;
}

static void scale_to(double *r, double length)
{
    double squares = 0;
    for (size_t p = 0; p < INPUTS; p++) {
        squares += r[p] * r[p];
    }
    for (size_t p = 0; p < INPUTS; p++) {
        r[p] *= length / sqrt(squares);
    }
}

/* One image's r: its length, its direction, which is that of the divergence's gradient a little way off in the
 * direction that the step draws, and that few directions at random do as much. */
static void check_direction(const world *w, const reference_net *net, const constants *c,
                            size_t image, size_t *beaten)
{
    double r[INPUTS], probe[INPUTS], slope[INPUTS], squares = 0, product = 0;
    const double epsilon = (double)w->setup->regularization.virtual_epsilon;
    for (size_t p = 0; p < INPUTS; p++) {
        r[p] = c->changed[image * INPUTS + p] - w->inputs[image * INPUTS + p];
        squares += r[p] * r[p];
        probe[p] = (double)mnist_rng_bell(
            mnist_rng(SEED, MNIST_RNG_DIRECTION, (uint32_t)(p / 4), (uint64_t)STEP << 20 | image)
                .word[p % 4]);
    }
    assert_true(fabs(sqrt(squares) - epsilon) < 1e-6 * epsilon + 1e-6);
    scale_to(probe, 0.1);
    for (size_t p = 0; p < INPUTS; p++) {
        const double old = probe[p];
        probe[p] = old + 1e-5;
        const double above = divergence(w, net, c, image, probe);
        probe[p] = old - 1e-5;
        slope[p] = above - divergence(w, net, c, image, probe);
        probe[p] = old;
    }
    scale_to(slope, 1 / epsilon);
    for (size_t p = 0; p < INPUTS; p++) {
        product += slope[p] * r[p];
    }
    if (!(product > 0.999)) { /* the cosine between them */
        fail_msg("%s, image %zu: cosine %.6f", w->setup->title, image, product);
    }
    const double gained = divergence(w, net, c, image, r);
    for (uint32_t n = 0; n < 20; n++) {
        double other[INPUTS];
        for (uint32_t p = 0; p < INPUTS; p++) {
            other[p] = (double)test_value(900 + n, image * INPUTS + p);
        }
        scale_to(other, epsilon);
        *beaten += gained > divergence(w, net, c, image, other);
    }
}

static void test_virtual_adversarial_images(void **state)
{
    (void)state;
    size_t beaten = 0, images = 0;
    for (size_t n = 0; n < LENGTH(setups); n++) {
        if (setups[n].regularization.virtual_epsilon > 0.0f) {
            world *w = make_world(&setups[n], 2);
            reference_net net = net_of(w);
            constants c;
            run_gradient(w);
            read_constants(w, &net, &c);
            for (size_t i = 0; i < setups[n].count; i++, images++) {
                check_direction(w, &net, &c, i, &beaten);
                for (size_t k = 0; k < CLASSES; k++) {
                    assert_true(fabs((double)w->pass->probabilities[i * STRIDE + k] -
                                     c.predictions[i * CLASSES + k]) < 1e-6);
                }
            }
            reference_free(&net);
            free_world(w);
        }
    }
    assert_true(images > 25);
    print_message("of %zu directions at random, %zu did less\n", 20 * images, beaten);
    assert_true(beaten > 20 * images * 9 / 10);
}

/* --- The same bits ------------------------------------------------------------------------------ */

static void assert_same_pass(const world *a, const world *b)
{
    const size_t images = a->setup->count * a->pass->perturbed_stride;
    assert_same_bits(a->pass->gradient, b->pass->gradient, a->mlp->arena_size, a->setup->title);
    assert_same_bits(a->pass->losses, b->pass->losses, a->setup->count, a->setup->title);
    assert_same_bits(a->mlp->parameters, b->mlp->parameters, a->mlp->arena_size, a->setup->title);
    if (a->pass->perturbed) {
        assert_same_bits(a->pass->perturbed, b->pass->perturbed, images, a->setup->title);
    }
}

/* Of any team and kernels, of bytes and of floats, of a fresh pass and of one that has seen a larger batch. */
static void check_same_bits(const setup *s)
{
    world *base = make_world(s, 1);
    run_gradient(base);
    for (unsigned threads = 1; threads <= 5; threads++) {
        world *w = make_world(s, threads);
        run_gradient(w);
        assert_same_pass(base, w);
        free_world(w);
    }
    for (size_t k = 0; mnist_kernels_list(k); k++) {
        assert_int_equal(mnist_kernels_use(mnist_kernels_list(k)->name, NULL), MNIST_OK);
        world *w = make_world(s, 2);
        run_gradient(w);
        assert_same_pass(base, w);
        free_world(w);
    }
    assert_int_equal(mnist_kernels_use(NULL, NULL), MNIST_OK);
    if (!s->batch_norm) { /* that still holds values of an earlier batch */
        world *w = make_world(s, 2);
        setup larger = *s;
        larger.count = MOST;
        w->setup = &larger;
        make_batch(w);
        run_gradient(w);
        w->setup = s;
        make_batch(w);
        run_gradient(w);
        assert_same_pass(base, w);
        free_world(w);
    }
    if (s->shift == 0.0f) {
        setup other = *s;
        other.bytes = !s->bytes;
        world *w = make_world(&other, 2);
        run_gradient(w);
        assert_same_pass(base, w);
        free_world(w);
    }
    free_world(base);
}

static void test_same_bits(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(setups); i++) {
        for (int precision = 0; precision < MNIST_PRECISIONS; precision++) {
            setup s = setups[i];
            s.precision = (mnist_precision)precision;
            check_same_bits(&s);
        }
    }
}

/* A rate of 0 and a weight of 0 change nothing; a rate of nearly 1 leaves only the biases. */
static void test_nothing_is_nothing(void **state)
{
    (void)state;
    setup plain = {.title = "nothing", .activation = MNIST_TANH, .hidden_count = 2, .count = 7};
    setup silent = plain;
    silent.regularization =
        (mnist_regularization){.adversarial_share = 0.5f,
                               .virtual_weight = 1.0f,
                               DROPOUT(1e-6f, 0.0f)}; /* rounds to none of 65536 */
    world *a = make_world(&plain, 2), *b = make_world(&silent, 2);
    run_gradient(a);
    run_gradient(b);
    assert_same_pass(a, b);
    assert_null(b->pass->perturbed);
    free_world(a);
    free_world(b);
    setup deaf = plain;
    deaf.regularization = (mnist_regularization){DROPOUT(0.99999f, 0.99999f)};
    a = make_world(&deaf, 2);
    run_gradient(a);
    for (unsigned l = 0; l < 3; l++) {
        for (size_t i = 0; i < (size_t)a->mlp->layers[l].inputs; i++) {
            float value = a->pass->gradient[reference_place(a->mlp, l, i, 0)];
            assert_true(isfinite(value));
            assert_true(l == 2 || value == 0.0f); /* seed and step are such that nothing is kept */
        }
    }
    free_world(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gradients),
        cmocka_unit_test(test_adversarial_images),
        cmocka_unit_test(test_virtual_adversarial_images),
        cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_nothing_is_nothing),
    };
    return cmocka_run_group_tests_name("regularization", tests, NULL, NULL);
}
