"""Runs a command beside a PostgreSQL server of its own: with a server's programs that are there, or else installed.

    python tests/house/postgres.py pytest -m postgres -rs

Entered by `tox -e postgres` and `tox -e bench`. The programs are looked for on PATH and where Debian puts them; where
there are none, and root and apt are there, Debian's are installed. The command finds the server by two variables:

- `ARB_POSTGRES`: its address, with a place for the name of a database: `postgresql://arb@/%s?host=...`
- `ARB_POSTGRES_CTL`: what stops and starts it, before `stop` or `start`, for tests in which it is lost

Without a server the command runs all the same, `ARB_NO_POSTGRES` says why there is none, and its tests skip with that
reason; but with `ARB_REQUIRE_POSTGRES=1` nothing runs and this fails.
"""

import argparse
import os
import pwd
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

DEBIAN = Path("/usr/lib/postgresql")
"""Debian keeps each version's programs in a folder of its own, off PATH."""

PROGRAMS = ("initdb", "pg_ctl", "postgres")


class NoServer(Exception):
    """There is no server, and why."""


def run(command: Sequence[str | Path], **options: Any) -> None:
    """Run a command that must succeed; what it says is shown only where it does not.

    Raises:
        NoServer: it did not succeed; the message holds the last line it said.
    """
    done = subprocess.run(  # noqa: PLW1510 (judged below)
        list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options
    )
    if done.returncode:
        said = (done.stdout or "").strip().splitlines()
        raise NoServer(f"{shlex.join(map(str, command))} failed: {said[-1] if said else done.returncode}")


def find(path: str, debian: Path = DEBIAN) -> Path | None:
    """Return the folder of a server's programs: on PATH, else the newest that Debian installed."""
    found = shutil.which("initdb", path=path)
    on_path = [Path(found).resolve().parent] if found else []
    versions = sorted(debian.glob("*/bin"), key=lambda folder: [int(part) for part in folder.parent.name.split(".")])
    places = [*on_path, *reversed(versions)]
    return next((place for place in places if all((place / name).exists() for name in PROGRAMS)), None)


def install(path: str, *, root: bool, run: Callable[..., None] = run) -> None:
    """Install Debian's server.

    Raises:
        NoServer: not root, no apt, or it failed.
    """
    if not root:
        raise NoServer("its programs are neither on PATH nor where Debian puts them, and only root could install them")
    apt = shutil.which("apt-get", path=path)
    if apt is None:
        raise NoServer("its programs are neither on PATH nor where Debian puts them, and there is no apt-get")
    print("postgres: installing Debian's server", file=sys.stderr, flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run([apt, "update"], env=quiet)
    run([apt, "install", "-y", "--no-install-recommends", "postgresql"], env=quiet)


def programs(path: str, debian: Path = DEBIAN, *, root: bool, run: Callable[..., None] = run) -> Path:
    """Return where a server's programs are, installed if need be. Raises `NoServer`."""
    place = find(path, debian)
    if place is None:
        install(path, root=root, run=run)
        place = find(path, debian)
    if place is None:
        raise NoServer(f"Debian's server was installed, but {' or '.join(PROGRAMS)} is not under {debian}")
    return place


def somebody() -> str:
    """Name a user without privileges: PostgreSQL refuses to run as root."""
    names = {entry.pw_name for entry in pwd.getpwall()}
    for name in ("postgres", "nobody"):
        if name in names:
            return name
    raise NoServer("it does not run as root, and there is neither a user postgres nor nobody")


@contextmanager
def server(place: Path, *, durable: bool) -> Iterator[dict[str, str]]:
    """Keep a server running, on a socket file alone. Yields the variables by which it is found.

    Not durable, it does not wait for the disk: its tests end our processes, never the machine.
    """
    user = somebody() if os.geteuid() == 0 else None
    # A socket's name may have 107 characters, and the folder of a user's own may not be open to the other one.
    folder = Path(tempfile.mkdtemp(prefix="arb-postgres-", dir="/tmp" if Path("/tmp").is_dir() else None))  # noqa: S108
    other = {} if user is None else {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": ()}
    as_other = [] if user is None else [sys.executable, str(Path(__file__).resolve()), "--as", user, "--"]
    if user is not None:
        shutil.chown(folder, user, pwd.getpwnam(user).pw_gid)
    data, log = folder / "data", folder / "log"
    settings = f"-k {folder} -c listen_addresses='' -c fsync={'on' if durable else 'off'}"
    control = [place / "pg_ctl", "-w", "-D", data, "-l", log, "-o", settings, "-m", "immediate"]
    try:
        run([place / "initdb", "-D", data, "-A", "trust", "-U", "arb", "-E", "UTF8", "--locale=C"], cwd=folder, **other)
        run([*control, "start"], cwd=folder, **other)
        try:
            yield {
                "ARB_POSTGRES": f"postgresql://arb@/%s?host={folder}",
                "ARB_POSTGRES_CTL": shlex.join(map(str, [*as_other, *control])),
            }
        finally:
            run([*control, "stop"], cwd=folder, **other)
    finally:
        shutil.rmtree(folder)


def beside(command: Sequence[str], environment: Mapping[str, str], *, durable: bool, debian: Path = DEBIAN) -> int:
    """Run a command beside a server, or without one. Returns its exit code, or 1 where a server is required."""
    try:
        place = programs(environment.get("PATH", ""), debian, root=os.geteuid() == 0)
        with server(place, durable=durable) as variables:
            return subprocess.run(command, env={**environment, **variables}, check=False).returncode
    except NoServer as error:
        print(f"postgres: no PostgreSQL server: {error}", file=sys.stderr, flush=True)
        if environment.get("ARB_REQUIRE_POSTGRES"):
            return 1
        return subprocess.run(command, env={**environment, "ARB_NO_POSTGRES": str(error)}, check=False).returncode


def main() -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--durable", action="store_true", help="the server waits for the disk, as a real one does")
    options.add_argument("--as", dest="user", help="run the command as this user, beside nothing")
    options.add_argument("command", nargs=argparse.REMAINDER)
    chosen = options.parse_args()
    command = chosen.command[1:] if chosen.command[:1] == ["--"] else chosen.command
    if chosen.user is not None:
        group = pwd.getpwnam(chosen.user).pw_gid
        return subprocess.run(command, user=chosen.user, group=group, extra_groups=(), cwd="/", check=False).returncode
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    return beside(command, os.environ, durable=chosen.durable)


if __name__ == "__main__":
    sys.exit(main())
