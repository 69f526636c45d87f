"""Fetch the files that an import names by address: from hosts the site allows, bounded, and from nowhere else.

https only, http for this very machine; a redirect may lead elsewhere on the same host, never to another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from twin.errors import TooLarge, UnreadableInput
from twin.settings import Settings

if TYPE_CHECKING:
    import httpx

MOST_FILES = 1_000
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_REDIRECTS = 3
_SILENCE = 60.0  # s between two pieces, not for a whole file
_OK = 200
_MB = 1_000_000


class NotAllowed(UnreadableInput):
    """This address may not be fetched from."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """A file to fetch: its address, and the name under which it is kept."""

    url: str
    name: str


def check(url: str, hosts: Sequence[str]) -> None:
    """Raise NotAllowed unless the address is one that this site allows; the message names the setting, not the address.

    Example:
        >>> check("https://files.example.org/a.ndjson", ("files.example.org",))
    """
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise NotAllowed("an address that can't be read") from None
    if parts.username is not None or parts.password is not None or not url.isprintable() or " " in url:
        raise NotAllowed("an address with a password or odd characters in it")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOCAL):
        raise NotAllowed("only https is fetched")
    named = f"{host}:{port}" if port is not None else host
    if named not in {each.lower() for each in hosts}:
        raise NotAllowed("the host is not in TWIN_IMPORT_HOSTS, the hosts that this site allows")


def fetch(wanted: Sequence[Wanted], folder: Path, settings: Settings) -> None:
    """Write every file into `folder`; what a dead worker left there is written again.

    Raises:
        NotAllowed: an address is not allowed (any more), or leads to another host.
        TooLarge: together they are larger than `TWIN_MAX_UPLOAD_MB`.
        UnreadableInput: a file can't be fetched.
    """
    import httpx  # the web process only checks addresses

    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    left = settings.max_upload_mb * _MB
    with httpx.Client(timeout=_SILENCE, follow_redirects=False, trust_env=False) as client:
        for number, each in enumerate(wanted):
            try:
                left -= _one(client, each.url, folder / each.name, settings, left)
            except httpx.HTTPError as error:
                raise UnreadableInput(f"input[{number}] can't be fetched ({type(error).__name__})") from None


def _one(client: "httpx.Client", url: str, path: Path, settings: Settings, left: int) -> int:
    """Write one file and return its size."""
    for _ in range(_REDIRECTS + 1):
        check(url, settings.import_hosts)
        with client.stream("GET", url) as answer:
            if answer.is_redirect:
                target = urljoin(url, answer.headers.get("location", ""))
                if urlsplit(target).netloc != urlsplit(url).netloc:
                    raise NotAllowed("the address leads to another host")
                url = target
                continue
            if answer.status_code != _OK:
                raise UnreadableInput(f"the host answered {answer.status_code}")
            return _write(answer, path, left)
    raise UnreadableInput("the address leads in a circle")


def _write(answer: "httpx.Response", path: Path, left: int) -> int:
    size = 0
    with path.open("wb") as file:
        for piece in answer.iter_bytes():
            size += len(piece)
            if size > left:
                raise TooLarge("the files are larger than this instance takes")
            file.write(piece)
    return size
