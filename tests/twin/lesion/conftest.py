"""Let the tests of the core use what stands one folder up: PHREEQC's slabs and the method of lines."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
