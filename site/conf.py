"""Sphinx settings of the site: lessons, documents and API as they stand; nothing from the web.

`make site` runs `sphinx-build -c site . build/site`: the source folder is the whole project, so
that the lessons' links between notebooks and documents need no change.
"""

import json
import re
from pathlib import Path

from docutils import nodes

from ffteach import __version__, load_mnist

project = "ffteach"
author = "the ffteach authors"
copyright = "the ffteach authors, MIT licence"
release = version = __version__
language = "en"

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.mathjax", "sphinx-mathjax-offline"]
root_doc = "site/index"
include_patterns = ["site/*.md", "docs/*.md", "notebooks/**.ipynb", "*.md"]
exclude_patterns = ["README.md", "notebooks/.ipynb_checkpoints", "**/.ipynb_checkpoints"]

nb_execution_mode = "off"  # the stored outputs are shown
nb_render_markdown_format = "myst"
myst_enable_extensions = ["dollarmath", "amsmath", "deflist"]
myst_heading_anchors = 3
suppress_warnings = ["myst.header"]  # a page of rows may begin below its first heading

autodoc_member_order = "bysource"
autodoc_typehints = "none"

html_theme = "pydata_sphinx_theme"
html_title = "ffteach: learn Forward-Forward"
html_static_path = ["static", "../docs/panels"]
html_extra_path = ["extra"]
html_context = {"default_mode": "auto"}
html_favicon = "static/icon.svg"
html_css_files = ["site.css"]
html_sidebars = {
    name: [] for name in ("site/index", "site/train", "docs/teaching", "docs/glossary")
}
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "logo": {"text": "ffteach"},
    "show_prev_next": True,
    "header_links_before_dropdown": 6,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}

# ---- panels: they store no output, so a recorded run stands where the student sees the real one

PANELS = json.loads((Path(__file__).parents[1] / "docs" / "panels" / "panels.json").read_text())
RECORDED = "Recorded. Run this cell to use the panel itself."


def recording(panel, caption):
    """The HTML that shows a panel's recorded run; a still where the reader wants no movement."""
    up = "../_static/"
    return (
        f'<figure class="recorded"><picture><source media="(prefers-reduced-motion: reduce)" '
        f'srcset="{up}{panel["still"]}"><img src="{up}{panel["loop"]}" alt="{panel["alt"]}" '
        f'width="{panel["width"]}" height="{panel["height"]}"></picture>'
        f"<figcaption>{caption}</figcaption></figure>"
    )


def show_panels(app, docname, source):
    """Put the recording below each cell of a lesson with a panel, and on the first page."""
    if docname == root_doc:
        html = recording(PANELS["TrainingLab"], "The training lab of lesson 02, recorded.")
        source[0] = source[0].replace("<!-- recording -->", html)
    if not docname.startswith("notebooks/0"):
        return
    notebook = json.loads(source[0])
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        code = "".join(cell["source"])
        for name, panel in PANELS.items():
            if f"import {name}" in code:
                html = {"text/html": recording(panel, RECORDED)}
                cell["outputs"] = [{"output_type": "display_data", "data": html, "metadata": {}}]
    source[0] = json.dumps(notebook)


# ---- the page that trains in the browser, and its digits

TRAINING, TEST = 2000, 200


def write_digits(app, error):
    """Write the first digits of the sample: a byte for each pixel, then one for each label."""
    if error:
        return
    digits = load_mnist(device="cpu")
    splits = digits.train.take(slice(0, TRAINING)), digits.test.take(slice(0, TEST))
    pixels = [(split.images * 255).round().byte().numpy().tobytes() for split in splits]
    labels = [split.labels.byte().numpy().tobytes() for split in splits]
    (Path(app.outdir) / "_static" / "digits.bin").write_bytes(b"".join(pixels + labels))


# ---- each heading of the glossary is a term, so that {term}`goodness` links to it


def note_terms(app, doctree):
    """Let the headings of the glossary be found by `:term:` and in the search."""
    if app.env.docname != "docs/glossary":
        return
    for section in doctree.findall(nodes.section):
        title = section.next_node(nodes.title).astext()
        app.env.domains["std"].note_object("term", title, section["ids"][0], location=section)


# ---- docstrings are written to be read in Python: `name` is code, and * is a star


def to_rst(app, what, name, thing, options, lines):
    words, example, code = "\n".join(lines).partition(">>>")
    words = re.sub(r"`([^`]+)`(\w?)", r"``\1``\\ \2", words.replace("*", r"\*"))
    lines[:] = (words + example + code).split("\n")


def setup(app):
    app.connect("source-read", show_panels)
    app.connect("build-finished", write_digits)
    app.connect("doctree-read", note_terms)
    app.connect("autodoc-process-docstring", to_rst)
