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

/* To be called once in a program, before any JSON: from the first allocation for JSON that fails,
 * all fail until mnist_json_begin. jansson 2.14 goes on after some failures, and would leave a
 * letter out of a string, or write past it, if the next allocation succeeded. */
void mnist_json_start(void);

/* Another attempt: memory is asked for anew. */
void mnist_json_begin(void);

/* Has an allocation failed since? Always false in a program that has not called mnist_json_start.
 */
bool mnist_json_short(void);

/* Begins, and reads size bytes of text; a key that is given twice is an error. On failure NULL, and
 * *memory says whether memory was short; if not, error has what is wrong with the text. */
json_t *mnist_json_parse(const char *text, size_t size, bool *memory, json_error_t *error);

/* Takes value in, the reference too. Where value or *object is NULL, or memory is short, *object is
 * released and NULL: what is added to it later falls away, so that one look at the end will do. */
void mnist_json_put(json_t **object, const char *key, json_t *value);
void mnist_json_append(json_t **array, json_t *value);

/* JSON's integers are jansson's long long: beyond INT64_MAX only a string keeps every digit. */
json_t *mnist_json_whole(uint64_t value);

/* JSON with reals in their shortest form, which reads back to the same value, and with a point or
 * an exponent. jansson prints 0.1 as 0.10000000000000001 up to version 2.14, as 0.1 since: a model
 * file, which holds such text, must not depend on that. indent: blanks per level; 0: on one line
 * without any blanks; with blanks, a newline ends it. To be freed; NULL when memory is short, or
 * value is NULL. */
char *mnist_json_text(const json_t *value, int indent);

#endif
