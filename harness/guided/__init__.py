"""What guided repair is made of: suspicion, and steps around a program. Nothing here trains."""
