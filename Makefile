# ffteach: `make lab` to learn, `make test` to check. All is installed in .venv, inside this folder.
# Kept to plain POSIX sh and GNU make 3.81 (the make of macOS).

PYTHON   ?= python3
PIP_ARGS ?=
ARGS      =
# uv is faster than pip, and needs none in .venv. `make lab UV=` takes pip all the same.
UV       ?= $(if $(shell command -v uv 2>/dev/null),uv)
# Torch's threads else spin long while they wait, and on cores that others use too training takes
# ten times as long. Not to spin at all makes a step with 500 units a third slower; 10 000 rounds
# (GNU's OpenMP, Linux) are the best of both.
OMP_WAIT_POLICY ?= PASSIVE
GOMP_SPINCOUNT ?= 10000
export OMP_WAIT_POLICY GOMP_SPINCOUNT

# In a container one is often root, which JupyterLab refuses unless told so.
AS_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)
# The address that JupyterLab prints is that of the first lesson, and nothing is printed after it.
FIRST   := --LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb
FIRST   += --LanguageServerManager.autodetect=False
# Opening a lesson does not mark it as unsaved. A path of Python: -m looks in this folder.
FIRST   += --ServerApp.contents_manager_class=scripts.lab_files.LessonFiles

VENV := .venv
PY   := $(VENV)/bin/python
PIP  := $(if $(UV),$(UV) pip install --python $(PY),$(PY) -m pip install)
# "moved" when this folder was renamed since the last install, which knows it by its full path.
MOVED := $(shell test "$$(cat $(VENV)/folder 2>/dev/null)" = "$$(pwd -P)" || echo moved)

.PHONY: help lab demo site test unit bench bench-panels format update clean moved
.NOTPARALLEL:

help:
	@echo 'make lab      install what is needed, then open the first lesson in JupyterLab'
	@echo 'make demo     install, then show the training lab full screen, for a projector'
	@echo 'make site     install, then build the site from the lessons, into build/site'
	@echo 'make test     install, then run every test: package, notebooks, browser'
	@echo 'make unit     install, then run the tests of the package only (quick)'
	@echo 'make bench    measure how fast it is here, side by side with the plain way (minutes)'
	@echo 'make bench-panels  measure how live the panels are, without and with a browser'
	@echo 'make format   format Python files and notebooks, and lint them'
	@echo 'make update   get the newest lessons; those you changed are first copied to my_work/'
	@echo 'make clean    remove .venv and caches; your notebooks stay'
	@echo
	@echo 'Options:  PYTHON=python3.12   another Python (3.11 or newer)'
	@echo '          ARGS="..."          passed on: make lab ARGS=--no-browser'
	@echo '          PIP_ARGS="..."      passed on to the installer, uv where there is one, else pip'
	@echo '          UV=                 install with pip though uv is there'

lab: $(VENV)/lab.stamp
	$(PY) -m jupyterlab --ServerApp.root_dir=. $(AS_ROOT) $(FIRST) $(ARGS)

# A page of Voila, in our own template: Voila's load style sheets from the web. demo/voila.json
# names it.
demo: $(VENV)/demo.stamp
	JUPYTER_PATH="$(CURDIR)/demo" $(PY) -m voila demo/training_lab.ipynb \
	  --Voila.config_file_paths=demo $(ARGS)

# Lessons as they are stored, documents, names: to be put on any web server.
site: $(VENV)/site.stamp
	$(PY) -m sphinx -q -E -W --keep-going -d build/doctrees -c site . build/site $(ARGS)
	@echo 'To look at it:  $(PY) -m http.server --directory build/site'

# Two processes share the files of tests, in their order, each with one thread: two would fight for
# the cores. To use a debugger: ARGS="-n 0".
PYTEST := OMP_NUM_THREADS=1 $(PY) -m pytest -n 2 --dist loadfile --no-loadscope-reorder

# One pytest run. nbval executes every notebook cell, in the kernel of .venv, and compares the
# outputs marked for it.
test: $(VENV)/test.stamp
	$(PYTEST) --nbval-lax --nbval-current-env --nbval-cell-timeout=120 tests notebooks $(ARGS)

unit: $(VENV)/test.stamp
	$(PYTEST) tests/unit $(ARGS)

bench: $(VENV)/test.stamp
	$(PY) tests/bench/bench.py $(ARGS)

bench-panels: $(VENV)/test.stamp
	$(PY) tests/browser/bench_panels.py

format: $(VENV)/test.stamp
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

update:
	@"$(PYTHON)" scripts/update_lessons.py

clean:
	rm -rf $(VENV) .pytest_cache *.egg-info build
	find ffteach tests scripts notebooks -name __pycache__ -prune -exec rm -rf {} +

# Packages are installed again when pyproject.toml is newer than the stamp. A stamp is written only
# when that has succeeded. A .venv made by uv has no pip. JupyterLab asks nobody about its news.
STAMPS := $(VENV)/lab.stamp $(VENV)/demo.stamp $(VENV)/site.stamp $(VENV)/test.stamp
$(VENV)/lab.stamp: EXTRA :=
$(VENV)/demo.stamp: EXTRA := [demo]
$(VENV)/site.stamp: EXTRA := [site]
$(VENV)/test.stamp: EXTRA := [test]
$(STAMPS): pyproject.toml $(PY) $(VENV)/bin/activate $(MOVED)
	@$(if $(UV),:,$(PY) -m pip --version >/dev/null 2>&1 || $(PY) -m ensurepip)
	@case "$$(uname -sm)" in 'Darwin x86_64') \
	  echo 'PyPI has no PyTorch for Macs with an Intel processor that is new enough.' >&2;; esac
	$(PIP) $(PIP_ARGS) --editable '.$(EXTRA)'
	@mkdir -p $(VENV)/share/jupyter/lab/settings
	@echo '{"@jupyterlab/apputils-extension:notification": {"fetchNews": "false"}}' \
	  > $(VENV)/share/jupyter/lab/settings/overrides.json
	@pwd -P > $(VENV)/folder
	@touch $(VENV)/lab.stamp $@

# `venv` writes bin/python first and bin/activate last: with both there, it was not interrupted.
$(PY) $(VENV)/bin/activate:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "ffteach needs Python 3.11 or newer; $(PYTHON) is: $$("$(PYTHON)" --version 2>&1)"; \
	  echo "If a newer one is installed, name it:  make $(MAKECMDGOALS) PYTHON=python3.12"; \
	  exit 1; } >&2
	@"$(PYTHON)" -c 'import venv$(if $(UV),,, ensurepip)' || { \
	  echo "$(PYTHON) cannot make virtual environments."; \
	  echo "On Debian and Ubuntu:  sudo apt install python3-venv"; exit 1; } >&2
	"$(PYTHON)" -m venv --clear $(if $(UV),--without-pip) $(VENV)

# ---- exercises (docs/teaching.md)

.PHONY: student marks

# The students' notebooks, made from the teachers' ones.
student: $(VENV)/lab.stamp
	$(PY) scripts/make_student_notebooks.py

# The marking sheet and the lists in docs/teaching.md, from the notebooks and the checks.
marks: $(VENV)/lab.stamp
	$(PY) scripts/marking_sheet.py
