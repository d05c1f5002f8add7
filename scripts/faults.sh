#!/bin/bash
# Runs the tests that break things on purpose: processes killed, disks full, screens frozen. They
# are those of `tests/it/faults`; `make test` runs them as well.
set -euo pipefail
cd "$(dirname "$0")/.."

if cargo nextest --version > /dev/null 2>&1; then
  cargo nextest run --profile ci --no-tests fail -E 'test(/^faults::/)'
else
  cargo test --test it faults::
fi
