/* replay PATH...: gives a fuzz target the empty input and every file that PATH is or, in the order
 * of their names, holds. */
#define _POSIX_C_SOURCE 200809L
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

static size_t replayed;

static void replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = NULL;
    size_t size = 0, room = 0, got = 1;
    while (file && got > 0) {
        if (size == room) {
            room = room > 0 ? 2 * room : 4096;
            data = realloc(data, room);
            PROMISED(data);
        }
        got = fread(data + size, 1, room - size, file);
        size += got;
    }
    if (!file || ferror(file)) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        exit(1);
    }
    fclose(file);
    uint8_t *exact = copy_of(data, size);
    free(data);
    fprintf(stderr, "%s\n", path); /* printed first: if it fails, it is the last one named */
    (void)LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    replayed++;
}

static void replay(const char *path)
{
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, alphasort);
    if (count < 0 && errno == ENOTDIR) {
        replay_file(path);
        return;
    }
    if (count < 0) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        exit(1);
    }
    for (int i = 0; i < count; i++) {
        if (entries[i]->d_name[0] != '.') {
            size_t room = strlen(path) + strlen(entries[i]->d_name) + 2;
            char *name = malloc(room);
            PROMISED(name);
            snprintf(name, room, "%s/%s", path, entries[i]->d_name);
            replay(name);
            free(name);
        }
        free(entries[i]);
    }
    free(entries);
}

int main(int argc, char **argv)
{
    uint8_t *nothing = copy_of(NULL, 0);
    (void)LLVMFuzzerTestOneInput(nothing, 0);
    free(nothing);
    for (int i = 1; i < argc; i++) {
        replay(argv[i]);
    }
    printf("%zu inputs replayed\n", replayed);
    return replayed > 0 ? 0 : 1;
}
