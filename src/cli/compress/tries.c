/* What has been tried, told. */
#include "cli/compress/candidates.h"

#include "cli/shared/figures.h"

static const char *spec_of(const mnist_candidate *candidate)
{
    return candidate->spec[0] ? candidate->spec : "1";
}

size_t mnist_candidate_weights(const mnist_candidate *candidate)
{
    size_t left = 0;
    for (unsigned l = 0; l <= candidate->net.shape.hidden_count; l++) {
        left += candidate->net.left[l];
    }
    return left;
}

void mnist_candidate_say(const mnist_compression *c, const mnist_candidate *candidate)
{
    if (!c->settings->out.quiet) {
        fprintf(
            stderr,
            "%s: tried: keep=%s codebook=%u weights=%zu bytes=%zu val_errors=%zu val_acc=%.6g\n",
            mnist_compress_program.name, spec_of(candidate), candidate->codebook,
            mnist_candidate_weights(candidate), candidate->net.bytes, candidate->validation.errors,
            candidate->validation.accuracy);
    }
}

json_t *mnist_candidates_json(const mnist_compression *c)
{
    json_t *array = json_array();
    for (size_t i = 0; i < c->tried_count; i++) {
        const mnist_candidate *candidate = &c->tried[i];
        json_t *object = json_object();
        mnist_json_put(&object, "keep", json_string(spec_of(candidate)));
        mnist_json_put(&object, "codebook", mnist_json_whole(candidate->codebook));
        mnist_json_put(&object, "weights_left",
                       mnist_json_whole(mnist_candidate_weights(candidate)));
        mnist_json_put(&object, "bytes", mnist_json_whole(candidate->net.bytes));
        mnist_json_put(&object, "validation", mnist_figures_json(&candidate->validation));
        if (c->settings->step == MNIST_COMPRESS_SWEEP) {
            mnist_json_put(&object, "test",
                           c->test.view.count > 0 ? mnist_figures_json(&candidate->test)
                                                  : json_null());
            mnist_json_put(&object, "on_front", json_boolean(candidate->on_front));
            mnist_json_put(&object, "file",
                           candidate->path ? json_string(candidate->path) : json_null());
        }
        mnist_json_append(&array, object);
    }
    return array;
}

void mnist_candidates_print(const mnist_compression *c)
{
    const bool tests = c->test.view.count > 0;
    printf("keep\tcodebook\tweights\tbytes\tval_errors\tval_acc\ton_front%s\n",
           tests ? "\ttest_errors\ttest_acc" : "");
    for (size_t i = 0; i < c->tried_count; i++) {
        const mnist_candidate *candidate = &c->tried[i];
        printf("%s\t%u\t%zu\t%zu\t%zu\t%.6g\t%s", spec_of(candidate), candidate->codebook,
               mnist_candidate_weights(candidate), candidate->net.bytes,
               candidate->validation.errors, candidate->validation.accuracy,
               candidate->on_front ? "yes" : "no");
        if (tests) {
            printf("\t%zu\t%.6g", candidate->test.errors, candidate->test.accuracy);
        }
        putchar('\n');
    }
}
