"""What the platform keeps beside what was sent: stored formulas, titles and search texts.

Each is a column that follows from the record and from others. What follows from the record alone, or changes
with it, is computed in Python on the way through its save (`fieldstone.records.formulas`); what follows from
other records is recomputed by the database after they were written (`follow`).
"""
