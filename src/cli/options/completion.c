/* Completion for bash, zsh and fish. */
#define _POSIX_C_SOURCE 200809L

#include "cli/options/describe.h"

#include <string.h>

/* What a shell completes an option's argument with. */
typedef enum argument_kind {
    ARGUMENT_NONE,  /* takes none */
    ARGUMENT_NAMES, /* value_at */
    ARGUMENT_FILE,
    ARGUMENT_FOLDER,
    ARGUMENT_FREE, /* a number, say: nothing */
    ARGUMENT_KINDS
} argument_kind;

static argument_kind kind_of(const mnist_option *option)
{
    if (!option->argument) {
        return ARGUMENT_NONE;
    }
    if (option->choice || option->suggested) {
        return ARGUMENT_NAMES;
    }
    return strcmp(option->argument, "FILE") == 0  ? ARGUMENT_FILE
           : strcmp(option->argument, "DIR") == 0 ? ARGUMENT_FOLDER
                                                  : ARGUMENT_FREE;
}

/* The index-th value of an option of kind ARGUMENT_NAMES; NULL past the end. --recipe has one more:
 * "list". */
static const char *value_at(const mnist_option *option, int index)
{
    const char *(*name)(int) = option->choice ? option->choice : option->suggested;
    for (int i = 0; i < index; i++) {
        if (!name(i)) {
            return NULL; /* name(i) may be called up to the first NULL, and not past it */
        }
    }
    const char *value = name(index);
    const bool one_past = !value && (index == 0 || name(index - 1));
    return !value && one_past && option->type == MNIST_OPTION_ACTION_RECIPE ? "list" : value;
}

static const char *describe_value(const mnist_program *program, const mnist_option *option,
                                  const char *value)
{
    if (option->type != MNIST_OPTION_ACTION_RECIPE) {
        return NULL;
    }
    const mnist_recipe *recipe = mnist_recipe_find(program, value);
    return recipe ? recipe->help : "show what there is, and what it sets";
}

/* text for a shell's single quotes: with a backslash before each character in special, and quote in
 * place of '. */
static void put_quoted(const char *text, const char *special, const char *quote, FILE *out)
{
    for (; *text; text++) {
        if (*text == '\'') {
            fputs(quote, out);
            continue;
        }
        if (strchr(special, *text)) {
            fputc('\\', out);
        }
        fputc(*text, out);
    }
}

/* "mnist-train" as part of a function's name. */
static void put_identifier(const char *name, FILE *out)
{
    for (; *name; name++) {
        fputc(*name == '-' ? '_' : *name, out);
    }
}

/* bash */

/* "    -e | --epochs | ...)", the options whose argument is of that kind; false: there are none. */
static bool put_bash_pattern(const mnist_program *program, argument_kind kind, FILE *out)
{
    size_t count = 0;
    mnist_option_ref ref = mnist_option_at(program, 0);
    for (; ref.option; ref = mnist_option_at(program, ref.index + 1)) {
        if (kind_of(ref.option) != kind) {
            continue;
        }
        fputs(count == 0 ? "    " : " | ", out);
        if (ref.option->letter) {
            fprintf(out, "-%c | ", ref.option->letter);
        }
        fprintf(out, "--%s", ref.option->name);
        count++;
    }
    if (count > 0) {
        fputs(")\n", out);
    }
    return count > 0;
}

static void put_bash_values(const mnist_program *program, FILE *out)
{
    mnist_option_ref ref = mnist_option_at(program, 0);
    for (; ref.option; ref = mnist_option_at(program, ref.index + 1)) {
        const mnist_option *option = ref.option;
        if (kind_of(option) != ARGUMENT_NAMES) {
            continue;
        }
        fputs("    ", out);
        if (option->letter) {
            fprintf(out, "-%c | ", option->letter);
        }
        fprintf(out, "--%s)\n        words='", option->name);
        for (int i = 0; value_at(option, i); i++) {
            fprintf(out, "%s%s", i > 0 ? " " : "", value_at(option, i));
        }
        fputs("'\n        ;;\n", out);
    }
}

/* How an operand is completed: as a file name, or not at all. */
static const char *bash_operand(const mnist_program *program)
{
    return program->operand ? "compopt -o default" : ":";
}

void mnist_describe_bash(const mnist_program *program, FILE *out)
{
    fprintf(out,
            "# bash completion for %s, made from its option table. -*- shell-script -*-\n"
            "# shellcheck shell=bash\n\n_",
            program->name);
    put_identifier(program->name, out);
    fprintf(out,
            "()\n{\n"
            "    local cur=${COMP_WORDS[COMP_CWORD]} option='' prefix='' words='' i\n"
            "    COMPREPLY=()\n"
            "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
            "        if [[ ${COMP_WORDS[i]} == -- ]]; then\n"
            "            %s\n"
            "            return\n"
            "        fi\n"
            "    done\n"
            "    # --name=value is three words where = parts words, else one\n"
            "    if [[ $cur == --*=* ]]; then\n"
            "        option=${cur%%%%=*} prefix=${cur%%%%=*}= cur=${cur#*=}\n"
            "    elif ((COMP_CWORD > 1)); then\n"
            "        option=${COMP_WORDS[COMP_CWORD - 1]}\n"
            "        if [[ $cur == = ]]; then\n"
            "            cur=\n"
            "        elif [[ $option == = ]]; then\n"
            "            option=${COMP_WORDS[COMP_CWORD - 2]}\n"
            "        fi\n"
            "    fi\n"
            "    case $option in\n",
            bash_operand(program));
    if (put_bash_pattern(program, ARGUMENT_FILE, out)) {
        fputs("        compopt -o default\n        return\n        ;;\n", out);
    }
    if (put_bash_pattern(program, ARGUMENT_FOLDER, out)) {
        fputs("        compopt -o dirnames\n        return\n        ;;\n", out);
    }
    if (put_bash_pattern(program, ARGUMENT_FREE, out)) {
        fputs("        return\n        ;;\n", out);
    }
    put_bash_values(program, out);
    fputs("    *)\n", out);
    if (program->operand) {
        fputs("        if [[ $cur != -* ]]; then\n            compopt -o default\n"
              "            return\n        fi\n",
              out);
    }
    fputs("        words='", out);
    mnist_option_ref ref = mnist_option_at(program, 0);
    for (; ref.option; ref = mnist_option_at(program, ref.index + 1)) {
        fprintf(out, "%s--%s", ref.index > 0 ? " " : "", ref.option->name);
        if (ref.option->type == MNIST_OPTION_SWITCH) {
            fprintf(out, " --no-%s", ref.option->name);
        }
    }
    fputs("'\n        ;;\n    esac\n"
          "    mapfile -t COMPREPLY < <(compgen -P \"$prefix\" -W \"$words\" -- \"$cur\")\n}\n\n"
          "complete -F _",
          out);
    put_identifier(program->name, out);
    fprintf(out, " %s\n", program->name);
}

/* zsh */

static void put_zsh_function(const mnist_program *program, const mnist_option *option, FILE *out)
{
    fputc('_', out);
    put_identifier(program->name, out);
    fputc('_', out);
    put_identifier(option->name, out);
}

/* Values that have descriptions need a function. */
static void put_zsh_described(const mnist_program *program, const mnist_option *option, FILE *out)
{
    fputs("\n(( $+functions[", out);
    put_zsh_function(program, option, out);
    fputs("] )) ||\n", out);
    put_zsh_function(program, option, out);
    fputs("()\n{\n    local -a values=(\n", out);
    for (int i = 0; value_at(option, i); i++) {
        const char *value = value_at(option, i);
        fprintf(out, "        '%s:", value);
        put_quoted(describe_value(program, option, value), "\\", "'\\''", out);
        fputs("'\n", out);
    }
    fprintf(out, "    )\n    _describe -t values '%s' values\n}\n", option->name);
}

/* ":N: ", ":FILE:_files" */
static void put_zsh_argument(const mnist_program *program, const mnist_option *option, FILE *out)
{
    const argument_kind kind = kind_of(option);
    if (kind == ARGUMENT_NONE) {
        return;
    }
    fputc(':', out);
    put_quoted(option->argument, "\\:[]", "'\\''", out);
    fputc(':', out);
    if (kind == ARGUMENT_FILE) {
        fputs("_files", out);
    } else if (kind == ARGUMENT_FOLDER) {
        fputs("_files -/", out);
    } else if (kind == ARGUMENT_FREE) {
        fputc(' ', out);
    } else if (describe_value(program, option, value_at(option, 0))) {
        put_zsh_function(program, option, out);
    } else {
        for (int i = 0; value_at(option, i); i++) {
            fprintf(out, "%c%s", i > 0 ? ' ' : '(', value_at(option, i));
        }
        fputc(')', out);
    }
}

/* One spelling of an option; no other spelling of it is offered beside it. */
static void put_zsh_spec(const mnist_program *program, const mnist_option *option,
                         const char *spelling, const char *ending, FILE *out)
{
    const bool ends =
        option->type == MNIST_OPTION_ACTION_HELP || option->type == MNIST_OPTION_ACTION_VERSION;
    fputs("    '(", out);
    if (ends) {
        fputs("- *", out);
    } else {
        fprintf(out, "--%s", option->name);
        if (option->letter) {
            fprintf(out, " -%c", option->letter);
        }
        if (option->type == MNIST_OPTION_SWITCH) {
            fprintf(out, " --no-%s", option->name);
        }
    }
    fprintf(out, ")%s%s[", spelling, ending);
    put_quoted(option->help, "\\[]:", "'\\''", out);
    fputc(']', out);
    put_zsh_argument(program, option, out);
    fputs("'\n", out);
}

void mnist_describe_zsh(const mnist_program *program, FILE *out)
{
    fprintf(out, "#compdef %s\n# Made from the option table of %s.\n", program->name,
            program->name);
    mnist_option_ref ref = mnist_option_at(program, 0);
    for (; ref.option; ref = mnist_option_at(program, ref.index + 1)) {
        if (kind_of(ref.option) == ARGUMENT_NAMES &&
            describe_value(program, ref.option, value_at(ref.option, 0))) {
            put_zsh_described(program, ref.option, out);
        }
    }
    fputs("\nlocal -a specs=(\n", out);
    for (ref = mnist_option_at(program, 0); ref.option;
         ref = mnist_option_at(program, ref.index + 1)) {
        const mnist_option *option = ref.option;
        char spelling[MNIST_OPTION_TEXT];
        if (option->letter) {
            snprintf(spelling, sizeof spelling, "-%c", option->letter);
            put_zsh_spec(program, option, spelling, option->argument ? "+" : "", out);
        }
        snprintf(spelling, sizeof spelling, "--%s", option->name);
        put_zsh_spec(program, option, spelling, option->argument ? "=" : "", out);
        if (option->type == MNIST_OPTION_SWITCH) {
            snprintf(spelling, sizeof spelling, "--no-%s", option->name);
            put_zsh_spec(program, option, spelling, "", out);
        }
    }
    if (program->operand) {
        fprintf(out, "    '%s:%s:_files'\n", program->operand_max > 1 ? "*" : "", program->operand);
    }
    fputs(")\n\n_arguments -s -S : $specs\n", out);
}

/* fish */

#define FISH_SPECIAL "\\"
#define FISH_QUOTE   "\\'"

static void put_fish_option(const mnist_program *program, const mnist_option *option,
                            const char *before_name, FILE *out)
{
    static const char *const arguments[ARGUMENT_KINDS] = {
        [ARGUMENT_NONE] = "",       [ARGUMENT_NAMES] = " -x",
        [ARGUMENT_FILE] = " -r -F", [ARGUMENT_FOLDER] = " -x -a '(__fish_complete_directories)'",
        [ARGUMENT_FREE] = " -x",
    };
    const argument_kind kind = kind_of(option);
    fprintf(out, "complete -c %s", program->name);
    if (option->letter && before_name[0] == '\0') {
        fprintf(out, " -s %c", option->letter);
    }
    fprintf(out, " -l %s%s%s", before_name, option->name, arguments[kind]);
    if (kind == ARGUMENT_NAMES && !describe_value(program, option, value_at(option, 0))) {
        fputs(" -a '", out);
        for (int i = 0; value_at(option, i); i++) {
            fprintf(out, "%s%s", i > 0 ? " " : "", value_at(option, i));
        }
        fputc('\'', out);
    }
    fputs(" -d '", out);
    put_quoted(option->help, FISH_SPECIAL, FISH_QUOTE, out);
    fputs("'\n", out);
}

void mnist_describe_fish(const mnist_program *program, FILE *out)
{
    fprintf(out, "# fish completion for %s, made from its option table.\n", program->name);
    if (!program->operand) {
        fprintf(out, "complete -c %s -f\n", program->name);
    }
    mnist_option_ref ref = mnist_option_at(program, 0);
    for (; ref.option; ref = mnist_option_at(program, ref.index + 1)) {
        const mnist_option *option = ref.option;
        put_fish_option(program, option, "", out);
        if (option->type == MNIST_OPTION_SWITCH) {
            put_fish_option(program, option, "no-", out);
        }
        for (int i = 0; kind_of(option) == ARGUMENT_NAMES && value_at(option, i); i++) {
            const char *value = value_at(option, i);
            if (describe_value(program, option, value)) {
                fprintf(out, "complete -c %s -l %s -x -a %s -d '", program->name, option->name,
                        value);
                put_quoted(describe_value(program, option, value), FISH_SPECIAL, FISH_QUOTE, out);
                fputs("'\n", out);
            }
        }
    }
}
