"""nascore: from images to validated subnets with certificates, one file per step under results/<run>/.

    snakemake --cores 2                                                              the embedded default
    snakemake --cores 2 --configfile config/image_folder.yaml --config images=FOLDER     own images
    snakemake --cores 2 --configfile config/lab3_tables.yaml --config tables=FOLDER      published accuracy tables

This file checks the configuration and names the final targets; the steps are in rules/.
"""

import os
import re
import sys
from pathlib import Path

from snakemake.utils import min_version

from nascore.config import validate_config
from nascore.errors import ConfigError, NascoreError
from nascore.lineage.fingerprint import SourceTree, fingerprint
from nascore.predictors import predictor_module
from nascore.yaml_files import read_yaml, with_types

min_version("9.0")

# Snakemake starts the script of a job by way of a shell, to which it gives the path of Python as it is.
if special := "".join(dict.fromkeys(re.findall(r"[\s'\"()&;$`\\|<>*?\[\]#~!{}]", sys.executable))):
    sys.exit(
        f"error: no job can be started by {sys.executable!r}, for the {special!r} in its path: move the project to a folder "
        "without such characters, and make its environment there (make env)"
    )


report: "docs/captions/workflow.rst"


# The default is read alone: Snakemake would mix its targets into those of another file.
if not workflow.overwrite_configfiles:

    configfile: "config/config.yaml"


# Numerical libraries on one thread give the same bits for every number of cores; jobs run side by side instead.
# Training has a fixed number of threads of its own.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

# A mistake of the user's ends in its message, not in a traceback.
try:
    for written in workflow.configfiles:
        read_yaml(written, ConfigError, "configuration")  # Snakemake takes the last of two equal keys
    config = with_types(config, dict(workflow.config_settings.config))
    CONFIG = validate_config(config, where="the configuration (--configfile FILE, --config key=value)")
except NascoreError as error:
    sys.exit(f"error: {error}")
RUN = f"results/{CONFIG.run}"


include: "rules/common.smk"
include: "rules/hooks.smk"


wildcard_constraints:
    predictor="|".join(map(re.escape, CONFIG.predictors)),
    searcher="|".join(map(re.escape, CONFIG.searchers)),
    target="|".join(map(re.escape, CONFIG.targets)),
    metric="|".join(map(re.escape, CONFIG.search.pareto)),
    measured_device="|".join(map(re.escape, CONFIG.latency.devices)),


rule all:
    """The report, for which everything else is made."""
    input:
        f"{RUN}/report.html",
        f"{RUN}/targets.csv",
        f"{RUN}/predictors.csv",
        expand(f"{RUN}/search/{{target}}/winner.svg", target=CONFIG.targets),
        f"{RUN}/validation.csv" if CONFIG.data else [],
        f"{RUN}/benchmarks/bundles.csv" if CONFIG.deploy.bundles else [],


if CONFIG.data:

    include: "rules/data.smk"
    include: "rules/supernet.smk"
    include: "rules/sampling.smk"

else:

    include: "rules/tables.smk"


include: "rules/accuracy.smk"
include: "rules/predictor.smk"
include: "rules/search.smk"


if CONFIG.data:

    include: "rules/validate.smk"

    if CONFIG.finetuning.epochs:

        include: "rules/finetune.smk"


if CONFIG.deploy.bundles:

    include: "rules/deploy.smk"


if CONFIG.measures_contributions:

    include: "rules/contributions.smk"


include: "rules/report.smk"


if CONFIG.latency.devices:

    include: "rules/latency.smk"


include: "rules/versions.smk"
