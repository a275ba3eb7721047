#!/usr/bin/env bash
# Watches a long training that writes a checkpoint every second, for growth and leaks. Usage below.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage()
{
    cat <<'END_OF_USAGE'
usage: scripts/soak.sh [--build DIR] [--seconds N] [--table FILE]

Trains on synthetic digits for N seconds (3600), with distorted images, a log, and a checkpoint every second, and
then terminates it, as a batch system would. Meanwhile its memory, open descriptors, threads and checkpoints are
looked at some hundred times, and printed as a table, one line a look. In the end it must have

- memory that does not grow: the median of the last quarter at most 2 MiB above that of the second, and 64 bytes for
  each epoch between (six numbers of each are kept, for the checkpoint)
- as many descriptors and threads at the end as at the beginning, and no temporary file beside the checkpoint
- written checkpoints all the time, the last of which resumes
- exit code 143

  --build DIR    use DIR/mnist-train as it is, instead of building Release into build/
  --table FILE   the table goes there

Exit codes: 0 all of this holds; 1 not; 2 usage.
END_OF_USAGE
}

build_dir='' seconds=3600 table=''
while [ $# -gt 0 ]; do
    case $1 in
    -h | --help)
        usage
        exit 0
        ;;
    --build | --seconds | --table)
        if [ $# -lt 2 ]; then
            usage >&2
            die 2 "$1 needs a value"
        fi
        case $1 in
        --build) build_dir=$2 ;;
        --seconds) seconds=$2 ;;
        --table) table=$(cd -- "$(dirname -- "$2")" && pwd)/$(basename -- "$2") ;;
        esac
        shift
        ;;
    *)
        usage >&2
        die 2 "unknown argument '$1'"
        ;;
    esac
    shift
done
case $seconds in
'' | *[!0-9]* | ?????????*) die 2 "--seconds: expected a whole number, found '$seconds'" ;;
esac
[ "$seconds" -ge 20 ] || die 2 '--seconds: expected at least 20, so that there is something to compare'
[ -d /proc/self/fd ] || die 2 'needs /proc'

if [ -z "$build_dir" ]; then
    build_dir=$root/build
    build "$build_dir" -DCMAKE_BUILD_TYPE=Release -DMNIST_BUILD_TESTS=OFF
fi
trainer=$(CDPATH='' cd -- "$build_dir" && pwd)/mnist-train
[ -x "$trainer" ] || die 2 "no program $trainer"

scratch=$(mktemp -d "${TMPDIR:-/tmp}/mnist soak.XXXXXX")
pid=
trap '[ -z "$pid" ] || kill -9 "$pid" 2>/dev/null || true; rm -rf "$scratch"' EXIT
cd "$scratch"
: "${table:=$scratch/table}"

"$trainer" --dataset synthetic --synthetic-train 20000 --hidden 128 --epochs 1000000 --schedule constant --lr 0.01 \
    --augment light --ema 0.999 --log soak.csv --log-every 100 --checkpoint soak.ckpt --checkpoint-every 1s \
    --progress none >out 2>err &
pid=$!

rss_of()
{
    awk '$1 == "VmRSS:" { print $2 }' "/proc/$pid/status"
}

interval=$((seconds / 120))
[ "$interval" -ge 1 ] || interval=1
begin=$SECONDS
printf '%8s %10s %12s %8s %8s %12s\n' seconds rss_kib descriptors threads epochs checkpoint | tee "$table"
while sleep "$interval" && [ $((SECONDS - begin)) -le "$seconds" ]; do
    kill -0 "$pid" 2>/dev/null || break
    threads=(/proc/"$pid"/task/*)
    # a checkpoint that is being written has a descriptor open: the least of several counts
    least=1000000
    for _ in 1 2 3 4 5; do
        descriptors=(/proc/"$pid"/fd/*)
        [ "${#descriptors[@]}" -ge "$least" ] || least=${#descriptors[@]}
        sleep 0.02
    done
    printf '%8s %10s %12s %8s %8s %12s\n' $((SECONDS - begin)) "$(rss_of)" "$least" "${#threads[@]}" \
        "$(grep -c '^epoch' soak.csv || true)" "$(stat -c %Y soak.ckpt 2>/dev/null || echo 0)" | tee -a "$table"
done
code=0
kill -s TERM "$pid" 2>/dev/null || true
wait "$pid" || code=$?
pid=

bad=0
wrong()
{
    say "$*"
    bad=1
}

[ "$code" -eq 143 ] || { wrong "exit code $code, not 143" && cat err >&2; }
left=$(find . -name '*.tmp')
[ -z "$left" ] || wrong "left behind: $left"
awk -v interval="$interval" '
    function median(values, from, to,    i, j, n, sorted, swap) {
        for (i = from; i <= to; i++) {
            sorted[++n] = values[i]
        }
        for (i = 1; i <= n; i++) {
            for (j = i + 1; j <= n; j++) {
                if (sorted[j] < sorted[i]) {
                    swap = sorted[i]
                    sorted[i] = sorted[j]
                    sorted[j] = swap
                }
            }
        }
        return sorted[int((n + 1) / 2)]
    }
    NR > 1 { n++; rss[n] = $2; open[n] = $3; threads[n] = $4; epochs[n] = $5; changes += $6 != last; last = $6 }
    END {
        if (n < 8) {
            print "too few looks: " n
            exit 1
        }
        quarter = int(n / 4)
        early = median(rss, quarter + 1, 2 * quarter)
        late = median(rss, n - quarter + 1, n)
        allowed = int(2048 + (epochs[n] - epochs[quarter + 1]) / 16)
        printf "memory %d KiB, then %d: grown by %d, allowed %d\n", early, late, late - early, allowed
        printf "descriptors %d, then %d; threads %d, then %d; epochs %d\n", open[quarter + 1], open[n], \
            threads[quarter + 1], threads[n], epochs[n]
        printf "at %d of %d looks there was a newer checkpoint\n", changes, n
        exit late - early > allowed || changes < n / 2 ||
            open[n] > open[quarter + 1] || threads[n] != threads[quarter + 1]
    }' "$table" || wrong 'it does not stay as it is'
if ! "$trainer" --resume soak.ckpt --dry-run --quiet >out 2>err; then
    wrong 'the last checkpoint does not resume'
    cat err >&2
fi
[ "$bad" -eq 0 ] && echo 'flat'
exit "$bad"
