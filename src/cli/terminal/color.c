#define _POSIX_C_SOURCE 200809L
#include "cli/terminal/color.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *mnist_color_mode_name(mnist_color_mode mode)
{
    static const char *const names[MNIST_COLOR_MODES] = {"auto", "always", "never"};
    return (unsigned)mode < MNIST_COLOR_MODES ? names[mode] : NULL;
}

bool mnist_is_terminal(int fd)
{
    const char *term = getenv("TERM");
    return isatty(fd) && term && *term && strcmp(term, "dumb") != 0;
}

bool mnist_color_wanted(mnist_color_mode mode, int fd)
{
    if (mode != MNIST_COLOR_AUTO) {
        return mode == MNIST_COLOR_ALWAYS;
    }
    const char *no_color = getenv("NO_COLOR"); /* no-color.org: present and not empty */
    return !(no_color && *no_color) && mnist_is_terminal(fd);
}

/* Without setlocale, which would change the locale of the whole program. */
bool mnist_locale_is_utf8(void)
{
    locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
    if (!locale) { /* the locale is not installed */
        return false;
    }
    bool utf8 = strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;
    freelocale(locale);
    return utf8;
}
