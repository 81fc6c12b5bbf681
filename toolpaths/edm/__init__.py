"""Electrical discharge machining: milling with a rod that wears, and sinking with an electrode made for the mark."""
