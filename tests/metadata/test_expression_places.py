"""A mistake in an expression is shown where it stands in the file, however the expression is written."""

from __future__ import annotations

import pytest

HEAD = "kind: view\nname: v\nentity: task\n"


@pytest.mark.parametrize(
    "where",
    [
        "where: nme == due",
        "where: subject == due or nme",
        "where: 'subject == \"''\" or nme'",
        'where: "subject == \\"x\\" or nme"',
        "where: \"subject == '\\u00e9' or nme\"",
        'where: |\n  subject == "x"\n  or nme',
        'where: >\n  subject == "x"\n    or nme',
        'where: >-\n  subject == "x"\n  or nme',
        'where: subject == "x"\n  or nme',
        "where: 'subject ==\n\n  \"x\" or nme'",
        "where: \"subject == \\\n  'x' or nme\"",
        "where: 'subject == \"æ\" or nme'",
    ],
)
def test_an_unknown_name_is_shown_where_it_stands(where, check_text):
    text = f"{HEAD}{where}\n"
    (found,) = [problem for problem in check_text(text).problems if problem.code == "unknown_name"]
    assert text.split("\n")[found.line - 1][found.column - 1 :].startswith("nme")


def test_the_sign_before_a_default_is_counted(only_problem):
    problem = only_problem(
        "kind: entity\nname: x\nfields:\n  a: {type: text}\n  b: {type: date, default: =tody()}\n"
    )
    assert (problem.line, problem.column) == (5, 29)


def test_a_value_cut_by_a_comment_is_shown_quoted(check_text):
    (problem,) = check_text(f'{HEAD}where: subject == "a #1"\n').problems
    assert problem.code == "syntax"
    assert problem.hint.endswith("""'subject == "a #1"'""")


def test_a_misspelt_name_comes_with_a_suggestion(only_problem):
    assert "subject" in only_problem(f"{HEAD}where: subjct == 'x'\n").hint


def test_all_mistakes_of_an_expression_are_told(problems):
    assert problems(f'{HEAD}where: nme == "x" or tidy()\n') == ["4:8 unknown_name", "4:22 unknown_function"]


def test_a_list_where_a_condition_is_meant_is_shown_quoted(only_problem):
    problem = only_problem(f"{HEAD}where: [a, b]\n")
    assert problem.code == "wrong_type"
    assert "'[a, b]'" in problem.hint


@pytest.mark.parametrize(
    ("where", "codes"),
    [
        ("subject == 'a' and subject == 'b'", ["never_holds"]),
        ("exists(task as t where t.subject == null and t.subject == 'x')", ["never_holds"]),
        ("subject == 'a' or subject == 'b'", []),
        ("subject != 'a' or subject != 'b'", ["always_holds"]),
        (
            "exists(task as a where exists(task as b where exists(task as c where c.subject == b.subject)))",
            ["too_costly"],
        ),
    ],
)
def test_a_condition_of_a_document_is_seen_through(where, codes, check_text):
    found = check_text(f'{HEAD}where: "{where}"\n').problems
    assert [problem.code for problem in found] == codes
