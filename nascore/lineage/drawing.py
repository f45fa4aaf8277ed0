"""The lineage of artifacts as a graph: Mermaid, DOT or SVG, by the ending of the file."""

import json
from pathlib import Path

from nascore.errors import DataError, unknown_name
from nascore.files import replacing, write_text
from nascore.lineage.history import Run, by_producer
from nascore.lineage.record import Input, Record

ENDINGS = (".svg", ".dot", ".mmd")
Graph = tuple[dict[str, str], list[tuple[str, str]]]
"""Labels of nodes by their names, and edges from what was read to what was made of it."""


def draw(run: Run, paths: list[str], file: Path) -> None:
    """Write the graph behind artifacts: one node per job, source and asked artifact.

    Raises
    ------
    DataError
        If the file's ending is unknown.
    """
    ending = file.suffix.lower()
    if ending not in ENDINGS:
        raise DataError(f"{file}: {unknown_name('kind of graph', ending or '(no ending)', ENDINGS)}")
    nodes, edges = graph(run, paths)
    if ending == ".svg":
        _draw_svg(file, nodes, edges)
    else:
        write_text(file, (_mermaid if ending == ".mmd" else _dot)(nodes, edges))


def graph(run: Run, paths: list[str]) -> Graph:
    """Return the nodes and edges behind artifacts."""
    records = run.upstream(paths)
    nodes = {_node(name): _label(record) for name, record in records.items()}
    edges: list[tuple[str, str]] = []
    for name, record in records.items():
        for producer, entries in by_producer(record):
            source = _node(producer) if producer else f"source_{_hash(entries[0])}"
            nodes.setdefault(source, f"{entries[0].path}\n{(entries[0].sha256 or 'raw images')[:12]}")
            edges.append((source, _node(name)))
    for number, path in enumerate(paths):
        pointer = run.pointers[path]
        nodes[f"asked_{number}"] = f"{path.removeprefix(f'{run.folder}/')}\n{pointer.sha256[:12]}"
        if pointer.record:
            edges.append((_node(pointer.record), f"asked_{number}"))
    return nodes, list(dict.fromkeys(edges))


def _node(record: str) -> str:
    return f"job_{record[:12]}"


def _hash(entry: Input) -> str:
    return (entry.sha256 or "folder")[:12]


def _label(record: Record) -> str:
    return "\n".join([record.rule, *(f"{name} {value}" for name, value in record.wildcards.items())])


def _mermaid(nodes: dict[str, str], edges: list[tuple[str, str]]) -> str:
    labels = {name: label.replace('"', "#quot;").replace("\n", "<br/>") for name, label in nodes.items()}
    lines = [f'  {name}["{label}"]' for name, label in labels.items()]
    return "\n".join(["flowchart LR", *lines, *(f"  {start} --> {end}" for start, end in edges)]) + "\n"


def _dot(nodes: dict[str, str], edges: list[tuple[str, str]]) -> str:
    lines = [f"  {name} [label={json.dumps(label, ensure_ascii=False)}];" for name, label in nodes.items()]
    arrows = [f"  {start} -> {end};" for start, end in edges]
    return "\n".join(["digraph lineage {", "  rankdir=LR;", "  node [shape=box];", *lines, *arrows, "}"]) + "\n"


def _places(nodes: dict[str, str], edges: list[tuple[str, str]]) -> dict[str, tuple[float, float]]:
    """Return where nodes stand: right of all that they were made from, each column centred."""
    columns = dict.fromkeys(nodes, 0)
    for _ in nodes:  # the longest way is not longer than the number of nodes
        moved = {end: columns[start] + 1 for start, end in edges if columns[end] <= columns[start]}
        if not moved:
            break
        columns |= moved
    places: dict[str, tuple[float, float]] = {}
    for column in range(max(columns.values(), default=0) + 1):
        members = [name for name, at in columns.items() if at == column]
        # Near what they were made from, so that few lines cross.
        before = {
            name: [places[start][1] for start, end in edges if end == name and start in places] for name in members
        }
        members.sort(key=lambda name: sum(before[name]) / len(before[name]) if before[name] else 0)
        places |= {name: (column, row - (len(members) - 1) / 2) for row, name in enumerate(members)}
    return places


def _draw_svg(file: Path, nodes: dict[str, str], edges: list[tuple[str, str]]) -> None:
    """Draw with matplotlib, which is installed everywhere; graphviz is not."""
    import matplotlib
    from matplotlib.figure import Figure

    places = _places(nodes, edges)
    width = 1 + max(x for x, _ in places.values())
    rows = [y for _, y in places.values()]
    # A fixed salt and no date: the same graph gives the same bytes.
    with replacing(file) as temporary, matplotlib.rc_context({"svg.hashsalt": "lineage", "svg.fonttype": "none"}):
        figure = Figure(figsize=(2.6 * width, 1 + 0.8 * (max(rows) - min(rows) + 1)))
        axes = figure.add_axes((0, 0, 1, 1), xlim=(-0.6, width - 0.4), ylim=(max(rows) + 0.7, min(rows) - 0.7))
        axes.set_axis_off()
        arrow = {
            "arrowstyle": "->",
            "color": "#888888",
            "shrinkA": 32,
            "shrinkB": 32,
            "connectionstyle": "arc3,rad=-0.12",
        }
        for start, end in edges:
            axes.annotate("", places[end], places[start], arrowprops=arrow)
        for name, label in nodes.items():
            shade = {"s": "#eef3e2", "a": "#fdebd0"}.get(name[0], "#e3ecf7")
            box = {"boxstyle": "round,pad=0.35", "facecolor": shade, "edgecolor": "#888888"}
            axes.text(*places[name], _short(label), ha="center", va="center", fontsize=7, bbox=box)
        figure.savefig(temporary, format="svg", metadata={"Date": None, "Creator": None})


def _short(label: str) -> str:
    """Return a label whose lines fit their box."""
    return "\n".join(line if len(line) <= 30 else f"…{line[-29:]}" for line in label.splitlines())
