"""Every error that nodebook raises on purpose.

Each leaf is a ``NodebookError`` and the builtin that a caller would catch anyway. A message names the subject, what was
expected, what came instead, and the next step.
"""

from __future__ import annotations


class NodebookError(Exception):
    """Root of all errors that nodebook raises on purpose."""


class DocumentError(NodebookError, ValueError):
    """A document cannot be read: not JSON, of a newer version, or of a wrong shape."""


class NewerDocumentError(DocumentError):
    """A document was written by a newer nodebook; it is whole, so it must be left alone."""


class EditError(NodebookError, ValueError):
    """An edit names a node that is absent, or adds one that is present."""


class FingerprintError(NodebookError, TypeError):
    """A value has no honest fingerprint, so its results could not be cached rightly."""


class NodeDefinitionError(NodebookError, TypeError):
    """A function cannot become a node type as it is declared."""


class UnknownNodeTypeError(NodebookError, KeyError):
    """No node type of that name is in the library."""

    __str__ = Exception.__str__


class UnknownNodeError(NodebookError, KeyError):
    """No node of that id or title is in the graph."""

    __str__ = Exception.__str__


class AmbiguousOutputError(NodebookError, TypeError):
    """A node was used as a value, but it has no output or several."""


class HandleAttributeError(NodebookError, AttributeError):
    """A handle has no such attribute to set."""


class DocumentNotFoundError(NodebookError, FileNotFoundError):
    """There is no file of that name to open."""


class UnknownInputError(NodebookError, TypeError):
    """A node, or a run, was given an input that it does not have."""


class PortTypeError(NodebookError, TypeError):
    """A value or a link has a type that a port does not take."""


class UnknownOutputError(NodebookError, KeyError):
    """A node has no output of that name."""

    __str__ = Exception.__str__  # KeyError would show the message in quotes


class InputValueError(NodebookError, ValueError):
    """A value is out of range, or not one of the choices."""


class OutputError(NodebookError, TypeError):
    """A node returned the wrong count or type of outputs."""


class ExpansionError(NodebookError, ValueError):
    """A node added nodes to the run that cannot run as they are."""


class MutatedInputError(NodebookError, RuntimeError):
    """A node changed one of its inputs in place."""


class NotRunError(NodebookError, AttributeError):
    """A result was asked for that no run has made yet, or that the cache has dropped."""


class RunInsideNodeError(NodebookError, RuntimeError):
    """A node waits for a run, and that run waits for the node."""


class GraphPausedError(NodebookError, RuntimeError):
    """A run of the graph is paused at a node, so no other may start."""


class NotPausedError(NodebookError, RuntimeError):
    """No run of the graph is paused, or it has gone on meanwhile."""


class SessionClosedError(NodebookError, RuntimeError):
    """A run was asked for in a session that has been closed."""


class NotQueuedError(NodebookError, LookupError):
    """No job of that number waits or runs."""


class VariableNameError(NodebookError, ValueError):
    """Something was given as the name of a variable that cannot be one."""


class PublishError(NodebookError, ValueError):
    """A graph cannot set a variable of the notebook under that name."""


class UnsteadyVariableError(NodebookError, RuntimeError):
    """Variables changed again and again while a run that reads them was being planned."""


class RunFailedError(NodebookError, RuntimeError):
    """One or more nodes of a run failed."""


class Cancelled(NodebookError):  # noqa: N818 - not a failure: it unwinds a node that was asked to stop
    """The run was cancelled while this node was working."""


class CachePolicyError(NodebookError, ValueError):
    """The cache has no such policy, limit or tier."""
