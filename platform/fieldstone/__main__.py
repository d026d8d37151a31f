"""`python -m fieldstone` is the command line."""

from fieldstone.cli import main

main()
