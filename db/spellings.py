"""Names of customers cut into pieces, by which the search finds them; written beside the book, after each feed.

Tests of text are not evaluated before the rules of sight have been, so no index of pieces would ever be used under them. One
function of the machine's therefore finds, and applies the rules itself.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import ARRAY, insert

from db.tables import customers, spellings
from db.vocab import Scope

s, c = spellings.c, customers.c
SIGNATURE = "vigil_called(text, text[], text[], text[], int)"
_BY_CHARACTERS = "s.pieces @> $2 and (lower(s.name) like $1 or s.village like $1)"
_BY_LETTERS = "(s.pieces @> $3 and s.initials like $1 or cardinality($4) > 0 and s.pieces @> $4 and s.pinyin like $1)"
_BODY = """
create or replace function vigil_called(asked text, characters text[], initials text[], letters text[], most int) returns bigint[]
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare found_ids bigint[]; matches text; seen text;
begin
    matches := case when cardinality(characters) > 0 then $q$ {by_characters} $q$
                    when cardinality(initials) > 0 then $q$ {by_letters} $q$ else 'false' end;
    seen := case current_setting('role') {tests} when '{machine}' then 'true' else 'false' end;
    execute 'select coalesce(array_agg(id), $q${{}}$q$) from (select id from spellings s join customers on id = s.customer_id'
        ' where (' || matches || ') and (' || seen || ') order by $6 in (lower(s.name), split_part(s.initials, $q$ $q$, 1), s.pinyin) desc, lower(s.name) like $7 desc, id limit $5) f'
        into found_ids using '%' || asked || '%', characters, initials, letters, most, asked, asked || '%';
    return found_ids;
end $$"""


@dataclass(frozen=True)
class Asked:
    """What somebody typed, as the store is asked for it: by characters, or by letters, which may be pinyin or its initials."""

    text: str
    characters: list[str]
    initials: list[str]
    letters: list[str]


def read(text: str) -> Asked:
    plain = re.sub(r"\s+", "", text.lower())
    if re.fullmatch(r"[a-z]+", plain):
        return Asked(plain, [], initial_pieces(plain), runs(plain, 3))
    return Asked(plain, runs(plain, 2) or runs(plain, 1), [], [])


def initial_pieces(initials: str) -> list[str]:
    """Marked, so that the initials "an" are not taken for a syllable."""
    return [f".{two}" for two in runs(initials, 2)]


def runs(text: str, size: int) -> list[str]:
    return sorted({text[n : n + size] for n in range(len(text) - size + 1)})


def function(seen: Mapping[str, str]) -> str:
    """`seen`: for each scope, whether a row of customers may be seen."""
    tests = " ".join(f"when '{scope}' then $q$ {test} $q$" for scope, test in seen.items())
    return _BODY.format(by_characters=_BY_CHARACTERS, by_letters=_BY_LETTERS, tests=tests, machine=Scope.MACHINE)


def called(conn: sa.Connection, text: str, most: int) -> list[int]:
    """Customers whose name, or whose village, has this in it, by characters, pinyin or its initials; the very name first."""
    return list(conn.execute(select(ids_called(text, most))).scalar_one())


def ids_called(text: str, most: int) -> sa.Function:
    """The same as an array within a query."""
    asked = read(text)
    literal = asked.text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    given = [sa.cast(pieces, ARRAY(sa.Text)) for pieces in (asked.characters, asked.initials, asked.letters)]
    return func.vigil_called(literal, *given, most)


def stale(conn: sa.Connection, limit: int) -> list[sa.Row]:
    """Customers whose name or village is not spelt yet, or was another then: id, name, village."""
    return conn.execute(
        select(c.id, c.name, c.village)
        .outerjoin(spellings, s.customer_id == c.id)
        .where(sa.or_(s.customer_id.is_(None), s.name != c.name, s.village.is_distinct_from(c.village)))
        .limit(limit)
    ).all()


def put(conn: sa.Connection, rows: list[dict]) -> None:
    """These spellings, whether new or changed."""
    new = insert(spellings)
    conn.execute(
        new.on_conflict_do_update(index_elements=[s.customer_id], set_={name: new.excluded[name] for name in ("name", "village", "pinyin", "initials", "pieces")}),
        rows,
    )  # fmt: skip
