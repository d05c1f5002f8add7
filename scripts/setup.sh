#!/bin/bash
# Installs what tests and the demo need and this computer lacks: Debian packages through apt,
# cargo-nextest through cargo, and through pip, below target/, fakepve and the models that read text
# in pictures. What is there already is left alone, and when nothing is missing, nothing is asked of
# the network. With --bench, what only `make bench` needs as well: ninja, and OpenCV and RapidOCR
# through pip, below target/.
set -euo pipefail
cd "$(dirname "$0")/.."

# Some of what is looked for lies where only root's PATH leads.
PATH=$PATH:/usr/sbin:/sbin

say() { printf 'setup: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

has() { command -v "$1" > /dev/null; }
has_proxmoxer() { /usr/bin/python3 -c 'import proxmoxer, requests' 2> /dev/null; }
has_venv() { /usr/bin/python3 -c 'import ensurepip, venv' 2> /dev/null; }
has_atspi() { /usr/bin/python3 -c 'import gi; gi.require_version("Atspi", "2.0")' 2> /dev/null; }
has_gtk() { /usr/bin/python3 -c 'import gi; gi.require_version("Gtk", "3.0")' 2> /dev/null; }

# Prints the package of each thing that is not there. Programs and files are looked for, not
# packages, so that it does not matter how they got here.
missing() {
  has cc || echo gcc libc6-dev
  has git || echo git
  has dpkg-deb || echo dpkg
  has setpriv || echo util-linux
  has Xtigervnc || echo tigervnc-standalone-server
  has openbox || echo openbox
  has sway || echo sway
  has wayvnc || echo wayvnc
  has xterm || echo xterm
  has xprop || echo x11-utils
  has xsetroot || echo x11-xserver-utils
  has xclip || echo xclip
  has wl-copy || echo wl-clipboard
  has dbus-daemon || echo dbus-daemon
  [ -e /usr/share/dbus-1/services/org.a11y.Bus.service ] || echo at-spi2-core
  [ -x /usr/bin/python3 ] || echo python3
  has_venv || echo python3-venv
  has_gtk || echo python3-gi gir1.2-gtk-3.0
  has_atspi || echo gir1.2-atspi-2.0
  has chromium || echo chromium
  has tesseract || echo tesseract-ocr
  has ffmpeg && has ffprobe || echo ffmpeg
  python3 -c 'import pip' 2> /dev/null || echo python3-pip
  has_proxmoxer || echo python3-proxmoxer python3-requests
  [ -e /usr/share/glib-2.0/schemas/org.xfce.mousepad.gschema.xml ] || echo mousepad
  [ -e /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf ] || echo fonts-dejavu-core
  [ -e /usr/share/icons/Adwaita/index.theme ] || echo adwaita-icon-theme
  has qemu-system-x86_64 || echo qemu-system-x86
  has qemu-img || echo qemu-utils
  has mmdebstrap || echo mmdebstrap
  has mkfs.ext4 || echo e2fsprogs
  [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || echo debian-archive-keyring
  has ssh-keygen || echo openssh-client
  has sshd || echo openssh-server
  # Whoever is not root makes images in a user namespace.
  [ "$(id -u)" = 0 ] || has newuidmap || echo uidmap
  if [ "$for_benches" = yes ]; then has ninja || echo ninja-build; fi
}

install_packages() {
  local packages=("$@") as_root=()
  has apt-get || die "these Debian packages are missing, and there is no apt-get here: ${packages[*]}"
  if [ "$(id -u)" != 0 ]; then
    has sudo || die "these packages are missing: ${packages[*]} (run this as root, or install sudo)"
    as_root=(sudo)
  fi
  say "installing ${packages[*]}"
  # Another apt may be at work. It is waited for: apt itself waits for dpkg's lock, but not for
  # that of the package lists.
  local tries=0
  until "${as_root[@]}" apt-get -qq -o DPkg::Lock::Timeout=300 update; do
    tries=$((tries + 1))
    if [ "$tries" -ge 5 ]; then
      say "the package lists could not be renewed; going on with the old ones"
      break
    fi
    sleep 5
  done
  case " ${packages[*]} " in
    *' openssh-server '*) without_services apt_install "${packages[@]}" ;;
    *) apt_install "${packages[@]}" ;;
  esac || die "apt could not install ${packages[*]}"
}

# Installs packages. Packages of QEMU go together in one version only: where another one is here
# already, from backports say, it gives way to the one that apt would take for the rest.
apt_install() {
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=300
    --no-install-recommends install)
  if "${as_root[@]}" "${apt[@]}" "$@" > /dev/null; then return; fi
  local wanted package installed version pinned=()
  # A rebuild of the same source has `+b1` and the like after its version.
  wanted=$(apt-cache policy qemu-system-x86 | sed -n 's/^ *Candidate: //p' | sed 's/+b[0-9]*$//')
  while read -r package installed; do
    if [ "$installed" = "$wanted" ]; then continue; fi
    version=$(apt-cache madison "$package" | awk -v wanted="$wanted" \
      '{ base = $3; sub(/\+b[0-9]+$/, "", base) } base == wanted { print $3; exit }')
    if [ -n "$version" ]; then pinned+=("$package=$version"); fi
  done < <(dpkg-query -W -f '${source:Package} ${Status} ${Package} ${source:Version}\n' \
    | sed -n 's/^qemu install ok installed //p')
  if [ "${#pinned[@]}" = 0 ]; then return 1; fi
  say "trying again with ${pinned[*]}"
  # What is pinned must not be named without its version as well.
  local rest=()
  for package in "$@"; do
    case " ${pinned[*]} " in *" $package="*) ;; *) rest+=("$package") ;; esac
  done
  "${as_root[@]}" "${apt[@]}" --allow-downgrades "${rest[@]}" "${pinned[@]}" > /dev/null
}

# Runs a command that installs the SSH server, whose program is needed and whose service is not:
# it neither starts now nor with the computer.
without_services() {
  local policy=/usr/sbin/policy-rc.d result=0
  if [ ! -d /run/systemd/system ]; then "$@"; return; fi
  if [ -e "$policy" ]; then
    "$@" || result=$?
  else
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" > /dev/null
    "${as_root[@]}" chmod 755 "$policy"
    "$@" || result=$?
    "${as_root[@]}" rm -f "$policy"
  fi
  "${as_root[@]}" systemctl --quiet disable ssh.service ssh.socket 2> /dev/null || true
  return "$result"
}

install_nextest() {
  if cargo nextest --version > /dev/null 2>&1; then return; fi
  say 'installing cargo-nextest: it is compiled here, which takes some minutes'
  cargo install cargo-nextest --locked --quiet \
    || say 'cargo-nextest could not be installed; tests will run with cargo test'
}

# A Proxmox VE server that others wrote, in an environment of its own: tests run it beside ours.
install_fakepve() {
  local wanted=tests/pve/fakepve.txt place=${CARGO_TARGET_DIR:-target}/fakepve
  # An environment does not outlive the Python that it was made with.
  if cmp -s "$wanted" "$place/installed.txt" \
    && "$place/bin/python" -c 'import fakepve' 2> /dev/null; then return; fi
  say "installing fakepve in $place"
  rm -rf "$place"
  if /usr/bin/python3 -m venv "$place" \
    && "$place/bin/pip" --quiet --disable-pip-version-check --no-input install --no-deps \
      --requirement "$wanted"; then
    cp "$wanted" "$place/installed.txt"
  else
    say 'fakepve could not be installed; the tests that need it will fail'
  fi
}

# The peer of searching by likeness, in an environment of its own.
install_opencv() {
  local wanted=scripts/bench/opencv.txt place=${CARGO_TARGET_DIR:-target}/opencv
  if cmp -s "$wanted" "$place/installed.txt" \
    && "$place/bin/python" -c 'import cv2' 2> /dev/null; then return; fi
  say "installing OpenCV in $place"
  rm -rf "$place"
  if /usr/bin/python3 -m venv "$place" \
    && "$place/bin/pip" --quiet --disable-pip-version-check --no-input install --no-deps \
      --requirement "$wanted"; then
    cp "$wanted" "$place/installed.txt"
  else
    say 'OpenCV could not be installed; its columns will stay empty'
  fi
}

# The models that read text in pictures, and, for benchmarks, another program that reads with such.
install_models() {
  scripts/ocr-models.sh "${CARGO_TARGET_DIR:-target}/ocr-models" \
    || say 'the models that read text could not be fetched; the tests that need them will fail'
}

install_rapidocr() {
  local place=${CARGO_TARGET_DIR:-target}/rapidocr
  if "$place/bin/python" -c 'import rapidocr_onnxruntime' 2> /dev/null; then return; fi
  say "installing rapidocr in $place"
  rm -rf "$place"
  if ! { /usr/bin/python3 -m venv "$place" \
    && "$place/bin/pip" --quiet --disable-pip-version-check --no-input install \
      rapidocr-onnxruntime==1.4.4; }; then
    say 'rapidocr could not be installed; its columns stay empty'
  fi
}

for_benches=no
case "${1-}" in
  '') ;;
  --bench) for_benches=yes ;;
  *) echo "usage: $0 [--bench]" >&2; exit 2 ;;
esac

wanted=$(missing)
if [ -n "$wanted" ]; then
  # shellcheck disable=SC2086 # one word a package
  install_packages $wanted
  wanted=$(missing)
  # What apt took away to make room for the rest goes in beside it.
  # shellcheck disable=SC2086
  [ -z "$wanted" ] || install_packages $wanted
  wanted=$(missing)
  [ -z "$wanted" ] || die "still missing after apt was done: ${wanted//$'\n'/ }"
fi

has cargo || die 'there is no cargo: install Rust with https://rustup.rs'
if [ "$for_benches" = no ]; then
  install_nextest
  install_fakepve
else
  install_opencv
  install_rapidocr
fi
install_models
say 'everything is here'
