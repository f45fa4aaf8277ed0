# Functions that the rules share.


def code_of(script, *modules):
    """Return the fingerprint of the code behind a rule: Snakemake itself does not see edits of an imported library."""
    return fingerprint(Path(workflow.basedir), f"workflow_scripts/{script}.py", *modules)


def predictor_file(wildcards):
    """Return the predictor that a searcher maximises."""
    return f"{PREDICTORS}/{CONFIG.searchers[wildcards.searcher].predictor}/predictor.safetensors"
