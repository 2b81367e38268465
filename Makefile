# `make demo` and `make test` need nothing but Python 3.11 or newer and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Which tests the targets unit, workflow-test and slurm-test run, and how many examples of a property.
TESTS := not full
EXAMPLES := short
# What Python has compiled is kept, also where containers ask for the opposite: else each worker compiles all tests again.
# Workers fill the cores: threads of NumPy's small matrices would wait for each other.
PYTEST = PATH="$(CURDIR)/$(BIN):$$PATH" PYTHONDONTWRITEBYTECODE= OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest --durations=20 -m "$(TESTS)"
PARALLEL := -n auto --dist worksteal
RUN := results/$(shell sed -n "s/^run: *\([^ \#]*\).*/\1/p" config.yaml)

.PHONY: help demo watch test test-full zoo lint unit workflow-test slurm-test local-tests slurm-beside docs lock site gallery bench bench-gpu clean

help:
	@echo "make demo             set up, run the main job on handwritten digits, and write a report (minutes on two cores)"
	@echo "make demo-STUDY       the same for a companion study: stochastic, mechanism or coherence"
	@echo "make demo-STUDY-full  that of a companion study with more networks, which decide more (up to an hour)"
	@echo "make watch            the demo's progress, live, from another terminal"
	@echo "make test             set up and run the checks (ten minutes); its parts: lint, unit, workflow-test, slurm-test"
	@echo "make test-full        run all other tests, which take longer (half an hour)"
	@echo "make zoo              prune and train more of torchvision's networks (ten minutes)"
	@echo "make docs             write the config reference and the editor's schema again, from the sections"
	@echo "make lock             pin all that requirements.txt needs, with hashes, in envs/requirements.lock"
	@echo "make site             the documentation as a site, site/index.html"
	@echo "make gallery          take the demos' figures into the documentation"
	@echo "make bench            measure speed and exactness here, and write docs/benchmarks.md (an hour); make bench-gpu, on a GPU (8 minutes)"
	@echo "make clean            remove the virtual environment and caches; results stay"

$(VENV)/run: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "prunescape needs Python 3.11 or newer; try: make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "Setting up $(VENV): this downloads torch and takes a few minutes, once."
	@$(MAKE) --no-print-directory $(VENV)/bin/prunescape
	$(BIN)/pip install --quiet --upgrade pip
	@# torch first: torchvision would otherwise choose a build of its own
	$(BIN)/pip install --quiet $$(grep '^torch==' requirements.txt)
	$(BIN)/pip install --quiet -r requirements.txt
	@touch $@

# Where the environment lies. Snakemake leaves the path of Python unquoted: below a folder with a space, .venv leads elsewhere.
WHERE = $(PYTHON) -c 'import hashlib, os, re; here = os.path.join(os.getcwd(), "$(VENV)"); \
  cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"); \
  elsewhere = os.path.join(cache, "prunescape", hashlib.sha256(here.encode()).hexdigest()[:12]); \
  is_plain = lambda path: not re.search(r"[^\w@%+=:,./~-]", path); \
  print("$(VENV)" if is_plain(here) else elsewhere if is_plain(elsewhere) else "")'
$(VENV)/bin/prunescape:
	@where=$$($(WHERE)); \
	if [ -z "$$where" ]; then \
	  echo "Snakemake runs no Python in a folder whose path has a space or another sign of the shell, and neither this folder nor the" \
	    "home folder is without; move this folder, or set XDG_CACHE_HOME to one without" >&2; exit 1; fi; \
	if [ "$$where" != $(VENV) ]; then mkdir -p "$$where" && ln -sfn "$$where" $(VENV); fi; \
	$(PYTHON) -m venv "$$where"
	@# The command: as `pip install .` makes it, of this folder.
	@printf '%s\n' '#!/bin/sh' 'here=$$(dirname -- "$$(readlink -f -- "$$0")")' \
	  'exec "$$here/python" -c "import sys; sys.path.insert(0, \"$(CURDIR)/workflow\"); from prunescape.command import main; main()" "$$@"' \
	  >$@ && chmod +x $@

$(VENV)/dev: $(VENV)/run requirements-dev.txt
	$(BIN)/pip install --quiet -r requirements-dev.txt
	@touch $@

demo: $(VENV)/run
	$(BIN)/snakemake
	$(BIN)/snakemake --report $(RUN)/report.html
	@echo
	@cat $(RUN)/hpspace/verdict.txt
	@echo
	@echo "Figures: $(RUN)/hpspace/figures/   Tables: $(RUN)/hpspace/"
	@echo "Report:  file://$(CURDIR)/$(RUN)/report.html"
	@echo "Explore: file://$(CURDIR)/$(RUN)/hpspace/explore.html"
	@echo "Run:     file://$(CURDIR)/$(RUN)/index.html"

demo-%: $(VENV)/run
	$(BIN)/snakemake $*
	$(BIN)/snakemake $* --report $(RUN)/$*.html
	@echo
	@sed '/^$$/q' $(RUN)/$*/claims.txt
	@echo "One by one: $(RUN)/$*/claims.txt"
	@echo "Figures: $(RUN)/$*/figures/   Tables: $(RUN)/$*/"
	@echo "Report:  file://$(CURDIR)/$(RUN)/$*.html"
	@echo "Explore: file://$(CURDIR)/$(RUN)/$*/explore.html"
	@echo "Run:     file://$(CURDIR)/$(RUN)/index.html"

# With more networks, which decide more claims: up to an hour.
demo-%-full: $(VENV)/run config/demo_%_full.yaml
	$(BIN)/snakemake $* --configfile config.yaml config/demo_$*_full.yaml
	@echo
	@cat results/demo_$*_full/$*/claims.txt
	@echo "Explore: file://$(CURDIR)/results/demo_$*_full/$*/explore.html"

watch: $(VENV)/run
	@$(BIN)/snakemake watch

# Side by side, so that no core is idle: tests on Slurm wait more than they compute, and checking types takes one core.
test: $(VENV)/dev
	@$(MAKE) --no-print-directory -j 3 slurm-beside lint local-tests

test-full: $(VENV)/dev
	@$(MAKE) --no-print-directory -j 2 slurm-beside local-tests TESTS="(full or hypothesis) and not zoo" EXAMPLES=long

zoo: $(VENV)/dev
	@$(MAKE) --no-print-directory unit TESTS=zoo

local-tests: $(VENV)/dev
	@$(MAKE) --no-print-directory unit
	@$(MAKE) --no-print-directory workflow-test

slurm-beside: $(VENV)/dev
	@output=$$(mktemp); $(MAKE) --no-print-directory slurm-test >$$output 2>&1; status=$$?; \
	  cat $$output; rm $$output; exit $$status

lint: $(VENV)/dev
	$(BIN)/ruff check --no-cache .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow/Snakefile workflow/rules examples
	$(BIN)/mypy
	$(BIN)/snakemake --lint

unit: $(VENV)/dev
	$(PYTEST) $(PARALLEL) --hypothesis-profile=$(EXAMPLES) tests/unit

workflow-test: $(VENV)/dev
	$(PYTEST) $(PARALLEL) tests/workflow

# On a Slurm of its own, where there is one to be had; see docs/cluster.md.
slurm-test: $(VENV)/dev
	$(PYTEST) tests/slurm

docs: $(VENV)/dev
	PYTHONPATH=workflow $(BIN)/python -m prunescape.config.reference docs/config.md
	PYTHONPATH=workflow $(BIN)/python -m prunescape.config.schema config/config.schema.json

# One source, requirements.txt, for Linux (with CUDA) and macOS, Python 3.11 to 3.13; needs uv.
lock:
	uv pip compile requirements.txt --universal --python-version 3.11 --generate-hashes --no-annotate --quiet \
	  --custom-compile-command "make lock" -o envs/requirements.lock

site: $(VENV)/dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict
	@echo "Documentation: file://$(CURDIR)/site/index.html"

gallery: $(VENV)/run
	$(BIN)/python docs/tools/data_flow.py docs/assets/data-flow.svg
	$(BIN)/python docs/tools/gallery.py

bench: $(VENV)/dev
	for name in exactness operators throughput precision tile populations utility coherence streaming scale landscape kills; do $(BIN)/python tests/bench/$$name.py || exit 1; done
	$(BIN)/python tests/bench/page.py

# Nothing is installed where PyTorch and the few packages that the benchmarks import are there.
bench-gpu:
	@if $(PYTHON) -c "import PIL, numpy, pandas, rich, safetensors, torch, torchvision, yaml" 2>/dev/null; then python=$(PYTHON); \
	  else $(MAKE) --no-print-directory $(VENV)/dev && python=$(BIN)/python; fi; \
	  $$python tests/bench/gpu.py --device cuda; status=$$?; $$python tests/bench/page.py; exit $$status

clean:
	@rm -rf "$$($(WHERE))"
	rm -rf $(VENV) .snakemake .pytest_cache .mypy_cache .ruff_cache .hypothesis
