"""Images on disk: every source of images ends in one store of memory-mapped uint8 arrays."""
