# What tests on virtual machines start from: it is read by scripts, not run.
# shellcheck shell=bash

# Whether tests on virtual machines are to be run.
wants_machines() { [ "${VMS:-1}" != 0 ]; }

# Makes the guest image, once: what has not changed since is not made again.
#
# Whenever it has to be made, the first attempt is killed while it installs packages, so that all that
# is tested starts from an image that an interrupted build was brought to its end with.
make_test_image() {
  export MOSDAT_TEST_IMAGES=${MOSDAT_TEST_IMAGES:-$PWD/target/test-images}
  cargo build --quiet
  local mosdat=${CARGO_TARGET_DIR:-target}/debug/mosdat
  local build=("$mosdat" image build debian12 --images "$MOSDAT_TEST_IMAGES")
  local line was_killed= progress
  exec 3< <(exec "${build[@]}" 2>&1)
  local pid=$!
  while read -r line <&3; do
    printf '%s\n' "$line"
    case $line in
      *': installing packages'*)
        kill -KILL "$pid"
        was_killed=yes
        break
        ;;
    esac
  done
  exec 3<&-
  progress=$("${build[@]}" 2>&1 | tee >(cat >&2))
  case $was_killed$progress in
    yes*'fetching packages: done by an earlier attempt'*) ;;
    yes*)
      echo 'test-image: a build that was killed did not go on where it was' >&2
      return 1
      ;;
  esac
  "$mosdat" image prune --images "$MOSDAT_TEST_IMAGES"
}
