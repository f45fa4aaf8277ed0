# Latency on the devices of the configuration: layers and networks are measured, tables are fitted and judged.
#
# A measurement is never the same twice, so everything that was measured on this machine is kept in latency/<device>/,
# outside results/: jobs take from there what it has, and measure what it lacks. To measure anew, delete the folder.


from nascore.efficiency.latency_judgement import PREDICTORS as NETWORK_PREDICTORS
from nascore.evaluation.onnx_extra import require_onnx

for name, device in CONFIG.latency.devices.items():
    if device.backend == "onnxruntime":
        try:
            require_onnx(f"latency.devices.{name} with backend 'onnxruntime'")
        except NascoreError as error:
            sys.exit(f"error: {error}, or choose another backend")


rule measure_layers:
    """Measure every layer of the space, alone on the machine: what it lacks in latency/<device>/."""
    output:
        layers=f"{LATENCY}/{{measured_device}}/layers.parquet",
    log:
        f"{RUN}/logs/measure_layers/{{measured_device}}.log",
    benchmark:
        f"{RUN}/benchmarks/measure_layers/{{measured_device}}.tsv"
    conda:
        "../environment.yml"
    threads: lambda wildcards: workflow.cores
    resources:
        mem_mb=growing(2000),
        runtime=growing(120),
    params:
        **configured("measure_layers"),
        code=code_of("measure_layers"),
    script:
        "../workflow_scripts/measure_layers.py"


rule measure_networks:
    """Measure random networks from the image to the classifier, alone on the machine."""
    output:
        networks=f"{LATENCY}/{{measured_device}}/networks.parquet",
    log:
        f"{RUN}/logs/measure_networks/{{measured_device}}.log",
    benchmark:
        f"{RUN}/benchmarks/measure_networks/{{measured_device}}.tsv"
    conda:
        "../environment.yml"
    threads: lambda wildcards: workflow.cores
    resources:
        mem_mb=growing(2000),
        runtime=growing(120),
    params:
        **configured("measure_networks"),
        code=code_of("measure_networks"),
    script:
        "../workflow_scripts/measure_networks.py"


rule fit_latency:
    """Correct the sum over layers by measured networks, and judge every estimate on others."""
    input:
        layers=device_files("layers"),
        networks=device_files("networks"),
    output:
        table=f"{LATENCY}/{{measured_device}}/table.parquet",
        heldout=f"{LATENCY}/{{measured_device}}/heldout.parquet",
        quality=report(
            f"{LATENCY}/{{measured_device}}/quality.csv",
            caption="../docs/captions/latency.rst",
            category="Latency",
            labels={"device": "{measured_device}"},
        ),
    log:
        f"{RUN}/logs/fit_latency/{{measured_device}}.log",
    benchmark:
        f"{RUN}/benchmarks/fit_latency/{{measured_device}}.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        **configured("fit_latency"),
        code=code_of("fit_latency", *map(predictor_module, NETWORK_PREDICTORS)),
    script:
        "../workflow_scripts/fit_latency.py"


rule measure_found:
    """Say how fast the best subnet of every search, and every winner, is on one device: by table, and measured."""
    input:
        searches=SEARCHES,
        validations=VALIDATIONS,
        coverage=rules.count_coverage.output.coverage,
        table=rules.fit_latency.output.table,
    output:
        found=f"{LATENCY}/{{measured_device}}/found.csv",
    log:
        f"{RUN}/logs/measure_found/{{measured_device}}.log",
    benchmark:
        f"{RUN}/benchmarks/measure_found/{{measured_device}}.tsv"
    conda:
        "../environment.yml"
    threads: lambda wildcards: workflow.cores if device_options(wildcards).backend else 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(120),
    params:
        **configured("measure_found"),
        code=code_of("measure_found"),
    script:
        "../workflow_scripts/measure_found.py"
