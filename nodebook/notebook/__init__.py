"""What only a notebook has: variables, magics, locks, static pictures of a graph, results as rich displays."""
