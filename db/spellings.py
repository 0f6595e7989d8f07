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

from db.tables import CHARACTERS, customers, spellings
from db.vocab import Scope

s, c = spellings.c, customers.c
SIGNATURE = "vigil_called(text, text[], text[], text[], int)"
_FOUND = "select customer_id, name, initials, pinyin from spellings where"
_BY_CHARACTERS = f"{_FOUND} pieces @> $2 and (lower(name) like $1 or village like $1)"
# Apart, so that each is an index's: in one condition with "or" all pieces of what was found would be compared once more.
_BY_LETTERS = f"{_FOUND} pieces @> $3 and initials like $1 union {_FOUND} cardinality($4) > 0 and pieces @> $4 and pinyin like $1"
_BODY = """
create or replace function vigil_called(asked text, characters text[], initials text[], letters text[], most int) returns bigint[]
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
    found_ids bigint[]; matches text; seen text;
    part text := '%' || regexp_replace(asked, '([\\\\%_])', '\\\\\\1', 'g') || '%';
begin
    matches := case when cardinality(characters) > 0 then $q$ {by_characters} $q$
                    when cardinality(initials) > 0 then $q$ {by_letters} $q$ end;
    seen := case current_setting('role') {tests} when '{machine}' then 'true' else 'false' end;
    if matches is not null then
        execute 'select array_agg(id) from (select id from (' || matches || ') s join customers on id = s.customer_id where (' || seen ||
            ') order by $5 in (lower(s.name), split_part(s.initials, $q$ $q$, 1), s.pinyin) desc, starts_with(lower(s.name), $5) desc, id limit $6) f'
            into found_ids using part, characters, initials, letters, asked, most;
    end if;
    if found_ids is null then
        execute 'with f as materialized (select id from customers where {characters} @> string_to_array($2, null)'
            ' and replace(lower(name), '' '', '''') like $1 and (' || seen || '))'
            ' select array_agg(id) from (select id from f order by id limit $3) f' into found_ids using part, asked, most;
    end if;
    return coalesce(found_ids, '{{}}');
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
    return _BODY.format(
        by_characters=_BY_CHARACTERS, by_letters=_BY_LETTERS, tests=tests, machine=Scope.MACHINE, characters=CHARACTERS
    )


def called(conn: sa.Connection, text: str, most: int) -> list[int]:
    """Customers whose name, or whose village, has this in it, by characters, pinyin or its initials; the very name first.
    When there is none, whose name has it letter by letter, spelt or not."""
    return list(conn.execute(select(ids_called(text, most))).scalar_one())


def ids_called(text: str, most: int) -> sa.Function:
    """The same as an array within a query."""
    asked = read(text)
    given = [sa.cast(pieces, ARRAY(sa.Text)) for pieces in (asked.characters, asked.initials, asked.letters)]
    return func.vigil_called(asked.text, *given, most)


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
