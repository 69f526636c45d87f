"""Why could something not be measured on a CT, in the reader's language? Reasons arrive as English sentences.

What `imaging` can say is listed as texts with blanks: a reason that fits one is said in that text's translation, part
by part where it has several. What fits none is shown as it arrived, never hidden.
"""

import re
from collections.abc import Mapping
from functools import cache

from twin.web.dashboard.ct_words import CONTRAST, NODULE_KIND, ORGANS, organ
from twin.web.dashboard.names import N_, Translate

REASONS: tuple[str, ...] = (
    N_("contrast was given (%(reason)s)"),
    N_("contrast was given: in the veins it can be as dense as metal"),
    N_("contrast raises the values (%(reason)s)"),
    N_("contrast is not known (%(reason)s)"),
    N_("%(organ)s %(hu)s HU"),
    N_("no vessel is labelled and the tag is missing"),
    N_("by the tag only; no vessel is labelled"),
    N_("no vessel is labelled"),
    N_("by the tag only"),
    N_("the tag names contrast, the pixels say %(said)s (%(reason)s)"),
    N_("the tag says there is none, the pixels say %(said)s (%(reason)s)"),
    N_("the pixels are believed"),
    N_("slices of %(mm)s mm, at most %(most)s mm can be used"),
    N_("slices of %(mm)s mm, best at most %(most)s mm"),
    N_("slices of %(mm)s mm are too thick to tell the vertebrae apart"),
    N_("slices of %(mm)s mm can't be averaged to about 3 mm"),
    N_("slices of %(mm)s mm"),
    N_("the score stands for 3 mm"),
    N_("the slices are %(thick)s mm thick but %(apart)s mm apart: what lies between was not seen"),
    N_("the tube voltage is not known"),
    N_("taken as 120 kVp"),
    N_("taken at %(kvp)s kVp, thresholds stand for 120 kVp"),
    N_("taken at %(kvp)s kVp instead of 120 kVp"),
    N_("sharp kernel %(kernel)s: noise and edges cross the thresholds"),
    N_("sharp kernel %(kernel)s: edges overshoot"),
    N_("the kernel %(kernel)s is not known here"),
    N_("the pixels were compressed with loss"),
    N_("slices were interpolated, which lowers the peaks that are scored"),
    N_("slices were interpolated, which smooths them"),
    N_("the lungs are not whole in this series"),
    N_("the lungs are not whole: the share is of the part that was scanned"),
    N_("the heart is not whole in this series"),
    N_("the heart is not whole: the score is a lower bound"),
    N_("there is no body in the scan"),
    N_("the air in the chest is no pair of lungs: a phantom, or lungs that are cut open"),
    N_("nothing is drawn: %(reason)s"),
    N_("no trachea was found: the scan does not reach it, or it is not filled with air"),
    N_("no aerated lung is in the scan"),
    N_("no aerated lung was found on this side"),
    N_("no aerated lung was found: nothing was screened"),
    N_("no aerated lung in the current scan"),
    N_("no aerated lung in the earlier scan"),
    N_("no spine to look beside was found"),
    N_("no spine was found"),
    N_("no round vessel was found beside the spine over 35 mm"),
    N_("no large even organ lies on the right under the diaphragm: not in the scan, or not even"),
    N_("no even organ lies at the left chest wall under the diaphragm"),
    N_("the heart is looked for between two lungs, which are not both in the scan"),
    N_("no mass of a heart's size lies between the lungs"),
    N_("the canal of the spine was not found"),
    N_("fewer than two discs were told from the vertebrae"),
    N_("the scan does not show a lowest pair of ribs with a vertebra's height of spine below it"),
    N_("the lowest ribs do not begin at one vertebra: the level may be one off"),
    N_("its middle is not in the scan"),
    N_("not counted: %(reason)s"),
    N_("nothing is labelled"),
    N_("nothing was screened"),
    N_("%(organ)s is not labelled"),
    N_("no %(organ)s here"),
    N_("no lung"),
    N_("no level is labelled"),
    N_("no pancreas label: our own segmenter does not draw it"),
    N_("no gullet label: our own segmenter does not draw it"),
    N_("psoas and back muscles are not labelled: our own segmenter does not draw them"),
    N_("no duct over %(mm)s mm is seen"),
    N_("no part over %(mm)s mm differs from the gland"),
    N_("nothing but airways is labelled as lung"),
    N_("no nodule is labelled"),
    N_("name a place to have one measured"),
    N_("too little of it lies more than %(mm)s mm inside"),
    N_("too little of the aorta is in the scan"),
    N_("the aorta is cut off by the end of the scan here"),
    N_("the aorta is not labelled: its calcium could not be told from the coronaries'"),
    N_("the airways are not labelled: their gas can't be told from free gas"),
    N_("the ribs do not outline the chest in this scan"),
    N_("the ribs do not outline the chest"),
    N_("the heart is cut off by the end of the scan"),
    N_("the %(organ)s is cut off by the end of the scan"),
    N_("the vertebra is cut off by the end of the scan"),
    N_("no vertebral body of usual size lies in the label"),
    N_("too few voxels lie inside the vertebral body"),
    N_("vertebra L3 is cut off by the end of the scan: the slice lies up to half its height off its middle"),
    N_("the trunk is cut off at the side"),
    N_("the chest is cut off at the side"),
    N_("lung is seen on one side only"),
    N_("the mask is empty"),
    N_("the mask is too small to have a middle line"),
    N_("the mask is not cut at this place"),
    N_("the place lies outside the scan"),
    N_("the place lies outside the volume"),
    N_("there is only aerated lung here"),
    N_("what is here is too small to be drawn"),
    N_("nothing was drawn"),
    N_("in the current scan: %(reason)s"),
    N_("the earlier scan is not earlier than the current one"),
    N_("the two scans could not be laid on each other (likeness %(n)s)"),
    N_("no nodule at this place in the earlier scan: new, or too small or faint to be drawn then"),
    N_("the nodule is not whole in one of the scans"),
    N_("its type changed from %(before)s to %(after)s"),
    N_("the scanner changed from %(before)s to %(after)s"),
    N_("the kernel changed from %(before)s to %(after)s"),
    N_("the tube voltage changed from %(before)s to %(after)s"),
    N_("contrast changed from %(before)s to %(after)s"),
    N_("the slices changed from %(before)s to %(after)s mm"),
    N_("it goes on beyond the series"),
    N_("smaller than two slices: its volume may be off by half (%(reason)s)"),
    N_("spheres planted in slices of 5 mm"),
    N_("depends on how deep the breath was, which CT does not tell"),
    N_("valve and pericardial calcium, stents and clips count too"),
    N_("calcium of the aortic valve counts in part"),
    N_("completed from the image: the mask leaves out enhanced blood beside it here"),
    N_("with contrast the value tells the phase, not the gland"),
    N_("tried on drawn data only: look at it"),
    N_("scaled by %(mm)s / 3 mm"),
    N_("%(count)s slice(s) missing inside the series (distance %(mm)s mm)"),
    N_("a gap of %(gap)s mm between slices %(mm)s mm apart"),
    N_("a single slice is not a volume"),
    N_("the slices are shifted sideways against each other"),
    N_("the slices are shifted as if the gantry was tilted by %(deg)s degrees: impossible"),
    N_("the slices of this series are not parallel to one another"),
    N_("the image orientation (0020,0037) is not two perpendicular directions"),
    N_("the series holds images of more than one patient"),
    N_("the series holds no slices, only %(kinds)s"),
    N_("the images of the series differ in size or pixel spacing"),
    N_("the positions of the images are told in different frames of reference"),
    N_("the pixel spacing (0028,0030) is not positive"),
    N_("there is no pixel data"),
    N_("several different images lie at one place (phases?)"),
    N_("this is not one volume"),
    N_("a file could not be read and the slices left are unevenly spaced"),
    N_("JPEG with loss (8 or 12 bit) does not keep Hounsfield units"),
    N_("send it uncompressed"),
    N_("a colour picture is not a CT slice"),
    N_("the grey scale is not MONOCHROME2"),
    N_("the pixel values are not in Hounsfield units (rescale type)"),
    N_("the rescale intercept (0028,1052) is missing: Hounsfield units are unknown"),
    N_("the rescale slope (0028,1053) is impossible"),
    N_("the tag %(tag)s is missing or not a number"),
    N_("the pixels cannot be decoded"),
    N_("images of several patients lie here"),
    N_("name the series that is meant"),
    N_("the gantry was tilted by %(deg)s degrees"),
    N_("the slices were shifted straight and interpolated"),
    N_("a fault of ours: %(error)s"),
    N_("psoas and back muscles are not labelled"),
    N_("drawn by place and density, with quadratus lumborum: %(share)s more than labels held on the one scan tried"),
    N_("the scan does not show the heart's lower end at the diaphragm"),
    N_("contrast: %(before)s before, %(after)s now"),
    N_("with contrast the value tells the phase, not the kidney"),
    N_("no oval of a kidney's size lies beside the spine"),
    N_("it runs into its neighbours: no fat is seen between them"),
    N_("drawn by place and density: %(share)s more than labels held of the three kidneys tried"),
)
_SAID = {**NODULE_KIND, **CONTRAST}
_BLANK = re.compile(r"%\\\((\w+)\\\)s")  # as `re.escape` leaves it


def in_words(reason: str, gettext: Translate) -> str:
    """Return a reason of `imaging` in the reader's language; what is not known there stays as it is.

    Example:
        >>> in_words("contrast was given (aorta 180 HU); the mask is empty", lambda text: text)
        'contrast was given (aorta 180 HU); the mask is empty'
    """
    return _said(reason, gettext) or "; ".join(_part(each, gettext) for each in reason.split("; "))


def _part(reason: str, gettext: Translate) -> str:
    said = _said(reason, gettext)
    if said is not None:
        return said
    concerned, colon, rest = reason.partition(": ")
    if colon and _key(concerned) in ORGANS:
        return f"{organ(_key(concerned), gettext)}: {_part(rest, gettext)}"
    return reason


def _said(reason: str, gettext: Translate) -> str | None:
    for text, pattern in _patterns():
        found = pattern.fullmatch(reason)
        if found is not None and _fits(found.groupdict()):
            return gettext(text) % {name: _blank(name, told, gettext) for name, told in found.groupdict().items()}
    return None


def _fits(blanks: Mapping[str, str]) -> bool:
    return "organ" not in blanks or _key(blanks["organ"]) in ORGANS


def _blank(name: str, told: str, gettext: Translate) -> str:
    if name == "reason":
        return in_words(told, gettext)
    if name == "organ":
        return organ(_key(told), gettext)
    return gettext(_SAID[told]) if told in _SAID else told


def _key(name: str) -> str:
    return name.replace(" ", "_")


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((text, re.compile(_BLANK.sub(r"(?P<\1>.+?)", re.escape(text)))) for text in REASONS)
