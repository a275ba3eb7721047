/* What a search is told in one text: budgets with units, and several ways to prune. */
#include "cli/compress/settings.h"

#include <stdlib.h>
#include <string.h>

size_t mnist_compress_read_bytes(const char *text)
{
    static const struct {
        const char *name;
        double bytes;
    } units[] = {{"", 1.0},       {"B", 1.0}, {"k", 1e3},  {"kB", 1e3},
                 {"KiB", 1024.0}, {"M", 1e6}, {"MB", 1e6}, {"MiB", 1048576.0}};
    const size_t digits = strspn(text, "0123456789.");
    char *end;
    if (digits == 0 || digits > 15) {
        return 0;
    }
    const double number = strtod(text, &end); /* the locale is "C": no program sets another */
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (end == text + digits && strcmp(end, units[i].name) == 0) {
            const double bytes = number * units[i].bytes;
            return bytes < 1e15 ? (size_t)bytes : 0;
        }
    }
    return 0;
}

/* Does an entry say how many weights are left? Others say how: "units", "4x16", "start=0.2". */
static bool is_share(const char *entry, size_t length)
{
    return length > 0 && strchr("0123456789.", entry[0]) && !memchr(entry, 'x', length);
}

/* Appends an entry, with a comma before it if it is not the first. Too long: what is there then is no
 * spec, which its reader says. */
static void append(char spec[MNIST_PRUNING_TEXT], const char *entry, size_t length)
{
    const size_t used = strlen(spec);
    snprintf(spec + used, MNIST_PRUNING_TEXT - used, "%s%.*s", used > 0 ? "," : "", (int)length,
             entry);
}

bool mnist_compress_spec(const char *text, size_t index, char spec[MNIST_PRUNING_TEXT])
{
    bool found = false;
    size_t shares = 0;
    spec[0] = '\0';
    for (int others = 0; others < 2; others++) { /* the share comes first */
        for (const char *entry = text; entry;) {
            const size_t length = strcspn(entry, ",");
            const bool share = is_share(entry, length);
            if (others == 0 && share && shares++ == index) {
                append(spec, entry, length);
                found = true;
            } else if (others == 1 && !share) {
                append(spec, entry, length);
            }
            entry = entry[length] ? entry + length + 1 : NULL;
        }
    }
    return found;
}
