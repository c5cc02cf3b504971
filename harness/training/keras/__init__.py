"""Keras programs, on whichever backend Keras runs: TensorFlow, JAX or PyTorch."""
