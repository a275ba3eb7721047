#!/usr/bin/env bash
# test_configure.sh BUILD-DIR SOURCE-DIR CMAKE COMPILER: cmake on a system without cmocka, and after it was installed.
# Nothing is built.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../cli/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../cli/lib.sh"
source=$(CDPATH='' cd -- "$2" && pwd) cmake=$3 compiler=$4
start "$1"

# a pkg-config that does not find cmocka while the file no-cmocka exists
mkdir bin
cat >bin/pkg-config <<END
#!/bin/sh
case " \$* " in
*' cmocka'*) [ ! -e '$work/no-cmocka' ] || exit 1 ;;
esac
exec '$(command -v pkg-config)' "\$@"
END
chmod +x bin/pkg-config

configure()
{
    local code=$1
    shift
    run "$code" env CMAKE_GENERATOR='Unix Makefiles' "$cmake" -S "$source" -B build \
        -DCMAKE_C_COMPILER="$compiler" -DPKG_CONFIG_EXECUTABLE="$PWD/bin/pkg-config" "$@"
}

lacks()
{
    ! has "$@"
}

begin 'no cmocka, and tests not asked for'
: >"$work/no-cmocka"
configure 0
out_matches 'No tests, as pkg-config finds no cmocka: install it \(scripts/install-deps.sh test'

begin 'no cmocka, and tests asked for'
configure 1 -DMNIST_BUILD_TESTS=ON
err_matches 'pkg-config finds no[[:space:]]+cmocka:[[:space:]]+install[[:space:]]+it'
err_has install-deps.sh

begin 'no cmocka, and tests not wanted'
configure 0 -DMNIST_BUILD_TESTS=OFF
expect 'cmocka is spoken of' lacks "$out" cmocka
expect 'there are tests' [ ! -e build/tests ]

begin 'cmocka has come'
rm "$work/no-cmocka"
configure 0 -UMNIST_BUILD_TESTS
expect 'cmocka is spoken of' lacks "$out" cmocka
expect 'there are no tests' [ -e build/tests ]

finish
