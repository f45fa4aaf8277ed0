# Names and functions that the rules share.

ACCURACY = f"{RUN}/accuracy_dataset"
DATASET = f"{ACCURACY}/accuracy_dataset.parquet"
DATASET_REPORT = f"{ACCURACY}/dataset_report.json"


def code_of(script, *modules):
    """Return the fingerprint of the code behind a rule: Snakemake itself does not see edits of an imported library."""
    return fingerprint(Path(workflow.basedir), f"workflow_scripts/{script}.py", *modules)


def predictor_file(wildcards):
    """Return the predictor that a searcher maximises."""
    return f"{PREDICTORS}/{CONFIG.searchers[wildcards.searcher].predictor}/predictor.safetensors"


def target_spec(name):
    """Return a target as numbers and names in one order, so that writing it differently reruns nothing."""
    spec = CONFIG.targets[name].items()
    return dict(sorted((key, float(value) if isinstance(value, int) else value) for key, value in spec))
