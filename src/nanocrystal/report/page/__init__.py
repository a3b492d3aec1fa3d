"""What pages are made of: figures, tables, numbers, words and their frame."""
