/* The container: every rule of the format, and files that break one of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "crafted.h"
#include "io/safetensors.h"

#define A(begin, end, shape)                                                                       \
    "\"a\":{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":[" begin "," end "]}"
#define B(begin, end, shape)                                                                       \
    "\"b\":{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":[" begin "," end "]}"

/* U+D7FF, U+10FFFF, U+10000, U+0800: next to what UTF-8 forbids. */
#define EDGES "\xed\x9f\xbf\xf4\x8f\xbf\xbf\xf0\x90\x80\x80\xe0\xa0\x80"

static const uint8_t data[64];

static void assert_parses(const char *header, size_t data_size)
{
    crafted file = craft(header, data, data_size);
    mnist_safetensors parsed;
    mnist_error err;
    if (mnist_safetensors_parse(&parsed, file.bytes, file.size, "file", &err) != MNIST_OK) {
        fail_msg("%s: %s", header, err.text);
    }
    mnist_safetensors_free(&parsed);
    free(file.bytes);
}

static void assert_fails(const uint8_t *bytes, size_t size, const char *expected)
{
    mnist_safetensors parsed;
    mnist_error err = {0};
    uint8_t *exact = malloc(size + (size == 0)); /* so that ASan sees a read past the end */
    assert_non_null(exact);
    if (size > 0) {
        memcpy(exact, bytes, size);
    }
    mnist_status status = mnist_safetensors_parse(&parsed, exact, size, "file", &err);
    free(exact);
    if (status != MNIST_ERR_FORMAT || !strstr(err.text, expected) ||
        strncmp(err.text, "file: ", 6) != 0) {
        fail_msg("expected '%s', got status %d '%s'", expected, (int)status, err.text);
    }
    assert_null(parsed.json);
    assert_null(parsed.tensors);
}

/* Behind the header's end the format has spaces; NULs are taken as well, and nothing else, nor a NUL within. */
static void padded_headers(void **state)
{
    (void)state;
    static const uint8_t padded[] = "\4\0\0\0\0\0\0\0{}\0\0", mixed[] = "\5\0\0\0\0\0\0\0{} \0\0";
    static const uint8_t within[] = "\5\0\0\0\0\0\0\0{\0}\0\0";
    const uint8_t *const good[] = {padded, mixed};
    mnist_safetensors parsed;
    mnist_error err;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(mnist_safetensors_parse(&parsed, good[i], 8u + good[i][0], "file", &err),
                         MNIST_OK);
        mnist_safetensors_free(&parsed);
    }
    assert_fails(within, sizeof within - 1, "header is not valid JSON");
    assert_fails((const uint8_t *)"\4\0\0\0\0\0\0\0{}\0x", 12, "header is not valid JSON");
}

static void valid_headers(void **state)
{
    (void)state;
    assert_parses("{}", 0);
    assert_parses("{\"__metadata__\":{}}", 0);
    assert_parses("{" A("0", "4", "[]") "}", 4);
    assert_parses("{\"a\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[0,8]},"
                  "\"b\":{\"dtype\":\"U64\",\"shape\":[2],\"data_offsets\":[8,24]}}",
                  24);
    assert_parses("{" A("0", "0", "[0,5]") "}", 0);
    assert_parses("{" A("8", "16", "[2]") "," B("0", "8", "[2,1]") "}", 16);
    assert_parses("{" A("4", "4", "[9223372036854775807,3,0]") "," B("0", "4", "[1]") "}", 4);
    assert_parses("{ \"__metadata__\" : { \"\\u0041\" : \"\\u00e9 \\ud83d\\ude00\" } }", 0);
}

static void description(void **state)
{
    (void)state;
    crafted file = craft("{" A("8", "32", "[2,3]") ",\"__metadata__\":{\"k\":\"v\",\"l\":\"\"}"
                                                   "," B("0", "8", "[2]") "}",
                         data, 32);
    mnist_safetensors parsed;
    assert_int_equal(mnist_safetensors_parse(&parsed, file.bytes, file.size, "file", NULL),
                     MNIST_OK);
    assert_int_equal(parsed.data, file.size - 32);
    assert_int_equal(parsed.tensor_count, 2);
    assert_string_equal(parsed.tensors[0].name, "b");
    assert_int_equal(parsed.tensors[0].begin, 0);
    assert_int_equal(parsed.tensors[0].size, 8);
    assert_string_equal(parsed.tensors[1].name, "a");
    assert_int_equal(parsed.tensors[1].begin, 8);
    assert_int_equal(parsed.tensors[1].size, 24);
    assert_int_equal(parsed.tensors[1].rank, 2);
    assert_int_equal(parsed.tensors[1].shape[0], 2);
    assert_int_equal(parsed.tensors[1].shape[1], 3);
    assert_int_equal(parsed.metadata_count, 2);
    assert_string_equal(mnist_safetensors_metadata(&parsed, "k"), "v");
    assert_string_equal(mnist_safetensors_metadata(&parsed, "l"), "");
    assert_null(mnist_safetensors_metadata(&parsed, "a"));
    mnist_safetensors_free(&parsed);
    free(file.bytes);
}

/* Files that are not safetensors at all. */
static void foreign_files(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        const char *expected;
    } cases[] = {
        {"", 0, "the file is empty"},
        {"abc", 3, "3 bytes, but a safetensors file begins with 8"},
        {"\x1f\x8b", 2, "gzip data"},
        {"\x1f\x8b\x08\0\0\0\0\0\0\3", 10, "gzip data"},
        {"PK\3\4\0\0\x08\x08\0\0", 10, "zip archive, as torch.save"},
        {"\x80\x02\x8a\nl\xfc\x9c\x46\xf9", 9, "Python pickle"},
        {"\x93NUMPY\1\0v\0{", 11, "NumPy array"},
        {"\x89HDF\r\n\x1a\n", 8, "HDF5"},
        {"\x08\x07\x12\x07pytorch", 11, "not a safetensors file: this is an ONNX file"},
        {"\x08\x0A\x3A\x05\x0A\x03\x0A\x01x", 9, "this is an ONNX file"},
        {"\x89PNG\r\n\x1a\n", 8, "not a safetensors file: this is a PNG image"},
        {"\xFF\xD8\xFF\xE0\0\x10JFIF", 10, "JPEG image"},
        {"P5 1 1 255 x", 12, "PGM image"},
        {"\xFD\x37zXZ\0\0\4", 8, "xz data; unpack it first"},
        {"version https://git-lfs.github.com", 34, "Git LFS pointer"},
        {"GGUF\3\0\0\0\0\0", 10, "GGUF"},
        {"\0\0\x08\3\0\0\xea\x60\0\0\0\x1c", 12, "IDX file of images"},
        {"\0\0\x08\1\0\0\x27\x10\7\2", 10, "IDX file of labels"},
        {"<!DOCTYPE html>", 15, "HTML"},
        {"{\"epochs\": 3}", 13, "JSON text"},
        {"\0\0\0\0\0\0\0\0\0\0\0\0", 12, "begins with zeros"},
        {"\1\0\0\0\0\0\0\0{", 9, "header length 1 at byte 0, expected 2 to"},
        {"\2\0\0\0\0\0\0\0[]", 10, "0x5B at byte 8, expected '{'"},
        {"\xff\xff\xff\xff\xff\xff\xff\xff{}", 10, "header length 18446744073709551615"},
        {"\1\xe1\xf5\5\0\0\0\0{}", 10,
         "header length 100000001 at byte 0, expected 2 to 100000000"},
        {"\0\xe1\xf5\5\0\0\0\0{}", 10,
         "truncated in the header: expected at least 100000008 bytes"},
        {"\2\0\0\0\0\0\0\0{", 9, "truncated in the header: expected at least 10 bytes, found 9"},
        {"\2\0\0\0\0\0\0\0", 8, "truncated in the header: expected at least 10 bytes, found 8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_fails((const uint8_t *)cases[i].bytes, cases[i].size, cases[i].expected);
    }
}

static void hostile_headers(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        size_t data_size;
        const char *expected;
    } cases[] = {
        {"{", 0, "not valid JSON near byte"},
        {"{}{}", 0, "not valid JSON near byte"},
        {"{\"a\":}", 0, "not valid JSON near byte"},
        {"{\"__metadata__\":{\"a\":\"\xff\"}}", 0, "not valid JSON"},
        {"{\"__metadata__\":{\"a\":\"\xc0\xaf\"}}", 0, "not valid JSON"},
        {"{\"__metadata__\":{\"a\":\"\\u0000\"}}", 0, "not valid JSON"},
        {"{\"__metadata__\":{\"a\":\"x\",\"a\":\"x\"}}", 0, "duplicate object key"},
        {"{" A("0", "4", "[1]") "," A("0", "4", "[1]") "}", 4, "duplicate object key"},
        {"{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}", 0, "duplicate object key"},
        {"{\"a\":{\"shape\":[[1]]}}", 0, "nested deeper than 3 levels at byte 23"},
        {"{\"a\":[[[[[[[[[[[[[[[[[[[[[[", 0, "nested deeper than 3 levels"},
        {"{\"__metadata__\":[]}", 0, "__metadata__ is not a JSON object"},
        {"{\"__metadata__\":{\"epochs\":3}}", 0, "__metadata__ key 'epochs' is not a string"},
        {"{\"a\":\"F32\"}", 0, "header entry 'a': expected dtype, shape and data_offsets"},
        {"{\"a\":{}}", 0, "header entry 'a': expected dtype"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"crc32\":\"\"}}", 4,
         "header entry 'a': expected dtype"},
        {"{\"a\":{\"dtype\":5,\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "expected dtype"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":{},\"data_offsets\":[0,4]}}", 4, "expected dtype"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}}", 4, "expected dtype"},
        {"{\"a\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4,
         "tensor 'a' has dtype 'F16', expected F32, F64 or U64"},
        {"{\"a\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4,
         "tensor 'a' has 4 bytes by its data_offsets and 8 by its shape"},
        {"{\"a\":{\"dtype\":\"U64\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4,
         "tensor 'a' has 4 bytes by its data_offsets and 8 by its shape"},
        {"{\"a\":{\"dtype\":\"U64\",\"shape\":[1152921504606846976],\"data_offsets\":[0,4]}}", 4,
         "shape is larger than any file"},
        {"{\"a\":{\"dtype\":\"u64\",\"shape\":[1],\"data_offsets\":[0,8]}}", 8, "has dtype 'u64'"},
        {"{" A("0", "4", "[1,1,1,1,1,1,1,1,1]") "}", 4, "has 9 dimensions, expected at most 8"},
        {"{" A("0", "4", "[-1]") "}", 4, "shape is not a list of integers from 0"},
        {"{" A("0", "4", "[1.0]") "}", 4, "shape is not a list of integers from 0"},
        {"{" A("0", "4", "[\"1\"]") "}", 4, "shape is not a list of integers from 0"},
        {"{" A("-4", "0", "[1]") "}", 4, "data_offsets are not two ascending integers"},
        {"{" A("0", "4.0", "[1]") "}", 4, "data_offsets are not two ascending integers"},
        {"{" A("0", "null", "[1]") "}", 4, "data_offsets are not two ascending integers"},
        {"{" A("8", "4", "[1]") "}", 8, "data_offsets are not two ascending integers"},
        {"{" A("0", "99999999999999999999", "[1]") "}", 4, "not valid JSON"},
        {"{" A("0", "4", "[4294967296,4294967296]") "}", 4, "shape is larger than any file"},
        {"{" A("0", "4", "[4611686018427387904,4]") "}", 4, "shape is larger than any file"},
        {"{" A("0", "4", "[2305843009213693952]") "}", 4, "shape is larger than any file"},
        {"{" A("0", "8", "[1]") "}", 8, "has 8 bytes by its data_offsets and 4 by its shape"},
        {"{" A("0", "4", "[3,0]") "}", 4, "has 4 bytes by its data_offsets and 0 by its shape"},
        {"{" A("4", "8", "[1]") "}", 8, "a hole in the data: bytes 0 to 4 before tensor 'a'"},
        {"{" A("0", "4", "[1]") "," B("8", "12", "[1]") "}", 12,
         "a hole in the data: bytes 4 to 8 before tensor 'b'"},
        {"{" A("0", "8", "[2]") "," B("4", "12", "[2]") "}", 12,
         "tensor 'b' at data byte 4 overlaps the one before it, which ends at 8"},
        {"{" A("0", "8", "[2]") "," B("0", "8", "[2]") "}", 8,
         "tensor 'b' at data byte 0 overlaps"},
        {"{" A("0", "8", "[2]") "," B("4", "4", "[0]") "}", 8,
         "tensor 'b' at data byte 4 overlaps"},
        {"{" A("0", "9223372036854775804", "[2305843009213693951]") "}", 8,
         "truncated: expected 9223372036854775"},
        {"{" A("0", "8", "[2]") "}", 7, "truncated: expected 72 bytes, found 71"},
        {"{" A("0", "8", "[2]") "}", 9, "1 trailing bytes: expected 72 bytes, found 73"},
        {"{}", 1, "1 trailing bytes: expected 16 bytes, found 17"},
        {"{\"\\u001b[31mred\":{}}", 0, "header entry '?[31mred'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        crafted file = craft(cases[i].header, data, cases[i].data_size);
        assert_fails(file.bytes, file.size, cases[i].expected);
        free(file.bytes);
    }
}

/* Millions of tiny values would cost a parser a hundred times their bytes: refused beforehand. */
static void header_of_many_values(void **state)
{
    (void)state;
    size_t size = 4 << 20;
    char *header = malloc(size + 1);
    assert_non_null(header);
    memcpy(header, "{\"a\":[", 6);
    for (size_t i = 6; i < size; i += 2) {
        memcpy(header + i, "0,", 2);
    }
    memcpy(header + size - 3, "0]}", 4);
    crafted file = craft(header, NULL, 0);
    assert_fails(file.bytes, file.size, "more than 65536 values in the header");
    free(file.bytes);
    free(header);
}

static void build_writes_what_parse_reads(void **state)
{
    (void)state;
    const mnist_metadata metadata[] = {
        {"z", "first"},
        {"crc32", "00000000"},
        {"x\"crc32", "ffffffff"}, /* looks like the checksum's key, escaped */
        {"y", "\"crc32\":\"00000000\""},
        {"caf\xc3\xa9", EDGES " quote \" backslash \\ newline \n"},
    };
    size_t metadata_count = sizeof metadata / sizeof metadata[0];
    mnist_tensor tensors[] = {
        {.name = "w", .rank = 2, .shape = {3, 2}},
        {.name = "b", .rank = 1, .shape = {2}},
        {.name = "s", .rank = 0},
    };
    mnist_safetensors_output output = {.path = "file",
                                       .metadata = metadata,
                                       .metadata_count = metadata_count,
                                       .tensors = tensors,
                                       .tensor_count = 3};
    mnist_error err;
    assert_int_equal(mnist_safetensors_build(&output, &err), MNIST_OK);
    uint8_t *const file = output.bytes;
    const size_t size = output.size, start = output.data;
    static const char expected[] =
        "{\"__metadata__\":{\"z\":\"first\",\"crc32\":\"00000000\",\"x\\\"crc32\":\"ffffffff\","
        "\"y\":\"\\\"crc32\\\":\\\"00000000\\\"\","
        "\"caf\xc3\xa9\":\"" EDGES " quote \\\" backslash \\\\ newline \\n\"},"
        "\"w\":{\"dtype\":\"F32\",\"shape\":[3,2],\"data_offsets\":[0,24]},"
        "\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[24,32]},"
        "\"s\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[32,36]}}";
    assert_int_equal(start % 8, 0);
    assert_int_equal(size, start + 36);
    assert_memory_equal(file + 8, expected, sizeof expected - 1);
    for (size_t i = 8 + sizeof expected - 1; i < start; i++) {
        assert_int_equal(file[i], ' ');
    }
    file[start + 5] = 77;
    crafted independent = craft(expected, file + start, 36);
    mnist_safetensors_seal(file, size);
    assert_int_equal(independent.size, size);
    assert_memory_equal(independent.bytes, file, size);
    assert_int_equal(mnist_safetensors_verify(file, size, "file", &err), MNIST_OK);

    mnist_safetensors parsed;
    assert_int_equal(mnist_safetensors_parse(&parsed, file, size, "file", &err), MNIST_OK);
    assert_int_equal(parsed.metadata_count, metadata_count);
    for (size_t i = 0; i < metadata_count; i++) {
        const char *value = mnist_safetensors_metadata(&parsed, metadata[i].key);
        if (i != 1) {
            assert_string_equal(value, metadata[i].value);
        }
    }
    assert_int_equal(parsed.tensor_count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(parsed.tensors[i].name, tensors[i].name);
        assert_int_equal(parsed.tensors[i].begin, tensors[i].begin);
        assert_int_equal(parsed.tensors[i].size, tensors[i].size);
    }
    mnist_safetensors_free(&parsed);

    assert_int_equal(mnist_safetensors_build(&output, &err), MNIST_OK);
    uint8_t *const again = output.bytes;
    again[start + 5] = 77;
    mnist_safetensors_seal(again, size);
    assert_memory_equal(again, file, size);
    free(independent.bytes);
    free(file);
    free(again);
}

static void build_refuses(void **state)
{
    (void)state;
    static const struct {
        mnist_metadata metadata[2];
        const char *expected;
    } cases[] = {
        {{{"a", "\xff"}, {"b", ""}}, "metadata 'a' is not UTF-8"},
        {{{"a", ""}, {"b\xe9", "x"}}, "metadata 'b?' is not UTF-8"},
        {{{"a", "\x80"}, {"b", ""}}, "not UTF-8"},             /* no lead */
        {{{"a", "\xc3"}, {"b", ""}}, "not UTF-8"},             /* cut short */
        {{{"a", "\xe2\x82"}, {"b", ""}}, "not UTF-8"},         /* cut short */
        {{{"a", "\xc1\xbf"}, {"b", ""}}, "not UTF-8"},         /* overlong */
        {{{"a", "\xe0\x9f\xbf"}, {"b", ""}}, "not UTF-8"},     /* overlong */
        {{{"a", "\xf0\x8f\xbf\xbf"}, {"b", ""}}, "not UTF-8"}, /* overlong */
        {{{"a", "\xed\xa0\x80"}, {"b", ""}}, "not UTF-8"},     /* a surrogate */
        {{{"a", "\xf4\x90\x80\x80"}, {"b", ""}}, "not UTF-8"}, /* past U+10FFFF */
        {{{"a", "\xf5\x80\x80\x80"}, {"b", ""}}, "not UTF-8"},
        {{{"a", "\xc3\xa9\xe2\x28\xa1"}, {"b", ""}}, "not UTF-8"},
        {{{"a", "1"}, {"a", "2"}}, "metadata key 'a' is given twice"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mnist_safetensors_output file = {
            .path = "file", .metadata = cases[i].metadata, .metadata_count = 2};
        mnist_error err;
        assert_int_equal(mnist_safetensors_build(&file, &err), MNIST_ERR_ARGUMENT);
        assert_null(file.bytes);
        assert_non_null(strstr(err.text, cases[i].expected));
    }
}

/* The writer refuses what the reader would. */
static void build_refuses_too_many_values(void **state)
{
    (void)state;
    enum { COUNT = 70000 };
    mnist_metadata *metadata = malloc(COUNT * sizeof *metadata);
    char(*keys)[8] = malloc(COUNT * sizeof *keys);
    assert_non_null(metadata);
    assert_non_null(keys);
    for (unsigned i = 0; i < COUNT; i++) {
        snprintf(keys[i], sizeof keys[i], "%u", i);
        metadata[i] = (mnist_metadata){keys[i], ""};
    }
    mnist_safetensors_output file = {.path = "file", .metadata = metadata, .metadata_count = COUNT};
    mnist_error err;
    assert_int_equal(mnist_safetensors_build(&file, &err), MNIST_ERR_ARGUMENT);
    assert_non_null(strstr(err.text, "too much metadata"));
    free(keys);
    free(metadata);
}

static void verify_checks_the_crc(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        const char *expected; /* NULL: accepted */
    } cases[] = {
        {"{\"__metadata__\":{\"crc32\":\"00000000\"}}", NULL},
        {"{\"__metadata__\":{\"a\\\"crc32\":\"x\",\"crc32\":\"00000000\",\"b\":\"\\\\\"}}", NULL},
        {"{}", "no checksum"},
        {"{\"__metadata__\":{}}", "found it 0 times"},
        {"{\"__metadata__\":{\"crc32\": \"00000000\"}}", "found it 0 times"},
        {"{\"__metadata__\":{\"crc32\":\"0000000\"}}", "not 8 hex digits long"},
        {"{\"__metadata__\":{\"crc32\":\"\"}}", "no checksum"},
        {"{\"__metadata__\":{\"crc32\":\"000000000\"}}", "not 8 hex digits long"},
        {"{\"__metadata__\":{\"crc32\":\"12345678\"}}", "but 12345678 is stated at byte 34"},
        {"{\"__metadata__\":{\"crc32\":\"ABCDEF01\"}}", "the file is damaged"},
        {"{\"__metadata__\":{\"crc32\":\"\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\"}}",
         "but ???????? is stated"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        crafted file = craft(cases[i].header, NULL, 0);
        mnist_error err;
        mnist_status status = mnist_safetensors_verify(file.bytes, file.size, "file", &err);
        if (status != (cases[i].expected ? MNIST_ERR_FORMAT : MNIST_OK) ||
            (cases[i].expected && !strstr(err.text, cases[i].expected))) {
            fail_msg("%s: status %d '%s'", cases[i].header, (int)status, err.text);
        }
        free(file.bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_headers),
        cmocka_unit_test(padded_headers),
        cmocka_unit_test(description),
        cmocka_unit_test(foreign_files),
        cmocka_unit_test(hostile_headers),
        cmocka_unit_test(header_of_many_values),
        cmocka_unit_test(build_writes_what_parse_reads),
        cmocka_unit_test(build_refuses),
        cmocka_unit_test(build_refuses_too_many_values),
        cmocka_unit_test(verify_checks_the_crc),
    };
    return cmocka_run_group_tests_name("safetensors", tests, NULL, NULL);
}
