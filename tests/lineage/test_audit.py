import shutil

import pytest

from nascore.lineage.audit import audit

BASE = "results/small"
RESULT = f"{BASE}/search/macs/exact/result.json"


def found(small):
    """Return kinds and paths of all findings."""
    return {(finding.kind, finding.path) for finding in audit(small.open(), small.folder).findings}


def test_an_untouched_run_passes(recorded):
    result = audit(recorded.open(), recorded.folder)
    assert result.passed, result.findings
    assert (result.n_artifacts, result.n_records, result.n_edges) == (5, 4, 4)
    assert result.n_bytes == sum(pointer.size for pointer in recorded.open().pointers.values())


def test_a_flipped_bit_is_found_though_size_and_time_are_kept(recorded):
    import os

    for path in recorded.open().pointers:
        file = recorded.folder / path
        content, status = file.read_bytes(), file.stat()
        for position in (0, len(content) - 1):
            flipped = bytearray(content)
            flipped[position] ^= 1
            file.write_bytes(flipped)
            os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
            assert ("altered", path) in found(recorded), path
        file.write_bytes(content)
    assert found(recorded) == set()


@pytest.mark.slow
def test_a_flipped_bit_in_lineage_itself_is_found(recorded):
    for file in sorted((recorded.folder / BASE / "lineage").rglob("*.json")):
        content = file.read_bytes()
        for position in range(0, len(content), 97):
            flipped = bytearray(content)
            flipped[position] ^= 1
            file.write_bytes(flipped)
            is_state = file.parent.name == "paths" and position > content.index(b'"state"')
            # What only saves hashing may be wrong: the next job hashes again.
            assert found(recorded) or is_state, (file, position)
        file.write_bytes(content)


@pytest.mark.slow
def test_a_flipped_bit_in_the_lineage_that_is_kept_with_data_is_found(small, image_store):
    image_store()
    assert found(small) == set()
    for file in sorted((small.folder / "data" / "lineage").rglob("*.json")):
        content = file.read_bytes()
        for position in range(0, len(content), 97):
            flipped = bytearray(content)
            flipped[position] ^= 1
            file.write_bytes(flipped)
            is_state = file.parent.name == "paths" and position > content.index(b'"state"')
            assert ("broken", file.relative_to(small.folder).as_posix()) in found(small) or is_state, (file, position)
        file.write_bytes(content)


def test_what_is_missing_is_named(recorded):
    (recorded.folder / RESULT).unlink()
    assert found(recorded) == {("missing", RESULT)}
    shutil.rmtree(recorded.folder / "tables")
    assert found(recorded) == {("missing", RESULT), ("missing", "tables/a.json")}


def test_a_file_that_nobody_recorded_is_named(recorded):
    recorded.write(f"{BASE}/mine.txt", "")
    recorded.write(f"{BASE}/logs/search.log", "")
    assert found(recorded) == {("unrecorded", f"{BASE}/mine.txt")}


def test_edited_code_makes_its_jobs_stale_and_a_comment_does_not(recorded):
    recorded.write("workflow_scripts/search.py", "# why\nrun('search')\n")
    assert found(recorded) == set()
    recorded.write("workflow_scripts/search.py", "run('other')\n")
    assert found(recorded) == {("stale", RESULT)}


def test_an_input_that_was_made_again_makes_its_readers_stale(recorded):
    recorded.job("import_tables", {f"{BASE}/dataset.parquet": "other rows"}, ["tables/a.json"])
    assert found(recorded) == {("stale", f"{BASE}/predictor.bin")}


def test_an_input_that_was_altered_before_it_was_read(recorded):
    recorded.write(f"{BASE}/predictor.bin", "altered")
    recorded.job("search", {RESULT: "from it"}, [f"{BASE}/predictor.bin"])
    assert {("altered", f"{BASE}/predictor.bin"), ("unrecorded", f"{BASE}/predictor.bin")} <= found(recorded)


def test_a_record_that_is_lost_or_replaced_by_another(recorded):
    run = recorded.open()
    names = run.made
    file = run.ledger.document_path("record", names[RESULT])
    other = run.ledger.document_path("record", names[f"{BASE}/predictor.bin"])
    content = file.read_bytes()
    file.write_bytes(other.read_bytes())
    assert ("broken", RESULT) in found(recorded)
    file.unlink()
    assert ("broken", RESULT) in found(recorded)
    file.write_bytes(content)
    assert found(recorded) == set()


@pytest.mark.parametrize("folder", ["records", "paths", "environments"])
def test_a_folder_of_lineage_that_is_deleted_is_answered(recorded, folder):
    shutil.rmtree(recorded.folder / BASE / "lineage" / folder)
    kinds = {kind for kind, _ in found(recorded)}
    assert kinds == ({"unrecorded"} if folder == "paths" else {"broken"})


def test_raw_images_are_hashed_again(small, image_store):
    image_store()
    assert audit(small.open(), small.folder).n_raw_images == 2
    assert found(small) == set()
    small.write("pets/cat/1.png", "dog")
    (small.folder / "pets/dog/1.png").unlink()
    assert found(small) == {("altered", "pets/cat/1.png"), ("missing", "pets/dog/1.png")}
