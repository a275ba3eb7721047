/* Which options go together, and with which step. */
#include "cli/compress/settings.h"

#include "cli/shared/option_parts.h"

#include <string.h>

static const char *step_name(int value)
{
    return mnist_compress_step_name((mnist_compress_step)value);
}

/* The first operand, for its messages. */
const mnist_option mnist_compress_step_option = {
    CHOICE(mnist_compress_step, mnist_compress_settings, step, step_name), .name = "STEP"};

#define OF(step) (1u << MNIST_COMPRESS_##step)

/* Which steps have the options of each of the first sections (settings.c), a bit for each step. */
static const unsigned steps_of[] = {
    OF(QUANTIZE),                     /* --bits */
    OF(PACK),                         /* --levels */
    OF(PACK) | OF(AUTO) | OF(SWEEP),  /* --bias-bits */
    OF(PRUNE) | OF(SWEEP),            /* --keep */
    OF(PRUNE),                        /* --codebook */
    OF(PRUNE) | OF(AUTO) | OF(SWEEP), /* --rewind */
    OF(AUTO) | OF(SWEEP),             /* --codebooks */
    OF(AUTO),                         /* --max-bytes */
    OF(SWEEP),                        /* --report */
};
HAS_LENGTH(steps_of, MNIST_COMPRESS_OWN_SECTIONS);

/* An option of a section that was given; NULL: none. */
static const char *given_of(const mnist_option_section *section, const mnist_parsed *parsed)
{
    for (size_t k = 0; k < section->count; k++) {
        if (mnist_on_command_line(parsed, section->options[k].name)) {
            return section->options[k].name;
        }
    }
    return NULL;
}

/* "prune, auto and sweep" */
static const char *names_of(unsigned steps, char text[64])
{
    size_t used = 0;
    for (unsigned step = 0; step < MNIST_COMPRESS_STEPS; step++) {
        const unsigned above = steps >> step >> 1;
        if (steps >> step & 1) {
            used += (size_t)snprintf(text + used, 64 - used, "%s%s",
                                     mnist_compress_step_name((mnist_compress_step)step),
                                     above == 0                   ? ""
                                     : (above & (above - 1)) != 0 ? ", "
                                                                  : " and ");
        }
    }
    return text;
}

/* Options of other steps, or of a training that there is not. */
static bool check_step(const mnist_compress_settings *s, const mnist_parsed *parsed,
                       mnist_error *err)
{
    const mnist_option_section *sections = parsed->program->sections;
    char steps[64];
    for (size_t i = 0; i < MNIST_COMPRESS_OWN_SECTIONS; i++) {
        const unsigned of = steps_of[i];
        const char *name = of >> s->step & 1 ? NULL : given_of(&sections[i], parsed);
        if (name) {
            return mnist_options_fail(err, "--%s is for %s, and STEP is %s", name,
                                      names_of(of, steps), mnist_compress_step_name(s->step));
        }
    }
    for (size_t i = MNIST_COMPRESS_OWN_SECTIONS; i < MNIST_COMPRESS_FIRST_SHARED && !s->trains;
         i++) {
        const char *name = given_of(&sections[i], parsed);
        if (name) {
            return mnist_options_fail(
                err, "--%s is for training, and quantize trains with --epochs N alone", name);
        }
    }
    return !s->trains || !s->training.config.batch_norm ||
           mnist_options_fail(err, "--batch-norm does not go with a model, whose weights are for "
                                   "layers that are not normalised");
}

static bool check_prune(const mnist_compress_settings *s, mnist_error *err)
{
    mnist_pruning pruning;
    mnist_error why;
    if (!s->keep) {
        return mnist_options_fail(err, "prune needs --keep SPEC, how many weights are left, as "
                                       "--keep 5%%");
    }
    if (mnist_pruning_parse(&pruning, s->keep, &why) != MNIST_OK) {
        return mnist_options_fail(err, "--keep: %s", why.text);
    }
    return !s->rewind || (!strstr(s->keep, "start=") && !strstr(s->keep, "end=")) ||
           mnist_options_fail(err,
                              "--keep: start and end do not go with --rewind, which prunes all "
                              "at once, before the first step");
}

static bool check_bits(const mnist_compress_settings *s, const mnist_parsed *parsed,
                       mnist_error *err)
{
    static const char *const of_whole[] = {"calibrate", "range"};
    for (size_t i = 0; i < LENGTH(of_whole) && mnist_compress_whole_bits(s->bits) == 0; i++) {
        if (mnist_on_command_line(parsed, of_whole[i])) {
            return mnist_options_fail(err, "--%s is for whole numbers, and --bits is %s",
                                      of_whole[i], mnist_compress_bits_name(s->bits));
        }
    }
    return !s->trains || mnist_compress_whole_bits(s->bits) > 0 ||
           mnist_options_fail(err, "--epochs: quantize trains whole numbers, and --bits is %s",
                              mnist_compress_bits_name(s->bits));
}

static bool check_bias_bits(const mnist_compress_settings *s, mnist_error *err)
{
    return s->bias_bits != 1 ||
           mnist_options_fail(err, "--bias-bits 1 leaves a sign and no value; expected 0, for all "
                                   "bits, or 2 to 16");
}

static bool check_auto(const mnist_compress_settings *s, mnist_error *err)
{
    if (s->max_bytes_text && s->max_bytes == 0) {
        return mnist_options_fail(err,
                                  "--max-bytes: \"%.200s\" is not a number of bytes above 0, like "
                                  "12288 or 12KiB",
                                  s->max_bytes_text);
    }
    return s->max_bytes_text || s->has_max_loss ||
           mnist_options_fail(err,
                              "auto needs a budget: --max-bytes N, --max-loss-of-accuracy X or "
                              "both");
}

static bool check_codebooks(const mnist_compress_settings *s, mnist_error *err)
{
    return s->codebooks.count > 0 ||
           mnist_options_fail(err, "--codebooks: expected one number at least, found none");
}

static bool check_no_gate(const mnist_compress_settings *s, mnist_error *err)
{
    return !s->has_max_loss ||
           mnist_options_fail(err,
                              "--max-loss-of-accuracy is for one result, and sweep has several; "
                              "auto finds the smallest that keeps to it");
}

static bool check_sweep(const mnist_compress_settings *s, mnist_error *err)
{
    char spec[MNIST_PRUNING_TEXT];
    mnist_pruning pruning;
    mnist_error why;
    size_t count = 0;
    while (mnist_compress_spec(s->keep, count, spec)) {
        if (mnist_pruning_parse(&pruning, spec, &why) != MNIST_OK) {
            return mnist_options_fail(err, "--keep: %s", why.text);
        }
        count++;
    }
    return count > 0 || mnist_options_fail(err,
                                           "--keep: \"%.200s\" says nowhere how many weights are "
                                           "left, as 20%%,10%%,5%% does",
                                           s->keep);
}

/* What one step alone needs. */
static bool check_own(const mnist_compress_settings *s, const mnist_parsed *parsed,
                      mnist_error *err)
{
    switch (s->step) {
    case MNIST_COMPRESS_PRUNE:
        return check_prune(s, err);
    case MNIST_COMPRESS_QUANTIZE:
        return check_bits(s, parsed, err);
    case MNIST_COMPRESS_AUTO:
        return check_auto(s, err) && check_codebooks(s, err) && check_bias_bits(s, err);
    case MNIST_COMPRESS_SWEEP:
        return check_no_gate(s, err) && check_sweep(s, err) && check_codebooks(s, err) &&
               check_bias_bits(s, err);
    default:
        return check_bias_bits(s, err);
    }
}

/* What needs the model, such as options for each of its layers, is checked once it is read. */
bool mnist_compress_check(const void *settings, const mnist_parsed *parsed, mnist_error *err)
{
    const mnist_compress_settings *s = settings;
    mnist_compress_step step;
    if (!mnist_option_set(&mnist_compress_step_option, &step, parsed->operands[0])) {
        return mnist_option_fail_value(&mnist_compress_step_option, "STEP", parsed->operands[0],
                                       err);
    }
    if (!check_step(s, parsed, err) || !check_own(s, parsed, err)) {
        return false;
    }
    if (!s->output && !s->dry_run && s->step != MNIST_COMPRESS_SWEEP) {
        return mnist_options_fail(err, "-o FILE is missing: where the model is to be written; or "
                                       "--dry-run");
    }
    if (!s->test && (mnist_on_command_line(parsed, "test-images") ||
                     mnist_on_command_line(parsed, "test-labels"))) {
        return mnist_options_fail(err,
                                  "--test-%s is for --test: test images are read for nothing "
                                  "else",
                                  mnist_on_command_line(parsed, "test-images") ? "images"
                                                                               : "labels");
    }
    return mnist_settings_check_data(&s->training.data, false, parsed, err);
}
