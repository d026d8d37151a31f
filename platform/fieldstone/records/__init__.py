"""The one door to the data: every read and write of every page, call, import and rule goes through here."""

from fieldstone.records.aggregate import aggregate
from fieldstone.records.alike import Alike, alike
from fieldstone.records.approvals.deciding import Pending, reject, withdraw
from fieldstone.records.approvals.showing import (
    ApprovalState,
    approval,
    approvals,
    pending_approval,
    waiting_for_me,
)
from fieldstone.records.asking import ask_for_access
from fieldstone.records.batch import Written
from fieldstone.records.bulk import Outcome, Picked, delete_many, update_many
from fieldstone.records.counting import counts
from fieldstone.records.create import create
from fieldstone.records.delete import delete
from fieldstone.records.delete_preview import Concerned, DeletePreview, preview_delete
from fieldstone.records.duplicates import POSSIBLE as POSSIBLE_DUPLICATE
from fieldstone.records.explaining import (
    OTHERS_VIEW,
    ExplainedClause,
    ExplainedPart,
    Explanation,
    HeldRole,
    Question,
    explain,
    require_others_view,
)
from fieldstone.records.explaining.reading_roles import ReadingRole, reading_roles
from fieldstone.records.field_states import FieldState, field_states
from fieldstone.records.finding import find
from fieldstone.records.hidden import Hidden, why_hidden
from fieldstone.records.history import history
from fieldstone.records.import_rows import import_rows
from fieldstone.records.listing import each_json, list_json, list_records
from fieldstone.records.lookup import Found, lookup, search_everywhere, searchable
from fieldstone.records.measures import Measure
from fieldstone.records.merge_preview import preview_merge
from fieldstone.records.merging import Merge, Merged, is_mergeable, merge
from fieldstone.records.operations import require as require_operation
from fieldstone.records.own_profile import OWN_FIELDS, change_own_profile
from fieldstone.records.picking import pickable
from fieldstone.records.pivot import Asked, Group, Pivot, pivot
from fieldstone.records.purge import purge
from fieldstone.records.query import Page, Query
from fieldstone.records.readers import who_may_read
from fieldstone.records.reading import get, get_json, get_then_json
from fieldstone.records.recent_operations import Recent, operators, recent_operations
from fieldstone.records.restore import restore
from fieldstone.records.rights import FieldRights, Rights, rights
from fieldstone.records.row_outcomes import RowOutcome
from fieldstone.records.saved_views import SavedView, saved_views_of
from fieldstone.records.sharing import Sharing, may_share, share, shares, unshare
from fieldstone.records.stays import Stay, stays
from fieldstone.records.time_limits import Due, due
from fieldstone.records.transition import approve, transition
from fieldstone.records.transitions import TransitionState, transitions
from fieldstone.records.undo import Undone, undo
from fieldstone.records.update import Change, update
from fieldstone.records.uploading import field_of_files, require_upload, upload, upload_into

list = list_records

__all__ = [
    "OTHERS_VIEW",
    "OWN_FIELDS",
    "POSSIBLE_DUPLICATE",
    "Alike",
    "ApprovalState",
    "Asked",
    "Change",
    "Concerned",
    "DeletePreview",
    "Due",
    "ExplainedClause",
    "ExplainedPart",
    "Explanation",
    "FieldRights",
    "FieldState",
    "Found",
    "Group",
    "HeldRole",
    "Hidden",
    "Measure",
    "Merge",
    "Merged",
    "Outcome",
    "Page",
    "Pending",
    "Picked",
    "Pivot",
    "Query",
    "Question",
    "ReadingRole",
    "Recent",
    "Rights",
    "RowOutcome",
    "SavedView",
    "Sharing",
    "Stay",
    "TransitionState",
    "Undone",
    "Written",
    "aggregate",
    "alike",
    "approval",
    "approvals",
    "approve",
    "ask_for_access",
    "change_own_profile",
    "counts",
    "create",
    "delete",
    "delete_many",
    "due",
    "each_json",
    "explain",
    "field_of_files",
    "field_states",
    "find",
    "get",
    "get_json",
    "get_then_json",
    "history",
    "import_rows",
    "is_mergeable",
    "list",
    "list_json",
    "lookup",
    "may_share",
    "merge",
    "operators",
    "pending_approval",
    "pickable",
    "pivot",
    "preview_delete",
    "preview_merge",
    "purge",
    "reading_roles",
    "recent_operations",
    "reject",
    "require_operation",
    "require_others_view",
    "require_upload",
    "restore",
    "rights",
    "saved_views_of",
    "search_everywhere",
    "searchable",
    "share",
    "shares",
    "stays",
    "transition",
    "transitions",
    "undo",
    "unshare",
    "update",
    "update_many",
    "upload",
    "upload_into",
    "waiting_for_me",
    "who_may_read",
    "why_hidden",
    "withdraw",
]
