import hashlib
import json
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import altair as alt
import pytest
from messages import facts

from nascore.report.content import read_content
from nascore.report.measured import defects
from nascore.report.page import render, write_report
from nascore.report.view import contradictions, target_views

LOADING = {"src", "href", "xlink:href", "srcset", "data", "poster", "action"}


class Page(HTMLParser):
    """Collects what a page would load, its ids and its text."""

    def __init__(self, html):
        super().__init__()
        self.loads, self.ids, self.tags, self.text, self.styles, self.inside = [], [], [], "", "", ""
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.inside = tag
        # A link to a file beside the page loads nothing until somebody follows it.
        local = ("#",) if tag != "a" else ("#", *(value for _, value in attributes if value and "//" not in value))
        self.loads += [value for name, value in attributes if name in LOADING and not value.startswith(local)]
        self.ids += [value for name, value in attributes if name == "id"]
        self.styles += " ".join(value for name, value in attributes if name == "style")

    def handle_data(self, data):
        if self.inside == "style":
            self.styles += data
        elif self.inside != "script":
            self.text += data

    def handle_endtag(self, tag):
        self.inside = ""


@pytest.fixture(scope="module")
def html(run_files):
    return render(read_content(**run_files))


@pytest.fixture(scope="module")
def page(html):
    return Page(html)


def test_every_target_is_shown_with_its_proof(page):
    text = " ".join(page.text.split())
    for sentence in (
        "optimum of the prediction, proven: gap 0, bound 93.00 %, 1.00 × 10¹⁹ architectures",
        "proven infeasible: Peak memory is at least 72.0 KB, limit 64 KB",
        "best prediction found, not proven: 1,000 evaluations",
        "nothing found, nothing proven: 1,000 evaluations",
        "Of 4 targets, 1 has a proven optimum, 1 has a proof that no subnet satisfies them, "
        "1 has a subnet without proof, 1 has no subnet and no proof.",
        "width: ×1",
        "Searches kept to width ×0.5, ×0.75.",
        "Device stm32f411: 128 KB SRAM, 512 KB flash (ST DS10314)",
    ):
        assert sentence in text
    assert page.tags.count("article") == 4
    assert page.tags.count("svg") == 3, "the winners, and the smallest subnet of the infeasible target"


def test_nothing_is_loaded_from_anywhere(html, page):
    assert page.loads == []
    assert "@import" not in page.styles and "url(" not in page.styles
    assert not re.search(r"<(script|link|img|iframe)\b[^>]*https?://", html)
    assert "default-src 'none'" in html, "and browsers are told so"


def test_links_and_charts_find_their_places(html, page):
    assert len(page.ids) == len(set(page.ids))
    targets = re.findall(r'(?:href="#|data-spec=")([^"]+)"', html)
    assert len(targets) > 15
    assert set(targets) <= set(page.ids)


def test_chart_library_is_there_once(html):
    assert html.count("window.vegaEmbed=") == 1
    assert len(html) < 2_000_000


@pytest.mark.slow
def test_same_content_same_bytes(files, tmp_path):
    for name in ("one.html", "two.html"):
        write_report(tmp_path / name, read_content(**files))
    first = (tmp_path / "one.html").read_bytes()
    assert first == (tmp_path / "two.html").read_bytes()
    assert str(tmp_path).encode() not in first


def test_names_and_messages_are_text(html, page):
    assert "<b>x</b>" not in html
    assert "&lt;b&gt;x&lt;/b&gt;" in html
    assert "<script>alert(1)" not in html
    assert "<b>x</b>" in page.text


class Rows(HTMLParser):
    """Collects the links of each row of a table's body."""

    def __init__(self, html):
        super().__init__()
        self.rows = []
        self.in_body = False
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.in_body = tag == "tbody" or (self.in_body and tag != "thead")
        if tag == "tr" and self.in_body:
            self.rows.append([dict(attributes).get("id", "")])
        elif tag == "a" and self.in_body:
            self.rows[-1].append(dict(attributes)["href"])


@pytest.mark.slow
@pytest.mark.parametrize("which", ["html", "supernet_html"])
def test_charts_are_valid_vega_lite(request, which):
    page = request.getfixturevalue(which)
    specs = re.findall(r'<script type="application/json" id="spec-[^"]*">(.*?)</script>', page)
    assert len(specs) > 4
    for spec in specs:
        # Their data takes long to check, and may be anything.
        alt.Chart.from_dict(json.loads(spec) | {"datasets": {}})


@pytest.mark.slow
@pytest.mark.parametrize("which", ["html", "supernet_html"])
def test_every_row_links_to_the_file_it_was_read_from(which, request, run_files):
    html = request.getfixturevalue(which)
    rows = [row for row in Rows(html).rows if not row[0].startswith("lineage-")]
    assert len(rows) > 20
    assert all(any(link.startswith("#lineage-") for link in row) for row in rows), rows
    for number, path in enumerate(run_files["searches"], start=1):
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        assert f'<tr id="lineage-{number}"><td><a href="{path.name}">{path.name}</a></td>' in html
        assert f'title="{sha256}"' in html and f"<code>nascore lineage {path.name}</code>" in html


def test_differences_are_from_the_optimum_of_the_same_problem(files):
    content = read_content(**files)
    target = target_views(content)[0]
    exact, sampled = target.results
    assert target.behind_optimum(sampled) == pytest.approx(-4 * 0.05 / 39)
    assert target.behind_optimum(exact) == 0
    assert target.behind_optimum(sampled.model_copy(update={"predictor": "mlp"})) is None


@pytest.mark.slow
def test_a_result_above_a_proven_bound_is_called_a_contradiction(files):
    content = read_content(**files)
    assert contradictions(target_views(content)) == []
    exact, sampled, *others = content.searches
    proof = exact.certificate.model_copy(update={"best_bound": 0.5})
    wrong = replace(content, searches=(exact.model_copy(update={"certificate": proof}), sampled, *others))
    sentences = contradictions(target_views(wrong))
    assert any(re.match(facts("easy", "random", "50.00\u00a0%"), sentence) for sentence in sentences)
    assert "contradict a proof" in render(wrong)


def test_a_found_subnet_contradicts_infeasibility(files):
    content = read_content(**files)
    found = next(r for r in content.searches if r.target == "easy" and r.status == "found")
    wrong = replace(content, searches=(*content.searches, found.model_copy(update={"target": "tiny"})))
    assert re.match(facts("tiny", found.searcher, "infeasible"), contradictions(target_views(wrong))[0])


@pytest.mark.slow
def test_the_report_needs_neither_torch_nor_the_searches():
    code = (
        "import sys, nascore.report.page; "
        "print([m for m in sys.modules if m.split('.')[0] == 'torch' or m in ('nascore.search', 'nascore.predictors')])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


@pytest.fixture(scope="module")
def supernet_html(supernet_run_files):
    return render(read_content(**supernet_run_files))


class TestSupernetRun:
    def test_what_was_measured_is_shown(self, supernet_html):
        text = " ".join(Page(supernet_html).text.split())
        for sentence in (
            "400 subnets of the supernet, measured on 1,000 images each, are the evidence",
            "Measured accuracy",
            "88.50 % 86.90 to 90.00 % 92.87 %",
            "best of 5, ",
            "The winner is 1.10 points above the best random subnet, and their intervals overlap",
            "yes, measured",
            "All 12 measured subnets",
            "nothing satisfies the target",
            "400 subnets of the supernet, measured in 4 shards",
            "no person, person",
            "kernel: 3 epochs, 282 steps, 18,000 images",
            "ab" * 32,
        ):
            assert sentence in text

    def test_links_and_charts_find_their_places(self, supernet_html):
        page = Page(supernet_html)
        assert len(page.ids) == len(set(page.ids)) and page.loads == []
        assert set(re.findall(r'(?:href="#|data-spec=")([^"]+)"', supernet_html)) <= set(page.ids)
        assert {"supernet", "measured", "measured-accuracies", "predicted-measured", "training-loss"} <= set(page.ids)

    def test_same_content_same_bytes(self, supernet_html, supernet_files, tmp_path):
        assert render(read_content(**supernet_files)) == supernet_html
        assert str(tmp_path) not in supernet_html

    @pytest.mark.slow
    def test_a_run_on_tables_shows_none_of_it(self, run_files):
        html = render(read_content(**run_files))
        assert "Supernet" not in html and 'id="measured"' not in html and "Measured accuracy</th>" not in html

    @pytest.mark.slow
    def test_a_supernet_that_was_given_is_said_to_be(self, supernet_files):
        text = Page(render(read_content(**supernet_files | {"training_curves": [], "images": None}))).text
        assert "The weights were given, not trained in this run." in text

    @pytest.mark.slow
    def test_costs_that_differ_when_measured_are_a_warning(self, supernet_files):
        path = supernet_files["validations"][0]
        path.write_text(path.read_text().replace('"satisfies_target": true', '"satisfies_target": false'))
        content = read_content(**supernet_files)
        (defect,) = defects(target_views(content))
        html = render(content)
        assert "Measured costs contradict counted ones:" in html
        assert defect in html

    @pytest.mark.slow
    def test_a_run_whose_targets_are_all_infeasible_has_no_charts_of_measurements(self, supernet_files):
        html = render(read_content(**supernet_files | {"validations": supernet_files["validations"][1:]}))
        assert "nothing satisfies the target" in html and 'id="measured"' not in html
