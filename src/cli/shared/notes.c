#define _POSIX_C_SOURCE 200809L
#include "cli/shared/notes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void mnist_note(mnist_notes *notes, const char *format, ...)
{
    char raw[MNIST_NOTE_TEXT], text[MNIST_NOTE_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(raw, sizeof raw, format, arguments);
    va_end(arguments);
    (void)mnist_plain_text(text, sizeof text, raw); /* it may hold files' names */
    if (!notes->quiet) {
        fprintf(stderr, "%s: note: %s\n", notes->program, text);
    }
    char *copy = notes->count < MNIST_NOTES ? strdup(text) : NULL;
    if (copy) {
        notes->texts[notes->count++] = copy;
    }
    notes->failed = notes->failed || (!copy && notes->count < MNIST_NOTES);
}

void mnist_notes_free(mnist_notes *notes)
{
    for (size_t i = 0; i < notes->count; i++) {
        free(notes->texts[i]);
    }
    notes->count = 0;
}

void mnist_notes_put_json(const mnist_notes *notes, json_t **document)
{
    if (notes->failed) {
        json_decref(*document);
        *document = NULL;
    }
    if (notes->count == 0 || !*document) {
        return;
    }
    json_t *texts = json_array();
    for (size_t i = 0; i < notes->count; i++) {
        mnist_json_append(&texts, json_string(notes->texts[i]));
    }
    mnist_json_put(document, "notes", texts);
}
