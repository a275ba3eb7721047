#!/usr/bin/env bash
# test_docs.sh BUILD-DIR SOURCE-DIR: checks the documents (*.md). README.md keeps to one page; links and their anchors
# lead somewhere; files that are named exist; flags are those of the programs and scripts; commands are accepted by the
# programs, as far as that can be tested without data.
set -euo pipefail

if [ $# -ne 2 ]; then
    echo "usage: test_docs.sh BUILD-DIR SOURCE-DIR" >&2
    exit 2
fi
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$2/tests/cli/lib.sh"
source=$(CDPATH='' cd -- "$2" && pwd)
start "$1"
build=${train%/*}
most=12288 # bytes of README.md: one page

# Flags that documents name and that are of other programs.
cat >foreign <<'END'
--build		cmake
--install	cmake
--prefix	cmake
--test-dir	ctest
--gc-sections	ld
--check		tests/golden/metrics_reference.py and scores_reference.py
--packages	tests/cli/handwriting.py
--places	fault-sweep, of tests/faults
END

# One line a finding, "LINE<tab>KIND<tab>TEXT": headings, links, code of blocks (a line each, continued ones joined, without
# a prompt), spans of code, and flags in all of these and in prose. A block is fenced, or indented after an empty line.
cat >extract.awk <<'END_OF_AWK'
function flags(text,    rest)
{
    rest = " " text
    while (match(rest, /[^A-Za-z0-9_-]--(\[no-\])?[a-z][a-z0-9-]*/)) {
        print FNR "\tflag\t" substr(rest, RSTART + 1, RLENGTH - 1)
        rest = substr(rest, RSTART + RLENGTH)
    }
}

# A paragraph: spans of code first, which are then blanked, so that no link is found in them.
function paragraph(    rest, prose)
{
    rest = text
    while (match(rest, /`[^`]+`/)) {
        print first "\tspan\t" substr(rest, RSTART + 1, RLENGTH - 2)
        prose = prose substr(rest, 1, RSTART - 1) "code"
        rest = substr(rest, RSTART + RLENGTH)
    }
    prose = prose rest
    while (match(prose, /\]\([^)]*\)/)) {
        print first "\tlink\t" substr(prose, RSTART + 2, RLENGTH - 3)
        prose = substr(prose, RSTART + RLENGTH)
    }
    text = ""
}

function code(line)
{
    sub(/^    /, "", line)
    sub(/^\$ /, "", line)
    held = held line
    if (held !~ /\\$/) {
        print FNR "\tcode\t" held
        held = ""
    } else {
        sub(/\\$/, "", held)
    }
}

{ flags($0) }

/^```/ {
    if (!fenced) paragraph()
    fenced = !fenced
    next
}
fenced { code($0); next }

/^    / && (blank || block) {
    block = 1
    code($0)
    next
}
/^[ \t]*$/ { paragraph(); blank = 1; next } # a block goes on after an empty line
{ blank = block = 0 }

/^#/ {
    paragraph()
    line = $0
    sub(/^#+ */, "", line)
    print FNR "\theading\t" line
    next
}
{
    if (text == "") first = FNR
    text = text " " $0
}
END { paragraph() }
END_OF_AWK

# The anchor that the usual hosts give a heading: letters, digits, hyphens for blanks, and a number if it is taken.
cat >anchors.awk <<'END'
{
    anchor = tolower($0)
    gsub(/\]\([^)]*\)/, "", anchor)
    gsub(/[][`~!@#$%^&*()+={}|\\:;"'<>,.?\/]/, "", anchor)
    gsub(/ /, "-", anchor)
    print seen[anchor]++ ? anchor "-" seen[anchor] - 1 : anchor
}
END

# pages: all documents, by their names from the root on
pages()
{
    (cd "$source" && find . \( -name .git -o -name node_modules -o -path './build*' -o -path './data/*' -type d \) -prune \
        -o -name '*.md' -print) | sed 's|^\./||' | sort
}

# found KIND PAGE: "LINE<tab>TEXT"
found()
{
    awk -F '\t' -v kind="$1" '$2 == kind { sub(/^[^\t]*\t[^\t]*\t/, ""); print }' "found/$2"
}

# Where a page says TEXT, for messages: its line.
at()
{
    awk -F '\t' -v text="$2" '{ line = $1; sub(/^[^\t]*\t[^\t]*\t/, "") } $0 == text { print line; exit }' "found/$1"
}

pages >list
while read -r page; do
    mkdir -p "found/$(dirname "$page")" "anchors/$(dirname "$page")"
    awk -f extract.awk "$source/$page" >"found/$page"
    found heading "$page" | awk -f anchors.awk >"anchors/$page"
done <list

begin 'README.md'
expect 'no documents' [ "$(lines_of list)" -ge 10 ]
bytes=$(wc -c <"$source/README.md")
expect "$bytes bytes, more than the $most of one page" [ "$bytes" -le "$most" ]

# --- links --------------------------------------------------------------------------------------------

# resolved PAGE TARGET: its name from the root on, without . and ..
resolved()
{
    printf '%s/%s\n' "$(dirname "$1")" "$2" | awk -F / '
        { n = 0
          for (i = 1; i <= NF; i++) if ($i == "..") n--; else if ($i != "." && $i != "") part[++n] = $i
          for (i = 1; i <= n; i++) printf "%s%s", part[i], i < n ? "/" : "\n" }'
}

begin links
: >linked
links=0
while read -r page; do
    while IFS= read -r link; do
        case $link in
        https://* | http://*) continue ;; # no test asks other hosts
        esac
        links=$((links + 1))
        target=$page
        [ "${link%%#*}" = '' ] || target=$(resolved "$page" "${link%%#*}")
        expect "$page:$(at "$page" "$link"): ($link): there is no $target" [ -e "$source/$target" ]
        printf '%s\t%s\n' "$page" "$target" >>linked
        case $link in
        *'#'*)
            anchor=${link#*#}
            expect "$page:$(at "$page" "$link"): ($link): no heading of $target is #$anchor" \
                grep -Fxqs -- "$anchor" "anchors/$target"
            ;;
        esac
    done < <(found link "$page")
done <list
expect 'hardly a link found' [ "$links" -ge 40 ]
# README.md or the map of the sources has a link to every other document
while read -r page; do
    [ "$page" = README.md ] || expect "$page: neither README.md nor src/README.md has a link to it" \
        grep -Eqx "(src/)?README.md	$page" linked
done <list

# --- files that are named -----------------------------------------------------------------------------

# exists PAGE NAME: from the root, from src/ or include/, from the page; a bare name anywhere among the sources
exists()
{
    local base
    for base in . src include "$(dirname "$1")"; do
        [ ! -e "$source/$base/$2" ] || return 0
    done
    case $2 in
    */*) return 1 ;;
    esac
    grep -Fxq -- "$2" names
}

{
    printf '%s\n' mnist_predict.c mnist_predict.h # what mnist-convert writes there
    (cd "$source" && find src include tests scripts -type f) | sed 's|.*/||'
} | sort -u >names
begin 'files that are named'
named=0
while read -r page; do
    while IFS= read -r name; do
        named=$((named + 1))
        expect "$page: there is no $name" exists "$page" "$name"
    done < <({ found span "$page" && found code "$page"; } | tr -s " \t\"'(){}=,;" '\n' | sed 's|^\./||; s/[.:]$//' |
        grep -E '^((\.ci|scripts|tests|src|include)/[A-Za-z0-9_./-]+|[A-Za-z0-9_/-]+\.(c|h|sh|py|mjs|js|css))$' | sort -u)
done <list
expect 'hardly a file found' [ "$named" -ge 100 ]

# --- flags and commands -------------------------------------------------------------------------------

programs='mnist-train mnist-eval mnist-predict mnist-bench mnist-convert mnist-compress mnist-score mnist-data'
for program in $programs; do
    "$build/$program" --help >"$program.help"
    # --name, --no-name, --[no-]name and -x, as documents may write them
    sed -nE 's/^  (-[A-Za-z],|   ) --(\[no-\])?([a-z0-9-]+).*/\1 \2 \3/p' "$program.help" |
        awk '{ sub(/,/, ""); if ($1 ~ /^-[A-Za-z]$/) print $1; print "--" $NF }
             /\[no-\]/ { print "--no-" $NF; print "--[no-]" $NF }' >"$program.flags"
    expect "$program: hardly a flag found" [ "$(lines_of "$program.flags")" -gt 8 ]
done
# the flags of scripts: the labels in their case statements
sed -nE 's/^ *((-[a-z] *\| *)?--[a-z| -]+)\).*/\1/p' "$source"/scripts/*.sh | tr '| ' '\n' | grep -E '^--' >scripts.flags
cut -f 1 foreign >foreign.flags

begin flags
while read -r page; do
    while IFS= read -r flag; do
        expect "$page:$(at "$page" "$flag"): no program and no script takes $flag" \
            grep -Fxqs -- "$flag" mnist-*.flags scripts.flags foreign.flags
    done < <(found flag "$page" | sort -u)
done <list
while read -r flag; do
    expect "$flag is allowed for, but no document names it" grep -rqse "	$flag\$" found
done <foreign.flags

# The commands in a text, one a line: from the name of a program or script to where a shell would end the command.
commands()
{
    sed -E 's/ # .*//; s/\$\(/;/g' | tr '|;&<>`' '\n' |
        grep -oE '((^|[ /])mnist-(train|eval|predict|bench|compress)|scripts/[a-z-]+\.sh)( .*)?$' | sed -E 's/^[ /]//; s/ +$//'
}

# accepted COMMAND: the program named first accepts it. Without data and models it fails (1) or prints settings (0), but
# does not call the command line wrong (2).
accepted()
{
    local code=0 words=() word skip='' program
    while IFS= read -r word; do
        if [ "$skip" ]; then
            skip=
        elif [ "$word" = --config ] || [ "$word" = --resume ]; then
            skip=1 # a file that is not there
        else
            words+=("$word")
        fi
    done < <(xargs -n 1 printf '%s\n' <<<"$1") # quotes are taken away, nothing is executed
    program=${words[0]}
    case $program in
    mnist-train) words+=(--print-config) ;;
    mnist-bench) words+=(--filter 'no such row') ;;
    esac
    printf '%q ' "${words[@]}" >"$work/command"
    "$build/$program" "${words[@]:1}" </dev/null >"$work/out" 2>"$work/err" || code=$?
    case $program in
    mnist-train) # --init-from names a model, which is read before settings are printed
        [ "$code" -eq 0 ] || { [ "$code" -eq 1 ] && grep -q ': cannot be opened: No such file' "$work/err"; }
        ;;
    *) [ "$code" -ne 2 ] || grep -q ': MODEL is missing$' "$work/err" ;; # in a span, which need not name a model
    esac
}

# $1 with placeholders filled in: NAME, N, $lr, …, and with a value for a flag that ends without its own
is_pattern()
{
    [[ $1 =~ (^|[\ =])[A-Z]+([\ ,.]|$) || $1 =~ [\$…\[] || ! $1 =~ \  ]] ||
        { [[ $1 =~ \ -[^\ ]*$ ]] && [ "$2" = span ]; }
}

begin commands
mkdir nothing
cd nothing
tried=0
while read -r page; do
    for kind in code span; do
        while IFS= read -r command; do
            name=${command%% *}
            case $name in
            scripts/*) known=$source/$name whole= ;;
            *) known=$work/dir/$name.flags whole=-x ;;
            esac
            expect "$page: there is no $name" [ -e "$known" ]
            while IFS= read -r flag; do
                expect "$page: $command: $name takes no $flag" grep -Fqs $whole -e "$flag" "$known"
            done < <(grep -oE -- ' (--[a-z][a-z0-9-]*|-[A-Za-z])' <<<"$command" | cut -c 2-)
            case $name in
            mnist-*)
                if ! is_pattern "$command" "$kind"; then
                    tried=$((tried + 1))
                    expect "$page: $name does not accept: $command" accepted "$command"
                fi
                ;;
            esac
        done < <(cd .. && found "$kind" "$page" | commands)
    done
done <../list
expect "only $tried commands found" [ "$tried" -ge 60 ]

finish
