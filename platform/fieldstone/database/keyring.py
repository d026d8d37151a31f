"""The keys under which secrets lie in the database: the newest encrypts, the older ones still open."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from fieldstone.errors import FieldstoneError

KEY_FILE = "secret.keys"


class NoSecretKeys(FieldstoneError):
    """A secret cannot be kept, or not be opened: the installation lacks the key."""

    status, code, title = 503, "no_secret_keys", "Secrets cannot be kept here"


class Keyring:
    """Encrypts and opens texts (Fernet: AES-128 in CBC mode with HMAC-SHA-256).

    keys: url-safe base64 of 32 bytes each, the newest first.
    """

    def __init__(self, keys: Sequence[str] = ()) -> None:
        """Raises ValueError for a text that is no key."""
        self._keys = [Fernet(key) for key in keys]

    def seal(self, text: str) -> str:
        """The text encrypted under the newest key. Raises NoSecretKeys if there is none."""
        if not self._keys:
            raise NoSecretKeys(
                "Nothing was saved: there is no key to encrypt secrets with. Set FIELDSTONE_SECRET_KEYS to "
                "what `fieldstone secret key` prints, the same on every server."
            )
        return self._keys[0].encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """The text. Raises NoSecretKeys if it was encrypted under none of the keys."""
        try:
            return MultiFernet(self._keys).decrypt(sealed).decode() if self._keys else _unknown_key()
        except InvalidToken:
            return _unknown_key()

    def renewed(self, sealed: str) -> str | None:
        """The same secret under the newest key; None if it lies under that one already.

        Raises NoSecretKeys if it was encrypted under none of the keys.
        """
        try:
            self._keys[0].decrypt(sealed)
        except (IndexError, InvalidToken):
            return self.seal(self.open(sealed))
        return None


def new_key() -> str:
    """A new random key."""
    return Fernet.generate_key().decode()


def keys_in(text: str) -> list[str]:
    """The keys in a setting, separated by commas. Raises ValueError for what is none."""
    keys = [part.strip() for part in text.split(",") if part.strip()]
    Keyring(keys)
    return keys


def keys_of_home(home: Path) -> list[str]:
    """The keys that an installation with a database of its own keeps beside it; made when first asked for."""
    file = home.expanduser() / KEY_FILE
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(
            "w", dir=file.parent, encoding="utf-8"
        ) as fresh:  # only its owner may read it
            fresh.write(new_key())
            fresh.flush()
            with suppress(FileExistsError):  # another process was first
                os.link(fresh.name, file)
    return keys_in(file.read_text("utf-8"))


def _unknown_key() -> str:
    raise NoSecretKeys(
        "A secret lies under a key that is not in FIELDSTONE_SECRET_KEYS. Add that key behind the newest one."
    )
