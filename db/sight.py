"""Who may see a customer, and why: the other way round than row security asks, for whoever answers for it."""

import sqlalchemy as sa

_WHO = sa.text("""
    with it as (select id, branch_id, manager_id, inspector_id from customers where id = :customer),
    places as (select branch_id from it union select branch_id from loans where customer_id = :customer),
    keepers as (
        select manager_id as id from it union select inspector_id from it
        union select manager_id from loans where customer_id = :customer
        union select assignee_id from todos where customer_id = :customer and closed_on is null),
    holders as (
        select s.id, s.staff_no, s.name, r.role, r.branch_id, b.name as branch from staff_roles r
        join staff s on s.id = r.staff_id join branches b on b.id = r.branch_id
        where s.left_on is null and r.valid_from <= vigil_today() and (r.valid_to is null or r.valid_to > vigil_today())),
    seeing as (
        select h.*, case
            when role in ('head_risk', 'head_loans', 'auditor') then 'whole_book'
            when role = 'branch_head' and exists (
                select from branch_tree t join places p on p.branch_id = t.branch_id where t.ancestor_id = h.branch_id) then 'branch'
            when role in ('manager', 'inspector') and h.id in (select id from keepers) then 'own'
            when role in ('manager', 'inspector') and exists (
                select from absences a where a.delegate_id = h.id and vigil_today() between a.from_on and a.until_on
                    and a.staff_id in (select id from keepers)) then 'stands_in'
            when role = 'collections' and exists (
                select from customer_faces f where f.customer_id = :customer
                    and (f.overdue_since is not null or f.worst_class >= 'substandard')) then 'in_arrears'
            end as why
        from holders h cross join it)
    select id, staff_no, name, role, branch, why from seeing where why is not null order by role, branch, name""")


def of_customer(conn: sa.Connection, customer_id: int) -> list[sa.Row]:
    """staff_no, name, role, branch, why: whole_book, branch, own, stands_in, in_arrears. Complete for who sees the whole book."""
    return conn.execute(_WHO, {"customer": customer_id}).all()
