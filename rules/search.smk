# One search per target and searcher, each in its own folder; exact Pareto fronts.


rule search:
    """Find the best subnets of one target with one searcher, or prove that there is none."""
    input:
        predictor=predictor_file,
        coverage=rules.count_coverage.output.coverage,
        latency=latency_tables,
    output:
        result=f"{RUN}/search/{{target}}/{{searcher}}/result.json",
    log:
        f"{RUN}/logs/search/{{target}}/{{searcher}}.log",
    benchmark:
        f"{RUN}/benchmarks/search/{{target}}/{{searcher}}.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
    params:
        **configured("search"),
        code=lambda wildcards: code_of("search", predictor_module(CONFIG.searchers[wildcards.searcher].predictor)),
    script:
        "../workflow_scripts/search.py"


rule trace_pareto:
    """Trace the exact Pareto front of predicted accuracy against one cost."""
    input:
        predictor=f"{PREDICTORS}/{CONFIG.search.pareto_predictor}/predictor.safetensors",
        coverage=rules.count_coverage.output.coverage,
    output:
        front=f"{RUN}/pareto/{{metric}}.parquet",
    log:
        f"{RUN}/logs/trace_pareto/{{metric}}.log",
    benchmark:
        f"{RUN}/benchmarks/trace_pareto/{{metric}}.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
    params:
        **configured("trace_pareto"),
        code=code_of("trace_pareto", predictor_module(CONFIG.search.pareto_predictor)),
    script:
        "../workflow_scripts/trace_pareto.py"
