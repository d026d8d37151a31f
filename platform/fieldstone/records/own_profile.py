"""What people change of themselves, whatever their roles grant: how pages look, and who stands in for them.

The list is fixed: a field that an app adds to `user` is changed by those only whose roles say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fieldstone.access.system_user import in_the_name_of_caller
from fieldstone.context import Context
from fieldstone.errors import Forbidden
from fieldstone.records.batch import Written
from fieldstone.records.update import Change, update

USER = "user"
OWN_FIELDS = ("locale", "timezone", "absent_from", "absent_until", "delegate")


def change_own_profile(context: Context, values: Mapping[str, Any], version: int | None = None) -> Written:
    """Change the record of whoever asks.

    values: of `OWN_FIELDS`, in the API's form. version: that the caller has seen.

    Raises:
        Forbidden: another field, or a token that is narrowed.
        VersionConflict: the record was changed since `version`.
        Invalid: values were refused.
    """
    others = [name for name in values if name not in OWN_FIELDS]
    if others:
        raise Forbidden(f"Nobody changes `{others[0][:48]}` in their own profile. An administrator can.")
    if context.principal.limits is not None:
        raise Forbidden("This token is narrowed, and cannot change the profile of its user.")
    powerful = in_the_name_of_caller(context, context.source)
    written = update(powerful, USER, [Change(context.principal.user, values, version)])[0]
    # Other processes hear of it from the database; here the next page is to be in the new language already.
    context.database.rights_cache = {}
    return written
