from __future__ import annotations

import functools
import importlib
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from nodebook.engine import codehash, origins
from nodebook.engine.codehash import CodeVersion, code_version
from nodebook.engine.fingerprint import DIGEST_BYTES
from nodebook.engine.node import node
from tests.engine.support import from_source


def version(source: str, **names: Any) -> CodeVersion:
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
    "a docstring": ("def f(a): return a", "def f(a):\n    'Say it.'\n    return a"),
    "the docstring of a function that returns None": (
        "def f(a):\n    if a: return None\n    return 1",
        "def f(a):\n    'Say.'\n    if a: return None\n    return 1",
    ),
    "the docstring of a helper": (
        "def g(): return 1\ndef f(): return g()",
        "def g():\n '1'\n return 1\ndef f(): return g()",
    ),
    "a global of the name of an attribute": ("real = 1\ndef f(a): return a.real", "real = 2\ndef f(a): return a.real"),
    "the order of methods": (
        "class C:\n def a(self): return 1\n def b(self): return 2\ndef f(): return C().a()",
        "class C:\n def b(self): return 2\n def a(self): return 1\ndef f(): return C().a()",
    ),
    "an abstract class run again": (
        "import abc\nclass C(abc.ABC):\n @abc.abstractmethod\n def m(self): ...\ndef f(): return C",
        "import abc\nclass C(abc.ABC):\n @abc.abstractmethod\n def m(self): ...\ndef f(): return C",
    ),
    "a data class, a model and an enum run again": tuple(
        [
            (
                "import dataclasses, enum, pydantic\n"
                "@dataclasses.dataclass\nclass D:\n a: int = 1\n"
                "class M(pydantic.BaseModel):\n a: int = pydantic.Field(1, ge=0)\n"
                "class E(enum.Enum):\n A = 1\n"
                "d, m = D(), M()\n"
                "def f(): return D, M, E, E.A, d, m"
            )
        ]
        * 2
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
    "signed zero": ("def f(): return 0.0", "def f(): return -0.0"),
    "one and True": ("def f(): return (1, 2)", "def f(): return (True, 2)"),
    "numbers beyond every word": (f"def f(): return {10**5000:#x}", f"def f(): return {10**5000 + 1:#x}"),
    "the end of a long text": (
        "text = 'a' * 100_000 + 'b'\ndef f(): return text",
        "text = 'a' * 100_000 + 'c'\ndef f(): return text",
    ),
    "an ellipsis": ("def f(): return ...", "def f(): return None"),
    "the name of a helper's parameter": (
        "def g(a=1, b=2): return a\ndef f(): return g(b=3)",
        "def g(b=1, a=2): return b\ndef f(): return g(b=3)",
    ),
    "a docstring that is read": (
        "def g():\n 'one'\ndef f(): return g.__doc__",
        "def g():\n 'two'\ndef f(): return g.__doc__",
    ),
    "an attribute of a class": (
        "class C:\n size = 1\n def m(self): return self.size\ndef f(): return C().m()",
        "class C:\n size = 2\n def m(self): return self.size\ndef f(): return C().m()",
    ),
    "a property": (
        "class C:\n @property\n def p(self): return 1\ndef f(): return C().p",
        "class C:\n @property\n def p(self): return 2\ndef f(): return C().p",
    ),
    "a cached property": (
        "import functools\nclass C:\n @functools.cached_property\n def p(self): return 1\ndef f(): return C().p",
        "import functools\nclass C:\n @functools.cached_property\n def p(self): return 2\ndef f(): return C().p",
    ),
    "a class method": (
        "class C:\n @classmethod\n def m(cls): return 1\ndef f(): return C.m()",
        "class C:\n @classmethod\n def m(cls): return 2\ndef f(): return C.m()",
    ),
    "a base class": (
        "class B:\n def m(self): return 1\nclass C(B): pass\ndef f(): return C().m()",
        "class B:\n def m(self): return 2\nclass C(B): pass\ndef f(): return C().m()",
    ),
    "a method behind super": (
        "class B:\n def m(self): return 1\nclass C(B):\n def m(self): return super().m()\ndef f(): return C().m()",
        "class B:\n def m(self): return 2\nclass C(B):\n def m(self): return super().m()\ndef f(): return C().m()",
    ),
    "the state of an object": (
        "class C:\n def __init__(self, k): self.k = k\nc = C(1)\ndef f(): return c.k",
        "class C:\n def __init__(self, k): self.k = k\nc = C(2)\ndef f(): return c.k",
    ),
    "the slots of an object": (
        "class C:\n __slots__ = ('k',)\n def __init__(self, k): self.k = k\nc = C(1)\ndef f(): return c.k",
        "class C:\n __slots__ = ('k',)\n def __init__(self, k): self.k = k\nc = C(2)\ndef f(): return c.k",
    ),
    "the state of a decorator that is a class": (
        "class S:\n def __init__(self, g, k): self.__wrapped__, self.k = g, k\ng = S(len, 1)\ndef f(): return g",
        "class S:\n def __init__(self, g, k): self.__wrapped__, self.k = g, k\ng = S(len, 2)\ndef f(): return g",
    ),
    "a subclass of int that is another number": (
        "class N(int):\n def __add__(self, o): return 1\nn = N(1)\ndef f(): return n",
        "class N(int):\n def __add__(self, o): return 2\nn = N(1)\ndef f(): return n",
    ),
    "a subclass of int is no int": ("n = 1\ndef f(): return n", "class N(int): pass\nn = N(1)\ndef f(): return n"),
    "a default of a data class": (
        "import dataclasses\n@dataclasses.dataclass\nclass D:\n a: int = 1\ndef f(): return D()",
        "import dataclasses\n@dataclasses.dataclass\nclass D:\n a: int = 2\ndef f(): return D()",
    ),
    "the range of a model's field": (
        "import pydantic\nclass M(pydantic.BaseModel):\n a: int = pydantic.Field(1, ge=0)\ndef f(): return M()",
        "import pydantic\nclass M(pydantic.BaseModel):\n a: int = pydantic.Field(1, ge=1)\ndef f(): return M()",
    ),
    "the default of a model's field": (
        "import pydantic\nclass M(pydantic.BaseModel):\n a: int = 1\ndef f(): return M()",
        "import pydantic\nclass M(pydantic.BaseModel):\n a: int = 2\ndef f(): return M()",
    ),
    "the value of an enum's member": (
        "import enum\nclass E(enum.Enum):\n A = 1\ndef f(): return E.A.value",
        "import enum\nclass E(enum.Enum):\n A = 2\ndef f(): return E.A.value",
    ),
    "which member of an enum": (
        "import enum\nclass E(enum.Enum):\n A = 1\n B = 2\ne = E.A\ndef f(): return e",
        "import enum\nclass E(enum.Enum):\n A = 1\n B = 2\ne = E.B\ndef f(): return e",
    ),
    "a branch of a single dispatch": (
        (
            "import functools\n@functools.singledispatch\ndef g(a): return 0\n@g.register\ndef _(a: int): return 1\n"
            "def f(a): return g(a)"
        ),
        (
            "import functools\n@functools.singledispatch\ndef g(a): return 0\n@g.register\ndef _(a: int): return 2\n"
            "def f(a): return g(a)"
        ),
    ),
    "the function under a context manager": (
        "import contextlib\n@contextlib.contextmanager\ndef g(): yield 1\ndef f():\n with g() as x: return x",
        "import contextlib\n@contextlib.contextmanager\ndef g(): yield 2\ndef f():\n with g() as x: return x",
    ),
    "a condition of a comprehension": (
        "k = 1\ndef f(a): return [x for x in a if x > k]",
        "k = 2\ndef f(a): return [x for x in a if x > k]",
    ),
    "a slash after a helper's parameters": (
        "def g(a, b): return a\ndef f(): return g",
        "def g(a, b, /): return a\ndef f(): return g",
    ),
    # Each makes a new list for whoever asks for its state, perhaps where the one before had its own.
    "the last of a chain of objects": tuple(
        "class C:\n def __init__(self, k): self.k = k\n def __getstate__(self): return [self.k]\n"
        f"all = [[C(i)] for i in range(40)] + [[C({number})]]\n"
        "for i, each in enumerate(all[1:]): all[i].append(each)\n"
        "first = all[0]\ndef f(): return first"
        for number in (1, 2)
    ),
    "a pattern": (
        "import re\nr = re.compile('a')\ndef f(): return r",
        "import re\nr = re.compile('b')\ndef f(): return r",
    ),
    "the flags of a pattern": (
        "import re\nr = re.compile('a')\ndef f(): return r",
        "import re\nr = re.compile('a', re.I)\ndef f(): return r",
    ),
    "the list that a bound method fills": (
        "g = [1].append\ndef f(): return g",
        "g = [2].append\ndef f(): return g",
    ),
    "the list that a special method is bound to": (
        "g = [1].__len__\ndef f(): return g",
        "g = [2].__len__\ndef f(): return g",
    ),
    "two names for one list, or two lists": (
        "a = []\nb = a\ndef f(): return a, b",
        "a = []\nb = []\ndef f(): return a, b",
    ),
    "an attribute of a function": (
        "def g(): return g.k\ng.k = 1\ndef f(): return g()",
        "def g(): return g.k\ng.k = 2\ndef f(): return g()",
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
    def called(source: str) -> CodeVersion:
        return version("def f(a): return g(a)", g=node(from_source(source)))

    assert called("def f(a): return a") != called("def f(a): return -a")
    assert called("def f(a): return a") == called("def f(a): return a")


def test_a_live_object_counts_by_what_it_is_and_in_this_process_only() -> None:
    one, other = threading.Lock(), threading.Lock()
    source = "def f(): return lock"
    assert version(source, lock=one) == version(source, lock=one)
    assert version(source, lock=one) != version(source, lock=other)
    assert not version(source, lock=one).is_portable
    assert version("def f(): return 1").is_portable


@pytest.mark.parametrize(
    "body",
    [
        "def f(x): return math.sin(x) + abs(x) + x.real.hex()",
        "def f(x):\n for y in x:\n  x = math.sin(y) if y else math.cos(y)\n return x",
        "def f(x):\n try:\n  x = math.sin(x)\n except ValueError:\n  x = math.cos(x)\n finally:\n  x = 1\n return x",
        "def f(x):\n while math.sin(x):\n  x = [math.sin(y) for y in (z for z in x)]\n" + "  x += math.sin(x)\n" * 30,
    ],
    ids=["one after the other", "a loop", "exceptions", "long jumps"],
)
def test_a_function_of_a_module_and_of_a_notebook_is_the_same(body: str) -> None:
    # A notebook compiles each statement alone; Python then prepares the call of math.sin in another way.
    imports = "import math\n"
    names: dict[str, Any] = {}
    exec(imports, names)  # noqa: S102 -- what a notebook does
    assert version(imports + body) == version(body, math=names["math"])


def test_a_method_that_is_called_is_not_one_that_is_named() -> None:
    assert version("def f(x, y): return x.a(y)") != version("def f(x, y): return x.a, y")
    assert version("def f(x, y): return x.a(y)") != version("def f(x, y): return x(y).a")
    assert version("def f(x, y): return x(y)") != version("def f(x, y): return y(x)")


def test_an_event_counts_by_what_it_is_and_not_by_what_happened() -> None:
    event = threading.Event()
    before = version("def f(): event.set()", event=event)
    event.set()
    assert version("def f(): event.set()", event=event) == before


def test_calling_a_single_dispatch_changes_nothing() -> None:
    function = from_source(
        "import functools\n@functools.singledispatch\ndef g(a): return 0\n@g.register\ndef _(a: int): return 1\n"
        "def f(a): return g(a)"
    )
    before = code_version(function)
    function(1)
    function(())
    assert code_version(function) == before
    assert before.is_portable


def test_an_object_that_takes_the_place_of_another_in_memory_is_another() -> None:
    seen = {version("def f(): return lock", lock=threading.Lock()) for _ in range(50)}
    assert len(seen) == 50


def test_a_graph_of_the_notebook_is_a_live_object() -> None:
    import nodebook

    graph = nodebook.Graph()
    assert version("def f(): return g", g=graph) == version("def f(): return g", g=graph)
    assert not version("def f(): return g", g=graph).is_portable


def test_a_whole_application_counts_by_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codehash, "_MOST_OPENED", 10)
    source = "class C: pass\nthings = [C() for _ in range({})]\ndef f(): return things"
    assert version(source.format(10)).is_portable
    assert not version(source.format(11)).is_portable


def test_a_change_in_place_counts() -> None:
    state: dict[str, Any] = {"a": [1]}
    function = from_source("def f(): return state", state=state)
    before = code_version(function)
    state["a"].append(2)
    assert code_version(function) != before


def test_a_list_that_a_function_only_writes_to_is_a_log_and_does_not_count() -> None:
    calls: list[int] = []

    def logs(x: int) -> int:
        calls.append(x)
        return x

    def reads(x: int) -> int:
        calls.append(x)
        return len(calls)

    before = code_version(logs), code_version(reads)
    calls.append(1)
    assert code_version(logs) == before[0]
    assert code_version(reads) != before[1]
    assert code_version(logs).is_portable


def test_values_may_change_while_they_are_read() -> None:
    log: dict[int, list[int]] = {number: [] for number in range(300)}
    seen: set[int] = set(range(300))
    function = from_source("def f(): return log, seen", log=log, seen=seen)
    done = threading.Event()

    def write() -> None:
        while not done.is_set():
            log[-1] = []
            seen.add(-1)
            del log[-1]
            seen.discard(-1)

    writer = threading.Thread(target=write)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    writer.start()
    try:
        for _ in range(20):
            code_version(function)
    finally:
        done.set()
        writer.join()
        sys.setswitchinterval(interval)


def test_depth_has_no_limit() -> None:
    def nest(inner: int) -> list[Any]:
        value: list[Any] = [inner]
        for _ in range(20_000):
            value = [value]
        return value

    assert version("def f(): return deep", deep=nest(1)) == version("def f(): return deep", deep=nest(1))
    assert version("def f(): return deep", deep=nest(1)) != version("def f(): return deep", deep=nest(2))


class Stubborn:
    """Raises whatever it is asked."""

    def __reduce_ex__(self, _protocol: Any) -> Any:
        raise KeyError("no")

    def __getattr__(self, name: str) -> Any:
        raise ZeroDivisionError(name)

    def __eq__(self, _other: object) -> bool:
        raise ZeroDivisionError

    __hash__ = None  # type: ignore[assignment]  # cannot be put anywhere


def test_an_object_that_refuses_everything_has_a_version() -> None:
    thing = Stubborn()
    assert version("def f(): return thing", thing=thing) == version("def f(): return thing", thing=thing)


HELPERS = "def used(a): return a * {used}\ndef unused(a): return a * {unused}\n"


@pytest.fixture
def helpers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., ModuleType]]:
    """Writes a file beside the notebook and loads it, again and again."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def load(**numbers: int) -> ModuleType:
        (tmp_path / "nb_helpers.py").write_text(HELPERS.format(**{"used": 1, "unused": 1, **numbers}))
        importlib.invalidate_caches()
        sys.modules.pop("nb_helpers", None)
        return importlib.import_module("nb_helpers")

    yield load
    sys.modules.pop("nb_helpers", None)


THROUGH_MODULE = "def f(a): return nb_helpers.used(a)"
WAYS = {
    "through the module": THROUGH_MODULE,
    "closed over": "def make(m):\n    def f(a): return m.used(a)\n    return f\nf = make(nb_helpers)",
    "imported inside": "def f(a):\n    from nb_helpers import used\n    return used(a)",
}


@pytest.mark.parametrize("source", WAYS.values(), ids=WAYS.keys())
def test_of_a_file_beside_the_notebook_what_is_used_counts(source: str, helpers: Callable[..., ModuleType]) -> None:
    before = version(source, nb_helpers=helpers())
    assert version(source, nb_helpers=helpers(unused=2)) == before
    assert version(source, nb_helpers=helpers(used=2)) != before
    assert before.is_portable


def test_a_module_that_is_passed_on_counts_whole(helpers: Callable[..., ModuleType]) -> None:
    source = "def f(a): return getattr(nb_helpers, a)"
    assert version(source, nb_helpers=helpers()) != version(source, nb_helpers=helpers(unused=2))


def test_a_file_that_the_function_will_load_counts_by_its_text(helpers: Callable[..., ModuleType]) -> None:
    source = "def f(a):\n    import nb_helpers\n    return nb_helpers.used(a)"
    seen = []
    for number in (1, 1, 2):
        helpers(used=number)
        del sys.modules["nb_helpers"]
        seen.append(version(source))
    assert seen[0] == seen[1] != seen[2]
    assert not seen[0].is_portable  # once loaded it will be another


def test_a_value_that_holds_itself_has_a_version() -> None:
    knot: list[Any] = [1]
    knot.append(knot)
    rope: dict[str, Any] = {}
    rope["self"] = rope
    assert len(version("def f(): return knot, rope", knot=knot, rope=rope).digest) == 16


def test_an_unbound_name_of_a_closure_has_a_version() -> None:
    source = "def make():\n    def f(): return later\n    if False:\n        later = 1\n    return f\nf = make()"
    assert len(version(source).digest) == 16


BUILT_IN = {"a builtin": len, "a class": dict, "a partial": functools.partial(pow, 2)}


@pytest.mark.parametrize("function", BUILT_IN.values(), ids=BUILT_IN.keys())
def test_a_callable_without_source_has_a_version(function: Any) -> None:
    assert code_version(function) == code_version(function)


def test_installed_code_counts_by_name_and_version(monkeypatch: pytest.MonkeyPatch) -> None:
    source = "def f(): return g()"
    before = version(source, g=pytest.raises)
    assert before == version(source, g=pytest.raises)
    assert version(source, g=subprocess.run) != version(source, g=subprocess.call)
    # What an upgrade of the package does.
    monkeypatch.setattr(origins, "stamp", lambda _module: origins.Stamp(b"another"))
    monkeypatch.setattr(codehash, "stamp", origins.stamp)
    assert version(source, g=pytest.raises) != before


def test_nodebook_itself_counts_by_its_sources() -> None:
    assert origins.is_installed("nodebook.nodes.filters")
    assert origins.stamp("nodebook.nodes.filters") == origins.stamp("nodebook")
    assert len(origins.stamp("nodebook").text) > DIGEST_BYTES  # a checkout: version and sources


def test_a_package_without_a_version_is_not_portable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codehash, "is_installed", lambda module: module == "nowhere" or origins.is_installed(module))
    assert not version("def f(): return m", m=ModuleType("nowhere")).is_portable


PROGRAM = """
import contextlib, dataclasses, enum, functools, re, sys
import numpy, pydantic
from nodebook.engine.codehash import code_version
from nodebook.nodes.contents import register_encoders

register_encoders()
K = {'b': 1, 'a': (2, 'x')}
WORDS = {'p', 'q', 'r'}
ARRAY = numpy.arange(12.0).reshape(3, 4)
class Shade(enum.Enum):
    DARK = 1
@dataclasses.dataclass(frozen=True, slots=True)
class Point:
    x: float = 0.5
class Model(pydantic.BaseModel):
    name: str = 'n'
class Own:
    def __init__(self): self.p = Point()
    @property
    def q(self): return self.p
own, model, pattern = Own(), Model(), re.compile('a+')
def scaled(k):
    def wrap(g):
        @functools.wraps(g)
        def call(a): return k * g(a)
        return call
    return wrap
@scaled(2)
def g(n): return n in {'p', 'q', 'r'} and (K, WORDS, ARRAY)
@contextlib.contextmanager
def h(): yield Shade.DARK, own, model, pattern, Point, numpy.linspace
def f(a=1, *, b={'z', 'y'}):
    with h(): return g(a), [x for x in b], lambda: Own
print(code_version(f).digest.hex(), code_version(f).is_portable)
"""


def test_versions_are_the_same_in_every_process() -> None:
    seen = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parents[2])},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4242")
    }
    assert len(seen) == 1
    assert seen.pop().split()[1] == "True"
