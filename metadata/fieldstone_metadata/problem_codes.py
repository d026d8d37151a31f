"""What every problem code of a check means. A code never changes its meaning: programs rely on it.

`CODES` are those of documents; expressions in them bring the codes of the rule language.
"""

from __future__ import annotations

from collections.abc import Mapping

CODES: Mapping[str, str] = {
    # files
    "nothing_to_read": "The path does not exist, or no document lies there.",
    "unreadable": "The file cannot be opened.",
    "not_utf8": "The file is not UTF-8 text.",
    "bad_character": "A control character stands in the file.",
    "too_large": "A file, a folder or a list is larger than a check reads.",
    "too_deep": "Values are nested more deeply than any document needs.",
    "unknown_template": "There is no template of this name.",
    "folder_in_use": "The folder for a new app exists and is not empty.",
    # YAML, JSON, CSV
    "yaml_syntax": "The text is not valid YAML; the hint quotes the value that YAML would cut.",
    "yaml_cut": "YAML ended an expression inside `{…}` or `[…]` too early: quote the whole.",
    "json_syntax": "The text is not valid JSON.",
    "csv_syntax": "A row of a CSV file cannot be read.",
    "duplicate_key": "A key stands twice in one mapping.",
    "bad_key": "A key is a mapping or a list.",
    "bad_number": "A number is infinite or too long to be stored.",
    "alias": "A YAML alias (`*name`): documents spell every value out.",
    "anchor_or_tag": "A YAML anchor (`&name`) or tag (`!name`).",
    # documents
    "not_a_document": "A document is not a mapping.",
    "kind_missing": "A document has no `kind`.",
    "unknown_kind": "There is no such kind of document.",
    "name_missing": "A document has no `name`.",
    "bad_name": "A name does not have the form of names.",
    "not_supported_yet": "The element is known, and this version of Fieldstone does not run it yet.",
    "unknown_key": "A key does not belong here.",
    "key_missing": "A required key is missing.",
    "wrong_type": "A value has another shape than this key takes.",
    "unknown_value": "A value is not one of those that this key takes.",
    "wrong_size": "A text, list or number is smaller or larger than allowed.",
    "repeated_value": "A value that may stand once stands twice.",
    # layers
    "two_apps": "A layer holds more than one app.",
    "app_document_missing": "A layer has no document of kind `app`.",
    "app_missing": "An app that is required is not installed.",
    "version_mismatch": "A required app has another version than demanded.",
    "requires_cycle": "Two apps require each other.",
    "defined_twice": "Two documents declare the same element without `extends`.",
    "nothing_to_extend": "`extends: true`, but no lower layer has the element.",
    "extends_itself": "`extends: true` on an element of the same layer.",
    "unknown_anchor": "`after` or `before` names an element that is not there.",
    "nothing_to_remove": "`null` or `remove` takes away what is not there (warning).",
    # names
    "reserved_name": "The name is needed by the platform or the rule language.",
    "hides_activities": "A field hides what the platform shows under its name (warning).",
    "inverse_taken": "The name of a collection is used already on the other entity.",
    "unknown_entity": "There is no such entity.",
    "unknown_field": "There is no such field, or a path to it does not lead there.",
    "unknown_role": "There is no such role.",
    "unknown_state": "There is no such state in the workflow.",
    "unknown_view": "There is no such view of the entity.",
    "unknown_inverse": "There is no such collection on the entity.",
    "unknown_option_set": "There is no such option set.",
    # fields and entities
    "options_missing": "A choice has no options.",
    "options_twice": "A choice has options of its own and an option set.",
    "bad_value": "A plain value does not fit its field.",
    "bad_bounds": "A lower bound lies above its upper bound.",
    "bad_formula": "A formula gives no single value.",
    "formula_cycle": "A formula depends on itself.",
    "clear_required": "A required reference cannot be cleared.",
    "title_missing": "No field can name the records of an entity.",
    "title_not_text": "A title is not a text.",
    "not_indexable": "The field cannot be part of an index or a key.",
    "not_searchable": "The field holds no text to search.",
    "not_sortable": "Records cannot be ordered by the field.",
    "not_summable": "The field holds no numbers.",
    "not_writable": "The platform makes the value; nobody can give it.",
    "slow_order": "A list is ordered by an unstored aggregate (warning).",
    # workflows, roles, forms, data
    "not_a_choice": "A workflow or a board needs a choice field.",
    "second_workflow": "An entity has one workflow already.",
    "default_not_initial": "The default of a field under a workflow is not its initial state.",
    "unreachable_state": "No transition leads to a state (warning).",
    "dead_end": "No transition leaves a state that is not final (warning).",
    "never_holds": "A guard can never hold (warning).",
    "option_without_state": "An option of a field under a workflow is no state (warning).",
    "role_cycle": "A role inherits itself.",
    "admin_is_built_in": "The role `admin` may do everything and cannot be changed.",
    "misplaced_item": "An item of a layout or menu is nothing that can stand there.",
    "file_missing": "The CSV file of a data set is not part of the app.",
    "value_missing": "A record lacks a required value or a part of its key.",
}
"""Code → what it means, for documents."""

EXPRESSION_CODES: Mapping[str, str] = {
    "syntax": "The text is not an expression.",
    "unknown_name": "There is no field, collection, entity, setting or function so called.",
    "type": "A value has another type than is needed here.",
    "not_allowed": "The name has no meaning in this place.",
    "not_lowerable": "The expression has no SQL form, and this place needs one.",
    "unknown_passes": "A check passes where its expression is unknown (warning).",
}
"""Code → what it means, for the expressions in documents; the reference of the rule language lists all of them."""
