# Measured (architecture, accuracy) rows, wherever they come from, as one Parquet file; what it covers; how it is divided.

ACCURACY = f"{RUN}/accuracy_dataset"


rule import_tables:
    """Read published accuracy tables into the accuracy dataset, with the cost of every architecture."""
    input:
        tables=TABLES,
    output:
        dataset=f"{ACCURACY}/accuracy_dataset.parquet",
        report=f"{ACCURACY}/import_report.json",
    log:
        f"{RUN}/logs/import_tables.log",
    benchmark:
        f"{RUN}/benchmarks/import_tables.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_of("import_tables"),
        space=CONFIG.space.model_dump(mode="json"),
        table_format=CONFIG.table_format.model_dump(mode="json"),
    script:
        "../workflow_scripts/import_tables.py"


rule count_coverage:
    """Count the rows that have each choice of each gene: searches keep to choices that have some."""
    input:
        dataset=rules.import_tables.output.dataset,
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
        mem_mb=1000,
        runtime=10,
    params:
        code=code_of("count_coverage"),
        space=CONFIG.space.model_dump(mode="json"),
    script:
        "../workflow_scripts/count_coverage.py"


rule split_rows:
    """Divide the rows into training, calibration and test rows, by the root seed and their identity alone."""
    input:
        dataset=rules.import_tables.output.dataset,
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
        mem_mb=1000,
        runtime=10,
    params:
        code=code_of("split_rows"),
        space=CONFIG.space.model_dump(mode="json"),
        seed=CONFIG.seed,
        shares=CONFIG.split.model_dump(),
    script:
        "../workflow_scripts/split_rows.py"
