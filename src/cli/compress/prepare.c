/* The model, and the data that it states. */
#define _POSIX_C_SOURCE 200809L
#include "cli/compress/candidates.h"

#include "cli/shared/adopt.h"
#include "cli/shared/figures.h"
#include "cli/shared/option_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Options of the model's training that hold here unless others are given; the last two cannot be.
 * The data set's own are adopted by mnist_adopt_data. */
static const char *const adopted[] = {"val-split",  "limit",      "synthetic-train", "augment",
                                      "tie-pixels", "omit-class", "per-class"};

static bool adopt(mnist_compression *c, mnist_error *err)
{
    mnist_training_settings *training = &c->settings->training;
    const bool trains = c->settings->trains;
    if (!mnist_adopt_parse(mnist_model_metadata(c->model, "options"), c->in, &c->options, err) ||
        !mnist_adopt_data(c->options, c->in, c->parsed, c->settings, &training->data, err)) {
        return false;
    }
    for (size_t i = 0; i < LENGTH(adopted); i++) {
        const bool of_training =
            strcmp(adopted[i], "augment") == 0 || strcmp(adopted[i], "tie-pixels") == 0;
        if (!mnist_on_command_line(c->parsed, adopted[i]) && (trains || !of_training) &&
            !mnist_adopt_training(c->options, c->in, &adopted[i], 1, training, err)) {
            return false;
        }
    }
    if (training->data.synthetic_train > MNIST_ADOPT_IMAGES &&
        !mnist_on_command_line(c->parsed, "synthetic-train")) {
        return mnist_options_fail(err,
                                  "%s: its metadata ask for %zu synthetic training images; to have "
                                  "more than %u, say --synthetic-train",
                                  c->in, training->data.synthetic_train, MNIST_ADOPT_IMAGES);
    }
    training->data.classes = mnist_mlp_shape(mnist_model_mlp(c->model))->outputs;
    training->data.label_base = mnist_model_labels(c->model)->base;
    return mnist_settings_check_data(&training->data, true, c->parsed, err);
}

/* What is pruned in the training. */
static bool settle_pruning(mnist_compression *c, mnist_error *err)
{
    const mnist_mlp_config *shape = mnist_mlp_shape(mnist_model_mlp(c->model));
    mnist_pruning *pruning = &c->settings->training.config.pruning;
    mnist_error why;
    if (mnist_pruning_parse(pruning, c->settings->keep, &why) != MNIST_OK) {
        return mnist_options_fail(err, "--keep: %s", why.text);
    }
    mnist_pruning_print(pruning, c->texts.pruning);
    c->settings->keep = c->texts.pruning;
    return pruning->structure != MNIST_PRUNE_UNITS || shape->hidden_count > 0 ||
           mnist_options_fail(err, "--keep: there are no hidden units in %.2000s", c->in);
}

/* What numbers weights become in the training. */
static void settle_quantization(mnist_compression *c)
{
    const mnist_compress_settings *s = c->settings;
    mnist_quantization *quantization = &c->settings->training.config.quantization;
    char text[MNIST_QUANTIZATION_TEXT] = "";
    if (s->step == MNIST_COMPRESS_QUANTIZE) {
        /* at once, as the net is trained already */
        snprintf(text, sizeof text, "%s,start=0", mnist_compress_bits_name(s->bits));
    } else if (s->codebook > 0) {
        snprintf(text, sizeof text, "codebook:%u", s->codebook);
    }
    if (text[0]) {
        (void)mnist_quantization_parse(quantization, text, NULL); /* one of a list's */
    }
}

/* The settings of a training, now that the net is known. */
static bool settle_training(mnist_compression *c, mnist_error *err)
{
    mnist_training_settings *training = &c->settings->training;
    const mnist_mlp_config *shape = mnist_mlp_shape(mnist_model_mlp(c->model));
    if (!c->settings->trains) {
        return true;
    }
    training->hidden.count = shape->hidden_count;
    memcpy(training->hidden.width, shape->hidden, sizeof training->hidden.width);
    training->activation = shape->activation;
    mnist_training_settle(training, c->parsed);
    if (!mnist_training_check(training, c->parsed, err)) {
        return false;
    }
    mnist_training_set_texts(training, &c->texts);
    settle_quantization(c);
    if (c->settings->step == MNIST_COMPRESS_PRUNE && !settle_pruning(c, err)) {
        return false;
    }
    training->config.pruning.keep_zeros = true;
    return true;
}

/* How many bits whole numbers as large as the model's take. */
static bool find_whole_bits(mnist_compression *c, mnist_error *err)
{
    const mnist_mlp *mlp = mnist_model_mlp(c->model);
    int most = 1;
    for (unsigned l = 0; mnist_mlp_has_integers(mlp, NULL) && l < mnist_mlp_layers(mlp); l++) {
        const size_t count =
            (size_t)mnist_mlp_layer_inputs(mlp, l) * mnist_mlp_layer_outputs(mlp, l);
        int8_t *weights = malloc(count);
        if (!weights) {
            return mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for a layer") == MNIST_OK;
        }
        mnist_mlp_get_integers(mlp, l, weights, NULL, NULL, NULL);
        for (size_t i = 0; i < count; i++) {
            most = abs(weights[i]) > most ? abs(weights[i]) : most;
        }
        free(weights);
    }
    for (c->whole_bits = 2; (1 << (c->whole_bits - 1)) - 1 < most;) {
        c->whole_bits++;
    }
    c->whole_bits = mnist_mlp_has_integers(mlp, NULL) ? c->whole_bits : 0;
    return true;
}

/* Has each output one magnitude of weights, besides 0? weights: room for the largest layer. */
static bool is_binary(const mnist_mlp *mlp, float *weights)
{
    bool binary = true;
    for (unsigned l = 0; l < mnist_mlp_layers(mlp); l++) {
        const size_t outputs = mnist_mlp_layer_outputs(mlp, l),
                     count = mnist_mlp_layer_inputs(mlp, l) * outputs;
        mnist_mlp_get_layer(mlp, l, weights, NULL);
        for (size_t n = 0; n < outputs; n++) {
            float magnitude = 0.0f;
            for (size_t i = n; i < count; i += outputs) {
                const float found = fabsf(weights[i]);
                binary = binary && (found <= 0.0f || magnitude <= 0.0f ||
                                    (found <= magnitude && found >= magnitude));
                magnitude = found > 0.0f ? found : magnitude;
            }
        }
    }
    return binary;
}

/* Rounding makes no weights of two values; training does. */
static bool check_binary(const mnist_compression *c, mnist_error *err)
{
    const mnist_compress_settings *s = c->settings;
    const mnist_mlp *mlp = mnist_model_mlp(c->model);
    size_t most = 0;
    if (s->step != MNIST_COMPRESS_QUANTIZE || s->bits != MNIST_COMPRESS_BINARY || s->trains) {
        return true;
    }
    for (unsigned l = 0; l < mnist_mlp_layers(mlp); l++) {
        const size_t count =
            (size_t)mnist_mlp_layer_inputs(mlp, l) * mnist_mlp_layer_outputs(mlp, l);
        most = count > most ? count : most;
    }
    float *weights = malloc(most * sizeof *weights);
    if (!weights) {
        return mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for a layer") == MNIST_OK;
    }
    const bool binary = is_binary(mlp, weights);
    free(weights);
    return binary || mnist_options_fail(
                         err,
                         "--bits binary: weights of %.2000s have more than two values; --epochs N "
                         "trains it with two",
                         c->in);
}

/* Whole numbers are packed as they are. */
static bool check_pack_whole(const mnist_compression *c, mnist_error *err)
{
    static const char *const of_floats[] = {"levels", "bias-bits"};
    for (size_t i = 0; i < LENGTH(of_floats) && c->whole_bits > 0; i++) {
        if (mnist_on_command_line(c->parsed, of_floats[i])) {
            return mnist_options_fail(err,
                                      "--%s: the weights of %.2000s are whole numbers, which are "
                                      "packed as they are",
                                      of_floats[i], c->in);
        }
    }
    return true;
}

/* Weights of few bits do not become better with more, unless they are trained. */
static bool check_lossy(const mnist_compression *c, mnist_error *err)
{
    const mnist_compress_settings *s = c->settings;
    const unsigned bits = mnist_compress_whole_bits(s->bits);
    if (s->step == MNIST_COMPRESS_PACK) {
        return check_pack_whole(c, err);
    }
    if (s->step != MNIST_COMPRESS_QUANTIZE || c->whole_bits == 0 || s->trains ||
        (bits > 0 && bits < c->whole_bits)) {
        return true;
    }
    return mnist_options_fail(err,
                              "%.2000s: its weights are whole numbers of %u bits already, which "
                              "--bits %s makes no smaller",
                              c->in, c->whole_bits, mnist_compress_bits_name(s->bits));
}

static void say_lossy(const mnist_compression *c)
{
    const bool quantizes = c->settings->step == MNIST_COMPRESS_QUANTIZE;
    if (c->settings->step == MNIST_COMPRESS_PACK) {
        return; /* says so itself, if anything is lost */
    }
    if (c->whole_bits > 0) {
        mnist_compression_note(c,
                               "the model's weights are whole numbers of %u bits; %s the values "
                               "that they stand for, as floats",
                               c->whole_bits,
                               c->settings->trains ? "trained are" : "quantised again are");
    } else if (quantizes && c->earlier &&
               (strstr(c->earlier, "fp16") || strstr(c->earlier, "bf16"))) {
        mnist_compression_note(c,
                               "the model's weights have been rounded before (%s); what both "
                               "lose adds up",
                               c->earlier);
    }
}

/* Takes over a set of which training images are left. */
static bool keep(mnist_compression *c, mnist_dataset *kept, mnist_status status,
                 const mnist_error *why, mnist_error *err)
{
    if (status != MNIST_OK) {
        return mnist_fail(err, status, "%.2000s: its training's images: %s", c->in, why->text) ==
               MNIST_OK;
    }
    mnist_dataset_free(c->kept);
    c->kept = kept;
    c->train = mnist_dataset_view(kept);
    return true;
}

/* Leaves the images of the classes that the model was trained on, and so many of each, which its
 * seed has drawn. */
static bool leave_out(mnist_compression *c, mnist_error *err)
{
    const mnist_training_settings *training = &c->settings->training;
    const mnist_option *seed_option = mnist_option_find(&mnist_compress_program, "seed").option;
    const char *text = mnist_model_metadata(c->model, "seed");
    uint64_t seed = training->config.seed;
    mnist_dataset *kept;
    mnist_error why = {0};
    if (mnist_class_set_count(&training->omitted) > 0) {
        const mnist_status status = mnist_dataset_create_without(
            &kept, c->train, mnist_class_set_less(training->omitted, c->train.label_base), &why);
        if (!keep(c, kept, status, &why, err)) {
            return false;
        }
    }
    if (training->per_class == 0) {
        return true;
    }
    if (text) {
        (void)mnist_option_set(seed_option, &seed, text); /* what is no number draws others */
    }
    const mnist_status status =
        mnist_dataset_create_sample(&kept, c->train, training->per_class, seed, &why);
    return keep(c, kept, status, &why, err);
}

/* Training images into those to train on and those for validation, as mnist-train does. */
static bool split(mnist_compression *c, mnist_error *err)
{
    const mnist_training_settings *training = &c->settings->training;
    const bool told = mnist_on_command_line(c->parsed, "val-split");
    mnist_view all = mnist_dataset_view(c->source.train);
    c->all = all;
    if (training->limit > 0 && training->limit < all.count) {
        all = mnist_view_slice(all, 0, training->limit);
    }
    const uint64_t held_out = mnist_share_of(training->val_split, all.count);
    if (held_out >= all.count) {
        return mnist_options_fail(err,
                                  "%s would hold out %" PRIu64 " of %zu training images and leave "
                                  "none",
                                  told ? "--val-split" : "the model's --val-split", held_out,
                                  all.count);
    }
    const mnist_compress_settings *s = c->settings;
    const bool searches = s->step == MNIST_COMPRESS_AUTO || s->step == MNIST_COMPRESS_SWEEP;
    if (held_out == 0 && (searches || s->has_max_loss)) {
        return mnist_options_fail(err, "%s goes by the validation images, but --val-split is 0",
                                  searches ? mnist_compress_step_name(s->step)
                                           : "--max-loss-of-accuracy");
    }
    c->train = mnist_view_slice(all, 0, all.count - (size_t)held_out);
    c->validation.view = mnist_view_slice(all, c->train.count, (size_t)held_out);
    return leave_out(c, err);
}

static void say_validation(const mnist_compression *c)
{
    char left[24];
    const char *trained_on = mnist_model_metadata(c->model, "trained_on");
    const bool told = mnist_on_command_line(c->parsed, "val-split");
    const size_t count = c->validation.view.count;
    snprintf(left, sizeof left, "%zu", c->train.count);
    if (count == 0) {
        mnist_compression_note(c, "no image is held out for validation (--val-split 0), so "
                                  "accuracy is not known");
    } else if (!told && !json_object_get(c->options, "val-split")) {
        mnist_compression_note(c,
                               "the model does not say which images it was validated on: "
                               "accuracy is on the last %zu training images, on which it may "
                               "have been trained (--val-split)",
                               count);
    } else if (trained_on && strcmp(trained_on, left) != 0) {
        mnist_compression_note(c,
                               "the model was trained on %.20s images, and %s are not for "
                               "validation here: it may have been trained on some of those",
                               trained_on, left);
    }
}

static bool check_shapes(const mnist_compression *c, mnist_error *err)
{
    const unsigned inputs = mnist_mlp_layer_inputs(mnist_model_mlp(c->model), 0);
    const mnist_dataset *const sets[] = {c->source.train, c->source.test};
    for (size_t i = 0; i < LENGTH(sets); i++) {
        const mnist_view view = sets[i] ? mnist_dataset_view(sets[i]) : (mnist_view){0};
        if (sets[i] && view.rows * view.cols != inputs) {
            return mnist_fail(
                       err, MNIST_ERR_MISMATCH,
                       "%.2000s: the net has %u inputs, but the %s images are %u x %u pixels",
                       c->in, inputs, i == 0 ? "training" : "test", view.rows,
                       view.cols) == MNIST_OK;
        }
    }
    return true;
}

#define OWN_FILES 4 /* that every call may have */

/* The files that a call names, in a list for mnist_outputs_check. */
static void list_files(const mnist_compression *c, mnist_file_use *files)
{
    const mnist_compress_settings *s = c->settings;
    const bool sweeps = s->step == MNIST_COMPRESS_SWEEP;
    files[0] = (mnist_file_use){.path = c->in, .name = "input"};
    files[1] = (mnist_file_use){
        .path = sweeps ? NULL : s->output, .name = "--output", .output = true, .tensors = true};
    files[2] = (mnist_file_use){.path = s->rewind, .name = "model of --rewind"};
    files[3] = (mnist_file_use){.path = s->report, .name = "--report", .output = true};
    files += OWN_FILES;
    mnist_source_files(&c->source, files);
    files += MNIST_SOURCE_FILES;
    for (size_t i = 0; i < c->teachers.count; i++) {
        *files++ = (mnist_file_use){.path = c->teachers.paths[i], .name = "teacher"};
    }
    for (size_t i = 0; i < c->tried_count; i++) {
        *files++ = (mnist_file_use){
            .path = c->tried[i].path, .name = "--output", .output = true, .tensors = true};
    }
}

/* Sees that no output destroys a file that is read. */
static bool check_files(const mnist_compression *c, mnist_error *err)
{
    const size_t count = OWN_FILES + MNIST_SOURCE_FILES + c->teachers.count + c->tried_count;
    mnist_file_use *files = calloc(count, sizeof *files);
    if (!files) {
        return mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for the names of files") ==
               MNIST_OK;
    }
    list_files(c, files);
    const mnist_status status = mnist_outputs_check(files, count, err);
    free(files);
    return status == MNIST_OK;
}

/* Tries the outputs before there is work that could be lost. */
static bool try_outputs(const mnist_compression *c, mnist_error *err)
{
    const mnist_compress_settings *s = c->settings;
    const bool sweeps = s->step == MNIST_COMPRESS_SWEEP;
    if (s->dry_run) {
        return true;
    }
    for (size_t i = 0; i < c->tried_count; i++) {
        if (c->tried[i].path && mnist_output_check(c->tried[i].path, err) != MNIST_OK) {
            return false;
        }
    }
    return (sweeps || !s->output || mnist_output_check(s->output, err) == MNIST_OK) &&
           (!s->report || mnist_output_check(s->report, err) == MNIST_OK);
}

/* Locates the data, sees that no output destroys anything, tries it, and reads the data. */
static bool open_files(mnist_compression *c, mnist_error *err)
{
    const mnist_compress_settings *s = c->settings;
    const unsigned wanted = MNIST_IDX_TRAIN | (s->test ? MNIST_IDX_TEST : 0);
    mnist_error missing = {0}; /* counts less than an output that would destroy something */
    const mnist_status located =
        mnist_source_locate(&c->source, &s->training.data, wanted, &missing);
    if (mnist_teachers_name(&c->teachers, s->training.teacher, err) != MNIST_OK ||
        (s->step == MNIST_COMPRESS_SWEEP && !mnist_sweep_list(c, err)) || !check_files(c, err)) {
        return false;
    }
    if (located != MNIST_OK) {
        *err = missing;
        return false;
    }
    return try_outputs(c, err) &&
           mnist_source_load(&c->source, &s->training.data, wanted, err) == MNIST_OK &&
           mnist_source_apply_steps(&c->source, mnist_model_steps(c->model), err) == MNIST_OK;
}

/* The model's file, as it lies there; of a pipe, as it would be written. */
static bool size_model(mnist_compression *c, mnist_error *err)
{
    struct stat file;
    if (stat(c->in, &file) != 0) {
        return mnist_fail(err, MNIST_ERR_IO, "%.600s: its size cannot be told: %s", c->in,
                          strerror(errno)) == MNIST_OK;
    }
    if (S_ISREG(file.st_mode)) {
        c->before.bytes = (size_t)file.st_size;
        return true;
    }
    const mnist_model_parts parts = {.mlp = mnist_model_mlp(c->model),
                                     .normalization = mnist_model_normalization(c->model)};
    return mnist_model_size(&parts, &c->before.bytes, err) == MNIST_OK;
}

bool mnist_compression_prepare(mnist_compression *c, mnist_error *err)
{
    const mnist_compress_settings *s = c->settings;
    if (s->out.json && (!mnist_json_check_name(c->in, err) ||
                        (s->output && !mnist_json_check_name(s->output, err)) ||
                        (s->report && !mnist_json_check_name(s->report, err)))) {
        return false;
    }
    if (mnist_model_load(&c->model, c->in, err) != MNIST_OK) {
        return false;
    }
    c->earlier = mnist_model_metadata(c->model, "compression");
    if (!mnist_compression_read_early(c, err) || !adopt(c, err) || !settle_training(c, err) ||
        !find_whole_bits(c, err) || !check_lossy(c, err) || !check_binary(c, err) ||
        !size_model(c, err) || !open_files(c, err) || !check_shapes(c, err) || !split(c, err) ||
        mnist_teachers_load(&c->teachers, c->train, mnist_model_steps(c->model), err) != MNIST_OK) {
        return false;
    }
    if (c->source.test) {
        c->test.view = mnist_dataset_view(c->source.test);
    }
    if (s->trains) {
        mnist_dataset_digests(c->source.train, &c->train_digests);
    }
    say_lossy(c);
    say_validation(c);
    return mnist_pool_create(&c->pool, s->threads, err) == MNIST_OK;
}
