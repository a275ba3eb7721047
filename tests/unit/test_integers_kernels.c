/* The integer kernels: every table against the oracle, bit for bit, and the oracle against sums
 * written down here another way. */
#include "unit.h"

#include "base/memory.h"
#include "kernels/integers.h"

#include <stdlib.h>

#define ORACLE (&mnist_integer_kernels_scalar)

/* What inputs and weights are. */
typedef enum kind {
    MANY_ZEROS, /* three groups in four are 0 */
    NOISE,
    LARGEST,   /* all 255 or 127, all weights 127 */
    LEAST,     /* likewise, weights -127 */
    ALTERNATE, /* weights 127 and -127 in turn */
    NOTHING,   /* inputs 0 */
    KINDS
} kind;

typedef struct shape {
    size_t rows, inputs, outputs;
} shape;

static uint32_t drawn(uint32_t stream, uint64_t index)
{
    return mnist_rng(7, (mnist_rng_purpose)TEST_RNG_VALUES, stream, index).word[0];
}

static uint8_t input_of(kind what, size_t i, bool pixels)
{
    const unsigned most = pixels ? 256 : 128;
    switch (what) {
    case MANY_ZEROS:
        return (uint8_t)(drawn(1, i / 4) % 4 == 0 ? drawn(2, i) % most : 0);
    case NOISE:
        return (uint8_t)(drawn(3, i) % most);
    case NOTHING:
        return 0;
    default:
        return (uint8_t)(most - 1);
    }
}

static int8_t weight_of(kind what, size_t k, size_t n, size_t outputs)
{
    switch (what) {
    case LARGEST:
        return 127;
    case LEAST:
        return -127;
    case ALTERNATE:
        return k % 2 ? 127 : -127;
    default:
        return (int8_t)((int)(drawn(4, k * outputs + n) % 255) - 127);
    }
}

typedef struct problem {
    mnist_integer_product p;
    int8_t *plain; /* (inputs, outputs) */
    int8_t *packed;
    uint8_t *x, table[256];
    int32_t *init, *shifts, *multipliers;
    float *scales;
    mnist_integer_steps steps;
    size_t out_size;
} problem;

/* rows of x are x_stride apart and end where memory does, which valgrind and ASan watch. */
static problem make(shape s, kind what, bool pixels)
{
    problem q = {.plain = mnist_alloc(s.inputs * s.outputs, 1),
                 .packed = mnist_alloc(mnist_integer_size(s.inputs, s.outputs), 1),
                 .init = mnist_alloc(s.outputs, sizeof(int32_t)),
                 .shifts = mnist_alloc(s.outputs, sizeof(int32_t)),
                 .multipliers = mnist_alloc(s.outputs, sizeof(int32_t)),
                 .scales = mnist_alloc(s.outputs, sizeof(float))};
    const size_t stride = s.inputs + 3;
    q.x = malloc((s.rows ? s.rows - 1 : 0) * stride + s.inputs);
    for (size_t i = 0; i < s.rows; i++) {
        for (size_t k = 0; k < s.inputs; k++) {
            q.x[i * stride + k] = input_of(what, i * s.inputs + k, pixels);
        }
        for (size_t k = s.inputs; i + 1 < s.rows && k < stride; k++) {
            q.x[i * stride + k] = 99; /* between rows: not to be read */
        }
    }
    for (size_t n = 0; n < s.outputs; n++) {
        for (size_t k = 0; k < s.inputs; k++) {
            const int8_t w = weight_of(what, k, n, s.outputs);
            q.plain[k * s.outputs + n] = w;
            q.packed[mnist_integer_place(s.inputs, s.outputs, k, n)] = w;
        }
        q.init[n] = (int32_t)(drawn(5, n) % 200001) - 100000;
        q.shifts[n] = (int32_t)(drawn(6, n) % 25);
        q.multipliers[n] = (int32_t)(drawn(7, n) % 32768);
        if (n % 3 == 0) { /* such that many results are neither 0 nor the most */
            q.shifts[n] = 6;
            q.multipliers[n] = 1500;
        }
        q.scales[n] = 0.001f * (float)(n + 1);
    }
    for (size_t v = 0; v < 256; v++) {
        q.table[v] = (uint8_t)(drawn(8, v) % 128);
    }
    q.p = (mnist_integer_product){.x = q.x,
                                  .x_stride = stride,
                                  .rows = s.rows,
                                  .inputs = s.inputs,
                                  .pixels = pixels,
                                  .w = q.packed,
                                  .outputs = s.outputs,
                                  .init = q.init,
                                  .out_stride = s.outputs + 16,
                                  .scales = q.scales,
                                  .logits_stride = s.outputs + 16};
    q.out_size = s.rows * (s.outputs + 16);
    return q;
}

static void unmake(problem *q)
{
    mnist_free(q->plain);
    mnist_free(q->packed);
    mnist_free(q->init);
    mnist_free(q->shifts);
    mnist_free(q->multipliers);
    mnist_free(q->scales);
    free(q->x);
}

/* The contract once more, in 64 bits and without panels. */
static int64_t sum_of(const problem *q, size_t i, size_t n)
{
    int64_t sum = q->init[n];
    for (size_t k = 0; k < q->p.inputs; k++) {
        int64_t x = q->x[i * q->p.x_stride + k];
        if (q->p.pixels) {
            x = x == 255 ? 127 : (x + 1) / 2;
        }
        sum += x * q->plain[k * q->p.outputs + n];
    }
    return sum;
}

static int64_t floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b != 0 && a < 0);
}

static uint8_t result_of(const problem *q, size_t i, size_t n)
{
    int64_t t = floor_divide(sum_of(q, i, n), INT64_C(1) << q->shifts[n]);
    t = t > 32767 ? 32767 : t < -32768 ? -32768 : t;
    int64_t v = floor_divide(t * q->multipliers[n] + 16384, 32768) + q->steps.middle;
    v = v < 0 ? 0 : v > q->steps.most ? q->steps.most : v;
    return q->steps.table ? q->steps.table[v] : (uint8_t)v;
}

static void check_bytes(problem *q)
{
    uint8_t *expected = malloc(q->out_size + 1), *found = malloc(q->out_size + 1);
    memset(expected, 77, q->out_size);
    q->p.steps = &q->steps;
    q->p.out = expected;
    ORACLE->product(&q->p);
    for (size_t i = 0; i < q->p.rows; i++) {
        for (size_t n = 0; n < q->p.outputs; n += 7) {
            assert_int_equal(expected[i * q->p.out_stride + n], result_of(q, i, n));
        }
    }
    q->p.out = found;
    for (size_t k = 1; mnist_integer_kernels_list(k); k++) {
        for (int sparse = 0; sparse < 2; sparse++) {
            memset(found, 77, q->out_size);
            q->p.sparse = sparse;
            mnist_integer_kernels_list(k)->product(&q->p);
            assert_memory_equal(expected, found, q->out_size); /* and nothing between rows */
        }
    }
    free(expected);
    free(found);
}

static void check_logits(problem *q)
{
    float *expected = malloc((q->out_size + 1) * sizeof(float));
    float *found = malloc((q->out_size + 1) * sizeof(float));
    memset(expected, 77, q->out_size * sizeof(float));
    q->p.steps = NULL;
    q->p.logits = expected;
    ORACLE->product(&q->p);
    for (size_t i = 0; i < q->p.rows; i++) {
        for (size_t n = 0; n < q->p.outputs; n += 7) {
            const float sum = (float)sum_of(q, i, n), logit = sum * q->scales[n];
            assert_memory_equal(&expected[i * q->p.logits_stride + n], &logit, sizeof logit);
        }
    }
    q->p.logits = found;
    for (size_t k = 1; mnist_integer_kernels_list(k); k++) {
        for (int sparse = 0; sparse < 2; sparse++) {
            memset(found, 77, q->out_size * sizeof(float));
            q->p.sparse = sparse;
            mnist_integer_kernels_list(k)->product(&q->p);
            assert_memory_equal(expected, found, q->out_size * sizeof(float));
        }
    }
    free(expected);
    free(found);
}

static void check_shape(shape s, kind what, bool pixels)
{
    problem q = make(s, what, pixels);
    q.steps = (mnist_integer_steps){.shifts = q.shifts, .multipliers = q.multipliers, .most = 127};
    check_bytes(&q);
    q.steps.middle = 128;
    q.steps.most = 255;
    q.steps.table = q.table;
    check_bytes(&q);
    check_logits(&q);
    unmake(&q);
}

/* Rows around what tiles take at once; inputs around groups, vectors and lists; outputs of one
 * panel, of several, and of a narrow one at the end. */
static void test_shapes(void **state)
{
    (void)state;
    static const size_t inputs[] = {1, 3, 4, 5, 16, 30, 63, 64, 65, 67, 128, 199};
    static const size_t outputs[] = {16, 32, 48, 64, 80, 112, 128, 144, 192};
    for (size_t rows = 0; rows <= 14; rows++) {
        const size_t k = inputs[rows % LENGTH(inputs)], n = outputs[rows % LENGTH(outputs)];
        for (kind what = 0; what < KINDS; what++) {
            check_shape((shape){rows, k, n}, what, rows % 2);
        }
    }
    for (size_t i = 0; i < LENGTH(inputs); i++) {
        for (size_t o = 0; o < LENGTH(outputs); o++) {
            check_shape((shape){1 + (i + o) % 9, inputs[i], outputs[o]}, (i + o) % 2, i % 2);
            check_shape((shape){1, inputs[i], outputs[o]}, i % 2, o % 2);
        }
    }
    check_shape((shape){33, 784, 128}, MANY_ZEROS, true);
    check_shape((shape){70, 100, 64}, MANY_ZEROS, true); /* more than lists at a time */
    check_shape((shape){17, 1023, 80}, MANY_ZEROS, true);
    check_shape((shape){3, 1024, 80}, NOISE, true);
    check_shape((shape){4, 1028, 144}, MANY_ZEROS, true); /* more groups than a list has */
    check_shape((shape){2, 1029, 16}, NOISE, false);
    check_shape((shape){1, 2100, 208}, MANY_ZEROS, false);
}

/* The deepest sums there are: with 65,536 inputs they stay below 2^31, whatever the init may be. */
static void test_depth(void **state)
{
    (void)state;
    for (kind what = LARGEST; what <= ALTERNATE; what++) {
        problem q = make((shape){2, MNIST_INTEGER_DEPTH, 16}, what, what == LARGEST);
        const int32_t most = INT32_MAX - 127 * 127 * (int32_t)MNIST_INTEGER_DEPTH;
        for (size_t n = 0; n < q.p.outputs; n++) {
            q.init[n] = n % 2 ? most : -most;
            q.shifts[n] = 24;
            q.multipliers[n] = 32767;
        }
        q.steps =
            (mnist_integer_steps){.shifts = q.shifts, .multipliers = q.multipliers, .most = 127};
        check_bytes(&q);
        check_logits(&q);
        unmake(&q);
    }
}

/* Every sum around the bounds of every step. */
static void test_steps(void **state)
{
    (void)state;
    static const int32_t sums[] = {0,      1,      -1,      2047,    2048,       -2048,
                                   32767,  32768,  -32768,  -32769,  65535,      -65536,
                                   999999, -99999, 8388607, 8388608, 2000000000, -2000000000};
    problem q = make((shape){1, 4, 16}, NOTHING, false);
    q.steps = (mnist_integer_steps){.shifts = q.shifts, .multipliers = q.multipliers, .most = 127};
    for (size_t s = 0; s < LENGTH(sums); s++) {
        for (int32_t shift = 0; shift <= 24; shift++) {
            for (size_t n = 0; n < 16; n++) {
                q.init[n] = sums[s] + (int32_t)n - 8;
                q.shifts[n] = shift;
                q.multipliers[n] = n < 2 ? 32767 * (int32_t)n : 1 << (n - 1);
            }
            q.steps.middle = shift % 2 ? 128 : 0;
            q.steps.most = shift % 2 ? 255 : 127;
            check_bytes(&q);
        }
    }
    unmake(&q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
