#include "base/status.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

const char *mnist_version(void)
{
    return MNIST_VERSION; /* from CMakeLists.txt, the one place that states it */
}

const char *mnist_status_text(mnist_status status)
{
    switch (status) {
#define MNIST_STATUS_CASE(code, text)                                                              \
    case code:                                                                                     \
        return text;
        MNIST_STATUS_LIST(MNIST_STATUS_CASE)
#undef MNIST_STATUS_CASE
    }
    return "unknown status";
}

mnist_status mnist_fail(mnist_error *err, mnist_status status, const char *format, ...)
{
    if (err) {
        va_list arguments;
        va_start(arguments, format);
        err->status = status;
        vsnprintf(err->text, sizeof err->text, format, arguments);
        va_end(arguments);
    }
    return status;
}

mnist_status mnist_fail_memory(mnist_error *err, size_t bytes, const char *what)
{
    return mnist_fail(err, MNIST_ERR_MEMORY, "out of memory: %zu bytes for %s could not be had",
                      bytes, what);
}

const char *mnist_element_name(mnist_element element)
{
    static const char *const names[MNIST_ELEMENTS] = {"F32", "F64", "U64"};
    return (unsigned)element < MNIST_ELEMENTS ? names[element] : NULL;
}

size_t mnist_element_size(mnist_element element)
{
    return element == MNIST_F32 ? 4 : 8;
}

size_t mnist_array_count(const mnist_array *array)
{
    size_t count = 1;
    assert(array->rank <= MNIST_ARRAY_RANK);
    for (unsigned i = 0; i < array->rank; i++) {
        assert(array->shape[i] == 0 || count <= SIZE_MAX / 8 / array->shape[i]);
        count *= (size_t)array->shape[i];
    }
    return count;
}
