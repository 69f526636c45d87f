"""Where the HU scale is in doubt, no finder says anything: all of them cut at HU."""

from types import SimpleNamespace

from imaging.absent import Absent
from imaging.scale import UNCHECKED
from twin.scan.measuring import _looked_for


def test_no_finder_looks_at_values_that_may_be_no_hu() -> None:
    doubt = f"{UNCHECKED}: no air is in the picture"
    told = SimpleNamespace(volume=SimpleNamespace(provenance=SimpleNamespace(warnings=("a gap", doubt))))
    looked = dict(_looked_for(told, lambda stage: None))
    assert len(looked) > 20
    assert set(looked.values()) == {Absent(reason=doubt)}
