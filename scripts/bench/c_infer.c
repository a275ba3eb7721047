/* c_infer IMAGES LABELS: runs a net that mnist-convert has written as C (HEADER, PREDICT) on MNIST's test images, one a call,
 * for about a second; prints the median time of a call and how many answers are wrong, as JSON. */
#define _POSIX_C_SOURCE 199309L
#include HEADER
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define COUNT 10000
#define CALLS 1000000

static uint8_t images[COUNT][784], labels[COUNT];

/* Without the head, of which there is nothing to learn here. */
static int read_file(const char *path, size_t head, uint8_t *to, size_t size)
{
    FILE *file = fopen(path, "rb");
    const int read =
        file && fseek(file, (long)head, SEEK_SET) == 0 && fread(to, 1, size, file) == size;
    if (file) {
        fclose(file);
    }
    return read;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    static double seconds[CALLS];
    float out[10];
    int errors = 0, calls = 0;
    if (argc != 3 || !read_file(argv[1], 16, images[0], sizeof images) ||
        !read_file(argv[2], 8, labels, sizeof labels)) {
        fprintf(stderr, "c_infer: expected MNIST's test images and labels\n");
        return 2;
    }
    for (int i = 0; i < COUNT; i++) { /* warms up, too */
        errors += PREDICT(images[i], out) != labels[i];
    }
    for (const double began = now(); calls < CALLS && now() - began < 1.0; calls++) {
        const double start = now();
        (void)PREDICT(images[calls % COUNT], out);
        seconds[calls] = now() - start;
    }
    qsort(seconds, (size_t)calls, sizeof seconds[0], compare);
    printf("{\"errors\": %d, \"calls\": %d, \"seconds\": %.9f}\n", errors, calls,
           seconds[calls / 2]);
    return 0;
}
