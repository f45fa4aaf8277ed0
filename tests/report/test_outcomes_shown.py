"""Each row, picture, card and line about a target names one subnet, and everything in it is that subnet's.

In the made-up run the winner of target `easy` is the second of the found subnets; the first is the optimum.
"""

import re

import pytest

from nascore.cli.run_commands import winners_text
from nascore.deploy.card import model_card
from nascore.report.content import read_content
from nascore.report.page import render
from nascore.report.tables import searches_table, targets_table, validation_table
from nascore.report.view import target_views
from nascore.results.bundle import Bundle, Memory
from nascore.results.labels import METRICS

MODEL = {"accuracy": 0.8, "lower": 0.7, "upper": 0.9, "max_difference": 1e-7, "changed_decisions": 0, "bytes": 1}
CHECKS = {
    "target": "easy",
    "status": "bundled",
    "arch": {},
    "resolution": 96,
    "labels": ["no person", "person"],
    "images_sha256": "ab",
    "weights_sha256": "cd",
    "pytorch": {"accuracy": 0.8, "lower": 0.7, "upper": 0.9},
    "models": {"model.onnx": MODEL, "model_int8.onnx": MODEL},
    "memory": dict.fromkeys(Memory.model_fields, 1),
    "devices": [{"name": "a", "part": "-", "sram_bytes": 1, "flash_bytes": 1, "fits": True}],
}
IMAGES = {"source": {"source": "x"}, "splits": {}}


@pytest.fixture
def content(supernet_files):
    return read_content(**supernet_files)


@pytest.fixture
def shown(subnets):
    """Return a function that writes all of one subnet as the report does."""

    def of(number):
        subnet = subnets[number]
        numbers = [metric.number(subnet["costs"][name]) for name, metric in METRICS.items()]
        return subnet["arch_id"], f"{100 * subnet['predicted_accuracy']:.2f}", numbers

    return of


def text_of(html):
    return " ".join(re.sub(r"<[^>]+>", " ", html).replace("\u00a0", " ").split()).replace(" ,", ",")


def test_the_headline_row_of_the_page(content, shown):
    html = render(content)
    table = html[html.index('<table class="targets">') :]
    row = text_of(next(row for row in table.split("<tr>") if "#target-1" in row))
    about, _, optimum = row.partition("Optimum of the prediction, proven: ")
    (winner, predicted, numbers), (other, other_predicted, other_numbers) = shown(1), shown(0)
    assert re.findall(r"\b[0-9a-f]{16}\b", about) == [winner]
    assert f"88.50 % 86.90 to 90.00 % {predicted} %" in about and other_predicted not in about
    for number, others in zip(numbers, other_numbers, strict=True):
        assert f"{number} " in about and (number == others or f"{others} " not in about)
    assert "Best measured of the 5 proven best predictions of exact." in about
    assert optimum.startswith(f"{other}, predicted {other_predicted} %.")
    assert re.findall(r"\b[0-9a-f]{16}\b", optimum) == [other]


def test_the_details_of_the_page(content, shown):
    html = render(content)
    article = html[html.index('id="target-1"') :]
    article = text_of(article[: article.index("</article>")].split("<h4>Proof of the optimum</h4>")[1])
    assert article.startswith(f"Optimum of the prediction: {shown(0)[0]}, ") and "it is the winner" not in article


def test_no_interval_of_predictions_stands_beside_a_chosen_subnet(content):
    html = render(content)
    for section in ("targets", "comparison", "details"):
        part = html[html.index(f'<section id="{section}">') :]
        text = text_of(re.sub(r"<script.*?</script>", "", part[: part.index("</section>")], flags=re.DOTALL))
        assert "92.00 to 94.00" not in text and "91.87 to 93.87" not in text and "90 % interval" not in text


@pytest.mark.parametrize("table", [targets_table, validation_table, lambda searches, _: searches_table(searches)])
def test_the_tables(supernet_files, subnets, table):
    rows = table(supernet_files["searches"], supernet_files["validations"])
    known = {subnet["arch_id"]: subnet for subnet in subnets}
    rows = rows[rows["arch_id"].isin(known)]
    assert len(rows) and not {"lower", "upper"} & {*rows}
    for _, row in rows.iterrows():
        subnet = known[row["arch_id"]]
        assert row["predicted_accuracy"] == subnet["predicted_accuracy"]
        assert all(row[metric] == subnet["costs"][metric] for metric in METRICS)


def test_the_title_of_the_picture(content, shown):
    picture = text_of(target_views(content)[0].picture)
    winner, predicted, _ = shown(1)
    assert f"easy: winner {winner}, " in picture and f"measured 88.50 %, predicted {predicted} %" in picture
    assert shown(0)[0] not in picture


def test_the_card(content, shown):
    outcome = target_views(content)[0].outcome
    card = model_card(
        Bundle.model_validate(CHECKS | {"arch_id": outcome.winner.arch_id}), outcome=outcome, manifest=IMAGES
    )
    card = card.replace("\u00a0", " ")
    (winner, predicted, _), (other, other_predicted, _) = shown(1), shown(0)
    assert f"Architecture `{winner}`:" in card and f"Predicted accuracy {predicted} %" in card
    assert f"is another subnet, `{other}`, predicted {other_predicted} %." in card


def test_the_line_on_the_screen(supernet_files, tmp_path, shown):
    table = targets_table(supernet_files["searches"], supernet_files["validations"])
    table.to_csv(tmp_path / "targets.csv", index=False)
    line = next(line for line in winners_text(tmp_path).splitlines() if line.startswith("easy"))
    (winner, predicted, numbers), (other, other_predicted, _) = shown(1), shown(0)
    about, _, optimum = line.partition("optimum of the prediction, proven: ")
    assert re.findall(r"\b[0-9a-f]{16}\b", about) == [winner] and optimum == f"{other}, {other_predicted} %"
    assert f" {predicted} " in about and other_predicted not in about and f" {numbers[0]} " in about
