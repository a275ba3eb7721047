/* Pruning: which weights go, when, and that they stay away; against a plain selection by sorting. */
#include "unit/unit.h"

#include <math.h>
#include <mnist/mnist.h>
#include <stdlib.h>

enum { SIDE = 28, PIXELS = SIDE * SIDE, IMAGES = 120, LAYERS = 3, MOST = 90 };

static uint8_t images[IMAGES * PIXELS], labels[IMAGES];
static const mnist_view view = {images, labels, IMAGES, SIDE, SIDE, MNIST_CLASSES, 0};
static const mnist_mlp_config shape = {
    .inputs = PIXELS, .outputs = MNIST_CLASSES, .hidden_count = 2, .hidden = {70, 33}};

static int make_images(void **state)
{
    (void)state;
    test_images(images, labels, IMAGES, PIXELS);
    for (size_t i = 0; i < IMAGES; i++) {
        memset(images + i * PIXELS, 0, 100); /* never lit */
    }
    return 0;
}

/* The weights of all layers after one another, each (in, out). */
typedef struct weights {
    float *value[LAYERS];
    float *bias[LAYERS];
} weights;

static weights read_weights(const mnist_mlp *mlp)
{
    weights w;
    for (unsigned l = 0; l < LAYERS; l++) {
        const size_t outputs = mnist_mlp_layer_outputs(mlp, l);
        w.value[l] = malloc(mnist_mlp_layer_inputs(mlp, l) * outputs * sizeof(float));
        w.bias[l] = malloc(outputs * sizeof(float));
        assert_true(w.value[l] && w.bias[l]);
        mnist_mlp_get_layer(mlp, l, w.value[l], w.bias[l]);
    }
    return w;
}

static void free_weights(weights *w)
{
    for (unsigned l = 0; l < LAYERS; l++) {
        free(w->value[l]);
        free(w->bias[l]);
    }
}

static const size_t ins[LAYERS] = {PIXELS, 70, 33}, outs[LAYERS] = {70, 33, MNIST_CLASSES};

static size_t count_nonzero(const mnist_mlp *mlp)
{
    weights w = read_weights(mlp);
    size_t count = 0;
    for (unsigned l = 0; l < LAYERS; l++) {
        for (size_t i = 0; i < ins[l] * outs[l]; i++) {
            count += fpclassify(w.value[l][i]) != FP_ZERO;
        }
    }
    free_weights(&w);
    return count;
}

static mnist_mlp *new_net(void)
{
    mnist_mlp *mlp;
    assert_int_equal(mnist_mlp_create_drawn(&mlp, &shape, MNIST_INIT_AUTO, 5, NULL), MNIST_OK);
    return mlp;
}

static mnist_train_config new_config(unsigned epochs, size_t batch)
{
    mnist_train_config config = mnist_train_defaults();
    config.epochs = epochs;
    config.batch_size = batch;
    config.adapt_threads = false;
    config.pruning = (mnist_pruning){.keep = 0.1f, .end = 1.0f};
    return config;
}

static mnist_mlp *train(const mnist_train_config *config, unsigned threads, mnist_view validation,
                        const mnist_train_hooks *hooks)
{
    mnist_pool *pool;
    mnist_mlp *mlp = new_net();
    assert_int_equal(mnist_pool_create(&pool, threads, NULL), MNIST_OK);
    const mnist_train_job job = {.net = mlp,
                                 .config = config,
                                 .train = view,
                                 .validation = validation,
                                 .pool = pool,
                                 .hooks = hooks};
    mnist_error err;
    if (mnist_train(&job, &err) != MNIST_OK) {
        fail_msg("%s", err.text);
    }
    mnist_pool_free(pool);
    return mlp;
}

static const mnist_view nothing = {NULL, NULL, 0, SIDE, SIDE, MNIST_CLASSES, 0};

/* What is pruned as one, as a plain list. */
typedef struct group {
    double score;
    size_t index;
    unsigned layer;
    size_t i, n; /* first weight, or unit n */
} group;

static int by_score(const void *a, const void *b)
{
    const group *x = a, *y = b;
    if (x->score < y->score || x->score > y->score) {
        return x->score > y->score ? -1 : 1;
    }
    return x->index < y->index ? -1 : 1;
}

static double activity_of(size_t pixel)
{
    double sum = 0.0;
    for (size_t i = 0; i < IMAGES; i++) {
        sum += (double)images[i * PIXELS + pixel] * images[i * PIXELS + pixel];
    }
    return (double)((float)sqrt(sum / IMAGES) / 255.0f);
}

static double score_of(const weights *w, unsigned l, size_t i, size_t n, bool magnitude)
{
    static double activity[PIXELS];
    static bool known;
    for (size_t k = 0; !known && k < PIXELS; k++) {
        activity[k] = activity_of(k);
    }
    known = true;
    const double scaled =
        (double)w->value[l][i * outs[l] + n] * (l == 0 && !magnitude ? activity[i] : 1.0);
    return scaled * scaled;
}

/* Sets to 0 what pruning should, by sorting all groups. */
static void prune_plainly(weights *w, const mnist_pruning *c)
{
    const bool units = c->structure == MNIST_PRUNE_UNITS;
    const size_t rows = c->structure == MNIST_PRUNE_BLOCKS ? c->block_inputs : 1;
    const size_t columns = c->structure == MNIST_PRUNE_BLOCKS ? c->block_outputs : 1;
    group *groups = calloc(PIXELS * 70 + 70 * 33 + 330, sizeof *groups);
    size_t count = 0;
    assert_non_null(groups);
    for (unsigned l = 0; !units && l < LAYERS; l++) {
        for (size_t i = 0; i < ins[l]; i += rows) {
            for (size_t n = 0; n < outs[l]; n += columns) {
                group g = {.index = count, .layer = l, .i = i, .n = n};
                double sum = 0.0;
                for (size_t y = i; y < ins[l] && y < i + rows; y++) {
                    for (size_t x = n; x < outs[l] && x < n + columns; x++) {
                        sum += score_of(w, l, y, x, c->magnitude);
                    }
                }
                g.score = (double)(float)sum;
                groups[count++] = g;
            }
        }
    }
    for (unsigned l = 0; units && l + 1 < LAYERS; l++) {
        for (size_t n = 0; n < outs[l]; n++) {
            double in = 0.0, out = 0.0;
            for (size_t i = 0; i < ins[l]; i++) {
                in += score_of(w, l, i, n, c->magnitude);
            }
            for (size_t o = 0; o < outs[l + 1]; o++) {
                out += score_of(w, l + 1, n, o, c->magnitude);
            }
            groups[count] =
                (group){.score = (double)(float)(in * out), .index = count, .layer = l, .n = n};
            count++;
        }
    }
    qsort(groups, count, sizeof *groups, by_score);
    for (size_t g = (size_t)((double)c->keep * (double)count + 0.5); g < count; g++) {
        const unsigned l = groups[g].layer;
        const size_t first = units ? 0 : groups[g].i, end = units ? ins[l] : first + rows;
        for (size_t y = first; y < ins[l] && y < end; y++) {
            for (size_t x = groups[g].n; x < outs[l] && x < groups[g].n + columns; x++) {
                w->value[l][y * outs[l] + x] = 0.0f;
            }
        }
        for (size_t o = 0; units && o < outs[l + 1]; o++) {
            w->value[l + 1][groups[g].n * outs[l + 1] + o] = 0.0f;
        }
    }
    free(groups);
}

static void prune_groups_plainly(weights *w, const mnist_pruning *c)
{
    for (unsigned l = 0; l < LAYERS; l++) {
        for (size_t n = 0; n < outs[l]; n++) {
            for (size_t i = 0; i < ins[l]; i += c->group_size) {
                group groups[MOST];
                size_t count = 0;
                for (size_t k = i; k < ins[l] && k < i + c->group_size; k++) {
                    groups[count] = (group){.score = (double)(float)score_of(w, l, k, n, false),
                                            .index = count,
                                            .i = k};
                    count++;
                }
                qsort(groups, count, sizeof *groups, by_score);
                for (size_t g = c->group_kept; g < count; g++) {
                    w->value[l][groups[g].i * outs[l] + n] = 0.0f;
                }
            }
        }
    }
}

static void assert_same(const weights *expected, const mnist_mlp *mlp, size_t c)
{
    weights found = read_weights(mlp);
    for (unsigned l = 0; l < LAYERS; l++) {
        for (size_t i = 0; i < ins[l] * outs[l]; i++) {
            if (memcmp(&found.value[l][i], &expected->value[l][i], sizeof(float)) != 0) {
                fail_msg("case %zu, layer %u, weight (%zu, %zu): expected %.9g, found %.9g", c, l,
                         i / outs[l], i % outs[l], (double)expected->value[l][i],
                         (double)found.value[l][i]);
            }
        }
        assert_memory_equal(found.bias[l], expected->bias[l], outs[l] * sizeof(float));
    }
    free_weights(&found);
}

static const mnist_pruning selections[] = {
    {.keep = 0.1f},
    {.keep = 0.013f, .magnitude = true},
    {.keep = 0.97f},
    {.keep = 1e-9f}, /* one weight is left */
    {.keep = 0.3f, .structure = MNIST_PRUNE_BLOCKS, .block_inputs = 4, .block_outputs = 16},
    {.keep = 0.3f, .structure = MNIST_PRUNE_BLOCKS, .block_inputs = 1, .block_outputs = 9},
    {.keep = 0.2f, .structure = MNIST_PRUNE_BLOCKS, .block_inputs = 4096, .block_outputs = 1},
    {.keep = 0.5f, .structure = MNIST_PRUNE_N_OF_M, .group_kept = 2, .group_size = 4},
    {.keep = 0.5f, .structure = MNIST_PRUNE_N_OF_M, .group_kept = 3, .group_size = 64},
    {.keep = 0.4f, .structure = MNIST_PRUNE_UNITS},
};

/* After one step whose end is that of pruning, what is left is what sorting leaves of the net that
 * the same step gives without pruning; and pruning that net at once leaves the same. */
static void test_selection(void **state)
{
    (void)state;
    for (size_t c = 0; c < LENGTH(selections); c++) {
        mnist_train_config config = new_config(1, IMAGES);
        config.pruning = (mnist_pruning){.keep = 0.0f};
        mnist_mlp *dense = train(&config, 1, nothing, NULL);
        weights expected = read_weights(dense);
        config.pruning = selections[c];
        config.pruning.end = 1.0f;
        if (config.pruning.structure == MNIST_PRUNE_N_OF_M) {
            prune_groups_plainly(&expected, &config.pruning);
        } else {
            if (config.pruning.keep < 1e-6f) {
                config.pruning.keep = 1.0f / (PIXELS * 70 + 70 * 33 + 330);
            }
            prune_plainly(&expected, &config.pruning);
        }
        mnist_mlp *mlp = train(&config, 3, nothing, NULL);
        assert_same(&expected, mlp, c);
        assert_int_equal(mnist_mlp_prune(dense, &config, view, NULL), MNIST_OK);
        assert_same(&expected, dense, c);
        free_weights(&expected);
        mnist_mlp_free(dense);
        mnist_mlp_free(mlp);
    }
}

/* What is left after each step, by the formula; and that nothing comes back. */
typedef struct watcher {
    mnist_mlp *net;
    uint64_t start, end, step;
    bool *gone; /* (weights) */
    const mnist_pruning *config;
} watcher;

static bool watch(void *context, const mnist_step_stats *stats)
{
    watcher *w = context;
    const double total = PIXELS * 70 + 70 * 33 + 330;
    const uint64_t step = stats->step;
    weights now = read_weights(w->net);
    size_t at = 0, left = 0;
    for (unsigned l = 0; l < LAYERS; l++) {
        for (size_t i = 0; i < ins[l] * outs[l]; i++, at++) {
            const bool zero = fpclassify(now.value[l][i]) == FP_ZERO;
            if (w->gone[at] && !zero) {
                fail_msg("step %ju: weight %zu has come back", (uintmax_t)step, at);
            }
            w->gone[at] = zero;
            left += !zero;
        }
    }
    free_weights(&now);
    double share = 0.0;
    if (step > w->start) {
        const uint64_t done = step < w->end ? step - w->start : w->end - w->start;
        share = (double)(done * 200 / (w->end - w->start)) / 200.0;
    }
    const double keep = (double)w->config->keep,
                 expected = keep + (1.0 - keep) * pow(1.0 - share, 3.0);
    if (fabs((double)left - expected * total) > 1.0) {
        fail_msg("step %ju: %zu weights left, expected %.1f", (uintmax_t)step, left,
                 expected * total);
    }
    w->step = step;
    return true;
}

static void test_course(void **state)
{
    (void)state;
    mnist_train_config config = new_config(5, 10); /* 60 steps */
    config.pruning = (mnist_pruning){.keep = 0.05f, .start = 0.2f, .end = 0.75f, .magnitude = true};
    config.optimizer.kind = MNIST_ADAM;
    config.schedule.lr = 0.001f;
    mnist_pool *pool;
    watcher w = {.net = new_net(), .start = 12, .end = 45, .config = &config.pruning};
    w.gone = calloc(PIXELS * 70 + 70 * 33 + 330, sizeof *w.gone);
    assert_non_null(w.gone);
    assert_int_equal(mnist_pool_create(&pool, 2, NULL), MNIST_OK);
    const mnist_train_hooks hooks = {.context = &w, .on_step = watch};
    const mnist_train_job job = {
        .net = w.net, .config = &config, .train = view, .pool = pool, .hooks = &hooks};
    assert_int_equal(mnist_train(&job, NULL), MNIST_OK);
    assert_int_equal(w.step, 60);
    free(w.gone);
    mnist_mlp_free(w.net);
    mnist_pool_free(pool);
}

/* The same bits whatever the team; averages, half precision and normalised layers are pruned too;
 * frozen layers are not. */
static void test_trainings(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 6; c++) {
        mnist_train_config config = new_config(2, 25);
        config.pruning.end = 0.6f;
        config.averaging.ema = c == 1 ? 0.9f : 0.0f;
        config.averaging.swa_start = c == 2 ? 0.3f : 0.0f;
        config.precision = c == 3 ? MNIST_BF16 : MNIST_FP32;
        config.batch_norm = c == 4;
        config.optimizer.max_norm = c == 3 ? 0.7f : 0.0f;
        config.frozen[0] = c == 5;
        mnist_mlp *first = train(&config, 1, nothing, NULL);
        weights expected = read_weights(first);
        const size_t total = (c == 5 ? 0 : PIXELS * 70) + 70 * 33 + 330;
        const size_t kept = (c == 5 ? PIXELS * 70 : 0) + (size_t)(0.1 * (double)total + 0.5);
        assert_int_equal(count_nonzero(first), kept);
        for (unsigned threads = 2; threads <= 5; threads += 3) {
            mnist_mlp *mlp = train(&config, threads, nothing, NULL);
            assert_same(&expected, mlp, c);
            mnist_mlp_free(mlp);
        }
        free_weights(&expected);
        mnist_mlp_free(first);
    }
}

/* Weights that are 0 at the beginning stay so; the others are trained. */
static void test_keep_zeros(void **state)
{
    (void)state;
    mnist_train_config config = new_config(2, 25);
    config.pruning = (mnist_pruning){.keep_zeros = true};
    mnist_mlp *mlp = new_net();
    weights before = read_weights(mlp);
    for (unsigned l = 0; l < LAYERS; l++) {
        for (size_t i = 0; i < ins[l] * outs[l]; i++) {
            before.value[l][i] = i % 3 == 1 ? 0.0f : before.value[l][i];
        }
        mnist_mlp_set_layer(mlp, l, before.value[l], NULL);
    }
    const mnist_train_job job = {.net = mlp, .config = &config, .train = view};
    assert_int_equal(mnist_train(&job, NULL), MNIST_OK);
    weights after = read_weights(mlp);
    for (unsigned l = 0; l < LAYERS; l++) {
        for (size_t i = 0; i < ins[l] * outs[l]; i++) {
            assert_int_equal(fpclassify(after.value[l][i]) == FP_ZERO, i % 3 == 1);
        }
    }
    free_weights(&before);
    free_weights(&after);
    mnist_mlp_free(mlp);
}

/* Epochs in which weights are still pruned are no candidates for the best. */
typedef struct epochs_seen {
    unsigned best[8];
} epochs_seen;

static bool note_best(void *context, const mnist_epoch_stats *stats)
{
    epochs_seen *seen = context;
    seen->best[stats->epoch] = stats->best_epoch;
    return true;
}

static void test_best(void **state)
{
    (void)state;
    mnist_train_config config = new_config(6, 40);
    config.pruning = (mnist_pruning){.keep = 0.02f, .end = 0.5f};
    config.keep = MNIST_KEEP_BEST;
    epochs_seen seen = {{0}};
    const mnist_train_hooks hooks = {.context = &seen, .on_epoch = note_best};
    mnist_mlp *mlp = train(&config, 2, view, &hooks);
    assert_int_equal(seen.best[1], 0);
    assert_int_equal(seen.best[2], 0);
    assert_int_equal(seen.best[3], 3);
    assert_int_equal(count_nonzero(mlp), (size_t)(0.02 * (PIXELS * 70 + 70 * 33 + 330) + 0.5));
    mnist_mlp_free(mlp);
}

static void assert_refused(const mnist_pruning *pruning, unsigned hidden, const char *text)
{
    mnist_train_config config = new_config(1, 20);
    mnist_mlp_config other = shape;
    mnist_mlp *mlp;
    mnist_error err;
    config.pruning = *pruning;
    other.hidden_count = hidden;
    assert_int_equal(mnist_mlp_create(&mlp, &other, NULL), MNIST_OK);
    const mnist_train_job job = {.net = mlp, .config = &config, .train = view};
    assert_int_equal(mnist_train(&job, &err), MNIST_ERR_ARGUMENT);
    if (!strstr(err.text, text)) {
        fail_msg("expected \"%s\", found \"%s\"", text, err.text);
    }
    mnist_mlp_free(mlp);
}

static void test_refusals(void **state)
{
    (void)state;
    const struct {
        mnist_pruning pruning;
        const char *text;
    } cases[] = {
        {{.keep = 1.0f, .end = 1.0f}, "what pruning keeps: expected 0 (all) to below 1, found 1"},
        {{.keep = -0.1f, .end = 1.0f}, "what pruning keeps"},
        {{.keep = NAN, .end = 1.0f}, "what pruning keeps"},
        {{.keep = 0.1f}, "start and end of pruning: expected 0 <= start < end <= 1, found 0 and 0"},
        {{.keep = 0.1f, .start = 0.5f, .end = 0.5f}, "start and end"},
        {{.keep = 0.1f, .start = -0.5f, .end = 0.5f}, "start and end"},
        {{.keep = 0.1f, .end = 1.5f}, "start and end"},
        {{.keep = 0.1f, .end = 1.0f, .structure = MNIST_PRUNE_STRUCTURES}, "structure of pruning"},
        {{.keep = 0.1f, .end = 1.0f, .structure = MNIST_PRUNE_BLOCKS, .block_inputs = 4},
         "blocks to prune: expected 1 to 4096 inputs and as many outputs, found 4 and 0"},
        {{.keep = 0.1f,
          .end = 1.0f,
          .structure = MNIST_PRUNE_BLOCKS,
          .block_inputs = 4097,
          .block_outputs = 1},
         "blocks to prune"},
        {{.keep = 0.1f,
          .end = 1.0f,
          .structure = MNIST_PRUNE_N_OF_M,
          .group_kept = 4,
          .group_size = 4},
         "found 4 of 4"},
        {{.keep = 0.1f,
          .end = 1.0f,
          .structure = MNIST_PRUNE_N_OF_M,
          .group_kept = 2,
          .group_size = 65},
         "found 2 of 65"},
    };
    for (size_t c = 0; c < LENGTH(cases); c++) {
        assert_refused(&cases[c].pruning, 2, cases[c].text);
    }
    assert_refused(&(mnist_pruning){.keep = 0.1f, .end = 1.0f, .structure = MNIST_PRUNE_UNITS}, 0,
                   "units to prune: the net has no hidden layer");
    assert_null(mnist_prune_structure_name(MNIST_PRUNE_STRUCTURES));
    assert_string_equal(mnist_prune_structure_name(MNIST_PRUNE_N_OF_M), "n:m");
}

/* Text, and its plain form. */
static void test_text(void **state)
{
    (void)state;
    const struct {
        const char *text, *plain;
    } good[] = {
        {"5%", "0.05"},
        {"0.05", "0.05"},
        {"12.3456789%", "0.12345679"},
        {"99.9%", "0.999"},
        {"2:4", "2:4"},
        {"3:64,start=0,end=1", "3:64,start=0.0,end=1.0"},
        {"10%,units,end=0.9", "0.1,units,end=0.9"},
        {"10%,4x16,start=0.1,end=75%,magnitude", "0.1,4x16,magnitude"},
        {"0.5312365%", "0.005312365"}, /* nine digits, and a zero before the point */
    };
    for (size_t c = 0; c < LENGTH(good); c++) {
        mnist_pruning one, two;
        char text[MNIST_PRUNING_TEXT], again[MNIST_PRUNING_TEXT];
        mnist_error err;
        if (mnist_pruning_parse(&one, good[c].text, &err) != MNIST_OK) {
            fail_msg("%s: %s", good[c].text, err.text);
        }
        mnist_pruning_print(&one, text);
        assert_string_equal(text, good[c].plain);
        assert_int_equal(mnist_pruning_parse(&two, text, NULL), MNIST_OK);
        mnist_pruning_print(&two, again);
        assert_string_equal(again, text);
        assert_int_equal(one.structure, two.structure);
    }
    static const char *const bad[] = {
        "",
        "5",
        "0",
        "0%",
        "100%",
        "1",
        "-5%",
        "5%%",
        "nan",
        "0x1",
        "1e-2",
        "2:4:6",
        "2:",
        ":4",
        "12345:6",
        "5%,",
        ",5%",
        "5%,start",
        "5%,end=",
        "5%,end=2",
        "5%,start=-1",
        "5%,4x",
        "5%,x4",
        "5%,4x4x4",
        "2:4,4x4",
        "5%,units,units",
        "5%,start=0.8",
        "5% ",
        "0.00000000000001",
        ".00000001%", /* more digits than are printed */
        "5%,magnitude,magnitude,magnitude,magnitude,magnitude,magnitude,magnitude,magnitude,magni",
    };
    for (size_t c = 0; c < LENGTH(bad); c++) {
        mnist_pruning pruning = {.keep = 0.5f};
        mnist_error err;
        if (mnist_pruning_parse(&pruning, bad[c], &err) != MNIST_ERR_ARGUMENT) {
            fail_msg("\"%s\" was accepted", bad[c]);
        }
        assert_true(strlen(err.text) > 10);
        assert_true(pruning.keep > 0.4f); /* as it was */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_selection), cmocka_unit_test(test_course),
        cmocka_unit_test(test_trainings), cmocka_unit_test(test_keep_zeros),
        cmocka_unit_test(test_best),      cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_text),
    };
    return cmocka_run_group_tests_name("prune", tests, make_images, NULL);
}
