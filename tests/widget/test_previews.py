from __future__ import annotations

import gc
import weakref

import pytest

from nodebook.widget.pacing import WINDOW, Pacer
from nodebook.widget.previews import PictureDesk
from nodebook.widget.protocol import PictureMessage
from tests.widget.fakes import Clock, ManualScheduler, fake_encode


class Desk:
    """A picture desk whose time the test moves; ``acknowledge``: clients that paint at once."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.scheduler = ManualScheduler(self.clock)
        self.sent: list[tuple[PictureMessage, bytes]] = []
        self.times: list[float] = []
        self.acknowledge: list[str] = []
        self.desk = PictureDesk(self._send, self.scheduler, encode=fake_encode, clock=self.clock)

    def _send(self, info: PictureMessage, data: bytes) -> None:
        self.sent.append((info, data))
        self.times.append(self.clock.now)
        for client in self.acknowledge:
            self.scheduler.put(lambda client=client: self.desk.seen(client, info["seq"]))  # type: ignore[misc]

    def pass_time(self, seconds: float) -> None:
        self.scheduler.pass_time(seconds)

    @property
    def shown(self) -> list[str]:
        return [f"{info['node']}:{data.decode()}" for info, data in self.sent]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_the_first_frame_goes_at_once(desk: Desk) -> None:
    desk.desk.show_preview("1", "p0")
    desk.scheduler.work()
    assert desk.sent == [
        (
            {
                "type": "picture",
                "node": "1",
                "index": 0,
                "count": 1,
                "width": 4,
                "height": 3,
                "mime": "image/fake",
                "seq": 1,
                "kind": "preview",
                "result": 0,
            },
            b"p0",
        )
    ]


def test_at_most_thirty_a_second_and_the_newest_wins(desk: Desk) -> None:
    desk.acknowledge = ["a"]
    for frame in range(1000):  # a frame each millisecond
        desk.desk.show_preview("1", frame)
        desk.pass_time(0.001)
    desk.pass_time(0.1)
    assert 28 <= len(desk.sent) <= 32
    assert desk.sent[-1][1] == b"999"
    assert min(later - sooner for sooner, later in zip(desk.times, desk.times[1:], strict=False)) > 0.033


def test_late_timers_do_not_lower_the_rate() -> None:
    pacer, now, sent = Pacer(), 0.0, 0
    while now < 10:
        now += pacer.delay_s("preview", now) + 0.005  # each timer is 5 ms late
        sent += 1
        pacer.sent(sent, "preview", now)
    assert 298 <= sent <= 302
    now += 5  # after a pause there is no burst to make up for it
    pacer.sent(sent, "preview", now)
    assert pacer.delay_s("preview", now) == pytest.approx(1 / 30)


def test_a_silent_client_never_blocks(desk: Desk) -> None:
    for frame in range(100):
        desk.desk.show_preview("1", frame)
        desk.pass_time(0.04)
    assert len(desk.sent) == 100


def test_a_client_that_falls_behind_gets_a_window_full_and_then_as_many_as_it_paints(desk: Desk) -> None:
    desk.desk.seen("slow", 0)
    for frame in range(20):
        desk.desk.show_preview("1", frame)
        desk.pass_time(0.04)
    assert len(desk.sent) == WINDOW
    desk.desk.seen("slow", 2)  # and the one before it
    desk.pass_time(0.04)
    assert desk.shown[WINDOW:] == ["1:19"]
    for name in "abc":
        desk.desk.show_preview("1", name)
        desk.pass_time(0.04)
    assert desk.shown[WINDOW + 1 :] == ["1:a"]


def test_a_client_that_goes_silent_holds_the_others_up_for_a_second_only(desk: Desk) -> None:
    desk.desk.seen("gone", 0)
    desk.acknowledge = ["quick"]
    for frame in range(60):
        desk.desk.show_preview("1", frame)
        desk.pass_time(0.04)
    assert 0.9 < desk.times[WINDOW] - desk.times[0] < 1.1
    assert len(desk.sent) > 30


def test_a_client_that_comes_back_is_paced_again() -> None:
    pacer = Pacer()
    pacer.seen("a", 0, now=0.0)
    for seq in range(1, WINDOW + 1):
        pacer.sent(seq, "preview", now=0.0)
    assert pacer.delay_s("preview", now=0.5) == pytest.approx(0.5)
    assert pacer.delay_s("preview", now=1.1) == 0
    pacer.sent(20, "preview", now=1.1)
    pacer.seen("a", 1, now=1.2)
    assert pacer.delay_s("preview", now=1.2) == 0
    for seq in range(21, 21 + WINDOW):
        pacer.sent(seq, "preview", now=1.3)
    assert pacer.delay_s("preview", now=1.35) == pytest.approx(0.85)
    pacer.seen("a", 21, now=1.4)
    assert pacer.delay_s("preview", now=2.0) == 0


def test_nodes_take_turns(desk: Desk) -> None:
    for frame in range(8):
        for node in "ab":
            desk.desk.show_preview(node, frame)
        desk.pass_time(0.034)
    assert {"a", "b"} == {info["node"] for info, _ in desk.sent[:2]}
    assert abs(sum(info["node"] == "a" for info, _ in desk.sent) - len(desk.sent) / 2) <= 1


def test_a_result_takes_the_place_of_previews_that_wait(desk: Desk) -> None:
    desk.desk.show_preview("1", "p0")
    desk.scheduler.work()
    desk.desk.show_preview("1", "p1")
    desk.desk.show_result("1", ["r0", "r1"])
    desk.pass_time(1)
    assert desk.shown == ["1:p0", "1:r0", "1:r1"]
    assert [(info["index"], info["count"], info["kind"]) for info, _ in desk.sent[1:]] == [
        (0, 2, "result"),
        (1, 2, "result"),
    ]


def test_a_late_view_gets_the_newest_of_each_node(desk: Desk) -> None:
    desk.desk.show_result("1", ["a", "b"])
    desk.desk.show_preview("2", "p0")
    desk.pass_time(1)
    desk.desk.show_preview("2", "p1")
    desk.pass_time(1)
    desk.sent.clear()
    desk.desk.show_again()
    desk.pass_time(1)
    assert desk.shown == ["1:a", "1:b", "2:p1"]
    seqs = [info["seq"] for info, _ in desk.sent]
    assert seqs == sorted(set(seqs))


def test_what_is_no_picture_is_passed_over(desk: Desk) -> None:
    desk.desk.show_preview("1", "broken")
    desk.desk.show_result("2", ["broken"])
    desk.desk.show_result("3", ["ok", "broken"])
    desk.pass_time(1)
    assert desk.shown == ["3:ok"]
    assert desk.sent[0][0]["count"] == 1


def test_pictures_are_let_go_when_they_are_encoded(desk: Desk) -> None:
    class Picture: ...

    pictures = [Picture(), Picture(), Picture()]
    gone = [weakref.ref(each) for each in pictures]
    desk.desk.show_preview("1", pictures[0])
    desk.scheduler.work()
    desk.desk.show_preview("1", pictures[1])  # overtaken before its turn
    desk.desk.show_preview("1", pictures[2])
    desk.pass_time(1)
    desk.desk.show_result("1", pictures)
    pictures.clear()
    gc.collect()
    assert [each() for each in gone] == [None] * 3


def test_no_timers_pile_up(desk: Desk) -> None:
    desk.desk.seen("slow", 0)
    for frame in range(500):
        desk.desk.show_preview("1", frame)
        desk.desk.seen("slow", 0)
        desk.scheduler.work()
    assert len(desk.scheduler.timers) == 1
    desk.desk.clear()
    desk.pass_time(5)
    assert not desk.scheduler.timers


def test_further_pictures_join_the_result_that_is_shown_and_are_not_kept(desk: Desk) -> None:
    desk.acknowledge = ["a"]
    desk.desk.show_result("1", ["p0", "p1"], 5)
    desk.pass_time(1)
    desk.desk.show_more("1", 2, ["p2", "broken", "p4"])
    desk.pass_time(1)
    assert [(info["index"], info["count"]) for info, _ in desk.sent] == [(0, 5), (1, 5), (2, 5), (4, 5)]
    assert {info["result"] for info, _ in desk.sent} == {1}
    desk.sent.clear()
    desk.desk.show_again()
    desk.pass_time(1)
    assert desk.shown == ["1:p0", "1:p1"]
    desk.desk.show_result("1", ["q0"], 1)
    desk.pass_time(1)
    assert desk.sent[-1][0]["result"] == 2


def test_further_pictures_of_a_node_that_shows_none_are_not_sent(desk: Desk) -> None:
    desk.desk.show_more("1", 8, ["p8"])
    desk.desk.show_preview("2", "p0")
    desk.pass_time(1)
    desk.desk.show_more("2", 8, ["p8"])
    desk.pass_time(1)
    assert desk.shown == ["2:p0"]
