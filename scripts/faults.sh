#!/bin/bash
# Runs the tests that break things on purpose: processes killed, disks full, screens frozen. They
# are those of `tests/it/faults`, and with VMS=1 those that break virtual machines; `make test` runs
# them as well.
set -euo pipefail
cd "$(dirname "$0")/.."

selected='test(/^faults::/)'
if [ -n "${VMS-}" ]; then
  export MOSDAT_TEST_IMAGES=${MOSDAT_TEST_IMAGES:-$PWD/target/test-images}
  cargo run --quiet -- image build debian12 --images "$MOSDAT_TEST_IMAGES"
  selected="$selected or test(/^vms::(faults|boot|layers)::/) or test(/^qemu::vm_lost::/)"
fi

if cargo nextest --version > /dev/null 2>&1; then
  cargo nextest run --profile ci --no-tests fail -E "$selected"
else
  cargo test --test it faults::
fi
