# The accuracy dataset from published tables, in place of images, a supernet and sampled subnets.

from nascore.accuracy_dataset.published_tables import table_files

try:
    table_files(CONFIG.tables)
except NascoreError as error:
    sys.exit(f"error: {error}. Give the folder of the JSON tables: --config tables=FOLDER (make: TABLES=FOLDER)")


rule import_tables:
    """Read published accuracy tables into the accuracy dataset, with the cost of every architecture."""
    output:
        dataset=DATASET,
        report=DATASET_REPORT,
    log:
        f"{RUN}/logs/import_tables.log",
    benchmark:
        f"{RUN}/benchmarks/import_tables.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        **configured("import_tables"),
        code=code_of("import_tables"),
    script:
        "../workflow_scripts/import_tables.py"
