"""Functions that the checker itself gives a meaning: they bind names, look at types, or read the
surroundings.

They are declared here so that help, completion and the reference know them like all others.
"""

from __future__ import annotations

from fieldstone_rules.functions.declaration import FunctionDeclaration


def _special(
    name: str,
    parameters: tuple[str, ...],
    what: str,
    example: tuple[str, str],
    *,
    pure: bool = True,
    cost: int = 1,
) -> FunctionDeclaration:
    return FunctionDeclaration(name, parameters, (), what, example, pure=pure, cost=cost)


def _gathering(
    name: str, parameters: tuple[str, ...], what: str, example: tuple[str, str]
) -> FunctionDeclaration:
    return _special(name, parameters, what, example, pure=False, cost=50)


DECLARATIONS: tuple[FunctionDeclaration, ...] = (
    _gathering("count", ("collection",), "How many records there are.", ("count(lines)", "0")),
    _gathering("sum", ("collection.field",), "The sum; 0 when empty.", ("sum(lines.quantity)", "0")),
    _gathering(
        "average",
        ("collection.field",),
        "The average; null when empty.",
        ("average(lines.quantity) == null", "true"),
    ),
    _gathering(
        "any",
        ("collection where condition",),
        "Whether the condition holds for one.",
        ("any(lines)", "false"),
    ),
    _gathering("exists", ("collection where condition",), "The same as `any`.", ("exists(lines)", "false")),
    _gathering(
        "all",
        ("collection where condition",),
        "Whether the condition holds for each; true when empty.",
        ("all(lines where quantity > 0)", "true"),
    ),
    _gathering(
        "first",
        ("collection order by key",),
        "The first record or, after a dot, its field; null when empty.",
        ("first(lines.quantity order by -quantity) == null", "true"),
    ),
    _special(
        "coalesce", ("value", "values…"), "The first that is not null, as `??`.", ("coalesce(null, 2)", "2")
    ),
    _special(
        "has_role",
        ("role",),
        "Whether the acting user has a role.",
        ("has_role('sales_rep')", "true"),
        pure=False,
    ),
    _special(
        "in_team",
        ("team",),
        "Whether the acting user is in a team or one below it.",
        ("in_team(team)", "false"),
        pure=False,
    ),
    _special("is_new", (), "Whether the record is being created.", ("is_new()", "true"), pure=False),
    _special(
        "changed", ("field",), "Whether a field is being changed.", ("changed(name)", "true"), pure=False
    ),
    _special(
        "became",
        ("condition",),
        "Whether a condition is true now and was not before.",
        ("became(name == 'a')", "true"),
        pure=False,
    ),
    _special("title", ("reference",), "The title of a record.", ("title(record)", "'a'"), cost=5),
    _special(
        "format",
        ("value", "pattern", "timezone?"),
        "A number with so many decimals, or a date by a pattern of yyyy, MM, dd, HH, mm, ss.",
        ("format(2.5, 2)", '"2.50"'),
    ),
    _special(
        "convert",
        ("money", "currency"),
        "An amount in another currency, by way of the organisation's amount at the newest rate until today; "
        "null where there is none.",
        ("convert(null, 'USD') == null", "true"),
        pure=False,
        cost=60,
    ),
    _special(
        "base",
        ("money",),
        "An amount in the organisation's currency, at the rate of the day when it was last changed.",
        ("base(null) == null", "true"),
    ),
)
