from __future__ import annotations

import functools
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nodebook.engine.codehash import code_version
from nodebook.engine.node import node
from tests.engine.support import from_source


def version(source: str, **names: Any) -> bytes:
    return code_version(from_source(source, **names))


SAME = {
    "run again": ("def f(a): return a + 1", "def f(a): return a + 1"),
    "a comment": ("def f(a):\n    return a + 1", "def f(a):\n    # one more\n    return a + 1  # so"),
    "a line further down": ("def f(a):\n    return a + 1", "\n\n\ndef f(a):\n\n    return a + 1"),
    "spaces": ("def f(a): return a+1", "def f(a):\n        return a  +  1"),
    "a name it does not read": ("x = 1\ndef f(a): return a", "x = 2\ndef f(a): return a"),
    "recursion": (
        "def f(n): return 1 if n == 0 else n * f(n - 1)",
        "def f(n):\n    return 1 if n == 0 else n * f(n - 1)",
    ),
    "mutual recursion": (
        "def g(n): return f(n - 1)\ndef f(n): return n and g(n)",
        "def g(n): return f(n - 1)\n\ndef f(n): return n and g(n)",
    ),
    "a set of constants": (
        "def f(a): return a in {'x', 'y', 'z', 'w'}",
        "def f(a): return a in {'w', 'z', 'y', 'x'}",
    ),
}


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME.keys())
def test_what_does_not_change_a_function_does_not_count(one: str, other: str) -> None:
    assert version(one) == version(other)


CLOSURE = "def make(k):\n    def f(a): return a * k\n    return f\nf = make({})"
DECORATED = (
    "import functools\n"
    "def scaled(k):\n"
    "    def wrap(g):\n"
    "        @functools.wraps(g)\n"
    "        def call(a): return k * g(a)\n"
    "        return call\n"
    "    return wrap\n"
    "@scaled({})\n"
    "def f(a): return a"
)
DIFFERENT = {
    "the body": ("def f(a): return a + 1", "def f(a): return a - 1"),
    "a constant": ("def f(a): return a + 1", "def f(a): return a + 2"),
    "the type of a constant": ("def f(a): return a + 1", "def f(a): return a + 1.0"),
    "a default": ("def f(a=1): return a", "def f(a=2): return a"),
    "a keyword default": ("def f(*, a=1): return a", "def f(*, a=2): return a"),
    "a closed-over value": (CLOSURE.format(2), CLOSURE.format(3)),
    "a closed-over function": (CLOSURE.format("lambda: 1"), CLOSURE.format("lambda: 2")),
    "a called function": ("def g(): return 1\ndef f(): return g()", "def g(): return 2\ndef f(): return g()"),
    "a function called by a called one": (
        "def h(): return 1\ndef g(): return h()\ndef f(): return g()",
        "def h(): return 2\ndef g(): return h()\ndef f(): return g()",
    ),
    "a notebook value": ("x = 1\ndef f(): return x", "x = 2\ndef f(): return x"),
    "a notebook value read in a lambda": (
        "x = 1\ndef f(): return (lambda: x)()",
        "x = 2\ndef f(): return (lambda: x)()",
    ),
    "inside a list of the notebook": ("x = [1, [2]]\ndef f(): return x", "x = [1, [3]]\ndef f(): return x"),
    "inside a dict of the notebook": ("x = {'a': 1}\ndef f(): return x", "x = {'a': 2}\ndef f(): return x"),
    "an attribute name": ("def f(a): return a.real", "def f(a): return a.imag"),
    "a nested function": (
        "def f():\n    def g(): return 1\n    return g()",
        "def f():\n    def g(): return 2\n    return g()",
    ),
    "a star before a helper's parameter": (
        "def g(a, b): return b\ndef f(): return g(1, 2)",
        "def g(a, *b): return b\ndef f(): return g(1, 2)",
    ),
    "what a decorator closes over": (DECORATED.format(2), DECORATED.format(3)),
    "the arguments of a partial": (
        "from functools import partial\nf = None\ng = partial(pow, 2)\ndef f(a): return g(a)",
        "from functools import partial\nf = None\ng = partial(pow, 3)\ndef f(a): return g(a)",
    ),
    "a method of a notebook class": (
        "class C:\n    def m(self): return 1\ndef f(): return C().m()",
        "class C:\n    def m(self): return 2\ndef f(): return C().m()",
    ),
    "the function under a cache": (
        "import functools\n@functools.lru_cache\ndef g(): return 1\ndef f(): return g()",
        "import functools\n@functools.lru_cache\ndef g(): return 2\ndef f(): return g()",
    ),
    "the method of a bound object": (
        "class C:\n    def m(self): return 1\ng = C().m\ndef f(): return g()",
        "class C:\n    def m(self): return 2\ng = C().m\ndef f(): return g()",
    ),
    "which lines a try covers": (
        "def f(a):\n    try:\n        a()\n        a()\n    except ValueError:\n        return 1\n    return 2",
        "def f(a):\n    a()\n    try:\n        a()\n    except ValueError:\n        return 1\n    return 2",
    ),
}


@pytest.mark.parametrize(("one", "other"), DIFFERENT.values(), ids=DIFFERENT.keys())
def test_what_changes_a_function_counts(one: str, other: str) -> None:
    assert version(one) != version(other)


def test_a_node_called_by_a_node_counts_with_its_code() -> None:
    def called(source: str) -> bytes:
        return version("def f(a): return g(a)", g=node(from_source(source)))

    assert called("def f(a): return a") != called("def f(a): return -a")
    assert called("def f(a): return a") == called("def f(a): return a")


def test_a_live_object_counts_by_what_it_is_not_by_its_type() -> None:
    class Model:
        def __call__(self) -> int:
            return 1

    one, other = Model(), Model()
    source = "def f(): return model()"
    assert version(source, model=one) == version(source, model=one)
    assert version(source, model=one) != version(source, model=other)


def test_a_value_that_holds_itself_has_a_version() -> None:
    knot: list[Any] = [1]
    knot.append(knot)
    rope: dict[str, Any] = {}
    rope["self"] = rope
    assert len(version("def f(): return knot, rope", knot=knot, rope=rope)) == 16


def test_an_unbound_name_of_a_closure_has_a_version() -> None:
    source = "def make():\n    def f(): return later\n    if False:\n        later = 1\n    return f\nf = make()"
    assert len(version(source)) == 16


BUILT_IN = {"a builtin": len, "a class": dict, "a partial": functools.partial(pow, 2)}


@pytest.mark.parametrize("function", BUILT_IN.values(), ids=BUILT_IN.keys())
def test_a_callable_without_source_has_a_version(function: Any) -> None:
    assert code_version(function) == code_version(function)


def test_code_of_installed_modules_counts_by_name_only() -> None:
    assert version("def f(): return g()", g=subprocess.run) != version("def f(): return g()", g=subprocess.call)


def test_versions_are_the_same_in_every_process() -> None:
    program = (
        "from nodebook.engine.codehash import code_version\n"
        "K = {'b': 1, 'a': (2, 'x')}\n"
        "def g(n): return n in {'p', 'q', 'r'} and K\n"
        "def f(a=1, *, b={'z', 'y'}): return g(a)\n"
        "print(code_version(f).hex())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parents[2])},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4242")
    }
    assert len(seen) == 1
