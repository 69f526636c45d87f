"""Who may sign in, and does this password belong to them?

Passwords are kept as argon2id hashes. An attempt is counted *before* its password is checked, so a hundred attempts
sent at once are a hundred attempts; a right password takes its own count back.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from threading import BoundedSemaphore
from typing import Literal, get_args

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import Connection, Engine, Row, case, delete, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from twin.errors import TwinError
from twin.store.tables import sign_in_attempt, user_account, web_session

Role = Literal["clinician", "coordinator", "reader", "integrator", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
Refusal = Literal["failed", "too_many"]

SHORTEST_PASSWORD = 12  # NIST SP 800-63B 3.1.1.2 asks for 8 at least, and 15 where the password stands alone
LONGEST_PASSWORD = 1024  # so that nobody makes us hash a megabyte
PER_ADDRESS = 4  # times the limit of one account: a ward shares one address
_USERNAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")

_HASHER = PasswordHasher()  # RFC 9106's second recommendation: argon2id, 64 MiB, 3 passes
_HASHING = BoundedSemaphore(2)  # 64 MiB each: forty sign-ins at once must not fill an old PC's memory


class BadAccount(TwinError):
    """This account cannot be made as asked."""


@dataclass(frozen=True, kw_only=True)
class User:
    """A person with a local account."""

    id: int
    username: str
    display_name: str
    role: Role
    language: str
    email: str | None


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How many wrong passwords one account may see before it is locked, and for how long."""

    attempts: int
    lockout: timedelta


def create_user(
    connection: Connection,
    *,
    username: str,
    password: str,
    display_name: str,
    role: Role,
    language: str = "en",
    email: str | None = None,
) -> User:
    """Return the new account.

    Raises:
        BadAccount: an odd or taken user name, an unknown role, or a password outside 12 to 1024 characters.
    """
    if not _USERNAME.fullmatch(username):
        raise BadAccount("a user name is 1 to 64 of a-z, 0-9 and . _ @ -, and begins with a letter or digit")
    if role not in ROLES:
        raise BadAccount(f"the roles are {', '.join(ROLES)}")
    _check_length(password)
    fields = {"display_name": display_name, "role": role, "language": language, "email": email}
    made = connection.execute(
        upsert(user_account)
        .values(username=username, password_hash=_hash(password), **fields)
        .on_conflict_do_nothing(index_elements=["username"])
        .returning(user_account)
    ).one_or_none()
    if made is None:
        raise BadAccount("this user name is taken")
    return user_of(made)


def change_password(connection: Connection, user_id: int, password: str) -> None:
    """Set a new password, free the account from a lock, and end every session it has.

    Raises:
        BadAccount: the password's length is outside 12 to 1024 characters.
    """
    _check_length(password)
    fresh = {"password_hash": _hash(password), "failed_attempts": 0, "locked_until": None}
    connection.execute(update(user_account).where(user_account.c.id == user_id).values(fresh))
    connection.execute(delete(web_session).where(web_session.c.user_id == user_id))


def set_language(connection: Connection, user_id: int, language: str) -> None:
    """Keep the language in which this person reads the pages."""
    connection.execute(update(user_account).where(user_account.c.id == user_id).values(language=language))


def find_user(connection: Connection, username: str) -> User | None:
    """Return the active account of this name."""
    if not _USERNAME.fullmatch(username):
        return None
    found = select(user_account).where(user_account.c.username == username, user_account.c.active)
    row = connection.execute(found).one_or_none()
    return None if row is None else user_of(row)


def user_of(row: Row) -> User:
    """Return the user in a row of `user_account`, or of a join that names its columns alike."""
    return User(
        id=row.id, username=row.username, display_name=row.display_name,
        role=row.role, language=row.language, email=row.email,
    )  # fmt: skip


def verify(
    engine: Engine, username: str, password: str, *, address: str, now: datetime, limits: Limits
) -> User | Refusal:
    """Return the user whose password this is, or why the sign-in is refused.

    An unknown name, a locked account and a wrong password answer alike and take alike long. `too_many` is said by
    address only, whatever the name.
    """
    with engine.begin() as connection:
        if not _admit_address(connection, address, now, limits):
            return "too_many"
        row = _reserve_attempt(connection, username, now, limits)
    stored = row.password_hash if row is not None else _hash_of_nobody()
    is_right = _matches(stored, password)
    if row is None or not is_right:
        return "failed"
    with engine.begin() as connection:
        _settle(connection, row, password, address, now)
    return user_of(row)


def _admit_address(connection: Connection, address: str, now: datetime, limits: Limits) -> bool:
    """Count this attempt and say whether the address is still within its limit."""
    table = sign_in_attempt
    stale = select(table.c.id).where(table.c.at < now - limits.lockout).with_for_update(skip_locked=True)
    connection.execute(delete(table).where(table.c.id.in_(stale)))
    # One at a time for one address, or attempts sent at once would each see the others uncounted.
    connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("sign-in " + address, 0))))
    seen = connection.execute(select(func.count()).select_from(table).where(table.c.address == address)).scalar_one()
    if seen >= PER_ADDRESS * limits.attempts:
        return False
    connection.execute(insert(table).values(address=address, at=now))
    return True


def _reserve_attempt(connection: Connection, username: str, now: datetime, limits: Limits) -> Row | None:
    """Count an attempt on the account and return its row; None when it is unknown, inactive or locked."""
    if not _USERNAME.fullmatch(username):
        return None
    account = user_account.c
    lock_over = account.locked_until <= now
    count = case((lock_over, 1), else_=account.failed_attempts + 1)
    return connection.execute(
        update(user_account)
        .where(account.username == username, account.active, or_(account.locked_until.is_(None), lock_over))
        .values(
            failed_attempts=count,
            locked_until=case((count >= limits.attempts, now + limits.lockout), else_=None),
        )
        .returning(user_account)
    ).one_or_none()


def _settle(connection: Connection, row: Row, password: str, address: str, now: datetime) -> None:
    """A right password takes back its own count, and is hashed again when the recommendation has moved."""
    values: dict[str, object] = {"failed_attempts": 0, "locked_until": None}
    if _HASHER.check_needs_rehash(row.password_hash):
        values["password_hash"] = _hash(password)
    connection.execute(update(user_account).where(user_account.c.id == row.id).values(values))
    here = sign_in_attempt.c.address == address
    mine = select(func.max(sign_in_attempt.c.id)).where(here, sign_in_attempt.c.at == now)
    connection.execute(delete(sign_in_attempt).where(sign_in_attempt.c.id == mine.scalar_subquery()))


def _check_length(password: str) -> None:
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise BadAccount(f"a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters")


def _hash(password: str) -> str:
    with _HASHING:
        return _HASHER.hash(password)


def _matches(stored: str, password: str) -> bool:
    with _HASHING:
        try:
            return _HASHER.verify(stored, password[: LONGEST_PASSWORD + 1])
        except VerifyMismatchError:
            return False


@cache
def _hash_of_nobody() -> str:
    """A hash to check against when there is no account, so that the answer takes as long."""
    return _hash("the password of nobody")
