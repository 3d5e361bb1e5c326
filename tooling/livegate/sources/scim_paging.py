"""Reading one SCIM resource type to its end, by index (RFC 7644, 3.4.2.4) or by cursor (RFC 9865), with proof.

Neither way of paging freezes what is listed, so what can be seen of a change under the reader is
looked for: a total that changes or is not reached, an id or a cursor that comes again, an expired
cursor, and, by index, a first row that is not the last one of the page before (each page overlaps the
one before by one row). Any of them makes the listing :class:`DirtyError`: it is begun anew, not continued.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from livegate.errors import SourceError
from livegate.sources.http_body import complaint, decode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livegate.sources.http import Http

LIST_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
"""The schema that an answer to a list names; without it, it is no list (RFC 7644, 3.4.2)."""

MOST_PAGES = 200_000
"""More pages than this are not read: the other side does not end."""

MOST_RESOURCES = 10_000_000
"""More resources of one type than this are not read."""

_LOST_CURSOR = frozenset({"invalidCursor", "expiredCursor"})


class DirtyError(Exception):
    """The listing changed under the reader, or cannot be told from one that did: begin anew."""


class _Page(msgspec.Struct):
    schemas: list[str]
    total: int | None = msgspec.field(name="totalResults", default=None)
    start: int | None = msgspec.field(name="startIndex", default=None)
    resources: list[msgspec.Raw] | None = msgspec.field(name="Resources", default=None)
    next_cursor: str | None = msgspec.field(name="nextCursor", default=None)


class _Head(msgspec.Struct):
    id: str = ""


@dataclass(slots=True)
class Resources:
    """All resources of one type, kept as they came, packed: a restart must find nothing handed on yet.

    Attributes:
        path: for messages, ``/Users``.
    """

    path: str
    count: int = 0
    last: str = ""
    _ids: set[str] = field(default_factory=set)
    _pages: list[tuple[bytes, int]] = field(default_factory=list)

    def add(self, body: bytes, resources: list[msgspec.Raw], skip: int) -> None:
        """Keep a page but for its first ``skip`` rows, which the page before had.

        Raises:
            DirtyError: an id came before.
        """
        for resource in resources[skip:]:
            self.last = id_of(resource)
            if self.last and self.last in self._ids:
                raise DirtyError(f"{self.path} lists an id twice, or a page repeats")
            self._ids.add(self.last)
            self.count += 1
        if self.count > MOST_RESOURCES:
            raise SourceError(f"lists more than {MOST_RESOURCES} resources", where=self.path)
        if len(self._pages) >= MOST_PAGES:
            raise SourceError(f"lists more than {MOST_PAGES} pages", where=self.path)
        self._pages.append((zlib.compress(body, 1), skip))

    def __iter__(self) -> Iterator[msgspec.Raw]:
        """Each resource, as JSON."""
        for packed, skip in self._pages:
            yield from (decode(zlib.decompress(packed), _Page, where=self.path).resources or [])[skip:]


def id_of(resource: msgspec.Raw) -> str:
    """The ``id`` of a resource, or nothing; what is wrong with it is told when it is mapped."""
    try:
        return msgspec.json.decode(resource, type=_Head).id
    except (msgspec.DecodeError, RecursionError):
        return ""


def collect(http: Http, path: str, *, size: int, cursor: bool) -> Resources:
    """Read all resources under ``path`` (``/Users``, ``/Groups``), ``size`` at a time.

    Raises:
        DirtyError: it changed under the reader.
        SourceError: see :meth:`Http.ask`; or the answer is no list.
    """
    return _by_cursor(http, path, size) if cursor else _by_index(http, path, size)


def _by_index(http: Http, path: str, size: int) -> Resources:
    found = Resources(path)
    total: int | None = None
    overlap = 0
    while True:
        start = found.count + 1 - overlap
        page, body = _page(http, path, {"startIndex": str(start), "count": str(size)})
        rows = page.resources or []
        if page.total is None:
            raise SourceError("the list names no totalResults, which paging by index needs", where=path)
        total = _same_total(path, total, page.total)
        if rows and page.start is not None and page.start != start:
            raise DirtyError(f"{path} answers from {page.start} when asked from {start}")
        if overlap and (not rows or id_of(rows[0]) != found.last):
            raise DirtyError(f"{path} changed its order between two pages")
        found.add(body, rows, overlap)
        if found.count > total:
            raise DirtyError(f"{path} lists {found.count} resources and names {total}")
        if found.count == total:
            return found
        if len(rows) <= overlap:
            raise DirtyError(f"{path} ends after {found.count} of {total} resources")
        # a page of one row has no room for the overlap
        overlap = 1 if len(rows) > 1 else 0


def _by_cursor(http: Http, path: str, size: int) -> Resources:
    found = Resources(path)
    total: int | None = None
    cursor = ""
    used: set[str] = set()
    while True:
        page, body = _page(http, path, {"cursor": cursor, "count": str(size)})
        if page.total is not None:
            total = _same_total(path, total, page.total)
        found.add(body, page.resources or [], 0)
        cursor = page.next_cursor or ""
        if not cursor:
            break
        if cursor in used:
            raise DirtyError(f"{path} gives the same cursor again")
        used.add(cursor)
    if total is not None and total != found.count:
        raise DirtyError(f"{path} lists {found.count} resources and names {total}")
    return found


def _same_total(path: str, before: int | None, now: int) -> int:
    if now < 0:
        raise SourceError("the list names a negative totalResults", where=path)
    if before is not None and now != before:
        raise DirtyError(f"{path} names {now} resources in total, {before} a page before")
    return now


def _page(http: Http, path: str, params: dict[str, str]) -> tuple[_Page, bytes]:
    answer = http.ask("GET", path, params=params, accept=frozenset({200, 400}))
    if answer.status == 400:
        words, kind = complaint(answer.body)
        if kind in _LOST_CURSOR:
            raise DirtyError(f"{path} does not know its cursor any more ({kind})")
        raise SourceError(
            f"refuses the request (400{f', {kind}' if kind else ''}){f': {http.redacted(words)}' if words else ''}",
            where=answer.where,
            todo="set paging and page_size to what the server can do",
        )
    page = answer.decode(_Page)
    if LIST_RESPONSE.lower() not in {schema.lower() for schema in page.schemas}:
        raise SourceError("the answer is no SCIM list", where=answer.where, todo="check that url is the SCIM base")
    return page, answer.body
