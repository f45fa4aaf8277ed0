# What the accuracy dataset covers, and how its rows are divided, wherever they come from.


rule count_coverage:
    """Count the rows that have each choice of each gene: searches keep to choices that have some."""
    input:
        dataset=DATASET,
    output:
        coverage=f"{ACCURACY}/coverage.parquet",
    log:
        f"{RUN}/logs/count_coverage.log",
    benchmark:
        f"{RUN}/benchmarks/count_coverage.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        **configured("count_coverage"),
        code=code_of("count_coverage"),
    script:
        "../workflow_scripts/count_coverage.py"


rule split_rows:
    """Divide the rows into training, calibration and test rows, by the root seed and their identity alone."""
    input:
        dataset=DATASET,
    output:
        split=f"{ACCURACY}/split.parquet",
    log:
        f"{RUN}/logs/split_rows.log",
    benchmark:
        f"{RUN}/benchmarks/split_rows.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        **configured("split_rows"),
        code=code_of("split_rows"),
    script:
        "../workflow_scripts/split_rows.py"
