"""What people look at: pictures of layouts, pins and impressions, and the page a QA inspector opens."""

from engrave.report.eyepiece import microscope_png
from engrave.report.heights import height_png
from engrave.report.html import Summary, index_html, write_page
from engrave.report.microscope import photographed, ring_lit, side_lit
from engrave.report.page_data import Depth, PinRow, StrikeRow
from engrave.report.pin_views import views_json
from engrave.report.png import impression_png, layout_png, thumbnail_png
from engrave.report.svg import layout_svg, pin_svg
from engrave.report.topography import impression_x3p

__all__ = [
    "Depth",
    "PinRow",
    "StrikeRow",
    "Summary",
    "height_png",
    "impression_png",
    "impression_x3p",
    "index_html",
    "layout_png",
    "layout_svg",
    "microscope_png",
    "photographed",
    "pin_svg",
    "ring_lit",
    "side_lit",
    "thumbnail_png",
    "views_json",
    "write_page",
]
