"""PostgreSQL's data folder: made, checked, started and stopped, with each failure explained.

Everything here that changes something is called inside `leases.changing`.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import structlog

from fieldstone.database.account import Account, NoAccount, account_for, let_through
from fieldstone.database.binaries import major_version, program
from fieldstone.database.failures import EmbeddedDatabaseFailure
from fieldstone.database.postmaster import (
    forget_dead_postmaster,
    running_postmaster,
    wait_until_gone,
    wait_until_ready,
)

SUPERUSER = "fieldstone"

_SPACE_NEEDED = 100 * 2**20
_LONGEST_SOCKET_FOLDER = 85
_START_SECONDS = 300
_LINGERING_SECONDS = 15.0
_LOG_LIMIT = 10 * 2**20
_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "128MB",
    # A publication locks each table and index that it makes until it commits, some fifteen for an entity.
    "max_locks_per_transaction": "512",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
}
_OLD_SERVER_LINGERS = "pre-existing shared memory block"
_log = structlog.get_logger()


def usable_home(home: Path) -> Path:
    """The absolute folder `home`, made if it is missing. Fails if it cannot be written to."""
    home = home.expanduser().absolute()
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home) as trial:
            trial.write(b"x")
    except OSError as error:
        raise EmbeddedDatabaseFailure(
            f"The folder {home} cannot be used for the embedded database: {error.strerror}. "
            "Set FIELDSTONE_HOME to a folder that can be written to.",
            code="home_not_writable",
        ) from error
    return home


def socket_folder(data: Path) -> Path:
    """Where the socket of the server on `data` lies: there, unless the path is too long for a socket."""
    folder = data.resolve()
    if len(os.fsencode(folder)) <= _LONGEST_SOCKET_FOLDER:
        return folder
    mark = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"fieldstone-{mark}"


def ensure_running(data: Path, settings: Mapping[str, str]) -> bool:
    """Have a server running on `data`, made if it is missing; False if one was running already."""
    if running_postmaster(data) is not None and wait_until_ready(data, _START_SECONDS):
        return False
    account = _account(data)
    if account is not None:
        let_through(data)
        let_through(program("postgres"))
    if data.exists():
        _check_folder(data, account)
    else:
        _create(data, account)
    wait_until_gone(data, 60)
    forget_dead_postmaster(data, socket_folder(data))
    _start(data, account, {**_SETTINGS, **settings})
    return True


def stop(data: Path) -> None:
    """Stop the server on `data`: connections are closed, transactions rolled back, data written out."""
    if running_postmaster(data) is None:
        return
    account = _account(data)
    stopped = _run("pg_ctl", ["stop", "-D", str(data), "-w", "-m", "fast", "-t", "60"], account)
    if stopped.returncode != 0 and running_postmaster(data) is not None:
        _log.warning("database.stop.slow", detail=stopped.stderr.strip())
        _run("pg_ctl", ["stop", "-D", str(data), "-w", "-m", "immediate", "-t", "10"], account)


def _account(data: Path) -> Account | None:
    try:
        return account_for(data)
    except NoAccount as error:
        raise EmbeddedDatabaseFailure(
            f"PostgreSQL does not run as root, and {error}. Make an account `postgres`, run Fieldstone as "
            "another user, or set FIELDSTONE_DATABASE_URL to a server.",
            code="no_account",
        ) from error


def _check_folder(data: Path, account: Account | None) -> None:
    owner = data.stat().st_uid
    if account is None and owner != os.geteuid():
        raise EmbeddedDatabaseFailure(
            f"The data folder {data} belongs to the account {_account_name(owner)}. "
            "Run Fieldstone as that account or as root, or set FIELDSTONE_HOME to another folder.",
            code="data_of_another_account",
        )
    version = _version(data)
    if version != str(major_version()):
        raise EmbeddedDatabaseFailure(
            f"The data folder {data} was written by PostgreSQL {version}, and this Fieldstone brings "
            f"PostgreSQL {major_version()}. Nothing was changed. Use the Fieldstone that wrote it to move "
            "its data, or set FIELDSTONE_HOME to another folder.",
            code="data_of_another_version",
        )


def _version(data: Path) -> str:
    try:
        return (data / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        return "of an unknown version"


def _account_name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)


def _create(data: Path, account: Account | None) -> None:
    _check_space(data.parent)
    # Built aside and renamed, so that a data folder is complete or absent whenever this process dies.
    building = data.with_name(f"{data.name}.new")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(mode=0o700)
    if account is not None:
        os.chown(building, account.user, account.group)
    options = ["-D", str(building), "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--no-instructions"]
    locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    made = _run("initdb", [*options, *locale], account)
    if made.returncode != 0:
        shutil.rmtree(building, ignore_errors=True)
        raise _failure("make", data, f"{made.stdout}\n{made.stderr}")
    building.rename(data)


def _check_space(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < _SPACE_NEEDED:
        raise EmbeddedDatabaseFailure(
            f"The disk is full: {folder} has {free // 2**20} MB left and a new database needs "
            f"{_SPACE_NEEDED // 2**20} MB. Make room, or set FIELDSTONE_HOME to a folder on another disk.",
            code="disk_full",
        )


def _start(data: Path, account: Account | None, settings: Mapping[str, str]) -> None:
    log = data / "server.log"
    sockets = _prepare_sockets(data, account)
    deadline = time.monotonic() + _LINGERING_SECONDS
    while True:
        read_from = _shorten(log)
        started = _run("pg_ctl", _start_arguments(data, log, {**settings, **sockets}), account)
        if started.returncode == 0:
            return
        said = _tail(log, read_from) or f"{started.stdout}\n{started.stderr}"
        # Processes of a server that was killed notice within moments; until then its memory is theirs.
        if _OLD_SERVER_LINGERS not in said or time.monotonic() > deadline:
            raise _failure("start", data, said)
        time.sleep(0.2)


def _start_arguments(data: Path, log: Path, settings: Mapping[str, str]) -> list[str]:
    options = " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in settings.items())
    return ["start", "-D", str(data), "-w", "-t", str(_START_SECONDS), "-l", str(log), "-o", options]


def _prepare_sockets(data: Path, account: Account | None) -> dict[str, str]:
    folder = socket_folder(data)
    if folder != data.resolve():
        folder.mkdir(mode=0o700, exist_ok=True)
        if account is not None:
            os.chown(folder, account.user, account.group)
    return {"unix_socket_directories": f'"{folder}"'}


def _shorten(log: Path) -> int:
    """Empty a log that has grown large; its size, from where to read what comes next."""
    if not log.exists():
        return 0
    if log.stat().st_size > _LOG_LIMIT:
        os.truncate(log, 0)
    return log.stat().st_size


def _tail(log: Path, start: int) -> str:
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(start)
        return file.read(20_000).decode("utf-8", "replace")


def _run(name: str, arguments: Sequence[str], account: Account | None) -> subprocess.CompletedProcess[str]:
    # Output goes to files: a pipe would stay open in the server and make us wait for its end.
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        done = subprocess.run(  # noqa: S603  # our own program, arguments as a list
            [program(name), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            cwd="/",
            env={**os.environ, "LC_ALL": "C"},
            check=False,
            **(account.process_options() if account else {}),
        )
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(done.args, done.returncode, out.read(), err.read())


def _failure(step: str, data: Path, said: str) -> EmbeddedDatabaseFailure:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if "FATAL" in line or "PANIC" in line or "error:" in line] or lines
    detail = "; ".join(telling[-3:]) or "it said nothing"
    if "No space left on device" in said:
        return EmbeddedDatabaseFailure(
            f"The disk is full: the database in {data} cannot {step}. Make room and try again; "
            f"no data is lost. ({detail})",
            code="disk_full",
        )
    return EmbeddedDatabaseFailure(
        f"The embedded PostgreSQL in {data} did not {step}: {detail}. Its log is {data / 'server.log'}.",
        code="start_failed",
    )
