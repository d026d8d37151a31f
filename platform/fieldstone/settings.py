"""Settings of one installation, from `FIELDSTONE_*` variables or `fieldstone.toml` in the current folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from fieldstone.database.keyring import keys_in, keys_of_home
from fieldstone.database.large_tables import FILL_BATCH, LARGE_TABLE
from fieldstone.errors import FieldstoneError
from fieldstone.files.store import FileStore
from fieldstone_rules.limits import Limits

CONFIGURATION_FILE = "fieldstone.toml"


class BadSettings(FieldstoneError):
    """A setting cannot be used; the message names it, where it came from, and what it may be."""

    status, code, title = 500, "bad_settings", "A setting is wrong"


class Settings(BaseSettings):
    """Everything that can be set. A variable wins over the file; unknown keys of the file are errors."""

    model_config = SettingsConfigDict(
        env_prefix="FIELDSTONE_", toml_file=CONFIGURATION_FILE, extra="forbid", frozen=True
    )

    home: Path = Field(
        default=Path(".fieldstone"),
        description="Folder of this installation's own data: the embedded database, its log, files.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="A PostgreSQL 18 server (`postgresql://user:password@host/name`); "
        "without it the embedded database in the home folder is used.",
    )
    tenant: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")] = Field(
        default="main", description="Whose data: the name of the database schema."
    )
    files_url: str | None = Field(
        default=None,
        description="Where the contents of files are kept: a folder, or an address that fsspec knows, such "
        "as `s3://bucket/folder`; without it the folder `files` in the home folder.",
    )
    largest_file_mb: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=100, description="Size of the largest file that can be uploaded, in MB."
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(
        default=8000, description="Port to listen on; 0 takes a free one."
    )
    workers: Annotated[int, Field(ge=1, le=64)] = Field(default=1, description="Server processes.")
    threads: Annotated[int, Field(ge=1, le=128)] = Field(
        default=8, description="Requests handled at the same time by each process."
    )
    client_timeout: Annotated[float, Field(ge=0.5, le=60)] = Field(
        default=30,
        description="Seconds that a client may take to send the head of a request and may keep us waiting "
        "for its body, and that an idle connection is kept.",
    )
    statement_timeout: Annotated[float, Field(gt=0, le=3600)] = Field(
        default=15, description="Seconds after which a database statement of a request is stopped."
    )
    large_table: Annotated[int, Field(ge=0)] = Field(
        default=LARGE_TABLE,
        description="Rows above which publications build the indexes of a table and compute its stored "
        "formulas afterwards, in the background, instead of holding up writers.",
    )
    fill_batch: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=FILL_BATCH,
        description="Records whose stored formulas are computed in one transaction then.",
    )
    secret_key: SecretStr | None = Field(
        default=None,
        description="Signs log-in cookies; without it a random one is kept in the database.",
    )
    secret_keys: SecretStr | None = Field(
        default=None,
        description="Keys that encrypt the fields of type `secret`, the newest first, with commas between; "
        "`fieldstone secret key` makes one. The embedded database has one in the home folder without it.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least severe message that is logged."
    )
    log_format: Literal["auto", "text", "json"] = Field(
        default="auto", description="How log lines are written; auto is text on a terminal, otherwise JSON."
    )

    rule_steps: Annotated[int, Field(ge=100, le=100_000_000)] = Field(
        default=100_000, description="Steps that one rule may take in one save."
    )
    rule_transaction_steps: Annotated[int, Field(ge=100, le=1_000_000_000)] = Field(
        default=2_000_000, description="Steps that all rules of a transaction may take."
    )
    rule_queries: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=100, description="Queries that the rules of a transaction may make."
    )
    rule_records: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        default=10_000, description="Records that the rules of a transaction may write."
    )
    rule_trigger_depth: Annotated[int, Field(ge=1, le=32)] = Field(
        default=8, description="How deep triggers may fire each other."
    )
    rule_file_kb: Annotated[int, Field(ge=1, le=1024)] = Field(
        default=64, description="Size of a rule file or expression, in KB."
    )
    rule_text_mb: Annotated[int, Field(ge=1, le=256)] = Field(
        default=16, description="Length of a text that an expression computes, in millions of characters."
    )
    expression_depth: Annotated[int, Field(ge=4, le=40)] = Field(
        default=24, description="Levels of nesting in an expression; a chain of one operator is one level."
    )
    expression_parts: Annotated[int, Field(ge=100, le=10_000)] = Field(
        default=2_000, description="Parts of an expression."
    )

    def file_store(self) -> FileStore:
        """Where the contents of the tenant's files are kept. Nothing is made or reached yet."""
        url = self.files_url or str((self.home / "files").expanduser().absolute())
        return FileStore(url, self.tenant, self.largest_file_mb * 2**20)

    @property
    def rule_limits(self) -> Limits:
        """The limits of the rule language."""
        return Limits(
            steps_of_a_rule=self.rule_steps,
            steps=self.rule_transaction_steps,
            queries=self.rule_queries,
            touched=self.rule_records,
            trigger_depth=self.rule_trigger_depth,
            depth=self.expression_depth,
            nodes=self.expression_parts,
            source_bytes=self.rule_file_kb * 1024,
            text_length=self.rule_text_mb * 1024 * 1024,
        )

    @field_validator("secret_keys")
    @classmethod
    def _are_keys(cls, given: SecretStr | None) -> SecretStr | None:
        try:
            keys_in(given.get_secret_value() if given is not None else "")
        except ValueError:
            raise ValueError("each key is what `fieldstone secret key` prints") from None
        return given

    def keys_of_secrets(self) -> list[str]:
        """The keys that encrypt secrets, the newest first; none where a database elsewhere has none set."""
        if self.secret_keys is not None:
            return keys_in(self.secret_keys.get_secret_value())
        return keys_of_home(self.home) if self.database_url is None else []

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over variables, variables over the file."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def load_settings(**overrides: object) -> Settings:
    """Read the settings; `overrides` win over variables and file. Raises BadSettings naming all of them."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # pydantic checks the values
    except ValidationError as error:
        raise BadSettings(_explain(error)) from error
    except (OSError, ValueError) as error:
        raise BadSettings(f"{CONFIGURATION_FILE} cannot be read: {error}") from error


def _explain(error: ValidationError) -> str:
    return "\n".join(_explain_one(str(problem["loc"][0]), problem["msg"]) for problem in error.errors())


def _explain_one(name: str, message: str) -> str:
    variable = f"FIELDSTONE_{name.upper()}"
    source = variable if variable in os.environ else f"`{name}` in {CONFIGURATION_FILE}"
    return f"{source}: {message}"
