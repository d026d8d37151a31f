"""What documents may say about secrets."""

import pytest

ENTITY = """kind: entity
name: shop
title: name
fields:
  name: {type: text}
  code: {type: secret}
"""


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("title: name", "title: '\"{code}\"'", "secret"),
        ("{type: text}", "{type: text, visible: code != null}", "secret"),
        ("{type: text}", "{type: formula, expression: code}", "secret"),
        ("title: name", "title: name\nsearch: [code]", "not_searchable"),
        ("title: name", "title: name\norder: [code]", "not_sortable"),
        ("title: name", "title: name\nunique: [[name, code]]", "not_indexable"),
        ("{type: secret}", "{type: secret, default: x}", "unknown_key"),
        ("{type: secret}", "{type: secret, unique: true}", "unknown_key"),
        ("{type: secret}", "{type: secret, check: true}", "unknown_key"),
        ("  code:", "  more: {type: text}\n  code:", None),
    ],
)
def test_nothing_in_a_document_reads_a_secret(old, new, code, check_text):
    assert old in ENTITY
    found = {problem.code for problem in check_text(ENTITY.replace(old, new, 1)).errors}
    assert found == ({code} if code else set())
