"""The code blocks of the documentation: fenced, each with a language, and what a reader would type and see."""

import re
import shlex
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    "config/README.md",
    *sorted(f"{p.relative_to(ROOT)}" for p in ROOT.glob("docs/**/*.md")),
]
LANGUAGES = {"console", "python", "sh", "text", "yaml"}
"""`sh` is what one types, `console` what one types after `$` and what is answered; `text` is an output or a layout."""

FENCED = re.compile(r"^```([^\n`]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?:^|\n)\n(    [^\n]+)")


@dataclass(frozen=True)
class Command:
    """One command, and the lines that follow it on the page, if any are shown."""

    words: tuple[str, ...]
    shown: tuple[str, ...] = ()

    def __str__(self) -> str:
        return shlex.join(self.words)


@dataclass(frozen=True)
class Block:
    """One fenced block; `title` is the file that it is the content of."""

    page: str
    line: int
    language: str
    title: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @cached_property
    def commands(self) -> list[Command]:
        """What a reader types, in order."""
        if self.language == "sh":
            return [Command(words) for line in joined(self.text.splitlines()) for words in split(line)]
        found: list[Command] = []
        for line in joined(self.text.splitlines()) if self.language == "console" else []:
            if line.startswith("$ "):
                found += [Command(words) for words in split(line[2:])]
            else:
                found[-1] = Command(found[-1].words, (*found[-1].shown, line))
        return found


def joined(lines: list[str]) -> list[str]:
    """Join lines that end in a backslash with the next."""
    return re.sub(r"\s*\\\n\s*", " ", "\n".join(lines)).split("\n")


def split(line: str) -> list[tuple[str, ...]]:
    """Return the commands of a line, without comments and without the variables that are set for one command."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|")
    lexer.whitespace_split = True
    lexer.commenters = "#"
    commands: list[list[str]] = [[]]
    for word in lexer:
        if set(word) <= set(";&|"):
            commands.append([])
        elif commands[-1] or not re.match(r"[A-Z_]+=", word):
            commands[-1].append(word)
    return [tuple(words) for words in commands if words]


def blocks(page: str) -> list[Block]:
    """Return the blocks of a page, in order."""
    content = (ROOT / page).read_text(encoding="utf-8")
    found = []
    for match in FENCED.finditer(content):
        language, _, attributes = match[1].partition(" ")
        title = re.search(r'title="([^"]*)"', attributes)
        line = content.count("\n", 0, match.start()) + 1
        found.append(Block(page, line, language, title[1] if title else "", match[2]))
    return found


def indented(page: str) -> list[str]:
    """Return the first line of each block that is indented, and so has no language."""
    content = FENCED.sub("", (ROOT / page).read_text(encoding="utf-8"))
    return [line for line in INDENTED.findall(content) if not re.match(r"\s+([*-]|\d+\.) ", line)]


def fits(expected: str, output: str) -> bool:
    """Say whether an output is as shown; a line of ``…`` stands for any lines."""
    pattern = re.escape(expected.strip()).replace(r"…", "(.|\n)*")
    return re.fullmatch(pattern, output.strip()) is not None


ALL = [block for page in PAGES for block in blocks(page)]
COMMANDS = {str(command): command for block in ALL for command in block.commands}
"""Every different command of the documentation."""
