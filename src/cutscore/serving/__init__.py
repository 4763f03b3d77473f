"""A kept model answers over HTTP: decisions, reasons, its own description, and what it has done."""
