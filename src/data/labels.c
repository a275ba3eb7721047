/* How labels are counted, and sets of classes. */
#include "data/dataset.h"

#include "base/status.h"

unsigned mnist_class_set_count_below(const mnist_class_set *set, unsigned classes)
{
    unsigned count = 0;
    for (unsigned c = 0; c < classes; c++) {
        count += mnist_class_set_has(set, c);
    }
    return count;
}

unsigned mnist_class_set_count(const mnist_class_set *set)
{
    return mnist_class_set_count_below(set, MNIST_MAX_CLASSES);
}

mnist_class_set mnist_class_set_less(mnist_class_set set, unsigned base)
{
    mnist_class_set classes = {{0}};
    for (unsigned c = base; c < MNIST_MAX_CLASSES; c++) {
        if (mnist_class_set_has(&set, c)) {
            mnist_class_set_add(&classes, c - base);
        }
    }
    return classes;
}

unsigned mnist_classes_of_labels(const uint8_t *labels, size_t count)
{
    unsigned classes = MNIST_MIN_CLASSES;
    for (size_t i = 0; i < count; i++) {
        classes = labels[i] < classes ? classes : labels[i] + 1u;
    }
    return classes;
}

static mnist_status check_rule(mnist_label_rule rule, mnist_error *err)
{
    if (rule.base >= MNIST_MAX_CLASSES) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT, "label of class 0: %u, expected 0 to %u",
                          rule.base, MNIST_MAX_CLASSES - 1);
    }
    if (rule.classes == 0) {
        return MNIST_OK;
    }
    if (rule.classes < MNIST_MIN_CLASSES || rule.classes > MNIST_MAX_CLASSES) {
        return mnist_fail(err, MNIST_ERR_ARGUMENT, "%u classes, expected %u to %u", rule.classes,
                          MNIST_MIN_CLASSES, MNIST_MAX_CLASSES);
    }
    return MNIST_OK;
}

mnist_status mnist_dataset_set_classes(mnist_dataset *dataset, mnist_label_rule rule,
                                       const char *name, mnist_error *err)
{
    uint8_t *labels = dataset->labels;
    const size_t count = dataset->view.count;
    unsigned most = rule.base;
    mnist_status status = check_rule(rule, err);
    if (status != MNIST_OK) {
        return status;
    }
    const unsigned end = rule.classes > 0 ? rule.base + rule.classes : MNIST_MAX_CLASSES;
    for (size_t i = 0; i < count; i++) {
        most = labels[i] > most ? labels[i] : most;
        if (labels[i] < rule.base || labels[i] >= end) {
            return mnist_fail(err, MNIST_ERR_FORMAT, "%s: label %u (index %zu): expected %u to %u",
                              name, labels[i], i, rule.base, end - 1);
        }
    }
    unsigned classes = rule.classes > 0 ? rule.classes : most + 1 - rule.base;
    for (size_t i = 0; rule.base > 0 && i < count; i++) {
        labels[i] = (uint8_t)(labels[i] - rule.base);
    }
    dataset->view.classes = classes < MNIST_MIN_CLASSES ? MNIST_MIN_CLASSES : classes;
    dataset->view.label_base = rule.base;
    return MNIST_OK;
}
