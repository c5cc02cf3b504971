# `make` alone prints the commands. Each command sets itself up first.
.DEFAULT_GOAL := help
SHELL := bash

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.8
RESULTS ?= results

# What a study can be told; empty means: as the plan says.
PLAN ?= laptop
TUNING = T1,T2,T3,T4,T5,T6,T7,T8,T9,T10,T11,T12,T13,T14
ABLATION = guided,guided_unlocalised,guided_unwatched,guided_unweighed,guided_far,guided_undiscarding,guided_unminimised
GUIDED_ = plan.techniques=[guided,random,hebo,bohb,autotrainer]
GUIDED_ablation = plan.techniques=[$(ABLATION)]
GUIDED_reuters = plan=study plan.techniques=[guided,random,hebo,bohb] plan.faults=[R1,R2,R3,R4,R5,R6,R7]
GUIDED_cifar = plan=icst23 plan.techniques=[guided] plan.faults=[C1,C2,C3] clock=work
BUDGET ?= 20
comma := ,
OVERRIDES = plan=$(PLAN) budget=$(BUDGET) results='$(RESULTS)' \
	$(if $(FAULTS),plan.faults=[$(FAULTS)]) \
	$(if $(TECHNIQUES),plan.techniques=[$(TECHNIQUES)]) \
	$(if $(REPEATS),plan.repetitions=$(REPEATS)) \
	$(if $(FRACTION),plan.fraction=$(FRACTION) ++plan.fraction_for=null) \
	$(if $(SEEDS),++plan.seeds=$(SEEDS) ++plan.seeds_for=null) \
	$(if $(SEED),seed=$(SEED)) \
	$(if $(CLOCK),clock=$(CLOCK)) \
	$(if $(SPACE),space=$(SPACE)) \
	$(if $(PROTOCOL),protocol=$(PROTOCOL)) \
	$(if $(CONFIRMATIONS),confirmations=$(CONFIRMATIONS)) \
	$(if $(INDEPENDENT),independent=$(INDEPENDENT)) \
	$(if $(BACKEND),backend=$(BACKEND)) \
	$(if $(WORKERS),workers=$(WORKERS)) \
	$(if $(PER_GPU),per_gpu=$(PER_GPU)) \
	$(ARGS)

.PHONY: help
help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  A study takes PLAN=$(PLAN) BUDGET=$(BUDGET) and, if wanted, FAULTS=D1,D7 TECHNIQUES=hebo REPEATS=3"
	@echo "  SEED=1 CLOCK=wall SPACE=icst23 PROTOCOL=icst23 BACKEND=jax WORKERS=1 RESULTS=folder FAULTS_PATH=folder"

.PHONY: setup
setup: $(VENV)/.ready ## make the environment in .venv; does nothing if it is up to date

$(VENV)/.ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' || { \
		echo "error: $(PYTHON) is $$($(PYTHON) --version 2>&1); Python 3.11 or 3.12 is needed: make setup PYTHON=python3.11" >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@# Compiled now: each process that finds no bytecode would take 5 to 10 s longer to start.
	UV_FIND_LINKS="$$PIP_FIND_LINKS" $(BIN)/uv pip install --quiet --compile-bytecode \
		--python $(BIN)/python --constraints constraints.txt --editable '.[dev]'
	@touch $@

.PHONY: lock
lock: $(VENV)/.ready ## write the versions that are newest now into constraints.txt
	UV_FIND_LINKS="$$PIP_FIND_LINKS" $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
		--upgrade --no-header --no-annotate --extra dev pyproject.toml --output-file constraints.new
	@(sed -n '/^#/p' constraints.txt; grep -vE '^(nvidia|cuda|triton|torch==|--)' constraints.new; \
		sed -nE 's/^ *"(torch==[^"]*)".*/\1/p' pyproject.toml) > constraints.tmp
	@mv constraints.tmp constraints.txt; rm constraints.new

.PHONY: check
check: setup ## lint, format, types, and that imports only go downwards
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -q -p no:cacheprovider tests/test_imports.py

.PHONY: test
test: setup ## the fast tests
	$(BIN)/pytest -q -m "not slow and not gpu"

.PHONY: test-all
test-all: setup ## all tests
	$(BIN)/pytest -q

.PHONY: bench
bench: setup ## measure what docs/performance.md states, side by side; PARTS="commands theia"
	$(BIN)/python -m experiments.bench $(PARTS)

.PHONY: faults
faults: setup ## list the faults: what is wrong, ground truth, operators
	@$(BIN)/python experiments/faults.py

.PHONY: localise
localise: setup ## where is the bug? PROGRAM=train.py, or FAULT=D1; FAULT=all is a table
	@$(BIN)/python -m harness.theia $(if $(FAULT),$(if $(filter all,$(FAULT)),--faults,--fault $(FAULT)),$(PROGRAM)) $(ARGS)

.PHONY: theia-benchmark
theia-benchmark: setup ## what Theia finds in its paper's 39 programs; OUT=folder for CSV files
	@$(BIN)/python -m experiments.theia_benchmark $(if $(OUT),--out '$(OUT)') $(ARGS)

.PHONY: fault
fault: setup ## all that is known of one fault: make fault ID=C1
	@$(BIN)/python -m harness.views.cards show $(ID)

.PHONY: data
data: setup ## download the data sets that some faults need: DATA_SETS=mnist,cifar10,reuters
	@$(BIN)/python experiments/data.py $(DATA_SETS)

.PHONY: baseline
baseline: setup ## train faulty and fixed programs: training time, is the fault exposed?
	@$(BIN)/python experiments/baseline.py $(OVERRIDES)

.PHONY: experiment
experiment: setup ## run a repair study, print and save its tables
	@$(BIN)/python experiments/repair.py $(OVERRIDES)

.PHONY: suspicion
suspicion: setup ## what guided repair suspects in each fault before any edit, by kind of evidence
	@$(BIN)/python experiments/suspicion.py $(OVERRIDES)

.PHONY: guided
guided: setup ## put guided repair beside the other techniques: docs/guided.md; PART=ablation, reuters or cifar
	@$(BIN)/python experiments/guided.py $(OVERRIDES) $(GUIDED_$(PART)) $(if $(PART),part=$(PART))

.PHONY: minimise
minimise: setup ## the smallest part of each stored patch that is as good; counts its trainings
	@$(BIN)/python experiments/minimise.py $(OVERRIDES)

.PHONY: explain
explain: setup ## why each edit is in the patch of one run: make explain RUN=results/runs/D1/guided/...
	@$(BIN)/python experiments/explain.py '$(RUN)'

.PHONY: ablation
ablation: setup ## what each part of guided repair contributes
	@$(BIN)/python experiments/repair.py $(OVERRIDES) plan.techniques=[$(ABLATION)]

.PHONY: tuning
tuning: setup ## guided repair on the faults of tuning/, which no evaluation uses
	@FAULTS_PATH=tuning $(BIN)/python experiments/repair.py $(OVERRIDES) plan.techniques=[guided] \
		plan.faults=[$(TUNING)]

LAUNCHER ?= local
CHUNKS ?= 2
.PHONY: sweep
sweep: setup ## a study as CHUNKS=8 jobs, LAUNCHER=slurm or local; LAUNCH='hydra.launcher.partition=...'
	@$(BIN)/python experiments/repair.py -m hydra/launcher=submitit_$(LAUNCHER) $(LAUNCH) \
		$(OVERRIDES) chunk=$(shell seq -s, -f '%g/$(CHUNKS)' $(CHUNKS))
	@# One process at the end: tables, and the mirror in MLflow.
	@$(BIN)/python experiments/repair.py $(OVERRIDES)

.PHONY: cost
cost: setup ## what a study will take: hours, GPU hours and disk; GPUS=8 PER_GPU=2
	@$(BIN)/python experiments/cost.py $(OVERRIDES) $(if $(GPUS),gpus=$(GPUS))

.PHONY: missing
missing: setup ## what a study still lacks; the last line counts it
	@$(BIN)/python experiments/missing.py $(OVERRIDES)

.PHONY: tables
tables: setup ## rebuild a study's tables from its stored runs
	@$(BIN)/python experiments/tables.py $(OVERRIDES)

.PHONY: report
report: setup ## one page about a study, with figures; SOURCE=icst23 for the published runs
	@$(BIN)/python experiments/report.py $(OVERRIDES) $(if $(SOURCE),source=$(SOURCE))

.PHONY: study
study: setup ## put our own study beside the published one: docs/study.md, from stored runs
	@$(BIN)/python experiments/study.py $(OVERRIDES) plan=study

.PHONY: notebooks
notebooks: setup ## execute the notebooks on a study's results
	@$(BIN)/python experiments/notebooks.py $(OVERRIDES)

.PHONY: mutants
mutants: setup ## make mutants of SUBJECT, and faults of those that are killed
	@$(BIN)/python experiments/mutants.py results='$(RESULTS)' $(if $(SUBJECT),subject=$(SUBJECT)) \
		$(if $(OPERATORS),operators=[$(OPERATORS)]) $(if $(SEED),seed=$(SEED)) \
		$(if $(FRACTION),fraction=$(FRACTION)) $(if $(BACKEND),backend=$(BACKEND)) \
		$(if $(WORKERS),workers=$(WORKERS)) $(ARGS)

.PHONY: published
published: setup ## recompute the published study, as published and corrected
	@$(BIN)/python experiments/published.py $(if $(OUT),--out '$(OUT)') $(if $(PACKAGE),--package '$(PACKAGE)') \
		$(if $(PROTOCOL),--protocol '$(PROTOCOL)') $(if $(FAULTS),--faults '$(FAULTS)') $(ARGS)

.PHONY: autotrainer
autotrainer: setup ## repair a saved model: MODEL=model.keras CONFIG=training.json DATA=data.npz OUT=folder
	@$(BIN)/python experiments/autotrainer.py '$(MODEL)' '$(CONFIG)' '$(DATA)' '$(OUT)' \
		$(if $(BACKEND),--backend '$(BACKEND)') $(if $(TRUST),--trust) $(ARGS)

.PHONY: autotrainer-evidence
autotrainer-evidence: setup ## rebuild docs/autotrainer.md: demos, cases and published figures
	@$(BIN)/python -m experiments.autotrainer_evidence $(if $(OUT),--out '$(OUT)') $(ARGS)

.PHONY: mlflow
mlflow: setup ## browse the runs in MLflow's user interface
	$(BIN)/mlflow ui --backend-store-uri sqlite:///$(RESULTS)/mlflow.db

.PHONY: clean
clean: ## remove the environment and caches; results stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
