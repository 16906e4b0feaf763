"""For tests and notebooks alike: no kernel that a test starts may touch the results that this user keeps.

Nor does a run that takes long on a busy machine show a bar in an output that is compared.
"""

from __future__ import annotations

import os
import tempfile

_folder = tempfile.TemporaryDirectory(prefix="nodebook-test-cache-", ignore_cleanup_errors=True)
os.environ["NODEBOOK_CACHE_DIR"] = _folder.name
os.environ["NODEBOOK_PROGRESS"] = "off"
