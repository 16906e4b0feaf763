"""Notebooks and graphs as git shows them (docs/design/diff.md)."""
