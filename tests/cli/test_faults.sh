#!/usr/bin/env bash
# test_faults.sh BUILD-DIR SOURCE-DIR: failures of the real system, where tests/faults only simulates them: a full disk, a
# read-only disk, memory, threads and file sizes at their limits, data cut short during a training.
# shellcheck disable=SC2016  # "$@" is for the shell that the function shell starts
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
start "$1"
bench=${train%train}bench

small=(--dataset synthetic --synthetic-train 200 --synthetic-test 50 --val-split 40 --hidden 4 -b 20 -q)
large=("${small[@]}" --hidden 64) # a model of 200 KB
disk=$work/disk

no_temporary()
{
    expect "a temporary file is left in $1" [ -z "$(find "$1" -name '*.tmp')" ]
}

begin 'stdout that cannot be written'
run 0 "$train" "${small[@]}" -e 1 -o m.st
full='stdout could not be written: '
for words in '--help' '--version' '--print-config' '--recipe list'; do
    # shellcheck disable=SC2086 # words
    shell 1 '$train "$@" >/dev/full' $words
    err_has "mnist-train: $full"
done
shell 1 '$train "$@" >/dev/full' "${small[@]}" -e 1
err_is "mnist-train: ${full}No space left on device"
shell 1 '$train "$@" >/dev/full' "${small[@]}" -e 1 --json -o json.st
err_has "mnist-train: $full"
expect 'the model is not there' [ -s json.st ]
shell 1 '$train "$@" >/dev/full' "${small[@]}" -e 1 --runs 2
err_has "mnist-train: $full"
shell 1 '$eval m.st >/dev/full'
err_is "mnist-eval: ${full}No space left on device"
shell 1 '$eval m.st --json --confusion >/dev/full'
err_has "mnist-eval: $full"
shell 1 "$bench --help >/dev/full"
err_has "mnist-bench: $full"
shell 1 '$train "$@" >&-' "${small[@]}" -e 1
err_has "mnist-train: $full"

begin 'a log that cannot be written'
ln -s /dev/full full.csv
run 1 "$train" "${small[@]}" -e 1 --log full.csv -o logless.st
err_has 'full.csv'
err_has 'No space left on device'

begin 'a limit on the size of files'
rm -f big.st
shell 1 'ulimit -f 8 && exec $train "$@"' "${large[@]}" -e 1 -o big.st --checkpoint big.ckpt --log big.csv
err_has 'big.st'
err_has 'File too large'
out_matches '^test_loss=[^ ]+ test_acc='
expect 'a part of a model' [ ! -e big.st ]
expect 'a part of a checkpoint' [ ! -e big.ckpt ]
expect 'the log is not whole' [ "$(lines_of big.csv)" = 2 ]
no_temporary .

# --- Disks: where this user may mount -----------------------------------------------------------------------------

begin 'a full disk'
mkdir "$disk"
if [ "$(id -u)" -eq 0 ] && mount -t tmpfs -o size=96k,mode=755 tmpfs "$disk" 2>/dev/null; then
    trap 'umount "$disk" 2>/dev/null || umount -l "$disk" || true; rm -rf "$work"' EXIT
    run 1 "$train" "${large[@]}" -e 2 -o "$disk/m.st" --log "$disk/l.csv" --checkpoint "$disk/c.ckpt"
    err_has "$disk/m.st: cannot write the temporary file beside it: No space left on device"
    err_has "$disk/c.ckpt: cannot write the temporary file beside it: No space left on device"
    err_has 'this checkpoint is left out; training goes on'
    out_matches '^test_loss=[^ ]+ test_acc='
    no_temporary "$disk"
    expect 'the log is not whole' [ "$(lines_of "$disk/l.csv")" = 3 ]
    rm -f "$disk"/*

    begin 'a disk that fills up after a checkpoint'
    whole=("${small[@]}" -e 4 --log-every 1)
    run 0 "$train" "${whole[@]}" -o whole.st --log whole.csv
    # one checkpoint, and then no room for the next
    run 0 "$train" "${whole[@]}" -o "$disk/m.st" --log "$disk/l.csv" --checkpoint "$disk/c.ckpt"
    same_bytes whole.st "$disk/m.st"
    rm "$disk/m.st"
    cp "$disk/c.ckpt" "$disk/l.csv" .
    head -c 200000 /dev/zero >"$disk/filler" 2>/dev/null || true
    run 1 "$train" --resume "$disk/c.ckpt" -e 6 -q
    err_has 'No space left on device'
    err_has 'the one before stays'
    no_temporary "$disk"
    same_bytes c.ckpt "$disk/c.ckpt"
    rm "$disk/filler"
    run 0 "$train" --resume "$disk/c.ckpt" -q -o "$disk/m.st"
    same_bytes whole.st "$disk/m.st"

    begin 'a disk that may only be read'
    expect 'it cannot be mounted anew' mount -o remount,ro "$disk"
    run 1 "$train" "${small[@]}" -e 1 -o "$disk/new.st"
    err_has "$disk/new.st: cannot create a temporary file in '$disk': Read-only file system"
    out_empty
    run 1 "$train" "${small[@]}" -e 1 --log "$disk/new.csv"
    err_has 'Read-only file system'
    run 1 "$train" --resume "$disk/c.ckpt" -e 6 -q
    err_has 'Read-only file system'
    umount "$disk"
    trap 'rm -rf "$work"' EXIT
else
    left_out 'needs a root who may mount'
fi

# --- Another user: root knows neither modes nor limits on processes ----------------------------------------------

begin 'a directory that may not be written'
chmod 755 "$work" "$work/dir"
mkdir -m 555 closed
mkdir -m 777 open
as=()
if [ "$(id -u)" -eq 0 ]; then
    as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
fi
if ${as[@]+"${as[@]}"} "$train" --version >/dev/null 2>&1; then
    run 1 ${as[@]+"${as[@]}"} "$train" "${small[@]}" -e 1 -o closed/m.st
    err_has "closed/m.st: cannot create a temporary file in 'closed': Permission denied"
    out_empty
    run 1 ${as[@]+"${as[@]}"} "$train" "${small[@]}" -e 1 --log closed/l.csv
    err_has 'Permission denied'

    begin 'threads that cannot be started'
    if [ "$(id -u)" -eq 0 ] && [ -z "${MNIST_TEST_SANITIZED:-}" ]; then
        shell 1 'ulimit -u 1 && exec "$@"' "${as[@]}" "$train" "${small[@]}" -e 1 -j 4
        err_has 'mnist-train: worker thread 2 of 4 could not be started: Resource temporarily unavailable; try fewer threads'
        out_empty
        shell 0 'ulimit -u 1 && exec "$@"' "${as[@]}" "$train" "${small[@]}" -e 1 -o open/m.st
        same_bytes m.st open/m.st
    else
        left_out 'needs root, to be somebody who runs nothing else; and no sanitizer'
    fi
else
    left_out 'the program cannot be run as another user'
fi

# --- Memory -------------------------------------------------------------------------------------------------------

begin 'a limit on memory'
if [ -z "${MNIST_TEST_SANITIZED:-}" ]; then # a sanitizer takes addresses for itself
    short=0
    for ((limit = 4000; limit <= 24000; limit += 500)); do
        code=0
        rm -f limited.st
        (ulimit -v "$limit" && exec "$train" "${small[@]}" --hidden 512 -e 1 -j 1 -o limited.st) >"$work/out" 2>"$work/err" || code=$?
        keep
        case $code in
        0) expect "$limit KiB: no model" [ -s limited.st ] ;;
        1)
            short=$((short + 1))
            expect "$limit KiB: no word of memory" matches "$err" 'memory|could not be started'
            expect "$limit KiB: a part of a model" [ ! -e limited.st ]
            ;;
        127) ;; # not even the libraries could be loaded
        *) expect "$limit KiB: exit code $code" false ;;
        esac
        no_temporary .
    done
    expect 'memory was never short' [ "$short" -gt 0 ]
    expect 'memory was short in the end' [ "$code" -eq 0 ]
else
    left_out 'not with a sanitizer'
fi

# --- Data that change during a training ---------------------------------------------------------------------------

# In the background; the first epoch is over.
launch()
{
    printf '%q ' "$@" >"$work/command"
    : >"$work/err"
    "$@" </dev/null >"$work/out" 2>"$work/err" &
    pid=$!
    until grep -q 'epoch .* train loss' "$work/err" || ! kill -0 "$pid" 2>/dev/null; do sleep 0.02; done
}

ended()
{
    local code=0
    wait "$pid" || code=$?
    keep
    expect "exit code $code, not $1" [ "$code" -eq "$1" ]
}

begin 'a data file cut short while it is in use'
data set 28
run 0 "$train" --data-dir set --hidden 4 -e 3000 -j 1 -o undisturbed.st -q
launch "$train" --data-dir set --hidden 4 -e 3000 -j 1 -o disturbed.st
truncate -s 100 set/train-images-idx3-ubyte set/train-labels-idx1-ubyte
ended 0
same_bytes undisturbed.st disturbed.st

begin 'a mapped one'
data mapped 28
count=1400000 # of images: more than 1 GiB, nearly all of it a hole
{ bytes 00 00 08 03 && be32 "$count" && be32 28 && be32 28 && pixels 1 28; } >mapped/train-images-idx3-ubyte
{ bytes 00 00 08 01 && be32 "$count" && bytes 00 01 02 03 04 05 06 07 08 09; } >mapped/train-labels-idx1-ubyte
if truncate -s $((16 + count * 784)) mapped/train-images-idx3-ubyte 2>/dev/null &&
    truncate -s $((8 + count)) mapped/train-labels-idx1-ubyte &&
    [ "$(du -k mapped/train-images-idx3-ubyte | cut -f 1)" -lt 100000 ]; then
    launch "$train" --data-dir mapped --hidden 4 --limit 2000 --val-split 100 -e 1000000 -j 2 --progress plain
    truncate -s 20000 mapped/train-images-idx3-ubyte
    ended 1
    err_has 'mnist-train: a data file that is being read has become shorter, or its disk has failed (bus error)'
else
    left_out 'no file system that knows holes'
fi

finish
