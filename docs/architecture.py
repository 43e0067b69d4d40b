"""Draw the packages of this project and the imports between them: ``python docs/architecture.py``.

Reads every import statement of the source tree, those for type checking and those inside functions
too, and writes ``docs/architecture.svg`` and the table in ``docs/architecture.md``.

Conventions
-----------
A *room* is a package or module of `core`, or one of `dashboard`, ``benchmarks`` and ``train.py`` as
a whole. A room stands one *floor* above the highest room that it imports; floor 1 imports nothing.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
ROOTS = ("core", "dashboard", "benchmarks", "train.py")
PICTURE = PROJECT / "docs" / "architecture.svg"
PAGE = PROJECT / "docs" / "architecture.md"
BEGIN, END = "<!-- packages: begin -->", "<!-- packages: end -->"

Graph = Mapping[str, frozenset[str]]

WIDTH, BOX_WIDTH, BOX_HEIGHT, FLOOR_HEIGHT = 960, 118, 34, 84  # pixels


def sources(project: Path = PROJECT) -> dict[str, Path]:
    """Source files by dotted module name, packages under their own name."""
    files = [
        file
        for root in ROOTS
        for file in ([project / root] if root.endswith(".py") else (project / root).rglob("*.py"))
    ]
    return {
        ".".join(file.relative_to(project).with_suffix("").parts).removesuffix(".__init__"): file
        for file in sorted(files)
    }


def _imported(node: ast.AST, modules: Mapping[str, Path]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        for alias in node.names:
            name = f"{node.module}.{alias.name}"
            yield name if name in modules else node.module


def module_imports(project: Path = PROJECT) -> dict[str, frozenset[str]]:
    """Read the imports between the modules of the project.

    Parameters
    ----------
    project : Path
        Root of the source tree.

    Returns
    -------
    dict of frozenset of str
        For each module, the project's own modules that it imports anywhere.
    """
    modules = sources(project)
    return {
        name: frozenset(
            found
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
            for found in _imported(node, modules)
            if found in modules and found != name
        )
        for name, file in modules.items()
    }


def room_of(module: str) -> str:
    """Name of the room that a module belongs to, such as ``core.audio`` or ``dashboard``."""
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "core" else parts[0]


def rooms(imports: Graph) -> dict[str, frozenset[str]]:
    """Derive the imports between rooms from those between modules."""
    graph: dict[str, set[str]] = {room_of(module): set() for module in imports if module != "core"}
    for module, targets in imports.items():
        if module != "core":  # the public names: they import every package when first used
            graph[room_of(module)] |= {room_of(target) for target in targets if target != "core"}
    return {room: frozenset(targets - {room}) for room, targets in graph.items()}


def cycle(graph: Graph) -> list[str]:
    """One cycle of a graph as a list of its nodes; empty if there is none."""
    done: set[str] = set()

    def search(node: str, path: list[str]) -> list[str]:
        if node in path:
            return path[path.index(node) :]
        if node in done:
            return []
        for target in sorted(graph.get(node, ())):
            if found := search(target, [*path, node]):
                return found
        done.add(node)
        return []

    for node in sorted(graph):
        if found := search(node, []):
            return found
    return []


def floors(graph: Graph) -> dict[str, int]:
    """Floor of each node, counted from 1.

    Raises
    ------
    ValueError
        If the graph has a cycle.
    """
    if found := cycle(graph):
        raise ValueError(f"The imports form a cycle: {' -> '.join([*found, found[0]])}.")
    levels: dict[str, int] = {}

    def level(node: str) -> int:
        if node not in levels:
            levels[node] = 1 + max((level(target) for target in graph[node]), default=0)
        return levels[node]

    for node in graph:
        level(node)
    return levels


def reduced(graph: Graph) -> dict[str, frozenset[str]]:
    """Graph without the arrows that longer paths imply (transitive reduction)."""

    def reachable(node: str) -> set[str]:
        found = set(graph[node])
        for target in graph[node]:
            found |= reachable(target)
        return found

    return {
        node: targets - frozenset().union(*(reachable(target) for target in targets))
        for node, targets in graph.items()
    }


def purpose(room: str) -> str:
    """First line of a room's docstring."""
    file = sources().get(room) or PROJECT / f"{room}.py"
    docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return docstring.split("\n", 1)[0]


def picture(graph: Graph) -> str:
    """Draw a graph as SVG, the lowest floor at the bottom.

    Parameters
    ----------
    graph : mapping of str to frozenset of str
        Imports between rooms.

    Returns
    -------
    str
        The picture. Arrows that longer paths imply are left out.
    """
    levels = floors(graph)
    top = max(levels.values())
    places: dict[str, tuple[float, float]] = {}
    for floor in range(1, top + 1):
        row = sorted(room for room, level in levels.items() if level == floor)
        for index, room in enumerate(row):
            x = WIDTH * (index + 0.5) / len(row)
            places[room] = (x, (top - floor) * FLOOR_HEIGHT + FLOOR_HEIGHT / 2)
    height = top * FLOOR_HEIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        'font-family="sans-serif" font-size="13" text-anchor="middle">',
        "<title>Packages of Groove-Guide; each imports only packages on lower floors</title>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="#8a9a98"/></marker></defs>',
        f'<rect width="{WIDTH}" height="{height}" fill="#fcfbf8"/>',
    ]
    for room, targets in sorted(reduced(graph).items()):
        x, y = places[room]
        for target in sorted(targets):
            to_x, to_y = places[target]
            start, end = y + BOX_HEIGHT / 2, to_y - BOX_HEIGHT / 2
            bend = (end - start) / 2
            parts.append(
                f'<path d="M{x:.0f} {start:.0f}C{x:.0f} {start + bend:.0f} {to_x:.0f} '
                f'{end - bend:.0f} {to_x:.0f} {end:.0f}" fill="none" stroke="#8a9a98" '
                'stroke-width="1.2" marker-end="url(#tip)"/>'
            )
    for room, (x, y) in sorted(places.items()):
        fill = "#e3efed" if room.startswith("core") else "#f4e7d3"
        parts.append(
            f'<rect x="{x - BOX_WIDTH / 2:.0f}" y="{y - BOX_HEIGHT / 2:.0f}" width="{BOX_WIDTH}" '
            f'height="{BOX_HEIGHT}" rx="6" fill="{fill}" stroke="#0f6b66"/>'
            f'<text x="{x:.0f}" y="{y + 4.5:.0f}" fill="#22282b">'
            f"{escape(room.removeprefix('core.'))}</text>"
        )
    return "\n".join([*parts, "</svg>", ""])


def table(graph: Graph) -> str:
    """Table of the rooms in Markdown, the highest floor first."""
    levels = floors(graph)
    lines = ["| floor | package | what it is for |", "|---:|---|---|"]
    lines += [
        f"| {levels[room]} | `{room}` | {purpose(room)} |"
        for room in sorted(graph, key=lambda room: (-levels[room], room))
    ]
    return "\n".join(lines)


def page(text: str, graph: Graph) -> str:
    """Text of the page with the table of the rooms between its marks."""
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n{table(graph)}\n{END}{after}"


def main() -> int:
    """Write the picture and the table, and print their size."""
    graph = rooms(module_imports())
    PICTURE.write_text(picture(graph), encoding="utf-8")
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), graph), encoding="utf-8")
    arrows = sum(map(len, graph.values()))
    print(f"{len(graph)} packages, {max(floors(graph).values())} floors, {arrows} arrows")
    return 0


if __name__ == "__main__":
    sys.exit(main())
