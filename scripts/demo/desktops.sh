#!/bin/bash
# Shows what mosdat does, on a copy of this checkout: tests a small app on X11 and Wayland desktops,
# shows that nothing is due afterwards, changes one thing after the other and shows what is done
# again. Ends with 0 only when everything came out as announced.
#
# The reports are left in demo-out/.
set -euo pipefail
cd "$(dirname "$0")/../.."
checkout=$PWD
out=$checkout/demo-out
plan=plans/notes.toml
# shellcheck source=scripts/demo/lib.sh
. scripts/demo/lib.sh

prepare

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

summarize "$all"
