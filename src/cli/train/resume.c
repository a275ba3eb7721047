#define _POSIX_C_SOURCE 200809L
#include "cli/train/resume.h"

#include "cli/shared/adopt.h"
#include "cli/train/initial.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Fills err with what is wrong with the checkpoint at path. Returns false. */
static bool refuse(mnist_error *err, mnist_status status, const char *path, const char *format, ...)
    MNIST_PRINTF(4, 5);

static bool refuse(mnist_error *err, mnist_status status, const char *path, const char *format, ...)
{
    char text[sizeof err->text];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return mnist_fail(err, status, "%.600s: %.5000s", path, text) == MNIST_OK;
}

/* Reading. */

static bool read_config(mnist_resumption *r, mnist_error *err)
{
    const char *text = mnist_checkpoint_metadata(r->checkpoint, MNIST_KEY_CONFIG);
    json_error_t error;
    bool memory = false;
    r->config = text ? mnist_json_parse(text, strlen(text), &memory, &error) : NULL;
    if (memory) {
        return refuse(err, MNIST_ERR_MEMORY, r->path,
                      "out of memory for what is in its __metadata__");
    }
    if (json_is_object(r->config)) {
        return true;
    }
    return refuse(err, MNIST_ERR_FORMAT, r->path, "%s \"" MNIST_KEY_CONFIG "\" in its __metadata__",
                  text ? "malformed" : "there is no");
}

/* Reads "1234 89abcdef", with no more digits than fit both numbers. */
static bool read_position(const char *text, mnist_log_position *position)
{
    const size_t digits = strspn(text, "0123456789");
    if (digits < 1 || digits > 19 || text[digits] != ' ' ||
        strspn(text + digits + 1, "0123456789abcdef") != 8 || strlen(text + digits + 1) != 8) {
        return false;
    }
    position->bytes = strtoull(text, NULL, 10);
    position->crc32 = (uint32_t)strtoul(text + digits + 1, NULL, 16);
    return true;
}

/* "none", "lost", or a position */
static bool read_log(mnist_resumption *r, mnist_error *err)
{
    const char *text = mnist_checkpoint_metadata(r->checkpoint, MNIST_KEY_LOG);
    if (text && strcmp(text, "none") == 0) {
        return true;
    }
    r->has_log = true;
    r->log_lost = text && strcmp(text, "lost") == 0;
    if (r->log_lost || (text && read_position(text, &r->log))) {
        return true;
    }
    return refuse(err, MNIST_ERR_FORMAT, r->path, "malformed \"log\" in its __metadata__");
}

/* Takes the array of the epochs' figures out of the snapshot, whose other arrays are the training's
 * own. */
static bool take_epochs(mnist_resumption *r, mnist_error *err)
{
    mnist_array *arrays = r->snapshot.arrays, *found = NULL;
    const size_t over = r->position.epoch - !r->position.epoch_ended;
    for (size_t i = 0; i < r->snapshot.count && !found; i++) {
        if (strcmp(arrays[i].name, MNIST_EPOCHS_ARRAY) == 0) {
            const mnist_array epochs = arrays[i];
            found = &arrays[--r->snapshot.count];
            arrays[i] = *found; /* the checkpoint still owns and frees both */
            *found = epochs;
        }
    }
    if (mnist_epochs_read(&r->epochs, found, over, err) != MNIST_OK) {
        return refuse(err, err->status, r->path, "%s", err->text);
    }
    return true;
}

/* Are weights and averages finite? (A running mean of squares may be infinite and do no harm.) */
static bool check_finite(const mnist_resumption *r, mnist_error *err)
{
    for (size_t i = 0; i < r->snapshot.count; i++) {
        const mnist_array *array = &r->snapshot.arrays[i];
        if (array->element != MNIST_F32 || strncmp(array->name, "optimizer.", 10) == 0) {
            continue;
        }
        const float *values = array->values;
        for (size_t k = 0; k < mnist_array_count(array); k++) {
            if (!isfinite(values[k])) {
                return refuse(err, MNIST_ERR_FORMAT, r->path,
                              "'%s' holds a number that is not finite: the training "
                              "had diverged, or another program has written the file",
                              array->name);
            }
        }
    }
    return true;
}

/* The model that the training began with, if there was one. */
static bool read_initial(mnist_resumption *r, mnist_error *err)
{
    const char *text = mnist_checkpoint_metadata(r->checkpoint, MNIST_KEY_INITIAL);
    r->has_initial = text != NULL;
    r->initial.keeps_normalization = true;
    return !text || mnist_initial_parse(&r->initial, text) ||
           refuse(err, MNIST_ERR_FORMAT, r->path,
                  "malformed \"" MNIST_KEY_INITIAL "\" in its __metadata__");
}

static bool read_checkpoint(mnist_resumption *r, mnist_error *err)
{
    if (mnist_checkpoint_load(&r->checkpoint, r->path, err) != MNIST_OK) {
        return false;
    }
    r->snapshot.arrays = mnist_checkpoint_arrays(r->checkpoint, &r->snapshot.count);
    if (mnist_snapshot_position(&r->snapshot, &r->position, err) != MNIST_OK) {
        return refuse(err, err->status, r->path, "%s", err->text);
    }
    if (r->position.epoch < 1) {
        return refuse(err, MNIST_ERR_FORMAT, r->path, "'epoch' is 0, expected at least 1");
    }
    return read_config(r, err) && take_epochs(r, err) && read_log(r, err) && read_initial(r, err) &&
           check_finite(r, err);
}

/* How many classes a last layer has; what is no last layer gets ten, of which it then differs. */
static size_t classes_of(const mnist_array *layer)
{
    const bool can_be = layer && layer->rank == 2 && layer->shape[1] >= MNIST_MIN_CLASSES &&
                        layer->shape[1] <= MNIST_MAX_CLASSES;
    return can_be ? (size_t)layer->shape[1] : MNIST_CLASSES;
}

bool mnist_resume_check_net(const mnist_resumption *r, const mnist_widths *hidden, size_t inputs,
                            unsigned classes, mnist_error *err)
{
    size_t least = inputs > 0 ? inputs : 1;
    for (unsigned l = 0; l <= hidden->count; l++) {
        char name[MNIST_ARRAY_NAME];
        snprintf(name, sizeof name, "net.layers.%u", l);
        const mnist_array *array = NULL;
        for (size_t i = 0; i < r->snapshot.count && !array; i++) {
            const mnist_array *one = &r->snapshot.arrays[i];
            array = strcmp(one->name, name) == 0 ? one : NULL;
        }
        /* while the classes are not known, as many as the file has, if that can be */
        const size_t outputs = l < hidden->count ? hidden->width[l]
                               : classes > 0     ? classes
                                                 : classes_of(array);
        /* a row for each input and one for the bias, at least */
        if (!array || array->rank != 2 || array->shape[0] <= least || array->shape[1] != outputs) {
            char found[64] = "is not there";
            if (array && array->rank == 2) {
                snprintf(found, sizeof found, "has shape (%ju, %ju)", (uintmax_t)array->shape[0],
                         (uintmax_t)array->shape[1]);
            } else if (array) {
                snprintf(found, sizeof found, "has %u dimensions", array->rank);
            }
            return refuse(err, MNIST_ERR_FORMAT, r->path,
                          "'%s' %s, expected at least %zu rows of %zu, as its settings describe "
                          "the net",
                          name, found, least + 1, outputs);
        }
        least = outputs;
    }
    return true;
}

/* Checks the checkpoint's settings together, as a command line's are; each by itself has been
 * checked. Nor may they decide how much memory is taken: more synthetic images than a file may ask
 * for must be asked for on the command line, whose options are `given`. */
static bool check_settings(const mnist_resumption *r, const mnist_train_settings *kept,
                           const mnist_parsed *own, const mnist_parsed *given, mnist_error *err)
{
    const struct {
        const char *name;
        size_t count;
    } drawn[] = {{"synthetic-train", kept->training.data.synthetic_train},
                 {"synthetic-test", kept->training.data.synthetic_test}};
    mnist_train_settings settled = *kept;
    mnist_error inner;
    own->program->settle(&settled, own);
    if (!own->program->validate(&settled, own, &inner)) {
        return refuse(err, MNIST_ERR_FORMAT, r->path, "its settings: %s", inner.text);
    }
    for (size_t i = 0; i < sizeof drawn / sizeof drawn[0]; i++) {
        if (drawn[i].count > MNIST_ADOPT_IMAGES && !mnist_options_was_given(given, drawn[i].name)) {
            return refuse(
                err, MNIST_ERR_FORMAT, r->path,
                "its settings ask for %zu synthetic images; to have more than %u, say --%s",
                drawn[i].count, MNIST_ADOPT_IMAGES, drawn[i].name);
        }
    }
    return mnist_resume_check_net(r, &kept->training.hidden, 0, 0, err);
}

void mnist_resume_release(void *resumption)
{
    mnist_resumption *r = resumption;
    mnist_checkpoint_free(r->checkpoint);
    json_decref(r->config);
    mnist_epochs_free(r->epochs);
    free(r);
}

/* What may differ from the checkpoint. */

static bool is_action(const mnist_option *option)
{
    return option->type >= MNIST_OPTION_ACTION_CONFIG;
}

static bool may_change(const mnist_option *option)
{
    return !(option->flags & MNIST_OPTION_IN_MODEL) && strcmp(option->name, "log-every") != 0;
}

_Static_assert(MNIST_PRUNING_TEXT <= MNIST_AUGMENTATION_TEXT &&
                   MNIST_QUANTIZATION_TEXT <= MNIST_AUGMENTATION_TEXT,
               "all fit the same text");

/* The plain form of --augment, --prune or --quantize, since one distortion can be written in many ways. (The
 * other options that must not change are not texts.) false: it cannot be read. */
static bool plain_form(const mnist_option *option, const char *text,
                       char plain[MNIST_AUGMENTATION_TEXT])
{
    mnist_augmentation augmentation;
    mnist_pruning pruning;
    plain[0] = '\0';
    if (strcmp(option->name, "prune") == 0) {
        if (text && mnist_pruning_parse(&pruning, text, NULL) != MNIST_OK) {
            return false;
        }
        if (text) {
            mnist_pruning_print(&pruning, plain);
        }
        return true;
    }
    if (strcmp(option->name, "quantize") == 0) {
        mnist_quantization quantization;
        if (text && mnist_quantization_parse(&quantization, text, NULL) != MNIST_OK) {
            return false;
        }
        if (text) {
            mnist_quantization_print(&quantization, plain);
        }
        return true;
    }
    if (text && mnist_augmentation_parse(&augmentation, text, NULL) != MNIST_OK) {
        return false;
    }
    if (text && mnist_augmentation_any(&augmentation)) {
        mnist_augmentation_print(&augmentation, plain);
    }
    return true;
}

static bool is_same(const mnist_option *option, const void *a, const void *b)
{
    char one[MNIST_OPTION_TEXT], other[MNIST_OPTION_TEXT];
    if (option->type == MNIST_OPTION_STRING) {
        const char *texts[2];
        char plain[2][MNIST_AUGMENTATION_TEXT];
        memcpy(&texts[0], a, sizeof texts[0]);
        memcpy(&texts[1], b, sizeof texts[1]);
        return plain_form(option, texts[0], plain[0]) && plain_form(option, texts[1], plain[1]) &&
               strcmp(plain[0], plain[1]) == 0;
    }
    mnist_option_format(option, a, one);
    mnist_option_format(option, b, other);
    return strcmp(one, other) == 0;
}

/* "--lr 0.1", "--no-nesterov": as the command line has it. */
static void say(const mnist_option *option, const void *field, char *text, size_t size)
{
    char value[MNIST_OPTION_TEXT];
    mnist_option_format(option, field, value);
    if (option->type == MNIST_OPTION_SWITCH) {
        snprintf(text, size, "--%s%s", value[0] == 't' ? "" : "no-", option->name);
    } else {
        snprintf(text, size, "--%s %s", option->name, value[0] ? value : "none");
    }
}

static bool fail_conflict(const mnist_resumption *r, mnist_option_ref ref, mnist_origin origin,
                          const void *given, const void *kept, mnist_error *err)
{
    char wanted[2 * MNIST_OPTION_TEXT], has[2 * MNIST_OPTION_TEXT];
    say(ref.option, given, wanted, sizeof wanted);
    say(ref.option, kept, has, sizeof has);
    return mnist_options_fail(err,
                              "%s%s: the training in %.600s has %s; leave it out, or begin another "
                              "training without --resume",
                              wanted,
                              origin == MNIST_ORIGIN_RECIPE   ? " (of the recipe)"
                              : origin == MNIST_ORIGIN_CONFIG ? " (of the config file)"
                                                              : "",
                              r->path, has);
}

/* Takes over one option that was given beside --resume, or refuses it. */
static bool merge(const mnist_resumption *r, mnist_option_ref ref, mnist_origin origin, void *given,
                  void *kept, mnist_error *err)
{
    const mnist_option *option = ref.option;
    char text[MNIST_OPTION_TEXT];
    if (strcmp(option->name, "epochs") == 0) {
        unsigned epochs;
        memcpy(&epochs, given, sizeof epochs);
        if (epochs < r->planned) {
            return mnist_options_fail(err,
                                      "--epochs %u: the training in %.600s is for %u; they may "
                                      "become more, not fewer",
                                      epochs, r->path, r->planned);
        }
    } else if (strcmp(option->name, "log") == 0 && !r->has_log) {
        return mnist_options_fail(err,
                                  "--log: the training in %.600s has none, and one from here on "
                                  "would lack its beginning",
                                  r->path);
    } else if (!may_change(option)) {
        return is_same(option, given, kept) || fail_conflict(r, ref, origin, given, kept, err);
    }
    if (option->type == MNIST_OPTION_STRING) {
        memcpy(kept, given, sizeof(const char *));
        return true;
    }
    mnist_option_format(option, given, text);
    return mnist_option_set(option, kept, text) ||
           mnist_option_fail_value(option, option->name, text, err); /* never: such a text set it */
}

bool mnist_resume_adopt(void *settings, mnist_parsed *parsed, mnist_error *err)
{
    mnist_train_settings *given = settings, kept = mnist_train_settings_defaults();
    if (!given->resume) {
        return true;
    }
    mnist_resumption *r = calloc(1, sizeof *r);
    if (!r) {
        return refuse(err, MNIST_ERR_MEMORY, given->resume, "out of memory");
    }
    parsed->adopted = r;
    parsed->release = mnist_resume_release;
    r->path = given->resume;
    mnist_parsed own = {.program = parsed->program};
    if (!read_checkpoint(r, err)) {
        return false;
    }
    own.config = r->config;
    if (!mnist_options_apply_config(parsed->program, r->path, &kept, &own, err)) {
        /* the fault is the file's, not the command line's */
        return mnist_fail(err, MNIST_ERR_FORMAT, "%s", err->text) == MNIST_OK;
    }
    if (!check_settings(r, &kept, &own, parsed, err)) {
        return false;
    }
    r->planned = kept.training.config.epochs;
    kept.checkpoint = r->path; /* it goes on writing there, unless another name is given */
    mnist_option_ref ref = mnist_option_at(parsed->program, 0);
    for (; ref.option; ref = mnist_option_at(parsed->program, ref.index + 1)) {
        const mnist_origin origin = (mnist_origin)parsed->origin[ref.index];
        if (origin == MNIST_ORIGIN_DEFAULT || is_action(ref.option)) {
            parsed->origin[ref.index] = own.origin[ref.index];
        } else if (!merge(r, ref, origin, mnist_option_field(ref, given),
                          mnist_option_field(ref, &kept), err)) {
            return false;
        }
    }
    kept.resumed = r;
    kept.initial = r->has_initial ? &r->initial : NULL;
    *given = kept;
    return true;
}

mnist_status mnist_resume_check_data(const mnist_resumption *r, const mnist_data_digests *train,
                                     const mnist_data_digests *test, mnist_error *err)
{
    const struct {
        const char *key, *what, *found;
    } files[] = {
        {MNIST_KEY_TRAIN_IMAGES, "training images", train->images},
        {MNIST_KEY_TRAIN_LABELS, "training labels", train->labels},
        {MNIST_KEY_TEST_IMAGES, "test images", test->images},
        {MNIST_KEY_TEST_LABELS, "test labels", test->labels},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        const char *had = mnist_checkpoint_metadata(r->checkpoint, files[i].key);
        if (!had || strcmp(had, files[i].found) != 0) {
            char quoted[MNIST_QUOTED_TEXT] = "none, as there is no such digest in the file";
            if (had) {
                mnist_option_quote(had, quoted);
            }
            return mnist_fail(
                err, MNIST_ERR_MISMATCH,
                "%.600s: the %s are not those that this training began with: SHA-256 %s, "
                "expected %s; point --data-dir, or the options for the files, to those",
                r->path, files[i].what, files[i].found, quoted);
        }
    }
    return MNIST_OK;
}

mnist_status mnist_resume_check_teachers(const mnist_resumption *r, const char *digests,
                                         mnist_error *err)
{
    const char *had = mnist_checkpoint_metadata(r->checkpoint, MNIST_KEY_TEACHERS);
    const char *now = digests ? digests : "", *then = had ? had : "";
    if (strcmp(now, then) == 0) {
        return MNIST_OK;
    }
    if (!had) {
        return mnist_fail(err, MNIST_ERR_MISMATCH,
                          "%.600s: this training began without teachers; leave --teacher out",
                          r->path);
    }
    for (size_t i = 1;; i++) { /* the first that is another, or missing */
        const size_t here = strcspn(now, ","), there = strcspn(then, ",");
        if (here != there || strncmp(now, then, here) != 0) {
            char expected[MNIST_DIGEST_TEXT], quoted[MNIST_QUOTED_TEXT];
            snprintf(expected, sizeof expected, "%.*s", (int)(there < 64 ? there : 64), then);
            mnist_option_quote(there > 0 ? expected : "none", quoted);
            return mnist_fail(err, MNIST_ERR_MISMATCH,
                              "%.600s: teacher %zu is not the one that this training began with: "
                              "SHA-256 %.*s, expected %s; name those with --teacher, in the same "
                              "order",
                              r->path, i, here > 0 ? (int)here : 4, here > 0 ? now : "none",
                              quoted);
        }
        now += here + (now[here] == ',');
        then += there + (then[there] == ',');
    }
}
