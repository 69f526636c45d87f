"""What can be wrong with a CT, report or segmentation that is handed in, said so that a person understands it.

    ImagingError
    ├── SourceError             the file, folder or archive
    │   ├── NoImages            nothing there that is a CT image
    │   ├── BadArchive          the archive cannot be unpacked
    │   ├── TooLarge            more than the limits allow (a bomb, or far too much at once)
    │   └── DamagedCache        a kept volume is damaged or of another version
    ├── SeriesError             the series
    │   ├── MixedSeries         several patients or series where one was asked for
    │   ├── NotAVolume          a localiser, a single slice, several images at one place
    │   ├── IncompleteSeries    slices are missing
    │   ├── TiltedGantry        slices are shifted against each other
    │   └── BadHeader           a tag that is needed is missing or impossible
    ├── PixelError              the picture itself
    │   ├── UndecodablePixels   no pixel data, cut short, or an encoding that is not read
    │   └── LossyPixels         a compression that changes Hounsfield units too much to measure
    ├── BankError               the bank of annotated cases
    │   └── BadBank             a file is missing, was changed, or is of another version
    ├── NoSegmenter             a tool that draws organs is not installed, or gave nothing
    └── ReportError             a structured report or a segmentation
        ├── NotAReport          another kind of DICOM object, or none
        ├── ProtectedReport     its content is encrypted
        ├── DamagedReport       cut short, or not built as its kind must be
        └── ForeignLabels       labels that do not lie on this scan, or whose numbers nobody names

No message carries a patient's name, number or date: file names are given without their folders.
"""


class ImagingError(Exception):
    """The images could not be used."""

    code = "imaging"

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


class SourceError(ImagingError):
    """The file, folder or archive could not be read."""

    code = "source"


class NoImages(SourceError):
    """There is no CT image here."""

    code = "no_images"


class BadArchive(SourceError):
    """The archive is damaged, encrypted or of an unknown kind."""

    code = "bad_archive"


class TooLarge(SourceError):
    """There is more here than the limits allow."""

    code = "too_large"


class DamagedCache(SourceError):
    """The kept volume is damaged."""

    code = "damaged_cache"


class SeriesError(ImagingError):
    """The series is not one that can be used."""

    code = "series"


class MixedSeries(SeriesError):
    """Images of several patients or series are mixed; name the series that is meant."""

    code = "mixed_series"


class NotAVolume(SeriesError):
    """The images do not make a volume."""

    code = "not_a_volume"


class IncompleteSeries(SeriesError):
    """Slices are missing."""

    code = "incomplete_series"


class TiltedGantry(SeriesError):
    """The slices are shifted against each other (tilted gantry)."""

    code = "tilted_gantry"


class BadHeader(SeriesError):
    """A DICOM tag that is needed is missing or impossible."""

    code = "bad_header"


class PixelError(ImagingError):
    """The pixels could not be used."""

    code = "pixels"


class UndecodablePixels(PixelError):
    """The pixels cannot be decoded."""

    code = "undecodable_pixels"


class LossyPixels(PixelError):
    """The pixels were compressed with loss and no longer hold Hounsfield units."""

    code = "lossy_pixels"


class BankError(ImagingError):
    """The bank of annotated cases could not be used."""

    code = "bank"


class BadBank(BankError):
    """A file of the bank is missing, was changed, or is of another version."""

    code = "bad_bank"


class NoSegmenter(ImagingError):
    """The tool that draws organs is not installed."""

    code = "no_segmenter"


class ReportError(ImagingError):
    """The structured report or segmentation could not be used."""

    code = "report"


class NotAReport(ReportError):
    """This is no DICOM structured report or segmentation that is read here."""

    code = "not_a_report"


class ProtectedReport(ReportError):
    """The content of the report is encrypted."""

    code = "protected_report"


class DamagedReport(ReportError):
    """The file is damaged or cut short."""

    code = "damaged_report"


class ForeignLabels(ReportError):
    """The labels do not belong to this scan."""

    code = "foreign_labels"


def refusal(error: ImagingError) -> dict[str, dict[str, str]]:
    """Return what a program prints instead of a result: `{"refused": {"code", "reason"}}`."""
    return {"refused": {"code": error.code, "reason": str(error)}}
