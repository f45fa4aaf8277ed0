"""Training a supernet: progressive shrinking, the sandwich rule in one phase, or a path for each image."""
