# The supernet's weights: trained phase by phase, or given as a file of the published layout.


wildcard_constraints:
    phase="|".join(PHASES) or "none",


rule train_phase:
    """Train one phase of the supernet; killed at any moment, the next run goes on after the last whole epoch."""
    input:
        images=store_files("train", "calibration", "search"),
        start=phase_before,
        teacher=lambda wildcards: [] if wildcards.phase == PHASES[0] else FIRST_PHASE,
    output:
        checkpoint=f"{RUN}/supernet/{{phase}}/supernet.safetensors",
        curve=f"{RUN}/supernet/{{phase}}/learning_curve.parquet",
    log:
        f"{RUN}/logs/train_phase/{{phase}}.log",
    benchmark:
        f"{RUN}/benchmarks/train_phase/{{phase}}.tsv"
    conda:
        "../environment.yml"
    threads: CONFIG.training.threads * CONFIG.training.processes
    resources:
        mem_mb=growing(3000),
        runtime=growing(1440),
    params:
        **configured("train_phase"),
        code=code_of("train_phase", "nascore.training.__main__"),
    script:
        "../workflow_scripts/train_phase.py"


rule import_start:
    """Read the weights of a published network, check them on images, and put them into a new supernet."""
    input:
        images=store_files("search"),
    output:
        checkpoint=f"{RUN}/supernet/start/supernet.safetensors",
    log:
        f"{RUN}/logs/import_start.log",
    benchmark:
        f"{RUN}/benchmarks/import_start.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(1500),
        runtime=growing(30),
    params:
        **configured("import_start"),
        code=code_of("import_start"),
    script:
        "../workflow_scripts/import_start.py"


rule import_supernet:
    """Read given weights, check them, and write them as this project's checkpoint."""
    output:
        checkpoint=f"{RUN}/supernet/given/supernet.safetensors",
    log:
        f"{RUN}/logs/import_supernet.log",
    benchmark:
        f"{RUN}/benchmarks/import_supernet.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(60),
    params:
        **configured("import_supernet"),
        code=code_of("import_supernet"),
    script:
        "../workflow_scripts/import_supernet.py"
