"""``python -m amelo``."""

from amelo.cli.main import main

main()
