"""Watched trainings: recognised symptoms, edits of the layers, trainings that continue others."""
