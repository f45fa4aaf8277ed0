"""The command line: what each command prints, and how each bad input is answered."""

import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from latency_examples import networks_of, table_of
from messages import facts
from typer.testing import CliRunner

from nascore import __version__
from nascore.accuracy_dataset.coverage import coverage
from nascore.cli import app
from nascore.devices import DEVICES
from nascore.efficiency.latency_quality import table_sum
from nascore.latency_files import LayerLatencies
from nascore.predictors import make_predictor
from nascore.predictors.storage import read, write

SMALLEST = {"wid": 0, "ks": 3, "e": 3, "d": 0, "image_size": 96}
SMALLEST_COSTS = {
    "macs": 7_237_104,
    "thop_macs": 8_302_128,
    "peak_memory_bytes": 73_728,
    "params": 304_538,
    "flash_bytes": 314_944,
}
COMMANDS = [
    ("spaces",),
    ("devices",),
    ("cost",),
    ("draw",),
    ("search",),
    ("predict",),
    ("validate",),
    ("latency", "measure"),
    ("latency", "check"),
    ("latency", "import"),
    ("latency", "export"),
    ("config", "check"),
    ("config", "schema"),
    ("lineage",),
    ("audit",),
    ("diff",),
    ("crate",),
    ("winners",),
]


@pytest.fixture(scope="module")
def run(tmp_path_factory, space):
    """Lay out a finished run: a predictor fitted to 300 rows without the widest networks, and its coverage."""
    folder = tmp_path_factory.mktemp("run")
    rng = np.random.default_rng(0)
    genes = space.canonical(space.restrict({"width": [0, 1]}).sample(300, rng))
    accuracy = 0.85 + 0.02 * genes[:, 0] + 0.01 * genes[:, 2:].mean(axis=1) + rng.normal(0, 0.001, 300)
    fitted = make_predictor("linear_per_global", space).fit(genes[:200], accuracy[:200], seed=0)
    fitted.save(folder / "uncalibrated.safetensors")
    fitted.calibrate(genes[200:], accuracy[200:])
    fitted.save(folder / "predictors" / "linear_per_global" / "predictor.safetensors")
    (folder / "accuracy_dataset").mkdir()
    coverage(space, genes).to_parquet(folder / "accuracy_dataset" / "coverage.parquet")
    return folder


@pytest.fixture(scope="module")
def predictor(run):
    return str(run / "predictors" / "linear_per_global" / "predictor.safetensors")


def call(*arguments, stdin=None):
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)


def answer(*arguments, stdin=None):
    """Return the standard output of a command that must succeed."""
    result = call(*arguments, stdin=stdin)
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    return result.stdout


def error(*arguments, stdin=None):
    """Return the message of a command that must fail in the known way."""
    result = call(*arguments, stdin=stdin)
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit)
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert "Traceback" not in result.stderr
    return result.stderr


# -- help and start-up ---------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself_with_an_example(command):
    helped = answer(*command, "--help")
    assert "Example:" in helped
    assert f"  nascore {' '.join(command)}" in helped


def test_the_version(run):
    assert answer("--version") == f"nascore {__version__}\n"


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from typer.testing import CliRunner; from nascore.cli import app; "
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0; "
        "print(sorted({'torch', 'numpy', 'scipy', 'pandas', 'matplotlib', 'pydantic'} & sys.modules.keys()))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"


@pytest.mark.slow
def test_a_search_loads_no_torch(predictor):
    arguments = ["search", "--predictor", predictor, "--limit", "macs_m=20"]
    code = (
        "import sys; from typer.testing import CliRunner; from nascore.cli import app; "
        f"assert CliRunner().invoke(app, {arguments}).exit_code == 0; "
        "print(sorted({'torch', 'snakemake', 'matplotlib'} & sys.modules.keys()))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"


@pytest.mark.slow
def test_a_closed_pipe_is_no_error():
    with subprocess.Popen(
        [sys.executable, "-c", "from nascore.cli import app; app()", "config", "schema"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == b""


def test_ctrl_c_is_quiet(predictor, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("nascore.search.run.run_search", interrupted)
    result = call("search", "--predictor", predictor, "--limit", "macs_m=20")
    assert (result.exit_code, result.output) == (130, "")


# -- spaces, devices, cost, draw -----------------------------------------------------------------------


def test_spaces_are_listed_and_described(space):
    assert "ofa_mcunet" in answer("spaces")
    described = answer("spaces", "ofa_mcunet")
    assert f"{space.size():,} different architectures" in described
    assert "stage2.depth  2 3 4" in described
    entry, binas = json.loads(answer("spaces", "--json"))
    assert (binas["name"], binas["n_architectures"]) == ("binas", 22_608**5)
    assert entry == json.loads(answer("spaces", "ofa_mcunet", "--json"))
    assert entry["n_architectures"] == space.size()
    assert entry["smallest_costs"] == SMALLEST_COSTS
    assert entry["largest_costs"]["macs"] == 278_011_136
    assert entry["largest_costs"]["peak_memory_bytes"] == 768_000
    assert entry["largest_costs"]["params"] == 4_067_018


def test_a_space_with_other_resolutions_and_classes():
    entry = json.loads(answer("spaces", "ofa_mcunet", "--resolutions", "160,96", "--classes", "10", "--json"))
    assert entry["global_choices"]["resolution"] == [96, 160]
    assert entry["smallest_costs"]["macs"] == SMALLEST_COSTS["macs"] + 8 * 384


def test_devices():
    assert all(name in answer("devices") for name in DEVICES)
    assert [device["name"] for device in json.loads(answer("devices", "--json"))] == list(DEVICES)


def test_costs_of_a_string_a_file_a_list_and_standard_input(tmp_path):
    text = json.dumps(SMALLEST)
    (tmp_path / "one.json").write_text(text)
    (tmp_path / "list.json").write_text(json.dumps([SMALLEST, {**SMALLEST, "image_size": 160}]))
    one = json.loads(answer("cost", text, "--json"))
    assert [entry["costs"] for entry in one] == [SMALLEST_COSTS]
    assert json.loads(answer("cost", tmp_path / "one.json", "--json")) == one
    assert json.loads(answer("cost", "-", "--json", stdin=text)) == one
    assert json.loads(answer("cost", "-", "--json", stdin=json.dumps(one))) == one
    several = json.loads(answer("cost", tmp_path / "list.json", text, "--json"))
    assert [entry["costs"]["macs"] for entry in several] == [7_237_104, 20_053_232, 7_237_104]
    header, row = answer("cost", text).splitlines()
    assert "Peak memory (KB)" in header
    assert row.split() == [one[0]["arch_id"], "96", "50", "7.24", "8.30", "72.0", "0.305", "307.6"]


@pytest.mark.slow
@pytest.mark.parametrize(("suffix", "start"), [(".svg", b"<?xml"), (".png", b"\x89PNG"), (".pdf", b"%PDF")])
def test_drawings_are_the_same_bytes_each_time(tmp_path, suffix, start):
    for name in ("a", "b"):
        answer("draw", json.dumps(SMALLEST), "--output", tmp_path / f"{name}{suffix}")
    drawn = (tmp_path / f"a{suffix}").read_bytes()
    assert drawn.startswith(start)
    assert drawn == (tmp_path / f"b{suffix}").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("spaces", "ofa_mcunets"), ("ofa_mcunets", "ofa_mcunet")),
        (("spaces", "ofa_mcunet", "--resolutions", "96;160"), ("96;160", "96,160")),
        (("spaces", "ofa_mcunet", "--resolutions", "96,96"), ("resolutions", 8, "96, 96")),
        (("cost", json.dumps({**SMALLEST, "ks": 4})), ("row 0", "ks[0]", 4, "3, 5, 7")),
        (("cost", json.dumps({**SMALLEST, "image_size": 200})), ("row 0", "image_size", 200, "96, 112, 128, 144, 160")),
        (("cost", json.dumps({**SMALLEST, "w": 0})), ("row 0", "'w'", "wid, ks, e, d, image_size")),
        (("cost", '{"wid": 0,'), ("command line", "JSON", "column 11")),
        (("cost", "[" * 100_000), ("command line", "JSON")),
        (("cost", "[]"), ("[]", "architecture")),
        (("cost", "[3]"), ("[3]", "row 0", 3, "wid, ks, e, d, image_size")),
        (("cost", "no_such_file.json"), ("no_such_file.json",)),
        (("cost", '{"subnets": [], "message": "infeasible: why"}'), ("subnets", ": infeasible: why")),
        (("draw", json.dumps(SMALLEST), "--output", "subnet.gif"), ("subnet.gif", ".svg, .png, .pdf")),
        (("draw", json.dumps(SMALLEST), "--output", "a.svg", "--pick", "2"), ("--pick", 2, 1)),
    ],
)
def test_bad_spaces_and_architectures(arguments, says):
    assert re.match(facts(*says), error(*arguments))


def test_files_that_cannot_be_read_or_written(tmp_path):
    (tmp_path / "bad.json").write_text("[1,")
    assert re.match(facts("bad.json", "JSON", "line 1", "column 4"), error("cost", tmp_path / "bad.json"))
    assert re.match(facts(tmp_path, "Is a directory"), error("cost", tmp_path))
    (tmp_path / "a.svg").mkdir()
    refused = error("draw", json.dumps(SMALLEST), "--output", tmp_path / "a.svg")
    assert re.match(facts("a.svg", "Is a directory"), refused)


# -- search and predict --------------------------------------------------------------------------------

LIMITS = ("--limit", "thop_macs_m=30", "--limit", "peak_memory_kb=256")


def test_a_search_prints_the_proof_and_the_subnets(predictor, tmp_path):
    printed = answer("search", "--predictor", predictor, *LIMITS, "--top-k", "3", "--output", tmp_path / "result.json")
    assert printed.startswith("optimal: 3 subnets, best predicted accuracy 0.")
    assert "kept to width 0 1" in printed
    assert "gap 0; the whole list is proven" in printed
    result = json.loads((tmp_path / "result.json").read_text())
    assert [subnet["arch_id"] in printed for subnet in result["subnets"]] == [True] * 3
    as_json = json.loads(answer("search", "--predictor", predictor, *LIMITS, "--top-k", "3", "--json"))
    assert as_json == result


def test_results_feed_the_other_commands(predictor, run, tmp_path):
    path = tmp_path / "result.json"
    result = json.loads(answer("search", "--predictor", predictor, *LIMITS, "--output", path, "--json"))
    costs = json.loads(answer("cost", path, "--json"))
    assert [entry["costs"] for entry in costs] == [subnet["costs"] for subnet in result["subnets"]]
    predicted = json.loads(answer("predict", "--predictor", predictor, path, "--json"))
    for entry, subnet in zip(predicted, result["subnets"], strict=True):
        assert entry == {key: subnet[key] for key in ("arch_id", "arch", "predicted_accuracy", "lower", "upper")} | {
            "covered": True
        }
    answer("draw", path, "--pick", "10", "--output", tmp_path / "tenth.svg")


def test_predictions_say_what_is_covered(predictor, run, tmp_path):
    widest = json.dumps({**SMALLEST, "wid": 2})
    header, row = answer("predict", "--predictor", predictor, widest, "--level", "0.5").splitlines()
    assert "50% interval" in header
    assert row.endswith("no")
    alone = tmp_path / "alone.safetensors"
    alone.write_bytes((run / "predictors" / "linear_per_global" / "predictor.safetensors").read_bytes())
    assert answer("predict", "--predictor", alone, widest).splitlines()[1].endswith("unknown")


def test_infeasible_is_a_result(predictor):
    arguments = ("search", "--predictor", predictor, "--limit", "peak_memory_kb=64", "--limit", "macs_m=20")
    printed = answer(*arguments)
    assert re.match(facts("infeasible", "peak_memory_kb", 72), printed.splitlines()[0])
    assert ["peak_memory_kb", "64", "72"] in [line.split()[:3] for line in printed.splitlines()]
    assert json.loads(answer(*arguments, "--json"))["status"] == "infeasible"


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", ["random", "evolution"])
def test_sampling_searches_depend_on_the_seed_alone(predictor, algorithm):
    arguments = ("search", "--predictor", predictor, "--device", "stm32f411", "--algorithm", algorithm, "--json")
    first = answer(*arguments, "--seed", "1")
    assert answer(*arguments, "--seed", "1") == first
    assert answer(*arguments, "--seed", "2") != first
    assert json.loads(first)["status"] == "found"
    assert "evaluations  " in answer(*arguments[:-1])


def test_fixed_choices_and_the_ways_to_say_what_is_covered(predictor, run, tmp_path):
    fixed = ("--limit", "macs_m=50", "--fix", "resolution=96", "--top-k", "1", "--json")
    found = json.loads(answer("search", "--predictor", predictor, *fixed))
    assert found["subnets"][0]["arch"]["image_size"] == 96
    given = ("--coverage", run / "accuracy_dataset" / "coverage.parquet")
    assert json.loads(answer("search", "--predictor", predictor, *fixed, *given)) == found
    widest = answer("search", "--predictor", predictor, *fixed, "--fix", "width=2", "--uncovered-choices")
    assert json.loads(widest)["subnets"][0]["arch"]["wid"] == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), ("constraint", "macs_m, thop_macs_m, peak_memory_kb, flash_kb, params_m")),
        (("--limit", "peak_memory_k=64"), ("peak_memory_k", "peak_memory_kb")),
        (
            ("--limit", "resolution=96"),
            ("resolution", "macs_m, thop_macs_m, peak_memory_kb, flash_kb, params_m, latency_ms"),
        ),
        (("--limit", "macs_m=-5"), ("macs_m", 0, -5.0)),
        (("--limit", "macs_m=nan"), ("macs_m", "finite", "nan")),
        (("--limit", "macs_m=many"), ("macs_m", "many")),
        (("--limit", "macs_m"), ("--limit", "NAME=VALUE", "macs_m")),
        (("--limit", "macs_m=5", "--limit", "macs_m=6"), ("--limit", "macs_m", 5, 6)),
        (("--device", "stm32h734"), ("stm32h734", "stm32h743")),
        (("--device", "stm32f746", "--limit", "flash_kb=9"), ("flash_kb", "stm32f746")),
        (("--limit", "macs_m=5", "--algorithm", "exakt"), ("exakt", "exact")),
        (("--limit", "macs_m=5", "--fix", "kernel=3"), ("kernel", "resolution, width")),
        (("--limit", "macs_m=5", "--fix", "resolution=97"), ("resolution", 97, "96, 112, 128, 144, 160")),
        (("--limit", "macs_m=5", "--fix", "width=half"), ("width", "half", "0, 1, 2")),
        (("--limit", "macs_m=50", "--fix", "width=2"), ("--fix", "width=2", "0, 1", "--uncovered-choices")),
        (("--limit", "macs_m=5", "--space", "ofa"), ("ofa", "ofa_mcunet, binas")),
        (
            ("--limit", "macs_m=5", "--resolutions", "96,128"),
            ("predictor.safetensors", "global_choices", "96, 112, 128, 144, 160", "96, 128"),
        ),
        (
            ("--limit", "macs_m=5", "--coverage", "none.parquet"),
            ("none.parquet", "coverage"),
        ),
        (("--coverage", "c.parquet", "--uncovered-choices"), ("--coverage", "--uncovered-choices")),
    ],
)
def test_bad_searches(predictor, arguments, says):
    assert re.match(facts(*says), error("search", "--predictor", predictor, *arguments))


def test_bad_predictor_and_coverage_files(predictor, run, tmp_path):
    limit = ("--limit", "macs_m=50")
    assert re.match(facts(tmp_path / "none", "predictor"), error("search", "--predictor", tmp_path / "none", *limit))
    whole = (run / "predictors" / "linear_per_global" / "predictor.safetensors").read_bytes()
    truncated = tmp_path / "truncated.safetensors"
    truncated.write_bytes(whole[:-100])
    refused = error("search", "--predictor", truncated, *limit)
    assert re.match(facts("truncated.safetensors", "deserializing header"), refused)
    content = read(predictor)
    other = tmp_path / "other.safetensors"
    for named, says in (
        ({"name": "other"}, ("name", "other", "ofa_mcunet")),
        ({"global_choices": 3}, ("resolutions", "ofa_mcunet")),
    ):
        write(other, {**content.header, "space": {**content.header["space"], **named}}, content.arrays)
        assert re.match(facts("other.safetensors", *says), error("search", "--predictor", other, *limit))
    alone = tmp_path / "alone.safetensors"
    alone.write_bytes(whole)
    refused = error("search", "--predictor", alone, *limit)
    assert re.match(facts("--coverage FILE", "--uncovered-choices", "accuracy_dataset/coverage.parquet"), refused)
    refused = error("search", "--predictor", alone, *limit, "--coverage", alone)
    assert re.match(facts("alone.safetensors", "Parquet", "coverage", "accuracy dataset"), refused)


def test_bad_predictions(predictor, run):
    arch = json.dumps(SMALLEST)
    refused = error("predict", "--predictor", predictor, arch, "--level", "0.7")
    assert re.match(facts(0.7, "0.5, 0.8, 0.9, 0.95"), refused)
    refused = error("predict", "--predictor", run / "uncalibrated.safetensors", arch)
    assert re.match(facts("linear_per_global", "calibrated"), refused)


# -- config --------------------------------------------------------------------------------------------

CONFIG = """run: demo
predictors: {linear_per_global: {}}
targets: {small: {macs_m: 10}, none: {peak_memory_kb: 64}}
"""


def test_a_configuration_is_summed_up(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG)
    printed = answer("config", "check", path, "--set", "tables=folder", "--set", "seed=3")
    assert printed.startswith(f"ok: {path} is a valid configuration of run 'demo'")
    lines = [" ".join(line.split()) for line in printed.splitlines()]
    assert lines[-3:] == [
        "target limits the space has at least so it is",
        "small macs_m 10 macs_m 7.237 feasible",
        "none peak_memory_kb 64 peak_memory_kb 72 proven infeasible",
    ]
    whole = json.loads(answer("config", "check", path, "--set", "tables=folder", "--set", "seed=3", "--json"))
    assert (whole["tables"], whole["seed"], list(whole["searchers"])) == ("folder", 3, ["random", "evolution", "exact"])


def test_a_latency_limit_hides_nothing_of_the_other_limits(tmp_path):
    path = tmp_path / "config.yaml"
    fast = "{alone: {latency_ms: 5}, macs: {latency_ms: 5, macs_m: 10}, none: {latency_ms: 5, peak_memory_kb: 64}}"
    latency = "latency={devices: {board: {table: board.parquet}}}"
    path.write_text(CONFIG)
    printed = answer("config", "check", path, "--set", "tables=folder", "--set", latency, "--set", f"targets={fast}")
    assert [" ".join(line.split()) for line in printed.splitlines()][-3:] == [
        "alone latency_ms 5 known once its latency is measured",
        "macs latency_ms 5, macs_m 10 macs_m 7.237 known once its latency is measured",
        "none latency_ms 5, peak_memory_kb 64 peak_memory_kb 72 proven infeasible",
    ]


def test_every_mistake_of_a_configuration(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG)
    several = error("config", "check", path, "--set", "seed=-1", "--set", "split={train: 2}")
    assert re.match(facts("config.yaml", "seed", 0, -1, "split.train", 1, 2), several)
    assert re.match(facts("config.yaml", "tables", "data", "neither"), error("config", "check", path))
    said = error("config", "check", path, "--set", "table=x")
    assert re.match(facts("config.yaml", "table", "tables", "run, seed, tables"), said)
    assert re.match(facts("--set", "seed", "'['", "YAML"), error("config", "check", path, "--set", "seed=["))
    assert re.match(facts("none.yaml"), error("config", "check", tmp_path / "none.yaml"))


def test_the_schema_is_json():
    assert "targets" in json.loads(answer("config", "schema"))["properties"]


def test_the_installed_command_answers():
    command = os.path.join(os.path.dirname(sys.executable), "nascore")
    if not os.path.exists(command):
        pytest.skip("the package is not installed")
    assert subprocess.check_output([command, "--version"], text=True) == f"nascore {__version__}\n"


@pytest.fixture(scope="module")
def board(tmp_path_factory, space):
    """Made-up layers and networks: networks take twice the sum, and 1 ms."""
    folder = tmp_path_factory.mktemp("board")
    layers = table_of(space)
    genes = np.unique(space.sample(40, np.random.default_rng(0)), axis=0)
    layers.write(folder / "layers.parquet")
    networks_of(space, genes, 2 * table_sum(space, layers, genes) + 1).write(folder / "networks.parquet")
    return folder


class TestLatency:
    @pytest.mark.slow
    def test_a_table_is_judged_and_corrected(self, board):
        corrected = board / "corrected.parquet"
        files = (board / "layers.parquet", board / "networks.parquet")
        shown = call("latency", "check", *files, "--fit", 20, "--output", corrected).stdout
        rows = {line.split()[0]: line.split()[1:] for line in shown.splitlines() if line}
        assert float(rows["corrected_sum"][0]) < 0.01 < 40 < float(rows["table_sum"][0])
        correction = LayerLatencies.read(corrected).correction
        assert (correction.slope, correction.intercept_ms) == pytest.approx((2, 1), rel=1e-4)
        assert re.match(facts("board", 40, 100, 2), error("latency", "check", *files))

    @pytest.mark.slow
    def test_a_search_keeps_a_latency_limit(self, board, predictor):
        table = ("--latency-table", board / "layers.parquet")
        search = ("search", "--predictor", predictor, "--limit", "latency_ms=8", "--json")
        found = json.loads(answer(*search, *table))
        assert 0 < found["subnets"][0]["costs"]["latency_ms@board"] <= 8
        assert "Latency on board (ms)" in answer(*search[:-1], *table)
        assert re.match(facts("latency_ms", "docs/latency.md"), error(*search))
        assert re.match(facts("layers.parquet", "board"), error(*search, *table, *table))
        assert re.match(facts("bord", "board"), error(*search, *table, "--latency-on", "bord"))

    @pytest.mark.slow
    def test_yaml_there_and_back(self, board, tmp_path):
        answer("latency", "export", board / "layers.parquet", "--output", tmp_path / "board.yaml")
        back = tmp_path / "back.parquet"
        answer("latency", "import", tmp_path / "board.yaml", "--device", "other", "--output", back)
        before, after = LayerLatencies.read(board / "layers.parquet"), LayerLatencies.read(back)
        assert after.setting.device == "other" and after.signatures == before.signatures
        own = before.rows["median_ms"] - before.rows["call_ms"]
        assert after.rows["median_ms"].tolist() == pytest.approx(own.tolist())

    @pytest.mark.slow
    def test_measures_what_is_not_measured_yet(self, tmp_path):
        options = ("--device", "here", "--output", tmp_path, "--space", "binas", "--resolutions", 32, "--networks", 0)
        measure = ("latency", "measure", "--backend", "pytorch", "--repeats", 4, *options)
        assert call(*measure).exit_code == 0
        first = (tmp_path / "layers.parquet").read_bytes()
        assert call(*measure).exit_code == 0
        assert (tmp_path / "layers.parquet").read_bytes() == first
        assert re.match(facts("layers.parquet", "threads", 1, 2), error(*measure, "--threads", 2))
        refused = error("latency", "measure", "--backend", "torch", *options)
        assert re.match(facts("torch", "pytorch", "pytorch, onnxruntime, cuda"), refused)
