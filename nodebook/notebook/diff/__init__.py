"""What differs between two graphs, in the words of graphs (docs/design/diff.md)."""
