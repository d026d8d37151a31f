"""Permissions as a specification in plain Python, and worlds of roles, users and records to hold it against.

`documents` is the application in words. `conditions` are conditions of roles with their meaning beside them.
`worlds` is what a generated world is made of, and `strategies` how Hypothesis draws it. `rights` says who may
do what, `views` what each endpoint shows, and `writes` what becomes of each write: together they are the
oracle, which knows nothing of the product. `running` publishes and fills a world, `asking` asks every
endpoint, and `acting` writes.
"""
