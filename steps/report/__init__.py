"""The report of a run: one self-contained HTML file, made from the documents that the run left.

Each module words one part of it for people; `pages/` holds the templates, the plots among them, and the style.
"""
