# Accuracy predictors: fit, quality on held-out rows, error against the number of rows.

PREDICTORS = f"{RUN}/predictors"


rule fit_predictor:
    """Fit one predictor to the training rows and calibrate its intervals on the calibration rows."""
    input:
        dataset=DATASET,
        split=rules.split_rows.output.split,
    output:
        predictor=f"{PREDICTORS}/{{predictor}}/predictor.safetensors",
    log:
        f"{RUN}/logs/fit_predictor/{{predictor}}.log",
    benchmark:
        f"{RUN}/benchmarks/fit_predictor/{{predictor}}.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        **configured("fit_predictor"),
        code=lambda wildcards: code_of("fit_predictor", predictor_module(wildcards.predictor)),
    script:
        "../workflow_scripts/fit_predictor.py"


rule evaluate_predictor:
    """Predict the test rows with intervals, and measure error, rank correlation and coverage."""
    input:
        dataset=DATASET,
        split=rules.split_rows.output.split,
        predictor=rules.fit_predictor.output.predictor,
    output:
        metrics=f"{PREDICTORS}/{{predictor}}/metrics.json",
        heldout=f"{PREDICTORS}/{{predictor}}/heldout.parquet",
    log:
        f"{RUN}/logs/evaluate_predictor/{{predictor}}.log",
    benchmark:
        f"{RUN}/benchmarks/evaluate_predictor/{{predictor}}.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        **configured("evaluate_predictor"),
        code=lambda wildcards: code_of("evaluate_predictor", predictor_module(wildcards.predictor)),
    script:
        "../workflow_scripts/evaluate_predictor.py"


rule measure_learning_curve:
    """Fit one predictor to more and more training rows and measure its error on the test rows."""
    input:
        dataset=DATASET,
        split=rules.split_rows.output.split,
        metrics=rules.evaluate_predictor.output.metrics,
    output:
        curve=f"{PREDICTORS}/{{predictor}}/learning_curve.parquet",
    log:
        f"{RUN}/logs/measure_learning_curve/{{predictor}}.log",
    benchmark:
        f"{RUN}/benchmarks/measure_learning_curve/{{predictor}}.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        **configured("measure_learning_curve"),
        code=lambda wildcards: code_of("measure_learning_curve", predictor_module(wildcards.predictor)),
    script:
        "../workflow_scripts/measure_learning_curve.py"
