#include "cli/train/files.h"

#include <stdlib.h>

#define SINGLE 6 /* files of which a call has one, whatever the seeds */

/* The names that {seed} was put into are owned, the others borrowed. */
typedef struct file_list {
    mnist_file_use *files;
    char **owned;
    size_t count;
} file_list;

static void release(file_list *list)
{
    for (size_t i = 0; list->owned && i < list->count; i++) {
        free(list->owned[i]);
    }
    free(list->owned);
    free(list->files);
}

static void add(file_list *list, mnist_file_use file)
{
    if (file.path) {
        list->files[list->count++] = file;
    }
}

/* Adds the name that a pattern gives for each seed. */
static mnist_status add_seeds(file_list *list, const mnist_train_settings *settings,
                              mnist_file_use file, unsigned seeds, mnist_error *err)
{
    const char *pattern = file.path;
    mnist_status status = MNIST_OK;
    for (unsigned i = 0; pattern && i < seeds && status == MNIST_OK; i++) {
        char *name;
        status = mnist_session_file(pattern, settings->training.config.seed + i, &name, err);
        if (status == MNIST_OK) {
            file.path = list->owned[list->count] = name;
            add(list, file);
        }
    }
    return status;
}

/* Lists the outputs, in the order in which messages name them. */
static mnist_status list_outputs(file_list *list, const mnist_session *s, mnist_error *err)
{
    const mnist_train_settings *settings = s->settings;
    const unsigned runs = mnist_session_runs(settings), pages = settings->ensemble > 0 ? 1 : runs;
    const size_t room = (size_t)runs + pages + SINGLE + MNIST_SOURCE_FILES + s->teachers.count;
    *list =
        (file_list){.files = calloc(room, sizeof *list->files),
                    .owned = calloc(room, sizeof(char *))}; // NOLINT(bugprone-sizeof-expression)
    if (!list->files || !list->owned) {
        return mnist_fail(err, MNIST_ERR_MEMORY, "out of memory for the names of files");
    }
    add(list, (mnist_file_use){.path = settings->checkpoint,
                               .name = "--checkpoint",
                               .output = true,
                               .tensors = true,
                               .pair = 1});
    mnist_status status = add_seeds(
        list, settings,
        (mnist_file_use){.path = settings->report, .name = "--report", .output = true}, pages, err);
    add(list, (mnist_file_use){.path = settings->log, .name = "--log", .output = true});
    if (status == MNIST_OK) {
        status = add_seeds(
            list, settings,
            (mnist_file_use){
                .path = settings->output, .name = "--output", .output = true, .tensors = true},
            runs, err);
    }
    add(list, (mnist_file_use){.path = settings->preview, .name = "--preview", .output = true});
    return status;
}

mnist_status mnist_train_files_check(const mnist_session *s, mnist_error *err)
{
    file_list list;
    mnist_file_use data[MNIST_SOURCE_FILES];
    mnist_status status = list_outputs(&list, s, err);
    if (status == MNIST_OK) {
        add(&list, (mnist_file_use){.path = s->config_path, .name = "config file"});
        if (!s->settings->resume) {
            add(&list, (mnist_file_use){.path = s->settings->init_from, .name = "initial model"});
        }
        add(&list, (mnist_file_use){.path = s->settings->resume, .name = "checkpoint", .pair = 1});
        for (size_t i = 0; i < s->teachers.count; i++) {
            add(&list, (mnist_file_use){.path = s->teachers.paths[i], .name = "teacher"});
        }
        mnist_source_files(&s->source, data);
        for (size_t i = 0; i < MNIST_SOURCE_FILES; i++) {
            add(&list, data[i]);
        }
        status = mnist_outputs_check(list.files, list.count, err);
    }
    release(&list);
    return status;
}

mnist_status mnist_train_files_try(const mnist_session *s, mnist_error *err)
{
    file_list list;
    mnist_status status = list_outputs(&list, s, err);
    for (size_t i = 0; i < list.count && status == MNIST_OK; i++) {
        if (list.files[i].path != s->settings->checkpoint) {
            status = mnist_output_check(list.files[i].path, err);
        }
    }
    release(&list);
    return status;
}
