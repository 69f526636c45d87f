"""The CT series and their images as received, what was seen in them, and what readers say of that."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from twin.store.tables.columns import metadata, now, own_id, patient_id, time


def _study_id(*, primary_key: bool = False) -> Column[int]:
    return Column(
        "study_id", BigInteger, ForeignKey("study.id", ondelete="CASCADE"), nullable=False, primary_key=primary_key
    )


study = Table(
    "study",
    metadata,
    own_id(),
    patient_id(required=False),
    Column("series_uid", Text, nullable=False, unique=True),
    Column("study_uid", Text, nullable=False),
    Column("modality", Text, nullable=False, server_default="CT"),
    Column("path", Text),  # of series that were received before images were kept one by one
    Column("import_id", BigInteger, ForeignKey("import_run.id"), nullable=False),
    Column("status", Text, nullable=False),
    Column("revision", Integer, nullable=False, server_default="0"),
    Column("refused", Text),
    Column("described", JSONB, nullable=False, server_default="{}"),
    Column("tags", JSONB, nullable=False, server_default="{}"),
    Column("screening", JSONB),
    time("acquired_at"),
    now("received_at"),
    now("quiet_at"),
    time("screened_at"),
    time("priors_asked_at"),
    Column("made_of", BigInteger, ForeignKey("study.id", ondelete="SET NULL")),  # of a report or segmentation of ours
    Column("is_taken_back", Boolean, nullable=False, server_default=text("false")),  # a person alone gives it again
    Index(None, "patient_id"),
    Index(None, "study_uid"),
    Index(None, "made_of"),
    Index("ix_study_waiting", "quiet_at", postgresql_where=text("status = 'queued'")),
)

dicom_instance = Table(
    "dicom_instance",
    metadata,
    own_id(),
    _study_id(),
    Column("sop_instance_uid", Text, nullable=False, unique=True),
    Column("sop_class_uid", Text, nullable=False),
    Column("transfer_syntax_uid", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("content_sha256", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("instance_number", Integer),
    Column("rows", Integer),
    Column("columns", Integer),
    Column("frames", Integer),
    now("received_at"),
    Index(None, "study_id"),
    Index(None, "sha256"),
)

key_slice = Table(
    "key_slice",
    metadata,
    _study_id(primary_key=True),
    Column("rank", Integer, primary_key=True),
    Column("png", LargeBinary, nullable=False),
    Column("region", JSONB, nullable=False),
)

verdict = Table(
    "verdict",
    metadata,
    own_id(),
    _study_id(),
    Column("rank", Integer),
    Column("region", JSONB),
    Column("said", Text, nullable=False),
    Column("note", Text, nullable=False, server_default=""),
    Column("said_by", Text, nullable=False),
    now("said_at"),
    Column("withdrawn_by", Text),
    time("withdrawn_at"),
    Index(None, "study_id"),
    Index(
        "uq_verdict_standing",
        "study_id",
        text("coalesce(rank, 0)"),
        "said_by",
        unique=True,
        postgresql_where=text("withdrawn_at is null"),
    ),
)
