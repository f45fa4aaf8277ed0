# Final validation: the best predicted subnets are ranked by measurement, and the winner is tested once.

VALIDATION = f"{RUN}/validation"


rule choose_contenders:
    """List what is measured for one target: found subnets, random ones within its limits, the smallest, the largest."""
    input:
        search=validated_search,
        predictor=f"{PREDICTORS}/{validated_predictor()}/predictor.safetensors",
        coverage=rules.count_coverage.output.coverage,
        latency=latency_tables,
    output:
        contenders=f"{VALIDATION}/{{target}}/contenders.parquet",
    log:
        f"{RUN}/logs/choose_contenders/{{target}}.log",
    benchmark:
        f"{RUN}/benchmarks/choose_contenders/{{target}}.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        **configured("choose_contenders"),
        code=code_of("choose_contenders", predictor_module(validated_predictor())),
    script:
        "../workflow_scripts/choose_contenders.py"


rule rank_contenders:
    """Measure the contenders of one target on the search split."""
    input:
        contenders=rules.choose_contenders.output.contenders,
        checkpoint=CHECKPOINT,
        images=store_files("calibration", "search"),
    output:
        ranking=f"{VALIDATION}/{{target}}/ranking.parquet",
    log:
        f"{RUN}/logs/rank_contenders/{{target}}.log",
    benchmark:
        f"{RUN}/benchmarks/rank_contenders/{{target}}.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(1500),
        runtime=growing(120),
    params:
        **configured("rank_contenders"),
        code=code_of("rank_contenders"),
    script:
        "../workflow_scripts/rank_contenders.py"


rule validate_target:
    """Test the best contender of each role on the test split, which nothing before reads, and save the winner's weights."""
    input:
        search=validated_search,
        ranking=rules.rank_contenders.output.ranking,
        checkpoint=CHECKPOINT,
        images=store_files("calibration", "test"),
    output:
        validation=f"{VALIDATION}/{{target}}/validation.json",
        weights=directory(f"{VALIDATION}/{{target}}/weights"),
    log:
        f"{RUN}/logs/validate_target/{{target}}.log",
    benchmark:
        f"{RUN}/benchmarks/validate_target/{{target}}.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(1500),
        runtime=growing(120),
    params:
        **configured("validate_target"),
        code=code_of("validate_target"),
    script:
        "../workflow_scripts/validate_target.py"
