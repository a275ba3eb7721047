/* mnist-predict: reads digits in pictures. */
#define _POSIX_C_SOURCE 200809L
#include "cli/options/json.h"
#include "cli/shared/figures.h"
#include "cli/shared/labels.h"
#include "cli/shared/program.h"
#include "cli/predict/lines.h"
#include "cli/predict/settings.h"
#include "cli/terminal/show.h"

#include <mnist/mnist.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM "mnist-predict"

typedef struct prediction {
    const mnist_predict_settings *settings;
    const char *path; /* of the model */
    mnist_model *model;
    unsigned inputs; /* of the model's net */
    mnist_classifier *classifier;
    bool center_given, invert_given;
    mnist_show_style style;
    bool failed; /* one of the files */
    unsigned classes;
    const mnist_labels *labels; /* what they are called */
} prediction;

/* One image on its way through the program: where it comes from, and what the net gets. */
typedef struct subject {
    const char *file;
    size_t image; /* from 1; 0: the only one of its file */
    size_t glyph; /* from 1; 0: the only one of its image */
    size_t row;   /* of digits, from 1; 0: the only one of its image */
    bool prepared;
    mnist_box box; /* if prepared, and whether it was inverted */
    bool inverted;
    const uint8_t *pixels; /* (rows, cols), as the net sees it */
    unsigned rows, cols;
} subject;

static void print_numbers(size_t image, size_t glyph, FILE *out)
{
    if (image > 0) {
        fprintf(out, "#%zu", image);
    }
    if (glyph > 0) {
        fprintf(out, "#%zu", glyph);
    }
}

/* The image's name for people. */
static void print_name(const char *file, size_t image, size_t glyph, FILE *out)
{
    mnist_print_plain(file, out);
    print_numbers(image, glyph, out);
}

/* The image's name for programs, which can restore it: a backslash is doubled, so that \x09 is
 * always a tab and never four characters of a name. */
static void print_field(const char *file, size_t image, size_t glyph)
{
    char doubled[2 * 4096]; /* of the longest path */
    size_t used = 0;
    for (const char *c = file; *c != '\0' && used + 2 < sizeof doubled; c++) {
        if (*c == '\\') {
            doubled[used++] = '\\';
        }
        doubled[used++] = *c;
    }
    doubled[used] = '\0';
    mnist_print_plain(doubled, stdout);
    print_numbers(image, glyph, stdout);
}

/* Reports what is wrong with an image of a file that could be read; text does not name the
 * image. */
static void fail_image(prediction *p, const subject *s, const char *text)
{
    fflush(stdout); /* keeps stdout and stderr in order where both are one terminal */
    fputs(PROGRAM ": ", stderr);
    print_name(strcmp(s->file, "-") == 0 ? "stdin" : s->file, s->image, s->glyph, stderr);
    fprintf(stderr, ": %s\n", text);
    p->failed = true;
}

/* The digits, the likeliest first. */
static void rank(const float *probabilities, unsigned classes, unsigned order[MNIST_MAX_CLASSES])
{
    for (unsigned c = 0; c < classes; c++) {
        unsigned place = c;
        while (place > 0 && probabilities[c] > probabilities[order[place - 1]]) {
            order[place] = order[place - 1];
            place--;
        }
        order[place] = c;
    }
}

static void print_values(const prediction *p, const subject *s, const float *probabilities,
                         const unsigned *order)
{
    print_field(s->file, s->image, s->glyph);
    for (unsigned i = 0; i < p->settings->top; i++) {
        char number[MNIST_LABEL_NUMBER];
        printf("\t%s\t%.6f", mnist_label_of(p->labels, order[i], number),
               (double)probabilities[order[i]]);
    }
    for (unsigned c = 0; p->settings->all && c < p->classes; c++) {
        printf("\t%.6f", (double)probabilities[c]);
    }
    putchar('\n');
}

/* The real whose shortest text is the float's. */
static json_t *float_json(float value)
{
    char text[MNIST_REAL_TEXT];
    if (!(value >= 0.0f)) {
        return json_null(); /* NaN, from weights too large for the net's sums */
    }
    mnist_float_format(value, text);
    return json_real(strtod(text, NULL));
}

/* NULL if memory is short. */
static json_t *subject_json(const prediction *p, const subject *s, const float *probabilities,
                            const unsigned *order)
{
    const mnist_labels *labels = p->labels;
    const bool told = probabilities[order[0]] >= 0.0f;
    json_t *all = json_array(), *object = json_pack("{s:s}", "file", s->file);
    for (unsigned c = 0; c < p->classes; c++) {
        mnist_json_append(&all, float_json(probabilities[c]));
    }
    if (s->image > 0) {
        mnist_json_put(&object, "image", json_integer((json_int_t)s->image));
    }
    if (s->glyph > 0) {
        mnist_json_put(&object, "glyph", json_integer((json_int_t)s->glyph));
    }
    if (s->row > 0) {
        mnist_json_put(&object, "row", json_integer((json_int_t)s->row));
    }
    mnist_json_put(&object, "digit",
                   told ? json_integer((json_int_t)order[0] + labels->base) : json_null());
    if (told && order[0] < labels->count) {
        mnist_json_put(&object, "class", json_string(labels->names[order[0]]));
    }
    mnist_json_put(&object, "probability", float_json(probabilities[order[0]]));
    mnist_json_put(&object, "probabilities", all);
    if (s->prepared) {
        mnist_json_put(&object, "box",
                       json_pack("{s:I, s:I, s:I, s:I}", "x", (json_int_t)s->box.x, "y",
                                 (json_int_t)s->box.y, "width", (json_int_t)s->box.width, "height",
                                 (json_int_t)s->box.height));
        mnist_json_put(&object, "inverted", json_boolean(s->inverted));
    }
    return object;
}

static bool print_json(const prediction *p, const subject *s, const float *probabilities,
                       const unsigned *order)
{
    mnist_json_begin();
    json_t *object = subject_json(p, s, probabilities, order);
    char *text = mnist_json_text(object, 0);
    if (text) {
        puts(text); /* a failure to write is seen by mnist_program_end */
    } else {
        fprintf(stderr, PROGRAM ": out of memory for a line of JSON\n");
    }
    free(text);
    json_decref(object);
    return text != NULL;
}

static void show(const prediction *p, const subject *s)
{
    fflush(stdout);
    print_name(s->file, s->image, s->glyph, stderr);
    fputc('\n', stderr);
    mnist_show(s->pixels, s->rows, s->cols, p->style, stderr);
}

/* A net with very large weights can have logits that are not finite, and then predicts no digit. */
static bool check_numbers(prediction *p, const subject *s, const float *probabilities)
{
    char text[8192];
    for (unsigned c = 0; c < p->classes; c++) {
        if (!(probabilities[c] >= 0.0f)) {
            char path[sizeof text - 128];
            (void)mnist_plain_text(path, sizeof path, p->path);
            snprintf(text, sizeof text,
                     "the logits of %s are not finite, so that it tells no digit", path);
            fail_image(p, s, text);
            return false;
        }
    }
    return true;
}

/* The likeliest digit, and its probability; false: the net predicts none. */
static bool classify(prediction *p, const subject *s, unsigned *digit, float *likely)
{
    float probabilities[MNIST_MAX_CLASSES];
    unsigned order[MNIST_MAX_CLASSES];
    mnist_classifier_run(p->classifier, s->pixels, 1, probabilities);
    rank(probabilities, p->classes, order);
    if (p->settings->show) {
        show(p, s);
    }
    const bool told = check_numbers(p, s, probabilities);
    if (p->settings->out.json) {
        p->failed |= !print_json(p, s, probabilities, order);
    } else if (told && !p->settings->text) {
        print_values(p, s, probabilities, order);
    }
    *digit = order[0];
    *likely = probabilities[order[0]];
    return told;
}

static void take_glyph(subject *s, const mnist_glyph *glyph)
{
    s->prepared = true;
    s->box = glyph->box;
    s->inverted = glyph->inverted;
    s->pixels = glyph->pixels;
    s->rows = s->cols = MNIST_SIDE;
}

/* Whether something is called by more than one character, so that a line of them needs blanks. */
static bool is_wide(const prediction *p)
{
    return mnist_labels_width(p->labels, p->classes, 2) > 1;
}

/* Predicts the digits of one row, of which there are count. --text: prints the number, and the
 * product of probabilities. */
static void predict_row(prediction *p, subject *s, const mnist_piece *pieces, size_t count)
{
    double likely = 1.0;
    bool told = true;
    const bool apart = is_wide(p);
    size_t used = 0;
    char *digits = calloc(count * (MNIST_CLASS_NAME + 1) + 1, 1);
    if (!digits) {
        fail_image(p, s, "out of memory");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        float own;
        unsigned digit;
        s->glyph++;
        take_glyph(s, &pieces[i].glyph);
        told = classify(p, s, &digit, &own) && told;
        char number[MNIST_LABEL_NUMBER];
        used +=
            (size_t)snprintf(digits + used, MNIST_CLASS_NAME + 2, "%s%s", apart && i > 0 ? " " : "",
                             mnist_label_of(p->labels, digit, number));
        likely *= (double)own;
    }
    if (told && p->settings->text) {
        print_field(s->file, s->image, s->row);
        printf("\t%s\t%.6f\n", digits, likely);
    }
    free(digits);
}

static void predict_line(prediction *p, subject *s, const mnist_picture *picture)
{
    mnist_piece *pieces;
    mnist_error err;
    size_t count;
    mnist_status status = mnist_picture_pieces(picture, p->settings->invert, p->settings->center,
                                               &pieces, &count, &err);
    if (status == MNIST_OK) {
        status = mnist_lines_choose(p->classifier, p->classes, pieces, &count, &err);
    }
    if (status != MNIST_OK) {
        fail_image(p, s, err.text);
        count = 0;
    }
    const bool several = count > 0 && pieces[count - 1].row > 0;
    for (size_t begin = 0, end; begin < count; begin = end) {
        for (end = begin; end < count && pieces[end].row == pieces[begin].row;) {
            end++;
        }
        s->row = several ? pieces[begin].row + 1u : 0;
        predict_row(p, s, pieces + begin, end - begin);
    }
    free(pieces);
}

/* Predicts one image of a file. ready: the file holds IDX or raw images, which are not prepared. */
static void predict_picture(prediction *p, subject *s, const mnist_picture *picture, bool ready)
{
    const mnist_predict_settings *settings = p->settings;
    const bool as_it_is = ready && !settings->line && !p->center_given && !p->invert_given;
    const unsigned pixels = as_it_is ? picture->rows * picture->cols : MNIST_PIXELS;
    char text[128];
    unsigned digit;
    float likely;
    if (pixels != p->inputs) {
        snprintf(text, sizeof text,
                 as_it_is ? "%u x %u pixels: expected %u, the inputs of the net"
                          : "pictures become %u x %u pixels, but the net has %u inputs",
                 as_it_is ? picture->cols : MNIST_SIDE, as_it_is ? picture->rows : MNIST_SIDE,
                 p->inputs);
        fail_image(p, s, text);
        return;
    }
    if (as_it_is) {
        s->pixels = picture->pixels;
        s->rows = picture->rows;
        s->cols = picture->cols;
        (void)classify(p, s, &digit, &likely);
        return;
    }
    if (settings->line) {
        predict_line(p, s, picture);
        return;
    }
    mnist_glyph glyph;
    mnist_error err;
    const mnist_center center = ready && !p->center_given ? MNIST_CENTER_NONE : settings->center;
    if (mnist_picture_prepare(picture, settings->invert, center, &glyph, &err) != MNIST_OK) {
        fail_image(p, s, err.text);
        return;
    }
    take_glyph(s, &glyph);
    (void)classify(p, s, &digit, &likely);
}

/* Images of IDX and raw files are stored as those are that the model was trained on, and go through its
 * steps first. Other pictures do not: prepared from their ink, they are upright and light on black. */
static void predict_image(prediction *p, subject *s, const mnist_picture *picture, bool ready)
{
    const mnist_steps *steps = mnist_model_steps(p->model);
    mnist_picture stepped = *picture;
    mnist_error err;
    if (!ready || steps->count == 0) {
        predict_picture(p, s, picture, ready);
        return;
    }
    mnist_steps_shape(steps, &stepped.rows, &stepped.cols);
    uint8_t *pixels = malloc((size_t)stepped.rows * stepped.cols);
    if (!pixels) {
        fail_image(p, s, "out of memory");
        return;
    }
    const mnist_view one = {
        .images = picture->pixels, .count = 1, .rows = picture->rows, .cols = picture->cols};
    if (mnist_steps_apply(steps, one, pixels, &err) == MNIST_OK) {
        stepped.pixels = pixels;
        predict_picture(p, s, &stepped, ready);
    } else {
        fail_image(p, s, err.text);
    }
    free(pixels);
}

/* The sides of a raw image, which does not state them: a square, or one row if that is not
 * possible. */
static void raw_sides(unsigned inputs, unsigned *rows, unsigned *cols)
{
    unsigned side = 1;
    while ((side + 1) * (side + 1) <= inputs) {
        side++;
    }
    *rows = side * side == inputs ? side : 1;
    *cols = inputs / *rows;
}

static void predict_file(prediction *p, const char *file)
{
    mnist_pictures *pictures;
    mnist_error err;
    unsigned rows, cols;
    raw_sides(p->inputs, &rows, &cols);
    const bool is_stdin = strcmp(file, "-") == 0;
    const mnist_status status =
        is_stdin ? mnist_pictures_read(&pictures, STDIN_FILENO, "stdin", rows, cols, &err)
                 : mnist_pictures_load(&pictures, file, rows, cols, &err);
    if (status != MNIST_OK) {
        fflush(stdout);
        (void)mnist_program_error(PROGRAM, &err);
        p->failed = true;
        return;
    }
    const mnist_picture_format format = mnist_pictures_format(pictures);
    const bool ready = format == MNIST_PICTURE_IDX || format == MNIST_PICTURE_RAW;
    const size_t count = mnist_pictures_count(pictures);
    for (size_t i = 0; i < count && !ferror(stdout); i++) {
        const mnist_picture picture = mnist_pictures_at(pictures, i);
        subject s = {.file = file, .image = count > 1 ? i + 1 : 0};
        predict_image(p, &s, &picture, ready);
    }
    mnist_pictures_free(pictures);
}

/* JSON names the files and is UTF-8: can all names be written? */
static bool check_names(const mnist_predict_settings *settings, const mnist_parsed *parsed,
                        mnist_error *err)
{
    for (size_t i = 1; settings->out.json && i < parsed->operand_count; i++) {
        if (!mnist_json_check_name(parsed->operands[i], err)) {
            return false;
        }
    }
    return true;
}

static int predict_files(prediction *p, const mnist_parsed *parsed)
{
    if (parsed->operand_count < 2) {
        if (isatty(STDIN_FILENO)) {
            fprintf(stderr, PROGRAM ": no FILE is given: reading a picture from the terminal\n");
        }
        predict_file(p, "-");
    }
    for (size_t i = 1; i < parsed->operand_count && !ferror(stdout); i++) {
        if (i > 1) {
            fflush(stdout); /* the next file may be a slow pipe; errors are seen at the end */
        }
        predict_file(p, parsed->operands[i]);
    }
    return p->failed ? MNIST_EXIT_FAILURE : MNIST_EXIT_OK;
}

static int run(void *given, const mnist_parsed *parsed)
{
    const mnist_predict_settings *settings = given;
    mnist_error err;
    mnist_labels labels;
    prediction p = {.settings = settings,
                    .labels = &labels,
                    .path = parsed->operands[0],
                    .center_given = mnist_options_was_given(parsed, "center"),
                    .invert_given = mnist_options_was_given(parsed, "invert"),
                    .style =
                        mnist_show_choose(mnist_color_wanted(settings->out.color, STDERR_FILENO))};
    if (!check_names(settings, parsed, &err)) {
        return mnist_program_usage(&mnist_predict_program, &err);
    }
    bool ok = mnist_model_load(&p.model, parsed->operands[0], &err) == MNIST_OK &&
              mnist_classifier_create(&p.classifier, mnist_model_mlp(p.model),
                                      mnist_model_normalization(p.model), 1, &err) == MNIST_OK;
    if (ok) {
        p.inputs = mnist_mlp_shape(mnist_model_mlp(p.model))->inputs;
        p.classes = mnist_mlp_shape(mnist_model_mlp(p.model))->outputs;
        labels = *mnist_model_labels(p.model);
        ok = mnist_labels_take(&labels, settings->class_names, p.classes, &err);
    }
    bool usage = false;
    if (ok && settings->top > p.classes) {
        usage = true;
        ok = mnist_options_fail(&err,
                                "--top: expected a whole number from 1 to %u, the classes of "
                                "the net, found %u",
                                p.classes, settings->top);
    }
    const int code = ok      ? predict_files(&p, parsed)
                     : usage ? mnist_program_usage(&mnist_predict_program, &err)
                             : mnist_program_error(PROGRAM, &err);
    mnist_classifier_free(p.classifier);
    mnist_model_free(p.model);
    return code;
}

int main(int argc, char **argv)
{
    mnist_predict_settings settings = mnist_predict_settings_defaults();
    return mnist_program_main(&mnist_predict_program, argc, argv, &settings, run);
}
