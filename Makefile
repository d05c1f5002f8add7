# What one does with this checkout. Each line of work is a script, so that it runs without make too.

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint bench faults install

help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

setup: ## Install what is missing on this computer (Debian packages, cargo-nextest, fakepve)
	@scripts/setup.sh

demo: setup ## Test a small app on X11 and Wayland desktops, then what changed (VMS=1: on virtual machines)
	@scripts/demo/$(if $(VMS),machines,desktops).sh

test: setup ## Run the tests (VMS=0: without those on virtual machines)
	@VMS=$(VMS) scripts/test.sh

lint: ## Check formatting, lints and documentation
	@scripts/lint.sh

bench: ## Measure mosdat, beside its peers where they are installed (BENCH_FULL=1 for all of it)
	@scripts/bench.sh

faults: setup ## Run the tests that break things on purpose (VMS=0: no virtual machines)
	@VMS=$(VMS) scripts/faults.sh

install: ## Build mosdat and install it for this user
	cargo install --path . --locked
