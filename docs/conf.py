"""How the documentation is built; the pages are Markdown and run in the tests."""

project = "amelo"
author = "The amelo authors"
extensions = ["myst_parser"]
html_theme = "furo"
html_title = "amelo"
exclude_patterns = ["_build"]
myst_heading_anchors = 3
suppress_warnings = ["misc.highlighting_failure"]
