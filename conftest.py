"""For tests and notebooks alike: no kernel that a test starts may touch the results that this user keeps."""

from __future__ import annotations

import os
import tempfile

_folder = tempfile.TemporaryDirectory(prefix="nodebook-test-cache-", ignore_cleanup_errors=True)
os.environ["NODEBOOK_CACHE_DIR"] = _folder.name
