"""Laser ablation: recipes, the crater model, and the planning of contours, hatches and passes."""
