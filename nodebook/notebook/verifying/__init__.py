"""Running again what a lock says, in a clean process, and comparing (docs/design/lock.md)."""
