"""Names of several sources joined: what is ambiguous in any of them, or between them, is nobody's."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from livegate.documents.directory import Directory
from livegate.model.records import Identity, IdentityType, Status

_few = st.sampled_from(["", "a", "b"])
_people = st.lists(st.tuples(st.sampled_from(["1", "2", "3"]), _few, _few), max_size=6)


def directory(people: list[tuple[str, str, str]]) -> Directory:
    """A directory of (id, user name, external id)."""
    made = Directory()
    for name, user_name, external_id in people:
        made.add(
            Identity(
                id=name,
                type=IdentityType.HUMAN,
                status=Status.ACTIVE,
                user_name=user_name,
                external_id=external_id,
            )
        )
    return made


@given(_people, _people)
def test_merging_is_adding_one_after_the_other(
    first: list[tuple[str, str, str]], second: list[tuple[str, str, str]]
) -> None:
    merged = directory(first)
    merged.merge(directory(second))
    whole = directory(first + second)
    for attribute in ("id", "user_name", "external_id"):
        for value in ("", "a", "b", "1", "2", "3"):
            assert merged.find(attribute, value) == whole.find(attribute, value)
            assert merged.candidates(attribute, value) == whole.candidates(attribute, value)


def test_a_name_of_two_is_nobodys() -> None:
    merged = directory([("1", "a", "")])
    merged.merge(directory([("2", "a", "")]))
    assert merged.find("user_name", "a") is None


def test_all_who_share_a_name_are_candidates() -> None:
    merged = directory([("2", "a", ""), ("3", "b", "")])
    merged.merge(directory([("1", "a", ""), ("3", "a", "")]))
    assert merged.candidates("user_name", "a") == ("1", "2", "3")
    assert merged.candidates("user_name", "b") == ("3",)
    assert merged.candidates("user_name", "z") == ()
