"""Under which account the embedded PostgreSQL runs: PostgreSQL refuses to be run by root.

For everybody but root that is the account they have. Root, as in a container, lends the data folder to an
account without rights of its own, as Debian's packages do.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_KNOWN = ("postgres", "fieldstone")
_CREATED = "fieldstone"


class NoAccount(Exception):
    """Root has no account to lend the data folder to."""


@dataclass(frozen=True)
class Account:
    """An account of the operating system."""

    name: str
    user: int
    group: int

    def process_options(self) -> dict[str, Any]:
        """What `subprocess.run` needs to run a program as this account."""
        return {"user": self.user, "group": self.group, "extra_groups": ()}


def account_for(folder: Path) -> Account | None:
    """The account to run the database of `folder` as, or None for the one that runs this process.

    Raises NoAccount if this is root and no account can be found or made.
    """
    if os.geteuid() != 0:
        return None
    if folder.exists() and folder.stat().st_uid != 0:
        return _account(pwd.getpwuid(folder.stat().st_uid))
    for name in _KNOWN:
        try:
            return _account(pwd.getpwnam(name))
        except KeyError:
            continue
    return _create()


def _account(entry: pwd.struct_passwd) -> Account:
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _create() -> Account:
    tool = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if tool is None:
        raise NoAccount("there is no account `postgres` and no `useradd` to make one")
    command = [tool, "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", _CREATED]
    made = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # constant arguments
    if made.returncode != 0:
        raise NoAccount(f"`useradd {_CREATED}` failed: {made.stderr.strip()}")
    return _account(pwd.getpwnam(_CREATED))


def let_through(path: Path) -> None:
    """Let other accounts walk through the folders above `path`, but not list them, where root forbade it."""
    for folder in path.resolve().parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)
