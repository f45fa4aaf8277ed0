# Bundles for deployment: the winner of every target as ONNX models in float and int8, checked on the test split.

from nascore.evaluation.onnx_extra import require_onnx

try:
    require_onnx("deploy.bundles")
except NascoreError as error:
    sys.exit(f"error: {error}, or set deploy.bundles to false")


rule export_bundle:
    """Export and quantise the winner of one target, compare both with PyTorch on the test split, and write its card."""
    input:
        search=validated_search,
        validation=rules.validate_target.output.validation,
        weights=winner_weights,
        images=store_files("calibration", "test"),
    output:
        bundle=directory(f"{BUNDLES}/{{target}}"),
    log:
        f"{RUN}/logs/export_bundle/{{target}}.log",
    benchmark:
        f"{RUN}/benchmarks/export_bundle/{{target}}.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        **configured("export_bundle"),
        code=code_of("export_bundle"),
    script:
        "../workflow_scripts/export_bundle.py"


rule measure_bundles:
    """Measure how long inference takes, alone on the machine; beside the other timings, as it is never the same twice."""
    input:
        bundles=expand(rules.export_bundle.output.bundle, target=CONFIG.targets),
    output:
        latency=f"{RUN}/benchmarks/bundles.csv",
    log:
        f"{RUN}/logs/measure_bundles.log",
    benchmark:
        f"{RUN}/benchmarks/measure_bundles.tsv"
    conda:
        "../environment.yml"
    threads: lambda wildcards: workflow.cores
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        **configured("measure_bundles"),
        code=code_of("measure_bundles"),
    script:
        "../workflow_scripts/measure_bundles.py"
