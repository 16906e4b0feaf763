"""The graph engine: documents, node types, fingerprints, plans and runs. It knows no torch, no Jupyter and no SQL."""
