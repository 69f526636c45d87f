"""Is this a CDA document, or a piece of one, by its first bytes? Asked of every file, so no XML library is loaded."""

import re

PIECES = frozenset(
    {
        "section", "entry", "entryRelationship", "component", "observation", "organizer", "act", "procedure",
        "encounter", "substanceAdministration", "supply", "recordTarget", "author", "informant", "participant",
        "performer", "documentationOf", "componentOf", "inFulfillmentOf", "participantRole", "manufacturedProduct",
        "informationRecipient", "authenticator", "legalAuthenticator", "custodian", "dataEnterer", "relatedDocument",
        "externalDocument", "relatedSubject", "assignedAuthor", "serviceEvent", "encounterParticipant",
        "authorization", "criterion",
    }
)  # fmt: skip
"""Elements that a piece of a document, sent without the rest, may begin with (POCD_MT000040)."""

_NAME = re.compile(r"<(?:[\w.-]{1,60}:)?([\w.-]{1,80})")
_HALLMARK = re.compile(r"urn:hl7-org:v3|2\.16\.840\.1\.113883|\bnullFlavor=|\b(?:class|type|mood)Code=")


def is_cda(head: bytes) -> bool:
    """Return True where the first bytes are a CDA document, or a piece of one that says so in its attributes."""
    text = _leniently(head)
    start = after_prolog(text)
    if text.startswith("<!DOCTYPE", start):
        return "ClinicalDocument" in text[start:]
    name = _NAME.match(text, start)
    if name is None:
        return False
    return name[1] == "ClinicalDocument" or (name[1] in PIECES and _HALLMARK.search(text) is not None)


def after_prolog(text: str) -> int:
    """Return where the first element or the document type begins, past declarations and comments."""
    at = 0
    while True:
        while at < len(text) and text[at].isspace():
            at += 1
        if text.startswith("<!--", at):
            end = text.find("-->", at + 4)
        elif text.startswith("<?", at):
            end = text.find("?>", at)
        else:
            return at
        if end < 0:
            return len(text)
        at = text.index(">", end) + 1


def _leniently(head: bytes) -> str:
    encoding = "utf-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8"
    return head.decode(encoding, "replace").removeprefix("\ufeff")
