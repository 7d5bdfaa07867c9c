# Python writes its caches, even if the environment forbids it: compiling at every start doubles the time.
unexport PYTHONDONTWRITEBYTECODE

# A name on PATH may be a shim without an interpreter, so each candidate is run once.
CANDIDATES := $(foreach v,3.13 3.12 3.11 3.14,python$(v) $(wildcard $(or $(PYENV_ROOT),$(HOME)/.pyenv)/versions/$(v).*/bin/python))
PYTHON ?= $(shell for p in $(CANDIDATES); do "$$p" -c 'import ensurepip' 2>/dev/null && { echo "$$p"; break; }; done)

# Run as many sessions at a time as there are cores. The longest ones use several processes, because they also wait.
NOX := .venv/bin/nox --no-install --reuse-existing-virtualenvs --parallel auto

# Run a command, and print the slowest tests at the end, also if it failed.
run = rm -rf .cache/junit; $(1); code=$$?; .venv/bin/python tests/slowest.py .cache/junit; exit $$code

.DEFAULT_GOAL := help
.PHONY: siptools help demo test test-all test-core lint docs simulator contract bench torture clean

help:  ## Show this list
	@sed -n 's/^\([a-z-]*\):.*##/\1\t/p' $(MAKEFILE_LIST) | expand -t 14

demo: .venv-demo/ready  ## Run a playbook against the simulator; needs no account
	PYTHONPATH=tests .venv-demo/bin/python tests/demo/run.py

test: .nox/ready siptools  ## Run the tests that each change must pass: about ten minutes on two cores
	@$(call run,$(NOX))

test-all: .nox/ready-all siptools  ## Run all tests on each ansible-core, and long fault injection: more than an hour
	@$(call run,$(NOX) || failed=1; $(NOX) --tags matrix && [ -z "$$failed" ])

test-core: .venv/ready  ## Run the playbook and sanity tests on one ansible-core (for example CORE=2.17)
	.venv/bin/nox --reuse-existing-virtualenvs --parallel auto --session integration-$(CORE) sanity-$(CORE)

# Real SIP software for the tests that are skipped without it. Installed only as root, where no password is needed.
siptools:
	@if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] && ! { command -v kamailio && command -v sipp; } >/dev/null; then \
		{ timeout 120 apt-get update && DEBIAN_FRONTEND=noninteractive timeout 120 apt-get install --yes --no-install-recommends \
			kamailio kamailio-tls-modules sip-tester; } >/dev/null 2>&1 || echo 'kamailio and sipp could not be installed'; \
	fi

lint: .nox/ready  ## Run only the static checks
	$(NOX) --session ruff mypy changelog github yamllint antsibull-nox-config docs-check extra-checks build-import-check license-check ansible-lint

docs: .venv/ready  ## Build the documentation site in .cache/docs
	.venv/bin/nox --reuse-existing-virtualenvs --session docs

simulator: .venv-demo/ready  ## Run the simulator of the API in the foreground
	PYTHONPATH=tests .venv-demo/bin/python -m simulator --agent "Front desk" --agent "Night desk"

contract: .venv-demo/ready  ## Check docs/api.md against the API at VOX_API_URL; only reads (WRITE=yes NUMBER=... ADDRESS=...: also writes)
	@PYTHONPATH=tests exec .venv-demo/bin/python -m contract

bench: .venv-demo/ready  ## Run the benchmarks: a few minutes for one number, half an hour for many, ten minutes for many hosts
	PYTHONPATH=tests .venv-demo/bin/python tests/benchmark/run.py
	PYTHONPATH=tests .venv-demo/bin/python tests/benchmark/many.py
	PYTHONPATH=tests .venv-demo/bin/python tests/benchmark/hosts.py

torture: .venv/ready  ## Run the long fault injection tests (EFFORT=100: for hours)
	.venv/bin/python -m pytest tests/torture -n auto --effort $(or $(EFFORT),5) -o faulthandler_timeout=3600

clean:  ## Remove environments and caches
	rm -rf .venv .venv-demo .nox .cache .ansible .hypothesis .mypy_cache .pytest_cache .ruff_cache tests/output

.venv-demo/ready: tests/requirements/demo.txt tests/requirements/simulator.txt
.venv/ready: $(wildcard tests/requirements/*.txt)

.venv/ready: REQUIREMENTS := tests/requirements/test.txt
.venv-demo/ready: REQUIREMENTS := tests/requirements/demo.txt
.venv/ready .venv-demo/ready:
	$(if $(PYTHON),,$(error No working Python 3.11 or newer was found))
	rm -rf $(@D)
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --requirement $(REQUIREMENTS)
	touch $@

# Install the environments of all sessions in one step, so an interrupted run leaves no incomplete ones.
INSTALL = .venv/bin/nox --install-only --parallel auto $(1) >$(@D)/install.log 2>&1 || { cat $(@D)/install.log; exit 1; }

.nox/ready: .venv/ready noxfile.py tests/cores.py antsibull-nox.toml tests/unit/requirements.txt
	rm -rf .nox
	mkdir .nox
	@echo 'Installing the environments of the sessions (log: .nox/install.log)'
	@$(call INSTALL)
	touch $@

.nox/ready-all: .nox/ready
	@echo 'Installing the environments of the other sessions (log: .nox/install.log)'
	@$(call INSTALL,--tags matrix)
	touch $@
