"""Rule `measure_shard`: accuracy of every n-th sampled subnet."""

from pathlib import Path

import common
from measuring import measurer

from nascore.architectures import read_architectures
from nascore.evaluation.architectures import measure_architectures
from nascore.parquet_files import write_parquet
from nascore.spaces import get_space


def main(snakemake):
    """Measure this shard's subnets, but for those that an interrupted run has measured."""
    params, output = snakemake.params, snakemake.output
    frame, genes = read_architectures(snakemake.input.architectures, get_space(**params.space))
    mine = slice(int(snakemake.wildcards.shard), None, params.shards)
    unfinished = Path(output.shard).with_suffix(".unfinished")
    measured = measure_architectures(
        measurer(snakemake),
        frame["arch_id"].tolist()[mine],
        genes[mine],
        split="search",
        unfinished=unfinished,
        code=params.code,
    )
    write_parquet(output.seconds, measured[["arch_id", "seconds"]])
    write_parquet(output.shard, measured.drop(columns="seconds"))
    unfinished.unlink(missing_ok=True)


if __name__ == "__main__":
    common.run(main, snakemake)  # noqa: F821
