"""Ask a notebook's kernel from the test, past the browser and past a busy cell."""

from __future__ import annotations

import ast
import json
import time
from concurrent.futures import ThreadPoolExecutor
from queue import Empty
from typing import TYPE_CHECKING, Any, TypeVar

from jupyter_client.blocking.client import BlockingKernelClient

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")

_TIMEOUT_S = 20


class KernelError(AssertionError):
    """The kernel raised while it evaluated a test's expression."""


class KernelProbe:
    """A second client of a running kernel.

    Code runs in a subshell (ipykernel 7): it does not wait for the cell that runs. All sockets live in one thread of
    their own, since Playwright keeps an event loop running in the main one.
    """

    def __init__(self, connection_file: Path) -> None:
        self._thread = ThreadPoolExecutor(1, "kernel-probe")
        self._client = self._call(lambda: _connect(connection_file))
        self._subshell: str | None = None

    def evaluate(self, expression: str, *, main_thread: bool = False) -> Any:
        """Return the value of an expression, by way of JSON. On the main thread it waits for the cell that runs."""
        code = f"__import__('json').dumps({expression})"
        content = self._call(lambda: self._execute("", {"value": code}, main_thread=main_thread))
        answer = content["user_expressions"]["value"]
        if answer["status"] != "ok":
            raise KernelError(f"{expression}: {answer['ename']}: {answer['evalue']}")
        text: str = answer["data"]["text/plain"]
        return json.loads(_unquote(text))

    def execute(self, code: str, *, main_thread: bool = False) -> None:
        """Run statements in the notebook's namespace; they leave no trace in the notebook."""
        self._call(lambda: self._execute(code, {}, main_thread=main_thread))

    def forget_subshell(self) -> None:
        """Make a new subshell next time: a restarted kernel has none."""
        self._subshell = None

    def close(self) -> None:
        """Close the sockets; the kernel goes on."""
        self._call(self._client.stop_channels)
        self._thread.shutdown()

    def _call(self, function: Callable[[], T]) -> T:
        return self._thread.submit(function).result(_TIMEOUT_S + 5)

    def _execute(self, code: str, expressions: dict[str, str], *, main_thread: bool) -> dict[str, Any]:
        if not main_thread and self._subshell is None:
            created = self._ask("create_subshell_request", {}, self._client.control_channel)
            self._subshell = created["subshell_id"]
        content = {
            "code": code,
            "silent": True,
            "store_history": False,
            "user_expressions": expressions,
            "allow_stdin": False,
            "stop_on_error": False,
        }
        reply = self._ask(
            "execute_request", content, self._client.shell_channel, None if main_thread else self._subshell
        )
        if reply["status"] != "ok":
            raise KernelError(f"{code or expressions}: {reply.get('ename')}: {reply.get('evalue')}")
        return reply

    def _ask(self, kind: str, content: dict[str, Any], channel: Any, subshell: str | None = None) -> dict[str, Any]:
        message = self._client.session.msg(kind, content)
        if subshell is not None:
            message["header"]["subshell_id"] = subshell
        channel.send(message)
        deadline = time.monotonic() + _TIMEOUT_S
        while (left := deadline - time.monotonic()) > 0:
            try:
                reply = channel.get_msg(timeout=left)
            except Empty:
                break
            if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                answer: dict[str, Any] = reply["content"]
                return answer
        raise KernelError(f"The kernel did not answer {kind} within {_TIMEOUT_S} s: {content.get('code') or content}")


def _connect(connection_file: Path) -> BlockingKernelClient:
    client = BlockingKernelClient(connection_file=str(connection_file))
    client.load_connection_file()
    client.start_channels(stdin=False, hb=False)
    return client


def _unquote(text: str) -> str:
    """Undo the repr of a string."""
    value = ast.literal_eval(text)
    assert isinstance(value, str)
    return value
