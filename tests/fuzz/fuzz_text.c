/* The small readers: text made plain for a terminal, UTF-8, numbers of a model's metadata. */
#include "fuzz.h"
#include "io/text.h"

/* No byte that a terminal would interpret, in 8-bit and in UTF-8 mode. */
static void check_plain(const char *text)
{
    PROMISED(mnist_is_utf8(text));
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        PROMISED(*p >= ' ' && *p != 0x7F);
        PROMISED(!(p[0] == 0xC2 && p[1] >= 0x80 && p[1] < 0xA0));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = text_of(data, size);
    const size_t room = 4 * strlen(text) + 1;
    char *plain = malloc(room), *twice = malloc(room);
    PROMISED(plain && twice);
    PROMISED(mnist_plain_text(plain, room, text));
    check_plain(plain);
    PROMISED(mnist_plain_text(twice, room, plain) && strcmp(plain, twice) == 0);
    /* cut at any length, it is still plain, and a beginning of the whole */
    const size_t cut = size > 0 ? 1 + data[0] % room : 1;
    char *shorter = malloc(cut);
    PROMISED(shorter);
    bool fits = mnist_plain_text(shorter, cut, text);
    PROMISED(fits == (strlen(plain) < cut));
    PROMISED(strlen(shorter) < cut && strncmp(plain, shorter, strlen(shorter)) == 0);
    check_plain(shorter);
    float value;
    if (mnist_number_parse(text, &value)) {
        mnist_number number = mnist_number_of((double)value);
        float again;
        PROMISED(isfinite(value) && mnist_number_parse(number.text, &again));
        PROMISED(memcmp(&value, &again, sizeof value) == 0);
    }
    mnist_shown shown = mnist_show(text);
    check_plain(shown.text);
    free(shorter);
    free(plain);
    free(twice);
    free(text);
    return 0;
}
