import json

import numpy as np
import pandas as pd
import pytest

from nascore.errors import DataError
from nascore.report.content import read_content


def change(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_everything_is_read(files):
    content = read_content(**files)
    assert [result.status for result in content.searches] == ["optimal", "found", "found", "infeasible", "not_found"]
    assert content.space.global_choices[0].values == (96, 112)
    assert len(content.heldout["additive"]) == 3000


def test_more_keys_than_the_report_shows_are_left_alone(files):
    change(files["predictors"][0], pearson=0.95)
    assert read_content(**files).predictors[0].mae == 0.002


@pytest.mark.parametrize("name", ["dataset", "coverage"])
def test_missing_file_is_named(files, name):
    files[name].unlink()
    with pytest.raises(DataError, match=rf"{files[name].name} does not exist"):
        read_content(**files)


def test_missing_and_mistyped_keys_are_named(files):
    change(files["searches"][0], evaluations="many")
    with pytest.raises(DataError, match=r"search0\.json is not a search result: evaluations: .*integer"):
        read_content(**files)
    files["predictors"][0].write_text("{}")
    files["searches"] = files["searches"][1:]
    with pytest.raises(DataError, match=r"metrics\.json is not a file of predictor metrics: predictor: Field required"):
        read_content(**files)


def test_a_proof_without_certificate_is_refused(files):
    change(files["searches"][0], certificate=None)
    with pytest.raises(DataError, match="status 'optimal' needs 'certificate'"):
        read_content(**files)


def test_an_architecture_outside_the_space_is_refused(files, search_results):
    subnet = search_results["easy", "exact"]["subnets"][0]
    change(files["searches"][0], subnets=[subnet | {"arch": subnet["arch"] | {"image_size": 100}}])
    with pytest.raises(DataError, match=r"search0\.json: row 0: image_size is 100"):
        read_content(**files)


def test_results_that_do_not_belong_together_are_refused(files, search_results):
    with pytest.raises(DataError, match="two search results of searcher 'exact' for target 'easy'"):
        read_content(**files | {"searches": [*files["searches"], files["searches"][0]]})
    with pytest.raises(DataError, match="at least one search result"):
        read_content(**files | {"searches": []})
    change(files["searches"][1], space=search_results["easy", "random"]["space"] | {"resolutions": [112, 96, 128]})
    with pytest.raises(DataError, match="different spaces"):
        read_content(**files)


def test_files_of_unknown_predictors_and_metrics_are_refused(files):
    with pytest.raises(DataError, match="Did you mean 'additive'"):
        read_content(**files | {"heldout": {"aditive": files["heldout"]["additive"]}})
    with pytest.raises(DataError, match="Did you mean 'thop_macs'"):
        read_content(**files | {"pareto_fronts": {"thop_mac": files["coverage"]}})


def test_wrong_tables_are_refused(files):
    with pytest.raises(DataError, match=r"coverage\.parquet has no column 'arch_id'; it has gene, value, n_rows"):
        read_content(**files | {"heldout": {"additive": files["coverage"]}})
    files["coverage"].write_text("gene,value")
    with pytest.raises(DataError, match=r"coverage\.parquet is not a Parquet file"):
        read_content(**files)
    table = pd.DataFrame({"gene": ["width"] * 2, "value": [0, 1], "n_rows": [1.0, np.nan]})
    table.to_parquet(files["coverage"])
    with pytest.raises(DataError, match="column 'n_rows' is not a finite number in row 1"):
        read_content(**files)
    table.assign(n_rows="many").to_parquet(files["coverage"])
    with pytest.raises(DataError, match="column 'n_rows' must hold numbers"):
        read_content(**files)
