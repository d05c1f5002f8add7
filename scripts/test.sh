#!/bin/bash
# Runs every test: first those that start no virtual machine, then those that do, which have the
# computer to themselves. VMS=0 leaves the latter out. The test runner's summary comes last.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/test-image.sh

# What tests read text with. Without it they fail.
export MOSDAT_TEST_OCR_MODELS=${MOSDAT_TEST_OCR_MODELS:-${CARGO_TARGET_DIR:-$PWD/target}/ocr-models}

# Tests that start virtual machines.
machines='test(/^(vms|qemu::vm_|proxmox::vm_)/)'

if cargo nextest --version > /dev/null 2>&1; then
  cargo test --doc --quiet
  cargo nextest run --profile ci -E "not $machines"
  if wants_machines; then
    make_test_image
    cargo nextest run --profile ci -E "$machines"
  fi
else
  echo 'test: there is no cargo-nextest; running cargo test' >&2
  cargo test -- --skip vms:: --skip qemu::vm_ --skip proxmox::vm_
  if wants_machines; then
    make_test_image
    cargo test --test it -- --test-threads 2 vms:: qemu::vm_ proxmox::vm_
  fi
fi
