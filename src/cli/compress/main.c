/* mnist-compress: from a model to a smaller one. */
#define _POSIX_C_SOURCE 200809L
#include "cli/compress/compression.h"

#include "cli/shared/program.h"
#include "cli/shared/signals.h"

#include <stdlib.h>

/* All that follows the preparations. */
static bool compress(mnist_compression *c, mnist_error *err)
{
    static bool (*const steps[MNIST_COMPRESS_STEPS])(mnist_compression *, mnist_error *) = {
        mnist_compression_prune, mnist_compression_quantize, mnist_compression_pack};
    if (!mnist_compression_measure_before(c, err)) {
        return false;
    }
    if (c->settings->trains && c->settings->dry_run) {
        return true;
    }
    return steps[c->settings->step](c, err) && mnist_compression_measure_after(c, err) &&
           mnist_compression_write(c, err);
}

static void release(mnist_compression *c)
{
    mnist_pool_free(c->pool);
    mnist_mlp_free(c->compact);
    mnist_dataset_free(c->kept);
    mnist_source_close(&c->source);
    mnist_teachers_free(&c->teachers);
    free(c->validation.answers);
    free(c->test.answers);
    json_decref(c->options);
    mnist_model_free(c->early);
    mnist_model_free(c->model);
}

static int run(void *settings, const mnist_parsed *parsed)
{
    mnist_compression c = {.settings = settings, .parsed = parsed, .in = parsed->operands[1]};
    mnist_error err;
    int code;
    if (!mnist_compression_prepare(&c, &err)) {
        code = mnist_program_usage(&mnist_compress_program, &err);
    } else if (compress(&c, &err)) {
        code = mnist_compression_print(&c);
        if (code == MNIST_EXIT_OK && !mnist_compression_passes(&c)) {
            code = MNIST_EXIT_GATE;
        }
    } else if (c.interrupted) {
        fprintf(stderr, "%s: %s; nothing was written\n", mnist_compress_program.name,
                mnist_signals_text(c.interrupted));
        code = mnist_signals_exit(c.interrupted);
    } else {
        code = mnist_program_error(mnist_compress_program.name, &err);
    }
    release(&c);
    return code;
}

int main(int argc, char **argv)
{
    mnist_compress_settings settings = mnist_compress_settings_defaults();
    return mnist_program_main(&mnist_compress_program, argc, argv, &settings, run);
}
