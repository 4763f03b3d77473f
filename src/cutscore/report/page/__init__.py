"""Pages: one HTML file that carries its evidence and needs nothing else.

A page is made by `shell.page`, from a template, plain JSON values and the scripts that it names.
Styles, scripts and values are put into the file; a policy in it forbids the browser to load
anything. So it works from a folder, in a mail, and in a sandboxed frame without storage.

For whoever makes another page:

- `shell.page(template, title, data, scripts, **context)` returns the text. Templates extend
  `page.html.jinja`; they, scripts and styles are found in the `room` given (a package), then here.
  Names are escaped by the templates and nowhere else.
- `evidence.cut_evidence` packs the cuts of scores: exact counts at hull vertices, at every
  threshold of three decimals, and wherever rows crowd. `cutoff.cutoff_page` is the whole page.
- `figures.js` has pure functions (`unpacked`, `placeOf`, `totalsOf`, `costFigures`, `ratesOf`,
  `leastPlace`): no document.
- `charts.js` draws into an element: `chart` (curves, bands, dots, a mark that moves), `bars`,
  `legend`. `element(name, attributes, ...children)` makes elements without ever reading HTML from a
  text.
- `page.css` has the look: cards, tiles, tables, charts, dark and light, print.
"""
