"""What needs a venue that answers: the streaming session and `Venue`, on virtual time."""

import sys
from pathlib import Path

# Test folders are not packages here; the double stands beside the tests that share it.
sys.path.insert(0, str(Path(__file__).parent))
