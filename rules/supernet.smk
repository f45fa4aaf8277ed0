# The supernet's weights: trained phase by phase, or given as a file of the published layout.

from nascore.training.phases import phases

SUPERNET = f"{RUN}/supernet"
PHASES = [] if CONFIG.supernet.checkpoint else [phase.name for phase in phases(CONFIG.training, CONFIG.build_space())]
CHECKPOINT = f"{SUPERNET}/{PHASES[-1] if PHASES else 'given'}/supernet.safetensors"
CURVES = [f"{SUPERNET}/{phase}/learning_curve.parquet" for phase in PHASES]


wildcard_constraints:
    phase="|".join(PHASES) or "none",


def phase_before(wildcards):
    """Return the checkpoint that a phase starts from; the first one starts from the seed."""
    number = PHASES.index(wildcards.phase)
    return f"{SUPERNET}/{PHASES[number - 1]}/supernet.safetensors" if number else []


rule train_phase:
    """Train one phase of the supernet; killed at any moment, the next run goes on after the last whole epoch."""
    input:
        images=store_files("train", "calibration", "search"),
        start=phase_before,
    output:
        checkpoint=f"{SUPERNET}/{{phase}}/supernet.safetensors",
        curve=f"{SUPERNET}/{{phase}}/learning_curve.parquet",
    log:
        f"{RUN}/logs/train_phase/{{phase}}.log",
    benchmark:
        f"{RUN}/benchmarks/train_phase/{{phase}}.tsv"
    conda:
        "../environment.yml"
    threads: CONFIG.training.threads * CONFIG.training.processes
    resources:
        mem_mb=3000,
        runtime=1440,
    params:
        code=code_of("train_phase"),
        space=SPACE,
        options=CONFIG.training.model_dump(mode="json"),
        calibration_images=CONFIG.evaluation.calibration_images,
        device=CONFIG.device,
        seed=CONFIG.seed,
    script:
        "../workflow_scripts/train_phase.py"


rule import_supernet:
    """Read given weights, check them, and write them as this project's checkpoint."""
    output:
        checkpoint=f"{SUPERNET}/given/supernet.safetensors",
    log:
        f"{RUN}/logs/import_supernet.log",
    benchmark:
        f"{RUN}/benchmarks/import_supernet.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=60,
    params:
        code=code_of("import_supernet"),
        space=SPACE,
        given=CONFIG.supernet.model_dump(mode="json"),
    script:
        "../workflow_scripts/import_supernet.py"
