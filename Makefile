# Every target first installs what it needs into .venv. Python 3.11-3.13 and make are enough.
#
#   make app                      open the dashboard (ADDRESS=0.0.0.0: serve it on the network,
#                                 HOSTS=NAME: under this name only)
#   make check                    linters, types, docstrings and tests without browser or training
#   make test                     all tests
#   make lint                     linters, types and docstrings
#   make train DATA=genres/       train on a folder genre/track.ext (or LOGMEL=logmel.npz)
#   make bench DATA=gtzan/        repeat the README's measurements

# The newest supported interpreter that can create virtual environments.
PYTHON ?= $(shell for candidate in python3.13 python3.12 python3.11 python3; do \
	if $$candidate -c 'import ensurepip, sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	2>/dev/null; then echo $$candidate; break; fi; done)

ADDRESS ?= localhost
# Names under which browsers may reach the dashboard; any, if it serves a network.
HOSTS ?= $(if $(filter localhost 127.0.0.1,$(ADDRESS)),,*)

VENV := .venv
RUN := $(VENV)/bin/python
CHECKED := core dashboard tests benchmarks examples docs train.py

# Tests run in two processes; tests/conftest.py groups and orders them.
WORKERS ?= 2
PYTEST := $(RUN) -m pytest --numprocesses=$(WORKERS)

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: app check test lint train train-data bench bench-data
.DELETE_ON_ERROR:

app: $(VENV)/.installed
	$(RUN) -m streamlit run dashboard/app.py --server.showEmailPrompt=false \
	--server.address=$(ADDRESS) $(patsubst %,--server.allowedHosts='%',$(HOSTS))

test: $(VENV)/.installed-dev $(VENV)/.axe
	$(PYTEST)

check: lint
	$(PYTEST) -m "not e2e and not training"

lint: $(VENV)/.installed-dev
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy $(wildcard $(CHECKED))
	$(RUN) -W ignore::UserWarning -m numpydoc lint $(shell find $(filter-out tests,$(CHECKED)) -name '*.py')

train: train-data $(VENV)/.installed
	$(RUN) train.py $(if $(DATA),--data "$(DATA)",--logmel "$(LOGMEL)")

bench: bench-data $(VENV)/.installed-dev
	$(RUN) benchmarks/faithfulness.py --data "$(DATA)"
	$(RUN) benchmarks/mixes.py --data "$(DATA)"
	$(RUN) benchmarks/estimator.py --logmel "$(DATA)/logmel.npz"
	$(RUN) benchmarks/ablation.py --logmel "$(DATA)/logmel.npz"
	$(RUN) benchmarks/order.py --logmel "$(DATA)/logmel.npz"
	$(RUN) benchmarks/transfer.py --data "$(DATA)"
	$(RUN) benchmarks/archive_agreement.py --data "$(DATA)"
	$(RUN) benchmarks/leaderboard.py
	-$(RUN) benchmarks/budgets.py
	$(RUN) benchmarks/tables.py

train-data:
	@test -n "$(DATA)$(LOGMEL)" || { \
	echo "Specify the training data: make train DATA=FOLDER (genre/track.ext) or LOGMEL=FILE.npz"; exit 2; }

bench-data:
	@test -n "$(DATA)" || { echo "Specify the folder of recordings: make bench DATA=FOLDER"; exit 2; }

$(VENV)/.created:
	@test -n "$(PYTHON)" || { \
	echo "Groove-Guide needs Python 3.11, 3.12 or 3.13 with the venv module, but none was found."; \
	echo "Install one (Debian and Ubuntu: apt install python3 python3-venv) or specify one: make PYTHON=/path/to/python"; \
	exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null || { \
	echo "Groove-Guide needs Python 3.11, 3.12 or 3.13; $(PYTHON) is another version."; exit 1; }
	"$(PYTHON)" -m venv $(VENV)
	@touch $@

$(VENV)/.installed: requirements.txt | $(VENV)/.created
	$(RUN) -m pip install --requirement requirements.txt
	@touch $@

# Rules for the accessibility test, which is skipped without npm.
$(VENV)/.axe: tests/e2e/package.json | $(VENV)/.created
	@if command -v npm >/dev/null; then \
	npm install --prefix tests/e2e --no-package-lock --ignore-scripts --no-audit --no-fund; fi
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt requirements.txt | $(VENV)/.created
	$(RUN) -m pip install --requirement requirements-dev.txt
	@touch $(VENV)/.installed $@
