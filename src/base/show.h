/* Untrusted text, made safe to show. */
#ifndef MNIST_BASE_SHOW_H
#define MNIST_BASE_SHOW_H

#include <string.h>

typedef struct mnist_shown {
    char text[84];
} mnist_shown;

/* text for a message: cut to a length that fits, with '?' for every byte that could steer a
 * terminal. */
static inline mnist_shown mnist_show(const char *text)
{
    mnist_shown shown;
    size_t length = 0;
    while (text[length] != '\0' && length < 80) {
        char c = text[length];
        shown.text[length++] = c >= ' ' && c <= '~' ? c : '?';
    }
    strcpy(shown.text + length, text[length] != '\0' ? "..." : "");
    return shown;
}

#endif
