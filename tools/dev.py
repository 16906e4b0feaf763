"""JupyterLab on notebooks/ with anywidget's hot reload, beside a front-end build that watches the sources."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Run both until JupyterLab ends."""
    lab = [sys.executable, "-m", "jupyter", "lab", "--ip=127.0.0.1", f"--notebook-dir={ROOT / 'notebooks'}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        lab.append("--allow-root")  # JupyterLab refuses root otherwise
    with subprocess.Popen([sys.executable, "-m", "tools.frontend", "watch"], cwd=ROOT) as watch:
        try:
            return subprocess.run(lab, env={**os.environ, "ANYWIDGET_HMR": "1"}, check=False).returncode
        except KeyboardInterrupt:
            return 0
        finally:
            watch.terminate()


if __name__ == "__main__":
    sys.exit(main())
