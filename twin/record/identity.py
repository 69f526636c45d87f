"""Who a described patient is: an identifier decides; without one, the source's own name for the patient.

Patients are never overwritten with another's identity: identifiers of two known patients in one description are a
conflict for a person to solve.
"""

from collections.abc import Mapping

from twin.record.fact import Absent
from twin.record.matching import Demographics, match
from twin.record.timeline import Identifier

SOURCE_SYSTEM = "urn:patient-twin:source:"
"""System of the identifiers that stand for a source's own resource names (`Patient/12` of source `default`)."""


def is_somebody_else(described: Demographics, known: Demographics) -> bool:
    """True where a description shares an identifier with a record but neither its name nor its birth date.

    A corrected birth date or a new surname is one person's; both at once are more often a number given out twice, a
    placeholder, or a mistyped wristband. A person decides; nothing is attached meanwhile.
    """
    if described.birth_date is None or known.birth_date is None or described.birth_date == known.birth_date:
        return False
    levels = {part.field: part.level for part in match(described, known).evidence}
    return {levels.get(each) for each in ("family", "given", "birth_date")} == {"different"}


def own_name(source: str, key: str) -> Identifier:
    """Return the identifier that stands for a source's own name of a patient."""
    return Identifier(system=SOURCE_SYSTEM + source, value=key)


def decide(
    identifiers: tuple[Identifier, ...], own: Identifier, known: Mapping[tuple[str, str], str]
) -> str | Absent | None:
    """Return the id of the patient meant, None for somebody new, or Absent where identifiers name several.

    `known` maps the (system, value) pairs that are attached to a patient. The source's own name decides only where the
    description carries no identifier at all: two hospitals may both call somebody `Patient/1`.
    """
    meant = {known[pair] for each in identifiers if (pair := (each.system, each.value)) in known}
    if len(meant) > 1:
        return Absent(reason="conflicting_identifiers", detail="identifiers belong to several known patients")
    if meant:
        return meant.pop()
    if identifiers:
        return None
    return known.get((own.system, own.value))
