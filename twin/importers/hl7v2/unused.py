"""Why is a segment not used? One reason a segment, for the report."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

_FRAME = "read with the others: times, numbers and codes of the message or order"
_PEOPLE = "people beside the patient: not used by the twin"
_MONEY = "insurance and billing: not used by the twin"
_PLAN = "appointments and their resources: not used by the twin"

REASONS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("EVN", "ORC", "OBR", "SPM", "TQ1", "TXA"), _FRAME),
        **dict.fromkeys(("NK1", "PRT", "ROL", "CTD", "PRD", "STF", "PRA"), _PEOPLE),
        **dict.fromkeys(("IN1", "IN2", "IN3", "GT1", "FT1", "BLG", "ACC", "UB1", "UB2", "DRG", "PRC", "GP1"), _MONEY),
        **dict.fromkeys(("SCH", "RGS", "AIS", "AIG", "AIL", "AIP", "APR"), _PLAN),
        "NTE": "a comment; facts carry none",
        "PD1": "registration details beside the person: not used by the twin",
        "PV2": "details of the visit: not used by the twin",
        "DB1": "disability: not used by the twin",
        "PDA": "an autopsy or a certificate of death: the death is read from PID",
        "ARV": "access restrictions: not known here, set them by roles",
        "CON": "consents: not used by the twin",
        "SFT": "the sender's software",
        "SAC": "the specimen's container: not used by the twin",
        "INV": "stock: not used by the twin",
        "RXR": "the route of a medicine: not used by the twin",
        "RXC": "a component of a medicine; the medicine is read from RXE, RXO, RXA or RXD",
        "MSA": "an acknowledgement",
        "ERR": "an acknowledgement's faults",
        "QAK": "an answer's state",
        "QRD": "a query",
        "QRF": "a query",
        "QPD": "a query",
        "RCP": "a query",
        "ERQ": "a query",
        "DSC": "a continuation mark: the rest comes as a message of its own",
        "ODS": "a diet order: not used by the twin",
        "RF1": "a referral: not used by the twin",
        "CTI": "a clinical trial: not used by the twin",
        "AUT": "an authorisation: not used by the twin",
    }
)


@cache
def why_unused(name: str) -> str:
    """Return why a segment of this name is not used."""
    if name[0] == "Z":
        return f"{name}: a segment of the sender's own (Z), whose meaning no standard tells"
    return f"{name}: {REASONS.get(name, 'not used by the twin')}"
