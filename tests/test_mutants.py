"""`make mutants`: which mutants are drawn, which only word an error differently, and what the table says."""

import sys
from collections import Counter
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[1] / "benchmarks"))
import mutants
import mutants_wording

NAMES = [f"nascore.spaces.x_run__mutmut_{i}" for i in range(50)]

MUTATED = '''
def x_run__mutmut_orig(rows):
    """Run."""
    return rows + 1

def x_run__mutmut_1(rows):
    """Run."""
    return rows - 1

class Runner:
    def run(self):
        return 1

    @staticmethod
    def xǁRunnerǁ_run__mutmut_orig(rows):
        return x_run(rows, 2)

    @staticmethod
    def xǁRunnerǁ_run__mutmut_12(rows):
        return x_run(rows, 3)
'''


class TestSample:
    def test_does_not_depend_on_the_order_of_names(self):
        assert mutants.sample(NAMES[::-1], 20, 0) == mutants.sample(NAMES, 20, 0)

    def test_a_larger_count_adds_to_a_smaller_one(self):
        assert mutants.sample(NAMES, 20, 0)[:10] == mutants.sample(NAMES, 10, 0)

    def test_draws_without_replacement_and_all_there_are(self):
        assert len(set(mutants.sample(NAMES, 20, 0))) == 20
        assert sorted(mutants.sample(NAMES, 200, 0)) == sorted(NAMES)

    def test_depends_on_the_seed(self):
        assert mutants.sample(NAMES, 20, 1) != mutants.sample(NAMES, 20, 0)


class TestWording:
    @pytest.mark.parametrize(
        ("original", "mutant"),
        [
            ('raise SpaceError("a name")', 'raise SpaceError("XXa nameXX")'),
            (
                'raise SpaceError(f"row {row}: " "no name") from None',
                'raise SpaceError(f"row {row}: " "NO NAME") from None',
            ),
            (
                "raise SpaceError(f\"one of {', '.join(names)}\")",
                "raise SpaceError(f\"one of {'XX, XX'.join(names)}\")",
            ),
            (
                "raise SpaceError(f\"is {'less' if a else 'more'}\")",
                "raise SpaceError(f\"is {'less' if a else 'MORE'}\")",
            ),
            (
                'raise SpaceError(unknown_name("gene", name, valid))',
                'raise SpaceError(unknown_name("GENE", name, valid))',
            ),
            (
                "raise SpaceError(f\"{unknown_name('a', b, c)[:9]}\")",
                "raise SpaceError(f\"{unknown_name('A', b, c)[:9]}\")",
            ),
            ('hint = unknown_name("gene", name, valid)', 'hint = unknown_name("XXgeneXX", name, valid)'),
            ('for i in progress(range(n), "rows"): pass', "for i in progress(range(n), None): pass"),
        ],
    )
    def test_only_words_of_a_message_are_others(self, original, mutant):
        assert mutants_wording.only_wording(original, mutant)

    @pytest.mark.parametrize(
        ("original", "mutant"),
        [
            ('raise SpaceError("a name")', "raise SpaceError(None)"),
            ('raise SpaceError(f"{row}" "name")', 'raise SpaceError(f"{rows}" "name")'),
            ("raise SpaceError(f\"holds {header['name']}\")", "raise SpaceError(f\"holds {header['NAME']}\")"),
            (
                "raise SpaceError(f\"{'a' if k == 'ks' else 'b'}\")",
                "raise SpaceError(f\"{'a' if k == 'KS' else 'b'}\")",
            ),
            ("raise SpaceError(f\"{', '.join(names)}\")", "raise SpaceError(f\"{', '.join(None)}\")"),
            ("raise SpaceError(of('name'))", "raise SpaceError(of('NAME'))"),
            ('unknown_name("gene", name, ("a", "b"))', 'unknown_name("gene", name, ("a", "B"))'),
            ('unknown_name("gene", name, valid)', 'unknown_name("gene", valid)'),
            ('kind = "number"', 'kind = "NUMBER"'),
            ('for i in progress(range(n), "rows"): pass', 'for i in progress(None, "rows"): pass'),
            ('return f"row {row}: " "no name"', 'return f"row {row}: " "NO NAME"'),
            ("if rows < 1:\n    raise SpaceError('a')", "if rows <= 1:\n    raise SpaceError('a')"),
        ],
    )
    def test_more_than_words_is_another(self, original, mutant):
        assert not mutants_wording.only_wording(original, mutant)


def test_sources_have_the_name_and_the_indent_of_the_original():
    found = mutants_wording.functions(MUTATED)
    assert len(found) == 4
    assert found["x_run__mutmut_1"] == 'def run(rows):\n    """Run."""\n    return rows - 1'
    assert found["xǁRunnerǁ_run__mutmut_12"] == "def _run(rows):\n    return x_run(rows, 3)"


def test_survivors_are_shown_with_what_they_change():
    found = mutants_wording.functions(MUTATED)
    sources = {"killed": ("", ""), "nascore.x_run__mutmut_1": (found["x_run__mutmut_orig"], found["x_run__mutmut_1"])}
    text = mutants.survivors({"killed": mutants.KILLED, "nascore.x_run__mutmut_1": mutants.UNTESTED}, sources)
    name, *lines = text.splitlines()
    assert name == "# nascore.x_run__mutmut_1: no tests"
    assert [line for line in lines if line.startswith(("+", "-"))] == ["-    return rows + 1", "+    return rows - 1"]


@pytest.mark.parametrize(
    ("exit_code", "verdict"),
    [
        (0, "survived"),
        (1, "killed"),
        # A test file that cannot be imported, or of which a test is gone.
        (2, "killed"),
        (255, "killed"),
        # The time limit, and what does not end by it.
        (-24, "timeout"),
        (-9, "timeout"),
        (33, "no tests"),
    ],
)
def test_verdicts_of_exit_codes(exit_code, verdict):
    assert mutants.verdict(exit_code) == verdict


def test_the_table_ends_with_all_packages():
    scores = [
        mutants.Score("spaces", 2140, 20, Counter({"killed": 8, "survived": 2})),
        mutants.Score("search", 2719, 3, Counter({"killed": 19, "timeout": 1, "no tests": 10})),
    ]
    header, *rows = (line.split(maxsplit=8) for line in mutants.table(scores).splitlines())
    assert header[:5] == ["package", "mutants", "wording", "sampled", "killed"]
    assert [row[:8] for row in rows] == [
        ["spaces", "2140", "20", "10", "8", "0", "2", "0"],
        ["search", "2719", "3", "30", "20", "1", "0", "10"],
        ["all", "4859", "23", "40", "28", "1", "2", "10"],
    ]
    # Wilson's interval of 8 of 10, as published in many places.
    assert rows[0][8].split() == ["80.0%", "49.0%", "to", "94.3%"]
    assert rows[2][8].split()[0] == "70.0%"


class TestInputs:
    @pytest.fixture
    def root(self, tmp_path):
        files = {
            "nascore/spaces/binas.py": "import nascore\n",
            "nascore/search/exact.py": "import numpy\n",
            "tests/conftest.py": "import pytest\n",
            "tests/spaces/test_binas.py": "import numpy as np\nfrom examples import SMALL\n",
            "tests/examples.py": "from more_examples import LARGE\n",
            "tests/more_examples.py": "import examples\n",
            "tests/other.py": "import pytest\n",
        }
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        return tmp_path

    def test_are_code_tests_and_what_tests_import(self, root):
        assert set(mutants.inputs(root, "spaces")) == {
            *("nascore/spaces/binas.py", "tests/conftest.py", "tests/spaces/test_binas.py"),
            *("tests/examples.py", "tests/more_examples.py"),
        }

    def test_a_change_is_noticed(self, root):
        before = mutants.inputs(root, "spaces")
        (root / "tests/more_examples.py").write_text("LARGE = 2\n")
        after = mutants.inputs(root, "spaces")
        assert [name for name in before if before[name] != after[name]] == ["tests/more_examples.py"]
