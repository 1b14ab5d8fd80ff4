"""Paths without what differs from request to request."""

import re

from hypothesis import given
from hypothesis import strategies as st

from aqe.agents.production_intelligence.endpoints import _ID_SEGMENT, endpoint, is_id


@given(st.from_regex(_ID_SEGMENT, fullmatch=True))
def test_nothing_that_looks_like_an_id_is_taken_for_a_word(segment: str) -> None:
    """The look for a digit or a bracket, which comes first, saves time and decides nothing."""
    assert is_id(segment)


@given(st.lists(st.text("aZ19-_.:%<>#?/\n", max_size=12) | st.from_regex(_ID_SEGMENT, fullmatch=True)).map("/".join))
def test_ids_are_taken_out_of_the_path_before_the_query(path: str) -> None:
    segments = re.split("[?#]", path, maxsplit=1)[0].split("/")
    assert endpoint(path) == "/".join("{id}" if _ID_SEGMENT.fullmatch(part) else part for part in segments)
