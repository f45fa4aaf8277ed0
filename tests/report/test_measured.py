import json
import re

import pytest
from messages import facts
from pydantic import ValidationError
from supernet_run import validated

from nascore.report.content import read_content
from nascore.report.measured import accuracy_table, defects, measured_summary, ranking_table, role_counts, verdict
from nascore.report.measured_figures import measured_accuracies, predicted_against_measured
from nascore.report.view import target_views
from nascore.results.validation import Validation


@pytest.fixture
def record(space, search_results):
    """Return a validation as it is written."""
    return json.loads(json.dumps(validated(space, search_results["easy", "exact"])))


def best_of(record, role):
    return next(c for c in record["contenders"] if c["role"] == role and c["test_accuracy"] is not None)


def set_test(record, role, accuracy, half=0.01):
    best_of(record, role).update(test_accuracy=accuracy, test_lower=accuracy - half, test_upper=accuracy + half)


def sentences(record):
    return verdict(Validation.model_validate(record))


def test_overlapping_intervals_are_said_to_tell_nothing(record):
    assert sentences(record) == [
        "The winner is not the optimum of the prediction, but was better on the search split.",
        "The winner is 1.10 points above the best random subnet, and their intervals overlap: these images do not "
        "tell the two apart.",
        "The winner is 7.50 points above the smallest subnet, and their intervals are apart.",
        "The winner is 0.40 points below the largest subnet, and their intervals overlap: these images do not "
        "tell the two apart.",
        "The winner is measured 4.37 points below its prediction, which is outside its test interval: the best of many "
        "predictions is rarely as good as predicted.",
    ]


def test_a_better_random_subnet_and_the_most_frequent_class_are_not_hidden(record):
    set_test(record, "random", 0.95)
    record["majority_class_accuracy"] = 0.87
    said = sentences(record)
    assert "The winner is 6.50 points below the best random subnet, and their intervals are apart." in said
    assert (
        "The winner's test interval reaches down to 86.90\u00a0%; always answering the most frequent class scores "
        "87.00\u00a0%, so it is not shown to be better than that."
    ) in said


def test_equal_accuracies_and_equal_subnets(record):
    set_test(record, "random", 0.885)
    best_of(record, "largest")["arch_id"] = record["winner"]["arch_id"]
    said = sentences(record)
    assert "The winner is as accurate as the best random subnet, and their intervals overlap: these" in said[1]
    assert "The winner is the largest subnet itself." in said


def test_no_random_subnet_to_compare_with(record):
    record["contenders"] = [c for c in record["contenders"] if c["role"] != "random"]
    assert "No random subnet within the limits was drawn, so there is none to compare with." in sentences(record)
    assert role_counts(Validation.model_validate(record)) == {"found": 5, "smallest": 1, "largest": 1}


def test_nothing_is_said_without_a_winner(supernet_files):
    assert verdict(read_content(**supernet_files).validations["tiny"]) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: r.update(winner=None), ("validated", "winner", "null")),
        (lambda r: r.update(status="not_found"), ("not_found", "winner", "given")),
        (lambda r: r["winner"].update(arch_id="0" * 16), ("0" * 16, "found")),
        (
            lambda r: best_of(r, "random").update(test_loss=None),
            ("contenders.5", "test_accuracy", "test_lower", "test_upper", "test_loss", "null"),
        ),
        (lambda r: r["contenders"].pop(), None),
        (lambda r: r["contenders"].pop(5), ("random", "0 contenders", 1)),
        (lambda r: r["contenders"][0].update(best_of(r, "found")), ("found", "2 contenders", 1)),
        (
            lambda r: r["contenders"][0].update(role="best"),
            ("contenders.0.role", "best", "found", "random", "smallest", "largest"),
        ),
        (lambda r: r.update(majority_class_accuracy="most"), ("majority_class_accuracy", "most")),
    ],
)
def test_a_validation_that_cannot_be_is_refused(record, change, message):
    change(record)
    if message is None:
        assert "largest" not in Validation.model_validate(record).tested
        return
    with pytest.raises(ValidationError, match=facts(*message)):
        Validation.model_validate(record)


def test_costs_that_differ_when_measured_are_defects(supernet_files, space, record):
    path = supernet_files["validations"][0]
    assert defects(target_views(read_content(**supernet_files))) == []
    counted = record["winner"]["costs_counted"]["macs"]
    record["winner"]["costs_measured"] = record["winner"]["costs_counted"] | {"macs": counted + 1}
    record["winner"]["satisfies_target"] = False
    path.write_text(json.dumps(record))
    cost, target = defects(target_views(read_content(**supernet_files)))
    assert re.match(facts("easy", "MACs", f"{counted + 1:,}", f"{counted:,}"), cost)
    assert re.match(facts("easy", "costs"), target)


def test_a_higher_prediction_of_another_predictor_does_not_stand_for_the_target(supernet_files):
    first = target_views(read_content(**supernet_files))[0]
    path = next(p for p in supernet_files["searches"] if json.loads(p.read_text())["searcher"] == first.search.searcher)
    other = json.loads(path.read_text()) | {"searcher": "other", "predictor": "mlp"}
    for subnet in other["subnets"]:
        subnet["predicted_accuracy"] = 1.05
    supernet_files["searches"].append(path.with_name("other.json"))
    supernet_files["searches"][-1].write_text(json.dumps(other))
    again = target_views(read_content(**supernet_files))[0]
    assert (again.search.searcher, again.search.predictor) == (first.search.searcher, first.search.predictor)
    assert {result.searcher for result in again.results} > {"other"}


def test_summary(supernet_files, files):
    assert measured_summary(target_views(read_content(**supernet_files))) == [
        "Measured once on 1,500 test images that nothing before has read, the winner reaches 88.50\u00a0%.",
        "Beside the best of as many random subnets, 0 of 1 winners are more accurate with intervals apart, 0 less, and "
        "for 1 the intervals overlap.",
    ]
    assert measured_summary(target_views(read_content(**files))) == []


def test_charts_show_what_was_measured(supernet_files):
    targets = target_views(read_content(**supernet_files))
    table = accuracy_table(targets)
    assert table["role"].tolist() == ["Winner of the search", "Best random", "Smallest that fits", "Largest that fits"]
    assert table["accuracy"].tolist() == [88.5, 87.4, 81.0, 88.9]
    assert measured_accuracies(table).anchor == "measured-accuracies"
    ranking = ranking_table(targets)
    assert ranking["role"].value_counts().to_dict() == {"Found": 5, "Random": 5, "Smallest": 1, "Largest": 1}
    assert "All 12 subnets" in predicted_against_measured(ranking).caption
