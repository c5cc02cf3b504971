# `make` alone prints the commands. Each is one line on top of `dnn-repair`, and sets itself up first.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -f -c

PYTHON ?= python3
VENV := .venv
BIN = $(VENV)/bin
UV_VERSION := 0.13.8

PLAN ?= laptop
BUDGET ?= 20
RESULTS ?= results
LAUNCHER ?= local
CHUNKS ?= 2

# What may stand on the command line. Empty means: as the plan or the program says.
STUDY_VARIABLES = PLAN BUDGET FAULTS TECHNIQUES REPEATS FRACTION SEEDS SEED CLOCK SPACE PROTOCOL \
	CONFIRMATIONS INDEPENDENT BACKEND WORKERS PER_GPU RESULTS ARGS
OTHER_VARIABLES = FAULT PROGRAM ID DATA_SETS MODEL CONFIG DATA OUT TRUST RUN SUBJECT OPERATORS PART \
	SOURCE PACKAGE GPUS LAUNCHER LAUNCH CHUNKS PARTS TIMES
PLACES = PYTHON VENV BIN UV_VERSION
ENVIRONMENT = FAULTS_PATH HARNESS_DATA KERAS_HOME PYTHONPATH XDG_CACHE_HOME PIP_FIND_LINKS \
	CUDA_VISIBLE_DEVICES TF_ENABLE_ONEDNN_OPTS TIME_LIMIT TIME_SLACK RAY_START WORKER_START
VARIABLES = $(STUDY_VARIABLES) $(OTHER_VARIABLES) $(PLACES) $(ENVIRONMENT)

quoted = '$(subst ','\'',$(1))'
given := $(foreach name,$(.VARIABLES),$(if $(filter command,$(firstword $(origin $(name)))),$(name)))
unknown := $(filter-out $(VARIABLES) SHELL MAKEFLAGS,$(given))
SUGGEST = from difflib import get_close_matches as close; import sys; \
	found = close(sys.argv[1].upper(), sys.argv[2:], 1); \
	print(f" Did you mean {found[0]}?" if found else "")
ifneq ($(unknown),)
$(error no variable $(firstword $(unknown)).$(shell python3 -c $(call quoted,$(SUGGEST)) \
	$(call quoted,$(firstword $(unknown))) $(VARIABLES)) `make` lists what a study takes)
endif
ifeq ($(strip $(value RESULTS)),)
$(error RESULTS is empty. Name a folder: RESULTS=results)
endif
# The environment's folder is a target of make, which reads some characters its own way.
open := (
close := )
odd := $(foreach mark,: % ; & | ' " * ? = ~ < > ` \ \# $$ $(open) $(close),$(findstring $(mark),$(value VENV)))
ifneq ($(words $(value VENV))$(strip $(odd)),1)
$(error VENV is a folder whose name has no blanks and none of : % ; & | ' " * ? = ~ < > ` \ $$ \# and brackets: VENV=.venv)
endif
ifeq ($(filter $(value TRUST),1 true 0 false),$(value TRUST))
else
$(error TRUST is true or false. TRUST=1 lets code in the file of the model run)
endif
ifneq ($(words $(value TRUST)),$(if $(value TRUST),1,0))
$(error TRUST is true or false. TRUST=1 lets code in the file of the model run)
endif

# Values reach the recipes through the environment, as "$$NAME": neither make nor the shell reads
# what they contain. `override` takes a value as it stands, dollar signs included.
as_it_stands = $(eval override $(1) := $$(value $(1)))$(eval export $(1))
$(foreach name,$(filter-out BIN,$(VARIABLES)),$(if $(filter undefined,$(origin $(name))),,$(call as_it_stands,$(name))))
ifneq ($(origin BIN),command line)
BIN := $(BIN)
endif
$(call as_it_stands,BIN)

REPAIR = "$$BIN/dnn-repair"
EXPERIMENT = "$$BIN/python" experiments
CHOICES = plan="$$PLAN" budget="$$BUDGET" \
	$(if $(FAULTS),plan.faults="[$$FAULTS]") \
	$(if $(TECHNIQUES),plan.techniques="[$$TECHNIQUES]") \
	$(if $(REPEATS),plan.repetitions="$$REPEATS") \
	$(if $(FRACTION),plan.fraction="$$FRACTION" ++plan.fraction_for=null) \
	$(if $(SEEDS),++plan.seeds="$$SEEDS" ++plan.seeds_for=null) \
	$(if $(SEED),seed="$$SEED") \
	$(if $(CLOCK),clock="$$CLOCK") \
	$(if $(SPACE),space="$$SPACE") \
	$(if $(PROTOCOL),protocol="$$PROTOCOL") \
	$(if $(CONFIRMATIONS),confirmations="$$CONFIRMATIONS") \
	$(if $(INDEPENDENT),independent="$$INDEPENDENT") \
	$(if $(BACKEND),backend="$$BACKEND") \
	$(if $(WORKERS),workers="$$WORKERS") \
	$(if $(PER_GPU),per_gpu="$$PER_GPU")
STUDY = $(CHOICES) results="$$RESULTS" $$ARGS
# For Hydra, a folder's name stands in quotes of its own.
HYDRA = $(CHOICES) results="'$${RESULTS//\'/\\\'}'" $$ARGS

ABLATION = guided,guided_unlocalised,guided_unwatched,guided_unweighed,guided_far,guided_undiscarding,guided_unminimised
TUNING = T1,T2,T3,T4,T5,T6,T7,T8,T9,T10,T11,T12,T13,T14
GUIDED_ = plan.techniques=[guided,random,hebo,bohb,autotrainer]
GUIDED_ablation = plan.techniques=[$(ABLATION)]
GUIDED_reuters = plan=study plan.techniques=[guided,random,hebo,bohb] plan.faults=[R1,R2,R3,R4,R5,R6,R7]
GUIDED_cifar = plan=icst23 plan.techniques=[guided] plan.faults=[C1,C2,C3] clock=work

.PHONY: help
help: ## print this list
	@awk -F ':.*## ' '/^##@ / {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z-]+:.*## / {printf "  make %-20s %s\n", $$1, $$2}' Makefile
	@echo
	@printf '  A study takes PLAN=%s BUDGET=%s RESULTS=%s' "$$PLAN" "$$BUDGET" "$$RESULTS"
	@echo ' and, if wanted, FAULTS=D1,D7 TECHNIQUES=hebo'
	@echo '  REPEATS=3 SEED=1 CLOCK=work SPACE=icst23 PROTOCOL=icst23 BACKEND=jax WORKERS=1 FAULTS_PATH=folder.'
	@echo '  Seconds that things may take, see docs/limits.md: TIME_LIMIT=7200 TIME_SLACK=120 RAY_START=30 WORKER_START=120.'

##@ Use it

.PHONY: experiment
experiment: setup ## run a repair study, print and save its tables
	@$(REPAIR) run $(STUDY)

.PHONY: localise
localise: setup ## where is the bug? PROGRAM=train.py, or FAULT=D1; FAULT=all is a table
	@$(REPAIR) localise $(if $(FAULT),$(if $(filter all,$(FAULT)),--faults,--fault "$$FAULT"),"$$PROGRAM") $$ARGS

.PHONY: autotrainer
autotrainer: setup ## repair a saved model: MODEL=model.keras CONFIG=training.json DATA=data.npz OUT=folder
	@$(REPAIR) autotrainer "$$MODEL" "$$CONFIG" "$$DATA" "$$OUT" $(if $(BACKEND),--backend "$$BACKEND") $(if $(filter 1 true,$(TRUST)),--trust) $$ARGS

.PHONY: faults
faults: setup ## list the faults: what is wrong, ground truth, operators
	@$(REPAIR) faults

.PHONY: fault
fault: setup ## all that is known of one fault: make fault ID=C1
	@$(REPAIR) faults show "$$ID"

.PHONY: data
data: setup ## download the data sets that some faults need: DATA_SETS=mnist,cifar10,reuters
	@$(REPAIR) data $(if $(DATA_SETS),"$$DATA_SETS")

.PHONY: tables
tables: setup ## rebuild a study's tables from its stored runs
	@$(REPAIR) tables $(STUDY)

.PHONY: report
report: setup ## one page about a study, with figures; SOURCE=icst23 for the published runs
	@$(REPAIR) report $(STUDY) $(if $(SOURCE),source="$$SOURCE")

.PHONY: missing
missing: setup ## what a study still lacks; the last line counts it
	@$(REPAIR) missing $(STUDY)

.PHONY: cost
cost: setup ## what a study will take: hours, GPU hours and disk; GPUS=8 PER_GPU=2
	@$(REPAIR) cost $(STUDY) $(if $(GPUS),gpus="$$GPUS")

.PHONY: minimise
minimise: setup ## the smallest part of each stored patch that is as good; counts its trainings
	@$(REPAIR) minimise $(STUDY)

.PHONY: explain
explain: setup ## why each edit is in the patch of one run: make explain RUN=results/runs/D1/guided/...
	@$(REPAIR) explain "$$RUN"

.PHONY: published
published: setup ## recompute the published study, as published and corrected
	@$(REPAIR) published $(if $(OUT),--out "$$OUT") $(if $(PACKAGE),--package "$$PACKAGE") $(if $(PROTOCOL),--protocol "$$PROTOCOL") $(if $(FAULTS),--faults "$$FAULTS") $$ARGS

.PHONY: record
record: setup ## pack a plan's finished runs for git: results/recorded/<plan>-b<budget>-s<seed>/
	@$(REPAIR) record $(STUDY)

.PHONY: notebooks
notebooks: setup ## execute the notebooks on a study's results
	@$(REPAIR) notebooks $(STUDY)

.PHONY: mlflow
mlflow: setup ## browse the runs in MLflow's user interface
	"$$BIN/mlflow" ui --backend-store-uri "sqlite:///$$RESULTS/mlflow.db"

##@ Study: what docs/ states

.PHONY: baseline
baseline: setup ## train faulty and fixed programs: training time, is the fault exposed?
	@$(REPAIR) baseline $(STUDY)

.PHONY: mutants
mutants: setup ## make mutants of SUBJECT, and faults of those that are killed
	@$(REPAIR) mutants results="$$RESULTS" $(if $(SUBJECT),subject="$$SUBJECT") $(if $(OPERATORS),operators="[$$OPERATORS]") $(if $(SEED),seed="$$SEED") $(if $(FRACTION),fraction="$$FRACTION") $(if $(BACKEND),backend="$$BACKEND") $(if $(WORKERS),workers="$$WORKERS") $$ARGS

.PHONY: suspicion
suspicion: setup ## what guided repair suspects in each fault before any edit, by kind of evidence
	@$(REPAIR) suspicion $(STUDY)

.PHONY: ablation
ablation: setup ## what each part of guided repair contributes
	@$(REPAIR) run $(STUDY) plan.techniques=[$(ABLATION)]

.PHONY: tuning
tuning: setup ## guided repair on the faults of tuning/, which no evaluation uses
	@FAULTS_PATH=tuning $(REPAIR) run $(STUDY) plan.techniques=[guided] plan.faults=[$(TUNING)]

.PHONY: sweep
sweep: setup ## a study as CHUNKS=8 jobs, LAUNCHER=slurm or local; LAUNCH='hydra.launcher.partition=...'
	@[[ "$$CHUNKS" =~ ^[1-9][0-9]{0,3}$$ ]] || { echo "error: CHUNKS is a whole number from 1 to 9999: CHUNKS=8" >&2; exit 2; }
	@$(EXPERIMENT)/repair.py -m hydra/launcher="submitit_$$LAUNCHER" $$LAUNCH $(HYDRA) chunk="$$(seq -s, -f "%g/$$CHUNKS" "$$CHUNKS")"
	@$(REPAIR) run $(STUDY) # one process at the end: tables, and the mirror in MLflow

.PHONY: study
study: setup ## put our own study beside the published one: docs/study.md, from stored runs
	@$(EXPERIMENT)/study.py $(STUDY) plan=study

.PHONY: guided
guided: setup ## put guided repair beside the others: docs/guided.md; PART=ablation, reuters or cifar
	@$(EXPERIMENT)/guided.py $(STUDY) $(GUIDED_$(PART)) $(if $(PART),part="$$PART")

.PHONY: reference-clock
reference-clock: setup ## measure this idle machine, fit the clock 'reference', rewrite docs/clocks.md (half an hour)
	@"$$BIN/python" -m experiments.reference_clock measure

.PHONY: theia-benchmark
theia-benchmark: setup ## what Theia finds in its paper's 39 programs; OUT=folder for CSV files
	@"$$BIN/python" -m experiments.theia_benchmark $(if $(OUT),--out "$$OUT") $$ARGS

.PHONY: autotrainer-evidence
autotrainer-evidence: setup ## rebuild docs/autotrainer.md: demos, cases and published figures
	@"$$BIN/python" -m experiments.autotrainer_evidence $(if $(OUT),--out "$$OUT") $$ARGS

##@ Maintain

.PHONY: setup
setup: $(VENV)/.ready ## make the environment in .venv (100 s, 5 GB); does nothing if it is up to date

$(VENV)/.ready: pyproject.toml constraints.txt overrides.txt
	@"$$PYTHON" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' || { \
		echo "error: $$PYTHON is $$("$$PYTHON" --version 2>&1); Python 3.11 or 3.12 is needed: make setup PYTHON=python3.11" >&2; exit 2; }
	@echo "setting up $$VENV with every extra: about 100 seconds and 5 GB, most of it TensorFlow and PyTorch" >&2
	@test -x "$$BIN/python" || "$$PYTHON" -m venv "$$VENV"
	@"$$BIN/python" -m pip install --quiet --disable-pip-version-check "uv==$$UV_VERSION"
	@# Compiled now: each process that finds no bytecode would take 5 to 10 s longer to start.
	@UV_FIND_LINKS="$$PIP_FIND_LINKS" "$$BIN/uv" pip install --quiet --compile-bytecode --python "$$BIN/python" \
		--constraints constraints.txt --overrides overrides.txt --editable '.[dev,all]'
	@touch "$$VENV/.ready"

.PHONY: check
check: setup ## lint, format, types, and that imports only go downwards
	"$$BIN/ruff" check .
	"$$BIN/ruff" format --check .
	"$$BIN/mypy"
	"$$BIN/pytest" -q -p no:cacheprovider tests/test_imports.py

.PHONY: test
test: setup ## the fast tests, with one of the built wheel
	"$$BIN/pytest" -q -m "not slow and not gpu"

.PHONY: test-all
test-all: setup ## all tests
	"$$BIN/pytest" -q

.PHONY: reliability
reliability: setup ## disturb studies in every way, feed in junk, and count; TIMES=5 is a soak of hours
	RELIABILITY_TIMES="$${TIMES:-1}" RELIABILITY_COUNTS=results/tables/reliability.json FUZZ_CASES=1250 \
		"$$BIN/pytest" -q -s -p no:cacheprovider tests/reliability tests/fuzz; \
		"$$BIN/python" -m experiments.reliability

.PHONY: bench
bench: setup ## measure what docs/performance.md states, side by side; PARTS="commands theia"
	"$$BIN/python" -m experiments.bench $$PARTS

.PHONY: lock
lock: setup ## write the versions that are newest now into constraints.txt
	@UV_FIND_LINKS="$$PIP_FIND_LINKS" "$$BIN/uv" pip compile --quiet --universal --python-version 3.11 --upgrade \
		--no-header --no-annotate --extra dev --extra all --overrides overrides.txt pyproject.toml --output-file constraints.new
	@(sed -n '/^#/p' constraints.txt; grep -vE '^(nvidia|cuda|triton|torch==|dnn-repair|--)' constraints.new; \
		sed -nE 's/^ *"(torch==[^"]*)".*/\1/p' pyproject.toml) > constraints.tmp
	@mv constraints.tmp constraints.txt; rm constraints.new

.PHONY: clean
clean: ## remove the environment and caches; results stay
	rm -rf "$$VENV" .mypy_cache .ruff_cache .pytest_cache .hypothesis dnn_repair_harness.egg-info dist
