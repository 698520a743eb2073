"""Everything that lasts. One folder per noun, in each the same names: tables, queries, service.

SQLAlchemy lives here and nowhere else. Services take an open session; the caller owns the transaction
(one per request or task, see :class:`casework.db.Database`).
"""
