import json
import re
from pathlib import Path
from typing import ClassVar, get_args

import pytest
import yaml
from messages import facts

from nascore.config import Config, json_schema, read_config, validate_config
from nascore.config_docs import describe_keys, space_schema
from nascore.config_sections import DeviceConfig
from nascore.errors import ConfigError
from nascore.evaluation.latency_backends import backend_names
from nascore.predictors import predictor_names
from nascore.search.options import EvolutionOptions, ExactOptions, RandomOptions

CONFIG = Path(__file__).parents[1] / "config"
NAME = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"
SMALLEST = {"run": "small", "tables": "folder", "targets": {"macs_50m": {"macs_m": 50}}}


def validate(**changes):
    return validate_config(SMALLEST | changes, where="small.yaml")


class TestDefaults:
    def test_of_the_smallest_configuration(self):
        config = validate()
        assert (config.seed, config.search.top_k, config.search.uncovered_choices) == (0, 10, False)
        assert (config.split.train, config.split.calibration, config.split.test) == (0.8, 0.1, 0.1)
        assert list(config.predictors) == predictor_names()
        assert config.searchers == {"random": RandomOptions(), "evolution": EvolutionOptions(), "exact": ExactOptions()}
        assert config.table_format.n_images == 4029
        assert config.build_space().size() == 819 * 7371**4 * 9 * 15

    def test_what_is_given_replaces_them(self):
        config = validate(
            space={"resolutions": [96, 64]},
            searchers={"deep": {"algorithm": "evolution", "generations": 100}},
            targets={"t": {"device": "rp2040", "resolution": 64}},
        )
        assert config.searchers == {"deep": EvolutionOptions(generations=100)}
        target = config.target("t")
        assert target.fixed == {"resolution": 64} and target.device.name == "rp2040"
        assert config.build_space().global_choices[0].values == (64, 96)

    def test_a_target_that_is_written_differently_is_the_same(self):
        written = {"a": {"macs_m": 40, "device": "rp2040"}, "b": {"device": "rp2040", "macs_m": 40.0}}
        config = validate(targets=written)
        assert json.dumps(config.targets["a"].model_dump()) == '{"device": "rp2040", "macs_m": 40.0}'
        assert json.dumps(config.targets["b"].model_dump()) == json.dumps(config.targets["a"].model_dump())

    def test_a_validated_configuration_is_valid_as_data(self):
        config = validate()
        assert Config.model_validate(config.model_dump(mode="json")) == config


DEVICES = {"devices": {"laptop": {"backend": "onnxruntime"}, "board": {"table": "board.parquet"}}}


class TestLatency:
    def test_a_target_names_its_device_or_there_is_one_alone(self):
        config = validate(latency=DEVICES, targets={"t": {"latency_ms": 5, "latency_on": "board"}})
        assert config.target("t").measured_devices == ["board"]
        one = {"devices": {"laptop": {"backend": "pytorch", "threads": 2}}}
        assert validate(latency=one, targets={"t": {"latency_ms": 5}}).target("t").measured_devices == ["laptop"]
        assert validate(latency=one).target("macs_50m").measured_devices == []

    @pytest.mark.parametrize(
        ("latency", "target", "message"),
        [
            (DEVICES, {"latency_ms": 5, "latency_on": "bord"}, ("'t'", "bord", "board", "laptop, board")),
            (DEVICES, {"latency_ms": 5}, ("'t'", "latency_ms", "latency_on", "laptop, board")),
            ({}, {"latency_ms": 5}, ("'t'", "latency_ms", "docs/latency.md")),
            ({}, {"latency_on": "board", "macs_m": 1}, ("'t'", "latency_on", "latency_ms")),
            ({"devices": {"a": {}}}, {"macs_m": 1}, ("latency.devices.a", "backend", "table", "neither")),
            (
                {"devices": {"a": {"backend": "onnx"}}},
                {"macs_m": 1},
                ("latency.devices.a.backend", "onnx", "onnxruntime", "pytorch", "cuda"),
            ),
            (
                {"devices": {"a": {"table": "t", "threads": 2}}},
                {"macs_m": 1},
                ("latency.devices.a", "threads", "batch", "backend", "table"),
            ),
            (
                {"devices": {"a": {"backend": "pytorch", "networks": "n"}}},
                {"macs_m": 1},
                ("latency.devices.a", "networks", "table", "backend"),
            ),
            ({"devices": {"a@b": {"backend": "pytorch"}}}, {"macs_m": 1}, ("latency.devices.a@b", NAME)),
        ],
    )
    def test_mistakes(self, latency, target, message):
        with pytest.raises(ConfigError, match=facts("small.yaml", *message)):
            validate(latency=latency, targets={"t": target})

    def test_the_backends_are_those_that_measure(self):
        assert set(get_args(get_args(DeviceConfig.model_fields["backend"].annotation)[0])) == set(backend_names())

    def test_the_example_is_valid(self):
        config = read_config(CONFIG / "latency.yaml")
        assert [config.target(name).measured_devices for name in config.targets] == [["onnx"], ["torch"], []]


BINAS = {
    "tables": None,
    "data": {"source": "synthetic"},
    "space": {"name": "binas", "resolutions": [48, 64]},
    "training": {"strategy": "multi_path"},
}


class TestBinas:
    def test_the_example_is_valid(self):
        config = read_config(CONFIG / "binas.yaml")
        assert config.space_options == {"name": "binas", "resolutions": [48], "n_classes": 2}
        assert config.build_space().n_ops == 12 and config.measures_contributions
        algorithms = {searcher.algorithm for searcher in config.searchers.values()}
        assert algorithms == {"exact", "bcfw", "evolution", "random"}
        assert {limit.name for name in config.targets for limit in config.target(name).constraints} == {
            "macs_m", "latency_ms",
        }  # fmt: skip

    def test_channels_and_contributions(self):
        large = {**BINAS["space"], "channels": "large"}
        config = validate(**BINAS | {"space": large, "contributions": {"passes": 3}})
        assert config.build_space().channels == "large" and config.space_options["channels"] == "large"
        assert config.contribution_options == {"passes": 3, "resolution": 64}
        assert validate(**BINAS, contributions={"resolution": 48}).contribution_options["resolution"] == 48
        # On other spaces, and without images, there is no one-shot network to measure.
        assert not validate().measures_contributions and "channels" not in validate().space_options

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"space": {"name": "bina"}}, ("bina", "binas", "ofa_mcunet, binas")),
            ({"space": {"name": "binas", "channels": "larg"}}, ("channels", "larg", "large", "base, large")),
            ({"supernet": {"checkpoint": "vww.pth"}}, ("supernet.checkpoint", "elastic", "binas")),
            ({"space": {"channels": "large"}}, ("ofa_mcunet", "channels", "resolutions, n_classes")),
            (
                {"contributions": {"resolution": 96}},
                ("contributions.resolution", 96, "space.resolutions", "48, 64"),
            ),
        ],
    )
    def test_mistakes(self, changes, message):
        with pytest.raises(ConfigError, match=facts("small.yaml", *message)):
            validate(**BINAS | changes)

    def test_a_predictor_that_the_searcher_cannot_use_is_answered_with_those_that_it_can(self):
        searchers = {"mine": {"algorithm": "bcfw", "predictor": "mlp"}}
        useful = "linear_per_global, contributions, bilinear"
        message = ("small.yaml", "searchers.mine.predictor", "bcfw", "mlp", "additive", useful)
        with pytest.raises(ConfigError, match=facts(*message)) as error:
            validate(**BINAS, searchers=searchers, validation={"searcher": "mine"})
        assert not {"quadratic", "mlp_tuned"} & set(re.findall(r"\w+", str(error.value)))


class TestPublishedRun:
    def test_is_valid(self):
        config = read_config(CONFIG / "lab3_tables.yaml", {"tables": "folder"})
        assert (config.run, config.tables) == ("lab3_tables", "folder")
        assert len(config.targets) == 11
        assert config.target("macs_50m").constraints[0].metric == "thop_macs"
        assert config.target("memory_64kb").constraints[0].limit_in_metric == 65_536
        assert config.searchers["exact_mlp_tuned"] == ExactOptions(predictor="mlp_tuned")

    def test_needs_the_folder_of_tables(self):
        with pytest.raises(ConfigError, match=facts("lab3_tables.yaml", "tables", "data", "neither")):
            read_config(CONFIG / "lab3_tables.yaml")


MISTAKES = {
    "top level key": ({"sead": 3}, ("sead", "seed", "run, seed, tables")),
    "nested key": ({"search": {"topk": 3}}, ("search", "topk", "top_k")),
    "split key": ({"split": {"training": 0.8}}, ("split", "training", "train, calibration, test")),
    "searcher option": (
        {"searchers": {"mine": {"algorithm": "evolution", "popluation": 50}}},
        ("searchers.mine.evolution", "popluation", "population"),
    ),
    "option of another searcher": (
        {"searchers": {"mine": {"algorithm": "random", "population": 50}}},
        ("searchers.mine.random", "population", "predictor, algorithm, samples, max_draws"),
    ),
    "refinement option": (
        {"searchers": {"mine": {"algorithm": "exact", "refinement": {"generation": 5}}}},
        ("searchers.mine.exact.refinement", "generation", "generations"),
    ),
    "algorithm": (
        {"searchers": {"mine": {"algorithm": "exakt"}}},
        ("searchers.mine", "exakt", "exact"),
    ),
    "predictor": ({"predictors": {"linear_global": {}}}, ("linear_global", "linear_per_global")),
    "predictor option": (
        {"predictors": {"linear_per_global": {}, "mlp": {"epoch": 3}}},
        ("mlp", "epoch", "epochs"),
    ),
    "predictor option value": (
        {"predictors": {"linear_per_global": {}, "mlp": {"epochs": 0}}},
        ("mlp", "epochs", 1, 0),
    ),
    "predictor of a searcher": (
        {"searchers": {"mine": {"algorithm": "random", "predictor": "quadratik"}}},
        ("searchers.mine.predictor", "quadratik", "quadratic"),
    ),
    "predictor that the run does not fit": (
        {"predictors": {"mlp": {}}, "searchers": {"mine": {"algorithm": "random", "predictor": "mlp"}}},
        ("search.pareto_predictor", "linear_per_global", "mlp"),
    ),
    "constraint": (
        {"targets": {"a": {"macs_m": 5}, "b": {"millonMACs": 50, "mac_m": 5}}},
        ("'b'", "millonMACs", "macs_m, thop_macs_m, peak_memory_kb"),
    ),
    "device": ({"targets": {"a": {"device": "stm32"}}}, ("'a'", "stm32", "stm32f411, stm32f412")),
    "resolution of a target": (
        {"targets": {"a": {"resolution": 100}}},
        ("'a'", "resolution", 100, "96, 112, 128, 144, 160"),
    ),
    "front": ({"search": {"pareto_predictor": "mlp"}}, ("search.pareto_predictor", "mlp", "additive")),
    "metric": ({"search": {"pareto": ["mac"]}}, ("search.pareto", "mac", "macs")),
    "space": ({"space": {"name": "ofa_mcunett"}}, ("ofa_mcunett", "ofa_mcunet")),
    "resolutions": ({"space": {"resolutions": [96, 96]}}, ("resolutions", 8, "96, 96")),
    "negative seed": ({"seed": -1}, ("seed", 0, -1)),
    "seed that is no number": ({"seed": "zero"}, ("seed", "integer", "zero")),
    "split": ({"split": {"train": 0.9}}, ("split", "train", "calibration", "test", 1, 1.1)),
    "empty part": ({"split": {"train": 0.9, "calibration": 0}}, ("split.calibration", 0)),
    "NaN": ({"split": {"train": float("nan")}}, ("split.train", "nan")),
    "slash": ({"run": "a/b"}, ("run", "a/b", NAME)),
    "dots": ({"run": ".."}, ("run", "..", NAME)),
    "line break": ({"run": "a\n"}, ("run", r"a\n", NAME)),
    "target's slash": ({"targets": {"a/b": {"macs_m": 5}}}, ("targets.a/b", NAME)),
    "searcher's space": ({"searchers": {"a b": {"algorithm": "exact"}}}, ("searchers.a b", NAME)),
    "no targets": ({"targets": {}}, ("targets:",)),
    "no searchers": ({"searchers": {}}, ("searchers:",)),
    "no predictors": ({"predictors": {}}, ("predictors:",)),
    "empty target": ({"targets": {"a": {}}}, ("'a'", "macs_m, thop_macs_m, peak_memory_kb, flash_kb, params_m")),
    "target of no mapping": ({"targets": {"a": 50}}, ("targets.a", "mapping", 50)),
    "top_k": ({"search": {"top_k": 0}}, ("search.top_k", 1, 0)),
    "unit": ({"table_format": {"accuracy_unit": "%"}}, ("table_format.accuracy_unit", "%", "percent", "fraction")),
    "images": ({"table_format": {"n_images": 0}}, ("table_format.n_images", 1, 0)),
    "learning curve": ({"learning_curve": {"rows": [1]}}, ("learning_curve.rows.0", 2, 1)),
    "folder of no text": ({"tables": 3}, ("tables", "string", 3)),
}


class TestMistakes:
    @pytest.mark.parametrize("what", MISTAKES)
    def test_are_named(self, what):
        changes, message = MISTAKES[what]
        with pytest.raises(ConfigError, match=facts("small.yaml", *message)):
            validate(**changes)

    def test_all_are_told_at_once(self):
        with pytest.raises(ConfigError) as error:
            validate(seed=-1, split={"trian": 0.5}, search={"top_k": 0, "pareto": ["mac"]})
        assert [line.split(":")[0] for line in str(error.value).split("\n  ")[1:]] == [
            *("seed", "split", "search.top_k", "search.pareto"),
        ]

    def test_all_unknown_keys_are_told(self):
        with pytest.raises(ConfigError, match=facts("small.yaml", "sead", "seed", "runn", "run")):
            validate(sead=1, runn="a")


class TestFiles:
    def write(self, tmp_path, text):
        path = tmp_path / "run.yaml"
        path.write_text(text)
        return path

    def test_overrides_replace_top_level_keys(self, tmp_path):
        path = self.write(tmp_path, yaml.safe_dump(SMALLEST | {"seed": 3}))
        assert read_config(path).seed == 3
        config = read_config(path, {"seed": 4, "targets": {"other": {"macs_m": 9}}})
        assert config.seed == 4 and list(config.targets) == ["other"]
        with pytest.raises(ConfigError, match=facts("run.yaml", "sed", "seed")):
            read_config(path, {"sed": 4})

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("run: [a", ("line 1", "column 8")),
            ("run: a\n\tseed: 3", ("line 2", r"\t")),
            ("run: !!python/object/apply:os.getcwd []", ("python/object/apply:os.getcwd",)),
            ("- run", ("list",)),
            ("", ("NoneType",)),
            ("run", ("str",)),
        ],
    )
    def test_what_is_no_configuration(self, tmp_path, text, message):
        with pytest.raises(ConfigError, match=facts("run.yaml", *message)):
            read_config(self.write(tmp_path, text))

    def test_what_cannot_be_read(self, tmp_path):
        with pytest.raises(ConfigError, match=facts("nothing.yaml")):
            read_config(tmp_path / "nothing.yaml")
        with pytest.raises(ConfigError, match=facts(tmp_path, "Is a directory")):
            read_config(tmp_path)
        (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\xff")
        with pytest.raises(ConfigError, match=facts("binary.yaml", "UTF-8")):
            read_config(tmp_path / "binary.yaml")


class TestSourceOfAccuracies:
    def images(self, **changes):
        return validate_config({"run": "r", "data": {"source": "synthetic"}, "targets": {"t": {"macs_m": 5}}} | changes)

    def test_the_embedded_default_is_valid_and_needs_nothing(self):
        config = read_config(CONFIG / "config.yaml")
        assert config.data.source == "synthetic" and config.tables is None
        assert config.space_options["n_classes"] == 2

    def test_tables_or_images_not_both(self):
        with pytest.raises(ConfigError, match=facts("tables", "data", "both")):
            self.images(tables="folder")

    def test_a_folder_of_images_that_nothing_reads(self):
        with pytest.raises(ConfigError, match=facts("images", "data.source", "image_folder", "vww")):
            self.images(images="folder")

    def test_a_source_without_its_folder(self):
        with pytest.raises(ConfigError, match=facts("image_folder", "images", "--config images=PATH")):
            self.images(data={"source": "image_folder"})

    def test_an_unknown_source_or_strategy(self):
        with pytest.raises(ConfigError, match=facts("data", "imagefolder", "image_folder")):
            self.images(data={"source": "imagefolder"})
        with pytest.raises(ConfigError, match=facts("training.strategy", "sandwhich", "sandwich")):
            self.images(training={"strategy": "sandwhich"})

    def test_fine_tuning_is_the_training_but_for_what_it_says(self):
        config = self.images(training={"min_crop": 0.7, "processes": 2}, finetuning={"epochs": 3, "batch_size": 8})
        assert (config.finetuning_options["epochs"], config.finetuning_options["batch_size"]) == (3, 8)
        assert (config.finetuning_options["min_crop"], config.finetuning_options["processes"]) == (0.7, 1)
        assert config.training.processes == 2 and validate().finetuning.epochs == 0

    def test_fine_tuning_needs_images(self):
        with pytest.raises(ConfigError, match=facts("small.yaml", "finetuning.epochs", 0, "tables", "images")):
            validate(finetuning={"epochs": 1})

    def test_a_strategy_of_another_space(self):
        with pytest.raises(ConfigError, match=facts("training.strategy", "multi_path", "ofa_mcunet", "elastic")):
            validate(tables=None, data={"source": "synthetic"}, training={"strategy": "multi_path"})

    def test_validation_names_a_searcher(self):
        with pytest.raises(ConfigError, match=facts("validation.searcher", "exakt", "exact")):
            self.images(validation={"searcher": "exakt"})

    def test_the_number_of_classes_is_that_of_the_folder(self, tmp_path):
        for name in ("cat", "dog", "owl"):
            (tmp_path / name).mkdir()
        config = self.images(data={"source": "image_folder"}, images=str(tmp_path))
        assert config.build_space().n_classes == 3


class TestSpaces:
    """`space` from a file, and what training starts from."""

    FILE = str(CONFIG / "spaces" / "resnet8.yaml")
    IMAGES: ClassVar[dict] = {"tables": None, "data": {"source": "synthetic"}}

    def test_a_file_is_its_content(self):
        config = validate(space={"file": self.FILE})
        assert config.space_options["name"] == "resnet8" and config.space_options["resolutions"] == [24, 32]
        assert "file" not in config.space_options and config.space_options["description"]["stem"]["channels"] == 16
        assert config.build_space().stages[0].name == "stage1" and config.space.kind == "described"
        again = validate(space=config.space.model_dump())
        assert again.space_options == config.space_options

    def test_resolutions_are_those_of_the_space_by_default(self):
        assert validate(space={"name": "binas"}).space_options["resolutions"] == [224]
        assert validate(space={"file": self.FILE, "resolutions": [48]}).space_options["resolutions"] == [48]

    @pytest.mark.parametrize(
        ("space", "message"),
        [
            ({"file": "none.yaml"}, ("none.yaml", "does not exist")),
            ({"file": FILE, "name": "binas"}, ("resnet8.yaml", "resnet8", "name")),
            ({"description": {"name": "own"}}, ("stem", "stages")),
            ({"file": FILE, "resolutions": [7]}, ("resolutions", "[7]")),
        ],
    )
    def test_mistakes(self, space, message):
        with pytest.raises(ConfigError, match=facts(*message)):
            validate(space=space)

    def test_a_start(self):
        assert validate(**self.IMAGES, space={"file": self.FILE}, supernet={"start": "w.npz"}).supernet.start == "w.npz"
        with pytest.raises(ConfigError, match=facts("supernet.start", "ofa_mcunet", "published", "space.file")):
            validate(**self.IMAGES, supernet={"start": "w.npz"})
        with pytest.raises(ConfigError, match=facts("supernet.start", "tables")):
            validate(space={"file": self.FILE}, supernet={"start": "w.npz"})
        with pytest.raises(ConfigError, match=facts("supernet.start", "supernet.checkpoint")):
            validate(**self.IMAGES, space={"file": self.FILE}, supernet={"start": "w.npz", "checkpoint": "v.pth"})


class TestGeneratedFiles:
    """`make schema` writes them again."""

    def test_schema_is_up_to_date(self):
        assert (CONFIG / "schema.json").read_text(encoding="UTF-8") == json_schema()

    def test_schema_of_spaces_is_up_to_date(self):
        assert (CONFIG / "space_schema.json").read_text(encoding="UTF-8") == space_schema()

    def test_page_of_all_keys_is_up_to_date(self):
        assert (CONFIG / "README.md").read_text(encoding="UTF-8") == describe_keys()

    def test_schema_knows_every_key_of_the_published_run(self):
        schema = json.loads(json_schema())
        given = yaml.safe_load((CONFIG / "lab3_tables.yaml").read_text())
        assert given.keys() <= schema["properties"].keys()
        assert schema["additionalProperties"] is False
        assert set(schema["required"]) == {"run", "targets"}

    def test_every_key_has_a_meaning(self):
        for text in (json_schema(), space_schema()):
            self.every_key_has_a_meaning(json.loads(text))

    def every_key_has_a_meaning(self, schema):
        for model in (schema, *schema["$defs"].values()):
            for key in model.get("properties", {}).values():
                referred = schema["$defs"].get(key.get("$ref", "").removeprefix("#/$defs/"), {})
                assert key.get("description") or referred.get("description"), key
