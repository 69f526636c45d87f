"""The error tree of `twin`.

    TwinError
    ├── ConfigurationError     settings or the environment are wrong
    ├── UnreadableInput        a file or body that no importer can read
    │   ├── TooLarge           beyond the configured bound
    │   ├── UnsupportedVersion a known format in a version that is not taken
    │   ├── NotAModelFile      (twin.forecast.model_file) something else than a fitted model
    │   └── DamagedModel       (twin.forecast.model_file) a model file that is not what was saved
    ├── TransactionRefused     (twin.intake) a bundle to be taken whole, and some of it can't be
    ├── BadAccount             (twin.store.accounts) an account can't be made as asked
    ├── BadToken               (twin.store.api_tokens) a token can't be made as asked
    ├── CannotLink             (twin.store.links) two records can't be linked, or their link not undone
    ├── AlreadyDecided         (twin.store.matching) somebody was faster with a pair of the review list
    ├── UnknownModel           (twin.store.models) no model of this version, or none to go back to
    ├── CannotServe            (twin.store.models) a model can't be put into this state
    ├── Stopped                the worker was told to end, and what it did is done again later
    ├── UnknownPatient         no patient has this id or identifier
    ├── UnknownKey             a signal, score, organ or rule of this name does not exist
    └── NoSuchMoment           a twin is asked for at a moment at which there is none

Messages name codes, places and reasons; never a patient's name or value.
"""


class TwinError(Exception):
    """Something in the twin could not be done."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (self.__doc__ or "").strip())


class ConfigurationError(TwinError):
    """The settings are wrong."""


class UnreadableInput(TwinError):
    """No importer can read this input."""


class TooLarge(UnreadableInput):
    """The input is larger than this instance accepts."""


class UnsupportedVersion(UnreadableInput):
    """The format is known, but not in this version."""


class Stopped(TwinError):
    """The worker was told to end; what it did is done again later."""


class UnknownPatient(TwinError):
    """No such patient."""


class UnknownKey(TwinError):
    """No such signal, score, organ or rule."""


class NoSuchMoment(TwinError, ValueError):
    """There is no twin of this patient at that moment."""
