import json

import numpy as np
import pandas as pd
import pytest
from messages import facts
from supernet_run import CHECKPOINT

from nascore.errors import DataError
from nascore.report.content import read_content
from nascore.report.tables import validation_table


def change(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_everything_is_read(files):
    content = read_content(**files)
    assert [result.status for result in content.searches] == ["optimal", "found", "found", "infeasible", "not_found"]
    assert content.space.global_choices[0].values == (96, 112)
    assert len(content.heldout["additive"]) == 3000


def test_a_key_without_a_meaning_is_named(files):
    change(files["predictors"][0], pearson=0.95)
    with pytest.raises(DataError, match=facts("metrics.json", "pearson", "evaluate_predictor")):
        read_content(**files)


@pytest.mark.parametrize("name", ["dataset", "coverage"])
def test_missing_file_is_named(files, name):
    missing = files[name].with_name(f"no_{files[name].name}")
    with pytest.raises(DataError, match=facts(missing)):
        read_content(**files | {name: missing})


def test_missing_and_mistyped_keys_are_named(files):
    change(files["searches"][0], evaluations="many")
    with pytest.raises(DataError, match=facts("search0.json", "evaluations", "integer")):
        read_content(**files)
    files["predictors"][0].write_text("{}")
    files["searches"] = files["searches"][1:]
    with pytest.raises(DataError, match=facts("metrics.json", "predictor", "Field required")):
        read_content(**files)


def test_a_proof_without_certificate_is_refused(files):
    change(files["searches"][0], certificate=None)
    with pytest.raises(DataError, match=facts("search0.json", "optimal", "certificate")):
        read_content(**files)


def test_an_architecture_outside_the_space_is_refused(files, search_results):
    subnet = search_results["easy", "exact"]["subnets"][0]
    change(files["searches"][0], subnets=[subnet | {"arch": subnet["arch"] | {"image_size": 100}}])
    with pytest.raises(DataError, match=facts("search0.json", "row 0", "image_size", 100, "96, 112")):
        read_content(**files)


def test_results_that_do_not_belong_together_are_refused(files, search_results):
    with pytest.raises(DataError, match=facts("exact", "easy")):
        read_content(**files | {"searches": [*files["searches"], files["searches"][0]]})
    with pytest.raises(DataError, match=facts("report", "search result")):
        read_content(**files | {"searches": []})
    change(files["searches"][1], space=search_results["easy", "random"]["space"] | {"resolutions": [112, 96, 128]})
    with pytest.raises(DataError, match=facts("ofa_mcunet", "96, 112", "112, 96, 128")):
        read_content(**files)


def test_files_of_unknown_predictors_and_metrics_are_refused(files):
    with pytest.raises(DataError, match=facts("aditive", "additive")):
        read_content(**files | {"heldout": {"aditive": files["heldout"]["additive"]}})
    with pytest.raises(DataError, match=facts("thop_mac", "thop_macs")):
        read_content(**files | {"pareto_fronts": {"thop_mac": files["coverage"]}})


def test_wrong_tables_are_refused(files):
    with pytest.raises(DataError, match=facts("coverage.parquet", "arch_id", "gene, value, n_rows")):
        read_content(**files | {"heldout": {"additive": files["coverage"]}})
    files["coverage"].write_text("gene,value")
    with pytest.raises(DataError, match=facts("coverage.parquet", "Parquet", "gene, value, n_rows")):
        read_content(**files)
    table = pd.DataFrame({"gene": ["width"] * 2, "value": [0, 1], "n_rows": [1.0, np.nan]})
    table.to_parquet(files["coverage"])
    with pytest.raises(DataError, match=facts("coverage.parquet", "n_rows", "row 1")):
        read_content(**files)
    table.assign(n_rows="many").to_parquet(files["coverage"])
    with pytest.raises(DataError, match=facts("coverage.parquet", "n_rows", "str")):
        read_content(**files)


class TestSupernetRun:
    def test_everything_is_read(self, supernet_files):
        content = read_content(**supernet_files)
        assert content.dataset.kind == "supernet" and content.checkpoints == [CHECKPOINT]
        assert list(content.validations) == ["easy", "tiny"]
        assert list(content.validations["easy"].tested) == ["found", "random", "smallest", "largest"]
        assert [curve["phase"][0] for curve in content.training_curves] == ["largest", "kernel", "depth"]
        assert {split: len(items) for split, items in content.images.splits.items()}["test"] == 1500

    def test_a_run_on_tables_has_none_of_it(self, files):
        content = read_content(**files)
        assert (content.checkpoints, content.validations, content.training_curves, content.images) == ([], {}, (), None)

    def test_a_dataset_report_must_say_its_kind(self, supernet_files):
        change(supernet_files["dataset"], kind="table")
        with pytest.raises(DataError, match=facts("dataset_report.json", "kind", "table", "tables", "supernet")):
            read_content(**supernet_files)
        change(supernet_files["dataset"], kind="tables")
        with pytest.raises(DataError, match=facts("dataset_report.json", "n_files", "Field required")):
            read_content(**supernet_files)

    def test_validations_must_belong_to_a_search(self, supernet_files):
        first, second = supernet_files["validations"]
        with pytest.raises(DataError, match=facts("validation0.json", "easy")):
            read_content(**supernet_files | {"validations": [first, second, first]})
        change(second, target="other")
        with pytest.raises(DataError, match=facts("validation1.json", "exact", "other")):
            read_content(**supernet_files)

    def test_a_contender_with_another_name_is_refused(self, supernet_files):
        path = supernet_files["validations"][0]
        contenders = json.loads(path.read_text())["contenders"]
        expected, contenders[7]["arch_id"] = contenders[7]["arch_id"], "0" * 16
        change(path, contenders=contenders)
        with pytest.raises(DataError, match=facts("validation0.json", "contender 7", "0" * 16, expected)):
            read_content(**supernet_files)
        contenders[7]["arch"]["image_size"] = 100
        change(path, contenders=contenders)
        with pytest.raises(DataError, match=facts("validation0.json", "contenders", "row 7", "image_size", 100)):
            read_content(**supernet_files)

    def test_missing_costs_are_named(self, supernet_files):
        path = supernet_files["validations"][0]
        winner = json.loads(path.read_text())["winner"]
        change(path, winner=winner | {"costs_measured": {"macs": 1}})
        with pytest.raises(DataError, match=facts("validation0.json", winner["arch_id"], "thop_macs")):
            read_content(**supernet_files)

    def test_a_contender_without_the_latency_that_its_target_bounds_is_named(self, bounded_files):
        path = bounded_files["validations"][0]
        contenders = json.loads(path.read_text())["contenders"]
        contenders[5]["costs"].pop("latency_ms@board")
        change(path, contenders=contenders)
        missing = ("validation0.json", contenders[5]["arch_id"], "latency_ms@board")
        with pytest.raises(DataError, match=facts(*missing)):
            read_content(**bounded_files)
        with pytest.raises(DataError, match=facts(*missing)):
            validation_table(bounded_files["searches"], bounded_files["validations"])

    def test_another_checkpoint_is_refused(self, supernet_files):
        change(supernet_files["dataset"], checkpoint_sha256="cd" * 32)
        with pytest.raises(DataError, match=facts("cd" * 32, "ab" * 32)):
            read_content(**supernet_files)

    def test_wrong_curves_are_refused(self, supernet_files):
        curves = supernet_files["training_curves"]
        with pytest.raises(DataError, match=facts("phase", "largest")):
            read_content(**supernet_files | {"training_curves": [curves[0], curves[0]]})
        pd.read_parquet(curves[1]).assign(loss=np.nan).to_parquet(curves[1])
        with pytest.raises(DataError, match=facts("curve_kernel.parquet", "loss", "row 0")):
            read_content(**supernet_files)
        pd.read_parquet(curves[1]).iloc[:0].to_parquet(curves[1])
        with pytest.raises(DataError, match=facts("curve_kernel.parquet", "rows")):
            read_content(**supernet_files)

    def test_a_manifest_without_classes_is_refused(self, supernet_files):
        supernet_files["images"].write_text("{}")
        with pytest.raises(DataError, match=facts("manifest.json", "class_names", "Field required")):
            read_content(**supernet_files)
