/* The figures of epochs: added one by one, as JSON, and to an array and back. */
#include "cli/train/epochs.h"

#include "unit/unit.h"

#include <math.h>
#include <stdlib.h>

enum { COUNT = 1000 };

static mnist_epoch number(unsigned i)
{
    return (mnist_epoch){.lr = 0.1 / (i + 1),
                         .train_loss = 2.0 / (i + 1),
                         .train_accuracy = 1.0 - 0.5 / (i + 1),
                         .validation_loss = 2.1 / (i + 1),
                         .validation_accuracy = i % 3 == 2 ? (double)NAN : 0.75,
                         .seconds = i};
}

static mnist_epochs *many(void)
{
    mnist_epochs *epochs = mnist_epochs_new();
    for (unsigned i = 0; i < COUNT; i++) {
        const mnist_epoch epoch = number(i);
        mnist_epochs_add(&epochs, &epoch, 1);
        assert_non_null(epochs);
    }
    return epochs;
}

static void to_an_array_and_back(void **state)
{
    (void)state;
    mnist_epochs *epochs = many(), *read = NULL;
    assert_int_equal(epochs->count, COUNT);
    const mnist_array array = mnist_epochs_array(epochs);
    assert_string_equal(array.name, "epochs");
    assert_int_equal(array.element, MNIST_F64);
    assert_int_equal(array.rank, 2);
    assert_int_equal(array.shape[0], COUNT);
    assert_int_equal(array.shape[1], 6);
    assert_int_equal(mnist_epochs_read(&read, &array, COUNT, NULL), MNIST_OK);
    assert_int_equal(read->count, COUNT);
    assert_memory_equal(read->list, epochs->list, COUNT * sizeof *epochs->list);
    mnist_epochs_add(&read, epochs->list, COUNT); /* many at once */
    assert_int_equal(read->count, 2 * COUNT);
    assert_memory_equal(read->list + COUNT, epochs->list, COUNT * sizeof *epochs->list);
    mnist_epochs_free(read);
    assert_int_equal(mnist_epochs_read(&read, NULL, 0, NULL), MNIST_OK); /* none is over */
    assert_int_equal(read->count, 0);
    mnist_epochs_free(read);
    mnist_epochs_free(epochs);
}

static void as_json(void **state)
{
    (void)state;
    mnist_epochs *epochs = many();
    epochs->list[4].validation_loss = (double)INFINITY;
    json_t *json = mnist_epochs_json(epochs);
    assert_int_equal(json_array_size(json), COUNT);
    for (unsigned i = 0; i < COUNT; i++) {
        const json_t *epoch = json_array_get(json, i);
        const json_t *loss = json_object_get(epoch, "validation_loss");
        const json_t *accuracy = json_object_get(epoch, "validation_accuracy");
        assert_int_equal(json_integer_value(json_object_get(epoch, "epoch")), i + 1);
        assert_true(json_real_value(json_object_get(epoch, "lr")) == number(i).lr);
        assert_true(json_real_value(json_object_get(epoch, "train_loss")) == number(i).train_loss);
        assert_true(json_real_value(json_object_get(epoch, "train_accuracy")) ==
                    number(i).train_accuracy);
        assert_true(json_real_value(json_object_get(epoch, "seconds")) == i);
        assert_int_equal(json_object_size(epoch), 7);
        if (i % 3 == 2) {
            assert_true(json_is_null(loss) && json_is_null(accuracy));
        } else {
            assert_true(i == 4 ? json_is_null(loss)
                               : json_real_value(loss) == number(i).validation_loss);
            assert_true(json_real_value(accuracy) == 0.75);
        }
    }
    json_decref(json);
    mnist_epochs_free(epochs);
}

/* After memory was short there is no list: adding does nothing, and there is no JSON. */
static void none(void **state)
{
    (void)state;
    mnist_epochs *epochs = NULL;
    const mnist_epoch epoch = number(0);
    mnist_epochs_add(&epochs, &epoch, 1);
    assert_null(epochs);
    assert_null(mnist_epochs_json(NULL));
    mnist_epochs_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(to_an_array_and_back),
        cmocka_unit_test(as_json),
        cmocka_unit_test(none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
