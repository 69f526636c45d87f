"""Reading ahead changes the time, nothing else."""

import threading
from collections.abc import Iterator

import pytest

from twin.ahead import Ahead


def names() -> set[str]:
    return {thread.name for thread in threading.enumerate()}


def test_pieces_come_in_their_order() -> None:
    with Ahead(lambda: iter(range(1_000))) as pieces:
        assert list(pieces) == list(range(1_000))


def test_an_error_comes_where_it_would_have_come() -> None:
    def broken() -> Iterator[int]:
        yield from (1, 2)
        raise ValueError("third")

    got = []
    with pytest.raises(ValueError, match="third"), Ahead(broken) as pieces:
        for piece in pieces:
            got.append(piece)
    assert got == [1, 2]


def test_no_more_is_read_than_a_little_ahead() -> None:
    read: list[int] = []

    def counted() -> Iterator[int]:
        for number in range(1_000):
            read.append(number)
            yield number

    with Ahead(counted, depth=2) as pieces:
        assert next(iter(pieces)) == 0
    assert len(read) <= 5


def test_the_thread_ends_with_the_block() -> None:
    with Ahead(lambda: iter(range(1_000))) as pieces:
        next(iter(pieces))
    assert "reading ahead" not in names()
