# shellcheck shell=bash
# What the scripts share. Sourced, under `set -euo pipefail`.

root=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
program=${0##*/}

# Messages are for people: stderr. stdout belongs to the program that a script runs.
say()
{
    printf '%s: %s\n' "$program" "$*" >&2
}

# die EXIT-CODE MESSAGE
die()
{
    local code=$1
    shift
    say "$*"
    exit "$code"
}

have()
{
    command -v "$1" >/dev/null 2>&1
}

cpu_count()
{
    nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1
}

# cache_value DIR NAME: a variable of the CMake cache in the build directory DIR; nothing if it is not there.
cache_value()
{
    sed -n "s/^$2:[A-Z]*=//p" "$1/CMakeCache.txt" 2>/dev/null || true
}

# build DIR [CMAKE-ARGUMENT...]: brings the build directory DIR up to date with the sources.
# CMake is run only if it was not yet run with these arguments: where nothing has changed, the call
# takes the tenths of a second that the build tool needs to see that. Output goes to DIR/build.log,
# and to stderr if something fails.
build()
{
    local dir=$1
    shift
    mkdir -p "$dir"
    # One build at a time in a directory; the lock ends with the parentheses.
    (
        if have flock; then
            flock 9
        fi
        if ! configured "$dir" "$@"; then
            say "building in $dir"
        fi
        if ! { configure "$dir" "$@" && compile "$dir"; } >"$dir/build.log" 2>&1; then
            cat "$dir/build.log" >&2
            die 1 "building in $dir failed; what is printed above is $dir/build.log"
        fi
    ) 9>"$dir/.lock"
}

configured()
{
    local dir=$1
    shift
    [ -f "$dir/CMakeCache.txt" ] &&
        [ "$(cat "$dir/.configured" 2>/dev/null)" = "$(printf '%s\n' "$root" "$@")" ]
}

# Called in a condition, where set -e has no effect: hence the &&.
configure()
{
    local dir=$1
    shift
    if configured "$dir" "$@"; then
        return
    fi
    # The arguments are recorded last, so that a run which fails is done again.
    if [ "$(cache_value "$dir" CMAKE_HOME_DIRECTORY)" = "$root" ]; then
        cmake -S "$root" -B "$dir" "$@"
    else
        # CMake refuses the cache of a tree that has moved
        rm -rf "$dir/CMakeCache.txt" "$dir/CMakeFiles"
        if have ninja && [ -z "${CMAKE_GENERATOR:-}" ]; then
            cmake -S "$root" -B "$dir" -G Ninja "$@"
        else
            cmake -S "$root" -B "$dir" "$@"
        fi
    fi && printf '%s\n' "$root" "$@" >"$dir/.configured"
}

compile()
{
    cmake --build "$1" --parallel "$(cpu_count)"
}
