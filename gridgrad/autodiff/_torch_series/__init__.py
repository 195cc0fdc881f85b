"""Taylor series of torch's tensors: all derivatives of a network in one pass forward."""
