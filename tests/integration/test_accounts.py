"""Passwords, locks, sessions and tokens on a real database."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, select, update

from twin.store.accounts import (
    PER_ADDRESS,
    BadAccount,
    Limits,
    Refusal,
    User,
    change_password,
    create_user,
    find_user,
    verify,
)
from twin.store.api_tokens import BadToken, create_token, find_bearer, list_tokens, revoke_token
from twin.store.tables import api_token, sign_in_attempt, user_account, web_session
from twin.store.web_sessions import Lifetime, end_session, find_session, open_session

PASSWORD = "correct horse battery"
LIMITS = Limits(attempts=3, lockout=timedelta(minutes=15))
LIFE = Lifetime(idle=timedelta(minutes=30), absolute=timedelta(hours=12))


@pytest.fixture
def anna(engine: Engine) -> User:
    with engine.begin() as connection:
        return create_user(
            connection, username="anna", password=PASSWORD, display_name="Anna Example", role="clinician"
        )


def attempt(
    engine: Engine, now: datetime, password: str = PASSWORD, name: str = "anna", address: str = "10.0.0.1"
) -> User | Refusal:
    return verify(engine, name, password, address=address, now=now, limits=LIMITS)


def test_the_right_password_gives_its_user(engine: Engine, anna: User, now: datetime) -> None:
    assert attempt(engine, now) == anna


@pytest.mark.parametrize("name", ["nobody", "ANNA", "an\x00na", "x" * 10_000, "'; drop table patient --", ""])
def test_a_name_that_is_no_account_is_refused_like_a_wrong_password(
    engine: Engine, anna: User, now: datetime, name: str
) -> None:
    assert attempt(engine, now, name=name) == attempt(engine, now, "wrong") == "failed"


def test_an_account_is_locked_after_its_wrong_passwords_and_opens_again(
    engine: Engine, anna: User, now: datetime
) -> None:
    assert [attempt(engine, now, "wrong", address=f"10.0.1.{n}") for n in range(3)] == ["failed"] * 3
    assert attempt(engine, now) == "failed"
    assert attempt(engine, now + LIMITS.lockout - timedelta(seconds=1)) == "failed"
    assert attempt(engine, now + LIMITS.lockout) == anna


def test_a_right_password_forgives_the_wrong_ones_before_it(engine: Engine, anna: User, now: datetime) -> None:
    for password in ("wrong", "wrong", PASSWORD, "wrong", "wrong"):
        attempt(engine, now, password)
    assert attempt(engine, now) == anna


def test_after_a_lock_ends_the_counting_starts_anew(engine: Engine, anna: User, now: datetime) -> None:
    for _ in range(3):
        attempt(engine, now, "wrong")
    later = now + LIMITS.lockout
    assert attempt(engine, later, "wrong") == "failed"
    assert attempt(engine, later) == anna


def test_an_address_is_refused_after_its_attempts_whatever_the_names(engine: Engine, anna: User, now: datetime) -> None:
    for n in range(PER_ADDRESS * LIMITS.attempts):
        assert attempt(engine, now, name=f"guess{n}") == "failed"
    assert attempt(engine, now) == "too_many"
    assert attempt(engine, now, address="10.0.0.2") == anna
    assert attempt(engine, now + LIMITS.lockout + timedelta(seconds=1)) == anna


def test_right_passwords_do_not_use_up_the_attempts_of_an_address(engine: Engine, anna: User, now: datetime) -> None:
    for second in range(PER_ADDRESS * LIMITS.attempts + 2):
        assert attempt(engine, now + timedelta(seconds=second)) == anna


def test_attempts_sent_at_once_are_all_counted(engine: Engine, anna: User, now: datetime) -> None:
    with ThreadPoolExecutor(8) as pool:
        refusals = list(pool.map(lambda n: attempt(engine, now, "wrong", address=f"10.0.2.{n}"), range(8)))
    assert refusals == ["failed"] * 8
    with engine.connect() as connection:
        assert connection.execute(select(user_account.c.failed_attempts)).scalar_one() == LIMITS.attempts
    assert attempt(engine, now) == "failed"


def test_old_attempts_are_swept_out(engine: Engine, anna: User, now: datetime) -> None:
    attempt(engine, now, "wrong")
    attempt(engine, now + 2 * LIMITS.lockout, "wrong", address="10.0.0.9")
    with engine.connect() as connection:
        assert connection.execute(select(sign_in_attempt.c.address)).scalars().all() == ["10.0.0.9"]


def test_an_inactive_account_is_refused(engine: Engine, anna: User, now: datetime) -> None:
    with engine.begin() as connection:
        connection.execute(update(user_account).values(active=False))
        assert find_user(connection, "anna") is None
    assert attempt(engine, now) == "failed"


def test_only_a_hash_of_the_password_is_kept(engine: Engine, anna: User) -> None:
    with engine.connect() as connection:
        kept = connection.execute(select(user_account.c.password_hash)).scalar_one()
    assert kept.startswith("$argon2id$") and PASSWORD not in kept


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"username": "Anna Smith"}, "a user name is"),
        ({"username": "anna"}, "taken"),
        ({"role": "surgeon"}, "the roles are"),
        ({"password": "short"}, "12 to 1024"),
        ({"password": "x" * 1025}, "12 to 1024"),
    ],
)
def test_an_account_that_makes_no_sense_is_refused(
    engine: Engine, anna: User, wrong: dict[str, str], reason: str
) -> None:
    asked = {"username": "berta", "password": PASSWORD, "display_name": "Berta", "role": "reader"} | wrong
    with engine.begin() as connection, pytest.raises(BadAccount, match=reason):
        create_user(connection, **asked)  # type: ignore[arg-type]


def test_a_new_password_ends_every_session(engine: Engine, anna: User, now: datetime) -> None:
    with engine.begin() as connection:
        token = open_session(connection, anna.id, now=now, lifetime=LIFE)
        change_password(connection, anna.id, "another long password")
        assert find_session(connection, token, now=now, lifetime=LIFE) is None
    assert attempt(engine, now) == "failed"
    assert attempt(engine, now, "another long password") == anna


def test_a_session_ends_when_idle_and_lives_while_used(engine: Engine, anna: User, now: datetime) -> None:
    def is_alive(token: str, minutes: int) -> bool:
        with engine.begin() as connection:
            at = now + timedelta(minutes=minutes)
            return find_session(connection, token, now=at, lifetime=LIFE) is not None

    with engine.begin() as connection:
        used, idle = (open_session(connection, anna.id, now=now, lifetime=LIFE) for _ in range(2))
    assert [is_alive(used, minutes) for minutes in (20, 40, 60)] == [True, True, True]
    assert not is_alive(idle, 30)


def test_a_session_ends_at_its_absolute_end_however_busy(engine: Engine, anna: User, now: datetime) -> None:
    with engine.begin() as connection:
        token = open_session(connection, anna.id, now=now, lifetime=LIFE)
        for minutes in range(0, 12 * 60, 20):
            assert find_session(connection, token, now=now + timedelta(minutes=minutes), lifetime=LIFE)
        assert find_session(connection, token, now=now + timedelta(hours=12), lifetime=LIFE) is None


def test_a_session_that_ended_is_swept_out_at_the_next_sign_in(engine: Engine, anna: User, now: datetime) -> None:
    with engine.begin() as connection:
        open_session(connection, anna.id, now=now, lifetime=LIFE)
        open_session(connection, anna.id, now=now + timedelta(hours=13), lifetime=LIFE)
        assert len(connection.execute(select(web_session)).all()) == 1


def test_a_session_that_was_signed_out_is_gone(engine: Engine, anna: User, now: datetime) -> None:
    with engine.begin() as connection:
        token = open_session(connection, anna.id, now=now, lifetime=LIFE)
        end_session(connection, token)
        assert find_session(connection, token, now=now, lifetime=LIFE) is None
        assert find_session(connection, "", now=now, lifetime=LIFE) is None


def test_no_secret_of_a_session_or_token_is_kept(engine: Engine, anna: User, now: datetime) -> None:
    with engine.begin() as connection:
        cookie = open_session(connection, anna.id, now=now, lifetime=LIFE)
        _, secret = create_token(connection, anna, name="lab", scopes=["record.read"], now=now)
        kept = f"{connection.execute(select(web_session)).all()}{connection.execute(select(api_token)).all()}"
    assert cookie not in kept and secret not in kept


def test_a_token_lives_until_it_expires_or_is_revoked(engine: Engine, anna: User, now: datetime) -> None:
    end = now + timedelta(days=1)
    with engine.begin() as connection:
        token, secret = create_token(connection, anna, name="lab", scopes=["record.read"], now=now, expires_at=end)
        bearer = find_bearer(connection, secret, now=now)
        assert bearer is not None and bearer.user == anna and bearer.scopes == {"record.read"}
        assert find_bearer(connection, secret, now=end) is None
        assert find_bearer(connection, secret + "x", now=now) is None
        assert revoke_token(connection, token.id, now=now, user_id=anna.id)
        assert not revoke_token(connection, token.id, now=now)
        assert find_bearer(connection, secret, now=now) is None
        assert [each.revoked_at for each in list_tokens(connection, anna.id)] == [now]


def test_a_token_loses_what_its_owners_role_loses(engine: Engine, anna: User, now: datetime) -> None:
    with engine.begin() as connection:
        scopes = ["record.read", "recall.write"]
        _, secret = create_token(connection, anna, name="lab", scopes=scopes, now=now)
        connection.execute(update(user_account).values(role="reader"))
        bearer = find_bearer(connection, secret, now=now)
        assert bearer is not None and bearer.scopes == {"record.read"}
        connection.execute(update(user_account).values(active=False))
        assert find_bearer(connection, secret, now=now) is None


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"name": " "}, "a token has a name"),
        ({"scopes": []}, "one or more of these scopes"),
        ({"scopes": ["record.read", "everything"]}, "one or more of these scopes"),
        ({"scopes": ["admin"]}, "clinician does not have the scope admin"),
        ({"expires_at": datetime.fromisoformat("2020-01-01T00:00:00+00:00")}, "expired before"),
    ],
)
def test_a_token_that_makes_no_sense_is_refused(
    engine: Engine, anna: User, now: datetime, wrong: dict[str, object], reason: str
) -> None:
    asked: dict[str, object] = {"name": "lab", "scopes": ["record.read"]} | wrong
    with engine.begin() as connection, pytest.raises(BadToken, match=reason):
        create_token(connection, anna, now=now, **asked)  # type: ignore[arg-type]
