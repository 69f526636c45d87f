"""What does the content tree of a structured report say, item by item? Read as it stands, without a template.

Source: DICOM PS3.3 C.17.3 (SR document content). `path` is an item's identifier in the tree as DICOM writes it: 1.3.2.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pydicom import Dataset
from pydicom.tag import BaseTag, Tag

from imaging import header
from imaging.report.code import Code, code_of

_NUMERIC_VALUE = Tag(0x0040, 0xA30A)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Number:
    """A measured value: its text digit for digit, whether that is a number, its unit, and why it is missing."""

    text: str | None
    is_number: bool
    unit: Code | None
    qualifier: Code | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageReference:
    """An image, segmentation or other object that an item points to; `segment` and `frame` numbers where stated."""

    sop_class_uid: str
    sop_uid: str
    frames: tuple[int, ...] = ()
    segments: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """One content item. `kind` is its value type (NUM, CODE, TEXT, CONTAINER ...), `relation` how it hangs below."""

    path: str
    relation: str
    kind: str
    concept: Code | None
    template: str = ""
    text: str | None = None
    code: Code | None = None
    number: Number | None = None
    references: tuple[ImageReference, ...] = ()
    points_to: str = ""
    """The path of another item of the tree, for an item that stands elsewhere (by-reference relationship)."""
    observed_at: str = ""
    children: tuple["Node", ...] = ()

    def is_called(self, *keys: tuple[str, str]) -> bool:
        """Say whether the item's concept is one of these (scheme, code) pairs."""
        return self.concept is not None and self.concept.key in keys

    def child(self, *keys: tuple[str, str]) -> "Node | None":
        """Return the first child of one of these concepts."""
        return next((each for each in self.children if each.is_called(*keys)), None)

    def walk(self) -> Iterator["Node"]:
        """Yield the item and everything below it, in the order of the document."""
        yield self
        for each in self.children:
            yield from each.walk()


def tree_of(dataset: Dataset, schemes: dict[str, str]) -> Node:
    """Return the content tree below the document's root container; `schemes` are the OIDs of coding schemes."""
    return _node(dataset, "1", schemes)


def _node(item: Dataset, path: str, schemes: dict[str, str]) -> Node:
    templates = item.get("ContentTemplateSequence") or ()
    kind = header.text(item, "ValueType") or ""
    return Node(
        path=path,
        relation=header.text(item, "RelationshipType") or "",
        kind=kind,
        concept=code_of(item, "ConceptNameCodeSequence", schemes),
        template=next((name for each in templates if (name := header.text(each, "TemplateIdentifier"))), ""),
        text=_text(item, kind),
        code=code_of(item, "ConceptCodeSequence", schemes) if kind == "CODE" else None,
        number=_number(item, schemes) if kind == "NUM" else None,
        references=_references(item),
        points_to=".".join(str(part) for part in _whole_numbers(item, "ReferencedContentItemIdentifier")),
        observed_at=header.text(item, "ObservationDateTime") or "",
        children=tuple(
            _node(each, f"{path}.{index}", schemes) for index, each in enumerate(item.get("ContentSequence") or (), 1)
        ),
    )


_TEXTS = {"TEXT": "TextValue", "UIDREF": "UID", "PNAME": "PersonName", "DATE": "Date", "TIME": "Time",
          "DATETIME": "DateTime", "SCOORD": "GraphicType", "SCOORD3D": "GraphicType"}  # fmt: skip


def _text(item: Dataset, kind: str) -> str | None:
    return header.text(item, _TEXTS[kind]) if kind in _TEXTS else None


def _number(item: Dataset, schemes: dict[str, str]) -> Number:
    measured = next(iter(item.get("MeasuredValueSequence") or ()), None)
    text, unit = None, None
    if measured is not None:
        text = _as_written(measured, _NUMERIC_VALUE) or header.text(measured, "FloatingPointValue")
        unit = code_of(measured, "MeasurementUnitsCodeSequence", schemes)
    return Number(
        text=text,
        is_number=bool(text and _NUMBER.fullmatch(text)),
        unit=unit,
        qualifier=code_of(item, "NumericValueQualifierCodeSequence", schemes),
    )


def _as_written(item: Dataset, tag: BaseTag) -> str | None:
    """Return a decimal string as its bytes say: pydicom would refuse one that is no number, or round it."""
    if tag not in item:
        return None
    value = item.get_item(tag).value
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)
    return text.strip(" \0") or None


def _references(item: Dataset) -> tuple[ImageReference, ...]:
    return tuple(
        ImageReference(
            sop_class_uid=header.text(each, "ReferencedSOPClassUID") or "",
            sop_uid=header.text(each, "ReferencedSOPInstanceUID") or "",
            frames=_whole_numbers(each, "ReferencedFrameNumber"),
            segments=_whole_numbers(each, "ReferencedSegmentNumber"),
        )
        for each in item.get("ReferencedSOPSequence") or ()
    )


def _whole_numbers(item: Dataset, keyword: str) -> tuple[int, ...]:
    return tuple(int(part) for part in (header.text(item, keyword) or "").split("\\") if part.strip().isdigit())
