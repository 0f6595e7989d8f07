"""Everything Vigil says no to. The docstring is the sentence people read; its catalogue entry is the Chinese one.

`status` is what the API answers. Details (which line, which value) are arguments and appear in the sentence.
"""

import secrets

from db.told import Told


class Refusal(Told):
    """This cannot be done."""

    status = 400


class NotFound(Refusal):
    """There is no such thing, or it is not yours to see."""

    status = 404


class NothingToPrint(Refusal):
    """No check was due or made there in these days: there is nothing to print."""

    status = 404


class NotPermitted(Refusal):
    """Your role does not permit this: {verb}."""

    status = 403


class OnlyLooking(Refusal):
    """You are only looking here: nothing can be changed. Go back to yourself first."""

    status = 403


class NotToBeLookedAs(Refusal):
    """One can look as a branch head, a relationship manager or an inspector who holds that role today."""

    status = 403


class Conflict(Refusal):
    """Somebody else changed this a moment ago. Reload the page and look again."""

    status = 409


class AlreadyDone(Refusal):
    """This was done already."""

    status = 409


class BadQuery(Refusal):
    """The query cannot be run: {problem}"""


class BadReport(Refusal):
    """This cannot be asked: {problem}"""


class NoSuchReport(Refusal):
    """There is no report "{name}". Without a name, the command lists those there are."""

    status = 404


class NoRole(Refusal):
    """Whoever bears the staff number {number} holds no role today, and so sees nothing."""


class UnknownNumber(Refusal):
    """Nobody at the bank bears the staff number {number}. To add the person by hand: python -m engine account NUMBER --name NAME"""

    status = 404


class NoRoleByPost(Refusal):
    """The post of staff number {number} means no role. Say which it is to be: python -m engine account NUMBER --role ROLE"""


class OtherRole(Refusal):
    """Staff number {number} holds another role already. It is changed on the person's page, where a second person decides."""


class TooManyRows(Refusal):
    """These are {rows} rows. More than {limit} need a second person: say what you need them for."""


class FileGone(Refusal):
    """This file is not there, not yours, or deleted already. Export it again."""

    status = 404


class NameTaken(Refusal):
    """You have a report named "{name}" already. Choose another name."""

    status = 409


class TooManyCells(Refusal):
    """The table would have more than {most} figures. Split it by less, or narrow it."""


class TookTooLong(Refusal):
    """The answer takes longer than {seconds} seconds. Shorten the period, or narrow it."""


class TooSoon(Refusal):
    """A change comes into force on a day after today ({date}), so that nothing already done is touched."""


class AlreadyWaiting(Refusal):
    """A change of this is waiting for a decision already. Have it decided first."""

    status = 409


class NotAnOfficer(Refusal):
    """Todos go to relationship managers and inspectors who are still with the bank."""


class OtherBranches(Refusal):
    """Only head office hands over from one branch to another. Choose people of your own branches."""

    status = 403


class ToHimself(Refusal):
    """Whoever hands over, or is away, cannot be the one who receives or stands in."""


class NobodyBears(Refusal):
    """Nobody bears the staff number {number}, or ever did."""

    status = 404


class NothingToHandOver(Refusal):
    """There is nothing to hand over: of what was chosen this person holds nothing that you may move."""

    status = 409


class StalePreview(Refusal):
    """What is to be handed over has changed since you looked at it. Look at the preview again."""

    status = 409


class ChosenHaveChanged(Refusal):
    """The chosen todos have changed since you looked at them. Look at the preview again."""

    status = 409


class NothingToDo(Refusal):
    """Of the chosen todos this can be done to none. The preview says why."""

    status = 409


class BadList(Refusal):
    """A list has one number of a customer or a loan a line, in its first column, and at most {most} lines."""


class UnreadableList(Refusal):
    """The list cannot be read. Save it as Excel (.xlsx) or as CSV, and choose it again."""


class NobodyToCheck(Refusal):
    """There is no customer with a live loan among those chosen whom you may have checked."""


class NotBackInTime(Refusal):
    """A check cannot fall due on a day that is over."""


class CannotBeUndone(Refusal):
    """What was done there cannot be taken back."""


class BadPeriod(Refusal):
    """The days do not fit: it begins today or later, and does not end before it begins."""


class NightIsRunning(Refusal):
    """The nightly run or a load is at work on the same rows. Try again when it is done."""

    status = 409


class MakerHasGone(Refusal):
    """Whoever arranged this may no longer hand over. Arrange it anew."""

    status = 409


class AwayAlready(Refusal):
    """One of the two is away on some of these days already. Look at the list of absences."""

    status = 409


class YourOwnAnswer(Refusal):
    """You answered this signal yourself: a colleague looks at the answer and closes it."""

    status = 403


class TakenByAnother(Refusal):
    """Somebody else has taken this in hand; only that person can answer."""

    status = 403


class OnesOwn(Refusal):
    """Nobody reviews a check of his own."""

    status = 403


class JudgedBefore(Refusal):
    """You have judged this check before; somebody else takes the second look."""

    status = 403


class NothingToDraw(Refusal):
    """No completed check is like this, or none is to be drawn. Widen what is drawn from."""


class TooManyToDraw(Refusal):
    """{n} checks are no sample. Draw {most} at most."""


class OnlyOnce(Refusal):
    """An appeal can be made once, after a decision and by the officer concerned."""

    status = 409


class SecondPerson(Refusal):
    """Whoever decided first does not decide about the appeal."""

    status = 403


class SameKeyOtherContent(Refusal):
    """This form was sent before with other content. Open it anew to send a correction."""

    status = 409


class Missing(Refusal):
    """Please fill in: {field}."""


class TooShort(Missing):
    """Please fill in: {field}, at least {least} characters."""


class TooLong(Refusal):
    """This text is too long: at most {most} characters."""


class NoPhone(Refusal):
    """ "{value}" is no phone number. Write a mobile number of 11 digits, or a landline with its area code."""


class FormIncomplete(Refusal):
    """The form is not ready yet. {problems}"""


class NoForm(Refusal):
    """No form is in force for this kind of check. Head office must publish one."""

    status = 409


class TooLight(Refusal):
    """This todo wants a visit; a call does not discharge it."""

    status = 409


class DraftTooLarge(Refusal):
    """The form holds more than it can. Shorten the texts."""

    status = 413


class PhotoTooLarge(Refusal):
    """A photo may have at most {megabytes} MB, a check at most {most} photos."""

    status = 413


class PhotosMissing(Refusal):
    """{n} photos have not arrived yet. The check can be sent when they have."""

    status = 409


class MorePhotos(Refusal):
    """This check needs at least {needed} photos."""


class WhyAway(Refusal):
    """The position lies {distance} m from the marked address: say why the visit was not made there."""


class Unreadable(Refusal):
    """What was sent cannot be read. {where}: {problem}"""


class NothingSeen(Refusal):
    """Nobody was met or reached: the conclusion can only be that it could not be checked."""


class NoCall(Refusal):
    """A phone check needs a call: dial, then say what became of it."""


class WhoIsIt(Refusal):
    """The borrower's identity must be verified by at least {needed} questions before the call counts as his own."""


class QuietHours(Refusal):
    """No collection calls between {start}:00 and {end}:00."""

    status = 409


class EnoughCalls(Refusal):
    """This debtor was spoken to {most} times today already; more calls are not permitted."""

    status = 409


class NoRound(Refusal):
    """No round is planned for this day yet. Plan it first."""

    status = 409


class NotHisInspector(Refusal):
    """Only an inspector of the customer's own branch, or of one above or below it, can be named."""


class NotYourCustomer(Refusal):
    """Only who manages a customer, or the head of the branch, names the inspector."""

    status = 403


class BadPoint(Refusal):
    """This is no place on the map of China: {lat}, {lon}. Check the numbers and their datum."""


class NoCoordinates(Refusal):
    """No pair of coordinates was found in the text. Paste something like 125.3245, 43.8868."""


class TooVague(Refusal):
    """The position is accurate to {accuracy} m only; at most {limit} m are accepted. Step outside and try again, or tap the map."""


class SameLevel(Refusal):
    """The customer has this level already."""


class NoSuchForm(Refusal):
    """The form chosen is not in force for checks made this way. Choose another one."""


class NoRuleGoverns(Refusal):
    """No rule in force asks for this kind of check of this loan, so there is no cycle to adjust."""


class AskedOnce(Refusal):
    """This check is made once and has no cycle. Only how it is made can be adjusted."""


class LighterThanTheRule(Refusal):
    """The rule wants a heavier check. How it is made can only be made heavier for one loan."""


class TooLax(Refusal):
    """For one loan a cycle may be at most {longest} times as long as the rule's. Choose a shorter one."""


class SameAsTheRule(Refusal):
    """The rule asks for just this already."""


class LaxerNeedsAnEnd(Refusal):
    """A longer cycle than the rule's needs a last day, a year from today at the latest."""


class Stale(Refusal):
    """What this request was based on has changed since. Refuse it, and have it asked anew."""

    status = 409


class NoMark(Refusal):
    """The customer's address is not marked on the map, so no round can lead there. Mark it first, or go by the address."""

    status = 409


class BadBranchCode(Refusal):
    """The code of a branch has 2 to 20 letters and digits."""


class BranchCodeTaken(Refusal):
    """There is a branch with the code {code} already, perhaps a closed one."""


class BranchHolds(Refusal):
    """{name} still has {staff} people, {customers} customers, {todos} open todos, {signals} open signals and {branches} branches
    below it. Merge it into another branch instead."""

    status = 409


class BelowItself(Refusal):
    """A branch cannot go below or into itself or one below it."""


class TopBranch(Refusal):
    """The branch on top of all is neither moved nor closed."""


class BranchIsClosed(Refusal):
    """{name} is closed."""


class NumberBorne(Refusal):
    """Somebody present bears the staff number {number} already. Look for it in the list."""


class BadStaffNumber(Refusal):
    """A staff number has 2 to 20 letters and digits."""


class HeldAlready(Refusal):
    """This is so already: nothing would change."""


class NotOneself(Refusal):
    """Nobody does this to himself. Somebody else of your office must."""


class BadLeavingDay(Refusal):
    """The first day on which somebody is no longer with the bank is today or earlier, and not before he joined."""


class OfTheFeeds(Refusal):
    """A feed lists this person: what it says is corrected at its source, and comes with the next files."""

    status = 409


class NoStart(Refusal):
    """There is nowhere to set out from: no position, and nobody to visit has a marked address."""

    status = 409


class NoSuchHour(Refusal):
    """An appointment is on the day itself, in steps of minutes: {value} is not."""


class NotInChina(Refusal):
    """This point is not in China: {value}. Write latitude, then longitude, like 43.88, 125.32."""


class NobodyToShare(Refusal):
    """Nobody is chosen, or none of those chosen has an open visit until that day."""


class SharingWaits(Refusal):
    """Visits of this branch are being shared out already. Apply or drop that first."""

    status = 409


class Superior(Refusal):
    """Who asked stands above you; somebody of at least the same rank must decide."""

    status = 403


class TooManyRequests(Refusal):
    """Too many requests from here. Wait a minute."""

    status = 429


class FourEyes(Refusal):
    """A second person must decide this; you made the request yourself."""

    status = 403


class BadMapping(Refusal):
    """The mapping cannot be used. {where}: {problem}"""


class BadRule(Refusal):
    """The rule cannot be used. {where}: {problem}"""


class NoSampleFits(Refusal):
    """None of the files is called as the mapping says. It expects: {names}."""


class SamplesTooLarge(Refusal):
    """Sample files may have {most} MB together. Cut them: a few hundred lines tell as much."""


class NoSuchDays(Refusal):
    """Choose from one to {most} days, of which at least one would change."""


class PartOfProduct(Refusal):
    """This belongs to a new or changed product and is decided with it, on the page of products."""

    status = 409


class NamedInFiles(Refusal):
    """The files that bring its loans name this product "{name}". Under another name they would not find it."""


class OtherSource(Refusal):
    """The loans of this product come with the files of {source}; choose that source."""


class BadForm(Refusal):
    """The form cannot be used. {where}: {problem}"""


class BadDate(Refusal):
    """ "{value}" is not a date. Write it like 2026-11-23."""


class UnknownFilter(Refusal):
    """The address asks for {label} "{value}", which does not exist or is not yours to see. It was left out; choose again above."""


class NothingToLoad(Refusal):
    """Nothing to load at {path}: expected a folder named like 20261120, a folder of such folders, or a feed file."""

    status = 404


class NoDateInName(Refusal):
    """The name {name} does not say the business date. Give it: --as-of 2026-11-20."""


class CannotRead(Refusal):
    """{path} cannot be read: {problem}. Whoever runs Vigil needs the right to read it and all folders above it."""


class UnknownSource(Refusal):
    """No mapping is in force for the source "{source}". Known sources: {known}."""

    status = 404


class NightIsPast(Refusal):
    """The night of {date} is past: {last} was done already. Nights go forward only."""

    status = 409


class HalfPlanted(Refusal):
    """Planting the demo bank was cut off here. Plant it again with: python -m engine seed --anew"""

    status = 409


class NotADemo(Refusal):
    """This store holds a bank that is no demo, or lies on a server of your own; nothing was removed. Drop the database
    yourself, or set VIGIL_HOME to a new folder."""

    status = 409


class NotEmpty(Refusal):
    """This store holds a bank already. Plant the demo bank in an empty one: set VIGIL_HOME to a new folder."""

    status = 409


class SignInFailed(Refusal):
    """User name or password is wrong, or the account is locked. After five wrong tries wait 15 minutes."""

    status = 401


class NotSignedIn(Refusal):
    """You are not signed in, or your session has ended. Please sign in again."""

    status = 401


class NotFromHere(Refusal):
    """This request did not come from a page of ours."""

    status = 403


class MustChangePassword(Refusal):
    """Please change your password first."""

    status = 403


class TicketSpent(Refusal):
    """This sign-in was completed already, or took too long. Please sign in again."""

    status = 401


class WeakPassword(Refusal):
    """A password needs at least {length} characters of at least {kinds} kinds (capital letters, small letters, digits,
    signs) and must not contain the user name."""


class SamePassword(Refusal):
    """The new password must differ from the present one."""


class PasswordsDiffer(Refusal):
    """The two new passwords are not the same."""


class WrongPassword(Refusal):
    """The present password is wrong. After five wrong tries wait 15 minutes."""

    status = 403


class AccountTaken(Refusal):
    """This person has an account already, or somebody else has the user name "{username}"."""

    status = 409


class BadUsername(Refusal):
    """A user name has 2 to 64 letters, digits, dots, hyphens or underscores."""


class UnknownWish(Refusal):
    """There is no such preference: {name} = {value}."""


class Unexpected(Refusal):
    """Something went wrong that should not have. Tell whoever runs Vigil this number: {reference}."""

    status = 500

    @classmethod
    def numbered(cls) -> "Unexpected":
        """With a number that finds the details in the log."""
        return cls(reference=secrets.token_hex(4).upper())
