"""The public surface of arb_core as text: `uv run python tests/house/surface.py` writes golden/contract-1.txt.

What a plugin's author has to know, and nothing else: hooks, interfaces, structs, enumerations and errors with their
names, fields, types, defaults and abstract methods. Types are those written in the source, so that the text is the same
with every version of Python. A difference between two commits is a change of the contract.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from arb_core.structs.card import CONTRACT

SOURCE = Path(__file__).parents[2] / "core" / "src" / "arb_core"
GOLDEN = Path(__file__).parent / "golden" / f"contract-{CONTRACT}.txt"

ROOMS = (
    "hookspecs.py",
    "errors.py",
    *sorted(f"{room}/{path.name}" for room in ("interfaces", "structs") for path in (SOURCE / room).glob("[a-z]*.py")),
)
"""The rooms of the contract, each with every name of its `__all__`."""


def surface() -> str:
    """Return the whole surface, one room after the other."""
    parts = ["arb_core: " + ", ".join(_exported(ast.parse((SOURCE / "__init__.py").read_text("utf-8")))) + "\n"]
    for room in ROOMS:
        tree = ast.parse((SOURCE / room).read_text("utf-8"))
        lines = [line for name in sorted(_exported(tree)) for line in _name(tree, name)]
        parts.append(f"\n== {room.removesuffix('.py').replace('/', '.')}\n" + "".join(f"{line}\n" for line in lines))
    return "".join(parts)


def _exported(tree: ast.Module) -> list[str]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return list(ast.literal_eval(node.value))
    raise LookupError("a room of the contract has no __all__")


def _name(tree: ast.Module, name: str) -> Iterator[str]:
    for node in tree.body:
        match node:
            case ast.ClassDef(name=found) if found == name:
                yield from _class(node)
            case ast.FunctionDef(name=found) | ast.AsyncFunctionDef(name=found) if found == name:
                yield _function(node)
            case ast.Assign(targets=[ast.Name(id=found)]) if found == name:
                yield ast.unparse(node)
            case ast.AnnAssign(target=ast.Name(id=found)) if found == name:
                yield ast.unparse(node)


def _class(node: ast.ClassDef) -> Iterator[str]:
    """A class with what belongs to the contract: fields, constants, public methods and how it is made."""
    bases = [ast.unparse(base) for base in (*node.bases, *node.keywords)]
    yield f"class {node.name}({', '.join(bases)})"
    for member in node.body:
        match member:
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
                if not name.startswith("_"):
                    yield f"    {ast.unparse(member)}"
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                if not name.startswith("_") or name == "__init__":
                    marks = "".join(f"@{ast.unparse(mark)} " for mark in member.decorator_list)
                    yield f"    {marks}{_function(member)}"
            case _:
                pass


def _function(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    kind = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    returns = "" if node.returns is None else f" -> {_type(node.returns)}"
    return f"{kind} {node.name}({ast.unparse(node.args)}){returns}"


def _type(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ast.unparse(node)


if __name__ == "__main__":
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_text(surface(), "utf-8")
