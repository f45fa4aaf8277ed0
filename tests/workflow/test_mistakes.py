"""What a user does wrong ends in a message that says what to do, never in a traceback of ours."""

import pytest
from small_project import CONFIG


def said(project, *arguments: str) -> str:
    """Run a workflow that must fail, and return what it said."""
    done = project.run(*arguments)
    assert done.returncode != 0
    assert "Traceback" not in done.stdout, done.stdout
    return done.stdout


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sed": 1}, "unknown key 'sed'. Did you mean 'seed'?"),
        ({"targets": {"a": {"macsm": 30}}}, "target 'a': unknown constraint 'macsm'. Did you mean 'macs_m'?"),
        ({"targets": {"a": {"macs_m": -1}}}, "target 'a': macs_m must be a finite number above 0; got -1"),
        (
            {"tables": "nowhere"},
            "error: the folder of accuracy tables nowhere does not exist. Give the folder of the JSON tables",
        ),
    ],
)
def test_the_configuration_is_checked_before_anything_runs(new_project, change, message):
    new_project.configure(**change)
    assert message in said(new_project)
    assert not new_project.results.exists()


def test_no_configuration_at_all(new_project):
    (new_project.folder / "config.yaml").write_text("{}")
    assert "targets: Field required" in said(new_project)


def test_a_broken_table_is_named(new_project):
    table = new_project.folder / "tables" / "table1.json"
    table.write_text(table.read_text()[:-20])
    assert "table1.json is not whole, valid JSON" in said(new_project)
    assert not list(new_project.results.glob("accuracy_dataset/*"))


def test_a_target_outside_the_covered_choices_is_refused_unless_they_are_opened(finished_project):
    targets = {**CONFIG["targets"], "widest": {"width": 2, "macs_m": 50}}
    finished_project.configure(targets=targets)
    text = said(finished_project)
    assert "target 'widest' fixes width 2, but the search is kept to width 0, 1" in text
    assert "search.uncovered_choices" in text
    finished_project.configure(targets=targets, search={**CONFIG["search"], "uncovered_choices": True})
    done = finished_project.run()
    assert done.returncode == 0, done.stdout
