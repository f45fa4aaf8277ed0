"""Fine-tuned winners in the report."""

import json
import re

import pytest
from messages import facts
from supernet_run import write_finetuning_files

from nascore.errors import DataError
from nascore.report.content import read_content
from nascore.report.measured import finetuning_verdict
from nascore.report.page import render
from nascore.report.view import target_views


def change(path, **changes):
    record = json.loads(path.read_text())
    record["winner"] |= changes
    path.write_text(json.dumps(record))


def sentences(files, finetunings):
    targets = target_views(read_content(**files, finetunings=finetunings))
    return {target.name: finetuning_verdict(target.finetuning) for target in targets}


@pytest.mark.slow
def test_the_page_shows_the_winner_after_fine_tuning(supernet_files, finetuning_files):
    content = read_content(**supernet_files, finetunings=finetuning_files)
    page = render(content)
    assert page.count("Winner, fine-tuned") == 1 and "<b>90.00\u00a0%</b>" in page
    assert content.origins["finetuning", "easy"].path == "finetuning0.json"
    assert "Winner, fine-tuned" not in render(read_content(**supernet_files))


@pytest.mark.slow
def test_every_row_of_measured_subnets_has_the_cells_of_its_header(bounded_files, tmp_path):
    finetunings = write_finetuning_files(tmp_path, bounded_files["validations"])
    page = render(read_content(**bounded_files, finetunings=finetunings))
    table = next(table for table in page.split("<table") if "Winner, fine-tuned" in table)
    rows = [len(re.findall("<t[hd][ >]", row)) for row in table.split("<tr>")[1:]]
    assert rows == [12] * 6  # the header, four roles, and the winner fine-tuned
    tuned = table[table.index("Winner, fine-tuned") :]
    assert '<td class="number">3.500</td>' in tuned[: tuned.index("as the winner")]


def test_what_is_said_of_it(supernet_files, finetuning_files):
    assert sentences(supernet_files, finetuning_files) == {
        "easy": [
            "Fine-tuning the winner for 2 epochs changes the test accuracy by +1.50 points, and the intervals before "
            "and after overlap: these images do not tell the two apart."
        ],
        "<b>x</b>": [],
        "tiny": [],
        "unlucky": [],
    }
    after = {"test_accuracy": 0.8, "test_lower": 0.78, "test_upper": 0.82, "test_loss": 0.4}
    change(finetuning_files[0], after=after, epochs=1)
    said = sentences(supernet_files, finetuning_files)["easy"][0]
    assert "for 1 epoch changes the test accuracy by \u22128.50 points" in said and said.endswith("after are apart.")
    change(finetuning_files[0], after=after, before=after)
    assert "for 1 epoch leaves the test accuracy as it was" in sentences(supernet_files, finetuning_files)["easy"][0]


def test_records_that_do_not_belong_are_refused(supernet_files, finetuning_files):
    def refused(files, *message):
        with pytest.raises(DataError, match=facts(*message)):
            read_content(**supernet_files, finetunings=files)

    first, second = finetuning_files
    again = first.with_name("again.json")
    again.write_bytes(first.read_bytes())
    refused([first, again], "again.json", "easy")
    change(first, arch_id="0" * 16)
    refused([first], "finetuning0.json", "0" * 16, "easy")
    change(first, epochs="two")
    refused([first], "finetuning0.json", "winner.epochs", "integer")
    second.write_text(json.dumps(json.loads(second.read_text()) | {"status": "finetuned"}))
    refused([second], "finetuning1.json", "finetuned", "winner", "null")
