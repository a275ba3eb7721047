/* What mnist-train and mnist-eval look at before they remark on data and nets (cli/shared/sanity.c). */
#include "unit/unit.h"

#include "cli/shared/notes.h"
#include "cli/shared/sanity.h"

#define PIXELS 16u

static uint8_t pixels[5000 * PIXELS], labels[5000];

static mnist_view view_of(size_t count)
{
    return (mnist_view){
        .images = pixels, .labels = labels, .count = count, .rows = 4, .cols = PIXELS / 4};
}

static void test_looks(void **state)
{
    (void)state;
    memset(pixels, 0, sizeof pixels);
    mnist_looks looks = mnist_look_at(view_of(5000));
    assert_int_equal(looks.largest, 0);
    assert_true(looks.mean == 0.0);

    memset(pixels, 200, sizeof pixels / 4);
    looks = mnist_look_at(view_of(5000));
    assert_int_equal(looks.largest, 200);
    assert_true(looks.mean == 0.25);

    memset(pixels, 1, sizeof pixels);
    looks = mnist_look_at(view_of(5000));
    assert_int_equal(looks.largest, 1);
    assert_true(looks.mean == 1.0);

    pixels[4 * PIXELS + 3] = 200; /* in an image that is passed over */
    assert_int_equal(mnist_look_at(view_of(5000)).largest, 200);
    assert_int_equal(mnist_look_at(view_of(1)).largest, 1);
}

static void test_chance(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(labels); i++) {
        labels[i] = (uint8_t)(i % 10);
    }
    assert_true(mnist_is_chance(view_of(1000), 0.0));
    assert_true(mnist_is_chance(view_of(1000), 0.15));
    assert_false(mnist_is_chance(view_of(1000), 0.16));
    memset(labels, 7, 500); /* 55 % of 1000 are sevens */
    assert_true(mnist_is_chance(view_of(1000), 0.57));
    assert_false(mnist_is_chance(view_of(1000), 0.58));
    assert_true(mnist_is_chance(view_of(500), 1.0)); /* of one class alone */
}

static void test_explosions(void **state)
{
    (void)state;
    assert_true(mnist_has_exploded(10, 231.0, 0.1));
    assert_true(mnist_has_exploded(10, 2e31, 0.5));
    assert_false(mnist_has_exploded(10, 230.0, 0.1));
    assert_false(mnist_has_exploded(10, 7e3, 0.6));
    assert_true(mnist_has_exploded(47, 386.0, 0.02));
    assert_false(mnist_has_exploded(47, 384.0, 0.02));
}

static void test_flags(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", ""},
        {"invert", "--invert"},
        {"max-pixel=15,invert,transpose", "--max-pixel 15 --invert --transpose"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        mnist_steps steps;
        char text[MNIST_FLAGS_TEXT];
        assert_int_equal(mnist_steps_parse(&steps, cases[i][0], NULL), MNIST_OK);
        mnist_advice_flags(&steps, text);
        assert_string_equal(text, cases[i][1]);
    }
}

/* The document has so many, and no key where there are none. */
static void test_notes(void **state)
{
    (void)state;
    mnist_notes notes = {.program = "test", .quiet = true};
    json_t *document = json_object();
    mnist_notes_put_json(&notes, &document);
    assert_int_equal(json_object_size(document), 0);
    for (unsigned i = 0; i < MNIST_NOTES + 3; i++) {
        mnist_note(&notes, "%u\t%s", i, "\033");
    }
    mnist_notes_put_json(&notes, &document);
    const json_t *texts = json_object_get(document, "notes");
    assert_int_equal(json_array_size(texts), MNIST_NOTES);
    assert_string_equal(json_string_value(json_array_get(texts, 2)), "2\\x09\\x1b");
    json_decref(document);
    mnist_notes_free(&notes);
    notes.failed = true; /* memory was short for one */
    document = json_object();
    mnist_notes_put_json(&notes, &document);
    assert_null(document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_looks),      cmocka_unit_test(test_chance),
        cmocka_unit_test(test_explosions), cmocka_unit_test(test_flags),
        cmocka_unit_test(test_notes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
