# What each choice contributes to the accuracy of the one-shot network whose images take paths of their own.


rule measure_contributions:
    """Measure mean accuracies of random paths under conditions; an interrupted job keeps what it has measured."""
    input:
        checkpoint=CHECKPOINT,
        images=store_files("search"),
    output:
        means=f"{CONTRIBUTIONS}/means.parquet",
        base=f"{CONTRIBUTIONS}/base.json",
    log:
        f"{RUN}/logs/measure_contributions.log",
    benchmark:
        f"{RUN}/benchmarks/measure_contributions.tsv"
    # The longest job that nothing but the report waits for.
    priority: 1
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(1500),
        runtime=growing(1440),
    params:
        **configured("measure_contributions"),
        code=code_of("measure_contributions"),
    script:
        "../workflow_scripts/measure_contributions.py"


rule estimate_contributions:
    """Estimate what each choice contributes, and judge the sums on the rows of the accuracy dataset."""
    input:
        means=rules.measure_contributions.output.means,
        dataset=DATASET,
    output:
        contributions=f"{CONTRIBUTIONS}/contributions.parquet",
        quality=f"{CONTRIBUTIONS}/quality.json",
    log:
        f"{RUN}/logs/estimate_contributions.log",
    benchmark:
        f"{RUN}/benchmarks/estimate_contributions.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        **configured("estimate_contributions"),
        code=code_of("estimate_contributions"),
    script:
        "../workflow_scripts/estimate_contributions.py"
