#!/usr/bin/env bash
# test_progress.sh BUILD-DIR SOURCE-DIR: the live view on terminals of several widths, as a screen shows
# it: nothing wraps, and nothing of it is left behind, even when the training is stopped and continued, is
# interrupted, or prints in between; a pipe gets plain lines.
set -euo pipefail

if [ $# -ne 2 ]; then
    echo "usage: test_progress.sh BUILD-DIR SOURCE-DIR" >&2
    exit 2
fi
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$2/tests/cli/lib.sh"
start "$1"
if ! command -v python3 >/dev/null; then
    skip_test 'no python3 to be a terminal' 'scripts/install-deps.sh test'
fi
export TERM=xterm
endless=("$train" --dataset synthetic --synthetic-train 600 --synthetic-test 20 --hidden 64 -j 1 -e 100000)

# screen COLUMNS SCRIPT COMMAND...: runs the command on a terminal. SCRIPT is of: vN, wait until a view was
# drawn N times more; wN, make it N columns wide; any other letter, type it with Ctrl. What has been seen is
# then in $out: "code N", "wrapped N" (how many of a view's lines did not fit), "view:" and the lines of the last view,
# "screen:" and those of the screen in the end.
cat >terminal.py <<'END'
import fcntl, os, pty, re, select, signal, struct, sys, termios, time

columns, script, command = int(sys.argv[1]), sys.argv[2].split(), sys.argv[3:]
pid, master = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    os.execvp(command[0], command)

rows, row, column = [[]], 0, 0
draws = wrapped = 0
last_view, drawn = [], ""
sequences = re.compile(r"\x1b\[([?0-9;]*)([A-Za-z])|\r|\n|\a|[^\x1b\r\n\a]")
pending = ""


def feed(text):
    global row, column, draws, wrapped, last_view, pending
    # the terminal echoes keys wherever the cursor is
    text = pending + re.sub(r"\^[CZ]", "", text)
    cut = text.rfind("\x1b")
    pending = ""
    if cut >= 0 and not re.match(r"\x1b\[[?0-9;]*[A-Za-z]", text[cut:]):
        text, pending = text[:cut], text[cut:]
    for match in sequences.finditer(text):
        what = match.group(0)
        if what == "\r":
            column = 0
        elif what == "\n":
            row += 1
            if row == len(rows):
                rows.append([])
        elif match.group(2) == "K":
            del rows[row][column:]
        elif match.group(2) == "J":
            del rows[row][column:]
            shown = ["".join(line) for line in rows[max(0, row - 2):row + 1]]
            del rows[row + 1:]
            if column > 0 or (row > 0 and "".join(rows[row - 1]).startswith("loss")):
                draws += 1
                last_view = shown
        elif match.group(2) == "A":
            row = max(0, row - int(match.group(1) or 1))
        elif match.group(2) == "m" or what == "\a":
            pass
        elif match.group(2):
            sys.exit("unknown sequence " + repr(what))
        else:
            if column >= columns:
                if re.match(r"loss [ 0-9.]{6}|acc |epoch +\d+/\d+ +(\[|\d+%)", "".join(rows[row])):
                    wrapped += 1
                column = 0
                row += 1
                if row == len(rows):
                    rows.append([])
            line = rows[row]
            while len(line) <= column:
                line.append(" ")
            line[column] = what
            column += 1


def read(seconds):
    if not select.select([master], [], [], seconds)[0]:
        return True
    try:
        data = os.read(master, 65536)
    except OSError:
        return False
    feed(data.decode("utf-8", "replace"))
    return bool(data)


deadline = time.monotonic() + 120
alive = True
for action in script:
    if action[0] == "v" and len(action) > 1:
        goal = draws + int(action[1:])
        while alive and draws < goal:
            alive = read(1)
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
                sys.exit("no view for two minutes")
    elif action[0] == "w" and len(action) > 1:
        columns = int(action[1:])
        fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    else:
        os.write(master, bytes([ord(action) & 31]))
while alive and time.monotonic() < deadline:
    alive = read(1)
print("code", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
print("wrapped", wrapped)
print("view:")
print("\n".join(last_view))
print("screen:")
print("\n".join("".join(line).rstrip() for line in rows))
END

screen()
{
    run 0 python3 terminal.py "$@"
    shown=${out%%$'\n'screen:*}
    shown=${shown#*view:$'\n'}
    left=${out##*$'\n'screen:$'\n'}
}

shown_matches()
{
    expect "the view does not match: $1" matches "$shown" "$1"
}

# nothing_left [N]: no line of a view, or no more than N, is on the screen in the end
nothing_left()
{
    expect 'lines of the view are left' \
        [ "$(grep -cE '^(epoch +[0-9/]+ +(\[|[0-9]+%)|loss |acc )' <<<"$left")" -le "${1:-0}" ]
}

bar='\[[=> ]+\]' rate='[0-9.]+[kM]?' time='(-:--|[0-9:dh ]+)'
begin '80 columns'
LC_ALL=C screen 80 'v3 C' "${endless[@]}" --no-nesterov
out_matches '^code 130'
out_matches 'wrapped 0'
shown_matches "^epoch +[0-9]+/100000 $bar +[0-9]+% +$rate img/s  ETA $time"
shown_matches $'\nloss [0-9. ]{6} [-.:=+*%#]+\n'
shown_matches $'\nacc +[0-9.]+%(  val +[0-9.]+%)?  lr [0-9.e-]+$'
nothing_left

begin 'UTF-8'
LC_ALL=C.UTF-8 screen 80 'v3 C' "${endless[@]}"
if [ "$(LC_ALL=C.UTF-8 locale charmap 2>/dev/null)" = UTF-8 ]; then
    shown_matches $'\nloss [0-9. ]{6} (▁|▂|▃|▄|▅|▆|▇|█)+\n'
else
    left_out 'no locale C.UTF-8'
fi
out_matches 'wrapped 0'

for columns in 40 20; do
    begin "$columns columns"
    screen "$columns" 'v3 C' "${endless[@]}" --color always
    out_matches 'wrapped 0'
    while IFS= read -r line; do
        expect "wider than $columns: $line" [ "${#line}" -lt "$columns" ]
    done <<<"$shown"
    nothing_left
done

begin 'a window that changes its size'
screen 80 'v2 w30 v2 w100 v2 C' "${endless[@]}"
shown_matches "^epoch +[0-9]+/100000 $bar"
# views that are on their way while the terminal shrinks are torn
nothing_left "$(sed -n 's/^wrapped //p' <<<"$out")"

begin 'stopped, and going on'
# shellcheck disable=SC2016
screen 80 'v2 Z v2 C' bash -c 'set -m; "$@"; echo "stopped with $?"; fg >/dev/null' bash "${endless[@]}"
out_matches '^code 130'
expect 'it was not stopped' has "$left" 'stopped with 148'
nothing_left

begin 'what is printed in between'
screen 80 'v3 C' "${endless[@]}" --checkpoint run.ckpt
out_matches '^code 130'
nothing_left
expect 'no word about the checkpoint' has "$left" '--resume run.ckpt'
screen 80 'v3 C' "$train" --resume run.ckpt
out_matches '^code 130'
expect 'no word about going on' has "$left" 'going on from run.ckpt'
nothing_left

begin 'several runs'
ended=("${endless[@]}" -e 40)
for several in --runs --ensemble; do
    screen 80 '' "${ended[@]}" $several 2
    out_matches '^code 0'
    nothing_left
    expect "not a line for each epoch" [ "$(grep -cE '^run [12]/2  epoch +[0-9]+/40  train loss' <<<"$left")" -eq 80 ]
done

begin 'neither the model nor stdout'
run 0 "${ended[@]}" -q --json
digest=$(json -r .model.sha256)
screen 60 '' bash -c '"$@" >result.json' bash "${ended[@]}" --json
out_matches '^code 0'
expect 'another model' [ "$(jq -r .model.sha256 result.json)" = "$digest" ]

begin 'plain lines'
for plain in 'NO=1' 'TERM=dumb'; do
    if [ "$plain" = NO=1 ]; then
        shell 0 '"$@" 2>&1 >/dev/null | cat' env "${ended[@]}" -e 3 --progress bar
    else
        TERM=dumb screen 80 '' "${ended[@]}" -e 3 --progress bar
        out=$left
    fi
    expect "$plain: escape sequences" [ "${out/$'\e'/}" = "$out" ]
    expect "$plain: no line for each epoch" [ "$(grep -c '^epoch [1-3]/3  train loss' <<<"$out")" -eq 3 ]
done

finish
