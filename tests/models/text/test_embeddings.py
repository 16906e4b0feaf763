from __future__ import annotations

import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from nodebook.models.errors import BrokenModelError, UnsafeModelError
from nodebook.models.text.embeddings import find_embedding, read_embedding
from nodebook.models.text.prompt import tokenize

ROWS = torch.arange(6.0).reshape(2, 3)
WIDE = torch.arange(8.0).reshape(2, 4)


def test_a_name_is_found_with_and_without_its_suffix_in_the_first_folder_that_has_it(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for file in (one / "b.pt", two / "a.safetensors", two / "b.safetensors", two / "style" / "c.bin"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    assert find_embedding("a", (one, two)) == two / "a.safetensors"
    assert find_embedding("a.safetensors", (one, two)) == two / "a.safetensors"
    assert find_embedding("b", (one, two)) == one / "b.pt"
    assert find_embedding("style/c", (one, two)) == two / "style" / "c.bin"


@pytest.mark.parametrize("name", ["", "none", "../out", "x" * 5000, "a\0", ".", "notes.txt"])
def test_other_names_find_nothing(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "embeddings"
    folder.mkdir()
    (tmp_path / "out.pt").touch()
    (folder / "notes.txt").touch()
    assert find_embedding(name, (folder,)) is None


FORMS: list[tuple[str, Any]] = [
    ("automatic1111", {"string_to_token": {"*": 265}, "string_to_param": {"*": torch.nn.Parameter(ROWS)}, "step": 5}),
    ("diffusers", {"<cat>": ROWS}),
    ("one vector", {"<cat>": ROWS[0]}),
    ("by encoder", {"clip_g": WIDE, "clip_l": ROWS}),
    ("list of dicts", [{"<a>": ROWS[:1]}, {"<b>": ROWS[1:]}]),
    ("with a counter first", {"step": torch.tensor(3), "emb_params": ROWS}),
    ("half", OrderedDict(emb_params=ROWS.half())),
    ("bundle", {"bundle_emb.cat.clip_g": WIDE, "bundle_emb.cat.clip_l": ROWS}),
    ("bundled parameters", {"bundle_emb.cat.string_to_param.*": ROWS}),
]


@pytest.mark.parametrize(("name", "form"), FORMS, ids=[name for name, _ in FORMS])
def test_each_form_of_a_file_is_read(tmp_path: Path, name: str, form: Any) -> None:
    torch.save(form, tmp_path / "e.pt")
    files = [tmp_path / "e.pt"]
    if isinstance(form, dict) and all(isinstance(each, torch.Tensor) for each in form.values()):
        save_file(dict(form), tmp_path / "e.safetensors")
        files.append(tmp_path / "e.safetensors")
    for file in files:
        vectors = read_embedding(file, "clip_l")
        assert vectors.dtype == torch.float32
        assert torch.equal(vectors, ROWS[:1] if name == "one vector" else ROWS)


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"step": torch.tensor(3)}, "no vectors"),
        ("text", "no vectors"),
        ({"a": torch.zeros(2, 3, 4)}, "no vectors"),
        ([{"a": ROWS}, {"b": WIDE}], "several widths"),
        ({"a": torch.full((1, 3), torch.nan)}, "not finite"),
    ],
)
def test_a_file_without_vectors_is_an_error(tmp_path: Path, form: Any, words: str) -> None:
    torch.save(form, tmp_path / "e.pt")
    with pytest.raises(BrokenModelError, match=rf"e\.pt holds .*{words}"):
        read_embedding(tmp_path / "e.pt", "clip_l")


def test_a_file_that_is_not_whole_is_an_error(tmp_path: Path) -> None:
    torch.save({"a": ROWS}, tmp_path / "e.pt")
    whole = (tmp_path / "e.pt").read_bytes()
    (tmp_path / "e.pt").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BrokenModelError, match=r"Cannot read the embedding e\.pt"):
        read_embedding(tmp_path / "e.pt", "clip_l")


def test_a_pickle_that_could_run_code_is_refused(tmp_path: Path) -> None:
    torch.save({"a": Path("x")}, tmp_path / "e.pt")
    with pytest.raises(UnsafeModelError, match=r"holds more than weights"):
        read_embedding(tmp_path / "e.pt", "clip_l")
    (tmp_path / "f.pt").write_bytes(pickle.dumps({"a": Path("x")}, protocol=2))
    with pytest.raises(UnsafeModelError, match=r"holds more than weights"):
        read_embedding(tmp_path / "f.pt", "clip_l")


def test_vectors_stand_in_the_prompt_with_its_weight(tmp_path: Path) -> None:
    save_file({"emb_params": ROWS}, tmp_path / "ink.safetensors")
    found = tokenize("a (embedding:ink, b:1.5)", encoder="clip_l", folders=[tmp_path])
    tokens = [token for token in found.chunks[0] if token.word]
    assert [token.weight for token in tokens] == [1.0, 1.5, 1.5, 1.5, 1.5]
    vectors = [token.value for token in tokens if isinstance(token.value, torch.Tensor)]
    assert torch.equal(torch.stack(vectors), ROWS)
    assert [token.value for token in tokens[3:]] == [267, 321]  # the comma stays


def test_a_comma_may_belong_to_the_name(tmp_path: Path) -> None:
    save_file({"emb_params": ROWS}, tmp_path / "ink,.safetensors")
    found = tokenize("embedding:ink, b", encoder="clip_l", folders=[tmp_path])
    assert [token.value for token in found.chunks[0] if token.word == 2] == [321]


def test_a_missing_embedding_is_left_out_and_reported(tmp_path: Path) -> None:
    found = tokenize("a embedding:none, b embedding:other", encoder="clip_l", folders=[tmp_path])
    assert [token.value for token in found.chunks[0] if token.word] == [320, 267, 321]
    assert found.missing == ("none", "other")
