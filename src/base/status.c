#include "base/status.h"

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
