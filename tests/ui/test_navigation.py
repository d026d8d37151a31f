"""Which line of the sidebar stands for the page at hand."""

import re

import pytest

CURRENT = re.compile(
    r'<aside.*?aria-current="page"[^>]*>.*?<span class="fs-clip">(.*?)</span>.*?</aside>', re.DOTALL
)


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/e/opportunity/board?view=my_open_deals", "My open deals"),
        ("/e/opportunity?view=closing_this_quarter", "Closing this quarter"),
        ("/e/opportunity", "All opportunities"),
        ("/e/opportunity?where=amount > 1", "All opportunities"),
        ("/e/opportunity?view=overdue_deals", "All opportunities"),
        ("/e/account?view=my_accounts", "Accounts"),
        ("/profile", "Ann"),
    ],
)
def test_the_place_of_the_page_is_marked_or_the_one_that_comes_nearest(visit, path, place):
    page = visit("Ann").get(path).text
    assert CURRENT.search(page).group(1) == place
