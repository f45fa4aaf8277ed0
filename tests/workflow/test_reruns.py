"""A change reruns what depends on it, and nothing else."""

import copy
from collections import Counter

import pytest
import yaml
from small_configs import CONFIG

REPORT = Counter(summarize=1, write_report=1)


def changed(**changes):
    """Return a deep copy of a part of the configuration with changes merged into its mappings."""
    merged = copy.deepcopy(CONFIG)
    for key, value in changes.items():
        merged[key] = {**merged[key], **value} if isinstance(value, dict) else value
    return {key: merged[key] for key in changes}


def test_nothing_changed_nothing_to_do(finished_project):
    assert finished_project.planned() == Counter()


@pytest.mark.parametrize(
    ("change", "jobs"),
    [
        (changed(targets={"macs": {"macs_m": 31}}), Counter(search=2, draw_winner=1) + REPORT),
        (changed(targets={"new": {"params_m": 1}}), Counter(search=2, draw_winner=1) + REPORT),
        (
            changed(searchers={"random": {"algorithm": "random", "samples": 60}}),
            Counter(search=3, draw_winner=3) + REPORT,
        ),
        (
            changed(predictors={"mlp": {"epochs": 2, "hidden": 16}}),
            Counter(fit_predictor=1, evaluate_predictor=1, measure_learning_curve=1) + REPORT,
        ),
        (changed(learning_curve={"rows": [60]}), Counter(measure_learning_curve=2, write_report=1)),
        (changed(search={"pareto": ["macs", "params"]}), Counter(trace_pareto=1, write_report=1)),
    ],
    ids=["limit", "added target", "searcher option", "predictor option", "learning curve", "Pareto front"],
)
def test_a_changed_key_reruns_its_readers(finished_project, change, jobs):
    finished_project.configure(**change)
    assert finished_project.planned() == jobs


def test_a_removed_target_only_leaves_the_report(finished_project):
    targets = {name: limits for name, limits in CONFIG["targets"].items() if name != "board"}
    finished_project.configure(targets=targets)
    assert finished_project.planned() == REPORT


def test_another_order_of_targets_makes_the_tables_and_the_report_anew(finished_project):
    text = (finished_project.folder / "config.yaml").read_text()
    config = yaml.safe_load(text) | {"targets": dict(reversed(CONFIG["targets"].items()))}
    (finished_project.folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    assert finished_project.planned() == REPORT


def test_the_same_limit_written_differently_reruns_nothing(finished_project):
    finished_project.configure(**changed(targets={"macs": {"macs_m": 30.0}}))
    assert finished_project.planned() == Counter()


def test_the_same_tables_by_another_path_rerun_nothing(finished_project):
    for path in ("./tables", str(finished_project.folder / "tables")):
        finished_project.configure(tables=path)
        assert finished_project.planned() == Counter(), path
    (finished_project.folder / "tables").rename(finished_project.folder / "published")
    finished_project.configure(tables="published")
    assert finished_project.planned() == Counter()


def test_another_seed_keeps_the_imported_rows(finished_project):
    finished_project.configure(seed=1)
    planned = finished_project.planned()
    assert planned["split_rows"] == 1 and planned["fit_predictor"] == 2 and planned["search"] == 6
    assert planned["import_tables"] == planned["count_coverage"] == 0


def test_a_changed_target_really_reruns_only_its_jobs(finished_project):
    before = finished_project.derived()
    finished_project.configure(**changed(targets={"macs": {"macs_m": 31}}))
    done = finished_project.run()
    assert done.returncode == 0, done.stdout
    after = finished_project.derived()
    differing = {name for name in after if before.get(name) != after[name]}
    assert {name for name in differing if name.startswith("search/")} <= {
        f"search/macs/{name}" for name in ("random/result.json", "exact/result.json", "winner.svg")
    }
    assert not any(name.startswith(("predictors/", "accuracy_dataset/", "pareto/")) for name in differing)


def test_a_comment_is_not_code(finished_project):
    finished_project.edit("nascore/search/exact.py", "TOLERANCE = 1e-12", "# Why not?\nTOLERANCE = 1e-12")
    assert finished_project.planned() == Counter()


def test_edited_search_code_reruns_searches_and_not_predictors(finished_project):
    finished_project.edit("nascore/search/exact.py", "TOLERANCE = 1e-12", "TOLERANCE = 2e-12")
    assert finished_project.planned() == Counter(search=6, draw_winner=3) + REPORT


def test_edited_training_code_reruns_the_predictor_that_uses_it(finished_project):
    finished_project.edit("nascore/predictors/mlp.py", "Field(400, ", "Field(401, ")
    assert finished_project.planned() == (
        Counter(fit_predictor=1, evaluate_predictor=1, measure_learning_curve=1) + REPORT
    )


def test_an_edited_template_reruns_the_report(finished_project):
    finished_project.edit("nascore/report/page.css", "}", "}\n/* wider */")
    assert finished_project.planned() == Counter(write_report=1) + Counter(summarize=1, draw_winner=3)


def test_a_touched_script_without_a_change_reruns_nothing(finished_project):
    script = "workflow_scripts/search.py"
    finished_project.replace(script, (finished_project.folder / script).read_bytes())
    assert finished_project.planned() == Counter()
