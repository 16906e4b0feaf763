"""What a saved notebook keeps of its graphs, and how they come back (docs/design/sharing.md)."""
