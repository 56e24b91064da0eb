# Every target sets up what it needs: Python 3.11 or 3.12 and make are enough to begin with.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
UV := 0.13.8
TORCH := 2.13.0
PYTHON ?= $(shell for p in python3.12 python3.11 python3; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null && echo $$p && break; done)
READY := $(VENV)/.ready

# Nothing is reported to anyone, and two busy cores are not fought over.
export DO_NOT_TRACK = 1
export GX_ANALYTICS_ENABLED = false
export MLFLOW_DISABLE_TELEMETRY = true
export BENTOML_DO_NOT_TRACK = True
export OMP_WAIT_POLICY = PASSIVE
export PATH := $(CURDIR)/$(BIN):$(PATH)

# The source of the tickets: nothing (as params.yaml says), or
#   SOURCE=sample | SOURCE=kaggle | SOURCE=twcs TWCS=path/to/twcs.csv
#   SOURCE=csv CSV=path TEXT=column [CATEGORY=column] [PRIORITY=column] [ID=column] [DATE=column]
SOURCE ?=
ifeq ($(SOURCE),twcs)
CHOICE = twcs "$(TWCS)"
else ifeq ($(SOURCE),csv)
CHOICE = csv "$(CSV)" --text "$(or $(TEXT),text)" $(foreach c,category priority id,$(if $($(shell echo $(c) | tr a-z A-Z)),--$(c) "$($(shell echo $(c) | tr a-z A-Z))")) $(if $(DATE),--created-at "$(DATE)")
else
CHOICE = $(SOURCE)
endif

.PHONY: help setup pipeline package rollout rollback serve mlflow torch label-report label-sources test lint audit-code fuzz format push pull bench-ingest bench-score bench-predict bench-serve bench-log evaluate-real simulate deps locks annotate split-gold clean

help: ## This list
	@echo "Ticket Triage: category and priority of support tickets, with a confidence that can be believed."
	@echo
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | awk -F'\t' '{printf "  make %-13s %s\n", $$1, $$2}'
	@echo
	@echo "  make pipeline SOURCE=twcs TWCS=path/to/twcs.csv          the Kaggle file"
	@echo "  make pipeline SOURCE=csv CSV=my.csv TEXT=body CATEGORY=topic   your own tickets"

$(READY): requirements/pipeline.txt requirements/bare.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or 3.12 with venv is needed (Debian: apt-get install python3 python3-venv)"; exit 1; }
	@test -x $(BIN)/python || { echo "making $(VENV) with $(PYTHON)"; $(PYTHON) -m venv $(VENV); }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV)
	@echo "installing packages (about 2 GB, a few minutes the first time)"
	@$(BIN)/uv pip install --python $(BIN)/python --quiet --compile-bytecode --require-hashes -r requirements/pipeline.txt
	@$(BIN)/uv pip install --python $(BIN)/python --quiet --no-deps --require-hashes -r requirements/bare.txt
	@$(BIN)/uv pip install --python $(BIN)/python --quiet --no-deps --editable .
	@touch $@

setup: $(READY) ## Make .venv with everything in it, at the locked versions

pipeline: $(READY) ## Tickets to a served champion: dvc repro, then a summary
	@$(if $(SOURCE),ticket-triage source $(CHOICE))
	@python -m pipelines

# What is tried: VERSION= of the registry, or CHALLENGER= a folder; in a Bento, or else by the service that runs.
TRIED = $(if $(VERSION),--version $(VERSION)) $(if $(CHALLENGER),--challenger "$(CHALLENGER)")

package: $(READY) ## Package the champion of the registry, and with VERSION= or CHALLENGER= one to try beside it
	@dvc repro package
	@$(if $(VERSION)$(CHALLENGER),ticket-triage rollout package $(TRIED))

rollout: $(READY) ## Try a version on a share of the tickets: make rollout VERSION=7 [SHARE=0.05]
	@ticket-triage rollout start --share $(or $(SHARE),0.05) $(TRIED) $(if $(WHY),--why "$(WHY)")

# Three stages and none before them: what else changed must not be trained first. A rollout needs nothing packaged.
rollback: $(READY) ## Take back a rollout, or else the champion: the previous one is packaged and answers
	@said="$$(ticket-triage rollback $(if $(WHY),--why "$(WHY)"))"; echo "$$said"; \
	if [[ "$$said" == *"next: make package"* ]]; then \
		dvc repro --single-item probe promote package; \
		ticket-triage rollout swap data/models/champion --if-running $(if $(WHY),--why "$(WHY)"); \
	fi

serve: $(READY) ## Answer POST /predict-ticket on http://127.0.0.1:3000, to this machine alone, without keys
	@ticket-triage serve --open $(if $(PORT),--port $(PORT))

mlflow: $(READY) ## The MLflow UI on http://127.0.0.1:5000
	@MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false mlflow server --host 127.0.0.1 --port $(or $(PORT),5000) \
		--backend-store-uri "$${MLFLOW_TRACKING_URI:-sqlite:///$(CURDIR)/mlflow.db}" \
		--default-artifact-root "file://$(CURDIR)/mlruns/artifacts"

# In a folder of its own: where it can be imported, scikit-learn does, and every command takes two seconds longer.
torch: $(READY) ## PyTorch for processors, which `encode.mode: tuned` needs (700 MB)
	@test -d $(VENV)/torch/torch || python -m pip install --quiet --target $(VENV)/torch torch==$(TORCH)+cpu 2>/dev/null || \
		uv pip install --quiet --target $(VENV)/torch --torch-backend cpu torch==$(TORCH)

label-report: $(READY) ## Which tickets an edit of the taxonomy flips, and how good each rule is, before anything is trained
	@ticket-triage label-report

label-sources: $(READY) ## Whether second and weak labels help beside gold alone, out of fold
	@ticket-triage label-sources

audit-code: $(READY) ## What bandit says of our code, and advisories of the serving packages where they can be had
	@.ci/audit

lint: $(READY) ## Style and types
	@ruff check . && ruff format --check . && mypy

format: $(READY) ## Let ruff rewrite what it can
	@ruff check --fix . ; ruff format .

test: lint ## Lint, types and all tests, on two cores
	@pytest -n 2 --dist loadgroup --no-loadscope-reorder

fuzz: $(READY) ## The whole OpenAPI document against a server: make fuzz [CASES=5000]
	@FUZZ_CASES=$(or $(CASES),5000) pytest -q -s tests/test_fuzz.py

push: $(READY) ## Send data and models to the DVC remote REMOTE=folder or address
	@$(if $(REMOTE),dvc remote add --quiet --local --force --default store "$(REMOTE)")
	@dvc push

pull: $(READY) ## Get data and models from it, on any machine
	@$(if $(REMOTE),dvc remote add --quiet --local --force --default store "$(REMOTE)")
	@dvc pull --allow-missing

bench-ingest: $(READY) ## Ingest of 2.8 million rows beside pyarrow's plain reading
	@python benchmarks/bench_ingest.py

bench-score: $(READY) ## Tickets a second of the champion on one core beside plain scikit-learn
	@python benchmarks/bench_score.py

bench-predict: $(READY) ## Milliseconds of one prediction on one core beside plain scikit-learn
	@python benchmarks/bench_predict.py

bench-serve: $(READY) ## The service under load beside a bare FastAPI and MLflow's server: make bench-serve [FULL=1]
	@SECONDS_EACH="$(SECONDS_EACH)" ROUNDS="$(ROUNDS)" WORKERS="$(WORKERS)" FULL="$(FULL)" ONLY="$(ONLY)" MODEL="$(MODEL)" python benchmarks/bench_serve.py

bench-log: $(READY) ## What an answer's record costs, and reading one of a million, on SQLite and PostgreSQL
	@python benchmarks/bench_log.py

# Full mode on real tickets: the encoder fine-tuned and frozen, the winner fitted on validation too, a trial more of each family. TWCS= a file of the Kaggle form, OPENERS= first messages as csv with the columns id and text, UNLABELLED= more of them without gold, with tweet_id and text, of which the encoder teaches itself 5,000, PRECISION=bfloat16 for a processor that has it.
evaluate-real: $(READY) ## Real tickets, the encoder fine-tuned: make evaluate-real TWCS=twcs.csv OPENERS=openers.csv [UNLABELLED=more.csv] [PRECISION=bfloat16]
	@ticket-triage source twcs "$(TWCS)"
	@$(MAKE) --no-print-directory torch
	@$(if $(OPENERS),ticket-triage source csv "$(OPENERS)" --text text --id id --gold data/gold/gold.csv --add)
	@$(if $(UNLABELLED),ticket-triage source csv "$(UNLABELLED)" --text text --id tweet_id --add)
	@sed -i.before -E 's/^  mode: (none|frozen|tuned|both)/  mode: both/; s/^  with_validation: false/  with_validation: true/; s/^  trials: 2 /  trials: 3 /' params.yaml
	@sed -i.before -E 's/^    unlabelled: (0|5000) /    unlabelled: $(if $(UNLABELLED),5000,0) /; s/^    precision: [^ ]+ /    precision: $(or $(PRECISION),float32) /' params.yaml
	@rm params.yaml.before
	@python -m pipelines

simulate: $(READY) ## What other thresholds would cost: make simulate [CAN=40 INCOMING=100 COST="review=2 missed_urgent=90"]
	@ticket-triage simulate $(if $(CAN),--reviewers-can $(CAN)) $(if $(INCOMING),--incoming $(INCOMING)) $(foreach c,$(COST),--cost $(c))

deps: $(READY) ## Write into dvc.yaml what each stage imports
	@python -m pipelines.deps

locks: $(READY) ## Resolve requirements/*.txt anew, with hashes and no address of an index
	@uv pip compile --quiet --upgrade pyproject.toml --extra serve --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --no-annotate -o requirements/serve.txt
	@uv pip compile --quiet --upgrade pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --no-annotate -c requirements/serve.txt -o requirements/pipeline.txt

annotate: $(READY) ## Read tickets and label them: make annotate [ARGS="--again --annotator sam"]
	@ticket-triage annotate $(ARGS)

split-gold: $(READY) ## Add gold texts that have no part yet to data/gold/split.csv
	@python -m ticket_triage.labeling.committed data/validated/tickets.parquet data/gold/gold.csv data/taxonomy.yaml data/gold/annotations.csv data/gold/split.csv

clean: ## Delete what the pipeline made (not .venv, not the DVC cache)
	@rm -rf bentos mlruns mlflow.db build benchmarks/out .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@git clean -fdXq data
