"""Are there lumps in the lungs of more than 1 cm?

It misleads as screening does: vessels, scars and the hilum are outlined too, and most lumps under 6 mm are missed.
"""

from imaging.findings.base import of_lumps

FINDER = of_lumps(
    key="nodulegr1cm",
    looks_for="lumps in the lungs of more than 10 mm",
    over_mm=10.0,
    most_mm=30.0,  # the name of the label that this key is from; up to the size of a mass
)
