# Fine-tuning: the winner's weights alone are trained further, taught by the supernet's largest subnet, and tested again.

FINETUNED = f"{VALIDATION}/{{target}}/finetuning"


rule finetune_winner:
    """Train the winner of one target further; killed at any moment, the next run goes on after the last whole epoch."""
    input:
        validation=rules.validate_target.output.validation,
        start=rules.validate_target.output.weights,
        # The teacher of the whole training: the largest network as its first phase left it.
        teacher=FIRST_PHASE or CHECKPOINT,
        images=store_files("train", "calibration", "search"),
    output:
        weights=directory(f"{FINETUNED}/weights"),
        curve=f"{FINETUNED}/learning_curve.parquet",
    log:
        f"{RUN}/logs/finetune_winner/{{target}}.log",
    benchmark:
        f"{RUN}/benchmarks/finetune_winner/{{target}}.tsv"
    conda:
        "../environment.yml"
    threads: CONFIG.training.threads
    resources:
        mem_mb=growing(3000),
        runtime=growing(1440),
    params:
        **configured("finetune_winner"),
        code=code_of("finetune_winner"),
    script:
        "../workflow_scripts/finetune_winner.py"


rule validate_finetuned:
    """Test the fine-tuned winner on the test split, beside what it was before."""
    input:
        validation=rules.validate_target.output.validation,
        weights=rules.finetune_winner.output.weights,
        images=store_files("test"),
    output:
        finetuning=f"{FINETUNED}/finetuning.json",
    log:
        f"{RUN}/logs/validate_finetuned/{{target}}.log",
    benchmark:
        f"{RUN}/benchmarks/validate_finetuned/{{target}}.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(1500),
        runtime=growing(60),
    params:
        **configured("validate_finetuned"),
        code=code_of("validate_finetuned"),
    script:
        "../workflow_scripts/validate_finetuned.py"
