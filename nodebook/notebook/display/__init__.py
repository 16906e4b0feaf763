"""Results as cells and the editor show them (docs/design/displays.md)."""
