"""Trading without a simulator: accounts that follow a script, books set by hand, virtual time."""

import sys
from pathlib import Path

# Test folders are not packages here; the doubles stand beside the tests that share them.
sys.path.insert(0, str(Path(__file__).parent))
