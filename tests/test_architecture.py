"""The imports follow the data: no cycle, nothing upward, and the picture shows what there is."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

from docs.architecture import (
    PAGE,
    PICTURE,
    PROJECT,
    Graph,
    cycle,
    floors,
    module_imports,
    page,
    picture,
    reduced,
    room_of,
    rooms,
    sources,
)

IMPORTS = module_imports()

# Packages of core, from the lowest to the highest; those in one tuple do not import each other.
LAYERS = (
    ("errors", "constants", "storage"),
    ("audio",),
    ("features",),
    ("data", "networks"),
    ("models",),
    ("analysis",),
    ("explanation",),
    ("listening",),
    ("engine",),
    ("library",),
)
LEVELS = {name: level for level, names in enumerate(LAYERS) for name in names}
GROUND = {f"core.{name}" for name in LAYERS[0]}

# What each part of the dashboard may import of the others; text and charts are open to all.
DASHBOARD = {
    "text": set(),
    "charts": {"text"},
    "services": {"text"},
    "timeline": {"text", "charts"},
    "player": {"text", "charts", "services"},
    "widgets": {"text", "charts", "services", "timeline", "player"},
    "url_state": {"text", "services", "widgets"},
    "export": {"text", "charts", "services", "widgets", "player", "timeline"},
    "views": {
        "text",
        "charts",
        "services",
        "widgets",
        "player",
        "timeline",
        "url_state",
        "export",
    },
}
PLAIN = {"core.constants", "core.errors", "core.models.registry"}  # open to the whole dashboard
MAX_FLOORS, MAX_ROOMS, MAX_LINES = 11, 20, 400


def layer(module: str) -> int | None:
    """Level of a module of core among the layers; None for those beside them."""
    parts = module.split(".")
    return LEVELS.get(parts[1]) if parts[0] == "core" and len(parts) > 1 else None


def pairs(of: str, to: str) -> list[tuple[str, str]]:
    """Imports from modules below one name to modules below another."""
    return [
        (module, target)
        for module, targets in IMPORTS.items()
        if module == of or module.startswith(f"{of}.")
        for target in sorted(targets)
        if target == to or target.startswith(f"{to}.")
    ]


def is_for_types(module: str, target: str) -> bool:
    """Whether a module imports another one only to name its types."""
    tree = ast.parse(sources()[module].read_text(encoding="utf-8"))
    guarded = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    return all(
        node in guarded
        for node in ast.walk(tree)
        if (isinstance(node, ast.ImportFrom) and (node.module or "") == target)
        or (isinstance(node, ast.Import) and target in {alias.name for alias in node.names})
        or (
            isinstance(node, ast.ImportFrom)
            and target in {f"{node.module}.{alias.name}" for alias in node.names}
        )
    )


def test_modules_import_each_other_in_no_cycle() -> None:
    assert cycle(IMPORTS) == []


def test_a_layer_imports_only_lower_layers() -> None:
    upward = [
        (module, target)
        for module, targets in IMPORTS.items()
        for target in targets
        if (own := layer(module)) is not None
        and room_of(module) != room_of(target)
        and target.startswith("core.")
        and ((other := layer(target)) is None or (other >= own and own > 0))
    ]
    assert upward == []


def test_the_lowest_layer_imports_nothing_above_it() -> None:
    for room in GROUND:
        assert {target for _, target in pairs(room, "core")} <= GROUND


def test_evaluation_takes_arrays_only() -> None:
    targets = {target for _, target in pairs("core.evaluation", "core")}
    assert {room_of(target) for target in targets} <= GROUND | {"core.evaluation"}


def test_only_training_itself_and_scripts_import_training() -> None:
    importers = {
        room_of(module)
        for module, targets in IMPORTS.items()
        if any(target.startswith("core.training") for target in targets)
    }
    assert importers <= {"core.training", "train", "benchmarks"}


def test_core_knows_neither_the_dashboard_nor_streamlit() -> None:
    assert pairs("core", "dashboard") == []
    for module, file in sources().items():
        if module.startswith("core"):
            assert "streamlit" not in file.read_text(encoding="utf-8"), module


@pytest.mark.parametrize("part", sorted(DASHBOARD))
def test_the_dashboard_imports_downwards(part: str) -> None:
    imported = {
        target.split(".")[1]
        for _, target in pairs(f"dashboard.{part}", "dashboard")
        if target != "dashboard"
    }
    assert imported <= DASHBOARD[part] | {part}


def test_only_services_compute_with_core() -> None:
    computing = [
        (module, target)
        for module, target in pairs("dashboard", "core")
        if not module.startswith("dashboard.services")
        and target not in PLAIN
        and not is_for_types(module, target)
    ]
    assert computing == []


def test_the_house_stays_small_enough_to_keep_in_mind() -> None:
    graph = rooms(IMPORTS)
    assert len(graph) <= MAX_ROOMS
    assert max(floors(graph).values()) <= MAX_FLOORS


def test_no_module_is_long() -> None:
    files = [*sources().values(), *(PROJECT / "dashboard").rglob("*.js")]
    long = {
        file.name: lines
        for file in files
        if (lines := file.read_text(encoding="utf-8").count("\n")) > MAX_LINES
    }
    assert long == {}


def test_every_package_says_what_it_is_for_and_what_it_may_import() -> None:
    for module, file in sources().items():
        if file.name == "__init__.py" and module.startswith("core.") and module.count(".") == 1:
            docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
            assert "In:" in docstring, module
            assert "Out:" in docstring, module
            assert "May import:" in docstring, module


def test_the_picture_and_the_table_are_up_to_date() -> None:
    graph = rooms(IMPORTS)
    assert PICTURE.read_text(encoding="utf-8") == picture(graph), "run python docs/architecture.py"
    text = PAGE.read_text(encoding="utf-8")
    assert page(text, graph) == text, "run python docs/architecture.py"


def test_a_cycle_is_found_and_has_no_floors() -> None:
    graph: Graph = {
        "a": frozenset({"b"}),
        "b": frozenset({"c"}),
        "c": frozenset({"b"}),
    }
    assert cycle(graph) == ["b", "c"]
    with pytest.raises(ValueError, match="b -> c -> b"):
        floors(graph)


def test_an_arrow_that_a_longer_path_implies_is_left_out() -> None:
    graph: Graph = {"a": frozenset({"b", "c"}), "b": frozenset({"c"}), "c": frozenset()}
    assert reduced(graph) == {"a": {"b"}, "b": {"c"}, "c": frozenset()}
    assert floors(graph) == {"a": 3, "b": 2, "c": 1}


def test_the_script_runs() -> None:
    script = "import docs.architecture as a; print(len(a.rooms(a.module_imports())))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) == len(rooms(IMPORTS))
