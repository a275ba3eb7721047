/* Optimisers over some steps of a net, against plain formulas in double that are given the same gradients: bias
 * correction, decay, clipping, max-norm, the moving average; with any team the same bits. */
#include "unit/unit.h"

#include "unit/reference.h"
#include "unit/tables.h"

#include "nn/pass.h"

enum { INPUTS = 21, CLASSES = 10, BATCH = 8, STEPS = 7, LAYERS = REFERENCE_LAYERS };

typedef struct optimizer_case {
    const char *title;
    mnist_optimizer_config config;
    bool batch_norm;
    float average; /* decay of the moving average; 0: none */
} optimizer_case;

#define ADAM .beta1 = 0.9f, .beta2 = 0.999f, .epsilon = 1e-8f

/* clang-format off */
static const optimizer_case cases[] = {
    {.title = "sgd", .config = {.kind = MNIST_SGD}},
    {.title = "sgd, all",
     .config = {.kind = MNIST_SGD, .momentum = 0.9f, .nesterov = true, .weight_decay = 0.03f,
                .clip_norm = 0.2f, .max_norm = 1.42f},
     .average = 0.9f},
    {.title = "adam", .config = {.kind = MNIST_ADAM, ADAM}},
    {.title = "adam, other betas",
     .config = {.kind = MNIST_ADAM, .beta1 = 0.5f, .beta2 = 0.9f, .epsilon = 0.01f}},
    {.title = "adam without memory", .config = {.kind = MNIST_ADAM, .epsilon = 1e-3f}},
    {.title = "adam, decay", .config = {.kind = MNIST_ADAM, ADAM, .weight_decay = 0.1f}},
    {.title = "adam, clipped",
     .config = {.kind = MNIST_ADAM, .beta1 = 0.9f, .beta2 = 0.999f, .epsilon = 0.01f, .clip_norm = 0.2f}},
    {.title = "adamw", .config = {.kind = MNIST_ADAMW, ADAM, .weight_decay = 0.5f}, .average = 0.7f},
    {.title = "adamw, max-norm",
     .config = {.kind = MNIST_ADAMW, ADAM, .weight_decay = 0.1f, .max_norm = 1.42f},
     .average = 0.7f},
    {.title = "adamw, batch normalisation",
     .config = {.kind = MNIST_ADAMW, ADAM, .weight_decay = 0.5f},
     .batch_norm = true,
     .average = 0.7f},
    {.title = "rmsprop", .config = {.kind = MNIST_RMSPROP, .rho = 0.9f, .epsilon = 1e-8f}},
    {.title = "rmsprop, decay, max-norm",
     .config = {.kind = MNIST_RMSPROP, .rho = 0.99f, .epsilon = 1e-3f, .weight_decay = 0.01f,
                .max_norm = 1.3f}},
};
/* clang-format on */

typedef struct world {
    mnist_mlp *mlp;
    mnist_pool *pool;
    mnist_pass *pass;
    mnist_optimizer *optimizer;
    float *average, lr;
    mnist_pass_batch batch;
    float x[BATCH * INPUTS];
    uint8_t labels[BATCH];
    bool update; /* else the gradient as it is */
} world;

static world *make_world(const optimizer_case *c, unsigned threads)
{
    world *w = mnist_alloc(1, sizeof *w);
    mnist_mlp_config plain = {.inputs = INPUTS,
                              .outputs = CLASSES,
                              .hidden_count = 2,
                              .hidden = {70, 9},
                              .activation = MNIST_TANH};
    mnist_mlp *start;
    assert_non_null(w);
    assert_int_equal(mnist_mlp_create(&start, &plain, NULL), MNIST_OK);
    mnist_mlp_init(start, MNIST_INIT_HE, 4);
    plain.batch_norm = c->batch_norm;
    assert_int_equal(mnist_mlp_create(&w->mlp, &plain, NULL), MNIST_OK);
    mnist_mlp_unfold(start, w->mlp);
    mnist_mlp_free(start);
    assert_int_equal(mnist_pool_create(&w->pool, threads, NULL), MNIST_OK);
    assert_int_equal(mnist_pass_create(&w->pass, w->mlp, w->pool, BATCH, NULL), MNIST_OK);
    assert_int_equal(mnist_optimizer_create(&w->optimizer, w->mlp, &c->config, NULL), MNIST_OK);
    if (c->average > 0.0f) {
        w->average = mnist_alloc(w->mlp->arena_size, sizeof(float));
        assert_non_null(w->average);
        memcpy(w->average, w->mlp->parameters, w->mlp->arena_size * sizeof(float));
        w->optimizer->average = w->average;
        w->optimizer->average_rate = 1.0f - c->average;
    }
    w->batch =
        (mnist_pass_batch){.x = w->x, .x_stride = INPUTS, .labels = w->labels, .count = BATCH};
    return w;
}

static void free_world(world *w)
{
    mnist_optimizer_free(w->optimizer);
    mnist_free(w->average);
    mnist_pass_free(w->pass);
    mnist_pool_free(w->pool);
    mnist_mlp_free(w->mlp);
    mnist_free(w);
}

static void step_task(void *argument, mnist_worker worker)
{
    world *w = argument;
    mnist_pass_train_part(w->pass, &w->batch, w->update ? w->optimizer : NULL, w->lr, worker);
}

/* Another batch and learning rate every step. */
static void prepare_step(world *w, unsigned step)
{
    test_fill(w->x, LENGTH(w->x), 60 + step, 1.0f);
    for (size_t i = 0; i < BATCH; i++) {
        w->labels[i] = (uint8_t)((i * 3 + step) % CLASSES);
    }
    w->lr = 0.01f * (float)(1 + step % 3);
}

static void run_update(world *w)
{
    w->update = true;
    mnist_pool_run(w->pool, step_task, w);
    mnist_optimizer_advance(w->optimizer);
}

/* Of every trained value of a layer. */
typedef struct values {
    double *w, *first, *second, *average;
} values;

static double *zeros(size_t count)
{
    double *room = calloc(count, sizeof *room);
    assert_non_null(room);
    return room;
}

/* Update `step` (from 1) of value i, whose gradient is g; weights only are decayed. */
static void reference_update(const mnist_optimizer_config *c, const values *v, size_t i, double g,
                             bool weight, unsigned step, double lr)
{
    const double decay = weight ? (double)c->weight_decay : 0, b1 = (double)c->beta1,
                 b2 = (double)c->beta2, epsilon = (double)c->epsilon;
    if (c->kind != MNIST_ADAMW) {
        g += decay * v->w[i];
    }
    switch (c->kind) {
    case MNIST_SGD:
        v->first[i] = (double)c->momentum * v->first[i] + g;
        v->w[i] -= lr * (c->nesterov ? g + (double)c->momentum * v->first[i] : v->first[i]);
        break;
    case MNIST_RMSPROP:
        v->second[i] = (double)c->rho * v->second[i] + (1 - (double)c->rho) * g * g;
        v->w[i] -= lr * g / (sqrt(v->second[i]) + epsilon);
        break;
    default:
        v->first[i] = b1 * v->first[i] + (1 - b1) * g;
        v->second[i] = b2 * v->second[i] + (1 - b2) * g * g;
        if (c->kind == MNIST_ADAMW) {
            v->w[i] -= lr * decay * v->w[i];
        }
        v->w[i] -= lr * (v->first[i] / (1 - pow(b1, step))) /
                   (sqrt(v->second[i] / (1 - pow(b2, step))) + epsilon);
    }
}

/* Columns of weights of a hidden layer cut down to the limit; how many were. */
static size_t reference_limit(double *w, size_t in, size_t out, double limit)
{
    size_t cut = 0;
    for (size_t n = 0; n < out; n++) {
        double squares = 0;
        for (size_t k = 0; k < in; k++) {
            squares += w[k * out + n] * w[k * out + n];
        }
        for (size_t k = 0; k < in && squares > limit * limit; k++) {
            w[k * out + n] *= limit / sqrt(squares);
        }
        cut += squares > limit * limit;
    }
    return cut;
}

static double norm_of(double *const gradients[LAYERS], const reference_net *net)
{
    double squares = 0;
    for (unsigned l = 0; l < LAYERS; l++) {
        for (size_t i = 0; i < reference_count(net, l); i++) {
            squares += gradients[l][i] * gradients[l][i];
        }
    }
    return sqrt(squares);
}

static void assert_near(const optimizer_case *c, unsigned step, const char *what, const world *w,
                        const float *arena, unsigned l, const double *expected)
{
    const mnist_layer *layer = &w->mlp->layers[l];
    for (size_t i = 0; i < layer->trained * layer->outputs; i++) {
        double found =
            (double)arena[reference_place(w->mlp, l, i / layer->outputs, i % layer->outputs)];
        if (!(fabs(found - expected[i]) < 2e-6)) {
            fail_msg("%s, step %u, %s of layer %u, value %zu: %.9g, expected %.9g", c->title, step,
                     what, l, i, found, expected[i]);
        }
    }
}

/* One step of the net and of the reference; how many units' weights were cut. */
static size_t check_step(const optimizer_case *c, world *w, const reference_net *net, values *v,
                         unsigned step)
{
    double *gradients[LAYERS], scale = 1;
    size_t cut = 0;
    prepare_step(w, step);
    w->update = false;
    mnist_pool_run(w->pool, step_task, w);
    for (unsigned l = 0; l < LAYERS; l++) {
        gradients[l] = zeros(reference_count(net, l));
        reference_read(w->mlp, w->pass->gradient, l, gradients[l]);
    }
    if (c->config.clip_norm > 0.0f) {
        double norm = norm_of(gradients, net);
        assert_true(norm > (double)c->config.clip_norm); /* else nothing would be clipped */
        scale = (double)c->config.clip_norm / norm;
    }
    run_update(w);
    for (unsigned l = 0; l < LAYERS; l++) {
        const size_t in = net->width[l], out = net->width[l + 1];
        for (size_t i = 0; i < reference_count(net, l); i++) {
            reference_update(&c->config, &v[l], i, scale * gradients[l][i], i < in * out, step,
                             (double)w->lr);
        }
        if (c->config.max_norm > 0.0f && l + 1 < LAYERS) {
            cut += reference_limit(v[l].w, in, out, (double)c->config.max_norm);
        }
        for (size_t i = 0; c->average > 0.0f && i < reference_count(net, l); i++) {
            v[l].average[i] += (1 - (double)c->average) * (v[l].w[i] - v[l].average[i]);
        }
        assert_near(c, step, "parameters", w, w->mlp->parameters, l, v[l].w);
        if (w->average) {
            assert_near(c, step, "average", w, w->average, l, v[l].average);
        }
        free(gradients[l]);
    }
    return cut;
}

/* Lengths of what comes in to every unit: within the limit, save at the output layer. */
static void check_lengths(const world *w, double limit)
{
    for (unsigned l = 0; l < LAYERS; l++) {
        const mnist_layer *layer = &w->mlp->layers[l];
        double longest = 0;
        for (size_t n = 0; n < layer->outputs; n++) {
            double squares = 0;
            for (size_t k = 0; k < layer->inputs; k++) {
                double value = (double)w->mlp->parameters[reference_place(w->mlp, l, k, n)];
                squares += value * value;
            }
            longest = fmax(longest, sqrt(squares));
        }
        assert_true(l + 1 < LAYERS ? longest <= limit * (1 + 1e-6) : longest > limit);
    }
}

static void test_against_reference(void **state)
{
    (void)state;
    for (size_t n = 0; n < LENGTH(cases); n++) {
        world *w = make_world(&cases[n], 2);
        reference_net net = reference_of(w->mlp);
        values v[LAYERS];
        size_t cut = 0, units = 0;
        for (unsigned l = 0; l < LAYERS; l++) {
            const size_t count = reference_count(&net, l);
            v[l] = (values){net.parameters[l], zeros(count), zeros(count), zeros(count)};
            memcpy(v[l].average, v[l].w, count * sizeof(double));
            units += STEPS * (l + 1 < LAYERS ? net.width[l + 1] : 0);
        }
        for (unsigned step = 1; step <= STEPS; step++) {
            cut += check_step(&cases[n], w, &net, v, step);
        }
        assert_int_equal(w->optimizer->updates, STEPS);
        if (cases[n].config.max_norm > 0.0f) {
            if (cut <= units / 20 || cut >= units) { /* some must be cut and some not */
                fail_msg("%s: %zu of %zu cut", cases[n].title, cut, units);
            }
            check_lengths(w, (double)cases[n].config.max_norm);
        }
        for (unsigned l = 0; l < LAYERS; l++) {
            free(v[l].first);
            free(v[l].second);
            free(v[l].average);
        }
        reference_free(&net);
        free_world(w);
    }
}

/* Padding stays zero, too: what is averaged and limited is whole panels. */
static void test_same_bits_with_any_team(void **state)
{
    (void)state;
    for (size_t n = 0; n < LENGTH(cases); n++) {
        world *base = NULL;
        for (unsigned threads = 1; threads <= 4; threads++) {
            world *w = make_world(&cases[n], threads);
            for (unsigned step = 1; step <= STEPS; step++) {
                prepare_step(w, step);
                run_update(w);
            }
            base = base ? base : w;
            assert_same_bits(base->mlp->parameters, w->mlp->parameters, w->mlp->arena_size,
                             "parameters");
            if (w->average) {
                assert_same_bits(base->average, w->average, w->mlp->arena_size, "average");
            }
            for (unsigned l = 0; l < LAYERS; l++) {
                const mnist_layer *layer = &w->mlp->layers[l];
                const size_t unit = layer->outputs; /* the first one past the end */
                for (size_t row = 0; unit % MNIST_LANES != 0 && row < layer->trained; row++) {
                    assert_true(w->mlp->parameters[reference_place(w->mlp, l, row, unit)] == 0.0f);
                }
            }
            if (w != base) {
                free_world(w);
            }
        }
        free_world(base);
    }
}

static void test_names(void **state)
{
    (void)state;
    static const char *const names[] = {"sgd", "adam", "adamw", "rmsprop"}; /* in files */
    assert_true(LENGTH(names) <= MNIST_OPTIMIZERS);
    for (size_t kind = 0; kind < LENGTH(names); kind++) {
        assert_string_equal(mnist_optimizer_name((mnist_optimizer_kind)kind), names[kind]);
    }
    assert_null(mnist_optimizer_name(MNIST_OPTIMIZERS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_reference),
        cmocka_unit_test(test_same_bits_with_any_team),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests_name("optimizer", tests, NULL, NULL);
}
