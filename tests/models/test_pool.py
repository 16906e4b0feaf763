"""The pool: one network per content and patches, leased, bounded, evicted by age; safe to use from many threads."""

from __future__ import annotations

import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule
from torch import nn

from nodebook.models.build import Built
from nodebook.models.errors import BrokenModelError, PoolFullError, UnsuitableModelError
from nodebook.models.handles import Part, Patched
from nodebook.models.ledger import Resident, choose_evictions, readable, total_bytes
from nodebook.models.load import load_checkpoint
from nodebook.models.pool import Pool, default_limit_bytes
from nodebook.models.precision import compute_dtype
from nodebook.models.spec import ClipSpec
from tests.golden_data import NUMERICS, needs_golden
from tests.models.networks import Builder, Scale, network, size_of


def new_pool(limit_bytes: int = 1_000) -> tuple[Pool, Builder]:
    builder = Builder()
    return Pool(limit_bytes=limit_bytes, build=builder.build, estimate=builder.estimate), builder


def weights_of(module: Any) -> list[float]:
    return [float(weight[0]) for weight in module.weights]


def held(pool: Pool) -> list[str]:
    return [row.file.removesuffix(".safetensors") for row in pool.ledger().rows]


def test_a_network_is_built_once_whatever_its_file_is_called() -> None:
    pool, builder = new_pool()
    with pool.lease(network("a", 10)) as (first,), pool.lease(network("a", 10, folder="elsewhere")) as (second,):
        assert first is second
    with pool.lease(network("a", 10)) as (third,):
        assert third is first
    assert builder.built == ["a"]


def test_several_networks_come_in_the_order_asked_for() -> None:
    pool, _ = new_pool()
    with pool.lease(network("b", 2), network("a", 3)) as modules:
        assert [len(each.weights[0]) for each in modules] == [2, 3]  # type: ignore[index]


def test_the_oldest_gives_way() -> None:
    pool, builder = new_pool(100)
    for name in ("a", "b", "a", "c"):
        with pool.lease(network(name, 10)):
            pass
    assert held(pool) == ["c", "a"]
    assert pool.ledger().used_bytes == 80
    with pool.lease(network("b", 10)):
        pass
    assert builder.built == ["a", "b", "c", "b"]


def test_what_is_leased_stays_and_more_than_fits_beside_it_is_refused() -> None:
    pool, _ = new_pool(100)
    with pool.lease(network("a", 10)), pool.lease(network("b", 10)):
        with (
            pytest.raises(PoolFullError, match=r"unet of c.safetensors needs 0\.0 KiB, but 0\.1 KiB of the 0\.1 KiB"),
            pool.lease(network("c", 10)),
        ):
            pass
        assert held(pool) == ["b", "a"]
    with pool.lease(network("c", 10)):
        assert held(pool) == ["c", "a"]  # a was given back last


def test_working_memory_counts_while_it_is_lent() -> None:
    pool, _ = new_pool(100)
    with pool.lease(network("a", 10)):
        pass
    with pool.lease(network("b", 10), working_bytes=50):
        assert held(pool) == ["b"]
        assert pool.ledger().used_bytes == 90
        with pytest.raises(PoolFullError, match="working memory needs"), pool.lease(network("b", 10), working_bytes=20):
            pass
    assert pool.ledger().used_bytes == 40


def test_a_refused_lease_gives_back_what_it_had_taken() -> None:
    pool, _ = new_pool(100)
    with pytest.raises(PoolFullError), pool.lease(network("a", 10), network("b", 30)):
        pass
    assert [row.leases for row in pool.ledger().rows] == [0]
    with pytest.raises(KeyError), pool.lease(network("a", 10), working_bytes=10):
        raise KeyError
    assert [row.leases for row in pool.ledger().rows] == [0]
    assert pool.ledger().used_bytes == 40


def test_more_than_was_expected_is_noticed() -> None:
    builder = Builder()
    pool = Pool(limit_bytes=100, build=builder.build, estimate=lambda _part, _dtype: 1)
    with pytest.raises(PoolFullError, match="unet of a"), pool.lease(network("a", 30)):
        pass
    assert not pool.ledger().rows
    assert pool.ledger().used_bytes == 0


def test_a_lower_limit_evicts_at_once() -> None:
    pool, _ = new_pool(100)
    with pool.lease(network("a", 10)), pool.lease(network("b", 10)):
        pass
    pool.limit_bytes = 50
    assert len(held(pool)) == 1


def test_dropped_networks_leave_memory_at_once() -> None:
    class Knotted(nn.Linear):
        """A module that refers to itself, as diffusers' UNet does."""

        def __init__(self) -> None:
            super().__init__(3, 3)
            self.__dict__["itself"] = self

    pool = Pool(limit_bytes=100, build=lambda _part, _dtype: Built(Knotted()), estimate=lambda _part, _dtype: 48)
    with pool.lease(network("a", 12)) as (module,):
        first = weakref.ref(module.weight)
    with pool.lease(network("b", 12)) as (module,):
        second = weakref.ref(module.weight)
    pool.limit_bytes = 50
    assert first() is None
    assert pool.free() == 48
    assert second() is None
    assert repr(pool.ledger()) == "cpu: 0 of 0.0 KiB used, no model is loaded"


def test_freeing_spares_what_is_leased() -> None:
    pool, _ = new_pool(200)
    with pool.lease(network("b", 10)):
        pass
    with pool.lease(network("a", 10)):
        assert pool.evict_unleased() == 40
        assert held(pool) == ["a"]


def test_many_threads_build_a_network_once() -> None:
    started, go = threading.Semaphore(0), threading.Event()
    builder = Builder()

    def slow(part: Part, dtype: torch.dtype) -> Built:
        started.release()
        go.wait(5)
        return builder.build(part, dtype)

    pool = Pool(limit_bytes=1_000, build=slow, estimate=builder.estimate)
    patched = Patched(network("a", 10).part, (Scale(2.0),))

    def use(number: int) -> list[float]:
        with pool.lease(patched if number % 2 else network("a", 10)) as (module,):
            return weights_of(module)

    with ThreadPoolExecutor(8) as threads:
        jobs = [threads.submit(use, number) for number in range(16)]
        assert started.acquire(timeout=5)
        go.set()
        assert {tuple(job.result(10)) for job in jobs} == {(0.0,)}
    assert builder.built == ["a"]
    assert all(row.leases == 0 for row in pool.ledger().rows)


def test_networks_are_built_side_by_side() -> None:
    barrier = threading.Barrier(2, timeout=5)
    builder = Builder()

    def both(part: Part, dtype: torch.dtype) -> Built:
        barrier.wait()  # passes only when two builds run at once
        return builder.build(part, dtype)

    pool = Pool(limit_bytes=1_000, build=both, estimate=builder.estimate)

    def use(name: str) -> None:
        with pool.lease(network(name, 10)):
            pass

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(use, "ab"))


def test_a_failed_build_leaves_nothing_and_the_next_tries_again() -> None:
    waiting, go = threading.Event(), threading.Event()
    builder = Builder()
    attempts = []

    def failing(part: Part, dtype: torch.dtype) -> Built:
        attempts.append(threading.get_ident())
        if len(attempts) == 1:
            waiting.set()
            go.wait(5)
            raise BrokenModelError("it is broken")
        return builder.build(part, dtype)

    pool = Pool(limit_bytes=1_000, build=failing, estimate=builder.estimate)

    def use() -> list[float]:
        with pool.lease(network("a", 10)) as (module,):
            return weights_of(module)

    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(use)
        assert waiting.wait(5)
        second = threads.submit(use)
        assert pool.ledger().used_bytes == 40  # reserved by the first
        go.set()
        with pytest.raises(BrokenModelError, match="it is broken"):
            first.result(5)
        assert second.result(5) == [0.0]
    assert len(attempts) == 2
    assert pool.ledger().used_bytes == 40


def test_a_patched_network_shares_what_is_not_changed() -> None:
    pool, builder = new_pool(2_000)
    plain = network("a", 10, 100)
    patched = Patched(plain.part, (Scale(3.0, ("weights.1",)), Scale(1.0, ("weights.1",), offset=5.0)))
    reordered = Patched(plain.part, patched.patches[::-1])
    with pool.lease(plain, patched, reordered) as (first, second, third):
        assert weights_of(first) == [0.0, 1.0]
        assert weights_of(second) == [0.0, 8.0]
        assert weights_of(third) == [0.0, 18.0]
        assert second.weights[0] is first.weights[0]  # type: ignore[index]
        assert pool.ledger().used_bytes == 440 + 400 + 400
        assert [row.patches for row in pool.ledger().rows] == [0, 2, 2]
    assert builder.built == ["a"]


def test_a_patched_network_outlives_the_plain_one() -> None:
    pool, _ = new_pool(500)
    plain = network("a", 10, 100)
    with pool.lease(Patched(plain.part, (Scale(2.0),))) as (module,):
        assert pool.ledger().used_bytes == 480
        assert pool.evict_unleased() == 40  # what was changed: the other layer is shared
        assert weights_of(module) == [0.0, 1.0]
        assert pool.ledger().used_bytes == 440


def test_a_patch_that_does_not_fit_names_what_it_changes() -> None:
    pool, _ = new_pool()
    part = network("a", 10).part
    with (
        pytest.raises(
            UnsuitableModelError, match=r"changes 'weights.7', which the unet of a.safetensors does not have"
        ),
        pool.lease(Patched(part, (Scale(2.0, ("weights.7",)),))),
    ):
        pass
    assert [row.patches for row in pool.ledger().rows] == [0]


def test_a_patch_that_changes_a_shape_is_refused() -> None:
    class Longer(Scale):
        def changes(self, part: Part, names: Any) -> Any:
            del part, names
            return {"weights.0": lambda weight: torch.cat([weight, weight])}

    pool, _ = new_pool()
    with (
        pytest.raises(UnsuitableModelError, match=r"makes 'weights.0' \[20\], but the network needs \[10\]"),
        pool.lease(Patched(network("a", 10).part, (Longer(1.0),))),
    ):
        pass


def test_patches_are_computed_in_float32_and_rounded_once() -> None:
    builder = Builder()
    pool = Pool(
        limit_bytes=1_000,
        build=lambda part, _dtype: builder.build(part, torch.float16),
        estimate=builder.estimate,
    )
    tiny = Scale(1.0, ("weights.1",), offset=2e-4)  # less than half a step of float16 at 1
    steps = Patched(network("a", 10, 10).part, (tiny, tiny, tiny))
    with pool.lease(steps) as (module,):
        weight: torch.Tensor = module.weights[1]  # type: ignore[index]
        assert weight.dtype == torch.float16
        assert float(weight[0]) == float(torch.tensor(1.0006).half()) > 1


def test_the_ledger_reads_well() -> None:
    pool, _ = new_pool(1 << 20)
    with pool.lease(network("a", 100_000)):
        lines = repr(pool.ledger()).splitlines()
    assert lines[0] == "cpu: 390.6 KiB of 1.0 MiB used"
    assert lines[1].split() == ["file", "part", "dtype", "memory", "mapped", "leases", "idle", "patches"]
    assert lines[2].split() == ["a.safetensors", "unet", "float32", "390.6", "KiB", "0", "1", "0", "s", "0"]


@pytest.mark.parametrize(
    ("size_bytes", "text"), [(0, "0"), (512, "0.5 KiB"), (3 << 20, "3.0 MiB"), (5 << 29, "2.50 GiB")]
)
def test_bytes_are_written_as_people_do(size_bytes: int, text: str) -> None:
    assert readable(size_bytes) == text


def test_the_limit_is_a_share_of_the_memory() -> None:
    assert 1 << 28 < default_limit_bytes(torch.device("cpu")) < 1 << 44
    assert Pool().limit_bytes == default_limit_bytes(torch.device("cpu"))


@needs_golden
def test_weights_in_their_own_dtype_stay_in_the_file() -> None:
    model, clip, _ = load_checkpoint(NUMERICS / "tiny_sd1.safetensors")
    assert clip is not None
    pool = Pool()
    with pool.lease(model.network, *clip.encoders):
        encoder, unet = pool.ledger().rows
    assert (unet.size_bytes, encoder.mapped_bytes) == (0, 0)
    assert unet.mapped_bytes > 5 << 20
    assert encoder.size_bytes > 12 << 20


class Leases(RuleBasedStateMachine):
    """Any order of leases and ends of leases: the bound holds, and what is leased is there."""

    open_leases = Bundle("open_leases")
    limit_bytes = 400

    def __init__(self) -> None:
        super().__init__()
        self.pool, _ = new_pool(self.limit_bytes)
        self.living: dict[int, tuple[ExitStack, Patched, nn.Module, int]] = {}
        self.count = 0

    @rule(
        target=open_leases,
        name=st.sampled_from("abcdef"),
        patches=st.lists(st.sampled_from([Scale(2.0), Scale(3.0, ("weights.1",))]), max_size=2),
        working_bytes=st.sampled_from([0, 0, 50, 300]),
    )
    def lease(self, name: str, patches: list[Scale], working_bytes: int) -> int:
        wanted = Patched(network(name, 10, 5 * (1 + "abcdef".index(name))).part, tuple(patches))
        stack = ExitStack()
        self.count += 1
        try:
            (module,) = stack.enter_context(self.pool.lease(wanted, working_bytes=working_bytes))
        except PoolFullError:
            least = size_of(wanted.part) * 2 + working_bytes
            assert self.living or least > self.limit_bytes
            return self.count
        self.living[self.count] = stack, wanted, module, working_bytes
        return self.count

    @rule(number=open_leases)
    def end(self, number: int) -> None:
        if number in self.living:
            self.living.pop(number)[0].close()

    @rule()
    def free(self) -> None:
        self.pool.evict_unleased()
        assert len(self.pool.ledger().rows) == len({wanted for _, wanted, _, _ in self.living.values()})

    @invariant()
    def bound_holds(self) -> None:
        assert self.pool.ledger().used_bytes <= self.limit_bytes

    @invariant()
    def leased_networks_are_there(self) -> None:
        for _, wanted, module, _ in self.living.values():
            with self.pool.lease(wanted) as (again,):
                assert again is module

    def teardown(self) -> None:
        for stack, *_ in self.living.values():
            stack.close()
        self.living.clear()
        self.pool.evict_unleased()
        assert self.pool.ledger().used_bytes == 0


TestLeases = Leases.TestCase
TestLeases.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)


residents = st.lists(
    st.builds(
        Resident,
        key=st.integers(0, 1_000_000),
        tensors=st.dictionaries(st.integers(1, 12), st.just(10), max_size=6),
        leased=st.booleans(),
        used=st.integers(0, 100),
    ),
    max_size=8,
    unique_by=lambda each: each.key,
)


@settings(max_examples=200, deadline=None)
@given(rows=residents, needed=st.integers(0, 60), limit=st.integers(0, 120))
def test_evictions_are_as_few_as_needed_and_spare_what_is_leased(rows: list[Resident], needed: int, limit: int) -> None:
    chosen = choose_evictions(rows, needed_bytes=needed, limit_bytes=limit)
    left = [row for row in rows if row.key not in chosen]
    assert all(not row.leased for row in rows if row.key in chosen)
    if any(not row.leased and row.tensors for row in left):
        assert total_bytes(left) + needed <= limit
    if chosen:
        last = next(row for row in rows if row.key == chosen[-1])
        assert total_bytes([*left, last]) + needed > limit
        assert all(row.used >= last.used for row in left if not row.leased and row.tensors)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@needs_golden
def test_on_cuda_networks_move_there_and_count_there() -> None:
    model, clip, vae = load_checkpoint(NUMERICS / "tiny_sd1.safetensors")
    assert clip is not None
    assert vae is not None
    pool = Pool(device="cuda")
    with pool.lease(model.network, clip.encoders[0], vae.network) as modules:
        assert all(parameter.is_cuda for module in modules for parameter in module.parameters())
        assert next(modules[0].parameters()).dtype == compute_dtype(model.network.part, pool.device)
        assert next(modules[1].parameters()).dtype == torch.float32
        rows = pool.ledger().rows
        assert all(row.mapped_bytes == 0 < row.size_bytes for row in rows)
    before = torch.cuda.memory_allocated()
    assert pool.free() > 0
    assert torch.cuda.memory_allocated() < before


def test_everything_is_float32_on_the_cpu() -> None:
    assert compute_dtype(network("a", 1).part, torch.device("cpu")) == torch.float32
    spec = ClipSpec("", "hf", 64, 2, 4, 128, 77, 49408, "quick_gelu")
    assert compute_dtype(Part(network("a", 1).part.file, "clip_l", spec), torch.device("cuda")) == torch.float32
