"""nascore: from an accuracy dataset to certified subnets, one file per step under results/<run>/.

    snakemake --cores 2 --configfile config/lab3_tables.yaml --config tables=FOLDER

This file checks the configuration and names the final targets; the steps are in rules/.
"""

import os
import sys
from pathlib import Path

from snakemake.utils import min_version

from nascore.accuracy_dataset.published_tables import table_files
from nascore.config import validate_config
from nascore.errors import NascoreError
from nascore.lineage.fingerprint import fingerprint
from nascore.predictors import predictor_module

min_version("9.0")

# Numerical libraries on one thread give the same bits for every number of cores; jobs run side by side instead.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

HINT = "the configuration (--configfile FILE, --config key=value)"
try:
    CONFIG = validate_config(config, HINT)
    TABLES = table_files(CONFIG.tables)
except NascoreError as error:
    sys.exit(f"error: {error}")
RUN = f"results/{CONFIG.run}"


def code_of(script, *modules):
    """Return the fingerprint of the code behind a rule: Snakemake itself does not see edits of an imported library."""
    return fingerprint(Path(workflow.basedir), f"workflow_scripts/{script}.py", *modules)


wildcard_constraints:
    predictor="|".join(CONFIG.predictors),
    searcher="|".join(CONFIG.searchers),
    target="|".join(CONFIG.targets),
    metric="|".join(CONFIG.search.pareto),


rule all:
    """The report, for which everything else is made."""
    input:
        f"{RUN}/report.html",
        f"{RUN}/targets.csv",
        f"{RUN}/predictors.csv",
        expand(f"{RUN}/search/{{target}}/winner.svg", target=CONFIG.targets),


include: "rules/accuracy.smk"
include: "rules/predictor.smk"
include: "rules/search.smk"
include: "rules/report.smk"
