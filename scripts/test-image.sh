# What tests on virtual machines start from: it is read by scripts, not run.
# shellcheck shell=bash

# Whether tests on virtual machines are to be run.
wants_machines() { [ "${VMS:-1}" != 0 ]; }

# Makes the guest image, once: what has not changed since is not made again.
make_test_image() {
  export MOSDAT_TEST_IMAGES=${MOSDAT_TEST_IMAGES:-$PWD/target/test-images}
  cargo run --quiet -- image build debian12 --images "$MOSDAT_TEST_IMAGES"
  cargo run --quiet -- image prune --images "$MOSDAT_TEST_IMAGES"
}
