"""One matcher per family: what a file's names and shapes say, as a spec, or the reason why it is not of that family."""
