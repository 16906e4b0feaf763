"""``python -m nodebook``: the command line without the ``nodebook`` script."""

from __future__ import annotations

import sys

from nodebook.cli import main

if __name__ == "__main__":
    sys.exit(main())
