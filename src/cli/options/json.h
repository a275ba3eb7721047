/* JSON where memory may be short: building documents, printing them, and reading what others wrote.
 * A failure leaves NULL behind, never a document that lacks a part.
 */
#ifndef MNIST_CLI_OPTIONS_JSON_H
#define MNIST_CLI_OPTIONS_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* To be called once in a program, before any JSON. Once an allocation for JSON has failed, all
 * further ones fail until mnist_json_begin: jansson 2.14 goes on after some failures, and would
 * leave a character out of a string, or write past its end, if the next allocation succeeded. */
void mnist_json_start(void);

/* Starts another attempt: allocations are tried again. */
void mnist_json_begin(void);

/* Has an allocation failed since mnist_json_begin? Always false in a program that has not called
 * mnist_json_start. */
bool mnist_json_short(void);

/* Calls mnist_json_begin, then reads size bytes of text; a key that is given twice is an error. On
 * failure NULL, and *memory says whether memory was short; if not, error says what is wrong with
 * the text. */
json_t *mnist_json_parse(const char *text, size_t size, bool *memory, json_error_t *error);

/* Adds value, and takes over its reference. If value or *object is NULL, or memory is short,
 * *object is released and set to NULL. Adding to NULL does nothing, so one check at the end is
 * enough. */
void mnist_json_put(json_t **object, const char *key, json_t *value);
void mnist_json_append(json_t **array, json_t *value);

/* An integer up to INT64_MAX, beyond it a string of digits: jansson's integers are long long. */
json_t *mnist_json_whole(uint64_t value);

/* JSON with reals in their shortest form, which reads back to the same value, and with a point or
 * an exponent. jansson prints 0.1 as 0.10000000000000001 up to version 2.14, as 0.1 since: a model
 * file, which holds such text, must not depend on that. indent: blanks per level; 0: on one line
 * without any blanks; with blanks, a newline ends it. To be freed; NULL when memory is short, or
 * value is NULL. */
char *mnist_json_text(const json_t *value, int indent);

#endif
