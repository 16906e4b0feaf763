"""``g.interact``: a form of a graph's named inputs, for people who should not see the graph (docs/design/forms.md)."""
