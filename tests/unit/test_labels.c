/* Labels that are not just 0 to 9: sets of classes, how labels are counted, names of classes; and
 * nets, figures and committees of 2, 47 and 256 classes. */
#define _XOPEN_SOURCE 700

#include "unit/unit.h"

#include <math.h>
#include <mnist/mnist.h>
#include <stdio.h>

#include "scratch.h"

static mnist_dataset *load(void **state, const uint8_t *labels, unsigned count)
{
    static const uint8_t head[] = {0, 0, 8, 3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1};
    const scratch_file files[] = {scratch_name(state, "images"), scratch_name(state, "labels")};
    uint8_t bytes[600];
    mnist_dataset *dataset;
    memset(bytes, 7, sizeof bytes);
    memcpy(bytes, head, sizeof head);
    bytes[6] = (uint8_t)(count >> 8);
    bytes[7] = (uint8_t)count;
    assert_int_equal(scratch_write(files[0].path, bytes, sizeof head + count), 0);
    bytes[3] = 1;
    memcpy(bytes + 8, labels, count);
    assert_int_equal(scratch_write(files[1].path, bytes, 8 + count), 0);
    assert_int_equal(mnist_dataset_load_idx(&dataset, files[0].path, files[1].path, NULL),
                     MNIST_OK);
    return dataset;
}

static void test_sets(void **state)
{
    (void)state;
    mnist_class_set set = {{0}};
    assert_int_equal(mnist_class_set_count(&set), 0);
    for (unsigned c = 0; c < MNIST_MAX_CLASSES; c += 51) {
        mnist_class_set_add(&set, c);
    }
    assert_int_equal(mnist_class_set_count(&set), 6);
    assert_int_equal(mnist_class_set_count_below(&set, 51), 1);
    assert_true(mnist_class_set_has(&set, 255) && !mnist_class_set_has(&set, 254));
    const mnist_class_set less = mnist_class_set_less(set, 1);
    assert_int_equal(mnist_class_set_count(&less), 5);
    assert_true(mnist_class_set_has(&less, 254) && !mnist_class_set_has(&less, 255));
}

static void test_rules(void **state)
{
    static const uint8_t labels[] = {1, 47, 3, 3};
    static const struct {
        mnist_label_rule rule;
        unsigned classes;
        uint8_t last;
    } good[] = {{{0, 0}, 48, 3}, {{1, 0}, 47, 2}, {{1, 47}, 47, 2}, {{0, 256}, 256, 3}};
    static const struct {
        mnist_label_rule rule;
        mnist_status status;
        const char *text;
    } bad[] = {
        {{2, 0}, MNIST_ERR_FORMAT, "L: label 1 (index 0): expected 2 to 255"},
        {{0, 47}, MNIST_ERR_FORMAT, "L: label 47 (index 1): expected 0 to 46"},
        {{1, 46}, MNIST_ERR_FORMAT, "L: label 47 (index 1): expected 1 to 46"},
        {{0, 1}, MNIST_ERR_ARGUMENT, "1 classes, expected 2 to 256"},
        {{0, 257}, MNIST_ERR_ARGUMENT, "257 classes, expected 2 to 256"},
        {{256, 0}, MNIST_ERR_ARGUMENT, "label of class 0: 256, expected 0 to 255"},
    };
    mnist_data_digests before, after;
    for (size_t i = 0; i < LENGTH(good); i++) {
        mnist_dataset *dataset = load(state, labels, 4);
        mnist_view view = mnist_dataset_view(dataset);
        assert_int_equal(mnist_view_classes(view), 48);
        mnist_view_digests(view, &before);
        assert_int_equal(mnist_dataset_set_classes(dataset, good[i].rule, "L", NULL), MNIST_OK);
        view = mnist_dataset_view(dataset);
        assert_int_equal(view.classes, good[i].classes);
        assert_int_equal(view.label_base, good[i].rule.base);
        assert_int_equal(view.labels[3], good[i].last);
        mnist_view_digests(view, &after); /* of the file, whatever its labels are taken for */
        assert_string_equal(before.labels, after.labels);
        mnist_dataset_free(dataset);
    }
    mnist_dataset *dataset = load(state, labels, 4);
    for (size_t i = 0; i < LENGTH(bad); i++) {
        mnist_error err;
        assert_int_equal(mnist_dataset_set_classes(dataset, bad[i].rule, "L", &err), bad[i].status);
        assert_string_equal(err.text, bad[i].text);
    }
    mnist_dataset_free(dataset);
    static const uint8_t zeros[] = {0, 0}; /* there are two classes at least */
    dataset = load(state, zeros, 2);
    assert_int_equal(mnist_view_classes(mnist_dataset_view(dataset)), 2);
    assert_int_equal(mnist_dataset_set_classes(dataset, (mnist_label_rule){0, 0}, "L", NULL),
                     MNIST_OK);
    assert_int_equal(mnist_view_classes(mnist_dataset_view(dataset)), 2);
    mnist_dataset_free(dataset);
}

/* Samples and omissions of classes beyond those of MNIST, and what they keep of the view. */
static void test_choices(void **state)
{
    uint8_t labels[512];
    for (size_t i = 0; i < LENGTH(labels); i++) {
        labels[i] = (uint8_t)(i % 255 + 1);
    }
    mnist_error err;
    mnist_dataset *all = load(state, labels, LENGTH(labels)), *some;
    assert_int_equal(mnist_dataset_set_classes(all, (mnist_label_rule){1, 0}, "L", NULL), MNIST_OK);
    const mnist_view view = mnist_dataset_view(all);
    mnist_class_set high = {{0}};
    for (unsigned c = 1; c < 255; c++) {
        mnist_class_set_add(&high, c);
    }
    assert_int_equal(mnist_dataset_create_without(&some, view, high, NULL), MNIST_OK);
    assert_int_equal(mnist_dataset_view(some).count, 3);
    assert_int_equal(mnist_dataset_view(some).classes, 255);
    assert_int_equal(mnist_dataset_view(some).label_base, 1);
    mnist_dataset_free(some);
    assert_int_equal(mnist_dataset_create_sample(&some, view, 2, 1, NULL), MNIST_OK);
    assert_int_equal(mnist_dataset_view(some).count, 2 * 255);
    mnist_dataset_free(some);
    assert_int_equal(mnist_dataset_create_sample(&some, view, 3, 1, &err), MNIST_ERR_ARGUMENT);
    assert_string_equal(err.text, /* by its label */
                        "3 images of each class are wanted, but of class 3 there are 2");
    mnist_dataset_free(all);
}

static const char *parse_fault(const char *text, size_t size)
{
    static mnist_error err;
    mnist_labels labels = {.base = 9, .count = 1};
    if (mnist_labels_parse(&labels, text, size, "F", &err) == MNIST_OK) {
        return "none";
    }
    assert_int_equal(err.status, MNIST_ERR_FORMAT);
    assert_int_equal(labels.base, 9);
    assert_int_equal(labels.count, 1);
    return err.text;
}

static void test_names(void **state)
{
    mnist_error err;
    mnist_labels labels = {.base = 3};
    char text[MNIST_CLASS_NAMES_TEXT], number[MNIST_LABEL_NUMBER], base[MNIST_LABEL_NUMBER];
    static const char file[] = "\xEF\xBB\xBF"
                               "a b\r\n\xC3\xA4\nankle boot\r\n\n\n";
    const scratch_file path = scratch_name(state, "names");
    assert_int_equal(scratch_write(path.path, file, sizeof file - 1), 0);
    assert_int_equal(mnist_labels_load(&labels, path.path, &err), MNIST_OK);
    assert_int_equal(labels.count, 3);
    assert_int_equal(labels.base, 3);
    mnist_labels_print(&labels, text);
    assert_string_equal(text, "a b\n\xC3\xA4\nankle boot");
    assert_string_equal(mnist_label_of(&labels, 2, number), "ankle boot");
    assert_string_equal(mnist_label_of(&labels, 3, number), "6");
    assert_string_equal(mnist_label_of(NULL, 255, number), "255");
    mnist_metadata metadata[2];
    assert_int_equal(mnist_labels_metadata(&labels, base, text, metadata), 2);
    mnist_labels again;
    assert_int_equal(mnist_labels_read(&again, metadata[0].value, metadata[1].value, 3, "M", &err),
                     MNIST_OK);
    assert_memory_equal(&again, &labels, sizeof again);
    assert_int_equal(mnist_labels_metadata(NULL, base, text, metadata), 0);
    assert_int_equal(mnist_labels_read(&again, NULL, NULL, 10, "M", &err), MNIST_OK);
    assert_int_equal(mnist_labels_metadata(&again, base, text, metadata), 0);
    mnist_labels_print(&again, text);
    assert_string_equal(text, "");
    assert_int_equal(mnist_labels_load(&labels, "/nonexistent/names", &err), MNIST_ERR_NOT_FOUND);
    static char large[2 * MNIST_CLASS_NAMES_TEXT + 1];
    memset(large, '\n', sizeof large);
    assert_int_equal(scratch_write(path.path, large, sizeof large), 0);
    assert_int_equal(mnist_labels_load(&labels, path.path, &err), MNIST_ERR_FORMAT);
    assert_non_null(strstr(err.text, "names: 16385 bytes, expected at most 16384"));
}

static void test_bad_names(void **state)
{
    (void)state;
    char text[MNIST_CLASS_NAMES_TEXT * 3];
    size_t used = 0;
    assert_string_equal(parse_fault("", 0), "F: 0 names of classes, expected 2 to 256");
    assert_string_equal(parse_fault("\n\r\n", 3), "F: 0 names of classes, expected 2 to 256");
    assert_string_equal(parse_fault("one", 3), "F: 1 names of classes, expected 2 to 256");
    assert_string_equal(parse_fault("a\n\nb", 4), "F: line 2: an empty name");
    assert_string_equal(parse_fault("a\nb\na\n", 6), "F: line 3: a name that is there already");
    assert_string_equal(parse_fault("a\n\tb", 4), "F: line 2: a control character in a name");
    assert_string_equal(parse_fault("a\rb\nc", 5), "F: line 1: a control character in a name");
    assert_string_equal(parse_fault("a\n\x7F", 3), "F: line 2: a control character in a name");
    assert_string_equal(parse_fault("a\n\xFF", 3), "F: line 2: a name that is not UTF-8");
    assert_string_equal(parse_fault("a\nb\0c", 5), "F: line 2: a zero byte");
    assert_string_equal(parse_fault("\xEF\xBB\xBF\xEF\xBB\xBFx\ny", 9),
                        "F: line 1: a byte order mark in a name");
    memset(text, 'x', 64);
    assert_string_equal(parse_fault(text, 64),
                        "F: line 1: a name of 64 bytes, expected at most 63");
    for (int i = 0; i < 257; i++) {
        used += (size_t)sprintf(text + used, "%d\n", i);
    }
    assert_string_equal(parse_fault(text, used - 4), "none"); /* 256 of them */
    assert_string_equal(parse_fault(text, used),
                        "F: line 257: expected at most 256 names, one a line");
    used = 0;
    for (int i = 0; i < 200; i++) {
        used += (size_t)sprintf(text + used, "%060d\n", i);
    }
    assert_string_equal(parse_fault(text, used), "F: names of 12200 bytes in all, expected 8192");
}

static void test_bad_metadata(void **state)
{
    (void)state;
    static const char *const bases[] = {"0", "01", "256", "1000", "-1", "1x", "", " 1"};
    mnist_labels labels;
    mnist_error err;
    for (size_t i = 0; i < LENGTH(bases); i++) {
        assert_int_equal(mnist_labels_read(&labels, bases[i], NULL, 10, "M", &err),
                         MNIST_ERR_FORMAT);
        assert_non_null(strstr(err.text, "M: __metadata__ label_base is '"));
    }
    assert_int_equal(mnist_labels_read(&labels, NULL, "a\nb\nc", 4, "M", &err), MNIST_ERR_FORMAT);
    assert_string_equal(err.text, "M: __metadata__ class_names has 3 names, expected 4, a name for "
                                  "each of the net's outputs");
    assert_int_equal(mnist_labels_read(&labels, "1", "a\na", 2, "M", &err), MNIST_ERR_FORMAT);
    assert_string_equal(err.text,
                        "M: __metadata__ class_names: line 2: a name that is there already");
}

/* A model says what its classes are called, packed or not, and is refused if that does not go with
 * the net. */
static void test_models(void **state)
{
    const mnist_mlp_config shape = {.inputs = 4, .outputs = 3};
    const scratch_file path = scratch_name(state, "model");
    static const char *const wrong[][2] = {{MNIST_KEY_CLASS_NAMES, "a\nb"},
                                           {MNIST_KEY_LABEL_BASE, "x"}};
    mnist_mlp *mlp;
    mnist_model *model;
    mnist_error err;
    mnist_labels labels = {.base = 1, .count = 3, .names = {"x", "y", "z z"}};
    char base[MNIST_LABEL_NUMBER], text[MNIST_CLASS_NAMES_TEXT];
    mnist_metadata metadata[2];
    assert_int_equal(mnist_mlp_create_drawn(&mlp, &shape, MNIST_INIT_AUTO, 1, NULL), MNIST_OK);
    const size_t count = mnist_labels_metadata(&labels, base, text, metadata);
    mnist_model_parts parts = {.mlp = mlp, .metadata = metadata, .metadata_count = count};
    for (unsigned packed = 0; packed < 2; packed++) {
        assert_int_equal(packed ? mnist_packed_write(path.path, &parts, NULL, NULL, NULL)
                                : mnist_model_write(path.path, &parts, NULL, NULL),
                         MNIST_OK);
        assert_int_equal(mnist_model_load(&model, path.path, NULL), MNIST_OK);
        assert_memory_equal(mnist_model_labels(model), &labels, sizeof labels);
        mnist_model_free(model);
    }
    for (size_t i = 0; i < 2 * LENGTH(wrong); i++) {
        metadata[0] = (mnist_metadata){wrong[i / 2][0], wrong[i / 2][1]};
        parts.metadata_count = 1;
        assert_int_equal(i % 2 ? mnist_packed_write(path.path, &parts, NULL, NULL, NULL)
                               : mnist_model_write(path.path, &parts, NULL, NULL),
                         MNIST_OK);
        assert_int_equal(mnist_model_load(&model, path.path, &err), MNIST_ERR_FORMAT);
        assert_non_null(strstr(err.text, wrong[i / 2][0]));
        assert_null(model);
    }
    mnist_mlp_free(mlp);
}

enum { SIDE = 4, PIXELS = SIDE * SIDE, IMAGES = 300 };

/* Images of as many classes, all of which occur. */
static mnist_view many(unsigned classes)
{
    static uint8_t images[IMAGES * PIXELS], labels[IMAGES];
    test_images(images, labels, IMAGES, PIXELS);
    for (unsigned i = 0; i < IMAGES; i++) {
        labels[i] = (uint8_t)(i * 7 % classes);
    }
    return (mnist_view){images, labels, IMAGES, SIDE, SIDE, classes, 0};
}

static mnist_mlp *new_net(unsigned classes, uint64_t seed)
{
    const mnist_mlp_config shape = {.inputs = PIXELS,
                                    .outputs = classes,
                                    .hidden_count = 1,
                                    .hidden = {9},
                                    .activation = MNIST_TANH};
    mnist_mlp *mlp;
    assert_int_equal(mnist_mlp_create_drawn(&mlp, &shape, MNIST_INIT_AUTO, seed, NULL), MNIST_OK);
    return mlp;
}

/* Figures of the net, by mnist_logits and in double, by libm. */
static void check_figures(unsigned classes)
{
    static float logits[IMAGES * 256], p[IMAGES * 256], again[IMAGES * 256];
    const mnist_view view = many(classes);
    mnist_mlp *mlp = new_net(classes, 5);
    mnist_evaluation e;
    mnist_metrics metrics;
    mnist_classifier *classifier;
    double loss = 0.0;
    size_t errors = 0;
    assert_int_equal(mnist_logits(mlp, view, NULL, NULL, logits, &e, NULL), MNIST_OK);
    assert_int_equal(mnist_probabilities(mlp, view, NULL, NULL, p, NULL, NULL), MNIST_OK);
    for (size_t i = 0; i < IMAGES; i++) {
        const float *z = logits + i * classes;
        double sum = 0.0, total = 0.0;
        unsigned top = 0;
        for (unsigned c = 0; c < classes; c++) {
            sum += exp((double)z[c]);
            top = z[c] > z[top] ? c : top;
        }
        for (unsigned c = 0; c < classes; c++) {
            total += (double)p[i * classes + c];
            assert_true(fabs((double)p[i * classes + c] - exp((double)z[c]) / sum) < 1e-6);
        }
        assert_true(fabs(total - 1.0) < 1e-5);
        loss += log(sum) - (double)z[view.labels[i]];
        errors += top != view.labels[i];
    }
    assert_int_equal(e.errors, errors);
    assert_true(fabs(e.loss - loss / IMAGES) < 1e-5);
    const mnist_predictions predictions = {p, view.labels, IMAGES, classes};
    assert_int_equal(mnist_metrics_compute(&predictions, &metrics, NULL), MNIST_OK);
    assert_int_equal(metrics.class_count, classes);
    assert_int_equal(metrics.classes_present, classes);
    assert_int_equal(metrics.errors, errors);
    assert_true(fabs(metrics.log_loss - e.loss) < 1e-5);
    assert_true(fabs(metrics.top_k[classes - 1] - 1.0) < 1e-12);
    size_t counted = 0;
    for (size_t k = 0; k < (size_t)classes * classes; k++) {
        counted += metrics.confusion[k];
    }
    assert_int_equal(counted, IMAGES);
    mnist_metrics_free(&metrics);
    mnist_metrics_free(&metrics); /* twice does no harm */
    assert_int_equal(mnist_classifier_create(&classifier, mlp, NULL, 1, NULL), MNIST_OK);
    for (size_t i = 0; i < IMAGES; i++) {
        mnist_classifier_run(classifier, view.images + i * PIXELS, 1, again + i * classes);
    }
    assert_memory_equal(again, p, IMAGES * classes * sizeof *p);
    mnist_classifier_free(classifier);
    mnist_mlp_free(mlp);
}

static void test_figures(void **state)
{
    (void)state;
    static const unsigned counts[] = {2, 3, 16, 20, 47, 64, 65, 256};
    for (size_t i = 0; i < LENGTH(counts); i++) {
        check_figures(counts[i]);
    }
}

/* A training of 47 or 256 classes with all that has rows of classes: mixup, teachers, label smoothing.
 * It learns, and gives the same bits with any team and with the oracle's kernels. */
static void test_training(void **state)
{
    (void)state;
    static const unsigned counts[] = {2, 20, 47, 256};
    for (size_t i = 0; i < LENGTH(counts); i++) {
        const mnist_view view = many(counts[i]);
        mnist_mlp *teacher_net = new_net(counts[i], 8);
        const mnist_teacher teacher = {.net = teacher_net};
        static float bias[2][256];
        mnist_evaluation before, after;
        for (unsigned run = 0; run < 2; run++) {
            mnist_pool *pool;
            mnist_mlp *mlp = new_net(counts[i], 6);
            mnist_train_config config = mnist_train_defaults();
            config.epochs = 8;
            config.batch_size = 20;
            config.mixup = 0.2f;
            config.label_smoothing = 0.05f;
            config.teacher_weight = 0.1f;
            config.temperature = 2.0f;
            assert_int_equal(mnist_kernels_use(run == 0 ? "scalar" : NULL, NULL), MNIST_OK);
            assert_int_equal(mnist_pool_create(&pool, run == 0 ? 1 : 3, NULL), MNIST_OK);
            const mnist_train_job job = {.net = mlp,
                                         .config = &config,
                                         .train = view,
                                         .pool = pool,
                                         .teachers = &teacher,
                                         .teacher_count = 1};
            assert_int_equal(mnist_evaluate(mlp, view, NULL, pool, &before, NULL), MNIST_OK);
            assert_int_equal(mnist_train(&job, NULL), MNIST_OK);
            assert_int_equal(mnist_evaluate(mlp, view, NULL, pool, &after, NULL), MNIST_OK);
            assert_true(after.loss < before.loss);
            mnist_mlp_get_layer(mlp, 1, NULL, bias[run]);
            mnist_pool_free(pool);
            mnist_mlp_free(mlp);
        }
        assert_memory_equal(bias[0], bias[1], counts[i] * sizeof(float));
        mnist_mlp_free(teacher_net);
    }
}

/* Nets of other numbers of classes than the data have are refused, everywhere. */
static void test_other_nets(void **state)
{
    (void)state;
    static float p[IMAGES * 12];
    mnist_view view = many(11);
    mnist_mlp *mlp = new_net(12, 1);
    mnist_error err;
    mnist_evaluation e;
    mnist_committee *committee;
    mnist_train_config config = mnist_train_defaults();
    const mnist_train_job job = {.net = mlp, .config = &config, .train = view};
    assert_int_equal(mnist_evaluate(mlp, view, NULL, NULL, &e, &err), MNIST_ERR_MISMATCH);
    assert_string_equal(err.text, "the data have 11 classes, the net 12 outputs");
    assert_int_equal(mnist_train(&job, &err), MNIST_ERR_MISMATCH);
    assert_string_equal(err.text, "the data have 11 classes, the net 12 outputs");
    assert_int_equal(mnist_committee_create(&committee, view, NULL), MNIST_OK);
    assert_int_equal(mnist_committee_add(committee, mlp, NULL, NULL, NULL, &err),
                     MNIST_ERR_MISMATCH);
    mnist_committee_free(committee);
    /* where labels do not count, they need not go with the net */
    assert_int_equal(mnist_probabilities(mlp, view, NULL, NULL, p, NULL, NULL), MNIST_OK);
    view.classes = 12;
    assert_int_equal(mnist_committee_create(&committee, view, NULL), MNIST_OK);
    assert_int_equal(mnist_committee_add(committee, mlp, NULL, NULL, &e, NULL), MNIST_OK);
    mnist_evaluation both;
    mnist_committee_evaluate(committee, &both);
    assert_int_equal(both.errors, e.errors);
    mnist_committee_free(committee);
    mnist_predictions wrong = {p, view.labels, 1, 257};
    assert_int_equal(mnist_predictions_check(&wrong, &err), MNIST_ERR_ARGUMENT);
    assert_string_equal(err.text, "257 classes, expected 2 to 256");
    mnist_mlp_free(mlp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sets),      cmocka_unit_test(test_rules),
        cmocka_unit_test(test_choices),   cmocka_unit_test(test_names),
        cmocka_unit_test(test_bad_names), cmocka_unit_test(test_bad_metadata),
        cmocka_unit_test(test_models),    cmocka_unit_test(test_figures),
        cmocka_unit_test(test_training),  cmocka_unit_test(test_other_nets),
    };
    return cmocka_run_group_tests_name("labels", tests, scratch_create, scratch_remove);
}
