"""Everything Vigil says no to. The docstring is the sentence people read; its catalogue entry is the Chinese one.

`status` is what the API answers. Details (which line, which value) are arguments and appear in the sentence.
"""


class Refusal(Exception):
    """This cannot be done."""

    status = 400

    def __init__(self, **details: object) -> None:
        self.details = details
        super().__init__(self.sentence())

    def sentence(self, translate=lambda text: text) -> str:
        return translate(" ".join((self.__doc__ or "").split())).format(**self.details)


class NotFound(Refusal):
    """There is no such thing, or it is not yours to see."""

    status = 404


class NotPermitted(Refusal):
    """Your role does not permit this: {verb}."""

    status = 403


class Conflict(Refusal):
    """Somebody else changed this a moment ago. Reload the page and look again."""

    status = 409


class AlreadyDone(Refusal):
    """This was done already."""

    status = 409


class SameKeyOtherContent(Refusal):
    """This form was sent before with other content. Open it anew to send a correction."""

    status = 409


class Missing(Refusal):
    """Please fill in: {field}."""


class FourEyes(Refusal):
    """A second person must decide this; you made the request yourself."""

    status = 403


class BadMapping(Refusal):
    """The mapping cannot be used. {where}: {problem}"""


class BadRule(Refusal):
    """The rule cannot be used. {where}: {problem}"""


class BadDate(Refusal):
    """"{value}" is not a date. Write it like 2026-11-23."""


class NothingToLoad(Refusal):
    """Nothing to load at {path}: expected a folder named like 20261120, a folder of such folders, or a feed file."""

    status = 404


class UnknownSource(Refusal):
    """No mapping is in force for the source "{source}". Known sources: {known}."""

    status = 404


class FeedStopped(Refusal):
    """The feed of {date} was stopped before anything was published: {reasons}"""

    status = 409


class NightIsPast(Refusal):
    """The night of {date} is past: {last} was done already. Nights go forward only."""

    status = 409


class Busy(Refusal):
    """Another process is doing this right now ({job}). Try again when it has finished."""

    status = 409


class SignInFailed(Refusal):
    """User name or password is wrong, or the account is locked. After five wrong tries wait 15 minutes."""

    status = 401
