"""Rule `rank_contenders`: accuracy of one target's contenders on the search split."""

from pathlib import Path

import common
from measuring import measurer

from nascore.architectures import read_architectures, write_architectures
from nascore.evaluation.architectures import measure_architectures
from nascore.results.validation import CONTENDERS, RANKING
from nascore.spaces import get_space


def main(snakemake):
    """Measure each different contender once."""
    params, path = snakemake.params, snakemake.output.ranking
    space = get_space(**params.space)
    frame, genes = read_architectures(snakemake.input.contenders, space)
    frame = CONTENDERS.checked(frame, snakemake.input.contenders)
    different = ~frame["arch_id"].duplicated()
    unfinished = Path(path).with_suffix(".unfinished")
    measured = measure_architectures(
        measurer(snakemake),
        frame["arch_id"][different].tolist(),
        genes[different],
        split="search",
        unfinished=unfinished,
        code=params.code,
    )
    columns = measured.set_index("arch_id")[["accuracy", "loss", "n_images"]].loc[frame["arch_id"]]
    extra = frame.drop(columns=["arch_id", *space.column_types]).join(columns.reset_index(drop=True))
    write_architectures(path, space, genes, RANKING.checked(extra, path))
    unfinished.unlink(missing_ok=True)


if __name__ == "__main__":
    common.run(main, snakemake)  # noqa: F821
