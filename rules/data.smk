# Images of any source as one store of memory-mapped arrays, one file per split and resolution.

from nascore.data.image_folder import listing_fingerprint
from nascore.data.source import SPLITS
from nascore.data.store import MANIFEST, image_file, label_file

IMAGES = f"data/{CONFIG.data.source}"


def store_files(*splits):
    """Return the files of the image store that a rule reads when it reads these splits."""
    arrays = [f"{IMAGES}/{image_file(split, size)}" for split in splits for size in CONFIG.space.resolutions]
    return [f"{IMAGES}/{MANIFEST}", *(f"{IMAGES}/{label_file(split)}" for split in splits), *arrays]


def source_identity(wildcards):
    """Return what changes when the user's own image files do."""
    return listing_fingerprint(CONFIG.images) if CONFIG.data.source == "image_folder" else None


rule prepare_images:
    """Render, download or read the images once, and store them at every resolution with their splits."""
    output:
        store=store_files(*SPLITS),
    log:
        f"{RUN}/logs/prepare_images.log",
    benchmark:
        f"{RUN}/benchmarks/prepare_images.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=120,
    params:
        code=code_of("prepare_images"),
        options=CONFIG.data.model_dump(mode="json"),
        images=CONFIG.images,
        files=source_identity,
        resolutions=sorted(CONFIG.space.resolutions),
        seed=CONFIG.seed,
        folder=IMAGES,
    script:
        "../workflow_scripts/prepare_images.py"
