from dataclasses import replace

import pandas as pd
import pytest
from latency_examples import SETTING, table_of
from messages import facts

from nascore.efficiency.latency_judgement import compare
from nascore.errors import DataError
from nascore.files import read_json, write_json
from nascore.report.content import read_content
from nascore.report.latency import agreements, crossed, latency_verdicts
from nascore.report.latency_figures import latency_estimates
from nascore.report.latency_records import read_latency
from nascore.report.page import render
from nascore.report.view import target_views
from nascore.results.latency import ESTIMATES, FOUND

BOUND = {"name": "latency_ms", "metric": "latency_ms@board", "limit": 5.0, "limit_in_metric": 5.0}


def device_files(folder, space, subnets, name, measured, *, heldout=(1.0, 2.0, 4.0)):
    """Write the files of a device whose corrected sum is 10 % too high; the others are 50 %."""
    folder.mkdir()
    times = pd.Series(heldout, dtype=float)
    estimated = pd.DataFrame({way: times * (1.1 if way == "corrected_sum" else 1.5) for way in ESTIMATES})
    networks = pd.DataFrame({"arch_id": list("abc")[: len(times)], "resolution": 96.0, "measured_ms": times})
    found = pd.DataFrame([(s["arch_id"], 4.0, measured, 0.25) for s in subnets], columns=list(FOUND.columns))
    files = {
        "table": folder / "table.parquet",
        "quality": folder / "quality.csv",
        "heldout": folder / "heldout.parquet",
        "found": folder / "found.csv",
    }
    table_of(space, replace(SETTING, device=name)).write(files["table"])
    compare(times, estimated if len(times) else estimated[[]]).to_csv(files["quality"], index=False)
    networks.assign(spread_ms=0.05).join(estimated).to_parquet(files["heldout"])
    found.to_csv(files["found"], index=False)
    return files


@pytest.fixture
def files(files, space, subnets, tmp_path):
    """Bound the first search's latency on `board`, on which its subnet is too slow when it is measured."""
    search = read_json(files["searches"][0])
    for subnet in search["subnets"]:
        subnet["costs"]["latency_ms@board"] = 4.0
    write_json(files["searches"][0], search | {"constraints": [*search["constraints"], BOUND]})
    board = device_files(tmp_path / "board", space, subnets, "board", 6.0)
    phone = device_files(tmp_path / "phone", space, subnets, "phone", None, heldout=(1.0, 4.0, 2.0))
    return files | {"latency": [board, phone]}


@pytest.mark.slow
def test_the_page_has_quality_and_every_subnet_on_every_device(files):
    page = " ".join(render(read_content(**files)).split())
    assert 'id="latency"' in page and 'id="latency-1"' in page and 'id="latency-2"' in page
    assert "Latency on board ≤ 5" in page  # in the target's details
    assert '<td class="number over">6.000<br><small>IQR 0.250</small></td>' in page
    row = page[page.index("<tr><td>Sum over layers, corrected ") :]
    assert '</td> <td class="number">10.00 %</td>' in row[: row.index("</tr>")]


@pytest.mark.slow
def test_every_row_leads_to_its_file(files):
    content = read_content(**files)
    page = render(content)
    section = page[page.index('<section id="latency">') :]
    section = section[: section.index("</section>")]
    rows = [row for body in section.split("<tbody>")[1:] for row in body.split("</tbody>")[0].split("<tr>")[1:]]
    assert len(rows) == 2 * len(ESTIMATES) + 2  # both devices; two targets with a subnet
    assert all('href="#lineage-' in row for row in rows)
    for device in ("board", "phone"):
        for name in ("quality", "found"):
            origin = content.origins["latency", device, name]
            assert origin.path == f"{device}/{name}.csv" and f'href="#lineage-{origin.number}"' in section
    heading = section[section.index("<h3>phone") :]
    number = content.origins["latency", "phone", "quality"].number
    assert f"#lineage-{number}" in heading[: heading.index("</h3>")]


def test_what_the_held_out_networks_say(files):
    content = read_content(**files)
    said = " ".join(latency_verdicts(content.latency)["board"])
    assert "3 networks that nothing was fitted to take 1 to 4" in said
    assert "ρ 1.000" in said and "that of: Sum over layers, corrected." in said
    assert "something else ran" not in said
    board = content.latency[0]
    noisy = replace(board, heldout=board.heldout.assign(spread_ms=0.5 * board.heldout["measured_ms"]))
    assert "differ by 50\u00a0% of its median: something else ran" in " ".join(latency_verdicts([noisy])["board"])


def test_a_subnet_is_crossed_with_its_limit_on_its_own_device_alone(files):
    content = read_content(**files)
    rows = {row.target.name: row.on_devices for row in crossed(content.latency, target_views(content))}
    board, phone = rows["easy"]
    assert (board.predicted, board.measured, board.limit, board.over) == ("4.000", "6.000", "5", True)
    assert (phone.predicted, phone.measured, phone.limit, phone.over) == ("4.000", "–", "", False)
    assert "tiny" not in rows  # nothing was found for it


def test_two_devices_agree_on_the_networks_that_both_measured(files):
    # Orders 1, 2, 3 and 1, 3, 2.
    (sentence,) = agreements(read_content(**files).latency)
    assert "board and phone order 3 networks" in sentence and "ρ 0.500" in sentence and "τ 0.333" in sentence


@pytest.mark.slow
def test_a_table_without_networks_is_not_judged(files, space, subnets, tmp_path):
    bare = device_files(tmp_path / "bare", space, subnets, "bare", None, heldout=())
    content = read_content(**files | {"latency": [bare]})
    assert latency_verdicts(content.latency)["bare"] == [
        "No whole networks were measured, so nothing says how good this table is."
    ]
    assert "latency-1" not in render(content)


def test_both_panels_have_one_scale_and_every_network(files):
    board = read_content(**files).latency[0]
    spec = latency_estimates(1, board).spec
    dots = [panel["layer"][1]["encoding"] for panel in spec["hconcat"]]
    domains = {str(dot[axis]["scale"]["domain"]) for dot in dots for axis in "xy"}
    assert len(spec["hconcat"]) == 2 and len(domains) == 1
    assert "(error 50.0\u00a0%)" in latency_estimates(1, board).caption


def test_wrong_files_are_named(files):
    board = files["latency"][0]
    board["quality"].write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match=facts("quality.csv", "a, b", "estimate, mape, spearman, kendall_tau")):
        read_latency(**board)
    search = read_json(files["searches"][0])
    search["subnets"][0]["costs"].pop("latency_ms@board")
    write_json(files["searches"][0], search)
    with pytest.raises(DataError, match=facts("search0.json", search["subnets"][0]["arch_id"], "latency_ms@board")):
        read_content(**files | {"latency": []})
