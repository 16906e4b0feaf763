"""What a lock keeps of a run."""

from __future__ import annotations

import json
import os
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
import torch
import xxhash
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter

import nodebook as nb
from nodebook.models.folders import DATA
from nodebook.notebook.errors import LockError, NewerLockError, NoLockError
from nodebook.notebook.lock.format import Lock, LockedFile, LockedNode, LockedResult, LockedType
from nodebook.notebook.lock.hashes import FileHashes
from nodebook.notebook.lock.making import hashes, likeness, lock_of, stored_lock
from nodebook.notebook.lock.making import making as locking
from nodebook.sessions import Session

SCALE = 2.0


def scaled(value: float) -> float:
    return xxhash.xxh32_intdigest(b"") + value * SCALE


# The format


names = st.text(st.characters(codec="utf-8"), max_size=8)
digests = st.text("0123456789abcdef", min_size=32, max_size=32)
results = st.builds(LockedResult, names, st.none() | digests, st.lists(names, max_size=2).map(tuple))
locks = st.builds(
    Lock,
    document=digests,
    outcome=st.none() | st.sampled_from(["done", "failed"]),
    targets=st.lists(names, max_size=3).map(tuple),
    environment=st.dictionaries(names, names, max_size=2),
    packages=st.dictionaries(names, names, max_size=2),
    files=st.dictionaries(
        names,
        st.builds(
            LockedFile,
            st.sampled_from(["model", "input"]),
            names,
            st.integers(0, 2**60),
            category=st.none() | names,
            xxh3=st.none() | digests,
            sha256=st.none() | digests,
            source=st.none() | names,
        ),
        max_size=2,
    ),
    seeds=st.dictionaries(names, st.integers(-(2**70), 2**70), max_size=2),
    types=st.dictionaries(
        names,
        st.builds(
            LockedType, digests, names, st.booleans(), st.none() | digests, st.lists(names, max_size=2).map(tuple)
        ),
        max_size=2,
    ),
    variables=st.dictionaries(names, digests, max_size=2),
    nodes=st.dictionaries(
        names,
        st.builds(LockedNode, names, st.none() | names, st.dictionaries(names, results, max_size=2), st.booleans()),
        max_size=2,
    ),
)


@given(locks)
def test_a_lock_comes_back_from_its_json(lock: Lock) -> None:
    text = json.dumps(lock.to_json())
    again = Lock.from_json(json.loads(text))
    assert again == lock
    assert json.dumps(again.to_json()) == text


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, 'A lock is an object with "lock": 1, got None'),
        ({}, "A lock is an object"),
        ({"lock": "1"}, "The version of a lock is 1, got '1'"),
        ({"lock": True}, "The version of a lock is 1, got True"),
        ({"lock": 1, "seeds": {"5.seed": 1.5}}, r"at seeds\.5\.seed: input should be a valid integer"),
        ({"lock": 1, "seeds": ["5"]}, "at seeds: .*, got \\['5'\\]"),
        ({"lock": 1, "packages": {"torch": 2}}, r"at packages\.torch: input should be a valid string, got 2"),
        ({"lock": 1, "files": {"1.a": {"kind": "model"}}}, r"at files\.1\.a\.name: field required"),
        ({"lock": 1, "hand": 1}, "at hand: .*, got 1"),
        ({"lock": 1, "document": {1, 2}}, "no JSON"),
    ],
)
def test_a_lock_that_was_edited_by_hand_says_where(data: Any, message: str) -> None:
    with pytest.raises(LockError, match=message):
        Lock.from_json(data)


def test_a_newer_lock_is_told_apart() -> None:
    with pytest.raises(NewerLockError, match="version 2; this nodebook reads 1"):
        Lock.from_json({"lock": 2, "anything": 1})


# What is in it


def test_nothing_has_run(session: Session) -> None:
    g = nb.Graph(own_session=session)
    assert lock_of(g) == Lock()
    with pytest.raises(NoLockError, match=r"Run it with g\.run\(\) first"):
        g.lock()


def test_a_lock_is_made_once_for_a_run(session: Session) -> None:
    g = nb.Graph(own_session=session)
    g.add("EmptyImage", width=8, height=8)
    g.run()
    first = g.lock()
    assert g.lock() is first
    g.run()
    assert g.lock() == first


def test_titles_and_places_do_not_count_and_values_do(session: Session) -> None:
    g = nb.Graph(own_session=session)
    picture = g.add("EmptyImage", width=8, height=8)
    inverted = g.add("ImageInvert", image=picture)
    g.add("InputInt", name="aside", value=3).mute()
    g.run(inverted)
    first = g.lock()
    picture.rename("Blank")
    g.run(inverted)
    assert g.lock().document == first.document
    picture.set(width=9)
    g.run(inverted)
    assert g.lock().document != first.document
    assert g.lock().targets == (inverted.id,)
    assert "3" not in g.lock().nodes


def test_one_changed_seed_is_a_change_of_few_lines(session: Session) -> None:
    @nb.node
    def noise(seed: int = 7) -> nb.Image:
        return torch.rand(1, 32, 32, 3, generator=torch.Generator().manual_seed(seed))

    g = nb.Graph(own_session=session)
    drawn = g.add(noise)
    g.run()
    before = json.dumps(g.lock().to_json(), indent=1).splitlines()
    drawn.set(seed=8)
    g.run()
    after = json.dumps(g.lock().to_json(), indent=1).splitlines()
    assert len(before) == len(after)
    assert sum(one != other for one, other in zip(before, after, strict=True)) == 4  # seed, document, content, picture


def test_seeds_are_those_that_the_run_used(session: Session) -> None:
    @nb.node
    def noise(seed: int = 7) -> int:
        return seed

    g = nb.Graph(own_session=session)
    varied = g.add(noise, title="varied", seed=3).vary(seed="increment")
    usual = g.add(noise, title="usual")
    linked = g.add(noise, title="linked", seed=g.input("start", 5))
    for _ in range(3):
        g.run(start=11)
    seeds = g.lock().seeds
    assert seeds == {f"{varied.id}.seed": 5, f"{usual.id}.seed": 7, f"{linked.id}.seed": 11}
    assert varied.outputs == (5,)


def test_a_function_is_kept_with_its_text_and_the_packages_that_it_reads(session: Session) -> None:
    @nb.node
    def double(value: float = 1.0) -> float:
        return scaled(value)

    g = nb.Graph(own_session=session)
    g.add(double)
    g.run()
    lock = g.lock()
    locked = lock.types["double"]
    assert locked.portable
    assert "        return scaled(value)" in locked.text
    assert lock.packages["xxhash"] == xxhash.VERSION
    assert "diffusers" not in lock.packages
    assert set(lock.types) == {"double"}  # built-in nodes are of the version of nodebook


def test_a_model_is_kept_with_both_digests(session: Session) -> None:
    g = nb.Graph(own_session=session)
    g.run(g.add("CheckpointLoaderSimple", ckpt_name="nodebook-demo.safetensors"))
    file = g.lock().files["1.ckpt_name"]
    assert (file.kind, file.category, file.name) == ("model", "checkpoints", "nodebook-demo.safetensors")
    path = DATA / "checkpoints" / file.name
    assert file.bytes == path.stat().st_size
    assert file.sha256 == FileHashes().sha256(path)
    assert g.lock().check() == []
    assert g.lock().packages["diffusers"]


def test_a_large_graph_has_a_small_lock(session: Session) -> None:
    @nb.node
    def more(value: float = 1.0) -> float:
        return value + 1

    g = nb.Graph(own_session=session)
    last = g.add(more)
    for _ in range(250):
        last = g.add(more, value=last)
    g.run().check()
    lock = g.lock()
    assert list(lock.nodes) == [last.id]
    assert len(json.dumps(lock.to_json())) < 2000
    first = lock.document
    g["1"].set(value=2.0)
    g.run().check()
    assert g.lock().document != first


def test_large_files_are_read_in_the_background_where_nobody_waits(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hashes, "SMALL_BYTES", 1000)
    g = nb.Graph(own_session=session)
    g.run(g.add("CheckpointLoaderSimple", ckpt_name="nodebook-demo.safetensors"))
    ready, told = Event(), []

    def tell(lock: Lock) -> None:
        told.append(lock)
        ready.set()

    lock = lock_of(g, wait=False, on_ready=tell)
    assert not lock.is_complete
    assert lock.files["1.ckpt_name"].xxh3
    assert ready.wait(60)
    assert told[0].is_complete
    assert lock_of(g, wait=False) is told[0]


def test_large_results_are_read_in_the_background_too(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locking, "LARGE_BYTES", 1000)
    g = nb.Graph(own_session=session)
    g.add("EmptyImage", width=64, height=64)
    assert stored_lock(g) is None
    g.run()
    ready = Event()
    early = stored_lock(g, lambda _lock: ready.set())
    assert early is not None
    assert "results" not in early["nodes"]["1"]
    assert ready.wait(60)
    assert stored_lock(g) == g.lock().to_json()
    assert g.lock().nodes["1"].results["IMAGE"].content


def test_a_file_that_was_changed_after_the_run_is_not_taken_for_the_one_that_was_read(
    session: Session, tmp_path: Path
) -> None:
    path = tmp_path / "input" / "a.png"
    path.parent.mkdir()
    Image.new("RGB", (8, 8), "red").save(path)
    g = nb.Graph(own_session=session)
    g.run(g.add("LoadImage", image="a.png"))
    Image.new("RGB", (8, 8), "blue").save(path)
    file = g.lock().files["1.image"]
    assert (file.sha256, file.xxh3) == (None, None)


def test_a_result_that_was_changed_in_place_since_is_not_taken_for_what_the_run_gave(session: Session) -> None:
    g = nb.Graph(own_session=session)
    picture = g.add("EmptyImage", width=8, height=8)
    g.run()
    picture.outputs[0].add_(0.5)
    result = g.lock().nodes["1"].results["IMAGE"]
    assert result.content is None
    assert "changed since the run" in result.shows


def test_where_files_were_saved_is_no_result(session: Session) -> None:
    g = nb.Graph(own_session=session)
    g.add("SaveLatent", samples=g.add("EmptyLatentImage", width=64, height=64))
    g.run().check()
    assert not g.lock().nodes["2"].results


def test_nodes_inside_subgraphs_are_kept_by_their_paths(session: Session) -> None:
    g = nb.Graph(own_session=session)
    picture = g.add("EmptyImage", width=8, height=8)
    inverted = g.add("ImageInvert", image=picture)
    again = g.add("ImageInvert", image=inverted)
    part = g.subgraph([inverted], "Inverse")
    g.run(again)
    lock = g.lock()
    assert set(lock.nodes) == {picture.id, f"{part.id}/{inverted.id}", again.id}
    assert all(each.results for each in lock.nodes.values())


def test_check_names_what_is_different_here(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "input" / "a.png"
    path.parent.mkdir()
    Image.new("RGB", (8, 8), "red").save(path)

    @nb.node
    def noise(seed: int = 7) -> int:
        return seed

    g = nb.Graph(own_session=session)
    g.add(noise)
    g.add("PreviewImage", images=g.add("LoadImage", image="a.png").image)
    g.run(*g.nodes)
    lock = g.lock()
    assert lock.check() == []
    data = lock.to_json()
    data["environment"]["threads"] = "64"
    data["packages"]["torch"] = "0.1"
    data["types"]["noise"]["code"] = "00" * 16
    data["types"]["other"] = {"code": "00" * 16, "module": "elsewhere"}
    path.unlink()
    found = {(each.kind, each.which): each for each in Lock.from_json(data).check()}
    assert set(found) == {
        ("environment", "threads"),
        ("package", "torch"),
        ("source", "noise"),
        ("source", "other"),
        ("input", "a.png (2.image)"),
    }
    assert found["input", "a.png (2.image)"].state == "missing"
    assert "what it reads" in found["source", "noise"].advice


def test_a_lock_shows_itself(session: Session) -> None:
    g = nb.Graph(own_session=session)
    g.add("EmptyImage", width=8, height=8)
    g.run()
    assert "Tensor 1 x 8 x 8 x 3 float32" in str(g.lock())
    assert "<table>" in g.lock()._repr_html_()


# Digests of files


def test_digests_are_remembered_for_other_kernels_until_the_file_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hashes, "SMALL_BYTES", 10)
    path = tmp_path / "model.bin"
    path.write_bytes(b"a" * 100)
    old = path.stat().st_mtime_ns - 10 * 10**9
    os.utime(path, ns=(old, old))
    folder = tmp_path / "cache"
    assert FileHashes(folder).sha256(path, wait=False) is None
    found = FileHashes(folder).sha256(path)
    assert FileHashes(folder).sha256(path, wait=False) == found
    path.write_bytes(b"b" * 100)
    assert FileHashes(folder).sha256(path, wait=False) is None
    assert FileHashes(folder).sha256(path) != found
    (folder / hashes.FILE_NAME).write_text('{"x": [1, 2], "y": 3}')
    assert FileHashes(folder).sha256(tmp_path / "none") is None


# How alike pictures look


def ramp(side: int = 64) -> Image.Image:
    values = np.linspace(0, 255, side * side * 3).reshape(side, side, 3).astype(np.uint8)
    return Image.fromarray(values)


def test_equal_pictures_are_at_no_distance_and_black_is_far_from_white() -> None:
    black, white = (likeness.sight_of(Image.new("RGB", (32, 32), colour)) for colour in ("black", "white"))
    assert likeness.compare(black, black) == 0
    assert likeness.compare(black, white) == pytest.approx(100, abs=0.1)
    assert likeness.compare(white, black) == likeness.compare(black, white)


def test_what_is_not_seen_is_near_and_what_is_seen_is_not() -> None:
    picture = ramp()
    nearly = picture.point([min(255, level + 1) for level in range(256)] * 3)
    darker = picture.point([level * 9 // 10 for level in range(256)] * 3)
    spot = picture.copy()
    spot.paste("red", (0, 0, 4, 4))
    near = likeness.compare(likeness.sight_of(picture), likeness.sight_of(nearly))
    assert near is not None
    assert 0 < near < likeness.JUST_SEEN
    for other in (darker, spot):
        far = likeness.compare(likeness.sight_of(picture), likeness.sight_of(other))
        assert far is not None
        assert far > likeness.JUST_SEEN


def test_detail_that_leaves_the_mean_alone_is_seen() -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8))
    far = likeness.compare(likeness.sight_of(noise), likeness.sight_of(noise.filter(ImageFilter.GaussianBlur(8))))
    assert far is not None
    assert far > 10 * likeness.JUST_SEEN


def test_pictures_of_two_sizes_have_no_distance() -> None:
    assert likeness.compare(likeness.sight_of(ramp(64)), likeness.sight_of(ramp(32))) is None
    with pytest.raises(ValueError, match="signature is 1024 bytes"):
        likeness.compare("8x8 abc", "8x8 abc")
