"""Can this instance work just now, and how much of what does it hold? Counts only, for probes and monitoring."""

from collections.abc import Mapping

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from twin.store import migrate


def why_not_ready(engine: Engine) -> str | None:
    """Return why requests can't be served, None where they can."""
    try:
        at, newest = migrate.current(engine), migrate.head()
    except SQLAlchemyError:
        return "the database does not answer"
    return None if at == newest else "the database waits for `twin migrate`"


def counts(connection: Connection) -> Mapping[str, int]:
    """Return named counts for monitoring; the large tables are estimated by the planner's statistics."""
    return dict(connection.execute(_COUNTS).one()._asdict())


_COUNTS = text(
    "select"
    " (select greatest(reltuples, 0)::bigint from pg_class where oid = 'patient'::regclass) as patients_estimated,"
    " (select greatest(reltuples, 0)::bigint from pg_class where oid = 'fact'::regclass) as facts_estimated,"
    " (select count(*) from recall where state = 'open') as open_recalls,"
    " (select count(*) from twin where stale_since is not null) as stale_twins,"
    " (select count(*) from outbox where status in ('waiting', 'claimed', 'handed_over')) as outbox_pending,"
    " (select count(*) from import_run where status not in ('done', 'failed')) as imports_unfinished,"
    " (select greatest(coalesce(max(e.id), 0) - coalesce((select max(event_id) from audit_seal), 0), 0)"
    "  from audit_event e) as audit_events_after_newest_seal"
)
