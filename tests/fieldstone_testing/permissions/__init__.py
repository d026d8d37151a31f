"""Permissions as a specification in plain Python, and worlds of roles, users and records to hold it against.

`documents` is the application in words. `conditions` are conditions of roles with their meaning beside them.
`worlds` is what a generated world is made of, and `strategies` how Hypothesis draws it.

The oracle, which knows nothing of the product, is `rights` (who may do what), `views` (what endpoints show),
`then` (of the past), `totals` (in pivots), `outlook` (of consequences), `surface` (in the OpenAPI document),
`lines_told` and `seats_told` (in histories), `pages`, and `attempts` with `writes`, `line_writes`,
`seat_writes`, `seating`, `merging`, `steps` and `undoing` (what becomes of each write).

`running` publishes and fills a world; `asking`, `asking_about` and `visiting` ask every endpoint,
and `acting` writes. `routes` knows what is asked. `compared` and `topics` put both answers beside each other.
"""
