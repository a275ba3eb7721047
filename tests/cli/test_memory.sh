#!/usr/bin/env bash
# test_memory.sh BUILD-DIR: the most memory that a training of many epochs with checkpoints takes. What is allocated for
# each epoch and each checkpoint must be freed and reused (scripts/soak.sh watches that for an hour).
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
start "$1"

begin 'memory of 4,000 epochs'
kib=$(python3 - "$train" --dataset synthetic --synthetic-train 200 --synthetic-test 20 --val-split 100 --hidden 128 --epochs 4000 \
    --ema 0.999 --checkpoint c.ckpt --checkpoint-every 500epochs --quiet <<'END'
import resource
import subprocess
import sys

subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
END
)
# 2 KiB an epoch are its report, the checkpoint's text is two or three times that at most
[ "$kib" -le 40000 ] || { echo "$0: $kib KiB at the peak, expected at most 40000" >&2 && exit 1; }
