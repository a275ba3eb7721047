#!/usr/bin/env bash
# test_readme.sh SOURCE-DIR: the C program in README.md is, to the letter, tests/cli/consumer/train.c, which
# cli.install builds and runs; and it is short.
set -euo pipefail

if [ $# -ne 1 ]; then
    echo "usage: test_readme.sh SOURCE-DIR" >&2
    exit 2
fi
program=$1/tests/cli/consumer/train.c
most=25

# shellcheck disable=SC2016  # the fences are Markdown's
shown=$(awk '/^```/ { inside = $0 == "```c"; next } inside' "$1/README.md")
if ! diff -u --label README.md <(printf '%s\n' "$shown") "$program"; then
    echo "test_readme: FAILED: README.md shows another program than $program" >&2
    exit 1
fi
lines=$(awk 'END { print NR }' "$program")
if [ "$lines" -gt "$most" ]; then
    echo "test_readme: FAILED: $program has $lines lines, README.md promises $most" >&2
    exit 1
fi
echo "test_readme: passed: $lines lines"
