"""What can go wrong while a recall is opened, changed or told to somebody?

AlertsError
├── BadTrigger          a trigger that contradicts itself
├── BadTransition       an action that the recall's state does not allow
├── BadDecision         a person's decision without what it needs
├── BadPolicy           a policy that contradicts itself
├── NoLongerWanted      the message was stopped before it left
└── ChannelError        a message did not leave; says whether trying again can help
    └── OutcomeUnknown  nobody can say whether the message left

Messages name ids, keys and reasons; never a patient's values or name.
"""


class AlertsError(Exception):
    """Something went wrong in alerts."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.__doc__)


class BadTrigger(AlertsError):
    """The trigger contradicts itself."""


class BadTransition(AlertsError):
    """The recall's state does not allow this action."""


class BadDecision(AlertsError):
    """The decision lacks what it needs, such as a known reason code."""


class BadPolicy(AlertsError):
    """The policy contradicts itself."""


class NoLongerWanted(AlertsError):
    """The message was stopped, or taken over by another worker, before it left."""


class ChannelError(AlertsError):
    """The message did not leave."""

    def __init__(self, message: str | None = None, *, permanent: bool) -> None:
        super().__init__(message)
        self.permanent = permanent


class OutcomeUnknown(ChannelError):
    """The line broke after the message was handed over: it may or may not have arrived."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message, permanent=False)
