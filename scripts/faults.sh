#!/bin/bash
# Runs the tests that break things on purpose: processes killed, disks full, screens frozen,
# virtual machines broken in every way (VMS=0 leaves those out). `make test` runs them as well.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/test-image.sh

selected='test(/^faults::/) or test(/^image::kill::/) or test(/^ssh::(losses|transfers|host_keys)::/)'
selected="$selected or test(/^proxmox::(calls|tasks|runs|gpus|consoles|clones_left)::/)"
if wants_machines; then
  make_test_image
  selected="$selected or test(/^vms::(faults|boot|kept|layers)::/) or test(/^qemu::vm_lost::/)"
fi

# What each fault of the lab came to is shown at the end, also when one got another verdict.
show_lab() { cat "${CARGO_TARGET_DIR:-target}"/tmp/fault-lab/*.txt 2> /dev/null || true; }
trap show_lab EXIT

if cargo nextest --version > /dev/null 2>&1; then
  cargo nextest run --profile ci --no-tests fail -E "$selected"
else
  cargo test --test it faults::
fi
