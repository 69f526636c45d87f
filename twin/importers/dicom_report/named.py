"""Which of a measurement group's statements are findings that we have a key for?

The group's finding (PS3.16 TID 1410, 1411: concept 121071) is there unless the group says of its presence (121052) that
it is not; an answer to another finding's name is read for itself. What a section only asks, recommends or remembers is
no finding of this report.
"""

from dataclasses import replace

from imaging.catalogue import places_named
from imaging.report import MeasurementGroup
from twin.importers.dicom_report.source import coding_of
from twin.importers.finding import DCM, named, sized
from twin.record.codes import OWN_FINDING
from twin.record.fact import Coding, FactDraft

_PRESENCE = (DCM, "121052")  # Presence of property
_NOT_SEEN_HERE = frozenset(  # titles of sections, PS3.16 CID 7001
    {
        ("DCM", "121060"),  # History
        ("DCM", "121062"),  # Request
        ("DCM", "121068"),  # Previous findings
        ("DCM", "121074"),  # Recommendation
        ("DCM", "121109"),  # Indications for procedure
        ("LN", "11329-0"),  # History
        ("LN", "18785-6"),  # Reason for study
        ("LN", "18834-2"),  # Previous findings
        ("LN", "18783-1"),  # Recommendation
        ("LN", "55115-0"),  # Request
    }
)


def named_in(group: MeasurementGroup, drafts: tuple[FactDraft, ...]) -> tuple[FactDraft, ...]:
    """Return the facts of a group, in which those that name one of our findings stand under its key."""
    if group.title is not None and group.title.key in _NOT_SEEN_HERE:
        return drafts
    sites, sides = _sites(group)
    side = sides[0] if len(sides) == 1 else None
    presence = next((each for each in drafts if (each.coding.system, each.coding.code) == _PRESENCE), None)
    found = []
    for index, draft in enumerate(drafts):
        is_the_finding = index == 0 and group.finding is not None
        asked = draft
        if is_the_finding and presence is not None:
            asked = replace(
                draft, value_kind=presence.value_kind, value=presence.value, value_coding=presence.value_coding
            )
        told = None
        if draft.kind == "finding":
            told = named(asked, sites=sites, side=side, is_asserted=is_the_finding)
        if told is not None and is_the_finding:
            told = sized(told, drafts)
        found.append(told or draft)
    return tuple(found)


def count_unnamed(group: MeasurementGroup, drafts: tuple[FactDraft, ...]) -> bool:
    """Whether a group names a finding that has no key here; an outlined organ is none."""
    if group.finding is None or not drafts or drafts[0].coding.system == OWN_FINDING:
        return False
    return not places_named(drafts[0].coding.system, drafts[0].coding.code, drafts[0].coding.display)


def _sites(group: MeasurementGroup) -> tuple[tuple[Coding, ...], tuple[Coding, ...]]:
    places = (coding_of(each.place) for each in group.sites)
    sides = (coding_of(each.laterality) for each in group.sites)
    return tuple(each for each in places if each), tuple(each for each in sides if each)
