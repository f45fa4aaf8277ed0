"""Training the supernet: progressive shrinking, or the sandwich rule in one phase."""
