# Images of any source as one store of memory-mapped arrays, one file per split and resolution.

from nascore.data.source import SPLITS
from nascore.lineage.shared_stores import refuse_shared_store

if workflow.is_main_process:
    try:
        refuse_shared_store(CONFIG, lambda: given("prepare_images", ()))
    except NascoreError as error:
        sys.exit(f"error: {error}")


rule prepare_images:
    """Render, download or read the images once, and store them at every resolution with their splits."""
    output:
        store=store_files(*SPLITS),
    log:
        f"{RUN}/logs/prepare_images.log",
    benchmark:
        f"{RUN}/benchmarks/prepare_images.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(120),
    params:
        **configured("prepare_images"),
        code=code_of("prepare_images"),
    script:
        "../workflow_scripts/prepare_images.py"
