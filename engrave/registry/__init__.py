"""The record of serials and codes: who may issue what, what was issued, what became of it, and how to find it again.

Nothing on record is ever changed or deleted: every table only grows, and every addition belongs to an event of a
hash-chained log. One database file (SQLite) serves a site, a PostgreSQL server several.
"""
