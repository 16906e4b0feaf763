from __future__ import annotations

from nodebook.widget.routing import leave_where_sent


class PinnedComm:
    """As in ipykernel 7.4: what was published last decides where messages go."""

    def __init__(self) -> None:
        self._reply_subshell_id: str | None = None

    def _reply_subshell_for(self, _data: object, _sent_to: str | None) -> str | None:
        return self._reply_subshell_id


class SlottedComm:
    __slots__ = ()

    def _reply_subshell_for(self, _data: object, sent_to: str | None) -> str | None:
        return sent_to


class OtherComm:
    """As in ipykernel 6 and 7.0 to 7.3."""


def test_messages_stay_where_the_page_sent_them() -> None:
    comm = PinnedComm()
    assert comm._reply_subshell_for({}, "subshell") is None
    assert leave_where_sent(comm)
    assert comm._reply_subshell_for({}, "subshell") == "subshell"
    assert comm._reply_subshell_for({"content": {"id": "x"}}, None) is None


def test_other_comms_are_left_alone() -> None:
    other = OtherComm()
    assert not leave_where_sent(other)
    assert vars(other) == {}
    assert not leave_where_sent(SlottedComm())
