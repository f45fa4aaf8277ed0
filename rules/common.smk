# Names and functions that the rules share.

from functools import cache

from nascore.data.store import MANIFEST, image_file, label_file
from nascore.lineage.given_files import PLACES, given_contents
from nascore.lineage.ledger import ledger_folder
from nascore.lineage.surroundings import installed_versions
from nascore.rule_parameters import PARAMETERS
from nascore.training.phases import phases

ACCURACY = f"{RUN}/accuracy_dataset"
DATASET = f"{ACCURACY}/accuracy_dataset.parquet"
DATASET_REPORT = f"{ACCURACY}/dataset_report.json"

LATENCY = f"{RUN}/latency"
BUNDLES = f"{RUN}/bundles"
CONTRIBUTIONS = f"{RUN}/contributions"

# A run on published tables has no images, and one with given weights has no training.
IMAGES = f"data/{CONFIG.data.store}" if CONFIG.data else None
TRAINED = CONFIG.data and not CONFIG.supernet.checkpoint
PHASES = [phase.name for phase in phases(CONFIG.training, CONFIG.build_space())] if TRAINED else []
CHECKPOINT = f"{RUN}/supernet/{PHASES[-1] if PHASES else 'given'}/supernet.safetensors"
FIRST_PHASE = f"{RUN}/supernet/{PHASES[0]}/supernet.safetensors" if PHASES else None
CURVES = [f"{RUN}/supernet/{phase}/learning_curve.parquet" for phase in PHASES]


VERSIONS = installed_versions()
SOURCE = SourceTree(Path(workflow.basedir))


@cache
def code_of(script, *modules):
    """Return the fingerprint of the code behind a rule: Snakemake itself does not see edits of an imported library."""
    space = CONFIG.space.kind if "space" in PARAMETERS[script] else None
    return fingerprint(SOURCE, f"workflow_scripts/{script}.py", *modules, space=space, versions=VERSIONS)


def configured(rule):
    """Return the parameters that a rule takes from the configuration, and hashes of the user's files that it reads."""

    def of(parameter):
        return lambda wildcards: parameter(CONFIG, wildcards)

    parameters = {name: of(parameter) for name, parameter in PARAMETERS[rule].items()}
    if PLACES.get(rule):
        parameters["given"] = lambda wildcards: given(rule, tuple(wildcards.items()))
    return parameters


def growing(amount):
    """Return the resource that a job asks for: so much at first, and as much again with every retry."""
    return lambda wildcards, attempt: amount * attempt


def predictor_file(wildcards):
    """Return the predictor that a searcher maximises."""
    return f"{PREDICTORS}/{CONFIG.searchers[wildcards.searcher].predictor}/predictor.safetensors"


def latency_tables(wildcards):
    """Return the tables of the devices whose latency a target bounds; other targets do not wait for any."""
    return [f"{LATENCY}/{device}/table.parquet" for device in CONFIG.target(wildcards.target).measured_devices]


def device_options(wildcards):
    """Return the configuration of a device."""
    return CONFIG.latency.devices[wildcards.measured_device]


def device_files(kind):
    """Return the function that gives the measured layers or networks of a device; none if it was measured elsewhere."""
    return lambda wildcards: (
        [] if device_options(wildcards).table else f"{LATENCY}/{wildcards.measured_device}/{kind}.parquet"
    )


def store_files(*splits):
    """Return the files of the image store that a rule reads when it reads these splits."""
    arrays = [f"{IMAGES}/{image_file(split, size)}" for split in splits for size in CONFIG.space.resolutions]
    return [f"{IMAGES}/{MANIFEST}", *(f"{IMAGES}/{label_file(split)}" for split in splits), *arrays]


@cache
def given(rule, wildcards):
    """Return what changes when the content of the user's own files does that a rule reads."""
    try:
        return given_contents(rule, CONFIG.model_dump(mode="json"), dict(wildcards), ledger_folder("data"))
    except NascoreError as error:
        sys.exit(f"error: {error}")


def phase_before(wildcards):
    """Return the checkpoint that a phase starts from; the first one starts from the seed where no weights are given."""
    number = PHASES.index(wildcards.phase)
    before = PHASES[number - 1] if number else "start" if CONFIG.supernet.start else None
    return f"{RUN}/supernet/{before}/supernet.safetensors" if before else []


def validated_search(wildcards):
    """Return the search whose subnets are measured."""
    return f"{RUN}/search/{wildcards.target}/{CONFIG.validation.searcher}/result.json"


def winner_weights(wildcards):
    """Return the folder with a target's `winner.safetensors`, fine-tuned if the run does that; empty if none was found."""
    step = rules.finetune_winner if CONFIG.finetuning.epochs else rules.validate_target
    return step.output.weights.format(target=wildcards.target)


def validated_predictor():
    """Return the predictor of that search."""
    return CONFIG.searchers[CONFIG.validation.searcher].predictor
