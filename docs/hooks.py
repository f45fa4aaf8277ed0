"""What the site shows beside docs/: pages and files of the repository, and the reference, which is made from the code.

Links are written for readers of the repository. Where one leads to a file outside docs/, that file becomes part of the
site under its own path, and the link is written anew; strict mode then checks all of them.
"""

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from typer.main import get_command

import nascore
from nascore.cli import app

ROOT = Path(__file__).parents[1]
DOCS = "docs"
HOME = {"README.md": "index.md"}
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "config/README.md", "benchmarks/README.md")
NOT_LIBRARY = {"cli"}
"""Packages that have a reference of their own."""
SHARED = ("config", "errors", "seeds")
"""Modules beside the packages that a user meets."""

LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)\s#]+)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages from outside docs/ and the generated ones."""
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        files.append(File.generated(config, in_site(page), content=text))
    files.append(File.generated(config, "reference/commands.md", content=commands()))
    for name, text in library().items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Make links between docs/ and the rest of the repository links of the site."""
    here = in_repository(page.file.src_uri)

    def rewritten(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(here), link[1]))
        if files.get_file_from_path(in_site(target)) is None and (ROOT / target).is_file():
            files.append(File(target, str(ROOT), config.site_dir, use_directory_urls=False))
        return posixpath.relpath(in_site(target), posixpath.dirname(page.file.src_uri) or ".")

    return LINK.sub(rewritten, markdown)


def in_site(path: str) -> str:
    """Return where a file of the repository stands in the site."""
    return HOME.get(path, path.removeprefix(f"{DOCS}/"))


def in_repository(path: str) -> str:
    """Return the path in the repository of a page of the site."""
    outside = {in_site(page): page for page in PAGES}
    return outside.get(path, f"{DOCS}/{path}")


# -- the reference -------------------------------------------------------------------------------------


def commands() -> str:
    """Return the page of the command line: the help of each command."""
    parts = ["# Commands", "What `nascore COMMAND --help` says."]
    root = get_command(app)
    for name, text in helps(root, root.make_context("nascore", [], resilient_parsing=True)):
        parts += [f"## {name}", f"```text\n{text.strip()}\n```"]
    return "\n\n".join(parts) + "\n"


def helps(command: Any, context: Any) -> Iterator[tuple[str, str]]:
    """Yield the name and the help of a command, or of each command of a group."""
    if not hasattr(command, "list_commands"):
        yield context.command_path, command.get_help(context)
        return
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        yield from helps(inner, inner.make_context(name, [], parent=context, resilient_parsing=True))


def library() -> dict[str, str]:
    """Return a page for each package of the library, and one for the modules beside them."""
    packages = [m.name for m in iter_modules(nascore.__path__) if m.ispkg and m.name not in NOT_LIBRARY]
    pages = {f"nascore.{name}": [f"nascore.{name}"] for name in packages}
    pages["nascore"] = [f"nascore.{name}" for name in SHARED]
    return {f"reference/{page.removeprefix('nascore.')}.md": module_page(page, pages[page]) for page in pages}


def module_page(title: str, modules: list[str]) -> str:
    """Return the reference of some modules; a single one needs no heading but the page's."""
    heading = f"\n    options: {{ show_root_heading: {str(len(modules) > 1).lower()} }}\n"
    return f"# {title}\n\n" + "\n".join(f"::: {module}{heading}" for module in modules)
