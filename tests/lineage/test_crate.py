"""The exported crate: what RO-Crate 1.1 and Workflow Run Crate 0.5 say that it MUST have, and their own validator."""

import json
import zipfile

import pytest
from messages import facts

from nascore.errors import DataError
from nascore.lineage.crate import export

PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5",
    "https://w3id.org/ro/wfrun/workflow/0.5",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0",
}
VERSIONED_CONTEXT = {
    "ComputationalWorkflow": "https://bioschemas.org/ComputationalWorkflow",
    "FormalParameter": "https://bioschemas.org/FormalParameter",
    "input": "https://bioschemas.org/ComputationalWorkflow#input",
    "output": "https://bioschemas.org/ComputationalWorkflow#output",
}
"""In what the context of RO-Crate 1.1 differs, where the validator looks, from that of 1.3, which rocrate brings."""


@pytest.fixture
def crate(recorded):
    """Export a run; return the folder and the entities."""
    recorded.write("Snakefile", "rule all:\n")
    recorded.write("rules/search.smk", "")
    export(recorded.open(), recorded.folder, recorded.folder / "crate")
    graph = json.loads((recorded.folder / "crate" / "ro-crate-metadata.json").read_text())["@graph"]
    return recorded.folder / "crate", {entity["@id"]: entity for entity in graph}


def ids(value):
    return {entry["@id"] for entry in (value if isinstance(value, list) else [value])}


def test_the_root_has_what_it_must(crate):
    _, entities = crate
    root = entities["./"]
    assert ids(entities["ro-crate-metadata.json"]["conformsTo"]) >= {"https://w3id.org/ro/crate/1.1"}
    assert ids(root["conformsTo"]) == PROFILES
    assert root["name"] and root["description"] and root["datePublished"] and ids(root["license"]) <= entities.keys()


def test_the_workflow_is_the_main_entity(crate):
    _, entities = crate
    workflow = entities[entities["./"]["mainEntity"]["@id"]]
    assert {"File", "SoftwareSourceCode", "ComputationalWorkflow"} <= set(workflow["@type"])
    assert entities[workflow["programmingLanguage"]["@id"]]["name"] == "Snakemake"


def test_every_action_has_what_it_must(crate):
    _, entities = crate
    actions = {name: entity for name, entity in entities.items() if entity["@type"] == "CreateAction"}
    assert actions.keys() == ids(entities["./"]["mentions"]) and len(actions) == 1 + 4
    for action in actions.values():
        instrument = entities[action["instrument"]["@id"]]
        assert {"SoftwareSourceCode", "SoftwareApplication"} & set(instrument["@type"])
        assert (ids(action["object"]) | ids(action["result"])) <= entities.keys()
    assert entities["#run"]["instrument"] == {"@id": "Snakefile"}
    assert ids(entities["#run"]["result"]) == {"results/small/targets.csv"}
    assert ids(entities["#run"]["object"]) == {"#tables/a.json"}


def test_every_file_is_there_and_has_its_hash(crate, recorded):
    folder, entities = crate
    pointers = recorded.open().pointers
    for name, entity in entities.items():
        if "File" in entity["@type"]:
            assert (folder / name).is_file()
            assert name not in pointers or entity["sha256"] == pointers[name].sha256
    assert list(folder.glob("results/small/lineage/records/*.json"))


def test_as_a_zip(recorded):
    recorded.write("Snakefile", "rule all:\n")
    export(recorded.open(), recorded.folder, recorded.folder / "a.zip")
    with zipfile.ZipFile("a.zip") as archive:
        assert {"ro-crate-metadata.json", "Snakefile", "results/small/targets.csv"} <= set(archive.namelist())
    assert [path.name for path in recorded.folder.glob("*a.zip*")] == ["a.zip"]


def test_what_is_missing_and_what_exists_are_answered(recorded):
    recorded.write("Snakefile", "rule all:\n")
    with pytest.raises(DataError, match=facts(recorded.folder / "tables", ".zip")):
        export(recorded.open(), recorded.folder, recorded.folder / "tables")
    (recorded.folder / "results/small/predictor.bin").unlink()
    with pytest.raises(DataError, match=facts("results/small/predictor.bin", "nascore audit small")):
        export(recorded.open(), recorded.folder, recorded.folder / "new")
    assert not (recorded.folder / "new").exists()


def test_the_validator_of_the_profiles_finds_nothing(crate, monkeypatch):
    models = pytest.importorskip("rocrate_validator.models", reason="needs roc-validator (pip install roc-validator)")
    from importlib.resources import files

    from rocrate_validator import services
    from rocrate_validator.utils import document_loader, http

    context = json.loads((files("rocrate") / "data" / "ro-crate.jsonld").read_text())["@context"] | VERSIONED_CONTEXT
    monkeypatch.setattr(document_loader, "_fetch_json_ld", lambda url: {"@context": context})

    class Answer:
        status_code, headers = 200, {"Content-Type": "application/ld+json"}

        @staticmethod
        def json():
            return {"@context": context}

    monkeypatch.setattr(http.HttpRequester, "get", lambda *_, **__: Answer, raising=False)
    settings = models.ValidationSettings(
        rocrate_uri=str(crate[0]),
        profile_identifier="workflow-run-crate",
        requirement_severity=models.Severity.REQUIRED,
    )
    assert [issue.message for issue in services.validate(settings).get_issues()] == []
