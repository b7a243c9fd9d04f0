"""Migration scripts written from the difference of two schemas, and proved by running them.

`python_text` knows how Python is laid out, `types` and `definitions` how a schema's parts are written as calls,
`conversions` what rows need. `columns`, `indexes`, `keys` and `programs` write one kind of part each, for one `way`;
`statements` puts them in order, and `drafts` makes the script of them.
"""
