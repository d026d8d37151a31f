"""What comes in and goes out, in marshmallow."""

# The signatures are marshmallow's, hence the unused arguments.

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

STAGES = ("prospecting", "qualified", "negotiation", "won", "lost")


class Reference(fields.Field[Any]):
    """A reference as `{"id", "entity", "title"}`, the title from another column of the row."""

    def __init__(self, entity: str, title: str) -> None:
        super().__init__()
        self.entity = entity
        self.title = title

    def serialize(self, attr: str, obj: Any, accessor: Any = None, **kwargs: Any) -> Any:  # noqa: ARG002
        """The reference, or None."""
        identity = obj[attr]
        return identity and {"id": str(identity), "entity": self.entity, "title": obj[self.title]}


class Shown(Schema):
    """An opportunity as the API shows it."""

    id = fields.UUID()
    name = fields.String()
    account = Reference("account", "account_name")
    stage = fields.String()
    amount = fields.Decimal(as_string=True)
    currency = fields.String()
    discount = fields.Decimal(as_string=True)
    close_date = fields.Date()
    next_step = fields.String()
    description = fields.String()
    lost_reason = fields.String()
    owner = Reference("user", "owner_name")
    team = Reference("team", "team_name")
    created_at = fields.DateTime()
    created_by = Reference("user", "created_by_name")
    updated_at = fields.DateTime()
    updated_by = Reference("user", "updated_by_name")
    version = fields.Integer()


class Sent(Schema):
    """What a caller may send."""

    name = fields.String(required=True, validate=validate.Length(min=1, max=200))
    account = fields.UUID(required=True)
    stage = fields.String(validate=validate.OneOf(STAGES))
    amount = fields.Decimal(allow_none=True, validate=validate.Range(min=0))
    discount = fields.Decimal(validate=validate.Range(min=0, max=100))
    close_date = fields.Date(allow_none=True)
    next_step = fields.String(allow_none=True, validate=validate.Length(max=200))
    description = fields.String(allow_none=True, validate=validate.Length(max=10_000))
    lost_reason = fields.String(allow_none=True)

    @validates_schema
    def lost_needs_a_reason(self, data: dict[str, Any], **kwargs: Any) -> None:  # noqa: ARG002
        """A lost deal says why."""
        if data.get("stage") == "lost" and not data.get("lost_reason"):
            raise ValidationError("Say why the deal was lost.", "lost_reason")


created_schema = Shown()
listed_schema = Shown(many=True)
new_schema = Sent()
new_list_schema = Sent(many=True)
change_schema = Sent(partial=True)
