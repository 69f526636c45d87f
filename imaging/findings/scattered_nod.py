"""Are there several lumps in the lungs?

It misleads as screening does: vessels, scars and the hilum are outlined too, and most lumps under 6 mm are missed.
"""

from imaging.findings.base import of_lumps

FINDER = of_lumps(
    key="scattered_nod",
    looks_for="three or more lumps in the lungs of 3 to 30 mm",
    least_mm=3.0,
    most_mm=30.0,
    least_count=3,  # three: fewer are told one by one as nodules
)
