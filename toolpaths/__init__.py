"""A small CAM library: regions on a curved tip to operations, machine files, and the surface they would cut.

It knows nothing of marks, codes or fonts. Plain values in micrometres, joules, hertz and seconds go in and come out.
"""
