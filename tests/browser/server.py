"""A JupyterLab server for tests: on 127.0.0.1, with a token, and with folders of its own for everything."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self
from urllib.error import URLError
from urllib.request import Request, urlopen

ROOT = Path(__file__).resolve().parents[2]

_START_TIMEOUT_S = 90
_STOP_TIMEOUT_S = 10

# A person's questions that would cover a test's page, and look-ups on the network.
_DISABLED_EXTENSIONS = ["@jupyterlab/apputils-extension:announcements"]
_SETTINGS: dict[str, dict[str, Any]] = {
    "@jupyterlab/apputils-extension/notification": {
        "checkForUpdates": False,
        "fetchNews": "false",
        "doNotDisturbMode": True,
    },
}


def end_process(process: subprocess.Popen[bytes] | None) -> None:
    """End a server that was started, if one was; it takes its kernels with it."""
    if process is None:
        return
    process.terminate()
    try:
        process.wait(_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class LabServer:
    """A running JupyterLab. `root` is the folder it serves; close it with `with`."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.runtime = folder / "runtime"
        self._log = folder / "server.log"
        self.token = secrets.token_hex(16)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = prepare_folders(folder)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start the server and wait until it answers."""
        options = {
            "ServerApp.ip": "127.0.0.1",
            "ServerApp.port": self.port,
            "ServerApp.port_retries": 0,
            "ServerApp.open_browser": False,
            "ServerApp.allow_root": True,
            "ServerApp.root_dir": self.root,
            "IdentityProvider.token": self.token,
            "LabApp.expose_app_in_browser": True,
            "JupyterNotebookApp.expose_app_in_browser": True,
            "LabApp.extension_manager": "readonly",
            "FileContentsManager.delete_to_trash": False,
        }
        command = [sys.executable, "-m", "jupyterlab", *(f"--{name}={value}" for name, value in options.items())]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self.root,
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._wait_until_up()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the server; it takes its kernels with it."""
        end_process(self._process)

    def request(self, path: str, method: str = "GET") -> Any:
        """Call the server's REST interface; return the answer's JSON, if it has any."""
        request = Request(f"{self.url}/{path}", method=method, headers={"Authorization": f"token {self.token}"})  # noqa: S310 -- our own http server
        with urlopen(request, timeout=30) as answer:  # noqa: S310 -- as above
            body = answer.read()
        return json.loads(body) if body else None

    def shut_down_kernels(self, folder: str) -> None:
        """Shut down the kernels of all notebooks in a folder under the root."""
        for session in self.request("api/sessions"):
            if session["path"].startswith(f"{folder}/"):
                self.request(f"api/sessions/{session['id']}", "DELETE")

    def log(self) -> str:
        """Return what the server has printed."""
        return self._log.read_text(errors="replace")

    def _wait_until_up(self) -> None:
        process = self._process
        assert process is not None
        deadline = time.monotonic() + _START_TIMEOUT_S
        while time.monotonic() < deadline:
            if process.poll() is not None:
                break
            try:
                self.request("api/status")
            except (URLError, OSError):
                time.sleep(0.1)
            else:
                return
        self.__exit__()
        raise RuntimeError(f"JupyterLab did not start within {_START_TIMEOUT_S} s. It said:\n{self.log()}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def prepare_folders(folder: Path) -> dict[str, str]:
    """Make the folders and settings; return the environment that points to them."""
    places = {
        "JUPYTER_CONFIG_DIR": folder / "config",
        "JUPYTER_DATA_DIR": folder / "data",
        "JUPYTER_RUNTIME_DIR": folder / "runtime",
        "JUPYTERLAB_SETTINGS_DIR": folder / "settings",
        "JUPYTERLAB_WORKSPACES_DIR": folder / "workspaces",
        "IPYTHONDIR": folder / "ipython",
    }
    for place in (*places.values(), folder / "root"):
        place.mkdir(parents=True)
    page_config = folder / "config" / "labconfig" / "page_config.json"
    page_config.parent.mkdir()
    page_config.write_text(json.dumps({"disabledExtensions": dict.fromkeys(_DISABLED_EXTENSIONS, True)}))
    for name, values in _SETTINGS.items():
        file = folder / "settings" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "JPY_"))}
    # Kernels work in a folder of their own: with a relative path, or none, they would test whatever tree is installed.
    paths = [str(ROOT), *filter(None, [environment.get("PYTHONPATH")])]
    return {
        **environment,
        **{name: str(place) for name, place in places.items()},
        "JUPYTER_PREFER_ENV_PATH": "1",
        "PYTHONPATH": os.pathsep.join(paths),
    }
