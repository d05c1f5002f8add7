#!/bin/bash
# Shows what mosdat does, on a copy of this checkout: tests a small app on X11 and Wayland desktops,
# shows that nothing is due afterwards, changes one thing after the other and shows what is done
# again. Ends with 0 only when everything came out as announced.
#
# The reports are left in demo-out/.
set -euo pipefail
cd "$(dirname "$0")/.."
checkout=$PWD
out=$checkout/demo-out
plan=plans/notes.toml

title() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
say() { printf '   %s\n' "$*"; }
if [ -n "${NO_COLOR-}" ] || [ ! -t 1 ]; then title() { printf '\n== %s\n' "$*"; }; fi

promises=0
broken=()
# Notes whether something that was promised is so: `promise WHAT ACTUAL WANTED`.
promise() {
  promises=$((promises + 1))
  if [ "$2" = "$3" ]; then
    say "ok: $1"
  else
    say "NOT SO: $1 (it is '$2', not '$3')"
    broken+=("$1")
  fi
}

# Runs a command, shows it first, and leaves its exit code in $code.
run() {
  printf '\n$ %s\n' "$*"
  code=0
  "$@" || code=$?
}

# Prints how many steps are due: `due` for all, `due exercise` for those of one phase.
due() {
  local phase=${1-}
  mosdat plan "$plan" --json 2> /dev/null | /usr/bin/python3 -c '
import json, sys
due = [step for step in json.load(sys.stdin)["steps"] if step["action"] == "run"]
print(sum(1 for step in due if sys.argv[1] in ("", step["phase"])))' "$phase" || echo unknown
}

# Prints `TESTS FAILURES` of a JUnit file.
junit_counts() {
  /usr/bin/python3 -c '
import sys, xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
cases = list(root.iter("testcase"))
bad = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
print(len(cases), len(bad))' "$1" 2> /dev/null || echo 'none none'
}

seconds_since() { awk -v start="$1" -v now="$EPOCHREALTIME" 'BEGIN { printf "%.1f", now - start }'; }

# Copies what the newest run left to demo-out/NAME.
keep_report() {
  local events
  events=$(find state -name events.jsonl -printf '%T@ %h\n' 2> /dev/null | sort -n | tail -n 1)
  if [ -z "$events" ]; then
    promise 'the run left its report' nothing a-folder
    return
  fi
  rm -rf "${out:?}/$1"
  cp -R "${events#* }" "$out/$1"
  local page
  page=$(find "$out/$1" -maxdepth 1 -name '*.html' -print -quit)
  promise 'the run left a page to look at' "${page:+yes}" yes
  say "report: ${page#"$checkout"/}"
}

title 'Build mosdat'
cargo build --release --quiet
binary=${CARGO_TARGET_DIR:-target}/release
case $binary in /*) ;; *) binary=$checkout/$binary ;; esac
PATH=$binary:$PATH
say "$(mosdat --version)"
started=$EPOCHREALTIME

work=$(mktemp -d "${TMPDIR:-/tmp}/mosdat-demo.XXXXXX")
cleanup() {
  cd /
  # What is installed for a test is read-only.
  chmod -R u+w "$work" 2> /dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

rm -rf "$out"
mkdir -p "$out"
cp -R plans scenarios examples "$work/"
rm -rf "$work"/examples/*/dist
cd "$work"
say "working on a copy in $work, so that the checkout stays as it is"

title 'What is there to do? Everything: nothing was ever tested here'
run mosdat plan "$plan"
promise 'plan ends well' "$code" 0
all=$(due exercise)
promise 'there is something to test' "$([ "$all" != unknown ] && [ "$all" -gt 0 ] && echo yes)" yes

title 'Do it: two builds of Notes, on two X11 desktops and a Wayland desktop'
before=$EPOCHREALTIME
run mosdat apply "$plan" --yes --junit "$out/junit.xml"
promise 'apply ends with 0: what is desired holds' "$code" 0
say "it took $(seconds_since "$before") s"
read -r tests failures <<< "$(junit_counts "$out/junit.xml")"
promise 'JUnit tells of every cell' "$([ "$tests" != none ] && [ "$tests" -ge "$all" ] && echo yes)" yes
promise 'JUnit tells of no failure' "$failures" 0
say "JUnit: demo-out/junit.xml, $tests tests"
keep_report first-run

title 'Again: nothing changed, so nothing is due'
before=$EPOCHREALTIME
run mosdat apply "$plan" --yes
promise 'apply ends with 0' "$code" 0
promise 'nothing is due' "$(due)" 0
say "it took $(seconds_since "$before") s"

title 'Change one scenario: only that one is done again'
sed -i 's/^  - type: apple$/  - type: APPLE/' scenarios/notes/search.yaml
promise 'one line of the scenario changed' \
  "$(diff "$checkout/scenarios/notes/search.yaml" scenarios/notes/search.yaml | grep -c '^>')" 1
run mosdat plan "$plan"
promise 'three machines, two builds: six cells are due' "$(due exercise)" 6
promise 'no build is due' "$(due build)" 0
run mosdat apply "$plan" --yes
promise 'apply ends with 0' "$code" 0
promise 'nothing is due' "$(due)" 0

title 'Change one line of the app: both builds are made and tested again'
sed -i 's/placeholder_text="Search"/placeholder_text="Find a note"/' \
  examples/notes/usr/share/notes/window.py
promise 'one line of the app changed' \
  "$(diff -r -x dist "$checkout/examples/notes" examples/notes | grep -c '^>')" 1
run mosdat plan "$plan"
promise 'both builds are due' "$(due build)" 2
before=$EPOCHREALTIME
run mosdat apply "$plan" --yes --junit "$out/junit-after-change.xml"
promise 'apply ends with 0' "$code" 0
say "it took $(seconds_since "$before") s"
promise 'nothing is due' "$(due)" 0
keep_report second-run

title 'Summary'
say "$all cells tested on real desktops, some of them again, in $(seconds_since "$started") s in all"
say "look at demo-out/: junit.xml, first-run/, second-run/"
if [ "${#broken[@]}" -gt 0 ]; then
  say "${#broken[@]} of $promises promises were NOT kept:"
  printf '   - %s\n' "${broken[@]}"
  exit 1
fi
say "all $promises promises were kept"
