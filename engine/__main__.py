"""The command line: python -m engine load | night | explain | handover | file | monthly | seed | serve | query | report | plan | presence | photos | bench | doctor

With --json one JSON object goes to stdout; everything for people goes to stderr.
"""

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

from db import access, branches, feeds, settings, staff, store
from db.access import MACHINE, Person
from db.files import Span
from db.told import Told
from db.vocab import Role
from engine import (
    acts,
    bench,
    clock,
    doctor,
    explain,
    exports,
    first_accounts,
    handover,
    night,
    opening,
    presence,
    query,
    refusals,
    reports,
    route,
    scheduler,
    sign_in,
    words,
)
from engine.demo import seed, story
from engine.feed import load, mapping
from engine.papers import inspection, monthly, volumes
from engine.photos import moving
from engine.presence import read
from engine.route import reading
from engine.visits import pictures
from engine.words import _


def main(arguments: list[str] | None = None) -> int:
    """The command's exit status: 0 done, 1 refused or stopped, 2 wrong usage."""
    given = _parser().parse_args(arguments)
    try:
        words.language.set(settings.language())
        with store.in_words():
            if given.run not in (_plan, _presence, _photos, _seed):  # they need no bank, or open it themselves
                opening.open_store()
            return given.run(given)
    except Told as no:
        return _refused(given, no.sentence(_))


def _refused(given: argparse.Namespace, sentence: str) -> int:
    if getattr(given, "json", False):
        print(json.dumps({"error": sentence}, ensure_ascii=False))
    print(sentence, file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m engine", description="Vigil's engine")
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name: str, run, help: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=help, description=f"{help[0].upper()}{help[1:]}.")
        sub.add_argument("--json", action="store_true", help="one JSON object on stdout")
        sub.set_defaults(run=run)
        return sub

    _book(command)
    sub = command("handover", _handover, "hand a portfolio over to colleagues, split by place and load; or take one back")
    sub.add_argument("--from", dest="giver", metavar="STAFF", help="whose: a staff number")
    sub.add_argument("--to", metavar="STAFF[,STAFF]", help="to whom")
    sub.add_argument("--undo", type=int, metavar="ID", help="give back, row by row, what nobody changed since")
    sub.add_argument("--on", type=_day, metavar="YYYY-MM-DD", help="takes effect on this day; default: today, at once")
    sub.add_argument("--until", type=_day, metavar="YYYY-MM-DD", help="last day of a temporary handover")
    sub.add_argument("--reason", default="by command line", help="why; it stands in the trail")
    sub = command("seed", _seed, "plant the demo bank in an empty store")
    sub.add_argument("--scale", type=float, default=1.0, help="1: the case study's size")
    how = sub.add_mutually_exclusive_group()
    how.add_argument("--if-empty", action="store_true", help="leave a bank that is there; finish a planting that was cut off")
    how.add_argument("--anew", action="store_true", help="remove the demo bank of the embedded store first")
    command("serve", _serve, "the scheduler, without the app")
    _asking(command)
    sub = command("plan", _plan, "a day's round: which visits, in which order")
    sub.add_argument("path", type=Path, help="JSON: day_minutes, minutes, stops")
    sub = command("presence", _presence, "grade one check-in")
    sub.add_argument("path", type=Path, help="JSON: address, fix, received_at, previous, recent")
    _papers(command)
    command("photos", _photos, "move photos from VIGIL_PHOTOS_BEFORE to VIGIL_PHOTOS; may be stopped and run again")
    sub = command("account", _account, "open one of the first accounts, with a password for one sign-in")
    sub.add_argument("number", metavar="STAFF", help="a staff number; the user name is the same")
    sub.add_argument(
        "--role",
        type=Role,
        choices=[role for role in Role if role is not Role.MACHINE],
        help="for whom the post in the staff file means none",
    )
    sub.add_argument("--name", help="of somebody whom no feed lists, who is added at the head office")
    sub.add_argument("--reset", action="store_true", help="a new password for an account that is there")
    command("doctor", _doctor, "is everything as it should be")
    sub = command("bench", _bench, "measure on a scratch database of the same server, beside the floor of the same run")
    sub.add_argument(
        "name", nargs="+", choices=sorted(bench.MEASURES), help="what is measured; docs/performance.md says how each is read"
    )
    sub.add_argument("--scale", type=float, default=1.0, help="1: the case study's size")
    return parser


def _book(command: Callable) -> None:
    sub = command("load", _load, "load a folder YYYYMMDD, a folder of such folders, or a feed file")
    sub.add_argument("path", type=Path, help="where it lies")
    sub.add_argument("--source", metavar="NAME", help="only this source's mapping")
    sub.add_argument("--as-of", type=_day, metavar="YYYY-MM-DD", help="the business date, when the name does not say it")
    sub.add_argument(
        "--try",
        dest="mapping",
        type=Path,
        metavar="MAPPING.yaml",
        help="rehearse with this mapping: say what it would do, keep nothing",
    )
    sub = command("night", _night, "the whole night, idempotent; catches up missed days")
    sub.add_argument("--date", type=_day, metavar="YYYY-MM-DD", help="up to this business date; default: the latest feed")
    sub = command("explain", _explain, "why a loan has a todo, or none")
    sub.add_argument("loan_no", help="the loan's number, as the core system writes it")
    sub.add_argument("--date", type=_day, metavar="YYYY-MM-DD", help="as of this day; default: the latest business date")


def _asking(command: Callable[..., argparse.ArgumentParser]) -> None:
    """The commands that only read."""
    sub = command("query", _query, "a read-only SELECT, as the auditor")
    sub.add_argument("statement", help="one SELECT; it changes nothing, whatever it says")
    sub = command("report", _report, "a report by its code, as the auditor or as somebody of the bank")
    sub.add_argument("name", nargs="?", help="without one: which there are")
    sub.add_argument("--as", dest="reader", metavar="STAFF", help="a staff number: counted among what this person may see")
    sub.add_argument("--xlsx", type=Path, metavar="FILE", help="write it as an Excel file")


def _papers(command: Callable) -> None:
    sub = command("file", _file, "the inspection file of a loan or a branch, as PDF")
    sub.add_argument("loan_no", nargs="?", help="of a loan; else --branch")
    sub.add_argument("out", type=Path, help="OUT.pdf; a branch of several volumes: OUT-01.pdf, OUT-02.pdf, …")
    sub.add_argument("--branch", metavar="CODE", help="of a branch and those under it")
    sub.add_argument("--from", dest="since", type=_day, metavar="YYYY-MM-DD", help="first day; default: from the beginning")
    sub.add_argument("--to", dest="until", type=_day, metavar="YYYY-MM-DD", help="last day; default: today")
    sub = command("monthly", _monthly, "the monthly post-loan report, as PDF")
    sub.add_argument("month", type=_month, help="such as 2026-10")
    sub.add_argument("out", type=Path, help="OUT.pdf")
    sub.add_argument("--branch", metavar="CODE", help="of a branch and those under it; default: the bank")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(refusals.BadDate(value=text).sentence(_)) from None


def _month(text: str) -> date:
    return _day(f"{text}-01")


def _load(given: argparse.Namespace) -> int:
    begun = time.monotonic()
    if given.mapping:
        reports = load.rehearse(mapping.from_file(given.mapping), given.path, given.as_of)
    else:
        reports = load.load(given.path, given.source, given.as_of)
    with access.reading(MACHINE) as conn:
        totals = feeds.book_totals(conn)
    answer = _load_answer(reports, totals, time.monotonic() - begun)
    stops = [words.reason(stop) for report in reports for stop in report.stops]
    waiting = [report.source for report in reports if report.waiting]
    if stops:
        answer["error"] = _("Stopped before anything was published: {0}").format(_("; ").join(stops))
    elif waiting:
        answer["error"] = _("Not complete yet, nothing loaded: {0}").format(", ".join(waiting))
    _tell(given, answer, _load_lines(reports))
    return 1 if stops or waiting else 0


def _load_answer(reports: list[load.Report], totals: dict, seconds: float) -> dict:
    tables: dict[str, dict[str, int]] = {}
    for report in reports:
        for name, counts in report.files.items():
            if not report.stops:
                summed = tables.setdefault(name, dict.fromkeys(("rows", "loaded", "unchanged", "quarantined"), 0))
                for key in summed:
                    summed[key] += getattr(counts, key)
    balance = Decimal(totals.pop("balance_fen")) / 100
    return {
        "business_date": reports[-1].day.isoformat(),
        "tables": tables,
        "totals": {**totals, "balance": f"{balance:.2f}"},
        "seconds": round(seconds, 3),
    }


def _load_lines(reports: list[load.Report]) -> list[str]:
    lines = []
    for report in reports:
        lines.append(f"{report.day} {report.source} {report.seconds:.1f} s")
        for name, c in report.files.items():
            lines.append(
                _("  {0}: {1} rows = {2} loaded + {3} unchanged + {4} quarantined").format(
                    name, c.rows, c.loaded, c.unchanged, c.quarantined
                )
            )
        lines += [f"  {r.name} {r.line}: {_('; ').join(map(words.reason, r.reasons))}" for r in report.set_aside]
        lines += [f"  ! {words.reason(stop)}" for stop in report.stops]
    return lines


def _night(given: argparse.Namespace) -> int:
    report = night.night(given.date)
    answer = {
        "business_date": report.business_date.isoformat(),
        "todos": vars(report.todos),
        "signals": vars(report.signals),
        "quarantined": report.quarantined,
        "seconds": round(report.seconds, 3),
        "days_caught_up": report.days_caught_up,
    }
    if report.feed_stops:
        answer["feed_stops"] = [words.reason(stop) for stop in report.feed_stops]
    _tell(given, answer, [_("Night of {0}: {1} todos made, {2} signals raised, {3} set aside").format(
        report.business_date, report.todos.created, report.signals.raised, report.quarantined)])  # fmt: skip
    return 0


def _explain(given: argparse.Namespace) -> int:
    with access.reading(MACHINE) as conn:
        day = given.date or feeds.business_date(conn) or clock.today()
        found = explain.explain(conn, given.loan_no, day)
    answer = {**dataclasses.asdict(found), "date": day.isoformat()}
    lines = [_("{0} of {1} on {2}").format(found.loan_no, found.customer, day)]
    if not found.live:
        lines.append(_("This loan is no longer live; no rule applies."))
    lines += [f"  [{v.verdict}] {v.rule} v{v.version} {v.title}: {v.words}" for v in found.verdicts]
    _tell(given, answer, lines)
    return 0


def _handover(given: argparse.Namespace) -> int:
    now, today = clock.now(), clock.today()
    with acts.act(MACHINE, "handover.make") as conn:
        if given.undo is not None:
            done = handover.undo(conn, MACHINE, given.undo, now=now)
        else:
            plan = _plan_of(conn, given, today)
            done = handover.hand_over(conn, MACHINE, plan, now=now, today=today)
    answer = {"id": done.id, "customers": done.customers, "loans": done.loans, "todos": done.todos, "overdue": done.overdue}
    answer |= {"leads": done.leads, "drafts": done.drafts}
    answer |= {"kept": done.kept} if given.undo is not None else {}
    _tell(given, answer, [_("Handover {0}: {1} customers, {2} loans, {3} todos, {4} of them overdue").format(
        done.id, done.customers, done.loans, done.todos, done.overdue)])  # fmt: skip
    return 0


def _plan_of(conn, given: argparse.Namespace, today: date) -> handover.Plan:
    """As it is proposed: everything this person holds, split among those named."""
    if not given.giver or not given.to:
        raise refusals.Missing(field="--from, --to")
    giver = _bearer(conn, given.giver)
    to = [_bearer(conn, number.strip()) for number in given.to.split(",") if number.strip()]
    seen = handover.look(conn, MACHINE, giver, to, today=today)
    return handover.Plan(giver, seen.proposed, given.reason, given.on or today, given.until, leads_to=to[0])


def _bearer(conn, number: str) -> int:
    found = staff.bearer(conn, number)
    if found is None:
        raise refusals.NobodyBears(number=number)
    return found.id


def _file(given: argparse.Namespace) -> int:
    span = Span(given.since, given.until)
    if given.branch is None and given.loan_no is None:
        raise refusals.Missing(field="--branch")
    made = _volumes(given, span) if given.branch else [_file_of_loan(given, span)]
    answer = {"files": [{"path": str(place), "bytes": len(file.pdf), "digest": file.digest} for place, file in made]}
    _tell(given, answer, [f"{place}  {len(file.pdf):,}  SHA-256 {file.digest}" for place, file in made])
    return 0


def _file_of_loan(given: argparse.Namespace, span: Span) -> tuple[Path, inspection.File]:
    with acts.act(MACHINE, inspection.PERMIT) as conn:
        file = inspection.of_loan(conn, MACHINE, given.loan_no, span, now=clock.now(), today=clock.today())
    given.out.write_bytes(file.pdf)
    return given.out, file


def _monthly(given: argparse.Namespace) -> int:
    branch_id = _branch(given.branch) if given.branch else None
    with acts.act(MACHINE, monthly.PERMIT) as conn:
        file = monthly.of_month(conn, MACHINE, given.month, branch_id, now=clock.now(), today=clock.today())
    given.out.write_bytes(file.pdf)
    _tell(given, {"path": str(given.out), "bytes": len(file.pdf), "digest": file.digest}, [f"{given.out}  SHA-256 {file.digest}"])
    return 0


def _branch(code: str) -> int:
    with access.reading(MACHINE) as conn:
        branch = branches.by_code(conn, code)
    if branch is None:
        raise refusals.NotFound
    return branch.id


def _volumes(given: argparse.Namespace, span: Span) -> list[tuple[Path, inspection.File]]:
    made = []
    for file, number, of in volumes.volumes(MACHINE, _branch(given.branch), span):
        place = given.out if of == 1 else given.out.with_stem(f"{given.out.stem}-{number:02}")
        place.write_bytes(file.pdf)
        made.append((place, file))
    return made


def _seed(given: argparse.Namespace) -> int:
    begun = time.monotonic()
    try:
        _plant(given, given.anew)
    except refusals.NotEmpty:
        if not given.if_empty:
            raise
    except refusals.HalfPlanted:
        if not given.if_empty:
            raise
        _plant(given, anew=True)
    with access.reading(MACHINE) as conn:
        totals = feeds.book_totals(conn)
    answer = {**{k: v for k, v in totals.items() if k != "balance_fen"}, "seconds": round(time.monotonic() - begun, 1)}
    lines = [_("The demo bank stands: {0:,} customers, {1:,} loans").format(totals["customers"], totals["loans"])]
    lines += [f"  {user:<12} {story.PASSWORD}   {words.name(role)}" for user, *_rest, role in story.SIGN_INS]
    _tell(given, answer, lines)
    return 0


def _plant(given: argparse.Namespace, anew: bool) -> None:
    def say(day: str) -> None:
        print(f"\r  {_('Planting the demo bank')} {day}", end="", file=sys.stderr, flush=True)

    seed.plant(given.scale, say, anew=anew)
    print(file=sys.stderr)


def _serve(given: argparse.Namespace) -> int:
    print(_("Scheduler running; stop it with Ctrl-C"), file=sys.stderr)
    try:
        scheduler.serve_forever()
    except KeyboardInterrupt:
        return 0


def _query(given: argparse.Namespace) -> int:
    begun = time.monotonic()
    rows, columns = query.as_auditor(given.statement)
    answer = {"columns": columns, "rows": rows, "seconds": round(time.monotonic() - begun, 3)}
    _tell(given, answer, ["\t".join(columns), *("\t".join("" if v is None else str(v) for v in row) for row in rows)])
    return 0


def _report(given: argparse.Namespace) -> int:
    if not given.name:
        listed = {one.code: one.name for one in reports.starters().values()}
        _tell(given, {"reports": listed}, [f"  {code:<16} {name}" for code, name in listed.items()])
        return 0
    starter = reports.starters().get(given.name)
    if starter is None:
        raise refusals.NoSuchReport(name=given.name)
    by = _reader(given.reader)
    with access.transaction(by, "export.make") as conn:
        answer = reports.ask(conn, by, starter.wish, today=clock.today())
        if given.xlsx:
            exports.write_report(given.xlsx, conn, by, answer, starter.name, now=clock.now())
    _tell(given, {"name": starter.name, **reports.as_data(answer)}, [starter.name, *_report_lines(answer)])
    return 0


def _reader(number: str | None) -> Person:
    if number is None:
        return query.AUDITOR
    with access.reading(MACHINE) as conn:
        found = staff.person(conn, _bearer(conn, number))
    if found is None:
        raise refusals.NoRole(number=number)
    return found


def _report_lines(answer: reports.Answer) -> list[str]:
    """Tab-separated: what the lines are split by, then each column's figures, the total last."""
    under = [*answer.columns, (None, _("Total"))] if answer.columns else [(None, "")]
    heads = [*answer.titles, *(" ".join(filter(None, (name, _(m.title)))) for _key, name in under for m in answer.measures)]
    lines = ["\t".join(_(head) for head in heads)]
    for line in (*answer.lines, answer.total):
        figures = [reports.plain(m, value) for key, _name in under
                   for m, value in zip(answer.measures, line.figures.get(key) or (None,) * len(answer.measures), strict=True)]  # fmt: skip
        lines.append("\t".join([*line.labels, *("" if value is None else str(value) for value in figures)]))
    return lines


def _plan(given: argparse.Namespace) -> int:
    planned = route.plan(reading.file(given.path))
    lines = [f"  {visit.begins:>7.1f}  {visit.id}" for visit in planned.visits]
    lines.append(_("{0} visits, prize {1}, home after {2:.0f} minutes").format(
        len(planned.visits), planned.prize, planned.minutes))  # fmt: skip
    _tell(given, reading.answer(planned), lines)
    return 0


def _presence(given: argparse.Namespace) -> int:
    graded = presence.grade(read.file(given.path))
    answer = {"grade": graded.grade, "reasons": [dataclasses.asdict(reason) for reason in graded.reasons]}
    answer["for_review"] = graded.for_review
    _tell(given, answer, [_("Grade {0}").format(graded.grade), *(f"  [{r.verdict}] {r.words}" for r in graded.reasons)])
    return 0


def _photos(given: argparse.Namespace) -> int:
    before = settings.photos_before()
    if before is None:
        raise refusals.Missing(field="VIGIL_PHOTOS_BEFORE")

    def say(moved: moving.Moved) -> None:
        if moved.photos % 500 == 0:
            print(f"  {moved.photos:,}", file=sys.stderr, flush=True)

    moved = moving.move(pictures.place(before), pictures.place(settings.photos()), say)
    lines = [_("{0:,} photos moved, {1:,.1f} MB").format(moved.photos, moved.bytes / 2**20)]
    lines += [_("Damaged, and left where it is: {0}").format(key) for key in moved.damaged]
    _tell(given, dataclasses.asdict(moved), lines)
    return 1 if moved.damaged else 0


def _account(given: argparse.Namespace) -> int:
    with access.transaction(MACHINE, "first accounts") as conn:
        if given.reset:
            opened = first_accounts.reset_password(conn, given.number, now=clock.now())
        else:
            opened = first_accounts.open_account(conn, given.number, given.role, given.name, now=clock.now(), today=clock.today())
    holder = opened.holder
    answer = {"staff_no": holder.staff_no, "name": holder.name, "role": holder.role.value, "password": opened.password}
    _tell(given, answer, [
        f"{holder.name} · {words.name(holder.role)} · {holder.branch_name}",
        _("User name {0}, password {1}; it must be changed at the first sign-in, within {2} hours").format(
            holder.staff_no, opened.password, int(sign_in.POLICY.first_password_lasts.total_seconds() // 3600)
        ),
    ])  # fmt: skip
    return 0


def _doctor(given: argparse.Namespace) -> int:
    findings = doctor.examine()
    _tell(given, {"healthy": all(f.fine for f in findings), "findings": [dataclasses.asdict(f) for f in findings]},
          [f"  [{'ok' if f.fine else '!!'}] {_(f.what)}: {f.words}" for f in findings])  # fmt: skip
    return 0 if all(f.fine for f in findings) else 1


def _bench(given: argparse.Namespace) -> int:
    def say(what: str) -> None:
        print(f"  {what}", file=sys.stderr, flush=True)

    figures = [figure for name in given.name for figure in bench.MEASURES[name](given.scale, say)]
    answer = {
        f.name: {"seconds": round(f.seconds, 3), "floor": round(f.floor_seconds, 3), "ratio": round(f.ratio, 2)} for f in figures
    }
    _tell(given, answer, [f"  {f.name:<44} {f.seconds:8.2f} s   floor {f.floor_seconds:7.2f} s   {f.ratio:6.2f}x" for f in figures])
    return 0


def _tell(given: argparse.Namespace, answer: dict, lines: list[str]) -> None:
    if given.json:
        print(json.dumps(answer, ensure_ascii=False, default=str))
    for line in lines if not given.json else []:
        print(line)
    if "error" in answer:
        print(answer["error"], file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
