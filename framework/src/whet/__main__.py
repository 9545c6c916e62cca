"""`python -m whet` is `whet`."""

from whet.cli.app import main

main()
