# The words of this house: setup · run · test · lint · seed · bench · screenshots
# `make run` and `make test` are all that a new machine needs; everything lands in .venv and .vigil.

PYTHON ?= python3
PORT   ?= 8501
WORKERS ?= 2
VENV   := .venv
BIN    := $(VENV)/bin
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: setup run test lint seed bench chaos screenshots

setup: $(VENV)/.run

run: $(VENV)/.run
	@$(BIN)/python -m engine seed --if-empty
	@echo
	@echo "  守望 Vigil   http://localhost:$(PORT)"
	@echo
	@$(BIN)/python -m streamlit run app.py --server.port $(PORT)

test: $(VENV)/.test
	@sh .ci/browser
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

seed: $(VENV)/.run
	$(BIN)/python -m engine seed --anew

bench: $(VENV)/.test
	$(BIN)/python -m engine bench load night security handover
	@sh .ci/browser
	$(BIN)/python -m tests.bench_pages

chaos: $(VENV)/.test
	VIGIL_TRIALS=20 $(BIN)/python -m pytest tests/test_once.py tests/test_oracle.py tests/test_feeds.py tests/test_visits_api.py tests/test_visit_phone.py

screenshots: $(VENV)/.test
	@sh .ci/browser
	$(BIN)/python -m tests.screenshots

$(VENV)/.run: requirements.txt
	@$(PYTHON) .ci/make_venv.py $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.test: requirements-dev.txt $(VENV)/.run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@
