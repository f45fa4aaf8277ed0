import json
import re

import pytest
from messages import facts

from nascore.errors import DataError
from nascore.lineage.drawing import draw
from nascore.lineage.tree import DIGITS, Tree, describe

RESULT = "results/small/search/macs/exact/result.json"


def lines(small, *paths, **options):
    return list(Tree(small.open(), **options).lines(list(paths)))


def test_the_chain_reaches_what_was_given(recorded):
    text = "\n".join(lines(recorded, RESULT))
    for shown in (
        "rule search (target=macs, searcher=exact)", 'target: {"macs_m": 30.0}', "seed 0", "rule fit_predictor",
        'options: {"published_code": 1}', "rule import_tables", "tables/a.json  sha256 080a9ed42855  (given)",
        "Python 3.",
    ):  # fmt: skip
        assert shown in text


def test_each_job_is_printed_once(recorded):
    base = recorded.results
    recorded.job("summarize", {f"{base}/all": "x"}, [f"{base}/predictor.bin", f"{base}/dataset.parquet", RESULT])
    text = lines(recorded, f"{base}/all")
    assert sum("rule import_tables" in line and "above" not in line for line in text) == 1
    assert sum("rule import_tables: above" in line for line in text) == 1


def test_jobs_that_differ_in_their_wildcards_alone_are_folded(small):
    shards = [f"results/small/shard{number}" for number in range(6)]
    for number, shard in enumerate(shards):
        small.job("search", {shard: str(number)}, ["tables/a.json"], wildcards={"shard": str(number)})
    small.job("summarize", {"results/small/all": "x"}, shards)
    text = "\n".join(lines(small, "results/small/all"))
    assert "and 5 more of the rule, made from the same: 1, 2 … 5" in text and "shard3" not in text
    assert "shard3" in "\n".join(lines(small, "results/small/all", files=True))


def test_raw_images_are_reached_through_the_manifest(small, image_store):
    image_store()
    manifest = small.open().pointers["data/pets/manifest.json"].sha256
    text = "\n".join(lines(small, "results/small/supernet.bin"))
    assert f"2 images, manifest sha256 {manifest[:12]}; --files lists them" in text
    assert "pets  raw images, each hashed in the manifest  (given)" in text and "cat/1.png" not in text
    every = "\n".join(lines(small, "results/small/supernet.bin", files=True))
    assert "train  cat/1.png  sha256 77af778b51abd4a3c51c5ddd97204a9c3ae614ebccb75a606c3b6865aed6744e" in every


def test_as_data_it_has_every_record_and_environment(recorded):
    data = json.loads(json.dumps(describe(recorded.open(), [RESULT])))
    assert [record["rule"] for record in data["records"].values()] == ["search", "fit_predictor", "import_tables"]
    assert {record["environment"] for record in data["records"].values()} == data["environments"].keys()
    assert data["artifacts"][0]["record"] in data["records"]


def test_a_lost_record_is_said(recorded):
    run = recorded.open()
    lost = run.made["results/small/dataset.parquet"]
    run.ledger.document_path("record", lost).unlink()
    assert any(re.match(facts("!", lost[:DIGITS]), line) for line in lines(recorded, RESULT))
    broken = run.ledger.document_path("record", run.made[RESULT])
    broken.write_text("{")
    with pytest.raises(DataError, match=facts(RESULT, broken.name)):
        lines(recorded, RESULT)


@pytest.mark.parametrize(
    ("ending", "start"), [("mmd", "flowchart LR\n"), ("dot", "digraph lineage {\n"), ("svg", "<?xml")]
)
def test_the_graph_is_drawn_and_always_with_the_same_bytes(recorded, ending, start):
    files = [recorded.folder / f"{name}.{ending}" for name in "ab"]
    for file in files:
        draw(recorded.open(), [RESULT], file)
    text = files[0].read_text()
    assert text.startswith(start) and "fit_predictor" in text and text == files[1].read_text()


def test_an_unknown_kind_of_graph_is_refused(recorded):
    with pytest.raises(DataError, match=facts("a.pgn", "'.pgn'", ".svg, .dot, .mmd")):
        draw(recorded.open(), [RESULT], recorded.folder / "a.pgn")
