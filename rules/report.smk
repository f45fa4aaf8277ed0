# What people look at: the report, and its two tables as CSV.

SEARCHES = expand(rules.search.output.result, target=CONFIG.targets, searcher=CONFIG.searchers)
# A run on published tables has no images to validate on.
VALIDATIONS = expand(rules.validate_target.output.validation, target=CONFIG.targets) if CONFIG.data else []
FINETUNINGS = (
    expand(rules.validate_finetuned.output.finetuning, target=CONFIG.targets) if CONFIG.finetuning.epochs else []
)


rule summarize:
    """Write every target's winner, every search's best prediction, and every predictor's quality as CSV tables."""
    input:
        searches=SEARCHES,
        metrics=expand(rules.evaluate_predictor.output.metrics, predictor=CONFIG.predictors),
        validations=VALIDATIONS,
        finetunings=FINETUNINGS,
    output:
        targets=report(
            f"{RUN}/targets.csv",
            caption="../docs/captions/targets.rst",
            category="Results",
            labels={"table": "targets"},
        ),
        searches=report(
            f"{RUN}/searches.csv",
            caption="../docs/captions/searches.rst",
            category="Results",
            labels={"table": "searches"},
        ),
        predictors=report(
            f"{RUN}/predictors.csv",
            caption="../docs/captions/predictors.rst",
            category="Results",
            labels={"table": "predictors"},
        ),
    log:
        f"{RUN}/logs/summarize.log",
    benchmark:
        f"{RUN}/benchmarks/summarize.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        **configured("summarize"),
        code=code_of("summarize"),
    script:
        "../workflow_scripts/summarize.py"


rule summarize_validation:
    """Write what was measured of each target as a CSV table."""
    input:
        searches=SEARCHES,
        validations=VALIDATIONS,
        finetunings=FINETUNINGS,
    output:
        validation=report(
            f"{RUN}/validation.csv",
            caption="../docs/captions/validation.rst",
            category="Results",
            labels={"table": "validation"},
        ),
    log:
        f"{RUN}/logs/summarize_validation.log",
    benchmark:
        f"{RUN}/benchmarks/summarize_validation.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        **configured("summarize_validation"),
        code=code_of("summarize_validation"),
    script:
        "../workflow_scripts/summarize_validation.py"


rule draw_winner:
    """Draw the winner of one target, or the subnet nearest to it where nothing satisfies the target."""
    input:
        searches=expand(rules.search.output.result, searcher=CONFIG.searchers, allow_missing=True),
        validation=[rules.validate_target.output.validation] if CONFIG.data else [],
        finetuning=[rules.validate_finetuned.output.finetuning] if CONFIG.finetuning.epochs else [],
    output:
        drawing=report(
            f"{RUN}/search/{{target}}/winner.svg",
            caption="../docs/captions/subnet.rst",
            category="Subnets",
            labels={"target": "{target}"},
        ),
    log:
        f"{RUN}/logs/draw_winner/{{target}}.log",
    benchmark:
        f"{RUN}/benchmarks/draw_winner/{{target}}.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        **configured("draw_winner"),
        code=code_of("draw_winner"),
    script:
        "../workflow_scripts/draw_winner.py"


rule write_report:
    """Write everything as one page that opens offline."""
    input:
        searches=SEARCHES,
        metrics=expand(rules.evaluate_predictor.output.metrics, predictor=CONFIG.predictors),
        heldout=expand(rules.evaluate_predictor.output.heldout, predictor=CONFIG.predictors),
        curves=expand(rules.measure_learning_curve.output.curve, predictor=CONFIG.predictors),
        fronts=expand(rules.trace_pareto.output.front, metric=CONFIG.search.pareto),
        coverage=rules.count_coverage.output.coverage,
        dataset=DATASET_REPORT,
        validations=VALIDATIONS,
        finetunings=FINETUNINGS,
        training_curves=CURVES if CONFIG.data else [],
        images=f"{IMAGES}/{MANIFEST}" if CONFIG.data else [],
        bundles=expand(f"{BUNDLES}/{{target}}", target=CONFIG.targets) if CONFIG.deploy.bundles else [],
        latency_tables=expand(f"{LATENCY}/{{device}}/table.parquet", device=CONFIG.latency.devices),
        latency_quality=expand(f"{LATENCY}/{{device}}/quality.csv", device=CONFIG.latency.devices),
        latency_heldout=expand(f"{LATENCY}/{{device}}/heldout.parquet", device=CONFIG.latency.devices),
        latency_found=expand(f"{LATENCY}/{{device}}/found.csv", device=CONFIG.latency.devices),
        contributions=expand(
            f"{CONTRIBUTIONS}/{{file}}",
            file=["contributions.parquet", "base.json", "quality.json"] if CONFIG.measures_contributions else [],
        ),
    output:
        page=report(
            f"{RUN}/report.html",
            caption="../docs/captions/report.rst",
            category="Results",
            labels={"table": "report"},
        ),
    log:
        f"{RUN}/logs/write_report.log",
    benchmark:
        f"{RUN}/benchmarks/write_report.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        **configured("write_report"),
        code=code_of("write_report"),
    script:
        "../workflow_scripts/write_report.py"
