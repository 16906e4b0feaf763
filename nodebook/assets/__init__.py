"""Files: the session's folders, names of saved pictures, and reading pictures that strangers made."""
