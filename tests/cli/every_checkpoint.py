#!/usr/bin/env python3
"""every_checkpoint.py DIR COMMAND...: runs a training and keeps the checkpoint of its every step, DIR/1, DIR/2, ...

The command is given --checkpoint, a named pipe, and --checkpoint-every 1step. What comes out of the pipe is told apart by
what a checkpoint's header says of its length. Exit code: the training's.
"""
import json
import os
import select
import struct
import subprocess
import sys

top = sys.argv[1]
pipe = os.path.join(top, "pipe")
os.mkfifo(pipe)
end = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)  # for writing too: so the pipe has no end between two checkpoints
training = subprocess.Popen([*sys.argv[2:], "--checkpoint", pipe, "--checkpoint-every", "1step"])
stream = b""
while True:
    over = training.poll() is not None  # before the pipe is looked at: what it has written is there then
    if select.select([end], [], [], 0.01)[0]:
        stream += os.read(end, 1 << 16)
    elif over:
        break
os.remove(pipe)

count = 0
while stream:
    (length,) = struct.unpack("<Q", stream[:8])
    header = json.loads(stream[8:8 + length])
    size = 8 + length + max(entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__")
    count += 1
    with open(os.path.join(top, str(count)), "wb") as file:
        file.write(stream[:size])
    stream = stream[size:]
sys.exit(training.returncode)
