# SPDX-License-Identifier: MIT
# Front door. Every target delegates; `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help

.PHONY: help
help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## The main job: set up from nothing, boot the VM, tagged and untagged RDMA writes, report
	@demo/demo.sh

.PHONY: check
check: ## Every test, one summary line (what CI runs)
	@tests/harness/check.sh all

.PHONY: check-unit
check-unit: ## Only the tests that need no VM (root for the checkers of make lint)
	@tests/harness/check.sh unit

.PHONY: check-vm
check-vm: ## Only the tests in virtual machines (one of them: tests/harness/vm-boot.sh NAME)
	@tests/harness/check.sh vm

.PHONY: check-debug
check-debug: ## The cases in virtual machines again, and the stress, on kernels with KASAN, lockdep, KCSAN
	@tests/harness/check.sh debug

.PHONY: check-packages
check-packages: ## Packages: built, lintian, installed, used, removed (RELEASE=trixie: there)
	@tests/packages.sh $(RELEASE)

.PHONY: check-report
check-report: ## The pages of make demo and make bench in a headless Chromium (170 MB once)
	@tests/report/browser.sh

.PHONY: check-kernel
check-kernel: ## Every patch of the series builds, checkpatch, sparse, config variants
	@kernel/tools/verify.sh && kernel/tools/verify-independent.sh

.PHONY: fuzz
fuzz: ## Look for inputs that break a parser (clang; TARGET=tag SECONDS=60 narrow it)
	@SECONDS_EACH="$(SECONDS)" TARGET="$(TARGET)" tests/harness/fuzz.sh

.PHONY: soak
soak: ## The random tests with new seeds for HOURS=1 (PARTS="fuzz stress..."); sums: tests/soak/soak.sh --sums
	@tests/soak/soak.sh "$(or $(HOURS),1)" $(PARTS)

.PHONY: mutate
mutate: ## One-line changes of library, command, fabric, plug-in: does a test notice (N=200 changes, SEED=1, PART=lib, LIKE=cli/)
	@rig/setup.sh tests
	@tests/mutate/mutate.py --count "$(or $(N),200)" --seed "$(or $(SEED),1)" $(PART:%=--part %) $(if $(LIKE),--like "$(LIKE)")

.PHONY: coverage
coverage: ## Lines and branches that the host's tests reach, for library, command and fabric
	@tests/harness/coverage.sh

.PHONY: lint
lint: ## Format, shell, spelling, man pages, headers, licences: tests/lint in a root with pinned tools
	@tests/lint/lint.sh

.PHONY: bench
bench: ## Speed, as ratios measured side by side in one boot (PAIRS=10, PARTS="rxe bar")
	@benchmarks/bench.sh

.PHONY: all
all: ## Build everything: packages, guest root, kernels, fabric, library, command, perftest
	@rig/all.sh

.PHONY: install
install: ## Build and install library, command, fabric on this machine (PREFIX=/usr/local, DESTDIR=)
	@PREFIX="$(PREFIX)" DESTDIR="$(DESTDIR)" rig/build.sh install

.PHONY: deb
deb: ## Debian packages of user space, in build/deb (RELEASE=trixie: for that release)
	@packaging/deb.sh userspace $(RELEASE)

.PHONY: deb-kernel
deb-kernel: ## Debian packages of the patched kernel, for a test machine (CONFIG=FILE, LOCALMOD=1)
	@packaging/deb.sh kernel $(CONFIG)

.PHONY: shell
shell: ## A shell inside the VM with the demo fabric (end it with "exit")
	@rig/shell.sh

.PHONY: clean
clean: ## Remove build/ (the cache of kernels and guest root stays)
	@rm -rf build
	@echo "kept: $${XDG_CACHE_HOME:-$$HOME/.cache}/tphbuf (kernels, guest root; remove by hand)"
