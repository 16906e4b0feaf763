"""A Voilà server for tests: on 127.0.0.1, and with folders of its own for everything."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING, Self
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from tests.browser.server import end_process, free_port, prepare_folders

if TYPE_CHECKING:
    from pathlib import Path

_START_TIMEOUT_S = 90


class VoilaServer:
    """A running Voilà that serves one notebook in `folder`; close it with `with`."""

    def __init__(self, folder: Path, notebook: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self._notebook = notebook
        self._log = folder / "voila.log"
        self._environment = prepare_folders(folder)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start the server and wait until it answers."""
        command = [
            sys.executable,
            "-m",
            "voila",
            str(self._notebook),
            f"--port={self.port}",
            "--no-browser",
            "--Voila.ip=127.0.0.1",
            "--show_tracebacks=True",
        ]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self._notebook.parent,
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_TIMEOUT_S
        while time.monotonic() < deadline and self._process.poll() is None:
            if self._answers():
                return self
            time.sleep(0.2)
        self.__exit__()
        raise RuntimeError(f"Voilà did not start within {_START_TIMEOUT_S} s. It said:\n{self.log()}")

    def __exit__(self, *_: object) -> None:
        """Stop the server; it takes its kernels with it."""
        end_process(self._process)

    def log(self) -> str:
        """Return what the server has printed."""
        return self._log.read_text(errors="replace")

    def _answers(self) -> bool:
        # A page of Voilà runs the notebook: ask for something that does not.
        try:
            urlopen(f"{self.url}voila/static/nothing", timeout=5).close()  # noqa: S310 -- our own http server
        except HTTPError:
            return True
        except (URLError, OSError):
            return False
        return True
