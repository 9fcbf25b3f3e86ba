# What one does here. `make test` is the whole gate, the same that CI runs.

.PHONY: run demo test steps check bench pictures
.DEFAULT_GOAL := run

step := scripts/step
export NEXTEST_PROFILE := $(if $(CI),ci,default)
export CARGO_TERM_COLOR ?= $(if $(CI),never,auto)

# portal on SQLite, in this folder: needs Rust and a C compiler, nothing else.
run:
	cargo run

# The same with a named cast and a history to look at.
demo:
	cargo run -- demo

# Everything, cheap things first, up to the first step that fails. Installs what is missing where it may.
test:
	@$(step) everything $(MAKE) --no-print-directory steps

steps:
	@$(step) setup scripts/setup
	@$(step) format cargo fmt --all --check
	@$(step) spelling scripts/spelling
	@$(step) dependencies scripts/dependencies
	@$(step) lints cargo clippy --workspace --all-targets --all-features -- -D warnings
	@RUSTDOCFLAGS=-Dwarnings $(step) documentation cargo doc --workspace --all-features --no-deps
	@$(step) tests scripts/with-postgres cargo nextest run --workspace --all-features
	@$(step) doctests cargo test --quiet --doc --workspace --all-features
ifneq ($(wildcard api/tests/browser/package.json),)
	@$(step) browser scripts/with-postgres scripts/browser
endif

# While writing: format and lints only.
check:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --all-features -- -D warnings

# Load against both engines, with fsync, in release. Prints the figures that docs/BENCHMARKS.md has.
bench:
	scripts/bench

# Every screen, light, dark and narrow, into pictures/, by way of the browser tests.
pictures:
	cargo build --workspace --all-features
	scripts/with-postgres scripts/browser
