"""A simulated venue is written from the venue's documentation: what it shared with our client, no test could find wrong."""

import ast

ALLOWED = {"card", "_proto"}


def test_sim_takes_nothing_from_its_own_client(members):
    simulated = [member for member in members if "sim" in member.project.get("optional-dependencies", {})]
    assert simulated
    for member in simulated:
        source = (member.folder / "src" / member.package / "sim.py").read_text("utf-8")
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert not node.level, f"{member.name}: sim.py imports relatively"
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            else:
                continue
            for name in names:
                room = name.removeprefix(f"{member.package}.").split(".")[0]
                assert name.split(".")[0] != member.package or room in ALLOWED, f"{member.name}: sim.py imports {name}"
