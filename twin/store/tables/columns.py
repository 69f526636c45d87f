"""What do all tables share: names of constraints, and the columns that most have?"""

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Identity, MetaData, text
from sqlalchemy.dialects.postgresql import UUID

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def own_id() -> Column[int]:
    return Column("id", BigInteger, Identity(), primary_key=True)


def time(name: str, *, required: bool = False) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=not required)


def now(name: str) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=False, server_default=text("now()"))


def patient_id(*, required: bool = True, primary_key: bool = False) -> Column[str]:
    return Column(
        "patient_id", UUID(as_uuid=False), ForeignKey("patient.id"), nullable=not required, primary_key=primary_key
    )
