"""The pure order of waiting things, beside a list that is sorted by hand."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from nodebook import ordering


class Item:
    """Things that are equal and not the same: an order goes by identity."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Item)

    __hash__ = None  # type: ignore[assignment]  # nothing may hash them


class OrderMachine(RuleBasedStateMachine):
    items = Bundle("items")

    def __init__(self) -> None:
        super().__init__()
        self.order: ordering.Order[Item] = ()
        self.model: list[tuple[float, Item]] = []

    @rule(target=items, priority=st.integers(-2, 2), front=st.booleans())
    def insert(self, priority: int, *, front: bool) -> Item:
        item = Item()
        self.order = ordering.insert(self.order, item, priority, front=front)
        if front:
            self.model.insert(0, (min([priority, *(rank for rank, _ in self.model)]), item))
        else:
            at = 0
            while at < len(self.model) and self.model[at][0] <= priority:
                at += 1
            self.model.insert(at, (priority, item))
        return item

    @rule(item=items, position=st.integers(-1, 8))
    def move(self, item: Item, position: int) -> None:
        if all(each is not item for _, each in self.model):
            return
        self.order = ordering.move(self.order, item, position)
        at = next(index for index, (_, each) in enumerate(self.model) if each is item)
        rank, _ = self.model.pop(at)
        at = min(max(position, 0), len(self.model))
        ahead, behind = self.model[:at], self.model[at:]
        if ahead and rank < ahead[-1][0]:
            rank = ahead[-1][0]
        if behind and rank > behind[0][0]:
            rank = behind[0][0]
        self.model.insert(at, (rank, item))

    @rule(item=consumes(items))
    def remove(self, item: Item) -> None:
        if all(each is not item for _, each in self.model):
            return
        self.order = ordering.remove(self.order, item)
        self.model = [(rank, each) for rank, each in self.model if each is not item]

    @rule()
    def take(self) -> None:
        self.order, self.model = self.order[1:], self.model[1:]

    @invariant()
    def they_agree(self) -> None:
        assert [place.rank for place in self.order] == [rank for rank, _ in self.model]
        assert all(place.item is item for place, (_, item) in zip(self.order, self.model, strict=True))
        assert [place.rank for place in self.order] == sorted(place.rank for place in self.order)


TestOrder = OrderMachine.TestCase
TestOrder.settings = settings(max_examples=200, stateful_step_count=30, deadline=None)


@pytest.mark.parametrize("act", [ordering.remove, lambda order, item: ordering.move(order, item, 0)])
def test_what_is_not_in_cannot_be_touched(act: Any) -> None:
    with pytest.raises(ValueError, match="stranger"):
        act(ordering.insert((), "known"), "stranger")
