# `make demo` runs the main job, `make test` all tests; both need only Python 3.11 or later, pip and make.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: demo demo-edm test quick lint prove bench man sbom wheels lock install-run install-test clean

demo: install-run
	$(BIN)/pin-engrave batch examples/serials.csv --job examples/job.toml --out demo-out

# Ten pins by milling with sparks and ten by sinking, beside the laser's on the same tip.
demo-edm: install-run
	$(BIN)/pin-engrave batch examples/serials-edm.csv --job examples/job-edm.toml --out demo-edm-out/milled
	$(BIN)/pin-engrave batch examples/serials-edm.csv --job examples/job-sinker.toml --out demo-edm-out/sunk
	$(BIN)/pin-engrave batch examples/serials-edm.csv --job examples/job-laser-beside.toml --out demo-edm-out/laser
	$(BIN)/python -P examples/compare.py demo-edm-out/laser demo-edm-out/milled demo-edm-out/sunk

# As many processes as processors, so one thread each: with more, OpenBLAS's threads wait for one another, busily
# (tests/reading/test_profiles.py without the slow ones: 51 s of processor time, and 10 s so).
test quick prove bench: export OPENBLAS_NUM_THREADS = 1

test: install-test lint
	$(BIN)/python -P -m pytest -n auto

quick: install-test
	$(BIN)/python -P -m pytest -n auto -m "not slow and not exhaustive"

lint: install-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The long proofs, and the tests that `make test` only samples; evidence goes to docs/evidence/ with its commit.
prove: install-test
	$(BIN)/python -P -m pytest -n auto -m exhaustive
	$(BIN)/python -P benchmarks/prove.py --scale 1 --evidence docs/evidence

bench: install-test
	$(BIN)/python -P benchmarks/run.py --json docs/benchmarks.json

# The manual page, from the commands; a test holds the one that is committed against them.
man: install-run
	$(BIN)/python -P docs/man/page.py > docs/man/pin-engrave.1.new
	mv docs/man/pin-engrave.1.new docs/man/pin-engrave.1

# The bill of materials of a release: what is locked, with hashes and licences.
sbom: install-run
	$(BIN)/python -P requirements/sbom.py --output dist/sbom.json

# The wheel on every Python that is there, with its own tests of the commands, from an empty folder.
wheels: install-test
	$(BIN)/python -P requirements/wheels.py

.venv/created:
	$(PYTHON) -m venv .venv
	touch $@

.venv/run-requirements: .venv/created requirements/run.txt
	$(PIP) install --quiet --require-hashes -r requirements/run.txt
	touch $@

.venv/test-requirements: .venv/created requirements/test.txt
	$(PIP) install --quiet --require-hashes -r requirements/test.txt
	touch $@ .venv/run-requirements

install-run: .venv/run-requirements
	$(PIP) install --quiet --no-deps --no-build-isolation --force-reinstall .

install-test: .venv/test-requirements
	$(PIP) install --quiet --no-deps --no-build-isolation --force-reinstall .

# Needs pip-tools; writes no index and no host.
LOCK := pip-compile --quiet --generate-hashes --no-header --no-annotate --strip-extras --allow-unsafe \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options
lock:
	$(LOCK) -o requirements/run.txt pyproject.toml requirements/build.in
	$(LOCK) --extra test -o requirements/test.txt pyproject.toml requirements/build.in

clean:
	rm -rf .venv build dist demo-out demo-edm-out
