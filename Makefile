# ffteach: `make lab` to learn, `make test` to check. Everything is installed in .venv, inside this folder.
# Kept to plain POSIX sh and GNU make 3.81 (the make of macOS).

PYTHON   ?= python3
PIP_ARGS ?=
ARGS      =
# Torch's threads else spin long while they wait, and on cores that others use too training takes ten times as long.
# Not to spin at all makes a step with 500 units a third slower; 10 000 rounds (GNU's OpenMP, Linux) are the best of both.
OMP_WAIT_POLICY ?= PASSIVE
GOMP_SPINCOUNT ?= 10000
export OMP_WAIT_POLICY GOMP_SPINCOUNT

# In a container one is often root, which JupyterLab refuses unless told so.
AS_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)

VENV := .venv
PY   := $(VENV)/bin/python
# "moved" when this folder was renamed since the last install: the install knows its folder by its full path.
MOVED := $(shell test "$$(cat $(VENV)/folder 2>/dev/null)" = "$$(pwd -P)" || echo moved)

.PHONY: help lab demo test unit bench bench-panels update clean moved
.NOTPARALLEL:

help:
	@echo 'make lab      install what is needed, then open the first lesson in JupyterLab'
	@echo 'make demo     install what is needed, then show the training lab full screen, for a projector'
	@echo 'make test     install what is needed, then run every test: package, notebooks, browser'
	@echo 'make unit     the same set-up, the tests of the package only (quick)'
	@echo 'make bench    measure how fast it is on this machine, side by side with the plain way (some minutes)'
	@echo 'make bench-panels  measure how live the panels are, without and with a browser'
	@echo 'make update   get the newest lessons; notebooks you changed are first copied to my_work/'
	@echo 'make clean    remove .venv and caches; your notebooks stay'
	@echo
	@echo 'Options:  PYTHON=python3.12          another Python (3.11 or newer)'
	@echo '          ARGS="..."                 passed on: make lab ARGS=--no-browser, make test ARGS="-k overlay"'
	@echo '          PIP_ARGS="..."             passed on to pip install'

lab: $(VENV)/lab.stamp
	$(PY) -m jupyterlab --ServerApp.root_dir=. $(AS_ROOT) notebooks/00_start_here.ipynb $(ARGS)

# A page of Voila, in our own template: Voila's load style sheets from the web. demo/voila.json names it.
demo: $(VENV)/demo.stamp
	JUPYTER_PATH="$(CURDIR)/demo" $(PY) -m voila demo/training_lab.ipynb --Voila.config_file_paths=demo $(ARGS)

# One pytest run. nbval executes every notebook cell, in the kernel of .venv, and compares the outputs marked for it.
test: $(VENV)/test.stamp
	$(PY) -m pytest --nbval-lax --nbval-current-env --nbval-cell-timeout=120 tests notebooks $(ARGS)

unit: $(VENV)/test.stamp
	$(PY) -m pytest tests/unit $(ARGS)

bench: $(VENV)/test.stamp
	$(PY) tests/bench/bench.py $(ARGS)

bench-panels: $(VENV)/test.stamp
	$(PY) tests/bench/panels.py

update:
	@"$(PYTHON)" scripts/update_lessons.py

clean:
	rm -rf $(VENV) .pytest_cache *.egg-info build
	find ffteach tests scripts notebooks -name __pycache__ -prune -exec rm -rf {} +

# pip runs again when pyproject.toml is newer than the stamp. A stamp is written only when pip has succeeded.
$(VENV)/lab.stamp: EXTRA :=
$(VENV)/demo.stamp: EXTRA := [demo]
$(VENV)/test.stamp: EXTRA := [test]
$(VENV)/lab.stamp $(VENV)/demo.stamp $(VENV)/test.stamp: pyproject.toml $(PY) $(VENV)/bin/activate $(MOVED)
	$(PY) -m pip install $(PIP_ARGS) --editable '.$(EXTRA)'
	@pwd -P > $(VENV)/folder
	@touch $(VENV)/lab.stamp $@

# `venv` writes bin/python first and bin/activate last: with both there, it was not interrupted.
$(PY) $(VENV)/bin/activate:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "ffteach needs Python 3.11 or newer; $(PYTHON) is: $$("$(PYTHON)" --version 2>&1)"; \
	  echo "If a newer one is installed, name it, for example:  make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; } >&2
	@"$(PYTHON)" -c 'import venv, ensurepip' || { \
	  echo "$(PYTHON) cannot make virtual environments. On Debian and Ubuntu:  sudo apt install python3-venv"; exit 1; } >&2
	"$(PYTHON)" -m venv --clear $(VENV)

# ---- exercises (docs/teaching.md)

.PHONY: student marks

# The students' notebooks, made from the teachers' ones.
student: $(VENV)/lab.stamp
	$(PY) scripts/make_student_notebooks.py

# The marking sheet and the lists in docs/teaching.md, from the notebooks and the checks.
marks: $(VENV)/lab.stamp
	$(PY) scripts/marking_sheet.py
