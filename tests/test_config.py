import json
from pathlib import Path
from typing import get_args

import pytest
import yaml

from nascore.config import Config, json_schema, read_config, validate_config
from nascore.config_docs import describe_keys
from nascore.config_sections import DeviceConfig
from nascore.errors import ConfigError
from nascore.evaluation.latency_backends import backend_names
from nascore.predictors import predictor_names
from nascore.search.options import EvolutionOptions, ExactOptions, RandomOptions

CONFIG = Path(__file__).parents[1] / "config"
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
        assert json.dumps(config.target_spec("a")) == '{"device": "rp2040", "macs_m": 40.0}'
        assert json.dumps(config.target_spec("b")) == json.dumps(config.target_spec("a"))

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
            (DEVICES, {"latency_ms": 5, "latency_on": "bord"}, "unknown measured device 'bord'. Did you mean 'board'?"),
            (DEVICES, {"latency_ms": 5}, "several devices are measured; say which with latency_on: laptop, board"),
            ({}, {"latency_ms": 5}, "bounds latency_ms, but there is no latency table"),
            ({}, {"latency_on": "board", "macs_m": 1}, "has latency_on but no latency_ms"),
            (
                {"devices": {"a": {}}},
                {"macs_m": 1},
                "devices.a: latencies come either from .* neither is given",
            ),
            ({"devices": {"a": {"backend": "onnx"}}}, {"macs_m": 1}, "latency.devices.a.backend: Input should be"),
            (
                {"devices": {"a": {"table": "t", "threads": 2}}},
                {"macs_m": 1},
                "threads and batch belong to a",
            ),
            (
                {"devices": {"a": {"backend": "pytorch", "networks": "n"}}},
                {"macs_m": 1},
                "networks belong to a `table`",
            ),
            ({"devices": {"a@b": {"backend": "pytorch"}}}, {"macs_m": 1}, "should match pattern"),
        ],
    )
    def test_mistakes(self, latency, target, message):
        with pytest.raises(ConfigError, match=message):
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
            ({"space": {"name": "bina"}}, "unknown space 'bina'. Did you mean 'binas'?"),
            ({"space": {"name": "binas", "channels": "larg"}}, "unknown channels 'larg'. Did you mean 'large'?"),
            ({"supernet": {"checkpoint": "vww.pth"}}, "holds weights of space 'ofa_mcunet'; the space is 'binas'"),
            ({"space": {"channels": "large"}}, "unknown option of space 'ofa_mcunet' 'channels'. Valid: "),
            (
                {"contributions": {"resolution": 96}},
                r"contributions.resolution is 96; space.resolutions has \[48, 64\]",
            ),
            (
                {"searchers": {"mine": {"algorithm": "bcfw", "predictor": "mlp"}}, "validation": {"searcher": "mine"}},
                "searchers.mine.predictor: bcfw needs an additive or bilinear predictor, and 'mlp' is neither; of this "
                "run's predictors these would do: linear_per_global, contributions, bilinear$",
            ),
        ],
    )
    def test_mistakes(self, changes, message):
        with pytest.raises(ConfigError, match=message):
            validate(**BINAS | changes)


class TestPublishedRun:
    def test_is_valid(self):
        config = read_config(CONFIG / "lab3_tables.yaml", {"tables": "folder"})
        assert (config.run, config.tables) == ("lab3_tables", "folder")
        assert len(config.targets) == 11
        assert config.target("macs_50m").constraints[0].metric == "thop_macs"
        assert config.target("memory_64kb").constraints[0].limit_in_metric == 65_536
        assert config.searchers["exact_mlp_tuned"] == ExactOptions(predictor="mlp_tuned")

    def test_needs_the_folder_of_tables(self):
        with pytest.raises(ConfigError, match=r"lab3_tables\.yaml is not valid:\n  top level: .*; neither is given"):
            read_config(CONFIG / "lab3_tables.yaml")


MISTAKES = {
    "top level key": ({"sead": 3}, "top level: unknown key 'sead'. Did you mean 'seed'? Valid: run, seed, tables"),
    "nested key": ({"search": {"topk": 3}}, "search: unknown key 'topk'. Did you mean 'top_k'?"),
    "split key": ({"split": {"training": 0.8}}, "split: unknown key 'training'. Did you mean 'train'?"),
    "searcher option": (
        {"searchers": {"mine": {"algorithm": "evolution", "popluation": 50}}},
        "searchers.mine.evolution: unknown key 'popluation'. Did you mean 'population'?",
    ),
    "option of another searcher": (
        {"searchers": {"mine": {"algorithm": "random", "population": 50}}},
        "searchers.mine.random: unknown key 'population'. Valid: predictor, algorithm, samples, max_draws.",
    ),
    "refinement option": (
        {"searchers": {"mine": {"algorithm": "exact", "refinement": {"generation": 5}}}},
        "refinement: unknown key 'generation'. Did you mean 'generations'?",
    ),
    "algorithm": (
        {"searchers": {"mine": {"algorithm": "exakt"}}},
        "searchers.mine: unknown algorithm 'exakt'. Did you mean 'exact'?",
    ),
    "predictor": ({"predictors": {"linear_global": {}}}, "'linear_global'. Did you mean 'linear_per_global'?"),
    "predictor option": (
        {"predictors": {"linear_per_global": {}, "mlp": {"epoch": 3}}},
        "unknown option of predictor 'mlp' 'epoch'. Did you mean 'epochs'?",
    ),
    "predictor option value": (
        {"predictors": {"linear_per_global": {}, "mlp": {"epochs": 0}}},
        "option epochs of predictor 'mlp' must be a whole number of at least 1; got 0",
    ),
    "predictor of a searcher": (
        {"searchers": {"mine": {"algorithm": "random", "predictor": "quadratik"}}},
        "searchers.mine.predictor: unknown predictor of this run 'quadratik'. Did you mean 'quadratic'?",
    ),
    "predictor that the run does not fit": (
        {"predictors": {"mlp": {}}, "searchers": {"mine": {"algorithm": "random", "predictor": "mlp"}}},
        "search.pareto_predictor: unknown predictor of this run 'linear_per_global'. Valid: mlp.",
    ),
    "constraint": (
        {"targets": {"a": {"macs_m": 5}, "b": {"millonMACs": 50, "mac_m": 5}}},
        "target 'b': unknown constraint 'millonMACs'.",
    ),
    "device": ({"targets": {"a": {"device": "stm32"}}}, "target 'a': unknown device 'stm32'."),
    "resolution of a target": ({"targets": {"a": {"resolution": 100}}}, "target 'a': resolution 100 is not one of 96"),
    "front": ({"search": {"pareto_predictor": "mlp"}}, "search.pareto_predictor mlp is not additive"),
    "metric": ({"search": {"pareto": ["mac"]}}, "search.pareto: unknown metric 'mac'. Did you mean 'macs'?"),
    "space": ({"space": {"name": "ofa_mcunett"}}, "unknown space 'ofa_mcunett'. Did you mean 'ofa_mcunet'?"),
    "resolutions": ({"space": {"resolutions": [96, 96]}}, "resolutions must be different multiples of 8"),
    "negative seed": ({"seed": -1}, "seed: Input should be greater than or equal to 0; got -1"),
    "seed that is no number": ({"seed": "zero"}, "seed: Input should be a valid integer"),
    "split": ({"split": {"train": 0.9}}, "split: train, calibration and test must add up to 1; they add up"),
    "empty part": ({"split": {"train": 0.9, "calibration": 0}}, "split.calibration: Input should be greater than 0"),
    "NaN": ({"split": {"train": float("nan")}}, "split.train: "),
    "slash": ({"run": "a/b"}, "run: String should match pattern"),
    "dots": ({"run": ".."}, "run: String should match pattern"),
    "line break": ({"run": "a\n"}, "run: String should match pattern"),
    "target's slash": ({"targets": {"a/b": {"macs_m": 5}}}, "targets.a/b.[key]: String should match pattern"),
    "searcher's space": ({"searchers": {"a b": {"algorithm": "exact"}}}, "searchers.a b.[key]: String should match"),
    "no targets": ({"targets": {}}, "targets: expected at least one entry"),
    "no searchers": ({"searchers": {}}, "searchers: expected at least one entry"),
    "no predictors": ({"predictors": {}}, "predictors: expected at least one entry"),
    "empty target": ({"targets": {"a": {}}}, "target 'a' has no constraint; expected at least one of macs_m"),
    "target of no mapping": ({"targets": {"a": 50}}, "targets.a: Input should be a valid dictionary"),
    "top_k": ({"search": {"top_k": 0}}, "search.top_k: Input should be greater than or equal to 1; got 0"),
    "unit": ({"table_format": {"accuracy_unit": "%"}}, "table_format.accuracy_unit: Input should be 'percent'"),
    "images": ({"table_format": {"n_images": 0}}, "table_format.n_images: Input should be greater than or equal to 1"),
    "learning curve": ({"learning_curve": {"rows": [1]}}, "learning_curve.rows.0: Input should be greater than or"),
    "folder of no text": ({"tables": 3}, "tables: Input should be a valid string; got 3"),
}


class TestMistakes:
    @pytest.mark.parametrize("what", MISTAKES)
    def test_are_named(self, what):
        changes, message = MISTAKES[what]
        with pytest.raises(ConfigError) as error:
            validate(**changes)
        assert str(error.value).startswith("small.yaml is not valid:\n  ")
        assert message in str(error.value)

    def test_all_are_told_at_once(self):
        with pytest.raises(ConfigError) as error:
            validate(seed=-1, split={"trian": 0.5}, search={"top_k": 0, "pareto": ["mac"]})
        assert [line.split(":")[0] for line in str(error.value).split("\n  ")[1:]] == [
            *("seed", "split", "search.top_k", "search.pareto"),
        ]

    def test_all_unknown_keys_are_told(self):
        with pytest.raises(ConfigError, match=r"unknown key 'sead'.*unknown key 'runn'. Did you mean 'run'\?"):
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
        with pytest.raises(ConfigError, match=r"run\.yaml is not valid:\n  top level: unknown key 'sed'"):
            read_config(path, {"sed": 4})

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("run: [a", r"configuration .*run\.yaml cannot be read: (?s:.*)line 1"),
            ("run: a\n\tseed: 3", "cannot be read"),
            ("run: !!python/object/apply:os.getcwd []", "cannot be read: could not determine a constructor"),
            ("- run", "must be a mapping of keys; got list"),
            ("", "must be a mapping of keys; got NoneType"),
            ("run", "must be a mapping of keys; got str"),
        ],
    )
    def test_what_is_no_configuration(self, tmp_path, text, message):
        with pytest.raises(ConfigError, match=message):
            read_config(self.write(tmp_path, text))

    def test_what_cannot_be_read(self, tmp_path):
        with pytest.raises(ConfigError, match=r"configuration .*nothing\.yaml does not exist"):
            read_config(tmp_path / "nothing.yaml")
        with pytest.raises(ConfigError, match="cannot be read"):
            read_config(tmp_path)
        (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\xff")
        with pytest.raises(ConfigError, match=r"binary\.yaml cannot be read"):
            read_config(tmp_path / "binary.yaml")


class TestSourceOfAccuracies:
    def images(self, **changes):
        return validate_config({"run": "r", "data": {"source": "synthetic"}, "targets": {"t": {"macs_m": 5}}} | changes)

    def test_the_embedded_default_is_valid_and_needs_nothing(self):
        config = read_config(CONFIG / "config.yaml")
        assert config.data.source == "synthetic" and config.tables is None
        assert config.space_options["n_classes"] == 2

    def test_tables_or_images_not_both(self):
        with pytest.raises(
            ConfigError, match="accuracies come either from `tables` .* or from `data` .*; both is given"
        ):
            self.images(tables="folder")

    def test_a_folder_of_images_that_nothing_reads(self):
        with pytest.raises(ConfigError, match="images is given, but no source of images reads it; set data.source"):
            self.images(images="folder")

    def test_a_source_without_its_folder(self):
        with pytest.raises(ConfigError, match="image_folder needs a folder: set the key images"):
            self.images(data={"source": "image_folder"})

    def test_an_unknown_source_or_strategy(self):
        with pytest.raises(ConfigError, match="data: unknown source 'imagefolder'. Did you mean 'image_folder'?"):
            self.images(data={"source": "imagefolder"})
        with pytest.raises(ConfigError, match="training.strategy: .*'sandwhich'"):
            self.images(training={"strategy": "sandwhich"})

    def test_fine_tuning_is_the_training_but_for_what_it_says(self):
        config = self.images(training={"min_crop": 0.7, "processes": 2}, finetuning={"epochs": 3, "batch_size": 8})
        assert (config.finetuning_options["epochs"], config.finetuning_options["batch_size"]) == (3, 8)
        assert (config.finetuning_options["min_crop"], config.finetuning_options["processes"]) == (0.7, 1)
        assert config.training.processes == 2 and validate().finetuning.epochs == 0

    def test_fine_tuning_needs_images(self):
        with pytest.raises(ConfigError, match=r"finetuning\.epochs is above 0, but a run on tables has no images"):
            validate(finetuning={"epochs": 1})

    def test_a_strategy_of_another_space(self):
        with pytest.raises(
            ConfigError, match="strategy is 'multi_path', which is for space 'binas'; the space is 'ofa_m"
        ):
            validate(tables=None, data={"source": "synthetic"}, training={"strategy": "multi_path"})

    def test_validation_names_a_searcher(self):
        with pytest.raises(ConfigError, match="unknown searcher of this run 'exakt'. Did you mean 'exact'?"):
            self.images(validation={"searcher": "exakt"})

    def test_the_number_of_classes_is_that_of_the_folder(self, tmp_path):
        for name in ("cat", "dog", "owl"):
            (tmp_path / name).mkdir()
        config = self.images(data={"source": "image_folder"}, images=str(tmp_path))
        assert config.build_space().n_classes == 3


class TestGeneratedFiles:
    """`make schema` writes them again."""

    def test_schema_is_up_to_date(self):
        assert (CONFIG / "schema.json").read_text(encoding="utf-8") == json_schema()

    def test_page_of_all_keys_is_up_to_date(self):
        assert (CONFIG / "README.md").read_text(encoding="utf-8") == describe_keys()

    def test_schema_knows_every_key_of_the_published_run(self):
        schema = json.loads(json_schema())
        given = yaml.safe_load((CONFIG / "lab3_tables.yaml").read_text())
        assert given.keys() <= schema["properties"].keys()
        assert schema["additionalProperties"] is False
        assert set(schema["required"]) == {"run", "targets"}

    def test_every_key_has_a_meaning(self):
        schema = json.loads(json_schema())
        for model in (schema, *schema["$defs"].values()):
            for key in model.get("properties", {}).values():
                referred = schema["$defs"].get(key.get("$ref", "").removeprefix("#/$defs/"), {})
                assert key.get("description") or referred.get("description"), key
