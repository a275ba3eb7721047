#!/usr/bin/env bash
# test_program.sh BUILD-DIR SOURCE-DIR CMAKE COMPILER: a new program is a folder of src/cli and its name in
# CMakeLists.txt. In a copy of the sources one is added like that and built: manual page, completion, the fuzzing of
# its options, the list for coverage and the installation follow.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../cli/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../cli/lib.sh"
source=$(CDPATH='' cd -- "$2" && pwd) cmake=$3 compiler=$4
start "$1"

tree=$work/tree
mkdir "$tree"
for part in CMakeLists.txt src include scripts tests; do
    cp -R "$source/$part" "$tree"
done

# the program, as small as can be
mkdir "$tree/src/cli/hello"
cat >"$tree/src/cli/hello/settings.h" <<'END'
#include "cli/options/options.h"

typedef struct mnist_hello_settings {
    unsigned times;
} mnist_hello_settings;

extern const mnist_program mnist_hello_program;
END
cat >"$tree/src/cli/hello/settings.c" <<'END'
#include "cli/hello/settings.h"

static const mnist_option options[] = {
    {.type = MNIST_OPTION_UNSIGNED,
     .offset = MNIST_OPTION_FIELD(unsigned, mnist_hello_settings, times),
     .whole = {1, 9},
     .argument = "N",
     .name = "times",
     .help = "how often to greet"},
    {.type = MNIST_OPTION_ACTION_HELP, .name = "help", .help = "print this help and exit"},
};
static const mnist_option_section sections[] = {
    {.title = "All", .options = options, .count = sizeof options / sizeof *options},
};

static void defaults(void *settings)
{
    *(mnist_hello_settings *)settings = (mnist_hello_settings){.times = 2};
}

const mnist_program mnist_hello_program = {
    .name = "mnist-hello",
    .summary = "greet",
    .description = "Greets.",
    .sections = sections,
    .section_count = 1,
    .settings_size = sizeof(mnist_hello_settings),
    .defaults = defaults,
};
END
cat >"$tree/src/cli/hello/main.c" <<'END'
#include "cli/hello/settings.h"
#include "cli/shared/program.h"

#include <stdio.h>

static int run(void *settings, const mnist_parsed *parsed)
{
    (void)parsed;
    for (unsigned i = 0; i < ((mnist_hello_settings *)settings)->times; i++) {
        puts("hello");
    }
    return MNIST_EXIT_OK;
}

int main(int argc, char **argv)
{
    mnist_hello_settings settings;
    mnist_hello_program.defaults(&settings);
    return mnist_program_main(&mnist_hello_program, argc, argv, &settings, run);
}
END

# and its name in CMakeLists.txt
sed 's/^set(MNIST_PROGRAM_ROOMS .*[a-z]/& hello/' "$source/CMakeLists.txt" >"$tree/CMakeLists.txt"
expect 'not one line' [ "$(diff "$source/CMakeLists.txt" "$tree/CMakeLists.txt" | grep -c '^>')" -eq 1 ]

# So that a compiler cache recognises the sources in another tree. The build is Debug, as nothing is trained.
export CCACHE_BASEDIR=$work CCACHE_NOHASHDIR=1
if command -v ccache >/dev/null; then
    export CMAKE_C_COMPILER_LAUNCHER=ccache
fi
build=$tree/build
begin 'a build with it'
run 0 "$cmake" -S "$tree" -B "$build" -DCMAKE_C_COMPILER="$compiler" -DCMAKE_BUILD_TYPE=Debug -DMNIST_BUILD_TESTS=ON \
    -DCMAKE_INSTALL_PREFIX="$work/prefix"
run 0 "$cmake" --build "$build" --parallel 2 --target mnist-hello replay_options mnist_docs

begin 'the program'
run 0 "$build/mnist-hello" --help
out_has '--times N'
run 0 "$build/mnist-hello" --times 3
out_is $'hello\nhello\nhello'
run 2 "$build/mnist-hello" --times 10

begin 'manual page and completion'
run 0 "$build/mnist-describe" programs
out_is $'mnist-train\nmnist-eval\nmnist-predict\nmnist-bench\nmnist-convert\nmnist-compress\nmnist-score\nmnist-data\nmnist-hello'
expect 'not in its manual page' grep -q '^\\fB\\-\\-times\\fR \\fIN\\fR$' "$build/docs/mnist-hello.1"
expect 'not its default' grep -q '^Default: 2\.$' "$build/docs/mnist-hello.1"
expect "not in mnist-train's manual page" grep -q 'mnist\\-hello' "$build/docs/mnist-train.1"
for file in mnist-hello _mnist-hello mnist-hello.fish; do
    expect "not in $file" grep -q times "$build/docs/$file"
done

begin 'fuzzing, coverage, failing calls'
run 0 "$build/tests/fuzz/replay_options" "$tree/tests/fuzz/corpus/options"
err_has 'mnist-hello: 2 options'
expect 'not in the list for coverage' grep -qx mnist-hello "$build/programs.txt"

begin 'installation'
for program in train eval predict bench convert compress score data; do
    cp "$build/mnist-hello" "$build/mnist-$program" # stand-ins: these need not be built here
done
run 0 "$cmake" --install "$build"
for file in bin/mnist-hello share/man/man1/mnist-hello.1 share/bash-completion/completions/mnist-hello \
    share/zsh/site-functions/_mnist-hello share/fish/vendor_completions.d/mnist-hello.fish; do
    expect "no $file" [ -e "$work/prefix/$file" ]
done
run 0 "$work/prefix/bin/mnist-hello"
out_is $'hello\nhello'

finish
