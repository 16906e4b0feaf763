"""What a graph's last run was made with, and what it gave (docs/design/lock.md)."""
