/* How much memory a hostile file can take: each reader must give the same result under a limit on
 * the address space, the one that its header promises, as without it. */
#define _GNU_SOURCE /* nftw, MAP_ANONYMOUS */
#include "crafted.h"
#include "left_out.h"
#include "scratch.h"
#include "unit.h"

#include "cli/shared/adopt.h"
#include "cli/eval/course.h"
#include "cli/train/settings.h"

#include <mnist/convert.h>
#include <mnist/data.h>
#include <mnist/io.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <zlib.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#define MIB ((size_t)1 << 20)

typedef struct input {
    const char *path, *other; /* IDX: images, labels */
    const char *text;
} input;

/* Reads and releases; returns the message, or "" for success. */
typedef void reader(const input *in, mnist_error *err);

static void read_idx(const input *in, mnist_error *err)
{
    mnist_dataset *dataset;
    if (mnist_dataset_load_idx(&dataset, in->path, in->other, err) == MNIST_OK) {
        err->text[0] = '\0';
    }
    mnist_dataset_free(dataset);
}

static void read_model(const input *in, mnist_error *err)
{
    mnist_model *model;
    if (mnist_model_load(&model, in->path, err) == MNIST_OK) {
        err->text[0] = '\0';
    }
    mnist_model_free(model);
}

static void read_config(const input *in, mnist_error *err)
{
    mnist_train_settings settings = mnist_train_settings_defaults();
    mnist_parsed parsed = {.program = &mnist_train_program};
    if (mnist_options_read_config(in->path, &parsed, err) &&
        mnist_options_apply_config(parsed.program, in->path, &settings, &parsed, err)) {
        err->text[0] = '\0';
    }
    mnist_options_free(&parsed);
}

static void read_adopted(const input *in, mnist_error *err)
{
    json_t *options;
    if (mnist_adopt_parse(in->text, "model", &options, err)) {
        err->text[0] = '\0';
    }
    json_decref(options);
}

static void read_log(const input *in, mnist_error *err)
{
    const mnist_course_plan plan = {.path = "model"};
    mnist_eval_course course;
    if (mnist_eval_course_read(&course, in->path, &plan, err) == MNIST_OK) {
        err->text[0] = '\0';
    }
    mnist_eval_course_free(&course);
}

static void read_net(const input *in, mnist_error *err)
{
    mnist_net net;
    if (mnist_net_load(&net, in->path, NULL, NULL, err) == MNIST_OK) {
        err->text[0] = '\0';
    }
    mnist_net_free(&net);
}

/* Reads in a process of its own, which has no memory that an earlier reader gave back. bound: how
 * much more it may take than it has; 0: any. */
static void read_in_child(reader *read_it, const input *in, size_t bound, mnist_error *err)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        unsigned long pages = 0;
        FILE *statm = fopen("/proc/self/statm", "r");
        if (!statm || fscanf(statm, "%lu", &pages) != 1) {
            _exit(2);
        }
        fclose(statm);
        struct rlimit limit;
        limit.rlim_cur = limit.rlim_max =
            (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + (rlim_t)bound;
        if (bound > 0 && setrlimit(RLIMIT_AS, &limit) != 0) {
            _exit(2);
        }
        read_it(in, err);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* Does the reader give the same result in a process that may take `bound` bytes more than it
 * has? */
static bool same_within(reader *read_it, const input *in, size_t bound)
{
    mnist_error *said =
        mmap(NULL, 2 * sizeof *said, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(said != MAP_FAILED);
    read_in_child(read_it, in, 0, &said[0]);
    read_in_child(read_it, in, bound, &said[1]);
    assert_null(strstr(said[0].text, "memory"));
    bool same = strcmp(said[0].text, said[1].text) == 0;
    munmap(said, 2 * sizeof *said);
    return same;
}

static size_t write_bytes(scratch_file *file, const void *data, size_t size)
{
    assert_int_equal(scratch_write(file->path, data, size), 0);
    return size;
}

/* head and then `body` zeros, gzipped as small as possible: the size of the file. */
static size_t write_bomb(scratch_file *file, const uint8_t *head, size_t head_size, size_t body)
{
    uint8_t *plain = calloc(head_size + body, 1), *packed = malloc(MIB);
    assert_true(plain && packed);
    memcpy(plain, head, head_size);
    z_stream out = {.next_in = plain, .avail_in = (uInt)(head_size + body)};
    assert_int_equal(deflateInit2(&out, 9, Z_DEFLATED, MAX_WBITS + 16, 9, Z_DEFAULT_STRATEGY),
                     Z_OK);
    out.next_out = packed;
    out.avail_out = MIB;
    assert_int_equal(deflate(&out, Z_FINISH), Z_STREAM_END);
    size_t size = write_bytes(file, packed, MIB - out.avail_out);
    deflateEnd(&out);
    free(plain);
    free(packed);
    return size;
}

static void test_idx(void **state)
{
    enum { COUNT = 4096 };
    static uint8_t images[16 + 1024 * COUNT] = {0, 0, 8, 3,  0, 0, COUNT >> 8, 0,
                                                0, 0, 0, 32, 0, 0, 0,          32};
    static uint8_t labels[8 + COUNT] = {0, 0, 8, 1, 0, 0, COUNT >> 8, 0};
    scratch_file raw = scratch_name(state, "images"), raw_labels = scratch_name(state, "labels"),
                 bomb = scratch_name(state, "images.gz"), cut = scratch_name(state, "cut.gz"),
                 tail = scratch_name(state, "tail.gz"), promise = scratch_name(state, "promise");
    const size_t size = write_bytes(&raw, images, sizeof images),
                 labels_size = write_bytes(&raw_labels, labels, sizeof labels),
                 packed = write_bomb(&bomb, images, 16, sizeof images - 16);
    input in = {.path = raw.path, .other = raw_labels.path};
    assert_true(same_within(read_idx, &in, 2 * size + 2 * labels_size + MIB));
    assert_true(packed < sizeof images / 900); /* it is a bomb */
    in.path = bomb.path;
    assert_true(same_within(read_idx, &in, 1033 * packed + 8 * MIB));
    assert_false(same_within(read_idx, &in, 500 * packed)); /* the limit is one */
    /* promises more than it holds: 2^32 - 1 images of 256 x 256 */
    uint8_t header[16] = {0, 0, 8, 3, 255, 255, 255, 255, 0, 0, 1, 0, 0, 0, 1, 0};
    in.path = promise.path;
    write_bytes(&promise, header, sizeof header);
    assert_true(same_within(read_idx, &in, MIB));
    write_bomb(&promise, header, sizeof header, 16 * MIB);
    assert_true(same_within(read_idx, &in, MIB));
    /* holds much more than it states: one image of 1 x 1 */
    uint8_t one[16] = {0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1};
    in.path = tail.path;
    write_bomb(&tail, one, sizeof one, 32 * MIB);
    assert_true(same_within(read_idx, &in, MIB));
    /* labels: the bytes inflated, and once more as what is handed out */
    uint8_t many[8] = {0, 0, 8, 1, 1, 0, 0, 0};
    const size_t cut_size = write_bomb(&cut, many, sizeof many, (size_t)1 << 24);
    in.path = bomb.path;
    in.other = cut.path;
    assert_true(same_within(read_idx, &in, 1033 * packed + 2065 * cut_size + 8 * MIB));
}

/* {"a":{},"b":{},...: as many values as a header may hold, each of the kind that takes most
 * memory. */
static char *many_values(size_t count, const char *value)
{
    char *text = malloc(count * (strlen(value) + 12) + 3);
    size_t used = 1;
    assert_non_null(text);
    text[0] = '{';
    for (size_t i = 0; i < count; i++) {
        used += (size_t)sprintf(text + used, "%s\"%zx\":%s", i ? "," : "", i, value);
    }
    text[used++] = '}';
    text[used] = '\0';
    return text;
}

static size_t write_header(scratch_file *file, const char *header, size_t data)
{
    void *zeros = calloc(data + 1, 1);
    crafted made = craft(header, zeros, data);
    const size_t size = write_bytes(file, made.bytes, made.size);
    free(made.bytes);
    free(zeros);
    return size;
}

/* What include/mnist/io.h promises. */
static size_t model_bound(size_t size)
{
    return 20 * size + 40 * MIB;
}

/* The same net of fewer bits: what is in memory is as large. */
static void test_narrow(scratch_file *file)
{
    static const struct {
        const char *weights, *types[2];
        unsigned width, bias;
        size_t times;
    } forms[] = {{"bf16", {"BF16", "BF16"}, 2, 2, 40}, {"integers", {"I8", "I32"}, 1, 4, 100}};
    const unsigned n = 65536;
    for (size_t i = 0; i < LENGTH(forms); i++) {
        const unsigned width = forms[i].width, bias = forms[i].bias, whole = width == 1;
        const char *const names[] = {"0.weight", "0.bias",  "1.weight", "1.bias",
                                     "0.scale",  "0.range", "1.scale"};
        const unsigned sizes[] = {n * width, bias, 10 * width, 10 * bias, 4, 12, 40};
        const char *const shapes[] = {"65536,1", "1", "1,10", "10", "1", "3", "10"};
        char header[2048];
        int length =
            snprintf(header, sizeof header,
                     "{\"__metadata__\":{\"format\":\"mnist-mlp\",\"format_version\":\"2\","
                     "\"inputs\":\"%u\",\"hidden\":\"1\",\"outputs\":\"10\","
                     "\"activation\":\"relu\",\"normalization\":\"unit\",\"mean\":\"0\","
                     "\"stddev\":\"1\",\"weights\":\"%s\",\"crc32\":\"00000000\"}",
                     n, forms[i].weights);
        unsigned end = 0;
        for (size_t t = 0; t < (whole ? 7u : 4u); t++) {
            length += snprintf(header + length, sizeof header - (size_t)length,
                               ",\"layers.%s\":{\"dtype\":\"%s\",\"shape\":[%s],"
                               "\"data_offsets\":[%u,%u]}",
                               names[t], t >= 4 ? "F32" : forms[i].types[t % 2], shapes[t], end,
                               end + sizes[t]);
            end += sizes[t];
        }
        snprintf(header + length, sizeof header - (size_t)length, "}");
        const size_t size = write_header(file, header, end);
        const input in = {.path = file->path};
        mnist_error err;
        read_model(&in, &err); /* the scales are 0: refused, but at the very end */
        assert_true(whole ? strstr(err.text, "scale") != NULL : err.text[0] == '\0');
        assert_true(same_within(read_model, &in, forms[i].times * size + MIB));
    }
}

static void test_model(void **state)
{
    static const char own[] =
        "{\"__metadata__\":{\"format\":\"mnist-mlp\",\"format_version\":\"1\",\"inputs\":\"%u\","
        "\"hidden\":\"1\",\"outputs\":\"10\",\"activation\":\"relu\",\"normalization\":\"unit\","
        "\"mean\":\"0\",\"stddev\":\"1\",\"crc32\":\"00000000\"},"
        "\"layers.0.weight\":{\"dtype\":\"F32\",\"shape\":[%u,1],\"data_offsets\":[0,%u]},"
        "\"layers.0.bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[%u,%u]},"
        "\"layers.1.weight\":{\"dtype\":\"F32\",\"shape\":[1,10],\"data_offsets\":[%u,%u]},"
        "\"layers.1.bias\":{\"dtype\":\"F32\",\"shape\":[10],\"data_offsets\":[%u,%u]}}";
    scratch_file file = scratch_name(state, "model");
    input in = {.path = file.path};
    mnist_error err;
    /* a layer of one unit, which fills a panel's row of 16 */
    char header[2048];
    const unsigned n = 65536;
    snprintf(header, sizeof header, own, n, n, 4 * n, 4 * n, 4 * n + 4, 4 * n + 4, 4 * n + 44,
             4 * n + 44, 4 * n + 84);
    size_t size = write_header(&file, header, 4 * n + 84);
    read_model(&in, &err);
    assert_string_equal(err.text, "");
    assert_true(same_within(read_model, &in, 20 * size + MIB));
    assert_false(same_within(read_model, &in, 10 * size));
    test_narrow(&file);
    /* values, strings, and more of both than there may be */
    static const char *const values[] = {"{}", "[]", "{\"shape\":[{}]}", "1", "\"\\u0001\""};
    for (size_t i = 0; i < LENGTH(values); i++) {
        for (size_t count = 20000; count <= 200000; count *= 10) {
            char *text = many_values(count, values[i]);
            size = write_header(&file, text, 0);
            assert_true(same_within(read_model, &in, model_bound(size)));
            free(text);
        }
    }
    char *text = malloc(5 * MIB);
    assert_non_null(text);
    memset(text, 'x', 5 * MIB);
    memcpy(text, "{\"", 2);
    strcpy(text + 5 * MIB - 5, "\":1}");
    size = write_header(&file, text, 0);
    assert_true(same_within(read_model, &in, 8 * size + MIB));
    free(text);
    /* 2^60 bytes of header are promised */
    static const uint8_t huge[16] = {0, 0, 0, 0, 0, 0, 0, 16, '{', '}'};
    write_bytes(&file, huge, sizeof huge);
    assert_true(same_within(read_model, &in, MIB));
}

/* Other programs' nets (src/convert/README.md). */
static void test_net(void **state)
{
    scratch_file file = scratch_name(state, "net");
    input in = {.path = file.path};
    mnist_error err;
    /* 16-bit numbers become twice as large */
    static const char half[] =
        "{\"w\":{\"dtype\":\"F16\",\"shape\":[10,65536],\"data_offsets\":[0,1310720]}}";
    size_t size = write_header(&file, half, 1310720);
    read_net(&in, &err);
    assert_string_equal(err.text, "");
    assert_true(same_within(read_net, &in, 3 * size + MIB));
    assert_false(same_within(read_net, &in, 2 * size));
    static const char entry[] = "{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}";
    for (size_t count = 10000; count <= 100000; count *= 10) {
        char *text = many_values(count, entry);
        size = write_header(&file, text, 0);
        assert_true(same_within(read_net, &in, model_bound(size)));
        free(text);
    }
    /* as an archive: the file, its entries, and the net */
    mnist_net net = {.knows_normalization = true};
    mnist_format_output bytes;
    net.normalization = (mnist_normalization){MNIST_NORMALIZE_UNIT, 0.0f, 1.0f};
    assert_int_equal(mnist_net_add_layer(&net, 65536, 10, "net", &err), MNIST_OK);
    assert_int_equal(mnist_net_encode(&bytes, &net, mnist_format_find("npz"), "net", &err),
                     MNIST_OK);
    size = write_bytes(&file, bytes.bytes[0], bytes.sizes[0]);
    read_net(&in, &err);
    if (err.text[0] == '\0') { /* else it was built without libzip */
        assert_true(same_within(read_net, &in, 3 * size + MIB));
        assert_false(same_within(read_net, &in, 2 * size));
    }
    mnist_format_output_free(&bytes);
    mnist_net_free(&net);
}

static void test_json(void **state)
{
    scratch_file file = scratch_name(state, "config");
    static const char *const values[] = {"{},", "[],", "[0],", "1,", "\"\","};
    for (size_t i = 0; i < LENGTH(values); i++) {
        char text[65536 + 1] = "{\"hidden\":[";
        size_t used = strlen(text);
        for (; used + strlen(values[i]) + 4 < sizeof text; used += strlen(values[i])) {
            strcpy(text + used, values[i]);
        }
        strcpy(text + used, "1]}");
        input in = {.path = file.path, .text = text};
        write_bytes(&file, text, strlen(text));
        assert_true(same_within(read_config, &in, 8 * MIB));
        assert_true(same_within(read_adopted, &in, 8 * MIB));
        if (i == 0) {
            assert_false(same_within(read_config, &in, MIB));
        }
    }
    input in = {.path = "/dev/zero"};
    assert_true(same_within(read_config, &in, MIB));
}

/* The shortest lines, of which each becomes a record; and a line of many values. */
static void test_log(void **state)
{
    enum { LINES = 300000, WIDTH = 40 };
    scratch_file file = scratch_name(state, "log");
    input in = {.path = file.path};
    char *text = malloc(200 + (size_t)LINES * WIDTH);
    mnist_error err;
    assert_non_null(text);
    for (int steps = 0; steps < 2; steps++) {
        size_t used = (size_t)sprintf(text, "kind,seed,epoch,step,lr,train_loss,train_accuracy,"
                                            "validation_loss,validation_accuracy\n");
        for (unsigned i = 1; i <= LINES; i++) {
            used += (size_t)sprintf(text + used, "%s,1,%u,%u,1,1,1,,\n", steps ? "step" : "epoch",
                                    steps ? 1 : i, i);
        }
        if (steps) {
            used += (size_t)sprintf(text + used, "epoch,1,1,%u,1,1,1,,\n", LINES);
        }
        const size_t size = write_bytes(&file, text, used);
        read_log(&in, &err);
        assert_string_equal(err.text, "");
        assert_true(same_within(read_log, &in, 20 * size + MIB));
        assert_false(same_within(read_log, &in, size));
    }
    size_t used = (size_t)sprintf(text, "{\"kind\":[0");
    while (used < 1000) {
        used += (size_t)sprintf(text + used, ",0");
    }
    used += (size_t)sprintf(text + used, "]}\n");
    write_bytes(&file, text, used);
    assert_true(same_within(read_log, &in, MIB));
    free(text);
}

static void test_not_here(void **state)
{
    (void)state;
    LEAVE_OUT("a sanitizer takes addresses for itself");
}

int main(void)
{
#ifdef __GLIBC__
    /* memory that tests free goes back to the system, so that no child can reuse it */
    mallopt(M_MMAP_THRESHOLD, 65536);
#endif
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_idx, scratch_create, scratch_remove),
        cmocka_unit_test_setup_teardown(test_model, scratch_create, scratch_remove),
        cmocka_unit_test_setup_teardown(test_net, scratch_create, scratch_remove),
        cmocka_unit_test_setup_teardown(test_json, scratch_create, scratch_remove),
        cmocka_unit_test_setup_teardown(test_log, scratch_create, scratch_remove),
    };
    const struct CMUnitTest none[] = {cmocka_unit_test(test_not_here)};
    return SANITIZED ? cmocka_run_group_tests(none, NULL, NULL)
                     : cmocka_run_group_tests(tests, NULL, NULL);
}
