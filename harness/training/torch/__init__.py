"""Native PyTorch programs, without Keras."""
