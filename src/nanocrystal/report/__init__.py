"""What was found and how sure, as plain data, pages and files; the only room that draws."""
