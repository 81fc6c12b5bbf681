"""Stroke typefaces for very small raised marks: skeletons as data, outlines at any height and stroke."""
