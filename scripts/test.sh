#!/bin/bash
# Runs every test but those that need real virtual machines; with VMS=1 those as well. The test
# runner's summary comes last.
set -euo pipefail
cd "$(dirname "$0")/.."

# Tests that start virtual machines: they need an image, which takes minutes to make.
needs_machines='test(/^(vms|qemu::vm_)/)'

if [ -n "${VMS-}" ]; then
  # They start from a real guest image. It is made once: what has not changed since is not made again.
  export MOSDAT_TEST_IMAGES=${MOSDAT_TEST_IMAGES:-$PWD/target/test-images}
  cargo run --quiet -- image build debian12 --images "$MOSDAT_TEST_IMAGES"
  cargo run --quiet -- image prune --images "$MOSDAT_TEST_IMAGES"
  selected='all()'
else
  selected="not $needs_machines"
fi

if cargo nextest --version > /dev/null 2>&1; then
  cargo test --doc --quiet
  cargo nextest run --profile ci -E "$selected"
elif [ -n "${VMS-}" ]; then
  echo 'test: there is no cargo-nextest; running cargo test' >&2
  cargo test
else
  echo 'test: there is no cargo-nextest; running cargo test' >&2
  cargo test -- --skip vms:: --skip qemu::vm_
fi
