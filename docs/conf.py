"""How Sphinx makes the site. `python docs/make_site.py` calls it, on pages that it has gathered."""  # noqa: INP001 - Sphinx finds it by its name

project = "hornbook"
author = "The hornbook maintainers"
copyright = author  # noqa: A001 - Sphinx's name
extensions = ["myst_parser"]
exclude_patterns = ["files"]
# Headings are linked to by the anchors that GitHub gives them.
myst_heading_anchors = 6

html_theme = "furo"
html_title = "hornbook"
# From a disk a browser lets no page read another, so the search cannot quote what it has found.
html_show_search_summary = False
html_copy_source = False
html_show_sourcelink = False
html_use_index = False
html_theme_options = {"top_of_page_buttons": []}
html_static_path = ["site.css", "site.js"]
html_css_files = ["site.css"]
html_js_files = [("site.js", {"defer": "defer"})]
