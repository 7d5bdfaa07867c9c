# Python writes its caches, even where the environment says otherwise: compiling at every start doubles the time taken.
unexport PYTHONDONTWRITEBYTECODE

# A name on PATH may be a shim with nothing behind it, so a candidate counts once it has run.
CANDIDATES := $(foreach v,3.13 3.12 3.11 3.14,python$(v) $(wildcard $(or $(PYENV_ROOT),$(HOME)/.pyenv)/versions/$(v).*/bin/python))
PYTHON ?= $(shell for p in $(CANDIDATES); do "$$p" -c 'import ensurepip' 2>/dev/null && { echo "$$p"; break; }; done)

# As many sessions at once as there are cores.
NOX := .venv/bin/nox --no-install --reuse-existing-virtualenvs --parallel auto

# Run a command, and print the slowest tests at the end, whatever came of it.
run = rm -rf .cache/junit; $(1); code=$$?; .venv/bin/python tests/slowest.py .cache/junit; exit $$code

.DEFAULT_GOAL := help
.PHONY: siptools help demo test test-all test-core lint docs simulator contract bench torture clean

help:  ## Show this list
	@sed -n 's/^\([a-z-]*\):.*##/\1\t/p' $(MAKEFILE_LIST) | expand -t 14

demo: .venv-demo/ready  ## Run playbooks against the simulator, nothing else needed
	PYTHONPATH=tests .venv-demo/bin/python tests/demo/run.py

test: .nox/ready siptools  ## Run what tells whether a change is right: about ten minutes on two cores
	@$(call run,$(NOX))

test-all: .nox/ready-all siptools  ## Run all of it, on each ansible-core, with the long torture: more than an hour
	@$(call run,$(NOX) || failed=1; $(NOX) --tags matrix && [ -z "$$failed" ])

test-core: .venv/ready  ## Run the playbook and sanity tests on one ansible-core, CORE=2.17 say
	.venv/bin/nox --reuse-existing-virtualenvs --parallel auto --session integration-$(CORE) sanity-$(CORE)

# Real SIP software, for the tests that need it and are skipped without it. Only where nobody has to be asked.
siptools:
	@if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] && ! { command -v kamailio && command -v sipp; } >/dev/null; then \
		{ timeout 120 apt-get update && DEBIAN_FRONTEND=noninteractive timeout 120 apt-get install --yes --no-install-recommends \
			kamailio kamailio-tls-modules sip-tester; } >/dev/null 2>&1 || echo 'kamailio and sipp could not be installed'; \
	fi

lint: .nox/ready  ## Run the static checks alone
	$(NOX) --session ruff mypy changelog github yamllint antsibull-nox-config docs-check extra-checks build-import-check license-check ansible-lint

docs: .venv/ready  ## Make the documentation site in .cache/docs
	.venv/bin/nox --reuse-existing-virtualenvs --session docs

simulator: .venv-demo/ready  ## Run the simulated API in the foreground
	PYTHONPATH=tests .venv-demo/bin/python -m simulator --agent "Front desk" --agent "Night desk"

contract: .venv-demo/ready  ## Check docs/api.md against the API at VOX_API_URL, by reads only (WRITE=yes NUMBER=... ADDRESS=...: also by writes)
	@PYTHONPATH=tests .venv-demo/bin/python -m contract

bench: .venv-demo/ready  ## Measure against the simulator: a few minutes for one number, half an hour for many
	PYTHONPATH=tests .venv-demo/bin/python tests/benchmark/run.py
	PYTHONPATH=tests .venv-demo/bin/python tests/benchmark/many.py

torture: .venv/ready  ## Let everything go wrong that can, and count what must not come of it (EFFORT=100: for hours)
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

# The environments of all sessions at once: a run cut short leaves no half of them behind.
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
