"""Make all mutants of one package and find the tests that run each function; called by mutants.py in its copy.

mutmut notes which functions a test runs, but what one test has computed may be kept for the next ones: fixtures, spaces
that test files share, cached properties and look-up tables. So each test runs in a process of its own, which imports
`nascore` again; the files that these processes share, forked from this one, are other people's libraries.
"""

import importlib
import sys
from pathlib import Path

from mutmut.__main__ import copy_also_copy_files, copy_src_dir, create_mutants, setup_source_paths
from mutmut.mutation.trampoline import set_mutant_under_test
from mutmut.state import state
from mutmut.stats import save_stats
from mutmut.workers.isolation import get_mutant_runner


def main(libraries: str, jobs: str) -> None:
    """Write `mutants/`: the mutated code, and `mutmut-stats.json` with the tests of each function."""
    set_mutant_under_test("mutant_generation")
    copy_src_dir()
    copy_also_copy_files()
    setup_source_paths()
    create_mutants(int(jobs))
    for name in Path(libraries).read_text().split():
        importlib.import_module(name)
    runner = get_mutant_runner()
    set_mutant_under_test("list_all_tests")
    tests = sorted(runner.list_all_tests().ids)
    set_mutant_under_test("stats")
    for test in tests:
        if runner.collect_stats([test]):
            sys.exit(f"{test} fails without a mutation")
    if not state().tests_by_mangled_function_name:
        sys.exit(f"the tests import code that is not below {Path('mutants').resolve()}")
    save_stats()


if __name__ == "__main__":
    main(*sys.argv[1:])
