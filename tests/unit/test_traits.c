/* What the lists say of activations and optimisers is true, and src/nn/README.md has a row for
 * each. */
#include "unit/unit.h"

#include "unit/tables.h"

#include "nn/optimizer.h"

#include <stdio.h>
#include <stdlib.h>

static char *readme;

static int load_readme(void **state)
{
    (void)state;
    FILE *file = fopen(NN_README, "r");
    assert_non_null(file);
    enum { MOST = 1 << 20 };
    readme = calloc(MOST, 1);
    assert_non_null(readme);
    const size_t size = fread(readme, 1, MOST - 1, file);
    assert_true(size > 0 && size < MOST - 1);
    return fclose(file);
}

static int free_readme(void **state)
{
    (void)state;
    free(readme);
    return 0;
}

/* Does a table have a row that begins with the name? */
static void assert_documented(const char *name)
{
    char row[64];
    snprintf(row, sizeof row, "\n| `%s` | ", name);
    if (!strstr(readme, row)) {
        fail_msg("no row of %s in %s", name, NN_README);
    }
}

static void assert_plain_name(const char *name)
{
    assert_non_null(name);
    assert_true(strlen(name) > 0);
    assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(name));
}

/* --- Activations -------------------------------------------------------------------------------- */

static void test_activation_names(void **state)
{
    (void)state;
    for (int f = 0; f < MNIST_ACTIVATIONS; f++) {
        const char *name = mnist_activation_name((mnist_activation)f);
        assert_plain_name(name);
        assert_documented(name);
        for (int other = 0; other < f; other++) {
            assert_string_not_equal(name, mnist_activation_name((mnist_activation)other));
        }
    }
}

/* Where a slope is not made from an array, that may hold anything: NaN changes no bit, nor, where
 * only the sign counts, does another size. */
static void test_slopes_read_what_they_say(void **state)
{
    (void)state;
    enum { COUNT = 4096 };
    float *z = mnist_alloc(COUNT, sizeof(float)), *a = mnist_alloc(COUNT, sizeof(float)),
          *other = mnist_alloc(COUNT, sizeof(float));
    float *d[2] = {mnist_alloc(COUNT, sizeof(float)), mnist_alloc(COUNT, sizeof(float))};
    test_fill(z, COUNT, 31, 6.0f);
    for (size_t k = 0; mnist_kernels_list(k); k++) {
        const mnist_kernels *table = mnist_kernels_list(k);
        for (int f = 0; f < MNIST_ACTIVATIONS; f++) {
            const mnist_slope_reads reads = mnist_activation_reads((mnist_activation)f);
            table->activate[f](z, a, COUNT);
            for (size_t i = 0; i < COUNT; i++) {
                d[0][i] = d[1][i] = 1.0f;
                other[i] = reads == MNIST_SLOPE_READS_SIGN ? 3.0f * a[i] : NAN;
            }
            table->activate_backward[f](z, a, d[0], COUNT);
            if (reads == MNIST_SLOPE_READS_INPUT) {
                table->activate_backward[f](z, other, d[1], COUNT);
            } else if (reads == MNIST_SLOPE_READS_VALUE) {
                table->activate_backward[f](other, a, d[1], COUNT);
            } else {
                table->activate_backward[f](other, other, d[1], COUNT);
            }
            assert_same_bits(d[0], d[1], COUNT, mnist_activation_name((mnist_activation)f));
            for (size_t i = 0; i < COUNT; i++) {
                assert_true(isfinite(d[0][i]));
            }
        }
    }
    mnist_free(z);
    mnist_free(a);
    mnist_free(other);
    mnist_free(d[0]);
    mnist_free(d[1]);
}

/* A net that has diverged must show it: NaN stays NaN, in place too. */
static void test_nan_stays(void **state)
{
    (void)state;
    for (size_t k = 0; mnist_kernels_list(k); k++) {
        for (int f = 0; f < MNIST_ACTIVATIONS; f++) {
            _Alignas(64) float a[MNIST_LANES] = {NAN};
            mnist_kernels_list(k)->activate[f](a, a, MNIST_LANES);
            assert_true(isnan(a[0]));
            assert_true(isfinite(a[1]));
        }
    }
}

/* --- Optimisers --------------------------------------------------------------------------------- */

static void test_optimizer_traits(void **state)
{
    (void)state;
    const unsigned all = MNIST_USES_MOMENTUM | MNIST_USES_NESTEROV | MNIST_USES_BETA1 |
                         MNIST_USES_BETA2 | MNIST_USES_RHO | MNIST_USES_EPSILON;
    for (int k = 0; k < MNIST_OPTIMIZERS; k++) {
        const mnist_optimizer_traits *traits = mnist_optimizer_describe((mnist_optimizer_kind)k);
        assert_non_null(traits);
        assert_plain_name(traits->name);
        assert_documented(traits->name);
        assert_ptr_equal(traits->name, mnist_optimizer_name((mnist_optimizer_kind)k));
        assert_true(traits->states <= MNIST_OPTIMIZER_STATES);
        assert_true(traits->lr > 0.0f && traits->lr <= 1.0f);
        assert_int_equal(traits->uses & ~all, 0);
        for (int other = 0; other < k; other++) {
            assert_string_not_equal(traits->name,
                                    mnist_optimizer_name((mnist_optimizer_kind)other));
        }
    }
    assert_null(mnist_optimizer_describe(MNIST_OPTIMIZERS));
    assert_null(mnist_optimizer_describe((mnist_optimizer_kind)-1));
}

/* As many vectors as the list says, of the arena's size: no more, no less. */
static void test_optimizer_states(void **state)
{
    (void)state;
    mnist_mlp *mlp;
    const mnist_mlp_config shape = {.inputs = 3, .outputs = 2, .hidden_count = 1, .hidden = {5}};
    assert_int_equal(mnist_mlp_create(&mlp, &shape, NULL), MNIST_OK);
    for (int k = 0; k < MNIST_OPTIMIZERS; k++) {
        const mnist_optimizer_config config = {.kind = (mnist_optimizer_kind)k};
        mnist_optimizer *optimizer;
        assert_int_equal(mnist_optimizer_create(&optimizer, mlp, &config, NULL), MNIST_OK);
        for (unsigned s = 0; s < MNIST_OPTIMIZER_STATES; s++) {
            const bool kept = s < mnist_optimizer_describe(config.kind)->states;
            assert_int_equal(optimizer->state[s] != NULL, kept);
        }
        mnist_optimizer_free(optimizer);
    }
    mnist_mlp_free(mlp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_activation_names), cmocka_unit_test(test_slopes_read_what_they_say),
        cmocka_unit_test(test_nan_stays),        cmocka_unit_test(test_optimizer_traits),
        cmocka_unit_test(test_optimizer_states),
    };
    return cmocka_run_group_tests(tests, load_readme, free_readme);
}
