"""The token that asks a run to stop."""

from nodebook.engine.cancel import CancelToken


def test_callbacks_hear_it_once_and_in_order() -> None:
    token, heard = CancelToken(), list[str]()
    token.on_set(lambda: heard.append("first"))
    token.on_set(lambda: heard.append("second"))
    token.set()
    token.set()
    assert heard == ["first", "second"]
    assert token.is_set()


def test_a_callback_that_was_taken_back_hears_nothing() -> None:
    token, heard = CancelToken(), list[str]()
    token.on_set(lambda: heard.append("no"))()
    token.set()
    assert heard == []


def test_who_comes_late_hears_it_at_once() -> None:
    token, heard = CancelToken(), list[str]()
    token.set()
    token.on_set(lambda: heard.append("late"))()
    assert heard == ["late"]


def test_a_callback_may_look_at_the_token_and_add_another() -> None:
    token, heard = CancelToken(), list[bool]()
    token.on_set(lambda: heard.append(token.is_set()))
    token.on_set(lambda: (token.on_set(lambda: heard.append(True)), None)[1])
    token.set()
    assert heard == [True, True]
