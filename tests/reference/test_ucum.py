"""Our units against UCUM's own tables (ucum-essence.xml as it comes with ucumvert): each atom and its definition."""

import pytest
from ucumvert.xml_util import root

from twin.record.units.ucum import measure

UNITS = root.findall(".//{*}unit")
SPECIAL = [unit.attrib["Code"] for unit in UNITS if unit.get("isSpecial") == "yes"]
ARBITRARY = [unit.attrib["Code"] for unit in UNITS if unit.get("isArbitrary") == "yes"]
DEFINED = [
    (unit.attrib["Code"], value.attrib["Unit"], float(value.attrib["value"]))
    for unit in UNITS
    if unit.attrib["Code"] not in {*SPECIAL, *ARBITRARY} and (value := unit.find("{*}value")) is not None
]
OTHERWISE = {
    "mol": "kept as an amount of substance, not as the number 6.022e23",
    "eq": "an amount of charge: moles only with a valence",
    "osm": "an amount of particles: moles only with a dissociation",
    "[hnsf'U]": "a kind of its own, not the number 1",
    "[HPF]": "a kind of its own, not the number 1",
    "[LPF]": "a kind of its own, not the number 100",
    "[NTU]": "a kind of its own, not the number 1",
    "[FNU]": "a kind of its own, not the number 1",
    "bit": "a kind of its own, not the number 1",
    "ph": "the table says 1e-4 lx; a phot is 1e4 lx",
    "[in_br]": "British lengths of before 1959: pint has another inch",
    "[rd_br]": "British lengths of before 1959: pint has another rod",
    "[didot]": "printer's point: pint has 1/2660 m",
}


@pytest.mark.parametrize(("atom", "unit", "number"), DEFINED, ids=[atom for atom, _, _ in DEFINED])
def test_an_atom_is_what_ucum_defines_it_to_be(atom: str, unit: str, number: float) -> None:
    ours, defined = measure(atom), measure(unit)
    assert ours is not None
    assert defined is not None
    agrees = (ours.dimension, ours.kinds) == (defined.dimension, defined.kinds) and ours.factor == pytest.approx(
        defined.factor * number, rel=1e-6
    )
    assert agrees != (atom in OTHERWISE)


@pytest.mark.parametrize("atom", ARBITRARY)
def test_an_arbitrary_unit_converts_only_to_itself(atom: str) -> None:
    ours = measure(atom)
    assert ours is not None
    assert ours.kinds
    assert not ours.dimension


@pytest.mark.parametrize("atom", SPECIAL)
def test_a_unit_on_a_scale_of_its_own_is_never_converted_by_a_factor(atom: str) -> None:
    ours = measure(atom)
    assert ours is not None
    assert not ours.is_linear


def test_a_leading_slash_divides_by_the_next_unit_only() -> None:
    first, second = measure("/m.s"), measure("s/m")
    assert first is not None
    assert second is not None
    assert first.is_like(second)
