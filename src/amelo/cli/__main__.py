"""``python -m amelo.cli``."""

from amelo.cli.main import main

main()
