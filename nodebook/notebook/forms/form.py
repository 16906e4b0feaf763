"""A form of a graph's named inputs: what ``g.interact`` returns."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from html import escape
from threading import Lock, Timer
from typing import TYPE_CHECKING, Any, Literal, get_args

import ipywidgets as widgets

from nodebook.engine import events
from nodebook.engine.edits import SetValue
from nodebook.errors import InputValueError, NodebookError, UnknownInputError
from nodebook.notebook.bars import whole_seconds
from nodebook.notebook.forms.controls import Control
from nodebook.notebook.forms.fields import fields_of
from nodebook.notebook.forms.outcome import complaints_of, outcome_html, preview_html
from nodebook.notebook.progress import Following

if TYPE_CHECKING:
    from nodebook.graph import Graph
    from nodebook.handles import NodeHandle, Output
    from nodebook.jobs import Job
    from nodebook.runs import Run

logger = logging.getLogger(__name__)

RunOn = Literal["button", "change"]
Layout = Literal["beside", "below"]

CHANGE_PAUSE_S = 0.3
"""After a change, until the run: several changes are one run."""

DRAW_INTERVAL_S = 0.1

_FIELDS_WIDTH = {"beside": "1 1 280px", "below": "1 1 100%"}
_RESULT_WIDTH = {"beside": "2 1 360px", "below": "1 1 100%"}


@dataclass(frozen=True, slots=True)
class FormOptions:
    """How a form looks and when it runs. Raises ``InputValueError`` for a word that there is not."""

    run: RunOn = "button"
    title: str | None = None
    layout: Layout = "beside"
    defaults: bool = False

    def __post_init__(self) -> None:
        """Check the words."""
        for name, words in (("run", get_args(RunOn)), ("layout", get_args(Layout))):
            given = getattr(self, name)
            if given not in words:
                raise InputValueError(f"{name} of a form is one of {', '.join(map(repr, words))}, got {given!r}.")


class Form:
    """A form. A cell shows it; ``values`` are what its fields hold, ``run()`` runs, ``close()`` takes it away.

    What it runs has the fields' values for that run only; the graph's own values stay. It runs in the queue, never on
    the thread that the page talks to, and is kept up to date by the session's events on a thread of its own.
    """

    def __init__(
        self,
        graph: Graph,
        names: Sequence[str],
        outputs: Sequence[str | NodeHandle | Output] | None,
        options: FormOptions,
    ) -> None:
        self.graph = graph
        self.last_run: Run | None = None
        """The run of this form that finished last."""
        self._options = options
        self._names = tuple(names)
        self._targets = None if outputs is None else [graph[_id_of(each, graph)].id for each in outputs]
        self._fields = fields_of(graph, names)
        self._lock = Lock()
        self._job: Job | None = None
        self._timer: Timer | None = None
        self._preview: Any = None
        self._defaults = {each.name: each.default for each in self._fields}
        """The graph's own values that the fields have been given."""
        self._is_drawing = False
        self._is_looking = False
        self._is_closed = False
        self._thread = ThreadPoolExecutor(1, "nodebook-form")
        self._following = Following(graph.store, graph.session)
        self.controls: Mapping[str, Control] = {
            each.name: Control(each, graph.session, self._on_field) for each in self._fields
        }
        self._build()
        self._unsubscribe = [
            graph.session.stream.subscribe(self._on_event),
            graph.store.subscribe(lambda _change: self._look_again()),
            graph.session.variables.subscribe(graph.store, self._look_again),
        ]
        self._on_field()  # where each change runs, so does the first look

    # -- for code

    @property
    def values(self) -> dict[str, Any]:
        """What the fields hold, by name. Raises ``InputValueError`` for the first that holds nothing usable."""
        return {name: _read(name, control) for name, control in self.controls.items()}

    def set(self, **values: Any) -> Form:
        """Set fields. Raises ``UnknownInputError`` for a name that the form does not have."""
        for name in values:
            if name not in self.controls:
                listed = ", ".join(self.controls)
                raise UnknownInputError(f"The form has no field {name!r}. Its fields are: {listed}.")
        for name, value in values.items():
            self.controls[name].show(value)
            self.controls[name].complain(None)
        return self

    @property
    def job(self) -> Job | None:
        """The run that this form asked for last, None before the first; ``form.job.result()`` waits for it."""
        return self._job

    @property
    def is_closed(self) -> bool:
        """Whether the form was taken away."""
        return self._is_closed

    def run(self) -> Job:
        """Queue a run with the values of the fields.

        Raises ``InputValueError`` for a field that holds nothing usable, which is said beside it too, and for a form
        that was closed.
        """
        if self._is_closed:
            raise InputValueError("This form was closed, so it cannot run. Make another one with g.interact().")
        values = self._checked()
        return self._queue(self.values if values is None else values)

    def _press(self) -> None:
        """Run for somebody who looks at the form: what is wrong is said there."""
        values = None if self._is_closed else self._checked()
        if values is None:
            return
        try:
            self._queue(values)
        except NodebookError as error:
            self._say(str(error))

    def _queue(self, values: Mapping[str, Any]) -> Job:
        job: Job = self.graph.queue(*(self._targets or ()), **values)
        self._job = job
        self._say(None)
        self._set_running(is_running=True)
        self._draw_soon()  # what happened before it was known which run this is was not drawn
        job.future.add_done_callback(lambda _future: self._do(lambda: self._finish(job)))
        return job

    def cancel(self) -> None:
        """Cancel the run that this form asked for last."""
        if self._job is not None:
            self._job.cancel()

    def close(self) -> None:
        """Take the form off its pages, cancel its run and let go of the graph. Its last run can still be asked for."""
        if self._is_closed:
            return
        self._is_closed = True
        self.cancel()
        if self._timer is not None:
            self._timer.cancel()
        while self._unsubscribe:
            self._unsubscribe.pop()()
        self._thread.shutdown(wait=False)
        for each in [*_all_of(self.box), self.box]:
            each.close()

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """Return what a cell shows: the form, and what stands for it where there is no kernel."""
        text = f"form of {', '.join(self.controls)}"
        if self._is_closed:
            return {"text/plain": f"<closed {text}>"}
        made = self.box._repr_mimebundle_(**options)
        data = made[0] if isinstance(made, tuple) else made
        note = f"<p>A {escape(text)}. Run all cells to use it.</p>"
        return {**(data or {}), "text/plain": f"<{text}>", "text/html": note}

    # -- its parts

    def _build(self) -> None:
        is_button = self._options.run == "button"
        self.run_button = widgets.Button(
            description="Run", button_style="primary", tooltip="Run with these values", layout={"width": "96px"}
        )
        self.cancel_button = widgets.Button(
            description="Cancel", disabled=True, tooltip="Cancel the run", layout={"width": "96px"}
        )
        self.defaults_button = widgets.Button(
            description="Set as defaults", tooltip="Make these the graph's own values", layout={"width": "auto"}
        )
        self.run_button.on_click(lambda _button: self._press())
        self.cancel_button.on_click(lambda _button: self.cancel())
        self.defaults_button.on_click(lambda _button: self.set_defaults())
        buttons = [*([self.run_button] if is_button else []), self.cancel_button]
        buttons += [self.defaults_button] if self._options.defaults else []
        self.progress = widgets.FloatProgress(
            0.0, min=0.0, max=1.0, layout={"width": "calc(100% - 4px)", "height": "8px", "visibility": "hidden"}
        )
        self.status = widgets.HTML(layout={"min_height": "20px"})
        self.message = widgets.HTML()
        self.result = widgets.HTML(layout={"width": "100%"})
        fields = [control.box for control in self.controls.values()]
        left = widgets.VBox(
            [*fields, widgets.HBox(buttons, layout={"flex_flow": "row wrap"}), self.message],
            layout={"flex": _FIELDS_WIDTH[self._options.layout], "min_width": "240px", "margin": "0 16px 8px 0"},
        )
        right = widgets.VBox(
            [self.progress, self.status, self.result],
            layout={"flex": _RESULT_WIDTH[self._options.layout], "min_width": "240px"},
        )
        both = widgets.HBox([left, right], layout={"flex_flow": "row wrap", "width": "100%"})
        title = self._options.title
        heading = (
            [widgets.HTML(f'<div style="font-size: 16px; font-weight: 600">{escape(title)}</div>')] if title else []
        )
        self.box = widgets.VBox([*heading, both], layout={"width": "100%", "max_width": "1100px"})
        self.box.add_class("nb-form")

    def set_defaults(self) -> None:
        """Make the values of the fields the graph's own, as one step of undo. What reads a variable still does."""
        values = self._checked()
        if values is None:
            return
        edits = [
            SetValue(each.node, "value", values[each.name])
            for each in self._fields
            if each.name in values and not each.is_bound and self.graph.store.has_node(each.node)
        ]
        self.graph.store.edit(edits, "Set defaults from the form")

    def _checked(self) -> dict[str, Any] | None:
        """Return the values of all fields, or say beside those that hold nothing usable what is wrong."""
        self._renew_fields()
        values: dict[str, Any] = {}
        for name, control in self.controls.items():
            if control.field not in self._fields:
                continue
            try:
                values[name] = control.read()
                control.complain(None)
            except InputValueError as error:
                control.complain(str(error))
        bad = sum(control.complaint for control in self.controls.values() if control.field in self._fields)
        if bad:
            self._say(f"Nothing was run: {'a field needs' if bad == 1 else f'{bad} fields need'} another value.")
            return None
        return values

    def _renew_fields(self) -> None:
        """Look at the graph again: what fields take may have changed, and a named input may be gone."""
        try:
            held = {each.name: each for each in fields_of(self.graph)}
        except UnknownInputError:
            held = {}
        self._fields = [held[name] for name in self.controls if name in held]
        for name, control in self.controls.items():
            if name in held:
                control.field = held[name]
                control.enable()
            else:
                control.complain("The graph no longer has this input; it is left out of runs.")
                control.disable()

    # -- what happens, on any thread

    def _on_field(self) -> None:
        if self._options.run != "change" or self._is_closed:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = Timer(CHANGE_PAUSE_S, lambda: self._do(self._run_changed))
        self._timer.daemon = True
        self._timer.start()

    def _run_changed(self) -> None:
        job = self._job
        if job is not None and not job.is_finished:
            job.cancel()
        self._press()

    def _look_again(self) -> None:
        if not self._is_looking:
            self._is_looking = True
            self._do(self._take_defaults)

    def _take_defaults(self) -> None:
        """Follow the graph: a default that was edited elsewhere is what the field holds now."""
        self._is_looking = False
        self._renew_fields()
        for field in self._fields:
            known = self._defaults[field.name]
            if known != field.default or type(known) is not type(field.default):
                self._defaults[field.name] = field.default
                self.controls[field.name].show(field.default)

    def _on_event(self, event: events.RunEvent) -> None:
        if event.graph != self.graph.store.number:
            return
        self._following.on_event(event)
        job = self._job
        if job is None or event.run != job.number:
            return
        if isinstance(event, events.NodePreview):
            self._preview = event.picture
        self._draw_soon()

    def _draw_soon(self) -> None:
        with self._lock:
            is_first, self._is_drawing = not self._is_drawing, True
        if is_first:
            timer = Timer(DRAW_INTERVAL_S, lambda: self._do(self._draw))
            timer.daemon = True
            timer.start()

    def _do(self, task: Callable[[], None]) -> None:
        """Do something on the form's own thread."""

        def guarded() -> None:
            try:
                if not self._is_closed:
                    task()
            except Exception:
                logger.exception("A form failed")

        try:
            self._thread.submit(guarded)
        except RuntimeError:  # closed meanwhile, or the kernel is ending
            logger.debug("A form was closed", exc_info=True)

    # -- what it shows, on its own thread

    def _draw(self) -> None:
        self._is_drawing = False
        job = self._job
        if job is None or job.is_finished:
            return
        bars = self._following.bars(job)
        preview, self._preview = self._preview, None
        if preview is not None:
            self.result.value = preview_html(preview)
        if not bars:
            return
        whole, *steps = bars
        if whole.total is None:
            self.status.value = _muted("Waits for runs before it")
            return
        share = steps[0].shown_done / steps[0].total if steps and steps[0].total else 0.0
        self.progress.value = min(1.0, (whole.done + share) / whole.total)
        left = "" if whole.left_s is None else f", about {whole_seconds(max(1.0, whole.left_s))} left"
        self.status.value = _muted(f"{whole.detail or 'Running'}{left}")

    def _finish(self, job: Job) -> None:
        self._following.forget(job)
        if job is not self._job:
            return  # another one was asked for meanwhile
        self._set_running(is_running=False)
        try:
            run = job.future.result()
        except Exception as error:  # noqa: BLE001 -- whatever broke the run: it is told, and the form lives on
            self._say(f"The run broke: {type(error).__name__}: {error}")
            return
        self.last_run = run
        by_field, others = complaints_of(run, self._fields)
        for name, words in by_field.items():
            self.controls[name].complain(words)
        self._say("\n".join(others) or None)
        self.result.value = outcome_html(run, self.graph.session)

    def _set_running(self, *, is_running: bool) -> None:
        self.cancel_button.disabled = not is_running
        self.run_button.disabled = is_running
        self.progress.value = 0.0
        self.progress.layout.visibility = "visible" if is_running else "hidden"
        self.status.value = _muted("Starting") if is_running else ""

    def _say(self, words: str | None) -> None:
        style = "color: var(--jp-error-color1, #d32f2f); line-height: 1.4; white-space: pre-wrap"
        self.message.value = f'<div role="alert" style="{style}">{escape(words)}</div>' if words else ""


def _muted(words: str) -> str:
    return f'<div role="status" style="opacity: 0.7; line-height: 1.4">{escape(words)}</div>'


def _all_of(box: Any) -> list[Any]:
    return [each for child in box.children for each in (*(_all_of(child) if hasattr(child, "children") else ()), child)]


def _read(name: str, control: Control) -> Any:
    try:
        return control.read()
    except InputValueError as error:
        raise InputValueError(
            f"The field {name!r} holds nothing usable: {error} Set another value in it, or by form.set({name}=…)."
        ) from None


def _id_of(target: Any, graph: Graph) -> str:
    return graph[target].id if isinstance(target, (str, int)) else getattr(target, "node_id", None) or target.id
