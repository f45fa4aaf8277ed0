# The accuracy dataset from the supernet: subnets drawn, measured in independent shards, gathered.

SHARDS = [f"{number:04d}" for number in range(CONFIG.sampling.shards)]
SAMPLED = f"{ACCURACY}/architectures.parquet"


wildcard_constraints:
    shard="[0-9]{4}",


rule sample_architectures:
    """Draw the different subnets that will be measured."""
    output:
        architectures=SAMPLED,
    log:
        f"{RUN}/logs/sample_architectures.log",
    benchmark:
        f"{RUN}/benchmarks/sample_architectures.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        **configured("sample_architectures"),
        code=code_of("sample_architectures"),
    script:
        "../workflow_scripts/sample_architectures.py"


rule measure_shard:
    """Measure every n-th sampled subnet on the search split; an interrupted shard keeps what it has measured."""
    input:
        architectures=SAMPLED,
        checkpoint=CHECKPOINT,
        images=store_files("calibration", "search"),
    output:
        shard=f"{ACCURACY}/shards/{{shard}}.parquet",
        # Times are beside the other timings: they differ from run to run, and the dataset does not.
        seconds=f"{RUN}/benchmarks/measure_shard/{{shard}}_subnets.parquet",
    log:
        f"{RUN}/logs/measure_shard/{{shard}}.log",
    benchmark:
        f"{RUN}/benchmarks/measure_shard/{{shard}}.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(1500),
        runtime=growing(1440),
    params:
        **configured("measure_shard"),
        code=code_of("measure_shard"),
    script:
        "../workflow_scripts/measure_shard.py"


rule gather_shards:
    """Put the measurements of all shards together as the accuracy dataset."""
    input:
        architectures=SAMPLED,
        shards=expand(rules.measure_shard.output.shard, shard=SHARDS),
    output:
        dataset=DATASET,
        report=DATASET_REPORT,
    log:
        f"{RUN}/logs/gather_shards.log",
    benchmark:
        f"{RUN}/benchmarks/gather_shards.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        **configured("gather_shards"),
        code=code_of("gather_shards"),
    script:
        "../workflow_scripts/gather_shards.py"
