"""How a canonical UCUM unit is written for a reader."""

_WRITTEN = {
    "1": "", "{score}": "", "{code}": "", "10*9/L": "10⁹/L", "10*12/L": "10¹²/L", "mm[Hg]": "mmHg",
    "umol/L": "µmol/L", "ug/L": "µg/L", "ug/g": "µg/g", "kg/m2": "kg/m²", "mm3": "mm³", "cm2": "cm²", "Cel": "°C",
    "[hnsf'U]": "HU", "[arb'U]/mL": "U/mL", "m[IU]/L": "mIU/L", "mL/min/{1.73_m2}": "mL/min/1.73 m²",
    "mL/min/1.73m2": "mL/min/1.73 m²",
}  # fmt: skip


def written(ucum: str) -> str:
    """Return the unit as a clinic writes it, nothing for a pure number; one that reads well as it is stays so.

    Example:
        >>> [written(unit) for unit in ("mL/min/{1.73_m2}", "1", "mmol/L")]
        ['mL/min/1.73 m²', '', 'mmol/L']
    """
    return _WRITTEN.get(ucum, ucum)
