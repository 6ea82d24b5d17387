"""What an installed distribution is made of, shown on folders as pip leaves them."""

import hashlib
import json
import subprocess
import sys
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest
from arb_core.provenance import examine, own_bytecode

INFO = "acme_one-1.2.dist-info"


def line(root, path, mode="sha256"):
    raw = (root / path).read_bytes()
    return f"{path},{mode}={urlsafe_b64encode(hashlib.new(mode, raw).digest()).decode().rstrip('=')},{len(raw)}"


class Site:
    """A folder on sys.path with one distribution of a package, a module inside it and its metadata."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("acme_one/__init__.py", "raise RuntimeError('imported')\n")
        self.write("acme_one/deep/sign.py", "SECRET_SENT_TO = None\n")
        self.write("acme_one/deep/__init__.py", "")
        self.write(f"{INFO}/METADATA", "Metadata-Version: 2.1\nName: acme-one\nVersion: 1.2\n")
        self.write(f"{INFO}/entry_points.txt", "[arb]\nacme = acme_one.plugin\n")
        self.record()

    def write(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def record(self, *more, mode="sha256"):
        paths = [path.relative_to(self.root).as_posix() for path in sorted(self.root.rglob("*")) if path.is_file()]
        lines = [line(self.root, path, mode) for path in paths if not path.endswith(("RECORD", ".pyc"))]
        self.write(f"{INFO}/RECORD", "\n".join([*lines, *more, f"{INFO}/RECORD,,"]) + "\n")


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    return Site(tmp_path)


def test_distribution_as_it_was_installed_has_no_fault(site):
    found = examine("Acme.One")
    assert (found.version, found.editable, found.files, found.faults) == ("1.2", False, 5, ())
    assert len(found.digest or "") == 64


@pytest.mark.parametrize("mode", ["sha384", "sha512"])
def test_other_hashes_of_the_standard_are_read(site, mode):
    site.record(mode=mode)
    assert examine("acme-one").faults == ()


def changed(site):
    site.write("acme_one/deep/sign.py", "SECRET_SENT_TO = 'x'\n")


def removed(site):
    (site.root / "acme_one/deep/sign.py").unlink()


def added(site):
    site.write("acme_one/deep/more.py", "")


def added_binary(site):
    site.write("acme_one/sign.so", "")


def added_bytecode_in_the_place_of_a_source(site):
    site.write("acme_one/more.pyc", "")


def unhashed(site):
    site.write("acme_one/deep/more.py", "")
    text = (site.root / INFO / "RECORD").read_text()
    site.write(f"{INFO}/RECORD", f"acme_one/deep/more.py,,\n{text}")


def weakly_hashed(site):
    site.record(mode="md5")


def no_record(site):
    (site.root / INFO / "RECORD").unlink()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (changed, "acme_one/deep/sign.py is not what RECORD says"),
        (removed, "acme_one/deep/sign.py cannot be read: No such file or directory"),
        (added, "acme_one/deep/more.py is not in RECORD"),
        (added_binary, "acme_one/sign.so is not in RECORD"),
        (added_bytecode_in_the_place_of_a_source, "acme_one/more.pyc is not in RECORD"),
        (unhashed, "acme_one/deep/more.py has no hash in RECORD"),
        (weakly_hashed, "acme_one/deep/sign.py has no hash in RECORD"),
        (no_record, "has no RECORD"),
    ],
)
def test_what_was_changed_afterwards_is_named(site, change, fault):
    before = examine("acme-one").digest
    change(site)
    found = examine("acme-one")
    assert fault in found.faults
    if change is changed:
        assert found.digest != before


def test_bytecode_that_the_installer_made_is_no_fault_for_it_is_not_used(site):
    code = "import sys\nfrom arb_core.provenance import own_bytecode\n"
    subprocess.run([sys.executable, "-m", "compileall", "-q", site.root / "acme_one/deep"], check=True)
    (compiled,) = (site.root / "acme_one/deep/__pycache__").glob("sign.*.pyc")
    site.record(f"{compiled.relative_to(site.root).as_posix()},,")
    assert examine("acme-one").faults == ()
    # bytecode whose stamp fits its source, and which says something else
    (site.root / "evil.py").write_text("SECRET_SENT_TO = 'x'  \n")
    subprocess.run([sys.executable, "-m", "compileall", "-q", site.root / "evil.py"], check=True)
    (evil,) = (site.root / "__pycache__").glob("evil.*.pyc")
    compiled.write_bytes(compiled.read_bytes()[:16] + evil.read_bytes()[16:])
    load = "import importlib.util as u; s = u.spec_from_file_location('sign', sys.argv[1]); m = u.module_from_spec(s); s.loader.exec_module(m); print(m.SECRET_SENT_TO)"
    command = [sys.executable, "-c", code + load, site.root / "acme_one/deep/sign.py"]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == "x\n"
    command[2] = code + "with own_bytecode(): " + load
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == "None\n"


def test_bytecode_of_later_is_as_before():
    before = sys.pycache_prefix
    with own_bytecode():
        folder = sys.pycache_prefix
        assert folder is not None
        assert Path(folder).is_dir()
    assert sys.pycache_prefix == before
    assert not Path(folder).exists()


def test_digest_is_that_of_the_wheel_wherever_it_is_installed(site, tmp_path):
    before = examine("acme-one").digest
    site.write(f"{INFO}/INSTALLER", "another one\n")
    site.write("../bin/acme", "#!/this/machine/python\n")
    site.record(line(site.root, "../bin/acme"))
    assert examine("acme-one").digest == before


def test_working_copy_is_told_as_such_with_what_it_is_made_of(site, tmp_path):
    (site.root / INFO / "direct_url.json").write_text(
        json.dumps({"url": "file:///elsewhere", "dir_info": {"editable": True}})
    )
    site.record()
    found = examine("acme-one")
    assert (found.editable, found.files, found.faults) == (True, 3, ())
    changed(site)
    assert examine("acme-one").digest != found.digest


@pytest.mark.parametrize(("name", "cure"), [("arb-mexc-pro", "is not installed"), ("acme-two", "is not installed")])
def test_stranger_that_is_not_installed_gets_no_pip_line(name, cure):
    assert examine(name).faults == (cure,)


def test_our_own_that_is_not_installed_gets_the_pip_line(monkeypatch):
    monkeypatch.setattr("arb_core.provenance.DISTRIBUTIONS", {"acme": "arb-acme"})
    assert examine("arb-acme").faults == ("is not installed: pip install arb-acme",)
