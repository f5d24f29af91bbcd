"""Faces of results: tables, plots and charts."""
