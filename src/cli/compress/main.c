/* mnist-compress: from a model to a smaller one. */
#define _POSIX_C_SOURCE 200809L
#include "cli/compress/candidates.h"

#include "cli/shared/program.h"
#include "cli/shared/signals.h"

#include <stdlib.h>

static bool (*const steps[MNIST_COMPRESS_STEPS])(mnist_compression *, mnist_error *) = {
    mnist_compression_prune, mnist_compression_quantize, mnist_compression_pack,
    mnist_compression_auto, mnist_compression_sweep};

/* All that follows the preparations. */
static bool compress(mnist_compression *c, mnist_error *err)
{
    const mnist_compress_settings *s = c->settings;
    if (!mnist_compression_measure_before(c, err)) {
        return false;
    }
    if (s->trains && s->dry_run) {
        return true;
    }
    if (!steps[s->step](c, err)) {
        return false;
    }
    if (s->step == MNIST_COMPRESS_SWEEP) { /* has measured and written each of its nets */
        return true;
    }
    const char *path = s->dry_run || c->missed ? NULL : s->output;
    if (!mnist_compression_measure_after(c, true, err) || !mnist_compression_write(c, path, err)) {
        return false;
    }
    c->written = path != NULL;
    return true;
}

static void release(mnist_compression *c)
{
    mnist_pool_free(c->pool);
    mnist_mlp_free(c->compact);
    mnist_mlp_free(c->original);
    mnist_candidates_free(c);
    mnist_dataset_free(c->kept);
    mnist_source_close(&c->source);
    mnist_teachers_free(&c->teachers);
    free(c->validation.answers);
    free(c->test.answers);
    json_decref(c->options);
    mnist_model_free(c->early);
    mnist_model_free(c->model);
}

/* Once a signal has ended it. */
static int end(const mnist_compression *c)
{
    fprintf(stderr, "%s: %s; ", mnist_compress_program.name, mnist_signals_text(c->interrupted));
    if (c->files > 0) {
        fprintf(stderr, "the models of %zu tries had been written\n", c->files);
    } else {
        fprintf(stderr, "nothing was written\n");
    }
    return mnist_signals_exit(c->interrupted);
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
        code = end(&c);
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
