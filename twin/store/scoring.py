"""Which polygenic scoring files does this instance apply?"""

import io
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert as upsert

from twin.store import tables as t


def load(connection: Connection) -> tuple[Any, ...]:
    """Return every installed scoring file, parsed, in the order of their ids."""
    rows = connection.execute(select(t.scoring_file).order_by(t.scoring_file.c.id)).all()
    if not rows:
        return ()
    from twin.record.genome import scoring  # only where one is installed is it needed

    return tuple(scoring.parse(io.BytesIO(row.body), row.sha256, row.header["build"]) for row in rows)


def installed(connection: Connection) -> list[Any]:
    """Return what is installed, without the files themselves."""
    columns = [column for column in t.scoring_file.c if column.name != "body"]
    return list(connection.execute(select(*columns).order_by(t.scoring_file.c.id)))


def remove(connection: Connection, key: str) -> bool:
    """Take a scoring file away; sums that it made stay facts. False where there is none of this id."""
    return bool(connection.execute(delete(t.scoring_file).where(t.scoring_file.c.id == key)).rowcount)


def install(
    connection: Connection, key: str, *, sha256: str, header: dict[str, Any], body: bytes, actor: str, now: datetime
) -> None:
    """Keep a scoring file; a newer one of the same id takes its place."""
    values = {"sha256": sha256, "header": header, "body": body, "added_by": actor, "added_at": now}
    statement = upsert(t.scoring_file).values(id=key, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))
