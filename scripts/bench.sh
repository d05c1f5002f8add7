#!/bin/bash
# Measures mosdat against what it must reach, and beside its peers in the same minutes: whole
# commands on one graph, then the benchmarks of its parts. Rows end with `ok` or `MISS`; the exit
# code is 1 when there was a MISS. The rows are kept in bench-out/.
#
#   BENCH_STEPS  size of the larger graph (10000)
#   BENCH_RUNS   runs of each command, of which the median counts (5)
#   BENCH_FULL   1: Terraform on the larger graph as well, which takes it many minutes
#   BENCH_VMS    0: no virtual machines, which take a quarter of an hour where they are translated
#   BENCH_IMAGE  the image that virtual machines start from (debian12), of `mosdat image build`
set -euo pipefail
cd "$(dirname "$0")/.."
checkout=$PWD
steps=${BENCH_STEPS:-10000}
runs=${BENCH_RUNS:-5}
full=${BENCH_FULL:-0}
vms=${BENCH_VMS:-1}

say() { printf 'bench: %s\n' "$*" >&2; }
has() { command -v "$1" > /dev/null; }
graph() { scripts/bench/graph.py "$@"; }

misses=0
# Prints a row. A command that could not be measured ends it all.
row() {
  local code=0
  scripts/bench/measure.py "$@" | tee -a "$rows" || code=$?
  case $code in
    0) ;;
    1) misses=$((misses + 1)) ;;
    *) exit "$code" ;;
  esac
}

say 'building mosdat'
cargo build --release --quiet
binary=${CARGO_TARGET_DIR:-target}/release/mosdat
case $binary in /*) ;; *) binary=$checkout/$binary ;; esac

mkdir -p bench-out
rows=$checkout/bench-out/rows.txt
: > "$rows"
work=$(mktemp -d "${TMPDIR:-/tmp}/mosdat-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Terraform asks no server whether there is a newer one, and reads no settings of this user.
export CHECKPOINT_DISABLE=1
: > "$work/terraformrc"
export TF_CLI_CONFIG_FILE=$work/terraformrc

has ninja || say 'ninja is not installed: its columns stay empty (scripts/setup.sh --bench)'
has terraform || say 'terraform is not installed: its columns stay empty'

plan="$binary plan plans/bench.toml --json"
apply="$binary apply plans/bench.toml --yes"
terraform_plan='terraform plan -input=false -no-color -detailed-exitcode'

# Whether Terraform is measured with so many steps.
terraform_takes() { has terraform && { [ "$1" -le 1000 ] || [ "$full" = 1 ]; }; }

# Measures graphs of $1 steps. What must be reached is known for 1,000 and 10,000 of them.
measure_graph() {
  local count=$1 tool peers=()
  local first=() kept=() changed=()
  case $count in
    1000) first=(--reach-cpu 0.03) kept=(--reach-cpu 0.02 --reach-rss 20) changed=(--reach-cpu 0.03) ;;
    10000) first=(--reach-cpu 0.2) kept=(--reach-cpu 0.1 --reach-rss 60) changed=(--reach-cpu 0.11) ;;
  esac
  local mosdat=$work/mosdat-$count ninja=$work/ninja-$count terraform=$work/terraform-$count
  for tool in mosdat ninja terraform; do graph "$tool" "$work/$tool-$count" "$count"; done

  if has ninja; then peers+=(--peer ninja "$ninja" 'ninja -n'); fi
  if terraform_takes "$count"; then
    (cd "$terraform" && terraform init -input=false > /dev/null)
    peers+=(--peer terraform "$terraform" "$terraform_plan")
  elif has terraform; then
    say "terraform is left out at $count steps, where it takes many minutes (BENCH_FULL=1)"
  fi
  row --what "plan from nothing, $count steps" --runs "$runs" "${first[@]}" --codes 0,2 \
    --mosdat "$mosdat" "$plan" "${peers[@]}"

  # Carrying it out, once: it cannot be done twice.
  peers=()
  if has ninja; then peers+=(--peer ninja "$ninja" 'ninja --quiet'); fi
  if terraform_takes "$count"; then
    peers+=(--peer terraform "$terraform" 'terraform apply -auto-approve -input=false -no-color')
  fi
  row --what "apply, $count steps that do nothing" --runs 1 \
    --reach-cpu "$(awk -v n="$count" 'BEGIN { print n * 0.0003 }')" \
    --mosdat "$mosdat" "$apply" "${peers[@]}"
  state_row "$count" "$mosdat" "$terraform"

  peers=()
  if has ninja; then peers+=(--peer ninja "$ninja" 'ninja -n'); fi
  if terraform_takes "$count"; then
    peers+=(--peer terraform "$terraform" "$terraform_plan")
  fi
  row --what "plan when nothing changed, $count steps" --runs "$runs" "${kept[@]}" --codes 0 \
    --mosdat "$mosdat" "$plan --detailed-exitcode" "${peers[@]}"

  for tool in mosdat ninja terraform; do graph "$tool" "$work/$tool-$count" "$count" --edit; done
  row --what "plan after one change, $count steps" --runs "$runs" "${changed[@]}" --codes 0,2 \
    --mosdat "$mosdat" "$plan" "${peers[@]}"
}

# Says how many bytes of state a step costs after `apply`. Terraform's is one file.
state_row() {
  local count=$1 size peer='-' ratio='-' verdict=ok
  # Blobs and the folders of runs lie beside it: a cache and evidence, not state.
  size=$(find "$2/state" -type f -name journal -printf '%s\n' | awk '{ n += $1 } END { print n + 0 }')
  size=$((size / count))
  if [ -f "$3/terraform.tfstate" ]; then
    local other
    other=$(($(stat -c %s "$3/terraform.tfstate") / count))
    peer="terraform $other B"
    ratio=$(awk -v a="$other" -v b="$size" 'BEGIN { if (b) printf "%.1fx", a / b; else print "-" }')
  fi
  if [ "$size" = 0 ] || [ "$size" -gt 250 ]; then
    verdict=MISS
    misses=$((misses + 1))
  fi
  echo "state of a step, of $count | $size B | $peer | $ratio | <= 250 B | $verdict" | tee -a "$rows"
}

echo 'what | mosdat | peer | ratio of CPU time | reach | verdict' | tee -a "$rows"
measure_graph 1000
if [ "$steps" != 1000 ]; then measure_graph "$steps"; fi

# A plan over real desktops, when nothing is due.
say 'testing the notes app once, so that nothing is due'
mkdir "$work/notes"
cp -r examples plans scenarios "$work/notes/"
if (cd "$work/notes" && "$binary" apply plans/notes.toml --yes) > "$work/notes.log" 2>&1; then
  row --what 'apply of the notes plan when nothing is due' --runs "$runs" --reach-wall 0.1 \
    --mosdat "$work/notes" "$binary apply plans/notes.toml --yes"
else
  tail -n 20 "$work/notes.log" >&2
  say 'the notes plan did not hold; it is not measured'
  misses=$((misses + 1))
fi

# What steps cost on a real desktop, beyond what the app takes.
say 'carrying out a scenario of 100 steps'
code=0
scripts/bench/steps.py --mosdat "$binary" --project "$work/notes" --runs "$runs" | tee -a "$rows" || code=$?
case $code in
  0) ;;
  1) misses=$((misses + 1)) ;;
  *) exit "$code" ;;
esac

# What one more way to search a guest's accessibility tree needs: the peer of mosdat's.
fetch_peer() {
  local folder=$checkout/bench-out/debs
  if ! ls "$folder"/python3-pyatspi_*.deb "$folder"/gir1.2-atspi-2.0_*.deb > /dev/null 2>&1; then
    mkdir -p "$folder"
    if ! (cd "$folder" && apt-get -qq download python3-pyatspi gir1.2-atspi-2.0) > /dev/null 2>&1; then
      say 'python3-pyatspi could not be fetched: the peer of lookups in a guest stays empty'
      return
    fi
  fi
  export BENCH_DEBS=$folder
}

parts=(engine desktop tree ocr cluster)
if [ "$vms" = 0 ]; then
  say 'virtual machines are left out (BENCH_VMS=0)'
else
  fetch_peer
  parts+=(vm)
fi
for bench in "${parts[@]}"; do
  say "the parts: $bench"
  cargo bench --quiet --bench "$bench" | tee "bench-out/$bench.txt"
  if grep -q '| *MISS *$' "bench-out/$bench.txt"; then misses=$((misses + 1)); fi
done

say 'rows are in bench-out/'
if [ "$misses" -gt 0 ]; then
  say "$misses missed what must be reached"
  exit 1
fi
