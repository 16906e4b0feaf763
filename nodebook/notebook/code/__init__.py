"""A graph as Python code, and back (docs/design/python.md)."""
