"""Rule `import_supernet`: given weights of the published layout to this project's checkpoint."""

import common

from nascore.spaces import get_space
from nascore.supernet.checkpoint import save_supernet
from nascore.supernet.published import import_published


def main(snakemake):
    """Read, check and write."""
    given, params = snakemake.config["supernet"], snakemake.params
    supernet = import_published(
        given["checkpoint"], get_space(**params.space), sha256=given.get("sha256"), entry=params.entry
    )
    save_supernet(snakemake.output.checkpoint, supernet, {"phase": "given"})


if __name__ == "__main__":
    common.run(main, snakemake)  # noqa: F821
