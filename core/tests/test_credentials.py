import os
import sys
from types import ModuleType, SimpleNamespace

import pytest
from arb_core.config import load_credentials
from arb_core.errors import SettingsError

ENVIRON = {"ARB_ACME_API_KEY": "keykeykeykey1234", "ARB_ACME_API_SECRET": "hunter2hunter2"}


@pytest.fixture(autouse=True)
def no_keyring(monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)


def test_key_comes_from_variables_and_is_not_shown():
    found = load_credentials("acme", environ={**ENVIRON, "ARB_ACME_API_PASSPHRASE": "open sesame"})
    assert found is not None
    assert (found.api_secret, found.api_passphrase) == ("hunter2hunter2", "open sesame")
    assert "hunter2" not in repr(found) + str(found)
    assert "sesame" not in repr(found)


def test_no_key_is_none():
    assert load_credentials("acme", environ={}) is None


@pytest.mark.parametrize("left_out", list(ENVIRON))
def test_half_a_key_is_an_error(left_out):
    environ = {name: value for name, value in ENVIRON.items() if name != left_out}
    with pytest.raises(SettingsError, match=left_out) as raised:
        load_credentials("acme", environ=environ)
    assert "hunter2" not in str(raised.value)


@pytest.fixture
def secret_file(tmp_path):
    path = tmp_path / "credentials.toml"
    path.write_text('[acme]\napi_key = "keykeykeykey1234"\napi_secret = "hunter2hunter2"\n')
    path.chmod(0o600)
    return path


def test_key_comes_from_a_file_that_nobody_else_reads(secret_file):
    found = load_credentials("acme", environ={"ARB_CREDENTIALS_FILE": str(secret_file)})
    assert found is not None
    assert found.api_secret == "hunter2hunter2"
    assert load_credentials("other", environ={}, file=secret_file) is None


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o602, 0o601])
def test_file_that_others_can_read_is_refused(secret_file, mode):
    secret_file.chmod(mode)
    with pytest.raises(SettingsError, match=rf"mode {mode:04o}, expected 0600; chmod 600"):
        load_credentials("acme", environ={}, file=secret_file)


def test_link_is_judged_by_the_file_that_it_leads_to(secret_file, tmp_path):
    link = tmp_path / "link.toml"
    link.symlink_to(secret_file)
    assert load_credentials("acme", environ={}, file=link) is not None
    secret_file.chmod(0o644)
    with pytest.raises(SettingsError, match="mode 0644, expected 0600"):
        load_credentials("acme", environ={}, file=link)


@pytest.mark.parametrize("mode", [0o770, 0o702, 0o777])
def test_file_that_others_can_replace_is_refused(secret_file, tmp_path, mode):
    tmp_path.chmod(mode)
    with pytest.raises(SettingsError, match=rf"lies in {tmp_path}, which others can write \(mode {mode:04o}\)"):
        load_credentials("acme", environ={}, file=secret_file)


def test_folder_of_a_link_and_every_folder_above_count_as_well(tmp_path):
    deep = tmp_path / "open" / "own"
    deep.mkdir(parents=True)
    path = deep / "keys.toml"
    path.write_text("[other]")
    path.chmod(0o600)
    link = tmp_path / "elsewhere" / "keys.toml"
    link.parent.mkdir()
    link.symlink_to(path)
    (tmp_path / "open").chmod(0o777)
    for way in (path, link):
        with pytest.raises(SettingsError, match=f"lies in {tmp_path / 'open'}, which others can write"):
            load_credentials("acme", environ={}, file=way)
    (tmp_path / "open").chmod(0o755)
    link.parent.chmod(0o777)
    assert load_credentials("acme", environ={}, file=path) is None
    with pytest.raises(SettingsError, match=f"lies in {link.parent}, which others can write"):
        load_credentials("acme", environ={}, file=link)


def test_sticky_folder_lets_others_replace_only_what_is_theirs(secret_file, tmp_path):
    tmp_path.chmod(0o1777)
    assert load_credentials("acme", environ={}, file=secret_file) is not None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a file away")
@pytest.mark.parametrize("what", ["file", "folder"])
def test_file_of_another_user_is_refused(secret_file, tmp_path, what):
    os.chown(secret_file if what == "file" else tmp_path, 12345, -1)
    with pytest.raises(SettingsError, match="belongs to another user"):
        load_credentials("acme", environ={}, file=secret_file)


def test_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(SettingsError, match=r"none\.toml: cannot be read: No such file"):
        load_credentials("acme", environ={}, file=tmp_path / "none.toml")


@pytest.mark.parametrize("field", ["API_KEY", "API_SECRET", "API_PASSPHRASE"])
@pytest.mark.parametrize("text", ["hunter2hunter2 ", "\nhunter2hunter2", "hunter2\nhunter2"])
def test_white_space_of_a_copied_key_is_told_without_repeating_it(field, text):
    with pytest.raises(SettingsError, match=f"ARB_ACME_{field}: has white space around it") as raised:
        load_credentials("acme", environ={**ENVIRON, f"ARB_ACME_{field}": text})
    assert "hunter2" not in str(raised.value)


def test_empty_passphrase_is_none():
    found = load_credentials("acme", environ={**ENVIRON, "ARB_ACME_API_PASSPHRASE": ""})
    assert found is not None
    assert found.api_passphrase is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[acme]\napi_secret = "hunter2hunter2', "is not TOML"),
        ('[acme]\napi_key = "k"', "acme.api_secret: is missing"),
        ('[acme]\napi_secrt = "hunter2"', "did you mean 'api_secret'?"),
        ("[acme]\napi_key = 5", "expected `str`, found int"),
        ("acme = 'hunter2'", "expected a table"),
    ],
)
def test_malformed_secret_file_is_told_without_repeating_it(secret_file, text, message):
    secret_file.write_text(text)
    with pytest.raises(SettingsError) as raised:
        load_credentials("acme", environ={}, file=secret_file)
    assert message in str(raised.value)
    assert "hunter2" not in str(raised.value)
    assert raised.value.__cause__ is None


class NoKeyringError(RuntimeError):
    pass


class KeyringError(Exception):
    pass


def give_keyring(monkeypatch, get_password):
    module, errors = ModuleType("keyring"), ModuleType("keyring.errors")
    vars(module).update(get_password=get_password)
    vars(errors).update(KeyringError=KeyringError, NoKeyringError=NoKeyringError)
    monkeypatch.setitem(sys.modules, "keyring", module)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)


def test_key_comes_from_the_keyring_when_there_is_one(monkeypatch):
    kept = {("arb", "acme.api_key"): "keykeykeykey1234", ("arb", "acme.api_secret"): "hunter2hunter2"}
    give_keyring(monkeypatch, lambda service, user: kept.get((service, user)))
    found = load_credentials("acme", environ={})
    assert found is not None
    assert found.api_key == "keykeykeykey1234"


def test_machine_without_keyring_backend_has_no_key(monkeypatch):
    def get_password(service, user):
        raise NoKeyringError

    give_keyring(monkeypatch, get_password)
    assert load_credentials("acme", environ={}) is None


def test_locked_keyring_is_told(monkeypatch):
    def get_password(service, user):
        raise KeyringError("locked")

    give_keyring(monkeypatch, get_password)
    with pytest.raises(SettingsError, match=r"keyring: cannot be read: locked; unlock it"):
        load_credentials("acme", environ={})


def test_variables_are_asked_before_the_keyring(monkeypatch):
    give_keyring(monkeypatch, SimpleNamespace)
    assert load_credentials("acme", environ=ENVIRON) is not None
