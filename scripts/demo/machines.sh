#!/bin/bash
# Shows what mosdat does on virtual machines, on a copy of this checkout: makes guest images, tests a
# small app on Debian 12 and 13 with X11, Wayland and no display, shows that nothing is due
# afterwards, changes one thing after the other and shows what is done again. Ends with 0 only when
# everything came out as announced.
#
# Images are kept for the next time (`mosdat image list`); the reports are left in demo-out/.
set -euo pipefail
cd "$(dirname "$0")/../.."
checkout=$PWD
out=$checkout/demo-out
plan=plans/notes-vms.toml
# shellcheck source=scripts/demo/lib.sh
. scripts/demo/lib.sh

prepare

title 'Make the images: Debian without an installer, some minutes each, once'
for image in debian12 debian13; do
  run mosdat image build "$image"
  promise "there is an image $image" "$code" 0
done
run mosdat image list

title 'What is there to do? Everything: nothing was ever tested here'
run mosdat plan "$plan"
promise 'plan ends well' "$code" 0
all=$(due exercise)
promise 'there is something to test' "$([ "$all" != unknown ] && [ "$all" -gt 0 ] && echo yes)" yes

title 'Do it: two builds of Notes, on four machines; scenarios run side by side on clones'
before=$EPOCHREALTIME
run mosdat apply "$plan" --yes --junit "$out/junit.xml"
promise 'apply ends with 0: what is desired holds' "$code" 0
say "it took $(seconds_since "$before") s"
read -r tests failures <<< "$(junit_counts "$out/junit.xml")"
promise 'JUnit tells of every cell' "$([ "$tests" != none ] && [ "$tests" -ge "$all" ] && echo yes)" yes
promise 'JUnit tells of no failure' "$failures" 0
keep_report first-run

title 'Again: nothing changed, so no machine is started'
before=$EPOCHREALTIME
run mosdat apply "$plan" --yes
promise 'apply ends with 0' "$code" 0
promise 'nothing is due' "$(due)" 0
say "it took $(seconds_since "$before") s"

title 'Change one scenario: only that one is done again, from the sessions that were kept'
sed -i 's/^  - type: apple$/  - type: APPLE/' scenarios/notes/search.yaml
run mosdat plan "$plan"
promise 'three machines with a desktop, two builds: six cells are due' "$(due exercise)" 6
promise 'nothing is installed again' "$(due install)" 0
promise 'no machine boots' "$(due checkpoint)" 0
run mosdat apply "$plan" --yes
promise 'apply ends with 0' "$code" 0
promise 'nothing is due' "$(due)" 0

title 'Change one build: it is installed and tested again; the machines are not set up again'
sed -i 's|"./package.sh --compact"|"echo 1.0.1 > VERSION", "./package.sh --compact"|' "$plan"
run mosdat plan "$plan"
promise 'one build is due, and whatever rests on it if it comes out different' "$(due build)" 1
promise 'four machines: it is installed on each' "$(due install)" 4
promise 'no machine is set up again' "$(due restore)" 0
run mosdat apply "$plan" --yes --junit "$out/junit-after-change.xml"
promise 'apply ends with 0' "$code" 0
promise 'nothing is due' "$(due)" 0
keep_report second-run

run mosdat destroy "$plan" --yes
promise 'destroy ends with 0' "$code" 0
promise 'no layer is left' "$(find state -path '*machine-layers*' -type f | wc -l)" 0

summarize "$all"
