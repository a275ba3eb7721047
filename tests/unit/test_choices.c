/* The page that compares compressed nets: its table, its chart, and that no foreign text is markup. */
#define _XOPEN_SOURCE 700
#include "unit/unit.h"

#include <mnist/report.h>

#include "scratch.h"

static mnist_evaluation evaluation(size_t errors)
{
    return (mnist_evaluation){
        .count = 1000, .errors = errors, .accuracy = 1.0 - (double)errors / 1000.0};
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *p = strstr(text, part); p; p = strstr(p + 1, part)) {
        count++;
    }
    return count;
}

static char *written(void **state, const mnist_choices_page *page)
{
    const scratch_file file = scratch_name(state, "page.html");
    mnist_error err;
    if (mnist_choices_page_write(file.path, page, &err) != MNIST_OK) {
        fail_msg("%s", err.text);
    }
    char *html = scratch_read(file.path, NULL);
    assert_non_null(html);
    return html;
}

static void test_page(void **state)
{
    const mnist_evaluation validation[] = {evaluation(30), evaluation(40), evaluation(20)},
                           test[] = {evaluation(31), evaluation(41), evaluation(21)};
    mnist_page_choice choices[] = {
        {.keep = "0.02", .levels = 4, .weights = 1234, .bytes = 1000, .on_front = true},
        {.keep = "0.05", .levels = 4, .weights = 5678, .bytes = 2000},
        {.keep = "<b>&\x1b", .levels = 8, .weights = 9, .bytes = 4000, .on_front = true}};
    const mnist_page_fact fact = {"model file", "</dd><script>"};
    const mnist_choices_page page = {.program = "mnist-compress",
                                     .heading = "784-10 <i>",
                                     .facts = {&fact, 1},
                                     .choices = choices,
                                     .count = LENGTH(choices)};
    for (size_t i = 0; i < LENGTH(choices); i++) {
        choices[i].validation = &validation[i];
    }
    char *plain = written(state, &page);
    for (size_t i = 0; i < LENGTH(choices); i++) {
        choices[i].test = &test[i];
    }
    char *tested = written(state, &page);
    assert_int_equal(count_of(plain, "<tr><th scope=\"row\">"), 3);
    assert_int_equal(count_of(plain, "<td>yes</td>"), 2);
    assert_int_equal(count_of(plain, "<circle class=\"dot a\""), 2);
    assert_int_equal(count_of(plain, "<circle class=\"dot c"), 1);
    assert_int_equal(count_of(plain, "<circle class=\"dot b\""), 0);
    assert_int_equal(count_of(plain, "test errors"), 0);
    assert_int_equal(count_of(tested, "<circle class=\"dot b\""), 2);
    assert_int_equal(count_of(tested, "test errors"), 1);
    assert_int_equal(count_of(tested, "<td>41</td>"), 1);
    assert_int_equal(count_of(tested, "<b>"), 0);
    assert_int_equal(count_of(tested, "<i>"), 0);
    assert_int_equal(count_of(tested, "<script>"), 1); /* the page's own */
    free(plain);
    free(tested);
}

/* One alone, and one without any error: axes that have a range nevertheless. */
static void test_one(void **state)
{
    for (size_t errors = 0; errors < 2; errors++) {
        const mnist_evaluation validation = evaluation(errors);
        const mnist_page_choice choice = {
            .keep = "0.1", .levels = 8, .bytes = 100, .validation = &validation, .on_front = true};
        const mnist_choices_page page = {
            .program = "p", .heading = "h", .choices = &choice, .count = 1};
        char *html = written(state, &page);
        assert_int_equal(count_of(html, "<circle class=\"dot a\""), 1);
        assert_int_equal(count_of(html, "\"nan"), 0);
        assert_int_equal(count_of(html, "cx=\"nan"), 0);
        free(html);
    }
}

static void test_no_directory(void **state)
{
    const scratch_file file = scratch_name(state, "absent/page.html");
    const mnist_evaluation validation = evaluation(1);
    const mnist_page_choice choice = {.keep = "0.1", .bytes = 1, .validation = &validation};
    const mnist_choices_page page = {
        .program = "p", .heading = "h", .choices = &choice, .count = 1};
    mnist_error err;
    assert_int_equal(mnist_choices_page_write(file.path, &page, &err), MNIST_ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_page, scratch_create, scratch_remove),
        cmocka_unit_test_setup_teardown(test_one, scratch_create, scratch_remove),
        cmocka_unit_test_setup_teardown(test_no_directory, scratch_create, scratch_remove),
    };
    return cmocka_run_group_tests_name("choices", tests, NULL, NULL);
}
