"""One module for each change. Once released, a change is never edited."""
