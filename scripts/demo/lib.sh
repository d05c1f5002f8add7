# What demos have in common: it is read by them, not run. They set `checkout`, the folder of the
# sources, `out`, where reports go, and `plan`, the plan file.
# shellcheck shell=bash

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

# Builds mosdat, and goes to a copy of the checkout that is removed in the end.
prepare() {
  title 'Build mosdat'
  cargo build --release --quiet
  local binary=${CARGO_TARGET_DIR:-target}/release
  case $binary in /*) ;; *) binary=$checkout/$binary ;; esac
  PATH=$binary:$PATH
  say "$(mosdat --version)"
  started=$EPOCHREALTIME

  work=$(mktemp -d "${TMPDIR:-/tmp}/mosdat-demo.XXXXXX")
  trap cleanup EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM

  rm -rf "$out"
  mkdir -p "$out"
  cp -R plans scenarios examples "$work/"
  rm -rf "$work"/examples/*/dist
  cd "$work"
  say "working on a copy in $work, so that the checkout stays as it is"
}

cleanup() {
  cd /
  # What is installed for a test is read-only.
  chmod -R u+w "$work" 2> /dev/null || true
  rm -rf "$work"
}

# Says how it went: `summarize CELLS`.
summarize() {
  title 'Summary'
  say "$1 cells tested on real desktops, some of them again, in $(seconds_since "$started") s in all"
  say "look at demo-out/: junit.xml, first-run/, second-run/"
  if [ "${#broken[@]}" -gt 0 ]; then
    say "${#broken[@]} of $promises promises were NOT kept:"
    printf '   - %s\n' "${broken[@]}"
    exit 1
  fi
  say "all $promises promises were kept"
}
