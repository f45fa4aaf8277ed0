"""Rule `prepare_images`: any source of images to the image store."""

from pathlib import Path

import common
from pydantic import TypeAdapter

from nascore.data.options import DataOptions
from nascore.data.sources import make_source
from nascore.data.store import MANIFEST
from nascore.data.store_writer import write_store
from nascore.results.images import ImageManifest


def main(snakemake):
    """Write the store and say what is in it."""
    params, config = snakemake.params, snakemake.config
    source = make_source(TypeAdapter(DataOptions).validate_python(config["data"]), config.get("images"), params.seed)
    store = write_store(Path(snakemake.output.store[0]).parent, source, resolutions=params.resolutions)
    print(ImageManifest.read(store.folder / MANIFEST).summary())


if __name__ == "__main__":
    common.run(main, snakemake)  # noqa: F821
