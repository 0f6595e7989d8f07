"""How much a visit matters today."""

from db.vocab import Level

LEVELS = {None: 0, Level.BLUE: 4, Level.YELLOW: 8, Level.ORANGE: 14, Level.RED: 20}
LATE, DUE, SOMEDAY = 55, 50, 5
LONGEST = 25  # days late, after which more lateness adds nothing


def prize(days_to_due: int | None, level: Level | None = None) -> int:
    """1 to 100: late visits before those due, those due soon before the rest; a warning level lifts each.

    | due                        | points                    |
    |----------------------------|---------------------------|
    | n days late                | 55 + n, at most 80        |
    | today                      | 50                        |
    | in n days                  | 50 - 3 n, at least 5      |
    | no day (a lead, a courtesy)| 5                         |

    A signal adds 4 (blue), 8 (yellow), 14 (orange) or 20 (red). So two visits due today outweigh any late one: a prize
    is a tendency, not an order; who must be seen today is given an appointment.
    """
    if days_to_due is None:
        points = SOMEDAY
    elif days_to_due < 0:
        points = LATE + min(-days_to_due, LONGEST)
    else:
        points = max(SOMEDAY, DUE - 3 * days_to_due)
    return points + LEVELS[level]
