"""Rule `import_tables`: published accuracy tables to the accuracy dataset."""

import common
import numpy as np

from nascore.accuracy_dataset.parquet import write_accuracy_dataset
from nascore.accuracy_dataset.published_tables import import_published_tables, table_files
from nascore.spaces import get_space


def main(snakemake):
    """Import the tables and say what was in them."""
    space = get_space(**snakemake.params.space)
    rows = import_published_tables(table_files(snakemake.config["tables"]), space, **snakemake.params.table_format)
    n_images = np.full(len(rows.genes), rows.report.n_images)
    write_accuracy_dataset(
        snakemake.output.dataset, space, rows.genes, accuracy=rows.accuracy, n_images=n_images, source=rows.source
    )
    rows.report.write(snakemake.output.report)
    print(rows.report)


if __name__ == "__main__":
    common.run(main, snakemake)  # noqa: F821
